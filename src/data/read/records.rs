//! The records of a delimited file as they stand in it, batch by batch: headers, and files whose cells must leave as
//! they came. Typed tables are read by `parse`.

use std::path::Path;

use super::bytes::{Utf8Source, check_text};
use super::chunks::{Chunk, Chunker, Unclosed};
use super::parse::refusal;
use super::tokens::{Dialect, Splitter};
use crate::data::error::LoadError;
use crate::data::numbers::PADDING;
use crate::domain::dataset::ReadOptions;

/// Most columns a table may have.
pub const MAX_COLUMNS: usize = 10_000;
/// A batch ends at this many rows …
pub const BATCH_ROWS: usize = 65_536;
/// … or cells (wide tables keep their batches and row groups small) …
pub const BATCH_CELLS: usize = 1 << 22;
/// … or bytes of text.
const BATCH_BYTES: usize = 1 << 26;

/// Consecutive records with the same number of fields, unquoted.
#[derive(Debug, Default)]
pub struct Batch {
    text: String,
    /// Where each field ends in `text`, record after record.
    ends: Vec<u32>,
    pub n_columns: usize,
    pub n_rows: usize,
}

impl Batch {
    pub fn cell(&self, row: usize, column: usize) -> &str {
        let at = row * self.n_columns + column;
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.text[start..self.ends[at] as usize]
    }

    /// The cells of one column, top to bottom.
    pub fn column(&self, column: usize) -> impl Iterator<Item = &str> {
        (0..self.n_rows).map(move |row| self.cell(row, column))
    }

    pub fn record(&self, row: usize) -> impl Iterator<Item = &str> {
        (0..self.n_columns).map(move |column| self.cell(row, column))
    }
}

/// Reads records from a file.
pub struct Records {
    chunker: Chunker,
    name: String,
    dialect: Dialect,
    skip_lines: u64,
    /// With the position of the next record in it.
    chunk: Option<(Chunk, usize)>,
    lines: u64,
    expected: Option<usize>,
    bytes_total: u64,
    /// Lines without any character but spaces, skipped.
    pub blank_lines: u64,
    pub comments: u64,
}

impl Records {
    pub fn open(path: &Path, name: &str, options: &ReadOptions) -> Result<Self, LoadError> {
        let source = Utf8Source::open(path, name, options.encoding)?;
        let dialect = Dialect::of(options, name)?;
        let bytes_total = source.bytes_total;
        Ok(Self {
            chunker: Chunker::new(source, name, dialect, Unclosed::Keep),
            name: name.to_owned(),
            dialect,
            skip_lines: options.skip_lines,
            chunk: None,
            lines: 0,
            expected: None,
            bytes_total,
            blank_lines: 0,
            comments: 0,
        })
    }

    /// Share of the file read so far.
    pub fn fraction(&self) -> f64 {
        self.chunker.bytes_read() as f64 / self.bytes_total.max(1) as f64
    }

    /// The first record as the header; it fixes the number of fields. `None` when there is nothing.
    pub fn header(&mut self) -> Result<Option<Vec<String>>, LoadError> {
        let batch = self.batch(1)?;
        Ok((batch.n_rows == 1).then(|| batch.record(0).map(str::to_owned).collect()))
    }

    /// What is behind the records taken so far, and the lines before it.
    pub fn into_rest(mut self) -> (Chunker, u64) {
        if let Some((chunk, at)) = self.chunk {
            self.chunker.put_back(&chunk, at);
        }
        (self.chunker, self.lines)
    }

    /// The next records, at most `max_rows`; none at the end.
    pub fn batch(&mut self, max_rows: usize) -> Result<Batch, LoadError> {
        let mut batch = Batch::default();
        let (mut fields, mut side) = (Vec::new(), Vec::new());
        let mut max_rows = max_rows.min(BATCH_ROWS);
        while batch.n_rows < max_rows && batch.text.len() < BATCH_BYTES {
            let Some((chunk, at)) = self.chunk()? else { break };
            let mut splitter = Splitter::at(&chunk.bytes, self.dialect, at);
            let mut n_rows = 0;
            // A header is one record; after it, records come by the hundred.
            let step = if self.expected.is_some() { (max_rows - batch.n_rows).min(256) } else { 1 };
            fields.clear();
            side.clear();
            let result = splitter.records(&mut fields, &mut side, self.expected, step, &mut n_rows);
            if let Err(flaw) = result {
                let expected = self.expected.unwrap_or(0);
                return Err(refusal(flaw, expected, &self.name, chunk.at_end).moved_down(self.lines));
            }
            if let Some(found) = fields.len().checked_div(n_rows) {
                if found > MAX_COLUMNS {
                    return Err(LoadError::TooManyColumns { file: self.name.clone(), found, limit: MAX_COLUMNS });
                }
                self.expected = Some(found);
                max_rows = max_rows.min((BATCH_CELLS / found).max(1024));
            }
            for field in &fields {
                // The chunk was checked, and is cut at ASCII characters only.
                batch.text.push_str(std::str::from_utf8(field.bytes(&chunk.bytes, &side)).unwrap_or_default());
                batch.ends.push(batch.text.len() as u32);
            }
            batch.n_rows += n_rows;
            self.blank_lines += splitter.blank_lines;
            self.comments += splitter.comments;
            self.lines += splitter.lines;
            let at = splitter.position();
            self.chunk = Some((chunk, at));
        }
        batch.n_columns = self.expected.unwrap_or(0);
        Ok(batch)
    }

