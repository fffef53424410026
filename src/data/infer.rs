//! What a column is, judged by all of its cells.
//!
//! **Storage** of delimited text, first rule that fits:
//! 1. any whole number with leading zeros (`00123`) keeps the column text;
//! 2. all cells numbers: `Int64` when all are spelled without point or exponent and within ±2^53 (beyond that they stay
//!    text, as identifiers: a 64-bit float cannot tell them apart), otherwise `Float64`;
//! 3. all cells spell true or false (see [`boolean`]; lone letters only when both of a pair occur): `Boolean`;
//! 4. one date format reads all cells: `DatetimeMs`;
//! 5. otherwise `String`, with a note when most cells would have fitted 2 or 4.
//!
//! Cells of nothing but spaces count as missing under rules 2 to 4 and stay as they are in text, as pandas does it.
//! What the user decided about a column goes before the rules. [`Observed`] counts; `verdict` decides.

use std::collections::BTreeSet;

pub use super::kinds::{KindHint, TextFacts, kind_of_text, kind_of_whole_numbers};
pub use super::numbers::{MAX_EXACT, number};

use super::dates::{self, DateFormat};
use super::numbers::Marks;
use super::read::NullTokens;
use crate::domain::schema::Storage;

/// More spellings than this are no boolean column (the spellings come in few variants of case and spaces).
const MAX_SPELLINGS: usize = 64;
/// Cells remembered per fault.
pub const MAX_EXAMPLES: usize = 20;

/// What a single cell looks like. A decimal comma counts as a number here, where only a guess is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Number,
    Date,
    Boolean,
    Text,
}

pub fn look(cell: &str) -> Look {
    let cell = cell.trim();
    if number(cell).is_some() || is_decimal_comma(cell) {
        Look::Number
    } else if boolean(cell).is_some_and(|_| cell.len() > 1) {
        Look::Boolean
    } else if DateFormat::ALL.iter().any(|f| dates::read(cell, f).is_some()) {
        Look::Date
    } else {
        Look::Text
    }
}

/// Could it be read as a number or a date?
pub fn looks_typed(cell: &str) -> bool {
    matches!(look(cell), Look::Number | Look::Date)
}

/// `str::trim`, quick for cells with nothing to trim.
pub fn trim(cell: &str) -> &str {
    match cell.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => cell,
        _ => cell.trim(),
    }
}

const TRUE_WORDS: [&str; 11] = ["true", "yes", "t", "y", "on", "ja", "j", "oui", "si", "sí", "是"];
const FALSE_WORDS: [&str; 10] = ["false", "no", "f", "n", "off", "nein", "non", "não", "nao", "否"];
/// Lone letters that mean something together.
const LETTERS: [(&str, &str); 3] = [("t", "f"), ("y", "n"), ("j", "n")];

/// `true`, `yes`, `on`, `ja`, `oui`, `si`, `是`, `t`, `y`, `j` and their opposites in any case.
pub fn boolean(trimmed: &str) -> Option<bool> {
    if trimmed.len() > 5 {
        return None;
    }
    let among = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(trimmed));
    if among(&TRUE_WORDS) {
        Some(true)
    } else if among(&FALSE_WORDS) {
        Some(false)
    } else {
        None
    }
}

/// How the cells of a column will be stored, and what to tell about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Typed {
    pub storage: Storage,
    pub date_format: Option<DateFormat>,
    pub true_spellings: Vec<String>,
    pub false_spellings: Vec<String>,
    pub notes: Vec<String>,
    pub hint: KindHint,
}

impl Typed {
    pub fn new(storage: Storage) -> Self {
        Self {
            storage,
            date_format: None,
            true_spellings: Vec::new(),
            false_spellings: Vec::new(),
            notes: Vec::new(),
            hint: KindHint::None,
        }
    }

    /// Are cells turned into values alike? Everything else may be learnt after the values.
    pub fn reads_like(&self, other: &Self) -> bool {
        self.storage == other.storage && self.date_format == other.date_format
    }
}

/// Why a cell does not fit a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    NoNumber,
    /// A number, but with a fraction.
    NotWhole,
    LeadingZero,
    Infinite,
    NoBoolean,
    NoDate,
    /// Not in the format that the user fixed.
    NotInFormat,
}

impl Fault {
    const ALL: [Self; 7] = [
        Self::NoNumber,
        Self::NotWhole,
        Self::LeadingZero,
        Self::Infinite,
        Self::NoBoolean,
        Self::NoDate,
        Self::NotInFormat,
    ];
}

/// A set of [`Fault`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults(u8);

impl Faults {
    fn put(&mut self, fault: Fault) {
        self.0 |= 1 << fault as u8;
    }

    pub fn join(&mut self, other: Self) {
        self.0 |= other.0;
    }

