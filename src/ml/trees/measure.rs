//! What deep trees sum per bin and what makes a split good: shares of classes (Gini) or means of numbers (squared error).
//!
//! A deep tree is one thread's work, so even sums of doubles have a fixed order.

use std::hint::select_unpredictable;
use std::ops::{AddAssign, Sub};

use crate::domain::model::LeafValues;
use crate::ml::trees::cuts::{self, Bench, Keys, Node, Sought};
use crate::ml::trees::kernel::wide;
use crate::ml::trees::random::{self, LANES};

/// A row as deep trees carry it.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Item<P> {
    pub row: u32,
    pub weight: f32,
    pub payload: P,
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
    pub fn raise(&mut self, above: f64, below: f64) -> bool {
        let better = above * self.below > self.above * below;
        // Which is better cannot be foreseen.
        self.above = select_unpredictable(better, above, self.above);
        self.below = select_unpredictable(better, below, self.below);
        better
    }
}

pub trait Measure: Sync + Sized {
    /// Whether the best cut of a small node is sought over sorted keys.
    const SORTS: bool = false;
    /// What a row carries.
    type Payload: Copy + Default + Send;
    /// Of which a bin keeps `width`.
    type Number: Copy + Default + Send + AddAssign + Sub<Output = Self::Number>;

    fn width(&self) -> usize;
    fn payload(&self, row: usize, weight: f64) -> Self::Payload;
    /// Adds a row to its bin's numbers.
    fn add(&self, slot: &mut [Self::Number], item: &Item<Self::Payload>);
    /// Rows behind some numbers; a row drawn twice may count twice.
    fn n_rows(&self, slot: &[Self::Number]) -> f64;
    /// Whether the rows on a side are its items, which their numbers do not tell.
    fn counts_items(&self) -> bool {
        false
    }
    /// Whether all rows have one answer.
    fn is_pure(&self, items: &[Item<Self::Payload>], total: &[Self::Number]) -> bool;
    /// Whether the split into `left` and the rest scores more than the best so far, which it then replaces.
    fn offer(&self, left: &[Self::Number], total: &[Self::Number], best: &mut Fraction) -> bool;
    /// The best cut of a column with these keys, if it beats the best so far. Sorted keys come only where
    /// [`SORTS`](Self::SORTS) asks for them.
    fn best_cut(
        &self,
        node: &Node<Self>,
        keys: Keys,
        rest: u8,
        bench: &mut Bench<Self::Number>,
        best: &mut Fraction,
    ) -> Sought {
        match keys {
            Keys::Each(keys) => cuts::by_slots(self, node, keys, rest, bench, best),
            Keys::Sorted(..) => Sought::default(),
        }
    }
    /// What all items have together.
    fn sum(&self, items: &[Item<Self::Payload>], total: &mut [Self::Number]) {
        total.fill(Self::Number::default());
        items.iter().for_each(|item| self.add(total, item));
    }
    /// An item as weight and value, and numbers from those again; only where [`SORTS`](Self::SORTS) is true.
    fn parts(&self, _payload: Self::Payload) -> (f64, f64) {
        (0.0, 0.0)
    }
    fn number(&self, _weight: f64, _value: f64) -> Self::Number {
        Self::Number::default()
    }
    /// What the items have that go left.
    fn sum_left<'i>(&self, items: impl Iterator<Item = (&'i Item<Self::Payload>, bool)>, left: &mut [Self::Number])
    where
        Self::Payload: 'i,
    {
        left.fill(Self::Number::default());
        for (item, _) in items.filter(|(_, goes_left)| *goes_left) {
            self.add(left, item);
        }
    }
    /// The same for several columns; only where [`SORTS`](Self::SORTS) is true.
    fn sum_drafted(
        &self,
        _cells: &[[u8; LANES]],
        _node: &Node<Self>,
        _n_lanes: usize,
        _cuts: (&[u8; LANES], &[u8; LANES]),
    ) -> [Self::Number; LANES] {
        [Self::Number::default(); LANES]
    }
    /// What the node itself scores: `Σ weight² / weight` over classes, or `sum² / weight`.
    fn score(&self, slot: &[Self::Number]) -> f64;
    /// Whether [`answer`](Self::answer) looks at the numbers of rows.
    fn asks_rows(&self) -> bool {
        true
    }
    /// A leaf's answer.
    fn answer(&self, items: &[Item<Self::Payload>]) -> LeafValues;
    /// A difference of scores as loss in the target's units.
    fn loss(&self, score: f64) -> f64;
}

