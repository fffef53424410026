//! Formats that come row by row and cell by cell: JSON, workbooks, SQLite.
//!
//! The rows are gone through twice, like those of delimited text: once to judge every cell, once to convert. Columns
//! may turn up on the way; files of one dataset have the same columns, in any order.

use std::collections::HashMap;
use std::path::Path;

use super::gauge::{Gauge, Texts};
use super::values::{self, Plan, Value};
use super::{
    FirstBad, MAX_COLUMNS, MAX_ROWS, NullTokens, ReadColumn, ReadReport, SourceSpec, TableSink, clean_names, no_rows,
    records::BATCH_ROWS,
};
use crate::data::builder::CellsBuilder;
use crate::data::error::LoadError;
use crate::domain::dataset::{BadRows, ReadOptions};
use crate::domain::io::{JobIo, Part};
use crate::domain::preview::BadRow;
use crate::domain::schema::Storage;

/// Cells gathered before they are handed on.
const CELLS_AT_ONCE: usize = 1 << 21;

/// Is more wanted?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    More,
    Enough,
}

/// Takes what a format finds in a file.
pub trait Taker {
    /// The place of a column in the rows of this file; new ones are added at the end.
    fn column(&mut self, name: &str) -> Result<usize, LoadError>;
    /// A row, by the places of its columns; what lies beyond its end is empty. `fraction` of the file is done.
    fn row(&mut self, cells: &[Value], fraction: f64) -> Result<Flow, LoadError>;
    fn bad(&mut self, row: BadRow) -> Result<Flow, LoadError>;
    /// Something to tell about the file, in one sentence.
    fn note(&mut self, note: String);
}

/// A format of this sort.
pub trait RowFormat {
    fn texts(&self) -> Texts;
    /// Goes through one file, which the user knows as `name`.
    fn read(&self, path: &Path, name: &str, options: &ReadOptions, taker: &mut dyn Taker) -> Result<(), LoadError>;
}

/// Both passes. With `limit`, only the first rows.
pub fn stream(
    format: &dyn RowFormat,
    source: &SourceSpec,
    options: &ReadOptions,
    limit: Option<u64>,
    io: &dyn JobIo,
    sink: &mut dyn TableSink,
) -> Result<ReadReport, LoadError> {
    let mut judge = Judge {
        io: &Part { io, from: 0.0, to: 0.5 },
        places: Places::new(source.files.len()),
        texts: format.texts(),
        options,
        nulls: NullTokens::new(&options.null_tokens),
        gauges: Vec::new(),
        rows: 0,
        limit: limit.unwrap_or(u64::MAX),
        warnings: Vec::new(),
        bad_rows: 0,
        first_bad: None,
        file: String::new(),
    };
    for (name, path) in &source.files {
        judge.file.clone_from(name);
        judge.places.next_file();
        format.read(path, name, options, &mut judge)?;
        judge.places.check_complete(&source.files[0].0, name)?;
    }
    let Judge { places, gauges, rows, mut warnings, bad_rows, first_bad, .. } = judge;
    if rows == 0 {
        return Err(no_rows(&source.name, bad_rows, first_bad.as_ref()));
    }
    let names = clean_names(&places.names, &mut warnings);
    let plans: Vec<Plan> = gauges.iter().map(Gauge::decide).collect();
    let columns: Vec<(String, Storage)> = names.iter().cloned().zip(plans.iter().map(|p| p.typed.storage)).collect();
    sink.begin(&columns)?;
    let mut convert = Convert {
        io: &Part { io, from: 0.5, to: 1.0 },
        nulls: NullTokens::new(&options.null_tokens),
        places: Places { names: places.names.clone(), ..Places::new(source.files.len()) },
        builders: Vec::new(),
        held: 0,
        at_once: (CELLS_AT_ONCE / plans.len().max(1)).clamp(1024, BATCH_ROWS),
        done: 0,
        rows,
        plans: &plans,
        sink,
    };
    convert.start();
    for (file, (name, path)) in source.files.iter().enumerate() {
        convert.places.next_file();
        convert.sink.begin_file(file, convert.done);
        format.read(path, name, options, &mut convert)?;
    }
    convert.flush()?;
    let columns = names.into_iter().zip(&gauges).zip(plans).map(|((name, gauge), plan)| {
        let (fitting, misfits) = gauge.fitting(&plan);
        let kind = options.columns.get(&name).and_then(|c| c.kind);
        ReadColumn { name, typed: plan.typed, missing_tokens: gauge.missing_tokens(), fitting, misfits, kind }
    });
    Ok(ReadReport { rows, columns: columns.collect(), warnings, bad_rows, first_bad })
}

