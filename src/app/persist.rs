//! The settings file. egui's own memory is never stored: it keeps running animations, and an animation that was under
//! way at the end would redraw the window after the next start until its old clock is reached.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::domain::problem::Problem;
use crate::state::settings::Settings;

/// `settings.json` in the platform's configuration folder.
pub fn settings_path() -> Option<PathBuf> {
    Some(dirs::config_dir()?.join("modelwright").join("settings.json"))
}

/// Where the log goes when a window cannot say it.
pub fn log_path() -> Option<PathBuf> {
    Some(dirs::data_local_dir()?.join("modelwright").join("modelwright.log"))
}

/// Defaults when there is no file or it cannot be understood: settings are never worth a failed start.
pub fn load() -> Settings {
    settings_path().map_or_else(Settings::default, |path| read(&path))
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
    let Some(path) = settings_path() else { return Ok(()) };
    write(&path, settings).map_err(|error| {
        let details = format!("{error}\n{}", path.display());
        Problem::failed("Could not save the settings", details, "They hold until the window closes")
    })
}

/// Temporary file, then rename: a crash leaves the old settings or the new ones.
fn write(path: &Path, settings: &Settings) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&serde_json::to_vec_pretty(settings)?)?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
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
