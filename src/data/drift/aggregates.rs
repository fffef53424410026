//! Drift between two profiles, without the rows.
//!
//! Numbers are compared over the tenths of the reference. Where these lie, and how much of either side lies in them, is
//! read off a cumulative distribution that runs in straight lines through the stored bins and quantiles: over smooth
//! distributions the distance is within 0.02 of the one that the rows give over the same bins. Columns of at most 20
//! values are compared exactly.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::profile::{ColumnProfile, Histogram, TableProfile};
use crate::domain::profile_drift::{DriftBasis, ProfileColumnDrift, ProfileDrift};
use crate::domain::schema::ColumnKind;
use crate::stats::distance::jensen_shannon;

/// The distance from which on a column drifted, as in the comparison of rows.
const THRESHOLD: f64 = 0.1;
/// The least share the stability index works with.
const LEAST_SHARE: f64 = 1e-4;
/// Equal shares of the reference that numbers are compared over.
const TENTHS: usize = 10;
/// Values a profile keeps.
const KEPT: u64 = 20;

/// Compares every column both profiles have, by name.
pub fn drift_of_profiles(reference: &TableProfile, current: &TableProfile) -> ProfileDrift {
    let mut columns: Vec<ProfileColumnDrift> = reference
        .columns
        .iter()
        .filter_map(|before| Some(compare((before, reference.rows), (current.column(&before.name)?, current.rows))))
        .collect();
    columns.sort_by(|a, b| (b.drifted, &a.column).cmp(&(a.drifted, &b.column)));
    let compared = columns.iter().filter(|c| c.jensen_shannon.is_some()).count();
    let drifted = columns.iter().filter(|c| c.drifted).count();
    let only_in = |table: &TableProfile, other: &TableProfile| {
        let names = table.columns.iter().map(|c| &c.name).filter(|name| other.column(name).is_none());
        names.cloned().collect::<BTreeSet<_>>().into_iter().collect()
    };
    ProfileDrift {
        format_version: 1,
        reference_rows: reference.rows,
        current_rows: current.rows,
        drifted_share: if compared == 0 { 0.0 } else { drifted as f64 / compared as f64 },
        threshold: THRESHOLD,
        only_reference: only_in(reference, current),
        only_current: only_in(current, reference),
        columns,
    }
}

fn compare((before, rows): (&ColumnProfile, u64), (now, rows_now): (&ColumnProfile, u64)) -> ProfileColumnDrift {
    let (basis, shares, note) = match shares(before, rows, now, rows_now) {
        Ok((basis, before, now)) => (basis, Some((before, now)), None),
        Err(note) => (DriftBasis::None, None, Some(note.to_owned())),
    };
    let distance = shares.as_ref().and_then(|(p, q)| jensen_shannon(p, q));
    let shift = before.numbers.as_ref().zip(now.numbers.as_ref()).and_then(|(a, b)| {
        let std = a.std.filter(|std| *std > 0.0)?;
        Some((b.mean - a.mean) / std)
    });
    ProfileColumnDrift {
        column: before.name.clone(),
        kind: before.kind,
        basis,
        jensen_shannon: distance,
        psi: shares.map(|(p, q)| psi(&p, &q)),
        mean_shift: shift.filter(|_| before.is_number() && now.is_number()),
        missing: [(before.missing, rows), (now.missing, rows_now)].map(|(n, rows)| n as f64 / rows.max(1) as f64),
        drifted: distance.is_some_and(|d| d >= THRESHOLD),
        note,
    }
}

type Shares = (DriftBasis, Vec<f64>, Vec<f64>);

fn shares(before: &ColumnProfile, rows: u64, now: &ColumnProfile, rows_now: u64) -> Result<Shares, &'static str> {
    let values = [rows.saturating_sub(before.missing), rows_now.saturating_sub(now.missing)];
    if values.contains(&0) {
        return Err("one side has no values");
    }
    if (before.storage != now.storage) && !(before.is_number() && now.is_number()) {
        return Err("stored differently on the two sides");
    }
    match before.kind {
        ColumnKind::Identifier => return Err("an identifier is different by nature"),
        ColumnKind::Text => {
            let of = |c: &ColumnProfile| c.lengths.as_ref().and_then(|l| Distribution::new(l.histogram.as_ref()?, &[]));
            let (a, b) = of(before).zip(of(now)).ok_or("one of the profiles does not tell the lengths of texts")?;
            let edges = a.tenths();
            return Ok((DriftBasis::Lengths, a.shares(&edges), b.shares(&edges)));
        }
        _ => {}
    }
    let complete = |c: &ColumnProfile| c.distinct <= KEPT;
    if complete(before) && complete(now) {
        let (a, b) = values_shares(before, now, values);
        return Ok((DriftBasis::Values, a, b));
    }
    let of = |c: &ColumnProfile| {
        let quantiles = c.numbers.as_ref().map_or(&[][..], |n| n.quantiles.as_slice());
        c.histogram.as_ref().and_then(|h| Distribution::new(h, quantiles))
    };
    if let Some((a, b)) = of(before).zip(of(now)) {
        let edges = a.tenths();
        return Ok((DriftBasis::Bins, a.shares(&edges), b.shares(&edges)));
    }
    let (a, b) = values_shares(before, now, values);
    Ok((DriftBasis::FrequentValues, a, b))
}

