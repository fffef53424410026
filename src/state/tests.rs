//! Behaviours of the state, each from commands and messages to state and effects.

use std::path::PathBuf;

use crate::domain::check_request::{RulePreview, SetAsideRequest};
use crate::domain::edit::Edit;
use crate::domain::finding::{CheckReport, CheckResult, CheckRun, Finding, Severity};
use crate::domain::history::History;
use crate::domain::ids::{CheckRunId, DatasetId, RunId, VersionId};
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::question::{Answer, Question};
use crate::domain::request::{CheckRequest, DataRef, DemoOutcome, ImportOutcome, JobOutcome, JobRequest, VerifyTarget};
use crate::domain::suite::{Bounds, Environment, Rule, Scalar, Suite, Test};
use crate::domain::table::{SortKey, TableQuery};
use crate::jobs::event::{JobEvent, JobId};

use super::checking::StoppedWork;
use super::command::{Command, Page, PickFor};
use super::effect::{Effect, Message, WorkspaceInfo};
use super::import::{AskBeforeImport, ImportPanel};
use super::loadable::Loadable;
use super::notification::NoteTone;
use super::{AppState, fixture};

fn info() -> WorkspaceInfo {
    WorkspaceInfo { path: "/w/churn".into(), name: "churn".into(), recent: vec![] }
}

/// A workspace with `churn@1`, already loaded.
fn opened() -> AppState {
    let mut state = AppState::default();
    // The panel has tests of its own.
    state.settings.ask_before_import = AskBeforeImport::Never;
    state.apply(Command::OpenWorkspace("/w/churn".into()), 0);
    state.receive(Message::WorkspaceOpened(Ok(info())), 0);
    let history = History { versions: vec![fixture::version(1, "churn", 1)], ..History::default() };
    state.receive(Message::History(Ok(Box::new(history))), 0);
    state
}

fn requests(effects: &[Effect]) -> Vec<&JobRequest> {
    fn request(effect: &Effect) -> Option<&JobRequest> {
        match effect {
            Effect::StartJob { request, .. } => Some(request),
            _ => None,
        }
    }
    effects.iter().filter_map(request).collect()
}

fn done(id: u64, outcome: JobOutcome) -> Message {
    Message::Job(JobEvent::Done { id: JobId(id), outcome: Box::new(outcome) })
}

fn imported(id: i64, name: &str) -> JobOutcome {
    let version = fixture::version(id, name, 1);
    JobOutcome::Imported(ImportOutcome { version, new: true, warnings: vec![] })
}

#[test]
fn a_dropped_file_is_imported_and_shown() {
    let mut state = opened();
    let effects = state.apply(Command::DropFiles(vec!["/data/may.csv".into()]), 10);
    let [JobRequest::Import(request)] = requests(&effects)[..] else { panic!("{effects:?}") };
    assert_eq!(request.path, PathBuf::from("/data/may.csv"));

    let effects = state.receive(done(1, imported(7, "may")), 20);
    assert_eq!((state.page, state.focus.version), (Page::Data, Some(VersionId(7))));
    assert!(effects.contains(&Effect::LoadProfile(VersionId(7))) && effects.contains(&Effect::LoadHistory));
    let toast = &state.notifications.toasts[0];
    assert_eq!(toast.text, "Imported may@1: 600 rows · 3 columns");
    assert_eq!(toast.action.as_ref().unwrap().0, "Run checks");
    assert!(state.jobs.is_empty());
}

#[test]
fn several_files_are_imported_in_order() {
    let mut state = opened();
    let effects = state.apply(Command::DropFiles(vec!["/d/a.csv".into(), "/d/b.csv".into()]), 0);
    assert_eq!(requests(&effects).len(), 1);
    let effects = state.receive(done(1, imported(7, "a")), 5);
    let [JobRequest::Import(request)] = requests(&effects)[..] else { panic!("{effects:?}") };
    assert_eq!(request.path, PathBuf::from("/d/b.csv"));
}

