//! Raw inputs to the matrix: the single definition of what a fitted recipe does.
//!
//! Pure, row by row, in double precision. An exported graph repeats these operations one for one, so a change here is
//! a change of the recipe's format.

use std::collections::HashMap;

use crate::data::recipe::{RecipeError, boolean};
use crate::domain::matrix::Matrix;
use crate::domain::raw::{RawColumn, RawColumns};
use crate::domain::recipe::{ColumnInput, FittedColumn, FittedRecipe, FittedStep, UnknownCategory};

/// Applies a recipe. The raw columns must be the recipe's, in its order.
pub fn encode(raw: &RawColumns, recipe: &FittedRecipe) -> Result<Matrix, RecipeError> {
    check(raw, recipe)?;
    let names = recipe.feature_names();
    let n_cols = names.len();
    let mut values = zeros(raw.n_rows, n_cols)?;
    let mut at = 0;
    for (column, (_, cells)) in recipe.columns.iter().zip(&raw.columns) {
        match cells {
            RawColumn::Numbers(numbers) => {
                write_numbers(column, numbers.iter().copied(), &mut values, at, n_cols);
                at += 1;
            }
            RawColumn::Texts(texts) => at += write_texts(column, texts, &mut values, at, n_cols),
        }
    }
    Ok(Matrix { n_rows: raw.n_rows, n_cols, values, names })
}

fn write_texts(column: &FittedColumn, texts: &[String], values: &mut [f64], at: usize, n_cols: usize) -> usize {
    if let ColumnInput::BooleanText { true_spellings, false_spellings } = &column.input {
        let numbers = texts.iter().map(|text| boolean::number(text, true_spellings, false_spellings));
        write_numbers(column, numbers, values, at, n_cols);
        return 1;
    }
    for step in &column.steps {
        if let FittedStep::OneHot { categories, missing_as, unknown } = step {
            write_indicators(categories, missing_as.as_deref(), *unknown, texts, values, at, n_cols);
            return categories.len();
        }
    }
    0
}

/// The number steps of a column, in order, for every row.
fn write_numbers(
    column: &FittedColumn,
    numbers: impl Iterator<Item = f64>,
    values: &mut [f64],
    at: usize,
    n_cols: usize,
) {
    for (row, number) in numbers.enumerate() {
        values[row * n_cols + at] = column.steps.iter().fold(number, |x, step| match step {
            FittedStep::ImputeNumber { value } => {
                if x.is_nan() {
                    *value
                } else {
                    x
                }
            }
            FittedStep::Scale { center, scale } => (x - center) / scale,
            FittedStep::OneHot { .. } => x,
        });
    }
}

fn write_indicators(
    categories: &[String],
    missing_as: Option<&str>,
    unknown: UnknownCategory,
    texts: &[String],
    values: &mut [f64],
    at: usize,
    n_cols: usize,
) {
    let index: HashMap<&str, usize> = categories.iter().enumerate().map(|(i, c)| (c.as_str(), i)).collect();
    let for_missing = missing_as.and_then(|category| index.get(category).copied());
    for (row, text) in texts.iter().enumerate() {
        let indicator = match index.get(text.as_str()) {
            _ if text.is_empty() => for_missing,
            Some(&i) => Some(i),
            None if unknown == UnknownCategory::Missing => for_missing,
            None => None,
        };
        if let Some(i) = indicator {
            values[row * n_cols + at + i] = 1.0;
        }
    }
}

fn check(raw: &RawColumns, recipe: &FittedRecipe) -> Result<(), RecipeError> {
    let mismatch = |column: &str, problem: String| RecipeError::Mismatch { column: column.to_owned(), problem };
    for (position, column) in recipe.columns.iter().enumerate() {
        let Some((name, cells)) = raw.columns.get(position) else {
            return Err(mismatch(&column.name, "is missing".to_owned()));
        };
        if *name != column.name {
            return Err(mismatch(&column.name, format!("was expected where `{name}` stands")));
        }
        let (len, fits) = match (cells, &column.input) {
            (RawColumn::Numbers(v), input) => (v.len(), matches!(input, ColumnInput::Number { .. })),
            (RawColumn::Texts(v), input) => (v.len(), !matches!(input, ColumnInput::Number { .. })),
        };
        if !fits {
            return Err(mismatch(name, "holds text where numbers are expected, or numbers for text".to_owned()));
        }
        if len != raw.n_rows {
            return Err(mismatch(name, format!("has {len} rows, not {}", raw.n_rows)));
        }
    }
    match raw.columns.get(recipe.columns.len()) {
        Some((name, _)) => Err(mismatch(name, "is not part of the recipe".to_owned())),
        None => Ok(()),
    }
}

/// Memory for the matrix, or an error that says how much would have been needed.
fn zeros(rows: usize, features: usize) -> Result<Vec<f64>, RecipeError> {
    let too_large = || {
        let bytes = (rows as u64).saturating_mul(features as u64).saturating_mul(8);
        RecipeError::TooLarge { rows, features, bytes }
    };
    let cells = rows.checked_mul(features).ok_or_else(too_large)?;
    let mut values = Vec::new();
    values.try_reserve_exact(cells).map_err(|_| too_large())?;
    values.resize(cells, 0.0);
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_hot(missing_as: Option<&str>, unknown: UnknownCategory) -> FittedRecipe {
        let categories = vec!["a".to_owned(), "b".to_owned()];
        let step = FittedStep::OneHot { categories, missing_as: missing_as.map(str::to_owned), unknown };
        let column = FittedColumn { name: "c".into(), input: ColumnInput::Text, steps: vec![step] };
        FittedRecipe { format_version: 1, columns: vec![column] }
    }

    fn texts(cells: &[&str]) -> RawColumns {
        let cells = cells.iter().map(|c| (*c).to_owned()).collect();
        RawColumns { n_rows: 3, columns: vec![("c".into(), RawColumn::Texts(cells))] }
    }

    #[test]
    fn missing_and_unknown_categories_follow_the_policy() {
        let check = |missing_as, unknown, expected: [f64; 6]| {
            let x = encode(&texts(&["b", "", "zzz"]), &one_hot(missing_as, unknown)).unwrap();
            assert_eq!(x.values, expected, "{missing_as:?} {unknown:?}");
        };
        check(None, UnknownCategory::Ignore, [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        check(Some("a"), UnknownCategory::Ignore, [0.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
        check(Some("a"), UnknownCategory::Missing, [0.0, 1.0, 1.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn inputs_that_do_not_fit_are_refused() {
        let recipe = one_hot(None, UnknownCategory::Ignore);
        let problem = |raw: &RawColumns| encode(raw, &recipe).unwrap_err().to_string();
        let numbers = RawColumns { n_rows: 1, columns: vec![("c".into(), RawColumn::Numbers(vec![1.0]))] };
        assert!(problem(&numbers).contains("holds text where numbers"), "{}", problem(&numbers));
        assert!(problem(&texts(&["a"])).contains("has 1 rows, not 3"));
        assert!(problem(&RawColumns::default()).contains("is missing"));
        let renamed = RawColumns { n_rows: 0, columns: vec![("d".into(), RawColumn::Texts(vec![]))] };
        assert!(problem(&renamed).contains("was expected where `d` stands"));
    }

    #[test]
    fn a_matrix_that_cannot_exist_is_an_error_not_an_abort() {
        assert!(matches!(zeros(usize::MAX, 2), Err(RecipeError::TooLarge { .. })));
    }
}
