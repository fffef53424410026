use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use super::clock::Clock;
use super::*;
use crate::domain::io::{Cancelled, Silent};
use crate::domain::model::{FittedModel, TrainedModel};
use crate::domain::params::{ParamDraft, ParamValue};
use crate::domain::request::{ImportRequest, ScoreRequest, ScoringModel};
use crate::domain::split::{SplitKind, SplitRows, SplitSpec};
use crate::domain::training::{
    CalibrationMethod, DecisionSpec, ThresholdRule, TrainOptions, TuneMethod, TuneRequest, Verdict,
};
use crate::lifecycle::remember::ingest;
use crate::lifecycle::score;

/// Rows whose class and amount follow from two numbers and a category; `shop` comes back, `day` passes.
fn table(folder: &Path, n: u64) -> std::path::PathBuf {
    let mut text = String::from("day,shop,x,z,plan,weight,amount,bought\n");
    for i in 0..n {
        let unit = |salt: u64| (crate::stats::mix(i * 8 + salt) >> 11) as f64 / (1_u64 << 53) as f64;
        let (x, z, plan) = (unit(1) * 2.0 - 1.0, unit(2) * 2.0 - 1.0, (unit(3) * 3.0) as usize);
        let score = 1.5 * x - z + plan as f64 * 0.7 - 0.7;
        let bought = if 1.0 / (1.0 + f64::exp(-2.0 * score)) > unit(4) { "yes" } else { "no" };
        let amount = 5.0 + score + unit(5);
        let (day, shop, weight) = (i * 1000 / n, i % 23, 1 + i % 3);
        let plan = ["basic", "plus", "pro"][plan];
        text.push_str(&format!("{day},{shop},{x:.4},{z:.4},{plan},{weight},{amount:.4},{bought}\n"));
    }
    let path = folder.join("shop.csv");
    std::fs::write(&path, text).unwrap();
    path
}

struct Place {
    folder: tempfile::TempDir,
    workspace: Workspace,
    data: DataRef,
}

fn place(n: u64) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let workspace = Workspace::open(&folder.path().join("ws")).unwrap();
    let version = ingest(&workspace, &ImportRequest::of(table(folder.path(), n)), &Silent).unwrap().version;
    Place { folder, workspace, data: DataRef::Version(version.id) }
}

fn small(algorithms: &[Algorithm]) -> std::collections::BTreeMap<Algorithm, ParamDraft> {
    let few = |name: &str, value: f64| ParamDraft::from([(name.to_owned(), ParamValue::Number(value))]);
    let of = |algorithm: &Algorithm| match algorithm {
        Algorithm::RandomForest | Algorithm::ExtraTrees | Algorithm::GradientBoosting => few("n_estimators", 5.0),
        Algorithm::Mlp => few("max_iter", 5.0),
        _ => ParamDraft::new(),
    };
    algorithms.iter().map(|a| (*a, of(a))).filter(|(_, draft)| !draft.is_empty()).collect()
}

fn request(data: &DataRef, target: &str, algorithms: &[Algorithm], folds: u32) -> TrainRequest {
    TrainRequest {
        data: data.clone(),
        target: target.to_owned(),
        task: None,
        algorithms: algorithms.to_vec(),
        split: SplitSpec { kind: SplitKind::Stratified, test_share: 0.25, seed: 11 },
        folds,
        params: small(algorithms),
        exclude: vec!["amount".into(), "bought".into()].into_iter().filter(|c| c != target).collect(),
        recipe: Default::default(),
        options: TrainOptions::default(),
    }
}

fn completed_runs(outcome: &TrainOutcome) {
    for run in &outcome.runs {
        assert_eq!(run.status, RunStatus::Completed, "{:?}: {:?}", run.plan.algorithm, run.problem);
    }
}

/// A clock that moves with every look at it.
struct Ticking(AtomicU64, u64);

impl Clock for Ticking {
    fn seconds(&self) -> f64 {
        self.0.fetch_add(self.1, Ordering::Relaxed) as f64 / 1000.0
    }
}

