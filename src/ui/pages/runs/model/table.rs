//! The table of runs: its columns, what matches the filter, and the order.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::domain::ids::RunId;
use crate::domain::metric::Metric;
use crate::domain::run::{Run, RunStatus, best_run};
use crate::ui::format::{self, count};
use crate::ui::pages::train::model::{metric_number, score_text};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunColumn {
    Run,
    Status,
    Algorithm,
    Dataset,
    Target,
    Score,
    Metric(Metric),
    Time,
    When,
}

impl RunColumn {
    pub fn title(self) -> &'static str {
        match self {
            Self::Run => "Run",
            Self::Status => "Status",
            Self::Algorithm => "Algorithm",
            Self::Dataset => "Dataset",
            Self::Target => "Target",
            Self::Score => "Score",
            Self::Metric(metric) => metric.title(),
            Self::Time => "Time",
            Self::When => "When",
        }
    }

    pub fn is_number(self) -> bool {
        matches!(self, Self::Score | Self::Metric(_) | Self::Time)
    }

    /// Width in points at normal scale.
    pub fn width(self) -> f32 {
        match self {
            Self::Run => 86.0,
            Self::Target => 72.0,
            Self::Status => 100.0,
            Self::Algorithm => 128.0,
            Self::Dataset => 104.0,
            Self::Score => 108.0,
            Self::Metric(_) => METRIC,
            Self::Time => 52.0,
            Self::When => 104.0,
        }
    }

    /// One sentence for the header.
    pub fn help(self) -> String {
        match self {
            Self::Score => "The number that ranks runs: cross-validated when there were folds, else on the test rows. \
                 ROC AUC for two classes, log loss for several, RMSE for numbers"
                .to_owned(),
            Self::Metric(metric) => {
                let way = if metric.higher_is_better() { "higher is better" } else { "lower is better" };
                format!("{} on the test rows, {way}\n{}", metric.title(), metric.explanation())
            }
            Self::Time => "Time to encode, fit and predict".to_owned(),
            _ => format!("Sort by {}", self.title().to_lowercase()),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunSort {
    pub column: RunColumn,
    pub descending: bool,
}

impl Default for RunSort {
    fn default() -> Self {
        Self { column: RunColumn::Run, descending: true }
    }
}

impl RunSort {
    /// A click on a header: best or newest first, then the other way round.
    pub fn clicked(self, column: RunColumn) -> Self {
        if self.column == column {
            return Self { column, descending: !self.descending };
        }
        let descending = match column {
            RunColumn::Metric(metric) => metric.higher_is_better(),
            RunColumn::Run | RunColumn::When | RunColumn::Time => true,
            _ => false,
        };
        Self { column, descending }
    }
}

const METRIC: f32 = 70.0;

/// The columns for these runs: as many of the metrics of the commonest kind of task as `room` points hold, at least one.
pub fn columns(runs: &[Run], room: f32) -> Vec<RunColumn> {
    let regressions = runs.iter().filter(|r| !r.plan.task.is_classification()).count();
    let metrics = if regressions * 2 > runs.len() {
        [Metric::Rmse, Metric::R2, Metric::Mae, Metric::MedianAe, Metric::Mape]
    } else {
        [Metric::RocAuc, Metric::LogLoss, Metric::F1, Metric::Accuracy, Metric::AveragePrecision]
    };
    let mut columns =
        vec![RunColumn::Run, RunColumn::Status, RunColumn::Algorithm, RunColumn::Dataset, RunColumn::Target];
    columns.extend([RunColumn::Score, RunColumn::Time, RunColumn::When]);
    let taken: f32 = columns.iter().map(|c| c.width()).sum();
    let n = (((room - taken) / METRIC).max(0.0) as usize).clamp(1, metrics.len());
    let at = columns.len() - 2;
    columns.splice(at..at, metrics.into_iter().take(n).map(RunColumn::Metric));
    columns
}

/// Runs that match every word of the filter, sorted; the newer of equals first, runs without a value last.
pub fn rows<'a>(runs: &'a [Run], filter: &str, sort: RunSort) -> Vec<&'a Run> {
    let words: Vec<String> = filter.split_whitespace().map(str::to_lowercase).collect();
    let mut rows: Vec<&Run> = runs.iter().filter(|r| matches(r, &words)).collect();
    rows.sort_by(|a, b| compare(a, b, sort).then(b.id.cmp(&a.id)));
    rows
}

