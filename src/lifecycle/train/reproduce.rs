//! Reproduce: train a run again from its plan and say whether the same came out, step by step.

use std::time::Instant;

use super::batch::fit_unrecorded;
use super::clock::Limit;
use super::fit::difference;
use super::session::Session;
use crate::data::recipe;
use crate::domain::evaluation::Evaluation;
use crate::domain::ids::RunId;
use crate::domain::io::{JobIo, Part};
use crate::domain::model::TrainedModel;
use crate::domain::params::{Algorithm, check_params};
use crate::domain::request::TrainRequest;
use crate::domain::run::{Environment, Run, RunStatus};
use crate::domain::task::Predictions;
use crate::domain::training::{ReproduceOutcome, ReproducedStep, Verdict};
use crate::lifecycle::resolve::require_present;
use crate::lifecycle::score::model_of;
use crate::lifecycle::{StageError, environment};
use crate::ml::{calibrate, ensemble, predict};
use crate::store::{Workspace, datasets, runs};

pub fn reproduce(workspace: &Workspace, id: RunId, io: &dyn JobIo) -> Result<ReproduceOutcome, StageError> {
    io.progress("Reading the run", Some(0.0))?;
    let run = workspace.read(|conn| runs::get(conn, id))?;
    if run.status != RunStatus::Completed {
        let summary = format!("run {id} has nothing to compare with: it is {}", run.status.as_str());
        return Err(StageError::usage(summary, "Choose a completed run"));
    }
    if run.plan.algorithm == Algorithm::Ensemble {
        let members: Vec<String> = run.plan.context.members.iter().map(|(id, _)| id.to_string()).collect();
        return Err(StageError::usage(
            format!("run {id} is made of other runs"),
            format!("Reproduce those: {}", members.join(", ")),
        ));
    }
    let version = workspace.read(|conn| datasets::version(conn, run.plan.version_id))?;
    require_present(workspace, &version)?;
    let stored = model_of(workspace, id)?;
    let request = TrainRequest::of_run(&run);
    let session = Session::open(workspace, &request, version, &Part { io, from: 0.05, to: 0.15 })?;
    // Parameters that came later take their defaults, which are what was done before.
    let params = check_params(run.plan.algorithm, &run.plan.params.to_draft()).map_err(StageError::Params)?;
    let plan = session.plan(run.plan.algorithm, params, None, run.plan.context.trial);
    let clock = Instant::now();
    let limit = Limit { clock: &clock, end: None };
    let again = fit_unrecorded(&session, &plan, limit, &Part { io, from: 0.15, to: 0.9 })?;

    io.progress("Comparing", Some(0.9))?;
    let mut steps = vec![split_step(&session, &run)];
    steps.push(same_document("recipe", &stored.recipe, &again.model.recipe));
    let model = |model: &TrainedModel| (model.model.clone(), model.calibration.clone(), model.threshold);
    steps.push(same_document("model", &model(&stored), &model(&again.model)));
    steps.push(predictions_step(&session, &stored, &again.on_test, io)?);
    steps.push(metrics_step(&run, &again.metrics));
    if let Some(hash) = &run.evaluation_hash {
        let before: Evaluation = workspace.read_json(hash)?;
        steps.push(same_document("evaluation", &before, &again.evaluation));
    }
    settle(&mut steps);
    let verdict = steps.iter().map(|step| step.verdict).max().unwrap_or(Verdict::BitEqual);
    let first_difference = steps.iter().find(|step| step.verdict != Verdict::BitEqual).map(|step| step.step.clone());
    Ok(ReproduceOutcome {
        run: id,
        verdict,
        first_difference,
        steps,
        environment: differences(&run.plan.environment, &environment::capture()),
        metrics: again.metrics.test,
    })
}

fn step(name: &str, verdict: Verdict, detail: String) -> ReproducedStep {
    ReproducedStep { step: name.to_owned(), verdict, detail }
}

fn split_step(session: &Session<'_>, run: &Run) -> ReproducedStep {
    let same = session.split_hash == run.plan.split_hash;
    let detail = if same { "the same rows train, test and fold" } else { "other rows train, test or fold" };
    step("split", if same { Verdict::BitEqual } else { Verdict::Different }, detail.to_owned())
}

