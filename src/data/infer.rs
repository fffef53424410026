//! What a column is, judged by all of its cells.
//!
//! **Storage** of delimited text, first rule that fits:
//! 1. any whole number with leading zeros (`00123`) keeps the column text;
//! 2. all cells numbers: `Int64` when all are spelled without point or exponent and within ±2^53 (beyond that they stay
//!    text, as identifiers: a 64-bit float cannot tell them apart), otherwise `Float64`;
//! 3. all cells spell true or false (true/false, yes/no; t/f and y/n only when both occur): `Boolean`;
//! 4. one date format reads all cells: `DatetimeMs`;
//! 5. otherwise `String`, with a note when most cells would have fitted 2 or 4.
//!
//! Cells of nothing but spaces count as missing under rules 2 to 4 and stay as they are in text, as pandas does it.
//!
//! **Kind**: see [`kind_of_text`] and [`kind_of_whole_numbers`]. Notes say what was noticed on the way.

use std::collections::BTreeSet;

use super::dates::{self, DateFormat};
use super::error::clip;
use super::read::NullTokens;
use crate::domain::schema::{ColumnKind, Storage};
use crate::domain::words::{counted, thousands};

/// Whole numbers beyond this are not exact as 64-bit floats.
pub const MAX_EXACT: i64 = 1 << 53;
/// A text column is worth a note if at least this share of its cells has the type it missed.
const ALMOST: f64 = 0.5;
/// More spellings than this are no boolean column (the spellings come in few variants of case and spaces).
const MAX_SPELLINGS: usize = 64;

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
    } else if DateFormat::ALL.iter().any(|&f| dates::parse(cell, f).is_some()) {
        Look::Date
    } else {
        Look::Text
    }
}

/// A number as Rust and pandas both read it: decimal point, optional exponent, `inf` and `nan` in any case.
pub fn number(trimmed: &str) -> Option<f64> {
    let first = *trimmed.as_bytes().first()?;
    if first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.' | b'i' | b'I' | b'n' | b'N') {
        trimmed.parse().ok()
    } else {
        None
    }
}

/// `str::trim`, quick for cells with nothing to trim.
pub fn trim(cell: &str) -> &str {
    match cell.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => cell,
        _ => cell.trim(),
    }
}

/// `true`, `yes`, `t`, `y` and their opposites in any case.
pub fn boolean(trimmed: &str) -> Option<bool> {
    const WORDS: [(&str, bool); 8] = [
        ("true", true),
        ("false", false),
        ("yes", true),
        ("no", false),
        ("t", true),
        ("f", false),
        ("y", true),
        ("n", false),
    ];
    if trimmed.len() > 5 {
        return None;
    }
    WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(trimmed)).map(|&(_, value)| value)
}

/// The first cell of some sort: its 0-based row and text.
type Example = Option<(u64, String)>;

/// Counts over the cells of one column.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Cells that are neither missing nor blank.
    values: u64,
    blank: u64,
    whole: u64,
    fractional: u64,
    not_a_number: u64,
    infinite: u64,
    beyond_exact: u64,
    leading_zeros: u64,
    booleans: u64,
    trues: BTreeSet<String>,
    falses: BTreeSet<String>,
    dates: [u64; 4],
    zoned: u64,
    cut: u64,
    first_other: Example,
    first_leading_zero: Example,
    first_infinite: Example,
    first_no_date: Example,
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

/// What typing knows about a text column that its texts alone do not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum KindHint {
    #[default]
    None,
    /// Whole numbers too large for arithmetic.
    Identifier,
    /// Numbers or dates with flaws in them; many distinct values do not make it an identifier.
    Flawed,
}

impl Observed {
    pub fn add(&mut self, cell: &str, row: u64, nulls: &NullTokens) {
        if nulls.is_missing(cell) {
            return;
        }
        let trimmed = trim(cell);
        if trimmed.is_empty() {
            self.blank += 1;
            return;
        }
        self.values += 1;
        if self.add_number(trimmed, row) {
            return;
        }
        remember(&mut self.first_other, row, cell);
        if self.booleans + 1 == self.values
            && let Some(value) = boolean(trimmed)
        {
            self.booleans += 1;
            let spellings = if value { &mut self.trues } else { &mut self.falses };
            if spellings.len() < MAX_SPELLINGS && !spellings.contains(cell) {
                spellings.insert(cell.to_owned());
            }
        }
        self.add_date(trimmed, row, cell);
    }

