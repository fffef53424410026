//! Statistics of order: ranks and ROC AUC.

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
    use crate::stats::testing::close;

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
}
