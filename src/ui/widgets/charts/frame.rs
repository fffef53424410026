//! What stands around every chart: its title, its legend and its toolbar.

use std::collections::BTreeSet;

use egui::{Align, Color32, Id, Layout, RichText, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};

use crate::state::command::egui_free::Rect;
use crate::state::command::{Command, PickFor};
use crate::ui::ctx::UiCtx;
use crate::ui::theme::icons::{Icon, icon_button};
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};

use super::data::{ChartTable, file_stem};

/// Rows of "Show as table" that are laid out at once; the rest is in the CSV.
const TABLE_ROWS: usize = 500;

/// A chart without its drawing.
pub struct Chart<'a> {
    /// Unique on its page; keeps zoom, hidden series and the table toggle apart.
    pub id: &'a str,
    pub title: &'a str,
    /// The picture in one sentence, for those who do not see it.
    pub summary: &'a str,
    /// Height of the plot area in points.
    pub height: f32,
    /// The numbers drawn; called only when they are copied, saved or shown.
    pub table: &'a dyn Fn() -> ChartTable,
}

/// Draws the frame and, inside, the chart or its table. `draw` is told which series are hidden and gives back the
/// response that carries the summary.
pub(super) fn chart_ui(
    ui: &mut Ui,
    ctx: &UiCtx,
    chart: &Chart,
    legend: &[(&str, Color32)],
    draw: impl FnOnce(&mut Ui, &BTreeSet<String>) -> egui::Response,
) {
    let id = ui.make_persistent_id(("chart", chart.id));
    let frame = ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = space::XS;
        let as_table = header_ui(ui, ctx, chart, id);
        if as_table {
            table_ui(ui, ctx, chart);
            return;
        }
        let hidden = if legend.is_empty() { BTreeSet::new() } else { legend_ui(ui, ctx, id, legend) };
        let response = draw(ui, &hidden);
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, chart.summary));
    });
    // The picture that is saved is the frame as it stood; a request refers to the next frame drawn there. What is
    // scrolled away would show something else.
    let seen = frame.response.rect.intersect(ui.clip_rect());
    ui.data_mut(|data| data.insert_temp(id.with("rect"), seen));
}

fn header_ui(ui: &mut Ui, ctx: &UiCtx, chart: &Chart, id: Id) -> bool {
    let table_id = id.with("as table");
    let mut as_table = ui.data(|data| data.get_temp::<bool>(table_id)).unwrap_or(false);
    ui.horizontal(|ui| {
        ui.set_min_height(space::ROW);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            more_ui(ui, ctx, chart, id);
            if icon_button(ui, ctx, Icon::Copy, &format!("Copy data of {} as CSV", chart.title)).clicked() {
                ctx.send(Command::Copy((chart.table)().to_csv()));
            }
            let (icon, other) = if as_table { (Icon::Runs, "chart") } else { (Icon::Data, "table") };
            if icon_button(ui, ctx, icon, &format!("Show {} as {other}", chart.title)).clicked() {
                as_table = !as_table;
                ui.data_mut(|data| data.insert_temp(table_id, as_table));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let title = RichText::new(chart.title).font(medium(size::TEXT)).color(ctx.tokens.text);
                ui.add(egui::Label::new(title).truncate());
            });
        });
    });
    as_table
}

/// What is needed less often, behind three dots. A screen reader's press does not close a menu by itself.
fn more_ui(ui: &mut Ui, ctx: &UiCtx, chart: &Chart, id: Id) {
    let stem = file_stem(chart.title);
    let button = icon_button(ui, ctx, Icon::More, &format!("More for {}", chart.title));
    egui::Popup::menu(&button).show(|ui| {
        if ui.button("Save data…").clicked() {
            let text = (chart.table)().to_csv();
            ctx.send(Command::Pick(PickFor::SaveText { suggested: format!("{stem}.csv"), text }));
            ui.close();
        }
        if ui.button("Save as PNG…").clicked() {
            let rect = ui.data(|data| data.get_temp::<egui::Rect>(id.with("rect"))).unwrap_or(egui::Rect::ZERO);
            let rect = Rect { min: rect.min.into(), max: rect.max.into() };
            ctx.send(Command::Pick(PickFor::SavePlot { suggested: format!("{stem}.png"), rect }));
            ui.close();
        }
    });
}

/// Click hides or shows a series, double click shows only it.
fn legend_ui(ui: &mut Ui, ctx: &UiCtx, id: Id, legend: &[(&str, Color32)]) -> BTreeSet<String> {
    let hidden_id = id.with("hidden");
    let mut hidden: BTreeSet<String> = ui.data(|data| data.get_temp(hidden_id)).unwrap_or_default();
    ui.spacing_mut().interact_size.y = 18.0;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(space::M, 0.0);
        for (name, color) in legend {
            let response = legend_item(ui, ctx, name, *color, !hidden.contains(*name));
            if response.double_clicked() {
                hidden = legend.iter().map(|(n, _)| (*n).to_owned()).filter(|n| n != name).collect();
            } else if response.clicked() && !hidden.remove(*name) {
                hidden.insert((*name).to_owned());
            }
        }
    });
    ui.data_mut(|data| data.insert_temp(hidden_id, hidden.clone()));
    hidden
}

