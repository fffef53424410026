//! How a long computation talks to whoever waits for it.

use super::run::MetricPoint;

/// The waiter does not want the result any more. Whoever receives this stops at once and leaves nothing behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

/// Progress out, cancellation in. The worker process, the tests and the benches each bring their own.
pub trait JobIo {
    /// Reports the phase in words a user reads ("Fold 3 of 5") and, where known, the share done of the whole job
    /// (0 to 1). Cheap: call it often, it is also where cancellation arrives.
    fn progress(&self, phase: &str, fraction: Option<f64>) -> Result<(), Cancelled>;

    /// Something was committed before the end of the job (one run of several): lists are worth reading again.
    fn recorded(&self) {}

    /// A point of a learning curve, while training goes on; `run` names it for people ("Gradient boosting").
    fn measured(&self, _run: &str, _point: &MetricPoint) {}
}

/// For callers who do not watch.
pub struct Silent;

impl JobIo for Silent {
    fn progress(&self, _phase: &str, _fraction: Option<f64>) -> Result<(), Cancelled> {
        Ok(())
    }
}

/// Maps the progress of a part (0 to 1) into `from..to` of the whole.
pub struct Part<'a> {
    pub io: &'a dyn JobIo,
    pub from: f64,
    pub to: f64,
}

impl JobIo for Part<'_> {
    fn progress(&self, phase: &str, fraction: Option<f64>) -> Result<(), Cancelled> {
        let whole = fraction.map(|part| self.from + (self.to - self.from) * part.clamp(0.0, 1.0));
        self.io.progress(phase, whole)
    }

    fn recorded(&self) {
        self.io.recorded();
    }

    fn measured(&self, run: &str, point: &MetricPoint) {
        self.io.measured(run, point);
    }
}
