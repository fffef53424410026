//! The confusion matrix: what was true against what was predicted.

use egui::{Align2, Color32, FontId, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use crate::ui::ctx::UiCtx;
use crate::ui::theme::tokens::{size, space};

use super::frame::{Chart, chart_ui};

/// What the cells show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ConfusionView {
    #[default]
    Counts,
    /// Shares of each true class: the diagonal is the recall.
    ByRow,
    /// Shares of each predicted class: the diagonal is the precision.
    ByColumn,
}

impl ConfusionView {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Counts, "Counts"), (Self::ByRow, "By actual"), (Self::ByColumn, "By predicted")];
}

/// `cells[truth][predicted]`, in the order of `classes`.
pub fn confusion(ui: &mut Ui, ctx: &UiCtx, chart: &Chart, classes: &[String], cells: &[Vec<u64>]) {
    let view_id = ui.make_persistent_id((chart.id, "view"));
    let mut view: ConfusionView = ui.data(|data| data.get_temp(view_id)).unwrap_or_default();
    chart_ui(ui, ctx, chart, &[], |ui, _| {
        ui.horizontal(|ui| {
            for (choice, word) in ConfusionView::ALL {
                ui.selectable_value(&mut view, choice, egui::RichText::new(word).size(size::DATA));
            }
        });
        matrix_ui(ui, ctx, chart, classes, cells, view)
    });
    ui.data_mut(|data| data.insert_temp(view_id, view));
}

fn matrix_ui(
    ui: &mut Ui,
    ctx: &UiCtx,
    chart: &Chart,
    classes: &[String],
    cells: &[Vec<u64>],
    view: ConfusionView,
) -> egui::Response {
    let n = classes.len().max(1) as f32;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), chart.height), Sense::hover());
    let left = rect.left() + (rect.width() * 0.28).min(110.0);
    let grid = Rect::from_min_max(pos2(left, rect.top() + 40.0), rect.max);
    let cell = vec2((grid.width() / n).min(160.0), grid.height() / n);
    let font = FontId::proportional(size::DATA);
    let painter = ui.painter_at(rect);
    painter.text(pos2(left, rect.top() + 2.0), Align2::LEFT_TOP, "Predicted", font.clone(), ctx.tokens.text_weak);
    painter.text(pos2(rect.left(), grid.top() - 4.0), Align2::LEFT_BOTTOM, "Actual", font, ctx.tokens.text_weak);
    for (t, row) in cells.iter().enumerate() {
        let side = pos2(rect.left(), grid.top() + cell.y * (t as f32 + 0.5));
        label(ui, ctx, side, Align2::LEFT_CENTER, &classes[t], left - rect.left() - space::S);
        for (p, _) in row.iter().enumerate() {
            let at = Rect::from_min_size(grid.min + vec2(cell.x * p as f32, cell.y * t as f32), cell).shrink(1.0);
            cell_ui(ui, ctx, at, classes, cells, [t, p], view);
        }
    }
    for (p, class) in classes.iter().enumerate() {
        let head = pos2(grid.left() + cell.x * (p as f32 + 0.5), grid.top() - 4.0);
        label(ui, ctx, head, Align2::CENTER_BOTTOM, class, cell.x - space::XS);
    }
    response
}

fn cell_ui(
    ui: &Ui,
    ctx: &UiCtx,
    at: Rect,
    classes: &[String],
    cells: &[Vec<u64>],
    of: [usize; 2],
    view: ConfusionView,
) {
    let [t, p] = of;
    let (count, by_row, by_column) = (cells[t][p], row_share(cells, t, p), column_share(cells, t, p));
    let strength = if view == ConfusionView::ByColumn { by_column } else { by_row };
    let fill = mix(ctx.tokens.surface, ctx.tokens.accent, 0.06 + 0.84 * strength as f32);
    ui.painter().rect_filled(at, 3.0, fill);
    // Right answers are framed, so that the diagonal shows without colour.
    if t == p {
        ui.painter().rect_stroke(at, 3.0, Stroke::new(1.5, ctx.tokens.text), StrokeKind::Inside);
    }
    let text = match view {
        ConfusionView::Counts => crate::ui::format::count(count),
        ConfusionView::ByRow => format!("{:.1} %", by_row * 100.0),
        ConfusionView::ByColumn => format!("{:.1} %", by_column * 100.0),
    };
    if at.width() > 26.0 && at.height() > 13.0 {
        let color = if strength > 0.5 { ctx.tokens.on_accent } else { ctx.tokens.text };
        ui.painter().text(at.center(), Align2::CENTER_CENTER, text, FontId::proportional(size::TEXT), color);
    }
    let words = format!(
        "Actual {}, predicted {}: {} ({:.1} % of actual, {:.1} % of predicted)",
        classes[t],
        classes[p],
        crate::ui::format::count(count),
        by_row * 100.0,
        by_column * 100.0
    );
    let response = ui.interact(at, ui.scope_id().with(("cell", classes, t, p)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Cell, true, &words));
    response.on_hover_text(words);
}

fn label(ui: &Ui, ctx: &UiCtx, at: egui::Pos2, align: Align2, text: &str, width: f32) {
    let mut job =
        egui::text::LayoutJob::simple_singleline(text.to_owned(), FontId::proportional(size::DATA), ctx.tokens.text);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width.max(12.0));
    let galley = ui.painter().layout_job(job);
    let rect = align.anchor_size(at, galley.size());
    ui.painter().galley(rect.min, galley, ctx.tokens.text);
}

fn row_share(cells: &[Vec<u64>], t: usize, p: usize) -> f64 {
    share(cells[t][p], cells[t].iter().sum())
}

fn column_share(cells: &[Vec<u64>], t: usize, p: usize) -> f64 {
    share(cells[t][p], cells.iter().map(|row| row[p]).sum())
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn mix(from: Color32, to: Color32, t: f32) -> Color32 {
    from.lerp_to_gamma(to, t.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_columns_share_their_own_totals() {
        let cells = vec![vec![6, 2], vec![3, 0]];
        assert_eq!(row_share(&cells, 0, 0), 0.75);
        assert!((column_share(&cells, 0, 0) - 6.0 / 9.0).abs() < 1e-15);
        assert_eq!(row_share(&[vec![0, 0], vec![0, 0]], 1, 1), 0.0);
    }
}
