//! Splitting a stretch of whole records into fields, without copying them.
//!
//! Why not the `csv` crate: it reads past a quote that never closes to the end of the file without a word, and accepts
//! text after a closing quote. Here both are flaws that name their line. Otherwise the rules are RFC 4180's, with any
//! mix of LF, CRLF and CR as line ends. A quote opens a field only as its first character. Lines that are blank are
//! skipped and counted, and so are comments.

use memchr::{memchr, memchr2};

use super::blocks::{Marks, Places, line_ends};
use crate::data::error::LoadError;
use crate::data::numbers::PADDING;
use crate::domain::dataset::ReadOptions;

/// Most bytes of UTF-8 one field may have.
pub const MAX_FIELD_BYTES: usize = 1 << 20;

/// The characters with a meaning, all ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    pub delimiter: u8,
    /// Zero: there is none.
    pub quote: u8,
    pub comment: Option<u8>,
}

impl Dialect {
    /// Errors: a character that is not ASCII, or two that are the same.
    pub fn of(options: &ReadOptions, file: &str) -> Result<Self, LoadError> {
        let ascii = |what: &str, c: char| {
            let fits = c.is_ascii() && c != '\n' && c != '\r';
            fits.then_some(c as u8).ok_or_else(|| LoadError::Options {
                file: file.to_owned(),
                what: format!("the {what} `{}` cannot be used", c.escape_default()),
                hint: "choose one ASCII character",
            })
        };
        let delimiter = ascii("delimiter", options.delimiter)?;
        let quote = ascii("quote", options.quote)?;
        let comment = options.comment.map(|c| ascii("comment mark", c)).transpose()?;
        if delimiter == 0 || delimiter == quote || comment == Some(delimiter) || comment == Some(quote) {
            let what = "delimiter, quote and comment mark must differ".to_owned();
            return Err(LoadError::Options { file: file.to_owned(), what, hint: "choose other characters" });
        }
        Ok(Self { delimiter, quote, comment })
    }
}

/// Where a field lies: in the text, or, if quotes in it had to be undoubled, in the side buffer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Field {
    pub start: u32,
    /// With [`ASIDE`] for the side buffer.
    pub len: u32,
}

/// Set in the length of a field that lies in the side buffer.
pub const ASIDE: u32 = 1 << 31;

impl Field {
    pub fn bytes<'a>(&self, text: &'a [u8], side: &'a [u8]) -> &'a [u8] {
        let (from, len) = if self.len & ASIDE == 0 { (text, self.len) } else { (side, self.len & !ASIDE) };
        &from[self.start as usize..self.start as usize + len as usize]
    }
}

/// What is wrong with a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    FieldCount { found: usize },
    TextAfterQuote { field: usize, text: String },
    FieldTooLong,
    UnclosedQuote,
}

/// A record that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    pub trouble: Trouble,
    /// Line ends before the place that is wrong.
    pub lines_before: u64,
    /// Line ends before the record.
    pub lines_before_record: u64,
    /// The record in the text.
    pub start: usize,
    pub end: usize,
}

/// A quoted field: itself, the position behind it, and the place of text that should not be there.
struct Quoted {
    field: Field,
    after: usize,
    wrong: Option<usize>,
}

/// Walks over the records of a text.
pub struct Splitter<'a> {
    /// With [`PADDING`] more bytes than the text.
    bytes: &'a [u8],
    end: usize,
    dialect: Dialect,
    marks: Marks,
    places: Places,
    at: usize,
    /// The 64 bytes from here on were looked at; `hits` are those with a meaning that are still ahead.
    block: usize,
    hits: u64,
    /// The last record had no quotes and a usual line end; the next one is hoped to be like it.
    is_even: bool,
    pub lines: u64,
    pub blank_lines: u64,
    pub comments: u64,
}

impl<'a> Splitter<'a> {
    /// `bytes` are the text and [`PADDING`] bytes more.
    pub fn new(bytes: &'a [u8], dialect: Dialect) -> Self {
        Self::at(bytes, dialect, 0)
    }

    /// Begins with the record at `at`.
    pub fn at(bytes: &'a [u8], dialect: Dialect, at: usize) -> Self {
        let end = bytes.len() - PADDING;
        let marks = Marks::new(dialect);
        let places = Places::new(marks);
        let (block, hits, is_even) = (0, 0, true);
        let mut new = Self {
            bytes,
            end,
            dialect,
            marks,
            places,
            at,
            block,
            hits,
            is_even,
            lines: 0,
            blank_lines: 0,
            comments: 0,
        };
        new.look();
        new.skip_to(at);
        new
    }

    /// Position of the next record.
    pub fn position(&self) -> usize {
        self.at
    }

    #[inline]
    fn look(&mut self) {
        self.hits = self.marks.of(self.bytes, self.block, self.end);
    }

