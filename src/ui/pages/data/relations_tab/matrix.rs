//! The matrix: one square per pair, its strength as colour, its sign as a mark.

use egui::epaint::TextShape;
use egui::{Color32, FontId, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use crate::domain::relations::{Relations, Role};
use crate::state::format::fixed;
use crate::ui::ctx::UiCtx;
use crate::ui::theme::icons::focus_ring;
use crate::ui::theme::tokens::size;

use super::{Part, RelationsView};

/// Sides of a square in points.
const SIDE: [f32; 2] = [13.0, 34.0];
const LEFT: f32 = 96.0;
const TOP: f32 = 76.0;
/// From this side on the number stands in the square.
const NUMBERED: f32 = 28.0;

/// Answers the pair that was clicked, or chosen with the arrow keys and Enter.
pub fn matrix_ui(ui: &mut Ui, ctx: &UiCtx<'_>, view: &RelationsView, relations: &Relations) -> Option<(usize, usize)> {
    let (rows, columns) = axes(view.part, relations);
    if rows.is_empty() || columns.is_empty() {
        crate::ui::widgets::page::weak(ui, ctx, "No columns of this sort");
        return None;
    }
    let side = ((ui.available_width() - LEFT - 8.0) / columns.len() as f32).clamp(SIDE[0], SIDE[1]);
    let extent = vec2(LEFT + side * columns.len() as f32, TOP + side * rows.len() as f32);
    let area = ScrollArea::both().id_salt("relations matrix").max_height(420.0).auto_shrink([false, true]);
    area.show(ui, |ui| {
        let (rect, response) = ui.allocate_exact_size(extent, Sense::click());
        let summary =
            format!("Relations of {} with {} columns; the list below has the strongest", rows.len(), columns.len());
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &summary));
        focus_ring(ui, ctx, &response);
        let grid = Rect::from_min_max(rect.min + vec2(LEFT, TOP), rect.max);
        names(ui, ctx, relations, (&rows, &columns), grid, side);
        for (r, &a) in rows.iter().enumerate() {
            for (c, &b) in columns.iter().enumerate() {
                let at = Rect::from_min_size(grid.min + vec2(side * c as f32, side * r as f32), vec2(side, side));
                if ui.is_rect_visible(at) {
                    cell(ui, ctx, view, relations, (a, b), at.shrink(0.5));
                }
            }
        }
        let pointed = response.hover_pos().filter(|at| grid.contains(*at)).map(|at| {
            let place = (at - grid.min) / side;
            ((place.y as usize).min(rows.len() - 1), (place.x as usize).min(columns.len() - 1))
        });
        let (r, c) = pointed.or_else(|| key_cell(ui, &response, rows.len(), columns.len()))?;
        let at = Rect::from_min_size(grid.min + vec2(side * c as f32, side * r as f32), vec2(side, side));
        ui.painter().rect_stroke(at, 2.0, Stroke::new(1.5, ctx.tokens.accent), StrokeKind::Inside);
        let (a, b) = (rows[r], columns[c]);
        let told = tell(view, relations, a, b);
        let clicked = response.clicked();
        if pointed.is_some() {
            response.on_hover_text(told);
        } else {
            response.show_tooltip_text(told);
        }
        (clicked && a != b).then_some((a, b))
    })
    .inner
}

/// Positions in [`Relations::columns`] down and across.
fn axes(part: Part, relations: &Relations) -> (Vec<usize>, Vec<usize>) {
    let of = |role: Role| -> Vec<usize> {
        (0..relations.columns.len()).filter(|&i| relations.columns[i].role == role).collect()
    };
    match part {
        Part::All => ((0..relations.columns.len()).collect(), (0..relations.columns.len()).collect()),
        Part::Numbers => (of(Role::Number), of(Role::Number)),
        Part::Categories => (of(Role::Category), of(Role::Category)),
        Part::Mixed => (of(Role::Number), of(Role::Category)),
    }
}

