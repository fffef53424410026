//! Where workspaces are: the default one, and those opened lately, kept as JSON in the program's settings folder.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{StoreError, files};

/// Overrides the program's data and settings folders, for tests and portable installations.
const HOME_VARIABLE: &str = "MODELWRIGHT_HOME";
const PROGRAM_FOLDER: &str = "modelwright";
const LIST_FILE: &str = "recent.json";
const LONGEST_LIST: usize = 10;

#[derive(Serialize, Deserialize)]
struct RecentList {
    format_version: u32,
    workspaces: Vec<PathBuf>,
}

/// The workspace used when none is named: in the platform's data folder, or in `MODELWRIGHT_HOME`.
pub fn default_workspace() -> PathBuf {
    program_folder(dirs::data_dir()).join("workspace")
}

/// The program's settings folder.
pub fn settings_folder() -> PathBuf {
    program_folder(dirs::config_dir())
}

/// Workspaces opened lately, latest first, whether they still exist or not.
pub fn recent_workspaces() -> Vec<PathBuf> {
    read_list(&settings_folder())
}

/// Puts a workspace at the head of the list.
pub fn remember_workspace(root: &Path) -> Result<(), StoreError> {
    remember_in(&settings_folder(), root)
}

fn program_folder(platform: Option<PathBuf>) -> PathBuf {
    match std::env::var_os(HOME_VARIABLE).filter(|home| !home.is_empty()) {
        Some(home) => PathBuf::from(home),
        // An account without a home folder: the folder the program was started in.
        None => platform.unwrap_or_else(|| PathBuf::from(".")).join(PROGRAM_FOLDER),
    }
}

fn remember_in(folder: &Path, root: &Path) -> Result<(), StoreError> {
    let root = std::path::absolute(root).map_err(StoreError::io("find", root))?;
    let mut workspaces = read_list(folder);
    if workspaces.first() == Some(&root) {
        return Ok(());
    }
    workspaces.retain(|known| *known != root);
    workspaces.insert(0, root);
    workspaces.truncate(LONGEST_LIST);
    let text = serde_json::to_vec_pretty(&RecentList { format_version: 1, workspaces }).map_err(|error| {
        StoreError::Invalid { what: "the list of recent workspaces".to_owned(), problem: error.to_string() }
    })?;
    files::atomic_write(&folder.join(LIST_FILE), &text)
}

/// Empty when there is none. One that cannot be understood is renamed aside, never overwritten.
fn read_list(folder: &Path) -> Vec<PathBuf> {
    let path = folder.join(LIST_FILE);
    let Ok(bytes) = fs::read(&path) else { return Vec::new() };
    match serde_json::from_slice::<RecentList>(&bytes) {
        Ok(list) => list.workspaces,
        Err(error) => {
            let aside = folder.join(format!("{LIST_FILE}.damaged-{}", files::now_ms()));
            let kept = fs::rename(&path, &aside).is_ok();
            tracing::warn!(%error, kept, aside = %aside.display(), "the list of recent workspaces is damaged");
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_comes_first_and_only_once() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["/ws/a", "/ws/b", "/ws/a"] {
            remember_in(folder.path(), Path::new(name)).unwrap();
        }
        assert_eq!(read_list(folder.path()), [PathBuf::from("/ws/a"), PathBuf::from("/ws/b")]);
    }

    #[test]
    fn the_list_stays_short() {
        let folder = tempfile::tempdir().unwrap();
        for i in 0..15 {
            remember_in(folder.path(), Path::new(&format!("/ws/{i}"))).unwrap();
        }
        let list = read_list(folder.path());
        assert_eq!((list.len(), &list[0]), (LONGEST_LIST, &PathBuf::from("/ws/14")));
    }

    #[test]
    fn a_damaged_list_is_kept_aside() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(LIST_FILE), "{\"workspaces\": [").unwrap();
        remember_in(folder.path(), Path::new("/ws/a")).unwrap();
        assert_eq!(read_list(folder.path()), [PathBuf::from("/ws/a")]);
        let names = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        assert_eq!(names.filter(|n| n.starts_with("recent.json.damaged-")).count(), 1);
    }
}