    /// The next byte with a meaning.
    #[inline]
    fn hit(&mut self) -> Option<usize> {
        while self.hits == 0 {
            if self.block + 64 >= self.end {
                return None;
            }
            self.block += 64;
            self.look();
        }
        let at = self.block + self.hits.trailing_zeros() as usize;
        self.hits &= self.hits - 1;
        Some(at)
    }

    /// Goes on looking at `at`.
    #[inline]
    fn skip_to(&mut self, at: usize) {
        if at >= self.block + 64 {
            self.block = at.min(self.end) & !63;
            self.look();
        }
        let skipped = at - self.block;
        self.hits = if skipped >= 64 { 0 } else { self.hits & (u64::MAX << skipped) };
    }

    /// Appends the fields of the next records, at most `max_rows`, each with `expected` fields. Returns their number, 0
    /// at the end. After a flaw, the flawed record's fields are gone and the next call goes on behind it; records
    /// before it are in `fields`, and `n_rows` was set.
    pub fn records(
        &mut self,
        fields: &mut Vec<Field>,
        side: &mut Vec<u8>,
        expected: Option<usize>,
        max_rows: usize,
        n_rows: &mut usize,
    ) -> Result<(), Flaw> {
        while *n_rows < max_rows && self.at < self.end {
            if self.dialect.comment == Some(self.bytes[self.at]) {
                self.skip_line();
                self.comments += 1;
                continue;
            }
            if self.is_even
                && let Some(n_fields) = expected
            {
                *n_rows += self.even_records(fields, n_fields, max_rows - *n_rows);
                self.is_even = *n_rows == max_rows;
                continue;
            }
            *n_rows += usize::from(self.record(fields, side, expected)?);
        }
        Ok(())
    }

    /// Appends the next records as long as they have no quotes, end in LF or CRLF, and nothing is wrong with them; the
    /// rest is left to [`Self::record`]. Returns their number.
    fn even_records(&mut self, fields: &mut Vec<Field>, n_fields: usize, max_rows: usize) -> usize {
        let Dialect { delimiter, comment, .. } = self.dialect;
        let bytes = self.bytes;
        let places = self.places.find(bytes, self.at..self.end, max_rows, n_fields);
        let before = fields.len();
        fields.resize(before + places.len() / n_fields * n_fields, Field::default());
        let (mut start, mut n_rows) = (self.at as u32, 0);
        for (record, places) in fields[before..].chunks_exact_mut(n_fields).zip(places.chunks_exact(n_fields)) {
            let Some((&end, inner)) = places.split_last() else { break };
            let (record_start, mut wrong) = (start, 0);
            for (field, &place) in record.iter_mut().zip(inner) {
                *field = Field { start, len: place.wrapping_sub(start) };
                wrong |= bytes[place as usize] ^ delimiter;
                start = place.wrapping_add(1);
            }
            let cr = u32::from(end > start && bytes[end as usize - 1] == b'\r');
            record[n_fields - 1] = Field { start, len: (end - start) - cr };
            wrong |= bytes[end as usize] ^ b'\n';
            start = end + 1;
            let first = bytes[record_start as usize];
            let may_be_blank = n_fields == 1 && (record[0].len == 0 || first.is_ascii_whitespace());
            let is_long = start - record_start > MAX_FIELD_BYTES as u32;
            if wrong != 0 || may_be_blank || is_long || comment == Some(first) {
                start = record_start;
                break;
            }
            n_rows += 1;
        }
        fields.truncate(before + n_rows * n_fields);
        self.lines += n_rows as u64;
        self.at = start as usize;
        self.block = self.at.min(self.end) & !63;
        self.look();
        self.skip_to(self.at);
        n_rows
    }

    fn skip_line(&mut self) {
        let rest = &self.bytes[self.at..self.end];
        let mut next = memchr2(b'\n', b'\r', rest).map_or(self.end, |n| self.at + n + 1);
        if self.bytes[next - 1] == b'\r' && next < self.end && self.bytes[next] == b'\n' {
            next += 1;
        }
        self.lines += 1;
        self.at = next;
        self.skip_to(next);
    }

