//! Logistic regression with an L2 penalty: two classes by the sigmoid, more by softmax.
//!
//! Minimises `Σ log loss + |w|² / (2 C)` with free intercepts, which is scikit-learn's `LogisticRegression(C=C)`. Ours
//! because linfa's is 35 times slower, reports the wrong class's probability, and may never return.

use linfa::traits::Fit;

use crate::domain::io::JobIo;
use crate::domain::model::FittedModel;
use crate::domain::params::CheckedParams;
use crate::domain::run::MetricPoint;
use crate::domain::task::Target;
use crate::ml::algorithms::{Columns, Data, Fitted, class_weights};
use crate::ml::convex::{Margin, PointLoss};
use crate::ml::error::FitError;
use crate::ml::predict::sigmoid;
use crate::ml::softmax::Softmax;
use crate::ml::solver::Minimum;

const NAME: &str = "Logistic regression";
const PHASE: &str = "Fitting logistic regression";
/// The intercept of a class without training rows: its probability is then exactly 0.
const NEVER: f64 = -1e9;

pub fn fit(params: &CheckedParams, data: &Data, seed: u64, io: &dyn JobIo) -> Result<Fitted, FitError> {
    let balanced = params.word("class_weight") == "balanced";
    Logistic { c: params.get("c"), max_iter: params.count("max_iter"), balanced, seed, io }.fit(data)
}

/// The learner as linfa knows learners.
pub struct Logistic<'a> {
    /// Inverse of the penalty.
    pub c: f64,
    /// Newton steps at most.
    pub max_iter: usize,
    /// Every class weighs the same together.
    pub balanced: bool,
    /// Picks rows to start from, in long tables.
    pub seed: u64,
    pub io: &'a dyn JobIo,
}

impl<'a> Fit<Columns<'a>, &'a Target, FitError> for Logistic<'_> {
    type Object = Fitted;

    fn fit(&self, data: &Data<'a>) -> Result<Fitted, FitError> {
        let y = data.targets;
        let Target::Classes { codes, n_classes } = y else {
            return Err(FitError::WrongTask { algorithm: NAME, needs: "classes" });
        };
        let weights = class_weights(if self.balanced { "balanced" } else { "none" }, y, data.records.weights);
        let weights = weights.as_deref();
        let (present, position) = present_classes(codes, *n_classes, weights);
        if present.len() < 2 {
            return Err(FitError::OneClass);
        }
        let (model, minimum) = if *n_classes == 2 {
            self.two(data, &position, weights)?
        } else {
            self.several(data, &position, &present, *n_classes, weights)?
        };
        let mut warnings = Vec::new();
        if !minimum.converged {
            warnings.push(format!(
                "Logistic regression did not settle within {} steps; raise max_iter, lower c, or scale the features",
                minimum.steps
            ));
        }
        if present.len() < *n_classes {
            let absent = n_classes - present.len();
            warnings.push(format!(
                "{absent} of {n_classes} classes have no training row; they get probability 0 everywhere"
            ));
        }
        let total = weights.map_or(codes.len() as f64, |weights| weights.iter().sum());
        Ok(Fitted { model, warnings, curve: curve(&minimum, total) })
    }
}

impl Logistic<'_> {
    fn two(
        &self,
        data: &Data,
        position: &[usize],
        weights: Option<&[f64]>,
    ) -> Result<(FittedModel, Minimum), FitError> {
        let target: Vec<f64> = position.iter().map(|&k| k as f64).collect();
        let learner = Margin {
            loss: &LogLoss,
            target: &target,
            weights,
            penalty: 1.0 / self.c,
            start: 0.0,
            max_iter: self.max_iter,
            seed: self.seed,
            phase: PHASE,
            io: self.io,
        };
        let fitted = learner.fit(data.records.x)?.ok_or(FitError::Diverged { algorithm: NAME })?;
        let model =
            FittedModel::Logistic { coefficients: vec![fitted.coefficients], intercepts: vec![fitted.intercept] };
        Ok((model, fitted.minimum))
    }

    fn several(
        &self,
        data: &Data,
        position: &[usize],
        present: &[usize],
        n_classes: usize,
        weights: Option<&[f64]>,
    ) -> Result<(FittedModel, Minimum), FitError> {
        let learner = Softmax {
            class: position,
            n_classes: present.len(),
            weights,
            penalty: 1.0 / self.c,
            max_iter: self.max_iter,
            seed: self.seed,
            phase: PHASE,
            io: self.io,
        };
        let fitted = learner.fit(data.records.x)?.ok_or(FitError::Diverged { algorithm: NAME })?;
        let mut coefficients = vec![vec![0.0; data.records.x.n_features()]; n_classes];
        let mut intercepts = vec![NEVER; n_classes];
        for (&class, (row, intercept)) in present.iter().zip(fitted.classes) {
            coefficients[class] = row;
            intercepts[class] = intercept;
        }
        Ok((FittedModel::Logistic { coefficients, intercepts }, fitted.minimum))
    }
}