    fn has(self, fault: Fault) -> bool {
        self.0 & (1 << fault as u8) != 0
    }
}

/// The rules that cells are read by.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    pub nulls: &'a NullTokens,
    pub marks: Marks,
    /// The date format that the user fixed for the column.
    pub format: Option<&'a DateFormat>,
}

/// Counts over the cells of one column.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Cells that are neither missing nor blank.
    pub values: u64,
    pub blank: u64,
    pub whole: u64,
    /// Numbers with a point or an exponent, or infinite.
    pub fractional: u64,
    pub not_a_number: u64,
    pub infinite: u64,
    pub beyond_exact: u64,
    /// Whole numbers that no 64-bit integer holds.
    pub beyond_int: u64,
    pub leading_zeros: u64,
    pub booleans: u64,
    /// `0` and `1`.
    pub bits: u64,
    pub trues: BTreeSet<String>,
    pub falses: BTreeSet<String>,
    /// Cells that each of `DateFormat::ALL` reads.
    pub dates: [u64; 5],
    pub in_format: u64,
    pub zoned: u64,
    /// In a zone other than UTC.
    pub shifted: u64,
    pub cut: u64,
    pub short_years: u64,
    /// Neither a number nor a date of any of the formats.
    pub undated: u64,
    /// By token: the empty cell, then those of the options.
    pub tokens: Vec<u64>,
    examples: [Vec<(u64, String)>; 7],
}

impl Observed {
    /// Counts `cell`, found `n` times. [`Self::remember`] takes what this returns.
    pub fn add(&mut self, cell: &str, n: u64, rules: &Rules) -> Faults {
        let mut faults = Faults::default();
        if let Some(token) = rules.nulls.index(cell) {
            self.add_token(token, n);
            return faults;
        }
        let trimmed = trim(cell);
        if trimmed.is_empty() {
            self.blank += n;
            return faults;
        }
        self.values += n;
        if let Some(format) = rules.format {
            match dates::read(trimmed, format) {
                Some(moment) => {
                    self.in_format += n;
                    self.add_moment(moment, n);
                }
                None => faults.put(Fault::NotInFormat),
            }
        }
        if self.add_number(trimmed, n, rules.marks, &mut faults) {
            return faults;
        }
        faults.put(Fault::NoNumber);
        match boolean(trimmed) {
            None => faults.put(Fault::NoBoolean),
            Some(value) => {
                self.booleans += n;
                let spellings = if value { &mut self.trues } else { &mut self.falses };
                if spellings.len() < MAX_SPELLINGS && !spellings.contains(cell) {
                    spellings.insert(cell.to_owned());
                }
            }
        }
        self.add_date(trimmed, n, rules.format.is_none(), &mut faults);
        faults
    }

    pub fn add_token(&mut self, token: usize, n: u64) {
        if self.tokens.len() <= token {
            self.tokens.resize(token + 1, 0);
        }
        self.tokens[token] += n;
    }

    fn add_number(&mut self, trimmed: &str, n: u64, marks: Marks, faults: &mut Faults) -> bool {
        let Some(plain) = marks.plain(trimmed) else { return false };
        let bytes = plain.as_bytes();
        let unsigned = bytes.strip_prefix(b"-").or_else(|| bytes.strip_prefix(b"+")).unwrap_or(bytes);
        if unsigned.iter().all(u8::is_ascii_digit) && !unsigned.is_empty() {
            self.bits += if matches!(bytes, b"0" | b"1") { n } else { 0 };
            if !matches!(bytes, b"0" | b"1") {
                faults.put(Fault::NoBoolean);
            }
            if unsigned.len() > 1 && unsigned[0] == b'0' {
                self.leading_zeros += n;
                faults.put(Fault::LeadingZero);
                return true;
            }
            self.whole += n;
            let value = plain.parse::<i64>().ok();
            self.beyond_int += if value.is_none() { n } else { 0 };
            if value.is_none() {
                faults.put(Fault::NotWhole);
            }
            let exact = value.is_some_and(|x| x.unsigned_abs() <= MAX_EXACT as u64);
            self.beyond_exact += if exact { 0 } else { n };
            return true;
        }
        let Some(x) = number(&plain) else { return false };
        if x.is_nan() {
            self.not_a_number += n;
            return true;
        }
        self.fractional += n;
        faults.put(Fault::NotWhole);
        faults.put(Fault::NoBoolean);
        if x.is_infinite() {
            self.infinite += n;
            faults.put(Fault::Infinite);
        }
        true
    }

