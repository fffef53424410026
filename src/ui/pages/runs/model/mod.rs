//! The run table and the comparison, ready to draw. Pure.

use std::collections::BTreeSet;

use crate::domain::comparison::{ComparedSetting, Comparison, SettingOf};
use crate::domain::evaluation::{ClassCurves, Evaluation, EvaluationPlots};
use crate::domain::history::History;
use crate::domain::ids::RunId;
use crate::domain::metric::Metric;
use crate::domain::params::Algorithm;
use crate::domain::run::{Run, RunStatus};
use crate::domain::task::Task;
use crate::ui::format;
use crate::ui::pages::train::model::{decimals_of, metric_number};
use crate::ui::widgets::charts::ChartTable;

mod table;

pub use table::{RunColumn, RunSort, best_of_each, cell, columns, rows, summary};

/// The runs being compared, the first one being what the others are measured against.
pub fn compared<'a>(history: &'a History, compare: &BTreeSet<RunId>) -> Vec<&'a Run> {
    let mut runs: Vec<&Run> = compare.iter().filter_map(|id| history.run(*id)).collect();
    runs.sort_by_key(|r| (r.plan.algorithm != Algorithm::Baseline, r.id));
    runs
}

/// One metric over all compared runs.
#[derive(Debug, PartialEq)]
pub struct MetricLine {
    pub metric: Metric,
    pub cells: Vec<MetricCell>,
}

#[derive(Debug, PartialEq)]
pub struct MetricCell {
    pub value: String,
    /// Against the first run; `None` for it and where either lacks the metric.
    pub delta: Option<Delta>,
    pub best: bool,
}

#[derive(Debug, PartialEq)]
pub struct Delta {
    /// `+0.0210`
    pub text: String,
    pub rises: bool,
    /// `None` when equal.
    pub better: Option<bool>,
}

/// Which rows a metric was measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Part {
    #[default]
    Test,
    CrossValidated,
    Train,
}

impl Part {
    pub const ALL: [Self; 3] = [Self::Test, Self::CrossValidated, Self::Train];

    pub fn title(self) -> &'static str {
        match self {
            Self::Test => "Test rows",
            Self::CrossValidated => "Cross-validated",
            Self::Train => "Train rows",
        }
    }

    /// As `ComparedMetric::part` spells it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::CrossValidated => "cv",
            Self::Train => "train",
        }
    }
}

pub fn metric_lines(comparison: &Comparison, part: Part) -> Vec<MetricLine> {
    let rows = comparison.metrics.iter().filter(|m| m.part == part.key());
    rows.filter_map(|row| {
        let metric = Metric::parse(&row.metric)?;
        let base = row.values.first().copied().flatten();
        let cell = |(at, value): (usize, &Option<f64>)| MetricCell {
            value: value.map_or_else(|| "—".to_owned(), metric_number),
            delta: if at == 0 { None } else { delta(metric, base, *value) },
            best: row.best == Some(at),
        };
        Some(MetricLine { metric, cells: row.values.iter().enumerate().map(cell).collect() })
    })
    .collect()
}

fn delta(metric: Metric, base: Option<f64>, value: Option<f64>) -> Option<Delta> {
    let (base, value) = (base?, value?);
    let difference = value - base;
    let better = (difference != 0.0).then(|| metric.better(value, base));
    let sign = if difference < 0.0 { "−" } else { "+" };
    let text = if difference == 0.0 { "±0".to_owned() } else { format!("{sign}{}", step(base, value)) };
    Some(Delta { text, rises: difference > 0.0, better })
}

/// The size of a difference with the decimals of the two numbers, more only where it would read as nothing.
fn step(base: f64, value: f64) -> String {
    let size = (value - base).abs();
    let text = format::fixed(size, decimals_of(base.abs().max(value.abs())));
    if text.bytes().any(|b| matches!(b, b'1'..=b'9')) { text } else { format::number(size) }
}

