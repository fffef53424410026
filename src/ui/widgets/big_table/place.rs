//! Where rows and columns lie on the screen.

use egui::{Rangef, Rect, pos2};

use super::{BAR, BigTable, Rows};

/// The body and bars of one frame, in points.
pub struct Geometry {
    pub corner: Rect,
    /// Above the body.
    pub header: Rect,
    pub numbers: Rect,
    /// All cells, pinned ones included.
    pub body: Rect,
    /// The part of the body that scrolls sideways.
    pub scrolled: Rect,
    pub bar: Rect,
    pub bottom: Rect,
    /// Width of the columns that scroll.
    pub content_width: f32,
    /// Whole rows on the screen.
    pub fit: u64,
}

impl Geometry {
    /// What of the body a column may paint on.
    pub fn clip(&self, column: &Shown) -> Rect {
        if column.pinned { self.body.with_max_x(self.scrolled.left()) } else { self.scrolled }
    }
}

/// A column on the screen.
pub struct Shown {
    pub index: usize,
    pub x: Rangef,
    pub pinned: bool,
}

impl BigTable {
    /// Adds up the widths of the columns as they are shown now.
    pub fn arrange(&mut self, rows: &dyn Rows) {
        self.offsets.clear();
        self.offsets.push(0.0);
        let mut x = 0.0;
        for column in 0..rows.n_columns() {
            let id = rows.id(column);
            if id >= self.widths.len() {
                self.widths.resize(id + 1, 120.0);
            }
            x += self.widths[id];
            self.offsets.push(x);
        }
        self.n_pinned = rows.n_pinned().min(rows.n_columns());
        let last = rows.n_columns().saturating_sub(1);
        for (_, column) in self.cursor.iter_mut().chain(&mut self.anchor) {
            *column = (*column).min(last);
        }
    }

    pub fn geometry(&self, full: Rect, n_rows: u64) -> Geometry {
        let digits = n_rows.max(1).to_string().len() as f32;
        let numbers_width = (digits * 7.0 + digits / 3.0 * 4.0 + 20.0).max(44.0);
        let all_width = self.offsets.last().copied().unwrap_or_default();
        let has_bottom = all_width > full.width() - numbers_width - BAR;
        let bottom_height = if has_bottom { BAR } else { 0.0 };
        let top = full.top() + self.header_height;
        let right = full.right() - BAR;
        let left = full.left() + numbers_width;
        let low = full.bottom() - bottom_height;
        let body = Rect::from_min_max(pos2(left, top), pos2(right.max(left), low.max(top)));
        let pinned_width = self.offsets[self.n_pinned];
        // Something must be left to scroll.
        let border = left + pinned_width.min(body.width() * 0.7);
        Geometry {
            corner: Rect::from_min_max(full.min, pos2(left, top)),
            header: Rect::from_min_max(pos2(left, full.top()), pos2(right, top)),
            numbers: Rect::from_min_max(pos2(full.left(), top), pos2(left, body.bottom())),
            bar: Rect::from_min_max(pos2(right, top), pos2(full.right(), body.bottom())),
            bottom: Rect::from_min_max(pos2(border, body.bottom()), pos2(right, full.bottom())),
            fit: (body.height() / self.row_height).floor().max(1.0) as u64,
            content_width: all_width - pinned_width,
            scrolled: body.with_min_x(border),
            body,
        }
    }

    /// The columns on the screen, those that scroll first.
    pub fn columns_shown(&self, geometry: &Geometry) -> Vec<Shown> {
        let n = self.offsets.len() - 1;
        let pinned_width = self.offsets[self.n_pinned];
        let from = pinned_width + self.left;
        let to = from + geometry.scrolled.width();
        let first = self.offsets.partition_point(|x| *x <= from).saturating_sub(1).max(self.n_pinned);
        let end = self.offsets.partition_point(|x| *x < to).min(n);
        let scrolled = (first..end).map(|index| {
            let x = geometry.scrolled.left() + self.offsets[index] - from;
            Shown { index, x: Rangef::new(x, x + self.width(index)), pinned: false }
        });
        let pinned = (0..self.n_pinned).map(|index| {
            let x = geometry.body.left() + self.offsets[index];
            Shown { index, x: Rangef::new(x, x + self.width(index)), pinned: true }
        });
        scrolled.chain(pinned.filter(|c| c.x.min < geometry.scrolled.left())).collect()
    }

    pub fn width(&self, column: usize) -> f32 {
        self.offsets[column + 1] - self.offsets[column]
    }

    /// The column at a distance from the left edge of the body.
    pub fn column_under(&self, x: f32) -> Option<usize> {
        let pinned_width = self.offsets[self.n_pinned];
        let x = if x < pinned_width { x } else { x + self.left };
        let column = self.offsets.partition_point(|start| *start <= x).checked_sub(1)?;
        (column + 1 < self.offsets.len()).then_some(column)
    }

    pub fn cell_at(&self, geometry: &Geometry, at: egui::Pos2, n_rows: u64) -> Option<(u64, usize)> {
        let row = self.row_at(geometry, at.y);
        let column =
            self.column_under(at.x.clamp(geometry.body.left(), geometry.body.right() - 1.0) - geometry.body.left())?;
        (row < n_rows).then_some((row, column))
    }

    /// The row at a height, which may lie below the last one.
    pub fn row_at(&self, geometry: &Geometry, y: f32) -> u64 {
        let down = f64::from((y - geometry.body.top()).max(0.0) / self.row_height) + self.part;
        self.first + down.floor() as u64
    }

    pub fn row_top(&self, geometry: &Geometry, i: u64) -> f32 {
        geometry.body.top() + ((i as f64 - self.part) * f64::from(self.row_height)) as f32
    }

    pub fn scroll_rows(&mut self, rows: f64) {
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

    pub fn clamp(&mut self, geometry: &Geometry, n_rows: u64) {
        let last = n_rows.saturating_sub(geometry.fit);
        if self.first >= last {
            self.first = last;
            self.part = 0.0;
        }
        let most = (geometry.content_width - geometry.scrolled.width()).max(0.0);
        self.left = self.left.clamp(0.0, most);
    }

    /// Scrolls just as far as the cursor needs.
    pub fn reveal_cursor(&mut self, geometry: &Geometry) {
        let Some((row, column)) = self.cursor.filter(|(_, column)| column + 1 < self.offsets.len()) else { return };
        if row < self.first || (row == self.first && self.part > 0.0) {
            self.first = row;
            self.part = 0.0;
        } else if row >= self.first + geometry.fit {
            self.first = row + 1 - geometry.fit;
            self.part = 0.0;
        }
        if column < self.n_pinned {
            return;
        }
        let pinned_width = self.offsets[self.n_pinned];
        let (start, end) = (self.offsets[column] - pinned_width, self.offsets[column + 1] - pinned_width);
        if start < self.left {
            self.left = start;
        } else if end > self.left + geometry.scrolled.width() {
            self.left = (end - geometry.scrolled.width()).min(start);
        }
    }
}
