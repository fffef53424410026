//! How the window is opened on each system, and what is said when it cannot be.

use std::io::Write;

use eframe::NativeOptions;
use egui::{IconData, ViewportBuilder};

use crate::state::settings::Settings;

use super::{APP_ID, persist};

pub fn native_options(settings: &Settings) -> NativeOptions {
    let size = settings.window.map_or([1280.0, 800.0], |[w, h]| [w.clamp(640.0, 16_000.0), h.clamp(400.0, 16_000.0)]);
    let mut viewport = ViewportBuilder::default()
        .with_title("Modelwright")
        .with_app_id(APP_ID)
        .with_inner_size(size)
        .with_min_inner_size([640.0, 400.0])
        .with_maximized(settings.maximized)
        .with_drag_and_drop(true);
    if let Some(icon) = icon() {
        viewport = viewport.with_icon(icon);
    }
    #[cfg_attr(not(target_os = "linux"), expect(unused_mut, reason = "only Linux chooses its display server"))]
    let mut options = NativeOptions { viewport, persist_window: false, ..NativeOptions::default() };
    #[cfg(target_os = "linux")]
    {
        options.renderer = eframe::Renderer::Glow;
        prefer_x11(&mut options);
    }
    options
}

/// winit 0.30 delivers no file drops on Wayland, and does not fall back when `WAYLAND_DISPLAY` names a dead server.
/// `MODELWRIGHT_WAYLAND=1` asks for Wayland all the same.
#[cfg(target_os = "linux")]
fn prefer_x11(options: &mut NativeOptions) {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if set("DISPLAY") && !set("MODELWRIGHT_WAYLAND") {
        options.event_loop_builder = Some(Box::new(|builder| {
            use winit::platform::x11::EventLoopBuilderExtX11;
            builder.with_x11();
        }));
    }
}

/// Drawn, not loaded: the diamond of the header on a dark square.
fn icon() -> Option<IconData> {
    const SIDE: i32 = 64;
    let mut rgba = Vec::with_capacity((SIDE * SIDE * 4) as usize);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let from_center = (2 * x + 1 - SIDE).abs() + (2 * y + 1 - SIDE).abs();
            let color: [u8; 4] = if from_center < 44 { [0x6f, 0xa8, 0xf5, 0xff] } else { [0x15, 0x18, 0x1d, 0xff] };
            rgba.extend_from_slice(&color);
        }
    }
    Some(IconData { rgba, width: SIDE as u32, height: SIDE as u32 })
}

/// winit names the line of its own source that failed; nobody can use it.
fn without_place(error: &str) -> &str {
    let after = error.split_once(".rs:").and_then(|(_, rest)| rest.split_once(": "));
    after.filter(|(line, _)| line.bytes().all(|b| b.is_ascii_digit())).map_or(error, |(_, cause)| cause)
}

/// Whoever double-clicked the program sees no terminal: a native dialog and a log file say why there is no window.
pub fn say_why_no_window(error: &str) -> String {
    let error = without_place(error);
    let message = format!(
        "Modelwright could not open its window: {error}\n\nIt needs a display with OpenGL 2.1 or newer (on Linux the \
         packages libgl1 and libxkbcommon-x11-0). The commands work without: modelwright --help"
    );
    if let Some(path) = persist::log_path() {
        let written = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| {
            let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&path)?;
            writeln!(file, "{message}\n")
        });
        if let Err(error) = written {
            tracing::warn!(%error, "no log file");
        }
    }
    let display = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|v| std::env::var_os(v).is_some_and(|v| !v.is_empty()));
    if display || !cfg!(target_os = "linux") {
        let dialog = rfd::MessageDialog::new().set_level(rfd::MessageLevel::Error);
        dialog.set_title("Modelwright").set_description(&message).show();
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_stays_and_the_place_in_the_source_goes() {
        let winit =
            "winit EventLoopError: os error at /x/winit-0.30.13/src/platform_impl/linux/mod.rs:788: Failed to open";
        assert_eq!(without_place(winit), "Failed to open");
        assert_eq!(without_place("glutin error: [a7] GLXBadFBConfig"), "glutin error: [a7] GLXBadFBConfig");
    }
}
