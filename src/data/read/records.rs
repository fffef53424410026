//! Splitting delimited text into records, in batches.
//!
//! Why not the `csv` crate: it reads past a quote that never closes to the end of the file without a word, and accepts
//! text after a closing quote. Here both are errors that name their line. Otherwise the rules are RFC 4180's, with any
//! mix of LF, CRLF and CR as line ends. Lines that are blank are skipped and counted.

use std::path::Path;

use super::bytes::{Utf8Source, newlines};
use crate::data::error::{LoadError, clip};
use crate::domain::dataset::ReadOptions;

/// Most columns a table may have.
pub const MAX_COLUMNS: usize = 10_000;
/// Most bytes of UTF-8 one field may have.
pub const MAX_FIELD_BYTES: usize = 1 << 20;
const MAX_RECORD_BYTES: usize = 1 << 28;
/// A batch ends at this many rows …
pub const BATCH_ROWS: usize = 65_536;
/// … or cells (wide tables keep their batches and row groups small) …
const BATCH_CELLS: usize = 1 << 22;
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
    /// 0-based data row of the first record.
    pub first_row: u64,
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

/// Fields of the record being split; the text is still bytes.
#[derive(Default)]
struct Fields {
    text: Vec<u8>,
    ends: Vec<u32>,
    /// The record has a quoted field: it may span lines, and is not blank even if it is empty.
    quoted: bool,
}

enum Scan {
    /// A record ended; the next one starts at this position.
    Record(usize),
    /// The buffer ends inside a record.
    More,
    End,
}

/// Reads records from a file.
pub struct Records {
    source: Utf8Source,
    name: String,
    delimiter: u8,
    buffer: Vec<u8>,
    at: usize,
    more: bool,
    line: u64,
    row: u64,
    expected: Option<usize>,
    /// Lines without any character but spaces, skipped.
    pub blank_lines: u64,
}

impl Records {
    pub fn open(path: &Path, name: &str, options: &ReadOptions) -> Result<Self, LoadError> {
        let source = Utf8Source::open(path, name, options.encoding)?;
        Ok(Self {
            source,
            name: name.to_owned(),
            delimiter: u8::try_from(options.delimiter).unwrap_or(b','),
            buffer: Vec::new(),
            at: 0,
            more: true,
            line: 1,
            row: 0,
            expected: None,
            blank_lines: 0,
        })
    }

    /// Share of the file read so far.
    pub fn fraction(&self) -> f64 {
        self.source.bytes_read as f64 / self.source.bytes_total.max(1) as f64
    }

    /// The first record as the header; it fixes the number of fields. `None` when there is nothing.
    pub fn header(&mut self) -> Result<Option<Vec<String>>, LoadError> {
        let batch = self.batch(1)?;
        self.row = 0;
        Ok((batch.n_rows == 1).then(|| batch.record(0).map(str::to_owned).collect()))
    }

    /// The next records, at most `max_rows`; none at the end.
    pub fn batch(&mut self, max_rows: usize) -> Result<Batch, LoadError> {
        let mut fields = Fields::default();
        let (mut n_rows, mut max_rows) = (0, max_rows.min(BATCH_ROWS));
        while n_rows < max_rows && fields.text.len() < BATCH_BYTES && self.next(&mut fields)? {
            n_rows += 1;
            max_rows = max_rows.min((BATCH_CELLS / self.expected.unwrap_or(1)).max(1024));
        }
        // The source checked every byte, and fields are cut at ASCII characters only.
        let text = String::from_utf8(fields.text).map_err(|_| self.encoding_error())?;
        let batch =
            Batch { text, ends: fields.ends, n_columns: self.expected.unwrap_or(0), n_rows, first_row: self.row };
        self.row += n_rows as u64;
        Ok(batch)
    }

    fn encoding_error(&self) -> LoadError {
        LoadError::Encoding { file: self.name.clone(), line: self.line, encoding: "UTF-8" }
    }

    /// Appends the next record that is not blank. `false` at the end.
    fn next(&mut self, fields: &mut Fields) -> Result<bool, LoadError> {
        loop {
            let (text_before, ends_before) = (fields.text.len(), fields.ends.len());
            fields.quoted = false;
            match self.scan(fields)? {
                Scan::End => return Ok(false),
                Scan::More => {
                    fields.text.truncate(text_before);
                    fields.ends.truncate(ends_before);
                    self.refill(fields.text.len())?;
                }
                Scan::Record(next) => {
                    let found = fields.ends.len() - ends_before;
                    let line = self.line;
                    self.line += if fields.quoted { line_ends(&self.buffer[self.at..next]) } else { 1 };
                    self.at = next;
                    if found == 1 && !fields.quoted && fields.text[text_before..].trim_ascii().is_empty() {
                        fields.text.truncate(text_before);
                        fields.ends.truncate(ends_before);
                        self.blank_lines += 1;
                        continue;
                    }
                    self.check_count(found, line)?;
                    return Ok(true);
                }
            }
        }
    }

