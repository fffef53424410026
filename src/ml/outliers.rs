//! Rows that are unlike the others: an isolation forest (Liu, Ting & Zhou 2008, "Isolation forest", ICDM).
//!
//! Trees cut a few rows at random places until each is alone; what is alone after few cuts is unusual. The trees are the
//! trees of every other model, whose answer is the number of cuts. Gaps and categories are cut natively: a gap goes to
//! either side by chance, of the categories one is parted from the others.

use crate::domain::features::{Block, Features};
use crate::domain::io::JobIo;
use crate::domain::model::{Combine, FittedModel, Link, Tree, TreeEnsemble, TreeNode};
use crate::domain::random::Shuffler;
use crate::domain::task::{Predictions, Task};
use crate::ml::error::{FitError, PredictError};
use crate::ml::guard;
use crate::ml::predict::predict;

/// Rows a tree sees, as in the paper.
const SAMPLE: usize = 256;
/// Euler's constant.
const GAMMA: f64 = 0.577_215_664_901_532_9;

pub struct IsolationForest<'a> {
    pub n_estimators: usize,
    pub seed: u64,
    pub io: &'a dyn JobIo,
}

/// What was learned; scores any rows of the same features.
pub struct Isolation {
    model: FittedModel,
    /// Mean cuts of rows that are not unusual.
    usual: f64,
}

impl IsolationForest<'_> {
    pub fn fit(&self, x: &Features) -> Result<Isolation, FitError> {
        guard::check_features(x)?;
        if x.n_rows < 2 || x.n_features() == 0 {
            return Err(FitError::Empty { rows: x.n_rows, columns: x.n_features() });
        }
        let size = SAMPLE.min(x.n_rows);
        let depth = (size as f64).log2().ceil() as usize;
        let mut trees = Vec::with_capacity(self.n_estimators);
        for tree in 0..self.n_estimators {
            let done = tree as f64 / self.n_estimators as f64;
            self.io.progress(&format!("Tree {} of {}", tree + 1, self.n_estimators), Some(done))?;
            let mut random =
                Shuffler::new(self.seed.wrapping_add((tree as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)));
            let rows = drawn(x.n_rows, size, &mut random);
            let mut grower = Grower { x, random, depth, nodes: vec![leaf(0, 0)] };
            grower.grow(0, rows, 0);
            trees.push(Tree { nodes: grower.nodes });
        }
        let model = TreeEnsemble { trees, base: vec![0.0], combine: Combine::Mean, link: Link::Identity };
        Ok(Isolation { model: FittedModel::Trees(model), usual: mean_cuts(size) })
    }
}

impl Isolation {
    /// Between 0 and 1, `2^(−cuts / usual cuts)`: about 0.5 for rows like most, towards 1 for those unlike all others.
    pub fn scores(&self, x: &Features, io: &dyn JobIo) -> Result<Vec<f64>, PredictError> {
        match predict(&self.model, Task::Regression, 0, x, io)? {
            Predictions::Values(cuts) => Ok(cuts.into_iter().map(|cuts| (-cuts / self.usual).exp2()).collect()),
            Predictions::Classes { .. } => Ok(Vec::new()),
        }
    }
}

/// Cuts that part one row from `n − 1` others on average: the depth of an unsuccessful search in a binary search tree.
fn mean_cuts(n: usize) -> f64 {
    match n {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => {
            let m = (n - 1) as f64;
            2.0 * (m.ln() + GAMMA) - 2.0 * m / n as f64
        }
    }
}

/// `size` different rows.
fn drawn(n_rows: usize, size: usize, random: &mut Shuffler) -> Vec<usize> {
    let mut rows = std::collections::BTreeSet::new();
    // Floyd's sampling: no list of all rows for each tree.
    for last in n_rows - size..n_rows {
        let row = random.below(last + 1);
        if !rows.insert(row) {
            rows.insert(last);
        }
    }
    rows.into_iter().collect()
}

fn leaf(depth: usize, n_rows: usize) -> TreeNode {
    TreeNode::Leaf { values: [depth as f64 + mean_cuts(n_rows)][..].into(), cover: n_rows as u64 }
}

