//! Cells, row numbers and bars with the painter.

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Color32, FontId, Painter, Rect, Response, Stroke, StrokeKind, pos2, vec2};

use crate::ui::ctx::UiCtx;
use crate::ui::theme::tokens::{size, space};

use super::place::{Geometry, Shown};
use super::{BigTable, Cell, MIN_WIDTH, Rows};

impl BigTable {
    pub fn paint_body(
        &self,
        painter: &Painter,
        ctx: &UiCtx<'_>,
        geometry: &Geometry,
        rows: &dyn Rows,
        (shown, columns): (u64, &[Shown]),
        focused: bool,
    ) {
        let tokens = ctx.tokens;
        let selection = self.selection();
        let several = selection.as_ref().is_some_and(|s| s.n_cells() > 1);
        let faint = Stroke::new(1.0, tokens.tint(tokens.line, 0.55));
        let whole = painter.with_clip_rect(geometry.body);
        for i in 0..shown {
            let y = self.row_top(geometry, i);
            let line = Rect::from_min_size(pos2(geometry.body.left(), y), vec2(geometry.body.width(), self.row_height));
            if rows.is_marked(self.first + i) {
                whole.rect_filled(line, 0.0, tokens.tint(tokens.warn, 0.16));
            }
            whole.hline(line.x_range(), line.bottom(), faint);
        }
        let marked_column = rows.marked_column();
        for column in columns {
            let painter = painter.with_clip_rect(geometry.clip(column));
            let number = rows.is_number(column.index);
            for i in 0..shown {
                let row = self.first + i;
                let y = self.row_top(geometry, i);
                let cell = Rect::from_x_y_ranges(column.x, y..=y + self.row_height);
                if marked_column == Some(column.index) && rows.is_marked(row) {
                    painter.rect_filled(cell, 0.0, tokens.tint(tokens.warn, 0.3));
                }
                if several && selection.as_ref().is_some_and(|s| s.contains(row, column.index)) {
                    painter.rect_filled(cell, 0.0, tokens.selected);
                }
                if self.cursor == Some((row, column.index)) {
                    painter.rect_filled(cell, 0.0, tokens.selected);
                    let color = if focused { tokens.accent } else { tokens.line };
                    painter.rect_stroke(cell, 0.0, Stroke::new(1.5, color), StrokeKind::Inside);
                }
                paint_cell(&painter, ctx, cell, &rows.cell(row, column.index), number, rows.sought());
            }
        }
    }

