//! What goes on while models are trained.

use crate::domain::request::JobRequest;
use crate::domain::run::MetricPoint;
use crate::state::jobs::{JobView, Jobs};
use crate::ui::format;

/// One part of one run's learning curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// "Gradient boosting"
    pub run: String,
    /// `train`, `validation`
    pub part: String,
    pub metric: String,
    /// (iteration, value)
    pub points: Vec<[f64; 2]>,
}

/// Points as they came in, by run and part; single points are no curve.
pub fn curves<'a>(points: impl IntoIterator<Item = (&'a str, &'a MetricPoint)>) -> Vec<Curve> {
    let mut all: Vec<Curve> = Vec::new();
    for (run, point) in points.into_iter().filter(|(_, point)| point.part != "fold") {
        let at = [f64::from(point.step), point.value];
        let same = |c: &&mut Curve| c.run == run && c.part == point.part && c.metric == point.metric;
        match all.iter_mut().find(same) {
            Some(curve) => curve.points.push(at),
            None => {
                let (part, metric) = (point.part.clone(), point.metric.clone());
                all.push(Curve { run: run.to_owned(), part, metric, points: vec![at] });
            }
        }
    }
    for curve in &mut all {
        curve.points.sort_by(|a, b| a[0].total_cmp(&b[0]));
    }
    all.retain(|curve| curve.points.len() > 1);
    all
}

/// The training or tuning for this target that runs or waits.
pub fn own_job<'a>(jobs: &'a Jobs, target: &str) -> Option<(&'a JobView, &'a JobRequest)> {
    jobs.with_requests().find(|(_, request)| match request {
        JobRequest::Train(train) => train.target == target || train.options.resume.is_some(),
        JobRequest::Tune(tune) => tune.train.target == target || tune.train.options.resume.is_some(),
        _ => false,
    })
}

/// "40 s of 60 s left", "about 12 s left", or nothing while nothing is known.
pub fn time_left(view: &JobView, request: &JobRequest, now_ms: i64) -> Option<String> {
    let budget = match request {
        JobRequest::Train(train) => train.options.budget_seconds,
        JobRequest::Tune(tune) => tune.train.options.budget_seconds,
        _ => None,
    };
    if let Some(budget) = budget {
        let spent = (now_ms - view.started_ms).max(0) as f64 / 1000.0;
        let left = (budget - spent).max(0.0).ceil();
        return Some(format!("at most {} of {} left", format::duration(left), format::duration(budget)));
    }
    view.eta_seconds.map(|seconds| format!("about {} left", format::duration(seconds.ceil())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::request::TrainRequest;
    use crate::state::jobs::After;
    use crate::ui::pages::fixture;
    use crate::ui::pages::train::model::TrainForm;

    fn point(part: &str, step: u32, value: f64) -> MetricPoint {
        MetricPoint { part: part.into(), metric: "loss".into(), step, value }
    }

    #[test]
    fn points_become_curves_by_run_and_part() {
        let points =
            [point("train", 2, 0.5), point("train", 1, 0.6), point("validation", 1, 0.7), point("fold", 1, 0.8)];
        let all = curves(points.iter().map(|p| ("Gradient boosting", p)));
        assert_eq!(all.len(), 1, "one point is no curve, and folds are none");
        assert_eq!(all[0].points, [[1.0, 0.6], [2.0, 0.5]]);
    }

    #[test]
    fn the_time_left_is_that_of_the_budget_where_there_is_one() {
        let history = fixture::history();
        let version = history.versions.last().unwrap();
        let mut request: TrainRequest = TrainForm::propose(version, &history).request(version);
        let mut jobs = Jobs::default();
        jobs.add(JobRequest::Train(request.clone()), After::Nothing, 0);
        let id = jobs.front().unwrap().id;
        jobs.progress(id, "Fitting".into(), Some(0.25), 10_000);
        let (view, asked) = own_job(&jobs, "churned").unwrap();
        assert_eq!(time_left(view, asked, 10_000).unwrap(), "about 30 s left");
        request.options.budget_seconds = Some(60.0);
        assert_eq!(time_left(view, &JobRequest::Train(request), 20_000).unwrap(), "at most 40 s of 1 min 0 s left");
        assert!(own_job(&jobs, "age").is_none());
    }
}
