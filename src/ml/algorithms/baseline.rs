//! The answer without any feature: class shares, or the mean. What every other model must beat.

use crate::domain::io::JobIo;
use crate::domain::model::FittedModel;
use crate::domain::params::CheckedParams;
use crate::domain::task::Target;
use crate::ml::algorithms::{Data, Fitted};
use crate::ml::error::FitError;
use crate::ml::sums;

/// scikit-learn's `DummyClassifier(strategy="prior")` and `DummyRegressor(strategy="mean")`.
pub fn fit(_params: &CheckedParams, data: &Data, _seed: u64, _io: &dyn JobIo) -> Result<Fitted, FitError> {
    let weights = data.records.weights;
    let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
    let output = match data.targets {
        Target::Classes { codes, n_classes } => {
            let mut counts = vec![0.0; *n_classes];
            codes.iter().enumerate().for_each(|(row, &code)| counts[code as usize] += weight(row));
            let total = sums::sum(counts.iter().copied());
            counts.into_iter().map(|count| count / total).collect()
        }
        Target::Values(values) => {
            let total = sums::sum((0..values.len()).map(weight));
            // Divided first: the sum of huge targets would overflow.
            vec![sums::sum(values.iter().enumerate().map(|(row, value)| value * (weight(row) / total)))]
        }
    };
    Ok(FittedModel::Baseline { output }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::features::Features;
    use crate::domain::io::Silent;
    use crate::domain::params::{Algorithm, ParamDraft, check_params};
    use crate::ml::algorithms::testing::{data, weighted};

    #[test]
    fn predicts_shares_and_the_mean() {
        let params = check_params(Algorithm::Baseline, &ParamDraft::new()).unwrap();
        let x = Features { n_rows: 4, ..Features::default() };
        let run = |y: &Target| fit(&params, &data(&x, y), 0, &Silent).unwrap().model;
        let classes = Target::Classes { codes: vec![0, 2, 2, 2], n_classes: 3 };
        assert_eq!(run(&classes), FittedModel::Baseline { output: vec![0.25, 0.0, 0.75] });
        let numbers = Target::Values(vec![1.0, 2.0, 3.0, 6.0]);
        assert_eq!(run(&numbers), FittedModel::Baseline { output: vec![3.0] });
        let heavy = fit(&params, &weighted(&x, &numbers, &[0.0, 0.0, 1.0, 3.0]), 0, &Silent).unwrap();
        assert_eq!(heavy.model, FittedModel::Baseline { output: vec![5.25] });
    }
}
