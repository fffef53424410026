//! From a source file to a typed table.
//!
//! [`stream`] reads a source piece by piece into a [`TableSink`], typed by all of its rows; [`load`] is the sink that
//! keeps everything in memory.

mod blocks;
mod bytes;
mod chunks;
mod coder;
mod column;
mod columnar;
mod delimited;
mod excel;
mod feed;
pub mod files;
mod fit;
mod foreign;
mod formats;
mod gauge;
mod ipc;
mod json;
mod layout;
mod marks;
mod memory;
mod names;
mod nulls;
mod parse;
pub mod preview;
mod records;
mod rows;
mod scan;
mod sniff;
mod source_column;
mod spots;
mod sqlite;
mod tokens;
mod values;
mod verbatim;

use std::path::{Path, PathBuf};

use super::error::{LoadError, clip};
use super::table::Cells;
use crate::domain::dataset::{ReadOptions, SourceFormat};
use crate::domain::io::JobIo;
use crate::domain::preview::BadRow;
use crate::domain::schema::Storage;
use crate::domain::words::{counted, thousands};

pub use column::ReadColumn;
pub use memory::{Memory, load};
use names::{clean_names, numbered_names};
pub use nulls::NullTokens;
pub use records::Batch;
pub use records::MAX_COLUMNS;
pub use scan::Scan;
pub use sniff::{Guess, sniff, sniff_scanned, sniff_with};
pub use verbatim::Verbatim;

/// Most rows a table may have: row numbers are 32-bit in sorted views.
pub const MAX_ROWS: u64 = u32::MAX as u64 - 1;

/// The cells that count as missing unless the user says otherwise: what `pandas.read_csv` takes for missing, so that
/// an exported model sees the same table through pandas.
const NULL_TOKENS: [&str; 17] = [
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL",
    "NaN", "None", "n/a", "nan",
];

/// UTF-8, commas, a header, and pandas' words for missing.
pub fn default_options() -> ReadOptions {
    ReadOptions {
        null_tokens: NULL_TOKENS.iter().copied().chain(["null"]).map(str::to_owned).collect(),
        ..ReadOptions::default()
    }
}

/// One file under the name the user knows, or the files of a folder in order.
#[derive(Clone, Debug)]
pub struct SourceSpec {
    /// For messages about the whole.
    pub name: String,
    /// Each file's name for messages, and where its snapshot lies.
    pub files: Vec<(String, PathBuf)>,
}

impl SourceSpec {
    pub fn file(name: &str, path: &Path) -> Self {
        Self { name: name.to_owned(), files: vec![(name.to_owned(), path.to_owned())] }
    }
}

/// Errors: a file with the columns `present` lacks one of `wanted`.
pub fn must_have<'a>(file: &str, present: impl Iterator<Item = &'a str>, wanted: &[String]) -> Result<(), LoadError> {
    let present: Vec<String> = present.map(str::to_owned).collect();
    let missing: Vec<String> = wanted.iter().filter(|name| !present.contains(name)).cloned().collect();
    if missing.is_empty() { Ok(()) } else { Err(LoadError::NoColumns { file: file.to_owned(), missing, present }) }
}

/// Takes a table as it is read.
pub trait TableSink {
    /// The columns as they are now believed to be. When a later cell proves a type wrong, this is called again and all
    /// rows come again from the start.
    fn begin(&mut self, columns: &[(String, Storage)]) -> Result<(), LoadError>;

    /// The next rows, one piece per column, of the storages last begun with.
    fn rows(&mut self, chunk: Vec<Cells>) -> Result<(), LoadError>;

    /// As many rows as are worth a call, unless they are the last.
    fn rows_at_once(&self) -> usize {
        records::BATCH_ROWS
    }

    /// A row that was set aside (only under `BadRows::SetAside`); again from the first after `begin`.
    fn bad_row(&mut self, row: BadRow) -> Result<(), LoadError>;

    /// Rows from `first_row` on, counted since `begin`, come from this file of the source; told before they come.
    fn begin_file(&mut self, _file: usize, _first_row: u64) {}
}

