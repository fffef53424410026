//! Trees as the attributes of one `TreeEnsembleRegressor`.
//!
//! The operator works in float. To keep leaf values exact, every tree answers the number of its leaf into a column of
//! its own (all leaves of all trees counted through, exact up to 2²⁴), and the graph fetches doubles with it.
//!
//! A split by category becomes a chain of equalities whose true branches share one child, which is how ONNX Runtime
//! knows sets of categories; of the codes on the left and those on the right the shorter list makes the chain.

use std::borrow::Cow;

use super::{MOST_COUNTED, Prepared, answers, cast, cells, check_link, concat, constant, lookup, row, times};
use crate::bundle::onnx::check::{finite, within};
use crate::bundle::onnx::graph::{Attr, GraphBuilder, Value};
use crate::bundle::onnx::proto::data_type;
use crate::domain::model::{Combine, Tree, TreeEnsemble, TreeNode};

pub(super) fn check(ensemble: &TreeEnsemble, n_features: usize, n_outputs: usize) -> Result<(), String> {
    let n_sums = ensemble.base.len();
    check_link(ensemble.link, n_sums, n_outputs)?;
    finite("a base", &ensemble.base)?;
    let per_leaf = if ensemble.combine == Combine::Sum { 1 } else { n_sums };
    ensemble.trees.iter().try_for_each(|tree| check_tree(tree, n_features, per_leaf))?;
    let leaves: usize = ensemble.trees.iter().map(n_leaves).sum();
    if leaves > MOST_COUNTED {
        return Err(format!(
            "its trees have {leaves} leaves, the most is {MOST_COUNTED}; train fewer or smaller trees"
        ));
    }
    Ok(())
}

pub(super) fn check_tree(tree: &Tree, n_features: usize, per_leaf: usize) -> Result<(), String> {
    let n_nodes = tree.nodes.len();
    if n_nodes == 0 || n_nodes > 2 * MOST_COUNTED {
        return Err(format!("its tree has {n_nodes} nodes"));
    }
    for (at, node) in tree.nodes.iter().enumerate() {
        let (feature, left, right) = match node {
            TreeNode::Leaf { values, .. } => {
                within("a leaf", values.len(), per_leaf)?;
                finite("a leaf", values)?;
                continue;
            }
            TreeNode::Split { feature, threshold, left, right, .. } => {
                finite("a threshold", &[f64::from(*threshold)])?;
                (*feature, *left, *right)
            }
            TreeNode::CategorySplit { feature, codes, left, right, .. } => {
                if codes.windows(2).any(|two| two[0] >= two[1])
                    || codes.last().is_some_and(|&c| c as usize >= MOST_COUNTED)
                {
                    return Err(format!("the categories of node {at} of its tree are not in order"));
                }
                (*feature, *left, *right)
            }
        };
        let after = |child: u32| (at + 1..n_nodes).contains(&(child as usize));
        if !after(left) || !after(right) || left == right {
            return Err(format!("node {at} of its tree has a child that does not come after it"));
        }
        if feature as usize >= n_features {
            return Err(format!("node {at} of its tree asks for feature {feature} of {n_features}"));
        }
    }
    Ok(())
}

fn n_leaves(tree: &Tree) -> usize {
    tree.nodes.iter().filter(|node| matches!(node, TreeNode::Leaf { .. })).count()
}

fn leaf_values(node: &TreeNode) -> Option<&[f64]> {
    match node {
        TreeNode::Leaf { values, .. } => Some(values),
        TreeNode::Split { .. } | TreeNode::CategorySplit { .. } => None,
    }
}

/// Measured: about 34 bytes a split, 38 a leaf, and 8 for each of its values.
pub(super) fn size(trees: &[Tree], levels: &[Option<u32>]) -> u64 {
    let of = |node: &TreeNode| match node {
        TreeNode::Leaf { values, .. } => 38 + 8 * values.len() as u64,
        TreeNode::Split { .. } => 34,
        TreeNode::CategorySplit { feature, codes, .. } => {
            let others = levels.get(*feature as usize).copied().flatten().map_or(codes.len(), |n| n as usize);
            let others = others.saturating_sub(codes.len());
            let asked = if others > 0 { codes.len().min(others) } else { codes.len() };
            34 * asked.max(1) as u64
        }
    };
    trees.iter().flat_map(|tree| &tree.nodes).map(of).sum()
}

