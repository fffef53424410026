//! Trees over bytes: each value of a row becomes one byte, every test of a node one bit of a set of 256.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::features::{Block, Features, NO_CODE};
use crate::domain::model::{Combine, Tree, TreeNode};
use crate::ml::trees::bins::search;
use crate::ml::trees::kernel::Team;

/// Rows a thread takes at a time.
pub const CHUNK: usize = 8192;
/// Bytes of a block of rows: half a first-level cache, or for deep trees a share of the second level.
const BLOCK_BYTES: usize = 16 << 10;
const DEEP_BLOCK_BYTES: usize = 128 << 10;
/// Rows that walk together.
const LANES: usize = 8;
/// The byte of a cell without a value, or of a category that no node names.
const MISSING: u8 = 255;
/// Most thresholds of a feature, or categories that its nodes name.
const MOST: usize = 254;

/// All trees of a model, as rows of one table meet them.
pub struct Compact {
    /// One per byte of a row.
    cells: Vec<Cell>,
    trees: Vec<Walked>,
    /// Which bytes go right: of a leaf none, of a number those above a threshold, then categories.
    sets: Vec<[u64; 4]>,
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
    /// The byte of each level, [`MISSING`] − 1 for those that no node names.
    Category(Vec<u8>),
}

/// A tree breadth first, children side by side.
#[derive(Default)]
struct Walked {
    nodes: Vec<Step>,
    /// Where the answers of each leaf start.
    answers: Vec<u32>,
    values: Vec<f64>,
}

/// The left child (a leaf leads to itself), the byte of the row that is asked, and the set of bytes that go right; in 28, 16
/// and 20 bits.
#[derive(Clone, Copy)]
struct Step(u64);

impl Step {
    const fn new(left: usize, cell: usize, set: usize) -> Option<Self> {
        if left >> 28 == 0 && cell >> 16 == 0 && set >> 20 == 0 {
            Some(Self((left as u64) << 36 | (cell as u64) << 20 | set as u64))
        } else {
            None
        }
    }
}

/// What the nodes of some trees ask of a feature.
#[derive(Clone, Default)]
struct Asked {
    thresholds: Vec<f32>,
    /// Of thresholds, those that are sorted and different.
    n_sorted: usize,
    /// Bits of the levels that some node names.
    levels: Vec<u64>,
    is_category: bool,
}

/// Bits of the categories that go left.
type Set = [u64; 4];

/// Sets of categories by what they are made of, shared by the threads that lay trees out. Their numbers depend on who
/// comes first; what trees say does not.
struct Sets(Mutex<(BTreeMap<Set, usize>, Vec<Set>)>);

impl Compact {
    /// `None` when a feature has more thresholds than a byte can hold, or is a number and a category at once.
    pub fn new(trees: &[&Tree], x: &Features, team: &Team) -> Option<Self> {
        let asked = asked(trees, x, team)?;
        let (mut cells, mut cell_of) = (Vec::new(), vec![0; asked.len()]);
        for (feature, asked) in asked.into_iter().enumerate().filter(|(_, asked)| !asked.is_empty()) {
            let (block, level) = place(x, feature as u32)?;
            cell_of[feature] = cells.len();
            cells.push(Cell { block, level, kind: asked.kind(&x.blocks[block])? });
        }
        let sets = Sets::of_numbers();
        let mut laid: Vec<(&Tree, Option<Walked>)> = trees.iter().map(|&tree| (tree, None)).collect();
        team.each_mut(&mut laid, |_, (tree, walked)| *walked = lay_out(tree, &cells, &cell_of, &sets));
        let trees = laid.into_iter().map(|(_, walked)| walked).collect::<Option<Vec<Walked>>>()?;
        Some(Self { cells, trees, sets: sets.0.into_inner().unwrap_or_else(PoisonError::into_inner).1 })
    }

