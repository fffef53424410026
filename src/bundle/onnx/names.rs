//! What inputs and outputs of the graph are called.

use std::collections::BTreeSet;

use crate::domain::model::TrainedModel;

/// `prediction`, then `probability_<class>` for every class in the model's order.
pub fn output_names(classes: &[String]) -> Vec<String> {
    let probabilities = classes.iter().map(|class| format!("probability_{class}"));
    std::iter::once("prediction".to_owned()).chain(probabilities).collect()
}

/// The graph's input names, in recipe order: the column names, except that a column without a name, or named as an
/// output is, needs another one. The file's metadata lists the columns in the same order.
pub(super) fn input_names(model: &TrainedModel) -> Vec<String> {
    let mut taken: BTreeSet<String> = output_names(&model.classes).into_iter().collect();
    taken.insert(String::new());
    let columns: BTreeSet<&str> = model.recipe.inputs.iter().map(|c| c.name.as_str()).collect();
    let mut names = Vec::with_capacity(model.recipe.inputs.len());
    for column in &model.recipe.inputs {
        let mut name = column.name.clone();
        while taken.contains(&name) || (name != column.name && columns.contains(name.as_str())) {
            name.push_str("_input");
        }
        taken.insert(name.clone());
        names.push(name);
    }
    names
}
