//! Linear support vector machines: classes by the squared hinge, numbers by squared errors beyond a tolerance.
//!
//! Minimises `½ |w|² + C Σ w · loss` with a free intercept: scikit-learn's `LinearSVC` and
//! `LinearSVR(loss="squared_epsilon_insensitive")` with a large `intercept_scaling`. linfa's needs minutes for 2,000 rows,
//! and its kernel ones store a square of the rows. Probabilities come from scores of rows that were held out: a sigmoid
//! for two classes (Platt 1999), its softmax generalisation for more; both fold into the coefficients, so that the model
//! is a logistic one.

use linfa::traits::Fit;

use crate::domain::features::Features;
use crate::domain::io::{JobIo, Part};
use crate::domain::model::{FittedModel, Link};
use crate::domain::params::CheckedParams;
use crate::domain::task::Target;
use crate::ml::algorithms::{Columns, Data, Fitted, class_weights, logistic::LogLoss};
use crate::ml::convex::{Margin, MarginFit, PointLoss};
use crate::ml::cross_validate;
use crate::ml::error::FitError;
use crate::ml::predict;
use crate::ml::softmax::Softmax;

const NAME: &str = "Linear SVM";
const PHASE: &str = "Fitting linear SVM";
/// Parts of the rows whose scores come from the others.
const FOLDS: usize = 5;
/// Penalty on the few numbers that turn scores into probabilities; keeps them finite for separable classes.
const CALIBRATION_PENALTY: f64 = 1e-3;

pub fn fit(params: &CheckedParams, data: &Data, seed: u64, io: &dyn JobIo) -> Result<Fitted, FitError> {
    let learner = Svm {
        c: params.get("c"),
        epsilon: params.get("epsilon"),
        max_iter: params.count("max_iter"),
        balanced: params.word("class_weight") == "balanced",
        seed,
        io,
    };
    learner.fit(data)
}

/// The learner as linfa knows learners.
pub struct Svm<'a> {
    /// Weight of the loss against the size of the coefficients.
    pub c: f64,
    /// Errors up to this are free, for numbers.
    pub epsilon: f64,
    /// Newton steps at most.
    pub max_iter: usize,
    /// Every class weighs the same together.
    pub balanced: bool,
    /// Deals the rows that are held out.
    pub seed: u64,
    pub io: &'a dyn JobIo,
}

impl<'a> Fit<Columns<'a>, &'a Target, FitError> for Svm<'_> {
    type Object = Fitted;

    fn fit(&self, data: &Data<'a>) -> Result<Fitted, FitError> {
        let Columns { x, weights } = data.records;
        match data.targets {
            Target::Values(values) => self.numbers(x, values, weights),
            y @ Target::Classes { codes, n_classes } => {
                let word = if self.balanced { "balanced" } else { "none" };
                let weights = class_weights(word, y, weights);
                self.classes(x, codes, *n_classes, weights.as_deref())
            }
        }
    }
}

/// `max(0, 1 − y z)²`, y being −1 or 1.
struct SquaredHinge;

impl PointLoss for SquaredHinge {
    fn slope(&self, target: f64, score: f64) -> (f64, f64) {
        let short = (1.0 - target * score).max(0.0);
        (short * short, -2.0 * target * short)
    }

    fn curvature(&self, target: f64, score: f64) -> f64 {
        if target * score < 1.0 { 2.0 } else { 0.0 }
    }

    fn largest_curvature(&self) -> f64 {
        2.0
    }
}

/// `max(0, |y − z| − tolerance)²`
struct BeyondTolerance(f64);

impl PointLoss for BeyondTolerance {
    fn slope(&self, target: f64, score: f64) -> (f64, f64) {
        let by = score - target;
        let beyond = (by.abs() - self.0).max(0.0);
        (beyond * beyond, 2.0 * beyond.copysign(by))
    }

    fn curvature(&self, target: f64, score: f64) -> f64 {
        if (score - target).abs() > self.0 { 2.0 } else { 0.0 }
    }

    fn largest_curvature(&self) -> f64 {
        2.0
    }
}

