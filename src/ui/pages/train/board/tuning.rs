//! The plots of a search: parallel coordinates, which parameters mattered, and one parameter against the score.

use egui::{ScrollArea, Ui};

use crate::domain::ids::GroupId;
use crate::state::command::Command;
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::pages::train::model::metric_number;
use crate::ui::pages::train::model::tuning::{Search, searches};
use crate::ui::pages::train::{About, TrainPage};
use crate::ui::widgets::charts::{
    Chart, ChartTable, LineChart, Parallel, ParallelAxis, ParallelLine, Points, Series, SeriesStyle, ShareRows,
    ShareSeries, line_chart, parallel, share_rows,
};

/// From this width on the three plots stand side by side.
const BESIDE: f32 = 720.0;

pub fn tuning_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut TrainPage, about: &About, target: &str) {
    let all = searches(about.history, about.version, target);
    let Some(search) = page.search.and_then(|id| all.iter().find(|s| s.group == id)).or(all.first()) else {
        let text = "No search for parameters yet. Choose “Tune one” in step 4; its trials appear here while they run";
        return parts::note(ui, ctx, text);
    };
    ui.horizontal(|ui| {
        let options: Vec<(GroupId, String)> = all.iter().map(|s| (s.group, s.title())).collect();
        if let Some(picked) = parts::pick(ui, "Search", &options, Some(&search.group), None, 320.0) {
            page.search = picked;
        }
        if let Some(best) = search.trials.iter().find(|trial| trial.best)
            && ui.button(format!("Show the best, run {}", best.run.id)).clicked()
        {
            ctx.send(Command::FocusRun(best.run.id));
        }
    });
    if search.axes.is_empty() {
        return parts::note(ui, ctx, "The plots need two trials with different parameters");
    }
    ScrollArea::vertical().id_salt("tuning plots").auto_shrink([false, false]).show(ui, |ui| {
        let room = ui.available_width();
        let height = if room >= BESIDE { (ui.available_height() - 34.0).clamp(150.0, 420.0) } else { 190.0 };
        if room >= BESIDE {
            ui.horizontal_top(|ui| {
                ui.vertical(|ui| {
                    ui.set_width(room * 0.44);
                    parallel_ui(ui, ctx, search, height);
                });
                ui.vertical(|ui| {
                    ui.set_width(room * 0.22);
                    importance_ui(ui, ctx, search, height);
                });
                ui.vertical(|ui| scatter_ui(ui, ctx, page, search, height - 84.0));
            });
        } else {
            parallel_ui(ui, ctx, search, height);
            importance_ui(ui, ctx, search, height);
            scatter_ui(ui, ctx, page, search, height);
        }
    });
}

fn parallel_ui(ui: &mut Ui, ctx: &UiCtx, search: &Search, height: f32) {
    let mut axes: Vec<ParallelAxis> = search
        .axes
        .iter()
        .map(|axis| ParallelAxis { name: axis.name.replace('_', " "), low: axis.low.clone(), high: axis.high.clone() })
        .collect();
    let goodness = search.goodness();
    let scores: Vec<f64> = search.trials.iter().filter_map(|t| t.score).collect();
    let ends = [
        scores.iter().copied().fold(f64::INFINITY, f64::min),
        scores.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    ];
    let (low, high) = if search.metric.higher_is_better() { (ends[0], ends[1]) } else { (ends[1], ends[0]) };
    let number = |x: f64| if x.is_finite() { metric_number(x) } else { "—".to_owned() };
    axes.push(ParallelAxis { name: search.metric.title().to_owned(), low: number(low), high: number(high) });
    let place = |score: f64| if high == low { 0.5 } else { (score - low) / (high - low) };
    let mut order: Vec<usize> = (0..search.trials.len()).collect();
    order.sort_by(|&a, &b| goodness[a].unwrap_or(-1.0).total_cmp(&goodness[b].unwrap_or(-1.0)));
    let line = |&at: &usize| {
        let trial = &search.trials[at];
        let mut places: Vec<Option<f64>> = search.axes.iter().map(|axis| Some(axis.places[at])).collect();
        places.push(trial.score.map(place));
        let score = trial.score.map_or_else(|| trial.run.status.as_str().to_owned(), metric_number);
        let color = match goodness[at] {
            // The better, the nearer to the accent; the best third stands out.
            Some(good) => ctx.tokens.tint(ctx.tokens.accent, 0.15 + 0.85 * (good * good) as f32),
            None => ctx.tokens.line,
        };
        let width = if trial.best { 3.0 } else { 1.2 };
        let name = format!("Trial {} · run {} · {score}", trial.number, trial.run.id);
        ParallelLine { name, places, color, width }
    };
    let lines: Vec<ParallelLine> = order.iter().map(line).collect();
    let table = || table(search);
    let summary = format!("{}: parameters and {} of every trial", search.title(), search.metric.title());
    let title = "Trials, the better the darker";
    let title = if ctx.tokens.dark { "Trials, the better the brighter" } else { title };
    let chart = Chart { id: "parallel", title, summary: &summary, height, table: &table };
    parallel(ui, ctx, &Parallel { chart, axes: &axes, lines: &lines });
}

