//! The command palette: everything by name, from the keyboard.

use egui::{Key, Modal, Modifiers, RichText, ScrollArea, TextEdit, Ui};

use crate::state::actions::{Action, actions, search};
use crate::state::command::Command;

use super::ctx::UiCtx;
use super::theme::icons::{self, Icon};
use super::theme::tokens::space;

#[derive(Debug, Default)]
pub struct Palette {
    query: String,
    at: usize,
    was_open: bool,
}

/// Draws the palette while it is open.
pub fn palette_ui(ui: &Ui, ctx: &UiCtx<'_>, palette: &mut Palette) {
    if !ctx.state.open.palette {
        palette.was_open = false;
        return;
    }
    let fresh = !palette.was_open;
    if fresh {
        *palette = Palette { was_open: true, ..Palette::default() };
    }
    let found = search(actions(ctx.state), &palette.query);
    let moved = move_selection(ui, palette, found.len());
    let mut run = ui.input(|i| i.key_pressed(Key::Enter)).then_some(palette.at);

    let area = Modal::default_area(egui::Id::unique("palette")).anchor(egui::Align2::CENTER_TOP, [0.0, 56.0]);
    let modal = Modal::new(egui::Id::unique("palette"))
        .area(area)
        .backdrop_color(ctx.tokens.scrim())
        .frame(dialog_frame(ui, 10));
    let response = modal.show(ui.ctx(), |ui| {
        ui.set_width((ui.ctx().content_rect().width() - 80.0).clamp(320.0, 560.0));
        let name = "Search or run a command";
        let edit = TextEdit::singleline(&mut palette.query).hint_text(name).desired_width(f32::INFINITY);
        let edit = ui.add(edit.margin(egui::Margin::symmetric(10, 8)));
        name_it(ui, &edit, name);
        edit.request_focus();
        if edit.changed() {
            palette.at = 0;
        }
        ui.add_space(space::XS);
        let height = (ui.ctx().content_rect().height() - 160.0).clamp(120.0, 420.0);
        ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            for (i, action) in found.iter().enumerate() {
                if row(ui, ctx, action, i == palette.at, moved) {
                    run = Some(i);
                }
            }
            if found.is_empty() {
                ui.label(RichText::new("Nothing by that name").color(ctx.tokens.text_weak));
            }
        });
    });
    if let Some(action) = run.and_then(|i| found.get(i)).filter(|a| a.unavailable.is_none()) {
        ctx.send(Command::DismissAll);
        action.commands.iter().for_each(|command| ctx.send(command.clone()));
    } else if response.should_close() {
        ctx.send(Command::DismissAll);
    }
}

/// The frame of palette and dialogs.
pub fn dialog_frame(ui: &Ui, margin: i8) -> egui::Frame {
    egui::Frame::popup(ui.style()).inner_margin(egui::Margin::same(margin))
}

/// An accessible name for a text field whose hint says it already: screen readers on Linux get no hint, and
/// `Ui::name_inputs` passes over fields that have one.
pub fn name_it(ui: &Ui, response: &egui::Response, name: &str) {
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(name));
}

fn move_selection(ui: &Ui, palette: &mut Palette, n: usize) -> bool {
    let (down, up) = ui
        .input_mut(|i| (i.consume_key(Modifiers::NONE, Key::ArrowDown), i.consume_key(Modifiers::NONE, Key::ArrowUp)));
    if down {
        palette.at += 1;
    }
    if up {
        palette.at = palette.at.saturating_sub(1);
    }
    palette.at = palette.at.min(n.saturating_sub(1));
    down || up
}

fn row(ui: &mut Ui, ctx: &UiCtx<'_>, action: &Action, selected: bool, scroll: bool) -> bool {
    let tokens = ctx.tokens;
    let enabled = action.unavailable.is_none();
    let (rect, response) = ui.allocate_exact_size(egui::vec2(ui.available_width(), 28.0), egui::Sense::click());
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, enabled, selected, &action.name));
    if selected || response.hovered() {
        ui.painter().rect_filled(rect, space::RADIUS, if selected { tokens.selected } else { tokens.hover });
    }
    let inner = rect.shrink2(egui::vec2(space::S, 0.0));
    let color = if enabled { tokens.text } else { tokens.text_weak };
    let at = egui::Rect::from_center_size(egui::pos2(inner.left() + 7.0, inner.center().y), egui::vec2(14.0, 14.0));
    icons::paint(ui.painter(), icon_of(action), at, tokens.text_weak);
    let mut right = inner.right();
    let end = action.unavailable.map_or_else(|| action.shortcut.map(|s| s.text()).unwrap_or_default(), str::to_owned);
    if !end.is_empty() {
        let font = egui::FontId::proportional(super::theme::tokens::size::DATA);
        let galley = ui.painter().layout_no_wrap(end, font, tokens.text_weak);
        right -= galley.size().x;
        ui.painter().galley(egui::pos2(right, inner.center().y - galley.size().y / 2.0), galley, tokens.text_weak);
    }
    let left = at.right() + space::S;
    let text = egui::WidgetText::from(RichText::new(&action.name).color(color));
    let room = (right - left - space::S).max(10.0);
    let galley = text.into_galley(ui, Some(egui::TextWrapMode::Truncate), room, egui::TextStyle::Body);
    ui.painter().galley(egui::pos2(left, inner.center().y - galley.size().y / 2.0), galley, color);
    if selected && scroll {
        response.scroll_to_me(None);
    }
    response.clicked()
}

fn icon_of(action: &Action) -> Icon {
    use crate::state::command::Command as C;
    match action.commands.last() {
        Some(C::GoTo(page)) => Icon::of_page(*page),
        Some(C::Pick(crate::state::command::PickFor::OpenWorkspace)) => Icon::Folder,
        Some(C::Pick(crate::state::command::PickFor::ImportFiles)) => Icon::Plus,
        Some(C::Pick(_)) => Icon::Ship,
        Some(C::OpenSample) => Icon::Star,
        Some(C::Undo | C::Redo) => Icon::Undo,
        Some(C::RunChecks(_) | C::VerifyWorkspace) => Icon::Checks,
        Some(C::Refresh) => Icon::Refresh,
        Some(C::ToggleProblems) => Icon::Warning,
        Some(C::ShowShortcuts) => Icon::Help,
        Some(C::CancelJob(_) | C::Quit) => Icon::Close,
        Some(C::ChangeSettings(_)) => Icon::Settings,
        _ => Icon::Play,
    }
}