struct Grower<'a> {
    x: &'a Features,
    random: Shuffler,
    depth: usize,
    nodes: Vec<TreeNode>,
}

/// A cut: the node without its children, and which of the rows go left.
struct Cut {
    node: fn(Made) -> TreeNode,
    made: Made,
    lefts: Vec<bool>,
}

#[derive(Default)]
struct Made {
    feature: u32,
    threshold: f32,
    codes: Vec<u32>,
    left: u32,
    cover: u64,
    missing_left: bool,
}

impl Grower<'_> {
    fn grow(&mut self, node: usize, rows: Vec<usize>, depth: usize) {
        self.nodes[node] = leaf(depth, rows.len());
        if depth >= self.depth || rows.len() < 2 {
            return;
        }
        let Some(Cut { node: make, mut made, lefts }) = self.cut(&rows) else { return };
        let left = self.nodes.len();
        (made.left, made.cover) = (left as u32, rows.len() as u64);
        self.nodes[node] = make(made);
        self.nodes.extend([leaf(0, 0), leaf(0, 0)]);
        let side =
            |wanted: bool| rows.iter().zip(&lefts).filter(move |(_, left)| **left == wanted).map(|(row, _)| *row);
        let (on_left, on_right) = (side(true).collect(), side(false).collect());
        self.grow(left, on_left, depth + 1);
        self.grow(left + 1, on_right, depth + 1);
    }

    /// A cut at random through a column drawn at random among those in which the rows differ.
    fn cut(&mut self, rows: &[usize]) -> Option<Cut> {
        let x = self.x;
        let mut order: Vec<usize> = (0..x.blocks.len()).collect();
        let mut first = 0;
        let firsts: Vec<usize> = x
            .blocks
            .iter()
            .map(|block| {
                first += block.n_features();
                first - block.n_features()
            })
            .collect();
        for k in 0..order.len() {
            let other = k + self.random.below(order.len() - k);
            order.swap(k, other);
            let (block, feature) = (&x.blocks[order[k]], firsts[order[k]] as u32);
            let cut = match block {
                Block::Numbers(values) => self.through(values, feature, rows),
                Block::Category { codes, n_levels } => self.one_of(codes, *n_levels, feature, rows, false),
                Block::Indicators { codes, n_levels } => self.one_of(codes, *n_levels, feature, rows, true),
            };
            if cut.is_some() {
                return cut;
            }
        }
        None
    }

    fn coin(&mut self) -> bool {
        self.random.below(2) == 1
    }

    fn through(&mut self, values: &[f64], feature: u32, rows: &[usize]) -> Option<Cut> {
        let known = || rows.iter().map(|&row| values[row]).filter(|value| !value.is_nan()).map(|value| value as f32);
        let (low, high) = known().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        let has_gap = rows.iter().any(|&row| values[row].is_nan());
        let (threshold, missing_left) = if low < high {
            let share = self.random.below(1 << 24) as f64 / f64::from(1 << 24);
            let at = (f64::from(low) + share * (f64::from(high) - f64::from(low))) as f32;
            // The largest value stays on the right.
            (if at < high { at } else { low }, self.coin())
        } else if has_gap && low == high {
            (low, false)
        } else {
            return None;
        };
        let goes_left = |value: f64| if value.is_nan() { missing_left } else { value as f32 <= threshold };
        let lefts = rows.iter().map(|&row| goes_left(values[row])).collect();
        Some(Cut { node: number_node, made: Made { feature, threshold, missing_left, ..Made::default() }, lefts })
    }

    /// One category that is there goes to its own side; `is_indicator`: as a feature of its own, which is 1 there.
    fn one_of(
        &mut self,
        codes: &[u32],
        n_levels: u32,
        feature: u32,
        rows: &[usize],
        is_indicator: bool,
    ) -> Option<Cut> {
        let mut here: Vec<u32> = rows.iter().map(|&row| codes[row].min(n_levels)).collect();
        here.sort_unstable();
        here.dedup();
        if here.len() < 2 {
            return None;
        }
        // Rows without a category are `n_levels`, the last; they have no side of their own.
        let known = here.len() - usize::from(here.last() == Some(&n_levels));
        let code = here[self.random.below(known)];
        if is_indicator {
            let lefts = rows.iter().map(|&row| codes[row] != code).collect();
            let made = Made { feature: feature + code, threshold: 0.5, missing_left: true, ..Made::default() };
            return Some(Cut { node: number_node, made, lefts });
        }
        let lefts = rows.iter().map(|&row| codes[row] == code).collect();
        let made = Made { feature, codes: vec![code], missing_left: false, ..Made::default() };
        Some(Cut { node: category_node, made, lefts })
    }
}

