//! The workspace on a real disk: opening, refusing, concurrency, interruption, damage.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use modelwright::domain::activity::{NewEvent, ObjectKind};
use modelwright::domain::bundle::BundleFile;
use modelwright::domain::dataset::{DatasetVersion, ReadOptions, SourceFormat, TextEncoding};
use modelwright::domain::drift::DriftReport;
use modelwright::domain::finding::CheckReport;
use modelwright::domain::ids::{ContentHash, RunId};
use modelwright::domain::io::{Cancelled, JobIo, Silent};
use modelwright::domain::params::{Algorithm, ParamDraft, check_params};
use modelwright::domain::profile::TableProfile;
use modelwright::domain::recipe::RecipeSpec;
use modelwright::domain::run::{Environment, MetricPoint, RunMetrics, RunPlan, RunStatus, Timings};
use modelwright::domain::schema::{ColumnKind, ColumnSchema, Schema, Storage};
use modelwright::domain::split::{SplitKind, SplitSpec};
use modelwright::domain::task::Task;
use modelwright::store::bundles::NewBundle;
use modelwright::store::checks::NewCheckRun;
use modelwright::store::datasets::NewVersion;
use modelwright::store::drift::NewDrift;
use modelwright::store::runs::RunResult;
use modelwright::store::{LATEST, StoreError, Workspace, activity, bundles, checks, datasets, drift, runs, settings};

// ---- What is stored ----

const SOURCE: &[u8] = b"age,churned\n31,yes\n42,no\n";
const TABLE: &[u8] = b"stands for a Parquet file";
const SPLIT: &[u8] = b"stands for the rows of a split";
const MODEL: &[u8] = b"stands for a model";
const EVALUATION: &[u8] = b"stands for an evaluation";
const BUNDLE: &[u8] = b"stands for a zip";

fn open(folder: &Path) -> Workspace {
    Workspace::open(folder).unwrap()
}

fn put_all(ws: &Workspace) {
    for bytes in [SOURCE, TABLE, SPLIT, MODEL, EVALUATION, BUNDLE] {
        ws.put_bytes(bytes).unwrap();
    }
}

fn new_version(ws: &Workspace, name: &str, source: &[u8]) -> NewVersion {
    let column = ColumnSchema {
        name: "age".into(),
        kind: ColumnKind::Numeric,
        storage: Storage::Int64,
        missing: 0,
        distinct: 2,
        true_spellings: vec![],
        false_spellings: vec![],
        notes: vec![],
    };
    NewVersion {
        dataset: name.into(),
        rows: 2,
        schema: Schema { columns: vec![column] },
        source_hash: ws.put_bytes(source).unwrap(),
        table_hash: ws.put_bytes(TABLE).unwrap(),
        source_name: "people.csv".into(),
        source_bytes: source.len() as u64,
        read: ReadOptions {
            format: SourceFormat::Delimited,
            encoding: TextEncoding::Utf8,
            delimiter: ',',
            has_header: true,
            null_tokens: vec!["NA".into()],
        },
        profile: TableProfile { format_version: 1, rows: 2, columns: vec![] },
    }
}

fn add_version(ws: &Workspace, name: &str, source: &[u8]) -> DatasetVersion {
    let new = new_version(ws, name, source);
    ws.write(|tx| datasets::insert_version(tx, &new)).unwrap()
}

fn plan(ws: &Workspace, version: &DatasetVersion) -> RunPlan {
    RunPlan {
        version_id: version.id,
        dataset: version.label(),
        algorithm: Algorithm::Logistic,
        task: Task::Binary,
        target: "churned".into(),
        features: vec!["age".into()],
        excluded: vec![("id".into(), "identifier".into())],
        split: SplitSpec { kind: SplitKind::Stratified, test_share: 0.2, seed: 7 },
        split_hash: ws.put_bytes(SPLIT).unwrap(),
        folds: 5,
        seed: u64::MAX,
        recipe: RecipeSpec::default(),
        params: check_params(Algorithm::Logistic, &ParamDraft::new()).unwrap(),
        environment: Environment {
            app_version: "0.1.0".into(),
            os: "Linux".into(),
            cpu: "x86-64".into(),
            threads: 2,
            libraries: BTreeMap::new(),
        },
    }
}

fn start(ws: &Workspace) -> RunId {
    let plan = plan(ws, &add_version(ws, "people", SOURCE));
    ws.write(|tx| runs::start(tx, &plan)).unwrap()
}

fn result(ws: &Workspace) -> RunResult {
    let set = |value: f64| BTreeMap::from([("accuracy".to_owned(), value), ("roc_auc".to_owned(), 0.1 + 0.2)]);
    RunResult {
        metrics: RunMetrics { train: set(0.9), test: set(0.8), cv: set(0.75), cv_std: set(0.01) },
        timings: Timings { encode_seconds: 0.25, fit_seconds: 1.5, predict_seconds: 0.0, total_seconds: 2.0 },
        warnings: vec!["1 column is constant".into()],
        model_hash: ws.put_bytes(MODEL).unwrap(),
        evaluation_hash: ws.put_bytes(EVALUATION).unwrap(),
        train_rows: 8,
        test_rows: 2,
        points: vec![point(1, 0.5), point(0, 0.4)],
    }
}

