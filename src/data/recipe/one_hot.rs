//! Categories as indicators, and as codes for learners that split by category.

use super::RecipeError;
use super::column::{Column, Frame, Texts, positions_of};
use crate::domain::features::NO_CODE;
use crate::domain::recipe::{Coded, OneHot, UnknownCategory};

/// One indicator per category seen in the training rows, sorted by code point. A missing cell has no indicator:
/// absence is told apart from every category and needs no row of its own in training.
pub(super) fn fit(name: &str, texts: &Texts<'_>, unknown: UnknownCategory, warnings: &mut Vec<String>) -> OneHot {
    let categories = texts.levels();
    if categories.is_empty() {
        warnings.push(format!("`{name}` has no value in the training rows; it gives no feature"));
    }
    OneHot { column: name.to_owned(), categories, missing_as: None, unknown }
}

pub(super) fn fit_codes(name: &str, texts: &Texts<'_>) -> Coded {
    Coded { column: name.to_owned(), levels: texts.levels() }
}

pub(super) fn apply(columns: &[OneHot], frame: &mut Frame<'_>) -> Result<(), RecipeError> {
    frame.change_texts(
        columns,
        |c| &c.column,
        |item, texts| {
            let index = positions_of(&item.categories);
            let for_missing = item.missing_as.as_deref().and_then(|category| index.get(category).copied());
            let for_missing = for_missing.unwrap_or(NO_CODE);
            let for_unknown = if item.unknown == UnknownCategory::Missing { for_missing } else { NO_CODE };
            let codes = texts.map(for_missing, |text| index.get(text).copied().unwrap_or(for_unknown));
            Column::Indicators { codes, n_levels: item.categories.len() as u32 }
        },
    )
}

pub(super) fn apply_codes(columns: &[Coded], frame: &mut Frame<'_>) -> Result<(), RecipeError> {
    frame.change_texts(
        columns,
        |c| &c.column,
        |item, texts| Column::Category { codes: texts.positions(&item.levels), n_levels: item.levels.len() as u32 },
    )
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::data::table::MISSING_CODE;

    fn texts() -> Texts<'static> {
        Texts { codes: vec![1, MISSING_CODE, 2, 0], values: ["a", "b", "zzz"].map(Cow::Borrowed).to_vec() }
    }

    #[test]
    fn missing_and_unknown_categories_follow_the_policy() {
        let check = |missing_as: Option<&str>, unknown, expected: [u32; 4]| {
            let item = OneHot {
                column: "c".into(),
                categories: vec!["a".into(), "b".into()],
                missing_as: missing_as.map(str::to_owned),
                unknown,
            };
            let mut frame = Frame::new(4);
            frame.put("c", Column::Texts(texts()));
            apply(&[item], &mut frame).unwrap();
            let expected = Column::Indicators { codes: expected.to_vec(), n_levels: 2 };
            assert_eq!(frame.get("c"), Some(&expected), "{missing_as:?} {unknown:?}");
        };
        check(None, UnknownCategory::Ignore, [1, NO_CODE, NO_CODE, 0]);
        check(Some("a"), UnknownCategory::Ignore, [1, 0, NO_CODE, 0]);
        check(Some("a"), UnknownCategory::Missing, [1, 0, 0, 0]);
    }

    #[test]
    fn codes_are_positions_and_the_rest_has_none() {
        let mut frame = Frame::new(4);
        frame.put("c", Column::Texts(texts()));
        apply_codes(&[Coded { column: "c".into(), levels: vec!["a".into(), "b".into()] }], &mut frame).unwrap();
        let expected = Column::Category { codes: vec![1, NO_CODE, NO_CODE, 0], n_levels: 2 };
        assert_eq!(frame.get("c"), Some(&expected));
    }
}
