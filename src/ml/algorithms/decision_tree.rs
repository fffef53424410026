//! One decision tree over histograms, for classes (Gini) and numbers (squared error).
//!
//! Ours because linfa's trees are wrong on yes/no columns, give no probabilities and cannot learn numbers.

use linfa::traits::Fit;

use crate::domain::features::Features;
use crate::domain::io::JobIo;
use crate::domain::matrix::Matrix;
use crate::domain::model::FittedModel;
use crate::domain::params::CheckedParams;
use crate::domain::task::Target;
use crate::ml::algorithms::{Columns, Data, Fitted};
use crate::ml::error::FitError;
use crate::ml::trees::{Binned, GrowParams, Labels, grow};

pub fn fit(params: &CheckedParams, data: &Data, seed: u64, io: &dyn JobIo) -> Result<Fitted, FitError> {
    let learner = DecisionTree {
        grow: GrowParams { max_depth: params.count("max_depth"), min_samples_leaf: params.count("min_samples_leaf") },
        max_bins: params.count("max_bins"),
        seed,
        io,
    };
    learner.fit(data)
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
        Ok(Fitted::new(FittedModel::DecisionTree { tree }, warnings))
    }
}

impl<'a> Fit<Columns<'a>, &'a Target, FitError> for DecisionTree<'_> {
    type Object = Fitted;

    fn fit(&self, data: &Data<'a>) -> Result<Fitted, FitError> {
        self.grow(&dense(data.records.x), data.targets)
    }
}

fn dense(x: &Features) -> Matrix {
    let values = x.dense(0, x.n_rows);
    Matrix { n_rows: x.n_rows, n_cols: x.n_features(), values, names: x.names.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::domain::metric::Metric;
    use crate::domain::params::{Algorithm, ParamDraft, check_params};
    use crate::domain::task::{Predictions, Task};
    use crate::ml::algorithms::testing::{Lcg, data, row, uniform};
    use crate::ml::metrics::evaluate;
    use crate::ml::predict::predict;

    fn run(x: &Features, y: &Target) -> Fitted {
        let params = check_params(Algorithm::DecisionTree, &ParamDraft::new()).unwrap();
        fit(&params, &data(x, y), 0, &Silent).unwrap()
    }

    /// Steps, a product and noise over five columns, as `score` classes or numbers.
    fn scores(x: &Features, seed: u64) -> Vec<f64> {
        let mut noise = Lcg(seed);
        (0..x.n_rows)
            .map(|r| {
                let row = row(x, r);
                let step = if row[0] > 0.3 { 1.0 } else { 0.0 };
                step + 2.0 * row[1] * row[2] + row[3] + (noise.next() - 0.5) * 2.0
            })
            .collect()
    }

    #[test]
    fn ranks_as_well_as_scikit_learn_with_the_same_limits() {
        let (train, test) = (uniform(21, 4000, 5), uniform(22, 4000, 5));
        let classes = |x: &Features, seed| {
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
        let (train, test) = (uniform(21, 4000, 5), uniform(22, 4000, 5));
        let fitted = run(&train, &Target::Values(scores(&train, 31)));
        let predicted = predict(&fitted.model, Task::Regression, 0, &test, &Silent).unwrap();
        let rmse = evaluate(Task::Regression, &Target::Values(scores(&test, 32)), &predicted)[Metric::Rmse.key()];
        assert!(rmse < SKLEARN_RMSE * 1.01, "{rmse}");
    }

    #[test]
    fn a_stump_that_cannot_split_says_so() {
        let x = uniform(3, 30, 2);
        let y = Target::Classes { codes: (0..30).map(|r| r % 2).collect(), n_classes: 2 };
        let fitted = run(&x, &y);
        assert!(fitted.warnings[0].starts_with("The tree has no split"), "{:?}", fitted.warnings);
        let predicted = predict(&fitted.model, Task::Binary, 2, &x, &Silent).unwrap();
        assert_eq!(predicted, Predictions::Classes { probabilities: vec![0.5; 60], n_classes: 2 });
    }

    const SKLEARN_AUC: f64 = 0.8605736035134298;
    const SKLEARN_RMSE: f64 = 0.8409297005242634;
}
