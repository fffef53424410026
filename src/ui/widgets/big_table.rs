//! A virtual table for any number of rows, exact to the last one.
//!
//! egui's own tables place rows at `row as f32 * height`, which is off by pixels above 800,000 rows. Here the position
//! is a `u64` row and a fraction of it; pixels are only ever counted from the top of the window. Cells are painted, not
//! laid out as widgets, so that a full 4K screen of them costs a millisecond or two. Only header cells are widgets;
//! the body is one widget with a cursor, whose name tells a screen reader the cell it is on.

use egui::{
    Color32, CursorIcon, Event, EventFilter, FontId, Key, Painter, Rect, Response, Sense, Stroke, Ui, UiBuilder, Vec2,
    WidgetInfo, pos2,
    text::{LayoutJob, TextFormat, TextWrapping},
    vec2,
};

use crate::ui::ctx::UiCtx;
use crate::ui::theme::tokens::{size, space};

const BAR: f32 = 10.0;
const MIN_WIDTH: f32 = 48.0;

/// One cell as it is drawn.
pub enum Cell<'a> {
    Text(&'a str),
    Missing,
    /// Not read yet.
    Loading,
}

/// What the table shows. Rows are positions in the result, columns count from 0 without the row number.
pub trait Rows {
    fn n_rows(&self) -> u64;
    fn n_columns(&self) -> usize;
    fn name(&self, column: usize) -> &str;
    /// Numbers stand right-aligned.
    fn is_number(&self, column: usize) -> bool;
    fn cell(&self, row: u64, column: usize) -> Cell<'_>;
    /// What the row number column shows; `None` while it is not known.
    fn row_label(&self, row: u64) -> Option<String>;
    /// Drawn with a background that sets it apart.
    fn is_marked(&self, row: u64) -> bool;
    /// Draws a header cell into all of `ui`.
    fn header_ui(&mut self, ui: &mut Ui, column: usize);
}

/// Where the table stands. One per table; kept by the page.
#[derive(Clone, Debug)]
pub struct BigTable {
    /// The row at the top, and how much of it is scrolled out (0 to 1).
    first: u64,
    part: f64,
    left: f32,
    widths: Vec<f32>,
    cursor: Option<(u64, usize)>,
    /// The other corner of the selection.
    anchor: Option<(u64, usize)>,
    pub row_height: f32,
    pub header_height: f32,
}

impl Default for BigTable {
    fn default() -> Self {
        Self {
            first: 0,
            part: 0.0,
            left: 0.0,
            widths: Vec::new(),
            cursor: None,
            anchor: None,
            row_height: space::ROW,
            header_height: space::ROW,
        }
    }
}

/// What happened in a frame.
#[derive(Clone, Debug, Default)]
pub struct TableOutput {
    /// First row and number of rows on the screen.
    pub shown: (u64, u64),
    /// The cursor moved here.
    pub moved_to: Option<(u64, usize)>,
    /// Ctrl+C: the selection as TSV.
    pub copied: Option<String>,
    /// The cell under a right click.
    pub body: Option<Response>,
}

/// The body and bars of one frame, in points.
struct Geometry {
    corner: Rect,
    header: Rect,
    numbers: Rect,
    body: Rect,
    bar: Rect,
    bottom: Rect,
    content_width: f32,
    fit: u64,
}

impl BigTable {
    pub fn new(header_height: f32, widths: Vec<f32>) -> Self {
        Self { header_height, widths, ..Self::default() }
    }

    pub fn cursor(&self) -> Option<(u64, usize)> {
        self.cursor
    }

    /// Puts a row near the top and the cursor on it.
    pub fn go_to(&mut self, row: u64) {
        self.first = row.saturating_sub(3);
        self.part = 0.0;
        let column = self.cursor.map_or(0, |(_, c)| c);
        self.cursor = Some((row, column));
        self.anchor = self.cursor;
    }

    /// Back to the top: the rows are others now.
    pub fn reset(&mut self) {
        self.first = 0;
        self.part = 0.0;
        self.cursor = None;
        self.anchor = None;
    }

