//! Looking for a text in the cells: the bar above the table.

use egui::{Key, Modifiers, RichText, TextEdit, Ui};

use crate::domain::dataset::DatasetVersion;
use crate::domain::table::FindRequest;
use crate::state::command::Command;
use crate::state::format::count;
use crate::state::table::TableState;
use crate::ui::ctx::UiCtx;
use crate::ui::palette::name_it;
use crate::ui::theme::icons::{Icon, icon, icon_button};
use crate::ui::theme::tokens::size;

#[derive(Clone, Debug, Default)]
pub struct FindBar {
    pub open: bool,
    pub text: String,
    /// Only in the column of the cursor.
    one_column: bool,
    /// Just opened: the field takes the focus.
    fresh: bool,
}

impl FindBar {
    pub fn open(&mut self) {
        self.open = true;
        self.fresh = true;
    }
}

/// `columns` are those on display, `cursor` a row and a column of the schema.
pub fn find_bar(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    bar: &mut FindBar,
    version: &DatasetVersion,
    table: &TableState,
    columns: &[usize],
    cursor: Option<(u64, usize)>,
) {
    let mut step: Option<bool> = None;
    let f3 = |ui: &Ui, modifiers| ui.input_mut(|i| i.consume_key(modifiers, Key::F3));
    if f3(ui, Modifiers::SHIFT) {
        step = Some(true);
    } else if f3(ui, Modifiers::NONE) {
        step = Some(false);
    }
    ui.horizontal(|ui| {
        icon(ui, Icon::Search, 13.0, ctx.tokens.text_weak);
        let edit = ui.add(TextEdit::singleline(&mut bar.text).hint_text("Find in the cells").desired_width(200.0));
        name_it(ui, &edit, "Find in the cells");
        if std::mem::take(&mut bar.fresh) {
            edit.request_focus();
        }
        if edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter)) {
            step = Some(ui.input(|i| i.modifiers.shift));
            edit.request_focus();
        }
        if icon_button(ui, ctx, Icon::SortUp, "Previous match").on_hover_text("Shift+Enter or Shift+F3").clicked() {
            step = Some(true);
        }
        if icon_button(ui, ctx, Icon::SortDown, "Next match").on_hover_text("Enter or F3").clicked() {
            step = Some(false);
        }
        let name = cursor.and_then(|(_, c)| version.schema.columns.get(c)).map(|c| c.name.as_str());
        let words = name.map_or_else(|| "This column only".to_owned(), |name| format!("Only {name}"));
        ui.add_enabled(name.is_some(), egui::Checkbox::new(&mut bar.one_column, RichText::new(words).size(size::DATA)));
        let (words, bad) = status(bar, table);
        let color = if bad { ctx.tokens.warn } else { ctx.tokens.text_weak };
        ui.label(RichText::new(words).size(size::DATA).color(color));
        if table.find.running && ui.button("Stop").clicked() {
            ctx.send(Command::StopTable(version.id));
        }
        let leave = ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape));
        if icon_button(ui, ctx, Icon::Close, "Close find").clicked() || leave {
            bar.open = false;
            ctx.send(Command::EndFind(version.id));
        }
    });
    if let Some(backwards) = step.filter(|_| !bar.text.is_empty()) {
        let columns = match cursor {
            Some((_, column)) if bar.one_column => vec![column],
            _ => columns.to_vec(),
        };
        let request = FindRequest { text: bar.text.clone(), columns, from: cursor, backwards };
        ctx.send(Command::Find { version: version.id, request });
    }
}

/// How the search stands, and whether that is disappointing.
fn status(bar: &FindBar, table: &TableState) -> (String, bool) {
    let find = &table.find;
    if let Some(problem) = &find.failed {
        return (problem.summary.clone(), true);
    }
    let current = find.request.as_ref().is_some_and(|request| request.text == bar.text);
    match (find.running, find.found) {
        (true, _) => ("Searching…".to_owned(), false),
        (_, Some(None)) if current => ("No cell contains it".to_owned(), true),
        (_, Some(Some(found))) if current => {
            let place = match found.nth {
                Some((nth, of)) => format!("Matching row {} of {}", count(nth), count(of)),
                None => format!("In row {}", count(found.row + 1)),
            };
            let wrapped = if found.wrapped { " · went on from the other end" } else { "" };
            (format!("{place}{wrapped}"), false)
        }
        _ => (String::new(), false),
    }
}
