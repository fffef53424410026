//! "Save as PNG" of a chart: a picture of the window, cut to the chart.

use std::path::{Path, PathBuf};
use std::thread;

use egui::ColorImage;

use crate::state::command::egui_free;
use crate::state::effect::Message;

use super::effects::{Answers, saved};

/// Around the chart, in points: letters reach over the edge of what is laid out.
const MARGIN: f32 = 8.0;

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
    let gone = || std::io::Error::other("the chart is not in the window any more: show it and save it again");
    let cut = cut(picture, rect.expand(MARGIN), scale).ok_or_else(gone)?;
    let bytes: Vec<u8> = cut.pixels.iter().flat_map(|p| p.to_array()).collect();
    let (width, height) = (cut.size[0] as u32, cut.size[1] as u32);
    image::save_buffer_with_format(path, &bytes, width, height, image::ColorType::Rgba8, image::ImageFormat::Png)
        .map_err(std::io::Error::other)
}

/// What of `rect` (in points) is in the picture; the window may be smaller by now. `None`: nothing is.
fn cut(picture: &ColorImage, rect: egui::Rect, scale: f32) -> Option<ColorImage> {
    let [width, height] = picture.size;
    let low = |v: f32| (v * scale).max(0.0) as usize;
    let (x, y) = (low(rect.min.x), low(rect.min.y));
    let (right, bottom) = (low(rect.max.x).min(width), low(rect.max.y).min(height));
    (x < right && y < bottom).then(|| picture.region_by_pixels([x, y], [right - x, bottom - y]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{Color32, Rect, pos2};

    #[test]
    fn a_chart_that_reaches_over_the_window_is_cut_to_it() {
        let picture = ColorImage::filled([40, 30], Color32::WHITE);
        let rect = |x0, y0, x1, y1| Rect::from_min_max(pos2(x0, y0), pos2(x1, y1));
        assert_eq!(cut(&picture, rect(5.0, 5.0, 10.0, 9.0), 2.0).unwrap().size, [10, 8]);
        assert_eq!(cut(&picture, rect(-5.0, 10.0, 100.0, 100.0), 1.0).unwrap().size, [40, 20]);
        assert!(cut(&picture, rect(50.0, 0.0, 60.0, 9.0), 1.0).is_none());
        assert!(cut(&picture, Rect::ZERO, 1.0).is_none());
    }
}
