//! `check` and `checks`: run the checks, save their report, compare runs, follow a rule from run to run.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::domain::check_request::{CheckReportFormat, CheckReportRequest, Declared};
use crate::domain::finding::{CheckRun, Finding, Severity};
use crate::domain::ids::CheckRunId;
use crate::domain::problem::Problem;
use crate::domain::request::{CheckRequest, JobOutcome, JobRequest};
use crate::domain::suite::{Environment, LimitUnit, Suite, catalogue};
use crate::lifecycle::{look, suite as suites};

use super::report::{self, Report, table};
use super::suites::dataset_of;
use super::{absolute, data_ref, listing, mixed_up, work};

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// A dataset: name, name@version, or a path to a file
    #[arg(value_name = "D", required_unless_present = "list")]
    pub data: Option<String>,
    /// Compare with this dataset: an earlier month, the training data
    #[arg(long, value_name = "D2")]
    pub against: Option<String>,
    /// The column to predict, for checks on labels and leakage
    #[arg(long, value_name = "COL")]
    pub target: Option<String>,
    /// What to compare with is what a model learns from, and this table tests it: they may share nothing
    #[arg(long, requires = "against")]
    pub training: bool,
    /// The column that says when, for leaks through time
    #[arg(long, value_name = "COL")]
    pub time: Option<String>,
    /// The column that says whose row it is; the same one on both sides is a leak
    #[arg(long, value_name = "COL")]
    pub group: Option<String>,
    /// Use the suite in this file instead of the dataset's own; see `suite`
    #[arg(long, value_name = "FILE")]
    pub suite: Option<PathBuf>,
    /// train, or score: a table without the label
    #[arg(long, value_name = "WHERE", default_value = "train", value_parser = parse_environment)]
    pub environment: Environment,
    /// Save the report as one page of HTML
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Save the report as JUnit XML, for build servers
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Save the report as JSON
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Say no (exit code 3) from this severity on: warning or error
    #[arg(long, value_name = "SEVERITY", default_value = "error", value_parser = parse_severity)]
    pub fail_on: Severity,
    /// List the built-in checks with their limits, and check nothing
    #[arg(long, conflicts_with = "data")]
    pub list: bool,
}

#[derive(Debug, Subcommand)]
pub enum ChecksCommand {
    /// What differs between two check runs: new, gone and changed findings
    Diff {
        /// The earlier check run's number, as `check --json` gives it
        #[arg(value_name = "A")]
        before: i64,
        #[arg(value_name = "B")]
        after: i64,
    },
    /// What the checks said of the rows that trained and tested, each time they were split
    Splits {
        /// A dataset's name
        #[arg(value_name = "D")]
        data: String,
    },
    /// What each rule and check measured, check run by check run
    History {
        /// A dataset's name
        #[arg(value_name = "D")]
        data: String,
        /// Only this rule's id or check's code
        #[arg(long, value_name = "ID")]
        rule: Option<String>,
    },
}

pub fn parse_environment(text: &str) -> Result<Environment, String> {
    Environment::parse(text).ok_or_else(|| "choose train or score".to_owned())
}

fn parse_severity(text: &str) -> Result<Severity, String> {
    Severity::parse(text).filter(|s| *s != Severity::Info).ok_or_else(|| "choose warning or error".to_owned())
}

pub fn check(root: &Path, args: CheckArgs) -> Result<Report, Problem> {
    let Some(data) = args.data.as_deref().filter(|_| !args.list) else { return Ok(list()) };
    let request = CheckRequest {
        against: args.against.as_deref().map(data_ref).transpose()?,
        target: args.target,
        suite: args.suite.as_deref().map(read_suite).transpose()?.map(Box::new),
        environment: args.environment,
        declared: Declared { training: args.training, time: args.time, group: args.group },
        ..CheckRequest::of(data_ref(data)?)
    };
    let JobOutcome::Checked(run) = work(root, JobRequest::Check(request))? else { return Err(mixed_up()) };
    let formats = [
        (args.html, CheckReportFormat::Html),
        (args.junit, CheckReportFormat::Junit),
        (args.report, CheckReportFormat::Json),
    ];
    for (out, format) in formats {
        let Some(out) = out else { continue };
        save(root, &run, format, &out)?;
    }
    let mut report = report::check(&run);
    report.said_no = run.report.at_least(args.fail_on) > 0;
    if report.said_no && run.report.passed {
        report.text.push_str("Failed: at least one warning\n");
    }
    report.json["suite"] = json!(run.suite);
    report.json["environment"] = json!(run.environment);
    Ok(report)
}