#[test]
fn a_table_dropped_on_monitor_is_compared_with_the_one_in_focus() {
    let mut state = opened();
    state.apply(Command::GoTo(Page::Monitor), 0);
    state.apply(Command::DropFiles(vec!["/data/may.csv".into()]), 0);
    let effects = state.receive(done(1, imported(7, "may")), 0);
    let [JobRequest::Drift(request)] = requests(&effects)[..] else { panic!("{effects:?}") };
    assert_eq!(format!("{:?} {:?}", request.reference, request.current), "Version(VersionId(1)) Version(VersionId(7))");
    assert_eq!((state.page, state.focus.version), (Page::Monitor, Some(VersionId(1))));
}

#[test]
fn a_table_dropped_on_ship_is_scored_with_the_run_in_focus() {
    let mut state = opened();
    let version = fixture::version(1, "churn", 1);
    let history =
        History { versions: vec![version.clone()], runs: vec![fixture::run(4, &version, 0.8)], ..History::default() };
    state.receive(Message::History(Ok(Box::new(history))), 0);
    state.apply(Command::GoTo(Page::Ship), 0);
    let effects = state.apply(Command::DropFiles(vec!["/data/may.csv".into()]), 0);
    let pick = PickFor::ScoreOutput { run: RunId(4), input: "/data/may.csv".into() };
    assert_eq!(effects, [Effect::PickFiles(pick.clone())]);
    assert_eq!(pick.suggested().as_deref(), Some("may-scored.csv"));
    let effects = state.apply(Command::Picked { pick, paths: vec!["/out.csv".into()] }, 0);
    assert!(matches!(requests(&effects)[..], [JobRequest::Score(_)]));
}

#[test]
fn a_dropped_bundle_is_verified_and_a_picture_refused() {
    let mut state = opened();
    let effects = state.apply(Command::DropFiles(vec!["/d/model.zip".into(), "/d/cat.jpg".into()]), 0);
    assert_eq!(requests(&effects), [&JobRequest::Verify(VerifyTarget::Bundle("/d/model.zip".into()))]);
    assert_eq!(state.notifications.toasts[0].text, "Cannot read cat.jpg");
    assert_eq!(state.notifications.unread, 1);
}

#[test]
fn files_given_at_the_start_wait_for_the_workspace() {
    let mut state = AppState::default();
    state.settings.ask_before_import = AskBeforeImport::Never;
    state.apply(Command::OpenWorkspace("/w/churn".into()), 0);
    assert_eq!(state.apply(Command::DropFiles(vec!["/d/a.csv".into()]), 0), []);
    let effects = state.receive(Message::WorkspaceOpened(Ok(info())), 0);
    assert!(effects.contains(&Effect::LoadHistory));
    assert_eq!(requests(&effects).len(), 1);
}

#[test]
fn the_sample_project_is_made_in_the_open_workspace() {
    let mut state = opened();
    let effects = state.apply(Command::OpenSample, 0);
    assert_eq!(requests(&effects), [&JobRequest::Demo("/w/churn/sample".into())]);
    state.apply(Command::GoTo(Page::Train), 0);
    let outcome = DemoOutcome { workspace: "/w/churn".into(), stages: vec![] };
    state.receive(done(1, JobOutcome::Demo(outcome)), 0);
    assert_eq!(state.page, Page::Train, "nobody is taken away from what they look at");
}

#[test]
fn what_cannot_be_opened_keeps_what_was_open() {
    let mut state = opened();
    state.apply(Command::OpenWorkspace("/nowhere".into()), 0);
    let problem = Problem::failed("Could not open the workspace", "/nowhere", "Choose another folder");
    state.receive(Message::WorkspaceOpened(Err(problem.clone())), 0);
    assert_eq!(state.workspace.value().unwrap().name, "churn");
    assert_eq!(state.notifications.toasts[0].text, "Could not open the workspace");

    let mut fresh = AppState::default();
    fresh.apply(Command::OpenWorkspace("/nowhere".into()), 0);
    fresh.receive(Message::WorkspaceOpened(Err(problem)), 0);
    assert!(matches!(fresh.workspace, Loadable::Failed(_)));
}

