//! Step 4: which algorithms, with which parameters, in how much time.

use egui::{Label, RichText, TextEdit, Ui};

use crate::domain::params::Algorithm;
use crate::ui::ctx::UiCtx;
use crate::ui::pages::parts;
use crate::ui::pages::train::model::{self, Choice, Mode, TrainForm};
use crate::ui::pages::train::{About, TrainPage};
use crate::ui::palette::name_it;
use crate::ui::theme::tokens::{size, space};

use super::params::params_ui;

/// Below this width the parameters stand under the list.
const BESIDE: f32 = 600.0;

pub fn mode_ui(ui: &mut Ui, ctx: &UiCtx, form: &mut TrainForm) {
    ui.horizontal_wrapped(|ui| {
        let modes = [
            (Mode::Train, "Several models", "Each algorithm once, with the parameters set here"),
            (Mode::Tune, "Tune one", "One algorithm many times, to find its parameters"),
        ];
        for (mode, word, help) in modes {
            ui.selectable_value(&mut form.mode, mode, word).on_hover_text(help);
        }
        ui.add_space(space::S);
        parts::note(ui, ctx, "Stop after");
        let edit = TextEdit::singleline(&mut form.budget).hint_text("no limit").desired_width(64.0);
        let edit =
            ui.add(edit).on_hover_text("Time for all of it, such as 90 s, 5 min or 1 h; what is done by then is kept");
        name_it(ui, &edit, "Time budget");
        if form.mode == Mode::Train {
            ui.checkbox(&mut form.ensemble, "Ensemble")
                .on_hover_text("Also combine the models by what they predict on rows they had not seen");
        }
    });
}

pub fn algorithms_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut TrainPage, form: &mut TrainForm, about: &About) {
    let Some(task) = form.task(about.version) else {
        return parts::note(ui, ctx, "They follow from the target");
    };
    let choices = model::choices(task, about.version.rows);
    let shown = page.algorithm.filter(|a| choices.iter().any(|c| c.algorithm == *a));
    if ui.available_width() < BESIDE {
        list_ui(ui, ctx, page, form, &choices);
        if let Some(algorithm) = shown {
            ui.separator();
            parameters_ui(ui, ctx, form, algorithm);
        }
        return;
    }
    let Some(algorithm) = shown else { return list_ui(ui, ctx, page, form, &choices) };
    let left = (ui.available_width() * 0.42).clamp(260.0, 360.0);
    ui.horizontal_top(|ui| {
        ui.vertical(|ui| {
            ui.set_width(left);
            list_ui(ui, ctx, page, form, &choices);
        });
        ui.vertical(|ui| parameters_ui(ui, ctx, form, algorithm));
    });
}

fn list_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut TrainPage, form: &mut TrainForm, choices: &[Choice]) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let mut told = false;
    for choice in choices {
        if !choice.usual && !told {
            told = true;
            ui.add_space(space::XS);
            parts::note(ui, ctx, "On request");
        }
        choice_row(ui, ctx, page, form, choice);
    }
}

fn choice_row(ui: &mut Ui, ctx: &UiCtx, page: &mut TrainPage, form: &mut TrainForm, choice: &Choice) {
    let algorithm = choice.algorithm;
    ui.horizontal(|ui| {
        ui.set_height(space::ROW);
        let mut on = form.algorithms.contains(&algorithm);
        if ui.checkbox(&mut on, algorithm.title()).on_hover_text(format_about(algorithm)).clicked() {
            if on {
                form.algorithms.insert(algorithm)
            } else {
                form.algorithms.remove(&algorithm)
            };
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if !algorithm.parameters().is_empty() {
                let changed = form.params.get(&algorithm).map_or(0, |draft| draft.len());
                let word = if changed > 0 { format!("{changed} set") } else { "Parameters".to_owned() };
                let open = page.algorithm == Some(algorithm);
                let button = ui.selectable_label(open, RichText::new(word).size(size::DATA));
                if button.accessible_name(format!("Parameters of {}", algorithm.title())).clicked() {
                    page.algorithm = (!open).then_some(algorithm);
                }
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                let about = if choice.usual { format_about(algorithm) } else { choice.why_not.clone() };
                let about = RichText::new(about).size(size::DATA).color(ctx.tokens.text_weak);
                ui.add(Label::new(about).truncate());
            });
        });
    });
}

fn format_about(algorithm: Algorithm) -> String {
    crate::ui::format::sentence(algorithm.about())
}

fn parameters_ui(ui: &mut Ui, ctx: &UiCtx, form: &mut TrainForm, algorithm: Algorithm) {
    parts::heading(ui, ctx, algorithm.title());
    parts::note(ui, ctx, &format_about(algorithm));
    params_ui(ui, ctx, algorithm, form.params.entry(algorithm).or_default());
}