    pub fn show(&mut self, ui: &mut Ui, ctx: &UiCtx<'_>, name: &str, rows: &mut dyn Rows) -> TableOutput {
        self.widths.resize(rows.n_columns(), 120.0);
        let full = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(full);
        let geometry = self.geometry(full, rows.n_rows());
        let mut output = TableOutput::default();

        let painter = ui.painter_at(full);
        painter.rect_filled(full, 0.0, ctx.tokens.surface);
        self.wheel(ui, full);
        let body = self.body_input(ui, &geometry, name, rows, &mut output);
        self.scroll_bars(ui, ctx, &geometry, rows.n_rows());
        self.clamp(&geometry, rows.n_rows());

        let shown = (geometry.fit + 2).min(rows.n_rows().saturating_sub(self.first));
        output.shown = (self.first, shown);
        self.paint_body(&painter.with_clip_rect(geometry.body), ctx, &geometry, rows, shown, body.has_focus());
        self.paint_numbers(&painter.with_clip_rect(geometry.numbers), ctx, &geometry, rows, shown);
        self.headers(ui, ctx, &geometry, rows);
        painter.rect_filled(geometry.corner, 0.0, ctx.tokens.surface);
        let line = Stroke::new(1.0, ctx.tokens.line);
        painter.hline(full.x_range(), geometry.header.bottom(), line);
        painter.vline(geometry.numbers.right(), full.y_range(), line);
        output.body = Some(body);
        output
    }

    fn geometry(&self, full: Rect, n_rows: u64) -> Geometry {
        let digits = n_rows.max(1).to_string().len() as f32;
        let numbers_width = (digits * 7.0 + digits / 3.0 * 4.0 + 20.0).max(44.0);
        let content_width: f32 = self.widths.iter().sum();
        let has_bottom = content_width > full.width() - numbers_width - BAR;
        let bottom_height = if has_bottom { BAR } else { 0.0 };
        let top = full.top() + self.header_height;
        let right = full.right() - BAR;
        let left = full.left() + numbers_width;
        let low = full.bottom() - bottom_height;
        let body = Rect::from_min_max(pos2(left, top), pos2(right, low.max(top)));
        Geometry {
            corner: Rect::from_min_max(full.min, pos2(left, top)),
            header: Rect::from_min_max(pos2(left, full.top()), pos2(right, top)),
            numbers: Rect::from_min_max(pos2(full.left(), top), pos2(left, body.bottom())),
            bar: Rect::from_min_max(pos2(right, top), pos2(full.right(), body.bottom())),
            bottom: Rect::from_min_max(pos2(left, body.bottom()), pos2(right, full.bottom())),
            fit: (body.height() / self.row_height).floor().max(1.0) as u64,
            content_width,
            body,
        }
    }

    fn wheel(&mut self, ui: &Ui, full: Rect) {
        if !ui.rect_contains_pointer(full) {
            return;
        }
        let delta: Vec2 = ui.input(|i| i.smooth_scroll_delta());
        if delta != Vec2::ZERO {
            self.scroll_rows(-f64::from(delta.y) / f64::from(self.row_height));
            self.left -= delta.x;
        }
    }

    fn scroll_rows(&mut self, rows: f64) {
        let at = self.part + rows;
        let whole = at.floor();
        self.part = at - whole;
        if whole < 0.0 && (-whole) as u64 > self.first {
            self.first = 0;
            self.part = 0.0;
        } else {
            self.first = self.first.saturating_add_signed(whole as i64);
        }
    }

    fn clamp(&mut self, geometry: &Geometry, n_rows: u64) {
        let last = n_rows.saturating_sub(geometry.fit);
        if self.first >= last {
            self.first = last;
            self.part = 0.0;
        }
        let most = (geometry.content_width - geometry.body.width()).max(0.0);
        self.left = self.left.clamp(0.0, most);
    }

