//! What a column is whose cells bring a type of their own: counted over all of them, then decided.
//!
//! A column whose cells are all of one sort has that storage. Cells of several sorts are judged by the rules of
//! `infer` on their text. Text that looks like a number stays text where the format tells texts from numbers.

use std::collections::BTreeMap;

use super::NullTokens;
use super::values::{MISFITS, Plan, Value, fits, note_unfit, place, typed_as};
use crate::data::dates::{self, DateFormat};
use crate::data::error::clip;
use crate::data::infer::{MAX_EXACT, Observed, Rules, Typed};
use crate::data::kinds::KindHint;
use crate::data::numbers::Marks;
use crate::data::verdict::Decided;
use crate::domain::dataset::ColumnChoice;
use crate::domain::preview::Misfit;
use crate::domain::schema::Storage;
use crate::domain::words::{counted, thousands};

/// Tokens that are told apart when missing cells are counted.
const TOKENS: usize = 50;
/// A text column is worth a note if at least this share of its cells has the type it missed.
const ALMOST: f64 = 0.5;

/// What texts of a format may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Texts {
    /// Texts, or dates: the format has numbers and says so.
    AsTyped,
    /// Anything: people paste numbers as text into workbooks.
    Judged,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::builder::CellsBuilder;
    use crate::data::read::values::push;

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
