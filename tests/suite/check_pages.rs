//! The Checks page with any number of findings, a suite that is edited, and gates.

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT, Queryable};

use crate::pages::{Bench, checks, fixture, full};
use modelwright::domain::check_request::RulePreview;
use modelwright::domain::edit::Edit;
use modelwright::domain::finding::{CheckReport, CheckResult, Finding};
use modelwright::domain::gate::{Act, Gate, GateBoard, GateState, Need};
use modelwright::domain::ids::{DatasetId, GateId, SuiteId, VersionId};
use modelwright::domain::question::{Answer, Question};
use modelwright::domain::suite::{Bounds, ColumnContract, Rule, SavedSuite, Scalar, Suite, Test};
use modelwright::domain::suspects::{LabelProblem, LabelProblems, Objection};
use modelwright::state::AppState;
use modelwright::state::command::Command;
use modelwright::state::effect::Message;
use modelwright::state::loadable::Loadable;

/// The history with as many findings in the newest check run.
fn with_findings(n: usize) -> AppState {
    let mut state = full();
    let Loadable::Ready(mut history) = std::mem::take(&mut state.history) else { panic!("a history") };
    let run = &mut history.check_runs[0];
    let template = run.report.findings()[0].clone();
    let check = run.report.checks[0].clone();
    let finding =
        |i: usize| Finding { column: Some(format!("column_{i}")), code: check.code.clone(), ..template.clone() };
    run.report = CheckReport::new(vec![CheckResult { findings: (0..n).map(finding).collect(), ..check.clone() }]);
    state.history = Loadable::Ready(history);
    state
}

fn answered(mut state: AppState, question: Question, answer: Answer) -> AppState {
    state.apply(Command::Ask(question.clone()), fixture::NOW_MS);
    state.receive(Message::Answer(question, Ok(Box::new(answer))), fixture::NOW_MS);
    state
}

fn rows(bench: &Bench) -> usize {
    let buttons = bench.harness.query_all_by_role(Role::Button);
    buttons.filter(|node| node.accesskit_node().label().is_some_and(|label| label.starts_with("error: "))).count()
}

#[test]
fn any_number_of_findings_is_listed_and_only_what_is_seen_is_drawn() {
    let none = checks(with_findings(0));
    assert!(none.shows("1 of 1 check hold") && none.shows("Nothing was found"));
    let some = checks(with_findings(5));
    assert!(some.shows("Block training · 5"));
    assert_eq!(rows(&some), 5);
    let many = checks(with_findings(500));
    assert!(many.shows("Block training · 500"));
    assert!((10..=30).contains(&rows(&many)), "{}", rows(&many));
}

#[test]
fn findings_are_grouped_and_accepted() {
    let mut bench = checks(with_findings(5));
    bench.button("Column");
    assert!(bench.shows("column_3 · 1"));
    bench.button("Check");
    assert!(!bench.shows("column_3 · 1"));
    let sent = bench.button("Accept into the suite");
    assert!(matches!(sent.as_slice(), [Command::Edit(Edit::AcceptFinding { version: VersionId(2), .. })]), "{sent:?}");
}

/// A contract with one column and one rule, saved.
fn suite(dataset: DatasetId) -> SavedSuite {
    let mut suite = Suite::new();
    suite.contract.columns.push(ColumnContract::new("plan"));
    let bounds = Bounds { min: Some(Scalar::Whole(18)), max: Some(Scalar::Whole(99)), ..Bounds::default() };
    let mut rule = Rule::new("age-range", Test::ColumnValuesBetween { column: "age".to_owned(), bounds });
    rule.origin = Some("smallest and largest of churn@1".to_owned());
    suite.rules.push(rule);
    SavedSuite {
        id: SuiteId(4),
        dataset_id: dataset,
        dataset: "churn".to_owned(),
        number: 3,
        suite,
        note: "after the audit".to_owned(),
        who: "ada".to_owned(),
        created_at_ms: fixture::NOW_MS - 60_000,
    }
}

