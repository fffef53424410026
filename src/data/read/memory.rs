//! A source read into memory.

use std::path::Path;

use super::{SourceSpec, TableSink, stream};
use crate::data::builder::{CellsBuilder, facts};
use crate::data::error::LoadError;
use crate::data::table::{Cells, Table};
use crate::domain::dataset::ReadOptions;
use crate::domain::io::{JobIo, Part};
use crate::domain::preview::BadRow;
use crate::domain::schema::Storage;

/// A preview shows no more rows that were set aside.
const MAX_SHOWN_BAD_ROWS: usize = 100;

/// Keeps a table in memory.
#[derive(Default)]
pub struct Memory {
    pub builders: Vec<CellsBuilder>,
    pub bad_rows: Vec<BadRow>,
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
