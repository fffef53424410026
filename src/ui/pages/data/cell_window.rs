//! One cell, whole: for texts that do not fit in a column.

use egui::{Key, Modifiers, RichText, ScrollArea, TextEdit, Ui};

use crate::domain::schema::ColumnSchema;
use crate::state::command::Command;
use crate::state::format::{count, counted};
use crate::state::table::Known;
use crate::ui::ctx::UiCtx;
use crate::ui::palette::dialog_frame;
use crate::ui::theme::icons::{Icon, icon};
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};

/// Characters that are laid out; the rest can be copied.
const SHOWN: usize = 100_000;

/// The window of a cell. False when it was closed.
pub fn cell_window(ui: &Ui, ctx: &UiCtx<'_>, row: u64, schema: &ColumnSchema, cell: Known<'_>) -> bool {
    let mut open = true;
    let modal =
        egui::Modal::new(egui::Id::unique("cell")).backdrop_color(ctx.tokens.scrim()).frame(dialog_frame(ui, 16));
    let response = modal.show(ui.ctx(), |ui| {
        ui.set_width(560.0_f32.min(ui.ctx().content_rect().width() - 64.0));
        ui.horizontal(|ui| {
            icon(ui, Icon::of_kind(schema.kind), 14.0, ctx.tokens.text_weak);
            ui.label(RichText::new(&schema.name).font(medium(size::TITLE)));
            ui.label(RichText::new(format!("row {}", count(row + 1))).color(ctx.tokens.text_weak));
        });
        let weak =
            |ui: &mut Ui, words: String| ui.label(RichText::new(words).size(size::DATA).color(ctx.tokens.text_weak));
        match cell {
            Known::NotRead => {
                weak(ui, "Still being read".to_owned());
            }
            Known::Missing => {
                ui.add_space(space::S);
                ui.label("Missing");
                weak(ui, "The cell has no value. It is not an empty text.".to_owned());
            }
            Known::Text(text) => {
                let characters = text.chars().count();
                let mut facts =
                    format!("{} · {}", schema.kind.as_str(), counted(characters as u64, "character", "characters"));
                let lines = text.lines().count();
                if lines > 1 {
                    facts.push_str(&format!(", {} lines", count(lines as u64)));
                }
                if text != text.trim() {
                    facts.push_str(" · spaces at an end");
                }
                weak(ui, facts);
                ui.add_space(space::S);
                value(ui, "Value", &text.chars().take(SHOWN).collect::<String>());
                if characters > SHOWN {
                    weak(ui, format!("The first {} characters; copying takes all", count(SHOWN as u64)));
                }
                if let Some(json) = pretty_json(text) {
                    ui.add_space(space::S);
                    weak(ui, "As JSON".to_owned());
                    value(ui, "Value as JSON", &json);
                }
            }
        }
        ui.add_space(space::M);
        ui.horizontal(|ui| {
            if let Known::Text(text) = cell
                && ui.button("Copy").clicked()
            {
                ctx.send(Command::Copy(text.to_owned()));
            }
            let leave = ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape));
            open &= !(ui.button("Close").clicked() || leave);
        });
    });
    open && !response.should_close()
}

/// Text that can be selected but not changed.
fn value(ui: &mut Ui, name: &str, text: &str) {
    ui.push_id(name, |ui| {
        ScrollArea::vertical().max_height(260.0).show(ui, |ui| {
            let mut shown = text;
            let edit = TextEdit::multiline(&mut shown).desired_width(f32::INFINITY).desired_rows(2);
            let response = ui.add(edit);
            crate::ui::palette::name_it(ui, &response, name);
        });
    });
}

/// Objects and lists, one field per line.
fn pretty_json(text: &str) -> Option<String> {
    let text = text.trim();
    if !text.starts_with(['{', '[']) || text.len() > SHOWN {
        return None;
    }
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    serde_json::to_string_pretty(&value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_objects_and_lists_are_shown_as_json() {
        assert_eq!(pretty_json(" {\"a\":1}").as_deref(), Some("{\n  \"a\": 1\n}"));
        assert_eq!(pretty_json("12"), None);
        assert_eq!(pretty_json("{a"), None);
    }
}
