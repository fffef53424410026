//! Pieces of work on all cores, with one thread that talks: it hears about cancellation, watches the time budget, and
//! takes results in as they come (writing them to the store, which has one owner).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::clock::Limit;
use crate::domain::io::{Cancelled, JobIo};
use crate::domain::run::MetricPoint;
use crate::lifecycle::StageError;

/// How often cancellation and the budget are looked at.
const BEAT: Duration = Duration::from_millis(20);
/// Learners recurse into deep trees. Address space, not memory.
const STACK_BYTES: usize = 64 << 20;
const QUEUE: usize = 1024;

/// What workers say.
pub enum Said<R> {
    /// The workers are at it: the time to do what need not be done before.
    Begun,
    /// The first work on this job began.
    Started {
        job: usize,
    },
    Point {
        job: usize,
        point: MetricPoint,
    },
    Done {
        job: usize,
        result: Result<R, StageError>,
    },
}

/// One piece of work for a job.
pub struct Unit<T> {
    pub job: usize,
    pub work: T,
}

/// What is done with a unit.
type Work<'a, T, R> = dyn Fn(&Unit<T>, &dyn JobIo) -> Result<R, StageError> + Sync + 'a;

/// Does `work` on every unit, in their order on as many threads as given; `hear` takes what comes of it on this thread,
/// from [`Said::Begun`] on, and nothing after an error there.
/// Units of a job that failed are left out. Ends early when cancelled (an error) or out of time (not one).
pub fn run<T: Sync, R: Send>(
    units: &[Unit<T>],
    threads: usize,
    limit: Limit<'_>,
    io: &dyn JobIo,
    title: &(dyn Fn(&Unit<T>) -> String + Sync),
    work: &Work<'_, T, R>,
    mut hear: impl FnMut(Said<R>) -> Result<(), StageError>,
) -> Result<(), StageError> {
    let n_jobs = units.iter().map(|unit| unit.job + 1).max().unwrap_or(0);
    let shared = Shared {
        stop: AtomicBool::new(false),
        next: AtomicUsize::new(0),
        failed: (0..n_jobs).map(|_| AtomicBool::new(false)).collect(),
        phase: Mutex::new(String::new()),
    };
    let (sender, receiver) = sync_channel::<Said<R>>(QUEUE);
    thread::scope(|scope| {
        let body = |sender: SyncSender<Said<R>>| {
            let shared = &shared;
            move || shared.take(units, limit, title, work, &sender)
        };
        let mut helpers = 0;
        for _ in 0..threads.max(1).min(units.len()) {
            let builder = thread::Builder::new().name("training".to_owned()).stack_size(STACK_BYTES);
            helpers += usize::from(builder.spawn_scoped(scope, body(sender.clone())).is_ok());
        }
        if helpers == 0 && !units.is_empty() {
            return Err(StageError::usage("no thread could be started", "Close other programs and try again"));
        }
        drop(sender);
        let mut done = 0;
        let mut end = hear(Said::Begun);
        let is_refused = end.is_err();
        shared.stop.store(is_refused, Ordering::Relaxed);
        loop {
            let heard = receiver.recv_timeout(BEAT);
            let phase = shared.phase.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let asked = io.progress(&phase, Some(done as f64 / units.len().max(1) as f64));
            if let (Err(cancelled), true) = (asked, end.is_ok()) {
                shared.stop.store(true, Ordering::Relaxed);
                end = Err(cancelled.into());
            }
            if limit.is_over() {
                shared.stop.store(true, Ordering::Relaxed);
            }
            let said = match heard {
                Ok(said) => said,
                Err(RecvTimeoutError::Timeout) => continue,
                // Every worker has gone.
                Err(RecvTimeoutError::Disconnected) => break,
            };
            done += usize::from(matches!(said, Said::Done { .. }));
            if is_refused {
                continue;
            }
            if let Err(error) = hear(said)
                && end.is_ok()
            {
                shared.stop.store(true, Ordering::Relaxed);
                end = Err(error);
            }
        }
        end
    })
}

struct Shared {
    stop: AtomicBool,
    next: AtomicUsize,
    failed: Vec<AtomicBool>,
    phase: Mutex<String>,
}

impl Shared {
    fn take<T, R>(
        &self,
        units: &[Unit<T>],
        limit: Limit<'_>,
        title: &(dyn Fn(&Unit<T>) -> String + Sync),
        work: &Work<'_, T, R>,
        sender: &SyncSender<Said<R>>,
    ) {
        while !self.stop.load(Ordering::Relaxed) && !limit.is_over() {
            let Some(unit) = units.get(self.next.fetch_add(1, Ordering::Relaxed)) else { break };
            if self.failed[unit.job].load(Ordering::Relaxed) {
                continue;
            }
            if sender.send(Said::Started { job: unit.job }).is_err() {
                break;
            }
            let relay = Relay { shared: self, limit, title: title(unit), job: unit.job, sender };
            // A panic in a learner costs its own run only.
            let result = catch_unwind(AssertUnwindSafe(|| work(unit, &relay))).unwrap_or_else(|panic| {
                let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
                Err(StageError::Panicked(text.chars().take(500).collect()))
            });
            if result.is_err() {
                self.failed[unit.job].store(true, Ordering::Relaxed);
            }
            if sender.send(Said::Done { job: unit.job, result }).is_err() {
                break;
            }
        }
    }
}

