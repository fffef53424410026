//! What each command prints: a JSON document whose fields scripts rely on, and text for people.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::data::table::format_datetime;
use crate::domain::catalogue::CatalogueEntry;
use crate::domain::dataset::DatasetVersion;
use crate::domain::drift::StoredDrift;
use crate::domain::finding::{CheckReport, CheckResult, CheckRun, Severity};
use crate::domain::profile::TableProfile;
use crate::domain::request::{DemoOutcome, ExportOutcome, ImportOutcome, ScoreOutcome, VerifyOutcome};
use crate::domain::schema::{ColumnKind, Storage};
use crate::domain::words::{bytes, counted};

mod training;
pub mod versions;

pub use training::{comparison, run_json, run_rows, runs, split, split_check_json, split_check_text, splits, train};

pub struct Report {
    pub json: Value,
    pub text: String,
    /// Exit code 3.
    pub said_no: bool,
}

impl Report {
    pub fn new(json: Value, text: String) -> Self {
        Self { json, text, said_no: false }
    }

    /// One report as it is; several under a key.
    pub fn join(mut reports: Vec<Self>, key: &str) -> Self {
        if reports.len() == 1 {
            return reports.remove(0);
        }
        let text = reports.iter().map(|r| r.text.as_str()).collect();
        let all: Vec<Value> = reports.into_iter().map(|r| r.json).collect();
        Self::new(json!({ key: all }), text)
    }
}

/// Columns padded to their widest cell; numbers are the caller's business.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = header.iter().map(|h| h.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut padded = String::new();
        for (cell, width) in cells.zip(&widths) {
            let _ = write!(padded, "{cell:<width$}  ");
        }
        text.push_str(padded.trim_end());
        text.push('\n');
    };
    line(&mut header.iter().copied());
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
    text
}

pub fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |v| format!("{v:.4}"))
}

pub fn import(outcome: &ImportOutcome) -> Report {
    let v = &outcome.version;
    let columns: Vec<Value> = v
        .schema
        .columns
        .iter()
        .map(|c| json!({ "name": c.name, "kind": c.kind, "missing": c.missing, "distinct": c.distinct, "notes": c.notes }))
        .collect();
    let json = json!({
        "dataset": v.dataset, "version": v.version, "rows": v.rows, "columns": columns,
        "hash": v.source_hash, "new": outcome.new, "read": v.read, "warnings": outcome.warnings,
    });
    let mut text = if outcome.new {
        format!(
            "Imported {}: {}, {}\n",
            v.label(),
            counted(v.rows, "row", "rows"),
            counted(v.schema.columns.len() as u64, "column", "columns")
        )
    } else {
        format!("{} already holds these bytes: no new version\n", v.label())
    };
    let rows: Vec<Vec<String>> = v
        .schema
        .columns
        .iter()
        .map(|c| {
            vec![
                c.name.clone(),
                c.kind.as_str().to_owned(),
                c.missing.to_string(),
                c.distinct.to_string(),
                c.notes.join("; "),
            ]
        })
        .collect();
    text.push_str(&table(&["column", "kind", "missing", "distinct", "notes"], &rows));
    Report::new(json, text)
}

