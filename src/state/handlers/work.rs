//! Everything that becomes a job, and the files that lead to one.

use std::path::PathBuf;

use crate::domain::edit::Edit;
use crate::domain::explore::KeepGroups;
use crate::domain::ids::{RunId, VersionId};
use crate::domain::problem::Problem;
use crate::domain::question::Question;
use crate::domain::request::{
    CheckRequest, CollectRequest, DataRef, DriftRequest, ExportRequest, ImportRequest, JobRequest, LabelRequest,
    ReportRequest, RestoreRequest, ScoreRequest, ScoringModel, TrainRequest, VerifyTarget,
};
use crate::domain::training::TuneRequest;
use crate::domain::watch::{WatchKind, WatchPolicy};
use crate::domain::words::file_name;
use crate::jobs::event::JobId;
use crate::state::command::{Command, PickFor};
use crate::state::drops::{DropAction, action};
use crate::state::effect::Effect;
use crate::state::jobs::After;
use crate::state::notification::{Note, NoteTone};
use crate::state::{AppState, Open};

use super::{import, workspace};

/// Files that one job takes from watched places.
const FILES_AT_ONCE: u32 = 2_000;

pub fn run_checks(state: &mut AppState, request: CheckRequest, now_ms: i64) -> Vec<Effect> {
    start(state, JobRequest::Check(request), now_ms)
}

pub fn train(state: &mut AppState, request: TrainRequest, now_ms: i64) -> Vec<Effect> {
    start(state, JobRequest::Train(request), now_ms)
}

pub fn tune(state: &mut AppState, request: TuneRequest, now_ms: i64) -> Vec<Effect> {
    start(state, JobRequest::Tune(request), now_ms)
}

pub fn reproduce(state: &mut AppState, run: RunId, now_ms: i64) -> Vec<Effect> {
    start(state, JobRequest::Reproduce(run), now_ms)
}

pub fn compare_drift(state: &mut AppState, request: DriftRequest, now_ms: i64) -> Vec<Effect> {
    start(state, JobRequest::Drift(request), now_ms)
}

pub fn verify_workspace(state: &mut AppState, now_ms: i64) -> Vec<Effect> {
    start(state, JobRequest::Verify(VerifyTarget::Workspace), now_ms)
}

pub fn refresh_source(state: &mut AppState, id: VersionId, now_ms: i64) -> Vec<Effect> {
    state.jobs.add(JobRequest::Refresh(DataRef::Version(id)), After::ShowData, now_ms)
}

pub fn collect(state: &mut AppState, accept: bool, now_ms: i64) -> Vec<Effect> {
    let request = CollectRequest { watch: None, max: FILES_AT_ONCE, accept };
    state.jobs.add(JobRequest::Collect(request), After::Nothing, now_ms)
}

/// One look at a time: it takes whatever came meanwhile.
pub fn sources_changed(state: &mut AppState, now_ms: i64) -> Vec<Effect> {
    if state.workspace.value().is_none() || state.jobs.collects() {
        return Vec::new();
    }
    collect(state, false, now_ms)
}

pub fn save_labels(state: &mut AppState, request: LabelRequest, now_ms: i64) -> Vec<Effect> {
    state.labelling = None;
    start(state, JobRequest::Label(request), now_ms)
}

pub fn keep_groups(state: &mut AppState, request: KeepGroups, now_ms: i64) -> Vec<Effect> {
    start(state, JobRequest::KeepGroups(request), now_ms)
}

/// A recipe is read in the background; the Train page puts it into its form.
fn open_recipe(state: &mut AppState, path: PathBuf, now_ms: i64) -> Vec<Effect> {
    // It may have changed since it was last opened.
    state.asked.forget_recipe_files();
    state.recipe_file = Some(path.clone());
    state.apply(Command::Ask(Question::RecipeFile { path }), now_ms)
}

pub fn recipe_taken(state: &mut AppState, now_ms: i64) -> Vec<Effect> {
    if let Some(path) = state.recipe_file.take() {
        let said = format!("The steps of {} are in the form", file_name(&path));
        state.tell(Note::new(NoteTone::Success, said), now_ms);
    }
    Vec::new()
}

pub fn open_sample(state: &mut AppState, now_ms: i64) -> Vec<Effect> {
    let Some(path) = state.workspace.value().map(|w| w.path.clone()) else { return Vec::new() };
    // Beside the records, where the files can be found and dropped again.
    start(state, JobRequest::Demo(path.join("sample")), now_ms)
}

pub fn cancel(state: &mut AppState, id: JobId, now_ms: i64) -> Vec<Effect> {
    let (gone, effects) = state.jobs.cancel(id);
    if let Some(job) = gone {
        state.tell(Note::new(NoteTone::Info, format!("Cancelled: {}", job.title)), now_ms);
    }
    effects
}

