//! The rows: a virtual table with sorting, filters, chips and go-to-row.

use egui::{Button, Key, Rect, RichText, Sense, Stroke, TextEdit, Ui, WidgetInfo, pos2, vec2};

use crate::domain::dataset::DatasetVersion;
use crate::domain::profile::TableProfile;
use crate::domain::schema::{ColumnKind, ColumnSchema};
use crate::domain::table::{SortKey, TableQuery};
use crate::state::command::Command;
use crate::state::format::{count, counted, middle_ellipsis, percent};
use crate::state::loadable::Loadable;
use crate::state::table::TableState;
use crate::ui::ctx::UiCtx;
use crate::ui::palette::name_it;
use crate::ui::theme::icons::{self, Icon, icon_button};
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::big_table::{BigTable, Cell, Rows};
use crate::ui::widgets::histogram::{bars, mini_counts};
use crate::ui::widgets::states;

use super::filters::{self, Draft};
use super::model::toggle_sort;
use super::{DataPage, View, first_widths};

const HEADER: f32 = 66.0;

pub fn table_tab_ui(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut DataPage, version: &DatasetVersion) {
    let Some(table) = ctx.state.tables.get(&version.id) else {
        return states::loading(ui, ctx, "the table");
    };
    if let Some(problem) = &table.failed {
        let again = Command::NeedRows { version: version.id, first: 0, count: 100 };
        return states::failed(ui, ctx, problem, Some(again));
    }
    toolbar(ui, ctx, page, version, table);
    let view = page.tables.entry(version.id).or_insert_with(|| View {
        table: BigTable::new(HEADER, first_widths(version)),
        stamp: 0,
        query: TableQuery::default(),
    });
    follow(view, table);
    let focused = ctx.state.focus.column.as_deref();
    let profile = ctx.state.profiles.get(&version.id).and_then(Loadable::value);
    let mut rows = VersionRows { ctx, version, table, profile, focused, draft: &mut page.filter };
    let frame = egui::Frame::NONE.stroke(Stroke::new(1.0, ctx.tokens.line)).inner_margin(1);
    let output = frame.show(ui, |ui| view.table.show(ui, ctx, &version.label(), &mut rows)).inner;

    let (first, shown) = output.shown;
    let before = first.saturating_sub(40);
    let (first, wanted) = (before, shown + (first - before) + 40);
    if table.lacks(first, wanted) {
        ctx.send(Command::NeedRows { version: version.id, first, count: wanted });
    }
    if let Some((_, column)) = output.moved_to {
        let name = version.schema.columns.get(column).map(|c| c.name.clone());
        if name.as_deref() != focused {
            ctx.send(Command::FocusColumn(name));
        }
    }
    if let Some(text) = output.copied.filter(|t| !t.is_empty()) {
        ctx.send(Command::Copy(text));
    }
    if let Some(body) = output.body {
        body.context_menu(|ui| cell_menu(ui, ctx, version, table, &view.table, &rows));
    }
}

/// A new order starts at the top; a wanted row comes into view.
fn follow(view: &mut View, table: &TableState) {
    if view.query != table.query {
        view.query = table.query.clone();
        view.table.reset();
    }
    if let Some((row, stamp)) = table.go_to.filter(|(_, stamp)| *stamp != view.stamp) {
        view.stamp = stamp;
        view.table.go_to(row);
    }
}

fn toolbar(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut DataPage, version: &DatasetVersion, table: &TableState) {
    ui.horizontal(|ui| {
        let shown = table.n_rows.value().copied().unwrap_or_default();
        let rows = if shown == version.rows {
            counted(shown, "row", "rows")
        } else {
            format!("{} of {}", count(shown), counted(version.rows, "row", "rows"))
        };
        ui.label(RichText::new(rows).color(ctx.tokens.text_weak));
        if table.pending.is_some() {
            ui.label(RichText::new("Sorting and filtering…").color(ctx.tokens.text_weak));
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            go_to_row(ui, ctx, page, version, shown);
            marked(ui, ctx, version, table);
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                egui::ScrollArea::horizontal().show(ui, |ui| {
                    ui.horizontal(|ui| filters::chips(ui, ctx, version.id, &table.query));
                });
            });
        });
    });
}

