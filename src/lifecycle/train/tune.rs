//! Tune: look for good parameters of one algorithm. Every trial is a run of one group.
//!
//! Trials go in rounds of a fixed size whatever the number of cores, each round proposed from what all earlier ones
//! came to: the same seed gives the same trials everywhere.

use std::time::Instant;

use super::batch::{Batch, out_of_time};
use super::clock::{Clock, Limit};
use super::encode::Rows;
use super::pool::Unit;
use super::session::Session;
use super::{check_budget, completed, leaks, split_check};
use crate::domain::ids::GroupId;
use crate::domain::io::{JobIo, Part};
use crate::domain::metric::Metric;
use crate::domain::params::{Algorithm, CheckedParams, ParamDraft, check_params, check_space};
use crate::domain::problem::Problem;
use crate::domain::request::{DataRef, JobRequest, TrainRequest};
use crate::domain::run::{Run, RunStatus, best_run};
use crate::domain::training::{GroupRequest, Trial, TuneMethod, TuneOutcome, TuneRequest};
use crate::lifecycle::resolve::resolve;
use crate::lifecycle::{StageError, gates};
use crate::ml::tune::{self, Space, Tried};
use crate::store::{Workspace, groups, runs};

/// Trials side by side.
const ROUND: usize = 4;
/// Folds after which a trial is compared with earlier ones.
const LOOK_AFTER: usize = 2;
/// Trials at most, whatever is asked for.
const MOST_TRIALS: u32 = 10_000;

pub fn tune(workspace: &Workspace, request: &TuneRequest, io: &dyn JobIo) -> Result<TuneOutcome, StageError> {
    tune_past(workspace, request, None, &Instant::now(), io)
}

/// The same by a clock of the caller's, and past red gates on the split where there is a reason.
pub fn tune_past(
    workspace: &Workspace,
    request: &TuneRequest,
    reason: Option<&str>,
    clock: &dyn Clock,
    io: &dyn JobIo,
) -> Result<TuneOutcome, StageError> {
    check_budget(&request.train)?;
    let (request, resumed) = resumed(workspace, request)?;
    let version = resolve(workspace, &request.train.data, &Part { io, from: 0.0, to: 0.05 })?;
    let train = super::decided_as_before(workspace, request.train.clone())?;
    let train = TrainRequest { data: DataRef::Version(version.id), ..train };
    let session = Session::open(workspace, &train, version, &Part { io, from: 0.05, to: 0.08 })?;
    let split_check = split_check::judge(workspace, &session, &Part { io, from: 0.08, to: 0.1 })?;
    gates::before_split(workspace, &session.version, &split_check, reason, io)?;
    let algorithm = the_algorithm(&request, &session)?;
    let fixed = train.params.get(&algorithm).cloned().unwrap_or_default();
    check_params(algorithm, &fixed).map_err(StageError::Params)?;
    let problems = check_space(algorithm, &request.space);
    if !problems.is_empty() {
        return Err(StageError::Params(problems));
    }
    let space = Space::within(algorithm, &fixed, &request.space);
    if space.is_empty() {
        return Err(StageError::usage(
            format!("{} has no parameter to tune", algorithm.as_str()),
            "Train it as it is, or fix fewer parameters",
        ));
    }
    let request = TuneRequest { train: train.clone(), ..request };
    let group = match resumed {
        Some(group) => group,
        None => {
            leaks::log_kept(workspace, &session)?;
            workspace.write(|tx| groups::insert(tx, &GroupRequest::Tune(Box::new(request.clone()))))?
        }
    };
    let limit = Limit { clock, end: train.options.budget_seconds };
    let mut search = Search {
        workspace,
        session: &session,
        request: &request,
        algorithm,
        space,
        group,
        limit,
        history: earlier(workspace, group)?,
        pruned: 0,
        io,
    };
    match request.method {
        TuneMethod::Random | TuneMethod::Tpe => search.rounds()?,
        TuneMethod::Halving => search.stages()?,
    }
    Ok(TuneOutcome { split_check: Some(Box::new(split_check)), ..search.outcome()? })
}

/// The request of a group that is gone on with, with the budget and the number of trials of whoever asks.
fn resumed(workspace: &Workspace, asked: &TuneRequest) -> Result<(TuneRequest, Option<GroupId>), StageError> {
    let Some(id) = asked.train.options.resume else { return Ok((asked.clone(), None)) };
    match workspace.read(|conn| groups::get(conn, id))?.request {
        GroupRequest::Tune(mut request) => {
            request.train.options.budget_seconds = asked.train.options.budget_seconds;
            request.train.options.resume = Some(id);
            request.trials = request.trials.max(asked.trials);
            Ok((*request, Some(id)))
        }
        GroupRequest::Train(_) => Err(StageError::usage(
            format!("group {id} is no search for parameters"),
            format!("Go on with it by `train --resume {id}`"),
        )),
    }
}

