//! A small network of rectified layers that learns by Adam, in single precision as such networks are used everywhere.
//!
//! The first layer reads numbers by a matrix product and indicators by adding their line of weights: a category with a
//! thousand levels costs one line per row.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView2, Axis, Zip, s};

use crate::domain::features::{Block, Features};
use crate::domain::random::Shuffler;

/// Kingma & Ba 2015, algorithm 1, with their constants.
const DECAY_MEAN: f32 = 0.9;
const DECAY_SQUARE: f32 = 0.999;
const TINY: f32 = 1e-8;
/// No indicator of this category is set.
const NO_LINE: u32 = u32::MAX;

/// Rows as the first layer reads them.
pub struct Inputs {
    n_numbers: usize,
    n_codes: usize,
    /// Row after row.
    numbers: Vec<f32>,
    /// Row after row: the weight lines of the indicators that are set.
    lines: Vec<u32>,
    /// The feature each weight line belongs to: numbers first.
    pub features: Vec<usize>,
}

impl Inputs {
    /// Category blocks have been refused before.
    pub fn new(x: &Features) -> Self {
        let (mut numbers, mut codes) = (Vec::new(), Vec::new());
        let (mut of_numbers, mut of_levels) = (Vec::new(), Vec::new());
        let mut feature = 0;
        for block in &x.blocks {
            match block {
                Block::Numbers(values) => {
                    numbers.push(values);
                    of_numbers.push(feature);
                }
                Block::Indicators { codes: of_rows, n_levels } => {
                    codes.push((of_levels.len() as u32, of_rows, *n_levels));
                    of_levels.extend(feature..feature + *n_levels as usize);
                }
                Block::Category { .. } => {}
            }
            feature += block.n_features();
        }
        let (n, k, c) = (x.n_rows, numbers.len(), codes.len());
        let mut inputs = Self {
            n_numbers: k,
            n_codes: c,
            numbers: vec![0.0; n * k],
            lines: vec![NO_LINE; n * c],
            features: of_numbers.into_iter().chain(of_levels).collect(),
        };
        for (j, values) in numbers.into_iter().enumerate() {
            inputs.numbers.iter_mut().skip(j).step_by(k).zip(values).for_each(|(to, x)| *to = *x as f32);
        }
        for (j, (first, of_rows, n_levels)) in codes.into_iter().enumerate() {
            for (to, code) in inputs.lines.iter_mut().skip(j).step_by(c).zip(of_rows) {
                if *code < n_levels {
                    *to = k as u32 + first + code;
                }
            }
        }
        inputs
    }

    fn gather(&self, rows: &[usize], batch: &mut Batch) {
        batch.numbers.clear();
        batch.lines.clear();
        for &row in rows {
            batch.numbers.extend_from_slice(&self.numbers[row * self.n_numbers..(row + 1) * self.n_numbers]);
            batch.lines.extend_from_slice(&self.lines[row * self.n_codes..(row + 1) * self.n_codes]);
        }
        batch.shape = (rows.len(), self.n_numbers, self.n_codes);
    }
}

/// Some rows, gathered.
#[derive(Default)]
pub struct Batch {
    numbers: Vec<f32>,
    lines: Vec<u32>,
    /// Rows, numbers per row, lines per row.
    shape: (usize, usize, usize),
}

impl Batch {
    fn numbers(&self) -> ArrayView2<'_, f32> {
        ArrayView2::from_shape((self.shape.0, self.shape.1), &self.numbers).expect("gathered row by row")
    }

    /// Line numbers of each row.
    fn lines(&self) -> impl Iterator<Item = (usize, &u32)> {
        let per_row = self.shape.2.max(1);
        self.lines.iter().enumerate().map(move |(at, line)| (at / per_row, line)).filter(|(_, line)| **line != NO_LINE)
    }
}

/// What the outputs mean, and how wrong they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// One output; target 0 or 1.
    Logistic,
    /// An output per class; the target is the class's number.
    Softmax,
    /// One output; half the squared error.
    Squared,
}

/// One layer's weights with the running means that Adam keeps.
#[derive(Clone)]
pub struct Trained {
    pub weights: Array2<f32>,
    pub biases: Array1<f32>,
    means: (Array2<f32>, Array1<f32>),
    squares: (Array2<f32>, Array1<f32>),
}

impl Trained {
    /// Glorot & Bengio 2010, uniform.
    fn new(inputs: usize, outputs: usize, random: &mut Shuffler) -> Self {
        let bound = (6.0 / (inputs + outputs) as f32).sqrt();
        let mut draw = || bound * (2.0 * (random.below(1 << 24) as f32 / (1 << 24) as f32) - 1.0);
        let weights = Array2::from_shape_simple_fn((inputs, outputs), &mut draw);
        let biases = Array1::from_shape_simple_fn(outputs, &mut draw);
        let zeros = (Array2::zeros((inputs, outputs)), Array1::zeros(outputs));
        Self { weights, biases, means: zeros.clone(), squares: zeros }
    }
}

