//! A virtual table for any number of rows and columns, exact to the last one.
//!
//! egui's own tables place rows at `row as f32 * height`, which is off by pixels above 800,000 rows. Here the position
//! is a `u64` row and a fraction of it; pixels are only ever counted from the top of the window. Cells are painted, not
//! laid out as widgets, so that a full 4K screen of them costs a millisecond or two. Only header cells are widgets, and
//! only those on the screen; the body is one widget with a cursor, whose name tells a screen reader the cell it is on.

mod input;
mod paint;
mod place;

use std::ops::RangeInclusive;

use egui::{Rect, Response, Stroke, Ui, UiBuilder};

use crate::ui::ctx::UiCtx;
use crate::ui::theme::tokens::space;

use self::place::Geometry;

const BAR: f32 = 10.0;
const MIN_WIDTH: f32 = 48.0;

/// One cell as it is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    Text(&'a str),
    Missing,
    /// Not read yet.
    Loading,
}

/// What the table shows. Rows are positions in the result, columns count from the left as they are shown, without the
/// row number.
pub trait Rows {
    fn n_rows(&self) -> u64;
    fn n_columns(&self) -> usize;
    /// Columns at the left that do not scroll.
    fn n_pinned(&self) -> usize;
    /// What a column is, wherever it is shown: its width goes with it.
    fn id(&self, column: usize) -> usize;
    fn name(&self, column: usize) -> &str;
    /// Numbers stand right-aligned.
    fn is_number(&self, column: usize) -> bool;
    fn cell(&self, row: u64, column: usize) -> Cell<'_>;
    /// What the row number column shows; `None` while it is not known.
    fn row_label(&self, row: u64) -> Option<String>;
    /// Drawn with a background that sets it apart.
    fn is_marked(&self, row: u64) -> bool;
    /// The column of a marked row that it is marked for.
    fn marked_column(&self) -> Option<usize> {
        None
    }
    /// Text that is looked for, in lower case; marked in the cells.
    fn sought(&self) -> Option<&str>;
    /// Draws a header cell into all of `ui`.
    fn header_ui(&mut self, ui: &mut Ui, column: usize);
}

/// A rectangle of cells; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    pub rows: RangeInclusive<u64>,
    pub columns: RangeInclusive<usize>,
}

impl Selection {
    fn contains(&self, row: u64, column: usize) -> bool {
        self.rows.contains(&row) && self.columns.contains(&column)
    }

    /// How many cells.
    pub fn n_cells(&self) -> u64 {
        (self.rows.end() - self.rows.start() + 1).saturating_mul((self.columns.end() - self.columns.start() + 1) as u64)
    }
}

/// Where the table stands. One per table; kept by the page.
#[derive(Clone, Debug)]
pub struct BigTable {
    /// The row at the top, and how much of it is scrolled out (0 to 1).
    first: u64,
    part: f64,
    left: f32,
    /// By [`Rows::id`].
    widths: Vec<f32>,
    /// Where each column begins, as shown, and where the last one ends; made anew every frame.
    offsets: Vec<f32>,
    n_pinned: usize,
    cursor: Option<(u64, usize)>,
    /// The other corner of the selection.
    anchor: Option<(u64, usize)>,
    /// The cursor has to be brought into view when the places are known.
    reveal: bool,
    header: Rect,
    pub row_height: f32,
    pub header_height: f32,
}

/// What happened in a frame.
#[derive(Clone, Debug, Default)]
pub struct TableOutput {
    /// First row and number of rows on the screen.
    pub shown: (u64, u64),
    /// Columns on the screen.
    pub columns: Vec<usize>,
    /// The cursor moved here.
    pub moved_to: Option<(u64, usize)>,
    /// Ctrl+C; true with Shift: with the names.
    pub copy: Option<bool>,
    /// A cell was opened: Enter, F2 or a double click.
    pub opened: Option<(u64, usize)>,
    /// The cell widget, for a menu.
    pub body: Option<Response>,
    /// The cell under the pointer.
    pub hovered: Option<(u64, usize)>,
}

impl BigTable {
    /// `widths` by [`Rows::id`].
    pub fn new(header_height: f32, widths: Vec<f32>) -> Self {
        Self {
            first: 0,
            part: 0.0,
            left: 0.0,
            widths,
            offsets: vec![0.0],
            n_pinned: 0,
            cursor: None,
            anchor: None,
            reveal: false,
            header: Rect::NOTHING,
            row_height: space::ROW,
            header_height,
        }
    }

