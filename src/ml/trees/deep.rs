//! Growing one deep tree: for single trees and forests, whose nodes look at some of the columns only.
//!
//! Each node counts just the columns it tries, over rows carried along in order. Most nodes are small, so what costs is
//! bins without rows: a small node marks the bins it meets and visits only those.

use std::collections::BinaryHeap;

use crate::domain::model::Tree;
use crate::ml::trees::bins::{Binned, Column, ColumnKind};
use crate::ml::trees::grow::{GrownNode, model_node};
use crate::ml::trees::kernel::Lefts;
use crate::ml::trees::measure::{Fraction, Item, Measure, Offers, each_bin};
use crate::ml::trees::split::{Test, among};

/// Rows up to which a node marks the bins it meets.
const SMALL: usize = 128;
/// Rows parted between two looks at the cancel button.
const PATIENCE_ROWS: usize = 200_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Splitter {
    /// The best cut of each column tried.
    Best,
    /// A cut at random (Geurts, Ernst & Wehenkel 2006); the best of the columns' cuts.
    Random,
}

#[derive(Clone, Copy, Debug)]
pub struct DeepLimits {
    pub max_depth: usize,
    pub max_leaves: usize,
    /// In rows (a row drawn twice counts twice).
    pub min_samples_leaf: usize,
    /// Columns with different values that each node tries.
    pub n_tried: usize,
    pub splitter: Splitter,
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

/// Room that trees share one after the other.
pub struct Room<M: Measure> {
    pub items: Vec<Item<M::Payload>>,
    spare: Vec<Item<M::Payload>>,
    slots: Vec<M::Number>,
    bins: Vec<u8>,
}

impl<M: Measure> Default for Room<M> {
    fn default() -> Self {
        Self { items: Vec::new(), spare: Vec::new(), slots: Vec::new(), bins: Vec::new() }
    }
}

/// The bins of each category in the order in which they are parted; empty for other columns. One order for the whole
/// forest, as ranger does (Wright & König 2019, doi:10.7717/peerj.6339): an order of its own in each small node would fit
/// noise.
pub type Orders = [Vec<u8>];

/// A grown tree in terms of bins, and the answers of its leaves by node.
pub struct DeepTree {
    pub nodes: Vec<GrownNode>,
    pub values: Vec<Vec<f64>>,
}

impl DeepTree {
    pub fn into_model(self, binned: &Binned) -> Tree {
        let nodes = self.nodes.iter().zip(self.values).map(|(node, values)| model_node(binned, node, values));
        Tree { nodes: nodes.collect() }
    }
}

/// Grows a tree over `room.items`, whose rows ascend. `go_on` is asked from time to time; `None` when it said no.
pub fn grow<M: Measure>(
    binned: &Binned,
    measure: &M,
    orders: &Orders,
    limits: DeepLimits,
    draws: &mut Draws,
    room: &mut Room<M>,
    go_on: &mut dyn FnMut() -> bool,
) -> Option<DeepTree> {
    room.spare.resize(room.items.len(), Item::default());
    room.slots.clear();
    room.slots.resize(256 * measure.width(), M::Number::default());
    let mut grower = Deep {
        binned,
        measure,
        orders,
        limits,
        draws,
        columns: (0..binned.n_columns()).collect(),
        left: vec![M::Number::default(); measure.width()],
        total: vec![M::Number::default(); measure.width()],
        room,
        nodes: vec![GrownNode::Leaf { n_rows: 0 }],
        ranges: vec![(0, 0)],
    };
    grower.run(go_on)?;
    let values = grower.nodes.iter().zip(&grower.ranges).map(|(node, &(from, to))| match node {
        GrownNode::Leaf { .. } => measure.answer(&grower.room.items[from..to]),
        GrownNode::Split { .. } => Vec::new(),
    });
    let values = values.collect();
    Some(DeepTree { nodes: grower.nodes, values })
}

struct Deep<'a, M: Measure> {
    binned: &'a Binned,
    measure: &'a M,
    orders: &'a Orders,
    limits: DeepLimits,
    draws: &'a mut Draws,
    /// The columns in the order of the last draws.
    columns: Vec<usize>,
    left: Vec<M::Number>,
    total: Vec<M::Number>,
    room: &'a mut Room<M>,
    nodes: Vec<GrownNode>,
    /// The items of each node.
    ranges: Vec<(usize, usize)>,
}

/// A leaf that may be split: the items `from..to`.
struct Open {
    node: usize,
    from: usize,
    to: usize,
    depth: usize,
    gain: f64,
    found: Found,
}

