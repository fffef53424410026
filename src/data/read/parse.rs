//! A chunk of records into typed columns, every cell judged on the way.
//!
//! Columns are read as their types are believed to be. A number that a fast path reads is proof enough; whatever it
//! does not read goes to [`Observed::add`], which knows all rules. Distinct texts are judged once per chunk.

use super::NullTokens;
use super::bytes::{check_text, newlines};
use super::chunks::Chunk;
use super::coder::Coder;
use super::tokens::{ASIDE, Dialect, Field, Flaw, MAX_FIELD_BYTES, Splitter, Trouble};
use crate::data::dates::{self, DateFormat};
use crate::data::error::{LoadError, clip};
use crate::data::infer::{self, Observed, Rules, Typed};
use crate::data::numbers::{self, Marks, PADDING};
use crate::data::table::{Cells, Dictionary, MISSING_CODE};
use crate::data::verdict::Decided;
use crate::domain::dataset::BadRows;
use crate::domain::preview::BadRow;
use crate::domain::schema::Storage;
use crate::domain::words::thousands;

/// Fields of a stretch of rows that all columns go through before the next, so that it is still in the cache.
const TILE_FIELDS: usize = 8192;
/// Most characters kept of a row that was set aside.
const BAD_ROW_CHARS: usize = 10_000;

/// How the records of a source are read.
pub struct Plan {
    pub dialect: Dialect,
    pub marks: Marks,
    pub nulls: NullTokens,
    pub bad_rows: BadRows,
    /// What each column is believed to be.
    pub columns: Vec<Typed>,
    pub decided: Vec<Decided>,
}

impl Plan {
    pub fn rules(&self, column: usize) -> Rules<'_> {
        Rules { nulls: &self.nulls, marks: self.marks, format: self.decided[column].format.as_ref() }
    }
}

/// What became of a chunk.
#[derive(Default)]
pub struct Parsed {
    pub cells: Vec<Cells>,
    pub observed: Vec<Observed>,
    pub rows: u64,
    pub lines: u64,
    pub blank_lines: u64,
    pub comments: u64,
    /// Lines counted from the start of the chunk.
    pub bad_rows: Vec<BadRow>,
    /// Why reading ends here; its line is counted from the start of the chunk.
    pub error: Option<LoadError>,
    /// For the next chunk.
    pub buffer: Vec<u8>,
}

/// The rows that all columns are read from at once.
struct Tile<'a> {
    fields: &'a [Field],
    /// Where each column stands in the records of this file.
    order: &'a [usize],
    n_rows: usize,
    /// 0-based, within the chunk.
    first_row: usize,
    /// Both with padding.
    text: &'a [u8],
    side: &'a [u8],
}

impl Tile<'_> {
    #[inline]
    fn column(&self, column: usize) -> impl ExactSizeIterator<Item = Field> {
        let place = self.order[column];
        self.fields.chunks_exact(self.order.len()).map(move |record| record[place])
    }

    fn str(&self, field: Field) -> &str {
        // The chunk is UTF-8 and is cut at ASCII characters only.
        std::str::from_utf8(field.bytes(self.text, self.side)).unwrap_or_default()
    }
}

