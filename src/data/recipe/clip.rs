//! Outliers: values beyond limits learned from the training rows become the limits.

use super::RecipeError;
use super::column::Frame;
use super::scale::quantile;
use crate::domain::recipe::{ClipRule, Clipped};

/// The limits over the values that are no NaN; without any, or with limits that are no numbers, nothing is clipped.
pub(super) fn fit(name: &str, values: &[f64], rule: ClipRule) -> Option<Clipped> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (low, high) = match rule {
        ClipRule::Quantiles(low, high) => (quantile(&sorted, low), quantile(&sorted, high)),
        ClipRule::Iqr(factor) => {
            let (low, high) = (quantile(&sorted, 0.25), quantile(&sorted, 0.75));
            (low - factor * (high - low), high + factor * (high - low))
        }
    };
    let sound = low.is_finite() && high.is_finite() && low <= high;
    sound.then(|| Clipped { column: name.to_owned(), low, high })
}

pub(super) fn apply(columns: &[Clipped], frame: &mut Frame<'_>) -> Result<(), RecipeError> {
    frame.change_numbers(
        columns,
        |c| &c.column,
        |item, values| {
            for x in values.iter_mut() {
                // Not `clamp`, which panics on limits in the wrong order.
                *x = if *x < item.low {
                    item.low
                } else if *x > item.high {
                    item.high
                } else {
                    *x
                };
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::recipe::column::Column;

    #[test]
    fn limits_come_from_quantiles_or_quartiles() {
        let values: Vec<f64> = (0..=100).map(f64::from).chain([f64::NAN]).collect();
        let clipped = fit("x", &values, ClipRule::Quantiles(0.05, 0.9)).unwrap();
        assert_eq!((clipped.low, clipped.high), (5.0, 90.0));
        let iqr = fit("x", &values, ClipRule::Iqr(0.2)).unwrap();
        assert_eq!((iqr.low, iqr.high), (15.0, 85.0));
        assert_eq!(fit("x", &[f64::NAN], ClipRule::Iqr(1.5)), None);
        let mut frame = Frame::new(3);
        frame.put("x", Column::Numbers(vec![-7.0, f64::NAN, 1e9]));
        apply(&[clipped], &mut frame).unwrap();
        let found = frame.numbers("x").unwrap();
        assert!(found[0] == 5.0 && found[1].is_nan() && found[2] == 90.0);
    }
}
