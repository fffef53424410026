//! What a run's plots are drawn from. Computed once on the test rows and stored, never recomputed for a picture.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    pub format_version: u32,
    /// Test rows behind the numbers.
    pub n_rows: u64,
    pub plots: EvaluationPlots,
    /// Classification: one per class.
    #[serde(default)]
    pub by_class: Vec<ClassMetrics>,
    /// Feature → share, largest first, at most 50, summing to at most 1.
    pub importance: Vec<(String, f64)>,
    #[serde(default)]
    pub importance_by: ImportanceBy,
}

/// What the shares of the features are shares of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportanceBy {
    /// |coefficient|, features being scaled.
    #[default]
    Weight,
    /// The loss that the splits of trees took away in training.
    Gain,
    /// How much worse the model gets on test rows when the column is shuffled; a column and all its indicators together.
    Permutation,
}

impl ImportanceBy {
    pub fn describe(self) -> &'static str {
        match self {
            Self::Weight => "Share of the model's weight",
            Self::Gain => "Share of the gain of all splits",
            Self::Permutation => "Share of the loss that shuffling the column adds, on test rows",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum EvaluationPlots {
    Classification {
        classes: Vec<String>,
        /// `confusion[truth][predicted]` rows.
        confusion: Vec<Vec<u64>>,
        /// One per class that has both sides in the test rows; binary: the positive class only.
        curves: Vec<ClassCurves>,
    },
    Regression {
        /// Up to 2,000 (truth, prediction) pairs, evenly picked.
        points: Vec<[f64; 2]>,
        residuals: super::profile::Histogram,
    },
}

/// One class against all others, at the model's threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassMetrics {
    pub class: String,
    /// Test rows of the class.
    pub rows: u64,
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassCurves {
    pub class: String,
    /// (false positive rate, true positive rate), from (0, 0) to (1, 1); thinned to at most 1,000 points.
    pub roc: Vec<[f64; 2]>,
    /// (recall, precision); thinned to at most 1,000 points.
    pub precision_recall: Vec<[f64; 2]>,
    /// (mean predicted probability, observed share, rows) of up to ten equal-width bins.
    pub calibration: Vec<(f64, f64, u64)>,
}
