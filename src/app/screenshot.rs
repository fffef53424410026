//! "Save as PNG" of a chart: a picture of the window, cut to the chart.

use std::path::{Path, PathBuf};
use std::thread;

use egui::ColorImage;

use crate::state::command::egui_free;
use crate::state::effect::Message;

use super::effects::{Answers, saved};

/// The picture is taken with the next frame; encoding and writing happen on a thread.
pub fn save(ctx: &egui::Context, answers: Answers, path: PathBuf, rect: egui_free::Rect) {
    let scale = ctx.pixels_per_point();
    let rect = egui::Rect::from_min_max(egui::Pos2::from(rect.min), egui::Pos2::from(rect.max));
    ctx.request_screenshot(move |picture| {
        let work = move || answers.send(Message::Note(saved(&path, write(&path, &picture, rect, scale))));
        if let Err(error) = thread::Builder::new().name("app picture".to_owned()).spawn(work) {
            tracing::error!(%error, "no thread for a picture");
        }
    });
}

fn write(path: &Path, picture: &ColorImage, rect: egui::Rect, scale: f32) -> std::io::Result<()> {
    let cut = picture.region(&rect, Some(scale));
    let bytes: Vec<u8> = cut.pixels.iter().flat_map(|p| p.to_array()).collect();
    let (width, height) = (cut.size[0] as u32, cut.size[1] as u32);
    image::save_buffer_with_format(path, &bytes, width, height, image::ColorType::Rgba8, image::ImageFormat::Png)
        .map_err(std::io::Error::other)
}
