//! What a trained model must satisfy before it is written: the rules its own documentation states, checked.

use std::collections::BTreeSet;

use super::calibration;
use super::compile::MOST_BYTES;
use super::models;
use crate::bundle::error::BundleError;
use crate::domain::model::TrainedModel;
use crate::domain::task::Task;

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
    models::check(&models::Fitted::new(model))?;
    calibration::check(model)?;
    let bytes = models::size(&models::Fitted::new(model));
    if bytes > MOST_BYTES as u64 {
        let (mib, most) = (bytes >> 20, MOST_BYTES >> 20);
        return Err(format!(
            "its graph would take about {mib} MiB, the limit is {most} MiB; train fewer or smaller trees, or keep fewer rows"
        ));
    }
    Ok(())
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

pub(super) fn finite(what: &str, values: &[f64]) -> Result<(), String> {
    match values.iter().find(|v| !v.is_finite()) {
        Some(value) => Err(format!("{what} is {value}; train again on data without extreme values")),
        None => Ok(()),
    }
}

pub(super) fn within(what: &str, given: usize, needed: usize) -> Result<(), String> {
    if given == needed { Ok(()) } else { Err(format!("{what}: there are {given} where {needed} are needed")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::samples::later_samples;
    use crate::domain::model::{FittedModel, StoredColumn, TreeNode};

    /// The refusal of a sample's model after a change.
    fn says(name: &str, change: impl FnOnce(&mut FittedModel)) -> String {
        let mut model = later_samples(1).into_iter().find(|s| s.name == name).unwrap().model;
        check(&model).unwrap();
        change(&mut model.model);
        check(&model).unwrap_err().to_string()
    }

    #[test]
    fn damaged_trees_are_refused() {
        let says = |change: fn(&mut crate::domain::model::TreeEnsemble)| {
            says("boosted_multiclass", |model| {
                let FittedModel::Trees(ensemble) = model else { panic!() };
                change(ensemble);
            })
        };
        let circle = says(|e| {
            let TreeNode::CategorySplit { left, .. } = &mut e.trees[0].nodes[0] else { panic!() };
            *left = 0;
        });
        assert!(circle.contains("node 0 of its tree has a child that does not come after it"), "{circle}");
        let beyond = says(|e| {
            let TreeNode::CategorySplit { feature, .. } = &mut e.trees[0].nodes[0] else { panic!() };
            *feature = 99;
        });
        assert!(beyond.contains("asks for feature 99"), "{beyond}");
        let unordered = says(|e| {
            let TreeNode::CategorySplit { codes, .. } = &mut e.trees[0].nodes[0] else { panic!() };
            *codes = vec![1, 1].into();
        });
        assert!(unordered.contains("the categories of node 0"), "{unordered}");
        let infinite = says(|e| {
            let TreeNode::Leaf { values, .. } = &mut e.trees[0].nodes[30] else { panic!() };
            values[0] = f64::INFINITY;
        });
        assert!(infinite.contains("a leaf is inf"), "{infinite}");
        assert!(says(|e| e.trees[0].nodes.clear()).contains("its tree has 0 nodes"));
        assert!(says(|e| e.base.truncate(1)).contains("the sums: there are 1 where 3 are needed"));
        assert!(says(|e| e.base[0] = f64::NAN).contains("a base is NaN"));
    }

    #[test]
    fn damaged_bayes_neighbours_and_networks_are_refused() {
        let bayes = |change: fn(&mut crate::domain::model::NaiveBayes)| {
            says("bayes_gaps_multiclass", |model| {
                let FittedModel::NaiveBayes(bayes) = model else { panic!() };
                change(bayes);
            })
        };
        assert!(bayes(|b| b.numbers[0].variances[1] = 0.0).contains("the variance of feature 1 is 0"));
        assert!(bayes(|b| b.numbers[0].means.truncate(1)).contains("the means"));
        assert!(bayes(|b| b.categories[1].feature = u32::MAX).contains("asks for feature 4294967295"));
        assert!(bayes(|b| b.categories[1].log_shares[0].truncate(1)).contains("the levels"));
        assert!(bayes(|b| b.log_priors[0] = f64::NEG_INFINITY).contains("a prior is -inf"));
        let knn = |change: fn(&mut crate::domain::model::Neighbours)| {
            says("knn_far_multiclass", |model| {
                let FittedModel::Knn(stored) = model else { panic!() };
                change(stored);
            })
        };
        assert!(knn(|k| k.n_neighbors = 0).contains("0 neighbours among 250 rows"));
        assert!(knn(|k| k.n_neighbors = u32::MAX).contains("neighbours among 250 rows"));
        assert!(knn(|k| k.answers[0] = 3.0).contains("not one of the classes"));
        assert!(knn(|k| k.answers.truncate(9)).contains("a stored column"));
        assert!(knn(|k| k.row_weights = Some(vec![-1.0; 250])).contains("a stored row has no weight"));
        let wide = |k: &mut crate::domain::model::Neighbours| {
            k.columns[0] = StoredColumn::Indicators { codes: vec![0; 250], n_levels: u32::MAX };
        };
        assert!(knn(wide).contains("the stored columns"));
        let network = |change: fn(&mut crate::domain::model::Network)| {
            says("mlp_binary", |model| {
                let FittedModel::Mlp(network) = model else { panic!() };
                change(network);
            })
        };
        assert!(network(|n| n.layers.clear()).contains("its network has no layers"));
        assert!(network(|n| n.layers[1].n_outputs = u32::MAX).contains("layer 2 of its network"));
        assert!(network(|n| n.layers[0].weights[3] = f32::NAN).contains("weights that are not finite"));
        assert!(network(|n| n.spread = f64::INFINITY).contains("the spread is inf"));
    }

    #[test]
    fn damaged_ensembles_and_curves_are_refused() {
        let ensemble = |change: fn(&mut Vec<crate::domain::model::Member>)| {
            says("ensemble_binary", |model| {
                let FittedModel::Ensemble { members } = model else { panic!() };
                change(members);
            })
        };
        assert!(ensemble(Vec::clear).contains("no members"));
        assert!(ensemble(|m| m[0].weight = f64::NAN).contains("the weights of its members"));
        assert!(ensemble(|m| m[0].weight = 0.5).contains("sum to 1.25"));
        assert!(
            ensemble(|m| m[1].recipe.inputs[0].name = "else".into()).contains("member 2: the ensemble does not take")
        );
        let nested = |m: &mut Vec<crate::domain::model::Member>| m[0].model = FittedModel::Ensemble { members: vec![] };
        assert!(ensemble(nested).contains("an ensemble cannot be part of another"));
        let mut model = later_samples(1).into_iter().find(|s| s.name == "isotonic_multiclass").unwrap().model;
        check(&model).unwrap();
        model.threshold = Some(0.5);
        assert!(check(&model).unwrap_err().to_string().contains("a threshold needs two classes"));
        model.threshold = None;
        let Some(crate::domain::training::Calibration::Isotonic { curves }) = &mut model.calibration else { panic!() };
        curves[1].y[3] = 2.0;
        assert!(check(&model).unwrap_err().to_string().contains("is empty or falls"));
    }
}
