//! Logistic regression with an L2 penalty: two classes by the sigmoid, more by softmax.
//!
//! Minimises `Σ log loss + |w|² / (2 C)` with free intercepts, which is scikit-learn's `LogisticRegression(C=C)`. Ours
//! because linfa's is 35 times slower, reports the wrong class's probability, and may never return.

use linfa::DatasetBase;
use linfa::traits::Fit;
use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use crate::domain::io::JobIo;
use crate::domain::matrix::Matrix;
use crate::domain::model::FittedModel;
use crate::domain::params::CheckedParams;
use crate::domain::task::Target;
use crate::ml::algorithms::{Fitted, view};
use crate::ml::error::FitError;
use crate::ml::linalg::gram_with_intercept;
use crate::ml::predict::{sigmoid, softmax};
use crate::ml::solver::{self, Minimum, Objective};
use crate::ml::sums::Sum;

const NAME: &str = "Logistic regression";
const PHASE: &str = "Fitting logistic regression";
/// Newton's method up to this many parameters …
const NEWTON_PARAMETERS: usize = 2000;
/// … and this many multiplications a step; else L-BFGS, which needs more but far cheaper steps.
const NEWTON_WORK: f64 = 4e9;
const LBFGS_STEPS_PER_NEWTON_STEP: usize = 20;
/// The intercept of a class without training rows: its probability is then exactly 0.
const NEVER: f64 = -1e9;

pub fn fit(params: &CheckedParams, x: &Matrix, y: &Target, _seed: u64, io: &dyn JobIo) -> Result<Fitted, FitError> {
    let learner = Logistic { c: params.get("c"), max_iter: params.get("max_iter") as usize, io };
    learner.fit(&DatasetBase::new(view(x)?, y.clone()))
}

/// The learner as linfa knows learners. Weights of the dataset are not used.
pub struct Logistic<'a> {
    /// Inverse of the penalty.
    pub c: f64,
    /// Newton steps at most.
    pub max_iter: usize,
    pub io: &'a dyn JobIo,
}

impl<'x> Fit<ArrayView2<'x, f64>, Target, FitError> for Logistic<'_> {
    type Object = Fitted;

    fn fit(&self, dataset: &DatasetBase<ArrayView2<'x, f64>, Target>) -> Result<Fitted, FitError> {
        let Target::Classes { codes, n_classes } = &dataset.targets else {
            return Err(FitError::WrongTask { algorithm: NAME, needs: "classes" });
        };
        let x = dataset.records.view();
        let (present, dense) = present_classes(codes, *n_classes);
        if present.len() < 2 {
            return Err(FitError::OneClass);
        }
        let mut warnings = Vec::new();
        let minimum = if *n_classes == 2 {
            let positive = dense.iter().map(|&k| if k == 1 { 1.0 } else { 0.0 }).collect();
            self.minimise(&Binary { x, positive, penalty: 1.0 / self.c }, &x, 1)?
        } else {
            let k = present.len();
            self.minimise(&Softmax { x, class: dense, n_classes: k, penalty: 1.0 / self.c }, &x, k)?
        };
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
        let model = unpack(&minimum.at, x.ncols(), &present, *n_classes);
        Ok(Fitted { model, warnings })
    }
}

impl Logistic<'_> {
    fn minimise(&self, objective: &dyn Objective, x: &ArrayView2<f64>, n_rows: usize) -> Result<Minimum, FitError> {
        let (n, p) = x.dim();
        let blocks = (n_rows * (n_rows + 1) / 2) as f64;
        let work = n as f64 * ((p + 1) as f64).powi(2) * blocks;
        let found = if objective.n_parameters() <= NEWTON_PARAMETERS && work <= NEWTON_WORK {
            solver::newton(objective, self.max_iter, PHASE, self.io)?
        } else {
            solver::lbfgs(objective, self.max_iter * LBFGS_STEPS_PER_NEWTON_STEP, PHASE, self.io)?
        };
        found.ok_or(FitError::Diverged { algorithm: NAME })
    }
}