/// Shares of the values that either side keeps, and of all others together. A value that one side does not keep is one
/// of its rare ones and gets the mean share of these.
fn values_shares(before: &ColumnProfile, now: &ColumnProfile, values: [u64; 2]) -> (Vec<f64>, Vec<f64>) {
    let names: BTreeSet<&str> = before.top.iter().chain(&now.top).map(|(name, _)| name.as_str()).collect();
    let side = |column: &ColumnProfile, values: u64| -> Vec<f64> {
        let kept: BTreeMap<&str, u64> = column.top.iter().map(|(name, n)| (name.as_str(), *n)).collect();
        let rest = values.saturating_sub(kept.values().sum()) as f64;
        let rare = rest / column.distinct.saturating_sub(kept.len() as u64).max(1) as f64;
        let mut shares: Vec<f64> =
            names.iter().map(|name| kept.get(name).map_or(rare, |n| *n as f64) / values as f64).collect();
        shares.push((1.0 - shares.iter().sum::<f64>()).max(0.0));
        shares
    };
    (side(before, values[0]), side(now, values[1]))
}

/// The population stability index: the sum of (p − q) ln(p / q).
fn psi(p: &[f64], q: &[f64]) -> f64 {
    let terms = p.iter().zip(q).filter(|(p, q)| **p > 0.0 || **q > 0.0).map(|(p, q)| {
        let (p, q) = (p.max(LEAST_SHARE), q.max(LEAST_SHARE));
        (p - q) * (p / q).ln()
    });
    terms.sum()
}

/// A cumulative distribution in straight lines between knots: value and share of the values up to it.
struct Distribution(Vec<(f64, f64)>);

impl Distribution {
    /// `None` without values.
    fn new(histogram: &Histogram, quantiles: &[(f64, f64)]) -> Option<Self> {
        let total: u64 = histogram.counts.iter().sum();
        let mut seen = 0;
        let mut knots = vec![(*histogram.edges.first()?, 0.0)];
        for (edge, count) in histogram.edges.iter().skip(1).zip(&histogram.counts) {
            seen += count;
            knots.push((*edge, seen as f64 / total as f64));
        }
        knots.extend(quantiles.iter().map(|&(share, value)| (value, share)));
        knots.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        // A quantile between two data points may stand a little off the count at an edge beside it.
        let mut most = 0.0f64;
        for knot in &mut knots {
            most = most.max(knot.1);
            knot.1 = most;
        }
        (total > 0).then_some(Self(knots))
    }

    /// Share of the values up to `x`.
    fn up_to(&self, x: f64) -> f64 {
        let after = self.0.partition_point(|knot| knot.0 <= x);
        let (Some(&(from, share)), Some(&(to, more))) =
            (after.checked_sub(1).and_then(|i| self.0.get(i)), self.0.get(after))
        else {
            return if after == 0 { 0.0 } else { 1.0 };
        };
        share + (more - share) * (x - from) / (to - from)
    }

    /// The value up to which a share lies.
    fn value_at(&self, share: f64) -> f64 {
        let after = self.0.partition_point(|knot| knot.1 < share);
        let Some(&(to, more)) = self.0.get(after) else { return self.0[self.0.len() - 1].0 };
        let Some(&(from, less)) = after.checked_sub(1).and_then(|i| self.0.get(i)) else { return to };
        if more > less { from + (to - from) * (share - less) / (more - less) } else { to }
    }

    /// The edges between tenths, fewer where they coincide.
    fn tenths(&self) -> Vec<f64> {
        let mut edges: Vec<f64> = (1..TENTHS).map(|i| self.value_at(i as f64 / TENTHS as f64)).collect();
        edges.dedup();
        edges
    }

