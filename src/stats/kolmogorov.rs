//! The distribution of the one-sample, two-sided Kolmogorov–Smirnov statistic.
//!
//! Which formula serves which range follows Simard & L'Ecuyer, "Computing the Two-Sided Kolmogorov–Smirnov
//! Distribution" (2011), with the cut-offs of `scipy.stats.kstwo`. Where SciPy uses Pomeranz' recursion we use the
//! Durbin matrix, which is as exact.

use std::f64::consts::PI;

const LN_2PI: f64 = 1.837_877_066_409_345_3;

/// The chance that a sample of `n` values of a continuous distribution lies at least `x` from it: `kstwo.sf(x, n)`.
pub fn kolmogorov_sf(n: u64, x: f64) -> f64 {
    if n == 0 || x.is_nan() {
        return f64::NAN;
    }
    if x >= 1.0 {
        return 0.0;
    }
    let (size, t) = (n as f64, n as f64 * x);
    if t <= 0.5 {
        return 1.0;
    }
    let weight = t * x;
    let probability = if t <= 1.0 {
        1.0 - smallest_distances(size, t)
    } else if t >= size - 1.0 {
        2.0 * (1.0 - x).powf(size)
    } else if x >= 0.5 || (n <= 140 && weight > 4.0) || (n > 140 && weight >= 2.2) {
        if n > 140 && weight >= 370.0 { 0.0 } else { 2.0 * smirnov_sf(n, x) }
    } else if n <= 140 || (n <= 100_000 && size * x.powf(1.5) <= 1.4) {
        1.0 - durbin_cdf(n, x)
    } else {
        1.0 - pelz_good_cdf(size, x)
    };
    probability.clamp(0.0, 1.0)
}

/// Ruben & Gambino: `n! (2x - 1/n)^n` for `1/2n ≤ x ≤ 1/n`, with `t = n x`.
fn smallest_distances(n: f64, t: f64) -> f64 {
    (0.5 * (LN_2PI + n.ln()) - n + stirling_error(n) + n * (2.0 * t - 1.0).ln()).exp()
}

/// One-sided tail by Birnbaum & Tingey: `x Σ C(n,j) (x + j/n)^(j-1) (1 - x - j/n)^(n-j)`. All terms are positive, and
/// each is a binomial probability over its own success rate, computed without cancellation by Loader's method.
fn smirnov_sf(n: u64, x: f64) -> f64 {
    let size = n as f64;
    let last = (size * (1.0 - x)).floor() as u64;
    let terms = (0..=last.min(n)).map(|j| binomial_at_shifted_rate(j as f64, size, size * x) / (x + j as f64 / size));
    x * terms.sum::<f64>()
}

/// The probability of `j` successes in `n` trials at the rate `(j + shift) / n`.
fn binomial_at_shifted_rate(j: f64, n: f64, shift: f64) -> f64 {
    let failures = n - j;
    if failures - shift <= 0.0 {
        return 0.0;
    }
    if j == 0.0 {
        return (n * (-shift / n).ln_1p()).exp();
    }
    let deviance = deviance(j, shift) + deviance(failures, -shift);
    let corrections = stirling_error(n) - stirling_error(j) - stirling_error(failures);
    (corrections - deviance - 0.5 * (LN_2PI + j.ln() + (failures / n).ln())).exp()
}

