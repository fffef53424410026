//! Tables of any size, column by column: what is computed over a table that may not fit in memory asks for the pieces
//! of one column at a time, as often as it needs them.
//!
//! A table in memory is one piece per column; a stored one is read in pieces of about [`PIECE_ROWS`] rows. Whoever
//! keeps something per row keeps it for one column (60,000,000 numbers are 480 MB), never for the table.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

use super::builder::CellsBuilder;
use super::error::LoadError;
use super::parquet::File;
use super::table::{Cells, Table};
use crate::domain::io::JobIo;
use crate::domain::schema::{Schema, Storage};

/// Rows of a piece of a stored table; whole row groups.
const PIECE_ROWS: u64 = 1 << 18;
/// Pieces that a glimpse looks at.
const MOST_LOOKS: usize = 4;

pub trait Columns: Sync {
    fn n_rows(&self) -> u64;

    /// Names and storages, in file order.
    fn storages(&self) -> Vec<(String, Storage)>;

    /// Gives the consecutive pieces of a column to `take`, from the first row to the last. Every piece of a text column
    /// has a dictionary of its own.
    ///
    /// Errors: those of reading, and whatever `take` returns (a cancelled job, say), which ends the reading.
    fn pieces(&self, column: usize, take: &mut dyn FnMut(&Cells) -> Result<(), LoadError>) -> Result<(), LoadError>;

    /// How many pieces [`Self::piece`] gives.
    fn n_pieces(&self) -> usize {
        1
    }

    /// One piece of a column; the pieces of one number hold the same rows in every column.
    fn piece(&self, column: usize, _piece: usize) -> Result<Cow<'_, Cells>, LoadError> {
        let mut all = CellsBuilder::new(self.storages()[column].1);
        self.pieces(column, &mut |cells| {
            all.append(cells);
            Ok(())
        })?;
        Ok(Cow::Owned(all.finish()))
    }
}

impl Columns for Table {
    fn n_rows(&self) -> u64 {
        self.n_rows as u64
    }

    fn storages(&self) -> Vec<(String, Storage)> {
        self.iter().map(|(schema, cells)| (schema.name.clone(), cells.storage())).collect()
    }

    fn pieces(&self, column: usize, take: &mut dyn FnMut(&Cells) -> Result<(), LoadError>) -> Result<(), LoadError> {
        take(&self.columns[column])
    }

    fn piece(&self, column: usize, _piece: usize) -> Result<Cow<'_, Cells>, LoadError> {
        Ok(Cow::Borrowed(&self.columns[column]))
    }
}

/// A table in its Parquet file.
pub struct StoredTable {
    file: File,
    columns: Vec<(String, Storage)>,
    /// The row groups of each piece.
    groups: Vec<Range<usize>>,
}

impl StoredTable {
    /// Errors: a damaged file, or one whose columns are not those of `schema`.
    pub fn open(path: &Path, schema: &Schema) -> Result<Self, LoadError> {
        let file = File::open(path, &path.display().to_string())?;
        file.check(schema)?;
        let columns = schema.columns.iter().map(|c| (c.name.clone(), c.storage)).collect();
        Ok(Self { groups: groups(&file), file, columns })
    }

    /// The same for a file that was just written and has no schema yet.
    pub fn over(path: &Path, columns: &[(String, Storage)]) -> Result<Self, LoadError> {
        let file = File::open(path, &path.display().to_string())?;
        Ok(Self { groups: groups(&file), file, columns: columns.to_vec() })
    }
}

impl Columns for StoredTable {
    fn n_rows(&self) -> u64 {
        self.file.n_rows
    }

    fn storages(&self) -> Vec<(String, Storage)> {
        self.columns.clone()
    }

    fn pieces(&self, column: usize, take: &mut dyn FnMut(&Cells) -> Result<(), LoadError>) -> Result<(), LoadError> {
        (0..self.n_pieces()).try_for_each(|piece| take(&*self.piece(column, piece)?))
    }

    fn n_pieces(&self) -> usize {
        self.groups.len()
    }

    fn piece(&self, column: usize, piece: usize) -> Result<Cow<'_, Cells>, LoadError> {
        let cells = self.file.column_of_groups(self.groups[piece].clone(), column, self.columns[column].1)?;
        Ok(Cow::Owned(cells))
    }
}

/// Runs of row groups of about [`PIECE_ROWS`] rows.
fn groups(file: &File) -> Vec<Range<usize>> {
    let starts = &file.row_starts;
    let (mut all, mut group) = (Vec::new(), 0);
    while group + 1 < starts.len() {
        let first = group;
        while group + 1 < starts.len() && (group == first || starts[group + 1] - starts[first] <= PIECE_ROWS) {
            group += 1;
        }
        all.push(first..group);
    }
    all
}

/// A table of any size with its schema: what checks, drift and sampling work on.
#[derive(Clone, Copy)]
pub struct TableRef<'a> {
    pub schema: &'a Schema,
    pub columns: &'a dyn Columns,
}

impl<'a> TableRef<'a> {
    pub fn of(table: &'a Table) -> Self {
        Self { schema: &table.schema, columns: table }
    }

    pub fn n_rows(&self) -> usize {
        self.columns.n_rows() as usize
    }

