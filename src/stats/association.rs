//! How far two columns depend on each other, over the rows in which both have a value.

use super::rank::average_ranks;

/// Pearson's correlation of complete pairs, as `scipy.stats.pearsonr`. `None` with fewer than two pairs or a constant
/// side. Sums run in blocks, which keeps them exact to some 1e-14 over millions of rows.
pub fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    let n = x.len();
    if n < 2 || n != y.len() || is_constant(x) || is_constant(y) {
        return None;
    }
    let mean = |v: &[f64]| sum(v.iter().copied()) / n as f64;
    let (mean_x, mean_y) = (mean(x), mean(y));
    let xx = sum(x.iter().map(|x| (x - mean_x) * (x - mean_x)));
    let yy = sum(y.iter().map(|y| (y - mean_y) * (y - mean_y)));
    let xy = sum(x.iter().zip(y).map(|(x, y)| (x - mean_x) * (y - mean_y)));
    let scale = xx.sqrt() * yy.sqrt();
    (scale > 0.0 && scale.is_finite()).then(|| (xy / scale).clamp(-1.0, 1.0))
}

/// Spearman's correlation of complete pairs, ties sharing their ranks' mean, as `scipy.stats.spearmanr`.
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    pearson(&average_ranks(x), &average_ranks(y))
}

/// Cramér's V of a table of counts, `counts[i * columns + j]`, without corrections, as
/// `scipy.stats.contingency.association(method="cramer")`. Rows and columns without counts are left out; `None` when
/// fewer than two of either remain.
pub fn cramers_v(counts: &[u64], columns: usize) -> Option<f64> {
    if columns == 0 {
        return None;
    }
    let row_sums: Vec<u64> = counts.chunks(columns).map(|row| row.iter().sum()).collect();
    let mut column_sums = vec![0u64; columns];
    for row in counts.chunks(columns) {
        row.iter().zip(&mut column_sums).for_each(|(n, sum)| *sum += n);
    }
    let used = |sums: &[u64]| sums.iter().filter(|n| **n > 0).count();
    let least = used(&row_sums).min(used(&column_sums));
    if least < 2 {
        return None;
    }
    let total = row_sums.iter().sum::<u64>() as f64;
    let terms = counts.chunks(columns).zip(&row_sums).flat_map(|(row, row_sum)| {
        row.iter().zip(&column_sums).filter(|(_, column_sum)| **column_sum > 0 && *row_sum > 0).map(
            move |(n, column_sum)| {
                let expected = *row_sum as f64 * *column_sum as f64 / total;
                (*n as f64 - expected).powi(2) / expected
            },
        )
    });
    Some((sum(terms) / total / (least - 1) as f64).sqrt().min(1.0))
}

/// Cramér's V with Bergsma's correction (2013), which is near 0 for independent columns of many levels: φ² less its
/// expectation, over the least corrected number of rows or columns less 1. `None` as for [`cramers_v`].
pub fn corrected_cramers_v(counts: &[u64], columns: usize) -> Option<f64> {
    let v = cramers_v(counts, columns)?;
    let used_rows = counts.chunks(columns).filter(|row| row.iter().any(|n| *n > 0)).count();
    let used_columns = (0..columns).filter(|j| counts.chunks(columns).any(|row| row[*j] > 0)).count();
    let n = counts.iter().sum::<u64>() as f64;
    let (r, k) = (used_rows as f64, used_columns as f64);
    let phi2 = v * v * (r.min(k) - 1.0);
    let corrected = |levels: f64| levels - (levels - 1.0).powi(2) / (n - 1.0);
    let least = corrected(r).min(corrected(k)) - 1.0;
    let phi2 = (phi2 - (r - 1.0) * (k - 1.0) / (n - 1.0)).max(0.0);
    (least > 0.0).then(|| (phi2 / least).sqrt().min(1.0))
}

