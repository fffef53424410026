//! Several runs side by side: metrics, curves, parameters, data and split.

use egui::{Color32, Label, RichText, ScrollArea, Ui, vec2};

use crate::domain::comparison::{self, ComparedSetting, Comparison, SettingOf};
use crate::domain::run::Run;
use crate::state::command::Command;
use crate::ui::ctx::UiCtx;
use crate::ui::pages::parts;
use crate::ui::theme::icons::{self, Icon};
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::Tone;

use super::model::{self, Delta, Part};
use super::{RunsPage, Tab, curves};

const NAME: f32 = 190.0;
const CELL: f32 = 158.0;

pub fn compare_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut RunsPage, runs: &[&Run]) {
    bar(ui, "compare tabs", |ui| {
        let title = match runs {
            [one] => format!("Run {}", one.id),
            many => format!("{} runs compared", many.len()),
        };
        ui.label(RichText::new(title).font(medium(size::TITLE)).color(ctx.tokens.text));
        ui.add_space(space::S);
        for (tab, word) in Tab::ALL {
            ui.selectable_value(&mut page.tab, tab, word);
        }
    });
    let comparison = comparison::compare(runs);
    for warning in &comparison.warnings {
        parts::alert(ui, ctx, Tone::Warn, warning);
    }
    match page.tab {
        Tab::Metrics => metrics_ui(ui, ctx, page, runs, &comparison),
        Tab::Curves => scroll(ui, |ui| curves::curves_ui(ui, ctx, page, runs)),
        Tab::Threshold => threshold_ui(ui, ctx, page, runs),
        Tab::Parameters => facts_tab_ui(ui, ctx, page, runs, &model::settings(&comparison, SettingOf::Model)),
        Tab::Data => facts_tab_ui(ui, ctx, page, runs, &model::settings(&comparison, SettingOf::Data)),
    }
}

/// Of the run in focus where it is among those compared; else of the last, as the first is what others are measured by.
fn threshold_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut RunsPage, runs: &[&Run]) {
    let focused = runs.iter().find(|run| ctx.state.focus.run == Some(run.id));
    let Some(run) = focused.or(runs.last()) else { return };
    if runs.len() > 1 {
        parts::note(ui, ctx, &format!("{}, the run in focus", model::run_name(run)));
    }
    super::threshold::threshold_ui(ui, ctx, &mut page.threshold, run);
}

/// A row of controls that scrolls sideways where there is no room: the panel has no height for a second line.
fn bar(ui: &mut Ui, id: &str, add: impl FnOnce(&mut Ui)) {
    ScrollArea::horizontal().id_salt(id).auto_shrink([false, true]).show(ui, |ui| ui.horizontal(add));
}

fn scroll(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    ScrollArea::both().auto_shrink([false, false]).show(ui, add);
}

/// The colour a run has in every chart of the comparison.
pub fn run_color(ctx: &UiCtx, at: usize) -> Color32 {
    ctx.tokens.series[at % ctx.tokens.series.len()]
}

fn metrics_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut RunsPage, runs: &[&Run], comparison: &Comparison) {
    bar(ui, "compare parts", |ui| {
        for part in Part::ALL {
            ui.radio_value(&mut page.part, part, part.title());
        }
        if ui.button("Copy as CSV").on_hover_text("Copy these metrics as CSV").clicked() {
            ctx.send(Command::Copy(model::metrics_table(comparison, page.part).to_csv()));
        }
        if let [first, _, ..] = runs {
            parts::note(ui, ctx, &format!("Differences are against run {}", first.id));
        }
    });
    let lines = model::metric_lines(comparison, page.part);
    if lines.is_empty() {
        return parts::note(ui, ctx, "None of these runs was measured on these rows");
    }
    scroll(ui, |ui| {
        ui.spacing_mut().item_spacing = vec2(space::S, 2.0);
        head_ui(ui, ctx, runs);
        for line in &lines {
            ui.horizontal(|ui| {
                let name = name_cell(ui, ctx, line.metric.title(), false);
                let way = if line.metric.higher_is_better() { "Higher is better" } else { "Lower is better" };
                name.on_hover_text(format!("{}\n{way}", line.metric.explanation()));
                for cell in &line.cells {
                    slot(ui, |ui| {
                        let value = RichText::new(&cell.value).color(ctx.tokens.text);
                        if cell.best {
                            let best = "The best of the compared runs";
                            ui.label(value.font(medium(size::DATA))).on_hover_text(best);
                        } else {
                            ui.label(value.size(size::DATA));
                        }
                        if let Some(delta) = &cell.delta {
                            delta_ui(ui, ctx, delta);
                        }
                    });
                }
            });
        }
    });
}

