//! The leaderboard as a table.

use egui::Ui;

use crate::domain::ids::RunId;
use crate::domain::metric::Metric;
use crate::domain::request::JobRequest;
use crate::state::command::{Command, Page, PickFor};
use crate::ui::ctx::UiCtx;
use crate::ui::pages::parts;
use crate::ui::pages::parts::table::{Cell, Column, Event, Rows, table_ui};
use crate::ui::pages::train::model::{self, LeaderColumn, LeaderRow, LeaderSort, LeaderState};
use crate::ui::pages::train::{About, TrainPage};
use crate::ui::widgets::badge::Tone;

/// Columns that go first where there is little room, the least missed first.
const SPARED: [LeaderColumn; 4] = [LeaderColumn::Data, LeaderColumn::Predict, LeaderColumn::Size, LeaderColumn::Family];

pub fn leaders_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut TrainPage, about: &About, target: &str) {
    let mut rows = model::leaderboard(about.history, about.version, target, page.sort);
    if let Some((job, JobRequest::Train(request))) = model::own_job(&ctx.state.jobs, target) {
        // Behind the results, before what failed.
        let at = rows.iter().take_while(|r| r.state.has_a_chance()).count();
        rows.splice(at..at, model::waiting(request, about.history, job.started_ms));
    }
    let Some(first) = rows.first() else {
        let words =
            format!("No run predicts {target} of {} yet. Runs appear here while they train", about.version.dataset);
        return parts::note(ui, ctx, &words);
    };
    let task = first.run.map(|run| run.plan.task);
    if let Some(metric) = task.map(Metric::primary) {
        let way = if metric.higher_is_better() { "higher is better" } else { "lower is better" };
        parts::note(ui, ctx, &format!("{} of {target}, {way}", metric.title()));
    }
    let columns = columns(ui.available_width());
    let rises = task.map(Metric::primary).is_some_and(Metric::higher_is_better);
    let heads: Vec<Column> = columns.iter().map(|column| head(*column, page.sort, rises)).collect();
    let table = Leaders { rows: &rows, columns: &columns, focus: ctx.state.focus.run };
    let height = ui.available_height();
    match table_ui(ui, ctx, "leaderboard", &heads, &table, height) {
        Some(Event::Header(at)) => page.sort = page.sort.clicked(columns[at]),
        Some(Event::Row(row)) => {
            if let Some(run) = rows[row].run {
                ctx.send(Command::FocusRun(run.id));
            }
        }
        Some(Event::Open(row)) => {
            if let Some(run) = rows[row].run {
                ctx.send(Command::FocusRun(run.id));
                ctx.send(Command::GoTo(Page::Runs));
            }
        }
        _ => {}
    }
}

/// As many as there is room for.
fn columns(room: f32) -> Vec<LeaderColumn> {
    let mut columns = LeaderColumn::ALL.to_vec();
    for spared in SPARED {
        let taken: f32 = columns.iter().map(|c| c.width()).sum();
        if taken > room {
            columns.retain(|c| *c != spared);
        }
    }
    columns
}

/// `rises`: the best score is the highest.
fn head(column: LeaderColumn, sort: LeaderSort, rises: bool) -> Column {
    let mut head = Column::new(column.title(), column.width()).help(column.help());
    head.right = column.is_number();
    head.grows = column == LeaderColumn::Model;
    head.sortable = true;
    let best_is_high = rises && matches!(column, LeaderColumn::Score | LeaderColumn::Test);
    head.sorted = (sort.column == column).then_some(sort.reversed != best_is_high);
    head
}

struct Leaders<'a> {
    rows: &'a [LeaderRow<'a>],
    columns: &'a [LeaderColumn],
    focus: Option<RunId>,
}

impl Rows for Leaders<'_> {
    fn count(&self) -> usize {
        self.rows.len()
    }

    fn cells(&self, row: usize) -> Vec<Cell> {
        let row = &self.rows[row];
        let cell = |column: &LeaderColumn| {
            let text = row.cell(*column);
            match column {
                LeaderColumn::Status => match row.state {
                    LeaderState::Waiting => Cell::Tone(Tone::Neutral, text),
                    LeaderState::Is(status) => Cell::Tone(Tone::of_status(status), text),
                },
                LeaderColumn::Model if row.best => Cell::Best(text),
                LeaderColumn::Family if row.best_of_family => Cell::Best(text),
                LeaderColumn::Family | LeaderColumn::Data | LeaderColumn::Fit => Cell::Weak(text),
                LeaderColumn::Predict | LeaderColumn::Size => Cell::Weak(text),
                _ => Cell::Text(text),
            }
        };
        self.columns.iter().map(cell).collect()
    }

    fn selected(&self, row: usize) -> bool {
        self.rows[row].run.is_some_and(|run| self.focus == Some(run.id))
    }

    fn menu(&self, row: usize, ui: &mut Ui, ctx: &UiCtx) {
        let Some(run) = self.rows[row].run else { return };
        if ui.button("Open in Runs").clicked() {
            ctx.send(Command::FocusRun(run.id));
            ctx.send(Command::GoTo(Page::Runs));
        }
        if ui.button("Compare").clicked() {
            ctx.send(Command::ToggleCompare(run.id));
        }
        if run.model_hash.is_some() && ui.button("Export…").clicked() {
            ctx.send(Command::Pick(PickFor::ExportBundle(run.id)));
        }
        if ui.button("Hide run").clicked() {
            ctx.send(Command::HideRun(run.id));
        }
    }
}
