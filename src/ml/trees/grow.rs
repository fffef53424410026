//! Growing one tree, deepest branch first.

use std::mem;

use crate::domain::io::{Cancelled, JobIo};
use crate::domain::model::{Tree, TreeNode};
use crate::ml::trees::{Binned, Labels};

/// Histograms up to this many bytes are kept, so that of two siblings only the smaller is counted and the other got by
/// subtraction. Larger ones (very many classes) are counted column by column.
const KEPT_HISTOGRAM_BYTES: usize = 8 << 20;

#[derive(Clone, Copy, Debug)]
pub struct GrowParams {
    /// Splits on the longest path.
    pub max_depth: usize,
    /// Rows in the smallest leaf.
    pub min_samples_leaf: usize,
}

/// The best split at every node until nothing may be split further. An impure node is split even when its best split
/// removes no loss, as in scikit-learn: what two columns say only together starts like that.
pub fn grow(bins: &Binned, labels: &Labels, params: GrowParams, io: &dyn JobIo) -> Result<Tree, Cancelled> {
    Grower::new(bins, labels, params).run(io)
}

struct Grower<'a> {
    bins: &'a Binned,
    labels: &'a Labels<'a>,
    params: GrowParams,
    /// Where each column's slots start in a node's histogram, and after the last their number.
    starts: Vec<usize>,
    keeps_histograms: bool,
    rows: Vec<u32>,
    right: Vec<u32>,
    /// Histograms not in use.
    pool: Vec<Vec<i64>>,
    scratch: Vec<i64>,
    nodes: Vec<TreeNode>,
}

/// A node whose fate is open: the rows `from..to`.
struct Open {
    node: usize,
    from: usize,
    to: usize,
    depth: usize,
    histogram: Option<Vec<i64>>,
}

#[derive(Clone, Copy)]
struct Split {
    column: usize,
    /// Bins up to this one go left.
    bin: usize,
    /// What the scores of the two sides sum to.
    score: f64,
}

impl<'a> Grower<'a> {
    fn new(bins: &'a Binned, labels: &'a Labels<'a>, params: GrowParams) -> Self {
        let mut starts = vec![0];
        for column in 0..bins.n_columns() {
            starts.push(starts[column] + bins.n_bins(column) * labels.width());
        }
        let keeps_histograms = starts[bins.n_columns()] * size_of::<i64>() <= KEPT_HISTOGRAM_BYTES;
        Self {
            bins,
            labels,
            params,
            starts,
            keeps_histograms,
            rows: (0..bins.n_rows as u32).collect(),
            right: Vec::new(),
            pool: Vec::new(),
            scratch: Vec::new(),
            nodes: Vec::new(),
        }
    }

    fn run(mut self, io: &dyn JobIo) -> Result<Tree, Cancelled> {
        let n = self.bins.n_rows;
        let mut settled = 0;
        self.nodes.push(pending());
        let histogram = self.may_split(0, n, 0).then(|| self.histogram(0, n)).flatten();
        let mut open = vec![Open { node: 0, from: 0, to: n, depth: 0, histogram }];
        while let Some(mut at) = open.pop() {
            io.progress("Growing the tree", Some(settled as f64 / n.max(1) as f64))?;
            let rows = &self.rows[at.from..at.to];
            let total = self.labels.total(rows);
            let split = if self.may_split(at.from, at.to, at.depth) && !self.labels.is_pure(rows) {
                self.best_split(&at, &total)
            } else {
                None
            };
            match split {
                Some(split) => {
                    let [left, right] = self.split(&mut at, split, &total);
                    open.push(right);
                    open.push(left);
                }
                None => {
                    let values = self.labels.answer(&self.rows[at.from..at.to]);
                    let cover = (at.to - at.from) as u64;
                    self.nodes[at.node] = TreeNode::Leaf { values, cover };
                    settled += at.to - at.from;
                }
            }
            self.pool.extend(at.histogram);
        }
        Ok(Tree { nodes: self.nodes })
    }

    fn may_split(&self, from: usize, to: usize, depth: usize) -> bool {
        depth < self.params.max_depth && to - from >= 2 * self.params.min_samples_leaf.max(1)
    }

    /// Turns the node into a split and opens its children.
    fn split(&mut self, at: &mut Open, split: Split, total: &[i64]) -> [Open; 2] {
        let middle = at.from + self.partition(at.from, at.to, split);
        let left = self.nodes.len();
        self.nodes.extend([pending(), pending()]);
        self.nodes[at.node] = TreeNode::Split {
            missing_left: false,
            feature: split.column as u32,
            threshold: self.bins.cuts[split.column][split.bin],
            left: left as u32,
            right: left as u32 + 1,
            gain: self.labels.loss(split.score - self.labels.score(total)),
            cover: (at.to - at.from) as u64,
            missing_left: false,
        };
        let depth = at.depth + 1;
        let mut children = [
            Open { node: left, from: at.from, to: middle, depth, histogram: None },
            Open { node: left + 1, from: middle, to: at.to, depth, histogram: None },
        ];
        self.child_histograms(at.histogram.take(), &mut children);
        children
    }

