//! Rules about the table as it is: holes, repetitions, columns that say nothing.

use std::collections::BTreeMap;

use super::chance;
use super::context::{Column, Context};
use super::draft::{Draft, counted, number, percent, percent_against, quoted, share};
use super::rows::{for_each_cell, is_missing_hash};
use super::{Outcome, Stop};
use crate::domain::finding::Severity::{Error, Info, Warning};
use crate::domain::schema::{ColumnKind, Storage};

/// From this share on a column is more hole than value.
const MOSTLY_MISSING: f64 = 0.5;

/// With fewer rows, equal columns and unique values say nothing.
const FEW_ROWS: u64 = 20;

pub(super) fn empty_table(cx: &Context) -> Outcome {
    let message = match (cx.table.n_rows(), cx.columns.len()) {
        (_, 0) => "The table has no columns",
        (0, _) => "The table has no rows",
        _ => return Ok(Vec::new()),
    };
    Ok(vec![Draft::new(Error, message.to_owned(), "Import a file with data in it").held(0.0, 1.0).done()])
}

pub(super) fn empty_columns(cx: &Context) -> Outcome {
    if cx.table.n_rows() == 0 {
        return Err(Stop::Skipped("The table has no rows".to_owned()));
    }
    let finding = |c: &Column| {
        let (severity, hint) = if c.is_target {
            (Error, "Choose another target, or import a file in which it has values")
        } else {
            (Warning, "Leave the column out, or find out why its values were lost")
        };
        let message = format!("`{}` is empty: none of its {} has a value", c.name(), counted(c.rows(), "cell"));
        Draft::new(severity, message, hint).column(c.name()).count(c.missing, c.rows()).rows(c.missing_rows())
    };
    Ok(cx.columns.iter().filter(|c| c.is_empty()).map(|c| finding(c).held(1.0, 1.0).done()).collect())
}

/// The target has a rule of its own.
pub(super) fn missing_values(cx: &Context, limit: f64) -> Outcome {
    let mut findings = Vec::new();
    for c in cx.features().filter(|c| !c.is_empty()) {
        let missing_share = share(c.missing, c.rows());
        cx.observe(missing_share);
        if missing_share > limit {
            let message = format!(
                "`{}` has {} ({}, limit {})",
                c.name(),
                counted(c.missing, "missing cell"),
                percent_against(missing_share, limit),
                percent(limit)
            );
            let hint = if missing_share > MOSTLY_MISSING {
                "Leave the column out, or find out why most of its values are missing"
            } else {
                "Keep the imputation step of the recipe, or repair the source"
            };
            let draft = Draft::new(Warning, message, hint).column(c.name()).count(c.missing, c.rows());
            findings.push(draft.rows(c.missing_rows()).held(missing_share, limit).done());
        }
    }
    Ok(findings)
}

pub(super) fn infinite_values(cx: &Context, limit: f64) -> Outcome {
    let mut findings = Vec::new();
    for c in &cx.columns {
        let count = c.infinite.count;
        cx.observe(share(count, c.rows()));
        if share(count, c.rows()) > limit {
            let message = format!(
                "`{}` has {} ({}, limit {})",
                c.name(),
                counted(count, "infinite value"),
                percent_against(share(count, c.rows()), limit),
                percent(limit)
            );
            let hint = "Replace them in the source: infinity often means a division by zero";
            let draft = Draft::new(Warning, message, hint).column(c.name()).count(count, c.rows());
            findings.push(draft.rows(c.infinite.rows()).held(share(count, c.rows()), limit).done());
        }
    }
    Ok(findings)
}

pub(super) fn constant_columns(cx: &Context) -> Outcome {
    let mut findings = Vec::new();
    for c in cx.features().filter(|c| !c.is_empty() && !c.varies && c.rows() > 1) {
        let value = c.first_value.clone().unwrap_or_default();
        let of = if c.missing > 0 { " that are not missing" } else { "" };
        let message = format!(
            "`{}` has the single value {} in all {}{of}",
            c.name(),
            quoted(&value),
            counted(c.present(), "cell")
        );
        let hint = "Leave the column out: it tells rows apart only by what is missing, if anything";
        let draft = Draft::new(Warning, message, hint).column(c.name()).count(c.present(), c.rows());
        findings.push(draft.held(1.0, 2.0).done());
    }
    Ok(findings)
}

