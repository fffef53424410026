//! Sheets of workbooks: `.xlsx`, `.xlsb`, `.xls`, `.ods`.
//!
//! The two modern forms are read cell by cell; a cell far out costs nothing. What stands above the header and rows
//! without a cell are left out and said. Formulas count by the value they last had, errors (`#N/A`) as missing.

mod guard;
mod workbook;

use std::collections::BTreeMap;
use std::path::Path;

use super::gauge::Texts;
use super::rows::{Flow, RowFormat, Taker};
use super::values::Value;
use crate::data::error::LoadError;
use crate::data::infer::{self, Look};
use crate::domain::dataset::ReadOptions;
use crate::domain::words::thousands;
pub use guard::container;
use workbook::Workbook;

/// Rows looked at to find the header.
const HEAD_ROWS: usize = 60;

/// A row of a sheet: its 0-based number and its cells by column, none of them empty.
pub type SheetRow = (u32, BTreeMap<u32, Value>);

pub struct Excel;

impl RowFormat for Excel {
    fn texts(&self) -> Texts {
        Texts::Judged
    }

    fn read(&self, path: &Path, name: &str, options: &ReadOptions, taker: &mut dyn Taker) -> Result<(), LoadError> {
        let mut workbook = Workbook::open(path, name)?;
        let sheet = workbook.sheet(options.part.as_deref())?;
        let mut reading = Reading { options, taker, places: None, cells: Vec::new(), blank: 0, expected: 0 };
        let errors = workbook.rows(&sheet, &mut |row, fraction| reading.row(row, fraction))?;
        reading.finish(errors);
        Ok(())
    }
}

/// The sheets of a workbook, in its order.
pub fn sheets(path: &Path, name: &str) -> Result<Vec<String>, LoadError> {
    Ok(Workbook::open(path, name)?.sheets())
}

/// The wanted sheet or the first with cells, the rows above its header, and whether it has one.
pub fn look(path: &Path, name: &str, wanted: Option<&str>) -> Result<(String, u64, bool), LoadError> {
    let mut workbook = Workbook::open(path, name)?;
    let sheet = workbook.sheet(wanted)?;
    let mut head: Vec<SheetRow> = Vec::new();
    workbook.rows(&sheet, &mut |row, _| {
        head.push(row);
        Ok(if head.len() < HEAD_ROWS { Flow::More } else { Flow::Enough })
    })?;
    // Titles and remarks stand alone in their row; the table begins where half of its width is filled.
    let width = head.iter().map(|(_, cells)| cells.len()).max().unwrap_or(0);
    let first = head.iter().position(|(_, cells)| cells.len() * 2 > width).unwrap_or(0);
    let skip = head.get(first).map_or(0, |(row, _)| u64::from(*row));
    Ok((sheet, skip, has_header(&head[first.min(head.len())..])))
}

/// The first row names the columns when all of its cells are texts, none of them twice, and does not look like the rows
/// below it.
fn has_header(rows: &[SheetRow]) -> bool {
    let Some(((_, first), rest)) = rows.split_first() else { return true };
    let is_word = |v: &Value| matches!(v, Value::Text(t) if infer::look(t) == Look::Text);
    if first.values().all(is_word) {
        let texts: std::collections::HashSet<String> = first.values().filter_map(Value::text).collect();
        let typed = rest.iter().any(|(_, cells)| cells.values().any(|v| !is_word(v)));
        return texts.len() == first.len() && (typed || !rest.iter().any(|(_, cells)| cells == first));
    }
    // Years as column names (`2024`, `2025`) beside words: a header if the rows hold something else there.
    let words = first.values().filter(|v| is_word(v)).count();
    let whole = first.values().filter(|v| matches!(v, Value::Int(1900..=2100))).count();
    words > 0 && whole > 0 && words + whole == first.len()
}

struct Reading<'a> {
    options: &'a ReadOptions,
    taker: &'a mut dyn Taker,
    /// Place in the row by column of the sheet; `None` until the first row of the table.
    places: Option<BTreeMap<u32, usize>>,
    cells: Vec<Value>,
    blank: u64,
    /// The sheet's next row if none is blank.
    expected: u32,
}

impl Reading<'_> {
    fn row(&mut self, (number, row): SheetRow, fraction: f64) -> Result<Flow, LoadError> {
        if u64::from(number) < self.options.skip_lines || row.is_empty() {
            return Ok(Flow::More);
        }
        if self.places.is_some() {
            self.blank += u64::from(number.saturating_sub(self.expected));
        }
        self.expected = number + 1;
        if self.places.is_none() {
            self.begin(&row)?;
            if number > 0 {
                let n = u64::from(number);
                let what = if n == 1 { "row above the table was" } else { "rows above the table were" };
                self.taker.note(format!("{} {what} left out", thousands(n)));
            }
            if self.options.has_header {
                return Ok(Flow::More);
            }
        }
        self.cells.fill(Value::Empty);
        for (column, value) in row {
            let place = self.place(column, None)?;
            if self.cells.len() <= place {
                self.cells.resize(place + 1, Value::Empty);
            }
            self.cells[place] = value;
        }
        self.taker.row(&self.cells, fraction)
    }

    /// The columns of the table from its first row, from its first cell to its last.
    fn begin(&mut self, first: &BTreeMap<u32, Value>) -> Result<(), LoadError> {
        self.places = Some(BTreeMap::new());
        for (&column, value) in first {
            let name = value.text().filter(|_| self.options.has_header);
            self.place(column, name)?;
        }
        Ok(())
    }

    fn place(&mut self, column: u32, name: Option<String>) -> Result<usize, LoadError> {
        let Some(places) = &mut self.places else { return Ok(0) };
        if let Some(&place) = places.get(&column) {
            return Ok(place);
        }
        // Names that stand there twice are two columns; a cell outside the header has none.
        let plain = name.map_or_else(|| format!("column_{}", column + 1), |n| n.trim().to_owned());
        let mut unique = plain.clone();
        for n in 2.. {
            let place = self.taker.column(&unique)?;
            if !places.values().any(|&p| p == place) {
                places.insert(column, place);
                return Ok(place);
            }
            unique = format!("{plain}_{n}");
        }
        unreachable!("some number is free")
    }

    /// `errors`: cells such as `#N/A`.
    fn finish(&mut self, errors: u64) {
        if self.blank > 0 {
            let what = if self.blank == 1 { "blank row was" } else { "blank rows were" };
            self.taker.note(format!("{} {what} skipped", thousands(self.blank)));
        }
        if errors > 0 {
            let what = if errors == 1 { "cell holds an error and counts" } else { "cells hold errors and count" };
            self.taker.note(format!("{} {what} as missing", thousands(errors)));
        }
    }
}

#[cfg(test)]
mod tests;
