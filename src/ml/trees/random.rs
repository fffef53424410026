//! Cuts at random (Geurts, Ernst & Wehenkel 2006): where a column is cut, and sixteen columns of a node at once.
//!
//! A cut needs no order of the rows, only the least and the largest value and then what lies up to the cut: two passes
//! over bytes, each of which a few instructions do for all columns of a row. Nothing here branches on what it reads.

use crate::ml::trees::bins::{Binned, Column, ColumnKind, single};
use crate::ml::trees::cuts::Node;
use crate::ml::trees::kernel::{PICKED, Rows, pick, tally, wide};
use crate::ml::trees::measure::{Fraction, Item, Measure};
use crate::ml::trees::scan::{Draws, Order, offers};
use crate::ml::trees::split::Test;

/// Columns tried at once.
pub const LANES: usize = PICKED;

/// The value that stands for each bin of values when cuts are drawn; larger ones after the last. Between two cuts it is
/// the middle, at the ends as far from the only cut as the middle of the next bin: exact for whole numbers with a bin
/// each. A category's is its place.
pub fn values_of(column: &Column) -> [f32; 256] {
    let mut values = [f32::INFINITY; 256];
    let value = |bin: usize| match &column.kind {
        ColumnKind::Numbers { cuts } if cuts.len() > 1 => {
            let at = |cut: usize| f64::from(cuts[cut]);
            let n = cuts.len();
            single(match bin {
                0 => at(0) - (at(1) - at(0)) / 2.0,
                last if last == n => at(n - 1) + (at(n - 1) - at(n - 2)) / 2.0,
                bin => at(bin - 1) / 2.0 + at(bin) / 2.0,
            })
        }
        _ => bin as f32,
    };
    values[..column.n_bins].iter_mut().enumerate().for_each(|(bin, place)| *place = value(bin));
    values
}

/// The keys of a column in a node: the least and the largest of values, and the largest of all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Range {
    pub low: u8,
    pub high: u8,
    pub end: u8,
}

impl Range {
    #[inline(always)]
    pub fn of(keys: &[u8], rest: u8) -> Self {
        let (mut low, mut high, mut end) = (255, 0, 0);
        for &key in keys {
            low = key.min(low);
            high = (if key == rest { 0 } else { key }).max(high);
            end = key.max(end);
        }
        Self { low, high, end }
    }

    #[inline(always)]
    pub fn differs(self) -> bool {
        self.low != self.end
    }

    /// A value between the least and the largest, each alike.
    #[inline(always)]
    fn between(self, values: &[f32; 256], draw: u64) -> f32 {
        let (from, to) = (f64::from(values[usize::from(self.low)]), f64::from(values[usize::from(self.high)]));
        (from + (to - from) * Draws::unit(draw)) as f32
    }

    /// The last key on the left of a cut with `n_below` values up to it, and a key that goes left as well: the rest, or the
    /// last once more.
    #[inline(always)]
    fn sides(self, n_below: usize, rest: u8, draw: u64) -> (u8, u8) {
        // Where only missing cells differ, they go right.
        let most = self.high.saturating_sub(1).max(self.low);
        let last = (n_below.saturating_sub(1) as u8).clamp(self.low, most);
        let rest_left = (self.end == rest) & (draw & 1 == 1) & (self.low != self.high);
        (last, if rest_left { rest } else { last })
    }

    /// A cut at random, where keys differ: as [`sides`](Self::sides) says it.
    pub fn cut(self, values: &[f32; 256], rest: u8, draw: u64) -> (u8, u8) {
        let at = self.between(values, draw);
        let n_below = STEPS.iter().fold(0, |n, step| n + step * usize::from(values[(n + step - 1) & 255] <= at));
        self.sides(n_below, rest, draw)
    }
}

/// A search among 256 values.
const STEPS: [usize; 8] = [128, 64, 32, 16, 8, 4, 2, 1];

/// The keys of a node's items in some columns: one row of cells for each item.
#[derive(Default)]
pub struct Draft {
    cells: Vec<[u8; LANES]>,
}

impl Draft {
    /// Takes the keys of some items in at most [`LANES`] columns.
    #[inline(always)]
    pub fn fill<P>(&mut self, rows: Rows, items: &[Item<P>], columns: &[usize]) -> &[[u8; LANES]] {
        if self.cells.len() < items.len() {
            self.cells.resize(items.len(), [0; LANES]);
        }
        pick(rows, |i| items[i].row as usize, columns, &mut self.cells[..items.len()]);
        &self.cells[..items.len()]
    }
}

