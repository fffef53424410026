//! `gates`, `sign-off`, `quarantine` and `publish`: what keeps unfit data out, and the ways past it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::domain::check_request::QuarantineRequest;
use crate::domain::edit::Edit;
use crate::domain::gate::{Act, Need};
use crate::domain::ids::GateId;
use crate::domain::io::Silent;
use crate::domain::problem::Problem;
use crate::domain::request::{JobOutcome, JobRequest};
use crate::domain::sign_off::{Answers, Asked, SignedAnswer};
use crate::domain::suite::Environment;
use crate::domain::words::counted;
use crate::lifecycle::{StageError, edit, gates as lifecycle, sign_off as signing};

use super::checks::{parse_environment, read_suite};
use super::report::{Report, table};
use super::suites::dataset_of;
use super::{data_ref, listing, mixed_up, past_gates, work};

#[derive(Debug, Subcommand)]
pub enum GatesCommand {
    /// List the gates and what was let through in spite of them; with a version, how they stand for it
    List {
        /// A version: name or name@version
        #[arg(value_name = "D")]
        data: Option<String>,
        /// The column to predict, for checks on labels and leakage
        #[arg(long, value_name = "COL", requires = "data")]
        target: Option<String>,
    },
    /// Set a gate
    Add {
        /// Before what: train, register (export), score, publish (branches and tags), or commit (import)
        #[arg(value_name = "ACT", value_parser = parse_act)]
        act: Act,
        /// no-errors, rule:ID, absent:CODE (a built-in check that finds nothing), sign-off, checked, or split (no error when
        /// the rows that test are held against those that train)
        #[arg(value_name = "NEEDS", value_parser = parse_need)]
        needs: Need,
        /// Only for this dataset
        #[arg(long, value_name = "D")]
        dataset: Option<String>,
    },
    /// Take a gate away
    Remove {
        /// Its number, as `gates list` gives it
        #[arg(value_name = "GATE")]
        gate: i64,
    },
}

#[derive(Debug, Args)]
pub struct SignOffArgs {
    /// A version: name or name@version
    #[arg(value_name = "D")]
    pub data: String,
    /// Is the data objective? yes, no:WHY or unsure:WHY
    #[arg(long, value_name = "ANSWER", value_parser = parse_answer, requires_all = ["fit", "assumptions", "adversarial"])]
    pub objective: Option<SignedAnswer>,
    /// Is it fit for the intended use?
    #[arg(long, value_name = "ANSWER", value_parser = parse_answer, requires = "objective")]
    pub fit: Option<SignedAnswer>,
    /// Are its hidden assumptions known and written down?
    #[arg(long, value_name = "ANSWER", value_parser = parse_answer, requires = "objective")]
    pub assumptions: Option<SignedAnswer>,
    /// Is it free of adversarial content?
    #[arg(long, value_name = "ANSWER", value_parser = parse_answer, requires = "objective")]
    pub adversarial: Option<SignedAnswer>,
}

#[derive(Debug, Args)]
pub struct QuarantineArgs {
    /// A dataset: name or name@version
    #[arg(value_name = "D")]
    pub data: String,
    /// Only by this rule; repeat for several (default: every rule of severity error that judges rows)
    #[arg(long = "rule", value_name = "ID")]
    pub rules: Vec<String>,
    /// The suite in this file instead of the dataset's own
    #[arg(long, value_name = "FILE")]
    pub suite: Option<PathBuf>,
    /// train, or score: a table without the label
    #[arg(long, value_name = "WHERE", default_value = "train", value_parser = parse_environment)]
    pub environment: Environment,
    /// The branch that leads to the rows that hold; `publish` makes them main's
    #[arg(long, value_name = "NAME", default_value = "clean")]
    pub branch: String,
}

fn parse_act(text: &str) -> Result<Act, String> {
    Act::parse(text).ok_or_else(|| format!("choose among {}", Act::ALL.map(Act::as_str).join(", ")))
}

fn parse_need(text: &str) -> Result<Need, String> {
    Need::parse(text).ok_or_else(|| "choose no-errors, rule:ID, absent:CODE, sign-off, checked or split".to_owned())
}

fn parse_answer(text: &str) -> Result<SignedAnswer, String> {
    SignedAnswer::parse(text).ok_or_else(|| "write yes, no:WHY or unsure:WHY".to_owned())
}