/// `x ln(x / m) + m - x` for `m = x + shift`, by its series where the difference is small (Loader 2000, `bd0`).
fn deviance(x: f64, shift: f64) -> f64 {
    let mean = x + shift;
    if shift.abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() + shift;
    }
    let v = -shift / (x + mean);
    let mut sum = -shift * v;
    let mut power = 2.0 * x * v;
    for j in 1..1000 {
        power *= v * v;
        let next = sum + power / (2 * j + 1) as f64;
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// `ln n! - ln(√(2πn) (n/e)^n)` for whole `n ≥ 1`.
fn stirling_error(n: f64) -> f64 {
    if n <= 15.0 {
        let factorial: f64 = (1..=n as u64).map(|k| k as f64).product();
        return factorial.ln() - (n + 0.5) * n.ln() + n - 0.5 * LN_2PI;
    }
    let square = n * n;
    let tail = 1.0 / 1260.0 - (1.0 / 1680.0 - (1.0 / 1188.0 - 691.0 / 360_360.0 / square) / square) / square;
    (1.0 / 12.0 - (1.0 / 360.0 - tail / square) / square) / n
}

/// Durbin's matrix formula as arranged by Marsaglia, Tsang & Wang (2003): with `n x = k - h`, the k-th diagonal entry
/// of `H^n` times `n!/n^n`.
fn durbin_cdf(n: u64, x: f64) -> f64 {
    let t = n as f64 * x;
    let k = t.ceil() as usize;
    let (power, mut exponent) = Square::durbin(k, k as f64 - t).power(n);
    let mut p = power.cells[(k - 1) * power.size + k - 1];
    for i in 1..=n {
        p *= i as f64 / n as f64;
        if p < 1e-140 {
            p *= 1e140;
            exponent -= 140;
        }
    }
    p * 10f64.powi(exponent)
}

#[derive(Clone)]
struct Square {
    size: usize,
    cells: Vec<f64>,
}

impl Square {
    fn durbin(k: usize, h: f64) -> Self {
        let size = 2 * k - 1;
        let mut cells = vec![0.0; size * size];
        let mut inverse_factorial = vec![1.0; size + 1];
        for i in 1..=size {
            inverse_factorial[i] = inverse_factorial[i - 1] / i as f64;
        }
        for row in 0..size {
            for column in 0..size.min(row + 2) {
                cells[row * size + column] = inverse_factorial[row + 1 - column];
            }
        }
        for i in 0..size {
            let edge = (1.0 - h.powi(i as i32 + 1)) * inverse_factorial[i + 1];
            cells[i * size] = edge;
            cells[(size - 1) * size + (size - 1 - i)] = edge;
        }
        let corner = 1.0 - 2.0 * h.powi(size as i32) + (2.0 * h - 1.0).max(0.0).powi(size as i32);
        cells[(size - 1) * size] = corner * inverse_factorial[size];
        Self { size, cells }
    }

    fn times(&self, other: &Self) -> Self {
        let n = self.size;
        let mut cells = vec![0.0; n * n];
        for i in 0..n {
            for k in 0..n {
                let left = self.cells[i * n + k];
                if left != 0.0 {
                    let (row, right) = (&mut cells[i * n..(i + 1) * n], &other.cells[k * n..(k + 1) * n]);
                    row.iter_mut().zip(right).for_each(|(cell, r)| *cell += left * r);
                }
            }
        }
        Self { size: n, cells }
    }

    /// The power and the power of ten it was divided by, kept apart so that nothing overflows.
    fn power(self, mut n: u64) -> (Self, i32) {
        let size = self.size;
        let identity = (0..size * size).map(|i| if i % (size + 1) == 0 { 1.0 } else { 0.0 }).collect();
        let (mut result, mut result_exponent) = (Self { size, cells: identity }, 0);
        let (mut base, mut base_exponent) = (self, 0);
        while n > 0 {
            if n % 2 == 1 {
                result = result.times(&base);
                result_exponent += base_exponent;
                result_exponent += result.rescale();
            }
            n /= 2;
            if n > 0 {
                base = base.times(&base);
                base_exponent *= 2;
                base_exponent += base.rescale();
            }
        }
        (result, result_exponent)
    }

    fn rescale(&mut self) -> i32 {
        if self.cells[(self.size / 2) * (self.size + 1)] <= 1e140 {
            return 0;
        }
        self.cells.iter_mut().for_each(|cell| *cell *= 1e-140);
        140
    }
}

/// Pelz & Good (1976): the asymptotic series in `1/√n` up to `n^-1.5`, in the form that converges for small `z`.
fn pelz_good_cdf(n: f64, x: f64) -> f64 {
    let z = n.sqrt() * x;
    let z2 = z * z;
    let (z4, z6) = (z2 * z2, z2 * z2 * z2);
    let pi2 = PI * PI;
    let mut k = [0.0; 4];
    let last = (16.0 * z / PI).ceil() as u32;
    for i in (1..=last).rev() {
        let m2 = f64::from(2 * i - 1).powi(2);
        let u = pi2 * m2 / 4.0;
        let e = (-u / (2.0 * z2)).exp();
        k[0] += e;
        k[1] += e * (u - z2);
        k[2] += e * (6.0 * z6 + 2.0 * z4 + (2.0 * z4 - 5.0 * z2) * u + (1.0 - 2.0 * z2) * u * u);
        k[3] += e
            * (-30.0 * z6 - 90.0 * z4 * z4
                + (135.0 * z4 - 96.0 * z6) * u
                + (212.0 * z4 - 60.0 * z2) * u * u
                + (5.0 - 30.0 * z2) * u * u * u);
    }
    let (mut extra2, mut extra3) = (0.0, 0.0);
    for i in (1..=last).rev() {
        let k2 = f64::from(i).powi(2);
        let e = k2 * (-pi2 * k2 / (2.0 * z2)).exp();
        extra2 += e;
        extra3 += e * (3.0 * z2 - pi2 * k2);
    }
    let k0 = k[0] / z;
    let k1 = k[1] / (6.0 * z4);
    let k2 = k[2] / (72.0 * z6 * z) - pi2 * extra2 / (36.0 * z2 * z);
    let k3 = k[3] / (6480.0 * z6 * z4) + pi2 * extra3 / (216.0 * z6);
    (2.0 * PI).sqrt() * (k0 + k1 / n.sqrt() + k2 / n + k3 / n.powf(1.5))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::testing::close;

    #[test]
    fn the_tail_equals_scipys_in_every_range() {
        // scipy.stats.kstwo.sf(x, n), SciPy 1.17.1
        let expected = [
            (20, 0.04, 0.9999999999991517, 1e-12),
            (20, 0.08, 0.9983006316269418, 1e-12),
            (20, 0.2, 0.352720173623415, 1e-12),
            (100, 0.05, 0.9532159710635725, 1e-12),
            (100, 0.1, 0.2526927570063874, 1e-12),
            (140, 0.15, 0.0032495604415101703, 1e-11),
            (141, 0.06, 0.6677160791348915, 1e-12),
            (500, 0.03, 0.7473166700457021, 1e-12),
            (923, 0.04, 0.10150998333547234, 1e-12),
            (923, 0.055, 0.007225685256722841, 1e-12),
            (5000, 0.01, 0.6954557253913853, 1e-12),
            (9000, 0.02, 0.001472711519753602, 1e-12),
            (200_000, 0.0012, 0.9352425110540272, 1e-12),
            (150, 0.6, 3.62982061841626e-52, 1e-11),
            (50, 0.99, 2.0000000000000889e-100, 1e-11),
            (923, 0.2, 7.774808819707852e-33, 1e-11),
        ];
        for (n, x, p, tolerance) in expected {
            close(kolmogorov_sf(n, x), p, tolerance);
        }
    }

    #[test]
    fn the_ends_are_certain() {
        assert_eq!(kolmogorov_sf(10, 0.0), 1.0);
        assert_eq!(kolmogorov_sf(10, 1.0), 0.0);
        assert!(kolmogorov_sf(0, 0.5).is_nan());
    }
}
