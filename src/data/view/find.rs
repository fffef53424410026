//! Looking for a text in the cells, from a place on, forwards or backwards.

use std::ops::Range;
use std::sync::{Arc, PoisonError};

use super::bits::Bits;
use super::{RowOrder, TableView, groups};
use crate::data::error::LoadError;
use crate::data::table::Cells;
use crate::domain::io::JobIo;
use crate::domain::schema::Storage;
use crate::domain::table::{FindRequest, Found};

/// Row groups searched before looking whether one of them has it.
const AHEAD: usize = 8;
/// Up to so many cells the whole table is searched at once, and matches are counted.
const ALL_CELLS: u64 = 4_000_000;
/// Up to so many rows counting the matches before one takes no time worth mentioning.
const COUNTED_ROWS: u64 = 10_000_000;

/// The rows of the table that contain a text in some columns.
#[derive(Clone)]
pub struct Matches {
    text: String,
    /// Ascending.
    columns: Vec<usize>,
    rows: Arc<Bits>,
}

impl TableView {
    /// The next cell that contains the text. The search wraps around once.
    ///
    /// Errors: reading, or that it was cancelled.
    pub fn find(&self, order: &RowOrder, request: &FindRequest, io: &dyn JobIo) -> Result<Option<Found>, LoadError> {
        let text = request.text.to_lowercase();
        let n = order.len(self.n_rows());
        if text.is_empty() || n == 0 || request.columns.is_empty() {
            return Ok(None);
        }
        // First the rest of the row the search stands on.
        if let Some((row, column)) = request.from.filter(|(row, _)| *row < n) {
            let at = request.columns.iter().position(|c| *c == column);
            let here = self.columns_with(order, row, request, &text)?;
            let next = match at {
                Some(at) if request.backwards => here.into_iter().rfind(|i| *i < at),
                Some(at) => here.into_iter().find(|i| *i > at),
                None => None,
            };
            if let Some(i) = next {
                let nth = self.known(request, &text).and_then(|rows| nth(order, &rows, row, n));
                return Ok(Some(Found { row, column: request.columns[i], wrapped: false, nth }));
            }
        }
        let (row, nth) = match self.known(request, &text) {
            None if matches!(order, RowOrder::All) && n * request.columns.len() as u64 > ALL_CELLS => {
                (self.search_on(request, &text, n, io)?, None)
            }
            known => {
                let rows = match known {
                    Some(rows) => rows,
                    None => self.search_all(request, &text, io)?,
                };
                let row = next_row(order, &rows, request, n);
                (row, row.and_then(|row| nth(order, &rows, row, n)))
            }
        };
        let Some(row) = row else { return Ok(None) };
        let here = self.columns_with(order, row, request, &text)?;
        let i = if request.backwards { here.last() } else { here.first() };
        let wrapped = request.from.is_some_and(|(from, _)| if request.backwards { row >= from } else { row <= from });
        Ok(i.map(|&i| Found { row, column: request.columns[i], wrapped, nth }))
    }

    /// The places in `request.columns` whose cells in this row contain the text, ascending.
    fn columns_with(
        &self,
        order: &RowOrder,
        row: u64,
        request: &FindRequest,
        text: &str,
    ) -> Result<Vec<usize>, LoadError> {
        let page = self.page(order, row..row + 1, &request.columns)?;
        let cells = page.cells.into_iter().next().unwrap_or_default();
        let has = |cell: &Option<String>| cell.as_ref().is_some_and(|cell| cell.to_lowercase().contains(text));
        Ok(cells.iter().enumerate().filter(|(_, cell)| has(cell)).map(|(i, _)| i).collect())
    }

