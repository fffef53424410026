//! Below the form: what is under way, the leaderboard, learning curves, and the plots of a search.

use egui::{RichText, Ui, vec2};

use crate::domain::edit::Edit;
use crate::domain::question::{Answer, Question};
use crate::domain::request::{DataRef, TrainRequest};
use crate::domain::run::RunStatus;
use crate::domain::training::{GroupRequest, RunGroup, TrainOptions, TuneRequest};
use crate::state::command::Command;
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::theme::icons::{self, Icon};
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::page::card;
use crate::ui::widgets::states;

use super::model::{self, TrainForm};
use super::{About, Lower, TrainPage};

mod curves;
mod leaders;
mod tuning;

pub use curves::learning_chart;

/// From this width on the learning curves stand beside the leaderboard.
const BESIDE: f32 = 1500.0;
/// Offers to go on that are shown at once.
const MOST_OFFERS: usize = 2;

pub fn board_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut TrainPage, form: &TrainForm, about: &About) {
    card(ui, ctx, |ui| {
        ui.horizontal(|ui| {
            for (lower, word) in Lower::ALL {
                ui.selectable_value(&mut page.lower, lower, word);
            }
            progress_ui(ui, ctx, form);
        });
        offers_ui(ui, ctx, about);
        let Some(target) = &form.target else {
            return parts::note(ui, ctx, "Choose a target to see its runs");
        };
        match page.lower {
            Lower::Leaderboard if ui.available_width() >= BESIDE => ui.columns_const(|[left, right]| {
                leaders::leaders_ui(left, ctx, page, about, target);
                curves::curves_ui(right, ctx, about, target);
            }),
            Lower::Leaderboard => leaders::leaders_ui(ui, ctx, page, about, target),
            Lower::Curves => curves::curves_ui(ui, ctx, about, target),
            Lower::Tuning => tuning::tuning_ui(ui, ctx, page, about, target),
        }
        ui.take_available_space();
    });
}

/// The training under way: how far it is, the time left, and a way to stop it.
fn progress_ui(ui: &mut Ui, ctx: &UiCtx, form: &TrainForm) {
    let target = form.target.as_deref().unwrap_or_default();
    let Some((job, request)) = model::own_job(&ctx.state.jobs, target) else { return };
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        if job.cancellable && ui.button("Cancel").on_hover_text("What is done is kept").clicked() {
            ctx.send(Command::CancelJob(job.id));
        }
        let left = model::time_left(job, request, ctx.now_ms).map_or_else(String::new, |left| format!(" · {left}"));
        let text = RichText::new(format!("{}{left}", job.phase)).size(size::DATA).color(ctx.tokens.text_weak);
        let bar = (ui.available_width() * 0.25).clamp(40.0, 120.0);
        let room = vec2((ui.available_width() - bar - space::S).max(40.0), space::ROW);
        ui.allocate_ui_with_layout(room, egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.add(egui::Label::new(text).truncate()).on_hover_text(&job.phase);
        });
        states::progress_bar(ui, ctx, &job.title, job.fraction, bar);
    });
}

/// Trainings that were stopped can be gone on with.
fn offers_ui(ui: &mut Ui, ctx: &UiCtx, about: &About) {
    let groups = match ctx.state.asked.get(&Question::OpenGroups) {
        Loadable::Idle => return ctx.send(Command::Ask(Question::OpenGroups)),
        other => match other.value() {
            Some(Answer::OpenGroups(groups)) => groups,
            _ => return,
        },
    };
    // What runs now is open too.
    let busy = ctx.state.jobs.with_requests().any(|(_, request)| {
        use crate::domain::request::JobRequest as J;
        matches!(request, J::Train(_) | J::Tune(_))
    });
    if busy {
        return;
    }
    for group in groups.iter().take(MOST_OFFERS) {
        offer_ui(ui, ctx, about, group);
    }
    if groups.len() > MOST_OFFERS {
        let more = format::counted((groups.len() - MOST_OFFERS) as u64, "more was", "more were");
        parts::note(ui, ctx, &format!("{more} stopped before"));
    }
}

fn offer_ui(ui: &mut Ui, ctx: &UiCtx, about: &About, group: &RunGroup) {
    let runs = about.history.runs.iter().filter(|run| run.plan.context.group == Some(group.id));
    let done = runs.filter(|run| run.status == RunStatus::Completed).count() as u64;
    let (what, asked) = match &group.request {
        GroupRequest::Train(request) => ("A training", request.algorithms.len() as u64),
        GroupRequest::Tune(request) => ("A search", u64::from(request.trials)),
    };
    let of = if asked > 0 { format!("{done} of {asked} models") } else { format::counted(done, "model", "models") };
    let when = format::ago(ctx.now_ms, group.created_at_ms);
    let text = format!("{what} for {} stopped with {of} done, begun {when}", group.request.target());
    ui.horizontal(|ui| {
        icons::icon(ui, Icon::Info, 14.0, ctx.tokens.info);
        // At the end of the line: the buttons stay where they are while the time goes by.
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let hint = "Keeps what is done and stops offering the rest";
            if ui.button("Leave it").on_hover_text(hint).clicked() {
                ctx.send(Command::Edit(Edit::CloseGroup { group: group.id, closed: true }));
            }
            if ui.button("Go on").on_hover_text("Does what is left; nothing is done twice").clicked() {
                // Its runs appear on the leaderboard of its own data.
                if let DataRef::Version(version) = group.request.train().data {
                    ctx.send(Command::FocusVersion(version));
                }
                ctx.send(resume(group));
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                let text = RichText::new(text).size(size::DATA).color(ctx.tokens.text);
                ui.add(egui::Label::new(text).truncate());
            });
        });
    });
}

/// The same request again, without its time budget: what is left may take its time.
fn resume(group: &RunGroup) -> Command {
    let again = |request: &TrainRequest| TrainRequest {
        options: TrainOptions { resume: Some(group.id), budget_seconds: None, ..request.options.clone() },
        ..request.clone()
    };
    match &group.request {
        GroupRequest::Train(request) => Command::Train(again(request)),
        GroupRequest::Tune(request) => {
            Command::Tune(TuneRequest { train: again(&request.train), ..(**request).clone() })
        }
    }
}
