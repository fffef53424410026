//! From which versions a suite is drafted.

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{Button, PopupCloseBehavior, ScrollArea, Ui};

use crate::domain::dataset::DatasetVersion;
use crate::domain::history::History;
use crate::domain::ids::VersionId;
use crate::ui::format;

use super::{SuiteTab, target_of};

/// The version in focus, all of them, or those that are ticked.
pub fn draft_menu(ui: &mut Ui, tab: &mut SuiteTab, history: &History, version: &DatasetVersion) {
    let mut siblings: Vec<&DatasetVersion> =
        history.versions.iter().filter(|v| v.dataset_id == version.dataset_id).collect();
    siblings.sort_by_key(|v| std::cmp::Reverse(v.version));
    let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let (button, _) = MenuButton::new("Draft").config(config).ui(ui, |ui| {
        let mut wanted: Option<Vec<VersionId>> = None;
        if ui.button(format!("From {}", version.label())).clicked() {
            wanted = Some(vec![version.id]);
        }
        if siblings.len() > 1 && ui.button(format!("From all {} versions", siblings.len())).clicked() {
            wanted = Some(siblings.iter().map(|v| v.id).collect());
        }
        if siblings.len() > 2 {
            ui.separator();
            ScrollArea::vertical().max_height(220.0).show(ui, |ui| {
                for sibling in &siblings {
                    let mut ticked = tab.ticked.contains(&sibling.id);
                    let text = format!("{} · {}", sibling.label(), format::counted(sibling.rows, "row", "rows"));
                    if ui.checkbox(&mut ticked, text).changed() {
                        if ticked {
                            tab.ticked.insert(sibling.id);
                        } else {
                            tab.ticked.remove(&sibling.id);
                        }
                    }
                }
            });
            let n = tab.ticked.len() as u64;
            let text = format!("From the {} ticked", format::counted(n, "version", "versions"));
            let button = ui.add_enabled(n > 0, Button::new(text)).on_disabled_hover_text("Tick the versions first");
            if button.clicked() {
                wanted = Some(tab.ticked.iter().copied().collect());
            }
        }
        if let Some(versions) = wanted {
            tab.drafting = Some((versions, target_of(history, version)));
            ui.close();
        }
    });
    button.on_hover_text("Rules that hold for what is there, each limit with its origin; Undo brings the suite back");
}
