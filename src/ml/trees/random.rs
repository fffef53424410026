//! Cuts at random (Geurts, Ernst & Wehenkel 2006): where a column is cut, and small nodes sixteen columns at once.
//!
//! A cut needs no order of the rows, only the least and the largest value and then what lies up to the cut: two passes
//! over bytes, each of which one instruction does for all columns of a row.

use crate::ml::trees::bins::{Column, ColumnKind, single};
use crate::ml::trees::measure::Item;
use crate::ml::trees::scan::Draws;

/// Columns tried at once.
pub const LANES: usize = 16;
/// Most items tried in that way.
pub const MOST: usize = 256;

/// The value that stands for each bin of values when cuts are drawn. Between two cuts it is the middle, at the ends as far
/// from the only cut as the middle of the next bin: exact for whole numbers with a bin each. A category's is its place in
/// the order.
pub fn values_of(column: &Column) -> Vec<f32> {
    match &column.kind {
        ColumnKind::Numbers { cuts } => {
            let at = |bin: usize| f64::from(cuts[bin]);
            let n = cuts.len();
            let middle = |bin: usize| at(bin - 1) / 2.0 + at(bin) / 2.0;
            let value = |bin: usize| match bin {
                _ if n < 2 => bin as f64,
                0 => at(0) - (at(1) - at(0)) / 2.0,
                last if last == n => at(n - 1) + (at(n - 1) - at(n - 2)) / 2.0,
                bin => middle(bin),
            };
            (0..=n).map(|bin| single(value(bin))).collect()
        }
        _ => (0..column.n_bins).map(|place| place as f32).collect(),
    }
}

/// The keys of a column in a node: the least and the largest of values, and the largest of all.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    pub low: u8,
    pub high: u8,
    pub end: u8,
}

impl Range {
    pub fn of(keys: &[u8], rest: u8) -> Self {
        let (mut low, mut high, mut end) = (255, 0, 0);
        for &key in keys {
            low = key.min(low);
            high = (if key == rest { 0 } else { key }).max(high);
            end = key.max(end);
        }
        Self { low, high, end }
    }

    pub fn differs(self) -> bool {
        self.low != self.end
    }

    /// The last key on the left of a cut that lies anywhere between the least and the largest value alike, and a key that
    /// goes left as well: the rest, or the last once more. Only where keys differ.
    #[inline(always)]
    pub fn cut(self, values: &[f32], rest: u8, draws: &mut Draws) -> (u8, u8) {
        let rest_left = self.end == rest && draws.next() & 1 == 1;
        if self.low == self.high {
            // Only missing cells differ.
            return (self.high, self.high);
        }
        let (low, high) = (usize::from(self.low), usize::from(self.high));
        let (from, to) = (f64::from(values[low]), f64::from(values[high]));
        let at = (from + (to - from) * draws.unit()) as f32;
        let last = (low + values[low + 1..high].partition_point(|&value| value <= at)) as u8;
        (last, if rest_left { rest } else { last })
    }
}

/// The keys of a small node in some columns: one row of places for each item.
pub struct Draft {
    cells: Box<[[u8; LANES]; MOST]>,
}

impl Default for Draft {
    fn default() -> Self {
        Self { cells: Box::new([[0; LANES]; MOST]) }
    }
}

impl Draft {
    /// Takes the keys of at most [`MOST`] items in at most [`LANES`] columns: of each item, in their order, a row of bins
    /// from which `columns` are read.
    #[inline(always)]
    pub fn fill<'r>(&mut self, rows: impl Iterator<Item = &'r [u8]>, columns: &[usize]) {
        for (cells, row) in self.cells.iter_mut().zip(rows) {
            for (cell, &column) in cells.iter_mut().zip(columns) {
                *cell = row[column];
            }
        }
    }

    /// Puts other keys in the stead of those of one column.
    pub fn rank(&mut self, n: usize, lane: usize, ranks: &[u8; 256]) {
        for cells in &mut self.cells[..n] {
            cells[lane % LANES] = ranks[usize::from(cells[lane % LANES])];
        }
    }

    #[inline(always)]
    pub fn ranges(&self, n: usize, rests: &[u8; LANES]) -> [Range; LANES] {
        let (mut low, mut high, mut end) = ([255; LANES], [0; LANES], [0; LANES]);
        for cells in &self.cells[..n] {
            for lane in 0..LANES {
                let key = cells[lane];
                low[lane] = low[lane].min(key);
                end[lane] = end[lane].max(key);
                high[lane] = high[lane].max(if key == rests[lane] { 0 } else { key });
            }
        }
        std::array::from_fn(|lane| Range { low: low[lane], high: high[lane], end: end[lane] })
    }

    /// The sums of the whole numbers of those items that go left, for the first `n_lanes` columns, cut after `last` and
    /// with `other` on the left.
    #[inline(always)]
    pub fn sums(
        &self,
        items: &[Item<i64>],
        n_lanes: usize,
        last: &[u8; LANES],
        other: &[u8; LANES],
    ) -> [i64; LANES] {
        const HALF: usize = LANES / 2;
        let mut sums = [0_i64; LANES];
        for from in [0, HALF] {
            if from >= n_lanes {
                break;
            }
            let mut half = [0_i64; HALF];
            let (last, other): ([u8; HALF], [u8; HALF]) =
                (std::array::from_fn(|lane| last[from + lane]), std::array::from_fn(|lane| other[from + lane]));
            for (cells, item) in self.cells.iter().zip(items) {
                for lane in 0..HALF {
                    let key = cells[from + lane];
                    let goes_left = (key <= last[lane]) | (key == other[lane]);
                    half[lane] = half[lane].wrapping_add(item.payload & i64::from(goes_left).wrapping_neg());
                }
            }
            sums[from..from + HALF].copy_from_slice(&half);
        }
        sums
    }
}
