//! Notices when another process commits to the workspace (its write-ahead log changes), and when a watched place holds
//! something new. Events are hints: they only bring the next look nearer, which comes anyway.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::state::effect::Message;

use super::backend::Backend;
use super::effects::Answers;

/// One look at the store per burst of writes.
const SETTLE: Duration = Duration::from_millis(300);

/// Whether a look is already on its way.
#[derive(Debug, Default)]
pub struct Gate {
    pending: AtomicBool,
}

/// Watching ends when this is dropped.
pub struct Watcher {
    _inner: RecommendedWatcher,
}

/// `None` where the system cannot watch: F5 still refreshes. The folder is watched, because the log file comes and goes.
pub fn watch(folder: &Path, backend: Arc<dyn Backend>, answers: Answers, gate: Arc<Gate>) -> Option<Watcher> {
    let handler = move |event: notify::Result<Event>| {
        if event.is_ok_and(|e| e.paths.iter().any(|p| is_log(p)) && !e.kind.is_access()) {
            look_soon(&backend, &answers, &gate);
        }
    };
    let mut inner =
        notify::recommended_watcher(handler).inspect_err(|error| tracing::warn!(%error, "not watching")).ok()?;
    inner
        .watch(folder, RecursiveMode::NonRecursive)
        .inspect_err(|error| tracing::warn!(%error, "not watching"))
        .ok()?;
    Some(Watcher { _inner: inner })
}

fn is_log(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "history.sqlite-wal" || name == "history.sqlite")
}

fn look_soon(backend: &Arc<dyn Backend>, answers: &Answers, gate: &Arc<Gate>) {
    if gate.pending.swap(true, Ordering::AcqRel) {
        return;
    }
    let (backend, answers, gate_inside) = (backend.clone(), answers.clone(), gate.clone());
    let started = thread::Builder::new().name("app watch".to_owned()).spawn(move || {
        thread::sleep(SETTLE);
        gate_inside.pending.store(false, Ordering::Release);
        if backend.changed() {
            answers.send(Message::WorkspaceChanged);
        }
    });
    if started.is_err() {
        gate.pending.store(false, Ordering::Release);
    }
}

/// Between two looks at watched places that nothing hints at.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// To the next look while something waits, a file being written for instance; twice as long each time.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Looks at the watched places on a thread of its own until it is dropped.
pub struct Sources {
    wake: SyncSender<Wake>,
}

/// What ends the pause between two looks.
enum Wake {
    Hint,
    End,
}

/// Hints that may wait; more say nothing new.
const HINTS: usize = 4;

impl Drop for Sources {
    fn drop(&mut self) {
        // The thread that would not take it is gone already.
        let _ = self.wake.send(Wake::End);
    }
}

impl Sources {
    /// `None` when the system has no thread left: `watch run` and the button still look.
    pub fn start(backend: Arc<dyn Backend>, answers: Answers) -> Option<Self> {
        let (wake, woken) = sync_channel(HINTS);
        let hints = wake.clone();
        let looks = thread::Builder::new().name("app sources".to_owned());
        looks.spawn(move || look_on(&backend, &answers, &hints, &woken)).ok()?;
        Some(Self { wake })
    }
}

fn look_on(backend: &Arc<dyn Backend>, answers: &Answers, hints: &SyncSender<Wake>, woken: &Receiver<Wake>) {
    let mut listener = Listener { inner: None, folders: Vec::new() };
    let (mut again, mut busy) = (LOOK_AGAIN, false);
    loop {
        listener.listen_at(backend.watched_folders(), hints);
        let found = backend.anything_to_collect();
        if found {
            answers.send(Message::SourcesChanged);
        }
        again = if busy && found { (again * 2).min(LOOK_EVERY) } else { LOOK_AGAIN };
        busy = found;
        let pause = if found { again } else { LOOK_EVERY };
        if !wait(woken, pause) {
            return;
        }
    }
}

/// Until something hints at a change, or the pause is over. `false` when the window is gone.
fn wait(woken: &Receiver<Wake>, pause: Duration) -> bool {
    match woken.recv_timeout(pause) {
        Err(RecvTimeoutError::Timeout) => return true,
        Err(RecvTimeoutError::Disconnected) | Ok(Wake::End) => return false,
        // One look per burst of events.
        Ok(Wake::Hint) => thread::sleep(SETTLE),
    }
    !woken.try_iter().any(|wake| matches!(wake, Wake::End))
}

/// The file system's events for the folders that are watched now. Where it has none (network drives, no watches left)
/// the looks every 30 s go on.
struct Listener {
    inner: Option<RecommendedWatcher>,
    folders: Vec<PathBuf>,
}

impl Listener {
    fn listen_at(&mut self, folders: Vec<PathBuf>, hints: &SyncSender<Wake>) {
        if folders == self.folders && self.inner.is_some() {
            return;
        }
        let hints = hints.clone();
        // Errors and overflows are hints as well.
        let handler = move |event: notify::Result<Event>| {
            if event.map_or(true, |e| !e.kind.is_access()) {
                let _ = hints.try_send(Wake::Hint);
            }
        };
        self.inner = notify::recommended_watcher(handler)
            .inspect_err(|error| tracing::warn!(%error, "watched places are only polled"))
            .ok();
        if let Some(inner) = &mut self.inner {
            for folder in &folders {
                if let Err(error) = inner.watch(folder, RecursiveMode::NonRecursive) {
                    tracing::warn!(%error, "a watched place is only polled");
                }
            }
        }
        self.folders = folders;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_store_counts() {
        assert!(is_log(Path::new("/w/history.sqlite-wal")));
        assert!(!is_log(Path::new("/w/objects/ab12")));
    }
}
