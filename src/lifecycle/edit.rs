//! Small changes to the records, each with an entry in the activity log in the same transaction.

use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::edit::{Edit, EditOutcome};
use crate::domain::ids::VersionId;
use crate::store::{Workspace, activity, datasets};

use super::{StageError, label, storage, watch};

pub fn edit(workspace: &Workspace, edit: &Edit) -> Result<EditOutcome, StageError> {
    match edit {
        Edit::SetNote { version, note } => set_note(workspace, *version, note),
        Edit::Describe { dataset, said } => storage::describe(workspace, *dataset, said),
        Edit::Delete(keys) => storage::delete(workspace, keys),
        Edit::RestoreBinned(ids) => storage::restore(workspace, ids),
        Edit::EmptyBin => storage::empty_bin(workspace),
        Edit::AddWatch { kind, path, dataset, policy } => watch::add(workspace, *kind, path, dataset, *policy),
        Edit::SetWatchPolicy { watch: id, policy } => watch::set_policy(workspace, *id, *policy),
        Edit::HideWatch { watch: id, hidden } => watch::hide(workspace, *id, *hidden),
        Edit::DraftLabel { version, column, row, label, note } => {
            label::draft(workspace, *version, column, *row, label.as_deref(), note)
        }
        Edit::DropLabels(session) => label::drop_session(workspace, *session),
    }
}

fn set_note(workspace: &Workspace, version: VersionId, note: &str) -> Result<EditOutcome, StageError> {
    Ok(workspace.write(|tx| {
        let before = datasets::version(tx, version)?;
        datasets::set_note(tx, version, note)?;
        let event = NewEvent {
            action: "noted".to_owned(),
            object_kind: ObjectKind::Dataset,
            object: before.label(),
            summary: format!("The note of {} is now “{note}”", before.label()),
        };
        activity::append(tx, &event)?;
        let undo = Edit::SetNote { version, note: before.provenance.note.clone() };
        Ok(EditOutcome { said: format!("Noted on {}", before.label()), undo: Some(undo) })
    })?)
}
