//! A trained model as the bytes of an ONNX file.

use super::calibration;
use super::check::check;
use super::graph::{Attr, GraphBuilder, Value};
use super::models;
use super::names::{input_names, output_names};
use super::prepare::declare;
use super::proto::data_type;
use crate::bundle::error::BundleError;
use crate::domain::model::TrainedModel;

/// Writes recipe and model as one graph. The same model gives the same bytes.
///
/// # Errors
/// [`BundleError::Unsupported`] when the model breaks a rule of its own format (a coefficient is not finite, a child of
/// a tree comes before its parent, text without a step that makes numbers of it …).
pub fn export(model: &TrainedModel) -> Result<Vec<u8>, BundleError> {
    check(model)?;
    let inputs = input_names(model);
    let outputs = output_names(&model.classes);
    let public: Vec<&str> = inputs.iter().chain(&outputs).map(String::as_str).collect();
    let mut g = GraphBuilder::new(&public);
    declare(&mut g, &model.recipe, &inputs);
    let said = models::model_part(&mut g, model, &inputs).map_err(BundleError::Unsupported)?;
    let result = calibration::corrected(&mut g, &said, model);
    if model.classes.is_empty() {
        let flat = g.ints(&[1], vec![-1]);
        g.op_as(&outputs[0], "Reshape", &[&result, &flat], vec![]);
        g.output(&outputs[0], data_type::DOUBLE);
    } else {
        class_outputs(&mut g, &result, model, &outputs);
    }
    Ok(g.finish(&metadata(model)))
}

/// About how many bytes [`export`] will write for the model, without writing it: 34 for each node of a tree, the numbers
/// of everything else.
pub fn size(model: &TrainedModel) -> u64 {
    /// Header, recipe, names.
    const REST: u64 = 4096;
    REST + calibration::size(model) + models::size(&models::Fitted::new(model))
}

/// JSON facts for whoever loads the file without the rest of the bundle. `columns` is in the order of the inputs.
fn metadata(model: &TrainedModel) -> Vec<(&'static str, String)> {
    let columns: Vec<&str> = model.recipe.inputs.iter().map(|c| c.name.as_str()).collect();
    vec![
        ("task", model.task.as_str().to_owned()),
        ("algorithm", model.algorithm.clone()),
        ("target", model.target.clone()),
        ("columns", serde_json::Value::from(columns).to_string()),
        ("classes", serde_json::Value::from(model.classes.clone()).to_string()),
    ]
}

/// The most probable class (the first of equals), or the second from the model's threshold on, and every probability as an output of its own: MLflow's table wants
/// one-dimensional columns.
fn class_outputs(g: &mut GraphBuilder, probabilities: &Value, model: &TrainedModel, outputs: &[String]) {
    let best = match model.threshold {
        Some(threshold) => calibration::at_least(g, probabilities, threshold),
        None => g.op("ArgMax", &[probabilities], vec![("axis", Attr::Int(1)), ("keepdims", Attr::Int(0))]),
    };
    let names = g.texts(&model.classes);
    g.op_as(&outputs[0], "Gather", &[&names, &best], vec![("axis", Attr::Int(0))]);
    g.output(&outputs[0], data_type::STRING);
    for (class, output) in outputs[1..].iter().enumerate() {
        let at = g.ints(&[], vec![class as i64]);
        g.op_as(output, "Gather", &[probabilities, &at], vec![("axis", Attr::Int(1))]);
        g.output(output, data_type::DOUBLE);
    }
}
