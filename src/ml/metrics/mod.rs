//! Metrics as scikit-learn defines them, equal to its numbers up to rounding.
//!
//! What is not defined on the rows at hand (ROC AUC with one class) is absent from the set, never NaN.

mod classification;
pub mod intervals;
pub mod ranking;
mod regression;

pub use classification::{by_class, confusion};

use crate::domain::metric::{Metric, MetricSet};
use crate::domain::task::{Predictions, Target, Task};

/// All metrics of the task that are defined for these rows. Empty when truth and predictions are not of one kind and
/// length, or there are no rows.
pub fn evaluate(task: Task, truth: &Target, predicted: &Predictions) -> MetricSet {
    evaluate_at(task, truth, predicted, None)
}

/// The same where the second of two classes is predicted from a probability on.
pub fn evaluate_at(task: Task, truth: &Target, predicted: &Predictions, threshold: Option<f64>) -> MetricSet {
    if truth.is_empty() || truth.len() != predicted.len() {
        return MetricSet::new();
    }
    let values = match (truth, predicted) {
        (Target::Values(truth), Predictions::Values(predicted)) => regression::all(truth, predicted),
        (Target::Classes { codes, .. }, Predictions::Classes { probabilities, n_classes }) => {
            classification::all(task, codes, probabilities, *n_classes, &predicted.labels_at(threshold))
        }
        _ => Vec::new(),
    };
    let defined = values.into_iter().filter_map(|(metric, value)| Some((metric, value?)));
    defined.filter(|(_, value)| value.is_finite()).map(|(metric, value)| (metric.key().to_owned(), value)).collect()
}

/// One metric alone; `None` where it is not defined. Those that rank runs cost no more than they must.
pub fn one(metric: Metric, task: Task, truth: &Target, predicted: &Predictions) -> Option<f64> {
    match (metric, truth, predicted) {
        (Metric::RocAuc, Target::Classes { codes, .. }, Predictions::Classes { probabilities, n_classes: 2 }) => {
            let is_positive: Vec<bool> = codes.iter().map(|&code| code == 1).collect();
            let scores: Vec<f64> = probabilities.iter().skip(1).step_by(2).copied().collect();
            ranking::roc_auc(&is_positive, &scores)
        }
        _ => evaluate(task, truth, predicted).get(metric.key()).copied(),
    }
}