/// The correlation ratio η: the root of the share of a number's spread that lies between the groups; `groups[i]` is that
/// of `values[i]`, below `n_groups`. `None` for a constant number or fewer than two groups.
pub fn correlation_ratio(values: &[f64], groups: &[u32], n_groups: usize) -> Option<f64> {
    if values.len() < 2 || is_constant(values) {
        return None;
    }
    let n = values.len() as f64;
    let mean = sum(values.iter().copied()) / n;
    let mut of_group = vec![(0u64, 0.0f64); n_groups];
    for (value, group) in values.iter().zip(groups) {
        let (count, sum) = &mut of_group[*group as usize];
        *count += 1;
        *sum += value - mean;
    }
    if of_group.iter().filter(|(count, _)| *count > 0).count() < 2 {
        return None;
    }
    let between = sum(of_group.iter().filter(|(count, _)| *count > 0).map(|(count, sum)| sum * sum / *count as f64));
    let total = sum(values.iter().map(|x| (x - mean) * (x - mean)));
    (total > 0.0 && total.is_finite()).then(|| (between / total).sqrt().min(1.0))
}

fn is_constant(values: &[f64]) -> bool {
    values.windows(2).all(|w| w[0] == w[1])
}

/// A sum in blocks of 128: rounding grows with the root of the number of blocks.
fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut total, mut block, mut n) = (0.0, 0.0, 0);
    for value in values {
        block += value;
        n += 1;
        if n == 128 {
            total += block;
            (block, n) = (0.0, 0);
        }
    }
    total + block
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::testing::{close, sequence};

    #[test]
    fn correlations_equal_scipys() {
        let (x, y) = (sequence(500, 7919, 101, 0, 0.0), sequence(500, 6007, 103, 17, 0.5));
        let bent: Vec<f64> = x.iter().zip(&y).map(|(x, y)| x * x * x + 0.3 * y).collect();
        close(pearson(&x, &bent).unwrap(), 0.8740782103363762, 1e-12);
        close(spearman(&x, &bent).unwrap(), 0.8753745701864146, 1e-12);
        let (x, y) = (sequence(50, 7919, 1009, 0, 0.0), sequence(50, 6007, 1013, 17, 0.5));
        close(pearson(&x, &y).unwrap(), 0.046516774054949056, 1e-11);
        close(spearman(&x, &y).unwrap(), 0.033661464585834334, 1e-11);
        let tied = spearman(&[1.0, 2.0, 2.0, 3.0, 5.0], &[2.0, 1.0, 4.0, 4.0, 9.0]);
        close(tied.unwrap(), 0.7631578947368421, 1e-13);
        assert_eq!(pearson(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]), None);
        assert_eq!(spearman(&[1.0], &[2.0]), None);
    }

    #[test]
    fn cramers_v_equals_scipys_and_ignores_empty_levels() {
        let counts = [10, 20, 30, 6, 9, 17, 40, 2, 1];
        close(cramers_v(&counts, 3).unwrap(), 0.5075166474827558, 1e-12);
        close(cramers_v(&[10, 20, 0, 30, 6, 9, 0, 17, 0, 0, 0, 0], 4).unwrap(), 0.05433137570422292, 1e-12);
        close(cramers_v(&[5, 0, 0, 7], 2).unwrap(), 1.0, 1e-15);
        assert_eq!(cramers_v(&[5, 7], 2), None);
    }

    #[test]
    fn the_corrected_v_follows_bergsma() {
        // φ² = 0.2575731… · 2; scipy.stats.contingency.association squared, then Bergsma's formula by hand.
        let counts = [10, 20, 30, 6, 9, 17, 40, 2, 1];
        let (phi2, n) = (2.0 * 0.5075166474827558f64.powi(2), 135.0);
        let expected = ((phi2 - 4.0 / (n - 1.0)) / (3.0 - 4.0 / (n - 1.0) - 1.0)).sqrt();
        close(corrected_cramers_v(&counts, 3).unwrap(), expected, 1e-12);
        assert_eq!(corrected_cramers_v(&[50, 50, 50, 50], 2), Some(0.0));
        assert_eq!(corrected_cramers_v(&[5, 7], 2), None);
    }

    #[test]
    fn the_correlation_ratio_is_the_root_of_the_explained_share() {
        // Wikipedia's example: algebra, geometry, statistics.
        let values = [45., 70., 29., 15., 21., 40., 20., 30., 42., 65., 95., 80., 70., 85., 73.];
        let groups = [0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2];
        close(correlation_ratio(&values, &groups, 3).unwrap(), (6780.0f64 / 9640.0).sqrt(), 1e-12);
        assert_eq!(correlation_ratio(&[1.0, 1.0], &[0, 1], 2), None);
        assert_eq!(correlation_ratio(&[1.0, 2.0], &[1, 1], 2), None);
    }
}
