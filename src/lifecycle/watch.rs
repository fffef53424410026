//! Watching: files that appear or change become versions, each exactly once.
//!
//! A look at a place is two listings a second apart; `domain::watch` decides on them. Whatever becomes of a file is
//! recorded in the transaction of its version, so that a kill at any moment neither loses a file nor takes one twice.
//! Small files are read side by side and committed many at a time: most of their time is waiting for the disk.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::dataset::{DatasetVersion, Origin, ReadDraft};
use crate::domain::edit::{Edit, EditOutcome};
use crate::domain::ids::{ContentHash, VersionId, WatchId};
use crate::domain::io::{JobIo, Silent};
use crate::domain::request::{CollectRequest, DataRef, ImportOutcome, ImportRequest};
use crate::domain::watch::{
    Collected, Entry, EntryKind, Sorted, Watch, WatchKind, WatchPolicy, WatchView, anything_new, looks_whole, sort_out,
};
use crate::domain::words::{counted, file_name};
use crate::store::datasets::{self, NewVersion};
use crate::store::watches::{self, Seen};
use crate::store::{StoreError, Tx, Workspace, activity};

use super::ingest::{self, Prepared};
use super::snapshot::snapshot;
use super::{StageError, resolve};

/// Between the two listings of a look.
const APART: Duration = Duration::from_millis(1_050);
/// Files of one transaction.
const BATCH: usize = 128;
/// Files read side by side.
const READERS: usize = 8;
/// Larger ones are read one after the other, with progress.
const SMALL_BYTES: u64 = 1 << 20;

/// Reads a dataset's source again; a version only if it changed.
pub fn refresh(workspace: &Workspace, data: &DataRef, io: &dyn JobIo) -> Result<ImportOutcome, StageError> {
    let version = resolve::find(workspace, data, io)?;
    let versions = workspace.read(datasets::all)?;
    let mut of_dataset = versions.iter().filter(|v| v.dataset_id == version.dataset_id).rev();
    let found = of_dataset.find(|v| v.provenance.source_path.is_some()).unwrap_or(&version);
    let Some(path) = found.provenance.source_path.clone() else {
        return Err(StageError::usage(
            format!("{} was imported before sources were remembered", version.dataset),
            format!("Import the file again: modelwright import FILE --name {}", version.dataset),
        ));
    };
    if fs::symlink_metadata(&path).is_err() {
        return Err(StageError::usage(
            format!("the source of {} is not there any more: {}", version.dataset, path.display()),
            "Bring it back, or import it from its new place under the same name",
        ));
    }
    // Read as before, whatever was fixed then; what was guessed is guessed anew.
    let read = ReadDraft {
        part: found.read.part.clone(),
        columns: found.read.columns.clone(),
        bad_rows: Some(found.read.bad_rows),
        ..ReadDraft::default()
    };
    let request = ImportRequest { name: Some(version.dataset.clone()), read, ..ImportRequest::of(path) };
    ingest::ingest_as(workspace, &request, Origin::Refresh, io)
}

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

