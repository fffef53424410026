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
#[derive(Clone, Copy, Debug, Default, PartialEq)]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::domain::random::Shuffler;
    use crate::ml::trees::kernel::Team;
    use crate::ml::trees::testing::numbers;

    fn column(values: Vec<f64>) -> Column {
        Binned::new(&numbers(vec![values]), 255, 0, &Team::new(1), &Silent).unwrap().columns.remove(0)
    }

    /// How often each key is the last on the left.
    fn drawn(column: &Column, range: Range) -> Vec<usize> {
        let (values, mut draws) = (values_of(column), Draws(7));
        let mut times = vec![0; column.n_bins];
        for _ in 0..6000 {
            let (last, other) = range.cut(&values, column.n_bins as u8, draws.next());
            assert_eq!(last, other);
            times[usize::from(last)] += 1;
        }
        times
    }

    #[test]
    fn whole_numbers_are_cut_after_each_alike() {
        let column = column(vec![0.0, 1.0, 2.0, 3.0]);
        assert_eq!(values_of(&column)[..5], [0.0, 1.0, 2.0, 3.0, f32::INFINITY]);
        let times = drawn(&column, Range { low: 0, high: 3, end: 3 });
        assert!(times[..3].iter().all(|n| (1850..2150).contains(n)) && times[3] == 0, "{times:?}");
        let times = drawn(&column, Range { low: 1, high: 2, end: 2 });
        assert_eq!(times, [0, 6000, 0, 0]);
    }

    #[test]
    fn wide_gaps_are_cut_more_often_than_narrow_ones() {
        // Cuts at 0.5, 1.5, 4 and 12: middles at 1 and 2.75 and 8, the ends mirrored.
        let column = column(vec![0.0, 1.0, 2.0, 6.0, 18.0]);
        assert_eq!(values_of(&column)[..5], [0.0, 1.0, 2.75, 8.0, 16.0]);
        // Of sixteen steps 1, 1.75, 5.25 and 8 lie between them.
        let times = drawn(&column, Range { low: 0, high: 4, end: 4 });
        let shares = [1.0, 1.75, 5.25, 8.0].map(|step| 6000.0 * step / 16.0);
        assert!(times.iter().zip(shares).all(|(&n, share)| (n as f64 - share).abs() < 150.0), "{times:?}");
    }

    #[test]
    fn missing_cells_alone_go_right_and_beside_values_to_either_side() {
        let column = column(vec![0.0, 1.0, 2.0, f64::NAN]);
        let (values, mut draws) = (values_of(&column), Draws(1));
        assert_eq!(Range { low: 2, high: 2, end: 3 }.cut(&values, 3, draws.next()), (2, 2));
        let both = Range { low: 0, high: 2, end: 3 };
        let n_left = (0..1000).filter(|_| both.cut(&values, 3, draws.next()).1 == 3).count();
        assert!((440..560).contains(&n_left), "{n_left}");
    }

    #[test]
    fn all_columns_at_once_are_as_one_by_one() {
        let mut source = Shuffler::new(5);
        for n in [1, 2, 9, 255, 256, 700] {
            let cells: Vec<[u8; LANES]> =
                (0..n).map(|_| std::array::from_fn(|lane| source.below(2 + 16 * lane) as u8)).collect();
            let items: Vec<Item<i64>> = (0..n)
                .map(|row| Item { row: row as u32, weight: 1.0, payload: ((source.below(2) as i64) << 20) + 1 })
                .collect();
            let rests: [u8; LANES] = std::array::from_fn(|lane| (15 * lane) as u8);
            let last = std::array::from_fn(|lane| (lane * 7) as u8);
            let other = std::array::from_fn(|lane| (lane * 11) as u8);
            let expected: [i64; LANES] = std::array::from_fn(|lane| {
                let left = |i: &usize| cells[*i][lane] <= last[lane] || cells[*i][lane] == other[lane];
                (0..n).filter(left).map(|i| items[i].payload).sum()
            });
            assert_eq!(sums(&cells, &items, LANES, (&last, &other)), expected, "{n} items");
            assert_eq!(counts(&cells, &items, 20, (&last, &other)), expected, "{n} items");
            let found = ranges(&cells, &rests);
            for lane in 0..LANES {
                let keys: Vec<u8> = cells.iter().map(|cells| cells[lane]).collect();
                let range = Range::of(&keys, rests[lane]);
                assert_eq!(found[lane], range);
                assert_eq!(range.differs(), keys.iter().any(|&key| key != keys[0]));
            }
        }
    }
}