/// The settings of one tab.
pub fn settings(comparison: &Comparison, about: SettingOf) -> Vec<&ComparedSetting> {
    comparison.settings.iter().filter(|s| s.about == about).collect()
}

/// A run's name in charts and column heads: "12 Decision tree".
pub fn run_name(run: &Run) -> String {
    format!("{} {}", run.id, run.plan.algorithm.title())
}

/// The curves of the class in question; the positive one for two classes.
pub fn class_curves<'a>(evaluation: &'a Evaluation, class: Option<&str>) -> Option<&'a ClassCurves> {
    let EvaluationPlots::Classification { curves, .. } = &evaluation.plots else { return None };
    class.and_then(|c| curves.iter().find(|k| k.class == c)).or_else(|| curves.first())
}

/// A precision–recall curve as steps: between two recalls the precision is that of the higher one, as average
/// precision adds it up. A straight line would promise what no threshold gives.
pub fn steps(curve: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut out: Vec<[f64; 2]> = Vec::with_capacity(curve.len() * 2);
    for point in curve {
        if let Some(last) = out.last().copied()
            && last[0] != point[0]
            && last[1] != point[1]
        {
            out.push([last[0], point[1]]);
        }
        out.push(*point);
    }
    out
}

/// Share of the test rows that belong to the class: the precision of guessing.
pub fn class_share(evaluation: &Evaluation, class: &str) -> Option<f64> {
    let EvaluationPlots::Classification { classes, confusion, .. } = &evaluation.plots else { return None };
    let row = confusion.get(classes.iter().position(|c| c == class)?)?;
    let all: u64 = confusion.iter().flatten().sum();
    (all > 0).then(|| row.iter().sum::<u64>() as f64 / all as f64)
}

/// The classes that can be looked at, when there is more than one.
pub fn curve_classes(evaluation: &Evaluation) -> Vec<&str> {
    match &evaluation.plots {
        EvaluationPlots::Classification { curves, .. } => curves.iter().map(|c| c.class.as_str()).collect(),
        EvaluationPlots::Regression { .. } => Vec::new(),
    }
}

/// The comparison of metrics for a spreadsheet.
pub fn metrics_table(comparison: &Comparison, part: Part) -> ChartTable {
    let mut table = ChartTable::new(["metric"]);
    table.columns.extend(comparison.titles.iter().cloned());
    for line in comparison.metrics.iter().filter(|m| m.part == part.key()) {
        let mut row = vec![line.metric.clone()];
        row.extend(line.values.iter().map(|v| v.map_or_else(String::new, |v| v.to_string())));
        table.rows.push(row);
    }
    table
}

/// Can this run be exported or score a file?
pub fn usable(run: &Run) -> bool {
    run.status == RunStatus::Completed && run.model_hash.is_some()
}

