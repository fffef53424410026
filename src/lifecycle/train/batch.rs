//! Runs side by side: their units of work on the pool, each run stored when its last unit is done.

use super::clock::Limit;
use super::encode::{Encodings, Rows};
use super::fit::{self, Fitted, Fold, Piece, Whole};
use super::pool::{self, Said, Unit};
use super::session::{Session, cost_rank};
use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::ids::{GroupId, RunId, SplitCheckId};
use crate::domain::io::JobIo;
use crate::domain::metric::Metric;
use crate::domain::problem::Problem;
use crate::domain::request::JobRequest;
use crate::domain::run::{RunPlan, RunStatus};
use crate::lifecycle::StageError;
use crate::ml::cores::n_threads;
use crate::store::runs::{self, RunResult};
use crate::store::{Workspace, activity};

/// One run on its way.
pub struct Job {
    pub plan: RunPlan,
    /// Once it started.
    pub id: Option<RunId>,
    whole: Option<Whole>,
    folds: Vec<Fold>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Ended,
}

impl Job {
    pub fn new(plan: RunPlan) -> Self {
        Self { plan, id: None, whole: None, folds: Vec::new(), state: State::Open }
    }

    pub fn belongs_to(&mut self, group: GroupId, split_check: SplitCheckId) {
        self.plan.context.group = Some(group);
        self.plan.context.split_check = Some(split_check);
    }

    /// The mean of the ranking metric over the first `n` folds, once all of them are done.
    pub fn score_of_folds(&self, n: usize) -> Option<f64> {
        let key = Metric::primary(self.plan.task).key();
        let done = self.folds.iter().filter(|fold| fold.k < n);
        let scores: Vec<f64> = done.filter_map(|fold| fold.metrics.get(key).copied()).collect();
        (scores.len() == n && n > 0).then(|| scores.iter().sum::<f64>() / n as f64)
    }

    fn is_whole(&self, n_folds: usize) -> bool {
        self.whole.is_some() && self.folds.len() == n_folds
    }

    fn take(&mut self, session: &Session<'_>) -> Result<Option<Fitted>, StageError> {
        let Some(whole) = self.whole.take() else { return Ok(None) };
        let mut folds = std::mem::take(&mut self.folds);
        // They came in as they were done.
        folds.sort_by_key(|fold| fold.k);
        fit::assemble(session, &self.plan, whole, folds).map(Some)
    }
}

/// Runs that share their encodings.
pub struct Batch<'a> {
    pub session: &'a Session<'a>,
    pub workspace: &'a Workspace,
    pub jobs: Vec<Job>,
    encodings: Encodings<'a>,
    limit: Limit<'a>,
    /// For what to tell when a run fails.
    asked: JobRequest,
}

impl<'a> Batch<'a> {
    pub fn new(
        session: &'a Session<'a>,
        workspace: &'a Workspace,
        plans: Vec<RunPlan>,
        limit: Limit<'a>,
        asked: JobRequest,
    ) -> Self {
        let share = plans.first().and_then(|plan| plan.context.trial).map_or(1.0, |trial| trial.rows_share);
        let encodings = Encodings::new(session, &plans.iter().map(|plan| &plan.recipe).collect::<Vec<_>>(), share);
        Self { session, workspace, jobs: plans.into_iter().map(Job::new).collect(), encodings, limit, asked }
    }

    /// Says that nothing of the session is needed after these runs.
    pub fn is_last(&mut self) {
        if self.jobs.len() == 1 {
            self.encodings.are_last();
        }
    }

    /// All units, run by run, cheap runs first (a leaderboard should not wait for the slow ones, nor a time budget be
    /// spent on one), the whole before the folds.
    pub fn all_units(&self) -> Vec<Unit<Rows>> {
        let rows = || std::iter::once(Rows::Whole).chain((0..self.session.rows.folds.len()).map(Rows::Fold));
        let mut jobs: Vec<usize> = (0..self.jobs.len()).collect();
        jobs.sort_by_key(|&job| cost_rank(self.jobs[job].plan.algorithm));
        jobs.into_iter().flat_map(|job| rows().map(move |work| Unit { job, work })).collect()
    }

    /// Does these units; stores what became whole. Only cancellation and a failing store end it early with an error;
    /// then, and when the time is over, runs that began are stored as cancelled.
    pub fn run(&mut self, units: &[Unit<Rows>], io: &dyn JobIo) -> Result<(), StageError> {
        self.run_beside(units, |_| Ok(()), io)
    }

