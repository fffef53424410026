//! The parts of the Data page that ask questions, and the Storage page: labelling, rejected rows, comparisons, the bin.

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;

use modelwright::data::read;
use modelwright::domain::dataset::{BadRows, ReadDraft};
use modelwright::domain::diff::DiffRequest;
use modelwright::domain::edit::Edit;
use modelwright::domain::ids::{BinId, LabelSessionId, RunId, VersionId};
use modelwright::domain::io::Silent;
use modelwright::domain::labels::{Label, LabelQueue, LabelSession, LabelTask};
use modelwright::domain::problem::{Problem, ProblemKind};
use modelwright::domain::question::{Answer, Question, RejectedRow, RejectsPage};
use modelwright::domain::request::{DataRef, RestoreForm};
use modelwright::domain::storage::{BinEntry, BinState, ObjectSize, StorageItem, StorageKey, StorageReport};
use modelwright::state::AppState;
use modelwright::state::command::{Command, PickFor};
use modelwright::state::effect::{Effect, Message};
use modelwright::state::import::ImportPanel;
use modelwright::state::loadable::Loadable;
use modelwright::ui::pages::data::{DataPage, data_ui};
use modelwright::ui::pages::storage::{StoragePage, storage_ui};
use modelwright::ui::shell::import_panel::{Texts, import_panel_ui};
use modelwright::ui::theme::tokens::Tokens;

use super::pages::fixture::{self, NOW_MS};
use super::pages::{Bench, empty, full};

const VERSION: VersionId = VersionId(2);

fn answered(state: &mut AppState, question: Question, answer: Answer) {
    state.apply(Command::Ask(question.clone()), NOW_MS);
    state.receive(Message::Answer(question, Ok(Box::new(answer))), NOW_MS);
}

fn data(state: AppState) -> Bench<'static> {
    let mut page = DataPage::default();
    Bench::new(state, Tokens::dark(), |b| b, move |ui, ctx| data_ui(ui, ctx, &mut page))
}

fn storage(report: StorageReport) -> Bench<'static> {
    let mut state = empty();
    answered(&mut state, Question::Storage, Answer::Storage(Box::new(report)));
    answered(&mut state, Question::Watches, Answer::Watches(vec![]));
    let mut page = StoragePage::default();
    Bench::new(state, Tokens::light(), |b| b, move |ui, ctx| storage_ui(ui, ctx, &mut page))
}

/// A queue of rows 4, 9 and 11, of which row 4 was labelled in an earlier sitting.
fn labelling() -> Bench<'static> {
    let mut state = full();
    state.labelling = Some(VERSION);
    let queue = LabelQueue::Missing;
    let task = Question::LabelTask { version: VERSION, column: "quality".into(), queue };
    let label = Label { row: 4, label: Some("good".into()), note: String::new(), who: "ann".into(), at_ms: 0 };
    let session = LabelSession {
        id: LabelSessionId(3),
        version: VERSION,
        column: "quality".into(),
        who: "ann".into(),
        created_at_ms: 0,
        labels: vec![label],
    };
    let rows = vec![4, 9, 11];
    let answer = LabelTask { session: Some(session), exists: false, classes: vec![], rows: rows.clone() };
    answered(&mut state, task, Answer::LabelTask(Box::new(answer)));
    let cards = rows.iter().map(|row| vec![Some(format!("cell of row {row}"))]).collect();
    answered(&mut state, Question::Rows { version: VERSION, rows }, Answer::Rows(cards));
    let mut bench = data(state);
    bench.harness.get_by_label("Name of the new column").focus();
    bench.harness.run();
    bench.harness.get_by_label("Name of the new column").type_text("quality");
    bench.harness.run();
    bench.button("Start labelling");
    bench
}

fn draft(row: u64, label: Option<&str>) -> Command {
    let (column, label) = ("quality".to_owned(), label.map(str::to_owned));
    Command::Edit(Edit::DraftLabel { version: VERSION, column, row, label, note: String::new() })
}

#[test]
fn rows_are_labelled_by_key_from_where_the_last_sitting_ended() {
    let mut bench = labelling();
    assert!(bench.shows("Row 9") && bench.shows("cell of row 9") && bench.shows("1 of 3 rows in “quality”"));
    assert_eq!(bench.key(Modifiers::NONE, Key::Num1), [draft(9, Some("good"))]);
    assert!(bench.shows("Row 11"));
    // A number without a class does nothing.
    assert_eq!(bench.key(Modifiers::NONE, Key::Num2), []);
    bench.key(Modifiers::NONE, Key::Backspace);
    assert!(bench.shows("Row 9") && bench.shows("labelled “good”"));
    assert_eq!(bench.button("Take this label back"), [draft(9, None)]);
    bench.key(Modifiers::NONE, Key::Space);
    assert!(bench.shows("Row 11"));
    bench.key(Modifiers::NONE, Key::Space);
    assert!(bench.shows("That was the last row"));
    let saved = bench.button("Save 1 label as a version");
    let [Command::SaveLabels(request)] = saved.as_slice() else { panic!("{saved:?}") };
    assert_eq!(request.labels.iter().map(|l| (l.row, l.label.as_deref())).collect::<Vec<_>>(), [(4, Some("good"))]);
}

