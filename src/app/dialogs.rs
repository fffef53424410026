//! Native file dialogs, on a thread of their own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rfd::FileDialog;

use crate::domain::check_request::CheckReportFormat;
use crate::domain::request::ReportFormat;
use crate::state::command::{Command, PickFor};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Empty: closed without choosing.
    Paths(Vec<PathBuf>),
    /// Neither a portal nor zenity is there.
    NoDialog,
}

/// No person opens and closes a dialog this fast: rfd answers at once when it cannot show one.
const TOO_FAST: Duration = Duration::from_millis(250);

/// Blocks until the dialog is closed.
pub fn ask(pick: &PickFor) -> Answer {
    if !may_exist(|name| std::env::var_os(name), &|path| path.exists()) {
        return Answer::NoDialog;
    }
    let start = Instant::now();
    let paths = show(pick);
    if paths.is_empty() && start.elapsed() < TOO_FAST {
        return Answer::NoDialog;
    }
    Answer::Paths(paths)
}

/// On Linux a dialog comes from a portal, which needs a session bus, or from zenity. Asking for one without either can
/// take long: the bus library first tries to start a bus of its own.
fn may_exist(variable: impl Fn(&str) -> Option<OsString>, exists: &dyn Fn(&Path) -> bool) -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    let set = |name| variable(name).filter(|value| !value.is_empty());
    let bus = set("DBUS_SESSION_BUS_ADDRESS").is_some()
        || set("XDG_RUNTIME_DIR").is_some_and(|folder| exists(&Path::new(&folder).join("bus")));
    let zenity = || set("PATH").is_some_and(|path| std::env::split_paths(&path).any(|p| exists(&p.join("zenity"))));
    bus || zenity()
}

/// Paths from the field that stands in for a dialog: `~/` is the home folder, and so is where a bare name goes.
/// Whoever started the program from an icon cannot know its working folder.
pub fn with_whole_paths(command: Command) -> Command {
    match (command, dirs::home_dir()) {
        (Command::Picked { pick, paths }, Some(home)) => {
            let paths = paths.into_iter().map(|path| whole(&path, &home)).collect();
            Command::Picked { pick, paths }
        }
        (command, _) => command,
    }
}

fn whole(path: &Path, home: &Path) -> PathBuf {
    // Joining an absolute path gives that path.
    home.join(path.strip_prefix("~").unwrap_or(path))
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
        PickFor::OpenSuite(_) => {
            dialog.add_filter("Suite", &["json"]).add_filter("All files", &["*"]).pick_file().into_iter().collect()
        }
        PickFor::OpenRecipe => {
            dialog.add_filter("Recipe", &["json"]).add_filter("All files", &["*"]).pick_file().into_iter().collect()
        }
        PickFor::OpenWorkspace | PickFor::WatchFolder(_) => dialog.pick_folder().into_iter().collect(),
        PickFor::ExportBundle(_) => dialog.add_filter("Bundle", &["zip"]).save_file().into_iter().collect(),
        PickFor::ScoreOutput { .. } => dialog.add_filter("Table", &TABLES[..5]).save_file().into_iter().collect(),
        PickFor::SaveProfile { format, .. } => {
            let (name, ending) = match format {
                ReportFormat::Html => ("Web page", "html"),
                ReportFormat::Json => ("JSON", "json"),
            };
            dialog.add_filter(name, &[ending]).save_file().into_iter().collect()
        }
        PickFor::SaveCheckReport { format, .. } => {
            let (name, ending) = match format {
                CheckReportFormat::Html => ("Web page", "html"),
                CheckReportFormat::Json => ("JSON", "json"),
                CheckReportFormat::Junit => ("JUnit XML", "xml"),
            };
            dialog.add_filter(name, &[ending]).save_file().into_iter().collect()
        }
        PickFor::Restore { .. } | PickFor::SaveText { .. } => dialog.save_file().into_iter().collect(),
        PickFor::SavePlot { .. } => dialog.add_filter("Picture", &["png"]).save_file().into_iter().collect(),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn typed_paths_start_at_home() {
        let home = Path::new("/home/ada");
        assert_eq!(whole(Path::new("~/roc.png"), home), Path::new("/home/ada/roc.png"));
        assert_eq!(whole(Path::new("roc.png"), home), Path::new("/home/ada/roc.png"));
        assert_eq!(whole(Path::new("/tmp/roc.png"), home), Path::new("/tmp/roc.png"));
        assert_eq!(whole(Path::new("~ada.csv"), home), Path::new("/home/ada/~ada.csv"));
    }

    #[test]
    fn without_a_bus_or_zenity_there_is_no_dialog() {
        let environment = |bus: bool| {
            move |name: &str| match name {
                "PATH" => Some(OsString::from("/usr/local/bin:/usr/bin")),
                "DBUS_SESSION_BUS_ADDRESS" if bus => Some(OsString::from("unix:path=/run/user/1000/bus")),
                _ => None,
            }
        };
        assert!(!may_exist(environment(false), &|_| false));
        assert!(may_exist(environment(true), &|_| false));
        assert!(may_exist(environment(false), &|path| path == Path::new("/usr/bin/zenity")));
    }
}
