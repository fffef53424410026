//! What a fitted model says about a matrix. Reads only plain data, and trusts none of it: a model may come from a file.

use crate::domain::io::JobIo;
use crate::domain::matrix::Matrix;
use crate::domain::model::{FittedModel, Tree, TreeNode};
use crate::domain::task::{Predictions, Task};
use crate::ml::error::PredictError;
use crate::ml::guard;

/// Rows between two looks at the cancel button.
const CHUNK: usize = 8192;

/// Class probabilities (`n_classes` per row) or values, one per row of `x`. Everything that comes out is finite.
pub fn predict(
    model: &FittedModel,
    task: Task,
    n_classes: usize,
    x: &Matrix,
    io: &dyn JobIo,
) -> Result<Predictions, PredictError> {
    check_matrix(x)?;
    check_model(model, task, n_classes, x.n_cols)?;
    let width = if task.is_classification() { n_classes } else { 1 };
    let mut out = vec![0.0; x.n_rows * width];
    for row in 0..x.n_rows {
        if row % CHUNK == 0 {
            io.progress("Predicting", Some(row as f64 / x.n_rows as f64))?;
        }
        let answer = &mut out[row * width..(row + 1) * width];
        predict_row(model, x.row(row), answer);
        if !answer.iter().all(|value| value.is_finite()) {
            return Err(PredictError::Overflow { row });
        }
    }
    Ok(if task.is_classification() {
        Predictions::Classes { probabilities: out, n_classes }
    } else {
        Predictions::Values(out)
    })
}

fn predict_row(model: &FittedModel, row: &[f64], answer: &mut [f64]) {
    match model {
        FittedModel::Baseline { output } => answer.copy_from_slice(output),
        FittedModel::Linear { coefficients, intercept } => answer[0] = dot(row, coefficients) + intercept,
        FittedModel::Logistic { coefficients, intercepts } if coefficients.len() == 1 => {
            let z = dot(row, &coefficients[0]) + intercepts[0];
            answer[0] = sigmoid(-z);
            answer[1] = sigmoid(z);
        }
        FittedModel::Logistic { coefficients, intercepts } => {
            for ((score, weights), intercept) in answer.iter_mut().zip(coefficients).zip(intercepts) {
                *score = dot(row, weights) + intercept;
            }
            softmax(answer);
        }
        FittedModel::DecisionTree { tree } => answer.copy_from_slice(tree.leaf(row)),
        // Refused by `check_model`.
        FittedModel::Trees(_) => {}
    }
}

