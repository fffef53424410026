//! `--frame-log FILE`: what each frame cost, as CSV.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// `logic_ms` and `ui_ms` are our own code; `total_ms` is the whole frame from `logic` to the next frame's begin when
/// frames follow each other; `rest_ms` is egui and the renderer, as eframe measured the frame before.
pub struct FrameLog {
    out: BufWriter<File>,
    logic: Duration,
    begin: Instant,
}

impl FrameLog {
    pub fn create(path: &Path) -> std::io::Result<Self> {
        let mut out = BufWriter::new(File::create(path)?);
        writeln!(out, "logic_ms,ui_ms,total_ms,rest_ms")?;
        Ok(Self { out, logic: Duration::ZERO, begin: Instant::now() })
    }

    pub fn logic(&mut self, begin: Instant) {
        self.begin = begin;
        self.logic += begin.elapsed();
    }

    /// `whole` is what eframe says the last frame took on the processor, if it knows.
    pub fn ui(&mut self, took: Duration, whole_seconds: Option<f32>) {
        let ms = |d: Duration| d.as_secs_f64() * 1e3;
        let own = ms(self.logic) + ms(took);
        let total = whole_seconds.map_or_else(|| ms(self.begin.elapsed()), |s| f64::from(s) * 1e3).max(own);
        let line = format!("{:.3},{:.3},{total:.3},{:.3}", ms(self.logic), ms(took), total - own);
        self.logic = Duration::ZERO;
        if let Err(error) = writeln!(self.out, "{line}").and_then(|()| self.out.flush()) {
            tracing::warn!(%error, "the frame log cannot be written");
        }
    }
}
