//! The skeleton every page shares: a header with one primary action, a list, the main part, an inspector.

use egui::{Button, CentralPanel, Frame, Label, Margin, Panel, RichText, Stroke, Ui};

use crate::state::command::Command;
use crate::ui::ctx::UiCtx;
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};

/// The one thing a page is there to do.
pub struct Primary {
    /// "Train 3 models", never "Run".
    pub label: String,
    pub enabled: bool,
    /// Shown on hover while disabled.
    pub why_not: String,
    pub command: Command,
}

impl Primary {
    pub fn new(label: impl Into<String>, command: Command) -> Self {
        Self { label: label.into(), enabled: true, why_not: String::new(), command }
    }

    /// Disables the button when there is a reason to.
    pub fn unless(mut self, reason: Option<String>) -> Self {
        if let Some(reason) = reason {
            self.enabled = false;
            self.why_not = reason;
        }
        self
    }
}

/// Title, one line on what the page shows, the primary action on the right. Sends its command when clicked.
pub fn page_header(ui: &mut Ui, ctx: &UiCtx<'_>, title: &str, subtitle: &str, primary: Option<Primary>) {
    let frame = Frame::NONE.inner_margin(Margin { left: 16, right: 16, top: 12, bottom: 10 });
    Panel::top("page_header").frame(frame).resizable(false).show_separator_line(false).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.set_min_height(28.0);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if let Some(primary) = primary {
                    primary_button(ui, ctx, primary);
                    ui.add_space(space::M);
                }
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    ui.label(RichText::new(title).font(medium(size::PAGE)).color(ctx.tokens.text));
                    ui.add_space(space::XS);
                    ui.add(Label::new(RichText::new(subtitle).color(ctx.tokens.text_weak)).truncate());
                });
            });
        });
    });
}

/// A filled button; one per page.
pub fn primary_button(ui: &mut Ui, ctx: &UiCtx<'_>, primary: Primary) {
    let color = if primary.enabled { ctx.tokens.on_accent } else { ctx.tokens.text_weak };
    let fill = if primary.enabled { ctx.tokens.accent } else { ctx.tokens.hover };
    let text = RichText::new(primary.label).font(medium(size::TEXT)).color(color);
    let button = Button::new(text).fill(fill).stroke(Stroke::new(1.0, fill)).min_size(egui::vec2(0.0, 28.0));
    let mut response = ui.add_enabled(primary.enabled, button);
    if !primary.why_not.is_empty() {
        response = response.on_disabled_hover_text(primary.why_not);
    }
    if response.clicked() {
        ctx.send(primary.command);
    }
}

/// A raised part of a page, as wide as there is room.
pub fn card<R>(ui: &mut Ui, ctx: &UiCtx<'_>, add: impl FnOnce(&mut Ui) -> R) -> R {
    card_frame(ctx)
        .show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            add(ui)
        })
        .inner
}

pub fn card_frame(ctx: &UiCtx<'_>) -> Frame {
    Frame::NONE
        .fill(ctx.tokens.surface)
        .stroke(Stroke::new(1.0, ctx.tokens.line))
        .corner_radius(space::RADIUS)
        .inner_margin(Margin::same(space::M as i8))
}

/// A title inside a page or card.
pub fn section(ui: &mut Ui, ctx: &UiCtx<'_>, title: &str) {
    ui.label(RichText::new(title).font(medium(size::TITLE)).color(ctx.tokens.text));
}

/// A secondary line.
pub fn weak(ui: &mut Ui, ctx: &UiCtx<'_>, text: impl Into<String>) -> egui::Response {
    ui.label(RichText::new(text).color(ctx.tokens.text_weak))
}

fn side_frame(ctx: &UiCtx<'_>) -> Frame {
    Frame::NONE.fill(ctx.tokens.surface).inner_margin(Margin::symmetric(space::S as i8, space::S as i8))
}

/// The list on the left of a page: 240 wide, resizable, narrower in small windows. Call after `page_header`.
pub fn list_panel<R>(ui: &mut Ui, ctx: &UiCtx<'_>, id: &str, add: impl FnOnce(&mut Ui) -> R) -> R {
    let room = ui.available_width();
    // A small window has a width of its own: making it large again brings the former one back.
    let small = room < 1000.0;
    Panel::left(egui::Id::unique((id, "list", small)))
        .frame(side_frame(ctx))
        .default_size((room * 0.25).clamp(160.0, 240.0))
        .size_range(140.0..=(room * if small { 0.22 } else { 0.4 }).max(160.0))
        .show(ui, |ui| {
            let inner = add(ui);
            ui.take_available_space();
            inner
        })
        .inner
}

/// The inspector on the right: 300 wide, resizable, gone below 640 points of room. Call before `main_panel`.
pub fn inspector_panel(ui: &mut Ui, ctx: &UiCtx<'_>, id: &str, add: impl FnOnce(&mut Ui)) {
    let room = ui.available_width();
    if room < 520.0 {
        return;
    }
    let small = room < 760.0;
    Panel::right(egui::Id::unique((id, "inspector", small)))
        .frame(side_frame(ctx).inner_margin(Margin::same(space::M as i8)))
        .default_size((room * 0.34).clamp(200.0, 300.0))
        .size_range(180.0..=(room * if small { 0.36 } else { 0.5 }).max(200.0))
        .show(ui, |ui| {
            egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, add);
        });
}

/// What is left: the page's main part. Call last.
pub fn main_panel<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    let frame = Frame::NONE.inner_margin(Margin { left: 16, right: 16, top: 4, bottom: 12 });
    CentralPanel::default().frame(frame).show(ui, add).inner
}
