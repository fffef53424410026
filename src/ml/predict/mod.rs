//! What a fitted model says about rows of features. Reads only plain data, and trusts none of it: a model may come from a
//! file.

mod bayes;
mod check;
mod knn;
mod linear;
mod network;

use std::ops::Range;

use crate::domain::features::{Block, Features};
use crate::domain::io::JobIo;
use crate::domain::model::{FittedModel, Link};
use crate::domain::task::{Predictions, Task};
use crate::ml::cores::n_threads;
use crate::ml::error::PredictError;
use crate::ml::guard::{self, Missing};
use crate::ml::trees::predict as trees;
pub(in crate::ml) use linear::add_sums;

/// Most rows worked on at a time.
const CHUNK: usize = 1024;

/// Class probabilities (`n_classes` per row) or values, one per row of `x`. Everything that comes out is finite.
pub fn predict(
    model: &FittedModel,
    task: Task,
    n_classes: usize,
    x: &Features,
    io: &dyn JobIo,
) -> Result<Predictions, PredictError> {
    check_features(model, x)?;
    check::model(model, task, n_classes, x)?;
    let width = if task.is_classification() { n_classes } else { 1 };
    let out = match model {
        FittedModel::DecisionTree { tree } => trees::predict_tree(tree, width, x, n_threads(), io)?,
        FittedModel::Trees(ensemble) => trees::predict(ensemble, n_classes, x, n_threads(), io)?,
        _ => score(model, x, width, io)?,
    };
    if let Some(bad) = out.iter().position(|value| !value.is_finite()) {
        return Err(PredictError::Overflow { row: bad / width });
    }
    Ok(if task.is_classification() {
        Predictions::Classes { probabilities: out, n_classes }
    } else {
        Predictions::Values(out)
    })
}

/// Models that score rows a few at a time: `width` numbers per row.
fn score(model: &FittedModel, x: &Features, width: usize, io: &dyn JobIo) -> Result<Vec<f64>, PredictError> {
    let mut out = vec![0.0; x.n_rows * width];
    let mut scorer = Scorer::new(model, x, width)?;
    let step = scorer.step();
    for (at, answers) in out.chunks_mut(step * width.max(1)).enumerate() {
        let rows = at * step..(at * step + step).min(x.n_rows);
        io.progress("Predicting", Some(rows.start as f64 / x.n_rows as f64))?;
        scorer.score(rows, answers);
    }
    Ok(out)
}

