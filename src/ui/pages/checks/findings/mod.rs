//! The findings of a check run: a verdict, the list, and what did not find anything.

mod inspector;
pub mod model;

use egui::{EventFilter, Key, RichText, ScrollArea, Sense, TextEdit, Ui, WidgetInfo, pos2, vec2};

use crate::domain::check_request::CheckReportFormat;
use crate::domain::finding::{CheckRun, Finding};
use crate::domain::history::History;
use crate::domain::ids::CheckRunId;
use crate::domain::question::{Answer, Question};
use crate::state::command::{Command, PickFor};
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::pages::parts::table::reveal;
use crate::ui::palette::name_it;
use crate::ui::theme::icons::{self, focus_ring};
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::{Tone, badge};

use super::model as page_model;
use model::{GroupBy, Line};

pub use inspector::inspector_ui;

const LINE: f32 = 28.0;

/// How a report leaves the program.
const REPORTS: [(CheckReportFormat, &str); 3] = [
    (CheckReportFormat::Html, "As a page (HTML)…"),
    (CheckReportFormat::Json, "As JSON…"),
    (CheckReportFormat::Junit, "For a build server (JUnit XML)…"),
];

/// What the list remembers.
#[derive(Debug, Default)]
pub struct Findings {
    /// The finding in the inspector: its check run and position.
    pub selected: Option<(CheckRunId, usize)>,
    by: GroupBy,
    filter: String,
    /// The checks that hold or were skipped are shown instead.
    rest: bool,
    /// The earlier run this one is held against.
    before: Option<CheckRunId>,
    /// The line that takes the keyboard and comes into view.
    reveal: Option<usize>,
}

impl Findings {
    /// The finding in the inspector, by its position: the worst until one is chosen.
    pub fn chosen(&self, run: &CheckRun) -> Option<usize> {
        let n = run.report.findings().len();
        let chosen = self.selected.filter(|(id, at)| *id == run.id && *at < n).map(|(_, at)| at);
        chosen.or((n > 0).then_some(0))
    }
}

pub fn findings_ui(ui: &mut Ui, ctx: &UiCtx, view: &mut Findings, history: &History, run: &CheckRun) {
    let verdict = page_model::verdict(&run.report);
    parts::verdict(ui, ctx, (verdict.tone, verdict.word, &verdict.sentence), |ui| {
        ui.menu_button("Save…", |ui| {
            for (format, title) in REPORTS {
                if ui.button(title).clicked() {
                    ctx.send(Command::Pick(PickFor::SaveCheckReport {
                        check_run: run.id,
                        label: run.dataset.clone(),
                        format,
                    }));
                }
            }
        });
        if ui.button("Copy as CSV").on_hover_text("Copy all findings as CSV").clicked() {
            ctx.send(Command::Copy(page_model::findings_table(&run.report).to_csv()));
        }
    });
    let when = format::ago(ctx.now_ms, run.created_at_ms);
    parts::note(ui, ctx, &format!("{} · {} · {when}", run.dataset, page_model::context(run)));
    outdated_ui(ui, ctx, history, run);
    ui.add_space(space::XS);
    tools_ui(ui, ctx, view, history, run);
    ui.add_space(space::XS);
    if view.rest {
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| rest_ui(ui, ctx, run));
        return;
    }
    let before = view.before.and_then(|id| history.check_run(id));
    let lines = match before {
        Some(before) => model::compared(&before.report, &run.report, &view.filter),
        None => model::lines(&run.report, view.by, &view.filter),
    };
    if lines.is_empty() {
        let nothing = if run.report.findings().is_empty() { "Nothing was found" } else { "No finding contains this" };
        parts::note(ui, ctx, nothing);
    }
    list_ui(ui, ctx, view, run, &lines, before);
}

/// What was found may hold by now, and the other way round.
fn outdated_ui(ui: &mut Ui, ctx: &UiCtx, history: &History, run: &CheckRun) {
    let Some(version) = history.version(run.version_id) else { return };
    let question = Question::Suites { dataset: version.dataset_id };
    let newest = match ctx.state.asked.get(&question) {
        Loadable::Idle => return ctx.send(Command::Ask(question)),
        loadable => match loadable.value() {
            Some(Answer::Suites(all)) => all.first(),
            _ => None,
        },
    };
    if newest.is_some_and(|saved| Some(saved.id) != run.suite) {
        parts::alert(ui, ctx, Tone::Info, "The suite is another one since this run: run the checks to judge by it");
    }
}

