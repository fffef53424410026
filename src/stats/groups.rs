//! A one-feature model: the mean of the target per group, measured on rows it has not seen.
//!
//! Means are taken out of fold, so a feature whose every value is different (an id, a free text) predicts nothing,
//! however well it would memorise the rows it was fitted on.

use super::mix;

/// Folds of the out-of-fold means.
const FOLDS: usize = 5;

/// Rows that the overall mean weighs inside a group's mean: groups of a few rows stay near the overall mean.
const PRIOR_ROWS: f64 = 1.0;

/// Group per value: up to `at_most` groups of nearly equal size in ascending order, equal values always together, NaN
/// in the group after the last. Returns the groups and their number.
pub fn quantile_groups(values: &[f64], at_most: usize) -> (Vec<u32>, usize) {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut cuts: Vec<f64> = (1..at_most)
        .map(|i| i * sorted.len() / at_most.max(1))
        .filter(|at| *at > 0 && *at < sorted.len())
        .map(|at| sorted[at])
        .collect();
    cuts.dedup();
    let missing = cuts.len() as u32 + 1;
    let group = |x: &f64| if x.is_nan() { missing } else { cuts.partition_point(|cut| cut <= x) as u32 };
    (values.iter().map(group).collect(), cuts.len() + 2)
}

/// For each row, the mean of `y` over the rows of its group in the other folds. `n_groups` is larger than every group.
pub fn out_of_fold_means(groups: &[u32], n_groups: usize, y: &[f64], seed: u64) -> Vec<f64> {
    let folds: Vec<usize> = (0..groups.len()).map(|row| (mix(row as u64 ^ seed) % FOLDS as u64) as usize).collect();
    let mut by_fold = vec![(0.0, 0.0); n_groups * FOLDS];
    let mut by_group = vec![(0.0, 0.0); n_groups];
    let mut fold_totals = [(0.0, 0.0); FOLDS];
    for ((&group, &fold), &y) in groups.iter().zip(&folds).zip(y) {
        let group = group as usize;
        for cell in [&mut by_fold[group * FOLDS + fold], &mut by_group[group], &mut fold_totals[fold]] {
            cell.0 += y;
            cell.1 += 1.0;
        }
    }
    let (sum, count) = fold_totals.iter().fold((0.0, 0.0), |(s, c), f| (s + f.0, c + f.1));
    let mean = if count > 0.0 { sum / count } else { 0.0 };
    groups
        .iter()
        .zip(&folds)
        .map(|(&group, &fold)| {
            let (all, own) = (by_group[group as usize], by_fold[group as usize * FOLDS + fold]);
            (all.0 - own.0 + PRIOR_ROWS * mean) / (all.1 - own.1 + PRIOR_ROWS)
        })
        .collect()
}

/// The share of the spread of `y` that lies between the bins (below 256), 0 to 1; 0 for a constant `y`.
pub fn explained_by_bins(bins: &[u8], y: &[f64]) -> f64 {
    let mean = y.iter().sum::<f64>() / y.len().max(1) as f64;
    let mut sums = [(0.0f64, 0.0f64); 256];
    let mut total = 0.0;
    for (bin, y) in bins.iter().zip(y) {
        let (sum, count) = &mut sums[usize::from(*bin)];
        *sum += y - mean;
        *count += 1.0;
        total += (y - mean) * (y - mean);
    }
    let between: f64 = sums.iter().filter(|(_, n)| *n > 0.0).map(|(sum, n)| sum * sum / n).sum();
    if total > 0.0 { (between / total).min(1.0) } else { 0.0 }
}

/// Coefficient of determination of `predicted`: 1 is perfect, 0 no better than the mean, negative worse. `None` when
/// `y` is constant or empty.
pub fn r2(y: &[f64], predicted: &[f64]) -> Option<f64> {
    let mean = y.iter().sum::<f64>() / y.len() as f64;
    let total: f64 = y.iter().map(|y| (y - mean) * (y - mean)).sum();
    let residual: f64 = y.iter().zip(predicted).map(|(y, p)| (y - p) * (y - p)).sum();
    (total > 0.0 && total.is_finite()).then(|| 1.0 - residual / total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::rank::roc_auc;
    use crate::stats::testing::{close, sequence};

    #[test]
    fn quantile_groups_keep_ties_together_and_missing_apart() {
        let (groups, n) = quantile_groups(&[1.0, 1.0, 1.0, 2.0, 9.0, f64::NAN], 3);
        assert_eq!(groups[0], groups[1]);
        assert_eq!(groups[1], groups[2]);
        assert!(groups[0] < groups[4]);
        assert_eq!(groups[5] as usize, n - 1);
        assert!(groups.iter().all(|g| (*g as usize) < n));
    }

    #[test]
    fn a_group_that_decides_the_target_predicts_it() {
        let groups: Vec<u32> = (0..1000).map(|i| i % 4).collect();
        let labels: Vec<bool> = groups.iter().map(|g| g % 2 == 0).collect();
        let y: Vec<f64> = labels.iter().map(|l| f64::from(u8::from(*l))).collect();
        let means = out_of_fold_means(&groups, 4, &y, 1);
        assert_eq!(roc_auc(&labels, &means), Some(1.0));
        assert!(r2(&y, &means).unwrap() > 0.99);
    }

    #[test]
    fn unique_groups_predict_nothing() {
        let groups: Vec<u32> = (0..1000).collect();
        let labels: Vec<bool> = (0..1000_u64).map(|i| mix(i).is_multiple_of(2)).collect();
        let y: Vec<f64> = labels.iter().map(|l| f64::from(u8::from(*l))).collect();
        let means = out_of_fold_means(&groups, 1000, &y, 1);
        assert_eq!(roc_auc(&labels, &means), Some(0.5));
    }

    #[test]
    fn a_smooth_curve_is_followed() {
        let x = sequence(2000, 7919, 10_007, 0, 0.0);
        let y: Vec<f64> = x.iter().map(|x| (x / 20.0).sin()).collect();
        let (groups, n) = quantile_groups(&x, 100);
        assert!(r2(&y, &out_of_fold_means(&groups, n, &y, 1)).unwrap() > 0.98);
    }

    #[test]
    fn bins_explain_what_lies_between_them() {
        assert_eq!(explained_by_bins(&[0, 0, 1, 1], &[1.0, 1.0, 3.0, 3.0]), 1.0);
        assert_eq!(explained_by_bins(&[0, 1, 0, 1], &[1.0, 1.0, 3.0, 3.0]), 0.0);
        assert_eq!(explained_by_bins(&[0, 1], &[2.0, 2.0]), 0.0);
    }

    #[test]
    fn r2_is_defined_only_for_a_varying_target() {
        assert_eq!(r2(&[1.0, 1.0], &[1.0, 1.0]), None);
        close(r2(&[3.0, -0.5, 2.0, 7.0], &[2.5, 0.0, 2.0, 8.0]).unwrap(), 0.9486081370449679, 1e-13);
    }
}
