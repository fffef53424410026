//! `suite`: draft, save, import, export and try what is expected of a dataset.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use crate::domain::dataset::DatasetVersion;
use crate::domain::edit::Edit;
use crate::domain::finding::{CheckRun, Finding};
use crate::domain::io::Silent;
use crate::domain::problem::Problem;
use crate::domain::question::{Answer, Question};
use crate::domain::request::{JobOutcome, JobRequest};
use crate::domain::suite::{Environment, SavedSuite, Suite};
use crate::lifecycle::{StageError, edit, look, resolve, suite as suites};
use crate::store::Workspace;

use super::checks::{parse_environment, read_suite};
use super::report::{Report, table};
use super::{imported, listing, mixed_up, work};

#[derive(Debug, Subcommand)]
pub enum SuiteCommand {
    /// Show the suite of a dataset
    Show {
        /// A dataset's name
        #[arg(value_name = "D")]
        data: String,
        /// As it was saved in this state (default: the newest)
        #[arg(long, value_name = "N")]
        state: Option<u32>,
    },
    /// Draft a suite that these versions pass; each limit says where it comes from
    Draft {
        /// One or several versions of a dataset, or a path to a file
        #[arg(value_name = "D", required = true)]
        data: Vec<String>,
        /// The column to predict: expected to train, not to score
        #[arg(long, value_name = "COL")]
        target: Option<String>,
        /// Save it as the dataset's suite
        #[arg(long)]
        save: bool,
        /// Write it to this file
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Save the suite in a file as the dataset's new state
    Save {
        /// A dataset's name
        #[arg(value_name = "D")]
        data: String,
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
    },
    /// The same for a suite of Great Expectations; says what could not be taken
    Import {
        /// A dataset's name
        #[arg(value_name = "D")]
        data: String,
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
    },
    /// Write the suite of a dataset to a file
    Export {
        /// A dataset's name
        #[arg(value_name = "D")]
        data: String,
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Try the suite on every version of the dataset: on which would it have failed?
    Test {
        /// A dataset's name
        #[arg(value_name = "D")]
        data: String,
        /// The suite in this file instead of the saved one
        #[arg(long, value_name = "FILE")]
        suite: Option<PathBuf>,
        /// Only this rule
        #[arg(long, value_name = "ID")]
        rule: Option<String>,
        /// train, or score: a table without the label
        #[arg(long, value_name = "WHERE", default_value = "train", value_parser = parse_environment)]
        environment: Environment,
    },
    /// Take a finding for the new normal: the suite is changed so that it holds
    Accept {
        /// The version it was found in, checked before
        #[arg(value_name = "D")]
        data: String,
        /// A rule's id, or a check's code, with :COLUMN where it is about several
        #[arg(value_name = "FINDING")]
        finding: String,
    },
    /// List the states in which the suite was saved
    History {
        /// A dataset's name
        #[arg(value_name = "D")]
        data: String,
    },
}

pub fn suite(root: &Path, command: SuiteCommand) -> Result<Report, Problem> {
    match command {
        SuiteCommand::Show { data, state } => listing(root, |ws| {
            let saved = saved(ws, &data, state)?;
            let mut document = json!(saved.suite);
            document["state"] = json!(saved.number);
            Ok(Report::new(document, shown(&saved.suite)))
        }),
        SuiteCommand::Draft { data, target, save, out } => draft(root, &data, target.as_deref(), save, out),
        SuiteCommand::Save { data, file, note } => {
            let suite = read_suite(&file)?;
            listing(root, |ws| keep(ws, &data, suite, note))
        }
        SuiteCommand::Import { data, file, note } => import(root, &data, &file, note),
        SuiteCommand::Export { data, out } => {
            let suite = listing(root, |ws| Ok(saved(ws, &data, None)?.suite))?;
            write(&out, &suite)?;
            let text = format!("Wrote the suite of {data} to {}: {}\n", out.display(), suites::counts(&suite));
            Ok(Report::new(
                json!({ "path": out, "columns": suite.contract.columns.len(), "rules": suite.rules.len() }),
                text,
            ))
        }
        SuiteCommand::Test { data, suite, rule, environment } => test(root, &data, suite, rule, environment),
        SuiteCommand::Accept { data, finding } => listing(root, |ws| {
            let version = dataset_of(ws, &data)?;
            let wanted = found(ws, &version, &finding)?;
            let outcome = edit::edit(ws, &Edit::AcceptFinding { version: version.id, finding: Box::new(wanted) })?;
            Ok(Report::new(json!({ "said": outcome.said, "undo": outcome.undo }), format!("{}\n", outcome.said)))
        }),
        SuiteCommand::History { data } => listing(root, |ws| {
            let all = suites::states(ws, dataset_of(ws, &data)?.dataset_id)?;
            let rows: Vec<Vec<String>> = all
                .iter()
                .map(|s| vec![s.number.to_string(), s.who.clone(), suites::counts(&s.suite), s.note.clone()])
                .collect();
            let states: Vec<Value> = all
                .iter()
                .map(|s| json!({ "state": s.number, "note": s.note, "who": s.who, "at_ms": s.created_at_ms, "suite": s.suite }))
                .collect();
            Ok(Report::new(json!({ "states": states }), table(&["state", "who", "holds", "note"], &rows)))
        }),
    }
}

/// The version a name leads to.
pub fn dataset_of(workspace: &Workspace, data: &str) -> Result<DatasetVersion, StageError> {
    let data = crate::domain::request::DataRef::parse(data, |_| false);
    resolve::find(workspace, &data, &Silent)
}

fn saved(workspace: &Workspace, data: &str, state: Option<u32>) -> Result<SavedSuite, StageError> {
    let version = dataset_of(workspace, data)?;
    let mut all = suites::states(workspace, version.dataset_id)?;
    if all.is_empty() {
        return Err(StageError::usage(
            format!("{} has no suite", version.dataset),
            format!("Draft one: `suite draft {} --save`", version.dataset),
        ));
    }
    let newest = all[0].number;
    all.retain(|s| state.is_none_or(|n| s.number == n));
    if all.is_empty() {
        let what = format!("the suite of {} has no state {}", version.dataset, state.unwrap_or_default());
        return Err(StageError::usage(what, format!("Its states are 1 to {newest}")));
    }
    Ok(all.remove(0))
}

fn draft(
    root: &Path,
    data: &[String],
    target: Option<&str>,
    save: bool,
    out: Option<PathBuf>,
) -> Result<Report, Problem> {
    let data = data.iter().map(|data| imported(root, data)).collect::<Result<Vec<_>, _>>()?;
    let (suite, said) = listing(root, |ws| {
        let versions = data.iter().map(|data| resolve::find(ws, data, &Silent)).collect::<Result<Vec<_>, _>>()?;
        let ids: Vec<_> = versions.iter().map(|v| v.id).collect();
        let suite = suites::draft(ws, &ids, target)?;
        let Some(first) = versions.first().filter(|_| save) else { return Ok((suite, String::new())) };
        if let Some(other) = versions.iter().find(|v| v.dataset_id != first.dataset_id) {
            return Err(StageError::usage(
                format!("{} and {} are of different datasets", first.label(), other.label()),
                "Write the draft to a file with --out, then `suite save` it",
            ));
        }
        let labels: Vec<String> = versions.iter().map(DatasetVersion::label).collect();
        let note = format!("Drafted from {}", labels.join(", "));
        let edit = Edit::SaveSuite { dataset: first.dataset_id, suite: Box::new(suite.clone()), note };
        Ok((suite, edit::edit(ws, &edit)?.said))
    })?;
    if let Some(out) = out {
        write(&out, &suite)?;
    }
    let mut text = shown(&suite);
    if !said.is_empty() {
        text.push_str(&format!("{said}\n"));
    }
    Ok(Report::new(json!(suite), text))
}

fn keep(workspace: &Workspace, data: &str, suite: Suite, note: String) -> Result<Report, StageError> {
    let version = dataset_of(workspace, data)?;
    let counts = (suite.contract.columns.len(), suite.rules.len());
    let edit = Edit::SaveSuite { dataset: version.dataset_id, suite: Box::new(suite), note };
    let outcome = edit::edit(workspace, &edit)?;
    let state = suites::states(workspace, version.dataset_id)?.first().map(|s| s.number);
    let json = json!({ "said": outcome.said, "state": state, "columns": counts.0, "rules": counts.1 });
    Ok(Report::new(json, format!("{}\n", outcome.said)))
}

fn import(root: &Path, data: &str, file: &Path, note: String) -> Result<Report, Problem> {
    let (mut report, not_taken) = listing(root, |ws| {
        let imported = suites::of_file(file)?;
        Ok((keep(ws, data, imported.suite, note)?, imported.not_taken))
    })?;
    for (name, reason) in &not_taken {
        report.text.push_str(&format!("Not taken: {name}: {reason}\n"));
    }
    let left: Vec<Value> =
        not_taken.iter().map(|(name, reason)| json!({ "expectation": name, "reason": reason })).collect();
    report.json["not_taken"] = json!(left);
    Ok(report)
}

fn write(out: &Path, suite: &Suite) -> Result<(), Problem> {
    crate::store::atomic_write(out, suite.print().as_bytes()).map_err(|error| {
        Problem::failed(format!("Could not write {}: {error}", out.display()), "", "Check the path and its permissions")
    })
}

fn test(
    root: &Path,
    data: &str,
    file: Option<PathBuf>,
    rule: Option<String>,
    environment: Environment,
) -> Result<Report, Problem> {
    let given = file.as_deref().map(read_suite).transpose()?;
    let (dataset, suite) = listing(root, |ws| {
        let suite = match given {
            Some(suite) => suite,
            None => saved(ws, data, None)?.suite,
        };
        Ok((dataset_of(ws, data)?.dataset_id, suite))
    })?;
    let question = Question::SuiteTrial { dataset, suite: Box::new(suite), rule, environment };
    let JobOutcome::Answered(answer) = work(root, JobRequest::Ask(question))? else { return Err(mixed_up()) };
    let Answer::SuiteTrial(trial) = *answer else { return Err(mixed_up()) };
    let mut rows = Vec::new();
    for version in &trial.versions {
        let outcome = match (&version.problem, version.fails()) {
            (Some(problem), _) => problem.clone(),
            (None, true) => "fails".to_owned(),
            (None, false) => "passes".to_owned(),
        };
        rows.push(vec![version.number.to_string(), outcome, String::new()]);
        for broken in &version.broken {
            rows.push(vec![String::new(), broken.rule.clone(), broken.message.clone()]);
        }
    }
    let mut text = table(&["version", "outcome", "because"], &rows);
    text.push_str(&format!("{}\n", trial.told()));
    Ok(Report::new(json!({ "said": trial.told(), "versions": trial.versions }), text))
}

/// The finding of a version's newest check run that is meant.
fn found(workspace: &Workspace, version: &DatasetVersion, wanted: &str) -> Result<Finding, StageError> {
    let history = look::history(workspace)?;
    let Some(run) = history.latest_check(version.id) else {
        return Err(StageError::usage(
            format!("{} was never checked", version.label()),
            format!("Run `check {}` first", version.label()),
        ));
    };
    let all = run.report.findings();
    let by = |f: &&&Finding| {
        f.rule.as_deref() == Some(wanted)
            || f.rule.is_none()
                && (f.code == wanted
                    || wanted
                        .split_once(':')
                        .is_some_and(|(code, column)| f.code == code && f.column.as_deref() == Some(column)))
    };
    let fits: Vec<&&Finding> = all.iter().filter(by).collect();
    match fits.as_slice() {
        [one] => Ok((**one).clone()),
        [] => Err(StageError::usage(
            format!("check run {} of {} has no finding `{wanted}`", run.id, version.label()),
            format!("It has {}", names(run)),
        )),
        _ => Err(StageError::usage(
            format!("check run {} has {} findings `{wanted}`", run.id, fits.len()),
            format!("Name the column, too: {}", names(run)),
        )),
    }
}

fn names(run: &CheckRun) -> String {
    let name = |f: &&Finding| match (&f.rule, &f.column) {
        (Some(rule), _) => rule.clone(),
        (None, Some(column)) => format!("{}:{column}", f.code),
        (None, None) => f.code.clone(),
    };
    let mut all: Vec<String> = run.report.findings().iter().map(name).collect();
    all.dedup();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

/// Columns and rules, a line each.
fn shown(suite: &Suite) -> String {
    let mut rows = Vec::new();
    for environment in Environment::ALL {
        for rule in suite.rules_for(environment) {
            let only = match rule.only_in {
                Some(only) => only.as_str(),
                None => "",
            };
            let row = vec![
                rule.id.clone(),
                rule.severity.as_str().to_owned(),
                only.to_owned(),
                rule.describe(),
                rule.origin.unwrap_or_default(),
            ];
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
    }
    for (code, setting) in &suite.checks {
        let what = match (setting.off, setting.limit, setting.severity) {
            (true, _, _) => "off".to_owned(),
            (false, Some(limit), _) => format!("limit {limit}"),
            (false, None, Some(severity)) => severity.as_str().to_owned(),
            (false, None, None) => "as it is".to_owned(),
        };
        rows.push(vec![code.clone(), String::new(), String::new(), what, String::new()]);
    }
    table(&["rule", "severity", "only to", "what", "where it comes from"], &rows)
}
