//! Runs: what training, `runs`, `compare` and `split` print.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Report, number, table};
use crate::domain::comparison::Comparison;
use crate::domain::evaluation::Evaluation;
use crate::domain::finding::Severity;
use crate::domain::metric::Metric;
use crate::domain::request::TrainOutcome;
use crate::domain::run::{Run, RunMetrics};
use crate::domain::split::SplitRows;
use crate::domain::split_check::SplitCheck;
use crate::domain::words::counted;

fn metrics(m: &RunMetrics) -> Value {
    json!({
        "train": m.train, "test": m.test, "cv": m.cv, "cv_std": m.cv_std, "dummy": m.dummy, "interval": m.interval,
    })
}

pub fn run_json(run: &Run) -> Value {
    json!({
        "run": run.id, "status": run.status, "algorithm": run.plan.algorithm, "dataset": run.plan.dataset,
        "target": run.plan.target, "task": run.plan.task, "seed": run.plan.seed, "metrics": metrics(&run.metrics),
        "timings": run.timings, "params": run.plan.params, "features": run.plan.features,
        "excluded": run.plan.excluded.iter().map(|(c, why)| json!({ "column": c, "reason": why })).collect::<Vec<_>>(),
        "split": run.plan.split, "split_hash": run.plan.split_hash, "folds": run.plan.folds,
        "train_rows": run.train_rows, "test_rows": run.test_rows, "problem": run.problem, "warnings": run.warnings,
        "started_at_ms": run.started_at_ms, "ended_at_ms": run.ended_at_ms, "environment": run.plan.environment,
        "group": run.plan.context.group, "trial": run.plan.context.trial, "members": run.plan.context.members,
        "weight": run.plan.context.weight, "decision": run.plan.context.decision, "model_bytes": run.model_bytes,
    })
}

pub fn run_rows(runs: &[Run]) -> String {
    let rows: Vec<Vec<String>> = runs
        .iter()
        .map(|run| {
            let primary = Metric::primary(run.plan.task);
            vec![
                run.id.to_string(),
                run.status.as_str().to_owned(),
                run.plan.algorithm.as_str().to_owned(),
                run.plan.dataset.clone(),
                run.plan.target.clone(),
                primary.key().to_owned(),
                number(run.metrics.test.get(primary.key()).copied()),
                number(run.metrics.cv.get(primary.key()).copied()),
                format!("{:.2}", run.timings.fit_seconds),
            ]
        })
        .collect();
    table(&["run", "status", "algorithm", "dataset", "target", "metric", "test", "cv", "fit s"], &rows)
}

pub fn train(outcome: &TrainOutcome) -> Report {
    let mut text = format!("{} task: {}\n", outcome.proposal.task.as_str(), outcome.proposal.reason);
    text.push_str(&run_rows(&outcome.runs));
    if let Some(best) = outcome.best {
        let _ = writeln!(text, "Best: run {best}");
    }
    text.push_str(&split_check_text(outcome.split_check.as_deref()));
    if let (Some(group), true) = (outcome.group, outcome.is_cut_short()) {
        let _ = writeln!(text, "Not everything was done: go on with `train --resume {group}`");
    }
    let json = json!({
        "runs": outcome.runs.iter().map(run_json).collect::<Vec<_>>(), "best": outcome.best,
        "group": outcome.group, "task": outcome.runs.first().map_or(outcome.proposal.task, |r| r.plan.task),
        "task_reason": outcome.proposal.reason, "warnings": outcome.warnings,
        "split_check": outcome.split_check.as_deref().map(split_check_json),
    });
    Report::new(json, text)
}

pub fn runs(runs: &[Run]) -> Report {
    Report::new(json!({ "runs": runs.iter().map(run_json).collect::<Vec<_>>() }), run_rows(runs))
}

pub fn comparison(comparison: &Comparison, evaluations: &[Option<Evaluation>]) -> Report {
    let mut text = String::new();
    for warning in &comparison.warnings {
        let _ = writeln!(text, "Careful: {warning}");
    }
    let mut header = vec!["part", "metric"];
    header.extend(comparison.titles.iter().map(String::as_str));
    let rows: Vec<Vec<String>> = comparison
        .metrics
        .iter()
        .map(|m| {
            let mut row = vec![m.part.clone(), m.metric.clone()];
            row.extend(m.values.iter().enumerate().map(|(i, v)| {
                let mark = if m.best == Some(i) { " *" } else { "" };
                format!("{}{mark}", number(*v))
            }));
            row
        })
        .collect();
    text.push_str(&table(&header, &rows));
    for setting in comparison.settings.iter().filter(|s| s.differs) {
        let _ = writeln!(text, "{}: {}", setting.name, setting.values.join(" | "));
    }
    let mut json = json!(comparison);
    json["evaluations"] = json!(evaluations);
    Report::new(json, text)
}

/// `looks`: runs that were measured on the same test rows.
pub fn split(rows: &SplitRows, check: Option<&SplitCheck>, looks: u64) -> Report {
    let mut text = format!("{} training rows, {} test rows\n", rows.train.len(), rows.test.len());
    let _ = writeln!(text, "{} measured on these test rows", counted(looks, "run was", "runs were"));
    text.push_str(&split_check_text(check));
    let check = check.map(split_check_json);
    Report::new(json!({ "train": rows.train, "test": rows.test, "split_check": check, "looks": looks }), text)
}

/// What the checks say of splits, newest first.
pub fn splits(checks: &[SplitCheck]) -> Report {
    let text = checks.iter().map(|check| {
        let head = format!("{} {} for {}, {}\n", check.id, check.dataset, check.of.target, check.extent());
        head + &split_check_text(Some(check))
    });
    let json: Vec<Value> = checks.iter().map(split_check_json).collect();
    Report::new(json!({ "splits": json }), text.collect())
}

pub fn split_check_json(check: &SplitCheck) -> Value {
    let of = &check.of;
    json!({
        "id": check.id, "dataset": check.dataset, "target": of.target, "passed": check.report.passed,
        "errors": check.count(Severity::Error), "warnings": check.count(Severity::Warning),
        "train_rows": of.train_rows, "test_rows": of.test_rows, "findings": check.report.findings(),
        "skipped": super::skipped(&check.report), "suite": of.suite, "created_at_ms": check.created_at_ms,
    })
}

/// The verdict and a line for every error and warning.
pub fn split_check_text(check: Option<&SplitCheck>) -> String {
    let Some(check) = check else { return String::new() };
    let mut text = check.summary() + "\n";
    for f in check.alarms() {
        let _ = writeln!(text, "{:<8} {:<22} {}", f.severity.as_str(), f.code, f.message);
    }
    text
}