fn point(step: u32, value: f64) -> MetricPoint {
    MetricPoint { part: "fold".into(), metric: "roc_auc".into(), step, value }
}

fn event(object: &str) -> NewEvent {
    NewEvent {
        action: "imported".into(),
        object_kind: ObjectKind::Dataset,
        object: object.into(),
        summary: format!("Imported {object}"),
    }
}

/// One of everything.
fn fill(ws: &Workspace) -> RunId {
    let version = add_version(ws, "people", SOURCE);
    let plan = plan(ws, &version);
    let run = ws.write(|tx| runs::start(tx, &plan)).unwrap();
    let result = result(ws);
    let sha256 = ws.put_bytes(BUNDLE).unwrap();
    ws.write(|tx| {
        let report = CheckReport::new(vec![]);
        checks::insert(tx, &NewCheckRun { version_id: version.id, against: None, target: None, report })?;
        runs::finish(tx, run, &result)?;
        bundles::insert(tx, &new_bundle(run, &sha256))?;
        drift::insert(tx, &NewDrift { reference_id: version.id, current_id: version.id, report: no_drift() })?;
        settings::set(tx, "folds", &5_u32)?;
        for object in ["people@1", "run 1", "people.zip"] {
            activity::append(tx, &event(object))?;
        }
        Ok(())
    })
    .unwrap();
    run
}

fn new_bundle(run: RunId, sha256: &ContentHash) -> NewBundle {
    NewBundle {
        run_id: run,
        file_name: "people.zip".into(),
        sha256: sha256.clone(),
        bytes: BUNDLE.len() as u64,
        files: vec![BundleFile { name: "model.onnx".into(), bytes: 3, sha256: sha256.clone() }],
        golden_max_abs_diff: 1e-9,
        golden_rows: 20,
        card_markdown: "# People".into(),
    }
}

fn no_drift() -> DriftReport {
    DriftReport {
        format_version: 1,
        columns: vec![],
        drifted_share: 0.0,
        share_threshold: 0.5,
        dataset_drift: false,
        reference_rows: 2,
        current_rows: 2,
        only_reference: vec![],
        only_current: vec![],
    }
}

/// A connection as another program would have it.
fn raw(folder: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.join("history.sqlite")).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn assert_clean(ws: &Workspace) {
    let report = ws.verify(&Silent).unwrap();
    assert!(report.ok && report.damaged.is_empty(), "{report:?}");
}

/// Damages a filled workspace by SQL and returns what `verify` then calls damaged.
fn damaged_by(sql: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    fill(&ws);
    assert_clean(&ws);
    raw(folder.path()).execute_batch(sql).unwrap();
    let report = ws.verify(&Silent).unwrap();
    assert_eq!(report.ok, report.damaged.is_empty());
    report.damaged.into_iter().map(|d| d.what).collect()
}

// ---- Opening ----

#[test]
fn an_absent_folder_becomes_a_workspace_of_the_newest_version() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("new/workspace");
    let ws = open(&root);
    assert_eq!(ws.root(), root);
    let pragma = |name: &str| ws.read(|c| Ok(c.pragma_query_value(None, name, |r| r.get::<_, i64>(0))?)).unwrap();
    assert_eq!((pragma("user_version"), pragma("synchronous"), pragma("foreign_keys")), (LATEST, 2, 1));
    assert_eq!((pragma("busy_timeout"), pragma("trusted_schema")), (5000, 0));
    let journal: String = ws.read(|c| Ok(c.pragma_query_value(None, "journal_mode", |r| r.get(0))?)).unwrap();
    assert_eq!(journal, "wal");
    drop(ws);
    assert_eq!(names(&root), ["history.sqlite", "locks", "objects", "tmp"]);
    assert!(names(&root.join("locks")).is_empty());
    Workspace::open_existing(&root).unwrap();
}

#[test]
fn a_closed_workspace_is_one_history_file() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    fill(&ws);
    assert!(names(folder.path()).contains(&"history.sqlite-wal".to_owned()));
    ws.close();
    assert_eq!(names(folder.path()), ["history.sqlite", "locks", "objects", "tmp"]);
}

#[test]
fn open_existing_creates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("none");
    assert!(matches!(Workspace::open_existing(&root), Err(StoreError::NoWorkspace { .. })));
    assert!(matches!(Workspace::open_existing(folder.path()), Err(StoreError::NoWorkspace { .. })));
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_folder_with_other_files_is_refused_and_untouched() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.txt"), "mine").unwrap();
    let error = Workspace::open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::NotAWorkspace { .. }), "{error}");
    assert!(error.to_string().contains("thesis.txt"), "{error}");
    assert_eq!(names(folder.path()), ["thesis.txt"]);
}

