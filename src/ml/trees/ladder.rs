//! The best cuts of a small node, four columns side by side over their sorted keys.
//!
//! Up every column at once: the sums so far, what a cut here would score, and whether it is the best. Sums are whole
//! numbers that a double holds exactly, so their order does not matter.

use crate::ml::trees::cuts::Cut;
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
    found: [Option<Ascent>; LANES / 4],
}

impl Default for Ladder {
    fn default() -> Self {
        Self { table: [[0.0; 2]; TABLE], found: [None; LANES / 4] }
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
            *found = Some(ascend(lanes.places(n), side * 4, &self.table, total, least));
        }
    }

    /// The weight and the value on the left of a column's best cut, and where it is: only for a column without a rest.
    pub fn cut(&self, lanes: &Lanes, n: usize, lane: usize, total: f64) -> Option<((f64, f64), Cut)> {
        let (found, at) = (self.found[lane / 4].as_ref()?, lane % 4);
        let (place, weight) = (found.places[at] as usize, found.weights[at]);
        (found.scores[at] >= 0.0 && place + 1 < n).then(|| {
            let (last, next) = (lanes.key(place, lane), lanes.key(place + 1, lane));
            ((weight, found.values[at]), Cut { last, next, rest_left: 2.0 * weight >= total, saw_rest: false })
        })
    }
}