    /// Adds what all trees say about the rows from `from` on to `answers`.
    pub fn add(&self, x: &Features, from: usize, combine: Combine, width: usize, answers: &mut [f64]) {
        let stride = self.cells.len().max(1);
        let n_nodes: usize = self.trees.iter().map(|tree| tree.nodes.len()).sum();
        let bytes = if n_nodes > 1000 * self.trees.len() { DEEP_BLOCK_BYTES } else { BLOCK_BYTES };
        let block_rows = (bytes / stride).clamp(64, CHUNK).next_multiple_of(LANES);
        let mut bytes = vec![0_u8; block_rows * stride];
        for (k, answers) in answers.chunks_mut(block_rows * width).enumerate() {
            let from = from + k * block_rows;
            let n_rows = answers.len() / width;
            for (at, cell) in self.cells.iter().enumerate() {
                cell.fill(&x.blocks[cell.block], from, &mut bytes[at..], stride, n_rows);
            }
            for (t, tree) in self.trees.iter().enumerate() {
                for (lanes, rows) in
                    bytes[..n_rows.next_multiple_of(LANES) * stride].chunks_exact(LANES * stride).enumerate()
                {
                    let leaves = self.leaves(tree, rows, stride);
                    let answers = &mut answers[lanes * LANES * width..];
                    for (leaf, answer) in leaves.iter().zip(answers.chunks_exact_mut(width)) {
                        add(answer, &tree.values[tree.answers[*leaf] as usize..], t, combine);
                    }
                }
            }
        }
    }

    /// The leaves that a handful of rows reach in one tree.
    #[inline(always)]
    fn leaves(&self, tree: &Walked, rows: &[u8], stride: usize) -> [usize; LANES] {
        let mut at = [0_usize; LANES];
        loop {
            let mut moved = 0;
            for lane in 0..LANES {
                let Step(step) = tree.nodes[at[lane]];
                let byte = rows[(lane * stride).wrapping_add((step >> 20 & 0xFFFF) as usize)];
                let bit = self.sets[(step & 0xF_FFFF) as usize][usize::from(byte >> 6)] >> (byte & 63) & 1;
                let next = ((step >> 36).wrapping_add(bit)) as usize;
                moved |= next ^ at[lane];
                at[lane] = next;
            }
            if moved == 0 {
                return at;
            }
        }
    }
}

#[inline(always)]
pub fn add(answer: &mut [f64], values: &[f64], tree: usize, combine: Combine) {
    match combine {
        Combine::Sum => {
            let output = if answer.len() == 1 { 0 } else { tree % answer.len() };
            answer[output] += values[0];
        }
        Combine::Mean => answer.iter_mut().zip(values).for_each(|(answer, value)| *answer += value),
    }
}

