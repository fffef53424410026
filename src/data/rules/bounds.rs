//! Limits made ready for the storage of their column.

use super::{Observed, RuleOutcome, Stop};
use crate::data::dates::{self, DateFormat};
use crate::data::infer;
use crate::domain::schema::{ColumnSchema, Storage};
use crate::domain::suite::{Bounds, Scalar};

const DAY_MS: i64 = 86_400_000;

/// From the first to the last number, both included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct NumberRange {
    pub low: f64,
    pub high: f64,
    /// As the rule says them.
    min: Option<f64>,
    max: Option<f64>,
}

impl NumberRange {
    /// Bounds that are no numbers are none; a rule with such bounds is refused before.
    pub fn new(bounds: &Bounds) -> Self {
        let (min, max) = (bounds.min.as_ref().and_then(Scalar::number), bounds.max.as_ref().and_then(Scalar::number));
        Self::of(min, max, bounds)
    }

    fn of(min: Option<f64>, max: Option<f64>, bounds: &Bounds) -> Self {
        let low = min.map_or(f64::NEG_INFINITY, |x| if bounds.strict_min { x.next_up() } else { x });
        let high = max.map_or(f64::INFINITY, |x| if bounds.strict_max { x.next_down() } else { x });
        Self { low, high, min, max }
    }

    /// Bounds of a statistic of this column; those of dates are in milliseconds.
    pub fn of_column(bounds: &Bounds, column: &ColumnSchema) -> Result<Self, Stop> {
        if column.storage != Storage::DatetimeMs {
            let number = |bound: &Option<Scalar>| match bound {
                Some(bound) => number(bound, column).map(Some),
                None => Ok(None),
            };
            return Ok(Self::of(number(&bounds.min)?, number(&bounds.max)?, bounds));
        }
        let (low, high) = int_range(bounds, column)?;
        let (min, max) = (bounds.min.as_ref().map(|_| low as f64), bounds.max.as_ref().map(|_| high as f64));
        Ok(Self::of(min, max, &Bounds::default()))
    }

    pub fn holds(&self, x: f64) -> bool {
        self.low <= x && x <= self.high
    }

    /// Holds a number against the limits. One that is not there (`NaN`) breaks them.
    pub fn judge(&self, x: f64) -> RuleOutcome {
        let outcome = RuleOutcome::held_if(self.holds(x));
        RuleOutcome { observed: Some(Observed::Number(x)), limit: self.nearest(x), ..outcome }
    }

    /// The limit that is nearest to being broken, or broken.
    pub fn nearest(&self, x: f64) -> Option<f64> {
        match (self.min, self.max) {
            (Some(min), Some(max)) => Some(if (x - min).abs() <= (x - max).abs() { min } else { max }),
            (min, max) => min.or(max),
        }
    }
}

/// A value as a number of this column.
pub(super) fn number(value: &Scalar, column: &ColumnSchema) -> Result<f64, Stop> {
    let read = match value {
        Scalar::Whole(x) => Some(*x as f64),
        Scalar::Number(x) => Some(*x),
        Scalar::Bool(x) => Some(f64::from(u8::from(*x))),
        Scalar::Text(text) => infer::number(text.trim()).filter(|x| x.is_finite()),
    };
    read.ok_or_else(|| mismatch(value, column, "a number"))
}

/// The first and last whole number, or millisecond, that `value` means: a day lasts until midnight; 2.5 lies between
/// two, so its first is above its last.
pub(super) fn whole(value: &Scalar, column: &ColumnSchema) -> Result<(i128, i128), Stop> {
    if column.storage == Storage::DatetimeMs {
        return match value {
            Scalar::Whole(ms) => Ok((i128::from(*ms), i128::from(*ms))),
            Scalar::Text(text) => {
                let expected = "a date such as 2026-03-01 or a time such as 2026-03-01T12:30";
                let text = text.trim();
                let moment = dates::parse(text, DateFormat::Iso).ok_or_else(|| mismatch(value, column, expected))?;
                let length = if text.len() <= "2026-03-01".len() { DAY_MS } else { 1 };
                Ok((i128::from(moment.ms), i128::from(moment.ms) + i128::from(length) - 1))
            }
            _ => Err(mismatch(value, column, "a date such as 2026-03-01")),
        };
    }
    if let Scalar::Whole(x) = value {
        return Ok((i128::from(*x), i128::from(*x)));
    }
    if let (Scalar::Text(text), Storage::Boolean) = (value, column.storage) {
        let spelled = |spellings: &[String]| spellings.contains(text);
        let truth = match infer::boolean(text.trim()) {
            _ if spelled(&column.true_spellings) => Some(true),
            _ if spelled(&column.false_spellings) => Some(false),
            truth => truth,
        };
        let truth = truth.ok_or_else(|| mismatch(value, column, "true or false"))?;
        return Ok((i128::from(truth), i128::from(truth)));
    }
    if let Scalar::Text(text) = value
        && let Ok(exact) = text.trim().parse::<i64>()
    {
        return Ok((i128::from(exact), i128::from(exact)));
    }
    let x = number(value, column)?;
    Ok((x.ceil() as i128, x.floor() as i128))
}

/// Both ends included; nothing lies between when the first is above the second.
pub(super) fn int_range(bounds: &Bounds, column: &ColumnSchema) -> Result<(i64, i64), Stop> {
    let low = match &bounds.min {
        None => i128::from(i64::MIN),
        Some(min) => {
            let (first, last) = whole(min, column)?;
            // Above 2.5 and at least 2.5 begin at 3 alike.
            if bounds.strict_min && first <= last { last + 1 } else { first }
        }
    };
    let high = match &bounds.max {
        None => i128::from(i64::MAX),
        Some(max) => {
            let (first, last) = whole(max, column)?;
            if bounds.strict_max && first <= last { first - 1 } else { last }
        }
    };
    Ok(clamped(low, high).unwrap_or((1, 0)))
}

/// `None` when no whole number of 64 bits lies between.
pub(super) fn clamped(low: i128, high: i128) -> Option<(i64, i64)> {
    let (low, high) = (low.max(i128::from(i64::MIN)), high.min(i128::from(i64::MAX)));
    (low <= high).then_some((low as i64, high as i64))
}

pub(super) fn mismatch(value: &Scalar, column: &ColumnSchema, expected: &str) -> Stop {
    Stop::impossible(format!(
        "column `{}` holds {}: expected {expected}, found {}",
        column.name,
        holds(column.storage),
        value.words()
    ))
}

/// What a column of this storage holds, for messages.
pub(super) fn holds(storage: Storage) -> &'static str {
    match storage {
        Storage::Float64 => "numbers",
        Storage::Int64 => "whole numbers",
        Storage::Boolean => "true and false",
        Storage::DatetimeMs => "dates",
        Storage::String => "texts",
    }
}
