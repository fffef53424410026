//! The suite of a dataset: its schema contract, its rules, the limits of the built-in checks; drafted, edited, tried
//! on earlier versions, saved.

mod draft_menu;
mod forms;
mod list;
mod model;
mod preview;
mod rule_form;
mod slider;
mod trial;

use std::collections::BTreeSet;

use egui::util::undoer::Undoer;
use egui::{Align, Button, Layout, TextEdit, Ui};

use crate::domain::dataset::DatasetVersion;
use crate::domain::edit::Edit;
use crate::domain::history::History;
use crate::domain::ids::{DatasetId, VersionId};
use crate::domain::question::{Answer, Question};
use crate::domain::suite::{RuleForm, SavedSuite, Suite};
use crate::state::command::{Command, PickFor};
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::palette::name_it;
use crate::ui::theme::tokens::space;
use crate::ui::widgets::badge::{Tone, badge};
use crate::ui::widgets::page::Primary;
use crate::ui::widgets::states;

use model::{Item, LeftOut, Part};
use preview::Previewed;

/// What the tab remembers.
#[derive(Debug, Default)]
pub struct SuiteTab {
    draft: Option<Draft>,
    filter: String,
    part: Part,
    /// Versions ticked to draft from.
    ticked: BTreeSet<VersionId>,
    /// A draft is being asked for: of these versions, with this target.
    drafting: Option<(Vec<VersionId>, Option<String>)>,
    /// What was left out of the file that the draft was read from last.
    not_taken: Vec<(String, String)>,
    /// The suite as it is is being tried on all versions.
    trial: Option<Box<Suite>>,
}

/// A suite that is being edited.
#[derive(Debug)]
struct Draft {
    dataset: DatasetId,
    /// With what is not ticked.
    suite: Suite,
    /// What is not ticked stays in the list until the suite is saved or left.
    left_out: LeftOut,
    undoer: Undoer<(Suite, LeftOut)>,
    /// What is selected is to come into view.
    reveal: bool,
    /// What was saved last, to tell whether anything changed.
    saved: Suite,
    selected: Option<Item>,
    /// The rule in the inspector as it is being written.
    form: Option<RuleForm>,
    previewed: Previewed,
    note: String,
}

impl Draft {
    fn of(dataset: DatasetId, suite: Suite) -> Self {
        Self {
            dataset,
            saved: suite.clone(),
            suite,
            left_out: LeftOut::default(),
            undoer: Undoer::default(),
            reveal: false,
            selected: None,
            form: None,
            previewed: None,
            note: String::new(),
        }
    }

    /// What would be saved.
    fn ticked(&self) -> Suite {
        model::without(&self.suite, &self.left_out)
    }

    fn changed(&self) -> bool {
        self.ticked() != self.saved
    }

    fn select(&mut self, item: Item) {
        self.selected = Some(item);
        self.form = match item {
            Item::Rule(at) => self.suite.rules.get(at).and_then(RuleForm::of),
            _ => None,
        };
    }

    /// Another suite takes its place: drafted, opened, or brought back. What was selected stays so where it is in both.
    fn replace(&mut self, suite: Suite, left_out: LeftOut) {
        let selected = self.selected.take().and_then(|item| match item {
            Item::Rule(at) => {
                let id = &self.suite.rules.get(at)?.id;
                suite.rules.iter().position(|rule| rule.id == *id).map(Item::Rule)
            }
            Item::Column(at) => {
                let name = &self.suite.contract.columns.get(at)?.name;
                suite.contract.columns.iter().position(|column| column.name == *name).map(Item::Column)
            }
            Item::Check(_) => Some(item),
        });
        (self.suite, self.left_out, self.form) = (suite, left_out, None);
        selected.into_iter().for_each(|item| self.select(item));
    }

    fn state(&self) -> (Suite, LeftOut) {
        (self.suite.clone(), self.left_out.clone())
    }
}

