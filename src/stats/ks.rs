//! The two-sample Kolmogorov–Smirnov test, two-sided, as `scipy.stats.ks_2samp` with its default `method="auto"`.

use super::TestResult;
use super::kolmogorov::kolmogorov_sf;
use super::sample::{SortedSample, equal_run};

/// Up to this many values on either side the p-value is exact.
const EXACT_UP_TO: usize = 10_000;

/// The largest gap between the two empirical distributions and its p-value: exact where both samples have at most
/// 10,000 values, otherwise (and where the exact computation fails) from the distribution of the one-sample statistic
/// at `n1 n2 / (n1 + n2)` values. `None` with an empty sample.
pub fn ks_2samp(a: &SortedSample, b: &SortedSample) -> Option<TestResult> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let (n1, n2) = (a.len() as u64, b.len() as u64);
    let divisor = greatest_common_divisor(n1, n2);
    // The gap in units of 1 / least common multiple: whole numbers, so no rounding.
    let gap = largest_gap(a.values(), b.values()) / divisor;
    let statistic = gap as f64 / (n1 / divisor * n2) as f64;
    let exact = (a.len().max(b.len()) <= EXACT_UP_TO).then(|| exact_p_value(n1, n2, divisor, gap));
    let p_value = match exact {
        Some(p) if (0.0..=1.0).contains(&p) => p,
        _ => {
            let (m, n) = (n1 as f64, n2 as f64);
            kolmogorov_sf((m * n / (m + n)).round_ties_even() as u64, statistic)
        }
    };
    Some(TestResult { statistic, p_value })
}

/// The statistic alone. `None` with an empty sample.
pub fn ks_statistic(a: &SortedSample, b: &SortedSample) -> Option<f64> {
    let gap = (!a.is_empty() && !b.is_empty()).then(|| largest_gap(a.values(), b.values()))?;
    Some(gap as f64 / (a.len() as f64 * b.len() as f64))
}

/// Largest `|i n2 - j n1|` over the points where both distribution functions are compared, `i` and `j` being the
/// values at or below the point.
fn largest_gap(a: &[f64], b: &[f64]) -> u64 {
    let (n1, n2) = (a.len() as u64, b.len() as u64);
    let (mut i, mut j) = (0, 0);
    let mut largest = 0;
    while i < a.len() && j < b.len() {
        let value = a[i].min(b[j]);
        i += equal_run(&a[i..], value);
        j += equal_run(&b[j..], value);
        largest = largest.max((i as u64 * n2).abs_diff(j as u64 * n1));
    }
    largest
}

fn exact_p_value(n1: u64, n2: u64, divisor: u64, gap: u64) -> f64 {
    match gap {
        0 => 1.0,
        _ if n1 == n2 => outside_equal(n1, gap),
        _ => outside_unequal(n1.max(n2), n1.min(n2), divisor, gap),
    }
}

/// Gnedenko & Korolyuk: twice the alternating sum of `C(2n, n - kh) / C(2n, n)` over `k ≥ 1`, arranged from the inside
/// out so that its terms do not cancel.
fn outside_equal(n: u64, h: u64) -> f64 {
    let mut sum = 0.0;
    for k in (0..=n / h).rev() {
        let (below, above) = (n - k * h, n + k * h);
        let mut ratio = 1.0;
        for j in 0..h {
            if j >= below {
                ratio = 0.0;
                break;
            }
            ratio *= (below - j) as f64 / (above + j + 1) as f64;
        }
        sum = ratio * (1.0 - sum);
    }
    2.0 * sum
}