/// What a unit of work talks to.
struct Relay<'a, R> {
    shared: &'a Shared,
    limit: Limit<'a>,
    title: String,
    job: usize,
    sender: &'a SyncSender<Said<R>>,
}

impl<R> JobIo for Relay<'_, R> {
    fn progress(&self, phase: &str, _fraction: Option<f64>) -> Result<(), Cancelled> {
        if self.shared.stop.load(Ordering::Relaxed) || self.limit.is_over() {
            return Err(Cancelled);
        }
        // Somebody else is telling: that is progress too.
        if let Ok(mut now) = self.shared.phase.try_lock() {
            now.clear();
            now.push_str(&self.title);
            if !phase.is_empty() {
                now.push_str(": ");
                now.push_str(phase);
            }
        }
        Ok(())
    }

    fn measured(&self, _run: &str, point: &MetricPoint) {
        // A curve with a gap is better than training that waits.
        let _ = self.sender.try_send(Said::Point { job: self.job, point: point.clone() });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;
    use crate::domain::io::Silent;
    use crate::lifecycle::train::clock::Clock;

    /// Milliseconds that the work itself lets pass.
    struct Fake(AtomicU64);

    impl Clock for Fake {
        fn seconds(&self) -> f64 {
            self.0.load(Ordering::Relaxed) as f64 / 1000.0
        }
    }

    fn units(n: usize) -> Vec<Unit<()>> {
        (0..n).map(|job| Unit { job, work: () }).collect()
    }

    #[test]
    fn a_budget_stops_what_is_under_way_within_a_tenth() {
        for threads in [1, 2, 4] {
            let clock = Fake(AtomicU64::new(0));
            let limit = Limit { clock: &clock, end: Some(1.0) };
            // Each unit takes 0.4 s in steps of 10 ms.
            let work = |_: &Unit<()>, io: &dyn JobIo| -> Result<(), StageError> {
                for _ in 0..40 {
                    io.progress("", None)?;
                    clock.0.fetch_add(10, Ordering::Relaxed);
                }
                Ok(())
            };
            let mut finished = 0;
            let heard = |said| {
                finished += usize::from(matches!(said, Said::Done { result: Ok(()), .. }));
                Ok(())
            };
            run(&units(50), threads, limit, &Silent, &|_| String::new(), &work, heard).unwrap();
            let spent = clock.seconds();
            assert!((1.0..=1.1).contains(&spent), "{spent} s on {threads} threads");
            assert!(finished <= 2, "{finished}");
        }
    }

    #[test]
    fn a_panic_costs_its_own_job_only_and_the_rest_of_that_job_is_left_out() {
        let clock = Fake(AtomicU64::new(0));
        let limit = Limit { clock: &clock, end: None };
        let units: Vec<Unit<u32>> = (0..6).map(|i| Unit { job: i / 3, work: i as u32 }).collect();
        let work = |unit: &Unit<u32>, _: &dyn JobIo| -> Result<u32, StageError> {
            assert!(unit.work != 0, "on purpose");
            Ok(unit.work)
        };
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        let hear = |said| {
            match said {
                Said::Done { result: Ok(work), .. } => good.push(work),
                Said::Done { job, result: Err(error) } => bad.push((job, error.to_string())),
                _ => {}
            }
            Ok(())
        };
        run(&units, 1, limit, &Silent, &|_| String::new(), &work, hear).unwrap();
        assert_eq!((good, bad.len(), bad[0].0), (vec![3, 4, 5], 1, 0));
        assert!(bad[0].1.contains("on purpose"));
    }

    #[test]
    fn nothing_is_heard_when_what_was_to_be_first_fails() {
        let clock = Fake(AtomicU64::new(0));
        let limit = Limit { clock: &clock, end: None };
        let work = |_: &Unit<()>, _: &dyn JobIo| Ok(());
        let hear = |said| match said {
            Said::Begun => Err(StageError::usage("no", "on purpose")),
            _ => panic!("heard after a refusal"),
        };
        let error = run(&units(50), 2, limit, &Silent, &|_| String::new(), &work, hear).unwrap_err();
        assert_eq!(error.to_string(), "no");
    }

    #[test]
    fn cancelling_stops_the_workers() {
        struct Stop;
        impl JobIo for Stop {
            fn progress(&self, _phase: &str, _fraction: Option<f64>) -> Result<(), Cancelled> {
                Err(Cancelled)
            }
        }
        let clock = Fake(AtomicU64::new(0));
        let limit = Limit { clock: &clock, end: None };
        let work = |_: &Unit<()>, io: &dyn JobIo| -> Result<(), StageError> {
            loop {
                io.progress("", None)?;
                thread::yield_now();
            }
        };
        let ended = run(&units(3), 2, limit, &Stop, &|_| String::new(), &work, |_| Ok(()));
        assert!(ended.unwrap_err().is_cancelled());
    }
}
