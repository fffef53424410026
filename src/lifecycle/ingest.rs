//! Ingest: a file becomes a dataset version.
//!
//! The bytes are copied and hashed first, and only the copy is parsed: a file that changes while it is read can
//! neither tear the table nor be mistaken for another. The user's file is never touched.

use std::path::Path;

use crate::data::error::LoadError;
use crate::data::profile;
use crate::data::read::{self, ReadReport};
use crate::data::sink::{StoredRows, StoringSink};
use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::branch::{MAIN, name_problem};
use crate::domain::dataset::{DatasetVersion, Origin, Provenance, ReadDraft, ReadOptions};
use crate::domain::io::{JobIo, Part};
use crate::domain::profile::TableProfile;
use crate::domain::request::{ImportOutcome, ImportRequest};
use crate::domain::schema::{ColumnSchema, Schema};
use crate::domain::words::file_name;
use crate::store::datasets::{self, NewVersion};
use crate::store::{StoreError, Tx, Workspace, activity};

use super::snapshot::{Snapshot, snapshot};
use super::{StageError, budget, gates};

/// Longest name a dataset may have, in characters.
const MAX_NAME: usize = 100;

/// A source that was read, before anything is recorded.
pub(super) enum Prepared {
    /// These bytes are a version already.
    Known(Box<DatasetVersion>),
    /// Its objects are stored.
    New(Box<NewVersion>),
}

pub fn ingest(workspace: &Workspace, request: &ImportRequest, io: &dyn JobIo) -> Result<ImportOutcome, StageError> {
    ingest_as(workspace, request, Origin::Import, None, io)
}

/// The same for a source that is read for another reason; `reason` lets it past red gates.
pub(super) fn ingest_as(
    workspace: &Workspace,
    request: &ImportRequest,
    origin: Origin,
    reason: Option<&str>,
    io: &dyn JobIo,
) -> Result<ImportOutcome, StageError> {
    dataset_name(request.name.as_deref(), &file_name(&request.path))?;
    check_branch(request.branch.as_deref())?;
    let copy = snapshot(workspace, &request.path, &Part { io, from: 0.0, to: 0.1 })?;
    match prepare(workspace, request, origin, copy, io)? {
        Prepared::Known(version) => {
            if gates::guards_commits(workspace, &version.dataset)? {
                gates::commit_known(workspace, &version, request.branch.as_deref(), reason, io)?;
            }
            let warnings = super::revert::lead_to(workspace, request.branch.as_deref(), &version)?;
            Ok(ImportOutcome { version: *version, new: false, warnings })
        }
        Prepared::New(new) => {
            let warnings = new.provenance.warnings.clone();
            let version = gates::take_in(workspace, *new, request.branch.as_deref(), told, reason, io)?;
            Ok(ImportOutcome { version, new: true, warnings })
        }
    }
}