/// The share of lattice paths from (0, 0) to (m, n), m > n, that touch a line `|x n - y m| = h g`. Hodges' (1958) path
/// counting in Viehmann's (2021, arXiv 2102.08037) form: `q(x, y)`, the share of paths to (x, y) that went outside, is
/// 1 outside and `(x q(x-1, y) + y q(x, y-1)) / (x + y)` inside.
fn outside_unequal(m: u64, n: u64, divisor: u64, h: u64) -> f64 {
    let (step_x, step_y) = ((n / divisor) as i64, (m / divisor) as i64);
    let h = h as i64;
    // Inside for x: the y with |x step_x - y step_y| < h.
    let inside = |x: u64| {
        let centre = x as i64 * step_x;
        let first = ((centre - h).div_euclid(step_y) + 1).max(0) as usize;
        let end = ((centre + h - 1).div_euclid(step_y) + 1).clamp(0, n as i64 + 1) as usize;
        (first, end)
    };
    let mut share = vec![1.0_f64; n as usize + 1];
    share[..inside(0).1].fill(0.0);
    let mut previous_first = 0;
    for x in 1..=m {
        let (first, end) = inside(x);
        share[previous_first..first.min(n as usize + 1)].fill(1.0);
        previous_first = first.min(n as usize + 1);
        for y in first..end {
            let below = if y == 0 { 0.0 } else { share[y - 1] };
            share[y] = (share[y] * x as f64 + below * y as f64) / (x + y as u64) as f64;
        }
    }
    share[n as usize]
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::testing::{close, sequence};

    fn check(n1: u64, n2: u64, shift: f64, statistic: f64, p_value: f64) {
        let a = SortedSample::new(sequence(n1, 7919, 1009, 0, 0.0));
        let b = SortedSample::new(sequence(n2, 6007, 1013, 17, shift));
        let result = ks_2samp(&a, &b).unwrap();
        close(result.statistic, statistic, 1e-12);
        close(result.p_value, p_value, 1e-10);
    }

    #[test]
    fn exact_p_values_equal_scipys() {
        // scipy.stats.ks_2samp, SciPy 1.17.1
        check(50, 50, 0.0, 0.06, 0.9999952562961608);
        check(50, 50, 1.5, 0.22, 0.17858668181221732);
        check(30, 47, 0.7, 0.13404255319148936, 0.8430035022462327);
        check(7, 12, 0.2, 0.34523809523809523, 0.5459831705961737);
        check(1000, 1000, 0.3, 0.035, 0.5728904395829821);
        check(1000, 1000, 6.0, 0.597, 6.036709295933908e-166);
        check(1000, 1500, 0.45, 0.049, 0.10956826013562777);
        check(997, 5000, 0.2, 0.02427482447342026, 0.7004134652993875);
        check(800, 10_000, 1.0, 0.103, 2.71358007011609e-07);
    }

    #[test]
    fn asymptotic_p_values_equal_scipys() {
        check(1000, 12_000, 0.3, 0.0345, 0.21688561969567122);
        check(500, 20_000, 0.6, 0.06575, 0.02809447629375572);
        check(100, 15_000, 0.8, 0.09086666666666667, 0.36506292054803563);
        check(100, 15_000, 0.2, 0.0324, 0.9998559968314186);
        check(60, 15_000, 0.0, 0.030466666666666656, 0.9999999554385333);
        check(90, 15_000, 3.0, 0.3105555555555555, 4.017750562547648e-08);
    }

    #[test]
    fn equal_samples_do_not_differ_and_empty_ones_have_no_answer() {
        let a = SortedSample::new([1.0, 2.0, 2.0]);
        assert_eq!(ks_2samp(&a, &a), Some(TestResult { statistic: 0.0, p_value: 1.0 }));
        assert_eq!(ks_2samp(&a, &SortedSample::default()), None);
    }

    #[test]
    fn samples_without_overlap_are_as_far_as_can_be() {
        let a = SortedSample::new([1.0, 1.0]);
        let b = SortedSample::new([5.0, 6.0, 7.0]);
        let result = ks_2samp(&a, &b).unwrap();
        close(result.statistic, 1.0, 1e-15);
        close(result.p_value, 0.2, 1e-12);
    }
}
