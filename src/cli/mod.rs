//! The headless commands: a thin face over the lifecycle. Results go to standard output (one JSON document with
//! `--json`), everything else to standard error. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a check said no.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::OnceLock;

use clap::Parser;
use serde_json::{Value, json};

use crate::domain::edit::Edit;
use crate::domain::ids::RunId;
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::question::Question;
use crate::domain::request::{
    DataRef, DriftRequest, ExportRequest, ImportRequest, JobOutcome, JobRequest, ScoreRequest, ScoringModel,
    VerifyTarget,
};
use crate::domain::words::parse_bytes;
use crate::jobs::process::Workers;
use crate::lifecycle::{StageError, budget, compare, edit, look};
use crate::store::{Workspace, recent};

pub mod args;
pub mod checks;
pub mod explore;
pub mod gates;
pub mod import;
pub mod keep;
pub mod labels;
mod profiles;
mod progress;
mod rank;
mod report;
mod rows;
pub mod suites;
pub mod suspects;
mod training;
mod versions;
pub mod watch;

use args::{Cli, Command};
use report::Report;

/// Exit code for a check or gate that said no.
const SAID_NO: u8 = 3;

/// What `--memory-budget` says; the same for every piece of work of this command.
static MEMORY_BUDGET: OnceLock<u64> = OnceLock::new();

/// What `--override` says.
static OVERRIDE: OnceLock<String> = OnceLock::new();

/// What was typed. Ends the program when it is wrong (code 2) or asks for help; with `--json` that is a document too.
pub fn parse() -> Cli {
    Cli::try_parse().unwrap_or_else(|error| {
        if error.use_stderr() && std::env::args_os().any(|word| word == "--json") {
            let said = error.render().to_string();
            let summary = said.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            print_error(&Problem::usage(summary, "`modelwright help` tells what can be typed"));
        }
        error.exit()
    })
}

/// Runs one command.
pub fn run(cli: Cli) -> ExitCode {
    if let Some(bytes) = cli.memory_budget {
        let _ = MEMORY_BUDGET.set(bytes);
    }
    if let Some(reason) = cli.override_gates {
        let _ = OVERRIDE.set(reason);
    }
    let Some(command) = cli.command else { return ExitCode::from(2) };
    let root = cli.workspace.unwrap_or_else(recent::default_workspace);
    match execute(command, &root) {
        Ok(report) => match print(&report, cli.json) {
            Ok(()) => ExitCode::from(if report.said_no { SAID_NO } else { 0 }),
            // Whoever read our output has closed it (`| head`).
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("Done, but the result could not be printed: {error}");
                ExitCode::FAILURE
            }
        },
        Err(problem) => {
            eprintln!("{problem}");
            if cli.json {
                print_error(&problem);
            }
            ExitCode::from(match problem.kind {
                ProblemKind::Usage => 2,
                ProblemKind::Gate => SAID_NO,
                ProblemKind::Failed | ProblemKind::Cancelled => 1,
            })
        }
    }
}

fn print_error(problem: &Problem) {
    let document = json!({ "error": { "summary": problem.summary, "details": problem.details, "hint": problem.hint } });
    let _ = writeln!(std::io::stdout(), "{document}");
}

fn print(report: &Report, as_json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if as_json {
        serde_json::to_writer_pretty(&mut out, &report.json)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", report.text)?;
    }
    out.flush()
}

