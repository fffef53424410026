//! Where to cut a two-class run's probability, what each kind of error costs, and what comes of it.

use crate::domain::decision::CostMatrix;
use crate::domain::ids::RunId;
use crate::domain::training::{CalibrationMethod, ThresholdRule};

pub mod model;
mod view;

pub use view::threshold_ui;

/// What is being tried out on one run.
#[derive(Debug)]
pub struct ThresholdTab {
    /// Another run starts from its own cut.
    run: Option<RunId>,
    cut: f64,
    /// How the cut was found; `Fixed` once it was moved by hand.
    rule: ThresholdRule,
    costs: CostMatrix,
    calibration: Option<CalibrationMethod>,
    rows: model::Rows,
}

impl Default for ThresholdTab {
    fn default() -> Self {
        Self {
            run: None,
            cut: 0.5,
            rule: ThresholdRule::Fixed { value: 0.5 },
            costs: CostMatrix::default(),
            calibration: None,
            rows: model::Rows::default(),
        }
    }
}
