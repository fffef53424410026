//! One column of one node of a deep tree: its best cut, or one at random.

use crate::ml::trees::bins::{Binned, Column, ColumnKind};
use crate::ml::trees::cuts::{Bench, Keys, Node, best_only, each_key, present};
use crate::ml::trees::kernel::AHEAD;
use crate::ml::trees::lanes::Lanes;
use crate::ml::trees::measure::{Fraction, Item, Measure};
use crate::ml::trees::split::{Test, among};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Splitter {
    /// The best cut of each column tried.
    Best,
    /// A cut at random (Geurts, Ernst & Wehenkel 2006); the best of the columns' cuts.
    Random,
}

/// A fast source of numbers, one per tree (splitmix64).
pub struct Draws(pub u64);

impl Draws {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A whole number in `0..n`, `n` below 2^32. (Lemire 2019, without the rejection: the bias is below n / 2^64.)
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// In which order the bins of a category are parted; empty for other columns. One order for the whole forest, as ranger
/// does (Wright & König 2019, doi:10.7717/peerj.6339): an order of its own in each small node would fit noise.
#[derive(Clone, Debug)]
pub struct Order {
    bins: Vec<u8>,
    /// The place of each bin; the rest keeps its own.
    ranks: [u8; 256],
}

impl Default for Order {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl Order {
    pub fn new(bins: Vec<u8>) -> Self {
        let mut ranks = std::array::from_fn(|bin| bin as u8);
        bins.iter().enumerate().for_each(|(rank, &bin)| ranks[usize::from(bin)] = rank as u8);
        Self { bins, ranks }
    }

    /// Whether places stand for bins.
    fn is_bins(&self) -> bool {
        self.bins.is_empty()
    }

    /// The place of each bin, where it is another number.
    pub fn ranks(&self) -> Option<&[u8; 256]> {
        (!self.is_bins()).then_some(&self.ranks)
    }

    /// The categories up to a place, or those after it.
    fn run(&self, last: u8, is_after: bool) -> Test {
        let middle = usize::from(last) + 1;
        let chosen = if is_after { &self.bins[middle..] } else { &self.bins[..middle] };
        among(chosen.iter().map(|&bin| usize::from(bin)))
    }
}

/// The row of each item, with one that comes later.
#[inline(always)]
pub fn rows_of<P>(items: &[Item<P>]) -> impl Iterator<Item = (usize, usize)> + Clone {
    let last = items.len().saturating_sub(1);
    items.iter().enumerate().map(move |(i, item)| (item.row as usize, items[(i + AHEAD).min(last)].row as usize))
}

/// Bins of some items in some columns, one column after the other: from the columns where the items are many (the bytes of
/// a column lie together), from the rows where they are few (one line of memory then holds all columns of a row).
pub fn gather<'k, P>(
    binned: &Binned,
    items: &[Item<P>],
    columns: &[usize],
    n_tried: usize,
    into: &'k mut Vec<u8>,
) -> &'k mut [u8] {
    let n = items.len();
    if into.len() < n * columns.len() {
        into.resize(n * columns.len(), 0);
    }
    let into = &mut into[..n * columns.len()];
    if n * 64 > binned.n_rows * n_tried {
        for (&column, into) in columns.iter().zip(into.chunks_exact_mut(n.max(1))) {
            let cells = binned.column(column);
            into.iter_mut().zip(items).for_each(|(bin, item)| *bin = cells[item.row as usize]);
        }
    } else if let [column] = *columns {
        into.iter_mut().zip(items).for_each(|(bin, item)| *bin = binned.rows.bin(item.row as usize, column));
    } else {
        for (i, row) in rows_of(items).enumerate() {
            binned.rows.expect(row.1);
            let row = binned.rows.row(row.0);
            let mut at = i;
            for &column in columns {
                into[at] = row[column];
                at = at.wrapping_add(n);
            }
        }
    }
    into
}

/// One column of one node.
pub struct Scan<'s, M: Measure> {
    pub measure: &'s M,
    pub node: Node<'s, M>,
    pub column: &'s Column,
    pub order: &'s Order,
    pub bench: &'s mut Bench<M::Number>,
    pub best: &'s mut Fraction,
}