#[derive(Clone, Copy)]
struct Found {
    column: usize,
    test: Test,
    score: Fraction,
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Open {}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Open {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.gain.total_cmp(&other.gain).then(other.node.cmp(&self.node))
    }
}

impl<M: Measure> Deep<'_, M> {
    fn run(&mut self, go_on: &mut dyn FnMut() -> bool) -> Option<()> {
        let n = self.room.items.len();
        let mut n_leaves = 1;
        // The largest gain first where leaves are scarce; else the newest first, whose rows are still near.
        let is_scarce = self.limits.max_leaves < n / self.limits.min_samples_leaf.max(1);
        let (mut stack, mut heap) = (Vec::new(), BinaryHeap::new());
        let mut seen = 0;
        let root = self.open(0, 0, n, 0);
        if is_scarce {
            heap.extend(root)
        } else {
            stack.extend(root)
        }
        while n_leaves < self.limits.max_leaves {
            let Some(at) = (if is_scarce { heap.pop() } else { stack.pop() }) else { break };
            seen += at.to - at.from;
            if seen > PATIENCE_ROWS {
                seen = 0;
                if !go_on() {
                    return None;
                }
            }
            n_leaves += 1;
            let children = self.split(&at);
            if is_scarce {
                heap.extend(children.into_iter().flatten())
            } else {
                stack.extend(children.into_iter().rev().flatten())
            }
        }
        Some(())
    }

    /// Makes a leaf of the items and looks for its split.
    fn open(&mut self, node: usize, from: usize, to: usize, depth: usize) -> Option<Open> {
        let items = &self.room.items[from..to];
        self.total.fill(M::Number::default());
        items.iter().for_each(|item| self.measure.add(&mut self.total, item));
        let n_rows = self.measure.n_rows(&self.total);
        self.nodes[node] = GrownNode::Leaf { n_rows: n_rows.round() as usize };
        self.ranges[node] = (from, to);
        let may_split = depth < self.limits.max_depth && n_rows >= 2.0 * self.limits.min_samples_leaf.max(1) as f64;
        if !may_split || self.measure.is_pure(items) {
            return None;
        }
        let found = self.search(from, to)?;
        // An impure node is split even when its best split removes no loss, as in scikit-learn: what two columns say only
        // together starts like that.
        let gain = self.measure.loss(found.score.value() - self.measure.score(&self.total));
        Some(Open { node, from, to, depth, gain, found })
    }

    fn split(&mut self, at: &Open) -> [Option<Open>; 2] {
        let column = &self.binned.columns[at.found.column];
        let lefts = at.found.test.lefts(column);
        let middle = at.from + self.part(at.from, at.to, at.found.column, &lefts);
        let left = self.nodes.len();
        let n_rows = match self.nodes[at.node] {
            GrownNode::Leaf { n_rows } | GrownNode::Split { n_rows, .. } => n_rows,
        };
        self.nodes[at.node] = GrownNode::Split {
            column: at.found.column,
            test: at.found.test,
            left,
            right: left + 1,
            gain: at.gain,
            n_rows,
        };
        self.nodes.extend([GrownNode::Leaf { n_rows: 0 }, GrownNode::Leaf { n_rows: 0 }]);
        self.ranges.extend([(0, 0), (0, 0)]);
        [self.open(left, at.from, middle, at.depth + 1), self.open(left + 1, middle, at.to, at.depth + 1)]
    }

    /// The best split over columns drawn until enough of them have different values.
    fn search(&mut self, from: usize, to: usize) -> Option<Found> {
        let mut best: Option<Found> = None;
        let mut score = Fraction::NONE;
        let mut tried = 0;
        let n_columns = self.columns.len();
        let tries_all = self.limits.n_tried >= n_columns;
        for k in 0..n_columns {
            if tried >= self.limits.n_tried {
                break;
            }
            if !tries_all {
                let other = k + self.draws.below(n_columns - k);
                self.columns.swap(k, other);
            }
            let column = if tries_all { k } else { self.columns[k] };
            let (differs, test) = self.try_column(from, to, column, &mut score);
            tried += usize::from(differs);
            if let Some(test) = test {
                best = Some(Found { column, test, score });
            }
        }
        best
    }

    /// Whether the column has different values here, and its split if it beats the best so far.
    fn try_column(&mut self, from: usize, to: usize, at: usize, best: &mut Fraction) -> (bool, Option<Test>) {
        let column = &self.binned.columns[at];
        self.gather(from, to, at);
        let width = self.measure.width();
        let Room { items, slots, bins, .. } = &mut *self.room;
        let items = &items[from..to];
        let mut present = [0_u64; 4];
        if items.len() <= SMALL {
            for (item, &bin) in items.iter().zip(bins.iter()) {
                let bin = usize::from(bin);
                present[bin / 64] |= 1 << (bin % 64);
                self.measure.add(&mut slots[bin * width..(bin + 1) * width], item);
            }
        } else {
            for (item, &bin) in items.iter().zip(bins.iter()) {
                let bin = usize::from(bin);
                self.measure.add(&mut slots[bin * width..(bin + 1) * width], item);
            }
            for bin in 0..column.width() {
                let is_present = self.measure.n_rows(&slots[bin * width..(bin + 1) * width]) > 0.0;
                present[bin / 64] |= u64::from(is_present) << (bin % 64);
            }
        }
        let differs = present.iter().map(|word| word.count_ones()).sum::<u32>() > 1;
        let mut scan = Scan {
            measure: self.measure,
            column,
            slots,
            width,
            present,
            total: &self.total,
            order: &self.orders[at],
            least: self.limits.min_samples_leaf.max(1) as f64,
            left: &mut self.left,
            best,
        };
        let test = match (differs, self.limits.splitter, &column.kind) {
            (false, ..) => None,
            (_, Splitter::Best, ColumnKind::Numbers { .. }) => scan.cut(),
            (_, Splitter::Best, ColumnKind::Indicators { .. }) => scan.all_but(),
            (_, Splitter::Best, ColumnKind::Category { .. }) => scan.group(),
            (_, Splitter::Random, _) => scan.random(self.draws),
        };
        each_bin(present, 256, |bin| {
            slots[bin * width..(bin + 1) * width].fill(M::Number::default());
            true
        });
        (differs, test)
    }

    /// The bins of the items in one column: from the column where the items are many (its bytes lie together), from the
    /// rows where they are few (one line of memory then holds all columns of a row).
    fn gather(&mut self, from: usize, to: usize, column: usize) {
        let Room { items, bins, .. } = &mut *self.room;
        let items = &items[from..to];
        bins.clear();
        if items.len() * 64 > self.binned.n_rows * self.limits.n_tried.min(self.columns.len()) {
            let cells = self.binned.column(column);
            bins.extend(items.iter().map(|item| cells[item.row as usize]));
        } else {
            bins.extend(items.iter().map(|item| self.binned.rows.row(item.row as usize)[column]));
        }
    }

    /// Moves the items that go left before the others, each side in its order; returns how many they are.
    fn part(&mut self, from: usize, to: usize, column: usize, lefts: &Lefts) -> usize {
        self.gather(from, to, column);
        let Room { items, spare, bins, .. } = &mut *self.room;
        let items = &mut items[from..to];
        let (mut left, mut right) = (0, 0);
        for (i, &bin) in bins.iter().enumerate() {
            let item = items[i];
            let goes_left = lefts[usize::from(bin)];
            items[left] = item;
            spare[right] = item;
            left += usize::from(goes_left);
            right += usize::from(!goes_left);
        }
        items[left..].copy_from_slice(&spare[..right]);
        left
    }
}

