//! The columns that tell rows apart: those the user names, or one that is unique on both sides.

use super::Side;
use crate::data::error::LoadError;
use crate::domain::diff::{DiffKey, KeySource};
use crate::domain::schema::{ColumnKind, ColumnSchema, Schema, Storage};

/// The key as asked for, or as proposed when nothing is.
pub fn choose(left: Side<'_>, right: Side<'_>, asked: &[String]) -> Result<DiffKey, LoadError> {
    for column in asked {
        require_shared(left.schema, right.schema, column)?;
    }
    let candidates = candidates(left, right);
    let (source, columns) = match (asked, candidates.first()) {
        ([], None) => (KeySource::WholeRows, Vec::new()),
        ([], Some(best)) => (KeySource::Proposed, vec![best.clone()]),
        // In the order of the left, each once.
        (asked, _) => {
            let named = left.schema.names().filter(|name| asked.iter().any(|a| a == name));
            (KeySource::Given, named.map(str::to_owned).collect())
        }
    };
    Ok(DiffKey { source, columns, candidates })
}

pub fn require_shared(left: &Schema, right: &Schema, column: &str) -> Result<(), LoadError> {
    if left.column(column).is_some() && right.column(column).is_some() {
        return Ok(());
    }
    let shared = left.names().filter(|name| right.column(name).is_some());
    Err(LoadError::NotInBoth { column: column.to_owned(), shared: shared.map(str::to_owned).collect() })
}

/// Columns that are complete and unique on both sides: identifiers first, then whole numbers, texts, times, each in
/// their order. Measured numbers are never proposed: that they differ is chance.
fn candidates(left: Side<'_>, right: Side<'_>) -> Vec<String> {
    let unique = |column: &ColumnSchema, rows: u64| column.missing == 0 && column.distinct == rows && rows > 0;
    let mut found: Vec<(u8, &str)> = Vec::new();
    for a in &left.schema.columns {
        let Some(b) = right.schema.column(&a.name) else { continue };
        let rank = match (a.kind, a.storage) {
            _ if a.storage != b.storage => continue,
            (_, Storage::Float64 | Storage::Boolean) => continue,
            (ColumnKind::Identifier, _) => 0,
            (_, Storage::Int64) => 1,
            (_, Storage::String) => 2,
            (_, Storage::DatetimeMs) => 3,
        };
        if unique(a, left.table.n_rows()) && unique(b, right.table.n_rows()) {
            found.push((rank, &a.name));
        }
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, name)| name.to_owned()).collect()
}
