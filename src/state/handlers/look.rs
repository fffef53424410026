//! Looking at rows, comparing runs, closing toasts.

use crate::domain::ids::{RunId, VersionId};
use crate::domain::table::TableQuery;
use crate::state::AppState;
use crate::state::effect::Effect;

use super::load_run;

pub fn set_query(state: &mut AppState, version: VersionId, query: TableQuery) -> Vec<Effect> {
    let Some(rows) = state.history.value().and_then(|h| h.version(version)).map(|v| v.rows) else { return Vec::new() };
    state.table(version).map_or_else(Vec::new, |table| {
        table.marked.clear();
        table.set_query(query, rows)
    })
}

pub fn need_rows(state: &mut AppState, version: VersionId, first: u64, count: u64) -> Vec<Effect> {
    state.table(version).map_or_else(Vec::new, |table| {
        if table.failed.is_some() {
            table.retry();
        }
        table.need(first, count)
    })
}

pub fn go_to_row(state: &mut AppState, version: VersionId, row: u64) -> Vec<Effect> {
    if let Some(table) = state.table(version) {
        let last = table.n_rows.value().copied().unwrap_or_default().saturating_sub(1);
        table.move_to(row.saturating_sub(1).min(last));
    }
    Vec::new()
}

pub fn toggle_compare(state: &mut AppState, id: RunId) -> Vec<Effect> {
    if state.compare.remove(&id) {
        return Vec::new();
    }
    state.compare.insert(id);
    load_run(state, id)
}

pub fn clear_compare(state: &mut AppState) -> Vec<Effect> {
    state.compare.clear();
    Vec::new()
}

pub fn dismiss_toast(state: &mut AppState, id: u64) -> Vec<Effect> {
    state.notifications.dismiss(id);
    Vec::new()
}

pub fn hold_toast(state: &mut AppState, id: u64, now_ms: i64) -> Vec<Effect> {
    state.notifications.hold(id, now_ms);
    Vec::new()
}

pub fn clear_problems(state: &mut AppState) -> Vec<Effect> {
    state.notifications.problems.clear();
    state.notifications.unread = 0;
    Vec::new()
}
