//! Restore: a version becomes a file again, as it was imported or in another form; and the rows that were set aside.
//!
//! Everything is written beside its place and gets its name when it is complete and its hash is right.

use std::io::Write;
use std::path::{Component, Path, PathBuf};

use crate::data::csv::{self, CsvForm};
use crate::data::parquet;
use crate::data::table::Cells;
use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::dataset::{DatasetVersion, SourceFile};
use crate::domain::ids::{ContentHash, VersionId};
use crate::domain::io::{JobIo, Part};
use crate::domain::question::{RejectedRow, RejectsPage};
use crate::domain::request::{RestoreForm, RestoreOutcome, RestoreRequest};
use crate::domain::schema::Storage;
use crate::domain::words::file_name;
use crate::store::{Draft, Workspace, activity, datasets};

use super::StageError;
use super::resolve::{check_place, resolve};

/// The columns of a table of rejected rows.
const REJECTS: [(&str, Storage); 3] =
    [("line", Storage::Int64), ("reason", Storage::String), ("text", Storage::String)];

pub fn restore(workspace: &Workspace, request: &RestoreRequest, io: &dyn JobIo) -> Result<RestoreOutcome, StageError> {
    let version = resolve(workspace, &request.data, &Part { io, from: 0.0, to: 0.05 })?;
    let rest = Part { io, from: 0.05, to: 1.0 };
    let folder = request.form == RestoreForm::Source && !version.provenance.files.is_empty();
    let mut done = RestoreOutcome {
        path: request.out.clone(),
        form: request.form,
        bytes: 0,
        rows: None,
        files: 1,
        guarded_cells: 0,
        version,
    };
    if folder {
        done.files = done.version.provenance.files.len() as u64;
        done.bytes = restore_folder(workspace, &done.version.provenance.files, request, &rest)?;
    } else {
        check_place(&request.out)?;
        if request.out.exists() && !request.overwrite {
            return Err(taken(&request.out));
        }
        restore_file(workspace, request, &mut done, &rest)?;
    }
    let event = NewEvent {
        action: "restored".to_owned(),
        object_kind: ObjectKind::Dataset,
        object: done.version.label(),
        summary: format!("{} to {}, {} bytes", request.form.title(), file_name(&request.out), done.bytes),
    };
    workspace.write(|tx| activity::append(tx, &event))?;
    io.recorded();
    Ok(done)
}

fn restore_file(
    workspace: &Workspace,
    request: &RestoreRequest,
    done: &mut RestoreOutcome,
    io: &dyn JobIo,
) -> Result<(), StageError> {
    let version = &done.version;
    let mut draft = Counted { draft: Draft::at(&request.out)?, bytes: 0 };
    let form = if request.form == RestoreForm::CsvSpreadsheet { CsvForm::Spreadsheet } else { CsvForm::Exact };
    match request.form {
        RestoreForm::Source => {
            workspace.copy_object(&version.source_hash, &mut draft, io)?;
        }
        RestoreForm::Parquet => {
            workspace.copy_object(&version.table_hash, &mut draft, io)?;
            done.rows = Some(version.rows);
        }
        RestoreForm::Csv | RestoreForm::CsvSpreadsheet => {
            let path = workspace.verified_object(&version.table_hash)?;
            let written = csv::write(&path, &version.schema, form, &mut draft, io)?;
            done.rows = Some(written.rows);
            done.guarded_cells = written.guarded;
        }
        RestoreForm::Rejected => {
            let file = rejects_file(workspace, version)?.ok_or_else(|| nothing_rejected(version))?;
            let columns = REJECTS.map(|(name, storage)| (name.to_owned(), storage));
            done.rows = Some(csv::write_file(&file, &columns, CsvForm::Exact, &mut draft, io)?.rows);
        }
    }
    done.bytes = draft.bytes;
    if draft.draft.finish(request.overwrite)? { Ok(()) } else { Err(taken(&request.out)) }
}

