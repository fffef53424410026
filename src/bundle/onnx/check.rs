//! What a trained model must satisfy before it is written: the rules its own documentation states, checked.

use std::collections::BTreeSet;

use crate::bundle::error::BundleError;
use crate::domain::model::{FittedModel, TrainedModel, Tree, TreeNode};
use crate::domain::task::Task;

/// Leaf numbers travel through the graph as f32, which counts exactly up to here.
const MOST_LEAVES: usize = 1 << 24;

pub(super) fn check(model: &TrainedModel) -> Result<(), BundleError> {
    check_parts(model).map_err(BundleError::Unsupported)
}

fn check_parts(model: &TrainedModel) -> Result<(), String> {
    check_classes(model)?;
    if model.recipe.inputs.is_empty() {
        return Err("it takes no column, so nothing would say how many rows to score".to_owned());
    }
    let mut names = BTreeSet::new();
    for input in &model.recipe.inputs {
        if !names.insert(&input.name) {
            return Err(format!("two of its columns are called `{}`", input.name));
        }
    }
    check_model(model)
}

fn check_classes(model: &TrainedModel) -> Result<(), String> {
    let n = model.classes.len();
    let fits = match model.task {
        Task::Binary => n == 2,
        Task::Multiclass => n >= 2,
        Task::Regression => n == 0,
    };
    if !fits {
        return Err(format!("a {} model cannot have {n} classes", model.task.as_str()));
    }
    let distinct: BTreeSet<&String> = model.classes.iter().collect();
    if distinct.len() == n { Ok(()) } else { Err("two of its classes have the same name".to_owned()) }
}

fn check_model(model: &TrainedModel) -> Result<(), String> {
    let n_features = model.recipe.n_features();
    let n_outputs = model.classes.len().max(1);
    let features = |given: usize| {
        if given == n_features { Ok(()) } else { Err(format!("it has {given} coefficients for {n_features} features")) }
    };
    match &model.model {
        FittedModel::Baseline { output } => {
            finite("the output", output)?;
            if output.len() == n_outputs {
                Ok(())
            } else {
                Err(format!("it gives {} numbers where {n_outputs} are needed", output.len()))
            }
        }
        FittedModel::Linear { coefficients, intercept, .. } => {
            if model.task != Task::Regression {
                return Err("a linear regression cannot predict classes".to_owned());
            }
            features(coefficients.len())?;
            finite("a coefficient", coefficients)?;
            finite("the intercept", &[*intercept])
        }
        FittedModel::Logistic { coefficients, intercepts } => {
            let rows = match model.task {
                Task::Binary => 1,
                Task::Multiclass => model.classes.len(),
                Task::Regression => return Err("a logistic regression cannot predict numbers".to_owned()),
            };
            if coefficients.len() != rows || intercepts.len() != rows {
                return Err(format!("it has {} rows of coefficients where {rows} are needed", coefficients.len()));
            }
            finite("an intercept", intercepts)?;
            coefficients.iter().try_for_each(|row| features(row.len()).and_then(|()| finite("a coefficient", row)))
        }
        FittedModel::DecisionTree { tree } => check_tree(tree, n_features, n_outputs),
        FittedModel::Trees(_)
        | FittedModel::NaiveBayes(_)
        | FittedModel::Knn(_)
        | FittedModel::Mlp(_)
        | FittedModel::Ensemble { .. } => Err("models of this kind cannot be written yet".to_owned()),
    }
}

fn check_tree(tree: &Tree, n_features: usize, n_outputs: usize) -> Result<(), String> {
    let n_nodes = tree.nodes.len();
    if n_nodes == 0 || n_nodes > 2 * MOST_LEAVES {
        return Err(format!("its tree has {n_nodes} nodes"));
    }
    for (at, node) in tree.nodes.iter().enumerate() {
        match node {
            TreeNode::Leaf { values, .. } if values.len() != n_outputs => {
                return Err(format!("leaf {at} has {} values where {n_outputs} are needed", values.len()));
            }
            TreeNode::Leaf { values, .. } => finite("a leaf", values)?,
            TreeNode::CategorySplit { .. } => return Err("splits by category cannot be written yet".to_owned()),
            TreeNode::Split { feature, threshold, left, right, .. } => {
                let after = |child: u32| (at + 1..n_nodes).contains(&(child as usize));
                if !after(*left) || !after(*right) {
                    return Err(format!("node {at} of its tree has a child that does not come after it"));
                }
                if *feature as usize >= n_features {
                    return Err(format!("node {at} of its tree asks for feature {feature} of {n_features}"));
                }
                finite("a threshold", &[f64::from(*threshold)])?;
            }
        }
    }
    Ok(())
}

fn finite(what: &str, values: &[f64]) -> Result<(), String> {
    match values.iter().find(|v| !v.is_finite()) {
        Some(value) => Err(format!("{what} is {value}; train again on data without extreme values")),
        None => Ok(()),
    }
}