    fn shares(&self, edges: &[f64]) -> Vec<f64> {
        let ends = edges.iter().map(|&edge| self.up_to(edge)).chain([1.0]);
        let mut before = 0.0;
        ends.map(|end| end - std::mem::replace(&mut before, end)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::profile::profile;
    use crate::data::table::testing::{numbers, table};
    use crate::data::table::{Cells, Table};
    use crate::domain::io::Silent;
    use crate::stats::mix;

    /// Roughly normal: the mean of four even numbers.
    fn bell(n: u64, seed: u64) -> impl Iterator<Item = f64> {
        let even = move |i: u64| mix(seed << 40 | i) as f64 / u64::MAX as f64;
        (0..n).map(move |i| (0..4).map(|k| even(i * 4 + k)).sum::<f64>() / 4.0)
    }

    fn of(tables: [Vec<f64>; 2]) -> (ProfileColumnDrift, [Vec<f64>; 2]) {
        let profiles = tables.clone().map(|x| {
            let table: Table = table(vec![("x", ColumnKind::Numeric, numbers(x))]);
            profile(&table, &Silent).unwrap()
        });
        (drift_of_profiles(&profiles[0], &profiles[1]).columns.remove(0), tables)
    }

    /// Over the rows: shares between the reference's own tenths.
    fn exact([reference, current]: [Vec<f64>; 2]) -> f64 {
        let mut sorted = reference.clone();
        sorted.sort_by(f64::total_cmp);
        let edges: Vec<f64> = (1..10).map(|i| crate::data::profile::quantile(&sorted, f64::from(i) / 10.0)).collect();
        let shares = |values: &[f64]| {
            let mut shares = vec![0.0; 10];
            values.iter().for_each(|x| shares[edges.partition_point(|edge| edge < x)] += 1.0 / values.len() as f64);
            shares
        };
        jensen_shannon(&shares(&reference), &shares(&current)).unwrap()
    }

    #[track_caller]
    fn check(reference: Vec<f64>, current: Vec<f64>, drifted: bool) {
        let (drift, tables) = of([reference, current]);
        let exact = exact(tables);
        let got = drift.jensen_shannon.unwrap();
        assert!((got - exact).abs() < 0.02, "{got} instead of {exact}");
        assert_eq!((drift.drifted, drift.basis), (drifted, DriftBasis::Bins));
    }

    #[test]
    fn the_distance_from_profiles_is_near_that_from_rows() {
        check(bell(20_000, 1).collect(), bell(20_000, 2).collect(), false);
        check(bell(20_000, 1).collect(), bell(30_000, 2).map(|x| x + 0.06).collect(), true);
        check(bell(20_000, 1).collect(), bell(20_000, 2).map(|x| x * 1.4).collect(), true);
        let skewed = |seed| bell(20_000, seed).map(|x| (8.0 * x).exp());
        check(skewed(1).collect(), skewed(2).collect(), false);
        check(skewed(1).collect(), skewed(2).map(|x| x * 1.5).collect(), true);
        // Nothing in common is nothing in common.
        check(bell(5_000, 1).collect(), bell(5_000, 2).map(|x| x + 5.0).collect(), true);
    }

    #[test]
    fn few_values_are_compared_exactly() {
        let words = |n: &[usize]| {
            let cells: Vec<Option<&str>> =
                ["a", "b", "c"].iter().zip(n).flat_map(|(w, n)| std::iter::repeat_n(Some(*w), *n)).collect();
            let cells = Cells::Text(cells.into_iter().collect());
            profile(&table(vec![("c", ColumnKind::Categorical, cells)]), &Silent).unwrap()
        };
        let drift = drift_of_profiles(&words(&[10, 20, 70]), &words(&[30, 30, 40]));
        let c = &drift.columns[0];
        // scipy.spatial.distance.jensenshannon, and the sum by hand.
        assert!((c.jensen_shannon.unwrap() - 0.22784261945058354).abs() < 1e-12);
        let by_hand = 0.2 * 3f64.ln() + 0.1 * 1.5f64.ln() + 0.3 * (7.0f64 / 4.0).ln();
        assert!((c.psi.unwrap() - by_hand).abs() < 1e-12);
        assert_eq!((c.basis, c.drifted, drift.drifted_share), (DriftBasis::Values, true, 1.0));
    }

    #[test]
    fn a_profile_of_version_1_is_enough_for_numbers_and_says_so_for_texts() {
        let text = r#"{"format_version":1,"rows":4,"columns":[
            {"name":"x","kind":"numeric","storage":"float64","missing":0,"distinct":40,"top":[],
             "numbers":{"count":4,"min":0.0,"max":2.0,"mean":1.0,"std":1.0,"q25":0.5,"median":1.0,"q75":1.5,"zeros":0},
             "histogram":{"edges":[0.0,1.0,2.0],"counts":[2,2]},"lengths":null},
            {"name":"t","kind":"text","storage":"string","missing":0,"distinct":4,"top":[],"numbers":null,
             "histogram":null,"lengths":{"min":1,"mean":2.0,"max":3}}]}"#;
        let old: TableProfile = serde_json::from_str(text).unwrap();
        let drift = drift_of_profiles(&old, &old);
        let (t, x) = (&drift.columns[0], &drift.columns[1]);
        assert_eq!((x.jensen_shannon, x.psi, x.mean_shift), (Some(0.0), Some(0.0), Some(0.0)));
        assert!(t.note.is_some() && t.jensen_shannon.is_none());
    }
}
