//! Standard scaling: zero mean and unit variance, as scikit-learn's `StandardScaler`.

/// Above this size squares and sums may overflow, so values are taken in units of a large power of two.
const LARGE: f64 = 1e150;

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
