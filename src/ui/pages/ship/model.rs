//! What leaves: the contents of a bundle, the bundles already made, the commands that run one elsewhere. Pure.

use crate::domain::bundle::{BUNDLE_CONTENTS, ExportedBundle};
use crate::domain::history::History;
use crate::domain::metric::Metric;
use crate::domain::run::{Run, RunStatus};
use crate::state::Focus;
use crate::ui::format::{self, count};
use crate::ui::pages::train::model::metric_number;
use crate::ui::widgets::badge::Tone;

/// Largest difference between the written and the living model that still counts as equal.
pub const TOLERANCE: f64 = 1e-5;

/// One line of the checklist.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub name: String,
    pub what: &'static str,
    /// Known once a bundle of this run was written.
    pub bytes: Option<u64>,
}

/// What the bundle of a run contains: from the last one written for it, else what will be written.
pub fn contents(bundle: Option<&ExportedBundle>) -> Vec<Item> {
    match bundle {
        Some(bundle) => bundle
            .files
            .iter()
            .map(|f| Item { name: f.name.clone(), what: explain(&f.name), bytes: Some(f.bytes) })
            .collect(),
        None => BUNDLE_CONTENTS.map(|(name, what)| Item { name: name.to_owned(), what, bytes: None }).to_vec(),
    }
}

fn explain(name: &str) -> &'static str {
    BUNDLE_CONTENTS.iter().find(|(n, _)| *n == name).map_or("", |(_, what)| what)
}

/// The run to ship: the one in focus when it can be, else the best-looking candidate, the newest completed one.
pub fn chosen<'a>(history: &'a History, focus: &Focus) -> Option<&'a Run> {
    let focused = focus.run.and_then(|id| history.run(id)).filter(|r| shippable(r));
    focused.or_else(|| candidates(history).into_iter().next())
}

pub fn shippable(run: &Run) -> bool {
    run.status == RunStatus::Completed && run.model_hash.is_some()
}

/// Runs that can be exported, newest first.
pub fn candidates(history: &History) -> Vec<&Run> {
    let mut runs: Vec<&Run> = history.runs.iter().filter(|r| shippable(r)).collect();
    runs.sort_by_key(|r| std::cmp::Reverse(r.id));
    runs
}

/// "Run 12 · Decision tree · churn@2 · ROC AUC 0.8421"
pub fn run_line(run: &Run) -> String {
    let metric = Metric::primary(run.plan.task);
    let score = run.score().map_or_else(String::new, |s| format!(" · {} {}", metric.title(), metric_number(s)));
    format!("Run {} · {} · {}{score}", run.id, run.plan.algorithm.title(), run.plan.dataset)
}

/// The newest bundle of a run.
pub fn bundle_of<'a>(history: &'a History, run: &Run) -> Option<&'a ExportedBundle> {
    history.bundles.iter().find(|b| b.run_id == run.id)
}

/// The bundle to describe: the one in focus, else the newest of the run, else none.
pub fn shown_bundle<'a>(history: &'a History, focus: &Focus, run: Option<&Run>) -> Option<&'a ExportedBundle> {
    let focused = focus.bundle.and_then(|id| history.bundle(id));
    focused.filter(|b| run.is_none_or(|r| r.id == b.run_id)).or_else(|| run.and_then(|r| bundle_of(history, r)))
}

/// Was the written model equal to the one in memory?
pub fn verification(bundle: &ExportedBundle) -> (Tone, &'static str) {
    match bundle.golden_max_abs_diff {
        d if bundle.golden_rows == 0 || !d.is_finite() => (Tone::Warn, "not verified"),
        d if d <= TOLERANCE => (Tone::Ok, "verified"),
        _ => (Tone::Bad, "differs"),
    }
}

/// How that was found out.
pub fn verification_words(bundle: &ExportedBundle) -> String {
    format!(
        "{} golden rows scored after writing; largest difference {}",
        count(bundle.golden_rows),
        difference(bundle.golden_max_abs_diff)
    )
}