impl SuiteTab {
    /// The page's button: save what was changed.
    pub fn primary(&self, dataset: DatasetId) -> Option<Primary> {
        let draft = self.draft.as_ref().filter(|draft| draft.dataset == dataset)?;
        let note = draft.note.trim().to_owned();
        let suite = draft.ticked();
        let why_not = match suite == draft.saved {
            true => Some("Nothing was changed".to_owned()),
            false => suite.problems().first().map(|problem| format::capital(&format::sentence(&problem.to_string()))),
        };
        let edit = Edit::SaveSuite { dataset, suite: Box::new(suite), note };
        Some(Primary::new("Save the suite", Command::Edit(edit)).unless(why_not))
    }

    /// Another tab or page is shown: nobody looks at a preview any more.
    pub fn leave(&mut self, ctx: &UiCtx<'_>) {
        if self.draft.as_mut().and_then(|draft| draft.previewed.take()).is_some() {
            ctx.send(Command::EndPreview);
        }
    }
}

/// The saved states of a dataset's suite, newest first; draws the looks while they are not there.
fn saved<'a>(ui: &mut Ui, ctx: &UiCtx<'a>, dataset: DatasetId) -> Option<&'a [SavedSuite]> {
    let question = Question::Suites { dataset };
    match ctx.state.asked.get(&question) {
        Loadable::Failed(problem) => states::failed(ui, ctx, problem, Some(Command::Ask(question))),
        Loadable::Idle => ctx.send(Command::Ask(question)),
        loadable => match loadable.value() {
            Some(Answer::Suites(all)) => return Some(all),
            _ => states::answering(ui, ctx, "the suite", &question),
        },
    }
    None
}

pub fn suite_tab_ui(ui: &mut Ui, ctx: &UiCtx<'_>, tab: &mut SuiteTab, history: &History, version: &DatasetVersion) {
    let dataset = version.dataset_id;
    let Some(all) = saved(ui, ctx, dataset) else { return };
    let newest = all.first();
    if tab.draft.as_ref().is_none_or(|draft| draft.dataset != dataset) {
        // The page's button and the inspector were drawn without it.
        ui.ctx().request_repaint();
    }
    follow(tab, dataset, newest);
    take_draft(ui, ctx, tab);
    take_file(ui, ctx, tab);
    let Some(draft) = &mut tab.draft else { return };
    draft.undoer.feed_state(ui.input(|i| i.time), &draft.state());
    let changed = draft.changed();
    said_ui(ui, ctx, newest, if changed { &tab.not_taken } else { &[] });
    tools_ui(ui, ctx, tab, history, version);
    trial::trial_ui(ui, ctx, tab, dataset);
    if newest.is_none() && !changed && tab.drafting.is_none() {
        let target = target_of(history, version);
        ui.add_space(space::S);
        let more = "A draft takes kinds, ranges, values and missing shares from this version; every limit says where it \
                    came from, and all of it can be changed";
        parts::note(ui, ctx, more);
        if ui.button(format!("Draft a suite from {}", version.label())).clicked() {
            tab.drafting = Some((vec![version.id], target));
        }
        ui.add_space(space::S);
    }
    let Some(draft) = &mut tab.draft else { return };
    let now = draft.state();
    let footer = changed || draft.undoer.has_undo(&now) || draft.undoer.has_redo(&now);
    let room = if footer { ui.available_height() - space::ROW - space::L } else { ui.available_height() };
    ui.allocate_ui(egui::vec2(ui.available_width(), room.max(space::ROW * 4.0)), |ui| {
        ui.set_min_height(room.max(space::ROW * 4.0));
        list::list_ui(ui, ctx, tab);
    });
    if let Some(draft) = tab.draft.as_mut().filter(|_| footer) {
        unsaved_ui(ui, ctx, draft, changed, &now);
    }
}

