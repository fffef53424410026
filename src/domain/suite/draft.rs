//! A suite drafted from what is known of some versions: what they had in common becomes the rule.
//!
//! Everything comes from profiles, so a draft costs no look at the rows. It is meant to be read and edited: each limit
//! says where it comes from. What is drafted holds on the versions it was drafted from.

use super::rule::{Bounds, Rule, Scalar, Test};
use super::{ColumnContract, Environment, Suite};
use crate::domain::finding::Severity;
use crate::domain::profile::{ColumnProfile, TableProfile};
use crate::domain::schema::{ColumnKind, ColumnSchema, Schema, Storage};
use crate::domain::words::thousands;

/// A version to draft from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// `churn@2`
    pub label: &'a str,
    pub schema: &'a Schema,
    pub profile: &'a TableProfile,
}

/// Values of a closed set at most: a profile keeps so many.
const MOST_VALUES: u64 = 20;
/// Numbers and text lengths may leave the range that was seen by this share of its width.
const MARGIN: f64 = 0.1;
/// Rows, and the share of missing cells, may differ by this share.
const TOLERANCE: f64 = 0.1;

/// What all these versions hold, the newest last; `target` is not expected of tables to be scored.
pub fn draft(sources: &[Source<'_>], target: Option<&str>) -> Suite {
    let mut suite = Suite::new();
    let Some(newest) = sources.last() else { return suite };
    let from = told(sources);
    suite.contract.no_other_columns = true;
    for column in names(sources) {
        let seen: Vec<Seen<'_>> = sources.iter().filter_map(|source| Seen::of(source, column)).collect();
        let mut contract = contract(column, &seen, &from);
        contract.optional = seen.len() < sources.len();
        if Some(column) == target {
            contract.only_in = Some(Environment::Train);
        }
        suite.rules.extend(missing_share(column, &seen, &from, contract.only_in));
        suite.contract.columns.push(contract);
    }
    let order = |source: &Source<'_>| source.schema.names().map(str::to_owned).collect::<Vec<_>>();
    let reference = order(newest);
    suite.contract.in_order = sources.iter().all(|source| order(source) == reference);
    suite.rules.insert(0, row_count(sources, &from));
    suite
}

/// The columns in the order of the newest version, then those that only earlier ones have.
fn names<'a>(sources: &[Source<'a>]) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for source in sources.iter().rev() {
        let new: Vec<&str> = source.schema.names().filter(|name| !names.contains(name)).collect();
        names.extend(new);
    }
    names
}

/// "churn@2", "churn@1 to churn@3"
fn told(sources: &[Source<'_>]) -> String {
    match sources {
        [] => String::new(),
        [one] => one.label.to_owned(),
        [first, .., last] => format!("{} to {}", first.label, last.label),
    }
}

/// A column of a version.
struct Seen<'a> {
    schema: &'a ColumnSchema,
    profile: &'a ColumnProfile,
    rows: u64,
}

impl<'a> Seen<'a> {
    fn of(source: &Source<'a>, column: &str) -> Option<Self> {
        let schema = source.schema.column(column)?;
        Some(Self { schema, profile: source.profile.column(column)?, rows: source.profile.rows })
    }
}

