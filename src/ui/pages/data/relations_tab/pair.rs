//! One pair as a picture: points, boxes or stacked shares. Clicking a part asks for its rows.

use egui::{Rect, RichText, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use crate::domain::dataset::DatasetVersion;
use crate::domain::relations::{BoxGroup, PairPlot, PairShape};
use crate::domain::schema::Storage;
use crate::domain::table::{ColumnFilter, FilterOp};
use crate::state::format::{count, number, percent, utc};
use crate::ui::ctx::UiCtx;
use crate::ui::pages::data::model::value_filter;
use crate::ui::theme::icons::focus_ring;
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::histogram::key_place;
use crate::ui::widgets::page::weak;

use super::draw::{self, Axes};

const HEIGHT: f32 = 320.0;

/// The rows that a click asked for.
pub enum Wanted {
    Filters(Vec<ColumnFilter>),
    /// 0-based.
    Row {
        column: String,
        row: u64,
    },
}

pub fn pair_ui(ui: &mut Ui, ctx: &UiCtx<'_>, version: &DatasetVersion, plot: &PairPlot) -> Option<Wanted> {
    let title = format!("{} by {}", plot.y.name, plot.x.name);
    ui.label(RichText::new(&title).font(medium(size::TEXT)).color(ctx.tokens.text));
    if plot.rows_used < plot.rows {
        weak(ui, ctx, format!("From a sample of {} of {} rows", count(plot.rows_used), count(plot.rows)));
    }
    let storage = |name: &str| version.schema.column(name).map_or(Storage::Float64, |c| c.storage);
    match &plot.shape {
        PairShape::Scatter { points, ids, classes, class } => {
            let told = [storage(&plot.x.name), storage(&plot.y.name)];
            scatter(ui, ctx, plot, told, Points { points, ids, classes, class })
        }
        PairShape::Boxes { number_is_y, groups } => {
            let (number, category) = if *number_is_y { (&plot.y, &plot.x) } else { (&plot.x, &plot.y) };
            let clicked = boxes(ui, ctx, &title, storage(&number.name), groups)?;
            Some(match clicked {
                BoxPart::Group(i) => {
                    Wanted::Filters(vec![value_filter(&category.name, storage(&category.name), &groups[i].level)])
                }
                BoxPart::Outlier(row) => Wanted::Row { column: number.name.clone(), row },
            })
        }
        PairShape::Counts { x_levels, y_levels, counts } => {
            let (x, y) = stacked(ui, ctx, &title, x_levels, y_levels, counts)?;
            let sides = [(&plot.x.name, &x_levels[x], x_levels), (&plot.y.name, &y_levels[y], y_levels)];
            let filters = sides.into_iter().flat_map(|(name, level, all)| rows_of(name, storage(name), level, all));
            Some(Wanted::Filters(filters.collect()))
        }
    }
}

/// The rows of one level; the level without a name holds what all others do not.
fn rows_of(column: &str, storage: Storage, level: &Option<String>, all: &[Option<String>]) -> Vec<ColumnFilter> {
    match level {
        Some(value) => vec![value_filter(column, storage, value)],
        None => {
            let not = |value: &String| ColumnFilter { op: FilterOp::NotEquals, ..value_filter(column, storage, value) };
            all.iter().flatten().map(not).collect()
        }
    }
}

struct Points<'a> {
    points: &'a [[f64; 2]],
    ids: &'a [u64],
    classes: &'a [String],
    class: &'a [u8],
}

