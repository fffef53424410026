//! The Data page: what is in this table?

use std::collections::BTreeMap;

use egui::Ui;

use crate::domain::dataset::DatasetVersion;
use crate::domain::ids::{DatasetId, VersionId};
use crate::state::command::{Command, PickFor};
use crate::state::messages;
use crate::ui::ctx::UiCtx;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::big_table::BigTable;
use crate::ui::widgets::page::{Primary, inspector_panel, list_panel, main_panel, page_header};
use crate::ui::widgets::states;

mod details;
mod filters;
mod inspector;
mod labelling;
mod list;
mod model;
mod profile_tab;
mod table_tab;
mod versions_tab;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tab {
    #[default]
    Table,
    Profile,
    Versions,
}

/// Scroll positions and half-typed text.
#[derive(Debug, Default)]
pub struct DataPage {
    tab: Tab,
    tables: BTreeMap<VersionId, View>,
    row: String,
    search: String,
    rename: Option<(DatasetId, String)>,
    filter: filters::Draft,
    details: Option<details::Draft>,
    labelling: labelling::Labelling,
}

#[derive(Debug)]
struct View {
    table: BigTable,
    /// Of the last move that was carried out.
    stamp: u64,
    /// The order of rows the position belongs to.
    query: crate::domain::table::TableQuery,
}

pub fn data_ui(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut DataPage) {
    let history = ctx.state.history.value();
    let version = ctx.state.focus.version.and_then(|id| history?.version(id));
    if let Some(labelled) = ctx.state.labelling.and_then(|id| history?.version(id)) {
        return labelling::labelling_ui(ui, ctx, &mut page.labelling, labelled);
    }
    let subtitle = version.map_or_else(
        || "Tables, their columns and versions".to_owned(),
        |v| format!("{} · {}", v.label(), messages::shape(v)),
    );
    let import = Primary::new("Import files…", Command::Pick(PickFor::ImportFiles));
    page_header(ui, ctx, "Data", &subtitle, Some(import));
    let Some((history, version)) = history.zip(version) else {
        return states::empty(
            ui,
            ctx,
            Icon::Data,
            "No data yet",
            "Drop a CSV, TSV or Parquet file anywhere on the window",
            Some(("Import files…", Command::Pick(PickFor::ImportFiles))),
        );
    };
    list_panel(ui, ctx, "data", |ui| list::list_ui(ui, ctx, page, history));
    inspector_panel(ui, ctx, "data", |ui| inspector::inspector_ui(ui, ctx, version));
    main_panel(ui, |ui| {
        tabs(ui, page);
        match page.tab {
            Tab::Table => table_tab::table_tab_ui(ui, ctx, page, version),
            Tab::Profile => profile_tab::profile_tab_ui(ui, ctx, version),
            Tab::Versions => versions_tab::versions_tab_ui(ui, ctx, history, version),
        }
    });
}

fn tabs(ui: &mut Ui, page: &mut DataPage) {
    ui.horizontal(|ui| {
        for (tab, name) in [(Tab::Table, "Table"), (Tab::Profile, "Profile"), (Tab::Versions, "Versions")] {
            ui.selectable_value(&mut page.tab, tab, name);
        }
    });
}

/// Widths that fit names and kinds at first sight.
fn first_widths(version: &DatasetVersion) -> Vec<f32> {
    version.schema.columns.iter().map(|c| (c.name.chars().count() as f32 * 7.2 + 66.0).clamp(116.0, 220.0)).collect()
}