pub fn gates(root: &Path, command: GatesCommand) -> Result<Report, Problem> {
    match command {
        GatesCommand::List { data: None, .. } => listing(root, |ws| {
            let board = lifecycle::board(ws)?;
            let rows: Vec<Vec<String>> = board
                .gates
                .iter()
                .map(|g| {
                    let dataset = g.dataset.clone().unwrap_or_default();
                    vec![g.id.to_string(), g.act.as_str().to_owned(), g.needs.to_string(), dataset, g.who.clone()]
                })
                .collect();
            let mut text = table(&["gate", "before", "needs", "only for", "set by"], &rows);
            for o in &board.overrides {
                let gates: Vec<String> = o.red.iter().map(|red| red.gate.to_string()).collect();
                let (act, subject, who, reason) = (o.act.title(), &o.subject, &o.who, &o.reason);
                text.push_str(&format!("{who} let {subject} past gate {} for {act}: {reason}\n", gates.join(", ")));
            }
            Ok(Report::new(json!(board), text))
        }),
        GatesCommand::List { data: Some(data), target } => listing(root, |ws| {
            let version = dataset_of(ws, &data)?;
            let mut states = Vec::new();
            for act in Act::ALL {
                states.extend(lifecycle::states(ws, version.id, act, target.as_deref(), &Silent)?);
            }
            let rows: Vec<Vec<String>> = states
                .iter()
                .map(|s| {
                    let outcome = if s.is_green() { "green" } else { "red" };
                    let why = s.red.clone().unwrap_or_default();
                    let (act, needs) = (s.gate.act.as_str().to_owned(), s.gate.needs.to_string());
                    vec![s.gate.id.to_string(), act, needs, outcome.to_owned(), why]
                })
                .collect();
            let red = states.iter().filter(|s| !s.is_green()).count();
            let text = table(&["gate", "before", "needs", "stands", "because"], &rows);
            let json = json!({ "dataset": version.label(), "green": red == 0, "gates": states });
            Ok(Report { said_no: red > 0, ..Report::new(json, text) })
        }),
        GatesCommand::Add { act, needs, dataset } => listing(root, |ws| {
            let dataset = dataset.map(|name| dataset_of(ws, &name)).transpose()?.map(|v| v.dataset_id);
            let before = lifecycle::board(ws)?.gates;
            let outcome = edit::edit(ws, &Edit::AddGate { act, needs, dataset })?;
            let after = lifecycle::board(ws)?.gates;
            let made = after.into_iter().find(|g| before.iter().all(|old| old.id != g.id));
            Ok(Report::new(json!({ "said": outcome.said, "gate": made }), format!("{}\n", outcome.said)))
        }),
        GatesCommand::Remove { gate } => listing(root, |ws| {
            let id = GateId(gate);
            if !lifecycle::board(ws)?.gates.iter().any(|g| g.id == id) {
                return Err(StageError::usage(format!("there is no gate {gate}"), "`gates list` names them"));
            }
            let outcome = edit::edit(ws, &Edit::HideGate { gate: id, hidden: true })?;
            Ok(Report::new(json!({ "said": outcome.said }), format!("{}\n", outcome.said)))
        }),
    }
}

/// Signs, or without answers shows what was signed.
pub fn sign_off(root: &Path, args: SignOffArgs) -> Result<Report, Problem> {
    listing(root, |ws| {
        let version = dataset_of(ws, &args.data)?;
        if let (Some(objective), Some(fit), Some(assumptions), Some(adversarial)) =
            (args.objective, args.fit, args.assumptions, args.adversarial)
        {
            let answers = Answers { objective, fit, assumptions, adversarial };
            edit::edit(ws, &Edit::SignOff { version: version.id, answers })?;
        }
        let all = signing::of_version(ws, version.id)?;
        let mut text = String::new();
        match all.first() {
            None => {
                text.push_str(&format!("Nobody signed {} off\n", version.label()));
                for asked in Asked::ALL {
                    text.push_str(&format!("--{:<12} {}\n", asked.as_str(), asked.question()));
                }
            }
            Some(newest) => {
                text.push_str(&format!("{} signed by {}\n", newest.dataset, newest.who));
                for asked in Asked::ALL {
                    let answer = newest.answers.get(asked);
                    let line = format!("{:<8}{} {}", answer.verdict.as_str(), asked.question(), answer.text);
                    text.push_str(line.trim_end());
                    text.push('\n');
                }
            }
        }
        Ok(Report::new(json!({ "dataset": version.label(), "sign_offs": all }), text))
    })
}

pub fn quarantine(root: &Path, args: QuarantineArgs) -> Result<Report, Problem> {
    let request = QuarantineRequest {
        data: data_ref(&args.data)?,
        rules: args.rules,
        suite: args.suite.as_deref().map(read_suite).transpose()?.map(Box::new),
        environment: args.environment,
        branch: args.branch,
    };
    parted(root, JobRequest::Quarantine(request))
}

/// Parts a version, and tells what became of it.
pub fn parted(root: &Path, request: JobRequest) -> Result<Report, Problem> {
    let JobOutcome::Quarantined(outcome) = work(root, request)? else {
        return Err(mixed_up());
    };
    let rows: Vec<Vec<String>> = outcome.by_rule.iter().map(|(rule, n)| vec![rule.clone(), n.to_string()]).collect();
    let mut text = if rows.is_empty() { String::new() } else { table(&["rule", "rows"], &rows) };
    for (rule, reason) in &outcome.left_out {
        text.push_str(&format!("Left out: {rule}: {reason}\n"));
    }
    text.push_str(&match (&outcome.kept, &outcome.quarantined) {
        (Some(kept), Some(aside)) => format!(
            "{} set aside as {}; {} holds the other {}\n",
            counted(aside.rows, "row", "rows"),
            aside.label(),
            kept.label(),
            counted(kept.rows, "row", "rows")
        ),
        _ => format!("No row of {} breaks a rule; nothing was made\n", outcome.from.label()),
    });
    let named = |v: &crate::domain::dataset::DatasetVersion| json!({ "dataset": v.label(), "rows": v.rows });
    let by_rule: Vec<_> = outcome.by_rule.iter().map(|(rule, rows)| json!({ "rule": rule, "rows": rows })).collect();
    let left: Vec<_> =
        outcome.left_out.iter().map(|(rule, reason)| json!({ "rule": rule, "reason": reason })).collect();
    let json = json!({
        "from": outcome.from.label(), "kept": outcome.kept.as_ref().map(named),
        "quarantined": outcome.quarantined.as_ref().map(named), "by_rule": by_rule, "left_out": left,
    });
    Ok(Report::new(json, text))
}

pub fn publish(root: &Path, data: &str) -> Result<Report, Problem> {
    listing(root, |ws| {
        let version = dataset_of(ws, data)?;
        let outcome = edit::edit(ws, &past_gates(Edit::Publish { version: version.id }))?;
        let json = json!({ "said": outcome.said, "dataset": version.label(), "undo": outcome.undo });
        Ok(Report::new(json, format!("{}\n", outcome.said)))
    })
}
