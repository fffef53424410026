//! Which columns are shown and in which order: the menu of a header and the list of all columns.

use egui::{Button, Popup, PopupCloseBehavior, RichText, ScrollArea, TextEdit, Ui};

use crate::domain::dataset::DatasetVersion;
use crate::domain::schema::ColumnSchema;
use crate::domain::table::{ColumnFilter, FilterOp, SortKey};
use crate::state::command::Command;
use crate::state::format::count;
use crate::state::settings::ColumnLayout;
use crate::state::table::{MOST_COPIED, TableState};
use crate::ui::ctx::UiCtx;
use crate::ui::palette::name_it;
use crate::ui::theme::icons::{Icon, icon, icon_button};
use crate::ui::theme::tokens::{size, space};

/// A change of how columns are shown. Names, because versions differ in their columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    Hide(&'a str),
    Show(&'a str),
    Pin(&'a str),
    Unpin(&'a str),
    /// One place to the left or, if positive, to the right.
    Step(&'a str, isize),
    /// To the place of another column.
    Onto(&'a str, &'a str),
    Reset,
}

/// The layout after a change, `names` being the columns in file order.
pub fn changed(layout: &ColumnLayout, names: &[&str], change: Change<'_>) -> ColumnLayout {
    let mut layout = layout.clone();
    match change {
        Change::Hide(name) => {
            layout.hidden.insert(name.to_owned());
        }
        Change::Show(name) => {
            layout.hidden.remove(name);
        }
        Change::Pin(name) => {
            layout.pinned.retain(|n| n != name);
            layout.pinned.push(name.to_owned());
        }
        Change::Unpin(name) => layout.pinned.retain(|n| n != name),
        Change::Step(name, by) => {
            let (shown, n_pinned) = layout.arrange(names);
            let Some(at) = shown.iter().position(|&i| names[i] == name) else { return layout };
            // Pinned columns stay among themselves.
            let bounds = if at < n_pinned { 0..n_pinned } else { n_pinned..shown.len() };
            let to = at.saturating_add_signed(by);
            if bounds.contains(&to) {
                return changed(&layout, names, Change::Onto(name, names[shown[to]]));
            }
        }
        Change::Onto(name, place) => {
            let to_pinned = layout.pinned.iter().any(|n| n == place);
            let mut order = if to_pinned { layout.pinned.clone() } else { free_order(&layout, names) };
            let from = order.iter().position(|n| n == name);
            let to = order.iter().position(|n| n == place).unwrap_or(order.len());
            order.retain(|n| n != name);
            // Dragged to the right it lands after, to the left before the place.
            let to = if from.is_some() || to_pinned { to } else { to.min(order.len()) };
            order.insert(to.min(order.len()), name.to_owned());
            if to_pinned {
                layout.pinned = order;
            } else {
                layout.pinned.retain(|n| n != name);
                layout.order = order;
            }
        }
        Change::Reset => return ColumnLayout::default(),
    }
    layout
}

/// All columns that are not pinned, hidden ones too, as they would stand.
fn free_order(layout: &ColumnLayout, names: &[&str]) -> Vec<String> {
    let all = ColumnLayout { order: layout.order.clone(), ..ColumnLayout::default() };
    let free = |i: &usize| !layout.pinned.iter().any(|n| n == names[*i]);
    all.arrange(names).0.into_iter().filter(free).map(|i| names[i].to_owned()).collect()
}

pub fn send(ctx: &UiCtx<'_>, version: &DatasetVersion, layout: &ColumnLayout, change: Change<'_>) {
    let names: Vec<&str> = version.schema.names().collect();
    let layout = changed(layout, &names, change);
    ctx.send(Command::ArrangeColumns { dataset: version.dataset_id, layout });
}

/// What a header's menu is about.
pub struct Subject<'a> {
    pub version: &'a DatasetVersion,
    pub table: &'a TableState,
    pub layout: &'a ColumnLayout,
    pub schema: &'a ColumnSchema,
}

fn item(ui: &mut Ui, name: &str) -> bool {
    ui.add(Button::new(name).frame_when_inactive(false)).clicked()
}

pub fn header_menu(ui: &mut Ui, ctx: &UiCtx<'_>, subject: &Subject<'_>) {
    ui.set_min_width(190.0);
    let (version, name) = (subject.version, &subject.schema.name);
    let query = subject.table.pending.as_ref().unwrap_or(&subject.table.query);
    for (words, descending) in [("Sort ascending", Some(false)), ("Sort descending", Some(true)), ("Do not sort", None)]
    {
        if item(ui, words) {
            let mut query = query.clone();
            query.sort.retain(|k| k.column != *name);
            query.sort.extend(descending.map(|descending| SortKey { column: name.clone(), descending }));
            ctx.send(Command::SetTableQuery { version: version.id, query });
        }
    }
    ui.separator();
    for (words, op) in [
        ("Only rows where it is missing", FilterOp::IsMissing),
        ("Only rows where it is present", FilterOp::IsNotMissing),
    ] {
        if item(ui, words) {
            let mut query = query.clone();
            query.filters.push(ColumnFilter { column: name.clone(), op, value: String::new() });
            ctx.send(Command::SetTableQuery { version: version.id, query });
        }
    }
    ui.separator();
    let pinned = subject.layout.pinned.contains(name);
    if item(ui, if pinned { "Unpin" } else { "Pin to the left" }) {
        let change = if pinned { Change::Unpin(name) } else { Change::Pin(name) };
        send(ctx, version, subject.layout, change);
    }
    for (words, change) in
        [("Move left", Change::Step(name, -1)), ("Move right", Change::Step(name, 1)), ("Hide", Change::Hide(name))]
    {
        if item(ui, words) {
            send(ctx, version, subject.layout, change);
        }
    }
    ui.separator();
    if item(ui, "Show its numbers") {
        ctx.send(Command::FocusColumn(Some(name.clone())));
    }
    if item(ui, "Copy its name") {
        ctx.send(Command::Copy(name.clone()));
    }
    let rows = subject.table.n_rows.value().copied().unwrap_or_default();
    let words = if rows > MOST_COPIED {
        format!("Copy its first {} cells", count(MOST_COPIED))
    } else {
        "Copy its cells".to_owned()
    };
    if item(ui, &words)
        && let Some(column) = version.schema.index_of(name)
    {
        let rows = 0..rows.min(MOST_COPIED);
        ctx.send(Command::CopyCells { version: version.id, rows, columns: vec![column], header: false });
    }
}

/// The button that opens the list of all columns.
pub fn columns_button(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    version: &DatasetVersion,
    layout: &ColumnLayout,
    search: &mut String,
) {
    let n_hidden = version.schema.names().filter(|name| layout.hidden.contains(*name)).count();
    let words = if n_hidden == 0 { "Columns".to_owned() } else { format!("Columns · {n_hidden} hidden") };
    let button = ui.button(words);
    let popup = Popup::from_toggle_button_response(&button).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    popup.show(|ui| {
        ui.set_width(300.0);
        let edit = ui.add(TextEdit::singleline(search).hint_text("Find a column").desired_width(f32::INFINITY));
        name_it(ui, &edit, "Find a column");
        if button.clicked() {
            edit.request_focus();
        }
        ui.horizontal(|ui| {
            if ui.button("Show all").clicked() {
                let layout = ColumnLayout { hidden: Default::default(), ..layout.clone() };
                ctx.send(Command::ArrangeColumns { dataset: version.dataset_id, layout });
            }
            if ui.button("Hide these").on_hover_text("Hides all columns in the list below").clicked() {
                let mut layout = layout.clone();
                layout.hidden.extend(matching(version, search).map(|i| version.schema.columns[i].name.clone()));
                ctx.send(Command::ArrangeColumns { dataset: version.dataset_id, layout });
            }
            if ui.button("Reset").on_hover_text("All columns, in the order of the file").clicked() {
                send(ctx, version, layout, Change::Reset);
            }
        });
        ui.separator();
        list(ui, ctx, version, layout, search);
    });
}

/// Positions of the columns whose names contain the search.
fn matching<'a>(version: &'a DatasetVersion, search: &str) -> impl Iterator<Item = usize> + 'a {
    let search = search.trim().to_lowercase();
    let fits = move |name: &str| search.is_empty() || name.to_lowercase().contains(&search);
    version.schema.names().enumerate().filter(move |(_, name)| fits(name)).map(|(i, _)| i)
}

