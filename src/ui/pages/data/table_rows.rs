//! The table's rows and headers as the widget sees them.

use egui::{CursorIcon, Rect, RichText, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::domain::dataset::DatasetVersion;
use crate::domain::profile::TableProfile;
use crate::domain::schema::{ColumnKind, ColumnSchema};
use crate::domain::table::{SortKey, TableQuery};
use crate::state::command::Command;
use crate::state::format::{count, percent};
use crate::state::settings::ColumnLayout;
use crate::state::table::{Known, TableState};
use crate::ui::ctx::UiCtx;
use crate::ui::theme::icons::{self, Icon, icon_button};
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::big_table::{Cell, Rows};
use crate::ui::widgets::histogram::{bars, mini_counts};

use super::columns;
use super::filters::{self, Draft};
use super::model::toggle_sort;

/// A version's rows in the columns that are shown.
pub struct VersionRows<'a, 'b> {
    pub ctx: &'a UiCtx<'b>,
    pub version: &'a DatasetVersion,
    pub table: &'a TableState,
    pub profile: Option<&'a TableProfile>,
    pub layout: &'a ColumnLayout,
    /// Positions in the schema, in the order shown.
    pub shown: &'a [usize],
    pub n_pinned: usize,
    pub sought: Option<&'a str>,
    pub draft: &'a mut Draft,
    /// A header is being dragged, or was just dropped, at this height of x.
    pub dragged: Option<Dragged>,
}

#[derive(Clone, Copy, Debug)]
pub struct Dragged {
    /// As shown.
    pub column: usize,
    pub x: f32,
    pub dropped: bool,
}

impl VersionRows<'_, '_> {
    pub fn schema(&self, column: usize) -> Option<&ColumnSchema> {
        self.version.schema.columns.get(*self.shown.get(column)?)
    }

    /// The query as it was asked for last.
    pub fn query(&self) -> &TableQuery {
        self.table.pending.as_ref().unwrap_or(&self.table.query)
    }
}

impl Rows for VersionRows<'_, '_> {
    fn n_rows(&self) -> u64 {
        self.table.n_rows.value().copied().unwrap_or_default()
    }

    fn n_columns(&self) -> usize {
        self.shown.len()
    }

    fn n_pinned(&self) -> usize {
        self.n_pinned
    }

    fn id(&self, column: usize) -> usize {
        self.shown.get(column).copied().unwrap_or_default()
    }

    fn name(&self, column: usize) -> &str {
        self.schema(column).map_or("", |c| &c.name)
    }

    fn is_number(&self, column: usize) -> bool {
        self.schema(column).is_some_and(|c| c.kind == ColumnKind::Numeric)
    }

    fn cell(&self, row: u64, column: usize) -> Cell<'_> {
        match self.table.cell(row, self.id(column)) {
            Known::NotRead => Cell::Loading,
            Known::Missing => Cell::Missing,
            Known::Text(text) => Cell::Text(text),
        }
    }

    fn row_label(&self, row: u64) -> Option<String> {
        self.table.row_id(row).map(|id| count(id + 1))
    }

    fn is_marked(&self, row: u64) -> bool {
        !self.table.marked.is_empty() && self.table.row_id(row).is_some_and(|id| self.table.marked.contains(&id))
    }

    fn marked_column(&self) -> Option<usize> {
        let id = self.table.marked_column?;
        self.shown.iter().position(|shown| *shown == id)
    }

    fn sought(&self) -> Option<&str> {
        self.sought
    }

    fn header_ui(&mut self, ui: &mut Ui, column: usize) {
        let at = self.id(column);
        let Some(schema) = self.version.schema.columns.get(at) else { return };
        let query = self.query();
        let key = query.sort.iter().position(|k| k.column == schema.name);
        let focused = self.ctx.state.focus.column.as_deref() == Some(schema.name.as_str());
        let rect = ui.max_rect();
        let response = ui.interact(rect, ui.scope_id().with("sort"), Sense::click_and_drag());
        let missing = schema.missing as f64 / self.version.rows.max(1) as f64;
        let label = header_label(schema, missing, key.map(|i| &query.sort[i]));
        response.widget_info(|| WidgetInfo::labeled(egui::Role::ColumnHeader, true, &label));
        paint_header(
            ui,
            self.ctx,
            rect,
            schema,
            (missing, focused),
            key.map(|i| (i, &query.sort[i], query.sort.len())),
        );
        let profile = self.profile.and_then(|p| p.columns.get(at)).filter(|c| c.name == schema.name);
        if let Some(profile) = profile {
            let low = rect.bottom() - 4.0;
            let picture =
                Rect::from_min_max(pos2(rect.left() + space::S, low - 20.0), pos2(rect.right() - space::S, low));
            bars(ui.painter(), picture, &mini_counts(profile), self.ctx.tokens.tint(self.ctx.tokens.series[0], 0.75));
        }
        if response.clicked() {
            let add = ui.input(|i| i.modifiers.shift);
            let query = toggle_sort(query, &schema.name, add);
            self.ctx.send(Command::SetTableQuery { version: self.version.id, query });
            self.ctx.send(Command::FocusColumn(Some(schema.name.clone())));
        }
        if (response.dragged() || response.drag_stopped())
            && let Some(pointer) = response.interact_pointer_pos()
        {
            ui.set_cursor_icon(CursorIcon::Grabbing);
            self.dragged = Some(Dragged { column, x: pointer.x, dropped: response.drag_stopped() });
        }
        let hint = "Click sorts, Shift+click adds a key, dragging moves the column, a right click shows more";
        let response = response.on_hover_text(format!("{label}\n{hint}"));
        icons::focus_ring(ui, self.ctx, &response);
        let subject = columns::Subject { version: self.version, table: self.table, layout: self.layout, schema };
        response.context_menu(|ui| columns::header_menu(ui, self.ctx, &subject));
        self.filter_button(ui, rect, at);
    }
}

impl VersionRows<'_, '_> {
    fn filter_button(&mut self, ui: &mut Ui, rect: Rect, column: usize) {
        let schema = &self.version.schema.columns[column];
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
        let profile = self.profile.and_then(|p| p.columns.get(column)).filter(|c| c.name == schema.name);
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
