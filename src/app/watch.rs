//! Notices when another process commits to the workspace: its write-ahead log changes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_store_counts() {
        assert!(is_log(Path::new("/w/history.sqlite-wal")));
        assert!(!is_log(Path::new("/w/objects/ab12")));
    }
}
