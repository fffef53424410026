//! Wheel, pointer, keys and bars.

use egui::{CursorIcon, Event, EventFilter, Key, Rect, Response, Sense, Stroke, Ui, Vec2, WidgetInfo, pos2, vec2};

use crate::ui::ctx::UiCtx;

use super::place::Geometry;
use super::{BAR, BigTable, Cell, MIN_WIDTH, Rows, TableOutput, paint};

impl BigTable {
    pub fn wheel(&mut self, ui: &Ui, full: Rect) {
        if !ui.rect_contains_pointer(full) {
            return;
        }
        let delta: Vec2 = ui.input(|i| i.smooth_scroll_delta());
        if delta != Vec2::ZERO {
            self.scroll_rows(-f64::from(delta.y) / f64::from(self.row_height));
            self.left -= delta.x;
        }
    }

    /// Clicks, drags and keys on the cells.
    pub fn body_input(
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
            && let Some(cell) = self.cell_at(geometry, at, rows.n_rows())
        {
            response.request_focus();
            let (extend, fresh) = ui.input(|i| (i.modifiers.shift, i.pointer.any_pressed()));
            let inside = self.selection().is_some_and(|s| s.contains(cell.0, cell.1));
            let secondary = response.secondary_clicked() || ui.input(|i| i.pointer.secondary_down());
            if !(secondary && inside) {
                self.cursor = Some(cell);
                if fresh && !extend {
                    self.anchor = Some(cell);
                }
            }
            // A selection that is dragged out of the table scrolls it.
            if response.dragged() && !geometry.body.contains(at) {
                self.reveal_cursor(geometry);
                self.scroll_rows(if at.y < geometry.body.top() {
                    -1.0
                } else if at.y > geometry.body.bottom() {
                    1.0
                } else {
                    0.0
                });
                ui.request_repaint();
            }
        }
        output.hovered = response.hover_pos().and_then(|at| self.cell_at(geometry, at, rows.n_rows()));
        if response.double_clicked() {
            output.opened = self.cursor;
        }
        if response.has_focus() {
            let filter = EventFilter { vertical_arrows: true, horizontal_arrows: true, ..EventFilter::default() };
            ui.memory_mut(|m| m.set_focus_lock_filter(id, filter));
            self.keys(ui, geometry, rows);
            if ui.input(|i| i.events.iter().any(|e| matches!(e, Event::Copy))) {
                output.copy = Some(ui.input(|i| i.modifiers.shift));
            }
            if ui.input(|i| [Key::Enter, Key::F2, Key::Space].into_iter().any(|key| i.key_pressed(key))) {
                output.opened = self.cursor;
            }
        }
        if self.cursor != before {
            output.moved_to = self.cursor;
        }
        let label = self.label(name, rows);
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Table, true, &label));
        response
    }

    /// A click on a row's number selects the row, a drag or Shift several.
    pub fn numbers_input(&mut self, ui: &Ui, geometry: &Geometry, rows: &dyn Rows) {
        let response = ui.interact(geometry.numbers, ui.scope_id().with("numbers"), Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, "Select rows"));
        let Some(at) = response.interact_pointer_pos().filter(|_| response.is_pointer_button_down_on()) else { return };
        let row = self.row_at(geometry, at.y);
        if row >= rows.n_rows() || rows.n_columns() == 0 {
            return;
        }
        let (extend, fresh) = ui.input(|i| (i.modifiers.shift, i.pointer.any_pressed()));
        let start = self.anchor.filter(|_| extend || !fresh).map_or(row, |(row, _)| row);
        self.anchor = Some((start, 0));
        self.cursor = Some((row, rows.n_columns() - 1));
        ui.memory_mut(|m| m.request_focus(ui.scope_id().with("cells")));
    }

    fn keys(&mut self, ui: &Ui, geometry: &Geometry, rows: &dyn Rows) {
        let (n_rows, n_columns) = (rows.n_rows(), rows.n_columns());
        if n_rows == 0 || n_columns == 0 {
            return;
        }
        let (last_row, last_column) = (n_rows - 1, n_columns - 1);
        let (mut row, mut column) = self.cursor.unwrap_or((self.first, 0));
        let page = geometry.fit.saturating_sub(1).max(1);
        let (shift, far) = ui.input(|i| (i.modifiers.shift, i.modifiers.command));
        if far && ui.input(|i| i.key_pressed(Key::A)) {
            self.anchor = Some((0, 0));
            self.cursor = Some((last_row, last_column));
            return;
        }
        let mut moved = false;
        for (key, n) in ui.input(pressed) {
            moved = true;
            match key {
                Key::ArrowDown if far => row = last_row,
                Key::ArrowUp if far => row = 0,
                Key::ArrowRight if far => column = last_column,
                Key::ArrowLeft if far => column = 0,
                Key::ArrowDown => row = row.saturating_add(n),
                Key::ArrowUp => row = row.saturating_sub(n),
                Key::PageDown => row = row.saturating_add(page * n),
                Key::PageUp => row = row.saturating_sub(page * n),
                Key::Home => (row, column) = if far { (0, 0) } else { (row, 0) },
                Key::End => (row, column) = if far { (last_row, last_column) } else { (row, last_column) },
                Key::ArrowRight => column = (column + n as usize).min(last_column),
                Key::ArrowLeft => column = column.saturating_sub(n as usize),
                _ => moved = false,
            }
        }
        if !moved {
            return;
        }
        self.cursor = Some((row.min(last_row), column));
        if !shift {
            self.anchor = self.cursor;
        }
        self.reveal_cursor(geometry);
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

    pub fn scroll_bars(&mut self, ui: &Ui, ctx: &UiCtx<'_>, geometry: &Geometry, n_rows: u64) {
        let fit = geometry.fit;
        let last = n_rows.saturating_sub(fit);
        if last > 0 {
            let id = ui.scope_id().with("rows");
            let response = ui.interact(geometry.bar, id, Sense::click_and_drag());
            let length = (geometry.bar.height() * (fit as f64 / n_rows as f64) as f32)
                .clamp(28.0, geometry.bar.height().max(28.0));
            let span = f64::from((geometry.bar.height() - length).max(1.0));
            if let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked()) {
                let share = (f64::from(at.y - geometry.bar.top() - length / 2.0) / span).clamp(0.0, 1.0);
                self.first = (share * last as f64).round() as u64;
                self.part = 0.0;
            }
            response.widget_info(|| WidgetInfo::slider(true, self.first as f64, "Rows"));
            let top = geometry.bar.top() + (span * (self.first.min(last) as f64 / last as f64)) as f32;
            let thumb = Rect::from_min_size(pos2(geometry.bar.left(), top), vec2(BAR, length));
            paint::thumb(ui.painter(), ctx, geometry.bar, thumb, &response);
        }
        let most = geometry.content_width - geometry.scrolled.width();
        if most > 0.0 && geometry.bottom.height() > 0.0 && geometry.bottom.width() > 0.0 {
            let id = ui.scope_id().with("columns");
            let response = ui.interact(geometry.bottom, id, Sense::click_and_drag());
            let width = geometry.bottom.width();
            let length = (width * geometry.scrolled.width() / geometry.content_width).clamp(28.0, width.max(28.0));
            if let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked()) {
                let share = (at.x - geometry.bottom.left() - length / 2.0) / (width - length).max(1.0);
                self.left = share.clamp(0.0, 1.0) * most;
            }
            response.widget_info(|| WidgetInfo::slider(true, f64::from(self.left), "Columns"));
            let left = geometry.bottom.left() + (width - length) * (self.left / most).clamp(0.0, 1.0);
            let thumb = Rect::from_min_size(pos2(left, geometry.bottom.top()), vec2(length, BAR));
            paint::thumb(ui.painter(), ctx, geometry.bottom, thumb, &response);
        }
    }

    /// The right edge of a header: drag to resize, double click to fit what is shown.
    #[allow(clippy::too_many_arguments, reason = "the places of one header cell")]
    pub fn resize(
        &mut self,
        ui: &Ui,
        ctx: &UiCtx<'_>,
        geometry: &Geometry,
        clip: Rect,
        cell: Rect,
        column: usize,
        rows: &dyn Rows,
    ) {
        let edge = Rect::from_center_size(pos2(cell.right(), cell.center().y), vec2(7.0, cell.height()));
        if !clip.contains(edge.center()) {
            return;
        }
        let id = rows.id(column);
        let response = ui.interact(edge, ui.scope_id().with(("resize", id)), Sense::click_and_drag());
        if response.hovered() || response.dragged() {
            ui.set_cursor_icon(CursorIcon::ResizeColumn);
            ui.painter().vline(cell.right(), cell.y_range(), Stroke::new(2.0, ctx.tokens.accent));
        }
        if response.dragged() {
            self.widths[id] = (self.widths[id] + response.drag_delta().x).max(MIN_WIDTH);
        }
        if response.double_clicked() {
            self.widths[id] = self.fitting_width(ui.painter(), geometry, column, rows);
        }
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
