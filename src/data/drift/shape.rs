//! The two distributions of a column as shares, ready to draw over each other.

use super::column::ValueCounts;
use crate::domain::drift::DriftShape;
use crate::stats::bins::{histogram, sturges_edges};
use crate::stats::sample::SortedSample;

/// Values that get their own bar.
const MOST_VALUES: usize = 20;

/// The name of the bar for all other values.
const OTHER: &str = "(other)";

/// Shares over equal-width bins by Sturges' rule on both sides pooled; no shape without any value.
pub(super) fn bins(reference: &SortedSample, current: &SortedSample) -> DriftShape {
    let edges = sturges_edges(reference, current);
    if edges.is_empty() {
        return DriftShape::None;
    }
    let shares = |sample: &SortedSample| {
        let total = sample.len().max(1) as f64;
        histogram(sample, &edges).into_iter().map(|count| count as f64 / total).collect()
    };
    DriftShape::Bins { reference: shares(reference), current: shares(current), edges }
}

/// Shares of the values that are most frequent on both sides together, ties by value, the rest under `(other)`.
pub(super) fn values(mut counts: ValueCounts) -> DriftShape {
    if counts.is_empty() {
        return DriftShape::None;
    }
    let totals = counts.iter().fold([0, 0], |[a, b], (_, [x, y])| [a + x, b + y]);
    counts.sort_by(|(v, a), (w, b)| (b[0] + b[1]).cmp(&(a[0] + a[1])).then_with(|| v.cmp(w)));
    if counts.len() > MOST_VALUES {
        let rest = counts.split_off(MOST_VALUES);
        let other = rest.iter().fold([0, 0], |[a, b], (_, [x, y])| [a + x, b + y]);
        counts.push((OTHER.to_owned(), other));
    }
    let shares =
        |side: usize| counts.iter().map(|(_, c)| c[side] as f64 / totals[side].max(1) as f64).collect::<Vec<_>>();
    let (reference, current) = (shares(0), shares(1));
    DriftShape::Values { values: counts.into_iter().map(|(value, _)| value).collect(), reference, current }
}
