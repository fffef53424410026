//! Toasts: passing words in the lower right corner, with a button and folded details.

use egui::{Align, Align2, Area, Frame, Id, Label, Layout, Margin, Order, RichText, Stroke, Ui};

use crate::state::command::Command;
use crate::state::notification::{NoteTone, Toast};
use crate::ui::ctx::UiCtx;
use crate::ui::format::sentence;
use crate::ui::theme::icons::{Icon, icon, icon_button};
use crate::ui::theme::tokens::{size, space};

use super::badge::Tone;

const WIDTH: f32 = 360.0;

pub fn toasts_ui(ui: &Ui, ctx: &UiCtx<'_>) {
    let toasts = &ctx.state.notifications.toasts;
    if toasts.is_empty() {
        return;
    }
    Area::new(Id::unique("toasts")).order(Order::Foreground).anchor(Align2::RIGHT_BOTTOM, [-16.0, -40.0]).show(
        ui.ctx(),
        |ui| {
            ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 32.0));
            for toast in toasts {
                ui.push_id(toast.id, |ui| toast_ui(ui, ctx, toast));
            }
        },
    );
}

fn toast_ui(ui: &mut Ui, ctx: &UiCtx<'_>, toast: &Toast) {
    let tokens = ctx.tokens;
    let frame = Frame::NONE
        .fill(tokens.surface)
        .stroke(Stroke::new(1.0, tokens.line))
        .corner_radius(space::RADIUS)
        .shadow(ui.visuals().popup_shadow)
        .inner_margin(Margin::same(space::M as i8));
    let response = frame.show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.horizontal_top(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
                if icon_button(ui, ctx, Icon::Close, "Close message").clicked() {
                    ctx.send(Command::DismissToast(toast.id));
                }
                ui.with_layout(Layout::top_down(Align::Min), |ui| note_ui(ui, ctx, toast, ""));
            });
        });
    });
    let rect = response.response.rect;
    let stripe = egui::Rect::from_min_max(rect.left_top(), egui::pos2(rect.left() + 3.0, rect.bottom()));
    ui.painter().rect_filled(stripe, 2.0, tone(toast.tone).color(tokens));
    // Under the pointer it stays; once a second is enough to say so.
    let soon = toast.expires_ms.is_some_and(|at| at - ctx.now_ms < 2_000);
    if ui.rect_contains_pointer(rect)
        && let Some(at) = toast.expires_ms
    {
        if soon {
            ctx.send(Command::HoldToast(toast.id));
        }
        let wait = u64::try_from(at - ctx.now_ms - 1_500).unwrap_or(0).max(200);
        ui.ctx().request_repaint_after(std::time::Duration::from_millis(wait));
    }
}

/// The words of a note: icon, text, hint, details, button. `when` may be empty.
pub fn note_ui(ui: &mut Ui, ctx: &UiCtx<'_>, note: &Toast, when: &str) {
    let tokens = ctx.tokens;
    let tone = tone(note.tone);
    ui.horizontal_top(|ui| {
        icon(ui, tone.icon(), 16.0, tone.color(tokens)).on_hover_text(word(note.tone));
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 3.0;
            ui.add(Label::new(RichText::new(sentence(&note.text)).color(tokens.text)).wrap());
            for line in [note.hint.as_str(), when] {
                if !line.is_empty() {
                    ui.add(Label::new(RichText::new(line).size(size::DATA).color(tokens.text_weak)).wrap());
                }
            }
            if !note.details.is_empty() {
                ui.collapsing("Details", |ui| {
                    ui.add(Label::new(RichText::new(&note.details).size(size::DATA)).wrap());
                    if ui.button("Copy details").clicked() {
                        ctx.send(Command::Copy(format!("{}\n{}", note.text, note.details)));
                    }
                });
            }
            if let Some((label, commands)) = &note.action
                && ui.button(label).clicked()
            {
                commands.iter().for_each(|command| ctx.send(command.clone()));
                ctx.send(Command::DismissToast(note.id));
            }
        });
    });
}

fn tone(tone: NoteTone) -> Tone {
    match tone {
        NoteTone::Success => Tone::Ok,
        NoteTone::Info => Tone::Info,
        NoteTone::Warning => Tone::Warn,
        NoteTone::Error => Tone::Bad,
    }
}

fn word(tone: NoteTone) -> &'static str {
    match tone {
        NoteTone::Success => "Done",
        NoteTone::Info => "For information",
        NoteTone::Warning => "Warning",
        NoteTone::Error => "Error",
    }
}
