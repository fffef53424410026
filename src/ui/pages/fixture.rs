//! A small made-up history for tests: two versions of `churn`, their checks, runs, a bundle and a drift report.
//!
//! Also included by the integration suite, hence `super::modelwright` instead of `crate`.

#![allow(dead_code, reason = "each of the two including test binaries uses its own part")]

use std::collections::BTreeMap;

use super::modelwright::domain::bundle::{BundleFile, ExportedBundle};
use super::modelwright::domain::dataset::{DatasetVersion, Provenance, ReadOptions};
use super::modelwright::domain::drift::{ColumnDrift, DriftReport, DriftShape, DriftTest, StoredDrift};
use super::modelwright::domain::evaluation::{ClassCurves, Evaluation, EvaluationPlots, ImportanceBy};
use super::modelwright::domain::finding::{CheckReport, CheckResult, CheckRun, Finding, Severity};
use super::modelwright::domain::history::History;
use super::modelwright::domain::ids::{BundleId, CheckRunId, ContentHash, DatasetId, DriftId, RunId, VersionId};
use super::modelwright::domain::metric::MetricSet;
use super::modelwright::domain::params::{Algorithm, ParamDraft, check_params};
use super::modelwright::domain::profile::Histogram;
use super::modelwright::domain::recipe::RecipeSpec;
use super::modelwright::domain::run::{Environment, Run, RunMetrics, RunPlan, RunStatus, Timings};
use super::modelwright::domain::schema::{ColumnKind, ColumnSchema, Schema, Storage};
use super::modelwright::domain::split::{SplitKind, SplitSpec};
use super::modelwright::domain::task::Task;
use super::modelwright::state::effect::RunDetail;

/// 2026-03-05 12:00 UTC
pub const NOW_MS: i64 = 1_772_712_000_000;
const HOUR: i64 = 3_600_000;

pub fn hash(n: u8) -> ContentHash {
    ContentHash::from_bytes(&[n.wrapping_mul(37) ^ 0x5a; 32])
}

pub fn column(name: &str, kind: ColumnKind, storage: Storage, missing: u64, distinct: u64) -> ColumnSchema {
    ColumnSchema {
        name: name.into(),
        kind,
        storage,
        missing,
        distinct,
        true_spellings: Vec::new(),
        false_spellings: Vec::new(),
        notes: Vec::new(),
        missing_tokens: vec![],
        personal: None,
    }
}

fn schema() -> Schema {
    use ColumnKind as K;
    use Storage as S;
    Schema {
        columns: vec![
            column("customer_id", K::Identifier, S::String, 0, 20_134),
            column("signup_date", K::Datetime, S::DatetimeMs, 0, 1_460),
            column("age", K::Numeric, S::Int64, 612, 71),
            column("tenure_months", K::Numeric, S::Int64, 0, 72),
            column("monthly_charge", K::Numeric, S::Float64, 31, 4_102),
            column("support_calls", K::Numeric, S::Int64, 0, 14),
            column("plan", K::Categorical, S::String, 0, 3),
            column("region", K::Categorical, S::String, 205, 8),
            column("payment_method", K::Categorical, S::String, 0, 4),
            column("paperless", K::Boolean, S::Boolean, 0, 2),
            column("currency", K::Categorical, S::String, 0, 1),
            column("last_note", K::Text, S::String, 9_240, 9_871),
            column("churned", K::Boolean, S::Boolean, 0, 2),
        ],
    }
}

pub fn version(id: i64, version: u32) -> DatasetVersion {
    DatasetVersion {
        id: VersionId(id),
        dataset_id: DatasetId(1),
        dataset: "churn".into(),
        version,
        rows: 20_134,
        schema: schema(),
        source_hash: hash(id as u8),
        table_hash: hash(100 + id as u8),
        source_name: format!("churn-2026-0{version}.csv"),
        source_bytes: 2_412_880,
        read: ReadOptions { null_tokens: vec!["NA".into()], ..ReadOptions::default() },
        created_at_ms: NOW_MS - 30 * HOUR,
        provenance: Provenance::default(),
    }
}