#[test]
fn every_algorithm_trains_scores_and_reproduces_bit_by_bit() {
    let p = place(300);
    for target in ["bought", "amount"] {
        let task =
            if target == "bought" { crate::domain::task::Task::Binary } else { crate::domain::task::Task::Regression };
        let all = Algorithm::for_task(task);
        let outcome = train(&p.workspace, &request(&p.data, target, &all, 2), &Silent).unwrap();
        assert_eq!(outcome.runs.len(), all.len());
        completed_runs(&outcome);
        for run in &outcome.runs {
            assert!(run.model_bytes.unwrap() > 0 && run.timings.fit_cpu_seconds >= 0.0);
            assert!(run.metrics.dummy.len() >= run.metrics.test.len() - 2 && !run.metrics.interval.is_empty());
            let again = reproduce::reproduce(&p.workspace, run.id, &Silent).unwrap();
            assert_eq!(again.verdict, Verdict::BitEqual, "{:?}: {again:#?}", run.plan.algorithm);
        }
        // On one thread and on two: the same models.
        let models = |cores| {
            let made = crate::ml::cores::with(cores, || {
                train(&p.workspace, &request(&p.data, target, &all, 2), &Silent).unwrap()
            });
            made.runs.into_iter().map(|run| (run.plan.algorithm, run.model_hash, run.held_out_hash)).collect::<Vec<_>>()
        };
        let mut one = models(1);
        let mut two = models(2);
        one.sort_by_key(|(algorithm, ..)| *algorithm);
        two.sort_by_key(|(algorithm, ..)| *algorithm);
        assert_eq!(one, two);
    }
}

#[test]
fn what_did_not_fit_the_budget_is_done_on_resuming() {
    let p = place(200);
    let algorithms = [Algorithm::Baseline, Algorithm::Logistic, Algorithm::NaiveBayes, Algorithm::DecisionTree];
    let mut asked = request(&p.data, "bought", &algorithms, 2);
    asked.options.budget_seconds = Some(0.001);
    let stopped = train_past(&p.workspace, &asked, None, &Ticking(AtomicU64::new(0), 1), &Silent).unwrap();
    assert!(stopped.runs.len() < 4 && !stopped.warnings.is_empty());
    assert!(stopped.runs.iter().all(|run| run.status != RunStatus::Running));
    let group = stopped.group.unwrap();
    assert_eq!(open_groups(&p.workspace).unwrap()[0].id, group);
    let go_on = TrainRequest {
        target: String::new(),
        options: TrainOptions { resume: Some(group), ..TrainOptions::default() },
        ..asked.clone()
    };
    let whole = train(&p.workspace, &go_on, &Silent).unwrap();
    assert_eq!((whole.group, whole.runs.len()), (Some(group), 4));
    completed_runs(&whole);
    assert!(open_groups(&p.workspace).unwrap().is_empty());
    // All is there: nothing is trained again.
    let ids = |outcome: &TrainOutcome| outcome.runs.iter().map(|run| run.id).collect::<Vec<RunId>>();
    assert_eq!(ids(&train(&p.workspace, &go_on, &Silent).unwrap()), ids(&whole));
}