fn scatter(ui: &mut Ui, ctx: &UiCtx<'_>, plot: &PairPlot, storages: [Storage; 2], data: Points<'_>) -> Option<Wanted> {
    let tell = |axis: usize, x: f64| if storages[axis] == Storage::DatetimeMs { utc(x) } else { number(x) };
    if !data.classes.is_empty() {
        draw::legend(ui, ctx, data.classes.iter().map(String::as_str).chain(["other or missing"]));
    }
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::click());
    let summary = format!("{} points of {} and {}", count(data.points.len() as u64), plot.x.name, plot.y.name);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &summary));
    focus_ring(ui, ctx, &response);
    let Some(axes) = Axes::over(rect, data.points) else {
        weak(ui, ctx, "No row has both values");
        return None;
    };
    axes.frame(ui, ctx, [&|x| tell(0, x), &|y| tell(1, y)]);
    for (point, class) in data.points.iter().zip(data.class) {
        let color = draw::class_color(ctx, *class as usize, data.classes.len());
        ui.painter().circle_filled(axes.place(*point), 1.8, color.gamma_multiply(0.7));
    }
    let near = response.hover_pos().and_then(|at| {
        let distance = |p: &[f64; 2]| axes.place(*p).distance_sq(at);
        let nearest =
            (0..data.points.len()).min_by(|a, b| distance(&data.points[*a]).total_cmp(&distance(&data.points[*b])))?;
        (distance(&data.points[nearest]) < 144.0).then_some(nearest)
    });
    let i = near.or_else(|| key_place(ui, &response, data.points.len()))?;
    ui.painter().circle_stroke(axes.place(data.points[i]), 5.0, Stroke::new(1.5, ctx.tokens.accent));
    let class = data.classes.get(data.class[i] as usize).map_or_else(String::new, |c| format!("\n{c}"));
    let [x, y] = data.points[i];
    let row = data.ids[i];
    let told = format!(
        "{}: {}\n{}: {}{class}\nRow {}; click to see it",
        plot.x.name,
        tell(0, x),
        plot.y.name,
        tell(1, y),
        count(row + 1)
    );
    let clicked = response.clicked();
    if near.is_some() {
        drop(response.on_hover_text(told))
    } else {
        response.show_tooltip_text(told)
    }
    clicked.then(|| Wanted::Row { column: plot.y.name.clone(), row })
}

enum BoxPart {
    Group(usize),
    Outlier(u64),
}

fn boxes(ui: &mut Ui, ctx: &UiCtx<'_>, title: &str, storage: Storage, groups: &[BoxGroup]) -> Option<BoxPart> {
    let tell = |x: f64| if storage == Storage::DatetimeMs { utc(x) } else { number(x) };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::click());
    let summary = format!("Box plot of {title}, {} groups", groups.len());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &summary));
    focus_ring(ui, ctx, &response);
    let ends: Vec<[f64; 2]> = groups
        .iter()
        .flat_map(|g| g.whiskers.into_iter().chain(g.shown.iter().map(|(x, _)| *x)))
        .map(|y| [0.5, y])
        .collect();
    let Some(axes) = Axes::over(rect, &ends) else {
        weak(ui, ctx, "No row has both values");
        return None;
    };
    axes.frame(ui, ctx, [&|_| String::new(), &tell]);
    let step = axes.plot.width() / groups.len() as f32;
    let color = ctx.tokens.series[0];
    let mut outlier = None;
    for (i, group) in groups.iter().enumerate() {
        let middle = axes.plot.left() + step * (i as f32 + 0.5);
        let half = (step * 0.3).min(34.0);
        let y = |value: f64| axes.place([0.5, value]).y;
        let stroke = Stroke::new(1.2, color);
        ui.painter().vline(middle, y(group.whiskers[1])..=y(group.q75), stroke);
        ui.painter().vline(middle, y(group.q25)..=y(group.whiskers[0]), stroke);
        for end in group.whiskers {
            ui.painter().hline(middle - half * 0.5..=middle + half * 0.5, y(end), stroke);
        }
        let body = Rect::from_min_max(pos2(middle - half, y(group.q75)), pos2(middle + half, y(group.q25)));
        ui.painter().rect_filled(body, 2.0, ctx.tokens.tint(color, 0.25));
        ui.painter().rect_stroke(body, 2.0, stroke, StrokeKind::Middle);
        ui.painter().hline(body.x_range(), y(group.median), Stroke::new(2.0, ctx.tokens.text));
        for (value, row) in &group.shown {
            let at = pos2(middle, y(*value));
            ui.painter().circle_stroke(at, 2.2, Stroke::new(1.0, color));
            if response.hover_pos().is_some_and(|p| p.distance(at) < 5.0) {
                outlier = Some((*row, *value));
            }
        }
        draw::name_below(ui, ctx, &group.level, pos2(middle, axes.plot.bottom() + 4.0), step - 4.0);
    }
    let pointed = response
        .hover_pos()
        .filter(|at| axes.plot.contains(*at))
        .map(|at| (((at.x - axes.plot.left()) / step) as usize).min(groups.len() - 1));
    let i = pointed.or_else(|| key_place(ui, &response, groups.len()))?;
    let g = &groups[i];
    let told = match outlier {
        Some((row, value)) => format!("{}: {}\nRow {}; click to see it", g.level, tell(value), count(row + 1)),
        None => format!(
            "{}\n{} rows, {} beyond the whiskers\nMedian {}, quartiles {} and {}, mean {}\nWhiskers {} to {}\nClick to see the rows",
            g.level,
            count(g.count),
            count(g.outliers),
            tell(g.median),
            tell(g.q25),
            tell(g.q75),
            tell(g.mean),
            tell(g.whiskers[0]),
            tell(g.whiskers[1])
        ),
    };
    let clicked = response.clicked();
    if pointed.is_some() {
        drop(response.on_hover_text(told))
    } else {
        response.show_tooltip_text(told)
    }
    clicked.then(|| outlier.map_or(BoxPart::Group(i), |(row, _)| BoxPart::Outlier(row)))
}

