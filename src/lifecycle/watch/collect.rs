//! One look at the watched places: each new file becomes a version, in the transaction that remembers it.
//!
//! Small files are read side by side and committed many at a time: most of their time is waiting for the disk.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::domain::dataset::{DatasetVersion, Origin};
use crate::domain::gate::QUARANTINE;
use crate::domain::ids::{ContentHash, VersionId};
use crate::domain::io::{JobIo, Silent};
use crate::domain::request::{CollectRequest, ImportRequest};
use crate::domain::watch::{Collected, Entry, Sorted, Watch, WatchKind, WatchPolicy, anything_new, sort_out};
use crate::domain::words::counted;
use crate::lifecycle::ingest::{self, Prepared};
use crate::lifecycle::snapshot::snapshot;
use crate::lifecycle::{StageError, gates};
use crate::store::datasets::{self, NewVersion};
use crate::store::watches::{self, Seen};
use crate::store::{StoreError, Tx, Workspace, activity};

use super::listing::{ends_well, listing};
use super::{append, event};

/// Between the two listings of a look.
const APART: Duration = Duration::from_millis(1_050);
/// Files of one transaction.
const BATCH: usize = 128;
/// Files read side by side.
const READERS: usize = 8;
/// Larger ones are read one after the other, with progress.
const SMALL_BYTES: u64 = 1 << 20;

/// Looks at watched places and takes what is ready.
pub fn collect(workspace: &Workspace, request: &CollectRequest, io: &dyn JobIo) -> Result<Vec<Collected>, StageError> {
    let watches = workspace.read(|conn| match request.watch {
        Some(id) => Ok(vec![watches::get(conn, id)?]),
        None => watches::all(conn),
    })?;
    io.progress("Looking for files", None)?;
    let before: Vec<Option<Vec<Entry>>> = watches.iter().map(listing).collect();
    let mut news = Vec::new();
    for (watch, entries) in watches.iter().zip(&before) {
        let known = workspace.read(|conn| watches::known(conn, watch.id, !request.accept))?;
        news.push(entries.as_ref().is_some_and(|entries| anything_new(entries, &known)));
    }
    if news.contains(&true) {
        thread::sleep(APART);
        io.progress("Looking again", None)?;
    }
    let mut all = Vec::new();
    for ((watch, before), new) in watches.iter().zip(&before).zip(news) {
        let now = if new { listing(watch) } else { before.clone() };
        all.push(look_at(workspace, watch, before.as_deref(), now.as_deref(), request, io)?);
    }
    Ok(all)
}

fn look_at(
    workspace: &Workspace,
    watch: &Watch,
    before: Option<&[Entry]>,
    now: Option<&[Entry]>,
    request: &CollectRequest,
    io: &dyn JobIo,
) -> Result<Collected, StageError> {
    let mut collected = Collected {
        watch: watch.id,
        path: watch.path.clone(),
        dataset: watch.dataset.clone(),
        missing: now.is_none(),
        taken: 0,
        same: 0,
        offered: 0,
        problems: Vec::new(),
        waiting: 0,
        skipped: Vec::new(),
        more: false,
    };
    let Some(now) = now else { return Ok(collected) };
    let mut known = workspace.read(|conn| watches::known(conn, watch.id, !request.accept))?;
    let append = watch.policy == WatchPolicy::Append;
    let base = if append { append::base(workspace, watch)? } else { None };
    if append && base.is_none() {
        // What was taken file by file before belongs to the one dataset, too.
        known.clear();
    }
    let Sorted { mut ready, waiting, skipped } = sort_out(before.unwrap_or_default(), now, &known);
    collected.skipped = skipped;
    collected.waiting = waiting.len() as u64;
    let folder = match watch.kind {
        WatchKind::Folder => watch.path.as_path(),
        WatchKind::Source => watch.path.parent().unwrap_or(Path::new("/")),
    };
    let n_ready = ready.len();
    ready.retain(|entry| ends_well(folder, entry));
    collected.waiting += (n_ready - ready.len()) as u64;
    if append {
        append::append(workspace, watch, base.as_ref(), &ready, &mut collected, io)?;
        return Ok(collected);
    }
    collected.more = ready.len() > request.max as usize;
    ready.truncate(request.max as usize);
    let take = watch.policy == WatchPolicy::Import || request.accept;
    let n_ready = ready.len();
    for (i, batch) in ready.chunks(BATCH).enumerate() {
        let done = i * BATCH;
        io.progress(&format!("Reading file {} of {n_ready}", done + 1), Some(done as f64 / n_ready as f64))?;
        let read = read_batch(workspace, watch, folder, batch, take, io)?;
        commit(workspace, watch, read, &mut collected)?;
        io.recorded();
    }
    Ok(collected)
}

/// What reading a file came to.
enum Read1 {
    Version(Box<NewVersion>),
    Known(VersionId),
    Offer,
    Problem(String),
}

/// `None`: it changed meanwhile, or is gone; the next look decides.
type Outcome = Option<(Entry, ContentHash, Read1)>;

fn read_batch(
    workspace: &Workspace,
    watch: &Watch,
    folder: &Path,
    batch: &[Entry],
    take: bool,
    io: &dyn JobIo,
) -> Result<Vec<Outcome>, StageError> {
    let results: Vec<Mutex<Option<Result<Outcome, StageError>>>> = batch.iter().map(|_| Mutex::new(None)).collect();
    let put = |i: usize, result| *results[i].lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let small = batch.iter().filter(|e| e.bytes < SMALL_BYTES).count();
        for _ in 0..READERS.min(small) {
            let reader = thread::Builder::new().name("collect".to_owned()).stack_size(8 << 20);
            let started = reader.spawn_scoped(scope, || {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some(entry) = batch.get(i) else { break };
                    if entry.bytes < SMALL_BYTES {
                        put(i, read_one(workspace, watch, folder, entry, take, &Silent));
                    }
                }
            });
            // Without a thread the files are read below, one after the other.
            drop(started);
        }
    });
    let mut outcomes = Vec::new();
    for (entry, result) in batch.iter().zip(results) {
        let result = result.into_inner().unwrap_or_else(PoisonError::into_inner);
        outcomes.push(result.unwrap_or_else(|| read_one(workspace, watch, folder, entry, take, io))?);
    }
    Ok(outcomes)
}

