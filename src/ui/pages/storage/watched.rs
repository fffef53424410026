//! Watched files and folders: how each stands, and adding another.

use egui::{Button, ComboBox, Label, RichText, TextEdit, Ui};

use crate::domain::edit::Edit;
use crate::domain::watch::{WatchKind, WatchPolicy, WatchView};
use crate::state::command::{Command, PickFor};
use crate::state::format::{counted, middle_ellipsis};
use crate::ui::ctx::UiCtx;
use crate::ui::palette::name_it;
use crate::ui::theme::icons::{Icon, icon, icon_button};
use crate::ui::theme::tokens::size;
use crate::ui::widgets::badge;
use crate::ui::widgets::page::{section, weak};

use super::{StoragePage, model};

pub fn watched_ui(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut StoragePage, views: Option<&[WatchView]>) {
    section(ui, ctx, "Watched sources");
    match views {
        None => drop(weak(ui, ctx, "Loading the watched places…")),
        Some([]) => {
            weak(
                ui,
                ctx,
                "Nothing is watched. A watched folder collects its files as versions; a watched file offers its changes.",
            );
        }
        Some(views) => views.iter().for_each(|view| {
            ui.push_id(view.watch.id, |ui| watch_ui(ui, ctx, view));
        }),
    }
    ui.horizontal_wrapped(|ui| {
        let edit = TextEdit::singleline(&mut page.dataset).hint_text("Name of the dataset").desired_width(180.0);
        let edit = ui.add(edit);
        name_it(ui, &edit, "Dataset for a new folder");
        let named = !page.dataset.trim().is_empty();
        let add = ui.add_enabled(named, Button::new("Watch a folder…"));
        if add.on_disabled_hover_text("Say first which dataset gets the files").clicked() {
            ctx.send(Command::Pick(PickFor::WatchFolder(page.dataset.trim().to_owned())));
        }
        if views.is_some_and(|v| !v.is_empty()) && ui.button("Look now and take what is new").clicked() {
            ctx.send(Command::Collect { accept: true });
        }
    });
}

fn watch_ui(ui: &mut Ui, ctx: &UiCtx<'_>, view: &WatchView) {
    let watch = &view.watch;
    ui.horizontal(|ui| {
        icon(ui, if watch.kind == WatchKind::Folder { Icon::Folder } else { Icon::File }, 14.0, ctx.tokens.text_weak);
        let path = watch.path.display().to_string();
        ui.add(Label::new(middle_ellipsis(&path, 48)).extend()).on_hover_text(&path);
        weak(ui, ctx, format!("→ {}", watch.dataset));
        let (tone, word) = model::state(view);
        let problems: Vec<String> = view.problems.iter().map(|(file, why)| format!("{file}: {why}")).collect();
        let shown = badge::badge(ui, ctx, tone, &word);
        if !problems.is_empty() {
            shown.on_hover_text(problems.join("\n"));
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if icon_button(ui, ctx, Icon::Close, &format!("Stop watching {path}")).clicked() {
                ctx.send(Command::Edit(Edit::HideWatch { watch: watch.id, hidden: true }));
            }
            let mut chosen = watch.policy;
            let combo = ComboBox::from_id_salt("policy").selected_text(model::policy(chosen)).show_ui(ui, |ui| {
                let folder = watch.kind == WatchKind::Folder;
                for policy in WatchPolicy::ALL.into_iter().filter(|p| folder || *p != WatchPolicy::Append) {
                    ui.selectable_value(&mut chosen, policy, model::policy(policy));
                }
            });
            let name = format!("What happens with changes of {path}");
            ui.ctx().accesskit_node_builder(combo.response.id, |node| node.set_label(name.as_str()));
            if chosen != watch.policy {
                ctx.send(Command::Edit(Edit::SetWatchPolicy { watch: watch.id, policy: chosen }));
            }
            let taken = counted(view.taken, "file taken", "files taken");
            ui.label(RichText::new(taken).size(size::DATA).color(ctx.tokens.text_weak));
        });
    });
}
