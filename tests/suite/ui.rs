//! The window without a window: driven by accessible labels, with an in-memory world behind it.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use modelwright::domain::history::History;
use modelwright::domain::problem::Problem;
use modelwright::domain::question::{Answer, Question};
use modelwright::domain::request::{ImportOutcome, JobOutcome, JobRequest};
use modelwright::domain::suspects::{LabelProblem, LabelProblems, Objection};
use modelwright::domain::table::Found;
use modelwright::jobs::event::JobEvent;
use modelwright::state::AppState;
use modelwright::state::command::{Command, Page, PickFor};
use modelwright::state::effect::{Effect, Message, WorkspaceInfo};
use modelwright::state::import::AskBeforeImport;
use modelwright::state::settings::{Settings, ThemeChoice};
use modelwright::ui::ctx::UiCtx;
use modelwright::ui::shell::{Shell, shell_ui};
use modelwright::ui::theme;
use modelwright::ui::theme::tokens::Tokens;

use super::soft::SoftRenderer;
use super::story;

/// A state, a shell and a world that answers at once.
struct Desk {
    state: AppState,
    shell: Shell,
    history: History,
    /// Effects the world has no answer for: jobs, dialogs, the clipboard.
    effects: Vec<Effect>,
    styled: Option<Settings>,
    tokens: Tokens,
}

impl Desk {
    fn new(history: History, dark: bool) -> Self {
        let theme = if dark { ThemeChoice::Dark } else { ThemeChoice::Light };
        // The import panel has a test of its own.
        let ask_before_import = AskBeforeImport::Never;
        let settings = Settings { theme, animations: false, ask_before_import, ..Settings::default() };
        let tokens = if dark { Tokens::dark() } else { Tokens::light() };
        let state = AppState { settings, ..AppState::default() };
        let mut desk = Self { state, shell: Shell::default(), history, effects: vec![], styled: None, tokens };
        desk.send(Command::OpenWorkspace("/home/ann/churn-2026".into()));
        desk
    }

    fn send(&mut self, command: Command) {
        let effects = self.state.apply(command, story::NOW_MS);
        self.run(effects);
    }

    fn receive(&mut self, message: Message) {
        let effects = self.state.receive(message, story::NOW_MS);
        self.run(effects);
    }

    fn run(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match self.answer(&effect) {
                Some(message) => self.receive(message),
                None => self.effects.push(effect),
            }
        }
    }

    fn answer(&self, effect: &Effect) -> Option<Message> {
        Some(match effect {
            Effect::OpenWorkspace(path) => Message::WorkspaceOpened(Ok(WorkspaceInfo {
                name: path.file_name()?.to_string_lossy().into_owned(),
                path: path.clone(),
                recent: vec![path.clone(), "/home/ann/credit-risk".into(), "/home/ann/work/house-prices".into()],
            })),
            Effect::LoadHistory => Message::History(Ok(Box::new(self.history.clone()))),
            Effect::LoadProfile(id) => Message::Profile(*id, Ok(Box::new(story::profile()))),
            Effect::Find { version, query, request } => {
                let row = request.from.map_or(0, |(row, _)| row + 3);
                let found = Found { row, column: request.columns[0], wrapped: false, nth: Some((2, 7)) };
                let found = Ok((request.text != "nowhere").then_some(found));
                Message::Found { version: *version, query: query.clone(), request: request.clone(), found }
            }
            Effect::LoadOrder { version, query } if query.expression.as_deref() == Some("agee > 3") => {
                let problem = Problem::usage("there is no column `agee` in this table; did you mean `age`?", "");
                Message::Order { version: *version, query: query.clone(), rows: Err(problem) }
            }
            Effect::LoadOrder { version, query } if query.expression.as_deref() == Some("age > 900") => {
                Message::Order { version: *version, query: query.clone(), rows: Ok(0) }
            }
            Effect::LoadOrder { version, query } => {
                Message::Order { version: *version, query: query.clone(), rows: Ok(20_000) }
            }
            Effect::LoadPage { version, query, first, count, .. } => {
                Message::Page { version: *version, query: query.clone(), page: Ok(story::page(query, *first, *count)) }
            }
            _ => return None,
        })
    }

    fn draw(&mut self, ui: &mut egui::Ui) {
        if self.styled.as_ref() != Some(&self.state.settings) {
            theme::apply(ui.ctx(), &self.tokens, &self.state.settings);
            self.styled = Some(self.state.settings.clone());
        }
        let outbox = RefCell::default();
        let ctx = UiCtx::new(&self.state, &self.tokens, story::NOW_MS, &outbox);
        shell_ui(ui, &ctx, &mut self.shell);
        let commands = outbox.into_inner();
        if !commands.is_empty() {
            ui.ctx().request_repaint();
        }
        commands.into_iter().for_each(|command| self.send(command));
    }

    fn jobs(&self) -> Vec<&JobRequest> {
        fn request(effect: &Effect) -> Option<&JobRequest> {
            match effect {
                Effect::StartJob { request, .. } => Some(request),
                _ => None,
            }
        }
        self.effects.iter().filter_map(request).collect()
    }
}

