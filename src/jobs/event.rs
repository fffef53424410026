//! What a running job tells whoever started it.

use serde::{Deserialize, Serialize};

use crate::domain::problem::Problem;
use crate::domain::request::JobOutcome;
use crate::domain::run::MetricPoint;

/// Counts up within one process; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct JobId(pub u64);

/// Progress overwrites itself, everything else queues. After `Done` or `Failed` (of any kind) nothing more comes.
#[derive(Clone, Debug, PartialEq)]
pub enum JobEvent {
    Progress {
        id: JobId,
        phase: String,
        fraction: Option<f64>,
    },
    /// The job committed something before its end (a run of several): lists are worth reading again.
    Recorded {
        id: JobId,
    },
    /// Learning curves went on: points, each with the name of its run ("Gradient boosting").
    Points {
        id: JobId,
        points: Vec<(String, MetricPoint)>,
    },
    Done {
        id: JobId,
        outcome: Box<JobOutcome>,
    },
    /// Failed, refused or cancelled: see `problem.kind`.
    Failed {
        id: JobId,
        problem: Problem,
    },
}
