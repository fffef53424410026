//! Numbers by category: ordinal codes and frequencies. (Target means and group aggregates are looked up the same way.)

use super::RecipeError;
use super::column::{Column, Frame, Texts, positions_of};
use crate::domain::recipe::LookedUp;

/// The position among the sorted categories, as scikit-learn's `OrdinalEncoder`; what training never saw is missing.
pub(super) fn ordinal(name: &str, texts: &Texts<'_>) -> LookedUp {
    let levels = texts.levels();
    let values = (0..levels.len()).map(|at| Some(at as f64)).collect();
    LookedUp { column: name.to_owned(), into: name.to_owned(), levels, values, missing: None, unknown: None }
}

/// The share of all training rows with the category; what training never saw has share 0, and so have missing cells
/// when there were none.
pub(super) fn frequency(name: &str, texts: &Texts<'_>) -> LookedUp {
    let mut seen = texts.by_frequency();
    seen.sort_unstable();
    let rows = texts.codes.len().max(1) as f64;
    let present: u64 = seen.iter().map(|(_, count)| count).sum();
    LookedUp {
        column: name.to_owned(),
        into: name.to_owned(),
        levels: seen.iter().map(|(value, _)| (*value).to_owned()).collect(),
        values: seen.iter().map(|(_, count)| Some(*count as f64 / rows)).collect(),
        missing: Some((texts.codes.len() as u64 - present) as f64 / rows),
        unknown: Some(0.0),
    }
}

pub(super) fn apply(columns: &[LookedUp], frame: &mut Frame<'_>) -> Result<(), RecipeError> {
    frame.make(columns, |frame, item| {
        let index = positions_of(&item.levels);
        let known = |text: &str| index.get(text).map(|&at| item.values.get(at as usize).copied().flatten());
        let nan = f64::NAN;
        let found = |text: &str| known(text).unwrap_or(item.unknown).unwrap_or(nan);
        let numbers = frame.texts(&item.column)?.map(item.missing.unwrap_or(nan), found);
        Ok(vec![(item.into.clone(), Column::Numbers(numbers))])
    })
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::data::table::MISSING_CODE;

    fn texts() -> Texts<'static> {
        Texts { codes: vec![0, 1, 0, MISSING_CODE], values: ["b", "a"].map(Cow::Borrowed).to_vec() }
    }

    fn applied(item: LookedUp) -> Vec<f64> {
        let mut frame = Frame::new(3);
        let values = ["a", "b", "new"].map(Cow::Borrowed).to_vec();
        frame.put("c", Column::Texts(Texts { codes: vec![1, 0, 2, MISSING_CODE], values }));
        apply(&[item], &mut frame).unwrap();
        frame.numbers("c").unwrap().to_vec()
    }

    #[test]
    fn ordinal_codes_follow_the_sorted_categories() {
        let codes = applied(ordinal("c", &texts()));
        assert_eq!(codes[..2], [1.0, 0.0]);
        assert!(codes[2].is_nan() && codes[3].is_nan());
    }

    #[test]
    fn frequencies_are_shares_of_all_training_rows() {
        assert_eq!(applied(frequency("c", &texts())), [0.5, 0.25, 0.0, 0.25]);
    }
}
