//! Whether a model can be trusted to score some features: shapes that fit, trees that are trees.

use crate::domain::features::{Block, Features};
use crate::domain::model::{
    Combine, FittedModel, Link, NaiveBayes, Neighbours, Network, StoredColumn, Tree, TreeEnsemble, TreeNode,
};
use crate::domain::task::Task;
use crate::ml::error::PredictError;

pub fn model(model: &FittedModel, task: Task, n_classes: usize, x: &Features) -> Result<(), PredictError> {
    let n_features = x.n_features();
    let width = if task.is_classification() { n_classes } else { 1 };
    let outputs = |found: usize| same(width, found);
    let features = |expected: usize| fits(expected, n_features);
    match model {
        FittedModel::Baseline { output } => outputs(output.len()),
        FittedModel::Linear { coefficients, link, .. } => {
            if matches!(link, Link::Logit | Link::Softmax) {
                return broken("a weighted sum for numbers has a link for classes".to_owned());
            }
            outputs(1).and_then(|()| features(coefficients.len()))
        }
        FittedModel::Logistic { coefficients, intercepts } => {
            outputs(if coefficients.len() == 1 { 2 } else { coefficients.len() })?;
            if intercepts.len() != coefficients.len() || !task.is_classification() {
                return Err(PredictError::Outputs { expected: width, found: intercepts.len() });
            }
            coefficients.iter().try_for_each(|row| features(row.len()))
        }
        FittedModel::DecisionTree { tree } => check_tree(tree, width, n_features),
        FittedModel::Trees(ensemble) => check_ensemble(ensemble, width, n_features),
        FittedModel::NaiveBayes(bayes) => check_bayes(bayes, width, n_features),
        FittedModel::Knn(stored) => check_stored(stored, task, n_classes, x),
        FittedModel::Mlp(network) => check_network(network, width, n_features),
        FittedModel::Ensemble { .. } => broken("an ensemble is scored member by member".to_owned()),
    }
}

fn same(expected: usize, found: usize) -> Result<(), PredictError> {
    if found == expected { Ok(()) } else { Err(PredictError::Outputs { expected, found }) }
}

fn fits(expected: usize, found: usize) -> Result<(), PredictError> {
    if expected == found { Ok(()) } else { Err(PredictError::Features { expected, found }) }
}

fn broken(problem: String) -> Result<(), PredictError> {
    Err(PredictError::Model { problem })
}

/// Sums before the link: one for two classes by the sigmoid, else one per answer.
fn check_link(link: Link, sums: usize, width: usize) -> Result<(), PredictError> {
    match link {
        Link::Logit if width == 2 => same(1, sums),
        Link::Logit => same(width, 2),
        _ => same(width, sums),
    }
}

fn check_ensemble(ensemble: &TreeEnsemble, width: usize, n_features: usize) -> Result<(), PredictError> {
    check_link(ensemble.link, ensemble.base.len(), width)?;
    let per_leaf = if ensemble.combine == Combine::Sum { 1 } else { ensemble.base.len() };
    ensemble.trees.iter().try_for_each(|tree| check_tree(tree, per_leaf, n_features))
}

fn check_bayes(bayes: &NaiveBayes, width: usize, n_features: usize) -> Result<(), PredictError> {
    same(width, bayes.log_priors.len())?;
    fits(bayes.n_features as usize, n_features)?;
    for number in &bayes.numbers {
        same(width, number.means.len())?;
        same(width, number.variances.len())?;
        if number.feature as usize >= n_features || number.variances.iter().any(|v| v.is_nan() || *v <= 0.0) {
            return broken(format!("feature {} has no usable spread", number.feature));
        }
    }
    for category in &bayes.categories {
        same(width, category.log_shares.len())?;
        let n_levels = category.log_shares.first().map_or(0, Vec::len);
        let features = if category.indicators { n_levels } else { 1 };
        if category.log_shares.iter().any(|row| row.len() != n_levels)
            || category.feature as usize + features > n_features
        {
            return broken(format!("the levels of feature {} do not fit", category.feature));
        }
    }
    Ok(())
}

fn check_stored(stored: &Neighbours, task: Task, n_classes: usize, x: &Features) -> Result<(), PredictError> {
    let rows = stored.answers.len();
    let width = |column: &StoredColumn| match column {
        StoredColumn::Numbers { .. } => 1,
        StoredColumn::Indicators { n_levels, .. } => *n_levels as usize,
    };
    fits(stored.columns.iter().map(width).sum(), x.n_features())?;
    let ragged = stored.columns.iter().any(|column| match column {
        StoredColumn::Numbers { values } => values.len() != rows || !values.iter().all(|v| v.is_finite()),
        StoredColumn::Indicators { codes, .. } => codes.len() != rows,
    });
    let weights = stored.row_weights.as_deref().unwrap_or_default();
    if ragged || rows == 0 || (stored.row_weights.is_some() && weights.len() != rows) {
        return broken("its columns are not equally long".to_owned());
    }
    if stored.n_neighbors == 0 || stored.n_neighbors as usize > rows {
        return broken(format!("{} neighbours of {rows} rows", stored.n_neighbors));
    }
    if weights.iter().any(|w| !w.is_finite() || *w <= 0.0) {
        return broken("a stored row has no weight".to_owned());
    }
    let class = |answer: &f64| answer.fract() == 0.0 && (0.0..n_classes as f64).contains(answer);
    if task.is_classification() && !stored.answers.iter().all(class) {
        return broken("a stored class is not one of the classes".to_owned());
    }
    let kinds = stored.columns.iter().zip(&x.blocks).all(|(column, block)| match (column, block) {
        (StoredColumn::Numbers { .. }, Block::Numbers(_)) => true,
        (StoredColumn::Indicators { n_levels, .. }, Block::Indicators { n_levels: found, .. }) => n_levels == found,
        _ => false,
    });
    if !kinds || stored.columns.len() != x.blocks.len() {
        let problem = "the stored rows and these differ in which columns are indicators".to_owned();
        return Err(PredictError::Columns { problem });
    }
    Ok(())
}

fn check_network(network: &Network, width: usize, n_features: usize) -> Result<(), PredictError> {
    let mut inputs = n_features;
    for (at, layer) in network.layers.iter().enumerate() {
        if at == 0 {
            fits(layer.n_inputs as usize, inputs)?;
        }
        let outputs = layer.n_outputs as usize;
        let sizes = layer.n_inputs as usize == inputs && layer.biases.len() == outputs;
        if !sizes || inputs.checked_mul(outputs) != Some(layer.weights.len()) || outputs == 0 {
            return broken(format!("layer {} has the wrong number of weights", at + 1));
        }
        inputs = outputs;
    }
    if network.layers.is_empty() {
        return broken("it has no layers".to_owned());
    }
    check_link(network.link, inputs, width)
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