fn matches(run: &Run, words: &[String]) -> bool {
    let plan = &run.plan;
    let text = format!(
        "{} {} {} {} {} {}",
        run.id,
        run.status.as_str(),
        plan.algorithm.title(),
        plan.algorithm.as_str(),
        plan.dataset,
        plan.target
    )
    .to_lowercase();
    words.iter().all(|word| text.contains(word))
}

fn compare(a: &Run, b: &Run, sort: RunSort) -> Ordering {
    let (pa, pb) = (&a.plan, &b.plan);
    let turn = |ordering: Ordering| if sort.descending { ordering.reverse() } else { ordering };
    match sort.column {
        RunColumn::Run => turn(a.id.cmp(&b.id)),
        RunColumn::Status => turn(a.status.cmp(&b.status)),
        RunColumn::Algorithm => turn(pa.algorithm.title().cmp(pb.algorithm.title())),
        RunColumn::Dataset => turn(pa.dataset.cmp(&pb.dataset)),
        RunColumn::Target => turn(pa.target.cmp(&pb.target)),
        RunColumn::Score => numbers(goodness(a), goodness(b), !sort.descending),
        RunColumn::Metric(m) => {
            let value = |r: &Run| r.metrics.test.get(m.key()).copied();
            numbers(value(a), value(b), sort.descending)
        }
        RunColumn::Time => numbers(seconds(a), seconds(b), sort.descending),
        RunColumn::When => turn(a.started_at_ms.cmp(&b.started_at_ms)),
    }
}

/// The score turned so that more is better, whatever the metric.
fn goodness(run: &Run) -> Option<f64> {
    let metric = Metric::primary(run.plan.task);
    run.score().map(|s| if metric.higher_is_better() { s } else { -s })
}

fn seconds(run: &Run) -> Option<f64> {
    (run.timings.total_seconds > 0.0).then_some(run.timings.total_seconds)
}

/// Runs without the number come last in either direction.
fn numbers(a: Option<f64>, b: Option<f64>, descending: bool) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if descending => b.total_cmp(&a),
        (Some(a), Some(b)) => a.total_cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

/// The text of a cell; status is drawn as a badge instead.
pub fn cell(run: &Run, column: RunColumn, now_ms: i64) -> String {
    match column {
        RunColumn::Run => format!("{}", run.id),
        RunColumn::Status => run.status.as_str().to_owned(),
        RunColumn::Algorithm => run.plan.algorithm.title().to_owned(),
        RunColumn::Dataset => run.plan.dataset.clone(),
        RunColumn::Target => run.plan.target.clone(),
        RunColumn::Score => score_text(run),
        RunColumn::Metric(m) => run.metrics.test.get(m.key()).map_or_else(|| "—".to_owned(), |v| metric_number(*v)),
        RunColumn::Time => seconds(run).map_or_else(|| "—".to_owned(), format::duration),
        RunColumn::When => format::ago(now_ms, run.started_at_ms),
    }
}

/// The best completed run of every (dataset version, target, task).
pub fn best_of_each(runs: &[Run]) -> BTreeSet<RunId> {
    let mut groups: Vec<Vec<Run>> = Vec::new();
    for run in runs.iter().filter(|r| r.status == RunStatus::Completed) {
        let same = |g: &Vec<Run>| {
            let plan = &g[0].plan;
            (plan.version_id, &plan.target, plan.task) == (run.plan.version_id, &run.plan.target, run.plan.task)
        };
        match groups.iter_mut().find(|g| same(g)) {
            Some(group) => group.push(run.clone()),
            None => groups.push(vec![run.clone()]),
        }
    }
    // A single run is not the best of anything.
    groups.iter().filter(|g| g.len() > 1).filter_map(|g| best_run(g)).map(|r| r.id).collect()
}

/// "5 runs · best 0.8421"
pub fn summary(runs: &[Run], shown: usize) -> String {
    let total = format::counted(runs.len() as u64, "run", "runs");
    if shown == runs.len() { total } else { format!("{} of {total}", count(shown as u64)) }
}
