//! The rows: a virtual table with sorting, filters, find, columns to choose and cells to open.

use std::ops::Range;

use egui::{Button, Key, Modifiers, Rect, RichText, Stroke, TextEdit, Ui, vec2};

use crate::domain::dataset::DatasetVersion;
use crate::domain::table::{ColumnFilter, FilterOp, TableQuery};
use crate::state::command::Command;
use crate::state::format::{count, counted, middle_ellipsis};
use crate::state::loadable::Loadable;
use crate::state::settings::ColumnLayout;
use crate::state::table::TableState;
use crate::ui::ctx::UiCtx;
use crate::ui::palette::name_it;
use crate::ui::theme::icons::{Icon, icon_button};
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::big_table::{BigTable, Cell, Rows, Selection, TableOutput};
use crate::ui::widgets::states;

use super::cell_window::cell_window;
use super::columns::{self, Change};
use super::filter_line::{FilterLine, filter_line};
use super::find_bar::{FindBar, find_bar};
use super::table_rows::VersionRows;
use super::{DataPage, filters};

const HEADER: f32 = 66.0;
/// Seconds until a computation shows, and until it offers to stop.
const SHOW_AFTER: f64 = 0.3;
const STOP_AFTER: f64 = 2.0;
/// A selection of so many cells is copied from what is on the screen, if it was read.
const COPIED_AT_ONCE: u64 = 5_000;

/// What the window knows of one version's table.
#[derive(Debug)]
pub struct View {
    table: BigTable,
    /// Of the last move that was carried out.
    stamp: u64,
    /// The order of rows the position belongs to.
    query: TableQuery,
    find: FindBar,
    filter: FilterLine,
    column_search: String,
    /// Row of the result and column of the schema that are shown whole.
    opened: Option<(u64, usize)>,
    busy_since: Option<f64>,
    /// The columns shown, for this layout.
    layout: ColumnLayout,
    shown: Vec<usize>,
    n_pinned: usize,
}

impl View {
    fn new(version: &DatasetVersion) -> Self {
        Self {
            table: BigTable::new(HEADER, first_widths(version)),
            stamp: 0,
            query: TableQuery::default(),
            find: FindBar::default(),
            filter: FilterLine::default(),
            column_search: String::new(),
            opened: None,
            busy_since: None,
            layout: ColumnLayout::default(),
            shown: (0..version.schema.columns.len()).collect(),
            n_pinned: 0,
        }
    }

    /// The cursor's row and its column in the schema.
    fn cursor(&self) -> Option<(u64, usize)> {
        let (row, column) = self.table.cursor()?;
        Some((row, *self.shown.get(column)?))
    }

    fn arrange(&mut self, layout: &ColumnLayout, version: &DatasetVersion) {
        if self.layout != *layout {
            let names: Vec<&str> = version.schema.names().collect();
            (self.shown, self.n_pinned) = layout.arrange(&names);
            self.layout = layout.clone();
        }
    }
}

/// Widths that fit names and kinds at first sight.
fn first_widths(version: &DatasetVersion) -> Vec<f32> {
    version.schema.columns.iter().map(|c| (c.name.chars().count() as f32 * 7.2 + 66.0).clamp(116.0, 220.0)).collect()
}