/// The classes that occur, ascending, and each row's position among them.
fn present_classes(codes: &[u32], n_classes: usize) -> (Vec<usize>, Vec<usize>) {
    let mut occurs = vec![false; n_classes];
    codes.iter().for_each(|&code| occurs[code as usize] = true);
    let present: Vec<usize> = (0..n_classes).filter(|&class| occurs[class]).collect();
    let mut position = vec![0; n_classes];
    present.iter().enumerate().for_each(|(at, &class)| position[class] = at);
    (present, codes.iter().map(|&code| position[code as usize]).collect())
}

fn unpack(at: &Array1<f64>, p: usize, present: &[usize], n_classes: usize) -> FittedModel {
    if n_classes == 2 {
        return FittedModel::Logistic { coefficients: vec![at.slice(s![..p]).to_vec()], intercepts: vec![at[p]] };
    }
    let mut coefficients = vec![vec![0.0; p]; n_classes];
    let mut intercepts = vec![NEVER; n_classes];
    for (row, &class) in present.iter().enumerate() {
        let start = row * (p + 1);
        coefficients[class] = at.slice(s![start..start + p]).to_vec();
        intercepts[class] = at[start + p];
    }
    FittedModel::Logistic { coefficients, intercepts }
}

/// Parameters: the coefficients, then the intercept.
struct Binary<'a> {
    x: ArrayView2<'a, f64>,
    /// 1 for the second class, else 0.
    positive: Vec<f64>,
    penalty: f64,
}

impl Binary<'_> {
    fn scores(&self, at: &Array1<f64>) -> Array1<f64> {
        let p = self.x.ncols();
        self.x.dot(&at.slice(s![..p])) + at[p]
    }
}

impl Objective for Binary<'_> {
    fn n_parameters(&self) -> usize {
        self.x.ncols() + 1
    }

    fn value_and_gradient(&self, at: &Array1<f64>) -> (f64, Array1<f64>) {
        let p = self.x.ncols();
        let scores = self.scores(at);
        let loss: Sum = scores.iter().zip(&self.positive).map(|(&z, &y)| softplus(z) - y * z).collect();
        let error: Array1<f64> = scores.iter().zip(&self.positive).map(|(&z, &y)| sigmoid(z) - y).collect();
        let w = at.slice(s![..p]);
        let mut gradient = Array1::zeros(p + 1);
        gradient.slice_mut(s![..p]).assign(&(self.x.t().dot(&error) + &w * self.penalty));
        gradient[p] = error.sum();
        (loss.value() + 0.5 * self.penalty * w.dot(&w), gradient)
    }

    fn hessian(&self, at: &Array1<f64>) -> Array2<f64> {
        let weight: Vec<f64> = self.scores(at).iter().map(|&z| sigmoid(z) * sigmoid(-z)).collect();
        let mut hessian = gram_with_intercept(&self.x, Some(&weight));
        add_penalty(&mut hessian, 0, self.x.ncols(), self.penalty);
        hessian
    }

    fn curvature_bounds(&self) -> Array1<f64> {
        bounds(&self.x, 0.25, self.penalty)
    }
}

/// Parameters: for each class its coefficients, then its intercept. Adding the same to all intercepts changes nothing, so
/// the square of their sum is added to the value: the minimum is the same, with intercepts that sum to 0.
struct Softmax<'a> {
    x: ArrayView2<'a, f64>,
    class: Vec<usize>,
    n_classes: usize,
    penalty: f64,
}

impl Softmax<'_> {
    /// Class probabilities, one row per row of `x`, and the sum of the log losses.
    fn probabilities(&self, at: &Array1<f64>) -> (Array2<f64>, f64) {
        let (k, p) = (self.n_classes, self.x.ncols());
        let mut w = Array2::zeros((p, k));
        let mut intercepts = Array1::zeros(k);
        for class in 0..k {
            let start = class * (p + 1);
            w.column_mut(class).assign(&at.slice(s![start..start + p]));
            intercepts[class] = at[start + p];
        }
        let mut scores = self.x.dot(&w) + &intercepts;
        let mut loss = Sum::default();
        for (mut row, &class) in scores.axis_iter_mut(Axis(0)).zip(&self.class) {
            let truth = row[class];
            if let Some(row) = row.as_slice_mut() {
                loss.add(softmax(row) - truth);
            }
        }
        (scores, loss.value())
    }

    fn intercept_sum(&self, at: &Array1<f64>) -> f64 {
        let p = self.x.ncols();
        (0..self.n_classes).map(|class| at[class * (p + 1) + p]).sum()
    }

    /// Weight of the squared intercept sum: of the size of the other second derivatives.
    fn gauge(&self) -> f64 {
        self.x.nrows() as f64 / (self.n_classes * self.n_classes) as f64
    }
}

