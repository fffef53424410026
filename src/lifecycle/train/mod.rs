//! Train: from a dataset version and a target to compared, stored runs.
//!
//! Everything fitted is fitted on training rows only, in each fold anew. Algorithms and folds go side by side on all
//! cores; one run failing does not take the others with it; each run is committed when it ends, so that a crash costs at
//! most those under way, and the rest of the request can be gone on with.

mod batch;
pub mod clock;
pub mod decide;
mod encode;
mod ensemble;
mod fit;
mod leaks;
pub mod looks;
mod pool;
pub mod propose;
pub mod reproduce;
mod session;
mod split_check;
#[cfg(test)]
mod tests;
pub mod tune;

use std::time::Instant;

use crate::domain::ids::{GroupId, RunId};
use crate::domain::io::{Cancelled, JobIo, Part};
use crate::domain::params::{Algorithm, CheckedParams};
use crate::domain::request::{DataRef, JobRequest, TrainOutcome, TrainRequest};
use crate::domain::run::{Run, RunStatus, best_run};
use crate::domain::split_check::SplitCheck;
use crate::domain::training::{GroupRequest, RunGroup};
use crate::store::{Workspace, groups, runs};

use super::resolve::resolve;
use super::{StageError, gates};
use batch::{Batch, Job};
use clock::{Clock, Limit};
use session::{Session, choose_algorithms};

/// Share of a budget that is left for the ensemble, which needs all others first. It reads their models and stores them
/// again, neither of which can be stopped half-way.
const ENSEMBLE_SHARE: f64 = 0.08;

pub fn train(workspace: &Workspace, request: &TrainRequest, io: &dyn JobIo) -> Result<TrainOutcome, StageError> {
    train_past(workspace, request, None, &Instant::now(), io)
}

/// The same by a clock of the caller's, and past red gates on the split where there is a reason.
pub fn train_past(
    workspace: &Workspace,
    request: &TrainRequest,
    reason: Option<&str>,
    clock: &dyn Clock,
    io: &dyn JobIo,
) -> Result<TrainOutcome, StageError> {
    check_budget(request)?;
    let (request, resumed) = match request.options.resume {
        Some(group) => resumed_train(workspace, group, request)?,
        None => (request.clone(), None),
    };
    let request = decided_as_before(workspace, request)?;
    let version = resolve(workspace, &request.data, &Part { io, from: 0.0, to: 0.1 })?;
    // A group must go on with the same rows, whatever comes after it.
    let request = TrainRequest { data: DataRef::Version(version.id), ..request };
    let session = Session::open(workspace, &request, version, &Part { io, from: 0.1, to: 0.13 })?;
    let algorithms = choose_algorithms(&request, session.task)?;
    let done = resumed.map_or(Ok(Vec::new()), |group| completed(workspace, group))?;
    let is_done = |(algorithm, params): &(Algorithm, CheckedParams)| {
        done.iter().any(|run| run.plan.algorithm == *algorithm && run.plan.params == *params)
    };
    let order: Vec<Algorithm> = algorithms.iter().map(|(algorithm, _)| *algorithm).collect();
    let plans = algorithms.into_iter().filter(|one| !is_done(one));
    let plans = plans.map(|(algorithm, params)| session.plan(algorithm, params, None, None)).collect();

    let wants_ensemble = request.options.ensemble || request.algorithms.contains(&Algorithm::Ensemble);
    let whole = request.options.budget_seconds;
    let end = whole.map(|seconds| if wants_ensemble { seconds * (1.0 - ENSEMBLE_SHARE) } else { seconds });
    let limit = Limit { clock, end };
    let mut batch = Batch::new(&session, workspace, plans, limit, JobRequest::Train(request.clone()));
    let units = batch.all_units();
    let begin = || begin(workspace, &session, &request, resumed, reason, &Part { io, from: 0.13, to: 0.15 });
    let fitting = Part { io, from: 0.15, to: 0.95 };
    let begun = if session.is_small() {
        let mut begun = None;
        let first = |jobs: &mut [Job]| {
            let made = begin()?;
            jobs.iter_mut().for_each(|job| job.belongs_to(made.group, made.split_check.id));
            begun = Some(made);
            Ok(())
        };
        batch.run_beside(&units, first, &fitting)?;
        begun
    } else {
        let made = begin()?;
        session.keep_features_only();
        batch.jobs.iter_mut().for_each(|job| job.belongs_to(made.group, made.split_check.id));
        if !wants_ensemble {
            batch.is_last();
        }
        batch.run(&units, &fitting)?;
        Some(made)
    };
    let Some(Begun { group, split_check }) = begun else { return Err(Cancelled.into()) };
    let mut finished: Vec<RunId> = done.iter().map(|run| run.id).collect();
    finished.extend(batch.ids());
    let mut no_ensemble = false;
    if wants_ensemble {
        let part = Part { io, from: 0.95, to: 1.0 };
        let timed = Timed { io: &part, limit: Limit { clock, end: whole } };
        match ensemble::combine(&session, workspace, group, &finished, timed.limit, &timed) {
            Ok(made) => finished.extend(made),
            // Nothing was begun in the store, and it was the time that ended it.
            Err(error) if error.is_cancelled() && whole.is_some() && part.progress("", None).is_ok() => {
                no_ensemble = true;
            }
            Err(error) => return Err(error),
        }
    }
    let all_began = batch.jobs.iter().all(|job| job.id.is_some());
    let mut warnings = told(&session, all_began);
    if no_ensemble {
        warnings.push("The time budget was spent before the runs were combined".to_owned());
    }
    let found = |id: &RunId| workspace.read(|conn| runs::get(conn, *id));
    let mut runs = finished.iter().map(found).collect::<Result<Vec<Run>, _>>()?;
    // As they were asked for; the ensemble, which was not, is the last.
    runs.sort_by_key(|run| order.iter().position(|one| *one == run.plan.algorithm).unwrap_or(order.len()));
    // Runs that the budget cut short can be gone on with.
    if all_began && !no_ensemble && runs.iter().all(|run| run.status != RunStatus::Cancelled) {
        workspace.write(|tx| groups::end(tx, group))?;
    }
    let best = best_run(&runs).map(|run| run.id);
    let (proposal, left_out) = (session.proposal.clone(), !all_began || no_ensemble);
    Ok(TrainOutcome {
        proposal,
        group: Some(group),
        left_out,
        runs,
        best,
        warnings,
        split_check: Some(Box::new(split_check)),
    })
}

