//! Verify: is everything still what it was when it was saved?

use std::path::Path;

use crate::bundle;
use crate::domain::io::JobIo;
use crate::domain::request::VerifyOutcome;
use crate::store::Workspace;

use super::StageError;

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