fn legend_item(ui: &mut Ui, ctx: &UiCtx, name: &str, color: Color32, shown: bool) -> egui::Response {
    let text_color = if shown { ctx.tokens.text } else { ctx.tokens.text_weak };
    let font = egui::FontId::proportional(size::DATA);
    let galley = ui.painter().layout_no_wrap(name.to_owned(), font, text_color);
    let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x + 16.0, 18.0), Sense::click());
    let swatch = egui::Rect::from_center_size(egui::pos2(rect.left() + 5.0, rect.center().y), vec2(10.0, 10.0));
    if shown {
        ui.painter().rect_filled(swatch, 2.0, color);
    } else {
        ui.painter().rect_stroke(swatch, 2.0, Stroke::new(1.5, color), StrokeKind::Inside);
    }
    ui.painter().galley(egui::pos2(rect.left() + 16.0, rect.center().y - galley.size().y / 2.0), galley, text_color);
    if response.has_focus() {
        ui.painter().rect_stroke(rect.expand(2.0), 3.0, Stroke::new(1.0, ctx.tokens.accent), StrokeKind::Outside);
    }
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, shown, format!("Show {name}")));
    response.on_hover_text("Click to hide or show, double click for only this")
}

fn table_ui(ui: &mut Ui, ctx: &UiCtx, chart: &Chart) {
    let table = (chart.table)();
    let height = space::ROW - 4.0;
    egui::ScrollArea::both().id_salt((chart.id, "table")).max_height(chart.height).auto_shrink([false, false]).show(
        ui,
        |ui| {
            egui::Grid::new((chart.id, "grid")).striped(true).min_row_height(height).show(ui, |ui| {
                for name in &table.columns {
                    ui.label(RichText::new(name).size(size::DATA).strong().color(ctx.tokens.text));
                }
                ui.end_row();
                for row in table.rows.iter().take(TABLE_ROWS) {
                    for cell in row {
                        ui.label(RichText::new(short(cell)).size(size::DATA).color(ctx.tokens.text));
                    }
                    ui.end_row();
                }
            });
            if table.rows.len() > TABLE_ROWS {
                let more = table.rows.len() - TABLE_ROWS;
                ui.label(RichText::new(format!("{more} more rows in the CSV")).size(size::DATA).weak());
            }
        },
    );
}

/// The CSV has all digits of a number, the table on the screen those that can be read.
fn short(cell: &str) -> String {
    match cell.parse::<f64>() {
        Ok(value) if cell.contains('.') => plain_number(value),
        _ => cell.to_owned(),
    }
}

/// A number for an axis or a tooltip: six significant digits at most, no trailing zeros.
pub fn plain_number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor();
    if !(-5.0..15.0).contains(&magnitude) {
        return format!("{value:.3e}");
    }
    let decimals = (5.0 - magnitude).clamp(0.0, 8.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// The label of a grid line, with as many decimals as its distance to the next needs.
pub(super) fn tick(value: f64, step: f64) -> String {
    let decimals = if step > 0.0 { (-step.log10().floor()).clamp(0.0, 8.0) as usize } else { 2 };
    let text = format!("{value:.decimals$}");
    if text.trim_start_matches('-').chars().all(|c| c == '0' || c == '.') {
        return "0".to_owned();
    }
    // From five digits on they are grouped.
    if decimals == 0 && (1e4..1e15).contains(&value.abs()) {
        let sign = if value < 0.0 { "-" } else { "" };
        return format!("{sign}{}", crate::ui::format::count(value.abs().round() as u64));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_exact_enough() {
        assert_eq!(plain_number(0.0), "0");
        assert_eq!(plain_number(0.5), "0.5");
        assert_eq!(plain_number(1234567.0), "1234567");
        assert_eq!(plain_number(0.842_123_9), "0.842124");
        assert_eq!(plain_number(-1e-9), "-1.000e-9");
    }

    #[test]
    fn cells_of_the_table_are_shortened_only_when_they_are_long_numbers() {
        assert_eq!(
            ["0.016666666666666666", "12", "churn@2.1", "1.5"].map(short),
            ["0.0166667", "12", "churn@2.1", "1.5"]
        );
    }

    #[test]
    fn ticks_have_the_decimals_of_their_step() {
        assert_eq!(tick(0.2, 0.1), "0.2");
        assert_eq!(tick(1000.0, 100.0), "1000");
        assert_eq!(tick(-0.0, 0.1), "0");
        assert_eq!(tick(-50_000.0, 10_000.0), "-50,000");
    }
}
