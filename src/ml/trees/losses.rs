//! What boosting makes small: gradients, hessians, first answers, losses.
//!
//! Numbers are learned in units of their own spread (losses around a centre) or their mean (losses of positive numbers),
//! so that single precision is enough for a target of any size; answers are given back in the target's units.

use crate::domain::model::Link;
use crate::ml::sums;
use crate::ml::trees::packed::Hessians;

/// The losses, in the words of LightGBM and scikit-learn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    Squared,
    Absolute,
    /// Squared up to the `alpha`-quantile of the absolute residuals, absolute beyond (Friedman 2001).
    Huber {
        alpha: f64,
    },
    /// The `alpha`-quantile.
    Quantile {
        alpha: f64,
    },
    Poisson,
    Gamma,
    /// Variance like mean^power, power between 1 and 2.
    Tweedie {
        power: f64,
    },
    /// Two classes.
    Logistic,
    Softmax {
        n_classes: usize,
    },
}

/// Whether a target may be learned, and what it must be in words.
pub type Needs = (fn(f64) -> bool, &'static str);

/// Poisson: added to the logarithm of the hessian, so that no step is too long (LightGBM's `poisson_max_delta_step`).
const POISSON_CAUTION: f32 = 0.7;

impl Loss {
    pub fn link(self) -> Link {
        match self {
            Self::Squared | Self::Absolute | Self::Huber { .. } | Self::Quantile { .. } => Link::Identity,
            Self::Poisson | Self::Gamma | Self::Tweedie { .. } => Link::Log,
            Self::Logistic => Link::Logit,
            Self::Softmax { .. } => Link::Softmax,
        }
    }

    /// Trees per iteration.
    pub fn n_outputs(self) -> usize {
        if let Self::Softmax { n_classes } = self { n_classes } else { 1 }
    }

    pub fn has_constant_hessian(self) -> bool {
        self.link() == Link::Identity
    }

    /// Leaves answer with this quantile of their residuals instead of a Newton step.
    pub fn leaf_quantile(self) -> Option<f64> {
        match self {
            Self::Absolute => Some(0.5),
            Self::Quantile { alpha } => Some(alpha),
            _ => None,
        }
    }

    /// What the target must be, for those who may not learn any number.
    pub fn needs(self) -> Option<Needs> {
        match self {
            Self::Poisson => Some((|y| y >= 0.0, "numbers of 0 or more for the Poisson loss")),
            Self::Tweedie { .. } => Some((|y| y >= 0.0, "numbers of 0 or more for the Tweedie loss")),
            Self::Gamma => Some((|y| y > 0.0, "numbers above 0 for the gamma loss")),
            _ => None,
        }
    }

    /// Gradients and hessians of some rows for one output, weights included. `probabilities` are of that output, for
    /// softmax only. Returns the largest |gradient| and hessian.
    pub fn derive(self, rows: Rows, knee: f32, gradients: &mut [f32], hessians: &mut [f32]) -> (f32, f32) {
        let n = gradients.len();
        let (y, s, h) = (&rows.targets[..n], &rows.scores[..n], &mut hessians[..n]);
        let g = &mut gradients[..n];
        match self {
            Self::Squared => (0..n).for_each(|i| g[i] = s[i] - y[i]),
            Self::Absolute => (0..n).for_each(|i| g[i] = sign(s[i] - y[i])),
            Self::Huber { .. } => (0..n).for_each(|i| g[i] = (s[i] - y[i]).clamp(-knee, knee)),
            Self::Quantile { alpha } => {
                let alpha = alpha as f32;
                (0..n).for_each(|i| g[i] = if s[i] >= y[i] { 1.0 - alpha } else { -alpha });
            }
            Self::Poisson => {
                let caution = POISSON_CAUTION.exp();
                (0..n).for_each(|i| {
                    let e = exp(s[i]);
                    (g[i], h[i]) = (e - y[i], e * caution);
                });
            }
            Self::Gamma => (0..n).for_each(|i| {
                let e = y[i] * exp(-s[i]);
                (g[i], h[i]) = (1.0 - e, e);
            }),
            Self::Tweedie { power } => {
                let p = power as f32;
                (0..n).for_each(|i| {
                    let (a, b) = (y[i] * exp((1.0 - p) * s[i]), exp((2.0 - p) * s[i]));
                    (g[i], h[i]) = (b - a, (2.0 - p) * b - (1.0 - p) * a);
                });
            }
            Self::Logistic => (0..n).for_each(|i| {
                let p = 1.0 / (1.0 + exp(-s[i]));
                (g[i], h[i]) = (p - y[i], (p * (1.0 - p)).max(1e-6));
            }),
            Self::Softmax { n_classes } => {
                // Friedman's factor; LightGBM's too.
                let factor = n_classes as f32 / (n_classes as f32 - 1.0).max(1.0);
                (0..n).for_each(|i| {
                    let p = rows.probabilities[i];
                    (g[i], h[i]) = (p - y[i], (factor * p * (1.0 - p)).max(1e-6));
                });
            }
        }
        if self.has_constant_hessian() {
            h.fill(1.0);
        }
        if let Some(weights) = rows.weights {
            (0..n).for_each(|i| (g[i], h[i]) = (g[i] * weights[i], h[i] * weights[i]));
        }
        (largest(g), if self.has_constant_hessian() && rows.weights.is_none() { 1.0 } else { largest(h) })
    }

    pub fn hessians(self, weights: Option<&[f32]>) -> Hessians {
        match weights {
            _ if !self.has_constant_hessian() => Hessians::Vary,
            None => Hessians::Ones,
            Some(weights) if weights.iter().all(|w| w.fract() == 0.0 && *w <= 1023.0) => Hessians::Counts,
            Some(_) => Hessians::Vary,
        }
    }

    /// The loss of one row for a score (for softmax: the logarithm of the class's probability).
    pub fn of_row(self, y: f64, score: f64, knee: f64) -> f64 {
        let off = (y - score).abs();
        match self {
            Self::Squared => off * off,
            Self::Absolute => off,
            Self::Huber { .. } if off <= knee => 0.5 * off * off,
            Self::Huber { .. } => knee * (off - 0.5 * knee),
            Self::Quantile { alpha } => off * if y >= score { alpha } else { 1.0 - alpha },
            Self::Poisson => score.exp() - y * score,
            Self::Gamma => score + y * (-score).exp(),
            Self::Tweedie { power } => {
                ((2.0 - power) * score).exp() / (2.0 - power) - y * ((1.0 - power) * score).exp() / (1.0 - power)
            }
            // ln(1 + e^−z) without overflow, z the margin.
            Self::Logistic => {
                let margin = if y > 0.5 { score } else { -score };
                (-margin.abs()).exp().ln_1p() + (-margin).max(0.0)
            }
            Self::Softmax { .. } => -score,
        }
    }
}

/// What gradients are made from; all of one length.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    pub targets: &'a [f32],
    pub scores: &'a [f32],
    pub probabilities: &'a [f32],
    pub weights: Option<&'a [f32]>,
}