/// What can be done about changes that are not saved, below the list, so that nothing above it moves.
fn unsaved_ui(ui: &mut Ui, ctx: &UiCtx<'_>, draft: &mut Draft, changed: bool, now: &(Suite, LeftOut)) {
    ui.add_space(space::S);
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.add_enabled(changed, Button::new("Discard changes")).clicked() {
                let saved = draft.saved.clone();
                draft.replace(saved, LeftOut::default());
            }
            let redo = ui.add_enabled(draft.undoer.has_redo(now), Button::new("Redo"));
            if redo.on_hover_text("Makes the change again").clicked()
                && let Some((suite, left_out)) = draft.undoer.redo(now).cloned()
            {
                draft.replace(suite, left_out);
            }
            let undo = ui.add_enabled(draft.undoer.has_undo(now), Button::new("Undo"));
            if undo.on_hover_text("Takes the last change of this suite back").clicked()
                && let Some((suite, left_out)) = draft.undoer.undo(now).cloned()
            {
                draft.replace(suite, left_out);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                if !changed {
                    return parts::note(ui, ctx, "As it was saved");
                }
                badge(ui, ctx, Tone::Info, "Not saved");
                let note = TextEdit::singleline(&mut draft.note).hint_text("Why it is changed");
                let note = ui.add(note.desired_width((ui.available_width() - space::S).max(60.0)));
                name_it(ui, &note, "Why the suite is changed");
            });
        });
    });
}

/// The draft follows what is saved, unless it was changed here.
fn follow(tab: &mut SuiteTab, dataset: DatasetId, newest: Option<&SavedSuite>) {
    let suite = newest.map_or_else(Suite::new, |saved| saved.suite.clone());
    match &mut tab.draft {
        Some(draft) if draft.dataset == dataset => {
            if draft.saved != suite {
                // Saved from here, or elsewhere while nothing was changed here: both are the new state.
                let ticked = draft.ticked();
                let adopt = ticked == draft.saved || ticked == suite;
                draft.saved = suite.clone();
                if adopt {
                    draft.note = String::new();
                    if draft.suite != suite {
                        draft.replace(suite, LeftOut::default());
                    }
                }
            }
        }
        _ => {
            tab.draft = Some(Draft::of(dataset, suite));
            (tab.drafting, tab.trial, tab.ticked) = (None, None, BTreeSet::new());
        }
    }
}

/// A draft that was asked for takes the place of what is shown.
fn take_draft(ui: &mut Ui, ctx: &UiCtx<'_>, tab: &mut SuiteTab) {
    let Some((versions, target)) = tab.drafting.clone() else { return };
    let question = Question::SuiteDraft { versions, target };
    match ctx.state.asked.get(&question) {
        Loadable::Idle => ctx.send(Command::Ask(question)),
        Loadable::Failed(problem) => {
            states::failed(ui, ctx, problem, Some(Command::Ask(question)));
            if ui.button("Never mind").clicked() {
                tab.drafting = None;
            }
        }
        loadable => match (loadable.value(), &mut tab.draft) {
            (Some(Answer::SuiteDraft(suite)), Some(draft)) => {
                draft.replace((**suite).clone(), LeftOut::default());
                tab.drafting = None;
            }
            _ => states::answering(ui, ctx, "a draft", &question),
        },
    }
}

/// A file that was picked takes the place of what is shown.
fn take_file(ui: &mut Ui, ctx: &UiCtx<'_>, tab: &mut SuiteTab) {
    let Some(draft) = &mut tab.draft else { return };
    let picked = ctx.state.checking.opened.as_ref().filter(|(dataset, _)| *dataset == draft.dataset);
    let Some((_, path)) = picked else { return };
    let question = Question::SuiteFile { path: path.clone() };
    let answer = ctx.state.asked.get(&question);
    match answer.value() {
        _ if matches!(answer, Loadable::Failed(_)) => ctx.send(Command::SuiteTaken),
        Some(Answer::SuiteFile { suite, not_taken }) => {
            draft.replace((**suite).clone(), LeftOut::default());
            tab.not_taken.clone_from(not_taken);
            ctx.send(Command::SuiteTaken);
        }
        _ => states::answering(ui, ctx, "the file", &question),
    }
}