pub fn difference(value: f64) -> String {
    if value == 0.0 { "0".to_owned() } else { format::number(value) }
}

/// A command that runs the bundle somewhere else.
#[derive(Debug, PartialEq, Eq)]
pub struct Recipe {
    pub title: &'static str,
    pub text: String,
}

/// Scores the first golden rows straight from the zip. Holds no double quote: a shell takes it between two.
const ONNX_SCRIPT: &str = "import json, sys, zipfile, numpy as np, onnxruntime as rt; \
    z = zipfile.ZipFile(sys.argv[1]); s = rt.InferenceSession(z.read('model.onnx')); \
    rows = json.loads(z.read('golden_rows.json'))['inputs'][:5]; \
    feed = {i.name: np.array(c, object if 'string' in i.type else float) for i, c in zip(s.get_inputs(), zip(*rows))}; \
    print(dict(zip([o.name for o in s.get_outputs()], s.run(None, feed))))";

pub fn commands(file_name: &str) -> [Recipe; 3] {
    let folder = file_name.strip_suffix(".zip").unwrap_or(file_name);
    [
        Recipe { title: "Modelwright", text: format!("modelwright score {} input.csv output.csv", quoted(file_name)) },
        Recipe {
            title: "MLflow",
            text: format!(
                "unzip {} -d {}\nmlflow models predict -m {} -i input.csv -t csv --env-manager local",
                quoted(file_name),
                quoted(folder),
                quoted(folder)
            ),
        },
        Recipe {
            title: "ONNX Runtime",
            text: format!("pip install onnxruntime numpy\npython -c \"{ONNX_SCRIPT}\" {}", quoted(file_name)),
        },
    ]
}

/// A file name as a shell takes it.
fn quoted(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_alphanumeric() || "._-@+/".contains(c));
    if plain { name.to_owned() } else { format!("'{}'", name.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::pages::fixture;

    #[test]
    fn only_completed_runs_with_a_model_can_leave() {
        let history = fixture::history();
        assert!(candidates(&history).iter().all(|r| r.status == RunStatus::Completed));
        let failed = history.runs.iter().find(|r| r.status == RunStatus::Failed).unwrap();
        let focus = Focus { run: Some(failed.id), ..Focus::default() };
        assert_eq!(chosen(&history, &focus).unwrap().status, RunStatus::Completed);
    }

    #[test]
    fn a_written_bundle_tells_its_sizes_and_a_planned_one_its_contents() {
        let history = fixture::history();
        let written = contents(history.bundles.first());
        assert!(written.iter().all(|i| i.bytes.is_some()));
        assert!(written.iter().all(|i| !i.what.is_empty()), "{written:?}");
        assert_eq!(contents(None).len(), BUNDLE_CONTENTS.len());
    }

    #[test]
    fn equality_within_the_tolerance_is_verified() {
        let mut bundle = fixture::history().bundles.remove(0);
        assert_eq!(verification(&bundle), (Tone::Ok, "verified"));
        bundle.golden_max_abs_diff = 0.1;
        assert_eq!(verification(&bundle), (Tone::Bad, "differs"));
        bundle.golden_rows = 0;
        assert_eq!(verification(&bundle), (Tone::Warn, "not verified"));
    }

    #[test]
    fn names_with_spaces_are_quoted_for_the_shell() {
        let [score, mlflow, onnx] = commands("my model.zip");
        assert_eq!(score.text, "modelwright score 'my model.zip' input.csv output.csv");
        assert!(mlflow.text.starts_with("unzip 'my model.zip' -d 'my model'\n"));
        assert!(onnx.text.ends_with(")\" 'my model.zip'"), "{}", onnx.text);
        assert_eq!(ONNX_SCRIPT.find(['"', '$', '`', '!']), None);
    }
}
