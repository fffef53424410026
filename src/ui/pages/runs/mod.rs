//! The Runs page.

use egui::Ui;

use crate::ui::ctx::UiCtx;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::states;

#[derive(Debug, Default)]
pub struct RunsPage {}

pub fn runs_ui(ui: &mut Ui, ctx: &UiCtx<'_>, _page: &mut RunsPage) {
    states::empty(ui, ctx, Icon::Runs, "Nothing here yet", "", None);
}