#[test]
fn a_rule_is_edited_previewed_and_saved() {
    let state = full();
    let dataset = state.history.value().unwrap().version(VersionId(2)).unwrap().dataset_id;
    let saved = suite(dataset);
    let state = answered(state, Question::Suites { dataset }, Answer::Suites(vec![saved.clone()]));
    let mut bench = checks(state);
    bench.button("Suite");
    assert!(bench.shows("churn · state 3") && bench.shows("after the audit"));
    bench.starting("Values between, ");
    assert!(bench.shows("Where it comes from: smallest and largest of churn@1"));
    let sent = bench.button("Remove this rule");
    assert!(sent.iter().all(|command| !matches!(command, Command::Edit(_))), "{sent:?}");
    assert!(bench.shows("Not saved"));
    let sent = bench.button("Save the suite");
    let [Command::Edit(Edit::SaveSuite { suite, .. })] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!((suite.rules.len(), &suite.contract), (0, &saved.suite.contract));
    bench.button("Undo");
    assert!(bench.shows("As it was saved") && bench.shows("Rules · 1"));
}

#[test]
fn lines_without_a_tick_are_not_saved_and_the_schema_says_where_it_comes_from() {
    let state = full();
    let dataset = state.history.value().unwrap().version(VersionId(2)).unwrap().dataset_id;
    let mut saved = suite(dataset);
    saved.suite.contract.columns[0].origin = Some("kind as in churn@1".to_owned());
    let state = answered(state, Question::Suites { dataset }, Answer::Suites(vec![saved.clone()]));
    let mut bench = checks(state);
    bench.button("Suite");
    bench.starting("Schema, plan, there, whatever it holds, error, kind as in churn@1");
    bench.click(Role::CheckBox, "Keep Values between age");
    let sent = bench.button("Save the suite");
    let [Command::Edit(Edit::SaveSuite { suite: kept, .. })] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!((kept.rules.len(), kept.contract.columns.len()), (0, 1));
    bench.click(Role::CheckBox, "Keep Values between age");
    assert!(bench.shows("As it was saved"), "ticked again, nothing is changed");
    bench.button("Rules · 1");
    assert!(!bench.shows("Keep Schema plan"));
}

#[test]
fn a_finding_opens_all_its_rows() {
    let mut state = with_findings(3);
    let Loadable::Ready(mut history) = std::mem::take(&mut state.history) else { panic!("a history") };
    let run = &mut history.check_runs[0];
    let id = run.id;
    run.report.checks[0].findings[0].rows = vec![4];
    run.report.checks[0].findings[1].rows = (1..=20).collect();
    state.history = Loadable::Ready(history);
    let mut bench = checks(state);
    let sent = bench.button("Show these rows in the table");
    assert!(
        matches!(&sent[..], [Command::ShowFinding { check_run, finding }] if *check_run == id && finding.rows == [4])
    );
    // The arrow takes the keyboard to the next finding.
    let first = bench.harness.query_all_by_role(Role::Button);
    let starts =
        |node: &egui_kittest::Node<'_>| node.accesskit_node().label().is_some_and(|l| l.starts_with("error: "));
    first.into_iter().find(starts).unwrap().focus();
    bench.harness.run();
    bench.key(egui::Modifiers::NONE, egui::Key::ArrowDown);
    let sent = bench.button("Show all its rows in the table");
    assert!(matches!(&sent[..], [Command::ShowFinding { finding, .. }] if finding.rows.len() == 20), "{sent:?}");
}

#[test]
fn a_closed_gate_says_why_and_one_is_added() {
    let state = full();
    let gate = Gate {
        id: GateId(2),
        act: Act::Train,
        needs: Need::NoErrors,
        dataset_id: None,
        dataset: None,
        who: "ada".to_owned(),
        created_at_ms: fixture::NOW_MS,
    };
    let board = GateBoard { gates: vec![gate.clone()], overrides: Vec::new() };
    let red = GateState { gate, red: Some("it has 2 errors".to_owned()) };
    let version = VersionId(2);
    let state = answered(state, Question::Gates, Answer::Gates(Box::new(board)));
    let state = answered(state, Question::GateStates { version, act: Act::Train }, Answer::GateStates(vec![red]));
    let state = answered(state, Question::GateStates { version, act: Act::Publish }, Answer::GateStates(vec![]));
    let state = answered(state, Question::SignOffs { version }, Answer::SignOffs(vec![]));
    let mut bench = checks(state);
    bench.button("Gates and sign-off");
    assert!(bench.shows("closed") && bench.shows("It has 2 errors"));
    let sent = bench.button("Add the gate");
    let expected = Edit::AddGate { act: Act::Train, needs: Need::NoErrors, dataset: None };
    assert_eq!(sent, [Command::Edit(expected)]);
    bench.button("See the findings");
    assert!(bench.shows("Run the checks") && !bench.shows("Add the gate"));
}

