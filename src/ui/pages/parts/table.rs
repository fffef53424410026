//! A small table: sticky header, sortable, rows 24 high, only visible rows drawn. For lists of hundreds; the data grid
//! has its own widget.

use egui::{Align, Align2, Layout, Rect, Response, RichText, Role, ScrollArea, Sense, Stroke, TextStyle, TextWrapMode};
use egui::{Ui, UiBuilder, WidgetInfo, WidgetText, pos2, vec2};

use crate::ui::ctx::UiCtx;
use crate::ui::theme::icons::{self, Icon, focus_ring};
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::Tone;

pub struct Column {
    pub title: String,
    pub width: f32,
    pub right: bool,
    /// Takes a share of the room that is left.
    pub grows: bool,
    /// Tooltip of the header; empty for none.
    pub help: String,
    pub sortable: bool,
    /// `Some(descending)` when the table is sorted by this column.
    pub sorted: Option<bool>,
}

impl Column {
    pub fn new(title: impl Into<String>, width: f32) -> Self {
        Self {
            title: title.into(),
            width,
            right: false,
            grows: false,
            help: String::new(),
            sortable: false,
            sorted: None,
        }
    }

    pub fn right(mut self) -> Self {
        self.right = true;
        self
    }

    pub fn grows(mut self) -> Self {
        self.grows = true;
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Text(String),
    /// Secondary.
    Weak(String),
    /// Emphasised, with a star: the best of its kind.
    Best(String),
    /// Icon, word and colour.
    Tone(Tone, String),
    /// With an icon before it.
    Icon(Icon, String),
    /// A box to tick, with its accessible name.
    Check(bool, String),
}

impl Cell {
    fn words(&self) -> &str {
        match self {
            Self::Text(t) | Self::Weak(t) | Self::Best(t) | Self::Tone(_, t) | Self::Icon(_, t) => t,
            Self::Check(..) => "",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Header(usize),
    Row(usize),
    /// Double click or Enter twice: open.
    Open(usize),
    Check(usize),
}

/// The rows of a table, made when they are drawn.
pub trait Rows {
    fn count(&self) -> usize;
    fn cells(&self, row: usize) -> Vec<Cell>;
    fn selected(&self, row: usize) -> bool;
    /// The row to bring into view now.
    fn reveal(&self) -> Option<usize> {
        None
    }
    /// The right-click menu of a row.
    fn menu(&self, _row: usize, _ui: &mut Ui, _ctx: &UiCtx) {}
}

/// Draws the table in the room that is left, at most `max_height` high.
pub fn table_ui(
    ui: &mut Ui,
    ctx: &UiCtx,
    id: &str,
    columns: &[Column],
    rows: &dyn Rows,
    max_height: f32,
) -> Option<Event> {
    let mut event = None;
    let bar = ui.spacing().scroll.allocated_width();
    let widths = widths(columns, ui.available_width() - bar);
    let total: f32 = widths.iter().sum();
    ScrollArea::horizontal().id_salt((id, "across")).auto_shrink([false, true]).show(ui, |ui| {
        ui.set_min_width(total);
        ui.spacing_mut().item_spacing.y = 0.0;
        if let Some(at) = header_ui(ui, ctx, columns, &widths) {
            event = Some(Event::Header(at));
        }
        // A page that scrolls itself offers no height: then the table asks for what its rows need.
        let body = (max_height - space::ROW).max(space::ROW);
        let wanted = body.min(rows.count() as f32 * space::ROW);
        ScrollArea::vertical()
            .id_salt((id, "down"))
            .max_height(body)
            .min_scrolled_height(wanted)
            .auto_shrink([false, true])
            .show_rows(ui, space::ROW, rows.count(), |ui, range| {
                reveal(ui, space::ROW, range.start, rows.reveal());
                for row in range {
                    if let Some(happened) = row_ui(ui, ctx, columns, &widths, rows, row) {
                        event = Some(happened);
                    }
                }
            });
    });
    event
}

/// Inside of `show_rows`, before its rows: scrolls just so far that the row is seen.
pub fn reveal(ui: &Ui, height: f32, first: usize, row: Option<usize>) {
    if let Some(row) = row {
        let top = ui.max_rect().top() + (row as f32 - first as f32) * height;
        ui.scroll_to_rect(Rect::from_x_y_ranges(ui.max_rect().x_range(), top..=top + height), None);
    }
}

fn widths(columns: &[Column], room: f32) -> Vec<f32> {
    let fixed: f32 = columns.iter().map(|c| c.width).sum();
    let growing = columns.iter().filter(|c| c.grows).count().max(1) as f32;
    let extra = ((room - fixed) / growing).max(0.0).floor();
    columns.iter().map(|c| if c.grows { c.width + extra } else { c.width }).collect()
}

fn header_ui(ui: &mut Ui, ctx: &UiCtx, columns: &[Column], widths: &[f32]) -> Option<usize> {
    let total: f32 = widths.iter().sum();
    let (line, _) = ui.allocate_exact_size(vec2(total, space::ROW), Sense::hover());
    ui.painter().hline(line.x_range(), line.bottom() - 0.5, Stroke::new(1.0, ctx.tokens.line));
    let (mut x, mut clicked) = (line.left(), None);
    for (at, (column, width)) in columns.iter().zip(widths).enumerate() {
        let rect = Rect::from_min_size(pos2(x, line.top()), vec2(*width, space::ROW));
        x += width;
        let sense = if column.sortable { Sense::click() } else { Sense::hover() };
        let response = ui.interact(rect, ui.scope_id().with(("header", at)), sense);
        paint_header(ui, ctx, column, rect, &response);
        if column.sortable {
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, sort_name(column)));
        }
        if response.clicked() {
            clicked = Some(at);
        }
        if !column.help.is_empty() {
            response.on_hover_text(&column.help);
        }
    }
    clicked
}

fn sort_name(column: &Column) -> String {
    let now = match column.sorted {
        Some(true) => ", sorted descending",
        Some(false) => ", sorted ascending",
        None => "",
    };
    format!("Sort by {}{now}", column.title)
}

fn paint_header(ui: &Ui, ctx: &UiCtx, column: &Column, rect: Rect, response: &Response) {
    let lit = column.sortable && response.hovered();
    if lit {
        ui.painter().rect_filled(rect, 3.0, ctx.tokens.hover);
    }
    focus_ring(ui, ctx, response);
    let color = if lit || column.sorted.is_some() { ctx.tokens.text } else { ctx.tokens.text_weak };
    let inner = rect.shrink2(vec2(space::S - 2.0, 0.0));
    let arrow = if column.sorted.is_some() { 12.0 } else { 0.0 };
    let galley = galley(ui, &column.title, color, inner.width() - arrow);
    let text_width = galley.size().x;
    let left = if column.right { inner.right() - text_width - arrow } else { inner.left() };
    ui.painter().galley(pos2(left, rect.center().y - galley.size().y / 2.0), galley, color);
    if let Some(descending) = column.sorted {
        let at = Rect::from_center_size(pos2(left + text_width + 7.0, rect.center().y), vec2(10.0, 10.0));
        icons::paint(ui.painter(), if descending { Icon::SortDown } else { Icon::SortUp }, at, ctx.tokens.accent);
    }
}

fn row_ui(ui: &mut Ui, ctx: &UiCtx, columns: &[Column], widths: &[f32], rows: &dyn Rows, row: usize) -> Option<Event> {
    let total: f32 = widths.iter().sum();
    let (line, response) = ui.allocate_exact_size(vec2(total, space::ROW), Sense::click());
    let (cells, selected) = (rows.cells(row), rows.selected(row));
    let words: Vec<&str> = cells.iter().map(Cell::words).filter(|w| !w.is_empty()).collect();
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, words.join(", ")));
    if selected {
        ui.painter().rect_filled(line, 3.0, ctx.tokens.selected);
    } else if response.hovered() {
        ui.painter().rect_filled(line, 3.0, ctx.tokens.hover);
    }
    focus_ring(ui, ctx, &response);
    let mut event = None;
    let mut x = line.left();
    for ((cell, column), width) in cells.iter().zip(columns).zip(widths) {
        let rect = Rect::from_min_size(pos2(x, line.top()), vec2(*width, space::ROW));
        x += width;
        if cell_ui(ui, ctx, cell, column, rect, &response) {
            event = Some(Event::Check(row));
        }
    }
    response.context_menu(|ui| rows.menu(row, ui, ctx));
    if response.double_clicked() {
        event = Some(Event::Open(row));
    } else if response.clicked() {
        event = Some(Event::Row(row));
    }
    event
}

