//! What differs between two versions: their columns, their rows by key, their distributions.
//!
//! *Left* is the older side, or whatever was named first; *right* the other.

use serde::{Deserialize, Serialize};

use super::drift::ColumnDrift;
use super::ids::VersionId;
use super::request::DataRef;
use super::schema::{ColumnKind, Storage};

/// Examples of each sort of change that are listed unless told otherwise.
pub const EXAMPLES: u32 = 100;
/// Most examples of each sort that may be asked for.
pub const MAX_EXAMPLES: u32 = 10_000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiffRequest {
    pub left: DataRef,
    pub right: DataRef,
    /// The columns that tell rows apart; proposed when empty.
    pub key: Vec<String>,
    /// Examples of each sort of change to list.
    pub limit: u32,
    /// List only changed rows in which this column changed.
    pub column: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiffReport {
    pub format_version: u32,
    pub left: DiffSide,
    pub right: DiffSide,
    /// Same columns in the same order with the same meaning, and the same rows (in any order).
    pub equal: bool,
    pub schema: SchemaDiff,
    pub key: DiffKey,
    pub rows: RowCounts,
    /// Keys that several rows share: on the left, on the right.
    pub duplicates: [Duplicates; 2],
    /// Columns of both sides, in the order of the left.
    pub columns: Vec<ColumnDiff>,
    /// Removed, then added, then changed; each in the order of its table, at most `example_limit` of each.
    pub examples: Vec<RowExample>,
    pub example_limit: u32,
    /// What to know before trusting the numbers.
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiffSide {
    pub version: VersionId,
    /// `churn@2`
    pub label: String,
    pub rows: u64,
    pub columns: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SchemaDiff {
    /// Only on the right.
    pub added: Vec<SchemaColumn>,
    /// Only on the left.
    pub removed: Vec<SchemaColumn>,
    /// On both sides, with another storage or kind.
    pub changed: Vec<SchemaChange>,
    /// The columns of both sides stand in another order.
    pub reordered: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SchemaColumn {
    pub column: String,
    pub kind: ColumnKind,
    pub storage: Storage,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SchemaChange {
    pub column: String,
    /// Left and right.
    pub kind: [ColumnKind; 2],
    pub storage: [Storage; 2],
}

/// How it was decided which row belongs to which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeySource {
    Given,
    /// Unique on both sides.
    Proposed,
    /// No column tells the rows apart: whole rows were compared, so none is *changed*.
    WholeRows,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiffKey {
    pub source: KeySource,
    pub columns: Vec<String>,
    /// Every column that could be a key by itself, the best first.
    pub candidates: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    pub added: u64,
    pub removed: u64,
    pub changed: u64,
    pub unchanged: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duplicates {
    /// Keys that more than one row has.
    pub keys: u64,
    /// The rows that have them.
    pub rows: u64,
}

/// One column of both sides. Pairs are left and right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnDiff {
    pub column: String,
    pub is_key: bool,
    /// Cells that differ among rows with the same key; 0 for key columns and without a key.
    pub changed_cells: u64,
    /// The two sides store it differently, so its cells were compared as texts.
    pub compared_as_text: bool,
    pub missing: [u64; 2],
    /// Of numbers.
    pub mean: [Option<f64>; 2],
    pub median: [Option<f64>; 2],
    /// The most frequent values with their shares of all rows, at most 5.
    pub top: [Vec<(String, f64)>; 2],
    /// Test, distance and the two shapes to draw.
    pub drift: ColumnDrift,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowChange {
    Removed,
    Added,
    Changed,
}

impl RowChange {
    pub const ALL: [Self; 3] = [Self::Removed, Self::Added, Self::Changed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Added => "added",
            Self::Changed => "changed",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowExample {
    pub change: RowChange,
    /// 0-based row on the left and on the right.
    pub rows: [Option<u64>; 2],
    /// The cells of the key columns; empty without a key. `None` is a missing cell.
    pub key: Vec<Option<String>>,
    /// Of a changed row those cells that changed, of the others all but the key.
    pub cells: Vec<CellChange>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellChange {
    pub column: String,
    pub old: Option<String>,
    pub new: Option<String>,
}
