//! Growing one deep tree: for single trees and forests, whose nodes look at some of the columns only.
//!
//! Each node counts just the columns it tries, over rows carried along in order. Most nodes are small, so what costs is
//! bins without rows: a small node sorts the bins it meets and visits only those.

use std::collections::BinaryHeap;

use crate::domain::model::{LeafValues, Tree, TreeNode};
use crate::ml::trees::bins::{Binned, ColumnKind};
use crate::ml::trees::cuts::{Bench, Node};
use crate::ml::trees::grow::{GrownNode, KnownCodes, model_node};
use crate::ml::trees::lanes::{LANES, Lanes, MOST};
use crate::ml::trees::measure::{Fraction, Item, Measure};
use crate::ml::trees::scan::{Draws, Order, Scan, Splitter, gather, rows_of};
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
}

/// Room that trees share one after the other.
pub struct Room<M: Measure> {
    pub items: Vec<Item<M::Payload>>,
    spare: Vec<Item<M::Payload>>,
    keys: Vec<u8>,
    lanes: Lanes,
    /// The last tree in terms of bins.
    pub nodes: Vec<GrownNode>,
    /// The items of each of its nodes.
    spans: Vec<(u32, u32)>,
    /// Categories that nodes parted before.
    known: KnownCodes,
}