#[test]
fn a_hidden_dataset_goes_at_once_and_comes_back_with_undo() {
    let mut state = opened();
    let id = state.history.value().unwrap().versions[0].dataset_id;
    let effects = state.apply(Command::HideDataset(id), 0);
    assert!(matches!(&effects[..], [Effect::SetDatasetHidden { hidden: true, .. }]));
    assert!(state.history.value().unwrap().versions.is_empty());
    assert_eq!(state.focus.version, None);
    assert_eq!(state.notifications.toasts[0].action, Some(("Undo".to_owned(), vec![Command::Undo])));
    let effects = state.apply(Command::Undo, 0);
    assert!(matches!(&effects[..], [Effect::SetDatasetHidden { hidden: false, .. }]));
    assert!(matches!(&state.apply(Command::Redo, 0)[..], [Effect::SetDatasetHidden { hidden: true, .. }]));
    assert_eq!(state.apply(Command::Redo, 0), []);
}

#[test]
fn a_rename_shows_at_once_and_bad_names_are_refused() {
    let mut state = opened();
    let id = state.history.value().unwrap().versions[0].dataset_id;
    let name = |state: &AppState| state.history.value().unwrap().versions[0].dataset.clone();
    assert_eq!(state.apply(Command::RenameDataset { id, name: "a@b".into() }, 0), []);
    assert_eq!(state.notifications.problems[0].hint, "Leave out @, / and \\: they mean versions and paths");
    assert_eq!(state.apply(Command::RenameDataset { id, name: " customers ".into() }, 0).len(), 1);
    assert_eq!(name(&state), "customers");
    state.apply(Command::Undo, 0);
    assert_eq!(name(&state), "churn");
}

#[test]
fn a_failed_job_says_so_and_the_next_one_starts() {
    let mut state = opened();
    state.apply(Command::DropFiles(vec!["/d/a.csv".into(), "/d/b.csv".into()]), 0);
    let problem = Problem::failed("Could not read a.csv", "row 12: 3 cells instead of 4", "Repair the row");
    let effects = state.receive(Message::Job(JobEvent::Failed { id: JobId(1), problem }), 0);
    assert_eq!(requests(&effects).len(), 1);
    let toast = &state.notifications.toasts[0];
    assert_eq!((toast.tone, toast.hint.as_str(), toast.expires_ms), (NoteTone::Error, "Repair the row", None));
}

#[test]
fn a_cancelled_job_is_no_error() {
    let mut state = opened();
    state.apply(Command::DropFiles(vec!["/d/a.csv".into()]), 0);
    assert_eq!(state.apply(Command::CancelJob(JobId(1)), 0), [Effect::CancelJob(JobId(1))]);
    let failed = JobEvent::Failed { id: JobId(1), problem: Problem::cancelled() };
    state.receive(Message::Job(failed), 0);
    assert_eq!(state.notifications.toasts[0].text, "Cancelled: Import a.csv");
    assert!(state.notifications.problems.is_empty());
}

#[test]
fn events_of_forgotten_jobs_are_dropped() {
    let mut state = opened();
    assert_eq!(state.receive(done(99, imported(7, "may")), 0), []);
    assert!(state.notifications.toasts.is_empty());
}

#[test]
fn quitting_asks_while_jobs_run() {
    let mut state = opened();
    assert!(state.apply(Command::Quit, 0).contains(&Effect::Quit));
    state.apply(Command::DropFiles(vec!["/d/a.csv".into()]), 0);
    assert_eq!(state.apply(Command::Quit, 0), []);
    assert!(state.open.quit);
    let effects = state.apply(Command::QuitAnyway, 0);
    assert_eq!(effects.first(), Some(&Effect::CancelJob(JobId(1))));
    assert_eq!(effects.last(), Some(&Effect::Quit));
}

