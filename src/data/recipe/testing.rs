//! Tables and recipes for tests.

use super::fit;
use crate::data::table::{Cells, Table};
use crate::domain::features::Features;
use crate::domain::io::Silent;
use crate::domain::recipe::{FittedRecipe, RecipeSpec};
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

pub fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

/// The recipe for these columns, without a target.
pub fn fitted(table: &Table, rows: &[u32], features: &[&str], spec: &RecipeSpec) -> FittedRecipe {
    fit(table, rows, None, &names(features), spec, 0, &Silent).unwrap().recipe
}

/// All features, row after row.
pub fn dense(features: &Features) -> Vec<f64> {
    features.dense(0, features.n_rows)
}
