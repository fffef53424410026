//! The storage of a column by the rules of `infer`, what to tell about it, and which cells do not fit.

use super::dates::DateFormat;
use super::error::clip;
use super::infer::{Fault, KindHint, Observed, Typed, is_decimal_comma};
use super::numbers::Marks;
use crate::domain::preview::Misfit;
use crate::domain::schema::Storage;
use crate::domain::words::{counted, thousands};

/// A text column is worth a note if at least this share of its cells has the type it missed.
const ALMOST: f64 = 0.5;

/// What was decided about a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub typed: Typed,
    /// Share of the cells with a value that fit the type most of them have (0 to 1).
    pub fitting: f64,
    /// The first cells that do not.
    pub misfits: Vec<Misfit>,
}

/// What the user decided about a column, ready for use.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decided {
    pub storage: Option<Storage>,
    pub format: Option<DateFormat>,
}

impl Decided {
    /// Do the cells decide?
    pub fn is_open(&self) -> bool {
        self.storage.is_none() && self.format.is_none()
    }
}

impl Observed {
    pub fn verdict(&self, decided: &Decided, marks: Marks) -> Verdict {
        match decided.storage.or(decided.format.is_some().then_some(Storage::DatetimeMs)) {
            Some(storage) => self.forced(storage, decided.format),
            None => self.guessed(marks),
        }
    }

    fn numbers(&self) -> u64 {
        self.whole + self.fractional + self.leading_zeros
    }

    fn guessed(&self, marks: Marks) -> Verdict {
        let mut typed = Typed::new(Storage::String);
        let mut fault = None;
        let numbers = self.whole + self.fractional;
        if self.values == 0 && self.blank == 0 {
            typed.storage = Storage::Float64;
            typed.notes.push("no cell has a value".into());
        } else if self.leading_zeros > 0 {
            let what = counted(self.leading_zeros, "value has", "values have");
            typed.notes.push(format!("kept as text: {what} leading zeros, first {}", self.example(Fault::LeadingZero)));
        } else if numbers > 0 && numbers + self.not_a_number == self.values {
            self.as_number(&mut typed);
        } else if self.is_boolean() {
            typed.storage = Storage::Boolean;
            self.note_blank(&mut typed);
            typed.true_spellings = self.trues.iter().cloned().collect();
            typed.false_spellings = self.falses.iter().cloned().collect();
        } else {
            fault = self.as_date_or_text(&mut typed, marks);
        }
        self.with_misfits(typed, fault)
    }