#[derive(Clone)]
pub struct Net {
    pub layers: Vec<Trained>,
    loss: Loss,
    /// L2 penalty per row of a batch, as scikit-learn's alpha.
    alpha: f32,
    rate: f32,
    steps: i32,
}

impl Net {
    /// `sizes`: inputs, hidden layers, outputs.
    pub fn new(sizes: &[usize], loss: Loss, alpha: f64, rate: f64, random: &mut Shuffler) -> Self {
        let layers = sizes.windows(2).map(|pair| Trained::new(pair[0], pair[1], random)).collect();
        Self { layers, loss, alpha: alpha as f32, rate: rate as f32, steps: 0 }
    }

    /// The outputs of every layer, rectified but for the last.
    fn forward(&self, batch: &Batch) -> Vec<Array2<f32>> {
        let n = batch.shape.0;
        let mut outputs: Vec<Array2<f32>> = Vec::with_capacity(self.layers.len());
        for (at, layer) in self.layers.iter().enumerate() {
            let mut z = Array2::zeros((n, layer.biases.len()));
            z += &layer.biases;
            match outputs.last() {
                Some(before) => general_mat_mul(1.0, before, &layer.weights, 1.0, &mut z),
                None => {
                    let k = batch.shape.1;
                    general_mat_mul(1.0, &batch.numbers(), &layer.weights.slice(s![..k, ..]), 1.0, &mut z);
                    for (row, line) in batch.lines() {
                        add(z.row_mut(row).as_slice_mut(), layer.weights.row(*line as usize).as_slice());
                    }
                }
            }
            if at + 1 < self.layers.len() {
                z.mapv_inplace(|z| z.max(0.0));
            }
            outputs.push(z);
        }
        outputs
    }

    /// The weighted sum of losses; turns outputs into their derivatives.
    fn losses(&self, outputs: &mut Array2<f32>, target: &[f32], weight: &[f32]) -> f64 {
        let mut sum = 0.0;
        for ((mut z, y), w) in outputs.axis_iter_mut(Axis(0)).zip(target).zip(weight) {
            let loss = match self.loss {
                Loss::Squared => {
                    let by = z[0] - y;
                    z[0] = by;
                    0.5 * by * by
                }
                Loss::Logistic => {
                    let e = (-z[0].abs()).exp();
                    let loss = z[0].max(0.0) + e.ln_1p() - y * z[0];
                    let p = if z[0] >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) };
                    z[0] = p - y;
                    loss
                }
                Loss::Softmax => {
                    let largest = z.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                    let own = z[*y as usize] - largest;
                    z.mapv_inplace(|z| (z - largest).exp());
                    let total = z.sum();
                    z.mapv_inplace(|p| p / total);
                    z[*y as usize] -= 1.0;
                    total.ln() - own
                }
            };
            z.mapv_inplace(|d| d * w);
            sum += f64::from(loss * w);
        }
        sum
    }

    /// The weighted sum of losses over some rows.
    pub fn loss(&self, inputs: &Inputs, rows: &[usize], target: &[f32], weight: &[f32], batch: &mut Batch) -> f64 {
        inputs.gather(rows, batch);
        let mut outputs = self.forward(batch);
        let (target, weight) = (pick(target, rows), pick(weight, rows));
        outputs.pop().map_or(0.0, |mut last| self.losses(&mut last, &target, &weight))
    }

    /// One step of Adam over some rows; returns the weighted sum of their losses before it.
    pub fn learn(&mut self, inputs: &Inputs, rows: &[usize], target: &[f32], weight: &[f32], batch: &mut Batch) -> f64 {
        inputs.gather(rows, batch);
        let mut outputs = self.forward(batch);
        let (target, weight) = (pick(target, rows), pick(weight, rows));
        let Some(mut delta) = outputs.pop() else { return 0.0 };
        let sum = self.losses(&mut delta, &target, &weight);
        self.steps = self.steps.saturating_add(1);
        let share = 1.0 / rows.len() as f32;
        for at in (0..self.layers.len()).rev() {
            let mut slopes = &self.layers[at].weights * (self.alpha * share);
            match outputs.last() {
                Some(before) => general_mat_mul(share, &before.t(), &delta, 1.0, &mut slopes),
                None => {
                    let k = batch.shape.1;
                    general_mat_mul(share, &batch.numbers().t(), &delta, 1.0, &mut slopes.slice_mut(s![..k, ..]));
                    let scaled = &delta * share;
                    for (row, line) in batch.lines() {
                        add(slopes.row_mut(*line as usize).as_slice_mut(), scaled.row(row).as_slice());
                    }
                }
            }
            let of_biases = delta.sum_axis(Axis(0)) * share;
            if let Some(before) = outputs.pop() {
                let mut earlier = Array2::zeros(before.dim());
                general_mat_mul(1.0, &delta, &self.layers[at].weights.t(), 0.0, &mut earlier);
                Zip::from(&mut earlier).and(&before).for_each(|d, &z| {
                    if z <= 0.0 {
                        *d = 0.0;
                    }
                });
                delta = earlier;
            }
            self.step(at, &slopes, &of_biases);
        }
        sum
    }

    fn step(&mut self, at: usize, of_weights: &Array2<f32>, of_biases: &Array1<f32>) {
        let correction = (1.0 - DECAY_SQUARE.powi(self.steps)).sqrt() / (1.0 - DECAY_MEAN.powi(self.steps));
        let rate = self.rate * correction;
        let update = |value: &mut f32, mean: &mut f32, square: &mut f32, slope: &f32| {
            *mean = DECAY_MEAN * *mean + (1.0 - DECAY_MEAN) * slope;
            *square = DECAY_SQUARE * *square + (1.0 - DECAY_SQUARE) * slope * slope;
            *value -= rate * *mean / (square.sqrt() + TINY);
        };
        let layer = &mut self.layers[at];
        Zip::from(&mut layer.weights)
            .and(&mut layer.means.0)
            .and(&mut layer.squares.0)
            .and(of_weights)
            .for_each(update);
        Zip::from(&mut layer.biases).and(&mut layer.means.1).and(&mut layer.squares.1).and(of_biases).for_each(update);
    }
}