fn list_ui(
    ui: &mut Ui,
    ctx: &UiCtx,
    view: &mut Findings,
    run: &CheckRun,
    lines: &[Line<'_>],
    before: Option<&CheckRun>,
) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let chosen = view.chosen(run);
    let wanted = view.reveal.take();
    let mut focused = None;
    ScrollArea::vertical().auto_shrink([false, false]).show_rows(ui, LINE, lines.len(), |ui, range| {
        reveal(ui, LINE, range.start, wanted);
        for (place, line) in lines.iter().enumerate().take(range.end).skip(range.start) {
            let response = match line {
                Line::Heading(title) => {
                    heading_ui(ui, ctx, title);
                    continue;
                }
                Line::Finding(at, finding) => {
                    let response = finding_row(ui, ctx, place, finding, chosen == Some(*at));
                    if response.clicked() {
                        view.selected = Some((run.id, *at));
                        ctx.send(Command::FocusColumn(finding.column.clone()));
                    }
                    response
                }
                Line::Gone(finding) => {
                    let response = finding_row(ui, ctx, place, finding, false);
                    let response = response.on_hover_text("Found in the earlier run only; a click shows that run");
                    if let Some(before) = before.filter(|_| response.clicked()) {
                        ctx.send(Command::ShowCheckRun(before.id));
                    }
                    response
                }
            };
            if wanted == Some(place) {
                response.request_focus();
            }
            if response.has_focus() {
                focused = Some((place, response.id));
            }
        }
    });
    if let Some((place, id)) = focused {
        arrows(ui, ctx, view, run, lines, place, id);
    }
}

/// Up and down go from finding to finding, beyond what is on the screen.
fn arrows(ui: &Ui, ctx: &UiCtx, view: &mut Findings, run: &CheckRun, lines: &[Line<'_>], place: usize, id: egui::Id) {
    let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
    const KEYS: [(Key, isize); 6] = [
        (Key::ArrowDown, 1),
        (Key::ArrowUp, -1),
        (Key::PageDown, 15),
        (Key::PageUp, -15),
        (Key::Home, isize::MIN),
        (Key::End, isize::MAX),
    ];
    let steps = ui.input(|i| KEYS.into_iter().find(|(key, _)| i.key_pressed(*key)).map(|(_, steps)| steps));
    let Some(to) = steps.and_then(|steps| model::step(lines, place, steps)) else { return };
    view.reveal = Some(to);
    if let Line::Finding(at, finding) = &lines[to] {
        view.selected = Some((run.id, *at));
        ctx.send(Command::FocusColumn(finding.column.clone()));
    }
    ui.ctx().request_repaint();
}

/// How the list is grouped and filtered.
fn tools_ui(ui: &mut Ui, ctx: &UiCtx, view: &mut Findings, history: &History, run: &CheckRun) {
    ui.horizontal_wrapped(|ui| {
        for by in GroupBy::ALL {
            // Held against another run, the list is grouped by what became of each.
            let chosen = !view.rest && view.before.is_none() && view.by == by;
            let label = ui.selectable_label(chosen, by.title());
            if label.on_hover_text(format!("Group by {}", by.title().to_lowercase())).clicked() {
                (view.by, view.rest, view.before) = (by, false, None);
            }
        }
        let n = page_model::holding(&run.report).len();
        let skipped: usize = page_model::skipped(&run.report).iter().map(|(_, titles)| titles.len()).sum();
        let rest = if skipped > 0 { format!("{n} hold · {skipped} skipped") } else { format!("{n} hold") };
        if ui.selectable_label(view.rest, rest).clicked() {
            view.rest = !view.rest;
        }
        if !view.rest {
            let edit = TextEdit::singleline(&mut view.filter).hint_text("Filter").desired_width(90.0);
            let edit = ui.add(edit);
            name_it(ui, &edit, "Filter findings");
            let options: Vec<(CheckRunId, String)> = page_model::earlier(history, run)
                .map(|other| {
                    (other.id, format!("{} · {}", other.dataset, format::ago(ctx.now_ms, other.created_at_ms)))
                })
                .collect();
            let chosen = view.before.filter(|id| options.iter().any(|(other, _)| other == id));
            view.before = chosen;
            if !options.is_empty() {
                let none = Some("Compare: none");
                let picked = parts::pick(ui, "Compare with an earlier run", &options, chosen.as_ref(), none, 130.0);
                view.before = picked.unwrap_or(chosen);
            }
        }
    });
}

fn heading_ui(ui: &mut Ui, ctx: &UiCtx, title: &str) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), LINE), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, title));
    let font = crate::ui::theme::medium(size::TEXT);
    let at = pos2(rect.left(), rect.bottom() - space::XS);
    ui.painter().text(at, egui::Align2::LEFT_BOTTOM, title, font, ctx.tokens.text_weak);
}

/// A finding in one line: sign, word, column, sentence.
fn finding_row(ui: &mut Ui, ctx: &UiCtx, place: usize, finding: &Finding, selected: bool) -> egui::Response {
    let tone = Tone::of_severity(finding.severity);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), LINE), Sense::hover());
    // By its place in the list, so that the keyboard stays on it while the list scrolls.
    let response = ui.interact(rect, egui::Id::unique(("finding", place)), Sense::click());
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

/// What was skipped, and why; what holds.
fn rest_ui(ui: &mut Ui, ctx: &UiCtx, run: &CheckRun) {
    for (reason, titles) in page_model::skipped(&run.report) {
        parts::heading(ui, ctx, &format!("Skipped · {}", titles.len()));
        let titles = titles.join(" · ");
        parts::note(ui, ctx, &format::sentence(&format!("{reason}: {titles}")));
        ui.add_space(space::S);
    }
    let holding = page_model::holding(&run.report);
    if !holding.is_empty() {
        parts::heading(ui, ctx, &format!("Hold · {}", holding.len()));
        ui.horizontal_wrapped(|ui| {
            for title in holding {
                badge(ui, ctx, Tone::Ok, title);
            }
        });
    }
}
