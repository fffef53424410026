//! Labelling rows by hand: one row at a time as a card, classes on keys 1 to 9. Every label is kept at once.

use std::collections::BTreeMap;

use egui::{Button, ComboBox, Grid, Key, Label, Modifiers, RichText, ScrollArea, TextEdit, Ui};

use crate::domain::dataset::DatasetVersion;
use crate::domain::edit::Edit;
use crate::domain::filter;
use crate::domain::ids::VersionId;
use crate::domain::labels::{LabelQueue, LabelTask};
use crate::domain::question::{Answer, Question};
use crate::domain::request::{DataRef, LabelRequest};
use crate::domain::schema::Storage;
use crate::state::command::Command;
use crate::state::format::{count, counted};
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::palette::name_it;
use crate::ui::theme::icons::Icon;
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::page::{Primary, card, main_panel, page_header, section, weak};
use crate::ui::widgets::states;

/// Rows whose cells are fetched at once.
const FETCHED: usize = 20;
const KEYS: [Key; 9] =
    [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];

/// Where one stands in the queue, and half-typed text.
#[derive(Debug, Default)]
pub struct Labelling {
    version: Option<VersionId>,
    column: String,
    new_column: String,
    queue: LabelQueue,
    /// The question whose rows are worked through; `None` before the start.
    task: Option<Question>,
    /// The rows as they were at the start: they do not change while the lists are read again.
    rows: Vec<u64>,
    classes: Vec<String>,
    /// Labels by row, also those of a session that was left open.
    given: BTreeMap<u64, String>,
    at: usize,
    /// Places in the queue that were left, for the way back.
    trail: Vec<usize>,
    free: String,
    note: String,
}

pub fn labelling_ui(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut Labelling, version: &DatasetVersion) {
    if page.version != Some(version.id) {
        *page = Labelling { version: Some(version.id), ..Labelling::default() };
    }
    if page.task.is_none() { setup(ui, ctx, page, version) } else { session(ui, ctx, page, version) }
}

fn setup(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut Labelling, version: &DatasetVersion) {
    page_header(ui, ctx, "Label rows", &format!("of {}", version.label()), None);
    main_panel(ui, |ui| {
        let room = egui::vec2(ui.available_width().min(560.0), ui.available_height());
        ui.allocate_ui(room, |ui| {
            card(ui, ctx, |ui| {
                section(ui, ctx, "What to label");
                Grid::new("what").num_columns(2).spacing([space::L, space::S]).show(ui, |ui| {
                    ui.label("Column");
                    column_choice(ui, page, version);
                    ui.end_row();
                    if page.column.is_empty() {
                        ui.label("Its name");
                        let edit = ui.add(TextEdit::singleline(&mut page.new_column).hint_text("quality"));
                        name_it(ui, &edit, "Name of the new column");
                        ui.end_row();
                    }
                    ui.label("Rows");
                    ui.horizontal(|ui| {
                        ui.radio_value(&mut page.queue, LabelQueue::Missing, "without a label");
                        ui.radio_value(&mut page.queue, LabelQueue::All, "all");
                        let random = matches!(page.queue, LabelQueue::Random { .. });
                        if ui.radio(random, "200 at random").clicked() {
                            page.queue = LabelQueue::Random { seed: LabelQueue::SEED, rows: LabelQueue::AT_RANDOM };
                        }
                        if ui.radio(matches!(page.queue, LabelQueue::Filter(_)), "that pass a filter").clicked() {
                            page.queue = LabelQueue::Filter(String::new());
                        }
                    });
                    if let LabelQueue::Filter(text) = &mut page.queue {
                        ui.end_row();
                        ui.label("Filter");
                        let hint = "age > 40 and plan = \"basic\"";
                        let edit = ui.add(TextEdit::singleline(text).hint_text(hint).desired_width(320.0));
                        name_it(ui, &edit, "Filter for the rows to label");
                        edit.on_hover_text(filter::HELP);
                    }
                    ui.end_row();
                });
                ui.add_space(space::S);
                ui.horizontal(|ui| {
                    let column = chosen(page);
                    let why = if column.is_empty() {
                        Some("Give the new column a name")
                    } else if page.column.is_empty() && version.schema.column(&column).is_some() {
                        Some("A column of that name exists: choose it above")
                    } else if matches!(&page.queue, LabelQueue::Filter(text) if text.trim().is_empty()) {
                        Some("Write a filter, or choose other rows")
                    } else {
                        None
                    };
                    let start = ui.add_enabled(why.is_none(), Button::new("Start labelling"));
                    if start.on_disabled_hover_text(why.unwrap_or_default()).clicked() {
                        let task = Question::LabelTask { version: version.id, column, queue: page.queue.clone() };
                        ctx.send(Command::Ask(task.clone()));
                        page.task = Some(task);
                    }
                    if ui.button("Close").clicked() {
                        ctx.send(Command::LabelRows(None));
                    }
                });
            })
        });
        weak(ui, ctx, "Every label is kept at once. Saving the session makes a new version; this one stays as it is.");
    });
}

