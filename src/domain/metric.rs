//! Metrics: their keys, which way is better, and how sets of them are kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::task::Task;

/// A metric, named as scikit-learn names it. Precision, recall and F1 are those of the positive class for a binary
/// task and macro averages otherwise, and so are specificity (true negative rate) and the rates of false answers; the
/// true positive rate is `recall`; `roc_auc` and `average_precision` are one-vs-rest macro averages for many classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    Accuracy,
    BalancedAccuracy,
    Precision,
    Recall,
    F1,
    Specificity,
    FalsePositiveRate,
    FalseNegativeRate,
    RocAuc,
    AveragePrecision,
    LogLoss,
    Brier,
    MeanError,
    Mae,
    Rmse,
    R2,
    Mape,
    MaxError,
    MedianAe,
}

impl Metric {
    pub const CLASSIFICATION: [Self; 12] = [
        Self::Accuracy,
        Self::BalancedAccuracy,
        Self::Precision,
        Self::Recall,
        Self::F1,
        Self::Specificity,
        Self::FalsePositiveRate,
        Self::FalseNegativeRate,
        Self::RocAuc,
        Self::AveragePrecision,
        Self::LogLoss,
        Self::Brier,
    ];
    pub const REGRESSION: [Self; 7] =
        [Self::Mae, Self::Rmse, Self::R2, Self::Mape, Self::MaxError, Self::MedianAe, Self::MeanError];

    pub fn for_task(task: Task) -> &'static [Self] {
        if task.is_classification() { &Self::CLASSIFICATION } else { &Self::REGRESSION }
    }

    /// The metric that picks the best run.
    pub fn primary(task: Task) -> Self {
        match task {
            Task::Binary => Self::RocAuc,
            Task::Multiclass => Self::LogLoss,
            Task::Regression => Self::Rmse,
        }
    }

    pub fn key(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::BalancedAccuracy => "balanced_accuracy",
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::F1 => "f1",
            Self::Specificity => "specificity",
            Self::FalsePositiveRate => "fpr",
            Self::FalseNegativeRate => "fnr",
            Self::RocAuc => "roc_auc",
            Self::AveragePrecision => "average_precision",
            Self::LogLoss => "log_loss",
            Self::Brier => "brier",
            Self::MeanError => "mean_error",
            Self::Mae => "mae",
            Self::Rmse => "rmse",
            Self::R2 => "r2",
            Self::Mape => "mape",
            Self::MaxError => "max_error",
            Self::MedianAe => "median_ae",
        }
    }

    /// Name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Accuracy => "Accuracy",
            Self::BalancedAccuracy => "Balanced accuracy",
            Self::Precision => "Precision",
            Self::Recall => "Recall",
            Self::F1 => "F1",
            Self::Specificity => "Specificity",
            Self::FalsePositiveRate => "False positive rate",
            Self::FalseNegativeRate => "False negative rate",
            Self::RocAuc => "ROC AUC",
            Self::AveragePrecision => "Average precision",
            Self::LogLoss => "Log loss",
            Self::Brier => "Brier score",
            Self::MeanError => "Mean error",
            Self::Mae => "Mean absolute error",
            Self::Rmse => "Root mean squared error",
            Self::R2 => "R²",
            Self::Mape => "Mean absolute percentage error",
            Self::MaxError => "Largest error",
            Self::MedianAe => "Median absolute error",
        }
    }

    /// One sentence for a tooltip.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Accuracy => "Share of rows whose class was predicted right",
            Self::BalancedAccuracy => {
                "Mean of the recall of every class, so that rare classes count as much as common ones"
            }
            Self::Precision => "Of the rows predicted positive, the share that is",
            Self::Recall => "Of the rows that are positive, the share that was found",
            Self::F1 => "Harmonic mean of precision and recall",
            Self::Specificity => "Of the rows that are negative, the share that was called so",
            Self::FalsePositiveRate => "Of the rows that are negative, the share that was called positive",
            Self::FalseNegativeRate => "Of the rows that are positive, the share that was missed",
            Self::RocAuc => "Chance that a random positive row gets a higher score than a random negative one",
            Self::AveragePrecision => "Area under the precision–recall curve, summed by steps",
            Self::LogLoss => "Mean negative log of the probability given to the true class",
            Self::Brier => "Mean squared distance between probabilities and what happened",
            Self::MeanError => "Mean of prediction minus truth: above 0 when predictions are too high on average",
            Self::Mae => "Mean distance between prediction and truth, in the unit of the target",
            Self::Rmse => "Root of the mean squared error, in the unit of the target; large errors weigh more",
            Self::R2 => "Share of the target's variance that is explained; 0 is no better than the mean",
            Self::Mape => "Mean distance between prediction and truth as a share of the truth",
            Self::MaxError => "The single largest distance between prediction and truth",
            Self::MedianAe => "Half of the rows are nearer to the truth than this",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::CLASSIFICATION.into_iter().chain(Self::REGRESSION).find(|m| m.key() == key)
    }

    pub fn higher_is_better(self) -> bool {
        !matches!(
            self,
            Self::FalsePositiveRate
                | Self::FalseNegativeRate
                | Self::LogLoss
                | Self::Brier
                | Self::MeanError
                | Self::Mae
                | Self::Rmse
                | Self::Mape
                | Self::MaxError
                | Self::MedianAe
        )
    }

    /// Is `a` better than `b`?
    pub fn better(self, a: f64, b: f64) -> bool {
        match self {
            // Either side of 0 is an error.
            Self::MeanError => a.abs() < b.abs(),
            _ if self.higher_is_better() => a > b,
            _ => a < b,
        }
    }
}

/// Metric key → value. A metric that is not defined on the rows (ROC AUC with one class) is absent, never NaN.
pub type MetricSet = BTreeMap<String, f64>;
