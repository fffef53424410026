//! From a source file to a typed table.
//!
//! [`stream`] reads a source piece by piece into a [`TableSink`], typed by all of its rows; [`load`] is the sink that
//! keeps everything in memory.

mod bytes;
mod chunks;
mod coder;
mod columnar;
mod delimited;
mod excel;
mod feed;
pub mod files;
mod foreign;
mod formats;
mod ipc;
mod json;
mod layout;
mod marks;
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

use super::builder::{CellsBuilder, Facts, facts};
use super::error::LoadError;
use super::infer::{self, Typed};
use super::table::{Cells, Table};
use crate::domain::dataset::{ReadOptions, SourceFormat};
use crate::domain::io::{JobIo, Part};
use crate::domain::preview::{BadRow, Misfit};
use crate::domain::schema::{ColumnKind, ColumnSchema, Storage};

use names::{clean_names, numbered_names};
pub use nulls::NullTokens;
pub use records::Batch;
pub use records::MAX_COLUMNS;
pub use sniff::{Guess, sniff, sniff_with};
pub use verbatim::Verbatim;

/// Most rows a table may have: row numbers are 32-bit in sorted views.
pub const MAX_ROWS: u64 = u32::MAX as u64 - 1;
/// A preview shows no more rows that were set aside.
const MAX_SHOWN_BAD_ROWS: usize = 100;

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
    fn from_file(&mut self, _file: usize, _first_row: u64) {}
}

/// What a reading found.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadReport {
    pub rows: u64,
    pub columns: Vec<ReadColumn>,
    pub warnings: Vec<String>,
    /// Rows set aside.
    pub bad_rows: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ReadColumn {
    pub name: String,
    pub typed: Typed,
    /// Tokens that became missing with their counts, most frequent first; the empty cell is `""`.
    pub missing_tokens: Vec<(String, u64)>,
    /// Share of the cells with a value that fit the type most of them have (0 to 1).
    pub fitting: f64,
    /// The first cells that do not fit it.
    pub misfits: Vec<Misfit>,
    /// What the user decided the column means.
    pub kind: Option<ColumnKind>,
}

impl ReadColumn {
    /// All cells fit.
    pub fn plain(name: String, typed: Typed) -> Self {
        Self { name, typed, missing_tokens: Vec::new(), fitting: 1.0, misfits: Vec::new(), kind: None }
    }

    pub fn schema(&self, facts: &Facts) -> ColumnSchema {
        ColumnSchema {
            name: self.name.clone(),
            kind: self.kind.unwrap_or_else(|| self.guessed_kind(facts)),
            storage: self.typed.storage,
            missing: facts.missing,
            distinct: facts.distinct,
            true_spellings: self.typed.true_spellings.clone(),
            false_spellings: self.typed.false_spellings.clone(),
            notes: self.typed.notes.clone(),
            missing_tokens: self.missing_tokens.clone(),
            personal: None,
        }
    }

