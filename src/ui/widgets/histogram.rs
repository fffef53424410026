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

/// A histogram with its range below; hovering a bar tells its edges and count. Answers the bin that was clicked, or
/// chosen with the arrow keys and Enter.
pub fn histogram(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    name: &str,
    data: &Histogram,
    storage: Storage,
    height: f32,
) -> Option<usize> {
    let n = data.counts.len();
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height + 16.0), Sense::click());
    let tell = |x: f64| if storage == Storage::DatetimeMs { utc(x) } else { number(x) };
    let edge = |i: usize| data.edges.get(i).copied().map_or_else(String::new, tell);
    let first = data.whole(0).map_or_else(|| edge(0), tell);
    let last = n.checked_sub(1).and_then(|i| data.whole(i)).map_or_else(|| edge(n), tell);
    let label = format!("Histogram of {name} from {first} to {last}; click a bar to see its rows");
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &label));
    let plot = Rect::from_min_size(rect.min, vec2(rect.width(), height));
    bars(ui.painter(), plot, &data.counts, ctx.tokens.series[0]);
    ui.painter().hline(plot.x_range(), plot.bottom(), egui::Stroke::new(1.0, ctx.tokens.line));
    let font = egui::FontId::proportional(size::DATA - 1.0);
    let weak = ctx.tokens.text_weak;
    ui.painter().text(rect.left_bottom(), egui::Align2::LEFT_BOTTOM, first, font.clone(), weak);
    ui.painter().text(rect.right_bottom(), egui::Align2::RIGHT_BOTTOM, last, font, weak);
    crate::ui::theme::icons::focus_ring(ui, ctx, &response);
    let pointed = response
        .hover_pos()
        .filter(|p| plot.contains(*p))
        .map(|at| (((at.x - plot.left()) / plot.width() * n as f32) as usize).min(n.saturating_sub(1)));
    let bin = pointed.or_else(|| key_place(ui, &response, n)).filter(|_| n > 0)?;
    let total: u64 = data.counts.iter().sum();
    let share = percent(data.counts[bin] as f64 / total.max(1) as f64);
    let width = plot.width() / n as f32;
    let column = Rect::from_min_size(pos2(plot.left() + bin as f32 * width, plot.top()), vec2(width, plot.height()));
    ui.painter().rect_stroke(column, 0.0, egui::Stroke::new(1.0, ctx.tokens.accent), egui::StrokeKind::Inside);
    let chosen = response.clicked() && data.counts[bin] > 0;
    let place = data.whole(bin).map_or_else(|| format!("{} to {}", edge(bin), edge(bin + 1)), tell);
    let told = format!("{place}: {} ({share})", count(data.counts[bin]));
    if response.has_focus() && pointed.is_none() {
        response.show_tooltip_text(told);
    } else {
        response.on_hover_text(format!("{told}\nClick to see the rows"));
    }
    chosen.then_some(bin)
}

/// Which of `n` parts the arrow keys chose while the widget has the focus.
pub fn key_place(ui: &Ui, response: &Response, n: usize) -> Option<usize> {
    if !response.has_focus() || n == 0 {
        return None;
    }
    let arrows = egui::EventFilter { horizontal_arrows: true, ..egui::EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
    let id = response.id.with("place");
    let mut place: usize = ui.data(|data| data.get_temp(id)).unwrap_or(0).min(n - 1);
    ui.input(|input| {
        place = (place + input.num_presses(egui::Key::ArrowRight)).min(n - 1);
        place = place.saturating_sub(input.num_presses(egui::Key::ArrowLeft));
    });
    ui.data_mut(|data| data.insert_temp(id, place));
    Some(place)
}

/// The most frequent values as bars with counts and shares. Answers the one that was clicked.
pub fn top_values(ui: &mut Ui, ctx: &UiCtx<'_>, top: &[(String, u64)], rows: u64, limit: usize) -> Option<usize> {
    let most = top.first().map_or(1, |(_, n)| *n).max(1);
    let mut chosen = None;
    for (i, (value, n)) in top.iter().take(limit).enumerate() {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::click());
        let share = percent(*n as f64 / rows.max(1) as f64);
        let end = format!("{} · {share}", count(*n));
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, format!("{value}: {end}")));
        if response.hovered() {
            ui.painter().rect_filled(rect, 3.0, ctx.tokens.hover);
        }
        crate::ui::theme::icons::focus_ring(ui, ctx, &response);
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
        if response.on_hover_text(format!("{value}\nClick to see the rows")).clicked() {
            chosen = Some(i);
        }
    }
    chosen
}
