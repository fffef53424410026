//! The distributions of a column in two tables of which the profiles are at hand: enough for a picture, at once.

use std::collections::BTreeMap;

use super::drift::DriftShape;
use super::profile::{ColumnProfile, Histogram};

/// Bins both sides are drawn over.
const BINS: usize = 24;
/// Values that get a bar of their own.
const MOST_VALUES: usize = 12;

/// Numbers and dates: both histograms over the same bins of equal width, a bin's count spread evenly over what it
/// covers. Others: the most frequent values of both sides together, the rest under `(other)`.
pub fn side_by_side(reference: &ColumnProfile, current: &ColumnProfile, rows: [u64; 2]) -> DriftShape {
    match (&reference.histogram, &current.histogram) {
        (Some(before), Some(now)) => bins(before, now),
        (None, None) => {
            let present = [rows[0].saturating_sub(reference.missing), rows[1].saturating_sub(current.missing)];
            values(&reference.top, &current.top, present)
        }
        _ => DriftShape::None,
    }
}

fn bins(before: &Histogram, now: &Histogram) -> DriftShape {
    let ends = |h: &Histogram| Some((*h.edges.first()?, *h.edges.last()?));
    let (Some((a, b)), Some((c, d))) = (ends(before), ends(now)) else { return DriftShape::None };
    let (from, to) = (a.min(c), b.max(d));
    if !(to - from).is_finite() || to <= from {
        return DriftShape::None;
    }
    let edges: Vec<f64> = (0..=BINS).map(|i| from + (to - from) * i as f64 / BINS as f64).collect();
    let shares = |h: &Histogram| {
        let below: Vec<f64> = edges.iter().map(|edge| share_below(h, *edge)).collect();
        below.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<f64>>()
    };
    DriftShape::Bins { reference: shares(before), current: shares(now), edges }
}

/// The share of a histogram's values below `x`.
fn share_below(h: &Histogram, x: f64) -> f64 {
    let total = h.counts.iter().sum::<u64>().max(1) as f64;
    let part = |(at, count): (usize, &u64)| {
        let (from, to) = (h.edges[at], h.edges[at + 1]);
        let covered = if to > from { ((x - from) / (to - from)).clamp(0.0, 1.0) } else { f64::from(u8::from(x >= to)) };
        *count as f64 * covered
    };
    h.counts.iter().enumerate().take(h.edges.len().saturating_sub(1)).map(part).sum::<f64>() / total
}

fn values(before: &[(String, u64)], now: &[(String, u64)], present: [u64; 2]) -> DriftShape {
    let mut counts: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
    for (side, top) in [before, now].into_iter().enumerate() {
        for (value, count) in top {
            counts.entry(value).or_default()[side] += count;
        }
    }
    let mut counts: Vec<(String, [u64; 2])> = counts.into_iter().map(|(value, n)| (value.to_owned(), n)).collect();
    if counts.is_empty() {
        return DriftShape::None;
    }
    counts.sort_by_key(|(_, n)| std::cmp::Reverse(n[0] + n[1]));
    counts.truncate(MOST_VALUES);
    let named = counts.iter().fold([0, 0], |[a, b], (_, [x, y])| [a + x, b + y]);
    let other = [0, 1].map(|side| present[side].saturating_sub(named[side]));
    if other != [0, 0] {
        counts.push(("(other)".to_owned(), other));
    }
    let shares = |side: usize| counts.iter().map(|(_, n)| n[side] as f64 / present[side].max(1) as f64).collect();
    let (reference, current) = (shares(0), shares(1));
    DriftShape::Values { values: counts.into_iter().map(|(value, _)| value).collect(), reference, current }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::schema::{ColumnKind, Storage};

    fn numbers(edges: &[f64], counts: &[u64]) -> ColumnProfile {
        let histogram = Some(Histogram { edges: edges.to_vec(), counts: counts.to_vec() });
        ColumnProfile { histogram, ..ColumnProfile::new("x", ColumnKind::Numeric, Storage::Float64) }
    }

    #[test]
    fn histograms_of_different_bins_are_drawn_over_the_same() {
        let (before, now) = (numbers(&[0.0, 12.0], &[10]), numbers(&[12.0, 18.0, 24.0], &[3, 1]));
        let DriftShape::Bins { edges, reference, current } = side_by_side(&before, &now, [10, 4]) else {
            panic!("expected bins")
        };
        assert_eq!((edges[0], edges[24], edges.len()), (0.0, 24.0, 25));
        let sum = |shares: &[f64]| shares.iter().sum::<f64>();
        assert!((sum(&reference[..12]) - 1.0).abs() < 1e-12 && sum(&reference[12..]).abs() < 1e-12);
        assert!((sum(&current[12..18]) - 0.75).abs() < 1e-12, "{current:?}");
    }

    #[test]
    fn frequent_values_of_both_sides_and_the_rest() {
        let words = |top: &[(&str, u64)]| ColumnProfile {
            top: top.iter().map(|(value, n)| ((*value).to_owned(), *n)).collect(),
            ..ColumnProfile::new("plan", ColumnKind::Categorical, Storage::String)
        };
        let shape = side_by_side(&words(&[("basic", 6), ("pro", 2)]), &words(&[("pro", 5)]), [10, 5]);
        let DriftShape::Values { values, reference, current } = shape else { panic!("expected values") };
        assert_eq!(values, ["pro", "basic", "(other)"]);
        assert_eq!((reference, current), (vec![0.2, 0.6, 0.2], vec![1.0, 0.0, 0.0]));
    }
}