fn column_choice(ui: &mut Ui, page: &mut Labelling, version: &DatasetVersion) {
    let shown = if page.column.is_empty() { "a new column" } else { page.column.as_str() }.to_owned();
    let combo = ComboBox::from_id_salt("label column").selected_text(shown).show_ui(ui, |ui| {
        ui.selectable_value(&mut page.column, String::new(), "a new column");
        for column in version.schema.columns.iter().filter(|c| c.storage != Storage::DatetimeMs) {
            ui.selectable_value(&mut page.column, column.name.clone(), &column.name);
        }
    });
    ui.ctx().accesskit_node_builder(combo.response.id, |node| node.set_label("Column to label"));
}

fn chosen(page: &Labelling) -> String {
    if page.column.is_empty() { page.new_column.trim().to_owned() } else { page.column.clone() }
}

fn session(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut Labelling, version: &DatasetVersion) {
    let Some(question) = page.task.clone() else { return };
    let task = match ctx.state.asked.get(&question) {
        Loadable::Failed(problem) => {
            page_header(ui, ctx, "Label rows", &version.label(), None);
            return main_panel(ui, |ui| {
                states::failed(ui, ctx, problem, Some(Command::Ask(question)));
                if ui.button("Choose other rows").clicked() {
                    page.task = None;
                }
                if ui.button("Close").clicked() {
                    ctx.send(Command::LabelRows(None));
                }
            });
        }
        loadable => match loadable.value() {
            Some(Answer::LabelTask(task)) => Some(task.as_ref()),
            _ => None,
        },
    };
    let Some(task) = task else {
        page_header(ui, ctx, "Label rows", &version.label(), None);
        return main_panel(ui, |ui| states::loading(ui, ctx, "the rows to label"));
    };
    take_over(page, task);
    let column = chosen(page);
    let done = page.given.len() as u64;
    let in_queue = page.rows.iter().filter(|row| page.given.contains_key(row)).count() as u64;
    let subtitle = format!(
        "{} · {} of {} in “{column}”",
        version.label(),
        count(in_queue),
        counted(page.rows.len() as u64, "row", "rows")
    );
    let request = LabelRequest {
        data: DataRef::Version(version.id),
        column: column.clone(),
        labels: given_here(page),
        ends_session: true,
        note: String::new(),
    };
    let save =
        Primary::new(format!("Save {} as a version", counted(done, "label", "labels")), Command::SaveLabels(request))
            .unless((done == 0).then(|| "Label a row first".to_owned()));
    page_header(ui, ctx, "Label rows", &subtitle, Some(save));
    main_panel(ui, |ui| match page.rows.get(page.at).copied() {
        Some(row) => row_ui(ui, ctx, page, version, &column, row),
        None => finished(ui, ctx, page, done),
    });
}

/// Rows, classes and former labels come in once.
fn take_over(page: &mut Labelling, task: &LabelTask) {
    if !page.rows.is_empty() || page.at > 0 || !page.given.is_empty() {
        return;
    }
    page.rows.clone_from(&task.rows);
    page.classes.clone_from(&task.classes);
    for label in task.session.iter().flat_map(|s| &s.labels) {
        if let Some(text) = &label.label {
            page.given.insert(label.row, text.clone());
            learn(&mut page.classes, text);
        }
    }
    page.at = page.rows.iter().position(|row| !page.given.contains_key(row)).unwrap_or(page.rows.len());
}

/// The labels as they are on the screen; the store has them already.
fn given_here(page: &Labelling) -> Vec<crate::domain::labels::Label> {
    let label = |(row, text): (&u64, &String)| crate::domain::labels::Label {
        row: *row,
        label: Some(text.clone()),
        note: String::new(),
        // Signed and dated where it is recorded.
        who: String::new(),
        at_ms: 0,
    };
    page.given.iter().map(label).collect()
}

fn learn(classes: &mut Vec<String>, class: &str) {
    if classes.len() < KEYS.len() && !classes.iter().any(|c| c == class) {
        classes.push(class.to_owned());
    }
}

fn finished(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut Labelling, done: u64) {
    let sentence = if done == 0 { "There is nothing to label here" } else { "That was the last row" };
    states::empty(ui, ctx, Icon::Ok, sentence, "Save the labels above, or go back to change one", None);
    ui.vertical_centered(|ui| {
        if ui.button("Back (Backspace)").clicked() || pressed(ui, Modifiers::NONE, Key::Backspace) {
            go_back(page);
        }
        if ui.button("Close").clicked() {
            ctx.send(Command::LabelRows(None));
        }
    });
}

