//! Score: a model on a file. The input's columns and rows, in their order, then what the model says. Rows go through
//! in pieces, so that the file may be larger than memory.

use std::ops::Range;
use std::time::Instant;

use crate::bundle;
use crate::data::recipe;
use crate::data::scoring::{self, ExtraColumn, ScoringFile};
use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::ids::RunId;
use crate::domain::io::{JobIo, Part};
use crate::domain::model::{FittedModel, TrainedModel};
use crate::domain::raw::RawColumns;
use crate::domain::recipe::{ColumnInput, FittedRecipe};
use crate::domain::request::{ScoreOutcome, ScoreRequest, ScoringModel};
use crate::domain::task::Predictions;
use crate::domain::words::file_name;
use crate::ml::error::PredictError;
use crate::ml::{calibrate, ensemble, predict};
use crate::store::{Workspace, activity, runs};

use super::StageError;
use super::resolve::check_place;

/// Rows encoded and scored at a time.
const PIECE_ROWS: usize = 65_536;

pub fn score(workspace: &Workspace, request: &ScoreRequest, io: &dyn JobIo) -> Result<ScoreOutcome, StageError> {
    let started = Instant::now();
    check_place(&request.output)?;
    // A copy, as for an import: the file may be written to, or be a pipe that never ends.
    let copy = workspace.stage_file(&request.input, &Part { io, from: 0.0, to: 0.1 })?;
    let name = file_name(&request.input);
    let scoring = Part { io, from: 0.1, to: 0.99 };
    let file = |inputs| ScoringFile { path: copy.path(), name: &name, inputs, out: &request.output };
    let (scored, by) = match &request.model {
        ScoringModel::Run(id) => {
            let model = model_of(workspace, *id)?;
            let inputs = inputs(&model.recipe);
            let mut done = 0;
            let mut predict = |raw: &RawColumns, io: &dyn JobIo| -> Result<_, StageError> {
                let predicted = answers(&model, raw, io).map_err(|error| in_file(error, done))?;
                done += raw.n_rows;
                Ok(columns(&model, predicted))
            };
            (scoring::score(&file(&inputs), &mut predict, &scoring)?, format!("run {id}"))
        }
        ScoringModel::Bundle(path) => {
            let bundle = bundle::open(path)?;
            let inputs = inputs(&bundle.manifest.model.recipe);
            let mut predict = |raw: &RawColumns, io: &dyn JobIo| -> Result<_, StageError> {
                io.progress("Scoring", Some(0.0))?;
                Ok(score_columns(bundle.score(raw)?))
            };
            (scoring::score(&file(&inputs), &mut predict, &scoring)?, file_name(path))
        }
    };
    let rows = scored.rows;
    let event = NewEvent {
        action: "scored".to_owned(),
        object_kind: ObjectKind::Scoring,
        object: by,
        summary: format!("{rows} rows of {name}"),
    };
    workspace.write(|tx| activity::append(tx, &event).map(drop))?;
    Ok(ScoreOutcome {
        rows,
        output: request.output.clone(),
        columns: scored.columns,
        seconds: started.elapsed().as_secs_f64(),
        warnings: scored.warnings,
    })
}

/// Rows are counted from the start of the file, not of the piece.
fn in_file(error: StageError, rows_before: usize) -> StageError {
    match error {
        StageError::Predict(PredictError::Overflow { row }) => PredictError::Overflow { row: row + rows_before }.into(),
        other => other,
    }
}

/// The stored model of a completed run.
pub fn model_of(workspace: &Workspace, id: RunId) -> Result<TrainedModel, StageError> {
    let run = workspace.read(|conn| runs::get(conn, id))?;
    let Some(hash) = &run.model_hash else {
        return Err(StageError::usage(
            format!("run {id} has no model: it is {}", run.status.as_str()),
            "Choose a completed run",
        ));
    };
    Ok(workspace.read_json(hash)?)
}

