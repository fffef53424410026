//! Layers of weighted sums over blocks of rows; indicators add their line of weights.

use std::ops::Range;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, Axis, s};

use crate::domain::features::{Block, Features};
use crate::domain::model::{Layer, Network};
use crate::ml::predict::{CHUNK, link};

pub struct Scorer<'a> {
    model: &'a Network,
    numbers: Vec<&'a [f64]>,
    codes: Vec<(usize, &'a [u32], u32)>,
    /// Weights of the first layer for the numbers alone.
    first: Array2<f64>,
    layers: Vec<Array2<f64>>,
}

impl<'a> Scorer<'a> {
    /// The model has been checked against the features.
    pub fn new(model: &'a Network, x: &'a Features) -> Self {
        let layers: Vec<Array2<f64>> = model.layers.iter().map(weights).collect();
        let (mut numbers, mut codes, mut lines) = (Vec::new(), Vec::new(), Vec::new());
        let mut feature = 0;
        for block in &x.blocks {
            match block {
                Block::Numbers(values) => {
                    numbers.push(values.as_slice());
                    lines.push(feature);
                }
                Block::Indicators { codes: of_rows, n_levels } => codes.push((feature, of_rows.as_slice(), *n_levels)),
                Block::Category { .. } => {}
            }
            feature += block.n_features();
        }
        let first = layers[0].select(Axis(0), &lines);
        Self { model, numbers, codes, first, layers }
    }

    pub fn score(&self, rows: Range<usize>, answers: &mut [f64]) {
        let n = rows.len();
        let width = answers.len() / n.max(1);
        let mut dense = vec![0.0; self.numbers.len() * CHUNK];
        for (column, values) in dense.chunks_exact_mut(CHUNK).zip(&self.numbers) {
            column[..n].copy_from_slice(&values[rows.clone()]);
        }
        let dense = ArrayView2::from_shape((self.numbers.len(), CHUNK), &dense).expect("a block per number");
        let mut z = biases(&self.model.layers[0], n);
        general_mat_mul(1.0, &dense.slice(s![.., ..n]).t(), &self.first, 1.0, &mut z);
        for (first, codes, n_levels) in &self.codes {
            for (mut z, code) in z.axis_iter_mut(Axis(0)).zip(&codes[rows.clone()]) {
                if code < n_levels {
                    z += &self.layers[0].row(first + *code as usize);
                }
            }
        }
        for (layer, weights) in self.model.layers.iter().zip(&self.layers).skip(1) {
            z.mapv_inplace(|z| z.max(0.0));
            let mut next = biases(layer, n);
            general_mat_mul(1.0, &z, weights, 1.0, &mut next);
            z = next;
        }
        z.mapv_inplace(|z| self.model.center + self.model.spread * z);
        for (z, answer) in z.axis_iter(Axis(0)).zip(answers.chunks_exact_mut(width)) {
            if let Some(z) = z.as_slice() {
                link(self.model.link, z, answer);
            }
        }
    }
}

fn weights(layer: &Layer) -> Array2<f64> {
    let (inputs, outputs) = (layer.n_inputs as usize, layer.n_outputs as usize);
    Array2::from_shape_fn((inputs, outputs), |(i, o)| f64::from(layer.weights[i * outputs + o]))
}

fn biases(layer: &Layer, n: usize) -> Array2<f64> {
    Array2::from_shape_fn((n, layer.n_outputs as usize), |(_, o)| f64::from(layer.biases[o]))
}
