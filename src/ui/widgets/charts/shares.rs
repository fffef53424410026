//! Bars with names: shares of categories, side by side for two tables, or the importance of columns.

use egui::{Align2, Color32, CornerRadius, FontId, Rect, Sense, Ui, pos2, vec2};

use crate::ui::ctx::UiCtx;
use crate::ui::theme::tokens::{size, space};

use super::frame::{Chart, chart_ui};

pub struct ShareSeries<'a> {
    pub name: &'a str,
    pub color: Color32,
    /// One per row, 0 to 1.
    pub shares: &'a [f64],
}

/// One row per name, one bar per series in it. Lies on its side so that long names stay readable.
pub struct ShareRows<'a> {
    pub chart: Chart<'a>,
    pub names: &'a [String],
    pub series: &'a [ShareSeries<'a>],
}

const BAR: f32 = 9.0;

pub fn share_rows(ui: &mut Ui, ctx: &UiCtx, chart: &ShareRows) {
    // A single series needs no legend: the title names it.
    let several = if chart.series.len() > 1 { chart.series } else { &[] };
    let legend: Vec<(&str, Color32)> = several.iter().map(|s| (s.name, s.color)).collect();
    chart_ui(ui, ctx, &chart.chart, &legend, |ui, hidden| {
        let shown: Vec<&ShareSeries> = chart.series.iter().filter(|s| !hidden.contains(s.name)).collect();
        let row = (shown.len().max(1) as f32 * (BAR + 2.0) + space::S).max(22.0);
        let (rect, response) =
            ui.allocate_exact_size(vec2(ui.available_width(), row * chart.names.len() as f32), Sense::hover());
        let largest = shown.iter().flat_map(|s| s.shares).fold(0.0_f64, |a, b| a.max(*b));
        for (at, name) in chart.names.iter().enumerate() {
            let top = rect.top() + row * at as f32;
            let line = Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), row));
            if ui.is_rect_visible(line) {
                row_ui(ui, ctx, line, name, &shown, at, largest);
            }
        }
        response
    });
}

fn row_ui(ui: &Ui, ctx: &UiCtx, line: Rect, name: &str, shown: &[&ShareSeries], at: usize, largest: f64) {
    let hover = ui.interact(line, ui.scope_id().with(("share", at, name)), Sense::hover());
    if hover.hovered() {
        ui.painter().rect_filled(line, 3.0, ctx.tokens.hover);
    }
    let name_width = (line.width() * 0.36).min(180.0);
    let font = FontId::proportional(size::DATA);
    let galley = elided(ui, name, name_width - space::S, ctx.tokens.text);
    ui.painter().galley(pos2(line.left(), line.center().y - galley.size().y / 2.0), galley, ctx.tokens.text);
    let full = line.width() - name_width - 48.0;
    let mut y = line.center().y - (shown.len() as f32 * (BAR + 2.0) - 2.0) / 2.0;
    for series in shown {
        let share = series.shares.get(at).copied().unwrap_or(0.0);
        let length = if largest > 0.0 { (share / largest) as f32 * full } else { 0.0 };
        let bar = Rect::from_min_size(pos2(line.left() + name_width, y), vec2(length.max(1.0), BAR));
        ui.painter().rect_filled(bar, CornerRadius::same(2), series.color);
        ui.painter().text(
            pos2(bar.right() + space::XS, bar.center().y),
            Align2::LEFT_CENTER,
            percent(share),
            FontId::proportional(if shown.len() > 1 { size::DATA - 1.5 } else { font.size }),
            ctx.tokens.text_weak,
        );
        y += BAR + 2.0;
    }
    if hover.hovered() {
        let values: Vec<String> = shown
            .iter()
            .map(|s| format!("{}: {:.3} %", s.name, s.shares.get(at).copied().unwrap_or(0.0) * 100.0))
            .collect();
        hover.on_hover_text(format!("{name}\n{}", values.join("\n")));
    }
}

/// One line of text that ends in an ellipsis where it must.
fn elided(ui: &Ui, text: &str, width: f32, color: Color32) -> std::sync::Arc<egui::Galley> {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), FontId::proportional(size::DATA), color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width);
    ui.painter().layout_job(job)
}

/// `0.1234` → `12.3 %`
fn percent(share: f64) -> String {
    let value = share * 100.0;
    if value > 0.0 && value < 0.05 { "<0.1 %".to_owned() } else { format!("{value:.1} %") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_share_is_not_called_nothing() {
        assert_eq!(percent(0.0), "0.0 %");
        assert_eq!(percent(0.0001), "<0.1 %");
        assert_eq!(percent(0.125), "12.5 %");
    }
}
