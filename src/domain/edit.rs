//! Small changes to the records that need no computing. Each knows its reverse.

use serde::{Deserialize, Serialize};

use std::path::PathBuf;

use super::catalogue::Description;
use super::ids::{BinId, DatasetId, LabelSessionId, VersionId, WatchId};
use super::storage::StorageKey;
use super::watch::{WatchKind, WatchPolicy};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    SetNote {
        version: VersionId,
        note: String,
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
    /// Gives an open session up.
    DropLabels(LabelSessionId),
}

/// What an edit did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EditOutcome {
    /// "Noted on churn@2"
    pub said: String,
    /// The edit that takes it back.
    pub undo: Option<Edit>,
}
