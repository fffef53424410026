//! The Train page.

use egui::Ui;

use crate::ui::ctx::UiCtx;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::states;

#[derive(Debug, Default)]
pub struct TrainPage {}

pub fn train_ui(ui: &mut Ui, ctx: &UiCtx<'_>, _page: &mut TrainPage) {
    states::empty(ui, ctx, Icon::Train, "Nothing here yet", "", None);
}
