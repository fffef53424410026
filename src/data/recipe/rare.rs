//! Rare categories become one.

use super::RecipeError;
use super::column::{Column, Frame, Texts};
use crate::data::table::MISSING_CODE;
use crate::domain::recipe::Kept;

/// What the rare ones are called together.
const OTHER: &str = "(other)";

/// The categories that stay: at least `min_rows` training rows, and among the `max_categories` most frequent (ties: the
/// smaller text). `None` when all of them stay.
pub(super) fn fit(name: &str, texts: &Texts<'_>, min_rows: u64, max_categories: usize) -> Option<Kept> {
    let seen = texts.by_frequency();
    let frequent = seen.iter().filter(|(_, count)| *count >= min_rows).take(max_categories);
    let mut levels: Vec<String> = frequent.map(|(value, _)| (*value).to_owned()).collect();
    if levels.len() == seen.len() {
        return None;
    }
    levels.sort_unstable();
    Some(Kept { column: name.to_owned(), levels, other: OTHER.to_owned() })
}

pub(super) fn apply(columns: &[Kept], frame: &mut Frame<'_>) -> Result<(), RecipeError> {
    frame.change_texts(
        columns,
        |c| &c.column,
        |item, texts| {
            let kept = item.levels.len() as u32;
            let positions = texts.positions(&item.levels);
            let code = |(old, position): (&u32, u32)| match *old {
                MISSING_CODE => MISSING_CODE,
                _ => position.min(kept),
            };
            let codes = texts.codes.iter().zip(positions).map(code).collect();
            let values = item.levels.iter().chain([&item.other]).map(|level| level.clone().into()).collect();
            Column::Texts(Texts { codes, values })
        },
    )
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn the_most_frequent_stay_and_the_rest_is_one() {
        // b 2, Z 2, ä 1, a 1
        let texts = Texts {
            codes: vec![0, 0, 1, 2, 3, 3, MISSING_CODE],
            values: ["b", "ä", "a", "Z"].map(Cow::Borrowed).to_vec(),
        };
        let kept = fit("c", &texts, 1, 3).unwrap();
        assert_eq!(kept.levels, ["Z", "a", "b"]);
        assert_eq!(fit("c", &texts, 2, 9).unwrap().levels, ["Z", "b"]);
        assert_eq!(fit("c", &texts, 1, 4), None);
        let mut frame = Frame::new(7);
        frame.put("c", Column::Texts(texts));
        apply(&[kept], &mut frame).unwrap();
        let after = frame.texts("c").unwrap();
        let cells: Vec<Option<&str>> =
            after.codes.iter().map(|&c| after.values.get(c as usize).map(AsRef::as_ref)).collect();
        let expected = [Some("b"), Some("b"), Some("(other)"), Some("a"), Some("Z"), Some("Z"), None];
        assert_eq!(cells, expected);
    }
}
