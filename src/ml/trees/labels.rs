//! Targets as whole numbers that histograms can add and subtract without rounding.

use crate::domain::task::Target;
use crate::ml::sums;

/// Bits of a quantised target value; more than a difference between splits can hide behind.
const MAX_BITS: u32 = 50;

pub enum Labels<'a> {
    Classes {
        codes: &'a [u32],
        n_classes: usize,
    },
    /// `quantised × unit` is the distance from the mean.
    Values {
        values: &'a [f64],
        quantised: Vec<i64>,
        unit: f64,
    },
}

impl<'a> Labels<'a> {
    pub fn new(target: &'a Target) -> Self {
        match target {
            Target::Classes { codes, n_classes } => Self::Classes { codes, n_classes: *n_classes },
            Target::Values(values) => {
                let n = values.len().max(1);
                let mean = sums::sum(values.iter().map(|value| value / n as f64));
                let largest = values.iter().fold(0.0_f64, |m, value| m.max((value - mean).abs()));
                // So many that the sum over all rows still fits.
                let bits = (62 - (usize::BITS - n.leading_zeros())).min(MAX_BITS);
                let steps = (1_i64 << bits) as f64;
                let quantise = |value: &f64| {
                    if largest > 0.0 { (((value - mean) / largest) * steps).round() as i64 } else { 0 }
                };
                Self::Values { values, quantised: values.iter().map(quantise).collect(), unit: largest / steps }
            }
        }
    }

    /// Numbers kept per bin: a count per class, or the count and the sum.
    pub fn width(&self) -> usize {
        match self {
            Self::Classes { n_classes, .. } => *n_classes,
            Self::Values { .. } => 2,
        }
    }

    /// Adds the rows to the slots of their bins.
    pub fn count(&self, rows: &[u32], bins: &[u8], histogram: &mut [i64]) {
        match self {
            Self::Classes { codes, n_classes } => {
                for &row in rows {
                    let row = row as usize;
                    histogram[bins[row] as usize * n_classes + codes[row] as usize] += 1;
                }
            }
            Self::Values { quantised, .. } => {
                for &row in rows {
                    let row = row as usize;
                    let slot = bins[row] as usize * 2;
                    histogram[slot] += 1;
                    histogram[slot + 1] += quantised[row];
                }
            }
        }
    }

    /// The slots of all the rows together.
    pub fn total(&self, rows: &[u32]) -> Vec<i64> {
        let mut total = vec![0; self.width()];
        match self {
            Self::Classes { codes, .. } => rows.iter().for_each(|&row| total[codes[row as usize] as usize] += 1),
            Self::Values { quantised, .. } => {
                total[0] = rows.len() as i64;
                total[1] = rows.iter().map(|&row| quantised[row as usize]).sum();
            }
        }
        total
    }

    /// Rows behind some slots.
    pub fn n_rows(&self, slots: &[i64]) -> i64 {
        match self {
            Self::Classes { .. } => slots.iter().sum(),
            Self::Values { .. } => slots[0],
        }
    }

    /// What a node's rows lose less by having their own answer: `Σ count² / n` (Gini), or `sum² / n` (squared error).
    pub fn score(&self, slots: &[i64]) -> f64 {
        let squared = |x: i64| (x as f64) * (x as f64);
        match self {
            Self::Classes { .. } => {
                let (mut squares, mut n) = (0.0, 0);
                for &count in slots {
                    squares += squared(count);
                    n += count;
                }
                squares / n as f64
            }
            Self::Values { .. } => squared(slots[1]) / slots[0] as f64,
        }
    }

    /// All rows have one answer.
    pub fn is_pure(&self, rows: &[u32]) -> bool {
        match self {
            Self::Classes { codes, .. } => {
                rows.windows(2).all(|pair| codes[pair[0] as usize] == codes[pair[1] as usize])
            }
            Self::Values { quantised, .. } => {
                rows.windows(2).all(|pair| quantised[pair[0] as usize] == quantised[pair[1] as usize])
            }
        }
    }

    /// Class shares, or the mean.
    pub fn answer(&self, rows: &[u32]) -> Vec<f64> {
        match self {
            Self::Classes { .. } => {
                self.total(rows).into_iter().map(|count| count as f64 / rows.len() as f64).collect()
            }
            Self::Values { values, .. } => {
                vec![sums::sum(rows.iter().map(|&row| values[row as usize] / rows.len() as f64))]
            }
        }
    }

    /// A difference of scores in the target's own unit: impurity times rows, or the sum of squared errors.
    pub fn loss(&self, score: f64) -> f64 {
        match self {
            Self::Classes { .. } => score.max(0.0),
            Self::Values { unit, .. } => (score.max(0.0) * unit * unit).min(f64::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantised_scores_are_squared_errors() {
        let values = vec![1.0, 2.0, 4.0, 9.0];
        let target = Target::Values(values);
        let labels = Labels::new(&target);
        let score = |rows: &[u32]| labels.score(&labels.total(rows));
        // Squared errors: 38 around the mean of all, 0.5 + 12.5 around the means of the halves.
        let removed = labels.loss(score(&[0, 1]) + score(&[2, 3]) - score(&[0, 1, 2, 3]));
        assert!((removed - 25.0).abs() < 1e-9, "{removed}");
        assert_eq!(labels.answer(&[2, 3]), [6.5]);
    }

    #[test]
    fn gini_scores_count_rows() {
        let target = Target::Classes { codes: vec![0, 0, 1, 1], n_classes: 2 };
        let labels = Labels::new(&target);
        assert_eq!(labels.score(&labels.total(&[0, 1, 2, 3])), 2.0);
        assert_eq!(labels.answer(&[0, 2, 3]), [1.0 / 3.0, 2.0 / 3.0]);
        assert!(labels.is_pure(&[2, 3]) && !labels.is_pure(&[1, 2]));
    }
}
