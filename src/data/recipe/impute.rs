//! What a missing cell becomes: learned from the training values, or given.

use super::column::{Column, Frame};
use super::{RecipeError, scale};
use crate::domain::recipe::{FillRule, Filled, FilledText};

/// The fill value; `None` when every value is NaN. The median of an even count is the mean of the middle two, as in
/// NumPy; of equally frequent values the smallest is the mode.
pub fn value(values: &[f64], rule: &FillRule) -> Option<f64> {
    if let FillRule::Number(value) = rule {
        return Some(*value);
    }
    let mut known: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    if known.is_empty() {
        return None;
    }
    Some(match rule {
        FillRule::Mean => scale::mean(&known),
        FillRule::Mode => mode(&mut known),
        _ => median(&mut known),
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

fn mode(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let runs = values.chunk_by(|a, b| a == b);
    runs.fold((f64::NAN, 0), |best, run| if run.len() > best.1 { (run[0], run.len()) } else { best }).0
}

pub(super) fn apply(columns: &[Filled], frame: &mut Frame<'_>) -> Result<(), RecipeError> {
    let flagged: Vec<&Filled> = columns.iter().filter(|c| c.indicator.is_some()).collect();
    frame.make(&flagged, |frame, item| {
        let flags = frame.numbers(&item.column)?.iter().map(|x| f64::from(u8::from(x.is_nan()))).collect();
        Ok(vec![(item.indicator.clone().unwrap_or_default(), Column::Numbers(flags))])
    })?;
    frame.change_numbers(
        columns,
        |c| &c.column,
        |item, values| {
            for x in values.iter_mut() {
                *x = if x.is_nan() { item.value } else { *x };
            }
        },
    )
}

pub(super) fn apply_text(columns: &[FilledText], frame: &mut Frame<'_>) -> Result<(), RecipeError> {
    let flagged: Vec<&FilledText> = columns.iter().filter(|c| c.indicator.is_some()).collect();
    frame.make(&flagged, |frame, item| {
        let texts = frame.texts(&item.column)?;
        let flags = texts.map(1.0, |_| 0.0);
        Ok(vec![(item.indicator.clone().unwrap_or_default(), Column::Numbers(flags))])
    })?;
    frame.change_texts(
        columns,
        |c| &c.column,
        |item, mut texts| {
            let found = texts.values.iter().position(|value| *value == item.value);
            let fill = found.unwrap_or_else(|| {
                texts.values.push(item.value.clone().into());
                texts.values.len() - 1
            }) as u32;
            let known = texts.values.len() as u32;
            for code in &mut texts.codes {
                *code = if *code < known { *code } else { fill };
            }
            Column::Texts(texts)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignores_missing_values() {
        let values = [3.0, f64::NAN, 1.0, 10.0, 4.0];
        assert_eq!(value(&values, &FillRule::Median), Some(3.5));
        assert_eq!(value(&values, &FillRule::Mean), Some(4.5));
        assert_eq!(value(&values[..3], &FillRule::Median), Some(2.0));
        assert_eq!(value(&[f64::NAN], &FillRule::Mean), None);
        assert_eq!(value(&[f64::NAN], &FillRule::Number(7.0)), Some(7.0));
    }

    #[test]
    fn the_mode_is_the_smallest_of_the_most_frequent() {
        // sklearn.impute.SimpleImputer(strategy="most_frequent") on [2, 1, 2, 1, 3]
        assert_eq!(value(&[2.0, 1.0, 2.0, 1.0, 3.0], &FillRule::Mode), Some(1.0));
    }

    #[test]
    fn huge_values_do_not_overflow() {
        assert_eq!(value(&[1e308, 1.5e308], &FillRule::Median), Some(1.25e308));
        assert_eq!(value(&[1e308, 1.5e308], &FillRule::Mean), Some(1.25e308));
    }
}
