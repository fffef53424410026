//! The curves of the compared runs: what fits the task.

use egui::{Color32, Ui};

use crate::domain::decision::expected_calibration_error;
use crate::domain::evaluation::{ClassCurves, Evaluation, EvaluationPlots};
use crate::domain::profile::Histogram as Counts;
use crate::domain::run::{Run, RunStatus};
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::format::{self, count};
use crate::ui::pages::parts;
use crate::ui::pages::train;
use crate::ui::theme::tokens::space;
use crate::ui::widgets::charts::{
    BarSeries, Chart, ChartTable, Histogram, LineChart, Points, Series, SeriesStyle, ShareRows, ShareSeries, confusion,
    histogram, line_chart, share_rows,
};
use crate::ui::widgets::page::card;
use crate::ui::widgets::states;

use super::RunsPage;
use super::compare::run_color;
use super::model;

const HEIGHT: f32 = 210.0;
const DIAGONAL: [[f64; 2]; 2] = [[0.0, 0.0], [1.0, 1.0]];

/// A run whose evaluation is here, with its name and colour.
struct Drawn<'a> {
    run: &'a Run,
    name: String,
    color: Color32,
    evaluation: &'a Evaluation,
}

type Draw<'a> = Box<dyn FnOnce(&mut Ui) + 'a>;

pub fn curves_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut RunsPage, runs: &[&Run]) {
    let drawn = drawn(ui, ctx, runs);
    let classes: Vec<String> = drawn
        .first()
        .map(|d| model::curve_classes(d.evaluation))
        .unwrap_or_default()
        .iter()
        .map(|c| (*c).to_owned())
        .collect();
    if classes.len() > 1 {
        let options: Vec<(String, String)> = classes.iter().map(|c| (c.clone(), c.clone())).collect();
        let selected = page.class.clone().or_else(|| classes.first().cloned());
        ui.horizontal(|ui| {
            parts::note(ui, ctx, "Class");
            if let Some(class) = parts::pick(ui, "Class", &options, selected.as_ref(), None, 160.0) {
                page.class = class;
            }
        });
    }
    let class = page.class.as_deref();
    let curves: Vec<(&Drawn, &ClassCurves)> =
        drawn.iter().filter_map(|d| Some((d, model::class_curves(d.evaluation, class)?))).collect();
    let mut charts: Vec<Draw> = Vec::new();
    if !curves.is_empty() {
        charts.push(Box::new(|ui| roc_ui(ui, ctx, &curves)));
        charts.push(Box::new(|ui| precision_recall_ui(ui, ctx, &curves)));
        charts.push(Box::new(|ui| calibration_ui(ui, ctx, &curves)));
    }
    for d in &drawn {
        match &d.evaluation.plots {
            EvaluationPlots::Classification { classes, confusion, .. } => {
                charts.push(Box::new(move |ui| confusion_ui(ui, ctx, d, classes, confusion)));
            }
            EvaluationPlots::Regression { points, residuals } => {
                charts.push(Box::new(move |ui| truth_ui(ui, ctx, d, points)));
                charts.push(Box::new(move |ui| residuals_ui(ui, ctx, d, residuals)));
            }
        }
        if let Some(detail) = ctx.state.run_details.get(&d.run.id).and_then(Loadable::value) {
            let title = d.run.plan.algorithm.title();
            let curves = train::model::curves(detail.points.iter().map(|point| (title, point)));
            if !curves.is_empty() {
                let title = format!("Learning curve · {}", d.name);
                charts.push(Box::new(move |ui| train::learning_chart(ui, ctx, &title, &curves, HEIGHT)));
            }
        }
        if !d.evaluation.importance.is_empty() {
            charts.push(Box::new(move |ui| importance_ui(ui, ctx, d)));
        }
    }
    grid(ui, ctx, charts);
}

