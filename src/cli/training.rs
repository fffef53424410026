//! `train`, `tune` and `reproduce`.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;

use super::args::{TrainArgs, TuneArgs};
use super::report::{self, Report};
use super::{data_ref, imported, listing, mixed_up, work};
use crate::domain::ids::{GroupId, RunId};
use crate::domain::leakage::ColumnScore;
use crate::domain::params::Algorithm;
use crate::domain::problem::Problem;
use crate::domain::question::{Answer, Question};
use crate::domain::request::{DataRef, JobOutcome, JobRequest, TrainRequest};
use crate::domain::run::RunStatus;
use crate::domain::split::{SplitKind, SplitSpec};
use crate::domain::training::{
    DecisionSpec, ReproduceOutcome, TrainOptions, TrainingProposal, TuneOutcome, TuneRequest, Verdict,
};
use crate::lifecycle::resolve;

pub fn train(root: &Path, args: TrainArgs) -> Result<Report, Problem> {
    if args.plan {
        return plan(root, &args);
    }
    let request = request(args)?;
    match work(root, JobRequest::Train(request))? {
        JobOutcome::Trained(outcome) => {
            for warning in &outcome.warnings {
                eprintln!("{warning}");
            }
            let report = report::train(&outcome);
            if outcome.runs.iter().all(|run| run.status != RunStatus::Completed) {
                let mut why: Vec<String> = outcome.runs.iter().filter_map(|r| r.problem.clone()).collect();
                why.dedup();
                return Err(Problem::failed("No run completed", why.join("\n"), "`modelwright runs` lists them"));
            }
            Ok(report)
        }
        _ => Err(mixed_up()),
    }
}

fn request(args: TrainArgs) -> Result<TrainRequest, Problem> {
    let mut params = std::collections::BTreeMap::new();
    for (algorithm, key, value) in args.params {
        params.entry(algorithm).or_insert_with(std::collections::BTreeMap::new).insert(key, value);
    }
    // Of a request that is gone on with, everything but the budget is known.
    let data = match &args.data {
        Some(data) => data_ref(data)?,
        None => DataRef::Named { name: String::new(), version: None },
    };
    Ok(TrainRequest {
        data,
        target: args.target.unwrap_or_default(),
        task: None,
        algorithms: args.algorithms,
        split: SplitSpec {
            kind: args.split.unwrap_or(SplitKind::Stratified),
            test_share: args.test_share,
            seed: args.seed,
        },
        folds: args.folds,
        params,
        exclude: args.exclude,
        recipe: args.recipe.unwrap_or_default(),
        options: TrainOptions {
            budget_seconds: args.budget,
            repeats: args.repeats,
            weight: args.weight,
            split_of: args.split_of.map(RunId),
            resume: args.resume.map(GroupId),
            keep_leaking: args.keep_leaking.into_iter().collect(),
            ensemble: args.ensemble,
            decision: DecisionSpec { calibration: args.calibrate, threshold: args.threshold },
        },
    })
}

fn plan(root: &Path, args: &TrainArgs) -> Result<Report, Problem> {
    let (Some(data), Some(target)) = (&args.data, &args.target) else {
        return Err(Problem::usage(
            "a plan needs a dataset and a target",
            "Name the dataset, and the target with --target",
        ));
    };
    let data = imported(root, data)?;
    let version = listing(root, |workspace| resolve::resolve(workspace, &data, &crate::domain::io::Silent))?;
    let question = Question::TrainingPlan { version: version.id, target: target.clone() };
    match work(root, JobRequest::Ask(question))? {
        JobOutcome::Answered(answer) => match *answer {
            Answer::TrainingPlan(proposal) => Ok(proposed(&proposal)),
            _ => Err(mixed_up()),
        },
        _ => Err(mixed_up()),
    }
}