impl Svm<'_> {
    fn margin<L: PointLoss>(
        &self,
        loss: &L,
        x: &Features,
        target: &[f64],
        weights: Option<&[f64]>,
        penalty: f64,
        io: &dyn JobIo,
    ) -> Result<MarginFit, FitError> {
        let (max_iter, seed) = (self.max_iter, self.seed);
        Margin { loss, target, weights, penalty, start: 0.0, max_iter, seed, phase: PHASE, io }
            .fit(x)?
            .ok_or(FitError::Diverged { algorithm: NAME })
    }

    fn numbers(&self, x: &Features, values: &[f64], weights: Option<&[f64]>) -> Result<Fitted, FitError> {
        let (center, spread) = crate::ml::squares::spread_of(values, weights);
        let unit = if spread.is_normal() { spread } else { 1.0 };
        let target: Vec<f64> = values.iter().map(|y| (y - center) / unit).collect();
        let fitted = self.margin(&BeyondTolerance(self.epsilon / unit), x, &target, weights, 1.0 / self.c, self.io)?;
        let model = FittedModel::Linear {
            coefficients: fitted.coefficients.iter().map(|c| c * unit).collect(),
            intercept: center + unit * fitted.intercept,
            link: Link::Identity,
        };
        Ok(Fitted::new(model, self.warnings(fitted.minimum.converged)))
    }

    fn warnings(&self, converged: bool) -> Vec<String> {
        let warning = format!("{NAME} did not settle; raise max_iter, lower c, or scale the features");
        if converged { Vec::new() } else { vec![warning] }
    }

    fn classes(
        &self,
        x: &Features,
        codes: &[u32],
        n_classes: usize,
        weights: Option<&[f64]>,
    ) -> Result<Fitted, FitError> {
        let whole = Part { io: self.io, from: 0.0, to: 0.3 };
        let (planes, converged) = self.planes(x, codes, n_classes, weights, &whole)?;
        let scores = self.held_out_scores(x, codes, n_classes, weights)?;
        let mut warnings = self.warnings(converged);
        let scores = scores.unwrap_or_else(|| {
            warnings.push(format!("{NAME} has too few rows of some class to hold any out; probabilities are rough"));
            planes.iter().map(|plane| score_all(x, plane)).collect()
        });
        let map = self.calibrate(scores, codes, n_classes, weights)?;
        // The map of scores is a weighted sum of weighted sums.
        let (mut coefficients, mut intercepts) = (Vec::new(), Vec::new());
        for (row, shift) in map {
            let mut sum = vec![0.0; x.n_features()];
            let mut intercept = shift;
            for (share, (plane, own)) in row.iter().zip(&planes) {
                sum.iter_mut().zip(plane).for_each(|(sum, c)| *sum += share * c);
                intercept += share * own;
            }
            coefficients.push(sum);
            intercepts.push(intercept);
        }
        Ok(Fitted::new(FittedModel::Logistic { coefficients, intercepts }, warnings))
    }

    /// One plane for two classes, else one per class against the others.
    fn planes(
        &self,
        x: &Features,
        codes: &[u32],
        n_classes: usize,
        weights: Option<&[f64]>,
        io: &dyn JobIo,
    ) -> Result<(Vec<Plane>, bool), FitError> {
        let positive: Vec<u32> = if n_classes == 2 { vec![1] } else { (0..n_classes as u32).collect() };
        let mut planes = Vec::with_capacity(positive.len());
        let mut converged = true;
        let n = positive.len() as f64;
        for (at, class) in positive.into_iter().enumerate() {
            let part = Part { io, from: at as f64 / n, to: (at + 1) as f64 / n };
            let target: Vec<f64> = codes.iter().map(|&code| if code == class { 1.0 } else { -1.0 }).collect();
            let fitted = self.margin(&SquaredHinge, x, &target, weights, 1.0 / self.c, &part)?;
            converged &= fitted.minimum.converged;
            planes.push((fitted.coefficients, fitted.intercept));
        }
        Ok((planes, converged))
    }

    /// Scores of every row by planes that did not see it; `None` where classes are too small for that.
    fn held_out_scores(
        &self,
        x: &Features,
        codes: &[u32],
        n_classes: usize,
        weights: Option<&[f64]>,
    ) -> Result<Option<Vec<Vec<f64>>>, FitError> {
        let target = Target::Classes { codes: codes.to_vec(), n_classes };
        let Ok(folds) = cross_validate::folds(&target, FOLDS, true, self.seed) else { return Ok(None) };
        let mut scores = vec![vec![0.0; codes.len()]; if n_classes == 2 { 1 } else { n_classes }];
        for (at, held_out) in folds.iter().enumerate() {
            let from = 0.3 + 0.6 * at as f64 / FOLDS as f64;
            let part = Part { io: self.io, from, to: from + 0.6 / FOLDS as f64 };
            let rows = cross_validate::rest(held_out, codes.len());
            let codes: Vec<u32> = rows.iter().map(|&row| codes[row]).collect();
            if codes.iter().all(|&code| code == codes[0]) {
                return Ok(None);
            }
            let weights: Option<Vec<f64>> = weights.map(|weights| rows.iter().map(|&row| weights[row]).collect());
            let (planes, _) = self.planes(&x.take(&rows), &codes, n_classes, weights.as_deref(), &part)?;
            let rest = x.take(held_out);
            for (scores, plane) in scores.iter_mut().zip(&planes) {
                for (&row, score) in held_out.iter().zip(score_all(&rest, plane)) {
                    scores[row] = score;
                }
            }
        }
        Ok(Some(scores))
    }

    /// What turns scores into the log odds of the classes: shares of each score and a shift, per output.
    fn calibrate(
        &self,
        scores: Vec<Vec<f64>>,
        codes: &[u32],
        n_classes: usize,
        weights: Option<&[f64]>,
    ) -> Result<Vec<Plane>, FitError> {
        let names = (0..scores.len()).map(|k| format!("score {k}")).collect();
        let blocks = scores.into_iter().map(crate::domain::features::Block::Numbers).collect();
        let x = Features { n_rows: codes.len(), blocks, names };
        let part = Part { io: self.io, from: 0.9, to: 1.0 };
        if n_classes == 2 {
            let target = platt_targets(codes);
            let fitted = self.margin(&LogLoss, &x, &target, weights, CALIBRATION_PENALTY, &part)?;
            return Ok(vec![(fitted.coefficients, fitted.intercept)]);
        }
        let class: Vec<usize> = codes.iter().map(|&code| code as usize).collect();
        let (max_iter, seed) = (self.max_iter, self.seed);
        let penalty = CALIBRATION_PENALTY * codes.len() as f64;
        let learner = Softmax { class: &class, n_classes, weights, penalty, max_iter, seed, phase: PHASE, io: &part };
        let fitted = learner.fit(&x)?.ok_or(FitError::Diverged { algorithm: NAME })?;
        Ok(fitted.classes)
    }
}

