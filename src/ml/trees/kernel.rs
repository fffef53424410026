//! The inner loops of histogram trees, and the team of threads that shares them: the one place with `unsafe`.
//!
//! Why here: a fit of a million rows makes some ten billion bin updates. With bounds checks each costs about twice as
//! much, and a scoped thread per split would cost more than most splits. Why it is sound: the checks are made once per
//! call instead of once per cell (`RowBins` cannot be built with a bin beyond its column, `add_rows` and `partition` look
//! at the largest row first), and a team hands every item of a slice to exactly one thread and returns only when all are
//! done. `tests` holds the same loops written safely, and compares.
#![allow(unsafe_code)]

mod vectors;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{JoinHandle, ThreadId};

use crate::domain::io::{Cancelled, JobIo};

pub use vectors::{Ascent, PICKED, Places, TABLE, ascend, pick, tally, wide};

/// Rows of bins, row after row, as histograms read them.
pub struct RowBins {
    n_rows: usize,
    /// Bytes from one row to the next.
    stride: usize,
    bins: Vec<u8>,
    /// Where each column's slots start, and after the last their number.
    starts: Vec<usize>,
    /// Columns with 256, 64 and 16 slots each, in this order: with the distance between columns known to the compiler, a
    /// cell costs two thirds of what it costs with a table of starts.
    runs: [usize; 3],
}

/// Rows are copied into place this many at a time, one thread each.
const COPY_ROWS: usize = 8192;
const TILE_ROWS: usize = 64;
/// How far ahead rows are fetched: about the latency of memory, in rows.
pub const AHEAD: usize = 16;
/// Slots kept for a column of each run.
const ROOM: [usize; 3] = [256, 64, 16];

/// Which run a column with so many bins belongs to. Columns must come in the order of their runs.
pub fn run_of(width: usize) -> usize {
    ROOM.iter().rposition(|&room| width <= room).unwrap_or(0)
}

impl RowBins {
    /// `columns` are equally long, hold bins below `widths` and come in the order of [`run_of`].
    pub fn new(n_rows: usize, columns: &[Vec<u8>], widths: &[usize], team: &Team) -> Self {
        assert!(columns.len() == widths.len() && columns.iter().all(|column| column.len() == n_rows));
        for (column, &width) in columns.iter().zip(widths) {
            assert!(width <= 256 && column.iter().max().is_none_or(|&largest| usize::from(largest) < width));
        }
        assert!(widths.is_sorted_by_key(|&width| run_of(width)));
        let mut starts = vec![0];
        widths.iter().for_each(|&width| starts.push(starts[starts.len() - 1] + ROOM[run_of(width)]));
        let runs = [0, 1, 2].map(|run| widths.iter().filter(|&&width| run_of(width) == run).count());
        let stride = stride(columns.len());
        let mut bins = vec![0; n_rows * stride];
        let mut parts: Vec<&mut [u8]> = bins.chunks_mut((COPY_ROWS * stride).max(1)).collect();
        team.each_mut(&mut parts, |part, rows| {
            // A few rows at a time: what is written stays in the cache until all columns are in.
            for (tile, rows) in rows.chunks_mut((TILE_ROWS * stride).max(1)).enumerate() {
                let from = part * COPY_ROWS + tile * TILE_ROWS;
                for (c, column) in columns.iter().enumerate() {
                    for (row, &bin) in rows.chunks_exact_mut(stride).zip(&column[from..]) {
                        row[c] = bin;
                    }
                }
            }
        });
        Self { n_rows, stride, bins, starts, runs }
    }

    /// Where each column's slots start in a histogram, and after the last their number.
    pub fn starts(&self) -> &[usize] {
        &self.starts
    }

    pub fn n_columns(&self) -> usize {
        self.starts.len() - 1
    }

    /// Gives the bins of a column other numbers, each its own.
    pub fn rename(&mut self, column: usize, names: &[u8; 256]) {
        let width = ROOM[self
            .runs
            .iter()
            .scan(0, |end, run| {
                *end += run;
                Some(*end)
            })
            .position(|end| column < end)
            .unwrap_or(0)];
        assert!(column < self.n_columns());
        for row in self.bins.chunks_exact_mut(self.stride) {
            let name = names[usize::from(row[column])];
            assert!(usize::from(name) < width);
            row[column] = name;
        }
    }