/// Numbers, or two classes as 0 and 1.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    /// `y = (value − shift) / unit`, between −1 and 1.
    pub y: &'a [f64],
    pub unit: f64,
    pub shift: f64,
    pub is_binary: bool,
}

impl Values<'_> {
    fn answer<P>(&self, items: &[Item<P>]) -> LeafValues {
        let (mut weight, mut sum) = (0.0, 0.0);
        for item in items {
            weight += f64::from(item.weight);
            sum += f64::from(item.weight) * self.y[item.row as usize];
        }
        let mean = if weight > 0.0 { sum / weight } else { 0.0 };
        if self.is_binary { [1.0 - mean, mean][..].into() } else { [mean * self.unit + self.shift][..].into() }
    }

    fn is_pure<P>(&self, items: &[Item<P>]) -> bool {
        items.windows(2).all(|pair| self.y[pair[0].row as usize] == self.y[pair[1].row as usize])
    }

    fn loss(&self, score: f64) -> f64 {
        // Gini counts both classes: twice p(1 − p).
        let factor = if self.is_binary { 2.0 } else { self.unit * self.unit };
        (score.max(0.0) * factor).min(f64::MAX)
    }
}

/// Weight and weighted value packed in one whole number, where weights are counts.
#[derive(Clone, Debug)]
pub struct Packed<'a> {
    values: Values<'a>,
    shift: u32,
    /// Steps between 0 and 1.
    steps: f64,
    counts_items: bool,
}

impl<'a> Packed<'a> {
    /// `None` when `most`, the largest sum of weights of a tree, leaves too few bits for values. Rows are counted by their
    /// weights, or each once however often it was drawn (`counts_items`).
    pub fn new(values: Values<'a>, most: u64, counts_items: bool) -> Option<Self> {
        let length = u64::BITS - most.leading_zeros();
        let bits = 62_u32.checked_sub(2 * length + 1).filter(|&bits| bits >= 12)?;
        let steps = if values.is_binary { 1.0 } else { (1_u64 << bits.min(40)) as f64 };
        Some(Self { values, shift: length + 1, steps, counts_items })
    }

    #[inline(always)]
    fn unpack(&self, packed: i64) -> (f64, f64) {
        ((packed & ((1 << self.shift) - 1)) as f64, (packed >> self.shift) as f64)
    }
}