    fn with_misfits(&self, typed: Typed, fault: Option<(Fault, u64)>) -> Verdict {
        let Some((fault, n)) = fault else { return Verdict { typed, fitting: 1.0, misfits: Vec::new() } };
        let misfit = |(row, text): &(u64, String)| Misfit { row: row + 1, text: text.clone() };
        let misfits = self.examples(fault).iter().map(misfit).collect();
        Verdict { typed, fitting: 1.0 - n as f64 / self.values.max(1) as f64, misfits }
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
            self.note_floats(typed);
        }
        self.note_blank(typed);
    }

    fn note_floats(&self, typed: &mut Typed) {
        if self.beyond_exact > 0 {
            let what = counted(self.beyond_exact, "whole number beyond 2^53 was", "whole numbers beyond 2^53 were");
            typed.notes.push(format!("{what} rounded"));
        }
        if self.infinite > 0 {
            let what = counted(self.infinite, "value is infinite", "values are infinite");
            typed.notes.push(format!("{what}, first {}", self.example(Fault::Infinite)));
        }
    }

    fn note_blank(&self, typed: &mut Typed) {
        if self.blank > 0 {
            let what = counted(self.blank, "cell of only spaces counts", "cells of only spaces count");
            typed.notes.push(format!("{what} as missing"));
        }
    }

    /// Returns what most cells are not at fault with, if some are.
    fn as_date_or_text(&self, typed: &mut Typed, marks: Marks) -> Option<(Fault, u64)> {
        let complete = |format: usize| self.values > 0 && self.dates[format] == self.values;
        let [_, _, day_first, month_first, _] = [0, 1, 2, 3, 4].map(complete);
        if day_first && month_first {
            typed.hint = KindHint::Flawed;
            let note = "kept as text: every date could be day-first or month-first; write dates as YYYY-MM-DD";
            typed.notes.push(note.into());
            return None;
        }
        if let Some(format) = (0..5).find(|&f| complete(f)) {
            self.as_date(DateFormat::ALL[format], self.values, typed);
            return None;
        }
        let numbers = self.whole + self.fractional;
        let dates = self.dates.iter().copied().max().unwrap_or(0);
        let most = |n: u64| n as f64 >= ALMOST * self.values as f64 && n > 0;
        let mut fault = None;
        if most(numbers) {
            let others = self.values - numbers - self.not_a_number;
            typed.hint = KindHint::Flawed;
            self.note_almost(others, "number", Fault::NoNumber, typed);
            fault = Some((Fault::NoNumber, others));
        } else if self.undated == 0 && numbers + self.not_a_number == 0 && dates > 0 {
            let formats = (0..5).filter(|&f| self.dates[f] > 0);
            let formats: Vec<String> =
                formats.map(|f| format!("{} {}", thousands(self.dates[f]), DateFormat::ALL[f].pattern())).collect();
            typed.hint = KindHint::Flawed;
            typed.notes.push(format!("kept as text: the dates are in several formats ({})", formats.join(", ")));
        } else if most(dates) {
            typed.hint = KindHint::Flawed;
            self.note_almost(self.values - dates, "date of one format", Fault::NoDate, typed);
            fault = Some((Fault::NoDate, self.values - dates));
        } else if most(self.short_years) {
            typed.hint = KindHint::Flawed;
            typed.notes.push(
                "kept as text: the years of these dates have two digits, which could be any century; give the column \
                 a date format such as %d.%m.%y"
                    .into(),
            );
        }
        if marks == Marks::POINT
            && let Some((_, cell)) = self.examples(Fault::NoNumber).first()
            && is_decimal_comma(cell)
        {
            typed.notes.push(format!("`{}` looks like a decimal comma; numbers need a point", clip(cell)));
        }
        fault
    }

    fn note_almost(&self, n: u64, what: &str, fault: Fault, typed: &mut Typed) {
        let first = self.example(fault);
        let first = if first.is_empty() { first } else { format!(", first {first}") };
        typed.notes.push(format!(
            "kept as text: {} of {} values {} no {what}{first}",
            thousands(n),
            thousands(self.values),
            if n == 1 { "is" } else { "are" },
        ));
    }

    fn as_date(&self, format: DateFormat, dates: u64, typed: &mut Typed) {
        typed.storage = Storage::DatetimeMs;
        if format != DateFormat::Iso {
            typed.notes.push(format!("dates were read as {}", format.pattern()));
        }
        typed.date_format = Some(format);
        if self.zoned > 0 && self.zoned < dates {
            let n = thousands(dates - self.zoned);
            typed.notes.push(format!("{n} of {} times name no zone and count as UTC", thousands(dates)));
        }
        if self.shifted > 0 {
            let what = counted(self.shifted, "time in another zone was", "times in other zones were");
            typed.notes.push(format!("{what} converted to UTC"));
        }
        if self.cut > 0 {
            typed.notes.push(format!("{} cut to milliseconds", counted(self.cut, "time was", "times were")));
        }
        self.note_blank(typed);
    }

    /// The storage the user asked for; cells that do not fit become missing, and that is said.
    fn forced(&self, storage: Storage, format: Option<DateFormat>) -> Verdict {
        let mut typed = Typed::new(storage);
        let (what, fault, fits) = match storage {
            Storage::String => return self.with_misfits(typed, None),
            Storage::Float64 => {
                self.note_floats(&mut typed);
                ("number", Fault::NoNumber, self.numbers() + self.not_a_number)
            }
            Storage::Int64 => {
                ("whole number", Fault::NotWhole, self.whole + self.leading_zeros + self.not_a_number - self.beyond_int)
            }
            Storage::Boolean => {
                typed.true_spellings = self.trues.iter().cloned().collect();
                typed.false_spellings = self.falses.iter().cloned().collect();
                if self.bits > 0 {
                    typed.true_spellings.insert(0, "1".into());
                    typed.false_spellings.insert(0, "0".into());
                }
                ("boolean", Fault::NoBoolean, self.booleans + self.bits)
            }
            Storage::DatetimeMs => {
                let best = (0..5).rev().max_by_key(|&f| self.dates[f]).unwrap_or(0);
                let (fits, fault) = match format {
                    Some(_) => (self.in_format, Fault::NotInFormat),
                    None => (self.dates[best], Fault::NoDate),
                };
                self.as_date(format.unwrap_or_else(|| DateFormat::ALL[best]), fits, &mut typed);
                ("date of that format", fault, fits)
            }
        };
        if storage != Storage::DatetimeMs {
            self.note_blank(&mut typed);
        }
        let others = self.values - fits.min(self.values);
        if others == 0 {
            return self.with_misfits(typed, None);
        }
        let mut verdict = self.with_misfits(typed, Some((fault, others)));
        if storage == Storage::Int64 {
            let both = [Fault::NoNumber, Fault::NotWhole].map(|f| self.examples(f)).concat();
            verdict.misfits = both.into_iter().map(|(row, text)| Misfit { row: row + 1, text }).collect();
            verdict.misfits.sort_by_key(|m| m.row);
            verdict.misfits.truncate(super::infer::MAX_EXAMPLES);
        }
        let first = verdict.misfits.first();
        let first = first.map_or_else(String::new, |m| named(m.row, &m.text));
        let what = format!("{} no {what} and became missing", counted(others, "value is", "values are"));
        verdict.typed.notes.push(if first.is_empty() { what } else { format!("{what}, first {first}") });
        verdict
    }

    fn example(&self, fault: Fault) -> String {
        self.examples(fault).first().map_or_else(String::new, |(row, cell)| named(row + 1, cell))
    }
}

