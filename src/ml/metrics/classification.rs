//! Metrics of labels and probabilities.

use crate::domain::metric::Metric;
use crate::domain::task::Task;
use crate::ml::metrics::{Values, ranking};
use crate::ml::sums;

/// `labels` are the predicted classes, `probabilities` row-major.
pub fn all(task: Task, truth: &[u32], probabilities: &[f64], n_classes: usize, labels: &[u32]) -> Values {
    let mut values = from_confusion(task, &confusion(truth, labels, n_classes));
    values.extend([
        (Metric::RocAuc, ranked(task, truth, probabilities, n_classes, ranking::roc_auc)),
        (Metric::AveragePrecision, ranked(task, truth, probabilities, n_classes, ranking::average_precision)),
        (Metric::LogLoss, log_loss(truth, probabilities, n_classes)),
        (Metric::Brier, brier(truth, probabilities, n_classes)),
    ]);
    values
}

/// What follows from counts of right and wrong alone.
pub fn from_confusion(task: Task, confusion: &[Vec<u64>]) -> Values {
    let n_classes = confusion.len();
    let is_binary = task == Task::Binary && n_classes == 2;
    let (precision, recall, f1) = if is_binary { of_class(confusion, 1) } else { macro_average(confusion) };
    let total: u64 = confusion.iter().flatten().sum();
    let right: u64 = (0..n_classes).map(|class| confusion[class][class]).sum();
    let specificity = if is_binary { specificity(confusion, 1) } else { macro_specificity(confusion) };
    let missed = if is_binary {
        (confusion[1][0] + confusion[1][1] > 0).then_some(1.0 - recall)
    } else {
        balanced_accuracy(confusion).map(|recall| 1.0 - recall)
    };
    vec![
        (Metric::Accuracy, (total > 0).then_some(right as f64 / total as f64)),
        (Metric::BalancedAccuracy, balanced_accuracy(confusion)),
        (Metric::Precision, Some(precision)),
        (Metric::Recall, Some(recall)),
        (Metric::F1, Some(f1)),
        (Metric::Specificity, specificity),
        (Metric::FalsePositiveRate, specificity.map(|s| 1.0 - s)),
        (Metric::FalseNegativeRate, missed),
    ]
}

/// Precision, recall and F1 of each class, and its rows.
pub fn by_class(confusion: &[Vec<u64>]) -> Vec<(f64, f64, f64, u64)> {
    (0..confusion.len())
        .map(|class| {
            let (precision, recall, f1) = of_class(confusion, class);
            (precision, recall, f1, confusion[class].iter().sum())
        })
        .collect()
}

/// Of the rows of other classes, the share not called this class; `None` without such rows.
fn specificity(confusion: &[Vec<u64>], class: usize) -> Option<f64> {
    let others = || confusion.iter().enumerate().filter(|(truth, _)| *truth != class).map(|(_, row)| row);
    let total: u64 = others().flatten().sum();
    let alarms: u64 = others().map(|row| row[class]).sum();
    (total > 0).then(|| (total - alarms) as f64 / total as f64)
}

/// The mean over the classes that occur in the truth.
fn macro_specificity(confusion: &[Vec<u64>]) -> Option<f64> {
    let occurs = |class: &usize| confusion[*class].iter().sum::<u64>() > 0;
    let each: Option<Vec<f64>> =
        (0..confusion.len()).filter(occurs).map(|class| specificity(confusion, class)).collect();
    sums::mean(each?.into_iter())
}

/// `confusion[truth][predicted]` rows. Codes beyond the classes are not counted.
pub fn confusion(truth: &[u32], predicted: &[u32], n_classes: usize) -> Vec<Vec<u64>> {
    let mut counts = vec![vec![0; n_classes]; n_classes];
    for (&t, &p) in truth.iter().zip(predicted) {
        if let Some(count) = counts.get_mut(t as usize).and_then(|row| row.get_mut(p as usize)) {
            *count += 1;
        }
    }
    counts
}

/// Precision, recall and F1 of one class; 0 where a denominator is (`zero_division=0`).
fn of_class(confusion: &[Vec<u64>], class: usize) -> (f64, f64, f64) {
    let hits = confusion[class][class];
    let actual: u64 = confusion[class].iter().sum();
    let claimed: u64 = confusion.iter().map(|row| row[class]).sum();
    let ratio = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    (ratio(hits, claimed), ratio(hits, actual), ratio(2 * hits, claimed + actual))
}

/// Means over the classes that occur in the truth or the predictions.
fn macro_average(confusion: &[Vec<u64>]) -> (f64, f64, f64) {
    let occurs =
        |&class: &usize| confusion[class].iter().sum::<u64>() + confusion.iter().map(|r| r[class]).sum::<u64>() > 0;
    let each: Vec<(f64, f64, f64)> =
        (0..confusion.len()).filter(occurs).map(|class| of_class(confusion, class)).collect();
    let mean = |value: fn(&(f64, f64, f64)) -> f64| sums::mean(each.iter().map(value)).unwrap_or(0.0);
    (mean(|m| m.0), mean(|m| m.1), mean(|m| m.2))
}

/// The mean recall of the classes that occur in the truth.
fn balanced_accuracy(confusion: &[Vec<u64>]) -> Option<f64> {
    let recalls: Vec<f64> = (0..confusion.len())
        .filter(|&class| confusion[class].iter().sum::<u64>() > 0)
        .map(|class| of_class(confusion, class).1)
        .collect();
    sums::mean(recalls.into_iter())
}

/// Binary: of the second class. Otherwise the mean over one-vs-rest, if every class has rows.
fn ranked(
    task: Task,
    truth: &[u32],
    probabilities: &[f64],
    n_classes: usize,
    metric: fn(&[bool], &[f64]) -> Option<f64>,
) -> Option<f64> {
    let of = |class: usize| {
        let is_class: Vec<bool> = truth.iter().map(|&code| code as usize == class).collect();
        let scores: Vec<f64> = probabilities.iter().skip(class).step_by(n_classes).copied().collect();
        metric(&is_class, &scores)
    };
    if task == Task::Binary && n_classes == 2 {
        return of(1);
    }
    let each: Vec<f64> = (0..n_classes).map(of).collect::<Option<_>>()?;
    sums::mean(each.into_iter())
}

/// Probabilities are kept off 0 and 1 by one rounding step, as in scikit-learn.
fn log_loss(truth: &[u32], probabilities: &[f64], n_classes: usize) -> Option<f64> {
    let losses = truth.iter().zip(probabilities.chunks_exact(n_classes)).map(|(&code, row)| {
        let p = row.get(code as usize).copied().unwrap_or(0.0);
        -p.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()
    });
    sums::mean(losses)
}

/// Two classes: the mean of `(p − y)²`; more: the mean of the squared distances over all classes
/// (`scale_by_half="auto"`).
fn brier(truth: &[u32], probabilities: &[f64], n_classes: usize) -> Option<f64> {
    let squared = |code: u32, row: &[f64]| {
        sums::sum(row.iter().enumerate().map(|(class, p)| {
            let y = if class == code as usize { 1.0 } else { 0.0 };
            (y - p) * (y - p)
        }))
    };
    let scale = if n_classes < 3 { 0.5 } else { 1.0 };
    let mean =
        sums::mean(truth.iter().zip(probabilities.chunks_exact(n_classes)).map(|(&code, row)| squared(code, row)));
    mean.map(|mean| scale * mean)
}
