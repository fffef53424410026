//! A progress bar on a terminal; nothing anywhere else.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::domain::words::time_left;
use crate::jobs::event::JobEvent;

const STEPS: u64 = 1000;

pub struct Bar(Option<ProgressBar>);

impl Bar {
    pub fn new() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::new(STEPS);
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {percent:>3} %  {msg}  {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(Some(bar))
    }

    pub fn show(&self, event: &JobEvent) {
        let Some(bar) = &self.0 else { return };
        if let JobEvent::Progress { phase, fraction, .. } = event {
            let left = fraction.and_then(|fraction| time_left(fraction, bar.elapsed().as_secs_f64()));
            bar.set_message(left.map_or_else(|| phase.clone(), |left| format!("{phase}, {left}")));
            if let Some(fraction) = fraction {
                bar.set_position((fraction * STEPS as f64) as u64);
            }
        }
    }

    pub fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
