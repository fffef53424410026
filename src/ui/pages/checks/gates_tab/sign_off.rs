//! The form of a sign-off: four questions that no check can answer.

use egui::{Label, TextEdit, Ui};

use crate::domain::dataset::DatasetVersion;
use crate::domain::edit::Edit;
use crate::domain::ids::VersionId;
use crate::domain::question::{Answer, Question};
use crate::domain::sign_off::{Answers, Asked, SignOff, SignedAnswer, Verdict};
use crate::state::command::Command;
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::palette::name_it;
use crate::ui::theme::tokens::space;
use crate::ui::widgets::badge::{Tone, badge};
use crate::ui::widgets::states;

/// Answers that are being given; of one version.
#[derive(Debug, Default)]
pub struct SignOffDraft {
    version: Option<VersionId>,
    verdicts: [Option<Verdict>; 4],
    texts: [String; 4],
    /// A new one is wanted although there is one.
    again: bool,
}

pub fn sign_off_ui(ui: &mut Ui, ctx: &UiCtx<'_>, draft: &mut SignOffDraft, version: &DatasetVersion) {
    if draft.version != Some(version.id) {
        *draft = SignOffDraft { version: Some(version.id), ..SignOffDraft::default() };
    }
    let question = Question::SignOffs { version: version.id };
    let given = match ctx.state.asked.get(&question) {
        Loadable::Failed(problem) => return states::failed(ui, ctx, problem, Some(Command::Ask(question))),
        Loadable::Idle => {
            ctx.send(Command::Ask(question.clone()));
            None
        }
        loadable => loadable.value(),
    };
    let Some(Answer::SignOffs(given)) = given else { return states::answering(ui, ctx, "the sign-off", &question) };
    if let Some(latest) = given.first() {
        given_ui(ui, ctx, latest);
        if !draft.again {
            draft.again = ui.button("Answer again").clicked();
            return;
        }
    }
    form_ui(ui, ctx, draft, version.id);
}

fn given_ui(ui: &mut Ui, ctx: &UiCtx<'_>, given: &SignOff) {
    let when = format::ago(ctx.now_ms, given.created_at_ms);
    parts::note(ui, ctx, &format!("By {}, {when}", given.who));
    for asked in Asked::ALL {
        let answer = given.answers.get(asked);
        let tone = match answer.verdict {
            Verdict::Yes => Tone::Ok,
            Verdict::No => Tone::Bad,
            Verdict::Unsure => Tone::Warn,
        };
        ui.horizontal(|ui| {
            badge(ui, ctx, tone, &format::capital(answer.verdict.as_str()));
            ui.add(Label::new(asked.question()).wrap());
        });
        if !answer.text.is_empty() {
            parts::note(ui, ctx, &answer.text);
        }
    }
}

fn form_ui(ui: &mut Ui, ctx: &UiCtx<'_>, draft: &mut SignOffDraft, version: VersionId) {
    for (at, asked) in Asked::ALL.into_iter().enumerate() {
        ui.add(Label::new(asked.question()).wrap());
        ui.horizontal(|ui| {
            for verdict in Verdict::ALL {
                let chosen = draft.verdicts[at] == Some(verdict);
                let word = format::capital(verdict.as_str());
                let radio = ui.radio(chosen, word.clone());
                name_it(ui, &radio, &format!("{word}: {}", asked.question()));
                if radio.clicked() {
                    draft.verdicts[at] = Some(verdict);
                }
            }
            let hint = if draft.verdicts[at] == Some(Verdict::Yes) { "Optional" } else { "Why" };
            let width = (ui.available_width() - space::M).max(80.0);
            let text = ui.add(TextEdit::singleline(&mut draft.texts[at]).hint_text(hint).desired_width(width));
            name_it(ui, &text, &format!("Reason: {}", asked.question()));
        });
        ui.add_space(space::XS);
    }
    let answers = answers(draft);
    let problem = match &answers {
        None => Some("Answer all four questions".to_owned()),
        Some(answers) => answers.problem(),
    };
    let button = ui.add_enabled(problem.is_none(), egui::Button::new("Sign off"));
    let button = match &problem {
        Some(problem) => button.on_disabled_hover_text(format::capital(&format::sentence(problem))),
        None => button.on_hover_text("Kept with the version, under your account's name; a later one counts instead"),
    };
    if let Some(answers) = answers.filter(|_| button.clicked()) {
        ctx.send(Command::Edit(Edit::SignOff { version, answers }));
        *draft = SignOffDraft { version: Some(version), ..SignOffDraft::default() };
    }
}

fn answers(draft: &SignOffDraft) -> Option<Answers> {
    let answer = |at: usize| {
        let text = draft.texts[at].trim().to_owned();
        draft.verdicts[at].map(|verdict| SignedAnswer { verdict, text })
    };
    Some(Answers { objective: answer(0)?, fit: answer(1)?, assumptions: answer(2)?, adversarial: answer(3)? })
}
