//! Least squares from sums: everything linear regressions need to know about the rows, in one pass over them.
//!
//! Sums of products lose digits that the rows still have; [`Normal::refined`] gets them back by going over the residuals.

use ndarray::{Array1, Array2, s};

use crate::domain::features::Features;
use crate::domain::io::JobIo;
use crate::domain::model::{FittedModel, Link};
use crate::ml::algorithms::{Data, Fitted};
use crate::ml::convex::{Margin, PointLoss};
use crate::ml::design::{BLOCK, Design};
use crate::ml::error::FitError;
use crate::ml::linalg::Cholesky;
use crate::ml::parallel::{STRETCH, Watch, map_stretches};
use crate::ml::sums;

/// Features beyond which no matrix of their products is made.
pub const MAX_PRODUCTS: usize = 3000;

/// Sums around the means, in the design's standard units and the target's.
pub struct Normal<'a> {
    pub design: Design<'a>,
    /// In units of `spread` around `center`.
    pub target: Vec<f64>,
    pub weights: Option<&'a [f64]>,
    pub total_weight: f64,
    /// Weighted means of the values of each slope.
    pub means: Array1<f64>,
    /// `Σ w (z − mean)(z − mean)ᵀ`
    pub gram: Array2<f64>,
    /// `Σ w (z − mean) target`
    pub products: Array1<f64>,
    pub center: f64,
    pub spread: f64,
}

impl<'a> Normal<'a> {
    /// `None` when no feature or the target does not vary: then the mean is all there is to say.
    pub fn new(x: &'a Features, y: &[f64], weights: Option<&'a [f64]>, watch: Watch) -> Result<Option<Self>, FitError> {
        let design = Design::new(x)?;
        let (center, spread) = spread_of(y, weights);
        let p = design.n_slopes();
        if !spread.is_normal() || p == 0 {
            return Ok(None);
        }
        let target: Vec<f64> = y.iter().map(|y| (y - center) / spread).collect();
        let full = design.gram(
            |rows, out| match weights {
                Some(weights) => out.copy_from_slice(&weights[rows]),
                None => out.fill(1.0),
            },
            watch,
        )?;
        let total_weight = full[[p, p]];
        let means = &full.slice(s![p, ..p]) / total_weight;
        let mut gram = full.slice(s![..p, ..p]).to_owned();
        for i in 0..p {
            let far = means[i] * total_weight;
            for j in 0..p {
                gram[[i, j]] -= far * means[j];
            }
        }
        let mut normal =
            Self { design, target, weights, total_weight, means, gram, products: Array1::zeros(p), center, spread };
        normal.products = normal.residual_products(&Array1::zeros(p), watch)?;
        Ok(Some(normal))
    }

    /// `Σ w (z − mean) (target − z · slopes)`, from the rows.
    fn residual_products(&self, slopes: &Array1<f64>, watch: Watch) -> Result<Array1<f64>, FitError> {
        let p = slopes.len();
        let mut at = slopes.to_vec();
        at.push(-self.means.dot(slopes));
        let parts = map_stretches(self.design.n_rows, STRETCH, watch, |rows, _| {
            let mut products = vec![0.0; p + 1];
            let mut errors = [0.0; BLOCK];
            for start in rows.clone().step_by(BLOCK) {
                let block = start..(start + BLOCK).min(rows.end);
                let errors = &mut errors[..block.len()];
                self.design.scores(block.clone(), &at, errors);
                for (row, error) in block.clone().zip(errors.iter_mut()) {
                    *error = (self.target[row] - *error) * self.weights.map_or(1.0, |weights| weights[row]);
                }
                self.design.add_products(block, errors, &mut products);
            }
            products
        })?;
        let sums: Vec<f64> = (0..=p).map(|j| sums::sum(parts.iter().map(|part| part[j]))).collect();
        Ok(Array1::from_iter((0..p).map(|j| sums[j] - self.means[j] * sums[p])))
    }

