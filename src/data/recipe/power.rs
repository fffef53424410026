//! The Yeo-Johnson power transform, then standardisation, as scikit-learn's `PowerTransformer`.

use super::column::{Frame, finite_or_nan};
use super::{RecipeError, scale};
use crate::domain::recipe::Powered;

/// Where λ is looked for; data that want more are no closer to normal beyond.
const LIMITS: (f64, f64) = (-10.0, 10.0);
/// λ is looked for on at most so many values, evenly picked.
const MOST_VALUES: usize = 200_000;

pub(super) fn fit(name: &str, values: &[f64]) -> Powered {
    let known: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    let step = known.len().div_ceil(MOST_VALUES).max(1);
    let picked: Vec<f64> = known.iter().copied().step_by(step).collect();
    let lambda = lambda(&picked);
    let transformed: Vec<f64> = known.iter().map(|&x| yeo_johnson(x, lambda)).filter(|x| x.is_finite()).collect();
    let (center, scale) = scale::standard(&transformed);
    Powered { column: name.to_owned(), lambda, center, scale }
}

/// Yeo and Johnson (2000), "A new family of power transformations to improve normality or symmetry", Biometrika 87.
pub(super) fn yeo_johnson(x: f64, lambda: f64) -> f64 {
    // Through exp and log1p: no digits are lost near 0, where most of the data may lie.
    if x >= 0.0 {
        if lambda.abs() < f64::EPSILON { x.ln_1p() } else { (lambda * x.ln_1p()).exp_m1() / lambda }
    } else if (lambda - 2.0).abs() < f64::EPSILON {
        -(-x).ln_1p()
    } else {
        -((2.0 - lambda) * (-x).ln_1p()).exp_m1() / (2.0 - lambda)
    }
}

/// The λ of the largest likelihood; 1 (nothing changes) for constant data.
fn lambda(values: &[f64]) -> f64 {
    if values.iter().all(|x| *x == values[0]) {
        return 1.0;
    }
    let n = values.len() as f64;
    let signed_logs: f64 = values.iter().map(|x| x.signum() * x.abs().ln_1p()).sum();
    let loss = |lambda: f64| {
        let transformed: Vec<f64> = values.iter().map(|&x| yeo_johnson(x, lambda)).collect();
        let mean = transformed.iter().sum::<f64>() / n;
        let variance = transformed.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        let likelihood = -n / 2.0 * variance.ln() + (lambda - 1.0) * signed_logs;
        if likelihood.is_finite() { -likelihood } else { f64::INFINITY }
    };
    minimum(loss, LIMITS)
}

/// Brent's method without derivatives (Brent 1973, chapter 5) for a function with one valley.
fn minimum(f: impl Fn(f64) -> f64, (mut low, mut high): (f64, f64)) -> f64 {
    const GOLDEN: f64 = 0.381_966_011_250_105_1;
    const TOLERANCE: f64 = 1e-9;
    let mut x = low + GOLDEN * (high - low);
    let (mut w, mut v) = (x, x);
    let mut fx = f(x);
    let (mut fw, mut fv) = (fx, fx);
    let (mut step, mut before): (f64, f64) = (0.0, 0.0);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        let near = TOLERANCE * x.abs() + TOLERANCE;
        if (x - middle).abs() <= 2.0 * near - (high - low) / 2.0 {
            break;
        }
        let parabola = if before.abs() > near { parabola_step((x, fx), (w, fw), (v, fv)) } else { None };
        match parabola {
            Some(to) if to.abs() < (before / 2.0).abs() && x + to > low && x + to < high => {
                before = step;
                step = to;
                if x + to - low < 2.0 * near || high - (x + to) < 2.0 * near {
                    step = near.copysign(middle - x);
                }
            }
            _ => {
                before = if x < middle { high - x } else { low - x };
                step = GOLDEN * before;
            }
        }
        let u = x + if step.abs() >= near { step } else { near.copysign(step) };
        let fu = f(u);
        if fu <= fx {
            if u < x {
                high = x
            } else {
                low = x
            }
            (v, fv, w, fw, x, fx) = (w, fw, x, fx, u, fu);
        } else {
            if u < x {
                low = u
            } else {
                high = u
            }
            if fu <= fw || w == x {
                (v, fv, w, fw) = (w, fw, u, fu);
            } else if fu <= fv || v == x || v == w {
                (v, fv) = (u, fu);
            }
        }
    }
    x
}

/// From the lowest of three points to the lowest of the parabola through them.
fn parabola_step((x, fx): (f64, f64), (w, fw): (f64, f64), (v, fv): (f64, f64)) -> Option<f64> {
    let r = (x - w) * (fx - fv);
    let q = (x - v) * (fx - fw);
    let p = (x - v) * q - (x - w) * r;
    let step = -p / (2.0 * (q - r));
    step.is_finite().then_some(step)
}

pub(super) fn apply(columns: &[Powered], frame: &mut Frame<'_>) -> Result<(), RecipeError> {
    frame.change_numbers(
        columns,
        |c| &c.column,
        |item, values| {
            for x in values.iter_mut() {
                *x = finite_or_nan((yeo_johnson(*x, item.lambda) - item.center) / item.scale);
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_the_power_transformer() {
        // sklearn.preprocessing.PowerTransformer().fit([[-2], [-0.5], [0], [1], [2], [4], [16], [40]])
        let values = [-2.0, -0.5, 0.0, 1.0, 2.0, 4.0, f64::NAN, 16.0, 40.0];
        let fitted = fit("x", &values);
        assert!((fitted.lambda - EXPECTED_LAMBDA).abs() < 1e-5, "{}", fitted.lambda);
        let transformed = |x: f64| (yeo_johnson(x, fitted.lambda) - fitted.center) / fitted.scale;
        for (x, expected) in [-2.0, 0.0, 40.0].into_iter().zip(EXPECTED) {
            assert!((transformed(x) - expected).abs() < 1e-5, "{x}: {}", transformed(x));
        }
    }

    const EXPECTED_LAMBDA: f64 = 0.199_605_69;
    const EXPECTED: [f64; 3] = [-1.797_763_42, -0.445_856_35, 1.705_088_67];

    #[test]
    fn the_special_exponents_are_the_limits_of_the_others() {
        for lambda in [0.0, 2.0] {
            for x in [-3.0, -1e-9, 0.0, 1e-9, 5.0] {
                let (at, near) = (yeo_johnson(x, lambda), yeo_johnson(x, lambda + 1e-9));
                assert!((at - near).abs() < 1e-6, "{x} {lambda}: {at} {near}");
            }
        }
        assert_eq!(fit("x", &[3.0, 3.0]).lambda, 1.0);
        assert!(fit("x", &[]).scale == 1.0);
    }

    #[test]
    fn extreme_values_stay_numbers() {
        for size in [1e-300, 1e150, 1e308] {
            let fitted = fit("x", &[-size, 0.0, size, size / 2.0]);
            assert!(fitted.lambda.is_finite() && fitted.center.is_finite() && fitted.scale > 0.0, "{fitted:?}");
        }
    }
}