/// Two documents, by their numbers where their shapes agree.
fn same_document<T: serde::Serialize>(name: &str, before: &T, after: &T) -> ReproducedStep {
    let (Ok(before), Ok(after)) = (serde_json::to_value(before), serde_json::to_value(after)) else {
        return step(name, Verdict::Different, "it cannot be written".to_owned());
    };
    let (mut a, mut b) = (Leaves::default(), Leaves::default());
    a.read(&before);
    b.read(&after);
    if a.shape != b.shape {
        return step(name, Verdict::Different, "it is built differently".to_owned());
    }
    let (verdict, far) = difference(&a.numbers, &b.numbers);
    step(name, verdict, described(verdict, far, a.numbers.len()))
}

/// A document's numbers, and everything else in one text.
#[derive(Default)]
struct Leaves {
    numbers: Vec<f64>,
    shape: String,
}

impl Leaves {
    fn read(&mut self, value: &serde_json::Value) {
        use serde_json::Value;
        match value {
            Value::Number(number) => {
                self.numbers.push(number.as_f64().unwrap_or(f64::NAN));
                self.shape.push('#');
            }
            Value::Array(all) => {
                self.shape.push('[');
                all.iter().for_each(|one| self.read(one));
                self.shape.push(']');
            }
            Value::Object(fields) => {
                for (name, one) in fields {
                    self.shape.push_str(name);
                    self.shape.push(':');
                    self.read(one);
                }
                self.shape.push(';');
            }
            other => self.shape.push_str(&other.to_string()),
        }
    }
}

fn predictions_step(
    session: &Session<'_>,
    stored: &TrainedModel,
    again: &Predictions,
    io: &dyn JobIo,
) -> Result<ReproducedStep, StageError> {
    let x = recipe::encode(&session.table(), &session.rows.test, &stored.recipe, io)?;
    let mut before = predict::predict(&stored.model, stored.task, stored.classes.len(), &x, io)?;
    calibrate::correct(stored, &mut before);
    let (before, after) = (ensemble::numbers(&before), ensemble::numbers(again));
    let (verdict, far) = difference(before, after);
    Ok(step("predictions", verdict, described(verdict, far, after.len())))
}

fn metrics_step(run: &Run, again: &crate::domain::run::RunMetrics) -> ReproducedStep {
    let sets = |m: &crate::domain::run::RunMetrics| [m.train.clone(), m.test.clone(), m.cv.clone(), m.cv_std.clone()];
    let (before, after) = (sets(&run.metrics), sets(again));
    // Metrics that an older version did not know are no difference.
    let pairs = before.iter().zip(&after).flat_map(|(before, after)| {
        before.iter().map(|(key, value)| (*value, after.get(key).copied().unwrap_or(f64::INFINITY)))
    });
    let (before, after): (Vec<f64>, Vec<f64>) = pairs.unzip();
    let (verdict, far) = difference(&before, &after);
    step("metrics", verdict, described(verdict, far, before.len()))
}

fn described(verdict: Verdict, far: f64, n: usize) -> String {
    match verdict {
        Verdict::BitEqual => format!("{n} numbers, all the same"),
        _ => format!("{n} numbers, at most {far:.1e} apart"),
    }
}

/// A model that differs in its numbers but says the same is the same within tolerance, whatever way it was written.
fn settle(steps: &mut [ReproducedStep]) {
    let same_rows = steps.iter().any(|s| s.step == "split" && s.verdict == Verdict::BitEqual);
    let same_answers = steps.iter().any(|s| s.step == "predictions" && s.verdict != Verdict::Different);
    if same_rows && same_answers {
        for step in steps.iter_mut().filter(|s| ["recipe", "model"].contains(&s.step.as_str())) {
            step.verdict = step.verdict.min(Verdict::WithinTolerance);
        }
    }
}

fn differences(before: &Environment, now: &Environment) -> Vec<String> {
    let mut all = Vec::new();
    let mut compare = |what: &str, before: &str, now: &str| {
        if before != now {
            all.push(format!("{what} was {before}, is {now}"));
        }
    };
    compare("The program's version", &before.app_version, &now.app_version);
    compare("The system", &before.os, &now.os);
    compare("The processor", &before.cpu, &now.cpu);
    compare("The number of threads", &before.threads.to_string(), &now.threads.to_string());
    if !before.locale.is_empty() {
        compare("The locale", &before.locale, &now.locale);
    }
    for (library, version) in &before.libraries {
        let now = now.libraries.get(library).map_or("gone", String::as_str);
        compare(&format!("Library {library}"), version, now);
    }
    all
}