pub(super) fn duplicate_rows(cx: &Context, limit: f64) -> Outcome {
    if cx.columns.is_empty() {
        return Ok(Vec::new());
    }
    let (count, total) = (cx.repeats.count, cx.table.n_rows() as u64);
    let observed = share(count, total);
    cx.observe(observed);
    if count == 0 {
        return Ok(Vec::new());
    }
    let all: Vec<&Column<'_>> = cx.columns.iter().collect();
    let coarse = observed > limit && chance::brings(cx, &all, count as f64 / 2.0)?;
    let severity = if observed > limit && !coarse { Warning } else { Info };
    let verb = if count == 1 { "repeats" } else { "repeat" };
    let message = format!(
        "{} of {} {verb} an earlier row in every column ({}, limit {})",
        counted(count, "row"),
        number(total),
        percent_against(observed, limit),
        percent(limit)
    );
    let hint = if coarse {
        "Nothing to do: the columns have so few different values that rows cannot but repeat"
    } else {
        "Remove the copies, unless the same record can truly occur twice"
    };
    Ok(vec![
        Draft::new(severity, message, hint).count(count, total).rows(cx.repeats.rows()).held(observed, limit).done(),
    ])
}

/// A copy of the target is a leak, which has its own rule.
pub(super) fn duplicate_columns(cx: &Context) -> Outcome {
    let mut first_with: BTreeMap<u64, &str> = BTreeMap::new();
    let mut findings = Vec::new();
    for c in cx.features().filter(|c| c.varies && c.rows() >= FEW_ROWS) {
        match first_with.get(&c.hash) {
            None => {
                first_with.insert(c.hash, c.name());
            }
            Some(original) => {
                let cells = counted(c.rows(), "cell");
                let message = format!("`{}` equals `{original}` in all {cells}", c.name());
                let hint = "Leave one of the two columns out";
                let draft = Draft::new(Warning, message, hint).column(c.name()).count(c.rows(), c.rows());
                findings.push(draft.held(1.0, 1.0).done());
            }
        }
    }
    Ok(findings)
}

pub(super) fn identifier_like(cx: &Context, limit: f64) -> Outcome {
    let mut findings = Vec::new();
    for c in cx.features().filter(|c| c.present() >= FEW_ROWS) {
        cx.io.progress("Looking for identifiers", None)?;
        let typed = c.schema.kind == ColumnKind::Identifier;
        if !typed && !looks_like_identifier(cx, c, limit)? {
            continue;
        }
        let distinct = distinct(cx, c)?;
        let unique_share = share(distinct, c.present());
        if typed || unique_share == 1.0 || (unique_share > limit && is_named_like_id(c.name())) {
            let message = format!(
                "`{}` looks like an identifier: {} among {} ({})",
                c.name(),
                counted(distinct, "distinct value"),
                counted(c.present(), "cell"),
                percent(unique_share)
            );
            let (severity, hint) = if typed {
                (Info, "Nothing to do: identifiers are left out of training")
            } else {
                (Warning, "Leave the column out of training: a model can only memorise it")
            };
            let draft = Draft::new(severity, message, hint).column(c.name()).count(distinct, c.present());
            findings.push(draft.held(unique_share, limit).done());
        }
    }
    Ok(findings)
}

/// Cheap signs, before anything is counted: whole numbers without a gap, or texts of one word without repetition.
/// A measurement can be unique in every row too, so uniqueness alone is no sign.
fn looks_like_identifier(cx: &Context, c: &Column<'_>, limit: f64) -> Result<bool, Stop> {
    Ok(match c.schema.storage {
        Storage::Int64 => {
            let (low, high) = c.range.unwrap_or_default();
            high.abs_diff(low) == c.present() - 1 || is_named_like_id(c.name())
        }
        Storage::String => !c.has_words && distinct(cx, c)? as f64 > limit * c.present() as f64,
        Storage::Float64 | Storage::Boolean | Storage::DatetimeMs => false,
    })
}

fn is_named_like_id(name: &str) -> bool {
    let lower = name.to_lowercase();
    let ends = ["_id", " id", "-id", "uuid", "guid"].iter().any(|end| lower.ends_with(end));
    lower == "id"
        || ends
        || lower.starts_with("id_")
        || name.ends_with("Id")
        || (name.ends_with("ID") && name.len() > 2)
}

fn distinct(cx: &Context, c: &Column<'_>) -> Result<u64, Stop> {
    let profiled = cx.input.profile.filter(|p| p.rows == c.rows());
    if let Some(column) = profiled.and_then(|p| p.columns.iter().find(|column| column.name == c.name())) {
        return Ok(column.distinct);
    }
    let mut hashes = Vec::new();
    cx.table.pieces(c.index, |_, cells| {
        cx.io.progress("Looking for identifiers", None)?;
        for_each_cell(cells, |_, hash| {
            if !is_missing_hash(hash) {
                hashes.push(hash);
            }
        });
        Ok(())
    })?;
    hashes.sort_unstable();
    hashes.dedup();
    Ok(hashes.len() as u64)
}
