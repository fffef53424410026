//! A neural network: layers of weighted sums with the larger of 0 and the sum between them.

use super::{Prepared, answers, check_link, constant, row, times};
use crate::bundle::onnx::check::finite;
use crate::bundle::onnx::graph::{GraphBuilder, Value};
use crate::domain::model::{Layer, Network};

pub(super) fn check(network: &Network, n_features: usize, n_outputs: usize) -> Result<(), String> {
    let mut inputs = n_features;
    for (at, layer) in network.layers.iter().enumerate() {
        let outputs = layer.n_outputs as usize;
        let fits = layer.n_inputs as usize == inputs
            && outputs > 0
            && layer.biases.len() == outputs
            && inputs.checked_mul(outputs) == Some(layer.weights.len());
        if !fits {
            return Err(format!("layer {} of its network has the wrong number of weights", at + 1));
        }
        if !layer.weights.iter().chain(&layer.biases).all(|w| w.is_finite()) {
            return Err(format!("layer {} of its network has weights that are not finite", at + 1));
        }
        inputs = outputs;
    }
    if network.layers.is_empty() {
        return Err("its network has no layers".to_owned());
    }
    finite("the centre or the spread", &[network.center, network.spread])?;
    check_link(network.link, inputs, n_outputs)
}

pub(super) fn model(g: &mut GraphBuilder, network: &Network, x: &Prepared<'_>) -> Value {
    let first = &network.layers[0];
    let mut z = match x.matrix {
        None => constant(g, &biases(first), x.like),
        Some(matrix) => {
            let outputs = first.n_outputs as usize;
            let line = |&feature: &usize| &first.weights[feature * outputs..(feature + 1) * outputs];
            let by_column = x.order.iter().flat_map(line).map(|&w| f64::from(w)).collect();
            layer(g, matrix, by_column, first)
        }
    };
    for next in &network.layers[1..] {
        let shown = g.op("Relu", &[&z], vec![]);
        z = layer(g, &shown, next.weights.iter().map(|&w| f64::from(w)).collect(), next);
    }
    let n = network.layers.last().map_or(1, |layer| layer.n_outputs as usize);
    let spread = row(g, &vec![network.spread; n]);
    z = g.op("Mul", &[&z, &spread], vec![]);
    let center = row(g, &vec![network.center; n]);
    z = g.op("Add", &[&z, &center], vec![]);
    answers(g, &z, network.link)
}

fn layer(g: &mut GraphBuilder, x: &Value, weights: Vec<f64>, layer: &Layer) -> Value {
    let z = times(g, x, weights, layer.n_outputs as usize);
    let biases = row(g, &biases(layer));
    g.op("Add", &[&z, &biases], vec![])
}

fn biases(layer: &Layer) -> Vec<f64> {
    layer.biases.iter().map(|&b| f64::from(b)).collect()
}