impl Measure for Packed<'_> {
    const SORTS: bool = true;

    type Payload = i64;
    type Number = i64;

    fn width(&self) -> usize {
        1
    }

    fn payload(&self, row: usize, weight: f64) -> i64 {
        (((self.values.y[row] * self.steps).round() as i64) << self.shift).wrapping_add(1).wrapping_mul(weight as i64)
    }

    #[inline(always)]
    fn add(&self, slot: &mut [i64], item: &Item<i64>) {
        slot[0] = slot[0].wrapping_add(item.payload);
    }

    #[inline(always)]
    fn n_rows(&self, slot: &[i64]) -> f64 {
        self.unpack(slot[0]).0
    }

    fn counts_items(&self) -> bool {
        self.counts_items
    }

    /// As far as payloads tell values apart.
    fn is_pure(&self, items: &[Item<i64>], total: &[i64]) -> bool {
        if self.values.is_binary {
            let (weight, sum) = self.unpack(total[0]);
            return sum == 0.0 || sum == weight;
        }
        let parts = |item: &Item<i64>| (item.payload & ((1 << self.shift) - 1), item.payload >> self.shift);
        let Some((weight, sum)) = items.first().map(parts) else { return true };
        items.iter().map(parts).all(|(w, s)| s.wrapping_mul(weight) == sum.wrapping_mul(w))
    }

    #[inline(always)]
    fn offer(&self, left: &[i64], total: &[i64], best: &mut Fraction) -> bool {
        let ((wl, sl), (wr, sr)) = (self.unpack(left[0]), self.unpack(total[0].wrapping_sub(left[0])));
        best.raise(sl * sl * wr + sr * sr * wl, wl * wr)
    }

    fn best_cut(&self, node: &Node<Self>, keys: Keys, rest: u8, bench: &mut Bench<i64>, best: &mut Fraction) -> Sought {
        cuts::by_list(node, keys, rest, (self.shift, self.counts_items), bench, best)
    }

    #[inline(always)]
    fn sum(&self, items: &[Item<i64>], total: &mut [i64]) {
        total[0] = items.iter().fold(0, |sum: i64, item| sum.wrapping_add(item.payload));
    }

    #[inline(always)]
    fn parts(&self, payload: i64) -> (f64, f64) {
        self.unpack(payload)
    }

    #[inline(always)]
    fn number(&self, weight: f64, value: f64) -> i64 {
        ((value as i64) << self.shift) + weight as i64
    }

    #[inline(always)]
    fn sum_left<'i>(&self, items: impl Iterator<Item = (&'i Item<i64>, bool)>, left: &mut [i64]) {
        // A mask, not a branch that cannot be foreseen.
        let own = |(item, goes_left): (&Item<i64>, bool)| item.payload & i64::from(goes_left).wrapping_neg();
        left[0] = items.map(own).fold(0_i64, i64::wrapping_add);
    }

    #[inline(always)]
    fn sum_drafted(
        &self,
        cells: &[[u8; LANES]],
        node: &Node<Self>,
        n_lanes: usize,
        cuts: (&[u8; LANES], &[u8; LANES]),
    ) -> [i64; LANES] {
        let is_one_each = self.unpack(node.total[0]).0 == node.items.len() as f64;
        if self.values.is_binary && is_one_each {
            random::counts(cells, node.items, self.shift, cuts)
        } else {
            wide(
                #[inline(always)]
                || random::sums(cells, node.items, n_lanes, cuts),
            )
        }
    }

    fn score(&self, slot: &[i64]) -> f64 {
        let (weight, sum) = self.unpack(slot[0]);
        if weight > 0.0 { sum * sum / weight } else { 0.0 }
    }

    fn asks_rows(&self) -> bool {
        // Two classes are in the payloads as they are.
        !self.values.is_binary
    }

    fn answer(&self, items: &[Item<i64>]) -> LeafValues {
        if self.asks_rows() {
            return self.values.answer(items);
        }
        let (weight, sum) = self.unpack(items.iter().fold(0, |sum, item| sum + item.payload));
        let share = sum / weight.max(1.0);
        [1.0 - share, share][..].into()
    }

    fn loss(&self, score: f64) -> f64 {
        self.values.loss(score / (self.steps * self.steps))
    }
}

/// `[weight, weight · y, rows]`, where weights are no counts.
#[derive(Clone, Debug)]
pub struct Moments<'a>(pub Values<'a>);

impl Measure for Moments<'_> {
    type Payload = f64;
    type Number = f64;

    fn width(&self) -> usize {
        3
    }

    fn payload(&self, row: usize, weight: f64) -> f64 {
        self.0.y[row] * weight
    }

    #[inline(always)]
    fn add(&self, slot: &mut [f64], item: &Item<f64>) {
        slot[0] += f64::from(item.weight);
        slot[1] += item.payload;
        slot[2] += 1.0;
    }

    #[inline(always)]
    fn n_rows(&self, slot: &[f64]) -> f64 {
        slot[2]
    }

    fn is_pure(&self, items: &[Item<f64>], _total: &[f64]) -> bool {
        self.0.is_pure(items)
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

    fn answer(&self, items: &[Item<f64>]) -> LeafValues {
        self.0.answer(items)
    }

    fn loss(&self, score: f64) -> f64 {
        self.0.loss(score)
    }
}

