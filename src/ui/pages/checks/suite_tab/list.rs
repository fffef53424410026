//! The list of everything a suite expects, and the menu that adds to it.

use egui::Ui;

use crate::domain::suite::spec::{Family, TESTS, TestSpec};
use crate::domain::suite::{ColumnContract, RuleForm};
use crate::ui::ctx::UiCtx;
use crate::ui::pages::parts;
use crate::ui::pages::parts::table::{Cell, Column, Event, Rows, table_ui};
use crate::ui::widgets::badge::Tone;

use super::model::{self, Item, Line};
use super::{Draft, SuiteTab};

struct Lines {
    lines: Vec<Line>,
    selected: Option<Item>,
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
        vec![
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
}

pub fn list_ui(ui: &mut Ui, ctx: &UiCtx<'_>, tab: &mut SuiteTab) {
    let Some(draft) = &mut tab.draft else { return };
    let lines = model::lines(&draft.suite, &tab.filter);
    if lines.is_empty() {
        return parts::note(ui, ctx, "No line contains this");
    }
    let columns = [
        Column::new("Test", 120.0).grows(),
        Column::new("Column", 110.0),
        Column::new("Limit", 190.0).grows(),
        Column::new("If broken", 90.0),
        Column::new("Where it comes from", 130.0).grows(),
    ];
    let rows = Lines { lines, selected: draft.selected };
    let height = ui.available_height();
    if let Some(Event::Row(row) | Event::Open(row)) = table_ui(ui, ctx, "suite", &columns, &rows, height) {
        draft.select(rows.lines[row].item);
    }
}

/// Adds a rule, or a column to the contract.
pub fn add_menu(ui: &mut Ui, draft: &mut Draft) {
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
                            add_rule(draft, test);
                            ui.close();
                        }
                    }
                });
            });
        }
        if ui.button("A column of the schema").clicked() {
            draft.suite.contract.columns.push(ColumnContract::new("column"));
            draft.select(Item::Column(draft.suite.contract.columns.len() - 1));
        }
    });
}

/// The rule is written in the inspector, and in the suite once it is whole.
fn add_rule(draft: &mut Draft, test: &'static TestSpec) {
    draft.selected = None;
    draft.form = Some(RuleForm::new(model::free_id(&draft.suite, test.name, ""), test));
}
