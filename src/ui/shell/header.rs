//! The bar on top: workspace menu, search, problems, help.

use egui::containers::menu::MenuButton;
use egui::{Align, Button, Frame, Layout, Margin, Panel, RichText, Sense, Stroke, Ui, WidgetInfo, vec2};

use crate::state::actions::{Shortcut, actions};
use crate::state::command::Command;
use crate::state::format::middle_ellipsis;
use crate::ui::ctx::UiCtx;
use crate::ui::theme::icons::{self, Icon, icon_button};
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};

pub fn header_ui(ui: &mut Ui, ctx: &UiCtx<'_>) {
    let frame = Frame::NONE.fill(ctx.tokens.surface).inner_margin(Margin::symmetric(space::S as i8, 0));
    Panel::top("header").frame(frame).exact_size(40.0).resizable(false).show(ui, |ui| {
        let width = ui.available_width();
        ui.horizontal_centered(|ui| {
            workspace_menu(ui, ctx);
            let field = (width * 0.4).clamp(180.0, 460.0);
            let gap = (width - field) / 2.0 - (ui.cursor().left() - ui.max_rect().left());
            ui.add_space(gap.max(space::S));
            search_field(ui, ctx, field.min(ui.available_width() - 130.0));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let help = format!("Keyboard shortcuts ({})", Shortcut::f(1).text());
                if icon_button(ui, ctx, Icon::Help, &help).clicked() {
                    ctx.send(Command::ShowShortcuts);
                }
                problems(ui, ctx);
            });
        });
    });
}

fn workspace_menu(ui: &mut Ui, ctx: &UiCtx<'_>) {
    let (rect, _) = ui.allocate_exact_size(vec2(22.0, 22.0), Sense::hover());
    icons::paint(ui.painter(), Icon::Logo, rect.shrink(4.0), ctx.tokens.accent);
    let info = ctx.state.workspace.value();
    let name = info.map_or("No workspace", |w| w.name.as_str());
    let text = RichText::new(format!("{}  ▾", middle_ellipsis(name, 28))).font(medium(size::TEXT));
    let button = Button::new(text).frame_when_inactive(false);
    let (response, _) = MenuButton::from_button(button).ui(ui, |ui| {
        ui.set_min_width(240.0);
        for action in actions(ctx.state) {
            if action.group != crate::state::actions::ActionGroup::Workspace {
                continue;
            }
            let mut button = Button::new(&action.name).frame_when_inactive(false);
            if let Some(shortcut) = action.shortcut {
                button = button.shortcut_text(shortcut.text());
            }
            if ui.add_enabled(action.unavailable.is_none(), button).clicked() {
                action.commands.into_iter().for_each(|command| ctx.send(command));
                ui.close();
            }
        }
        let here = info.map(|w| &w.path);
        let recent: Vec<_> = info.iter().flat_map(|w| &w.recent).filter(|p| Some(*p) != here).take(8).collect();
        if !recent.is_empty() {
            ui.separator();
            ui.label(RichText::new("Recent workspaces").size(size::DATA).color(ctx.tokens.text_weak));
        }
        for path in recent {
            let text = path.display().to_string();
            let button = Button::new(middle_ellipsis(&text, 44)).frame_when_inactive(false);
            if ui.add(button).on_hover_text(&text).clicked() {
                ctx.send(Command::OpenWorkspace(path.clone()));
                ui.close();
            }
        }
    });
    let path = info.map_or_else(String::new, |w| w.path.display().to_string());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, format!("Workspace {name}")));
    if !path.is_empty() {
        response.on_hover_text(path);
    }
}

/// Looks like a field, opens the palette.
fn search_field(ui: &mut Ui, ctx: &UiCtx<'_>, width: f32) {
    let name = "Search or run a command";
    let (rect, response) = ui.allocate_exact_size(vec2(width.max(60.0), 26.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, name));
    let tokens = ctx.tokens;
    let line = if response.hovered() || response.has_focus() { tokens.accent } else { tokens.line };
    let stroke = Stroke::new(1.0, line);
    ui.painter().rect(rect, space::RADIUS, tokens.background, stroke, egui::StrokeKind::Inside);
    let inner = rect.shrink2(vec2(space::S, 0.0));
    let at = egui::Rect::from_center_size(egui::pos2(inner.left() + 6.0, inner.center().y), vec2(13.0, 13.0));
    icons::paint(ui.painter(), Icon::Search, at, tokens.text_weak);
    let font = egui::FontId::proportional(size::TEXT);
    let shortcut = ui.painter().layout_no_wrap(Shortcut::ctrl('K').text(), font, tokens.text_weak);
    let right = inner.right() - shortcut.size().x;
    let top = inner.center().y - shortcut.size().y / 2.0;
    ui.painter().galley(egui::pos2(right, top), shortcut, tokens.text_weak);
    let left = at.right() + space::S;
    let text = egui::WidgetText::from(RichText::new(name).color(tokens.text_weak));
    let room = (right - left - space::S).max(1.0);
    let galley = text.into_galley(ui, Some(egui::TextWrapMode::Truncate), room, egui::TextStyle::Body);
    ui.painter().galley(egui::pos2(left, inner.center().y - galley.size().y / 2.0), galley, tokens.text_weak);
    if response.on_hover_text("Every page, dataset, run and command by name").clicked() {
        ctx.send(Command::TogglePalette);
    }
}

fn problems(ui: &mut Ui, ctx: &UiCtx<'_>) {
    let notes = &ctx.state.notifications;
    if notes.problems.is_empty() {
        return;
    }
    let count = if notes.unread > 0 { notes.unread } else { notes.problems.len() };
    let color = if notes.unread > 0 { ctx.tokens.warn } else { ctx.tokens.text_weak };
    let (rect, response) = ui.allocate_exact_size(vec2(40.0, space::ROW), Sense::click());
    let label = format!("Problems: {count}");
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &label));
    if response.hovered() {
        ui.painter().rect_filled(rect, space::RADIUS, ctx.tokens.hover);
    }
    icons::focus_ring(ui, ctx, &response);
    let at = egui::Rect::from_center_size(egui::pos2(rect.left() + 12.0, rect.center().y), vec2(14.0, 14.0));
    icons::paint(ui.painter(), Icon::Warning, at, color);
    let font = medium(size::DATA);
    let left = egui::pos2(at.right() + space::XS, rect.center().y);
    ui.painter().text(left, egui::Align2::LEFT_CENTER, count, font, color);
    let keys = Shortcut::ctrl_shift('E').text();
    if response.on_hover_text(format!("Problems of this session ({keys})")).clicked() {
        ctx.send(Command::ToggleProblems);
    }
}
