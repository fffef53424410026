//! What deep trees sum per bin and what makes a split good: shares of classes (Gini) or means of numbers (squared error).
//!
//! A deep tree is one thread's work, so plain doubles do: their order is fixed.

/// A row as deep trees carry it.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Item {
    pub row: u32,
    pub weight: f32,
    /// The value, or the class's number.
    pub y: f64,
}

/// The score of a split as a fraction: comparing two needs no division.
#[derive(Clone, Copy, Debug)]
pub struct Fraction {
    pub above: f64,
    pub below: f64,
}

impl Fraction {
    pub const NONE: Self = Self { above: -1.0, below: 1.0 };

    pub fn value(self) -> f64 {
        self.above / self.below
    }

    #[inline(always)]
    fn raise(&mut self, above: f64, below: f64) -> bool {
        let better = above * self.below > self.above * below;
        if better {
            (self.above, self.below) = (above, below);
        }
        better
    }
}

pub trait Measure: Sync {
    /// Numbers kept per bin.
    fn width(&self) -> usize;
    /// Adds a row to its bin's numbers.
    fn add(&self, slot: &mut [f64], item: &Item);
    /// Rows behind some numbers.
    fn n_rows(&self, slot: &[f64]) -> f64;
    /// Whether the split into `left` and the rest scores more than the best so far, which it then replaces.
    fn offer(&self, left: &[f64], total: &[f64], best: &mut Fraction) -> bool;
    /// What the node itself scores: `Σ weight² / weight` over classes, or `sum² / weight`.
    fn score(&self, slot: &[f64]) -> f64;
    /// A number by which categories are ordered before they are parted.
    fn rank(&self, slot: &[f64], total: &[f64]) -> f64;
    /// A leaf's answer.
    fn answer(&self, slot: &[f64]) -> Vec<f64>;
    /// Loss in the target's units.
    fn loss(&self, score: f64) -> f64;
}

/// `[weight, weight · y]`, and with `W = 3` the number of rows, where weights are no counts.
#[derive(Clone, Debug)]
pub struct Moments<const W: usize> {
    /// `y = (value − shift) / unit`
    pub unit: f64,
    pub shift: f64,
    /// y is 1 for the second of two classes and 0 for the first.
    pub is_binary: bool,
}

impl<const W: usize> Measure for Moments<W> {
    fn width(&self) -> usize {
        W
    }

    #[inline(always)]
    fn add(&self, slot: &mut [f64], item: &Item) {
        let weight = f64::from(item.weight);
        slot[0] += weight;
        slot[1] += weight * item.y;
        if W == 3 {
            slot[2] += 1.0;
        }
    }

    #[inline(always)]
    fn n_rows(&self, slot: &[f64]) -> f64 {
        if W == 3 { slot[2] } else { slot[0] }
    }

    #[inline(always)]
    fn offer(&self, left: &[f64], total: &[f64], best: &mut Fraction) -> bool {
        let (wl, sl) = (left[0], left[1]);
        let (wr, sr) = (total[0] - wl, total[1] - sl);
        best.raise(sl * sl * wr + sr * sr * wl, wl * wr)
    }

    fn score(&self, slot: &[f64]) -> f64 {
        if slot[0] > 0.0 { slot[1] * slot[1] / slot[0] } else { 0.0 }
    }

    fn rank(&self, slot: &[f64], _total: &[f64]) -> f64 {
        slot[1] / slot[0]
    }

    fn answer(&self, slot: &[f64]) -> Vec<f64> {
        let mean = if slot[0] > 0.0 { slot[1] / slot[0] } else { 0.0 };
        if self.is_binary {
            let p = (mean * self.unit + self.shift).clamp(0.0, 1.0);
            vec![1.0 - p, p]
        } else {
            vec![mean * self.unit + self.shift]
        }
    }

    fn loss(&self, score: f64) -> f64 {
        // Gini counts both classes: twice p(1 − p).
        let factor = if self.is_binary { 2.0 } else { self.unit };
        (score.max(0.0) * factor * if self.is_binary { 1.0 } else { self.unit }).min(f64::MAX)
    }
}

/// The weight of each class, and after them the number of rows where weights are no counts.
#[derive(Clone, Debug)]
pub struct Counts {
    pub n_classes: usize,
    pub counts_rows: bool,
}

impl Measure for Counts {
    fn width(&self) -> usize {
        self.n_classes + usize::from(self.counts_rows)
    }

    #[inline(always)]
    fn add(&self, slot: &mut [f64], item: &Item) {
        slot[item.y as usize] += f64::from(item.weight);
        if self.counts_rows {
            slot[self.n_classes] += 1.0;
        }
    }

    fn n_rows(&self, slot: &[f64]) -> f64 {
        if self.counts_rows { slot[self.n_classes] } else { slot.iter().sum() }
    }

    fn offer(&self, left: &[f64], total: &[f64], best: &mut Fraction) -> bool {
        let (mut squares, mut weights) = ((0.0, 0.0), (0.0, 0.0));
        for (&left, &total) in left[..self.n_classes].iter().zip(total) {
            let right = total - left;
            squares = (squares.0 + left * left, squares.1 + right * right);
            weights = (weights.0 + left, weights.1 + right);
        }
        best.raise(squares.0 * weights.1 + squares.1 * weights.0, weights.0 * weights.1)
    }

    fn score(&self, slot: &[f64]) -> f64 {
        let classes = &slot[..self.n_classes];
        let weight: f64 = classes.iter().sum();
        if weight > 0.0 { classes.iter().map(|w| w * w).sum::<f64>() / weight } else { 0.0 }
    }

    /// The share of the node's most frequent class: with more than two classes no order is surely the best.
    fn rank(&self, slot: &[f64], total: &[f64]) -> f64 {
        let classes = &slot[..self.n_classes];
        slot[crate::domain::task::argmax(&total[..self.n_classes])] / classes.iter().sum::<f64>()
    }

    fn answer(&self, slot: &[f64]) -> Vec<f64> {
        let classes = &slot[..self.n_classes];
        let weight: f64 = classes.iter().sum();
        classes.iter().map(|w| if weight > 0.0 { w / weight } else { 1.0 / self.n_classes as f64 }).collect()
    }

    fn loss(&self, score: f64) -> f64 {
        score.max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(measure: &impl Measure, items: &[(f32, f64)]) -> Vec<f64> {
        let mut slot = vec![0.0; measure.width()];
        items.iter().for_each(|&(weight, y)| measure.add(&mut slot, &Item { row: 0, weight, y }));
        slot
    }

    #[test]
    fn scores_are_squared_errors_and_gini() {
        let numbers = Moments::<2> { unit: 1.0, shift: 0.0, is_binary: false };
        let all = sums(&numbers, &[(1.0, 1.0), (1.0, 2.0), (1.0, 4.0), (1.0, 9.0)]);
        let left = sums(&numbers, &[(1.0, 1.0), (1.0, 2.0)]);
        let mut best = Fraction::NONE;
        assert!(numbers.offer(&left, &all, &mut best));
        // Squared errors: 38 around the mean of all, 0.5 + 12.5 around the means of the halves.
        assert!((best.value() - numbers.score(&all) - 25.0).abs() < 1e-12);
        let classes = Counts { n_classes: 3, counts_rows: true };
        let slot = sums(&classes, &[(1.0, 0.0), (2.0, 2.0), (1.0, 2.0)]);
        assert_eq!((classes.n_rows(&slot), classes.score(&slot)), (3.0, 2.5));
        assert_eq!(classes.answer(&slot), [0.25, 0.0, 0.75]);
    }
}