/// One column of one node.
struct Scan<'s, M: Measure> {
    measure: &'s M,
    column: &'s Column,
    slots: &'s [M::Number],
    width: usize,
    /// Bins with rows.
    present: [u64; 4],
    total: &'s [M::Number],
    /// The bins of a category, in the order in which they are parted.
    order: &'s [u8],
    least: f64,
    left: &'s mut Vec<M::Number>,
    best: &'s mut Fraction,
}

impl<M: Measure> Scan<'_, M> {
    fn is_present(&self, bin: usize) -> bool {
        self.present[bin / 64] >> (bin % 64) & 1 == 1
    }

    #[inline(always)]
    fn add(&mut self, bin: usize) {
        let slot = &self.slots[bin * self.width..(bin + 1) * self.width];
        self.left.iter_mut().zip(slot).for_each(|(left, slot)| *left += *slot);
    }

    /// Starts with nothing, or with the rows without a value, on the left.
    fn start(&mut self, rest_left: bool) {
        self.left.fill(M::Number::default());
        if rest_left {
            self.add(self.column.n_bins);
        }
    }

    /// Whether what is on the left is the best split so far; and whether more on the left may be one.
    #[inline(always)]
    fn offer(&mut self) -> (bool, bool) {
        let (on_left, n) = (self.measure.n_rows(self.left), self.measure.n_rows(self.total));
        if n - on_left < self.least {
            return (false, false);
        }
        (on_left >= self.least && self.measure.offer(self.left, self.total, self.best), true)
    }

    fn cut(&mut self) -> Option<Test> {
        let rest = self.column.n_bins;
        let has_rest = self.is_present(rest);
        let mut found: Option<(usize, usize, bool)> = None;
        for rest_left in [false, true] {
            if rest_left && !has_rest {
                break;
            }
            self.start(rest_left);
            let offers =
                Offers { slots: self.slots, present: self.present, end: rest, total: self.total, least: self.least };
            if let Some((bin, next)) = self.measure.best_cut(offers, self.left, self.best) {
                found = Some((bin, next, rest_left));
            }
        }
        let (bin, next, mut rest_left) = found?;
        if !has_rest {
            // Rows without a value were not seen here: they go where most rows went.
            self.start(false);
            each_bin(self.present, bin + 1, |bin| {
                self.add(bin);
                true
            });
            rest_left = 2.0 * self.measure.n_rows(self.left) >= self.measure.n_rows(self.total);
        }
        // Empty bins lie between: cut in the middle of the gap.
        Some(Test::UpTo { bin: ((bin + next - 1) / 2) as u8, rest_left })
    }

    fn all_but(&mut self) -> Option<Test> {
        let mut found = None;
        each_bin(self.present, self.column.n_bins, |bin| {
            for (k, left) in self.left.iter_mut().enumerate() {
                *left = self.total[k] - self.slots[bin * self.width + k];
            }
            if self.offer().0 {
                found = Some(Test::AllBut { bin: bin as u8 });
            }
            true
        });
        found
    }

    /// Runs of categories from either end of their order.
    fn group(&mut self) -> Option<Test> {
        let order = self.order;
        let mut found = None;
        for from_end in [false, true] {
            // Without rows in the rest the runs from the other end are the same splits.
            if from_end && !self.is_present(self.column.n_bins) {
                break;
            }
            self.start(false);
            for k in 0..order.len() {
                let bin = usize::from(order[if from_end { order.len() - 1 - k } else { k }]);
                if !self.is_present(bin) {
                    continue;
                }
                self.add(bin);
                let (is_best, goes_on) = self.offer();
                if is_best {
                    found = Some(if from_end { &order[order.len() - 1 - k..] } else { &order[..=k] });
                }
                if !goes_on {
                    break;
                }
            }
        }
        Some(among(found?.iter().map(|&bin| usize::from(bin))))
    }

    /// One split at random: a cut evenly between the smallest and the largest value, or one indicator.
    fn random(&mut self, draws: &mut Draws) -> Option<Test> {
        let rest = self.column.n_bins;
        let rest_left = self.is_present(rest) && draws.next() & 1 == 1;
        let mut valued: Vec<usize> = Vec::new();
        each_bin(self.present, rest, |bin| {
            valued.push(bin);
            true
        });
        let test = match &self.column.kind {
            ColumnKind::Numbers { cuts } => {
                let (&low, &high) = (valued.first()?, valued.last()?);
                let bin = if low == high {
                    // Only missing cells differ.
                    high
                } else {
                    let (from, to) = (f64::from(cuts[low]), f64::from(cuts[high - 1]));
                    let at = (from + (to - from) * draws.unit()) as f32;
                    low + cuts[low..high - 1].partition_point(|&cut| cut < at)
                };
                Test::UpTo { bin: bin as u8, rest_left: rest_left && low != high }
            }
            ColumnKind::Indicators { .. } if valued.is_empty() => return None,
            ColumnKind::Indicators { .. } => Test::AllBut { bin: valued[draws.below(valued.len())] as u8 },
            ColumnKind::Category { .. } => {
                // Everything up to one of the categories that are here, in their order.
                let here: Vec<usize> =
                    (0..self.order.len()).filter(|&k| self.is_present(usize::from(self.order[k]))).collect();
                let last = if rest_left || self.is_present(rest) { here.len() } else { here.len().saturating_sub(1) };
                if last == 0 {
                    return None;
                }
                among(self.order[..=here[draws.below(last)]].iter().map(|&bin| usize::from(bin)))
            }
        };
        self.left.fill(M::Number::default());
        each_bin(self.present, 256, |bin| {
            if test.goes_left(bin as u8, rest) {
                self.add(bin);
            }
            true
        });
        self.offer().0.then_some(test)
    }
}
