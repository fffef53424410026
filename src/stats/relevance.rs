//! How much one column says about another, from their values alone: gains in information and purity, and F tests.

use statrs::function::beta::checked_beta_reg;

use super::TestResult;
use super::association::pearson;

/// Counts of pairs: one row per value of a column, one place per value of the target.
pub type Counts = [Vec<u64>];

/// Entropy of a distribution given by counts, in nats: `−Σ p ln p`, as `scipy.stats.entropy`. 0 without counts.
pub fn entropy(counts: impl Iterator<Item = u64> + Clone) -> f64 {
    let total = counts.clone().sum::<u64>() as f64;
    let shares = counts.filter(|&count| count > 0).map(|count| count as f64 / total);
    shares.map(|p| -p * p.ln()).sum()
}

/// Mutual information in nats: `Σ p(a, b) ln(p(a, b) / (p(a) p(b)))`, scikit-learn's `mutual_info_score`. The same
/// number is called information gain.
pub fn mutual_information(counts: &Counts) -> f64 {
    let total = counts.iter().flatten().sum::<u64>() as f64;
    let columns = column_sums(counts);
    let mut sum = 0.0;
    for row in counts {
        let of_row = row.iter().sum::<u64>() as f64;
        for (&count, &of_column) in row.iter().zip(&columns).filter(|(count, _)| **count > 0) {
            let count = count as f64;
            sum += count / total * (count * total / (of_row * of_column as f64)).ln();
        }
    }
    // What is nothing may come out a rounding error below.
    f64::max(sum, 0.0)
}

/// Mutual information as a share of the column's own entropy (Quinlan 1986): a column of many values gains from that
/// alone. `None` for a column of one value.
pub fn gain_ratio(counts: &Counts) -> Option<f64> {
    let own = entropy(counts.iter().map(|row| row.iter().sum::<u64>()));
    (own > 0.0).then(|| mutual_information(counts) / own)
}

/// How much less mixed the target is among rows of equal value: its Gini impurity `1 − Σ p²` less the mean impurity of
/// the parts (Breiman and others 1984). 0 without counts.
pub fn gini_gain(counts: &Counts) -> f64 {
    let impurity = |counts: &[u64]| {
        let total = counts.iter().sum::<u64>() as f64;
        1.0 - counts.iter().map(|&count| (count as f64 / total).powi(2)).sum::<f64>()
    };
    let whole = column_sums(counts);
    let total = whole.iter().sum::<u64>() as f64;
    if total == 0.0 {
        return 0.0;
    }
    let parts = counts.iter().filter(|row| row.iter().any(|&count| count > 0));
    let mixed: f64 = parts.map(|row| row.iter().sum::<u64>() as f64 / total * impurity(row)).sum();
    f64::max(impurity(&whole) - mixed, 0.0)
}

/// One-way analysis of variance, as `scipy.stats.f_oneway` and scikit-learn's `f_classif`: whether the means of the
/// groups differ more than values within them let expect. `groups` has a number below `n_groups` per value. `None` with
/// fewer than two groups, or where nothing varies within any.
pub fn f_oneway(values: &[f64], groups: &[u32], n_groups: usize) -> Option<TestResult> {
    let n = values.len() as f64;
    // Around the mean, so that large numbers of small spread keep their digits.
    let mean = values.iter().sum::<f64>() / n;
    let mut sums = vec![(0.0, 0.0); n_groups];
    for (value, &group) in values.iter().zip(groups) {
        let (sum, count) = &mut sums[group as usize];
        *sum += value - mean;
        *count += 1.0;
    }
    sums.iter_mut().for_each(|(sum, count)| *sum /= f64::max(*count, 1.0));
    let used = sums.iter().filter(|(_, count)| *count > 0.0);
    let between: f64 = used.clone().map(|(mean, count)| count * mean * mean).sum();
    let off = |(value, &group): (&f64, &u32)| (value - mean - sums[group as usize].0).powi(2);
    let within: f64 = values.iter().zip(groups).map(off).sum();
    let (k, rest) = (used.count() as f64 - 1.0, n - sums.iter().filter(|(_, count)| *count > 0.0).count() as f64);
    if k < 1.0 || rest < 1.0 || within <= 0.0 {
        return None;
    }
    let statistic = between / k / (within / rest);
    Some(TestResult { statistic, p_value: f_sf(statistic, k, rest) })
}

