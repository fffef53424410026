//! How the suite would have judged the versions there are.

use egui::{Button, Label, RichText, ScrollArea, Ui};

use crate::domain::ids::DatasetId;
use crate::domain::question::{Answer, Question};
use crate::domain::suite::{BrokenRule, Environment, SuiteTrial};
use crate::state::command::Command;
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::theme::icons;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::{Tone, badge};
use crate::ui::widgets::states;

use super::{SuiteTab, model};

/// Lines of it that are seen without scrolling.
const HEIGHT: f32 = 150.0;

/// On which versions the suite would have failed, and because of what; each line leads to its rule.
pub fn trial_ui(ui: &mut Ui, ctx: &UiCtx<'_>, tab: &mut SuiteTab, dataset: DatasetId) {
    let Some(suite) = tab.trial.clone() else { return };
    let question = Question::SuiteTrial { dataset, suite: suite.clone(), rule: None, environment: Environment::Train };
    let trial = match ctx.state.asked.get(&question) {
        Loadable::Idle => {
            ctx.send(Command::Ask(question.clone()));
            None
        }
        Loadable::Failed(problem) => {
            parts::small_problem(ui, ctx, problem);
            ui.horizontal(|ui| {
                if ui.button("Try again").clicked() {
                    ctx.send(Command::Ask(question.clone()));
                }
                if ui.button("Close").clicked() {
                    tab.trial = None;
                }
            });
            return;
        }
        loadable => loadable.value(),
    };
    let Some(Answer::SuiteTrial(trial)) = trial else {
        return states::answering(ui, ctx, "earlier versions", &question);
    };
    let changed = tab.draft.as_ref().map(super::Draft::ticked).filter(|now| *now != *suite);
    ui.horizontal(|ui| {
        let fails = trial.versions.iter().any(|v| v.fails());
        badge(ui, ctx, if fails { Tone::Warn } else { Tone::Ok }, &trial.told());
        if let Some(now) = changed {
            let again = ui.button("Try again").on_hover_text("The suite was changed since it was tried");
            if again.clicked() {
                tab.trial = Some(Box::new(now));
            }
        }
        if ui.button("Close").clicked() {
            tab.trial = None;
        }
    });
    if let Some(id) = broken_ui(ui, ctx, trial)
        && let Some(draft) = &mut tab.draft
        && let Some(item) = model::item_of(&draft.suite, &id)
    {
        tab.part = model::Part::All;
        tab.filter.clear();
        draft.select(item);
        draft.reveal = true;
    }
}

/// What did not hold, version by version. Answers the rule that was clicked.
fn broken_ui(ui: &mut Ui, ctx: &UiCtx<'_>, trial: &SuiteTrial) -> Option<String> {
    let told: Vec<_> = trial.versions.iter().filter(|v| v.problem.is_some() || !v.broken.is_empty()).collect();
    if told.is_empty() {
        return None;
    }
    let mut clicked = None;
    ScrollArea::vertical().id_salt("trial").max_height(HEIGHT).auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for version in told {
            parts::heading(ui, ctx, &format!("Version {}", version.number));
            if let Some(problem) = &version.problem {
                parts::note(ui, ctx, &format::sentence(problem));
            }
            for broken in &version.broken {
                if broken_line(ui, ctx, broken) {
                    clicked = Some(broken.rule.clone());
                }
            }
        }
    });
    ui.add_space(space::XS);
    clicked
}

fn broken_line(ui: &mut Ui, ctx: &UiCtx<'_>, broken: &BrokenRule) -> bool {
    let tone = Tone::of_severity(broken.severity);
    let line = ui.horizontal(|ui| {
        icons::icon(ui, tone.icon(), 12.0, tone.color(ctx.tokens));
        let name = RichText::new(&broken.rule).size(size::DATA).color(ctx.tokens.accent);
        let name = ui.add(Button::new(name).frame(false)).on_hover_text("Shows this line of the suite");
        let message = RichText::new(format::sentence(&broken.message)).size(size::DATA).color(ctx.tokens.text_weak);
        ui.add(Label::new(message).truncate());
        name.clicked()
    });
    line.inner
}
