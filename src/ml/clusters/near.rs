//! Which rows lie within a distance of a point: a k-d tree over leaves of 32 rows (Friedman, Bentley & Finkel 1977).
//!
//! Memory is a copy of the features and grows with nothing else. A leaf is stored feature after feature, so that the
//! distances to all its rows are worked out together; rows are summed up in feature order, whatever the tree looks like.

use std::ops::Range;

/// Rows per leaf.
const LEAF: usize = 32;
/// Features after which a leaf is left when all its rows are too far already.
const SOME: usize = 8;

pub struct Tree {
    n_features: usize,
    /// The row at each place of the tree.
    rows: Vec<u32>,
    /// `LEAF` values per feature and leaf; places beyond the last row are infinitely far.
    values: Vec<f64>,
    nodes: Vec<Node>,
    /// Lowest and highest value per feature and node.
    boxes: Vec<[f64; 2]>,
}

struct Node {
    leaves: Range<u32>,
    /// The first of two children, or 0 for a leaf: the root is nobody's child.
    children: u32,
    parent: u32,
}

/// The places of a tree that were not taken yet.
pub struct Left {
    /// One bit per place, a word per leaf.
    leaves: Vec<u32>,
    /// Places left below each node.
    nodes: Vec<u32>,
    leaf_nodes: Vec<u32>,
}

impl Tree {
    /// `points`: row after row, `n_features` (at least one) finite numbers each, at least one row.
    pub fn new(points: &[f64], n_features: usize) -> Self {
        let n = points.len() / n_features;
        let n_leaves = n.div_ceil(LEAF);
        let mut tree = Self {
            n_features,
            rows: (0..n as u32).collect(),
            values: vec![f64::INFINITY; n_leaves * n_features * LEAF],
            nodes: vec![Node { leaves: 0..n_leaves as u32, children: 0, parent: 0 }],
            boxes: Vec::new(),
        };
        // Children follow their parents, so one pass makes them all.
        let mut node = 0;
        while node < tree.nodes.len() {
            tree.divide(node, points);
            node += 1;
        }
        for (place, &row) in tree.rows.iter().enumerate() {
            let point = &points[row as usize * n_features..][..n_features];
            for (feature, value) in point.iter().enumerate() {
                tree.values[(place / LEAF * n_features + feature) * LEAF + place % LEAF] = *value;
            }
        }
        tree
    }

    fn divide(&mut self, node: usize, points: &[f64]) {
        let p = self.n_features;
        let leaves = self.nodes[node].leaves.clone();
        let places = leaves.start as usize * LEAF..(leaves.end as usize * LEAF).min(self.rows.len());
        let mut edges = vec![[f64::INFINITY, f64::NEG_INFINITY]; p];
        for &row in &self.rows[places.clone()] {
            let point = &points[row as usize * p..][..p];
            for ([low, high], value) in edges.iter_mut().zip(point) {
                *low = low.min(*value);
                *high = high.max(*value);
            }
        }
        let width = |feature: &usize| edges[*feature][1] - edges[*feature][0];
        let widest = (0..p).max_by(|a, b| width(a).total_cmp(&width(b))).unwrap_or(0);
        self.boxes.extend(edges);
        if leaves.len() < 2 {
            return;
        }
        let middle = (leaves.start + leaves.end) / 2;
        let value = |row: &u32| points[*row as usize * p + widest];
        let first = (middle - leaves.start) as usize * LEAF;
        // Ties by row, so that equal values do not depend on how the selection works.
        self.rows[places].select_nth_unstable_by(first, |a, b| value(a).total_cmp(&value(b)).then(a.cmp(b)));
        self.nodes[node].children = self.nodes.len() as u32;
        for leaves in [leaves.start..middle, middle..leaves.end] {
            self.nodes.push(Node { leaves, children: 0, parent: node as u32 });
        }
    }

    pub fn n_rows(&self) -> usize {
        self.rows.len()
    }