    /// Solves `(gram + penalties) slopes = products`, corrected by the residuals until the correction is rounding.
    /// `kept` names the slopes that take part, the others stay 0.
    pub fn refined(&self, kept: &[usize], penalties: &[f64], watch: Watch) -> Result<Option<Array1<f64>>, FitError> {
        let k = kept.len();
        let mut matrix = Array2::zeros((k, k));
        for (i, &row) in kept.iter().enumerate() {
            for (j, &column) in kept.iter().enumerate() {
                matrix[[i, j]] = self.gram[[row, column]];
            }
            matrix[[i, i]] += penalties[row];
        }
        let Some(factor) = Cholesky::new(&matrix) else { return Ok(None) };
        let pick = |all: &Array1<f64>| Array1::from_iter(kept.iter().map(|&j| all[j]));
        let mut slopes = Array1::zeros(self.gram.nrows());
        let mut step = factor.solve(&pick(&self.products));
        for round in 0..5 {
            for (&j, by) in kept.iter().zip(&step) {
                slopes[j] += by;
            }
            let (by, size) = (largest(&step), largest(&slopes));
            if by <= 1e-13 * size || round == 4 {
                break;
            }
            let mut rest = self.residual_products(&slopes, watch)?;
            for (j, penalty) in penalties.iter().enumerate().take(slopes.len()) {
                rest[j] -= penalty * slopes[j];
            }
            step = factor.solve(&pick(&rest));
        }
        Ok(Some(slopes))
    }

    /// From slopes in standard units to a model of the features.
    pub fn model(&self, slopes: &Array1<f64>) -> FittedModel {
        let mut at = slopes.to_vec();
        at.push(-self.means.dot(slopes));
        let (coefficients, intercept) = self.design.coefficients(&at);
        FittedModel::Linear {
            coefficients: coefficients.into_iter().map(|c| c * self.spread).collect(),
            intercept: self.center + self.spread * intercept,
            link: Link::Identity,
        }
    }
}

/// The model that says the mean.
pub fn mean_model(data: &Data, values: &[f64]) -> FittedModel {
    let intercept = spread_of(values, data.records.weights).0;
    FittedModel::Linear { coefficients: vec![0.0; data.records.x.n_features()], intercept, link: Link::Identity }
}

/// Weighted mean and standard deviation.
pub fn spread_of(values: &[f64], weights: Option<&[f64]>) -> (f64, f64) {
    let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
    let total = sums::sum((0..values.len()).map(weight));
    let share = |row: usize| weight(row) / total;
    let center = sums::sum(values.iter().enumerate().map(|(row, y)| y * share(row)));
    let largest = values.iter().fold(0.0_f64, |m, y| m.max((y - center).abs()));
    if largest == 0.0 {
        return (center, 0.0);
    }
    let far = |y: &f64| (y - center) / largest;
    let spread = largest * sums::sum(values.iter().enumerate().map(|(row, y)| far(y).powi(2) * share(row))).sqrt();
    (center, spread)
}

fn largest(values: &Array1<f64>) -> f64 {
    values.iter().fold(0.0, |m, v| m.max(v.abs()))
}

/// `½ (target − score)²`
struct HalfSquare;

impl PointLoss for HalfSquare {
    fn slope(&self, target: f64, score: f64) -> (f64, f64) {
        let error = score - target;
        (0.5 * error * error, error)
    }

    fn curvature(&self, _target: f64, _score: f64) -> f64 {
        1.0
    }

    fn largest_curvature(&self) -> f64 {
        1.0
    }
}

/// Ridge without a matrix of products, for very many features. `penalty` as scikit-learn's alpha.
pub fn ridge_by_steps(
    name: &'static str,
    data: &Data,
    values: &[f64],
    penalty: f64,
    phase: &str,
    io: &dyn JobIo,
) -> Result<Fitted, FitError> {
    let (center, spread) = spread_of(values, data.records.weights);
    if !spread.is_normal() {
        return Ok(mean_model(data, values).into());
    }
    let target: Vec<f64> = values.iter().map(|y| (y - center) / spread).collect();
    let learner = Margin {
        loss: &HalfSquare,
        target: &target,
        weights: data.records.weights,
        penalty,
        start: 0.0,
        max_iter: 50,
        seed: 0,
        phase,
        io,
    };
    let fitted = learner.fit(data.records.x)?.ok_or(FitError::Diverged { algorithm: name })?;
    let mut warnings = Vec::new();
    if !fitted.minimum.converged {
        warnings.push(format!(
            "{name} over {} features did not settle in {} passes; group rare categories or raise alpha",
            data.records.x.n_features(),
            fitted.minimum.steps
        ));
    }
    let model = FittedModel::Linear {
        coefficients: fitted.coefficients.into_iter().map(|c| c * spread).collect(),
        intercept: center + spread * fitted.intercept,
        link: Link::Identity,
    };
    Ok(Fitted::new(model, warnings))
}