/// What a reading found.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadReport {
    pub rows: u64,
    pub columns: Vec<ReadColumn>,
    pub warnings: Vec<String>,
    /// Rows set aside.
    pub bad_rows: u64,
    pub first_bad: Option<FirstBad>,
}

impl ReadReport {
    fn has_column(&self, name: &str) -> bool {
        self.columns.iter().any(|c| c.name == name)
    }

    /// "2 rows were set aside, first in line 21: 2 fields, expected 4"
    fn set_aside(&self) -> Option<String> {
        let what = counted(self.bad_rows, "row was", "rows were");
        self.first_bad.as_ref().map(|first| format!("{what} set aside, first {first}"))
    }
}

/// The first row that could not be read, for messages that name the source already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstBad {
    /// Only of several.
    file: Option<String>,
    line: u64,
    reason: String,
}

impl FirstBad {
    fn new(bad: BadRow, source: &SourceSpec, file: usize) -> Self {
        let several = source.files.len() > 1;
        let file = source.files.get(file).filter(|_| several).map(|(name, _)| name.clone());
        Self { file, line: bad.line, reason: bad.reason }
    }
}

impl std::fmt::Display for FirstBad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let file = self.file.as_ref().map_or_else(String::new, |file| format!("{file}, "));
        write!(f, "in {file}line {}: {}", thousands(self.line), self.reason)
    }
}

/// Reads a source into `sink`, piece by piece; memory holds a few pieces.
///
/// Errors name the file (as the user knows it) and the line or column at fault; a cancelled reading returns
/// [`LoadError::Cancelled`].
pub fn stream(
    source: &SourceSpec,
    options: &ReadOptions,
    io: &dyn JobIo,
    sink: &mut dyn TableSink,
) -> Result<ReadReport, LoadError> {
    let mut report = first_rows(source, options, None, io, sink)?;
    report.warnings.extend(report.set_aside());
    Ok(report)
}

/// As [`stream`], with `limit` only the first rows of formats other than text; rows set aside are for the caller to
/// tell.
fn first_rows(
    source: &SourceSpec,
    options: &ReadOptions,
    limit: Option<u64>,
    io: &dyn JobIo,
    sink: &mut dyn TableSink,
) -> Result<ReadReport, LoadError> {
    let mut report = stream_some(source, options, limit, io, sink)?;
    let unknown: Vec<String> =
        options.columns.keys().filter(|name| !report.has_column(name)).map(|n| clip(n)).collect();
    report.warnings.extend(unknown.iter().map(|name| format!("there is no column `{name}` to be read as was asked")));
    if report.rows > MAX_ROWS {
        return Err(LoadError::TooManyRows { file: source.name.clone(), found: report.rows, limit: MAX_ROWS });
    }
    if report.rows == 0 {
        return Err(no_rows(&source.name, report.bad_rows, report.first_bad.as_ref()));
    }
    Ok(report)
}

/// Nothing below the header, or nothing that could be kept.
fn no_rows(source: &str, bad_rows: u64, first_bad: Option<&FirstBad>) -> LoadError {
    let file = source.to_owned();
    match first_bad {
        None => LoadError::NoRows { file },
        Some(first) => LoadError::NoGoodRows { file, n: counted(bad_rows, "row", "rows"), first: first.to_string() },
    }
}

/// The same without judging the number of rows. With `limit`, only the first rows of formats that tell where they end;
/// delimited text is cut beforehand.
fn stream_some(
    source: &SourceSpec,
    options: &ReadOptions,
    limit: Option<u64>,
    io: &dyn JobIo,
    sink: &mut dyn TableSink,
) -> Result<ReadReport, LoadError> {
    if let Some(name) = &options.source_column {
        return source_column::stream(name, source, options, limit, io, sink);
    }
    match options.format {
        SourceFormat::Delimited => delimited::stream(source, options, io, sink),
        _ => formats::stream(source, options, limit, io, sink),
    }
}

#[cfg(test)]
mod load_tests;
#[cfg(test)]
mod reading_tests;
