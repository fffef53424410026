//! A classifier fitted on rows whose classes were balanced, made to speak of rows as they are.
//!
//! `p · prevalence / drawn`, made to sum to 1 again (Saerens, Latinne and Decaestecker 2002, "Adjusting the outputs of a
//! classifier to new a priori probabilities", Neural Computation 14). Put into the model itself, so that every reader and
//! every export says the same.

use crate::domain::model::{FittedModel, Link, Tree, TreeEnsemble, TreeNode};

/// Class shares as they are, and as they were among the rows the model was fitted on; both of one length.
pub fn restore(model: &mut FittedModel, prevalence: &[f64], drawn: &[f64]) -> bool {
    if prevalence.len() != drawn.len() || prevalence == drawn {
        return prevalence == drawn;
    }
    match model {
        FittedModel::Baseline { output } => rescale(output, prevalence, drawn),
        FittedModel::Logistic { intercepts, .. } => return shift(intercepts, prevalence, drawn),
        FittedModel::DecisionTree { tree } => restore_leaves(tree, prevalence, drawn),
        FittedModel::Trees(ensemble) => return restore_ensemble(ensemble, prevalence, drawn),
        _ => return false,
    }
    true
}

/// Logarithms of the odds move by a constant, which is exact.
fn shift(scores: &mut [f64], prevalence: &[f64], drawn: &[f64]) -> bool {
    // A class that training never saw has neither share; it moves with the others.
    let moved = |class: usize| {
        let by = (prevalence[class] / drawn[class]).ln();
        if by.is_finite() { by } else { 0.0 }
    };
    if scores.len() == 1 && prevalence.len() == 2 {
        scores[0] += moved(1) - moved(0);
        return true;
    }
    if scores.len() != prevalence.len() {
        return false;
    }
    scores.iter_mut().enumerate().for_each(|(class, score)| *score += moved(class));
    true
}

fn restore_ensemble(ensemble: &mut TreeEnsemble, prevalence: &[f64], drawn: &[f64]) -> bool {
    match ensemble.link {
        Link::Logit | Link::Softmax => shift(&mut ensemble.base, prevalence, drawn),
        // A forest: the share of each leaf; their mean is then near what the mean itself would become.
        Link::Identity => {
            ensemble.trees.iter_mut().for_each(|tree| restore_leaves(tree, prevalence, drawn));
            true
        }
        Link::Log => false,
    }
}

fn restore_leaves(tree: &mut Tree, prevalence: &[f64], drawn: &[f64]) {
    for node in &mut tree.nodes {
        if let TreeNode::Leaf { values, .. } = node {
            rescale(values, prevalence, drawn);
        }
    }
}

fn rescale(shares: &mut [f64], prevalence: &[f64], drawn: &[f64]) {
    let moved = shares.iter().zip(prevalence).zip(drawn);
    let moved: Vec<f64> = moved.map(|((p, now), then)| if *then > 0.0 { p * now / then } else { 0.0 }).collect();
    let sum: f64 = moved.iter().sum();
    if sum > 0.0 && moved.len() == shares.len() {
        shares.iter_mut().zip(moved).for_each(|(share, moved)| *share = moved / sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_log_odds_return_to_the_classes_as_they_are() {
        let (now, then) = ([0.75, 0.25], [0.5, 0.5]);
        let mut baseline = FittedModel::Baseline { output: vec![0.5, 0.5] };
        assert!(restore(&mut baseline, &now, &then));
        assert_eq!(baseline, FittedModel::Baseline { output: vec![0.75, 0.25] });

        let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
        let mut logistic = FittedModel::Logistic { coefficients: vec![vec![]], intercepts: vec![0.4] };
        assert!(restore(&mut logistic, &now, &then));
        let FittedModel::Logistic { intercepts, .. } = logistic else { panic!("logistic") };
        let p = sigmoid(0.4);
        let expected = p * 0.5 / (p * 0.5 + (1.0 - p) * 1.5);
        assert!((sigmoid(intercepts[0]) - expected).abs() < 1e-15);
    }

    #[test]
    fn numbers_and_unbalanced_rows_stay_as_they_are() {
        let linear = FittedModel::Linear { coefficients: vec![1.0], intercept: 2.0, link: Link::Identity };
        let mut same = linear.clone();
        assert!(restore(&mut same, &[], &[]));
        assert!(!restore(&mut same, &[0.3, 0.7], &[0.5, 0.5]));
        assert_eq!(same, linear);
    }
}
