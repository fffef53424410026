//! A run made of runs: their models' answers averaged, with weights learned on held-out rows.

use super::batch::{Job, Recorder};
use super::fit::{self, Fitted0, Measured};
use super::session::Session;
use crate::data::recipe;
use crate::domain::ids::{GroupId, RunId};
use crate::domain::io::JobIo;
use crate::domain::model::{FittedModel, Member, TrainedModel};
use crate::domain::params::{Algorithm, check_params};
use crate::domain::recipe::FittedRecipe;
use crate::domain::request::JobRequest;
use crate::domain::run::{HeldOut, Run, RunMetrics, RunStatus, Timings};
use crate::domain::task::{Predictions, Target};
use crate::lifecycle::StageError;
use crate::lifecycle::score::model_of;
use crate::ml::{ensemble, metrics, predict};
use crate::store::{Workspace, runs};

/// Combines those of the runs that completed and kept held-out predictions. `None` when there are fewer than two.
pub fn combine(
    session: &Session<'_>,
    workspace: &Workspace,
    group: GroupId,
    ids: &[RunId],
    io: &dyn JobIo,
) -> Result<Option<RunId>, StageError> {
    let started = std::time::Instant::now();
    io.progress("Ensemble: reading", Some(0.0))?;
    let all = workspace.read(|conn| ids.iter().map(|id| runs::get(conn, *id)).collect::<Result<Vec<Run>, _>>())?;
    if let Some(earlier) = all.iter().find(|run| run.plan.algorithm == Algorithm::Ensemble) {
        return Ok(Some(earlier.id).filter(|id| !ids.contains(id)));
    }
    let mut members: Vec<(Run, HeldOut)> = Vec::new();
    for run in all.into_iter().filter(|run| run.status == RunStatus::Completed) {
        let Some(hash) = &run.held_out_hash else { continue };
        let held_out: HeldOut = workspace.read_json(hash)?;
        if held_out.split_hash == session.split_hash
            && members.first().is_none_or(|(_, first)| first.rows == held_out.rows)
        {
            members.push((run, held_out));
        }
    }
    if members.len() < 2 {
        return Ok(None);
    }
    let draft = session.request.params.get(&Algorithm::Ensemble).cloned().unwrap_or_default();
    let params = check_params(Algorithm::Ensemble, &draft).map_err(StageError::Params)?;
    let mut plan = session.plan(Algorithm::Ensemble, params, Some(group), None);
    let (truth, said) = held_out_rows(session, &members)?;
    let said: Vec<&Predictions> = said.iter().collect();
    let clock = std::time::Instant::now();
    io.progress("Ensemble: choosing", Some(0.2))?;
    let max_models = plan.params.count("max_models");
    let weights = match plan.params.word("method") {
        "stacked" => ensemble::stacked(&truth, &said, max_models),
        _ => ensemble::greedy(session.task, &truth, &said, max_models, io)?,
    };
    let Some(together) = ensemble::average(&weights, &said) else { return Ok(None) };
    let fit_seconds = clock.elapsed().as_secs_f64();
    let chosen: Vec<(&Run, f64)> =
        members.iter().map(|(run, _)| run).zip(weights.iter().copied()).filter(|(_, weight)| *weight > 0.0).collect();
    plan.context.members = chosen.iter().map(|(run, weight)| (run.id, *weight)).collect();

    let mut parts = Vec::new();
    let (mut on_train, mut on_test) = (Vec::new(), Vec::new());
    for (at, (run, weight)) in chosen.iter().enumerate() {
        io.progress("Ensemble: predicting", Some(0.3 + 0.6 * at as f64 / chosen.len() as f64))?;
        let model = model_of(workspace, run.id)?;
        let predict = |rows: &[u32]| -> Result<Predictions, StageError> {
            let x = recipe::encode(&session.table, rows, &model.recipe, io)?;
            Ok(predict::predict(&model.model, session.task, session.n_classes(), &x, io)?)
        };
        on_train.push(predict(&session.rows.train)?);
        on_test.push(predict(&session.rows.test)?);
        parts.push(Member { weight: *weight, recipe: model.recipe, model: model.model });
    }
    let weights: Vec<f64> = chosen.iter().map(|(_, weight)| *weight).collect();
    let average = |all: &[Predictions]| {
        let all: Vec<&Predictions> = all.iter().collect();
        ensemble::average(&weights, &all).unwrap_or(Predictions::Values(Vec::new()))
    };
    let (train_y, test_y) = (session.target.at(&session.rows.train)?, session.target.at(&session.rows.test)?);
    let cv = metrics::evaluate(session.task, &truth, &together);
    let rows =
        Measured { train_y: &train_y, on_train: average(&on_train), test_y: &test_y, on_test: average(&on_test) };
    let model = TrainedModel {
        format_version: 1,
        algorithm: plan.algorithm.as_str().to_owned(),
        task: plan.task,
        target: plan.target.clone(),
        classes: session.target.classes.clone(),
        recipe: inputs_of(&parts),
        model: FittedModel::Ensemble { members: parts },
        calibration: None,
        threshold: None,
    };
    let names =
        chosen.iter().map(|(run, weight)| format!("{weight:.2} × run {} ({})", run.id, run.plan.algorithm.title()));
    let mut warnings = session.warnings.clone();
    warnings.push(format!("Made of {}", names.collect::<Vec<_>>().join(", ")));
    let timings = Timings { fit_seconds, fit_cpu_seconds: fit_seconds, ..Timings::default() };
    let known = Fitted0 {
        metrics: RunMetrics { cv, ..RunMetrics::default() },
        points: Vec::new(),
        timings: Timings { total_seconds: started.elapsed().as_secs_f64(), ..timings },
        warnings,
    };
    let held_out = HeldOut { answers: ensemble::numbers(&together).to_vec(), ..members[0].1.clone() };
    let fitted = fit::finish(session, &plan, model, rows, &[], Some((held_out, truth, together)), known)?;
    // From here on nothing stops it: a run that starts is a run that ends.
    let mut job = Job::new(plan.clone());
    let asked = JobRequest::Train(session.request.clone());
    let recorder = Recorder { session, workspace, asked: &asked };
    recorder.start(&mut job, io)?;
    let Some(id) = job.id else { return Ok(None) };
    recorder.store(id, &plan, fitted)?;
    io.recorded();
    Ok(Some(id))
}

/// The truth of the held-out rows, and what each member said there.
fn held_out_rows(session: &Session<'_>, members: &[(Run, HeldOut)]) -> Result<(Target, Vec<Predictions>), StageError> {
    let wanted = &members[0].1.rows;
    let positions: Vec<u32> = session
        .rows
        .train
        .iter()
        .copied()
        .filter(|&position| wanted.binary_search(&session.row_of_version(position)).is_ok())
        .collect();
    let said = members.iter().map(|(_, held_out)| {
        let answers = held_out.answers.clone();
        if session.task.is_classification() {
            Predictions::Classes { probabilities: answers, n_classes: held_out.width as usize }
        } else {
            Predictions::Values(answers)
        }
    });
    Ok((session.target.at(&positions)?, said.collect()))
}

/// A recipe that only says which columns a scorer must hand in: those of all members, in the order they first appear.
fn inputs_of(members: &[Member]) -> FittedRecipe {
    let mut inputs = Vec::new();
    for input in members.iter().flat_map(|member| &member.recipe.inputs) {
        if !inputs.contains(input) {
            inputs.push(input.clone());
        }
    }
    FittedRecipe { format_version: FittedRecipe::FORMAT_VERSION, inputs, steps: Vec::new(), features: Vec::new() }
}
