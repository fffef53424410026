//! What comes back: loaded things, job events, small notes.

use crate::domain::history::History;
use crate::domain::ids::{RunId, VersionId};
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::profile::TableProfile;
use crate::domain::request::JobOutcome;
use crate::domain::table::{FindRequest, Found, TablePage, TableQuery};
use crate::jobs::event::{JobEvent, JobId};
use crate::state::command::{Command, Page, PickFor};
use crate::state::effect::{Effect, RunDetail};
use crate::state::format::counted;
use crate::state::jobs::After;
use crate::state::loadable::Loadable;
use crate::state::notification::{Note, NoteTone};
use crate::state::{AppState, Open, messages};

use super::{edit, load_profile, load_run, navigate, work};

pub fn history(state: &mut AppState, answer: Result<Box<History>, Problem>, now_ms: i64) -> Vec<Effect> {
    match answer {
        Ok(history) => {
            state.history = Loadable::Ready(*history);
            let made = state.focus.awaited.take();
            if let Some(made) = made.filter(|id| state.history.value().is_some_and(|h| h.version(*id).is_some())) {
                state.focus.version = Some(made);
                state.focus.check_run = None;
            }
            edit::refocus(state);
            let mut effects: Vec<Effect> = state.asked.forget().into_iter().map(Effect::Answer).collect();
            if let Some(version) = state.focus.version {
                state.table(version);
                effects.extend(load_profile(state, version));
            }
            let seen: Vec<RunId> = state.focus.run.into_iter().chain(state.compare.iter().copied()).collect();
            for run in seen {
                effects.extend(load_run(state, run));
            }
            effects
        }
        Err(problem) => {
            // What was read before stays on the screen.
            state.history = match std::mem::take(&mut state.history) {
                Loadable::Loading { previous: Some(history) } => {
                    state.tell(Note::of_problem(&problem), now_ms);
                    Loadable::Ready(history)
                }
                _ => Loadable::Failed(problem),
            };
            Vec::new()
        }
    }
}

pub fn profile(state: &mut AppState, id: VersionId, answer: Result<Box<TableProfile>, Problem>) -> Vec<Effect> {
    state.profiles.insert(id, loaded(answer));
    Vec::new()
}

pub fn run_detail(state: &mut AppState, id: RunId, answer: Result<Box<RunDetail>, Problem>) -> Vec<Effect> {
    state.run_details.insert(id, loaded(answer));
    Vec::new()
}

fn loaded<T>(answer: Result<Box<T>, Problem>) -> Loadable<T> {
    answer.map_or_else(Loadable::Failed, |value| Loadable::Ready(*value))
}

pub fn order(
    state: &mut AppState,
    version: VersionId,
    query: &TableQuery,
    rows: Result<u64, Problem>,
    now_ms: i64,
) -> Vec<Effect> {
    let Some(table) = state.tables.get_mut(&version) else { return Vec::new() };
    match rows {
        Ok(rows) => table.ordered(query, rows),
        Err(problem) => {
            let waited = table.not_ordered(query, &problem);
            // What is wrong with a filter stands beside it; other problems pass by.
            if waited && problem.kind == ProblemKind::Failed {
                state.tell(Note::of_problem(&problem), now_ms);
            }
            Vec::new()
        }
    }
}

pub fn ordering(state: &mut AppState, version: VersionId, query: &TableQuery, fraction: f64) -> Vec<Effect> {
    if let Some(table) = state.tables.get_mut(&version) {
        table.ordering(query, fraction);
    }
    Vec::new()
}

pub fn found(
    state: &mut AppState,
    version: VersionId,
    query: &TableQuery,
    request: &FindRequest,
    found: Result<Option<Found>, Problem>,
) -> Vec<Effect> {
    if let Some(table) = state.tables.get_mut(&version) {
        table.found(query, request, found);
    }
    Vec::new()
}

pub fn cells_read(state: &mut AppState, answer: Result<(String, u64), Problem>, now_ms: i64) -> Vec<Effect> {
    match answer {
        Ok((text, cells)) => {
            if cells > 1 {
                state.tell(Note::new(NoteTone::Success, format!("Copied {}", counted(cells, "cell", "cells"))), now_ms);
            }
            vec![Effect::Copy(text)]
        }
        Err(problem) => {
            state.tell(Note::of_problem(&problem), now_ms);
            Vec::new()
        }
    }
}

