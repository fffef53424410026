//! What dropped or opened files will do: said in the overlay before, done after.

use std::path::{Path, PathBuf};

use crate::domain::ids::{RunId, VersionId};
use crate::domain::run::RunStatus;
use crate::domain::words::file_name;

use super::AppState;
use super::command::Page;
use super::messages;

/// Endings of what can be imported.
const TABLES: [&str; 25] = [
    "csv", "tsv", "txt", "tab", "dat", "data", "psv", "gz", "zst", "json", "jsonl", "ndjson", "parquet", "pq", "arrow",
    "arrows", "feather", "ipc", "xlsx", "xlsm", "xlsb", "xls", "ods", "sqlite", "db",
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DropAction {
    Import(PathBuf),
    CompareWith {
        reference: VersionId,
        path: PathBuf,
    },
    Score {
        run: RunId,
        path: PathBuf,
    },
    VerifyBundle(PathBuf),
    /// Into the form of the Train page.
    OpenRecipe(PathBuf),
    Refuse(PathBuf),
}

/// What a file does depends on its ending and on the page it lands on.
pub fn action(state: &AppState, path: &Path) -> DropAction {
    let path = path.to_owned();
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("zip") => DropAction::VerifyBundle(path),
        // Tables are JSON too; the name says which.
        Some("json") if state.page == Page::Train && file_name(&path).to_lowercase().contains("recipe") => {
            DropAction::OpenRecipe(path)
        }
        Some(ending) if TABLES.contains(&ending) => table(state, path),
        // A folder is a dataset of several files.
        None if !file_name(&path).starts_with('.') => table(state, path),
        _ => DropAction::Refuse(path),
    }
}

fn table(state: &AppState, path: PathBuf) -> DropAction {
    let history = state.history.value();
    let run =
        state.focus.run.filter(|id| history.and_then(|h| h.run(*id)).is_some_and(|r| r.status == RunStatus::Completed));
    match (state.page, state.focus.version, run) {
        (Page::Monitor, Some(reference), _) => DropAction::CompareWith { reference, path },
        (Page::Ship, _, Some(run)) => DropAction::Score { run, path },
        _ => DropAction::Import(path),
    }
}

/// One line per file, for the overlay.
pub fn preview(state: &AppState, path: &Path) -> String {
    let name = file_name(path);
    match action(state, path) {
        DropAction::Import(_) => format!("Import {name}"),
        DropAction::CompareWith { reference, .. } => {
            let reference = state.history.value().and_then(|h| h.version(reference)).map(|v| v.label());
            format!("Import {name} and compare it with {}", reference.unwrap_or_default())
        }
        DropAction::Score { run, .. } => format!("Score {name} with run {run}"),
        DropAction::VerifyBundle(_) => format!("Verify the bundle {name}"),
        DropAction::OpenRecipe(_) => format!("Take the steps of {name}"),
        DropAction::Refuse(_) => {
            format!("Cannot read {name}: only tables (CSV, JSON, Parquet, Arrow, Excel, SQLite) and bundles (.zip)")
        }
    }
}

/// For systems that do not tell the names before the drop.
pub fn preview_unnamed(state: &AppState) -> String {
    match table(state, PathBuf::new()) {
        DropAction::CompareWith { .. } => "Import and compare with the table in focus".to_owned(),
        DropAction::Score { run, .. } => format!("Score with run {run}"),
        _ => "Import as a dataset".to_owned(),
    }
}

/// "run 12 (Decision tree, ROC AUC 0.84)"
pub fn run_label(state: &AppState, id: RunId) -> String {
    let run = state.history.value().and_then(|h| h.run(id));
    run.map_or_else(
        || format!("run {id}"),
        |run| {
            let score = messages::score(run).map_or_else(String::new, |s| format!(", {s}"));
            format!("run {id} ({}{score})", run.plan.algorithm.title())
        },
    )
}
