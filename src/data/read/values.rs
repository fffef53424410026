//! Cells that bring a type of their own, one by one: those of JSON, of workbooks, of SQLite.
//!
//! A column whose cells are all of one sort has that storage. Cells of several sorts are judged by the rules of
//! `infer` on their text. Text that looks like a number stays text where the format tells texts from numbers.

use std::collections::BTreeMap;

use super::NullTokens;
use crate::data::builder::CellsBuilder;
use crate::data::dates::{self, DateFormat};
use crate::data::error::clip;
use crate::data::infer::{self, MAX_EXACT, Observed, Rules, Typed};
use crate::data::kinds::KindHint;
use crate::data::numbers::{self, Marks};
use crate::data::table::{format_datetime, format_number};
use crate::data::verdict::Decided;
use crate::domain::dataset::ColumnChoice;
use crate::domain::preview::Misfit;
use crate::domain::schema::Storage;
use crate::domain::words::{counted, thousands};

/// Cells that do not fit are shown up to this number.
pub const MISFITS: usize = 20;
/// Tokens that are told apart when missing cells are counted.
const TOKENS: usize = 50;
/// A text column is worth a note if at least this share of its cells has the type it missed.
const ALMOST: f64 = 0.5;

/// One cell as its format says it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing stands there.
    Empty,
    /// Missing, and spelled so: `null`, `#N/A`.
    Missing(&'static str),
    Bool(bool),
    Int(i64),
    /// A whole number beyond 64 bits, as it is spelled.
    Big(String),
    Float(f64),
    /// Milliseconds since 1970.
    Moment(i64),
    Text(String),
}

impl Value {
    /// As text, for a text column; `None` for nothing.
    pub fn text(&self) -> Option<String> {
        Some(match self {
            Self::Empty | Self::Missing(_) => return None,
            Self::Bool(b) => b.to_string(),
            Self::Int(i) => i.to_string(),
            Self::Big(text) | Self::Text(text) => text.clone(),
            Self::Float(x) => format_number(*x),
            Self::Moment(ms) => format_datetime(*ms),
        })
    }
}

/// What texts of a format may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Texts {
    /// Texts, or dates: the format has numbers and says so.
    AsTyped,
    /// Anything: people paste numbers as text into workbooks.
    Judged,
}

/// How a column is converted.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub typed: Typed,
    /// Dates by the pattern a user gave; else by `typed.date_format`.
    pub pattern: Option<String>,
}

/// Counts over the cells of one column.
#[derive(Clone, Debug)]
pub struct Gauge {
    texts: Texts,
    choice: Option<ColumnChoice>,
    /// Cells with a value, by sort.
    bools: u64,
    whole: u64,
    beyond_exact: u64,
    floats: u64,
    infinite: u64,
    moments: u64,
    words: u64,
    iso_dates: u64,
    /// Whole numbers that would not be 0 or 1 as booleans, and so on: cells that break the user's choice.
    unfit: u64,
    observed: Observed,
    tokens: BTreeMap<String, u64>,
    /// First cells of each sort: booleans, numbers, moments, texts; then those that break the user's choice.
    first: [Vec<Misfit>; 5],
}

impl Gauge {
    pub fn new(texts: Texts, choice: Option<ColumnChoice>) -> Self {
        Self {
            texts,
            choice,
            bools: 0,
            whole: 0,
            beyond_exact: 0,
            floats: 0,
            infinite: 0,
            moments: 0,
            words: 0,
            iso_dates: 0,
            unfit: 0,
            observed: Observed::default(),
            tokens: BTreeMap::new(),
            first: Default::default(),
        }
    }

    /// Counts the cell of the 0-based row.
    pub fn add(&mut self, value: &Value, row: u64, nulls: &NullTokens) {
        let sort = match value {
            Value::Empty => return self.token(""),
            Value::Missing(token) => return self.token(token),
            Value::Text(text) if nulls.is_missing(text) => return self.token(text),
            Value::Bool(_) => {
                self.bools += 1;
                0
            }
            Value::Int(i) => {
                self.whole += 1;
                self.beyond_exact += u64::from(i.unsigned_abs() > MAX_EXACT as u64);
                1
            }
            Value::Big(_) => {
                self.whole += 1;
                self.beyond_exact += 1;
                1
            }
            Value::Float(x) => {
                self.floats += 1;
                self.infinite += u64::from(x.is_infinite());
                1
            }
            Value::Moment(_) => {
                self.moments += 1;
                2
            }
            Value::Text(text) => {
                self.words += 1;
                self.iso_dates += u64::from(dates::parse(text.trim(), DateFormat::Iso).is_some());
                let faults = self.observed.add(text, 1, &Rules { nulls, marks: Marks::POINT, format: None });
                self.observed.remember(faults, row, text);
                3
            }
        };
        self.show(sort, value, row);
        if let Some(storage) = self.choice.as_ref().and_then(|c| c.storage)
            && !fits(value, storage, self.choice.as_ref().and_then(|c| c.date_format.as_deref()))
        {
            self.unfit += 1;
            self.show(4, value, row);
        }
    }

