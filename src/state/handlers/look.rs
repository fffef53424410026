//! Looking at rows, comparing runs, closing toasts.

use std::ops::Range;

use crate::domain::ids::{DatasetId, RunId, VersionId};
use crate::domain::table::{FindRequest, TableQuery};
use crate::state::AppState;
use crate::state::effect::Effect;
use crate::state::format::count;
use crate::state::notification::{Note, NoteTone};
use crate::state::settings::ColumnLayout;
use crate::state::table::{MOST_COPIED, TableState};

use super::load_run;

pub fn set_query(state: &mut AppState, version: VersionId, query: TableQuery) -> Vec<Effect> {
    let Some(rows) = state.history.value().and_then(|h| h.version(version)).map(|v| v.rows) else { return Vec::new() };
    state.table(version).map_or_else(Vec::new, |table| {
        table.marked.clear();
        table.set_query(query, rows)
    })
}

pub fn need_rows(state: &mut AppState, version: VersionId, first: u64, count: u64, columns: &[usize]) -> Vec<Effect> {
    state.table(version).map_or_else(Vec::new, |table| {
        if table.failed.is_some() {
            table.retry();
        }
        table.need(first, count, columns)
    })
}

pub fn go_to_row(state: &mut AppState, version: VersionId, row: u64) -> Vec<Effect> {
    if let Some(table) = state.table(version) {
        let last = table.n_rows.value().copied().unwrap_or_default().saturating_sub(1);
        table.move_to(row.saturating_sub(1).min(last), None);
    }
    Vec::new()
}

pub fn find(state: &mut AppState, version: VersionId, request: FindRequest) -> Vec<Effect> {
    state.table(version).map_or_else(Vec::new, |table| table.look_for(request))
}

pub fn end_find(state: &mut AppState, version: VersionId) -> Vec<Effect> {
    state.table(version).map_or_else(Vec::new, TableState::end_find)
}

pub fn stop(state: &mut AppState, version: VersionId) -> Vec<Effect> {
    state.table(version).map_or_else(Vec::new, TableState::stop)
}

/// Copies at most [`MOST_COPIED`] cells, in whole rows, and says so when there were more.
pub fn copy_cells(
    state: &mut AppState,
    version: VersionId,
    rows: Range<u64>,
    columns: Vec<usize>,
    header: bool,
    now_ms: i64,
) -> Vec<Effect> {
    let Some(query) = state.tables.get(&version).map(|table| table.query.clone()) else { return Vec::new() };
    let most = (MOST_COPIED / columns.len().max(1) as u64).max(1);
    let wanted = rows.end.saturating_sub(rows.start);
    if wanted > most {
        let text = format!("Copying the first {} of {} rows", count(most), count(wanted));
        let mut note = Note::new(NoteTone::Warning, text);
        note.details = format!("A copy takes at most {} cells", count(MOST_COPIED));
        state.tell(note, now_ms);
    }
    vec![Effect::CopyCells { version, query, rows: rows.start..rows.start + wanted.min(most), columns, header }]
}

pub fn arrange(state: &mut AppState, dataset: DatasetId, layout: ColumnLayout) -> Vec<Effect> {
    state.settings.arrange(state.workspace.value().map(|w| w.path.as_path()), dataset, layout);
    vec![Effect::SaveSettings(state.settings.clone())]
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
