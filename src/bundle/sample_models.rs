//! Models for the tests of this module, and what each says of a row by its definition in the domain.

use rand::{Rng as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::domain::model::{
    BayesCategory, BayesNumber, Combine, FittedModel, Layer, Link, NaiveBayes, Neighbours, Network, StoredColumn, Tree,
    TreeEnsemble, TreeNode, Weighting,
};
use crate::domain::training::{Calibration, IsotonicCurve};

/// From the numbers of features and classes.
type Make = fn(usize, usize) -> FittedModel;

/// Name, whose last word is the task; whether the model takes gaps and a category as its first feature; the model.
pub(super) const ALL: [(&str, bool, Make); 19] = [
    ("glm_regression", false, glm),
    ("boosted_binary", true, |n, _| boosted(n, 1, Link::Logit)),
    ("boosted_multiclass", true, |n, classes| boosted(n, classes, Link::Softmax)),
    ("boosted_regression", true, |n, _| boosted(n, 1, Link::Identity)),
    ("boosted_counts_regression", true, |n, _| boosted(n, 1, Link::Log)),
    ("stumps_regression", true, |_, _| stumps()),
    ("forest_binary", true, forest),
    ("forest_multiclass", true, forest),
    ("forest_regression", true, forest),
    ("category_tree_multiclass", true, |n, classes| FittedModel::DecisionTree { tree: grown(5, n, classes, true) }),
    ("bayes_binary", false, bayes),
    ("bayes_gaps_multiclass", true, bayes_gaps),
    ("knn_binary", false, |_, classes| knn(classes, Weighting::Uniform, false)),
    ("knn_far_multiclass", false, |_, classes| knn(classes, Weighting::Uniform, true)),
    ("knn_regression", false, |_, classes| knn(classes, Weighting::Uniform, true)),
    ("knn_near_binary", false, |_, classes| knn(classes, Weighting::Distance, true)),
    ("mlp_binary", false, |n, _| mlp(n, 1, Link::Logit)),
    ("mlp_multiclass", false, |n, classes| mlp(n, classes, Link::Softmax)),
    ("mlp_regression", false, |n, _| mlp(n, 1, Link::Identity)),
];

fn random(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

fn numbers(seed: u64, n: usize) -> Vec<f64> {
    let mut rng = random(seed);
    (0..n).map(|_| rng.gen_range(-1.0..1.0)).collect()
}

fn glm(n_features: usize, _: usize) -> FittedModel {
    let mut coefficients = numbers(1, n_features);
    // Some rows hold 1e300 there.
    coefficients[5] = 0.0;
    FittedModel::Linear { coefficients, intercept: 0.5, link: Link::Log }
}

/// A full tree of depth 4; every third split asks which of a hundred categories the first feature is.
fn grown(seed: u64, n_features: usize, n_values: usize, categories: bool) -> Tree {
    let mut rng = random(seed);
    let (first_half, most, all): (Vec<u32>, Vec<u32>, Vec<u32>) =
        ((0..50).filter(|code| *code != 1).collect(), (2..100).collect(), (0..100).collect());
    let sets: [&[u32]; 8] = [&[2], &[0, 1], &[], &all, &[1], &[0, 2], &first_half, &most];
    let nodes = (0..31_u32).map(|at| {
        if at >= 15 {
            let mut values: Vec<f64> = (0..n_values).map(|_| rng.gen_range(0.01..1.0)).collect();
            if n_values > 1 {
                let sum: f64 = values.iter().sum();
                values.iter_mut().for_each(|v| *v /= sum);
            }
            return TreeNode::Leaf { values: values.into(), cover: 1 };
        }
        let (left, right, gain, cover, missing_left) = (2 * at + 1, 2 * at + 2, 1.0, 1, rng.gen_bool(0.5));
        if categories && at % 3 == 0 {
            let codes = sets[(seed as usize + at as usize / 3) % 8].to_vec().into();
            return TreeNode::CategorySplit { feature: 0, codes, left, right, gain, cover, missing_left };
        }
        let (feature, threshold) = (rng.gen_range(1..n_features as u32), rng.gen_range(-1.0..1.0_f32));
        TreeNode::Split { feature, threshold, left, right, gain, cover, missing_left }
    });
    Tree { nodes: nodes.collect() }
}

fn leaf(values: Vec<f64>) -> Tree {
    Tree { nodes: vec![TreeNode::Leaf { values: values.into(), cover: 1 }] }
}

/// With a tree in the middle that is one leaf.
fn boosted(n_features: usize, n_sums: usize, link: Link) -> FittedModel {
    let mut trees: Vec<Tree> = (0..30 * n_sums as u64).map(|at| grown(at, n_features, 1, true)).collect();
    trees[7] = leaf(vec![0.125]);
    if link == Link::Log {
        let leaves = trees.iter_mut().flat_map(|tree| &mut tree.nodes);
        leaves.for_each(|node| {
            if let TreeNode::Leaf { values, .. } = node {
                values[0] *= 0.1
            }
        });
    }
    FittedModel::Trees(TreeEnsemble { trees, base: numbers(3, n_sums), combine: Combine::Sum, link })
}

fn stumps() -> FittedModel {
    let trees = vec![leaf(vec![0.5]), leaf(vec![1e9])];
    FittedModel::Trees(TreeEnsemble { trees, base: vec![0.25], combine: Combine::Mean, link: Link::Identity })
}

pub(super) fn forest(n_features: usize, n_classes: usize) -> FittedModel {
    let n_sums = n_classes.max(1);
    let mut trees: Vec<Tree> = (100..125).map(|at| grown(at, n_features, n_sums, true)).collect();
    trees[3] = leaf(vec![1.0 / n_sums as f64; n_sums]);
    let (base, combine) = (vec![0.0; n_sums], Combine::Mean);
    FittedModel::Trees(TreeEnsemble { trees, base, combine, link: Link::Identity })
}

fn bayes_number(feature: u32, n_classes: usize) -> BayesNumber {
    let variances = numbers(u64::from(feature) + 50, n_classes).into_iter().map(|v| 0.5 + v.abs()).collect();
    BayesNumber { feature, means: numbers(u64::from(feature) + 20, n_classes), variances }
}

fn bayes_category(feature: u32, indicators: bool, n_classes: usize) -> BayesCategory {
    let log_shares = (0..n_classes as u64).map(|class| {
        let raw: Vec<f64> = numbers(class + 80 + u64::from(feature), 3).into_iter().map(|v| v.abs() + 0.1).collect();
        let sum: f64 = raw.iter().sum();
        raw.into_iter().map(|v| (v / sum).ln()).collect()
    });
    BayesCategory { feature, indicators, log_shares: log_shares.collect() }
}

/// Indicators, three numbers, indicators, three yes/no.
fn bayes(n_features: usize, n_classes: usize) -> FittedModel {
    FittedModel::NaiveBayes(NaiveBayes {
        n_features: n_features as u32,
        log_priors: vec![0.3_f64.ln(), 0.7_f64.ln()],
        numbers: [3, 4, 5, 9, 10, 11].map(|feature| bayes_number(feature, n_classes)).to_vec(),
        categories: [0, 6].map(|feature| bayes_category(feature, true, n_classes)).to_vec(),
    })
}

/// A category, three numbers, indicators, one yes/no and a last one; the numbers have gaps.
fn bayes_gaps(n_features: usize, n_classes: usize) -> FittedModel {
    FittedModel::NaiveBayes(NaiveBayes {
        n_features: n_features as u32,
        log_priors: [0.3_f64, 0.6, 0.1].map(f64::ln).to_vec(),
        numbers: [1, 2, 3].map(|feature| bayes_number(feature, n_classes)).to_vec(),
        categories: vec![bayes_category(0, false, n_classes), bayes_category(4, true, n_classes)],
    })
}

/// Stored rows on a coarse grid, so that many are equally far.
fn knn(n_classes: usize, weighting: Weighting, weighted: bool) -> FittedModel {
    let (n, mut rng) = (250, random(9));
    let mut column = |steps: i32| StoredColumn::Numbers {
        values: (0..n).map(|_| f64::from(rng.gen_range(-steps..=steps)) / 3.0).collect(),
    };
    let mut columns: Vec<StoredColumn> = [4, 2, 3, 1, 1, 1].map(&mut column).into();
    let mut rng = random(10);
    let mut codes = || {
        let codes = (0..n).map(|_| rng.gen_range(0..4_u32)).map(|code| if code == 3 { u32::MAX } else { code });
        StoredColumn::Indicators { codes: codes.collect(), n_levels: 3 }
    };
    columns.insert(0, codes());
    columns.insert(4, codes());
    let answers = (0..n)
        .map(|_| if n_classes > 0 { f64::from(rng.gen_range(0..n_classes as u32)) } else { rng.gen_range(0.0..9.0) });
    let answers: Vec<f64> = answers.collect();
    let row_weights = weighted.then(|| (0..n).map(|row| 0.5 + f64::from(row % 3)).collect());
    FittedModel::Knn(Neighbours { n_neighbors: 7, weighting, columns, answers, row_weights })
}

fn mlp(n_features: usize, n_sums: usize, link: Link) -> FittedModel {
    let layer = |seed: u64, n_inputs: usize, n_outputs: usize| Layer {
        n_inputs: n_inputs as u32,
        n_outputs: n_outputs as u32,
        weights: numbers(seed, n_inputs * n_outputs).into_iter().map(|w| w as f32).collect(),
        biases: numbers(seed + 1, n_outputs).into_iter().map(|w| w as f32).collect(),
    };
    let layers = vec![layer(1, n_features, 8), layer(3, 8, 5), layer(5, 5, n_sums)];
    let (center, spread) = if link == Link::Identity { (1000.0, 25.0) } else { (0.0, 1.0) };
    FittedModel::Mlp(Network { layers, center, spread, link })
}

/// Curves for one or all classes.
pub(super) fn calibration(method: &str, n_classes: usize) -> Calibration {
    let n = if n_classes == 2 { 1 } else { n_classes };
    if method == "platt" {
        return Calibration::Platt { curves: (0..n).map(|k| [-4.0 - k as f64, 1.5]).collect() };
    }
    let curve = |k: usize| {
        // One end of the curves is 0, so that all classes of a row may be.
        let x: Vec<f64> = (0..40).map(|at| 0.1 * k as f64 + f64::from(at) / 50.0).collect();
        let y = x.iter().map(|x| (x * x - 0.2).max(0.0)).collect();
        IsotonicCurve { x, y }
    };
    Calibration::Isotonic { curves: (0..n).map(curve).collect() }
}

/// Probabilities after calibration.
pub(super) fn corrected(calibration: &Calibration, p: Vec<f64>) -> Vec<f64> {
    let curve = |k: usize, p: f64| match calibration {
        Calibration::Platt { curves } => 1.0 / (1.0 + (curves[k][0] * p + curves[k][1]).exp()),
        Calibration::Isotonic { curves } => {
            let IsotonicCurve { x, y } = &curves[k];
            match (0..x.len()).rev().find(|&at| x[at] <= p) {
                None => y[0],
                Some(at) if at + 1 == x.len() => y[at],
                Some(at) => y[at] + (p - x[at]) / (x[at + 1] - x[at]) * (y[at + 1] - y[at]),
            }
        }
    };
    if p.len() == 2 {
        let second = curve(0, p[1]);
        return vec![1.0 - second, second];
    }
    let all: Vec<f64> = p.iter().enumerate().map(|(k, p)| curve(k, *p)).collect();
    let sum: f64 = all.iter().sum();
    all.iter().map(|p| if sum > 0.0 { p / sum } else { 1.0 / all.len() as f64 }).collect()
}

/// What a model says of one row of features.
pub(super) fn answer(model: &FittedModel, x: &[f64], n_classes: usize) -> Vec<f64> {
    match model {
        FittedModel::Trees(ensemble) => linked(ensemble.link, tree_sums(ensemble, x)),
        FittedModel::NaiveBayes(bayes) => bayes_answer(bayes, x),
        FittedModel::Knn(stored) => knn_answer(stored, x, n_classes),
        FittedModel::Mlp(network) => {
            let mut z = x.to_vec();
            for (at, layer) in network.layers.iter().enumerate() {
                if at > 0 {
                    z.iter_mut().for_each(|z| *z = z.max(0.0));
                }
                let n = layer.n_outputs as usize;
                let out = |o: usize| -> f64 {
                    z.iter().enumerate().map(|(i, z)| z * f64::from(layer.weights[i * n + o])).sum::<f64>()
                        + f64::from(layer.biases[o])
                };
                z = (0..n).map(out).collect();
            }
            linked(network.link, z.iter().map(|z| network.center + network.spread * z).collect())
        }
        other => panic!("{other:?} is described elsewhere"),
    }
}

fn linked(link: Link, z: Vec<f64>) -> Vec<f64> {
    match link {
        Link::Identity => z,
        Link::Log => z.iter().map(|z| z.exp()).collect(),
        Link::Logit => {
            let p = 1.0 / (1.0 + (-z[0]).exp());
            vec![1.0 - p, p]
        }
        Link::Softmax => softmax(&z),
    }
}

fn softmax(z: &[f64]) -> Vec<f64> {
    let top = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = z.iter().map(|z| (z - top).exp()).sum();
    z.iter().map(|z| (z - top).exp() / sum).collect()
}

fn tree_sums(ensemble: &TreeEnsemble, x: &[f64]) -> Vec<f64> {
    let mut sums = ensemble.base.clone();
    let n = sums.len();
    for (at, tree) in ensemble.trees.iter().enumerate() {
        let leaf = tree.leaf(x);
        match ensemble.combine {
            Combine::Sum => sums[at % n] += leaf[0],
            Combine::Mean => (0..n).for_each(|o| sums[o] += leaf[o] / ensemble.trees.len() as f64),
        }
    }
    sums
}

fn bayes_answer(bayes: &NaiveBayes, x: &[f64]) -> Vec<f64> {
    let mut z = bayes.log_priors.clone();
    for (class, z) in z.iter_mut().enumerate() {
        for number in &bayes.numbers {
            let (v, mean, variance) = (x[number.feature as usize], number.means[class], number.variances[class]);
            if !v.is_nan() {
                *z -= 0.5 * (2.0 * std::f64::consts::PI * variance).ln() + (v - mean) * (v - mean) / (2.0 * variance);
            }
        }
        for category in &bayes.categories {
            let (first, shares) = (category.feature as usize, &category.log_shares[class]);
            let level = if category.indicators {
                (0..shares.len()).find(|level| x[first + level] == 1.0)
            } else {
                (!x[first].is_nan()).then_some(x[first] as usize)
            };
            *z += level.map_or(0.0, |level| shares[level]);
        }
    }
    if z.iter().all(|z| *z == f64::NEG_INFINITY) { softmax(&bayes.log_priors) } else { softmax(&z) }
}

fn knn_answer(stored: &Neighbours, x: &[f64], n_classes: usize) -> Vec<f64> {
    let n = stored.answers.len();
    let distance = |row: usize| {
        let (mut at, mut numbers, mut codes) = (0, 0.0, 0.0);
        for column in &stored.columns {
            match column {
                StoredColumn::Numbers { values } => {
                    // Around the mean, as scoring does, which decides between rows that are equally far.
                    let center: f64 = values.iter().map(|v| v / n as f64).sum();
                    let by = (x[at] - center) - (values[row] - center);
                    numbers += by * by;
                    at += 1;
                }
                StoredColumn::Indicators { codes: of_rows, n_levels } => {
                    let n_levels = *n_levels as usize;
                    let differ = |level: usize| x[at + level] != f64::from(u8::from(of_rows[row] as usize == level));
                    codes += (0..n_levels).filter(|&level| differ(level)).count() as f64;
                    at += n_levels;
                }
            }
        }
        (numbers + codes).sqrt()
    };
    let mut all: Vec<(f64, usize)> = (0..n).map(|row| (distance(row), row)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all.truncate(stored.n_neighbors as usize);
    let touches = all[0].0 == 0.0;
    let weight = |&(distance, row): &(f64, usize)| {
        let by_distance = match stored.weighting {
            Weighting::Uniform => 1.0,
            Weighting::Distance if touches => f64::from(u8::from(distance == 0.0)),
            Weighting::Distance => 1.0 / distance,
        };
        by_distance * stored.row_weights.as_ref().map_or(1.0, |weights| weights[row])
    };
    let total: f64 = all.iter().map(weight).sum();
    let mut answer = vec![0.0; n_classes.max(1)];
    for near in &all {
        let said = stored.answers[near.1];
        match n_classes {
            0 => answer[0] += weight(near) / total * said,
            _ => answer[said as usize] += weight(near) / total,
        }
    }
    answer
}
