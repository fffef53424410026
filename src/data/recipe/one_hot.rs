//! One indicator per category seen in the training rows.

use crate::data::table::{Dictionary, MISSING_CODE};
use crate::domain::recipe::{FittedStep, RecipeSpec};

/// The `max_categories` most frequent categories (ties: the smaller text), sorted by code point. A missing cell has no
/// indicator: absence is told apart from every category and needs no row of its own in training.
pub fn fit(
    name: &str,
    dictionary: &Dictionary,
    rows: &[u32],
    spec: &RecipeSpec,
    warnings: &mut Vec<String>,
) -> FittedStep {
    let mut seen = counted(dictionary, rows);
    if seen.is_empty() {
        warnings.push(format!("`{name}` has no value in the training rows; it gives no feature"));
    }
    if seen.len() > spec.max_categories {
        warnings.push(format!(
            "`{name}` has {} categories in the training rows; the {} most frequent are kept, the others count as unknown",
            seen.len(),
            spec.max_categories
        ));
        seen.truncate(spec.max_categories);
    }
    let mut categories: Vec<String> = seen.into_iter().map(|(category, _)| category.to_owned()).collect();
    categories.sort_unstable();
    FittedStep::OneHot { categories, missing_as: None, unknown: spec.unknown_category }
}

/// Categories of the rows, most frequent first. The empty text is how a scorer says "missing", so it is none.
fn counted<'a>(dictionary: &'a Dictionary, rows: &[u32]) -> Vec<(&'a str, u64)> {
    let mut counts = vec![0_u64; dictionary.values.len()];
    for &row in rows {
        let code = dictionary.codes[row as usize];
        if code != MISSING_CODE {
            counts[code as usize] += 1;
        }
    }
    let values = dictionary.values.iter().map(String::as_str).zip(counts);
    let mut seen: Vec<(&str, u64)> = values.filter(|(value, count)| *count > 0 && !value.is_empty()).collect();
    seen.sort_unstable_by(|(a, n), (b, m)| m.cmp(n).then(a.cmp(b)));
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_most_frequent_categories_in_code_point_order() {
        let cells = ["b", "b", "ä", "a", "Z", "Z", ""].map(Some);
        let dictionary: Dictionary = cells.into_iter().chain([None]).collect();
        let spec = RecipeSpec { max_categories: 3, ..RecipeSpec::default() };
        let mut warnings = Vec::new();
        let rows: Vec<u32> = (0..8).collect();
        let FittedStep::OneHot { categories, missing_as, .. } = fit("c", &dictionary, &rows, &spec, &mut warnings)
        else {
            panic!("one-hot expected")
        };
        assert_eq!(categories, ["Z", "a", "b"]);
        assert_eq!(missing_as, None);
        assert!(warnings[0].contains("4 categories"), "{warnings:?}");
    }
}
