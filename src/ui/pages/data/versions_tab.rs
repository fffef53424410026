//! The versions of the dataset in focus, newest first, and what changed between them.

use egui::{Grid, Label, RichText, ScrollArea, Ui};

use crate::domain::dataset::DatasetVersion;
use crate::domain::history::History;
use crate::domain::request::{DataRef, DriftRequest};
use crate::state::command::{Command, Page};
use crate::state::format::{ago, bytes, count, date_time};
use crate::ui::ctx::UiCtx;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::page::{card, section, weak};

use super::model::{column_changes, row_change};

pub fn versions_tab_ui(ui: &mut Ui, ctx: &UiCtx<'_>, history: &History, focused: &DatasetVersion) {
    let mut versions: Vec<&DatasetVersion> =
        history.versions.iter().filter(|v| v.dataset_id == focused.dataset_id).collect();
    versions.sort_by_key(|v| std::cmp::Reverse(v.version));
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        for (i, version) in versions.iter().enumerate() {
            let before = versions.get(i + 1).copied();
            ui.push_id(version.id, |ui| card(ui, ctx, |ui| version_ui(ui, ctx, version, before, focused)));
        }
        if versions.len() == 1 {
            weak(ui, ctx, "Import a newer file under the same name to see here what changed");
        }
    });
}

fn version_ui(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    version: &DatasetVersion,
    before: Option<&DatasetVersion>,
    focused: &DatasetVersion,
) {
    ui.horizontal(|ui| {
        section(ui, ctx, &version.label());
        let when = weak(ui, ctx, ago(ctx.now_ms, version.created_at_ms));
        when.on_hover_text(date_time(version.created_at_ms));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if version.id == focused.id {
                weak(ui, ctx, "shown");
            } else if ui.button(format!("Show v{}", version.version)).clicked() {
                ctx.send(Command::FocusVersion(version.id));
            }
            if let Some(before) = before
                && ui.button(format!("Drift from v{}", before.version)).clicked()
            {
                ctx.send(Command::CompareDrift(DriftRequest {
                    reference: DataRef::Version(before.id),
                    current: DataRef::Version(version.id),
                }));
                ctx.send(Command::GoTo(Page::Monitor));
            }
        });
    });
    let rows = before.map_or_else(
        || count(version.rows),
        |b| format!("{}, {}", count(version.rows), row_change(b.rows, version.rows)),
    );
    let columns = before.map_or_else(
        || version.schema.columns.len().to_string(),
        |b| format!("{}, {}", version.schema.columns.len(), column_changes(b, version)),
    );
    ui.spacing_mut().interact_size.y = 16.0;
    Grid::new("facts").num_columns(2).spacing([space::L, 3.0]).show(ui, |ui| {
        let source = format!("{} · {}", version.source_name, bytes(version.source_bytes));
        let hash = version.source_hash.short().to_owned();
        for (name, value) in [("Rows", rows), ("Columns", columns), ("Source", source), ("SHA-256", hash)] {
            ui.label(RichText::new(name).size(size::DATA).color(ctx.tokens.text_weak));
            ui.add(Label::new(RichText::new(value).size(size::DATA)).truncate());
            ui.end_row();
        }
    });
}