    /// The pieces of a column with the number of their first row.
    pub fn pieces(
        &self,
        column: usize,
        mut take: impl FnMut(usize, &Cells) -> Result<(), LoadError>,
    ) -> Result<(), LoadError> {
        let mut start = 0;
        self.columns.pieces(column, &mut |cells| {
            take(start, cells)?;
            start += cells.len();
            Ok(())
        })
    }

    pub fn n_pieces(&self) -> usize {
        self.columns.n_pieces()
    }

    /// One piece of a column, see [`Columns::piece`].
    pub fn piece(&self, column: usize, piece: usize) -> Result<Cow<'a, Cells>, LoadError> {
        self.columns.piece(column, piece)
    }

    /// About `n` rows from up to four pieces, evenly spread: a look at a table that is too large to be read for it.
    pub fn glimpse(&self, n: usize, io: &dyn JobIo) -> Result<Table, LoadError> {
        let n_pieces = self.n_pieces();
        let looks = n_pieces.min(MOST_LOOKS);
        let mut table = Table { schema: self.schema.clone(), ..Table::default() };
        for (at, column) in self.schema.columns.iter().enumerate() {
            io.progress("Reading some rows", Some(at as f64 / self.schema.columns.len() as f64))?;
            let mut builder = CellsBuilder::new(column.storage);
            for look in 0..looks {
                let piece = self.piece(at, look * n_pieces / looks)?;
                let step = (piece.len() * looks).div_ceil(n.max(1)).max(1);
                builder.append(&piece.take((0..piece.len()).step_by(step)));
            }
            table.columns.push(builder.finish());
        }
        table.n_rows = table.columns.first().map_or(0, Cells::len);
        Ok(table)
    }

    /// The cells of a column at `rows` (ascending).
    pub fn gather(&self, column: usize, rows: &[usize]) -> Result<Cells, LoadError> {
        let mut builder = CellsBuilder::new(self.schema.columns[column].storage);
        let mut next = 0;
        self.pieces(column, |start, cells| {
            let end = next + rows[next..].partition_point(|row| *row < start + cells.len());
            if end > next {
                builder.append(&cells.take(rows[next..end].iter().map(|row| row - start)));
            }
            next = end;
            Ok(())
        })?;
        Ok(builder.finish())
    }

    /// The `wanted` columns at `rows` (ascending): a table of their own.
    pub fn gather_table(
        &self,
        rows: &[usize],
        wanted: impl Fn(&str) -> bool,
        io: &dyn JobIo,
    ) -> Result<Table, LoadError> {
        let mut table = Table { n_rows: rows.len(), ..Table::default() };
        let n_columns = self.schema.columns.len() as f64;
        for (at, column) in self.schema.columns.iter().enumerate().filter(|(_, column)| wanted(&column.name)) {
            io.progress(&format!("Reading {}", column.name), Some(at as f64 / n_columns))?;
            table.columns.push(self.gather(at, rows)?);
            table.schema.columns.push(column.clone());
        }
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::parquet;
    use crate::data::table::testing::{numbers, table};
    use crate::domain::io::Silent;
    use crate::domain::schema::ColumnKind;

    #[test]
    fn a_stored_table_gives_the_same_cells_in_pieces() {
        let n = 600_000;
        let texts: Vec<Option<String>> = (0..n).map(|i| (i % 3 != 0).then(|| format!("t{}", i % 7))).collect();
        let table = table(vec![
            ("x", ColumnKind::Numeric, numbers((0..n).map(|i| i as f64))),
            ("t", ColumnKind::Categorical, Cells::Text(texts.iter().map(Option::as_deref).collect())),
        ]);
        let file = tempfile::NamedTempFile::new().unwrap();
        parquet::write(&table, file.path(), &Silent).unwrap();
        let stored = StoredTable::open(file.path(), &table.schema).unwrap();
        for column in 0..2 {
            let (mut row, mut n_pieces) = (0, 0);
            let mut compare = |piece: &Cells| {
                assert!((0..piece.len()).all(|i| piece.text(i) == table.columns[column].text(row + i)));
                row += piece.len();
                n_pieces += 1;
                Ok(())
            };
            stored.pieces(column, &mut compare).unwrap();
            assert_eq!((row, n_pieces), (n, 3));
            let rows = [0, 7, 262_143, 262_144, 599_999];
            let (schema, columns) = (&table.schema, &stored);
            let some = TableRef { schema, columns }.gather(column, &rows).unwrap();
            assert_eq!(some.len(), rows.len());
            assert!(rows.iter().enumerate().all(|(i, row)| some.text(i) == table.columns[column].text(*row)));
        }
        let (schema, columns, rows) = (&table.schema, &stored, [1, 300_000]);
        let some = TableRef { schema, columns }.gather_table(&rows, |name| name == "t", &Silent).unwrap();
        assert_eq!((some.n_rows, some.schema.names().collect::<Vec<_>>()), (2, vec!["t"]));
        assert_eq!([some.columns[0].text(0).as_deref(), some.columns[0].text(1).as_deref()], [Some("t1"), None]);
        let glimpse = TableRef { schema: &table.schema, columns: &stored }.glimpse(1000, &Silent).unwrap();
        assert!((900..=1010).contains(&glimpse.n_rows), "{}", glimpse.n_rows);
        let (x, t) = (&glimpse.columns[0], &glimpse.columns[1]);
        assert!((0..glimpse.n_rows).all(|i| t.text(i) == table.columns[1].text(x.number(i) as usize)), "whole rows");
    }
}