/// Two suspects and a pair that is divided.
fn problems() -> LabelProblems {
    let one = |row, objection, label: &str, suggested: Option<&str>, belief, group| LabelProblem {
        row,
        objection,
        label: label.to_owned(),
        suggested: suggested.map(str::to_owned),
        belief,
        group,
    };
    LabelProblems {
        rows: vec![
            one(9, Objection::Suspect, "false", Some("true"), Some(0.018), None),
            one(3, Objection::Suspect, "true", Some("false"), Some(0.19), None),
            one(4, Objection::Conflict, "true", None, None, Some(1)),
            one(6, Objection::Conflict, "false", None, None, Some(1)),
        ],
        judged: 900,
        labelled: 1000,
        auc: Some(0.951),
        skipped: Vec::new(),
    }
}

fn labels(found: LabelProblems) -> Bench<'static> {
    let question = Question::LabelProblems { version: VersionId(2), target: "churned".to_owned() };
    let mut bench = checks(answered(full(), question, Answer::LabelProblems(Box::new(found))));
    bench.button("Labels");
    bench
}

#[test]
fn labels_that_look_wrong_are_ticked_and_relabelled() {
    let mut bench = labels(problems());
    assert!(bench.shows("2 contradicted labels · 2 conflicting rows in 1 group"));
    assert!(bench.shows("Row 9") && bench.shows("gives “false” a probability of 1.8"));
    bench.click(Role::CheckBox, "Tick row 3, contradicted");
    // The row that is ticked is the one beside the list.
    assert!(bench.shows("Row 3"));
    bench.button("Tick all");
    let sent = bench.button("Relabel 2 rows as suggested");
    let [Command::SaveLabels(request)] = sent.as_slice() else { panic!("{sent:?}") };
    let given: Vec<(u64, &str)> = request.labels.iter().map(|l| (l.row, l.label.as_deref().unwrap())).collect();
    assert_eq!(given, [(3, "false"), (9, "true")], "the divided pair has no suggestion");
    assert_eq!((request.column.as_str(), request.note.as_str()), ("churned", "2 labels in `churned` as suggested"));
    bench.button("Tick none");
    assert!(bench.shows("0 ticked"));
}

#[test]
fn labels_that_look_wrong_are_left_out_and_shown_in_the_table() {
    let mut bench = labels(problems());
    bench.button("Conflicting · 2");
    bench.starting("4, Conflicting");
    let sent = bench.button("Show all 2 rows in the table");
    let rows = vec![4, 6];
    assert_eq!(sent, [Command::ShowRows { version: VersionId(2), column: Some("churned".to_owned()), rows }]);
    bench.button("Tick all");
    let sent = bench.button("Leave 2 rows out");
    let [Command::SetAside(request)] = sent.as_slice() else { panic!("{sent:?}") };
    let reason = "conflict:churned".to_owned();
    assert_eq!((&request.rows, request.branch.as_str()), (&vec![(4, reason.clone()), (6, reason)], "clean"));
}

#[test]
fn where_no_label_looks_wrong_the_list_says_what_was_judged() {
    let bench = labels(LabelProblems { rows: Vec::new(), ..problems() });
    assert!(bench.shows("No label in churned of churn@2 looks wrong"));
    assert!(bench.shows("900 of 1,000 labelled rows were judged, by models with AUC 0.951"));
}