/// A bar per level of x, cut by the levels of y; as wide as its rows, or all alike.
fn stacked(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    title: &str,
    x_levels: &[Option<String>],
    y_levels: &[Option<String>],
    counts: &[Vec<u64>],
) -> Option<(usize, usize)> {
    let id = ui.scope_id().with(("shares", title));
    let mut shares: bool = ui.data(|data| data.get_temp(id)).unwrap_or(true);
    ui.horizontal(|ui| {
        for (choice, name) in [(true, "Shares"), (false, "Counts")] {
            ui.selectable_value(&mut shares, choice, RichText::new(name).size(size::DATA));
        }
    });
    ui.data_mut(|data| data.insert_temp(id, shares));
    let name = |level: &Option<String>| level.clone().unwrap_or_else(|| "(other)".to_owned());
    let names: Vec<String> = y_levels.iter().map(name).collect();
    draw::legend(ui, ctx, names.iter().map(String::as_str));
    let most = counts.iter().map(|row| row.iter().sum::<u64>()).max().unwrap_or(0).max(1) as f32;
    let mut wanted = None;
    for (x, row) in counts.iter().enumerate() {
        let total: u64 = row.iter().sum();
        let x_name = name(&x_levels[x]);
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            let label = RichText::new(&x_name).size(size::DATA);
            ui.add_sized([110.0, 20.0], egui::Label::new(label).truncate());
            ui.add_space(space::S);
            let room = (ui.available_width() - space::S).max(40.0);
            let whole = if shares { total as f32 } else { most }.max(1.0);
            for (y, &n) in row.iter().enumerate().filter(|(_, n)| **n > 0) {
                let width = (room * n as f32 / whole).max(2.0);
                let (rect, response) = ui.allocate_exact_size(vec2(width, 20.0), Sense::click());
                let share = percent(n as f64 / total.max(1) as f64);
                let told = format!("{x_name}, {}: {} ({share})", names[y], count(n));
                response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &told));
                ui.painter().rect_filled(rect.shrink2(vec2(0.5, 1.0)), 2.0, draw::class_color(ctx, y, y_levels.len()));
                focus_ring(ui, ctx, &response);
                if response.on_hover_text(format!("{told}\nClick to see the rows")).clicked() {
                    wanted = Some((x, y));
                }
            }
        });
    }
    wanted
}
