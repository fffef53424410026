//! The answer without any feature: class shares, or the mean. What every other model must beat.

use crate::domain::io::JobIo;
use crate::domain::matrix::Matrix;
use crate::domain::model::FittedModel;
use crate::domain::params::CheckedParams;
use crate::domain::task::Target;
use crate::ml::algorithms::Fitted;
use crate::ml::error::FitError;
use crate::ml::sums;

/// scikit-learn's `DummyClassifier(strategy="prior")` and `DummyRegressor(strategy="mean")`.
pub fn fit(_params: &CheckedParams, _x: &Matrix, y: &Target, _seed: u64, _io: &dyn JobIo) -> Result<Fitted, FitError> {
    let output = match y {
        Target::Classes { codes, n_classes } => {
            let mut counts = vec![0_u64; *n_classes];
            codes.iter().for_each(|&code| counts[code as usize] += 1);
            counts.into_iter().map(|count| count as f64 / codes.len() as f64).collect()
        }
        // Divided first: the sum of huge targets would overflow.
        Target::Values(values) => vec![sums::sum(values.iter().map(|value| value / values.len() as f64))],
    };
    Ok(FittedModel::Baseline { output }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::domain::params::{Algorithm, ParamDraft, check_params};

    #[test]
    fn predicts_shares_and_the_mean() {
        let params = check_params(Algorithm::Baseline, &ParamDraft::new()).unwrap();
        let x = Matrix { n_rows: 4, ..Matrix::default() };
        let run = |y: &Target| fit(&params, &x, y, 0, &Silent).unwrap().model;
        let classes = Target::Classes { codes: vec![0, 2, 2, 2], n_classes: 3 };
        assert_eq!(run(&classes), FittedModel::Baseline { output: vec![0.25, 0.0, 0.75] });
        let numbers = Target::Values(vec![1.0, 2.0, 3.0, 6.0]);
        assert_eq!(run(&numbers), FittedModel::Baseline { output: vec![3.0] });
    }
}
