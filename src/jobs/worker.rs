//! The worker's side: one job, then the process ends.
//!
//! It may be killed at any moment. Nothing here holds anything that the store would miss: lifecycle stages commit as
//! their last step, and what they acknowledge is durable.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::domain::io::{Cancelled, JobIo};
use crate::domain::problem::Problem;
use crate::domain::request::{JobOutcome, JobRequest};
use crate::domain::run::MetricPoint;
use crate::lifecycle;

use super::protocol::{FromWorker, ToWorker, read_frame, write_frame};

/// linfa and deep trees recurse; 2 MiB is known to overflow.
const STACK_BYTES: usize = 256 * 1024 * 1024;
/// How long a job may take to notice that nobody waits before the process ends under it.
const ORPHAN_GRACE: Duration = Duration::from_secs(2);
/// A job takes at most some 2.5 times the table it holds.
const PEAK_PER_BUDGET: u64 = 3;
/// Progress more often than this is dropped.
const PROGRESS_EVERY: Duration = Duration::from_millis(50);
/// Set to a number of MiB to change the limit on the worker's memory.
pub const MEMORY_LIMIT_VARIABLE: &str = "MODELWRIGHT_WORKER_MEMORY_MB";

static CANCELLED: AtomicBool = AtomicBool::new(false);

/// Runs the job that arrives on standard input.
pub fn main() -> ExitCode {
    let (workspace, request) = match read_frame(&mut io::stdin().lock()) {
        Ok(Some(ToWorker::Start { workspace, request })) => (workspace, request),
        _ => {
            eprintln!("modelwright worker: started by the program itself, not by hand");
            return ExitCode::from(2);
        }
    };
    limit_memory(&workspace);
    watch_for_cancel();
    let title = request.title();
    let job = thread::Builder::new().name("job".to_owned()).stack_size(STACK_BYTES);
    let last = match job.spawn(move || run(&workspace, &request)).map(thread::JoinHandle::join) {
        Ok(Ok(frame)) => frame,
        Ok(Err(_)) => FromWorker::Failed(Problem::failed("The job stopped unexpectedly", "", "")),
        // The system has no room for the stack.
        Err(e) => FromWorker::Failed(Problem::failed(
            format!("{title} could not start: out of memory"),
            e.to_string(),
            "Close other programs. Nothing that was saved is affected",
        )),
    };
    match send(&last) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn run(workspace: &Path, request: &JobRequest) -> FromWorker {
    let io = WireIo { last: Mutex::new(None), points: Mutex::new(Vec::new()) };
    let result = catch_unwind(AssertUnwindSafe(|| dispatch(workspace, request, &io)));
    match result {
        Ok(Ok(outcome)) => FromWorker::Done(Box::new(outcome)),
        Ok(Err(problem)) => FromWorker::Failed(problem),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            FromWorker::Failed(Problem::failed(
                format!("{} failed because of an error in Modelwright", request.title()),
                text.chars().take(500).collect::<String>(),
                "Nothing that was saved is affected. Please report this text",
            ))
        }
    }
}

fn dispatch(workspace: &Path, request: &JobRequest, io: &dyn JobIo) -> Result<JobOutcome, Problem> {
    lifecycle::perform(workspace, request, io).map_err(|e| e.problem(request))
}

fn send(message: &FromWorker) -> io::Result<()> {
    let mut out = io::stdout().lock();
    write_frame(&mut out, message)?;
    out.flush()
}

/// Reads the rest of the input: `Cancel`, or the end of it when whoever started us is gone.
fn watch_for_cancel() {
    let watch = thread::Builder::new().name("cancel".to_owned()).spawn(|| {
        let orphaned = !matches!(read_frame(&mut io::stdin().lock()), Ok(Some(ToWorker::Cancel)));
        CANCELLED.store(true, Ordering::Relaxed);
        if orphaned {
            thread::sleep(ORPHAN_GRACE);
            std::process::exit(1);
        }
    });
    drop(watch);
}

/// A runaway allocation must fail here, not push the whole computer into swapping. Address space is what can be
/// limited, so leave room for stacks and mapped files above the physical memory, or above what a job with the memory
/// budget that was asked for takes at its peak. A budget is no limit by itself: it says when a table stays on disk.
fn limit_memory(workspace: &Path) {
    let asked = std::env::var(MEMORY_LIMIT_VARIABLE).ok().and_then(|text| text.trim().parse::<u64>().ok());
    let bytes = asked.map(|mib| mib.saturating_mul(1024 * 1024)).unwrap_or_else(|| {
        let mut system = sysinfo::System::new();
        system.refresh_memory();
        let peak = lifecycle::budget::asked(workspace).map_or(0, |budget| budget.saturating_mul(PEAK_PER_BUDGET));
        system.total_memory().max(peak).saturating_add(4 * 1024 * 1024 * 1024)
    });
    #[cfg(unix)]
    {
        // A limit that whoever started us set may be lowered, not raised.
        let bytes = rlimit::Resource::AS.get_hard().map_or(bytes, |hard| hard.min(bytes));
        if let Err(e) = rlimit::Resource::AS.set(bytes, bytes) {
            tracing::warn!("the worker's memory could not be limited: {e}");
        }
    }
    #[cfg(not(unix))]
    let _ = bytes;
}

/// Sends progress, at most twenty times a second, and hears about cancellation.
struct WireIo {
    last: Mutex<Option<Instant>>,
    /// Not sent yet.
    points: Mutex<Vec<(String, MetricPoint)>>,
}

impl WireIo {
    fn send_points(&self) {
        let points = std::mem::take(&mut *self.points.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        if !points.is_empty() {
            let _ = send(&FromWorker::Points(points));
        }
    }
}

impl JobIo for WireIo {
    fn progress(&self, phase: &str, fraction: Option<f64>) -> Result<(), Cancelled> {
        if CANCELLED.load(Ordering::Relaxed) {
            return Err(Cancelled);
        }
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if last.is_none_or(|at| at.elapsed() >= PROGRESS_EVERY) {
            *last = Some(Instant::now());
            self.send_points();
            send(&FromWorker::Progress { phase: phase.to_owned(), fraction }).map_err(|_| Cancelled)?;
        }
        Ok(())
    }

    fn recorded(&self) {
        // A reader that is gone is noticed by the next progress report.
        self.send_points();
        let _ = send(&FromWorker::Recorded);
    }

    fn measured(&self, run: &str, point: &MetricPoint) {
        let mut points = self.points.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        points.push((run.to_owned(), point.clone()));
    }
}