fn table(search: &Search) -> ChartTable {
    let mut table = ChartTable::new(["trial", "run"]);
    table.columns.extend(search.axes.iter().map(|axis| axis.name.to_owned()));
    table.columns.push(search.metric.key().to_owned());
    for trial in &search.trials {
        let mut row = vec![trial.number.to_string(), trial.run.id.to_string()];
        for axis in &search.axes {
            let value = trial.run.plan.params.iter().find(|(name, _)| *name == axis.name);
            row.push(value.map_or_else(String::new, |(_, value)| value.to_string()));
        }
        row.push(trial.score.map_or_else(String::new, |score| score.to_string()));
        table.rows.push(row);
    }
    table
}

fn importance_ui(ui: &mut Ui, ctx: &UiCtx, search: &Search, height: f32) {
    let all = search.importance();
    if all.is_empty() {
        parts::heading(ui, ctx, "What mattered");
        let done = search.trials.iter().filter(|t| t.score.is_some()).count() as u64;
        let done = format::counted(done, "trial has", "trials have");
        return parts::note(ui, ctx, &format!("Needs 8 finished trials; {done} ended"));
    }
    let names: Vec<String> = all.iter().map(|(name, _)| name.replace('_', " ")).collect();
    let shares: Vec<f64> = all.iter().map(|(_, share)| *share).collect();
    let table = || {
        let mut table = ChartTable::new(["parameter", "share"]);
        table.rows.extend(all.iter().map(|(name, share)| vec![(*name).to_owned(), share.to_string()]));
        table
    };
    let summary = format!("What mattered: most {} ({})", names[0], format::percent(shares[0]));
    let chart = Chart { id: "parameter importance", title: "What mattered", summary: &summary, height, table: &table };
    let series = [ShareSeries { name: "Share of the spread explained", color: ctx.tokens.accent, shares: &shares }];
    share_rows(ui, ctx, &ShareRows { chart, names: &names, series: &series });
}

fn scatter_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut TrainPage, search: &Search, height: f32) {
    let first = search.importance().first().map_or(search.axes[0].name, |(name, _)| *name);
    let shown = page.scatter.and_then(|name| search.axes.iter().find(|axis| axis.name == name));
    let Some(axis) = shown.or(search.axes.iter().find(|axis| axis.name == first)) else { return };
    let options: Vec<(&'static str, String)> =
        search.axes.iter().map(|axis| (axis.name, axis.name.replace('_', " "))).collect();
    if let Some(picked) = parts::pick(ui, "Parameter", &options, Some(&axis.name), None, 160.0) {
        page.scatter = picked;
    }
    let of = |best: bool| {
        let each = search.trials.iter().zip(&axis.values).filter(|(trial, _)| trial.best == best);
        Points::new(each.filter_map(|(trial, value)| Some([*value, trial.score?])).collect())
    };
    let (others, best) = (of(false), of(true));
    let series = [
        Series { name: "Trials", color: ctx.tokens.series[0], points: &others, style: SeriesStyle::Dots },
        Series { name: "Best", color: ctx.tokens.series[1], points: &best, style: SeriesStyle::Marked },
    ];
    let name = axis.name.replace('_', " ");
    let x_label = if axis.log { format!("{name}, power of ten") } else { name.clone() };
    let table = || table(search);
    let summary = format!("{} of every trial against {name}", search.metric.title());
    let title = format!("{} by {name}", search.metric.title());
    let chart = Chart { id: "scatter", title: &title, summary: &summary, height: height.max(90.0), table: &table };
    let chart = LineChart {
        chart,
        x_label: &x_label,
        y_label: search.metric.title(),
        series: &series,
        x_range: None,
        y_range: None,
    };
    line_chart(ui, ctx, &chart);
}
