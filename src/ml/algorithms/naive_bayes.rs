//! Naive Bayes: normal distributions for numbers, shares for categories, one set per class.
//!
//! Numbers as scikit-learn's `GaussianNB`, categories as its `CategoricalNB`; the two add up. Ours because linfa's gives
//! NaN with many columns and knows no categories.

use linfa::traits::Fit;

use crate::domain::features::Block;
use crate::domain::io::JobIo;
use crate::domain::model::{BayesCategory, BayesNumber, FittedModel};
use crate::domain::params::CheckedParams;
use crate::domain::task::Target;
use crate::ml::algorithms::{Columns, Data, Fitted};
use crate::ml::error::FitError;

const NAME: &str = "Naive Bayes";
const PHASE: &str = "Fitting naive Bayes";
/// The logarithm that stands for a share of 0.
const NEVER: f64 = -1e9;
/// Least variance, for columns that are constant within a class.
const LEAST: f64 = 1e-300;

pub fn fit(params: &CheckedParams, data: &Data, _seed: u64, io: &dyn JobIo) -> Result<Fitted, FitError> {
    NaiveBayes { var_smoothing: params.get("var_smoothing"), alpha: params.get("alpha"), io }.fit(data)
}

/// The learner as linfa knows learners.
pub struct NaiveBayes<'a> {
    /// Share of the largest variance of all columns that is added to every variance.
    pub var_smoothing: f64,
    /// Rows added to every level of every class.
    pub alpha: f64,
    pub io: &'a dyn JobIo,
}

impl<'a> Fit<Columns<'a>, &'a Target, FitError> for NaiveBayes<'_> {
    type Object = Fitted;

    fn fit(&self, data: &Data<'a>) -> Result<Fitted, FitError> {
        let Target::Classes { codes: classes, n_classes } = data.targets else {
            return Err(FitError::WrongTask { algorithm: NAME, needs: "classes" });
        };
        let Columns { x, weights } = data.records;
        let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
        let mut totals = vec![0.0; *n_classes];
        classes.iter().enumerate().for_each(|(row, &class)| totals[class as usize] += weight(row));
        let all: f64 = totals.iter().sum();
        let (mut numbers, mut categories) = (Vec::new(), Vec::new());
        let (mut feature, mut largest) = (0_usize, 0.0_f64);
        for (at, block) in x.blocks.iter().enumerate() {
            self.io.progress(PHASE, Some(at as f64 / x.blocks.len() as f64))?;
            match block {
                Block::Numbers(values) => {
                    let (number, variance) = moments(feature as u32, values, classes, *n_classes, weight);
                    largest = largest.max(variance);
                    numbers.push(number);
                }
                Block::Indicators { codes, n_levels } | Block::Category { codes, n_levels } => {
                    let indicators = matches!(block, Block::Indicators { .. });
                    let counts = counts(codes, *n_levels as usize, classes, *n_classes, weight);
                    let log_shares = counts.iter().map(|counts| self.log_shares(counts)).collect();
                    categories.push(BayesCategory { feature: feature as u32, indicators, log_shares });
                }
            }
            feature += block.n_features();
        }
        let smoothing = (self.var_smoothing * largest).max(LEAST);
        for variance in numbers.iter_mut().flat_map(|number| &mut number.variances) {
            *variance += smoothing;
        }
        let log_priors = totals.iter().map(|total| log(total / all)).collect();
        let model = crate::domain::model::NaiveBayes { n_features: feature as u32, log_priors, numbers, categories };
        let absent = totals.iter().filter(|total| **total == 0.0).count();
        let warning =
            format!("{absent} of {n_classes} classes have no training row; they get probability 0 everywhere");
        let warnings = if absent > 0 { vec![warning] } else { Vec::new() };
        Ok(Fitted::new(FittedModel::NaiveBayes(model), warnings))
    }
}

impl NaiveBayes<'_> {
    fn log_shares(&self, counts: &[f64]) -> Vec<f64> {
        let total: f64 = counts.iter().map(|count| count + self.alpha).sum();
        counts.iter().map(|count| if total > 0.0 { log((count + self.alpha) / total) } else { 0.0 }).collect()
    }
}

fn log(share: f64) -> f64 {
    if share > 0.0 { share.ln() } else { NEVER }
}

/// Weighted means and variances per class over the values that are there, and the variance over all classes.
fn moments(
    feature: u32,
    values: &[f64],
    classes: &[u32],
    n_classes: usize,
    weight: impl Fn(usize) -> f64,
) -> (BayesNumber, f64) {
    // One class more, for everything together.
    let mut sums = vec![(0.0, 0.0); n_classes + 1];
    let there = |row: &usize| !values[*row].is_nan() && weight(*row) > 0.0;
    let shift = (0..values.len()).find(there).map_or(0.0, |row| values[row]);
    for row in (0..values.len()).filter(there) {
        let w = weight(row);
        for at in [classes[row] as usize, n_classes] {
            sums[at].0 += w;
            sums[at].1 += w * (values[row] - shift);
        }
    }
    let mean = |(weight, sum): (f64, f64)| if weight > 0.0 { shift + sum / weight } else { 0.0 };
    let means: Vec<f64> = sums.iter().map(|sum| mean(*sum)).collect();
    let mut squares = vec![0.0; n_classes + 1];
    for row in (0..values.len()).filter(there) {
        for at in [classes[row] as usize, n_classes] {
            squares[at] += weight(row) * (values[row] - means[at]).powi(2);
        }
    }
    let variance = |at: usize| if sums[at].0 > 0.0 { squares[at] / sums[at].0 } else { 0.0 };
    let mut variances: Vec<f64> = (0..n_classes).map(variance).collect();
    let of_all = variance(n_classes);
    // A class without any value here: as the others, so that it neither gains nor loses by this column.
    let mut means = means;
    for class in 0..n_classes {
        if sums[class].0 == 0.0 {
            (means[class], variances[class]) = (means[n_classes], of_all);
        }
    }
    means.truncate(n_classes);
    (BayesNumber { feature, means, variances }, of_all)
}

