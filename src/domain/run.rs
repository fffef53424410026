//! Runs: one training of one algorithm, from request to result.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ids::{ContentHash, RunId, VersionId};
use super::metric::{Metric, MetricSet};
use super::params::{Algorithm, CheckedParams};
use super::recipe::RecipeSpec;
use super::split::SplitSpec;
use super::task::Task;
use super::training::RunContext;
use super::words::thousands;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    Running,
    Completed,
    Failed,
    Cancelled,
    /// Its process died before it could say how it ended.
    Interrupted,
}

impl RunStatus {
    pub const ALL: [Self; 5] = [Self::Running, Self::Completed, Self::Failed, Self::Cancelled, Self::Interrupted];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

/// What a run set out to do; known before it starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunPlan {
    pub version_id: VersionId,
    /// `churn@2`
    pub dataset: String,
    pub algorithm: Algorithm,
    pub task: Task,
    pub target: String,
    /// Columns that become features, in file order.
    pub features: Vec<String>,
    /// Columns left out, each with the reason.
    pub excluded: Vec<(String, String)>,
    pub split: SplitSpec,
    /// The stored `SplitRows`; two runs with the same hash saw the same rows.
    pub split_hash: ContentHash,
    /// Folds of the cross-validation on the training rows; 0 means none.
    pub folds: u32,
    pub seed: u64,
    pub recipe: RecipeSpec,
    pub params: CheckedParams,
    pub environment: Environment,
    /// Of a table that does not fit the memory budget only some rows were used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled: Option<Sample>,
    #[serde(default)]
    pub context: RunContext,
}

/// Rows drawn from a table without putting any back; which ones stands in the run's split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    pub rows: u64,
    pub of: u64,
    pub seed: u64,
}

impl Sample {
    /// `a sample of 1,000 of 60,000,000 rows (seed 42)`
    pub fn describe(&self) -> String {
        format!("a sample of {} of {} rows (seed {})", thousands(self.rows), thousands(self.of), self.seed)
    }
}

/// Where it ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    pub app_version: String,
    pub os: String,
    pub cpu: String,
    pub threads: u32,
    /// name → version of the crates the numbers depend on
    pub libraries: BTreeMap<String, String>,
    /// `de_DE.UTF-8`
    #[serde(default)]
    pub locale: String,
}

/// Seconds of wall time; fit excludes reading and encoding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    pub encode_seconds: f64,
    pub fit_seconds: f64,
    /// Seconds of processor time in fitting, over all cores; includes binning. 0 in runs of older versions.
    #[serde(default)]
    pub fit_cpu_seconds: f64,
    /// Of all training and test rows.
    pub predict_seconds: f64,
    /// Processor time of the same. 0 in runs of older versions.
    #[serde(default)]
    pub predict_cpu_seconds: f64,
    pub total_seconds: f64,
}

/// Metrics of a run by the rows they were measured on. `cv` holds means over the folds and `cv_std` their sample
/// standard deviations; both are empty without cross-validation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunMetrics {
    pub train: MetricSet,
    pub test: MetricSet,
    pub cv: MetricSet,
    pub cv_std: MetricSet,
    /// Those of a model that knows only the target's distribution, on the same test rows.
    #[serde(default)]
    pub dummy: MetricSet,
    /// 95 % confidence intervals of `test`.
    #[serde(default)]
    pub interval: BTreeMap<String, [f64; 2]>,
}

/// One number measured at one step (fold or iteration) of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricPoint {
    /// `train`, `test`, `fold`
    pub part: String,
    pub metric: String,
    pub step: u32,
    pub value: f64,
}

/// A stored run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub id: RunId,
    pub status: RunStatus,
    pub plan: RunPlan,
    pub metrics: RunMetrics,
    pub timings: Timings,
    /// Why it failed, in words for people.
    pub problem: Option<String>,
    pub warnings: Vec<String>,
    /// The stored `TrainedModel` and `Evaluation`, once completed.
    pub model_hash: Option<ContentHash>,
    pub evaluation_hash: Option<ContentHash>,
    /// The stored [`HeldOut`], where there were folds.
    pub held_out_hash: Option<ContentHash>,
    /// Size of the stored model.
    pub model_bytes: Option<u64>,
    pub train_rows: u64,
    pub test_rows: u64,
    pub started_at_ms: i64,
    pub ended_at_ms: Option<i64>,
}

impl Run {
    /// The number that ranks this run: cross-validated when there is one, else on the test rows.
    pub fn score(&self) -> Option<f64> {
        let key = Metric::primary(self.plan.task).key();
        self.metrics.cv.get(key).or_else(|| self.metrics.test.get(key)).copied()
    }
}

/// What the models of the folds said about the rows they had not seen; the mean where repeats say it more than once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    pub format_version: u32,
    /// The stored `SplitRows` they belong to.
    pub split_hash: ContentHash,
    /// Rows of the version, ascending.
    pub rows: Vec<u32>,
    /// Per row one number per class, or one value.
    pub answers: Vec<f64>,
    pub width: u32,
}

/// The best completed run by its score; the earlier of equals.
pub fn best_run(runs: &[Run]) -> Option<&Run> {
    let mut best: Option<(&Run, f64)> = None;
    for run in runs.iter().filter(|r| r.status == RunStatus::Completed) {
        let Some(score) = run.score() else { continue };
        let metric = Metric::primary(run.plan.task);
        let earlier = |of: &Run, top: f64| score == top && run.id < of.id;
        if best.is_none_or(|(of, top)| metric.better(score, top) || earlier(of, top)) {
            best = Some((run, score));
        }
    }
    best.map(|(run, _)| run)
}