    /// Places are as close to each other as their rows are.
    pub fn row(&self, place: usize) -> usize {
        self.rows[place] as usize
    }

    /// Writes the features of the row at a place.
    pub fn point(&self, place: usize, into: &mut [f64]) {
        for (feature, value) in into.iter_mut().enumerate() {
            *value = self.values[(place / LEAF * self.n_features + feature) * LEAF + place % LEAF];
        }
    }

    /// Whether at least `enough` rows lie within the distance whose square is `limit`.
    pub fn has_within(&self, point: &[f64], limit: f64, enough: usize) -> bool {
        let mut open = vec![0_u32];
        let mut found = 0;
        while let Some(node) = open.pop() {
            let at = &self.nodes[node as usize];
            if at.children == 0 {
                let distances = self.distances(at.leaves.start as usize, point, limit);
                found += distances.iter().filter(|d| **d <= limit).count();
                if found >= enough {
                    return true;
                }
                continue;
            }
            let (a, b) = (at.children, at.children + 1);
            let (far_a, far_b) = (self.gap(a, point), self.gap(b, point));
            // The nearer one last, which is looked at first.
            let order = if far_a <= far_b { [(b, far_b), (a, far_a)] } else { [(a, far_a), (b, far_b)] };
            open.extend(order.into_iter().filter(|(_, far)| *far <= limit).map(|(child, _)| child));
        }
        false
    }

    /// Hands over every place left within the distance whose square is `limit`, and takes it.
    pub fn take_within(&self, point: &[f64], limit: f64, left: &mut Left, mut found: impl FnMut(usize)) {
        let mut open = vec![0_u32];
        while let Some(node) = open.pop() {
            if left.nodes[node as usize] == 0 || self.gap(node, point) > limit {
                continue;
            }
            let at = &self.nodes[node as usize];
            if at.children > 0 {
                open.extend([at.children, at.children + 1]);
                continue;
            }
            let leaf = at.leaves.start as usize;
            let distances = self.distances(leaf, point, limit);
            for (within, distance) in distances.iter().enumerate() {
                if *distance <= limit && left.leaves[leaf] >> within & 1 == 1 {
                    left.take(self, leaf * LEAF + within);
                    found(leaf * LEAF + within);
                }
            }
        }
    }

    /// The square of the distance to the `k`-th nearest row (from 1), or to the farthest when there are fewer.
    pub fn kth_nearest(&self, point: &[f64], k: usize) -> f64 {
        let mut nearest: Vec<f64> = Vec::with_capacity(k + LEAF);
        let mut limit = f64::INFINITY;
        let mut open = vec![(0_u32, 0.0)];
        while let Some((node, far)) = open.pop() {
            if far > limit {
                continue;
            }
            let at = &self.nodes[node as usize];
            if at.children == 0 {
                let distances = self.distances(at.leaves.start as usize, point, limit);
                nearest.extend(distances.iter().filter(|d| d.is_finite() && **d <= limit));
                if nearest.len() >= k {
                    nearest.sort_unstable_by(f64::total_cmp);
                    nearest.truncate(k);
                    limit = nearest[k - 1];
                }
                continue;
            }
            let (a, b) = (at.children, at.children + 1);
            let (far_a, far_b) = (self.gap(a, point), self.gap(b, point));
            open.extend(if far_a <= far_b { [(b, far_b), (a, far_a)] } else { [(a, far_a), (b, far_b)] });
        }
        nearest.into_iter().fold(0.0, f64::max)
    }

    /// The square of the distance to a node's box.
    fn gap(&self, node: u32, point: &[f64]) -> f64 {
        let edges = &self.boxes[node as usize * self.n_features..][..self.n_features];
        let one = |(x, [low, high]): (&f64, &[f64; 2])| {
            let outside = (low - x).max(x - high).max(0.0);
            outside * outside
        };
        point.iter().zip(edges).map(one).sum()
    }

