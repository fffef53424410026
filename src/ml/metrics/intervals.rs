//! How far a metric on these rows may be from its value on all rows: 95 % intervals.
//!
//! ROC AUC of two classes by DeLong, DeLong and Clarke-Pearson 1988 (in the fast form of Sun and Xu 2014); everything
//! else by drawing the rows again with replacement (percentile bootstrap), seeded. Sorted once, each draw is a scan. The
//! largest error has none: a bootstrap cannot exceed the rows it draws from.

use std::collections::BTreeMap;

use crate::domain::metric::Metric;
use crate::domain::random::Shuffler;
use crate::domain::task::{Predictions, Target, Task};
use crate::ml::metrics::classification::from_confusion;

/// 97.5 % of a standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;
const LEAST_DRAWS: usize = 40;
const MOST_DRAWS: usize = 200;
/// Rows drawn in all, about.
const WORK: usize = 4_000_000;

/// Metrics of a draw that takes each row so many times.
type Measure<'a> = dyn FnMut(&[u32]) -> Vec<(Metric, Option<f64>)> + 'a;

/// Metric key → (low, high). Metrics that too few draws define are left out.
pub fn intervals(
    task: Task,
    truth: &Target,
    predicted: &Predictions,
    threshold: Option<f64>,
    seed: u64,
) -> BTreeMap<String, [f64; 2]> {
    let n = truth.len();
    if n < 2 || n != predicted.len() {
        return BTreeMap::new();
    }
    let draws = (WORK / n).clamp(LEAST_DRAWS, MOST_DRAWS);
    let mut found: BTreeMap<Metric, Vec<f64>> = BTreeMap::new();
    let mut random = Shuffler::new(seed);
    let mut times = vec![0_u32; n];
    let mut measure: Box<Measure<'_>> = match (truth, predicted) {
        (Target::Classes { codes, .. }, Predictions::Classes { probabilities, n_classes }) => {
            let sorted = Classes::new(task, codes, probabilities, *n_classes, &predicted.labels_at(threshold));
            Box::new(move |times| sorted.measure(times))
        }
        (Target::Values(truth), Predictions::Values(predicted)) => {
            let sorted = Numbers::new(truth, predicted);
            Box::new(move |times| sorted.measure(times))
        }
        _ => return BTreeMap::new(),
    };
    for _ in 0..draws {
        times.fill(0);
        (0..n).for_each(|_| times[random.below(n)] += 1);
        for (metric, value) in measure(&times) {
            if let Some(value) = value.filter(|value| value.is_finite()) {
                found.entry(metric).or_default().push(value);
            }
        }
    }
    let mut intervals: BTreeMap<String, [f64; 2]> = found
        .into_iter()
        .filter(|(_, values)| values.len() >= draws / 2)
        .map(|(metric, mut values)| {
            values.sort_by(f64::total_cmp);
            (metric.key().to_owned(), [quantile(&values, 0.025), quantile(&values, 0.975)])
        })
        .collect();
    if let (Task::Binary, Target::Classes { codes, .. }, Predictions::Classes { probabilities, n_classes: 2 }) =
        (task, truth, predicted)
    {
        let is_positive: Vec<bool> = codes.iter().map(|&code| code == 1).collect();
        let scores: Vec<f64> = probabilities.iter().skip(1).step_by(2).copied().collect();
        if let Some((auc, variance)) = delong(&is_positive, &scores) {
            let reach = Z * variance.sqrt();
            intervals.insert(Metric::RocAuc.key().to_owned(), [(auc - reach).max(0.0), (auc + reach).min(1.0)]);
        }
    }
    intervals
}

/// Between neighbours, as NumPy's default.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let at = q * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    low + (high - low) * at.fract()
}

/// The area under the ROC curve and the variance of its estimate; `None` unless both sides have two rows.
pub fn delong(is_positive: &[bool], scores: &[f64]) -> Option<(f64, f64)> {
    let side = |positive: bool| -> Vec<f64> {
        is_positive.iter().zip(scores).filter(|(p, _)| **p == positive).map(|(_, s)| *s).collect()
    };
    let (positive, negative) = (side(true), side(false));
    let (m, n) = (positive.len() as f64, negative.len() as f64);
    if m < 2.0 || n < 2.0 {
        return None;
    }
    let all: Vec<f64> = positive.iter().chain(&negative).copied().collect();
    let (ranks, of_positive, of_negative) = (midranks(&all), midranks(&positive), midranks(&negative));
    // The share of the other side that each row beats.
    let v10: Vec<f64> = of_positive.iter().zip(&ranks).map(|(own, all)| (all - own) / n).collect();
    let v01: Vec<f64> =
        of_negative.iter().zip(&ranks[positive.len()..]).map(|(own, all)| 1.0 - (all - own) / m).collect();
    let auc = crate::ml::sums::mean(v10.iter().copied())?;
    let variance = |values: &[f64]| {
        let squares = values.iter().map(|v| (v - auc) * (v - auc));
        crate::ml::sums::sum(squares) / (values.len() - 1) as f64
    };
    Some((auc, variance(&v10) / m + variance(&v01) / n))
}

