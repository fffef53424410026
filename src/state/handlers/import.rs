//! The import panel: when it comes up, what changes in it, what it leads to.

use std::path::PathBuf;

use crate::domain::question::{Answer, Question};
use crate::domain::request::JobRequest;
use crate::state::AppState;
use crate::state::effect::Effect;
use crate::state::import::{AskBeforeImport, ImportPanel, is_sure};
use crate::state::jobs::After;
use crate::state::loadable::Loadable;

use super::questions;

/// Files to import: at once, or after a look at them.
pub fn open(state: &mut AppState, paths: Vec<PathBuf>, now_ms: i64) -> Vec<Effect> {
    if paths.is_empty() {
        return Vec::new();
    }
    let ask = state.settings.ask_before_import;
    // How several belong together is always asked.
    let shown = ask == AskBeforeImport::Always || (paths.len() > 1 && ask != AskBeforeImport::Never);
    // What was chosen for the files that wait already stays chosen.
    let mut before = state.import.take().unwrap_or_default();
    let waiting = std::mem::take(&mut before.files).into_iter().chain(paths).collect();
    let ImportPanel { files, .. } = ImportPanel::new(waiting, shown);
    let shown = shown || before.shown || (files.len() > 1 && ask != AskBeforeImport::Never);
    let panel = ImportPanel { files, shown, ..before };
    if ask == AskBeforeImport::Never {
        return start(state, &panel, now_ms);
    }
    // The file may have changed since it was looked at.
    state.asked.forget_previews();
    let question = panel.question();
    state.import = Some(panel);
    questions::ask(state, question, now_ms)
}

pub fn change(state: &mut AppState, panel: ImportPanel, now_ms: i64) -> Vec<Effect> {
    let Some(before) = &state.import else { return Vec::new() };
    let (before, question) = (before.question(), panel.question());
    state.import = Some(panel);
    // A look that a newer one replaces is not worth its work.
    let mut effects = if before == question { Vec::new() } else { questions::stop(state, before) };
    effects.extend(questions::ask(state, question, now_ms));
    effects
}

pub fn confirm(state: &mut AppState, now_ms: i64) -> Vec<Effect> {
    let Some(panel) = state.import.take() else { return Vec::new() };
    start(state, &panel, now_ms)
}

/// A look that nobody saw decides whether anything is to be asked.
pub fn looked(state: &mut AppState, question: &Question, now_ms: i64) -> Vec<Effect> {
    let waits = state.import.as_ref().is_some_and(|panel| !panel.shown && panel.question() == *question);
    if !waits {
        return Vec::new();
    }
    if let Loadable::Ready(Answer::Preview(preview)) = state.asked.get(question)
        && is_sure(preview)
    {
        return confirm(state, now_ms);
    }
    if let Some(panel) = &mut state.import {
        panel.shown = true;
    }
    Vec::new()
}

fn start(state: &mut AppState, panel: &ImportPanel, now_ms: i64) -> Vec<Effect> {
    let requests = panel.requests().into_iter();
    requests.flat_map(|r| state.jobs.add(JobRequest::Import(r), After::ShowData, now_ms)).collect()
}
