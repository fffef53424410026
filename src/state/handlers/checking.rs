//! Rules as they are edited, the rows they find, and red gates.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::domain::check_request::{
    CheckReportFormat, CheckReportRequest, QuarantineRequest, RulePreview, SetAsideRequest,
};
use crate::domain::edit::Edit;
use crate::domain::finding::Finding;
use crate::domain::ids::{CheckRunId, DatasetId, VersionId};
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::question::{Answer, Question};
use crate::domain::request::JobRequest;
use crate::domain::suite::Rule;
use crate::domain::words::file_name;
use crate::state::AppState;
use crate::state::checking::{Stopped, StoppedWork, may_be_stopped};
use crate::state::command::Page;
use crate::state::effect::Effect;
use crate::state::jobs::After;
use crate::state::loadable::Loadable;
use crate::state::notification::{Note, NoteTone};

use super::{navigate, questions};

/// The rules are like this now: their preview comes as soon as the one before it is there.
pub fn preview(
    state: &mut AppState,
    version: VersionId,
    against: Option<VersionId>,
    rules: Vec<Rule>,
    now_ms: i64,
) -> Vec<Effect> {
    let wanted = Question::RulePreview { version, against, rules };
    let checking = &mut state.checking;
    // Numbers of another column would be taken for those of this one.
    checking.came.take_if(|(came, _)| !differ_in_limits(came, &wanted));
    let outdated = checking.asked.clone().filter(|asked| !differ_in_limits(asked, &wanted));
    checking.wanted = Some(wanted);
    match outdated {
        // The new one is asked when the old one has come back as cancelled.
        Some(outdated) => stop_preview(state, outdated),
        None => ask_wanted(state, now_ms),
    }
}

/// No rule is edited any more: nobody waits for what is on its way.
pub fn end_preview(state: &mut AppState) -> Vec<Effect> {
    (state.checking.wanted, state.checking.came) = (None, None);
    let asked = state.checking.asked.clone();
    asked.map_or_else(Vec::new, |asked| stop_preview(state, asked))
}

fn stop_preview(state: &mut AppState, question: Question) -> Vec<Effect> {
    if state.checking.to_show.as_ref() == Some(&question) {
        return Vec::new();
    }
    if state.asked.stop(&question) { vec![Effect::CancelAnswer(question)] } else { Vec::new() }
}

/// Whether one preview is the other with a limit dragged on: then its numbers are worth showing meanwhile.
fn differ_in_limits(one: &Question, other: &Question) -> bool {
    let (
        Question::RulePreview { version, against, rules },
        Question::RulePreview { version: other_version, against: other_against, rules: other_rules },
    ) = (one, other)
    else {
        return false;
    };
    version == other_version && against == other_against && about(rules) == about(other_rules)
}

/// What stays the same while a limit is dragged: tests and columns. A part of a contract that gets its first limit, or
/// loses it, is a test more or less; whoever shows them knows them by their ids.
fn about(rules: &[Rule]) -> BTreeSet<(String, Vec<String>)> {
    let is_contract = |rule: &Rule| rule.id.starts_with("contract:");
    rules
        .iter()
        .map(|rule| (if is_contract(rule) { String::new() } else { rule.test.name() }, rule.test.columns()))
        .collect()
}

fn ask_wanted(state: &mut AppState, now_ms: i64) -> Vec<Effect> {
    let checking = &mut state.checking;
    let Some(wanted) = checking.wanted.clone().filter(|_| checking.asked.is_none()) else { return Vec::new() };
    if checking.came.as_ref().is_some_and(|(question, _)| *question == wanted) {
        return Vec::new();
    }
    checking.asked = Some(wanted.clone());
    state.asked.start(&wanted, now_ms);
    vec![Effect::Answer(wanted)]
}

/// Shows the rows that a rule finds in the table.
pub fn show_failing(
    state: &mut AppState,
    version: VersionId,
    against: Option<VersionId>,
    rule: Box<Rule>,
    now_ms: i64,
) -> Vec<Effect> {
    if let Some(preview) = at_hand(state, version, against, &rule) {
        return show(state, version, &preview, now_ms);
    }
    let question = Question::RulePreview { version, against, rules: vec![*rule] };
    state.checking.to_show = Some(question.clone());
    if state.asked.start(&question, now_ms) { vec![Effect::Answer(question)] } else { Vec::new() }
}

