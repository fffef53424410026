//! Growing one deep tree: for single trees and forests, whose nodes look at some of the columns only.
//!
//! Each node counts just the columns it tries, over rows carried along in order. Most nodes are small, so what costs is
//! bins without rows: a small node marks the bins it meets and visits only those.

use std::collections::BinaryHeap;

use crate::domain::model::Tree;
use crate::ml::trees::bins::{Binned, Column, ColumnKind};
use crate::ml::trees::grow::{GrownNode, model_node};
use crate::ml::trees::kernel::Lefts;
use crate::ml::trees::measure::{Fraction, Item, Measure};
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
#[derive(Default)]
pub struct Room {
    pub items: Vec<Item>,
    spare: Vec<Item>,
    slots: Vec<f64>,
    bins: Vec<u8>,
}

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
    limits: DeepLimits,
    draws: &mut Draws,
    room: &mut Room,
    go_on: &mut dyn FnMut() -> bool,
) -> Option<DeepTree> {
    room.spare.resize(room.items.len(), Item::default());
    room.slots.clear();
    room.slots.resize(256 * measure.width(), 0.0);
    let mut grower = Deep {
        binned,
        measure,
        limits,
        draws,
        columns: (0..binned.n_columns()).collect(),
        left: vec![0.0; measure.width()],
        room,
        nodes: vec![GrownNode::Leaf { n_rows: 0 }],
        values: vec![Vec::new()],
    };
    grower.run(go_on)?;
    Some(DeepTree { nodes: grower.nodes, values: grower.values })
}

struct Deep<'a, M> {
    binned: &'a Binned,
    measure: &'a M,
    limits: DeepLimits,
    draws: &'a mut Draws,
    /// The columns in the order of the last draws.
    columns: Vec<usize>,
    left: Vec<f64>,
    room: &'a mut Room,
    nodes: Vec<GrownNode>,
    values: Vec<Vec<f64>>,
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
        if is_scarce { heap.extend(root) } else { stack.extend(root) }
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
            if is_scarce { heap.extend(children.into_iter().flatten()) } else { stack.extend(children.into_iter().rev().flatten()) }
        }
        Some(())
    }

    /// Makes a leaf of the items and looks for its split.
    fn open(&mut self, node: usize, from: usize, to: usize, depth: usize) -> Option<Open> {
        let mut total = vec![0.0; self.measure.width()];
        let items = &self.room.items[from..to];
        items.iter().for_each(|item| self.measure.add(&mut total, item));
        self.nodes[node] = GrownNode::Leaf { n_rows: self.measure.n_rows(&total).round() as usize };
        self.values[node] = self.measure.answer(&total);
        let is_pure = items.windows(2).all(|pair| pair[0].y == pair[1].y);
        let may_split = depth < self.limits.max_depth
            && self.measure.n_rows(&total) >= 2.0 * self.limits.min_samples_leaf.max(1) as f64;
        if is_pure || !may_split {
            return None;
        }
        let found = self.search(from, to, &total)?;
        // An impure node is split even when its best split removes no loss, as in scikit-learn: what two columns say only
        // together starts like that.
        let gain = self.measure.loss(found.score.value() - self.measure.score(&total));
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
        self.values[at.node] = Vec::new();
        for _ in 0..2 {
            self.nodes.push(GrownNode::Leaf { n_rows: 0 });
            self.values.push(Vec::new());
        }
        [self.open(left, at.from, middle, at.depth + 1), self.open(left + 1, middle, at.to, at.depth + 1)]
    }

    /// The best split over columns drawn until enough of them have different values.
    fn search(&mut self, from: usize, to: usize, total: &[f64]) -> Option<Found> {
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
            let (differs, test) = self.try_column(from, to, column, total, &mut score);
            tried += usize::from(differs);
            if let Some(test) = test {
                best = Some(Found { column, test, score });
            }
        }
        best
    }

    /// Whether the column has different values here, and its split if it beats the best so far.
    fn try_column(
        &mut self,
        from: usize,
        to: usize,
        at: usize,
        total: &[f64],
        best: &mut Fraction,
    ) -> (bool, Option<Test>) {
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
            total,
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
        for bin in bins_of(present) {
            slots[bin * width..(bin + 1) * width].fill(0.0);
        }
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

/// The bins marked in a set, ascending.
fn bins_of(set: [u64; 4]) -> impl Iterator<Item = usize> {
    set.into_iter().enumerate().flat_map(|(word, mut bits)| {
        std::iter::from_fn(move || {
            (bits != 0).then(|| {
                let bit = bits.trailing_zeros() as usize;
                bits &= bits - 1;
                word * 64 + bit
            })
        })
    })
}

/// One column of one node.
struct Scan<'s, M> {
    measure: &'s M,
    column: &'s Column,
    slots: &'s [f64],
    width: usize,
    present: [u64; 4],
    total: &'s [f64],
    least: f64,
    left: &'s mut Vec<f64>,
    best: &'s mut Fraction,
}

