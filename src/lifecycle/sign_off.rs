//! Signing a version off: four answers that no check can give, stored with the version.

use crate::domain::edit::EditOutcome;
use crate::domain::ids::VersionId;
use crate::domain::sign_off::{Answers, SignOff};
use crate::store::{Workspace, datasets, sign_offs};

use super::StageError;
use super::revert::log;

pub fn sign(workspace: &Workspace, version: VersionId, answers: &Answers) -> Result<EditOutcome, StageError> {
    let said = workspace.write(|tx| {
        let version = datasets::version(tx, version)?;
        let signed = sign_offs::sign(tx, version.id, answers)?;
        let verdict = match signed.answers.not_yes().len() {
            0 => "four times yes".to_owned(),
            1 => "one of four answers is not yes".to_owned(),
            n => format!("{n} of four answers are not yes"),
        };
        let said = format!("Signed {} off: {verdict}", version.label());
        log(tx, "signed off", &version, said.clone())?;
        Ok(said)
    })?;
    Ok(EditOutcome { said, undo: None, made: None })
}

/// Newest first.
pub fn of_version(workspace: &Workspace, version: VersionId) -> Result<Vec<SignOff>, StageError> {
    Ok(workspace.read(|conn| sign_offs::of_version(conn, version))?)
}
