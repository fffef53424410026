//! Columns as bytes: each value becomes the number of its bin.

use crate::domain::matrix::Matrix;
use crate::domain::random::Shuffler;

/// Cut points come from at most this many rows.
const SAMPLE: usize = 200_000;

/// The rows of a matrix as bins, column after column.
pub struct Binned {
    pub n_rows: usize,
    /// `cuts[column]`, ascending; bin b holds the values with `cuts[b − 1] < x ≤ cuts[b]`.
    pub cuts: Vec<Vec<f32>>,
    columns: Vec<Vec<u8>>,
}

impl Binned {
    /// Cuts every column into at most `max_bins` (2 to 255) bins. `x` is finite. Tables longer than the sample take one
    /// row at random from every stretch, so that nothing periodic in the file order shows.
    pub fn new(x: &Matrix, max_bins: usize, seed: u64) -> Self {
        let mut shuffler = Shuffler::new(seed);
        let stretch = x.n_rows.div_ceil(SAMPLE).max(1);
        let sampled: Vec<usize> =
            (0..x.n_rows).step_by(stretch).map(|start| start + shuffler.below(stretch.min(x.n_rows - start))).collect();
        let (mut cuts, mut columns) = (Vec::with_capacity(x.n_cols), Vec::with_capacity(x.n_cols));
        for column in 0..x.n_cols {
            let values: Vec<f32> = x.column(column).map(single).collect();
            let mut sample: Vec<f32> = sampled.iter().map(|&row| values[row]).collect();
            sample.sort_unstable_by(f32::total_cmp);
            let edges = cut_points(&sample, max_bins.clamp(2, 255));
            columns.push(values.iter().map(|value| edges.partition_point(|edge| edge < value) as u8).collect());
            cuts.push(edges);
        }
        Self { n_rows: x.n_rows, cuts, columns }
    }

    pub fn n_columns(&self) -> usize {
        self.columns.len()
    }

    pub fn n_bins(&self, column: usize) -> usize {
        self.cuts[column].len() + 1
    }

    /// The bin of every row.
    pub fn column(&self, column: usize) -> &[u8] {
        &self.columns[column]
    }
}

/// As a scorer compares: in single precision. Beyond its range the largest number stands in for infinity, which keeps
/// thresholds finite and every comparison as it was; the two zeros are one.
fn single(value: f64) -> f32 {
    (value as f32).clamp(f32::MIN, f32::MAX) + 0.0
}

/// Between all distinct values when they are few, else so that bins hold about equally many rows; a value frequent
/// enough to fill a bin has its own.
fn cut_points(sorted: &[f32], max_bins: usize) -> Vec<f32> {
    let mut distinct: Vec<(f32, usize)> = Vec::new();
    for &value in sorted {
        match distinct.last_mut() {
            Some((last, count)) if *last == value => *count += 1,
            _ => distinct.push((value, 1)),
        }
    }
    if distinct.len() <= max_bins {
        return distinct.windows(2).map(|pair| between(pair[0].0, pair[1].0)).collect();
    }
    let mut cuts = Vec::with_capacity(max_bins - 1);
    let (mut rows_left, mut in_bin) = (sorted.len(), 0);
    for pair in distinct.windows(2) {
        let bins_left = max_bins - cuts.len();
        if bins_left == 1 {
            break;
        }
        in_bin += pair[0].1;
        let fair = rows_left as f64 / bins_left as f64;
        // Close when full, or when the next value would overfill it more than it is short now.
        let with_next = (in_bin + pair[1].1) as f64;
        if in_bin as f64 >= fair || with_next - fair > fair - in_bin as f64 {
            cuts.push(between(pair[0].0, pair[1].0));
            rows_left -= in_bin;
            in_bin = 0;
        }
    }
    cuts
}

/// A threshold t with `a ≤ t < b`, in the middle where single precision has one.
fn between(a: f32, b: f32) -> f32 {
    let middle = a / 2.0 + b / 2.0;
    if a <= middle && middle < b { middle } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ml::algorithms::testing::{matrix, uniform_matrix};

    #[test]
    fn few_values_are_cut_in_the_middle() {
        let binned = Binned::new(&matrix(1, vec![3.0, 1.0, 2.0, 3.0, -0.0, 0.0]), 255, 0);
        assert_eq!(binned.cuts[0], [0.5, 1.5, 2.5]);
        assert_eq!(binned.column(0), [3, 1, 2, 3, 0, 0]);
    }

    #[test]
    fn neighbouring_singles_are_told_apart() {
        let a = 1.0_f32;
        let b = f32::from_bits(a.to_bits() + 1);
        assert_eq!(between(a, b), a);
        let huge = Binned::new(&matrix(1, vec![-1e300, 1e300, f64::from(f32::MAX)]), 255, 0);
        assert!(huge.cuts[0].iter().all(|cut| cut.is_finite()));
        assert_eq!(huge.column(0), [0, 1, 1]);
    }

    #[test]
    fn many_values_share_bins_evenly_and_a_frequent_one_has_its_own() {
        let mut values = uniform_matrix(1, 9000, 1).values;
        values.extend(vec![0.25; 1000]);
        let binned = Binned::new(&matrix(1, values.clone()), 20, 0);
        let mut counts = vec![0; binned.n_bins(0)];
        binned.column(0).iter().for_each(|&bin| counts[bin as usize] += 1);
        assert_eq!(counts.len(), 20);
        let at = binned.column(0)[9999] as usize;
        assert!((1000..1300).contains(&counts[at]), "{counts:?}");
        assert!(counts.iter().enumerate().all(|(bin, &n)| bin == at || n < 750), "{counts:?}");
        for (&value, &bin) in values.iter().zip(binned.column(0)) {
            let x = value as f32;
            let cuts = &binned.cuts[0];
            assert!(bin == 0 || cuts[bin as usize - 1] < x);
            assert!(bin as usize == cuts.len() || x <= cuts[bin as usize]);
        }
    }
}
