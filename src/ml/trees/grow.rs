//! Growing one tree of a boosted model, the leaf with the largest gain first.
//!
//! Of two siblings only the smaller is counted; the other is what is left of their parent. Buffers are kept from tree to
//! tree.

use std::collections::HashMap;

use crate::domain::io::{Cancelled, JobIo};
use crate::domain::model::{Codes, LeafValues, TreeNode};
use crate::ml::trees::bins::{Binned, ColumnKind};
use crate::ml::trees::kernel::{Lefts, Team, partition};
use crate::ml::trees::packed::{Packing, Scale};
use crate::ml::trees::split::{NodeSums, Rules, Search, Split, Sums, Test};

/// Histograms kept for open leaves; beyond, both children are counted.
const KEPT_BYTES: usize = 256 << 20;
/// Cells (rows times columns) below which one thread counts a histogram alone.
const SHARED_CELLS: usize = 60_000;
/// Rows below which one thread parts them alone.
const SHARED_ROWS: usize = 16_384;
/// Slots below which one thread searches alone.
const SHARED_SLOTS: usize = 2_000;
/// Cells between two looks at the cancel button.
const PATIENCE_CELLS: usize = 400_000_000;

/// What limits a tree.
#[derive(Clone, Debug)]
pub struct Limits {
    pub max_leaves: usize,
    /// Splits on the longest path.
    pub max_depth: usize,
    pub min_samples_leaf: usize,
}

/// What one tree is grown from.
pub struct Task<'a> {
    /// One packed gradient and hessian per row of the table.
    pub packed: &'a [i64],
    pub packing: Packing,
    pub scale: Scale,
    pub rules: &'a Rules,
    pub monotone: &'a [i8],
    /// Columns this tree may split, ascending.
    pub columns: &'a [usize],
}

/// A node in terms of bins.
#[derive(Clone, Debug)]
pub enum GrownNode {
    Split { column: usize, test: Test, left: usize, right: usize, gain: f64, n_rows: usize },
    Leaf { n_rows: usize },
}

/// The leaf that a row of bins reaches.
pub fn leaf_of(nodes: &[GrownNode], binned: &Binned, bins: &[u8]) -> usize {
    let mut at = 0;
    while let GrownNode::Split { column, test, left, right, .. } = &nodes[at] {
        at = if test.goes_left(bins[*column], binned.columns[*column].n_bins) { *left } else { *right };
    }
    at
}

/// A grown tree without answers, and where its leaves' rows lie.
pub struct Grown {
    pub nodes: Vec<GrownNode>,
    pub leaves: Vec<Leaf>,
}

/// Rows `from..to` of [`Grower::rows`].
#[derive(Clone, Debug)]
pub struct Leaf {
    pub node: usize,
    pub from: usize,
    pub to: usize,
    /// Penalty of its answer, in units of the loss.
    pub l2: f64,
    /// Bounds of its answer, in units of the score.
    pub lower: f64,
    pub upper: f64,
}

pub struct Grower<'a> {
    binned: &'a Binned,
    team: &'a Team,
    limits: Limits,
    /// The rows to learn from, grouped by leaf after a tree is grown.
    pub rows: Vec<u32>,
    spare: Vec<Vec<u32>>,
    /// Histograms not in use.
    pool: Vec<Vec<i64>>,
    /// What the other threads count.
    parts: Vec<Vec<i64>>,
}

struct Open {
    node: usize,
    from: usize,
    to: usize,
    depth: usize,
    sums: NodeSums,
    histogram: Option<Vec<i64>>,
    split: Option<Split>,
}

impl<'a> Grower<'a> {
    pub fn new(binned: &'a Binned, team: &'a Team, limits: Limits) -> Self {
        let spare = vec![Vec::new(); team.n_threads()];
        Self { binned, team, limits, rows: Vec::new(), spare, pool: Vec::new(), parts: Vec::new() }
    }

    /// Grows a tree over `self.rows`.
    pub fn grow(&mut self, task: &Task, io: &dyn JobIo) -> Result<Grown, Cancelled> {
        let search = Search { binned: self.binned, packing: task.packing, rules: task.rules, monotone: task.monotone };
        let mut nodes = vec![GrownNode::Leaf { n_rows: self.rows.len() }];
        let mut open = vec![self.root(task, &search, io)?];
        while open.len() < self.limits.max_leaves {
            // The first of the largest gains.
            let best = (0..open.len())
                .filter_map(|k| open[k].split.map(|split| (split.gain, std::cmp::Reverse(open[k].node), k)))
                .max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let Some((_, _, k)) = best else { break };
            let at = open.swap_remove(k);
            let children = self.split(at, task, &search, &mut nodes, open.len() + 2, io)?;
            open.extend(children);
        }
        open.sort_unstable_by_key(|leaf| leaf.from);
        let leaves = open.iter().map(|leaf| Leaf {
            node: leaf.node,
            from: leaf.from,
            to: leaf.to,
            l2: leaf.sums.l2 * task.scale.hessian,
            lower: leaf.sums.lower * task.scale.gradient / task.scale.hessian,
            upper: leaf.sums.upper * task.scale.gradient / task.scale.hessian,
        });
        let grown = Grown { nodes, leaves: leaves.collect() };
        self.pool.extend(open.into_iter().filter_map(|leaf| leaf.histogram));
        Ok(grown)
    }

