//! A made-up workspace for the window's tests: customer churn, two months, checked, trained, exported, compared.

use std::collections::BTreeMap;

use modelwright::domain::activity::{Event, NewEvent, ObjectKind};
use modelwright::domain::bundle::ExportedBundle;
use modelwright::domain::dataset::{DatasetVersion, Provenance, ReadOptions};
use modelwright::domain::drift::{ColumnDrift, DriftReport, DriftShape, DriftTest, StoredDrift};
use modelwright::domain::finding::{CheckReport, CheckResult, CheckRun, Finding, Severity};
use modelwright::domain::history::History;
use modelwright::domain::ids::{BundleId, CheckRunId, ContentHash, DatasetId, DriftId, EventId, RunId, VersionId};
use modelwright::domain::params::{Algorithm, ParamDraft, check_params};
use modelwright::domain::profile::{ColumnProfile, Histogram, NumberSummary, TableProfile, TextLengths};
use modelwright::domain::recipe::RecipeSpec;
use modelwright::domain::run::{Environment, Run, RunMetrics, RunPlan, RunStatus, Timings};
use modelwright::domain::schema::{ColumnKind, ColumnSchema, Schema, Storage};
use modelwright::domain::split::{SplitKind, SplitSpec};
use modelwright::domain::table::{TablePage, TableQuery};
use modelwright::domain::task::Task;

pub const NOW_MS: i64 = 1_772_712_000_000;
const HOUR: i64 = 3_600_000;

/// Name, kind, storage, missing, distinct.
const COLUMNS: [(&str, ColumnKind, Storage, u64, u64); 12] = [
    ("customer_id", ColumnKind::Identifier, Storage::String, 0, 20_000),
    ("signup_date", ColumnKind::Datetime, Storage::DatetimeMs, 0, 1_460),
    ("age", ColumnKind::Numeric, Storage::Int64, 1_204, 71),
    ("region", ColumnKind::Categorical, Storage::String, 0, 6),
    ("plan", ColumnKind::Categorical, Storage::String, 0, 3),
    ("monthly_fee", ColumnKind::Numeric, Storage::Float64, 0, 412),
    ("tenure_months", ColumnKind::Numeric, Storage::Int64, 0, 73),
    ("support_calls", ColumnKind::Numeric, Storage::Int64, 310, 14),
    ("data_usage_gb", ColumnKind::Numeric, Storage::Float64, 88, 9_120),
    ("autopay", ColumnKind::Boolean, Storage::Boolean, 0, 2),
    ("last_comment", ColumnKind::Text, Storage::String, 14_210, 5_302),
    ("churned", ColumnKind::Boolean, Storage::Int64, 0, 2),
];

fn hash() -> ContentHash {
    ContentHash::from_bytes(&[0xc4; 32])
}

pub fn version(id: i64, name: &str, number: u32, rows: u64) -> DatasetVersion {
    let column = |(name, kind, storage, missing, distinct): (&str, ColumnKind, Storage, u64, u64)| ColumnSchema {
        name: name.to_owned(),
        kind,
        storage,
        missing,
        distinct,
        true_spellings: vec![],
        false_spellings: vec![],
        notes: vec![],
        missing_tokens: vec![],
        personal: None,
    };
    DatasetVersion {
        id: VersionId(id),
        dataset_id: DatasetId(name.bytes().map(i64::from).sum()),
        dataset: name.to_owned(),
        version: number,
        rows,
        schema: Schema { columns: COLUMNS.into_iter().map(column).collect() },
        source_hash: hash(),
        table_hash: hash(),
        source_name: format!("{name}.csv"),
        source_bytes: rows * 96,
        read: ReadOptions::default(),
        created_at_ms: NOW_MS - (8 - id) * HOUR,
        provenance: Provenance::default(),
    }
}

fn finding(code: &str, severity: Severity, column: &str, message: &str) -> Finding {
    Finding {
        code: code.to_owned(),
        severity,
        column: Some(column.to_owned()),
        message: message.to_owned(),
        hint: "Impute it in the recipe, or drop the column".to_owned(),
        count: 1_204,
        share: 0.0602,
        rows: vec![12, 40, 77],
        observed: Some(0.0602),
        limit: Some(0.05),
        rule: None,
    }
}