pub fn table_tab_ui(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut DataPage, version: &DatasetVersion) {
    let Some(table) = ctx.state.tables.get(&version.id) else {
        return states::loading(ui, ctx, "the table");
    };
    if let Some(problem) = &table.failed {
        let columns = (0..version.schema.columns.len().min(32)).collect();
        let again = Command::NeedRows { version: version.id, first: 0, count: 100, columns };
        return states::failed(ui, ctx, problem, Some(again));
    }
    let view = page.tables.entry(version.id).or_insert_with(|| View::new(version));
    let default = ColumnLayout::default();
    let workspace = ctx.state.workspace.value().map(|w| w.path.as_path());
    let layout = ctx.state.settings.layout(workspace, version.dataset_id).unwrap_or(&default);
    view.arrange(layout, version);
    follow(view, table);

    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            go_to_row(ui, ctx, &mut page.row, version, table);
            columns::columns_button(ui, ctx, version, layout, &mut view.column_search);
            if icon_button(ui, ctx, Icon::Search, "Find…").on_hover_text("Find in the cells (Ctrl+F)").clicked() {
                view.find.open();
            }
            filter_line(ui, ctx, &mut view.filter, version, table);
        });
    });
    view.filter.problem_ui(ui, ctx, table);
    status_line(ui, ctx, version, table);
    if ui.input_mut(|i| i.consume_key(Modifiers::COMMAND, Key::F)) {
        view.find.open();
    }
    if view.find.open {
        let cursor = view.cursor();
        find_bar(ui, ctx, &mut view.find, version, table, &view.shown, cursor);
    }

    let sought = view.find.open.then(|| table.find.request.as_ref().map(|r| r.text.to_lowercase())).flatten();
    let profile = ctx.state.profiles.get(&version.id).and_then(Loadable::value);
    let mut rows = VersionRows {
        ctx,
        version,
        table,
        profile,
        layout,
        shown: &view.shown,
        n_pinned: view.n_pinned,
        sought: sought.as_deref(),
        draft: &mut page.filter,
        dragged: None,
    };
    let frame = egui::Frame::NONE.stroke(Stroke::new(1.0, ctx.tokens.line)).inner_margin(1);
    let shown = frame.show(ui, |ui| (ui.max_rect(), view.table.show(ui, ctx, &version.label(), &mut rows))).inner;
    let (rect, output) = shown;
    drag_column(ui, &view.table, &rows);
    act(ui, ctx, &view.table, &rows, &output);
    if rows.n_rows() == 0 && table.pending.is_none() {
        nothing(ui, ctx, version, table, rect);
    }
    if let Some((row, column)) = output.opened {
        view.opened = view.shown.get(column).map(|&column| (row, column));
    }
    busy(ui, ctx, view, version, table, rect);
    if let Some((row, column)) = view.opened
        && let Some(schema) = version.schema.columns.get(column)
    {
        let id = table.row_id(row).unwrap_or(row);
        if !cell_window(ui, ctx, id, schema, table.cell(row, column)) {
            view.opened = None;
        }
    }
}

/// A new order starts at the top; a wanted row comes into view.
fn follow(view: &mut View, table: &TableState) {
    if view.query != table.query {
        view.query = table.query.clone();
        view.table.reset();
        view.opened = None;
    }
    if let Some((row, column, stamp)) = table.go_to.filter(|(_, _, stamp)| *stamp != view.stamp) {
        view.stamp = stamp;
        let column = column.and_then(|column| view.shown.iter().position(|c| *c == column));
        view.table.go_to(row, column);
    }
}

/// What the user did in the table, and what it still has to read.
fn act(ui: &Ui, ctx: &UiCtx<'_>, view: &BigTable, rows: &VersionRows<'_, '_>, output: &TableOutput) {
    let (version, table) = (rows.version, rows.table);
    let (first, shown) = output.shown;
    let before = first.saturating_sub(40);
    let (first, wanted) = (before, shown + (first - before) + 40);
    let columns: Vec<usize> = output.columns.iter().map(|&column| rows.id(column)).collect();
    if table.lacks(first, wanted, &columns) {
        ctx.send(Command::NeedRows { version: version.id, first, count: wanted, columns });
    }
    if let Some((_, column)) = output.moved_to {
        let name = rows.schema(column).map(|c| c.name.clone());
        if name != ctx.state.focus.column {
            ctx.send(Command::FocusColumn(name));
        }
    }
    if let Some(header) = output.copy
        && let Some(selection) = view.selection()
    {
        copy(ctx, rows, &selection, header);
    }
    let Some(body) = &output.body else { return };
    if let Some((row, column)) = output.hovered {
        match rows.cell(row, column) {
            Cell::Missing => {
                body.clone().on_hover_text_at_pointer("Missing: the cell has no value");
            }
            Cell::Text(text) if view.is_cut(ui.painter(), column, text) => {
                let short: String = text.chars().take(1_000).collect();
                body.clone().on_hover_text_at_pointer(short);
            }
            _ => {}
        }
    }
    body.context_menu(|ui| cell_menu(ui, ctx, rows, view));
}

