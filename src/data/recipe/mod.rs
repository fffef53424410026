//! Recipes: how columns become numbers. Fitted on training rows only, then applied to any rows.
//!
//! The way of a value: [`raw`] reads a table's cells as a scorer would hand them in, [`encode`] turns those into the
//! matrix. `encode` is the single definition of what a fitted recipe does; an exported graph mirrors it step by step.
//! Each step's fitting rule stands in its own file.

mod boolean;
mod encode;
mod features;
mod impute;
mod one_hot;
mod raw;
mod scale;

pub use encode::encode;
pub use features::default_features;
pub use raw::raw;

use crate::data::table::{Cells, Table};
use crate::domain::params::Algorithm;
use crate::domain::recipe::{ColumnInput, FittedColumn, FittedRecipe, FittedStep, RecipeSpec, Scaling};
use crate::domain::schema::ColumnSchema;

const FORMAT_VERSION: u32 = 1;

#[derive(Debug, thiserror::Error, PartialEq)]
pub enum RecipeError {
    #[error("No column is left to learn from; include at least one number, yes/no or category column")]
    NoFeatures,
    #[error("The table has no column {}; the model needs it. Columns there: {there}", quoted(.missing))]
    NoColumns { missing: Vec<String>, there: String },
    #[error("Column `{column}` holds dates, which models cannot take yet; exclude it")]
    Dates { column: String },
    #[error("Row {row} is not in the table of {rows} rows")]
    NoRow { row: u32, rows: usize },
    #[error("No training row was given; a recipe needs at least one")]
    NoRows,
    #[error("The input does not fit the recipe: column `{column}` {problem}")]
    Mismatch { column: String, problem: String },
    #[error(
        "{rows} rows of {features} features need {} MB, more memory than there is; exclude columns with many \
         categories, lower the number of categories kept, or use fewer rows",
        bytes / 1_000_000
    )]
    TooLarge { rows: usize, features: usize, bytes: u64 },
}

fn quoted(names: &[String]) -> String {
    format!("`{}`", names.join("`, `"))
}

/// A fitted recipe and what the user should know about it, one sentence each.
#[derive(Clone, Debug, PartialEq)]
pub struct RecipeFit {
    pub recipe: FittedRecipe,
    pub warnings: Vec<String>,
}

/// The recipe an algorithm gets from what was asked for: trees and the baseline do not care about scale, and unscaled
/// thresholds can be read.
pub fn spec_for(algorithm: Algorithm, spec: &RecipeSpec) -> RecipeSpec {
    match algorithm {
        Algorithm::Baseline | Algorithm::DecisionTree => RecipeSpec { scaling: Scaling::None, ..spec.clone() },
        Algorithm::Linear | Algorithm::Logistic => spec.clone(),
    }
}

/// Learns a recipe for `features` from the given rows and no others.
pub fn fit(table: &Table, rows: &[u32], features: &[String], spec: &RecipeSpec) -> Result<RecipeFit, RecipeError> {
    if rows.is_empty() {
        return Err(RecipeError::NoRows);
    }
    check_rows(table, rows)?;
    check_columns(table, features.iter().map(String::as_str))?;
    let mut warnings = Vec::new();
    let mut columns = Vec::with_capacity(features.len());
    for name in features {
        if let Some((schema, cells)) = table.column(name) {
            columns.push(fit_column(schema, cells, rows, spec, &mut warnings)?);
        }
    }
    let recipe = FittedRecipe { format_version: FORMAT_VERSION, columns };
    if recipe.n_features() == 0 {
        return Err(RecipeError::NoFeatures);
    }
    Ok(RecipeFit { recipe, warnings })
}

fn fit_column(
    schema: &ColumnSchema,
    cells: &Cells,
    rows: &[u32],
    spec: &RecipeSpec,
    warnings: &mut Vec<String>,
) -> Result<FittedColumn, RecipeError> {
    let name = schema.name.clone();
    let (input, steps) = match cells {
        Cells::DatetimeMs(_) => return Err(RecipeError::Dates { column: name }),
        Cells::Text(dictionary) => (ColumnInput::Text, vec![one_hot::fit(&name, dictionary, rows, spec, warnings)]),
        Cells::Boolean(_) => (boolean::input(schema), number_steps(&name, cells, rows, spec, warnings)),
        Cells::Float(_) => (ColumnInput::Number { whole: false }, number_steps(&name, cells, rows, spec, warnings)),
        Cells::Int(values) => {
            let whole = values.iter().all(Option::is_some);
            (ColumnInput::Number { whole }, number_steps(&name, cells, rows, spec, warnings))
        }
    };
    Ok(FittedColumn { name, input, steps })
}

