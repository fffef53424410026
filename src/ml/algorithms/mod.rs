//! The algorithms, one file each, all with the same `fit`. What comes out is plain data that predicts, exports and
//! explains itself elsewhere.

pub mod baseline;
pub mod decision_tree;
pub mod linear;
pub mod logistic;

use ndarray::ArrayView2;

use crate::domain::io::JobIo;
use crate::domain::matrix::Matrix;
use crate::domain::model::FittedModel;
use crate::domain::params::{Algorithm, CheckedParams};
use crate::domain::task::Target;
use crate::ml::error::FitError;
use crate::ml::guard;

/// A fitted model and what the user should know about it, one sentence each.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    pub model: FittedModel,
    pub warnings: Vec<String>,
}

impl From<FittedModel> for Fitted {
    fn from(model: FittedModel) -> Self {
        Self { model, warnings: Vec::new() }
    }
}

/// Fits `algorithm` after checking shapes, finiteness and classes. Same input and seed, same model; a model that comes
/// out is finite everywhere.
pub fn fit(
    algorithm: Algorithm,
    params: &CheckedParams,
    x: &Matrix,
    y: &Target,
    seed: u64,
    io: &dyn JobIo,
) -> Result<Fitted, FitError> {
    guard::check(x, y)?;
    if algorithm != Algorithm::Baseline {
        guard::check_features(x)?;
    }
    io.progress(&format!("Fitting {}", algorithm.title().to_lowercase()), Some(0.0))?;
    let fitted = match algorithm {
        Algorithm::Baseline => baseline::fit(params, x, y, seed, io),
        Algorithm::Linear => linear::fit(params, x, y, seed, io),
        Algorithm::Logistic => logistic::fit(params, x, y, seed, io),
        Algorithm::DecisionTree => decision_tree::fit(params, x, y, seed, io),
    }?;
    if !is_finite(&fitted.model) {
        return Err(FitError::Diverged { algorithm: algorithm.title() });
    }
    Ok(fitted)
}

fn is_finite(model: &FittedModel) -> bool {
    let finite = |values: &[f64]| values.iter().all(|v| v.is_finite());
    match model {
        FittedModel::Baseline { output } => finite(output),
        FittedModel::Linear { coefficients, intercept } => finite(coefficients) && intercept.is_finite(),
        FittedModel::Logistic { coefficients, intercepts } => {
            coefficients.iter().all(|row| finite(row)) && finite(intercepts)
        }
        FittedModel::Trees(_) => true,
        FittedModel::DecisionTree { tree } => tree.nodes.iter().all(|node| match node {
            crate::domain::model::TreeNode::Leaf { values, .. } => finite(values),
            crate::domain::model::TreeNode::CategorySplit { gain, .. } => gain.is_finite(),
            crate::domain::model::TreeNode::Split { threshold, gain, .. } => threshold.is_finite() && gain.is_finite(),
        }),
    }
}

/// The matrix as linfa's and ndarray's eyes see it.
fn view(x: &Matrix) -> Result<ArrayView2<'_, f64>, FitError> {
    ArrayView2::from_shape((x.n_rows, x.n_cols), &x.values).map_err(|_| FitError::Shape {
        rows: x.n_rows,
        columns: x.n_cols,
        found: x.values.len(),
    })
}

#[cfg(test)]
pub(in crate::ml) mod testing {
    use crate::domain::matrix::Matrix;

    /// A linear congruential generator small enough to repeat in Python:
    /// `state = (state * 6364136223846793005 + 1442695040888963407) mod 2^64`, value = top 53 bits / 2^53.
    pub struct Lcg(pub u64);

    impl Lcg {
        pub fn next(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 11) as f64 / (1_u64 << 53) as f64
        }
    }

    /// Uniform numbers in [-1, 1), row after row.
    pub fn uniform_matrix(seed: u64, n_rows: usize, n_cols: usize) -> Matrix {
        let mut source = Lcg(seed);
        let values = (0..n_rows * n_cols).map(|_| 2.0 * source.next() - 1.0).collect();
        Matrix { n_rows, n_cols, values, names: (0..n_cols).map(|c| format!("x{c}")).collect() }
    }

    pub fn matrix(n_cols: usize, values: Vec<f64>) -> Matrix {
        let names = (0..n_cols).map(|c| format!("x{c}")).collect();
        Matrix { n_rows: values.len() / n_cols, n_cols, values, names }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{matrix, uniform_matrix};
    use super::*;
    use crate::domain::io::{Cancelled, Silent};
    use crate::domain::params::{ParamDraft, check_params};

    struct Stop;

    impl JobIo for Stop {
        fn progress(&self, _phase: &str, _fraction: Option<f64>) -> Result<(), Cancelled> {
            Err(Cancelled)
        }
    }

    fn classes(codes: Vec<u32>) -> Target {
        Target::Classes { codes, n_classes: 2 }
    }

    #[test]
    fn every_algorithm_stops_when_asked_and_refuses_bad_data() {
        for algorithm in Algorithm::ALL {
            let params = check_params(algorithm, &ParamDraft::new()).unwrap();
            let y = if algorithm == Algorithm::Linear {
                Target::Values((0..40).map(f64::from).collect())
            } else {
                classes((0..40).map(|i| i % 2).collect())
            };
            let x = uniform_matrix(1, 40, 2);
            assert!(matches!(fit(algorithm, &params, &x, &y, 0, &Stop), Err(FitError::Cancelled(_))));
            let mut bad = x.clone();
            bad.values[5] = f64::NAN;
            assert!(matches!(fit(algorithm, &params, &bad, &y, 0, &Silent), Err(FitError::NotFinite { .. })));
            let one = fit(algorithm, &params, &x, &y, 0, &Silent).unwrap();
            assert_eq!(one, fit(algorithm, &params, &x, &y, 0, &Silent).unwrap(), "{algorithm:?}");
        }
    }

    #[test]
    fn extreme_values_fail_or_fit_but_never_give_numbers_that_are_not() {
        for algorithm in Algorithm::ALL {
            let params = check_params(algorithm, &ParamDraft::new()).unwrap();
            for size in [1e-300, 1e-200, 1e150, 1e300] {
                let values: Vec<f64> = uniform_matrix(3, 60, 3).values.iter().map(|v| v * size).collect();
                let x = matrix(3, values);
                let y = if algorithm == Algorithm::Linear {
                    Target::Values((0..60).map(|i| f64::from(i % 7)).collect())
                } else {
                    classes((0..60).map(|i| (i / 3) % 2).collect())
                };
                match fit(algorithm, &params, &x, &y, 0, &Silent) {
                    Ok(fitted) => assert!(is_finite(&fitted.model)),
                    Err(error) => assert!(matches!(error, FitError::Diverged { .. }), "{algorithm:?} {size}: {error}"),
                }
            }
        }
    }

    #[test]
    fn wrong_targets_are_refused() {
        let x = uniform_matrix(1, 4, 1);
        let run = |algorithm, y: &Target| {
            let params = check_params(algorithm, &ParamDraft::new()).unwrap();
            fit(algorithm, &params, &x, y, 0, &Silent).unwrap_err()
        };
        assert!(matches!(run(Algorithm::Linear, &classes(vec![0, 1, 0, 1])), FitError::WrongTask { .. }));
        assert!(matches!(run(Algorithm::Logistic, &Target::Values(vec![1.0; 4])), FitError::WrongTask { .. }));
    }
}
