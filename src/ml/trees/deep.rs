//! Growing one deep tree: for single trees and forests, whose nodes look at some of the columns only.
//!
//! Each node counts just the columns it tries, over rows carried along in order. Most nodes are small, so what costs is
//! bins without rows: a small node sorts the bins it meets and visits only those.

use std::collections::BinaryHeap;

use crate::domain::model::{LeafValues, Tree, TreeNode};
use crate::ml::trees::bins::{Binned, Column, ColumnKind};
use crate::ml::trees::block::{Block, N_BLOCKS, level_of};
use crate::ml::trees::cuts::{Bench, Cut, Node};
use crate::ml::trees::grow::{GrownNode, KnownCodes, model_node};
use crate::ml::trees::kernel::part;
use crate::ml::trees::ladder::{Ladder, Least};
use crate::ml::trees::lanes::{self, LANES, Lanes};
use crate::ml::trees::measure::{Fraction, Item, Measure};
use crate::ml::trees::random::{Draft, Draw};
use crate::ml::trees::scan::{Draws, Order, Scan, Source, Splitter, gather};
use crate::ml::trees::split::Test;

/// Rows parted between two looks at the cancel button.
const PATIENCE_ROWS: usize = 200_000;

#[derive(Clone, Copy, Debug)]
pub struct DeepLimits {
    pub max_depth: usize,
    pub max_leaves: usize,
    /// As [`Measure::counts_items`] counts.
    pub min_samples_leaf: usize,
    /// Columns with different values that each node tries.
    pub n_tried: usize,
    pub splitter: Splitter,
    /// Whether [`Room::steps`] are wanted.
    pub keeps_steps: bool,
}

/// A node of a tree as rows of bins meet it.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    test: Test,
    column: u32,
    /// The right child comes after the left one. 0 for a leaf.
    left: u32,
}

const LEAF: Step = Step { test: Test::AllBut { bin: 0 }, column: 0, left: 0 };

/// The leaf that a row of bins reaches.
pub fn leaf_of(steps: &[Step], binned: &Binned, bins: &[u8]) -> usize {
    let mut at = 0;
    while let Step { test, column, left: 1.. } = &steps[at] {
        let column = *column as usize;
        let goes_left = test.goes_left(bins[column], binned.columns[column].n_bins);
        at = steps[at].left as usize + usize::from(!goes_left);
    }
    at
}

/// Room that trees share one after the other.
pub struct Room<M: Measure> {
    pub items: Vec<Item<M::Payload>>,
    spare: Vec<Item<M::Payload>>,
    keys: Vec<u8>,
    lanes: Lanes,
    ladder: Box<Ladder>,
    draft: Draft,
    blocks: [Block; N_BLOCKS],
    nodes: Vec<TreeNode>,
    /// How many nodes a tree may have.
    likely: usize,
    /// The last tree in terms of bins.
    pub steps: Vec<Step>,
    /// Categories that nodes parted before.
    known: KnownCodes,
}

impl<M: Measure> Default for Room<M> {
    fn default() -> Self {
        let (items, spare, keys) = (Vec::new(), Vec::new(), Vec::new());
        let (lanes, ladder) = (Lanes::default(), Box::default());
        let (draft, blocks) = (Draft::default(), Default::default());
        let (nodes, likely, steps, known) = (Vec::new(), 0, Vec::new(), KnownCodes::default());
        Self { items, spare, keys, lanes, ladder, draft, blocks, nodes, likely, steps, known }
    }
}

/// Grows a tree over `room.items`, whose rows ascend. `go_on` is asked from time to time; `None` when it said no.
pub fn grow<M: Measure>(
    binned: &Binned,
    measure: &M,
    orders: &[Order],
    limits: DeepLimits,
    draws: &mut Draws,
    room: &mut Room<M>,
    go_on: &mut dyn FnMut() -> bool,
) -> Option<Tree> {
    room.spare.resize(room.items.len(), Item::default());
    room.nodes = Vec::with_capacity(room.likely);
    room.steps.clear();
    let mut grower = Deep {
        binned,
        measure,
        orders,
        limits,
        draws,
        columns: (0..binned.n_columns()).collect(),
        rests: binned.columns.iter().map(rest_of).collect(),
        total: vec![M::Number::default(); measure.width()],
        bench: Bench::new(measure.width()),
        room,
    };
    grower.add_node();
    let n = grower.room.items.len();
    let root = Open { node: 0, from: 0, to: n, depth: 0, level: 0 };
    // The largest gain first where leaves are scarce; else the newest first, whose rows are still near.
    if limits.max_leaves < n / limits.min_samples_leaf.max(1) {
        grower.best_first(root, go_on)?
    } else {
        grower.deep_first(root, go_on)?
    }
    let mut nodes = std::mem::take(&mut room.nodes);
    // Trees of a forest are about as large; what is too much is given back.
    room.likely = nodes.len() + nodes.len() / 16;
    nodes.shrink_to_fit();
    Some(Tree { nodes })
}