#[test]
fn without_a_file_dialog_a_path_is_typed() {
    let mut state = opened();
    assert_eq!(state.apply(Command::Pick(PickFor::ImportFiles), 0), [Effect::PickFiles(PickFor::ImportFiles)]);
    state.receive(Message::NoFileDialog(PickFor::ImportFiles), 0);
    assert_eq!(state.open.path_field, Some(PickFor::ImportFiles));
    let picked = Command::Picked { pick: PickFor::ImportFiles, paths: vec!["/d/a.csv".into()] };
    assert_eq!(requests(&state.apply(picked, 0)).len(), 1);
    assert_eq!(state.open.path_field, None);
}

fn rule(max: i64) -> Box<Rule> {
    let bounds = Bounds { max: Some(Scalar::Whole(max)), ..Bounds::default() };
    Box::new(Rule::new("age", Test::ColumnValuesBetween { column: "age".into(), bounds }))
}

fn preview(failing: u64, rows: Vec<u64>) -> Box<Answer> {
    let check = CheckResult {
        code: "COLUMN_VALUES_BETWEEN".into(),
        title: "age".into(),
        skipped: None,
        findings: vec![],
        rule: Some("age".into()),
        observed: None,
    };
    Box::new(Answer::RulePreview(vec![RulePreview { check, failing: Some(failing), rows }]))
}

#[test]
fn while_a_limit_is_dragged_only_the_newest_preview_follows_the_one_under_way() {
    let mut state = opened();
    let version = VersionId(1);
    let question = |max| Question::RulePreview { version, against: None, rules: vec![*rule(max)] };
    let drag = |max| Command::PreviewRules { version, against: None, rules: vec![*rule(max)] };
    assert_eq!(state.apply(drag(90), 0), [Effect::Answer(question(90))]);
    assert_eq!(state.apply(drag(80), 1), []);
    assert_eq!(state.apply(drag(70), 2), []);
    let effects = state.receive(Message::Answer(question(90), Ok(preview(3, vec![]))), 3);
    assert_eq!(effects, [Effect::Answer(question(70))], "80 is not asked any more");
    assert_eq!(state.checking.preview().unwrap().as_ref().unwrap()[0].failing, Some(3));
    assert!(state.checking.is_previewing());
    assert_eq!(state.receive(Message::Answer(question(70), Ok(preview(9, vec![4, 8]))), 4), []);
    assert_eq!(state.checking.preview().unwrap().as_ref().unwrap()[0].failing, Some(9));
    assert!(!state.checking.is_previewing());
    // The rows are known: the table shows them at once.
    let effects = state.apply(Command::ShowFailing { version, against: None, rule: rule(70) }, 5);
    assert!(!effects.contains(&Effect::Answer(question(70))));
    assert_eq!(state.tables[&version].marked.iter().copied().collect::<Vec<_>>(), [3, 7]);
    assert_eq!(state.page, Page::Data);
    state.apply(Command::EndPreview, 6);
    assert!(state.checking.preview().is_none());
}

#[test]
fn a_preview_nobody_waits_for_is_stopped_and_the_next_comes_after_it() {
    let mut state = opened();
    let version = VersionId(1);
    let question = |rule: Box<Rule>| Question::RulePreview { version, against: None, rules: vec![*rule] };
    let other = || {
        let bounds = Bounds { max: Some(Scalar::Whole(9)), ..Bounds::default() };
        Box::new(Rule::new("income", Test::ColumnValuesBetween { column: "income".into(), bounds }))
    };
    let look = |rule: Box<Rule>| Command::PreviewRules { version, against: None, rules: vec![*rule] };
    state.apply(look(rule(90)), 0);
    state.receive(Message::Answer(question(rule(90)), Ok(preview(3, vec![]))), 1);
    state.apply(look(rule(80)), 2);
    // Another column: what is on its way is about something else, and so is what is shown.
    assert_eq!(state.apply(look(other()), 3), [Effect::CancelAnswer(question(rule(80)))]);
    assert!(state.checking.preview().is_none());
    let effects = state.receive(Message::Answer(question(rule(80)), Err(Problem::cancelled())), 4);
    assert_eq!(effects, [Effect::Answer(question(other()))]);
    assert!(state.checking.preview().is_none(), "that it was cancelled is nothing to tell");
    // The form is closed.
    assert_eq!(state.apply(Command::EndPreview, 5), [Effect::CancelAnswer(question(other()))]);
    assert_eq!(state.receive(Message::Answer(question(other()), Err(Problem::cancelled())), 6), []);
    // Written again later, it is asked again.
    assert_eq!(state.apply(look(other()), 7), [Effect::Answer(question(other()))]);
}