    fn guessed_kind(&self, facts: &Facts) -> ColumnKind {
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
    let report = stream_some(source, options, None, io, sink)?;
    if report.rows > MAX_ROWS {
        return Err(LoadError::TooManyRows { file: source.name.clone(), found: report.rows, limit: MAX_ROWS });
    }
    if report.rows == 0 {
        return Err(LoadError::NoRows { file: source.name.clone() });
    }
    Ok(report)
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

/// Keeps a table in memory.
#[derive(Default)]
struct Memory {
    builders: Vec<CellsBuilder>,
    bad_rows: Vec<BadRow>,
}

impl TableSink for Memory {
    fn begin(&mut self, columns: &[(String, Storage)]) -> Result<(), LoadError> {
        self.builders = columns.iter().map(|(_, storage)| CellsBuilder::new(*storage)).collect();
        self.bad_rows.clear();
        Ok(())
    }

    fn rows(&mut self, chunk: Vec<Cells>) -> Result<(), LoadError> {
        for (builder, cells) in self.builders.iter_mut().zip(&chunk) {
            builder.append(cells);
        }
        Ok(())
    }

    fn rows_at_once(&self) -> usize {
        1
    }

    fn bad_row(&mut self, row: BadRow) -> Result<(), LoadError> {
        if self.bad_rows.len() < MAX_SHOWN_BAD_ROWS {
            self.bad_rows.push(row);
        }
        Ok(())
    }
}

/// Reads the file at `snapshot` into memory, typed by all rows, with the warnings. See [`stream`] for the errors.
pub fn load(
    snapshot: &Path,
    name: &str,
    options: &ReadOptions,
    io: &dyn JobIo,
) -> Result<(Table, Vec<String>), LoadError> {
    let mut memory = Memory::default();
    let spec = SourceSpec::file(name, snapshot);
    let report = stream(&spec, options, &Part { io, from: 0.0, to: 0.95 }, &mut memory)?;
    let mut table = Table { n_rows: report.rows as usize, ..Table::default() };
    for (column, builder) in report.columns.iter().zip(memory.builders) {
        io.progress("Counting distinct values", Some(0.95))?;
        let cells = builder.finish();
        table.schema.columns.push(column.schema(&facts(&cells)));
        table.columns.push(cells);
    }
    Ok((table, report.warnings))
}

#[cfg(test)]
mod reading_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::parquet;
    use crate::domain::io::{Cancelled, Silent};

    /// Loads the text, and checks on the way that the table stored as Parquet is the same.
    fn loaded(bytes: &[u8]) -> Result<(Table, Vec<String>), LoadError> {
        let folder = tempfile::tempdir().unwrap();
        let (path, out) = (folder.path().join("t.csv"), folder.path().join("t.parquet"));
        std::fs::write(&path, bytes).unwrap();
        let options = sniff(&path, "t.csv")?;
        let (table, warnings) = load(&path, "t.csv", &options, &Silent)?;
        parquet::write(&table, &out, &Silent).unwrap();
        let stored = parquet::open(&out, &table.schema, None).unwrap();
        for (stored, cells) in stored.columns.iter().zip(&table.columns) {
            assert!((0..table.n_rows).all(|row| stored.text(row) == cells.text(row)));
        }
        Ok((table, warnings))
    }

    fn columns(text: &str) -> Vec<ColumnSchema> {
        loaded(text.as_bytes()).unwrap().0.schema.columns
    }

    #[test]
    fn a_mixed_table_is_typed_and_counted() {
        let text = "customer_id,age,plan,active,churn,since,zip,note\n\
                    1,41,basic,Yes,0,2025-01-31,00123,\n\
                    2,,pro,No,1,2025-02-01,10115,\"said \"\"hi\"\", left\"\n\
                    3,29.5,basic,Yes,0,,80331,NA\n";
        let (table, warnings) = loaded(text.as_bytes()).unwrap();
        let summary: Vec<String> = table
            .schema
            .columns
            .iter()
            .map(|c| format!("{} {} {:?} {} {}", c.name, c.kind.as_str(), c.storage, c.missing, c.distinct))
            .collect();
        assert_eq!(
            summary,
            [
                "customer_id identifier Int64 0 3",
                "age numeric Float64 1 2",
                "plan categorical String 0 2",
                "active boolean Boolean 0 2",
                "churn boolean Int64 0 2",
                "since datetime DatetimeMs 1 2",
                "zip categorical String 0 3",
                "note text String 2 1",
            ]
        );
        assert_eq!(table.columns[5].text(1).as_deref(), Some("2025-02-01"));
        assert_eq!(table.columns[7].text(1).as_deref(), Some("said \"hi\", left"));
        assert_eq!(table.schema.columns[3].true_spellings, ["Yes"]);
        assert!(warnings.is_empty());
    }

    #[test]
    fn a_flaw_far_down_is_found_and_named() {
        let mut text = String::from("x,y\n");
        for i in 1..=200_000 {
            text.push_str(&if i == 190_001 { "oops,1\n".to_owned() } else { format!("{i},1.5\n") });
        }
        let columns = columns(&text);
        assert_eq!(columns[0].kind, ColumnKind::Text);
        assert_eq!(columns[0].notes, ["kept as text: 1 of 200,000 values is no number, first `oops` in row 190,001"]);
        assert_eq!((columns[0].distinct, columns[1].storage), (200_000, Storage::Float64));
    }

    #[test]
    fn identifiers_codes_and_texts() {
        let mut text = String::from("order,code,comment,city\n");
        for i in 0..60 {
            let comment = format!("the {i}th customer said that all is well with us");
            text.push_str(&format!("A-{i:04},{:03},{comment},{}\n", i % 7, ["Rome", "Oslo"][i % 2]));
        }
        let columns = columns(&text);
        let kinds: Vec<&str> = columns.iter().map(|c| c.kind.as_str()).collect();
        assert_eq!(kinds, ["identifier", "categorical", "text", "categorical"]);
        assert_eq!(columns[1].notes, ["kept as text: 60 values have leading zeros, first `000` in row 1"]);
    }

    #[test]
    fn numbers_are_read_exactly() {
        let (table, _) = loaded(b"x,big\n0.1,9007199254740993\n1e-320,1\n-0.0,2\n179769313486231570e291,3\n").unwrap();
        assert_eq!(table.columns[0], Cells::Float(vec![0.1, 1e-320, -0.0, f64::MAX]));
        assert_eq!(table.columns[1].text(0).as_deref(), Some("9007199254740993"));
        assert_eq!(table.schema.columns[1].kind, ColumnKind::Identifier);
    }

    #[test]
    fn headers_are_cleaned_visibly() {
        let (table, warnings) = loaded(b" a ,a,,b,b_2,b\n1,2,3,4,5,x\n6,7,8,9,10,y\n").unwrap();
        assert_eq!(table.schema.names().collect::<Vec<_>>(), ["a", "a_2", "column_3", "b", "b_2", "b_3"]);
        assert_eq!(
            warnings,
            [
                "column 2 has a name that was used before (`a`) and is called `a_2`",
                "column 3 has no name (``) and is called `column_3`",
                "column 6 has a name that was used before (`b`) and is called `b_3`",
            ]
        );
    }

    #[test]
    fn files_without_a_header_get_numbered_columns() {
        let (table, warnings) = loaded(b"1,Ada\n2,Grace\n").unwrap();
        assert_eq!((table.n_rows, table.schema.names().collect::<Vec<_>>()), (2, vec!["column_1", "column_2"]));
        assert_eq!(warnings, ["the first line looks like data, so the columns are numbered"]);
    }

    #[test]
    fn other_encodings_and_line_ends_give_the_same_table() {
        let text = "name,n\nJosé,1\nZoë,2\n";
        let expected = loaded(text.as_bytes()).unwrap().0;
        let wide: Vec<u8> = "\u{feff}".chars().chain(text.chars()).flat_map(|c| (c as u16).to_le_bytes()).collect();
        assert_eq!(loaded(&wide).unwrap().0, expected);
        let narrow: Vec<u8> = text.chars().map(|c| c as u32 as u8).collect();
        let (table, warnings) = loaded(&narrow).unwrap();
        assert_eq!(table, expected);
        assert!(warnings[0].contains("Latin-1"));
        assert_eq!(loaded(text.replace('\n', "\r").as_bytes()).unwrap().0, expected);
        let (table, warnings) = loaded(text.replace('\n', "\r\n\r\n").as_bytes()).unwrap();
        assert_eq!((table, &warnings[..]), (expected, &["3 blank lines were skipped".to_owned()][..]));
    }

    #[test]
    fn files_without_rows_are_refused() {
        assert!(matches!(loaded(b"a,b\n"), Err(LoadError::NoRows { .. })));
        assert!(matches!(loaded(b"a,b"), Err(LoadError::NoRows { .. })));
        assert!(matches!(loaded(b"x"), Err(LoadError::NoRows { .. })));
        assert!(matches!(loaded(b"\""), Err(LoadError::Empty { .. } | LoadError::UnclosedQuote { .. })));
        assert!(matches!(loaded(b"a,b\n1,2,3\n"), Err(LoadError::FieldCount { line: 2, expected: 2, found: 3, .. })));
    }

    #[test]
    fn progress_runs_from_nought_to_one_and_cancels() {
        struct Watch(std::cell::RefCell<Vec<f64>>, usize);
        impl JobIo for Watch {
            fn progress(&self, _: &str, fraction: Option<f64>) -> Result<(), Cancelled> {
                self.0.borrow_mut().extend(fraction);
                if self.0.borrow().len() > self.1 { Err(Cancelled) } else { Ok(()) }
            }
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("a\n{}", "1\n".repeat(300_000))).unwrap();
        let watch = Watch(Default::default(), usize::MAX);
        load(file.path(), "t.csv", &default_options(), &watch).unwrap();
        let seen = watch.0.into_inner();
        assert!(
            seen.len() > 10 && seen.windows(2).all(|w| w[0] <= w[1]) && seen.iter().all(|f| (0.0..=1.0).contains(f))
        );
        for stop in 0..seen.len() {
            let watch = Watch(Default::default(), stop);
            assert!(matches!(load(file.path(), "t.csv", &default_options(), &watch), Err(LoadError::Cancelled(_))));
        }
    }
}
