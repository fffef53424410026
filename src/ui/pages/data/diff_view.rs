//! Two versions side by side: how many rows differ, which columns, which cells, how the distributions moved.

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{Label, PopupCloseBehavior, RichText, ScrollArea, Sense, Stroke, Ui, vec2};

use crate::domain::diff::{ColumnDiff, DiffReport, DiffRequest, MAX_EXAMPLES, RowChange};
use crate::domain::history::History;
use crate::domain::ids::VersionId;
use crate::domain::problem::ProblemKind;
use crate::domain::question::{Answer, Question};
use crate::domain::request::DataRef;
use crate::state::command::Command;
use crate::state::format::{capital, count, percent};
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::pages::monitor;
use crate::ui::pages::parts;
use crate::ui::pages::parts::shapes::{Sides, shape_ui};
use crate::ui::pages::parts::table::{Cell, Column, Event, Rows, table_ui};
use crate::ui::palette::name_it;
use crate::ui::theme::icons::{self, Icon, icon_button};
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::{Tone, badge};
use crate::ui::widgets::page::{card, section, weak};
use crate::ui::widgets::states;

use super::diff_model::{self, ExampleFilter, ExampleLine};

/// Examples of each sort that are asked for at first.
const FIRST_EXAMPLES: u32 = 500;

/// An open comparison: what is compared, and what of it is shown.
#[derive(Debug)]
pub struct DiffView {
    left: VersionId,
    right: VersionId,
    /// Proposed when empty.
    key: Vec<String>,
    limit: u32,
    filter: ExampleFilter,
    /// Only rows in which this column changed are asked for.
    narrowed: Option<String>,
    /// What was asked last: another question stops it.
    asked: Option<Question>,
}

impl DiffView {
    pub fn new(left: VersionId, right: VersionId) -> Self {
        let filter = ExampleFilter::default();
        Self { left, right, key: Vec::new(), limit: FIRST_EXAMPLES, filter, narrowed: None, asked: None }
    }

    fn question(&self) -> Question {
        Question::Diff(DiffRequest {
            left: DataRef::Version(self.left),
            right: DataRef::Version(self.right),
            key: self.key.clone(),
            limit: self.limit,
            column: self.narrowed.clone(),
        })
    }
}

/// True when the user is done with it.
pub fn diff_ui(ui: &mut Ui, ctx: &UiCtx<'_>, view: &mut DiffView, history: &History) -> bool {
    let mut close = false;
    // Escape closes an open menu first.
    let menu = egui::Popup::is_any_open(ui.ctx());
    let sides = [view.left, view.right].map(|id| history.version(id));
    let [Some(left), Some(right)] = sides else { return true };
    ui.horizontal(|ui| {
        close = ui.button("Back to the versions").clicked();
        section(ui, ctx, &format!("{} → {}", left.label(), right.label()));
        if icon_button(ui, ctx, Icon::Refresh, "Swap the two sides").clicked() {
            std::mem::swap(&mut view.left, &mut view.right);
        }
        let shared = left.schema.names().filter(|name| right.schema.column(name).is_some());
        key_ui(ui, &mut view.key, shared);
    });
    close |= !menu && ui.input(|i| i.key_pressed(egui::Key::Escape));
    if view.narrowed != view.filter.column {
        view.narrowed = None;
    }
    let question = view.question();
    if let Some(before) = view.asked.take_if(|asked| close || *asked != question) {
        ctx.send(Command::StopAsking(before));
    }
    if close {
        return true;
    }
    let fresh = view.asked.replace(question.clone()).is_none();
    let asked = ctx.state.asked.get(&question);
    match asked {
        // It was left before it was done, and is wanted again.
        Loadable::Failed(problem) if fresh && problem.kind == ProblemKind::Cancelled => {
            ctx.send(Command::Ask(question.clone()));
            states::answering(ui, ctx, "the comparison", &question);
        }
        Loadable::Failed(problem) => states::failed(ui, ctx, problem, Some(Command::Ask(question))),
        Loadable::Idle => {
            ctx.send(Command::Ask(question.clone()));
            states::answering(ui, ctx, "the comparison", &question);
        }
        loadable => match loadable.value() {
            Some(Answer::Diff(report)) => report_ui(ui, ctx, view, report),
            _ => states::answering(ui, ctx, "the comparison", &question),
        },
    }
    close
}

/// The columns that tell rows apart, to tick.
fn key_ui<'a>(ui: &mut Ui, key: &mut Vec<String>, shared: impl Iterator<Item = &'a str>) {
    let words = if key.is_empty() { "Key: proposed ▾".to_owned() } else { format!("Key: {} ▾", key.join(", ")) };
    let menu = MenuButton::new(crate::state::format::middle_ellipsis(&words, 32));
    let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let (response, _) = menu.config(config).ui(ui, |ui| {
        ui.set_min_width(180.0);
        let mut proposed = key.is_empty();
        if ui.checkbox(&mut proposed, "Proposed").clicked() {
            key.clear();
        }
        ui.separator();
        ScrollArea::vertical().max_height(280.0).show(ui, |ui| {
            for name in shared {
                let mut on = key.iter().any(|k| k == name);
                if ui.checkbox(&mut on, name).changed() {
                    if on { key.push(name.to_owned()) } else { key.retain(|k| k != name) }
                }
            }
        });
    });
    name_it(ui, &response, "Key columns");
    response.on_hover_text("The columns that tell rows apart");
}