#[test]
fn a_finding_about_labels_leads_to_their_list() {
    let mut state = with_findings(1);
    let Loadable::Ready(mut history) = std::mem::take(&mut state.history) else { panic!("a history") };
    history.check_runs[0].report.checks[0].code = "LABEL_SUSPECTS".to_owned();
    history.check_runs[0].report.checks[0].findings[0].code = "LABEL_SUSPECTS".to_owned();
    state.history = Loadable::Ready(history);
    let sent = checks(state).button("List these labels…");
    assert_eq!(sent, [Command::ShowSuspects { version: VersionId(2), target: "churned".to_owned() }]);
    // The command brings the tab up, on this column.
    let mut state = full();
    state.apply(sent[0].clone(), fixture::NOW_MS);
    let mut bench = checks(state);
    bench.harness.run();
    assert!(bench.shows("Loading the labels that look wrong"));
}

#[test]
fn a_column_of_the_schema_says_below_each_limit_how_many_rows_fail() {
    let state = full();
    let dataset = state.history.value().unwrap().version(VersionId(2)).unwrap().dataset_id;
    let mut saved = suite(dataset);
    let mut age = ColumnContract::new("age");
    (age.max, age.regex) = (Some(Scalar::Whole(60)), Some("(".to_owned()));
    saved.suite.contract.columns = vec![age];
    let sound: Vec<Rule> =
        saved.suite.contract.columns[0].rules().into_iter().filter(|rule| rule.problems().is_empty()).collect();
    let mut state = answered(state, Question::Suites { dataset }, Answer::Suites(vec![saved]));
    let ids: Vec<&str> = sound.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids, ["contract:exists:age", "contract:range:age"], "a pattern that is none is not judged");
    let (version, against) = (VersionId(2), Some(VersionId(1)));
    state.apply(Command::PreviewRules { version, against, rules: sound.clone() }, fixture::NOW_MS);
    let judged = |rule: &Rule, findings: Vec<Finding>, failing| RulePreview {
        check: CheckResult {
            code: "X".to_owned(),
            title: rule.id.clone(),
            skipped: None,
            findings,
            rule: Some(rule.id.clone()),
            observed: None,
        },
        failing,
        rows: vec![5; usize::from(failing.is_some())],
    };
    let finding = state.history.value().unwrap().check_runs[0].report.findings()[0].clone();
    let previews = vec![judged(&sound[0], vec![], None), judged(&sound[1], vec![finding], Some(12))];
    let question = Question::RulePreview { version, against, rules: sound.clone() };
    state.receive(Message::Answer(question, Ok(Box::new(Answer::RulePreview(previews)))), fixture::NOW_MS);
    let mut bench = checks(state);
    bench.button("Suite");
    bench.starting("Schema, age");
    assert!(bench.shows("1 part of it does not hold"));
    assert!(bench.shows("12 of ") && bench.shows("This is no pattern"));
    let sent = bench.button("Show the rows that break range:age");
    let expected = Command::ShowFailing { version, against, rule: Box::new(sound[1].clone()) };
    assert_eq!(sent, [expected]);
}

#[test]
fn a_split_is_asked_for_before_what_has_one() {
    let board = GateBoard { gates: Vec::new(), overrides: Vec::new() };
    let version = VersionId(2);
    let state = answered(full(), Question::Gates, Answer::Gates(Box::new(board)));
    let state = answered(state, Question::GateStates { version, act: Act::Publish }, Answer::GateStates(vec![]));
    let state = answered(state, Question::SignOffs { version }, Answer::SignOffs(vec![]));
    let mut bench = checks(state);
    bench.button("Gates and sign-off");
    bench.click(Role::ComboBox, "There must be");
    bench.button("a split without errors");
    let sent = bench.button("Add the gate");
    assert_eq!(sent, [Command::Edit(Edit::AddGate { act: Act::Train, needs: Need::Split, dataset: None })]);
    bench.click(Role::ComboBox, "Before");
    bench.button("publishing");
    let sent = bench.button("Add the gate");
    assert_eq!(sent, [Command::Edit(Edit::AddGate { act: Act::Publish, needs: Need::NoErrors, dataset: None })]);
}
