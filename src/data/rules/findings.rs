//! What an outcome says to people.

use super::{Observed, RuleOutcome, Verdict};
use crate::data::error::clip;
use crate::data::table::{format_datetime, format_number};
use crate::domain::finding::{CheckResult, EXAMPLE_ROWS, Finding};
use crate::domain::suite::{Rule, Test};
use crate::domain::words::thousands;

/// Rows a finding shows, and values its sentence names.
const MOST_ROWS: usize = EXAMPLE_ROWS;
const MOST_VALUES: usize = 3;

/// What the rule is called in a list of checks: its sentence.
pub fn title(rule: &Rule) -> String {
    rule.describe()
}

/// The outcome as a check's result: no finding when the rule held, one when it is broken.
pub fn findings(rule: &Rule, outcome: &RuleOutcome) -> CheckResult {
    let code = rule.test.code();
    let observed = match outcome.observed {
        Some(Observed::Number(x)) if x.is_finite() => Some(x),
        _ => None,
    };
    let mut result = CheckResult {
        code: code.clone(),
        title: title(rule),
        skipped: None,
        findings: Vec::new(),
        rule: Some(rule.id.clone()),
        observed,
    };
    match &outcome.verdict {
        Verdict::Held => {}
        Verdict::Skipped(reason) => result.skipped = Some(reason.clone()),
        Verdict::Broken => result.findings.push(Finding {
            code,
            severity: rule.severity,
            column: rule.test.column().map(str::to_owned),
            message: message(rule, outcome),
            hint: hint(rule, outcome).to_owned(),
            count: outcome.unexpected,
            share: if outcome.judged == 0 { 0.0 } else { outcome.unexpected as f64 / outcome.judged as f64 },
            rows: outcome.rows.iter().take(MOST_ROWS).map(|row| u64::from(row) + 1).collect(),
            observed,
            limit: outcome.limit,
            rule: Some(rule.id.clone()),
        }),
    }
    result
}

/// One sentence with its number and limit.
fn message(rule: &Rule, outcome: &RuleOutcome) -> String {
    let test = &rule.test;
    let place = rule.only_where.as_ref().map_or_else(String::new, |filter| format!(", where {filter}"));
    if let Some(reason) = &outcome.reason {
        return format!("The rule cannot be judged: {reason}");
    }
    if test.is_about_rows() {
        let share = outcome.unexpected as f64 / outcome.judged.max(1) as f64;
        let what = test.subject();
        let (noun, of) = match what.strip_prefix("Cells of ") {
            Some(columns) => ("cells", format!(" of {columns}")),
            None if what == "Rows" => ("rows", String::new()),
            None => ("rows", what.strip_prefix("The values").unwrap_or_default().to_owned()),
        };
        let allowed = match rule.mostly {
            1.0 => String::new(),
            mostly => format!("; at most {} may", percent(1.0 - mostly)),
        };
        return format!(
            "{} of {} {noun}{of} ({}) are not {}{place}{}{allowed}",
            thousands(outcome.unexpected),
            thousands(outcome.judged),
            percent(share),
            test.expected(),
            examples(outcome),
        );
    }
    let (subject, verb) = (test.subject(), test.verb());
    let found = match &outcome.observed {
        Some(Observed::Number(x)) => said(*x, test),
        Some(Observed::Numbers(values)) => values.iter().map(|x| short(*x)).collect::<Vec<_>>().join(", "),
        Some(Observed::Values(values)) => return values_message(test, values, outcome.unexpected),
        None => "not known".to_owned(),
    };
    format!("{subject} {verb} {found}{place}, expected {}", test.expected())
}

