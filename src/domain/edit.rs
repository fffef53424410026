//! Small changes to the records that need no computing. Each knows its reverse.

use serde::{Deserialize, Serialize};

use std::path::PathBuf;

use super::catalogue::Description;
use super::ids::{BinId, BranchId, DatasetId, GroupId, LabelSessionId, TagId, VersionId, WatchId};
use super::recipe::RecipeSpec;
use super::schema::ColumnKind;
use super::storage::StorageKey;
use super::watch::{WatchKind, WatchPolicy};

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
    Describe {
        dataset: DatasetId,
        said: Description,
    },
    /// Moves what only these need into the bin.
    Delete(Vec<StorageKey>),
    RestoreBinned(Vec<BinId>),
    /// Cannot be undone.
    EmptyBin,
    AddWatch {
        kind: WatchKind,
        path: PathBuf,
        dataset: String,
        policy: WatchPolicy,
    },
    SetWatchPolicy {
        watch: WatchId,
        policy: WatchPolicy,
    },
    /// Stops watching, or goes on.
    HideWatch {
        watch: WatchId,
        hidden: bool,
    },
    /// One label by hand, durable at once; `None` takes it back. Says nothing.
    DraftLabel {
        version: VersionId,
        column: String,
        row: u64,
        label: Option<String>,
        note: String,
    },
    /// Gives the open session of a column up.
    DropLabels {
        version: VersionId,
        column: String,
    },
    /// Opens a session again that was given up.
    ResumeLabels(LabelSessionId),
    /// Keeps a recipe as a template, or forgets it.
    KeepRecipe {
        name: String,
        recipe: Option<Box<RecipeSpec>>,
    },
    /// What is left of a training is not wanted any more, or is again.
    CloseGroup {
        group: GroupId,
        closed: bool,
    },
}

/// What an edit did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EditOutcome {
    /// "Noted on churn@2"
    pub said: String,
    /// The edit that takes it back.
    pub undo: Option<Edit>,
    /// The version it made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<VersionId>,
}