/// The difference with an arrow for its direction and the word that says what it means.
fn delta_ui(ui: &mut Ui, ctx: &UiCtx, delta: &Delta) {
    let icon = if delta.rises { Icon::SortUp } else { Icon::SortDown };
    let (word, color) = match delta.better {
        Some(true) => ("better", ctx.tokens.ok),
        Some(false) => ("worse", ctx.tokens.bad),
        None => return drop(ui.label(RichText::new("same").size(size::DATA).color(ctx.tokens.text_weak))),
    };
    ui.spacing_mut().item_spacing.x = 3.0;
    icons::icon(ui, icon, 10.0, color);
    ui.label(RichText::new(format!("{} {word}", delta.text)).size(size::DATA).color(color));
}

/// The names of the runs over their columns, each with its colour; the first is what the others are measured against.
fn head_ui(ui: &mut Ui, ctx: &UiCtx, runs: &[&Run]) {
    ui.horizontal(|ui| {
        name_cell(ui, ctx, "", false);
        for (at, run) in runs.iter().enumerate() {
            slot(ui, |ui| {
                let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), egui::Sense::hover());
                ui.painter().rect_filled(rect, 2.0, run_color(ctx, at));
                let name = RichText::new(model::run_name(run)).font(medium(size::DATA)).color(ctx.tokens.text);
                ui.add(Label::new(name).truncate()).on_hover_text(if at == 0 && runs.len() > 1 {
                    "The others are measured against this run"
                } else {
                    "Measured against the first run"
                });
            });
        }
    });
}

fn name_cell(ui: &mut Ui, ctx: &UiCtx, text: &str, strong: bool) -> egui::Response {
    let color = if strong { ctx.tokens.text } else { ctx.tokens.text_weak };
    ui.allocate_ui(vec2(NAME, 20.0), |ui| {
        ui.set_min_width(NAME);
        ui.add(Label::new(RichText::new(text).size(size::DATA).color(color)).truncate())
    })
    .inner
}

fn slot(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    ui.allocate_ui_with_layout(vec2(CELL, 20.0), layout, |ui| {
        ui.set_min_width(CELL);
        ui.set_max_width(CELL);
        add(ui);
    });
}

fn facts_tab_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut RunsPage, runs: &[&Run], lines: &[&ComparedSetting]) {
    if runs.len() > 1 {
        ui.checkbox(&mut page.diff_only, "Only what differs");
    }
    let all = !page.diff_only || runs.len() < 2;
    let shown: Vec<&ComparedSetting> = lines.iter().copied().filter(|l| l.differs || all).collect();
    if shown.is_empty() {
        return parts::note(ui, ctx, "Nothing differs here");
    }
    scroll(ui, |ui| {
        ui.spacing_mut().item_spacing = vec2(space::S, 2.0);
        head_ui(ui, ctx, runs);
        for line in shown {
            ui.horizontal(|ui| {
                // A sign beside the colour: what differs is marked with ≠.
                let name = if line.differs { format!("≠ {}", line.name) } else { line.name.clone() };
                name_cell(ui, ctx, &name, line.differs);
                let color = if line.differs { ctx.tokens.text } else { ctx.tokens.text_weak };
                for value in &line.values {
                    slot(ui, |ui| {
                        let value = if value.is_empty() { "—" } else { value };
                        ui.add(Label::new(RichText::new(value).size(size::DATA).color(color)).truncate());
                    });
                }
            });
        }
    });
}