impl<M: Measure> Scan<'_, M> {
    fn slot(&self, bin: usize) -> &[f64] {
        &self.slots[bin * self.width..(bin + 1) * self.width]
    }

    fn has_rest(&self) -> bool {
        self.present[self.column.n_bins / 64] >> (self.column.n_bins % 64) & 1 == 1
    }

    fn add(&mut self, bin: usize) {
        let slot = &self.slots[bin * self.width..(bin + 1) * self.width];
        self.left.iter_mut().zip(slot).for_each(|(left, slot)| *left += slot);
    }

    /// Rows enough on both sides.
    fn is_allowed(&self) -> bool {
        let n = self.measure.n_rows(self.left);
        n >= self.least && self.measure.n_rows(self.total) - n >= self.least
    }

    fn offer(&mut self) -> bool {
        self.is_allowed() && self.measure.offer(self.left, self.total, self.best)
    }

    fn cut(&mut self) -> Option<Test> {
        let rest = self.column.n_bins;
        let has_rest = self.has_rest();
        let n = self.measure.n_rows(self.total);
        let mut found: Option<(usize, Option<usize>, bool)> = None;
        for rest_left in [false, true] {
            if rest_left && !has_rest {
                break;
            }
            self.left.fill(0.0);
            if rest_left {
                self.add(rest);
            }
            let mut is_open = false;
            for bin in bins_of(self.present).take_while(|&bin| bin < rest) {
                if is_open && let Some((_, next, _)) = &mut found {
                    *next = Some(bin);
                    is_open = false;
                }
                self.add(bin);
                let on_left = self.measure.n_rows(self.left);
                if n - on_left < self.least {
                    break;
                }
                if on_left >= self.least && self.measure.offer(self.left, self.total, self.best) {
                    found = Some((bin, None, rest_left));
                    is_open = true;
                }
            }
        }
        let (bin, next, mut rest_left) = found?;
        if !has_rest {
            // Rows without a value were not seen here: they go where most rows went.
            self.left.fill(0.0);
            bins_of(self.present).take_while(|&other| other <= bin).for_each(|bin| self.add(bin));
            rest_left = 2.0 * self.measure.n_rows(self.left) >= n;
        }
        // Empty bins lie between: cut in the middle of the gap.
        let bin = next.map_or(bin, |next| (bin + next - 1) / 2) as u8;
        Some(Test::UpTo { bin, rest_left })
    }

    fn all_but(&mut self) -> Option<Test> {
        let mut found = None;
        for bin in bins_of(self.present).take_while(|&bin| bin < self.column.n_bins) {
            for (k, left) in self.left.iter_mut().enumerate() {
                *left = self.total[k] - self.slots[bin * self.width + k];
            }
            if self.offer() {
                found = Some(Test::AllBut { bin: bin as u8 });
            }
        }
        found
    }

    /// Runs of categories in the order of their answers; those without rows here go right.
    fn group(&mut self) -> Option<Test> {
        let mut order: Vec<(f64, usize)> = bins_of(self.present)
            .take_while(|&bin| bin < self.column.n_bins)
            .map(|bin| (self.measure.rank(self.slot(bin), self.total), bin))
            .collect();
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut found = None;
        for from_end in [false, true] {
            // Without rows in the rest the runs from the other end are the same splits.
            if from_end && !self.has_rest() {
                break;
            }
            self.left.fill(0.0);
            for k in 0..order.len() {
                self.add(order[if from_end { order.len() - 1 - k } else { k }].1);
                if self.offer() {
                    found = Some((k, from_end));
                }
            }
        }
        let (k, from_end) = found?;
        let chosen = if from_end { &order[order.len() - 1 - k..] } else { &order[..=k] };
        Some(among(chosen.iter().map(|&(_, bin)| bin)))
    }

    /// One split at random: a cut evenly between the smallest and the largest value, one indicator, or a coin per
    /// category.
    fn random(&mut self, draws: &mut Draws) -> Option<Test> {
        let rest = self.column.n_bins;
        let valued: Vec<usize> = bins_of(self.present).take_while(|&bin| bin < rest).collect();
        let rest_left = self.has_rest() && draws.next() & 1 == 1;
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
            ColumnKind::Category { .. } => among(valued.iter().copied().filter(|_| draws.next() & 1 == 1)),
        };
        let lefts = test.lefts(self.column);
        self.left.fill(0.0);
        bins_of(self.present).filter(|&bin| lefts[bin]).for_each(|bin| self.add(bin));
        self.offer().then_some(test)
    }
}
