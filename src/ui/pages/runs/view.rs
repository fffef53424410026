//! Draws the Runs page: the table above, what is compared below, the run in focus beside.

use std::collections::BTreeSet;

use egui::{Frame, Panel, RichText, TextEdit, Ui};

use crate::domain::ids::RunId;
use crate::domain::run::Run;
use crate::state::command::{Command, Page, PickFor};
use crate::ui::ctx::UiCtx;
use crate::ui::pages::parts;
use crate::ui::pages::parts::table::{Cell, Column, Event, Rows, table_ui};
use crate::ui::palette::name_it;
use crate::ui::theme::icons::Icon;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::Tone;
use crate::ui::widgets::page::{Primary, inspector_panel, main_panel, page_header};
use crate::ui::widgets::states;

use super::model::{self, RunColumn};
use super::{RunsPage, compare, record};

const TITLE: &str = "Runs";
/// Width of the boxes that tick runs.
const CHECK: f32 = 30.0;
/// Below this width the filter is short and hints are left out.
const NARROW: f32 = 500.0;
const SUBTITLE: &str = "Which model is better, and is it real?";

pub fn runs_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut RunsPage) {
    let Some(history) = ctx.state.history.value() else {
        page_header(ui, ctx, TITLE, SUBTITLE, None);
        parts::history(ui, ctx, "runs");
        return;
    };
    let train = Command::GoTo(Page::Train);
    if history.runs.is_empty() {
        page_header(ui, ctx, TITLE, SUBTITLE, None);
        return main_panel(ui, |ui| {
            let more = "Every training is kept here with its data, parameters, metrics and curves";
            states::empty(ui, ctx, Icon::Runs, "Nothing has been trained yet", more, Some(("Train models…", train)));
        });
    }
    page_header(ui, ctx, TITLE, SUBTITLE, Some(Primary::new("Train models…", train)));
    let focused = ctx.state.focus.run.and_then(|id| history.run(id));
    inspector_panel(ui, ctx, "runs", |ui| match focused {
        Some(run) => record::record_ui(ui, ctx, history, run),
        None => parts::nothing_selected(ui, ctx, "Select a run to see its full record"),
    });
    main_panel(ui, |ui| {
        let mut runs = model::compared(history, &ctx.state.compare);
        if runs.is_empty() {
            runs.extend(focused);
        }
        if !runs.is_empty() {
            let height = ui.available_height();
            let frame = Frame::NONE.inner_margin(egui::Margin { left: 0, right: 0, top: 8, bottom: 0 });
            Panel::bottom("runs compare")
                .frame(frame)
                .resizable(true)
                .default_size(height * 0.56)
                .size_range(120.0..=(height - 120.0).max(140.0))
                .show(ui, |ui| {
                    compare::compare_ui(ui, ctx, page, &runs);
                    ui.take_available_space();
                });
        }
        table_part_ui(ui, ctx, page, &history.runs);
    });
}

fn table_part_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut RunsPage, runs: &[Run]) {
    let shown = model::rows(runs, &page.filter, page.sort);
    let narrow = ui.available_width() < NARROW;
    ui.horizontal(|ui| {
        let hint = "Filter by algorithm, dataset, status…";
        let width = if narrow { 110.0 } else { 240.0 };
        let edit = ui.add(TextEdit::singleline(&mut page.filter).hint_text(hint).desired_width(width));
        name_it(ui, &edit, "Filter runs");
        let summary = model::summary(runs, shown.len());
        ui.label(RichText::new(summary).size(size::DATA).color(ctx.tokens.text_weak));
        let ticked = ctx.state.compare.len();
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ticked > 0 && ui.button(format!("Clear {ticked} ticked")).clicked() {
                ctx.send(Command::ClearCompare);
            } else if ticked == 0 && !narrow {
                ui.label(RichText::new("Tick runs to compare them").size(size::DATA).color(ctx.tokens.text_weak));
            }
        });
    });
    if shown.is_empty() {
        ui.add_space(space::L);
        return parts::note(ui, ctx, "No run matches the filter");
    }
    let bar = ui.spacing().scroll.allocated_width();
    let columns = model::columns(runs, ui.available_width() - CHECK - bar);
    let heads = heads(&columns, page);
    let table = Table {
        runs: &shown,
        columns: &columns,
        best: model::best_of_each(runs),
        compare: &ctx.state.compare,
        focus: ctx.state.focus.run,
        now_ms: ctx.now_ms,
    };
    let height = ui.available_height();
    match table_ui(ui, ctx, "runs", &heads, &table, height) {
        Some(Event::Header(at)) if at > 0 => page.sort = page.sort.clicked(columns[at - 1]),
        Some(Event::Row(row) | Event::Open(row)) => ctx.send(Command::FocusRun(shown[row].id)),
        Some(Event::Check(row)) => ctx.send(Command::ToggleCompare(shown[row].id)),
        _ => {}
    }
}

fn heads(columns: &[RunColumn], page: &RunsPage) -> Vec<Column> {
    let mut heads = vec![Column::new("", CHECK)];
    heads.extend(columns.iter().map(|column| {
        let mut head = Column::new(column.title(), column.width()).help(column.help());
        head.right = column.is_number();
        head.grows = *column == RunColumn::Algorithm;
        head.sortable = true;
        head.sorted = (page.sort.column == *column).then_some(page.sort.descending);
        head
    }));
    heads
}

struct Table<'a> {
    runs: &'a [&'a Run],
    columns: &'a [RunColumn],
    best: BTreeSet<RunId>,
    compare: &'a BTreeSet<RunId>,
    focus: Option<RunId>,
    now_ms: i64,
}

impl Rows for Table<'_> {
    fn count(&self) -> usize {
        self.runs.len()
    }

    fn cells(&self, row: usize) -> Vec<Cell> {
        let run = self.runs[row];
        let best = self.best.contains(&run.id);
        let mut cells = vec![Cell::Check(self.compare.contains(&run.id), format!("Compare run {}", run.id))];
        cells.extend(self.columns.iter().map(|column| {
            let text = model::cell(run, *column, self.now_ms);
            match column {
                RunColumn::Status => Cell::Tone(Tone::of_status(run.status), text),
                RunColumn::Run if best => Cell::Best(format!("{text} · best")),
                RunColumn::When | RunColumn::Time | RunColumn::Target => Cell::Weak(text),
                _ => Cell::Text(text),
            }
        }));
        cells
    }

    fn selected(&self, row: usize) -> bool {
        self.focus == Some(self.runs[row].id)
    }

    fn menu(&self, row: usize, ui: &mut Ui, ctx: &UiCtx) {
        let run = self.runs[row];
        let ticked = self.compare.contains(&run.id);
        if ui.button(if ticked { "Leave out of comparison" } else { "Compare" }).clicked() {
            ctx.send(Command::ToggleCompare(run.id));
        }
        if model::usable(run) {
            if ui.button("Export…").clicked() {
                ctx.send(Command::Pick(PickFor::ExportBundle(run.id)));
            }
            if ui.button("Score a file…").clicked() {
                ctx.send(Command::Pick(PickFor::ScoreInput(run.id)));
            }
        }
        if ui.button("Hide run").clicked() {
            ctx.send(Command::HideRun(run.id));
        }
    }
}
