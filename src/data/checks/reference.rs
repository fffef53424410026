//! Rules about values, against a reference. Both samples differ by chance: a rule warns when they differ by more.

use std::collections::BTreeSet;

use super::Outcome;
use super::context::{Column, Context};
use super::draft::{Draft, counted, listed, number, percent, share, short_number};
use crate::data::table::{Cells, MISSING_CODE};
use crate::domain::finding::Finding;
use crate::domain::finding::Severity::{Info, Warning};
use crate::domain::schema::ColumnKind;
use crate::stats::sample::SortedSample;

/// The chance at which a clean column may exceed the number of values outside the range.
const FALSE_ALARM: f64 = 1e-5;

/// A value lies far out when it exceeds the range by this many times the distance between the reference's largest and
/// tenth-largest value, which is nearly the same for every sample size.
const FAR_OUT: f64 = 4.0;

/// Nearer values, if they are few, say nothing at all.
const NEAR: f64 = 1.0;

/// With fewer reference values the tail is unknown.
const ENOUGH_FOR_A_TAIL: usize = 50;

const MISSING_INCREASE_LIMIT: f64 = 0.1;

/// Values listed in a message.
const LISTED: usize = 3;

pub(super) fn out_of_range(cx: &Context) -> Outcome {
    let mut findings = Vec::new();
    for (c, schema, cells) in cx.shared_columns()? {
        let is_number = |kind: ColumnKind| kind == ColumnKind::Numeric;
        if !is_number(schema.kind) || !is_number(c.schema.kind) || matches!(c.cells, Cells::Text(_)) {
            continue;
        }
        cx.io.progress("Comparing ranges", None)?;
        let before = SortedSample::new((0..cells.len()).map(|row| cells.number(row)));
        findings.extend(range_finding(c, &before));
    }
    Ok(findings)
}

fn range_finding(c: &Column<'_>, before: &SortedSample) -> Option<Finding> {
    let (low, high) = before.range()?;
    let outside = |x: f64| x.is_finite() && (x < low || x > high);
    let rows = || (0..c.cells.len()).filter(move |row| outside(c.cells.number(*row)));
    let (mut below, mut above, mut least, mut most) = (0u64, 0u64, low, high);
    for x in rows().map(|row| c.cells.number(row)) {
        *(if x < low { &mut below } else { &mut above }) += 1;
        (least, most) = (least.min(x), most.max(x));
    }
    let count = below + above;
    if count == 0 {
        return None;
    }
    let allowed = allowed_outside(before.len() as f64, c.present() as f64);
    let at_an_end = below.max(above);
    let tails = tails_beyond(before, least, most);
    let far = tails > FAR_OUT;
    if at_an_end <= allowed && tails < NEAR {
        return None;
    }
    let found = match (below > 0, above > 0) {
        (true, true) => format!("from {} to {}", short_number(least), short_number(most)),
        (true, false) => format!("down to {}", short_number(least)),
        _ => format!("up to {}", short_number(most)),
    };
    let judged =
        if far { "far beyond its tail".to_owned() } else { format!("chance explains {} at an end", number(allowed)) };
    let message = format!(
        "`{}` has {} outside the reference's range of {} to {} ({}), {found}; {judged}",
        c.name(),
        counted(count, "value"),
        short_number(low),
        short_number(high),
        percent(share(count, c.present())),
    );
    let severity = if far || at_an_end > allowed { Warning } else { Info };
    let hint = "Look at these rows: a unit may have changed, or the model will have to extrapolate";
    let draft = Draft::new(severity, message, hint).column(c.name()).count(count, c.present());
    let (observed, limit) = match (far, most - high > low - least) {
        (true, true) => (most, high),
        (true, false) => (least, low),
        (false, _) => (at_an_end as f64, allowed as f64),
    };
    Some(draft.rows(rows()).held(observed, limit).done())
}

/// When both samples come from one distribution, each of the `k` largest values of both together lies in the current
/// one with probability `q`, so `k` values beyond the reference's largest have the chance `q^k`.
fn allowed_outside(n_reference: f64, n_current: f64) -> u64 {
    let q = n_current / (n_current + n_reference);
    (FALSE_ALARM.ln() / q.ln()) as u64
}

/// How far the range is exceeded, in distances between the reference's tenth and most extreme value.
fn tails_beyond(before: &SortedSample, least: f64, most: f64) -> f64 {
    let values = before.values();
    let n = values.len();
    if n < ENOUGH_FOR_A_TAIL {
        return NEAR;
    }
    // Capped and counted values have no tail of their own: a twentieth of the range is the least.
    let smallest = (values[n - 1] - values[0]) / 20.0;
    let (upper, lower) = ((values[n - 1] - values[n - 10]).max(smallest), (values[9] - values[0]).max(smallest));
    let tails = |beyond: f64, tail: f64| if beyond > 0.0 { beyond / tail } else { 0.0 };
    tails(most - values[n - 1], upper).max(tails(values[0] - least, lower))
}

