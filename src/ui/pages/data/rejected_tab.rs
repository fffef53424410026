//! The rows that were set aside while the version in focus was read.

use egui::Ui;

use crate::domain::dataset::DatasetVersion;
use crate::domain::ids::VersionId;
use crate::domain::question::{Answer, Question, RejectedRow};
use crate::domain::request::RestoreForm;
use crate::state::command::Command;
use crate::state::format::{count, counted};
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::pages::parts::table::{Cell, Column, Rows, table_ui};
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::page::weak;
use crate::ui::widgets::states;

use super::versions_tab::restore_pick;

/// Rows of a page.
const PAGE: u64 = 500;

/// Where the user leafed to.
#[derive(Debug, Default)]
pub struct RejectedTab {
    version: Option<VersionId>,
    first: u64,
}

pub fn rejected_tab_ui(ui: &mut Ui, ctx: &UiCtx<'_>, tab: &mut RejectedTab, version: &DatasetVersion) {
    if tab.version != Some(version.id) {
        *tab = RejectedTab { version: Some(version.id), first: 0 };
    }
    if version.provenance.rejects_hash.is_none() {
        return states::empty(ui, ctx, Icon::Ok, "No row was set aside", "Every row of the file is in the table", None);
    }
    let question = Question::Rejects { version: version.id, first: tab.first, count: PAGE };
    let page = match ctx.state.asked.get(&question) {
        Loadable::Failed(problem) => return states::failed(ui, ctx, problem, Some(Command::Ask(question))),
        Loadable::Idle => {
            ctx.send(Command::Ask(question));
            return states::loading(ui, ctx, "the rejected rows");
        }
        loadable => match loadable.value() {
            Some(Answer::Rejects(page)) => page,
            _ => return states::loading(ui, ctx, "the rejected rows"),
        },
    };
    ui.horizontal(|ui| {
        let last = page.first + page.rows.len() as u64;
        let mut words = format!("{} set aside", counted(page.total, "row", "rows"));
        if page.total > PAGE {
            words.push_str(&format!(" · {} to {} shown", count(page.first + 1), count(last)));
        }
        weak(ui, ctx, words);
        if page.total > PAGE {
            if ui.add_enabled(page.first > 0, egui::Button::new("Previous")).clicked() {
                tab.first = page.first.saturating_sub(PAGE);
            }
            if ui.add_enabled(last < page.total, egui::Button::new("Next")).clicked() {
                tab.first = last;
            }
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.button("Save as CSV…").clicked() {
                ctx.send(Command::Pick(restore_pick(version, RestoreForm::Rejected)));
            }
        });
    });
    let columns = [
        Column::new("Line", 70.0).right().help("Where it stands in the source"),
        Column::new("Reason", 220.0),
        Column::new("Text", 160.0).grows().help("The row as it was found"),
    ];
    let height = ui.available_height();
    let _ = table_ui(ui, ctx, "rejected", &columns, &Rejected(&page.rows), height);
}

struct Rejected<'a>(&'a [RejectedRow]);

impl Rows for Rejected<'_> {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn cells(&self, row: usize) -> Vec<Cell> {
        let row = &self.0[row];
        let text = row.text.replace(['\n', '\r', '\t'], " ");
        vec![Cell::Weak(count(row.line)), Cell::Text(row.reason.clone()), Cell::Text(text)]
    }

    fn selected(&self, _row: usize) -> bool {
        false
    }
}