    fn add_number(&mut self, trimmed: &str, row: u64) -> bool {
        let bytes = trimmed.as_bytes();
        let unsigned = bytes.strip_prefix(b"-").or_else(|| bytes.strip_prefix(b"+")).unwrap_or(bytes);
        if unsigned.iter().all(u8::is_ascii_digit) && !unsigned.is_empty() {
            if unsigned.len() > 1 && unsigned[0] == b'0' {
                self.leading_zeros += 1;
                remember(&mut self.first_leading_zero, row, trimmed);
                return true;
            }
            self.whole += 1;
            let exact = trimmed.parse::<i64>().is_ok_and(|x| x.unsigned_abs() <= MAX_EXACT as u64);
            self.beyond_exact += u64::from(!exact);
            return true;
        }
        let Some(x) = number(trimmed) else { return false };
        if x.is_nan() {
            self.not_a_number += 1;
            return true;
        }
        self.fractional += 1;
        if x.is_infinite() {
            self.infinite += 1;
            remember(&mut self.first_infinite, row, trimmed);
        }
        true
    }

    fn add_date(&mut self, trimmed: &str, row: u64, cell: &str) {
        let mut any = None;
        if trimmed.as_bytes()[0].is_ascii_digit() {
            for (count, format) in self.dates.iter_mut().zip(DateFormat::ALL) {
                if let Some(moment) = dates::parse(trimmed, format) {
                    *count += 1;
                    any = Some(moment);
                }
            }
        }
        match any {
            Some(moment) => {
                self.zoned += u64::from(moment.has_zone);
                self.cut += u64::from(moment.cut);
            }
            None => remember(&mut self.first_no_date, row, cell),
        }
    }

    /// The storage of the column by the rules of this module.
    pub fn decide(self) -> Typed {
        let mut typed = Typed {
            storage: Storage::String,
            date_format: None,
            true_spellings: Vec::new(),
            false_spellings: Vec::new(),
            notes: Vec::new(),
            hint: KindHint::None,
        };
        let numbers = self.whole + self.fractional;
        if self.values == 0 && self.blank == 0 {
            typed.storage = Storage::Float64;
            typed.notes.push("no cell has a value".into());
        } else if self.leading_zeros > 0 {
            let what = counted(self.leading_zeros, "value has", "values have");
            let first = example(&self.first_leading_zero);
            typed.notes.push(format!("kept as text: {what} leading zeros, first {first}"));
        } else if numbers > 0 && numbers + self.not_a_number == self.values {
            self.as_number(&mut typed);
        } else if self.is_boolean() {
            typed.storage = Storage::Boolean;
            self.note_blank(&mut typed);
            typed.true_spellings = self.trues.into_iter().collect();
            typed.false_spellings = self.falses.into_iter().collect();
        } else {
            self.as_date_or_text(&mut typed);
        }
        typed
    }

    fn as_number(&self, typed: &mut Typed) {
        if self.fractional == 0 && self.not_a_number == 0 {
            if self.beyond_exact > 0 {
                typed.hint = KindHint::Identifier;
                typed.notes.push(format!(
                    "kept as text: {} beyond 2^53, where numbers are no longer exact",
                    counted(self.beyond_exact, "whole number is", "whole numbers are")
                ));
                return;
            }
            typed.storage = Storage::Int64;
        } else {
            typed.storage = Storage::Float64;
            if self.beyond_exact > 0 {
                let what = counted(self.beyond_exact, "whole number beyond 2^53 was", "whole numbers beyond 2^53 were");
                typed.notes.push(format!("{what} rounded"));
            }
            if self.infinite > 0 {
                let what = counted(self.infinite, "value is infinite", "values are infinite");
                typed.notes.push(format!("{what}, first {}", example(&self.first_infinite)));
            }
        }
        self.note_blank(typed);
    }

    fn note_blank(&self, typed: &mut Typed) {
        if self.blank > 0 {
            let what = counted(self.blank, "cell of only spaces counts", "cells of only spaces count");
            typed.notes.push(format!("{what} as missing"));
        }
    }