fn names(
    ui: &Ui,
    ctx: &UiCtx<'_>,
    relations: &Relations,
    (rows, columns): (&[usize], &[usize]),
    grid: Rect,
    side: f32,
) {
    let font = FontId::proportional((side - 2.0).clamp(9.0, size::DATA));
    let layout = |i: usize, width: f32| {
        let text = relations.columns[i].name.clone();
        let mut job = egui::text::LayoutJob::simple_singleline(text, font.clone(), ctx.tokens.text);
        job.wrap = egui::text::TextWrapping::truncate_at_width(width);
        ui.painter().layout_job(job)
    };
    for (r, &i) in rows.iter().enumerate() {
        let y = grid.top() + side * (r as f32 + 0.5);
        let words = layout(i, LEFT - 8.0);
        let at = pos2(grid.left() - 5.0 - words.size().x, y - words.size().y / 2.0);
        ui.painter().galley(at, words, ctx.tokens.text);
    }
    for (c, &i) in columns.iter().enumerate() {
        let words = layout(i, TOP - 8.0);
        let x = grid.left() + side * (c as f32 + 0.5) - words.size().y / 2.0;
        let shape = TextShape::new(pos2(x, grid.top() - 4.0), words, ctx.tokens.text);
        ui.painter().add(shape.with_angle(-std::f32::consts::FRAC_PI_2));
    }
}

fn cell(ui: &Ui, ctx: &UiCtx<'_>, view: &RelationsView, relations: &Relations, (a, b): (usize, usize), at: Rect) {
    let value = if a == b { Some(1.0) } else { relations.pair(a, b).and_then(|p| p.shown(view.spearman)) };
    let Some(value) = value else {
        // Not defined: an empty square with a stroke.
        ui.painter().rect_stroke(at, 2.0, Stroke::new(1.0, ctx.tokens.line), StrokeKind::Inside);
        return;
    };
    let strength = (value.abs() as f32).clamp(0.0, 1.0);
    let fill = fill(ctx, value, strength);
    ui.painter().rect_filled(at, 2.0, fill);
    let color = if strength > 0.6 { ctx.tokens.on_accent } else { ctx.tokens.text };
    if at.width() >= NUMBERED - 1.0 {
        let font = FontId::proportional(size::DATA - 2.0);
        ui.painter().text(at.center(), egui::Align2::CENTER_CENTER, fixed(value, 2), font, color);
    } else if value < 0.0 && strength >= 0.05 {
        let half = (at.width() * 0.22).max(2.0);
        ui.painter().hline(at.center().x - half..=at.center().x + half, at.center().y, Stroke::new(1.2, color));
    }
}

fn fill(ctx: &UiCtx<'_>, value: f64, strength: f32) -> Color32 {
    let color = if value < 0.0 { ctx.tokens.series[1] } else { ctx.tokens.series[0] };
    ctx.tokens.tint(color, 0.05 + 0.95 * strength)
}

fn tell(view: &RelationsView, relations: &Relations, a: usize, b: usize) -> String {
    let name = |i: usize| relations.columns[i].name.as_str();
    if a == b {
        return name(a).to_owned();
    }
    let Some(pair) = relations.pair(a, b) else { return String::new() };
    let measure = relations.measure(pair, view.spearman);
    let value = pair.shown(view.spearman).map_or_else(|| "not defined".to_owned(), |v| format!("{v:.4}"));
    let rows = crate::state::format::counted(pair.rows, "row", "rows");
    format!("{} – {}\n{}: {value}, {rows}\n{}", name(a), name(b), measure.title(), measure.explanation())
}

/// The square the arrow keys chose while the matrix has the focus.
fn key_cell(ui: &Ui, response: &egui::Response, rows: usize, columns: usize) -> Option<(usize, usize)> {
    if !response.has_focus() {
        return None;
    }
    let arrows = egui::EventFilter { horizontal_arrows: true, vertical_arrows: true, ..egui::EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
    let id = response.id.with("cell");
    let (mut r, mut c): (usize, usize) = ui.data(|data| data.get_temp(id)).unwrap_or((0, 0));
    ui.input(|input| {
        use egui::Key::{ArrowDown, ArrowLeft, ArrowRight, ArrowUp};
        r = (r + input.num_presses(ArrowDown)).saturating_sub(input.num_presses(ArrowUp)).min(rows - 1);
        c = (c + input.num_presses(ArrowRight)).saturating_sub(input.num_presses(ArrowLeft)).min(columns - 1);
    });
    ui.data_mut(|data| data.insert_temp(id, (r, c)));
    Some((r, c))
}
