//! What trees say about many rows: the same answers as [`Tree::leaf`], several times faster.
//!
//! A model compares each feature with a few hundred thresholds at most, however many trees it has. So each value becomes
//! one byte first, and every test of a node, on a number, a category or a missing cell, is one bit of a set of 256. Rows
//! then walk eight at a time without branches: each waits for memory while the others go on. Models with more thresholds
//! (not ours) are walked node by node.

use crate::domain::features::Features;
use crate::domain::io::{Cancelled, JobIo};
use crate::domain::model::{Combine, Link, Tree, TreeEnsemble};
use crate::ml::trees::compact::{CHUNK, Compact, add};
use crate::ml::trees::kernel::{Team, Watch};

/// Nodes from which more than one thread lays them out.
const SHARED_NODES: usize = 200_000;

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
    let n_nodes: usize = trees.iter().map(|tree| tree.nodes.len()).sum();
    // Threads for few rows would only wait, unless there is much to lay out.
    let n_useful = if n_nodes > SHARED_NODES { n_threads } else { n_threads.min(x.n_rows.div_ceil(CHUNK)) };
    let team = Team::new(n_useful.max(1));
    let compact = Compact::new(trees, x, &team);
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
            Some(compact) => compact.add(x, from, combine, width, answers),
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
