//! The Checks page.

use egui::Ui;

use crate::ui::ctx::UiCtx;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::states;

#[derive(Debug, Default)]
pub struct ChecksPage {}

pub fn checks_ui(ui: &mut Ui, ctx: &UiCtx<'_>, _page: &mut ChecksPage) {
    states::empty(ui, ctx, Icon::Checks, "Nothing here yet", "", None);
}
