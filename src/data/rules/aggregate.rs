//! Numbers about a column, added up while it is read.

use crate::data::table::Cells;

const LANES: usize = 8;

/// Count, mean and spread of the finite numbers, smallest and largest of all.
///
/// Chunks of a few thousand are summed by themselves and joined by Chan's formulas (1983), which keeps a mean exact to
/// some 1e-15 and a standard deviation to some 1e-13 over millions of rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moments {
    pub n: u64,
    pub mean: f64,
    /// Squared distances from the mean, added up.
    squares: f64,
    /// The sum and what rounding took from it (Neumaier 1974).
    sum: (f64, f64),
    pub min: f64,
    pub max: f64,
}

impl Default for Moments {
    fn default() -> Self {
        Self { n: 0, mean: 0.0, squares: 0.0, sum: (0.0, 0.0), min: f64::INFINITY, max: f64::NEG_INFINITY }
    }
}

impl Moments {
    pub fn add(&mut self, chunk: &[f64]) {
        let (mut sums, mut counts) = ([0.0; LANES], [0.0; LANES]);
        let (mut min, mut max) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
        let mut one = |lane: usize, x: f64| {
            let finite = x.abs() < f64::INFINITY;
            sums[lane] += if finite { x } else { 0.0 };
            counts[lane] += if finite { 1.0 } else { 0.0 };
            // Comparisons with NaN are false.
            min[lane] = if x < min[lane] { x } else { min[lane] };
            max[lane] = if x > max[lane] { x } else { max[lane] };
        };
        let (whole, rest) = chunk.as_chunks::<LANES>();
        for eight in whole {
            (0..LANES).for_each(|lane| one(lane, eight[lane]));
        }
        rest.iter().enumerate().for_each(|(lane, x)| one(lane, *x));
        self.min = min.iter().fold(self.min, |a, b| a.min(*b));
        self.max = max.iter().fold(self.max, |a, b| a.max(*b));
        let n: f64 = counts.iter().sum();
        if n == 0.0 {
            return;
        }
        let sum: f64 = sums.iter().sum();
        let mean = sum / n;
        let mut squares = [0.0; LANES];
        let mut far = |lane: usize, x: f64| {
            let d = if x.abs() < f64::INFINITY { x - mean } else { 0.0 };
            squares[lane] += d * d;
        };
        for eight in whole {
            (0..LANES).for_each(|lane| far(lane, eight[lane]));
        }
        rest.iter().enumerate().for_each(|(lane, x)| far(lane, *x));
        self.join(n, sum, mean, squares.iter().sum());
    }

    fn join(&mut self, n: f64, sum: f64, mean: f64, squares: f64) {
        let before = self.n as f64;
        let total = before + n;
        let gap = mean - self.mean;
        self.squares += squares + gap * gap * before * n / total;
        self.mean += gap * n / total;
        self.n += n as u64;
        let (old, lost) = self.sum;
        let new = old + sum;
        let rounded = if old.abs() >= sum.abs() { (old - new) + sum } else { (sum - new) + old };
        self.sum = (new, lost + rounded);
    }

    /// A piece whose numbers are not floats already; texts add nothing.
    pub fn add_cells(&mut self, cells: &Cells) {
        const CHUNK: usize = 2048;
        if matches!(cells, Cells::Float(_) | Cells::Text(_)) {
            return;
        }
        let mut chunk = Vec::with_capacity(CHUNK);
        for from in (0..cells.len()).step_by(CHUNK) {
            chunk.clear();
            chunk.extend((from..cells.len().min(from + CHUNK)).map(|row| cells.number(row)));
            self.add(&chunk);
        }
    }

    pub fn sum(&self) -> f64 {
        self.sum.0 + self.sum.1
    }

    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum() / self.n as f64)
    }

    /// Of the sample (n − 1), as `numpy.std(ddof=1)`.
    pub fn std(&self) -> Option<f64> {
        (self.n > 1).then(|| (self.squares / (self.n - 1) as f64).sqrt())
    }
}

/// The quantiles of finite values, interpolated linearly (NumPy's default). Reorders the values. `None` without any.
pub(super) fn quantiles(values: &mut [f64], at: &[f64]) -> Option<Vec<f64>> {
    let last = values.len().checked_sub(1)? as f64;
    let one = |q: f64| {
        let place = last * q;
        let below = place.floor();
        let (_, low, above) = values.select_nth_unstable_by(below as usize, f64::total_cmp);
        let low = *low;
        // The next larger one is the smallest of those above.
        let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
        crate::data::profile::interpolated(low, high, place - below)
    };
    Some(at.iter().copied().map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(n: u64) -> Vec<f64> {
        (0..n).map(|i| (i * 7919 % 1009) as f64 / 100.0).collect()
    }

    #[track_caller]
    fn close(actual: f64, expected: f64) {
        assert!((actual - expected).abs() <= 1e-12 * expected.abs(), "{actual} is not {expected}");
    }

    #[test]
    fn moments_leave_out_what_is_missing_or_infinite() {
        let mut moments = Moments::default();
        moments.add(&[1.0, f64::NAN, 2.0, f64::INFINITY]);
        moments.add(&[]);
        moments.add(&[6.0]);
        assert_eq!((moments.n, moments.mean(), moments.sum()), (3, Some(3.0), 9.0));
        assert_eq!((moments.min, moments.max), (1.0, f64::INFINITY));
        close(moments.std().unwrap(), 7f64.sqrt());
        assert_eq!(Moments::default().mean(), None);
    }

    #[test]
    fn large_offsets_cost_no_digits() {
        // 1e9 + 0, 1, 2, 3 repeated: variance of 1,000,000 such values (n − 1) is 1.25 · n / (n − 1).
        let values: Vec<f64> = (0..1_000_000).map(|i| 1e9 + f64::from(i % 4)).collect();
        let mut moments = Moments::default();
        values.chunks(2048).for_each(|chunk| moments.add(chunk));
        close(moments.std().unwrap(), (1.25f64 * 1e6 / 999_999.0).sqrt());
        close(moments.mean().unwrap(), 1e9 + 1.5);
    }

    #[test]
    fn quantiles_interpolate() {
        let mut values = vec![4.0, 1.0, 3.0, 2.0];
        assert_eq!(quantiles(&mut values, &[0.0, 0.5, 0.25, 1.0]), Some(vec![1.0, 2.5, 1.75, 4.0]));
        assert_eq!(quantiles(&mut [], &[0.5]), None);
        let mut many = sequence(1001);
        assert_eq!(quantiles(&mut many, &[0.5]).unwrap().len(), 1);
    }
}
