//! Opening and refreshing the workspace, settings, the end.

use std::path::PathBuf;

use crate::domain::problem::Problem;
use crate::state::effect::{Effect, WorkspaceInfo};
use crate::state::format::counted;
use crate::state::loadable::Loadable;
use crate::state::notification::Note;
use crate::state::settings::Settings;
use crate::state::undo::UndoLog;
use crate::state::{AppState, Focus, Open};

use super::work;

pub fn open(state: &mut AppState, path: PathBuf, now_ms: i64) -> Vec<Effect> {
    if !state.jobs.is_empty() {
        let jobs = counted(state.jobs.len() as u64, "job runs", "jobs run");
        let problem = Problem::failed("Cannot open another workspace now", jobs, "Wait for it, or cancel it below");
        state.tell(Note::of_problem(&problem), now_ms);
        return Vec::new();
    }
    state.open = Open::default();
    state.workspace.start_loading();
    vec![Effect::OpenWorkspace(path)]
}

pub fn opened(state: &mut AppState, answer: Result<WorkspaceInfo, Problem>, now_ms: i64) -> Vec<Effect> {
    match answer {
        Ok(info) => {
            state.settings.workspace = Some(info.path.clone());
            state.workspace = Loadable::Ready(info);
            state.history = Loadable::Loading { previous: None };
            state.focus = Focus::default();
            state.compare.clear();
            state.profiles.clear();
            state.run_details.clear();
            state.reproduced.clear();
            state.tables.clear();
            state.undo = UndoLog::default();
            let mut effects = vec![Effect::LoadHistory, Effect::SaveSettings(state.settings.clone())];
            let files: Vec<PathBuf> = state.waiting_files.drain(..).collect();
            effects.extend(work::drop_files(state, files, now_ms));
            effects
        }
        Err(problem) => {
            state.workspace = match std::mem::take(&mut state.workspace) {
                Loadable::Loading { previous: Some(info) } => {
                    state.tell(Note::of_problem(&problem), now_ms);
                    Loadable::Ready(info)
                }
                _ => Loadable::Failed(problem),
            };
            Vec::new()
        }
    }
}

pub fn refresh(state: &mut AppState) -> Vec<Effect> {
    if state.workspace.value().is_none() {
        return Vec::new();
    }
    state.history.start_loading();
    vec![Effect::LoadHistory]
}

pub fn change_settings(state: &mut AppState, settings: Settings) -> Vec<Effect> {
    state.settings = settings;
    vec![Effect::SaveSettings(state.settings.clone())]
}

pub fn quit(state: &mut AppState) -> Vec<Effect> {
    if state.jobs.is_empty() {
        return quit_anyway(state);
    }
    state.open = Open { quit: true, ..Open::default() };
    Vec::new()
}

pub fn quit_anyway(state: &AppState) -> Vec<Effect> {
    let mut effects: Vec<Effect> = state.jobs.views().map(|job| Effect::CancelJob(job.id)).collect();
    effects.push(Effect::SaveSettings(state.settings.clone()));
    effects.push(Effect::Quit);
    effects
}
