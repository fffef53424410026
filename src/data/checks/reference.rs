//! Rules about values, against a reference. Both samples differ by chance: a rule warns when they differ by more.

use std::collections::BTreeSet;

use super::context::{Column, Context};
use super::draft::{Draft, counted, listed, number, percent, share, short_number};
use super::rows::{FirstRows, Values, rows_with};
use super::{Outcome, Stop};
use crate::domain::finding::Finding;
use crate::domain::finding::Severity::{Info, Warning};
use crate::domain::schema::{ColumnKind, Storage};

/// The chance at which a clean column may exceed the number of values outside the range.
const FALSE_ALARM: f64 = 1e-5;

/// A value lies far out when it exceeds the range by this many times the distance between the reference's largest and
/// tenth-largest value, which is nearly the same for every sample size.
const FAR_OUT: f64 = 4.0;

/// Nearer values, if they are few, say nothing at all.
const NEAR: f64 = 1.0;

/// With fewer reference values the tail is unknown.
const ENOUGH_FOR_A_TAIL: usize = 50;

/// Values listed in a message.
const LISTED: usize = 3;

pub(super) fn out_of_range(cx: &Context) -> Outcome {
    let mut findings = Vec::new();
    let reference = cx.reference()?;
    for shared in cx.shared_columns()? {
        let is_number = |kind: ColumnKind| kind == ColumnKind::Numeric;
        let kinds_fit = is_number(shared.before.kind) && is_number(shared.now.schema.kind);
        let is_judged = kinds_fit && shared.now.schema.storage != Storage::String;
        if !is_judged || cx.is_declared(shared.now.name()) {
            continue;
        }
        let mut before = Tails::default();
        reference.pieces(shared.index, |_, cells| {
            cx.io.progress("Comparing ranges", None)?;
            (0..cells.len()).for_each(|row| before.add(cells.number(row)));
            Ok(())
        })?;
        findings.extend(range_finding(cx, shared.now, &before)?);
    }
    Ok(findings)
}

/// The smallest and the largest finite values of a column, ten of each, in ascending order.
#[derive(Default)]
struct Tails {
    n: usize,
    low: Vec<f64>,
    high: Vec<f64>,
}

impl Tails {
    const KEPT: usize = 10;

    fn add(&mut self, x: f64) {
        if !x.is_finite() {
            return;
        }
        self.n += 1;
        if self.low.len() < Self::KEPT || x < self.low[Self::KEPT - 1] {
            self.low.insert(self.low.partition_point(|y| *y <= x), x);
            self.low.truncate(Self::KEPT);
        }
        if self.high.len() < Self::KEPT || x > self.high[0] {
            self.high.insert(self.high.partition_point(|y| *y <= x), x);
            if self.high.len() > Self::KEPT {
                self.high.remove(0);
            }
        }
    }

    fn range(&self) -> Option<(f64, f64)> {
        Some((*self.low.first()?, *self.high.last()?))
    }
}

