//! What a user changed about the reading of a source is used again for that source, and said.

use std::path::Path;

use crate::domain::dataset::{Origin, ReadDraft};
use crate::domain::io::JobIo;
use crate::domain::request::{ImportOutcome, ImportRequest};
use crate::store::{Workspace, remembered};

use super::{StageError, ingest};

/// Imports with what is remembered about the source, where the request fixes nothing, and remembers what it fixes if
/// asked to.
pub fn ingest(workspace: &Workspace, request: &ImportRequest, io: &dyn JobIo) -> Result<ImportOutcome, StageError> {
    ingest_past(workspace, request, None, io)
}

/// The same with a reason to let it past red gates.
pub fn ingest_past(
    workspace: &Workspace,
    request: &ImportRequest,
    reason: Option<&str>,
    io: &dyn JobIo,
) -> Result<ImportOutcome, StageError> {
    let before = if request.forget { None } else { recall(workspace, &request.path)? };
    let used = before.is_some();
    let request = ImportRequest { read: request.read.clone().or(before.unwrap_or_default()), ..request.clone() };
    let mut outcome = ingest::ingest_as(workspace, &request, Origin::Import, reason, io)?;
    if used {
        let warning = "read as remembered for this source; --forget, or the import panel, guesses anew";
        outcome.warnings.push(warning.to_owned());
    }
    if request.remember || request.forget {
        let draft = if request.remember { request.read.clone() } else { ReadDraft::default() };
        workspace.write(|tx| remembered::remember(tx, &key(&request.path), &draft))?;
    }
    Ok(outcome)
}

/// What is remembered about the source.
pub fn recall(workspace: &Workspace, path: &Path) -> Result<Option<ReadDraft>, StageError> {
    Ok(workspace.read(|conn| remembered::recall(conn, &key(path)))?)
}

/// A source by its absolute path; a pattern by its folder and itself.
fn key(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute.to_string_lossy().into_owned()
}