fn number_steps(
    name: &str,
    cells: &Cells,
    rows: &[u32],
    spec: &RecipeSpec,
    warnings: &mut Vec<String>,
) -> Vec<FittedStep> {
    let mut values: Vec<f64> = rows.iter().map(|&row| finite_or_nan(cells.number(row as usize))).collect();
    let fill = impute::value(&values, spec.numeric_impute);
    if fill.is_none() {
        warnings.push(format!("`{name}` has no value in the training rows; it counts as 0 everywhere"));
    }
    let fill = fill.unwrap_or(0.0);
    values.iter_mut().filter(|x| x.is_nan()).for_each(|x| *x = fill);
    let mut steps = vec![FittedStep::ImputeNumber { value: fill }];
    if spec.scaling == Scaling::Standard {
        let (center, scale) = scale::standard(&values);
        steps.push(FittedStep::Scale { center, scale });
    }
    steps
}

/// Infinities are not measurements: recipes treat them as missing.
fn finite_or_nan(x: f64) -> f64 {
    if x.is_finite() { x } else { f64::NAN }
}

fn check_rows(table: &Table, rows: &[u32]) -> Result<(), RecipeError> {
    match rows.iter().find(|&&row| row as usize >= table.n_rows) {
        Some(&row) => Err(RecipeError::NoRow { row, rows: table.n_rows }),
        None => Ok(()),
    }
}

fn check_columns<'a>(table: &Table, names: impl Iterator<Item = &'a str>) -> Result<(), RecipeError> {
    let missing: Vec<String> = names.filter(|name| table.column(name).is_none()).map(str::to_owned).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut there: Vec<&str> = table.schema.names().take(20).collect();
    if table.schema.columns.len() > there.len() {
        there.push("…");
    }
    Err(RecipeError::NoColumns { missing, there: there.join(", ") })
}

#[cfg(test)]
pub(in crate::data) mod testing {
    use crate::data::table::{Cells, Table};
    use crate::domain::schema::{ColumnKind, ColumnSchema, Schema};

