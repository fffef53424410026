//! Does the desktop ask for dark windows? X11 does not tell, so the desktop's own setting is read once, at the start.

use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::thread;

/// Known some moments after the start, where the desktop says anything at all.
#[derive(Clone, Debug, Default)]
pub struct DesktopTheme(Arc<OnceLock<bool>>);

impl DesktopTheme {
    /// Asks on a thread of its own and calls `wake` once there is an answer.
    pub fn ask(wake: impl FnOnce() + Send + 'static) -> Self {
        let theme = Self::default();
        let answer = theme.clone();
        let started = thread::Builder::new().name("app theme".to_owned()).spawn(move || {
            if let Some(dark) = read() {
                let _ = answer.0.set(dark);
                wake();
            }
        });
        if let Err(error) = started {
            tracing::warn!(%error, "the desktop's theme is not read");
        }
        theme
    }

    pub fn is_dark(&self) -> Option<bool> {
        self.0.get().copied()
    }
}

/// `None` on systems where egui knows it by itself, and where nothing is set.
#[cfg(target_os = "linux")]
fn read() -> Option<bool> {
    if let Some(dark) = std::env::var("GTK_THEME").ok().filter(|name| !name.is_empty()).map(|name| is_dark_name(&name))
    {
        return Some(dark);
    }
    let ask = |key: &str| {
        let out = Command::new("gsettings")
            .args(["get", "org.gnome.desktop.interface", key])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
    };
    match ask("color-scheme")?.as_str() {
        "'prefer-dark'" => Some(true),
        "'prefer-light'" => Some(false),
        // Older desktops have only the name of a theme.
        _ => ask("gtk-theme").map(|name| is_dark_name(name.trim_matches('\''))),
    }
}

#[cfg(not(target_os = "linux"))]
fn read() -> Option<bool> {
    None
}

/// `Adwaita-dark`, `Adwaita:dark`
fn is_dark_name(name: &str) -> bool {
    let name = name.to_lowercase();
    name.ends_with("-dark") || name.ends_with(":dark")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dark_themes_are_known_by_their_names() {
        assert_eq!(
            ["Adwaita-dark", "Adwaita:dark", "Adwaita", "Darkroom"].map(is_dark_name),
            [true, true, false, false]
        );
    }
}
