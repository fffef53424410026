//! Parallel coordinates: one upright line per quantity, one bent line per thing that has a value on each.

use egui::{Align2, Color32, FontId, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};

use crate::ui::ctx::UiCtx;
use crate::ui::theme::tokens::{size, space};

use super::frame::{Chart, chart_ui};

/// Pixels from the pointer within which a line is named.
const NEAR: f32 = 8.0;

pub struct Parallel<'a> {
    pub chart: Chart<'a>,
    pub axes: &'a [ParallelAxis],
    /// Drawn in this order: what matters most last.
    pub lines: &'a [ParallelLine],
}

pub struct ParallelAxis {
    pub name: String,
    /// The values at the ends.
    pub low: String,
    pub high: String,
}

pub struct ParallelLine {
    pub name: String,
    /// One per axis, 0 at the foot to 1 at the top; lines end where a value is missing.
    pub places: Vec<Option<f64>>,
    pub color: Color32,
    pub width: f32,
}

/// Hovering names the nearest line and draws it over the others.
pub fn parallel(ui: &mut Ui, ctx: &UiCtx, chart: &Parallel) {
    chart_ui(ui, ctx, &chart.chart, &[], |ui, _| {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), chart.chart.height), Sense::hover());
        let plot = Rect::from_min_max(rect.min + vec2(28.0, 34.0), rect.max - vec2(28.0, 20.0));
        for at in 0..chart.axes.len() {
            let line = Stroke::new(1.0, ctx.tokens.line);
            ui.painter().vline(across(chart, plot, at), plot.y_range(), line);
        }
        let near = response.hover_pos().and_then(|at| nearest(chart, plot, at));
        for (at, line) in chart.lines.iter().enumerate() {
            if near != Some(at) {
                paint(ui, line, plot, line.color, line.width);
            }
        }
        let near = near.map(|at| &chart.lines[at]);
        if let Some(line) = near {
            paint(ui, line, plot, ctx.tokens.text, line.width + 1.5);
        }
        // Over the lines, so that they can be read.
        labels_ui(ui, ctx, chart, plot);
        let Some(line) = near else { return response };
        response.on_hover_text_at_pointer(&line.name)
    });
}

fn labels_ui(ui: &Ui, ctx: &UiCtx, chart: &Parallel, plot: Rect) {
    let painter = ui.painter();
    let font = FontId::proportional(size::DATA);
    for (at, axis) in chart.axes.iter().enumerate() {
        let x = across(chart, plot, at);
        // Names of neighbours stand on two levels, so that long ones do not meet.
        let y = plot.top() - if at % 2 == 0 { space::M + 16.0 } else { space::M + 2.0 };
        let align = match at {
            0 => Align2::LEFT_CENTER,
            _ if at + 1 == chart.axes.len() => Align2::RIGHT_CENTER,
            _ => Align2::CENTER_CENTER,
        };
        let name_x = match at {
            0 => x - 24.0,
            _ if at + 1 == chart.axes.len() => x + 24.0,
            _ => x,
        };
        painter.text(pos2(name_x, y + 2.0), align, &axis.name, font.clone(), ctx.tokens.text);
        let weak = ctx.tokens.text_weak;
        let high = painter.layout_no_wrap(axis.high.clone(), font.clone(), weak);
        let place = Rect::from_center_size(pos2(x, plot.top() + 8.0), high.size());
        painter.rect_filled(place.expand2(vec2(2.0, 0.0)), 2.0, ctx.tokens.surface);
        painter.galley(place.min, high, weak);
        painter.text(pos2(x, plot.bottom() + 3.0), Align2::CENTER_TOP, &axis.low, font.clone(), weak);
    }
}

fn across(chart: &Parallel, plot: Rect, axis: usize) -> f32 {
    let steps = (chart.axes.len().max(2) - 1) as f32;
    plot.left() + plot.width() * axis as f32 / steps
}

/// The corners of a line; pieces of it where values are missing.
fn pieces(n_axes: usize, line: &ParallelLine, plot: Rect) -> Vec<Vec<egui::Pos2>> {
    let steps = (n_axes.max(2) - 1) as f32;
    let mut all = vec![Vec::new()];
    for (axis, place) in line.places.iter().enumerate() {
        match place {
            Some(place) => {
                let x = plot.left() + plot.width() * axis as f32 / steps;
                let y = plot.bottom() - plot.height() * place.clamp(0.0, 1.0) as f32;
                if let Some(last) = all.last_mut() {
                    last.push(pos2(x, y));
                }
            }
            None => all.push(Vec::new()),
        }
    }
    all.retain(|piece| piece.len() > 1);
    all
}

fn paint(ui: &Ui, line: &ParallelLine, plot: Rect, color: Color32, width: f32) {
    for piece in pieces(line.places.len(), line, plot) {
        ui.painter().add(Shape::line(piece, Stroke::new(width, color)));
    }
}

/// The line that passes nearest to a point, if one is near; of equals the one drawn last.
fn nearest(chart: &Parallel, plot: Rect, at: egui::Pos2) -> Option<usize> {
    let mut best: Option<(usize, f32)> = None;
    for (i, line) in chart.lines.iter().enumerate() {
        for piece in pieces(line.places.len(), line, plot) {
            for ends in piece.windows(2) {
                let far = distance(at, ends[0], ends[1]);
                if far <= NEAR && best.is_none_or(|(_, least)| far <= least) {
                    best = Some((i, far));
                }
            }
        }
    }
    best.map(|(i, _)| i)
}

fn distance(at: egui::Pos2, a: egui::Pos2, b: egui::Pos2) -> f32 {
    let along = b - a;
    let share = if along.length_sq() > 0.0 { ((at - a).dot(along) / along.length_sq()).clamp(0.0, 1.0) } else { 0.0 };
    at.distance(a + along * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_where_a_value_is_missing() {
        let plot = Rect::from_min_max(pos2(0.0, 0.0), pos2(300.0, 100.0));
        let places = vec![Some(0.0), Some(1.0), None, Some(0.5)];
        let line = ParallelLine { name: String::new(), places, color: Color32::PLACEHOLDER, width: 1.0 };
        let pieces = pieces(4, &line, plot);
        assert_eq!(pieces, [vec![pos2(0.0, 100.0), pos2(100.0, 0.0)]]);
    }

    #[test]
    fn the_distance_to_a_stretch_is_to_its_nearest_point() {
        let (a, b) = (pos2(0.0, 0.0), pos2(10.0, 0.0));
        assert_eq!(distance(pos2(5.0, 3.0), a, b), 3.0);
        assert_eq!(distance(pos2(13.0, 4.0), a, b), 5.0);
        assert_eq!(distance(pos2(3.0, 4.0), a, a), 5.0);
    }
}