#[test]
fn rows_of_a_finding_are_looked_for_where_a_run_keeps_examples_only() {
    let mut state = opened();
    let (id, version) = (CheckRunId(1), VersionId(1));
    let mut finding = Finding {
        code: "MISSING_VALUES".into(),
        severity: Severity::Warning,
        column: Some("age".into()),
        message: String::new(),
        hint: String::new(),
        count: 300,
        share: 0.5,
        rows: vec![2, 5],
        observed: None,
        limit: None,
        rule: None,
    };
    let run = CheckRun {
        id,
        version_id: version,
        dataset: "churn@1".into(),
        against: None,
        against_label: None,
        target: None,
        suite: None,
        environment: Environment::Train,
        report: CheckReport::new(vec![]),
        created_at_ms: 0,
    };
    let history = state.history.value().unwrap().clone();
    state.history = Loadable::Ready(History { check_runs: vec![run], ..history });
    state.apply(Command::ShowFinding { check_run: id, finding: Box::new(finding.clone()) }, 0);
    let marked = |state: &AppState| state.tables[&version].marked.iter().copied().collect::<Vec<_>>();
    assert_eq!((marked(&state), state.page), (vec![1, 4], Page::Data));
    finding.rows = (1..=20).collect();
    let question = Question::FindingRows { check_run: id, finding: Box::new(finding.clone()) };
    let show = Command::ShowFinding { check_run: id, finding: Box::new(finding) };
    assert_eq!(state.apply(show.clone(), 1), [Effect::Answer(question.clone())]);
    state.apply(Command::StopAsking(question.clone()), 2);
    state.receive(Message::Answer(question.clone(), Err(Problem::cancelled())), 3);
    assert_eq!(marked(&state), [1, 4], "stopped");
    state.apply(show.clone(), 4);
    state.receive(Message::Answer(question, Ok(Box::new(Answer::FindingRows(vec![7, 900])))), 5);
    assert_eq!(marked(&state), [6, 899]);
    // The second time the answer is there already.
    state.apply(Command::GoTo(Page::Checks), 6);
    assert!(!state.apply(show, 7).iter().any(|effect| matches!(effect, Effect::Answer(_))));
    assert_eq!(state.page, Page::Data);
}

#[test]
fn what_a_gate_stopped_is_done_for_a_reason() {
    let red = || Problem { kind: ProblemKind::Gate, ..Problem::failed("churn@1 does not pass a gate", "", "") };
    let mut state = opened();
    let request = CheckRequest::of(DataRef::Version(VersionId(1)));
    state.apply(Command::RunChecks(request.clone()), 0);
    state.receive(Message::Job(JobEvent::Failed { id: JobId(1), problem: red() }), 0);
    assert!(state.checking.stopped.is_some());
    assert!(state.notifications.toasts.is_empty(), "the dialog says it");
    assert_eq!(state.apply(Command::OverrideGates { reason: " ".into() }, 0), [], "a reason is asked for");
    let effects = state.apply(Command::OverrideGates { reason: "a trial".into() }, 0);
    let wrapped = JobRequest::Overriding { reason: "a trial".into(), request: Box::new(JobRequest::Check(request)) };
    assert_eq!(requests(&effects), [&wrapped]);
    assert!(state.checking.stopped.is_none());
    let running: Vec<_> = state.jobs.with_requests().map(|(_, request)| request.clone()).collect();
    assert!(matches!(running[..], [JobRequest::Check(_)]), "a page knows its job in spite of the reason");

    let publish = Edit::Publish { version: VersionId(1) };
    assert_eq!(state.apply(Command::Edit(publish.clone()), 0), [Effect::Edit(publish.clone())]);
    state.receive(Message::Edited(Err(red())), 0);
    assert!(matches!(&state.checking.stopped, Some(s) if s.work == StoppedWork::Edit(Box::new(publish.clone()))));
    let stopped = state.checking.stopped.clone();
    state.apply(Command::ShowGates, 0);
    assert_eq!((state.page, state.focus.version, state.checking.gates_wanted), (Page::Checks, Some(VersionId(1)), 1));
    assert!(state.checking.stopped.is_none());
    state.checking.stopped = stopped;
    let effects = state.apply(Command::OverrideGates { reason: "ok".into() }, 0);
    let edit = Edit::Overriding { reason: "ok".into(), edit: Box::new(publish) };
    assert_eq!(effects, [Effect::Edit(edit)]);
}

