//! Ingest: a file becomes a dataset version.
//!
//! The bytes are copied and hashed first, and only the copy is parsed: a file that changes while it is read can
//! neither tear the table nor be mistaken for another. The user's file is never touched.

use std::path::Path;

use crate::data::profile;
use crate::data::error::LoadError;
use crate::data::read::{self, ReadReport};
use crate::data::sink::{StoredRows, StoringSink};
use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::branch::{MAIN, name_problem};
use crate::domain::dataset::{Provenance, ReadDraft, ReadOptions};
use crate::domain::io::{JobIo, Part};
use crate::domain::profile::TableProfile;
use crate::domain::request::{ImportOutcome, ImportRequest};
use crate::domain::schema::{ColumnSchema, Schema};
use crate::domain::words::file_name;
use crate::store::datasets::{self, NewVersion};
use crate::store::{Workspace, activity};

use super::snapshot::{Snapshot, snapshot};
use super::{StageError, budget};

/// Longest name a dataset may have, in characters.
const MAX_NAME: usize = 100;

pub fn ingest(workspace: &Workspace, request: &ImportRequest, io: &dyn JobIo) -> Result<ImportOutcome, StageError> {
    let source_name = file_name(&request.path);
    let name = dataset_name(request.name.as_deref(), &source_name)?;
    check_branch(request.branch.as_deref())?;
    let copy = snapshot(workspace, &request.path, &Part { io, from: 0.0, to: 0.1 })?;
    io.progress("Looking at the file", Some(0.1))?;
    let same_bytes = workspace.read(|conn| datasets::by_source(conn, &name, &copy.hash))?;
    let guess_anew = request.forget || !request.read.is_empty();
    let options = match &same_bytes {
        // The same bytes lead to the same guesses.
        Some(version) if !guess_anew => version.read.clone(),
        _ => guess(&copy, &request.read)?,
    };
    if let Some(version) = same_bytes.filter(|version| version.read == options) {
        // Damaged objects are replaced by the right bytes.
        copy.keep(workspace)?;
        let warnings = super::revert::lead_to(workspace, request.branch.as_deref(), &version)?;
        return Ok(ImportOutcome { version, new: false, warnings });
    }
    let (table, rejects) = (workspace.temp_path()?, workspace.temp_path()?);
    let mut sink = StoringSink::new(&table, &rejects, budget::of(workspace)?);
    let report = read::stream(&copy.spec, &options, &Part { io, from: 0.1, to: 0.65 }, &mut sink)?;
    io.progress("Writing the table", Some(0.65))?;
    let stored = sink.finish()?;
    let (schema, profile) = describe(&report, &stored, &Part { io, from: 0.66, to: 0.97 })?;
    io.progress("Saving", Some(0.97))?;
    let (source_hash, source_bytes, files) = (copy.hash.clone(), copy.bytes, copy.files.clone());
    // Only now that nothing can refuse the file: a refused one leaves nothing behind.
    copy.keep(workspace)?;
    workspace.adopt_hashed(table, &stored.table_hash)?;
    if let Some(hash) = &stored.rejects_hash {
        workspace.adopt_hashed(rejects, hash)?;
    }
    let warnings = report.warnings;

    let new = NewVersion {
        dataset: name,
        rows: report.rows,
        schema,
        source_hash,
        table_hash: stored.table_hash,
        source_name,
        source_bytes,
        read: options,
        profile,
        provenance: Provenance {
            note: request.note.clone(),
            author: activity::account(),
            source_path: Some(request.path.clone()),
            files,
            rejected: report.bad_rows,
            rejects_hash: stored.rejects_hash,
            warnings: warnings.clone(),
            ..Provenance::default()
        },
    };
    let version = workspace.write(|tx| {
        let version = datasets::insert_version_on(tx, &new, request.branch.as_deref())?;
        activity::append(
            tx,
            &NewEvent {
                action: "imported".to_owned(),
                object_kind: ObjectKind::Dataset,
                object: version.label(),
                summary: format!(
                    "{} rows and {} columns from {}",
                    version.rows,
                    version.schema.columns.len(),
                    version.source_name
                ),
            },
        )?;
        Ok(version)
    })?;
    io.recorded();
    Ok(ImportOutcome { version, new: true, warnings })
}

/// How to read the source: the first of several files decides.
fn guess(copy: &Snapshot, draft: &ReadDraft) -> Result<ReadOptions, StageError> {
    let (name, path) = copy.spec.files.first().ok_or_else(|| LoadError::Empty { file: copy.spec.name.clone() })?;
    Ok(read::sniff_with(path, name, draft)?.options)
}

/// What the columns are and hold, by all rows: from memory when they are still there, otherwise from the stored table.
fn describe(report: &ReadReport, stored: &StoredRows, io: &dyn JobIo) -> Result<(Schema, TableProfile), StageError> {
    let studies = profile::study(stored.columns()?.as_ref(), io)?;
    let (mut schema, mut columns) = (Schema::default(), Vec::new());
    for (column, study) in report.columns.iter().zip(studies) {
        let described = ColumnSchema { personal: study.personal, ..column.schema(&study.facts) };
        columns.push(study.with_kind(described.kind).profile);
        schema.columns.push(described);
    }
    let profile = TableProfile { format_version: TableProfile::FORMAT_VERSION, rows: report.rows, columns };
    Ok((schema, profile))
}

fn check_branch(name: Option<&str>) -> Result<(), StageError> {
    match name.filter(|name| *name != MAIN).and_then(|name| name_problem(name).map(|problem| (name, problem))) {
        Some((name, problem)) => Err(StageError::usage(format!("`{name}` cannot be the name of a branch"), problem)),
        None => Ok(()),
    }
}

/// A label, never a path: control characters and separators are refused rather than repaired.
fn dataset_name(asked: Option<&str>, source_name: &str) -> Result<String, StageError> {
    let stem = || Path::new(source_name).file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    let name = asked.map_or_else(stem, str::to_owned);
    let name = name.trim();
    let bad = name.is_empty()
        || name.chars().count() > MAX_NAME
        || name.chars().any(|c| c.is_control() || matches!(c, '/' | '\\' | '@'));
    if !bad {
        return Ok(name.to_owned());
    }
    if asked.is_none() {
        // The file's own name is no wish: what does not fit in a name becomes a dash.
        let safe: String = name
            .chars()
            .map(|c| if c.is_control() || matches!(c, '/' | '\\' | '@') { '-' } else { c })
            .take(MAX_NAME)
            .collect();
        return Ok(if safe.is_empty() { "data".to_owned() } else { safe });
    }
    Err(StageError::usage(
        format!("`{name}` cannot be the name of a dataset"),
        "Use 1 to 100 characters without / \\ @ or control characters",
    ))
}

#[cfg(test)]
mod tests {
    use super::dataset_name;

    #[test]
    fn a_dataset_is_named_after_its_file() {
        assert_eq!(dataset_name(None, "churn-2026-01.csv").unwrap(), "churn-2026-01");
        assert_eq!(dataset_name(None, "a@b.csv").unwrap(), "a-b");
    }

    #[test]
    fn an_asked_name_is_refused_rather_than_changed() {
        assert!(dataset_name(Some("../x"), "a.csv").is_err());
        assert!(dataset_name(Some(" "), "a.csv").is_err());
        assert_eq!(dataset_name(Some("Kunden 2026"), "a.csv").unwrap(), "Kunden 2026");
    }
}
