//! A small model of a yes-or-no question: gradient-boosted shallow trees over binned features.
//!
//! For checks that need to know what a table can tell, not for models that are kept: few trees, at most 32 bins a
//! feature, one thread, and the same answer for the same input on every machine. Logistic loss, Newton leaves, splits
//! by gain (Friedman 2001; Chen & Guestrin 2016, equations 5 to 7), unordered features split by their bins' gradients
//! (Fisher 1958).

/// Bins a feature may have.
pub const MOST_BINS: usize = 32;

/// One feature, a bin per row.
#[derive(Clone, Debug)]
pub struct Feature {
    /// Below [`MOST_BINS`] each.
    pub bins: Vec<u8>,
    /// Are neighbouring bins alike? Categories are not.
    pub ordered: bool,
}

/// How the trees grow.
#[derive(Clone, Copy, Debug)]
pub struct Growth {
    pub trees: usize,
    pub depth: usize,
    pub rate: f64,
    /// Rows a leaf has at least.
    pub leaf_rows: usize,
}

impl Default for Growth {
    fn default() -> Self {
        Self { trees: 25, depth: 4, rate: 0.2, leaf_rows: 20 }
    }
}

/// Pulls small leaves towards zero.
const RIDGE: f64 = 1.0;
/// A split gains at least this much.
const LEAST_GAIN: f64 = 1e-6;

#[derive(Clone, Copy, Debug)]
enum Node {
    Leaf(f64),
    /// Rows whose bin is in `left_bins` go to the node at `left`, others to the one behind it.
    Split {
        feature: usize,
        left_bins: u32,
        left: usize,
    },
}

/// A fitted model.
#[derive(Clone, Debug)]
pub struct Boosted {
    start: f64,
    trees: Vec<Vec<Node>>,
}

/// Sum of gradients and of second derivatives.
#[derive(Clone, Copy, Default)]
struct Sums {
    gradient: f64,
    curvature: f64,
    rows: u32,
}

impl Sums {
    fn add(&mut self, other: Self) {
        self.gradient += other.gradient;
        self.curvature += other.curvature;
        self.rows += other.rows;
    }

    fn without(self, other: Self) -> Self {
        Self {
            gradient: self.gradient - other.gradient,
            curvature: self.curvature - other.curvature,
            rows: self.rows - other.rows,
        }
    }

    fn score(self) -> f64 {
        self.gradient * self.gradient / (self.curvature + RIDGE)
    }

    fn leaf(self) -> f64 {
        self.gradient / (self.curvature + RIDGE)
    }
}

impl Boosted {
    /// Learns from `rows`; `y[row]` is the answer for each row of the features.
    pub fn fit(features: &[Feature], y: &[bool], rows: &[u32], growth: Growth) -> Self {
        let positives = rows.iter().filter(|row| y[**row as usize]).count() as f64;
        let share = (positives + 0.5) / (rows.len() as f64 + 1.0);
        let start = (share / (1.0 - share)).ln();
        let mut margins = vec![start; y.len()];
        let mut state = vec![Sums::default(); y.len()];
        let mut trees = Vec::with_capacity(growth.trees);
        for _ in 0..growth.trees {
            for &row in rows {
                let row = row as usize;
                let p = sigmoid(margins[row]);
                state[row] =
                    Sums { gradient: f64::from(u8::from(y[row])) - p, curvature: (p * (1.0 - p)).max(1e-6), rows: 1 };
            }
            let mut tree = Tree { features, state: &state, growth, nodes: vec![Node::Leaf(0.0)] };
            let mut own = rows.to_vec();
            tree.grow(0, &mut own, growth.depth, &mut |rows, value| {
                rows.iter().for_each(|row| margins[*row as usize] += value);
            });
            trees.push(tree.nodes);
        }
        Self { start, trees }
    }

    /// The probability of yes for a row of features binned as those it learned from.
    pub fn probability(&self, features: &[Feature], row: usize) -> f64 {
        let value = |nodes: &Vec<Node>| {
            let mut at = 0;
            loop {
                match nodes[at] {
                    Node::Leaf(value) => return value,
                    Node::Split { feature, left_bins, left } => {
                        let goes_left = left_bins >> features[feature].bins[row] & 1 == 1;
                        at = if goes_left { left } else { left + 1 };
                    }
                }
            }
        };
        sigmoid(self.start + self.trees.iter().map(value).sum::<f64>())
    }
}

/// Out-of-fold probabilities of yes, one per row: every row is judged by a model that has not seen it.
/// `fold[row]` is below `folds`.
pub fn out_of_fold(features: &[Feature], y: &[bool], fold: &[u8], folds: u8, growth: Growth) -> Vec<f64> {
    let mut probabilities = vec![0.0; y.len()];
    for held_out in 0..folds {
        let rows: Vec<u32> = (0..y.len() as u32).filter(|row| fold[*row as usize] != held_out).collect();
        let model = Boosted::fit(features, y, &rows, growth);
        for row in (0..y.len()).filter(|row| fold[*row] == held_out) {
            probabilities[row] = model.probability(features, row);
        }
    }
    probabilities
}

