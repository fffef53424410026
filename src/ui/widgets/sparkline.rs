//! How a number went, in the size of a word.

use egui::{Response, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::ui::ctx::UiCtx;

/// A line through `values` from left to right with a dot at the end, and a dashed line where the limit is. `said` is
/// what it shows in words, for the tooltip and the screen reader.
pub fn sparkline(ui: &mut Ui, ctx: &UiCtx<'_>, values: &[f64], limit: Option<f64>, said: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width().min(220.0), 36.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, said));
    let known = || values.iter().chain(limit.iter()).copied().filter(|v| v.is_finite());
    let (low, high) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    if low > high {
        return response;
    }
    let plot = rect.shrink2(vec2(4.0, 6.0));
    let height = |v: f64| {
        let share = if high > low { (v - low) / (high - low) } else { 0.5 };
        plot.bottom() - plot.height() * share as f32
    };
    if let Some(limit) = limit.filter(|v| v.is_finite()) {
        let ends = [pos2(plot.left(), height(limit)), pos2(plot.right(), height(limit))];
        ui.painter().extend(egui::Shape::dashed_line(&ends, Stroke::new(1.0, ctx.tokens.reference), 3.0, 3.0));
    }
    let step = plot.width() / values.len().saturating_sub(1).max(1) as f32;
    let points: Vec<egui::Pos2> = values
        .iter()
        .enumerate()
        .filter(|(_, v)| v.is_finite())
        .map(|(at, v)| pos2(plot.left() + step * at as f32, height(*v)))
        .collect();
    if let Some(last) = points.last().copied() {
        ui.painter().circle_filled(last, 2.5, ctx.tokens.accent);
    }
    ui.painter().add(egui::Shape::line(points, Stroke::new(1.5, ctx.tokens.accent)));
    response.on_hover_text(said)
}
