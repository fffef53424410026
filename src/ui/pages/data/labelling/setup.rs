//! What is to be labelled: the column and the rows.

use egui::{Button, ComboBox, Grid, Key, Modifiers, TextEdit, Ui};

use crate::domain::dataset::DatasetVersion;
use crate::domain::filter;
use crate::domain::labels::LabelQueue;
use crate::domain::question::Question;
use crate::domain::schema::Storage;
use crate::state::command::Command;
use crate::ui::ctx::UiCtx;
use crate::ui::palette::name_it;
use crate::ui::theme::tokens::space;
use crate::ui::widgets::page::{card, main_panel, page_header, section, weak};

use super::{Labelling, chosen, pressed};

pub fn setup(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut Labelling, version: &DatasetVersion) {
    page_header(ui, ctx, "Label rows", &format!("of {}", version.label()), None);
    let mut entered = false;
    let above = ctx.state.open.anything() || egui::Popup::is_any_open(ui.ctx());
    if !above && pressed(ui, Modifiers::NONE, Key::Escape) {
        return ctx.send(Command::LabelRows(None));
    }
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
                        entered = edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
                        ui.end_row();
                    }
                    ui.label("Rows");
                    ui.horizontal(|ui| {
                        ui.radio_value(&mut page.queue, LabelQueue::Missing, "Without a label");
                        ui.radio_value(&mut page.queue, LabelQueue::All, "All");
                        let random = matches!(page.queue, LabelQueue::Random { .. });
                        if ui.radio(random, "200 at random").clicked() {
                            page.queue = LabelQueue::Random { seed: LabelQueue::SEED, rows: LabelQueue::AT_RANDOM };
                        }
                        if ui.radio(matches!(page.queue, LabelQueue::Filter(_)), "That pass a filter").clicked() {
                            page.queue = LabelQueue::Filter(String::new());
                        }
                    });
                    if let LabelQueue::Filter(text) = &mut page.queue {
                        ui.end_row();
                        ui.label("Filter");
                        let hint = "age > 40 and plan = \"basic\"";
                        let edit = ui.add(TextEdit::singleline(text).hint_text(hint).desired_width(320.0));
                        name_it(ui, &edit, "Filter for the rows to label");
                        entered |= edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
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
                    let start = start.on_disabled_hover_text(why.unwrap_or_default());
                    if start.clicked() || (entered && why.is_none()) {
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
