//! Histogram bins over two samples together.

use super::sample::SortedSample;

/// The most bins anyone asks for; also bounds memory.
const MOST_BINS: usize = 1000;

/// Equal-width edges by Sturges' rule over both samples pooled, as `numpy.histogram_bin_edges(…, "sturges")`: the
/// range divided by `range / (log2 n + 1)`, rounded up; whole numbers get no bins narrower than 1. A single value gets
/// one bin of width 1 around it; no value at all gets no edges.
pub fn sturges_edges(a: &SortedSample, b: &SortedSample) -> Vec<f64> {
    let Some((low, high)) = pooled_range(a, b) else { return Vec::new() };
    if low == high {
        return vec![low - 0.5, high + 0.5];
    }
    // Divided before subtracting: the range of two huge values may not fit a float.
    let n = (a.len() + b.len()) as f64;
    let mut bins = (n.log2() + 1.0).ceil().clamp(1.0, MOST_BINS as f64);
    if high - low < bins && [a, b].iter().all(|s| s.values().iter().all(|x| x.fract() == 0.0)) {
        bins = high - low;
    }
    let width = high / bins - low / bins;
    let edge = |i: f64| {
        let edge = low + width * i;
        if edge.is_finite() { edge } else { low * (1.0 - i / bins) + high * (i / bins) }
    };
    let mut edges: Vec<f64> = (0..=bins as usize).map(|i| edge(i as f64)).collect();
    if let Some(last) = edges.last_mut() {
        *last = high;
    }
    edges
}

/// How many values lie in each bin: `edges[i] ≤ x < edges[i + 1]`, the last including its right edge (NumPy's rule).
pub fn histogram(sample: &SortedSample, edges: &[f64]) -> Vec<u64> {
    let values = sample.values();
    let Some(last) = edges.len().checked_sub(1) else { return Vec::new() };
    let below = |i: usize| {
        if i == last { values.partition_point(|x| *x <= edges[i]) } else { values.partition_point(|x| *x < edges[i]) }
    };
    (0..last).map(|i| (below(i + 1) - below(i)) as u64).collect()
}

fn pooled_range(a: &SortedSample, b: &SortedSample) -> Option<(f64, f64)> {
    match (a.range(), b.range()) {
        (Some((low_a, high_a)), Some((low_b, high_b))) => Some((low_a.min(low_b), high_a.max(high_b))),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::testing::{close, sequence};

    #[test]
    fn edges_and_counts_equal_numpys() {
        let a = SortedSample::new(sequence(50, 7919, 1009, 0, 0.0));
        let b = SortedSample::new(sequence(70, 6007, 1013, 17, 0.5));
        let edges = sturges_edges(&a, &b);
        let expected = [0.0, 1.30875, 2.6175, 3.92625, 5.235, 6.54375, 7.8525, 9.16125, 10.47];
        assert_eq!(edges.len(), expected.len());
        edges.iter().zip(expected).skip(1).for_each(|(edge, e)| close(*edge, e, 1e-14));
        assert_eq!(histogram(&a, &edges), [7, 6, 5, 7, 7, 6, 8, 4]);
        assert_eq!(histogram(&b, &edges), [6, 8, 10, 9, 9, 9, 9, 10]);
    }

    #[test]
    fn one_value_gets_one_bin_and_none_gets_none() {
        let one = SortedSample::new([1.0, 1.0, 1.0]);
        assert_eq!(sturges_edges(&one, &SortedSample::default()), [0.5, 1.5]);
        assert_eq!(histogram(&one, &[0.5, 1.5]), [3]);
        let none = SortedSample::default();
        assert!(sturges_edges(&none, &none).is_empty());
        assert!(histogram(&none, &[]).is_empty());
    }

    #[test]
    fn whole_numbers_get_bins_of_at_least_one() {
        // numpy.histogram_bin_edges([0, 1, 2, 3, 3, 3, 1, 1, 1], "sturges") with NumPy 2
        let whole = SortedSample::new([0.0, 1.0, 2.0, 3.0, 3.0, 3.0, 1.0, 1.0, 1.0]);
        assert_eq!(sturges_edges(&whole, &SortedSample::default()), [0.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn huge_ranges_stay_finite() {
        let wide = SortedSample::new([-f64::MAX, 0.0, f64::MAX]);
        let edges = sturges_edges(&wide, &SortedSample::default());
        assert!(edges.iter().all(|e| e.is_finite()));
        assert_eq!(histogram(&wide, &edges).iter().sum::<u64>(), 3);
    }
}