    fn show(&mut self, sort: usize, value: &Value, row: u64) {
        if self.first[sort].len() < MISFITS {
            let text = clip(&value.text().unwrap_or_default());
            self.first[sort].push(Misfit { row: row + 1, text });
        }
    }

    fn token(&mut self, token: &str) {
        if let Some(count) = self.tokens.get_mut(token) {
            *count += 1;
        } else if self.tokens.len() < TOKENS {
            self.tokens.insert(token.to_owned(), 1);
        }
    }

    /// Rows that came before the column was first seen.
    pub fn absent(&mut self, rows: u64) {
        if rows > 0 {
            *self.tokens.entry(String::new()).or_default() += rows;
        }
    }

    pub fn values(&self) -> u64 {
        self.bools + self.whole + self.floats + self.moments + self.words
    }

    /// Tokens that became missing, most frequent first.
    pub fn missing_tokens(&self) -> Vec<(String, u64)> {
        let mut tokens: Vec<(String, u64)> = self.tokens.clone().into_iter().collect();
        tokens.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        tokens
    }

    /// Share of the values that fit the storage, and the first cells that do not fit it or the type most cells have.
    pub fn fitting(&self, plan: &Plan) -> (f64, Vec<Misfit>) {
        let values = self.values().max(1) as f64;
        if self.choice.as_ref().is_some_and(|c| c.storage.is_some()) {
            return (1.0 - self.unfit as f64 / values, self.first[4].clone());
        }
        let sorts = [self.bools, self.whole + self.floats, self.moments, self.words];
        let most = (0..4).max_by_key(|&i| sorts[i]).unwrap_or(3);
        let mut misfits = Vec::new();
        if plan.typed.storage == Storage::String {
            let others = (0..4).filter(|&i| i != most).flat_map(|i| self.first[i].iter().cloned());
            misfits = others.collect();
            misfits.sort_by_key(|m| m.row);
            misfits.truncate(MISFITS);
        }
        (1.0, misfits)
    }

    pub fn decide(&self) -> Plan {
        let mut plan = Plan { typed: typed_as(Storage::String), pattern: None };
        if let Some(storage) = self.choice.as_ref().and_then(|c| c.storage) {
            self.as_chosen(storage, &mut plan);
        } else {
            self.as_found(&mut plan.typed);
        }
        plan
    }

    fn as_chosen(&self, storage: Storage, plan: &mut Plan) {
        plan.typed = typed_as(storage);
        plan.pattern = self.choice.as_ref().and_then(|c| c.date_format.clone());
        note_unfit(self.unfit, self.first[4].first(), &mut plan.typed);
    }

    fn as_found(&self, typed: &mut Typed) {
        let numbers = self.whole + self.floats;
        match (self.bools, numbers, self.moments, self.words) {
            (0, 0, 0, 0) => {
                typed.storage = Storage::Float64;
                typed.notes.push("no cell has a value".into());
            }
            (_, 0, 0, 0) => *typed = typed_as(Storage::Boolean),
            (0, _, 0, 0) => self.as_numbers(typed),
            (0, 0, _, 0) => typed.storage = Storage::DatetimeMs,
            (0, 0, 0, _) => self.as_texts(typed),
            _ => self.as_mixed(typed),
        }
    }

    fn as_numbers(&self, typed: &mut Typed) {
        if self.floats == 0 && self.beyond_exact > 0 {
            typed.hint = KindHint::Identifier;
            let what = counted(self.beyond_exact, "whole number is", "whole numbers are");
            typed.notes.push(format!("kept as text: {what} beyond 2^53, where numbers are no longer exact"));
            return;
        }
        typed.storage = if self.floats == 0 { Storage::Int64 } else { Storage::Float64 };
        if self.beyond_exact > 0 {
            let what = counted(self.beyond_exact, "whole number beyond 2^53 was", "whole numbers beyond 2^53 were");
            typed.notes.push(format!("{what} rounded"));
        }
        if self.infinite > 0 {
            typed.notes.push(counted(self.infinite, "value is infinite", "values are infinite"));
        }
    }

