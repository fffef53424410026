//! One column of one node of a deep tree: its best cut, or one at random.

use crate::ml::trees::bins::{Binned, Column, ColumnKind};
use crate::ml::trees::cuts::{Bench, Cut, Keys, Node, best_only, each_key, present};
use crate::ml::trees::kernel::{AHEAD, PICKED, Rows, wide};
use crate::ml::trees::lanes::Lanes;
use crate::ml::trees::measure::{Fraction, Item, Measure};
use crate::ml::trees::random::{Range, values_of};
use crate::ml::trees::split::Test;

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

    /// A draw as a number in [0, 1), by its high bits.
    #[inline(always)]
    pub fn unit(draw: u64) -> f64 {
        (draw >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// How a column is cut.
#[derive(Clone, Debug)]
pub struct Order {
    /// Of a category the bins up to each, as sets; empty for other columns.
    runs: Vec<[u64; 4]>,
    /// What stands for each bin when cuts are drawn.
    pub values: [f32; 256],
}

impl Order {
    pub fn new(column: &Column) -> Self {
        let n_runs = if matches!(column.kind, ColumnKind::Category { .. }) { column.n_bins } else { 0 };
        let mut run = [0_u64; 4];
        let with = |bin: usize| {
            run[bin / 64] |= 1 << (bin % 64);
            run
        };
        Self { runs: (0..n_runs).map(with).collect(), values: values_of(column) }
    }

    /// What goes left: the bins up to `last`, and the rest if said so.
    pub fn up_to(&self, last: u8, rest_left: bool) -> Test {
        let Some(all) = self.runs.last() else { return Test::UpTo { bin: last, rest_left } };
        let run = self.runs[usize::from(last)];
        // The rest of a category always goes right: where it is better with the others, the sides change names.
        Test::Among { bins: if rest_left { std::array::from_fn(|word| all[word] & !run[word]) } else { run } }
    }

    /// Between two bins that have rows.
    pub fn between(&self, cut: Cut) -> Test {
        match self.runs.is_empty() {
            // Empty bins lie between: cut in the middle of the gap. Rows without a value that were not seen here go where
            // most rows went.
            true => self.up_to(((u16::from(cut.last) + u16::from(cut.next) - 1) / 2) as u8, cut.rest_left),
            false => self.up_to(cut.last, cut.saw_rest && cut.rest_left),
        }
    }
}

/// Where the rows of some items are read.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub rows: Rows<'a>,
    /// The same rows column by column, where there are such.
    pub columns: Option<&'a Binned>,
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
    source: Source,
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
    // Of a row, a line serves no more columns than come at once.
    let n_tried = n_tried.min(PICKED);
    if let Some(binned) = source.columns.filter(|binned| n * 64 > binned.n_rows * n_tried) {
        for (&column, into) in columns.iter().zip(into.chunks_exact_mut(n.max(1))) {
            let cells = binned.column(column);
            into.iter_mut().zip(items).for_each(|(bin, item)| *bin = cells[item.row as usize]);
        }
    } else if let [column] = *columns {
        into.iter_mut().zip(items).for_each(|(bin, item)| *bin = source.rows.bin(item.row as usize, column));
    } else {
        for (i, row) in rows_of(items).enumerate() {
            source.rows.expect(row.1);
            let row = source.rows.row(row.0);
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
    /// the items.
    pub fn search(mut self, splitter: Splitter, keys: &[u8], draws: &mut Draws) -> (bool, Option<Test>) {
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
        (sought.differs, sought.cut.map(|cut| self.order.between(cut)))
    }

    /// A column is cut evenly between the smallest and the largest value.
    fn random_cut(&mut self, keys: &[u8], draws: &mut Draws) -> (bool, Option<Test>) {
        let range = wide(
            #[inline(always)]
            || Range::of(keys, self.rest()),
        );
        if !range.differs() {
            return (false, None);
        }
        let (last, other) = range.cut(&self.order.values, self.rest(), draws.next());
        let goes_left = |key: u8| (key <= last) | (key == other);
        wide(
            #[inline(always)]
            || {
                let items = self.node.items.iter().zip(keys.iter().map(|&key| goes_left(key)));
                self.measure.sum_left(items, &mut self.bench.left);
            },
        );
        let is_best = offers(self.measure, &self.node, &self.bench.left, self.best);
        (true, is_best.then(|| self.order.up_to(last, other != last)))
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
        let is_best = offers(self.measure, &self.node, &self.bench.left, self.best);
        (true, is_best.then_some(Test::AllBut { bin }))
    }
}

/// Whether what is on the left is the best split so far, with enough rows on both sides.
#[inline(always)]
pub fn offers<M: Measure>(measure: &M, node: &Node<M>, left: &[M::Number], best: &mut Fraction) -> bool {
    let (on_left, n) = (measure.n_rows(left), measure.n_rows(node.total));
    (on_left >= node.least) & (n - on_left >= node.least) && measure.offer(left, node.total, best)
}
