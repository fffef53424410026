//! Columns are independent of each other: work on several of them at once.

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::domain::io::{Cancelled, JobIo};

/// Below so many cells a thread costs more than it brings.
const LEAST_CELLS: usize = 1 << 18;
const MOST_THREADS: usize = 8;
/// Cells read or fitted between two looks at the cancel button.
const CELLS_AT_ONCE: usize = 1 << 24;

/// As [`map`], a few items at a time, with a look in between at whether anybody still waits.
pub(super) fn map_in_turns<T: Send, R: Send>(
    items: Vec<T>,
    cells: usize,
    (io, phase): (&dyn JobIo, &str),
    work: impl Fn(T) -> R + Sync,
) -> Result<Vec<R>, Cancelled> {
    let at_once = (CELLS_AT_ONCE / cells.max(1)).max(MOST_THREADS);
    let mut all = Vec::with_capacity(items.len());
    let mut items = items.into_iter();
    loop {
        let turn: Vec<T> = items.by_ref().take(at_once).collect();
        if turn.is_empty() {
            return Ok(all);
        }
        io.progress(phase, None)?;
        all.extend(map(turn, cells, &work));
    }
}

/// What `work` makes of every item, in their order; `cells` is how many cells each of them has.
pub(super) fn map<T: Send, R: Send>(items: Vec<T>, cells: usize, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    let threads = cores.min(items.len()).min(items.len().saturating_mul(cells) / LEAST_CELLS);
    if threads < 2 {
        return items.into_iter().map(work).collect();
    }
    let queue = Mutex::new(items.into_iter().enumerate());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let share = || {
        let mut done = Vec::new();
        while let Some((at, item)) = next() {
            done.push((at, work(item)));
        }
        done
    };
    let mut all: Vec<(usize, R)> = thread::scope(|scope| {
        // Where no thread is to be had, this one does it all.
        let helper = |_| thread::Builder::new().name("recipe".to_owned()).spawn_scoped(scope, share).ok();
        let helpers: Vec<_> = (1..threads).filter_map(helper).collect();
        let mut all = share();
        for helper in helpers {
            all.extend(helper.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        all
    });
    all.sort_unstable_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..100).collect();
        let expected: Vec<usize> = items.iter().map(|i| i * 2).collect();
        assert_eq!(map(items.clone(), 1, |i| i * 2), expected);
        assert_eq!(map(items, 1 << 20, |i| i * 2), expected);
    }
}
