//! The training form: what is proposed, what is wrong with it, and the request it becomes. Pure.
//!
//! The proposals follow the same plain rules as training itself, on what the schema knows; the backend has the last
//! word and says so in the run's record.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::dataset::DatasetVersion;
use crate::domain::history::History;
use crate::domain::metric::Metric;
use crate::domain::params::{Algorithm, ParamDraft, check_params};
use crate::domain::recipe::RecipeSpec;
use crate::domain::request::{DataRef, TrainRequest};
use crate::domain::run::{Run, RunStatus, best_run};
use crate::domain::schema::{ColumnKind, ColumnSchema, Schema, Storage};
use crate::domain::split::{SplitKind, SplitSpec};
use crate::domain::task::{Task, TaskProposal};
use crate::ui::format::{self, count};

/// Whole numbers with at most this many different values, and at most this share of the rows, are classes.
const MAX_NUMBER_CLASSES: u64 = 20;
const MAX_NUMBER_CLASS_SHARE: f64 = 0.05;
const MAX_CLASSES: u64 = 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SplitChoice {
    Random,
    #[default]
    Stratified,
    Time,
}

/// What the user has chosen so far; right by default.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainForm {
    pub target: Option<String>,
    /// `None`: as proposed.
    pub task: Option<Task>,
    /// Left out by the user, beside what is left out by rule.
    pub exclude: BTreeSet<String>,
    pub split: SplitChoice,
    pub time_column: Option<String>,
    pub test_percent: f64,
    pub folds: u32,
    pub seed: u64,
    pub algorithms: BTreeSet<Algorithm>,
    pub params: BTreeMap<Algorithm, ParamDraft>,
}

impl TrainForm {
    /// For a version, as the last training of its dataset or by the plain rules.
    pub fn propose(version: &DatasetVersion, history: &History) -> Self {
        let last = history.runs.iter().find(|r| {
            history.version(r.plan.version_id).is_some_and(|v| v.dataset_id == version.dataset_id)
                && version.schema.column(&r.plan.target).is_some()
        });
        let target = last.map(|r| r.plan.target.clone()).or_else(|| propose_target(version));
        let mut form = Self {
            target: None,
            task: None,
            exclude: BTreeSet::new(),
            split: SplitChoice::Stratified,
            time_column: time_columns(&version.schema).first().map(|c| (*c).to_owned()),
            test_percent: 20.0,
            folds: 5,
            seed: 42,
            algorithms: BTreeSet::new(),
            params: BTreeMap::new(),
        };
        form.set_target(version, target);
        form
    }

    /// A new target brings the algorithms that fit it.
    pub fn set_target(&mut self, version: &DatasetVersion, target: Option<String>) {
        self.target = target;
        self.task = None;
        self.fit_algorithms(version);
    }

    pub fn set_task(&mut self, version: &DatasetVersion, task: Option<Task>) {
        self.task = task;
        self.fit_algorithms(version);
    }

    fn fit_algorithms(&mut self, version: &DatasetVersion) {
        self.algorithms = self.task(version).map(Algorithm::for_task).unwrap_or_default().into_iter().collect();
    }

    /// The task that will be trained for.
    pub fn task(&self, version: &DatasetVersion) -> Option<Task> {
        self.task.or_else(|| self.proposal(version).ok().map(|p| p.task))
    }

    /// Why this target asks for its task, or why it cannot be a target.
    pub fn proposal(&self, version: &DatasetVersion) -> Result<TaskProposal, String> {
        let Some(target) = &self.target else { return Err("Choose the column to predict".to_owned()) };
        match version.schema.column(target) {
            Some(column) => propose_task(column, version.rows),
            None => Err(format!("{} has no column {target}", version.label())),
        }
    }

    fn split(&self) -> SplitSpec {
        let kind = match self.split {
            SplitChoice::Random => SplitKind::Random,
            SplitChoice::Stratified => SplitKind::Stratified,
            SplitChoice::Time => SplitKind::Time { column: self.time_column.clone().unwrap_or_default() },
        };
        SplitSpec { kind, test_share: self.test_percent / 100.0, seed: self.seed }
    }

