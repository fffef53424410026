//! Ridge regression: `Σ (y − x · w − b)² + alpha |w|²` with a free intercept, which is scikit-learn's `Ridge`.
//!
//! Ours because linfa's goes by coordinate steps and takes 190 times as long.

use linfa::traits::Fit;

use crate::domain::io::JobIo;
use crate::domain::params::CheckedParams;
use crate::domain::task::Target;
use crate::ml::algorithms::{Columns, Data, Fitted};
use crate::ml::error::FitError;
use crate::ml::parallel::Watch;
use crate::ml::squares::{self, MAX_PRODUCTS, Normal};

const NAME: &str = "Ridge regression";
const PHASE: &str = "Fitting ridge regression";

pub fn fit(params: &CheckedParams, data: &Data, _seed: u64, io: &dyn JobIo) -> Result<Fitted, FitError> {
    Ridge { alpha: params.get("alpha"), io }.fit(data)
}

/// The learner as linfa knows learners.
pub struct Ridge<'a> {
    /// Penalty on squared coefficients.
    pub alpha: f64,
    pub io: &'a dyn JobIo,
}

impl<'a> Fit<Columns<'a>, &'a Target, FitError> for Ridge<'_> {
    type Object = Fitted;

    fn fit(&self, data: &Data<'a>) -> Result<Fitted, FitError> {
        let Target::Values(values) = data.targets else {
            return Err(FitError::WrongTask { algorithm: NAME, needs: "numbers" });
        };
        let Columns { x, weights } = data.records;
        if x.n_features() > MAX_PRODUCTS {
            return squares::ridge_by_steps(NAME, data, values, self.alpha, PHASE, self.io);
        }
        let watch = Watch { io: self.io, phase: PHASE, fraction: Some(0.2) };
        let Some(normal) = Normal::new(x, values, weights, watch)? else {
            return Ok(squares::mean_model(data, values).into());
        };
        let penalties = normal.design.penalties(self.alpha);
        let all: Vec<usize> = (0..normal.design.n_slopes()).collect();
        let watch = Watch { fraction: Some(0.8), ..watch };
        let slopes = normal.refined(&all, &penalties, watch)?.ok_or(FitError::Diverged { algorithm: NAME })?;
        Ok(normal.model(&slopes).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::domain::model::FittedModel;
    use crate::ml::algorithms::testing::{assert_close, data, mixed, noisy_sum, one_hot, weighted};

    fn run(data: &Data, alpha: f64) -> (Vec<f64>, f64) {
        let model = Ridge { alpha, io: &Silent }.fit(data).unwrap().model;
        let FittedModel::Linear { coefficients, intercept, .. } = model else { panic!("linear expected") };
        (coefficients, intercept)
    }

    #[test]
    fn equals_scikit_learn() {
        let x = mixed(5, 60, 3, 4);
        let y = noisy_sum(&x);
        for (alpha, (coefficients, intercept)) in SKLEARN {
            let found = run(&data(&x, &y), alpha);
            assert_close(&found.0, &coefficients, 1e-10);
            assert_close(&[found.1], &[intercept], 1e-10);
        }
        let weights: Vec<f64> = (0..60).map(|r| f64::from(1 + r % 3)).collect();
        let found = run(&weighted(&x, &y, &weights), 1.0);
        assert_close(&found.0, &SKLEARN_WEIGHTED.0, 1e-10);
        assert_close(&[found.1], &[SKLEARN_WEIGHTED.1], 1e-10);
    }

    #[test]
    fn indicators_equal_a_one_hot_matrix() {
        let x = mixed(5, 3000, 3, 4);
        let (y, dense) = (noisy_sum(&x), one_hot(&x));
        let (coded, columns) = (run(&data(&x, &y), 2.0), run(&data(&dense, &y), 2.0));
        assert_close(&coded.0, &columns.0, 1e-11);
    }

    #[test]
    fn steps_and_products_agree() {
        let x = mixed(5, 300, 3, 4);
        let y = noisy_sum(&x);
        let Target::Values(values) = &y else { panic!("numbers expected") };
        let stepped = squares::ridge_by_steps(NAME, &data(&x, &y), values, 1.0, PHASE, &Silent).unwrap();
        let FittedModel::Linear { coefficients, .. } = stepped.model else { panic!("linear expected") };
        assert_close(&coefficients, &run(&data(&x, &y), 1.0).0, 1e-7);
    }

    /// `Ridge(alpha=…, solver="cholesky")`
    const SKLEARN: [(f64, ([f64; 7], f64)); 2] = [
        (
            1.0,
            (
                [
                    2.878144409462592,
                    -1.9349241120973162,
                    0.004157094396233943,
                    0.8160965574593355,
                    -0.10371741529332607,
                    -0.5685928922943034,
                    -0.14378624987170072,
                ],
                0.677070300242533,
            ),
        ),
        (
            0.01,
            (
                [
                    3.007701817656701,
                    -1.9832167824174898,
                    -0.004974290905157687,
                    0.8837377380265644,
                    -0.12335955727458976,
                    -0.6318328243314413,
                    -0.12854535642005918,
                ],
                0.6765640280457829,
            ),
        ),
    ];
    const SKLEARN_WEIGHTED: ([f64; 7], f64) = (
        [
            2.9432188912220334,
            -1.9624325587337605,
            -0.01270397547027245,
            0.8477079652282292,
            -0.11700942524326094,
            -0.598841961615606,
            -0.13185657836936976,
        ],
        0.6718414453374751,
    );
}
