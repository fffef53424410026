//! What keeps the form from being run.

use crate::domain::dataset::DatasetVersion;
use crate::domain::params::{check_params, check_space};
use crate::domain::schema::Storage;
use crate::domain::task::Task;
use crate::ui::format::count;

use super::form::{Mode, SplitChoice, TrainForm};
use super::rules::{MAX_CLASSES, feature_count};

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
    if form.target.is_some() && feature_count(form, version, None) == 0 {
        add(2, "No column is left to learn from; tick at least one".to_owned());
    }
    if let Some((name, _)) = form.keep.iter().find(|(_, why)| why.trim().is_empty()) {
        add(2, format!("Say why {name} is kept: it knows the answer"));
    }
    let missing = |name: &&str| version.schema.column(name).is_none();
    if let Some(name) = form.recipe.named_columns().into_iter().find(missing) {
        add(2, format!("A step of the recipe names {name}, and {} has no such column", version.label()));
    }
    if !(1.0..=90.0).contains(&form.test_percent) {
        add(3, format!("The test share is {} %; choose 1 to 90 %", form.test_percent));
    } else if let Some(message) = split_problem(form, version) {
        add(3, message);
    }
    if form.folds == 1 || form.folds > 20 {
        add(3, format!("{} folds; choose 2 to 20, or 0 for none", form.folds));
    }
    if form.folds == 0 && (form.calibration.is_some() || form.threshold != Default::default()) {
        add(3, "Calibration and threshold are learned on folds; choose 2 to 20 folds".to_owned());
    }
    match form.mode {
        Mode::Train => algorithm_problems(form, version, &mut add),
        Mode::Tune => tune_problems(form, &mut add),
    }
    if let Err(message) = form.budget_seconds() {
        add(4, message);
    }
    out
}

fn algorithm_problems(form: &TrainForm, version: &DatasetVersion, add: &mut impl FnMut(u8, String)) {
    if form.algorithms.is_empty() && form.proposal(version).is_ok() {
        add(4, "No algorithm is ticked; tick at least one".to_owned());
    }
    if form.ensemble && (form.folds == 0 || form.algorithms.len() < 2) {
        add(4, "An ensemble needs folds and at least two models".to_owned());
    }
    for algorithm in &form.algorithms {
        let draft = form.params.get(algorithm).cloned().unwrap_or_default();
        for problem in check_params(*algorithm, &draft).err().into_iter().flatten() {
            add(4, format!("{}: {} {}", algorithm.title(), problem.name, problem.problem));
        }
    }
}

fn tune_problems(form: &TrainForm, add: &mut impl FnMut(u8, String)) {
    let tune = &form.tune;
    if tune.algorithm.parameters().iter().all(|spec| spec.search.is_none()) && tune.space().is_empty() {
        return add(4, format!("{} has no parameter to tune; choose another", tune.algorithm.title()));
    }
    if tune.space().is_empty() {
        add(4, "No parameter is searched; tick at least one".to_owned());
    }
    if !(1..=10_000).contains(&tune.trials) {
        add(4, format!("{} trials; choose 1 to 10,000", count(u64::from(tune.trials))));
    }
    for problem in check_space(tune.algorithm, &tune.space()) {
        add(4, format!("{}: {}", problem.name, problem.problem));
    }
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
    let known = |column: &Option<String>| column.as_deref().is_some_and(|c| version.schema.column(c).is_some());
    if form.split == SplitChoice::Time && !known(&form.time_column) {
        return Some("A split by time needs a date column; choose one or another split".to_owned());
    }
    if form.split == SplitChoice::Group && !known(&form.group_column) {
        return Some("A split by group needs the column that says which rows belong together".to_owned());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::params::{Algorithm, ParamDraft};
    use crate::ui::pages::fixture;

    #[test]
    fn every_problem_of_a_form_is_named_with_its_step() {
        let history = fixture::history();
        let version = history.versions.last().unwrap();
        let mut form = TrainForm::propose(version, &history);
        form.test_percent = 95.0;
        form.folds = 1;
        form.params.insert(Algorithm::Logistic, ParamDraft::from([("c".into(), 0.0.into())]));
        form.exclude = version.schema.names().map(str::to_owned).collect();
        form.budget = "a while".into();
        let steps: Vec<u8> = problems(&form, version).iter().map(|p| p.step).collect();
        assert_eq!(steps, [2, 3, 3, 4, 4]);
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
    fn splits_by_time_and_group_need_their_column() {
        let history = fixture::history();
        let version = history.versions.last().unwrap();
        let mut form = TrainForm::propose(version, &history);
        form.split = SplitChoice::Time;
        assert_eq!(problems(&form, version), []);
        form.time_column = None;
        assert!(problems(&form, version)[0].message.contains("date column"));
        form.split = SplitChoice::Group;
        assert!(problems(&form, version)[0].message.contains("belong together"));
        form.group_column = Some("region".into());
        assert_eq!(problems(&form, version), []);
    }

    #[test]
    fn a_search_without_parameters_cannot_be_run() {
        let history = fixture::history();
        let version = history.versions.last().unwrap();
        let mut form = TrainForm::propose(version, &history);
        form.mode = Mode::Tune;
        assert_eq!(problems(&form, version), []);
        form.tune.set_algorithm(Algorithm::Baseline);
        assert!(problems(&form, version)[0].message.contains("no parameter to tune"));
        form.tune.set_algorithm(Algorithm::NaiveBayes);
        form.tune.leave_alone("var_smoothing");
        form.tune.leave_alone("alpha");
        assert!(problems(&form, version)[0].message.contains("tick at least one"));
    }
}
