//! Datasets, their versions, and how a source file was read.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ids::{ContentHash, DatasetId, VersionId};
use super::schema::{ColumnKind, Schema, Storage};

/// The format of a source file, under any compression.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceFormat {
    /// Text with a delimiter: CSV, TSV and relatives.
    #[default]
    Delimited,
    /// One JSON document: an array of objects, or of arrays.
    Json,
    /// One JSON object per line.
    Ndjson,
    Parquet,
    /// Arrow IPC: file (Feather version 2) or stream.
    Arrow,
    /// `.xlsx`, `.xls`, `.xlsb`, `.ods`.
    Excel,
    /// A table of an SQLite file.
    Sqlite,
}

impl SourceFormat {
    pub const ALL: [Self; 7] =
        [Self::Delimited, Self::Json, Self::Ndjson, Self::Parquet, Self::Arrow, Self::Excel, Self::Sqlite];

    /// The word on the command line and in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delimited => "delimited",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
            Self::Excel => "excel",
            Self::Sqlite => "sqlite",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.as_str() == word)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextEncoding {
    #[default]
    Utf8,
    /// ISO-8859-1 read as its superset windows-1252, as browsers do.
    Latin1,
    Utf16Le,
    Utf16Be,
    /// Shift-JIS read as its superset windows-31j (CP932), as browsers do.
    ShiftJis,
}

impl TextEncoding {
    pub const ALL: [Self; 5] = [Self::Utf8, Self::Latin1, Self::Utf16Le, Self::Utf16Be, Self::ShiftJis];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Latin1 => "Latin-1",
            Self::Utf16Le => "UTF-16 LE",
            Self::Utf16Be => "UTF-16 BE",
            Self::ShiftJis => "Shift-JIS",
        }
    }

    /// By name, whatever its case, spaces and dashes: `utf-8`, `cp1252`, `sjis` …
    pub fn parse(word: &str) -> Option<Self> {
        let plain: String = word.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        Some(match plain.as_str() {
            "utf8" => Self::Utf8,
            "latin1" | "iso88591" | "cp1252" | "windows1252" => Self::Latin1,
            "utf16le" | "utf16" => Self::Utf16Le,
            "utf16be" => Self::Utf16Be,
            "shiftjis" | "sjis" | "cp932" | "windows31j" => Self::ShiftJis,
            _ => return None,
        })
    }
}

/// What happens to rows that cannot be read: the wrong number of fields, text after a closing quote, an overlong field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadRows {
    /// The file is refused, with the first such row named.
    #[default]
    Refuse,
    /// They go into the version's rejects table, with line number and reason.
    SetAside,
}

/// What the user decided about one column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ColumnChoice {
    /// Cells that do not fit become missing and are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<Storage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ColumnKind>,
    /// As chrono writes it, such as `%d.%m.%Y`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_format: Option<String>,
}

/// Every guess made about a source file; shown to the user and stored with the version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadOptions {
    pub format: SourceFormat,
    pub encoding: TextEncoding,
    /// One ASCII character; `,` where it means nothing.
    pub delimiter: char,
    pub has_header: bool,
    /// The cells that count as missing, beside the empty one.
    pub null_tokens: Vec<String>,
    /// `.` or `,`.
    #[serde(default = "point")]
    pub decimal: char,
    /// Stands between groups of three digits: `,`, `.`, `'`, a space or a no-break space.
    #[serde(default)]
    pub thousands: Option<char>,
    #[serde(default = "double_quote")]
    pub quote: char,
    /// Lines that start with it are skipped and counted.
    #[serde(default)]
    pub comment: Option<char>,
    /// Lines before the header that are no table.
    #[serde(default)]
    pub skip_lines: u64,
    #[serde(default)]
    pub bad_rows: BadRows,
    /// The sheet of a workbook, the table of a database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// Name of an added text column with the file each row comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_column: Option<String>,
    /// By column name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, ColumnChoice>,
}

impl Default for ReadOptions {
    /// UTF-8 with commas and a header; no token but the empty cell is missing.
    fn default() -> Self {
        Self {
            format: SourceFormat::Delimited,
            encoding: TextEncoding::Utf8,
            delimiter: ',',
            has_header: true,
            null_tokens: Vec::new(),
            decimal: point(),
            thousands: None,
            quote: double_quote(),
            comment: None,
            skip_lines: 0,
            bad_rows: BadRows::Refuse,
            part: None,
            source_column: None,
            columns: BTreeMap::new(),
        }
    }
}

fn point() -> char {
    '.'
}

fn double_quote() -> char {
    '"'
}

/// A character that a file may have or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    Absent,
    Is(char),
}