fn execute(command: Command, root: &Path) -> Result<Report, Problem> {
    match command {
        Command::Import(args) => import::import(root, *args),
        Command::Versions { dataset } => versions::list(root, &dataset),
        Command::Branch(command) => versions::branch(root, command),
        Command::Tag(command) => versions::tag(root, command),
        Command::Note { data, text } => versions::note(root, &data, text),
        Command::Revert { data, note } => versions::revert(root, &data, note),
        Command::SetKind { data, column, kind } => versions::set_kind(root, &data, column, kind),
        Command::Diff(args) => versions::diff(root, args),
        Command::Restore { data, out, form, force } => versions::restored(root, &data, &out, form, force),
        Command::Rejected { data, out, limit, force } => versions::rejected(root, &data, out, limit, force),
        Command::Profile { data, html, out } => profiles::profile(root, &data, html, out),
        Command::Relations { data, all_rows } => profiles::relations(root, &data, all_rows),
        Command::Drift { reference, current, from_profiles: true } => profiles::drift(root, &reference, &current),
        Command::Rows(args) => rows::rows(root, &args),
        Command::Datasets { search } => keep::datasets(root, search.as_deref()),
        Command::Describe(args) => keep::describe(root, args),
        Command::Refresh { data } => keep::refresh(root, &data),
        Command::Storage(args) => keep::storage(root, args),
        Command::Watch { what } => watch::watch(root, what),
        Command::Label(args) => labels::label(root, args),
        Command::Groups(args) => explore::groups(root, args),
        Command::Outliers(args) => explore::outliers(root, args),
        Command::Rank(args) => rank::rank(root, args),
        Command::Labels { data } => labels::labels(root, &data),
        Command::Check(args) => checks::check(root, *args),
        Command::Checks(command) => checks::checks(root, command),
        Command::Suite(command) => suites::suite(root, command),
        Command::Gates(command) => gates::gates(root, command),
        Command::SignOff(args) => gates::sign_off(root, *args),
        Command::Suspects(args) => suspects::suspects(root, args),
        Command::Quarantine(args) => gates::quarantine(root, args),
        Command::Publish { data } => gates::publish(root, &data),
        Command::Train(args) => training::train(root, args),
        Command::Tune(args) => training::tune(root, args),
        Command::Reproduce { run } => training::reproduce(root, run),
        Command::Runs => listing(root, |ws| Ok(report::runs(&look::history(ws)?.runs))),
        Command::Compare { runs } => listing(root, |ws| {
            let ids: Vec<RunId> = runs.iter().map(|&id| RunId(id)).collect();
            let (comparison, evaluations) = compare::compare(ws, &ids)?;
            Ok(report::comparison(&comparison, &evaluations))
        }),
        Command::Split { run } => listing(root, |ws| {
            let rows = look::split(ws, RunId(run))?;
            let (check, looks) = (look::split_check(ws, RunId(run))?, look::looks(ws, RunId(run), &rows)?);
            Ok(report::split(&rows, check.as_ref(), looks))
        }),
        Command::Drift { reference, current, .. } => {
            let request = DriftRequest { reference: data_ref(&reference)?, current: data_ref(&current)? };
            match work(root, JobRequest::Drift(request))? {
                JobOutcome::Drifted(drift) => Ok(report::drift(&drift)),
                _ => Err(mixed_up()),
            }
        }
        Command::Export { run, out } => {
            let request = ExportRequest { run: RunId(run), out: absolute(&out)? };
            match work(root, JobRequest::Export(request))? {
                JobOutcome::Exported(outcome) => Ok(report::export(&outcome)),
                _ => Err(mixed_up()),
            }
        }
        Command::Score { model, input, output } => {
            let model = match model.parse() {
                Ok(id) if !Path::new(&model).is_file() => ScoringModel::Run(RunId(id)),
                _ => ScoringModel::Bundle(absolute(Path::new(&model))?),
            };
            let request = ScoreRequest { model, input: absolute(&input)?, output: absolute(&output)? };
            match work(root, JobRequest::Score(request))? {
                JobOutcome::Scored(outcome) => Ok(report::score(&outcome)),
                _ => Err(mixed_up()),
            }
        }
        Command::Verify { path } => verify(root, path),
        Command::Settings { name: _, value } => settings(root, value.as_deref()),
        Command::Demo { out } => demo(&out),
        Command::Worker => Err(Problem::usage("The worker is started by the program itself", "")),
    }
}

/// Does a piece of work in the worker process, with progress on a terminal.
fn work(root: &Path, request: JobRequest) -> Result<JobOutcome, Problem> {
    let mut workers = Workers::of_this_program(root)
        .map_err(|e| Problem::failed("Could not find this program's own file", e.to_string(), ""))?;
    workers.memory_budget = MEMORY_BUDGET.get().copied();
    let request = match OVERRIDE.get() {
        Some(reason) => JobRequest::Overriding { reason: reason.clone(), request: Box::new(request) },
        None => request,
    };
    let bar = progress::Bar::new();
    let outcome = workers.run(&request, |event| bar.show(event));
    bar.finish();
    outcome
}

