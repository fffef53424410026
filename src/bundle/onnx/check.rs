//! What a trained model must satisfy before it is written: the rules its own documentation states, checked.

use std::collections::BTreeSet;

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
    models::check(model)?;
    let bytes = models::size(&model.model);
    if bytes > MOST_BYTES as u64 {
        let (mib, most) = (bytes >> 20, MOST_BYTES >> 20);
        return Err(format!("its graph would take about {mib} MiB, the limit is {most} MiB; train fewer or smaller trees, or keep fewer rows"));
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
