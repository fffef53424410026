//! From a source file to a typed table.
//!
//! Delimited text is read twice: once to judge every cell of every column, once to convert. So a type never changes
//! half-way, and memory holds one batch of rows, not the file. Parquet takes the same path with its own types.

mod bytes;
mod delimited;
mod foreign;
mod records;
mod sniff;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use super::builder::{CellsBuilder, Facts, facts};
use super::error::{LoadError, clip};
use super::infer::{self, TextFacts, Typed};
use super::parquet;
use super::table::{Cells, Table};
use crate::domain::dataset::{ReadOptions, SourceFormat, TextEncoding};
use crate::domain::io::{JobIo, Part};
use crate::domain::schema::{ColumnKind, ColumnSchema, Schema, Storage};

pub(super) use records::{Batch, Records};
pub use records::{MAX_COLUMNS, MAX_FIELD_BYTES};
pub use sniff::sniff;

/// Most rows a table may have: row numbers are 32-bit in sorted views.
pub const MAX_ROWS: u64 = u32::MAX as u64 - 1;
const MAX_NAME_CHARS: usize = 200;

/// The cells that count as missing unless the user says otherwise: what `pandas.read_csv` takes for missing, so that
/// an exported model sees the same table through pandas.
const NULL_TOKENS: [&str; 17] = [
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL",
    "NaN", "None", "n/a", "nan",
];

/// UTF-8, commas, a header, and pandas' words for missing.
pub fn default_options() -> ReadOptions {
    ReadOptions {
        format: SourceFormat::Delimited,
        encoding: TextEncoding::Utf8,
        delimiter: ',',
        has_header: true,
        null_tokens: NULL_TOKENS.iter().copied().chain(["null"]).map(str::to_owned).collect(),
    }
}

/// Tells missing cells: the empty one and the given tokens, compared exactly.
#[derive(Clone, Debug)]
pub struct NullTokens {
    /// By length in bytes: most cells are dismissed by their length alone.
    by_length: Vec<Vec<String>>,
}

impl NullTokens {
    pub fn new(tokens: &[String]) -> Self {
        let longest = tokens.iter().map(String::len).max().unwrap_or(0);
        let mut by_length = vec![Vec::new(); longest + 1];
        by_length[0].push(String::new());
        for token in tokens {
            by_length[token.len()].push(token.clone());
        }
        Self { by_length }
    }

    pub fn is_missing(&self, cell: &str) -> bool {
        self.by_length.get(cell.len()).is_some_and(|tokens| tokens.iter().any(|t| t == cell))
    }
}

/// What an import leaves beside the Parquet file.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    pub rows: u64,
    pub schema: Schema,
    pub warnings: Vec<String>,
}

/// What the first look at a source found.
struct Survey {
    rows: u64,
    columns: Vec<SurveyedColumn>,
    warnings: Vec<String>,
}

struct SurveyedColumn {
    name: String,
    typed: Typed,
}

/// Takes the next rows, one piece per column.
type Sink<'a> = dyn FnMut(Vec<Cells>) -> Result<(), LoadError> + 'a;

struct Source<'a> {
    path: &'a Path,
    name: &'a str,
    options: &'a ReadOptions,
}

impl Source<'_> {
    fn survey(&self, io: &dyn JobIo) -> Result<Survey, LoadError> {
        let survey = match self.options.format {
            SourceFormat::Delimited => delimited::survey(self, io)?,
            SourceFormat::Parquet => foreign::survey(self, io)?,
        };
        if survey.rows > MAX_ROWS {
            return Err(LoadError::TooManyRows { file: self.name.to_owned(), found: survey.rows, limit: MAX_ROWS });
        }
        if survey.rows == 0 {
            return Err(LoadError::NoRows { file: self.name.to_owned() });
        }
        Ok(survey)
    }

    fn convert(&self, survey: &Survey, io: &dyn JobIo, sink: &mut Sink) -> Result<(), LoadError> {
        match self.options.format {
            SourceFormat::Delimited => delimited::convert(self, survey, io, sink),
            SourceFormat::Parquet => foreign::convert(self, survey, io, sink),
        }
    }
}

/// Reads the file at `snapshot` (known to the user as `source_name`), types its columns by all rows and writes the
/// table to `out_parquet`. The caller makes the file durable. On an error, `out_parquet` may be left incomplete.
///
/// Errors name the file and the line or column at fault; a cancelled import returns [`LoadError::Cancelled`].
pub fn import(
    snapshot: &Path,
    source_name: &str,
    options: &ReadOptions,
    out_parquet: &Path,
    io: &dyn JobIo,
) -> Result<Imported, LoadError> {
    let source = Source { path: snapshot, name: source_name, options };
    let survey = source.survey(&Part { io, from: 0.0, to: 0.4 })?;
    let columns: Vec<(String, Storage)> = survey.columns.iter().map(|c| (c.name.clone(), c.typed.storage)).collect();
    let mut writer = parquet::Writer::create(out_parquet, &columns)?;
    let mut trackers: Vec<TextTracker> = columns.iter().map(|_| TextTracker::default()).collect();
    source.convert(&survey, &Part { io, from: 0.4, to: 0.85 }, &mut |chunk| {
        for (tracker, cells) in trackers.iter_mut().zip(&chunk) {
            tracker.add(cells);
        }
        writer.write(&chunk)
    })?;
    writer.finish()?;

    let file = parquet::File::open(out_parquet, source_name)?;
    let mut schema = Schema::default();
    for (i, column) in survey.columns.iter().enumerate() {
        let share = 0.85 + 0.15 * i as f64 / survey.columns.len() as f64;
        io.progress("Counting distinct values", Some(share))?;
        let facts = match column.typed.storage {
            Storage::String => std::mem::take(&mut trackers[i]).finish(survey.rows),
            storage => facts(&file.column(i, storage)?),
        };
        schema.columns.push(column.schema(&facts));
    }
    Ok(Imported { rows: survey.rows, schema, warnings: survey.warnings })
}

