//! The files of a folder as one growing dataset: each look that finds new files makes a version with the rows of all.
//!
//! Earlier files are read again from their objects, so that types are decided by all rows, as in an import of the whole
//! folder. A file whose content changed takes the place of its former self.

use std::path::Path;

use crate::data::error::LoadError;
use crate::data::read::{self, SourceSpec, TableSink};
use crate::data::table::Cells;
use crate::domain::dataset::{DatasetVersion, Origin, ReadDraft};
use crate::domain::gate::QUARANTINE;
use crate::domain::ids::ContentHash;
use crate::domain::io::{JobIo, Part};
use crate::domain::preview::BadRow;
use crate::domain::request::ImportRequest;
use crate::domain::schema::Storage;
use crate::domain::watch::{Collected, Entry, Watch};
use crate::domain::words::{counted, file_name};
use crate::lifecycle::ingest::{self, Prepared};
use crate::lifecycle::snapshot::{Copy, Snapshot};
use crate::lifecycle::{StageError, gates, remember};
use crate::store::{Staged, StoreError, Workspace, activity, datasets};

use super::collect::{is_the_files, record};
use super::event;

/// The version that grows: the latest one, if it was made of the files of this folder.
pub fn base(workspace: &Workspace, watch: &Watch) -> Result<Option<DatasetVersion>, StageError> {
    let latest = workspace.read(|conn| datasets::find(conn, &watch.dataset, None))?;
    let of_folder = |v: &DatasetVersion| {
        v.provenance.source_path.as_deref() == Some(watch.path.as_path()) && !v.provenance.files.is_empty()
    };
    Ok(latest.filter(of_folder))
}

/// What became of the new files.
struct Sorted {
    good: Vec<(Entry, ContentHash)>,
    bad: Vec<(Entry, ContentHash, String)>,
    made: Option<Prepared>,
}

/// Makes one version of the files of `base` and `ready`; those that do not fit the others are left out and told.
pub fn append(
    workspace: &Workspace,
    watch: &Watch,
    base: Option<&DatasetVersion>,
    ready: &[Entry],
    collected: &mut Collected,
    io: &dyn JobIo,
) -> Result<(), StageError> {
    let read = match base {
        Some(base) => super::as_before(&base.read),
        None => remember::recall(workspace, &watch.path)?.unwrap_or_default(),
    };
    let mut ready: Vec<&Entry> = ready.iter().collect();
    ready.sort_by(|a, b| read::files::natural(&a.name, &b.name));
    if ready.is_empty() {
        return Ok(());
    }
    let sorted = make(workspace, watch, base, &read, &ready, io)?;
    collected.waiting += (ready.len() - sorted.good.len() - sorted.bad.len()) as u64;
    let gated = gates::guards_commits(workspace, &watch.dataset)?;
    let branch = gated.then_some(QUARANTINE);
    let (mut taken, mut made) = (0, None);
    workspace.write(|tx| {
        (taken, made) = (0, None);
        let now = datasets::find(tx, &watch.dataset, None)?;
        let moved = now.as_ref().map(|v| v.id) != base.map(|v| v.id);
        let version = match &sorted.made {
            Some(Prepared::Known(version)) => Some((**version).clone()),
            // Made on a version that is no longer the latest, it would lack rows: the next look makes it anew.
            Some(Prepared::New(_)) if moved && base.is_some() => return Ok(()),
            Some(Prepared::New(new)) => {
                let version = datasets::insert_version_on(tx, new, branch)?;
                made = Some(version.clone());
                let kept = |entry: &Entry, hash: &ContentHash| {
                    base.is_some_and(|b| b.provenance.files.iter().any(|f| f.name == entry.name && f.hash == *hash))
                };
                taken = sorted.good.iter().filter(|(entry, hash)| !kept(entry, hash)).count() as u64;
                let (files, rows) = (counted(taken, "file", "files"), counted(version.rows, "row", "rows"));
                let summary = format!("Added {files} from {}; {} has {rows}", watch.path.display(), version.label());
                activity::append(tx, &event("collected", &version.label(), &summary))?;
                Some(version)
            }
            None => None,
        };
        for (entry, hash) in &sorted.good {
            record(tx, watch, entry, hash, version.as_ref().map(|v| v.id), None)?;
        }
        for (entry, hash, problem) in &sorted.bad {
            record(tx, watch, entry, hash, None, Some(problem.clone()))?;
        }
        Ok(())
    })?;
    io.recorded();
    if gated {
        collected.problems.extend(gates::admit_collected(workspace, made.as_slice())?);
    }
    collected.taken += taken;
    collected.same += sorted.good.len() as u64 - taken;
    collected.problems.extend(sorted.bad.into_iter().map(|(entry, _, problem)| (entry.name, problem)));
    Ok(())
}

