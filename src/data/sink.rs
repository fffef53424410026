//! Where the rows of an import go: into the stored table as they come, and into memory as long as there is room.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::columns::{Columns, StoredTable};
use super::error::LoadError;
use super::parquet::{BackgroundWriter, Writer};
use super::read::TableSink;
use super::table::Cells;
use crate::domain::ids::ContentHash;
use crate::domain::preview::BadRow;
use crate::domain::schema::Storage;

/// Fewer rows than this are gathered first. More come as they were read: gathering copies every cell.
const ROWS_AT_ONCE: usize = 4096;
/// Rejected rows that are written at once.
const REJECTS_AT_ONCE: usize = 4096;

/// Writes a table, and the rows set aside, to two files. What fits the budget is also kept, so that nothing is read
/// twice.
pub struct StoringSink {
    table: PathBuf,
    rejects: PathBuf,
    budget_bytes: u64,
    columns: Vec<(String, Storage)>,
    writer: Option<BackgroundWriter>,
    kept: Option<Kept>,
    rejected: Option<Rejects>,
}

/// What became of the rows.
pub struct StoredRows {
    pub table_hash: ContentHash,
    /// Of the file with the rows set aside; `None` without any.
    pub rejects_hash: Option<ContentHash>,
    columns: Vec<(String, Storage)>,
    path: PathBuf,
    kept: Option<Kept>,
}

impl StoringSink {
    /// `table` and `rejects` are made or replaced. Cells of at most `budget_bytes` are kept in memory.
    pub fn new(table: &Path, rejects: &Path, budget_bytes: u64) -> Self {
        Self {
            table: table.to_owned(),
            rejects: rejects.to_owned(),
            budget_bytes,
            columns: Vec::new(),
            writer: None,
            kept: None,
            rejected: None,
        }
    }

    /// Waits until all is written.
    pub fn finish(self) -> Result<StoredRows, LoadError> {
        let none = || LoadError::Empty { file: self.table.display().to_string() };
        let table_hash = self.writer.ok_or_else(none)?.finish()?;
        let rejects_hash = self.rejected.map(Rejects::finish).transpose()?;
        Ok(StoredRows { table_hash, rejects_hash, columns: self.columns, path: self.table, kept: self.kept })
    }
}

impl TableSink for StoringSink {
    fn begin(&mut self, columns: &[(String, Storage)]) -> Result<(), LoadError> {
        // The former writer ends before the file is made anew.
        self.writer = None;
        self.rejected = None;
        self.columns = columns.to_vec();
        self.kept = Some(Kept { columns: columns.to_vec(), ..Kept::default() });
        self.writer = Some(BackgroundWriter::create(&self.table, columns)?);
        Ok(())
    }

    fn rows(&mut self, chunk: Vec<Cells>) -> Result<(), LoadError> {
        let chunk = Arc::new(chunk);
        if let Some(kept) = &mut self.kept {
            kept.bytes += chunk.iter().map(Cells::bytes).sum::<u64>();
            kept.n_rows += chunk.first().map_or(0, Cells::len) as u64;
            kept.pieces.push(chunk.clone());
            if kept.bytes > self.budget_bytes {
                self.kept = None;
            }
        }
        self.writer.as_mut().map_or(Ok(()), |writer| writer.write(chunk))
    }

    fn rows_at_once(&self) -> usize {
        ROWS_AT_ONCE
    }

    fn bad_row(&mut self, row: BadRow) -> Result<(), LoadError> {
        let rejects = match &mut self.rejected {
            Some(rejects) => rejects,
            none => none.insert(Rejects::create(&self.rejects)?),
        };
        rejects.add(row)
    }
}

impl StoredRows {
    /// The table does not fit the budget and lies on disk only.
    pub fn on_disk(&self) -> bool {
        self.kept.is_none()
    }

    /// The rows once more, from memory or from the file.
    pub fn columns(&self) -> Result<Box<dyn Columns + '_>, LoadError> {
        match &self.kept {
            Some(kept) => Ok(Box::new(kept)),
            None => Ok(Box::new(StoredTable::over(&self.path, &self.columns)?)),
        }
    }
}

/// A table in memory as the pieces it was read in.
#[derive(Default)]
struct Kept {
    columns: Vec<(String, Storage)>,
    pieces: Vec<Arc<Vec<Cells>>>,
    n_rows: u64,
    bytes: u64,
}

impl Columns for &Kept {
    fn n_rows(&self) -> u64 {
        self.n_rows
    }

    fn storages(&self) -> Vec<(String, Storage)> {
        self.columns.clone()
    }

