//! Metrics of predicted numbers.

use crate::domain::metric::Metric;
use crate::ml::metrics::Values;
use crate::ml::sums;

pub fn all(truth: &[f64], predicted: &[f64]) -> Values {
    let errors: Vec<f64> = truth.iter().zip(predicted).map(|(y, p)| (y - p).abs()).collect();
    let relative = errors.iter().zip(truth).map(|(error, y)| error / y.abs().max(f64::EPSILON));
    let squares = sums::mean(errors.iter().map(|error| error * error));
    vec![
        (Metric::Mae, sums::mean(errors.iter().copied())),
        (Metric::Rmse, squares.map(f64::sqrt)),
        (Metric::R2, r2(truth, &errors)),
        (Metric::Mape, sums::mean(relative)),
        (Metric::MaxError, errors.iter().copied().reduce(f64::max)),
        (Metric::MedianAe, median(&errors)),
        (Metric::MeanError, sums::mean(truth.iter().zip(predicted).map(|(y, p)| p - y))),
    ]
}

/// 1 − residual / total sum of squares. A constant truth gives 1 when met exactly, else 0; one row has no variance.
fn r2(truth: &[f64], errors: &[f64]) -> Option<f64> {
    if truth.len() < 2 {
        return None;
    }
    let mean = sums::mean(truth.iter().copied())?;
    let total = sums::sum(truth.iter().map(|y| (y - mean) * (y - mean)));
    let rest = sums::sum(errors.iter().map(|error| error * error));
    Some(if total != 0.0 {
        1.0 - rest / total
    } else if rest == 0.0 {
        1.0
    } else {
        0.0
    })
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (low, high) = (*sorted.get((sorted.len().checked_sub(1)?) / 2)?, *sorted.get(sorted.len() / 2)?);
    Some((low + high) / 2.0)
}