    fn as_texts(&self, typed: &mut Typed) {
        if self.texts == Texts::Judged {
            *typed = self.judged_texts();
        } else if self.iso_dates == self.words {
            let judged = self.judged_texts();
            if judged.storage == Storage::DatetimeMs {
                *typed = judged;
            }
        } else if self.iso_dates as f64 >= ALMOST * self.words as f64 {
            let n = self.words - self.iso_dates;
            let (all, are) = (thousands(self.words), if n == 1 { "is" } else { "are" });
            typed.hint = KindHint::Flawed;
            typed.notes.push(format!("kept as text: {} of {all} values {are} no date", thousands(n)));
        }
    }

    fn judged_texts(&self) -> Typed {
        self.observed.verdict(&Decided::default(), Marks::POINT).typed
    }

    /// Texts beside something else: they decide whether they belong to it.
    fn as_mixed(&self, typed: &mut Typed) {
        let numbers = self.whole + self.floats;
        let texts = self.judged_texts();
        let sorts = [self.bools, numbers, self.moments].iter().filter(|&&n| n > 0).count();
        let same = match texts.storage {
            _ if self.words == 0 || sorts > 1 => false,
            Storage::Float64 | Storage::Int64 => numbers > 0 && self.beyond_exact == 0,
            Storage::DatetimeMs => self.moments > 0,
            Storage::Boolean => self.bools > 0,
            Storage::String => false,
        };
        if same {
            let floats = self.floats > 0 && texts.storage == Storage::Int64;
            *typed = texts;
            typed.storage = if floats { Storage::Float64 } else { typed.storage };
            typed.notes.push(counted(self.words, "value was written as text", "values were written as text"));
            return;
        }
        typed.hint = KindHint::Flawed;
        let words = ["booleans", "numbers", "dates", "texts"];
        let counts = [self.bools, numbers, self.moments, self.words];
        let most = (0..4).max_by_key(|&i| counts[i]).unwrap_or(3);
        let others = self.values() - counts[most];
        let first = (0..4).filter(|&i| i != most).filter_map(|i| self.first[i].first()).min_by_key(|m| m.row);
        typed.notes.push(format!(
            "kept as text: {} of {} values are no {}{}",
            thousands(others),
            thousands(self.values()),
            words[most],
            place(first)
        ));
    }
}

fn place(first: Option<&Misfit>) -> String {
    first.map_or_else(String::new, |m| format!(", first `{}` in row {}", m.text, thousands(m.row)))
}

/// A column of the storage without anything to tell.
pub fn typed_as(storage: Storage) -> Typed {
    let mut typed = Typed::new(storage);
    if storage == Storage::Boolean {
        (typed.true_spellings, typed.false_spellings) = (vec!["true".into()], vec!["false".into()]);
    }
    typed
}

pub fn note_unfit(unfit: u64, first: Option<&Misfit>, typed: &mut Typed) {
    if unfit > 0 {
        let what = counted(unfit, "cell that does not fit is", "cells that do not fit are");
        typed.notes.push(format!("{what} missing{}", place(first)));
    }
}

pub fn fits(value: &Value, storage: Storage, pattern: Option<&str>) -> bool {
    match storage {
        Storage::String => true,
        Storage::Float64 => !as_float(value).is_nan(),
        Storage::Int64 => as_whole(value).is_some(),
        Storage::Boolean => as_boolean(value).is_some(),
        Storage::DatetimeMs => as_moment(value, &DateFormat::Iso, pattern).is_some(),
    }
}

/// Appends the cell in the column's storage; what does not fit becomes missing.
pub fn push(builder: &mut CellsBuilder, value: &Value, plan: &Plan, nulls: &NullTokens) {
    let missing = match value {
        Value::Empty | Value::Missing(_) => true,
        Value::Text(text) => nulls.is_missing(text),
        _ => false,
    };
    let value = if missing { &Value::Empty } else { value };
    match builder {
        CellsBuilder::Float(v) => v.push(as_float(value)),
        CellsBuilder::Int(v) => v.push(as_whole(value)),
        CellsBuilder::Boolean(v) => v.push(as_boolean(value)),
        CellsBuilder::DatetimeMs(v) => {
            let format = plan.typed.date_format.as_ref().unwrap_or(&DateFormat::Iso);
            v.push(as_moment(value, format, plan.pattern.as_deref()));
        }
        CellsBuilder::Text(dictionary) => match value {
            Value::Text(text) | Value::Big(text) => dictionary.push(Some(text)),
            other => dictionary.push(other.text().as_deref()),
        },
    }
}

