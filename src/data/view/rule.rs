//! One condition made ready for the storage of its column.
//!
//! Whatever has an order becomes a list of closed ranges, so that cells, and the smallest and largest value of a row
//! group, are tested alike. Whole numbers stay exact.

use super::bits::Bits;
use crate::data::dates::{self, DateFormat};
use crate::data::error::{LoadError, clip};
use crate::data::infer;
use crate::data::table::Cells;
use crate::domain::filter::{Comparison, Part, Test};
use crate::domain::schema::{ColumnKind, ColumnSchema, Storage};

const DAY_MS: i64 = 86_400_000;

/// Missing cells pass no rule but [`Rule::Missing`]; `inside: false` asks for the others among those present.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    Missing(bool),
    Floats {
        ranges: Vec<(f64, f64)>,
        inside: bool,
    },
    /// Whole numbers, and datetimes in milliseconds.
    Ints {
        ranges: Vec<(i64, i64)>,
        inside: bool,
    },
    /// Whether false and true pass.
    Booleans([bool; 2]),
    Texts {
        values: Vec<String>,
        inside: bool,
    },
    /// In lower case.
    Part {
        part: Part,
        text: String,
        inside: bool,
    },
}

/// What the statistics of a row group know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Span {
    Floats(f64, f64),
    Ints(i64, i64),
}

impl Rule {
    /// Errors: a value that does not fit the column, or an order where there is none.
    pub fn new(test: &Test, column: &ColumnSchema) -> Result<Self, LoadError> {
        let typed = Typed { column };
        let words = |words: &[&str]| typed.equal_to(words);
        match test {
            Test::Missing => Ok(Self::Missing(true)),
            Test::Present => Ok(Self::Missing(false)),
            Test::Part(part, word) => Ok(Self::Part { part: *part, text: word.text.to_lowercase(), inside: true }),
            Test::In(values) => words(&values.iter().map(|w| w.text.as_str()).collect::<Vec<_>>()),
            Test::Compare(Comparison::Equal, word) => words(&[&word.text]),
            Test::Compare(Comparison::NotEqual, word) => Ok(words(&[&word.text])?.opposite()),
            Test::Compare(Comparison::Less, word) => Ok(typed.at_least(&word.text)?.opposite()),
            Test::Compare(Comparison::GreaterOrEqual, word) => typed.at_least(&word.text),
            Test::Compare(Comparison::LessOrEqual, word) => typed.between(None, Some(&word.text)),
            Test::Compare(Comparison::Greater, word) => Ok(typed.between(None, Some(&word.text))?.opposite()),
            Test::Between(low, high) => typed.between(Some(&low.text), Some(&high.text)),
        }
    }

    /// Passes the cells that are present and fail this rule.
    pub fn opposite(self) -> Self {
        match self {
            Self::Missing(wanted) => Self::Missing(!wanted),
            Self::Floats { ranges, inside } => Self::Floats { ranges, inside: !inside },
            Self::Ints { ranges, inside } => Self::Ints { ranges, inside: !inside },
            Self::Booleans([no, yes]) => Self::Booleans([!no, !yes]),
            Self::Texts { values, inside } => Self::Texts { values, inside: !inside },
            Self::Part { part, text, inside } => Self::Part { part, text, inside: !inside },
        }
    }

    pub fn apply(&self, cells: &Cells) -> Bits {
        let n = cells.len();
        match (self, cells) {
            (Self::Missing(wanted), _) => Bits::of(n, |row| cells.is_missing(row) == *wanted),
            (Self::Floats { ranges, inside }, Cells::Float(v)) => {
                Bits::of(n, |row| !v[row].is_nan() && within(ranges, v[row]) == *inside)
            }
            (Self::Ints { ranges, inside }, Cells::Int(v) | Cells::DatetimeMs(v)) => {
                Bits::of(n, |row| v[row].is_some_and(|x| within(ranges, x) == *inside))
            }
            (Self::Booleans(pass), Cells::Boolean(v)) => {
                Bits::of(n, |row| v[row].is_some_and(|x| pass[usize::from(x)]))
            }
            (Self::Texts { values, inside }, Cells::Text(d)) => {
                let pass: Vec<bool> = d.values.iter().map(|v| values.binary_search(v).is_ok() == *inside).collect();
                Bits::of(n, |row| pass.get(d.codes[row] as usize).is_some_and(|p| *p))
            }
            (Self::Part { part, text, inside }, Cells::Text(d)) => {
                let pass: Vec<bool> = d.values.iter().map(|v| has_part(*part, v, text) == *inside).collect();
                Bits::of(n, |row| pass.get(d.codes[row] as usize).is_some_and(|p| *p))
            }
            (Self::Part { part, text, inside }, _) => {
                Bits::of(n, |row| cells.text(row).is_some_and(|cell| has_part(*part, &cell, text) == *inside))
            }
            _ => Bits::none(n),
        }
    }

    /// Whether no cell from the smallest to the largest value can pass; missing cells apart.
    pub fn passes_none_of(&self, span: Span) -> bool {
        match (self, span) {
            (Self::Floats { ranges, inside: true }, Span::Floats(min, max)) => apart(ranges, min, max),
            (Self::Floats { ranges, inside: false }, Span::Floats(min, max)) => covered(ranges, min, max),
            (Self::Ints { ranges, inside: true }, Span::Ints(min, max)) => apart(ranges, min, max),
            (Self::Ints { ranges, inside: false }, Span::Ints(min, max)) => covered(ranges, min, max),
            _ => false,
        }
    }
}