/// What stands before the first run is stored.
struct Begun {
    group: GroupId,
    split_check: SplitCheck,
}

/// Holds the test rows against the training rows, asks the gates, and writes down what was asked for.
fn begin(
    workspace: &Workspace,
    session: &Session<'_>,
    request: &TrainRequest,
    resumed: Option<GroupId>,
    reason: Option<&str>,
    io: &dyn JobIo,
) -> Result<Begun, StageError> {
    let split_check = split_check::judge(workspace, session, io)?;
    gates::before_split(workspace, &session.version, &split_check, reason, io)?;
    let group = match resumed {
        Some(group) => group,
        None => {
            leaks::log_kept(workspace, session)?;
            workspace.write(|tx| groups::insert(tx, &GroupRequest::Train(Box::new(request.clone()))))?
        }
    };
    Ok(Begun { group, split_check })
}

/// Stops when the time is over.
struct Timed<'a> {
    io: &'a dyn JobIo,
    limit: Limit<'a>,
}

impl JobIo for Timed<'_> {
    fn progress(&self, phase: &str, fraction: Option<f64>) -> Result<(), Cancelled> {
        if self.limit.is_over() { Err(Cancelled) } else { self.io.progress(phase, fraction) }
    }

    fn recorded(&self) {
        self.io.recorded();
    }
}

fn told(session: &Session<'_>, all_began: bool) -> Vec<String> {
    let mut warnings = session.warnings.clone();
    if !all_began {
        warnings.push("The time budget was spent before every algorithm had its turn".to_owned());
    }
    warnings
}

fn check_budget(request: &TrainRequest) -> Result<(), StageError> {
    match request.options.budget_seconds {
        Some(seconds) if !(seconds > 0.0 && seconds.is_finite()) => Err(StageError::usage(
            format!("a time budget of {seconds} seconds leaves no time"),
            "Give a budget such as 60s or 5m, or none",
        )),
        _ => Ok(()),
    }
}

/// The request of a group, with the budget of whoever goes on with it.
fn resumed_train(
    workspace: &Workspace,
    id: GroupId,
    asked: &TrainRequest,
) -> Result<(TrainRequest, Option<GroupId>), StageError> {
    match workspace.read(|conn| groups::get(conn, id))?.request {
        GroupRequest::Train(mut request) => {
            request.options.budget_seconds = asked.options.budget_seconds;
            request.options.resume = Some(id);
            Ok((*request, Some(id)))
        }
        GroupRequest::Tune(_) => Err(StageError::usage(
            format!("group {id} is a search for parameters"),
            format!("Go on with it by `tune --resume {id}`"),
        )),
    }
}

/// On the rows of another run, decisions are made as that run makes them, unless something is said about them: a cut
/// or a correction somebody chose is not lost by training again.
pub(super) fn decided_as_before(workspace: &Workspace, mut request: TrainRequest) -> Result<TrainRequest, StageError> {
    if let Some(id) = request.options.split_of.filter(|_| request.options.decision.is_plain()) {
        let before = workspace.read(|conn| runs::get(conn, id))?.plan;
        if before.target == request.target && request.folds > 0 {
            request.options.decision = before.context.decision;
        }
    }
    Ok(request)
}

/// The runs of a group that need not be done again.
pub(super) fn completed(workspace: &Workspace, group: GroupId) -> Result<Vec<Run>, StageError> {
    Ok(workspace.read(|conn| {
        let ids = groups::runs(conn, group)?;
        let all: Vec<Run> = ids.into_iter().map(|id| runs::get(conn, id)).collect::<Result<_, _>>()?;
        Ok(all.into_iter().filter(|run| run.status == RunStatus::Completed).collect())
    })?)
}

/// Requests that did not end, newest first: a window offers to go on with them.
pub fn open_groups(workspace: &Workspace) -> Result<Vec<RunGroup>, StageError> {
    Ok(workspace.read(groups::open)?)
}
