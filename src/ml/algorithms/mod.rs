//! The algorithms, one file each, all with the same `fit`. What comes out is plain data that predicts, exports and
//! explains itself elsewhere.

pub mod baseline;
pub mod decision_tree;
pub mod extra_trees;
pub mod glm;
pub mod gradient_boosting;
pub mod knn;
pub mod linear;
pub mod logistic;
pub mod mlp;
pub mod naive_bayes;
pub mod pls;
pub mod random_forest;
pub mod ridge;
pub mod sparse;
pub mod svm;

use std::borrow::Cow;

use linfa::DatasetBase;
use linfa::dataset::Records;

use crate::domain::features::Features;
use crate::domain::io::JobIo;
use crate::domain::model::{FittedModel, Tree, TreeNode};
use crate::domain::params::{Algorithm, CheckedParams};
use crate::domain::run::MetricPoint;
use crate::domain::task::Target;
use crate::ml::error::FitError;
use crate::ml::guard::{self, Missing};

/// A fitted model and what the user should know about it, one sentence each.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    pub model: FittedModel,
    pub warnings: Vec<String>,
    /// The learning curve of an algorithm that goes in steps: part `train` or `validation`, metric `loss`, steps from 1.
    pub curve: Vec<MetricPoint>,
}

impl From<FittedModel> for Fitted {
    fn from(model: FittedModel) -> Self {
        Self::new(model, Vec::new())
    }
}

impl Fitted {
    pub fn new(model: FittedModel, warnings: Vec<String>) -> Self {
        Self { model, warnings, curve: Vec::new() }
    }
}

/// Features and the weights of their rows, as linfa's records. (linfa's own weights are single precision.)
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    pub x: &'a Features,
    /// One per row, 0 or more; `None` means 1 each.
    pub weights: Option<&'a [f64]>,
}

impl Records for Columns<'_> {
    type Elem = f64;

    fn nsamples(&self) -> usize {
        self.x.n_rows
    }

    fn nfeatures(&self) -> usize {
        self.x.n_features()
    }
}

/// What every learner's linfa `fit` takes.
pub type Data<'a> = DatasetBase<Columns<'a>, &'a Target>;

/// Fits `algorithm` after checking shapes, finiteness, weights and classes. Same input and seed, same model; a model that
/// comes out is finite everywhere. A row with weight w counts as w equal rows.
pub fn fit(
    algorithm: Algorithm,
    params: &CheckedParams,
    x: &Features,
    y: &Target,
    weights: Option<&[f64]>,
    seed: u64,
    io: &dyn JobIo,
) -> Result<Fitted, FitError> {
    let missing = if algorithm.family().takes_missing_and_categories() { Missing::Allowed } else { Missing::Refused };
    guard::check(x, y, weights, missing)?;
    if algorithm != Algorithm::Baseline {
        guard::check_features(x)?;
    }
    io.progress(&format!("Fitting {}", algorithm.title().to_lowercase()), Some(0.0))?;
    let data = DatasetBase::new(Columns { x, weights }, y);
    let fitted = match algorithm {
        Algorithm::Baseline => baseline::fit(params, &data, seed, io),
        Algorithm::Linear => linear::fit(params, &data, seed, io),
        Algorithm::Ridge => ridge::fit(params, &data, seed, io),
        Algorithm::Lasso | Algorithm::ElasticNet => sparse::fit(algorithm, params, &data, seed, io),
        Algorithm::Logistic => logistic::fit(params, &data, seed, io),
        Algorithm::Glm => glm::fit(params, &data, seed, io),
        Algorithm::NaiveBayes => naive_bayes::fit(params, &data, seed, io),
        Algorithm::Pls => pls::fit(params, &data, seed, io),
        Algorithm::Knn => knn::fit(params, &data, seed, io),
        Algorithm::Svm => svm::fit(params, &data, seed, io),
        Algorithm::Mlp => mlp::fit(params, &data, seed, io),
        Algorithm::DecisionTree => decision_tree::fit(params, &data, seed, io),
        Algorithm::RandomForest => random_forest::fit(params, &data, seed, io),
        Algorithm::ExtraTrees => extra_trees::fit(params, &data, seed, io),
        Algorithm::GradientBoosting => gradient_boosting::fit(params, &data, seed, io),
        Algorithm::Ensemble => Err(FitError::NotFromRows { algorithm: algorithm.title() }),
    }?;
    if !is_finite(&fitted.model) {
        return Err(FitError::Diverged { algorithm: algorithm.title() });
    }
    Ok(fitted)
}

/// The weights of the rows times those of their classes: `balanced` makes all classes weigh equally much together and
/// leaves the sum of all weights as it was, as scikit-learn does.
pub(in crate::ml) fn class_weights<'a>(word: &str, y: &Target, weights: Option<&'a [f64]>) -> Option<Cow<'a, [f64]>> {
    let Target::Classes { codes, n_classes } = y else { return weights.map(Cow::Borrowed) };
    if word != "balanced" {
        return weights.map(Cow::Borrowed);
    }
    let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
    let mut sums = vec![0.0; *n_classes];
    codes.iter().enumerate().for_each(|(row, &code)| sums[code as usize] += weight(row));
    let present = sums.iter().filter(|sum| **sum > 0.0).count() as f64;
    let total: f64 = sums.iter().sum();
    let factor = |code: u32| total / (present * sums[code as usize]);
    let balanced =
        codes.iter().enumerate().map(|(row, &code)| if weight(row) > 0.0 { weight(row) * factor(code) } else { 0.0 });
    Some(Cow::Owned(balanced.collect()))
}