#[test]
fn a_newer_history_is_refused_and_untouched() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).close();
    raw(folder.path()).pragma_update(None, "user_version", LATEST + 1).unwrap();
    let (before, entries) = (fs::read(folder.path().join("history.sqlite")).unwrap(), names(folder.path()));
    let error = Workspace::open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found, known: LATEST, .. } if found == LATEST + 1), "{error}");
    assert!(error.to_string().contains("newer Modelwright"), "{error}");
    assert_eq!(fs::read(folder.path().join("history.sqlite")).unwrap(), before);
    assert_eq!(names(folder.path()), entries);
}

#[test]
fn a_newer_version_still_in_the_log_is_seen_and_the_log_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    raw(folder.path()).pragma_update(None, "user_version", LATEST + 1).unwrap();
    // As a crash leaves it: a main file of this version and a log of the next.
    let crashed = tempfile::tempdir().unwrap();
    for name in ["history.sqlite", "history.sqlite-wal"] {
        fs::copy(folder.path().join(name), crashed.path().join(name)).unwrap();
    }
    drop(ws);
    let bytes = |name: &str| fs::read(crashed.path().join(name)).unwrap();
    let before = (bytes("history.sqlite"), bytes("history.sqlite-wal"));
    let error = Workspace::open(crashed.path()).unwrap_err();
    assert!(matches!(error, StoreError::Newer { .. }), "{error}");
    assert_eq!((bytes("history.sqlite"), bytes("history.sqlite-wal")), before);
}

#[test]
fn databases_of_others_and_non_databases_are_refused_and_untouched() {
    let foreign = |path: PathBuf| {
        let conn = rusqlite::Connection::open(path).unwrap();
        conn.execute_batch("PRAGMA application_id = 7; CREATE TABLE birds (name TEXT);").unwrap();
    };
    let makers: [(&str, &dyn Fn(PathBuf)); 3] = [
        ("foreign", &foreign),
        ("text", &|path| fs::write(path, "not a database, but long enough to be taken for one".repeat(50)).unwrap()),
        ("empty", &|path| fs::write(path, "").unwrap()),
    ];
    for (name, make) in makers {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.sqlite");
        make(path.clone());
        let before = fs::read(&path).unwrap();
        let error = Workspace::open(folder.path()).unwrap_err();
        let refused = matches!(error, StoreError::NotAWorkspace { .. } | StoreError::Damaged { .. });
        assert!(refused, "{name}: {error}");
        assert_eq!(fs::read(&path).unwrap(), before, "{name}");
        assert_eq!(names(folder.path()), ["history.sqlite"], "{name}");
    }
}

#[test]
fn a_history_that_lost_its_file_is_not_replaced_by_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    fill(&open(folder.path()));
    fs::remove_file(folder.path().join("history.sqlite")).unwrap();
    let error = Workspace::open(folder.path()).unwrap_err();
    assert!(error.to_string().contains("restore it from a backup"), "{error}");
}

#[test]
fn a_history_with_a_planted_trigger_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).close();
    raw(folder.path()).execute_batch("CREATE TRIGGER sly AFTER INSERT ON runs BEGIN DELETE FROM models; END;").unwrap();
    let error = Workspace::open(folder.path()).unwrap_err();
    assert!(error.to_string().contains("trigger `sly`"), "{error}");
}

#[test]
fn the_history_of_version_1_opens_with_its_rows_intact() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/history-v1.sqlite");
    fs::copy(fixture, folder.path().join("history.sqlite")).unwrap();
    let ws = open(folder.path());
    put_all(&ws);
    let version = ws.read(|c| datasets::find(c, "people", None)).unwrap().unwrap();
    assert_eq!((version.label().as_str(), version.rows), ("people@1", 2));
    let run = ws.read(|c| runs::get(c, RunId(1))).unwrap();
    assert_eq!(run.status, RunStatus::Completed);
    assert_eq!(run.metrics, result(&ws).metrics);
    assert_eq!(run.plan, plan(&ws, &version));
    assert_eq!(ws.read(|c| activity::recent(c, 10)).unwrap().len(), 3);
    assert_clean(&ws);
}

#[test]
#[ignore = "writes the fixture; run it once, before a migration of that version is shipped"]
fn write_the_fixture_of_the_newest_version() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    fill(&ws);
    ws.close();
    let name = format!("tests/fixtures/history-v{LATEST}.sqlite");
    fs::copy(folder.path().join("history.sqlite"), Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
}

#[test]
fn a_moved_folder_is_the_same_workspace() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(&folder.path().join("before"));
    let run = fill(&ws);
    ws.close();
    fs::rename(folder.path().join("before"), folder.path().join("after it")).unwrap();
    let ws = Workspace::open_existing(&folder.path().join("after it")).unwrap();
    assert_eq!(ws.read(|c| runs::get(c, run)).unwrap().status, RunStatus::Completed);
    assert_clean(&ws);
}

// ---- Records ----

