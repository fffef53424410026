//! Small made-up objects for tests: one literal each instead of thirty fields.

use std::collections::BTreeMap;

use crate::domain::activity::{Event, NewEvent, ObjectKind};
use crate::domain::dataset::{DatasetVersion, Provenance, ReadOptions};
use crate::domain::finding::{CheckReport, CheckResult, CheckRun, Finding, Severity};
use crate::domain::ids::{CheckRunId, ContentHash, DatasetId, EventId, RunId, VersionId};
use crate::domain::params::{Algorithm, ParamDraft, check_params};
use crate::domain::recipe::RecipeSpec;
use crate::domain::run::{Environment, Run, RunMetrics, RunPlan, RunStatus, Timings};
use crate::domain::schema::{ColumnKind, ColumnSchema, Schema, Storage};
use crate::domain::split::{SplitKind, SplitSpec};
use crate::domain::task::Task;

pub fn hash() -> ContentHash {
    ContentHash::from_bytes(&[0xab; 32])
}

pub fn column(name: &str, kind: ColumnKind, storage: Storage, missing: u64, distinct: u64) -> ColumnSchema {
    let (true_spellings, false_spellings, notes) = (Vec::new(), Vec::new(), Vec::new());
    ColumnSchema {
        name: name.to_owned(),
        kind,
        storage,
        missing,
        distinct,
        true_spellings,
        false_spellings,
        notes,
        missing_tokens: vec![],
        personal: None,
    }
}

/// 600 rows: `age` (numeric), `plan` (categorical), `churned` (boolean).
pub fn version(id: i64, name: &str, number: u32) -> DatasetVersion {
    DatasetVersion {
        id: VersionId(id),
        dataset_id: DatasetId(name.bytes().map(i64::from).sum()),
        dataset: name.to_owned(),
        version: number,
        rows: 600,
        schema: Schema {
            columns: vec![
                column("age", ColumnKind::Numeric, Storage::Int64, 12, 60),
                column("plan", ColumnKind::Categorical, Storage::String, 0, 3),
                column("churned", ColumnKind::Boolean, Storage::Boolean, 0, 2),
            ],
        },
        source_hash: hash(),
        table_hash: hash(),
        source_name: format!("{name}.csv"),
        source_bytes: 48_000,
        read: ReadOptions::default(),
        created_at_ms: 1_000 * id,
        provenance: Provenance::default(),
    }
}

/// A check run with as many errors on `age`.
pub fn check_run(id: i64, version: &DatasetVersion, errors: usize) -> CheckRun {
    let finding = Finding {
        code: "MISSING_VALUES".to_owned(),
        severity: Severity::Error,
        column: Some("age".to_owned()),
        message: "12 of 600 cells are missing (2 %), the limit is 1 %".to_owned(),
        hint: "Impute or drop them".to_owned(),
        count: 12,
        share: 0.02,
        rows: vec![3, 18, 41],
        observed: Some(0.02),
        limit: Some(0.01),
        rule: None,
    };
    let check = |code: &str, findings| CheckResult {
        code: code.to_owned(),
        title: code.to_owned(),
        skipped: None,
        findings,
        rule: None,
        observed: None,
    };
    CheckRun {
        suite: None,
        environment: Default::default(),
        id: CheckRunId(id),
        version_id: version.id,
        dataset: version.label(),
        against: None,
        against_label: None,
        target: None,
        report: CheckReport::new(vec![check("MISSING_VALUES", vec![finding; errors]), check("DUPLICATE_ROWS", vec![])]),
        created_at_ms: 2_000 * id,
    }
}

/// A completed decision tree with this ROC AUC.
pub fn run(id: i64, version: &DatasetVersion, roc_auc: f64) -> Run {
    let algorithm = Algorithm::DecisionTree;
    let params = check_params(algorithm, &ParamDraft::new()).expect("defaults are in range");
    Run {
        id: RunId(id),
        status: RunStatus::Completed,
        plan: RunPlan {
            sampled: None,
            context: Default::default(),
            version_id: version.id,
            dataset: version.label(),
            algorithm,
            task: Task::Binary,
            target: "churned".to_owned(),
            features: vec!["age".to_owned(), "plan".to_owned()],
            excluded: Vec::new(),
            split: SplitSpec { kind: SplitKind::Stratified, test_share: 0.2, seed: 7 },
            split_hash: hash(),
            folds: 5,
            seed: 7,
            recipe: RecipeSpec::default(),
            params,
            environment: Environment {
                app_version: "0.1.0".to_owned(),
                os: "Linux".to_owned(),
                cpu: "some".to_owned(),
                threads: 2,
                libraries: BTreeMap::from([("linfa".to_owned(), "0.8.1".to_owned())]),
                locale: String::new(),
            },
        },
        metrics: RunMetrics { test: BTreeMap::from([("roc_auc".to_owned(), roc_auc)]), ..RunMetrics::default() },
        timings: Timings::default(),
        problem: None,
        warnings: Vec::new(),
        model_hash: Some(hash()),
        evaluation_hash: Some(hash()),
        held_out_hash: None,
        model_bytes: None,
        train_rows: 480,
        test_rows: 120,
        started_at_ms: 3_000 * id,
        ended_at_ms: Some(3_000 * id + 900),
    }
}

pub fn event(id: i64, who: &str, object_kind: ObjectKind, summary: &str) -> Event {
    let event =
        NewEvent { action: "did".to_owned(), object_kind, object: "thing".to_owned(), summary: summary.to_owned() };
    Event { id: EventId(id), at_ms: 1_000 * id, who: who.to_owned(), event }
}
