//! Datasets, their versions, and how a source file was read.

use serde::{Deserialize, Serialize};

use super::ids::{ContentHash, DatasetId, VersionId};
use super::schema::Schema;

/// The format of a source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceFormat {
    /// Text with a delimiter: CSV, TSV and relatives.
    Delimited,
    Parquet,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextEncoding {
    Utf8,
    /// ISO-8859-1 read as its superset windows-1252, as browsers do.
    Latin1,
    Utf16Le,
    Utf16Be,
}

impl TextEncoding {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Latin1 => "Latin-1",
            Self::Utf16Le => "UTF-16 LE",
            Self::Utf16Be => "UTF-16 BE",
        }
    }
}

/// Every guess made about a source file; shown to the user and stored with the version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadOptions {
    pub format: SourceFormat,
    pub encoding: TextEncoding,
    /// One ASCII character; `,` for Parquet, where it means nothing.
    pub delimiter: char,
    pub has_header: bool,
    /// The cells that count as missing, beside the empty one.
    pub null_tokens: Vec<String>,
}

/// One immutable version of a dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatasetVersion {
    pub id: VersionId,
    pub dataset_id: DatasetId,
    /// The dataset's name; a label, never a path.
    pub dataset: String,
    /// 1, 2, 3 … within the dataset.
    pub version: u32,
    pub rows: u64,
    pub schema: Schema,
    /// SHA-256 of the source bytes; the same bytes make no new version.
    pub source_hash: ContentHash,
    /// The typed table as a Parquet object.
    pub table_hash: ContentHash,
    /// The file name the source had (no directories).
    pub source_name: String,
    pub source_bytes: u64,
    pub read: ReadOptions,
    pub created_at_ms: i64,
}

impl DatasetVersion {
    /// `churn@2`
    pub fn label(&self) -> String {
        format!("{}@{}", self.dataset, self.version)
    }
}