/// One tree: its leaf's row of values.
pub(super) fn one(g: &mut GraphBuilder, tree: &Tree, x: &Prepared<'_>) -> Value {
    let leaves: Vec<&[f64]> = tree.nodes.iter().filter_map(leaf_values).collect();
    match x.matrix {
        Some(matrix) if tree.nodes.len() > 1 => {
            let floats = cast(g, matrix, data_type::FLOAT);
            let leaf = g.ml_op("TreeEnsembleRegressor", &[&floats], attributes(&[tree], x));
            let leaf = cast(g, &leaf, data_type::INT64);
            let flat = g.ints(&[1], vec![-1]);
            let leaf = g.op("Reshape", &[&leaf, &flat], vec![]);
            lookup(g, &leaf, &leaves)
        }
        _ => constant(g, leaves[0], x.like),
    }
}

/// Many trees: the sum or mean of their leaves, then the link.
pub(super) fn many(g: &mut GraphBuilder, ensemble: &TreeEnsemble, x: &Prepared<'_>) -> Value {
    let n_sums = ensemble.base.len();
    let share = if ensemble.combine == Combine::Mean { 1.0 / ensemble.trees.len().max(1) as f64 } else { 1.0 };
    // A tree that is one leaf says the same of every row.
    let mut base = ensemble.base.clone();
    let mut grown: Vec<(usize, &Tree)> = Vec::with_capacity(ensemble.trees.len());
    for (at, tree) in ensemble.trees.iter().enumerate() {
        match &tree.nodes[0] {
            TreeNode::Leaf { values, .. } if ensemble.combine == Combine::Sum => base[at % n_sums] += values[0],
            TreeNode::Leaf { values, .. } => base.iter_mut().zip(values).for_each(|(base, v)| *base += share * v),
            _ => grown.push((at, tree)),
        }
    }
    let z = match x.matrix {
        Some(matrix) if !grown.is_empty() => {
            let floats = cast(g, matrix, data_type::FLOAT);
            let trees: Vec<&Tree> = grown.iter().map(|(_, tree)| *tree).collect();
            let leaf = g.ml_op("TreeEnsembleRegressor", &[&floats], attributes(&trees, x));
            let leaf = cast(g, &leaf, data_type::INT64);
            let leaves = |output: usize| {
                trees.iter().flat_map(|tree| tree.nodes.iter().filter_map(leaf_values)).map(|v| v[output]).collect()
            };
            let z = match ensemble.combine {
                Combine::Sum => {
                    let values = cells(g, leaves(0), &leaf);
                    let mut adds = vec![0.0; grown.len() * n_sums];
                    for ((at, _), line) in grown.iter().zip(adds.chunks_exact_mut(n_sums)) {
                        line[at % n_sums] = 1.0;
                    }
                    times(g, &values, adds, n_sums)
                }
                Combine::Mean => {
                    let means: Vec<Value> = (0..n_sums)
                        .map(|output| {
                            let values = cells(g, leaves(output), &leaf);
                            times(g, &values, vec![share; grown.len()], 1)
                        })
                        .collect();
                    concat(g, &means)
                }
            };
            let base = row(g, &base);
            g.op("Add", &[&z, &base], vec![])
        }
        _ => constant(g, &base, x.like),
    };
    answers(g, &z, ensemble.link)
}

/// What a node of a tree asks, as nodes of the file ask it.
enum Asked<'a> {
    Leaf,
    AtMost(f32),
    /// One of these codes: to the left, or (`others`) to the right.
    Equals {
        codes: Cow<'a, [u32]>,
        others: bool,
    },
}

fn asked<'a>(node: &'a TreeNode, levels: &[Option<u32>]) -> Asked<'a> {
    match node {
        TreeNode::Leaf { .. } => Asked::Leaf,
        TreeNode::Split { threshold, .. } => Asked::AtMost(*threshold),
        TreeNode::CategorySplit { feature, codes, .. } => {
            let n_levels = levels.get(*feature as usize).copied().flatten().unwrap_or(0) as usize;
            if n_levels > codes.len() && n_levels - codes.len() < codes.len() {
                let others = (0..n_levels as u32).filter(|code| codes.binary_search(code).is_err()).collect();
                return Asked::Equals { codes: Cow::Owned(others), others: true };
            }
            Asked::Equals { codes: Cow::Borrowed(codes), others: false }
        }
    }
}

#[derive(Default)]
struct FileNode {
    mode: &'static str,
    feature: i64,
    threshold: f32,
    yes: i64,
    no: i64,
    missing_yes: bool,
}

