//! What the user has chosen so far, right by default, and the requests it becomes.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::dataset::DatasetVersion;
use crate::domain::history::History;
use crate::domain::params::{Algorithm, ParamDraft};
use crate::domain::recipe::{Balance, RecipeSpec};
use crate::domain::request::{DataRef, TrainRequest};
use crate::domain::split::{SplitKind, SplitSpec};
use crate::domain::task::{Task, TaskProposal};
use crate::domain::training::{
    CalibrationMethod, DecisionSpec, ThresholdRule, TrainOptions, TrainingProposal, TuneRequest,
};
use crate::ui::format;

use super::rules::{propose_target, propose_task, time_columns};
use super::tuning::TuneForm;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SplitChoice {
    Random,
    #[default]
    Stratified,
    Time,
    Group,
}

/// Many models with given parameters, or one with parameters to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    #[default]
    Train,
    Tune,
}

/// What is done about classes of unequal size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ClassBalance {
    #[default]
    AsTheyAre,
    /// `class_weight = balanced` where an algorithm has it.
    Weights,
    Over,
    Under,
}

impl ClassBalance {
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::AsTheyAre, "As they are"),
        (Self::Weights, "Weigh classes equally"),
        (Self::Over, "Repeat rare classes"),
        (Self::Under, "Leave out common classes"),
    ];
}

#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub enum ThresholdChoice {
    /// The larger probability wins.
    #[default]
    Half,
    F1,
    Youden,
    /// As the last run of this target decides: a cut or costs chosen in Runs.
    AsBefore(ThresholdRule),
}

impl ThresholdChoice {
    /// The choice that stands for a rule.
    fn of(rule: Option<ThresholdRule>) -> Self {
        match rule {
            None => Self::Half,
            Some(ThresholdRule::F1) => Self::F1,
            Some(ThresholdRule::Youden) => Self::Youden,
            Some(rule) => Self::AsBefore(rule),
        }
    }

    /// What can be chosen: the rules, and what is chosen already.
    pub fn options(self) -> Vec<(Self, String)> {
        let mut all: Vec<(Self, String)> =
            Self::ALL.iter().map(|(choice, word)| (*choice, (*word).to_owned())).collect();
        if let Self::AsBefore(rule) = self {
            let word = match rule {
                ThresholdRule::Fixed { value } => format!("{} as before", format::number(value)),
                ThresholdRule::Cost { false_positive, false_negative } => {
                    format!("Least cost {} : {}", format::number(false_positive), format::number(false_negative))
                }
                _ => "As before".to_owned(),
            };
            all.push((self, word));
        }
        all
    }

    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Half, "One half"), (Self::F1, "Best F1"), (Self::Youden, "Best Youden index")];
}

