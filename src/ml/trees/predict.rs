//! What trees say about many rows: the same answers as [`Tree::leaf`], several times faster.
//!
//! A model compares each feature with a few hundred thresholds at most, however many trees it has. So each value becomes
//! one byte first, and every test of a node, on a number, a category or a missing cell, is one bit of a set of 256. Rows
//! then walk eight at a time without branches: each waits for memory while the others go on. Models with more thresholds
//! (not ours) are walked node by node.

use std::collections::BTreeMap;

use crate::domain::features::{Block, Features, NO_CODE};
use crate::domain::io::{Cancelled, JobIo};
use crate::domain::model::{Combine, Link, Tree, TreeEnsemble, TreeNode};
use crate::ml::trees::bins::search;
use crate::ml::trees::kernel::{Team, Watch};

/// Rows a thread takes at a time.
const CHUNK: usize = 8192;
/// Bytes of a block of rows: half a first-level cache, or for deep trees a share of the second level.
const BLOCK_BYTES: usize = 16 << 10;
const DEEP_BLOCK_BYTES: usize = 128 << 10;
/// Rows that walk together.
const LANES: usize = 8;
/// The byte of a cell without a value.
const MISSING: u8 = 255;

/// Class probabilities (`n_classes` per row) or one number per row.
pub fn predict(
    ensemble: &TreeEnsemble,
    n_classes: usize,
    x: &Features,
    n_threads: usize,
    io: &dyn JobIo,
) -> Result<Vec<f64>, Cancelled> {
    let n_outputs = ensemble.base.len();
    let trees: Vec<&Tree> = ensemble.trees.iter().collect();
    let mut scores = sums(&trees, &ensemble.base, ensemble.combine, x, n_threads, io)?;
    match ensemble.link {
        Link::Identity => {}
        Link::Log => scores.iter_mut().for_each(|score| *score = score.exp()),
        Link::Logit => {
            let both = |score: &f64| [sigmoid(-score), sigmoid(*score)];
            scores = scores.iter().flat_map(both).collect();
        }
        Link::Softmax => scores.chunks_exact_mut(n_outputs.max(1)).for_each(softmax),
    }
    debug_assert!(scores.len() == x.n_rows * n_classes.max(1));
    Ok(scores)
}

/// One tree's answers, `width` per row.
pub fn predict_tree(
    tree: &Tree,
    width: usize,
    x: &Features,
    n_threads: usize,
    io: &dyn JobIo,
) -> Result<Vec<f64>, Cancelled> {
    sums(&[tree], &vec![0.0; width], Combine::Mean, x, n_threads, io)
}

fn sigmoid(z: f64) -> f64 {
    // exp of a negative number only: neither overflow nor lost digits near 0.
    let e = (-z.abs()).exp();
    if z >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }
}

fn softmax(scores: &mut [f64]) {
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    scores.iter_mut().for_each(|score| *score = (*score - most).exp());
    let all: f64 = scores.iter().sum();
    scores.iter_mut().for_each(|score| *score /= all);
}

/// `base` and the trees' sum or mean, row after row.
fn sums(
    trees: &[&Tree],
    base: &[f64],
    combine: Combine,
    x: &Features,
    n_threads: usize,
    io: &dyn JobIo,
) -> Result<Vec<f64>, Cancelled> {
    let width = base.len();
    let compact = Compact::new(trees, x);
    let team = Team::new(n_threads.min(x.n_rows.div_ceil(CHUNK)).max(1));
    let watch = Watch::new(io);
    let mut out = vec![0.0; x.n_rows * width];
    let mut parts: Vec<&mut [f64]> = out.chunks_mut((CHUNK * width).max(1)).collect();
    let n_parts = parts.len();
    team.each_mut(&mut parts, |part, answers| {
        if !watch.go_on(|| ("Predicting".to_owned(), Some(part as f64 / n_parts as f64))) {
            return;
        }
        let from = part * CHUNK;
        match &compact {
            Some(compact) => compact.add(trees.len(), x, from, combine, width, answers),
            None => walk(trees, x, from, combine, width, answers),
        }
        let scale = if combine == Combine::Mean { 1.0 / trees.len().max(1) as f64 } else { 1.0 };
        for row in answers.chunks_exact_mut(width.max(1)) {
            row.iter_mut().zip(base).for_each(|(sum, base)| *sum = base + *sum * scale);
        }
    });
    watch.finish()?;
    Ok(out)
}

