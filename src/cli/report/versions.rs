//! Versions: their lists, what differs between two, what was written back to files.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Report, number, table};
use crate::data::table::format_datetime;
use crate::domain::branch::{Branch, MAIN, VersionTag};
use crate::domain::dataset::DatasetVersion;
use crate::domain::diff::{ColumnDiff, DiffReport, KeySource};
use crate::domain::edit::EditOutcome;
use crate::domain::ids::VersionId;
use crate::domain::question::RejectsPage;
use crate::domain::request::RestoreOutcome;
use crate::domain::schema::ColumnKind;
use crate::domain::words::{counted, thousands};

/// All that a listing of versions needs.
pub struct Versions {
    pub versions: Vec<DatasetVersion>,
    pub branches: Vec<Branch>,
    pub tags: Vec<VersionTag>,
}

impl Versions {
    fn label(&self, id: VersionId) -> Option<String> {
        self.versions.iter().find(|v| v.id == id).map(DatasetVersion::label)
    }

    /// The branches that lead to a version; `main` without a record leads to the latest.
    fn branches_of(&self, version: &DatasetVersion) -> Vec<&str> {
        let ours = || self.branches.iter().filter(|b| b.dataset_id == version.dataset_id);
        let mut names: Vec<&str> = ours().filter(|b| b.head == version.id).map(|b| b.name.as_str()).collect();
        let latest = self.versions.iter().filter(|v| v.dataset_id == version.dataset_id).map(|v| v.version).max();
        if ours().all(|b| b.name != MAIN) && latest == Some(version.version) {
            names.insert(0, MAIN);
        }
        names
    }

    fn tags_of(&self, version: &DatasetVersion) -> Vec<&str> {
        self.tags.iter().filter(|t| t.version == version.id).map(|t| t.name.as_str()).collect()
    }

    /// The fields of a version in a listing.
    pub fn json(&self, v: &DatasetVersion) -> Value {
        let from = &v.provenance;
        json!({
            "dataset": v.dataset, "version": v.version, "rows": v.rows, "columns": v.schema.columns.len(),
            "hash": v.source_hash, "source": v.source_name, "created_at_ms": v.created_at_ms,
            "parent": from.parent.and_then(|id| self.label(id)), "origin": from.origin, "note": from.note,
            "author": from.author, "source_path": from.source_path, "rejected": from.rejected,
            "warnings": from.warnings, "branches": self.branches_of(v), "tags": self.tags_of(v),
        })
    }
}

/// One dataset's versions, newest first.
pub fn versions(all: &Versions, dataset: &str) -> Report {
    let shown: Vec<&DatasetVersion> = all.versions.iter().filter(|v| v.dataset == dataset).rev().collect();
    let rows: Vec<Vec<String>> = shown
        .iter()
        .map(|v| {
            let names: Vec<String> = all.branches_of(v).iter().map(|b| (*b).to_owned()).collect();
            let tags: Vec<String> = all.tags_of(v).iter().map(|t| format!("#{t}")).collect();
            vec![
                v.label(),
                v.rows.to_string(),
                v.provenance.origin.as_str().to_owned(),
                v.provenance.parent.and_then(|id| all.label(id)).unwrap_or_else(|| "–".to_owned()),
                [names, tags].concat().join(" "),
                v.provenance.author.clone(),
                v.provenance.note.clone(),
            ]
        })
        .collect();
    let text = table(&["version", "rows", "origin", "made from", "branches and #tags", "by", "note"], &rows);
    let json: Vec<Value> = shown.iter().map(|v| all.json(v)).collect();
    Report::new(json!({ "dataset": dataset, "versions": json }), text)
}

pub fn branches(all: &Versions, dataset: Option<&str>) -> Report {
    let mut rows = Vec::new();
    let mut documents = Vec::new();
    for version in all.versions.iter().filter(|v| dataset.is_none_or(|name| name == v.dataset)) {
        for name in all.branches_of(version) {
            rows.push(vec![version.dataset.clone(), name.to_owned(), version.label()]);
            documents.push(json!({ "dataset": version.dataset, "branch": name, "version": version.version }));
        }
    }
    Report::new(json!({ "branches": documents }), table(&["dataset", "branch", "leads to"], &rows))
}

pub fn tags(all: &Versions, dataset: Option<&str>) -> Report {
    let mut rows = Vec::new();
    let mut documents = Vec::new();
    for version in all.versions.iter().filter(|v| dataset.is_none_or(|name| name == v.dataset)) {
        for name in all.tags_of(version) {
            rows.push(vec![version.dataset.clone(), name.to_owned(), version.label()]);
            documents.push(json!({ "dataset": version.dataset, "tag": name, "version": version.version }));
        }
    }
    Report::new(json!({ "tags": documents }), table(&["dataset", "tag", "on"], &rows))
}

pub fn edited(outcome: &EditOutcome) -> Report {
    Report::new(json!({ "said": outcome.said, "undo": outcome.undo }), format!("{}\n", outcome.said))
}