fn sign(x: f32) -> f32 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        0.0
    }
}

/// Eight running maxima: one would wait for itself.
fn largest(values: &[f32]) -> f32 {
    let mut most = [0.0_f32; 8];
    for chunk in values.chunks(8) {
        most.iter_mut().zip(chunk).for_each(|(most, value)| *most = most.max(value.abs()));
    }
    most.into_iter().fold(0.0, f32::max)
}

/// `e^x` to about 2e-7 relative, without calls or branches so that the compiler makes it wide; the same bits everywhere
/// because it is additions and multiplications only. Saturates beyond ±87.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // The nearest whole power of two by adding and taking off 1.5 · 2^23, the rest by a polynomial.
    let z = (x * std::f32::consts::LOG2_E).clamp(-126.0, 126.0);
    let whole = (z + 12_582_912.0) - 12_582_912.0;
    let f = z - whole;
    let rest = 1.0
        + f * (std::f32::consts::LN_2
            + f * (0.240_226_5 + f * (0.055_504_11 + f * (0.009_618_129 + f * 0.001_333_356))));
    f32::from_bits(((whole as i32 + 127) << 23) as u32) * rest
}

/// A target in the units boosting learns it in.
pub struct Scaled {
    pub targets: Vec<f32>,
    /// The first score, in those units; one per output.
    pub start: Vec<f64>,
    /// `answer = unit · score + shift` for identity links; for log links `shift` is added to the score.
    pub unit: f64,
    pub shift: f64,
}

impl Scaled {
    /// Numbers; `values` are finite and as the loss needs them, and at least one weight is positive.
    pub fn numbers(loss: Loss, values: &[f64], weights: Option<&[f64]>) -> Self {
        let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
        let all = sums::sum((0..values.len()).map(weight));
        let most = values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
        let most = if most > 0.0 { most } else { 1.0 };
        // In units of the largest first: no sum can overflow.
        let mean = sums::sum((0..values.len()).map(|row| values[row] / most * (weight(row) / all)));
        if loss.link() == Link::Log {
            let unit = mean * most;
            let targets = values.iter().map(|value| (value / unit) as f32).collect();
            return Self { targets, start: vec![0.0], unit: 1.0, shift: unit.ln() };
        }
        let spread =
            sums::sum((0..values.len()).map(|row| (values[row] / most - mean).powi(2) * (weight(row) / all))).sqrt();
        let spread = if spread > 0.0 { spread } else { 1.0 };
        let targets: Vec<f32> = values.iter().map(|value| ((value / most - mean) / spread) as f32).collect();
        let start = match loss {
            Loss::Absolute | Loss::Huber { .. } => Some(0.5),
            Loss::Quantile { alpha } => Some(alpha),
            _ => None,
        };
        let start = start.map_or(0.0, |alpha| {
            let mut pairs: Vec<(f64, f64)> =
                targets.iter().enumerate().map(|(row, &y)| (f64::from(y), weight(row))).collect();
            quantile(&mut pairs, alpha)
        });
        Self { targets, start: vec![start], unit: spread * most, shift: mean * most }
    }