    fn root(&mut self, task: &Task, search: &Search, io: &dyn JobIo) -> Result<Open, Cancelled> {
        let n = self.rows.len();
        let sums = NodeSums {
            sums: Sums::default(),
            n_rows: n,
            l2: task.rules.l2,
            lower: f64::NEG_INFINITY,
            upper: f64::INFINITY,
        };
        let mut root = Open { node: 0, from: 0, to: n, depth: 0, sums, histogram: None, split: None };
        if self.limits.max_leaves < 2 || task.columns.is_empty() || !self.may_split(&root) {
            return Ok(root);
        }
        let mut histogram = self.pool.pop().unwrap_or_default();
        self.count(0, n, task.packed, &mut histogram, io)?;
        // Every row is in one slot of the first column.
        let first = &self.binned.columns[0];
        root.sums.sums = task.packing.unpack(histogram[..first.width()].iter().sum());
        root.split = self.search_pair(search, task.columns, &mut [(root.sums, &mut histogram, true)], None).remove(0);
        root.histogram = Some(histogram);
        Ok(root)
    }

    fn may_split(&self, node: &Open) -> bool {
        node.depth < self.limits.max_depth && node.to - node.from >= 2 * self.limits.min_samples_leaf.max(1)
    }

    /// Parts a leaf; returns its children with their own best splits.
    fn split(
        &mut self,
        mut at: Open,
        task: &Task,
        search: &Search,
        nodes: &mut Vec<GrownNode>,
        n_leaves: usize,
        io: &dyn JobIo,
    ) -> Result<[Open; 2], Cancelled> {
        let Some(split) = at.split else { unreachable!("only leaves with a split are parted") };
        let column = &self.binned.columns[split.column];
        let lefts = split.test.lefts(column);
        let middle = at.from + self.part(at.from, at.to, self.binned.column(split.column), &lefts);
        let left = nodes.len();
        nodes[at.node] = GrownNode::Split {
            column: split.column,
            test: split.test,
            left,
            right: left + 1,
            gain: split.gain * task.scale.gradient * task.scale.gradient / task.scale.hessian,
            n_rows: at.to - at.from,
        };
        nodes.push(GrownNode::Leaf { n_rows: middle - at.from });
        nodes.push(GrownNode::Leaf { n_rows: at.to - middle });
        let bounds = bounds(search, &at.sums, &split, column.feature);
        let child = |side: usize, from: usize, to: usize, sums: Sums| Open {
            node: left + side,
            from,
            to,
            depth: at.depth + 1,
            sums: NodeSums { sums, n_rows: to - from, l2: split.l2, lower: bounds[side].0, upper: bounds[side].1 },
            histogram: None,
            split: None,
        };
        let mut children = [child(0, at.from, middle, split.left), child(1, middle, at.to, at.sums.sums - split.left)];
        let parent = at.histogram.take();
        if n_leaves < self.limits.max_leaves {
            self.search_children(parent, &mut children, task, search, io)?;
        } else {
            self.pool.extend(parent);
        }
        Ok(children)
    }

    fn search_children(
        &mut self,
        parent: Option<Vec<i64>>,
        children: &mut [Open; 2],
        task: &Task,
        search: &Search,
        io: &dyn JobIo,
    ) -> Result<(), Cancelled> {
        let wanted = [self.may_split(&children[0]), self.may_split(&children[1])];
        if !wanted[0] && !wanted[1] {
            self.pool.extend(parent);
            return Ok(());
        }
        let smaller = usize::from(children[1].to - children[1].from < children[0].to - children[0].from);
        let mut counted = self.pool.pop().unwrap_or_default();
        self.count(children[smaller].from, children[smaller].to, task.packed, &mut counted, io)?;
        let mut rest = match parent {
            Some(parent) => parent,
            None => {
                // Not kept: the larger child is counted, and what is subtracted below is put back first.
                let mut rest = Vec::new();
                self.count(children[1 - smaller].from, children[1 - smaller].to, task.packed, &mut rest, io)?;
                rest.iter_mut().zip(&counted).for_each(|(rest, part)| *rest += part);
                rest
            }
        };
        let mut pair = [
            (children[smaller].sums, &mut counted, wanted[smaller]),
            (children[1 - smaller].sums, &mut rest, wanted[1 - smaller]),
        ];
        let mut found = self.search_pair(search, task.columns, &mut pair, Some(()));
        children[1 - smaller].split = found.pop().flatten();
        children[smaller].split = found.pop().flatten();
        let keeps = self.limits.max_leaves.saturating_mul(counted.len() * size_of::<i64>()) <= KEPT_BYTES;
        for (child, histogram) in [(smaller, counted), (1 - smaller, rest)] {
            if keeps && children[child].split.is_some() {
                children[child].histogram = Some(histogram);
            } else {
                self.pool.push(histogram);
            }
        }
        Ok(())
    }

