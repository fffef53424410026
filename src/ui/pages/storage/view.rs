//! The Storage page as it is drawn.

use egui::{Button, Grid, Id, Label, Modal, RichText, ScrollArea, TextEdit, Ui};

use crate::domain::edit::Edit;
use crate::domain::question::{Answer, Question};
use crate::domain::storage::{BinEntry, StorageItem, StorageKey, StorageReport};
use crate::domain::watch::WatchView;
use crate::state::command::Command;
use crate::state::format::{ago, bytes, counted, date_time};
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::palette::{dialog_frame, name_it};
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::page::{card, main_panel, page_header, section, weak};
use crate::ui::widgets::{badge, states};

use super::{StoragePage, model, watched};

/// Items drawn at once; a search narrows.
const SHOWN: usize = 200;

pub fn storage_ui(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut StoragePage) {
    for question in [Question::Storage, Question::Watches] {
        if matches!(ctx.state.asked.get(&question), Loadable::Idle) {
            ctx.send(Command::Ask(question));
        }
    }
    let storage = ctx.state.asked.get(&Question::Storage);
    let report = match storage.value() {
        Some(Answer::Storage(report)) => Some(report.as_ref()),
        _ => None,
    };
    let subtitle = report.map_or_else(
        || "What the bytes are spent on, and what may go".to_owned(),
        |r| format!("{} in this workspace", bytes(r.total_bytes())),
    );
    page_header(ui, ctx, "Storage", &subtitle, None);
    main_panel(ui, |ui| {
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            ui.set_max_width(ui.available_width().min(1000.0));
            ui.spacing_mut().item_spacing.y = space::M;
            match (storage, report) {
                (Loadable::Failed(problem), _) => {
                    states::failed(ui, ctx, problem, Some(Command::Ask(Question::Storage)));
                }
                (_, None) => states::loading(ui, ctx, "the sizes"),
                (_, Some(report)) => {
                    card(ui, ctx, |ui| parts(ui, ctx, report));
                    card(ui, ctx, |ui| watched::watched_ui(ui, ctx, page, watches(ctx)));
                    card(ui, ctx, |ui| items(ui, ctx, page, report));
                    card(ui, ctx, |ui| bin(ui, ctx, page, report));
                }
            }
        });
    });
    if page.emptying {
        empty_question(ui, ctx, page, report);
    }
}

fn watches<'a>(ctx: &UiCtx<'a>) -> Option<&'a [WatchView]> {
    match ctx.state.asked.get(&Question::Watches).value() {
        Some(Answer::Watches(views)) => Some(views),
        _ => None,
    }
}

fn parts(ui: &mut Ui, ctx: &UiCtx<'_>, report: &StorageReport) {
    section(ui, ctx, "By kind");
    let total = report.total_bytes().max(1) as f32;
    Grid::new("parts").num_columns(4).spacing([space::L, space::XS]).show(ui, |ui| {
        for (name, size, more) in model::parts(report) {
            ui.label(name);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| ui.label(bytes(size)));
            let (rect, _) = ui.allocate_exact_size(egui::vec2(160.0, 8.0), egui::Sense::hover());
            ui.painter().rect_filled(rect, 4.0, ctx.tokens.hover);
            let mut filled = rect;
            filled.set_width((rect.width() * size as f32 / total).max(2.0));
            ui.painter().rect_filled(filled, 4.0, ctx.tokens.series[0]);
            weak(ui, ctx, more);
            ui.end_row();
        }
    });
    if !report.unreferenced.is_empty() && ui.button("Move unreferenced files to the bin").clicked() {
        ctx.send(Command::Edit(Edit::Delete(vec![StorageKey::Unreferenced])));
    }
}

fn items(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut StoragePage, report: &StorageReport) {
    section(ui, ctx, "Datasets, runs and bundles");
    weak(
        ui,
        ctx,
        "Deleting frees the bytes that nothing else needs. Records stay; the bin keeps the files until it is emptied.",
    );
    if report.items.is_empty() {
        weak(ui, ctx, "Nothing is stored yet: import a file first");
        return;
    }
    let edit = ui.add(TextEdit::singleline(&mut page.search).hint_text("Search").desired_width(240.0));
    name_it(ui, &edit, "Search what is stored");
    let found = model::items(report, &page.search);
    if found.is_empty() {
        weak(ui, ctx, "Nothing of that name is stored");
    }
    for item in found.iter().take(SHOWN) {
        ui.push_id((item.key.kind(), item.key.subject()), |ui| item_ui(ui, ctx, item));
    }
    if found.len() > SHOWN {
        weak(ui, ctx, format!("and {}: search to narrow", counted((found.len() - SHOWN) as u64, "more", "more")));
    }
}