    pub fn request(&self, version: &DatasetVersion) -> TrainRequest {
        let chosen = |a: &Algorithm| self.algorithms.contains(a);
        TrainRequest {
            data: DataRef::Version(version.id),
            target: self.target.clone().unwrap_or_default(),
            task: self.task,
            algorithms: self.algorithms.iter().copied().collect(),
            split: self.split(),
            folds: self.folds,
            params: self.params.iter().filter(|(a, _)| chosen(a)).map(|(a, p)| (*a, p.clone())).collect(),
            exclude: self.exclude.iter().filter(|c| Some(*c) != self.target.as_ref()).cloned().collect(),
            recipe: RecipeSpec::default(),
            options: Default::default(),
        }
    }
}

/// One thing to put right, with the step of the form it belongs to (1 to 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormProblem {
    pub step: u8,
    pub message: String,
}

/// Everything that keeps the form from being run.
pub fn problems(form: &TrainForm, version: &DatasetVersion) -> Vec<FormProblem> {
    let mut out = Vec::new();
    let mut add = |step: u8, message: String| out.push(FormProblem { step, message });
    match form.proposal(version) {
        Err(message) => add(1, message),
        Ok(_) => {
            if let Some(message) = task_problem(form, version) {
                add(1, message);
            }
        }
    }
    if form.target.is_some() && feature_count(form, version) == 0 {
        add(2, "No column is left to learn from; tick at least one".to_owned());
    }
    if !(1.0..=90.0).contains(&form.test_percent) {
        add(3, format!("The test share is {} %; choose 1 to 90 %", form.test_percent));
    } else if let Some(message) = split_problem(form, version) {
        add(3, message);
    }
    if form.folds == 1 || form.folds > 20 {
        add(3, format!("{} folds; choose 2 to 20, or 0 for none", form.folds));
    }
    if form.algorithms.is_empty() && form.proposal(version).is_ok() {
        add(4, "No algorithm is ticked; tick at least one".to_owned());
    }
    for algorithm in &form.algorithms {
        let draft = form.params.get(algorithm).cloned().unwrap_or_default();
        for problem in check_params(*algorithm, &draft).err().into_iter().flatten() {
            add(4, format!("{}: {} {}", algorithm.title(), problem.name, problem.problem));
        }
    }
    out
}

fn task_problem(form: &TrainForm, version: &DatasetVersion) -> Option<String> {
    let column = version.schema.column(form.target.as_deref()?)?;
    match form.task? {
        Task::Binary if column.distinct != 2 => {
            Some(format!("{} has {} values, not two; choose several classes", column.name, count(column.distinct)))
        }
        Task::Regression if matches!(column.storage, Storage::String | Storage::Boolean) => {
            Some(format!("{} holds text, not numbers; choose classes", column.name))
        }
        Task::Multiclass if column.distinct > MAX_CLASSES => Some(format!(
            "{} has {} values; at most {} can be classes",
            column.name,
            count(column.distinct),
            count(MAX_CLASSES)
        )),
        _ => None,
    }
}

fn split_problem(form: &TrainForm, version: &DatasetVersion) -> Option<String> {
    if form.split == SplitChoice::Time {
        let column = form.time_column.as_deref().filter(|c| version.schema.column(c).is_some());
        if column.is_none() {
            return Some("A split by time needs a date column; choose one or another split".to_owned());
        }
    }
    let (train, test) = split_rows(form, version);
    (train < 2 || test < 1).then(|| format!("{} rows are too few to split", count(version.rows)))
}

/// Rows that will train and test, before the backend looks at the values.
pub fn split_rows(form: &TrainForm, version: &DatasetVersion) -> (u64, u64) {
    let target = form.target.as_deref().and_then(|t| version.schema.column(t));
    let usable = version.rows - target.map_or(0, |c| c.missing.min(version.rows));
    let test = (usable as f64 * form.test_percent / 100.0).ceil() as u64;
    (usable - test.min(usable), test.min(usable))
}

