//! The list of everything a suite expects, and the menu that adds to it.

use egui::Ui;

use crate::domain::suite::spec::{Family, TESTS, TestSpec};
use crate::domain::suite::{ColumnContract, RuleForm};
use crate::ui::ctx::UiCtx;
use crate::ui::pages::parts;
use crate::ui::pages::parts::table::{Cell, Column, Event, Rows, table_ui};
use crate::ui::widgets::badge::Tone;

use super::model::{self, Item, Line, Part};
use super::{Draft, SuiteTab};

/// Room below which the list has fewer columns.
const NARROW: f32 = 620.0;

struct Lines {
    lines: Vec<Line>,
    selected: Option<Item>,
    reveal: Option<usize>,
}

impl Rows for Lines {
    fn count(&self) -> usize {
        self.lines.len()
    }

    fn cells(&self, row: usize) -> Vec<Cell> {
        let line = &self.lines[row];
        let severity = match line.severity {
            Some(severity) => Cell::Tone(Tone::of_severity(severity), severity.as_str().to_owned()),
            None => Cell::Weak("off".to_owned()),
        };
        let name = format!("{} {}", line.what, line.about);
        vec![
            Cell::Check(line.ticked, format!("Keep {}", name.trim())),
            Cell::Text(line.what.clone()),
            Cell::Text(line.about.clone()),
            Cell::Text(line.limit.clone()),
            severity,
            Cell::Weak(line.origin.clone()),
        ]
    }

    fn selected(&self, row: usize) -> bool {
        self.selected == Some(self.lines[row].item)
    }

    fn reveal(&self) -> Option<usize> {
        self.reveal
    }
}

pub fn list_ui(ui: &mut Ui, ctx: &UiCtx<'_>, tab: &mut SuiteTab) {
    let Some(draft) = &mut tab.draft else { return };
    let lines = model::lines(&draft.suite, &draft.left_out, tab.part, &tab.filter);
    if lines.is_empty() {
        let nothing = match (tab.filter.trim().is_empty(), tab.part) {
            (false, _) => "No line contains this",
            (true, Part::Schema) => "The schema says nothing yet: draft it from a version, or add a column",
            (true, _) => "No rules yet: draft them from a version, or add one",
        };
        return parts::note(ui, ctx, nothing);
    }
    // In little room the origin is in the inspector only: nothing has to be scrolled sideways.
    let columns: &[Column] = &if ui.available_width() < NARROW {
        vec![tick_column(), grown("Test", 130.0), Column::new("Column", 88.0), grown("Limit", 88.0), broken_column()]
    } else {
        let column = grown("Column", 104.0);
        let origin = grown("Where it comes from", 120.0);
        vec![tick_column(), grown("Test", 150.0), column, grown("Limit", 120.0), broken_column(), origin]
    };
    let place = draft.selected.and_then(|item| lines.iter().position(|line| line.item == item));
    let reveal = place.filter(|_| std::mem::take(&mut draft.reveal));
    let rows = Lines { lines, selected: draft.selected, reveal };
    let height = ui.available_height();
    match table_ui(ui, ctx, "suite", columns, &rows, height) {
        Some(Event::Row(row) | Event::Open(row)) => draft.select(rows.lines[row].item),
        Some(Event::Check(row)) => model::tick(&mut draft.suite, &mut draft.left_out, rows.lines[row].item),
        Some(Event::Header(_)) | None => {}
    }
}

fn tick_column() -> Column {
    Column::new("", 30.0).help("What is not ticked is not in the suite")
}

fn broken_column() -> Column {
    Column::new("If broken", 78.0)
}

fn grown(title: &str, width: f32) -> Column {
    Column::new(title, width).grows()
}

/// Adds a rule, or a column to the contract.
pub fn add_menu(ui: &mut Ui, ctx: &UiCtx<'_>, draft: &mut Draft) {
    ui.menu_button("Add", |ui| {
        for family in Family::ALL {
            ui.menu_button(family.title(), |ui| {
                egui::ScrollArea::vertical().max_height(420.0).show(ui, |ui| {
                    for test in TESTS.iter().filter(|test| test.family == family) {
                        let mut button = ui.button(test.title);
                        if !test.help.is_empty() {
                            button = button.on_hover_text(test.help);
                        }
                        if button.clicked() {
                            add_rule(draft, test, ctx.state.focus.column.as_deref());
                            ui.close();
                        }
                    }
                });
            });
        }
        if ui.button("A column of the schema").clicked() {
            draft.suite.contract.columns.push(ColumnContract::new("column"));
            draft.select(Item::Column(draft.suite.contract.columns.len() - 1));
            draft.reveal = true;
        }
    });
}

/// The rule is written in the inspector, and in the suite once it is whole. It begins with the column in focus.
fn add_rule(draft: &mut Draft, test: &'static TestSpec, column: Option<&str>) {
    let column = column.filter(|_| test.fields.iter().any(|field| field.name == "column")).unwrap_or_default();
    let mut form = RuleForm::new(model::free_id(&draft.suite, test.name, column), test);
    if !column.is_empty() {
        form.fields.insert("column", column.to_owned());
    }
    (draft.selected, draft.form) = (None, Some(form));
}