fn item_ui(ui: &mut Ui, ctx: &UiCtx<'_>, item: &StorageItem) {
    ui.horizontal(|ui| {
        ui.set_min_height(space::ROW);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if item.deleted {
                badge::badge(ui, ctx, badge::Tone::Neutral, "deleted");
            } else {
                let may = item.needed_by.is_empty();
                let name = format!("Delete {}", item.label);
                let button = ui.add_enabled(may, Button::new("Delete"));
                ui.ctx().accesskit_node_builder(button.id, |node| node.set_label(name.as_str()));
                if button.on_disabled_hover_text(item.needed_by.join("\n")).clicked() {
                    ctx.send(Command::Edit(Edit::Delete(vec![item.key])));
                }
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                let room = ui.available_width();
                cell(ui, room * 0.30, RichText::new(&item.label).color(ctx.tokens.text), &item.label);
                let sizes = model::sizes(item);
                cell(ui, room * 0.24, RichText::new(&sizes).size(size::DATA).color(ctx.tokens.text_weak), &sizes);
                let needed = item.needed_by.join("; ");
                cell(ui, room * 0.42, RichText::new(&needed).size(size::DATA).color(ctx.tokens.text_weak), &needed);
            });
        });
    });
}

/// Text of a fixed width, cut with an ellipsis.
fn cell(ui: &mut Ui, width: f32, text: RichText, whole: &str) {
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    ui.allocate_ui_with_layout(egui::vec2(width, space::ROW), layout, |ui| {
        ui.set_min_width(width);
        let label = ui.add(Label::new(text).truncate());
        if !whole.is_empty() {
            label.on_hover_text(whole);
        }
    });
}

fn bin(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut StoragePage, report: &StorageReport) {
    section(ui, ctx, "Bin");
    if report.bin.is_empty() {
        weak(ui, ctx, "The bin is empty. What you delete waits here until you empty it.");
        return;
    }
    for entry in &report.bin {
        ui.push_id(entry.id, |ui| entry_ui(ui, ctx, entry));
    }
    if ui.button(format!("Empty the bin ({})…", bytes(report.bin_bytes))).clicked() {
        page.emptying = true;
    }
}

fn entry_ui(ui: &mut Ui, ctx: &UiCtx<'_>, entry: &BinEntry) {
    ui.horizontal(|ui| {
        let restore = ui.button("Restore");
        let name = format!("Restore {}", entry.label);
        ui.ctx().accesskit_node_builder(restore.id, |node| node.set_label(name.as_str()));
        if restore.clicked() {
            ctx.send(Command::Edit(Edit::RestoreBinned(vec![entry.id])));
        }
        ui.label(&entry.label);
        let when = format!("{} · {} · {}", bytes(entry.bytes()), entry.who, ago(ctx.now_ms, entry.created_at_ms));
        weak(ui, ctx, when).on_hover_text(date_time(entry.created_at_ms));
    });
}

fn empty_question(ui: &Ui, ctx: &UiCtx<'_>, page: &mut StoragePage, report: Option<&StorageReport>) {
    let size = report.map_or(0, |r| r.bin_bytes);
    let modal = Modal::new(Id::unique("empty the bin")).backdrop_color(ctx.tokens.scrim()).frame(dialog_frame(ui, 16));
    let response = modal.show(ui.ctx(), |ui| {
        ui.set_width(360.0);
        section(ui, ctx, "Empty the bin for good?");
        ui.label(format!("{} are freed. This is the one step that cannot be undone.", bytes(size)));
        ui.add_space(space::S);
        ui.horizontal(|ui| {
            if ui.button("Keep it").clicked() {
                page.emptying = false;
            }
            if ui.button("Empty the bin").clicked() {
                page.emptying = false;
                ctx.send(Command::Edit(Edit::EmptyBin));
            }
        });
    });
    if response.should_close() {
        page.emptying = false;
    }
}
