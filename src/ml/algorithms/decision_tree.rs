//! One decision tree over histograms, for classes (Gini) and numbers (squared error).
//!
//! Ours because linfa's trees are wrong on yes/no columns, give no probabilities and cannot learn numbers.

use linfa::DatasetBase;
use linfa::traits::Fit;

use crate::domain::io::JobIo;
use crate::domain::matrix::Matrix;
use crate::domain::model::FittedModel;
use crate::domain::params::CheckedParams;
use crate::domain::task::Target;
use crate::ml::algorithms::Fitted;
use crate::ml::error::FitError;
use crate::ml::trees::{Binned, GrowParams, Labels, grow};

pub fn fit(params: &CheckedParams, x: &Matrix, y: &Target, seed: u64, io: &dyn JobIo) -> Result<Fitted, FitError> {
    let learner = DecisionTree {
        grow: GrowParams {
            max_depth: params.get("max_depth") as usize,
            min_samples_leaf: params.get("min_samples_leaf") as usize,
        },
        max_bins: params.get("max_bins") as usize,
        seed,
        io,
    };
    learner.grow(x, y)
}

/// The learner as linfa knows learners.
pub struct DecisionTree<'a> {
    pub grow: GrowParams,
    /// 2 to 255
    pub max_bins: usize,
    /// Picks the rows that cut points come from, in long tables.
    pub seed: u64,
    pub io: &'a dyn JobIo,
}

impl DecisionTree<'_> {
    fn grow(&self, x: &Matrix, y: &Target) -> Result<Fitted, FitError> {
        self.io.progress("Cutting columns into bins", Some(0.0))?;
        let bins = Binned::new(x, self.max_bins, self.seed);
        let tree = grow(&bins, &Labels::new(y), self.grow, self.io)?;
        let mut warnings = Vec::new();
        if tree.nodes.len() == 1 {
            warnings.push(format!(
                "The tree has no split: {} rows cannot be parted into leaves of {} with different features",
                x.n_rows, self.grow.min_samples_leaf
            ));
        }
        Ok(Fitted { model: FittedModel::DecisionTree { tree }, warnings })
    }
}

impl<'x> Fit<ndarray::ArrayView2<'x, f64>, Target, FitError> for DecisionTree<'_> {
    type Object = Fitted;

    fn fit(&self, dataset: &DatasetBase<ndarray::ArrayView2<'x, f64>, Target>) -> Result<Fitted, FitError> {
        let (n_rows, n_cols) = dataset.records.dim();
        let values = dataset.records.iter().copied().collect();
        let x = Matrix { n_rows, n_cols, values, names: dataset.feature_names().to_vec() };
        crate::ml::guard::check(&x, &dataset.targets)?;
        self.grow(&x, &dataset.targets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::domain::metric::Metric;
    use crate::domain::params::{Algorithm, ParamDraft, check_params};
    use crate::domain::task::{Predictions, Task};
    use crate::ml::algorithms::testing::{Lcg, uniform_matrix};
    use crate::ml::metrics::evaluate;
    use crate::ml::predict::predict;

    fn run(x: &Matrix, y: &Target) -> Fitted {
        let params = check_params(Algorithm::DecisionTree, &ParamDraft::new()).unwrap();
        fit(&params, x, y, 0, &Silent).unwrap()
    }

    /// Steps, a product and noise over five columns, as `score` classes or numbers.
    fn scores(x: &Matrix, seed: u64) -> Vec<f64> {
        let mut noise = Lcg(seed);
        (0..x.n_rows)
            .map(|r| {
                let row = x.row(r);
                let step = if row[0] > 0.3 { 1.0 } else { 0.0 };
                step + 2.0 * row[1] * row[2] + row[3] + (noise.next() - 0.5) * 2.0
            })
            .collect()
    }

    #[test]
    fn ranks_as_well_as_scikit_learn_with_the_same_limits() {
        let (train, test) = (uniform_matrix(21, 4000, 5), uniform_matrix(22, 4000, 5));
        let classes = |x: &Matrix, seed| {
            let codes = scores(x, seed).iter().map(|&score| u32::from(score > 0.5)).collect();
            Target::Classes { codes, n_classes: 2 }
        };
        let fitted = run(&train, &classes(&train, 31));
        let predicted = predict(&fitted.model, Task::Binary, 2, &test, &Silent).unwrap();
        let auc = evaluate(Task::Binary, &classes(&test, 32), &predicted)[Metric::RocAuc.key()];
        assert!(auc > SKLEARN_AUC - 0.01, "{auc}");
    }

    #[test]
    fn predicts_numbers_as_well_as_scikit_learn_with_the_same_limits() {
        let (train, test) = (uniform_matrix(21, 4000, 5), uniform_matrix(22, 4000, 5));
        let fitted = run(&train, &Target::Values(scores(&train, 31)));
        let predicted = predict(&fitted.model, Task::Regression, 0, &test, &Silent).unwrap();
        let rmse = evaluate(Task::Regression, &Target::Values(scores(&test, 32)), &predicted)[Metric::Rmse.key()];
        assert!(rmse < SKLEARN_RMSE * 1.01, "{rmse}");
    }

    #[test]
    fn the_linfa_face_gives_the_same_tree() {
        let x = uniform_matrix(3, 500, 4);
        let y = Target::Values(x.column(0).collect());
        let learner = DecisionTree {
            grow: GrowParams { max_depth: 8, min_samples_leaf: 20 },
            max_bins: 255,
            seed: 0,
            io: &Silent,
        };
        let records = crate::ml::algorithms::view(&x).unwrap();
        assert_eq!(learner.fit(&DatasetBase::new(records, y.clone())).unwrap(), run(&x, &y));
    }

    #[test]
    fn a_stump_that_cannot_split_says_so() {
        let x = uniform_matrix(3, 30, 2);
        let y = Target::Classes { codes: (0..30).map(|r| r % 2).collect(), n_classes: 2 };
        let fitted = run(&x, &y);
        assert!(fitted.warnings[0].starts_with("The tree has no split"), "{:?}", fitted.warnings);
        let predicted = predict(&fitted.model, Task::Binary, 2, &x, &Silent).unwrap();
        assert_eq!(predicted, Predictions::Classes { probabilities: vec![0.5; 60], n_classes: 2 });
    }

    const SKLEARN_AUC: f64 = 0.8605736035134298;
    const SKLEARN_RMSE: f64 = 0.8409297005242634;
}