fn as_float(value: &Value) -> f64 {
    match value {
        Value::Int(i) => *i as f64,
        Value::Float(x) => *x,
        Value::Bool(b) => f64::from(u8::from(*b)),
        Value::Big(text) | Value::Text(text) => numbers::number(infer::trim(text)).unwrap_or(f64::NAN),
        Value::Empty | Value::Missing(_) | Value::Moment(_) => f64::NAN,
    }
}

fn as_whole(value: &Value) -> Option<i64> {
    match value {
        Value::Int(i) => Some(*i),
        Value::Float(x) => (x.fract() == 0.0 && x.abs() <= MAX_EXACT as f64).then_some(*x as i64),
        Value::Bool(b) => Some(i64::from(*b)),
        Value::Text(text) => infer::trim(text).parse().ok(),
        _ => None,
    }
}

fn as_boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(b) => Some(*b),
        Value::Int(i @ (0 | 1)) => Some(*i == 1),
        Value::Text(text) => infer::boolean(infer::trim(text)),
        _ => None,
    }
}

fn as_moment(value: &Value, format: &DateFormat, pattern: Option<&str>) -> Option<i64> {
    match (value, pattern) {
        (Value::Moment(ms), _) => Some(*ms),
        (Value::Text(text), Some(pattern)) => dates::read(infer::trim(text), &DateFormat::of(pattern)).map(|m| m.ms),
        (Value::Text(text), None) => dates::read(infer::trim(text), format).map(|m| m.ms),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(values: &[Value]) -> Plan {
        let nulls = NullTokens::new(&[]);
        let mut gauge = Gauge::new(Texts::AsTyped, None);
        values.iter().enumerate().for_each(|(row, v)| gauge.add(v, row as u64, &nulls));
        gauge.decide()
    }

    fn word(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn cells_of_one_sort_keep_it() {
        assert_eq!(decided(&[Value::Int(1), Value::Missing("null")]).typed.storage, Storage::Int64);
        assert_eq!(decided(&[Value::Int(1), Value::Float(0.5)]).typed.storage, Storage::Float64);
        assert_eq!(decided(&[Value::Bool(true)]).typed.storage, Storage::Boolean);
        assert_eq!(decided(&[word("12"), word("13")]).typed.storage, Storage::String);
        assert_eq!(decided(&[word("2026-03-01"), word("2026-03-02T10:00Z")]).typed.storage, Storage::DatetimeMs);
    }

    #[test]
    fn mixed_cells_follow_their_texts() {
        assert_eq!(decided(&[Value::Int(1), word("12")]).typed.storage, Storage::Int64);
        let plan = decided(&[Value::Int(1), Value::Int(2), word("oops")]);
        assert_eq!(plan.typed.storage, Storage::String);
        assert_eq!(plan.typed.notes, ["kept as text: 1 of 3 values are no numbers, first `oops` in row 3"]);
        let big = decided(&[Value::Int(MAX_EXACT + 1)]);
        assert_eq!((big.typed.storage, big.typed.hint), (Storage::String, KindHint::Identifier));
    }

    #[test]
    fn a_choice_counts_what_does_not_fit() {
        let choice =
            ColumnChoice { storage: Some(Storage::DatetimeMs), kind: None, date_format: Some("%d.%m.%y".into()) };
        let mut gauge = Gauge::new(Texts::AsTyped, Some(choice));
        let nulls = NullTokens::new(&[]);
        for (row, text) in ["01.03.26", "soon"].iter().enumerate() {
            gauge.add(&word(text), row as u64, &nulls);
        }
        let plan = gauge.decide();
        assert_eq!(gauge.fitting(&plan), (0.5, vec![Misfit { row: 2, text: "soon".into() }]));
        let mut builder = CellsBuilder::new(plan.typed.storage);
        push(&mut builder, &word("01.03.26"), &plan, &nulls);
        assert_eq!(builder.finish().text(0).as_deref(), Some("2026-03-01"));
    }
}
