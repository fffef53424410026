//! Sums whose rounding does not grow with the number of rows.

/// Neumaier's compensated summation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    total: f64,
    rest: f64,
}

impl Sum {
    pub fn add(&mut self, x: f64) {
        let next = self.total + x;
        self.rest += if self.total.abs() >= x.abs() { (self.total - next) + x } else { (x - next) + self.total };
        self.total = next;
    }

    pub fn value(self) -> f64 {
        // An overflow leaves NaN in the rest; the total then tells the truth.
        if self.total.is_finite() { self.total + self.rest } else { self.total }
    }
}

impl FromIterator<f64> for Sum {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut sum = Self::default();
        values.into_iter().for_each(|x| sum.add(x));
        sum
    }
}

pub fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().collect::<Sum>().value()
}

/// `Σ of(value)` in eight lanes: as fast as memory, with the rounding of an eighth of the values.
#[inline(always)]
pub fn lanes(values: &[f64], of: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0; 8];
    let mut chunks = values.chunks_exact(8);
    for chunk in &mut chunks {
        for lane in 0..8 {
            lanes[lane] += of(chunk[lane]);
        }
    }
    lanes.iter().sum::<f64>() + chunks.remainder().iter().map(|value| of(*value)).sum::<f64>()
}

/// `Σ of(value)`: lanes within blocks, compensated over the blocks. Nearly exact and nearly as fast as memory.
pub fn blocks(values: &[f64], of: impl Fn(f64) -> f64) -> f64 {
    sum(values.chunks(1024).map(|block| lanes(block, &of)))
}

/// `None` without values.
pub fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let n = values.len();
    (n > 0).then(|| sum(values) / n as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_parts_of_a_large_sum_survive() {
        assert_eq!(sum([1e16, 1.0, -1e16]), 1.0);
        assert_eq!(sum([f64::MAX, f64::MAX]), f64::INFINITY);
        assert_eq!(mean([0.1; 10].into_iter()), Some(0.1));
        assert_eq!(mean(std::iter::empty::<f64>().collect::<Vec<_>>().into_iter()), None);
    }
}