fn metrics(pairs: &[(&str, f64)]) -> MetricSet {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), *value)).collect()
}

fn classification(auc: f64) -> MetricSet {
    metrics(&[
        ("accuracy", 0.70 + auc * 0.15),
        ("balanced_accuracy", 0.35 + auc * 0.48),
        ("precision", auc * 0.80),
        ("recall", auc * 0.71),
        ("f1", auc * 0.75),
        ("roc_auc", auc),
        ("average_precision", auc * 0.78),
        ("log_loss", 0.98 - auc * 0.69),
        ("brier", 0.34 - auc * 0.24),
    ])
}

pub fn run(id: i64, status: RunStatus, algorithm: Algorithm, version_id: i64, auc: Option<f64>) -> Run {
    let done = status == RunStatus::Completed;
    let measured = |shift: f64| auc.map(|a| classification(a + shift)).unwrap_or_default();
    Run {
        id: RunId(id),
        status,
        plan: RunPlan {
            sampled: None,
            context: Default::default(),
            version_id: VersionId(version_id),
            dataset: format!("churn@{version_id}"),
            algorithm,
            task: Task::Binary,
            target: "churned".into(),
            features: [
                "age",
                "tenure_months",
                "monthly_charge",
                "support_calls",
                "plan",
                "region",
                "payment_method",
                "paperless",
            ]
            .map(str::to_owned)
            .to_vec(),
            excluded: vec![
                ("customer_id".into(), "identifier: 20134 different values in 20134 rows".into()),
                ("signup_date".into(), "date or time".into()),
                ("currency".into(), "the same value in every row".into()),
                ("last_note".into(), "free text: 9871 different values in 20134 rows".into()),
            ],
            split: SplitSpec { kind: SplitKind::Stratified, test_share: 0.2, seed: 42 },
            split_hash: hash(version_id as u8 + 50),
            folds: 5,
            seed: 42,
            recipe: RecipeSpec::default(),
            params: check_params(algorithm, &ParamDraft::new()).expect("defaults are in range"),
            environment: Environment {
                app_version: "0.1.0".into(),
                os: "Debian GNU/Linux 12".into(),
                cpu: "AMD EPYC 7B13".into(),
                threads: 2,
                libraries: BTreeMap::from([("linfa".into(), "0.8.1".into()), ("polars".into(), "0.55.0".into())]),
                locale: String::new(),
            },
        },
        metrics: RunMetrics {
            train: measured(0.021),
            test: measured(-0.004),
            cv: measured(0.0),
            cv_std: if done { metrics(&[("roc_auc", 0.0123), ("log_loss", 0.0081)]) } else { MetricSet::new() },
            ..RunMetrics::default()
        },
        timings: if done {
            Timings {
                encode_seconds: 0.21,
                fit_seconds: 0.84,
                fit_cpu_seconds: 1.2,
                predict_seconds: 0.06,
                predict_cpu_seconds: 0.09,
                total_seconds: 1.32,
            }
        } else {
            Timings::default()
        },
        problem: (status == RunStatus::Failed).then(|| "Newton steps did not converge after 100 iterations".to_owned()),
        warnings: if done { vec!["205 rows have an unknown region and count as missing".into()] } else { Vec::new() },
        model_hash: done.then(|| hash(id as u8 + 70)),
        evaluation_hash: done.then(|| hash(id as u8 + 90)),
        held_out_hash: None,
        model_bytes: None,
        train_rows: 16_107,
        test_rows: 4_027,
        started_at_ms: NOW_MS - (20 - id) * HOUR / 2,
        ended_at_ms: done.then_some(NOW_MS - (20 - id) * HOUR / 2 + 1_320),
    }
}

