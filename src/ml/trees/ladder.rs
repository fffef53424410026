//! The best cuts of a small node, four columns side by side over their sorted keys.
//!
//! Up every column at once: the sums so far, what a cut here would score, and whether it is the best. Sums are whole
//! numbers that a double holds exactly, so their order does not matter.

use std::hint::select_unpredictable;

use crate::ml::trees::kernel::{Ascent, TABLE, ascend};
use crate::ml::trees::lanes::{LANES, Lanes};

/// What cuts must leave on a side.
#[derive(Clone, Copy)]
pub struct Least {
    pub items: usize,
    pub weight: f64,
}

/// Room for the weights and values of a node's items, and for what is found.
pub struct Ladder {
    table: [[f64; 2]; TABLE],
    found: [Ascent; LANES / 4],
    has_rest: [bool; LANES],
}

/// What the columns came to.
pub struct Found {
    /// How many of those looked at have different keys.
    pub n_different: usize,
    pub step: Option<Step>,
}

/// A cut of one of the columns: between which keys, and the weight and value of the items up to it.
pub struct Step {
    pub lane: usize,
    pub last: u8,
    pub next: u8,
    pub weight: f64,
    pub value: f64,
}

impl Default for Ladder {
    fn default() -> Self {
        Self { table: [[0.0; 2]; TABLE], found: [Ascent::NONE; LANES / 4], has_rest: [false; LANES] }
    }
}

impl Ladder {
    /// Looks at the first `n_lanes` columns of items with these weights and values, in the order in which the keys were
    /// taken.
    pub fn climb(
        &mut self,
        lanes: &Lanes,
        items: impl ExactSizeIterator<Item = (f64, f64)>,
        n_lanes: usize,
        least: Least,
    ) {
        let n = items.len();
        let mut total = (0.0, 0.0);
        for (place, (weight, value)) in self.table.iter_mut().zip(items) {
            *place = [weight, value];
            total = (total.0 + weight, total.1 + value);
        }
        let least = (least.items.max(1) - 1, least.weight);
        for (side, found) in self.found.iter_mut().enumerate().take(n_lanes.div_ceil(4)) {
            *found = ascend(lanes.places(n), side * 4, &self.table, total, least);
        }
    }

    /// The best cut of the first `n_lanes` columns of `n` items, without columns of indicators and those in which there
    /// are items of the rest: these are left to others.
    pub fn best(&mut self, lanes: &Lanes, n: usize, n_lanes: usize, rest: impl Fn(usize) -> Option<u8>) -> Found {
        let (mut n_different, mut most, mut best) = (0, -1.0, None);
        for lane in 0..n_lanes.min(LANES) {
            let (first, last) = (lanes.key(0, lane), lanes.key(n - 1, lane));
            let has_rest = rest(lane).is_none_or(|rest| rest == last);
            self.has_rest[lane] = has_rest;
            n_different += usize::from((first != last) & !has_rest);
            let score = self.found[lane / 4].scores[lane % 4];
            let is_better = !has_rest & (score > most);
            most = select_unpredictable(is_better, score, most);
            best = select_unpredictable(is_better, Some(lane), best);
        }
        let step = best.map(|lane| {
            let (found, at) = (&self.found[lane / 4], lane % 4);
            let place = (found.places[at] as usize).min(n - 2);
            let (last, next) = (lanes.key(place, lane), lanes.key(place + 1, lane));
            Step { lane, last, next, weight: found.weights[at], value: found.values[at] }
        });
        Found { n_different, step }
    }

    /// Whether a column was left to others.
    pub fn has_rest(&self, lane: usize) -> bool {
        self.has_rest[lane]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::random::Shuffler;
    use crate::ml::trees::cuts::{Bench, Node, by_slots};
    use crate::ml::trees::measure::{Fraction, Item, Measure, Packed, Values};

    #[test]
    fn the_best_of_all_columns_is_what_slots_find() {
        let mut source = Shuffler::new(8);
        for n in [2, 3, 8, 40, 128] {
            for (least, counts_items) in [(1, true), (2, true), (5, true), (3, false)] {
                let y: Vec<f64> = (0..n).map(|_| source.below(1000) as f64 / 1000.0 - 0.5).collect();
                let measure =
                    Packed::new(Values { y: &y, unit: 1.0, shift: 0.0, is_binary: false }, 10_000, counts_items)
                        .unwrap();
                // With weights of 1, items are what weights count.
                let items: Vec<Item<i64>> = (0..n)
                    .map(|row| Item { row: row as u32, weight: 1.0, payload: measure.payload(row, 1.0) })
                    .collect();
                let cells: Vec<[u8; LANES]> =
                    (0..n).map(|_| std::array::from_fn(|lane| source.below(1 + lane * 9) as u8)).collect();
                let (mut lanes, mut ladder) = (Lanes::default(), Ladder::default());
                lanes.take(&cells);
                let floor = match counts_items {
                    true => Least { items: least, weight: 0.0 },
                    false => Least { items: 1, weight: least as f64 },
                };
                ladder.climb(&lanes, items.iter().map(|item| measure.parts(item.payload)), LANES, floor);
                let found = ladder.best(&lanes, n, LANES, |_| Some(200));
                let total = [items.iter().map(|item| item.payload).sum()];
                let node = Node { items: &items, total: &total, least: least as f64 };
                let (mut best, mut n_different) = (Fraction::NONE, 0);
                for lane in 0..LANES {
                    let keys: Vec<u8> = cells.iter().map(|cells| cells[lane]).collect();
                    let sought = by_slots(&measure, &node, &keys, 200, &mut Bench::new(1), &mut best);
                    n_different += usize::from(sought.differs);
                }
                assert_eq!(found.n_different, n_different);
                let mut mine = Fraction::NONE;
                if let Some(step) = found.step {
                    assert!(measure.offer(&[measure.number(step.weight, step.value)], &total, &mut mine));
                    assert!(step.last < step.next && step.lane > 0);
                }
                let off = (mine.value() - best.value()).abs();
                assert!(off <= 1e-12 * best.value().abs(), "{n} items, {least} at least: {mine:?} {best:?}");
            }
        }
    }
}
