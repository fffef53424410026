//! Ranks: the share of training values below a value, as scikit-learn's `QuantileTransformer` (uniform).

use super::RecipeError;
use super::column::Frame;
use super::scale::at_place;
use crate::domain::recipe::{Knot, Ranked};

/// Quantiles that are remembered (scikit-learn's `n_quantiles`).
const MOST_QUANTILES: usize = 1000;

/// The line through the quantiles of the values that are no NaN. Where quantiles are equal it jumps; at the jump
/// stands its middle, as scikit-learn's mean of an upward and a downward interpolation, and 0 or 1 at the ends.
pub(super) fn fit(name: &str, values: &[f64]) -> Ranked {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len().clamp(1, MOST_QUANTILES);
    let share = |at: usize| if n == 1 { 0.0 } else { at as f64 / (n - 1) as f64 };
    let mut knots: Vec<Knot> = Vec::new();
    for at in 0..n {
        // Not by the share, whose rounding would miss a value that is met exactly.
        let place = if n == 1 { 0.0 } else { (at * (sorted.len() - 1)) as f64 / (n - 1) as f64 };
        let (x, share) = (if sorted.is_empty() { 0.0 } else { at_place(&sorted, place) }, share(at));
        match knots.last_mut() {
            // Interpolation may round a quantile below the one before it.
            Some(last) if x <= last.x => last.high = share,
            _ => knots.push(Knot { x, low: share, at: 0.0, high: share }),
        }
    }
    knots.iter_mut().for_each(|knot| knot.at = f64::midpoint(knot.low, knot.high));
    if let Some(last) = knots.last_mut() {
        last.high = 1.0;
        last.at = 1.0;
    }
    if let Some(first) = knots.first_mut() {
        first.at = 0.0;
    }
    Ranked { column: name.to_owned(), knots }
}

/// The height of the line at `x`; NaN stays.
pub(super) fn rank(knots: &[Knot], x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    let above = knots.partition_point(|knot| knot.x <= x);
    let Some(below) = above.checked_sub(1).map(|at| &knots[at]) else { return knots.first().map_or(x, |k| k.low) };
    if below.x == x {
        return below.at;
    }
    let Some(next) = knots.get(above) else { return below.high };
    below.high + (next.low - below.high) * ((x - below.x) / (next.x - below.x))
}

pub(super) fn apply(columns: &[Ranked], frame: &mut Frame<'_>) -> Result<(), RecipeError> {
    frame.change_numbers(
        columns,
        |c| &c.column,
        |item, values| {
            values.iter_mut().for_each(|x| *x = rank(&item.knots, *x));
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_the_quantile_transformer() {
        // sklearn.preprocessing.QuantileTransformer(n_quantiles=5).fit([[1], [2], [2], [5], [9]])
        //     .transform([[0], [1], [1.5], [2], [3], [5], [7], [9], [11]])
        let line = fit("x", &[2.0, 1.0, f64::NAN, 9.0, 2.0, 5.0]).knots;
        let expected = [0.0, 0.0, 0.125, 0.375, 0.583_333_333_333_333_3, 0.75, 0.875, 1.0, 1.0];
        for (x, expected) in [0.0, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 9.0, 11.0].into_iter().zip(expected) {
            assert!((rank(&line, x) - expected).abs() < 1e-15, "{x}: {}", rank(&line, x));
        }
        assert!(rank(&line, f64::NAN).is_nan());
    }

    #[test]
    fn constant_and_empty_columns_have_a_line_too() {
        // QuantileTransformer().fit([[3], [3]]).transform([[2], [3], [4]]): 0, 0, 1
        let line = fit("x", &[3.0, 3.0]).knots;
        assert_eq!([2.0, 3.0, 4.0].map(|x| rank(&line, x)), [0.0, 0.0, 1.0]);
        assert_eq!(fit("x", &[f64::NAN]).knots.len(), 1);
    }
}
