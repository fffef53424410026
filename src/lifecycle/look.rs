//! Looking: what the window and the listing commands read. Nothing here changes anything but the bookkeeping of runs
//! whose process is gone.

use std::ops::Range;

use crate::data::view::TableView;
use crate::domain::activity::NewEvent;
use crate::domain::evaluation::Evaluation;
use crate::domain::history::History;
use crate::domain::ids::{DatasetId, RunId, VersionId};
use crate::domain::io::JobIo;
use crate::domain::profile::TableProfile;
use crate::domain::run::MetricPoint;
use crate::domain::split::SplitRows;
use crate::domain::split_check::SplitCheck;
use crate::domain::table::{TablePage, TableQuery};
use crate::store::{Workspace, activity, branches, bundles, checks, datasets, drift, runs, split_checks, tags};

use super::StageError;

/// Activity entries that are read at once.
const EVENTS: u32 = 5_000;

/// Marks runs whose process is gone, and removes what dead processes left. Looking must not fail because this cannot be
/// done (a read-only folder, another program writing): it is tried again the next time.
pub fn tidy(workspace: &Workspace) {
    if let Err(error) = workspace.sweep_interrupted() {
        tracing::info!("interrupted runs could not be marked: {error}");
    }
}

/// All lists. Runs whose process died are found and marked first.
pub fn history(workspace: &Workspace) -> Result<History, StageError> {
    tidy(workspace);
    Ok(workspace.read(|conn| {
        Ok(History {
            versions: datasets::all(conn)?,
            check_runs: checks::all(conn)?,
            runs: runs::all(conn)?,
            bundles: bundles::all(conn)?,
            drifts: drift::all(conn)?,
            events: activity::recent(conn, EVENTS)?,
            branches: branches::all(conn)?,
            tags: tags::all(conn)?,
        })
    })?)
}

pub fn profile(workspace: &Workspace, id: VersionId) -> Result<TableProfile, StageError> {
    Ok(workspace.read(|conn| datasets::profile(conn, id))?)
}

/// The evaluation (when the run completed) and the points of its metrics.
pub fn run_detail(workspace: &Workspace, id: RunId) -> Result<(Option<Evaluation>, Vec<MetricPoint>), StageError> {
    let (run, points) = workspace.read(|conn| Ok((runs::get(conn, id)?, runs::points(conn, id)?)))?;
    let evaluation = run.evaluation_hash.as_ref().map(|hash| workspace.read_json(hash)).transpose()?;
    Ok((evaluation, points))
}

/// What the checks say of the rows a run trained and tested on; nothing of runs from before splits were checked.
pub fn split_check(workspace: &Workspace, id: RunId) -> Result<Option<SplitCheck>, StageError> {
    Ok(workspace.read(|conn| {
        let id = runs::get(conn, id)?.plan.context.split_check;
        id.map(|id| split_checks::get(conn, id)).transpose()
    })?)
}

/// What the checks say of the splits of a dataset, newest first.
pub fn split_checks(workspace: &Workspace, dataset: DatasetId) -> Result<Vec<SplitCheck>, StageError> {
    Ok(workspace.read(|conn| split_checks::of_dataset(conn, dataset))?)
}

/// How often the test rows of a run were looked at, itself included.
pub fn looks(workspace: &Workspace, id: RunId, rows: &SplitRows) -> Result<u64, StageError> {
    let (run, version) = workspace.read(|conn| {
        let run = runs::get(conn, id)?;
        let version = datasets::version(conn, run.plan.version_id)?;
        Ok((run, version))
    })?;
    super::train::looks::count(workspace, &version, &run.plan.target, &rows.test)
}

/// The rows a run trained and tested on.
pub fn split(workspace: &Workspace, id: RunId) -> Result<SplitRows, StageError> {
    let run = workspace.read(|conn| runs::get(conn, id))?;
    Ok(workspace.read_json(&run.plan.split_hash)?)
}

/// The rows of a version, ready to be paged.
pub fn table(workspace: &Workspace, id: VersionId) -> Result<TableView, StageError> {
    let version = workspace.read(|conn| datasets::version(conn, id))?;
    super::resolve::require_present(workspace, &version)?;
    let path = workspace.verified_object(&version.table_hash)?;
    Ok(TableView::open(&path, &version.schema)?)
}

/// The first rows of a query's result from `first` on (0-based), and how many rows it has. `columns` are positions in
/// the schema.
pub fn rows(
    workspace: &Workspace,
    id: VersionId,
    query: &TableQuery,
    columns: &[usize],
    rows: Range<u64>,
    io: &dyn JobIo,
) -> Result<(TablePage, u64), StageError> {
    let view = table(workspace, id)?;
    let order = view.order(query, io)?;
    Ok((view.page(&order, rows, columns)?, order.len(view.n_rows())))
}

pub fn rename_dataset(workspace: &Workspace, id: DatasetId, name: &str, event: &NewEvent) -> Result<(), StageError> {
    Ok(workspace.write(|tx| {
        datasets::rename_dataset(tx, id, name)?;
        activity::append(tx, event).map(drop)
    })?)
}

pub fn hide_dataset(workspace: &Workspace, id: DatasetId, hidden: bool, event: &NewEvent) -> Result<(), StageError> {
    Ok(workspace.write(|tx| {
        datasets::hide_dataset(tx, id, hidden)?;
        activity::append(tx, event).map(drop)
    })?)
}

pub fn hide_run(workspace: &Workspace, id: RunId, hidden: bool, event: &NewEvent) -> Result<(), StageError> {
    Ok(workspace.write(|tx| {
        runs::hide(tx, id, hidden)?;
        activity::append(tx, event).map(drop)
    })?)
}
