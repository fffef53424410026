//! Arrow IPC: files (Feather version 2) and streams, batch by batch.
//!
//! Types become ours as those of Parquet do; a struct becomes the columns `a.b`, lists become JSON text. The reader
//! underneath allocates what a file claims, so every claim is compared with the file's size before it is decoded.

pub mod arrays;
mod check;

use std::fs::File;
use std::io::{BufReader, Seek};
use std::path::{Path, PathBuf};

use polars::prelude::{ArrowDataType, PolarsResult};
use polars_arrow::array::Array;
use polars_arrow::io::ipc::read::{FileReader, StreamReader, StreamState, read_file_metadata, read_stream_metadata};
use polars_arrow::record_batch::RecordBatchT;

use super::columnar::{self, CELLS_AT_ONCE, ColumnFile, Meaning, Noticed};
use super::records::BATCH_ROWS;
use super::{MAX_ROWS, ReadReport, SourceSpec, TableSink};
use crate::data::error::LoadError;
use crate::data::parquet::guarded;
use crate::data::table::Cells;
use crate::domain::dataset::ReadOptions;
use crate::domain::io::JobIo;
pub use check::is_stream;

pub fn stream(
    source: &SourceSpec,
    options: &ReadOptions,
    limit: Option<u64>,
    io: &dyn JobIo,
    sink: &mut dyn TableSink,
) -> Result<ReadReport, LoadError> {
    let open = |name: &str, path: &Path| Ok(Box::new(ArrowFile::open(path, name)?) as Box<dyn ColumnFile>);
    columnar::stream(&open, source, options, limit, io, sink)
}

/// Rows that the batches of the file claim together.
pub fn rows(path: &Path, name: &str) -> Result<u64, LoadError> {
    let mut file = File::open(path).map_err(LoadError::io(path, "opening"))?;
    Ok(check::check(&mut file).map_err(|e| e.in_file(path, name))?.rows)
}

type Batch = RecordBatchT<Box<dyn Array>>;

struct ArrowFile {
    path: PathBuf,
    name: String,
    is_stream: bool,
    columns: Vec<Column>,
    /// Known for all batches, from their own claims.
    n_rows: u64,
}

/// One of our columns in a batch.
struct Column {
    name: String,
    array: usize,
    /// Inside the struct `array`.
    child: Option<usize>,
    meaning: Meaning,
}

impl ArrowFile {
    fn open(path: &Path, name: &str) -> Result<Self, LoadError> {
        let mut file = File::open(path).map_err(LoadError::io(path, "opening"))?;
        let checked = check::check(&mut file).map_err(|e| e.in_file(path, name))?;
        if checked.rows > MAX_ROWS {
            return Err(LoadError::TooManyRows { file: name.to_owned(), found: checked.rows, limit: MAX_ROWS });
        }
        let mut this = Self {
            path: path.to_owned(),
            name: name.to_owned(),
            is_stream: checked.is_stream,
            columns: Vec::new(),
            n_rows: checked.rows,
        };
        file.rewind().map_err(LoadError::io(path, "reading"))?;
        let schema = guarded(|| {
            if checked.is_stream {
                return read_stream_metadata(&mut file).map(|m| m.schema);
            }
            read_file_metadata(&mut file).map(|m| (*m.schema).clone())
        });
        let schema = schema.map_err(|reason| this.broken(reason))?;
        for (array, field) in schema.iter_values().enumerate() {
            let name = field.name.to_string();
            match &field.dtype {
                ArrowDataType::Struct(inner) if !inner.is_empty() => {
                    for (child, inner) in inner.iter().enumerate() {
                        let name = format!("{name}.{}", inner.name);
                        let meaning = this.meaning(&name, &inner.dtype)?;
                        this.columns.push(Column { name, array, child: Some(child), meaning });
                    }
                }
                dtype => {
                    let meaning = this.meaning(&name, dtype)?;
                    this.columns.push(Column { name, array, child: None, meaning });
                }
            }
        }
        Ok(this)
    }

    fn meaning(&self, column: &str, dtype: &ArrowDataType) -> Result<Meaning, LoadError> {
        arrays::meaning(dtype).map_err(|what| {
            let (file, column) = (self.name.clone(), column.to_owned());
            LoadError::ColumnType { file, column, what, hint: "convert the column or leave it out" }
        })
    }