fn window(history: History, dark: bool, size: [f32; 2]) -> Harness<'static, Desk> {
    let mut harness = Harness::builder()
        .with_size(size)
        .with_max_steps(30)
        .renderer(SoftRenderer::default())
        .with_context_setup(theme::install_fonts)
        .build_ui_state(|ui, desk: &mut Desk| desk.draw(ui), Desk::new(history, dark));
    harness.run();
    harness
}

fn full() -> Harness<'static, Desk> {
    window(story::history(), false, [1280.0, 800.0])
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("only the path is used".to_owned())
    }
}

fn press(harness: &mut Harness<'_, Desk>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run();
}

#[test]
fn a_dropped_file_is_announced_imported_and_shown() {
    let mut harness = window(History::default(), false, [1280.0, 800.0]);
    let hovered = egui::HoveredFile { path: Some("/data/may.csv".into()), ..Default::default() };
    harness.input_mut().hovered_files.push(hovered);
    // While files hover egui draws all the time, so there is no rest to wait for.
    harness.run_steps(3);
    assert!(harness.query_by_label("Import may.csv").is_some());

    harness.input_mut().hovered_files.clear();
    harness.input_mut().dropped_files.push(Arc::new(Dropped("/data/may.csv".into())));
    harness.run();
    let [JobRequest::Import(request)] = harness.state().jobs()[..] else { panic!("one import") };
    assert_eq!(request.path, PathBuf::from("/data/may.csv"));
    assert!(harness.query_by_label("Cancel Import may.csv").is_some());

    let version = story::version(5, "may", 1, 20_000);
    harness.state_mut().history.versions.push(version.clone());
    let outcome = JobOutcome::Imported(ImportOutcome { version, new: true, warnings: vec![] });
    let id = harness.state().state.jobs.front().unwrap().id;
    harness.state_mut().receive(Message::Job(JobEvent::Done { id, outcome: Box::new(outcome) }));
    harness.run();
    assert_eq!(harness.state().state.page, Page::Data);
    harness.get_by_label("Run checks").click();
    harness.run();
    assert!(matches!(harness.state().jobs()[..], [_, JobRequest::Check(_)]));
}

#[test]
fn the_welcome_page_opens_the_sample_project() {
    let mut harness = window(History::default(), false, [1280.0, 800.0]);
    harness.get_by_role_and_label(Role::Button, "Open sample project").click();
    harness.run();
    assert_eq!(harness.state().jobs(), [&JobRequest::Demo("/home/ann/churn-2026/sample".into())]);
    harness.get_by_role_and_label(Role::Button, "Open file…").click();
    harness.run();
    assert!(harness.state().effects.contains(&Effect::PickFiles(PickFor::ImportFiles)));
}

#[test]
fn every_page_is_reached_by_rail_and_by_key() {
    let mut harness = full();
    for (i, page) in Page::ALL.into_iter().enumerate() {
        harness.get_by_role_and_label(Role::Button, page.title()).click();
        harness.run();
        assert_eq!(harness.state().state.page, page);
        if page != Page::Settings {
            harness.state_mut().send(Command::GoTo(Page::Settings));
            press(&mut harness, Modifiers::COMMAND, Key::from_name(&(i + 1).to_string()).unwrap());
            assert_eq!(harness.state().state.page, page);
        }
    }
}