#[test]
fn what_was_stored_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let id = fill(&ws);
    let expected = result(&ws);
    let run = ws.read(|c| runs::get(c, id)).unwrap();
    assert_eq!((run.metrics.clone(), run.timings), (expected.metrics, expected.timings));
    assert_eq!((run.model_hash.clone(), run.warnings.len()), (Some(expected.model_hash), 1));
    assert_eq!((run.plan.seed, run.plan.dataset.as_str()), (u64::MAX, "people@1"));
    assert!(run.ended_at_ms >= Some(run.started_at_ms));
    assert_eq!(ws.read(runs::all).unwrap(), [run]);
    assert_eq!(ws.read(|c| runs::points(c, id)).unwrap(), [point(0, 0.4), point(1, 0.5)]);
    assert_eq!(ws.read(|c| settings::get::<u32>(c, "folds")).unwrap(), Some(5));
    assert_eq!(ws.read(|c| settings::get::<u32>(c, "none")).unwrap(), None);
    let bundle = ws.read(bundles::all).unwrap().remove(0);
    assert_eq!((bundle.golden_max_abs_diff, bundle.files.len()), (1e-9, 1));
    assert_eq!(ws.read(drift::all).unwrap()[0].reference, "people@1");
    assert_eq!(ws.read(checks::all).unwrap()[0].dataset, "people@1");
    let log = ws.read(|c| activity::recent(c, 2)).unwrap();
    assert_eq!(log.iter().map(|e| e.event.object.as_str()).collect::<Vec<_>>(), ["people.zip", "run 1"]);
    assert!(!log[0].who.is_empty());
}

#[test]
fn versions_count_up_and_are_found_by_name_number_and_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let first = add_version(&ws, "b", b"one");
    let second = add_version(&ws, "b", b"two");
    let other = add_version(&ws, "a", b"one");
    let labels = |list: Vec<DatasetVersion>| list.iter().map(DatasetVersion::label).collect::<Vec<_>>();
    assert_eq!(labels(ws.read(datasets::all).unwrap()), ["a@1", "b@1", "b@2"]);
    ws.read(|c| {
        assert_eq!(datasets::find(c, "b", None)?, Some(second.clone()));
        assert_eq!(datasets::find(c, "b", Some(1))?, Some(first.clone()));
        assert_eq!(datasets::find(c, "b", Some(3))?, None);
        assert_eq!(datasets::by_source(c, "b", &first.source_hash)?, Some(first.clone()));
        assert_eq!(datasets::any_by_source(c, &first.source_hash)?, Some(other.clone()));
        assert_eq!(datasets::profile(c, first.id)?.rows, 2);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_hidden_dataset_comes_back_when_asked_or_imported_again() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let version = add_version(&ws, "people", SOURCE);
    let hide = |hidden| ws.write(|tx| datasets::hide_dataset(tx, version.dataset_id, hidden)).unwrap();
    hide(true);
    assert!(ws.read(datasets::all).unwrap().is_empty());
    assert_eq!(ws.read(|c| datasets::by_source(c, "people", &version.source_hash)).unwrap(), None);
    hide(false);
    assert_eq!(ws.read(datasets::all).unwrap(), [version.clone()]);
    hide(true);
    assert_eq!(add_version(&ws, "people", SOURCE), version);
    assert_eq!(ws.read(datasets::all).unwrap(), [version]);
    assert_clean(&ws);
}

#[test]
fn a_renamed_dataset_is_renamed_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let run = fill(&ws);
    let other = add_version(&ws, "other", b"x");
    let id = ws.read(|c| datasets::find(c, "people", None)).unwrap().unwrap().dataset_id;
    let taken = ws.write(|tx| datasets::rename_dataset(tx, id, "other")).unwrap_err();
    assert!(matches!(taken, StoreError::NameTaken { .. }), "{taken}");
    assert!(ws.write(|tx| datasets::rename_dataset(tx, id, "two\nlines")).is_err());
    ws.write(|tx| datasets::rename_dataset(tx, id, "customers")).unwrap();
    ws.write(|tx| datasets::rename_dataset(tx, other.dataset_id, "other")).unwrap();
    assert_eq!(ws.read(|c| runs::get(c, run)).unwrap().plan.dataset, "customers@1");
    assert_clean(&ws);
}

#[test]
fn a_missing_id_says_what_was_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let error = ws.read(|c| runs::get(c, RunId(12))).unwrap_err();
    assert!(matches!(error, StoreError::NotFound { .. }));
    assert_eq!(error.to_string(), "there is no run 12");
}

#[test]
fn a_document_that_cannot_be_read_names_its_record() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let run = fill(&ws);
    raw(folder.path()).execute_batch("UPDATE runs SET plan = '{' || plan").unwrap();
    let error = ws.read(|c| runs::get(c, run)).unwrap_err();
    assert!(matches!(&error, StoreError::Damaged { what, .. } if what == "run 1"), "{error}");
}

#[test]
fn a_metric_that_is_not_a_number_is_refused_and_the_run_stays_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let run = start(&ws);
    let mut result = result(&ws);
    result.metrics.test.insert("log_loss".into(), f64::NAN);
    let error = ws.write(|tx| runs::finish(tx, run, &result)).unwrap_err();
    assert!(error.to_string().contains("test log_loss of run 1"), "{error}");
    assert_eq!(ws.read(|c| runs::get(c, run)).unwrap().status, RunStatus::Running);
    assert_clean(&ws);
}

