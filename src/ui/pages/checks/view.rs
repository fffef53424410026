//! Draws the Checks page.

use egui::{Label, RichText, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::domain::finding::{CheckRun, Finding};
use crate::domain::history::History;
use crate::domain::ids::VersionId;
use crate::state::command::{Command, PickFor};
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::theme::icons::{self, Icon, focus_ring};
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::{Tone, badge};
use crate::ui::widgets::list::Row;
use crate::ui::widgets::page::{Primary, card, inspector_panel, list_panel, main_panel, page_header};
use crate::ui::widgets::states;

use super::ChecksPage;
use super::model::{self, Defaults};

const TITLE: &str = "Checks";
const SUBTITLE: &str = "Is this table fit to train on, and why?";

pub fn checks_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut ChecksPage) {
    let Some(history) = ctx.state.history.value() else {
        page_header(ui, ctx, TITLE, SUBTITLE, None);
        parts::history(ui, ctx, "checks");
        return;
    };
    let focused = ctx.state.focus.version.filter(|id| history.version(*id).is_some());
    let Some(version) = focused.or_else(|| history.versions.last().map(|v| v.id)) else {
        page_header(ui, ctx, TITLE, SUBTITLE, None);
        main_panel(ui, |ui| {
            let more = "Missing values, duplicates, leakage and more, each finding with its number and limit";
            let import = ("Import a file…", Command::Pick(PickFor::ImportFiles));
            states::empty(ui, ctx, Icon::Checks, "No data to check yet", more, Some(import));
        });
        return;
    };
    let choice = choice(page, history, version);
    let label = model::run_label(&choice);
    let run = Command::RunChecks(model::request(version, &choice));
    page_header(ui, ctx, TITLE, SUBTITLE, Some(Primary::new(label.clone(), run.clone())));
    let shown = model::shown(history, &ctx.state.focus, version);
    list_panel(ui, ctx, "checks", |ui| list_ui(ui, ctx, history, shown));
    inspector_panel(ui, ctx, "checks", |ui| inspector_ui(ui, ctx, page, shown));
    main_panel(ui, |ui| {
        card(ui, ctx, |ui| form_ui(ui, ctx, page, history, version, &choice));
        ui.add_space(space::S);
        match shown {
            Some(check_run) => report_ui(ui, ctx, page, check_run),
            None => {
                let name = history.version(version).map(|v| v.label()).unwrap_or_default();
                let more = "The findings will be listed here, the worst first, each with its evidence";
                let sentence = format!("{name} has not been checked");
                states::empty(ui, ctx, Icon::Checks, &sentence, more, Some((&format!("{label} now"), run)));
            }
        }
    });
}

fn choice(page: &ChecksPage, history: &History, version: VersionId) -> Defaults {
    let chosen = model::dataset_of(history, version).and_then(|id| page.choices.get(&id)).cloned();
    let mut choice = chosen.unwrap_or_else(|| model::defaults(history, version));
    choice.against = choice.against.filter(|id| *id != version);
    choice
}

fn list_ui(ui: &mut Ui, ctx: &UiCtx, history: &History, shown: Option<&CheckRun>) {
    parts::heading(ui, ctx, "Earlier runs");
    if history.check_runs.is_empty() {
        parts::note(ui, ctx, "None yet");
        return;
    }
    ScrollArea::vertical().auto_shrink([false, false]).show_rows(ui, 40.0, history.check_runs.len(), |ui, range| {
        for run in &history.check_runs[range] {
            let (tone, word) = model::list_badge(&run.report);
            let when = format::ago(ctx.now_ms, run.created_at_ms);
            let selected = shown.is_some_and(|s| s.id == run.id);
            let row = Row::new(&run.dataset).subtitle(&when).badge(tone, &word).selected(selected).show(ui, ctx);
            if row.clicked() {
                ctx.send(Command::ShowCheckRun(run.id));
            }
            row.on_hover_text(format!("{} · {}", model::context(run), format::date_time(run.created_at_ms)));
        }
    });
}

fn form_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut ChecksPage, history: &History, version: VersionId, choice: &Defaults) {
    let mut changed = choice.clone();
    let width = ((ui.available_width() - 2.0 * space::M) / 3.0).floor().clamp(90.0, 210.0);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::M;
        parts::field(ui, ctx, "Data", |ui| {
            let options = parts::version_options(&history.versions);
            if let Some(Some(id)) = parts::pick(ui, "Data", &options, Some(&version), None, width) {
                ctx.send(Command::FocusVersion(id));
            }
        });
        parts::field(ui, ctx, "Compare with", |ui| {
            let options = parts::version_options(history.versions.iter().filter(|v| v.id != version));
            let picked = parts::pick(ui, "Compare with", &options, choice.against.as_ref(), Some("Nothing"), width);
            if let Some(against) = picked {
                changed.against = against;
            }
        });
        parts::field(ui, ctx, "Target", |ui| {
            let columns = history.version(version).into_iter().flat_map(|v| v.schema.names());
            let options: Vec<(String, String)> = columns.map(|c| (c.to_owned(), c.to_owned())).collect();
            if let Some(target) = parts::pick(ui, "Target", &options, choice.target.as_ref(), Some("None"), width) {
                changed.target = target;
            }
        });
    });
    if changed != *choice
        && let Some(id) = model::dataset_of(history, version)
    {
        page.choices.insert(id, changed);
    }
}