/// Parses a copy and stores its objects.
pub(super) fn prepare(
    workspace: &Workspace,
    request: &ImportRequest,
    origin: Origin,
    mut copy: Snapshot,
    io: &dyn JobIo,
) -> Result<Prepared, StageError> {
    let source_name = file_name(&request.path);
    let name = dataset_name(request.name.as_deref(), &source_name)?;
    io.progress("Looking at the file", Some(0.1))?;
    let same_bytes = workspace.read(|conn| datasets::by_source(conn, &name, &copy.hash))?;
    let guess_anew = request.forget || !request.read.is_empty();
    let (options, notes) = match &same_bytes {
        // The same bytes lead to the same guesses.
        Some(version) if !guess_anew => (version.read.clone(), Vec::new()),
        _ => guess(&mut copy, &request.read)?,
    };
    if let Some(version) = same_bytes.filter(|version| version.read == options) {
        read::must_have(&source_name, version.schema.names(), &request.needs_columns)?;
        // Damaged objects are replaced by the right bytes.
        copy.keep(workspace)?;
        return Ok(Prepared::Known(Box::new(version)));
    }
    let (table, rejects) = (workspace.temp_path()?, workspace.temp_path()?);
    let mut sink = StoringSink::new(&table, &rejects, budget::of(workspace)?);
    let report = read::stream(&copy.spec, &options, &Part { io, from: 0.1, to: 0.65 }, &mut sink)?;
    let names = report.columns.iter().map(|c| c.name.as_str());
    read::must_have(&source_name, names, &request.needs_columns)?;
    io.progress("Writing the table", Some(0.65))?;
    let stored = sink.finish()?;
    let (schema, profile) = describe(&report, &stored, &Part { io, from: 0.66, to: 0.97 })?;
    io.progress("Saving", Some(0.97))?;
    let (source_hash, source_bytes, files) = (copy.hash.clone(), copy.bytes, copy.files.clone());
    // Only now that nothing can refuse the file: a refused one leaves nothing behind.
    copy.keep(workspace)?;
    workspace.adopt_hashed(table, &stored.table_hash)?;
    if let Some(hash) = &stored.rejects_hash {
        workspace.adopt_hashed(rejects, hash)?;
    }
    let warnings: Vec<String> = notes.into_iter().chain(report.warnings).collect();

    Ok(Prepared::New(Box::new(NewVersion {
        dataset: name,
        rows: report.rows,
        schema,
        source_hash,
        table_hash: stored.table_hash,
        source_name,
        source_bytes,
        read: options,
        profile,
        provenance: Provenance {
            note: request.note.clone(),
            author: activity::account(),
            source_path: Some(request.path.clone()),
            origin,
            files,
            rejected: report.bad_rows,
            rejects_hash: stored.rejects_hash,
            warnings,
            ..Provenance::default()
        },
    })))
}

/// A file as a table that is not kept.
pub(super) struct Glimpse {
    pub schema: Schema,
    pub profile: TableProfile,
    pub stored: StoredRows,
    /// Its rows, where they do not fit the memory budget; gone with this.
    _files: [tempfile::TempPath; 2],
}

/// Reads a file with everything guessed, and records nothing.
pub(super) fn glimpse(workspace: &Workspace, path: &Path, io: &dyn JobIo) -> Result<Glimpse, StageError> {
    let mut copy = snapshot(workspace, path, &Part { io, from: 0.0, to: 0.1 })?;
    let (options, _) = guess(&mut copy, &ReadDraft::default())?;
    let (table, rejects) = (workspace.temp_path()?, workspace.temp_path()?);
    let mut sink = StoringSink::new(&table, &rejects, budget::of(workspace)?);
    let report = read::stream(&copy.spec, &options, &Part { io, from: 0.1, to: 0.5 }, &mut sink)?;
    let stored = sink.finish()?;
    let (schema, profile) = describe(&report, &stored, &Part { io, from: 0.5, to: 0.6 })?;
    Ok(Glimpse { schema, profile, stored, _files: [table, rejects] })
}

/// The activity entry of a version that was read from a source.
fn told(tx: &Tx, version: &DatasetVersion) -> Result<(), StoreError> {
    let (rows, columns) = (version.rows, version.schema.columns.len());
    let event = NewEvent {
        action: if version.provenance.origin == Origin::Refresh { "refreshed" } else { "imported" }.to_owned(),
        object_kind: ObjectKind::Dataset,
        object: version.label(),
        summary: format!("{rows} rows and {columns} columns from {}", version.source_name),
    };
    activity::append(tx, &event).map(drop)
}

/// How the source is read, for which the first of several files decides, and what was noticed on the way to it.
fn guess(copy: &mut Snapshot, draft: &ReadDraft) -> Result<(ReadOptions, Vec<String>), StageError> {
    let (name, path) = copy.spec.files.first().ok_or_else(|| LoadError::Empty { file: copy.spec.name.clone() })?;
    let guess = read::sniff_scanned(path, name, draft, copy.scan.take())?;
    Ok((guess.options, guess.notes))
}

/// What the columns are and hold, by all rows: from memory when they are still there, otherwise from the stored table.
fn describe(report: &ReadReport, stored: &StoredRows, io: &dyn JobIo) -> Result<(Schema, TableProfile), StageError> {
    let studies = profile::study(stored.columns()?.as_ref(), io)?;
    let (mut schema, mut columns) = (Schema::default(), Vec::new());
    for (column, study) in report.columns.iter().zip(studies) {
        let described = ColumnSchema { personal: study.personal, ..column.schema(&study.facts) };
        columns.push(study.with_kind(described.kind).profile);
        schema.columns.push(described);
    }
    let profile = TableProfile { format_version: TableProfile::FORMAT_VERSION, rows: report.rows, columns };
    Ok((schema, profile))
}

