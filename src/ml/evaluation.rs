//! What a run's plots are drawn from, computed once on the test rows.

use crate::domain::evaluation::{ClassCurves, ClassMetrics, Evaluation, EvaluationPlots, ImportanceBy};
use crate::domain::features::Features;
use crate::domain::io::{Cancelled, JobIo};
use crate::domain::model::{FittedModel, Tree, TreeNode};
use crate::domain::profile::Histogram;
use crate::domain::task::{Predictions, Target, Task};
use crate::ml::importance;
use crate::ml::metrics::{self, confusion, ranking};
use crate::ml::sums;

const FORMAT_VERSION: u32 = 1;
const MAX_CURVE_POINTS: usize = 1000;
const MAX_SCATTER_POINTS: usize = 2000;
const MAX_IMPORTANCES: usize = 50;
const CALIBRATION_BINS: usize = 10;
const RESIDUAL_BINS: usize = 40;

/// Truth and predictions of the same rows; `features` are the matrix's column names. The importance of models that have
/// no weight of their own for a feature comes with [`add_permutation`].
pub fn evaluate_plots(
    task: Task,
    classes: &[String],
    truth: &Target,
    predicted: &Predictions,
    model: &FittedModel,
    features: &[String],
    threshold: Option<f64>,
) -> Evaluation {
    let plots = match (truth, predicted) {
        (Target::Values(truth), Predictions::Values(predicted)) => regression(truth, predicted),
        (Target::Classes { codes, .. }, Predictions::Classes { probabilities, n_classes }) => {
            classification(task, classes, codes, probabilities, *n_classes, &predicted.labels_at(threshold))
        }
        // Truth and predictions of different kinds: nothing to draw.
        _ => regression(&[], &[]),
    };
    let n_rows = truth.len() as u64;
    let importance_by = importance_by(model);
    let (by_class, importance) = (by_class(&plots), importance(model, features));
    Evaluation { format_version: FORMAT_VERSION, n_rows, by_class, plots, importance, importance_by }
}

fn by_class(plots: &EvaluationPlots) -> Vec<ClassMetrics> {
    let EvaluationPlots::Classification { classes, confusion, .. } = plots else { return Vec::new() };
    let measured = metrics::by_class(confusion);
    let each = classes.iter().zip(measured);
    each.map(|(class, (precision, recall, f1, rows))| ClassMetrics {
        class: class.clone(),
        rows,
        precision,
        recall,
        f1,
    })
    .collect()
}

fn importance_by(model: &FittedModel) -> ImportanceBy {
    match model {
        FittedModel::Baseline { .. } | FittedModel::Linear { .. } | FittedModel::Logistic { .. } => {
            ImportanceBy::Weight
        }
        FittedModel::DecisionTree { .. } | FittedModel::Trees(_) => ImportanceBy::Gain,
        FittedModel::NaiveBayes(_) | FittedModel::Knn(_) | FittedModel::Mlp(_) | FittedModel::Ensemble { .. } => {
            ImportanceBy::Permutation
        }
    }
}

/// Fills in the importance of models that have no weight of their own for a feature: by shuffling the columns of the
/// test rows, in an order that `seed` gives. Leaves other models alone.
pub fn add_permutation(
    evaluation: &mut Evaluation,
    model: &FittedModel,
    task: Task,
    x: &Features,
    truth: &Target,
    seed: u64,
    io: &dyn JobIo,
) -> Result<(), Cancelled> {
    if evaluation.importance_by != ImportanceBy::Permutation {
        return Ok(());
    }
    let n_classes = if let Target::Classes { n_classes, .. } = truth { *n_classes } else { 0 };
    set_permutation(evaluation, importance::permutation(model, task, n_classes, x, truth, seed, io)?);
    Ok(())
}

/// Takes over what shuffling each column adds to the loss.
pub fn set_permutation(evaluation: &mut Evaluation, added: Vec<(String, f64)>) {
    let (names, weights): (Vec<String>, Vec<f64>) = added.into_iter().unzip();
    evaluation.importance = shares(&names, &weights);
}

