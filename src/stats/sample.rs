//! A sample ready for tests: finite and sorted once, used by every statistic.

/// Finite values in ascending order. Missing and infinite ones are dropped on the way in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SortedSample(Vec<f64>);

impl SortedSample {
    pub fn new(values: impl IntoIterator<Item = f64>) -> Self {
        let mut finite: Vec<f64> = values.into_iter().filter(|x| x.is_finite()).collect();
        sort(&mut finite);
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

/// From this many values on, sorting by digits beats sorting by comparison.
const RADIX_FROM: usize = 1 << 14;
const DIGIT_BITS: usize = 11;
const DIGITS: usize = 64usize.div_ceil(DIGIT_BITS);

/// Ascending by `f64::total_cmp`.
fn sort(values: &mut [f64]) {
    if values.len() < RADIX_FROM {
        values.sort_unstable_by(f64::total_cmp);
        return;
    }
    let mut keys: Vec<u64> = values.iter().map(|x| ordered_bits(*x)).collect();
    let mut counts = vec![[0u32; 1 << DIGIT_BITS]; DIGITS];
    for key in &keys {
        counts.iter_mut().enumerate().for_each(|(digit, counts)| counts[digit_of(*key, digit)] += 1);
    }
    let mut other = vec![0u64; keys.len()];
    for (digit, counts) in counts.iter_mut().enumerate() {
        if counts.iter().any(|count| *count as usize == keys.len()) {
            continue;
        }
        let mut next = 0;
        counts.iter_mut().for_each(|count| (*count, next) = (next, next + *count));
        for key in &keys {
            let place = &mut counts[digit_of(*key, digit)];
            other[*place as usize] = *key;
            *place += 1;
        }
        std::mem::swap(&mut keys, &mut other);
    }
    values.iter_mut().zip(keys).for_each(|(value, key)| *value = from_ordered_bits(key));
}

fn digit_of(key: u64, digit: usize) -> usize {
    (key >> (digit * DIGIT_BITS)) as usize & ((1 << DIGIT_BITS) - 1)
}

/// Whole numbers in the order of the floats: the sign bit set for positive ones, every bit flipped for negative ones.
fn ordered_bits(x: f64) -> u64 {
    let bits = x.to_bits();
    bits ^ ((((bits as i64) >> 63) as u64) | (1 << 63))
}

fn from_ordered_bits(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key ^ (1 << 63) } else { !key })
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
    fn large_samples_are_sorted_by_digits_as_by_comparison() {
        let scatter = |i: u64| f64::from_bits(crate::stats::mix(i));
        let values: Vec<f64> = (0..40_000).map(scatter).chain([0.0, -0.0, 1.0, -1.0]).collect();
        let mut expected: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
        expected.sort_by(f64::total_cmp);
        let sorted = SortedSample::new(values);
        assert!(sorted.values().iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits()));
        assert_eq!(sorted.len(), expected.len());
        assert_eq!(SortedSample::new(vec![5.0; 20_000]).values(), vec![5.0; 20_000]);
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