    /// Classes: the first scores are log odds, or log shares; targets are made per output.
    pub fn classes(loss: Loss, codes: &[u32], weights: Option<&[f64]>) -> Self {
        let n = loss.n_outputs().max(2);
        let mut shares = vec![sums::Sum::default(); n];
        for (row, &code) in codes.iter().enumerate() {
            shares[code as usize].add(weights.map_or(1.0, |weights| weights[row]));
        }
        let all = sums::sum(shares.iter().map(|share| share.value()));
        // A class without rows starts where one of a very long table would.
        let log = |class: usize| (shares[class].value() / all).max(1e-9).ln();
        let start = if n == 2 && loss == Loss::Logistic { vec![log(1) - log(0)] } else { (0..n).map(log).collect() };
        let targets = if loss == Loss::Logistic { codes.iter().map(|&code| code as f32).collect() } else { Vec::new() };
        Self { targets, start, unit: 1.0, shift: 0.0 }
    }
}

/// The smallest value with at least `alpha` of the weight at or below it; halfway to the next where exactly `alpha` is.
/// Weights so count like repeated rows. `pairs` are values and weights; 0 without weight.
pub fn quantile(pairs: &mut [(f64, f64)], alpha: f64) -> f64 {
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let all: f64 = pairs.iter().map(|pair| pair.1).sum();
    let (goal, mut below) = (alpha * all, 0.0);
    let mut with_weight = pairs.iter().filter(|pair| pair.1 > 0.0).peekable();
    while let Some(&(value, weight)) = with_weight.next() {
        below += weight;
        if below >= goal * (1.0 - 1e-12) {
            let is_exact = below <= goal * (1.0 + 1e-12);
            return match with_weight.peek() {
                Some(next) if is_exact => value / 2.0 + next.0 / 2.0,
                _ => value,
            };
        }
    }
    0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fast_exp_is_exp() {
        for i in -8700..=8700 {
            let x = i as f32 / 100.0;
            let right = f64::from(x).exp();
            assert!((f64::from(exp(x)) / right - 1.0).abs() < 1e-5, "{x}");
        }
    }

    #[test]
    fn gradients_are_the_slopes_of_the_losses() {
        let losses = [
            Loss::Squared,
            Loss::Huber { alpha: 0.9 },
            Loss::Quantile { alpha: 0.3 },
            Loss::Poisson,
            Loss::Gamma,
            Loss::Tweedie { power: 1.5 },
            Loss::Logistic,
        ];
        for loss in losses {
            for (y, s) in [(1.0_f32, 0.4_f32), (1.0, -1.2), (1.0, 2.5)] {
                let rows = Rows { targets: &[y], scores: &[s], probabilities: &[], weights: None };
                let (mut g, mut h) = ([0.0], [0.0]);
                loss.derive(rows, 0.8, &mut g, &mut h);
                let at = |score: f64| loss.of_row(f64::from(y), score, 0.8);
                let step = 1e-5;
                let slope = (at(f64::from(s) + step) - at(f64::from(s) - step)) / (2.0 * step);
                // The squared loss is reported without its half.
                let slope = if loss == Loss::Squared { slope / 2.0 } else { slope };
                assert!((f64::from(g[0]) - slope).abs() < 1e-4, "{loss:?} {y} {s}: {} {slope}", g[0]);
            }
        }
    }

    #[test]
    fn quantiles_count_weights_like_repeated_rows() {
        let plain = |values: &[f64], alpha| quantile(&mut values.iter().map(|&v| (v, 1.0)).collect::<Vec<_>>(), alpha);
        assert_eq!(plain(&[4.0, 1.0, 3.0, 2.0], 0.5), 2.5);
        assert_eq!(plain(&[3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(plain(&[3.0, 1.0, 2.0], 0.9), 3.0);
        assert_eq!(quantile(&mut [(1.0, 2.0), (5.0, 1.0), (7.0, 0.0)], 0.5), plain(&[1.0, 1.0, 5.0], 0.5));
    }

    #[test]
    fn targets_of_any_size_are_scaled() {
        for size in [1e-300, 1.0, 1e307] {
            let values: Vec<f64> = [-1.0, 2.0, 5.0].iter().map(|v| v * size).collect();
            let scaled = Scaled::numbers(Loss::Squared, &values, None);
            for (y, value) in scaled.targets.iter().zip(&values) {
                assert!((f64::from(*y) * scaled.unit + scaled.shift - value).abs() <= 1e-6 * size);
            }
        }
    }
}
