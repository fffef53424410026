//! Labelling rows by hand: one row at a time as a card, classes on keys 1 to 9. Every label is kept at once.

use std::collections::BTreeMap;

use egui::{Button, Key, Label, Modifiers, RichText, ScrollArea, TextEdit, Ui};

use crate::domain::dataset::DatasetVersion;
use crate::domain::edit::Edit;
use crate::domain::ids::VersionId;
use crate::domain::labels::{LabelQueue, LabelTask};
use crate::domain::problem::ProblemKind;
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

mod setup;

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
    /// The answer was taken over.
    started: bool,
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
    if page.task.is_none() { setup::setup(ui, ctx, page, version) } else { session(ui, ctx, page, version) }
}

fn chosen(page: &Labelling) -> String {
    if page.column.is_empty() { page.new_column.trim().to_owned() } else { page.column.clone() }
}

fn session(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut Labelling, version: &DatasetVersion) {
    let Some(question) = page.task.clone() else { return };
    if !page.started {
        match ctx.state.asked.get(&question) {
            // The older answer does not know the labels given since, or knows some that were dropped.
            Loadable::Ready(Answer::LabelTask(task)) => take_over(page, task),
            other => return waiting(ui, ctx, page, version, question, other),
        }
    }
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
        None => finished(ui, ctx, page, version.id),
    });
}

/// Gives the labels of this session up; the note that says so has an Undo.
fn drop_button(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut Labelling, version: VersionId) {
    if page.given.is_empty() {
        return;
    }
    let words = format!("Drop {}", counted(page.given.len() as u64, "label", "labels"));
    if ui.button(words).on_hover_text("Gives up what was labelled since the last version").clicked() {
        ctx.send(Command::Edit(Edit::DropLabels { version, column: chosen(page) }));
        page.close();
    }
}

impl Labelling {
    /// Back to the choice of what to label. The labels are in the store.
    pub fn close(&mut self) {
        *self = Self {
            version: self.version,
            column: std::mem::take(&mut self.column),
            new_column: std::mem::take(&mut self.new_column),
            queue: self.queue.clone(),
            ..Self::default()
        };
    }
}

fn waiting(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    page: &mut Labelling,
    version: &DatasetVersion,
    question: Question,
    asked: &Loadable<Answer>,
) {
    page_header(ui, ctx, "Label rows", &version.label(), None);
    main_panel(ui, |ui| {
        match asked {
            Loadable::Failed(problem) => {
                // A wrong filter stays wrong.
                let again = (problem.kind != ProblemKind::Usage).then_some(Command::Ask(question));
                states::failed(ui, ctx, problem, again);
            }
            Loadable::Idle => ctx.send(Command::Ask(question)),
            _ => states::loading(ui, ctx, "the rows to label"),
        }
        ui.horizontal(|ui| {
            if matches!(asked, Loadable::Failed(_)) && ui.button("Choose other rows").clicked() {
                page.task = None;
            }
            if ui.button("Close").clicked() {
                ctx.send(Command::LabelRows(None));
            }
        });
    });
}

/// Rows, classes and former labels come in once.
fn take_over(page: &mut Labelling, task: &LabelTask) {
    page.started = true;
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

fn finished(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut Labelling, version: VersionId) {
    let sentence = if page.given.is_empty() { "There is nothing to label here" } else { "That was the last row" };
    states::empty(ui, ctx, Icon::Ok, sentence, "Save the labels above, or go back to change one", None);
    ui.vertical_centered(|ui| {
        if ui.button("Back (Backspace)").clicked() || pressed(ui, Modifiers::NONE, Key::Backspace) {
            go_back(page);
        }
        if ui.button("Close").clicked() {
            ctx.send(Command::LabelRows(None));
        }
        drop_button(ui, ctx, page, version);
    });
}

fn row_ui(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut Labelling, version: &DatasetVersion, column: &str, row: u64) {
    // Before the buttons: a key that means something here must not also press the button that has the focus.
    let mut classes = page.classes.iter().zip(KEYS);
    let mut answer = classes.find(|(_, key)| pressed(ui, Modifiers::NONE, *key)).map(|(class, _)| class.clone());
    let mut skip = pressed(ui, Modifiers::NONE, Key::Space);
    let mut back = pressed(ui, Modifiers::NONE, Key::Backspace) || pressed(ui, Modifiers::COMMAND, Key::Z);
    if !ctx.state.open.anything() && pressed(ui, Modifiers::NONE, Key::Escape) {
        return ctx.send(Command::LabelRows(None));
    }
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
            if ui.add(button).clicked() {
                answer = Some(class.clone());
            }
        }
        let hint = if page.classes.is_empty() { "Type a label, then Enter" } else { "Another label" };
        // A button more before it must not make this another field.
        let edit = TextEdit::singleline(&mut page.free).id_salt("another label").hint_text(hint).desired_width(170.0);
        let edit = ui.add(edit);
        name_it(ui, &edit, "Another label");
        let text = page.free.trim().to_owned();
        let misfit = version.schema.column(column).filter(|_| !text.is_empty()).and_then(|c| misfit(c.storage, &text));
        if edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter)) && !text.is_empty() {
            if misfit.is_some() {
                edit.request_focus();
            } else {
                page.free.clear();
                answer = Some(text);
            }
        }
        if let Some(what) = misfit {
            ui.label(RichText::new(format!("“{column}” holds {what} only")).color(ctx.tokens.bad));
        }
    });
    ui.horizontal(|ui| {
        skip |= ui.add(Button::new("Skip").shortcut_text("Space")).clicked();
        back |= ui.add_enabled(!page.trail.is_empty(), Button::new("Back").shortcut_text("Backspace")).clicked();
        if page.given.contains_key(&row) && ui.button("Take this label back").clicked() {
            page.given.remove(&row);
            let (column, note) = (column.to_owned(), String::new());
            ctx.send(Command::Edit(Edit::DraftLabel { version: version.id, column, row, label: None, note }));
        }
        let edit = ui.add(
            TextEdit::singleline(&mut page.note).id_salt("note").hint_text("Note on this row").desired_width(200.0),
        );
        name_it(ui, &edit, "Note on this row");
        if ui.button("Close").on_hover_text("The labels so far are kept; come back later").clicked() {
            ctx.send(Command::LabelRows(None));
        }
        drop_button(ui, ctx, page, version.id);
    });
    if back {
        go_back(page);
    } else if skip {
        page.trail.push(page.at);
        page.at += 1;
    } else if let Some(label) = answer {
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

/// What the column holds, if the label is nothing of it.
fn misfit(storage: Storage, label: &str) -> Option<&'static str> {
    let fits = match storage {
        Storage::Float64 => label.parse::<f64>().is_ok_and(f64::is_finite),
        Storage::Int64 => label.parse::<i64>().is_ok(),
        Storage::Boolean => ["true", "false"].contains(&label.to_lowercase().as_str()),
        Storage::String | Storage::DatetimeMs => true,
    };
    let what = match storage {
        Storage::Float64 => "numbers",
        Storage::Int64 => "whole numbers",
        _ => "true and false",
    };
    (!fits).then_some(what)
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