fn row_ui(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut Labelling, version: &DatasetVersion, column: &str, row: u64) {
    let mut answer = None;
    ui.horizontal(|ui| {
        section(ui, ctx, &format!("Row {}", count(row)));
        weak(ui, ctx, format!("{} of {} in the queue", count(page.at as u64 + 1), count(page.rows.len() as u64)));
        if let Some(given) = page.given.get(&row) {
            weak(ui, ctx, format!("labelled “{given}”"));
        }
    });
    let height = (ui.available_height() - 150.0).max(80.0);
    card(ui, ctx, |ui| {
        ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, false]).show(
            ui,
            |ui| {
                cells(ui, ctx, page, version, row);
            },
        );
    });
    ui.add_space(space::S);
    ui.horizontal_wrapped(|ui| {
        for (i, class) in page.classes.iter().enumerate() {
            let here = page.given.get(&row) == Some(class);
            let button = Button::new(class.as_str()).selected(here).shortcut_text((i + 1).to_string());
            let button = button.min_size(egui::vec2(88.0, 32.0));
            if ui.add(button).clicked() || pressed(ui, Modifiers::NONE, KEYS[i]) {
                answer = Some(class.clone());
            }
        }
        let edit = ui.add(TextEdit::singleline(&mut page.free).hint_text("another label").desired_width(150.0));
        name_it(ui, &edit, "Another label");
        let entered = edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        if entered && !page.free.trim().is_empty() {
            answer = Some(std::mem::take(&mut page.free).trim().to_owned());
        }
    });
    ui.horizontal(|ui| {
        if ui.add(Button::new("Skip").shortcut_text("Space")).clicked() || pressed(ui, Modifiers::NONE, Key::Space) {
            page.trail.push(page.at);
            page.at += 1;
        }
        let back = ui.add_enabled(!page.trail.is_empty(), Button::new("Back").shortcut_text("Backspace"));
        let keys = pressed(ui, Modifiers::NONE, Key::Backspace) || pressed(ui, Modifiers::COMMAND, Key::Z);
        if back.clicked() || keys {
            go_back(page);
        }
        if page.given.contains_key(&row) && ui.button("Take this label back").clicked() {
            page.given.remove(&row);
            let (column, note) = (column.to_owned(), String::new());
            ctx.send(Command::Edit(Edit::DraftLabel { version: version.id, column, row, label: None, note }));
        }
        let edit = ui.add(TextEdit::singleline(&mut page.note).hint_text("note on this row").desired_width(200.0));
        name_it(ui, &edit, "Note on this row");
        if ui.button("Close").on_hover_text("The labels so far are kept; come back later").clicked() {
            ctx.send(Command::LabelRows(None));
        }
    });
    if let Some(label) = answer {
        give(ctx, page, version.id, column, row, label);
    }
}

fn give(ctx: &UiCtx<'_>, page: &mut Labelling, version: VersionId, column: &str, row: u64, label: String) {
    learn(&mut page.classes, &label);
    page.given.insert(row, label.clone());
    let (column, note) = (column.to_owned(), std::mem::take(&mut page.note));
    ctx.send(Command::Edit(Edit::DraftLabel { version, column, row, label: Some(label), note }));
    page.trail.push(page.at);
    page.at += 1;
}

fn go_back(page: &mut Labelling) {
    if let Some(at) = page.trail.pop() {
        page.at = at;
    }
}

/// Keys belong to a text field while one has the focus.
fn pressed(ui: &Ui, modifiers: Modifiers, key: Key) -> bool {
    !ui.ctx().text_edit_focused() && ui.input_mut(|i| i.consume_key(modifiers, key))
}

fn cells(ui: &mut Ui, ctx: &UiCtx<'_>, page: &Labelling, version: &DatasetVersion, row: u64) {
    let first = page.at / FETCHED * FETCHED;
    let rows: Vec<u64> = page.rows.iter().skip(first).take(FETCHED).copied().collect();
    let at = rows.iter().position(|r| *r == row).unwrap_or(0);
    let question = Question::Rows { version: version.id, rows };
    let asked = ctx.state.asked.get(&question);
    if let Loadable::Failed(problem) = asked {
        return states::failed(ui, ctx, problem, Some(Command::Ask(question)));
    }
    let Some(Answer::Rows(cards)) = asked.value() else {
        if matches!(asked, Loadable::Idle) {
            ctx.send(Command::Ask(question));
        }
        return states::loading(ui, ctx, "the row");
    };
    let Some(cells) = cards.get(at) else { return };
    for (column, cell) in version.schema.columns.iter().zip(cells) {
        ui.horizontal_top(|ui| {
            let name = RichText::new(&column.name).size(size::DATA).color(ctx.tokens.text_weak);
            ui.allocate_ui(egui::vec2(180.0, 20.0), |ui| {
                ui.set_min_width(180.0);
                ui.add(Label::new(name).truncate());
            });
            match cell {
                Some(text) => {
                    let text = RichText::new(text).font(medium(size::TEXT)).color(ctx.tokens.text);
                    ui.add(Label::new(text).wrap());
                }
                None => drop(weak(ui, ctx, "missing")),
            }
        });
    }
}
