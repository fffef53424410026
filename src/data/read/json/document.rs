//! The text of a JSON file, a window of it at a time, and where its values begin and end.

use std::ops::Range;
use std::path::Path;

use super::super::bytes::{Utf8Source, newlines};
use crate::data::error::LoadError;
use crate::domain::dataset::ReadOptions;

/// Longest record.
const MAX_RECORD_BYTES: usize = 64 << 20;
/// Read text is dropped in pieces of at least this size.
const DROP_BYTES: usize = 1 << 20;
const FILL_BYTES: usize = 256 * 1024;

/// The values right inside a valid object or array, keys among them.
pub fn parts(valid: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut at = 1;
    while at < valid.len() {
        match valid[at] {
            b'}' | b']' | b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' => at += 1,
            _ => {
                let end = Scan::default().end(&valid[at..]).map_or(valid.len(), |n| at + n);
                parts.push(&valid[at..end]);
                at = end;
            }
        }
    }
    parts
}

/// Finds where a value ends, over any number of pieces.
#[derive(Default)]
struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
    looked: usize,
    /// Most open at once.
    deepest: usize,
}

/// How deep a valid value is nested; 0 for a number or a text.
pub fn depth(valid: &[u8]) -> usize {
    let mut scan = Scan::default();
    scan.end(valid);
    scan.deepest
}

impl Scan {
    /// Bytes of the value that starts `bytes`; `None` when more is needed. Called again with the same bytes and more.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        while let Some(&b) = bytes.get(self.looked) {
            let at = self.looked;
            self.looked += 1;
            if self.in_string {
                match b {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.in_string = false;
                        if self.depth == 0 {
                            return Some(at + 1);
                        }
                    }
                    _ => {}
                }
                continue;
            }
            match b {
                b'"' => self.in_string = true,
                b'{' | b'[' => {
                    self.depth += 1;
                    self.deepest = self.deepest.max(self.depth);
                }
                b'}' | b']' if self.depth <= 1 => return Some(if self.depth == 1 { at + 1 } else { at }),
                b'}' | b']' => self.depth -= 1,
                b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' if self.depth == 0 => return Some(at),
                _ => {}
            }
        }
        None
    }
}

/// The text of a file, a window of it at a time.
pub struct Document<'a> {
    name: &'a str,
    source: Utf8Source,
    pub buffer: Vec<u8>,
    /// Where reading stands in the buffer.
    pub at: usize,
    /// 1-based, of what comes next.
    pub line: u64,
}

impl<'a> Document<'a> {
    pub fn open(path: &Path, name: &'a str, options: &ReadOptions) -> Result<Self, LoadError> {
        let source = Utf8Source::open(path, name, options.encoding)?;
        Ok(Self { name, source, buffer: Vec::new(), at: 0, line: 1 })
    }

    pub fn fraction(&self) -> f64 {
        self.source.bytes_read() as f64 / self.source.bytes_total.max(1) as f64
    }

    fn fill(&mut self) -> Result<bool, LoadError> {
        if self.at > DROP_BYTES {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        let before = self.buffer.len();
        while self.source.fill(&mut self.buffer, FILL_BYTES)? {
            if self.buffer.len() > before {
                return Ok(true);
            }
        }
        Ok(self.buffer.len() > before)
    }

    /// The next byte that is no space, without taking it.
    pub fn peek(&mut self) -> Result<Option<u8>, LoadError> {
        loop {
            while let Some(&b) = self.buffer.get(self.at) {
                match b {
                    b'\n' => self.line += 1,
                    b' ' | b'\t' | b'\r' => {}
                    other => return Ok(Some(other)),
                }
                self.at += 1;
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Takes the value that comes next.
    pub fn value(&mut self) -> Result<Range<usize>, LoadError> {
        let mut scan = Scan::default();
        loop {
            if let Some(length) = scan.end(&self.buffer[self.at..]) {
                let start = self.at;
                self.at += length;
                return Ok(start..self.at);
            }
            self.check_length()?;
            if !self.fill()? {
                return Err(self.broken("a record opens here and never closes"));
            }
        }
    }

    /// Takes the next line, without its end.
    pub fn line(&mut self) -> Result<Option<Range<usize>>, LoadError> {
        let mut looked = 0;
        loop {
            if let Some(length) = memchr::memchr(b'\n', &self.buffer[self.at + looked..]) {
                let start = self.at;
                self.at += looked + length + 1;
                return Ok(Some(start..self.at - 1));
            }
            looked = self.buffer.len() - self.at;
            self.check_length()?;
            if !self.fill()? {
                let start = self.at;
                self.at = self.buffer.len();
                return Ok((start < self.at).then_some(start..self.at));
            }
        }
    }

    fn check_length(&self) -> Result<(), LoadError> {
        if self.buffer.len() - self.at <= MAX_RECORD_BYTES {
            return Ok(());
        }
        Err(LoadError::FieldTooLong { file: self.name.to_owned(), line: self.line, limit_bytes: MAX_RECORD_BYTES })
    }

    /// Goes to the first record; `false` if there is no array.
    pub fn enter_array(&mut self) -> Result<bool, LoadError> {
        match self.peek()? {
            Some(b'[') => {
                self.at += 1;
                return Ok(true);
            }
            Some(b'{') => self.at += 1,
            _ => return Err(self.broken("found neither an array nor an object")),
        }
        loop {
            match self.peek()? {
                Some(b'"') => self.value()?,
                Some(b',' | b':') => {
                    self.at += 1;
                    continue;
                }
                Some(b'[') => {
                    self.at += 1;
                    return Ok(true);
                }
                Some(b'}') => return Err(self.no_array()),
                None => return Err(self.broken("the file ends inside an object")),
                Some(_) => {
                    let start = self.at;
                    let value = self.value()?;
                    if value.is_empty() {
                        self.at = start;
                        return Err(self.broken("found no value"));
                    }
                    self.line += newlines(&self.buffer[value.clone()]);
                    value
                }
            };
        }
    }

    pub fn leave_array(&mut self) -> Result<(), LoadError> {
        self.at += 1;
        loop {
            match self.peek()? {
                None => return Ok(()),
                Some(b'[') => return Err(self.no_array()),
                Some(b'}' | b',' | b':') => self.at += 1,
                Some(_) => {
                    let start = self.at;
                    if self.value()?.is_empty() {
                        self.at = start + 1;
                    }
                }
            }
        }
    }

    fn no_array(&self) -> LoadError {
        let what = "found an object that does not hold exactly one array of records".to_owned();
        let hint = "save it as an array of objects (pandas: orient=\"records\") or as NDJSON";
        LoadError::Line { file: self.name.to_owned(), line: self.line, what, hint }
    }

    pub fn broken(&self, what: &str) -> LoadError {
        let hint = "the file is damaged or no JSON, export or copy it again";
        LoadError::Line { file: self.name.to_owned(), line: self.line, what: what.to_owned(), hint }
    }
}
