//! The starter's side: a worker process per job, its events, and why it died if it did.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::domain::problem::Problem;
use crate::domain::request::{JobOutcome, JobRequest};

use super::event::{JobEvent, JobId};
use super::protocol::{FromWorker, ToWorker, read_frame, write_frame};

/// Asked politely first; after this the process is killed.
const CANCEL_GRACE: Duration = Duration::from_millis(700);
/// Lines of the worker's messages kept for the case that it dies.
const LAST_WORDS: usize = 12;

/// Where jobs run: the program to start and the workspace it works in.
#[derive(Clone, Debug)]
pub struct Workers {
    pub program: PathBuf,
    pub workspace: PathBuf,
}

/// A job under way.
#[derive(Debug)]
pub struct JobHandle {
    child: Arc<Mutex<Child>>,
    input: Arc<Mutex<Option<ChildStdin>>>,
    cancelled: Arc<AtomicBool>,
    reader: Option<thread::JoinHandle<()>>,
}

impl Workers {
    /// Workers are this same program.
    pub fn of_this_program(workspace: &Path) -> std::io::Result<Self> {
        Ok(Self { program: std::env::current_exe()?, workspace: workspace.to_owned() })
    }

    /// Starts the job. `sink` is called from a thread of its own; the last call is `Done` or `Failed`.
    pub fn start(
        &self,
        id: JobId,
        request: &JobRequest,
        sink: impl Fn(JobEvent) + Send + 'static,
    ) -> Result<JobHandle, Problem> {
        let title = request.title();
        let start = ToWorker::Start { workspace: self.workspace.clone(), request: Box::new(request.clone()) };
        let mut child = Command::new(&self.program)
            .arg("worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| could_not_start(&title, &self.program, &e))?;
        let stdout = child.stdout.take();
        let stderr = child.stderr.take();
        let mut stdin = child.stdin.take();
        if let Some(stdin) = &mut stdin {
            write_frame(stdin, &start).map_err(|e| could_not_start(&title, &self.program, &e))?;
        }
        let cancelled = Arc::new(AtomicBool::new(false));
        let child = Arc::new(Mutex::new(child));
        let reader = {
            let (child, cancelled) = (child.clone(), cancelled.clone());
            thread::Builder::new()
                .name(format!("job {}", id.0))
                .spawn(move || {
                    let last_words = stderr.map(listen);
                    let ended = stdout.is_some_and(|out| relay(id, out, &sink));
                    let status = wait(&child);
                    let last_words = last_words.and_then(|l| l.join().ok()).unwrap_or_default();
                    if !ended {
                        let problem = if cancelled.load(Ordering::Relaxed) {
                            Problem::cancelled()
                        } else {
                            obituary(&title, status, &last_words)
                        };
                        sink(JobEvent::Failed { id, problem });
                    }
                })
                .map_err(|e| could_not_start("the job", &self.program, &e))?
        };
        Ok(JobHandle { child, input: Arc::new(Mutex::new(stdin)), cancelled, reader: Some(reader) })
    }

    /// Runs the job and waits for it; every event passes `on_event`.
    pub fn run(&self, request: &JobRequest, on_event: impl Fn(&JobEvent)) -> Result<JobOutcome, Problem> {
        let (send, receive) = std::sync::mpsc::sync_channel(64);
        let handle = self.start(JobId(0), request, move |event| {
            // The receiver lives until the last event.
            let _ = send.send(event);
        })?;
        let mut result = Err(Problem::failed(format!("{} did not finish", request.title()), "", ""));
        for event in receive {
            on_event(&event);
            match event {
                JobEvent::Done { outcome, .. } => result = Ok(*outcome),
                JobEvent::Failed { problem, .. } => result = Err(problem),
                JobEvent::Progress { .. } | JobEvent::Recorded { .. } => {}
            }
        }
        handle.join();
        result
    }
}

impl JobHandle {
    /// Asks the worker to stop, and kills it when it does not.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
        let (child, input) = (self.child.clone(), self.input.clone());
        let asked = thread::Builder::new().name("cancel job".to_owned()).spawn(move || {
            if let Some(stdin) = lock(&input).as_mut() {
                // A worker that is gone needs no asking.
                let _ = write_frame(stdin, &ToWorker::Cancel);
            }
            thread::sleep(CANCEL_GRACE);
            let _ = lock(&child).kill();
        });
        if asked.is_err() {
            let _ = lock(&self.child).kill();
        }
    }

    /// The last event was delivered.
    pub fn is_finished(&self) -> bool {
        self.reader.as_ref().is_none_or(thread::JoinHandle::is_finished)
    }

    /// Waits until the last event was delivered.
    pub fn join(mut self) {
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Polls, so that the lock is free for `kill` in between.
fn wait(child: &Mutex<Child>) -> Option<ExitStatus> {
    loop {
        match lock(child).try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) => {}
            Err(_) => return None,
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Passes frames on; true when the worker said how the job ended.
fn relay(id: JobId, out: impl Read, sink: &dyn Fn(JobEvent)) -> bool {
    let mut out = BufReader::new(out);
    while let Ok(Some(frame)) = read_frame(&mut out) {
        match frame {
            FromWorker::Progress { phase, fraction } => sink(JobEvent::Progress { id, phase, fraction }),
            FromWorker::Recorded => sink(JobEvent::Recorded { id }),
            FromWorker::Done(outcome) => {
                sink(JobEvent::Done { id, outcome });
                return true;
            }
            FromWorker::Failed(problem) => {
                sink(JobEvent::Failed { id, problem });
                return true;
            }
        }
    }
    false
}

/// Keeps the last lines the worker wrote to its standard error.
fn listen(err: impl Read + Send + 'static) -> thread::JoinHandle<Vec<String>> {
    let listener = thread::Builder::new().name("worker messages".to_owned()).spawn(move || {
        let mut lines = VecDeque::new();
        for line in BufReader::new(err).lines().map_while(Result::ok) {
            tracing::debug!(target: "worker", "{line}");
            lines.push_back(line);
            if lines.len() > LAST_WORDS {
                lines.pop_front();
            }
        }
        lines.into()
    });
    listener.expect("a thread that starts right after another one started")
}

fn could_not_start(title: &str, program: &Path, error: &std::io::Error) -> Problem {
    Problem::failed(
        format!("Could not start: {title}"),
        format!("{error}: {}", program.display()),
        "Is the program still where it was when it was started?",
    )
}

/// Why a worker died without a word.
fn obituary(title: &str, status: Option<ExitStatus>, last_words: &[String]) -> Problem {
    let said = last_words.join("\n");
    if said.contains("memory allocation of") || said.contains("out of memory") {
        return Problem::failed(
            format!("{title} ran out of memory"),
            said,
            "Use fewer rows or columns, or close other programs. Nothing that was saved is affected",
        );
    }
    if said.contains("stack overflow") {
        return Problem::failed(
            format!("{title} failed: the stack overflowed"),
            said,
            "Please report this. Nothing that was saved is affected",
        );
    }
    let again = "Start it again. Nothing that was saved is affected";
    let (how, hint) = match status.and_then(signal) {
        Some(9) => {
            let hint = format!("By hand, or by the system for lack of memory. {again}");
            ("its process was killed (signal 9)".to_owned(), hint)
        }
        Some(number) => (format!("its process died of signal {number}"), again.to_owned()),
        None => {
            let how =
                status.map_or_else(|| "its process is gone".to_owned(), |s| format!("its process ended with {s}"));
            (how, again.to_owned())
        }
    };
    Problem::failed(format!("{title} did not finish: {how}"), said, hint)
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_status: ExitStatus) -> Option<i32> {
    None
}