fn go_to_row(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut DataPage, version: &DatasetVersion, shown: u64) {
    let edit = ui.add(TextEdit::singleline(&mut page.row).desired_width(84.0).hint_text("Go to row"));
    name_it(ui, &edit, "Go to row");
    let edit = edit.on_hover_text(format!("Place among the rows shown, 1 to {} (Ctrl+F)", count(shown)));
    if ui.input_mut(|i| i.consume_key(egui::Modifiers::COMMAND, Key::F)) {
        edit.request_focus();
    }
    if edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter)) {
        let digits: String = page.row.chars().filter(char::is_ascii_digit).collect();
        if let Ok(row) = digits.parse::<u64>() {
            ctx.send(Command::GoToRow { version: version.id, row: row.clamp(1, shown.max(1)) });
        }
        page.row.clear();
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
    let here = table.go_to.map_or(0, |(row, _)| row);
    let at = table.marked.iter().position(|r| *r == here).unwrap_or(0);
    let next = table.marked.iter().nth((at + 1) % table.marked.len()).copied().unwrap_or_default();
    let text = format!("Row {} of {} marked · next", at + 1, table.marked.len());
    if ui.add(Button::new(RichText::new(text).size(size::DATA))).clicked() {
        ctx.send(Command::GoToRow { version: version.id, row: next + 1 });
    }
}

fn cell_menu(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    version: &DatasetVersion,
    table: &TableState,
    view: &BigTable,
    rows: &dyn Rows,
) {
    ui.set_min_width(180.0);
    let item = |ui: &mut Ui, name: &str, keys: &str| {
        ui.add(Button::new(name).frame_when_inactive(false).shortcut_text(keys.to_owned())).clicked()
    };
    if item(ui, "Copy the selection", "Ctrl+C") {
        ctx.send(Command::Copy(view.selection_as_tsv(rows)));
    }
    if item(ui, "Copy the row", "") {
        ctx.send(Command::Copy(view.row_as_tsv(rows)));
    }
    let Some((row, column)) = view.cursor() else { return };
    let (value, name) = match rows.cell(row, column) {
        Cell::Text(text) => (Some(text.to_owned()), rows.name(column).to_owned()),
        _ => (None, rows.name(column).to_owned()),
    };
    ui.separator();
    use crate::domain::table::{ColumnFilter, FilterOp};
    let (title, op) = match &value {
        Some(value) => (format!("Only rows where {name} is {}", middle_ellipsis(value, 24)), FilterOp::Equals),
        None => (format!("Only rows where {name} is missing"), FilterOp::IsMissing),
    };
    if item(ui, &title, "") {
        let mut query = table.query.clone();
        query.filters.push(ColumnFilter { column: name, op, value: value.unwrap_or_default() });
        ctx.send(Command::SetTableQuery { version: version.id, query });
    }
}

/// The table as the widget sees it.
struct VersionRows<'a, 'b> {
    ctx: &'a UiCtx<'b>,
    version: &'a DatasetVersion,
    table: &'a TableState,
    profile: Option<&'a TableProfile>,
    focused: Option<&'a str>,
    draft: &'a mut Draft,
}

impl Rows for VersionRows<'_, '_> {
    fn n_rows(&self) -> u64 {
        self.table.n_rows.value().copied().unwrap_or_default()
    }

    fn n_columns(&self) -> usize {
        self.version.schema.columns.len()
    }

    fn name(&self, column: usize) -> &str {
        self.version.schema.columns.get(column).map_or("", |c| &c.name)
    }

    fn is_number(&self, column: usize) -> bool {
        self.version.schema.columns.get(column).is_some_and(|c| c.kind == ColumnKind::Numeric)
    }

