//! Ingest: a file becomes a dataset version.
//!
//! The bytes are copied and hashed first, and only the copy is parsed: a file that changes while it is read can
//! neither tear the table nor be mistaken for another. The user's file is never touched.

use std::path::Path;

use crate::data::{parquet, profile, read};
use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::dataset::{DatasetVersion, Origin, Provenance, ReadDraft};
use crate::domain::io::{JobIo, Part};
use crate::domain::preview::ImportPreview;
use crate::domain::request::{ImportOutcome, ImportRequest};
use crate::domain::words::file_name;
use crate::store::datasets::{self, NewVersion};
use crate::store::{Staged, StoreError, Tx, Workspace, activity};

use super::StageError;

/// Longest name a dataset may have, in characters.
const MAX_NAME: usize = 100;

/// A source that was read, before anything is recorded.
pub(super) enum Prepared {
    /// These bytes are a version already.
    Known(Box<DatasetVersion>),
    /// Its objects are stored.
    New(Box<NewVersion>),
}

pub fn ingest(workspace: &Workspace, request: &ImportRequest, io: &dyn JobIo) -> Result<ImportOutcome, StageError> {
    ingest_as(workspace, request, Origin::Import, io)
}

/// The same for a source that is read for another reason.
pub(super) fn ingest_as(
    workspace: &Workspace,
    request: &ImportRequest,
    origin: Origin,
    io: &dyn JobIo,
) -> Result<ImportOutcome, StageError> {
    dataset_name(request.name.as_deref(), &file_name(&request.path))?;
    let copy = workspace.stage_file(&request.path, &Part { io, from: 0.0, to: 0.15 })?;
    match prepare(workspace, request, origin, copy, io)? {
        Prepared::Known(version) => Ok(ImportOutcome { version: *version, new: false, warnings: Vec::new() }),
        Prepared::New(new) => {
            let warnings = new.provenance.warnings.clone();
            let version = workspace.write(|tx| {
                let version = datasets::insert_version(tx, &new)?;
                told(tx, &version)?;
                Ok(version)
            })?;
            io.recorded();
            Ok(ImportOutcome { version, new: true, warnings })
        }
    }
}

/// Parses a copy and stores its objects.
pub(super) fn prepare(
    workspace: &Workspace,
    request: &ImportRequest,
    origin: Origin,
    copy: Staged,
    io: &dyn JobIo,
) -> Result<Prepared, StageError> {
    let source_name = file_name(&request.path);
    let name = dataset_name(request.name.as_deref(), &source_name)?;
    if let Some(version) = workspace.read(|conn| datasets::by_source(conn, &name, &copy.hash))? {
        // Damaged objects are replaced by the right bytes.
        workspace.keep(copy)?;
        return Ok(Prepared::Known(Box::new(version)));
    }
    io.progress("Looking at the file", Some(0.15))?;
    let options = request.read.apply(read::sniff(copy.path(), &source_name)?);
    let (table, warnings) = read::load(copy.path(), &source_name, &options, &Part { io, from: 0.15, to: 0.7 })?;
    let temp = workspace.temp_path()?;
    parquet::write(&table, &temp, &Part { io, from: 0.7, to: 0.85 })?;
    let profile = profile::profile(&table, &Part { io, from: 0.85, to: 0.98 })?;
    io.progress("Saving", Some(0.98))?;
    // Only now that nothing can refuse the file: a refused one leaves nothing behind.
    let source = workspace.keep(copy)?;
    let table_hash = workspace.adopt(temp)?;

    Ok(Prepared::New(Box::new(NewVersion {
        dataset: name,
        rows: table.n_rows as u64,
        schema: table.schema,
        source_hash: source.hash,
        table_hash,
        source_name,
        source_bytes: source.bytes,
        read: options,
        profile,
        provenance: Provenance {
            note: request.note.clone(),
            author: activity::account(),
            source_path: Some(request.path.clone()),
            warnings,
            origin,
            ..Provenance::default()
        },
    })))
}

/// The activity entry of a version that was read from a source.
fn told(tx: &Tx, version: &DatasetVersion) -> Result<(), StoreError> {
    let (rows, columns) = (version.rows, version.schema.columns.len());
    let event = NewEvent {
        action: if version.provenance.origin == Origin::Refresh { "refreshed" } else { "imported" }.to_owned(),
        object_kind: ObjectKind::Dataset,
        object: version.label(),
        summary: format!("{rows} rows and {columns} columns from {}", version.source_name),
    };
    activity::append(tx, &event).map(drop)
}

/// How the file would be read, by its first rows.
pub fn preview(
    _workspace: &Workspace,
    path: &Path,
    draft: &ReadDraft,
    rows: u32,
    io: &dyn JobIo,
) -> Result<ImportPreview, StageError> {
    Ok(read::preview(path, &file_name(path), draft, rows as usize, io)?)
}

/// A label, never a path: control characters and separators are refused rather than repaired.
pub(super) fn dataset_name(asked: Option<&str>, source_name: &str) -> Result<String, StageError> {
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
