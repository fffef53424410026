//! Generalised linear models with a log link: Poisson for counts, gamma for positive amounts, Tweedie for amounts with
//! zeros.
//!
//! Minimises `Σ w · half deviance / Σ w + alpha/2 |coefficients|²` with a free intercept, which is scikit-learn's
//! `PoissonRegressor`, `GammaRegressor` and `TweedieRegressor`. Ours because linfa's never ends or does not fit.

use linfa::traits::Fit;

use crate::domain::io::JobIo;
use crate::domain::model::{FittedModel, Link};
use crate::domain::params::CheckedParams;
use crate::domain::task::Target;
use crate::ml::algorithms::{Columns, Data, Fitted, logistic};
use crate::ml::convex::{Margin, PointLoss};
use crate::ml::error::FitError;
use crate::ml::sums;

const NAME: &str = "Generalised linear model";
const PHASE: &str = "Fitting generalised linear model";

pub fn fit(params: &CheckedParams, data: &Data, seed: u64, io: &dyn JobIo) -> Result<Fitted, FitError> {
    let deviance = match params.word("family") {
        "gamma" => Deviance::Gamma,
        "tweedie" => Deviance::Tweedie { power: params.get("power") },
        _ => Deviance::Poisson,
    };
    Glm { deviance, alpha: params.get("alpha"), max_iter: params.count("max_iter"), seed, io }.fit(data)
}

/// Half the deviance of a target and the logarithm of its mean, without the terms that only the target decides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Deviance {
    Poisson,
    Gamma,
    /// `power` strictly between 1 and 2.
    Tweedie {
        power: f64,
    },
}

impl PointLoss for Deviance {
    fn slope(&self, y: f64, z: f64) -> (f64, f64) {
        match self {
            Self::Poisson => {
                let mean = z.exp();
                (mean - y * z, mean - y)
            }
            Self::Gamma => {
                let ratio = y * (-z).exp();
                (z + ratio, 1.0 - ratio)
            }
            Self::Tweedie { power } => {
                let (a, b) = (((2.0 - power) * z).exp(), y * ((1.0 - power) * z).exp());
                (a / (2.0 - power) - b / (1.0 - power), a - b)
            }
        }
    }

    fn curvature(&self, y: f64, z: f64) -> f64 {
        match self {
            Self::Poisson => z.exp(),
            Self::Gamma => y * (-z).exp(),
            Self::Tweedie { power } => {
                (2.0 - power) * ((2.0 - power) * z).exp() - (1.0 - power) * y * ((1.0 - power) * z).exp()
            }
        }
    }

    /// The target is in units of its mean, so the mean's curvature is near 1 at the start.
    fn largest_curvature(&self) -> f64 {
        1.0
    }
}

impl Deviance {
    fn check(&self, values: &[f64]) -> Result<(), FitError> {
        let (needs, bad): (_, fn(&f64) -> bool) = match self {
            Self::Gamma => ("amounts above 0 (family tweedie also takes 0)", |y| *y <= 0.0),
            Self::Poisson | Self::Tweedie { .. } => ("counts or amounts of 0 or more", |y| *y < 0.0),
        };
        match values.iter().position(bad) {
            Some(row) => Err(FitError::TargetRange { algorithm: NAME, needs, row, value: values[row] }),
            None => Ok(()),
        }
    }

    /// Dividing the target by `unit` divides the loss by this, so that one penalty means the same in all units.
    fn loss_unit(&self, unit: f64) -> f64 {
        match self {
            Self::Poisson => unit,
            Self::Gamma => 1.0,
            Self::Tweedie { power } => unit.powf(2.0 - power),
        }
    }
}

/// The learner as linfa knows learners.
pub struct Glm<'a> {
    pub deviance: Deviance,
    /// Penalty on squared coefficients, beside the mean over the rows.
    pub alpha: f64,
    /// Newton steps at most.
    pub max_iter: usize,
    /// Picks rows to start from, in long tables.
    pub seed: u64,
    pub io: &'a dyn JobIo,
}

impl<'a> Fit<Columns<'a>, &'a Target, FitError> for Glm<'_> {
    type Object = Fitted;