#[test]
fn the_palette_finds_and_runs_a_command() {
    let mut harness = full();
    press(&mut harness, Modifiers::COMMAND, Key::K);
    harness.get_by_role_and_label(Role::TextInput, "Search or run a command").type_text("verify");
    harness.run();
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(harness.state().jobs().len(), 1);
    assert!(!harness.state().state.open.palette);
    press(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::P);
    assert!(harness.state().state.open.palette);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(!harness.state().state.open.palette);
}

#[test]
fn a_header_click_sorts_and_a_chip_takes_it_off() {
    let mut harness = full();
    harness.state_mut().send(Command::FocusVersion(story::history().versions[0].id));
    harness.state_mut().send(Command::GoTo(Page::Data));
    harness.run();
    harness.get_by_label("age, numeric, 6.0 % missing").click();
    harness.run();
    let sort = |h: &Harness<'_, Desk>| h.state().state.tables.values().flat_map(|t| t.query.sort.clone()).count();
    assert_eq!(sort(&harness), 1);
    assert_eq!(harness.state().state.focus.column.as_deref(), Some("age"));
    harness.get_by_label("age, numeric, 6.0 % missing, sorted ascending").click();
    harness.run();
    assert!(harness.query_by_label("age, numeric, 6.0 % missing, sorted descending").is_some());
    harness.get_by_label("Remove age").click();
    harness.run();
    assert_eq!(sort(&harness), 0);
}

#[test]
fn a_filter_is_put_together_in_the_header() {
    let mut harness = full();
    harness.state_mut().send(Command::FocusVersion(story::history().versions[0].id));
    harness.state_mut().send(Command::GoTo(Page::Data));
    harness.run();
    harness.get_by_label("Filter age").click();
    harness.run();
    harness.get_by_label("≥").click();
    harness.run();
    harness.get_by_label("Filter value").focus();
    harness.get_by_label("Filter value").type_text("30");
    harness.run();
    harness.get_by_label("Add filter").click();
    harness.run();
    assert!(harness.query_by_label("Remove age ≥ 30").is_some());
}

#[test]
fn the_table_is_walked_with_keys_and_copied_as_tsv() {
    let mut harness = full();
    harness.state_mut().send(Command::FocusVersion(story::history().versions[0].id));
    harness.state_mut().send(Command::GoTo(Page::Data));
    harness.run();
    harness.get_by_role(Role::Table).focus();
    harness.run();
    press(&mut harness, Modifiers::NONE, Key::ArrowDown);
    press(&mut harness, Modifiers::NONE, Key::ArrowRight);
    assert!(
        harness
            .get_by_role(Role::Table)
            .accesskit_node()
            .label()
            .unwrap()
            .starts_with("churn@1, row 2, signup_date: 20")
    );
    press(&mut harness, Modifiers::COMMAND, Key::ArrowDown);
    assert!(harness.query_by_label_contains("row 20,000, signup_date").is_some());
    press(&mut harness, Modifiers::NONE, Key::ArrowLeft);
    harness.event(egui::Event::Copy);
    harness.run();
    assert!(harness.state().effects.contains(&Effect::Copy("C-20000".to_owned())));
}

/// The Data page with the table of the first version.
fn table_page() -> Harness<'static, Desk> {
    let mut harness = full();
    harness.state_mut().send(Command::FocusVersion(story::history().versions[0].id));
    harness.state_mut().send(Command::GoTo(Page::Data));
    harness.run();
    harness
}

fn type_into(harness: &mut Harness<'_, Desk>, label: &str, text: &str) {
    harness.get_by_label(label).focus();
    harness.run();
    harness.get_by_label(label).type_text(text);
    harness.run();
    press(harness, Modifiers::NONE, Key::Enter);
}

#[test]
fn a_text_filter_says_what_is_wrong_at_the_place() {
    let mut harness = table_page();
    type_into(&mut harness, "Filter rows", "age >");
    assert!(harness.query_by_label_contains("Expected a value such as 40").is_some());
    assert!(harness.state().state.tables.values().all(|t| t.query.expression.is_none()));
    harness.get_by_label("Clear the text filter").click();
    harness.run();
    type_into(&mut harness, "Filter rows", "agee > 3");
    assert!(harness.query_by_label_contains("did you mean “age”?").is_some());
    harness.get_by_label("Clear the text filter").click();
    harness.run();
    assert!(harness.query_by_label_contains("did you mean").is_none());
    type_into(&mut harness, "Filter rows", "age > 900");
    assert!(harness.query_by_label("No row fits these filters").is_some());
    assert!(harness.query_by_label("0 of 20,000 rows").is_some());
    harness.get_by_label("Clear filters").click();
    harness.run();
    assert!(harness.query_by_label("20,000 rows").is_some());
}

