//! A neural network of one or two hidden layers, with scikit-learn's `MLPClassifier`/`MLPRegressor` defaults: rectified
//! units, Adam, batches of 200.
//!
//! Unlike scikit-learn it stops early by default, on the loss of a tenth of the rows, and learns numbers in units of their
//! spread, without which they would have to be scaled by hand. Expects scaled features.

use linfa::traits::Fit;

use crate::domain::features::Block;
use crate::domain::io::JobIo;
use crate::domain::model::{FittedModel, Layer, Link, Network};
use crate::domain::params::CheckedParams;
use crate::domain::random::Shuffler;
use crate::domain::run::MetricPoint;
use crate::domain::task::Target;
use crate::ml::algorithms::{Columns, Data, Fitted};
use crate::ml::cross_validate;
use crate::ml::error::FitError;
use crate::ml::guard;
use crate::ml::network::{Batch, Inputs, Loss, Net};
use crate::ml::squares::spread_of;

const NAME: &str = "Neural network";
/// Share of the rows set aside for stopping early: one in so many.
const ASIDE: usize = 10;
/// With fewer rows none are set aside.
const FEW_ROWS: usize = 50;
/// The least improvement that counts, as a share of the loss: what is left to learn may be little in its own unit.
const IMPROVEMENT: f64 = 1e-3;
/// Most weights of the first layer.
const MAX_BYTES: u64 = 500_000_000;

pub fn fit(params: &CheckedParams, data: &Data, seed: u64, io: &dyn JobIo) -> Result<Fitted, FitError> {
    let learner = Mlp {
        hidden: vec![params.count("hidden_units"); params.count("hidden_layers")],
        alpha: params.get("alpha"),
        learning_rate_init: params.get("learning_rate_init"),
        batch_size: params.count("batch_size"),
        max_iter: params.count("max_iter"),
        stops_early: params.word("early_stopping") == "yes",
        n_iter_no_change: params.count("n_iter_no_change"),
        seed,
        io,
    };
    learner.fit(data)
}

/// The learner as linfa knows learners.
pub struct Mlp<'a> {
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
    /// L2 penalty.
    pub alpha: f64,
    pub learning_rate_init: f64,
    pub batch_size: usize,
    /// Passes over the rows at most.
    pub max_iter: usize,
    /// On rows set aside; else on the training loss.
    pub stops_early: bool,
    /// Passes without improvement before stopping.
    pub n_iter_no_change: usize,
    pub seed: u64,
    pub io: &'a dyn JobIo,
}

/// The target as the network learns it.
struct Learnt {
    loss: Loss,
    outputs: usize,
    values: Vec<f32>,
    center: f64,
    spread: f64,
    link: Link,
}

impl<'a> Fit<Columns<'a>, &'a Target, FitError> for Mlp<'_> {
    type Object = Fitted;

    fn fit(&self, data: &Data<'a>) -> Result<Fitted, FitError> {
        let Columns { x, weights } = data.records;
        let mut feature = 0;
        for block in &x.blocks {
            if let Block::Category { .. } = block {
                return Err(FitError::Category { feature: guard::feature_name(x, feature) });
            }
            feature += block.n_features();
        }
        let first = self.hidden.first().copied().unwrap_or(1);
        let bytes = (feature as u64).saturating_mul(first as u64).saturating_mul(12);
        if bytes > MAX_BYTES {
            return Err(FitError::TooLarge { algorithm: NAME, features: feature, bytes });
        }
        let learnt = learnt(data.targets, weights);
        let inputs = Inputs::new(x);
        let weight = even_weights(x.n_rows, weights);
        let mut random = Shuffler::new(self.seed);
        let sizes: Vec<usize> =
            [feature].into_iter().chain(self.hidden.iter().copied()).chain([learnt.outputs]).collect();
        let net = Net::new(&sizes, learnt.loss, self.alpha, self.learning_rate_init, &mut random);
        let (train, aside) = self.split(data.targets, &weight);
        let (net, curve, warnings) = self.learn(net, &inputs, &learnt.values, &weight, (train, aside), &mut random)?;
        let layers = net.layers.iter().enumerate().map(|(at, layer)| {
            let (n_inputs, n_outputs) = layer.weights.dim();
            let mut weights = vec![0.0; n_inputs * n_outputs];
            for (line, values) in layer.weights.outer_iter().enumerate() {
                // The first layer's lines are in the order the rows were read in.
                let to = if at == 0 { inputs.features[line] } else { line };
                weights[to * n_outputs..(to + 1) * n_outputs].iter_mut().zip(values).for_each(|(to, w)| *to = *w);
            }
            Layer { n_inputs: n_inputs as u32, n_outputs: n_outputs as u32, weights, biases: layer.biases.to_vec() }
        });
        let layers = layers.collect();
        let model = Network { layers, center: learnt.center, spread: learnt.spread, link: learnt.link };
        Ok(Fitted { model: FittedModel::Mlp(model), warnings, curve })
    }
}