fn range_finding(cx: &Context, c: &Column<'_>, before: &Tails) -> Result<Option<Finding>, Stop> {
    let Some((low, high)) = before.range() else { return Ok(None) };
    let (mut below, mut above, mut least, mut most) = (0u64, 0u64, low, high);
    let mut rows = FirstRows::new(cx.input.most_rows);
    cx.table.pieces(c.index, |start, cells| {
        cx.io.progress("Comparing ranges", None)?;
        for row in 0..cells.len() {
            let x = cells.number(row);
            if x.is_finite() && (x < low || x > high) {
                *(if x < low { &mut below } else { &mut above }) += 1;
                (least, most) = (least.min(x), most.max(x));
                rows.add(start + row);
            }
        }
        Ok(())
    })?;
    let count = below + above;
    if count == 0 {
        return Ok(None);
    }
    let allowed = allowed_outside(before.n as f64, c.present() as f64);
    let at_an_end = below.max(above);
    let tails = tails_beyond(before, least, most);
    let far = tails > FAR_OUT;
    if at_an_end <= allowed && tails < NEAR {
        return Ok(None);
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
    Ok(Some(draft.rows(rows.rows()).held(observed, limit).done()))
}

/// When both samples come from one distribution, each of the `k` largest values of both together lies in the current
/// one with probability `q`, so `k` values beyond the reference's largest have the chance `q^k`.
fn allowed_outside(n_reference: f64, n_current: f64) -> u64 {
    let q = n_current / (n_current + n_reference);
    (FALSE_ALARM.ln() / q.ln()) as u64
}

/// How far the range is exceeded, in distances between the reference's tenth and most extreme value.
fn tails_beyond(before: &Tails, least: f64, most: f64) -> f64 {
    let Some((low, high)) = before.range().filter(|_| before.n >= ENOUGH_FOR_A_TAIL) else { return NEAR };
    // Capped and counted values have no tail of their own: a twentieth of the range is the least.
    let smallest = (high - low) / 20.0;
    let (upper, lower) = ((high - before.high[0]).max(smallest), (before.low[Tails::KEPT - 1] - low).max(smallest));
    let tails = |beyond: f64, tail: f64| if beyond > 0.0 { beyond / tail } else { 0.0 };
    tails(most - high, upper).max(tails(low - least, lower))
}

pub(super) fn unknown_categories(cx: &Context, limit: f64) -> Outcome {
    let mut findings = Vec::new();
    let reference = cx.reference()?;
    for shared in cx.shared_columns()? {
        let is_category = |kind: ColumnKind| matches!(kind, ColumnKind::Categorical | ColumnKind::Boolean);
        // New labels have a rule of their own.
        let is_target = shared.now.is_target && cx.classes().is_ok();
        if is_target || cx.is_declared(shared.now.name()) || !is_category(shared.before.kind) || shared.now.is_empty() {
            continue;
        }
        let before = Values::of(reference, shared.index, cx.io)?;
        let now = cx.values(shared.now)?;
        // A sample does not know every category.
        if before.sampled.is_none() && now.sampled.is_none() {
            findings.extend(category_finding(cx, shared.now, [&before, &now], limit)?);
        }
    }
    Ok(findings)
}

fn category_finding(
    cx: &Context,
    c: &Column<'_>,
    [before, now]: [&Values; 2],
    limit: f64,
) -> Result<Option<Finding>, Stop> {
    let total_before = before.total();
    if total_before == 0 {
        return Ok(None);
    }
    let known: BTreeSet<&str> = before.texts.iter().map(String::as_str).collect();
    let unknown: Vec<(&str, u64)> = now
        .texts
        .iter()
        .zip(&now.counts)
        .map(|(value, count)| (value.as_str(), *count))
        .filter(|(value, _)| !known.contains(value))
        .collect();
    let count: u64 = unknown.iter().map(|(_, count)| count).sum();
    if count == 0 {
        return Ok(None);
    }
    let once = before.counts.iter().filter(|count| **count == 1).count() as f64;
    let allowed = allowed_unknown(once, total_before as f64, c.present() as f64) + limit * c.present() as f64;
    let observed = share(count, c.present());
    cx.observe(observed);
    let message = format!(
        "`{}` has {} the reference does not have, in {} ({}, limit {}): {}",
        c.name(),
        if unknown.len() == 1 { "1 category".to_owned() } else { format!("{} categories", unknown.len()) },
        counted(count, "cell"),
        percent(observed),
        percent(allowed / c.present() as f64),
        listed(unknown.iter().map(|(value, _)| *value), LISTED)
    );
    let severity = if count as f64 > allowed { Warning } else { Info };
    let hint = "Correct misspelt values, or train again with data that has the new category";
    let unknown: BTreeSet<&str> = unknown.iter().map(|(value, _)| *value).collect();
    let rows = rows_with(cx.table, c.index, &unknown, cx.input.most_rows)?;
    let draft = Draft::new(severity, message, hint).column(c.name()).count(count, c.present());
    Ok(Some(draft.rows(rows).held(observed, allowed / c.present() as f64).done()))
}

/// Good & Turing: the share of values never seen is about the share of values seen once. Four standard deviations of
/// a Poisson count on top; no allowance when the reference has no value seen only once.
fn allowed_unknown(seen_once: f64, n_reference: f64, n_current: f64) -> f64 {
    let expected = seen_once / n_reference * n_current;
    (expected + 4.0 * expected.sqrt()).floor()
}

pub(super) fn missing_increased(cx: &Context, limit: f64) -> Outcome {
    let mut findings = Vec::new();
    let rows = cx.reference()?.n_rows() as u64;
    for shared in cx.shared_columns()? {
        let c = shared.now;
        let (before, now) = (share(cx.reference_missing()?[shared.index], rows), share(c.missing, c.rows()));
        cx.observe(now - before);
        if now - before > limit {
            let message = format!(
                "`{}` is missing in {} ({}) and was in {} of the reference; the limit is {} more",
                c.name(),
                counted(c.missing, "cell"),
                percent(now),
                percent(before),
                percent(limit)
            );
            let hint = "Find out whether a source stopped delivering this column";
            let draft = Draft::new(Warning, message, hint).column(c.name()).count(c.missing, c.rows());
            findings.push(draft.rows(c.missing_rows()).held(now - before, limit).done());
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
        let tails = |values: Vec<f64>| {
            let mut tails = Tails::default();
            values.into_iter().for_each(|x| tails.add(x));
            tails
        };
        // 8 and 1,001 have no common divisor: every number once, in no order.
        let uniform = tails((0..=1000).map(|i| f64::from(i * 8 % 1001)).collect());
        assert_eq!((uniform.low[9], uniform.high[0]), (9.0, 991.0));
        assert_eq!(tails_beyond(&uniform, 0.0, 1100.0), 2.0);
        assert_eq!(tails_beyond(&uniform, -400.0, 1000.0), 8.0);
        assert_eq!(tails_beyond(&uniform, 10.0, 990.0), 0.0);
        assert_eq!(tails_beyond(&tails(vec![3.0; 100]), 3.0, 4.0), f64::INFINITY);
    }
}