fn check_branch(name: Option<&str>) -> Result<(), StageError> {
    match name.filter(|name| *name != MAIN).and_then(|name| name_problem(name).map(|problem| (name, problem))) {
        Some((name, problem)) => Err(StageError::usage(format!("`{name}` cannot be the name of a branch"), problem)),
        None => Ok(()),
    }
}

/// A label, never a path: control characters and separators are refused rather than repaired.
pub(super) fn dataset_name(asked: Option<&str>, source_name: &str) -> Result<String, StageError> {
    // `sales.csv.gz` is `sales`.
    let unpacked = [".gz", ".zst"].into_iter().find_map(|ending| source_name.strip_suffix(ending));
    let stem = || {
        Path::new(unpacked.unwrap_or(source_name))
            .file_stem()
            .map_or_else(String::new, |s| s.to_string_lossy().into_owned())
    };
    let name = asked.map_or_else(stem, str::to_owned);
    let name = name.trim();
    let bad = name.is_empty()
        || name.chars().count() > MAX_NAME
        || name.chars().any(|c| c.is_control() || matches!(c, '/' | '\\' | '@'));
    if !bad {
        return Ok(name.to_owned());
    }
    if asked.is_none() {
        // The file's own name is no wish: what does not fit in a name becomes a dash.
        let safe: String = name
            .chars()
            .map(|c| if c.is_control() || matches!(c, '/' | '\\' | '@') { '-' } else { c })
            .take(MAX_NAME)
            .collect();
        return Ok(if safe.is_empty() { "data".to_owned() } else { safe });
    }
    Err(StageError::usage(
        format!("`{name}` cannot be the name of a dataset"),
        "Use 1 to 100 characters without / \\ @ or control characters",
    ))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::domain::edit::Edit;
    use crate::domain::io::{Cancelled, Silent};
    use crate::domain::request::{CheckRequest, DataRef, DriftRequest, TrainRequest};
    use crate::domain::run::Sample;
    use crate::domain::split::{SplitKind, SplitRows, SplitSpec};
    use crate::lifecycle::{edit, monitor, train, validate};

    const ROWS: usize = 30_000;

    /// Numbers, texts that never repeat, categories, dates, gaps and a target that follows one of them.
    fn file(folder: &Path, shift: usize) -> std::path::PathBuf {
        let mut text = String::from("key,amount,plan,since,flag,churn\n");
        for i in 0..ROWS {
            let amount = if i % 9 == 0 { String::new() } else { format!("{}.{}", i * 37 % 1000 + shift, i % 10) };
            let (plan, day) = (["basic", "pro", "family", ""][i % 4], i % 28 + 1);
            let churn = usize::from(i * 37 % 1000 + i % 300 > 700);
            text.push_str(&format!("k{i:06},{amount},{plan},2025-03-{day:02},{},{churn}\n", i % 3 == 0));
        }
        let path = folder.join(format!("t{shift}.csv"));
        std::fs::write(&path, text).unwrap();
        path
    }

    fn workspace(folder: &Path, budget_bytes: u64) -> Workspace {
        let workspace = Workspace::open(&folder.join(format!("w{budget_bytes}"))).unwrap();
        edit::edit(&workspace, &Edit::SetMemoryBudget { bytes: Some(budget_bytes) }).unwrap();
        workspace
    }

    #[test]
    fn a_table_on_disk_is_the_same_as_one_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let (before, now) = (file(folder.path(), 0), file(folder.path(), 400));
        let everything = |budget_bytes: u64| {
            let workspace = workspace(folder.path(), budget_bytes);
            let reference = ingest(&workspace, &ImportRequest::of(&before), &Silent).unwrap().version;
            let version = ingest(&workspace, &ImportRequest::of(&now), &Silent).unwrap().version;
            let profile = workspace.read(|conn| datasets::profile(conn, version.id)).unwrap();
            let request = CheckRequest {
                against: Some(DataRef::Version(reference.id)),
                target: Some("churn".to_owned()),
                ..CheckRequest::of(DataRef::Version(version.id))
            };
            let checked = validate::check(&workspace, &request, &Silent).unwrap().report;
            let request =
                DriftRequest { reference: DataRef::Version(reference.id), current: DataRef::Version(version.id) };
            let drift = monitor::drift(&workspace, &request, &Silent).unwrap().report;
            (version.table_hash, version.schema, version.rows, profile, checked, drift)
        };
        let (in_memory, on_disk) = (everything(1 << 40), everything(1 << 20));
        assert_eq!(in_memory, on_disk);
        assert_eq!(in_memory.2, ROWS as u64);
        let moved: Vec<&str> = in_memory.5.columns.iter().filter(|c| c.drifted).map(|c| c.column.as_str()).collect();
        assert_eq!(moved, ["amount"]);
    }

    #[test]
    fn above_the_budget_training_takes_a_sample_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = workspace(folder.path(), 400_000);
        let version = ingest(&workspace, &ImportRequest::of(file(folder.path(), 0)), &Silent).unwrap().version;
        let request = TrainRequest {
            data: DataRef::Version(version.id),
            target: "churn".to_owned(),
            task: None,
            algorithms: vec![crate::domain::params::Algorithm::DecisionTree],
            split: SplitSpec { kind: SplitKind::Stratified, test_share: 0.2, seed: 5 },
            folds: 0,
            params: Default::default(),
            exclude: Vec::new(),
            recipe: Default::default(),
            options: Default::default(),
        };
        let outcome = train::train(&workspace, &request, &Silent).unwrap();
        let run = &outcome.runs[0];
        let sample = run.plan.sampled.unwrap();
        assert_eq!((sample.of, sample.seed, sample.rows), (ROWS as u64, 5, run.train_rows + run.test_rows));
        assert!((1000..ROWS as u64 / 2).contains(&sample.rows), "{sample:?}");
        assert!(outcome.warnings[0].contains(&Sample::describe(&sample)), "{:?}", outcome.warnings);
        assert!(run.warnings[0].contains("sample"));
        // The split names rows of the version.
        let rows: SplitRows = workspace.read_json(&run.plan.split_hash).unwrap();
        let mut all: Vec<u32> = rows.train.iter().chain(&rows.test).copied().collect();
        all.sort_unstable();
        let expected = crate::data::split::sample_rows(ROWS, sample.rows as usize, 5);
        assert!(all.iter().map(|row| *row as usize).eq(expected));
    }

    #[test]
    fn a_cancelled_import_leaves_nothing() {
        struct After(AtomicUsize);
        impl JobIo for After {
            fn progress(&self, _: &str, _: Option<f64>) -> Result<(), Cancelled> {
                let left = self.0.load(Ordering::Relaxed);
                self.0.store(left.saturating_sub(1), Ordering::Relaxed);
                if left == 0 { Err(Cancelled) } else { Ok(()) }
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let path = file(folder.path(), 0);
        let workspace = workspace(folder.path(), 1 << 20);
        let files = |name: &str| std::fs::read_dir(workspace.root().join(name)).unwrap().count();
        let before = files("objects");
        for calls in [0, 1, 2, 5, 9] {
            let result = ingest(&workspace, &ImportRequest::of(&path), &After(AtomicUsize::new(calls)));
            assert!(result.is_err_and(|error| error.is_cancelled()), "{calls}");
            assert_eq!((files("tmp"), files("objects")), (0, before));
        }
    }

    #[test]
    fn a_dataset_is_named_after_its_file() {
        assert_eq!(dataset_name(None, "churn-2026-01.csv").unwrap(), "churn-2026-01");
        assert_eq!(dataset_name(None, "a@b.csv").unwrap(), "a-b");
    }

    #[test]
    fn an_asked_name_is_refused_rather_than_changed() {
        assert!(dataset_name(Some("../x"), "a.csv").is_err());
        assert!(dataset_name(Some(" "), "a.csv").is_err());
        assert_eq!(dataset_name(Some("Kunden 2026"), "a.csv").unwrap(), "Kunden 2026");
    }
}
