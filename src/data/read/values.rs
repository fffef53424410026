//! Cells that bring a type of their own, one by one: those of JSON, of workbooks, of SQLite. What their column is,
//! `gauge` decides; here they become cells of its storage.

use super::NullTokens;
use crate::data::builder::CellsBuilder;
use crate::data::dates::{self, DateFormat};
use crate::data::infer::{self, MAX_EXACT, Typed};
use crate::data::numbers;
use crate::data::table::{format_datetime, format_number};
use crate::domain::preview::Misfit;
use crate::domain::schema::Storage;
use crate::domain::words::{counted, thousands};

/// Cells that do not fit are shown up to this number.
pub const MISFITS: usize = 20;
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

/// How a column is converted.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub typed: Typed,
    /// Dates by the pattern a user gave; else by `typed.date_format`.
    pub pattern: Option<String>,
}

/// Where the first one stands.
pub fn place(first: Option<&Misfit>) -> String {
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