    /// Counts the smaller child, subtracts it from the parent for the larger.
    fn child_histograms(&mut self, parent: Option<Vec<i64>>, children: &mut [Open; 2]) {
        let Some(mut parent) = parent else { return };
        let needed = |grower: &Self, child: &Open| grower.may_split(child.from, child.to, child.depth);
        let smaller = usize::from(children[1].to - children[1].from < children[0].to - children[0].from);
        let larger = 1 - smaller;
        if needed(self, &children[larger])
            && let Some(counted) = self.histogram(children[smaller].from, children[smaller].to)
        {
            parent.iter_mut().zip(&counted).for_each(|(all, part)| *all -= part);
            children[larger].histogram = Some(parent);
            if needed(self, &children[smaller]) {
                children[smaller].histogram = Some(counted);
            } else {
                self.pool.push(counted);
            }
        } else {
            self.pool.push(parent);
        }
    }

    /// The counts of every column's bins over some rows, unless they are too many to keep.
    fn histogram(&mut self, from: usize, to: usize) -> Option<Vec<i64>> {
        if !self.keeps_histograms {
            return None;
        }
        let mut histogram = self.pool.pop().unwrap_or_default();
        histogram.clear();
        histogram.resize(self.starts[self.bins.n_columns()], 0);
        for column in 0..self.bins.n_columns() {
            let slots = &mut histogram[self.starts[column]..self.starts[column + 1]];
            self.labels.count(&self.rows[from..to], self.bins.column(column), slots);
        }
        Some(histogram)
    }

    /// The first of the best splits, in column and cut order.
    fn best_split(&mut self, at: &Open, total: &[i64]) -> Option<Split> {
        let mut best: Option<Split> = None;
        let mut scratch = mem::take(&mut self.scratch);
        for column in 0..self.bins.n_columns() {
            if self.bins.n_bins(column) < 2 {
                continue;
            }
            let found = match &at.histogram {
                Some(histogram) => {
                    let slots = &histogram[self.starts[column]..self.starts[column + 1]];
                    self.best_cut(column, slots, total)
                }
                None => {
                    scratch.clear();
                    scratch.resize(self.starts[column + 1] - self.starts[column], 0);
                    self.labels.count(&self.rows[at.from..at.to], self.bins.column(column), &mut scratch);
                    self.best_cut(column, &scratch, total)
                }
            };
            if let Some(found) = found
                && best.is_none_or(|best| found.score > best.score)
            {
                best = Some(found);
            }
        }
        self.scratch = scratch;
        best
    }

    fn best_cut(&self, column: usize, slots: &[i64], total: &[i64]) -> Option<Split> {
        let width = self.labels.width();
        let min_rows = self.params.min_samples_leaf.max(1) as i64;
        let n = self.labels.n_rows(total);
        let mut left = vec![0_i64; width];
        let mut right = total.to_vec();
        // The bin after which the best cut falls, whether the next occupied bin is still to come, and its score.
        let mut best: Option<Split> = None;
        let mut open_gap = false;
        for (bin, part) in slots.chunks_exact(width).enumerate() {
            if self.labels.n_rows(part) == 0 {
                continue;
            }
            if open_gap && let Some(best) = &mut best {
                // Empty bins lie between: cut in the middle of the gap.
                best.bin = (best.bin + bin - 1) / 2;
                open_gap = false;
            }
            for ((left, right), part) in left.iter_mut().zip(&mut right).zip(part) {
                *left += part;
                *right -= part;
            }
            let on_left = self.labels.n_rows(&left);
            if n - on_left < min_rows {
                break;
            }
            if on_left < min_rows {
                continue;
            }
            let score = self.labels.score(&left) + self.labels.score(&right);
            if best.is_none_or(|best| score > best.score) {
                best = Some(Split { column, bin, score });
                open_gap = true;
            }
        }
        best
    }

    /// Moves the rows that go left before the others, each side in its order; returns how many they are.
    fn partition(&mut self, from: usize, to: usize, split: Split) -> usize {
        let bins = self.bins.column(split.column);
        self.right.clear();
        let rows = &mut self.rows[from..to];
        let mut left = 0;
        for i in 0..rows.len() {
            let row = rows[i];
            if usize::from(bins[row as usize]) <= split.bin {
                rows[left] = row;
                left += 1;
            } else {
                self.right.push(row);
            }
        }
        rows[left..].copy_from_slice(&self.right);
        left
    }
}