#[test]
fn a_new_label_is_typed_once_and_has_a_key_then() {
    let mut bench = labelling();
    bench.harness.get_by_label("Another label").focus();
    bench.harness.run();
    bench.harness.get_by_label("Another label").type_text("poor");
    bench.harness.run();
    assert_eq!(bench.key(Modifiers::NONE, Key::Enter), [draft(9, Some("poor"))]);
    assert_eq!(bench.key(Modifiers::NONE, Key::Num2), [draft(11, Some("poor"))]);
}

#[test]
fn dropping_the_labels_leads_back_to_the_start() {
    let mut bench = labelling();
    let dropped = Edit::DropLabels { version: VERSION, column: "quality".into() };
    assert_eq!(bench.button("Drop 1 label"), [Command::Edit(dropped)]);
    assert!(bench.shows("What to label"));
    assert_eq!(bench.key(Modifiers::NONE, Key::Escape), [Command::LabelRows(None)]);
}

#[test]
fn rejected_rows_are_leafed_through_and_saved() {
    let mut state = full();
    let Loadable::Ready(history) = &mut state.history else { panic!("the history is there") };
    history.versions[1].provenance.rejected = 501;
    history.versions[1].provenance.rejects_hash = Some(fixture::hash(9));
    let row = |line: u64| RejectedRow { line, reason: "5 fields, expected 3".into(), text: "7,too,many\tcells".into() };
    let first = Question::Rejects { version: VERSION, first: 0, count: 500 };
    let page = RejectsPage { total: 501, first: 0, rows: (1..=500).map(row).collect() };
    answered(&mut state, first, Answer::Rejects(page));
    let mut bench = data(state);
    bench.button("Rejected rows");
    assert!(bench.shows("501 rows set aside · 1 to 500 shown"));
    assert!(bench.shows("5 fields, expected 3") && bench.shows("7,too,many cells"));
    let saved = bench.button("Save as CSV…");
    let [Command::Pick(PickFor::Restore { version, form, suggested })] = saved.as_slice() else { panic!("{saved:?}") };
    assert_eq!((*version, *form, suggested.as_str()), (VERSION, RestoreForm::Rejected, "churn-v2-rejected.csv"));
    let next = Question::Rejects { version: VERSION, first: 500, count: 500 };
    assert!(bench.button("Next").contains(&Command::Ask(next)));
    assert!(bench.shows("Loading the rejected rows"));
}

#[test]
fn a_version_without_rejected_rows_has_no_such_tab() {
    let bench = data(full());
    assert!(!bench.shows("Rejected rows"));
}

#[test]
fn a_comparison_that_takes_long_can_be_cancelled() {
    let mut state = full();
    let request = DiffRequest {
        left: DataRef::Version(VersionId(1)),
        right: DataRef::Version(VERSION),
        key: vec![],
        limit: 500,
        column: None,
    };
    let question = Question::Diff(request);
    state.apply(Command::Ask(question.clone()), NOW_MS - 3_000);
    let (phase, fraction) = ("Pairing rows".to_owned(), Some(0.4));
    state.receive(Message::Answering { question: question.clone(), phase, fraction }, NOW_MS);
    let mut bench = data(state);
    bench.button("Versions");
    bench.button("Compare with… ▾");
    bench.button("Compare with v1");
    assert!(bench.shows("Pairing rows") && bench.shows("Loading the comparison"));
    assert_eq!(bench.button("Cancel"), [Command::StopAsking(question.clone())]);
    assert_eq!(bench.button("Back to the versions"), [Command::StopAsking(question)]);
}

#[test]
fn a_stopped_question_ends_its_worker_and_can_be_asked_again() {
    let mut state = full();
    let question = Question::Relations { version: VERSION, all_rows: false };
    let ask = Command::Ask(question.clone());
    assert_eq!(state.apply(ask.clone(), NOW_MS), [Effect::Answer(question.clone())]);
    let stop = Command::StopAsking(question.clone());
    assert_eq!(state.apply(stop.clone(), NOW_MS), [Effect::CancelAnswer(question.clone())]);
    assert_eq!(state.apply(stop, NOW_MS), []);
    assert!(matches!(state.asked.get(&question), Loadable::Failed(p) if p.kind == ProblemKind::Cancelled));
    assert_eq!(state.apply(ask, NOW_MS), [Effect::Answer(question.clone())]);
    // The first worker says only now that it ended.
    state.receive(Message::Answer(question.clone(), Err(Problem::cancelled())), NOW_MS);
    assert!(state.asked.waiting(&question).is_some());
}