/// The mean loss before each step, penalty included.
pub(in crate::ml) fn curve(minimum: &Minimum, total_weight: f64) -> Vec<MetricPoint> {
    let values = minimum.values.iter().chain([&minimum.value]).zip(1..);
    let point = |(value, step): (&f64, u32)| MetricPoint {
        part: "train".to_owned(),
        metric: "loss".to_owned(),
        step,
        value: value / total_weight,
    };
    values.map(point).filter(|point| point.value.is_finite()).collect()
}

/// The classes that occur with some weight, ascending, and each row's position among them.
fn present_classes(codes: &[u32], n_classes: usize, weights: Option<&[f64]>) -> (Vec<usize>, Vec<usize>) {
    let mut occurs = vec![false; n_classes];
    for (row, &code) in codes.iter().enumerate() {
        occurs[code as usize] |= weights.is_none_or(|weights| weights[row] > 0.0);
    }
    let present: Vec<usize> = (0..n_classes).filter(|&class| occurs[class]).collect();
    let mut position = vec![0; n_classes];
    present.iter().enumerate().for_each(|(at, &class)| position[class] = at);
    (present, codes.iter().map(|&code| position[code as usize]).collect())
}

/// `log(1 + exp(z)) − y z`, y being 0 or 1.
pub(in crate::ml) struct LogLoss;