fn is_finite(model: &FittedModel) -> bool {
    let finite = |values: &[f64]| values.iter().all(|v| v.is_finite());
    let tree = |tree: &Tree| {
        tree.nodes.iter().all(|node| match node {
            TreeNode::Leaf { values, .. } => finite(values),
            TreeNode::Split { threshold, gain, .. } => threshold.is_finite() && gain.is_finite(),
            TreeNode::CategorySplit { gain, .. } => gain.is_finite(),
        })
    };
    match model {
        FittedModel::Baseline { output } => finite(output),
        FittedModel::Linear { coefficients, intercept, .. } => finite(coefficients) && intercept.is_finite(),
        FittedModel::Logistic { coefficients, intercepts } => {
            coefficients.iter().all(|row| finite(row)) && finite(intercepts)
        }
        FittedModel::DecisionTree { tree: one } => tree(one),
        FittedModel::Trees(ensemble) => ensemble.trees.iter().all(tree) && finite(&ensemble.base),
        FittedModel::NaiveBayes(bayes) => {
            let number = |n: &crate::domain::model::BayesNumber| {
                finite(&n.means) && finite(&n.variances) && n.variances.iter().all(|v| v.is_normal())
            };
            finite(&bayes.log_priors)
                && bayes.numbers.iter().all(number)
                && bayes.categories.iter().all(|c| c.log_shares.iter().all(|row| finite(row)))
        }
        FittedModel::Knn(stored) => finite(&stored.answers),
        FittedModel::Ensemble { members } => members.iter().all(|member| is_finite(&member.model)),
        FittedModel::Mlp(network) => {
            let layer = |values: &[f32]| values.iter().all(|v| v.is_finite());
            network.layers.iter().all(|l| layer(&l.weights) && layer(&l.biases))
                && network.center.is_finite()
                && network.spread.is_finite()
        }
    }
}

#[cfg(test)]
pub(in crate::ml) mod testing {
    use linfa::DatasetBase;

    use super::{Columns, Data};
    use crate::domain::features::{Block, Features};
    use crate::domain::matrix::Matrix;
    use crate::domain::task::Target;

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

    /// Columns of numbers from row-major values.
    pub fn numbers(n_cols: usize, values: Vec<f64>) -> Features {
        let column = |c: usize| Block::Numbers(values.iter().skip(c).step_by(n_cols).copied().collect());
        Features {
            n_rows: values.len() / n_cols,
            blocks: (0..n_cols).map(column).collect(),
            names: (0..n_cols).map(|c| format!("x{c}")).collect(),
        }
    }

    pub fn uniform(seed: u64, n_rows: usize, n_cols: usize) -> Features {
        numbers(n_cols, uniform_matrix(seed, n_rows, n_cols).values)
    }

    /// `uniform` and a category of `n_levels` indicators: `floor(n_levels · u)`, drawn after all numbers.
    pub fn mixed(seed: u64, n_rows: usize, n_cols: usize, n_levels: u32) -> Features {
        let mut source = Lcg(seed);
        let values = (0..n_rows * n_cols).map(|_| 2.0 * source.next() - 1.0).collect();
        let codes = (0..n_rows).map(|_| (source.next() * f64::from(n_levels)) as u32).collect();
        let mut x = numbers(n_cols, values);
        x.blocks.push(Block::Indicators { codes, n_levels });
        x.names.extend((0..n_levels).map(|level| format!("c={level}")));
        x
    }

    /// The same features with every indicator as a column of numbers.
    pub fn one_hot(x: &Features) -> Features {
        let mut dense = numbers(x.n_features(), x.dense(0, x.n_rows));
        dense.names.clone_from(&x.names);
        dense
    }

    pub fn row(x: &Features, row: usize) -> Vec<f64> {
        x.dense(row, row + 1)
    }

    /// A weighted sum of the seven columns of [`mixed`] with four levels, and a little noise.
    pub fn noisy_sum(x: &Features) -> Target {
        let (dense, mut noise) = (x.dense(0, x.n_rows), Lcg(99));
        let row = |r: &[f64]| 3.0 * r[0] - 2.0 * r[1] + r[3] - 0.5 * r[5] + 0.5;
        Target::Values(dense.chunks(7).map(|r| row(r) + 0.1 * noise.next()).collect())
    }

    pub fn data<'a>(x: &'a Features, y: &'a Target) -> Data<'a> {
        DatasetBase::new(Columns { x, weights: None }, y)
    }

