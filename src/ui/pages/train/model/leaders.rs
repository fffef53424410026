//! The leaderboard: the runs for a target, those that are still to come, and how they are sorted.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::domain::dataset::DatasetVersion;
use crate::domain::history::History;
use crate::domain::ids::GroupId;
use crate::domain::metric::Metric;
use crate::domain::params::{Algorithm, Family};
use crate::domain::request::TrainRequest;
use crate::domain::run::{Run, RunStatus};
use crate::ui::format;

use super::leader_columns::{LeaderColumn, LeaderSort};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaderState {
    /// Asked for, and not begun.
    Waiting,
    Is(RunStatus),
}

impl LeaderState {
    /// It runs, or came to something.
    pub fn has_a_chance(self) -> bool {
        matches!(self, Self::Is(RunStatus::Running | RunStatus::Completed))
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Is(status) => status.as_str(),
        }
    }
}

#[derive(Debug, PartialEq)]
pub struct LeaderRow<'a> {
    /// `None` while it waits for its turn.
    pub run: Option<&'a Run>,
    pub algorithm: Algorithm,
    pub state: LeaderState,
    /// "Gradient boosting · run 12 · best of 30 trials"
    pub name: String,
    /// Of this version.
    pub best: bool,
    pub best_of_family: bool,
}

/// Runs of this dataset and target in the order of `sort`, what is under way before them. Of a search only its best trial.
pub fn leaderboard<'a>(
    history: &'a History,
    version: &DatasetVersion,
    target: &str,
    sort: LeaderSort,
) -> Vec<LeaderRow<'a>> {
    let of_dataset = |r: &&Run| {
        r.plan.target == target
            && history.version(r.plan.version_id).is_some_and(|v| v.dataset_id == version.dataset_id)
    };
    let mut rows: Vec<LeaderRow<'a>> = Vec::new();
    let mut trials: BTreeMap<GroupId, (u64, Option<&Run>)> = BTreeMap::new();
    for run in history.runs.iter().filter(of_dataset) {
        match (run.plan.context.trial, run.plan.context.group) {
            (Some(trial), Some(group)) => {
                let (n, best) = trials.entry(group).or_default();
                *n += 1;
                let counts = run.status == RunStatus::Completed && trial.rows_share >= 1.0;
                if counts && best.is_none_or(|best| by_score(run, best) == Ordering::Less) {
                    *best = Some(run);
                }
            }
            _ => rows.push(row(run, format!("{} · run {}", run.plan.algorithm.title(), run.id))),
        }
    }
    for (n, best) in trials.into_values() {
        if let Some(run) = best {
            let of = format::counted(n, "trial", "trials");
            rows.push(row(run, format!("{} · run {} · best of {of}", run.plan.algorithm.title(), run.id)));
        }
    }
    mark_best(&mut rows, version);
    rows.sort_by(|a, b| order(a, b, sort));
    rows
}

fn row(run: &Run, name: String) -> LeaderRow<'_> {
    let (algorithm, state) = (run.plan.algorithm, LeaderState::Is(run.status));
    LeaderRow { run: Some(run), algorithm, state, name, best: false, best_of_family: false }
}

/// What a request under way has not begun yet, in its order. `started_ms`: when it was started.
pub fn waiting(request: &TrainRequest, history: &History, started_ms: i64) -> Vec<LeaderRow<'static>> {
    if request.options.resume.is_some() {
        return Vec::new();
    }
    let begun = |algorithm: Algorithm| {
        let runs = history.runs.iter();
        runs.filter(|run| run.started_at_ms >= started_ms)
            .any(|run| run.plan.algorithm == algorithm && run.plan.target == request.target)
    };
    let open = request.algorithms.iter().copied().filter(|a| *a != Algorithm::Ensemble && !begun(*a));
    open.map(|algorithm| LeaderRow {
        run: None,
        algorithm,
        state: LeaderState::Waiting,
        name: algorithm.title().to_owned(),
        best: false,
        best_of_family: false,
    })
    .collect()
}

/// The best of this version, and of each family on it. One alone is not the best of anything.
fn mark_best(rows: &mut [LeaderRow<'_>], version: &DatasetVersion) {
    let counts = |row: &LeaderRow<'_>| {
        row.run
            .is_some_and(|r| r.plan.version_id == version.id && r.status == RunStatus::Completed && r.score().is_some())
    };
    let best_of = |rows: &[LeaderRow<'_>], family: Option<Family>| {
        let own = |row: &LeaderRow<'_>| counts(row) && family.is_none_or(|f| row.algorithm.family() == f);
        let known: Vec<usize> = (0..rows.len()).filter(|&at| own(&rows[at])).collect();
        known.into_iter().reduce(|a, b| match (rows[a].run, rows[b].run) {
            (Some(x), Some(y)) if by_score(y, x).then(x.id.cmp(&y.id).reverse()) == Ordering::Less => b,
            _ => a,
        })
    };
    if rows.iter().filter(|row| counts(row)).count() > 1
        && let Some(at) = best_of(rows, None)
    {
        rows[at].best = true;
    }
    let families: Vec<Family> = rows.iter().map(|row| row.algorithm.family()).collect();
    for family in families {
        if let Some(at) = best_of(rows, Some(family)) {
            rows[at].best_of_family = true;
        }
    }
}

