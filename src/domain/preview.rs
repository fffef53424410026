//! What an import would do with a file: every guess, and the first rows as they would be read.

use serde::{Deserialize, Serialize};

use super::dataset::{BadRows, ReadOptions};
use super::schema::ColumnSchema;
use super::words::{counted, thousands};

/// How the bytes of a source are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    Gzip,
    Zstd,
}

impl Compression {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "Zstandard",
        }
    }

    /// How the names of such files end, in small letters.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportPreview {
    pub format_version: u32,
    pub source_name: String,
    pub source_bytes: u64,
    pub compression: Option<Compression>,
    /// The guesses, with what the user fixed put in.
    pub options: ReadOptions,
    /// The user changed something about this source before, and it was used again.
    pub remembered: bool,
    /// What was noticed, in one sentence each; a guess of low confidence says so here.
    pub notes: Vec<String>,
    /// Rows that were judged: the first of the table, or all.
    pub rows_judged: u64,
    /// All rows of the source were judged.
    pub complete: bool,
    pub columns: Vec<PreviewColumn>,
    /// As they would be stored, as text; `None` is missing. At most the number asked for.
    pub rows: Vec<Vec<Option<String>>>,
    /// Rows that could not be read, the first ones.
    pub bad_rows: Vec<BadRow>,
    /// All such rows among those judged.
    #[serde(default)]
    pub n_bad_rows: u64,
    /// The sheets of a workbook, the tables of a database, the files of a folder.
    pub parts: Vec<String>,
    pub size: SizeEstimate,
}

impl ImportPreview {
    /// Rows that cannot be read would refuse the file.
    pub fn is_refused(&self) -> bool {
        self.options.bad_rows == BadRows::Refuse && !self.bad_rows.is_empty()
    }

    /// What will become of rows that cannot be read, and why the first one is such.
    pub fn bad_rows_note(&self) -> Option<String> {
        let first = self.bad_rows.first()?;
        let first = format!("first in line {}: {}", thousands(first.line), first.reason);
        let n = |one, many| {
            let counted = counted(self.n_bad_rows.max(self.bad_rows.len() as u64), one, many);
            if self.complete { counted } else { format!("at least {counted}") }
        };
        Some(match self.options.bad_rows {
            BadRows::SetAside => format!("{} set aside, {first}", n("row will be", "rows will be")),
            BadRows::Refuse => {
                let n = n("row cannot be read", "rows cannot be read");
                format!("{n}, {first}; the file will be refused unless such rows are corrected or set aside")
            }
        })
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreviewColumn {
    pub schema: ColumnSchema,
    /// Share of the cells with a value that fit the storage (0 to 1).
    pub fitting: f64,
    /// Cells that do not fit the type most cells have, the first ones.
    pub misfits: Vec<Misfit>,
    /// Tokens that became missing, with their counts; the empty cell is `""`.
    pub missing_tokens: Vec<(String, u64)>,
    /// As chrono writes it; datetimes only.
    pub date_format: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misfit {
    /// 1-based data row.
    pub row: u64,
    pub text: String,
}

/// A row that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadRow {
    /// 1-based line of the source where it starts.
    pub line: u64,
    pub reason: String,
    /// Its text, cut at 10,000 characters.
    pub text: String,
}

/// What a table will need, before it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeEstimate {
    pub rows: u64,
    /// Bytes of the typed table in memory.
    pub memory_bytes: u64,
    /// What the table may use; above it the table stays on disk.
    pub budget_bytes: u64,
}

impl SizeEstimate {
    pub fn stays_on_disk(&self) -> bool {
        self.memory_bytes > self.budget_bytes
    }
}