    /// The best split of each node that wants one. With `subtract`, the second node's histogram still is its parent's:
    /// the first one's is taken off on the way, column by column.
    fn search_pair(
        &self,
        search: &Search,
        columns: &[usize],
        nodes: &mut [(NodeSums, &mut Vec<i64>, bool)],
        subtract: Option<()>,
    ) -> Vec<Option<Split>> {
        struct Part<'h> {
            base: usize,
            columns: Vec<usize>,
            slots: Vec<&'h mut [i64]>,
            found: Vec<Option<Split>>,
        }
        let starts = self.binned.rows.starts();
        let n_parts = if starts[self.binned.n_columns()] < SHARED_SLOTS { 1 } else { self.team.n_threads() };
        let sums: Vec<(NodeSums, bool)> = nodes.iter().map(|(sums, _, wanted)| (*sums, *wanted)).collect();
        let mut rests: Vec<&mut [i64]> = nodes.iter_mut().map(|(_, histogram, _)| histogram.as_mut_slice()).collect();
        let (mut parts, mut from) = (Vec::new(), 0);
        for part in 1..=n_parts {
            // Cut between columns, where the slots are shared out evenly.
            let to = if part == n_parts {
                self.binned.n_columns()
            } else {
                starts.partition_point(|&start| start < starts[self.binned.n_columns()] * part / n_parts).max(from)
            };
            let length = starts[to] - starts[from];
            let slots = rests
                .iter_mut()
                .map(|rest| {
                    let (mine, others) = std::mem::take(rest).split_at_mut(length);
                    *rest = others;
                    mine
                })
                .collect();
            let mine = columns.iter().copied().filter(|column| (from..to).contains(column)).collect();
            parts.push(Part { base: starts[from], columns: mine, slots, found: Vec::new() });
            from = to;
        }
        self.team.each_mut(&mut parts, |_, part| {
            if subtract.is_some() {
                let [counted, parent] = &mut part.slots[..] else { return };
                parent.iter_mut().zip(counted.iter()).for_each(|(all, part)| *all = all.wrapping_sub(*part));
            }
            for ((sums, wanted), slots) in sums.iter().zip(&part.slots) {
                let found = if *wanted { search.best(sums, slots, part.base, &part.columns) } else { None };
                part.found.push(found);
            }
        });
        // The first of the best, in the order of the columns.
        (0..sums.len())
            .map(|node| {
                let mut best: Option<Split> = None;
                for found in parts.iter().filter_map(|part| part.found.get(node).copied().flatten()) {
                    if best.is_none_or(|best| found.gain > best.gain) {
                        best = Some(found);
                    }
                }
                best
            })
            .collect()
    }

    /// The histogram of rows `from..to` over all columns.
    fn count(
        &mut self,
        from: usize,
        to: usize,
        packed: &[i64],
        histogram: &mut Vec<i64>,
        io: &dyn JobIo,
    ) -> Result<(), Cancelled> {
        let n_slots = self.binned.n_slots();
        histogram.clear();
        histogram.resize(n_slots, 0);
        let n_columns = self.binned.n_columns().max(1);
        let n_threads = self.team.n_threads();
        for rows in self.rows[from..to].chunks((PATIENCE_CELLS / n_columns).max(1)) {
            if n_threads == 1 || rows.len() * n_columns < SHARED_CELLS {
                self.binned.rows.add_rows(rows, packed, histogram);
            } else {
                self.parts.resize_with(n_threads - 1, Vec::new);
                let shares = rows.chunks(rows.len().div_ceil(n_threads));
                let mut targets: Vec<(&[u32], &mut Vec<i64>)> =
                    shares.zip(std::iter::once(&mut *histogram).chain(&mut self.parts)).collect();
                let binned = self.binned;
                self.team.each_mut(&mut targets, |part, (rows, slots)| {
                    if part > 0 {
                        slots.clear();
                        slots.resize(n_slots, 0);
                    }
                    binned.rows.add_rows(rows, packed, slots);
                });
                let used = targets.len() - 1;
                for part in &self.parts[..used] {
                    histogram.iter_mut().zip(part).for_each(|(all, part)| *all = all.wrapping_add(*part));
                }
            }
            if rows.len() < to - from {
                io.progress("Growing trees", None)?;
            }
        }
        Ok(())
    }

    /// Moves the rows that go left before the others; returns how many they are.
    fn part(&mut self, from: usize, to: usize, column: &[u8], lefts: &[bool; 256]) -> usize {
        let rows = &mut self.rows[from..to];
        let n_threads = self.team.n_threads();
        if n_threads == 1 || rows.len() < SHARED_ROWS {
            return partition(column, rows, &mut self.spare[0], lefts);
        }
        // Each thread parts a share: L1 R1 L2 R2 … becomes L1 L2 … R1 R2 …
        let share = rows.len().div_ceil(n_threads);
        let mut shares: Vec<(&mut [u32], &mut Vec<u32>, usize)> =
            rows.chunks_mut(share).zip(&mut self.spare).map(|(rows, spare)| (rows, spare, 0)).collect();
        self.team.each_mut(&mut shares, |_, (rows, spare, n_left)| *n_left = partition(column, rows, spare, lefts));
        let n_left: Vec<usize> = shares.iter().map(|(_, _, n)| *n).collect();
        let mut at = 0;
        for (part, &n) in n_left.iter().enumerate() {
            rows.copy_within(part * share..part * share + n, at);
            at += n;
        }
        let mut right = at;
        for (part, &n) in n_left.iter().enumerate() {
            let n_right = share.min(rows.len() - part * share) - n;
            rows[right..right + n_right].copy_from_slice(&self.spare[part][..n_right]);
            right += n_right;
        }
        at
    }
}

