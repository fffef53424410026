//! All columns at a glance.

use egui::{Align2, FontId, Rect, RichText, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::domain::dataset::DatasetVersion;
use crate::domain::profile::{ColumnProfile, TableProfile};
use crate::domain::request::ReportFormat;
use crate::domain::schema::{PersonalData, Storage};
use crate::state::command::{Command, PickFor};
use crate::state::format::{count, counted, number, percent, utc};
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::theme::icons::{self, Icon};
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::histogram::{bars, mini_counts};
use crate::ui::widgets::page::weak;
use crate::ui::widgets::states;

const ROW: f32 = 36.0;
/// Shares of the width: column, missing, distinct, distribution, smallest, mean, largest.
const SHARES: [f32; 7] = [0.25, 0.11, 0.11, 0.17, 0.12, 0.12, 0.12];
/// The same where a date would be cut: the mean is left to the inspector.
const NARROW_SHARES: [f32; 7] = [0.22, 0.125, 0.125, 0.15, 0.19, 0.0, 0.19];
/// Points below which three dates beside each other have no room.
const NARROW: f32 = 620.0;
const TITLES: [&str; 7] = ["Column", "Missing", "Distinct", "Distribution", "Minimum", "Mean", "Maximum"];

pub fn profile_tab_ui(ui: &mut Ui, ctx: &UiCtx<'_>, version: &DatasetVersion) {
    let profile = match ctx.state.profiles.get(&version.id).unwrap_or(&Loadable::Idle) {
        Loadable::Failed(problem) => {
            return states::failed(ui, ctx, problem, Some(Command::FocusVersion(version.id)));
        }
        loadable => loadable.value(),
    };
    let Some(profile) = profile else { return states::loading(ui, ctx, "the profile") };
    exports(ui, ctx, version, profile);
    let bar = ui.spacing().scroll.allocated_width();
    titles(ui, ctx, bar);
    // `show_rows` counts rows with the spacing outside of it.
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().auto_shrink([false, false]).show_rows(ui, ROW, profile.columns.len(), |ui, range| {
        for column in &profile.columns[range] {
            let personal = version.schema.column(&column.name).and_then(|c| c.personal);
            row(ui, ctx, column, personal, profile.rows);
        }
    });
}

/// What is noteworthy in all, and how the profile leaves the program.
fn exports(ui: &mut Ui, ctx: &UiCtx<'_>, version: &DatasetVersion, profile: &TableProfile) {
    ui.horizontal(|ui| {
        let alerts = profile.columns.iter().filter(|c| !c.alerts.is_empty()).count() as u64;
        let said = match alerts {
            0 => "Nothing stands out".to_owned(),
            n => format!("{} worth a look", counted(n, "column is", "columns are")),
        };
        weak(ui, ctx, said);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            for (format, name) in [(ReportFormat::Json, "Save as JSON…"), (ReportFormat::Html, "Save as HTML…")] {
                if ui.button(name).clicked() {
                    let pick = PickFor::SaveProfile { version: version.id, label: version.label(), format };
                    ctx.send(Command::Pick(pick));
                }
            }
        });
    });
}

fn titles(ui: &mut Ui, ctx: &UiCtx<'_>, bar: f32) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width() - bar, 22.0), Sense::hover());
    for (i, (cell, title)) in
        cells(rect).into_iter().zip(TITLES).enumerate().filter(|(_, (cell, _))| cell.width() > 0.0)
    {
        let font = FontId::proportional(size::DATA);
        let (at, align) = if i == 0 || i == 3 {
            (cell.left_center(), Align2::LEFT_CENTER)
        } else {
            (cell.right_center(), Align2::RIGHT_CENTER)
        };
        ui.painter().text(at, align, title, font, ctx.tokens.text_weak);
    }
}

fn cells(rect: Rect) -> Vec<Rect> {
    let mut left = rect.left();
    let cell = |share: f32| {
        let width = rect.width() * share;
        let cell = Rect::from_min_size(pos2(left, rect.top()), vec2(width, rect.height()));
        left += width;
        cell.shrink2(vec2(space::XS + 2.0, 0.0))
    };
    if rect.width() < NARROW { NARROW_SHARES } else { SHARES }.into_iter().map(cell).collect()
}

