//! The bar at the bottom: what runs, how far it is, how to stop it.

use egui::{Align, Button, Frame, Label, Layout, Margin, Panel, Popup, PopupCloseBehavior, Response, RichText, Ui};

use crate::state::command::Command;
use crate::state::format::{bytes, duration};
use crate::state::jobs::{JobPhase, JobView};
use crate::ui::ctx::UiCtx;
use crate::ui::theme::icons::{Icon, icon_button};
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::states;

pub fn status_ui(ui: &mut Ui, ctx: &UiCtx<'_>) {
    let frame = Frame::NONE.fill(ctx.tokens.surface).inner_margin(Margin::symmetric(space::M as i8, 0));
    Panel::bottom("status").frame(frame).exact_size(26.0).resizable(false).show(ui, |ui| {
        ui.spacing_mut().interact_size.y = 20.0;
        ui.style_mut().override_font_id = Some(egui::FontId::proportional(size::DATA));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some(memory) = ctx.state.memory {
                let text = format!("memory {}", bytes(memory));
                ui.label(RichText::new(text).color(ctx.tokens.text_weak))
                    .on_hover_text("Held by this window, without its worker");
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| jobs(ui, ctx));
        });
    });
}

fn jobs(ui: &mut Ui, ctx: &UiCtx<'_>) {
    let Some(front) = ctx.state.jobs.front() else {
        ui.add(Label::new(RichText::new(idle_line(ctx)).color(ctx.tokens.text_weak)).truncate());
        return;
    };
    job_line(ui, ctx, front, 120.0);
    let others = ctx.state.jobs.len() - 1;
    if others == 0 {
        return;
    }
    let text = if others == 1 { "+1 job".to_owned() } else { format!("+{others} jobs") };
    let more = ui.add(Button::new(text).frame_when_inactive(false));
    Popup::menu(&more).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        ui.set_min_width(420.0);
        for job in ctx.state.jobs.views() {
            ui.horizontal(|ui| job_line(ui, ctx, job, 90.0));
        }
    });
}

fn job_line(ui: &mut Ui, ctx: &UiCtx<'_>, job: &JobView, width: f32) {
    bar(ui, ctx, job, width);
    let mut line = format!("{} · {}", job.title, job.phase);
    if let Some(seconds) = job.eta_seconds.filter(|_| job.state == JobPhase::Running) {
        line.push_str(&format!(" · {} left", duration(seconds.max(1.0))));
    }
    let room = (ui.available_width() - 90.0).max(60.0);
    let text = egui::WidgetText::from(RichText::new(&line).color(ctx.tokens.text));
    let galley = text.into_galley(ui, Some(egui::TextWrapMode::Truncate), room, egui::TextStyle::Small);
    ui.add(Label::new(galley)).on_hover_text(&line);
    if job.cancellable && icon_button(ui, ctx, Icon::Close, &format!("Cancel {}", job.title)).clicked() {
        ctx.send(Command::CancelJob(job.id));
    }
}

fn bar(ui: &mut Ui, ctx: &UiCtx<'_>, job: &JobView, width: f32) -> Response {
    let fraction = if job.state == JobPhase::Queued { Some(0.0) } else { job.fraction };
    states::progress_bar(ui, ctx, &job.title, fraction, width)
}

fn idle_line(ctx: &UiCtx<'_>) -> String {
    let history = ctx.state.history.value();
    let version = ctx.state.focus.version.and_then(|id| history?.version(id));
    version.map_or_else(String::new, |v| format!("{} · {}", v.label(), crate::state::messages::shape(v)))
}
