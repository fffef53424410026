//! Outcomes in words: what a toast says after a job, and the button with the next step.

use crate::domain::activity::NewEvent;
use crate::domain::check_request::QuarantineOutcome;
use crate::domain::dataset::DatasetVersion;
use crate::domain::drift::StoredDrift;
use crate::domain::finding::{CheckRun, Severity};
use crate::domain::metric::Metric;
use crate::domain::request::{
    CheckRequest, DataRef, DemoOutcome, ExportOutcome, ImportOutcome, JobOutcome, RestoreOutcome, ScoreOutcome,
    TrainOutcome, VerifyOutcome,
};
use crate::domain::run::{Run, RunStatus};
use crate::domain::watch::Collected;
use crate::domain::words::file_name;

use super::command::{Command, Page};
use super::format::{bytes, count, counted, number};
use super::notification::{Note, NoteTone};
use crate::domain::training::Verdict;

/// What to tell when a job is done.
pub fn done(outcome: &JobOutcome) -> Note {
    match outcome {
        JobOutcome::Imported(outcome) => imported(outcome),
        JobOutcome::Checked(check) => checked(check),
        JobOutcome::Trained(outcome) => trained(outcome),
        JobOutcome::Tuned(outcome) => {
            let n = counted(outcome.runs.len() as u64, "trial", "trials");
            let tone = if outcome.best.is_some() { NoteTone::Success } else { NoteTone::Warning };
            let best = outcome.best.map_or_else(|| "none completed".to_owned(), |best| format!("best is run {best}"));
            Note::new(tone, format!("Tuned: {n}, {best}"))
        }
        JobOutcome::Reproduced(outcome) => {
            let tone = match outcome.verdict {
                Verdict::BitEqual | Verdict::WithinTolerance => NoteTone::Success,
                Verdict::Different => NoteTone::Warning,
            };
            let first = outcome.first_difference.as_ref().map_or_else(String::new, |s| format!("; {s} differs first"));
            Note::new(tone, format!("Run {} reproduced: {}{first}", outcome.run, outcome.verdict.as_str()))
        }
        JobOutcome::Drifted(drift) => drifted(drift),
        JobOutcome::Exported(outcome) => exported(outcome),
        JobOutcome::Scored(outcome) => scored(outcome),
        JobOutcome::Reported(outcome) => {
            Note::new(NoteTone::Success, format!("Saved the report of {} to {}", outcome.data, outcome.path.display()))
        }
        JobOutcome::Verified(outcome) => verified(outcome),
        JobOutcome::Demo(outcome) => demo(outcome),
        JobOutcome::Diffed(_) => Note::new(NoteTone::Info, "Compared the versions"),
        JobOutcome::Restored(outcome) => restored(outcome),
        JobOutcome::Collected(all) => collected(all),
        JobOutcome::Labelled(version) => Note::new(
            NoteTone::Success,
            format!("Saved {}: {}", version.label(), sentence_of(&version.provenance.note)),
        ),
        JobOutcome::Quarantined(outcome) => quarantined(outcome),
        JobOutcome::Answered(_) => Note::new(NoteTone::Info, "Looked"),
    }
}

fn quarantined(outcome: &QuarantineOutcome) -> Note {
    let (Some(kept), Some(aside)) = (&outcome.kept, &outcome.quarantined) else {
        return Note::new(NoteTone::Success, format!("No row of {} breaks a rule", outcome.from.label()));
    };
    let by_rule: Vec<String> = outcome.by_rule.iter().map(|(rule, n)| format!("{rule}: {}", count(*n))).collect();
    let rows = counted(aside.rows, "row", "rows");
    Note::new(NoteTone::Success, format!("Set {rows} aside as {}; {} holds the rest", aside.label(), kept.label()))
        .details(by_rule.join("\n"))
        .action("Show the rows", vec![Command::FocusVersion(aside.id), Command::GoTo(Page::Data)])
}

fn sentence_of(text: &str) -> String {
    super::format::sentence(text)
}

fn collected(all: &[Collected]) -> Note {
    let sum = |of: fn(&Collected) -> u64| all.iter().map(of).sum::<u64>();
    let (taken, offered) = (sum(|c| c.taken), sum(|c| c.offered));
    let problems: Vec<String> =
        all.iter().flat_map(|c| &c.problems).map(|(path, problem)| format!("{path}: {problem}")).collect();
    let mut said = Vec::new();
    if taken > 0 {
        said.push(format!("{} collected", counted(taken, "new file", "new files")));
    }
    if offered > 0 {
        said.push(format!("{} can be taken", counted(offered, "changed source", "changed sources")));
    }
    if !problems.is_empty() {
        said.push(format!("{} could not be read", counted(problems.len() as u64, "file", "files")));
    }
    let tone = if problems.is_empty() { NoteTone::Success } else { NoteTone::Warning };
    let text = if said.is_empty() { "Nothing new in the watched places".to_owned() } else { said.join(" · ") };
    let note = Note::new(tone, text).details(problems.join("\n"));
    if offered > 0 { note.action("Take it", vec![Command::Collect { accept: true }]) } else { note }
}