/// What the plots of a task are called in the plural, for the empty look.
pub fn curves_words(task: Task) -> &'static str {
    if task.is_classification() {
        "ROC, precision–recall and calibration curves"
    } else {
        "predictions and residuals"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::comparison::{self, fairness_warnings};
    use crate::ui::pages::fixture;

    #[test]
    fn the_filter_takes_words_in_any_order() {
        let runs = fixture::history().runs;
        assert_eq!(rows(&runs, "tree COMPLETED", RunSort::default()).len(), 2);
        assert!(rows(&runs, "nothing", RunSort::default()).is_empty());
    }

    #[test]
    fn sorting_by_score_puts_the_best_first_and_runs_without_last() {
        let runs = fixture::history().runs;
        let sort = RunSort::default().clicked(RunColumn::Score);
        let sorted = rows(&runs, "", sort);
        assert_eq!(sorted[0].plan.algorithm, Algorithm::DecisionTree);
        assert!(sorted.last().unwrap().score().is_none());
        let again = rows(&runs, "", sort.clicked(RunColumn::Score));
        assert_eq!(again[0].plan.algorithm, Algorithm::Baseline);
        assert!(again.last().unwrap().score().is_none());
    }

    #[test]
    fn a_metric_sorts_its_better_end_first() {
        assert!(RunSort::default().clicked(RunColumn::Metric(Metric::RocAuc)).descending);
        assert!(!RunSort::default().clicked(RunColumn::Metric(Metric::LogLoss)).descending);
    }

    #[test]
    fn the_baseline_is_what_others_are_measured_against() {
        let history = fixture::history();
        let ids: BTreeSet<RunId> = history.runs.iter().map(|r| r.id).collect();
        let runs = compared(&history, &ids);
        assert_eq!(runs[0].plan.algorithm, Algorithm::Baseline);
    }

    #[test]
    fn deltas_know_which_way_is_better() {
        let up = delta(Metric::RocAuc, Some(0.5), Some(0.75)).unwrap();
        assert_eq!((up.text.as_str(), up.better), ("+0.2500", Some(true)));
        let down = delta(Metric::LogLoss, Some(0.5), Some(0.25)).unwrap();
        assert_eq!((down.text.as_str(), down.better), ("−0.2500", Some(true)));
        let worse = delta(Metric::Rmse, Some(1.0), Some(3.0)).unwrap();
        assert_eq!(worse.better, Some(false));
        let large = [20_000.4, 15_000.0].map(|v| delta(Metric::Rmse, Some(15_000.0), Some(v)).unwrap().text);
        assert_eq!(large, ["+5,000", "±0"]);
        assert_eq!(delta(Metric::Rmse, Some(15_000.0), Some(15_000.01)).unwrap().text, "+0.01");
        assert_eq!(delta(Metric::F1, Some(0.5), Some(0.5)).unwrap().better, None);
        assert_eq!(delta(Metric::F1, None, Some(0.5)), None);
    }

    #[test]
    fn runs_on_other_data_or_other_rows_are_not_compared_silently() {
        let history = fixture::history();
        let done: Vec<&Run> = history.runs.iter().filter(|r| r.status == RunStatus::Completed).collect();
        let same: Vec<&Run> = done.iter().copied().filter(|r| r.plan.dataset == "churn@2").collect();
        assert_eq!(fairness_warnings(&same), Vec::<String>::new());
        let text = fairness_warnings(&done).join("\n");
        assert!(text.contains("Different data (churn@1, churn@2)"), "{text}");
        let mut other = same[0].clone();
        other.plan.split_hash = fixture::hash(9);
        assert!(fairness_warnings(&[same[0], &other])[0].starts_with("Different test rows"));
    }

    #[test]
    fn parameters_that_differ_are_marked() {
        let history = fixture::history();
        let runs: Vec<&Run> =
            history.runs.iter().filter(|r| r.status == RunStatus::Completed && r.plan.dataset == "churn@2").collect();
        let comparison = comparison::compare(&runs);
        let lines = settings(&comparison, SettingOf::Model);
        let line = |name: &str| lines.iter().find(|l| l.name == name).unwrap();
        assert!(line("algorithm").differs);
        assert!(!line("folds").differs);
        assert_eq!(line("scaling").values[0], "standard");
    }

    #[test]
    fn wider_tables_show_more_metrics() {
        let runs = fixture::history().runs;
        let metrics = |room| columns(&runs, room).iter().filter(|c| matches!(c, RunColumn::Metric(_))).count();
        assert_eq!([100.0, 900.0, 2000.0].map(metrics), [1, 2, 5]);
        assert_eq!(columns(&runs, 900.0).last(), Some(&RunColumn::When));
    }

    #[test]
    fn precision_steps_where_recall_moves() {
        let curve = [[0.0, 1.0], [0.5, 0.8], [1.0, 0.4]];
        assert_eq!(steps(&curve), [[0.0, 1.0], [0.0, 0.8], [0.5, 0.8], [0.5, 0.4], [1.0, 0.4]]);
        assert_eq!(steps(&[]), Vec::<[f64; 2]>::new());
    }

    #[test]
    fn the_best_is_marked_only_among_several() {
        let history = fixture::history();
        let best = best_of_each(&history.runs);
        assert_eq!(best.len(), 1);
    }
}
