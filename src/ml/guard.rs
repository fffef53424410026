//! Checks every learner relies on, made once before any of them sees the data.

use crate::domain::matrix::Matrix;
use crate::domain::task::Target;
use crate::ml::error::FitError;

/// Shapes agree, everything is finite, class codes are in range, and there is something to tell apart.
pub fn check(x: &Matrix, y: &Target) -> Result<(), FitError> {
    if x.n_rows == 0 {
        return Err(FitError::Empty { rows: x.n_rows, columns: x.n_cols });
    }
    if x.n_rows.checked_mul(x.n_cols) != Some(x.values.len()) {
        return Err(FitError::Shape { rows: x.n_rows, columns: x.n_cols, found: x.values.len() });
    }
    if x.n_rows != y.len() {
        return Err(FitError::Lengths { rows: x.n_rows, targets: y.len() });
    }
    if let Some((row, column, value)) = first_not_finite(x) {
        return Err(FitError::NotFinite { feature: feature_name(x, column), row, value });
    }
    match y {
        Target::Values(values) => match values.iter().position(|value| !value.is_finite()) {
            Some(row) => Err(FitError::TargetNotFinite { row, value: values[row] }),
            None => Ok(()),
        },
        Target::Classes { codes, n_classes } => {
            if let Some(&code) = codes.iter().find(|&&code| code as usize >= *n_classes) {
                return Err(FitError::UnknownClass { code, n_classes: *n_classes });
            }
            if codes.iter().all(|&code| code == codes[0]) { Err(FitError::OneClass) } else { Ok(()) }
        }
    }
}

/// For learners that need columns.
pub fn check_features(x: &Matrix) -> Result<(), FitError> {
    if x.n_cols == 0 { Err(FitError::Empty { rows: x.n_rows, columns: 0 }) } else { Ok(()) }
}

/// Row, column and value of the first cell that is no number.
pub fn first_not_finite(x: &Matrix) -> Option<(usize, usize, f64)> {
    let at = x.values.iter().position(|value| !value.is_finite())?;
    Some((at / x.n_cols, at % x.n_cols, x.values[at]))
}

pub fn feature_name(x: &Matrix, column: usize) -> String {
    x.names.get(column).cloned().unwrap_or_else(|| format!("#{}", column + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(n_rows: usize, n_cols: usize, values: &[f64]) -> Matrix {
        Matrix { n_rows, n_cols, values: values.to_vec(), names: (0..n_cols).map(|c| format!("x{c}")).collect() }
    }

    fn classes(codes: &[u32], n_classes: usize) -> Target {
        Target::Classes { codes: codes.to_vec(), n_classes }
    }

    #[test]
    fn each_fault_is_named() {
        let two = matrix(2, 1, &[1.0, 2.0]);
        let message = |x: &Matrix, y: &Target| check(x, y).unwrap_err().to_string();
        assert!(matches!(check(&matrix(0, 1, &[]), &classes(&[], 2)), Err(FitError::Empty { .. })));
        assert!(matches!(check(&matrix(2, 2, &[1.0]), &classes(&[0, 1], 2)), Err(FitError::Shape { .. })));
        assert!(matches!(check(&two, &classes(&[0, 1, 1], 2)), Err(FitError::Lengths { .. })));
        assert!(matches!(check(&two, &classes(&[0, 2], 2)), Err(FitError::UnknownClass { code: 2, .. })));
        assert!(matches!(check(&two, &classes(&[1, 1], 2)), Err(FitError::OneClass)));
        let bad = matrix(2, 2, &[1.0, 2.0, 3.0, f64::NAN]);
        assert!(message(&bad, &classes(&[0, 1], 2)).starts_with("Feature `x1` is NaN in row 2"));
        let infinite = Target::Values(vec![1.0, f64::INFINITY]);
        assert!(message(&two, &infinite).starts_with("The target is inf in row 2"));
        assert!(check(&two, &classes(&[0, 1], 2)).is_ok());
    }
}