/// Reads `chunk`. `file` is for messages; `order` says where each column stands in a record.
pub fn parse(chunk: Chunk, plan: &Plan, file: &str, order: &[usize]) -> Parsed {
    let mut parsed = Parsed::default();
    let text = &chunk.bytes[..];
    if let Err(wrong) = check_text(&text[..text.len() - PADDING], chunk.is_checked) {
        parsed.error = Some(wrong.error(file, 0));
        return parsed;
    }
    // At least as many as there are rows (but for CR line ends), so that no column grows; a field takes a byte or more.
    let estimate = (newlines(text) as usize).min(text.len() / order.len()) + 1;
    let mut columns: Vec<Column> = (0..order.len()).map(|c| Column::new(&plan.columns[c], estimate)).collect();
    let mut splitter = Splitter::new(text, plan.dialect);
    let tile_rows = (TILE_FIELDS / order.len()).max(8);
    let (mut fields, mut side) = (Vec::with_capacity(TILE_FIELDS), Vec::new());
    loop {
        fields.clear();
        let mut n_rows = 0;
        let mut flaw = None;
        while n_rows < tile_rows && flaw.is_none() {
            let before = splitter.position();
            let result = splitter.records(&mut fields, &mut side, Some(order.len()), tile_rows, &mut n_rows);
            if let Err(found) = result {
                if plan.bad_rows == BadRows::Refuse {
                    flaw = Some(found);
                } else {
                    parsed.bad_rows.push(set_aside(found, order.len(), text));
                }
            }
            if splitter.position() == before {
                break;
            }
        }
        if let Some(flaw) = flaw {
            parsed.error = Some(refusal(flaw, order.len(), file, chunk.at_end));
            break;
        }
        if n_rows == 0 {
            break;
        }
        let side_len = side.len();
        side.resize(side_len + PADDING, 0);
        let first_row = parsed.rows as usize;
        let tile = Tile { fields: &fields, order, n_rows, first_row, text, side: &side };
        columns.iter_mut().enumerate().for_each(|(c, column)| column.read(&tile, c, plan));
        side.truncate(side_len);
        parsed.rows += n_rows as u64;
    }
    side.resize(side.len() + PADDING, 0);
    (parsed.lines, parsed.blank_lines, parsed.comments) = (splitter.lines, splitter.blank_lines, splitter.comments);
    for (c, column) in columns.into_iter().enumerate() {
        let (cells, observed) = column.finish(&plan.rules(c), text, &side);
        parsed.cells.push(cells);
        parsed.observed.push(observed);
    }
    parsed.buffer = chunk.bytes;
    parsed
}

pub fn refusal(flaw: Flaw, expected: usize, file: &str, at_end: bool) -> LoadError {
    let file = file.to_owned();
    let line = flaw.lines_before + 1;
    match flaw.trouble {
        Trouble::FieldCount { found } => LoadError::FieldCount { file, line, expected, found },
        Trouble::TextAfterQuote { field, text } => LoadError::TextAfterQuote { file, line, field, text: clip(&text) },
        Trouble::UnclosedQuote if at_end => LoadError::UnclosedQuote { file, line },
        Trouble::UnclosedQuote | Trouble::FieldTooLong => {
            LoadError::FieldTooLong { file, line, limit_bytes: MAX_FIELD_BYTES }
        }
    }
}

fn set_aside(flaw: Flaw, expected: usize, text: &[u8]) -> BadRow {
    let reason = match flaw.trouble {
        Trouble::FieldCount { found } => {
            let fields = if found == 1 { "field" } else { "fields" };
            format!("{found} {fields}, expected {expected}")
        }
        Trouble::TextAfterQuote { field, text } => {
            format!("field {field} has `{}` after its closing quote", clip(&text))
        }
        Trouble::UnclosedQuote => "a quote opens and never closes".to_owned(),
        Trouble::FieldTooLong => format!("a field is longer than {} bytes", thousands(MAX_FIELD_BYTES as u64)),
    };
    let record = &text[flaw.start..flaw.end.min(flaw.start + 4 * BAD_ROW_CHARS)];
    let record = String::from_utf8_lossy(record.trim_ascii_end()).chars().take(BAD_ROW_CHARS).collect();
    BadRow { line: flaw.lines_before_record + 1, reason, text: record }
}

/// A column under construction.
struct Column {
    building: Building,
    observed: Observed,
}

enum Building {
    Float(Vec<f64>),
    Int(Vec<Option<i64>>),
    Date(Vec<Option<i64>>, DateFormat),
    Boolean(Coder),
    Text(Coder),
}

