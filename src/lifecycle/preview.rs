//! What an import would do with a file: nothing is written, and the user's file is only read.

use std::path::Path;

use crate::data::read;
use crate::domain::dataset::{ReadDraft, SourceFormat};
use crate::domain::io::JobIo;
use crate::domain::preview::ImportPreview;
use crate::domain::words::file_name;
use crate::store::Workspace;

use super::{StageError, budget, remember};

/// The first rows of the source at `path` as an import with `draft` would read them.
///
/// `use_remembered`: with what was changed about this source before, where the draft fixes nothing.
pub fn preview(
    workspace: Option<&Workspace>,
    path: &Path,
    draft: &ReadDraft,
    rows: u32,
    use_remembered: bool,
    io: &dyn JobIo,
) -> Result<ImportPreview, StageError> {
    let before = match workspace {
        Some(workspace) if use_remembered => remember::recall(workspace, path)?,
        _ => None,
    };
    let remembered = before.is_some();
    let draft = draft.clone().or(before.unwrap_or_default());
    let mut preview = read::preview::preview(path, &file_name(path), &draft, rows as usize, io)?;
    preview.remembered = remembered;
    preview.size.budget_bytes = match workspace {
        Some(workspace) => budget::of(workspace)?,
        None => budget::default(),
    };
    if preview.options.format == SourceFormat::Sqlite && has_log_beside(path) {
        let note = "the database is in use: changes in its write-ahead log are not included; close its program first";
        preview.notes.push(note.to_owned());
    }
    Ok(preview)
}

/// A write-ahead log with something in it.
fn has_log_beside(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|m| m.len() > 0)
}
