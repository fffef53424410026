//! The Data page: what is in this table?

use std::collections::BTreeMap;

use egui::Ui;

use crate::domain::dataset::DatasetVersion;
use crate::domain::ids::{DatasetId, VersionId};
use crate::domain::table::{ColumnFilter, TableQuery};
use crate::state::command::{Command, Page, PickFor};
use crate::state::messages;
use crate::ui::ctx::UiCtx;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::page::{Primary, inspector_panel, list_panel, main_panel, page_header};
use crate::ui::widgets::states;

mod cell_window;
mod columns;
mod details;
mod diff_model;
mod diff_view;
mod filter_line;
mod filters;
mod find_bar;
mod groups_tab;
mod inspector;
mod labelling;
mod list;
mod model;
mod profile_tab;
mod rejected_tab;
mod relations_tab;
mod table_rows;
mod table_tab;
mod versions_model;
mod versions_tab;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tab {
    #[default]
    Table,
    Profile,
    Relations,
    Groups,
    Versions,
    Rejected,
}

/// Scroll positions and half-typed text.
#[derive(Debug, Default)]
pub struct DataPage {
    tab: Tab,
    tables: BTreeMap<VersionId, table_tab::View>,
    row: String,
    search: String,
    rename: Option<(DatasetId, String)>,
    filter: filters::Draft,
    versions: versions_tab::VersionsTab,
    rejected: rejected_tab::RejectedTab,
    relations: relations_tab::RelationsView,
    groups: groups_tab::GroupsView,
    details: Option<details::Draft>,
    labelling: labelling::Labelling,
}

impl DataPage {
    /// Shows the rows that pass `filters`, in the table.
    fn show_rows(&mut self, ctx: &UiCtx<'_>, version: VersionId, filters: Vec<ColumnFilter>) {
        self.tab = Tab::Table;
        ctx.send(Command::SetTableQuery { version, query: TableQuery { filters, ..TableQuery::default() } });
    }
}

pub fn data_ui(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut DataPage) {
    let history = ctx.state.history.value();
    let version = ctx.state.focus.version.and_then(|id| history?.version(id));
    if let Some(labelled) = ctx.state.labelling.and_then(|id| history?.version(id)) {
        return labelling::labelling_ui(ui, ctx, &mut page.labelling, labelled);
    }
    page.labelling.close();
    let subtitle = version.map_or_else(
        || "Tables, their columns and versions".to_owned(),
        |v| {
            let branches = history.map(|h| versions_model::branches_of(h, v)).unwrap_or_default();
            let branches: String = branches.iter().map(|(name, _)| format!(" · branch {name}")).collect();
            format!("{}{branches} · {}", v.label(), messages::shape(v))
        },
    );
    let import = Primary::new("Import files…", Command::Pick(PickFor::ImportFiles));
    page_header(ui, ctx, "Data", &subtitle, Some(import));
    let Some((history, version)) = history.zip(version) else {
        return states::empty(
            ui,
            ctx,
            Icon::Data,
            "No data yet",
            "Drop files anywhere on the window: CSV, Excel, Parquet, Arrow, JSON or SQLite",
            Some(("Import files…", Command::Pick(PickFor::ImportFiles))),
        );
    };
    list_panel(ui, ctx, "data", |ui| list::list_ui(ui, ctx, page, history));
    inspector_panel(ui, ctx, "data", |ui| inspector::inspector_ui(ui, ctx, page, version));
    main_panel(ui, |ui| {
        tabs(ui, page, version);
        let entry = details::catalogue(ctx).iter().find(|e| e.id == version.dataset_id);
        if page.tab != Tab::Versions && entry.is_some_and(|e| e.deleted.contains(&version.id)) {
            let sentence = format!("The files of {} were deleted", version.label());
            let more = "They can be brought back until the bin is emptied; what is recorded about them stays";
            let button = Some(("Open Storage", Command::GoTo(Page::Storage)));
            return states::empty(ui, ctx, Icon::Data, &sentence, more, button);
        }
        match page.tab {
            Tab::Table => table_tab::table_tab_ui(ui, ctx, page, version),
            Tab::Profile => profile_tab::profile_tab_ui(ui, ctx, version),
            Tab::Relations => relations_tab::relations_tab_ui(ui, ctx, page, version),
            Tab::Groups => groups_tab::groups_tab_ui(ui, ctx, page, version),
            Tab::Versions => versions_tab::versions_tab_ui(ui, ctx, &mut page.versions, history, version),
            Tab::Rejected => rejected_tab::rejected_tab_ui(ui, ctx, &mut page.rejected, version),
        }
    });
}

fn tabs(ui: &mut Ui, page: &mut DataPage, version: &DatasetVersion) {
    ui.horizontal(|ui| {
        let tabs = [
            (Tab::Table, "Table"),
            (Tab::Profile, "Profile"),
            (Tab::Relations, "Relations"),
            (Tab::Groups, "Groups"),
            (Tab::Versions, "Versions"),
        ];
        for (tab, name) in tabs {
            ui.selectable_value(&mut page.tab, tab, name);
        }
        if version.provenance.rejected > 0 || page.tab == Tab::Rejected {
            ui.selectable_value(&mut page.tab, Tab::Rejected, "Rejected rows");
        }
    });
}
