//! Small changes to the records, each with an entry in the activity log in the same transaction.

use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::edit::{Edit, EditOutcome};
use crate::domain::words::bytes;
use crate::store::{Workspace, activity, datasets, settings};

use super::{StageError, budget};

pub fn edit(workspace: &Workspace, edit: &Edit) -> Result<EditOutcome, StageError> {
    Ok(workspace.write(|tx| match edit {
        Edit::SetNote { version, note } => {
            let before = datasets::version(tx, *version)?;
            datasets::set_note(tx, *version, note)?;
            let event = NewEvent {
                action: "noted".to_owned(),
                object_kind: ObjectKind::Dataset,
                object: before.label(),
                summary: format!("The note of {} is now “{note}”", before.label()),
            };
            activity::append(tx, &event)?;
            let undo = Edit::SetNote { version: *version, note: before.provenance.note.clone() };
            Ok(EditOutcome { said: format!("Noted on {}", before.label()), undo: Some(undo) })
        }
        Edit::SetMemoryBudget { bytes: budget } => {
            let before = settings::get::<Option<u64>>(tx, budget::SETTING)?.flatten();
            settings::set(tx, budget::SETTING, budget)?;
            let said = match budget {
                Some(n) => format!("A table may now take {} of memory", bytes(*n)),
                None => "A table may now take half of the free memory".to_owned(),
            };
            let event = NewEvent {
                action: "set".to_owned(),
                object_kind: ObjectKind::Workspace,
                object: "memory budget".to_owned(),
                summary: said.clone(),
            };
            activity::append(tx, &event)?;
            Ok(EditOutcome { said, undo: Some(Edit::SetMemoryBudget { bytes: before }) })
        }
    })?)
}