    pub fn weighted<'a>(x: &'a Features, y: &'a Target, weights: &'a [f64]) -> Data<'a> {
        DatasetBase::new(Columns { x, weights: Some(weights) }, y)
    }

    pub fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
        assert_eq!(found.len(), expected.len());
        for (f, e) in found.iter().zip(expected) {
            assert!((f - e).abs() <= tolerance * e.abs().max(1.0), "{found:?} instead of {expected:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{numbers, uniform};
    use super::*;
    use crate::domain::features::{Block, NO_CODE};
    use crate::domain::io::{Cancelled, Silent};
    use crate::domain::params::{ParamDraft, check_params};
    use crate::domain::task::Task;

    struct Stop;

    /// Everything that learns from rows here, once per kind of target.
    fn learners() -> Vec<(Algorithm, Task)> {
        let of = |task| Algorithm::for_task(task).into_iter().map(move |algorithm| (algorithm, task));
        of(Task::Binary).chain(of(Task::Regression)).collect()
    }

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
        for (algorithm, task) in learners() {
            let params = check_params(algorithm, &ParamDraft::new()).unwrap();
            let y = if task == Task::Regression {
                Target::Values((1..41).map(f64::from).collect())
            } else {
                classes((0..40).map(|i| i % 2).collect())
            };
            let x = uniform(1, 40, 2);
            let run = |x: &Features, io: &dyn JobIo| fit(algorithm, &params, x, &y, None, 0, io);
            assert!(matches!(run(&x, &Stop), Err(FitError::Cancelled(_))), "{algorithm:?}");
            let mut bad = x.clone();
            bad.blocks[1] = Block::Numbers(vec![f64::NAN; 40]);
            if algorithm.family().takes_missing_and_categories() {
                run(&bad, &Silent).unwrap();
            } else {
                assert!(matches!(run(&bad, &Silent), Err(FitError::NotFinite { .. })), "{algorithm:?}");
            }
            let one = run(&x, &Silent).unwrap();
            assert_eq!(one, run(&x, &Silent).unwrap(), "{algorithm:?}");
            let json = serde_json::to_string(&one.model).unwrap();
            assert_eq!(serde_json::from_str::<FittedModel>(&json).unwrap(), one.model, "{algorithm:?}");
        }
    }

    #[test]
    fn extreme_values_fail_or_fit_but_never_give_numbers_that_are_not() {
        for (algorithm, task) in learners() {
            let params = check_params(algorithm, &ParamDraft::new()).unwrap();
            for size in [1e-300, 1e-200, 1e-9, 1e9, 1e150, 1e300] {
                let x = numbers(3, uniform(3, 60, 3).dense(0, 60).iter().map(|v| v * size).collect());
                let y = if task == Task::Regression {
                    Target::Values((0..60).map(|i| f64::from(i % 7)).collect())
                } else {
                    classes((0..60).map(|i| (i / 3) % 2).collect())
                };
                match fit(algorithm, &params, &x, &y, None, 0, &Silent) {
                    Ok(fitted) => assert!(is_finite(&fitted.model)),
                    Err(error) => assert!(matches!(error, FitError::Diverged { .. }), "{algorithm:?} {size}: {error}"),
                }
            }
        }
    }

    #[test]
    fn odd_tables_end_well() {
        let tables = [
            // Constant columns, a category without any value, two rows, one row for numbers.
            (vec![Block::Numbers(vec![7.0; 30])], 30),
            (vec![Block::Indicators { codes: vec![NO_CODE; 30], n_levels: 3 }, Block::Numbers(vec![0.0; 30])], 30),
            (vec![Block::Numbers(vec![1.0, 2.0]), Block::Indicators { codes: vec![1, 0], n_levels: 2 }], 2),
            (vec![Block::Numbers(vec![1.0])], 1),
        ];
        for (blocks, n_rows) in tables {
            let x = Features { n_rows, blocks, names: Vec::new() };
            for (algorithm, task) in learners() {
                let params = check_params(algorithm, &ParamDraft::new()).unwrap();
                let (y, n_classes) = if task == Task::Regression {
                    (Target::Values((0..n_rows).map(|row| 1e6 + (row % 3) as f64).collect()), 0)
                } else {
                    (classes((0..n_rows as u32).map(|row| row % 2).collect()), 2)
                };
                match fit(algorithm, &params, &x, &y, None, 0, &Silent) {
                    Ok(fitted) => {
                        let predicted = crate::ml::predict::predict(&fitted.model, task, n_classes, &x, &Silent);
                        assert_eq!(predicted.unwrap().len(), n_rows, "{algorithm:?}");
                    }
                    Err(error) => assert!(matches!(error, FitError::OneClass), "{algorithm:?} {n_rows}: {error}"),
                }
            }
        }
    }

    #[test]
    fn wrong_targets_are_refused() {
        let x = uniform(1, 4, 1);
        let run = |algorithm, y: &Target| {
            let params = check_params(algorithm, &ParamDraft::new()).unwrap();
            fit(algorithm, &params, &x, y, None, 0, &Silent).unwrap_err()
        };
        assert!(matches!(run(Algorithm::Linear, &classes(vec![0, 1, 0, 1])), FitError::WrongTask { .. }));
        assert!(matches!(run(Algorithm::Logistic, &Target::Values(vec![1.0; 4])), FitError::WrongTask { .. }));
    }
}
