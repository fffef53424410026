//! Pairs of numbers: product, ratio, sum, difference.

use super::RecipeError;
use super::column::{Column, Frame, finite_or_nan};
use crate::domain::recipe::{Combination, Combined};

/// Pairs a step may make.
const MOST_PAIRS: usize = 2_000;

/// Every pair of the columns, in their order: `a × b`.
pub(super) fn fit(names: &[String], how: Combination, frame: &Frame<'_>) -> Result<Vec<Combined>, String> {
    let n = names.len();
    if n < 2 {
        return Err("it needs at least two columns of numbers".to_owned());
    }
    if n * (n - 1) / 2 > MOST_PAIRS {
        return Err(format!("{n} columns have more than {MOST_PAIRS} pairs; name fewer columns"));
    }
    let pairs = names.iter().enumerate().flat_map(|(i, left)| names[i + 1..].iter().map(move |right| (left, right)));
    let combined = pairs.map(|(left, right)| Combined {
        left: left.clone(),
        right: right.clone(),
        how,
        into: frame.free_name(&format!("{left} {} {right}", how.sign())),
    });
    Ok(combined.collect())
}

pub(super) fn apply(columns: &[Combined], frame: &mut Frame<'_>) -> Result<(), RecipeError> {
    frame.make(columns, |frame, item| {
        let pairs = frame.numbers(&item.left)?.iter().zip(frame.numbers(&item.right)?);
        let numbers = pairs.map(|(a, b)| {
            finite_or_nan(match item.how {
                Combination::Product => a * b,
                Combination::Ratio => a / b,
                Combination::Sum => a + b,
                Combination::Difference => a - b,
            })
        });
        Ok(vec![(item.into.clone(), Column::Numbers(numbers.collect()))])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_once_and_no_infinity() {
        let mut frame = Frame::new(2);
        for (name, values) in [("a", [6.0, 1.0]), ("b", [2.0, 0.0]), ("c", [1.0, f64::NAN])] {
            frame.put(name, Column::Numbers(values.to_vec()));
        }
        let names = ["a", "b", "c"].map(str::to_owned);
        let pairs = fit(&names, Combination::Ratio, &frame).unwrap();
        assert_eq!(pairs.iter().map(|p| p.into.as_str()).collect::<Vec<_>>(), ["a ÷ b", "a ÷ c", "b ÷ c"]);
        apply(&pairs, &mut frame).unwrap();
        let ratio = frame.numbers("a ÷ b").unwrap();
        assert!(ratio[0] == 3.0 && ratio[1].is_nan());
        assert!(fit(&names[..1], Combination::Sum, &frame).is_err());
    }
}
