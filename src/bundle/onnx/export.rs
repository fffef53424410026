//! A trained model as the bytes of an ONNX file.

use super::check::check;
use super::graph::{Attr, GraphBuilder, Value};
use super::names::{input_names, output_names};
use super::prepare::{Features, prepare};
use super::proto::data_type;
use super::tree::tree_attributes;
use crate::bundle::error::BundleError;
use crate::domain::model::{FittedModel, TrainedModel};

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
    let features = prepare(&mut g, &model.recipe, &inputs).map_err(BundleError::Unsupported)?;
    let result = model_part(&mut g, model, &features, &inputs);
    if model.classes.is_empty() {
        let flat = g.ints(&[1], vec![-1]);
        g.op_as(&outputs[0], "Reshape", &[&result, &flat], vec![]);
        g.output(&outputs[0], data_type::DOUBLE);
    } else {
        class_outputs(&mut g, &result, &model.classes, &outputs);
    }
    Ok(g.finish(&metadata(model)))
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

/// `[N, classes]` probabilities, or `[N, 1]` values.
fn model_part(g: &mut GraphBuilder, model: &TrainedModel, features: &Features, inputs: &[String]) -> Value {
    match (&model.model, &features.matrix) {
        // Refused by `check`.
        (
            FittedModel::Trees(_)
            | FittedModel::NaiveBayes(_)
            | FittedModel::Knn(_)
            | FittedModel::Mlp(_)
            | FittedModel::Ensemble { .. },
            _,
        ) => constant(g, &[], &inputs[0]),
        (FittedModel::Baseline { output }, _) => constant(g, output, &inputs[0]),
        (FittedModel::Linear { coefficients, intercept, .. }, Some(x)) => {
            linear(g, x, std::slice::from_ref(coefficients), &[*intercept], &features.order)
        }
        (FittedModel::Logistic { coefficients, intercepts }, Some(x)) => {
            let z = linear(g, x, coefficients, intercepts, &features.order);
            probabilities(g, &z, intercepts.len())
        }
        // Without features a linear model is its intercept and a tree its only leaf.
        (FittedModel::Linear { intercept, .. }, None) => constant(g, &[*intercept], &inputs[0]),
        (FittedModel::Logistic { intercepts, .. }, None) => {
            let z = constant(g, intercepts, &inputs[0]);
            probabilities(g, &z, intercepts.len())
        }
        (FittedModel::DecisionTree { tree }, x) => {
            let leaves: Vec<&[f64]> = tree.nodes.iter().filter_map(super::tree::leaf_values).collect();
            match x {
                Some(x) if tree.nodes.len() > 1 => {
                    let floats = g.op("Cast", &[x], vec![("to", Attr::Int(data_type::FLOAT.into()))]);
                    let attrs = tree_attributes(tree, &features.order);
                    let leaf = g.ml_op("TreeEnsembleRegressor", &[&floats], attrs);
                    let leaf = g.op("Cast", &[&leaf], vec![("to", Attr::Int(data_type::INT64.into()))]);
                    let flat = g.ints(&[1], vec![-1]);
                    let leaf = g.op("Reshape", &[&leaf, &flat], vec![]);
                    lookup(g, &leaf, &leaves)
                }
                _ => constant(g, leaves[0], &inputs[0]),
            }
        }
    }
}

/// The same row for every row of `like`, an input.
fn constant(g: &mut GraphBuilder, row: &[f64], like: &Value) -> Value {
    let rows = g.op("Shape", &[like], vec![]);
    let zero = g.ints(&[1], vec![0]);
    let zeros = g.op("Expand", &[&zero, &rows], vec![]);
    lookup(g, &zeros, &[row])
}

/// Row `index[n]` of a constant table for every n.
fn lookup(g: &mut GraphBuilder, index: &Value, rows: &[&[f64]]) -> Value {
    let width = rows.first().map_or(0, |row| row.len());
    let table = g.doubles(&[rows.len(), width], rows.concat());
    g.op("Gather", &[&table, index], vec![("axis", Attr::Int(0))])
}

/// `x · weights + intercepts`, one row of `weights` per output, in recipe order.
fn linear(g: &mut GraphBuilder, x: &Value, weights: &[Vec<f64>], intercepts: &[f64], order: &[usize]) -> Value {
    let by_feature = order.iter().flat_map(|&f| weights.iter().map(move |row| row[f])).collect();
    let matrix = g.doubles(&[order.len(), weights.len()], by_feature);
    let product = g.op("MatMul", &[x, &matrix], vec![]);
    let shift = g.doubles(&[1, intercepts.len()], intercepts.to_vec());
    g.op("Add", &[&product, &shift], vec![])
}

fn probabilities(g: &mut GraphBuilder, z: &Value, n_rows: usize) -> Value {
    if n_rows > 1 {
        return g.op("Softmax", &[z], vec![("axis", Attr::Int(1))]);
    }
    let second = g.op("Sigmoid", &[z], vec![]);
    let one = g.doubles(&[1, 1], vec![1.0]);
    let first = g.op("Sub", &[&one, &second], vec![]);
    g.op("Concat", &[&first, &second], vec![("axis", Attr::Int(1))])
}

/// The most probable class (the first of equals) and every probability as an output of its own: MLflow's table wants
/// one-dimensional columns.
fn class_outputs(g: &mut GraphBuilder, probabilities: &Value, classes: &[String], outputs: &[String]) {
    let best = g.op("ArgMax", &[probabilities], vec![("axis", Attr::Int(1)), ("keepdims", Attr::Int(0))]);
    let names = g.texts(classes);
    g.op_as(&outputs[0], "Gather", &[&names, &best], vec![("axis", Attr::Int(0))]);
    g.output(&outputs[0], data_type::STRING);
    for (class, output) in outputs[1..].iter().enumerate() {
        let at = g.ints(&[], vec![class as i64]);
        g.op_as(output, "Gather", &[probabilities, &at], vec![("axis", Attr::Int(1))]);
        g.output(output, data_type::DOUBLE);
    }
}