#[test]
fn a_run_ends_once() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let run = start(&ws);
    ws.write(|tx| runs::append_points(tx, run, &[point(0, 0.4)])).unwrap();
    ws.write(|tx| runs::end(tx, run, RunStatus::Failed, "Out of memory")).unwrap();
    let result = result(&ws);
    let error = ws.write(|tx| runs::finish(tx, run, &result)).unwrap_err();
    assert!(matches!(error, StoreError::RunEnded { status: RunStatus::Failed, .. }), "{error}");
    let stored = ws.read(|c| runs::get(c, run)).unwrap();
    assert_eq!((stored.problem.as_deref(), stored.model_hash), (Some("Out of memory"), None));
    assert_eq!(ws.read(|c| runs::points(c, run)).unwrap(), [point(0, 0.4)]);
    ws.write(|tx| runs::hide(tx, run, true)).unwrap();
    assert!(ws.read(runs::all).unwrap().is_empty());
    assert_clean(&ws);
}

// ---- Transactions and processes ----

#[test]
fn an_error_or_a_panic_undoes_the_transaction_and_the_workspace_lives_on() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let failed = ws.write(|tx| {
        activity::append(tx, &event("a"))?;
        Err::<(), _>(StoreError::Cancelled(Cancelled))
    });
    assert!(matches!(failed, Err(StoreError::Cancelled(_))));
    let panicked = std::thread::scope(|scope| {
        let job = || {
            ws.write(|tx| -> Result<(), StoreError> {
                activity::append(tx, &event("b"))?;
                panic!("a bug in a job")
            })
        };
        std::thread::Builder::new().spawn_scoped(scope, job).unwrap().join().is_err()
    });
    assert!(panicked);
    assert!(ws.read(|c| activity::recent(c, 10)).unwrap().is_empty());
    ws.write(|tx| activity::append(tx, &event("c"))).unwrap();
    assert_eq!(ws.read(|c| activity::recent(c, 10)).unwrap().len(), 1);
    assert_clean(&ws);
}

#[test]
fn reading_cannot_write_and_nesting_is_an_error_not_a_deadlock() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    assert!(ws.read(|c| Ok(c.execute("DELETE FROM settings", [])?)).is_err());
    let nested = ws.write(|_| ws.read(runs::all));
    assert!(matches!(nested, Err(StoreError::Nested)));
    assert!(ws.read(runs::all).is_ok());
}

#[test]
fn two_handles_writing_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let handles = [open(folder.path()), open(folder.path())];
    let before = handles[0].data_version().unwrap();
    std::thread::scope(|scope| {
        for (h, ws) in handles.iter().enumerate() {
            let write = move || {
                for i in 0..40 {
                    let name = format!("{h}-{i}");
                    ws.write(|tx| activity::append(tx, &event(&name))).unwrap();
                    ws.put_bytes(format!("shared {}", i % 5).as_bytes()).unwrap();
                }
            };
            std::thread::Builder::new().spawn_scoped(scope, write).unwrap();
        }
    });
    let events = handles[0].read(|c| activity::recent(c, 1000)).unwrap();
    let objects: std::collections::BTreeSet<&str> = events.iter().map(|e| e.event.object.as_str()).collect();
    assert_eq!((events.len(), objects.len()), (80, 80));
    assert_ne!(handles[0].data_version().unwrap(), before);
    assert_clean(&handles[0]);
}

#[test]
fn many_first_openings_at_once_make_one_workspace() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("ws");
    std::thread::scope(|scope| {
        for i in 0..8 {
            let root = &root;
            let open_and_write = move || {
                let ws = Workspace::open(root).unwrap();
                ws.write(|tx| activity::append(tx, &event(&i.to_string()))).unwrap();
            };
            std::thread::Builder::new().spawn_scoped(scope, open_and_write).unwrap();
        }
    });
    let ws = open(&root);
    assert_eq!(ws.read(|c| activity::recent(c, 100)).unwrap().len(), 8);
    assert_clean(&ws);
}

#[test]
fn a_run_whose_process_is_gone_is_interrupted_and_a_live_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (dead, alive, ws) = (open(folder.path()), open(folder.path()), open(folder.path()));
    let abandoned = start(&dead);
    let leftover = dead.temp_path().unwrap().keep().unwrap();
    let working = start(&alive);
    let in_use = alive.temp_path().unwrap();
    assert!(ws.sweep_interrupted().unwrap().is_empty());
    assert!(leftover.exists());

    drop(dead);
    assert_eq!(ws.sweep_interrupted().unwrap(), [abandoned]);
    let run = ws.read(|c| runs::get(c, abandoned)).unwrap();
    assert_eq!(run.status, RunStatus::Interrupted);
    assert!(run.problem.is_some() && run.ended_at_ms.is_some());
    assert_eq!(ws.read(|c| runs::get(c, working)).unwrap().status, RunStatus::Running);
    assert_eq!(ws.read(|c| activity::recent(c, 10)).unwrap()[0].event.action, "interrupted");
    assert!(!leftover.exists() && in_use.exists());
    let result = result(&alive);
    alive.write(|tx| runs::finish(tx, working, &result)).unwrap();
    assert!(ws.sweep_interrupted().unwrap().is_empty());
    assert_clean(&ws);
}

