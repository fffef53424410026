//! The starter's side: a worker process per job, its events, and why it died if it did.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::request::{JobOutcome, JobRequest};
use crate::lifecycle::budget;

use super::event::{JobEvent, JobId};
use super::protocol::{FromWorker, ToWorker, frame, read_frame, write_frame};

/// Asked politely first; after this the process is killed.
const CANCEL_GRACE: Duration = Duration::from_millis(700);
/// Lines of the worker's messages kept for the case that it dies.
const LAST_WORDS: usize = 12;
/// Longest line of them that is kept, in bytes.
const LINE_BYTES: usize = 2000;

/// Where jobs run: the program to start and the workspace it works in.
#[derive(Clone, Debug)]
pub struct Workers {
    pub program: PathBuf,
    pub workspace: PathBuf,
    /// Bytes a table may take in memory; the workspace's setting when `None`.
    pub memory_budget: Option<u64>,
}

/// A job under way. Dropping it ends the conversation, which the worker takes for a wish to cancel.
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
        Ok(Self { program: std::env::current_exe()?, workspace: workspace.to_owned(), memory_budget: None })
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
        let start = frame(&start).map_err(|e| no_frame(&title, &e))?;
        let mut child = self.command().spawn().map_err(|e| could_not_start(&title, &self.program, &e))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let mut stdin = child.stdin.take();
        // A worker that is dead already does not listen; the reader finds out why.
        let _ = stdin.as_mut().map(|input| input.write_all(&start));
        let cancelled = Arc::new(AtomicBool::new(false));
        let child = Arc::new(Mutex::new(child));
        let input = Arc::new(Mutex::new(stdin));
        let handle = JobHandle { child: child.clone(), input, cancelled: cancelled.clone(), reader: None };
        let job_title = title.clone();
        let reader = thread::Builder::new().name(format!("job {}", id.0)).spawn(move || {
            let last_words = stderr.and_then(listen);
            let ended = stdout.is_some_and(|out| relay(id, out, &sink));
            if !ended {
                // Either it is dead, or nobody understands it any more.
                let _ = lock(&child).kill();
            }
            let status = wait(&child);
            let last_words = last_words.and_then(|l| l.join().ok()).unwrap_or_default();
            if !ended {
                let problem = if cancelled.load(Ordering::Relaxed) {
                    Problem::cancelled()
                } else {
                    obituary(&job_title, status, &last_words)
                };
                sink(JobEvent::Failed { id, problem });
            }
        });
        match reader {
            Ok(reader) => Ok(JobHandle { reader: Some(reader), ..handle }),
            Err(error) => {
                let mut child = lock(&handle.child);
                let _ = child.kill();
                let _ = child.wait();
                Err(could_not_start(&title, &self.program, &error))
            }
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        if let Some(bytes) = self.memory_budget {
            command.env(budget::VARIABLE, bytes.to_string());
        }
        command.arg("worker").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Ctrl+C in a terminal goes to a whole process group. The worker is not in ours, so that it outlives us for the
        // moment it takes to record the run as cancelled: it notices the end of its input.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
    }

    /// Runs the job and waits for it; every event passes `on_event`.
    pub fn run(&self, request: &JobRequest, on_event: impl Fn(&JobEvent)) -> Result<JobOutcome, Problem> {
        self.run_watched(request, |_| {}, on_event)
    }

    /// The same for somebody who may want to cancel it from elsewhere: `on_start` gets what is needed for that.
    pub fn run_watched(
        &self,
        request: &JobRequest,
        on_start: impl FnOnce(Arc<JobHandle>),
        on_event: impl Fn(&JobEvent),
    ) -> Result<JobOutcome, Problem> {
        let (send, receive) = std::sync::mpsc::sync_channel(64);
        let handle = self.start(JobId(0), request, move |event| {
            // The receiver lives until the last event.
            let _ = send.send(event);
        })?;
        let handle = Arc::new(handle);
        on_start(handle.clone());
        let mut result = Err(Problem::failed(format!("{} did not finish", request.title()), "", ""));
        for event in receive {
            on_event(&event);
            match event {
                JobEvent::Done { outcome, .. } => result = Ok(*outcome),
                JobEvent::Failed { problem, .. } => result = Err(problem),
                JobEvent::Progress { .. } | JobEvent::Recorded { .. } | JobEvent::Points { .. } => {}
            }
        }
        handle.wait();
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
    fn wait(&self) {
        while !self.is_finished() {
            thread::sleep(Duration::from_millis(1));
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

/// Passes frames on; true when the worker said how the job ended. Stops at the end and at what is no frame.
fn relay(id: JobId, out: impl Read, sink: &dyn Fn(JobEvent)) -> bool {
    let mut out = BufReader::new(out);
    while let Ok(Some(frame)) = read_frame(&mut out) {
        match frame {
            FromWorker::Progress { phase, fraction } => sink(JobEvent::Progress { id, phase, fraction }),
            FromWorker::Recorded => sink(JobEvent::Recorded { id }),
            FromWorker::Points(points) => sink(JobEvent::Points { id, points }),
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

/// Keeps the last lines the worker wrote to its standard error, whatever bytes they are: nobody reading would make the
/// worker wait for ever. `None` when the system has no thread left.
fn listen(err: impl Read + Send + 'static) -> Option<thread::JoinHandle<Vec<String>>> {
    let listener = thread::Builder::new().name("worker messages".to_owned()).spawn(move || last_lines(err));
    listener.ok()
}

fn last_lines(input: impl Read) -> Vec<String> {
    let mut input = BufReader::new(input);
    let mut lines = VecDeque::new();
    let mut line = Vec::new();
    // A longer line counts as several.
    while (&mut input).take(LINE_BYTES as u64).read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        line.clear();
        tracing::debug!(target: "worker", "{text}");
        lines.push_back(text);
        if lines.len() > LAST_WORDS {
            lines.pop_front();
        }
    }
    lines.into()
}

/// The request cannot travel: paths go between the processes as Unicode text.
fn no_frame(title: &str, error: &std::io::Error) -> Problem {
    Problem {
        kind: ProblemKind::Usage,
        summary: format!("Could not start: {title}"),
        details: error.to_string(),
        hint: "Rename the file or folder so that its name is valid UTF-8".to_owned(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_survive_strange_bytes_and_endless_lines() {
        let mut said = vec![b'x'; 10 * LINE_BYTES];
        said.extend(b"\n\xff\xfe\nmemory allocation of 8 bytes failed\n");
        let lines = last_lines(said.as_slice());
        assert!(lines.len() <= LAST_WORDS && lines.iter().all(|l| l.len() <= LINE_BYTES));
        assert_eq!(lines.last().unwrap(), "memory allocation of 8 bytes failed");
    }

    #[cfg(unix)]
    mod with_a_script {
        use std::os::unix::ffi::OsStringExt;
        use std::os::unix::fs::PermissionsExt;

        use super::*;
        use crate::domain::request::VerifyTarget;

        /// Plays the worker.
        fn verify_with(script: &str) -> Problem {
            let folder = tempfile::tempdir().unwrap();
            let program = folder.path().join("worker.sh");
            std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
            let workers = Workers { program, workspace: folder.path().to_owned(), memory_budget: None };
            workers.run(&JobRequest::Verify(VerifyTarget::Workspace), |_| {}).unwrap_err()
        }

        #[test]
        fn a_worker_that_dies_before_it_listens_is_heard() {
            let problem = verify_with("exec 0<&-; echo 'error while loading shared libraries: libx' >&2; exit 127");
            let said = problem.to_string();
            assert!(said.contains("127") && said.contains("libx"), "{said}");
        }

        #[test]
        fn a_worker_that_babbles_is_ended() {
            let problem = verify_with("echo 'this is no frame'; exec sleep 60");
            assert!(problem.summary.contains("did not finish"), "{problem}");
        }

        #[test]
        fn a_path_that_is_not_unicode_is_refused_with_advice() {
            let workers = Workers { program: "/bin/true".into(), workspace: "w".into(), memory_budget: None };
            let path = PathBuf::from(std::ffi::OsString::from_vec(b"caf\xe9.zip".to_vec()));
            let request = JobRequest::Verify(VerifyTarget::Bundle(path));
            let problem = workers.run(&request, |_| {}).unwrap_err();
            assert_eq!(problem.kind, ProblemKind::Usage);
            assert!(problem.hint.contains("UTF-8"), "{problem}");
        }
    }
}