    fn pieces(&self, column: usize, take: &mut dyn FnMut(&Cells) -> Result<(), LoadError>) -> Result<(), LoadError> {
        self.pieces.iter().try_for_each(|piece| take(&piece[column]))
    }
}

/// The table of rows set aside: `line`, `reason`, `text`.
struct Rejects {
    writer: Writer,
    waiting: Vec<BadRow>,
}

impl Rejects {
    fn create(path: &Path) -> Result<Self, LoadError> {
        let columns = [("line", Storage::Int64), ("reason", Storage::String), ("text", Storage::String)];
        let columns = columns.map(|(name, storage)| (name.to_owned(), storage));
        Ok(Self { writer: Writer::create(path, &columns)?, waiting: Vec::new() })
    }

    fn add(&mut self, row: BadRow) -> Result<(), LoadError> {
        self.waiting.push(row);
        if self.waiting.len() < REJECTS_AT_ONCE { Ok(()) } else { self.write() }
    }

    fn write(&mut self) -> Result<(), LoadError> {
        let rows = std::mem::take(&mut self.waiting);
        self.writer.write(&[
            Cells::Int(rows.iter().map(|row| Some(row.line as i64)).collect()),
            Cells::Text(rows.iter().map(|row| Some(row.reason.as_str())).collect()),
            Cells::Text(rows.iter().map(|row| Some(row.text.as_str())).collect()),
        ])
    }

    fn finish(mut self) -> Result<ContentHash, LoadError> {
        self.write()?;
        self.writer.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::table::testing::numbers;

    fn texts(values: &[&str]) -> Cells {
        Cells::Text(values.iter().map(|v| Some(*v)).collect())
    }

    /// Column 0 as text, and the hashes.
    fn stored(budget_bytes: u64, pieces: &[&[&str]]) -> (bool, Vec<String>, ContentHash) {
        let folder = tempfile::tempdir().unwrap();
        let mut sink = StoringSink::new(&folder.path().join("t"), &folder.path().join("r"), budget_bytes);
        // A first belief that later proves wrong leaves nothing behind.
        sink.begin(&[("x".to_owned(), Storage::Float64)]).unwrap();
        sink.rows(vec![numbers([1.0, 2.0])]).unwrap();
        sink.begin(&[("x".to_owned(), Storage::String)]).unwrap();
        pieces.iter().for_each(|piece| sink.rows(vec![texts(piece)]).unwrap());
        let rows = sink.finish().unwrap();
        assert_eq!(rows.rejects_hash, None);
        let mut found = Vec::new();
        let columns = rows.columns().unwrap();
        let mut add = |cells: &Cells| {
            found.extend((0..cells.len()).filter_map(|row| cells.text(row)));
            Ok(())
        };
        columns.pieces(0, &mut add).unwrap();
        assert_eq!(columns.n_rows(), found.len() as u64);
        let same = crate::domain::ids::ContentHash::from_bytes(
            &<sha2::Sha256 as sha2::Digest>::digest(std::fs::read(folder.path().join("t")).unwrap()).into(),
        );
        assert_eq!(same, rows.table_hash);
        drop(columns);
        (rows.on_disk(), found, rows.table_hash)
    }

    #[test]
    fn memory_and_disk_give_the_same_rows_and_the_same_bytes() {
        let (in_memory, on_disk) =
            (stored(1 << 20, &[&["a", "b"], &["a"], &["c"]]), stored(0, &[&["a"], &["b", "a", "c"]]));
        assert_eq!((in_memory.0, on_disk.0), (false, true));
        assert_eq!(in_memory.1, ["a", "b", "a", "c"]);
        assert_eq!((in_memory.1, in_memory.2), (on_disk.1, on_disk.2));
    }

    #[test]
    fn rows_set_aside_have_a_table_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let rejects = folder.path().join("r");
        let mut sink = StoringSink::new(&folder.path().join("t"), &rejects, 0);
        sink.begin(&[("x".to_owned(), Storage::String)]).unwrap();
        sink.rows(vec![texts(&["a"])]).unwrap();
        let bad = BadRow { line: 7, reason: "found 3 fields".into(), text: "a,b,c".into() };
        sink.bad_row(bad).unwrap();
        assert!(sink.finish().unwrap().rejects_hash.is_some());
        let file = crate::data::parquet::File::open(&rejects, "r").unwrap();
        let cell = |column, storage| file.column(column, storage).unwrap().text(0).unwrap();
        assert_eq!(cell(0, Storage::Int64), "7");
        assert_eq!((cell(1, Storage::String), cell(2, Storage::String)), ("found 3 fields".into(), "a,b,c".into()));
    }
}