#[test]
fn a_run_whose_own_lock_was_let_go_is_interrupted_although_its_process_lives() {
    let folder = tempfile::tempdir().unwrap();
    let (owner, ws) = (open(folder.path()), open(folder.path()));
    let run = start(&owner);
    let lock = owner.lock_run(run).unwrap();
    assert!(matches!(ws.lock_run(run), Err(StoreError::RunLocked { .. })));
    assert!(ws.sweep_interrupted().unwrap().is_empty());
    drop(lock);
    assert_eq!(ws.sweep_interrupted().unwrap(), [run]);
}

/// The environment variable that hands a workspace to [`write_until_killed`].
const VICTIM: &str = "MODELWRIGHT_TEST_VICTIM";

#[test]
#[ignore = "the other half of the next test, which starts it as a process"]
fn write_until_killed() {
    let Some(root) = std::env::var_os(VICTIM) else { return };
    let ws = open(Path::new(&root));
    for i in 0.. {
        let version = add_version(&ws, "people", format!("row {i}").as_bytes());
        let plan = plan(&ws, &version);
        let run = ws.write(|tx| runs::start(tx, &plan)).unwrap();
        let result = result(&ws);
        ws.write(|tx| {
            runs::finish(tx, run, &result)?;
            activity::append(tx, &event(&version.label()))
        })
        .unwrap();
        println!("ACK {run}");
    }
}

#[test]
fn killed_processes_lose_nothing_acknowledged_and_leave_nothing_running() {
    use std::io::{BufRead, BufReader};
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for acks_before_kill in [1, 3, 2, 7, 4] {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "store::write_until_killed"])
            .env(VICTIM, folder.path())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let acks =
            lines.map_while(Result::ok).filter_map(|line| line.split_once("ACK ").map(|(_, run)| run.to_owned()));
        acknowledged.extend(acks.take(acks_before_kill));
        child.kill().unwrap();
        child.wait().unwrap();

        let ws = open(folder.path());
        ws.sweep_interrupted().unwrap();
        assert_clean(&ws);
        let stored = ws.read(runs::all).unwrap();
        assert!(stored.iter().all(|run| run.status != RunStatus::Running));
        for ack in &acknowledged {
            let run = stored.iter().find(|run| run.id.to_string() == *ack).unwrap();
            assert_eq!(run.status, RunStatus::Completed);
        }
        assert!(names(&folder.path().join("tmp")).is_empty());
        assert_eq!(names(&folder.path().join("locks")).len(), 1, "only the lock of the open workspace");
    }
    assert_eq!(acknowledged.len(), 17);
}

// ---- Objects ----

#[test]
fn the_same_bytes_are_one_object() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let hash = ws.put_bytes(SOURCE).unwrap();
    let source = folder.path().join("tmp/source.csv");
    fs::write(&source, SOURCE).unwrap();
    let again = ws.snapshot_file(&source, &Silent).unwrap();
    assert_eq!((&again.hash, again.bytes, again.new), (&hash, SOURCE.len() as u64, false));
    let temp = ws.temp_path().unwrap();
    fs::write(&temp, SOURCE).unwrap();
    assert_eq!(ws.adopt(temp).unwrap(), hash);
    assert_eq!(ws.read_object(&hash).unwrap(), SOURCE);
    let list = vec![0.1 + 0.2, f64::MIN_POSITIVE];
    let json = ws.put_json(&list).unwrap();
    assert_eq!(ws.read_json::<Vec<f64>>(&json).unwrap(), list);
    fs::remove_file(source).unwrap();
    assert!(names(&folder.path().join("tmp")).is_empty());
}

#[test]
fn a_snapshot_leaves_its_source_alone() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("big.csv");
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
    fs::write(&source, &bytes).unwrap();
    let modified = fs::metadata(&source).unwrap().modified().unwrap();
    let ws = open(&folder.path().join("ws"));
    let snapshot = ws.snapshot_file(&source, &Silent).unwrap();
    assert!(snapshot.new);
    assert_eq!(ws.read_object(&snapshot.hash).unwrap(), bytes);
    assert_eq!(fs::metadata(&source).unwrap().modified().unwrap(), modified);
}

/// Does something to the source while it is being copied.
struct Meddler<F: Fn()>(F);

impl<F: Fn()> JobIo for Meddler<F> {
    fn progress(&self, _phase: &str, fraction: Option<f64>) -> Result<(), Cancelled> {
        if fraction.is_some_and(|f| f > 0.0) {
            (self.0)();
        }
        Ok(())
    }
}

