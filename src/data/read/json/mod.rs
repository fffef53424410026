//! JSON and NDJSON, one record at a time.
//!
//! | file | rows |
//! |---|---|
//! | NDJSON | an object per line |
//! | `[{…}, …]`, or one member `{"records": [{…}, …]}` | the objects |
//! | `[[…], …]` | the arrays; a first one of only texts may be the header |
//!
//! Columns are the keys of all rows in the order in which they first appear. An object inside a row becomes the columns
//! `a.b`; what is deeper, and every array, becomes JSON text. Whole numbers stay exact.

mod document;

use std::collections::HashSet;
use std::path::Path;

use serde::de::IgnoredAny;

use super::bytes::newlines;
use super::gauge::Texts;
use super::rows::{Flow, RowFormat, Taker};
use super::values::Value;
use crate::data::error::{LoadError, clip};
use crate::domain::dataset::{ReadOptions, SourceFormat};
use crate::domain::preview::BadRow;
use document::{Document, depth, parts};

/// Whoever reads the JSON text later has limits of its own; Python's stand at some 1,000.
const MAX_DEPTH: usize = 128;
/// Text of a bad row that is kept, in characters.
const BAD_ROW_CHARS: usize = 10_000;

pub struct Json;

impl RowFormat for Json {
    fn texts(&self) -> Texts {
        Texts::AsTyped
    }

    fn read(&self, path: &Path, name: &str, options: &ReadOptions, taker: &mut dyn Taker) -> Result<(), LoadError> {
        let mut text = Document::open(path, name, options)?;
        let mut reading = Reading { taker, places: Vec::new(), cells: Vec::new(), header: None, rows: 0 };
        if options.format == SourceFormat::Ndjson {
            return lines(&mut text, &mut reading);
        }
        if text.enter_array()? {
            elements(&mut text, options, &mut reading)?;
        }
        Ok(())
    }
}

/// Is the file one document, rather than an object per line?
pub fn is_document(path: &Path, name: &str, options: &ReadOptions) -> Result<bool, LoadError> {
    let mut text = Document::open(path, name, options)?;
    if text.peek()? != Some(b'{') {
        return Ok(true);
    }
    let Some(line) = text.line()? else { return Ok(false) };
    let line = text.buffer[line].trim_ascii();
    if serde_json::from_slice::<IgnoredAny>(line).is_err() {
        return Ok(!line.ends_with(b"}"));
    }
    // A lone object: a row of its own, unless it wraps an array of records.
    if text.peek()?.is_some() {
        return Ok(false);
    }
    let mut text = Document::open(path, name, options)?;
    Ok(text.enter_array().unwrap_or(false) && matches!(text.peek()?, Some(b'{' | b'[')))
}

/// Does an array of arrays begin with one of names: only texts, and something else below? Objects name their cells.
pub fn has_header(path: &Path, name: &str, options: &ReadOptions) -> Result<bool, LoadError> {
    let mut text = Document::open(path, name, options)?;
    if options.format != SourceFormat::Json || !text.enter_array()? || text.peek()? != Some(b'[') {
        return Ok(true);
    }
    let first = text.value()?;
    let names = header_of(&text.buffer[first]);
    if names.is_empty() || text.peek()? != Some(b',') {
        return Ok(false);
    }
    text.at += 1;
    text.peek()?;
    let second = text.value()?;
    let distinct: HashSet<&String> = names.iter().collect();
    Ok(distinct.len() == names.len() && header_of(&text.buffer[second]).is_empty())
}

fn lines(text: &mut Document, reading: &mut Reading) -> Result<(), LoadError> {
    while let Some(line) = text.line()? {
        let (at, fraction) = (text.line, text.fraction());
        text.line += 1;
        let record = text.buffer[line].trim_ascii();
        if record.is_empty() {
            continue;
        }
        let flow = match reading.record(record) {
            Ok(flow) => flow?,
            Err(reason) => reading.taker.bad(bad(at, reason, record))?,
        };
        if flow == Flow::Enough || reading.row(fraction)? == Flow::Enough {
            return Ok(());
        }
    }
    Ok(())
}

fn bad(line: u64, reason: String, record: &[u8]) -> BadRow {
    let text = String::from_utf8_lossy(record).chars().take(BAD_ROW_CHARS).collect();
    BadRow { line, reason, text }
}

fn elements(text: &mut Document, options: &ReadOptions, reading: &mut Reading) -> Result<(), LoadError> {
    let mut first = true;
    loop {
        match text.peek()? {
            Some(b']') => return text.leave_array(),
            Some(b',') if !first => text.at += 1,
            None => return Err(text.broken("the file ends inside the array")),
            Some(_) if first => {}
            Some(_) => return Err(text.broken("found no comma between two records")),
        }
        first = false;
        text.peek()?;
        let (at, fraction) = (text.line, text.fraction());
        let element = text.value()?;
        let record = &text.buffer[element.clone()];
        text.line += newlines(record);
        let header = options.has_header && reading.rows == 0 && reading.header.is_none();
        if header && record.starts_with(b"[") {
            reading.header = Some(header_of(record));
            if reading.header.as_ref().is_some_and(|h| !h.is_empty()) {
                continue;
            }
        }
        let flow = match reading.record(record) {
            Ok(flow) => flow?,
            Err(reason) => reading.taker.bad(bad(at, reason, record))?,
        };
        if flow == Flow::Enough || reading.row(fraction)? == Flow::Enough {
            return Ok(());
        }
    }
}

