//! `--frame-log FILE`: what each frame cost, as CSV.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// `logic_ms` and `ui_ms` are our own code; `total_ms` is the whole frame from `logic` to the next frame's begin when
/// frames follow each other; `rest_ms` is egui and the renderer, as eframe measured the frame before; `waited_ms` is how
/// much of `logic_ms + ui_ms` the thread waited for a processor that others had (Linux; 0 elsewhere). What is left of it
/// without that is our processor time.
pub struct FrameLog {
    out: BufWriter<File>,
    logic: Duration,
    begin: Instant,
    waited: u64,
}

impl FrameLog {
    pub fn create(path: &Path) -> std::io::Result<Self> {
        let mut out = BufWriter::new(File::create(path)?);
        writeln!(out, "logic_ms,ui_ms,total_ms,rest_ms,waited_ms")?;
        Ok(Self { out, logic: Duration::ZERO, begin: Instant::now(), waited: 0 })
    }

    pub fn logic(&mut self, begin: &Begin) {
        self.begin = begin.at;
        self.logic += begin.at.elapsed();
        self.waited += waited_ns().saturating_sub(begin.waited);
    }

    /// `whole` is what eframe says the last frame took on the processor, if it knows.
    pub fn ui(&mut self, begin: &Begin, whole_seconds: Option<f32>) {
        let took = begin.at.elapsed();
        let waited = self.waited + waited_ns().saturating_sub(begin.waited);
        let ms = |d: Duration| d.as_secs_f64() * 1e3;
        let own = ms(self.logic) + ms(took);
        let total = whole_seconds.map_or_else(|| ms(self.begin.elapsed()), |s| f64::from(s) * 1e3).max(own);
        let waited = (waited as f64 / 1e6).min(own);
        let line = format!("{:.3},{:.3},{total:.3},{:.3},{waited:.3}", ms(self.logic), ms(took), total - own);
        (self.logic, self.waited) = (Duration::ZERO, 0);
        if let Err(error) = writeln!(self.out, "{line}").and_then(|()| self.out.flush()) {
            tracing::warn!(%error, "the frame log cannot be written");
        }
    }
}

/// When a part of a frame began.
pub struct Begin {
    at: Instant,
    waited: u64,
}

impl Begin {
    /// `logged`: only then the kernel is asked how long the thread waited.
    pub fn now(logged: bool) -> Self {
        Self { waited: if logged { waited_ns() } else { 0 }, at: Instant::now() }
    }
}

/// Nanoseconds this thread was ready to run and had to wait, since it started.
fn waited_ns() -> u64 {
    if cfg!(not(target_os = "linux")) {
        return 0;
    }
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    second_number(&text)
}

/// `/proc/…/schedstat` holds the time on the processor, the time waiting for it, and the number of turns.
fn second_number(text: &str) -> u64 {
    text.split_ascii_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_five_numbers_and_the_wait_is_the_second_of_the_kernels_three() {
        assert_eq!((second_number("118071080 911555755 12\n"), second_number("")), (911_555_755, 0));
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut log = FrameLog::create(file.path()).unwrap();
        log.logic(&Begin::now(true));
        log.ui(&Begin::now(true), None);
        let text = std::fs::read_to_string(file.path()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines.len(), lines[0]), (2, "logic_ms,ui_ms,total_ms,rest_ms,waited_ms"));
        let numbers: Vec<f64> = lines[1].split(',').map(|n| n.parse().unwrap()).collect();
        assert!(numbers.len() == 5 && numbers[4] <= numbers[0] + numbers[1] + 0.001, "{numbers:?}");
    }
}
