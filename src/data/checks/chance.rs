//! What chance brings: whether so many rows would be alike if the columns had nothing to do with each other.

use super::Stop;
use super::context::{Column, Context};
use super::rows::for_each_cell;

/// Rows that tell how often two cells of a column are equal.
const MOST_ROWS: usize = 50_000;

/// Of all pairs of rows a share is equal in every one of `columns` by chance: the product over the columns of the
/// share of pairs that are equal there (Simpson's index). Are these at least `wanted` pairs?
pub(super) fn brings(cx: &Context, columns: &[&Column<'_>], wanted: f64) -> Result<bool, Stop> {
    let n = cx.table.n_rows() as f64;
    let mut pairs = n * (n - 1.0) / 2.0;
    for column in columns {
        pairs *= equal_pairs(cx, column)?;
        if pairs < wanted {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The share of pairs of rows that are equal in a column, 0 to 1; missing cells are equal.
fn equal_pairs(cx: &Context, column: &Column<'_>) -> Result<f64, Stop> {
    let every = cx.table.n_rows().div_ceil(MOST_ROWS).max(1);
    let mut hashes: Vec<u64> = Vec::new();
    cx.table.pieces(column.index, |start, cells| {
        cx.io.progress("Looking at what chance brings", None)?;
        for_each_cell(cells, |row, cell| {
            if (start + row).is_multiple_of(every) {
                hashes.push(cell);
            }
        });
        Ok(())
    })?;
    hashes.sort_unstable();
    let n = hashes.len() as f64;
    let equal: f64 = hashes.chunk_by(|a, b| a == b).map(|run| run.len() as f64 * (run.len() as f64 - 1.0)).sum();
    Ok(if n > 1.0 { equal / (n * (n - 1.0)) } else { 0.0 })
}