fn report() -> StorageReport {
    let item = |key, label: &str, own_bytes, needed_by: &[&str]| StorageItem {
        key,
        label: label.into(),
        own_bytes,
        shared_bytes: 0,
        needed_by: needed_by.iter().map(|s| (*s).to_owned()).collect(),
        deleted: false,
    };
    let objects = vec![ObjectSize { hash: fixture::hash(7), bytes: 4_000 }];
    let (id, key, who, created_at_ms) = (BinId(5), StorageKey::Run(RunId(3)), "ann".to_owned(), NOW_MS);
    StorageReport {
        items: vec![
            item(StorageKey::Version(VersionId(1)), "churn@1", 2_000_000, &["run 5 was trained on it"]),
            item(StorageKey::Version(VERSION), "churn@2", 1_000_000, &[]),
        ],
        object_bytes: 3_000_000,
        n_objects: 2,
        bin: vec![BinEntry { id, key, label: "run 3".into(), objects, state: BinState::Binned, who, created_at_ms }],
        bin_bytes: 4_000,
        ..StorageReport::default()
    }
}

#[test]
fn what_nothing_needs_is_deleted_and_what_is_needed_stays() {
    let mut bench = storage(report());
    assert!(bench.shows("run 5 was trained on it"));
    let deleted = Edit::Delete(vec![StorageKey::Version(VERSION)]);
    assert_eq!(bench.button("Delete churn@2"), [Command::Edit(deleted)]);
    assert_eq!(bench.button("Delete churn@1"), []);
}

#[test]
fn the_bin_gives_back_and_asks_before_it_is_emptied() {
    let mut bench = storage(report());
    assert_eq!(bench.button("Restore run 3"), [Command::Edit(Edit::RestoreBinned(vec![BinId(5)]))]);
    assert_eq!(bench.button("Empty the bin (4.0 kB)…"), []);
    assert_eq!(bench.button("Keep it"), []);
    assert_eq!(bench.button("Empty the bin (4.0 kB)…"), []);
    assert_eq!(bench.button("Empty the bin"), [Command::Edit(Edit::EmptyBin)]);
}

#[test]
fn storage_says_when_nothing_is_there_and_what_failed() {
    assert!(storage(StorageReport::default()).shows("Nothing is stored yet"));
    let mut state = empty();
    state.apply(Command::Ask(Question::Storage), NOW_MS);
    let failed = Problem::failed("Could not look that up", "disk I/O error", "");
    state.receive(Message::Answer(Question::Storage, Err(failed)), NOW_MS);
    let mut page = StoragePage::default();
    let mut bench = Bench::new(state, Tokens::dark(), |b| b, move |ui, ctx| storage_ui(ui, ctx, &mut page));
    assert!(bench.shows("Could not look that up"));
    assert!(bench.click(Role::Button, "Try again").contains(&Command::Ask(Question::Storage)));
}

/// The import panel over a file with these bytes, looked at as the worker does.
fn import_panel(name: &str, text: &str) -> Bench<'static> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    let mut state = empty();
    let panel = ImportPanel::new(vec![path.clone()], true);
    let question = panel.question();
    state.import = Some(panel);
    state.apply(Command::Ask(question.clone()), NOW_MS);
    let preview = read::preview::preview(&path, name, &ReadDraft::default(), 100, &Silent).unwrap();
    state.receive(Message::Answer(question, Ok(Box::new(Answer::Preview(Box::new(preview))))), NOW_MS);
    let mut texts = Texts::default();
    Bench::new(state, Tokens::light(), |b| b, move |ui, ctx| import_panel_ui(ui, ctx, &mut texts))
}

#[test]
fn the_import_panel_comes_to_rest_and_says_what_becomes_of_rows_that_do_not_fit() {
    // `Bench` draws until nothing asks for another frame, and gives up after a few.
    let mut bench = import_panel("odd.csv", "id,amount,when\n1,1.5,2024-01-02\n2,2.5\n3,3.5,2024-01-04\n");
    assert!(bench.shows("1 row cannot be read, first in line 3"));
    let sent = bench.button("Set them aside");
    let [Command::ChangeImport(panel)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(panel.draft.bad_rows, Some(BadRows::SetAside));
}