fn copy(ctx: &UiCtx<'_>, rows: &VersionRows<'_, '_>, selection: &Selection, header: bool) {
    let columns = selection.columns.clone();
    let here = |row: u64| columns.clone().map(move |column| rows.cell(row, column));
    let read = || selection.rows.clone().all(|row| here(row).all(|cell| cell != Cell::Loading));
    if selection.n_cells() <= COPIED_AT_ONCE && read() {
        let one_line = |text: &str| text.replace(['\t', '\n', '\r'], " ");
        let mut lines = Vec::new();
        if header {
            lines.push(columns.clone().map(|c| one_line(rows.name(c))).collect::<Vec<_>>().join("\t"));
        }
        for row in selection.rows.clone() {
            let text = |cell| if let Cell::Text(text) = cell { one_line(text) } else { String::new() };
            lines.push(here(row).map(text).collect::<Vec<_>>().join("\t"));
        }
        ctx.send(Command::Copy(lines.join("\n")));
        return;
    }
    let rows_wanted: Range<u64> = *selection.rows.start()..selection.rows.end() + 1;
    let columns = columns.map(|column| rows.id(column)).collect();
    ctx.send(Command::CopyCells { version: rows.version.id, rows: rows_wanted, columns, header });
}

/// While a header is dragged a line shows where it would land; dropped, it lands.
fn drag_column(ui: &Ui, view: &BigTable, rows: &VersionRows<'_, '_>) {
    let Some(dragged) = rows.dragged else { return };
    let Some(target) = view.column_at(dragged.x).filter(|target| *target != dragged.column) else { return };
    if dragged.dropped {
        let (name, place) = (rows.name(dragged.column), rows.name(target));
        columns::send(rows.ctx, rows.version, rows.layout, Change::Onto(name, place));
        return;
    }
    let stroke = Stroke::new(2.0, rows.ctx.tokens.accent);
    ui.painter().vline(dragged.x, view.header().y_range(), stroke);
}

/// How many rows are shown, and why not all.
fn status_line(ui: &mut Ui, ctx: &UiCtx<'_>, version: &DatasetVersion, table: &TableState) {
    ui.horizontal(|ui| {
        let shown = table.n_rows.value().copied().unwrap_or_default();
        let rows = if shown == version.rows {
            counted(shown, "row", "rows")
        } else {
            format!("{} of {}", count(shown), counted(version.rows, "row", "rows"))
        };
        ui.label(RichText::new(rows).color(ctx.tokens.text_weak));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            marked(ui, ctx, version, table);
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                egui::ScrollArea::horizontal().show(ui, |ui| {
                    ui.horizontal(|ui| filters::chips(ui, ctx, version.id, &table.query));
                });
            });
        });
    });
}

fn go_to_row(ui: &mut Ui, ctx: &UiCtx<'_>, text: &mut String, version: &DatasetVersion, table: &TableState) {
    let shown = table.n_rows.value().copied().unwrap_or_default();
    let edit = ui.add(TextEdit::singleline(text).desired_width(84.0).hint_text("Go to row"));
    name_it(ui, &edit, "Go to row");
    let edit = edit.on_hover_text(format!("Place among the rows shown, 1 to {} (Ctrl+G)", count(shown)));
    if ui.input_mut(|i| i.consume_key(Modifiers::COMMAND, Key::G)) {
        edit.request_focus();
    }
    if edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter)) {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        if let Ok(row) = digits.parse::<u64>() {
            ctx.send(Command::GoToRow { version: version.id, row: row.clamp(1, shown.max(1)) });
        }
        text.clear();
    }
}

/// The rows a finding pointed at, one after the other.
fn marked(ui: &mut Ui, ctx: &UiCtx<'_>, version: &DatasetVersion, table: &TableState) {
    if table.marked.is_empty() {
        return;
    }
    if icon_button(ui, ctx, Icon::Close, "Unmark the rows").clicked() {
        ctx.send(Command::SetTableQuery { version: version.id, query: TableQuery::default() });
    }
    let here = table.go_to.map_or(0, |(row, _, _)| row);
    let at = table.marked.iter().position(|r| *r == here).unwrap_or(0);
    let next = table.marked.iter().nth((at + 1) % table.marked.len()).copied().unwrap_or_default();
    let text = match table.marked.len() {
        1 => "1 row marked".to_owned(),
        n => format!("Row {} of {} marked · next", count(at as u64 + 1), count(n as u64)),
    };
    if ui.add(Button::new(RichText::new(text).size(size::DATA))).clicked() {
        ctx.send(Command::GoToRow { version: version.id, row: next + 1 });
    }
}