/// Below a split on a constrained feature the sides may not cross the middle of their answers, so that no later split can
/// turn them around.
fn bounds(search: &Search, node: &NodeSums, split: &Split, feature: u32) -> [(f64, f64); 2] {
    let feature = if let Test::AllBut { bin } = split.test { feature + u32::from(bin) } else { feature };
    let direction = search.monotone.get(feature as usize).copied().unwrap_or(0);
    let own = (node.lower, node.upper);
    if direction == 0 {
        return [own, own];
    }
    let left = search.answer(split.left, split.l2, node);
    let right = search.answer(node.sums - split.left, split.l2, node);
    let middle = left / 2.0 + right / 2.0;
    if direction > 0 {
        [(node.lower, middle), (middle, node.upper)]
    } else {
        [(middle, node.upper), (node.lower, middle)]
    }
}

/// Codes of categories by column and bins: nodes that part alike share them.
pub type KnownCodes = HashMap<(u32, [u64; 4]), Codes>;

/// A node of a tree as models keep it.
pub fn model_node(binned: &Binned, node: &GrownNode, values: LeafValues, known: &mut KnownCodes) -> TreeNode {
    match node {
        GrownNode::Leaf { n_rows } => TreeNode::Leaf { values, cover: *n_rows as u64 },
        GrownNode::Split { column, test, left, right, gain, n_rows } => {
            let column = &binned.columns[*column];
            let (left, right, gain, cover) = (*left as u32, *right as u32, *gain, *n_rows as u64);
            match (test, &column.kind) {
                (Test::UpTo { bin, rest_left }, ColumnKind::Numbers { cuts }) => {
                    // After the last cut: everything that is a number goes left.
                    let threshold = cuts.get(usize::from(*bin)).copied().unwrap_or(f32::MAX);
                    let (feature, missing_left) = (column.feature, *rest_left);
                    TreeNode::Split { feature, threshold, left, right, gain, cover, missing_left }
                }
                (Test::AllBut { bin }, _) => {
                    let feature = column.feature + u32::from(*bin);
                    TreeNode::Split { feature, threshold: 0.5, left, right, gain, cover, missing_left: true }
                }
                (test, kind) => {
                    let feature = column.feature;
                    let make = || codes_of(kind, test.lefts(column)).into();
                    let codes = match test {
                        Test::Among { bins } => known.entry((feature, *bins)).or_insert_with(make).clone(),
                        _ => make(),
                    };
                    TreeNode::CategorySplit { feature, codes, left, right, gain, cover, missing_left: false }
                }
            }
        }
    }
}

fn codes_of(kind: &ColumnKind, lefts: Lefts) -> Vec<u32> {
    let ColumnKind::Category { codes } = kind else { return Vec::new() };
    let mut codes: Vec<u32> = codes.iter().zip(lefts).filter(|(_, left)| *left).map(|(&code, _)| code).collect();
    codes.sort_unstable();
    codes
}
