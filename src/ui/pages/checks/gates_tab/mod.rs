//! What must hold before something happens: the project's gates as they stand for a version, what was let through in
//! spite of them, the sign-off, and rows set aside.

mod sign_off;

use egui::{ScrollArea, TextEdit, Ui};

use crate::domain::branch::MAIN;
use crate::domain::check_request::QuarantineRequest;
use crate::domain::dataset::DatasetVersion;
use crate::domain::edit::Edit;
use crate::domain::gate::{Act, GateBoard, GateState, Need};
use crate::domain::history::History;
use crate::domain::ids::VersionId;
use crate::domain::question::{Answer, Question};
use crate::domain::request::DataRef;
use crate::domain::suite::{Environment, catalogue};
use crate::state::command::Command;
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::palette::name_it;
use crate::ui::theme::tokens::space;
use crate::ui::widgets::badge::{Tone, badge};
use crate::ui::widgets::page::card;
use crate::ui::widgets::states;

pub use sign_off::SignOffDraft;

use super::CLEAN;

/// What the tab remembers.
#[derive(Debug)]
pub struct GatesTab {
    act: Act,
    need: NeedKind,
    /// A rule's id or a check's code, where the need names one.
    named: String,
    this_dataset: bool,
    sign_off: SignOffDraft,
}

impl Default for GatesTab {
    fn default() -> Self {
        Self {
            act: Act::Train,
            need: NeedKind::NoErrors,
            named: String::new(),
            this_dataset: false,
            sign_off: SignOffDraft::default(),
        }
    }
}

/// What a gate can ask for, before it is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NeedKind {
    NoErrors,
    Checked,
    SignOff,
    Split,
    Rule,
    Absent,
}

impl NeedKind {
    const ALL: [(Self, &'static str); 6] = [
        (Self::NoErrors, "no errors"),
        (Self::Checked, "a check by the present suite"),
        (Self::SignOff, "a sign-off with four times yes"),
        (Self::Split, "a split without errors"),
        (Self::Rule, "a rule to hold…"),
        (Self::Absent, "no finding of a check…"),
    ];

    /// What can stand before this act.
    fn options(act: Act) -> Vec<(Self, String)> {
        let fits = |kind: Self| kind != Self::Split || Need::Split.fits(act);
        Self::ALL.into_iter().filter(|(kind, _)| fits(*kind)).map(|(kind, title)| (kind, title.to_owned())).collect()
    }
}

/// True when the findings that close a gate are to be shown.
pub fn gates_tab_ui(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    tab: &mut GatesTab,
    history: &History,
    version: &DatasetVersion,
) -> bool {
    let question = Question::Gates;
    let mut findings = false;
    let board = match ctx.state.asked.get(&question) {
        Loadable::Failed(problem) => {
            states::failed(ui, ctx, problem, Some(Command::Ask(question)));
            return findings;
        }
        Loadable::Idle => {
            ctx.send(Command::Ask(question.clone()));
            None
        }
        loadable => loadable.value(),
    };
    let Some(Answer::Gates(board)) = board else {
        states::answering(ui, ctx, "the gates", &question);
        return findings;
    };
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        parts::heading(ui, ctx, "Gates");
        if board.gates.is_empty() {
            parts::note(ui, ctx, "None: nothing is stopped, whatever the checks say");
        }
        for act in Act::ALL {
            findings |= act_ui(ui, ctx, board, act, version);
        }
        ui.add_space(space::S);
        card(ui, ctx, |ui| add_ui(ui, ctx, tab, version));
        ui.add_space(space::M);
        parts::heading(ui, ctx, "Rows that break rules");
        quarantine_ui(ui, ctx, history, version);
        ui.add_space(space::M);
        parts::heading(ui, ctx, &format!("Sign-off of {}", version.label()));
        sign_off::sign_off_ui(ui, ctx, &mut tab.sign_off, version);
        overrides_ui(ui, ctx, board);
    });
    findings
}