#[inline(always)]
pub fn ranges(cells: &[[u8; LANES]], rests: &[u8; LANES]) -> [Range; LANES] {
    let (mut low, mut high, mut end) = ([255; LANES], [0; LANES], [0; LANES]);
    for cells in cells {
        for lane in 0..LANES {
            let key = cells[lane];
            low[lane] = low[lane].min(key);
            end[lane] = end[lane].max(key);
            high[lane] = high[lane].max(if key == rests[lane] { 0 } else { key });
        }
    }
    std::array::from_fn(|lane| Range { low: low[lane], high: high[lane], end: end[lane] })
}

/// The sums of the whole numbers of those items that go left, for the first `n_lanes` columns, cut after `last` and with
/// `other` on the left.
#[inline(always)]
pub fn sums(
    cells: &[[u8; LANES]],
    items: &[Item<i64>],
    n_lanes: usize,
    (last, other): (&[u8; LANES], &[u8; LANES]),
) -> [i64; LANES] {
    const PART: usize = 8;
    let mut sums = [0_i64; LANES];
    for from in (0..n_lanes).step_by(PART) {
        let mut part = [0_i64; PART];
        let of = |keys: &[u8; LANES]| -> [u8; PART] { std::array::from_fn(|lane| keys[from + lane]) };
        let (last, other) = (of(last), of(other));
        for (cells, item) in cells.iter().zip(items) {
            let cells: [u8; PART] = std::array::from_fn(|lane| cells[from + lane]);
            for lane in 0..PART {
                let goes_left = (cells[lane] <= last[lane]) | (cells[lane] == other[lane]);
                part[lane] = part[lane].wrapping_add(item.payload & i64::from(goes_left).wrapping_neg());
            }
        }
        sums[from..from + PART].copy_from_slice(&part);
    }
    sums
}

/// The same for two classes and items of weight 1: sums of bytes, as long as they fit.
#[inline(always)]
pub fn counts(
    cells: &[[u8; LANES]],
    items: &[Item<i64>],
    shift: u32,
    (last, other): (&[u8; LANES], &[u8; LANES]),
) -> [i64; LANES] {
    let mut sums = [0_i64; LANES];
    for (cells, items) in cells.chunks(255).zip(items.chunks(255)) {
        let is_one = |i: usize| 0_u8.wrapping_sub((items[i].payload >> shift) as u8);
        let (n, ones) = tally(cells, is_one, last, other);
        for lane in 0..LANES {
            sums[lane] += (i64::from(ones[lane]) << shift) + i64::from(n[lane]);
        }
    }
    sums
}

/// Columns of one node, to be cut at random.
pub struct Draw<'d, M: Measure> {
    pub measure: &'d M,
    pub node: Node<'d, M>,
    pub binned: &'d Binned,
    pub orders: &'d [Order],
    /// At most [`LANES`], none of them of indicators.
    pub columns: &'d [usize],
}

impl<M: Measure> Draw<'_, M> {
    /// How many of the columns have different values here. A split that beats the best so far replaces it.
    pub fn try_all(
        &self,
        draft: &mut Draft,
        rows: Rows,
        draws: &mut Draws,
        score: &mut Fraction,
        best: &mut Option<(usize, Test)>,
    ) -> usize {
        let Self { measure, node, binned, orders, columns } = self;
        let cells = draft.fill(rows, node.items, columns);
        let mut rests = [0; LANES];
        rests.iter_mut().zip(*columns).for_each(|(rest, &at)| *rest = binned.columns[at].n_bins as u8);
        let ranges = wide(
            #[inline(always)]
            || ranges(cells, &rests),
        );
        let (mut last, mut other) = ([0; LANES], [0; LANES]);
        // As `Range::cut`, but step by step for all: no search waits for another.
        let (mut drawn, mut cuts, mut n_below) = ([0; LANES], [0.0; LANES], [0; LANES]);
        for (lane, &at) in columns.iter().enumerate() {
            drawn[lane] = draws.next();
            cuts[lane] = ranges[lane].between(&orders[at].values, drawn[lane]);
        }
        for step in STEPS {
            for (lane, &at) in columns.iter().enumerate() {
                let n = &mut n_below[lane];
                *n += step * usize::from(orders[at].values[(*n + step - 1) & 255] <= cuts[lane]);
            }
        }
        for lane in 0..columns.len() {
            (last[lane], other[lane]) = ranges[lane].sides(n_below[lane], rests[lane], drawn[lane]);
        }
        let sums = measure.sum_drafted(cells, node, columns.len(), (&last, &other));
        let mut found = None;
        for (lane, sum) in sums.iter().enumerate().take(columns.len()) {
            if offers(*measure, node, std::slice::from_ref(sum), score) {
                found = Some(lane);
            }
        }
        if let Some(lane) = found {
            let at = columns[lane];
            *best = Some((at, orders[at].up_to(last[lane], other[lane] != last[lane])));
        }
        ranges.iter().take(columns.len()).filter(|range| range.differs()).count()
    }
}