fn runs() -> Vec<Run> {
    use RunStatus as S;
    vec![
        run(8, S::Running, Algorithm::DecisionTree, 2, None),
        run(7, S::Completed, Algorithm::DecisionTree, 2, Some(0.8421)),
        run(6, S::Completed, Algorithm::Logistic, 2, Some(0.8187)),
        run(5, S::Completed, Algorithm::Baseline, 2, Some(0.5)),
        run(4, S::Cancelled, Algorithm::DecisionTree, 2, None),
        run(2, S::Completed, Algorithm::DecisionTree, 1, Some(0.8094)),
        run(1, S::Failed, Algorithm::Logistic, 2, None),
    ]
}

fn finding(code: &str, severity: Severity, column: &str, message: &str, numbers: [f64; 2], rows: &[u64]) -> Finding {
    Finding {
        code: code.into(),
        severity,
        column: Some(column.into()),
        message: message.into(),
        hint: "Exclude the column in Train, or find out when its value becomes known".into(),
        count: (numbers[0] * 20_134.0) as u64,
        share: numbers[0],
        rows: rows.to_vec(),
        observed: Some(numbers[0]),
        limit: Some(numbers[1]),
        rule: None,
    }
}

fn report() -> CheckReport {
    let ok = |code: &str, title: &str| CheckResult {
        code: code.into(),
        title: title.into(),
        skipped: None,
        findings: Vec::new(),
        rule: None,
        observed: None,
    };
    let with = |code: &str, title: &str, findings: Vec<Finding>| CheckResult { findings, ..ok(code, title) };
    let skipped = |code: &str, title: &str, why: &str| CheckResult { skipped: Some(why.into()), ..ok(code, title) };
    use Severity::{Error, Info, Warning};
    CheckReport::new(vec![
        with(
            "MISSING_VALUES",
            "Missing values",
            vec![
                finding(
                    "MISSING_VALUES",
                    Warning,
                    "last_note",
                    "45.9 % of last_note is missing; the limit is 20 %",
                    [0.459, 0.2],
                    &[2, 3, 7, 11, 12, 19, 20, 24],
                ),
                finding(
                    "MISSING_VALUES",
                    Info,
                    "age",
                    "3.0 % of age is missing; the limit is 20 %",
                    [0.0304, 0.2],
                    &[14, 88, 120],
                ),
            ],
        ),
        ok("DUPLICATE_ROWS", "Duplicate rows"),
        with(
            "CONSTANT_COLUMN",
            "Constant columns",
            vec![finding(
                "CONSTANT_COLUMN",
                Warning,
                "currency",
                "currency holds only EUR in every row",
                [1.0, 1.0],
                &[],
            )],
        ),
        with(
            "IDENTIFIER_LIKE",
            "Identifier-like columns",
            vec![finding(
                "IDENTIFIER_LIKE",
                Info,
                "customer_id",
                "customer_id has a different value in every row",
                [1.0, 0.95],
                &[1, 2, 3],
            )],
        ),
        ok("OUT_OF_RANGE", "Values out of range"),
        ok("UNKNOWN_CATEGORY", "Unknown categories"),
        ok("MIXED_TYPES", "Mixed types"),
        ok("CLASS_BALANCE", "Class balance"),
        ok("CONFLICTING_LABELS", "Conflicting labels"),
        with(
            "TARGET_LEAKAGE",
            "Target leakage",
            vec![finding(
                "TARGET_LEAKAGE",
                Error,
                "support_calls",
                "support_calls alone predicts churned with a ROC AUC of 0.991; the limit is 0.98",
                [0.991, 0.98],
                &[4, 9, 31, 58, 102, 260],
            )],
        ),
        skipped("TRAIN_TEST_OVERLAP", "Train–test overlap", "no reference was given"),
        ok("MISSING_COLUMN", "Missing columns"),
        ok("NEW_COLUMN", "New columns"),
        ok("INFINITE_VALUES", "Infinite values"),
    ])
}

fn check_run(id: i64, version_id: i64, report: CheckReport) -> CheckRun {
    CheckRun {
        suite: None,
        environment: Default::default(),
        id: CheckRunId(id),
        version_id: VersionId(version_id),
        dataset: format!("churn@{version_id}"),
        against: None,
        against_label: (version_id == 2).then(|| "churn@1".to_owned()),
        target: Some("churned".into()),
        report,
        created_at_ms: NOW_MS - (9 - id) * HOUR,
    }
}