/// Those whose evaluation has arrived; the others say why they are not drawn.
fn drawn<'a>(ui: &mut Ui, ctx: &UiCtx<'a>, runs: &[&'a Run]) -> Vec<Drawn<'a>> {
    let state = ctx.state;
    let mut out = Vec::new();
    for (at, run) in runs.iter().enumerate() {
        let name = model::run_name(run);
        match state.run_details.get(&run.id) {
            Some(Loadable::Failed(problem)) => parts::small_problem(ui, ctx, problem),
            Some(details) if details.value().is_some() => match details.value().and_then(|d| d.evaluation.as_ref()) {
                Some(evaluation) => out.push(Drawn { run, name, color: run_color(ctx, at), evaluation }),
                None => missing(ui, ctx, run),
            },
            _ if run.status != RunStatus::Completed => missing(ui, ctx, run),
            _ => states::loading(ui, ctx, &format!("the curves of run {}", run.id)),
        }
    }
    out
}

fn missing(ui: &mut Ui, ctx: &UiCtx, run: &Run) {
    let what = model::curves_words(run.plan.task);
    parts::note(ui, ctx, &format!("Run {} is {}: it has no {what}", run.id, run.status.as_str()));
}

/// Cards in as many columns as there is room for.
fn grid(ui: &mut Ui, ctx: &UiCtx, charts: Vec<Draw>) {
    let columns = ((ui.available_width() / 290.0) as usize).clamp(1, 3);
    let mut charts = charts.into_iter().peekable();
    while charts.peek().is_some() {
        ui.columns(columns, |uis| {
            for ui in uis {
                if let Some(chart) = charts.next() {
                    card(ui, ctx, chart);
                }
            }
        });
        ui.add_space(space::XS);
    }
}

/// One line per run over the unit square.
fn unit_chart(
    ui: &mut Ui,
    ctx: &UiCtx,
    what: &Unit,
    lines: &[(&Drawn, Vec<[f64; 2]>)],
    reference: Option<(&str, [[f64; 2]; 2])>,
) {
    let points: Vec<Points> = lines.iter().map(|(_, xy)| Points::new(xy.clone())).collect();
    let straight = Points::new(reference.map_or_else(Vec::new, |(_, ends)| ends.to_vec()));
    let mut series: Vec<Series> = lines
        .iter()
        .zip(&points)
        .map(|((d, _), points)| Series { name: &d.name, color: d.color, points, style: what.style })
        .collect();
    if let Some((name, _)) = reference {
        series.push(Series { name, color: ctx.tokens.reference, points: &straight, style: SeriesStyle::Dashed });
    }
    let table = || {
        let mut table = ChartTable::new(["run", what.x, what.y]);
        for (d, xy) in lines {
            table.rows.extend(xy.iter().map(|p| vec![d.name.clone(), p[0].to_string(), p[1].to_string()]));
        }
        table
    };
    let chart = Chart { id: what.title, title: what.title, summary: &what.summary, height: HEIGHT, table: &table };
    let unit = Some([0.0, 1.0]);
    line_chart(
        ui,
        ctx,
        &LineChart { chart, x_label: what.x, y_label: what.y, series: &series, x_range: unit, y_range: unit },
    );
}

/// What is drawn in the unit square.
struct Unit<'a> {
    title: &'a str,
    x: &'a str,
    y: &'a str,
    style: SeriesStyle,
    summary: String,
}

fn metric_summary(title: &str, curves: &[(&Drawn, &ClassCurves)], key: &str) -> String {
    let each: Vec<String> = curves
        .iter()
        .map(|(d, _)| match d.run.metrics.test.get(key) {
            Some(value) => format!("{} {value:.4}", d.name),
            None => d.name.clone(),
        })
        .collect();
    format!("{title} of {}: {}", curves[0].1.class, each.join(", "))
}

fn roc_ui(ui: &mut Ui, ctx: &UiCtx, curves: &[(&Drawn, &ClassCurves)]) {
    let lines: Vec<_> = curves.iter().map(|(d, c)| (*d, c.roc.clone())).collect();
    let unit = Unit {
        title: "ROC curve",
        x: "False positive rate",
        y: "True positive rate",
        style: SeriesStyle::Solid,
        summary: metric_summary("Area under the ROC curve", curves, "roc_auc"),
    };
    unit_chart(ui, ctx, &unit, &lines, Some(("Chance", DIAGONAL)));
}

fn precision_recall_ui(ui: &mut Ui, ctx: &UiCtx, curves: &[(&Drawn, &ClassCurves)]) {
    let lines: Vec<_> = curves.iter().map(|(d, c)| (*d, model::steps(&c.precision_recall))).collect();
    // Runs tested on different rows may have different chances: then none is drawn.
    let shares: Vec<Option<f64>> = curves.iter().map(|(d, c)| model::class_share(d.evaluation, &c.class)).collect();
    let share = shares[0].filter(|_| shares.iter().all(|s| *s == shares[0]));
    let unit = Unit {
        title: "Precision–recall curve",
        x: "Recall",
        y: "Precision",
        style: SeriesStyle::Solid,
        summary: metric_summary("Average precision", curves, "average_precision"),
    };
    unit_chart(ui, ctx, &unit, &lines, share.map(|y| ("Chance", [[0.0, y], [1.0, y]])));
}

fn calibration_ui(ui: &mut Ui, ctx: &UiCtx, curves: &[(&Drawn, &ClassCurves)]) {
    let points = |c: &ClassCurves| c.calibration.iter().map(|(p, o, _)| [*p, *o]).collect::<Vec<_>>();
    let lines: Vec<_> = curves.iter().map(|(d, c)| (*d, points(c))).collect();
    let unit = Unit {
        title: "Calibration",
        x: "Predicted probability",
        y: "Observed share",
        style: SeriesStyle::Marked,
        summary: metric_summary("Calibration, Brier score", curves, "brier"),
    };
    unit_chart(ui, ctx, &unit, &lines, Some(("Perfect", DIAGONAL)));
    let error = |(d, c): &(&Drawn, &ClassCurves)| {
        let error = expected_calibration_error(&c.calibration)?;
        Some(format!("{} {}", d.name, format::fixed(error, 4)))
    };
    let each: Vec<String> = curves.iter().filter_map(error).collect();
    parts::note(ui, ctx, &format!("Expected calibration error (ECE): {}", each.join(", ")));
}