fn pick(values: &[f32], rows: &[usize]) -> Vec<f32> {
    rows.iter().map(|&row| values[row]).collect()
}

fn add(to: Option<&mut [f32]>, from: Option<&[f32]>) {
    if let (Some(to), Some(from)) = (to, from) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ml::algorithms::testing::mixed;

    /// The first step of Adam moves every weight by the learning rate against its slope's sign; so the losses around it
    /// tell whether the slopes are right.
    #[test]
    fn a_small_step_lowers_every_kind_of_loss() {
        let x = mixed(3, 64, 3, 4);
        let inputs = Inputs::new(&x);
        let rows: Vec<usize> = (0..64).collect();
        let weight = vec![1.0; 64];
        let cases = [(Loss::Squared, 1), (Loss::Logistic, 1), (Loss::Softmax, 3)];
        for ((loss, outputs), classes) in cases.into_iter().zip([5, 2, 3]) {
            let target: Vec<f32> = (0..64).map(|row| (row * 5 % classes) as f32).collect();
            let mut net = Net::new(&[7, 8, 6, outputs], loss, 0.0, 1e-4, &mut Shuffler::new(1));
            let mut batch = Batch::default();
            let before = net.learn(&inputs, &rows, &target, &weight, &mut batch);
            for _ in 0..20 {
                net.learn(&inputs, &rows, &target, &weight, &mut batch);
            }
            let after = net.loss(&inputs, &rows, &target, &weight, &mut batch);
            assert!(after < before, "{loss:?}: {before} then {after}");
        }
    }

    #[test]
    fn slopes_match_differences() {
        let x = mixed(3, 16, 2, 3);
        let inputs = Inputs::new(&x);
        let rows: Vec<usize> = (0..16).collect();
        let (target, weight): (Vec<f32>, Vec<f32>) = (0..16).map(|row| ((row % 3) as f32, 1.0)).unzip();
        let net = Net::new(&[5, 6, 3], Loss::Softmax, 0.0, 1e-3, &mut Shuffler::new(2));
        let mut batch = Batch::default();
        let mut moved = net.clone();
        moved.learn(&inputs, &rows, &target, &weight, &mut batch);
        for (i, o) in [(0, 0), (1, 3), (2, 5), (4, 2)] {
            // After one step the running mean is a tenth of the slope.
            let slope = moved.layers[0].means.0[[i, o]] / (1.0 - DECAY_MEAN) * 16.0;
            let mut loss_at = |by: f32| {
                let mut other = net.clone();
                other.layers[0].weights[[i, o]] += by;
                other.loss(&inputs, &rows, &target, &weight, &mut batch)
            };
            let difference = (loss_at(1e-2) - loss_at(-1e-2)) / 2e-2;
            assert!((f64::from(slope) - difference).abs() < 2e-2 * (1.0 + difference.abs()), "{slope} {difference}");
        }
    }
}