/// Node by node over plain rows.
fn walk(trees: &[&Tree], x: &Features, from: usize, combine: Combine, width: usize, answers: &mut [f64]) {
    let mut row = vec![0.0; x.n_features()];
    for (i, answer) in answers.chunks_exact_mut(width).enumerate() {
        x.row(from + i, &mut row);
        for (t, tree) in trees.iter().enumerate() {
            add(answer, tree.leaf(&row), t, combine);
        }
    }
}

#[inline(always)]
fn add(answer: &mut [f64], values: &[f64], tree: usize, combine: Combine) {
    match combine {
        Combine::Sum => {
            let output = if answer.len() == 1 { 0 } else { tree % answer.len() };
            answer[output] += values[0];
        }
        Combine::Mean => answer.iter_mut().zip(values).for_each(|(answer, value)| *answer += value),
    }
}

/// Trees over bytes.
struct Compact {
    /// One per byte of a row.
    cells: Vec<Cell>,
    /// Tree after tree; children are neighbours.
    nodes: Vec<Node>,
    roots: Vec<u32>,
    /// Which bytes go right.
    sets: Vec<[u64; 4]>,
    values: Vec<f64>,
}

/// A byte of a row.
struct Cell {
    block: usize,
    /// The level of an indicator.
    level: u32,
    kind: CellKind,
}

enum CellKind {
    /// Thresholds, ascending; the byte says how many lie below the value.
    Number(Vec<f32>),
    /// Levels that some node names, ascending; the byte is the level's place, and `len` for the others.
    Category(Vec<u32>),
}

/// A leaf leads to itself.
#[derive(Clone, Copy)]
struct Node {
    left: u32,
    cell: u32,
    set: u32,
    /// Where a leaf's answers start.
    answer: u32,
}

/// Sets that were made, by what they are made of; 0 for none.
struct Known {
    cuts: Vec<u32>,
    sets: BTreeMap<[u64; 4], u32>,
}

#[derive(Default)]
struct Use {
    thresholds: Vec<f32>,
    codes: Vec<u32>,
}

impl Compact {
    /// `None` when a feature has more thresholds than a byte can hold, or is a number and a category at once.
    fn new(trees: &[&Tree], x: &Features) -> Option<Self> {
        let mut uses: BTreeMap<u32, Use> = BTreeMap::new();
        for node in trees.iter().flat_map(|tree| &tree.nodes) {
            match node {
                TreeNode::Split { feature, threshold, .. } => {
                    uses.entry(*feature).or_default().thresholds.push(*threshold);
                }
                TreeNode::CategorySplit { feature, codes, .. } => {
                    uses.entry(*feature).or_default().codes.extend(codes);
                }
                TreeNode::Leaf { .. } => {}
            }
        }
        let mut cells = Vec::new();
        let mut cell_of = vec![0_u32; uses.keys().last().map_or(0, |&last| last as usize + 1)];
        for (feature, used) in uses {
            let (block, level) = place(x, feature)?;
            cell_of[feature as usize] = cells.len() as u32;
            cells.push(Cell { block, level, kind: used.kind(&x.blocks[block])? });
        }
        let mut compact = Self { cells, nodes: Vec::new(), roots: Vec::new(), sets: vec![[0; 4]], values: Vec::new() };
        let mut known = Known { cuts: vec![0; 512], sets: BTreeMap::new() };
        for tree in trees {
            compact.lay_out(tree, &cell_of, &mut known)?;
        }
        Some(compact)
    }