#[derive(Default)]
struct Arrays {
    yes: Vec<i64>,
    no: Vec<i64>,
    features: Vec<i64>,
    missing_yes: Vec<i64>,
    modes: Vec<Vec<u8>>,
    ids: Vec<i64>,
    trees: Vec<i64>,
    thresholds: Vec<f32>,
    target_ids: Vec<i64>,
    target_nodes: Vec<i64>,
    target_weights: Vec<f32>,
}

impl Arrays {
    fn push(&mut self, tree: usize, node: &FileNode) {
        self.trees.push(tree as i64);
        self.modes.push(node.mode.as_bytes().to_vec());
        self.features.push(node.feature);
        self.thresholds.push(node.threshold);
        self.yes.push(node.yes);
        self.no.push(node.no);
        self.missing_yes.push(i64::from(node.missing_yes));
    }

    fn add(&mut self, at: usize, tree: &Tree, x: &Prepared<'_>) {
        let asked: Vec<Asked<'_>> = tree.nodes.iter().map(|node| asked(node, &x.levels)).collect();
        // Where each node of the tree begins in the file.
        let mut next = 0_i64;
        let mut place = Vec::with_capacity(asked.len());
        for what in &asked {
            place.push(next);
            next += match what {
                // No code at all: one question that nothing answers.
                Asked::Equals { codes, .. } => codes.len().max(1) as i64,
                _ => 1,
            };
        }
        self.ids.extend(0..next);
        for (node, what) in asked.iter().enumerate() {
            let (feature, left, right, missing_left) = match &tree.nodes[node] {
                TreeNode::Leaf { .. } => (0, 0, 0, false),
                TreeNode::Split { feature, left, right, missing_left, .. }
                | TreeNode::CategorySplit { feature, left, right, missing_left, .. } => {
                    (x.column_of[*feature as usize] as i64, *left, *right, *missing_left)
                }
            };
            let (left, right) = (place[left as usize], place[right as usize]);
            match what {
                Asked::Leaf => {
                    self.target_ids.push(at as i64);
                    self.target_nodes.push(place[node]);
                    self.target_weights.push(self.target_weights.len() as f32);
                    self.push(at, &FileNode { mode: "LEAF", ..FileNode::default() });
                }
                Asked::AtMost(threshold) => {
                    let (threshold, yes, no) = (*threshold, left, right);
                    let mode = "BRANCH_LEQ";
                    self.push(at, &FileNode { mode, feature, threshold, yes, no, missing_yes: missing_left });
                }
                Asked::Equals { codes, others } => {
                    let (yes, last) = if *others { (right, left) } else { (left, right) };
                    let missing_yes = missing_left != *others;
                    let n = codes.len().max(1);
                    for nth in 0..n {
                        let threshold = codes.get(nth).map_or(-1.0, |&code| code as f32);
                        let no = if nth + 1 < n { place[node] + nth as i64 + 1 } else { last };
                        let mode = "BRANCH_EQ";
                        self.push(at, &FileNode { mode, feature, threshold, yes, no, missing_yes });
                    }
                }
            }
        }
    }
}

fn attributes(trees: &[&Tree], x: &Prepared<'_>) -> Vec<(&'static str, Attr)> {
    let mut all = Arrays::default();
    for (at, tree) in trees.iter().enumerate() {
        all.add(at, tree, x);
    }
    vec![
        ("aggregate_function", Attr::Text("SUM")),
        ("n_targets", Attr::Int(trees.len() as i64)),
        ("nodes_falsenodeids", Attr::Ints(all.no)),
        ("nodes_featureids", Attr::Ints(all.features)),
        ("nodes_missing_value_tracks_true", Attr::Ints(all.missing_yes)),
        ("nodes_modes", Attr::Texts(all.modes)),
        ("nodes_nodeids", Attr::Ints(all.ids)),
        ("nodes_treeids", Attr::Ints(all.trees)),
        ("nodes_truenodeids", Attr::Ints(all.yes)),
        ("nodes_values", Attr::Floats(all.thresholds)),
        ("post_transform", Attr::Text("NONE")),
        ("target_ids", Attr::Ints(all.target_ids.clone())),
        ("target_nodeids", Attr::Ints(all.target_nodes)),
        ("target_treeids", Attr::Ints(all.target_ids)),
        ("target_weights", Attr::Floats(all.target_weights)),
    ]
}