    /// `false` for a blank line.
    #[inline]
    fn record(&mut self, fields: &mut Vec<Field>, side: &mut Vec<u8>, expected: Option<usize>) -> Result<bool, Flaw> {
        let (record_start, lines_before, fields_before) = (self.at, self.lines, fields.len());
        let mut wrong = None;
        let mut was_quoted = false;
        let mut start = record_start;
        let next = loop {
            let mut at = self.hit().unwrap_or(self.end);
            let mut byte = self.bytes[at];
            if byte == self.dialect.quote && at == start && at < self.end {
                was_quoted = true;
                let Some(quoted) = self.quoted(side, start) else {
                    let lines = lines_before + line_ends(&self.bytes[record_start..start]);
                    return Err(self.unclosed(record_start, lines_before, lines, fields, fields_before));
                };
                if wrong.is_none() {
                    wrong = quoted.wrong.map(|place| (place, fields.len() - fields_before + 1));
                }
                if quoted.wrong.is_some() {
                    // The rest of the field is taken as unquoted text.
                    self.skip_to(quoted.after);
                    loop {
                        at = self.hit().unwrap_or(self.end);
                        byte = self.bytes[at];
                        if at == self.end || byte == self.dialect.delimiter || byte == b'\n' || byte == b'\r' {
                            break;
                        }
                    }
                } else {
                    at = quoted.after;
                    byte = self.bytes[at];
                    self.skip_to(at + 1);
                }
                fields.push(quoted.field);
            } else if byte == self.dialect.delimiter || byte == b'\n' || byte == b'\r' || at == self.end {
                fields.push(Field { start: start as u32, len: (at - start) as u32 });
            } else {
                continue;
            }
            if at == self.end {
                break at;
            }
            start = at + 1;
            if byte == b'\n' {
                break start;
            }
            if byte == b'\r' {
                if start < self.end && self.bytes[start] == b'\n' {
                    start += 1;
                    self.skip_to(start);
                }
                break start;
            }
        };
        self.at = next;
        self.is_even = !was_quoted && self.bytes[next - 1] == b'\n';
        self.lines += if was_quoted { line_ends(&self.bytes[record_start..next]) } else { 1 };
        let found = fields.len() - fields_before;
        if found == 1 && !was_quoted && self.bytes[record_start..next].trim_ascii().is_empty() {
            fields.truncate(fields_before);
            self.blank_lines += 1;
            return Ok(false);
        }
        let too_long = next - record_start > MAX_FIELD_BYTES
            && fields[fields_before..].iter().any(|f| f.len & !ASIDE > MAX_FIELD_BYTES as u32);
        if wrong.is_none() && !too_long && expected.is_none_or(|e| e == found) {
            return Ok(true);
        }
        fields.truncate(fields_before);
        let mut flaw = Flaw {
            trouble: Trouble::FieldCount { found },
            lines_before,
            lines_before_record: lines_before,
            start: record_start,
            end: next,
        };
        if let Some((place, field)) = wrong {
            flaw.lines_before += line_ends(&self.bytes[record_start..place]);
            flaw.trouble = Trouble::TextAfterQuote { field, text: self.rest_of_field(place) };
        } else if too_long {
            flaw.trouble = Trouble::FieldTooLong;
        }
        Err(flaw)
    }

    fn unclosed(
        &mut self,
        start: usize,
        lines_before_record: u64,
        lines_before: u64,
        fields: &mut Vec<Field>,
        fields_before: usize,
    ) -> Flaw {
        fields.truncate(fields_before);
        self.at = self.end;
        self.hits = 0;
        self.lines += line_ends(&self.bytes[start..self.end]);
        Flaw { trouble: Trouble::UnclosedQuote, lines_before, lines_before_record, start, end: self.end }
    }

    fn rest_of_field(&self, at: usize) -> String {
        let rest = &self.bytes[at..self.end];
        let stop = rest.iter().position(|&b| b == self.dialect.delimiter || b == b'\n' || b == b'\r');
        String::from_utf8_lossy(&rest[..stop.unwrap_or(rest.len()).min(1000)]).into_owned()
    }

    /// The quoted field that opens at `open`; `None` if it never closes.
    fn quoted(&self, side: &mut Vec<u8>, open: usize) -> Option<Quoted> {
        let quote = self.dialect.quote;
        let mut at = open + 1;
        let mut aside = None;
        loop {
            let length = memchr(quote, &self.bytes[at..self.end])?;
            let doubled = self.bytes[at + length + 1] == quote && at + length + 1 < self.end;
            if doubled || aside.is_some() {
                aside.get_or_insert(side.len());
                side.extend_from_slice(&self.bytes[at..at + length + usize::from(doubled)]);
            }
            at += length + 1;
            if !doubled {
                break;
            }
            at += 1;
        }
        let field = match aside {
            None => Field { start: open as u32 + 1, len: (at - open - 2) as u32 },
            Some(start) => Field { start: start as u32, len: (side.len() - start) as u32 | ASIDE },
        };
        let spaces = self.bytes[at..self.end].iter().take_while(|&&b| b == b' ').count();
        let after = at + spaces;
        let byte = self.bytes[after];
        let right = after == self.end || byte == self.dialect.delimiter || byte == b'\n' || byte == b'\r';
        Some(Quoted { field, after: if right { after } else { at }, wrong: (!right).then_some(at) })
    }
}