    /// Its rows, to be read one by one.
    #[inline(always)]
    pub fn rows(&self) -> Rows<'_> {
        Rows { bins: &self.bins, stride: self.stride, n_columns: self.n_columns() }
    }

    /// Adds what `packed` holds of each row to the slot of the row's bin, in every column: one whole-number addition per
    /// cell, so that the sums do not depend on the order of the rows. They wrap: `Packing` leaves room for all rows.
    pub fn add_rows(&self, rows: &[u32], packed: &[i64], histogram: &mut [i64]) {
        let n_columns = self.n_columns();
        assert!(packed.len() == self.n_rows && histogram.len() == self.starts[n_columns]);
        assert!(rows.iter().max().is_none_or(|&row| (row as usize) < self.n_rows));
        let (bins, stride) = (self.bins.as_ptr(), self.stride);
        for (i, &row) in rows.iter().enumerate() {
            // SAFETY: every row is below `n_rows`, so `row * stride + column` lies in `bins` and `row` in `packed`; a bin is
            // below its column's width, which is at most the column's room, and the rooms of all columns together are the
            // histogram's length. All of this was asserted, here and in `new`. Fetching ahead reads nothing.
            unsafe {
                if i + AHEAD < rows.len() {
                    let next = *rows.get_unchecked(i + AHEAD) as usize;
                    prefetch(bins.add(next.wrapping_mul(stride)));
                    prefetch(packed.as_ptr().add(next).cast());
                }
                let value = *packed.get_unchecked(row as usize);
                let cells = bins.add((row as usize).wrapping_mul(stride));
                let slots = histogram.as_mut_ptr();
                let (cells, slots) = add_run::<256>(cells, self.runs[0], value, slots);
                let (cells, slots) = add_run::<64>(cells, self.runs[1], value, slots);
                add_run::<16>(cells, self.runs[2], value, slots);
            }
        }
    }
}

/// Rows of bins one after the other: a table's, or a few of them copied to lie near each other.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    pub bins: &'a [u8],
    /// Bytes from one row to the next.
    pub stride: usize,
    pub n_columns: usize,
}

impl<'a> Rows<'a> {
    /// The bins of one row, one per column.
    #[inline(always)]
    pub fn row(self, row: usize) -> &'a [u8] {
        let from = row.wrapping_mul(self.stride);
        &self.bins[from..from.wrapping_add(self.n_columns)]
    }

    /// The bin of one row in one column.
    #[inline(always)]
    pub fn bin(self, row: usize, column: usize) -> u8 {
        self.bins[row.wrapping_mul(self.stride).wrapping_add(column)]
    }

    /// Says that a row will be read soon; any number may be given.
    #[inline(always)]
    pub fn expect(self, row: usize) {
        prefetch(self.bins.as_ptr().wrapping_add(row.wrapping_mul(self.stride)));
    }
}

/// Adds `value` to one slot of each of `n` columns; returns where the next run's cells and slots start.
///
/// # Safety
/// `cells` has `n` readable bins below `ROOM`, `slots` has `n * ROOM` writable places.
#[inline(always)]
unsafe fn add_run<const ROOM: usize>(
    mut cells: *const u8,
    n: usize,
    value: i64,
    mut slots: *mut i64,
) -> (*const u8, *mut i64) {
    // SAFETY: what the caller promised; both pointers end one past the run.
    unsafe {
        for _ in 0..n / 4 {
            for column in 0..4 {
                let slot = slots.add(column * ROOM + usize::from(*cells.add(column)));
                *slot = (*slot).wrapping_add(value);
            }
            (cells, slots) = (cells.add(4), slots.add(4 * ROOM));
        }
        for _ in 0..n % 4 {
            let slot = slots.add(usize::from(*cells));
            *slot = (*slot).wrapping_add(value);
            (cells, slots) = (cells.add(1), slots.add(ROOM));
        }
        (cells, slots)
    }
}