/// What the model says about raw rows, in pieces: neither the features of a large file nor anything else wide is ever
/// there at once.
pub fn answers(model: &TrainedModel, raw: &RawColumns, io: &dyn JobIo) -> Result<Predictions, StageError> {
    let mut all = None;
    for from in (0..raw.n_rows.max(1)).step_by(PIECE_ROWS) {
        let to = (from + PIECE_ROWS).min(raw.n_rows);
        let share = |row: usize| row as f64 / raw.n_rows.max(1) as f64;
        let part = Part { io, from: share(from), to: share(to) };
        let mut piece = piece(model, raw, from..to, &part)?;
        calibrate::correct(model, &mut piece);
        match (&mut all, piece) {
            (None, piece) => all = Some(piece),
            (Some(Predictions::Values(all)), Predictions::Values(more)) => all.extend(more),
            (
                Some(Predictions::Classes { probabilities: all, .. }),
                Predictions::Classes { probabilities: more, .. },
            ) => all.extend(more),
            (Some(_), _) => {}
        }
    }
    Ok(all.unwrap_or(Predictions::Values(Vec::new())))
}

/// What the learner says about some rows; an ensemble asks its members, each through its own recipe.
fn piece(
    model: &TrainedModel,
    raw: &RawColumns,
    rows: Range<usize>,
    io: &dyn JobIo,
) -> Result<Predictions, StageError> {
    let n_classes = model.classes.len();
    let FittedModel::Ensemble { members } = &model.model else {
        let features = recipe::encode_raw(raw, rows, &model.recipe)?;
        return Ok(predict::predict(&model.model, model.task, n_classes, &features, io)?);
    };
    let column = |name: &str| raw.columns.iter().find(|(known, _)| known == name).cloned();
    let mut said = Vec::new();
    for member in members {
        let columns = member.recipe.inputs.iter().filter_map(|input| column(&input.name)).collect();
        let own = RawColumns { n_rows: raw.n_rows, columns };
        let features = recipe::encode_raw(&own, rows.clone(), &member.recipe)?;
        said.push(predict::predict(&member.model, model.task, n_classes, &features, io)?);
    }
    let weights: Vec<f64> = members.iter().map(|member| member.weight).collect();
    ensemble::average(&weights, &said.iter().collect::<Vec<_>>())
        .ok_or_else(|| PredictError::Model { problem: "an ensemble without members".to_owned() }.into())
}

pub fn inputs(recipe: &FittedRecipe) -> Vec<(String, ColumnInput)> {
    recipe.inputs.iter().map(|c| (c.name.clone(), c.input.clone())).collect()
}

fn columns(model: &TrainedModel, predicted: Predictions) -> Vec<(String, ExtraColumn)> {
    let labels = predicted.labels_at(model.threshold);
    match predicted {
        Predictions::Values(values) => vec![("prediction".to_owned(), ExtraColumn::Numbers(values))],
        Predictions::Classes { probabilities, n_classes } => {
            let texts = labels.iter().map(|&l| model.classes[l as usize].clone()).collect();
            let mut columns = vec![("prediction".to_owned(), ExtraColumn::Texts(texts))];
            columns.extend(model.classes.iter().enumerate().map(|(k, class)| {
                let of_class = probabilities.iter().skip(k).step_by(n_classes).copied().collect();
                (format!("probability_{class}"), ExtraColumn::Numbers(of_class))
            }));
            columns
        }
    }
}

fn score_columns(scores: bundle::Scores) -> Vec<(String, ExtraColumn)> {
    let mut columns = Vec::new();
    if let Some(labels) = scores.labels {
        columns.push(("prediction".to_owned(), ExtraColumn::Texts(labels)));
    }
    if let Some(values) = scores.values {
        columns.push(("prediction".to_owned(), ExtraColumn::Numbers(values)));
    }
    let named = scores.probabilities.into_iter().map(|(class, p)| (format!("probability_{class}"), p));
    columns.extend(named.map(|(name, p)| (name, ExtraColumn::Numbers(p))));
    columns
}
