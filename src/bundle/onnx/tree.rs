//! One decision tree as the attributes of a `TreeEnsembleRegressor`, and back.
//!
//! The operator works in float. To keep leaf values exact it answers the number of the leaf (0, 1, 2 … in node order,
//! exact up to 2²⁴), with which the graph then fetches a row of doubles.

use super::graph::Attr;
use crate::domain::model::{Tree, TreeNode};

pub(super) fn leaf_values(node: &TreeNode) -> Option<&[f64]> {
    match node {
        TreeNode::Leaf { values, .. } => Some(values),
        TreeNode::Split { .. } | TreeNode::CategorySplit { .. } => None,
    }
}

/// `order` maps a column of the graph's matrix to a feature of the recipe.
pub(super) fn tree_attributes(tree: &Tree, order: &[usize]) -> Vec<(&'static str, Attr)> {
    let mut column_of = vec![0_i64; order.len()];
    for (column, &feature) in order.iter().enumerate() {
        column_of[feature] = column as i64;
    }
    let n = tree.nodes.len();
    let (mut features, mut thresholds, mut modes) = (vec![0; n], vec![0.0; n], vec![b"LEAF".to_vec(); n]);
    let (mut yes, mut no, mut missing_yes) = (vec![0; n], vec![0; n], vec![0; n]);
    let mut leaves = Vec::new();
    for (at, node) in tree.nodes.iter().enumerate() {
        match node {
            TreeNode::Leaf { .. } => leaves.push(at as i64),
            // Refused by `check`.
            TreeNode::CategorySplit { .. } => {}
            TreeNode::Split { feature, threshold, left, right, missing_left, .. } => {
                features[at] = column_of[*feature as usize];
                thresholds[at] = *threshold;
                modes[at] = b"BRANCH_LEQ".to_vec();
                yes[at] = i64::from(*left);
                no[at] = i64::from(*right);
                missing_yes[at] = i64::from(*missing_left);
            }
        }
    }
    let n_leaves = leaves.len();
    vec![
        ("aggregate_function", Attr::Text("SUM")),
        ("n_targets", Attr::Int(1)),
        ("nodes_falsenodeids", Attr::Ints(no)),
        ("nodes_featureids", Attr::Ints(features)),
        ("nodes_missing_value_tracks_true", Attr::Ints(missing_yes)),
        ("nodes_modes", Attr::Texts(modes)),
        ("nodes_nodeids", Attr::Ints((0..n as i64).collect())),
        ("nodes_treeids", Attr::Ints(vec![0; n])),
        ("nodes_truenodeids", Attr::Ints(yes)),
        ("nodes_values", Attr::Floats(thresholds)),
        ("post_transform", Attr::Text("NONE")),
        ("target_ids", Attr::Ints(vec![0; n_leaves])),
        ("target_nodeids", Attr::Ints(leaves)),
        ("target_treeids", Attr::Ints(vec![0; n_leaves])),
        ("target_weights", Attr::Floats((0..n_leaves).map(|leaf| leaf as f32).collect())),
    ]
}

/// A tree read back from a file: rows of floats in, leaf weights out.
#[derive(Debug)]
pub(super) struct FloatTree {
    nodes: Vec<FloatNode>,
    /// Columns a row must have.
    pub width: usize,
}

#[derive(Clone, Copy, Debug)]
enum FloatNode {
    Leaf(f32),
    Split { column: usize, threshold: f32, yes: usize, no: usize, missing_yes: bool },
}

/// The attributes that say something, as read.
pub(super) struct TreeParts<'a> {
    pub modes: &'a [Vec<u8>],
    pub features: &'a [i64],
    pub thresholds: &'a [f32],
    pub yes: &'a [i64],
    pub no: &'a [i64],
    pub missing_yes: &'a [i64],
    pub target_nodes: &'a [i64],
    pub target_weights: &'a [f32],
}

impl FloatTree {
    /// Checks that arrays have one length, every node is a leaf with one weight or a split, children come after their
    /// parent (so that no row walks in a circle) and asked columns exist.
    pub fn build(parts: &TreeParts<'_>, width: usize) -> Result<Self, String> {
        let n = parts.modes.len();
        let lengths =
            [parts.features.len(), parts.thresholds.len(), parts.yes.len(), parts.no.len(), parts.missing_yes.len()];
        if n == 0
            || width == 0
            || lengths.iter().any(|&length| length != n)
            || parts.target_nodes.len() != parts.target_weights.len()
        {
            return Err("the arrays of its tree are empty or differ in length".to_owned());
        }
        let mut weights = vec![None; n];
        for (&node, &weight) in parts.target_nodes.iter().zip(parts.target_weights) {
            let slot = usize::try_from(node).ok().and_then(|i| weights.get_mut(i));
            match slot {
                Some(slot @ None) => *slot = Some(weight),
                _ => return Err(format!("leaf {node} of its tree does not exist or has two weights")),
            }
        }
        let mut nodes = Vec::with_capacity(n);
        for (at, &weight) in weights.iter().enumerate() {
            let child = |id: i64| {
                let id = usize::try_from(id).ok().filter(|&i| i > at && i < n);
                id.ok_or_else(|| format!("node {at} of its tree has a child out of order"))
            };
            nodes.push(match (parts.modes[at].as_slice(), weight) {
                (b"LEAF", Some(weight)) => FloatNode::Leaf(weight),
                (b"BRANCH_LEQ", None) => {
                    let column = usize::try_from(parts.features[at]).ok().filter(|&c| c < width);
                    let column =
                        column.ok_or_else(|| format!("node {at} of its tree asks for a column out of range"))?;
                    let threshold = parts.thresholds[at];
                    let missing_yes = match parts.missing_yes[at] {
                        0 => false,
                        1 => true,
                        _ => {
                            return Err(format!(
                                "node {at} of its tree sends gaps neither to the left nor to the right"
                            ));
                        }
                    };
                    let (yes, no) = (child(parts.yes[at])?, child(parts.no[at])?);
                    FloatNode::Split { column, threshold, yes, no, missing_yes }
                }
                _ => return Err(format!("node {at} of its tree is neither a split nor a leaf with a weight")),
            });
        }
        Ok(Self { nodes, width })
    }

    /// The weight of the leaf a row of `width` columns ends in.
    pub fn answer(&self, row: &[f32]) -> f32 {
        let mut at = 0;
        loop {
            match self.nodes[at] {
                FloatNode::Leaf(weight) => return weight,
                FloatNode::Split { column, threshold, yes, no, missing_yes } => {
                    let x = row[column];
                    at = if x <= threshold || (missing_yes && x.is_nan()) { yes } else { no };
                }
            }
        }
    }
}