fn read_one(
    workspace: &Workspace,
    watch: &Watch,
    folder: &Path,
    entry: &Entry,
    take: bool,
    io: &dyn JobIo,
) -> Result<Outcome, StageError> {
    let path = folder.join(&entry.name);
    let staged = match snapshot(workspace, &path, io) {
        Ok(staged) => staged,
        Err(StageError::Store(StoreError::Changed { .. })) => return Ok(None),
        Err(StageError::Store(StoreError::Io { error, .. })) if is_the_files(&error) => return Ok(None),
        // Gone since it was listed.
        Err(StageError::Load(_)) => return Ok(None),
        Err(other) => return Err(other),
    };
    let hash = staged.hash.clone();
    let known = workspace.read(|conn| datasets::by_source(conn, &watch.dataset, &hash))?;
    if let Some(version) = known {
        return Ok(Some((entry.clone(), hash, Read1::Known(version.id))));
    }
    if !take {
        return Ok(Some((entry.clone(), hash, Read1::Offer)));
    }
    let request = ImportRequest { name: Some(watch.dataset.clone()), ..ImportRequest::of(path) };
    let origin = if watch.kind == WatchKind::Source { Origin::Refresh } else { Origin::Import };
    let read = match ingest::prepare(workspace, &request, origin, staged, io) {
        Ok(Prepared::Known(version)) => Read1::Known(version.id),
        Ok(Prepared::New(new)) => Read1::Version(new),
        Err(error) if error.is_cancelled() => return Err(error),
        Err(StageError::Load(error)) => Read1::Problem(error.to_string()),
        Err(error @ StageError::Usage { .. }) => Read1::Problem(error.to_string()),
        Err(other) => return Err(other),
    };
    Ok(Some((entry.clone(), hash, read)))
}

/// Gone, or not ours to read: no reason to stop the others.
pub(super) fn is_the_files(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::PermissionDenied)
}

/// Versions, and what is remembered of their files, in one transaction.
fn commit(
    workspace: &Workspace,
    watch: &Watch,
    outcomes: Vec<Outcome>,
    collected: &mut Collected,
) -> Result<(), StageError> {
    let gated = gates::guards_commits(workspace, &watch.dataset)?;
    let branch = gated.then_some(QUARANTINE);
    let mut counts = (0, 0, 0, Vec::new());
    let mut made: Vec<DatasetVersion> = Vec::new();
    workspace.write(|tx| {
        (counts, made) = ((0, 0, 0, Vec::new()), Vec::new());
        for (entry, hash, read) in outcomes.iter().flatten() {
            // Another process that watches the same place was faster.
            if watches::is_taken(tx, watch.id, &entry.name, hash)? {
                record(tx, watch, entry, hash, None, None)?;
                counts.1 += 1;
                continue;
            }
            match read {
                Read1::Known(id) => {
                    record(tx, watch, entry, hash, Some(*id), None)?;
                    counts.1 += 1;
                }
                Read1::Offer => {
                    record(tx, watch, entry, hash, None, None)?;
                    counts.2 += 1;
                }
                Read1::Problem(problem) => {
                    record(tx, watch, entry, hash, None, Some(problem.clone()))?;
                    counts.3.push((entry.name.clone(), problem.clone()));
                }
                Read1::Version(new) => {
                    // The same bytes under another name, in this very batch perhaps.
                    let (version, is_new) = match datasets::by_source(tx, &watch.dataset, hash)? {
                        Some(version) => (version, false),
                        None => (datasets::insert_version_on(tx, new, branch)?, true),
                    };
                    record(tx, watch, entry, hash, Some(version.id), None)?;
                    if is_new {
                        counts.0 += 1;
                        made.push(version);
                    } else {
                        counts.1 += 1;
                    }
                }
            }
        }
        if let (Some(first), Some(last)) = (made.first(), made.last()) {
            let rows: u64 = made.iter().map(|v| v.rows).sum();
            let object = if made.len() == 1 { first.label() } else { format!("{} to {}", first.label(), last.label()) };
            let (files, rows) = (counted(made.len() as u64, "file", "files"), counted(rows, "row", "rows"));
            let summary = format!("Collected {object}: {files}, {rows} from {}", watch.path.display());
            activity::append(tx, &event("collected", &object, &summary))?;
        }
        Ok(())
    })?;
    if gated {
        counts.3.extend(gates::admit_collected(workspace, &made)?);
    }
    collected.taken += counts.0;
    collected.same += counts.1;
    collected.offered += counts.2;
    collected.problems.extend(counts.3);
    collected.waiting += outcomes.iter().filter(|o| o.is_none()).count() as u64;
    Ok(())
}

pub(super) fn record(
    tx: &Tx,
    watch: &Watch,
    entry: &Entry,
    hash: &ContentHash,
    version: Option<VersionId>,
    problem: Option<String>,
) -> Result<(), StoreError> {
    let seen = Seen {
        path: entry.name.clone(),
        content_hash: hash.clone(),
        bytes: entry.bytes,
        modified_ms: entry.modified_ms,
        version,
        problem,
    };
    watches::record(tx, watch.id, &seen)
}