fn drift() -> DriftReport {
    let bell = |center: f64| -> Vec<f64> {
        let heights: Vec<f64> = (0..24).map(|i| (-((i as f64 - center) / 4.5).powi(2)).exp()).collect();
        let sum: f64 = heights.iter().sum();
        heights.iter().map(|h| h / sum).collect()
    };
    let bins = |shift: f64| DriftShape::Bins {
        edges: (0..=24).map(|i| 20.0 + 5.0 * i as f64).collect(),
        reference: bell(10.0),
        current: bell(10.0 + shift),
    };
    let number = |name: &str, statistic: f64, drifted: bool, shift: f64| ColumnDrift {
        column: name.into(),
        kind: ColumnKind::Numeric,
        test: Some(DriftTest::Wasserstein),
        statistic: Some(statistic),
        p_value: None,
        threshold: Some(0.1),
        drifted,
        missing: [0.0, 0.012],
        shape: bins(shift),
        note: None,
    };
    let category = |name: &str, statistic: f64, drifted: bool, current: [f64; 3]| ColumnDrift {
        kind: ColumnKind::Categorical,
        test: Some(DriftTest::JensenShannon),
        shape: DriftShape::Values {
            values: ["basic", "family", "premium plus with roaming"].map(str::to_owned).to_vec(),
            reference: vec![0.52, 0.31, 0.17],
            current: current.to_vec(),
        },
        ..number(name, statistic, drifted, 0.0)
    };
    let columns = vec![
        number("monthly_charge", 0.4127, true, 3.2),
        category("plan", 0.1873, true, [0.38, 0.27, 0.35]),
        number("age", 0.0213, false, 0.2),
        ColumnDrift {
            test: None,
            statistic: None,
            threshold: None,
            shape: DriftShape::None,
            note: Some("identifiers are not compared".into()),
            kind: ColumnKind::Identifier,
            ..number("customer_id", 0.0, false, 0.0)
        },
        ColumnDrift {
            test: Some(DriftTest::ZTest),
            p_value: Some(0.4412),
            threshold: Some(0.05),
            kind: ColumnKind::Boolean,
            ..category("paperless", 0.7702, false, [0.51, 0.32, 0.17])
        },
        category("payment_method", 0.0312, false, [0.5, 0.32, 0.18]),
        category("region", 0.0411, false, [0.49, 0.33, 0.18]),
        number("support_calls", 0.0482, false, 0.3),
        number("tenure_months", 0.0377, false, -0.3),
    ];
    DriftReport {
        format_version: 1,
        columns,
        drifted_share: 0.25,
        share_threshold: 0.5,
        dataset_drift: false,
        reference_rows: 20_134,
        current_rows: 19_877,
        only_reference: vec![],
        only_current: vec!["loyalty_points".into()],
    }
}

const CARD: &str = "# Model card: churned from churn@2\n\nPredicts **churned** (two classes) with a *decision tree*. \
Trained on 16,107 rows, tested on 4,027.\n\n## Intended use\n\n- Rank customers by their risk of leaving\n- Not for decisions \
without a person\n\n## Metrics\n\n| metric | train | test |\n|---|---|---|\n| `roc_auc` | 0.8631 | 0.8381 |\n\
| `log_loss` | 0.3845 | 0.4017 |\n| `f1` | 0.6473 | 0.6286 |\n\n## Data\n\nDataset `churn@2`, 20,134 rows, stratified split with seed 42.\n";