#[test]
fn evidence_rows_are_shown_in_the_plain_table() {
    let mut state = opened();
    let version = VersionId(1);
    let query = TableQuery { sort: vec![SortKey { column: "age".into(), descending: true }], ..TableQuery::default() };
    state.apply(Command::SetTableQuery { version, query: query.clone() }, 0);
    state.receive(Message::Order { version, query, rows: Ok(600) }, 0);
    state.apply(Command::ShowRows { version, column: Some("age".into()), rows: vec![41, 3] }, 0);
    let table = &state.tables[&version];
    assert_eq!((state.page, state.focus.column.as_deref()), (Page::Data, Some("age")));
    assert_eq!(table.query, TableQuery::default());
    assert_eq!(table.marked.iter().copied().collect::<Vec<_>>(), [2, 40]);
    assert_eq!(table.go_to.map(|(row, _, _)| row), Some(2));
}

#[test]
fn a_filter_that_makes_no_sense_leaves_the_rows_in_place() {
    let mut state = opened();
    let version = VersionId(1);
    let query =
        TableQuery { sort: vec![SortKey { column: "gone".into(), descending: false }], ..TableQuery::default() };
    state.apply(Command::SetTableQuery { version, query: query.clone() }, 0);
    let problem = Problem::usage("No column gone", "Choose another");
    state.receive(Message::Order { version, query, rows: Err(problem) }, 0);
    let table = &state.tables[&version];
    assert_eq!((table.n_rows.value(), table.pending.is_none()), (Some(&600), true));
    assert_eq!(table.refused.as_ref().map(|(_, p)| p.summary.as_str()), Some("No column gone"));
}

#[test]
fn focus_falls_back_to_what_exists() {
    let mut state = opened();
    state.focus.version = Some(VersionId(99));
    state.focus.column = Some("gone".into());
    state.compare.insert(RunId(5));
    state.apply(Command::Refresh, 0);
    let history = History { versions: vec![fixture::version(1, "churn", 1)], ..History::default() };
    state.receive(Message::History(Ok(Box::new(history))), 0);
    assert_eq!((state.focus.version, state.focus.column.as_deref()), (Some(VersionId(1)), None));
    assert!(state.compare.is_empty());
}

#[test]
fn a_file_is_looked_at_before_it_is_imported() {
    let mut state = opened();
    state.settings.ask_before_import = AskBeforeImport::Always;
    let effects = state.apply(Command::DropFiles(vec!["/d/a.csv".into()]), 0);
    let question = state.import.as_ref().unwrap().question();
    assert_eq!(effects, [Effect::Answer(question.clone())]);
    let mut panel = state.import.clone().unwrap();
    panel.draft.delimiter = Some(';');
    let effects = state.apply(Command::ChangeImport(Box::new(panel.clone())), 0);
    assert_eq!(effects, [Effect::CancelAnswer(question), Effect::Answer(panel.question())]);
    let effects = state.apply(Command::ConfirmImport, 0);
    let [JobRequest::Import(request)] = requests(&effects)[..] else { panic!("{effects:?}") };
    assert_eq!((request.read.delimiter, state.import.is_none()), (Some(';'), true));

    state.apply(Command::DropFiles(vec!["/d/b.csv".into()]), 0);
    state.apply(Command::ChangeImport(Box::new(ImportPanel { files: vec!["/d/b.csv".into()], ..panel })), 0);
    state.apply(Command::DropFiles(vec!["/d/a.csv".into(), "/d/b.csv".into()]), 0);
    let panel = state.import.clone().unwrap();
    assert_eq!((panel.files.len(), panel.draft.delimiter), (2, Some(';')), "a second drop joins the first");
    state.apply(Command::DismissAll, 0);
    assert!(state.import.is_none() && requests(&state.apply(Command::ConfirmImport, 0)).is_empty());
}