/// The files of a folder, into a folder. With `overwrite` they replace files of their names; others stay.
fn restore_folder(
    workspace: &Workspace,
    files: &[SourceFile],
    request: &RestoreRequest,
    io: &dyn JobIo,
) -> Result<u64, StageError> {
    let out = &request.out;
    let occupied = std::fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some());
    if (occupied && !request.overwrite) || out.is_file() {
        return Err(taken(out));
    }
    let places = files.iter().map(|file| place_in(out, &file.name)).collect::<Result<Vec<PathBuf>, StageError>>()?;
    let mut bytes = 0;
    for (at, (file, place)) in files.iter().zip(&places).enumerate() {
        if let Some(folder) = place.parent() {
            let failed = |source| StageError::File { path: folder.display().to_string(), source };
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let n = files.len() as f64;
        let part = Part { io, from: at as f64 / n, to: (at + 1) as f64 / n };
        let mut draft = Draft::at(place)?;
        bytes += workspace.copy_object(&file.hash, &mut draft, &part)?;
        if !draft.finish(request.overwrite)? {
            return Err(taken(place));
        }
    }
    Ok(bytes)
}

/// A name that leads out of the folder is none of ours.
fn place_in(folder: &Path, name: &str) -> Result<PathBuf, StageError> {
    let relative = Path::new(name);
    let plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
    if plain && !name.is_empty() {
        return Ok(folder.join(relative));
    }
    Err(StageError::usage(
        format!("a file of this version is called `{}`, which leads out of the folder", name.escape_debug()),
        "Restore it as Parquet or CSV instead",
    ))
}

fn taken(path: &Path) -> StageError {
    StageError::usage(
        format!("there is something at {} already", path.display()),
        "Choose another name, or replace it with --force",
    )
}

/// Some of the rows that were set aside.
pub fn rejects(workspace: &Workspace, id: VersionId, first: u64, count: u64) -> Result<RejectsPage, StageError> {
    let version = workspace.read(|conn| datasets::version(conn, id))?;
    let mut page = RejectsPage { total: 0, first, rows: Vec::new() };
    let Some(file) = rejects_file(workspace, &version)? else { return Ok(page) };
    page.total = file.n_rows;
    let end = first.saturating_add(count).min(file.n_rows);
    for group in 0..file.row_starts.len() - 1 {
        let (start, stop) = (file.row_starts[group], file.row_starts[group + 1]);
        let (from, to) = (first.max(start), end.min(stop));
        if from >= to {
            continue;
        }
        let rows = (from - start) as usize..(to - start) as usize;
        let cells = |column: usize| file.cells(group, column, rows.clone(), REJECTS[column].1);
        let (lines, reasons, texts): (Cells, Cells, Cells) = (cells(0)?, cells(1)?, cells(2)?);
        for row in 0..rows.len() {
            page.rows.push(RejectedRow {
                line: lines.number(row).max(0.0) as u64,
                reason: reasons.text(row).unwrap_or_default(),
                text: texts.text(row).unwrap_or_default(),
            });
        }
    }
    Ok(page)
}

/// `None` when nothing was set aside. Errors when the table is not the three columns it should be.
fn rejects_file(workspace: &Workspace, version: &DatasetVersion) -> Result<Option<parquet::File>, StageError> {
    let Some(hash): Option<&ContentHash> = version.provenance.rejects_hash.as_ref() else { return Ok(None) };
    let path = workspace.verified_object(hash)?;
    let file = parquet::File::open(&path, &format!("the rejected rows of {}", version.label()))?;
    let known = file.has_columns(&REJECTS);
    if known { Ok(Some(file)) } else { Err(unknown_rejects(version)) }
}

fn unknown_rejects(version: &DatasetVersion) -> StageError {
    StageError::usage(
        format!("the rejected rows of {} are in a form this program does not know", version.label()),
        "Open the workspace with the program that imported the version",
    )
}

fn nothing_rejected(version: &DatasetVersion) -> StageError {
    StageError::usage(
        format!("no row of {} was set aside", version.label()),
        "Rows are set aside when a file is imported with that choice for malformed rows",
    )
}

/// Counts what goes into the file.
struct Counted {
    draft: Draft,
    bytes: u64,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let n = self.draft.write(bytes)?;
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.draft.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stay_in_their_folder() {
        let folder = Path::new("/out");
        assert_eq!(place_in(folder, "a/b.csv").unwrap(), Path::new("/out/a/b.csv"));
        for bad in ["", "../x", "/etc/passwd", "a/../../x"] {
            assert!(place_in(folder, bad).is_err(), "{bad}");
        }
    }
}
