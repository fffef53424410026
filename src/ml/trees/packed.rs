//! Gradients and hessians as whole numbers, both in one: `gradient << shift | hessian`.
//!
//! One addition then moves both, and sums of whole numbers do not depend on their order: the same model for any number
//! of threads. Rounding is stochastic, by a hash of row and tree, so that sums of many rows are right on average
//! (Shi et al. 2022, arXiv:2207.09682). Bits go where they are needed: the hessian of a row has ten (none when constant),
//! its sum over all rows fits below the shift, and the gradient takes what is left.

use crate::ml::trees::kernel::Team;
use crate::ml::trees::split::Sums;

/// Bits of a row's hessian where it varies.
const HESSIAN_BITS: u32 = 10;
/// Most bits of a row's gradient: with its fraction it still fits a single.
const GRADIENT_BITS: u32 = 20;
/// Rows a thread takes at a time.
pub const CHUNK: usize = 16_384;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packing {
    shift: u32,
    gradient_bits: u32,
}

/// What one unit of the whole numbers stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    pub gradient: f64,
    pub hessian: f64,
}

/// How a loss's hessians look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Hessians {
    /// All 1.
    Ones,
    /// Whole numbers up to 2^10: counts of rows.
    Counts,
    Vary,
}

impl Packing {
    pub fn new(n_rows: usize, hessians: Hessians) -> Self {
        let length = usize::BITS - n_rows.leading_zeros();
        let shift = length + 1 + if hessians == Hessians::Ones { 0 } else { HESSIAN_BITS };
        Self { shift, gradient_bits: GRADIENT_BITS.min(62_u32.saturating_sub(shift + length)).max(2) }
    }

    pub fn shift(self) -> u32 {
        self.shift
    }

    #[inline(always)]
    pub fn unpack(self, packed: i64) -> Sums {
        Sums { gradient: packed >> self.shift, hessian: packed & ((1 << self.shift) - 1) }
    }

    /// Packs every row. `largest` bounds |gradient| and hessian from above.
    pub fn pack(
        self,
        hessians: Hessians,
        (gradients, curvatures): (&[f32], &[f32]),
        (largest_gradient, largest_hessian): (f32, f32),
        seed: u32,
        into: &mut [i64],
        team: &Team,
    ) -> Scale {
        let steps = (1_i64 << self.gradient_bits) as f32;
        let gradient = f64::from(largest_gradient.max(f32::MIN_POSITIVE)) / f64::from(steps);
        let hessian = match hessians {
            Hessians::Ones | Hessians::Counts => 1.0,
            Hessians::Vary => f64::from(largest_hessian.max(f32::MIN_POSITIVE)) / f64::from(1_u32 << HESSIAN_BITS),
        };
        let scale = Scale { gradient, hessian };
        // As f64: one over the smallest singles is beyond a single.
        let (per_gradient, per_hessian) = (1.0 / scale.gradient, 1.0 / scale.hessian);
        let in_single = per_gradient.max(per_hessian) < 1e37;
        let shift = self.shift;
        let mut parts: Vec<(usize, &mut [i64])> =
            into.chunks_mut(CHUNK).enumerate().map(|(part, rows)| (part * CHUNK, rows)).collect();
        team.each_mut(&mut parts, |_, (from, rows)| {
            let (g, h) = (&gradients[*from..*from + rows.len()], &curvatures[*from..*from + rows.len()]);
            if in_single {
                let (per_gradient, per_hessian) = (per_gradient as f32, per_hessian as f32);
                for i in 0..rows.len() {
                    let (u, v) = fractions((*from + i) as u32, seed);
                    // Truncation is the floor of a number that is not negative.
                    let whole = (g[i] * per_gradient + u + steps) as i32 - steps as i32;
                    let curvature = if hessians == Hessians::Ones { 1 } else { (h[i] * per_hessian + v) as i32 };
                    rows[i] = (i64::from(whole) << shift) + i64::from(curvature.max(1));
                }
            } else {
                for i in 0..rows.len() {
                    let (u, v) = fractions((*from + i) as u32, seed);
                    let whole = (f64::from(g[i]) * per_gradient + f64::from(u)).floor() as i64;
                    let curvature = (f64::from(h[i]) * per_hessian + f64::from(v)) as i64;
                    let curvature = if hessians == Hessians::Ones { 1 } else { curvature.max(1) };
                    rows[i] = (whole << shift) + curvature;
                }
            }
        });
        scale
    }
}

/// Two numbers in [0, 1) for a row of a tree.
#[inline(always)]
fn fractions(row: u32, seed: u32) -> (f32, f32) {
    let mut z = (row ^ seed).wrapping_mul(0x85EB_CA6B);
    z ^= z >> 15;
    z = z.wrapping_mul(0xC2B2_AE35);
    z ^= z >> 13;
    ((z & 0xFFFF) as f32 * (1.0 / 65_536.0), (z >> 16) as f32 * (1.0 / 65_536.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_right_on_average_and_never_spill() {
        let n = 100_000;
        let gradients: Vec<f32> = (0..n).map(|i| ((i * 37 % 1001) as f32 - 500.0) / 500.0).collect();
        let hessians: Vec<f32> = (0..n).map(|i| (i * 91 % 997) as f32 / 4000.0).collect();
        for kind in [Hessians::Ones, Hessians::Vary] {
            let packing = Packing::new(n, kind);
            let mut packed = vec![0; n];
            let scale = packing.pack(kind, (&gradients, &hessians), (1.0, 0.25), 7, &mut packed, &Team::new(1));
            let sums = packing.unpack(packed.iter().sum());
            let g: f64 = gradients.iter().map(|&g| f64::from(g)).sum();
            assert!((sums.gradient as f64 * scale.gradient - g).abs() < 0.05, "{kind:?}");
            let h: f64 = if kind == Hessians::Ones { n as f64 } else { hessians.iter().map(|&h| f64::from(h)).sum() };
            assert!((sums.hessian as f64 * scale.hessian / h - 1.0).abs() < 0.005, "{kind:?}");
            let negative = packing.unpack(packed.iter().filter(|&&p| packing.unpack(p).gradient < 0).sum());
            assert!(negative.gradient < 0 && negative.hessian > 0);
        }
    }
}
