//! Columns that know the answer: scored alone before anything is learned, and left out unless somebody says why not.

use std::collections::BTreeMap;

use crate::data::checks::{self, CheckInput, NO_SETTINGS, Power};
use crate::data::columns::{StoredTable, TableRef};
use crate::data::part::TablePart;
use crate::data::split::sample_rows;
use crate::data::table::Table;
use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::dataset::DatasetVersion;
use crate::domain::io::JobIo;
use crate::domain::leakage::ColumnScore;
use crate::domain::request::TrainRequest;
use crate::lifecycle::resolve::load;
use crate::lifecycle::{StageError, validate};
use crate::store::{Workspace, activity};

use super::session::Session;

/// Rows that are scored. A copy of the target shows in far fewer.
const MOST_ROWS: usize = 10_000;
/// The same rows whatever the split: the plan says what training will do.
const SEED: u64 = 31;

/// The scores of these columns over some of these rows, by the limits of the dataset's suite.
pub fn scores(
    workspace: &Workspace,
    version: &DatasetVersion,
    (table, rows): (&Table, &[u32]),
    (columns, target): (&[String], &str),
    power: Power,
    io: &dyn JobIo,
) -> Result<Vec<ColumnScore>, StageError> {
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let suite = validate::saved_suite(workspace, version)?;
    let rows: Vec<u32> = sample_rows(rows.len(), MOST_ROWS, SEED).into_iter().map(|at| rows[at]).collect();
    let mut names = columns.to_vec();
    names.push(target.to_owned());
    let part = TablePart::new(table, &names, &rows);
    let input = CheckInput {
        target: Some(target),
        settings: suite.as_ref().map_or(&NO_SETTINGS, |saved| &saved.suite.checks),
        ..CheckInput::over(TableRef { schema: &part.schema, columns: &part })
    };
    Ok(checks::column_scores(&input, power, io)?)
}

/// The rows of a version that are enough to score its columns: all where they fit the memory budget, as training has
/// them then.
pub fn enough_rows(
    workspace: &Workspace,
    version: &DatasetVersion,
    fits: bool,
    io: &dyn JobIo,
) -> Result<Table, StageError> {
    if fits {
        return load(workspace, version);
    }
    let stored = StoredTable::open(&workspace.verified_object(&version.table_hash)?, &version.schema)?;
    Ok(TableRef { schema: &version.schema, columns: &stored }.glimpse(MOST_ROWS, io)?)
}

/// The features without those that know the answer, which join what is left out, and the reasons of those that are kept
/// all the same.
pub fn leave_out(
    request: &TrainRequest,
    scores: &[ColumnScore],
    features: &mut Vec<String>,
    excluded: &mut Vec<(String, String)>,
) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    for score in scores.iter().filter(|score| score.leaks()) {
        match request.options.keep_leaking.get(&score.column) {
            Some(reason) => drop(kept.insert(score.column.clone(), reason.clone())),
            None => {
                features.retain(|name| *name != score.column);
                excluded.push((score.column.clone(), score.reason(&request.target)));
            }
        }
    }
    kept
}

/// Whether the columns to keep are there.
pub fn check_kept(version: &DatasetVersion, request: &TrainRequest) -> Result<(), StageError> {
    let unknown = request.options.keep_leaking.keys().find(|column| version.schema.column(column).is_none());
    match unknown {
        None => Ok(()),
        Some(column) => Err(StageError::usage(
            format!("there is no column `{column}` to keep in {}", version.label()),
            format!("Its columns are {}", version.schema.names().collect::<Vec<_>>().join(", ")),
        )),
    }
}

/// What was kept, in the activity log.
pub fn log_kept(workspace: &Workspace, session: &Session<'_>) -> Result<(), StageError> {
    if session.kept.is_empty() {
        return Ok(());
    }
    Ok(workspace.write(|tx| {
        for (column, reason) in &session.kept {
            let event = NewEvent {
                action: "kept".to_owned(),
                object_kind: ObjectKind::Dataset,
                object: session.version.label(),
                summary: format!(
                    "Kept `{column}` to predict `{}` though it knows the answer: {reason}",
                    session.request.target
                ),
            };
            activity::append(tx, &event)?;
        }
        Ok(())
    })?)
}