/// Ranks from 1; equal values share the mean of theirs.
fn midranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    while first < order.len() {
        let same = order[first..].iter().take_while(|&&row| values[row] == values[order[first]]).count();
        let rank = first as f64 + (same + 1) as f64 / 2.0;
        order[first..first + same].iter().for_each(|&row| ranks[row] = rank);
        first += same;
    }
    ranks
}

/// Rows of classes, in the orders their metrics need.
struct Classes {
    task: Task,
    n_classes: usize,
    truth: Vec<u32>,
    labels: Vec<u32>,
    log_loss: Vec<f64>,
    brier: Vec<f64>,
    /// Per class that ranks: its number, and rows from the highest score down, with whether the score is the row before's.
    ranked: Vec<(u32, Vec<(u32, bool)>)>,
}

impl Classes {
    fn new(task: Task, truth: &[u32], probabilities: &[f64], n_classes: usize, labels: &[u32]) -> Self {
        let rows = || truth.iter().zip(probabilities.chunks_exact(n_classes.max(1)));
        let p = |code: u32, row: &[f64]| row.get(code as usize).copied().unwrap_or(0.0);
        let scale = if n_classes < 3 { 0.5 } else { 1.0 };
        let brier = |code: u32, row: &[f64]| {
            let each = row.iter().enumerate().map(|(k, p)| (f64::from(k == code as usize) - p).powi(2));
            scale * each.sum::<f64>()
        };
        let ranked_classes = if task == Task::Binary && n_classes == 2 { 1..2 } else { 0..n_classes };
        let ranked = ranked_classes.map(|class| {
            let score = |row: u32| probabilities[row as usize * n_classes + class];
            let mut order: Vec<u32> = (0..truth.len() as u32).collect();
            order.sort_unstable_by(|&a, &b| score(b).total_cmp(&score(a)));
            let mut last = f64::NAN;
            let with_ties = order.into_iter().map(|row| {
                let tied = score(row) == last;
                last = score(row);
                (row, tied)
            });
            (class as u32, with_ties.collect())
        });
        Self {
            task,
            n_classes,
            truth: truth.to_vec(),
            labels: labels.to_vec(),
            log_loss: rows().map(|(&c, row)| -p(c, row).clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()).collect(),
            brier: rows().map(|(&c, row)| brier(c, row)).collect(),
            ranked: ranked.collect(),
        }
    }

    fn measure(&self, times: &[u32]) -> Vec<(Metric, Option<f64>)> {
        let mut confusion = vec![vec![0_u64; self.n_classes]; self.n_classes];
        let (mut log_loss, mut brier) = (0.0, 0.0);
        for (row, &w) in times.iter().enumerate().filter(|(_, w)| **w > 0) {
            let cell = confusion.get_mut(self.truth[row] as usize).and_then(|r| r.get_mut(self.labels[row] as usize));
            if let Some(cell) = cell {
                *cell += u64::from(w);
            }
            log_loss += f64::from(w) * self.log_loss[row];
            brier += f64::from(w) * self.brier[row];
        }
        let n = times.len() as f64;
        let mut values = from_confusion(self.task, &confusion);
        values.extend([(Metric::LogLoss, Some(log_loss / n)), (Metric::Brier, Some(brier / n))]);
        let areas: Option<Vec<(f64, f64)>> =
            self.ranked.iter().map(|(class, order)| self.areas(*class, order, times)).collect();
        let mean = |of: fn(&(f64, f64)) -> f64| {
            areas.as_ref().filter(|a| !a.is_empty()).map(|a| a.iter().map(of).sum::<f64>() / a.len() as f64)
        };
        values.push((Metric::RocAuc, mean(|a| a.0)));
        values.push((Metric::AveragePrecision, mean(|a| a.1)));
        values
    }

    /// ROC AUC and average precision of one class; `None` unless both sides were drawn.
    fn areas(&self, class: u32, order: &[(u32, bool)], times: &[u32]) -> Option<(f64, f64)> {
        let (mut positive, mut negative) = (0.0, 0.0);
        let (mut before, mut twice, mut steps) = ((0.0, 0.0), 0.0, 0.0);
        let mut close = |positive: f64, negative: f64| {
            twice += (negative - before.1) * (positive + before.0);
            if positive > before.0 {
                steps += (positive - before.0) * positive / (positive + negative);
            }
            before = (positive, negative);
        };
        for (row, tied) in order {
            let w = f64::from(times[*row as usize]);
            if !tied {
                close(positive, negative);
            }
            if self.truth[*row as usize] == class {
                positive += w;
            } else {
                negative += w;
            }
        }
        close(positive, negative);
        (positive > 0.0 && negative > 0.0).then(|| (twice / 2.0 / (positive * negative), steps / positive))
    }
}

/// Rows of numbers, by the size of their error.
struct Numbers {
    /// (absolute error, prediction − truth, truth, error as a share of the truth), ascending.
    rows: Vec<(f64, f64, f64, f64)>,
}