#[test]
fn a_source_that_changes_while_being_copied_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(&folder.path().join("ws"));
    let source = folder.path().join("live.csv");
    let replace = || {
        fs::write(folder.path().join("new.csv"), vec![b'y'; 2_500_000]).unwrap();
        fs::rename(folder.path().join("new.csv"), &source).unwrap();
    };
    let append = || {
        use std::io::Write;
        fs::File::options().append(true).open(&source).unwrap().write_all(b"more").unwrap();
    };
    let remove = || drop(fs::remove_file(&source));
    let meddling: [&dyn Fn(); 3] = [&replace, &append, &remove];
    for meddle in meddling {
        fs::write(&source, vec![b'x'; 2_500_000]).unwrap();
        let error = ws.snapshot_file(&source, &Meddler(meddle)).unwrap_err();
        assert!(matches!(error, StoreError::Changed { .. }), "{error}");
    }
    assert!(names(&folder.path().join("ws/tmp")).is_empty());
    assert!(names(&folder.path().join("ws/objects")).is_empty());
}

struct Impatient;

impl JobIo for Impatient {
    fn progress(&self, _phase: &str, _fraction: Option<f64>) -> Result<(), Cancelled> {
        Err(Cancelled)
    }
}

#[test]
fn a_cancelled_snapshot_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(&folder.path().join("ws"));
    let source = folder.path().join("a.csv");
    fs::write(&source, SOURCE).unwrap();
    assert!(matches!(ws.snapshot_file(&source, &Impatient), Err(StoreError::Cancelled(_))));
    assert!(names(&folder.path().join("ws/tmp")).is_empty());
}

#[cfg(unix)]
#[test]
fn pipes_devices_and_folders_are_no_sources() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(&folder.path().join("ws"));
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for source in [pipe.as_path(), Path::new("/dev/zero"), folder.path()] {
        let error = ws.snapshot_file(source, &Silent).unwrap_err();
        assert!(matches!(error, StoreError::NotAFile { .. }), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_of_the_workspace_are_refused() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let outside = folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    let root = folder.path().join("ws");

    // A folder of objects that is a link, in a workspace that is not open.
    open(&root).close();
    fs::remove_dir(root.join("objects")).unwrap();
    symlink(&outside, root.join("objects")).unwrap();
    assert!(matches!(Workspace::open(&root), Err(StoreError::NotAWorkspace { .. })));
    fs::remove_file(root.join("objects")).unwrap();

    // One put there while it is open, at either level, and an object that is a link.
    let ws = open(&root);
    let hash = ws.put_bytes(SOURCE).unwrap();
    let shard = ws.object_path(&hash).parent().unwrap().to_owned();
    fs::rename(&shard, outside.join("shard")).unwrap();
    symlink(outside.join("shard"), &shard).unwrap();
    assert!(ws.read_object(&hash).is_err());
    assert!(ws.put_bytes(SOURCE).is_err());
    let report = ws.verify(&Silent).unwrap();
    assert!(!report.ok, "{report:?}");
    fs::remove_file(&shard).unwrap();
    fs::rename(outside.join("shard"), &shard).unwrap();
    fs::rename(ws.object_path(&hash), outside.join("object")).unwrap();
    symlink(outside.join("object"), ws.object_path(&hash)).unwrap();
    assert!(matches!(ws.verified_object(&hash), Err(StoreError::Damaged { .. })));
    fs::rename(root.join("objects"), outside.join("objects")).unwrap();
    symlink(outside.join("objects"), root.join("objects")).unwrap();
    assert!(ws.put_bytes(b"new").is_err());
}

#[test]
fn a_damaged_object_is_never_used_and_the_right_bytes_heal_it() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let hash = ws.put_bytes(SOURCE).unwrap();
    let path = ws.verified_object(&hash).unwrap();
    let mut bytes = SOURCE.to_vec();
    bytes[3] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert!(matches!(ws.verified_object(&hash), Err(StoreError::Damaged { .. })));
    assert!(matches!(ws.read_object(&hash), Err(StoreError::Damaged { .. })));
    ws.put_bytes(SOURCE).unwrap();
    assert_eq!(ws.read_object(&hash).unwrap(), SOURCE);
}

// ---- Verification ----

#[test]
fn a_healthy_workspace_verifies_and_leftover_objects_are_only_counted() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    fill(&ws);
    ws.put_bytes(b"of a job that never finished").unwrap();
    let report = ws.verify(&Silent).unwrap();
    assert!(report.ok);
    // 9 records with one row each, 3 events, 6 objects in use and one that is not.
    assert_eq!((report.checked, report.unreferenced), (9 + 3 + 7, 1));
}

#[test]
fn verify_names_altered_records() {
    let cases = [
        ("UPDATE datasets SET created_at_ms = created_at_ms + 1", "dataset 1"),
        ("UPDATE dataset_versions SET rows = 3", "dataset version 1"),
        ("UPDATE profiles SET profile = replace(profile, '2', '3')", "profile of dataset version 1"),
        ("UPDATE check_runs SET passed = 0", "check run 1"),
        ("UPDATE runs SET target = 'age'", "run 1"),
        ("UPDATE runs SET digest = upper(digest)", "run 1"),
        ("UPDATE run_metrics SET value = 0.99 WHERE part = 'test' AND metric = 'accuracy'", "run 1"),
        ("DELETE FROM metric_points WHERE step = 1", "run 1"),
        ("UPDATE models SET created_at_ms = 0", "model 1"),
        ("UPDATE bundles SET golden_max_abs_diff = 0", "bundle 1"),
        ("UPDATE drift_reports SET dataset_drift = 1", "drift report 1"),
        ("UPDATE settings SET value = '6'", "setting 1"),
    ];
    for (sql, what) in cases {
        assert_eq!(damaged_by(sql), [what], "{sql}");
    }
}

