//! A finding that is the new normal: the suite is changed just so far that it holds.
//!
//! What can be widened is widened to what was seen; a check without a limit becomes an information, so that it stays in
//! sight; what cannot be loosened sensibly (a pattern, a formula) is refused with what to do instead.

use super::draft::{day, tidy, widened};
use super::rule::{Bounds, Rule, Scalar, Test};
use super::{CheckSetting, CheckSpec, LimitSide, LimitUnit, Suite};
use crate::domain::finding::{Finding, Severity};
use crate::domain::profile::{ColumnProfile, TableProfile};
use crate::domain::schema::{Schema, Storage};

/// The version in which it was found.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// `churn@2`
    pub label: &'a str,
    pub schema: &'a Schema,
    pub profile: &'a TableProfile,
}

/// Changes the suite; says what was changed, or why it cannot be.
pub fn accept(suite: &mut Suite, finding: &Finding, found: &Found<'_>) -> Result<String, String> {
    let Some(id) = &finding.rule else { return loosen_check(suite, finding) };
    if let Some(rest) = id.strip_prefix("contract:") {
        return loosen_contract(suite, rest, finding, found);
    }
    let Some(rule) = suite.rules.iter_mut().find(|rule| rule.id == *id) else {
        return Err(format!("the suite has no rule `{id}` any more; check the version again"));
    };
    let said = loosen(rule, finding, found)?;
    rule.origin = Some(format!("Accepted from {}", found.label));
    Ok(format!("{id}: {said}"))
}

/// A built-in check: its limit moves to what was seen, a tenth further.
fn loosen_check(suite: &mut Suite, finding: &Finding) -> Result<String, String> {
    let code = &finding.code;
    let spec = CheckSpec::of(code);
    let moved = match (spec.and_then(|s| s.limit.map(|_| s)), finding.observed) {
        (Some(spec), Some(observed)) if observed.is_finite() => Some(beyond(spec, observed)),
        _ => None,
    };
    let setting: &mut CheckSetting = suite.checks.entry(code.clone()).or_default();
    if let Some(limit) = moved.filter(|limit| Some(*limit) != setting.limit) {
        setting.limit = Some(limit);
        return Ok(format!("{code}: limit {limit}"));
    }
    if setting.severity == Some(Severity::Info) || finding.severity == Severity::Info {
        return Err(format!("{code} is an information already, which stops nothing"));
    }
    setting.severity = Some(Severity::Info);
    Ok(format!("{code}: an information from now on"))
}

/// A limit within which the observed number lies, and a tenth more like it.
fn beyond(spec: &CheckSpec, observed: f64) -> f64 {
    let further = match spec.side {
        LimitSide::AtMost => observed + observed.abs() * 0.1,
        LimitSide::AtLeast => observed - observed.abs() * 0.1,
    };
    match spec.unit {
        LimitUnit::Count if spec.side == LimitSide::AtMost => further.ceil(),
        LimitUnit::Count => further.floor().max(0.0),
        // To four digits, away from the number.
        LimitUnit::Share | LimitUnit::Score => match spec.side {
            LimitSide::AtMost => ((further * 1e4).ceil() / 1e4).min(1.0).max(observed),
            LimitSide::AtLeast => ((further * 1e4).floor() / 1e4).max(0.0).min(observed),
        },
    }
}

