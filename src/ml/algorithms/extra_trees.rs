//! Extremely randomised trees: a forest whose trees see all rows and cut at random (Geurts, Ernst & Wehenkel 2006).

use linfa::traits::Fit as _;

use crate::domain::io::JobIo;
use crate::domain::params::CheckedParams;
use crate::ml::algorithms::random_forest::Forest;
use crate::ml::algorithms::{Data, Fitted};
use crate::ml::error::FitError;

pub fn fit(params: &CheckedParams, data: &Data, seed: u64, io: &dyn JobIo) -> Result<Fitted, FitError> {
    Forest::from_params(params, seed, io).fit(data)
}

#[cfg(test)]
mod tests {
    use linfa::traits::Fit as _;

    use crate::domain::metric::Metric;
    use crate::domain::task::{Target, Task};
    use crate::ml::algorithms::random_forest::tests::{classes, learner, score, values};
    use crate::ml::algorithms::testing::{data, uniform};

    #[test]
    fn is_as_good_as_scikit_learn() {
        let (train, test) = (uniform(21, 2000, 5), uniform(22, 2000, 5));
        let fitted = learner(None, 2).fit(&data(&train, &classes(&train, 31))).unwrap();
        let auc = score(&fitted.model, Task::Binary, &test, &classes(&test, 32), Metric::RocAuc);
        assert!(auc > SKLEARN_AUC - 0.005, "{auc}");
        let fitted = learner(None, 2).fit(&data(&train, &Target::Values(values(&train, 31)))).unwrap();
        let rmse = score(&fitted.model, Task::Regression, &test, &Target::Values(values(&test, 32)), Metric::Rmse);
        assert!(rmse < SKLEARN_RMSE * 1.02, "{rmse}");
        assert!(fitted.curve.is_empty());
    }

    // scikit-learn 1.9.1, ExtraTreesClassifier(50, min_samples_leaf=2, max_features="sqrt", random_state=0) and
    // ExtraTreesRegressor(50, min_samples_leaf=2, max_features=1/3, random_state=0) on the same rows.
    const SKLEARN_AUC: f64 = 0.9632107124779881;
    const SKLEARN_RMSE: f64 = 0.5991978375772214;
}