/// The gates before one act, as they stand for the version.
fn act_ui(ui: &mut Ui, ctx: &UiCtx<'_>, board: &GateBoard, act: Act, version: &DatasetVersion) -> bool {
    let mut findings = false;
    let here = |dataset: Option<_>| dataset.is_none_or(|id| id == version.dataset_id);
    if !board.gates.iter().any(|gate| gate.act == act) {
        return findings;
    }
    let states = if board.gates.iter().any(|gate| gate.act == act && here(gate.dataset_id)) {
        gate_states(ctx, version.id, act)
    } else {
        None
    };
    for gate in board.gates.iter().filter(|gate| gate.act == act) {
        let state = states.and_then(|all| all.iter().find(|state| state.gate.id == gate.id));
        ui.horizontal(|ui| {
            let (tone, word) = match state {
                _ if !here(gate.dataset_id) => (Tone::Info, "elsewhere"),
                None => (Tone::Info, "judging"),
                Some(state) if state.is_green() => (Tone::Ok, "open"),
                Some(_) => (Tone::Bad, "closed"),
            };
            badge(ui, ctx, tone, word);
            if ui.small_button("Remove").on_hover_text("Takes this gate away; Undo puts it back").clicked() {
                ctx.send(Command::Edit(Edit::HideGate { gate: gate.id, hidden: true }));
            }
            let title = format::capital(&format::sentence(&gate.title()));
            ui.add(egui::Label::new(title).truncate());
        });
        let Some(why) = state.and_then(|state| state.red.as_deref()) else { continue };
        ui.horizontal_wrapped(|ui| {
            parts::note(ui, ctx, &format::capital(&format::sentence(why)));
            if gate.needs.needs_report() && ui.small_button("See the findings").clicked() {
                findings = true;
            }
            if gate.needs == Need::SignOff {
                parts::note(ui, ctx, "Answer the four questions below");
            }
        });
    }
    waiting_ui(ui, ctx, version.id, act);
    findings
}

/// A gate that needs a report of the present suite may have to wait for one; it can be cancelled.
fn waiting_ui(ui: &mut Ui, ctx: &UiCtx<'_>, version: VersionId, act: Act) {
    let question = Question::GateStates { version, act };
    if let Loadable::Failed(problem) = ctx.state.asked.get(&question) {
        parts::small_problem(ui, ctx, problem);
        if ui.button("Judge again").clicked() {
            ctx.send(Command::Ask(question));
        }
    } else if ctx.state.asked.waiting(&question).is_some() {
        states::answering(ui, ctx, "the state of the gates", &question);
    }
}

fn gate_states<'a>(ctx: &UiCtx<'a>, version: VersionId, act: Act) -> Option<&'a [GateState]> {
    let question = Question::GateStates { version, act };
    match ctx.state.asked.get(&question) {
        Loadable::Idle => {
            ctx.send(Command::Ask(question));
            None
        }
        loadable => match loadable.value() {
            Some(Answer::GateStates(states)) => Some(states),
            _ => None,
        },
    }
}

fn add_ui(ui: &mut Ui, ctx: &UiCtx<'_>, tab: &mut GatesTab, version: &DatasetVersion) {
    ui.horizontal_wrapped(|ui| {
        parts::field(ui, ctx, "Before", |ui| {
            let options = Act::ALL.map(|act| (act, act.title().to_owned()));
            if let Some(Some(act)) = parts::pick(ui, "Before", &options, Some(&tab.act), None, 170.0) {
                tab.act = act;
                if !NeedKind::options(act).iter().any(|(kind, _)| *kind == tab.need) {
                    tab.need = NeedKind::NoErrors;
                }
            }
        });
        parts::field(ui, ctx, "There must be", |ui| {
            let options = NeedKind::options(tab.act);
            if let Some(Some(need)) = parts::pick(ui, "There must be", &options, Some(&tab.need), None, 220.0) {
                (tab.need, tab.named) = (need, String::new());
            }
        });
        match tab.need {
            NeedKind::Absent => parts::field(ui, ctx, "Check", |ui| {
                let options: Vec<(String, String)> =
                    catalogue().iter().map(|spec| (spec.code.to_owned(), spec.title.to_owned())).collect();
                if let Some(Some(code)) = parts::pick(ui, "Check", &options, Some(&tab.named), None, 200.0) {
                    tab.named = code;
                }
            }),
            NeedKind::Rule => parts::field(ui, ctx, "Name of the rule", |ui| {
                let options = rule_options(ctx, version);
                if options.is_empty() {
                    let edit = ui.add(TextEdit::singleline(&mut tab.named).desired_width(200.0));
                    name_it(ui, &edit, "Name of the rule");
                } else if let Some(Some(id)) =
                    parts::pick(ui, "Name of the rule", &options, Some(&tab.named), None, 240.0)
                {
                    tab.named = id;
                }
            }),
            _ => {}
        }
    });
    ui.horizontal_wrapped(|ui| {
        let name = version.label();
        let name = name.split('@').next().unwrap_or(&name).to_owned();
        ui.checkbox(&mut tab.this_dataset, format!("Only for {name}"));
        let need = match tab.need {
            NeedKind::NoErrors => Some(Need::NoErrors),
            NeedKind::Checked => Some(Need::Checked),
            NeedKind::SignOff => Some(Need::SignOff),
            NeedKind::Split => Some(Need::Split),
            NeedKind::Rule => Need::parse(&format!("rule:{}", tab.named.trim())),
            NeedKind::Absent => Need::parse(&format!("absent:{}", tab.named)),
        };
        let button = ui.add_enabled(need.is_some(), egui::Button::new("Add the gate"));
        if let Some(needs) = need.filter(|_| button.clicked()) {
            let dataset = tab.this_dataset.then_some(version.dataset_id);
            ctx.send(Command::Edit(Edit::AddGate { act: tab.act, needs, dataset }));
        }
    });
}

