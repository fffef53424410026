//! Distances between two distributions.

use super::sample::SortedSample;

/// First Wasserstein (earth mover's) distance in the unit of the values, as `scipy.stats.wasserstein_distance`: the
/// area between the two empirical distribution functions. `None` with an empty sample.
pub fn wasserstein_distance(a: &SortedSample, b: &SortedSample) -> Option<f64> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let (a, b) = (a.values(), b.values());
    let (step_a, step_b) = (1.0 / a.len() as f64, 1.0 / b.len() as f64);
    let (mut i, mut j) = (0, 0);
    let mut at = a[0].min(b[0]);
    let mut area = 0.0;
    while i < a.len() || j < b.len() {
        let next = match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) => x.min(*y),
            (Some(x), None) | (None, Some(x)) => *x,
            (None, None) => break,
        };
        area += (i as f64 * step_a - j as f64 * step_b).abs() * (next - at);
        at = next;
        i += usize::from(a.get(i).is_some_and(|x| *x <= next));
        j += usize::from(b.get(j).is_some_and(|x| *x <= next));
    }
    Some(area)
}

/// Jensen–Shannon *distance* (the root of the divergence) with the natural logarithm, as
/// `scipy.spatial.distance.jensenshannon`: 0 for equal shares, `√ln 2` ≈ 0.833 with nothing in common. Both sides are
/// scaled to sum 1; `None` when one of them sums to nothing or their lengths differ.
pub fn jensen_shannon(p: &[f64], q: &[f64]) -> Option<f64> {
    let (sum_p, sum_q) = (p.iter().sum::<f64>(), q.iter().sum::<f64>());
    if p.len() != q.len() || sum_p <= 0.0 || sum_q <= 0.0 {
        return None;
    }
    let toward = |x: f64, middle: f64| if x > 0.0 { x * (x / middle).ln() } else { 0.0 };
    let mut divergence = 0.0;
    for (p, q) in p.iter().zip(q) {
        let (p, q) = (p / sum_p, q / sum_q);
        let middle = (p + q) / 2.0;
        divergence += toward(p, middle) + toward(q, middle);
    }
    Some((divergence / 2.0).max(0.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::testing::{close, sequence};

    fn distance(a: &[f64], b: &[f64]) -> f64 {
        wasserstein_distance(&SortedSample::new(a.to_vec()), &SortedSample::new(b.to_vec())).unwrap()
    }

    #[test]
    fn wasserstein_equals_scipys() {
        close(distance(&[0.0, 1.0, 3.0], &[5.0, 6.0, 8.0]), 5.0, 1e-14);
        close(distance(&[3.4, 3.9, 7.5, 7.8], &[4.5, 1.4]), 2.7, 1e-14);
        close(distance(&sequence(50, 7919, 1009, 0, 0.0), &sequence(70, 6007, 1013, 17, 0.5)), 0.4572, 1e-12);
    }

    #[test]
    fn wasserstein_is_zero_for_equal_samples_and_none_for_empty_ones() {
        let a = SortedSample::new([2.0, 2.0, 5.0]);
        assert_eq!(wasserstein_distance(&a, &a), Some(0.0));
        assert_eq!(wasserstein_distance(&a, &SortedSample::default()), None);
    }

    #[test]
    fn jensen_shannon_equals_scipys() {
        close(jensen_shannon(&[0.1, 0.2, 0.7], &[0.3, 0.3, 0.4]).unwrap(), 0.22784261945058354, 1e-13);
        close(jensen_shannon(&[0.5, 0.5, 0.0], &[0.25, 0.25, 0.5]).unwrap(), 0.464501404022459, 1e-13);
        close(jensen_shannon(&[1.0, 0.0], &[0.0, 1.0]).unwrap(), 2f64.ln().sqrt(), 1e-13);
        assert_eq!(jensen_shannon(&[3.0, 1.0], &[6.0, 2.0]), Some(0.0));
        assert_eq!(jensen_shannon(&[0.0], &[1.0]), None);
    }
}
