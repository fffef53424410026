//! The four steps of the form.

use egui::Ui;

use crate::ui::ctx::UiCtx;

use super::model::{Mode, TrainForm};
use super::{About, TrainPage, problems_ui};

mod algorithms;
mod columns;
mod params;
pub mod rank;
pub mod recipe;
mod space;
mod split;
mod target;

/// What is chosen in a step (1 to 4), with what is wrong with it above.
pub fn step_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut TrainPage, form: &mut TrainForm, about: &About, step: u8) {
    // While a reason is typed what is wrong comes and goes: there it stands beside the list, which must not move.
    if step != 2 || page.recipe.shown != recipe::Shown::Columns {
        problems_ui(ui, ctx, about, step);
    }
    match step {
        1 => target::target_ui(ui, ctx, form, about),
        2 => columns::columns_and_recipe_ui(ui, ctx, page, form, about),
        3 => split::split_ui(ui, ctx, form, about),
        _ => {
            algorithms::mode_ui(ui, ctx, form);
            match form.mode {
                Mode::Train => algorithms::algorithms_ui(ui, ctx, page, form, about),
                Mode::Tune => space::tune_ui(ui, ctx, form, about),
            }
        }
    }
}