/// The weight of each class, and after them the number of rows.
#[derive(Clone, Debug)]
pub struct Counts<'a> {
    pub codes: &'a [u32],
    pub n_classes: usize,
    /// Weights are the number of rows.
    pub counts_weight: bool,
}

impl Measure for Counts<'_> {
    type Payload = u32;
    type Number = f64;

    fn width(&self) -> usize {
        self.n_classes + 1
    }

    fn payload(&self, row: usize, _weight: f64) -> u32 {
        self.codes[row]
    }

    #[inline(always)]
    fn add(&self, slot: &mut [f64], item: &Item<u32>) {
        slot[item.payload as usize] += f64::from(item.weight);
        slot[self.n_classes] += if self.counts_weight { f64::from(item.weight) } else { 1.0 };
    }

    fn n_rows(&self, slot: &[f64]) -> f64 {
        slot[self.n_classes]
    }

    fn is_pure(&self, items: &[Item<u32>], _total: &[f64]) -> bool {
        items.windows(2).all(|pair| pair[0].payload == pair[1].payload)
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

    fn answer(&self, items: &[Item<u32>]) -> LeafValues {
        let mut shares = vec![0.0; self.n_classes];
        items.iter().for_each(|item| shares[item.payload as usize] += f64::from(item.weight));
        let weight: f64 = shares.iter().sum();
        let equal = 1.0 / self.n_classes as f64;
        shares.iter_mut().for_each(|share| *share = if weight > 0.0 { *share / weight } else { equal });
        shares.into()
    }

    fn loss(&self, score: f64) -> f64 {
        score.max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums<M: Measure>(measure: &M, rows: &[usize]) -> Vec<M::Number> {
        let mut slot = vec![M::Number::default(); measure.width()];
        for &row in rows {
            let item = Item { row: row as u32, weight: 1.0, payload: measure.payload(row, 1.0) };
            measure.add(&mut slot, &item);
        }
        slot
    }

    /// What parting rows 0 and 1 from 2 and 3 removes.
    fn removed(measure: &impl Measure) -> f64 {
        let (all, left) = (sums(measure, &[0, 1, 2, 3]), sums(measure, &[0, 1]));
        let mut best = Fraction::NONE;
        assert!(measure.offer(&left, &all, &mut best));
        measure.loss(best.value() - measure.score(&all))
    }

    #[test]
    fn scores_are_squared_errors() {
        let y: Vec<f64> = [1.0, 2.0, 4.0, 9.0].iter().map(|v| (v - 4.0) / 9.0).collect();
        let values = Values { y: &y, unit: 9.0, shift: 4.0, is_binary: false };
        // Squared errors: 38 around the mean of all, 0.5 + 12.5 around the means of the halves.
        assert!((removed(&Moments(values)) - 25.0).abs() < 1e-9);
        assert!((removed(&Packed::new(values, 4, true).unwrap()) - 25.0).abs() < 1e-6);
    }

    #[test]
    fn scores_are_gini() {
        let codes = [0, 0, 1, 0];
        let counts = Counts { codes: &codes, n_classes: 2, counts_weight: true };
        let y = codes.map(f64::from);
        let values = Values { y: &y, unit: 1.0, shift: 0.0, is_binary: true };
        // 4 · 2 · ¾ · ¼ before, 2 · 2 · ½ · ½ after.
        assert!((removed(&counts) - 0.5).abs() < 1e-12);
        assert!((removed(&Packed::new(values, 4, true).unwrap()) - 0.5).abs() < 1e-12);
        assert_eq!(counts.n_rows(&sums(&counts, &[0, 2, 3])), 3.0);
    }
}