/// The names in a first array of only texts; none if it holds anything else.
fn header_of(record: &[u8]) -> Vec<String> {
    serde_json::from_slice::<Vec<String>>(record).unwrap_or_default()
}

/// What is known while the records of a file go by.
struct Reading<'a> {
    taker: &'a mut dyn Taker,
    /// Where the columns of arrays lie.
    places: Vec<usize>,
    /// The row under way; `None` between rows.
    cells: Vec<Value>,
    /// Of arrays: looked for, and found if not empty.
    header: Option<Vec<String>>,
    rows: u64,
}

type Reason = String;

impl Reading<'_> {
    /// Hands on the row that `record` left, if it left one.
    fn row(&mut self, fraction: f64) -> Result<Flow, LoadError> {
        if self.cells.is_empty() {
            return Ok(Flow::More);
        }
        self.rows += 1;
        let flow = self.taker.row(&self.cells, fraction);
        self.cells.clear();
        flow
    }

    /// Reads a record into `cells`. The inner result is an end of everything, the outer one a bad row.
    fn record(&mut self, record: &[u8]) -> Result<Result<Flow, LoadError>, Reason> {
        self.cells.clear();
        std::str::from_utf8(record).map_err(|_| "found bytes that are no UTF-8".to_owned())?;
        serde_json::from_slice::<IgnoredAny>(record).map_err(|e| reason(&e))?;
        let fields = match record.first() {
            Some(b'{') => members(record),
            Some(b'[') => return self.array(record),
            _ => return Err("found no object; each record is an object with the column names as keys".to_owned()),
        };
        if fields.iter().any(|(_, value)| value.len() > MAX_DEPTH && depth(value) > MAX_DEPTH) {
            return Err(format!("found more than {MAX_DEPTH} arrays or objects inside each other"));
        }
        let mut seen = HashSet::with_capacity(fields.len());
        let mut done = Vec::with_capacity(fields.len());
        for (key, value) in &fields {
            if !seen.insert(key.as_str()) {
                return Err(format!("the key `{}` stands there twice", clip(key)));
            }
            if value.first() != Some(&b'{') {
                done.push((key.clone(), cell(value)));
                continue;
            }
            for (inner, value) in members(value) {
                done.push((format!("{key}.{inner}"), cell(value)));
            }
        }
        let mut all = HashSet::with_capacity(done.len());
        if let Some((key, _)) = done.iter().find(|(key, _)| !all.insert(key.as_str())) {
            return Err(format!("the key `{}` stands there twice", clip(key)));
        }
        let nested = fields.iter().any(|(_, value)| value.first() == Some(&b'{'));
        let deep = fields.iter().any(|(_, value)| value.first() == Some(&b'['))
            || done.iter().any(|(_, v)| matches!(v, Value::Text(t) if nested && t.starts_with('{')));
        if nested {
            self.taker.note("objects inside records became columns of their own, called `outer.inner`".to_owned());
        }
        if deep {
            self.taker.note("arrays and deeper objects are kept as JSON text".to_owned());
        }
        if done.is_empty() {
            // An empty object is a row without values, and must leave one.
            self.cells.push(Value::Empty);
        }
        for (key, value) in done {
            match self.taker.column(&key) {
                Ok(place) => put(&mut self.cells, place, value),
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(Flow::More))
    }

    fn array(&mut self, record: &[u8]) -> Result<Result<Flow, LoadError>, Reason> {
        let items = parts(record);
        let header = self.header.as_deref().unwrap_or_default();
        if !header.is_empty() && items.len() > header.len() {
            return Err(format!("found {} cells, expected {} as in the first record", items.len(), header.len()));
        }
        if items.is_empty() {
            return Err("found an empty record".to_owned());
        }
        while self.places.len() < items.len() {
            let i = self.places.len();
            let name = header.get(i).cloned().unwrap_or_else(|| format!("column_{}", i + 1));
            match self.taker.column(&name) {
                Ok(place) => self.places.push(place),
                Err(error) => return Ok(Err(error)),
            }
        }
        for (i, item) in items.into_iter().enumerate() {
            put(&mut self.cells, self.places[i], cell(item));
        }
        Ok(Ok(Flow::More))
    }
}

fn put(cells: &mut Vec<Value>, place: usize, value: Value) {
    if cells.len() <= place {
        cells.resize(place + 1, Value::Empty);
    }
    cells[place] = value;
}

/// What serde_json says, without its own line and column: ours are those of the file.
fn reason(error: &serde_json::Error) -> Reason {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// A value of a valid record.
fn cell(value: &[u8]) -> Value {
    let text = || String::from_utf8_lossy(value).into_owned();
    match value.first() {
        Some(b'"') => Value::Text(string(value)),
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'n') => Value::Missing("null"),
        Some(b'{' | b'[') => Value::Text(text()),
        _ if value.iter().all(|b| b.is_ascii_digit() || *b == b'-') => {
            let text = text();
            text.parse().map_or(Value::Big(text), Value::Int)
        }
        _ => text().parse().map_or(Value::Empty, Value::Float),
    }
}

fn string(value: &[u8]) -> String {
    if !value.contains(&b'\\') {
        return String::from_utf8_lossy(&value[1..value.len() - 1]).into_owned();
    }
    serde_json::from_slice(value).unwrap_or_default()
}

/// Keys and values of a valid object.
fn members(object: &[u8]) -> Vec<(String, &[u8])> {
    let parts = parts(object);
    parts.chunks_exact(2).map(|pair| (string(pair[0]), pair[1])).collect()
}

#[cfg(test)]
mod tests;
