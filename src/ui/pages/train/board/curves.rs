//! Learning curves: those that grow now, else those of the run in focus.

use egui::Ui;

use crate::domain::request::JobRequest;
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::pages::parts;
use crate::ui::pages::train::About;
use crate::ui::pages::train::model::{self, Curve};
use crate::ui::widgets::charts::{Chart, ChartTable, LineChart, Points, Series, SeriesStyle, line_chart};

pub fn curves_ui(ui: &mut Ui, ctx: &UiCtx, about: &About, target: &str) {
    let live = match model::own_job(&ctx.state.jobs, target) {
        Some((job, JobRequest::Train(_))) => {
            let points = ctx.state.jobs.points_of(job.id);
            model::curves(points.iter().map(|(run, point)| (run.as_str(), point)))
        }
        _ => Vec::new(),
    };
    if !live.is_empty() {
        let height = height(ui);
        return learning_chart(ui, ctx, "Learning curves while training", &live, height);
    }
    let Some(run) = ctx.state.focus.run.and_then(|id| about.history.run(id)) else {
        return parts::note(ui, ctx, "While models train their loss is drawn here; choose a run to see how it learned");
    };
    let title = format!("Learning curve of run {} · {}", run.id, run.plan.algorithm.title());
    let stored = match ctx.state.run_details.get(&run.id).and_then(Loadable::value) {
        Some(detail) => model::curves(detail.points.iter().map(|point| (run.plan.algorithm.title(), point))),
        None => Vec::new(),
    };
    if stored.is_empty() {
        let word = run.plan.algorithm.title();
        return parts::note(ui, ctx, &format!("{word} (run {}) learns in one step: there is no curve", run.id));
    }
    let height = height(ui);
    learning_chart(ui, ctx, &title, &stored, height);
}

/// What is left of the board for a plot, beside its title, legend and axis.
fn height(ui: &Ui) -> f32 {
    (ui.available_height() - 84.0).clamp(110.0, 420.0)
}

/// Loss by iteration; the training part dashed where there is a validation part.
pub fn learning_chart(ui: &mut Ui, ctx: &UiCtx, title: &str, curves: &[Curve], height: f32) {
    let names: Vec<String> = curves.iter().map(|curve| format!("{} · {}", curve.run, curve.part)).collect();
    let points: Vec<Points> = curves.iter().map(|curve| Points::new(curve.points.clone())).collect();
    let mut runs: Vec<&str> = curves.iter().map(|curve| curve.run.as_str()).collect();
    runs.dedup();
    let color = |curve: &Curve| {
        let at = runs.iter().position(|run| *run == curve.run).unwrap_or(0);
        ctx.tokens.series[at % ctx.tokens.series.len()]
    };
    let watched = |curve: &Curve| curves.iter().any(|other| other.run == curve.run && other.part != "train");
    let series: Vec<Series> = curves
        .iter()
        .zip(&points)
        .zip(&names)
        .map(|((curve, points), name)| {
            let dashed = curve.part == "train" && watched(curve);
            let style = if dashed { SeriesStyle::Dashed } else { SeriesStyle::Solid };
            Series { name, color: color(curve), points, style }
        })
        .collect();
    let table = || {
        let mut table = ChartTable::new(["run", "part", "metric", "iteration", "value"]);
        for curve in curves {
            let row = |p: &[f64; 2]| {
                vec![curve.run.clone(), curve.part.clone(), curve.metric.clone(), p[0].to_string(), p[1].to_string()]
            };
            table.rows.extend(curve.points.iter().map(row));
        }
        table
    };
    let last = |curve: &Curve| curve.points.last().map_or(f64::NAN, |p| p[1]);
    let each: Vec<String> = curves
        .iter()
        .zip(&names)
        .map(|(curve, name)| format!("{name} {:.4} after {} iterations", last(curve), curve.points.len()))
        .collect();
    let summary = format!("Loss by iteration: {}", each.join(", "));
    let chart = Chart { id: title, title, summary: &summary, height, table: &table };
    let chart =
        LineChart { chart, x_label: "Iteration", y_label: "Loss", series: &series, x_range: None, y_range: None };
    line_chart(ui, ctx, &chart);
}