/// The rule of training, on what the schema knows.
pub fn propose_task(column: &ColumnSchema, rows: u64) -> Result<TaskProposal, String> {
    let (name, distinct) = (&column.name, column.distinct);
    let rows = rows.saturating_sub(column.missing);
    let values = format!("{} different values in {} rows", count(distinct), count(rows));
    let propose = |task: Task, why: &str| Ok(TaskProposal { task, reason: format!("{name} {why}: {values}") });
    let few = distinct <= MAX_NUMBER_CLASSES && distinct as f64 <= MAX_NUMBER_CLASS_SHARE * rows as f64;
    match column.storage {
        _ if distinct == 0 => Err(format!("{name} has no value in any row; choose another target")),
        _ if distinct == 1 => Err(format!("{name} has the same value in every row; choose another target")),
        Storage::DatetimeMs => Err(format!("{name} holds dates; choose a column with classes or numbers")),
        _ if distinct == 2 => propose(Task::Binary, "has two classes"),
        Storage::Boolean | Storage::String if distinct > MAX_CLASSES || distinct * 2 > rows => {
            Err(format!("{name} has {values}, too many to be classes; choose another target"))
        }
        Storage::Boolean | Storage::String => propose(Task::Multiclass, "holds text"),
        Storage::Int64 if column.kind == ColumnKind::Categorical && distinct <= MAX_CLASSES => {
            propose(Task::Multiclass, "is a categorical column of whole numbers")
        }
        Storage::Int64 if few => propose(Task::Multiclass, "holds few whole numbers"),
        Storage::Int64 => propose(Task::Regression, "holds whole numbers"),
        Storage::Float64 => propose(Task::Regression, "holds decimal numbers"),
    }
}

/// The words for a task in a form.
pub fn task_words(task: Task) -> &'static str {
    match task {
        Task::Binary => "Two classes",
        Task::Multiclass => "Several classes",
        Task::Regression => "A number",
    }
}

/// A column called like a target; else the last yes/no, category or number.
fn propose_target(version: &DatasetVersion) -> Option<String> {
    const NAMES: [&str; 9] = ["target", "label", "class", "outcome", "churn", "churned", "default", "y", "species"];
    let columns = &version.schema.columns;
    let usable = |c: &&ColumnSchema| propose_task(c, version.rows).is_ok() && c.kind != ColumnKind::Identifier;
    let named = columns.iter().filter(usable).find(|c| NAMES.contains(&c.name.to_lowercase().as_str()));
    let last = |kind: ColumnKind| columns.iter().rev().filter(usable).find(|c| c.kind == kind);
    named
        .or_else(|| last(ColumnKind::Boolean))
        .or_else(|| last(ColumnKind::Categorical))
        .or_else(|| last(ColumnKind::Numeric))
        .map(|c| c.name.clone())
}

/// Columns a split by time can use.
pub fn time_columns(schema: &Schema) -> Vec<&str> {
    schema.columns.iter().filter(|c| c.kind == ColumnKind::Datetime).map(|c| c.name.as_str()).collect()
}

/// Why a column is left out whatever the user ticks.
pub fn left_out_by_rule(column: &ColumnSchema, rows: u64) -> Option<String> {
    let distinct = count(column.distinct);
    match column.kind {
        _ if column.distinct == 0 || column.missing >= rows => Some("no value in any row".to_owned()),
        _ if column.distinct == 1 && (column.missing == 0 || column.storage != Storage::String) => {
            Some("the same value in every row".to_owned())
        }
        ColumnKind::Identifier => Some(format!("identifier: {distinct} different values")),
        ColumnKind::Text => Some(format!("free text: {distinct} different values")),
        ColumnKind::Datetime => Some("date or time".to_owned()),
        _ if column.storage == Storage::DatetimeMs => Some("date or time".to_owned()),
        _ => None,
    }
}

pub fn feature_count(form: &TrainForm, version: &DatasetVersion) -> usize {
    let columns = version.schema.columns.iter();
    columns
        .filter(|c| Some(&c.name) != form.target.as_ref() && !form.exclude.contains(&c.name))
        .filter(|c| left_out_by_rule(c, version.rows).is_none())
        .count()
}