/// A model made ready for many rows.
enum Scorer<'a> {
    Same(&'a [f64]),
    Linear(linear::Linear<'a>),
    Bayes(bayes::Bayes<'a>),
    Knn(Box<knn::Knn<'a>>),
    Network(network::Scorer<'a>),
}

impl<'a> Scorer<'a> {
    fn new(model: &'a FittedModel, x: &'a Features, width: usize) -> Result<Self, PredictError> {
        Ok(match model {
            FittedModel::Baseline { output } => Self::Same(output),
            FittedModel::Linear { .. } | FittedModel::Logistic { .. } => Self::Linear(linear::Linear::new(model, x)),
            FittedModel::NaiveBayes(model) => Self::Bayes(bayes::Bayes::new(model, x)?),
            FittedModel::Knn(model) => Self::Knn(Box::new(knn::Knn::new(model, x, width)?)),
            FittedModel::Mlp(model) => Self::Network(network::Scorer::new(model, x)),
            // Scored by `trees`, all rows at once; `check::model` refuses an ensemble.
            FittedModel::DecisionTree { .. } | FittedModel::Trees(_) | FittedModel::Ensemble { .. } => Self::Same(&[]),
        })
    }

    /// Rows between two looks at the cancel button.
    fn step(&self) -> usize {
        match self {
            Self::Knn(model) => model.step(),
            _ => CHUNK,
        }
    }

    fn score(&mut self, rows: Range<usize>, answers: &mut [f64]) {
        match self {
            Self::Same(output) => answers.chunks_exact_mut(output.len()).for_each(|a| a.copy_from_slice(output)),
            Self::Linear(model) => model.score(rows, answers),
            Self::Bayes(model) => model.score(rows, answers),
            Self::Knn(model) => model.score(rows, answers),
            Self::Network(model) => model.score(rows, answers),
        }
    }
}

/// From sums to answers: `outputs` may be one fewer than `answer` for two classes.
fn link(link: Link, outputs: &[f64], answer: &mut [f64]) {
    match link {
        Link::Identity => answer.copy_from_slice(outputs),
        Link::Log => answer.iter_mut().zip(outputs).for_each(|(answer, z)| *answer = z.exp()),
        Link::Logit => {
            answer[0] = sigmoid(-outputs[0]);
            answer[1] = sigmoid(outputs[0]);
        }
        Link::Softmax => {
            answer.copy_from_slice(outputs);
            softmax(answer);
        }
    }
}

/// `1 / (1 + exp(−z))`; NaN stays NaN.
pub fn sigmoid(z: f64) -> f64 {
    // exp of a negative number only: neither overflow nor lost digits near 0.
    if z >= 0.0 {
        1.0 / (1.0 + (-z).exp())
    } else {
        let e = z.exp();
        e / (1.0 + e)
    }
}

/// Turns scores into probabilities in place; returns `log Σ exp(score)`.
pub fn softmax(scores: &mut [f64]) -> f64 {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - largest).exp();
        sum += *score;
    }
    scores.iter_mut().for_each(|score| *score /= sum);
    largest + sum.ln()
}

fn check_features(model: &FittedModel, x: &Features) -> Result<(), PredictError> {
    if let Some((feature, found)) = guard::ragged(x) {
        return Err(PredictError::Shape { feature, rows: x.n_rows, found });
    }
    let takes_missing = matches!(
        model,
        FittedModel::Baseline { .. }
            | FittedModel::DecisionTree { .. }
            | FittedModel::Trees(_)
            | FittedModel::NaiveBayes(_)
    );
    let missing = if takes_missing { Missing::Allowed } else { Missing::Refused };
    if let Some((row, column, value)) = guard::first_bad(x, missing) {
        return Err(PredictError::NotFinite { feature: guard::feature_name(x, column), row, value });
    }
    if takes_missing {
        return Ok(());
    }
    let mut column = 0;
    for block in &x.blocks {
        if let Block::Category { .. } = block {
            let problem = format!("`{}` is a category where a number is expected", guard::feature_name(x, column));
            return Err(PredictError::Columns { problem });
        }
        column += block.n_features();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::domain::model::{Tree, TreeNode};
    use crate::ml::algorithms::testing::{mixed, numbers, one_hot};

    fn logistic(coefficients: Vec<Vec<f64>>, intercepts: Vec<f64>) -> FittedModel {
        FittedModel::Logistic { coefficients, intercepts }
    }

    fn probabilities(model: &FittedModel, n_classes: usize, x: &Features) -> Vec<f64> {
        match predict(model, Task::Multiclass, n_classes, x, &Silent).unwrap() {
            Predictions::Classes { probabilities, .. } => probabilities,
            Predictions::Values(_) => panic!("probabilities expected"),
        }
    }

    #[test]
    fn extreme_scores_stay_probabilities() {
        let x = numbers(1, vec![0.0, 1e6, -1e6]);
        let two = probabilities(&logistic(vec![vec![1.0]], vec![0.0]), 2, &x);
        assert_eq!(two, [0.5, 0.5, 0.0, 1.0, 1.0, 0.0]);
        let three = probabilities(&logistic(vec![vec![1.0], vec![-1.0], vec![0.0]], vec![0.0, 0.0, -1e9]), 3, &x);
        assert_eq!(three, [0.5, 0.5, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn softmax_returns_the_log_of_the_sum() {
        let mut scores = [1000.0, 1001.0, 999.0];
        // scipy.special.logsumexp([1000, 1001, 999])
        assert!((softmax(&mut scores) - 1_001.407_605_964_444_3).abs() < 1e-9);
        assert!((scores.iter().sum::<f64>() - 1.0).abs() < 1e-15);
    }

    #[test]
    fn damaged_models_and_wrong_inputs_are_refused() {
        let x = numbers(2, vec![1.0, 2.0]);
        let refused = |model: FittedModel, task, n_classes| predict(&model, task, n_classes, &x, &Silent).unwrap_err();
        let linear = FittedModel::Linear { coefficients: vec![1.0], intercept: 0.0, link: Link::Identity };
        assert!(matches!(refused(linear, Task::Regression, 0), PredictError::Features { expected: 1, found: 2 }));
        let baseline = FittedModel::Baseline { output: vec![0.5, 0.5] };
        assert!(matches!(refused(baseline, Task::Multiclass, 3), PredictError::Outputs { expected: 3, found: 2 }));
        let split = |feature, left| {
            let missing_left = false;
            TreeNode::Split { feature, threshold: 0.0, left, right: 1, gain: 0.0, cover: 1, missing_left }
        };
        let leaf = TreeNode::Leaf { values: vec![1.0].into(), cover: 1 };
        let tree = |nodes| FittedModel::DecisionTree { tree: Tree { nodes } };
        let circle = tree(vec![split(0, 0), leaf.clone()]);
        assert!(matches!(refused(circle, Task::Regression, 0), PredictError::Tree { .. }));
        assert!(matches!(refused(tree(vec![]), Task::Regression, 0), PredictError::Tree { .. }));
        let beyond = tree(vec![split(7, 1), leaf]);
        assert!(matches!(refused(beyond, Task::Regression, 0), PredictError::Features { expected: 8, .. }));
        let overflow = FittedModel::Linear { coefficients: vec![1e308, 1e308], intercept: 0.0, link: Link::Identity };
        assert!(matches!(refused(overflow, Task::Regression, 0), PredictError::Overflow { row: 0 }));
        let ragged = logistic(vec![vec![1.0, 1.0]], vec![]);
        assert!(matches!(refused(ragged, Task::Binary, 2), PredictError::Outputs { .. }));
    }

    #[test]
    fn indicators_score_as_their_one_hot_columns() {
        let x = mixed(3, 3000, 2, 4);
        let weights: Vec<f64> = (0..6).map(|j| f64::from(j) - 2.5).collect();
        let model = logistic(vec![weights.clone(), vec![0.1; 6], vec![0.0; 6]], vec![0.3, -0.2, 0.0]);
        let (coded, dense) = (probabilities(&model, 3, &x), probabilities(&model, 3, &one_hot(&x)));
        assert!(coded.iter().zip(&dense).all(|(a, b)| (a - b).abs() < 1e-14));
        let log = FittedModel::Linear { coefficients: weights, intercept: 0.5, link: Link::Log };
        let Predictions::Values(values) = predict(&log, Task::Regression, 0, &x, &Silent).unwrap() else { panic!() };
        let row = crate::ml::algorithms::testing::row(&x, 2000);
        let z: f64 = 0.5 + row.iter().enumerate().map(|(j, v)| v * (j as f64 - 2.5)).sum::<f64>();
        assert!((values[2000] - z.exp()).abs() < 1e-12);
    }
}