/// A version that was made without new bytes.
pub fn made(all: &Versions, version: &DatasetVersion, said: &str) -> Report {
    let mut json = all.json(version);
    json["said"] = json!(said);
    Report::new(json, format!("{said}\n"))
}

pub fn restore(outcome: &RestoreOutcome) -> Report {
    let what = match outcome.rows {
        Some(rows) => counted(rows, "row", "rows"),
        None => counted(outcome.files, "file", "files"),
    };
    let mut text = format!(
        "Wrote {} of {} to {} ({} bytes)\n",
        what,
        outcome.version.label(),
        outcome.path.display(),
        thousands(outcome.bytes)
    );
    if outcome.guarded_cells > 0 {
        let cells = counted(outcome.guarded_cells, "cell", "cells");
        let _ = writeln!(text, "{cells} got an apostrophe, so that no spreadsheet takes them for formulas");
    }
    let json = json!({
        "dataset": outcome.version.dataset, "version": outcome.version.version, "path": outcome.path,
        "form": outcome.form.as_str(), "bytes": outcome.bytes, "rows": outcome.rows, "files": outcome.files,
        "guarded_cells": outcome.guarded_cells, "hash": outcome.version.source_hash,
    });
    Report::new(json, text)
}

pub fn rejected(version: &DatasetVersion, page: &RejectsPage) -> Report {
    let rows: Vec<Vec<String>> = page
        .rows
        .iter()
        .map(|row| vec![row.line.to_string(), row.reason.clone(), row.text.escape_debug().take(80).collect()])
        .collect();
    let mut text = format!("{} of {} set aside\n", counted(page.total, "row", "rows"), version.label());
    if !rows.is_empty() {
        text.push_str(&table(&["line", "reason", "text"], &rows));
    }
    let json = json!({
        "dataset": version.dataset, "version": version.version, "rejected": page.total, "first": page.first,
        "rows": page.rows,
    });
    Report::new(json, text)
}

/// Datetimes are counted in milliseconds.
fn mean(column: &ColumnDiff, side: usize) -> String {
    match column.mean[side] {
        Some(ms) if column.drift.kind == ColumnKind::Datetime => format_datetime(ms as i64),
        mean => number(mean),
    }
}

pub fn diff(report: &DiffReport) -> Report {
    let (rows, mut text) = (report.rows, format!("{} → {}\n", report.left.label, report.right.label));
    if report.equal {
        text.push_str("No difference\n");
    }
    for c in &report.schema.removed {
        let _ = writeln!(text, "- column {} ({})", c.column, c.kind.as_str());
    }
    for c in &report.schema.added {
        let _ = writeln!(text, "+ column {} ({})", c.column, c.kind.as_str());
    }
    for c in &report.schema.changed {
        let [old, new] = c.kind;
        let _ = writeln!(text, "~ column {}: {} → {}", c.column, old.as_str(), new.as_str());
    }
    if report.schema.reordered {
        text.push_str("~ columns stand in another order\n");
    }
    let key = match report.key.source {
        KeySource::Given => format!("by {}", report.key.columns.join(", ")),
        KeySource::Proposed => format!("by {} (proposed: unique on both sides)", report.key.columns.join(", ")),
        KeySource::WholeRows => "as whole rows".to_owned(),
    };
    let _ = writeln!(
        text,
        "Rows {key}: {} added, {} removed, {} changed, {} unchanged",
        thousands(rows.added),
        thousands(rows.removed),
        thousands(rows.changed),
        thousands(rows.unchanged)
    );
    for note in &report.notes {
        let _ = writeln!(text, "Careful: {note}");
    }
    let lines: Vec<Vec<String>> = report
        .columns
        .iter()
        .map(|c| {
            vec![
                c.column.clone(),
                if c.is_key { "key".to_owned() } else { thousands(c.changed_cells) },
                format!("{} → {}", thousands(c.missing[0]), thousands(c.missing[1])),
                format!("{} → {}", mean(c, 0), mean(c, 1)),
                c.drift.test.map_or("–", |t| t.as_str()).to_owned(),
                number(c.drift.statistic),
            ]
        })
        .collect();
    text.push_str(&table(&["column", "changed cells", "missing", "mean", "test", "statistic"], &lines));
    for example in report.examples.iter().take(10) {
        let key: Vec<&str> = example.key.iter().map(|k| k.as_deref().unwrap_or("(missing)")).collect();
        let cells: Vec<String> = example
            .cells
            .iter()
            .take(4)
            .map(|c| {
                let shown = |cell: &Option<String>| cell.as_deref().unwrap_or("(missing)").escape_debug().to_string();
                match example.change {
                    crate::domain::diff::RowChange::Changed => {
                        format!("{}: {} → {}", c.column, shown(&c.old), shown(&c.new))
                    }
                    crate::domain::diff::RowChange::Removed => format!("{}: {}", c.column, shown(&c.old)),
                    crate::domain::diff::RowChange::Added => format!("{}: {}", c.column, shown(&c.new)),
                }
            })
            .collect();
        let _ = writeln!(text, "{:<8} {} · {}", example.change.as_str(), key.join(", "), cells.join(", "));
    }
    Report::new(json!(report), text)
}