/// "Train 3 models"
pub fn train_label(form: &TrainForm) -> String {
    format!("Train {}", format::counted(form.algorithms.len() as u64, "model", "models"))
}

/// Runs of this dataset and target, best first, unfinished ones before them.
#[derive(Debug, PartialEq)]
pub struct LeaderRow<'a> {
    pub run: &'a Run,
    pub best: bool,
    /// `0.8421 ± 0.0123`
    pub score: String,
    pub train: String,
    pub test: String,
}

pub fn leaderboard<'a>(history: &'a History, version: &DatasetVersion, target: &str) -> Vec<LeaderRow<'a>> {
    let of_dataset = |r: &&Run| {
        r.plan.target == target
            && history.version(r.plan.version_id).is_some_and(|v| v.dataset_id == version.dataset_id)
    };
    let mut runs: Vec<&Run> = history.runs.iter().filter(of_dataset).collect();
    let here: Vec<Run> = runs.iter().filter(|r| r.plan.version_id == version.id).map(|r| (*r).clone()).collect();
    let best = best_run(&here).map(|r| r.id);
    runs.sort_by(|a, b| {
        let group = |r: &Run| match r.status {
            RunStatus::Running => 0,
            RunStatus::Completed => 1,
            _ => 2,
        };
        group(a).cmp(&group(b)).then_with(|| by_score(a, b)).then(b.id.cmp(&a.id))
    });
    runs.into_iter()
        .map(|run| {
            let key = Metric::primary(run.plan.task).key();
            let value =
                |set: &BTreeMap<String, f64>| set.get(key).map_or_else(|| "—".to_owned(), |v| metric_number(*v));
            LeaderRow {
                run,
                best: best == Some(run.id),
                score: score_text(run),
                train: value(&run.metrics.train),
                test: value(&run.metrics.test),
            }
        })
        .collect()
}

