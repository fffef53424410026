//! Small pictures of a column: histogram bars and top values.

use egui::{Color32, Painter, Rect, Response, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::domain::profile::{ColumnProfile, Histogram};
use crate::domain::schema::Storage;
use crate::state::format::{count, number, percent, utc};
use crate::ui::ctx::UiCtx;
use crate::ui::theme::tokens::{size, space};

/// Bars without anything around them; heights relative to the largest.
pub fn bars(painter: &Painter, rect: Rect, counts: &[u64], color: Color32) {
    let most = counts.iter().copied().max().unwrap_or(0);
    if most == 0 || counts.is_empty() {
        return;
    }
    let step = rect.width() / counts.len() as f32;
    let gap = if step >= 4.0 { 1.0 } else { 0.0 };
    for (i, n) in counts.iter().enumerate().filter(|(_, n)| **n > 0) {
        let height = (rect.height() * (*n as f64 / most as f64) as f32).max(1.0);
        let left = rect.left() + i as f32 * step;
        let bar = Rect::from_min_max(pos2(left, rect.bottom() - height), pos2(left + step - gap, rect.bottom()));
        painter.rect_filled(bar, 0.0, color);
    }
}

/// What a column header shows of a profile: histogram bins, else the most frequent values.
pub fn mini_counts(profile: &ColumnProfile) -> Vec<u64> {
    if let Some(histogram) = &profile.histogram {
        return merged(&histogram.counts, 24);
    }
    profile.top.iter().take(12).map(|(_, n)| *n).collect()
}

/// At most `n` bins, neighbours added up.
fn merged(counts: &[u64], n: usize) -> Vec<u64> {
    if counts.len() <= n {
        return counts.to_vec();
    }
    counts.chunks(counts.len().div_ceil(n)).map(|chunk| chunk.iter().sum()).collect()
}

/// A histogram with its range below; hovering a bar tells its edges and count.
pub fn histogram(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    name: &str,
    data: &Histogram,
    storage: Storage,
    height: f32,
) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height + 16.0), Sense::hover());
    let tell = |x: f64| if storage == Storage::DatetimeMs { utc(x) } else { number(x) };
    let (first, last) = (data.edges.first().copied().unwrap_or(0.0), data.edges.last().copied().unwrap_or(0.0));
    let label = format!("Histogram of {name} from {} to {}", tell(first), tell(last));
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &label));
    let plot = Rect::from_min_size(rect.min, vec2(rect.width(), height));
    let color = ctx.tokens.series[0];
    bars(ui.painter(), plot, &data.counts, color);
    let base = egui::Stroke::new(1.0, ctx.tokens.line);
    ui.painter().hline(plot.x_range(), plot.bottom(), base);
    let font = egui::FontId::proportional(size::DATA - 1.0);
    let weak = ctx.tokens.text_weak;
    ui.painter().text(rect.left_bottom(), egui::Align2::LEFT_BOTTOM, tell(first), font.clone(), weak);
    ui.painter().text(rect.right_bottom(), egui::Align2::RIGHT_BOTTOM, tell(last), font, weak);
    let Some(at) = response.hover_pos().filter(|p| plot.contains(*p)) else { return response };
    let bin = (((at.x - plot.left()) / plot.width() * data.counts.len() as f32) as usize)
        .min(data.counts.len().saturating_sub(1));
    let (Some(n), Some(from), Some(to)) = (data.counts.get(bin), data.edges.get(bin), data.edges.get(bin + 1)) else {
        return response;
    };
    let total: u64 = data.counts.iter().sum();
    let share = percent(*n as f64 / total.max(1) as f64);
    response.on_hover_text(format!("{} to {}: {} ({share})", tell(*from), tell(*to), count(*n)))
}

/// The most frequent values as bars with counts and shares.
pub fn top_values(ui: &mut Ui, ctx: &UiCtx<'_>, top: &[(String, u64)], rows: u64, limit: usize) {
    let most = top.first().map_or(1, |(_, n)| *n).max(1);
    for (value, n) in top.iter().take(limit) {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
        let share = percent(*n as f64 / rows.max(1) as f64);
        let end = format!("{} · {share}", count(*n));
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, format!("{value}: {end}")));
        let mut bar = rect.shrink2(vec2(0.0, 1.0));
        bar.set_width(rect.width() * (*n as f64 / most as f64) as f32);
        ui.painter().rect_filled(bar, 3.0, ctx.tokens.tint(ctx.tokens.series[0], 0.22));
        let font = egui::FontId::proportional(size::DATA);
        let end = ui.painter().layout_no_wrap(end, font, ctx.tokens.text_weak);
        let right = rect.right() - end.size().x - space::XS;
        let top_of = |h: f32| rect.center().y - h / 2.0;
        let words = egui::WidgetText::from(egui::RichText::new(value).size(size::DATA).color(ctx.tokens.text));
        let room = (right - rect.left() - space::M).max(8.0);
        let words = words.into_galley(ui, Some(egui::TextWrapMode::Truncate), room, egui::TextStyle::Small);
        ui.painter().galley(pos2(right, top_of(end.size().y)), end, ctx.tokens.text_weak);
        ui.painter().galley(pos2(rect.left() + space::XS, top_of(words.size().y)), words, ctx.tokens.text);
        response.on_hover_text(value);
    }
}
