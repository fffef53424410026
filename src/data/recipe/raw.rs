//! Reads a table's cells as a scorer would hand them to an exported model.
//!
//! The table may come from another file than the one trained on, whose columns were typed differently; cells are then
//! read as the recipe's input type, and what cannot be read counts as missing and is said.

use std::collections::HashSet;

use crate::data::recipe::{RecipeError, check_columns, check_rows, finite_or_nan};
use crate::data::table::{Cells, Table};
use crate::domain::raw::{RawColumn, RawColumns};
use crate::domain::recipe::{ColumnInput, FittedColumn, FittedRecipe, FittedStep};
use crate::domain::schema::ColumnSchema;

/// Raw inputs and what the user should know about them, one sentence each.
#[derive(Clone, Debug, PartialEq)]
pub struct RawInput {
    pub columns: RawColumns,
    pub warnings: Vec<String>,
}

/// The recipe's input columns at the given rows. Infinite numbers become missing.
pub fn raw(table: &Table, rows: &[u32], recipe: &FittedRecipe) -> Result<RawInput, RecipeError> {
    check_rows(table, rows)?;
    check_columns(table, recipe.columns.iter().map(|column| column.name.as_str()))?;
    let mut warnings = Vec::new();
    let mut columns = Vec::with_capacity(recipe.columns.len());
    for column in &recipe.columns {
        let Some((schema, cells)) = table.column(&column.name) else { continue };
        let read = match &column.input {
            ColumnInput::Number { .. } => RawColumn::Numbers(numbers(&column.name, cells, rows, &mut warnings)),
            ColumnInput::Text => RawColumn::Texts(texts(schema, cells, rows, categories(column))),
            ColumnInput::BooleanText { true_spellings, false_spellings } => {
                let read = texts(schema, cells, rows, None);
                let known =
                    |text: &String| text.is_empty() || true_spellings.contains(text) || false_spellings.contains(text);
                warn_unread(&column.name, "true or false", read.iter().filter(|t| !known(t)), &mut warnings);
                RawColumn::Texts(read)
            }
        };
        columns.push((column.name.clone(), read));
    }
    Ok(RawInput { columns: RawColumns { n_rows: rows.len(), columns }, warnings })
}

fn numbers(name: &str, cells: &Cells, rows: &[u32], warnings: &mut Vec<String>) -> Vec<f64> {
    let Cells::Text(dictionary) = cells else {
        return rows.iter().map(|&row| finite_or_nan(cells.number(row as usize))).collect();
    };
    let parse = |text: &String| text.trim().parse::<f64>().map_or(f64::NAN, finite_or_nan);
    let parsed: Vec<f64> = dictionary.values.iter().map(parse).collect();
    let code = |row: &u32| dictionary.codes[*row as usize] as usize;
    let unread = rows.iter().map(code).filter(|&c| parsed.get(c).is_some_and(|x| x.is_nan()));
    warn_unread(name, "a number", unread.map(|c| &dictionary.values[c]), warnings);
    rows.iter().map(|row| parsed.get(code(row)).copied().unwrap_or(f64::NAN)).collect()
}

fn warn_unread<'a>(name: &str, wanted: &str, unread: impl Iterator<Item = &'a String>, warnings: &mut Vec<String>) {
    let (mut count, mut example) = (0_u64, None);
    for text in unread {
        count += 1;
        example.get_or_insert(text);
    }
    if let Some(example) = example {
        let example: String = example.chars().take(40).collect();
        warnings.push(format!("`{name}`: {count} cells are not {wanted} (such as `{example}`) and count as missing"));
    }
}

fn texts(schema: &ColumnSchema, cells: &Cells, rows: &[u32], known: Option<&[String]>) -> Vec<String> {
    if let Cells::Boolean(values) = cells {
        let spelt_true = spelling("true", &schema.true_spellings, known);
        let spelt_false = spelling("false", &schema.false_spellings, known);
        let text = |row: &u32| match values[*row as usize] {
            None => String::new(),
            Some(true) => spelt_true.to_owned(),
            Some(false) => spelt_false.to_owned(),
        };
        return rows.iter().map(text).collect();
    }
    rows.iter().map(|&row| cells.text(row as usize).unwrap_or_default()).collect()
}

