//! Expressions over rows, a piece of the table at a time. See [`crate::domain::expression`] for what they mean.

use std::cmp::Ordering;

use super::Stop;
use crate::data::dates::{self, DateFormat};
use crate::data::infer;
use crate::data::table::{Cells, Dictionary, MISSING_CODE};
use crate::domain::expression::{Arithmetic, Function, Node};
use crate::domain::filter::{Comparison, Part};

const DAY_MS: i64 = 86_400_000;
/// Computed numbers this close, as a share of the larger, are equal.
const TOLERANCE: f64 = 1e-9;

/// False, true, unknown.
pub(super) const FALSE: u8 = 0;
pub(super) const TRUE: u8 = 1;
pub(super) const UNKNOWN: u8 = 2;

/// One value per row, or one for all rows.
pub(super) enum Value<'a> {
    /// Missing is NaN. `computed`: equal when nearly so.
    Numbers {
        values: Vec<f64>,
        computed: bool,
    },
    Wholes(&'a [Option<i64>]),
    /// Milliseconds since 1970.
    Times(&'a [Option<i64>]),
    Texts(&'a Dictionary),
    Truths(Vec<u8>),
    Number(f64),
    Whole(i64),
    Text(&'a str),
    Truth(bool),
}

impl<'a> Value<'a> {
    pub fn of(cells: &'a Cells) -> Self {
        match cells {
            Cells::Float(values) => Self::Numbers { values: values.clone(), computed: false },
            Cells::Int(values) => Self::Wholes(values),
            Cells::DatetimeMs(values) => Self::Times(values),
            Cells::Boolean(values) => Self::Truths(values.iter().map(|x| x.map_or(UNKNOWN, u8::from)).collect()),
            Cells::Text(dictionary) => Self::Texts(dictionary),
        }
    }

    fn holds(&self) -> &'static str {
        match self {
            Self::Numbers { .. } | Self::Wholes(_) | Self::Number(_) | Self::Whole(_) => "numbers",
            Self::Times(_) => "dates",
            Self::Texts(_) | Self::Text(_) => "texts",
            Self::Truths(_) | Self::Truth(_) => "true and false",
        }
    }

    fn is_computed(&self) -> bool {
        matches!(self, Self::Numbers { computed: true, .. })
    }

    /// As numbers, truths as 0 and 1; `None` for texts and times.
    fn numbers(&self, n: usize) -> Option<Vec<f64>> {
        Some(match self {
            Self::Numbers { values, .. } => values.clone(),
            Self::Wholes(values) => values.iter().map(|x| x.map_or(f64::NAN, |x| x as f64)).collect(),
            Self::Truths(values) => {
                values.iter().map(|x| if *x == UNKNOWN { f64::NAN } else { f64::from(*x) }).collect()
            }
            Self::Number(x) => vec![*x; n],
            Self::Whole(x) => vec![*x as f64; n],
            Self::Truth(x) => vec![f64::from(u8::from(*x)); n],
            Self::Times(_) | Self::Texts(_) | Self::Text(_) => return None,
        })
    }

    fn whole(&self, row: usize) -> Option<i64> {
        match self {
            Self::Wholes(values) | Self::Times(values) => values[row],
            Self::Whole(x) => Some(*x),
            _ => None,
        }
    }

    fn text(&self, row: usize) -> Option<&str> {
        match self {
            Self::Texts(dictionary) => dictionary.get(row),
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Numbers { values, .. } => values[row].is_nan(),
            Self::Wholes(values) | Self::Times(values) => values[row].is_none(),
            Self::Texts(dictionary) => dictionary.codes[row] == MISSING_CODE,
            Self::Truths(values) => values[row] == UNKNOWN,
            Self::Number(_) | Self::Whole(_) | Self::Text(_) | Self::Truth(_) => false,
        }
    }
}

/// The expression over `n` rows; `of` gives a column's cells.
///
/// Errors: a column that is not there, or kinds of values that do not go together.
pub(super) fn truths<'a>(node: &'a Node, n: usize, of: &impl Fn(&str) -> Option<&'a Cells>) -> Result<Vec<u8>, Stop> {
    as_truths(evaluate(node, n, of)?, n)
}

fn as_truths(value: Value<'_>, n: usize) -> Result<Vec<u8>, Stop> {
    match value {
        Value::Truths(values) => Ok(values),
        Value::Truth(x) => Ok(vec![u8::from(x); n]),
        // A column of 0 and 1 says yes and no.
        Value::Wholes(values) if values.iter().all(|x| matches!(x, None | Some(0 | 1))) => {
            Ok(values.iter().map(|x| x.map_or(UNKNOWN, |x| u8::from(x == 1))).collect())
        }
        value => Err(Stop::impossible(format!("expected something true or false, found {}", value.holds()))),
    }
}

fn evaluate<'a>(node: &'a Node, n: usize, of: &impl Fn(&str) -> Option<&'a Cells>) -> Result<Value<'a>, Stop> {
    let value = |node: &'a Node| evaluate(node, n, of);
    let truth = |node: &'a Node| as_truths(evaluate(node, n, of)?, n);
    Ok(match node {
        Node::Number(x) => Value::Number(*x),
        Node::Whole(x) => Value::Whole(*x),
        Node::Text(text) => Value::Text(text),
        Node::Truth(x) => Value::Truth(*x),
        Node::Column(name) => {
            let cells = of(name)
                .ok_or_else(|| Stop::impossible(format!("there is no column `{name}`; a text goes in \"quotes\"")))?;
            Value::of(cells)
        }
        Node::Negate(inner) => computed(map(numbers(&value(inner)?, n)?, |x| -x)),
        Node::Arithmetic(how, left, right) => {
            let (left, right) = (numbers(&value(left)?, n)?, numbers(&value(right)?, n)?);
            computed(zip(left, &right, arithmetic(*how)))
        }
        Node::Call(Function::Length, inner) => {
            let inner = value(&inner[0])?;
            let Value::Texts(dictionary) = inner else { return Err(unfit("a text", &inner)) };
            let lengths: Vec<f64> = dictionary.values.iter().map(|text| text.chars().count() as f64).collect();
            let of_code = |code: &u32| lengths.get(*code as usize).copied().unwrap_or(f64::NAN);
            Value::Numbers { values: dictionary.codes.iter().map(of_code).collect(), computed: false }
        }
        Node::Call(function, inner) => {
            let first = numbers(&value(&inner[0])?, n)?;
            computed(match function {
                Function::Log => map(first, |x| if x > 0.0 { x.ln() } else { f64::NAN }),
                Function::Exp => map(first, f64::exp),
                Function::Abs => map(first, f64::abs),
                Function::Sqrt => map(first, f64::sqrt),
                Function::Min => {
                    zip(first, &numbers(&value(&inner[1])?, n)?, |a, b| if a.is_nan() || a < b { a } else { b })
                }
                Function::Max => {
                    zip(first, &numbers(&value(&inner[1])?, n)?, |a, b| if a.is_nan() || a > b { a } else { b })
                }
                Function::Length => first,
            })
        }
        Node::Compare(how, left, right) => Value::Truths(compare(*how, &value(left)?, &value(right)?, n)?),
        Node::In(inner, options) => {
            let inner = value(inner)?;
            let mut found = vec![FALSE; n];
            for option in options {
                found = zip(found, &compare(Comparison::Equal, &inner, &value(option)?, n)?, or);
            }
            Value::Truths(found)
        }
        Node::Between(inner, low, high) => {
            let inner = value(inner)?;
            let above = compare(Comparison::GreaterOrEqual, &inner, &value(low)?, n)?;
            let below = compare(Comparison::LessOrEqual, &inner, &value(high)?, n)?;
            Value::Truths(zip(above, &below, and))
        }
        Node::Part(part, inner, text) => {
            let inner = value(inner)?;
            let Value::Texts(dictionary) = inner else { return Err(unfit("a text", &inner)) };
            let text = text.to_lowercase();
            Value::Truths(by_level(dictionary, |level| {
                let level = level.to_lowercase();
                match part {
                    Part::Contains => level.contains(&text),
                    Part::StartsWith => level.starts_with(&text),
                    Part::EndsWith => level.ends_with(&text),
                }
            }))
        }
        Node::Missing(inner) => {
            let inner = value(inner)?;
            Value::Truths((0..n).map(|row| u8::from(inner.is_missing(row))).collect())
        }
        Node::Not(inner) => Value::Truths(map(truth(inner)?, |x| if x == UNKNOWN { x } else { 1 - x })),
        Node::And(left, right) => Value::Truths(zip(truth(left)?, &truth(right)?, and)),
        Node::Or(left, right) => Value::Truths(zip(truth(left)?, &truth(right)?, or)),
    })
}

fn computed<'a>(values: Vec<f64>) -> Value<'a> {
    // What is not defined is missing.
    Value::Numbers { values: map(values, |x| if x.is_finite() { x } else { f64::NAN }), computed: true }
}

fn numbers(value: &Value<'_>, n: usize) -> Result<Vec<f64>, Stop> {
    value.numbers(n).ok_or_else(|| unfit("numbers", value))
}

fn unfit(wanted: &str, found: &Value<'_>) -> Stop {
    Stop::impossible(format!("expected {wanted}, found {}", found.holds()))
}

fn arithmetic(how: Arithmetic) -> fn(f64, f64) -> f64 {
    match how {
        Arithmetic::Add => |a, b| a + b,
        Arithmetic::Subtract => |a, b| a - b,
        Arithmetic::Multiply => |a, b| a * b,
        Arithmetic::Divide => |a, b| if b == 0.0 { f64::NAN } else { a / b },
    }
}

fn map<T: Copy>(mut values: Vec<T>, f: impl Fn(T) -> T) -> Vec<T> {
    values.iter_mut().for_each(|x| *x = f(*x));
    values
}

fn zip<T: Copy>(mut left: Vec<T>, right: &[T], f: impl Fn(T, T) -> T) -> Vec<T> {
    left.iter_mut().zip(right).for_each(|(a, b)| *a = f(*a, *b));
    left
}

fn and(a: u8, b: u8) -> u8 {
    match (a, b) {
        (FALSE, _) | (_, FALSE) => FALSE,
        (TRUE, TRUE) => TRUE,
        _ => UNKNOWN,
    }
}

fn or(a: u8, b: u8) -> u8 {
    match (a, b) {
        (TRUE, _) | (_, TRUE) => TRUE,
        (FALSE, FALSE) => FALSE,
        _ => UNKNOWN,
    }
}

fn by_level(dictionary: &Dictionary, holds: impl Fn(&str) -> bool) -> Vec<u8> {
    let levels: Vec<u8> = dictionary.values.iter().map(|level| u8::from(holds(level))).collect();
    dictionary.codes.iter().map(|code| levels.get(*code as usize).copied().unwrap_or(UNKNOWN)).collect()
}

/// Compares row by row; what is missing on either side is unknown.
pub(super) fn compare(how: Comparison, left: &Value<'_>, right: &Value<'_>, n: usize) -> Result<Vec<u8>, Stop> {
    use Value as V;
    match (left, right) {
        (V::Times(times), V::Text(text)) => moments(how, times, text),
        (V::Text(text), V::Times(times)) => moments(flipped(how), times, text),
        (V::Times(_), V::Times(_)) | (V::Wholes(_) | V::Whole(_), V::Wholes(_) | V::Whole(_)) => {
            Ok(each(n, how, |row| Some(left.whole(row)?.cmp(&right.whole(row)?))))
        }
        (V::Texts(dictionary), V::Text(text)) => Ok(by_level(dictionary, |level| holds(how, level.cmp(text)))),
        (V::Text(text), V::Texts(dictionary)) => Ok(by_level(dictionary, |level| holds(flipped(how), level.cmp(text)))),
        (V::Texts(_) | V::Text(_), V::Texts(_) | V::Text(_)) => {
            Ok(each(n, how, |row| Some(left.text(row)?.cmp(right.text(row)?))))
        }
        (V::Truths(_) | V::Truth(_), V::Text(text)) if infer::boolean(text).is_some() => {
            compare(how, left, &V::Truth(infer::boolean(text) == Some(true)), n)
        }
        _ => {
            let mismatch = || {
                let hint = if matches!(left, V::Times(_)) || matches!(right, V::Times(_)) {
                    "; write dates as 2026-03-01"
                } else {
                    ""
                };
                Stop::impossible(format!("{} cannot be compared with {}{hint}", left.holds(), right.holds()))
            };
            let (a, b) = (left.numbers(n).ok_or_else(mismatch)?, right.numbers(n).ok_or_else(mismatch)?);
            let nearly = left.is_computed() || right.is_computed();
            Ok(each(n, how, |row| {
                let (a, b) = (a[row], b[row]);
                let close = nearly && (a - b).abs() <= TOLERANCE * a.abs().max(b.abs());
                if close { Some(Ordering::Equal) } else { a.partial_cmp(&b) }
            }))
        }
    }
}

fn each(n: usize, how: Comparison, order: impl Fn(usize) -> Option<Ordering>) -> Vec<u8> {
    (0..n).map(|row| order(row).map_or(UNKNOWN, |order| u8::from(holds(how, order)))).collect()
}

fn holds(how: Comparison, order: Ordering) -> bool {
    match how {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}

fn flipped(how: Comparison) -> Comparison {
    match how {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        equal => equal,
    }
}

/// Times against a written one; a day lasts until midnight.
fn moments(how: Comparison, times: &[Option<i64>], text: &str) -> Result<Vec<u8>, Stop> {
    let text = text.trim();
    let moment = dates::parse(text, DateFormat::Iso).ok_or_else(|| {
        Stop::impossible(
            "expected a date such as 2026-03-01 or a time such as 2026-03-01T12:30 beside a column of dates",
        )
    })?;
    let (first, last) = (moment.ms, moment.ms + if text.len() <= "2026-03-01".len() { DAY_MS - 1 } else { 0 });
    let order = |x: i64| {
        if x < first {
            Ordering::Less
        } else if x > last {
            Ordering::Greater
        } else {
            Ordering::Equal
        }
    };
    Ok(each(times.len(), how, |row| times[row].map(order)))
}
