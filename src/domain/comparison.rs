//! Two or more runs side by side, and whether that is fair.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::ids::RunId;
use super::metric::{Metric, MetricSet};
use super::run::Run;

/// One column per run, in the order given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    pub runs: Vec<RunId>,
    pub titles: Vec<String>,
    pub metrics: Vec<ComparedMetric>,
    pub settings: Vec<ComparedSetting>,
    /// Why the numbers may not be comparable; empty when nothing speaks against it.
    pub warnings: Vec<String>,
}

/// A metric on one part of the data: a value per run where there is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedMetric {
    /// `test`, `cv`, `train`
    pub part: String,
    pub metric: String,
    pub values: Vec<Option<f64>>,
    /// Position of the best value; `None` for a tie or a single value.
    pub best: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedSetting {
    pub name: String,
    pub values: Vec<String>,
    pub differs: bool,
}

pub fn compare(runs: &[&Run]) -> Comparison {
    Comparison {
        runs: runs.iter().map(|r| r.id).collect(),
        titles: runs.iter().map(|r| format!("{} · run {}", r.plan.algorithm.title(), r.id)).collect(),
        metrics: compare_metrics(runs),
        settings: compare_settings(runs),
        warnings: fairness_warnings(runs),
    }
}

type MetricsOf = fn(&Run) -> &MetricSet;

fn compare_metrics(runs: &[&Run]) -> Vec<ComparedMetric> {
    let parts: [(&str, MetricsOf); 3] =
        [("test", |r| &r.metrics.test), ("cv", |r| &r.metrics.cv), ("train", |r| &r.metrics.train)];
    let mut rows = Vec::new();
    for (part, of) in parts {
        for metric in Metric::CLASSIFICATION.into_iter().chain(Metric::REGRESSION) {
            let values: Vec<Option<f64>> = runs.iter().map(|r| of(r).get(metric.key()).copied()).collect();
            if values.iter().any(Option::is_some) {
                let best = best_position(metric, &values);
                rows.push(ComparedMetric { part: part.to_owned(), metric: metric.key().to_owned(), values, best });
            }
        }
    }
    rows
}

fn best_position(metric: Metric, values: &[Option<f64>]) -> Option<usize> {
    let known: Vec<(usize, f64)> = values.iter().enumerate().filter_map(|(i, v)| Some((i, (*v)?))).collect();
    let (at, top) = known.iter().copied().reduce(|a, b| if metric.better(b.1, a.1) { b } else { a })?;
    let unique = known.len() > 1 && known.iter().filter(|(_, v)| *v == top).count() == 1;
    unique.then_some(at)
}

fn compare_settings(runs: &[&Run]) -> Vec<ComparedSetting> {
    let described: Vec<BTreeMap<String, String>> = runs.iter().map(|r| describe(r)).collect();
    let names: BTreeSet<&String> = described.iter().flat_map(BTreeMap::keys).collect();
    let rows = names.into_iter().map(|name| {
        let values: Vec<String> = described.iter().map(|d| d.get(name).cloned().unwrap_or_default()).collect();
        let differs = values.iter().any(|v| *v != values[0]);
        ComparedSetting { name: name.clone(), values, differs }
    });
    rows.collect()
}

fn describe(run: &Run) -> BTreeMap<String, String> {
    let plan = &run.plan;
    let mut all = BTreeMap::from([
        ("algorithm".to_owned(), plan.algorithm.as_str().to_owned()),
        ("dataset".to_owned(), plan.dataset.clone()),
        ("target".to_owned(), plan.target.clone()),
        ("task".to_owned(), plan.task.as_str().to_owned()),
        ("features".to_owned(), plan.features.join(", ")),
        ("split".to_owned(), plan.split.kind.describe()),
        ("test share".to_owned(), plan.split.test_share.to_string()),
        ("seed".to_owned(), plan.seed.to_string()),
        ("folds".to_owned(), plan.folds.to_string()),
        ("unknown categories".to_owned(), format!("{:?}", plan.recipe.unknown_category).to_lowercase()),
        ("scaling".to_owned(), format!("{:?}", plan.recipe.scaling).to_lowercase()),
        ("missing numbers".to_owned(), format!("{:?}", plan.recipe.numeric_impute).to_lowercase()),
    ]);
    all.extend(
        plan.params.iter().map(|(name, value)| (format!("{}.{name}", plan.algorithm.as_str()), value.to_string())),
    );
    all
}

/// Same target, same data, same rows? Otherwise a difference in a metric may be one in the question.
pub fn fairness_warnings(runs: &[&Run]) -> Vec<String> {
    let differ = |of: &dyn Fn(&Run) -> String| runs.iter().map(|r| of(r)).collect::<BTreeSet<_>>().len() > 1;
    let mut warnings = Vec::new();
    if differ(&|r| format!("{} {}", r.plan.target, r.plan.task.as_str())) {
        warnings.push("Different targets: these metrics answer different questions".to_owned());
    }
    if differ(&|r| r.plan.version_id.to_string()) {
        let labels: BTreeSet<&str> = runs.iter().map(|r| r.plan.dataset.as_str()).collect();
        let labels: Vec<&str> = labels.into_iter().collect();
        warnings.push(format!("Different data: {}", labels.join(", ")));
    } else if differ(&|r| r.plan.split_hash.to_string()) {
        warnings.push("Different split: the runs were tested on different rows of the same data".to_owned());
    }
    if runs.iter().any(|r| r.metrics.test.is_empty()) {
        warnings.push("Not every run has test metrics".to_owned());
    }
    warnings
}
