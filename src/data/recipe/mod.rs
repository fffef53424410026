//! Recipes: how columns become features. Fitted on training rows only, then applied to any rows.
//!
//! The way of a value: [`read`] takes a table's cells as a scorer would hand them in, the steps (a file each) change
//! columns one after the other, [`apply`] hands out the features. `apply` is the single definition of what a fitted
//! recipe does; an exported graph mirrors it step by step. Whole columns at a time: a million rows are encoded in a
//! fraction of a second, and no matrix is made.

mod apply;
pub mod balance;
mod bins;
mod boolean;
mod clip;
mod column;
mod combine;
mod date_parts;
mod features;
mod finish;
mod fit;
mod formula;
mod groups;
mod impute;
mod lookup;
mod one_hot;
mod parallel;
mod power;
mod preview;
mod quantile;
mod rare;
mod read;
mod scale;
mod select;
mod target_mean;
mod words;

pub use apply::{encode, encode_raw};
pub use features::default_features;
pub use fit::{RecipeFit, fit};
pub use preview::preview;
pub use read::{RawInput, raw};
pub use select::quantile_codes;

use crate::data::table::Table;
use crate::domain::io::Cancelled;
use crate::domain::params::Algorithm;
use crate::domain::recipe::{RecipeSpec, RecipeStyle, Scaling};

#[derive(Debug, thiserror::Error, PartialEq)]
pub enum RecipeError {
    #[error("No column is left to learn from; include at least one number, yes/no, date or category column")]
    NoFeatures,
    #[error("The table has no column {}; the model needs it. Columns there: {there}", quoted(.missing))]
    NoColumns { missing: Vec<String>, there: String },
    #[error("Row {row} is not in the table of {rows} rows")]
    NoRow { row: u32, rows: usize },
    #[error("No training row was given; a recipe needs at least one")]
    NoRows,
    #[error("The input does not fit the recipe: column `{column}` {problem}")]
    Mismatch { column: String, problem: String },
    #[error("Step {number} of the recipe ({step}): {problem}")]
    Step { number: usize, step: String, problem: String },
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error(
        "{rows} rows of {features} features need {} MB, more memory than there is; exclude columns with many \
         categories, lower the number of words kept, or use fewer rows",
        bytes / 1_000_000
    )]
    TooLarge { rows: usize, features: usize, bytes: u64 },
}

impl RecipeError {
    fn mismatch(column: &str, problem: impl Into<String>) -> Self {
        Self::Mismatch { column: column.to_owned(), problem: problem.into() }
    }
}

fn quoted(names: &[String]) -> String {
    format!("`{}`", names.join("`, `"))
}

/// The recipe an algorithm gets from what was asked for: trees and naive Bayes take gaps and categories as they are and
/// do not care about scale, and unscaled thresholds can be read.
pub fn spec_for(algorithm: Algorithm, spec: &RecipeSpec) -> RecipeSpec {
    if algorithm.family().takes_missing_and_categories() {
        RecipeSpec { scaling: Scaling::None, style: RecipeStyle::Native, ..spec.clone() }
    } else {
        spec.clone()
    }
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
pub(in crate::data) mod testing;
#[cfg(test)]
mod tests;
