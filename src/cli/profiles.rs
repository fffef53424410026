//! The commands about columns: `profile`, `relations`, and `drift --from-profiles`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::domain::dataset::DatasetVersion;
use crate::domain::io::Silent;
use crate::domain::problem::Problem;
use crate::domain::profile::TableProfile;
use crate::domain::profile_drift::ProfileDrift;
use crate::domain::question::{Answer, Question};
use crate::domain::relations::{Relations, STRONG};
use crate::domain::request::{DataRef, ImportRequest, JobOutcome, JobRequest, ReportFormat, ReportRequest};
use crate::domain::words::thousands;
use crate::lifecycle::{look, report as stage, resolve};

use super::report::{self, DriftRow, Report, table};
use super::{absolute, data_ref, listing, mixed_up, work};

/// Pairs in the text for people; the JSON has all.
const PAIRS: usize = 40;

pub fn profile(root: &Path, data: &str, html: Option<PathBuf>, out: Option<PathBuf>) -> Result<Report, Problem> {
    let data = version_of(root, data)?;
    for (format, out) in [(ReportFormat::Html, html), (ReportFormat::Json, out)] {
        let Some(out) = out else { continue };
        let request = ReportRequest { data: data.clone(), format, out: absolute(&out)? };
        match work(root, JobRequest::Report(request))? {
            JobOutcome::Reported(outcome) => {
                eprintln!("Wrote {} ({} bytes)", outcome.path.display(), thousands(outcome.bytes));
            }
            _ => return Err(mixed_up()),
        }
    }
    listing(root, |ws| {
        let version = resolve::resolve(ws, &data, &Silent)?;
        let profile = stage::masked(look::profile(ws, version.id)?, &version.schema);
        Ok(report::profile(&version, &profile))
    })
}

pub fn relations(root: &Path, data: &str, all_rows: bool) -> Result<Report, Problem> {
    let data = version_of(root, data)?;
    let version = listing(root, |ws| resolve::resolve(ws, &data, &Silent))?;
    let question = Question::Relations { version: version.id, all_rows };
    match work(root, JobRequest::Ask(question))? {
        JobOutcome::Answered(answer) => match *answer {
            Answer::Relations(relations) => Ok(relations_report(&version, &relations)),
            _ => Err(mixed_up()),
        },
        _ => Err(mixed_up()),
    }
}

fn relations_report(version: &DatasetVersion, relations: &Relations) -> Report {
    let mut text = String::new();
    if relations.rows_used < relations.rows {
        let (used, all) = (thousands(relations.rows_used), thousands(relations.rows));
        let _ = writeln!(
            text,
            "From a sample of {used} of {all} rows (seed {}); --all-rows uses all of them",
            relations.seed
        );
    }
    let name = |i: u32| relations.columns[i as usize].name.clone();
    let rows: Vec<Vec<String>> = relations
        .strongest(false, PAIRS)
        .into_iter()
        .map(|(pair, value)| {
            let strong = if value.abs() > STRONG { "strong" } else { "" };
            vec![
                name(pair.x),
                name(pair.y),
                relations.measure(pair, false).title().to_owned(),
                format!("{value:.4}"),
                pair.spearman.map_or_else(String::new, |s| format!("{s:.4}")),
                thousands(pair.rows),
                strong.to_owned(),
            ]
        })
        .collect();
    text.push_str(&table(&["column", "column", "measure", "value", "spearman", "rows", ""], &rows));
    if relations.pairs.len() > PAIRS {
        let _ = writeln!(
            text,
            "The {PAIRS} strongest of {} pairs; --json has all",
            thousands(relations.pairs.len() as u64)
        );
    }
    for left in &relations.left_out {
        let _ = writeln!(text, "Without relations: {}: {}", left.name, left.reason);
    }
    let pairs: Vec<Value> = relations
        .pairs
        .iter()
        .map(|pair| {
            json!({
                "x": name(pair.x), "y": name(pair.y), "measure": relations.measure(pair, false), "value": pair.value,
                "spearman": pair.spearman, "rows": pair.rows,
            })
        })
        .collect();
    let json = json!({
        "dataset": version.dataset, "version": version.version, "rows": relations.rows,
        "rows_used": relations.rows_used, "seed": relations.seed, "columns": relations.columns,
        "left_out": relations.left_out, "pairs": pairs,
    });
    Report::new(json, text)
}

pub fn drift(root: &Path, reference: &str, current: &str) -> Result<Report, Problem> {
    let (reference_label, before) = profile_of(root, reference)?;
    let (current_label, now) = profile_of(root, current)?;
    Ok(drift_report(&reference_label, &current_label, &stage::drift(&before, &now)))
}

/// A side's name and profile: of a JSON file, or of a dataset.
fn profile_of(root: &Path, data: &str) -> Result<(String, TableProfile), Problem> {
    if let Some(profile) = stage::read_profile(Path::new(data)) {
        return Ok((data.to_owned(), profile));
    }
    let data = version_of(root, data)?;
    listing(root, |ws| {
        let version = resolve::resolve(ws, &data, &Silent)?;
        Ok((version.label(), look::profile(ws, version.id)?))
    })
}

fn drift_report(reference: &str, current: &str, drift: &ProfileDrift) -> Report {
    let mut text = report::drift_table(
        ["compared by", "jensen-shannon", "psi", "mean shift"],
        drift.columns.iter().map(|c| DriftRow {
            drifted: c.drifted,
            column: &c.column,
            kind: c.kind,
            compared_by: c.basis.title(),
            numbers: [c.jensen_shannon, c.psi, c.mean_shift],
            note: c.note.as_deref(),
        }),
    );
    let _ = writeln!(
        text,
        "{} of {} columns drifted (distance from {} on), judged by stored profiles",
        drift.columns.iter().filter(|c| c.drifted).count(),
        drift.columns.iter().filter(|c| c.jensen_shannon.is_some()).count(),
        drift.threshold
    );
    let mut json = json!(drift);
    json["reference"] = json!(reference);
    json["current"] = json!(current);
    Report::new(json, text)
}

/// A file is imported on the way.
fn version_of(root: &Path, data: &str) -> Result<DataRef, Problem> {
    match data_ref(data)? {
        DataRef::File(path) => match work(root, JobRequest::Import(ImportRequest::of(path)))? {
            JobOutcome::Imported(outcome) => Ok(DataRef::Version(outcome.version.id)),
            _ => Err(mixed_up()),
        },
        named => Ok(named),
    }
}
