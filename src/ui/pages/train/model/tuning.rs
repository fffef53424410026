//! Tuning: the search space as a form, and the trials as three plots show them.

use crate::domain::dataset::DatasetVersion;
use crate::domain::history::History;
use crate::domain::ids::GroupId;
use crate::domain::metric::Metric;
use crate::domain::params::{Algorithm, ParamDraft, ParamKind, ParamSpec, ParamValue, SearchRange, SearchSpace};
use crate::domain::run::{Run, RunStatus};
use crate::domain::training::TuneMethod;
use crate::domain::tuning::importance;
use crate::ui::format;

/// From this ratio of the largest to the smallest value on, an axis shows orders of magnitude.
const LOG_FROM: f64 = 30.0;

/// What is tuned, how, and where it is looked.
#[derive(Clone, Debug, PartialEq)]
pub struct TuneForm {
    pub algorithm: Algorithm,
    pub method: TuneMethod,
    pub trials: u32,
    pub prune: bool,
    pub rows: Vec<SpaceRow>,
}

/// One parameter: searched in a range, or fixed at a value.
#[derive(Clone, Debug, PartialEq)]
pub struct SpaceRow {
    pub spec: &'static ParamSpec,
    pub searched: bool,
    pub range: SearchRange,
    pub value: ParamValue,
}

impl Default for TuneForm {
    fn default() -> Self {
        let mut form =
            Self { algorithm: Algorithm::Baseline, method: TuneMethod::Tpe, trials: 30, prune: true, rows: Vec::new() };
        form.set_algorithm(Algorithm::GradientBoosting);
        form
    }
}

impl TuneForm {
    /// Another algorithm brings its usual ranges.
    pub fn set_algorithm(&mut self, algorithm: Algorithm) {
        self.algorithm = algorithm;
        let row = |spec: &'static ParamSpec| SpaceRow {
            spec,
            searched: spec.search.is_some(),
            range: spec.usual_range().or_else(|| spec.widest_range()).unwrap_or(SearchRange::OneOf(Vec::new())),
            value: spec.default_value(),
        };
        self.rows = algorithm.parameters().iter().map(row).collect();
    }

    pub fn row(&self, name: &str) -> Option<&SpaceRow> {
        self.rows.iter().find(|row| row.spec.name == name)
    }

    /// Not searched: fixed at its value.
    pub fn leave_alone(&mut self, name: &str) {
        self.rows.iter_mut().filter(|row| row.spec.name == name).for_each(|row| row.searched = false);
    }

    pub fn space(&self) -> SearchSpace {
        let searched = self.rows.iter().filter(|row| row.searched);
        searched.map(|row| (row.spec.name.to_owned(), row.range.clone())).collect()
    }

    /// What must be said to keep it from being searched, or from its default.
    pub fn fixed(&self) -> ParamDraft {
        let still = self.rows.iter().filter(|row| !row.searched);
        let told = still.filter(|row| row.spec.search.is_some() || row.value != row.spec.default_value());
        told.map(|row| (row.spec.name.to_owned(), row.value.clone())).collect()
    }
}

/// The word and the explanation of a method.
pub fn method_words(method: TuneMethod) -> (&'static str, &'static str) {
    match method {
        TuneMethod::Tpe => ("TPE", "Looks where earlier trials were good (tree-structured Parzen estimator)"),
        TuneMethod::Random => ("Random", "Anywhere in the ranges"),
        TuneMethod::Halving => {
            ("Halving", "Many at random on few rows; the better third goes on with three times the rows")
        }
    }
}

/// The trials of one search.
#[derive(Debug, PartialEq)]
pub struct Search<'a> {
    pub group: GroupId,
    pub algorithm: Algorithm,
    pub metric: Metric,
    /// By number.
    pub trials: Vec<Trial<'a>>,
    /// Parameters that varied.
    pub axes: Vec<Axis>,
}

#[derive(Debug, PartialEq)]
pub struct Trial<'a> {
    pub number: u32,
    pub run: &'a Run,
    /// Of a completed trial.
    pub score: Option<f64>,
    pub best: bool,
}

