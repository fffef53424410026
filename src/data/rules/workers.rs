//! Units of work on two threads, the same results however many there are.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::data::error::LoadError;
use crate::domain::io::{Cancelled, JobIo};

/// Below so many cells a thread costs more than it brings.
const LEAST_CELLS: usize = 1 << 18;
const MOST_THREADS: usize = 8;
/// How often whoever waits is asked whether they still do.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Tells a unit of work whether to go on; asked for every piece of a column.
pub(super) struct Watch<'a> {
    stop: &'a AtomicBool,
    /// On the thread that may ask.
    io: Option<&'a dyn JobIo>,
    phase: &'a str,
}

impl Watch<'_> {
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Cancelled);
        }
        self.io.map_or(Ok(()), |io| io.progress(self.phase, None))
    }
}

/// What `work` makes of every unit, in their order; `rows` is how many rows each of them looks at.
///
/// Errors: the first one in the order of the units, or that the job was cancelled.
pub(super) fn each<U: Sync, T: Send>(
    units: &[U],
    rows: usize,
    io: &dyn JobIo,
    phase: &str,
    work: impl Fn(&U, &Watch<'_>) -> Result<T, LoadError> + Sync,
) -> Result<Vec<T>, LoadError> {
    let stop = AtomicBool::new(false);
    let cores = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    let threads = cores.min(units.len()).min(units.len().saturating_mul(rows) / LEAST_CELLS);
    if threads < 2 {
        return here(units, &stop, io, phase, &work);
    }
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::sync_channel(units.len());
    let mut results: Vec<Option<Result<T, LoadError>>> = units.iter().map(|_| None).collect();
    let cancelled = thread::scope(|scope| {
        let (stop, next, work) = (&stop, &next, &work);
        for _ in 0..threads {
            let sender = sender.clone();
            let share = move || {
                let watch = Watch { stop, io: None, phase };
                while let Some((i, unit)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, units.get(i)?)))
                {
                    if stop.load(Ordering::Relaxed) || sender.send((i, work(unit, &watch))).is_err() {
                        return;
                    }
                }
            };
            // Where no thread is to be had, the others do it all; without any, this one does below.
            let _ = thread::Builder::new().name("rules".to_owned()).spawn_scoped(scope, share);
        }
        drop(sender);
        let mut done = 0;
        loop {
            match receiver.recv_timeout(ASK_EVERY) {
                Ok((i, result)) => {
                    results[i] = Some(result);
                    done += 1;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            if let Err(cancelled) = io.progress(phase, Some(done as f64 / units.len() as f64)) {
                stop.store(true, Ordering::Relaxed);
                return Err(cancelled);
            }
        }
    });
    cancelled?;
    if results.iter().any(Option::is_none) {
        return here(units, &stop, io, phase, &work);
    }
    results.into_iter().flatten().collect()
}

fn here<U, T>(
    units: &[U],
    stop: &AtomicBool,
    io: &dyn JobIo,
    phase: &str,
    work: impl Fn(&U, &Watch<'_>) -> Result<T, LoadError>,
) -> Result<Vec<T>, LoadError> {
    let watch = Watch { stop, io: Some(io), phase };
    let one = |(i, unit): (usize, &U)| {
        io.progress(phase, Some(i as f64 / units.len() as f64))?;
        work(unit, &watch)
    };
    units.iter().enumerate().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;

    #[test]
    fn results_come_in_order_with_and_without_threads() {
        let units: Vec<usize> = (0..50).collect();
        for rows in [1, 1 << 20] {
            let doubled = each(&units, rows, &Silent, "Counting", |unit, _| Ok(unit * 2)).unwrap();
            assert!(doubled.iter().enumerate().all(|(i, x)| *x == i * 2));
        }
    }

    #[test]
    fn a_cancelled_job_stops_the_threads() {
        struct Impatient;
        impl JobIo for Impatient {
            fn progress(&self, _: &str, _: Option<f64>) -> Result<(), Cancelled> {
                Err(Cancelled)
            }
        }
        let wait = |_: &usize, watch: &Watch<'_>| -> Result<(), LoadError> {
            loop {
                watch.check()?;
                thread::yield_now();
            }
        };
        for rows in [1, 1 << 20] {
            assert!(matches!(each(&[1, 2, 3], rows, &Impatient, "Waiting", wait), Err(LoadError::Cancelled(_))));
        }
    }
}