    /// What an earlier search of the whole table found.
    fn known(&self, request: &FindRequest, text: &str) -> Option<Arc<Bits>> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let found = found.as_ref()?;
        (found.text == text && found.columns == ascending(&request.columns)).then(|| found.rows.clone())
    }

    /// Searches the whole table, for any query that shows some of its rows, and remembers.
    fn search_all(&self, request: &FindRequest, text: &str, io: &dyn JobIo) -> Result<Arc<Bits>, LoadError> {
        let mut rows = Bits::none(self.n_rows() as usize);
        let work = |group| self.rows_with(group, request, text);
        groups::each(self.n_groups(), io, "Searching", work, |group, found| {
            let first = self.group_rows(group).start as usize;
            found.iter().for_each(|row| rows.set(first + row));
            Ok(())
        })?;
        let rows = Arc::new(rows);
        let columns = ascending(&request.columns);
        let matches = Matches { text: text.to_owned(), columns, rows: rows.clone() };
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(matches);
        Ok(rows)
    }

    /// Searches the plain table from a row on until something is found.
    fn search_on(
        &self,
        request: &FindRequest,
        text: &str,
        n_rows: u64,
        io: &dyn JobIo,
    ) -> Result<Option<u64>, LoadError> {
        let n = self.n_groups();
        let forwards = !request.backwards;
        let from = request.from.map(|(row, _)| row.min(n_rows - 1));
        let start = from.unwrap_or(if forwards { 0 } else { n_rows - 1 });
        let start_group = self.file.row_starts.partition_point(|&first| first <= start) - 1;
        // The group of the start comes twice: its one side first, its other side last.
        let group_at = |i: usize| if forwards { (start_group + i) % n } else { (start_group + 2 * n - i) % n };
        let mut done = 0;
        while done <= n {
            io.progress("Searching", Some(done as f64 / n as f64))?;
            let batch = AHEAD.min(n + 1 - done);
            let mut found: Vec<Option<Bits>> = vec![None; batch];
            let work = |i: usize| self.rows_with(group_at(done + i), request, text);
            groups::each(batch, &Watch { io, done, n }, "Searching", work, |i, bits| {
                found[i] = Some(bits);
                Ok(())
            })?;
            for (i, bits) in found.into_iter().enumerate() {
                let first = self.group_rows(group_at(done + i)).start;
                let beyond = |row: &u64| match from {
                    Some(from) if done + i == 0 => {
                        if forwards {
                            *row > from
                        } else {
                            *row < from
                        }
                    }
                    Some(from) if done + i == n => {
                        if forwards {
                            *row <= from
                        } else {
                            *row >= from
                        }
                    }
                    _ => true,
                };
                let mut rows = bits.iter().flat_map(Bits::iter).map(|row| first + row as u64).filter(beyond);
                if let Some(row) = if forwards { rows.next() } else { rows.last() } {
                    return Ok(Some(row));
                }
            }
            done += batch;
        }
        Ok(None)
    }

    /// The rows of a row group with the text in one of the columns.
    fn rows_with(&self, group: usize, request: &FindRequest, text: &str) -> Result<Bits, LoadError> {
        let rows = self.group_rows(group);
        let mut found = Bits::none((rows.end - rows.start) as usize);
        for column in ascending(&request.columns) {
            if !self.schema.columns.get(column).is_some_and(|c| may_contain(c.storage, text)) {
                continue;
            }
            let cells = self.group_cells(group, column)?;
            found.or(&cells_with(&cells, text));
        }
        Ok(found)
    }
}

/// Progress of a batch as part of the whole search.
struct Watch<'a> {
    io: &'a dyn JobIo,
    done: usize,
    n: usize,
}

impl JobIo for Watch<'_> {
    fn progress(&self, phase: &str, _: Option<f64>) -> Result<(), crate::domain::io::Cancelled> {
        self.io.progress(phase, Some(self.done as f64 / self.n as f64))
    }
}

fn ascending(columns: &[usize]) -> Vec<usize> {
    let mut columns = columns.to_vec();
    columns.sort_unstable();
    columns.dedup();
    columns
}

/// Whether any cell of this storage could contain a text of such characters.
fn may_contain(storage: Storage, lower: &str) -> bool {
    let only = |allowed: &str| lower.chars().all(|c| c.is_ascii_digit() || allowed.contains(c));
    match storage {
        Storage::Float64 => only("+-.einf"),
        Storage::Int64 => only("-"),
        Storage::DatetimeMs => only("-:.tz+"),
        Storage::Boolean => "true".contains(lower) || "false".contains(lower),
        Storage::String => true,
    }
}

fn cells_with(cells: &Cells, lower: &str) -> Bits {
    match cells {
        Cells::Text(d) => {
            let has: Vec<bool> = d.values.iter().map(|text| text.to_lowercase().contains(lower)).collect();
            Bits::of(cells.len(), |row| has.get(d.codes[row] as usize).is_some_and(|has| *has))
        }
        _ => Bits::of(cells.len(), |row| cells.text(row).is_some_and(|text| text.to_lowercase().contains(lower))),
    }
}

/// The next row of the result that is among `rows`, around the end if need be.
fn next_row(order: &RowOrder, rows: &Bits, request: &FindRequest, n: u64) -> Option<u64> {
    let has = |position: &u64| rows.get(row_at(order, *position));
    let from = request.from.map(|(row, _)| row.min(n - 1));
    let ranges: [Range<u64>; 2] = match (from, request.backwards) {
        (None, _) => [0..n, 0..0],
        (Some(from), false) => [from + 1..n, 0..from + 1],
        (Some(from), true) => [0..from, from..n],
    };
    ranges.into_iter().find_map(|mut range| if request.backwards { range.rfind(has) } else { range.find(has) })
}

fn row_at(order: &RowOrder, position: u64) -> usize {
    match order {
        RowOrder::All => position as usize,
        RowOrder::Rows(rows) => rows[position as usize] as usize,
    }
}

/// The 1-based place of `row` among the rows found, and how many there are.
fn nth(order: &RowOrder, rows: &Bits, row: u64, n: u64) -> Option<(u64, u64)> {
    if n > COUNTED_ROWS {
        return None;
    }
    let count = |range: Range<u64>| range.filter(|p| rows.get(row_at(order, *p))).count() as u64;
    let upto = count(0..row + 1);
    Some((upto, upto + count(row + 1..n)))
}