impl Numbers {
    fn new(truth: &[f64], predicted: &[f64]) -> Self {
        let row = |(y, p): (&f64, &f64)| {
            let error = (p - y).abs();
            (error, p - y, *y, error / y.abs().max(f64::EPSILON))
        };
        let mut rows: Vec<(f64, f64, f64, f64)> = truth.iter().zip(predicted).map(row).collect();
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { rows }
    }

    fn measure(&self, times: &[u32]) -> Vec<(Metric, Option<f64>)> {
        let n = times.len() as f64;
        let (mut absolute, mut signed, mut square, mut relative, mut y_sum) = (0.0, 0.0, 0.0, 0.0, 0.0);
        let (mut seen, mut median) = (0_u64, [None; 2]);
        let middle = [(times.len() as u64 - 1) / 2, times.len() as u64 / 2];
        for (row, &w) in self.rows.iter().zip(times).filter(|(_, w)| **w > 0) {
            let weight = f64::from(w);
            absolute += weight * row.0;
            signed += weight * row.1;
            square += weight * row.0 * row.0;
            relative += weight * row.3;
            y_sum += weight * row.2;
            seen += u64::from(w);
            for (place, at) in median.iter_mut().zip(middle) {
                if place.is_none() && seen > at {
                    *place = Some(row.0);
                }
            }
        }
        let mean = y_sum / n;
        let total: f64 = self.rows.iter().zip(times).map(|(row, w)| f64::from(*w) * (row.2 - mean).powi(2)).sum();
        vec![
            (Metric::Mae, Some(absolute / n)),
            (Metric::MeanError, Some(signed / n)),
            (Metric::Rmse, Some((square / n).sqrt())),
            (Metric::Mape, Some(relative / n)),
            (Metric::R2, (total > 0.0).then(|| 1.0 - square / total)),
            (Metric::MedianAe, median[0].zip(median[1]).map(|(a, b)| (a + b) / 2.0)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ml::metrics::evaluate;
    use crate::ml::metrics::tests::classes;

    #[test]
    fn every_row_once_gives_the_metrics_themselves() {
        for (n_classes, task) in [(2, Task::Binary), (4, Task::Multiclass)] {
            let (truth, predicted) = classes(200, n_classes);
            let expected = evaluate(task, &truth, &predicted);
            let (Target::Classes { codes, .. }, Predictions::Classes { probabilities, .. }) = (&truth, &predicted)
            else {
                panic!("classes")
            };
            let sorted = Classes::new(task, codes, probabilities, n_classes, &predicted.labels());
            for (metric, value) in sorted.measure(&[1; 200]) {
                assert!((value.unwrap() - expected[metric.key()]).abs() < 1e-12, "{metric:?}");
            }
        }
        let truth: Vec<f64> = (0..50).map(|i| f64::from(i % 7) + 1.0).collect();
        let predicted: Vec<f64> = truth.iter().enumerate().map(|(i, y)| y + (i % 5) as f64 - 1.5).collect();
        let expected =
            evaluate(Task::Regression, &Target::Values(truth.clone()), &Predictions::Values(predicted.clone()));
        for (metric, value) in Numbers::new(&truth, &predicted).measure(&[1; 50]) {
            assert!((value.unwrap() - expected[metric.key()]).abs() < 1e-12, "{metric:?}");
        }
    }

    #[test]
    fn intervals_hold_the_metric_and_repeat_with_their_seed() {
        let (truth, predicted) = classes(200, 2);
        let values = evaluate(Task::Binary, &truth, &predicted);
        let found = intervals(Task::Binary, &truth, &predicted, None, 7);
        assert_eq!(found.keys().collect::<Vec<_>>(), values.keys().collect::<Vec<_>>());
        for (key, [low, high]) in &found {
            assert!(low <= &values[key] && &values[key] <= high && high - low < 0.3, "{key} {low} {high}");
        }
        assert_eq!(found, intervals(Task::Binary, &truth, &predicted, None, 7));
        assert!(
            intervals(Task::Binary, &Target::Classes { codes: vec![0], n_classes: 2 }, &predicted, None, 7).is_empty()
        );
    }

    #[test]
    fn delong_equals_the_pairwise_definition() {
        let scores = [0.1, 0.4, 0.35, 0.8, 0.65, 0.9, 0.2, 0.65];
        let y = [false, false, true, true, true, true, false, false];
        let psi = |x: f64, z: f64| {
            if x > z {
                1.0
            } else if x == z {
                0.5
            } else {
                0.0
            }
        };
        let of = |side: bool| (0..8).filter(move |&i| y[i] == side).map(move |i| scores[i]);
        let v10: Vec<f64> = of(true).map(|x| of(false).map(|z| psi(x, z)).sum::<f64>() / 4.0).collect();
        let v01: Vec<f64> = of(false).map(|z| of(true).map(|x| psi(x, z)).sum::<f64>() / 4.0).collect();
        let auc = v10.iter().sum::<f64>() / 4.0;
        let s = |v: &[f64]| v.iter().map(|x| (x - auc).powi(2)).sum::<f64>() / 3.0;
        let (found, variance) = delong(&y, &scores).unwrap();
        assert!((found - auc).abs() < 1e-15 && (variance - s(&v10) / 4.0 - s(&v01) / 4.0).abs() < 1e-15);
    }
}