fn bundle() -> ExportedBundle {
    let file = |name: &str, bytes: u64, n: u8| BundleFile { name: name.into(), bytes, sha256: hash(n) };
    ExportedBundle {
        id: BundleId(1),
        run_id: RunId(7),
        file_name: "churn-decision-tree.zip".into(),
        sha256: hash(7),
        bytes: 48_213,
        files: vec![
            file("model.onnx", 31_004, 1),
            file("MLmodel", 1_812, 2),
            file("code/modelwright_scorer.py", 1_420, 3),
            file("golden_rows.json", 9_870, 4),
            file("model_card.md", 2_204, 5),
            file("input_example.json", 612, 6),
            file("requirements.txt", 54, 7),
            file("conda.yaml", 142, 8),
            file("python_env.yaml", 98, 9),
        ],
        golden_max_abs_diff: 5.9e-8,
        golden_rows: 64,
        card_markdown: CARD.into(),
        created_at_ms: NOW_MS - 2 * HOUR,
    }
}

pub fn history() -> History {
    let stored = |id: i64| StoredDrift {
        id: DriftId(id),
        reference_id: VersionId(1),
        current_id: VersionId(2),
        reference: "churn@1".into(),
        current: "churn@2".into(),
        report: drift(),
        created_at_ms: NOW_MS - (4 - id) * HOUR,
    };
    let clean: Vec<CheckResult> =
        report().checks.into_iter().map(|c| CheckResult { findings: Vec::new(), ..c }).collect();
    History {
        versions: vec![version(1, 1), version(2, 2)],
        check_runs: vec![check_run(2, 2, report()), check_run(1, 1, CheckReport::new(clean))],
        runs: runs(),
        bundles: vec![bundle()],
        drifts: vec![stored(2), stored(1)],
        events: Vec::new(),
        ..History::default()
    }
}

/// Curves of a model of about this quality, `sharp` from 0 (chance) to 1.
pub fn detail(sharp: f64) -> RunDetail {
    let power = 1.0 - 0.8 * sharp;
    let grid = |n: usize| (0..=n).map(move |i| i as f64 / n as f64);
    let bins: Vec<(f64, f64, u64)> = (0..10)
        .map(|i| (i as f64 / 10.0 + 0.05, (i as f64 / 10.0 + 0.05).powf(0.9 + 0.3 * power), 400 - 30 * i))
        .collect();
    RunDetail {
        evaluation: Some(Evaluation {
            format_version: 1,
            by_class: Vec::new(),
            n_rows: 4_027,
            plots: EvaluationPlots::Classification {
                classes: vec!["false".into(), "true".into()],
                confusion: vec![vec![2_702, 214], vec![397, 714]],
                curves: vec![ClassCurves {
                    class: "true".into(),
                    roc: grid(120).map(|x| [x, x.powf(power)]).collect(),
                    precision_recall: grid(120).map(|x| [x, 1.0 - (1.0 - 0.27) * x.powf(1.0 + 4.0 * sharp)]).collect(),
                    calibration: bins,
                }],
            },
            importance: vec![
                ("tenure_months".into(), 0.38),
                ("monthly_charge".into(), 0.24),
                ("support_calls".into(), 0.17),
                ("plan=premium".into(), 0.08),
                ("age".into(), 0.05),
            ],
            importance_by: ImportanceBy::Weight,
        }),
        points: Vec::new(),
        split_check: None,
    }
}

/// A regression's truth, predictions and residuals.
pub fn regression_detail() -> RunDetail {
    let points: Vec<[f64; 2]> =
        (0..400).map(|i| [i as f64 / 4.0, i as f64 / 4.0 + 8.0 * ((i * 37 % 101) as f64 / 50.0 - 1.0)]).collect();
    let edges: Vec<f64> = (0..=16).map(|i| -8.0 + i as f64).collect();
    let counts = (0..16).map(|i| 5 + (8 - (i as i64 - 8).abs()) as u64 * 6).collect();
    RunDetail {
        evaluation: Some(Evaluation {
            format_version: 1,
            by_class: Vec::new(),
            n_rows: 400,
            plots: EvaluationPlots::Regression { points, residuals: Histogram { edges, counts } },
            importance: Vec::new(),
            importance_by: ImportanceBy::Weight,
        }),
        points: Vec::new(),
        split_check: None,
    }
}