/// Which state this is, and who saved it.
fn said_ui(ui: &mut Ui, ctx: &UiCtx<'_>, newest: Option<&SavedSuite>, left_out: &[(String, String)]) {
    let said = match newest {
        Some(saved) => {
            let note = if saved.note.is_empty() { String::new() } else { format!(" · {}", saved.note) };
            let when = format::ago(ctx.now_ms, saved.created_at_ms);
            format!("{} · state {} · saved {when} by {}{note}", saved.dataset, saved.number, saved.who)
        }
        None => "No suite yet: only the built-in checks run".to_owned(),
    };
    parts::note(ui, ctx, &said);
    for (name, reason) in left_out.iter().take(6) {
        parts::note(ui, ctx, &format::sentence(&format!("Not taken from the file: {name}: {reason}")));
    }
    if left_out.len() > 6 {
        parts::note(ui, ctx, &format!("Not taken from the file: {} more", left_out.len() - 6));
    }
}

fn target_of(history: &History, version: &DatasetVersion) -> Option<String> {
    super::model::defaults(history, version.id).target
}

fn tools_ui(ui: &mut Ui, ctx: &UiCtx<'_>, tab: &mut SuiteTab, history: &History, version: &DatasetVersion) {
    ui.horizontal_wrapped(|ui| {
        draft_menu::draft_menu(ui, tab, history, version);
        let Some(draft) = &mut tab.draft else { return };
        list::add_menu(ui, ctx, draft);
        if ui.button("Try on all versions").on_hover_text("On which versions would it have failed?").clicked() {
            tab.trial = Some(Box::new(draft.ticked()));
        }
        if ui.button("Open file…").on_hover_text("A suite file, or one of Great Expectations").clicked() {
            ctx.send(Command::Pick(PickFor::OpenSuite(version.dataset_id)));
        }
        if ui.button("Save file…").clicked() {
            let text = serde_json::to_string_pretty(&draft.ticked()).unwrap_or_default();
            let suggested = format!("suite-{}.json", version.label().split('@').next().unwrap_or("data"));
            ctx.send(Command::Pick(PickFor::SaveText { suggested, text: text + "\n" }));
        }
    });
    let Some(draft) = &tab.draft else { return };
    ui.horizontal_wrapped(|ui| {
        for part in Part::ALL {
            ui.selectable_value(&mut tab.part, part, part.title(&draft.suite));
        }
        let filter = ui.add(TextEdit::singleline(&mut tab.filter).hint_text("Filter").desired_width(120.0));
        name_it(ui, &filter, "Filter rules");
    });
}

/// The inspector of what is selected.
pub fn suite_inspector_ui(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    tab: &mut SuiteTab,
    history: &History,
    version: &DatasetVersion,
) {
    let Some(draft) = tab.draft.as_mut().filter(|draft| draft.dataset == version.dataset_id) else {
        return parts::nothing_selected(ui, ctx, "A rule of the suite will be here");
    };
    let is_previewed = draft.form.is_some() || matches!(draft.selected, Some(Item::Column(_)));
    if !is_previewed && draft.previewed.take().is_some() {
        ctx.send(Command::EndPreview);
    }
    match draft.selected {
        Some(Item::Rule(at)) if at < draft.suite.rules.len() => {
            rule_form::rule_ui(ui, ctx, draft, Some(at), history, version);
        }
        None if draft.form.is_some() => rule_form::rule_ui(ui, ctx, draft, None, history, version),
        Some(Item::Column(at)) if at < draft.suite.contract.columns.len() => {
            forms::column_ui(ui, ctx, draft, at, history, version);
        }
        Some(Item::Check(at)) => forms::check_ui(ui, ctx, draft, at),
        _ => parts::nothing_selected(ui, ctx, "Choose a line to change it"),
    }
}