    /// Adds a tree breadth first, children side by side.
    fn lay_out(&mut self, tree: &Tree, cell_of: &[u32], known: &mut Known) -> Option<()> {
        let start = self.nodes.len();
        self.roots.push(u32::try_from(start).ok()?);
        let mut order: Vec<u32> = vec![0];
        let mut at = 0;
        while at < order.len() {
            let own = u32::try_from(start + at).ok()?;
            match &tree.nodes[order[at] as usize] {
                TreeNode::Leaf { values, .. } => {
                    let answer = u32::try_from(self.values.len()).ok()?;
                    self.values.extend(values);
                    self.nodes.push(Node { left: own, cell: 0, set: 0, answer });
                }
                TreeNode::Split { feature, left, right, .. } | TreeNode::CategorySplit { feature, left, right, .. } => {
                    let cell = cell_of[*feature as usize];
                    let set = self.set(&tree.nodes[order[at] as usize], cell, known);
                    let child = u32::try_from(start + order.len()).ok()?;
                    order.extend([*left, *right]);
                    self.nodes.push(Node { left: child, cell, set, answer: 0 });
                }
            }
            at += 1;
        }
        Some(())
    }

    /// The set of bytes that go right at a node, made once.
    fn set(&mut self, node: &TreeNode, cell: u32, known: &mut Known) -> u32 {
        let kind = &self.cells[cell as usize].kind;
        let next = self.sets.len() as u32;
        let place = match (kind, node) {
            // Cuts at the same place of any feature are the same set.
            (CellKind::Number(thresholds), TreeNode::Split { threshold, missing_left, .. }) => {
                let last = thresholds.partition_point(|least| least < threshold);
                &mut known.cuts[last * 2 + usize::from(*missing_left)]
            }
            _ => known.sets.entry(kind.rights(node)).or_insert(0),
        };
        if *place == 0 {
            *place = next;
            let rights = kind.rights(node);
            self.sets.push(rights);
        }
        *place
    }

    /// Adds what all trees say about the rows from `from` on to `answers`.
    fn add(&self, n_trees: usize, x: &Features, from: usize, combine: Combine, width: usize, answers: &mut [f64]) {
        let stride = self.cells.len().max(1);
        let is_deep = self.nodes.len() > 1000 * n_trees;
        let bytes = if is_deep { DEEP_BLOCK_BYTES } else { BLOCK_BYTES };
        let block_rows = (bytes / stride).clamp(64, CHUNK).next_multiple_of(LANES);
        let mut bytes = vec![0_u8; block_rows * stride];
        for (k, answers) in answers.chunks_mut(block_rows * width).enumerate() {
            let from = from + k * block_rows;
            let n_rows = answers.len() / width;
            for (at, cell) in self.cells.iter().enumerate() {
                cell.fill(&x.blocks[cell.block], from, &mut bytes[at..], stride, n_rows);
            }
            for (tree, &root) in self.roots.iter().enumerate() {
                for (lanes, rows) in
                    bytes[..n_rows.next_multiple_of(LANES) * stride].chunks_exact(LANES * stride).enumerate()
                {
                    let leaves = self.leaves(root, rows, stride);
                    let answers = &mut answers[lanes * LANES * width..];
                    for (leaf, answer) in leaves.iter().zip(answers.chunks_exact_mut(width)) {
                        add(answer, &self.values[*leaf as usize..], tree, combine);
                    }
                }
            }
        }
    }

    /// Where the answers of the leaves lie that a handful of rows reach in one tree.
    #[inline(always)]
    fn leaves(&self, root: u32, rows: &[u8], stride: usize) -> [u32; LANES] {
        let mut at = [root; LANES];
        loop {
            let mut moved = 0;
            for lane in 0..LANES {
                let node = self.nodes[at[lane] as usize];
                let byte = rows[lane * stride + node.cell as usize];
                let bit = self.sets[node.set as usize][usize::from(byte >> 6)] >> (byte & 63) & 1;
                let next = node.left.wrapping_add(bit as u32);
                moved |= next ^ at[lane];
                at[lane] = next;
            }
            if moved == 0 {
                return at.map(|node| self.nodes[node as usize].answer);
            }
        }
    }
}