/// The rules of the dataset's suite, as far as it is known.
fn rule_options(ctx: &UiCtx<'_>, version: &DatasetVersion) -> Vec<(String, String)> {
    let question = Question::Suites { dataset: version.dataset_id };
    match ctx.state.asked.get(&question) {
        Loadable::Idle => {
            ctx.send(Command::Ask(question));
            Vec::new()
        }
        loadable => match loadable.value() {
            Some(Answer::Suites(all)) => {
                let rules = all.first().map(|saved| saved.suite.rules_for(Environment::Train)).unwrap_or_default();
                rules.into_iter().map(|rule| (rule.id.clone(), rule.id)).collect()
            }
            _ => Vec::new(),
        },
    }
}

/// Rows that break rules are set aside, not deleted; what is left is published when the gates are open.
fn quarantine_ui(ui: &mut Ui, ctx: &UiCtx<'_>, history: &History, version: &DatasetVersion) {
    let more = "They go to a dataset of their own with the names of the rules; the others become a new version on the \
                branch “clean”, and main stays where it is until that version is published";
    parts::note(ui, ctx, more);
    ui.horizontal_wrapped(|ui| {
        if ui.button(format!("Set rows of {} aside", version.label())).clicked() {
            ctx.send(Command::Quarantine(QuarantineRequest {
                data: DataRef::Version(version.id),
                rules: Vec::new(),
                suite: None,
                environment: Environment::Train,
                branch: CLEAN.to_owned(),
            }));
        }
        let open = gate_states(ctx, version.id, Act::Publish);
        let red = open.is_some_and(|all| all.iter().any(|state| !state.is_green()));
        let is_main = main_leads_to(history, version);
        let publish = ui.add_enabled(!is_main, egui::Button::new(format!("Publish {}", version.label())));
        let publish = publish.on_disabled_hover_text("Main leads to this version already");
        let publish = publish.on_hover_text(if red {
            "A gate before publishing is closed: this asks for a reason to go on"
        } else {
            "Lets main lead to this version"
        });
        if publish.clicked() {
            ctx.send(Command::Edit(Edit::Publish { version: version.id }));
        }
    });
}

fn main_leads_to(history: &History, version: &DatasetVersion) -> bool {
    let main = history.branches.iter().find(|b| b.dataset_id == version.dataset_id && b.name == MAIN);
    let numbers = history.versions.iter().filter(|v| v.dataset_id == version.dataset_id).map(|v| v.version);
    // Without a record it leads to the latest.
    main.map_or_else(|| numbers.max() == Some(version.version), |main| main.head == version.id)
}

/// What all of this is for, beside it.
pub fn gates_inspector_ui(ui: &mut Ui, ctx: &UiCtx<'_>) {
    const SAID: [(&str, &str); 4] = [
        (
            "Gates",
            "A gate stands before an act: training, registering a model, scoring, publishing, taking in a new version. \
             What it needs is judged on the version that is about to be used. Whoever goes past a closed one gives a \
             reason, which is kept",
        ),
        (
            "Rows that break rules",
            "Only the rules of severity error set rows aside, and only those that judge single rows. Nothing is deleted",
        ),
        ("Publishing", "Main is the branch that others use. It leads to a version once that is published"),
        (
            "Sign-off",
            "Four questions that no check can answer. The answers stay with the version, under your account's name",
        ),
    ];
    for (title, text) in SAID {
        parts::heading(ui, ctx, title);
        parts::note(ui, ctx, text);
        ui.add_space(space::S);
    }
}

/// What was done in spite of red gates.
fn overrides_ui(ui: &mut Ui, ctx: &UiCtx<'_>, board: &GateBoard) {
    if board.overrides.is_empty() {
        return;
    }
    ui.add_space(space::M);
    parts::heading(ui, ctx, "Let through in spite of a gate");
    for one in &board.overrides {
        let red: Vec<String> = one.red.iter().map(|gate| gate.needs.title()).collect();
        let when = format::ago(ctx.now_ms, one.created_at_ms);
        let what = format::capital(one.act.title());
        let said = format!("{what} of {} by {}, {when}: {}", one.subject, one.who, one.reason);
        parts::alert(ui, ctx, Tone::Warn, &said);
        parts::note(ui, ctx, &format::sentence(&format!("It needed {}", red.join(" and "))));
    }
}
