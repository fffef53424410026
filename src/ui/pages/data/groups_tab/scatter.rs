//! Rows on the plane of their two principal components, coloured by group.

use egui::{Color32, Sense, Stroke, Ui, WidgetInfo, vec2};

use crate::domain::explore::Groups;
use crate::ui::ctx::UiCtx;
use crate::ui::format::{count, number, percent};
use crate::ui::pages::data::relations_tab::draw::{self, Axes};
use crate::ui::theme::icons::focus_ring;
use crate::ui::widgets::histogram::key_place;
use crate::ui::widgets::page::weak;

use super::model;

/// A large window has room for a large picture.
const SHARE: f32 = 0.34;

/// Groups take the series colours; rows of no group are grey.
pub fn color(ctx: &UiCtx<'_>, found: &Groups, group: usize) -> Color32 {
    match found.groups.get(group).and_then(|group| group.number) {
        Some(number) => draw::class_color(ctx, number as usize - 1, found.groups.len()),
        None => ctx.tokens.text_weak,
    }
}

/// Answers the row (from 1) that was clicked, or chosen with the arrow keys and Enter.
pub fn scatter_ui(ui: &mut Ui, ctx: &UiCtx<'_>, found: &Groups) -> Option<u64> {
    if found.places.is_empty() {
        weak(ui, ctx, "Too many features to find the directions for a picture");
        return None;
    }
    let rows: Vec<usize> = model::drawn(found.places.len()).collect();
    let points: Vec<[f64; 2]> = rows.iter().map(|&row| found.places[row].map(f64::from)).collect();
    let height = (ui.ctx().content_rect().height() * SHARE).clamp(220.0, 520.0);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    let summary = format!("{} rows on their two principal components", count(points.len() as u64));
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &summary));
    focus_ring(ui, ctx, &response);
    let axes = Axes::over(rect, &points)?;
    axes.frame(ui, ctx, [&number, &number]);
    for (&row, point) in rows.iter().zip(&points) {
        let color = color(ctx, found, found.labels[row] as usize);
        ui.painter().circle_filled(axes.place(*point), 1.8, color.gamma_multiply(0.7));
    }
    let near = response.hover_pos().and_then(|at| {
        let distance = |at_point: &usize| axes.place(points[*at_point]).distance_sq(at);
        let nearest = (0..points.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
        (distance(&nearest) < 144.0).then_some(nearest)
    });
    let place = near.or_else(|| key_place(ui, &response, points.len()))?;
    ui.painter().circle_stroke(axes.place(points[place]), 5.0, Stroke::new(1.5, ctx.tokens.accent));
    let row = rows[place] as u64 + 1;
    let group = found.groups.get(found.labels[rows[place]] as usize).map_or_else(String::new, |g| g.title());
    let told = format!("Row {}, {group}; click to see it", count(row));
    let clicked = response.clicked();
    if near.is_some() {
        drop(response.on_hover_text(told));
    } else {
        response.show_tooltip_text(told);
    }
    clicked.then_some(row)
}

/// "First two principal components, 72 % of the variance"
pub fn caption(found: &Groups) -> String {
    let mut text =
        format!("First two principal components, {} of the variance", percent(found.shares.iter().sum::<f64>()));
    let drawn = model::drawn(found.places.len()).count();
    if drawn < found.places.len() {
        text += &format!(" · {} of {} rows drawn", count(drawn as u64), count(found.places.len() as u64));
    }
    text
}