pub fn page(
    state: &mut AppState,
    version: VersionId,
    query: &TableQuery,
    page: Result<TablePage, Problem>,
) -> Vec<Effect> {
    let Some(table) = state.tables.get_mut(&version) else { return Vec::new() };
    match page {
        Ok(page) => table.page_read(query, page),
        Err(problem) => {
            table.page_failed(query, problem);
            Vec::new()
        }
    }
}

pub fn no_file_dialog(state: &mut AppState, pick: PickFor) -> Vec<Effect> {
    state.open = Open { path_field: Some(pick), ..Open::default() };
    Vec::new()
}

pub fn note(state: &mut AppState, answer: Result<String, Problem>, now_ms: i64) -> Vec<Effect> {
    let note = match answer {
        Ok(text) => Note::new(NoteTone::Success, text),
        Err(problem) => Note::of_problem(&problem),
    };
    state.tell(note, now_ms);
    Vec::new()
}

pub fn memory(state: &mut AppState, bytes: u64) -> Vec<Effect> {
    state.memory = Some(bytes);
    Vec::new()
}

pub fn job(state: &mut AppState, event: JobEvent, now_ms: i64) -> Vec<Effect> {
    match event {
        JobEvent::Progress { id, phase, fraction } => {
            state.jobs.progress(id, phase, fraction, now_ms);
            Vec::new()
        }
        JobEvent::Recorded { .. } => reload_history(state),
        JobEvent::Points { id, points } => {
            state.jobs.curves(id, points);
            Vec::new()
        }
        JobEvent::Done { id, outcome } => job_done(state, id, *outcome, now_ms),
        JobEvent::Failed { id, problem } => job_failed(state, id, &problem, now_ms),
    }
}

fn reload_history(state: &mut AppState) -> Vec<Effect> {
    state.history.start_loading();
    vec![Effect::LoadHistory]
}

fn job_done(state: &mut AppState, id: JobId, outcome: JobOutcome, now_ms: i64) -> Vec<Effect> {
    let Some((_, after)) = state.jobs.finish(id) else { return Vec::new() };
    if !found_nothing(&outcome) {
        state.tell(messages::done(&outcome), now_ms);
    }
    if let JobOutcome::Reproduced(o) = &outcome {
        state.reproduced.insert(o.run, (**o).clone());
    }
    absorb(state, &outcome);
    let mut effects = focus_outcome(state, &outcome, &after, now_ms);
    effects.extend(reload_history(state));
    effects.extend(state.jobs.start_waiting(now_ms));
    effects
}

/// A look at watched places that found nothing is not worth a word.
fn found_nothing(outcome: &JobOutcome) -> bool {
    let idle = |c: &crate::domain::watch::Collected| c.taken + c.offered == 0 && c.problems.is_empty();
    matches!(outcome, JobOutcome::Collected(all) if all.iter().all(idle))
}

fn job_failed(state: &mut AppState, id: JobId, problem: &Problem, now_ms: i64) -> Vec<Effect> {
    let asked = state.jobs.with_requests().find(|(job, _)| job.id == id).map(|(_, request)| request.clone());
    let Some((job, after)) = state.jobs.finish(id) else { return Vec::new() };
    if let Some(request) = asked.filter(|_| problem.kind == ProblemKind::Gate) {
        // The dialog says it all.
        super::checking::job_stopped(state, request, after, problem);
        let mut effects = reload_history(state);
        effects.extend(state.jobs.start_waiting(now_ms));
        return effects;
    }
    let mut note = Note::of_problem(problem);
    if problem.kind == ProblemKind::Cancelled {
        note.text = format!("Cancelled: {}", job.title);
    } else if note.details.is_empty() {
        note.details = format!("While: {}, {}", job.title, job.phase);
    }
    state.tell(note, now_ms);
    let mut effects = reload_history(state);
    effects.extend(state.jobs.start_waiting(now_ms));
    effects
}

