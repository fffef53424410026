//! Watching: files that appear or change become versions, each exactly once.
//!
//! A look at a place is two listings a second apart; `domain::watch` decides on them. Whatever becomes of a file is
//! recorded in the transaction of its version, so that a kill at any moment neither loses a file nor takes one twice.

mod append;
mod collect;
mod listing;

use std::fs;
use std::path::{Path, PathBuf};

use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::dataset::{Origin, ReadDraft, ReadOptions};
use crate::domain::edit::{Edit, EditOutcome};
use crate::domain::ids::WatchId;
use crate::domain::io::JobIo;
use crate::domain::request::{DataRef, ImportOutcome, ImportRequest};
use crate::domain::watch::{WatchKind, WatchPolicy, WatchView, anything_new};
use crate::domain::words::file_name;
use crate::store::{Workspace, activity, datasets, watches};

use super::{StageError, ingest, resolve};

pub use collect::collect;
use listing::listing;

/// Reads a dataset's source again; a version only if it changed. `reason` lets it past red gates.
pub fn refresh(
    workspace: &Workspace,
    data: &DataRef,
    reason: Option<&str>,
    io: &dyn JobIo,
) -> Result<ImportOutcome, StageError> {
    let version = resolve::find(workspace, data, io)?;
    let versions = workspace.read(datasets::all)?;
    let mut of_dataset = versions.iter().filter(|v| v.dataset_id == version.dataset_id).rev();
    let found = of_dataset.find(|v| v.provenance.source_path.is_some()).unwrap_or(&version);
    let Some(path) = found.provenance.source_path.clone() else {
        return Err(StageError::usage(
            format!("{} was imported before sources were remembered", version.dataset),
            format!("Import the file again: modelwright import FILE --name {}", version.dataset),
        ));
    };
    if fs::symlink_metadata(&path).is_err() {
        return Err(StageError::usage(
            format!("the source of {} is not there any more: {}", version.dataset, path.display()),
            "Bring it back, or import it from its new place under the same name",
        ));
    }
    let read = as_before(&found.read);
    let request = ImportRequest { name: Some(version.dataset.clone()), read, ..ImportRequest::of(path) };
    ingest::ingest_as(workspace, &request, Origin::Refresh, reason, io)
}

/// Whatever was fixed then; what was guessed is guessed anew.
fn as_before(read: &ReadOptions) -> ReadDraft {
    ReadDraft {
        part: read.part.clone(),
        source_column: read.source_column.clone(),
        columns: read.columns.clone(),
        bad_rows: Some(read.bad_rows),
        ..ReadDraft::default()
    }
}

/// Is there anything in a watched place that was not decided on? Cheap: nothing is opened.
pub fn anything_to_collect(workspace: &Workspace) -> Result<bool, StageError> {
    for watch in workspace.read(watches::all)? {
        let known = workspace.read(|conn| watches::known(conn, watch.id, true))?;
        if listing(&watch).is_some_and(|entries| anything_new(&entries, &known)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The folders to listen at: watched ones, and those of watched files.
pub fn folders(workspace: &Workspace) -> Result<Vec<PathBuf>, StageError> {
    let watches = workspace.read(watches::all)?;
    let mut folders: Vec<PathBuf> = watches
        .into_iter()
        .filter_map(|watch| match watch.kind {
            WatchKind::Folder => Some(watch.path),
            WatchKind::Source => watch.path.parent().map(Path::to_owned),
        })
        .collect();
    folders.sort();
    folders.dedup();
    Ok(folders)
}

/// How every watch stands.
pub fn views(workspace: &Workspace) -> Result<Vec<WatchView>, StageError> {
    Ok(workspace.read(|conn| watches::views(conn, |watch| listing(watch).is_some()))?)
}

pub fn add(
    workspace: &Workspace,
    kind: WatchKind,
    path: &Path,
    dataset: &str,
    policy: WatchPolicy,
) -> Result<EditOutcome, StageError> {
    let name = ingest::dataset_name(Some(dataset), "")?;
    let path =
        std::path::absolute(path).map_err(|source| StageError::File { path: path.display().to_string(), source })?;
    let meta = fs::symlink_metadata(&path).map_err(|e| {
        StageError::usage(format!("{} cannot be watched: {e}", path.display()), "Name a file or folder that is there")
    })?;
    let fits = match kind {
        WatchKind::Source => meta.is_file(),
        WatchKind::Folder => meta.is_dir(),
    };
    if !fits {
        return Err(StageError::usage(
            format!("{} cannot be watched: it is neither a file nor a folder", path.display()),
            "Links are not followed: name the file or folder itself",
        ));
    }
    fits_kind(kind, policy, &path)?;
    if path.starts_with(workspace.root()) || workspace.root().starts_with(&path) && kind == WatchKind::Folder {
        return Err(StageError::usage(
            "the workspace cannot watch itself",
            "Choose a folder outside of the workspace's",
        ));
    }
    Ok(workspace.write(|tx| {
        let id = watches::add(tx, kind, &path, &name, policy)?;
        let summary = format!("Watching {} for {name} ({})", path.display(), policy.as_str());
        activity::append(tx, &event("watching", &name, &summary))?;
        let undo = Edit::HideWatch { watch: id, hidden: true };
        Ok(EditOutcome { said: format!("Watching {} for {name}", file_name(&path)), undo: Some(undo), made: None })
    })?)
}

pub fn set_policy(workspace: &Workspace, id: WatchId, policy: WatchPolicy) -> Result<EditOutcome, StageError> {
    let before = workspace.read(|conn| watches::get(conn, id))?;
    fits_kind(before.kind, policy, &before.path)?;
    Ok(workspace.write(|tx| {
        watches::set_policy(tx, id, policy)?;
        let what = match policy {
            WatchPolicy::Offer => "are offered",
            WatchPolicy::Import => "become versions by themselves",
            WatchPolicy::Append => "are added to one dataset",
        };
        let summary = format!("Changes of {} {what}", before.path.display());
        activity::append(tx, &event("watching", &before.dataset, &summary))?;
        let undo = Edit::SetWatchPolicy { watch: id, policy: before.policy };
        Ok(EditOutcome { said: format!("Changes of {} {what}", file_name(&before.path)), undo: Some(undo), made: None })
    })?)
}

pub fn hide(workspace: &Workspace, id: WatchId, hidden: bool) -> Result<EditOutcome, StageError> {
    Ok(workspace.write(|tx| {
        let watch = watches::get(tx, id)?;
        watches::hide(tx, id, hidden)?;
        let verb = if hidden { "Stopped watching" } else { "Watching again" };
        activity::append(tx, &event("watching", &watch.dataset, &format!("{verb} {}", watch.path.display())))?;
        let undo = Edit::HideWatch { watch: id, hidden: !hidden };
        Ok(EditOutcome { said: format!("{verb} {}", file_name(&watch.path)), undo: Some(undo), made: None })
    })?)
}

fn fits_kind(kind: WatchKind, policy: WatchPolicy, path: &Path) -> Result<(), StageError> {
    if kind == WatchKind::Folder || policy != WatchPolicy::Append {
        return Ok(());
    }
    Err(StageError::usage(
        format!("{} is one file, and only the files of a folder can be added to one dataset", path.display()),
        "Watch its folder, or choose offer or import",
    ))
}

fn event(action: &str, dataset: &str, summary: &str) -> NewEvent {
    NewEvent {
        action: action.to_owned(),
        object_kind: ObjectKind::Dataset,
        object: dataset.to_owned(),
        summary: summary.to_owned(),
    }
}
