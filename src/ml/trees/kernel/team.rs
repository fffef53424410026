//! The team of threads that shares a fit, and who may stop it.
//!
//! A team hands every item of a slice to exactly one thread and returns only when all are done.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{JoinHandle, ThreadId};

use crate::domain::io::{Cancelled, JobIo};

/// Threads that wait for work beside the one that leads them. A split's work is often shorter than waking a thread, so
/// they spin for a moment before they sleep, and the leader never waits for one that has not begun.
pub struct Team {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

type Task<'a> = dyn Fn(usize) + Sync + 'a;

struct Shared {
    /// The round in the high half, whether it may be entered, how many are inside.
    state: AtomicU64,
    job: Mutex<Option<Job>>,
    next: AtomicUsize,
    asleep: AtomicUsize,
    door: Mutex<()>,
    bell: Condvar,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

#[derive(Clone, Copy)]
struct Job {
    task: *const Task<'static>,
    n_tasks: usize,
}

// SAFETY: a job is a pointer to a `Sync` closure; `Team::run` keeps the closure alive until everyone has left the round.
unsafe impl Send for Job {}

const OPEN: u64 = 1 << 31;
const STOP: u64 = 1 << 30;
const INSIDE: u64 = STOP - 1;
const ROUND: u64 = 1 << 32;
/// Turns of waiting before a worker sleeps; some tens of microseconds.
const SPINS: u32 = 1500;

impl Team {
    /// `n_threads` in all, this one included.
    pub fn new(n_threads: usize) -> Self {
        let shared = Arc::new(Shared {
            state: AtomicU64::new(0),
            job: Mutex::new(None),
            next: AtomicUsize::new(0),
            asleep: AtomicUsize::new(0),
            door: Mutex::new(()),
            bell: Condvar::new(),
            panic: Mutex::new(None),
        });
        // A thread that the system refuses is done without.
        let workers = (1..n_threads)
            .filter_map(|k| {
                let shared = Arc::clone(&shared);
                std::thread::Builder::new().name(format!("trees {k}")).spawn(move || shared.work()).ok()
            })
            .collect();
        Self { shared, workers }
    }

    pub fn n_threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `work` once for each item, on any thread of the team, and returns when all are done.
    pub fn each_mut<T: Send>(&self, items: &mut [T], work: impl Fn(usize, &mut T) + Sync) {
        if self.workers.is_empty() || items.len() < 2 {
            items.iter_mut().enumerate().for_each(|(i, item)| work(i, item));
            return;
        }
        struct Items<T>(*mut T);
        // SAFETY: each index is handed out once, so each item is seen by one thread; `T` may change threads.
        unsafe impl<T: Send> Sync for Items<T> {}
        impl<T> Items<T> {
            fn at(&self, i: usize) -> *mut T {
                self.0.wrapping_add(i)
            }
        }
        let n = items.len();
        let items = Items(items.as_mut_ptr());
        // SAFETY: `i` is below `n` and comes once; `run` returns only after the last call.
        self.run(n, &|i| work(i, unsafe { &mut *items.at(i) }));
    }

