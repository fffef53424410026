//! What a rule asks of each cell of a column, as a test that a pass over the cells can run.

use std::collections::HashSet;

use super::{Column, plain};
use crate::data::dates::{self, DateFormat};
use crate::data::error::LoadError;
use crate::data::rules::aggregate::Moments;
use crate::data::rules::bounds::{self, NumberRange, clamped, int_range, number, whole};
use crate::data::rules::cells::{CellTest, Last, Order, TextTest};
use crate::data::rules::keys::{self, Counts};
use crate::data::rules::{RuleOutcome, Stop};
use crate::data::table::Cells;
use crate::domain::pattern::{Pattern, PatternProblem};
use crate::domain::schema::Storage;
use crate::domain::suite::{Bounds, Scalar, Test, Which};

impl Column<'_, '_> {
    pub(super) fn cell_test(&self, test: &Test) -> Result<CellTest, Stop> {
        use Test as T;
        let order = |descending, strictly| Ok(CellTest::Order(Order { descending, strictly, last: Last::None }));
        let text = |holds: TextTest| Ok(CellTest::Text(holds));
        match test {
            T::ColumnValuesNotNull { .. } => Ok(CellTest::Present),
            T::ColumnValuesNull { .. } => Ok(CellTest::Missing),
            T::ColumnValuesUnique { .. } => Ok(CellTest::Unique(keys::repeated(self.rows, self.column)?)),
            T::ColumnValuesBetween { bounds, .. } => self.between(bounds),
            T::ColumnValuesInSet { value_set, .. } => self.set(value_set, true),
            T::ColumnValuesNotInSet { value_set, .. } => self.set(value_set, false),
            T::ColumnValueLengthsBetween { bounds, .. } => {
                let range = NumberRange::new(bounds);
                text(Box::new(move |cell| range.holds(cell.chars().count() as f64)))
            }
            T::ColumnValueLengthsEqual { value, .. } => {
                let value = *value;
                text(Box::new(move |cell| cell.chars().count() as u64 == value))
            }
            T::ColumnValuesMatchRegex { regex, .. } => matching(&[regex], Pattern::regex, Which::Any, true),
            T::ColumnValuesNotMatchRegex { regex, .. } => matching(&[regex], Pattern::regex, Which::Any, false),
            T::ColumnValuesMatchRegexList { regex_list, match_on, .. } => {
                matching(&all(regex_list), Pattern::regex, *match_on, true)
            }
            T::ColumnValuesNotMatchRegexList { regex_list, .. } => {
                matching(&all(regex_list), Pattern::regex, Which::Any, false)
            }
            T::ColumnValuesMatchLikePattern { like_pattern, .. } => {
                matching(&[like_pattern], Pattern::like, Which::Any, true)
            }
            T::ColumnValuesNotMatchLikePattern { like_pattern, .. } => {
                matching(&[like_pattern], Pattern::like, Which::Any, false)
            }
            T::ColumnValuesMatchLikePatternList { like_pattern_list, match_on, .. } => {
                matching(&all(like_pattern_list), Pattern::like, *match_on, true)
            }
            T::ColumnValuesNotMatchLikePatternList { like_pattern_list, .. } => {
                matching(&all(like_pattern_list), Pattern::like, Which::Any, false)
            }
            T::ColumnValuesMatchStrftimeFormat { strftime_format, .. } => {
                let format = strftime_format.clone();
                text(Box::new(move |cell| is_written_as(cell, &format)))
            }
            T::ColumnValuesDateParseable { .. } => {
                text(Box::new(|cell| DateFormat::ALL.iter().any(|format| dates::read(cell, format).is_some())))
            }
            T::ColumnValuesJsonParseable { .. } => {
                text(Box::new(|cell| serde_json::from_str::<serde::de::IgnoredAny>(cell).is_ok()))
            }
            T::ColumnValuesStartWith { text: part, .. } => {
                let part = part.clone();
                text(Box::new(move |cell| cell.starts_with(&part)))
            }
            T::ColumnValuesEndWith { text: part, .. } => {
                let part = part.clone();
                text(Box::new(move |cell| cell.ends_with(&part)))
            }
            T::ColumnValuesContain { text: part, .. } => {
                let part = part.clone();
                text(Box::new(move |cell| cell.contains(&part)))
            }
            T::ColumnValuesFinite { .. } => match self.schema.storage {
                Storage::String => Err(self.not_for("finite numbers")),
                _ => Ok(CellTest::Finite),
            },
            T::ColumnValuesIncreasing { strictly, .. } => order(false, *strictly),
            T::ColumnValuesDecreasing { strictly, .. } => order(true, *strictly),
            T::ColumnValuesInReferenceSet { .. } => self.in_reference_set(),
            T::ColumnValuesInReferenceRange { .. } => self.in_reference_range(),
            _ => Err(Stop::impossible("this is no test of cells")),
        }
    }

