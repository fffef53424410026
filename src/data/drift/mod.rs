//! What changed between a reference and a current table, column by column.
//!
//! Missing and infinite cells are removed first. Which test a column gets depends on its kind in the reference, on the
//! reference's remaining rows and on the distinct values of both sides together:
//!
//! | Reference rows | Column | Test | Drift when |
//! |---|---|---|---|
//! | ≤ 1,000 | numbers, > 5 distinct | Kolmogorov–Smirnov | p ≤ 0.05 |
//! | ≤ 1,000 | numbers ≤ 5 distinct, categories; > 2 distinct | chi-square, two-sample | p < 0.05 |
//! | ≤ 1,000 | ≤ 2 distinct | z test of proportions | p < 0.05 |
//! | > 1,000 | numbers, > 5 distinct | Wasserstein ÷ reference sd (at least 0.001) | ≥ 0.1 |
//! | > 1,000 | numbers ≤ 5 distinct, categories | Jensen–Shannon distance over value shares | ≥ 0.1 |
//! | > 1,000 | text | AUC of a domain classifier | > 0.55 |
//! | ≤ 1,000 | text | AUC of a domain classifier | > 95th percentile of guessing |
//!
//! These are the defaults of Evidently 0.7, except that its chi-square takes the reference counts as exact (a
//! goodness-of-fit test), which calls many categories drifted that are not; ours is the test of two samples.
//!
//! What has no comparison still has a row that says why, and one such column never hides the others.

pub mod aggregates;
mod column;
mod shape;

use crate::data::columns::TableRef;
use crate::data::error::LoadError;
use crate::domain::drift::{ColumnDrift, DriftReport};
use crate::domain::io::JobIo;

use column::Side;

/// The share of compared columns from which on the dataset counts as drifted.
pub const SHARE_THRESHOLD: f64 = 0.5;

/// Compares every column both tables have, by name, holding no more than one column of each. A column that cannot be
/// compared says so in its `note`. A column that holds numbers on one side and text or dates on the other counts as
/// compared and drifted.
///
/// Errors: those of reading a stored table, or a cancelled job.
pub fn compare(reference: TableRef<'_>, current: TableRef<'_>, io: &dyn JobIo) -> Result<DriftReport, LoadError> {
    let shared: Vec<&str> = reference.schema.names().filter(|name| current.schema.column(name).is_some()).collect();
    let mut columns = Vec::with_capacity(shared.len());
    for (done, name) in shared.iter().enumerate() {
        let fraction = done as f64 / shared.len() as f64;
        let check = || io.progress(&format!("Comparing {name}"), Some(fraction));
        check()?;
        if let (Some(before), Some(now)) = (Side::of(reference, name, &check)?, Side::of(current, name, &check)?) {
            columns.push(column::compare_column(before, now)?);
        }
    }
    columns.sort_by(|a, b| (b.drifted, &a.column).cmp(&(a.drifted, &b.column)));
    let drifted_share = drifted_share(&columns);
    Ok(DriftReport {
        format_version: 1,
        columns,
        drifted_share,
        share_threshold: SHARE_THRESHOLD,
        dataset_drift: drifted_share >= SHARE_THRESHOLD,
        reference_rows: reference.n_rows() as u64,
        current_rows: current.n_rows() as u64,
        only_reference: only_in(reference, current),
        only_current: only_in(current, reference),
    })
}

fn drifted_share(columns: &[ColumnDrift]) -> f64 {
    let compared = columns.iter().filter(|c| c.test.is_some() || c.drifted).count();
    let drifted = columns.iter().filter(|c| c.drifted).count();
    if compared == 0 { 0.0 } else { drifted as f64 / compared as f64 }
}

fn only_in(table: TableRef<'_>, other: TableRef<'_>) -> Vec<String> {
    let mut names: Vec<String> =
        table.schema.names().filter(|name| other.schema.column(name).is_none()).map(str::to_owned).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests;