fn the_algorithm(request: &TuneRequest, session: &Session<'_>) -> Result<Algorithm, StageError> {
    let [algorithm] = request.train.algorithms.as_slice() else {
        return Err(StageError::usage("one algorithm can be tuned at a time", "Name it with --algorithm"));
    };
    if !algorithm.fits(session.task) || *algorithm == Algorithm::Ensemble {
        let fit: Vec<&str> = Algorithm::for_task(session.task).iter().map(|a| a.as_str()).collect();
        return Err(StageError::usage(
            format!("{} cannot be tuned for a {} task", algorithm.as_str(), session.task.as_str()),
            format!("Choose among {}", fit.join(", ")),
        ));
    }
    if request.trials == 0 || request.trials > MOST_TRIALS {
        return Err(StageError::usage(format!("{} trials cannot be made", request.trials), "Give --trials 1 to 10000"));
    }
    Ok(*algorithm)
}

/// One trial that ended, in whatever way but by being cancelled or interrupted.
struct Past {
    trial: Trial,
    params: ParamDraft,
    /// Of all folds, or of the test rows without folds; of a pruned trial that of the folds it had.
    score: Option<f64>,
    /// The mean over the first folds, which later trials are measured against.
    early: Option<f64>,
}

fn earlier(workspace: &Workspace, group: GroupId) -> Result<Vec<Past>, StageError> {
    let mut all = Vec::new();
    for run in completed(workspace, group)? {
        let Some(trial) = run.plan.context.trial else { continue };
        let points = workspace.read(|conn| runs::points(conn, run.id))?;
        let key = Metric::primary(run.plan.task).key();
        let folds: Vec<f64> = points
            .iter()
            .filter(|p| p.part == "fold" && p.metric == key && p.step as usize <= LOOK_AFTER)
            .map(|p| p.value)
            .collect();
        let early = (folds.len() == LOOK_AFTER).then(|| folds.iter().sum::<f64>() / LOOK_AFTER as f64);
        all.push(Past { trial, params: run.plan.params.to_draft(), score: run.score(), early });
    }
    all.sort_by_key(|past| past.trial.number);
    Ok(all)
}

struct Search<'a> {
    workspace: &'a Workspace,
    session: &'a Session<'a>,
    request: &'a TuneRequest,
    algorithm: Algorithm,
    space: Space,
    group: GroupId,
    limit: Limit<'a>,
    history: Vec<Past>,
    pruned: u32,
    io: &'a dyn JobIo,
}

