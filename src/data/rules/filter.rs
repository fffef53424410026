//! Which rows are judged.

use std::borrow::Cow;

use super::workers::Watch;
use crate::data::columns::TableRef;
use crate::data::error::LoadError;
use crate::data::table::Cells;
use crate::data::view::bits::Bits;
use crate::data::view::filter::Node;
use crate::domain::io::JobIo;
use crate::domain::schema::Schema;
use crate::domain::table::TableQuery;

/// The different row filters of a suite.
#[derive(Default)]
pub(super) struct Filters(Vec<(String, Node)>);

impl Filters {
    /// The filter's number.
    ///
    /// Errors: no filter, an unknown column, a value that does not fit its column.
    pub fn number(&mut self, text: &str, schema: &Schema) -> Result<usize, LoadError> {
        if let Some(known) = self.0.iter().position(|(known, _)| known == text) {
            return Ok(known);
        }
        let query = TableQuery { expression: Some(text.to_owned()), ..TableQuery::default() };
        let node = Node::of_query(&query, schema)?.unwrap_or_else(|| Node::And(Vec::new()));
        self.0.push((text.to_owned(), node));
        Ok(self.0.len() - 1)
    }

    /// For each filter the rows of the table that pass.
    pub fn rows(&self, table: TableRef<'_>, io: &dyn JobIo) -> Result<Vec<Bits>, LoadError> {
        self.0.iter().map(|(_, node)| passing(table, node, io)).collect()
    }
}

fn passing(table: TableRef<'_>, node: &Node, io: &dyn JobIo) -> Result<Bits, LoadError> {
    let n = table.n_rows();
    match node {
        Node::And(parts) => {
            let mut bits = Bits::all(n);
            for part in parts {
                bits.and(&passing(table, part, io)?);
            }
            Ok(bits)
        }
        Node::Or(parts) => {
            let mut bits = Bits::none(n);
            for part in parts {
                bits.or(&passing(table, part, io)?);
            }
            Ok(bits)
        }
        Node::Test { column, rule } => {
            let mut bits = Bits::none(n);
            table.pieces(*column, |start, cells| {
                io.progress("Filtering", None)?;
                rule.apply(cells).iter().for_each(|row| bits.set(start + row));
                Ok(())
            })?;
            Ok(bits)
        }
    }
}

/// The rows of a table that are judged, piece by piece.
pub(super) struct Rows<'a> {
    pub table: TableRef<'a>,
    pub only: Option<&'a Bits>,
    pub watch: &'a Watch<'a>,
}

/// A piece of one column or more, and which rows it holds.
pub(super) struct Piece<'a> {
    /// One for each column asked for.
    pub cells: Vec<Cow<'a, Cells>>,
    /// Number of the first row, where all rows are judged.
    start: usize,
    /// Otherwise the number of each.
    rows: Option<Vec<u32>>,
}

impl Piece<'_> {
    pub fn len(&self) -> usize {
        self.cells.first().map_or(0, |cells| cells.len())
    }

    /// The number in the table of the row at `at`.
    pub fn row(&self, at: usize) -> u32 {
        self.rows.as_ref().map_or((self.start + at) as u32, |rows| rows[at])
    }
}

impl<'a> Rows<'a> {
    /// Rows that are judged.
    pub fn len(&self) -> u64 {
        self.only.map_or(self.table.n_rows(), Bits::count) as u64
    }

    /// Gives the pieces of the columns to `take`, from the first row to the last.
    pub fn pieces<E: From<LoadError>>(
        &self,
        columns: &[usize],
        mut take: impl FnMut(&Piece<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut start = 0;
        for piece in 0..self.table.n_pieces() {
            self.watch.check().map_err(LoadError::from)?;
            let mut cells = Vec::with_capacity(columns.len());
            for column in columns {
                cells.push(self.table.piece(*column, piece)?);
            }
            let n = cells.first().map_or(0, |cells| cells.len());
            let rows = self.only.map(|only| (start..start + n).filter(|row| only.get(*row)).map(|row| row as u32));
            let rows: Option<Vec<u32>> = rows.map(Iterator::collect);
            if let Some(rows) = &rows {
                for cells in &mut cells {
                    *cells = Cow::Owned(cells.take(rows.iter().map(|row| *row as usize - start)));
                }
            }
            take(&Piece { cells, start, rows })?;
            start += n;
        }
        Ok(())
    }
}
