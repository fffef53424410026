//! The trees of a `TreeEnsembleRegressor`, read back from a file: rows of floats in, one leaf weight per tree out.

/// Trees one behind the other.
#[derive(Debug)]
pub(super) struct FloatTrees {
    nodes: Vec<FloatNode>,
    /// Where each tree begins.
    roots: Vec<u32>,
    /// Columns a row must have.
    width: usize,
}

#[derive(Clone, Copy, Debug)]
enum FloatNode {
    Leaf(f32),
    Split { column: u32, threshold: f32, yes: u32, no: u32, equal: bool, missing_yes: bool },
}

/// The attributes that say something, as read.
pub(super) struct TreeParts<'a> {
    pub trees: &'a [i64],
    pub ids: &'a [i64],
    pub modes: &'a [Vec<u8>],
    pub features: &'a [i64],
    pub thresholds: &'a [f32],
    pub yes: &'a [i64],
    pub no: &'a [i64],
    pub missing_yes: &'a [i64],
    pub targets: &'a [i64],
    pub target_trees: &'a [i64],
    pub target_nodes: &'a [i64],
    pub target_weights: &'a [f32],
}

impl TreeParts<'_> {
    fn check_lengths(&self) -> Result<(), String> {
        let n = self.modes.len();
        let of_nodes = [
            self.trees.len(),
            self.ids.len(),
            self.features.len(),
            self.thresholds.len(),
            self.yes.len(),
            self.no.len(),
            self.missing_yes.len(),
        ];
        let of_targets = [self.targets.len(), self.target_trees.len(), self.target_nodes.len()];
        let fit = n > 0
            && u32::try_from(n).is_ok()
            && of_nodes.iter().all(|&length| length == n)
            && of_targets.iter().all(|&length| length == self.target_weights.len());
        if fit { Ok(()) } else { Err("the arrays of its tree are empty or differ in length".to_owned()) }
    }

    /// Where each tree begins: trees and the nodes of each are counted from 0, without gaps.
    fn roots(&self) -> Result<Vec<u32>, String> {
        let mut roots = Vec::new();
        for (at, (&tree, &id)) in self.trees.iter().zip(self.ids).enumerate() {
            if tree == roots.len() as i64 && id == 0 {
                roots.push(at as u32);
            }
            let begins = roots.last().map_or(0, |&root| root as usize);
            if tree != roots.len() as i64 - 1 || id != (at - begins) as i64 {
                return Err("its nodes are not numbered in order".to_owned());
            }
        }
        Ok(roots)
    }

    /// The weight of each node that is a leaf. Every tree answers into the output of its own number.
    fn weights(&self, roots: &[u32]) -> Result<Vec<Option<f32>>, String> {
        let mut weights = vec![None; self.modes.len()];
        for (at, &weight) in self.target_weights.iter().enumerate() {
            let (tree, node) = (self.target_trees[at], self.target_nodes[at]);
            if self.targets[at] != tree {
                return Err(format!("a leaf of tree {tree} answers into output {}", self.targets[at]));
            }
            let nth = usize::try_from(tree).ok().filter(|&tree| tree < roots.len());
            let slot = nth.zip(usize::try_from(node).ok()).and_then(|(nth, node)| {
                let end = roots.get(nth + 1).map_or(weights.len(), |&next| next as usize);
                let place = (roots[nth] as usize).checked_add(node).filter(|&place| place < end)?;
                weights.get_mut(place)
            });
            match slot {
                Some(slot @ None) => *slot = Some(weight),
                _ => return Err(format!("leaf {node} of its tree does not exist or has two weights")),
            }
        }
        Ok(weights)
    }
}

impl FloatTrees {
    /// Checks that arrays have one length, every node is a leaf with one weight or a split, children come after their
    /// parent in the same tree (so that no row walks in a circle) and asked columns exist.
    pub fn build(parts: &TreeParts<'_>, width: usize) -> Result<Self, String> {
        parts.check_lengths()?;
        if width == 0 || u32::try_from(width).is_err() {
            return Err("its rows have no columns, or too many".to_owned());
        }
        let roots = parts.roots()?;
        let weights = parts.weights(&roots)?;
        let mut nodes = Vec::with_capacity(weights.len());
        for (nth, &root) in roots.iter().enumerate() {
            let (root, end) = (root as usize, roots.get(nth + 1).map_or(weights.len(), |&next| next as usize));
            for (at, &weight) in weights.iter().enumerate().take(end).skip(root) {
                nodes.push(node(parts, at, root, end, weight, width)?);
            }
        }
        Ok(Self { nodes, roots, width })
    }

    pub fn n_trees(&self) -> usize {
        self.roots.len()
    }

    /// For every row of `width` columns the weight of the leaf it ends in, tree by tree.
    pub fn answers(&self, rows: &[f32]) -> Vec<f32> {
        let n_rows = rows.len() / self.width;
        let mut answers = vec![0.0; n_rows * self.roots.len()];
        // Tree by tree, so that the nodes of one stay in the cache for all rows.
        for (nth, &root) in self.roots.iter().enumerate() {
            let into = answers.iter_mut().skip(nth).step_by(self.roots.len());
            for (row, answer) in rows.chunks_exact(self.width).zip(into) {
                *answer = self.walk(root, row);
            }
        }
        answers
    }

    fn walk(&self, root: u32, row: &[f32]) -> f32 {
        let mut at = root;
        loop {
            match self.nodes[at as usize] {
                FloatNode::Leaf(weight) => return weight,
                FloatNode::Split { column, threshold, yes, no, equal, missing_yes } => {
                    let x = row[column as usize];
                    let holds = if equal { x == threshold } else { x <= threshold };
                    at = if holds || (missing_yes && x.is_nan()) { yes } else { no };
                }
            }
        }
    }
}

/// Node `at` of all, of a tree that lies at `root..end`.
fn node(
    parts: &TreeParts<'_>,
    at: usize,
    root: usize,
    end: usize,
    weight: Option<f32>,
    width: usize,
) -> Result<FloatNode, String> {
    let id = at - root;
    let child = |child: i64| {
        let place = usize::try_from(child).ok().and_then(|child| root.checked_add(child));
        let place = place.filter(|&place| place > at && place < end).map(|place| place as u32);
        place.ok_or_else(|| format!("node {id} of its tree has a child out of order"))
    };
    let equal = match (parts.modes[at].as_slice(), weight) {
        (b"LEAF", Some(weight)) => return Ok(FloatNode::Leaf(weight)),
        (b"BRANCH_LEQ", None) => false,
        (b"BRANCH_EQ", None) => true,
        _ => return Err(format!("node {id} of its tree is neither a split nor a leaf with a weight")),
    };
    let column = usize::try_from(parts.features[at]).ok().filter(|&c| c < width).map(|c| c as u32);
    let column = column.ok_or_else(|| format!("node {id} of its tree asks for a column out of range"))?;
    let missing_yes = match parts.missing_yes[at] {
        0 => false,
        1 => true,
        _ => return Err(format!("node {id} of its tree sends gaps neither to the left nor to the right")),
    };
    let (yes, no) = (child(parts.yes[at])?, child(parts.no[at])?);
    Ok(FloatNode::Split { column, threshold: parts.thresholds[at], yes, no, equal, missing_yes })
}