/// `entries` say what is known of each dataset, `deleted` among it.
pub fn datasets(all: &versions::Versions, entries: &[CatalogueEntry]) -> Report {
    let entry = |v: &DatasetVersion| entries.iter().find(|e| e.id == v.dataset_id);
    let document = |v: &DatasetVersion| {
        let mut line = all.json(v);
        let personal = v.schema.columns.iter().filter_map(|c| Some(json!({ "column": c.name, "kind": c.personal? })));
        line["source_path"] = json!(v.provenance.source_path);
        line["source_bytes"] = json!(v.source_bytes);
        line["personal"] = json!(personal.collect::<Vec<_>>());
        if let Some(e) = entry(v) {
            line["owner"] = json!(e.said.owner);
            line["description"] = json!(e.said.description);
            line["dataset_tags"] = json!(e.said.tags);
            line["sensitivity"] = json!(e.said.sensitivity);
            line["used_by"] = json!(e.used_by);
            line["watched"] = json!(e.watched);
            line["offered"] = json!(e.offered);
            line["deleted"] = json!(e.deleted.contains(&v.id));
        }
        line
    };
    let row = |v: &DatasetVersion| {
        let said = entry(v).map_or_else(String::new, |e| {
            let deleted = if e.deleted.contains(&v.id) { "deleted " } else { "" };
            let sensitivity = e.said.sensitivity.map_or("", crate::domain::catalogue::Sensitivity::as_str);
            format!("{deleted}{sensitivity} {}", e.said.owner).trim().to_owned()
        });
        let columns = v.schema.columns.len().to_string();
        vec![v.label(), v.rows.to_string(), columns, v.source_hash.short().to_owned(), said]
    };
    let documents: Vec<Value> = all.versions.iter().map(document).collect();
    let rows: Vec<Vec<String>> = all.versions.iter().map(row).collect();
    Report::new(json!({ "datasets": documents }), table(&["dataset", "rows", "columns", "hash", ""], &rows))
}

pub fn profile(version: &DatasetVersion, profile: &TableProfile) -> Report {
    let rows: Vec<Vec<String>> = profile
        .columns
        .iter()
        .map(|c| {
            let of = |f: fn(&crate::domain::profile::NumberSummary) -> f64| {
                let value = c.numbers.as_ref().map(f);
                match value {
                    Some(ms) if c.storage == Storage::DatetimeMs => format_datetime(ms as i64),
                    _ => number(value),
                }
            };
            let top = c.top.first().map_or_else(String::new, |(value, count)| format!("{value} ({count})"));
            vec![
                c.name.clone(),
                c.kind.as_str().to_owned(),
                c.missing.to_string(),
                c.distinct.to_string(),
                of(|n| n.min),
                of(|n| n.mean),
                of(|n| n.max),
                top,
            ]
        })
        .collect();
    let text = table(&["column", "kind", "missing", "distinct", "min", "mean", "max", "most frequent"], &rows);
    let json = json!({
        "dataset": version.dataset, "version": version.version, "rows": profile.rows, "columns": profile.columns,
    });
    Report::new(json, text)
}

/// The checks that could not run, each with the reason.
fn skipped(report: &CheckReport) -> Vec<Value> {
    let reason = |c: &CheckResult| c.skipped.as_ref().map(|why| json!({ "code": c.code, "reason": why }));
    report.checks.iter().filter_map(reason).collect()
}

pub fn check(run: &CheckRun) -> Report {
    let report = &run.report;
    let findings = report.findings();
    let ran = report.checks.iter().filter(|c| c.skipped.is_none());
    // What is only worth knowing breaks nothing.
    let held = ran.clone().filter(|c| c.findings.iter().all(|f| f.severity == Severity::Info)).count();
    let mut text = format!(
        "{} of {} checks hold on {}{}\n",
        held,
        ran.count(),
        run.dataset,
        run.against_label.as_ref().map_or_else(String::new, |l| format!(" against {l}"))
    );
    for f in &findings {
        let _ = writeln!(text, "{:<8} {:<22} {}", f.severity.as_str(), f.code, f.message);
    }
    text.push_str(if report.passed { "Passed\n" } else { "Failed: at least one error\n" });
    let json = json!({
        "passed": report.passed, "findings": findings, "skipped": skipped(report),
        "check_run": run.id, "dataset": run.dataset, "against": run.against_label, "target": run.target,
    });
    Report { said_no: !report.passed, ..Report::new(json, text) }
}

/// `set`: the workspace's own memory budget in bytes.
pub fn settings(set: Option<u64>, default: u64) -> Report {
    let text = match set {
        Some(n) => format!("memory-budget  {}\n", bytes(n)),
        None => format!("memory-budget  default, now {}\n", bytes(default)),
    };
    Report::new(json!({ "memory_budget_bytes": set, "default_memory_budget_bytes": default }), text)
}

/// One column's line of a drift report.
pub struct DriftRow<'a> {
    pub drifted: bool,
    pub column: &'a str,
    pub kind: ColumnKind,
    pub compared_by: &'a str,
    pub numbers: [Option<f64>; 3],
    pub note: Option<&'a str>,
}