/// The edit with the reason of `--override`, where there is one.
fn past_gates(edit: Edit) -> Edit {
    match OVERRIDE.get() {
        Some(reason) => Edit::Overriding { reason: reason.clone(), edit: Box::new(edit) },
        None => edit,
    }
}

/// Reads the workspace in this process; nothing is created by looking.
fn listing<T>(root: &Path, read: impl FnOnce(&Workspace) -> Result<T, StageError>) -> Result<T, Problem> {
    let as_problem = |e: StageError| match e {
        StageError::Usage { summary, hint } => Problem::usage(summary, hint),
        gates @ StageError::Gates { .. } => gates.problem(&JobRequest::Ask(Question::Gates)),
        StageError::Store(
            e @ (crate::store::StoreError::NotFound { .. }
            | crate::store::StoreError::Invalid { .. }
            | crate::store::StoreError::Needed { .. }),
        ) => Problem::usage(e.to_string(), ""),
        other => Problem::failed(format!("Could not read the workspace: {other}"), "", ""),
    };
    let workspace = Workspace::open_existing(root).map_err(|e| as_problem(e.into()))?;
    look::tidy(&workspace);
    read(&workspace).map_err(as_problem)
}

/// What `data` names; a file is imported first.
fn imported(root: &Path, data: &str) -> Result<DataRef, Problem> {
    let data = data_ref(data)?;
    if let DataRef::File(path) = &data {
        let request = ImportRequest::of(path.clone());
        if let JobOutcome::Imported(outcome) = work(root, JobRequest::Import(request))? {
            return Ok(DataRef::Version(outcome.version.id));
        }
    }
    Ok(data)
}

fn verify(root: &Path, path: Option<PathBuf>) -> Result<Report, Problem> {
    let (root, target) = match path {
        Some(path) if path.is_file() => (root.to_owned(), VerifyTarget::Bundle(absolute(&path)?)),
        Some(path) => (path, VerifyTarget::Workspace),
        None => (root.to_owned(), VerifyTarget::Workspace),
    };
    match work(&root, JobRequest::Verify(target))? {
        JobOutcome::Verified(outcome) => Ok(report::verify(&outcome)),
        _ => Err(mixed_up()),
    }
}

fn demo(out: &Path) -> Result<Report, Problem> {
    let out = absolute(out)?;
    match work(&out.join("workspace"), JobRequest::Demo(out.clone()))? {
        JobOutcome::Demo(outcome) => Ok(report::demo(&outcome)),
        _ => Err(mixed_up()),
    }
}

/// Shows the settings, after changing the one there is.
fn settings(root: &Path, value: Option<&str>) -> Result<Report, Problem> {
    let failed = |e: StageError| Problem::failed(format!("The settings could not be used: {e}"), "", "");
    let value = match value {
        None => None,
        Some("default") => Some(None),
        Some(text) => Some(Some(parse_bytes(text).ok_or_else(|| {
            Problem::usage(
                format!("`{text}` is no amount of memory"),
                "Write an amount such as 500MB or 2GB, or default",
            )
        })?)),
    };
    let workspace = match value {
        Some(_) => Workspace::open(root),
        None => Workspace::open_existing(root),
    };
    let workspace = workspace.map_err(|e| failed(e.into()))?;
    if let Some(bytes) = value {
        edit::edit(&workspace, &Edit::SetMemoryBudget { bytes }).map_err(failed)?;
    }
    let set = budget::setting(&workspace).map_err(failed)?;
    Ok(report::settings(set, budget::default()))
}

fn data_ref(text: &str) -> Result<DataRef, Problem> {
    match DataRef::parse(text, Path::is_file) {
        DataRef::File(path) => Ok(DataRef::File(absolute(&path)?)),
        named => Ok(named),
    }
}

/// The worker may not share our folder.
fn absolute(path: &Path) -> Result<PathBuf, Problem> {
    std::path::absolute(path).map_err(|e| Problem::usage(format!("`{}` is no path: {e}", path.display()), ""))
}

fn mixed_up() -> Problem {
    Problem::failed("The worker answered another question", Value::Null.to_string(), "Please report this")
}