/// No row fits: says so, and offers the way back.
fn nothing(ui: &mut Ui, ctx: &UiCtx<'_>, version: &DatasetVersion, table: &TableState, rect: Rect) {
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(rect.with_min_y(rect.top() + HEADER)));
    let clear = table.query.filters_rows().then(|| {
        let query = TableQuery { sort: table.query.sort.clone(), ..TableQuery::default() };
        ("Clear filters", Command::SetTableQuery { version: version.id, query })
    });
    let sentence = if clear.is_some() { "No row fits these filters" } else { "This table has no rows" };
    states::empty(&mut child, ctx, Icon::Filter, sentence, "The columns and their numbers stay as they are", clear);
}

/// A thin bar over the table while an order is computed, later with a way to stop it.
fn busy(ui: &mut Ui, ctx: &UiCtx<'_>, view: &mut View, version: &DatasetVersion, table: &TableState, rect: Rect) {
    if table.pending.is_none() {
        view.busy_since = None;
        return;
    }
    let now = ui.input(|i| i.time);
    let waited = now - *view.busy_since.get_or_insert(now);
    ui.ctx().request_repaint_after(std::time::Duration::from_millis(150));
    if waited < SHOW_AFTER {
        return;
    }
    let bar = Rect::from_min_size(rect.min, vec2(rect.width(), 3.0));
    ui.painter().rect_filled(bar, 0.0, ctx.tokens.tint(ctx.tokens.accent, 0.25));
    let share = table.progress.unwrap_or(0.0).clamp(0.02, 1.0) as f32;
    ui.painter().rect_filled(bar.with_max_x(bar.left() + bar.width() * share), 0.0, ctx.tokens.accent);
    if waited < STOP_AFTER {
        return;
    }
    let place = Rect::from_center_size(rect.center(), vec2(300.0, 40.0));
    ui.scope_builder(egui::UiBuilder::new().max_rect(place), |ui| {
        egui::Frame::popup(ui.style()).show(ui, |ui| {
            ui.horizontal(|ui| {
                let percent = (share * 100.0).round();
                ui.label(format!("Sorting and filtering, {percent} %"));
                ui.add_space(space::S);
                if ui.button("Cancel").clicked() {
                    ctx.send(Command::StopTable(version.id));
                }
            });
        });
    });
}

fn cell_menu(ui: &mut Ui, ctx: &UiCtx<'_>, rows: &VersionRows<'_, '_>, view: &BigTable) {
    ui.set_min_width(180.0);
    let item = |ui: &mut Ui, name: &str, keys: &str| {
        ui.add(Button::new(name).frame_when_inactive(false).shortcut_text(keys.to_owned())).clicked()
    };
    let Some(selection) = view.selection() else { return };
    if item(ui, "Copy the selection", "Ctrl+C") {
        copy(ctx, rows, &selection, false);
    }
    if item(ui, "Copy with column names", "Ctrl+Shift+C") {
        copy(ctx, rows, &selection, true);
    }
    if item(ui, "Copy whole rows", "") && rows.n_columns() > 0 {
        copy(ctx, rows, &Selection { rows: selection.rows, columns: 0..=rows.n_columns() - 1 }, true);
    }
    let Some((row, column)) = view.cursor() else { return };
    let name = rows.name(column).to_owned();
    let value = match rows.cell(row, column) {
        Cell::Text(text) => Some(text.to_owned()),
        _ => None,
    };
    ui.separator();
    let choices = match &value {
        Some(value) => {
            let short = middle_ellipsis(value, 24);
            [
                (format!("Only rows where {name} is {short}"), FilterOp::Equals),
                (format!("Only rows where {name} is not {short}"), FilterOp::NotEquals),
            ]
        }
        None => [
            (format!("Only rows where {name} is missing"), FilterOp::IsMissing),
            (format!("Only rows where {name} is present"), FilterOp::IsNotMissing),
        ],
    };
    for (title, op) in choices {
        if item(ui, &title, "") {
            let mut query = rows.query().clone();
            query.filters.push(ColumnFilter { column: name.clone(), op, value: value.clone().unwrap_or_default() });
            ctx.send(Command::SetTableQuery { version: rows.version.id, query });
        }
    }
}