fn by_score(a: &Run, b: &Run) -> std::cmp::Ordering {
    let metric = Metric::primary(a.plan.task);
    match (a.score(), b.score()) {
        (Some(x), Some(y)) if metric.better(x, y) => std::cmp::Ordering::Less,
        (Some(x), Some(y)) if metric.better(y, x) => std::cmp::Ordering::Greater,
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        _ => std::cmp::Ordering::Equal,
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
    use crate::ui::pages::fixture;

    fn column(name: &str, kind: ColumnKind, storage: Storage, distinct: u64) -> ColumnSchema {
        fixture::column(name, kind, storage, 0, distinct)
    }

    fn task(storage: Storage, kind: ColumnKind, distinct: u64) -> Result<Task, String> {
        propose_task(&column("t", kind, storage, distinct), 1000).map(|p| p.task)
    }

    #[test]
    fn the_task_follows_the_targets_storage_and_values() {
        assert_eq!(task(Storage::Boolean, ColumnKind::Boolean, 2), Ok(Task::Binary));
        assert_eq!(task(Storage::Int64, ColumnKind::Boolean, 2), Ok(Task::Binary));
        assert_eq!(task(Storage::String, ColumnKind::Categorical, 5), Ok(Task::Multiclass));
        assert_eq!(task(Storage::Int64, ColumnKind::Numeric, 10), Ok(Task::Multiclass));
        assert_eq!(task(Storage::Int64, ColumnKind::Numeric, 400), Ok(Task::Regression));
        assert_eq!(task(Storage::Float64, ColumnKind::Numeric, 10), Ok(Task::Regression));
        assert!(task(Storage::String, ColumnKind::Text, 900).unwrap_err().contains("too many"));
        assert!(task(Storage::DatetimeMs, ColumnKind::Datetime, 50).unwrap_err().contains("dates"));
        assert!(task(Storage::Float64, ColumnKind::Numeric, 1).unwrap_err().contains("same value"));
    }

    #[test]
    fn the_reason_has_its_numbers() {
        let proposal = propose_task(&column("churned", ColumnKind::Boolean, Storage::Boolean, 2), 20_000).unwrap();
        assert_eq!(proposal.reason, "churned has two classes: 2 different values in 20,000 rows");
    }

    #[test]
    fn the_proposed_form_can_be_run_as_it_is() {
        let history = fixture::history();
        let version = history.versions.last().unwrap();
        let form = TrainForm::propose(version, &history);
        assert_eq!(form.target.as_deref(), Some("churned"));
        assert_eq!(problems(&form, version), []);
        assert_eq!(train_label(&form), "Train 3 models");
        let request = form.request(version);
        assert_eq!(request.algorithms, [Algorithm::Baseline, Algorithm::Logistic, Algorithm::DecisionTree]);
        assert_eq!(request.split.test_share, 0.2);
        assert_eq!(request.task, None);
    }

    #[test]
    fn identifiers_texts_dates_and_constants_are_left_out_with_a_reason() {
        let reason = |kind, storage, distinct| left_out_by_rule(&column("c", kind, storage, distinct), 1000);
        assert_eq!(reason(ColumnKind::Identifier, Storage::Int64, 1000).unwrap(), "identifier: 1,000 different values");
        assert_eq!(reason(ColumnKind::Datetime, Storage::DatetimeMs, 30).unwrap(), "date or time");
        assert_eq!(reason(ColumnKind::Numeric, Storage::Float64, 1).unwrap(), "the same value in every row");
        assert_eq!(reason(ColumnKind::Numeric, Storage::Float64, 5), None);
    }

    #[test]
    fn every_problem_of_a_form_is_named_with_its_step() {
        let history = fixture::history();
        let version = history.versions.last().unwrap();
        let mut form = TrainForm::propose(version, &history);
        form.test_percent = 95.0;
        form.folds = 1;
        form.params.insert(Algorithm::Logistic, ParamDraft::from([("c".into(), 0.0.into())]));
        form.exclude = version.schema.names().map(str::to_owned).collect();
        let steps: Vec<u8> = problems(&form, version).iter().map(|p| p.step).collect();
        assert_eq!(steps, [2, 3, 3, 4]);
        form.set_target(version, None);
        assert_eq!(problems(&form, version)[0].step, 1);
    }

    #[test]
    fn a_task_the_target_cannot_be_is_refused() {
        let history = fixture::history();
        let version = history.versions.last().unwrap();
        let mut form = TrainForm::propose(version, &history);
        form.set_target(version, Some("plan".into()));
        assert_eq!(form.task(version), Some(Task::Multiclass));
        form.set_task(version, Some(Task::Regression));
        assert!(problems(&form, version)[0].message.contains("holds text"));
        assert!(form.algorithms.contains(&Algorithm::Linear));
    }

    #[test]
    fn a_split_by_time_needs_a_date() {
        let history = fixture::history();
        let version = history.versions.last().unwrap();
        let mut form = TrainForm::propose(version, &history);
        form.split = SplitChoice::Time;
        assert_eq!(problems(&form, version), []);
        form.time_column = None;
        assert!(problems(&form, version)[0].message.contains("date column"));
    }

    #[test]
    fn the_leaderboard_is_best_first_and_marks_the_best_of_this_version() {
        let history = fixture::history();
        let version = history.versions.last().unwrap();
        let rows = leaderboard(&history, version, "churned");
        let order: Vec<(RunStatus, bool)> = rows.iter().map(|r| (r.run.status, r.best)).collect();
        assert_eq!(order[0].0, RunStatus::Running);
        assert_eq!(order[1], (RunStatus::Completed, true));
        assert_eq!(order.last().unwrap().0, RunStatus::Failed);
        assert_eq!(rows[1].score, "0.8421 ± 0.0123");
    }

    #[test]
    fn metric_numbers_line_up() {
        assert_eq!([0.84213, 12.345, 123.45, 12_345.6].map(metric_number), ["0.8421", "12.35", "123.5", "12,346"]);
        assert_eq!([1234.56, -0.25].map(metric_number), ["1,234.6", "−0.2500"]);
    }
}