fn list(ui: &mut Ui, ctx: &UiCtx<'_>, version: &DatasetVersion, layout: &ColumnLayout, search: &str) {
    let names: Vec<&str> = version.schema.names().collect();
    let all = ColumnLayout { hidden: Default::default(), ..layout.clone() };
    let found: std::collections::HashSet<usize> = matching(version, search).collect();
    let order: Vec<usize> = all.arrange(&names).0.into_iter().filter(|i| found.contains(i)).collect();
    if order.is_empty() {
        ui.label(RichText::new("No column has this in its name").color(ctx.tokens.text_weak));
        return;
    }
    ScrollArea::vertical().max_height(360.0).auto_shrink([false, true]).show_rows(
        ui,
        space::ROW,
        order.len(),
        |ui, range| {
            for &i in &order[range] {
                let schema = &version.schema.columns[i];
                ui.push_id(i, |ui| row(ui, ctx, version, layout, schema));
            }
        },
    );
}

fn row(ui: &mut Ui, ctx: &UiCtx<'_>, version: &DatasetVersion, layout: &ColumnLayout, schema: &ColumnSchema) {
    let name = &schema.name;
    ui.horizontal(|ui| {
        ui.set_height(space::ROW);
        ui.spacing_mut().item_spacing.x = space::XS;
        let hidden = layout.hidden.contains(name);
        let (eye, words) = if hidden { (Icon::Hidden, "Show") } else { (Icon::Eye, "Hide") };
        if icon_button(ui, ctx, eye, &format!("{words} {name}")).clicked() {
            send(ctx, version, layout, if hidden { Change::Show(name) } else { Change::Hide(name) });
        }
        icon(ui, Icon::of_kind(schema.kind), 12.0, ctx.tokens.text_weak);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            if icon_button(ui, ctx, Icon::SortDown, &format!("Move {name} right")).clicked() {
                send(ctx, version, layout, Change::Step(name, 1));
            }
            if icon_button(ui, ctx, Icon::SortUp, &format!("Move {name} left")).clicked() {
                send(ctx, version, layout, Change::Step(name, -1));
            }
            let pinned = layout.pinned.contains(name);
            let pin = Button::new(RichText::new(if pinned { "Unpin" } else { "Pin" }).size(size::DATA))
                .frame_when_inactive(false);
            if ui.add(pin).clicked() {
                send(ctx, version, layout, if pinned { Change::Unpin(name) } else { Change::Pin(name) });
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                let color = if hidden { ctx.tokens.text_weak } else { ctx.tokens.text };
                ui.add(egui::Label::new(RichText::new(name).size(size::DATA).color(color)).truncate());
            });
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

    fn shown(changes: &[Change<'_>]) -> String {
        let layout = changes.iter().fold(ColumnLayout::default(), |layout, change| changed(&layout, &NAMES, *change));
        let (shown, n_pinned) = layout.arrange(&NAMES);
        let mut words: String = shown.into_iter().map(|i| NAMES[i]).collect();
        words.insert(n_pinned, '|');
        words
    }

    #[test]
    fn columns_are_hidden_pinned_and_moved() {
        use Change as C;
        assert_eq!(shown(&[]), "|abcde");
        assert_eq!(shown(&[C::Hide("b"), C::Pin("d")]), "d|ace");
        assert_eq!(shown(&[C::Step("b", 1)]), "|acbde");
        assert_eq!(shown(&[C::Step("a", -1)]), "|abcde");
        assert_eq!(shown(&[C::Hide("b"), C::Step("a", 1)]), "|cade");
        assert_eq!(shown(&[C::Onto("a", "d")]), "|bcdae");
        assert_eq!(shown(&[C::Onto("d", "a")]), "|dabce");
        assert_eq!(shown(&[C::Pin("c"), C::Onto("e", "c")]), "ec|abd");
        assert_eq!(shown(&[C::Pin("c"), C::Pin("e"), C::Onto("c", "a")]), "e|cabd");
        assert_eq!(shown(&[C::Pin("c"), C::Pin("e"), C::Step("e", -1)]), "ec|abd");
        assert_eq!(shown(&[C::Pin("c"), C::Step("c", 1)]), "c|abde");
        assert_eq!(shown(&[C::Pin("c"), C::Unpin("c"), C::Hide("a"), C::Show("a")]), "|abcde");
        assert_eq!(shown(&[C::Hide("a"), C::Step("c", -1), C::Reset]), "|abcde");
    }
}