    fn cell(&self, row: u64, column: usize) -> Cell<'_> {
        match self.table.row(row) {
            None => Cell::Loading,
            Some((_, cells)) => match cells.get(column) {
                Some(Some(text)) => Cell::Text(text),
                _ => Cell::Missing,
            },
        }
    }

    fn row_label(&self, row: u64) -> Option<String> {
        // In the plain table the number is known before the row is read.
        let plain = self.table.query == TableQuery::default();
        let id = if plain { Some(row) } else { self.table.row(row).map(|(id, _)| id) };
        id.map(|id| count(id + 1))
    }

    fn is_marked(&self, row: u64) -> bool {
        !self.table.marked.is_empty() && self.table.row(row).is_some_and(|(id, _)| self.table.marked.contains(&id))
    }

    fn header_ui(&mut self, ui: &mut Ui, column: usize) {
        let Some(schema) = self.version.schema.columns.get(column) else { return };
        let sort = self.table.pending.as_ref().unwrap_or(&self.table.query);
        let key = sort.sort.iter().position(|k| k.column == schema.name);
        let focused = self.focused == Some(schema.name.as_str());
        let rect = ui.max_rect();
        let response = ui.interact(rect, ui.scope_id().with("sort"), Sense::click());
        let missing = schema.missing as f64 / self.version.rows.max(1) as f64;
        let label = header_label(schema, missing, key.map(|i| &sort.sort[i]));
        response.widget_info(|| WidgetInfo::labeled(egui::Role::ColumnHeader, true, &label));
        paint_header(ui, self.ctx, rect, schema, (missing, focused), key.map(|i| (i, &sort.sort[i], sort.sort.len())));
        let profile = self.profile.and_then(|p| p.columns.get(column)).filter(|c| c.name == schema.name);
        if let Some(profile) = profile {
            let low = rect.bottom() - 4.0;
            let picture =
                Rect::from_min_max(pos2(rect.left() + space::S, low - 20.0), pos2(rect.right() - space::S, low));
            bars(ui.painter(), picture, &mini_counts(profile), self.ctx.tokens.tint(self.ctx.tokens.series[0], 0.75));
        }
        if response.clicked() {
            let add = ui.input(|i| i.modifiers.shift);
            let query = toggle_sort(sort, &schema.name, add);
            self.ctx.send(Command::SetTableQuery { version: self.version.id, query });
            self.ctx.send(Command::FocusColumn(Some(schema.name.clone())));
        }
        let response = response.on_hover_text(format!("{label}\nClick sorts, Shift+click adds a key"));
        icons::focus_ring(ui, self.ctx, &response);
        response.context_menu(|ui| header_menu(ui, self.ctx, self.version, sort, schema));
        self.filter_button(ui, rect, schema);
    }
}

impl VersionRows<'_, '_> {
    fn filter_button(&mut self, ui: &mut Ui, rect: Rect, schema: &ColumnSchema) {
        let at = Rect::from_min_size(pos2(rect.right() - 26.0, rect.top() + 3.0), vec2(22.0, 20.0));
        let mut child = ui.new_child(egui::UiBuilder::new().id_salt("filter").max_rect(at));
        child.spacing_mut().interact_size.y = 20.0;
        let query = self.table.pending.as_ref().unwrap_or(&self.table.query);
        // Quiet until wanted: there is one in every column.
        if !ui.rect_contains_pointer(rect) {
            child.set_opacity(0.4);
        }
        let button = icon_button(&mut child, self.ctx, Icon::Filter, &format!("Filter {}", schema.name));
        if query.filters.iter().any(|f| f.column == schema.name) {
            ui.painter().circle_filled(at.right_top() + vec2(-3.0, 4.0), 3.0, self.ctx.tokens.accent);
        }
        let profile = self.profile.and_then(|p| p.columns.iter().find(|c| c.name == schema.name));
        let top = profile.map_or(&[][..], |p| &p.top);
        let subject = filters::Subject { column: schema, top };
        filters::popup(self.ctx, &button, &subject, self.draft, self.version.id, query);
    }
}

fn header_label(schema: &ColumnSchema, missing: f64, key: Option<&SortKey>) -> String {
    let sorted = match key {
        None => "",
        Some(key) if key.descending => ", sorted descending",
        Some(_) => ", sorted ascending",
    };
    format!("{}, {}, {} missing{sorted}", schema.name, schema.kind.as_str(), percent(missing))
}