fn report_ui(ui: &mut Ui, ctx: &UiCtx<'_>, view: &mut DiffView, report: &DiffReport) {
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = space::S;
        if report.equal {
            parts::alert(ui, ctx, Tone::Ok, "Both hold the same rows and the same columns");
        }
        counts_ui(ui, ctx, view, report);
        if let Some(said) = diff_model::pairing(report) {
            weak(ui, ctx, said);
        }
        for note in &report.notes {
            parts::alert(ui, ctx, Tone::Info, &capital(note));
        }
        let schema = diff_model::schema_lines(report);
        if !schema.is_empty() {
            card(ui, ctx, |ui| {
                section(ui, ctx, "Columns that changed");
                for (tone, word, what) in schema {
                    ui.horizontal(|ui| {
                        badge(ui, ctx, tone, word);
                        ui.add(Label::new(RichText::new(what).size(size::DATA)).truncate());
                    });
                }
            });
        }
        card(ui, ctx, |ui| columns_ui(ui, ctx, view, report));
        if !report.examples.is_empty() {
            card(ui, ctx, |ui| examples_ui(ui, ctx, view, report));
        }
    });
}

/// Four numbers; the first three filter the examples.
fn counts_ui(ui: &mut Ui, ctx: &UiCtx<'_>, view: &mut DiffView, report: &DiffReport) {
    let rows = report.rows;
    let of = [report.left.rows, report.right.rows, report.left.rows, report.left.rows];
    let cards = [
        (Some(RowChange::Removed), Tone::Bad, "rows removed", rows.removed),
        (Some(RowChange::Added), Tone::Ok, "rows added", rows.added),
        (Some(RowChange::Changed), Tone::Warn, "rows changed", rows.changed),
        (None, Tone::Neutral, "rows unchanged", rows.unchanged),
    ];
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        let width = ((ui.available_width() - 3.0 * space::S) / 4.0).clamp(96.0, 200.0);
        for ((change, tone, words, n), of) in cards.into_iter().zip(of) {
            let sense = if change.is_some() { Sense::click() } else { Sense::hover() };
            let (rect, response) = ui.allocate_exact_size(vec2(width, 62.0), sense);
            let on = change.is_some() && view.filter.change == change;
            let said = format!("{} {words}", count(n));
            response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, change.is_some(), on, &said));
            let color = if n > 0 { tone.color(ctx.tokens) } else { ctx.tokens.text_weak };
            let line = Stroke::new(1.0, if on { ctx.tokens.accent } else { ctx.tokens.line });
            let fill = if on { ctx.tokens.selected } else { ctx.tokens.surface };
            ui.painter().rect(rect, space::RADIUS, fill, line, egui::StrokeKind::Inside);
            icons::focus_ring(ui, ctx, &response);
            let at = rect.left_top() + vec2(space::M, space::S);
            let number = if n >= 10_000_000 { size::PAGE } else { size::NUMBER - 4.0 };
            ui.painter().text(at, egui::Align2::LEFT_TOP, count(n), medium(number), color);
            let sign = egui::Rect::from_min_size(rect.left_bottom() + vec2(space::M, -21.0), vec2(12.0, 12.0));
            icons::paint(ui.painter(), tone.icon(), sign, color);
            let font = egui::FontId::proportional(size::DATA);
            let below = rect.left_bottom() + vec2(space::M + 17.0, -22.0);
            ui.painter().text(below, egui::Align2::LEFT_TOP, words, font, ctx.tokens.text_weak);
            if response.clicked() {
                view.filter.change = if on { None } else { change };
            }
            response.on_hover_text(format!("{said}, {}", percent(n as f64 / of.max(1) as f64)));
        }
    });
}

fn columns_ui(ui: &mut Ui, ctx: &UiCtx<'_>, view: &mut DiffView, report: &DiffReport) {
    ui.horizontal(|ui| {
        section(ui, ctx, "Columns of both");
        weak(ui, ctx, "Click one to see its distributions and its cells");
    });
    let heads = [
        Column::new("Column", 110.0).grows(),
        Column::new("Changed cells", 140.0).right().help("Among rows that belong together"),
        Column::new("Missing", 90.0).right().help("Cells without a value, left → right"),
        Column::new("Centre", 140.0).grows().help("Mean of numbers, most frequent value of others, left → right"),
        Column::new("Distribution", 110.0).help("By the drift test of the column"),
    ];
    let columns = diff_model::most_changed_first(report);
    let table = Columns { report, columns: &columns, selected: view.filter.column.as_deref() };
    let height = 24.0 * (report.columns.len().min(9) as f32 + 1.0);
    if let Some(Event::Row(row) | Event::Open(row)) = table_ui(ui, ctx, "diff columns", &heads, &table, height) {
        let name = &columns[row].column;
        view.filter.column = if view.filter.column.as_ref() == Some(name) { None } else { Some(name.clone()) };
    }
    let selected = view.filter.column.as_ref().and_then(|name| report.columns.iter().find(|c| c.column == *name));
    if let Some(column) = selected {
        column_ui(ui, ctx, report, column);
    }
}