impl PointLoss for LogLoss {
    fn slope(&self, target: f64, score: f64) -> (f64, f64) {
        // One exponential for both, of a negative number: neither overflow nor lost digits.
        let e = (-score.abs()).exp();
        let p = if score >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) };
        (score.max(0.0) + e.ln_1p() - target * score, p - target)
    }

    fn curvature(&self, _target: f64, score: f64) -> f64 {
        let p = sigmoid(score);
        p * (1.0 - p)
    }

    fn largest_curvature(&self) -> f64 {
        0.25
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::features::Features;
    use crate::domain::io::Silent;
    use crate::ml::algorithms::testing::{Lcg, assert_close, data, mixed, numbers, one_hot, row, uniform, weighted};

    fn learner(c: f64) -> Logistic<'static> {
        Logistic { c, max_iter: 100, balanced: false, seed: 0, io: &Silent }
    }

    fn parts(fitted: Fitted) -> (Vec<Vec<f64>>, Vec<f64>, Vec<String>) {
        let FittedModel::Logistic { coefficients, intercepts } = fitted.model else { panic!("logistic expected") };
        (coefficients, intercepts, fitted.warnings)
    }

    fn run(x: &Features, codes: Vec<u32>, n_classes: usize, c: f64) -> (Vec<Vec<f64>>, Vec<f64>, Vec<String>) {
        parts(learner(c).fit(&data(x, &Target::Classes { codes, n_classes })).unwrap())
    }

    /// `n` rows of 3 columns; noisy classes from their weighted sum.
    fn made(n: usize, n_classes: u32) -> (Features, Vec<u32>) {
        let x = uniform(11, n, 3);
        let mut noise = Lcg(12);
        let codes = (0..n).map(|r| {
            let row = row(&x, r);
            let score = 1.5 * row[0] - row[1] + 0.5 * row[2] + noise.next();
            if n_classes == 2 { u32::from(score > 0.5) } else { u32::from(score > 0.0) + u32::from(score > 1.0) }
        });
        (x.clone(), codes.collect())
    }

    #[test]
    fn two_classes_equal_scikit_learn() {
        let (x, codes) = made(80, 2);
        for (c, (w, b)) in SKLEARN_BINARY {
            let (coefficients, intercepts, warnings) = run(&x, codes.clone(), 2, c);
            assert_close(&coefficients[0], &w, 1e-6);
            assert_close(&intercepts, &[b], 1e-6);
            assert!(warnings.is_empty());
        }
    }

    #[test]
    fn three_classes_equal_scikit_learn() {
        let (x, codes) = made(80, 3);
        let (coefficients, intercepts, _) = run(&x, codes, 3, 1.0);
        for (found, expected) in coefficients.iter().zip(&SKLEARN_SOFTMAX.0) {
            assert_close(found, expected, 1e-6);
        }
        assert_close(&intercepts, &SKLEARN_SOFTMAX.1, 1e-6);
    }

    /// Long enough for a start on a sample.
    #[test]
    fn long_tables_settle_where_newtons_method_does() {
        for n_classes in [2, 3] {
            let (x, codes) = made(60_000, n_classes);
            let n_classes = n_classes as usize;
            let long = run(&x, codes.clone(), n_classes, 0.1);
            // Weights of a half and a doubled table are the same objective, but another sample.
            let twice: Vec<usize> = (0..60_000).chain(0..60_000).collect();
            let target = Target::Classes { codes, n_classes }.take(&twice);
            let other = learner(0.1).fit(&weighted(&x.take(&twice), &target, &vec![0.5; 120_000])).unwrap();
            for (a, b) in long.0.iter().zip(&parts(other).0) {
                assert_close(a, b, 1e-6);
            }
        }
    }

    #[test]
    fn indicators_equal_a_one_hot_matrix() {
        let x = mixed(3, 400, 2, 5);
        let dense = one_hot(&x);
        for n_classes in [2, 3] {
            let codes: Vec<u32> = (0..400).map(|r| (r * 7 + r / 9) % n_classes).collect();
            let coded = run(&x, codes.clone(), n_classes as usize, 1.0);
            let columns = run(&dense, codes, n_classes as usize, 1.0);
            coded.0.iter().zip(&columns.0).for_each(|(a, b)| assert_close(a, b, 1e-8));
        }
    }

    #[test]
    fn balanced_classes_weigh_the_same() {
        let (x, codes) = made(200, 2);
        let ones = codes.iter().filter(|&&code| code == 1).count() as f64;
        let weights: Vec<f64> =
            codes.iter().map(|&code| if code == 1 { 100.0 / ones } else { 100.0 / (200.0 - ones) }).collect();
        let y = Target::Classes { codes, n_classes: 2 };
        let by_word = Logistic { balanced: true, ..learner(1.0) }.fit(&data(&x, &y)).unwrap();
        let by_rows = learner(1.0).fit(&weighted(&x, &y, &weights)).unwrap();
        assert_close(&parts(by_word).0[0], &parts(by_rows).0[0], 1e-9);
    }

    #[test]
    fn the_curve_falls() {
        let (x, codes) = made(200, 2);
        let curve = learner(1.0).fit(&data(&x, &Target::Classes { codes, n_classes: 2 })).unwrap().curve;
        assert!(curve.len() > 3 && curve.windows(2).all(|pair| pair[1].value <= pair[0].value + 1e-12), "{curve:?}");
        assert!((curve[0].value - 2_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn separable_classes_stay_finite() {
        let x = numbers(1, (0..20).map(f64::from).collect());
        let (coefficients, intercepts, _) = run(&x, (0..20).map(|i| u32::from(i >= 10)).collect(), 2, 1e8);
        let boundary = -intercepts[0] / coefficients[0][0];
        assert!((boundary - 9.5).abs() < 1e-3 && coefficients[0][0].is_finite(), "{boundary}");
    }

    #[test]
    fn a_class_without_training_rows_is_never_predicted() {
        let (x, codes) = made(80, 2);
        let codes = codes.iter().map(|code| code * 2).collect();
        let (coefficients, intercepts, warnings) = run(&x, codes, 3, 1.0);
        assert_eq!((coefficients[1].clone(), intercepts[1]), (vec![0.0; 3], NEVER));
        assert!(warnings[0].starts_with("1 of 3 classes"), "{warnings:?}");
    }

    const SKLEARN_BINARY: [(f64, ([f64; 3], f64)); 2] = [
        (1.0, ([3.2446865394078284, -1.379052726937169, 0.9944105096004082], 0.0742262374795274)),
        (100.0, ([14.319030679177622, -6.701758884710765, 4.842770896989797], 0.6104646100164313)),
    ];
    const SKLEARN_SOFTMAX: ([[f64; 3]; 3], [f64; 3]) = (
        [
            [-2.487000224350364, 1.2360503830825549, -0.7128821485551345],
            [-0.13477489798866446, -0.017598671423784525, -0.14547324860716596],
            [2.6217751223390295, -1.2184517116587712, 0.8583553971623006],
        ],
        [-0.12087150736483986, 0.14330661321781615, -0.022435105852976294],
    );
}
