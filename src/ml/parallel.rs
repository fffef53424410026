//! The same work on every stretch of rows, on all cores, with results in row order: what is added up afterwards does not
//! depend on how many cores there were.

use std::cell::Cell;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::domain::io::{Cancelled, JobIo};
use crate::ml::cores;

/// Rows per stretch.
pub const STRETCH: usize = 32_768;
/// A machine with more cores has better things to do with them.
const MAX_THREADS: usize = 16;

/// Whom a computation tells how far it is, and hears from when it is no longer wanted.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    pub io: &'a dyn JobIo,
    pub phase: &'a str,
    pub fraction: Option<f64>,
}

impl Watch<'_> {
    pub fn tick(&self) -> Result<(), Cancelled> {
        self.io.progress(self.phase, self.fraction)
    }
}

/// `work(rows, alive)` for the stretches of `0..n`, `size` rows each. Long work asks `alive()` now and then and returns
/// anything once it is false.
pub fn map_stretches<T: Send>(
    n: usize,
    size: usize,
    watch: Watch,
    work: impl Fn(Range<usize>, &dyn Fn() -> bool) -> T + Sync,
) -> Result<Vec<T>, Cancelled> {
    map_on(cores::n_threads().min(MAX_THREADS), n, size, watch, work)
}

fn map_on<T: Send>(
    threads: usize,
    n: usize,
    size: usize,
    watch: Watch,
    work: impl Fn(Range<usize>, &dyn Fn() -> bool) -> T + Sync,
) -> Result<Vec<T>, Cancelled> {
    let size = size.max(1);
    let n_stretches = n.div_ceil(size);
    let rows = |stretch: usize| stretch * size..((stretch + 1) * size).min(n);
    let stop = AtomicBool::new(false);
    let asked = Cell::new(true);
    let alive_here = || {
        if watch.tick().is_err() {
            stop.store(true, Ordering::Relaxed);
            asked.set(false);
        }
        asked.get()
    };
    if !alive_here() {
        return Err(Cancelled);
    }
    let threads = threads.min(n_stretches);
    let next = AtomicUsize::new(0);
    let take = |alive: &dyn Fn() -> bool| {
        let mut done = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let stretch = next.fetch_add(1, Ordering::Relaxed);
            if stretch >= n_stretches || !alive() {
                break;
            }
            done.push((stretch, work(rows(stretch), alive)));
        }
        done
    };
    let mut all = thread::scope(|scope| {
        let helpers: Vec<_> = (1..threads)
            .filter_map(|_| {
                let help = || take(&|| !stop.load(Ordering::Relaxed));
                // Without a helper this thread does all the work.
                thread::Builder::new().name("learner".to_owned()).spawn_scoped(scope, help).ok()
            })
            .collect();
        let mut all = take(&alive_here);
        for helper in helpers {
            while !helper.is_finished() && alive_here() {
                thread::park_timeout(Duration::from_micros(200));
            }
            match helper.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    if !asked.get() || all.len() < n_stretches {
        return Err(Cancelled);
    }
    all.sort_unstable_by_key(|(stretch, _)| *stretch);
    Ok(all.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;

    struct Stop;

    impl JobIo for Stop {
        fn progress(&self, _phase: &str, _fraction: Option<f64>) -> Result<(), Cancelled> {
            Err(Cancelled)
        }
    }

    #[test]
    fn results_come_in_row_order() {
        let watch = Watch { io: &Silent, phase: "", fraction: None };
        let sums = map_stretches(1003, 10, watch, |rows, _| rows.sum::<usize>()).unwrap();
        assert_eq!(sums.len(), 101);
        assert_eq!((sums[0], sums[100]), (45, 1000 + 1001 + 1002));
        assert_eq!(map_stretches(0, 10, watch, |rows, _| rows.len()).unwrap(), Vec::<usize>::new());
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let watch = Watch { io: &Silent, phase: "", fraction: None };
        let harmonic = |threads| {
            let parts = map_on(threads, 10_000, 97, watch, |rows, _| rows.map(|i| 1.0 / (1 + i) as f64).sum::<f64>());
            parts.unwrap().into_iter().sum::<f64>().to_bits()
        };
        assert_eq!(harmonic(1), harmonic(2));
        assert_eq!(harmonic(1), harmonic(3));
    }

    #[test]
    fn stops_when_nobody_wants_it() {
        let watch = Watch { io: &Stop, phase: "", fraction: None };
        assert_eq!(map_stretches(100, 1, watch, |rows, _| rows.len()), Err(Cancelled));
    }
}
