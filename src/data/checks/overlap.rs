//! Rows that occur on both sides: a test table that repeats training rows measures memory.

use super::context::Context;
use super::draft::{Draft, counted, number, percent, percent_against, share};
use super::rows::{FirstRows, row_hashes};
use super::{Against, Outcome, Stop};
use crate::domain::finding::Severity::{Error, Info, Warning};
use crate::domain::schema::ColumnKind;

/// A test that repeats more than this of what was learned measures nothing.
const BLOCKING: f64 = 0.01;
/// Deviations that chance explains.
const CHANCE: f64 = 4.0;

/// Rows whose values, identifiers apart, also occur in the reference. Coarse tables share rows by chance, so what is
/// held against the limit is the share above the reference's own share of repeated rows.
pub(super) fn shared_rows(cx: &Context, limit: f64) -> Outcome {
    let reference = cx.reference()?;
    let shared = cx.shared_columns()?;
    let not_id = |kind: ColumnKind| kind != ColumnKind::Identifier;
    let names: Vec<&str> =
        shared.iter().filter(|s| not_id(s.now.schema.kind) && not_id(s.before.kind)).map(|s| s.now.name()).collect();
    if names.is_empty() || reference.n_rows() == 0 || cx.table.n_rows() == 0 {
        return Err(Stop::Skipped("There are no rows or columns to compare".to_owned()));
    }
    let mut before = row_hashes(reference, &names, cx.io)?;
    before.sort_unstable();
    cx.io.progress("Comparing rows", None)?;
    let mut rows = FirstRows::new(cx.input.most_rows);
    for (row, hash) in row_hashes(cx.table, &names, cx.io)?.into_iter().enumerate() {
        if before.binary_search(&hash).is_ok() {
            rows.add(row);
        }
    }
    let (count, total) = (rows.count, cx.table.n_rows() as u64);
    cx.observe(share(count, total));
    if count == 0 {
        return Ok(Vec::new());
    }
    let by_chance = repeated_share(&before);
    let observed = share(count, total);
    // Both shares vary by chance where rows of a coarse table repeat each other.
    let noise = CHANCE * (by_chance * (1.0 - by_chance) / total.min(before.len() as u64).max(1) as f64).sqrt();
    let severity = match cx.input.against {
        Against::Training if observed - by_chance - noise > BLOCKING => Error,
        _ if observed - by_chance - noise > limit => Warning,
        _ => Info,
    };
    let chance = if by_chance > 0.0 {
        format!("; {} of the reference's rows also repeat each other", percent(by_chance))
    } else {
        String::new()
    };
    let verb = if count == 1 { "occurs" } else { "occur" };
    let message = format!(
        "{} of {} also {verb} in the reference ({}, limit {}{chance})",
        counted(count, "row"),
        number(total),
        percent_against(observed, limit),
        percent(limit)
    );
    let hint = "Remove the shared rows before testing a model on this table that was trained on the reference";
    Ok(vec![
        Draft::new(severity, message, hint)
            .count(count, total)
            .rows(rows.rows())
            .held(observed, limit + by_chance)
            .done(),
    ])
}

/// The share of rows that have a twin in the same table.
fn repeated_share(ordered: &[u64]) -> f64 {
    let repeated = ordered.chunk_by(|a, b| a == b).filter(|run| run.len() > 1).map(|run| run.len() as u64).sum();
    share(repeated, ordered.len() as u64)
}