impl Objective for Softmax<'_> {
    fn n_parameters(&self) -> usize {
        self.n_classes * (self.x.ncols() + 1)
    }

    fn value_and_gradient(&self, at: &Array1<f64>) -> (f64, Array1<f64>) {
        let p = self.x.ncols();
        let (mut error, loss) = self.probabilities(at);
        for (mut row, &class) in error.axis_iter_mut(Axis(0)).zip(&self.class) {
            row[class] -= 1.0;
        }
        let slopes = error.t().dot(&self.x);
        let shift = self.intercept_sum(at);
        let mut value = loss + 0.5 * self.gauge() * shift * shift;
        let mut gradient = Array1::zeros(self.n_parameters());
        for class in 0..self.n_classes {
            let start = class * (p + 1);
            let w = at.slice(s![start..start + p]);
            value += 0.5 * self.penalty * w.dot(&w);
            gradient.slice_mut(s![start..start + p]).assign(&(&slopes.row(class) + &(&w * self.penalty)));
            gradient[start + p] = error.column(class).sum() + self.gauge() * shift;
        }
        (value, gradient)
    }

    fn hessian(&self, at: &Array1<f64>) -> Array2<f64> {
        let (probabilities, _) = self.probabilities(at);
        let q = self.x.ncols() + 1;
        let mut hessian = Array2::zeros((self.n_parameters(), self.n_parameters()));
        for a in 0..self.n_classes {
            for b in a..self.n_classes {
                let same = if a == b { 1.0 } else { 0.0 };
                let weight: Vec<f64> = probabilities.rows().into_iter().map(|p| p[a] * (same - p[b])).collect();
                let mut block = gram_with_intercept(&self.x, Some(&weight));
                block[[q - 1, q - 1]] += self.gauge();
                if a == b {
                    add_penalty(&mut block, 0, q - 1, self.penalty);
                } else {
                    hessian.slice_mut(s![b * q..(b + 1) * q, a * q..(a + 1) * q]).assign(&block.t());
                }
                hessian.slice_mut(s![a * q..(a + 1) * q, b * q..(b + 1) * q]).assign(&block);
            }
        }
        hessian
    }

    fn curvature_bounds(&self) -> Array1<f64> {
        let one = bounds(&self.x, 0.25, self.penalty);
        let mut all = Array1::zeros(self.n_parameters());
        for mut part in all.exact_chunks_mut(one.len()) {
            part.assign(&one);
        }
        all
    }
}

fn add_penalty(hessian: &mut Array2<f64>, start: usize, p: usize, penalty: f64) {
    for j in start..start + p {
        hessian[[j, j]] += penalty;
    }
}

/// `largest · Σ x²` per column plus the penalty, then the intercept's.
fn bounds(x: &ArrayView2<f64>, largest: f64, penalty: f64) -> Array1<f64> {
    let p = x.ncols();
    let mut bounds = Array1::from_elem(p + 1, largest * x.nrows() as f64);
    for (bound, column) in bounds.iter_mut().zip(x.columns()) {
        *bound = largest * column.dot(&column) + penalty;
    }
    bounds
}