#[test]
fn cancelled_runs_say_so_and_can_be_gone_on_with() {
    struct After(AtomicU64);
    impl JobIo for After {
        fn progress(&self, _phase: &str, _fraction: Option<f64>) -> Result<(), Cancelled> {
            if self.0.load(Ordering::Relaxed) > 1 { Err(Cancelled) } else { Ok(()) }
        }
        fn recorded(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let p = place(400);
    let asked = request(&p.data, "bought", &[Algorithm::Baseline, Algorithm::RandomForest, Algorithm::Mlp], 5);
    let error = train(&p.workspace, &asked, &After(AtomicU64::new(0))).unwrap_err();
    assert!(error.is_cancelled());
    let runs = p.workspace.read(runs::all).unwrap();
    assert!(runs.iter().all(|run| run.status != RunStatus::Running));
    assert_eq!(open_groups(&p.workspace).unwrap().len(), 1);
}

#[test]
fn groups_and_times_do_not_leak_into_tests_or_folds() {
    let p = place(400);
    let table = crate::lifecycle::resolve::load(
        &p.workspace,
        &p.workspace.read(|conn| crate::store::datasets::find(conn, "shop", None)).unwrap().unwrap(),
    )
    .unwrap();
    let cell = |name: &str, row: u32| table.column(name).unwrap().1.number(row as usize);
    for (kind, column) in
        [(SplitKind::Group { column: "shop".into() }, "shop"), (SplitKind::Time { column: "day".into() }, "day")]
    {
        let mut asked = request(&p.data, "bought", &[Algorithm::Baseline], 4);
        asked.split.kind = kind.clone();
        let outcome = train(&p.workspace, &asked, &Silent).unwrap();
        completed_runs(&outcome);
        let rows: SplitRows = p.workspace.read_json(&outcome.runs[0].plan.split_hash).unwrap();
        assert_eq!(rows.folds.len(), 4);
        let pairs =
            (0..4).map(|k| (rows.fit_rows(k), rows.folds[k].clone())).chain([(rows.train.clone(), rows.test.clone())]);
        for (fit, test) in pairs {
            assert!(!fit.is_empty() && !test.is_empty());
            let of = |rows: &[u32]| rows.iter().map(|&row| cell(column, row)).collect::<Vec<f64>>();
            let (fit, test) = (of(&fit), of(&test));
            match kind {
                SplitKind::Group { .. } => assert!(test.iter().all(|g| !fit.contains(g))),
                _ => {
                    let last = fit.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    assert!(test.iter().all(|day| *day > last), "{last}");
                }
            }
        }
        // Another run on the same rows, and the same split again.
        let mut shared = request(&p.data, "bought", &[Algorithm::Logistic], 4);
        shared.options.split_of = Some(outcome.runs[0].id);
        let other = train(&p.workspace, &shared, &Silent).unwrap();
        assert_eq!(other.runs[0].plan.split_hash, outcome.runs[0].plan.split_hash);
    }
}

#[test]
fn an_ensemble_is_a_run_that_scores() {
    let p = place(500);
    let mut asked =
        request(&p.data, "bought", &[Algorithm::Logistic, Algorithm::GradientBoosting, Algorithm::NaiveBayes], 3);
    asked.options.ensemble = true;
    let outcome = train(&p.workspace, &asked, &Silent).unwrap();
    completed_runs(&outcome);
    let ensemble = outcome.runs.iter().find(|run| run.plan.algorithm == Algorithm::Ensemble).unwrap();
    let sum: f64 = ensemble.plan.context.members.iter().map(|(_, weight)| weight).sum();
    assert!((sum - 1.0).abs() < 1e-12);
    let best = outcome.runs.iter().filter_map(|run| run.metrics.cv.get("roc_auc")).copied().fold(0.0, f64::max);
    assert!(ensemble.metrics.cv["roc_auc"] > best - 0.02);
    let model: TrainedModel = score::model_of(&p.workspace, ensemble.id).unwrap();
    assert!(matches!(model.model, FittedModel::Ensemble { .. }));
    let scored = score::score(
        &p.workspace,
        &ScoreRequest {
            model: ScoringModel::Run(ensemble.id),
            input: p.folder.path().join("shop.csv"),
            output: p.folder.path().join("scored.csv"),
        },
        &Silent,
    );
    assert_eq!(scored.unwrap().rows, 500);
}

#[test]
fn probabilities_are_corrected_and_cut_from_held_out_rows() {
    let p = place(600);
    let mut asked = request(&p.data, "bought", &[Algorithm::NaiveBayes, Algorithm::DecisionTree], 4);
    let threshold = Some(ThresholdRule::Cost { false_positive: 1.0, false_negative: 8.0 });
    asked.options.decision = DecisionSpec { calibration: Some(CalibrationMethod::Isotonic), threshold };
    let plain = train(&p.workspace, &request(&p.data, "bought", &asked.algorithms, 4), &Silent).unwrap();
    let decided = train(&p.workspace, &asked, &Silent).unwrap();
    for (before, after) in plain.runs.iter().zip(&decided.runs) {
        let model = score::model_of(&p.workspace, after.id).unwrap();
        assert!(model.threshold.unwrap() < 0.5 && model.calibration.is_some());
        assert!(after.metrics.test["recall"] > before.metrics.test["recall"]);
        assert_eq!(reproduce::reproduce(&p.workspace, after.id, &Silent).unwrap().verdict, Verdict::BitEqual);
    }
}

#[test]
fn weights_count_and_are_no_feature() {
    let p = place(300);
    let mut asked = request(&p.data, "amount", &[Algorithm::Linear], 0);
    asked.options.weight = Some("weight".into());
    let outcome = train(&p.workspace, &asked, &Silent).unwrap();
    completed_runs(&outcome);
    let run = &outcome.runs[0];
    assert!(!run.plan.features.contains(&"weight".to_owned()));
    assert!(run.plan.excluded.iter().any(|(name, _)| name == "weight"));
    asked.options.weight = Some("plan".into());
    assert!(train(&p.workspace, &asked, &Silent).is_err());
}

#[test]
fn trials_are_runs_of_one_group_and_resume_where_they_stopped() {
    let p = place(200);
    for method in TuneMethod::ALL {
        let mut train_request = request(&p.data, "bought", &[Algorithm::DecisionTree], 3);
        train_request.params.clear();
        let asked = TuneRequest {
            train: train_request,
            method,
            trials: 13,
            prune: method != TuneMethod::Halving,
            space: Default::default(),
        };
        let whole = tune::tune(&p.workspace, &asked, &Silent).unwrap();
        assert_eq!(whole.runs.len(), 13, "{method:?}");
        let best = whole.best.unwrap();
        let of = |run: &Run| (run.plan.context.trial.unwrap().number, run.plan.params.clone());
        assert!(whole.runs.iter().all(|run| run.plan.context.group == Some(whole.group)));
        // Stopped in the middle and gone on with: the same trials.
        let mut stopping = asked.clone();
        stopping.train.options.budget_seconds = Some(0.03);
        let part = tune::tune_past(&p.workspace, &stopping, None, &Ticking(AtomicU64::new(0), 1), &Silent).unwrap();
        stopping.train.options = TrainOptions { resume: Some(part.group), ..TrainOptions::default() };
        let resumed = tune::tune(&p.workspace, &stopping, &Silent).unwrap();
        let trials = |runs: &[Run]| {
            let mut all: Vec<_> = runs.iter().filter(|r| r.status == RunStatus::Completed).map(of).collect();
            all.sort_by_key(|(number, _)| *number);
            all
        };
        if method != TuneMethod::Tpe || whole.pruned == 0 {
            assert_eq!(
                trials(&resumed.runs).len() + resumed.pruned as usize,
                trials(&whole.runs).len() + whole.pruned as usize
            );
        }
        let best_of = |runs: &[Run], id| runs.iter().find(|run| run.id == id).and_then(Run::score);
        assert!(best_of(&whole.runs, best).unwrap() > 0.6);
    }
}

#[test]
fn random_labels_and_a_thousand_levels_teach_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from("level,x,y\n");
    for i in 0..3000_u64 {
        let unit = |salt: u64| (crate::stats::mix(i * 4 + salt) >> 11) as f64 / (1_u64 << 53) as f64;
        text.push_str(&format!("l{},{:.4},{}\n", (unit(0) * 1000.0) as u32, unit(1), u32::from(unit(2) > 0.5)));
    }
    let path = folder.path().join("noise.csv");
    std::fs::write(&path, text).unwrap();
    let workspace = Workspace::open(&folder.path().join("ws")).unwrap();
    let mut asked = request(
        &DataRef::File(path),
        "y",
        &[Algorithm::Logistic, Algorithm::GradientBoosting, Algorithm::NaiveBayes],
        3,
    );
    asked.exclude.clear();
    asked.options.ensemble = true;
    let outcome = train(&workspace, &asked, &Silent).unwrap();
    completed_runs(&outcome);
    for run in &outcome.runs {
        let auc = run.metrics.test["roc_auc"];
        assert!((auc - 0.5).abs() < 0.05, "{:?}: {auc}", run.plan.algorithm);
    }
}

/// A price that rises with the days, and a time split: the rows that test are unlike those that train.
fn rising(folder: &Path, n: u64) -> std::path::PathBuf {
    let mut text = String::from("day,x,price,bought\n");
    for i in 0..n {
        let unit = |salt: u64| (crate::stats::mix(i * 4 + salt) >> 11) as f64 / (1_u64 << 53) as f64;
        let bought = if unit(1) + unit(2) > 1.0 { "yes" } else { "no" };
        let (day, x, price) = (i / 2, unit(1), i as f64 + 100.0 * unit(3));
        text.push_str(&format!("{day},{x:.4},{price:.2},{bought}\n"));
    }
    let path = folder.join("rising.csv");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_split_is_checked_once_and_a_gate_can_ask_that_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = Workspace::open(&folder.path().join("ws")).unwrap();
    let version = ingest(&workspace, &ImportRequest::of(rising(folder.path(), 1000)), &Silent).unwrap().version;
    let data = DataRef::Version(version.id);
    let mut asked = request(&data, "bought", &[Algorithm::Baseline], 2);
    asked.exclude.clear();
    // At random both sides are alike.
    let even = train(&workspace, &asked, &Silent).unwrap();
    let check = even.split_check.as_deref().unwrap();
    assert_eq!(check.alarms(), Vec::<&crate::domain::finding::Finding>::new());
    assert_eq!((check.of.train_rows, check.of.test_rows), (750, 250));
    // Other folds and another request do not split anew.
    let again = train(&workspace, &TrainRequest { folds: 3, ..asked.clone() }, &Silent).unwrap();
    assert_eq!(again.split_check.as_deref().unwrap(), check);
    asked.options.split_of = Some(even.runs[0].id);
    assert_eq!(train(&workspace, &asked, &Silent).unwrap().split_check.as_deref().unwrap(), check);

    asked.options.split_of = None;
    asked.split.kind = SplitKind::Time { column: "day".into() };
    let later = train(&workspace, &asked, &Silent).unwrap();
    let drifted = later.split_check.as_deref().unwrap();
    assert_eq!(drifted.count(crate::domain::finding::Severity::Error), 0);
    let columns = |code: &str| {
        let of = drifted.alarms().into_iter().filter(|f| f.code == code);
        of.map(|f| f.column.clone().unwrap_or_default()).collect::<Vec<_>>()
    };
    // The time itself is meant to differ.
    assert_eq!(columns("FEATURE_DRIFT"), ["price"]);
    assert_eq!(columns("OUT_OF_RANGE"), ["price"]);
    assert_eq!(columns("DATE_OVERLAP"), Vec::<String>::new());
    let out = drifted.alarms().into_iter().find(|f| f.code == "OUT_OF_RANGE").unwrap().clone();
    assert!(out.rows.iter().all(|row| *row > 750), "rows of the version: {:?}", out.rows);
    assert_eq!(later.runs[0].plan.context.split_check, Some(drifted.id));

    // Rules of the suite that need a reference have one: the training rows. Those about rows or the time have not.
    use crate::domain::suite::{Rule, Suite, Test};
    let mut suite = Suite::new();
    let like = |column: &str| Test::ColumnKsPValueAbove { column: column.into(), p_value: 0.01 };
    suite.rules = vec![Rule::new("price", like("price")), Rule::new("day", like("day")), Rule::new("x", like("x"))];
    crate::lifecycle::suite::save(&workspace, version.dataset_id, &suite, "").unwrap();
    let judged = train(&workspace, &asked, &Silent).unwrap().split_check.unwrap();
    let ruled = judged.report.checks.iter().filter_map(|check| Some((check.rule.clone()?, check.findings.len())));
    assert_eq!(ruled.collect::<Vec<_>>(), [("price".to_owned(), 1), ("x".to_owned(), 0)]);

    // The suite makes of drift an error, and a gate stops training.
    use crate::domain::suite::CheckSetting;
    let mut suite = Suite::new();
    let severe = CheckSetting { severity: Some(crate::domain::finding::Severity::Error), ..CheckSetting::default() };
    suite.checks.insert("FEATURE_DRIFT".into(), severe);
    crate::lifecycle::suite::save(&workspace, version.dataset_id, &suite, "").unwrap();
    use crate::domain::gate::{Act, Need};
    assert!(gates::add(&workspace, Act::Publish, &Need::Split, None).is_err(), "no split there");
    gates::add(&workspace, Act::Train, &Need::Split, None).unwrap();
    let n_runs = || workspace.read(runs::all).unwrap().len();
    let before = n_runs();
    let error = train(&workspace, &asked, &Silent).unwrap_err().to_string();
    assert!(error.contains("its split has 1 error, the first FEATURE_DRIFT in `price`"), "{error}");
    assert_eq!(n_runs(), before);
    assert!(open_groups(&workspace).unwrap().is_empty(), "nothing to go on with");
    let past = train_past(&workspace, &asked, Some("prices rose"), &std::time::Instant::now(), &Silent).unwrap();
    completed_runs(&past);
    let board = gates::board(&workspace).unwrap();
    assert_eq!((board.overrides.len(), board.overrides[0].reason.as_str()), (1, "prices rose"));
    // What is not split yet is not red.
    let states = gates::states(&workspace, version.id, Act::Train, Some("x"), &Silent).unwrap();
    assert!(states.iter().all(|state| state.is_green()));
}

#[test]
fn a_split_of_a_large_table_is_checked_on_some_of_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = Workspace::open(&folder.path().join("ws")).unwrap();
    let data = DataRef::File(rising(folder.path(), 6000));
    let mut asked = request(&data, "bought", &[Algorithm::Baseline], 0);
    asked.exclude.clear();
    asked.options.budget_seconds = Some(0.05);
    let clock = Ticking(AtomicU64::new(0), 0);
    let few = train_past(&workspace, &asked, None, &clock, &Silent).unwrap().split_check.unwrap();
    // 10,000 cells of 24,000: their share of the 4,500 rows that train, and the least of the 1,500 that test.
    assert_eq!((few.of.train_rows, few.of.test_rows), (1875, 1000));
    asked.options.budget_seconds = None;
    let all = train(&workspace, &asked, &Silent).unwrap().split_check.unwrap();
    assert_eq!((all.of.train_rows, all.of.test_rows), (4500, 1500));
    asked.options.budget_seconds = Some(0.05);
    let known = train_past(&workspace, &asked, None, &clock, &Silent).unwrap().split_check.unwrap();
    assert_eq!(known.id, all.id, "what is known of all rows is better");
}

