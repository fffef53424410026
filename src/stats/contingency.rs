//! Tests over counts.

use statrs::function::gamma::checked_gamma_ur;

use super::TestResult;

/// Pearson's chi-square test of independence, as `scipy.stats.chi2_contingency` by default: with one degree of freedom
/// each count is moved by up to 0.5 towards its expectation (Yates). Rows and columns without any count are left out;
/// `None` when fewer than two rows or columns remain or the rows differ in length.
pub fn chi2_contingency(rows: &[Vec<u64>]) -> Option<TestResult> {
    let (statistic, freedom) = yates_statistic(rows)?;
    Some(TestResult { statistic, p_value: chi2_sf(statistic, freedom as f64) })
}

/// Two-sided z test that two proportions are equal, with the pooled variance: `(p1 - p2) / √(p (1-p) (1/n1 + 1/n2))`.
/// Each argument is successes out of trials. `None` without trials; equal certain outcomes have statistic 0 and p 1.
pub fn two_proportions_z(first: (u64, u64), second: (u64, u64)) -> Option<TestResult> {
    let ((k1, n1), (k2, n2)) = (first, second);
    if n1 == 0 || n2 == 0 {
        return None;
    }
    let (p1, p2) = (k1 as f64 / n1 as f64, k2 as f64 / n2 as f64);
    let pooled = (k1 + k2) as f64 / (n1 + n2) as f64;
    let variance = pooled * (1.0 - pooled) * (1.0 / n1 as f64 + 1.0 / n2 as f64);
    let statistic = if p1 == p2 { 0.0 } else { (p1 - p2) / variance.sqrt() };
    Some(TestResult { statistic, p_value: normal_two_sided(statistic) })
}

/// The chance that a standard normal value lies at least `z` from 0, on either side: that of `z²` under a chi-square
/// with one degree of freedom, whose tail we have to more digits than the error function's.
pub fn normal_two_sided(z: f64) -> f64 {
    chi2_sf(z * z, 1.0)
}

/// The chance that a chi-square value with `freedom` degrees of freedom is at least `x`.
pub fn chi2_sf(x: f64, freedom: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    checked_gamma_ur(freedom / 2.0, x / 2.0).unwrap_or(0.0).clamp(0.0, 1.0)
}

fn yates_statistic(rows: &[Vec<u64>]) -> Option<(f64, usize)> {
    let width = rows.first()?.len();
    let (n_rows, n_columns) = used_shape(rows);
    if rows.iter().any(|r| r.len() != width) || n_rows < 2 || n_columns < 2 {
        return None;
    }
    let freedom = (n_rows - 1) * (n_columns - 1);
    let column_sums = column_sums(rows);
    let total = column_sums.iter().sum::<u64>() as f64;
    let mut statistic = 0.0;
    for row in rows {
        let row_sum = row.iter().sum::<u64>() as f64;
        for (count, column_sum) in row.iter().zip(&column_sums) {
            let expected = row_sum * *column_sum as f64 / total;
            if expected > 0.0 {
                let mut distance = (*count as f64 - expected).abs();
                if freedom == 1 {
                    distance -= distance.min(0.5);
                }
                statistic += distance * distance / expected;
            }
        }
    }
    Some((statistic, freedom))
}

fn column_sums(rows: &[Vec<u64>]) -> Vec<u64> {
    let mut sums = vec![0; rows.first().map_or(0, Vec::len)];
    for row in rows {
        sums.iter_mut().zip(row).for_each(|(sum, count)| *sum += count);
    }
    sums
}

fn used_shape(rows: &[Vec<u64>]) -> (usize, usize) {
    let used_rows = rows.iter().filter(|r| r.iter().any(|&c| c > 0)).count();
    (used_rows, column_sums(rows).iter().filter(|&&s| s > 0).count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::testing::close;

    fn check(rows: &[Vec<u64>], statistic: f64, p_value: f64) {
        let result = chi2_contingency(rows).unwrap();
        close(result.statistic, statistic, 1e-12);
        close(result.p_value, p_value, 1e-11);
    }

    #[test]
    fn chi_square_equals_scipys() {
        // scipy.stats.chi2_contingency, SciPy 1.17.1
        check(&[vec![30, 20, 10], vec![25, 30, 15]], 2.701298701298702, 0.25907197745761495);
        check(&[vec![12, 5, 0, 9], vec![3, 8, 7, 2]], 17.054394835933294, 0.000688768499456851);
        check(&[vec![1000, 2000, 500], vec![1200, 1800, 700]], 56.52953021374074, 5.306015102683887e-13);
    }

    #[test]
    fn two_by_two_tables_get_yates_correction() {
        check(&[vec![10, 20], vec![20, 15]], 2.7890306122448987, 0.09491162689652728);
    }

    #[test]
    fn empty_columns_do_not_count() {
        let with = chi2_contingency(&[vec![30, 0, 20, 10], vec![25, 0, 30, 15]]);
        assert_eq!(with, chi2_contingency(&[vec![30, 20, 10], vec![25, 30, 15]]));
        assert_eq!(chi2_contingency(&[vec![3, 0], vec![5, 0]]), None);
        assert_eq!(chi2_contingency(&[]), None);
    }

    #[test]
    fn two_proportions_equal_the_pooled_formula() {
        let z = two_proportions_z((40, 100), (66, 120)).unwrap();
        close(z.statistic, -2.2171131824858055, 1e-13);
        close(z.p_value, 0.026615358196694874, 1e-12);
        close(two_proportions_z((250, 500), (100, 700)).unwrap().p_value, 4.674051815603783e-41, 1e-11);
    }

    #[test]
    fn certain_outcomes_have_a_defined_answer() {
        assert_eq!(two_proportions_z((0, 5), (0, 9)), Some(TestResult { statistic: 0.0, p_value: 1.0 }));
        assert!(two_proportions_z((0, 500), (500, 500)).unwrap().p_value < 1e-200);
        assert_eq!(two_proportions_z((0, 0), (1, 2)), None);
    }
}
