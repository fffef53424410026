//! Lasso and elastic net: `Σ w (y − x · c − b)² / (2 Σ w) + alpha (ratio |c|₁ + (1 − ratio)/2 |c|²)` with a free intercept,
//! which is scikit-learn's `Lasso` and `ElasticNet`.
//!
//! Coordinate descent over sums of products: a pass over the coefficients does not look at the rows. Ours because linfa's
//! does not centre the features and knows neither weights nor indicators.

use linfa::traits::Fit;
use ndarray::Array1;

use crate::domain::io::JobIo;
use crate::domain::model::FittedModel;
use crate::domain::params::{Algorithm, CheckedParams};
use crate::domain::task::Target;
use crate::ml::algorithms::{Columns, Data, Fitted};
use crate::ml::error::FitError;
use crate::ml::parallel::Watch;
use crate::ml::squares::{self, MAX_PRODUCTS, Normal};

/// A pass that changes no fitted value by more than this share of the target's spread is the last.
const SETTLED: f64 = 1e-9;

pub fn fit(
    algorithm: Algorithm,
    params: &CheckedParams,
    data: &Data,
    _seed: u64,
    io: &dyn JobIo,
) -> Result<Fitted, FitError> {
    let l1_ratio = if algorithm == Algorithm::Lasso { 1.0 } else { params.get("l1_ratio") };
    let name = algorithm.title();
    ElasticNet { name, alpha: params.get("alpha"), l1_ratio, max_iter: params.count("max_iter"), io }.fit(data)
}

/// The learner as linfa knows learners.
pub struct ElasticNet<'a> {
    /// For messages.
    pub name: &'static str,
    pub alpha: f64,
    /// 0 is ridge, 1 is lasso.
    pub l1_ratio: f64,
    /// Passes over the coefficients at most.
    pub max_iter: usize,
    pub io: &'a dyn JobIo,
}

impl<'a> Fit<Columns<'a>, &'a Target, FitError> for ElasticNet<'_> {
    type Object = Fitted;

    fn fit(&self, data: &Data<'a>) -> Result<Fitted, FitError> {
        let Target::Values(values) = data.targets else {
            return Err(FitError::WrongTask { algorithm: self.name, needs: "numbers" });
        };
        let Columns { x, weights } = data.records;
        let p = x.n_features();
        if p > MAX_PRODUCTS {
            let bytes = 8 * (p as u64).saturating_mul(p as u64);
            return Err(FitError::TooLarge { algorithm: self.name, features: p, bytes });
        }
        let phase = format!("Fitting {}", self.name.to_lowercase());
        let watch = Watch { io: self.io, phase: &phase, fraction: Some(0.2) };
        let Some(normal) = Normal::new(x, values, weights, watch)? else {
            return Ok(squares::mean_model(data, values).into());
        };
        let watch = Watch { fraction: Some(0.6), ..watch };
        // The target is in units of its spread: an L1 penalty then weighs as much more.
        let l1: Vec<f64> = normal
            .design
            .scales()
            .iter()
            .map(|scale| self.alpha * self.l1_ratio * scale * normal.total_weight / normal.spread)
            .collect();
        let mut l2 = normal.design.penalties(self.alpha * (1.0 - self.l1_ratio) * normal.total_weight);
        l2.truncate(l1.len());
        if self.alpha * self.l1_ratio == 0.0 {
            let all: Vec<usize> = (0..l2.len()).collect();
            if let Some(slopes) = normal.refined(&all, &l2, watch)? {
                return Ok(normal.model(&slopes).into());
            }
        }
        let (slopes, settled) = self.descend(&normal, &l1, &l2, watch)?;
        let mut warnings = Vec::new();
        if !settled {
            warnings
                .push(format!("{} did not settle within {} passes; raise max_iter or alpha", self.name, self.max_iter));
        }
        if slopes.iter().all(|slope| *slope == 0.0) {
            warnings.push(format!(
                "{} left every feature out and predicts the mean; lower alpha (now {})",
                self.name, self.alpha
            ));
        }
        let model = normal.model(&slopes);
        if let FittedModel::Linear { coefficients, .. } = &model
            && !coefficients.iter().all(|c| c.is_finite())
        {
            return Err(FitError::Diverged { algorithm: self.name });
        }
        Ok(Fitted::new(model, warnings))
    }
}