fn save(root: &Path, run: &CheckRun, format: CheckReportFormat, out: &Path) -> Result<(), Problem> {
    let request = CheckReportRequest { check_run: run.id, format, out: absolute(out)? };
    work(root, JobRequest::CheckReport(request)).map(drop)
}

/// A suite in our own format.
pub fn read_suite(path: &Path) -> Result<Suite, Problem> {
    let text = fs::read_to_string(path).map_err(|error| {
        Problem::usage(format!("Could not read {}: {error}", path.display()), "Check the path to the suite")
    })?;
    Suite::parse(&text).map_err(|error| {
        let hint = "Write it as `suite export` does; a suite of Great Expectations is taken by `suite import`";
        Problem::usage(format!("{} is no suite: {error}", path.display()), hint)
    })
}

fn list() -> Report {
    let rows: Vec<Vec<String>> = catalogue()
        .iter()
        .map(|spec| {
            let limit = match (spec.limit, spec.unit) {
                (None, _) => String::new(),
                (Some(limit), LimitUnit::Share) => format!("{} %", limit * 100.0),
                (Some(limit), _) => limit.to_string(),
            };
            let needs = [(spec.needs.target, "target"), (spec.needs.reference, "reference")];
            let needs: Vec<&str> = needs.iter().filter(|(needed, _)| *needed).map(|(_, word)| *word).collect();
            vec![
                spec.code.to_owned(),
                spec.severity.as_str().to_owned(),
                limit,
                needs.join(", "),
                spec.title.to_owned(),
            ]
        })
        .collect();
    Report::new(json!({ "checks": catalogue() }), table(&["code", "severity", "limit", "needs", "title"], &rows))
}

pub fn checks(root: &Path, command: ChecksCommand) -> Result<Report, Problem> {
    match command {
        ChecksCommand::Diff { before, after } => {
            let diff = listing(root, |ws| suites::compare_checks(ws, CheckRunId(before), CheckRunId(after)))?;
            let mut text = String::new();
            let line = |sign: &str, f: &Finding| {
                let id = f.rule.as_deref().unwrap_or(&f.code);
                format!("{sign} {:<8} {id:<22} {}\n", f.severity.as_str(), f.message)
            };
            diff.new.iter().for_each(|f| text.push_str(&line("+", f)));
            diff.gone.iter().for_each(|f| text.push_str(&line("-", f)));
            diff.changed.iter().for_each(|c| {
                text.push_str(&line("~", &c.after));
                text.push_str(&format!("  before: {}\n", c.before.message));
            });
            text.push_str(&format!(
                "{} new, {} gone, {} changed, {} the same\n",
                diff.new.len(),
                diff.gone.len(),
                diff.changed.len(),
                diff.same
            ));
            Ok(Report::new(json!(diff), text))
        }
        ChecksCommand::Splits { data } => {
            listing(root, |ws| Ok(report::splits(&look::split_checks(ws, dataset_of(ws, &data)?.dataset_id)?)))
        }
        ChecksCommand::History { data, rule } => listing(root, |ws| {
            let mut all = suites::histories(ws, dataset_of(ws, &data)?.dataset_id)?;
            all.retain(|h| rule.as_ref().is_none_or(|id| h.rule.as_ref() == Some(id) || h.code == *id));
            let mut rows = Vec::new();
            for history in &all {
                let id = history.rule.as_deref().unwrap_or(&history.code);
                for point in &history.points {
                    let outcome = match (point.skipped, point.severity) {
                        (true, _) => "skipped",
                        (false, None) => "held",
                        (false, Some(severity)) => severity.as_str(),
                    };
                    let observed = point.observed.map_or_else(String::new, |x| x.to_string());
                    let run = point.check_run.to_string();
                    rows.push(vec![id.to_owned(), run, point.dataset.clone(), outcome.to_owned(), observed]);
                }
            }
            let text = table(&["rule", "check run", "version", "outcome", "observed"], &rows);
            Ok(Report::new(json!({ "rules": all }), text))
        }),
    }
}