    fn is_boolean(&self) -> bool {
        if self.booleans == 0 || self.booleans != self.values {
            return false;
        }
        // A lone letter may mean anything (sex `F`); with its opposite it means what it says.
        let has = |set: &BTreeSet<String>, word: &str| set.iter().any(|s| s.trim().eq_ignore_ascii_case(word));
        let pair = |yes, no| has(&self.trues, yes) == has(&self.falses, no);
        let long = |set: &BTreeSet<String>| set.iter().any(|s| s.trim().len() > 1);
        long(&self.trues) || long(&self.falses) || (pair("t", "f") && pair("y", "n"))
    }

    fn as_date_or_text(&self, typed: &mut Typed) {
        let complete = |format: DateFormat| self.values > 0 && self.dates[format as usize] == self.values;
        if complete(DateFormat::DayFirst) && complete(DateFormat::MonthFirst) {
            typed.hint = KindHint::Flawed;
            let note = "kept as text: every date could be day-first or month-first; write dates as YYYY-MM-DD";
            typed.notes.push(note.into());
            return;
        }
        if let Some(format) = DateFormat::ALL.into_iter().find(|&f| complete(f)) {
            self.as_date(format, typed);
            return;
        }
        let numbers = self.whole + self.fractional;
        let dates = self.dates.iter().copied().max().unwrap_or(0);
        if numbers as f64 >= ALMOST * self.values as f64 && numbers > 0 {
            typed.hint = KindHint::Flawed;
            self.note_almost(self.values - numbers - self.not_a_number, "number", &self.first_other, typed);
        } else if dates as f64 >= ALMOST * self.values as f64 && dates > 0 {
            typed.hint = KindHint::Flawed;
            self.note_almost(self.values - dates, "date of one format", &self.first_no_date, typed);
        }
        if let Some((_, cell)) = &self.first_other
            && is_decimal_comma(cell)
        {
            typed.notes.push(format!("`{}` looks like a decimal comma; numbers need a point", clip(cell)));
        }
    }

    fn note_almost(&self, n: u64, what: &str, first: &Example, typed: &mut Typed) {
        let first = if first.is_some() { format!(", first {}", example(first)) } else { String::new() };
        typed.notes.push(format!(
            "kept as text: {} of {} values {} no {what}{first}",
            thousands(n),
            thousands(self.values),
            if n == 1 { "is" } else { "are" },
        ));
    }

    fn as_date(&self, format: DateFormat, typed: &mut Typed) {
        typed.storage = Storage::DatetimeMs;
        typed.date_format = Some(format);
        if format != DateFormat::Iso {
            typed.notes.push(format!("dates were read as {}", format.pattern()));
        }
        if self.zoned > 0 && self.zoned < self.values {
            let n = thousands(self.values - self.zoned);
            typed.notes.push(format!("{n} of {} times name no zone and count as UTC", thousands(self.values)));
        }
        if self.cut > 0 {
            typed.notes.push(format!("{} cut to milliseconds", counted(self.cut, "time was", "times were")));
        }
        self.note_blank(typed);
    }
}

fn remember(example: &mut Example, row: u64, cell: &str) {
    if example.is_none() {
        *example = Some((row, cell.to_owned()));
    }
}

fn example(example: &Example) -> String {
    example.as_ref().map_or_else(String::new, |(row, cell)| format!("`{}` in row {}", clip(cell), thousands(row + 1)))
}

fn is_decimal_comma(cell: &str) -> bool {
    let cell = cell.trim();
    cell.matches(',').count() == 1 && number(&cell.replace(',', ".")).is_some_and(f64::is_finite)
}

/// Lengths and spaces over the non-missing cells of a text column.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TextFacts {
    pub values: u64,
    pub distinct: u64,
    pub chars: u64,
    pub longest: u64,
    /// Space characters in all cells together.
    pub spaces: u64,
    /// Cells with at least one space.
    pub spaced: u64,
}

impl TextFacts {
    /// Counts `text` as standing in `cells` cells. `distinct` is left to the caller.
    pub fn add(&mut self, text: &str, cells: u64) {
        let chars = text.chars().count() as u64;
        let spaces = text.chars().filter(|c| c.is_whitespace()).count() as u64;
        self.values += cells;
        self.chars += chars * cells;
        self.longest = self.longest.max(chars);
        self.spaces += spaces * cells;
        self.spaced += u64::from(spaces > 0) * cells;
    }
}

