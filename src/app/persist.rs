//! The settings file. egui's own memory is never stored: it keeps running animations, and an animation that was under
//! way at the end would redraw the window after the next start until its old clock is reached.

use std::path::{Path, PathBuf};

use crate::domain::problem::Problem;
use crate::state::settings::Settings;
use crate::store::recent::settings_folder;
use crate::store::{StoreError, atomic_write};

fn settings_path() -> PathBuf {
    settings_folder().join("settings.json")
}

/// Where the log goes when a window cannot say it.
pub fn log_path() -> Option<PathBuf> {
    Some(dirs::data_local_dir()?.join("modelwright").join("modelwright.log"))
}

/// Defaults when there is no file or it cannot be understood: settings are never worth a failed start.
pub fn load() -> Settings {
    read(&settings_path())
}

fn read(path: &Path) -> Settings {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            tracing::warn!(%error, "the settings file is unreadable; starting with defaults");
            Settings::default()
        }),
        Err(_) => Settings::default(),
    }
}

pub fn save(settings: &Settings) -> Result<(), Problem> {
    write(&settings_path(), settings).map_err(|error| {
        Problem::failed("Could not save the settings", error.to_string(), "They hold until the window closes")
    })
}

fn write(path: &Path, settings: &Settings) -> Result<(), StoreError> {
    let text = serde_json::to_vec_pretty(settings)
        .map_err(|e| StoreError::Invalid { what: "the settings".to_owned(), problem: e.to_string() })?;
    atomic_write(path, &text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::settings::ThemeChoice;

    #[test]
    fn settings_come_back_and_broken_ones_become_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("settings.json");
        let settings = Settings { theme: ThemeChoice::Dark, text_scale: 1.4, ..Settings::default() };
        write(&path, &settings).unwrap();
        assert_eq!(read(&path), settings);
        std::fs::write(&path, "{ broken").unwrap();
        assert_eq!(read(&path), Settings::default());
        std::fs::write(&path, r#"{"theme":"light","from_a_newer_version":1}"#).unwrap();
        assert_eq!(read(&path).theme, ThemeChoice::Light);
    }
}
