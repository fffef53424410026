//! The window's table: any page of any stored table, sorted and filtered, without holding the table.
//!
//! Opening reads the footer only. An order reads the columns it sorts and filters by, once; what remains is at most
//! four bytes per row. A page decodes blocks of [`BLOCK_ROWS`] rows of the columns asked for and keeps the recent ones
//! (at most [`CACHE_BYTES`]), so scrolling decodes each block once, and a page of rows scattered over the whole table
//! costs one small decode per row and column.

pub(in crate::data) mod bits;
mod cache;
pub(in crate::data) mod filter;
mod find;
mod groups;
mod keys;
mod order;
mod rule;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::LoadError;
use super::parquet::File;
use super::table::Cells;
use crate::domain::io::{JobIo, Part};
use crate::domain::schema::{Schema, Storage};
use crate::domain::table::{TablePage, TableQuery};

use self::cache::{BlockId, Cache};
use self::filter::Node;
pub use self::filter::find_column;
pub use self::rule::Span;

const BLOCK_ROWS: usize = 1024;

/// Which rows a query shows, in which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowOrder {
    /// All rows as they are stored.
    All,
    /// These rows, by 0-based number.
    Rows(Arc<[u32]>),
}

impl RowOrder {
    /// Rows shown of a table of `n_rows`.
    pub fn len(&self, n_rows: u64) -> u64 {
        match self {
            Self::All => n_rows,
            Self::Rows(rows) => rows.len() as u64,
        }
    }
}

/// A stored table, ready to be looked at from any thread.
pub struct TableView {
    file: File,
    schema: Schema,
    cache: Mutex<Cache>,
    /// Rows with the text that was last looked for.
    found: Mutex<Option<find::Matches>>,
}

impl TableView {
    /// Errors: a damaged file, or one whose columns are not those of `schema`.
    pub fn open(path: &Path, schema: &Schema) -> Result<Self, LoadError> {
        let file = File::open(path, &path.display().to_string())?;
        file.check(schema)?;
        Ok(Self { file, schema: schema.clone(), cache: Mutex::default(), found: Mutex::default() })
    }

    pub fn n_rows(&self) -> u64 {
        self.file.n_rows
    }

    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The rows that pass all filters, sorted; ties keep the stored order, missing cells come last either way.
    ///
    /// Errors: a column that is not there, a filter value that does not fit its column, a text that is no filter.
    pub fn order(&self, query: &TableQuery, io: &dyn JobIo) -> Result<RowOrder, LoadError> {
        let filter = Node::of_query(query, &self.schema)?;
        let columns = query
            .sort
            .iter()
            .map(|key| Ok((find_column(&self.schema, &key.column)?, key.descending)))
            .collect::<Result<Vec<_>, LoadError>>()?;
        let share = if columns.is_empty() { 1.0 } else { 0.4 };
        let kept = match &filter {
            Some(node) => Some(filter::rows(self, node, &Part { io, from: 0.0, to: share })?),
            None if columns.is_empty() => return Ok(RowOrder::All),
            None => None,
        };
        let rows = match (kept, &columns[..]) {
            (Some(kept), []) => kept,
            (kept, columns) => {
                let from = if kept.is_some() { share } else { 0.0 };
                order::sorted(self, kept, columns, &Part { io, from, to: 1.0 })?
            }
        };
        Ok(RowOrder::Rows(rows.into()))
    }

    fn n_groups(&self) -> usize {
        self.file.row_starts.len() - 1
    }

    fn group_rows(&self, group: usize) -> Range<u64> {
        self.file.row_starts[group]..self.file.row_starts[group + 1]
    }

    /// All cells of a column in one row group.
    fn group_cells(&self, group: usize, column: usize) -> Result<Cells, LoadError> {
        let rows = self.group_rows(group);
        self.file.cells(group, column, 0..(rows.end - rows.start) as usize, self.schema.columns[column].storage)
    }

    /// The cells of `columns` (by position in the schema) in the given rows of `order`; rows past its end are left out.
    pub fn page(&self, order: &RowOrder, rows: Range<u64>, columns: &[usize]) -> Result<TablePage, LoadError> {
        let length = order.len(self.n_rows());
        let (first, end) = (rows.start.min(length), rows.end.min(length));
        let row_ids: Vec<u64> = match order {
            RowOrder::All => (first..end).collect(),
            RowOrder::Rows(all) => all[first as usize..end.max(first) as usize].iter().map(|&r| u64::from(r)).collect(),
        };
        let mut cells = vec![Vec::with_capacity(columns.len()); row_ids.len()];
        for &column in columns {
            let storage = self.schema.columns.get(column).map(|c| c.storage);
            let storage =
                storage.ok_or_else(|| LoadError::NoSuchColumn { column: format!("number {}", column + 1) })?;
            let mut last: Option<(BlockId, Arc<Cells>)> = None;
            for (row, out) in row_ids.iter().zip(&mut cells) {
                let (id, within) = self.locate(column, *row);
                let block = match &last {
                    Some((last_id, block)) if *last_id == id => block.clone(),
                    _ => self.block(id, storage)?,
                };
                out.push(if within < block.len() { block.text(within) } else { None });
                last = Some((id, block));
            }
        }
        Ok(TablePage { first, first_column: columns.first().copied().unwrap_or_default(), row_ids, cells })
    }

    /// The block that holds a row, and the row's place in it.
    fn locate(&self, column: usize, row: u64) -> (BlockId, usize) {
        let group = self.file.row_starts.partition_point(|&start| start <= row).saturating_sub(1);
        let within = (row - self.file.row_starts[group]) as usize;
        (BlockId { column, group, block: within / BLOCK_ROWS }, within % BLOCK_ROWS)
    }

    fn block(&self, id: BlockId, storage: Storage) -> Result<Arc<Cells>, LoadError> {
        let lock = || self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(block) = lock().get(id) {
            return Ok(block);
        }
        let n_rows = (self.file.row_starts[id.group + 1] - self.file.row_starts[id.group]) as usize;
        let start = id.block * BLOCK_ROWS;
        let rows = start..n_rows.min(start + BLOCK_ROWS);
        let block = Arc::new(self.file.cells(id.group, id.column, rows, storage)?);
        lock().insert(id, block.clone());
        Ok(block)
    }
}
