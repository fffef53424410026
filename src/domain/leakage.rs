//! How well each column alone predicts the target: what knows the answer is left out, unless somebody says why not.

use serde::{Deserialize, Serialize};

/// One column's score, of a small model on nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnScore {
    pub column: String,
    /// `AUC` for classes (of several the mean, by their rows), `R²` for numbers.
    pub by: String,
    /// Out of fold, on up to 10,000 rows.
    pub value: f64,
    /// From here on the column deserves the question whether it is known when the model is used.
    pub limit: f64,
    /// From here on it is left out: as good as a copy of the target, unless a suite is stricter.
    pub leaves_out: f64,
    /// Predictive power from 0 for guessing to 1, on the scale of `ppscore`; `None` with too few rows, and
    /// where nobody asked.
    #[serde(default)]
    pub power: Option<f64>,
}

impl ColumnScore {
    /// It is left out unless there is a reason to keep it.
    pub fn leaks(&self) -> bool {
        self.value >= self.leaves_out
    }

    /// It is learned from, and looks too good.
    pub fn is_strong(&self) -> bool {
        self.value >= self.limit
    }

    /// "AUC 0.998"
    pub fn describe(&self) -> String {
        format!("{} {:.3}", self.by, self.value)
    }

    /// "it knows the answer: alone it predicts `churned` with AUC 0.998 (limit 0.99)"
    pub fn reason(&self, target: &str) -> String {
        format!(
            "it knows the answer: alone it predicts `{target}` with {} (limit {})",
            self.describe(),
            self.leaves_out
        )
    }
}
