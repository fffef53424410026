//! The activity log: who did what to what, and when. Entries are only ever added.

use serde::{Deserialize, Serialize};

use super::ids::EventId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    Workspace,
    Dataset,
    CheckRun,
    Run,
    Bundle,
    DriftReport,
    Scoring,
}

impl ObjectKind {
    pub const ALL: [Self; 7] =
        [Self::Workspace, Self::Dataset, Self::CheckRun, Self::Run, Self::Bundle, Self::DriftReport, Self::Scoring];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Dataset => "dataset",
            Self::CheckRun => "check_run",
            Self::Run => "run",
            Self::Bundle => "bundle",
            Self::DriftReport => "drift_report",
            Self::Scoring => "scoring",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == word)
    }
}

/// Something that is about to be logged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewEvent {
    /// A past-tense verb: `imported`, `trained`, `exported`.
    pub action: String,
    pub object_kind: ObjectKind,
    /// `churn@2`, `run 12`, a file name.
    pub object: String,
    /// One sentence with the numbers that matter.
    pub summary: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub id: EventId,
    pub at_ms: i64,
    /// Declared, not authenticated: the account the program runs under.
    pub who: String,
    #[serde(flatten)]
    pub event: NewEvent,
}