fn contract(column: &str, seen: &[Seen<'_>], from: &str) -> ColumnContract {
    let mut contract = ColumnContract::new(column);
    let mut origin = Vec::new();
    let kind = seen.first().map(|s| s.schema.kind);
    contract.kind = kind.filter(|kind| seen.iter().all(|s| s.schema.kind == *kind));
    if contract.kind.is_some() {
        origin.push("kind".to_owned());
    }
    let has_rows = seen.iter().any(|s| s.rows > 0);
    if has_rows && seen.iter().all(|s| s.profile.missing == 0) {
        contract.not_null = true;
        origin.push("no missing cells".to_owned());
    }
    if kind == Some(ColumnKind::Identifier) && seen.iter().all(|s| s.profile.is_unique(s.rows)) {
        contract.unique = true;
        origin.push("no value twice".to_owned());
    }
    if let Some(values) = values(contract.kind, seen) {
        origin.push(if values.len() == 1 {
            "the one value".to_owned()
        } else {
            format!("the {} values", values.len())
        });
        contract.values = Some(values);
    } else if let Some((low, high)) = range(seen) {
        (contract.min, contract.max) = (low, high);
        origin.push(match contract.max {
            Some(_) => format!("smallest and largest, {:.0} % of their distance wider", MARGIN * 100.0),
            None => "the earliest day".to_owned(),
        });
    }
    if let Some((low, high)) = lengths(seen).filter(|_| contract.values.is_none()) {
        (contract.min_length, contract.max_length) = (Some(low), Some(high));
        origin.push(format!("shortest and longest text, {:.0} % wider", MARGIN * 100.0));
    }
    if !origin.is_empty() {
        contract.origin = Some(format!("{} as in {from}", capitalised(&origin.join(", "))));
    }
    contract
}

/// The closed set of a column's values, in order.
fn values(kind: Option<ColumnKind>, seen: &[Seen<'_>]) -> Option<Vec<Scalar>> {
    let fits = |s: &Seen<'_>| {
        matches!(s.schema.storage, Storage::String | Storage::Int64)
            && s.profile.distinct <= MOST_VALUES
            && s.profile.top.len() as u64 == s.profile.distinct
    };
    if !matches!(kind, Some(ColumnKind::Categorical | ColumnKind::Boolean)) || !seen.iter().all(fits) {
        return None;
    }
    let mut all: Vec<&str> = seen.iter().flat_map(|s| s.profile.top.iter().map(|(value, _)| value.as_str())).collect();
    all.sort_unstable();
    all.dedup();
    if all.is_empty() || all.len() as u64 > MOST_VALUES {
        return None;
    }
    let is_whole = seen.iter().all(|s| s.schema.storage == Storage::Int64);
    let scalar = |value: &&str| match value.parse() {
        Ok(n) if is_whole => Scalar::Whole(n),
        _ => Scalar::Text((*value).to_owned()),
    };
    Some(all.iter().map(scalar).collect())
}

type Range = (Option<Scalar>, Option<Scalar>);

/// Smallest and largest with a margin; of days only the earliest, because days go on.
fn range(seen: &[Seen<'_>]) -> Option<Range> {
    let numbers: Vec<_> = seen.iter().filter_map(|s| s.profile.numbers.as_ref()).filter(|n| n.count > 0).collect();
    if numbers.is_empty() || seen.iter().any(|s| s.profile.infinite > 0) {
        return None;
    }
    let min = numbers.iter().map(|n| n.min).fold(f64::INFINITY, f64::min);
    let max = numbers.iter().map(|n| n.max).fold(f64::NEG_INFINITY, f64::max);
    let is = |storage| seen.iter().all(|s| s.schema.storage == storage);
    if is(Storage::DatetimeMs) {
        return Some((Some(Scalar::Text(day(min))), None));
    }
    let (low, high) = widened(min, max);
    if is(Storage::Int64) {
        return Some((Some(Scalar::Whole(low.floor() as i64)), Some(Scalar::Whole(high.ceil() as i64))));
    }
    is(Storage::Float64).then_some((Some(Scalar::Number(low)), Some(Scalar::Number(high))))
}

/// `min..max` with the margin, rounded outwards to a hundredth of the width. What has no negative numbers gets none.
pub(super) fn widened(min: f64, max: f64) -> (f64, f64) {
    let width = max - min;
    if width <= 0.0 || !width.is_finite() {
        return (min, max);
    }
    let step = 10_f64.powf(width.log10().floor() - 1.0);
    let down = tidy((min - MARGIN * width) / step).floor() * step;
    let up = tidy((max + MARGIN * width) / step).ceil() * step;
    let low = if min >= 0.0 { down.max(0.0) } else { down };
    let high = if max <= 0.0 { up.min(0.0) } else { up };
    // Rounding to steps below one leaves crumbs such as 0.30000000000000004; they must not cut the range.
    (tidy(low).min(min), tidy(high).max(max))
}

/// The number that twelve digits give: 1.1 instead of 1.1000000000000001.
pub(super) fn tidy(x: f64) -> f64 {
    format!("{x:.11e}").parse().unwrap_or(x)
}

fn lengths(seen: &[Seen<'_>]) -> Option<(u64, u64)> {
    let is_text = |s: &Seen<'_>| {
        s.schema.storage == Storage::String && matches!(s.schema.kind, ColumnKind::Text | ColumnKind::Identifier)
    };
    if !seen.iter().all(is_text) {
        return None;
    }
    let lengths: Vec<_> =
        seen.iter().filter(|s| s.profile.missing < s.rows).filter_map(|s| s.profile.lengths.as_ref()).collect();
    let low = lengths.iter().map(|l| l.min).min()?;
    let high = lengths.iter().map(|l| l.max).max()?;
    if low == high {
        return Some((low, high));
    }
    Some(((low as f64 * (1.0 - MARGIN)).floor() as u64, (high as f64 * (1.0 + MARGIN)).ceil() as u64))
}

/// Columns that have missing cells may have a tenth more of them.
fn missing_share(column: &str, seen: &[Seen<'_>], from: &str, only_in: Option<Environment>) -> Option<Rule> {
    let shares = seen.iter().filter(|s| s.rows > 0).map(|s| s.profile.missing as f64 / s.rows as f64);
    let worst = shares.fold(0.0, f64::max);
    if worst == 0.0 || worst >= 1.0 {
        return None;
    }
    let most = tidy(worst * (1.0 + TOLERANCE) * 10_000.0).ceil() / 10_000.0;
    let bounds = Bounds { max: Some(Scalar::Number(most.min(1.0))), ..Bounds::default() };
    let column = column.to_owned();
    Some(Rule {
        severity: Severity::Warning,
        only_in,
        origin: Some(format!("{:.2} % missing in {from}, and {:.0} % of it more", worst * 100.0, TOLERANCE * 100.0)),
        ..Rule::new(format!("missing:{column}"), Test::ColumnProportionOfNullValuesBetween { column, bounds })
    })
}

fn row_count(sources: &[Source<'_>], from: &str) -> Rule {
    let rows = || sources.iter().map(|source| source.profile.rows);
    let (least, most) = (rows().min().unwrap_or(0), rows().max().unwrap_or(0));
    let bounds = Bounds {
        min: Some(Scalar::Whole((least as f64 * (1.0 - TOLERANCE)).floor() as i64)),
        max: Some(Scalar::Whole((most as f64 * (1.0 + TOLERANCE)).ceil() as i64)),
        ..Bounds::default()
    };
    let seen = if least == most { thousands(most) } else { format!("{} to {}", thousands(least), thousands(most)) };
    Rule {
        severity: Severity::Warning,
        // What is scored comes in any number.
        only_in: Some(Environment::Train),
        origin: Some(format!("{seen} rows in {from}, ± {:.0} %", TOLERANCE * 100.0)),
        ..Rule::new("row-count", Test::TableRowCountBetween(bounds))
    }
}

/// The day of a moment in ms since 1970 UTC, as `2026-03-01`, by Howard Hinnant's `civil_from_days`.
pub(super) fn day(ms: f64) -> String {
    let days = (ms / 86_400_000.0).floor() as i64 + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_widened_by_a_tenth_and_never_past_zero() {
        assert_eq!(widened(18.0, 80.0), (11.0, 87.0));
        assert_eq!(widened(0.0, 1.0), (0.0, 1.1));
        assert_eq!(widened(-3.0, -1.0), (-3.2, -0.8));
        assert_eq!(widened(5.0, 5.0), (5.0, 5.0));
        for (min, max) in [(0.1, 0.3), (-1e-300, 1e300), (1e15, 1e15 + 3.0), (f64::MIN, f64::MAX)] {
            let (low, high) = widened(min, max);
            assert!(low <= min && max <= high, "{min} {max}: {low} {high}");
        }
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        // datetime.utcfromtimestamp(ms / 1000).date()
        for (ms, date) in [(0.0, "1970-01-01"), (-1.0, "1969-12-31"), (1_709_164_800_000.0, "2024-02-29")] {
            assert_eq!(day(ms), date);
        }
    }
}