struct Tree<'a> {
    features: &'a [Feature],
    state: &'a [Sums],
    growth: Growth,
    nodes: Vec<Node>,
}

impl Tree<'_> {
    fn grow(&mut self, at: usize, rows: &mut [u32], depth: usize, leaf: &mut dyn FnMut(&[u32], f64)) {
        let split = if depth == 0 || rows.len() < 2 * self.growth.leaf_rows { None } else { self.best_split(rows) };
        let Some((feature, left_bins)) = split else {
            let mut total = Sums::default();
            rows.iter().for_each(|row| total.add(self.state[*row as usize]));
            let value = self.growth.rate * total.leaf();
            self.nodes[at] = Node::Leaf(value);
            leaf(rows, value);
            return;
        };
        let bins = &self.features[feature].bins;
        let (mut kept, mut others) = (0, Vec::with_capacity(rows.len()));
        for i in 0..rows.len() {
            let row = rows[i];
            if left_bins >> bins[row as usize] & 1 == 1 {
                rows[kept] = row;
                kept += 1;
            } else {
                others.push(row);
            }
        }
        rows[kept..].copy_from_slice(&others);
        drop(others);
        let left = self.nodes.len();
        self.nodes[at] = Node::Split { feature, left_bins, left };
        self.nodes.extend([Node::Leaf(0.0); 2]);
        let (left_rows, right_rows) = rows.split_at_mut(kept);
        self.grow(left, left_rows, depth - 1, leaf);
        self.grow(left + 1, right_rows, depth - 1, leaf);
    }

    /// The feature and the bins that go left.
    fn best_split(&self, rows: &[u32]) -> Option<(usize, u32)> {
        let mut best: Option<(f64, usize, u32)> = None;
        for (index, feature) in self.features.iter().enumerate() {
            let mut sums = [Sums::default(); MOST_BINS];
            for row in rows {
                let row = *row as usize;
                sums[usize::from(feature.bins[row]) % MOST_BINS].add(self.state[row]);
            }
            let mut order: Vec<usize> = (0..MOST_BINS).filter(|bin| sums[*bin].rows > 0).collect();
            if !feature.ordered {
                order.sort_by(|a, b| sums[*a].leaf().total_cmp(&sums[*b].leaf()));
            }
            let mut total = Sums::default();
            order.iter().for_each(|bin| total.add(sums[*bin]));
            let (mut left, mut left_bins) = (Sums::default(), 0u32);
            for bin in order {
                left.add(sums[bin]);
                left_bins |= 1 << bin;
                let right = total.without(left);
                if (left.rows.min(right.rows) as usize) < self.growth.leaf_rows {
                    continue;
                }
                let gain = left.score() + right.score() - total.score();
                if gain > LEAST_GAIN && best.is_none_or(|(most, ..)| gain > most) {
                    best = Some((gain, index, left_bins));
                }
            }
        }
        best.map(|(_, feature, left_bins)| (feature, left_bins))
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::mix;
    use crate::stats::rank::roc_auc;

    fn bins(n: u64, salt: u64, ordered: bool) -> Feature {
        Feature { bins: (0..n).map(|row| (mix(row ^ mix(salt)) % 16) as u8).collect(), ordered }
    }

    fn folds(n: u64) -> Vec<u8> {
        (0..n).map(|row| (mix(row ^ 77) % 3) as u8).collect()
    }

    #[test]
    fn noise_is_not_learned() {
        let y: Vec<bool> = (0..2000).map(|row| mix(row ^ 5).is_multiple_of(2)).collect();
        let p = out_of_fold(&[bins(2000, 1, true), bins(2000, 2, false)], &y, &folds(2000), 3, Growth::default());
        let auc = roc_auc(&y, &p).unwrap();
        assert!((0.45..0.55).contains(&auc), "{auc}");
    }

    #[test]
    fn a_product_of_two_features_is_learned() {
        let features = [bins(4000, 1, true), bins(4000, 2, true)];
        let y: Vec<bool> = (0..4000).map(|row| features[0].bins[row] < 6 && features[1].bins[row] > 8).collect();
        let p = out_of_fold(&features, &y, &folds(4000), 3, Growth::default());
        assert!(roc_auc(&y, &p).unwrap() > 0.99);
    }

    #[test]
    fn categories_are_grouped_whatever_their_numbers() {
        let features = [bins(4000, 1, false)];
        let y: Vec<bool> = features[0].bins.iter().map(|bin| [1, 4, 9, 14].contains(bin)).collect();
        let growth = Growth { trees: 10, depth: 1, ..Growth::default() };
        let p = out_of_fold(&features, &y, &folds(4000), 3, growth);
        assert_eq!(roc_auc(&y, &p), Some(1.0));
    }

    #[test]
    fn a_single_class_has_its_share() {
        let rows: Vec<u32> = (0..100).collect();
        let model = Boosted::fit(&[bins(100, 1, true)], &[true; 100], &rows, Growth::default());
        assert!(model.probability(&[bins(100, 1, true)], 3) > 0.99);
    }
}