fn confusion_ui(ui: &mut Ui, ctx: &UiCtx, d: &Drawn, classes: &[String], cells: &[Vec<u64>]) {
    let right: u64 = cells.iter().enumerate().filter_map(|(i, row)| row.get(i)).sum();
    let summary = format!("{}: {} of {} test rows right", d.name, count(right), count(d.evaluation.n_rows));
    let table = || {
        let mut table = ChartTable::new(["actual", "predicted", "rows"]);
        for (t, row) in cells.iter().enumerate() {
            for (p, n) in row.iter().enumerate() {
                table.rows.push(vec![classes[t].clone(), classes[p].clone(), n.to_string()]);
            }
        }
        table
    };
    let title = format!("Confusion · {}", d.name);
    let height = HEIGHT.max(40.0 + 26.0 * classes.len() as f32);
    let chart = Chart { id: &title, title: &title, summary: &summary, height, table: &table };
    confusion(ui, ctx, &chart, classes, cells);
}

fn importance_ui(ui: &mut Ui, ctx: &UiCtx, d: &Drawn) {
    let top: Vec<&(String, f64)> = d.evaluation.importance.iter().take(10).collect();
    let names: Vec<String> = top.iter().map(|(name, _)| name.clone()).collect();
    let shares: Vec<f64> = top.iter().map(|(_, share)| *share).collect();
    let table = || {
        let mut table = ChartTable::new(["feature", "share"]);
        table.rows.extend(d.evaluation.importance.iter().map(|(name, share)| vec![name.clone(), share.to_string()]));
        table
    };
    let title = format!("Importance · {}", d.name);
    let summary = format!("{}: most weight on {} ({})", d.name, names[0], format::percent(shares[0]));
    let chart = Chart { id: &title, title: &title, summary: &summary, height: HEIGHT, table: &table };
    let series = [ShareSeries { name: d.evaluation.importance_by.describe(), color: d.color, shares: &shares }];
    share_rows(ui, ctx, &ShareRows { chart, names: &names, series: &series });
}

fn truth_ui(ui: &mut Ui, ctx: &UiCtx, d: &Drawn, points: &[[f64; 2]]) {
    let title = format!("Prediction against truth · {}", d.name);
    let series = Points::from(points);
    let ends = series.bounds().map(|b| [b.min[0].min(b.min[1]), b.max[0].max(b.max[1])]).unwrap_or([0.0, 1.0]);
    let diagonal = Points::new(vec![[ends[0]; 2], [ends[1]; 2]]);
    let table = || {
        let mut table = ChartTable::new(["truth", "prediction"]);
        table.rows.extend(points.iter().map(|p| vec![p[0].to_string(), p[1].to_string()]));
        table
    };
    let rmse = d.run.metrics.test.get("rmse").map_or_else(String::new, |v| format!(", RMSE {}", format::number(*v)));
    let summary = format!("{}: {} test rows{rmse}", d.name, count(d.evaluation.n_rows));
    let chart = Chart { id: &title, title: &title, summary: &summary, height: HEIGHT, table: &table };
    let series = [
        Series { name: "Test rows", color: d.color, points: &series, style: SeriesStyle::Dots },
        Series { name: "Perfect", color: ctx.tokens.reference, points: &diagonal, style: SeriesStyle::Dashed },
    ];
    line_chart(
        ui,
        ctx,
        &LineChart { chart, x_label: "Truth", y_label: "Prediction", series: &series, x_range: None, y_range: None },
    );
}

fn residuals_ui(ui: &mut Ui, ctx: &UiCtx, d: &Drawn, residuals: &Counts) {
    let title = format!("Residuals · {}", d.name);
    let values: Vec<f64> = residuals.counts.iter().map(|n| *n as f64).collect();
    let table = || {
        let mut table = ChartTable::new(["from", "to", "rows"]);
        let bins = residuals.edges.windows(2).zip(&residuals.counts);
        table.rows.extend(bins.map(|(e, n)| vec![e[0].to_string(), e[1].to_string(), n.to_string()]));
        table
    };
    let bias = d
        .run
        .metrics
        .test
        .get("median_ae")
        .map_or_else(String::new, |v| format!(", half within {}", format::number(*v)));
    let summary = format!("{}: truth minus prediction{bias}", d.name);
    let chart = Chart { id: &title, title: &title, summary: &summary, height: HEIGHT, table: &table };
    histogram(
        ui,
        ctx,
        &Histogram {
            chart,
            x_label: "Truth minus prediction",
            y_label: "Rows",
            edges: &residuals.edges,
            series: &[BarSeries { name: "Test rows", color: d.color, values: &values }],
            edge: Histogram::NUMBER,
            value: |v| count(v.max(0.0) as u64),
        },
    );
}