    fn run(&self, n_tasks: usize, task: &Task<'_>) {
        // SAFETY: only the lifetime changes. Whoever is inside a round may use the job, and `Round` waits for all of them
        // before this call returns, by panic or otherwise.
        let task: *const Task<'static> = unsafe { std::mem::transmute::<*const Task<'_>, *const Task<'static>>(task) };
        let job = Job { task, n_tasks };
        *lock(&self.shared.job) = Some(job);
        self.shared.next.store(0, Ordering::Relaxed);
        self.shared.state.fetch_add(ROUND | OPEN, Ordering::SeqCst);
        if self.shared.asleep.load(Ordering::SeqCst) > 0 {
            let _door = lock(&self.shared.door);
            self.shared.bell.notify_all();
        }
        {
            let _round = Round(&self.shared);
            self.shared.take_part(job);
        }
        if let Some(panic) = lock(&self.shared.panic).take() {
            resume_unwind(panic);
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.state.fetch_or(STOP, Ordering::SeqCst);
        {
            let _door = lock(&self.shared.door);
            self.shared.bell.notify_all();
        }
        for worker in self.workers.drain(..) {
            // A worker catches its tasks' panics.
            let _ = worker.join();
        }
    }
}

/// Closes the round and waits for those inside, also when the leader's own task panics.
struct Round<'a>(&'a Shared);

impl Drop for Round<'_> {
    fn drop(&mut self) {
        self.0.next.store(usize::MAX / 2, Ordering::Relaxed);
        self.0.state.fetch_and(!OPEN, Ordering::SeqCst);
        let mut turns = 0_u32;
        while self.0.state.load(Ordering::Acquire) & INSIDE != 0 {
            wait_a_turn(&mut turns);
        }
    }
}

fn wait_a_turn(turns: &mut u32) {
    *turns += 1;
    if *turns < SPINS { std::hint::spin_loop() } else { std::thread::yield_now() }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // What the mutexes guard is replaced whole, so a panic leaves nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn work(&self) {
        let mut seen = 0;
        let mut turns = 0_u32;
        loop {
            let state = self.state.load(Ordering::Acquire);
            if state & STOP != 0 {
                return;
            }
            if self.news(state, seen) {
                // Entering succeeds only while the round is open: until then the leader cannot have left it.
                if self.state.compare_exchange(state, state + 1, Ordering::SeqCst, Ordering::Relaxed).is_ok() {
                    seen = state / ROUND;
                    let job = *lock(&self.job);
                    if let Some(job) = job
                        && let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.take_part(job)))
                    {
                        *lock(&self.panic) = Some(panic);
                    }
                    self.state.fetch_sub(1, Ordering::Release);
                    turns = 0;
                }
            } else if turns < SPINS {
                turns += 1;
                std::hint::spin_loop();
            } else {
                self.sleep(seen);
                turns = 0;
            }
        }
    }

    fn news(&self, state: u64, seen: u64) -> bool {
        state & OPEN != 0 && state / ROUND != seen
    }

    fn sleep(&self, seen: u64) {
        let mut door = lock(&self.door);
        self.asleep.fetch_add(1, Ordering::SeqCst);
        loop {
            let state = self.state.load(Ordering::SeqCst);
            if state & STOP != 0 || self.news(state, seen) {
                break;
            }
            door = self.bell.wait(door).unwrap_or_else(PoisonError::into_inner);
        }
        self.asleep.fetch_sub(1, Ordering::SeqCst);
    }

    fn take_part(&self, job: Job) {
        loop {
            let i = self.next.fetch_add(1, Ordering::Relaxed);
            if i >= job.n_tasks {
                return;
            }
            // SAFETY: we are inside the round, so the closure is alive (see `Team::run`).
            unsafe { (*job.task)(i) }
        }
    }
}

/// Whoever waits for a job, as all threads of a team may ask: only the thread that knows them does.
pub struct Watch<'a> {
    io: &'a dyn JobIo,
    home: ThreadId,
    is_cancelled: AtomicBool,
}

// SAFETY: `io` may not be shared, and is used on its own thread only; the rest is shareable.
unsafe impl Sync for Watch<'_> {}

impl<'a> Watch<'a> {
    pub fn new(io: &'a dyn JobIo) -> Self {
        Self { io, home: std::thread::current().id(), is_cancelled: AtomicBool::new(false) }
    }

    /// Whether to go on. Words and share are made only where they can be told.
    pub fn go_on(&self, phase: impl FnOnce() -> (String, Option<f64>)) -> bool {
        if std::thread::current().id() == self.home {
            let (phase, fraction) = phase();
            if self.io.progress(&phase, fraction).is_err() {
                self.is_cancelled.store(true, Ordering::Relaxed);
            }
        }
        !self.is_cancelled.load(Ordering::Relaxed)
    }

    pub fn finish(self) -> Result<(), Cancelled> {
        if self.is_cancelled.into_inner() { Err(Cancelled) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_team_does_every_task_once_and_passes_panics_on() {
        for n_threads in [1, 2, 3] {
            let team = Team::new(n_threads);
            let mut counts = vec![0_u32; 1000];
            for round in 0..200 {
                team.each_mut(&mut counts, |i, count| *count += u32::from(i % 3 == round % 3));
            }
            assert!(counts.iter().enumerate().all(|(i, &n)| n == if i % 3 == 2 { 66 } else { 67 }));
            let panics = catch_unwind(AssertUnwindSafe(|| {
                team.each_mut(&mut counts, |i, _| assert!(i != 500, "task 500 fails"));
            }));
            assert!(panics.is_err());
            team.each_mut(&mut counts, |_, count| *count = 1);
            assert_eq!(counts.iter().sum::<u32>(), 1000);
        }
    }
}
