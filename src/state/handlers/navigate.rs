//! Where we are and what is in focus.

use std::collections::BTreeSet;

use crate::domain::ids::{BundleId, CheckRunId, DriftId, RunId, VersionId};
use crate::state::command::Page;
use crate::state::effect::Effect;
use crate::state::{AppState, Open};

use super::{load_profile, load_run, questions};

pub fn go_to(state: &mut AppState, page: Page) -> Vec<Effect> {
    state.page = page;
    state.settings.page = page;
    state.open = Open::default();
    Vec::new()
}

pub fn focus_version(state: &mut AppState, id: VersionId) -> Vec<Effect> {
    if state.focus.version != Some(id) {
        state.focus.version = Some(id);
        state.focus.column = None;
    }
    let latest = state.history.value().and_then(|h| h.latest_check(id)).map(|c| c.id);
    state.focus.check_run = latest;
    state.table(id);
    load_profile(state, id)
}

pub fn focus_run(state: &mut AppState, id: RunId) -> Vec<Effect> {
    state.focus.run = Some(id);
    load_run(state, id)
}

pub fn focus_column(state: &mut AppState, column: Option<String>) -> Vec<Effect> {
    state.focus.column = column;
    Vec::new()
}

pub fn show_check_run(state: &mut AppState, id: CheckRunId) -> Vec<Effect> {
    let version = state.history.value().and_then(|h| h.check_run(id)).map(|c| c.version_id);
    let effects = version.map_or_else(Vec::new, |version| focus_version(state, version));
    state.focus.check_run = Some(id);
    go_to(state, Page::Checks);
    effects
}

pub fn show_drift(state: &mut AppState, id: DriftId) -> Vec<Effect> {
    state.focus.drift = Some(id);
    go_to(state, Page::Monitor)
}

pub fn show_bundle(state: &mut AppState, id: BundleId) -> Vec<Effect> {
    state.focus.bundle = Some(id);
    go_to(state, Page::Ship)
}

/// Rows are found by their number, so the table is shown plain: unsorted and unfiltered.
pub fn show_rows(state: &mut AppState, version: VersionId, column: Option<String>, rows: &[u64]) -> Vec<Effect> {
    let mut effects = focus_version(state, version);
    let known = state.history.value().and_then(|h| h.version(version));
    let plain_rows = known.map_or(0, |v| v.rows);
    let at = column.as_deref().and_then(|name| known?.schema.names().position(|other| other == name));
    state.focus.column = column;
    go_to(state, Page::Data);
    if let Some(table) = state.table(version) {
        table.marked = rows.iter().filter_map(|r| r.checked_sub(1)).collect::<BTreeSet<u64>>();
        table.marked_column = at;
        if table.query != Default::default() || table.pending.is_some() {
            effects.extend(table.set_query(Default::default(), plain_rows));
        }
        if let Some(first) = table.marked.first().copied() {
            table.move_to(first, at);
        }
    }
    effects
}

pub fn label_rows(state: &mut AppState, version: Option<VersionId>) -> Vec<Effect> {
    state.labelling = version;
    let Some(version) = version else { return Vec::new() };
    go_to(state, Page::Data);
    focus_version(state, version)
}

pub fn toggle(state: &mut AppState, which: fn(&mut Open) -> &mut bool) -> Vec<Effect> {
    let was = *which(&mut state.open);
    state.open = Open::default();
    *which(&mut state.open) = !was;
    Vec::new()
}

pub fn toggle_problems(state: &mut AppState) -> Vec<Effect> {
    state.notifications.unread = 0;
    toggle(state, |open| &mut open.problems)
}

pub fn dismiss_all(state: &mut AppState) -> Vec<Effect> {
    if state.open.anything() {
        state.open = Open::default();
    } else if let Some(panel) = state.import.take() {
        return questions::stop(state, panel.question());
    } else {
        state.notifications.toasts.clear();
    }
    Vec::new()
}