impl Search<'_> {
    fn metric(&self) -> Metric {
        Metric::primary(self.session.task)
    }

    fn seed(&self) -> u64 {
        self.session.request.split.seed
    }

    /// Random and TPE: rounds until the trials or the time are spent.
    fn rounds(&mut self) -> Result<(), StageError> {
        let trials = self.request.trials as usize;
        for first in (1..=trials).step_by(ROUND) {
            if self.limit.is_over() {
                break;
            }
            // Of a search that is gone on with, what is there is not done again.
            let missing = (first..(first + ROUND).min(trials + 1))
                .filter(|number| !self.history.iter().any(|past| past.trial.number as usize == *number));
            // Only what came before this round: the same with and without a stop in between.
            let tried: Vec<Tried<'_>> = self
                .history
                .iter()
                .filter(|past| (past.trial.number as usize) < first)
                .filter_map(|past| Some(Tried { params: &past.params, score: past.score? }))
                .collect();
            let propose = |number: usize| {
                let number = number as u32;
                match self.request.method {
                    // The defaults come first: what is found must beat them.
                    _ if number == 1 => self.default_draft(),
                    TuneMethod::Tpe => self.space.tpe(self.metric(), &tried, self.seed(), number),
                    TuneMethod::Random | TuneMethod::Halving => self.space.random(self.seed(), number),
                }
            };
            let proposed: Vec<(Trial, ParamDraft)> =
                missing.map(|n| (Trial { number: n as u32, rows_share: 1.0 }, propose(n))).collect();
            self.run(proposed, self.request.prune)?;
        }
        Ok(())
    }

    /// Successive halving: each stage keeps the best third of the one before, on three times the rows.
    fn stages(&mut self) -> Result<(), StageError> {
        let stages = tune::stages(self.request.trials as usize);
        let mut kept: Vec<ParamDraft> = (1..=stages[0].0 as u32)
            .map(|number| if number == 1 { self.default_draft() } else { self.space.random(self.seed(), number) })
            .collect();
        let mut number = 0;
        for (n, rows_share) in stages {
            kept.truncate(n);
            let trials: Vec<(Trial, ParamDraft)> = kept
                .drain(..)
                .map(|draft| {
                    number += 1;
                    (Trial { number, rows_share }, draft)
                })
                .collect();
            for round in trials.chunks(ROUND) {
                if self.limit.is_over() {
                    return Ok(());
                }
                let missing =
                    round.iter().filter(|(trial, _)| !self.history.iter().any(|p| p.trial.number == trial.number));
                self.run(missing.cloned().collect(), false)?;
            }
            let metric = self.metric();
            let mut stage: Vec<&Past> = self
                .history
                .iter()
                .filter(|past| past.trial.rows_share == rows_share && past.score.is_some())
                .collect();
            stage.sort_by(|a, b| {
                let (a, b) = (a.score.unwrap_or(f64::NAN), b.score.unwrap_or(f64::NAN));
                if metric.better(a, b) {
                    std::cmp::Ordering::Less
                } else if metric.better(b, a) {
                    std::cmp::Ordering::Greater
                } else {
                    std::cmp::Ordering::Equal
                }
            });
            kept = stage.into_iter().map(|past| past.params.clone()).collect();
        }
        Ok(())
    }

    fn default_draft(&self) -> ParamDraft {
        self.request.train.params.get(&self.algorithm).cloned().unwrap_or_default()
    }

    /// One round of trials; those worse than the median of earlier ones after the first folds go no further.
    fn run(&mut self, proposed: Vec<(Trial, ParamDraft)>, prune: bool) -> Result<(), StageError> {
        if proposed.is_empty() {
            return Ok(());
        }
        let mut plans = Vec::new();
        for (trial, draft) in &proposed {
            let params: CheckedParams = check_params(self.algorithm, draft).map_err(StageError::Params)?;
            plans.push(self.session.plan(self.algorithm, params, Some(self.group), Some(*trial)));
        }
        let asked = JobRequest::Tune(self.request.clone());
        let mut batch = Batch::new(self.session, self.workspace, plans, self.limit, asked);
        let n_folds = self.session.rows.folds.len();
        let done = proposed[0].0.number as f64 / f64::from(self.request.trials.max(1));
        let part = Part { io: self.io, from: 0.1 + 0.9 * done.min(1.0), to: 0.1 + 0.9 * done.min(1.0) };
        if prune && n_folds > LOOK_AFTER {
            let first = |unit: &Unit<Rows>| matches!(unit.work, Rows::Fold(k) if k < LOOK_AFTER);
            let (early, rest): (Vec<_>, Vec<_>) = batch.all_units().into_iter().partition(first);
            batch.run(&early, &part)?;
            let yardstick: Vec<f64> = self.history.iter().filter_map(|past| past.early).collect();
            for (job, (trial, params)) in proposed.iter().enumerate() {
                let Some(so_far) = batch.jobs[job].score_of_folds(LOOK_AFTER) else { continue };
                if tune::is_hopeless(self.metric(), so_far, &yardstick) {
                    batch.give_up(job, &hopeless(self.metric(), so_far), self.io)?;
                    self.pruned += 1;
                    let (trial, params) = (*trial, params.clone());
                    self.history.push(Past { trial, params, score: Some(so_far), early: Some(so_far) });
                }
            }
            if !self.limit.is_over() {
                batch.run(&rest, &part)?;
            } else {
                batch.stop(&out_of_time(), self.io)?;
            }
        } else {
            let units = batch.all_units();
            batch.run(&units, &part)?;
        }
        self.remember()
    }

    /// Reads what the round came to.
    fn remember(&mut self) -> Result<(), StageError> {
        let pruned: Vec<Past> =
            std::mem::take(&mut self.history).into_iter().filter(|past| past.score.is_some()).collect();
        let mut all = earlier(self.workspace, self.group)?;
        for past in pruned {
            if !all.iter().any(|other| other.trial.number == past.trial.number) {
                all.push(past);
            }
        }
        all.sort_by_key(|past| past.trial.number);
        self.history = all;
        Ok(())
    }

    fn outcome(self) -> Result<TuneOutcome, StageError> {
        let all: Vec<Run> = self.workspace.read(|conn| {
            groups::runs(conn, self.group)?.into_iter().map(|id| runs::get(conn, id)).collect::<Result<_, _>>()
        })?;
        let mut warnings = self.session.warnings.clone();
        let planned = match self.request.method {
            TuneMethod::Halving => tune::stages(self.request.trials as usize).iter().map(|(n, _)| n).sum(),
            _ => self.request.trials as usize,
        };
        if self.limit.is_over() {
            warnings.push(format!("The time budget was spent after {} of {planned} trials", self.history.len()));
        } else {
            self.workspace.write(|tx| groups::end(tx, self.group))?;
        }
        // Only those that saw all rows compare.
        let full: Vec<Run> = all
            .iter()
            .filter(|run| run.status == RunStatus::Completed)
            .filter(|run| run.plan.context.trial.is_some_and(|trial| trial.rows_share >= 1.0))
            .cloned()
            .collect();
        let best = best_run(&full).map(|run| run.id);
        Ok(TuneOutcome { group: self.group, runs: all, best, pruned: self.pruned, warnings, split_check: None })
    }
}

fn hopeless(metric: Metric, so_far: f64) -> Problem {
    Problem::failed(
        format!(
            "Stopped after {LOOK_AFTER} folds: {} {so_far:.4} is worse than the median of earlier trials",
            metric.title()
        ),
        "",
        "",
    )
}
