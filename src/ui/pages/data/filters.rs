//! Filters: the popup of a column header and the chips above the table.

use egui::{Button, ComboBox, Key, Popup, PopupCloseBehavior, Response, RichText, TextEdit, Ui};

use crate::domain::ids::VersionId;
use crate::domain::table::{ColumnFilter, FilterOp, TableQuery};
use crate::state::command::Command;
use crate::ui::ctx::UiCtx;
use crate::ui::palette::name_it;
use crate::ui::theme::icons::{Icon, icon, icon_button};
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::page::section;

/// What is being typed in the popup.
#[derive(Clone, Debug)]
pub struct Draft {
    column: String,
    op: FilterOp,
    value: String,
}

impl Default for Draft {
    fn default() -> Self {
        Self { column: String::new(), op: FilterOp::Equals, value: String::new() }
    }
}

/// Opens below `button`; Enter or the button adds the filter.
pub fn popup(
    ctx: &UiCtx<'_>,
    button: &Response,
    column: &str,
    draft: &mut Draft,
    version: VersionId,
    query: &TableQuery,
) {
    Popup::menu(button).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        if draft.column != column {
            *draft = Draft { column: column.to_owned(), ..Draft::default() };
        }
        ui.set_min_width(220.0);
        section(ui, ctx, &format!("Rows where {column}"));
        let mut add = false;
        ui.horizontal(|ui| {
            ComboBox::from_id_salt("op").width(90.0).selected_text(draft.op.title()).show_ui(ui, |ui| {
                for op in FilterOp::ALL {
                    ui.selectable_value(&mut draft.op, op, op.title());
                }
            });
            if draft.op.takes_value() {
                let edit = ui.add(TextEdit::singleline(&mut draft.value).desired_width(130.0).hint_text("value"));
                name_it(ui, &edit, "Filter value");
                add = edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
            }
        });
        let ready = !draft.op.takes_value() || !draft.value.is_empty();
        add |= ui.add_enabled(ready, Button::new("Add filter")).clicked();
        if add && ready {
            let value = if draft.op.takes_value() { draft.value.trim().to_owned() } else { String::new() };
            let mut query = query.clone();
            query.filters.push(ColumnFilter { column: column.to_owned(), op: draft.op, value });
            ctx.send(Command::SetTableQuery { version, query });
            draft.value.clear();
            ui.close();
        }
    });
}

/// One chip per filter and sort key, each with a way to take it off.
pub fn chips(ui: &mut Ui, ctx: &UiCtx<'_>, version: VersionId, query: &TableQuery) {
    let mut changed: Option<TableQuery> = None;
    for (i, filter) in query.filters.iter().enumerate() {
        let words = format!("{} {} {}", filter.column, filter.op.title(), filter.value);
        if chip(ui, ctx, Icon::Filter, words.trim()) {
            let mut without = query.clone();
            without.filters.remove(i);
            changed = Some(without);
        }
    }
    for (i, key) in query.sort.iter().enumerate() {
        let arrow = if key.descending { Icon::SortDown } else { Icon::SortUp };
        if chip(ui, ctx, arrow, &key.column) {
            let mut without = query.clone();
            without.sort.remove(i);
            changed = Some(without);
        }
    }
    if let Some(query) = changed {
        ctx.send(Command::SetTableQuery { version, query });
    }
}

fn chip(ui: &mut Ui, ctx: &UiCtx<'_>, what: Icon, words: &str) -> bool {
    let frame = egui::Frame::NONE.fill(ctx.tokens.hover).corner_radius(10.0).inner_margin(egui::Margin {
        left: 8,
        right: 2,
        top: 0,
        bottom: 0,
    });
    frame
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.x = space::XS;
            ui.spacing_mut().interact_size.y = 20.0;
            ui.horizontal(|ui| {
                icon(ui, what, 11.0, ctx.tokens.text_weak);
                ui.label(RichText::new(words).size(size::DATA));
                icon_button(ui, ctx, Icon::Close, &format!("Remove {words}")).clicked()
            })
            .inner
        })
        .inner
}