#[derive(Clone, Debug, PartialEq)]
pub struct TrainForm {
    pub mode: Mode,
    pub target: Option<String>,
    /// `None`: as proposed.
    pub task: Option<Task>,
    /// Left out by the user, beside what is left out by rule.
    pub exclude: BTreeSet<String>,
    /// Columns that know the answer and were ticked all the same, each with the reason, as typed.
    pub keep: BTreeMap<String, String>,
    pub weight: Option<String>,
    pub recipe: RecipeSpec,
    pub balance: ClassBalance,
    pub split: SplitChoice,
    pub time_column: Option<String>,
    pub group_column: Option<String>,
    pub test_percent: f64,
    pub folds: u32,
    pub repeats: u32,
    pub seed: u64,
    pub calibration: Option<CalibrationMethod>,
    pub threshold: ThresholdChoice,
    pub algorithms: BTreeSet<Algorithm>,
    pub params: BTreeMap<Algorithm, ParamDraft>,
    pub ensemble: bool,
    /// As typed: `5 min`; empty for no limit.
    pub budget: String,
    pub tune: TuneForm,
    /// The split and the weights are somebody's choice: no proposal changes them any more.
    pub settled: bool,
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
            mode: Mode::Train,
            target: None,
            task: None,
            exclude: BTreeSet::new(),
            keep: BTreeMap::new(),
            weight: None,
            recipe: RecipeSpec::default(),
            balance: ClassBalance::AsTheyAre,
            split: SplitChoice::Stratified,
            time_column: time_columns(&version.schema).first().map(|c| (*c).to_owned()),
            group_column: None,
            test_percent: 20.0,
            folds: 5,
            repeats: 1,
            seed: 42,
            calibration: None,
            threshold: ThresholdChoice::Half,
            algorithms: BTreeSet::new(),
            params: BTreeMap::new(),
            ensemble: false,
            budget: String::new(),
            tune: TuneForm::default(),
            settled: false,
        };
        form.set_target(version, target);
        // Training anew does not lose how somebody chose to decide.
        if let Some(decision) = last.map(|run| run.plan.context.decision) {
            form.calibration = decision.calibration;
            form.threshold = ThresholdChoice::of(decision.threshold);
        }
        form
    }

    /// A new target brings the algorithms that fit it.
    pub fn set_target(&mut self, version: &DatasetVersion, target: Option<String>) {
        self.target = target;
        self.task = None;
        self.keep.clear();
        self.fit_algorithms(version);
    }

    pub fn set_task(&mut self, version: &DatasetVersion, task: Option<Task>) {
        self.task = task;
        self.fit_algorithms(version);
    }

    fn fit_algorithms(&mut self, version: &DatasetVersion) {
        let task = self.task(version);
        self.algorithms = task.map(Algorithm::usual).unwrap_or_default().into_iter().collect();
        if task.is_some_and(|task| !self.tune.algorithm.fits(task)) {
            self.tune.set_algorithm(Algorithm::GradientBoosting);
        }
    }

    /// What the backend found in the values: rows that belong together, weights. Never against somebody's choice.
    pub fn advise(&mut self, plan: &TrainingProposal) {
        if self.settled {
            return;
        }
        self.settled = true;
        if let SplitKind::Group { column } = &plan.split.kind {
            self.split = SplitChoice::Group;
            self.group_column = Some(column.clone());
        }
        let weight = plan.columns.iter().find(|c| c.role == crate::domain::training::Role::Weight);
        self.weight = weight.map(|c| c.column.clone());
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
            SplitChoice::Group => SplitKind::Group { column: self.group_column.clone().unwrap_or_default() },
        };
        SplitSpec { kind, test_share: self.test_percent / 100.0, seed: self.seed }
    }

    /// Seconds the request may take; `Err` where what is typed is no time.
    pub fn budget_seconds(&self) -> Result<Option<f64>, String> {
        let text = self.budget.trim().to_lowercase();
        if text.is_empty() {
            return Ok(None);
        }
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let unit = match text[digits..].trim() {
            "" | "s" | "sec" | "seconds" => 1.0,
            "m" | "min" | "minute" | "minutes" => 60.0,
            "h" | "hour" | "hours" => 3600.0,
            _ => f64::NAN,
        };
        let seconds = text[..digits].parse::<f64>().unwrap_or(f64::NAN) * unit;
        if (0.1..=1e7).contains(&seconds) {
            Ok(Some(seconds))
        } else {
            Err(format!("“{}” is no time; write 90 s, 5 min or 1 h", self.budget.trim()))
        }
    }

    fn recipe(&self) -> RecipeSpec {
        let balance = match self.balance {
            ClassBalance::AsTheyAre | ClassBalance::Weights => Balance::None,
            ClassBalance::Over => Balance::Over,
            ClassBalance::Under => Balance::Under,
        };
        RecipeSpec { balance, ..self.recipe.clone() }
    }

    /// The parameters of one algorithm, with what the rest of the form asks of it.
    fn draft(&self, algorithm: Algorithm) -> ParamDraft {
        let mut draft = self.params.get(&algorithm).cloned().unwrap_or_default();
        let weighs = algorithm.parameters().iter().any(|spec| spec.name == "class_weight");
        if self.balance == ClassBalance::Weights && weighs {
            draft.entry("class_weight".to_owned()).or_insert_with(|| "balanced".into());
        }
        draft
    }

    pub fn request(&self, version: &DatasetVersion) -> TrainRequest {
        let params = self.algorithms.iter().map(|a| (*a, self.draft(*a))).filter(|(_, draft)| !draft.is_empty());
        let threshold = match self.threshold {
            ThresholdChoice::Half => None,
            ThresholdChoice::F1 => Some(ThresholdRule::F1),
            ThresholdChoice::Youden => Some(ThresholdRule::Youden),
            ThresholdChoice::AsBefore(rule) => Some(rule),
        };
        let task = self.task(version);
        TrainRequest {
            data: DataRef::Version(version.id),
            target: self.target.clone().unwrap_or_default(),
            task: self.task,
            algorithms: self.algorithms.iter().copied().collect(),
            split: self.split(),
            folds: self.folds,
            params: params.collect(),
            exclude: self.exclude.iter().filter(|c| Some(*c) != self.target.as_ref()).cloned().collect(),
            recipe: self.recipe(),
            options: TrainOptions {
                budget_seconds: self.budget_seconds().ok().flatten(),
                repeats: self.repeats,
                weight: self.weight.clone(),
                keep_leaking: self.keep.iter().map(|(name, why)| (name.clone(), why.trim().to_owned())).collect(),
                ensemble: self.ensemble,
                decision: DecisionSpec {
                    calibration: self.calibration.filter(|_| task.is_some_and(Task::is_classification)),
                    threshold: threshold.filter(|_| task == Some(Task::Binary)),
                },
                ..TrainOptions::default()
            },
        }
    }

    pub fn tune_request(&self, version: &DatasetVersion) -> TuneRequest {
        let algorithm = self.tune.algorithm;
        let mut fixed = self.tune.fixed();
        if self.balance == ClassBalance::Weights && self.tune.row("class_weight").is_some_and(|row| !row.searched) {
            fixed.insert("class_weight".to_owned(), "balanced".into());
        }
        let mut train = self.request(version);
        train.algorithms = vec![algorithm];
        train.params = [(algorithm, fixed)].into();
        train.options.ensemble = false;
        let TuneForm { method, trials, prune, .. } = self.tune;
        TuneRequest { train, method, trials, prune, space: self.tune.space() }
    }
}

