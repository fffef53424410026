//! The four steps of the form, each in one line.

use crate::domain::dataset::DatasetVersion;
use crate::domain::metric::Metric;
use crate::domain::training::TrainingProposal;
use crate::ui::format;

use super::form::{Mode, SplitChoice, TrainForm};
use super::rules::{feature_count, task_words};
use super::tuning::method_words;

pub const STEPS: [&str; 4] = ["Target", "Columns and recipe", "Split and metric", "Algorithms and budget"];

/// What is chosen in a step (1 to 4).
pub fn summary(form: &TrainForm, version: &DatasetVersion, plan: Option<&TrainingProposal>, step: u8) -> String {
    match step {
        1 => match (&form.target, form.task(version)) {
            (Some(target), Some(task)) => format!("{target} · {}", task_words(task).to_lowercase()),
            (Some(target), None) => target.clone(),
            (None, _) => "not chosen".to_owned(),
        },
        2 => {
            let columns = format::counted(feature_count(form, version, plan) as u64, "column", "columns");
            match form.recipe.steps.len() as u64 {
                0 => format!("{columns} · usual recipe"),
                n => format!("{columns} · {} of your own", format::counted(n, "step", "steps")),
            }
        }
        3 => {
            let split = match form.split {
                SplitChoice::Random => "random".to_owned(),
                SplitChoice::Stratified => "stratified".to_owned(),
                SplitChoice::Time => "by time".to_owned(),
                SplitChoice::Group => format!("by {}", form.group_column.as_deref().unwrap_or("group")),
            };
            let folds = match (form.folds, form.repeats) {
                (0, _) => "no folds".to_owned(),
                (k, 0 | 1) => format!("{k} folds"),
                (k, n) => format!("{n} × {k} folds"),
            };
            let metric = form.task(version).map_or_else(String::new, |t| format!(" · {}", Metric::primary(t).title()));
            format!("{} · {folds}{metric}", format::capital(&split))
        }
        _ => {
            let time = match form.budget_seconds() {
                Ok(Some(seconds)) => format!("at most {}", format::duration(seconds)),
                _ => "no time limit".to_owned(),
            };
            match form.mode {
                Mode::Train => {
                    let n = format::counted(form.algorithms.len() as u64, "algorithm", "algorithms");
                    format!("{n} · {time}")
                }
                Mode::Tune => {
                    let (method, _) = method_words(form.tune.method);
                    format!("{} by {method} · {time}", form.tune.algorithm.title())
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::pages::fixture;

    #[test]
    fn each_step_says_what_is_chosen() {
        let history = fixture::history();
        let version = history.versions.last().unwrap();
        let mut form = TrainForm::propose(version, &history);
        let all = |form: &TrainForm| [1, 2, 3, 4].map(|step| summary(form, version, None, step));
        assert_eq!(
            all(&form),
            [
                "churned · two classes",
                "9 columns · usual recipe",
                "Stratified · 5 folds · ROC AUC",
                "7 algorithms · no time limit"
            ]
        );
        form.mode = Mode::Tune;
        form.budget = "5 min".into();
        form.repeats = 3;
        assert_eq!(
            all(&form)[2..],
            ["Stratified · 3 × 5 folds · ROC AUC", "Gradient boosting by TPE · at most 5 min 0 s"]
        );
    }
}
