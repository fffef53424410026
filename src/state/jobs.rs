//! The jobs of this session. Heavy ones run one after the other, light ones beside them.

use std::collections::VecDeque;

use crate::domain::ids::VersionId;
use crate::domain::request::JobRequest;
use crate::domain::run::MetricPoint;
use crate::jobs::event::JobId;

use super::effect::Effect;

/// Points kept of the curves of one job.
const MOST_POINTS: usize = 100_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobPhase {
    Queued,
    Running,
    /// Asked to stop; it answers within half a second.
    Cancelling,
}

/// One row of the job list.
#[derive(Clone, Debug, PartialEq)]
pub struct JobView {
    pub id: JobId,
    pub title: String,
    pub state: JobPhase,
    /// "Fold 3 of 5"
    pub phase: String,
    /// 0 to 1, where known.
    pub fraction: Option<f64>,
    pub started_ms: i64,
    /// Seconds left, once they can be guessed.
    pub eta_seconds: Option<f64>,
    pub cancellable: bool,
}

/// What happens with a job's outcome beyond telling of it.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum After {
    #[default]
    Nothing,
    /// Show the imported table.
    ShowData,
    /// Compare the imported table with this one.
    CompareWith(VersionId),
}

#[derive(Clone, Debug, PartialEq)]
struct Job {
    view: JobView,
    request: JobRequest,
    heavy: bool,
    collects: bool,
    after: After,
    /// Learning curves so far, each point with the name of its run.
    points: Vec<(String, MetricPoint)>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Jobs {
    /// In the order they were asked for.
    jobs: Vec<Job>,
    waiting: VecDeque<(JobId, JobRequest)>,
    last_id: u64,
}

impl Jobs {
    pub fn views(&self) -> impl Iterator<Item = &JobView> {
        self.jobs.iter().map(|j| &j.view)
    }

    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Does a look at the watched places run, or wait?
    pub fn collects(&self) -> bool {
        self.jobs.iter().any(|j| j.collects)
    }

    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Learning curves of a job went on. A curve nobody could draw any more is cut.
    pub fn curves(&mut self, id: JobId, points: Vec<(String, MetricPoint)>) {
        let Some(job) = self.jobs.iter_mut().find(|j| j.view.id == id) else { return };
        let room = MOST_POINTS.saturating_sub(job.points.len());
        job.points.extend(points.into_iter().take(room));
    }

    /// Learning curves of the jobs that run, in the order the points came in.
    pub fn live_points(&self) -> impl Iterator<Item = &(String, MetricPoint)> {
        self.jobs.iter().flat_map(|j| &j.points)
    }

    /// The jobs with what was asked of them, in the order they were asked for; in spite of gates or not.
    pub fn with_requests(&self) -> impl Iterator<Item = (&JobView, &JobRequest)> {
        self.jobs.iter().map(|j| (&j.view, j.request.unwrapped().0))
    }

    /// Learning curves of one job, in the order the points came in.
    pub fn points_of(&self, id: JobId) -> &[(String, MetricPoint)] {
        self.jobs.iter().find(|j| j.view.id == id).map_or(&[], |j| &j.points)
    }

    /// The job the status bar shows: the first that runs.
    pub fn front(&self) -> Option<&JobView> {
        self.views().find(|v| v.state != JobPhase::Queued).or_else(|| self.views().next())
    }

    /// Starts the job, or lets it wait behind a heavy one.
    pub fn add(&mut self, request: JobRequest, after: After, now_ms: i64) -> Vec<Effect> {
        self.last_id += 1;
        let id = JobId(self.last_id);
        let view = JobView {
            id,
            title: request.title(),
            state: JobPhase::Queued,
            phase: "Waiting for the job before it".to_owned(),
            fraction: None,
            started_ms: now_ms,
            eta_seconds: None,
            cancellable: true,
        };
        let heavy = is_heavy(&request);
        let collects = matches!(request.unwrapped().0, JobRequest::Collect(_));
        self.jobs.push(Job { view, request: request.clone(), heavy, collects, after, points: Vec::new() });
        self.waiting.push_back((id, request));
        self.start_waiting(now_ms)
    }

    pub fn progress(&mut self, id: JobId, phase: String, fraction: Option<f64>, now_ms: i64) {
        let Some(job) = self.jobs.iter_mut().find(|j| j.view.id == id) else { return };
        let view = &mut job.view;
        if view.state == JobPhase::Cancelling {
            return;
        }
        view.phase = phase;
        // A part that cannot tell its share leaves the bar where it was.
        view.fraction = fraction.map(|f| f.clamp(0.0, 1.0)).or(view.fraction);
        let elapsed = (now_ms - view.started_ms) as f64 / 1000.0;
        view.eta_seconds = view.fraction.filter(|&f| f >= 0.05 && elapsed >= 1.0).map(|f| elapsed * (1.0 - f) / f);
    }