fn check_run(version: &DatasetVersion) -> CheckRun {
    let check = |code: &str, title: &str, findings| CheckResult {
        code: code.to_owned(),
        title: title.to_owned(),
        skipped: None,
        findings,
        rule: None,
        observed: None,
    };
    let missing =
        finding("MISSING_VALUES", Severity::Warning, "age", "1,204 of 20,000 cells are missing (6 %), limit 5 %");
    let text = finding(
        "MISSING_VALUES",
        Severity::Warning,
        "last_comment",
        "14,210 of 20,000 cells are missing (71.1 %), limit 5 %",
    );
    CheckRun {
        suite: None,
        environment: Default::default(),
        id: CheckRunId(1),
        version_id: version.id,
        dataset: version.label(),
        against: None,
        against_label: None,
        target: Some("churned".to_owned()),
        report: CheckReport::new(vec![
            check("MISSING_VALUES", "Missing values", vec![missing, text]),
            check("DUPLICATE_ROWS", "Duplicate rows", vec![]),
            check("CONSTANT", "Constant columns", vec![]),
            check("CLASS_BALANCE", "Class balance", vec![]),
        ]),
        created_at_ms: NOW_MS - 5 * HOUR,
    }
}

fn run(id: i64, version: &DatasetVersion, algorithm: Algorithm, roc_auc: f64) -> Run {
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
            excluded: vec![("customer_id".to_owned(), "an identifier".to_owned())],
            split: SplitSpec { kind: SplitKind::Stratified, test_share: 0.2, seed: 7 },
            split_hash: hash(),
            folds: 5,
            seed: 7,
            recipe: RecipeSpec::default(),
            params: check_params(algorithm, &ParamDraft::new()).expect("defaults are in range"),
            environment: Environment {
                app_version: "0.1.0".to_owned(),
                os: "Linux".to_owned(),
                cpu: "some".to_owned(),
                threads: 2,
                libraries: BTreeMap::from([("linfa".to_owned(), "0.8.1".to_owned())]),
                locale: String::new(),
            },
        },
        metrics: RunMetrics { cv: BTreeMap::from([("roc_auc".to_owned(), roc_auc)]), ..RunMetrics::default() },
        timings: Timings::default(),
        problem: None,
        warnings: vec![],
        model_hash: Some(hash()),
        evaluation_hash: Some(hash()),
        held_out_hash: None,
        model_bytes: None,
        train_rows: 16_000,
        test_rows: 4_000,
        started_at_ms: NOW_MS - 4 * HOUR,
        ended_at_ms: Some(NOW_MS - 4 * HOUR + 9_000),
    }
}

fn drift(reference: &DatasetVersion, current: &DatasetVersion) -> StoredDrift {
    let column = |(i, (name, kind, ..)): (usize, (&str, ColumnKind, Storage, u64, u64))| ColumnDrift {
        column: name.to_owned(),
        kind,
        test: Some(DriftTest::Ks),
        statistic: Some(0.1),
        p_value: Some(0.01),
        threshold: Some(0.05),
        drifted: i < 3,
        missing: [0.0, 0.0],
        shape: DriftShape::None,
        note: None,
    };
    StoredDrift {
        id: DriftId(1),
        reference_id: reference.id,
        current_id: current.id,
        reference: reference.label(),
        current: current.label(),
        report: DriftReport {
            format_version: 1,
            columns: COLUMNS.into_iter().enumerate().map(column).collect(),
            drifted_share: 0.25,
            share_threshold: 0.5,
            dataset_drift: false,
            reference_rows: reference.rows,
            current_rows: current.rows,
            only_reference: vec![],
            only_current: vec![],
        },
        created_at_ms: NOW_MS - HOUR,
    }
}

fn events() -> Vec<Event> {
    let lines = [
        (
            1,
            ObjectKind::DriftReport,
            "compared",
            "churn@1 → churn-april@1",
            "3 of 12 columns drifted from churn@1 to churn-april@1",
        ),
        (
            2,
            ObjectKind::Bundle,
            "exported",
            "churn-model.zip",
            "Exported run 3 as churn-model.zip (184 kB), proved on 20 rows",
        ),
        (4, ObjectKind::Run, "trained", "run 3", "Trained a decision tree for churned: ROC AUC 0.8614 in 5 folds"),
        (
            4,
            ObjectKind::Run,
            "trained",
            "run 2",
            "Trained a logistic regression for churned: ROC AUC 0.8421 in 5 folds",
        ),
        (5, ObjectKind::CheckRun, "checked", "churn@1", "Checked churn@1: passed with 2 warnings"),
        (6, ObjectKind::Dataset, "imported", "churn-april@1", "Imported churn-april.csv: 19,200 rows, 12 columns"),
        (7, ObjectKind::Dataset, "imported", "churn@1", "Imported churn.csv: 20,000 rows, 12 columns"),
    ];
    let event =
        |(i, (hours, object_kind, action, object, summary)): (usize, (i64, ObjectKind, &str, &str, &str))| Event {
            id: EventId(100 - i as i64),
            at_ms: NOW_MS - hours * HOUR,
            who: if i % 3 == 0 { "ben" } else { "ann" }.to_owned(),
            event: NewEvent {
                action: action.to_owned(),
                object_kind,
                object: object.to_owned(),
                summary: summary.to_owned(),
            },
        };
    lines.into_iter().enumerate().map(event).collect()
}