    /// A table from named cells, with the kind that each storage usually has.
    pub fn table(columns: Vec<(&str, Cells)>) -> Table {
        let schema = columns.iter().map(|(name, cells)| ColumnSchema {
            name: (*name).to_owned(),
            kind: match cells {
                Cells::Float(_) | Cells::Int(_) => ColumnKind::Numeric,
                Cells::Boolean(_) => ColumnKind::Boolean,
                Cells::DatetimeMs(_) => ColumnKind::Datetime,
                Cells::Text(_) => ColumnKind::Categorical,
            },
            storage: cells.storage(),
            missing: (0..cells.len()).filter(|&row| cells.is_missing(row)).count() as u64,
            distinct: cells.to_dictionary().values.len() as u64,
            true_spellings: Vec::new(),
            false_spellings: Vec::new(),
            notes: Vec::new(),
            missing_tokens: vec![],
            personal: None,
        });
        let schema = Schema { columns: schema.collect() };
        let n_rows = columns.first().map_or(0, |(_, cells)| cells.len());
        Table { schema, columns: columns.into_iter().map(|(_, cells)| cells).collect(), n_rows }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::table;
    use super::*;
    use crate::domain::recipe::{NumericImpute, UnknownCategory};

    const NAN: f64 = f64::NAN;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    fn mixed() -> Table {
        table(vec![
            ("age", Cells::Float(vec![20.0, NAN, 40.0, f64::INFINITY, 1e6])),
            ("calls", Cells::Int(vec![Some(1), Some(3), Some(5), Some(7), Some(999)])),
            ("vip", Cells::Boolean(vec![Some(true), Some(false), None, Some(false), Some(true)])),
            ("plan", Cells::Text([Some("pro"), None, Some("basic"), Some("pro"), Some("gold")].into_iter().collect())),
        ])
    }

    #[test]
    fn learns_from_the_given_rows_only() {
        let fit = fit(&mixed(), &[0, 1, 2, 3], &names(&["age", "calls", "vip", "plan"]), &RecipeSpec::default());
        let recipe = fit.unwrap().recipe;
        assert_eq!(recipe.columns[0].steps[0], FittedStep::ImputeNumber { value: 30.0 });
        // NumPy: std of [20, 30, 40, 30] with ddof 0.
        assert_eq!(recipe.columns[0].steps[1], FittedStep::Scale { center: 30.0, scale: 50_f64.sqrt() });
        assert_eq!(recipe.columns[1].steps[1], FittedStep::Scale { center: 4.0, scale: 5_f64.sqrt() });
        assert_eq!(recipe.columns[1].input, ColumnInput::Number { whole: true });
        assert_eq!(recipe.columns[2].steps[0], FittedStep::ImputeNumber { value: 0.0 });
        assert_eq!(recipe.feature_names(), ["age", "calls", "vip", "plan=basic", "plan=pro"]);

        let mut other = mixed();
        other.columns[0] = Cells::Float(vec![20.0, NAN, 40.0, f64::INFINITY, -7.0]);
        other.columns[3] = Cells::Text([Some("pro"), None, Some("basic"), Some("pro"), None].into_iter().collect());
        let again = super::fit(&other, &[0, 1, 2, 3], &names(&["age", "calls", "vip", "plan"]), &RecipeSpec::default());
        assert_eq!(again.unwrap().recipe, recipe, "row 4 is not a training row");
    }

    #[test]
    fn encodes_training_and_unseen_rows() {
        let t = mixed();
        let spec = RecipeSpec { scaling: Scaling::None, numeric_impute: NumericImpute::Mean, ..RecipeSpec::default() };
        let fit = fit(&t, &[0, 1, 2, 3], &names(&["age", "calls", "vip", "plan"]), &spec).unwrap();
        let input = raw(&t, &[1, 4], &fit.recipe).unwrap();
        assert_eq!(input.warnings, Vec::<String>::new());
        let x = encode(&input.columns, &fit.recipe).unwrap();
        assert_eq!(x.names, ["age", "calls", "vip", "plan=basic", "plan=pro"]);
        assert_eq!(x.row(0), [30.0, 3.0, 0.0, 0.0, 0.0]);
        assert_eq!(x.row(1), [1e6, 999.0, 1.0, 0.0, 0.0], "an unseen category has no indicator");
    }

    #[test]
    fn a_column_without_any_training_value_is_zero_and_said() {
        let t = table(vec![("a", Cells::Float(vec![NAN, NAN, 5.0])), ("b", Cells::Int(vec![Some(1); 3]))]);
        let fit = fit(&t, &[0, 1], &names(&["a", "b"]), &RecipeSpec::default()).unwrap();
        assert_eq!(fit.warnings, ["`a` has no value in the training rows; it counts as 0 everywhere"]);
        let expected = [FittedStep::ImputeNumber { value: 0.0 }, FittedStep::Scale { center: 0.0, scale: 1.0 }];
        assert_eq!(fit.recipe.columns[0].steps, expected);
    }

    #[test]
    fn refuses_what_it_cannot_use() {
        let t = table(vec![("d", Cells::DatetimeMs(vec![Some(0)])), ("x", Cells::Int(vec![Some(1)]))]);
        let spec = RecipeSpec::default();
        let error = |rows: &[u32], features: &[&str]| fit(&t, rows, &names(features), &spec).unwrap_err();
        assert_eq!(error(&[0], &["d"]), RecipeError::Dates { column: "d".into() });
        assert_eq!(error(&[0], &[]), RecipeError::NoFeatures);
        assert_eq!(error(&[], &["x"]), RecipeError::NoRows);
        assert_eq!(error(&[3], &["x"]), RecipeError::NoRow { row: 3, rows: 1 });
        assert_eq!(error(&[0], &["y"]), RecipeError::NoColumns { missing: names(&["y"]), there: "d, x".into() });
    }

    #[test]
    fn trees_take_unscaled_numbers() {
        let spec = RecipeSpec { unknown_category: UnknownCategory::Missing, ..RecipeSpec::default() };
        let tree = spec_for(Algorithm::DecisionTree, &spec);
        assert_eq!((tree.scaling, tree.unknown_category), (Scaling::None, UnknownCategory::Missing));
        assert_eq!(spec_for(Algorithm::Logistic, &spec), spec);
    }
}