/// Holds a node's place until its turn.
fn pending() -> TreeNode {
    TreeNode::Leaf { values: Vec::new(), cover: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::domain::matrix::Matrix;
    use crate::domain::task::{Target, argmax};
    use crate::ml::algorithms::testing::{Lcg, matrix, uniform_matrix};

    fn grown(x: &Matrix, y: &Target, max_depth: usize, min_samples_leaf: usize) -> Tree {
        let bins = Binned::new(x, 255, 0);
        grow(&bins, &Labels::new(y), GrowParams { max_depth, min_samples_leaf }, &Silent).unwrap()
    }

    fn right_answers(tree: &Tree, x: &Matrix, codes: &[u32]) -> usize {
        (0..x.n_rows).filter(|&row| argmax(tree.leaf(x.row(row))) == codes[row] as usize).count()
    }

    /// Twelve yes/no columns and a rule of depth three.
    fn rule() -> (Matrix, Vec<u32>) {
        let mut source = Lcg(1);
        let x = matrix(12, (0..5000 * 12).map(|_| if source.next() < 0.5 { 0.0 } else { 1.0 }).collect());
        let codes = (0..5000).map(|row| {
            let r = x.row(row);
            let answer = if r[0] == 1.0 {
                r[1]
            } else if r[2] == 1.0 {
                r[3]
            } else {
                r[4]
            };
            answer as u32
        });
        (x.clone(), codes.collect())
    }

    #[test]
    fn yes_no_columns_are_learned_to_the_last_row() {
        let (x, codes) = rule();
        let y = Target::Classes { codes: codes.clone(), n_classes: 2 };
        assert_eq!(right_answers(&grown(&x, &y, 6, 1), &x, &codes), 5000);
    }

    #[test]
    fn a_rule_that_needs_both_columns_is_found_through_a_split_without_gain() {
        let x = matrix(2, vec![0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
        let codes = vec![0, 1, 1, 0];
        let y = Target::Classes { codes: codes.clone(), n_classes: 2 };
        assert_eq!(right_answers(&grown(&x, &y, 2, 1), &x, &codes), 4);
    }

    #[test]
    fn limits_hold_and_children_come_after_parents() {
        let x = uniform_matrix(4, 3000, 4);
        let y = Target::Values((0..3000).map(|r| x.row(r)[0] * x.row(r)[1] + x.row(r)[2]).collect());
        let tree = grown(&x, &y, 5, 30);
        let mut depth = vec![0; tree.nodes.len()];
        let mut covered = 0;
        for (at, node) in tree.nodes.iter().enumerate() {
            match node {
                TreeNode::Split { left, right, gain, .. } | TreeNode::CategorySplit { left, right, gain, .. } => {
                    assert!(*left as usize > at && *right as usize > at && *gain >= 0.0);
                    depth[*left as usize] = depth[at] + 1;
                    depth[*right as usize] = depth[at] + 1;
                }
                TreeNode::CategorySplit { .. } => panic!("no column has categories"),
                TreeNode::Leaf { values, cover } => {
                    assert!(*cover >= 30 && values.len() == 1);
                    covered += cover;
                }
            }
        }
        assert_eq!((depth.iter().max(), covered), (Some(&5), 3000));
    }

    #[test]
    fn kept_and_counted_histograms_grow_the_same_tree() {
        let x = uniform_matrix(4, 2000, 5);
        let targets = [
            Target::Values((0..2000).map(|r| x.row(r)[0] * 3.0 + x.row(r)[1].powi(2)).collect()),
            Target::Classes { codes: (0..2000).map(|r| (x.row(r)[0] * 4.0 + 4.0) as u32 % 3).collect(), n_classes: 3 },
        ];
        for y in &targets {
            let bins = Binned::new(&x, 64, 0);
            let labels = Labels::new(y);
            let params = GrowParams { max_depth: 7, min_samples_leaf: 5 };
            let kept = Grower::new(&bins, &labels, params).run(&Silent).unwrap();
            let mut counting = Grower::new(&bins, &labels, params);
            counting.keeps_histograms = false;
            assert_eq!(counting.run(&Silent).unwrap(), kept);
        }
    }

    #[test]
    fn every_training_row_meets_the_leaf_it_was_put_in() {
        let x = uniform_matrix(9, 1000, 3);
        let values: Vec<f64> = (0..1000).map(|r| (x.row(r)[0] * 3.0).floor() + x.row(r)[1]).collect();
        let tree = grown(&x, &Target::Values(values.clone()), 8, 1);
        let mean = values.iter().sum::<f64>() / 1000.0;
        let rest: f64 = (0..1000).map(|r| (values[r] - tree.leaf(x.row(r))[0]).powi(2)).sum();
        let all: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let removed: f64 =
            tree.nodes.iter().map(|node| if let TreeNode::Split { gain, .. } = node { *gain } else { 0.0 }).sum();
        assert!((all - rest - removed).abs() < 1e-6 * all, "{all} − {rest} is not {removed}");
    }

    #[test]
    fn a_cut_falls_in_the_middle_of_a_gap() {
        // Among the rows with x0 = 1 only the values 1 and 9 of x1 are left; the cut between them is near 5.
        let mut rows = Vec::new();
        let mut y = Vec::new();
        for value in 0..10 {
            rows.extend([0.0, f64::from(value)]);
            y.push(100.0);
        }
        for value in [1.0, 9.0] {
            rows.extend([1.0, value, 1.0, value]);
            y.extend([value, value]);
        }
        let tree = grown(&matrix(2, rows), &Target::Values(y), 3, 1);
        let TreeNode::Split { right, .. } = &tree.nodes[0] else { panic!("split expected") };
        let TreeNode::Split { feature, threshold, .. } = &tree.nodes[*right as usize] else { panic!("split expected") };
        assert_eq!((*feature, *threshold), (1, 4.5));
    }
}