fn classification(
    task: Task,
    classes: &[String],
    truth: &[u32],
    probabilities: &[f64],
    n_classes: usize,
    labels: &[u32],
) -> EvaluationPlots {
    let drawn = if task == Task::Binary { 1..n_classes } else { 0..n_classes };
    let curves = drawn.filter_map(|class| {
        let is_class: Vec<bool> = truth.iter().map(|&code| code as usize == class).collect();
        let scores: Vec<f64> = probabilities.iter().skip(class).step_by(n_classes).copied().collect();
        let roc = ranking::roc_points(&is_class, &scores);
        (!roc.is_empty()).then(|| ClassCurves {
            class: classes.get(class).cloned().unwrap_or_default(),
            roc: thin(&roc, MAX_CURVE_POINTS),
            precision_recall: thin(&ranking::precision_recall_points(&is_class, &scores), MAX_CURVE_POINTS),
            calibration: calibration(&is_class, &scores),
        })
    });
    let curves = curves.collect();
    EvaluationPlots::Classification {
        classes: classes.to_vec(),
        confusion: confusion(truth, labels, n_classes),
        curves,
    }
}

/// Bins `(lower, upper]` of equal width, the first including 0, as scikit-learn's `calibration_curve`; empty ones left out.
fn calibration(is_positive: &[bool], scores: &[f64]) -> Vec<(f64, f64, u64)> {
    let edges: Vec<f64> = (1..CALIBRATION_BINS).map(|i| i as f64 / CALIBRATION_BINS as f64).collect();
    let mut bins = vec![(0.0, 0_u64, 0_u64); CALIBRATION_BINS];
    for (&positive, &score) in is_positive.iter().zip(scores) {
        let bin = &mut bins[edges.partition_point(|&edge| edge < score)];
        bin.0 += score;
        bin.1 += u64::from(positive);
        bin.2 += 1;
    }
    let filled = bins.into_iter().filter(|(_, _, rows)| *rows > 0);
    filled.map(|(sum, positive, rows)| (sum / rows as f64, positive as f64 / rows as f64, rows)).collect()
}

fn regression(truth: &[f64], predicted: &[f64]) -> EvaluationPlots {
    let pairs: Vec<[f64; 2]> = truth.iter().zip(predicted).map(|(y, p)| [*y, *p]).collect();
    let residuals: Vec<f64> = pairs.iter().map(|[y, p]| y - p).collect();
    EvaluationPlots::Regression { points: thin(&pairs, MAX_SCATTER_POINTS), residuals: histogram(&residuals) }
}

/// Equal-width bins from the smallest to the largest value; NumPy's rule for edges and for values that are all equal.
fn histogram(values: &[f64]) -> Histogram {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (Some(low), Some(high)) = (finite().reduce(f64::min), finite().reduce(f64::max)) else {
        return Histogram { edges: Vec::new(), counts: Vec::new() };
    };
    let (low, high) = if low == high { (low - 0.5, high + 0.5) } else { (low, high) };
    // Weighted rather than stepped: neither the width nor the last edge can leave the finite numbers.
    let edge = |i: usize| {
        let share = i as f64 / RESIDUAL_BINS as f64;
        low * (1.0 - share) + high * share
    };
    let edges: Vec<f64> = (0..=RESIDUAL_BINS).map(edge).collect();
    let mut counts = vec![0; RESIDUAL_BINS];
    for value in finite() {
        counts[edges[1..RESIDUAL_BINS].partition_point(|&inner| inner <= value)] += 1;
    }
    Histogram { edges, counts }
}

/// Evenly picked points, always with the first and the last.
fn thin(points: &[[f64; 2]], most: usize) -> Vec<[f64; 2]> {
    if points.len() <= most {
        return points.to_vec();
    }
    (0..most).map(|i| points[i * (points.len() - 1) / (most - 1)]).collect()
}

/// Shares of the model's weight, largest first, ties by name; features without weight are left out.
fn importance(model: &FittedModel, features: &[String]) -> Vec<(String, f64)> {
    let mut weights = vec![0.0; features.len()];
    let mut add = |feature: usize, weight: f64| {
        if let Some(total) = weights.get_mut(feature) {
            *total += weight.abs();
        }
    };
    match model {
        // No number of theirs is the weight of one feature.
        FittedModel::Baseline { .. }
        | FittedModel::NaiveBayes(_)
        | FittedModel::Knn(_)
        | FittedModel::Mlp(_)
        | FittedModel::Ensemble { .. } => {}
        FittedModel::Linear { coefficients, .. } => {
            coefficients.iter().enumerate().for_each(|(feature, weight)| add(feature, *weight));
        }
        FittedModel::Logistic { coefficients, .. } => {
            coefficients.iter().for_each(|row| row.iter().enumerate().for_each(|(feature, w)| add(feature, *w)));
        }
        FittedModel::DecisionTree { tree } => add_gains(tree, &mut add),
        FittedModel::Trees(ensemble) => ensemble.trees.iter().for_each(|tree| add_gains(tree, &mut add)),
    }
    shares(features, &weights)
}

