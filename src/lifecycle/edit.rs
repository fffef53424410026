//! Small changes to the records, each with an entry in the activity log in the same transaction.

use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::edit::{Edit, EditOutcome};
use crate::domain::ids::{BranchId, DatasetId, GroupId, TagId, VersionId};
use crate::domain::schema::ColumnKind;
use crate::domain::words::bytes;
use crate::store::{StoreError, Tx, Workspace, activity, branches, datasets, groups, settings, tags};

use super::revert::{self, log};
use super::{StageError, budget, gates, label, quarantine, recipe, sign_off, storage, suite, watch};

pub fn edit(workspace: &Workspace, edit: &Edit) -> Result<EditOutcome, StageError> {
    edit_past(workspace, edit, None)
}

/// The same with a reason to let it past red gates.
fn edit_past(workspace: &Workspace, edit: &Edit, reason: Option<&str>) -> Result<EditOutcome, StageError> {
    // What others will take for good: a name that leads to a version.
    match edit {
        Edit::MoveBranch { head, .. } => {
            gates::before_merging(workspace, *head, reason)?;
            gates::before_publishing(workspace, *head, reason)?;
        }
        Edit::AddTag { version, .. } => gates::before_publishing(workspace, *version, reason)?,
        Edit::Revert { version, .. } => {
            gates::before_merging(workspace, *version, reason)?;
            gates::before_publishing(workspace, *version, reason)?;
        }
        _ => {}
    }
    match edit {
        Edit::SetNote { version, note } => write(workspace, |tx| set_note(tx, *version, note)),
        Edit::CreateBranch { dataset, name, head } => write(workspace, |tx| create_branch(tx, *dataset, name, *head)),
        Edit::MoveBranch { branch, head } => write(workspace, |tx| move_branch(tx, *branch, *head)),
        Edit::RenameBranch { branch, name } => write(workspace, |tx| rename_branch(tx, *branch, name)),
        Edit::HideBranch { branch, hidden } => write(workspace, |tx| hide_branch(tx, *branch, *hidden)),
        Edit::AddTag { version, name } => write(workspace, |tx| add_tag(tx, *version, name)),
        Edit::HideTag { tag, hidden } => write(workspace, |tx| hide_tag(tx, *tag, *hidden)),
        Edit::Revert { version, note } => make(workspace, |tx| revert(tx, *version, note)),
        Edit::SetKind { version, column, kind } => set_kind(workspace, *version, column, *kind, reason),
        Edit::SetMemoryBudget { bytes } => write(workspace, |tx| set_memory_budget(tx, *bytes)),
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
        Edit::DropLabels { version, column } => label::drop_session(workspace, *version, column),
        Edit::ResumeLabels(session) => label::resume_session(workspace, *session),
        Edit::KeepRecipe { name, recipe } => recipe::templates::keep(workspace, name, recipe.as_deref()),
        Edit::SaveSuite { dataset, suite, note } => suite::save(workspace, *dataset, suite, note),
        Edit::AcceptFinding { version, finding } => suite::accept(workspace, *version, finding),
        Edit::AddGate { act, needs, dataset } => gates::add(workspace, *act, needs, *dataset),
        Edit::HideGate { gate, hidden } => gates::hide(workspace, *gate, *hidden),
        Edit::SignOff { version, answers } => sign_off::sign(workspace, *version, answers),
        Edit::Publish { version } => quarantine::publish(workspace, *version, reason),
        Edit::Overriding { reason, edit } => edit_past(workspace, edit, Some(reason)),
        Edit::CloseGroup { group, closed } => write(workspace, |tx| close_group(tx, *group, *closed)),
    }
}

/// What was done, and the edit that takes it back.
type Done = Result<(String, Edit), StoreError>;

/// An edit whose record and log entry are one transaction.
fn write(workspace: &Workspace, change: impl FnOnce(&Tx) -> Done) -> Result<EditOutcome, StageError> {
    let (said, undo) = workspace.write(change)?;
    Ok(EditOutcome { said, undo: Some(undo), made: None })
}

/// An edit that makes a version.
fn make(
    workspace: &Workspace,
    change: impl FnOnce(&Tx) -> Result<(VersionId, String, Edit), StoreError>,
) -> Result<EditOutcome, StageError> {
    let (made, said, undo) = workspace.write(change)?;
    Ok(EditOutcome { said, undo: Some(undo), made: Some(made) })
}

fn set_note(tx: &Tx, version: VersionId, note: &str) -> Done {
    let before = datasets::version(tx, version)?;
    datasets::set_note(tx, version, note)?;
    log(tx, "noted", &before, format!("The note of {} is now “{note}”", before.label()))?;
    let undo = Edit::SetNote { version, note: before.provenance.note.clone() };
    Ok((format!("Noted on {}", before.label()), undo))
}