/// Files from outside: dropped, given as arguments, or picked for import. In order, each by its own kind.
pub fn drop_files(state: &mut AppState, paths: Vec<PathBuf>, now_ms: i64) -> Vec<Effect> {
    if state.workspace.value().is_none() {
        state.waiting_files.extend(paths);
        return Vec::new();
    }
    let mut tables = Vec::new();
    let mut effects = Vec::new();
    for path in paths {
        match action(state, &path) {
            DropAction::Import(path) => tables.push(path),
            _ => effects.extend(drop_file(state, path, now_ms)),
        }
    }
    effects.extend(import::open(state, tables, now_ms));
    effects
}

/// The answer of a file dialog, or of the path field that stands in for one.
pub fn picked(state: &mut AppState, pick: PickFor, paths: Vec<PathBuf>, now_ms: i64) -> Vec<Effect> {
    state.open = Open::default();
    let Some(first) = paths.first().cloned() else { return Vec::new() };
    match pick {
        PickFor::ImportFiles => {
            let is_bundle = |path: &PathBuf| matches!(action(state, path), DropAction::VerifyBundle(_));
            let (bundles, tables): (Vec<_>, Vec<_>) = paths.into_iter().partition(is_bundle);
            let mut effects: Vec<Effect> =
                bundles.into_iter().flat_map(|path| drop_file(state, path, now_ms)).collect();
            effects.extend(import::open(state, tables, now_ms));
            effects
        }
        PickFor::WatchFolder(dataset) => vec![Effect::Edit(Edit::AddWatch {
            kind: WatchKind::Folder,
            path: first,
            dataset,
            policy: WatchPolicy::Import,
        })],
        PickFor::OpenWorkspace => workspace::open(state, first, now_ms),
        PickFor::OpenRecipe => open_recipe(state, first, now_ms),
        PickFor::ExportBundle(run) => start(state, JobRequest::Export(ExportRequest { run, out: first }), now_ms),
        PickFor::ScoreInput(run) => pick_score_output(run, first),
        PickFor::ScoreOutput { run, input } => {
            let request = ScoreRequest { model: ScoringModel::Run(run), input, output: first };
            start(state, JobRequest::Score(request), now_ms)
        }
        // The dialog has asked before it gave the name of a file that is there.
        PickFor::Restore { version, form, .. } => {
            let request = RestoreRequest { data: DataRef::Version(version), out: first, form, overwrite: true };
            start(state, JobRequest::Restore(request), now_ms)
        }
        PickFor::SaveProfile { version, format, .. } => {
            let request = ReportRequest { data: DataRef::Version(version), format, out: first };
            start(state, JobRequest::Report(request), now_ms)
        }
        PickFor::OpenSuite(dataset) => super::checking::open_suite(state, dataset, first, now_ms),
        PickFor::SaveCheckReport { check_run, format, .. } => {
            super::checking::save_report(state, check_run, format, first, now_ms)
        }
        PickFor::SaveText { text, .. } => vec![Effect::WriteText { path: first, text }],
        PickFor::SavePlot { rect, .. } => vec![Effect::SavePlot { path: first, rect }],
    }
}

fn drop_file(state: &mut AppState, path: PathBuf, now_ms: i64) -> Vec<Effect> {
    match action(state, &path) {
        DropAction::Import(path) => import::open(state, vec![path], now_ms),
        DropAction::CompareWith { reference, path } => start_import(state, path, After::CompareWith(reference), now_ms),
        DropAction::Score { run, path } => pick_score_output(run, path),
        DropAction::OpenRecipe(path) => open_recipe(state, path, now_ms),
        DropAction::VerifyBundle(path) => start(state, JobRequest::Verify(VerifyTarget::Bundle(path)), now_ms),
        DropAction::Refuse(path) => refuse(state, &path, now_ms),
    }
}

fn refuse(state: &mut AppState, path: &std::path::Path, now_ms: i64) -> Vec<Effect> {
    let problem = Problem::failed(
        format!("Cannot read {}", file_name(path)),
        path.display().to_string(),
        "Drop a table (CSV, JSON, Parquet, Arrow, Excel, SQLite), or a bundle (.zip)",
    );
    state.tell(Note::of_problem(&problem), now_ms);
    Vec::new()
}

fn pick_score_output(run: RunId, input: PathBuf) -> Vec<Effect> {
    vec![Effect::PickFiles(PickFor::ScoreOutput { run, input })]
}

/// Follow-up of an import made for a comparison.
pub fn compare_versions(state: &mut AppState, reference: VersionId, current: VersionId, now_ms: i64) -> Vec<Effect> {
    let request = DriftRequest { reference: DataRef::Version(reference), current: DataRef::Version(current) };
    compare_drift(state, request, now_ms)
}

fn start_import(state: &mut AppState, path: PathBuf, after: After, now_ms: i64) -> Vec<Effect> {
    let request = JobRequest::Import(ImportRequest::of(path));
    state.jobs.add(request, after, now_ms)
}

fn start(state: &mut AppState, request: JobRequest, now_ms: i64) -> Vec<Effect> {
    state.open = Open::default();
    state.jobs.add(request, After::Nothing, now_ms)
}