    fn check_count(&mut self, found: usize, line: u64) -> Result<(), LoadError> {
        match self.expected {
            None if found > MAX_COLUMNS => {
                Err(LoadError::TooManyColumns { file: self.name.clone(), found, limit: MAX_COLUMNS })
            }
            None => {
                self.expected = Some(found);
                Ok(())
            }
            Some(expected) if expected == found => Ok(()),
            Some(expected) => Err(LoadError::FieldCount { file: self.name.clone(), line, expected, found }),
        }
    }

    /// Reads more of the file: at least as much again as is waiting, so that long records are not rescanned often.
    fn refill(&mut self, batch_bytes: usize) -> Result<(), LoadError> {
        self.buffer.drain(..self.at);
        self.at = 0;
        let waiting = self.buffer.len();
        if waiting > MAX_RECORD_BYTES || batch_bytes > (u32::MAX / 2) as usize {
            return Err(self.too_long());
        }
        while self.more && self.buffer.len() < 2 * waiting + 1 {
            self.more = self.source.fill(&mut self.buffer)?;
        }
        Ok(())
    }

    fn too_long(&self) -> LoadError {
        LoadError::FieldTooLong { file: self.name.clone(), line: self.line, limit_bytes: MAX_FIELD_BYTES }
    }

    fn scan(&self, fields: &mut Fields) -> Result<Scan, LoadError> {
        let bytes = &self.buffer[..];
        let mut at = self.at;
        if at == bytes.len() {
            return Ok(if self.more { Scan::More } else { Scan::End });
        }
        let first_end = fields.ends.len();
        loop {
            let field_start = fields.text.len();
            let end = if bytes.get(at) == Some(&b'"') {
                fields.quoted = true;
                self.quoted(fields, at, first_end)?
            } else {
                let end = bytes[at..].iter().position(|&b| b == self.delimiter || b == b'\n' || b == b'\r');
                let end = end.map(|n| at + n).or((!self.more).then_some(bytes.len()));
                if let Some(end) = end {
                    fields.text.extend_from_slice(&bytes[at..end]);
                } else if bytes.len() - at > MAX_FIELD_BYTES {
                    return Err(self.too_long());
                }
                end
            };
            let Some(end) = end else { return Ok(Scan::More) };
            if fields.text.len() - field_start > MAX_FIELD_BYTES {
                return Err(self.too_long());
            }
            fields.ends.push(fields.text.len() as u32);
            match bytes.get(end) {
                None => return Ok(Scan::Record(end)),
                Some(b'\n') => return Ok(Scan::Record(end + 1)),
                Some(b'\r') => match bytes.get(end + 1) {
                    Some(b'\n') => return Ok(Scan::Record(end + 2)),
                    None if self.more => return Ok(Scan::More),
                    _ => return Ok(Scan::Record(end + 1)),
                },
                Some(_) => at = end + 1,
            }
            if at == bytes.len() && self.more {
                return Ok(Scan::More);
            }
        }
    }

    /// Copies the quoted field that opens at `open`. Returns the position after it (a delimiter, a line end or the end
    /// of the file), or `None` if the buffer ends first.
    fn quoted(&self, fields: &mut Fields, open: usize, first_end: usize) -> Result<Option<usize>, LoadError> {
        let bytes = &self.buffer[..];
        let mut at = open + 1;
        loop {
            let Some(length) = bytes[at..].iter().position(|&b| b == b'"') else {
                if bytes.len() - open > 2 * MAX_FIELD_BYTES {
                    return Err(self.too_long());
                }
                if self.more {
                    return Ok(None);
                }
                let line = self.line + line_ends(&bytes[self.at..open]);
                return Err(LoadError::UnclosedQuote { file: self.name.clone(), line });
            };
            fields.text.extend_from_slice(&bytes[at..at + length]);
            at += length + 1;
            match bytes.get(at) {
                Some(b'"') => {
                    fields.text.push(b'"');
                    at += 1;
                }
                None if self.more => return Ok(None),
                _ => break,
            }
        }
        let spaces = bytes[at..].iter().take_while(|&&b| b == b' ').count();
        let end = at + spaces;
        match bytes.get(end) {
            None if self.more => Ok(None),
            None | Some(b'\n' | b'\r') => Ok(Some(end)),
            Some(&b) if b == self.delimiter => Ok(Some(end)),
            Some(_) => Err(self.text_after_quote(at, fields.ends.len() - first_end + 1)),
        }
    }

    fn text_after_quote(&self, at: usize, field: usize) -> LoadError {
        let rest = &self.buffer[at..];
        let stop = rest.iter().position(|&b| b == self.delimiter || b == b'\n' || b == b'\r').unwrap_or(rest.len());
        LoadError::TextAfterQuote {
            file: self.name.clone(),
            line: self.line + line_ends(&self.buffer[self.at..at]),
            field,
            text: clip(&String::from_utf8_lossy(&rest[..stop.min(1000)])),
        }
    }
}

/// Line ends in `bytes`: LF, CRLF or a lone CR, whole or not at the edges.
fn line_ends(bytes: &[u8]) -> u64 {
    let lone = bytes.iter().enumerate().filter(|&(i, &b)| b == b'\r' && bytes.get(i + 1) != Some(&b'\n')).count();
    newlines(bytes) + lone as u64
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::data::read::default_options;

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