impl<M: Measure> Scan<'_, M> {
    /// Whether the column has different values here, and its split if it beats the best so far. `keys` are the bins of
    /// the items; places in the order are put in their stead.
    pub fn search(mut self, splitter: Splitter, keys: &mut [u8], draws: &mut Draws) -> (bool, Option<Test>) {
        if !self.order.is_bins() {
            keys.iter_mut().for_each(|key| *key = self.order.ranks[usize::from(*key)]);
        }
        match (splitter, &self.column.kind) {
            (Splitter::Best, ColumnKind::Indicators { .. }) => {
                let (differs, bin) = best_only(self.measure, &self.node, keys, self.rest(), self.bench, self.best);
                (differs, bin.map(|bin| Test::AllBut { bin }))
            }
            (Splitter::Best, _) => self.cut(Keys::Each(keys)),
            (Splitter::Random, ColumnKind::Indicators { .. }) => self.random_indicator(keys, draws),
            (Splitter::Random, _) => self.random_cut(keys, draws),
        }
    }

    /// The same, from keys that were put in order.
    pub fn search_sorted(mut self, lanes: &Lanes, lane: usize) -> (bool, Option<Test>) {
        self.cut(Keys::Sorted(lanes, lane))
    }

    fn rest(&self) -> u8 {
        self.column.n_bins as u8
    }

    fn cut(&mut self, keys: Keys) -> (bool, Option<Test>) {
        let sought = self.measure.best_cut(&self.node, keys, self.rest(), self.bench, self.best);
        let test = sought.cut.map(|cut| {
            if self.order.is_bins() {
                // Empty bins lie between: cut in the middle of the gap. Rows without a value that were not seen here go
                // where most rows went.
                let bin = ((u16::from(cut.last) + u16::from(cut.next) - 1) / 2) as u8;
                Test::UpTo { bin, rest_left: cut.rest_left }
            } else {
                // The rest always goes right: where it is better with the others, the sides change names.
                self.order.run(cut.last, cut.saw_rest && cut.rest_left)
            }
        });
        (sought.differs, test)
    }

    /// A number is cut evenly between the smallest and the largest value, categories after any that is here.
    fn random_cut(&mut self, keys: &[u8], draws: &mut Draws) -> (bool, Option<Test>) {
        let rest = self.rest();
        let (mut low, mut high, mut end) = (255, 0, 0);
        for &key in keys {
            low = key.min(low);
            high = (if key == rest { 0 } else { key }).max(high);
            end = key.max(end);
        }
        if low == end {
            return (false, None);
        }
        let saw_rest = end == rest;
        let rest_left = saw_rest && draws.next() & 1 == 1;
        let (last, rest_left) = match &self.column.kind {
            // Only missing cells differ.
            ColumnKind::Numbers { .. } if low == high => (high, false),
            ColumnKind::Numbers { cuts } => {
                let (low, high) = (usize::from(low), usize::from(high));
                let (from, to) = (f64::from(cuts[low]), f64::from(cuts[high - 1]));
                let at = (from + (to - from) * draws.unit()) as f32;
                let bin = low + cuts[low..high - 1].partition_point(|&cut| cut < at);
                (bin as u8, rest_left)
            }
            _ => {
                let mut here = [0_u8; 256];
                let mut n_here = 0;
                each_key(present(keys), |key| {
                    here[n_here & 255] = key as u8;
                    n_here += usize::from(key != usize::from(rest));
                    true
                });
                // All on the left is a cut only where the rest is on the right.
                let n = if saw_rest && !rest_left { n_here } else { n_here - 1 };
                if n == 0 {
                    return (true, None);
                }
                (here[draws.below(n)], rest_left)
            }
        };
        let goes_left = |key: u8| (key <= last) & (key != rest) | (rest_left & (key == rest));
        let items = self.node.items.iter().zip(keys.iter().map(|&key| goes_left(key)));
        self.measure.sum_left(items, &mut self.bench.left);
        let test = self.is_best().then(|| {
            if self.order.is_bins() { Test::UpTo { bin: last, rest_left } } else { self.order.run(last, rest_left) }
        });
        (true, test)
    }

    /// One indicator that is set somewhere here against all others.
    fn random_indicator(&mut self, keys: &[u8], draws: &mut Draws) -> (bool, Option<Test>) {
        let set = present(keys);
        if set.iter().map(|word| word.count_ones()).sum::<u32>() < 2 {
            return (false, None);
        }
        let mut here = Vec::new();
        each_key(set, |key| {
            here.push(key as u8);
            true
        });
        here.retain(|&key| key != self.rest());
        let bin = here[draws.below(here.len())];
        let items = self.node.items.iter().zip(keys.iter().map(|&key| key != bin));
        self.measure.sum_left(items, &mut self.bench.left);
        (true, self.is_best().then_some(Test::AllBut { bin }))
    }

    /// Whether what is on the left is the best split so far.
    fn is_best(&mut self) -> bool {
        let left = &self.bench.left;
        let (on_left, n) = (self.measure.n_rows(left), self.measure.n_rows(self.node.total));
        let is_enough = on_left >= self.node.least && n - on_left >= self.node.least;
        is_enough && self.measure.offer(left, self.node.total, self.best)
    }
}
