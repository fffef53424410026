//! Draws the Monitor page.

use egui::{Label, RichText, ScrollArea, TextEdit, Ui};

use crate::domain::drift::{ColumnDrift, StoredDrift};
use crate::domain::history::History;
use crate::domain::request::{DataRef, DriftRequest};
use crate::state::command::{Command, Page, PickFor};
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::pages::parts::shapes::{Sides, shape_ui};
use crate::ui::pages::parts::table::{Cell, Column, Event, Rows, table_ui};
use crate::ui::palette::name_it;
use crate::ui::theme::icons::Icon;
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::{Tone, badge};
use crate::ui::widgets::list::Row;
use crate::ui::widgets::page::{Primary, card, inspector_panel, list_panel, main_panel, page_header};
use crate::ui::widgets::states;

use super::MonitorPage;
use super::model::{self, DriftRow};

const TITLE: &str = "Monitor";
/// Below this width the test is left to the inspector.
const NARROW: f32 = 560.0;
/// Its place among the columns.
const TEST: usize = 2;
const SUBTITLE: &str = "Is what the model learned from still true?";

pub fn monitor_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut MonitorPage) {
    let Some(history) = ctx.state.history.value() else {
        page_header(ui, ctx, TITLE, SUBTITLE, None);
        parts::history(ui, ctx, "drift reports");
        return;
    };
    if history.versions.len() < 2 {
        page_header(ui, ctx, TITLE, SUBTITLE, None);
        return main_panel(ui, |ui| few_versions_ui(ui, ctx, history));
    }
    let sides = model::sides(history, &ctx.state.focus, page.picked);
    let (reference, current) = (sides.0.map(DataRef::Version), sides.1.map(DataRef::Version));
    // Without both sides the button is disabled, and the command never sent.
    let command = match (reference, current) {
        (Some(reference), Some(current)) => Command::CompareDrift(DriftRequest { reference, current }),
        _ => Command::GoTo(Page::Monitor),
    };
    let why_not = model::why_not(sides);
    page_header(ui, ctx, TITLE, SUBTITLE, Some(Primary::new("Compare", command.clone()).unless(why_not.clone())));
    let shown = model::shown(history, &ctx.state.focus);
    list_panel(ui, ctx, "monitor", |ui| list_ui(ui, ctx, history, shown));
    let column = shown.and_then(|s| in_focus(ctx, s));
    inspector_panel(ui, ctx, "monitor", |ui| inspector_ui(ui, ctx, shown, column));
    main_panel(ui, |ui| {
        card(ui, ctx, |ui| form_ui(ui, ctx, page, history, sides, why_not.as_deref()));
        ui.add_space(space::S);
        match shown {
            Some(stored) => report_ui(ui, ctx, page, stored, column),
            None => {
                let more = "Columns that changed come first, each with its test, its number and its limit";
                let button = why_not.is_none().then_some(("Compare now", command));
                states::empty(ui, ctx, Icon::Monitor, "Nothing has been compared yet", more, button);
            }
        }
    });
}

fn few_versions_ui(ui: &mut Ui, ctx: &UiCtx, history: &History) {
    let import = Some(("Import a file…", Command::Pick(PickFor::ImportFiles)));
    if history.versions.is_empty() {
        let more = "Import the data a model was trained on, then newer data to compare it with";
        states::empty(ui, ctx, Icon::Monitor, "No data to compare yet", more, import);
    } else {
        let more = "Import newer data, or drop a file here: it becomes the current side";
        states::empty(ui, ctx, Icon::Monitor, "One version is not enough to compare", more, import);
    }
}

/// The column in focus, else the first row of the table.
fn in_focus<'a>(ctx: &UiCtx, stored: &'a StoredDrift) -> Option<&'a ColumnDrift> {
    let columns = &stored.report.columns;
    let find = |name: &str| columns.iter().find(|c| c.column == name);
    let focused = ctx.state.focus.column.as_deref().and_then(find);
    focused.or_else(|| model::rows(&stored.report, "").first().and_then(|r| find(r.column)))
}

fn list_ui(ui: &mut Ui, ctx: &UiCtx, history: &History, shown: Option<&StoredDrift>) {
    parts::heading(ui, ctx, "Earlier reports");
    if history.drifts.is_empty() {
        return parts::note(ui, ctx, "None yet");
    }
    ScrollArea::vertical().auto_shrink([false, false]).show_rows(ui, 40.0, history.drifts.len(), |ui, range| {
        for stored in &history.drifts[range] {
            let when = format!("against {} · {}", stored.reference, format::ago(ctx.now_ms, stored.created_at_ms));
            let (tone, word, sentence) = model::verdict(&stored.report);
            let selected = shown.is_some_and(|s| s.id == stored.id);
            let row = Row::new(&stored.current).subtitle(&when).badge(tone, word).selected(selected).show(ui, ctx);
            if row.clicked() {
                ctx.send(Command::ShowDrift(stored.id));
            }
            let (current, reference) = (&stored.current, &stored.reference);
            let at = format::date_time(stored.created_at_ms);
            row.on_hover_text(format!("{current} against {reference}\n{sentence}\n{at}"));
        }
    });
}

fn form_ui(
    ui: &mut Ui,
    ctx: &UiCtx,
    page: &mut MonitorPage,
    history: &History,
    sides: (Option<crate::domain::ids::VersionId>, Option<crate::domain::ids::VersionId>),
    why_not: Option<&str>,
) {
    let options = parts::version_options(&history.versions);
    let width = ((ui.available_width() - 3.0 * space::M) / 2.0).clamp(120.0, 240.0);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::M;
        for (at, (name, side)) in [("Reference", sides.0), ("Current", sides.1)].into_iter().enumerate() {
            parts::field(ui, ctx, name, |ui| {
                if let Some(id) = parts::pick(ui, name, &options, side.as_ref(), None, width) {
                    page.picked[at] = id;
                }
            });
        }
    });
    if let Some(why_not) = why_not {
        parts::alert(ui, ctx, Tone::Warn, why_not);
    }
}