/// "Train 3 models", "Tune gradient boosting"
pub fn train_label(form: &TrainForm) -> String {
    match form.mode {
        Mode::Tune => format!("Tune in {}", format::counted(u64::from(form.tune.trials), "trial", "trials")),
        Mode::Train if form.ensemble => {
            format!("Train {} and an ensemble", format::counted(form.algorithms.len() as u64, "model", "models"))
        }
        Mode::Train => format!("Train {}", format::counted(form.algorithms.len() as u64, "model", "models")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::problems::problems;
    use super::*;
    use crate::domain::metric::Metric;
    use crate::domain::training::{ColumnRole, Role};
    use crate::ui::pages::fixture;

    #[test]
    fn the_proposed_form_can_be_run_as_it_is() {
        let history = fixture::history();
        let version = history.versions.last().unwrap();
        let form = TrainForm::propose(version, &history);
        assert_eq!(form.target.as_deref(), Some("churned"));
        assert_eq!(problems(&form, version), []);
        assert_eq!(train_label(&form), "Train 7 models");
        let request = form.request(version);
        assert_eq!(BTreeSet::from_iter(request.algorithms), BTreeSet::from_iter(Algorithm::usual(Task::Binary)));
        assert_eq!((request.split.test_share, request.task, request.params.len()), (0.2, None, 0));
        assert_eq!(request.options, TrainOptions { repeats: 1, ..TrainOptions::default() });
    }

    #[test]
    fn balance_and_decisions_reach_the_request_where_they_apply() {
        let history = fixture::history();
        let version = history.versions.last().unwrap();
        let mut form = TrainForm::propose(version, &history);
        form.balance = ClassBalance::Weights;
        form.threshold = ThresholdChoice::F1;
        form.calibration = Some(CalibrationMethod::Platt);
        let request = form.request(version);
        assert_eq!(request.params[&Algorithm::Logistic]["class_weight"], "balanced".into());
        assert!(!request.params.contains_key(&Algorithm::NaiveBayes));
        assert_eq!(request.options.decision.threshold, Some(ThresholdRule::F1));
        form.set_target(version, Some("monthly_charge".into()));
        form.balance = ClassBalance::Over;
        let request = form.request(version);
        assert!(request.options.decision.is_plain());
        assert_eq!(request.recipe.balance, Balance::Over);
    }

    #[test]
    fn a_time_budget_is_read_as_people_write_it() {
        let history = fixture::history();
        let mut form = TrainForm::propose(history.versions.last().unwrap(), &history);
        let mut read = |text: &str| {
            form.budget = text.to_owned();
            form.budget_seconds()
        };
        assert_eq!(
            [read(""), read("90"), read("5 min"), read(" 1.5h ")],
            [Ok(None), Ok(Some(90.0)), Ok(Some(300.0)), Ok(Some(5400.0))]
        );
        assert!(read("soon").unwrap_err().contains("5 min"));
        assert!(read("0").is_err());
    }

    #[test]
    fn a_decision_of_the_last_run_is_proposed_again() {
        let mut history = fixture::history();
        let version = history.versions.last().unwrap().clone();
        let form = TrainForm::propose(&version, &history);
        assert_eq!(form.threshold, ThresholdChoice::Half);
        let costs = ThresholdRule::Cost { false_positive: 1.0, false_negative: 5.0 };
        for run in &mut history.runs {
            run.plan.context.decision = DecisionSpec { calibration: None, threshold: Some(costs) };
        }
        let form = TrainForm::propose(&version, &history);
        assert_eq!(form.request(&version).options.decision.threshold, Some(costs));
        assert_eq!(form.threshold.options().last().unwrap().1, "Least cost 1 : 5");
    }

    #[test]
    fn what_the_values_tell_is_proposed_once() {
        let history = fixture::history();
        let version = history.versions.last().unwrap();
        let mut form = TrainForm::propose(version, &history);
        let role = |column: &str, role| ColumnRole { column: column.into(), role, reason: String::new(), score: None };
        let plan = TrainingProposal {
            task: Task::Binary,
            task_reason: String::new(),
            metric: Metric::RocAuc,
            metric_reason: String::new(),
            split: SplitSpec { kind: SplitKind::Group { column: "region".into() }, test_share: 0.2, seed: 42 },
            split_reason: String::new(),
            columns: vec![role("region", Role::Group), role("age", Role::Weight)],
            algorithms: vec![],
            sample: None,
        };
        form.advise(&plan);
        assert_eq!((form.split, form.weight.as_deref()), (SplitChoice::Group, Some("age")));
        form.split = SplitChoice::Random;
        form.weight = None;
        form.advise(&plan);
        assert_eq!((form.split, form.weight), (SplitChoice::Random, None));
    }

    #[test]
    fn tuning_fixes_what_is_not_searched() {
        let history = fixture::history();
        let version = history.versions.last().unwrap();
        let mut form = TrainForm::propose(version, &history);
        form.mode = Mode::Tune;
        form.tune.leave_alone("l1");
        let request = form.tune_request(version);
        assert_eq!(request.train.algorithms, [Algorithm::GradientBoosting]);
        assert_eq!(request.train.params[&Algorithm::GradientBoosting]["l1"], 0.0.into());
        assert!(!request.space.contains_key("l1") && request.space.contains_key("learning_rate"));
        assert_eq!(train_label(&form), "Tune in 30 trials");
    }
}