/// Coefficients and intercept.
type Plane = (Vec<f64>, f64);

fn score_all(x: &Features, (coefficients, intercept): &Plane) -> Vec<f64> {
    let mut scores = vec![0.0; x.n_rows];
    predict::add_sums(x, 0..x.n_rows, coefficients, *intercept, &mut scores);
    scores
}

/// Not quite 0 and 1, so that a separable table does not ask for certainty (Platt 1999, as in scikit-learn).
fn platt_targets(codes: &[u32]) -> Vec<f64> {
    let positive = codes.iter().filter(|&&code| code == 1).count() as f64;
    let negative = codes.len() as f64 - positive;
    let (high, low) = ((positive + 1.0) / (positive + 2.0), 1.0 / (negative + 2.0));
    codes.iter().map(|&code| if code == 1 { high } else { low }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::domain::metric::Metric;
    use crate::domain::task::Task;
    use crate::ml::algorithms::testing::{Lcg, assert_close, data, mixed, numbers, row};
    use crate::ml::metrics::evaluate;

    fn learner(c: f64, epsilon: f64) -> Svm<'static> {
        Svm { c, epsilon, max_iter: 100, balanced: false, seed: 0, io: &Silent }
    }

    /// Noisy classes from a weighted sum.
    fn made(seed: u64, n: usize, n_classes: u32) -> (Features, Vec<u32>) {
        let x = mixed(seed, n, 3, 3);
        let mut noise = Lcg(seed + 1);
        let codes = (0..n).map(|r| {
            let row = row(&x, r);
            let score = 1.5 * row[0] - row[1] + 0.5 * row[4] + noise.next();
            if n_classes == 2 { u32::from(score > 0.5) } else { u32::from(score > 0.0) + u32::from(score > 1.0) }
        });
        (x.clone(), codes.collect())
    }

    #[test]
    fn planes_equal_scikit_learn() {
        let (x, codes) = made(31, 90, 2);
        let (planes, converged) = learner(0.5, 0.0).planes(&x, &codes, 2, None, &Silent).unwrap();
        assert!(converged);
        assert_close(&planes[0].0, &SKLEARN_SVC.0, 2e-5);
        assert_close(&[planes[0].1], &[SKLEARN_SVC.1], 2e-5);
    }

    #[test]
    fn numbers_equal_scikit_learn() {
        let (x, codes) = made(31, 90, 3);
        let y = Target::Values((0..90).map(|r| 10.0 + row(&x, r)[0] + f64::from(codes[r])).collect());
        let fitted = learner(0.5, 0.2).fit(&data(&x, &y)).unwrap();
        let FittedModel::Linear { coefficients, intercept, .. } = fitted.model else { panic!("linear expected") };
        assert_close(&coefficients, &SKLEARN_SVR.0, 2e-5);
        assert_close(&[intercept], &[SKLEARN_SVR.1], 2e-5);
    }

    #[test]
    fn probabilities_are_honest() {
        for (n_classes, task) in [(2, Task::Binary), (3, Task::Multiclass)] {
            let (x, codes) = made(41, 3000, n_classes);
            let n_classes = n_classes as usize;
            let fitted = learner(1.0, 0.0).fit(&data(&x, &Target::Classes { codes, n_classes })).unwrap();
            let (test, codes) = made(51, 3000, n_classes as u32);
            let y = Target::Classes { codes, n_classes };
            let predicted = predict::predict(&fitted.model, task, n_classes, &test, &Silent).unwrap();
            let loss = evaluate(task, &y, &predicted)[Metric::LogLoss.key()];
            let by_logistic = crate::ml::algorithms::logistic::Logistic {
                c: 1.0,
                max_iter: 100,
                balanced: false,
                seed: 0,
                io: &Silent,
            };
            let (x, codes) = made(41, 3000, n_classes as u32);
            let other = by_logistic.fit(&data(&x, &Target::Classes { codes, n_classes })).unwrap();
            let predicted = predict::predict(&other.model, task, n_classes, &test, &Silent).unwrap();
            let best = evaluate(task, &y, &predicted)[Metric::LogLoss.key()];
            assert!(loss < best * 1.05, "{loss} against {best} of logistic regression");
        }
    }

    #[test]
    fn separable_and_tiny_classes_stay_finite() {
        let x = numbers(1, (0..12).map(f64::from).collect());
        for codes in
            [(0..12).map(|i| u32::from(i >= 6)).collect::<Vec<u32>>(), (0..12).map(|i| u32::from(i == 3)).collect()]
        {
            let fitted = learner(1.0, 0.0).fit(&data(&x, &Target::Classes { codes, n_classes: 2 })).unwrap();
            let predicted = predict::predict(&fitted.model, Task::Binary, 2, &x, &Silent).unwrap();
            assert_eq!(predicted.len(), 12);
        }
    }

    /// `LinearSVC(C=0.5, dual=False, tol=1e-12, intercept_scaling=1e4)`
    const SKLEARN_SVC: ([f64; 6], f64) = (
        [
            1.6380860497729546,
            -1.2028120074816686,
            -0.3144753163736386,
            -0.26976521933233805,
            0.5497833664227912,
            -0.28001814440404255,
        ],
        0.2686410584526579,
    );
    /// `LinearSVR(C=0.5, epsilon=0.2, loss="squared_epsilon_insensitive", dual=False, tol=1e-12, intercept_scaling=1e4)`
    const SKLEARN_SVR: ([f64; 6], f64) = (
        [
            1.8583585915501586,
            -0.6091746154464629,
            -0.03039660053548478,
            -0.12937964261992893,
            0.24488505521827447,
            -0.11550530067963796,
        ],
        11.191870758585871,
    );
}
