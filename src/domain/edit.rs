//! Small changes to the records that need no computing. Each knows its reverse.

use serde::{Deserialize, Serialize};

use std::path::PathBuf;

use super::catalogue::Description;
use super::finding::Finding;
use super::gate::{Act, Need};
use super::ids::{BinId, BranchId, DatasetId, GateId, GroupId, LabelSessionId, TagId, VersionId, WatchId};
use super::recipe::RecipeSpec;
use super::schema::ColumnKind;
use super::sign_off::Answers;
use super::storage::StorageKey;
use super::suite::Suite;
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
    /// A new state of a dataset's suite; the former ones stay.
    SaveSuite {
        dataset: DatasetId,
        suite: Box<Suite>,
        note: String,
    },
    /// What was found in a version is the new normal: the suite is changed so that it holds.
    AcceptFinding {
        version: VersionId,
        finding: Box<Finding>,
    },
    AddGate {
        act: Act,
        needs: Need,
        /// Every dataset when `None`.
        dataset: Option<DatasetId>,
    },
    /// Takes a gate away, or puts it back.
    HideGate {
        gate: GateId,
        hidden: bool,
    },
    /// Cannot be taken back; a later one counts instead.
    SignOff {
        version: VersionId,
        answers: Answers,
    },
    /// Lets `main` lead to a version, if the gates let it.
    Publish {
        version: VersionId,
    },
    /// The same in spite of red gates, for this reason; both are recorded.
    Overriding {
        reason: String,
        edit: Box<Edit>,
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
