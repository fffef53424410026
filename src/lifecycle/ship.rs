//! Ship: a completed run becomes a bundle that other software can run, proved before it counts.

use std::collections::BTreeSet;

use crate::bundle::{self, BundleContents, CardFacts};
use crate::data::recipe;
use crate::data::table::Table;
use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::bundle::Lineage;
use crate::domain::dataset::DatasetVersion;
use crate::domain::evaluation::Evaluation;
use crate::domain::io::{JobIo, Part};
use crate::domain::model::TrainedModel;
use crate::domain::raw::{RawColumn, RawColumns};
use crate::domain::request::{ExportOutcome, ExportRequest};
use crate::domain::run::Run;
use crate::domain::schema::ColumnSchema;
use crate::domain::split::SplitRows;
use crate::domain::words::file_name;
use crate::store::bundles::{self, NewBundle};
use crate::store::{Workspace, activity, datasets, runs};

use super::StageError;
use super::resolve::{Opened, check_place, open};
use super::score::{answers, model_of};

/// Rows of the table that prove the bundle; two made-up ones join them.
const GOLDEN_ROWS: usize = 50;
/// Rows that are looked at for golden ones where the table does not fit the memory budget.
const POOL_ROWS: usize = 100_000;
/// A text that no category equals.
const UNSEEN: &str = "(a category that nobody saw)";

pub fn export(workspace: &Workspace, request: &ExportRequest, io: &dyn JobIo) -> Result<ExportOutcome, StageError> {
    check_place(&request.out)?;
    super::storage::remove_unfinished(request.out.parent().unwrap_or(std::path::Path::new(".")));
    io.progress("Reading the run", Some(0.0))?;
    let run = workspace.read(|conn| runs::get(conn, request.run))?;
    let model = model_of(workspace, run.id)?;
    let version = workspace.read(|conn| datasets::version(conn, run.plan.version_id))?;
    let evaluation: Option<Evaluation> =
        run.evaluation_hash.as_ref().map(|hash| workspace.read_json(hash)).transpose()?;

    io.progress("Choosing golden rows", Some(0.2))?;
    let rows: SplitRows = workspace.read_json(&run.plan.split_hash)?;
    let reading = Part { io, from: 0.2, to: 0.4 };
    let golden = golden_rows(&pool(workspace, &version, &rows, &model, &reading)?, &model)?;
    let expected = answers(&model, &golden, io)?;

    let card = bundle::model_card(&CardFacts {
        split_check: super::look::split_check(workspace, run.id)?,
        ..card_facts(&run, &version, &model, evaluation.as_ref())
    });
    let contents = BundleContents {
        inputs: input_schema(&version, &model),
        lineage: Lineage {
            run: run.id,
            dataset: version.label(),
            source_hash: version.source_hash.clone(),
            split_hash: run.plan.split_hash.clone(),
            seed: run.plan.seed,
        },
        metrics: run.metrics.test.clone(),
        golden_inputs: golden,
        golden_expected: expected,
        card_markdown: card.clone(),
        // The run's own time: exporting twice gives the same bytes.
        created_at_ms: run.ended_at_ms.unwrap_or(run.started_at_ms),
        model: &model,
    };
    let written = bundle::write(&request.out, &contents, &Part { io, from: 0.4, to: 0.85 })?;
    io.progress("Saving a copy in the workspace", Some(0.9))?;
    workspace.snapshot_file(&request.out, io)?;

    let file_name = file_name(&request.out);
    let event = NewEvent {
        action: "exported".to_owned(),
        object_kind: ObjectKind::Bundle,
        object: file_name.clone(),
        summary: format!(
            "run {} as {} ({} golden rows, largest difference {:.1e})",
            run.id,
            written.sha256.short(),
            written.golden_rows,
            written.golden_max_abs_diff
        ),
    };
    let new = NewBundle {
        run_id: run.id,
        file_name,
        sha256: written.sha256,
        bytes: written.bytes,
        files: written.files,
        golden_max_abs_diff: written.golden_max_abs_diff,
        golden_rows: written.golden_rows,
        card_markdown: card,
    };
    let bundle = workspace.write(|tx| {
        let bundle = bundles::insert(tx, &new)?;
        activity::append(tx, &event)?;
        Ok(bundle)
    })?;
    io.recorded();
    Ok(ExportOutcome { bundle, path: request.out.clone() })
}

