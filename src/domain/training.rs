//! What turns probabilities into decisions.

use serde::{Deserialize, Serialize};

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
