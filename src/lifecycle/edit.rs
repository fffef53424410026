//! Small changes to the records, each with an entry in the activity log in the same transaction.

use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::edit::{Edit, EditOutcome};
use crate::store::{Workspace, activity, datasets};

use super::StageError;

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
    })?)
}