/// Whether a straight line through `x` says something about `y`, as scikit-learn's `f_regression`:
/// `F = r² (n − 2) / (1 − r²)`. `None` where a side is constant or fewer than three pairs are there; an exact line has a huge
/// F by rounding, or none.
pub fn f_regression(x: &[f64], y: &[f64]) -> Option<TestResult> {
    let rest = x.len() as f64 - 2.0;
    let r = pearson(x, y).filter(|r| rest >= 1.0 && r.abs() < 1.0)?;
    let statistic = r * r / (1.0 - r * r) * rest;
    Some(TestResult { statistic, p_value: f_sf(statistic, 1.0, rest) })
}

/// The chance that a value of the F distribution is at least `x`: `I(d2 / (d2 + d1 x); d2/2, d1/2)`.
pub fn f_sf(x: f64, d1: f64, d2: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    checked_beta_reg(d2 / 2.0, d1 / 2.0, d2 / (d2 + d1 * x)).unwrap_or(0.0).clamp(0.0, 1.0)
}

fn column_sums(counts: &Counts) -> Vec<u64> {
    let mut sums = vec![0; counts.first().map_or(0, Vec::len)];
    counts.iter().for_each(|row| sums.iter_mut().zip(row).for_each(|(sum, count)| *sum += count));
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::testing::{close, sequence};

    const COUNTS: [[u64; 3]; 4] = [[30, 20, 10], [0, 25, 15], [7, 7, 7], [0, 0, 0]];

    fn counts() -> Vec<Vec<u64>> {
        COUNTS.iter().map(|row| row.to_vec()).collect()
    }

    #[test]
    fn gains_equal_scikit_learn_and_scipy() {
        // tests/rank_oracle/make.py: sklearn.metrics.mutual_info_score(None, None, contingency=c)
        close(mutual_information(&counts()), 0.16612254151035724, 1e-13);
        // that / scipy.stats.entropy(c.sum(1))
        close(gain_ratio(&counts()).unwrap(), 0.16323578686880444, 1e-13);
        // gini = lambda v: 1 - ((v / v.sum()) ** 2).sum(); c = c[:3]
        // gini(c.sum(0)) - sum(r.sum() / c.sum() * gini(r) for r in c)
        close(gini_gain(&counts()), 0.07817658174532693, 1e-13);
    }

    #[test]
    fn columns_that_say_nothing_gain_nothing() {
        let even = [vec![10, 20], vec![20, 40]];
        assert_eq!((mutual_information(&even), gini_gain(&even)), (0.0, 0.0));
        assert_eq!(gain_ratio(&[vec![3, 4]]), None);
        assert_eq!((mutual_information(&[]), gini_gain(&[])), (0.0, 0.0));
    }

    #[test]
    fn f_tests_equal_scikit_learn() {
        // tests/rank_oracle/make.py
        let groups: Vec<u32> = (0..60).map(|i| i % 4).collect();
        let steps = groups.iter().map(|&group| f64::from(group) / 10.0);
        let x: Vec<f64> = sequence(60, 37, 101, 0, 0.0).iter().zip(steps).map(|(x, step)| x + step).collect();
        let y: Vec<f64> = sequence(60, 53, 89, 7, 0.0).iter().zip(&x).map(|(y, x)| x + 2.0 * y + 1e3).collect();
        let found = f_oneway(&x, &groups, 5).unwrap();
        close(found.statistic, 3.6132751687982583, 1e-12);
        close(found.p_value, 0.018603812745136446, 1e-11);
        let found = f_regression(&x, &y).unwrap();
        close(found.statistic, 20.30780961848955, 1e-10);
        close(found.p_value, 3.2492360837697483e-05, 1e-10);
        // scipy.stats.f.sf(50, 3, 200)
        close(f_sf(50.0, 3.0, 200.0), 3.707865238759724e-24, 1e-10);
    }

    #[test]
    fn tests_that_have_no_answer_say_so() {
        assert_eq!(f_oneway(&[1.0, 1.0, 2.0, 2.0], &[0, 0, 1, 1], 2), None);
        assert_eq!(f_oneway(&[1.0, 3.0], &[0, 0], 1), None);
        assert_eq!(f_regression(&[1.0, 1.0, 1.0], &[2.0, 4.0, 7.0]), None);
    }
}