#[test]
fn find_goes_from_match_to_match() {
    let mut harness = table_page();
    press(&mut harness, Modifiers::COMMAND, Key::F);
    type_into(&mut harness, "Find in the cells", "c-0");
    assert!(harness.query_by_label("Matching row 2 of 7").is_some());
    press(&mut harness, Modifiers::NONE, Key::F3);
    assert!(harness.query_by_label_contains("row 4, customer_id: C-00004").is_some());
    harness.get_by_label("Close find").click();
    harness.run();
    assert!(harness.query_by_label("Find in the cells").is_none() || harness.query_by_label("Next match").is_none());
    press(&mut harness, Modifiers::COMMAND, Key::F);
    harness.get_by_label("Next match").click();
    harness.run();
    assert!(harness.state().state.tables.values().any(|t| t.find.found.is_some()));
}

#[test]
fn the_header_menu_hides_pins_and_moves_columns() {
    let mut harness = table_page();
    let shown = |harness: &Harness<'_, Desk>| -> Vec<String> {
        let state = &harness.state().state;
        let version = state.history.value().unwrap().versions[0].clone();
        let names: Vec<&str> = version.schema.names().collect();
        let workspace = state.workspace.value().map(|w| w.path.clone());
        let layout = state.settings.layout(workspace.as_deref(), version.dataset_id).cloned().unwrap_or_default();
        layout.arrange(&names).0.into_iter().take(3).map(|i| names[i].to_owned()).collect()
    };
    let choose = |harness: &mut Harness<'_, Desk>, item: &str| {
        harness.get_by_label("age, numeric, 6.0 % missing").click_secondary();
        harness.run();
        harness.get_by_label(item).click();
        harness.run();
    };
    assert_eq!(shown(&harness), ["customer_id", "signup_date", "age"]);
    choose(&mut harness, "Move left");
    assert_eq!(shown(&harness), ["customer_id", "age", "signup_date"]);
    choose(&mut harness, "Pin to the left");
    assert_eq!(shown(&harness)[0], "age");
    choose(&mut harness, "Hide");
    assert!(!shown(&harness).contains(&"age".to_owned()));
    assert!(harness.query_by_label("age, numeric, 6.0 % missing").is_none());
    harness.get_by_label("Columns · 1 hidden").click();
    harness.run();
    harness.get_by_label("Show age").click();
    harness.run();
    assert_eq!(shown(&harness)[0], "age");
}

#[test]
fn a_large_selection_is_copied_in_the_background() {
    let mut harness = table_page();
    harness.get_by_role(Role::Table).focus();
    harness.run();
    press(&mut harness, Modifiers::COMMAND, Key::A);
    harness.event(egui::Event::Copy);
    harness.run();
    let asked = harness.state().effects.iter().any(|e| match e {
        Effect::CopyCells { rows, columns, header, .. } => {
            (rows.clone(), columns.len(), *header) == (0..100_000 / columns.len() as u64, columns.len(), false)
        }
        _ => false,
    });
    assert!(asked);
    assert!(harness.query_by_label_contains("Copying the first").is_some());
}

#[test]
fn a_cell_opens_whole() {
    let mut harness = table_page();
    harness.get_by_role(Role::Table).focus();
    harness.run();
    press(&mut harness, Modifiers::NONE, Key::ArrowDown);
    press(&mut harness, Modifiers::NONE, Key::F2);
    assert!(harness.query_by_label("identifier · 7 characters").is_some());
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.query_by_label("identifier · 7 characters").is_none());
}

