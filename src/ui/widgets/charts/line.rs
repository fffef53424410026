//! Lines and points: curves, learning curves, scatter plots.

use egui::{Color32, Rangef, Ui};
use egui_plot::{AxisHints, HoverPosition, Line, LineStyle, Plot, PlotPoints, PlotUi, uniform_grid_spacer};

use crate::ui::ctx::UiCtx;

use super::decimate::Points;
use super::frame::{Chart, chart_ui, plain_number, tick};

/// Width in points of the base step a plot tells its grid.
const GRID_BASE: f32 = 8.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SeriesStyle {
    #[default]
    Solid,
    /// For what is not data: chance, perfect calibration.
    Dashed,
    /// Points joined by a line.
    Marked,
    /// Points alone.
    Dots,
}

pub struct Series<'a> {
    pub name: &'a str,
    pub color: Color32,
    pub points: &'a Points,
    pub style: SeriesStyle,
}

pub struct LineChart<'a> {
    pub chart: Chart<'a>,
    pub x_label: &'a str,
    pub y_label: &'a str,
    pub series: &'a [Series<'a>],
    /// Always in view, whatever the data: `[0, 1]` for shares.
    pub x_range: Option<[f64; 2]>,
    pub y_range: Option<[f64; 2]>,
}

/// Drag pans, Ctrl and wheel or a box with the right button zooms, double click shows all; the wheel alone scrolls
/// the page. Hovering names the nearest point with its exact values.
pub fn line_chart(ui: &mut Ui, ctx: &UiCtx, chart: &LineChart) {
    let legend: Vec<(&str, Color32)> = chart.series.iter().map(|s| (s.name, s.color)).collect();
    chart_ui(ui, ctx, &chart.chart, &legend, |ui, hidden| {
        let shown: Vec<&Series> = chart.series.iter().filter(|s| !hidden.contains(s.name)).collect();
        let longest = longest_label(chart, &shown);
        let plot = base_plot(ctx, &chart.chart, [chart.x_label, chart.y_label], longest, tick);
        let plot = with_bounds(plot, chart, &shown);
        plot.show(ui, |plot_ui| {
            for series in &shown {
                draw_series(plot_ui, series);
            }
        })
        .response
    });
}

/// Characters of the longest number under the axis.
fn longest_label(chart: &LineChart, shown: &[&Series]) -> usize {
    let data = shown.iter().filter_map(|s| s.points.bounds()).flat_map(|b| [b.min[0], b.max[0]]);
    let ends: Vec<f64> = data.chain(chart.x_range.into_iter().flatten()).collect();
    let span = ends.iter().fold(0.0_f64, |a, b| a.max(*b)) - ends.iter().fold(0.0_f64, |a, b| a.min(*b));
    ends.iter().map(|x| tick(*x, span / 5.0).chars().count()).max().unwrap_or(1)
}

/// A plot with our axes, grid, gestures and hover text. Lines stand far enough apart for `longest` characters below
/// them; `x_tick` writes a value at a distance to the next.
pub(super) fn base_plot<'a>(
    ctx: &UiCtx,
    chart: &Chart,
    [x_label, y_label]: [&'a str; 2],
    longest: usize,
    x_tick: impl Fn(f64, f64) -> String + 'a,
) -> Plot<'a> {
    // In points: seven per character and some air.
    let apart = (longest as f32 * 7.0 + 14.0).max(36.0);
    let x_axis = AxisHints::new_x()
        .label(x_label)
        .label_spacing(Rangef::new(apart * 0.8, apart * 0.9))
        .formatter(move |mark, _| x_tick(mark.value, mark.step_size));
    let per_step = f64::from(apart / GRID_BASE);
    Plot::new(chart.id)
        .height(chart.height)
        .show_background(false)
        .grid_color(ctx.tokens.line)
        .cursor_color(ctx.tokens.text_weak)
        .allow_scroll(false)
        .set_margin_fraction(egui::vec2(0.02, 0.04))
        .custom_x_axes(vec![x_axis])
        .y_axis_label(y_label)
        .x_grid_spacer(uniform_grid_spacer(move |input| [nice_step(input.base_step_size * per_step); 3]))
        .y_grid_spacer(uniform_grid_spacer(|input| [nice_step(input.base_step_size * 4.5); 3]))
        .y_axis_formatter(|mark, _| tick(mark.value, mark.step_size))
        .label_formatter(move |at| match at {
            HoverPosition::NearDataPoint { plot_name, position, .. } => Some(format!(
                "{plot_name}\n{x_label}: {}\n{y_label}: {}",
                plain_number(position.x),
                plain_number(position.y)
            )),
            HoverPosition::Elsewhere { .. } => None,
        })
}

fn with_bounds<'a>(mut plot: Plot<'a>, chart: &LineChart, shown: &[&Series]) -> Plot<'a> {
    for x in chart.x_range.into_iter().flatten() {
        plot = plot.include_x(x);
    }
    for y in chart.y_range.into_iter().flatten() {
        plot = plot.include_y(y);
    }
    // Of a long series only what the window shows is handed over, so the plot has to be told how far it goes.
    for bounds in shown.iter().filter(|s| s.points.is_big()).filter_map(|s| s.points.bounds()) {
        plot = plot.include_x(bounds.min[0]).include_x(bounds.max[0]);
        plot = plot.include_y(bounds.min[1]).include_y(bounds.max[1]);
    }
    plot
}

fn draw_series(plot_ui: &mut PlotUi, series: &Series) {
    let bounds = plot_ui.plot_bounds();
    let columns = plot_ui.transform().frame().width().max(1.0) as usize;
    let points = series.points.visible(bounds.min()[0], bounds.max()[0], columns);
    let dots = |points: Vec<[f64; 2]>, radius: f32| {
        egui_plot::Points::new(series.name, PlotPoints::from(points)).color(series.color).radius(radius)
    };
    // Without bands: the plot would fill the area under a vertical step, as ROC curves have them.
    let line =
        |points: Vec<[f64; 2]>| Line::new(series.name, PlotPoints::from(points)).color(series.color).allow_band(false);
    match series.style {
        // A long series goes up and down within a pixel: thin strokes keep its corners from sticking out.
        SeriesStyle::Solid => plot_ui.line(line(points).width(if series.points.is_big() { 1.0 } else { 1.8 })),
        SeriesStyle::Dashed => {
            plot_ui.line(line(points).width(1.2).style(LineStyle::dashed_dense()).allow_hover(false))
        }
        SeriesStyle::Marked => {
            plot_ui.line(line(points.clone()).width(1.8).allow_hover(false));
            plot_ui.points(dots(points, 3.5));
        }
        SeriesStyle::Dots => plot_ui.points(dots(points, 2.0)),
    }
}

/// The next 1, 2 or 5 times a power of ten.
fn nice_step(wanted: f64) -> f64 {
    if !wanted.is_finite() || wanted <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(wanted.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|step| *step >= wanted).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_one_two_or_five_times_a_power_of_ten() {
        assert_eq!([0.3, 1.0, 1.1, 3.0, 70.0].map(nice_step), [0.5, 1.0, 2.0, 5.0, 100.0]);
        assert_eq!(nice_step(0.0), 1.0);
        assert_eq!(nice_step(f64::NAN), 1.0);
    }
}
