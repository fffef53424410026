//! An error as a person reads it, and as it travels between processes.

use serde::{Deserialize, Serialize};

/// Decides the exit code of a command and the colour of a toast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// Something went wrong (exit code 1).
    Failed,
    /// What was asked for makes no sense (exit code 2): no such column, parameter out of range.
    Usage,
    /// A gate said no (exit code 3): the data is not fit for it, or nobody said that it is.
    Gate,
    /// The user stopped it (exit code 1, and no error in the window).
    Cancelled,
}

/// Summary (what failed), details (why: numbers, path last), hint (what to do). Sentence case; a lone sentence takes
/// no full stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    pub kind: ProblemKind,
    pub summary: String,
    pub details: String,
    pub hint: String,
}

impl Problem {
    pub fn failed(summary: impl Into<String>, details: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { kind: ProblemKind::Failed, summary: summary.into(), details: details.into(), hint: hint.into() }
    }

    pub fn usage(summary: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { kind: ProblemKind::Usage, summary: summary.into(), details: String::new(), hint: hint.into() }
    }

    pub fn cancelled() -> Self {
        Self {
            kind: ProblemKind::Cancelled,
            summary: "Cancelled".to_owned(),
            details: "Nothing that was unfinished was kept".to_owned(),
            hint: String::new(),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.summary)?;
        for more in [&self.details, &self.hint] {
            if !more.is_empty() {
                write!(f, "\n  {more}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}