fn order(a: &LeaderRow<'_>, b: &LeaderRow<'_>, sort: LeaderSort) -> Ordering {
    let group = |row: &LeaderRow<'_>| match row.state {
        LeaderState::Waiting => 1,
        LeaderState::Is(RunStatus::Running) => 0,
        LeaderState::Is(RunStatus::Completed) => 2,
        LeaderState::Is(_) => 3,
    };
    let turn = |order: Ordering| if sort.reversed { order.reverse() } else { order };
    let newest = || b.run.map(|r| r.id).cmp(&a.run.map(|r| r.id));
    let (Some(x), Some(y)) = (a.run, b.run) else { return group(a).cmp(&group(b)) };
    let by_column = match sort.column {
        LeaderColumn::Status => turn(group(a).cmp(&group(b))),
        LeaderColumn::Model => turn(a.name.cmp(&b.name)),
        LeaderColumn::Family => turn(family_word(a.algorithm).cmp(family_word(b.algorithm))),
        LeaderColumn::Data => turn(x.plan.version_id.cmp(&y.plan.version_id).reverse()),
        LeaderColumn::Score => last_without(x.score(), y.score(), || turn(by_score(x, y))),
        LeaderColumn::Test => {
            let (m, n) = (test_score(x), test_score(y));
            last_without(m, n, || turn(better_first(Metric::primary(x.plan.task), m, n)))
        }
        LeaderColumn::Fit => numbers(known(x.timings.fit_seconds), known(y.timings.fit_seconds), sort.reversed),
        LeaderColumn::Predict => {
            numbers(known(x.timings.predict_seconds), known(y.timings.predict_seconds), sort.reversed)
        }
        LeaderColumn::Size => {
            let size = |r: &Run| r.model_bytes.map(|bytes| bytes as f64);
            numbers(size(x), size(y), sort.reversed)
        }
    };
    let under_way = |row: &LeaderRow<'_>| row.state != LeaderState::Is(RunStatus::Running);
    under_way(a).cmp(&under_way(b)).then(by_column).then_with(newest)
}

fn known(seconds: f64) -> Option<f64> {
    (seconds > 0.0).then_some(seconds)
}

fn test_score(run: &Run) -> Option<f64> {
    run.metrics.test.get(Metric::primary(run.plan.task).key()).copied()
}

fn numbers(a: Option<f64>, b: Option<f64>, reversed: bool) -> Ordering {
    let order = a.zip(b).map_or(Ordering::Equal, |(a, b)| a.total_cmp(&b));
    last_without(a, b, || if reversed { order.reverse() } else { order })
}

/// Runs without the number come last in either direction.
fn last_without(a: Option<f64>, b: Option<f64>, order: impl FnOnce() -> Ordering) -> Ordering {
    match (a, b) {
        (Some(_), Some(_)) => order(),
        _ => a.is_none().cmp(&b.is_none()),
    }
}

fn better_first(metric: Metric, a: Option<f64>, b: Option<f64>) -> Ordering {
    match (a, b) {
        (Some(x), Some(y)) if metric.better(x, y) => Ordering::Less,
        (Some(x), Some(y)) if metric.better(y, x) => Ordering::Greater,
        _ => Ordering::Equal,
    }
}

fn by_score(a: &Run, b: &Run) -> Ordering {
    last_without(a.score(), b.score(), || better_first(Metric::primary(a.plan.task), a.score(), b.score()))
}

fn family_word(algorithm: Algorithm) -> &'static str {
    match algorithm.family() {
        Family::Baseline => "Baseline",
        Family::Linear => "Linear",
        Family::Bayes => "Bayes",
        Family::Neighbours => "Neighbours",
        Family::NeuralNetwork => "Network",
        Family::Trees => "Trees",
        Family::Ensemble => "Ensemble",
    }
}

impl LeaderRow<'_> {
    /// The text of a cell.
    pub fn cell(&self, column: LeaderColumn) -> String {
        let none = || "—".to_owned();
        let of = |text: &dyn Fn(&Run) -> Option<String>| self.run.and_then(text).unwrap_or_else(none);
        match column {
            LeaderColumn::Status => self.state.word().to_owned(),
            LeaderColumn::Model if self.best => format!("{} · best", self.name),
            LeaderColumn::Model => self.name.clone(),
            LeaderColumn::Family if self.best_of_family => format!("{}, best", family_word(self.algorithm)),
            LeaderColumn::Family => family_word(self.algorithm).to_owned(),
            LeaderColumn::Data => of(&|r| Some(r.plan.dataset.clone())),
            LeaderColumn::Score => of(&|r| Some(score_text(r))),
            LeaderColumn::Test => of(&|r| test_score(r).map(metric_number)),
            LeaderColumn::Fit => of(&|r| known(r.timings.fit_seconds).map(format::duration)),
            LeaderColumn::Predict => of(&|r| known(r.timings.predict_seconds).map(format::duration)),
            LeaderColumn::Size => of(&|r| r.model_bytes.map(format::bytes)),
        }
    }
}