fn create_branch(tx: &Tx, dataset: DatasetId, name: &str, head: VersionId) -> Done {
    let branch = branches::create(tx, dataset, name, head)?;
    let said = say(tx, "branched", head, |label| format!("Branch {name} leads to {label}"))?;
    Ok((said, Edit::HideBranch { branch: branch.id, hidden: true }))
}

fn move_branch(tx: &Tx, branch: BranchId, head: VersionId) -> Done {
    let before = branches::get(tx, branch)?;
    branches::set_head(tx, branch, head)?;
    let said = say(tx, "moved a branch of", head, |label| format!("Branch {} leads to {label} now", before.name))?;
    Ok((said, Edit::MoveBranch { branch, head: before.head }))
}

fn rename_branch(tx: &Tx, branch: BranchId, name: &str) -> Done {
    let before = branches::get(tx, branch)?;
    branches::rename(tx, branch, name)?;
    let words = |_: &str| format!("Branch {} is called {name} now", before.name);
    let said = say(tx, "renamed a branch of", before.head, words)?;
    Ok((said, Edit::RenameBranch { branch, name: before.name }))
}

fn hide_branch(tx: &Tx, branch: BranchId, hidden: bool) -> Done {
    let before = branches::get(tx, branch)?;
    branches::hide(tx, branch, hidden)?;
    let (action, word) =
        if hidden { ("removed a branch of", "Removed") } else { ("restored a branch of", "Brought back") };
    let said = say(tx, action, before.head, |_| format!("{word} branch {}; its versions stay", before.name))?;
    Ok((said, Edit::HideBranch { branch, hidden: !hidden }))
}

fn add_tag(tx: &Tx, version: VersionId, name: &str) -> Done {
    let tag = tags::add(tx, version, name)?;
    let said = say(tx, "tagged", version, |label| format!("Tagged {label} as {name}"))?;
    Ok((said, Edit::HideTag { tag: tag.id, hidden: true }))
}

fn hide_tag(tx: &Tx, tag: TagId, hidden: bool) -> Done {
    let before = tags::get(tx, tag)?;
    tags::hide(tx, tag, hidden)?;
    let (action, word) = if hidden { ("untagged", "Removed") } else { ("tagged", "Brought back") };
    let said = say(tx, action, before.version, |label| format!("{word} tag {} of {label}", before.name))?;
    Ok((said, Edit::HideTag { tag, hidden: !hidden }))
}

fn revert(tx: &Tx, version: VersionId, note: &str) -> Result<(VersionId, String, Edit), StoreError> {
    let (new, before) = revert::revert(tx, version, note)?;
    let undo = Edit::Revert { version: before.id, note: String::new() };
    let said = format!("{} holds what {} held", new.label(), datasets::version(tx, version)?.label());
    Ok((new.id, said, undo))
}

fn set_kind(
    workspace: &Workspace,
    version: VersionId,
    column: &str,
    kind: ColumnKind,
    reason: Option<&str>,
) -> Result<EditOutcome, StageError> {
    let (new, was) = revert::set_kind(workspace, version, column, kind, reason)?;
    let said = format!("{column} is {} in {}", kind.as_str(), new.label());
    let undo = Edit::SetKind { version: new.id, column: column.to_owned(), kind: was };
    Ok(EditOutcome { said, undo: Some(undo), made: Some(new.id) })
}

fn set_memory_budget(tx: &Tx, budget: Option<u64>) -> Done {
    let before = settings::get::<Option<u64>>(tx, budget::SETTING)?.flatten();
    settings::set(tx, budget::SETTING, &budget)?;
    let said = match budget {
        Some(n) => format!("A table may now take {} of memory", bytes(n)),
        None => "A table may now take half of the free memory".to_owned(),
    };
    let event = NewEvent {
        action: "set".to_owned(),
        object_kind: ObjectKind::Workspace,
        object: "memory budget".to_owned(),
        summary: said.clone(),
    };
    activity::append(tx, &event)?;
    Ok((said, Edit::SetMemoryBudget { bytes: before }))
}

fn close_group(tx: &Tx, group: GroupId, closed: bool) -> Done {
    let target = groups::get(tx, group)?.request.target().to_owned();
    if closed {
        groups::end(tx, group)?;
    } else {
        groups::reopen(tx, group)?;
    }
    let said = match closed {
        true => format!("The rest of training {group} for {target} is left undone"),
        false => format!("Training {group} for {target} can be gone on with"),
    };
    let event = NewEvent {
        action: "closed".to_owned(),
        object_kind: ObjectKind::Workspace,
        object: format!("training {group}"),
        summary: said.clone(),
    };
    activity::append(tx, &event)?;
    Ok((said, Edit::CloseGroup { group, closed: !closed }))
}

/// Logs what happened to a version, and repeats it.
fn say(tx: &Tx, action: &str, version: VersionId, words: impl FnOnce(&str) -> String) -> Result<String, StoreError> {
    let version = datasets::version(tx, version)?;
    let said = words(&version.label());
    log(tx, action, &version, said.clone())?;
    Ok(said)
}