/// One parameter over all trials.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    pub name: &'static str,
    /// Where each trial stands, 0 to 1 from the smallest to the largest value that was tried.
    pub places: Vec<f64>,
    /// As the plots of one parameter show it: the value itself, its power of ten, or the number of the word.
    pub values: Vec<f64>,
    pub low: String,
    pub high: String,
    pub log: bool,
}

/// The searches for this target of the dataset, the newest first.
pub fn searches<'a>(history: &'a History, version: &DatasetVersion, target: &str) -> Vec<Search<'a>> {
    let of_target = |run: &&Run| {
        run.plan.target == target
            && run.plan.context.trial.is_some()
            && history.version(run.plan.version_id).is_some_and(|v| v.dataset_id == version.dataset_id)
    };
    let mut by_group: std::collections::BTreeMap<GroupId, Vec<&Run>> = std::collections::BTreeMap::new();
    for run in history.runs.iter().filter(of_target) {
        if let Some(group) = run.plan.context.group {
            by_group.entry(group).or_default().push(run);
        }
    }
    by_group.into_iter().rev().filter_map(|(group, runs)| search(group, runs)).collect()
}

fn search(group: GroupId, mut runs: Vec<&Run>) -> Option<Search<'_>> {
    let number = |run: &Run| run.plan.context.trial.map_or(0, |trial| trial.number);
    runs.sort_by_key(|run| (number(run), run.id));
    let plan = &runs.first()?.plan;
    let (algorithm, metric) = (plan.algorithm, Metric::primary(plan.task));
    let whole = |run: &Run| run.plan.context.trial.is_some_and(|trial| trial.rows_share >= 1.0);
    let mut trials: Vec<Trial<'_>> = runs
        .into_iter()
        .map(|run| Trial {
            number: number(run),
            run,
            score: run.score().filter(|_| run.status == RunStatus::Completed),
            best: false,
        })
        .collect();
    let mut best: Option<(usize, f64)> = None;
    for (at, trial) in trials.iter().enumerate().filter(|(_, trial)| whole(trial.run)) {
        if let Some(score) = trial.score
            && best.is_none_or(|(_, top)| metric.better(score, top))
        {
            best = Some((at, score));
        }
    }
    if let Some((at, _)) = best {
        trials[at].best = true;
    }
    let axes = algorithm.parameters().iter().filter_map(|spec| axis(spec, &trials)).collect();
    Some(Search { group, algorithm, metric, trials, axes })
}

fn axis(spec: &'static ParamSpec, trials: &[Trial<'_>]) -> Option<Axis> {
    let set =
        |trial: &Trial<'_>| trial.run.plan.params.iter().find(|(name, _)| *name == spec.name).map(|(_, v)| v.clone());
    let raw: Vec<f64> = trials
        .iter()
        .map(|trial| match (set(trial)?, spec.kind) {
            (ParamValue::Number(value), _) => Some(value),
            (ParamValue::Word(word), ParamKind::Choice { words, .. }) => {
                words.iter().position(|w| *w == word).map(|at| at as f64)
            }
            _ => None,
        })
        .collect::<Option<_>>()?;
    let low = raw.iter().copied().fold(f64::INFINITY, f64::min);
    let high = raw.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if low >= high {
        return None;
    }
    let log = low > 0.0 && high / low >= LOG_FROM;
    let values: Vec<f64> = raw.iter().map(|x| if log { x.log10() } else { *x }).collect();
    let ends = if log { [low.log10(), high.log10()] } else { [low, high] };
    let places = values.iter().map(|x| (x - ends[0]) / (ends[1] - ends[0])).collect();
    let text = |x: f64| match spec.kind {
        ParamKind::Choice { words, .. } => words.get(x as usize).map_or_else(String::new, |w| (*w).to_owned()),
        ParamKind::Number { .. } | ParamKind::Signs => format::number(x),
    };
    Some(Axis { name: spec.name, places, values, low: text(low), high: text(high), log })
}

