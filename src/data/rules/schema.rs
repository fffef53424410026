//! Rules that need no cells: columns, kinds, the number of rows.

use std::collections::BTreeSet;

use super::bounds::NumberRange;
use super::{Observed, RuleOutcome, RulesInput};
use crate::domain::suite::{Rule, Test};

/// The outcome; `None` for a rule that needs cells.
pub(super) fn judge(input: &RulesInput<'_>, rule: &Rule) -> Option<RuleOutcome> {
    use Test as T;
    let present: Vec<&str> = input.table.schema.names().collect();
    let rows = input.table.n_rows() as f64;
    let all_rows = rule.only_where.is_none();
    Some(match &rule.test {
        T::TableRowCountBetween(bounds) if all_rows => NumberRange::new(bounds).judge(rows),
        T::TableRowCountEquals { value } if all_rows => equal(rows, *value as f64),
        T::TableRowCountLikeReference { tolerance } if all_rows => like(input, rows, *tolerance),
        T::TableColumnCountBetween(bounds) => NumberRange::new(bounds).judge(present.len() as f64),
        T::TableColumnCountEquals { value } => equal(present.len() as f64, *value as f64),
        T::TableColumnsMatchSet { columns, exact } => {
            let (wanted, there) = (set(columns), present.iter().copied().collect::<BTreeSet<&str>>());
            let absent = wanted.difference(&there).map(|name| format!("{name} is missing"));
            let others = there.difference(&wanted).filter(|_| *exact).map(|name| format!("{name} is new"));
            wrong(absent.chain(others).collect())
        }
        T::TableColumnsWithin { columns } => {
            let wanted = set(columns);
            wrong(present.iter().filter(|name| !wanted.contains(*name)).map(|name| format!("{name} is new")).collect())
        }
        T::TableColumnsInOrder { columns } => {
            let there: Vec<&str> = columns.iter().map(String::as_str).filter(|name| present.contains(name)).collect();
            let wanted = set(columns);
            let found: Vec<&str> = present.iter().copied().filter(|name| wanted.contains(name)).collect();
            ordered(&found, &there)
        }
        T::TableColumnsMatchOrder { columns } => {
            ordered(&present, &columns.iter().map(String::as_str).collect::<Vec<_>>())
        }
        T::ColumnExists { column } => {
            wrong(if present.contains(&column.as_str()) { Vec::new() } else { vec![format!("{column} is missing")] })
        }
        T::ColumnOfKind { column, kinds } => match input.table.schema.column(column) {
            Some(found) => {
                let kind = found.kind;
                let outcome = RuleOutcome::held_if(kinds.contains(&kind));
                RuleOutcome { observed: Some(Observed::Values(vec![kind.as_str().to_owned()])), ..outcome }
            }
            None => return None,
        },
        _ => return None,
    })
}

/// How many rows there have to be for [`Test::TableRowCountLikeReference`], and whether there are.
pub(super) fn like(input: &RulesInput<'_>, rows: f64, tolerance: f64) -> RuleOutcome {
    let Some(reference) = input.reference else { return RuleOutcome::skipped("No reference given") };
    let wanted = reference.n_rows() as f64;
    let (low, high) = (wanted * (1.0 - tolerance), wanted * (1.0 + tolerance));
    let limit = if (rows - low).abs() < (rows - high).abs() { low } else { high };
    let outcome = RuleOutcome::held_if(low <= rows && rows <= high);
    RuleOutcome { observed: Some(Observed::Number(rows)), limit: Some(limit), ..outcome }
}

pub(super) fn equal(found: f64, wanted: f64) -> RuleOutcome {
    RuleOutcome {
        observed: Some(Observed::Number(found)),
        limit: Some(wanted),
        ..RuleOutcome::held_if(found == wanted)
    }
}

fn set(columns: &[String]) -> BTreeSet<&str> {
    columns.iter().map(String::as_str).collect()
}

fn wrong(names: Vec<String>) -> RuleOutcome {
    let unexpected = names.len() as u64;
    RuleOutcome { unexpected, observed: Some(Observed::Values(names)), ..RuleOutcome::held_if(unexpected == 0) }
}

fn ordered(found: &[&str], wanted: &[&str]) -> RuleOutcome {
    let differ = found.iter().zip(wanted).filter(|(a, b)| a != b).count() + found.len().abs_diff(wanted.len());
    let observed = Observed::Values(found.iter().map(|name| (*name).to_owned()).collect());
    RuleOutcome { unexpected: differ as u64, observed: Some(observed), ..RuleOutcome::held_if(differ == 0) }
}