fn report_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut ChecksPage, run: &CheckRun) {
    let verdict = model::verdict(&run.report);
    parts::verdict(ui, ctx, (verdict.tone, verdict.word, &verdict.sentence), |ui| {
        if ui.button("Copy as CSV").on_hover_text("Copy all findings as CSV").clicked() {
            ctx.send(Command::Copy(model::findings_table(&run.report).to_csv()));
        }
    });
    let when = format::ago(ctx.now_ms, run.created_at_ms);
    parts::note(ui, ctx, &format!("{} · {} · {when}", run.dataset, model::context(run)));
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for group in model::groups(&run.report) {
            ui.add_space(space::M);
            parts::heading(ui, ctx, &group.title);
            for (at, finding) in &group.findings {
                let selected = page.selected == Some((run.id, *at));
                if finding_row(ui, ctx, finding, selected).clicked() {
                    page.selected = Some((run.id, *at));
                    ctx.send(Command::FocusColumn(finding.column.clone()));
                }
            }
        }
        foot_ui(ui, ctx, run);
    });
}

/// A finding in one line: sign, word, column, sentence.
fn finding_row(ui: &mut Ui, ctx: &UiCtx, finding: &Finding, selected: bool) -> egui::Response {
    let tone = Tone::of_severity(finding.severity);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 26.0), Sense::click());
    let word = finding.severity.as_str();
    let message = format::sentence(&finding.message);
    let label = format!("{word}: {message}");
    response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, selected, &label));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    if selected {
        ui.painter().rect_filled(rect, space::RADIUS, ctx.tokens.selected);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, space::RADIUS, ctx.tokens.hover);
    }
    focus_ring(ui, ctx, &response);
    let color = tone.color(ctx.tokens);
    let middle = rect.center().y;
    let icon = egui::Rect::from_center_size(pos2(rect.left() + 14.0, middle), vec2(14.0, 14.0));
    icons::paint(ui.painter(), tone.icon(), icon, color);
    let cell = |text: &str, at: f32, width: f32, color: egui::Color32| {
        let text = egui::WidgetText::from(RichText::new(text).size(size::TEXT).color(color));
        let galley = text.into_galley(ui, Some(egui::TextWrapMode::Truncate), width.max(8.0), egui::TextStyle::Body);
        let cut = galley.elided;
        ui.painter().galley(pos2(rect.left() + at, middle - galley.size().y / 2.0), galley, color);
        cut
    };
    cell(word, 28.0, 56.0, color);
    let column = finding.column.as_deref().unwrap_or("whole table");
    let column_width = (rect.width() * 0.22).clamp(70.0, 150.0);
    cell(column, 88.0, column_width - space::S, ctx.tokens.text_weak);
    let at = 88.0 + column_width;
    let cut = cell(&message, at, rect.width() - at - space::S, ctx.tokens.text);
    if cut { response.on_hover_text(message) } else { response }
}

fn foot_ui(ui: &mut Ui, ctx: &UiCtx, run: &CheckRun) {
    let skipped = model::skipped(&run.report);
    if !skipped.is_empty() {
        ui.add_space(space::M);
        let n: usize = skipped.iter().map(|(_, titles)| titles.len()).sum();
        parts::heading(ui, ctx, &format!("Skipped · {n}"));
        for (reason, titles) in skipped {
            let titles = titles.join(" · ");
            parts::note(ui, ctx, &format::sentence(&format!("{reason}: {titles}")));
        }
    }
    let holding = model::holding(&run.report);
    if !holding.is_empty() {
        ui.add_space(space::M);
        parts::heading(ui, ctx, &format!("Hold · {}", holding.len()));
        ui.horizontal_wrapped(|ui| {
            for title in holding {
                badge(ui, ctx, Tone::Ok, title);
            }
        });
    }
}

fn inspector_ui(ui: &mut Ui, ctx: &UiCtx, page: &ChecksPage, shown: Option<&CheckRun>) {
    let findings = shown.map(|run| run.report.findings()).unwrap_or_default();
    let picked = page.selected.filter(|(id, _)| shown.is_some_and(|run| run.id == *id));
    let finding = picked.and_then(|(_, at)| findings.get(at)).or_else(|| findings.first());
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
    parts::facts(ui, ctx, &model::evidence(finding));
    if !finding.rows.is_empty() {
        ui.add_space(space::XS);
        parts::heading(ui, ctx, "Example rows");
        let rows: Vec<String> = finding.rows.iter().map(|r| format::count(*r)).collect();
        parts::note(ui, ctx, &rows.join(" · "));
        if ui.button("Show these rows in the table").clicked() {
            let (column, rows) = (finding.column.clone(), finding.rows.clone());
            ctx.send(Command::ShowRows { version: run.version_id, column, rows });
        }
    }
}
