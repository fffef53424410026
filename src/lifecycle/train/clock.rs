//! What time it is for a budget, and what fitting costs the processor.

use std::time::Instant;

/// Seconds since something began. Tests bring one of their own.
pub trait Clock: Sync {
    fn seconds(&self) -> f64;
}

impl Clock for Instant {
    fn seconds(&self) -> f64 {
        self.elapsed().as_secs_f64()
    }
}

/// How long a request may take.
#[derive(Clone, Copy)]
pub struct Limit<'a> {
    pub clock: &'a dyn Clock,
    /// By the clock; `None` for no limit.
    pub end: Option<f64>,
}

impl Limit<'_> {
    pub fn is_over(&self) -> bool {
        self.end.is_some_and(|end| self.clock.seconds() >= end)
    }
}

/// Whose processor time is meant.
#[derive(Clone, Copy)]
pub enum CpuOf {
    /// This thread's alone: others work on something else.
    Thread,
    /// All threads': they work for this one.
    Process,
}

/// Processor time between two moments. Where the system does not tell (it does on Linux) it is wall time.
pub struct CpuClock {
    of: CpuOf,
    start: Option<f64>,
    wall: Instant,
}

impl CpuClock {
    pub fn start(of: CpuOf) -> Self {
        Self { of, start: cpu_seconds(of), wall: Instant::now() }
    }

    pub fn seconds(&self) -> f64 {
        let spent = self.start.zip(cpu_seconds(self.of)).map(|(start, now)| now - start);
        spent.unwrap_or_else(|| self.wall.elapsed().as_secs_f64())
    }
}

#[cfg(target_os = "linux")]
fn cpu_seconds(of: CpuOf) -> Option<f64> {
    match of {
        CpuOf::Thread => {
            let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
            let nanoseconds: u64 = text.split_whitespace().next()?.parse().ok()?;
            Some(nanoseconds as f64 / 1e9)
        }
        CpuOf::Process => {
            let text = std::fs::read_to_string("/proc/self/stat").ok()?;
            // The name in parentheses may hold spaces; user and system time are the 12th and 13th after it, in
            // hundredths of a second on every Linux (USER_HZ).
            let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
            let user: u64 = fields.next()?.parse().ok()?;
            let system: u64 = fields.next()?.parse().ok()?;
            Some((user + system) as f64 / 100.0)
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn cpu_seconds(_of: CpuOf) -> Option<f64> {
    None
}
