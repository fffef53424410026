//! How runs are trained together: groups of runs, time budgets, tuning, and what turns probabilities into decisions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ids::{GroupId, RunId, SplitCheckId};
use super::leakage::ColumnScore;
use super::metric::{Metric, MetricSet};
use super::params::{Algorithm, SearchSpace};
use super::request::TrainRequest;
use super::run::Sample;
use super::split::SplitSpec;
use super::split_check::SplitCheck;
use super::task::Task;

/// What a training may be asked for beside algorithms and parameters; everything is off by default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainOptions {
    /// Seconds the whole request may take; work under way then is stopped. `None`: until all is done.
    pub budget_seconds: Option<f64>,
    /// Times the folds are dealt anew; 0 and 1 both mean once.
    pub repeats: u32,
    /// A column of numbers, 0 or more: a row with weight 2 counts as two rows in fitting.
    pub weight: Option<String>,
    /// Train and test on the rows of this run, of the same version, instead of splitting anew.
    pub split_of: Option<RunId>,
    /// Columns that are kept though they know the answer, each with the reason; the others are left out. An empty reason
    /// is that of an earlier run, which had the column: it is not asked about again.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub keep_leaking: BTreeMap<String, String>,
    /// Go on with this group: what it completed is kept, the rest of its request is done.
    pub resume: Option<GroupId>,
    /// Combine the completed runs by their predictions on held-out rows.
    pub ensemble: bool,
    pub decision: DecisionSpec,
}

/// What a run was part of, and how its probabilities become decisions. Kept in its plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunContext {
    /// The request it was trained for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trial: Option<Trial>,
    #[serde(skip_serializing_if = "is_once")]
    pub repeats: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// The rows are those of this run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_of: Option<RunId>,
    /// Features that know the answer, each with the reason why they were kept.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub kept: BTreeMap<String, String>,
    /// What the checks say of its rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_check: Option<SplitCheckId>,
    #[serde(skip_serializing_if = "DecisionSpec::is_plain")]
    pub decision: DecisionSpec,
    /// Of an ensemble: the runs it is made of, each with its weight; the weights sum to 1.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<(RunId, f64)>,
}

fn is_once(repeats: &u32) -> bool {
    *repeats <= 1
}

/// One set of parameters that tuning tried.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// From 1.
    pub number: u32,
    /// Share of the training rows it was fitted on, in (0, 1]; below 1 in successive halving.
    pub rows_share: f64,
}

/// Runs of one request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunGroup {
    pub id: GroupId,
    pub request: GroupRequest,
    pub created_at_ms: i64,
    /// Everything that was asked for was done, or the budget was spent; `None`: it can be resumed.
    pub ended_at_ms: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupRequest {
    Train(Box<TrainRequest>),
    Tune(Box<TuneRequest>),
}

impl GroupRequest {
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Train(_) => "train",
            Self::Tune(_) => "tune",
        }
    }

    /// What is trained for, whichever way.
    pub fn train(&self) -> &TrainRequest {
        match self {
            Self::Train(request) => request,
            Self::Tune(request) => &request.train,
        }
    }

    pub fn target(&self) -> &str {
        &self.train().target
    }
}

/// How tuning picks the next parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TuneMethod {
    /// Anywhere in the ranges.
    Random,
    /// Many at random on few rows; the better third goes on with three times the rows.
    Halving,
    /// Where earlier trials were good rather than bad (tree-structured Parzen estimator).
    #[default]
    Tpe,
}

impl TuneMethod {
    pub const ALL: [Self; 3] = [Self::Random, Self::Halving, Self::Tpe];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Halving => "halving",
            Self::Tpe => "tpe",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.as_str() == word)
    }
}