/// "20,000 rows · 14 columns"
pub fn shape(version: &DatasetVersion) -> String {
    let columns = version.schema.columns.len() as u64;
    format!("{} · {}", counted(version.rows, "row", "rows"), counted(columns, "column", "columns"))
}

/// "ROC AUC 0.842"
pub fn score(run: &Run) -> Option<String> {
    Some(format!("{} {}", Metric::primary(run.plan.task).title(), number(run.score()?)))
}

/// A log entry as one sentence: what was done, to what, with which numbers. "Scored 8,000 rows of may.csv with run 2"
pub fn sentence(event: &NewEvent) -> String {
    let NewEvent { action, object, .. } = event;
    let summary = in_words(&event.summary);
    let verb = capitalised(action);
    match action.as_str() {
        // Written as a sentence already.
        _ if summary.starts_with(&verb) => summary,
        "scored" => format!("Scored {summary} with {object}"),
        "imported" | "checked" | "trained" | "compared" | "exported" => {
            format!("{verb} {object}: {summary}")
        }
        // Of a run: the verb says how it ended.
        "failed" | "cancelled" => format!("{} {action}: {summary}", capitalised(object)),
        _ => summary,
    }
}

/// Groups the digits of counts, and says "1 row".
fn in_words(summary: &str) -> String {
    const COUNTED: [&str; 7] = ["row", "column", "check", "error", "warning", "golden", "item"];
    let mut words: Vec<String> = summary.split(' ').map(str::to_owned).collect();
    for i in 1..words.len() {
        let Ok(n) = words[i - 1].trim_start_matches('(').parse::<u64>() else { continue };
        let Some(one) = COUNTED.iter().find(|one| words[i].starts_with(**one)) else { continue };
        let bracket = if words[i - 1].starts_with('(') { "(" } else { "" };
        words[i - 1] = format!("{bracket}{}", count(n));
        if n == 1 {
            words[i] = words[i].replacen(&format!("{one}s"), one, 1);
        }
    }
    words.join(" ")
}

fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

/// Errors and warnings of a check run.
pub fn tally(check: &CheckRun) -> (usize, usize) {
    let of = |severity| {
        let findings = check.report.checks.iter().flat_map(|c| &c.findings);
        findings.filter(|f| f.severity == severity).count()
    };
    (of(Severity::Error), of(Severity::Warning))
}

/// "2 problems · 5 warnings", "no problems"
pub fn verdict(check: &CheckRun) -> String {
    let (errors, warnings) = tally(check);
    let warnings_text = counted(warnings as u64, "warning", "warnings");
    match (errors, warnings) {
        (0, 0) => "no problems".to_owned(),
        (0, _) => warnings_text,
        (_, 0) => counted(errors as u64, "problem", "problems"),
        _ => format!("{} · {warnings_text}", counted(errors as u64, "problem", "problems")),
    }
}

pub fn check_command(version: &DatasetVersion) -> Command {
    Command::RunChecks(CheckRequest::of(DataRef::Version(version.id)))
}

fn imported(outcome: &ImportOutcome) -> Note {
    let version = &outcome.version;
    if !outcome.new {
        let text = format!("These bytes are already here as {}", version.label());
        return Note::new(NoteTone::Info, text).details(outcome.warnings.join("\n"));
    }
    let tone = if outcome.warnings.is_empty() { NoteTone::Success } else { NoteTone::Warning };
    Note::new(tone, format!("Imported {}: {}", version.label(), shape(version)))
        .details(outcome.warnings.join("\n"))
        .action("Run checks", vec![check_command(version)])
}

fn restored(outcome: &RestoreOutcome) -> Note {
    let what = match outcome.rows {
        Some(rows) => counted(rows, "row", "rows"),
        None => counted(outcome.files, "file", "files"),
    };
    let note = Note::new(
        NoteTone::Success,
        format!("Saved {}: {what} of {}", file_name(&outcome.path), outcome.version.label()),
    );
    match outcome.guarded_cells {
        0 => note,
        n => note.details(format!(
            "{} got an apostrophe so that no spreadsheet takes them for formulas",
            counted(n, "cell", "cells")
        )),
    }
}

fn checked(check: &CheckRun) -> Note {
    let tone = match tally(check) {
        (0, 0) => NoteTone::Success,
        _ => NoteTone::Warning,
    };
    let word = if check.report.passed { "passed" } else { "did not pass" };
    Note::new(tone, format!("{} {word} the checks: {}", check.dataset, verdict(check)))
        .action("Show findings", vec![Command::ShowCheckRun(check.id)])
}

