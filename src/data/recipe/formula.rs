//! Columns computed by a formula.

use super::RecipeError;
use super::column::{Column, Frame, finite_or_nan};
use crate::domain::formula::{Formula, parse};
use crate::domain::recipe::Computed;

/// Rows computed at once: a formula's inner values stay in the cache.
const STEP_ROWS: usize = 1024;

/// The formula, when it can be read and its columns are there.
pub(super) fn fit(name: &str, expression: &str, frame: &Frame<'_>) -> Result<Computed, String> {
    let formula = parse(expression).map_err(|problem| problem.to_string())?;
    for column in formula.columns() {
        if frame.get(column).is_none() {
            return Err(format!("there is no column `{column}` here; the columns are {}", names(frame)));
        }
        frame.numbers(column).map_err(|_| format!("`{column}` holds no numbers"))?;
    }
    if name.is_empty() {
        return Err("the new column needs a name".to_owned());
    }
    Ok(Computed { expression: expression.to_owned(), into: name.to_owned() })
}

fn names(frame: &Frame<'_>) -> String {
    let mut names: Vec<String> = frame.iter().take(20).map(|(name, _)| format!("`{name}`")).collect();
    if frame.iter().count() > names.len() {
        names.push("…".to_owned());
    }
    names.join(", ")
}

/// One after the other: a formula may use the column that the one before it wrote.
pub(super) fn apply(columns: &[Computed], frame: &mut Frame<'_>) -> Result<(), RecipeError> {
    for item in columns {
        let formula =
            parse(&item.expression).map_err(|problem| RecipeError::mismatch(&item.into, problem.to_string()))?;
        let numbers = compute(&formula, frame)?;
        frame.put(&item.into, Column::Numbers(numbers));
    }
    Ok(())
}

fn compute(formula: &Formula, frame: &Frame<'_>) -> Result<Vec<f64>, RecipeError> {
    let names = formula.columns();
    let columns: Vec<&[f64]> = names.iter().map(|name| frame.numbers(name)).collect::<Result<_, _>>()?;
    let mut numbers = Vec::with_capacity(frame.n_rows);
    for from in (0..frame.n_rows).step_by(STEP_ROWS) {
        let to = (from + STEP_ROWS).min(frame.n_rows);
        let of = |name: &str| names.iter().position(|n| *n == name).map(|at| &columns[at][from..to]);
        numbers.extend(formula.evaluate(to - from, &of).into_iter().map(finite_or_nan));
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_makes_a_column_and_says_what_it_lacks() {
        let mut frame = Frame::new(3);
        frame.put("a", Column::Numbers(vec![1.0, f64::NAN, -4.0]));
        let made = fit("b", "sqrt(a) * 2 + if(a > 0, 1, 0)", &frame).unwrap();
        apply(&[made], &mut frame).unwrap();
        let found = frame.numbers("b").unwrap();
        assert!(found[0] == 3.0 && found[1].is_nan() && found[2].is_nan());
        assert_eq!(fit("c", "x + 1", &frame).unwrap_err(), "there is no column `x` here; the columns are `a`, `b`");
        assert!(fit("c", "a +", &frame).unwrap_err().starts_with("at character 4: expected"));
    }
}
