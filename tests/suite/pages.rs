//! The pages of the middle and the end of a model's life, driven by accessible label with a made-up history.

use std::cell::RefCell;
use std::rc::Rc;

use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use ::modelwright;
use modelwright::domain::history::History;
use modelwright::domain::ids::{RunId, VersionId};
use modelwright::domain::problem::Problem;
use modelwright::domain::question::Question;
use modelwright::domain::request::DataRef;
use modelwright::state::AppState;
use modelwright::state::command::{Command, Page, PickFor};
use modelwright::state::loadable::Loadable;
use modelwright::state::settings::Settings;
use modelwright::ui::ctx::UiCtx;
use modelwright::ui::pages::checks::{ChecksPage, checks_ui};
use modelwright::ui::pages::monitor::{MonitorPage, monitor_ui};
use modelwright::ui::pages::runs::{RunsPage, runs_ui};
use modelwright::ui::pages::ship::{ShipPage, ship_ui};
use modelwright::ui::pages::train::{TrainPage, train_ui};
use modelwright::ui::theme;
use modelwright::ui::theme::tokens::Tokens;

#[path = "../../src/ui/pages/fixture.rs"]
pub mod fixture;

/// A page on its own: what `ui` draws, with a fixed clock, and what it sent.
pub struct Bench<'a> {
    pub harness: Harness<'a>,
    sent: Rc<RefCell<Vec<Command>>>,
}

impl<'a> Bench<'a> {
    pub fn new(
        state: AppState,
        tokens: Tokens,
        setup: impl FnOnce(egui_kittest::HarnessBuilder<()>) -> egui_kittest::HarnessBuilder<()>,
        mut page: impl FnMut(&mut egui::Ui, &UiCtx) + 'a,
    ) -> Self {
        let sent = Rc::new(RefCell::new(Vec::new()));
        let outbox = Rc::clone(&sent);
        let mut ready = false;
        let builder = setup(Harness::builder().with_size([1232.0, 736.0]).with_max_steps(16));
        let mut harness = builder.build_ui(move |ui| {
            if !ready {
                let settings = Settings { animations: false, ..Settings::default() };
                theme::install_fonts(ui.ctx());
                theme::apply(ui.ctx(), &tokens, &settings);
                ready = true;
                // Fonts arrive with the next frame.
                return ui.ctx().request_repaint();
            }
            let ctx = UiCtx::new(&state, &tokens, fixture::NOW_MS, &outbox);
            page(ui, &ctx);
        });
        harness.run();
        Self { harness, sent }
    }

    pub fn click(&mut self, role: Role, label: &str) -> Vec<Command> {
        self.sent.borrow_mut().clear();
        self.harness.get_by_role_and_label(role, label).click();
        self.harness.run();
        self.sent()
    }

    /// Clicks the first button whose name begins so.
    pub fn starting(&mut self, label: &str) -> Vec<Command> {
        self.sent.borrow_mut().clear();
        let is_it = |node: &egui_kittest::Node<'_>| node.accesskit_node().label().is_some_and(|l| l.starts_with(label));
        let found = self.harness.query_all_by_role(Role::Button).find(is_it);
        found.unwrap_or_else(|| panic!("no button that begins with {label:?}")).click();
        self.harness.run();
        self.sent()
    }

    pub fn key(&mut self, modifiers: egui::Modifiers, key: egui::Key) -> Vec<Command> {
        self.sent.borrow_mut().clear();
        self.harness.key_press_modifiers(modifiers, key);
        self.harness.run();
        self.sent()
    }

    fn sent(&self) -> Vec<Command> {
        // Nobody answers here, so what a page needs at once is asked for in every frame.
        let at_once = |question: &Question| {
            use Question as Q;
            matches!(question, Q::Catalogue | Q::OpenGroups | Q::RecipeTemplates | Q::Suites { .. } | Q::Rows { .. })
                || matches!(question, Q::TrainingPlan { .. } | Q::Decisions { .. })
        };
        let asked = |command: &Command| matches!(command, Command::Ask(question) if at_once(question));
        self.sent.borrow().iter().filter(|command| !asked(command)).cloned().collect()
    }

    pub fn button(&mut self, label: &str) -> Vec<Command> {
        self.click(Role::Button, label)
    }

    pub fn shows(&self, label: &str) -> bool {
        self.harness.query_all_by_label_contains(label).next().is_some()
    }
}

