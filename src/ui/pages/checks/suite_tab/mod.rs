//! The suite of a dataset: its schema contract, its rules, the limits of the built-in checks; drafted, edited, tried
//! on earlier versions, saved.

mod forms;
mod list;
mod model;
mod rule_form;

use std::path::PathBuf;

use egui::{TextEdit, Ui};

use crate::domain::dataset::DatasetVersion;
use crate::domain::edit::Edit;
use crate::domain::history::History;
use crate::domain::ids::{DatasetId, VersionId};
use crate::domain::question::{Answer, Question};
use crate::domain::suite::{Environment, Rule, RuleForm, SavedSuite, Suite};
use crate::state::command::{Command, PickFor};
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::palette::name_it;
use crate::ui::theme::tokens::space;
use crate::ui::widgets::badge::Tone;
use crate::ui::widgets::page::Primary;
use crate::ui::widgets::states;

use model::Item;

/// What the tab remembers.
#[derive(Debug, Default)]
pub struct SuiteTab {
    draft: Option<Draft>,
    filter: String,
    /// A draft is being asked for: of these versions, with this target.
    drafting: Option<(Vec<VersionId>, Option<String>)>,
    /// The file the draft was read from last, and what of it was left out.
    opened: Option<PathBuf>,
    not_taken: Vec<(String, String)>,
    /// The suite as it is is being tried on all versions.
    trial: Option<Box<Suite>>,
}

/// A suite that is being edited.
#[derive(Debug)]
struct Draft {
    dataset: DatasetId,
    suite: Suite,
    /// What was saved last, to tell whether anything changed.
    saved: Suite,
    selected: Option<Item>,
    /// The rule in the inspector as it is being written.
    form: Option<RuleForm>,
    /// The rule whose preview was asked for last, and of which version.
    previewed: Option<(VersionId, Rule)>,
    note: String,
}

impl Draft {
    fn of(dataset: DatasetId, suite: Suite) -> Self {
        Self { dataset, saved: suite.clone(), suite, selected: None, form: None, previewed: None, note: String::new() }
    }

    fn changed(&self) -> bool {
        self.suite != self.saved
    }

    fn select(&mut self, item: Item) {
        self.selected = Some(item);
        self.form = match item {
            Item::Rule(at) => self.suite.rules.get(at).and_then(RuleForm::of),
            _ => None,
        };
    }
}

