//! The model's inputs, picked out of a piece of the file. Texts are as an import would have stored them; missing cells
//! are NaN and the empty text.

use super::{Piece, ScoringFile};
use crate::data::dates::{self, DateFormat};
use crate::data::error::{LoadError, clip};
use crate::data::numbers::{Marks, number_with};
use crate::data::read::NullTokens;
use crate::data::table::Cells;
use crate::domain::raw::{RawColumn, RawColumns};
use crate::domain::recipe::ColumnInput;

/// Where the inputs stand in the file, and how its cells are read.
pub struct Inputs {
    places: Vec<usize>,
    nulls: NullTokens,
    marks: Marks,
    /// How the dates of each input are spelt, once a piece has shown it.
    dates: Vec<Option<DateFormat>>,
}

impl Inputs {
    /// Errors: columns that are not there; all are named.
    pub fn find(file: &ScoringFile, names: &[String], nulls: NullTokens, marks: Marks) -> Result<Self, LoadError> {
        let position = |name: &String| names.iter().position(|n| n == name);
        let missing: Vec<String> =
            file.inputs.iter().map(|(n, _)| n.clone()).filter(|n| position(n).is_none()).collect();
        if !missing.is_empty() {
            let (file, present) = (file.name.to_owned(), names.to_vec());
            return Err(LoadError::MissingColumns { file, missing, present });
        }
        let places = file.inputs.iter().filter_map(|(name, _)| position(name)).collect();
        Ok(Self { places, nulls, marks, dates: vec![None; file.inputs.len()] })
    }

    /// Of the piece whose first row is `first_row` of the file, counted from 0.
    ///
    /// Errors: a cell of a number input that is neither missing nor a number, one of a date input that is no date.
    pub fn pick(&mut self, file: &ScoringFile, piece: &Piece, first_row: u64) -> Result<RawColumns, LoadError> {
        let inputs = file.inputs.iter().zip(&self.places).zip(&mut self.dates);
        let columns = inputs.map(|(((name, input), &at), format)| {
            let not_a_number = |row: usize, value: &str| LoadError::NotANumber {
                file: file.name.to_owned(),
                row: first_row + row as u64 + 1,
                column: name.clone(),
                value: clip(value),
            };
            let not_a_date = |row: usize, value: &str| LoadError::NotADate {
                file: file.name.to_owned(),
                row: first_row + row as u64 + 1,
                column: name.clone(),
                value: clip(value),
            };
            let is_number = !input.is_text();
            let column = match piece {
                Piece::Text(batch) if *input == ColumnInput::Datetime => {
                    let stored = |cell| if self.nulls.is_missing(cell) { "" } else { cell.trim() };
                    let cells: Vec<&str> = batch.column(at).map(stored).collect();
                    RawColumn::Numbers(moments(&cells, format, not_a_date)?)
                }
                Piece::Typed(columns) if *input == ColumnInput::Datetime => match &columns[at] {
                    Cells::Text(d) => {
                        let cells: Vec<&str> =
                            (0..d.codes.len()).map(|row| d.get(row).unwrap_or_default().trim()).collect();
                        RawColumn::Numbers(moments(&cells, format, not_a_date)?)
                    }
                    cells => RawColumn::Numbers(cells.numbers()),
                },
                Piece::Text(batch) if is_number => {
                    RawColumn::Numbers(numbers(batch.column(at), &self.nulls, self.marks, not_a_number)?)
                }
                Piece::Text(batch) => {
                    let stored = |cell: &str| if self.nulls.is_missing(cell) { String::new() } else { cell.to_owned() };
                    RawColumn::Texts(batch.column(at).map(stored).collect())
                }
                Piece::Typed(columns) => match &columns[at] {
                    Cells::Text(d) if is_number => {
                        let cells = (0..d.codes.len()).map(|row| d.get(row).unwrap_or_default());
                        RawColumn::Numbers(numbers(cells, &self.nulls, Marks::POINT, not_a_number)?)
                    }
                    cells if is_number => RawColumn::Numbers(cells.numbers()),
                    cells => {
                        RawColumn::Texts((0..cells.len()).map(|row| cells.text(row).unwrap_or_default()).collect())
                    }
                },
            };
            Ok((name.clone(), column))
        });
        Ok(RawColumns { n_rows: piece.n_rows(), columns: columns.collect::<Result<_, LoadError>>()? })
    }
}

/// Milliseconds since 1970, by the spelling of the pieces before or the first that reads every cell, as an import
/// guesses it.
fn moments(
    cells: &[&str],
    known: &mut Option<DateFormat>,
    not_a_date: impl Fn(usize, &str) -> LoadError,
) -> Result<Vec<f64>, LoadError> {
    let read = |cell: &str, format| dates::parse(cell, format).map(|moment| moment.ms as f64);
    let fits = |format: &DateFormat| cells.iter().all(|cell| cell.is_empty() || read(cell, *format).is_some());
    if known.is_none() && cells.iter().any(|cell| !cell.is_empty()) {
        *known = DateFormat::ALL.into_iter().find(fits);
    }
    let format = known.unwrap_or(DateFormat::Iso);
    let date = |(row, cell): (usize, &&str)| match *cell {
        "" => Ok(f64::NAN),
        cell => read(cell, format).ok_or_else(|| not_a_date(row, cell)),
    };
    cells.iter().enumerate().map(date).collect()
}

fn numbers<'a>(
    cells: impl Iterator<Item = &'a str>,
    nulls: &NullTokens,
    marks: Marks,
    not_a_number: impl Fn(usize, &str) -> LoadError,
) -> Result<Vec<f64>, LoadError> {
    let number = |(row, cell): (usize, &str)| {
        let trimmed = cell.trim();
        if trimmed.is_empty() || nulls.is_missing(cell) {
            return Ok(f64::NAN);
        }
        number_with(trimmed, marks).ok_or_else(|| not_a_number(row, cell))
    };
    cells.enumerate().map(number).collect()
}
