//! Verify: is everything still what it was when it was saved?

use std::path::Path;

use crate::bundle;
use crate::domain::io::JobIo;
use crate::domain::request::VerifyOutcome;
use crate::store::{StoreError, Workspace};

use super::{StageError, look};

/// Every record and every object of the workspace in `root`. A history too damaged to be opened is damage found, not a
/// verification that failed.
pub fn workspace_in(root: &Path, io: &dyn JobIo) -> Result<VerifyOutcome, StageError> {
    match Workspace::open_existing(root) {
        Ok(found) => {
            look::tidy(&found);
            workspace(&found, io)
        }
        Err(StoreError::Damaged { what, problem }) => {
            Ok(VerifyOutcome { ok: false, checked: 1, damaged: vec![format!("{what}: {problem}")] })
        }
        Err(other) => Err(other.into()),
    }
}

/// Every record and every object of a workspace.
pub fn workspace(workspace: &Workspace, io: &dyn JobIo) -> Result<VerifyOutcome, StageError> {
    let report = workspace.verify(io)?;
    let damaged = report.damaged.iter().map(|d| format!("{}: {}", d.what, d.problem)).collect();
    Ok(VerifyOutcome { ok: report.ok, checked: report.checked, damaged })
}

/// Every file of a bundle, and its golden rows scored again.
pub fn bundle(path: &Path) -> Result<VerifyOutcome, StageError> {
    let report = bundle::verify(path)?;
    Ok(VerifyOutcome { ok: report.ok, checked: report.checked, damaged: report.damaged })
}