    /// The same; while the first fits are made, `first` is done. Nothing is stored before it is over, nor when it fails.
    pub fn run_beside(
        &mut self,
        units: &[Unit<Rows>],
        mut first: impl FnMut(&mut [Job]) -> Result<(), StageError>,
        io: &dyn JobIo,
    ) -> Result<(), StageError> {
        let units: Vec<&Unit<Rows>> = units.iter().filter(|unit| self.jobs[unit.job].state == State::Open).collect();
        let units: Vec<Unit<Rows>> = units.into_iter().map(|unit| Unit { job: unit.job, work: unit.work }).collect();
        let cores = if units.len() == 1 { n_threads() } else { 1 };
        let (session, encodings) = (self.session, &self.encodings);
        let n_folds = session.rows.folds.len();
        let plans: Vec<RunPlan> = self.jobs.iter().map(|job| job.plan.clone()).collect();
        let title = |unit: &Unit<Rows>| match unit.work {
            Rows::Whole => plans[unit.job].algorithm.title().to_owned(),
            Rows::Fold(k) => format!("{}, fold {} of {n_folds}", plans[unit.job].algorithm.title(), k + 1),
        };
        let work =
            |unit: &Unit<Rows>, io: &dyn JobIo| fit::work(session, encodings, &plans[unit.job], unit.work, cores, io);
        let (jobs, workspace, limit) = (&mut self.jobs, self.workspace, self.limit);
        let recorder = Recorder { session, workspace, asked: &self.asked };
        let hear = |said| match said {
            Said::Begun => first(jobs),
            Said::Started { job } => recorder.start(&mut jobs[job], io),
            Said::Point { job, point } => {
                io.measured(plans[job].algorithm.title(), &point);
                Ok(())
            }
            Said::Done { job, result } => {
                let job = &mut jobs[job];
                recorder.start(job, io)?;
                match result {
                    Ok(Piece::Whole(whole)) => job.whole = Some(*whole),
                    Ok(Piece::Fold(fold)) => job.folds.push(fold),
                    // What stopped it is told below.
                    Err(error) if error.is_cancelled() => return Ok(()),
                    Err(error) => return recorder.fail(job, &error, io),
                }
                if job.is_whole(n_folds) { recorder.finish(job, io) } else { Ok(()) }
            }
        };
        let ended = pool::run(&units, n_threads(), limit, io, &title, &work, hear);
        if ended.is_err() {
            self.stop(&Problem::cancelled(), io)?;
        } else if limit.is_over() {
            self.stop(&out_of_time(), io)?;
        }
        ended
    }

    /// Runs that began and did not end are stored as cancelled, for this reason.
    pub fn stop(&mut self, problem: &Problem, io: &dyn JobIo) -> Result<(), StageError> {
        (0..self.jobs.len()).try_for_each(|job| self.give_up(job, problem, io))
    }

    pub fn give_up(&mut self, job: usize, problem: &Problem, io: &dyn JobIo) -> Result<(), StageError> {
        let recorder = Recorder { session: self.session, workspace: self.workspace, asked: &self.asked };
        let job = &mut self.jobs[job];
        if job.state == State::Ended || job.id.is_none() {
            return Ok(());
        }
        recorder.end(job, RunStatus::Cancelled, problem, io)
    }

    /// The runs that began, in their order.
    pub fn ids(&self) -> Vec<RunId> {
        self.jobs.iter().filter_map(|job| job.id).collect()
    }
}

/// Only what the fits come to; nothing is stored.
pub fn fit_unrecorded(
    session: &Session<'_>,
    plan: &RunPlan,
    limit: Limit<'_>,
    io: &dyn JobIo,
) -> Result<Fitted, StageError> {
    let share = plan.context.trial.map_or(1.0, |trial| trial.rows_share);
    let encodings = Encodings::new(session, &[&plan.recipe], share);
    let n_folds = session.rows.folds.len();
    let rows = std::iter::once(Rows::Whole).chain((0..n_folds).map(Rows::Fold));
    let units: Vec<Unit<Rows>> = rows.map(|work| Unit { job: 0, work }).collect();
    let cores = if units.len() == 1 { n_threads() } else { 1 };
    let mut job = Job::new(plan.clone());
    let work = |unit: &Unit<Rows>, io: &dyn JobIo| fit::work(session, &encodings, plan, unit.work, cores, io);
    let hear = |said| {
        match said {
            Said::Done { result, .. } => match result? {
                Piece::Whole(whole) => job.whole = Some(*whole),
                Piece::Fold(fold) => job.folds.push(fold),
            },
            Said::Begun | Said::Started { .. } | Said::Point { .. } => {}
        }
        Ok(())
    };
    pool::run(&units, n_threads(), limit, io, &|_| plan.algorithm.title().to_owned(), &work, hear)?;
    job.take(session)?.ok_or_else(|| StageError::Cancelled(crate::domain::io::Cancelled))
}