struct Deep<'a, M: Measure> {
    binned: &'a Binned,
    measure: &'a M,
    orders: &'a [Order],
    limits: DeepLimits,
    draws: &'a mut Draws,
    /// The columns in the order of the last draws.
    columns: Vec<usize>,
    /// The rest of each column; for indicators `None`: each is sought alone.
    rests: Vec<Option<u8>>,
    total: Vec<M::Number>,
    bench: Bench<M::Number>,
    room: &'a mut Room<M>,
}

/// A node to be: the items `from..to`, whose rows count rows of the block of this level, or for 0 of the table.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Open {
    node: usize,
    from: usize,
    to: usize,
    depth: usize,
    level: usize,
}

#[derive(Clone, Copy)]
struct Found {
    column: usize,
    test: Test,
    gain: f64,
    n_rows: usize,
}

/// A leaf that may be split, by its gain.
struct Ranked(Open, Found);

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.1.gain.total_cmp(&other.1.gain).then(other.0.node.cmp(&self.0.node))
    }
}

/// Rows seen since the cancel button was.
struct Patience<'g>(usize, &'g mut dyn FnMut() -> bool);

impl Patience<'_> {
    fn go_on(&mut self, n_rows: usize) -> bool {
        self.0 += n_rows;
        let is_long = self.0 > PATIENCE_ROWS;
        if is_long {
            self.0 = 0;
        }
        !is_long || (self.1)()
    }
}

