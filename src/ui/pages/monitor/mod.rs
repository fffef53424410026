//! The Monitor page.

use egui::Ui;

use crate::ui::ctx::UiCtx;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::states;

#[derive(Debug, Default)]
pub struct MonitorPage {}

pub fn monitor_ui(ui: &mut Ui, ctx: &UiCtx<'_>, _page: &mut MonitorPage) {
    states::empty(ui, ctx, Icon::Monitor, "Nothing here yet", "", None);
}
