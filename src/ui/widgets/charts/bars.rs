//! Histograms: one or two distributions over the same bins.

use egui::{Color32, Stroke, Ui};
use egui_plot::{Bar, BarChart};

use crate::ui::ctx::UiCtx;

use super::frame::{Chart, chart_ui, plain_number};
use super::line::base_plot;

pub struct BarSeries<'a> {
    pub name: &'a str,
    pub color: Color32,
    /// One per bin.
    pub values: &'a [f64],
}

pub struct Histogram<'a> {
    pub chart: Chart<'a>,
    pub x_label: &'a str,
    pub y_label: &'a str,
    /// One more than the bins, ascending.
    pub edges: &'a [f64],
    /// Drawn over each other, the first at the back.
    pub series: &'a [BarSeries<'a>],
    /// How an edge is written, on the axis and in tooltips: a number, a date.
    pub edge: fn(f64) -> String,
    /// How a bar's height is written in tooltips.
    pub value: fn(f64) -> String,
}

pub fn histogram(ui: &mut Ui, ctx: &UiCtx, chart: &Histogram) {
    // A single series needs no legend: the title names it.
    let several = if chart.series.len() > 1 { chart.series } else { &[] };
    let legend: Vec<(&str, Color32)> = several.iter().map(|s| (s.name, s.color)).collect();
    chart_ui(ui, ctx, &chart.chart, &legend, |ui, hidden| {
        let ends = chart.edges.first().into_iter().chain(chart.edges.last());
        let longest = ends.map(|x| (chart.edge)(*x).chars().count()).max().unwrap_or(1);
        let mut plot = base_plot(ctx, &chart.chart, [chart.x_label, chart.y_label], longest, |x, _| (chart.edge)(x))
            .include_y(0.0)
            .y_axis_formatter(|mark, _| (chart.value)(mark.value));
        for x in chart.edges.first().into_iter().chain(chart.edges.last()) {
            plot = plot.include_x(*x);
        }
        let alone = chart.series.len() - hidden.len() <= 1;
        plot.show(ui, |plot_ui| {
            for (at, series) in chart.series.iter().enumerate().filter(|(_, s)| !hidden.contains(s.name)) {
                plot_ui.bar_chart(bars(chart, series, alone || at == 0, chart.edge, chart.value));
            }
        })
        .response
    });
}

/// The one at the back is filled, the one in front an outline with a tint, so that both stay readable without colour.
fn bars(
    chart: &Histogram,
    series: &BarSeries,
    filled: bool,
    edge: fn(f64) -> String,
    value: fn(f64) -> String,
) -> BarChart {
    let (fill, stroke) = if filled {
        (series.color.gamma_multiply(0.55), Stroke::new(0.5, series.color))
    } else {
        (series.color.gamma_multiply(0.18), Stroke::new(1.5, series.color))
    };
    let name = series.name.to_owned();
    let bars = chart.edges.windows(2).zip(series.values).map(|(edges, height)| {
        Bar::new(f64::midpoint(edges[0], edges[1]), *height).width(edges[1] - edges[0]).fill(fill).stroke(stroke)
    });
    BarChart::new(series.name, bars.collect()).color(series.color).element_formatter(Box::new(move |bar, _| {
        let (from, to) = (bar.argument - bar.bar_width / 2.0, bar.argument + bar.bar_width / 2.0);
        format!("{name}\n{} to {}\n{}", edge(from), edge(to), value(bar.value))
    }))
}

/// The usual way to write an edge.
impl Histogram<'_> {
    pub const NUMBER: fn(f64) -> String = plain_number;
}
