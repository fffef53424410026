//! Filters: the popup of a column header and the chips above the table.

use egui::{Button, Key, Popup, PopupCloseBehavior, Response, RichText, TextEdit, Ui};

use crate::domain::ids::VersionId;
use crate::domain::schema::{ColumnKind, ColumnSchema};
use crate::domain::table::{ColumnFilter, FilterOp, TableQuery};
use crate::state::command::Command;
use crate::state::format::{count, middle_ellipsis};
use crate::ui::ctx::UiCtx;
use crate::ui::palette::name_it;
use crate::ui::theme::icons::{Icon, icon, icon_button};
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::page::section;

/// What is being typed in the popup.
#[derive(Clone, Debug)]
pub struct Draft {
    op: FilterOp,
    value: String,
    /// Just opened: the field takes the focus.
    fresh: bool,
}

impl Default for Draft {
    fn default() -> Self {
        Self { op: FilterOp::Equals, value: String::new(), fresh: false }
    }
}

/// What is filtered: a column, and the values most of its cells have.
pub struct Subject<'a> {
    pub column: &'a ColumnSchema,
    pub top: &'a [(String, u64)],
}

/// Opens below `button`; Enter, the button or a click on a value adds the filter.
pub fn popup(
    ctx: &UiCtx<'_>,
    button: &Response,
    subject: &Subject<'_>,
    draft: &mut Draft,
    version: VersionId,
    query: &TableQuery,
) {
    let column = subject.column;
    if button.clicked() {
        *draft = Draft { fresh: true, ..Draft::default() };
    }
    let popup = Popup::from_toggle_button_response(button).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    popup.show(|ui| {
        ui.set_width(250.0);
        section(ui, ctx, &format!("Rows where {}", column.name));
        let mut add = false;
        // No drop-down list: egui has one popup open at a time, a second one would close this one.
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = egui::vec2(space::XS, space::XS);
            ui.spacing_mut().button_padding.x = space::S - 2.0;
            for op in operators(column.kind) {
                // Typing goes on in the field.
                draft.fresh |= ui.selectable_value(&mut draft.op, *op, op.title()).clicked();
            }
        });
        if draft.op.takes_value() {
            let edit = TextEdit::singleline(&mut draft.value).desired_width(f32::INFINITY);
            let edit = ui.add(edit.hint_text(example(column.kind)));
            name_it(ui, &edit, "Filter value");
            if std::mem::take(&mut draft.fresh) {
                edit.request_focus();
            }
            add = edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        }
        let is = matches!(draft.op, FilterOp::Equals | FilterOp::NotEquals);
        if is && !matches!(column.kind, ColumnKind::Numeric | ColumnKind::Datetime | ColumnKind::Identifier) {
            for (value, n) in subject.top.iter().take(6) {
                let words = middle_ellipsis(value, 24);
                let item = Button::new(words).frame_when_inactive(false).shortcut_text(count(*n));
                if ui.add_sized([ui.available_width(), 22.0], item).clicked() {
                    draft.value.clone_from(value);
                    add = true;
                }
            }
        }
        let ready = !draft.op.takes_value() || !draft.value.trim().is_empty();
        add |= ui.add_enabled(ready, Button::new("Add filter")).clicked();
        if add && ready {
            let value = if draft.op.takes_value() { draft.value.trim().to_owned() } else { String::new() };
            let mut query = query.clone();
            query.filters.push(ColumnFilter { column: column.name.clone(), op: draft.op, value });
            ctx.send(Command::SetTableQuery { version, query });
            draft.value.clear();
            ui.close();
        }
    });
}

/// The comparisons that mean something for a kind.
fn operators(kind: ColumnKind) -> &'static [FilterOp] {
    use FilterOp as F;
    match kind {
        ColumnKind::Numeric | ColumnKind::Datetime => &[
            F::Equals,
            F::NotEquals,
            F::Less,
            F::LessOrEqual,
            F::Greater,
            F::GreaterOrEqual,
            F::IsMissing,
            F::IsNotMissing,
        ],
        ColumnKind::Boolean => &[F::Equals, F::NotEquals, F::IsMissing, F::IsNotMissing],
        ColumnKind::Categorical | ColumnKind::Text | ColumnKind::Identifier => {
            &[F::Equals, F::NotEquals, F::Contains, F::IsMissing, F::IsNotMissing]
        }
    }
}

fn example(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Numeric => "number",
        ColumnKind::Datetime => "2026-03-05",
        ColumnKind::Boolean => "true or false",
        _ => "text",
    }
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
    if let Some(expression) = &query.expression
        && chip(ui, ctx, Icon::Filter, &middle_ellipsis(expression, 60))
    {
        changed = Some(TableQuery { expression: None, ..query.clone() });
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