#[test]
fn removing_a_dataset_offers_undo() {
    let mut harness = full();
    harness.state_mut().send(Command::GoTo(Page::Data));
    harness.run();
    let dataset = harness.state().history.versions[1].dataset_id;
    harness.state_mut().send(Command::HideDataset(dataset));
    harness.run();
    harness.get_by_role_and_label(Role::Button, "Undo").click();
    harness.run();
    let hidden = |e: &Effect| match e {
        Effect::SetDatasetHidden { hidden, .. } => Some(*hidden),
        _ => None,
    };
    assert_eq!(harness.state().effects.iter().filter_map(hidden).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn without_a_file_dialog_a_path_is_typed() {
    let mut harness = full();
    harness.state_mut().receive(Message::NoFileDialog(PickFor::ImportFiles));
    harness.run();
    harness.get_by_role_and_label(Role::TextInput, "Path").type_text("/data/june.csv");
    harness.run();
    harness.get_by_role_and_label(Role::Button, "Open").click();
    harness.run();
    let [JobRequest::Import(request)] = harness.state().jobs()[..] else { panic!("one import") };
    assert_eq!(request.path, PathBuf::from("/data/june.csv"));
}

#[test]
fn an_idle_window_asks_for_no_frame() {
    for page in Page::ALL {
        let mut harness = full();
        harness.state_mut().send(Command::GoTo(page));
        harness.run();
        harness.step();
        let delay = harness.output().viewport_output.values().map(|v| v.repaint_delay).min();
        assert_eq!(delay, Some(std::time::Duration::MAX), "{}", page.title());
    }
}

#[test]
fn every_page_fits_small_and_large_windows() {
    for size in [[960.0, 600.0], [640.0, 400.0], [3840.0, 2160.0]] {
        let mut harness = window(story::history(), true, size);
        for page in Page::ALL {
            harness.state_mut().send(Command::GoTo(page));
            harness.run();
        }
    }
}

/// Where `MODELWRIGHT_PICTURES` names a folder, every picture is written there for a person to look at.
fn picture(harness: &mut Harness<'_, Desk>, name: &str) {
    harness.remove_cursor();
    harness.run();
    if let Some(folder) = std::env::var_os("MODELWRIGHT_PICTURES") {
        save(harness, Path::new(&folder), name);
    } else {
        harness.snapshot(name);
    }
}

fn save(harness: &mut Harness<'_, Desk>, folder: &Path, name: &str) {
    let image = harness.render().expect("the renderer draws every mesh");
    image.save(folder.join(format!("{name}.png"))).expect("the folder can be written");
}

fn with_data(dark: bool, size: [f32; 2]) -> Harness<'static, Desk> {
    let mut harness = window(story::history(), dark, size);
    harness.state_mut().send(Command::FocusVersion(story::history().versions[0].id));
    harness.state_mut().send(Command::FocusColumn(Some("age".to_owned())));
    harness.state_mut().send(Command::GoTo(Page::Data));
    harness.run();
    harness
}

#[test]
fn welcome_looks_right_light() {
    picture(&mut window(History::default(), false, [1280.0, 800.0]), "welcome_light");
}

#[test]
fn welcome_looks_right_dark() {
    picture(&mut window(History::default(), true, [1280.0, 800.0]), "welcome_dark");
}

#[test]
fn overview_looks_right_light() {
    picture(&mut window(story::history(), false, [1280.0, 800.0]), "overview_light");
}

#[test]
fn overview_looks_right_dark() {
    picture(&mut window(story::history(), true, [1280.0, 800.0]), "overview_dark");
}

#[test]
fn data_looks_right_light() {
    picture(&mut with_data(false, [1280.0, 800.0]), "data_light");
}

#[test]
fn data_looks_right_dark() {
    picture(&mut with_data(true, [1280.0, 800.0]), "data_dark");
}

/// The labels of a column that look wrong, two of them ticked.
fn with_labels(dark: bool) -> Harness<'static, Desk> {
    let mut harness = window(story::history(), dark, [1280.0, 800.0]);
    let version = story::history().versions[0].id;
    let target = "churned".to_owned();
    harness.state_mut().send(Command::ShowSuspects { version, target: target.clone() });
    harness.run();
    let one = |at: u64, objection, suggested: Option<&str>, group: Option<u32>| LabelProblem {
        row: 17 + at * 631,
        objection,
        label: if at.is_multiple_of(3) { "false" } else { "true" }.to_owned(),
        suggested: suggested.map(str::to_owned),
        belief: group.is_none().then_some(0.008 + 0.011 * at as f64),
        group,
    };
    let suspect =
        |at: u64| one(at, Objection::Suspect, Some(if at.is_multiple_of(3) { "true" } else { "false" }), None);
    let mut rows: Vec<LabelProblem> = (0..9).map(suspect).collect();
    rows.extend((9..12).map(|at| one(at, Objection::Conflict, Some("true"), Some(1))));
    rows.extend((12..14).map(|at| one(at, Objection::Conflict, None, Some(2))));
    let found = LabelProblems { rows, judged: 12_000, labelled: 20_000, auc: Some(0.951), skipped: Vec::new() };
    let answer = Answer::LabelProblems(Box::new(found));
    let question = Question::LabelProblems { version, target };
    harness.state_mut().receive(Message::Answer(question, Ok(Box::new(answer))));
    harness.run();
    harness.get_by_role_and_label(Role::CheckBox, "Tick row 17, contradicted").click();
    harness.get_by_role_and_label(Role::CheckBox, "Tick row 5,696, conflicting").click();
    harness.run();
    harness
}

