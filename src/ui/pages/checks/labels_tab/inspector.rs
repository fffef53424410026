//! One row whose label looks wrong: what speaks against it, the rows like it, its cells.

use egui::{Label, RichText, Ui};

use crate::domain::dataset::DatasetVersion;
use crate::domain::question::{Answer, Question};
use crate::domain::suspects::{LabelProblems, Objection};
use crate::state::command::Command;
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::{Tone, badge};

use super::{LabelsTab, answer, model};

/// Rows of a group that are named.
const NAMED: usize = 12;

pub fn labels_inspector_ui(ui: &mut Ui, ctx: &UiCtx<'_>, tab: &LabelsTab, version: &DatasetVersion) {
    let found = tab.target(version).and_then(|target| answer(ctx, version.id, &target).map(|found| (target, found)));
    let Some((target, found)) = found else {
        return parts::nothing_selected(ui, ctx, "What speaks against a label will be here");
    };
    let Some(at) = tab.chosen(found) else {
        return parts::nothing_selected(ui, ctx, "There is no row to look at");
    };
    let problem = &found.rows[at];
    let title = RichText::new(format!("Row {}", format::count(problem.row))).font(medium(size::TITLE));
    ui.add(Label::new(title.color(ctx.tokens.text)).wrap());
    badge(ui, ctx, Tone::Warn, model::word(problem.objection)).on_hover_text(model::meaning(problem.objection));
    ui.add_space(space::XS);
    let suggested = problem.suggested.clone().unwrap_or_else(|| "none: they are divided".to_owned());
    let facts = [("Column", target.clone()), ("Label", problem.label.clone()), ("Suggested", suggested)];
    parts::facts(ui, ctx, &facts);
    let why = RichText::new(format::sentence(&model::why(found, at))).color(ctx.tokens.text);
    ui.add(Label::new(why).wrap());
    ui.add_space(space::XS);
    let alike = model::group(found, at);
    let rows: Vec<u64> = if alike.is_empty() {
        vec![problem.row]
    } else {
        found.rows[alike.clone()].iter().map(|other| other.row).collect()
    };
    let words = match rows.len() {
        1 => "Show the row in the table".to_owned(),
        n => format!("Show all {n} rows in the table"),
    };
    if ui.button(words).on_hover_text("Marks them in the table of the Data page").clicked() {
        ctx.send(Command::ShowRows { version: version.id, column: Some(target.clone()), rows });
    }
    if problem.objection == Objection::Conflict {
        alike_ui(ui, ctx, found, alike);
    }
    ui.add_space(space::S);
    parts::heading(ui, ctx, "Its cells");
    cells_ui(ui, ctx, version, problem.row, &target);
}

fn alike_ui(ui: &mut Ui, ctx: &UiCtx<'_>, found: &LabelProblems, alike: std::ops::Range<usize>) {
    ui.add_space(space::S);
    parts::heading(ui, ctx, "Equal in every other column");
    let more = alike.len().saturating_sub(NAMED);
    let group = &found.rows[alike];
    let line = |row: u64| format!("Row {}", format::count(row));
    let facts: Vec<(String, String)> = group.iter().take(NAMED).map(|p| (line(p.row), p.label.clone())).collect();
    parts::facts(ui, ctx, &facts);
    if more > 0 {
        parts::note(ui, ctx, &format!("and {}", format::counted(more as u64, "row more", "rows more")));
    }
}

/// The other columns first are what the label is judged by.
fn cells_ui(ui: &mut Ui, ctx: &UiCtx<'_>, version: &DatasetVersion, row: u64, target: &str) {
    let question = Question::Rows { version: version.id, rows: vec![row] };
    match ctx.state.asked.get(&question) {
        Loadable::Idle => ctx.send(Command::Ask(question)),
        Loadable::Failed(problem) => parts::small_problem(ui, ctx, problem),
        loadable => {
            let Some(Answer::Rows(cards)) = loadable.value() else { return parts::note(ui, ctx, "Loading the row…") };
            let Some(cells) = cards.first() else { return };
            let others = version.schema.names().zip(cells).filter(|(name, _)| *name != target);
            let text = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "missing".to_owned());
            let facts: Vec<(&str, String)> = others.map(|(name, cell)| (name, text(cell))).collect();
            parts::facts(ui, ctx, &facts);
        }
    }
}
