//! Groups that were found: sizes, a picture, what their rows are like, and keeping them.

use egui::{Align, Button, Layout, RichText, Sense, TextEdit, Ui, vec2};

use crate::domain::dataset::DatasetVersion;
use crate::domain::explore::{Explore, ExploreRequest, Groups, KeepGroups};
use crate::state::command::Command;
use crate::ui::ctx::UiCtx;
use crate::ui::pages::parts;
use crate::ui::pages::parts::table::{Cell, Column, Rows, table_ui};
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::Tone;

use super::{model, scatter};

/// Lines of the table that are seen without scrolling.
const SEEN: f32 = 14.0;

/// Answers the rows (from 1) that are to be seen in the table.
pub fn found_ui(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    column: &mut String,
    version: &DatasetVersion,
    request: &ExploreRequest,
    found: &Groups,
) -> Option<Vec<u64>> {
    ui.label(RichText::new(model::sentence(found)).color(ctx.tokens.text));
    if let Some(tried) = model::tried(found) {
        parts::note(ui, ctx, &tried);
    }
    for warning in &found.warnings {
        parts::alert(ui, ctx, Tone::Warn, warning);
    }
    keep_ui(ui, ctx, column, version, request, found);
    ui.add_space(space::S);
    let room = ui.available_width();
    let mut wanted = None;
    if room > 560.0 {
        ui.horizontal_top(|ui| {
            ui.allocate_ui_with_layout(vec2(room - 190.0, 0.0), Layout::top_down(Align::Min), |ui| {
                wanted = picture(ui, ctx, found);
            });
            ui.vertical(|ui| wanted = legend(ui, ctx, found).or(wanted.take()));
        });
    } else {
        wanted = picture(ui, ctx, found);
        wanted = legend(ui, ctx, found).or(wanted);
    }
    ui.add_space(space::S);
    parts::heading(ui, ctx, "What the rows of each group are like");
    parts::note(ui, ctx, "Means of numbers and dates; the most frequent value of categories with its share");
    let lines = Lines(model::lines(found));
    let columns = std::iter::once(Column::new("Column", 120.0).grows())
        .chain(model::entries(found).into_iter().map(|entry| Column::new(entry.name, 108.0).right().help(entry.size)));
    let columns: Vec<Column> = columns.collect();
    table_ui(ui, ctx, "groups", &columns, &lines, space::ROW * SEEN);
    wanted
}

fn picture(ui: &mut Ui, ctx: &UiCtx<'_>, found: &Groups) -> Option<Vec<u64>> {
    parts::note(ui, ctx, &scatter::caption(found));
    scatter::scatter_ui(ui, ctx, found).map(|row| vec![row])
}

/// Names, sizes and colours; a click shows the rows.
fn legend(ui: &mut Ui, ctx: &UiCtx<'_>, found: &Groups) -> Option<Vec<u64>> {
    let mut wanted = None;
    parts::note(ui, ctx, "Click a group to see its rows");
    egui::ScrollArea::vertical().id_salt("legend of groups").max_height(300.0).auto_shrink([false, true]).show(
        ui,
        |ui| {
            for (group, entry) in model::entries(found).into_iter().enumerate() {
                ui.horizontal(|ui| {
                    let (rect, _) = ui.allocate_exact_size(vec2(10.0, 14.0), Sense::hover());
                    ui.painter().circle_filled(rect.center(), 4.0, scatter::color(ctx, found, group));
                    let text = RichText::new(format!("{}  {}", entry.name, entry.size)).size(size::DATA);
                    let about = if entry.is_noise { "Rows too far from others" } else { "Marks its rows in the table" };
                    if ui.add(Button::new(text).frame(false)).on_hover_text(about).clicked() {
                        wanted = Some(model::rows_of(found, group));
                    }
                });
            }
        },
    );
    wanted
}

fn keep_ui(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    column: &mut String,
    version: &DatasetVersion,
    request: &ExploreRequest,
    found: &Groups,
) {
    let is_taken = |name: &str| version.schema.column(name).is_some();
    let suggested = model::free_name(is_taken);
    ui.horizontal(|ui| {
        let edit = TextEdit::singleline(column).hint_text(&suggested).desired_width(150.0);
        ui.add(edit).accessible_name("Name of the new column");
        let name = if column.trim().is_empty() { suggested.clone() } else { column.trim().to_owned() };
        let taken = is_taken(&name);
        let button = ui.add_enabled(!taken, Button::new("Keep as a column"));
        let button = button
            .on_hover_text(format!("Makes the next version of {}, with each row's group in “{name}”", version.dataset))
            .on_disabled_hover_text(format!("There is a column “{name}” already"));
        if button.clicked() {
            // What was chosen is said, so that the same groups are found again.
            let groups = ExploreRequest { what: Explore::Groups(found.by), ..request.clone() };
            ctx.send(Command::KeepGroups(KeepGroups { groups, column: name }));
            column.clear();
        }
    });
}

/// Ready lines.
pub struct Lines(pub Vec<Vec<String>>);

impl Rows for Lines {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn cells(&self, row: usize) -> Vec<Cell> {
        self.0[row].iter().cloned().map(Cell::Text).collect()
    }

    fn selected(&self, _row: usize) -> bool {
        false
    }
}