/// `rest` is an id without `contract:`.
fn loosen_contract(suite: &mut Suite, rest: &str, finding: &Finding, found: &Found<'_>) -> Result<String, String> {
    let contract = &mut suite.contract;
    let (what, name) = rest.split_once(':').unwrap_or((rest, ""));
    match what {
        "no-others" => {
            let known: Vec<String> = contract.columns.iter().map(|c| c.name.clone()).collect();
            let new: Vec<_> = found.schema.columns.iter().filter(|c| !known.contains(&c.name)).collect();
            for column in &new {
                contract.columns.push(super::ColumnContract {
                    optional: true,
                    kind: Some(column.kind),
                    origin: Some(format!("New in {}", found.label)),
                    ..super::ColumnContract::new(&column.name)
                });
            }
            let names: Vec<&str> = new.iter().map(|c| c.name.as_str()).collect();
            return match names.is_empty() {
                true => Err("every column is in the contract already; check the version again".to_owned()),
                false => Ok(format!("{} may be there", names.join(", "))),
            };
        }
        "order" if name.is_empty() => {
            let place = |name: &str| found.schema.index_of(name).unwrap_or(usize::MAX);
            contract.columns.sort_by_key(|c| place(&c.name));
            return Ok("columns in the order of this version".to_owned());
        }
        _ => {}
    }
    let Some(column) = contract.columns.iter_mut().find(|c| c.name == name) else {
        return Err(format!("the contract has no column `{name}` any more; check the version again"));
    };
    let profile = found.profile.column(name);
    let said = match what {
        "exists" => {
            column.optional = true;
            "the table may do without it".to_owned()
        }
        "kind" => {
            let Some(seen) = found.schema.column(name) else { return Err(gone(name)) };
            column.kind = Some(seen.kind);
            format!("kind {}", seen.kind.as_str())
        }
        "not-null" => {
            column.not_null = false;
            let share = finding.share.clamp(0.0, 1.0);
            if share > 0.0 && share < 1.0 {
                keep_share(suite, name, share, found.label);
            }
            return Ok(format!("{name}: missing cells are allowed"));
        }
        "unique" => {
            column.unique = false;
            "a value may stand twice".to_owned()
        }
        "values" => {
            let values = column.values.get_or_insert_with(Vec::new);
            let new = new_values(values, profile.ok_or_else(|| gone(name))?)?;
            values.extend(new.clone());
            format!("values {}", listed(&new))
        }
        "range" => {
            let (min, max) = seen_range(found, name)?;
            let mut bounds = Bounds { min: column.min.clone(), max: column.max.clone(), ..Bounds::default() };
            widen(&mut bounds, &min, &max);
            (column.min, column.max) = (bounds.min, bounds.max);
            told_bounds(column.min.as_ref(), column.max.as_ref())
        }
        "length" => {
            let seen = profile.and_then(|p| p.lengths.as_ref()).ok_or_else(|| gone(name))?;
            column.min_length = column.min_length.map(|least| least.min(seen.min));
            column.max_length = column.max_length.map(|most| most.max(seen.max));
            format!("{} to {} characters", seen.min, seen.max)
        }
        "order" => {
            column.order = None;
            "in any order".to_owned()
        }
        "regex" => return Err(format!("a pattern cannot be widened by itself; change the pattern of `{name}`")),
        _ => return Err(format!("`contract:{rest}` is nothing that can be accepted")),
    };
    column.origin = Some(format!("Accepted from {}", found.label));
    Ok(format!("{name}: {said}"))
}

fn gone(name: &str) -> String {
    format!("`{name}` is not in this version; accept its absence instead")
}

/// In the place of "no missing cells": not many more than now.
fn keep_share(suite: &mut Suite, column: &str, share: f64, label: &str) {
    let id = format!("missing:{column}");
    let most = (tidy(share * 1.1 * 1e4).ceil() / 1e4).min(1.0);
    let bounds = Bounds { max: Some(Scalar::Number(most)), ..Bounds::default() };
    let test = Test::ColumnProportionOfNullValuesBetween { column: column.to_owned(), bounds };
    suite.rules.retain(|rule| rule.id != id);
    suite.rules.push(Rule {
        severity: Severity::Warning,
        origin: Some(format!("Accepted from {label}: {:.2} % missing, and 10 % of it more", share * 100.0)),
        ..Rule::new(id, test)
    });
}

/// Own rules: sets and ranges grow, numbers about a column move their bound, anything else may fail as often as now.
fn loosen(rule: &mut Rule, finding: &Finding, found: &Found<'_>) -> Result<String, String> {
    match &mut rule.test {
        Test::ColumnValuesInSet { column, value_set } | Test::ColumnDistinctValuesInSet { column, value_set } => {
            let profile = found.profile.column(column).ok_or_else(|| gone(column))?;
            if let Ok(new) = new_values(value_set, profile) {
                value_set.extend(new.clone());
                return Ok(format!("values {}", listed(&new)));
            }
        }
        Test::ColumnValuesBetween { column, bounds } => {
            let (min, max) = seen_range(found, column)?;
            widen(bounds, &min, &max);
            return Ok(told_bounds(bounds.min.as_ref(), bounds.max.as_ref()));
        }
        Test::ColumnValueLengthsBetween { column, bounds } => {
            let seen = found.profile.column(column).and_then(|p| p.lengths.as_ref()).ok_or_else(|| gone(column))?;
            widen(bounds, &Scalar::Whole(seen.min as i64), &Scalar::Whole(seen.max as i64));
            return Ok(told_bounds(bounds.min.as_ref(), bounds.max.as_ref()));
        }
        Test::TableRowCountBetween(bounds) => {
            let rows = Scalar::Whole(found.profile.rows as i64);
            widen(bounds, &rows, &rows);
            return Ok(told_bounds(bounds.min.as_ref(), bounds.max.as_ref()));
        }
        Test::TableRowCountEquals { value } => {
            *value = found.profile.rows;
            return Ok(format!("{value} rows"));
        }
        Test::TableColumnCountBetween(bounds) => {
            let columns = Scalar::Whole(found.schema.columns.len() as i64);
            widen(bounds, &columns, &columns);
            return Ok(told_bounds(bounds.min.as_ref(), bounds.max.as_ref()));
        }
        Test::TableColumnCountEquals { value } => {
            *value = found.schema.columns.len() as u64;
            return Ok(format!("{value} columns"));
        }
        Test::ColumnMinBetween { bounds, .. }
        | Test::ColumnMaxBetween { bounds, .. }
        | Test::ColumnMeanBetween { bounds, .. }
        | Test::ColumnMedianBetween { bounds, .. }
        | Test::ColumnStdevBetween { bounds, .. }
        | Test::ColumnSumBetween { bounds, .. }
        | Test::ColumnUniqueValueCountBetween { bounds, .. }
        | Test::ColumnProportionOfUniqueValuesBetween { bounds, .. }
        | Test::ColumnProportionOfNullValuesBetween { bounds, .. } => {
            let observed = finding.observed.filter(|x| x.is_finite());
            let observed = Scalar::Number(observed.ok_or("nothing was measured; change the limit by hand")?);
            widen(bounds, &observed, &observed);
            return Ok(told_bounds(bounds.min.as_ref(), bounds.max.as_ref()));
        }
        _ => {}
    }
    let holds = 1.0 - finding.share;
    if !rule.test.is_about_rows() || finding.count == 0 || !(holds > 0.0 && holds < rule.mostly) {
        return Err(format!("`{}` cannot be loosened by itself; change its limit, or remove it", rule.id));
    }
    // Downwards, so that what was seen holds.
    rule.mostly = ((holds * 1e4).floor() / 1e4).max(1e-4).min(holds);
    Ok(format!("{:.2} % must hold", rule.mostly * 100.0))
}

