//! Native file dialogs, on a thread of their own.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rfd::FileDialog;

use crate::state::command::PickFor;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Empty: closed without choosing.
    Paths(Vec<PathBuf>),
    /// Neither a portal nor zenity is there.
    NoDialog,
}

/// No person closes a dialog this fast: rfd answers at once when it cannot show one.
const TOO_FAST: Duration = Duration::from_millis(50);

/// Blocks until the dialog is closed.
pub fn ask(pick: &PickFor) -> Answer {
    let start = Instant::now();
    let paths = show(pick);
    if paths.is_empty() && start.elapsed() < TOO_FAST {
        return Answer::NoDialog;
    }
    Answer::Paths(paths)
}

fn show(pick: &PickFor) -> Vec<PathBuf> {
    let mut dialog = FileDialog::new().set_title(pick.title());
    if let Some(name) = pick.suggested() {
        dialog = dialog.set_file_name(name);
    }
    const TABLES: [&str; 6] = ["csv", "tsv", "txt", "parquet", "pq", "zip"];
    match pick {
        PickFor::ImportFiles => dialog
            .add_filter("Tables and bundles", &TABLES)
            .add_filter("All files", &["*"])
            .pick_files()
            .unwrap_or_default(),
        PickFor::ScoreInput(_) => {
            dialog.add_filter("Tables", &TABLES[..5]).add_filter("All files", &["*"]).pick_file().into_iter().collect()
        }
        PickFor::OpenWorkspace => dialog.pick_folder().into_iter().collect(),
        PickFor::ExportBundle(_) => dialog.add_filter("Bundle", &["zip"]).save_file().into_iter().collect(),
        PickFor::ScoreOutput { .. } => dialog.add_filter("Table", &TABLES[..5]).save_file().into_iter().collect(),
        PickFor::SaveText { .. } => dialog.save_file().into_iter().collect(),
        PickFor::SavePlot { .. } => dialog.add_filter("Picture", &["png"]).save_file().into_iter().collect(),
    }
}
