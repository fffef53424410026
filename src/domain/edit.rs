//! Small changes to the records that need no computing. Each knows its reverse.

use serde::{Deserialize, Serialize};

use super::ids::VersionId;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    SetNote {
        version: VersionId,
        note: String,
    },
    /// What a table may take in memory; `None` is the default.
    SetMemoryBudget {
        bytes: Option<u64>,
    },
}

/// What an edit did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EditOutcome {
    /// "Noted on churn@2"
    pub said: String,
    /// The edit that takes it back.
    pub undo: Option<Edit>,
}
