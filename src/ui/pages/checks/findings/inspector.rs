//! The evidence of one finding: what was measured, how it went, both distributions, the rows.

use egui::{Label, RichText, Ui};

use crate::domain::drift::DriftShape;
use crate::domain::edit::Edit;
use crate::domain::finding::{CheckRun, Finding};
use crate::domain::history::History;
use crate::domain::ids::VersionId;
use crate::domain::profile::{ColumnProfile, TableProfile};
use crate::domain::question::Question;
use crate::domain::side_by_side::side_by_side;
use crate::domain::suspects;
use crate::state::command::Command;
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::pages::parts::shapes::{Sides, largest_change, shape_ui};
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::{Tone, badge};
use crate::ui::widgets::sparkline::sparkline;

use super::{Findings, model};

pub fn inspector_ui(ui: &mut Ui, ctx: &UiCtx, view: &Findings, history: &History, shown: Option<&CheckRun>) {
    let findings = shown.map(|run| run.report.findings()).unwrap_or_default();
    let finding = shown.and_then(|run| view.chosen(run)).and_then(|at| findings.get(at));
    let (Some(run), Some(finding)) = (shown, finding) else {
        let what = if shown.is_some() { "Nothing was found" } else { "The evidence of a finding will be here" };
        return parts::nothing_selected(ui, ctx, what);
    };
    let title = RichText::new(model::check_title(&run.report, finding)).font(medium(size::TITLE));
    ui.add(Label::new(title.color(ctx.tokens.text)).wrap());
    badge(ui, ctx, Tone::of_severity(finding.severity), finding.severity.as_str());
    ui.add(Label::new(RichText::new(format::sentence(&finding.message)).color(ctx.tokens.text)).wrap());
    ui.add_space(space::XS);
    parts::heading(ui, ctx, "What to do");
    ui.add(Label::new(RichText::new(format::sentence(&finding.hint)).color(ctx.tokens.text)).wrap());
    ui.add_space(space::XS);
    parts::heading(ui, ctx, "Evidence");
    let mut facts = model::evidence(finding);
    if let Some(before) = view.before.and_then(|id| history.check_run(id)) {
        facts.push(("Earlier", model::before(&before.report, finding)));
    }
    parts::facts(ui, ctx, &facts);
    rows_ui(ui, ctx, run, finding);
    labels_ui(ui, ctx, run, finding);
    accept_ui(ui, ctx, run, finding);
    sides_ui(ui, ctx, run, finding);
    course_ui(ui, ctx, history, run, finding);
}

fn rows_ui(ui: &mut Ui, ctx: &UiCtx, run: &CheckRun, finding: &Finding) {
    if finding.rows.is_empty() {
        return;
    }
    ui.add_space(space::XS);
    parts::heading(ui, ctx, "Example rows");
    let rows: Vec<String> = finding.rows.iter().map(|r| format::count(*r)).collect();
    parts::note(ui, ctx, &rows.join(" · "));
    let question = Question::FindingRows { check_run: run.id, finding: Box::new(finding.clone()) };
    if let Some(waiting) = ctx.state.asked.waiting(&question) {
        let done = waiting
            .fraction
            .map_or_else(String::new, |share| format!(" · {}", format::percent((share * 100.0).floor() / 100.0)));
        ui.horizontal(|ui| {
            parts::note(ui, ctx, &format!("Looking for all of them{done}"));
            if ui.button("Cancel").clicked() {
                ctx.send(Command::StopAsking(question));
            }
        });
        return;
    }
    let (text, said) = if finding.has_more_rows() {
        ("Show all its rows in the table", "Runs this check again for the rows it is about, at most 10,000")
    } else {
        ("Show these rows in the table", "Marks them in the table of the Data page")
    };
    if ui.button(text).on_hover_text(said).clicked() {
        ctx.send(Command::ShowFinding { check_run: run.id, finding: Box::new(finding.clone()) });
    }
}

/// What is said against labels is listed row by row, and corrected there.
fn labels_ui(ui: &mut Ui, ctx: &UiCtx, run: &CheckRun, finding: &Finding) {
    if !suspects::CODES.contains(&finding.code.as_str()) {
        return;
    }
    let Some(target) = run.target.clone().or_else(|| finding.column.clone()) else { return };
    let button = ui.button("List these labels…");
    if button.on_hover_text("Row by row with the label that is expected, to correct them or leave them out").clicked() {
        ctx.send(Command::ShowSuspects { version: run.version_id, target });
    }
}

/// A finding may be the new normal: then the suite is changed so that it holds.
fn accept_ui(ui: &mut Ui, ctx: &UiCtx, run: &CheckRun, finding: &Finding) {
    ui.add_space(space::XS);
    let button = ui.button("Accept into the suite");
    let said = "This is the new normal: changes the limit in the dataset's suite so that it holds; Undo takes it back";
    if button.on_hover_text(said).clicked() {
        let (version, finding) = (run.version_id, Box::new(finding.clone()));
        ctx.send(Command::Edit(Edit::AcceptFinding { version, finding }));
    }
}

/// Both distributions of the column, where the table was held against another.
fn sides_ui(ui: &mut Ui, ctx: &UiCtx, run: &CheckRun, finding: &Finding) {
    let (Some(against), Some(column)) = (run.against, finding.column.as_deref()) else { return };
    let (Some(now), Some(before)) = (profile(ctx, run.version_id), profile(ctx, against)) else { return };
    let (Some(here), Some(there)) = (column_of(now, column), column_of(before, column)) else { return };
    let shape = side_by_side(there, here, [before.rows, now.rows]);
    if shape == DriftShape::None {
        return;
    }
    ui.add_space(space::XS);
    parts::heading(ui, ctx, "Against the reference");
    let names = [run.against_label.clone().unwrap_or_default(), run.dataset.clone()];
    let summary = format!("{column}: {}", largest_change(&shape));
    let id = format!("check {} {column}", run.id);
    shape_ui(ui, ctx, &id, &names, &Sides { column, kind: here.kind, shape: &shape, summary: &summary });
}

fn column_of<'a>(table: &'a TableProfile, name: &str) -> Option<&'a ColumnProfile> {
    table.columns.iter().find(|c| c.name == name)
}

/// A profile that is at hand; asked for where it is not.
fn profile<'a>(ctx: &UiCtx<'a>, version: VersionId) -> Option<&'a TableProfile> {
    match ctx.state.profiles.get(&version) {
        None | Some(Loadable::Idle) => {
            ctx.send(Command::NeedProfile(version));
            None
        }
        Some(loadable) => loadable.value(),
    }
}

/// How the check's number went over the versions of the dataset.
fn course_ui(ui: &mut Ui, ctx: &UiCtx, history: &History, run: &CheckRun, finding: &Finding) {
    let course = model::course(history, run, finding);
    if course.len() < 2 {
        return;
    }
    ui.add_space(space::XS);
    parts::heading(ui, ctx, "Over the versions");
    let (number, _) = model::measure(finding);
    let said: Vec<String> = course.iter().map(|(label, value)| format!("{label}: {}", number(*value))).collect();
    let values: Vec<f64> = course.iter().map(|(_, value)| *value).collect();
    sparkline(ui, ctx, &values, finding.limit, &said.join("\n"));
    let ends = [course.first(), course.last()].into_iter().flatten();
    let ends: Vec<String> = ends.map(|(label, value)| format!("{label} {}", number(*value))).collect();
    parts::note(ui, ctx, &ends.join(" to "));
}
