//! The list of datasets and their versions.

use egui::{Button, Id, Key, Modal, Response, ScrollArea, TextEdit, Ui};

use crate::domain::dataset::DatasetVersion;
use crate::domain::history::History;
use crate::state::command::{Command, Page};
use crate::state::format::{ago, counted};
use crate::state::messages;
use crate::ui::ctx::UiCtx;
use crate::ui::palette::{dialog_frame, name_it};
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::badge::Tone;
use crate::ui::widgets::list::Row;
use crate::ui::widgets::page::{section, weak};

use super::model::datasets;
use super::{DataPage, details};

pub fn list_ui(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut DataPage, history: &History) {
    let edit = ui.add(TextEdit::singleline(&mut page.search).hint_text("Search datasets").desired_width(f32::INFINITY));
    name_it(ui, &edit, "Search datasets");
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let entries = details::catalogue(ctx);
        let found = datasets(history, entries, &page.search);
        if found.is_empty() {
            weak(ui, ctx, "No dataset has these words in its name, description, columns or notes");
        }
        for (id, name, versions) in found {
            let Some(newest) = versions.first() else { continue };
            // One row for each dataset, telling of the version that is shown; the others are in the Versions tab.
            let shown = versions.iter().find(|v| ctx.state.focus.version == Some(v.id)).unwrap_or(newest);
            dataset_row(ui, ctx, page, history, shown, name, newest);
            if let Some(entry) = entries.iter().find(|e| e.id == id) {
                ui.push_id(id, |ui| details::marks(ui, ctx, entry, shown));
            }
        }
    });
    rename_dialog(ui, ctx, page);
    details::details_dialog(ui, ctx, &mut page.details);
}

fn dataset_row(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    page: &mut DataPage,
    history: &History,
    version: &DatasetVersion,
    name: &str,
    newest: &DatasetVersion,
) {
    let selected = ctx.state.focus.version == Some(version.id);
    // Short: the list is narrow.
    let when = ago(ctx.now_ms, version.created_at_ms).replace(" minute", " min").replace("mins", "min");
    let rows = counted(version.rows, "row", "rows");
    let subtitle = match (version.version, newest.version) {
        (1, 1) => format!("{rows} · {when}"),
        (n, last) if n == last => format!("v{n} · {rows} · {when}"),
        (n, last) => format!("v{n} of {last} · {rows} · {when}"),
    };
    let mut row = Row::new(name).subtitle(&subtitle).selected(selected).icon(Icon::Data);
    let errors = history.latest_check(version.id).map(messages::tally);
    let word = errors.map(|(errors, warnings)| (errors + warnings).to_string()).unwrap_or_default();
    match errors {
        Some((0, 0)) => row = row.badge(Tone::Ok, "ok"),
        Some((0, _)) => row = row.badge(Tone::Warn, &word),
        Some(_) => row = row.badge(Tone::Bad, &word),
        None => {}
    }
    let response = row.show(ui, ctx).on_hover_text(format!("{} from {}", version.label(), version.source_name));
    if response.clicked() {
        ctx.send(Command::FocusVersion(version.id));
    }
    keys(ui, ctx, page, version, &response);
    response.context_menu(|ui| menu(ui, ctx, page, version));
}

fn keys(ui: &Ui, ctx: &UiCtx<'_>, page: &mut DataPage, version: &DatasetVersion, response: &Response) {
    if !response.has_focus() {
        return;
    }
    if ui.input(|i| i.key_pressed(Key::Delete)) {
        ctx.send(Command::HideDataset(version.dataset_id));
    }
    if ui.input(|i| i.key_pressed(Key::F2)) {
        page.rename = Some((version.dataset_id, version.dataset.clone()));
    }
}

fn menu(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut DataPage, version: &DatasetVersion) {
    ui.set_min_width(180.0);
    let item = |ui: &mut Ui, name: &str, keys: &str| {
        ui.add(Button::new(name).frame_when_inactive(false).shortcut_text(keys.to_owned())).clicked()
    };
    if item(ui, "Run checks", "") {
        ctx.send(messages::check_command(version));
    }
    if item(ui, "Train on this", "") {
        ctx.send(Command::FocusVersion(version.id));
        ctx.send(Command::GoTo(Page::Train));
    }
    if item(ui, "Label rows…", "") {
        ctx.send(Command::LabelRows(Some(version.id)));
    }
    if version.provenance.source_path.is_some() && item(ui, "Refresh from source", "") {
        ctx.send(Command::RefreshSource(version.id));
    }
    if item(ui, "Describe…", "")
        && let Some(entry) = details::catalogue(ctx).iter().find(|e| e.id == version.dataset_id)
    {
        page.details = Some(details::Draft::of(entry));
    }
    if item(ui, "Copy name", "") {
        ctx.send(Command::Copy(version.label()));
    }
    ui.separator();
    if item(ui, "Rename…", "F2") {
        page.rename = Some((version.dataset_id, version.dataset.clone()));
    }
    if item(ui, "Remove from the lists", "Del") {
        ctx.send(Command::HideDataset(version.dataset_id));
    }
}

fn rename_dialog(ui: &Ui, ctx: &UiCtx<'_>, page: &mut DataPage) {
    let Some((id, name)) = &mut page.rename else { return };
    let (mut close, mut done) = (false, false);
    let response = Modal::new(Id::unique("rename"))
        .backdrop_color(ctx.tokens.scrim())
        .frame(dialog_frame(ui, 16))
        .show(ui.ctx(), |ui| {
            ui.set_width(320.0);
            section(ui, ctx, "Rename the dataset");
            let edit = ui.add(TextEdit::singleline(name).desired_width(f32::INFINITY));
            name_it(ui, &edit, "New name");
            done = edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
            if !edit.has_focus() && !done && !edit.lost_focus() {
                edit.request_focus();
            }
            ui.horizontal(|ui| {
                done |= ui.button("Rename").clicked();
                close |= ui.button("Cancel").clicked();
            });
        });
    close |= response.should_close();
    if done {
        ctx.send(Command::RenameDataset { id: *id, name: name.clone() });
    }
    if done || close {
        page.rename = None;
    }
}