/// `by`: what `compared_by` and the three numbers are called.
pub fn drift_table<'a>(by: [&str; 4], columns: impl Iterator<Item = DriftRow<'a>>) -> String {
    let rows: Vec<Vec<String>> = columns
        .map(|c| {
            let start = [if c.drifted { "drift" } else { "ok" }, c.column, c.kind.as_str(), c.compared_by];
            let mut row: Vec<String> = start.map(str::to_owned).to_vec();
            row.extend(c.numbers.map(number));
            row.push(c.note.unwrap_or_default().to_owned());
            row
        })
        .collect();
    table(&[&["", "column", "kind"], &by[..], &["note"]].concat(), &rows)
}

pub fn drift(stored: &StoredDrift) -> Report {
    let report = &stored.report;
    let mut text = drift_table(
        ["test", "statistic", "p", "limit"],
        report.columns.iter().map(|c| DriftRow {
            drifted: c.drifted,
            column: &c.column,
            kind: c.kind,
            compared_by: c.test.map_or("–", |t| t.as_str()),
            numbers: [c.statistic, c.p_value, c.threshold],
            note: c.note.as_deref(),
        }),
    );
    let drifted = report.columns.iter().filter(|c| c.drifted).count();
    let _ = writeln!(
        text,
        "{drifted} of {} columns drifted · dataset drift: {}",
        report.columns.iter().filter(|c| c.test.is_some()).count(),
        if report.dataset_drift { "yes" } else { "no" }
    );
    let columns: Vec<Value> = report
        .columns
        .iter()
        .map(|c| {
            json!({
                "column": c.column, "kind": c.kind, "test": c.test, "statistic": c.statistic, "p_value": c.p_value,
                "threshold": c.threshold, "drifted": c.drifted, "missing": c.missing, "note": c.note,
            })
        })
        .collect();
    let json = json!({
        "columns": columns, "drifted_share": report.drifted_share, "dataset_drift": report.dataset_drift,
        "share_threshold": report.share_threshold, "reference": stored.reference, "current": stored.current,
        "only_reference": report.only_reference, "only_current": report.only_current, "drift_report": stored.id,
    });
    Report::new(json, text)
}

pub fn export(outcome: &ExportOutcome) -> Report {
    let b = &outcome.bundle;
    let mut text = format!(
        "Exported run {} to {} ({} bytes)\n{} golden rows differ by at most {:.1e}\n",
        b.run_id,
        outcome.path.display(),
        b.bytes,
        b.golden_rows,
        b.golden_max_abs_diff
    );
    for file in &b.files {
        let _ = writeln!(text, "{:>10}  {}  {}", file.bytes, file.sha256.short(), file.name);
    }
    let json = json!({
        "bundle": outcome.path, "sha256": b.sha256, "golden_max_abs_diff": b.golden_max_abs_diff,
        "golden_rows": b.golden_rows, "bytes": b.bytes, "run": b.run_id, "files": b.files,
    });
    Report::new(json, text)
}

pub fn score(outcome: &ScoreOutcome) -> Report {
    let mut text = format!("Scored {} into {}\n", counted(outcome.rows, "row", "rows"), outcome.output.display());
    for warning in &outcome.warnings {
        let _ = writeln!(text, "{warning}");
    }
    Report::new(json!(outcome), text)
}

pub fn verify(outcome: &VerifyOutcome) -> Report {
    let mut text = format!("{} checked, {} damaged\n", outcome.checked, outcome.damaged.len());
    for line in &outcome.damaged {
        let _ = writeln!(text, "{line}");
    }
    Report { said_no: !outcome.ok, ..Report::new(json!(outcome), text) }
}

pub fn demo(outcome: &DemoOutcome) -> Report {
    let mut text = String::new();
    for stage in &outcome.stages {
        let _ = writeln!(text, "{:<8} {}\n         → {}", stage.stage, stage.result, stage.next);
    }
    let _ = writeln!(text, "\nOpen it: modelwright --workspace {}", outcome.workspace.display());
    Report::new(json!(outcome), text)
}