impl<M: Measure> Deep<'_, M> {
    fn deep_first(&mut self, root: Open, go_on: &mut dyn FnMut() -> bool) -> Option<()> {
        let mut patience = Patience(0, go_on);
        let mut stack = vec![root];
        while let Some(mut at) = stack.pop() {
            if !patience.go_on(at.to - at.from) {
                return None;
            }
            if at.depth < self.limits.max_depth && at.to - at.from >= LEAST_BLOCK {
                self.bring_near(&mut at);
            }
            match self.look(&at) {
                Ok(found) => {
                    let [left, right] = self.split(&at, &found);
                    stack.push(right);
                    stack.push(left);
                }
                Err(n_rows) => self.close(&at, n_rows),
            }
        }
        Some(())
    }

    fn best_first(&mut self, root: Open, go_on: &mut dyn FnMut() -> bool) -> Option<()> {
        let mut patience = Patience(0, go_on);
        let mut heap = BinaryHeap::new();
        let mut seek = |deep: &mut Self, heap: &mut BinaryHeap<Ranked>, at: Open| {
            match deep.look(&at) {
                Ok(found) => heap.push(Ranked(at, found)),
                Err(n_rows) => deep.close(&at, n_rows),
            }
            patience.go_on(at.to - at.from).then_some(())
        };
        seek(self, &mut heap, root)?;
        for _ in 1..self.limits.max_leaves {
            let Some(Ranked(at, found)) = heap.pop() else { break };
            for child in self.split(&at, &found) {
                seek(self, &mut heap, child)?;
            }
        }
        heap.iter().for_each(|Ranked(at, found)| self.close(at, found.n_rows));
        Some(())
    }

    fn add_node(&mut self) {
        self.room.nodes.push(TreeNode::Leaf { values: LeafValues::default(), cover: 0 });
        if self.limits.keeps_steps {
            self.room.steps.push(LEAF);
        }
    }

    /// Copies the rows of a node that is small enough.
    fn bring_near(&mut self, at: &mut Open) {
        let rows = self.binned.rows.rows();
        let level = level_of(at.to - at.from, rows.stride);
        if level <= at.level {
            return;
        }
        let Room { items, blocks, .. } = &mut *self.room;
        let items = &mut items[at.from..at.to];
        let (outer, inner) = blocks.split_at_mut(level - 1);
        match at.level.checked_sub(1) {
            None => inner[0].take(rows, items, |row| row),
            Some(outside) => inner[0].take(outer[outside].rows(), items, |row| outer[outside].origin(row)),
        }
        at.level = level;
    }

    /// The split of a node; of a leaf its number of rows.
    fn look(&mut self, at: &Open) -> Result<Found, usize> {
        let items = &self.room.items[at.from..at.to];
        self.measure.sum(items, &mut self.total);
        let n_rows = if self.measure.counts_items() { items.len() as f64 } else { self.measure.n_rows(&self.total) };
        let may_split = at.depth < self.limits.max_depth && n_rows >= 2.0 * self.limits.min_samples_leaf.max(1) as f64;
        let n_rows = n_rows.round() as usize;
        if !may_split || self.measure.is_pure(items, &self.total) {
            return Err(n_rows);
        }
        let (column, test, score) = self.search(at).ok_or(n_rows)?;
        // An impure node is split even when its best split removes no loss, as in scikit-learn: what two columns say only
        // together starts like that.
        let gain = self.measure.loss(score.value() - self.measure.score(&self.total));
        Ok(Found { column, test, gain, n_rows })
    }

    /// Makes a leaf of a node.
    fn close(&mut self, at: &Open, n_rows: usize) {
        let Room { items, blocks, nodes, .. } = &mut *self.room;
        let items = &mut items[at.from..at.to];
        if self.measure.asks_rows()
            && let Some(block) = at.level.checked_sub(1)
        {
            items.iter_mut().for_each(|item| item.row = blocks[block].origin(item.row));
        }
        nodes[at.node] = TreeNode::Leaf { values: self.measure.answer(items), cover: n_rows as u64 };
    }

    fn split(&mut self, at: &Open, found: &Found) -> [Open; 2] {
        let middle = at.from + self.part(at, found);
        let left = self.room.nodes.len();
        let &Found { column, test, gain, n_rows } = found;
        let node = GrownNode::Split { column, test, left, right: left + 1, gain, n_rows };
        self.room.nodes[at.node] = model_node(self.binned, &node, LeafValues::default(), &mut self.room.known);
        self.add_node();
        self.add_node();
        if self.limits.keeps_steps {
            self.room.steps[at.node] = Step { test, column: column as u32, left: left as u32 };
        }
        let depth = at.depth + 1;
        [Open { node: left, to: middle, depth, ..*at }, Open { node: left + 1, from: middle, depth, ..*at }]
    }

    /// The best split over columns drawn until enough of them have different values.
    fn search(&mut self, at: &Open) -> Option<(usize, Test, Fraction)> {
        let mut best: Option<(usize, Test)> = None;
        let mut score = Fraction::NONE;
        let (n_columns, wanted) = (self.columns.len(), self.limits.n_tried);
        let (mut next, mut tried) = (0, 0);
        while next < n_columns && tried < wanted {
            // What is still wanted is drawn at once.
            let n = LANES.min(wanted - tried).min(n_columns - next);
            if wanted < n_columns {
                for k in next..next + n {
                    let other = k + self.draws.below(n_columns - k);
                    self.columns.swap(k, other);
                }
            }
            let mut group = [0; LANES];
            group[..n].copy_from_slice(&self.columns[next..next + n]);
            tried += self.try_columns(at, &group[..n], &mut score, &mut best);
            next += n;
        }
        best.map(|(column, test)| (column, test, score))
    }

    /// How many of the columns have different values here. A split that beats the best so far replaces it.
    fn try_columns(
        &mut self,
        at: &Open,
        columns: &[usize],
        score: &mut Fraction,
        best: &mut Option<(usize, Test)>,
    ) -> usize {
        let n_tried = self.n_tried();
        let least = self.limits.min_samples_leaf.max(1) as f64;
        let (binned, orders, measure, splitter) = (self.binned, self.orders, self.measure, self.limits.splitter);
        let Room { items, keys, lanes, ladder, draft, blocks, .. } = &mut *self.room;
        let (items, source) = (&items[at.from..at.to], source(binned, blocks, at.level));
        let is_set = |&at: &usize| self.rests[at].is_none();
        let is_whole = source.rows.stride <= NARROW || items.len() <= lanes::MOST;
        if M::SORTS && splitter == Splitter::Random && is_whole && !columns.iter().any(is_set) {
            let node = Node { items, total: &self.total, least };
            let draw = Draw { measure, node, binned, orders, columns };
            return draw.try_all(draft, source.rows, self.draws, score, best);
        }
        let is_sorted = M::SORTS && splitter == Splitter::Best && items.len() <= lanes::MOST;
        if is_sorted {
            lanes.take(draft.fill(source.rows, items, columns));
            let least = match (measure.counts_items(), self.limits.min_samples_leaf.max(1)) {
                (true, items) => Least { items, weight: 0.0 },
                (false, least) => Least { items: 1, weight: least as f64 },
            };
            ladder.climb(lanes, items.iter().map(|item| measure.parts(item.payload)), columns.len(), least);
        } else {
            gather(source, items, columns, n_tried, keys);
        }
        let mut n_different = 0;
        if is_sorted {
            // Scores of columns without a rest compare as they are: only the best of them is looked at.
            let found = ladder.best(lanes, items.len(), columns.len(), |lane| self.rests[columns[lane]]);
            n_different += found.n_different;
            if let Some(step) = found.step
                && measure.offer(&[measure.number(step.weight, step.value)], &self.total, score)
            {
                let rest_left = 2.0 * step.weight >= measure.n_rows(&self.total);
                let cut = Cut { last: step.last, next: step.next, rest_left, saw_rest: false };
                let at = columns[step.lane];
                *best = Some((at, orders[at].between(cut)));
            }
        }
        for (lane, &at) in columns.iter().enumerate() {
            if is_sorted && !ladder.has_rest(lane) {
                continue;
            }
            let column = &binned.columns[at];
            let node = Node { items, total: &self.total, least };
            let scan = Scan { measure, node, column, order: &orders[at], bench: &mut self.bench, best: &mut *score };
            let (differs, test) = if !is_sorted {
                scan.search(splitter, &keys[lane * items.len()..(lane + 1) * items.len()], self.draws)
            } else if is_set(&at) {
                scan.search(splitter, gather(source, items, &[at], n_tried, keys), self.draws)
            } else {
                scan.search_sorted(lanes, lane)
            };
            n_different += usize::from(differs);
            if let Some(test) = test {
                *best = Some((at, test));
            }
        }
        n_different
    }

    fn n_tried(&self) -> usize {
        self.limits.n_tried.min(self.columns.len())
    }

    /// Moves the items that go left before the others, each side in its order; returns how many they are.
    fn part(&mut self, at: &Open, found: &Found) -> usize {
        let n_tried = self.n_tried();
        let n_bins = self.binned.columns[found.column].n_bins;
        let Room { items, spare, keys, blocks, .. } = &mut *self.room;
        let items = &mut items[at.from..at.to];
        let source = source(self.binned, blocks, at.level);
        if at.level == 0 {
            let keys = gather(source, items, &[found.column], n_tried, keys);
            parted_by(found.test, n_bins, items, spare, |i, _| keys[i])
        } else {
            parted_by(found.test, n_bins, items, spare, |_, row| source.rows.bin(row as usize, found.column))
        }
    }
}