fn number_node(made: Made) -> TreeNode {
    let Made { feature, threshold, left, cover, missing_left, .. } = made;
    TreeNode::Split { feature, threshold, left, right: left + 1, gain: 0.0, cover, missing_left }
}

fn category_node(made: Made) -> TreeNode {
    let Made { feature, codes, left, cover, missing_left, .. } = made;
    TreeNode::CategorySplit { feature, codes: codes.into(), left, right: left + 1, gain: 0.0, cover, missing_left }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::features::NO_CODE;
    use crate::domain::io::Silent;
    use crate::ml::algorithms::testing::{numbers, uniform};

    fn scores(x: &Features) -> Vec<f64> {
        let forest = IsolationForest { n_estimators: 100, seed: 1, io: &Silent };
        forest.fit(x).unwrap().scores(x, &Silent).unwrap()
    }

    #[test]
    fn usual_cuts_are_those_of_the_paper() {
        // Harmonic numbers: c(256) = 2 (ln 255 + γ) − 2 · 255 / 256.
        assert!((mean_cuts(256) - 10.244_770_920).abs() < 1e-6, "{}", mean_cuts(256));
        assert_eq!([mean_cuts(1), mean_cuts(2)], [0.0, 1.0]);
    }

    #[test]
    fn planted_rows_score_highest() {
        let mut values = uniform(9, 1000, 3).dense(0, 1000);
        for row in [100, 500, 900] {
            values[3 * row] = 4.0;
            values[3 * row + 1] = -4.0;
        }
        let x = numbers(3, values);
        let scores = scores(&x);
        let mut order: Vec<usize> = (0..1000).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        order.truncate(3);
        order.sort_unstable();
        assert_eq!(order, [100, 500, 900]);
        // scikit-learn's `IsolationForest(n_estimators=100)` over four seeds: planted rows 0.700 to 0.763, the mean of all
        // 0.498 to 0.501.
        assert!([100, 500, 900].iter().all(|&row| (0.68..0.78).contains(&scores[row])), "{}", scores[100]);
        let mean = scores.iter().sum::<f64>() / 1000.0;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        assert_eq!(scores, super::tests::scores(&x));
    }

    #[test]
    fn gaps_and_rare_categories_stand_out() {
        let mut source = uniform(4, 600, 1).dense(0, 600);
        source[7] = f64::NAN;
        let codes = (0..600)
            .map(|row| {
                if row == 300 {
                    3
                } else if row == 400 {
                    NO_CODE
                } else {
                    row % 3
                }
            })
            .collect();
        let blocks = vec![Block::Numbers(source), Block::Category { codes, n_levels: 4 }];
        let x = Features { n_rows: 600, blocks, names: vec!["a".into(), "b".into()] };
        let scores = scores(&x);
        let mean = scores.iter().sum::<f64>() / 600.0;
        assert!(scores[300] > mean + 0.05, "{} {mean}", scores[300]);
        assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)));
    }

    #[test]
    fn equal_rows_are_all_alike_and_nothing_is_refused() {
        let same = scores(&numbers(1, vec![2.0; 50]));
        assert!(same.iter().all(|score| (score - 0.5).abs() < 1e-12), "{}", same[0]);
        let forest = IsolationForest { n_estimators: 1, seed: 1, io: &Silent };
        assert!(matches!(forest.fit(&numbers(1, vec![1.0])), Err(FitError::Empty { .. })));
    }
}