/// The kind of a text column:
/// - identifier: at least 20 values, at least 98 % of them distinct, at most 64 characters, at most 5 % with spaces;
/// - text: more than 40 characters on average, or at least 2 spaces on average with more than half distinct;
/// - categorical: at most max(50, 5 % of the values, but no more than 1,000) distinct values;
/// - text otherwise.
pub fn kind_of_text(facts: &TextFacts, hint: KindHint) -> ColumnKind {
    let values = facts.values.max(1) as f64;
    let share = |n: u64| n as f64 / values;
    let token_like = facts.longest <= 64 && share(facts.spaced) <= 0.05;
    let few = facts.distinct <= (facts.values / 20).clamp(50, 1000);
    match hint {
        KindHint::Identifier => return ColumnKind::Identifier,
        KindHint::Flawed if few => return ColumnKind::Categorical,
        KindHint::Flawed => return ColumnKind::Text,
        KindHint::None => {}
    }
    if facts.values >= 20 && share(facts.distinct) >= 0.98 && token_like {
        ColumnKind::Identifier
    } else if share(facts.chars) > 40.0 || (share(facts.spaces) >= 2.0 && share(facts.distinct) > 0.5) {
        ColumnKind::Text
    } else if few {
        ColumnKind::Categorical
    } else {
        ColumnKind::Text
    }
}

/// The kind of a column of whole numbers: boolean when the values are exactly 0 and 1; identifier when all values
/// differ and the name says so (`id`, `user_id`, `customerID`, `index` …); numeric otherwise.
pub fn kind_of_whole_numbers(name: &str, values: u64, distinct: u64, min: i64, max: i64) -> ColumnKind {
    if distinct == 2 && (min, max) == (0, 1) {
        ColumnKind::Boolean
    } else if values >= 2 && distinct == values && is_id_name(name) {
        ColumnKind::Identifier
    } else {
        ColumnKind::Numeric
    }
}

