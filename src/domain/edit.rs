//! Small changes to the records that need no computing. Each knows its reverse.

use serde::{Deserialize, Serialize};

use super::ids::{BranchId, DatasetId, TagId, VersionId};
use super::schema::ColumnKind;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    SetNote {
        version: VersionId,
        note: String,
    },
    CreateBranch {
        dataset: DatasetId,
        name: String,
        head: VersionId,
    },
    MoveBranch {
        branch: BranchId,
        head: VersionId,
    },
    RenameBranch {
        branch: BranchId,
        name: String,
    },
    /// Removes a branch, or brings it back; its versions stay.
    HideBranch {
        branch: BranchId,
        hidden: bool,
    },
    AddTag {
        version: VersionId,
        name: String,
    },
    HideTag {
        tag: TagId,
        hidden: bool,
    },
    /// Makes a new version of what this one holds, on `main`.
    Revert {
        version: VersionId,
        note: String,
    },
    /// Makes a new version whose column means something else; its cells stay.
    SetKind {
        version: VersionId,
        column: String,
        kind: ColumnKind,
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