/// How a boolean cell was spelt, for a model that learned from the spelling: a file that happens to hold only `yes` and
/// `no` is typed as booleans, but to a model with the categories `maybe`, `no`, `yes` these are categories.
fn spelling<'a>(usual: &'a str, source: &'a [String], known: Option<&[String]>) -> &'a str {
    let Some(known) = known else { return usual };
    let known: HashSet<&str> = known.iter().map(String::as_str).collect();
    let spelt = source.iter().map(String::as_str).find(|spelling| known.contains(spelling));
    spelt.or_else(|| source.first().map(String::as_str)).unwrap_or(usual)
}

fn categories(column: &FittedColumn) -> Option<&[String]> {
    column.steps.iter().find_map(|step| match step {
        FittedStep::OneHot { categories, .. } => Some(categories.as_slice()),
        FittedStep::ImputeNumber { .. } | FittedStep::Scale { .. } => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::recipe::testing::table;
    use crate::data::recipe::{encode, fit};
    use crate::domain::recipe::{RecipeSpec, Scaling};

    fn recipe(name: &str, cells: Cells) -> FittedRecipe {
        let n = cells.len() as u32;
        let spec = RecipeSpec { scaling: Scaling::None, ..RecipeSpec::default() };
        fit(&table(vec![(name, cells)]), &(0..n).collect::<Vec<u32>>(), &[name.to_owned()], &spec).unwrap().recipe
    }

    #[test]
    fn text_in_a_number_column_is_read_or_said() {
        let trained = recipe("x", Cells::Float(vec![1.0, 2.0, 3.0]));
        let cells = [Some(" 4.5"), Some("n/k"), None, Some("inf"), Some("n/k")];
        let t = table(vec![("x", Cells::Text(cells.into_iter().collect()))]);
        let input = raw(&t, &[0, 1, 2, 3, 4], &trained).unwrap();
        assert_eq!(input.warnings, ["`x`: 3 cells are not a number (such as `n/k`) and count as missing"]);
        let x = encode(&input.columns, &trained).unwrap();
        assert_eq!(x.values, [4.5, 2.0, 2.0, 2.0, 2.0]);
    }

    #[test]
    fn a_column_of_only_yes_and_no_still_means_its_categories() {
        let trained = recipe("a", Cells::Text([Some("yes"), Some("no"), Some("maybe")].into_iter().collect()));
        let mut t = table(vec![("a", Cells::Boolean(vec![Some(true), Some(false), None]))]);
        t.schema.columns[0].true_spellings = vec!["YES".into(), "yes".into()];
        t.schema.columns[0].false_spellings = vec!["no".into()];
        let input = raw(&t, &[0, 1, 2], &trained).unwrap();
        let x = encode(&input.columns, &trained).unwrap();
        // maybe, no, yes
        assert_eq!(x.values, [0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn booleans_arrive_as_true_and_false() {
        let trained = recipe("b", Cells::Boolean(vec![Some(true), Some(false), Some(true)]));
        let input = raw(&table(vec![("b", Cells::Boolean(vec![Some(false), None]))]), &[0, 1], &trained).unwrap();
        assert_eq!(input.columns.columns[0].1, RawColumn::Texts(vec!["false".into(), String::new()]));
        assert_eq!(encode(&input.columns, &trained).unwrap().values, [0.0, 1.0]);
        let odd = table(vec![("b", Cells::Int(vec![Some(1)]))]);
        let warnings = raw(&odd, &[0], &trained).unwrap().warnings;
        assert_eq!(warnings, ["`b`: 1 cells are not true or false (such as `1`) and count as missing"]);
    }

    #[test]
    fn a_missing_column_is_named() {
        let trained = recipe("x", Cells::Float(vec![1.0, 2.0]));
        let error = raw(&table(vec![("z", Cells::Float(vec![1.0]))]), &[0], &trained).unwrap_err();
        assert_eq!(error.to_string(), "The table has no column `x`; the model needs it. Columns there: z");
    }
}
