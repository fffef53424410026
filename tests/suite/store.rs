//! The workspace on a real disk. Here: one of everything to store; the tests are in the modules below.

mod objects;
mod opening;
mod processes;
mod records;
mod verification;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use modelwright::domain::activity::{NewEvent, ObjectKind};
use modelwright::domain::bundle::BundleFile;
use modelwright::domain::dataset::{DatasetVersion, Provenance, ReadOptions};
use modelwright::domain::drift::DriftReport;
use modelwright::domain::finding::CheckReport;
use modelwright::domain::gate::{Act, Need, RedGate};
use modelwright::domain::ids::{CheckRunId, ContentHash, RunId};
use modelwright::domain::io::{Cancelled, JobIo, Silent};
use modelwright::domain::params::{Algorithm, ParamDraft, check_params};
use modelwright::domain::profile::TableProfile;
use modelwright::domain::recipe::RecipeSpec;
use modelwright::domain::run::{Environment, MetricPoint, RunMetrics, RunPlan, RunStatus, Timings};
use modelwright::domain::schema::{ColumnKind, ColumnSchema, Schema, Storage};
use modelwright::domain::sign_off::{Answers, SignedAnswer, Verdict};
use modelwright::domain::split::{SplitKind, SplitSpec};
use modelwright::domain::split_check::JudgedSplit;
use modelwright::domain::suite::{self, ColumnContract, Suite};
use modelwright::domain::task::Task;
use modelwright::store::bundles::NewBundle;
use modelwright::store::checks::NewCheckRun;
use modelwright::store::datasets::NewVersion;
use modelwright::store::drift::NewDrift;
use modelwright::store::gates::NewOverride;
use modelwright::store::runs::RunResult;
use modelwright::store::{
    LATEST, StoreError, Workspace, activity, bundles, checks, datasets, drift, gates, runs, settings, sign_offs,
    split_checks, suites,
};

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
        missing_tokens: vec![],
        personal: None,
    };
    NewVersion {
        dataset: name.into(),
        rows: 2,
        schema: Schema { columns: vec![column] },
        source_hash: ws.put_bytes(source).unwrap(),
        table_hash: ws.put_bytes(TABLE).unwrap(),
        source_name: "people.csv".into(),
        source_bytes: source.len() as u64,
        read: ReadOptions { null_tokens: vec!["NA".into()], ..ReadOptions::default() },
        profile: TableProfile { format_version: 1, rows: 2, columns: vec![] },
        provenance: Provenance::default(),
    }
}

fn add_version(ws: &Workspace, name: &str, source: &[u8]) -> DatasetVersion {
    let new = new_version(ws, name, source);
    ws.write(|tx| datasets::insert_version(tx, &new)).unwrap()
}

fn plan(ws: &Workspace, version: &DatasetVersion) -> RunPlan {
    RunPlan {
        sampled: None,
        context: Default::default(),
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
            locale: String::new(),
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
        metrics: RunMetrics {
            train: set(0.9),
            test: set(0.8),
            cv: set(0.75),
            cv_std: set(0.01),
            ..RunMetrics::default()
        },
        timings: Timings {
            encode_seconds: 0.25,
            fit_seconds: 1.5,
            fit_cpu_seconds: 2.5,
            predict_seconds: 0.0,
            predict_cpu_seconds: 0.0,
            total_seconds: 2.0,
        },
        warnings: vec!["1 column is constant".into()],
        model_hash: ws.put_bytes(MODEL).unwrap(),
        evaluation_hash: ws.put_bytes(EVALUATION).unwrap(),
        held_out_hash: None,
        model_bytes: MODEL.len() as u64,
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
        let environment = suite::Environment::Score;
        let new = NewCheckRun { version_id: version.id, against: None, target: None, suite: None, environment, report };
        checks::insert(tx, &new)?;
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
    keep_checks(ws, &version);
    keep_split(ws, &version);
    run
}

/// What the checks say of a split.
fn keep_split(ws: &Workspace, version: &DatasetVersion) {
    let of = JudgedSplit {
        version_id: version.id,
        target: "churned".into(),
        rows_hash: ws.put_bytes(SPLIT).unwrap(),
        columns: vec!["age".into()],
        suite: None,
        train_rows: 8,
        test_rows: 2,
    };
    let check = ws.write(|tx| split_checks::insert(tx, &of, &CheckReport::new(vec![]))).unwrap();
    assert_eq!((check.dataset.as_str(), check.summary().as_str()), ("people@1", "Split checked: nothing found"));
    let fewer = JudgedSplit { train_rows: 4, ..of.clone() };
    assert_eq!(ws.read(|c| split_checks::known(c, &fewer)).unwrap(), Some(check.clone()));
    let other = JudgedSplit { target: "age".into(), ..of };
    assert_eq!(ws.read(|c| split_checks::known(c, &other)).unwrap(), None);
    assert_eq!(ws.read(|c| split_checks::of_dataset(c, version.dataset_id)).unwrap(), [check]);
}

/// A suite, gates, an override and a sign-off.
fn keep_checks(ws: &Workspace, version: &DatasetVersion) {
    let mut suite = Suite::new();
    suite.contract.columns.push(ColumnContract { not_null: true, ..ColumnContract::new("age") });
    let yes = SignedAnswer { verdict: Verdict::Yes, text: String::new() };
    let answers = Answers { objective: yes.clone(), fit: yes.clone(), assumptions: yes.clone(), adversarial: yes };
    ws.write(|tx| {
        let first = suites::save(tx, version.dataset_id, &suite, "first")?;
        let second = suites::save(tx, version.dataset_id, &Suite::new(), "")?;
        assert_eq!((first.number, second.number), (1, 2));
        let gate = gates::add(tx, Act::Train, &Need::NoErrors, Some(version.dataset_id))?;
        assert!(gates::add(tx, Act::Train, &Need::NoErrors, Some(version.dataset_id)).is_err(), "it is there");
        gates::add(tx, Act::Publish, &Need::SignOff, None)?;
        gates::hide(tx, gate.id, true)?;
        let red = vec![RedGate { gate: gate.id, needs: Need::NoErrors, why: "it has 1 error".into() }];
        gates::override_gates(
            tx,
            &NewOverride {
                act: Act::Train,
                subject: version.label(),
                version: Some(version.id),
                run: None,
                red,
                reason: "a trial".into(),
            },
        )?;
        sign_offs::sign(tx, version.id, &answers)?;
        Ok(())
    })
    .unwrap();
    assert_eq!(ws.read(|c| suites::newest(c, version.dataset_id)).unwrap().unwrap().number, 2);
    assert_eq!(ws.read(|c| suites::states(c, version.dataset_id)).unwrap()[1].suite, suite);
    let left: Vec<Need> = ws.read(gates::all).unwrap().into_iter().map(|g| g.needs).collect();
    assert_eq!(left, [Need::SignOff]);
    assert_eq!(ws.read(gates::overrides).unwrap()[0].red[0].why, "it has 1 error");
    assert!(ws.read(|c| sign_offs::of_version(c, version.id)).unwrap()[0].answers.is_yes());
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