fn dot(row: &[f64], weights: &[f64]) -> f64 {
    row.iter().zip(weights).map(|(x, w)| x * w).sum()
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

fn check_matrix(x: &Matrix) -> Result<(), PredictError> {
    if x.n_rows.checked_mul(x.n_cols) != Some(x.values.len()) {
        return Err(PredictError::Shape { rows: x.n_rows, columns: x.n_cols, found: x.values.len() });
    }
    match guard::first_not_finite(x) {
        Some((row, column, value)) => {
            Err(PredictError::NotFinite { feature: guard::feature_name(x, column), row, value })
        }
        None => Ok(()),
    }
}

fn check_model(model: &FittedModel, task: Task, n_classes: usize, n_cols: usize) -> Result<(), PredictError> {
    let width = if task.is_classification() { n_classes } else { 1 };
    let outputs = |found: usize| {
        if found == width { Ok(()) } else { Err(PredictError::Outputs { expected: width, found }) }
    };
    let features = |expected: usize| {
        if expected == n_cols { Ok(()) } else { Err(PredictError::Features { expected, found: n_cols }) }
    };
    match model {
        FittedModel::Baseline { output } => outputs(output.len()),
        FittedModel::Linear { coefficients, .. } => outputs(1).and_then(|()| features(coefficients.len())),
        FittedModel::Logistic { coefficients, intercepts } => {
            outputs(if coefficients.len() == 1 { 2 } else { coefficients.len() })?;
            if intercepts.len() != coefficients.len() || !task.is_classification() {
                return Err(PredictError::Outputs { expected: width, found: intercepts.len() });
            }
            coefficients.iter().try_for_each(|row| features(row.len()))
        }
        FittedModel::DecisionTree { tree } => check_tree(tree, width, n_cols),
        FittedModel::Trees(_) => Err(PredictError::Tree { problem: "ensembles are not read here".to_owned() }),
    }
}

/// Children come after their parents, so that no walk can circle, and every leaf has its values.
fn check_tree(tree: &Tree, width: usize, n_cols: usize) -> Result<(), PredictError> {
    let broken = |problem: String| Err(PredictError::Tree { problem });
    if tree.nodes.is_empty() {
        return broken("it has no nodes".to_owned());
    }
    for (at, node) in tree.nodes.iter().enumerate() {
        match node {
            TreeNode::Leaf { values, .. } if values.len() != width => {
                return Err(PredictError::Outputs { expected: width, found: values.len() });
            }
            TreeNode::Leaf { .. } => {}
            TreeNode::Split { feature, left, right, .. } | TreeNode::CategorySplit { feature, left, right, .. } => {
                if *feature as usize >= n_cols {
                    return Err(PredictError::Features { expected: *feature as usize + 1, found: n_cols });
                }
                for child in [*left as usize, *right as usize] {
                    if child <= at || child >= tree.nodes.len() {
                        return broken(format!("node {at} points to node {child}"));
                    }
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::ml::algorithms::testing::matrix;

    fn logistic(coefficients: Vec<Vec<f64>>, intercepts: Vec<f64>) -> FittedModel {
        FittedModel::Logistic { coefficients, intercepts }
    }

    fn probabilities(model: &FittedModel, n_classes: usize, x: &Matrix) -> Vec<f64> {
        match predict(model, Task::Multiclass, n_classes, x, &Silent).unwrap() {
            Predictions::Classes { probabilities, .. } => probabilities,
            Predictions::Values(_) => panic!("probabilities expected"),
        }
    }

    #[test]
    fn extreme_scores_stay_probabilities() {
        let x = matrix(1, vec![0.0, 1e6, -1e6]);
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
        let x = matrix(2, vec![1.0, 2.0]);
        let refused = |model: FittedModel, task, n_classes| predict(&model, task, n_classes, &x, &Silent).unwrap_err();
        let linear = FittedModel::Linear { coefficients: vec![1.0], intercept: 0.0 };
        assert!(matches!(refused(linear, Task::Regression, 0), PredictError::Features { expected: 1, found: 2 }));
        let baseline = FittedModel::Baseline { output: vec![0.5, 0.5] };
        assert!(matches!(refused(baseline, Task::Multiclass, 3), PredictError::Outputs { expected: 3, found: 2 }));
        let split = |feature, left| TreeNode::Split {
            feature,
            threshold: 0.0,
            left,
            right: 1,
            gain: 0.0,
            cover: 1,
            missing_left: false,
        };
        let leaf = TreeNode::Leaf { values: vec![1.0], cover: 1 };
        let tree = |nodes| FittedModel::DecisionTree { tree: Tree { nodes } };
        let circle = tree(vec![split(0, 0), leaf.clone()]);
        assert!(matches!(refused(circle, Task::Regression, 0), PredictError::Tree { .. }));
        assert!(matches!(refused(tree(vec![]), Task::Regression, 0), PredictError::Tree { .. }));
        let beyond = tree(vec![split(7, 1), leaf]);
        assert!(matches!(refused(beyond, Task::Regression, 0), PredictError::Features { expected: 8, .. }));
        let overflow = FittedModel::Linear { coefficients: vec![1e308, 1e308], intercept: 0.0 };
        assert!(matches!(refused(overflow, Task::Regression, 0), PredictError::Overflow { row: 0 }));
        let ragged = logistic(vec![vec![1.0, 1.0]], vec![]);
        assert!(matches!(refused(ragged, Task::Binary, 2), PredictError::Outputs { .. }));
    }
}