#[test]
fn verify_names_removed_records() {
    assert_eq!(damaged_by("DELETE FROM bundles"), ["bundle 1"]);
    assert_eq!(damaged_by("DELETE FROM profiles"), ["profile of dataset version 1"]);
    assert_eq!(damaged_by("DELETE FROM models"), ["model 1", "model of run 1"]);
}

#[test]
fn events_can_be_neither_changed_nor_removed_nor_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    fill(&ws);
    for sql in [
        "UPDATE events SET who = 'nobody'",
        "DELETE FROM events WHERE id = 2",
        "DELETE FROM events",
        "INSERT OR REPLACE INTO events SELECT * FROM events WHERE id = 1",
    ] {
        let inside = ws.write(|tx| Ok(tx.execute(sql, [])?)).unwrap_err();
        assert!(inside.to_string().contains("append-only"), "{sql}: {inside}");
        assert!(raw(folder.path()).execute_batch(sql).is_err(), "{sql}");
    }
}

#[test]
fn an_event_removed_by_force_breaks_the_chain() {
    let disarm = "DROP TRIGGER events_are_never_removed; DROP TRIGGER events_are_never_changed;";
    let after = |sql: &str| {
        let mut damaged = damaged_by(&format!("{disarm} {sql}"));
        assert_eq!(damaged.drain(..2).collect::<Vec<_>>(), ["history.sqlite", "history.sqlite"]);
        damaged
    };
    assert_eq!(after("DELETE FROM events WHERE id = 2"), ["activity entry 2", "activity entry 3"]);
    assert_eq!(after("DELETE FROM events WHERE id = 3"), ["activity entry 3"]);
    assert_eq!(after("UPDATE events SET who = 'nobody' WHERE id = 1"), ["activity entry 1"]);
    // Renumbering hides the gap, not the break.
    let renumbered = "DELETE FROM events WHERE id = 2; UPDATE events SET id = 2 WHERE id = 3; \
                      UPDATE sqlite_sequence SET seq = 2 WHERE name = 'events';";
    assert_eq!(after(renumbered), ["activity entry 2"]);
}

#[test]
fn verify_names_damaged_and_missing_objects_and_who_needs_them() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    fill(&ws);
    let model = ws.put_bytes(MODEL).unwrap();
    let table = ws.put_bytes(TABLE).unwrap();
    let stray = ws.put_bytes(b"stray").unwrap();
    let mut bytes = MODEL.to_vec();
    bytes[0] ^= 0x80;
    fs::write(ws.object_path(&model), bytes).unwrap();
    fs::remove_file(ws.object_path(&table)).unwrap();
    fs::write(ws.object_path(&stray), b"strax").unwrap();
    let mut damaged: Vec<String> = ws.verify(&Silent).unwrap().damaged.into_iter().map(|d| d.what).collect();
    damaged.sort();
    let mut expected = [
        format!("object {model} (model of run 1)"),
        format!("object {table} (table of dataset version 1)"),
        format!("object {stray}"),
    ];
    expected.sort();
    assert_eq!(damaged, expected);
}

#[test]
fn a_damaged_record_is_not_sealed_as_good_by_a_later_change() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let run = fill(&ws);
    raw(folder.path()).execute_batch("UPDATE runs SET target = 'age'").unwrap();
    let error = ws.write(|tx| runs::hide(tx, run, true)).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}

#[test]
fn flipped_bits_anywhere_in_the_history_are_found_or_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(&folder.path().join("ws"));
    fill(&ws);
    ws.close();
    let file = folder.path().join("ws/history.sqlite");
    let good = fs::read(&file).unwrap();
    let dump = || {
        let ws = Workspace::open_existing(&folder.path().join("ws"))?;
        let report = ws.verify(&Silent)?;
        let content = ws.read(|c| {
            let events = activity::recent(c, 100)?;
            Ok(format!(
                "{:?}{:?}{:?}{:?}{events:?}",
                datasets::all(c)?,
                runs::all(c)?,
                checks::all(c)?,
                bundles::all(c)?
            ))
        })?;
        Ok::<_, StoreError>((report.ok, content))
    };
    let (_, truth) = dump().unwrap();
    // A fixed walk over the file: every 997th byte, another bit each time.
    for (turn, at) in (0..good.len()).step_by(997).enumerate() {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (turn % 8);
        for side in ["history.sqlite-wal", "history.sqlite-shm", "history.sqlite-journal"] {
            let _ = fs::remove_file(folder.path().join("ws").join(side));
        }
        fs::write(&file, &bytes).unwrap();
        if let Ok((true, content)) = dump() {
            assert_eq!(content, truth, "bit {} of byte {at} changed something unnoticed", turn % 8);
        }
    }
}