    fn between(&self, bounds: &Bounds) -> Result<CellTest, Stop> {
        match self.schema.storage {
            Storage::Float64 => {
                let range = NumberRange::of_column(bounds, self.schema)?;
                Ok(CellTest::Floats { low: range.low, high: range.high })
            }
            Storage::Int64 | Storage::Boolean | Storage::DatetimeMs => {
                let (low, high) = int_range(bounds, self.schema)?;
                Ok(CellTest::Ints { low, high })
            }
            // Texts are ordered by their letters, which suits dates and codes of equal length.
            Storage::String => {
                let end = |bound: &Option<Scalar>| match bound {
                    None => Ok(None),
                    Some(Scalar::Text(text)) => Ok(Some(text.clone())),
                    Some(other) => Err(bounds::mismatch(other, self.schema, "a text")),
                };
                let (low, high) = (end(&bounds.min)?, end(&bounds.max)?);
                let (strict_low, strict_high) = (bounds.strict_min, bounds.strict_max);
                Ok(CellTest::Text(Box::new(move |cell| {
                    let above = |low: &String| if strict_low { cell > low.as_str() } else { cell >= low.as_str() };
                    let below = |high: &String| if strict_high { cell < high.as_str() } else { cell <= high.as_str() };
                    low.as_ref().is_none_or(above) && high.as_ref().is_none_or(below)
                })))
            }
        }
    }

    fn set(&self, set: &[Scalar], inside: bool) -> Result<CellTest, Stop> {
        match self.schema.storage {
            Storage::Float64 => {
                let mut values: Vec<f64> =
                    set.iter().map(|value| number(value, self.schema).map(|x| x + 0.0)).collect::<Result<_, _>>()?;
                values.sort_by(f64::total_cmp);
                Ok(CellTest::FloatSet { values, inside })
            }
            Storage::Int64 | Storage::Boolean | Storage::DatetimeMs => {
                let ranges: Vec<(i128, i128)> =
                    set.iter().map(|value| whole(value, self.schema)).collect::<Result<_, _>>()?;
                let mut ranges: Vec<(i64, i64)> =
                    ranges.into_iter().filter_map(|(low, high)| clamped(low, high)).collect();
                ranges.sort_unstable();
                // A day may hold a moment of it.
                let mut apart: Vec<(i64, i64)> = Vec::new();
                for (low, high) in ranges {
                    match apart.last_mut() {
                        Some((_, last)) if low <= *last => *last = high.max(*last),
                        _ => apart.push((low, high)),
                    }
                }
                Ok(CellTest::IntSet { ranges: apart, inside })
            }
            Storage::String => {
                let texts: HashSet<String> = set.iter().map(plain).collect();
                Ok(CellTest::Text(Box::new(move |cell| texts.contains(cell) == inside)))
            }
        }
    }

    fn in_reference_set(&self) -> Result<CellTest, Stop> {
        let (rows, column) = self.reference()?;
        if self.schema.storage == Storage::String {
            let mut known: HashSet<u64> = HashSet::new();
            rows.pieces::<LoadError>(&[column], |piece| {
                if let Cells::Text(dictionary) = &*piece.cells[0] {
                    let counts = dictionary.counts();
                    let used = dictionary.values.iter().zip(counts).filter(|(_, n)| *n > 0);
                    known.extend(used.map(|(text, _)| keys::text_key(text)));
                }
                Ok(())
            })?;
            return Ok(CellTest::Text(Box::new(move |cell| known.contains(&keys::text_key(cell)))));
        }
        Ok(match (Counts::of(&rows, column)?, self.schema.storage) {
            (Counts::Floats(values), Storage::Float64) => {
                CellTest::FloatSet { values: values.into_iter().map(|(x, _)| x).collect(), inside: true }
            }
            (Counts::Ints(values), Storage::Float64) => {
                CellTest::FloatSet { values: values.into_iter().map(|(x, _)| x as f64).collect(), inside: true }
            }
            (Counts::Ints(values), _) => {
                CellTest::IntSet { ranges: joined(values.into_iter().map(|(x, _)| x)), inside: true }
            }
            (Counts::Floats(values), _) => {
                let whole = values.into_iter().map(|(x, _)| x).filter(|x| x.fract() == 0.0 && x.abs() < 9e18);
                CellTest::IntSet { ranges: joined(whole.map(|x| x as i64)), inside: true }
            }
            (Counts::Texts(_), _) => return Err(self.not_for("numbers")),
        })
    }

