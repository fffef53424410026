//! Shortcuts as egui understands them, and running what is pressed.

use egui::{Key, KeyboardShortcut, Modifiers, Ui};

use crate::state::actions::{Shortcut, ShortcutKey, actions};
use crate::state::command::{Command, Page};

use super::ctx::UiCtx;

pub fn to_egui(shortcut: Shortcut) -> Option<KeyboardShortcut> {
    let mut modifiers = Modifiers::NONE;
    if shortcut.ctrl {
        modifiers |= Modifiers::COMMAND;
    }
    if shortcut.shift {
        modifiers |= Modifiers::SHIFT;
    }
    let key = match shortcut.key {
        ShortcutKey::Char(c) => Key::from_name(&c.to_string())?,
        ShortcutKey::F(n) => Key::from_name(&format!("F{n}"))?,
    };
    Some(KeyboardShortcut::new(modifiers, key))
}

/// Sends the command of every shortcut pressed in this frame. Undo belongs to the text field while one has the focus.
pub fn press(ui: &Ui, ctx: &UiCtx<'_>) {
    if !ui.input(|i| i.events.iter().any(|e| matches!(e, egui::Event::Key { pressed: true, .. }))) {
        return;
    }
    let typing = ui.ctx().text_edit_focused();
    for (modifiers, key) in [(Modifiers::COMMAND, Key::K), (Modifiers::COMMAND | Modifiers::SHIFT, Key::P)] {
        if ui.input_mut(|i| i.consume_shortcut(&KeyboardShortcut::new(modifiers, key))) {
            ctx.send(Command::TogglePalette);
        }
    }
    let mut all = actions(ctx.state);
    // egui matches Ctrl+Shift+Z as Ctrl+Z too: the longer shortcut is asked first.
    all.sort_by_key(|a| a.shortcut.is_none_or(|s| !s.shift));
    for action in all {
        let Some(shortcut) = action.shortcut else { continue };
        // While labelling, Undo takes the last label back.
        let labelling = ctx.state.labelling.is_some() && ctx.state.page == Page::Data;
        if (typing || labelling) && shortcut.key == ShortcutKey::Char('Z') {
            continue;
        }
        let mut keys: Vec<KeyboardShortcut> = to_egui(shortcut).into_iter().collect();
        if shortcut.key == ShortcutKey::Char('+') {
            // The same key without Shift on many keyboards.
            keys.push(KeyboardShortcut::new(Modifiers::COMMAND, Key::Equals));
        }
        let pressed = ui.input_mut(|i| keys.iter().any(|k| i.consume_shortcut(k)));
        if pressed && action.unavailable.is_none() {
            action.commands.into_iter().for_each(|command| ctx.send(command));
        }
    }
    // What is open closes itself on Escape.
    if ui.input(|i| i.key_pressed(Key::Escape)) && !typing && !ctx.state.open.anything() {
        ctx.send(Command::DismissAll);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::AppState;

    #[test]
    fn every_shortcut_names_a_key_that_exists() {
        for action in actions(&AppState::default()) {
            if let Some(shortcut) = action.shortcut {
                assert!(to_egui(shortcut).is_some(), "{}", shortcut.text());
            }
        }
    }
}