fn column_ui(ui: &mut Ui, ctx: &UiCtx<'_>, report: &DiffReport, column: &ColumnDiff) {
    ui.add_space(space::XS);
    if column.compared_as_text {
        parts::alert(ui, ctx, Tone::Info, "The two sides store it differently, so its cells were compared as texts");
    }
    let names = [report.left.label.clone(), report.right.label.clone()];
    let id = format!("diff {} {} {}", report.left.version, report.right.version, column.column);
    let summary = monitor::model::shape_summary(&column.drift);
    let sides =
        Sides { column: &column.column, kind: column.drift.kind, shape: &column.drift.shape, summary: &summary };
    shape_ui(ui, ctx, &id, &names, &sides);
    if let Some(note) = &column.drift.note {
        parts::note(ui, ctx, note);
    }
}

struct Columns<'a> {
    report: &'a DiffReport,
    columns: &'a [&'a ColumnDiff],
    selected: Option<&'a str>,
}

impl Rows for Columns<'_> {
    fn count(&self) -> usize {
        self.columns.len()
    }

    fn cells(&self, row: usize) -> Vec<Cell> {
        let column = self.columns[row];
        let [changed, missing, centre] = diff_model::column_cells(column, self.report);
        let (tone, word) = monitor::model::light(&column.drift);
        let changed = if column.changed_cells > 0 { Cell::Tone(Tone::Warn, changed) } else { Cell::Weak(changed) };
        vec![
            Cell::Icon(Icon::of_kind(column.drift.kind), column.column.clone()),
            changed,
            Cell::Text(missing),
            Cell::Text(centre),
            Cell::Tone(tone, word.to_owned()),
        ]
    }

    fn selected(&self, row: usize) -> bool {
        self.selected == Some(self.columns[row].column.as_str())
    }
}

fn examples_ui(ui: &mut Ui, ctx: &UiCtx<'_>, view: &mut DiffView, report: &DiffReport) {
    let lines = diff_model::lines(report, &view.filter);
    ui.horizontal_wrapped(|ui| {
        section(ui, ctx, "Rows that differ");
        ui.selectable_value(&mut view.filter.change, None, "All");
        for change in RowChange::ALL {
            ui.selectable_value(&mut view.filter.change, Some(change), diff_model::title(change));
        }
        let options: Vec<(String, String)> =
            report.columns.iter().map(|c| (c.column.clone(), c.column.clone())).collect();
        let column = view.filter.column.clone();
        if let Some(picked) = parts::pick(ui, "Column", &options, column.as_ref(), Some("Any column"), 150.0) {
            view.filter.column = picked;
        }
    });
    if let Some(said) = diff_model::left_out(report) {
        ui.horizontal(|ui| {
            weak(ui, ctx, said);
            let more = view.limit.saturating_mul(5).min(MAX_EXAMPLES);
            if more > view.limit && ui.button(format!("List {} of each", count(u64::from(more)))).clicked() {
                view.limit = more;
            }
            if let Some(column) = view.filter.column.clone()
                && report.rows.changed > u64::from(report.example_limit)
                && view.narrowed.is_none()
                && ui.button(format!("Only where {column} changed")).clicked()
            {
                view.narrowed = Some(column);
            }
        });
    }
    if lines.is_empty() {
        return parts::note(ui, ctx, "No listed row fits the filter");
    }
    let key = if report.key.columns.is_empty() { "Row".to_owned() } else { report.key.columns.join(" · ") };
    let heads = [
        Column::new("Change", 92.0),
        Column::new(key, 110.0),
        Column::new("Column", 120.0),
        Column::new(format!("Old: {}", report.left.label), 130.0).grows(),
        Column::new(format!("New: {}", report.right.label), 130.0).grows(),
    ];
    let height = 24.0 * (lines.len().min(14) as f32 + 1.0);
    let _ = table_ui(ui, ctx, "diff examples", &heads, &Lines(&lines), height);
}

struct Lines<'a>(&'a [ExampleLine]);

impl Rows for Lines<'_> {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn cells(&self, row: usize) -> Vec<Cell> {
        let line = &self.0[row];
        let old = if line.change == RowChange::Changed { format!("− {}", line.old) } else { line.old.clone() };
        let new = if line.change == RowChange::Changed { format!("+ {}", line.new) } else { line.new.clone() };
        vec![
            Cell::Tone(diff_model::tone(line.change), line.change.as_str().to_owned()),
            Cell::Text(line.key.clone()),
            Cell::Weak(line.column.clone()),
            Cell::Weak(old),
            Cell::Text(new),
        ]
    }

    fn selected(&self, _row: usize) -> bool {
        false
    }
}