/// Name with kind, arrow and order number; below it the missing share as a bar and words.
fn paint_header(
    ui: &Ui,
    ctx: &UiCtx<'_>,
    rect: Rect,
    schema: &ColumnSchema,
    (missing, focused): (f64, bool),
    key: Option<(usize, &SortKey, usize)>,
) {
    let tokens = ctx.tokens;
    let painter = ui.painter();
    painter.rect_filled(rect, 0.0, if focused { tokens.selected } else { tokens.surface });
    let inner = rect.shrink2(vec2(space::S, 0.0));
    let line = rect.top() + 13.0;
    let at = Rect::from_center_size(pos2(inner.left() + 6.0, line), vec2(12.0, 12.0));
    icons::paint(painter, Icon::of_kind(schema.kind), at, tokens.text_weak);
    let mut right = inner.right() - 20.0;
    if let Some((order, key, keys)) = key {
        if keys > 1 {
            let number = painter.layout_no_wrap((order + 1).to_string(), medium(size::DATA - 2.0), tokens.accent);
            right -= number.size().x;
            painter.galley(pos2(right, line - number.size().y / 2.0), number, tokens.accent);
        }
        right -= 12.0;
        let arrow = Rect::from_center_size(pos2(right + 6.0, line), vec2(12.0, 12.0));
        let icon = if key.descending { Icon::SortDown } else { Icon::SortUp };
        icons::paint(painter, icon, arrow, tokens.accent);
    }
    let left = at.right() + 5.0;
    let words = egui::WidgetText::from(RichText::new(&schema.name).font(medium(size::DATA)).color(tokens.text));
    let room = (right - left - 2.0).max(4.0);
    let words = words.into_galley(ui, Some(egui::TextWrapMode::Truncate), room, egui::TextStyle::Body);
    painter.galley(pos2(left, line - words.size().y / 2.0), words, tokens.text);

    let line = rect.top() + 31.0;
    let bar = Rect::from_min_size(pos2(inner.left(), line - 2.0), vec2(22.0, 4.0));
    painter.rect_filled(bar, 2.0, tokens.tint(tokens.line, 0.8));
    let mut filled = bar;
    filled.set_width(if missing > 0.0 { (bar.width() * missing as f32).max(2.0) } else { 0.0 });
    painter.rect_filled(filled, 2.0, tokens.warn);
    let color = if missing > 0.0 { tokens.warn } else { tokens.text_weak };
    let layout = |text: String| painter.layout_no_wrap(text, egui::FontId::proportional(size::DATA - 1.0), color);
    let mut words = layout(if missing > 0.0 { format!("{} missing", percent(missing)) } else { "complete".to_owned() });
    let left = bar.right() + 6.0;
    if left + words.size().x > inner.right() && missing > 0.0 {
        words = layout(percent(missing));
    }
    let painter = painter.with_clip_rect(inner.intersect(ui.clip_rect()));
    painter.galley(pos2(left, line - words.size().y / 2.0), words, color);
}

fn header_menu(ui: &mut Ui, ctx: &UiCtx<'_>, version: &DatasetVersion, query: &TableQuery, schema: &ColumnSchema) {
    ui.set_min_width(180.0);
    let item = |ui: &mut Ui, name: &str| ui.add(Button::new(name).frame_when_inactive(false)).clicked();
    let sort = |descending: Option<bool>| {
        let mut query = query.clone();
        query.sort.retain(|k| k.column != schema.name);
        query.sort.extend(descending.map(|descending| SortKey { column: schema.name.clone(), descending }));
        ctx.send(Command::SetTableQuery { version: version.id, query });
    };
    if item(ui, "Sort ascending") {
        sort(Some(false));
    }
    if item(ui, "Sort descending") {
        sort(Some(true));
    }
    if item(ui, "Do not sort") {
        sort(None);
    }
    ui.separator();
    if item(ui, "Show its numbers") {
        ctx.send(Command::FocusColumn(Some(schema.name.clone())));
    }
    if item(ui, "Copy its name") {
        ctx.send(Command::Copy(schema.name.clone()));
    }
}
