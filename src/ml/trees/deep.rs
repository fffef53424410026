//! Growing one deep tree: for single trees and forests, whose nodes look at some of the columns only.
//!
//! Each node counts just the columns it tries, over rows carried along in order. Most nodes are small, so what costs is
//! bins without rows: a small node marks the bins it meets and visits only those.

use std::collections::BinaryHeap;

use crate::domain::model::{LeafValues, Tree, TreeNode};
use crate::ml::trees::bins::Binned;
use crate::ml::trees::cuts::{Bench, Node};
use crate::ml::trees::grow::{GrownNode, KnownCodes, model_node};
use crate::ml::trees::kernel::Lefts;
use crate::ml::trees::measure::{Fraction, Item, Measure};
use crate::ml::trees::scan::{Draws, Order, Scan, Splitter, gather};
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
    /// The last tree in terms of bins.
    pub nodes: Vec<GrownNode>,
    /// The items of each of its nodes.
    ranges: Vec<(u32, u32)>,
    /// Categories that nodes parted before.
    known: KnownCodes,
}

impl<M: Measure> Default for Room<M> {
    fn default() -> Self {
        let (items, spare) = (Vec::new(), Vec::new());
        let (nodes, ranges) = (Vec::new(), Vec::new());
        Self { items, spare, keys: Vec::new(), nodes, ranges, known: KnownCodes::default() }
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
    room.ranges.clear();
    room.ranges.push((0, 0));
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
    let Room { items, nodes, ranges, known, .. } = room;
    let node = |(node, &(from, to)): (&GrownNode, &(u32, u32))| match node {
        GrownNode::Leaf { n_rows } => {
            TreeNode::Leaf { values: measure.answer(&items[from as usize..to as usize]), cover: *n_rows as u64 }
        }
        GrownNode::Split { .. } => model_node(binned, node, LeafValues::default(), known),
    };
    Some(Tree { nodes: nodes.iter().zip(&*ranges).map(node).collect() })
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
        self.room.ranges[node] = (from as u32, to as u32);
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
        self.room.ranges.extend([(0, 0), (0, 0)]);
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
        let n_tried = self.n_tried();
        let Room { items, keys, .. } = &mut *self.room;
        let items = &items[from..to];
        gather(self.binned, items, at, n_tried, keys);
        let least = self.limits.min_samples_leaf.max(1) as f64;
        let scan = Scan {
            measure: self.measure,
            node: Node { items, total: &self.total, least },
            column: &self.binned.columns[at],
            order: &self.orders[at],
            keys,
            bench: &mut self.bench,
            best,
        };
        scan.search(self.limits.splitter, self.draws)
    }

    fn n_tried(&self) -> usize {
        self.limits.n_tried.min(self.columns.len())
    }

    /// Moves the items that go left before the others, each side in its order; returns how many they are.
    fn part(&mut self, from: usize, to: usize, column: usize, lefts: &Lefts) -> usize {
        let n_tried = self.n_tried();
        gather(self.binned, &self.room.items[from..to], column, n_tried, &mut self.room.keys);
        let Room { items, spare, keys, .. } = &mut *self.room;
        let items = &mut items[from..to];
        let (mut left, mut right) = (0, 0);
        for (i, &bin) in keys.iter().enumerate() {
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
