//! Validate: run the checks on a version, alone or against another.

use crate::data::checks::{self, CheckInput};
use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::finding::{CheckRun, Severity};
use crate::domain::io::{JobIo, Part};
use crate::domain::request::CheckRequest;
use crate::store::checks::NewCheckRun;
use crate::store::{Workspace, activity, checks as stored, datasets};

use super::StageError;
use super::resolve::{Opened, open, resolve};

pub fn check(workspace: &Workspace, request: &CheckRequest, io: &dyn JobIo) -> Result<CheckRun, StageError> {
    let version = resolve(workspace, &request.data, &Part { io, from: 0.0, to: 0.2 })?;
    let against = request.against.as_ref();
    let against = against.map(|data| resolve(workspace, data, &Part { io, from: 0.2, to: 0.3 })).transpose()?;
    if let Some(target) = &request.target
        && version.schema.column(target).is_none()
    {
        return Err(StageError::usage(
            format!("{} has no column `{target}`", version.label()),
            format!("Its columns are {}", version.schema.names().collect::<Vec<_>>().join(", ")),
        ));
    }
    io.progress("Reading", Some(0.3))?;
    let table = open(workspace, &version)?;
    let reference = against.as_ref().map(|v| open(workspace, v)).transpose()?;
    let profile = workspace.read(|conn| datasets::profile(conn, version.id))?;
    let input = CheckInput {
        profile: Some(&profile),
        reference: reference.as_ref().map(Opened::table),
        target: request.target.as_deref(),
        ..CheckInput::over(table.table())
    };
    let report = checks::run(&input, &Part { io, from: 0.4, to: 0.98 })?;

    let count = |severity| report.findings().iter().filter(|f| f.severity == severity).count();
    let summary = format!(
        "{} checks: {} errors, {} warnings{}",
        report.checks.iter().filter(|c| c.skipped.is_none()).count(),
        count(Severity::Error),
        count(Severity::Warning),
        against.as_ref().map_or_else(String::new, |v| format!(", against {}", v.label())),
    );
    let new = NewCheckRun {
        version_id: version.id,
        against: against.as_ref().map(|v| v.id),
        target: request.target.clone(),
        report,
    };
    let run = workspace.write(|tx| {
        let run = stored::insert(tx, &new)?;
        let event = NewEvent {
            action: "checked".to_owned(),
            object_kind: ObjectKind::CheckRun,
            object: version.label(),
            summary,
        };
        activity::append(tx, &event)?;
        Ok(run)
    })?;
    io.recorded();
    Ok(run)
}
