//! What came of training a run again.

use egui::{RichText, Ui};

use crate::domain::ids::RunId;
use crate::domain::request::JobRequest;
use crate::domain::run::Run;
use crate::domain::training::{ReproduceOutcome, Verdict};
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::{Tone, badge};

/// Is this run being trained again, or waiting to be?
pub fn is_under_way(ctx: &UiCtx, run: RunId) -> bool {
    ctx.state.jobs.with_requests().any(|(_, request)| *request == JobRequest::Reproduce(run))
}

/// The verdict, each step of the comparison, and what is not as it was around it.
pub fn reproduced_ui(ui: &mut Ui, ctx: &UiCtx, run: &Run) {
    let Some(outcome) = ctx.state.reproduced.get(&run.id) else { return };
    ui.add_space(space::XS);
    ui.horizontal_wrapped(|ui| {
        parts::heading(ui, ctx, "Reproduced");
        badge(ui, ctx, tone(outcome.verdict), outcome.verdict.as_str());
    });
    parts::note(ui, ctx, &sentence(outcome));
    for step in &outcome.steps {
        ui.horizontal_top(|ui| {
            let tone = tone(step.verdict);
            crate::ui::theme::icons::icon(ui, tone.icon(), 12.0, tone.color(ctx.tokens));
            let text = format!("{}: {} · {}", format::capital(&step.step), step.verdict.as_str(), step.detail);
            ui.add(egui::Label::new(RichText::new(text).size(size::DATA).color(ctx.tokens.text)).wrap());
        });
    }
    for changed in &outcome.environment {
        parts::note(ui, ctx, changed);
    }
}

fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::BitEqual => Tone::Ok,
        Verdict::WithinTolerance => Tone::Info,
        Verdict::Different => Tone::Warn,
    }
}

/// The verdict with what it rests on.
fn sentence(outcome: &ReproduceOutcome) -> String {
    let around = match outcome.environment.len() as u64 {
        0 => "the program and the system are as they were".to_owned(),
        n => format!("{} around it", format::counted(n, "thing has changed", "things have changed")),
    };
    match (&outcome.verdict, &outcome.first_difference) {
        (Verdict::BitEqual, _) | (_, None) => format!("Training again gave the same to the last bit; {around}"),
        (Verdict::WithinTolerance, Some(step)) => {
            format!("Training again gave the same but for rounding, first in the {step}; {around}")
        }
        (Verdict::Different, Some(step)) => {
            format!("Training again gave something else, first in the {step}; {around}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_names_the_first_step_that_differs() {
        let mut outcome = ReproduceOutcome {
            run: RunId(7),
            verdict: Verdict::BitEqual,
            first_difference: None,
            steps: vec![],
            environment: vec![],
            metrics: Default::default(),
        };
        assert!(sentence(&outcome).contains("to the last bit; the program and the system are as they were"));
        outcome.verdict = Verdict::Different;
        outcome.first_difference = Some("recipe".into());
        outcome.environment = vec!["The processor was a, is b".into()];
        assert_eq!(
            sentence(&outcome),
            "Training again gave something else, first in the recipe; 1 thing has changed around it"
        );
    }
}