#[test]
fn a_column_that_knows_the_answer_is_kept_only_for_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from("x,z,status,bought\n");
    for i in 0..400_u64 {
        let unit = |salt: u64| (crate::stats::mix(i * 4 + salt) >> 11) as f64 / (1_u64 << 53) as f64;
        let bought = unit(1) + unit(2) > 1.0;
        let status = if bought { "shipped" } else { "open" };
        text.push_str(&format!("{:.4},{:.4},{status},{}\n", unit(1), unit(3), if bought { "yes" } else { "no" }));
    }
    let path = folder.path().join("orders.csv");
    std::fs::write(&path, text).unwrap();
    let workspace = Workspace::open(&folder.path().join("ws")).unwrap();
    let version = ingest(&workspace, &ImportRequest::of(&path), &Silent).unwrap().version;
    let proposed = propose::propose(&workspace, version.id, "bought", &Silent).unwrap();
    let role = |name: &str| proposed.columns.iter().find(|c| c.column == name).unwrap().clone();
    use crate::domain::training::Role;
    assert_eq!(role("status").role, Role::Excluded);
    assert_eq!(role("status").reason, "it knows the answer: alone it predicts `bought` with AUC 1.000 (limit 0.99)");
    let x = role("x").score.unwrap();
    // Half of the answer: the AUC of one of two equal summands is 5/6.
    assert!((x.value - 5.0 / 6.0).abs() < 0.06 && !x.is_strong(), "{x:?}");

    let mut asked = request(&DataRef::Version(version.id), "bought", &[Algorithm::Logistic], 2);
    asked.exclude.clear();
    let plain = train(&workspace, &asked, &Silent).unwrap();
    completed_runs(&plain);
    assert_eq!(plain.runs[0].plan.features, ["x", "z"]);
    assert!(plain.warnings[0].starts_with("`status` is left out, as it knows the answer"), "{:?}", plain.warnings);
    assert_eq!(plain.runs[0].plan.excluded, [("status".to_owned(), role("status").reason)]);
    asked.options.keep_leaking.insert("status".into(), "it is known at the sale".into());
    let kept = train(&workspace, &asked, &Silent).unwrap();
    assert_eq!(kept.runs[0].plan.features, ["x", "z", "status"]);
    assert_eq!(kept.runs[0].plan.context.kept["status"], "it is known at the sale");
    let events = workspace.read(|conn| crate::store::activity::recent(conn, 100)).unwrap();
    let told: Vec<&str> =
        events.iter().filter(|e| e.event.action == "kept").map(|e| e.event.summary.as_str()).collect();
    assert_eq!(told, ["Kept `status` to predict `bought` though it knows the answer: it is known at the sale"]);
    for run in [plain.runs[0].id, kept.runs[0].id] {
        assert_eq!(reproduce::reproduce(&workspace, run, &Silent).unwrap().verdict, Verdict::BitEqual);
    }
    asked.options.keep_leaking.insert("colour".into(), "?".into());
    let error = train(&workspace, &asked, &Silent).unwrap_err().to_string();
    assert!(error.contains("no column `colour` to keep"), "{error}");
}

