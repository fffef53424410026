//! Checks every learner relies on, made once before any of them sees the data.

use crate::domain::features::{Block, Features, NO_CODE};
use crate::domain::task::Target;
use crate::ml::error::FitError;

/// Whether a learner copes with empty cells by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    Allowed,
    Refused,
}

/// Shapes agree, numbers are numbers, codes and weights are in range, and there is something to tell apart.
pub fn check(x: &Features, y: &Target, weights: Option<&[f64]>, missing: Missing) -> Result<(), FitError> {
    let rows = x.n_rows;
    if rows == 0 {
        return Err(FitError::Empty { rows, columns: x.n_features() });
    }
    if let Some((feature, found)) = ragged(x) {
        return Err(FitError::Shape { feature, rows, found });
    }
    if rows != y.len() {
        return Err(FitError::Lengths { rows, targets: y.len() });
    }
    if let Some((feature, code, n_levels)) = unknown_level(x) {
        return Err(FitError::UnknownLevel { feature, code, n_levels });
    }
    if let Some((row, column, value)) = first_bad(x, missing) {
        return Err(FitError::NotFinite { feature: feature_name(x, column), row, value });
    }
    if let Some(weights) = weights {
        check_weights(rows, weights)?;
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
            let counts = |row: usize| weights.is_none_or(|weights| weights[row] > 0.0);
            let first = (0..rows).find(|&row| counts(row)).unwrap_or(0);
            let differs = |row: usize| codes[row] != codes[first] && counts(row);
            if (0..rows).any(differs) { Ok(()) } else { Err(FitError::OneClass) }
        }
    }
}

fn check_weights(rows: usize, weights: &[f64]) -> Result<(), FitError> {
    if weights.len() != rows {
        return Err(FitError::WeightCount { rows, weights: weights.len() });
    }
    let bad = weights.iter().position(|w| !w.is_finite() || *w < 0.0);
    let bad = bad.or_else(|| weights.iter().all(|w| *w == 0.0).then_some(0));
    bad.map_or(Ok(()), |row| Err(FitError::Weight { row, value: weights[row] }))
}

/// For learners that need columns.
pub fn check_features(x: &Features) -> Result<(), FitError> {
    if x.n_features() == 0 { Err(FitError::Empty { rows: x.n_rows, columns: 0 }) } else { Ok(()) }
}

/// A block that is not as long as the table: its name and length.
pub fn ragged(x: &Features) -> Option<(String, usize)> {
    let mut column = 0;
    for block in &x.blocks {
        if block.len() != x.n_rows {
            return Some((feature_name(x, column), block.len()));
        }
        column += block.n_features();
    }
    None
}

fn unknown_level(x: &Features) -> Option<(String, u32, u32)> {
    let mut column = 0;
    for block in &x.blocks {
        if let Block::Indicators { codes, n_levels } | Block::Category { codes, n_levels } = block {
            // All at once first: this runs over every cell of every fit.
            let beyond = |code: &u32| *code >= *n_levels && *code != NO_CODE;
            if codes.iter().fold(false, |any, code| any | beyond(code)) {
                let code = codes.iter().copied().find(beyond).unwrap_or_default();
                return Some((feature_name(x, column), code, *n_levels));
            }
        }
        column += block.n_features();
    }
    None
}

/// Row, feature and value of the first cell that is infinite, or empty where that is refused.
pub fn first_bad(x: &Features, missing: Missing) -> Option<(usize, usize, f64)> {
    let bad = |value: &f64| if missing == Missing::Allowed { value.is_infinite() } else { !value.is_finite() };
    let mut found: Option<(usize, usize, f64)> = None;
    let mut column = 0;
    for block in &x.blocks {
        if let Block::Numbers(values) = block
            && values.iter().fold(false, |any, value| any | bad(value))
            && let Some(row) = values.iter().position(bad)
            && found.is_none_or(|(first, ..)| row < first)
        {
            found = Some((row, column, values[row]));
        }
        column += block.n_features();
    }
    found
}

pub fn feature_name(x: &Features, column: usize) -> String {
    x.names.get(column).cloned().unwrap_or_else(|| format!("#{}", column + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ml::algorithms::testing::numbers;

    fn classes(codes: &[u32], n_classes: usize) -> Target {
        Target::Classes { codes: codes.to_vec(), n_classes }
    }

    #[test]
    fn each_fault_is_named() {
        let two = numbers(1, vec![1.0, 2.0]);
        let run = |x: &Features, y: &Target| check(x, y, None, Missing::Refused);
        let message = |x: &Features, y: &Target| run(x, y).unwrap_err().to_string();
        assert!(matches!(run(&numbers(1, vec![]), &classes(&[], 2)), Err(FitError::Empty { .. })));
        let ragged = Features { n_rows: 2, blocks: vec![Block::Numbers(vec![1.0])], names: vec!["a".into()] };
        assert!(message(&ragged, &classes(&[0, 1], 2)).starts_with("Feature a has 1 values"));
        assert!(matches!(run(&two, &classes(&[0, 1, 1], 2)), Err(FitError::Lengths { .. })));
        assert!(matches!(run(&two, &classes(&[0, 2], 2)), Err(FitError::UnknownClass { code: 2, .. })));
        assert!(matches!(run(&two, &classes(&[1, 1], 2)), Err(FitError::OneClass)));
        let bad = numbers(2, vec![1.0, 2.0, 3.0, f64::NAN]);
        assert!(message(&bad, &classes(&[0, 1], 2)).starts_with("Feature `x1` is NaN in row 2"));
        assert!(check(&bad, &classes(&[0, 1], 2), None, Missing::Allowed).is_ok());
        let infinite = Target::Values(vec![1.0, f64::INFINITY]);
        assert!(message(&two, &infinite).starts_with("The target is inf in row 2"));
        assert!(run(&two, &classes(&[0, 1], 2)).is_ok());
        let codes = Block::Indicators { codes: vec![0, 5], n_levels: 3 };
        let levels = Features { n_rows: 2, blocks: vec![codes], names: vec!["a=x".into()] };
        assert!(message(&levels, &classes(&[0, 1], 2)).starts_with("Feature `a=x` has category number 5"));
    }

    #[test]
    fn weights_must_be_usable() {
        let two = numbers(1, vec![1.0, 2.0]);
        let y = classes(&[0, 1], 2);
        let run = |weights: &[f64]| check(&two, &y, Some(weights), Missing::Refused);
        assert!(matches!(run(&[1.0]), Err(FitError::WeightCount { .. })));
        assert!(matches!(run(&[1.0, -1.0]), Err(FitError::Weight { row: 1, .. })));
        assert!(matches!(run(&[0.0, 0.0]), Err(FitError::Weight { row: 0, .. })));
        assert!(matches!(run(&[1.0, 0.0]), Err(FitError::OneClass)));
        assert!(run(&[1.0, 2.0]).is_ok());
    }
}