/// What all trees ask, by feature.
fn asked(trees: &[&Tree], x: &Features, team: &Team) -> Option<Vec<Asked>> {
    let n_features = x.n_features();
    let share = trees.len().div_ceil(team.n_threads()).max(1);
    let mut parts: Vec<(&[&Tree], Option<Vec<Asked>>)> = trees.chunks(share).map(|trees| (trees, None)).collect();
    team.each_mut(&mut parts, |_, (trees, into)| {
        let mut asked = vec![Asked::default(); n_features];
        let is_small = trees.iter().flat_map(|tree| &tree.nodes).all(|node| match node {
            TreeNode::Split { feature, threshold, .. } => {
                asked.get_mut(*feature as usize).is_some_and(|asked| asked.threshold(*threshold))
            }
            TreeNode::CategorySplit { feature, codes, .. } => {
                let asked = asked.get_mut(*feature as usize);
                asked.is_some_and(|asked| asked.category(codes, n_levels(x, *feature)))
            }
            TreeNode::Leaf { .. } => true,
        });
        *into = is_small.then_some(asked);
    });
    let mut parts = parts.into_iter().map(|(_, asked)| asked);
    let mut all = parts.next().unwrap_or_else(|| Some(vec![Asked::default(); n_features]))?;
    for part in parts {
        all.iter_mut().zip(part?).try_for_each(|(all, part)| all.join(&part).then_some(()))?;
    }
    Some(all)
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

/// Levels of a category; no other feature has any.
fn n_levels(x: &Features, feature: u32) -> Option<usize> {
    match &x.blocks[place(x, feature)?.0] {
        Block::Category { n_levels, .. } => Some(*n_levels as usize),
        Block::Numbers(_) | Block::Indicators { .. } => None,
    }
}

impl Asked {
    fn is_empty(&self) -> bool {
        self.thresholds.is_empty() && !self.is_category
    }

    /// Whether a byte is still enough.
    fn threshold(&mut self, threshold: f32) -> bool {
        self.thresholds.push(threshold);
        self.thresholds.len() - self.n_sorted < 1024 || self.tidy()
    }

    fn tidy(&mut self) -> bool {
        self.thresholds.sort_unstable_by(f32::total_cmp);
        self.thresholds.dedup();
        self.n_sorted = self.thresholds.len();
        self.n_sorted <= MOST
    }

    /// Codes beyond the levels are those of no row.
    fn category(&mut self, codes: &[u32], n_levels: Option<usize>) -> bool {
        let Some(n_levels) = n_levels else { return false };
        self.is_category = true;
        self.levels.resize(n_levels.div_ceil(64), 0);
        for &code in codes.iter().filter(|&&code| (code as usize) < n_levels) {
            self.levels[code as usize / 64] |= 1 << (code % 64);
        }
        true
    }

    fn join(&mut self, other: &Self) -> bool {
        self.thresholds.extend(&other.thresholds);
        if self.levels.len() < other.levels.len() {
            self.levels.resize(other.levels.len(), 0);
        }
        self.levels.iter_mut().zip(&other.levels).for_each(|(word, other)| *word |= other);
        self.is_category |= other.is_category;
        self.tidy()
    }

    fn kind(mut self, block: &Block) -> Option<CellKind> {
        if !self.tidy() {
            return None;
        }
        match block {
            Block::Category { n_levels, .. } if self.thresholds.is_empty() => {
                let mut bytes = vec![MISSING - 1; *n_levels as usize];
                let named = (0..bytes.len()).filter(|level| self.levels[level / 64] >> (level % 64) & 1 == 1);
                for (byte, level) in named.collect::<Vec<usize>>().into_iter().enumerate() {
                    bytes[level] = u8::try_from(byte).ok().filter(|&byte| usize::from(byte) < MOST)?;
                }
                Some(CellKind::Category(bytes))
            }
            Block::Numbers(_) | Block::Indicators { .. } if !self.is_category => {
                self.thresholds.iter().all(|t| !t.is_nan()).then_some(CellKind::Number(self.thresholds))
            }
            _ => None,
        }
    }
}

impl Sets {
    /// After that of leaves: for every number of thresholds below a value, without and with missing cells on the left.
    fn of_numbers() -> Self {
        let mut sets = vec![[0; 4]];
        for last in 0..=MOST {
            for missing_left in [false, true] {
                let mut lefts = [0_u64; 4];
                for (word, lefts) in lefts.iter_mut().enumerate() {
                    let n = (last + 1).saturating_sub(word * 64).min(64);
                    *lefts = if n == 64 { u64::MAX } else { (1 << n) - 1 };
                }
                sets.push(rights(lefts, missing_left));
            }
        }
        Self(Mutex::new((BTreeMap::new(), sets)))
    }

    fn of_number(last: usize, missing_left: bool) -> usize {
        1 + last * 2 + usize::from(missing_left)
    }

    fn of_categories(&self, rights: [u64; 4]) -> usize {
        let mut sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, sets) = &mut *sets;
        *known.entry(rights).or_insert_with(|| {
            sets.push(rights);
            sets.len() - 1
        })
    }
}

/// The bytes that go right.
fn rights(mut lefts: [u64; 4], missing_left: bool) -> [u64; 4] {
    let missing = 1 << (MISSING & 63);
    lefts[3] = if missing_left { lefts[3] | missing } else { lefts[3] & !missing };
    lefts.map(|word| !word)
}

