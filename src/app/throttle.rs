//! Progress at most ten times a second; everything else at once.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::jobs::event::JobEvent;

const EVERY: Duration = Duration::from_millis(100);

#[derive(Default)]
pub struct Throttle {
    last: Mutex<Option<(Instant, String)>>,
}

impl Throttle {
    /// A new phase passes at once, so that a short one is seen.
    pub fn lets_through(&self, event: &JobEvent) -> bool {
        self.at(event, Instant::now())
    }

    fn at(&self, event: &JobEvent, now: Instant) -> bool {
        let JobEvent::Progress { phase, .. } = event else { return true };
        let Ok(mut last) = self.last.lock() else { return true };
        let pass = last.as_ref().is_none_or(|(at, before)| {
            let wait = if before == phase { EVERY } else { EVERY / 4 };
            now.duration_since(*at) >= wait
        });
        if pass {
            *last = Some((now, phase.clone()));
        }
        pass
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::event::JobId;

    #[test]
    fn at_most_ten_progress_events_a_second_pass() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        let event = |phase: &str| JobEvent::Progress { id: JobId(1), phase: phase.to_owned(), fraction: None };
        let passed = (0..1000).filter(|ms| throttle.at(&event("Reading"), start + Duration::from_millis(*ms))).count();
        assert_eq!(passed, 10);
        assert!(throttle.at(&event("Writing"), start + Duration::from_millis(1000)));
        assert!(throttle.at(&JobEvent::Recorded { id: JobId(1) }, start));
    }
}
