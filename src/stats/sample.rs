//! A sample ready for tests: finite and sorted once, used by every statistic.

/// Finite values in ascending order. Missing and infinite ones are dropped on the way in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SortedSample(Vec<f64>);

impl SortedSample {
    pub fn new(values: impl IntoIterator<Item = f64>) -> Self {
        let mut finite: Vec<f64> = values.into_iter().filter(|x| x.is_finite()).collect();
        finite.sort_unstable_by(f64::total_cmp);
        Self(finite)
    }

    pub fn values(&self) -> &[f64] {
        &self.0
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Smallest and largest value.
    pub fn range(&self) -> Option<(f64, f64)> {
        Some((*self.0.first()?, *self.0.last()?))
    }

    pub fn mean(&self) -> Option<f64> {
        (!self.is_empty()).then(|| self.0.iter().sum::<f64>() / self.len() as f64)
    }

    /// Standard deviation dividing by n (`numpy.std` with its default `ddof=0`), in two passes.
    pub fn std_population(&self) -> Option<f64> {
        let mean = self.mean()?;
        let squares: f64 = self.0.iter().map(|x| (x - mean) * (x - mean)).sum();
        Some((squares / self.len() as f64).sqrt())
    }
}

/// Distinct values of both samples together in ascending order, each with its count on either side; `None` as soon
/// as there are more than `at_most`.
pub fn paired_counts(a: &SortedSample, b: &SortedSample, at_most: usize) -> Option<Vec<(f64, [u64; 2])>> {
    let (a, b) = (a.values(), b.values());
    let (mut i, mut j) = (0, 0);
    let mut counts = Vec::new();
    while i < a.len() || j < b.len() {
        if counts.len() == at_most {
            return None;
        }
        let value = match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) => x.min(*y),
            (Some(x), None) | (None, Some(x)) => *x,
            (None, None) => break,
        };
        let (in_a, in_b) = (equal_run(&a[i..], value), equal_run(&b[j..], value));
        i += in_a;
        j += in_b;
        counts.push((value, [in_a as u64, in_b as u64]));
    }
    Some(counts)
}

/// How many leading values equal `value` (0.0 and -0.0 do).
pub(super) fn equal_run(sorted: &[f64], value: f64) -> usize {
    sorted.iter().take_while(|x| **x == value).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::testing::{close, sequence};

    #[test]
    fn a_sample_is_sorted_and_finite() {
        let s = SortedSample::new([3.0, f64::NAN, -1.0, f64::INFINITY, 2.0]);
        assert_eq!(s.values(), [-1.0, 2.0, 3.0]);
        assert_eq!(s.range(), Some((-1.0, 3.0)));
        assert_eq!(SortedSample::default().mean(), None);
    }

    #[test]
    fn the_population_deviation_equals_numpys() {
        let s = SortedSample::new(sequence(50, 7919, 1009, 0, 0.0));
        close(s.std_population().unwrap(), 2.942412778656319, 1e-13);
    }

    #[test]
    fn paired_counts_join_both_sides_and_stop_at_the_limit() {
        let a = SortedSample::new([1.0, 1.0, 2.0]);
        let b = SortedSample::new([2.0, 3.0, -0.0]);
        let expected = vec![(-0.0, [0, 1]), (1.0, [2, 0]), (2.0, [1, 1]), (3.0, [0, 1])];
        assert_eq!(paired_counts(&a, &b, 4), Some(expected));
        assert_eq!(paired_counts(&a, &b, 3), None);
    }
}