pub fn full() -> AppState {
    let mut state = with(Loadable::Ready(fixture::history()));
    state.focus.version = Some(VersionId(2));
    state.focus.run = Some(RunId(7));
    state.compare.extend([RunId(5), RunId(6), RunId(7)]);
    for (run, sharp) in [(5, 0.0), (6, 0.72), (7, 0.8)] {
        state.run_details.insert(RunId(run), Loadable::Ready(fixture::detail(sharp)));
    }
    state
}

pub fn empty() -> AppState {
    with(Loadable::Ready(History::default()))
}

#[allow(clippy::field_reassign_with_default, reason = "the state has private fields, so no struct update")]
pub fn with(history: Loadable<History>) -> AppState {
    let mut state = AppState::default();
    // Asked for, and not there yet.
    for version in history.value().into_iter().flat_map(|history| &history.versions) {
        state.profiles.insert(version.id, Loadable::Loading { previous: None });
    }
    state.history = history;
    state
}

fn bench<'a>(state: AppState, page: impl FnMut(&mut egui::Ui, &UiCtx) + 'a) -> Bench<'a> {
    Bench::new(state, Tokens::light(), |b| b, page)
}

pub fn checks(state: AppState) -> Bench<'static> {
    let mut page = ChecksPage::default();
    bench(state, move |ui, ctx| checks_ui(ui, ctx, &mut page))
}

pub fn train(state: AppState) -> Bench<'static> {
    let mut page = TrainPage::default();
    bench(state, move |ui, ctx| train_ui(ui, ctx, &mut page))
}

pub fn runs(state: AppState) -> Bench<'static> {
    let mut page = RunsPage::default();
    bench(state, move |ui, ctx| runs_ui(ui, ctx, &mut page))
}

fn ship(state: AppState) -> Bench<'static> {
    let mut page = ShipPage::default();
    bench(state, move |ui, ctx| ship_ui(ui, ctx, &mut page))
}

fn monitor(state: AppState) -> Bench<'static> {
    let mut page = MonitorPage::default();
    bench(state, move |ui, ctx| monitor_ui(ui, ctx, &mut page))
}

#[test]
fn checks_run_on_the_version_in_focus_against_the_one_before() {
    let mut bench = checks(full());
    let sent = bench.button("Run the checks");
    let [Command::RunChecks(request)] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(request.data, DataRef::Version(VersionId(2)));
    assert_eq!(request.against, Some(DataRef::Version(VersionId(1))));
    assert_eq!(request.target.as_deref(), Some("churned"));
}

#[test]
fn a_finding_shows_its_evidence_and_its_rows() {
    let mut bench = checks(full());
    assert!(bench.shows("10 of 13 checks hold · 1 blocks training · 2 warn · 1 skipped"));
    bench.button("10 hold · 1 skipped");
    assert!(bench.shows("no reference was given: Train–test overlap"));
    bench.button("Severity");
    let sent = bench.button("warning: 45.9\u{a0}% of last_note is missing; the limit is 20\u{a0}%");
    assert_eq!(sent, [Command::FocusColumn(Some("last_note".into()))]);
    assert!(bench.shows("45.9 %"));
    let sent = bench.button("Show these rows in the table");
    // The finding has more rows than its examples: all are looked for.
    let [Command::ShowFinding { check_run, finding }] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!((check_run.0, finding.code.as_str(), finding.rows.len()), (2, "MISSING_VALUES", 8));
}

#[test]
fn findings_are_copied_as_csv() {
    let mut bench = checks(full());
    let sent = bench.button("Copy as CSV");
    let [Command::Copy(csv)] = sent.as_slice() else { panic!("{sent:?}") };
    assert!(csv.starts_with("severity,code,column,message"));
}

#[test]
fn runs_are_ticked_compared_and_exported() {
    let mut bench = runs(full());
    assert!(bench.shows("3 runs compared"));
    assert_eq!(bench.click(Role::CheckBox, "Compare run 2"), [Command::ToggleCompare(RunId(2))]);
    assert_eq!(bench.button("Export…"), [Command::Pick(PickFor::ExportBundle(RunId(7)))]);
    assert_eq!(bench.button("Score a file…"), [Command::Pick(PickFor::ScoreInput(RunId(7)))]);
    assert_eq!(bench.button("Hide"), [Command::HideRun(RunId(7))]);
}

