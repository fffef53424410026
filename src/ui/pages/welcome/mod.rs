//! The first start: three ways in.

use egui::{Align, Button, Frame, Label, Layout, Margin, RichText, ScrollArea, Sense, Stroke, Ui, vec2};

use crate::state::actions::Shortcut;
use crate::state::command::{Command, PickFor};
use crate::state::format::middle_ellipsis;
use crate::ui::ctx::UiCtx;
use crate::ui::theme::icons::{self, Icon};
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::list::Row;
use crate::ui::widgets::page::{Primary, primary_button, weak};

const WIDTH: f32 = 640.0;

pub fn welcome_ui(ui: &mut Ui, ctx: &UiCtx<'_>) {
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        let above = ((ui.available_height() - 470.0) * 0.4).clamp(space::XL, 200.0);
        let width = WIDTH.min(ui.available_width() - 2.0 * space::XL);
        let side = ((ui.available_width() - width) / 2.0).max(0.0);
        ui.add_space(above);
        ui.horizontal(|ui| {
            ui.add_space(side);
            ui.vertical(|ui| {
                ui.set_width(width);
                content(ui, ctx);
            });
        });
    });
}

fn content(ui: &mut Ui, ctx: &UiCtx<'_>) {
    ui.label(RichText::new("The whole life of a model, on this computer").font(medium(size::PAGE)));
    let line =
        "Import a table, check it, train and compare models, ship one, watch its data. Nothing leaves this machine.";
    ui.add(Label::new(RichText::new(line).color(ctx.tokens.text_weak)).wrap());
    ui.add_space(space::L);
    drop_target(ui, ctx);
    ui.add_space(space::M);
    sample(ui, ctx);
    recent(ui, ctx);
}

fn drop_target(ui: &mut Ui, ctx: &UiCtx<'_>) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 168.0), Sense::hover());
    let tokens = ctx.tokens;
    ui.painter().rect_filled(rect, 10.0, tokens.surface);
    dashed(ui, rect.shrink(1.0), Stroke::new(1.5, tokens.tint(tokens.accent, 0.6)));
    let inner = rect.shrink(space::L);
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(Layout::top_down(Align::Center)));
    let ui = &mut child;
    ui.add_space(space::XS);
    icons::icon(ui, Icon::Download, 30.0, tokens.accent);
    ui.add_space(space::XS);
    ui.label(RichText::new("Drop a file here").font(medium(size::TITLE)));
    weak(ui, ctx, "CSV, Excel, Parquet, Arrow, JSON or SQLite, or a folder of them, anywhere on the window");
    ui.add_space(space::XS);
    let keys = Shortcut::ctrl('I').text();
    if ui.add(Button::new("Open file…").min_size(vec2(0.0, 28.0))).on_hover_text(keys).clicked() {
        ctx.send(Command::Pick(PickFor::ImportFiles));
    }
}

fn dashed(ui: &Ui, rect: egui::Rect, stroke: Stroke) {
    let corners = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
    ui.painter().extend(egui::Shape::dashed_line(&corners, stroke, 6.0, 5.0));
}

fn sample(ui: &mut Ui, ctx: &UiCtx<'_>) {
    let frame = Frame::NONE
        .fill(ctx.tokens.surface)
        .stroke(Stroke::new(1.0, ctx.tokens.line))
        .corner_radius(10)
        .inner_margin(Margin::same(space::L as i8));
    frame.show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.horizontal(|ui| {
            ui.set_min_height(42.0);
            icons::icon(ui, Icon::Star, 22.0, ctx.tokens.accent);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let busy = (!ctx.state.jobs.is_empty()).then(|| "A job is running".to_owned());
                primary_button(ui, ctx, Primary::new("Open sample project", Command::OpenSample).unless(busy));
                ui.with_layout(Layout::top_down(Align::Min), |ui| {
                    ui.label(RichText::new("Look around first").font(medium(size::TITLE)));
                    let line = "Customer churn with planted flaws, a drifted month and trained models";
                    ui.add(Label::new(RichText::new(line).color(ctx.tokens.text_weak)).truncate());
                });
            });
        });
    });
}

fn recent(ui: &mut Ui, ctx: &UiCtx<'_>) {
    let Some(info) = ctx.state.workspace.value() else { return };
    let recent: Vec<_> = info.recent.iter().filter(|p| **p != info.path).take(5).collect();
    ui.add_space(space::M);
    ui.horizontal(|ui| {
        weak(ui, ctx, if recent.is_empty() { "Worked here before?" } else { "Recent workspaces" });
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.button("Open a workspace folder…").clicked() {
                ctx.send(Command::Pick(PickFor::OpenWorkspace));
            }
        });
    });
    for path in recent {
        let name = crate::domain::words::file_name(path);
        let full = path.display().to_string();
        let folder = middle_ellipsis(&full, 80);
        let row = Row::new(&name).subtitle(&folder).icon(Icon::Folder);
        if row.show(ui, ctx).on_hover_text(&full).clicked() {
            ctx.send(Command::OpenWorkspace(path.clone()));
        }
    }
}