impl ElasticNet<'_> {
    /// Friedman, Hastie & Tibshirani 2010, "covariance updates". After each full pass only coefficients that are not 0
    /// move until they settle.
    fn descend(&self, normal: &Normal, l1: &[f64], l2: &[f64], watch: Watch) -> Result<(Array1<f64>, bool), FitError> {
        let p = l1.len();
        let mut slopes = Array1::<f64>::zeros(p);
        // What is left of the products once the slopes have had their part.
        let mut rest = normal.products.clone();
        let mut active_only = false;
        for _ in 0..self.max_iter {
            watch.tick()?;
            let mut largest = 0.0_f64;
            for j in 0..p {
                let (old, own) = (slopes[j], normal.gram[[j, j]]);
                if own <= 0.0 || (active_only && old == 0.0) {
                    continue;
                }
                let free = rest[j] + own * old;
                let new = (free.abs() - l1[j]).max(0.0).copysign(free) / (own + l2[j]);
                let by = new - old;
                if by != 0.0 {
                    slopes[j] = new;
                    rest.scaled_add(-by, &normal.gram.row(j));
                    largest = largest.max(by.abs() * (own / normal.total_weight).sqrt());
                }
            }
            if largest <= SETTLED {
                if !active_only {
                    return Ok((slopes, true));
                }
                active_only = false;
            } else {
                active_only = true;
            }
        }
        Ok((slopes, false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::ml::algorithms::testing::{assert_close, data, mixed, noisy_sum, weighted};

    fn run(data: &Data, alpha: f64, l1_ratio: f64) -> (Vec<f64>, f64, Vec<String>) {
        let fitted =
            ElasticNet { name: "Elastic net", alpha, l1_ratio, max_iter: 1000, io: &Silent }.fit(data).unwrap();
        let FittedModel::Linear { coefficients, intercept, .. } = fitted.model else { panic!("linear expected") };
        (coefficients, intercept, fitted.warnings)
    }

    #[test]
    fn equals_scikit_learn() {
        let x = mixed(5, 60, 3, 4);
        let y = noisy_sum(&x);
        for ((alpha, l1_ratio), (coefficients, intercept)) in
            [(0.05, 1.0), (0.1, 0.5), (0.1, 0.0)].into_iter().zip(SKLEARN)
        {
            let found = run(&data(&x, &y), alpha, l1_ratio);
            assert_close(&found.0, &coefficients, 1e-7);
            assert_close(&[found.1], &[intercept], 1e-7);
            assert!(found.2.is_empty());
        }
    }

    #[test]
    fn a_large_penalty_leaves_everything_out_and_says_so() {
        let x = mixed(5, 60, 3, 4);
        let (coefficients, _, warnings) = run(&data(&x, &noisy_sum(&x)), 100.0, 1.0);
        assert_eq!(coefficients, vec![0.0; 7]);
        assert!(warnings[0].contains("lower alpha (now 100)"), "{warnings:?}");
    }

    #[test]
    fn weights_are_repeated_rows() {
        let x = mixed(5, 60, 3, 4);
        let y = noisy_sum(&x);
        let weights: Vec<f64> = (0..60).map(|row| f64::from(row % 3)).collect();
        let repeated: Vec<usize> = (0..60).flat_map(|row| std::iter::repeat_n(row, row % 3)).collect();
        let long = run(&data(&x.take(&repeated), &y.take(&repeated)), 0.1, 0.7);
        assert_close(&run(&weighted(&x, &y, &weights), 0.1, 0.7).0, &long.0, 1e-7);
    }

    /// `Lasso(0.05)`, `ElasticNet(0.1, l1_ratio=0.5)`, `Ridge(0.1 * n)`; tol=1e-14
    const SKLEARN: [([f64; 7], f64); 3] = [
        (
            [2.8762600812880814, -1.9077542574034156, 0.0, 0.7703520681476959, 0.0, -0.1665397588047132, -0.0],
            0.5451611254264905,
        ),
        (
            [2.540846760244168, -1.776184243084264, 0.0, 0.5985759299885766, 0.0, -0.1404465245742865, -0.0],
            0.5664868632389009,
        ),
        (
            [
                2.376140715464771,
                -1.7071949287035235,
                0.028865636023626275,
                0.595094419756858,
                -0.034784042821360946,
                -0.37537079226478515,
                -0.18493958467071067,
            ],
            0.675311168752481,
        ),
    ];
}