impl Search<'_> {
    /// "Gradient boosting · 12 trials · best 0.8421"
    pub fn title(&self) -> String {
        let n = format::counted(self.trials.len() as u64, "trial", "trials");
        let best = self.trials.iter().find(|trial| trial.best).and_then(|trial| trial.score);
        let best = best.map_or_else(String::new, |score| format!(" · best {}", super::metric_number(score)));
        format!("{} · {n}{best}", self.algorithm.title())
    }

    /// Parameters by how much they mattered, shares of 1; empty while there are too few trials.
    pub fn importance(&self) -> Vec<(&'static str, f64)> {
        let done: Vec<usize> = (0..self.trials.len()).filter(|&at| self.trials[at].score.is_some()).collect();
        let scores: Vec<f64> = done.iter().filter_map(|&at| self.trials[at].score).collect();
        let of = |axis: &Axis| {
            let values: Vec<f64> = done.iter().map(|&at| axis.places[at]).collect();
            Some((axis.name, importance(&values, &scores)?))
        };
        let mut all: Vec<(&'static str, f64)> = self.axes.iter().filter_map(of).collect();
        let sum: f64 = all.iter().map(|(_, share)| share).sum();
        if sum > 0.0 {
            all.iter_mut().for_each(|(_, share)| *share /= sum);
        }
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        all
    }

    /// How good each trial is among those that ended: 0 the worst, 1 the best. `None` without a score.
    pub fn goodness(&self) -> Vec<Option<f64>> {
        let scores: Vec<f64> = self.trials.iter().filter_map(|trial| trial.score).collect();
        let beaten = |score: f64| scores.iter().filter(|other| self.metric.better(score, **other)).count() as f64;
        let most = (scores.len().max(2) - 1) as f64;
        self.trials.iter().map(|trial| trial.score.map(|score| beaten(score) / most)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::params::check_params;
    use crate::domain::training;
    use crate::ui::pages::fixture;

    fn history() -> History {
        let mut history = fixture::history();
        for number in 1..=12_u32 {
            let score = 0.7 + 0.01 * f64::from(number);
            let mut run = fixture::run(
                100 + i64::from(number),
                RunStatus::Completed,
                Algorithm::GradientBoosting,
                2,
                Some(score),
            );
            let draft = ParamDraft::from([
                ("learning_rate".to_owned(), (0.001 * f64::from(number * number)).into()),
                ("max_leaves".to_owned(), f64::from(5 + number * 7 % 12).into()),
            ]);
            run.plan.params = check_params(Algorithm::GradientBoosting, &draft).unwrap();
            run.plan.context.group = Some(GroupId(3));
            run.plan.context.trial = Some(training::Trial { number, rows_share: 1.0 });
            history.runs.push(run);
        }
        history
    }

    #[test]
    fn trials_of_a_search_stand_on_the_axes_that_varied() {
        let history = history();
        let found = searches(&history, history.versions.last().unwrap(), "churned");
        let [search] = found.as_slice() else { panic!("{}", found.len()) };
        assert_eq!(search.title(), "Gradient boosting · 12 trials · best 0.8200");
        let names: Vec<&str> = search.axes.iter().map(|axis| axis.name).collect();
        assert_eq!(names, ["learning_rate", "max_leaves"]);
        let rate = &search.axes[0];
        assert!(rate.log && (rate.low.as_str(), rate.high.as_str()) == ("0.001", "0.144"));
        assert_eq!((rate.places[0], rate.places[11]), (0.0, 1.0));
        assert!(search.trials[11].best);
        assert_eq!(search.importance()[0].0, "learning_rate");
        assert_eq!((search.goodness()[0], search.goodness()[11]), (Some(0.0), Some(1.0)));
    }

    #[test]
    fn the_usual_space_is_the_algorithms_own() {
        let mut form = TuneForm::default();
        assert!(form.space().contains_key("learning_rate") && !form.space().contains_key("max_bins"));
        assert_eq!(form.fixed(), ParamDraft::new());
        form.leave_alone("l2");
        assert_eq!(form.fixed(), ParamDraft::from([("l2".to_owned(), 0.0.into())]));
    }
}