fn trained(outcome: &TrainOutcome) -> Note {
    let completed = outcome.runs.iter().filter(|r| r.status == RunStatus::Completed).count() as u64;
    let failed = outcome.runs.len() as u64 - completed;
    let best = outcome.best.and_then(|id| outcome.runs.iter().find(|r| r.id == id));
    let mut text = format!("Trained {}", counted(completed, "model", "models"));
    if let Some(best) = best
        && let Some(score) = score(best)
    {
        text.push_str(&format!("; best is {} with {score}", best.plan.algorithm.title()));
    }
    let mut note = Note::new(if failed == 0 { NoteTone::Success } else { NoteTone::Warning }, text)
        .details(outcome.warnings.join("\n"));
    if failed > 0 {
        note = note.hint(format!("{} failed: the reason is on the Runs page", counted(failed, "run", "runs")));
    }
    let mut next: Vec<Command> = outcome.runs.iter().map(|r| Command::ToggleCompare(r.id)).collect();
    next.insert(0, Command::ClearCompare);
    next.extend(outcome.best.map(Command::FocusRun));
    next.push(Command::GoTo(Page::Runs));
    note.action("Compare runs", next)
}

fn drifted(drift: &StoredDrift) -> Note {
    let report = &drift.report;
    let compared = report.columns.iter().filter(|c| c.test.is_some()).count() as u64;
    let n = report.columns.iter().filter(|c| c.drifted).count();
    let text = format!(
        "{n} of {} drifted from {} to {}",
        counted(compared, "column", "columns"),
        drift.reference,
        drift.current
    );
    let tone = if report.dataset_drift { NoteTone::Warning } else { NoteTone::Success };
    Note::new(tone, text).action("Show drift", vec![Command::ShowDrift(drift.id)])
}

fn exported(outcome: &ExportOutcome) -> Note {
    let bundle = &outcome.bundle;
    let text = format!(
        "Exported {} ({}), proved on {}",
        bundle.file_name,
        bytes(bundle.bytes),
        counted(bundle.golden_rows, "row", "rows")
    );
    Note::new(NoteTone::Success, text)
        .details(format!("{}\nSHA-256 {}", outcome.path.display(), bundle.sha256))
        .action("Show bundle", vec![Command::ShowBundle(bundle.id)])
}

fn scored(outcome: &ScoreOutcome) -> Note {
    let name = file_name(&outcome.output);
    let tone = if outcome.warnings.is_empty() { NoteTone::Success } else { NoteTone::Warning };
    let path = outcome.output.display().to_string();
    Note::new(tone, format!("Scored {} into {name}", counted(outcome.rows, "row", "rows")))
        .details([vec![path.clone()], outcome.warnings.clone()].concat().join("\n"))
        .action("Copy path", vec![Command::Copy(path)])
}

fn verified(outcome: &VerifyOutcome) -> Note {
    if outcome.ok {
        let text = format!("Verified {}: nothing is damaged", counted(outcome.checked, "item", "items"));
        return Note::new(NoteTone::Success, text);
    }
    let damaged = outcome.damaged.len() as u64;
    Note::new(NoteTone::Error, format!("{} of {} damaged", count(damaged), counted(outcome.checked, "item", "items")))
        .details(outcome.damaged.join("\n"))
        .hint("Bring the damaged files back from a backup, or import and train again")
}

fn demo(outcome: &DemoOutcome) -> Note {
    let lines: Vec<String> = outcome.stages.iter().map(|s| format!("{}: {}", s.stage, s.result)).collect();
    Note::new(NoteTone::Success, "The sample project is ready, from raw file to exported model")
        .details(lines.join("\n"))
        .action("Look at the data", vec![Command::GoTo(Page::Data)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::activity::ObjectKind;

    #[test]
    fn log_entries_read_as_sentences() {
        let told = |action: &str, object: &str, summary: &str| {
            sentence(&NewEvent {
                action: action.into(),
                object_kind: ObjectKind::Run,
                object: object.into(),
                summary: summary.into(),
            })
        };
        assert_eq!(told("scored", "run 2", "8000 rows of may.csv"), "Scored 8,000 rows of may.csv with run 2");
        assert_eq!(
            told("imported", "one@1", "1 rows and 2 columns from one.csv"),
            "Imported one@1: 1 row and 2 columns from one.csv"
        );
        assert_eq!(
            told("checked", "a@1", "19 checks: 1 errors, 8 warnings"),
            "Checked a@1: 19 checks: 1 error, 8 warnings"
        );
        assert_eq!(told("failed", "run 3", "Ridge for y: no rows"), "Run 3 failed: Ridge for y: no rows");
        assert_eq!(told("renamed", "b", "Renamed a to b"), "Renamed a to b");
    }

    #[test]
    fn a_damaged_workspace_is_named_line_by_line() {
        let outcome = VerifyOutcome { ok: false, checked: 1200, damaged: vec!["object ab12: wrong hash".into()] };
        let note = done(&JobOutcome::Verified(outcome));
        assert_eq!(note.text, "1 of 1,200 items damaged");
        assert_eq!((note.tone, note.details.as_str()), (NoteTone::Error, "object ab12: wrong hash"));
    }
}