impl Column {
    fn new(typed: &Typed, n_rows: usize) -> Self {
        let building = match typed.storage {
            Storage::Float64 => Building::Float(Vec::with_capacity(n_rows)),
            Storage::Int64 => Building::Int(Vec::with_capacity(n_rows)),
            Storage::DatetimeMs => {
                Building::Date(Vec::with_capacity(n_rows), typed.date_format.unwrap_or(DateFormat::Iso))
            }
            Storage::Boolean => Building::Boolean(Coder::new(n_rows)),
            Storage::String => Building::Text(Coder::new(n_rows)),
        };
        Self { building, observed: Observed::default() }
    }

    fn read(&mut self, tile: &Tile, column: usize, plan: &Plan) {
        let rules = plan.rules(column);
        let observed = &mut self.observed;
        match &mut self.building {
            Building::Float(cells) => floats(cells, observed, tile, column, &rules),
            Building::Int(cells) => ints(cells, observed, tile, column, &rules),
            Building::Date(cells, format) => moments(cells, observed, tile, column, &rules, format),
            Building::Boolean(coder) | Building::Text(coder) => codes(coder, observed, tile, column),
        }
    }

    fn finish(mut self, rules: &Rules, text: &[u8], side: &[u8]) -> (Cells, Observed) {
        let observed = &mut self.observed;
        let cells = match self.building {
            Building::Float(cells) => Cells::Float(cells),
            Building::Int(cells) => Cells::Int(cells),
            Building::Date(cells, _) => Cells::DatetimeMs(cells),
            Building::Boolean(coder) => {
                judge(&coder, observed, rules, text, side);
                let value = |(text, _): (&str, u64)| match infer::trim(text) {
                    "1" => Some(true),
                    "0" => Some(false),
                    _ if rules.nulls.is_missing(text) => None,
                    word => infer::boolean(word),
                };
                let values: Vec<Option<bool>> = coder.texts(text, side).map(value).collect();
                Cells::Boolean(coder.codes.iter().map(|&c| values.get(c as usize).copied().flatten()).collect())
            }
            Building::Text(coder) => {
                judge(&coder, observed, rules, text, side);
                Cells::Text(dictionary(coder, rules.nulls, text, side))
            }
        };
        (cells, self.observed)
    }
}

/// The slow path: what a cell is by all rules, as text if it has a value.
#[cold]
#[inline(never)]
fn slow<'a>(observed: &mut Observed, tile: &'a Tile, field: Field, row: usize, rules: &Rules) -> Option<&'a str> {
    let cell = tile.str(field);
    let faults = observed.add(cell, 1, rules);
    if faults != infer::Faults::default() && !observed.is_sated(faults) {
        observed.remember(faults, (tile.first_row + row) as u64, cell);
    }
    Some(infer::trim(cell)).filter(|text| !text.is_empty() && !rules.nulls.is_missing(cell))
}

fn floats(cells: &mut Vec<f64>, observed: &mut Observed, tile: &Tile, column: usize, rules: &Rules) {
    let (no_nulls, decimal) = (!rules.nulls.may_be_numbers(), rules.marks.decimal);
    let (mut plain, mut whole, mut empty) = (0u64, 0u64, 0);
    let first = cells.len();
    cells.resize(first + tile.n_rows, f64::NAN);
    for (row, (cell, field)) in cells[first..].iter_mut().zip(tile.column(column)).enumerate() {
        let number = numbers::fast(tile.text, field.start as usize, field.len as usize, decimal);
        if let Some(number) = number
            && no_nulls
        {
            // Never more than there are bytes.
            plain = plain.wrapping_add(1);
            whole = whole.wrapping_add(u64::from(number.is_whole()));
            *cell = number.float();
        } else if field.len == 0 {
            empty += 1;
        } else if let Some(text) = slow(observed, tile, field, row, rules) {
            *cell = numbers::number_with(text, rules.marks).unwrap_or(f64::NAN);
        }
    }
    observed.values += plain;
    observed.whole += whole;
    observed.fractional += plain - whole;
    observed.add_token(0, empty);
}