    fn chunk(&mut self) -> Result<Option<(Chunk, usize)>, LoadError> {
        self.lines += self.chunker.skip_lines(std::mem::take(&mut self.skip_lines))?;
        if let Some((chunk, at)) = self.chunk.take_if(|(chunk, at)| *at + PADDING < chunk.bytes.len()) {
            return Ok(Some((chunk, at)));
        }
        let Some(chunk) = self.chunker.next(Vec::new())? else { return Ok(None) };
        let text = &chunk.bytes[..chunk.bytes.len() - PADDING];
        check_text(text, chunk.is_checked).map_err(|wrong| wrong.error(&self.name, self.lines))?;
        Ok(Some((chunk, 0)))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::data::read::default_options;
    use crate::data::read::tokens::MAX_FIELD_BYTES;

    fn records(bytes: &[u8]) -> Result<(Vec<Vec<String>>, u64), LoadError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let mut records = Records::open(file.path(), "t.csv", &default_options())?;
        let mut all = Vec::new();
        loop {
            let batch = records.batch(2)?;
            if batch.n_rows == 0 {
                return Ok((all, records.blank_lines));
            }
            all.extend((0..batch.n_rows).map(|row| batch.record(row).map(str::to_owned).collect()));
        }
    }

    fn check(text: &str, expected: &[&[&str]]) {
        assert_eq!(records(text.as_bytes()).unwrap().0, expected, "{text:?}");
    }

    #[test]
    fn fields_are_split_and_unquoted() {
        check("a,b\n1,2\n", &[&["a", "b"], &["1", "2"]]);
        check("a,b\n1,\n,2", &[&["a", "b"], &["1", ""], &["", "2"]]);
        check("\"x, \"\"y\"\"\",\"two\nlines\"\n1,a\"b\n", &[&["x, \"y\"", "two\nlines"], &["1", "a\"b"]]);
        check("\"a\" ,b\n", &[&["a", "b"]]);
        check("", &[]);
    }

    #[test]
    fn any_mix_of_line_ends_is_read() {
        check("a,b\r1,2\r3,4", &[&["a", "b"], &["1", "2"], &["3", "4"]]);
        check("a\r\n1\n2\r3\r\n", &[&["a"], &["1"], &["2"], &["3"]]);
    }

    #[test]
    fn blank_lines_are_skipped_and_counted_but_quoted_empty_cells_stay() {
        let (all, blank) = records(b"\n  \na\n1\n\n\"\"\n2\n\n").unwrap();
        assert_eq!(all, [["a"], ["1"], [""], ["2"]]);
        assert_eq!(blank, 4);
    }

    #[test]
    fn ragged_records_name_their_line_and_counts() {
        let error = records(b"a,b\n\"x\ny\",2\n1,2,3\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "t.csv, line 4: found 3 fields, expected 2 as in the first line; quote texts that contain the delimiter, \
             or correct the delimiter"
        );
        assert!(matches!(records(b"a,b\n1\n"), Err(LoadError::FieldCount { line: 2, expected: 2, found: 1, .. })));
    }

    #[test]
    fn quotes_that_go_wrong_name_where_they_opened() {
        let mut text = b"a,b\n1,2\n3,\"oops\n".to_vec();
        text.extend_from_slice(&b"4,5\n".repeat(50_000));
        assert!(matches!(records(&text), Err(LoadError::UnclosedQuote { line: 3, .. })));
        let error = records(b"a,b\n1,\"x\"y\n").unwrap_err();
        assert!(matches!(&error, LoadError::TextAfterQuote { line: 2, field: 2, text, .. } if text == "y"), "{error}");
        assert!(matches!(records(b"\""), Err(LoadError::UnclosedQuote { line: 1, .. })));
    }

    #[test]
    fn fields_and_columns_have_limits() {
        let long = "x".repeat(MAX_FIELD_BYTES);
        check(&format!("{long},1"), &[&[&long, "1"]]);
        assert!(matches!(records(format!("a\n{long}x\n").as_bytes()), Err(LoadError::FieldTooLong { line: 2, .. })));
        assert!(matches!(records(format!("\"{long}x\"").as_bytes()), Err(LoadError::FieldTooLong { line: 1, .. })));
        let wide = ",".repeat(100_000);
        assert!(matches!(records(wide.as_bytes()), Err(LoadError::TooManyColumns { found: 100_001, .. })));
    }

    #[test]
    fn records_longer_than_one_read_are_whole() {
        let long = "y".repeat(900_000);
        let row = format!("{long},{long}\n");
        check(&row.repeat(3), &[&[&long, &long], &[&long, &long], &[&long, &long]]);
    }
}
