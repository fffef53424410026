//! Draws the Checks page.

use egui::{Align, Layout, ScrollArea, Ui};

use crate::domain::finding::CheckRun;
use crate::domain::history::History;
use crate::domain::ids::VersionId;
use crate::state::command::{Command, PickFor};
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::theme::icons::Icon;
use crate::ui::theme::tokens::space;
use crate::ui::widgets::list::Row;
use crate::ui::widgets::page::{Primary, card, inspector_panel, list_panel, main_panel, page_header};
use crate::ui::widgets::states;

use super::findings::{findings_ui, inspector_ui};
use super::gates_tab::{gates_inspector_ui, gates_tab_ui};
use super::labels_tab::{labels_inspector_ui, labels_tab_ui};
use super::model::{self, Defaults};
use super::suite_tab::{suite_inspector_ui, suite_tab_ui};
use super::{ChecksPage, Tab};

const TITLE: &str = "Checks";
const RUN: &str = "Run the checks";
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
    let choice = choice_of(page, history, version);
    let run = Command::RunChecks(model::request(version, &choice));
    let Some(data) = history.version(version) else { return };
    let primary = match page.tab {
        Tab::Suite => page.suite.primary(data.dataset_id),
        Tab::Findings | Tab::Labels | Tab::Gates => None,
    };
    let primary = primary.unwrap_or_else(|| Primary::new(RUN, run.clone()));
    page_header(ui, ctx, TITLE, SUBTITLE, Some(primary));
    let shown = model::shown(history, &ctx.state.focus, version);
    if ctx.state.checking.gates_wanted != page.gates_shown {
        page.gates_shown = ctx.state.checking.gates_wanted;
        page.tab = Tab::Gates;
    }
    if ctx.state.checking.suspects_wanted != page.labels_shown {
        page.labels_shown = ctx.state.checking.suspects_wanted;
        page.tab = Tab::Labels;
        let wanted = ctx.state.checking.suspects.as_ref().filter(|(id, _)| *id == version);
        if let Some((_, target)) = wanted {
            choose(page, history, version, Defaults { target: Some(target.clone()), ..choice.clone() });
        }
    }
    let choice = choice_of(page, history, version);
    if page.tab == Tab::Labels {
        page.labels.look_at(version, choice.target.as_deref());
    }
    if page.tab != Tab::Suite {
        page.suite.leave(ctx);
    }
    list_panel(ui, ctx, "checks", |ui| {
        if list_ui(ui, ctx, history, shown) {
            page.tab = Tab::Findings;
        }
    });
    inspector_panel(ui, ctx, "checks", |ui| match page.tab {
        Tab::Suite => suite_inspector_ui(ui, ctx, &mut page.suite, history, data),
        Tab::Labels => labels_inspector_ui(ui, ctx, &page.labels, data),
        Tab::Gates => gates_inspector_ui(ui, ctx),
        Tab::Findings => inspector_ui(ui, ctx, &page.findings, history, shown),
    });
    main_panel(ui, |ui| {
        ui.horizontal(|ui| {
            for (tab, name) in TABS {
                ui.selectable_value(&mut page.tab, tab, name);
            }
            if page.tab != Tab::Findings {
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| data_ui(ui, ctx, history, version, 200.0));
            }
        });
        match page.tab {
            Tab::Findings => {
                card(ui, ctx, |ui| form_ui(ui, ctx, page, history, version, &choice));
                ui.add_space(space::S);
                match shown {
                    Some(check_run) => findings_ui(ui, ctx, &mut page.findings, history, check_run),
                    None => {
                        let more = "The findings will be listed here, the worst first, each with its evidence";
                        let sentence = format!("{} has not been checked", data.label());
                        states::empty(ui, ctx, Icon::Checks, &sentence, more, Some((RUN, run)));
                    }
                }
            }
            Tab::Suite => suite_tab_ui(ui, ctx, &mut page.suite, history, data),
            Tab::Labels => {
                if let Some(target) = labels_tab_ui(ui, ctx, &mut page.labels, data) {
                    choose(page, history, version, Defaults { target, ..choice });
                }
            }
            Tab::Gates => {
                if gates_tab_ui(ui, ctx, &mut page.gates, history, data) {
                    page.tab = Tab::Findings;
                }
            }
        }
    });
}

const TABS: [(Tab, &str); 4] =
    [(Tab::Findings, "Findings"), (Tab::Suite, "Suite"), (Tab::Labels, "Labels"), (Tab::Gates, "Gates and sign-off")];

fn choice_of(page: &ChecksPage, history: &History, version: VersionId) -> Defaults {
    let chosen = model::dataset_of(history, version).and_then(|id| page.choices.get(&id)).cloned();
    let mut choice = chosen.unwrap_or_else(|| model::defaults(history, version));
    choice.against = choice.against.filter(|id| *id != version);
    choice
}

/// Which version all tabs are about.
fn data_ui(ui: &mut Ui, ctx: &UiCtx, history: &History, version: VersionId, width: f32) {
    let options = parts::version_options(&history.versions);
    if let Some(Some(id)) = parts::pick(ui, "Data", &options, Some(&version), None, width) {
        ctx.send(Command::FocusVersion(id));
    }
}

/// True when a run was chosen.
fn list_ui(ui: &mut Ui, ctx: &UiCtx, history: &History, shown: Option<&CheckRun>) -> bool {
    parts::heading(ui, ctx, "Check runs");
    if history.check_runs.is_empty() {
        parts::note(ui, ctx, "None yet");
        return false;
    }
    let mut chosen = false;
    ScrollArea::vertical().auto_shrink([false, false]).show_rows(ui, 40.0, history.check_runs.len(), |ui, range| {
        for run in &history.check_runs[range] {
            let (tone, word) = model::list_badge(&run.report);
            let when = format::ago(ctx.now_ms, run.created_at_ms);
            let selected = shown.is_some_and(|s| s.id == run.id);
            let row = Row::new(&run.dataset).subtitle(&when).badge(tone, &word).selected(selected).show(ui, ctx);
            if row.clicked() {
                ctx.send(Command::ShowCheckRun(run.id));
                chosen = true;
            }
            row.on_hover_text(format!("{} · {}", model::context(run), format::date_time(run.created_at_ms)));
        }
    });
    chosen
}

fn form_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut ChecksPage, history: &History, version: VersionId, choice: &Defaults) {
    let mut changed = choice.clone();
    let width = ((ui.available_width() - 2.0 * space::M) / 3.0).floor().clamp(90.0, 210.0);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::M;
        parts::field(ui, ctx, "Data", |ui| data_ui(ui, ctx, history, version, width));
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
    if changed != *choice {
        choose(page, history, version, changed);
    }
}

fn choose(page: &mut ChecksPage, history: &History, version: VersionId, changed: Defaults) {
    if let Some(id) = model::dataset_of(history, version) {
        page.choices.insert(id, changed);
    }
}