/// The ranking score with its spread over the folds, when there were folds.
pub fn score_text(run: &Run) -> String {
    let key = Metric::primary(run.plan.task).key();
    match (run.score(), run.metrics.cv_std.get(key)) {
        (None, _) => "—".to_owned(),
        (Some(score), Some(std)) if run.metrics.cv.contains_key(key) => {
            let decimals = decimals_of(score);
            format!("{} ± {}", metric_number(score), format::fixed(*std, decimals))
        }
        (Some(score), _) => metric_number(score),
    }
}

/// A metric with the same decimals in every row of a column: four up to 10, fewer for larger numbers.
pub fn metric_number(value: f64) -> String {
    format::fixed(value, decimals_of(value))
}

/// Decimals of a metric of this size.
pub fn decimals_of(value: f64) -> usize {
    match value.abs() {
        x if x >= 10_000.0 => 0,
        x if x >= 100.0 => 1,
        x if x >= 10.0 => 2,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::training::Trial;
    use crate::ui::pages::fixture;
    use crate::ui::pages::train::model::TrainForm;

    #[test]
    fn the_leaderboard_is_best_first_and_marks_the_best_of_this_version() {
        let history = fixture::history();
        let version = history.versions.last().unwrap();
        let rows = leaderboard(&history, version, "churned", LeaderSort::default());
        assert_eq!(rows[0].state, LeaderState::Is(RunStatus::Running));
        assert_eq!((rows[1].state, rows[1].best), (LeaderState::Is(RunStatus::Completed), true));
        assert_eq!(rows[1].cell(LeaderColumn::Score), "0.8421 ± 0.0123");
        let stars: Vec<String> =
            rows.iter().filter(|r| r.best_of_family).map(|r| r.cell(LeaderColumn::Family)).collect();
        assert_eq!(stars, ["Trees, best", "Linear, best", "Baseline, best"]);
    }

    #[test]
    fn a_column_sorts_its_way_and_back_and_gaps_stay_last() {
        let history = fixture::history();
        let version = history.versions.last().unwrap();
        let by = |sort| -> Vec<String> {
            let rows = leaderboard(&history, version, "churned", sort);
            rows.iter()
                .filter(|r| r.state == LeaderState::Is(RunStatus::Completed))
                .map(|r| r.cell(LeaderColumn::Score))
                .collect()
        };
        let best = by(LeaderSort::default());
        let mut worst = by(LeaderSort::default().clicked(LeaderColumn::Score));
        worst.reverse();
        assert_eq!(best, worst);
        let rows =
            leaderboard(&history, version, "churned", LeaderSort { column: LeaderColumn::Score, reversed: true });
        assert!(rows.last().unwrap().run.unwrap().score().is_none());
    }

    #[test]
    fn a_search_stands_for_its_best_trial() {
        let mut history = fixture::history();
        for number in 1..=5_u32 {
            let mut run = fixture::run(
                20 + i64::from(number),
                RunStatus::Completed,
                Algorithm::GradientBoosting,
                2,
                Some(0.8 + 0.02 * f64::from(number)),
            );
            run.plan.context.group = Some(GroupId(9));
            run.plan.context.trial = Some(Trial { number, rows_share: 1.0 });
            history.runs.push(run);
        }
        let version = history.versions.last().unwrap();
        let rows = leaderboard(&history, version, "churned", LeaderSort::default());
        let names: Vec<&str> =
            rows.iter().filter(|r| r.algorithm == Algorithm::GradientBoosting).map(|r| r.name.as_str()).collect();
        assert_eq!(names, ["Gradient boosting · run 25 · best of 5 trials"]);
    }

    #[test]
    fn what_has_not_begun_waits() {
        let history = fixture::history();
        let version = history.versions.last().unwrap();
        let request = TrainForm::propose(version, &history).request(version);
        let rows = waiting(&request, &history, fixture::NOW_MS);
        assert_eq!(rows.len(), 7);
        assert_eq!(
            (rows[0].cell(LeaderColumn::Status), rows[0].cell(LeaderColumn::Score)),
            ("waiting".into(), "—".into())
        );
        assert!(waiting(&request, &history, 0).len() < 7, "some began since");
    }

    #[test]
    fn metric_numbers_line_up() {
        assert_eq!([0.84213, 12.345, 123.45, 12_345.6].map(metric_number), ["0.8421", "12.35", "123.5", "12,346"]);
        assert_eq!([1234.56, -0.25].map(metric_number), ["1,234.6", "−0.2500"]);
    }
}
