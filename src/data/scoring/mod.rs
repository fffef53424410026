//! A file to score, piece by piece: its cells stay as they are, the model's inputs are picked out of each piece, and
//! the answer is the same rows with columns added. Memory holds one piece, whatever the file's size.
//!
//! Cells of delimited files are kept verbatim, so what was `007` or `1.50` leaves as `007` or `1.50`.

mod inputs;
mod output;

use std::cell::Cell;
use std::path::Path;

use super::error::LoadError;
use super::numbers::Marks;
use super::read::{self, Batch, NullTokens, SourceSpec, TableSink, Verbatim};
use super::table::Cells;
use crate::domain::dataset::{ReadOptions, SourceFormat};
use crate::domain::io::{Cancelled, JobIo, Part};
use crate::domain::preview::BadRow;
use crate::domain::raw::RawColumns;
use crate::domain::recipe::ColumnInput;
use crate::domain::schema::Storage;

use inputs::Inputs;
use output::Output;

/// A column that scoring adds.
#[derive(Clone, Debug, PartialEq)]
pub enum ExtraColumn {
    Texts(Vec<String>),
    Numbers(Vec<f64>),
}

/// What is scored, and where the answer goes.
#[derive(Clone, Copy, Debug)]
pub struct ScoringFile<'a> {
    pub path: &'a Path,
    /// What the user knows the file by; its ending and messages go by it.
    pub name: &'a str,
    /// The model's inputs: name and what the model takes.
    pub inputs: &'a [(String, ColumnInput)],
    pub out: &'a Path,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scored {
    pub rows: u64,
    /// The added ones.
    pub columns: Vec<String>,
    pub warnings: Vec<String>,
}

/// What the model says about some rows: the same columns each time.
pub type Predict<'a, E> = dyn FnMut(&RawColumns, &dyn JobIo) -> Result<Vec<(String, ExtraColumn)>, E> + 'a;

/// Reads, predicts and writes piece by piece; `predict` gets the inputs in the order they are asked for.
///
/// Errors: everything [`read::stream`] reports, columns that are not there (all are named), cells of number inputs that
/// are neither missing nor a number, and those of `predict`. After an error there is no output.
pub fn score<E: From<LoadError>>(file: &ScoringFile, predict: &mut Predict<E>, io: &dyn JobIo) -> Result<Scored, E> {
    let mut options = read::sniff(file.path, file.name)?;
    let io = Steady { io, at: Cell::new(None) };
    if options.format != SourceFormat::Delimited {
        let mut sink = Sink { file, options: &options, predict, io: &io, run: None, failed: None };
        let read = read::stream(&SourceSpec::file(file.name, file.path), &options, &io, &mut sink);
        let Sink { run, failed, .. } = sink;
        // What stopped the reading comes before the fact that it was stopped.
        failed.map_or(Ok(()), Err)?;
        read?;
        return finish(file, run, Vec::new());
    }
    let (expected, mut warnings): (Vec<&str>, _) = (file.inputs.iter().map(|(n, _)| n.as_str()).collect(), Vec::new());
    let mut text = Verbatim::open(file.path, file.name, &mut options, &expected, &mut warnings)?;
    let columns = text.names.iter().map(|name| (name.clone(), Storage::String)).collect();
    let mut run = Run::new(file, &options, columns)?;
    while let Some(batch) = text.next(&io)? {
        run.piece(&Piece::Text(&batch), predict, &io)?;
    }
    finish(file, Some(run), warnings)
}

fn finish<E: From<LoadError>>(file: &ScoringFile, run: Option<Run>, warnings: Vec<String>) -> Result<Scored, E> {
    let none = || LoadError::NoRows { file: file.name.to_owned() };
    let Run { output, rows, columns_added, .. } = run.ok_or_else(none)?;
    let renamed = output.ok_or_else(none)?.finish()?;
    Ok(Scored { rows, columns: columns_added, warnings: [warnings, renamed].concat() })
}

/// Some rows of the file.
pub enum Piece<'a> {
    Text(&'a Batch),
    Typed(&'a [Cells]),
}

impl Piece<'_> {
    fn n_rows(&self) -> usize {
        match self {
            Self::Text(batch) => batch.n_rows,
            Self::Typed(columns) => columns.first().map_or(0, Cells::len),
        }
    }
}

/// A scoring under way.
struct Run<'a> {
    file: &'a ScoringFile<'a>,
    columns: Vec<(String, Storage)>,
    inputs: Inputs,
    delimiter: char,
    output: Option<Output>,
    columns_added: Vec<String>,
    rows: u64,
}

impl<'a> Run<'a> {
    fn new(
        file: &'a ScoringFile<'a>,
        options: &ReadOptions,
        columns: Vec<(String, Storage)>,
    ) -> Result<Self, LoadError> {
        let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
        let inputs = Inputs::find(file, &names, NullTokens::new(&options.null_tokens), Marks::of(options))?;
        let (output, columns_added, rows) = (None, Vec::new(), 0);
        Ok(Self { file, columns, inputs, delimiter: options.delimiter, output, columns_added, rows })
    }

    fn piece<E: From<LoadError>>(&mut self, piece: &Piece, predict: &mut Predict<E>, io: &Steady) -> Result<(), E> {
        let raw = self.inputs.pick(self.file, piece, self.rows)?;
        let at = io.at.get().unwrap_or(0.0);
        let extra = predict(&raw, &Part { io: io.io, from: at, to: at })?;
        let output = match &mut self.output {
            Some(output) => output,
            none => {
                self.columns_added = extra.iter().map(|(name, _)| name.clone()).collect();
                none.insert(Output::create(self.file.out, &self.columns, &extra, self.delimiter)?)
            }
        };
        output.write(piece, &extra)?;
        self.rows += piece.n_rows() as u64;
        Ok(())
    }
}

/// Scores the rows of formats with types of their own as they are read.
struct Sink<'a, 'p, E> {
    file: &'a ScoringFile<'a>,
    options: &'a ReadOptions,
    predict: &'a mut Predict<'p, E>,
    io: &'a Steady<'a>,
    run: Option<Run<'a>>,
    /// Why the reading was stopped.
    failed: Option<E>,
}

impl<E: From<LoadError>> TableSink for Sink<'_, '_, E> {
    fn begin(&mut self, columns: &[(String, Storage)]) -> Result<(), LoadError> {
        self.run = Some(Run::new(self.file, self.options, columns.to_vec())?);
        Ok(())
    }

    fn rows(&mut self, chunk: Vec<Cells>) -> Result<(), LoadError> {
        let Some(run) = &mut self.run else { return Ok(()) };
        run.piece(&Piece::Typed(&chunk), self.predict, self.io).map_err(|error| {
            self.failed = Some(error);
            LoadError::Cancelled(Cancelled)
        })
    }

    fn bad_row(&mut self, _: BadRow) -> Result<(), LoadError> {
        Ok(())
    }
}

/// Remembers how far the reading is, for what is done between its steps.
struct Steady<'a> {
    io: &'a dyn JobIo,
    at: Cell<Option<f64>>,
}

impl JobIo for Steady<'_> {
    fn progress(&self, phase: &str, fraction: Option<f64>) -> Result<(), Cancelled> {
        self.at.set(fraction.or(self.at.get()));
        self.io.progress(phase, fraction)
    }
}

#[cfg(test)]
mod tests;
