//! What the workspace's bytes are spent on, what may go, and what stands in the way.

use serde::{Deserialize, Serialize};

use super::ids::{BinId, BundleId, ContentHash, RunId, VersionId};

/// Something that owns objects and can be deleted as a whole. Its records stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StorageKey {
    Version(VersionId),
    Run(RunId),
    Bundle(BundleId),
    /// Objects that no record refers to: remains of jobs that did not finish.
    Unreferenced,
}

impl StorageKey {
    /// The word in the history and in JSON.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Version(_) => "version",
            Self::Run(_) => "run",
            Self::Bundle(_) => "bundle",
            Self::Unreferenced => "unreferenced",
        }
    }

    /// The number of the record; 0 where there is none.
    pub fn subject(self) -> i64 {
        match self {
            Self::Version(id) => id.0,
            Self::Run(id) => id.0,
            Self::Bundle(id) => id.0,
            Self::Unreferenced => 0,
        }
    }

    pub fn of(kind: &str, subject: i64) -> Option<Self> {
        Some(match kind {
            "version" => Self::Version(VersionId(subject)),
            "run" => Self::Run(RunId(subject)),
            "bundle" => Self::Bundle(BundleId(subject)),
            "unreferenced" => Self::Unreferenced,
            _ => return None,
        })
    }
}

/// One object file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectSize {
    pub hash: ContentHash,
    pub bytes: u64,
}

/// What one version, run or bundle record takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StorageItem {
    pub key: StorageKey,
    /// `churn@2`, `run 4`, `bundle 1 (model-run-4.zip)`
    pub label: String,
    /// Bytes that nothing else needs: what deleting it frees.
    pub own_bytes: u64,
    /// Bytes that something else needs too.
    pub shared_bytes: u64,
    /// Why it must stay, a sentence each; empty when it may go.
    pub needed_by: Vec<String>,
    /// It was deleted; its record is all that is left.
    pub deleted: bool,
}

/// One deletion, as the bin remembers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BinEntry {
    pub id: BinId,
    pub key: StorageKey,
    pub label: String,
    pub objects: Vec<ObjectSize>,
    pub state: BinState,
    pub who: String,
    pub created_at_ms: i64,
}

impl BinEntry {
    pub fn bytes(&self) -> u64 {
        self.objects.iter().map(|o| o.bytes).sum()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BinState {
    Moving,
    Binned,
    Restoring,
    Restored,
    Purging,
    Purged,
}

impl BinState {
    pub const ALL: [Self; 6] =
        [Self::Moving, Self::Binned, Self::Restoring, Self::Restored, Self::Purging, Self::Purged];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Moving => "moving",
            Self::Binned => "binned",
            Self::Restoring => "restoring",
            Self::Restored => "restored",
            Self::Purging => "purging",
            Self::Purged => "purged",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }

    /// Are the objects away, or going?
    pub fn is_gone(self) -> bool {
        matches!(self, Self::Moving | Self::Binned | Self::Purging | Self::Purged)
    }
}

/// Everything in the workspace's folder, by what it is for. Sizes in bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StorageReport {
    /// Versions by dataset and number, then runs, then bundles.
    pub items: Vec<StorageItem>,
    /// All objects, each counted once.
    pub object_bytes: u64,
    pub n_objects: u64,
    /// Objects no record refers to.
    pub unreferenced: Vec<ObjectSize>,
    pub history_bytes: u64,
    /// Files being written, or left by processes that died.
    pub temp_bytes: u64,
    /// Copies made before the history's shape changed.
    pub backup_bytes: u64,
    /// Newest first; restored and emptied ones are left out.
    pub bin: Vec<BinEntry>,
    pub bin_bytes: u64,
}

impl StorageReport {
    pub fn total_bytes(&self) -> u64 {
        self.object_bytes + self.history_bytes + self.temp_bytes + self.backup_bytes + self.bin_bytes
    }

    pub fn unreferenced_bytes(&self) -> u64 {
        self.unreferenced.iter().map(|o| o.bytes).sum()
    }
}

/// What a deletion would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeletionPlan {
    pub key: StorageKey,
    pub label: String,
    /// What would go to the bin.
    pub objects: Vec<ObjectSize>,
    /// Why not; empty when it may go.
    pub refused: Vec<String>,
}

impl DeletionPlan {
    pub fn bytes(&self) -> u64 {
        self.objects.iter().map(|o| o.bytes).sum()
    }
}