    pub fn paint_numbers(&self, painter: &Painter, ctx: &UiCtx<'_>, geometry: &Geometry, rows: &dyn Rows, shown: u64) {
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

    pub fn fitting_width(&self, painter: &Painter, geometry: &Geometry, column: usize, rows: &dyn Rows) -> f32 {
        let mut most = text_width(painter, rows.name(column)) + 64.0;
        for row in self.first..(self.first + geometry.fit).min(rows.n_rows()) {
            if let Cell::Text(text) = rows.cell(row, column) {
                most = most.max(text_width(painter, text) + 2.0 * space::S + 2.0);
            }
        }
        most.clamp(MIN_WIDTH, 480.0)
    }

    /// Whether a cell's text is cut in its column.
    pub fn is_cut(&self, painter: &Painter, column: usize, text: &str) -> bool {
        let room = self.width(column) - 2.0 * space::S;
        text.contains('\n') || text.len() as f32 * 3.0 > room && text_width(painter, text) > room
    }
}

fn text_width(painter: &Painter, text: &str) -> f32 {
    let end = text.char_indices().nth(200).map_or(text.len(), |(i, _)| i);
    painter.layout_no_wrap(text[..end].to_owned(), FontId::proportional(size::DATA), Color32::PLACEHOLDER).size().x
}

pub fn thumb(painter: &Painter, ctx: &UiCtx<'_>, track: Rect, thumb: Rect, response: &Response) {
    let tokens = ctx.tokens;
    painter.rect_filled(track, 0.0, tokens.surface);
    let strong = response.hovered() || response.dragged() || response.has_focus();
    let color = if strong { tokens.text_weak } else { tokens.tint(tokens.text_weak, 0.45) };
    painter.rect_filled(thumb.shrink(2.0), 3.0, color);
}

fn paint_cell(painter: &Painter, ctx: &UiCtx<'_>, rect: Rect, cell: &Cell<'_>, number: bool, sought: Option<&str>) {
    let tokens = ctx.tokens;
    let inner = rect.shrink2(vec2(space::S, 0.0));
    match cell {
        Cell::Text(text) => {
            let marked = sought.filter(|sought| !sought.is_empty() && text.to_lowercase().contains(*sought));
            let job = match marked {
                Some(sought) => {
                    painter.rect_filled(rect.shrink(1.0), 2.0, tokens.tint(tokens.warn, 0.12));
                    one_line_job(text, tokens.text, inner.width(), Some((sought, tokens.tint(tokens.warn, 0.45))))
                }
                None => one_line_job(text, tokens.text, inner.width(), None),
            };
            let galley = painter.layout_job(job);
            let x = if number { inner.right() - galley.size().x } else { inner.left() };
            painter.galley(pos2(x, inner.center().y - galley.size().y / 2.0), galley, tokens.text);
        }
        Cell::Missing => {
            // An empty pill: clearly neither empty text nor a dash somebody typed.
            let width = 16.0_f32.min(inner.width());
            let left = if number { inner.right() - width } else { inner.left() };
            let pill = Rect::from_min_size(pos2(left, inner.center().y - 4.0), vec2(width, 8.0));
            painter.rect_stroke(pill, 4.0, Stroke::new(1.0, tokens.tint(tokens.text_weak, 0.55)), StrokeKind::Inside);
        }
        Cell::Loading => {
            let bar = Rect::from_center_size(inner.center(), vec2(inner.width() * 0.7, 8.0));
            painter.rect_filled(bar, 3.0, tokens.hover);
        }
    }
}

/// One line, cut with an ellipsis, with what is looked for on a background of its own. Very long cells are cut before
/// they are laid out.
fn one_line_job(text: &str, color: Color32, width: f32, sought: Option<(&str, Color32)>) -> LayoutJob {
    let most = (width / 3.0) as usize + 8;
    let end = text.char_indices().nth(most).map_or(text.len(), |(i, _)| i);
    let text = if text[..end].contains(['\n', '\r']) {
        text[..end].replace(['\n', '\r'], "↵").into()
    } else {
        std::borrow::Cow::from(&text[..end])
    };
    let format = TextFormat::simple(FontId::proportional(size::DATA), color);
    let mut job = LayoutJob::default();
    let mut rest = &text[..];
    if let Some((sought, background)) = sought {
        while let Some((start, length)) = position(rest, sought) {
            job.append(&rest[..start], 0.0, format.clone());
            job.append(&rest[start..start + length], 0.0, TextFormat { background, ..format.clone() });
            rest = &rest[start + length..];
        }
    }
    job.append(rest, 0.0, format);
    job.wrap = TextWrapping::truncate_at_width(width.max(1.0));
    job
}

/// Where a text in lower case stands in a text of any case, and its length there, in bytes.
fn position(text: &str, lower: &str) -> Option<(usize, usize)> {
    text.char_indices().find_map(|(start, _)| {
        let mut wanted = lower.chars();
        let mut next = wanted.next();
        let mut end = start;
        for c in text[start..].chars() {
            if next.is_none() {
                break;
            }
            for low in c.to_lowercase() {
                if next != Some(low) {
                    return None;
                }
                next = wanted.next();
            }
            end += c.len_utf8();
        }
        next.is_none().then_some((start, end - start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_for_is_found_in_any_case() {
        assert_eq!(position("Über den Wolken", "wolk"), Some((10, 4)));
        assert_eq!(position("ÜBER", "über"), Some((0, 5)));
        assert_eq!(position("abc", "cd"), None);
        assert_eq!(position("abc", "abcd"), None);
    }
}