    fn in_reference_range(&self) -> Result<CellTest, Stop> {
        let (rows, column) = self.reference()?;
        if self.schema.storage == Storage::String {
            return Err(self.not_for("numbers or dates"));
        }
        let mut floats = Moments::default();
        let mut ints: Option<(i64, i64)> = None;
        rows.pieces::<LoadError>(&[column], |piece| {
            match &*piece.cells[0] {
                Cells::Float(values) => floats.add(values),
                Cells::Int(values) | Cells::DatetimeMs(values) => {
                    for x in values.iter().flatten() {
                        ints = Some(ints.map_or((*x, *x), |(low, high)| (low.min(*x), high.max(*x))));
                    }
                }
                cells => floats.add_cells(cells),
            }
            Ok(())
        })?;
        let empty = || Stop::Outcome(RuleOutcome::skipped("The reference has no values in this column"));
        let found = (floats.min <= floats.max).then_some((floats.min, floats.max));
        match self.schema.storage {
            Storage::Float64 => {
                let (low, high) = found.or(ints.map(|(low, high)| (low as f64, high as f64))).ok_or_else(empty)?;
                Ok(CellTest::Floats { low, high })
            }
            _ => {
                let whole = |(low, high): (f64, f64)| (low.ceil() as i64, high.floor() as i64);
                let (low, high) = ints.or(found.map(whole)).ok_or_else(empty)?;
                Ok(CellTest::Ints { low, high })
            }
        }
    }

    pub(super) fn z_score(&self, test: &Test, moments: &Moments) -> Result<CellTest, Stop> {
        let Test::ColumnValueZScoresBelow { threshold, double_sided, .. } = test else {
            return Err(Stop::impossible("this is no test of z-scores"));
        };
        if matches!(self.schema.storage, Storage::String | Storage::Boolean) {
            return Err(self.not_for("numbers"));
        }
        let mean = moments.mean().unwrap_or(f64::NAN);
        let std = moments.std().unwrap_or(f64::NAN);
        Ok(CellTest::ZScore { mean, std, threshold: *threshold, double_sided: *double_sided })
    }
}

/// Ascending numbers as ranges.
fn joined(values: impl Iterator<Item = i64>) -> Vec<(i64, i64)> {
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for x in values {
        match ranges.last_mut() {
            Some((_, high)) if high.checked_add(1) == Some(x) => *high = x,
            _ => ranges.push((x, x)),
        }
    }
    ranges
}

fn all(patterns: &[String]) -> Vec<&String> {
    patterns.iter().collect()
}

fn matching(
    patterns: &[&String],
    read: fn(&str) -> Result<Pattern, PatternProblem>,
    which: Which,
    wanted: bool,
) -> Result<CellTest, Stop> {
    let read = |text: &&String| read(text).map_err(|problem| Stop::impossible(format!("its pattern: {problem}")));
    let patterns: Vec<Pattern> = patterns.iter().map(read).collect::<Result<_, _>>()?;
    Ok(CellTest::Text(Box::new(move |cell| {
        let found = match which {
            Which::Any => patterns.iter().any(|pattern| pattern.is_match(cell)),
            Which::All => patterns.iter().all(|pattern| pattern.is_match(cell)),
        };
        found == wanted
    })))
}

/// Does chrono read the whole text by this format, and is it a day that exists?
fn is_written_as(text: &str, format: &str) -> bool {
    use chrono::format::{Parsed, StrftimeItems, parse};
    let mut parsed = Parsed::new();
    if parse(&mut parsed, text, StrftimeItems::new(format)).is_err() {
        return false;
    }
    let names_a_day = parsed.year().is_some() && (parsed.day().is_some() || parsed.ordinal().is_some());
    let names_a_day = names_a_day || (parsed.year_mod_100().is_some() && parsed.day().is_some());
    !names_a_day || parsed.to_naive_date().is_ok()
}