/// True when a box was ticked.
fn cell_ui(ui: &mut Ui, ctx: &UiCtx, cell: &Cell, column: &Column, rect: Rect, row: &Response) -> bool {
    let inner = rect.shrink2(vec2(space::S - 2.0, 0.0));
    let (icon, text, color) = match cell {
        Cell::Check(on, name) => {
            let mut value = *on;
            let mut child = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center)));
            return child.checkbox(&mut value, "").accessible_name(name).clicked();
        }
        Cell::Text(text) => (None, text, ctx.tokens.text),
        Cell::Weak(text) => (None, text, ctx.tokens.text_weak),
        Cell::Best(text) => (Some((Icon::Star, ctx.tokens.ok)), text, ctx.tokens.ok),
        Cell::Tone(tone, text) => (Some((tone.icon(), tone.color(ctx.tokens))), text, tone.color(ctx.tokens)),
        Cell::Icon(icon, text) => (Some((*icon, ctx.tokens.text_weak)), text, ctx.tokens.text),
    };
    let icon_room = if icon.is_some() { 17.0 } else { 0.0 };
    let galley = galley(ui, text, color, inner.width() - icon_room);
    let cut = galley.elided;
    let width = galley.size().x + icon_room;
    let left = if column.right { inner.right() - width } else { inner.left() };
    if let Some((icon, color)) = icon {
        let at = Align2::LEFT_CENTER.anchor_size(pos2(left, rect.center().y), vec2(12.0, 12.0));
        icons::paint(ui.painter(), icon, at, color);
    }
    ui.painter().galley(pos2(left + icon_room, rect.center().y - galley.size().y / 2.0), galley, color);
    if cut && row.hovered() && ui.rect_contains_pointer(rect) {
        row.clone().on_hover_text(text);
    }
    false
}

fn galley(ui: &Ui, text: &str, color: egui::Color32, width: f32) -> std::sync::Arc<egui::Galley> {
    let text = WidgetText::from(RichText::new(text).size(size::DATA).color(color));
    text.into_galley(ui, Some(TextWrapMode::Truncate), width.max(8.0), TextStyle::Body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growing_columns_share_the_room_that_is_left() {
        let columns = [Column::new("a", 100.0), Column::new("b", 50.0).grows(), Column::new("c", 50.0).grows()];
        assert_eq!(widths(&columns, 300.0), [100.0, 100.0, 100.0]);
        assert_eq!(widths(&columns, 100.0), [100.0, 50.0, 50.0]);
    }
}