    /// Takes an ended job off the list. `None`: nobody waits for it any more.
    pub fn finish(&mut self, id: JobId) -> Option<(JobView, After)> {
        let at = self.jobs.iter().position(|j| j.view.id == id)?;
        let job = self.jobs.remove(at);
        Some((job.view, job.after))
    }

    /// A waiting job is simply forgotten (and returned); a running one is asked to stop.
    pub fn cancel(&mut self, id: JobId) -> (Option<JobView>, Vec<Effect>) {
        if let Some(at) = self.waiting.iter().position(|(waiting, _)| *waiting == id) {
            self.waiting.remove(at);
            return (self.finish(id).map(|(view, _)| view), Vec::new());
        }
        let Some(job) = self.jobs.iter_mut().find(|j| j.view.id == id) else { return (None, Vec::new()) };
        if job.view.state == JobPhase::Cancelling {
            return (None, Vec::new());
        }
        job.view.state = JobPhase::Cancelling;
        job.view.phase = "Stopping".to_owned();
        job.view.eta_seconds = None;
        job.view.cancellable = false;
        (None, vec![Effect::CancelJob(id)])
    }

    /// Starts what may run now.
    pub fn start_waiting(&mut self, now_ms: i64) -> Vec<Effect> {
        let mut effects = Vec::new();
        let mut busy = self.jobs.iter().any(|j| j.heavy && j.view.state != JobPhase::Queued);
        for (id, request) in std::mem::take(&mut self.waiting) {
            let heavy = is_heavy(&request);
            if heavy && busy {
                self.waiting.push_back((id, request));
                continue;
            }
            busy |= heavy;
            if let Some(job) = self.jobs.iter_mut().find(|j| j.view.id == id) {
                job.view.state = JobPhase::Running;
                job.view.phase = "Starting".to_owned();
                job.view.started_ms = now_ms;
            }
            effects.push(Effect::StartJob { id, request });
        }
        effects
    }
}

/// These take all the processor and memory they get.
fn is_heavy(request: &JobRequest) -> bool {
    !matches!(request.unwrapped().0, JobRequest::Export(_) | JobRequest::Verify(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::request::{ImportRequest, VerifyTarget};

    fn import(path: &str) -> JobRequest {
        JobRequest::Import(ImportRequest::of(path))
    }

    #[test]
    fn heavy_jobs_wait_for_each_other_and_light_ones_do_not() {
        let mut jobs = Jobs::default();
        assert_eq!(jobs.add(import("a.csv"), After::Nothing, 0).len(), 1);
        assert_eq!(jobs.add(import("b.csv"), After::Nothing, 0), []);
        let verify = JobRequest::Verify(VerifyTarget::Workspace);
        assert_eq!(jobs.add(verify.clone(), After::Nothing, 0), [Effect::StartJob { id: JobId(3), request: verify }]);
        assert!(jobs.finish(JobId(1)).is_some());
        assert_eq!(jobs.start_waiting(5), [Effect::StartJob { id: JobId(2), request: import("b.csv") }]);
    }

    #[test]
    fn time_left_follows_from_the_share_done() {
        let mut jobs = Jobs::default();
        jobs.add(import("a.csv"), After::Nothing, 0);
        jobs.progress(JobId(1), "Reading".into(), Some(0.01), 10_000);
        assert_eq!(jobs.front().unwrap().eta_seconds, None);
        jobs.progress(JobId(1), "Reading".into(), Some(0.25), 10_000);
        assert_eq!(jobs.front().unwrap().eta_seconds, Some(30.0));
    }

    #[test]
    fn a_waiting_job_is_cancelled_without_asking_anyone() {
        let mut jobs = Jobs::default();
        jobs.add(import("a.csv"), After::Nothing, 0);
        jobs.add(import("b.csv"), After::Nothing, 0);
        let (gone, effects) = jobs.cancel(JobId(2));
        assert_eq!((gone.unwrap().title.as_str(), effects.len()), ("Import b.csv", 0));
        assert_eq!(jobs.cancel(JobId(1)).1, [Effect::CancelJob(JobId(1))]);
        assert_eq!(jobs.cancel(JobId(1)).1, []);
    }
}