fn values_message(test: &Test, values: &[String], unexpected: u64) -> String {
    let named: Vec<String> = values.iter().take(8).map(|value| clip(value)).collect();
    let more = (unexpected as usize).max(values.len()).saturating_sub(named.len());
    let more = if more > 0 { format!(" and {} more", thousands(more as u64)) } else { String::new() };
    let (subject, verb, expected) = (test.subject(), test.verb(), test.expected());
    match test {
        Test::ColumnExists { .. } => format!("{subject} is not there"),
        Test::TableColumnsMatchSet { .. }
        | Test::TableColumnsWithin { .. }
        | Test::ColumnDistinctValuesInSet { .. }
        | Test::ColumnDistinctValuesContainSet { .. }
        | Test::ColumnDistinctValuesEqualSet { .. } => {
            format!("{subject} {verb} not {expected}: {}{more}", named.join(", "))
        }
        _ => format!("{subject} {verb} {}{more}, expected {expected}", named.join(", ")),
    }
}

fn examples(outcome: &RuleOutcome) -> String {
    let shown = outcome.values.iter().take(MOST_VALUES).map(|(value, _)| {
        let mut cut: String = clip(value).chars().take(40).collect();
        if cut.chars().count() == 40 {
            cut.push('…');
        }
        format!("\"{cut}\"")
    });
    let shown: Vec<String> = shown.collect();
    if shown.is_empty() { String::new() } else { format!(", such as {}", shown.join(", ")) }
}

fn hint(rule: &Rule, outcome: &RuleOutcome) -> &'static str {
    use Test as T;
    if outcome.reason.is_some() {
        return "Correct the rule, or the column it names";
    }
    match &rule.test {
        T::ColumnExists { .. } | T::TableColumnsMatchSet { .. } | T::TableColumnsMatchOrder { .. } => {
            "Look at how the file was exported, or correct the rule if the columns changed for good"
        }
        T::TableColumnsWithin { .. } | T::TableColumnsInOrder { .. } => {
            "Add the column to the contract, or leave it out of the export"
        }
        T::ColumnOfKind { .. } => "Change the column's kind on the Data page, or correct the cells that are of another",
        T::ColumnValuesNotNull { .. } | T::ColumnProportionOfNullValuesBetween { .. } => {
            "Fill or drop the rows, ask the source why they are empty, or let some be missing"
        }
        T::ColumnValuesUnique { .. } | T::CompoundColumnsUnique { .. } => {
            "Look for rows that came twice and drop all but one"
        }
        T::ColumnValuesInSet { .. }
        | T::ColumnDistinctValuesInSet { .. }
        | T::ColumnDistinctValuesEqualSet { .. }
        | T::ColumnValuesInReferenceSet { .. } => {
            "Correct the values, or accept them into the rule if they are the new normal"
        }
        test if test.needs_reference() => "Compare the two tables on the Checks page before using this one",
        test if test.is_about_rows() => "Open the rows to see what they share, then correct them or widen the rule",
        _ => "Compare with an earlier version, then correct the data or widen the limit",
    }
}

/// A share as `6.2 %`; small ones keep two digits that say something.
fn percent(share: f64) -> String {
    let value = share * 100.0;
    let text = if value == 0.0 || value >= 0.1 {
        format!("{value:.1}")
    } else if value >= 0.001 {
        format!("{value:.3}")
    } else {
        return "under 0.001 %".to_owned();
    };
    format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
}

fn said(x: f64, test: &Test) -> String {
    use Test as T;
    match test {
        T::TableRowCountBetween(_)
        | T::TableRowCountEquals { .. }
        | T::TableRowCountLikeReference { .. }
        | T::TableColumnCountBetween(_)
        | T::TableColumnCountEquals { .. }
        | T::ColumnUniqueValueCountBetween { .. } => thousands(x as u64),
        T::ColumnMinBetween { bounds, .. }
        | T::ColumnMaxBetween { bounds, .. }
        | T::ColumnMeanBetween { bounds, .. }
        | T::ColumnMedianBetween { bounds, .. }
            if [&bounds.min, &bounds.max].iter().any(|b| matches!(b, Some(crate::domain::suite::Scalar::Text(_)))) =>
        {
            format_datetime(x as i64)
        }
        _ => short(x),
    }
}

/// At most six significant digits.
fn short(x: f64) -> String {
    let rounded = if x.fract() == 0.0 && x.abs() < 1e15 { x } else { format!("{x:.5e}").parse().unwrap_or(x) };
    format_number(rounded)
}