fn ints(cells: &mut Vec<Option<i64>>, observed: &mut Observed, tile: &Tile, column: usize, rules: &Rules) {
    let (no_nulls, decimal) = (!rules.nulls.may_be_numbers(), rules.marks.decimal);
    let (mut whole, mut empty) = (0, 0);
    let first = cells.len();
    cells.resize(first + tile.n_rows, None);
    for (row, (cell, field)) in cells[first..].iter_mut().zip(tile.column(column)).enumerate() {
        let number = numbers::fast(tile.text, field.start as usize, field.len as usize, decimal);
        if let Some(number) = number
            && no_nulls
            && number.is_whole()
        {
            whole += 1;
            *cell = Some(number.whole());
        } else if field.len == 0 {
            empty += 1;
        } else if let Some(text) = slow(observed, tile, field, row, rules) {
            *cell = rules.marks.plain(text).and_then(|plain| plain.parse().ok());
        }
    }
    observed.values += whole;
    observed.whole += whole;
    observed.add_token(0, empty);
}

fn moments(
    cells: &mut Vec<Option<i64>>,
    observed: &mut Observed,
    tile: &Tile,
    column: usize,
    rules: &Rules,
    format: &DateFormat,
) {
    let (mut iso, mut empty) = (0, 0);
    let plain = *format == DateFormat::Iso && rules.format.is_none() && !rules.nulls.may_be_numbers();
    for (row, field) in tile.column(column).enumerate() {
        if field.len == 0 {
            empty += 1;
            cells.push(None);
            continue;
        }
        let fast = if plain { dates::fast_iso(field.bytes(tile.text, tile.side)) } else { None };
        iso += u64::from(fast.is_some());
        cells.push(fast.or_else(|| {
            let cell = slow(observed, tile, field, row, rules)?;
            dates::read(cell, format).map(|moment| moment.ms)
        }));
    }
    observed.values += iso;
    observed.dates[0] += iso;
    observed.add_token(0, empty);
}

fn codes(coder: &mut Coder, observed: &mut Observed, tile: &Tile, column: usize) {
    let mut empty = 0;
    let mut codes = std::mem::take(&mut coder.codes);
    codes.extend(tile.column(column).map(|field| {
        if field.len & !ASIDE == 0 {
            empty += 1;
            return MISSING_CODE;
        }
        let padded = if field.len & ASIDE == 0 { tile.text } else { tile.side };
        coder.code(field, padded, tile.text, tile.side)
    }));
    coder.codes = codes;
    observed.add_token(0, empty);
}

/// Judges the distinct texts, and remembers the first rows of those with faults.
fn judge(coder: &Coder, observed: &mut Observed, rules: &Rules, text: &[u8], side: &[u8]) {
    let faults: Vec<infer::Faults> = coder.texts(text, side).map(|(cell, n)| observed.add(cell, n, rules)).collect();
    let texts: Vec<&str> = coder.texts(text, side).map(|(cell, _)| cell).collect();
    let mut all = infer::Faults::default();
    faults.iter().for_each(|f| all.join(*f));
    if all == infer::Faults::default() {
        return;
    }
    for (row, &code) in coder.codes.iter().enumerate().filter(|(_, code)| **code != MISSING_CODE) {
        let these = faults[code as usize];
        if these != infer::Faults::default() {
            observed.remember(these, row as u64, texts[code as usize]);
            if observed.is_sated(all) {
                return;
            }
        }
    }
}

/// The texts that are no null tokens, and the codes that point to them.
fn dictionary(coder: Coder, nulls: &NullTokens, text: &[u8], side: &[u8]) -> Dictionary {
    let mut values = Vec::with_capacity(coder.n_texts());
    let mut new_codes = Vec::with_capacity(coder.n_texts());
    for (cell, _) in coder.texts(text, side) {
        let is_missing = nulls.is_missing(cell);
        new_codes.push(if is_missing { MISSING_CODE } else { values.len() as u32 });
        if !is_missing {
            values.push(cell.to_owned());
        }
    }
    let mut codes = coder.codes;
    if values.len() < new_codes.len() {
        codes.iter_mut().for_each(|code| *code = new_codes.get(*code as usize).copied().unwrap_or(MISSING_CODE));
    }
    Dictionary { codes, values }
}