fn report_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut MonitorPage, stored: &StoredDrift, column: Option<&ColumnDrift>) {
    let (tone, word, sentence) = model::verdict(&stored.report);
    parts::verdict(ui, ctx, (tone, word, &sentence), |ui| {
        if ui.button("Copy as CSV").on_hover_text("Copy the drift table as CSV").clicked() {
            ctx.send(Command::Copy(model::report_table(&stored.report).to_csv()));
        }
    });
    let report = &stored.report;
    let rows = [report.reference_rows, report.current_rows].map(|n| format::counted(n, "row", "rows"));
    parts::note(ui, ctx, &format!("{} ({}) against {} ({})", stored.current, rows[1], stored.reference, rows[0]));
    for sentence in model::unmatched(report) {
        parts::alert(ui, ctx, Tone::Info, &sentence);
    }
    ui.add_space(space::XS);
    let edit = ui.add(TextEdit::singleline(&mut page.filter).hint_text("Filter columns").desired_width(180.0));
    name_it(ui, &edit, "Filter columns");
    let table = Table {
        rows: model::rows(report, &page.filter),
        selected: column.map(|c| c.column.as_str()),
        narrow: ui.available_width() < NARROW,
        p_values: model::has_p_values(report),
    };
    if table.rows.is_empty() {
        return parts::note(ui, ctx, "No column matches the filter");
    }
    let (height, heads) = (ui.available_height(), columns(table.narrow, table.p_values));
    if let Some(Event::Row(row) | Event::Open(row)) = table_ui(ui, ctx, "drift", &heads, &table, height) {
        ctx.send(Command::FocusColumn(Some(table.rows[row].column.to_owned())));
    }
}

fn columns(narrow: bool, p_values: bool) -> Vec<Column> {
    let mut columns = vec![
        Column::new("Light", 104.0).help("Drifted, stable, or not compared"),
        Column::new("Column", 120.0).grows(),
        Column::new("Test", 190.0).help("Chosen by the column's kind and the number of rows"),
        Column::new("Statistic", 76.0).right().help("What the test measured"),
        Column::new("Limit", 60.0).right().help("From here on the column counts as drifted"),
        Column::new("p-value", 76.0).right().help("Chance of a difference this large without drift"),
    ];
    if !p_values {
        columns.pop();
    }
    if narrow {
        columns.remove(TEST);
    }
    columns
}

struct Table<'a> {
    rows: Vec<DriftRow<'a>>,
    selected: Option<&'a str>,
    narrow: bool,
    p_values: bool,
}

impl Rows for Table<'_> {
    fn count(&self) -> usize {
        self.rows.len()
    }

    fn cells(&self, row: usize) -> Vec<Cell> {
        let row = &self.rows[row];
        let mut cells = vec![
            Cell::Tone(row.tone, row.word.to_owned()),
            Cell::Icon(Icon::of_kind(row.kind), row.column.to_owned()),
            Cell::Weak(row.test.to_owned()),
            Cell::Text(row.statistic.clone()),
            Cell::Weak(row.limit.clone()),
            Cell::Text(row.p_value.clone()),
        ];
        if !self.p_values {
            cells.pop();
        }
        if self.narrow {
            cells.remove(TEST);
        }
        cells
    }

    fn selected(&self, row: usize) -> bool {
        self.selected == Some(self.rows[row].column)
    }
}

fn inspector_ui(ui: &mut Ui, ctx: &UiCtx, shown: Option<&StoredDrift>, column: Option<&ColumnDrift>) {
    let (Some(stored), Some(c)) = (shown, column) else {
        return parts::nothing_selected(ui, ctx, "Both distributions of a column will be here");
    };
    let (tone, word) = model::light(c);
    ui.add(Label::new(RichText::new(&c.column).font(medium(size::TITLE)).color(ctx.tokens.text)).truncate());
    badge(ui, ctx, tone, word);
    ui.add_space(space::XS);
    // One id per column, so that a zoom into one does not stay for the next.
    let id = format!("drift {} {}", stored.id, c.column);
    let names = [format!("Reference {}", stored.reference), format!("Current {}", stored.current)];
    let sides = Sides { column: &c.column, kind: c.kind, shape: &c.shape, summary: &model::shape_summary(c) };
    shape_ui(ui, ctx, &id, &names, &sides);
    ui.add_space(space::S);
    let mut facts = vec![("Kind", c.kind.as_str().to_owned())];
    if let Some(test) = c.test {
        facts.push(("Test", test.title().to_owned()));
        let decimals = model::decimals(&stored.report);
        facts.extend(c.statistic.map(|value| ("Statistic", model::statistic(value, decimals))));
        facts.extend(c.p_value.map(|p| ("p-value", model::p_value(Some(p)))));
        facts.extend(model::rule(c).map(|rule| ("Rule", rule)));
    }
    facts.push(("Missing", format!("{} to {}", format::percent(c.missing[0]), format::percent(c.missing[1]))));
    parts::facts(ui, ctx, &facts);
    if let Some(test) = c.test {
        ui.add_space(space::XS);
        parts::heading(ui, ctx, "What the number means");
        parts::note(ui, ctx, test.explanation());
    }
    if let Some(note) = &c.note {
        ui.add_space(space::XS);
        parts::alert(ui, ctx, Tone::Info, note);
    }
}
