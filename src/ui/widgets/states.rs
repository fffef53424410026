//! The looks of something that is not there: empty, loading, failed. All three stand where the content will stand.

use egui::{Align, Button, CornerRadius, Label, Layout, Response, RichText, Sense, Ui, WidgetInfo, vec2};

use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::question::Question;
use crate::state::command::Command;
use crate::ui::ctx::UiCtx;
use crate::ui::format::sentence;
use crate::ui::theme::icons::{self, Icon};
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};

/// One sentence, one line on what would be here, one button that leads there.
pub fn empty(ui: &mut Ui, ctx: &UiCtx<'_>, icon: Icon, sentence: &str, more: &str, button: Option<(&str, Command)>) {
    centered(ui, 150.0, |ui| {
        icons::icon(ui, icon, 32.0, ctx.tokens.text_weak);
        ui.add_space(space::XS);
        ui.label(RichText::new(sentence).font(medium(size::TITLE)).color(ctx.tokens.text));
        if !more.is_empty() {
            ui.label(RichText::new(more).color(ctx.tokens.text_weak));
        }
        if let Some((label, command)) = button {
            ui.add_space(space::S);
            if ui.add(Button::new(label).min_size(vec2(0.0, 28.0))).clicked() {
                ctx.send(command);
            }
        }
    });
}

/// Grey bars of the size of what comes. They do not move: an idle window draws nothing.
pub fn loading(ui: &mut Ui, ctx: &UiCtx<'_>, what: &str) {
    let text = format!("Loading {what}…");
    let width = ui.available_width();
    ui.label(RichText::new(&text).color(ctx.tokens.text_weak));
    for share in [0.92, 0.78, 0.86, 0.64, 0.8, 0.55] {
        let (rect, response) = ui.allocate_exact_size(vec2(width * share, 14.0), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(egui::Role::GenericContainer, true, ""));
        ui.painter().rect_filled(rect, CornerRadius::same(3), ctx.tokens.hover);
        ui.add_space(space::XS);
    }
}

/// While a question is being answered: the grey bars, with how far it is after 300 ms, and after 2 s a way to stop it.
pub fn answering(ui: &mut Ui, ctx: &UiCtx<'_>, what: &str, question: &Question) {
    const TELL_MS: i64 = 300;
    const OFFER_MS: i64 = 2_000;
    if question.needs_worker()
        && let Some(waiting) = ctx.state.asked.waiting(question)
    {
        let waited = ctx.now_ms - waiting.since_ms;
        ui.horizontal(|ui| {
            ui.set_min_height(24.0);
            if waited < TELL_MS {
                return;
            }
            progress_bar(ui, ctx, what, waiting.fraction, 160.0);
            // As wide for each phase, so that the button stays where it is.
            let phase = RichText::new(&waiting.phase).size(size::DATA).color(ctx.tokens.text_weak);
            let room = vec2((ui.available_width() - 90.0).clamp(60.0, 220.0), 24.0);
            ui.allocate_ui_with_layout(room, Layout::left_to_right(Align::Center), |ui| {
                ui.set_min_width(room.x);
                ui.add(Label::new(phase).truncate());
            });
            if waited >= OFFER_MS && ui.button("Cancel").on_hover_text(format!("Stops preparing {what}")).clicked() {
                ctx.send(Command::StopAsking(question.clone()));
            }
        });
        let next = [TELL_MS, OFFER_MS].into_iter().find(|at| waited < *at);
        if let Some(wait) = next.and_then(|at| u64::try_from(at - waited).ok()) {
            ui.ctx().request_repaint_after(std::time::Duration::from_millis(wait));
        }
    }
    loading(ui, ctx, what);
}

/// How far something is. Without a known share the bar is a quarter full and still: an animation would redraw the
/// window all the time.
pub fn progress_bar(ui: &mut Ui, ctx: &UiCtx<'_>, what: &str, fraction: Option<f64>, width: f32) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(width, 6.0), Sense::hover());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(egui::Role::ProgressIndicator, true, what);
        info.value = fraction;
        info
    });
    ui.painter().rect_filled(rect, CornerRadius::same(3), ctx.tokens.line);
    let mut done = rect;
    done.set_width(rect.width() * fraction.unwrap_or(0.25) as f32);
    let color = if fraction.is_some() { ctx.tokens.accent } else { ctx.tokens.accent.gamma_multiply(0.5) };
    ui.painter().rect_filled(done, CornerRadius::same(3), color);
    response
}

/// What failed, what to do, the details folded with a copy button, and another try.
pub fn failed(ui: &mut Ui, ctx: &UiCtx<'_>, problem: &Problem, retry: Option<Command>) {
    if problem.kind == ProblemKind::Cancelled {
        let again = retry.map(|command| ("Start again", command));
        return empty(ui, ctx, Icon::Info, "Stopped, as you asked", "Nothing was changed", again);
    }
    centered(ui, 170.0, |ui| {
        icons::icon(ui, Icon::Error, 28.0, ctx.tokens.bad);
        ui.add_space(space::XS);
        ui.label(RichText::new(sentence(&problem.summary)).font(medium(size::TITLE)).color(ctx.tokens.text));
        if !problem.hint.is_empty() {
            ui.label(RichText::new(sentence(&problem.hint)).color(ctx.tokens.text_weak));
        }
        if let Some(command) = retry
            && ui.button("Try again").clicked()
        {
            ctx.send(command);
        }
        details(ui, ctx, problem);
    });
}

/// The technical text, folded, with a copy button.
pub fn details(ui: &mut Ui, ctx: &UiCtx<'_>, problem: &Problem) {
    if problem.details.is_empty() {
        return;
    }
    ui.collapsing("Details", |ui| {
        ui.add(Label::new(RichText::new(&problem.details).monospace()).wrap());
        if ui.button("Copy details").clicked() {
            ctx.send(Command::Copy(problem.to_string()));
        }
    });
}

fn centered(ui: &mut Ui, height: f32, add: impl FnOnce(&mut Ui)) {
    let above = ((ui.available_height().min(600.0) - height) * 0.4).clamp(space::M, 220.0);
    ui.with_layout(Layout::top_down(Align::Center), |ui| {
        ui.set_max_width(ui.available_width());
        ui.add_space(above);
        add(ui);
    });
}