impl SuiteTab {
    /// The page's button: save what was changed.
    pub fn primary(&self, dataset: DatasetId) -> Option<Primary> {
        let draft = self.draft.as_ref().filter(|draft| draft.dataset == dataset)?;
        let note = draft.note.trim().to_owned();
        let edit = Edit::SaveSuite { dataset, suite: Box::new(draft.suite.clone()), note };
        let unchanged = (!draft.changed()).then(|| "Nothing was changed".to_owned());
        Some(Primary::new("Save the suite", Command::Edit(edit)).unless(unchanged))
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
    follow(tab, dataset, newest);
    take_draft(ui, ctx, tab);
    take_file(ui, ctx, tab);
    let Some(draft) = &tab.draft else { return };
    let empty = newest.is_none() && !draft.changed();
    said_ui(ui, ctx, newest, draft, if draft.changed() { &tab.not_taken } else { &[] });
    tools_ui(ui, ctx, tab, history, version);
    trial_ui(ui, ctx, tab, dataset);
    if empty && tab.drafting.is_none() {
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
    list::list_ui(ui, ctx, tab);
}

/// The draft follows what is saved, unless it was changed here.
fn follow(tab: &mut SuiteTab, dataset: DatasetId, newest: Option<&SavedSuite>) {
    let suite = newest.map_or_else(Suite::new, |saved| saved.suite.clone());
    match &mut tab.draft {
        Some(draft) if draft.dataset == dataset => {
            if draft.saved != suite {
                // Saved from here, or elsewhere while nothing was changed here: both are the new state.
                let adopt = !draft.changed() || draft.suite == suite;
                draft.saved = suite.clone();
                if adopt {
                    (draft.suite, draft.note) = (suite, String::new());
                    let selected = draft.selected.take();
                    selected.into_iter().for_each(|item| draft.select(item));
                }
            }
        }
        _ => {
            tab.draft = Some(Draft::of(dataset, suite));
            (tab.drafting, tab.trial) = (None, None);
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
                draft.suite = (**suite).clone();
                (draft.selected, draft.form, tab.drafting) = (None, None, None);
            }
            _ => states::answering(ui, ctx, "a draft", &question),
        },
    }
}

/// A file that was picked takes the place of what is shown.
fn take_file(ui: &mut Ui, ctx: &UiCtx<'_>, tab: &mut SuiteTab) {
    let Some(draft) = &mut tab.draft else { return };
    let picked = ctx.state.checking.opened.as_ref().filter(|(dataset, _)| *dataset == draft.dataset);
    let Some((_, path)) = picked.filter(|(_, path)| tab.opened.as_ref() != Some(path)) else { return };
    let question = Question::SuiteFile { path: path.clone() };
    match ctx.state.asked.get(&question) {
        Loadable::Idle => ctx.send(Command::Ask(question)),
        Loadable::Failed(problem) => states::failed(ui, ctx, problem, Some(Command::Ask(question))),
        loadable => match loadable.value() {
            Some(Answer::SuiteFile { suite, not_taken }) => {
                draft.suite = (**suite).clone();
                (draft.selected, draft.form) = (None, None);
                (tab.opened, tab.not_taken) = (Some(path.clone()), not_taken.clone());
            }
            _ => states::answering(ui, ctx, "the file", &question),
        },
    }
}

/// Which state this is, and who saved it.
fn said_ui(ui: &mut Ui, ctx: &UiCtx<'_>, newest: Option<&SavedSuite>, draft: &Draft, left_out: &[(String, String)]) {
    let said = match newest {
        Some(saved) => {
            let note = if saved.note.is_empty() { String::new() } else { format!(" · {}", saved.note) };
            let when = format::ago(ctx.now_ms, saved.created_at_ms);
            format!("{} · state {} · saved {when} by {}{note}", saved.dataset, saved.number, saved.who)
        }
        None => "No suite yet: only the built-in checks run".to_owned(),
    };
    parts::note(ui, ctx, &said);
    if draft.changed() {
        parts::alert(ui, ctx, Tone::Info, "Changed here and not saved yet");
    }
    for (name, reason) in left_out.iter().take(6) {
        parts::note(ui, ctx, &format!("Not taken from the file: {name}: {reason}"));
    }
    if left_out.len() > 6 {
        parts::note(ui, ctx, &format!("Not taken from the file: {} more", left_out.len() - 6));
    }
}

fn target_of(history: &History, version: &DatasetVersion) -> Option<String> {
    super::model::defaults(history, version.id).target
}

fn tools_ui(ui: &mut Ui, ctx: &UiCtx<'_>, tab: &mut SuiteTab, history: &History, version: &DatasetVersion) {
    let Some(draft) = &mut tab.draft else { return };
    ui.horizontal_wrapped(|ui| {
        let menu = ui.menu_button("Draft", |ui| {
            let siblings = history.versions.iter().filter(|v| v.dataset_id == version.dataset_id);
            let all: Vec<VersionId> = siblings.map(|v| v.id).collect();
            let target = target_of(history, version);
            if ui.button(format!("From {}", version.label())).clicked() {
                tab.drafting = Some((vec![version.id], target.clone()));
            }
            if all.len() > 1 && ui.button(format!("From all {} versions", all.len())).clicked() {
                tab.drafting = Some((all, target));
            }
        });
        menu.response.on_hover_text("Rules that hold for what is there, each limit with its origin");
        list::add_menu(ui, draft);
        if ui.button("Try on all versions").on_hover_text("On which versions would it have failed?").clicked() {
            tab.trial = Some(Box::new(draft.suite.clone()));
        }
        if ui.button("Open file…").on_hover_text("A suite file, or one of Great Expectations").clicked() {
            ctx.send(Command::Pick(PickFor::OpenSuite(version.dataset_id)));
        }
        if ui.button("Save file…").clicked() {
            let text = serde_json::to_string_pretty(&draft.suite).unwrap_or_default();
            let suggested = format!("suite-{}.json", version.label().split('@').next().unwrap_or("data"));
            ctx.send(Command::Pick(PickFor::SaveText { suggested, text: text + "\n" }));
        }
        if draft.changed() && ui.button("Discard changes").clicked() {
            *draft = Draft::of(draft.dataset, draft.saved.clone());
        }
    });
    ui.horizontal_wrapped(|ui| {
        let filter = ui.add(TextEdit::singleline(&mut tab.filter).hint_text("Filter").desired_width(140.0));
        name_it(ui, &filter, "Filter rules");
        if draft.changed() {
            let note = TextEdit::singleline(&mut draft.note).hint_text("Why it is changed").desired_width(260.0);
            let note = ui.add(note);
            name_it(ui, &note, "Why the suite is changed");
        }
    });
}

/// On which versions the suite would have failed.
fn trial_ui(ui: &mut Ui, ctx: &UiCtx<'_>, tab: &mut SuiteTab, dataset: DatasetId) {
    let Some(suite) = tab.trial.clone() else { return };
    let question = Question::SuiteTrial { dataset, suite, rule: None, environment: Environment::Train };
    match ctx.state.asked.get(&question) {
        Loadable::Idle => ctx.send(Command::Ask(question)),
        Loadable::Failed(problem) => states::failed(ui, ctx, problem, Some(Command::Ask(question))),
        loadable => match loadable.value() {
            Some(Answer::SuiteTrial(trial)) => {
                let fails = trial.versions.iter().any(|v| v.fails());
                ui.horizontal(|ui| {
                    parts::alert(ui, ctx, if fails { Tone::Warn } else { Tone::Ok }, &trial.told());
                    if ui.small_button("Close").clicked() {
                        tab.trial = None;
                    }
                });
                for version in trial.versions.iter().filter(|v| v.problem.is_some() || !v.broken.is_empty()) {
                    let broken = version.broken.iter().take(4).map(|rule| format!("{}: {}", rule.rule, rule.message));
                    let mut said: Vec<String> = version.problem.iter().cloned().chain(broken).collect();
                    if version.broken.len() > 4 {
                        said.push(format!("{} more", version.broken.len() - 4));
                    }
                    parts::note(ui, ctx, &format!("Version {} · {}", version.number, said.join(" · ")));
                }
            }
            _ => states::answering(ui, ctx, "earlier versions", &question),
        },
    }
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
    match draft.selected {
        Some(Item::Rule(at)) if at < draft.suite.rules.len() => {
            rule_form::rule_ui(ui, ctx, draft, Some(at), history, version);
        }
        None if draft.form.is_some() => rule_form::rule_ui(ui, ctx, draft, None, history, version),
        Some(Item::Column(at)) if at < draft.suite.contract.columns.len() => {
            forms::column_ui(ui, ctx, draft, at);
        }
        Some(Item::Check(at)) => forms::check_ui(ui, ctx, draft, at),
        _ => parts::nothing_selected(ui, ctx, "Choose a line to change it"),
    }
}
