//! What the pictures of pairs share: axes, colours of classes, a legend.

use egui::{Align2, Color32, FontId, Pos2, Rect, RichText, Sense, Stroke, Ui, pos2, vec2};

use crate::ui::ctx::UiCtx;
use crate::ui::theme::tokens::size;

/// A plot area with room for names around it, and the data range it shows.
pub struct Axes {
    pub plot: Rect,
    low: [f64; 2],
    high: [f64; 2],
}

impl Axes {
    /// Around all points with a little air; `None` without any.
    pub fn over(rect: Rect, points: &[[f64; 2]]) -> Option<Self> {
        let (mut low, mut high) = (*points.first()?, *points.first()?);
        for point in points {
            for axis in 0..2 {
                low[axis] = low[axis].min(point[axis]);
                high[axis] = high[axis].max(point[axis]);
            }
        }
        for axis in 0..2 {
            // Halved first: the range of two huge numbers may not fit.
            let air = (high[axis] / 2.0 - low[axis] / 2.0) * 0.08;
            let air = if air > 0.0 { air } else { 0.5 };
            low[axis] -= air;
            high[axis] += air;
        }
        let plot = Rect::from_min_max(rect.min + vec2(58.0, 6.0), rect.max - vec2(10.0, 22.0));
        Some(Self { plot, low, high })
    }

    pub fn place(&self, point: [f64; 2]) -> Pos2 {
        let share = |axis: usize| {
            let range = self.high[axis] / 2.0 - self.low[axis] / 2.0;
            ((point[axis] / 2.0 - self.low[axis] / 2.0) / range) as f32
        };
        pos2(self.plot.left() + share(0) * self.plot.width(), self.plot.bottom() - share(1) * self.plot.height())
    }

    /// Lines at quarters with their values; `tell` writes those of x and of y.
    pub fn frame(&self, ui: &Ui, ctx: &UiCtx<'_>, tell: [&dyn Fn(f64) -> String; 2]) {
        let font = FontId::proportional(size::DATA - 1.0);
        let (line, weak) = (Stroke::new(1.0, ctx.tokens.line), ctx.tokens.text_weak);
        let painter = |from: Pos2, to: Pos2| ui.painter().with_clip_rect(Rect::from_two_pos(from, to));
        for value in ticks(self.low[1], self.high[1], 5.0) {
            let y = self.place([self.low[0], value]).y;
            ui.painter().hline(self.plot.x_range(), y, line);
            let left = painter(pos2(self.plot.left() - 58.0, y - 8.0), pos2(self.plot.left() - 4.0, y + 8.0));
            let text = short(&tell[1](value));
            left.text(pos2(self.plot.left() - 5.0, y), Align2::RIGHT_CENTER, text, font.clone(), weak);
        }
        for value in ticks(self.low[0], self.high[0], 4.0) {
            let at = pos2(self.place([value, self.low[1]]).x, self.plot.bottom() + 4.0);
            ui.painter().text(at, Align2::CENTER_TOP, short(&tell[0](value)), font.clone(), weak);
        }
        ui.painter().hline(self.plot.x_range(), self.plot.bottom(), line);
    }
}

/// About `wanted` round numbers in a range.
fn ticks(low: f64, high: f64, wanted: f64) -> Vec<f64> {
    let rough = high / wanted - low / wanted;
    if !rough.is_finite() || rough <= 0.0 {
        return Vec::new();
    }
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0].into_iter().map(|m| m * power).find(|s| *s >= rough).unwrap_or(10.0 * power);
    let first = (low / step).ceil();
    // Counted in whole steps: adding up a step would drift.
    (0..20).map(|i| (first + f64::from(i)) * step).take_while(|x| *x <= high).collect()
}

/// Of a time the day is enough on an axis.
fn short(text: &str) -> String {
    if text.len() > 12 && text.as_bytes()[4] == b'-' { text[..10].to_owned() } else { text.to_owned() }
}

/// Classes take the series colours; what has no class of its own is grey.
pub fn class_color(ctx: &UiCtx<'_>, class: usize, classes: usize) -> Color32 {
    if classes > 0 && class >= classes {
        return ctx.tokens.text_weak;
    }
    let colors = &ctx.tokens.series;
    let color = colors[class % colors.len()];
    // A second round of the same colours is lighter.
    if class >= colors.len() { ctx.tokens.tint(color, 0.5) } else { color }
}

pub fn legend<'a>(ui: &mut Ui, ctx: &UiCtx<'_>, names: impl Iterator<Item = &'a str>) {
    let names: Vec<&str> = names.collect();
    ui.horizontal_wrapped(|ui| {
        for (i, name) in names.iter().enumerate() {
            let (rect, _) = ui.allocate_exact_size(vec2(10.0, 14.0), Sense::hover());
            let grey = *name == "other or missing";
            let color = if grey { ctx.tokens.text_weak } else { class_color(ctx, i, names.len()) };
            ui.painter().circle_filled(rect.center(), 4.0, color);
            ui.label(RichText::new(*name).size(size::DATA).color(ctx.tokens.text_weak));
        }
    });
}

/// A name centred below `at`, cut at `width`.
pub fn name_below(ui: &Ui, ctx: &UiCtx<'_>, name: &str, at: Pos2, width: f32) {
    let font = FontId::proportional(size::DATA - 1.0);
    let mut job = egui::text::LayoutJob::simple_singleline(name.to_owned(), font, ctx.tokens.text_weak);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width.max(8.0));
    let words = ui.painter().layout_job(job);
    ui.painter().galley(pos2(at.x - words.size().x / 2.0, at.y), words, ctx.tokens.text_weak);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        assert_eq!(ticks(-330.0, 4281.0, 5.0), [0.0, 1000.0, 2000.0, 3000.0, 4000.0]);
        assert_eq!(ticks(0.0, 1.0, 4.0), [0.0, 0.5, 1.0]);
        assert!(ticks(f64::MIN, f64::MAX, 4.0).iter().all(|x| x.is_finite()));
        assert!(ticks(1.0, 1.0, 4.0).is_empty());
    }

    #[test]
    fn points_lie_within_the_plot() {
        let rect = Rect::from_min_max(pos2(0.0, 0.0), pos2(300.0, 200.0));
        let points = [[-1e308, 5.0], [1e308, 5.0]];
        let axes = Axes::over(rect, &points).unwrap();
        assert!(points.iter().all(|p| axes.plot.contains(axes.place(*p))));
        assert!(Axes::over(rect, &[]).is_none());
    }
}