    /// Clicks, drags and keys on the cells.
    fn body_input(
        &mut self,
        ui: &Ui,
        geometry: &Geometry,
        name: &str,
        rows: &dyn Rows,
        output: &mut TableOutput,
    ) -> Response {
        let id = ui.scope_id().with("cells");
        let response = ui.interact(geometry.body, id, Sense::click_and_drag());
        let before = self.cursor;
        if (response.is_pointer_button_down_on() || response.clicked() || response.secondary_clicked())
            && let Some(at) = response.interact_pointer_pos()
            && let Some(cell) = self.cell_at(geometry, at, rows)
        {
            response.request_focus();
            let (extend, fresh) = ui.input(|i| (i.modifiers.shift, i.pointer.any_pressed()));
            let inside =
                self.selection().is_some_and(|(a, b)| (a.0..=b.0).contains(&cell.0) && (a.1..=b.1).contains(&cell.1));
            let keep = response.secondary_clicked() && inside;
            if !keep {
                self.cursor = Some(cell);
                if fresh && !extend {
                    self.anchor = Some(cell);
                }
            }
        }
        if response.has_focus() {
            let filter = EventFilter { vertical_arrows: true, horizontal_arrows: true, ..EventFilter::default() };
            ui.memory_mut(|m| m.set_focus_lock_filter(id, filter));
            self.keys(ui, geometry, rows);
            if ui.input(|i| i.events.iter().any(|e| matches!(e, Event::Copy))) {
                output.copied = Some(self.selection_as_tsv(rows));
            }
        }
        if self.cursor != before {
            output.moved_to = self.cursor;
        }
        let label = self.label(name, rows);
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Table, true, &label));
        response
    }

    fn cell_at(&self, geometry: &Geometry, at: egui::Pos2, rows: &dyn Rows) -> Option<(u64, usize)> {
        let down = f64::from((at.y - geometry.body.top()).max(0.0) / self.row_height) + self.part;
        let row = self.first + down.floor() as u64;
        if row >= rows.n_rows() {
            return None;
        }
        let mut x = geometry.body.left() - self.left;
        for (column, width) in self.widths.iter().enumerate() {
            if at.x >= x && at.x < x + width {
                return Some((row, column));
            }
            x += width;
        }
        None
    }

    fn keys(&mut self, ui: &Ui, geometry: &Geometry, rows: &dyn Rows) {
        let (n_rows, n_columns) = (rows.n_rows(), rows.n_columns());
        if n_rows == 0 || n_columns == 0 {
            return;
        }
        let (mut row, mut column) = self.cursor.unwrap_or((self.first, 0));
        let page = geometry.fit.saturating_sub(1).max(1);
        let mut moved = false;
        for (key, n) in ui.input(pressed) {
            moved = true;
            match key {
                Key::ArrowDown => row = row.saturating_add(n),
                Key::ArrowUp => row = row.saturating_sub(n),
                Key::PageDown => row = row.saturating_add(page * n),
                Key::PageUp => row = row.saturating_sub(page * n),
                Key::Home => row = 0,
                Key::End => row = n_rows - 1,
                Key::ArrowRight => column = (column + n as usize).min(n_columns - 1),
                Key::ArrowLeft => column = column.saturating_sub(n as usize),
                _ => moved = false,
            }
        }
        if !moved {
            return;
        }
        self.cursor = Some((row.min(n_rows - 1), column));
        if !ui.input(|i| i.modifiers.shift) {
            self.anchor = self.cursor;
        }
        self.reveal(geometry);
    }

    /// Scrolls just as far as the cursor needs.
    fn reveal(&mut self, geometry: &Geometry) {
        let Some((row, column)) = self.cursor else { return };
        if row < self.first || (row == self.first && self.part > 0.0) {
            self.first = row;
            self.part = 0.0;
        } else if row >= self.first + geometry.fit {
            self.first = row + 1 - geometry.fit;
            self.part = 0.0;
        }
        let start: f32 = self.widths.iter().take(column).sum();
        let end = start + self.widths.get(column).copied().unwrap_or_default();
        if start < self.left {
            self.left = start;
        } else if end > self.left + geometry.body.width() {
            self.left = end - geometry.body.width();
        }
    }

    fn label(&self, name: &str, rows: &dyn Rows) -> String {
        let Some((row, column)) =
            self.cursor.filter(|(row, column)| *row < rows.n_rows() && *column < rows.n_columns())
        else {
            return format!("{name}, {} rows", rows.n_rows());
        };
        let value = match rows.cell(row, column) {
            Cell::Text(text) => text.to_owned(),
            Cell::Missing => "missing".to_owned(),
            Cell::Loading => "loading".to_owned(),
        };
        let row = rows.row_label(row).unwrap_or_default();
        format!("{name}, row {row}, {}: {value}", rows.name(column))
    }

    /// Top left and bottom right of what is selected.
    fn selection(&self) -> Option<((u64, usize), (u64, usize))> {
        let (a, b) = (self.cursor?, self.anchor.or(self.cursor)?);
        Some(((a.0.min(b.0), a.1.min(b.1)), (a.0.max(b.0), a.1.max(b.1))))
    }

    /// Tab-separated, as spreadsheets paste it. Several columns come with their names. At most 10,000 rows.
    pub fn selection_as_tsv(&self, rows: &dyn Rows) -> String {
        let Some((from, to)) = self.selection() else { return String::new() };
        let columns = from.1..=to.1.min(rows.n_columns().saturating_sub(1));
        let mut lines = Vec::new();
        if from != to {
            lines.push(columns.clone().map(|c| rows.name(c).to_owned()).collect::<Vec<_>>().join("\t"));
        }
        for row in (from.0..=to.0).take(10_000) {
            lines.push(columns.clone().map(|c| one_line(&rows.cell(row, c))).collect::<Vec<_>>().join("\t"));
        }
        lines.join("\n")
    }

    /// The cursor's whole row as TSV, with the names above.
    pub fn row_as_tsv(&self, rows: &dyn Rows) -> String {
        let Some((row, _)) = self.cursor else { return String::new() };
        let all = 0..rows.n_columns();
        let names = all.clone().map(|c| rows.name(c).to_owned()).collect::<Vec<_>>().join("\t");
        let cells = all.map(|c| one_line(&rows.cell(row, c))).collect::<Vec<_>>().join("\t");
        format!("{names}\n{cells}")
    }

    fn scroll_bars(&mut self, ui: &Ui, ctx: &UiCtx<'_>, geometry: &Geometry, n_rows: u64) {
        let fit = geometry.fit;
        let last = n_rows.saturating_sub(fit);
        if last > 0 {
            let id = ui.scope_id().with("rows");
            let response = ui.interact(geometry.bar, id, Sense::click_and_drag());
            let length =
                (geometry.bar.height() * (fit as f64 / n_rows as f64) as f32).clamp(28.0, geometry.bar.height());
            let span = f64::from((geometry.bar.height() - length).max(1.0));
            if let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked()) {
                let share = (f64::from(at.y - geometry.bar.top() - length / 2.0) / span).clamp(0.0, 1.0);
                self.first = (share * last as f64).round() as u64;
                self.part = 0.0;
            }
            response.widget_info(|| WidgetInfo::slider(true, self.first as f64, "Rows"));
            let top = geometry.bar.top() + (span * (self.first.min(last) as f64 / last as f64)) as f32;
            let thumb = Rect::from_min_size(pos2(geometry.bar.left(), top), vec2(BAR, length));
            paint_thumb(ui.painter(), ctx, geometry.bar, thumb, &response);
        }
        let most = geometry.content_width - geometry.body.width();
        if most > 0.0 && geometry.bottom.height() > 0.0 {
            let id = ui.scope_id().with("columns");
            let response = ui.interact(geometry.bottom, id, Sense::click_and_drag());
            let width = geometry.bottom.width();
            let length = (width * geometry.body.width() / geometry.content_width).clamp(28.0, width);
            if let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked()) {
                let share = (at.x - geometry.bottom.left() - length / 2.0) / (width - length).max(1.0);
                self.left = share.clamp(0.0, 1.0) * most;
            }
            response.widget_info(|| WidgetInfo::slider(true, f64::from(self.left), "Columns"));
            let left = geometry.bottom.left() + (width - length) * (self.left / most).clamp(0.0, 1.0);
            let thumb = Rect::from_min_size(pos2(left, geometry.bottom.top()), vec2(length, BAR));
            paint_thumb(ui.painter(), ctx, geometry.bottom, thumb, &response);
        }
    }

    fn paint_body(
        &self,
        painter: &Painter,
        ctx: &UiCtx<'_>,
        geometry: &Geometry,
        rows: &dyn Rows,
        shown: u64,
        focused: bool,
    ) {
        let tokens = ctx.tokens;
        let selection = self.selection();
        let faint = tokens.tint(tokens.line, 0.55);
        for i in 0..shown {
            let row = self.first + i;
            let y = self.row_top(geometry, i);
            let line = Rect::from_min_size(pos2(geometry.body.left(), y), vec2(geometry.body.width(), self.row_height));
            if rows.is_marked(row) {
                painter.rect_filled(line, 0.0, tokens.tint(tokens.warn, 0.16));
            }
            painter.hline(line.x_range(), line.bottom(), Stroke::new(1.0, faint));
            let mut x = geometry.body.left() - self.left;
            for column in 0..rows.n_columns() {
                let width = self.widths[column];
                let cell = Rect::from_min_size(pos2(x, y), vec2(width, self.row_height));
                x += width;
                if cell.right() < geometry.body.left() {
                    continue;
                }
                if cell.left() > geometry.body.right() {
                    break;
                }
                let chosen =
                    selection.is_some_and(|(a, b)| (a.0..=b.0).contains(&row) && (a.1..=b.1).contains(&column));
                if chosen {
                    painter.rect_filled(cell, 0.0, tokens.selected);
                }
                if self.cursor == Some((row, column)) {
                    let color = if focused { tokens.accent } else { tokens.line };
                    painter.rect_stroke(cell, 0.0, Stroke::new(1.5, color), egui::StrokeKind::Inside);
                }
                paint_cell(painter, ctx, cell, &rows.cell(row, column), rows.is_number(column));
            }
        }
    }

    fn paint_numbers(&self, painter: &Painter, ctx: &UiCtx<'_>, geometry: &Geometry, rows: &dyn Rows, shown: u64) {
        painter.rect_filled(geometry.numbers, 0.0, ctx.tokens.surface);
        let here = self.cursor.map(|(row, _)| row);
        for i in 0..shown {
            let row = self.first + i;
            let Some(text) = rows.row_label(row) else { continue };
            let y = self.row_top(geometry, i) + self.row_height / 2.0;
            let color = if here == Some(row) { ctx.tokens.text } else { ctx.tokens.text_weak };
            let at = pos2(geometry.numbers.right() - space::S, y);
            painter.text(at, egui::Align2::RIGHT_CENTER, text, FontId::proportional(size::DATA), color);
        }
    }

    fn row_top(&self, geometry: &Geometry, i: u64) -> f32 {
        geometry.body.top() + ((i as f64 - self.part) * f64::from(self.row_height)) as f32
    }

    fn headers(&mut self, ui: &mut Ui, ctx: &UiCtx<'_>, geometry: &Geometry, rows: &mut dyn Rows) {
        let mut x = geometry.header.left() - self.left;
        let pixel = Stroke::new(1.0, ctx.tokens.tint(ctx.tokens.line, 0.55));
        for column in 0..rows.n_columns() {
            let width = self.widths[column];
            let cell = Rect::from_min_size(pos2(x, geometry.header.top()), vec2(width, self.header_height));
            x += width;
            if cell.right() < geometry.header.left() || cell.left() > geometry.header.right() {
                continue;
            }
            let mut child = ui.new_child(UiBuilder::new().id_salt(("header", column)).max_rect(cell));
            child.set_clip_rect(geometry.header.intersect(cell).intersect(ui.clip_rect()));
            rows.header_ui(&mut child, column);
            ui.painter().with_clip_rect(geometry.header).vline(cell.right() - 0.5, cell.y_range(), pixel);
            self.resize(ui, ctx, geometry, cell, column, rows);
        }
    }

    /// The right edge of a header: drag to resize, double click to fit what is shown.
    fn resize(&mut self, ui: &Ui, ctx: &UiCtx<'_>, geometry: &Geometry, cell: Rect, column: usize, rows: &dyn Rows) {
        let edge = Rect::from_center_size(pos2(cell.right(), cell.center().y), vec2(7.0, cell.height()));
        if !geometry.header.contains(edge.center()) {
            return;
        }
        let response = ui.interact(edge, ui.scope_id().with(("resize", column)), Sense::click_and_drag());
        if response.hovered() || response.dragged() {
            ui.set_cursor_icon(CursorIcon::ResizeColumn);
            ui.painter().vline(cell.right(), cell.y_range(), Stroke::new(2.0, ctx.tokens.accent));
        }
        if response.dragged() {
            self.widths[column] = (self.widths[column] + response.drag_delta().x).max(MIN_WIDTH);
        }
        if response.double_clicked() {
            self.widths[column] = self.fitting_width(ui.painter(), geometry, column, rows);
        }
    }

    fn fitting_width(&self, painter: &Painter, geometry: &Geometry, column: usize, rows: &dyn Rows) -> f32 {
        let font = FontId::proportional(size::DATA);
        let width = |text: &str| painter.layout_no_wrap(text.to_owned(), font.clone(), Color32::PLACEHOLDER).size().x;
        let mut most = width(rows.name(column)) + 64.0;
        for row in self.first..(self.first + geometry.fit).min(rows.n_rows()) {
            if let Cell::Text(text) = rows.cell(row, column) {
                most = most.max(width(text) + 2.0 * space::S + 2.0);
            }
        }
        most.clamp(MIN_WIDTH, 480.0)
    }
}