/// What the last preview says of this very rule.
fn at_hand(state: &AppState, version: VersionId, against: Option<VersionId>, rule: &Rule) -> Option<RulePreview> {
    let (Question::RulePreview { version: of, against: with, rules }, Ok(previews)) = state.checking.came.as_ref()?
    else {
        return None;
    };
    let at = rules.iter().position(|other| other == rule).filter(|_| (*of, *with) == (version, against))?;
    previews.get(at).cloned()
}

/// Shows all rows of a finding in the table.
pub fn show_finding(state: &mut AppState, check_run: CheckRunId, finding: Box<Finding>, now_ms: i64) -> Vec<Effect> {
    let Some(version) = state.history.value().and_then(|h| h.check_run(check_run)).map(|run| run.version_id) else {
        return Vec::new();
    };
    if !finding.has_more_rows() {
        return navigate::show_rows(state, version, finding.column.clone(), &finding.rows);
    }
    let question = Question::FindingRows { check_run, finding };
    state.checking.finding_to_show = Some(question.clone());
    if state.asked.start(&question, now_ms) {
        return vec![Effect::Answer(question)];
    }
    rows_found(state, &question, now_ms)
}

/// The rows of a finding are known, or could not be told.
pub fn rows_found(state: &mut AppState, question: &Question, now_ms: i64) -> Vec<Effect> {
    let Question::FindingRows { check_run, finding } = question else { return Vec::new() };
    if state.checking.finding_to_show.as_ref() != Some(question) {
        return Vec::new();
    }
    let version = state.history.value().and_then(|h| h.check_run(*check_run)).map(|run| run.version_id);
    match (state.asked.get(question), version) {
        (Loadable::Ready(Answer::FindingRows(rows)), Some(version)) => {
            let rows = rows.clone();
            state.checking.finding_to_show = None;
            navigate::show_rows(state, version, finding.column.clone(), &rows)
        }
        (Loadable::Failed(problem), _) => {
            state.checking.finding_to_show = None;
            if problem.kind != ProblemKind::Cancelled {
                state.tell(Note::of_problem(&problem.clone()), now_ms);
            }
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// A preview came back.
pub fn looked(state: &mut AppState, question: &Question, now_ms: i64) -> Vec<Effect> {
    let Question::RulePreview { version, .. } = question else { return Vec::new() };
    // Kept here, not among the other answers: a drag asks hundreds.
    let answer = match state.asked.take(question) {
        Some(Ok(Answer::RulePreview(previews))) => Ok(previews),
        Some(Err(problem)) => Err(problem),
        Some(Ok(_)) | None => return Vec::new(),
    };
    let mut effects = Vec::new();
    if state.checking.to_show.take_if(|to_show| to_show == question).is_some() {
        match &answer {
            Ok(previews) => {
                let shown = previews.iter().map(|preview| show(state, *version, preview, now_ms));
                effects = shown.flatten().collect();
            }
            Err(problem) => state.tell(Note::of_problem(problem), now_ms),
        }
    }
    if state.checking.asked.take_if(|asked| asked == question).is_some() {
        let checking = &mut state.checking;
        let stopped = matches!(&answer, Err(problem) if problem.kind == ProblemKind::Cancelled);
        if !stopped && checking.wanted.as_ref().is_some_and(|wanted| differ_in_limits(question, wanted)) {
            checking.came = Some((question.clone(), answer));
        }
        effects.extend(ask_wanted(state, now_ms));
    }
    effects
}

fn show(state: &mut AppState, version: VersionId, preview: &RulePreview, now_ms: i64) -> Vec<Effect> {
    if preview.rows.is_empty() {
        let text = match preview.failing {
            Some(_) => "No row fails this rule",
            None => "This rule is about the table or a whole column, not about rows",
        };
        state.tell(Note::new(NoteTone::Info, text), now_ms);
        return Vec::new();
    }
    let column = preview.check.findings.first().and_then(|f| f.column.clone());
    navigate::show_rows(state, version, column, &preview.rows)
}

pub fn quarantine(state: &mut AppState, request: QuarantineRequest, now_ms: i64) -> Vec<Effect> {
    state.jobs.add(JobRequest::Quarantine(request), After::Nothing, now_ms)
}

pub fn set_aside(state: &mut AppState, request: SetAsideRequest, now_ms: i64) -> Vec<Effect> {
    state.jobs.add(JobRequest::SetAside(request), After::Nothing, now_ms)
}

/// The labels of a column that look wrong, on the Checks page.
pub fn show_suspects(state: &mut AppState, version: VersionId, target: String) -> Vec<Effect> {
    let effects = navigate::focus_version(state, version);
    state.checking.suspects_wanted += 1;
    state.checking.suspects = Some((version, target));
    navigate::go_to(state, Page::Checks);
    effects
}

/// A suite file is read in the background; the Checks page puts it into its editor.
pub fn open_suite(state: &mut AppState, dataset: DatasetId, path: PathBuf, now_ms: i64) -> Vec<Effect> {
    // It may have changed since it was last opened.
    state.asked.forget_suite_files();
    state.checking.opened = Some((dataset, path.clone()));
    questions::ask(state, Question::SuiteFile { path }, now_ms)
}

pub fn suite_taken(state: &mut AppState, now_ms: i64) -> Vec<Effect> {
    let Some((_, path)) = state.checking.opened.take() else { return Vec::new() };
    // Stopped on the way, there is nothing to tell.
    if matches!(state.asked.get(&Question::SuiteFile { path: path.clone() }), Loadable::Ready(_)) {
        let said = format!("{} stands in the editor; it counts once it is saved", file_name(&path));
        state.tell(Note::new(NoteTone::Success, said), now_ms);
    }
    Vec::new()
}

/// A suite file could not be read: the one in the editor stays.
pub fn suite_not_read(state: &mut AppState, question: &Question, answer: Option<&Problem>, now_ms: i64) {
    let Question::SuiteFile { path } = question else { return };
    let opened = state.checking.opened.as_ref().is_some_and(|(_, opened)| opened == path);
    if let Some(problem) = answer.filter(|_| opened) {
        state.checking.opened = None;
        state.tell(Note::of_problem(problem), now_ms);
    }
}

pub fn save_report(
    state: &mut AppState,
    check_run: CheckRunId,
    format: CheckReportFormat,
    out: PathBuf,
    now_ms: i64,
) -> Vec<Effect> {
    state.jobs.add(JobRequest::CheckReport(CheckReportRequest { check_run, format, out }), After::Nothing, now_ms)
}

/// An edit leaves for the store; a gate may send it back.
pub fn edit(state: &mut AppState, edit: Edit) -> Vec<Effect> {
    if may_be_stopped(&edit) {
        state.checking.edit = Some(edit.clone());
    }
    vec![Effect::Edit(edit)]
}

/// A gate said no to a job: it can be asked again with a reason.
pub fn job_stopped(state: &mut AppState, request: JobRequest, after: After, problem: &Problem) {
    let work = StoppedWork::Job { request: Box::new(request), after };
    state.checking.stopped = Some(Stopped { work, problem: problem.clone() });
}

/// The same for an edit; false where no gate stopped it.
pub fn edit_stopped(state: &mut AppState, problem: &Problem) -> bool {
    if problem.kind != ProblemKind::Gate {
        return false;
    }
    let Some(edit) = state.checking.edit.take() else { return false };
    let work = StoppedWork::Edit(Box::new(edit));
    state.checking.stopped = Some(Stopped { work, problem: problem.clone() });
    true
}

/// The gates as they stand for what they stopped.
pub fn show_gates(state: &mut AppState) -> Vec<Effect> {
    let version = state.checking.stopped.take().and_then(|stopped| stopped.work.version());
    let effects = version.map_or_else(Vec::new, |version| navigate::focus_version(state, version));
    state.checking.gates_wanted += 1;
    navigate::go_to(state, Page::Checks);
    effects
}

/// Does what a gate stopped after all.
pub fn override_gates(state: &mut AppState, reason: &str, now_ms: i64) -> Vec<Effect> {
    let reason = reason.trim();
    if reason.is_empty() {
        let problem = Problem::usage("An override needs a reason", "Say in a few words why it is right this time");
        state.tell(Note::of_problem(&problem), now_ms);
        return Vec::new();
    }
    let reason = reason.to_owned();
    match state.checking.stopped.take().map(|stopped| stopped.work) {
        Some(StoppedWork::Job { request, after }) => {
            state.jobs.add(JobRequest::Overriding { reason, request }, after, now_ms)
        }
        Some(StoppedWork::Edit(edit)) => vec![Effect::Edit(Edit::Overriding { reason, edit })],
        None => Vec::new(),
    }
}

/// The gates are right.
pub fn give_up(state: &mut AppState) -> Vec<Effect> {
    state.checking.stopped = None;
    Vec::new()
}