pub(super) fn unknown_categories(cx: &Context) -> Outcome {
    let mut findings = Vec::new();
    for (c, schema, cells) in cx.shared_columns()? {
        let is_category = |kind: ColumnKind| matches!(kind, ColumnKind::Categorical | ColumnKind::Boolean);
        if !is_category(schema.kind) || c.is_empty() {
            continue;
        }
        cx.io.progress("Comparing categories", None)?;
        findings.extend(category_finding(c, cells));
    }
    Ok(findings)
}

fn category_finding(c: &Column<'_>, before: &Cells) -> Option<Finding> {
    let (before, now) = (super::rows::codes(before), super::rows::codes(c.cells));
    let counts_before = before.counts();
    let total_before: u64 = counts_before.iter().sum();
    if total_before == 0 {
        return None;
    }
    let used = before.values.iter().zip(&counts_before).filter(|(_, count)| **count > 0);
    let known: BTreeSet<&str> = used.map(|(value, _)| value.as_str()).collect();
    let unknown: Vec<bool> = now.values.iter().map(|value| !known.contains(value.as_str())).collect();
    let counts = now.counts();
    let odd = || (0..unknown.len()).filter(|code| unknown[*code] && counts[*code] > 0);
    let count: u64 = odd().map(|code| counts[code]).sum();
    if count == 0 {
        return None;
    }
    let once = counts_before.iter().filter(|count| **count == 1).count() as f64;
    let allowed = allowed_unknown(once, total_before as f64, c.present() as f64);
    let observed = share(count, c.present());
    let message = format!(
        "`{}` has {} the reference does not have, in {} ({}, limit {}): {}",
        c.name(),
        if odd().count() == 1 { "1 category".to_owned() } else { format!("{} categories", odd().count()) },
        counted(count, "cell"),
        percent(observed),
        percent(allowed / c.present() as f64),
        listed(odd().map(|code| now.values[code].as_str()), LISTED)
    );
    let severity = if count as f64 > allowed { Warning } else { Info };
    let hint = "Correct misspelt values, or train again with data that has the new category";
    let is_odd = |code: u32| code != MISSING_CODE && unknown[code as usize];
    let rows = now.codes.iter().enumerate().filter(|(_, code)| is_odd(**code)).map(|(row, _)| row);
    let draft = Draft::new(severity, message, hint).column(c.name()).count(count, c.present());
    Some(draft.rows(rows).held(observed, allowed / c.present() as f64).done())
}

/// Good & Turing: the share of values never seen is about the share of values seen once. Four standard deviations of
/// a Poisson count on top; no allowance when the reference has no value seen only once.
fn allowed_unknown(seen_once: f64, n_reference: f64, n_current: f64) -> f64 {
    let expected = seen_once / n_reference * n_current;
    (expected + 4.0 * expected.sqrt()).floor()
}

pub(super) fn missing_increased(cx: &Context) -> Outcome {
    let mut findings = Vec::new();
    for (c, _, cells) in cx.shared_columns()? {
        let missing_before = (0..cells.len()).filter(|row| cells.is_missing(*row)).count() as u64;
        let (before, now) = (share(missing_before, cells.len() as u64), share(c.missing, c.rows()));
        if now - before > MISSING_INCREASE_LIMIT {
            let message = format!(
                "`{}` is missing in {} ({}) and was in {} of the reference; the limit is {} more",
                c.name(),
                counted(c.missing, "cell"),
                percent(now),
                percent(before),
                percent(MISSING_INCREASE_LIMIT)
            );
            let hint = "Find out whether a source stopped delivering this column";
            let draft = Draft::new(Warning, message, hint).column(c.name()).count(c.missing, c.rows());
            findings.push(draft.rows(c.missing_rows()).held(now - before, MISSING_INCREASE_LIMIT).done());
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_current_rows_may_leave_the_range_more_often() {
        assert_eq!(allowed_outside(1000.0, 1000.0), 16);
        assert!(allowed_outside(1000.0, 10.0) < 3);
        assert!(allowed_outside(100.0, 10_000.0) > 1000);
    }

    #[test]
    fn unseen_categories_are_expected_only_where_some_are_rare() {
        assert_eq!(allowed_unknown(0.0, 1000.0, 1000.0), 0.0);
        assert_eq!(allowed_unknown(9.0, 1000.0, 1000.0), 21.0);
    }

    #[test]
    fn far_out_is_measured_in_tails() {
        let uniform = SortedSample::new((0..=1000).map(f64::from));
        assert_eq!(tails_beyond(&uniform, 0.0, 1100.0), 2.0);
        assert_eq!(tails_beyond(&uniform, -400.0, 1000.0), 8.0);
        assert_eq!(tails_beyond(&uniform, 10.0, 990.0), 0.0);
        let constant = SortedSample::new(vec![3.0; 100]);
        assert_eq!(tails_beyond(&constant, 3.0, 4.0), f64::INFINITY);
    }
}