#[test]
fn the_comparison_has_metrics_curves_parameters_and_data() {
    let mut bench = runs(full());
    assert!(bench.shows("better"));
    bench.button("Curves");
    assert!(bench.shows("Area under the ROC curve of true"));
    let sent = bench.button("Copy data of ROC curve as CSV");
    assert!(matches!(sent.as_slice(), [Command::Copy(csv)] if csv.starts_with("run,False positive rate")));
    bench.button("Show ROC curve as table");
    assert!(bench.harness.query_by_label("Show ROC curve as chart").is_some());
    bench.button("Parameters");
    bench.click(Role::CheckBox, "Only what differs");
    assert!(bench.shows("≠ algorithm"));
    assert!(!bench.shows("scaling"));
    bench.button("Data and split");
}

#[test]
fn runs_on_different_data_are_compared_with_a_warning() {
    let mut state = full();
    state.compare.insert(RunId(2));
    let bench = runs(state);
    assert!(bench.shows("Different data (churn@1, churn@2)"));
}

#[test]
fn the_header_sorts_the_runs() {
    let mut bench = runs(full());
    bench.button("Sort by Score");
    assert!(bench.shows("Sort by Score, sorted"));
}

#[test]
fn a_chart_is_saved_as_picture_and_as_data() {
    let mut bench = runs(full());
    bench.button("Curves");
    bench.button("More for ROC curve");
    let sent = bench.button("Save data…");
    assert!(
        matches!(sent.as_slice(), [Command::Pick(PickFor::SaveText { suggested, .. })] if suggested == "roc-curve.csv")
    );
    bench.button("More for ROC curve");
    let sent = bench.button("Save as PNG…");
    let [Command::Pick(PickFor::SavePlot { suggested, rect })] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(suggested, "roc-curve.png");
    assert!(rect.max[0] - rect.min[0] > 100.0 && rect.max[1] - rect.min[1] > 100.0);
}

#[test]
fn shipping_exports_the_run_in_focus_and_copies_commands() {
    let mut bench = ship(full());
    assert_eq!(bench.button("Export run 7…"), [Command::Pick(PickFor::ExportBundle(RunId(7)))]);
    assert!(bench.shows("verified"));
    assert!(bench.shows("Model card: churned from churn@2"));
    bench.button("Run it elsewhere");
    let sent = bench.button("Copy the command for MLflow");
    assert!(matches!(sent.as_slice(), [Command::Copy(text)] if text.contains("mlflow models predict")));
}

#[test]
fn drift_compares_the_first_with_the_latest_version() {
    let mut bench = monitor(full());
    let sent = bench.button("Compare");
    let [Command::CompareDrift(request)] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(request.reference, DataRef::Version(VersionId(1)));
    assert_eq!(request.current, DataRef::Version(VersionId(2)));
    assert!(bench.shows("2 of 8 columns drifted · dataset drift: no"));
}

#[test]
fn a_drifted_column_shows_both_distributions() {
    let mut bench = monitor(full());
    assert!(bench.shows("monthly_charge: drifted"));
    let sent = bench.harness.query_all_by_label_contains("drifted, plan").next().is_some();
    assert!(sent);
    let mut state = full();
    state.focus.column = Some("plan".into());
    bench = monitor(state);
    assert!(bench.shows("plan: drifted, largest change: premium plus with roaming from 17 % to 35 %"));
}

#[test]
fn every_empty_page_offers_the_next_step() {
    let import = [Command::Pick(PickFor::ImportFiles)];
    assert_eq!(checks(empty()).button("Import a file…"), import);
    assert_eq!(train(empty()).button("Import a file…"), import);
    assert_eq!(monitor(empty()).button("Import a file…"), import);
    assert_eq!(runs(empty()).button("Train models…"), [Command::GoTo(Page::Train)]);
    assert_eq!(ship(empty()).button("Train models…"), [Command::GoTo(Page::Train)]);
}

#[test]
fn every_page_says_what_failed_and_tries_again() {
    let problem = || Problem::failed("Could not read the history", "disk I/O error", "Check the disk");
    let failed = || with(Loadable::Failed(problem()));
    for mut bench in [checks(failed()), train(failed()), runs(failed()), ship(failed()), monitor(failed())] {
        assert!(bench.shows("Could not read the history"));
        assert_eq!(bench.button("Try again"), [Command::Refresh]);
    }
}

#[test]
fn every_page_has_a_loading_look() {
    for bench in [checks, train, runs, ship, monitor].map(|page| page(AppState::default())) {
        assert!(bench.shows("Loading"));
    }
}