/// Reads the file at `snapshot` into memory, typed by all rows, with the warnings. Errors as [`import`].
pub fn load(
    snapshot: &Path,
    name: &str,
    options: &ReadOptions,
    io: &dyn JobIo,
) -> Result<(Table, Vec<String>), LoadError> {
    let source = Source { path: snapshot, name, options };
    let survey = source.survey(&Part { io, from: 0.0, to: 0.5 })?;
    let mut builders: Vec<CellsBuilder> = survey.columns.iter().map(|c| CellsBuilder::new(c.typed.storage)).collect();
    source.convert(&survey, &Part { io, from: 0.5, to: 0.95 }, &mut |chunk| {
        for (builder, cells) in builders.iter_mut().zip(&chunk) {
            builder.append(cells);
        }
        Ok(())
    })?;
    let mut table = Table { n_rows: survey.rows as usize, ..Table::default() };
    for (column, builder) in survey.columns.iter().zip(builders) {
        io.progress("Counting distinct values", Some(0.95))?;
        let cells = builder.finish();
        table.schema.columns.push(column.schema(&facts(&cells)));
        table.columns.push(cells);
    }
    Ok((table, survey.warnings))
}

impl SurveyedColumn {
    fn schema(&self, facts: &Facts) -> ColumnSchema {
        ColumnSchema {
            name: self.name.clone(),
            kind: self.kind(facts),
            storage: self.typed.storage,
            missing: facts.missing,
            distinct: facts.distinct,
            true_spellings: self.typed.true_spellings.clone(),
            false_spellings: self.typed.false_spellings.clone(),
            notes: self.typed.notes.clone(),
        }
    }

    fn kind(&self, facts: &Facts) -> ColumnKind {
        match self.typed.storage {
            Storage::Float64 => ColumnKind::Numeric,
            Storage::Boolean => ColumnKind::Boolean,
            Storage::DatetimeMs => ColumnKind::Datetime,
            Storage::String => infer::kind_of_text(&facts.text, self.typed.hint),
            Storage::Int64 => {
                let (min, max) = facts.range.unwrap_or((0, 0));
                infer::kind_of_whole_numbers(&self.name, facts.values, facts.distinct, min, max)
            }
        }
    }
}

/// Facts about a text column whose cells pass by once. Distinct values are told apart by 128 bits of hash.
#[derive(Default)]
struct TextTracker {
    facts: TextFacts,
    seen: HashSet<u128>,
}

impl TextTracker {
    fn add(&mut self, cells: &Cells) {
        let Cells::Text(dictionary) = cells else { return };
        for (text, count) in dictionary.values.iter().zip(dictionary.counts()) {
            self.facts.add(text, count);
            self.seen.insert(hash128(text));
        }
    }

    fn finish(mut self, rows: u64) -> Facts {
        self.facts.distinct = self.seen.len() as u64;
        let values = self.facts.values;
        Facts { values, missing: rows - values, distinct: self.facts.distinct, text: self.facts, range: None }
    }
}

fn hash128(text: &str) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, text).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(1) << 64 | half(2)
}

/// Column names as they will be shown: trimmed, none empty, none twice, none endless. Says what was renamed.
fn clean_names(raw: &[String], warnings: &mut Vec<String>) -> Vec<String> {
    let mut taken: HashSet<String> = raw.iter().map(|n| n.trim().to_owned()).collect();
    let mut used = HashSet::new();
    let mut names = Vec::with_capacity(raw.len());
    for (i, raw_name) in raw.iter().enumerate() {
        let trimmed = raw_name.trim();
        let mut name: String = trimmed.chars().take(MAX_NAME_CHARS).collect();
        let why = if trimmed.is_empty() {
            name = format!("column_{}", i + 1);
            "has no name"
        } else if name.len() < trimmed.len() {
            "has a name longer than 200 characters"
        } else {
            "has a name that was used before"
        };
        if name != trimmed || used.contains(&name) {
            let stem = name.clone();
            let mut n = 2;
            while used.contains(&name) || (name != trimmed && taken.contains(&name)) {
                name = format!("{stem}_{n}");
                n += 1;
            }
            warnings.push(format!("column {} {why} (`{}`) and is called `{}`", i + 1, clip(trimmed), clip(&name)));
        }
        taken.insert(name.clone());
        used.insert(name.clone());
        names.push(name);
    }
    names
}

/// Names for a file without a header: `column_1`, `column_2` …
fn numbered_names(n_columns: usize) -> Vec<String> {
    (1..=n_columns).map(|i| format!("column_{i}")).collect()
}
