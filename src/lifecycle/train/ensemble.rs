//! A run made of runs: their models' answers averaged, with weights learned on held-out rows.

use super::batch::{Job, Recorder};
use super::clock::Limit;
use super::fit::{self, Fitted0, Measured};
use super::session::Session;
use crate::data::recipe;
use crate::data::table::Table;
use crate::domain::ids::{GroupId, RunId};
use crate::domain::io::{Cancelled, JobIo};
use crate::domain::model::{FittedModel, Member, TrainedModel};
use crate::domain::params::{Algorithm, check_params};
use crate::domain::random::Shuffler;
use crate::domain::recipe::FittedRecipe;
use crate::domain::request::JobRequest;
use crate::domain::run::{HeldOut, Run, RunMetrics, RunStatus, Timings};
use crate::domain::task::{Predictions, Target};
use crate::lifecycle::StageError;
use crate::lifecycle::score::model_of;
use crate::ml::{ensemble, evaluation, importance, metrics, predict};
use crate::store::{Workspace, runs};

/// Share of a budget by which it may be passed to store what is ready.
const LATE: f64 = 0.05;

/// Combines those of the runs that completed and kept held-out predictions. `None` when there are fewer than two;
/// cancelled when it could not be stored within the limit.
pub fn combine(
    session: &Session<'_>,
    workspace: &Workspace,
    group: GroupId,
    ids: &[RunId],
    limit: Limit<'_>,
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

    let before_reading = limit.clock.seconds();
    let mut parts = Vec::new();
    for (at, (run, weight)) in chosen.iter().enumerate() {
        io.progress("Ensemble: reading", Some(0.2 + 0.1 * at as f64 / chosen.len() as f64))?;
        let model = model_of(workspace, run.id)?;
        parts.push(Member { weight: *weight, recipe: model.recipe, model: model.model });
    }
    let reading = limit.clock.seconds() - before_reading;
    let model = FittedModel::Ensemble { members: parts };
    let FittedModel::Ensemble { members: parts } = &model else { return Ok(None) };
    let train_rows = match fit::measured_rows(&model, session.rows.train.len()) {
        Some(some) => some.into_iter().map(|at| session.rows.train[at]).collect(),
        None => session.rows.train.clone(),
    };
    let (mut on_train, mut on_test) = (Vec::new(), Vec::new());
    let table = session.table();
    for (at, part) in parts.iter().enumerate() {
        io.progress("Ensemble: predicting", Some(0.3 + 0.5 * at as f64 / parts.len() as f64))?;
        let predict = |rows: &[u32]| said_by(session, &table, rows, part, io);
        on_train.push(predict(&train_rows)?);
        on_test.push(predict(&session.rows.test)?);
    }
    let weights: Vec<f64> = chosen.iter().map(|(_, weight)| *weight).collect();
    let average = |all: &[Predictions]| {
        let all: Vec<&Predictions> = all.iter().collect();
        ensemble::average(&weights, &all).unwrap_or(Predictions::Values(Vec::new()))
    };
    let (train_y, test_y) = (session.target.at(&train_rows)?, session.target.at(&session.rows.test)?);
    let learned_y = session.target.at(&session.rows.train)?;
    let inputs = inputs_of(parts);
    let added = importance(session, &model, &inputs, io)?;
    let cv = metrics::evaluate(session.task, &truth, &together);
    let (on_train, on_test) = (average(&on_train), average(&on_test));
    let rows = Measured { learned_y: &learned_y, train_y: &train_y, on_train, test_y: &test_y, on_test };
    let model = TrainedModel {
        format_version: 1,
        algorithm: plan.algorithm.as_str().to_owned(),
        task: plan.task,
        target: plan.target.clone(),
        classes: session.target.classes.clone(),
        recipe: inputs,
        model,
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
    let mut fitted = fit::finish(session, &plan, model, rows, &[], Some((held_out, truth, together)), known)?;
    evaluation::set_permutation(&mut fitted.evaluation, added);
    // From here on nothing stops it: a run that starts is a run that ends. Storing takes about as long as reading did.
    if limit.end.is_some_and(|end| limit.clock.seconds() + reading > end * (1.0 + LATE)) {
        return Err(Cancelled.into());
    }
    let mut job = Job::new(plan.clone());
    let asked = JobRequest::Train(session.request.clone());
    let recorder = Recorder { session, workspace, asked: &asked };
    recorder.start(&mut job, io)?;
    let Some(id) = job.id else { return Ok(None) };
    recorder.store(id, &plan, fitted)?;
    io.recorded();
    Ok(Some(id))
}

/// What a member says about rows of a table.
fn said_by(
    session: &Session<'_>,
    table: &Table,
    rows: &[u32],
    member: &Member,
    io: &dyn JobIo,
) -> Result<Predictions, StageError> {
    let x = recipe::encode(table, rows, &member.recipe, io)?;
    Ok(predict::predict(&member.model, session.task, session.n_classes(), &x, io)?)
}

/// Cells of shuffled rows that are predicted together. A forest is made ready for each prediction anew.
const TOGETHER: usize = 4_000_000;

/// Column → the loss its shuffling adds on some of the test rows, as [`permutation`](importance::permutation) has it for
/// single models. The columns are those of the table: each member has its own recipe.
fn importance(
    session: &Session<'_>,
    model: &FittedModel,
    inputs: &FittedRecipe,
    io: &dyn JobIo,
) -> Result<Vec<(String, f64)>, StageError> {
    let FittedModel::Ensemble { members } = model else { return Ok(Vec::new()) };
    let n_features = members.iter().map(|member| member.recipe.features.len()).max().unwrap_or(0);
    let picked = importance::picked(model, n_features, inputs.inputs.len(), session.rows.test.len());
    let rows: Vec<u32> = picked.into_iter().map(|at| session.rows.test[at]).collect();
    let truth = session.target.at(&rows)?;
    let mut table = Table { n_rows: rows.len(), ..Table::default() };
    let whole = session.table();
    for (schema, cells) in whole.iter().filter(|(c, _)| inputs.inputs.iter().any(|i| i.name == c.name)) {
        table.schema.columns.push(schema.clone());
        table.columns.push(cells.take(rows.iter().map(|&row| row as usize)));
    }
    let losses = |shuffles: &[Shuffle]| losses(session, members, &table, &truth, shuffles, io);
    let Some(before) = losses(&[None])?[0] else { return Ok(Vec::new()) };
    let mut source = Shuffler::new(session.request.split.seed);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let shuffles: Vec<Shuffle> = (0..table.columns.len())
        .map(|at| {
            source.shuffle(&mut order);
            Some((at, order.clone()))
        })
        .collect();
    let mut added = Vec::new();
    for some in shuffles.chunks((TOGETHER / (rows.len() * table.columns.len()).max(1)).max(1)) {
        io.progress("Ensemble: importance", Some(0.8 + 0.2 * added.len() as f64 / shuffles.len() as f64))?;
        let after = match losses(some) {
            Ok(after) => after,
            Err(error) if error.is_cancelled() => return Err(error),
            // A shuffled row may be out of all measure: then its column says nothing, and the others are asked alone.
            Err(_) => some.iter().map(|one| losses(std::slice::from_ref(one)).map_or(None, |one| one[0])).collect(),
        };
        added.extend(after.into_iter().map(|after| after.map_or(0.0, |after| (after - before).max(0.0))));
    }
    Ok(table.schema.names().map(str::to_owned).zip(added).collect())
}

/// A column and the order its cells are put in; or nothing is shuffled.
type Shuffle = Option<(usize, Vec<usize>)>;

/// The loss of the members together, once for each of these shuffles.
fn losses(
    session: &Session<'_>,
    members: &[Member],
    table: &Table,
    truth: &Target,
    shuffles: &[Shuffle],
    io: &dyn JobIo,
) -> Result<Vec<Option<f64>>, StageError> {
    let n = table.n_rows;
    let mut stacked = Table { n_rows: n * shuffles.len(), schema: table.schema.clone(), ..Table::default() };
    for (at, cells) in table.columns.iter().enumerate() {
        let order = shuffles.iter().flat_map(|shuffle| {
            let order = shuffle.as_ref().filter(|(column, _)| *column == at).map(|(_, order)| order);
            (0..n).map(move |row| order.map_or(row, |order| order[row]))
        });
        stacked.columns.push(cells.take(order));
    }
    let all: Vec<u32> = (0..stacked.n_rows as u32).collect();
    let said: Vec<Predictions> =
        members.iter().map(|member| said_by(session, &stacked, &all, member, io)).collect::<Result<_, _>>()?;
    let weights: Vec<f64> = members.iter().map(|member| member.weight).collect();
    let Some(together) = ensemble::average(&weights, &said.iter().collect::<Vec<_>>()) else {
        return Ok(vec![None; shuffles.len()]);
    };
    let of = |block: usize| importance::loss(truth, &together.rows(block * n..(block + 1) * n));
    Ok((0..shuffles.len()).map(of).collect())
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