    /// Squares of the distances to the rows of a leaf; all beyond `limit` when some features say so already.
    fn distances(&self, leaf: usize, point: &[f64], limit: f64) -> [f64; LEAF] {
        let mut distances = [0.0; LEAF];
        let columns = &self.values[leaf * self.n_features * LEAF..][..self.n_features * LEAF];
        for (points, columns) in point.chunks(SOME).zip(columns.chunks(SOME * LEAF)) {
            for (x, column) in points.iter().zip(columns.chunks_exact(LEAF)) {
                for (distance, value) in distances.iter_mut().zip(column) {
                    *distance += (value - x) * (value - x);
                }
            }
            if distances.iter().all(|distance| *distance > limit) {
                break;
            }
        }
        distances
    }
}

impl Left {
    pub fn all(tree: &Tree) -> Self {
        let n = tree.rows.len();
        let bits = |leaf: usize| u32::MAX >> (LEAF - (n - leaf * LEAF).min(LEAF));
        let leaves: Vec<u32> = (0..n.div_ceil(LEAF)).map(bits).collect();
        let below = |node: &Node| (node.leaves.end as usize * LEAF).min(n) - node.leaves.start as usize * LEAF;
        let mut leaf_nodes = vec![0; leaves.len()];
        for (at, node) in (0..).zip(&tree.nodes).filter(|(_, node)| node.children == 0) {
            leaf_nodes[node.leaves.start as usize] = at;
        }
        Self { leaves, nodes: tree.nodes.iter().map(|node| below(node) as u32).collect(), leaf_nodes }
    }

    pub fn take(&mut self, tree: &Tree, place: usize) {
        self.leaves[place / LEAF] &= !(1 << (place % LEAF));
        let mut node = self.leaf_nodes[place / LEAF];
        loop {
            self.nodes[node as usize] -= 1;
            if node == 0 {
                break;
            }
            node = tree.nodes[node as usize].parent;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ml::algorithms::testing::uniform;

    fn squares(points: &[f64], p: usize, from: &[f64]) -> Vec<f64> {
        points.chunks(p).map(|row| row.iter().zip(from).map(|(a, b)| (a - b) * (a - b)).sum()).collect()
    }

    #[test]
    fn finds_what_looking_at_every_row_finds() {
        for (n, p) in [(1, 1), (31, 2), (33, 1), (500, 3), (700, 19)] {
            let mut points = uniform(5, n, p).dense(0, n);
            // A third of the rows are copies.
            let copy = points[..p].to_vec();
            (0..n).step_by(3).for_each(|row| points[row * p..][..p].copy_from_slice(&copy));
            let tree = Tree::new(&points, p);
            for query in [0, n / 2, n - 1] {
                let from = &points[query * p..][..p];
                let mut all = squares(&points, p, from);
                let limit = 0.2 * p as f64;
                let within: Vec<usize> = (0..n).filter(|&row| all[row] <= limit).collect();
                assert!(tree.has_within(from, limit, within.len()));
                assert!(!tree.has_within(from, limit, within.len() + 1));
                let (mut left, mut found) = (Left::all(&tree), Vec::new());
                tree.take_within(from, limit, &mut left, |place| found.push(tree.row(place)));
                found.sort_unstable();
                assert_eq!(found, within);
                tree.take_within(from, limit, &mut left, |_| panic!("everything near was taken"));
                tree.take_within(from, f64::MAX, &mut left, |place| found.push(tree.row(place)));
                found.sort_unstable();
                assert_eq!(found, (0..n).collect::<Vec<_>>());
                all.sort_by(f64::total_cmp);
                assert_eq!(tree.kth_nearest(from, 5), all[4.min(n - 1)]);
            }
        }
    }

    #[test]
    fn places_hold_their_rows() {
        let points = uniform(5, 100, 2).dense(0, 100);
        let tree = Tree::new(&points, 2);
        let mut point = [0.0; 2];
        for place in 0..tree.n_rows() {
            tree.point(place, &mut point);
            assert_eq!(point, points[2 * tree.row(place)..][..2]);
        }
    }
}