fn is_id_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    let words =
        ["id", "index", "uuid", "guid", "rowid", "row", "row_number", "rownum", "unnamed: 0", "__index_level_0__", "#"];
    let tail = [" id", "_id", "-id", ".id", "_key", "_uuid", "_index"];
    let camel = name.strip_suffix("Id").or_else(|| name.strip_suffix("ID"));
    words.contains(&lower.as_str())
        || tail.iter().any(|t| lower.ends_with(t))
        || lower.starts_with("id_")
        || camel.is_some_and(|stem| stem.ends_with(|c: char| c.is_lowercase() || c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::read::default_options;

    fn typed(cells: &[&str]) -> Typed {
        let nulls = NullTokens::new(&default_options().null_tokens);
        let mut observed = Observed::default();
        for (row, cell) in cells.iter().enumerate() {
            observed.add(cell, row as u64, &nulls);
        }
        observed.decide()
    }

    fn check(cells: &[&str], storage: Storage, note: &str) {
        let typed = typed(cells);
        assert_eq!(typed.storage, storage, "{cells:?}");
        assert_eq!(typed.notes.join("; "), note, "{cells:?}");
    }

    #[test]
    fn whole_numbers_stay_whole_until_one_has_a_point() {
        check(&["1", "-2", "", "NA", "+3"], Storage::Int64, "");
        check(&["1", "2.0"], Storage::Float64, "");
        check(&["1", "1e3", ".5", "nan"], Storage::Float64, "");
        check(&["1", " ", "2 "], Storage::Int64, "1 cell of only spaces counts as missing");
        check(&["9007199254740992"], Storage::Int64, "");
        check(&["1", "inf", "1e400"], Storage::Float64, "2 values are infinite, first `inf` in row 2");
    }

    #[test]
    fn numbers_that_floats_cannot_hold_stay_text() {
        let note = "kept as text: 1 whole number is beyond 2^53, where numbers are no longer exact";
        check(&["9007199254740993", "1"], Storage::String, note);
        assert_eq!(typed(&["18446744073709551616"]).hint, KindHint::Identifier);
        check(&["1.5", "18446744073709551616"], Storage::Float64, "1 whole number beyond 2^53 was rounded");
    }

    #[test]
    fn leading_zeros_keep_a_column_text() {
        check(
            &["123", "00123", "007"],
            Storage::String,
            "kept as text: 2 values have leading zeros, first `00123` in row 2",
        );
        check(&["0", "0.5", "-0"], Storage::Float64, "");
    }

    #[test]
    fn one_flaw_among_numbers_is_named() {
        check(
            &["1", "2", "oops", "4"],
            Storage::String,
            "kept as text: 1 of 4 values is no number, first `oops` in row 3",
        );
        check(&["1,5", "2,25"], Storage::String, "`1,5` looks like a decimal comma; numbers need a point");
        check(&["red", "green", "3"], Storage::String, "");
    }

    #[test]
    fn booleans_keep_their_spellings() {
        let t = typed(&["Yes", "no", "NO", "yes", ""]);
        assert_eq!(t.storage, Storage::Boolean);
        assert_eq!(
            (t.true_spellings, t.false_spellings),
            (vec!["Yes".into(), "yes".into()], vec!["NO".into(), "no".into()])
        );
        check(&["t", "f"], Storage::Boolean, "");
        check(&["F", "F"], Storage::String, "");
        check(&["y", "f"], Storage::String, "");
        check(&["true", "0"], Storage::String, "kept as text: 1 of 2 values is no number, first `true` in row 1");
    }

    #[test]
    fn dates_need_one_format_for_all_cells() {
        check(&["2026-01-02", "2026-01-02T10:00:00"], Storage::DatetimeMs, "");
        check(&["13/01/2026", "01/02/2026"], Storage::DatetimeMs, "dates were read as DD/MM/YYYY");
        check(&["01.02.2026"], Storage::DatetimeMs, "dates were read as DD.MM.YYYY");
        check(
            &["01/02/2026", "03/04/2026"],
            Storage::String,
            "kept as text: every date could be day-first or month-first; write dates as YYYY-MM-DD",
        );
        check(
            &["2026-01-02", "2026-01-03", "soon"],
            Storage::String,
            "kept as text: 1 of 3 values is no date of one format, first `soon` in row 3",
        );
        check(
            &["2026-01-02T10:00Z", "2026-01-02T10:00"],
            Storage::DatetimeMs,
            "1 of 2 times name no zone and count as UTC",
        );
    }

    #[test]
    fn columns_without_values() {
        check(&["", "NA"], Storage::Float64, "no cell has a value");
        check(&["", " "], Storage::String, "");
    }

    #[test]
    fn text_kinds_follow_length_spaces_and_distinct_values() {
        let facts = |values, distinct, chars: u64, spaces: u64, spaced| TextFacts {
            values,
            distinct,
            chars: chars * values,
            longest: chars,
            spaces: spaces * values,
            spaced,
        };
        let kind = |f| kind_of_text(&f, KindHint::None);
        assert_eq!(kind(facts(100, 100, 8, 0, 0)), ColumnKind::Identifier);
        assert_eq!(kind(facts(10, 10, 8, 0, 0)), ColumnKind::Categorical);
        assert_eq!(kind(facts(100, 60, 8, 0, 0)), ColumnKind::Text);
        assert_eq!(kind(facts(100_000, 900, 8, 0, 0)), ColumnKind::Categorical);
        assert_eq!(kind(facts(100_000, 1001, 8, 0, 0)), ColumnKind::Text);
        assert_eq!(kind(facts(100, 40, 41, 0, 0)), ColumnKind::Text);
        assert_eq!(kind(facts(60, 40, 20, 3, 60)), ColumnKind::Text);
        assert_eq!(kind_of_text(&facts(100, 100, 8, 0, 0), KindHint::Flawed), ColumnKind::Text);
    }

    #[test]
    fn whole_number_kinds() {
        assert_eq!(kind_of_whole_numbers("churn", 10, 2, 0, 1), ColumnKind::Boolean);
        assert_eq!(kind_of_whole_numbers("x", 10, 1, 0, 0), ColumnKind::Numeric);
        for name in ["id", "user_id", "customerID", "PassengerId", "Index"] {
            assert_eq!(kind_of_whole_numbers(name, 10, 10, 1, 10), ColumnKind::Identifier, "{name}");
        }
        for name in ["paid", "COVID", "amount"] {
            assert_eq!(kind_of_whole_numbers(name, 10, 10, 1, 10), ColumnKind::Numeric, "{name}");
        }
        assert_eq!(kind_of_whole_numbers("id", 10, 9, 1, 10), ColumnKind::Numeric);
    }
}