impl Mlp<'_> {
    /// Rows to learn from and rows set aside, both ascending.
    fn split(&self, y: &Target, weight: &[f32]) -> (Vec<usize>, Vec<usize>) {
        let all: Vec<usize> = (0..y.len()).filter(|&row| weight[row] > 0.0).collect();
        if !self.stops_early || all.len() < FEW_ROWS {
            return (all, Vec::new());
        }
        match cross_validate::folds(&y.take(&all), ASIDE, true, self.seed) {
            Ok(folds) => {
                let rest = cross_validate::rest(&folds[0], all.len());
                let rows = |positions: &[usize]| positions.iter().map(|&at| all[at]).collect();
                (rows(&rest), rows(&folds[0]))
            }
            Err(_) => (all, Vec::new()),
        }
    }

    fn learn(
        &self,
        mut net: Net,
        inputs: &Inputs,
        target: &[f32],
        weight: &[f32],
        (mut train, aside): (Vec<usize>, Vec<usize>),
        random: &mut Shuffler,
    ) -> Result<(Net, Vec<MetricPoint>, Vec<String>), FitError> {
        let total = |rows: &[usize]| rows.iter().map(|&row| f64::from(weight[row])).sum::<f64>();
        let (of_train, of_aside) = (total(&train), total(&aside));
        let mut batch = Batch::default();
        let mut curve = Vec::new();
        let (mut best, mut best_loss, mut waited) = (None, f64::INFINITY, 0);
        for pass in 0..self.max_iter {
            random.shuffle(&mut train);
            let mut sum = 0.0;
            let phase = format!("Neural network: pass {} of at most {}", pass + 1, self.max_iter);
            for rows in train.chunks(self.batch_size) {
                self.io.progress(&phase, Some(pass as f64 / self.max_iter as f64))?;
                sum += net.learn(inputs, rows, target, weight, &mut batch);
            }
            let loss = sum / of_train;
            if !loss.is_finite() {
                return Err(FitError::Diverged { algorithm: NAME });
            }
            let mut point = |part: &str, value| {
                let (part, metric) = (part.to_owned(), "loss".to_owned());
                curve.push(MetricPoint { part, metric, step: pass as u32 + 1, value });
            };
            point("train", loss);
            let mut watched = loss;
            if !aside.is_empty() {
                let mut sum = 0.0;
                for rows in aside.chunks(1024) {
                    self.io.progress(&phase, Some(pass as f64 / self.max_iter as f64))?;
                    sum += net.loss(inputs, rows, target, weight, &mut batch);
                }
                watched = sum / of_aside;
                point("validation", watched);
            }
            waited = if watched > best_loss * (1.0 - IMPROVEMENT) { waited + 1 } else { 0 };
            if watched < best_loss {
                best_loss = watched;
                best = (!aside.is_empty()).then(|| net.clone());
            }
            if waited >= self.n_iter_no_change {
                return Ok((best.unwrap_or(net), curve, Vec::new()));
            }
        }
        let warning = format!("The neural network still improved after {} passes; raise max_iter", self.max_iter);
        Ok((best.unwrap_or(net), curve, vec![warning]))
    }
}

fn learnt(y: &Target, weights: Option<&[f64]>) -> Learnt {
    match y {
        Target::Values(values) => {
            let (center, spread) = spread_of(values, weights);
            let spread = if spread.is_normal() { spread } else { 1.0 };
            let values = values.iter().map(|y| ((y - center) / spread) as f32).collect();
            Learnt { loss: Loss::Squared, outputs: 1, values, center, spread, link: Link::Identity }
        }
        Target::Classes { codes, n_classes } => {
            let values = codes.iter().map(|&code| code as f32).collect();
            let (loss, outputs, link) = if *n_classes == 2 {
                (Loss::Logistic, 1, Link::Logit)
            } else {
                (Loss::Softmax, *n_classes, Link::Softmax)
            };
            Learnt { loss, outputs, values, center: 0.0, spread: 1.0, link }
        }
    }
}