pub fn history() -> History {
    let churn = version(1, "churn", 1, 20_000);
    let april = version(2, "churn-april", 1, 19_200);
    History {
        check_runs: vec![check_run(&churn)],
        runs: vec![
            run(3, &churn, Algorithm::DecisionTree, 0.861_4),
            run(2, &churn, Algorithm::Logistic, 0.842_1),
            run(1, &churn, Algorithm::Baseline, 0.5),
        ],
        bundles: vec![ExportedBundle {
            id: BundleId(1),
            run_id: RunId(3),
            file_name: "churn-model.zip".to_owned(),
            sha256: hash(),
            bytes: 184_320,
            files: vec![],
            golden_max_abs_diff: 3e-8,
            golden_rows: 20,
            card_markdown: "# Churn".to_owned(),
            created_at_ms: NOW_MS - 2 * HOUR,
        }],
        drifts: vec![drift(&churn, &april)],
        events: events(),
        versions: vec![churn, april],
        ..History::default()
    }
}

pub fn profile() -> TableProfile {
    let rows = 20_000;
    let columns = COLUMNS.into_iter().enumerate().map(|(i, (name, kind, storage, missing, distinct))| {
        let number = matches!(kind, ColumnKind::Numeric | ColumnKind::Datetime);
        let (low, high) = if kind == ColumnKind::Datetime { (1.6e12, 1.73e12) } else { (18.0, 18.0 + distinct as f64) };
        let bell = |bin: usize| (1_900.0 * (-((bin as f64 - 5.0 - i as f64).powi(2)) / 30.0).exp()) as u64 + 20;
        let counts: Vec<u64> = (0..20).map(bell).collect();
        let edges = (0..=20).map(|e| low + (high - low) * f64::from(e) / 20.0).collect();
        let words: &[&str] = match name {
            "region" => &["north", "south", "east", "west", "central", "islands"],
            "plan" => &["basic", "plus", "family"],
            "autopay" => &["true", "false"],
            "churned" => &["0", "1"],
            _ => &[],
        };
        let top = words.iter().enumerate().map(|(k, w)| ((*w).to_owned(), 9_000 / (k as u64 + 1))).collect();
        ColumnProfile {
            name: name.to_owned(),
            kind,
            storage,
            missing,
            distinct,
            top,
            numbers: number.then(|| NumberSummary {
                count: rows - missing,
                min: low,
                max: high,
                mean: low + (high - low) * 0.41,
                std: Some((high - low) * 0.19),
                q25: low + (high - low) * 0.28,
                median: low + (high - low) * 0.39,
                q75: low + (high - low) * 0.55,
                zeros: 0,
                ..NumberSummary::default()
            }),
            histogram: number.then_some(Histogram { edges, counts }),
            lengths: (kind == ColumnKind::Text).then_some(TextLengths {
                min: 2,
                mean: 41.2,
                max: 280,
                ..TextLengths::default()
            }),
            ..ColumnProfile::new(name, kind, storage)
        }
    });
    TableProfile { format_version: 1, rows, columns: columns.collect() }
}

/// Cells that follow from their place, some of them missing.
pub fn page(query: &TableQuery, first: u64, count: u64) -> TablePage {
    let flip = query.sort.first().is_some_and(|k| k.descending);
    let row_ids: Vec<u64> = (first..first + count).map(|p| if flip { 19_999 - p } else { p }).collect();
    let cell = |row: u64, column: usize| -> Option<String> {
        let mixed = row.wrapping_mul(2_654_435_761).rotate_left(13) ^ (column as u64 * 97);
        let pick = |words: &[&str]| words[(mixed % words.len() as u64) as usize].to_owned();
        Some(match column {
            0 => format!("C-{:05}", row + 1),
            1 => format!("202{}-{:02}-{:02}", 1 + mixed % 4, 1 + mixed % 12, 1 + mixed % 28),
            2 if mixed.is_multiple_of(17) => return None,
            2 => (18 + mixed % 71).to_string(),
            3 => pick(&["north", "south", "east", "west", "central", "islands"]),
            4 => pick(&["basic", "plus", "family"]),
            5 => format!("{}.{:02}", 12 + mixed % 60, mixed % 100),
            6 => (mixed % 73).to_string(),
            7 if mixed.is_multiple_of(23) => return None,
            7 => (mixed % 9).to_string(),
            8 => format!("{}.{}", mixed % 180, mixed % 10),
            9 => pick(&["true", "false"]),
            10 if !mixed.is_multiple_of(4) => return None,
            10 => pick(&["asked about a cheaper plan", "line drops in the evening, third call this month", "happy"]),
            _ => (u64::from(mixed.is_multiple_of(5))).to_string(),
        })
    };
    let cells = row_ids.iter().map(|row| (0..COLUMNS.len()).map(|c| cell(*row, c)).collect()).collect();
    TablePage { first, first_column: 0, row_ids, cells }
}