/// Where the columns of each file stand in the dataset.
struct Places {
    /// Of the dataset, as the files spell them.
    names: Vec<String>,
    index: HashMap<String, usize>,
    /// Of the file under way: place in the dataset by place in the file.
    here: Vec<usize>,
    here_index: HashMap<String, usize>,
    file: usize,
    n_files: usize,
}

impl Places {
    fn new(n_files: usize) -> Self {
        let (here, here_index) = (Vec::new(), HashMap::new());
        Self { names: Vec::new(), index: HashMap::new(), here, here_index, file: 0, n_files }
    }

    fn next_file(&mut self) {
        self.file += 1;
        self.here.clear();
        self.here_index.clear();
        if self.index.len() < self.names.len() {
            self.index = self.names.iter().cloned().enumerate().map(|(i, name)| (name, i)).collect();
        }
    }

    /// The place in the file, and whether the column is new to the dataset.
    fn column(&mut self, name: &str) -> (usize, bool) {
        if let Some(&place) = self.here_index.get(name) {
            return (place, false);
        }
        let (global, new) = match self.index.get(name) {
            Some(&global) => (global, false),
            None => {
                self.names.push(name.to_owned());
                self.index.insert(name.to_owned(), self.names.len() - 1);
                (self.names.len() - 1, true)
            }
        };
        self.here.push(global);
        self.here_index.insert(name.to_owned(), self.here.len() - 1);
        (self.here.len() - 1, new)
    }

    fn check_complete(&self, first: &str, file: &str) -> Result<(), LoadError> {
        let missing = self.names.iter().find(|name| self.n_files > 1 && !self.here_index.contains_key(*name));
        missing.map_or(Ok(()), |column| Err(unlike(file, "lacks the column", column, first)))
    }
}

pub fn unlike(file: &str, what: &'static str, column: &str, first: &str) -> LoadError {
    let (file, column, first) = (file.to_owned(), column.to_owned(), first.to_owned());
    LoadError::UnlikeFiles { file, what, column, first }
}

/// The first pass.
struct Judge<'a> {
    io: &'a dyn JobIo,
    places: Places,
    texts: Texts,
    options: &'a ReadOptions,
    nulls: NullTokens,
    gauges: Vec<Gauge>,
    rows: u64,
    limit: u64,
    warnings: Vec<String>,
    bad_rows: u64,
    first_bad: Option<FirstBad>,
    file: String,
}