/// The values a column has beyond a set.
fn new_values(known: &[Scalar], profile: &ColumnProfile) -> Result<Vec<Scalar>, String> {
    if profile.top.len() as u64 != profile.distinct {
        let (name, n) = (&profile.name, profile.distinct);
        return Err(format!("`{name}` has {n} values, too many for a set; drop the set from the suite"));
    }
    let is_whole = profile.storage == Storage::Int64;
    let scalar = |value: &String| match value.parse() {
        Ok(n) if is_whole => Scalar::Whole(n),
        _ => match value.parse() {
            Ok(x) if profile.storage == Storage::Float64 => Scalar::Number(x),
            _ => Scalar::Text(value.clone()),
        },
    };
    let same = |a: &Scalar, b: &Scalar| a == b || matches!((number(a), number(b)), (Some(a), Some(b)) if a == b);
    let all = profile.top.iter().map(|(value, _)| scalar(value));
    let new: Vec<Scalar> = all.filter(|value| !known.iter().any(|k| same(k, value))).collect();
    if new.is_empty() {
        return Err("it has no value that the set has not; check the version again".to_owned());
    }
    Ok(new)
}

/// Smallest and largest of a column with the margin of a draft.
fn seen_range(found: &Found<'_>, name: &str) -> Result<(Scalar, Scalar), String> {
    let profile = found.profile.column(name).ok_or_else(|| gone(name))?;
    let numbers = profile.numbers.as_ref().filter(|_| profile.infinite == 0);
    let numbers = numbers.ok_or_else(|| format!("`{name}` has no smallest and largest number"))?;
    Ok(match profile.storage {
        Storage::DatetimeMs => (Scalar::Text(day(numbers.min)), Scalar::Text(day(numbers.max + 86_400_000.0))),
        Storage::Int64 => {
            let (low, high) = widened(numbers.min, numbers.max);
            (Scalar::Whole(low.floor() as i64), Scalar::Whole(high.ceil() as i64))
        }
        _ => {
            let (low, high) = widened(numbers.min, numbers.max);
            (Scalar::Number(low), Scalar::Number(high))
        }
    })
}

/// Moves a bound outwards where what was seen lies outside of it; an absent bound stays absent.
fn widen(bounds: &mut Bounds, low: &Scalar, high: &Scalar) {
    if let Some(min) = &mut bounds.min
        && is_less(low, min, bounds.strict_min)
    {
        *min = low.clone();
        bounds.strict_min = false;
    }
    if let Some(max) = &mut bounds.max
        && is_less(max, high, bounds.strict_max)
    {
        *max = high.clone();
        bounds.strict_max = false;
    }
}

/// Numbers by value; dates as texts, whose order is that of time.
fn is_less(a: &Scalar, b: &Scalar, or_equal: bool) -> bool {
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a < b || or_equal && a == b,
        _ => match (a, b) {
            (Scalar::Text(a), Scalar::Text(b)) => a < b || or_equal && a == b,
            _ => false,
        },
    }
}

fn number(value: &Scalar) -> Option<f64> {
    match value {
        Scalar::Whole(n) => Some(*n as f64),
        Scalar::Number(x) => Some(*x),
        Scalar::Bool(_) | Scalar::Text(_) => None,
    }
}

fn told_bounds(min: Option<&Scalar>, max: Option<&Scalar>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("{} to {}", text(min), text(max)),
        (Some(min), None) => format!("at least {}", text(min)),
        (None, Some(max)) => format!("at most {}", text(max)),
        (None, None) => "any".to_owned(),
    }
}

fn listed(values: &[Scalar]) -> String {
    values.iter().map(|value| format!("“{}”", text(value))).collect::<Vec<_>>().join(", ")
}

fn text(value: &Scalar) -> String {
    match value {
        Scalar::Bool(b) => b.to_string(),
        Scalar::Whole(n) => n.to_string(),
        Scalar::Number(x) => x.to_string(),
        Scalar::Text(text) => text.clone(),
    }
}