fn lay_out(tree: &Tree, cells: &[Cell], cell_of: &[usize], sets: &Sets) -> Option<Walked> {
    let mut walked = Walked::default();
    walked.nodes.reserve_exact(tree.nodes.len());
    walked.answers.reserve_exact(tree.nodes.len());
    // What this tree asked before: not every node should wait for the others.
    let mut known: BTreeMap<[u64; 4], usize> = BTreeMap::new();
    let mut order: Vec<u32> = Vec::with_capacity(tree.nodes.len());
    order.push(0);
    let mut at = 0;
    while at < order.len() {
        let node = &tree.nodes[order[at] as usize];
        let mut answer = 0;
        let (left, cell, set) = match node {
            TreeNode::Leaf { values, .. } => {
                answer = u32::try_from(walked.values.len()).ok()?;
                walked.values.extend(values);
                (at, 0, 0)
            }
            TreeNode::Split { feature, threshold, missing_left, .. } => {
                let cell = cell_of[*feature as usize];
                let CellKind::Number(thresholds) = &cells[cell].kind else { return None };
                let last = thresholds.partition_point(|least| least < threshold);
                (order.len(), cell, Sets::of_number(last, *missing_left))
            }
            TreeNode::CategorySplit { feature, codes, missing_left, .. } => {
                let cell = cell_of[*feature as usize];
                let CellKind::Category(bytes) = &cells[cell].kind else { return None };
                let mut lefts = [0_u64; 4];
                for &byte in codes.iter().filter_map(|&code| bytes.get(code as usize)) {
                    lefts[usize::from(byte / 64)] |= 1 << (byte % 64);
                }
                let rights = rights(lefts, *missing_left);
                (order.len(), cell, *known.entry(rights).or_insert_with(|| sets.of_categories(rights)))
            }
        };
        if let TreeNode::Split { left, right, .. } | TreeNode::CategorySplit { left, right, .. } = node {
            order.extend([*left, *right]);
        }
        walked.nodes.push(Step::new(left, cell, set)?);
        walked.answers.push(answer);
        at += 1;
    }
    Some(walked)
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
            (CellKind::Category(bytes), Block::Category { codes, .. }) => {
                for (place, &code) in places.zip(&codes[from..]) {
                    let unnamed = if code == NO_CODE { MISSING } else { MISSING - 1 };
                    *place = bytes.get(code as usize).copied().unwrap_or(unnamed);
                }
            }
            // `kind` was chosen for the block.
            _ => places.for_each(|place| *place = MISSING),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::random::Shuffler;

    /// A full tree of 31 nodes over a number, two indicators and a category.
    fn tree(source: &mut Shuffler) -> Tree {
        let mut number = |below: usize| source.below(below) as u32;
        let node = |at: u32| {
            let (left, right, gain, cover) = (2 * at + 1, 2 * at + 2, 1.0, 1);
            let missing_left = number(2) == 1;
            match number(3) {
                _ if at >= 15 => TreeNode::Leaf { values: vec![f64::from(number(1000)), f64::from(at)].into(), cover },
                0 => {
                    let codes = (0..40).filter(|_| number(3) == 0).collect::<Vec<u32>>().into();
                    TreeNode::CategorySplit { feature: 3, codes, left, right, gain, cover, missing_left }
                }
                1 => {
                    let (feature, threshold) = (1 + number(2), 0.5);
                    TreeNode::Split { feature, threshold, left, right, gain, cover, missing_left }
                }
                _ => {
                    let threshold = number(100) as f32 / 100.0;
                    TreeNode::Split { feature: 0, threshold, left, right, gain, cover, missing_left }
                }
            }
        };
        Tree { nodes: (0..31).map(node).collect() }
    }

    #[test]
    fn bytes_lead_where_values_lead() {
        let mut source = Shuffler::new(8);
        let trees: Vec<Tree> = (0..40).map(|_| tree(&mut source)).collect();
        let n = 1003;
        let numbers = (0..n).map(|_| source.below(120)).map(|k| if k > 110 { f64::NAN } else { k as f64 / 100.0 });
        let numbers = numbers.collect();
        let flags = (0..n).map(|_| source.below(3) as u32).map(|k| if k == 2 { NO_CODE } else { k }).collect();
        let levels = (0..n).map(|_| source.below(45) as u32).map(|k| if k > 40 { NO_CODE } else { k }).collect();
        let blocks = vec![
            Block::Numbers(numbers),
            Block::Indicators { codes: flags, n_levels: 2 },
            Block::Category { codes: levels, n_levels: 41 },
        ];
        let x = Features { n_rows: n, blocks, names: ["a", "b=0", "b=1", "c"].map(String::from).to_vec() };
        let mut row = vec![0.0; 4];
        let trees: Vec<&Tree> = trees.iter().collect();
        for n_threads in [1, 2, 3] {
            let compact = Compact::new(&trees, &x, &Team::new(n_threads)).unwrap();
            let mut answers = vec![0.0; n * 2];
            compact.add(&x, 0, Combine::Mean, 2, &mut answers);
            for (r, answer) in answers.chunks(2).enumerate() {
                x.row(r, &mut row);
                let expected: f64 = trees.iter().map(|tree| tree.leaf(&row)[0]).sum();
                assert_eq!(answer[0], expected, "row {r} on {n_threads} threads");
            }
        }
    }

    #[test]
    fn more_thresholds_than_a_byte_holds_are_refused() {
        let split = |k: u32| TreeNode::Split {
            feature: 0,
            threshold: k as f32,
            left: k + 1,
            right: 300,
            gain: 1.0,
            cover: 1,
            missing_left: false,
        };
        let mut nodes: Vec<TreeNode> = (0..300).map(split).collect();
        nodes.push(TreeNode::Leaf { values: vec![1.0].into(), cover: 1 });
        let tree = Tree { nodes };
        let x = Features { n_rows: 1, blocks: vec![Block::Numbers(vec![0.0])], names: vec!["a".to_owned()] };
        assert!(Compact::new(&[&tree], &x, &Team::new(1)).is_none());
    }
}