#[test]
fn a_recipe_file_waits_for_the_form_and_says_when_it_is_none() {
    let mut state = opened();
    let path = PathBuf::from("/d/my-recipe.json");
    let question = Question::RecipeFile { path: path.clone() };
    state.apply(Command::GoTo(Page::Train), 0);
    assert_eq!(state.apply(Command::DropFiles(vec![path.clone()]), 0), [Effect::Answer(question.clone())]);
    assert_eq!(state.recipe_file, Some(path.clone()));
    state.apply(Command::RecipeTaken, 0);
    assert_eq!(state.recipe_file, None);
    // Opened again it is read again.
    let picked = Command::Picked { pick: PickFor::OpenRecipe, paths: vec![path] };
    assert_eq!(state.apply(picked, 0), [Effect::Answer(question.clone())]);
    state.receive(Message::Answer(question, Err(Problem::usage("it is no recipe", ""))), 0);
    assert_eq!(state.recipe_file, None);
    // On another page it is a table.
    state.apply(Command::GoTo(Page::Data), 0);
    let effects = state.apply(Command::DropFiles(vec!["/d/my-recipe.json".into()]), 0);
    assert!(matches!(requests(&effects)[..], [JobRequest::Import(_)]));
}

#[test]
fn labels_that_look_wrong_are_listed_on_the_checks_page_and_set_aside_by_a_job() {
    let mut state = opened();
    let version = VersionId(1);
    state.apply(Command::ShowSuspects { version, target: "churned".into() }, 0);
    assert_eq!((state.page, state.focus.version), (Page::Checks, Some(version)));
    assert_eq!((state.checking.suspects_wanted, &state.checking.suspects), (1, &Some((version, "churned".into()))));
    let request = SetAsideRequest {
        data: DataRef::Version(version),
        rows: vec![(3, "suspect:churned".into())],
        branch: "clean".into(),
        note: String::new(),
    };
    let effects = state.apply(Command::SetAside(request.clone()), 1);
    assert_eq!(requests(&effects), [&JobRequest::SetAside(request)]);
}

#[test]
fn a_suite_file_is_read_anew_each_time_and_says_when_it_is_none() {
    let mut state = opened();
    let path = PathBuf::from("/d/suite.json");
    let question = Question::SuiteFile { path: path.clone() };
    let pick = || Command::Picked { pick: PickFor::OpenSuite(DatasetId(1)), paths: vec![path.clone()] };
    assert_eq!(state.apply(pick(), 0), [Effect::Answer(question.clone())]);
    let answer = Answer::SuiteFile { suite: Box::new(Suite::new()), not_taken: vec![] };
    state.receive(Message::Answer(question.clone(), Ok(Box::new(answer))), 1);
    state.apply(Command::SuiteTaken, 2);
    assert_eq!(state.checking.opened, None);
    assert!(state.notifications.toasts.iter().any(|toast| toast.text.starts_with("suite.json stands in")));
    assert_eq!(state.apply(pick(), 3), [Effect::Answer(question.clone())], "it may have changed");
    state.receive(Message::Answer(question, Err(Problem::usage("it is no suite", ""))), 4);
    assert_eq!(state.checking.opened, None, "the suite in the editor stays");
}