fn within<T: PartialOrd + Copy>(ranges: &[(T, T)], x: T) -> bool {
    ranges.iter().any(|&(low, high)| low <= x && x <= high)
}

fn apart<T: PartialOrd + Copy>(ranges: &[(T, T)], min: T, max: T) -> bool {
    ranges.iter().all(|&(low, high)| max < low || high < min)
}

fn covered<T: PartialOrd + Copy>(ranges: &[(T, T)], min: T, max: T) -> bool {
    ranges.iter().any(|&(low, high)| low <= min && max <= high)
}

fn has_part(part: Part, cell: &str, lower: &str) -> bool {
    let cell = cell.to_lowercase();
    match part {
        Part::Contains => cell.contains(lower),
        Part::StartsWith => cell.starts_with(lower),
        Part::EndsWith => cell.ends_with(lower),
    }
}

/// Reads values as the column's storage wants them.
struct Typed<'a> {
    column: &'a ColumnSchema,
}

impl Typed<'_> {
    fn equal_to(&self, words: &[&str]) -> Result<Rule, LoadError> {
        let inside = true;
        match self.column.storage {
            Storage::Float64 => {
                let range = |word: &&str| self.float(word).map(|x| (x, x));
                Ok(Rule::Floats { ranges: words.iter().map(range).collect::<Result<_, _>>()?, inside })
            }
            Storage::Int64 | Storage::DatetimeMs => {
                let ranges = words.iter().map(|word| self.whole(word)).collect::<Result<Vec<_>, _>>()?;
                Ok(Rule::Ints {
                    ranges: ranges.into_iter().filter_map(|(low, high)| clamped(low, high)).collect(),
                    inside,
                })
            }
            Storage::Boolean => {
                let mut pass = [false; 2];
                for word in words {
                    pass[usize::from(self.boolean(word)?)] = true;
                }
                Ok(Rule::Booleans(pass))
            }
            Storage::String => {
                let mut values: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
                values.sort();
                Ok(Rule::Texts { values, inside })
            }
        }
    }

    fn at_least(&self, low: &str) -> Result<Rule, LoadError> {
        self.between(Some(low), None)
    }

    /// From the beginning of `low` to the end of `high`: a day ends at midnight.
    fn between(&self, low: Option<&str>, high: Option<&str>) -> Result<Rule, LoadError> {
        match self.column.storage {
            Storage::Float64 => {
                let low = low.map_or(Ok(f64::NEG_INFINITY), |word| self.float(word))?;
                let high = high.map_or(Ok(f64::INFINITY), |word| self.float(word))?;
                Ok(Rule::Floats { ranges: vec![(low, high)], inside: true })
            }
            Storage::Int64 | Storage::DatetimeMs => {
                let low = low.map_or(Ok(i128::MIN), |word| self.whole(word).map(|w| w.0))?;
                let high = high.map_or(Ok(i128::MAX), |word| self.whole(word).map(|w| w.1))?;
                Ok(Rule::Ints { ranges: clamped(low, high).into_iter().collect(), inside: true })
            }
            Storage::Boolean | Storage::String => Err(LoadError::FilterOrder { column: self.column.name.clone() }),
        }
    }

    fn wrong(&self, value: &str, expected: &'static str) -> LoadError {
        LoadError::FilterValue { column: self.column.name.clone(), value: clip(value), expected }
    }

    fn float(&self, word: &str) -> Result<f64, LoadError> {
        let number = infer::number(word.trim()).filter(|x| !x.is_nan());
        number.ok_or_else(|| self.wrong(word, "a number such as 12.5"))
    }

    /// The first and last whole number that equal `word`; the first lies above the last when none does (2.5).
    fn whole(&self, word: &str) -> Result<(i128, i128), LoadError> {
        let word = word.trim();
        if self.column.storage == Storage::DatetimeMs {
            let start = dates::parse(word, DateFormat::Iso)
                .ok_or_else(|| self.wrong(word, "a date such as 2026-03-01 or a time such as 2026-03-01T12:30"))?
                .ms;
            let length = if word.len() <= "2026-03-01".len() { DAY_MS } else { 1 };
            return Ok((i128::from(start), i128::from(start) + i128::from(length) - 1));
        }
        if let Ok(exact) = word.parse::<i64>() {
            return Ok((i128::from(exact), i128::from(exact)));
        }
        if self.column.kind == ColumnKind::Boolean
            && let Some(truth) = infer::boolean(word)
        {
            return Ok((i128::from(truth), i128::from(truth)));
        }
        let number = self.float(word)?;
        Ok((number.ceil() as i128, number.floor() as i128))
    }

    fn boolean(&self, word: &str) -> Result<bool, LoadError> {
        let word = word.trim();
        let spelled = |spellings: &[String]| spellings.iter().any(|s| s.trim() == word);
        let truth = match infer::boolean(word) {
            _ if spelled(&self.column.true_spellings) => Some(true),
            _ if spelled(&self.column.false_spellings) => Some(false),
            truth => truth.or(match word {
                "1" => Some(true),
                "0" => Some(false),
                _ => None,
            }),
        };
        truth.ok_or_else(|| self.wrong(word, "true or false"))
    }
}

fn clamped(low: i128, high: i128) -> Option<(i64, i64)> {
    let (low, high) = (low.max(i128::from(i64::MIN)), high.min(i128::from(i64::MAX)));
    (low <= high).then_some((low as i64, high as i64))
}
