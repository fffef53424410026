//! The frame around every page: header, rail, status bar, and what lies over them.

use egui::{CentralPanel, Frame, Ui};

use crate::domain::history::History;
use crate::state::command::Page;
use crate::state::loadable::Loadable;

use super::ctx::UiCtx;
use super::keys;
use super::pages::{activity, checks, data, monitor, overview, runs, settings, ship, storage, train, welcome};
use super::palette::{Palette, palette_ui};
use super::widgets::{states, toast};

mod header;
pub mod import_panel;
mod overlays;
mod rail;
mod status;

/// What the shell and the pages keep for themselves between frames.
#[derive(Default)]
pub struct Shell {
    palette: Palette,
    overlays: overlays::Overlays,
    import: import_panel::Texts,
    overview: overview::OverviewPage,
    data: data::DataPage,
    checks: checks::ChecksPage,
    train: train::TrainPage,
    runs: runs::RunsPage,
    ship: ship::ShipPage,
    monitor: monitor::MonitorPage,
    activity: activity::ActivityPage,
    storage: storage::StoragePage,
    settings: settings::SettingsPage,
}

/// Draws the whole window into `ui`.
pub fn shell_ui(ui: &mut Ui, ctx: &UiCtx<'_>, shell: &mut Shell) {
    overlays::drops(ui, ctx);
    keys::press(ui, ctx);
    header::header_ui(ui, ctx);
    status::status_ui(ui, ctx);
    rail::rail_ui(ui, ctx);
    let frame = Frame::NONE.fill(ctx.tokens.background);
    CentralPanel::default().frame(frame).show(ui, |ui| page_ui(ui, ctx, shell));
    toast::toasts_ui(ui, ctx);
    import_panel::import_panel_ui(ui, ctx, &mut shell.import);
    overlays::overlays_ui(ui, ctx, &mut shell.overlays);
    palette_ui(ui, ctx, &mut shell.palette);
    overlays::drop_overlay(ui, ctx);
}

fn page_ui(ui: &mut Ui, ctx: &UiCtx<'_>, shell: &mut Shell) {
    if ctx.state.page == Page::Settings {
        return settings::settings_ui(ui, ctx, &mut shell.settings);
    }
    if let Loadable::Failed(problem) = &ctx.state.workspace {
        return overlays::no_workspace(ui, ctx, problem);
    }
    if let Loadable::Failed(problem) = &ctx.state.history {
        return states::failed(ui, ctx, problem, Some(crate::state::command::Command::Refresh));
    }
    let Some(history) = ctx.state.history.value() else {
        let frame = Frame::NONE.inner_margin(24);
        CentralPanel::default().frame(frame).show(ui, |ui| states::loading(ui, ctx, "the workspace"));
        return;
    };
    match ctx.state.page {
        Page::Overview if is_new(history) => welcome::welcome_ui(ui, ctx),
        Page::Overview => overview::overview_ui(ui, ctx, &mut shell.overview),
        Page::Data => data::data_ui(ui, ctx, &mut shell.data),
        Page::Checks => checks::checks_ui(ui, ctx, &mut shell.checks),
        Page::Train => train::train_ui(ui, ctx, &mut shell.train),
        Page::Runs => runs::runs_ui(ui, ctx, &mut shell.runs),
        Page::Ship => ship::ship_ui(ui, ctx, &mut shell.ship),
        Page::Monitor => monitor::monitor_ui(ui, ctx, &mut shell.monitor),
        Page::Activity => activity::activity_ui(ui, ctx, &mut shell.activity),
        Page::Storage => storage::storage_ui(ui, ctx, &mut shell.storage),
        Page::Settings => {}
    }
}

fn is_new(history: &History) -> bool {
    history.versions.is_empty() && history.runs.is_empty()
}