    fn broken(&self, reason: String) -> LoadError {
        LoadError::Broken { file: self.name.clone(), format: "an Arrow file", reason }
    }

    /// Calls `take` with each batch; it says whether more is wanted.
    fn batches(&self, take: &mut dyn FnMut(&Batch) -> Result<bool, LoadError>) -> Result<(), LoadError> {
        let file = File::open(&self.path).map_err(LoadError::io(&self.path, "opening"))?;
        let mut file = BufReader::with_capacity(1 << 20, file);
        let mut next: Box<dyn FnMut() -> Option<PolarsResult<Batch>>> = if self.is_stream {
            let metadata = guarded(|| read_stream_metadata(&mut file)).map_err(|r| self.broken(r))?;
            let mut reader = StreamReader::new(file, metadata, None);
            Box::new(move || match reader.next()? {
                Ok(StreamState::Some(batch)) => Some(Ok(batch)),
                Ok(StreamState::Waiting) => None,
                Err(error) => Some(Err(error)),
            })
        } else {
            let metadata = guarded(|| read_file_metadata(&mut file)).map_err(|r| self.broken(r))?;
            let mut reader = FileReader::new(file, metadata, None, None);
            Box::new(move || reader.next())
        };
        while let Some(batch) = guarded(|| next().transpose()).map_err(|r| self.broken(r))? {
            if !take(&batch)? {
                break;
            }
        }
        Ok(())
    }

    /// The piece of a column that lies in these rows of a batch.
    fn piece(&self, column: &Column, batch: &Batch, start: usize, rows: usize) -> Result<Box<dyn Array>, LoadError> {
        let array =
            batch.columns().get(column.array).ok_or_else(|| self.broken("a batch lacks a column".to_owned()))?;
        let piece = guarded(|| {
            let piece = array.sliced(start, rows);
            Ok(match column.child {
                None => piece,
                Some(child) => arrays::child(piece.as_ref(), child)?,
            })
        });
        piece.map_err(|reason| self.broken(format!("column `{}`: {reason}", column.name)))
    }
}

impl ColumnFile for ArrowFile {
    fn columns(&self) -> Vec<(String, Meaning)> {
        self.columns.iter().map(|c| (c.name.clone(), c.meaning)).collect()
    }

    fn n_rows(&self) -> u64 {
        self.n_rows
    }

    fn survey(&mut self, limit: u64, noticed: &mut [Noticed], io: &dyn JobIo) -> Result<u64, LoadError> {
        let mut done = 0u64;
        self.batches(&mut |batch| {
            io.progress("Judging column types", Some(done as f64 / self.n_rows.max(1) as f64))?;
            let rows = (batch.len() as u64).min(limit - done) as usize;
            for (column, noticed) in self.columns.iter().zip(noticed.iter_mut()) {
                let piece = self.piece(column, batch, 0, rows)?;
                let told = guarded(|| arrays::notice(piece.as_ref(), column.meaning, noticed));
                told.map_err(|reason| self.broken(format!("column `{}`: {reason}", column.name)))?;
            }
            done += rows as u64;
            Ok(done < limit)
        })?;
        Ok(done)
    }

    fn convert(
        &mut self,
        limit: u64,
        as_text: &[bool],
        io: &dyn JobIo,
        take: &mut dyn FnMut(Vec<Cells>) -> Result<(), LoadError>,
    ) -> Result<(), LoadError> {
        let step = (CELLS_AT_ONCE / self.columns.len().max(1)).clamp(1024, BATCH_ROWS);
        let mut done = 0u64;
        self.batches(&mut |batch| {
            let rows = (batch.len() as u64).min(limit - done) as usize;
            for start in (0..rows).step_by(step) {
                io.progress("Reading rows", Some((done + start as u64) as f64 / self.n_rows.max(1) as f64))?;
                let n = step.min(rows - start);
                let cells = self.columns.iter().zip(as_text).map(|(column, &text)| {
                    let piece = self.piece(column, batch, start, n)?;
                    let cells = guarded(|| arrays::cells(piece.as_ref(), column.meaning, text));
                    cells.map_err(|reason| self.broken(format!("column `{}`: {reason}", column.name)))
                });
                take(cells.collect::<Result<_, _>>()?)?;
            }
            done += rows as u64;
            Ok(done < limit)
        })
    }
}

#[cfg(test)]
mod tests;