/// Is there anything in a watched place that was not decided on? Cheap: nothing is opened.
pub fn anything_to_collect(workspace: &Workspace) -> Result<bool, StageError> {
    for watch in workspace.read(watches::all)? {
        let known = workspace.read(|conn| watches::known(conn, watch.id, true))?;
        if listing(&watch).is_some_and(|entries| anything_new(&entries, &known)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The folders to listen at: watched ones, and those of watched files.
pub fn folders(workspace: &Workspace) -> Result<Vec<PathBuf>, StageError> {
    let watches = workspace.read(watches::all)?;
    let mut folders: Vec<PathBuf> = watches
        .into_iter()
        .filter_map(|watch| match watch.kind {
            WatchKind::Folder => Some(watch.path),
            WatchKind::Source => watch.path.parent().map(Path::to_owned),
        })
        .collect();
    folders.sort();
    folders.dedup();
    Ok(folders)
}

/// How every watch stands.
pub fn views(workspace: &Workspace) -> Result<Vec<WatchView>, StageError> {
    Ok(workspace.read(|conn| watches::views(conn, |watch| listing(watch).is_some()))?)
}

pub fn add(
    workspace: &Workspace,
    kind: WatchKind,
    path: &Path,
    dataset: &str,
    policy: WatchPolicy,
) -> Result<EditOutcome, StageError> {
    let name = ingest::dataset_name(Some(dataset), "")?;
    let path =
        std::path::absolute(path).map_err(|source| StageError::File { path: path.display().to_string(), source })?;
    let meta = fs::symlink_metadata(&path).map_err(|e| {
        StageError::usage(format!("{} cannot be watched: {e}", path.display()), "Name a file or folder that is there")
    })?;
    let fits = match kind {
        WatchKind::Source => meta.is_file(),
        WatchKind::Folder => meta.is_dir(),
    };
    if !fits {
        return Err(StageError::usage(
            format!("{} cannot be watched: it is neither a file nor a folder", path.display()),
            "Links are not followed: name the file or folder itself",
        ));
    }
    if path.starts_with(workspace.root()) || workspace.root().starts_with(&path) && kind == WatchKind::Folder {
        return Err(StageError::usage(
            "the workspace cannot watch itself",
            "Choose a folder outside of the workspace's",
        ));
    }
    Ok(workspace.write(|tx| {
        let id = watches::add(tx, kind, &path, &name, policy)?;
        let summary = format!("Watching {} for {name} ({})", path.display(), policy.as_str());
        activity::append(tx, &event("watching", &name, &summary))?;
        let undo = Edit::HideWatch { watch: id, hidden: true };
        Ok(EditOutcome { said: format!("Watching {} for {name}", file_name(&path)), undo: Some(undo), made: None })
    })?)
}

pub fn set_policy(workspace: &Workspace, id: WatchId, policy: WatchPolicy) -> Result<EditOutcome, StageError> {
    Ok(workspace.write(|tx| {
        let before = watches::get(tx, id)?;
        watches::set_policy(tx, id, policy)?;
        let what = match policy {
            WatchPolicy::Offer => "are offered",
            WatchPolicy::Import => "become versions by themselves",
        };
        let summary = format!("Changes of {} {what}", before.path.display());
        activity::append(tx, &event("watching", &before.dataset, &summary))?;
        let undo = Edit::SetWatchPolicy { watch: id, policy: before.policy };
        Ok(EditOutcome { said: format!("Changes of {} {what}", file_name(&before.path)), undo: Some(undo), made: None })
    })?)
}

pub fn hide(workspace: &Workspace, id: WatchId, hidden: bool) -> Result<EditOutcome, StageError> {
    Ok(workspace.write(|tx| {
        let watch = watches::get(tx, id)?;
        watches::hide(tx, id, hidden)?;
        let verb = if hidden { "Stopped watching" } else { "Watching again" };
        activity::append(tx, &event("watching", &watch.dataset, &format!("{verb} {}", watch.path.display())))?;
        let undo = Edit::HideWatch { watch: id, hidden: !hidden };
        Ok(EditOutcome { said: format!("{verb} {}", file_name(&watch.path)), undo: Some(undo), made: None })
    })?)
}

fn event(action: &str, dataset: &str, summary: &str) -> NewEvent {
    NewEvent {
        action: action.to_owned(),
        object_kind: ObjectKind::Dataset,
        object: dataset.to_owned(),
        summary: summary.to_owned(),
    }
}

/// The entries of a watched place; `None` when it is not there or cannot be read.
fn listing(watch: &Watch) -> Option<Vec<Entry>> {
    match watch.kind {
        WatchKind::Source => {
            let meta = fs::symlink_metadata(&watch.path).ok()?;
            Some(vec![entry(file_name(&watch.path), &meta)])
        }
        WatchKind::Folder => {
            if !fs::symlink_metadata(&watch.path).ok()?.is_dir() {
                return None;
            }
            let entries = fs::read_dir(&watch.path).ok()?.flatten();
            // One that vanished in between is not there.
            let mut all: Vec<Entry> = entries
                .filter_map(|e| {
                    let meta = e.metadata().ok()?;
                    Some(match e.file_name().into_string() {
                        Ok(name) => entry(name, &meta),
                        Err(name) => {
                            Entry { kind: EntryKind::Unnameable, ..entry(name.to_string_lossy().into_owned(), &meta) }
                        }
                    })
                })
                .collect();
            all.sort_by(|a, b| a.name.cmp(&b.name));
            Some(all)
        }
    }
}

fn entry(name: String, meta: &fs::Metadata) -> Entry {
    let kind = meta.file_type();
    let kind = if kind.is_file() {
        EntryKind::File
    } else if kind.is_dir() {
        EntryKind::Folder
    } else if kind.is_symlink() {
        EntryKind::Link
    } else {
        EntryKind::Special
    };
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(meta);
    #[cfg(not(unix))]
    let inode = 0;
    Entry { name, kind, bytes: meta.len(), modified_ms: meta.modified().map_or(0, ms), inode }
}

fn ms(at: SystemTime) -> i64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
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
    let known = workspace.read(|conn| watches::known(conn, watch.id, !request.accept))?;
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

/// Half-written files wait: most formats tell by their end.
fn ends_well(folder: &Path, entry: &Entry) -> bool {
    let path = folder.join(&entry.name);
    let mut last = Vec::new();
    let read = File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(entry.bytes.saturating_sub(4)))?;
        file.take(4).read_to_end(&mut last)
    });
    // One that cannot be opened now may be later; what is wrong with it for good is told by reading it.
    let idle_ms = ms(SystemTime::now()) - entry.modified_ms;
    read.is_err() || looks_whole(&entry.name, entry.bytes, &last, idle_ms)
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
fn is_the_files(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::PermissionDenied)
}

/// Versions, and what is remembered of their files, in one transaction.
fn commit(
    workspace: &Workspace,
    watch: &Watch,
    outcomes: Vec<Outcome>,
    collected: &mut Collected,
) -> Result<(), StageError> {
    let mut counts = (0, 0, 0, Vec::new());
    workspace.write(|tx| {
        counts = (0, 0, 0, Vec::new());
        let mut made: Vec<DatasetVersion> = Vec::new();
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
                        None => (datasets::insert_version(tx, new)?, true),
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
    collected.taken += counts.0;
    collected.same += counts.1;
    collected.offered += counts.2;
    collected.problems.extend(counts.3);
    collected.waiting += outcomes.iter().filter(|o| o.is_none()).count() as u64;
    Ok(())
}

fn record(
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