impl Taker for Judge<'_> {
    fn column(&mut self, name: &str) -> Result<usize, LoadError> {
        let (place, new) = self.places.column(name);
        if new {
            if self.places.file > 1 {
                return Err(unlike(&self.file, "has the column", name, "the files before it"));
            }
            if self.gauges.len() >= MAX_COLUMNS {
                let (file, found) = (self.file.clone(), self.gauges.len() + 1);
                return Err(LoadError::TooManyColumns { file, found, limit: MAX_COLUMNS });
            }
            let mut gauge = Gauge::new(self.texts, self.options.columns.get(name.trim()).cloned());
            gauge.absent(self.rows);
            self.gauges.push(gauge);
        }
        Ok(place)
    }

    fn row(&mut self, cells: &[Value], fraction: f64) -> Result<Flow, LoadError> {
        if self.rows.is_multiple_of(1024) {
            let files = self.places.n_files as f64;
            self.io.progress("Judging column types", Some((self.places.file as f64 - 1.0 + fraction) / files))?;
        }
        if self.rows >= MAX_ROWS {
            return Err(LoadError::TooManyRows { file: self.file.clone(), found: self.rows + 1, limit: MAX_ROWS });
        }
        for (place, &global) in self.places.here.iter().enumerate() {
            self.gauges[global].add(cells.get(place).unwrap_or(&Value::Empty), self.rows, &self.nulls);
        }
        if self.places.file > 1 && self.places.here.len() < self.gauges.len() {
            let seen = &self.places.here;
            let absent = (0..self.gauges.len()).filter(|i| !seen.contains(i));
            absent.collect::<Vec<_>>().into_iter().for_each(|i| self.gauges[i].absent(1));
        }
        self.rows += 1;
        Ok(if self.rows >= self.limit { Flow::Enough } else { Flow::More })
    }

    fn bad(&mut self, row: BadRow) -> Result<Flow, LoadError> {
        if self.options.bad_rows == BadRows::Refuse {
            let hint = "correct it";
            return Err(LoadError::Line { file: self.file.clone(), line: row.line, what: row.reason, hint });
        }
        self.bad_rows += 1;
        let file = (self.places.n_files > 1).then(|| self.file.clone());
        self.first_bad.get_or_insert(FirstBad { file, line: row.line, reason: row.reason });
        Ok(Flow::More)
    }

    fn note(&mut self, note: String) {
        if !self.warnings.contains(&note) {
            self.warnings.push(note);
        }
    }
}

/// The second pass.
struct Convert<'a> {
    io: &'a dyn JobIo,
    nulls: NullTokens,
    places: Places,
    plans: &'a [Plan],
    builders: Vec<CellsBuilder>,
    /// Rows in the builders.
    held: usize,
    at_once: usize,
    done: u64,
    /// All there are.
    rows: u64,
    sink: &'a mut dyn TableSink,
}

impl Convert<'_> {
    fn start(&mut self) {
        self.builders = self.plans.iter().map(|p| CellsBuilder::new(p.typed.storage)).collect();
        self.held = 0;
    }

    fn flush(&mut self) -> Result<(), LoadError> {
        if self.held == 0 {
            return Ok(());
        }
        self.io.progress("Reading rows", Some(self.done as f64 / self.rows as f64))?;
        let chunk = std::mem::take(&mut self.builders).into_iter().map(CellsBuilder::finish).collect();
        self.start();
        self.sink.rows(chunk)
    }
}

impl Taker for Convert<'_> {
    fn column(&mut self, name: &str) -> Result<usize, LoadError> {
        Ok(self.places.column(name).0)
    }

    fn row(&mut self, cells: &[Value], _fraction: f64) -> Result<Flow, LoadError> {
        for (place, &global) in self.places.here.iter().enumerate() {
            let value = cells.get(place).unwrap_or(&Value::Empty);
            values::push(&mut self.builders[global], value, &self.plans[global], &self.nulls);
        }
        self.held += 1;
        self.done += 1;
        if self.places.here.len() < self.builders.len() {
            // Columns that this file has not shown yet.
            for (builder, plan) in self.builders.iter_mut().zip(self.plans) {
                if len(builder) < self.held {
                    values::push(builder, &Value::Empty, plan, &self.nulls);
                }
            }
        }
        if self.held >= self.at_once {
            self.flush()?;
        }
        Ok(if self.done >= self.rows { Flow::Enough } else { Flow::More })
    }

    fn bad(&mut self, row: BadRow) -> Result<Flow, LoadError> {
        // Beginning voids what came before: bad rows are handed on with the good ones.
        self.sink.bad_row(row)?;
        Ok(Flow::More)
    }

    fn note(&mut self, _note: String) {}
}

fn len(builder: &CellsBuilder) -> usize {
    match builder {
        CellsBuilder::Float(v) => v.len(),
        CellsBuilder::Int(v) | CellsBuilder::DatetimeMs(v) => v.len(),
        CellsBuilder::Boolean(v) => v.len(),
        CellsBuilder::Text(d) => d.n_cells(),
    }
}
