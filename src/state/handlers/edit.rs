//! Renaming and hiding, and taking it back. The lists change at once; the store follows.

use crate::domain::history::History;
use crate::domain::ids::{DatasetId, RunId};
use crate::domain::problem::Problem;
use crate::state::AppState;
use crate::state::command::Command;
use crate::state::drops::run_label;
use crate::state::effect::Effect;
use crate::state::loadable::Loadable;
use crate::state::notification::{Note, NoteTone};
use crate::state::undo::Edit;

pub fn rename_dataset(state: &mut AppState, id: DatasetId, name: &str, now_ms: i64) -> Vec<Effect> {
    let Some(from) = dataset_name(state, id) else { return Vec::new() };
    if name == from {
        return Vec::new();
    }
    if let Some(problem) = name_problem(state, id, name) {
        state.tell(Note::of_problem(&problem), now_ms);
        return Vec::new();
    }
    do_edit(state, Edit::RenameDataset { id, from, to: name.to_owned() }, now_ms)
}

pub fn hide_dataset(state: &mut AppState, id: DatasetId, now_ms: i64) -> Vec<Effect> {
    let Some(name) = dataset_name(state, id) else { return Vec::new() };
    do_edit(state, Edit::HideDataset { id, name }, now_ms)
}

pub fn hide_run(state: &mut AppState, id: RunId, now_ms: i64) -> Vec<Effect> {
    let label = run_label(state, id);
    do_edit(state, Edit::HideRun { id, label }, now_ms)
}

pub fn undo(state: &mut AppState, now_ms: i64) -> Vec<Effect> {
    let Some(edit) = state.undo.undo() else { return Vec::new() };
    if let Edit::RenameDataset { id, from, .. } = &edit {
        rename_in_lists(state, *id, from);
    }
    state.notifications.forget_offers(&Command::Undo);
    state.tell(Note::new(NoteTone::Info, edit.describe_undone()), now_ms);
    vec![edit.inverse_effect()]
}

pub fn redo(state: &mut AppState, now_ms: i64) -> Vec<Effect> {
    let Some(edit) = state.undo.redo() else { return Vec::new() };
    show_edit(state, &edit, now_ms);
    vec![edit.effect()]
}

fn do_edit(state: &mut AppState, edit: Edit, now_ms: i64) -> Vec<Effect> {
    state.undo.push(edit.clone());
    show_edit(state, &edit, now_ms);
    vec![edit.effect()]
}

fn show_edit(state: &mut AppState, edit: &Edit, now_ms: i64) {
    match edit {
        Edit::RenameDataset { id, to, .. } => rename_in_lists(state, *id, to),
        Edit::HideDataset { id, .. } => {
            edit_history(state, |h| h.versions.retain(|v| v.dataset_id != *id));
            refocus(state);
        }
        Edit::HideRun { id, .. } => {
            edit_history(state, |h| h.runs.retain(|r| r.id != *id));
            state.compare.remove(id);
            refocus(state);
        }
    }
    state.notifications.forget_offers(&Command::Undo);
    state.tell(Note::new(NoteTone::Info, edit.describe()).action("Undo", vec![Command::Undo]), now_ms);
}

fn rename_in_lists(state: &mut AppState, id: DatasetId, name: &str) {
    edit_history(state, |history| {
        for version in history.versions.iter_mut().filter(|v| v.dataset_id == id) {
            version.dataset = name.to_owned();
        }
    });
}

fn edit_history(state: &mut AppState, change: impl FnOnce(&mut History)) {
    if let Loadable::Ready(history) | Loadable::Loading { previous: Some(history) } = &mut state.history {
        change(history);
    }
}

/// Whatever is in focus must still be in the lists.
pub fn refocus(state: &mut AppState) {
    let Some(history) = state.history.value() else { return };
    let focus = &mut state.focus;
    focus.version = focus
        .version
        .filter(|id| history.version(*id).is_some())
        .or_else(|| history.versions.iter().max_by_key(|v| (v.created_at_ms, v.id)).map(|v| v.id));
    focus.run = focus
        .run
        .filter(|id| history.run(*id).is_some())
        .or_else(|| crate::domain::run::best_run(&history.runs).or_else(|| history.runs.first()).map(|r| r.id));
    focus.check_run = focus
        .check_run
        .filter(|id| history.check_run(*id).is_some())
        .or_else(|| focus.version.and_then(|v| history.latest_check(v)).map(|c| c.id));
    focus.drift =
        focus.drift.filter(|id| history.drift(*id).is_some()).or_else(|| history.drifts.first().map(|d| d.id));
    focus.bundle =
        focus.bundle.filter(|id| history.bundle(*id).is_some()).or_else(|| history.bundles.first().map(|b| b.id));
    let columns = focus.version.and_then(|v| history.version(v)).map(|v| &v.schema);
    focus.column = focus.column.take().filter(|name| columns.is_some_and(|s| s.column(name).is_some()));
    state.compare.retain(|id| history.run(*id).is_some());
}

fn dataset_name(state: &AppState, id: DatasetId) -> Option<String> {
    let version = state.history.value()?.versions.iter().find(|v| v.dataset_id == id)?;
    Some(version.dataset.clone())
}

fn name_problem(state: &AppState, id: DatasetId, name: &str) -> Option<Problem> {
    let summary = format!("Cannot rename to “{name}”");
    if name.is_empty() {
        return Some(Problem::usage("A dataset needs a name", "Type at least one letter"));
    }
    if name.contains(['@', '/', '\\']) {
        return Some(Problem::failed(summary, "", "Leave out @, / and \\: they mean versions and paths"));
    }
    let taken = state.history.value()?.versions.iter().any(|v| v.dataset_id != id && v.dataset == name);
    taken.then(|| Problem::failed(summary, "", "Another dataset has this name: choose a new one"))
}
