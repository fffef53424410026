//! Small changes to the records, each with an entry in the activity log in the same transaction.

use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::edit::{Edit, EditOutcome};
use crate::domain::ids::VersionId;
use crate::domain::words::bytes;
use crate::store::{StoreError, Tx, Workspace, activity, branches, datasets, settings, tags};

use super::revert::{self, log};
use super::{StageError, budget, label, storage, watch};

pub fn edit(workspace: &Workspace, edit: &Edit) -> Result<EditOutcome, StageError> {
    match edit {
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
        Edit::SetNote { .. }
        | Edit::CreateBranch { .. }
        | Edit::MoveBranch { .. }
        | Edit::RenameBranch { .. }
        | Edit::HideBranch { .. }
        | Edit::AddTag { .. }
        | Edit::HideTag { .. }
        | Edit::Revert { .. }
        | Edit::SetKind { .. }
        | Edit::SetMemoryBudget { .. } => Ok(workspace.write(|tx| apply(tx, edit))?),
    }
}

fn apply(tx: &Tx, edit: &Edit) -> Result<EditOutcome, StoreError> {
    let done = |said: String, undo: Edit| Ok(EditOutcome { said, undo: Some(undo) });
    match edit {
        Edit::SetNote { version, note } => {
            let before = datasets::version(tx, *version)?;
            datasets::set_note(tx, *version, note)?;
            log(tx, "noted", &before, format!("The note of {} is now “{note}”", before.label()))?;
            let undo = Edit::SetNote { version: *version, note: before.provenance.note.clone() };
            done(format!("Noted on {}", before.label()), undo)
        }
        Edit::CreateBranch { dataset, name, head } => {
            let branch = branches::create(tx, *dataset, name, *head)?;
            let said = say(tx, "branched", *head, |label| format!("Branch {name} leads to {label}"))?;
            done(said, Edit::HideBranch { branch: branch.id, hidden: true })
        }
        Edit::MoveBranch { branch, head } => {
            let before = branches::get(tx, *branch)?;
            branches::set_head(tx, *branch, *head)?;
            let said =
                say(tx, "moved a branch of", *head, |label| format!("Branch {} leads to {label} now", before.name))?;
            done(said, Edit::MoveBranch { branch: *branch, head: before.head })
        }
        Edit::RenameBranch { branch, name } => {
            let before = branches::get(tx, *branch)?;
            branches::rename(tx, *branch, name)?;
            let said = say(tx, "renamed a branch of", before.head, |_| {
                format!("Branch {} is called {name} now", before.name)
            })?;
            done(said, Edit::RenameBranch { branch: *branch, name: before.name })
        }
        Edit::HideBranch { branch, hidden } => {
            let before = branches::get(tx, *branch)?;
            branches::hide(tx, *branch, *hidden)?;
            let (action, word) =
                if *hidden { ("removed a branch of", "Removed") } else { ("restored a branch of", "Brought back") };
            let said = say(tx, action, before.head, |_| format!("{word} branch {}; its versions stay", before.name))?;
            done(said, Edit::HideBranch { branch: *branch, hidden: !hidden })
        }
        Edit::AddTag { version, name } => {
            let tag = tags::add(tx, *version, name)?;
            let said = say(tx, "tagged", *version, |label| format!("Tagged {label} as {name}"))?;
            done(said, Edit::HideTag { tag: tag.id, hidden: true })
        }
        Edit::HideTag { tag, hidden } => {
            let before = tags::get(tx, *tag)?;
            tags::hide(tx, *tag, *hidden)?;
            let (action, said) = if *hidden {
                ("untagged", format!("Removed tag {}", before.name))
            } else {
                ("tagged", format!("Brought back tag {}", before.name))
            };
            let said = say(tx, action, before.version, |label| format!("{said} of {label}"))?;
            done(said, Edit::HideTag { tag: *tag, hidden: !hidden })
        }
        Edit::Revert { version, note } => {
            let (new, before) = revert::revert(tx, *version, note)?;
            let undo = Edit::Revert { version: before.id, note: String::new() };
            done(format!("{} holds what {} held", new.label(), datasets::version(tx, *version)?.label()), undo)
        }
        Edit::SetKind { version, column, kind } => {
            let new = revert::set_kind(tx, *version, column, *kind)?;
            let said = format!("{column} is {} in {}", kind.as_str(), new.label());
            let was = datasets::version(tx, *version)?.schema.column(column).map_or(*kind, |c| c.kind);
            done(said, Edit::SetKind { version: new.id, column: column.clone(), kind: was })
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
            done(said, Edit::SetMemoryBudget { bytes: before })
        }
        other => {
            Err(StoreError::Invalid { what: format!("{other:?}"), problem: "it is no edit of versions".to_owned() })
        }
    }
}

/// Logs what happened to a version, and repeats it.
fn say(tx: &Tx, action: &str, version: VersionId, words: impl FnOnce(&str) -> String) -> Result<String, StoreError> {
    let version = datasets::version(tx, version)?;
    let said = words(&version.label());
    log(tx, action, &version, said.clone())?;
    Ok(said)
}