type Values = Vec<(Metric, Option<f64>)>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ml::algorithms::testing::Lcg;

    /// Probabilities from a generator, some of them tied, and classes that follow them loosely.
    pub fn classes(n: usize, n_classes: usize) -> (Target, Predictions) {
        let mut source = Lcg(77);
        let (mut codes, mut probabilities) = (Vec::new(), Vec::new());
        for _ in 0..n {
            let raw: Vec<f64> = (0..n_classes).map(|_| (source.next() * 8.0).floor() + 1.0).collect();
            let sum: f64 = raw.iter().sum();
            let mut pick = source.next() * sum;
            let mut code = 0;
            while code + 1 < n_classes && pick > raw[code] {
                pick -= raw[code];
                code += 1;
            }
            codes.push(code as u32);
            probabilities.extend(raw.iter().map(|r| r / sum));
        }
        (Target::Classes { codes, n_classes }, Predictions::Classes { probabilities, n_classes })
    }

    fn assert_equal(found: &MetricSet, expected: &[(&str, f64)]) {
        let keys: Vec<&str> = found.keys().map(String::as_str).collect();
        let mut wanted: Vec<&str> = expected.iter().map(|(key, _)| *key).collect();
        wanted.sort_unstable();
        assert_eq!(keys, wanted);
        for (key, value) in expected {
            let difference = (found[*key] - value).abs();
            assert!(difference <= 1e-12 * value.abs().max(1.0), "{key}: {} instead of {value}", found[*key]);
        }
    }

    #[test]
    fn two_classes_equal_scikit_learn() {
        let (truth, predicted) = classes(200, 2);
        assert_equal(&evaluate(Task::Binary, &truth, &predicted), &SKLEARN_BINARY);
    }

    #[test]
    fn four_classes_equal_scikit_learn() {
        let (truth, predicted) = classes(300, 4);
        assert_equal(&evaluate(Task::Multiclass, &truth, &predicted), &SKLEARN_MULTICLASS);
    }

    #[test]
    fn regression_equals_scikit_learn() {
        let mut source = Lcg(5);
        let truth: Vec<f64> = (0..101).map(|_| (source.next() * 20.0).floor() - 10.0).collect();
        let predicted = truth.iter().map(|y| y + source.next() - 0.4).collect();
        let found = evaluate(Task::Regression, &Target::Values(truth), &Predictions::Values(predicted));
        assert_equal(&found, &SKLEARN_REGRESSION);
    }

    #[test]
    fn one_class_in_the_rows_leaves_ranking_metrics_out() {
        let truth = Target::Classes { codes: vec![0, 0], n_classes: 2 };
        let predicted = Predictions::Classes { probabilities: vec![0.9, 0.1, 1.0, 0.0], n_classes: 2 };
        let found = evaluate(Task::Binary, &truth, &predicted);
        let log_loss = (-(0.9_f64.ln()) - (1.0 - f64::EPSILON).ln()) / 2.0;
        let expected = [
            ("accuracy", 1.0),
            ("balanced_accuracy", 1.0),
            ("precision", 0.0),
            ("recall", 0.0),
            ("f1", 0.0),
            ("specificity", 1.0),
            ("fpr", 0.0),
            ("log_loss", log_loss),
            ("brier", 0.005),
        ];
        assert_equal(&found, &expected);
    }

    #[test]
    fn a_class_without_rows_leaves_macro_ranking_out_but_not_the_rest() {
        let truth = Target::Classes { codes: vec![0, 1, 1], n_classes: 3 };
        let probabilities = vec![0.8, 0.1, 0.1, 0.2, 0.7, 0.1, 0.1, 0.2, 0.7];
        let found = evaluate(Task::Multiclass, &truth, &Predictions::Classes { probabilities, n_classes: 3 });
        assert!(!found.contains_key("roc_auc") && !found.contains_key("average_precision"));
        // scikit-learn: labels are those of truth and prediction together, so class 2 counts with precision 0.
        assert!((found["precision"] - 2.0 / 3.0).abs() < 1e-15);
        assert!((found["recall"] - 0.5).abs() < 1e-15);
        assert!((found["balanced_accuracy"] - 0.75).abs() < 1e-15);
    }

    #[test]
    fn perfect_and_constant_numbers() {
        let evaluate = |truth: &[f64], predicted: &[f64]| {
            evaluate(Task::Regression, &Target::Values(truth.to_vec()), &Predictions::Values(predicted.to_vec()))
        };
        assert_eq!(evaluate(&[2.0, 2.0], &[2.0, 2.0])["r2"], 1.0);
        assert_eq!(evaluate(&[2.0, 2.0], &[2.0, 3.0])["r2"], 0.0);
        assert!(!evaluate(&[2.0], &[2.0]).contains_key("r2"));
        // A true zero counts as the smallest step, as in scikit-learn.
        assert_eq!(evaluate(&[0.0, 1.0], &[1.0, 1.0])["mape"], 0.5 / f64::EPSILON);
        assert!(evaluate(&[1.0], &[1.0, 2.0]).is_empty());
        assert!(evaluate(&[], &[]).is_empty());
    }

    const SKLEARN_BINARY: [(&str, f64); 12] = [
        ("accuracy", 0.685),
        ("balanced_accuracy", 0.6865746298519407),
        ("precision", 0.7294117647058823),
        ("recall", 0.6078431372549019),
        ("f1", 0.6631016042780749),
        ("specificity", 0.7653061224489796),
        ("fpr", 0.23469387755102045),
        ("fnr", 0.3921568627450981),
        ("roc_auc", 0.7816626650660263),
        ("average_precision", 0.7768145190106546),
        ("log_loss", 0.561862951703977),
        ("brier", 0.1904028424635807),
    ];
    const SKLEARN_MULTICLASS: [(&str, f64); 12] = [
        ("accuracy", 0.3566666666666667),
        ("balanced_accuracy", 0.3619236510802776),
        ("precision", 0.3669594226579521),
        ("recall", 0.3619236510802776),
        ("f1", 0.35613380867206534),
        ("specificity", 0.7869978233335907),
        ("fpr", 0.2130021766664093),
        ("fnr", 0.6380763489197224),
        ("roc_auc", 0.6645419251601264),
        ("average_precision", 0.40432062435813404),
        ("log_loss", 1.2812517193273907),
        ("brier", 0.7008212554500414),
    ];
    const SKLEARN_REGRESSION: [(&str, f64); 7] = [
        ("mae", 0.2552823836763239),
        ("rmse", 0.30354041557463524),
        ("r2", 0.9973882151800859),
        ("mape", 83249354428476.58),
        ("max_error", 0.5903824582589351),
        ("median_ae", 0.24557228756619232),
        ("mean_error", 0.08145101218438468),
    ];
}