impl Mark {
    pub fn char(self) -> Option<char> {
        match self {
            Self::Absent => None,
            Self::Is(c) => Some(c),
        }
    }
}

/// What the user fixed about the reading; the rest is guessed around it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadDraft {
    pub format: Option<SourceFormat>,
    pub encoding: Option<TextEncoding>,
    pub delimiter: Option<char>,
    pub has_header: Option<bool>,
    pub null_tokens: Option<Vec<String>>,
    pub decimal: Option<char>,
    pub thousands: Option<Mark>,
    pub quote: Option<char>,
    pub comment: Option<Mark>,
    pub skip_lines: Option<u64>,
    pub bad_rows: Option<BadRows>,
    pub part: Option<String>,
    pub source_column: Option<String>,
    pub columns: BTreeMap<String, ColumnChoice>,
}

impl ReadDraft {
    /// Nothing is fixed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is fixed here, and where nothing is, what is fixed in `base`.
    pub fn or(self, base: Self) -> Self {
        let mut columns = base.columns;
        columns.extend(self.columns);
        Self {
            format: self.format.or(base.format),
            encoding: self.encoding.or(base.encoding),
            delimiter: self.delimiter.or(base.delimiter),
            has_header: self.has_header.or(base.has_header),
            null_tokens: self.null_tokens.or(base.null_tokens),
            decimal: self.decimal.or(base.decimal),
            thousands: self.thousands.or(base.thousands),
            quote: self.quote.or(base.quote),
            comment: self.comment.or(base.comment),
            skip_lines: self.skip_lines.or(base.skip_lines),
            bad_rows: self.bad_rows.or(base.bad_rows),
            part: self.part.or(base.part),
            source_column: self.source_column.or(base.source_column),
            columns,
        }
    }

    /// The options with what is fixed put in.
    pub fn apply(&self, mut guessed: ReadOptions) -> ReadOptions {
        let draft = self.clone();
        guessed.format = draft.format.unwrap_or(guessed.format);
        guessed.encoding = draft.encoding.unwrap_or(guessed.encoding);
        guessed.delimiter = draft.delimiter.unwrap_or(guessed.delimiter);
        guessed.has_header = draft.has_header.unwrap_or(guessed.has_header);
        guessed.null_tokens = draft.null_tokens.unwrap_or(guessed.null_tokens);
        guessed.decimal = draft.decimal.unwrap_or(guessed.decimal);
        guessed.thousands = draft.thousands.map_or(guessed.thousands, Mark::char);
        guessed.quote = draft.quote.unwrap_or(guessed.quote);
        guessed.comment = draft.comment.map_or(guessed.comment, Mark::char);
        guessed.skip_lines = draft.skip_lines.unwrap_or(guessed.skip_lines);
        guessed.bad_rows = draft.bad_rows.unwrap_or(guessed.bad_rows);
        guessed.part = draft.part.or(guessed.part);
        guessed.source_column = draft.source_column.or(guessed.source_column);
        guessed.columns.extend(draft.columns);
        guessed
    }
}

/// How a version came to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    #[default]
    Import,
    /// Read again from its source.
    Refresh,
    /// An earlier version made the latest again.
    Revert,
    /// A session of labelling by hand.
    Labels,
    /// The kind of a column was changed; the cells are those of the parent.
    Kind,
    /// Rows of the parent: those that hold the rules, or those that do not.
    Quarantine,
}

impl Origin {
    pub const ALL: [Self; 6] = [Self::Import, Self::Refresh, Self::Revert, Self::Labels, Self::Kind, Self::Quarantine];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Refresh => "refresh",
            Self::Revert => "revert",
            Self::Labels => "labels",
            Self::Kind => "kind",
            Self::Quarantine => "quarantine",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|o| o.as_str() == word)
    }
}

/// One file of a dataset made of several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Relative to the folder, with `/`.
    pub name: String,
    pub hash: ContentHash,
    pub bytes: u64,
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
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// Where a version comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Provenance {
    /// The version it was made from, or that was the latest when it came.
    pub parent: Option<VersionId>,
    pub origin: Origin,
    pub note: String,
    /// Who made it.
    pub author: String,
    /// Where the source lay; it may have moved since.
    pub source_path: Option<PathBuf>,
    /// The files of a folder or pattern, by name; empty for a single file.
    pub files: Vec<SourceFile>,
    /// Rows set aside while reading.
    pub rejected: u64,
    /// The table of rejected rows, a Parquet object: `line`, `reason`, `text`.
    pub rejects_hash: Option<ContentHash>,
    /// What the import told.
    pub warnings: Vec<String>,
}

impl DatasetVersion {
    /// `churn@2`
    pub fn label(&self) -> String {
        format!("{}@{}", self.dataset, self.version)
    }
}
