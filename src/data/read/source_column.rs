//! A column that says which file each row comes from, added behind those that are read.

use super::{ReadColumn, ReadReport, SourceSpec, TableSink, stream_some};
use crate::data::error::{LoadError, clip};
use crate::data::infer::Typed;
use crate::data::table::{Cells, Dictionary};
use crate::domain::dataset::ReadOptions;
use crate::domain::io::JobIo;
use crate::domain::preview::BadRow;
use crate::domain::schema::Storage;

/// Reads the source with the column `name` added. What is chosen about the column counts; it is text whatever is said.
pub fn stream(
    name: &str,
    source: &SourceSpec,
    options: &ReadOptions,
    limit: Option<u64>,
    io: &dyn JobIo,
    sink: &mut dyn TableSink,
) -> Result<ReadReport, LoadError> {
    let mut plain = ReadOptions { source_column: None, ..options.clone() };
    let choice = plain.columns.remove(name);
    let files = source.files.iter().map(|(name, _)| name.clone()).collect();
    let mut named = Named { sink, name, source: &source.name, files, starts: Vec::new(), done: 0 };
    let mut report = stream_some(source, &plain, limit, io, &mut named)?;
    let mut column = ReadColumn::plain(name.to_owned(), Typed::new(Storage::String));
    column.kind = choice.and_then(|choice| choice.kind);
    report.columns.push(column);
    Ok(report)
}

/// Hands everything on, each row with the name of its file.
struct Named<'a> {
    sink: &'a mut dyn TableSink,
    name: &'a str,
    source: &'a str,
    files: Vec<String>,
    /// Files with the first of their rows, in order; those before the rows under way are gone.
    starts: Vec<(usize, u64)>,
    done: u64,
}

impl TableSink for Named<'_> {
    fn begin(&mut self, columns: &[(String, Storage)]) -> Result<(), LoadError> {
        if columns.iter().any(|(name, _)| name == self.name) {
            let what = format!("a column of the file is called `{}` already", clip(self.name));
            let hint = "choose another name for --source-column";
            return Err(LoadError::Options { file: self.source.to_owned(), what, hint });
        }
        self.starts.clear();
        self.done = 0;
        let mut columns = columns.to_vec();
        columns.push((self.name.to_owned(), Storage::String));
        self.sink.begin(&columns)
    }

    fn rows(&mut self, mut chunk: Vec<Cells>) -> Result<(), LoadError> {
        let n_rows = chunk.first().map_or(0, Cells::len) as u64;
        let end = self.done + n_rows;
        let mut cells = Dictionary { codes: Vec::with_capacity(n_rows as usize), values: Vec::new() };
        for (i, &(file, start)) in self.starts.iter().enumerate() {
            let next = self.starts.get(i + 1).map_or(u64::MAX, |(_, next)| *next);
            let (from, to) = (start.max(self.done), next.min(end));
            if from < to {
                let code = cells.values.len() as u32;
                cells.values.push(self.files[file].clone());
                cells.codes.extend(std::iter::repeat_n(code, (to - from) as usize));
            }
        }
        self.done = end;
        let over = self.starts.iter().skip(1).take_while(|(_, start)| *start <= end).count();
        self.starts.drain(..over);
        chunk.push(Cells::Text(cells));
        self.sink.rows(chunk)
    }

    fn rows_at_once(&self) -> usize {
        self.sink.rows_at_once()
    }

    fn bad_row(&mut self, row: BadRow) -> Result<(), LoadError> {
        self.sink.bad_row(row)
    }

    fn begin_file(&mut self, file: usize, first_row: u64) {
        self.starts.push((file, first_row));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::data::read::{Memory, default_options, sniff, stream};
    use crate::domain::dataset::SourceFormat;
    use crate::domain::io::Silent;

    fn files_of_rows(folder: &Path, options: &ReadOptions, contents: &[&str]) -> Result<Vec<String>, LoadError> {
        let mut spec = SourceSpec { name: "all".into(), files: Vec::new() };
        for (i, content) in contents.iter().enumerate() {
            let path = folder.join(i.to_string());
            std::fs::write(&path, content).unwrap();
            spec.files.push((format!("{i}.txt"), path));
        }
        let options = ReadOptions { source_column: Some("file".into()), ..options.clone() };
        let mut memory = Memory::default();
        let report = stream(&spec, &options, &Silent, &mut memory)?;
        assert_eq!(report.columns.last().unwrap().name, "file");
        let cells = memory.builders.pop().unwrap().finish();
        Ok((0..cells.len()).map(|row| cells.text(row).unwrap()).collect())
    }

    #[test]
    fn each_row_names_its_file_in_every_sort_of_format() {
        let folder = tempfile::tempdir().unwrap();
        let csv = ["a,b\n1,x\n2,y\n", "a,b\n3,z\n", "b,a\nq,oops\nr,5\n"];
        let expected = ["0.txt", "0.txt", "1.txt", "2.txt", "2.txt"];
        assert_eq!(files_of_rows(folder.path(), &default_options(), &csv).unwrap(), expected);
        let json = ["{\"a\":1}\n{\"a\":2}\n", "{\"a\":3}\n", "{\"a\":\"x\"}\n{\"a\":4}\n"];
        let options = ReadOptions { format: SourceFormat::Ndjson, ..default_options() };
        assert_eq!(files_of_rows(folder.path(), &options, &json).unwrap(), expected);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parquet/types.parquet");
        let options = ReadOptions { source_column: Some("file".into()), ..sniff(&path, "types.parquet").unwrap() };
        let files = vec![("p".to_owned(), path.clone()), ("q".to_owned(), path)];
        let mut memory = Memory::default();
        stream(&SourceSpec { name: "all".into(), files }, &options, &Silent, &mut memory).unwrap();
        let cells = memory.builders.pop().unwrap().finish();
        assert_eq!((cells.text(2), cells.text(3), cells.len()), (Some("p".into()), Some("q".into()), 6));
    }

    #[test]
    fn a_name_that_is_taken_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = files_of_rows(folder.path(), &default_options(), &["file,b\n1,x\n"]).unwrap_err().to_string();
        assert_eq!(
            error,
            "all: a column of the file is called `file` already; choose another name for --source-column"
        );
    }
}
