//! Scaling by a centre and a width: standard, robust and min-max, with scikit-learn's numbers.

use super::RecipeError;
use super::column::{Frame, finite_or_nan};
use crate::domain::recipe::{Scaled, Scaling};

/// Above this size squares and sums may overflow, so values are taken in units of a large power of two.
const LARGE: f64 = 1e150;

/// Centre and width of the values that are no NaN; (0, 1) where there is none. A width that is 0 counts as 1.
pub fn fit(method: Scaling, values: &[f64]) -> (f64, f64) {
    let mut known: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    if known.is_empty() {
        return (0.0, 1.0);
    }
    match method {
        Scaling::Robust => {
            known.sort_unstable_by(f64::total_cmp);
            let width = quantile(&known, 0.75) - quantile(&known, 0.25);
            (quantile(&known, 0.5), width_or_one(width))
        }
        Scaling::MinMax => {
            let low = known.iter().copied().fold(f64::INFINITY, f64::min);
            let high = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            (low, width_or_one(high - low))
        }
        _ => standard(&known),
    }
}

/// scikit-learn's `_handle_zeros_in_scale`; an overflowing width cannot be divided by either.
fn width_or_one(width: f64) -> f64 {
    if width < 10.0 * f64::EPSILON || !width.is_finite() { 1.0 } else { width }
}

/// `numpy.quantile` (linear) of sorted values; NaN of none.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    at_place(sorted, share.clamp(0.0, 1.0) * sorted.len().saturating_sub(1) as f64)
}

/// Between the values left and right of a place counted from 0; NaN of none.
pub fn at_place(sorted: &[f64], place: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = (place.floor() as usize).min(last);
    let (low, high, part) = (sorted[at], sorted[(at + 1).min(last)], place - place.floor());
    let distance = high - low;
    if !distance.is_finite() {
        return low * (1.0 - part) + high * part;
    }
    // NumPy's own order of operations, so that the last digit agrees.
    if part >= 0.5 { high - distance * (1.0 - part) } else { low + distance * part }
}

pub(super) fn apply(columns: &[Scaled], frame: &mut Frame<'_>) -> Result<(), RecipeError> {
    frame.change_numbers(
        columns,
        |c| &c.column,
        |item, values| {
            for x in values.iter_mut() {
                *x = finite_or_nan((*x - item.center) / item.scale);
            }
        },
    )
}

/// Mean and population standard deviation (ddof 0) of finite values. A column that is constant, by scikit-learn's
/// rounding-aware rule, gets scale 1.
pub fn standard(values: &[f64]) -> (f64, f64) {
    let center = mean(values);
    let n = values.len().max(1) as f64;
    let unit = unit(values);
    let (mut squares, mut rest) = (0.0, 0.0);
    for x in values {
        let distance = x / unit - center / unit;
        squares += distance * distance;
        rest += distance;
    }
    let variance = (squares - rest * rest / n).max(0.0) / n;
    let rounding = n * f64::EPSILON * variance + (n * (center / unit) * f64::EPSILON).powi(2);
    let scale = variance.sqrt() * unit;
    if variance <= rounding || !scale.is_normal() { (center, 1.0) } else { (center, scale) }
}

/// The mean of finite values, which never overflows.
pub fn mean(values: &[f64]) -> f64 {
    let unit = unit(values);
    let n = values.len().max(1) as f64;
    let rough = values.iter().map(|x| x / unit).sum::<f64>() / n;
    // A second pass removes the rounding of the first sum.
    let rest = values.iter().map(|x| x / unit - rough).sum::<f64>() / n;
    (rough + rest) * unit
}

fn unit(values: &[f64]) -> f64 {
    let largest = values.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    // Without its fraction bits a number is the power of two below it, and dividing by that loses nothing.
    if largest > LARGE { f64::from_bits(largest.to_bits() & !((1 << 52) - 1)) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_standard_scaler() {
        // sklearn.preprocessing.StandardScaler on [1, 2, 4, 8]
        let (center, scale) = standard(&[1.0, 2.0, 4.0, 8.0]);
        assert_eq!(center, 3.75);
        assert!((scale - 2.680_951_323_690_902).abs() < 1e-15);
    }

    #[test]
    fn robust_and_min_max_equal_scikit_learn() {
        let values = [1.0, f64::NAN, 2.0, 4.0, 8.0, 3.0];
        // sklearn.preprocessing.RobustScaler().fit([[1], [nan], [2], [4], [8], [3]]): center_ 3, scale_ 2
        assert_eq!(fit(Scaling::Robust, &values), (3.0, 2.0));
        // MinMaxScaler: data_min_ 1, data_range_ 7
        assert_eq!(fit(Scaling::MinMax, &values), (1.0, 7.0));
        assert_eq!(fit(Scaling::MinMax, &[5.0, 5.0]), (5.0, 1.0));
        assert_eq!(fit(Scaling::Robust, &[f64::NAN]), (0.0, 1.0));
        assert_eq!(fit(Scaling::MinMax, &[-1e308, 1e308]), (-1e308, 1.0));
    }

    #[test]
    fn quantiles_are_numpys() {
        // numpy.quantile([1, 2, 4, 8], [0.1, 0.5, 0.9])
        let found = [0.1, 0.5, 0.9].map(|q| quantile(&[1.0, 2.0, 4.0, 8.0], q));
        assert_eq!(found, [1.3, 3.0, 6.800_000_000_000_001]);
    }

    #[test]
    fn constant_columns_keep_scale_one() {
        assert_eq!(standard(&[0.1; 1000]), (0.1, 1.0));
        assert_eq!(standard(&[5.0]), (5.0, 1.0));
        assert_eq!(standard(&[]), (0.0, 1.0));
    }

    #[test]
    fn huge_values_stay_finite() {
        let (center, scale) = standard(&[1e308, 1e308, -1e308, -1e308]);
        assert_eq!((center, scale), (0.0, 1e308));
    }
}