    fn add_date(&mut self, trimmed: &str, n: u64, count_moment: bool, faults: &mut Faults) {
        let mut any = None;
        if trimmed.as_bytes()[0].is_ascii_digit() {
            for (count, format) in self.dates.iter_mut().zip(&DateFormat::ALL) {
                if let Some(moment) = dates::read(trimmed, format) {
                    *count += n;
                    any = Some(moment);
                }
            }
        }
        match any {
            Some(moment) if count_moment => self.add_moment(moment, n),
            Some(_) => {}
            None => {
                faults.put(Fault::NoDate);
                self.undated += n;
                self.short_years += if dates::has_short_year(trimmed) { n } else { 0 };
            }
        }
    }

    fn add_moment(&mut self, moment: dates::Moment, n: u64) {
        self.zoned += if moment.zone.is_some() { n } else { 0 };
        self.shifted += if moment.zone.is_some_and(|minutes| minutes != 0) { n } else { 0 };
        self.cut += if moment.cut { n } else { 0 };
    }

    /// Keeps `cell` of 0-based `row` as an example of its faults.
    pub fn remember(&mut self, faults: Faults, row: u64, cell: &str) {
        for fault in Fault::ALL {
            let examples = &mut self.examples[fault as usize];
            if faults.has(fault) && examples.len() < MAX_EXAMPLES {
                examples.push((row, cell.to_owned()));
            }
        }
    }

    /// Has it enough examples of all these?
    pub fn is_sated(&self, faults: Faults) -> bool {
        Fault::ALL.into_iter().all(|f| !faults.has(f) || self.examples[f as usize].len() >= MAX_EXAMPLES)
    }

    /// The first cells with a fault: 0-based row and text.
    pub fn examples(&self, fault: Fault) -> &[(u64, String)] {
        &self.examples[fault as usize]
    }

    /// Adds what was counted over later rows, the first of them `first_row`.
    pub fn merge(&mut self, later: Self, first_row: u64) {
        let counts = [
            (&mut self.values, later.values),
            (&mut self.blank, later.blank),
            (&mut self.whole, later.whole),
            (&mut self.fractional, later.fractional),
            (&mut self.not_a_number, later.not_a_number),
            (&mut self.infinite, later.infinite),
            (&mut self.beyond_exact, later.beyond_exact),
            (&mut self.beyond_int, later.beyond_int),
            (&mut self.leading_zeros, later.leading_zeros),
            (&mut self.booleans, later.booleans),
            (&mut self.bits, later.bits),
            (&mut self.in_format, later.in_format),
            (&mut self.zoned, later.zoned),
            (&mut self.shifted, later.shifted),
            (&mut self.cut, later.cut),
            (&mut self.short_years, later.short_years),
            (&mut self.undated, later.undated),
        ];
        counts.into_iter().for_each(|(sum, n)| *sum += n);
        self.dates.iter_mut().zip(later.dates).for_each(|(sum, n)| *sum += n);
        later.tokens.into_iter().enumerate().filter(|(_, n)| *n > 0).for_each(|(token, n)| self.add_token(token, n));
        for (mine, theirs) in [(&mut self.trues, later.trues), (&mut self.falses, later.falses)] {
            let room = MAX_SPELLINGS.saturating_sub(mine.len());
            mine.extend(theirs.into_iter().take(room));
        }
        for (mine, theirs) in self.examples.iter_mut().zip(later.examples) {
            let room = MAX_EXAMPLES - mine.len();
            mine.extend(theirs.into_iter().take(room).map(|(row, cell)| (first_row + row, cell)));
        }
    }

    /// Is it certain that cells like these make no column of that type?
    pub fn disproves(&self, typed: &Typed) -> bool {
        let Some(format) = &typed.date_format else {
            return match typed.storage {
                Storage::Int64 => self.whole < self.values || self.beyond_exact > 0,
                Storage::Float64 => self.whole + self.fractional + self.not_a_number < self.values,
                Storage::Boolean => self.booleans < self.values,
                Storage::DatetimeMs | Storage::String => false,
            };
        };
        let read = DateFormat::ALL.iter().position(|f| f == format);
        read.map_or(self.in_format, |i| self.dates[i]) < self.values
    }

    pub fn is_boolean(&self) -> bool {
        if self.booleans == 0 || self.booleans != self.values {
            return false;
        }
        // A lone letter may mean anything (sex `F`); with its opposite it means what it says.
        let letters = |set: &BTreeSet<String>| -> BTreeSet<String> {
            set.iter().map(|s| s.trim().to_lowercase()).filter(|s| s.len() == 1).collect()
        };
        let words = self.trues.iter().chain(&self.falses).any(|s| s.trim().len() > 1);
        let (yes, no) = (letters(&self.trues), letters(&self.falses));
        words || LETTERS.iter().any(|(t, f)| yes.iter().eq([t]) && no.iter().eq([f]))
    }
}

pub fn is_decimal_comma(cell: &str) -> bool {
    let cell = cell.trim();
    cell.matches(',').count() == 1 && number(&cell.replace(',', ".")).is_some_and(f64::is_finite)
}