/// Shares of the whole, largest first.
fn shares(features: &[String], weights: &[f64]) -> Vec<(String, f64)> {
    // Relative to the largest first: the sum of huge weights would overflow.
    let largest = weights.iter().copied().fold(0.0, f64::max);
    if largest == 0.0 || !largest.is_finite() {
        return Vec::new();
    }
    let total = sums::sum(weights.iter().map(|weight| weight / largest));
    let mut shares: Vec<(String, f64)> = features
        .iter()
        .zip(weights)
        .filter(|(_, weight)| **weight > 0.0)
        .map(|(feature, weight)| (feature.clone(), weight / largest / total))
        .collect();
    shares.sort_by(|(a, x), (b, y)| y.total_cmp(x).then_with(|| a.cmp(b)));
    shares.truncate(MAX_IMPORTANCES);
    shares
}

fn add_gains(tree: &Tree, add: &mut impl FnMut(usize, f64)) {
    for node in &tree.nodes {
        if let TreeNode::Split { feature, gain, .. } | TreeNode::CategorySplit { feature, gain, .. } = node {
            add(*feature as usize, *gain);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::model::Link;
    use crate::ml::algorithms::testing::Lcg;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn classification_has_confusion_curves_and_calibration() {
        let truth = Target::Classes { codes: vec![0, 0, 1, 1], n_classes: 2 };
        let probabilities = vec![0.9, 0.1, 0.6, 0.4, 0.65, 0.35, 0.2, 0.8];
        let predicted = Predictions::Classes { probabilities, n_classes: 2 };
        let model = FittedModel::Logistic { coefficients: vec![vec![3.0, -1.0]], intercepts: vec![0.0] };
        let classes = names(&["no", "yes"]);
        let evaluation = evaluate_plots(Task::Binary, &classes, &truth, &predicted, &model, &names(&["a", "b"]), None);
        assert_eq!(evaluation.importance, [("a".to_owned(), 0.75), ("b".to_owned(), 0.25)]);
        let EvaluationPlots::Classification { confusion, curves, .. } = evaluation.plots else {
            panic!("classification expected")
        };
        assert_eq!(confusion, [[2, 0], [1, 1]]);
        assert_eq!(curves.len(), 1);
        assert_eq!((curves[0].class.as_str(), curves[0].roc.len()), ("yes", 5));
        // sklearn.calibration.calibration_curve(y, p, n_bins=10): 0.4 lies in (0.3, 0.4] with 0.35.
        assert_eq!(curves[0].calibration, [(0.1, 0.0, 1), (0.375, 0.5, 2), (0.8, 1.0, 1)]);
    }

    #[test]
    fn many_rows_are_thinned_with_both_ends() {
        let mut source = Lcg(3);
        let n = 20_000;
        let codes: Vec<u32> = (0..n).map(|_| (source.next() * 3.0) as u32).collect();
        let probabilities: Vec<f64> = (0..n)
            .flat_map(|_| {
                let (a, b) = (source.next(), source.next());
                let sum = a + b + 1.0;
                [a / sum, b / sum, 1.0 / sum]
            })
            .collect();
        let truth = Target::Classes { codes, n_classes: 3 };
        let predicted = Predictions::Classes { probabilities, n_classes: 3 };
        let model = FittedModel::Baseline { output: vec![0.3; 3] };
        let made = evaluate_plots(Task::Multiclass, &names(&["a", "b", "c"]), &truth, &predicted, &model, &[], None);
        let EvaluationPlots::Classification { curves, confusion, .. } = made.plots else { panic!("classification") };
        assert_eq!(curves.len(), 3);
        assert_eq!(confusion.iter().flatten().sum::<u64>(), n as u64);
        for curve in &curves {
            assert!(curve.roc.len() <= 1000 && curve.precision_recall.len() <= 1000);
            assert_eq!((curve.roc[0], curve.roc[curve.roc.len() - 1]), ([0.0, 0.0], [1.0, 1.0]));
            assert_eq!(curve.calibration.iter().map(|bin| bin.2).sum::<u64>(), n as u64);
        }
    }

    #[test]
    fn regression_has_points_and_residuals() {
        let truth: Vec<f64> = (0..5000).map(f64::from).collect();
        let predicted = truth.iter().map(|y| y + (y % 5.0)).collect();
        let model = FittedModel::Linear { coefficients: vec![0.0, 2.0], intercept: 0.0, link: Link::Identity };
        let made = evaluate_plots(
            Task::Regression,
            &[],
            &Target::Values(truth),
            &Predictions::Values(predicted),
            &model,
            &names(&["a", "b"]),
            None,
        );
        assert_eq!(made.importance, [("b".to_owned(), 1.0)]);
        let EvaluationPlots::Regression { points, residuals } = made.plots else { panic!("regression expected") };
        assert_eq!((points.len(), points[1999]), (2000, [4999.0, 5003.0]));
        assert_eq!((residuals.edges[0], residuals.edges[40], residuals.counts[39]), (-4.0, 0.0, 1000));
        assert_eq!(residuals.counts.iter().sum::<u64>(), 5000);
    }

    #[test]
    fn equal_residuals_sit_in_the_middle() {
        let made = histogram(&[2.0; 3]);
        assert_eq!((made.edges[0], made.edges[40], made.counts[20]), (1.5, 2.5, 3));
        assert!(histogram(&[]).counts.is_empty());
    }

    #[test]
    fn models_without_weights_are_asked_on_the_test_rows() {
        use crate::domain::features::Block;
        use crate::domain::io::Silent;
        use crate::domain::model::{BayesNumber, NaiveBayes};
        let number = |feature, means: [f64; 2]| BayesNumber { feature, means: means.into(), variances: vec![1.0, 1.0] };
        let numbers = vec![number(0, [-2.0, 2.0]), number(1, [0.5, 0.5])];
        let log_priors = vec![0.5_f64.ln(); 2];
        let model = FittedModel::NaiveBayes(NaiveBayes { n_features: 2, log_priors, numbers, categories: vec![] });
        let mut source = Lcg(1);
        let codes: Vec<u32> = (0..200).map(|row| row % 2).collect();
        let told = codes.iter().map(|&code| if code == 1 { 2.0 } else { -2.0 }).collect();
        let noise = (0..200).map(|_| source.next()).collect();
        let blocks = vec![Block::Numbers(told), Block::Numbers(noise)];
        let x = Features { n_rows: 200, blocks, names: names(&["told", "noise"]) };
        let truth = Target::Classes { codes, n_classes: 2 };
        let predicted = crate::ml::predict::predict(&model, Task::Binary, 2, &x, &Silent).unwrap();
        let mut made = evaluate_plots(Task::Binary, &names(&["a", "b"]), &truth, &predicted, &model, &x.names, None);
        assert!(made.importance.is_empty());
        add_permutation(&mut made, &model, Task::Binary, &x, &truth, 3, &Silent).unwrap();
        assert_eq!(made.importance, [("told".to_owned(), 1.0)]);
    }

    #[test]
    fn tree_importance_sums_gains_by_feature() {
        let leaf = || TreeNode::Leaf { values: vec![0.0].into(), cover: 1 };
        let split = |feature, gain, left| TreeNode::Split {
            feature,
            threshold: 0.0,
            left,
            right: left + 1,
            gain,
            cover: 2,
            missing_left: false,
        };
        let nodes = vec![split(1, 6.0, 1), split(0, 1.0, 3), split(1, 1.0, 5), leaf(), leaf(), leaf(), leaf()];
        let model = FittedModel::DecisionTree { tree: Tree { nodes } };
        assert_eq!(importance(&model, &names(&["a", "b"])), [("b".to_owned(), 0.875), ("a".to_owned(), 0.125)]);
        assert!(importance(&FittedModel::Baseline { output: vec![1.0] }, &names(&["a"])).is_empty());
    }
}