#[test]
fn looks_at_a_test_are_counted_whatever_the_folds() {
    let p = place(200);
    let asked = request(&p.data, "bought", &[Algorithm::Baseline, Algorithm::NaiveBayes], 2);
    train(&p.workspace, &asked, &Silent).unwrap();
    let again = train(&p.workspace, &TrainRequest { folds: 3, ..asked.clone() }, &Silent).unwrap();
    let looks = |run: &Run| {
        let rows = crate::lifecycle::look::split(&p.workspace, run.id).unwrap();
        crate::lifecycle::look::looks(&p.workspace, run.id, &rows).unwrap()
    };
    assert_eq!(looks(&again.runs[0]), 4);
    let mut other = asked.clone();
    other.split.seed += 1;
    assert_eq!(looks(&train(&p.workspace, &other, &Silent).unwrap().runs[0]), 2);
    assert_eq!(looks::warning(99, 50), None);
    assert!(looks::warning(100, 50).unwrap().starts_with("The 50 test rows were looked at 100 times before"));
}

#[test]
fn what_is_not_learned_from_can_be_let_go_of() {
    let p = place(50);
    let asked = request(&p.data, "bought", &[Algorithm::Logistic], 0);
    let version = resolve(&p.workspace, &p.data, &Silent).unwrap();
    let session = Session::open(&p.workspace, &asked, version, &Silent).unwrap();
    let names = || session.table().schema.names().map(str::to_owned).collect::<Vec<String>>();
    assert!(names().iter().any(|name| name == "bought"));
    let cell = |name: &str| session.table().column(name).unwrap().1.number(7);
    let before = cell("x");
    session.keep_features_only();
    assert_eq!((names(), session.table().columns.len()), (session.features.clone(), session.features.len()));
    assert_eq!(cell("x"), before);
}