fn make(
    workspace: &Workspace,
    watch: &Watch,
    base: Option<&DatasetVersion>,
    read: &ReadDraft,
    ready: &[&Entry],
    io: &dyn JobIo,
) -> Result<Sorted, StageError> {
    let mut sorted = Sorted { good: Vec::new(), bad: Vec::new(), made: None };
    let mut ready = ready.to_vec();
    let mut judged = false;
    loop {
        let (files, copies) = copies(workspace, watch, base, &ready, &Part { io, from: 0.0, to: 0.2 })?;
        if files.is_empty() {
            return Ok(sorted);
        }
        let snapshot = Snapshot::of_files(workspace, file_name(&watch.path), copies)?;
        let request = ImportRequest {
            name: Some(watch.dataset.clone()),
            read: read.clone(),
            ..ImportRequest::of(watch.path.clone())
        };
        let origin = if base.is_some() { Origin::Refresh } else { Origin::Import };
        let problem = match ingest::prepare(workspace, &request, origin, snapshot, &Part { io, from: 0.2, to: 1.0 }) {
            Ok(made) => {
                sorted.good = files;
                sorted.made = Some(made);
                return Ok(sorted);
            }
            Err(error) if error.is_cancelled() => return Err(error),
            Err(error @ (StageError::Load(_) | StageError::Usage { .. })) => error.to_string(),
            Err(other) => return Err(other),
        };
        if judged || files.len() == 1 {
            sorted.bad.extend(files.into_iter().map(|(entry, hash)| (entry, hash, problem.clone())));
            return Ok(sorted);
        }
        // Which of them was it? Each is read beside the first, by whose columns all are read.
        judged = true;
        let mut first = base.and_then(|b| b.provenance.files.first()).map(|f| workspace.object_path(&f.hash));
        for (entry, hash) in files {
            let path = watch.path.join(&entry.name);
            match fits(first.as_deref(), &path, &entry.name, read, io) {
                Ok(()) => first = first.or(Some(path)),
                Err(LoadError::Cancelled(cancelled)) => return Err(LoadError::Cancelled(cancelled).into()),
                Err(error) => {
                    ready.retain(|other| other.name != entry.name);
                    sorted.bad.push((entry, hash, error.to_string()));
                }
            }
        }
    }
}

type Named = Vec<(String, Copy)>;

/// The files of the base and the new ones behind them; and those of the new ones that could be copied.
fn copies(
    workspace: &Workspace,
    watch: &Watch,
    base: Option<&DatasetVersion>,
    ready: &[&Entry],
    io: &dyn JobIo,
) -> Result<(Vec<(Entry, ContentHash)>, Named), StageError> {
    let kept = base.map_or(&[][..], |base| &base.provenance.files);
    let mut copies: Named = kept.iter().map(|file| (file.name.clone(), Copy::Kept(file.clone()))).collect();
    let mut files = Vec::new();
    for (i, entry) in ready.iter().enumerate() {
        let part = |i: usize| i as f64 / ready.len() as f64;
        let copy =
            match workspace.stage_file(&watch.path.join(&entry.name), &Part { io, from: part(i), to: part(i + 1) }) {
                Ok(copy) => copy,
                Err(error) if is_under_way(&error) => continue,
                Err(other) => return Err(other.into()),
            };
        files.push(((*entry).clone(), copy.hash.clone()));
        put(&mut copies, &entry.name, copy);
    }
    Ok((files, copies))
}

/// In the place of the file of this name, or at the end.
fn put(copies: &mut Named, name: &str, copy: Staged) {
    match copies.iter_mut().find(|(other, _)| other == name) {
        Some((_, old)) => *old = Copy::New(copy),
        None => copies.push((name.to_owned(), Copy::New(copy))),
    }
}

/// It changes or is gone; the next look decides.
fn is_under_way(error: &StoreError) -> bool {
    match error {
        StoreError::Changed { .. } => true,
        StoreError::Io { error, .. } => is_the_files(error),
        _ => false,
    }
}

/// Can the file be read, and as one table with `first`?
fn fits(first: Option<&Path>, path: &Path, name: &str, draft: &ReadDraft, io: &dyn JobIo) -> Result<(), LoadError> {
    let mut source = SourceSpec::file(name, path);
    if let Some(first) = first {
        source.files.insert(0, ("the first file".to_owned(), first.to_owned()));
    }
    let (leader, leads) = &source.files[0];
    let options = read::sniff_with(leads, leader, draft)?.options;
    read::stream(&source, &options, &Part { io, from: 0.2, to: 0.2 }, &mut Nowhere).map(drop)
}

/// Reading to see whether it can be done.
struct Nowhere;

impl TableSink for Nowhere {
    fn begin(&mut self, _: &[(String, Storage)]) -> Result<(), LoadError> {
        Ok(())
    }

    fn rows(&mut self, _: Vec<Cells>) -> Result<(), LoadError> {
        Ok(())
    }

    fn bad_row(&mut self, _: BadRow) -> Result<(), LoadError> {
        Ok(())
    }
}