pub fn out_of_time() -> Problem {
    Problem::failed(
        "The time budget was spent before this run was done",
        "",
        "Give a larger --budget, or go on with train --resume",
    )
}

/// Writes runs to the store.
pub struct Recorder<'a> {
    pub session: &'a Session<'a>,
    pub workspace: &'a Workspace,
    pub asked: &'a JobRequest,
}

impl Recorder<'_> {
    pub fn start(&self, job: &mut Job, io: &dyn JobIo) -> Result<(), StageError> {
        if job.id.is_none() {
            job.id = Some(self.workspace.write(|tx| runs::start(tx, &job.plan))?);
            io.recorded();
        }
        Ok(())
    }

    fn finish(&self, job: &mut Job, io: &dyn JobIo) -> Result<(), StageError> {
        let Some(id) = job.id else { return Ok(()) };
        match job.take(self.session) {
            Ok(Some(fitted)) => match self.store(id, &job.plan, fitted) {
                Ok(()) => {
                    job.state = State::Ended;
                    io.recorded();
                    Ok(())
                }
                Err(error) => self.fail(job, &error, io),
            },
            Ok(None) => Ok(()),
            Err(error) => self.fail(job, &error, io),
        }
    }

    fn fail(&self, job: &mut Job, error: &StageError, io: &dyn JobIo) -> Result<(), StageError> {
        self.end(job, RunStatus::Failed, &error.problem(self.asked), io)
    }

    fn end(&self, job: &mut Job, status: RunStatus, problem: &Problem, io: &dyn JobIo) -> Result<(), StageError> {
        job.state = State::Ended;
        (job.whole, job.folds) = (None, Vec::new());
        let Some(id) = job.id else { return Ok(()) };
        self.workspace.write(|tx| {
            runs::end(tx, id, status, &problem.to_string())?;
            let summary = format!("{} for {}: {}", job.plan.algorithm.title(), job.plan.target, problem.summary);
            activity::append(tx, &event(id, status.as_str(), summary))?;
            Ok(())
        })?;
        io.recorded();
        Ok(())
    }

    /// Objects first, then everything that names them in one transaction.
    pub fn store(&self, id: RunId, plan: &RunPlan, fitted: Fitted) -> Result<(), StageError> {
        let model_hash = self.workspace.put_json(&fitted.model)?;
        // An object is the document as it is.
        let model_bytes = std::fs::metadata(self.workspace.object_path(&model_hash)).map_or(0, |file| file.len());
        let evaluation_hash = self.workspace.put_json(&fitted.evaluation)?;
        let held_out_hash = fitted.held_out.as_ref().map(|held_out| self.workspace.put_json(held_out)).transpose()?;
        let primary = Metric::primary(plan.task);
        let score = fitted.metrics.test.get(primary.key());
        let summary = format!(
            "{} for {} on {}{}",
            plan.algorithm.title(),
            plan.target,
            plan.dataset,
            score.map_or_else(String::new, |s| format!(": {} {s:.4} on the test rows", primary.title())),
        );
        let result = RunResult {
            metrics: fitted.metrics,
            timings: fitted.timings,
            warnings: fitted.warnings,
            model_hash,
            evaluation_hash,
            held_out_hash,
            model_bytes,
            train_rows: self.session.rows.train.len() as u64,
            test_rows: self.session.rows.test.len() as u64,
            points: fitted.points,
        };
        self.workspace.write(|tx| {
            runs::finish(tx, id, &result)?;
            activity::append(tx, &event(id, "trained", summary))?;
            Ok(())
        })?;
        Ok(())
    }
}

fn event(id: RunId, action: &str, summary: String) -> NewEvent {
    NewEvent { action: action.to_owned(), object_kind: ObjectKind::Run, object: format!("run {id}"), summary }
}