fn row(ui: &mut Ui, ctx: &UiCtx<'_>, column: &ColumnProfile, personal: Option<PersonalData>, rows: u64) {
    let tokens = ctx.tokens;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let missing = percent(column.missing as f64 / rows.max(1) as f64);
    let selected = ctx.state.focus.column.as_deref() == Some(column.name.as_str());
    let mut label =
        format!("{}, {}, {missing} missing, {} distinct", column.name, column.kind.as_str(), column.distinct);
    for told in personal.map(PersonalData::title).into_iter().chain(column.alerts.iter().map(|a| a.text.as_str())) {
        label.push('\n');
        label.push_str(told);
    }
    response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, selected, &label));
    if selected {
        ui.painter().rect_filled(rect, space::RADIUS, tokens.selected);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, space::RADIUS, tokens.hover);
    }
    icons::focus_ring(ui, ctx, &response);
    let cells = cells(rect);
    let at = Rect::from_center_size(pos2(cells[0].left() + 7.0, rect.center().y), vec2(14.0, 14.0));
    icons::paint(ui.painter(), Icon::of_kind(column.kind), at, tokens.text_weak);
    let words = egui::WidgetText::from(RichText::new(&column.name).color(tokens.text));
    let told = if personal.is_some() {
        Some((Icon::Hidden, tokens.warn))
    } else {
        (!column.alerts.is_empty()).then_some((Icon::Info, tokens.info))
    };
    if let Some((icon, color)) = told {
        let at = Rect::from_center_size(pos2(cells[0].right() - 6.0, rect.center().y), vec2(12.0, 12.0));
        icons::paint(ui.painter(), icon, at, color);
    }
    let room = cells[0].right() - at.right() - space::S - if told.is_some() { 18.0 } else { 0.0 };
    let words = words.into_galley(ui, Some(egui::TextWrapMode::Truncate), room, egui::TextStyle::Body);
    let left = pos2(at.right() + space::S, rect.center().y - words.size().y / 2.0);
    ui.painter().galley(left, words, tokens.text);
    let number_cell = |cell: Rect, text: String, color| {
        let font = FontId::proportional(size::DATA);
        let painter = ui.painter().with_clip_rect(cell);
        painter.text(cell.right_center(), Align2::RIGHT_CENTER, text, font, color);
    };
    number_cell(cells[1], missing, if column.missing > 0 { tokens.warn } else { tokens.text_weak });
    number_cell(cells[2], count(column.distinct), tokens.text);
    bars(ui.painter(), cells[3].shrink2(vec2(0.0, 6.0)), &mini_counts(column), tokens.series[0]);
    if let Some(n) = &column.numbers {
        // The day is enough at a glance; the inspector tells the time.
        let day = |x: f64| utc(x).chars().take(10).collect();
        let tell = |x: f64| if column.storage == Storage::DatetimeMs { day(x) } else { number(x) };
        for (cell, value) in cells[4..].iter().zip([n.min, n.mean, n.max]).filter(|(cell, _)| cell.width() > 0.0) {
            number_cell(*cell, tell(value), tokens.text);
        }
    } else if let Some((value, n)) = column.top.first() {
        let room = rect.right() - cells[4].left();
        let text = format!("most: {value} ({})", percent(*n as f64 / rows.max(1) as f64));
        let words = egui::WidgetText::from(RichText::new(text).size(size::DATA).color(tokens.text_weak));
        let words = words.into_galley(ui, Some(egui::TextWrapMode::Truncate), room, egui::TextStyle::Small);
        let at = pos2(rect.right() - words.size().x - 6.0, rect.center().y - words.size().y / 2.0);
        ui.painter().galley(at, words, tokens.text_weak);
    }
    ui.painter().hline(rect.x_range(), rect.bottom(), egui::Stroke::new(1.0, tokens.tint(tokens.line, 0.55)));
    if response.on_hover_text(&label).clicked() {
        ctx.send(Command::FocusColumn(Some(column.name.clone())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_has_room_in_a_narrow_window_and_nothing_lies_over_anything() {
        for width in [425.0, 619.0, 620.0, 1_800.0] {
            let cells = cells(Rect::from_min_size(pos2(10.0, 0.0), vec2(width, ROW)));
            let shown: Vec<&Rect> = cells.iter().filter(|cell| cell.width() > 0.0).collect();
            assert_eq!(shown.len(), if width < NARROW { 6 } else { 7 });
            assert!(shown.windows(2).all(|two| two[0].right() < two[1].left()), "{width}");
            assert!((shown[shown.len() - 1].right() - (width + 10.0)).abs() < 7.0, "{width}");
            // "2026-01-01" is 62 points wide.
            assert!(shown[4..].iter().all(|cell| cell.width() >= 62.0), "{width}");
        }
    }
}
