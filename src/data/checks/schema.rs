//! Rules about the columns themselves, against a reference.

use super::Outcome;
use super::context::Context;
use super::draft::{Draft, counted, listed};
use crate::domain::finding::Severity::{Error, Info, Warning};
use crate::domain::schema::Storage;

/// Names listed in a message.
const LISTED: usize = 5;

pub(super) fn columns_missing(cx: &Context) -> Outcome {
    let reference = cx.reference()?;
    let mut findings = Vec::new();
    for name in reference.schema.names().filter(|name| cx.table.schema.column(name).is_none()) {
        let similar = similar_name(name, cx.table.schema.names());
        let message = match similar {
            Some(similar) => format!("Column `{name}` of the reference is missing; `{similar}` may be it"),
            None => format!("Column `{name}` of the reference is missing"),
        };
        let hint = "Add the column to the file or rename the one that holds its values";
        findings.push(
            Draft::new(Error, message, hint)
                .column(name)
                .count(1, reference.schema.columns.len() as u64)
                .held(1.0, 0.0)
                .done(),
        );
    }
    Ok(findings)
}

pub(super) fn columns_new(cx: &Context) -> Outcome {
    let reference = cx.reference()?;
    let new: Vec<&str> = cx.table.schema.names().filter(|name| reference.schema.column(name).is_none()).collect();
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let count = new.len() as u64;
    let verb = if count == 1 { "is" } else { "are" };
    let message = format!("{} {verb} not in the reference: {}", counted(count, "column"), listed(new, LISTED));
    let hint = "Nothing to do for scoring: a model ignores columns it was not trained on";
    let draft = Draft::new(Warning, message, hint).count(count, cx.columns.len() as u64);
    Ok(vec![draft.held(count as f64, 0.0).done()])
}

/// Numbers that became text, or the like, are an error; cells that are the same but mean something else are noted.
/// Columns without a value on either side say nothing about their type.
pub(super) fn types_changed(cx: &Context) -> Outcome {
    let mut findings = Vec::new();
    let rows = cx.reference()?.n_rows() as u64;
    for shared in cx.shared_columns()? {
        let (c, schema) = (shared.now, shared.before);
        if c.is_empty() || cx.reference_missing()?[shared.index] == rows {
            continue;
        }
        let (before, now) = (content(schema.storage), content(c.schema.storage));
        let (kind, kind_now) = (schema.kind.as_str(), c.schema.kind.as_str());
        if before != now {
            let message =
                format!("`{}` holds {before} in the reference ({kind}) and {now} here ({kind_now})", c.name());
            let hint = "Correct the cells that changed the type; Mixed types names them when there are few";
            findings.push(Draft::new(Error, message, hint).column(c.name()).count(c.present(), c.rows()).done());
        } else if kind != kind_now {
            let message = format!("`{}` was typed {kind} in the reference and {kind_now} here", c.name());
            let hint = "Nothing to do when the values are as expected: the cells themselves are of one type";
            findings.push(Draft::new(Info, message, hint).column(c.name()).count(c.present(), c.rows()).done());
        }
    }
    Ok(findings)
}

fn content(storage: Storage) -> &'static str {
    match storage {
        Storage::Float64 | Storage::Int64 | Storage::Boolean => "numbers",
        Storage::DatetimeMs => "dates",
        Storage::String => "text",
    }
}

/// The one name that differs only in case or signs.
fn similar_name<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let letters = |s: &str| s.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let wanted = letters(name);
    names.into_iter().find(|other| letters(other) == wanted)
}