    fn fit(&self, data: &Data<'a>) -> Result<Fitted, FitError> {
        let Target::Values(values) = data.targets else {
            return Err(FitError::WrongTask { algorithm: NAME, needs: "numbers" });
        };
        self.deviance.check(values)?;
        let weights = data.records.weights;
        let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
        let total = sums::sum((0..values.len()).map(weight));
        let mean = sums::sum(values.iter().enumerate().map(|(row, y)| y * (weight(row) / total)));
        if mean <= 0.0 {
            return Err(FitError::TargetRange {
                algorithm: NAME,
                needs: "at least one value above 0",
                row: 0,
                value: 0.0,
            });
        }
        // In units of the mean the search starts at 0, whatever the target's unit.
        let target: Vec<f64> = values.iter().map(|y| y / mean).collect();
        let learner = Margin {
            loss: &self.deviance,
            target: &target,
            weights,
            penalty: self.alpha * total / self.deviance.loss_unit(mean),
            start: 0.0,
            max_iter: self.max_iter,
            seed: self.seed,
            phase: PHASE,
            io: self.io,
        };
        let fitted = learner.fit(data.records.x)?.ok_or(FitError::Diverged { algorithm: NAME })?;
        let mut warnings = Vec::new();
        if !fitted.minimum.converged {
            warnings.push(format!(
                "The generalised linear model did not settle within {} steps; raise max_iter or alpha, or scale the features",
                fitted.minimum.steps
            ));
        }
        let model = FittedModel::Linear {
            coefficients: fitted.coefficients,
            intercept: fitted.intercept + mean.ln(),
            link: Link::Log,
        };
        Ok(Fitted { model, warnings, curve: logistic::curve(&fitted.minimum, total) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::features::Features;
    use crate::domain::io::Silent;
    use crate::ml::algorithms::testing::{Lcg, assert_close, data, mixed, numbers};

    fn learner(deviance: Deviance, alpha: f64) -> Glm<'static> {
        Glm { deviance, alpha, max_iter: 100, seed: 0, io: &Silent }
    }

    /// Whole counts around `exp(0.5 + x0 − x1 / 2 + level / 4)`; `positive` adds a half.
    fn target(x: &Features, positive: bool) -> Target {
        let (dense, mut noise) = (x.dense(0, x.n_rows), Lcg(77));
        let count = |r: &[f64]| {
            let mean = (0.5 + r[0] - 0.5 * r[1] + 0.25 * (r[3] + 2.0 * r[4])).exp();
            (mean * 2.0 * noise.next()).floor() + if positive { 0.5 } else { 0.0 }
        };
        Target::Values(dense.chunks(5).map(count).collect())
    }

    #[test]
    fn equals_scikit_learn() {
        let x = mixed(21, 120, 2, 3);
        let cases = [(Deviance::Poisson, false), (Deviance::Gamma, true), (Deviance::Tweedie { power: 1.5 }, false)];
        for ((deviance, positive), (w, b)) in cases.into_iter().zip(SKLEARN) {
            let y = target(&x, positive);
            let fitted = learner(deviance, 0.01).fit(&data(&x, &y)).unwrap();
            let FittedModel::Linear { coefficients, intercept, link } = fitted.model else { panic!("linear expected") };
            assert_close(&coefficients, &w, 1e-6);
            assert_close(&[intercept], &[b], 1e-6);
            assert_eq!((link, fitted.warnings), (Link::Log, vec![]));
        }
    }

    #[test]
    fn targets_out_of_range_are_refused_with_the_row() {
        let x = numbers(1, vec![1.0, 2.0, 3.0]);
        let message = |deviance, y: &[f64]| {
            let y = Target::Values(y.to_vec());
            learner(deviance, 1.0).fit(&data(&x, &y)).unwrap_err().to_string()
        };
        assert!(message(Deviance::Poisson, &[1.0, -2.0, 0.0]).ends_with("the target is -2 in row 2"));
        assert!(message(Deviance::Gamma, &[1.0, 2.0, 0.0]).contains("tweedie also takes 0"));
        assert!(message(Deviance::Poisson, &[0.0; 3]).contains("at least one value above 0"));
    }

    #[test]
    fn curvature_is_the_slopes_slope() {
        for deviance in [Deviance::Poisson, Deviance::Gamma, Deviance::Tweedie { power: 1.3 }] {
            for (y, z) in [(0.5, -1.0), (3.0, 0.7), (1.0, 0.0)] {
                let h = 1e-6;
                let (up, down) = (deviance.slope(y, z + h), deviance.slope(y, z - h));
                assert!(((up.0 - down.0) / (2.0 * h) - deviance.slope(y, z).1).abs() < 1e-6);
                assert!(((up.1 - down.1) / (2.0 * h) - deviance.curvature(y, z)).abs() < 1e-6);
            }
        }
    }

    /// `PoissonRegressor`, `GammaRegressor`, `TweedieRegressor(power=1.5, link="log")`; alpha=0.01, solver="newton-cholesky", tol=1e-12
    const SKLEARN: [([f64; 5], f64); 3] = [
        (
            [1.2726717481761232, -0.3163440548413035, -0.2877299131385319, -0.13842480899364312, 0.42615472213217187],
            0.6298771944971812,
        ),
        (
            [1.0202586131739808, -0.3182609532509416, -0.2271189986909953, -0.06060093741575551, 0.28771993610675],
            0.9076015373715234,
        ),
        (
            [1.3130212444111473, -0.38116129880097754, -0.2996103675606374, -0.10342776316879121, 0.40303813072942773],
            0.6077261578774962,
        ),
    ];
}
