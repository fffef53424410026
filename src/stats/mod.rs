//! Numbers over slices: two-sample tests, distances, ranks and small one-feature models.
//!
//! Nothing here knows a product word, and nothing imports ours. Functions that have no answer (an empty sample, a
//! constant column) return `None` instead of NaN, so that a caller has to say what that means. Values agree with
//! SciPy and NumPy; each function names the definition it follows, and the tests hold numbers computed with them.

pub mod association;
pub mod bins;
pub mod boost;
pub mod contingency;
pub mod distance;
pub mod groups;
pub mod kolmogorov;
pub mod ks;
pub mod outlier;
pub mod rank;
pub mod relevance;
pub mod relief;
pub mod sample;
pub mod text;

/// A test statistic with the probability of one at least as extreme if nothing had changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TestResult {
    pub statistic: f64,
    pub p_value: f64,
}

/// Scatters the bits of `x` (the finaliser of SplitMix64): the same on every platform, for hashing and fold numbers.
pub fn mix(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod testing {
    /// The `n` numbers `((i * a + offset) mod m) / 100 + shift`: samples that SciPy can rebuild from one line.
    pub fn sequence(n: u64, a: u64, m: u64, offset: u64, shift: f64) -> Vec<f64> {
        (0..n).map(|i| ((i * a + offset) % m) as f64 / 100.0 + shift).collect()
    }

    #[track_caller]
    pub fn close(actual: f64, expected: f64, relative: f64) {
        let scale = expected.abs().max(f64::MIN_POSITIVE);
        assert!((actual - expected).abs() <= relative * scale, "{actual} is not {expected}");
    }
}
