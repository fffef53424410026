//! Statistics of order: ROC AUC and correlations.

/// Area under the ROC curve of `scores` for the `true` labels, ties counting one half (as
/// `sklearn.metrics.roc_auc_score`). `None` unless both labels occur, or when a score is NaN.
pub fn roc_auc(labels: &[bool], scores: &[f64]) -> Option<f64> {
    let positives = labels.iter().filter(|l| **l).count() as f64;
    let negatives = labels.len() as f64 - positives;
    if labels.len() != scores.len() || positives == 0.0 || negatives == 0.0 || scores.iter().any(|s| s.is_nan()) {
        return None;
    }
    let ranks = average_ranks(scores);
    let positive_ranks: f64 = ranks.iter().zip(labels).filter(|(_, label)| **label).map(|(rank, _)| rank).sum();
    Some((positive_ranks - positives * (positives + 1.0) / 2.0) / (positives * negatives))
}

/// Pearson's correlation. `None` with fewer than two pairs or a constant side.
pub fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    if x.len() != y.len() || x.len() < 2 {
        return None;
    }
    let n = x.len() as f64;
    let (mean_x, mean_y) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        let (dx, dy) = (x - mean_x, y - mean_y);
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    let scale = xx.sqrt() * yy.sqrt();
    (scale > 0.0 && scale.is_finite()).then(|| (xy / scale).clamp(-1.0, 1.0))
}

/// Spearman's correlation: Pearson's over average ranks.
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    pearson(&average_ranks(x), &average_ranks(y))
}

/// Ranks from 1, equal values sharing the mean of theirs.
pub fn average_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    order.sort_unstable_by(|a, b| values[*a as usize].total_cmp(&values[*b as usize]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let value = values[order[start] as usize];
        let run = order[start..].iter().take_while(|i| values[**i as usize] == value).count().max(1);
        let rank = start as f64 + (run as f64 + 1.0) / 2.0;
        order[start..start + run].iter().for_each(|i| ranks[*i as usize] = rank);
        start += run;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::testing::{close, sequence};

    #[test]
    fn auc_equals_scikit_learns_with_ties() {
        let labels = [0, 0, 1, 1, 0, 1, 0, 1, 1, 0].map(|l| l == 1);
        let scores = [0.1, 0.4, 0.35, 0.8, 0.4, 0.4, 0.2, 0.9, 0.4, 0.7];
        close(roc_auc(&labels, &scores).unwrap(), 0.72, 1e-14);
    }

    #[test]
    fn auc_needs_both_classes_and_numbers() {
        assert_eq!(roc_auc(&[true, true], &[0.1, 0.2]), None);
        assert_eq!(roc_auc(&[true, false], &[0.1, f64::NAN]), None);
        assert_eq!(roc_auc(&[true, false], &[0.3, 0.3]), Some(0.5));
    }

    #[test]
    fn correlations_equal_scipys() {
        let (x, y) = (sequence(50, 7919, 1009, 0, 0.0), sequence(50, 6007, 1013, 17, 0.5));
        close(pearson(&x, &y).unwrap(), 0.046516774054949056, 1e-11);
        close(spearman(&x, &y).unwrap(), 0.033661464585834334, 1e-11);
        let tied = spearman(&[1.0, 2.0, 2.0, 3.0, 5.0], &[2.0, 1.0, 4.0, 4.0, 9.0]);
        close(tied.unwrap(), 0.7631578947368421, 1e-13);
        assert_eq!(pearson(&[1.0, 1.0], &[2.0, 3.0]), None);
    }
}
