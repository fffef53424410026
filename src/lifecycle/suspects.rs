//! Labels that look wrong, row by row: what is listed can be dropped (`quarantine`) or corrected (`label`).

use crate::data::checks::{self, CheckInput};
use crate::domain::ids::VersionId;
use crate::domain::io::{JobIo, Part};
use crate::domain::suspects::LabelProblems;
use crate::store::{Workspace, datasets};

use super::StageError;
use super::resolve::{open, require_present};

/// Reads the whole table; nothing is stored.
pub fn label_problems(
    workspace: &Workspace,
    id: VersionId,
    target: &str,
    io: &dyn JobIo,
) -> Result<LabelProblems, StageError> {
    let version = workspace.read(|conn| datasets::version(conn, id))?;
    if version.schema.column(target).is_none() {
        return Err(StageError::usage(
            format!("{} has no column `{target}`", version.label()),
            format!("Its columns are {}", version.schema.names().collect::<Vec<_>>().join(", ")),
        ));
    }
    require_present(workspace, &version)?;
    io.progress("Reading", Some(0.0))?;
    let opened = open(workspace, &version)?;
    let input = CheckInput { target: Some(target), ..CheckInput::over(opened.table()) };
    Ok(checks::label_problems(&input, &Part { io, from: 0.1, to: 1.0 })?)
}