fn pressed(input: &egui::InputState) -> Vec<(Key, u64)> {
    let keys = [
        Key::ArrowDown,
        Key::ArrowUp,
        Key::ArrowLeft,
        Key::ArrowRight,
        Key::PageDown,
        Key::PageUp,
        Key::Home,
        Key::End,
    ];
    keys.into_iter().map(|k| (k, input.num_presses(k) as u64)).filter(|(_, n)| *n > 0).collect()
}

fn one_line(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Text(text) => text.replace(['\t', '\n', '\r'], " "),
        Cell::Missing | Cell::Loading => String::new(),
    }
}

fn paint_thumb(painter: &Painter, ctx: &UiCtx<'_>, track: Rect, thumb: Rect, response: &Response) {
    let tokens = ctx.tokens;
    painter.rect_filled(track, 0.0, tokens.surface);
    let strong = response.hovered() || response.dragged() || response.has_focus();
    let color = if strong { tokens.text_weak } else { tokens.tint(tokens.text_weak, 0.45) };
    painter.rect_filled(thumb.shrink(2.0), 3.0, color);
}

fn paint_cell(painter: &Painter, ctx: &UiCtx<'_>, rect: Rect, cell: &Cell<'_>, number: bool) {
    let tokens = ctx.tokens;
    let inner = rect.shrink2(vec2(space::S, 0.0));
    match cell {
        Cell::Text(text) => {
            let galley = painter.layout_job(one_line_job(text, tokens.text, inner.width()));
            let x = if number { inner.right() - galley.size().x } else { inner.left() };
            painter.galley(pos2(x, inner.center().y - galley.size().y / 2.0), galley, tokens.text);
        }
        Cell::Missing => {
            // A hatched pill: clearly neither empty text nor a dash somebody typed.
            let width = 16.0_f32.min(inner.width());
            let left = if number { inner.right() - width } else { inner.left() };
            let pill = Rect::from_min_size(pos2(left, inner.center().y - 4.0), vec2(width, 8.0));
            painter.rect_stroke(
                pill,
                4.0,
                Stroke::new(1.0, tokens.tint(tokens.text_weak, 0.55)),
                egui::StrokeKind::Inside,
            );
        }
        Cell::Loading => {
            let bar = Rect::from_center_size(inner.center(), vec2(inner.width() * 0.7, 8.0));
            painter.rect_filled(bar, 3.0, tokens.hover);
        }
    }
}

/// One line, cut with an ellipsis. Very long cells are cut before they are laid out.
fn one_line_job(text: &str, color: Color32, width: f32) -> LayoutJob {
    let most = (width / 3.0) as usize + 8;
    let end = text.char_indices().nth(most).map_or(text.len(), |(i, _)| i);
    let format = TextFormat::simple(FontId::proportional(size::DATA), color);
    let mut job = LayoutJob::single_section(text[..end].replace(['\n', '\r'], "↵"), format);
    job.wrap = TextWrapping::truncate_at_width(width.max(1.0));
    job
}