fn proposed(proposal: &TrainingProposal) -> Report {
    let mut text = format!("task    {}: {}\n", proposal.task.as_str(), proposal.task_reason);
    let _ = writeln!(text, "metric  {}: {}", proposal.metric.key(), proposal.metric_reason);
    let _ = writeln!(text, "split   {}: {}", proposal.split.kind.describe(), proposal.split_reason);
    if let Some(sample) = &proposal.sample {
        let _ = writeln!(text, "rows    {}: the rest does not fit the memory budget", sample.describe());
    }
    let names: Vec<&str> = proposal.algorithms.iter().map(|a| a.as_str()).collect();
    let _ = writeln!(text, "algorithms  {}", names.join(", "));
    let rows: Vec<Vec<String>> = proposal
        .columns
        .iter()
        .map(|c| {
            let mark = |score: &ColumnScore| if score.is_strong() { " !" } else { "" };
            let alone = c.score.as_ref().map_or_else(String::new, |score| score.describe() + mark(score));
            vec![c.column.clone(), c.role.as_str().to_owned(), alone, c.reason.clone()]
        })
        .collect();
    text.push_str(&report::table(&["column", "role", "alone", "why"], &rows));
    Report::new(json!(proposal), text)
}

pub fn tune(root: &Path, args: TuneArgs) -> Result<Report, Problem> {
    let mut train = request(args.train)?;
    if train.algorithms.is_empty() && train.options.resume.is_none() {
        train.algorithms = vec![Algorithm::GradientBoosting];
    }
    let request = TuneRequest {
        train,
        method: args.method,
        trials: args.trials,
        prune: !args.no_pruning,
        space: args.search.into_iter().collect(),
    };
    match work(root, JobRequest::Tune(request))? {
        JobOutcome::Tuned(outcome) => {
            for warning in &outcome.warnings {
                eprintln!("{warning}");
            }
            if outcome.runs.iter().all(|run| run.status != RunStatus::Completed) {
                let mut why: Vec<String> = outcome.runs.iter().filter_map(|r| r.problem.clone()).collect();
                why.dedup();
                return Err(Problem::failed("No trial completed", why.join("\n"), "`modelwright runs` lists them"));
            }
            Ok(tuned(&outcome))
        }
        _ => Err(mixed_up()),
    }
}

fn tuned(outcome: &TuneOutcome) -> Report {
    let mut text = report::run_rows(&outcome.runs);
    if outcome.pruned > 0 {
        let _ = writeln!(text, "{} stopped early: worse than the median of earlier trials", outcome.pruned);
    }
    if let Some(best) = outcome.runs.iter().find(|run| Some(run.id) == outcome.best) {
        let params: Vec<String> = best.plan.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let _ = writeln!(text, "Best: run {} with {}", best.id, params.join(", "));
    }
    text.push_str(&report::split_check_text(outcome.split_check.as_deref()));
    let json = json!({
        "group": outcome.group, "runs": outcome.runs.iter().map(report::run_json).collect::<Vec<_>>(),
        "best": outcome.best, "pruned": outcome.pruned, "warnings": outcome.warnings,
        "split_check": outcome.split_check.as_deref().map(report::split_check_json),
    });
    Report::new(json, text)
}

pub fn reproduce(root: &Path, run: i64) -> Result<Report, Problem> {
    match work(root, JobRequest::Reproduce(RunId(run)))? {
        JobOutcome::Reproduced(outcome) => Ok(reproduced(&outcome)),
        _ => Err(mixed_up()),
    }
}

fn reproduced(outcome: &ReproduceOutcome) -> Report {
    let mut text = format!("Run {}: {}\n", outcome.run, outcome.verdict.as_str());
    if let Some(step) = &outcome.first_difference {
        let _ = writeln!(text, "First difference: {step}");
    }
    let rows: Vec<Vec<String>> =
        outcome.steps.iter().map(|s| vec![s.step.clone(), s.verdict.as_str().to_owned(), s.detail.clone()]).collect();
    text.push_str(&report::table(&["step", "verdict", ""], &rows));
    for difference in &outcome.environment {
        let _ = writeln!(text, "{difference}");
    }
    Report { said_no: outcome.verdict == Verdict::Different, ..Report::new(json!(outcome), text) }
}