    pub fn cursor(&self) -> Option<(u64, usize)> {
        self.cursor
    }

    /// Puts a row near the top and the cursor on it, in a column if one is given.
    pub fn go_to(&mut self, row: u64, column: Option<usize>) {
        let shown = self.first..self.first + 3;
        let near = column.is_some() && shown.contains(&row);
        if !near {
            self.first = row.saturating_sub(3);
            self.part = 0.0;
        }
        let column = column.unwrap_or_else(|| self.cursor.map_or(0, |(_, c)| c));
        self.cursor = Some((row, column));
        self.anchor = self.cursor;
        self.reveal = true;
    }

    /// Back to the top: the rows are others now.
    pub fn reset(&mut self) {
        self.first = 0;
        self.part = 0.0;
        self.cursor = None;
        self.anchor = None;
    }

    /// What is selected: at least the cell of the cursor.
    pub fn selection(&self) -> Option<Selection> {
        let (a, b) = (self.cursor?, self.anchor.or(self.cursor)?);
        Some(Selection { rows: a.0.min(b.0)..=a.0.max(b.0), columns: a.1.min(b.1)..=a.1.max(b.1) })
    }

    /// Where the headers were drawn.
    pub fn header(&self) -> Rect {
        self.header
    }

    /// The column whose header lies under a pointer, for a header that is dropped there.
    pub fn column_at(&self, x: f32) -> Option<usize> {
        let column = self.column_under(x - self.header.left())?;
        self.header.x_range().contains(x).then_some(column)
    }

    pub fn show(&mut self, ui: &mut Ui, ctx: &UiCtx<'_>, name: &str, rows: &mut dyn Rows) -> TableOutput {
        let full = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(full);
        self.arrange(rows);
        let geometry = self.geometry(full, rows.n_rows());
        self.header = geometry.header;
        if std::mem::take(&mut self.reveal) {
            self.reveal_cursor(&geometry);
        }
        let mut output = TableOutput::default();

        let painter = ui.painter_at(full);
        painter.rect_filled(full, 0.0, ctx.tokens.surface);
        self.wheel(ui, full);
        let body = self.body_input(ui, &geometry, name, rows, &mut output);
        self.numbers_input(ui, &geometry, rows);
        self.scroll_bars(ui, ctx, &geometry, rows.n_rows());
        self.clamp(&geometry, rows.n_rows());

        let shown = (geometry.fit + 2).min(rows.n_rows().saturating_sub(self.first));
        let columns = self.columns_shown(&geometry);
        output.shown = (self.first, shown);
        output.columns = columns.iter().map(|c| c.index).collect();
        self.paint_body(&painter, ctx, &geometry, rows, (shown, &columns), body.has_focus());
        self.paint_numbers(&painter.with_clip_rect(geometry.numbers), ctx, &geometry, rows, shown);
        self.headers(ui, ctx, &geometry, rows, &columns);
        painter.rect_filled(geometry.corner, 0.0, ctx.tokens.surface);
        let line = Stroke::new(1.0, ctx.tokens.line);
        painter.hline(full.x_range(), geometry.header.bottom(), line);
        painter.vline(geometry.numbers.right(), full.y_range(), line);
        if self.n_pinned > 0 {
            painter.vline(
                geometry.scrolled.left(),
                full.top()..=geometry.body.bottom(),
                Stroke::new(2.0, ctx.tokens.line),
            );
        }
        output.body = Some(body);
        output
    }

    fn headers(
        &mut self,
        ui: &mut Ui,
        ctx: &UiCtx<'_>,
        geometry: &Geometry,
        rows: &mut dyn Rows,
        columns: &[place::Shown],
    ) {
        let pixel = Stroke::new(1.0, ctx.tokens.tint(ctx.tokens.line, 0.55));
        for column in columns {
            let clip = geometry.clip(column).with_min_y(geometry.header.top()).with_max_y(geometry.header.bottom());
            let cell = Rect::from_x_y_ranges(column.x, geometry.header.y_range());
            let id = rows.id(column.index);
            let mut child = ui.new_child(UiBuilder::new().id_salt(("header", id)).max_rect(cell));
            child.set_clip_rect(clip.intersect(cell).intersect(ui.clip_rect()));
            rows.header_ui(&mut child, column.index);
            ui.painter().with_clip_rect(clip).vline(cell.right() - 0.5, cell.y_range(), pixel);
            self.resize(ui, ctx, geometry, clip, cell, column.index, rows);
        }
    }
}
