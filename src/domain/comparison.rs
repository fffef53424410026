//! Two or more runs side by side, and whether that is fair.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::ids::RunId;
use super::metric::{Metric, MetricSet};
use super::recipe::RecipeSpec;
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
    pub about: SettingOf,
    /// One per run; empty where a run has no such setting.
    pub values: Vec<String>,
    pub differs: bool,
}

/// What a setting belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingOf {
    /// Algorithm, parameters, recipe
    Model,
    /// Table, target, columns, split
    Data,
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

fn compare_metrics(runs: &[&Run]) -> Vec<ComparedMetric> {
    let mut rows = Vec::new();
    for part in ["test", "cv", "train"] {
        for metric in Metric::CLASSIFICATION.into_iter().chain(Metric::REGRESSION) {
            let values: Vec<Option<f64>> = runs.iter().map(|r| of_part(r, part).get(metric.key()).copied()).collect();
            if values.iter().any(Option::is_some) {
                let best = best_position(metric, &values);
                rows.push(ComparedMetric { part: part.to_owned(), metric: metric.key().to_owned(), values, best });
            }
        }
    }
    rows
}

fn of_part<'a>(run: &'a Run, part: &str) -> &'a MetricSet {
    match part {
        "test" => &run.metrics.test,
        "cv" => &run.metrics.cv,
        _ => &run.metrics.train,
    }
}

fn best_position(metric: Metric, values: &[Option<f64>]) -> Option<usize> {
    let known: Vec<(usize, f64)> = values.iter().enumerate().filter_map(|(i, v)| Some((i, (*v)?))).collect();
    let (at, top) = known.iter().copied().reduce(|a, b| if metric.better(b.1, a.1) { b } else { a })?;
    let unique = known.len() > 1 && known.iter().filter(|(_, v)| *v == top).count() == 1;
    unique.then_some(at)
}

/// Every setting any of the runs has, in the order they are described.
fn compare_settings(runs: &[&Run]) -> Vec<ComparedSetting> {
    let described: Vec<Vec<Setting>> = runs.iter().map(|r| describe(r)).collect();
    let mut names: Vec<(SettingOf, &str)> = Vec::new();
    for (about, name, _) in described.iter().flatten() {
        if !names.contains(&(*about, name)) {
            names.push((*about, name));
        }
    }
    // A parameter only a later run has would come last: model and data stay together, parameters by name.
    names.sort_by_key(|(about, _)| *about == SettingOf::Data);
    let rows = names.into_iter().map(|(about, name)| {
        let value = |settings: &Vec<Setting>| settings.iter().find(|s| s.1 == name).map(|s| s.2.clone());
        let values: Vec<String> = described.iter().map(|d| value(d).unwrap_or_default()).collect();
        let differs = values.iter().any(|v| *v != values[0]);
        ComparedSetting { name: name.to_owned(), about, values, differs }
    });
    rows.collect()
}

type Setting = (SettingOf, String, String);

fn describe(run: &Run) -> Vec<Setting> {
    let plan = &run.plan;
    let words = |names: Vec<&str>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let left_out = words(plan.excluded.iter().map(|(name, _)| name.as_str()).collect());
    let mut all = vec![(SettingOf::Model, "algorithm".to_owned(), plan.algorithm.title().to_owned())];
    all.extend(plan.params.iter().map(|(name, value)| (SettingOf::Model, name.replace('_', " "), value.to_string())));
    let model = [
        ("folds", plan.folds.to_string()),
        ("seed", plan.seed.to_string()),
        ("missing numbers become", word(&plan.recipe.numeric_impute)),
        ("scaling", word(&plan.recipe.scaling)),
        ("unknown categories", word(&plan.recipe.unknown_category)),
        ("most categories", plan.recipe.max_categories.to_string()),
        ("missing cells and categories", word(&plan.recipe.style)),
        ("classes balanced", word(&plan.recipe.balance)),
        ("own recipe steps", own_steps(&plan.recipe)),
    ];
    let data = [
        ("dataset", plan.dataset.clone()),
        ("target", plan.target.clone()),
        ("task", plan.task.as_str().to_owned()),
        ("features", plan.features.join(", ")),
        ("left out", left_out),
        ("split", plan.split.kind.describe()),
        // One decimal of a percent, without the noise of binary fractions.
        ("test share", format!("{} %", (plan.split.test_share * 1000.0).round() / 10.0)),
        ("split seed", plan.split.seed.to_string()),
        ("train rows", run.train_rows.to_string()),
        ("test rows", run.test_rows.to_string()),
        ("rows chosen", plan.split_hash.short().to_owned()),
    ];
    all.extend(model.map(|(name, value)| (SettingOf::Model, name.to_owned(), value)));
    all.extend(data.map(|(name, value)| (SettingOf::Data, name.to_owned(), value)));
    all
}

/// The steps of one's own in their order, each with its settings.
fn own_steps(recipe: &RecipeSpec) -> String {
    let described = recipe.steps.iter().map(|step| serde_json::to_string(step).unwrap_or_default());
    let all: Vec<String> = described.collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

/// The word of a closed choice as it stands in files.
fn word(choice: &impl Serialize) -> String {
    match serde_json::to_value(choice) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// Same task, target, data and rows? Otherwise a difference in a metric may be one in the question.
pub fn fairness_warnings(runs: &[&Run]) -> Vec<String> {
    if runs.len() < 2 {
        return Vec::new();
    }
    let distinct = |of: &dyn Fn(&Run) -> String| runs.iter().map(|r| of(r)).collect::<BTreeSet<_>>();
    let mut warnings = Vec::new();
    let mut differ = |what: &str, values: BTreeSet<String>, so: &str| {
        if values.len() > 1 {
            let list: Vec<String> = values.into_iter().collect();
            warnings.push(format!("Different {what} ({}): {so}", list.join(", ")));
        }
    };
    differ("tasks", distinct(&|r| r.plan.task.as_str().to_owned()), "few or no metrics are shared");
    differ("targets", distinct(&|r| r.plan.target.clone()), "the metrics answer different questions");
    differ("data", distinct(&|r| r.plan.dataset.clone()), "a better score may come from the data");
    let same_data = runs.iter().all(|r| r.plan.version_id == runs[0].plan.version_id);
    if same_data && runs.iter().any(|r| r.plan.split_hash != runs[0].plan.split_hash) {
        warnings.push("Different test rows of the same data: small differences may come from the split".to_owned());
    }
    if runs.iter().any(|r| r.metrics.test.is_empty()) {
        warnings.push("Not every run has test metrics".to_owned());
    }
    warnings
}
