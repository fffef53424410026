//! Monitor: has the data moved since the reference?

use crate::data::drift;
use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::drift::StoredDrift;
use crate::domain::io::{JobIo, Part};
use crate::domain::request::DriftRequest;
use crate::store::drift::NewDrift;
use crate::store::{Workspace, activity, drift as stored};

use super::StageError;
use super::resolve::{open, resolve};

pub fn drift(workspace: &Workspace, request: &DriftRequest, io: &dyn JobIo) -> Result<StoredDrift, StageError> {
    let reference = resolve(workspace, &request.reference, &Part { io, from: 0.0, to: 0.2 })?;
    let current = resolve(workspace, &request.current, &Part { io, from: 0.2, to: 0.4 })?;
    io.progress("Reading", Some(0.4))?;
    let (before, after) = (open(workspace, &reference)?, open(workspace, &current)?);
    let report = drift::compare(before.table(), after.table(), &Part { io, from: 0.5, to: 0.98 })?;

    let drifted = report.columns.iter().filter(|c| c.drifted).count();
    let compared = report.columns.iter().filter(|c| c.test.is_some()).count();
    let event = NewEvent {
        action: "compared".to_owned(),
        object_kind: ObjectKind::DriftReport,
        object: format!("{} → {}", reference.label(), current.label()),
        summary: format!("{drifted} of {compared} columns drifted"),
    };
    let new = NewDrift { reference_id: reference.id, current_id: current.id, report };
    let drift = workspace.write(|tx| {
        let drift = stored::insert(tx, &new)?;
        activity::append(tx, &event)?;
        Ok(drift)
    })?;
    io.recorded();
    Ok(drift)
}