/// `log(1 + exp(z))` without overflow.
fn softplus(z: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::domain::params::{Algorithm, ParamDraft, check_params};
    use crate::ml::algorithms::testing::{Lcg, matrix, uniform_matrix};

    fn run(x: &Matrix, codes: Vec<u32>, n_classes: usize, c: f64) -> (Vec<Vec<f64>>, Vec<f64>, Vec<String>) {
        let params = check_params(Algorithm::Logistic, &ParamDraft::from([("c".into(), c)])).unwrap();
        let fitted = fit(&params, x, &Target::Classes { codes, n_classes }, 0, &Silent).unwrap();
        let FittedModel::Logistic { coefficients, intercepts } = fitted.model else { panic!("logistic expected") };
        (coefficients, intercepts, fitted.warnings)
    }

    fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
        assert_eq!(found.len(), expected.len());
        for (f, e) in found.iter().zip(expected) {
            assert!((f - e).abs() <= tolerance, "{found:?} instead of {expected:?}");
        }
    }

    /// 80 rows of 3 columns; noisy classes from their weighted sum.
    fn data(n_classes: u32) -> (Matrix, Vec<u32>) {
        let x = uniform_matrix(11, 80, 3);
        let mut noise = Lcg(12);
        let codes = (0..80).map(|r| {
            let row = x.row(r);
            let score = 1.5 * row[0] - row[1] + 0.5 * row[2] + noise.next();
            if n_classes == 2 { u32::from(score > 0.5) } else { u32::from(score > 0.0) + u32::from(score > 1.0) }
        });
        (x.clone(), codes.collect())
    }

    #[test]
    fn two_classes_equal_scikit_learn() {
        let (x, codes) = data(2);
        for (c, (w, b)) in SKLEARN_BINARY {
            let (coefficients, intercepts, warnings) = run(&x, codes.clone(), 2, c);
            assert_close(&coefficients[0], &w, 1e-6);
            assert_close(&intercepts, &[b], 1e-6);
            assert!(warnings.is_empty());
        }
    }

    #[test]
    fn three_classes_equal_scikit_learn() {
        let (x, codes) = data(3);
        let (coefficients, intercepts, _) = run(&x, codes, 3, 1.0);
        for (found, expected) in coefficients.iter().zip(&SKLEARN_SOFTMAX.0) {
            assert_close(found, expected, 1e-6);
        }
        assert_close(&intercepts, &SKLEARN_SOFTMAX.1, 1e-6);
    }

    #[test]
    fn both_solvers_agree() {
        let (x, codes) = data(3);
        let class = codes.iter().map(|&code| code as usize).collect();
        let softmax = Softmax { x: view(&x).unwrap(), class, n_classes: 3, penalty: 1.0 };
        let (x, codes) = data(2);
        let positive = codes.iter().map(|&code| f64::from(code)).collect();
        let binary = Binary { x: view(&x).unwrap(), positive, penalty: 0.01 };
        for objective in [&softmax as &dyn Objective, &binary] {
            let newton = solver::newton(objective, 100, "", &Silent).unwrap().unwrap();
            let lbfgs = solver::lbfgs(objective, 2000, "", &Silent).unwrap().unwrap();
            assert!(newton.converged && lbfgs.converged);
            assert_close(lbfgs.at.as_slice().unwrap(), newton.at.as_slice().unwrap(), 1e-5);
        }
    }

    #[test]
    fn gradients_and_hessians_match_differences() {
        let (x, codes) = data(3);
        let class = codes.iter().map(|&code| code as usize).collect();
        let objective = Softmax { x: view(&x).unwrap(), class, n_classes: 3, penalty: 0.3 };
        let at = Array1::from_shape_fn(12, |i| (i as f64 - 5.0) / 7.0);
        let hessian = objective.hessian(&at);
        let (_, gradient) = objective.value_and_gradient(&at);
        for j in 0..12 {
            let h = 1e-5;
            let moved = |by: f64| {
                let mut at = at.clone();
                at[j] += by;
                objective.value_and_gradient(&at)
            };
            let ((up, up_gradient), (down, down_gradient)) = (moved(h), moved(-h));
            assert!(((up - down) / (2.0 * h) - gradient[j]).abs() < 1e-6);
            let column = (up_gradient - down_gradient) / (2.0 * h);
            assert_close(column.as_slice().unwrap(), hessian.column(j).to_owned().as_slice().unwrap(), 1e-6);
        }
    }

    #[test]
    fn separable_classes_stay_finite() {
        let x = matrix(1, (0..20).map(f64::from).collect());
        let (coefficients, intercepts, _) = run(&x, (0..20).map(|i| u32::from(i >= 10)).collect(), 2, 1e8);
        let boundary = -intercepts[0] / coefficients[0][0];
        assert!((boundary - 9.5).abs() < 1e-3 && coefficients[0][0].is_finite(), "{boundary}");
    }

    #[test]
    fn a_class_without_training_rows_is_never_predicted() {
        let (x, codes) = data(2);
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
