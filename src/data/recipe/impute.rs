//! What a missing number becomes: the mean or median of the training values.

use crate::data::recipe::scale;
use crate::domain::recipe::NumericImpute;

/// The fill value; `None` when every value is NaN. The median of an even count is the mean of the middle two, as in
/// NumPy.
pub fn value(values: &[f64], rule: NumericImpute) -> Option<f64> {
    let mut known: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    if known.is_empty() {
        return None;
    }
    Some(match rule {
        NumericImpute::Mean => scale::mean(&known),
        NumericImpute::Median => median(&mut known),
    })
}

fn median(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if !even {
        return *upper;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // Halves first: the sum of two huge numbers would overflow.
    if (lower + *upper).is_finite() { (lower + *upper) / 2.0 } else { lower / 2.0 + *upper / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignores_missing_values() {
        let values = [3.0, f64::NAN, 1.0, 10.0, 4.0];
        assert_eq!(value(&values, NumericImpute::Median), Some(3.5));
        assert_eq!(value(&values, NumericImpute::Mean), Some(4.5));
        assert_eq!(value(&values[..3], NumericImpute::Median), Some(2.0));
        assert_eq!(value(&[f64::NAN], NumericImpute::Mean), None);
    }

    #[test]
    fn huge_values_do_not_overflow() {
        assert_eq!(value(&[1e308, 1.5e308], NumericImpute::Median), Some(1.25e308));
        assert_eq!(value(&[1e308, 1.5e308], NumericImpute::Mean), Some(1.25e308));
    }
}