fn input_schema(version: &DatasetVersion, model: &TrainedModel) -> Vec<ColumnSchema> {
    model.recipe.inputs.iter().filter_map(|c| version.schema.column(&c.name).cloned()).collect()
}

/// The test rows, or the training rows when there are none; of a table larger than the memory budget the first ones.
fn pool(
    workspace: &Workspace,
    version: &DatasetVersion,
    rows: &SplitRows,
    model: &TrainedModel,
    io: &dyn JobIo,
) -> Result<Table, StageError> {
    let opened = open(workspace, version)?;
    let chosen = if rows.test.is_empty() { &rows.train } else { &rows.test };
    let most = if matches!(opened, Opened::Disk(..)) { POOL_ROWS } else { chosen.len() };
    let chosen: Vec<usize> = chosen.iter().take(most).map(|row| *row as usize).collect();
    Ok(opened.table().gather_table(&chosen, |name| model.recipe.input(name).is_some(), io)?)
}

/// Rows of the pool: those with gaps first, then evenly picked; and two rows that no table has, one all missing and one of
/// categories and numbers nobody saw.
fn golden_rows(pool: &Table, model: &TrainedModel) -> Result<RawColumns, StageError> {
    let rows: Vec<u32> = (0..pool.n_rows as u32).collect();
    let all = recipe::raw(pool, &rows, &model.recipe)?.columns;
    let with_gap = (0..all.n_rows).filter(|&row| all.columns.iter().any(|(_, c)| is_missing(c, row)));
    let mut picked: BTreeSet<usize> = with_gap.take(GOLDEN_ROWS / 2).collect();
    let step = (all.n_rows / GOLDEN_ROWS).max(1);
    picked.extend((0..all.n_rows).step_by(step).take(GOLDEN_ROWS));
    let mut golden = all.take(&picked.into_iter().take(GOLDEN_ROWS).collect::<Vec<_>>());
    for (_, cells) in &mut golden.columns {
        match cells {
            RawColumn::Numbers(v) => v.extend([f64::NAN, beyond(v)]),
            RawColumn::Texts(v) => v.extend([String::new(), UNSEEN.to_owned()]),
        }
    }
    golden.n_rows += 2;
    Ok(golden)
}

/// A number outside of those seen, but not so far that a model on a logarithmic scale leaves the finite numbers.
fn beyond(seen: &[f64]) -> f64 {
    let finite = || seen.iter().copied().filter(|v| v.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let out = high + (high - low).max(1.0);
    if out.is_finite() { out } else { 0.0 }
}

fn is_missing(column: &RawColumn, row: usize) -> bool {
    match column {
        RawColumn::Numbers(v) => v[row].is_nan(),
        RawColumn::Texts(v) => v[row].is_empty(),
    }
}

fn card_facts(run: &Run, version: &DatasetVersion, model: &TrainedModel, evaluation: Option<&Evaluation>) -> CardFacts {
    let plan = &run.plan;
    CardFacts {
        title: format!("{}: {}, run {}", plan.target, plan.algorithm.title(), run.id),
        task: plan.task,
        target: plan.target.clone(),
        classes: model.classes.clone(),
        algorithm: plan.algorithm.title().to_owned(),
        parameters: plan.params.iter().map(|(name, value)| (name.to_owned(), value.to_string())).collect(),
        dataset: version.label(),
        dataset_hash: version.source_hash.to_string(),
        rows: version.rows,
        train_rows: run.train_rows,
        test_rows: run.test_rows,
        split: format!(
            "{}, {} % test{}",
            plan.split.kind.describe(),
            plan.split.test_share * 100.0,
            plan.sampled.map_or_else(String::new, |sample| format!(", of {}", sample.describe()))
        ),
        split_check: None,
        seed: plan.seed,
        metrics: run.metrics.clone(),
        features: plan.features.clone(),
        excluded: plan.excluded.clone(),
        importance: evaluation.map(|e| e.importance.clone()).unwrap_or_default(),
        importance_by: evaluation.map(|e| e.importance_by).unwrap_or_default(),
        onnx_bytes: bundle::onnx_size(model),
        environment: plan.environment.clone(),
        warnings: run.warnings.clone(),
        created_at_ms: run.ended_at_ms.unwrap_or(run.started_at_ms),
    }
}