fn named(row: u64, cell: &str) -> String {
    format!("`{}` in row {}", clip(cell), thousands(row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::infer::Rules;
    use crate::data::read::{NullTokens, default_options};

    fn verdict(cells: &[&str], decided: &Decided) -> Verdict {
        let nulls = NullTokens::new(&default_options().null_tokens);
        let rules = Rules { nulls: &nulls, marks: Marks::POINT, format: decided.format.as_ref() };
        let mut observed = Observed::default();
        for (row, cell) in cells.iter().enumerate() {
            let faults = observed.add(cell, 1, &rules);
            observed.remember(faults, row as u64, cell);
        }
        observed.verdict(decided, Marks::POINT)
    }

    fn typed(cells: &[&str]) -> Typed {
        verdict(cells, &Decided::default()).typed
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
        for pair in [["on", "OFF"], ["ja", "nein"], ["oui", "Non"], ["si", "no"], ["是", "否"], ["j", "n"]] {
            check(&pair, Storage::Boolean, "");
        }
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
        check(
            &["2026-01-02", "01/02/2026"],
            Storage::String,
            "kept as text: the dates are in several formats (1 YYYY-MM-DD, 1 DD/MM/YYYY, 1 MM/DD/YYYY)",
        );
        check(
            &["2026-01-02T10:00+02:00", "2026-01-02T10:00Z"],
            Storage::DatetimeMs,
            "1 time in another zone was converted to UTC",
        );
        check(
            &["01.02.26", "03.04.27"],
            Storage::String,
            "kept as text: the years of these dates have two digits, which could be any century; give the column a date \
             format such as %d.%m.%y",
        );
    }

    #[test]
    fn columns_without_values() {
        check(&["", "NA"], Storage::Float64, "no cell has a value");
        check(&["", " "], Storage::String, "");
    }
}
