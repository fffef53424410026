//! Work on all row groups, on two threads.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::data::error::LoadError;
use crate::domain::io::JobIo;

/// Pieces that may wait to be taken.
const WAITING: usize = 4;

/// Does `work` for each of `0..n`, on this thread and one more, and hands the results to `take` on this thread, in no
/// particular order. `io` hears of every piece and may cancel between two.
///
/// Errors: the first one of `work` or `take`, or that it was cancelled.
pub fn each<T: Send>(
    n: usize,
    io: &dyn JobIo,
    phase: &str,
    work: impl Fn(usize) -> Result<T, LoadError> + Sync,
    mut take: impl FnMut(usize, T) -> Result<(), LoadError>,
) -> Result<(), LoadError> {
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let claim = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&i| i < n && !stop.load(Ordering::Relaxed));
    let (sender, receiver) = mpsc::sync_channel(WAITING);
    thread::scope(|scope| {
        if n > 1 {
            let helper = || {
                let sender = sender;
                while let Some(i) = claim() {
                    if sender.send((i, work(i))).is_err() {
                        return;
                    }
                }
            };
            // Without a second thread this one does all.
            let _ = thread::Builder::new().name("table rows".to_owned()).spawn_scoped(scope, helper);
        } else {
            drop(sender);
        }
        let mut done = 0;
        let mut run = || {
            let mut finish = |(i, result): (usize, Result<T, LoadError>)| {
                take(i, result?)?;
                done += 1;
                Ok::<_, LoadError>(io.progress(phase, Some(done as f64 / n as f64))?)
            };
            io.progress(phase, Some(0.0))?;
            while let Some(i) = claim() {
                finish((i, work(i)))?;
                receiver.try_iter().try_for_each(&mut finish)?;
            }
            receiver.iter().try_for_each(&mut finish)
        };
        let result = run();
        stop.store(true, Ordering::Relaxed);
        // The helper may wait for room in the channel: without a receiver it ends.
        drop(receiver);
        result
    })
}

/// Does `work` on all `items`, on two threads.
pub fn share<T: Send>(items: Vec<T>, io: &dyn JobIo, phase: &str, work: impl Fn(T) + Sync) -> Result<(), LoadError> {
    let n = items.len();
    let slots: Vec<Mutex<Option<T>>> = items.into_iter().map(|item| Mutex::new(Some(item))).collect();
    let take = |i: usize| slots[i].lock().unwrap_or_else(PoisonError::into_inner).take();
    let one = |i: usize| {
        if let Some(item) = take(i) {
            work(item);
        }
        Ok(())
    };
    each(n, io, phase, one, |_, ()| Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::{Cancelled, Silent};

    #[test]
    fn every_piece_is_done_once() {
        let mut seen = [0; 100];
        each(
            100,
            &Silent,
            "",
            |i| Ok(i * 2),
            |i, x| {
                assert_eq!(x, i * 2);
                seen[i] += 1;
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(seen, [1; 100]);
    }

    #[test]
    fn an_error_or_a_cancel_ends_both_threads() {
        struct After(AtomicUsize);
        impl JobIo for After {
            fn progress(&self, _: &str, _: Option<f64>) -> Result<(), Cancelled> {
                if self.0.fetch_add(1, Ordering::Relaxed) > 10 { Err(Cancelled) } else { Ok(()) }
            }
        }
        let io = After(AtomicUsize::new(0));
        let ended = each(1_000_000, &io, "", |_| Ok([0u8; 1000]), |_, _| Ok(()));
        assert!(matches!(ended, Err(LoadError::Cancelled(_))));
        let fails = |i| if i == 7 { Err(LoadError::NoSuchColumn { column: "x".into() }) } else { Ok(()) };
        assert!(matches!(each(1000, &Silent, "", fails, |_, ()| Ok(())), Err(LoadError::NoSuchColumn { .. })));
    }
}