/// Rows that never cross a cache line more than they must: a power of two up to a line, whole lines when wide.
fn stride(n_columns: usize) -> usize {
    match n_columns {
        0..=8 => n_columns.next_power_of_two(),
        9..=64 if n_columns.next_power_of_two() * 3 <= n_columns * 4 => n_columns.next_power_of_two(),
        _ => n_columns.next_multiple_of(8),
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn prefetch(at: *const u8) {
    // SAFETY: a hint; it may name any address.
    unsafe { std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(at.cast()) }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn prefetch(_at: *const u8) {}

/// Which bins go left.
pub type Lefts = [bool; 256];

/// Moves the rows whose bin goes left before the others, each side in its order; returns how many they are. `spare` is
/// room for the others.
pub fn partition(column: &[u8], rows: &mut [u32], spare: &mut Vec<u32>, lefts: &Lefts) -> usize {
    assert!(rows.iter().max().is_none_or(|&row| (row as usize) < column.len()));
    if spare.len() < rows.len() {
        spare.resize(rows.len(), 0);
    }
    // SAFETY: rows are below the column's length.
    part(rows, spare, |_, &row| lefts[usize::from(unsafe { *column.get_unchecked(row as usize) })])
}

/// Moves the items that go left before the others, each side in its order; returns how many they are. `spare` is room for
/// the others.
#[inline(always)]
pub fn part<T: Copy>(items: &mut [T], spare: &mut [T], goes_left: impl Fn(usize, &T) -> bool) -> usize {
    assert!(spare.len() >= items.len());
    let (mut left, mut right) = (0, 0);
    for i in 0..items.len() {
        // SAFETY: `left` and `right` count items seen, so neither passes `i`, and `spare` is as long as `items`. Both places
        // are written and one of them counts: no branch to mispredict.
        unsafe {
            let item = *items.get_unchecked(i);
            let goes_left = goes_left(i, &item);
            *items.get_unchecked_mut(left) = item;
            *spare.get_unchecked_mut(right) = item;
            left = left.wrapping_add(usize::from(goes_left));
            right = right.wrapping_add(usize::from(!goes_left));
        }
    }
    items[left..].copy_from_slice(&spare[..right]);
    left
}

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

    fn hashed(i: usize) -> u64 {
        (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29).wrapping_mul(0xBF58_476D_1CE4_E5B9)
    }

    /// `add_rows` as it would be without `unsafe`.
    fn add_rows_safely(bins: &RowBins, rows: &[u32], packed: &[i64], histogram: &mut [i64]) {
        for &row in rows {
            for (&start, &bin) in bins.starts().iter().zip(bins.rows().row(row as usize)) {
                histogram[start + usize::from(bin)] += packed[row as usize];
            }
        }
    }

    #[test]
    fn histograms_equal_their_safe_twins() {
        for n_columns in [0, 1, 3, 9, 28, 33, 70] {
            let n = 3000;
            let widths: Vec<usize> = (0..n_columns).map(|c| [256, 17, 2][c * 3 / n_columns]).collect();
            let columns: Vec<Vec<u8>> = (0..n_columns)
                .map(|c| (0..n).map(|r| (hashed(r * 71 + c) as usize % widths[c]) as u8).collect())
                .collect();
            let packed: Vec<i64> = (0..n).map(|r| hashed(r) as i64 >> 20).collect();
            let rows: Vec<u32> = (0..n as u32).filter(|&r| hashed(r as usize + 5) > 1 << 62).collect();
            let bins = RowBins::new(n, &columns, &widths, &Team::new(2));
            let (mut fast, mut safe) = (vec![0; bins.starts()[n_columns]], vec![0; bins.starts()[n_columns]]);
            bins.add_rows(&rows, &packed, &mut fast);
            add_rows_safely(&bins, &rows, &packed, &mut safe);
            assert_eq!(fast, safe, "{n_columns} columns");
        }
    }

    #[test]
    fn a_partition_is_stable_and_complete() {
        let column: Vec<u8> = (0..2000).map(|r| hashed(r) as u8).collect();
        let mut lefts = [false; 256];
        (0..256).for_each(|bin| lefts[bin] = bin % 5 < 2);
        let rows: Vec<u32> = (0..2000).filter(|r| r % 7 > 0).collect();
        let mut moved = rows.clone();
        let n_left = partition(&column, &mut moved, &mut Vec::new(), &lefts);
        let (left, right): (Vec<u32>, Vec<u32>) = rows.iter().partition(|&&r| lefts[column[r as usize] as usize]);
        assert_eq!((&moved[..n_left], &moved[n_left..]), (&left[..], &right[..]));
    }

    #[test]
    #[should_panic(expected = "assertion failed")]
    fn a_bin_beyond_its_column_is_refused() {
        RowBins::new(2, &[vec![0, 4]], &[4], &Team::new(1));
    }

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
