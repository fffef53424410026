//! The Ship page.

use egui::Ui;

use crate::ui::ctx::UiCtx;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::states;

#[derive(Debug, Default)]
pub struct ShipPage {}

pub fn ship_ui(ui: &mut Ui, ctx: &UiCtx<'_>, _page: &mut ShipPage) {
    states::empty(ui, ctx, Icon::Ship, "Nothing here yet", "", None);
}