/// The block of a feature, and the level there.
fn place(x: &Features, feature: u32) -> Option<(usize, u32)> {
    let mut start = 0;
    for (at, block) in x.blocks.iter().enumerate() {
        let n = block.n_features() as u32;
        if feature - start < n {
            return Some((at, feature - start));
        }
        start += n;
    }
    None
}

impl Use {
    fn kind(mut self, block: &Block) -> Option<CellKind> {
        self.thresholds.sort_unstable_by(f32::total_cmp);
        self.thresholds.dedup();
        self.codes.sort_unstable();
        self.codes.dedup();
        let is_number = self.codes.is_empty() && !matches!(block, Block::Category { .. });
        if is_number && self.thresholds.len() < 255 && self.thresholds.iter().all(|t| !t.is_nan()) {
            Some(CellKind::Number(self.thresholds))
        } else if self.thresholds.is_empty() && self.codes.len() < 255 && matches!(block, Block::Category { .. }) {
            Some(CellKind::Category(self.codes))
        } else {
            None
        }
    }
}

impl CellKind {
    /// The bytes that go right at a node.
    fn rights(&self, node: &TreeNode) -> [u64; 4] {
        let mut lefts = [0_u64; 4];
        let missing_left = match (self, node) {
            (Self::Number(thresholds), TreeNode::Split { threshold, missing_left, .. }) => {
                // Bytes up to the threshold's place.
                let last = thresholds.partition_point(|least| least < threshold);
                for (word, lefts) in lefts.iter_mut().enumerate() {
                    let n = (last + 1).saturating_sub(word * 64).min(64);
                    *lefts = if n == 64 { u64::MAX } else { (1 << n) - 1 };
                }
                *missing_left
            }
            (Self::Category(levels), TreeNode::CategorySplit { codes, missing_left, .. }) => {
                for byte in codes.iter().filter_map(|code| levels.binary_search(code).ok()) {
                    lefts[byte / 64] |= 1 << (byte % 64);
                }
                *missing_left
            }
            (_, TreeNode::Split { missing_left, .. } | TreeNode::CategorySplit { missing_left, .. }) => *missing_left,
            (_, TreeNode::Leaf { .. }) => true,
        };
        let missing = 1 << (MISSING & 63);
        lefts[3] = if missing_left { lefts[3] | missing } else { lefts[3] & !missing };
        lefts.map(|word| !word)
    }
}

impl Cell {
    /// The bytes of rows `from..from + n_rows`, `stride` apart.
    fn fill(&self, block: &Block, from: usize, into: &mut [u8], stride: usize, n_rows: usize) {
        let places = into.iter_mut().step_by(stride).take(n_rows);
        match (&self.kind, block) {
            (CellKind::Number(thresholds), Block::Numbers(values)) => {
                let mut padded = [f32::INFINITY; 256];
                padded[..thresholds.len()].copy_from_slice(thresholds);
                for (place, &value) in places.zip(&values[from..]) {
                    *place = if value.is_nan() { MISSING } else { search(&padded, value as f32) };
                }
            }
            (CellKind::Number(thresholds), Block::Indicators { codes, .. }) => {
                let byte = |value: f32| thresholds.partition_point(|threshold| *threshold < value) as u8;
                let (off, on) = (byte(0.0), byte(1.0));
                for (place, &code) in places.zip(&codes[from..]) {
                    *place = if code == self.level { on } else { off };
                }
            }
            (CellKind::Category(levels), Block::Category { codes, .. }) => {
                for (place, &code) in places.zip(&codes[from..]) {
                    *place = if code == NO_CODE {
                        MISSING
                    } else {
                        levels.binary_search(&code).unwrap_or(levels.len()) as u8
                    };
                }
            }
            // `kind` was chosen for the block.
            _ => places.for_each(|place| *place = MISSING),
        }
    }
}