/// Weights whose mean over the rows that have any is 1, so that the learning rate keeps its meaning.
fn even_weights(n: usize, weights: Option<&[f64]>) -> Vec<f32> {
    let Some(weights) = weights else { return vec![1.0; n] };
    let counting = weights.iter().filter(|w| **w > 0.0).count() as f64;
    let total: f64 = weights.iter().sum();
    weights.iter().map(|w| (w / total * counting) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::features::Features;
    use crate::domain::io::Silent;
    use crate::domain::metric::Metric;
    use crate::domain::params::{Algorithm, ParamDraft, check_params};
    use crate::domain::task::Task;
    use crate::ml::algorithms::testing::{Lcg, data, mixed, row};
    use crate::ml::metrics::evaluate;
    use crate::ml::predict::predict;

    fn run(x: &Features, y: &Target, seed: u64) -> Fitted {
        fit(&check_params(Algorithm::Mlp, &ParamDraft::new()).unwrap(), &data(x, y), seed, &Silent).unwrap()
    }

    /// A product, a square and a category.
    fn scores(x: &Features, seed: u64) -> Vec<f64> {
        let mut noise = Lcg(seed);
        (0..x.n_rows)
            .map(|r| {
                let row = row(x, r);
                3.0 * row[0] * row[1] + 2.0 * row[2] * row[2] + row[4] + 0.5 * (noise.next() - 0.5)
            })
            .collect()
    }

    #[test]
    fn numbers_are_learnt_as_well_as_by_scikit_learn() {
        let (train, test) = (mixed(61, 2000, 3, 3), mixed(62, 2000, 3, 3));
        // Far from zero and large: units must not matter.
        let target = |x: &Features, seed| Target::Values(scores(x, seed).iter().map(|s| 1e4 + 100.0 * s).collect());
        let fitted = run(&train, &target(&train, 1), 0);
        let predicted = predict(&fitted.model, Task::Regression, 0, &test, &Silent).unwrap();
        let rmse = evaluate(Task::Regression, &target(&test, 2), &predicted)[Metric::Rmse.key()] / 100.0;
        assert!(rmse < SKLEARN_RMSE * 1.05, "{rmse}");
        let losses: Vec<f64> = fitted.curve.iter().filter(|p| p.part == "train").map(|p| p.value).collect();
        assert!(losses.len() > 10 && losses[losses.len() - 1] < 0.2 * losses[0], "{losses:?}");
        assert!(fitted.curve.iter().any(|p| p.part == "validation"));
    }

    #[test]
    fn classes_are_learnt_as_well_as_by_scikit_learn() {
        let (train, test) = (mixed(61, 2000, 3, 3), mixed(62, 2000, 3, 3));
        for (n_classes, task) in [(2, Task::Binary), (3, Task::Multiclass)] {
            let target = |x: &Features, seed| {
                let code = |s: &f64| u32::from(*s > 1.0) + u32::from(n_classes == 3 && *s > 2.0);
                Target::Classes { codes: scores(x, seed).iter().map(code).collect(), n_classes }
            };
            let fitted = run(&train, &target(&train, 1), 0);
            let predicted = predict(&fitted.model, task, n_classes, &test, &Silent).unwrap();
            let accuracy = evaluate(task, &target(&test, 2), &predicted)[Metric::Accuracy.key()];
            let expected = SKLEARN_ACCURACY[n_classes - 2];
            assert!(accuracy > expected - 0.01, "{accuracy} against {expected}");
        }
    }

    #[test]
    fn the_seed_decides() {
        let x = mixed(61, 300, 3, 3);
        let y = Target::Values(scores(&x, 1));
        assert_eq!(run(&x, &y, 5), run(&x, &y, 5));
        assert_ne!(run(&x, &y, 5).model, run(&x, &y, 6).model);
    }

    /// The best of three seeds of `MLPRegressor(early_stopping=True)` on the standardised target.
    const SKLEARN_RMSE: f64 = 0.1584;
    /// The best of three seeds of `MLPClassifier(early_stopping=True)`, two and three classes.
    const SKLEARN_ACCURACY: [f64; 2] = [0.934, 0.9135];
}