impl<M: Measure> Default for Room<M> {
    fn default() -> Self {
        let (items, spare) = (Vec::new(), Vec::new());
        let (nodes, spans, known) = (Vec::new(), Vec::new(), KnownCodes::default());
        Self { items, spare, keys: Vec::new(), lanes: Lanes::default(), nodes, spans, known }
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
    room.nodes.clear();
    room.nodes.push(GrownNode::Leaf { n_rows: 0 });
    room.spans.clear();
    room.spans.push((0, 0));
    let mut grower = Deep {
        binned,
        measure,
        orders,
        limits,
        draws,
        columns: (0..binned.n_columns()).collect(),
        total: vec![M::Number::default(); measure.width()],
        bench: Bench::new(measure.width()),
        room,
    };
    grower.run(go_on)?;
    let Room { items, nodes, spans, known, .. } = room;
    let node = |(node, &(from, to)): (&GrownNode, &(u32, u32))| match node {
        GrownNode::Leaf { n_rows } => {
            TreeNode::Leaf { values: measure.answer(&items[from as usize..to as usize]), cover: *n_rows as u64 }
        }
        GrownNode::Split { .. } => model_node(binned, node, LeafValues::default(), known),
    };
    Some(Tree { nodes: nodes.iter().zip(&*spans).map(node).collect() })
}

struct Deep<'a, M: Measure> {
    binned: &'a Binned,
    measure: &'a M,
    orders: &'a [Order],
    limits: DeepLimits,
    draws: &'a mut Draws,
    /// The columns in the order of the last draws.
    columns: Vec<usize>,
    total: Vec<M::Number>,
    bench: Bench<M::Number>,
    room: &'a mut Room<M>,
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
        let n_rows = if self.measure.counts_items() { items.len() as f64 } else { self.measure.n_rows(&self.total) };
        self.room.nodes[node] = GrownNode::Leaf { n_rows: n_rows.round() as usize };
        self.room.spans[node] = (from as u32, to as u32);
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
        let middle = at.from + self.part(at);
        let left = self.room.nodes.len();
        let n_rows = match self.room.nodes[at.node] {
            GrownNode::Leaf { n_rows } | GrownNode::Split { n_rows, .. } => n_rows,
        };
        self.room.nodes[at.node] = GrownNode::Split {
            column: at.found.column,
            test: at.found.test,
            left,
            right: left + 1,
            gain: at.gain,
            n_rows,
        };
        self.room.nodes.extend([GrownNode::Leaf { n_rows: 0 }, GrownNode::Leaf { n_rows: 0 }]);
        self.room.spans.extend([(0, 0), (0, 0)]);
        [self.open(left, at.from, middle, at.depth + 1), self.open(left + 1, middle, at.to, at.depth + 1)]
    }

    /// The best split over columns drawn until enough of them have different values.
    fn search(&mut self, from: usize, to: usize) -> Option<Found> {
        let mut best: Option<Found> = None;
        let mut score = Fraction::NONE;
        let (n_columns, wanted) = (self.columns.len(), self.limits.n_tried);
        let is_random = self.limits.splitter == Splitter::Random;
        let (mut next, mut tried) = (0, 0);
        while next < n_columns && tried < wanted {
            // What is still wanted is drawn at once, but not ahead of the draws that random cuts take.
            let n = if is_random { 1 } else { LANES.min(wanted - tried).min(n_columns - next) };
            if wanted < n_columns {
                for k in next..next + n {
                    let other = k + self.draws.below(n_columns - k);
                    self.columns.swap(k, other);
                }
            }
            let mut group = [0; LANES];
            group[..n].copy_from_slice(&self.columns[next..next + n]);
            self.try_columns(from, to, &group[..n], &mut score, |column, differs, test, score| {
                tried += usize::from(differs);
                if let Some(test) = test {
                    best = Some(Found { column, test, score });
                }
            });
            next += n;
        }
        best
    }

    /// Tells `take` of each column whether it has different values here, and its split if it beats the best so far.
    fn try_columns(
        &mut self,
        from: usize,
        to: usize,
        columns: &[usize],
        best: &mut Fraction,
        mut take: impl FnMut(usize, bool, Option<Test>, Fraction),
    ) {
        let n_tried = self.n_tried();
        let least = self.limits.min_samples_leaf.max(1) as f64;
        let (binned, orders, measure) = (self.binned, self.orders, self.measure);
        let Room { items, keys, lanes, .. } = &mut *self.room;
        let items = &items[from..to];
        let splitter = self.limits.splitter;
        let is_sorted = M::SORTS && splitter == Splitter::Best && items.len() <= MOST;
        if is_sorted {
            let rows = rows_of(items).inspect(|&(_, ahead)| binned.rows.expect(ahead));
            lanes.fill(rows.map(|(row, _)| binned.rows.row(row)), columns);
            for (lane, &at) in columns.iter().enumerate() {
                if let Some(ranks) = orders[at].ranks() {
                    lanes.rank(items.len(), lane, ranks);
                }
            }
            lanes.sort(items.len());
        } else {
            gather(binned, items, columns, n_tried, keys);
        }
        for (lane, &at) in columns.iter().enumerate() {
            let column = &binned.columns[at];
            let node = Node { items, total: &self.total, least };
            let (bench, best) = (&mut self.bench, &mut *best);
            let scan = Scan { measure, node, column, order: &orders[at], bench, best };
            let (differs, test) = if !is_sorted {
                let keys = &mut keys[lane * items.len()..(lane + 1) * items.len()];
                scan.search(splitter, keys, self.draws)
            } else if matches!(column.kind, ColumnKind::Indicators { .. }) {
                scan.search(splitter, gather(binned, items, &[at], n_tried, keys), self.draws)
            } else {
                scan.search_sorted(lanes, lane)
            };
            take(at, differs, test, *best);
        }
    }

    fn n_tried(&self) -> usize {
        self.limits.n_tried.min(self.columns.len())
    }

    /// Moves the items that go left before the others, each side in its order; returns how many they are.
    fn part(&mut self, at: &Open) -> usize {
        let (n_tried, column) = (self.n_tried(), at.found.column);
        let n_bins = self.binned.columns[column].n_bins;
        let Room { items, spare, keys, .. } = &mut *self.room;
        let items = &mut items[at.from..at.to];
        let keys = gather(self.binned, items, &[column], n_tried, keys);
        match at.found.test {
            Test::UpTo { bin: last, rest_left } => parted(items, spare, keys, |key| {
                let is_rest = usize::from(key) >= n_bins;
                (key <= last) & !is_rest | (is_rest & rest_left)
            }),
            test => {
                let lefts = test.lefts(&self.binned.columns[column]);
                parted(items, spare, keys, |key| lefts[usize::from(key)])
            }
        }
    }
}

/// Moves the items whose keys go left before the others; `spare` is room for those.
#[inline(always)]
fn parted<P: Copy>(items: &mut [Item<P>], spare: &mut [Item<P>], keys: &[u8], goes_left: impl Fn(u8) -> bool) -> usize {
    let spare = &mut spare[..items.len()];
    let (mut left, mut right) = (0_usize, 0_usize);
    for (i, &key) in keys.iter().enumerate() {
        let item = items[i];
        let goes_left = goes_left(key);
        items[left] = item;
        spare[right] = item;
        left = left.wrapping_add(usize::from(goes_left));
        right = right.wrapping_add(usize::from(!goes_left));
    }
    items[left..].copy_from_slice(&spare[..right]);
    left
}