fn rest_of(column: &Column) -> Option<u8> {
    (!matches!(column.kind, ColumnKind::Indicators { .. })).then_some(column.n_bins as u8)
}

/// Nodes with fewer items are read where they are.
const LEAST_BLOCK: usize = 16;
/// Bytes of a row up to which reading all of it costs no more than reading a column alone.
const NARROW: usize = 64;

fn source<'a>(binned: &'a Binned, blocks: &'a [Block; N_BLOCKS], level: usize) -> Source<'a> {
    match level.checked_sub(1) {
        None => Source { rows: binned.rows.rows(), columns: Some(binned) },
        Some(block) => Source { rows: blocks[block].rows(), columns: None },
    }
}

/// Moves the items that go left before the others, by the key of each place and row; `spare` is room for those.
#[inline(always)]
fn parted_by<P: Copy>(
    test: Test,
    n_bins: usize,
    items: &mut [Item<P>],
    spare: &mut [Item<P>],
    key: impl Fn(usize, u32) -> u8,
) -> usize {
    match test {
        Test::UpTo { bin: last, rest_left } => {
            // A second key that goes left: the rest, or the last once more.
            let (last, n_bins) = (usize::from(last).min(n_bins.saturating_sub(1)), n_bins);
            let other = if rest_left { n_bins } else { last };
            let goes_left = |key: u8| (usize::from(key) <= last) | (usize::from(key) == other);
            part(items, spare, |i, item| goes_left(key(i, item.row)))
        }
        Test::AllBut { bin } => part(items, spare, |i, item| key(i, item.row) != bin),
        Test::Among { bins } => part(items, spare, |i, item| {
            let key = key(i, item.row);
            bins[usize::from(key / 64)] >> (key % 64) & 1 == 1
        }),
    }
}