/// Look for good parameters of one algorithm. Every trial is a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TuneRequest {
    /// `algorithms` holds the one to tune, `params` what stays fixed.
    pub train: TrainRequest,
    pub method: TuneMethod,
    /// Trials at most.
    pub trials: u32,
    /// Stop trials that are worse than the median of earlier ones after as many folds.
    pub prune: bool,
    /// Where to look instead of the usual ranges.
    #[serde(default)]
    pub space: SearchSpace,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TuneOutcome {
    pub group: GroupId,
    pub runs: Vec<super::run::Run>,
    pub best: Option<RunId>,
    /// Trials stopped because earlier ones were better.
    pub pruned: u32,
    pub warnings: Vec<String>,
    /// What the checks say of the rows they were trained and tested on.
    #[serde(default)]
    pub split_check: Option<Box<SplitCheck>>,
}

/// How probabilities are corrected and where they are cut. Learned from predictions on held-out folds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DecisionSpec {
    pub calibration: Option<CalibrationMethod>,
    /// Binary tasks only.
    pub threshold: Option<ThresholdRule>,
}

impl DecisionSpec {
    pub fn is_plain(&self) -> bool {
        self.calibration.is_none() && self.threshold.is_none()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalibrationMethod {
    /// A logistic curve through the scores.
    Platt,
    /// The best curve that never falls.
    Isotonic,
}

impl CalibrationMethod {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Platt => "platt",
            Self::Isotonic => "isotonic",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        [Self::Platt, Self::Isotonic].into_iter().find(|m| m.as_str() == word)
    }
}

/// What the cut between the two classes is to make best.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "rule")]
pub enum ThresholdRule {
    F1,
    /// Sensitivity + specificity − 1.
    Youden,
    /// Smallest total cost; what is right costs nothing.
    Cost {
        false_positive: f64,
        false_negative: f64,
    },
    /// This cut, whatever the data say.
    Fixed {
        value: f64,
    },
}

/// A fitted correction of probabilities: one curve per class (binary: one, of the second class), the classes of a row
/// then divided by their sum, as scikit-learn's `CalibratedClassifierCV` does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "method")]
pub enum Calibration {
    /// `1 / (1 + exp(a·p + b))` of the probability p.
    Platt {
        curves: Vec<[f64; 2]>,
    },
    Isotonic {
        curves: Vec<IsotonicCurve>,
    },
}

/// Corners of a curve that never falls; straight between them, level outside. Both lists ascend and are equally long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IsotonicCurve {
    pub x: Vec<f64>,
    pub y: Vec<f64>,
}

/// What a column is to a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Feature,
    Target,
    Id,
    Time,
    Group,
    Weight,
    Excluded,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Feature => "feature",
            Self::Target => "target",
            Self::Id => "id",
            Self::Time => "time",
            Self::Group => "group",
            Self::Weight => "weight",
            Self::Excluded => "excluded",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnRole {
    pub column: String,
    pub role: Role,
    pub reason: String,
    /// How well it alone predicts the target; `None` where that cannot be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<ColumnScore>,
}

/// What would be trained if nobody chose otherwise, each choice with its reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingProposal {
    pub task: Task,
    pub task_reason: String,
    pub metric: Metric,
    pub metric_reason: String,
    pub split: SplitSpec,
    pub split_reason: String,
    /// In file order.
    pub columns: Vec<ColumnRole>,
    pub algorithms: Vec<Algorithm>,
    /// The rows that fit the memory budget, when not all do; with the columns and the seed that are proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
}

/// How a rerun compares with what was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    BitEqual,
    WithinTolerance,
    Different,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BitEqual => "bit-equal",
            Self::WithinTolerance => "within tolerance",
            Self::Different => "different",
        }
    }
}

/// `split`, `recipe`, `model`, `predictions`, `metrics`, in this order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReproducedStep {
    pub step: String,
    pub verdict: Verdict,
    /// What was compared, with the largest difference.
    pub detail: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReproduceOutcome {
    pub run: RunId,
    /// The worst of the steps.
    pub verdict: Verdict,
    pub first_difference: Option<String>,
    pub steps: Vec<ReproducedStep>,
    /// What is not as it was: program, libraries, system. One sentence each.
    pub environment: Vec<String>,
    pub metrics: MetricSet,
}