#[test]
fn labels_look_right_light() {
    picture(&mut with_labels(false), "labels_light");
}

#[test]
fn labels_look_right_dark() {
    picture(&mut with_labels(true), "labels_dark");
}

/// Pictures that are looked at, not compared: more pages, sizes and scales.
#[test]
#[ignore = "writes pictures for a person; set MODELWRIGHT_PICTURES"]
fn gallery() {
    if std::env::var_os("MODELWRIGHT_PICTURES").is_none() {
        return;
    }
    for dark in [false, true] {
        let theme = if dark { "dark" } else { "light" };
        for (size, word) in [([1280.0, 800.0], "1280"), ([960.0, 600.0], "960"), ([2560.0, 1440.0], "2560")] {
            let mut harness = with_data(dark, size);
            picture(&mut harness, &format!("g_data_{word}_{theme}"));
            for tab in ["Profile", "Versions"] {
                harness.get_by_role_and_label(Role::Button, tab).click();
                harness.run();
                picture(&mut harness, &format!("g_data_{tab}_{word}_{theme}"));
            }
            for page in [Page::Overview, Page::Activity, Page::Settings] {
                harness.state_mut().send(Command::GoTo(page));
                harness.run();
                picture(&mut harness, &format!("g_{}_{word}_{theme}", page.title()));
            }
        }
        let mut harness = with_data(dark, [1280.0, 800.0]);
        press(&mut harness, Modifiers::COMMAND, Key::K);
        picture(&mut harness, &format!("g_palette_{theme}"));
        harness.state_mut().send(Command::ShowShortcuts);
        harness.run();
        picture(&mut harness, &format!("g_shortcuts_{theme}"));
        harness.state_mut().send(Command::DismissAll);
        harness.state_mut().send(Command::DropFiles(vec!["/d/a.csv".into(), "/d/b.csv".into(), "/d/cat.jpg".into()]));
        let id = harness.state().state.jobs.front().unwrap().id;
        let progress = JobEvent::Progress { id, phase: "Reading rows".to_owned(), fraction: Some(0.42) };
        harness.state_mut().receive(Message::Job(progress));
        harness.state_mut().receive(Message::MemoryUsed(312_000_000));
        let dataset = harness.state().history.versions[1].dataset_id;
        harness.state_mut().send(Command::HideDataset(dataset));
        harness.run();
        picture(&mut harness, &format!("g_busy_{theme}"));
        let hovered = egui::HoveredFile { path: Some("/data/may.csv".into()), ..Default::default() };
        harness.input_mut().hovered_files.push(hovered);
        harness.run_steps(3);
        let folder = std::env::var_os("MODELWRIGHT_PICTURES").unwrap();
        save(&mut harness, Path::new(&folder), &format!("g_drop_{theme}"));
        let mut empty = window(History::default(), dark, [960.0, 600.0]);
        picture(&mut empty, &format!("g_welcome_960_{theme}"));
        empty.state_mut().send(Command::GoTo(Page::Data));
        empty.run();
        picture(&mut empty, &format!("g_data_empty_{theme}"));
    }
}