/// `counts[class][level]`, weighted.
fn counts(
    codes: &[u32],
    n_levels: usize,
    classes: &[u32],
    n_classes: usize,
    weight: impl Fn(usize) -> f64,
) -> Vec<Vec<f64>> {
    let mut counts = vec![vec![0.0; n_levels]; n_classes];
    for (row, (code, class)) in codes.iter().zip(classes).enumerate() {
        if let Some(count) = counts[*class as usize].get_mut(*code as usize) {
            *count += weight(row);
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::features::{Features, NO_CODE};
    use crate::domain::io::Silent;
    use crate::domain::task::{Predictions, Task};
    use crate::ml::algorithms::testing::{Lcg, assert_close, data, mixed, numbers, uniform, weighted};
    use crate::ml::predict::predict;

    fn learner() -> NaiveBayes<'static> {
        NaiveBayes { var_smoothing: 1e-9, alpha: 1.0, io: &Silent }
    }

    fn probabilities(fitted: &Fitted, n_classes: usize, x: &Features) -> Vec<f64> {
        let Predictions::Classes { probabilities, .. } =
            predict(&fitted.model, Task::Multiclass, n_classes, x, &Silent).unwrap()
        else {
            panic!("probabilities expected")
        };
        probabilities
    }

    fn classes(n: usize) -> Target {
        let mut source = Lcg(8);
        Target::Classes { codes: (0..n).map(|_| (source.next() * 3.0) as u32).collect(), n_classes: 3 }
    }

    #[test]
    fn numbers_equal_gaussian_nb() {
        let x = uniform(6, 60, 3);
        let fitted = learner().fit(&data(&x, &classes(60))).unwrap();
        assert_close(&probabilities(&fitted, 3, &x)[..9], &GAUSSIAN, 1e-10);
    }

    #[test]
    fn categories_equal_categorical_nb() {
        let mut x = mixed(6, 60, 1, 4);
        x.blocks.remove(0);
        x.names.remove(0);
        let y = classes(60);
        let fitted = learner().fit(&data(&x, &y)).unwrap();
        assert_close(&probabilities(&fitted, 3, &x)[..9], &CATEGORICAL, 1e-12);
        let Block::Indicators { codes, n_levels } = x.blocks[0].clone() else { panic!("indicators expected") };
        let coded = Features { n_rows: 60, blocks: vec![Block::Category { codes, n_levels }], names: vec!["c".into()] };
        let fitted = learner().fit(&data(&coded, &y)).unwrap();
        assert_close(&probabilities(&fitted, 3, &coded)[..9], &CATEGORICAL, 1e-12);
    }

    #[test]
    fn a_missing_value_does_not_vote() {
        let mut x = mixed(6, 60, 2, 4);
        let y = classes(60);
        let fitted = learner().fit(&data(&x, &y)).unwrap();
        x.blocks[0] = Block::Numbers(vec![f64::NAN; 60]);
        x.blocks[2] = Block::Indicators { codes: vec![NO_CODE; 60], n_levels: 4 };
        let only = Features { n_rows: 60, blocks: vec![x.blocks[1].clone()], names: vec!["b".into()] };
        let alone = learner().fit(&data(&only, &y)).unwrap();
        assert_close(&probabilities(&fitted, 3, &x), &probabilities(&alone, 3, &only), 1e-9);
        learner().fit(&data(&x, &y)).unwrap();
    }

    #[test]
    fn weights_are_repeated_rows() {
        let x = mixed(6, 60, 2, 4);
        let y = classes(60);
        let weights: Vec<f64> = (0..60).map(|row| f64::from(row % 3)).collect();
        let repeated: Vec<usize> = (0..60).flat_map(|row| std::iter::repeat_n(row, row % 3)).collect();
        let heavy = learner().fit(&weighted(&x, &y, &weights)).unwrap();
        let long = learner().fit(&data(&x.take(&repeated), &y.take(&repeated))).unwrap();
        assert_close(&probabilities(&heavy, 3, &x), &probabilities(&long, 3, &x), 1e-10);
    }

    #[test]
    fn six_hundred_columns_and_far_rows_stay_probabilities() {
        let x = uniform(6, 100, 600);
        let y = Target::Classes { codes: (0..100).map(|row| row % 2).collect(), n_classes: 2 };
        let fitted = learner().fit(&data(&x, &y)).unwrap();
        let far = numbers(600, vec![1e200; 600]);
        for probabilities in [probabilities(&fitted, 2, &x), probabilities(&fitted, 2, &far)] {
            assert!(probabilities.chunks(2).all(|row| (row[0] + row[1] - 1.0).abs() < 1e-12));
        }
    }

    /// `GaussianNB()`
    const GAUSSIAN: [f64; 9] = [
        0.1412190519679444,
        0.24114584375276127,
        0.6176351042792944,
        0.2745359644462353,
        0.44430743971198394,
        0.2811565958417809,
        0.2858759974171131,
        0.38051379755290055,
        0.3336102050299867,
    ];
    /// `CategoricalNB()`
    const CATEGORICAL: [f64; 9] = [
        0.1341133193685178,
        0.3805241914882745,
        0.4853624891432075,
        0.1341133193685178,
        0.3805241914882745,
        0.4853624891432075,
        0.1341133193685178,
        0.3805241914882745,
        0.4853624891432075,
    ];
}