/// Puts what a job made into the lists at once; the history that is read again will say the same.
fn absorb(state: &mut AppState, outcome: &JobOutcome) {
    let (Loadable::Ready(history) | Loadable::Loading { previous: Some(history) }) = &mut state.history else { return };
    match outcome {
        JobOutcome::Imported(o) if history.version(o.version.id).is_none() => {
            history.versions.push(o.version.clone());
            history.versions.sort_by(|a, b| (&a.dataset, a.version).cmp(&(&b.dataset, b.version)));
        }
        JobOutcome::Labelled(version) if history.version(version.id).is_none() => {
            history.versions.push(version.clone());
            history.versions.sort_by(|a, b| (&a.dataset, a.version).cmp(&(&b.dataset, b.version)));
        }
        JobOutcome::Quarantined(o) => {
            for version in o.kept.iter().chain(&o.quarantined) {
                if history.version(version.id).is_none() {
                    history.versions.push(version.clone());
                }
            }
            history.versions.sort_by(|a, b| (&a.dataset, a.version).cmp(&(&b.dataset, b.version)));
        }
        JobOutcome::Checked(check) if history.check_run(check.id).is_none() => {
            history.check_runs.insert(0, check.clone());
        }
        JobOutcome::Trained(o) => {
            for run in &o.runs {
                history.runs.retain(|r| r.id != run.id);
                history.runs.insert(0, run.clone());
            }
        }
        JobOutcome::Tuned(o) => {
            for run in &o.runs {
                history.runs.retain(|r| r.id != run.id);
                history.runs.insert(0, run.clone());
            }
        }
        JobOutcome::Drifted(drift) if history.drift(drift.id).is_none() => history.drifts.insert(0, drift.clone()),
        JobOutcome::Exported(o) if history.bundle(o.bundle.id).is_none() => {
            history.bundles.insert(0, o.bundle.clone());
        }
        _ => {}
    }
}

/// The new thing comes into focus. Only an import changes the page: its file was just dropped there to be looked at.
fn focus_outcome(state: &mut AppState, outcome: &JobOutcome, after: &After, now_ms: i64) -> Vec<Effect> {
    match outcome {
        JobOutcome::Imported(o) => match after {
            After::CompareWith(reference) if *reference != o.version.id => {
                work::compare_versions(state, *reference, o.version.id, now_ms)
            }
            After::ShowData => {
                let effects = navigate::focus_version(state, o.version.id);
                state.page = Page::Data;
                state.settings.page = Page::Data;
                effects
            }
            _ => Vec::new(),
        },
        JobOutcome::Checked(check) => {
            if state.focus.version == Some(check.version_id) || state.focus.version.is_none() {
                state.focus.check_run = Some(check.id);
            }
            Vec::new()
        }
        JobOutcome::Trained(o) => {
            let mut effects = Vec::new();
            for run in o.runs.iter().map(|r| r.id) {
                state.run_details.remove(&run);
            }
            if let Some(best) = o.best {
                effects.extend(state.apply(Command::FocusRun(best), now_ms));
            }
            effects
        }
        JobOutcome::Tuned(o) => o.best.map_or_else(Vec::new, |best| state.apply(Command::FocusRun(best), now_ms)),
        JobOutcome::Drifted(drift) => {
            state.focus.drift = Some(drift.id);
            Vec::new()
        }
        JobOutcome::Exported(o) => {
            state.focus.bundle = Some(o.bundle.id);
            Vec::new()
        }
        JobOutcome::Demo(_) => {
            // The first run that came in took the focus; the best one should have it. The page stays.
            state.focus.run = None;
            Vec::new()
        }
        JobOutcome::Labelled(version) => navigate::focus_version(state, version.id),
        JobOutcome::Quarantined(o) => {
            o.kept.as_ref().map_or_else(Vec::new, |kept| navigate::focus_version(state, kept.id))
        }
        JobOutcome::Scored(_)
        | JobOutcome::Reported(_)
        | JobOutcome::Reproduced(_)
        | JobOutcome::Verified(_)
        | JobOutcome::Collected(_)
        | JobOutcome::Answered(_)
        | JobOutcome::Diffed(_)
        | JobOutcome::Restored(_) => Vec::new(),
    }
}
