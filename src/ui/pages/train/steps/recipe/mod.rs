//! The recipe: steps of one's own in their order, what they do to the first rows, and templates.

use std::collections::BTreeMap;

use egui::{Key, Label, RichText, Sense, TextEdit, Ui, UiBuilder, vec2};

use crate::domain::edit::Edit;
use crate::domain::question::{Answer, Question};
use crate::domain::recipe::{PreviewRecipe, RecipeSpec};
use crate::state::command::{Command, PickFor};
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::pages::parts;
use crate::ui::pages::train::About;
use crate::ui::pages::train::model::TrainForm;
use crate::ui::palette::name_it;
use crate::ui::theme::icons::{Icon, focus_ring, icon_button};
use crate::ui::theme::tokens::{size, space};

mod kinds;
mod preview;
mod rule;

pub use preview::preview_ui;

/// Below this width the settings of a step stand under the list.
const BESIDE: f32 = 560.0;

/// What only the editor of recipes needs to remember.
#[derive(Debug, Default)]
pub struct RecipeEditor {
    pub shown: Shown,
    selected: Option<usize>,
    template_name: String,
    /// What the preview shows; asked for by a button, as fitting a recipe takes a worker.
    preview: Option<PreviewRecipe>,
    trees: bool,
}

/// What of step 2 is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Shown {
    #[default]
    Columns,
    Rank,
    Steps,
    Preview,
}

impl Shown {
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Columns, "Columns"),
        (Self::Rank, "Ranked"),
        (Self::Steps, "Recipe steps"),
        (Self::Preview, "Before and after"),
    ];
}

pub fn recipe_ui(ui: &mut Ui, ctx: &UiCtx, editor: &mut RecipeEditor, form: &mut TrainForm, about: &About) {
    templates_ui(ui, ctx, editor, form);
    let wide = ui.available_width() >= BESIDE;
    let left = if wide { (ui.available_width() * 0.42).clamp(240.0, 380.0) } else { ui.available_width() };
    let list = |ui: &mut Ui, editor: &mut RecipeEditor, form: &mut TrainForm| {
        ui.set_width(left);
        list_ui(ui, ctx, editor, &mut form.recipe);
    };
    if wide {
        ui.horizontal_top(|ui| {
            ui.vertical(|ui| list(ui, editor, form));
            ui.vertical(|ui| settings_ui(ui, ctx, editor, form, about));
        });
    } else {
        list(ui, editor, form);
        ui.separator();
        settings_ui(ui, ctx, editor, form, about);
    }
}

fn settings_ui(ui: &mut Ui, ctx: &UiCtx, editor: &RecipeEditor, form: &mut TrainForm, about: &About) {
    let is_empty = form.recipe.steps.is_empty();
    match editor.selected.and_then(|at| form.recipe.steps.get_mut(at)) {
        Some(step) => rule::step_settings_ui(ui, ctx, step, about.version, form.target.as_deref()),
        None if is_empty => {
            parts::heading(ui, ctx, "The usual recipe");
            let text = "Without steps of your own each family of algorithms gets what it needs: linear models, \
                        neighbours and networks get filled numbers, indicators and scaling; trees and naive Bayes take \
                        gaps and categories as they are. Steps of your own come before that.";
            parts::note(ui, ctx, text);
        }
        None => parts::note(ui, ctx, "Choose a step to see its settings"),
    }
}

/// The steps in their order, each to be moved by dragging or with Alt and the arrows.
fn list_ui(ui: &mut Ui, ctx: &UiCtx, editor: &mut RecipeEditor, recipe: &mut RecipeSpec) {
    ui.horizontal(|ui| {
        let add = ui.button("Add a step").on_hover_text("Steps of your own come before what algorithms need anyway");
        egui::Popup::menu(&add).show(|ui| {
            ui.set_min_width(260.0);
            egui::ScrollArea::vertical().max_height(420.0).show(ui, |ui| {
                for kind in kinds::KINDS {
                    if ui.button(kind.title).on_hover_text(kind.help).clicked() {
                        recipe.steps.push(kind.step());
                        editor.selected = Some(recipe.steps.len() - 1);
                        ui.close();
                    }
                }
            });
        });
        parts::note(ui, ctx, "Drag to reorder, or Alt with ↑ and ↓");
    });
    let mut change = None;
    ui.spacing_mut().item_spacing.y = 2.0;
    for at in 0..recipe.steps.len() {
        if let Some(wanted) = row_ui(ui, ctx, editor, recipe, at) {
            change = Some(wanted);
        }
    }
    match change {
        Some(Change::Move(from, to)) => {
            move_step(recipe, from, to);
            editor.selected = Some(to.min(recipe.steps.len() - 1));
        }
        Some(Change::Remove(at)) => {
            recipe.steps.remove(at);
            editor.selected = recipe.steps.len().checked_sub(1).map(|last| at.min(last));
        }
        None => {}
    }
}

enum Change {
    Move(usize, usize),
    Remove(usize),
}

fn move_step(recipe: &mut RecipeSpec, from: usize, to: usize) {
    if from < recipe.steps.len() && to < recipe.steps.len() {
        let step = recipe.steps.remove(from);
        recipe.steps.insert(to, step);
    }
}

fn row_ui(ui: &mut Ui, ctx: &UiCtx, editor: &mut RecipeEditor, recipe: &RecipeSpec, at: usize) -> Option<Change> {
    let (title, what) = kinds::described(&recipe.steps[at]);
    let selected = editor.selected == Some(at);
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), space::ROW + 2.0), Sense::click_and_drag());
    let label = format!("Step {} of the recipe: {title}, {what}", at + 1);
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, selected, &label));
    response.dnd_set_drag_payload(at);
    if selected {
        ui.painter().rect_filled(rect, space::RADIUS, ctx.tokens.selected);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, space::RADIUS, ctx.tokens.hover);
    }
    focus_ring(ui, ctx, &response);
    let mut change = None;
    let mut line = ui.new_child(
        UiBuilder::new()
            .max_rect(rect.shrink2(vec2(space::XS, 0.0)))
            .layout(egui::Layout::right_to_left(egui::Align::Center)),
    );
    line.spacing_mut().item_spacing.x = 0.0;
    let n = at + 1;
    if icon_button(&mut line, ctx, Icon::Delete, &format!("Remove step {n}")).clicked() {
        change = Some(Change::Remove(at));
    }
    let last = at + 1 == recipe.steps.len();
    if !last && icon_button(&mut line, ctx, Icon::SortDown, &format!("Move step {n} down")).clicked() {
        change = Some(Change::Move(at, at + 1));
    }
    if at > 0 && icon_button(&mut line, ctx, Icon::SortUp, &format!("Move step {n} up")).clicked() {
        change = Some(Change::Move(at, at - 1));
    }
    line.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        ui.add(Label::new(RichText::new(format!("{n}  {title}")).color(ctx.tokens.text)).selectable(false));
        let what = RichText::new(what).size(size::DATA).color(ctx.tokens.text_weak);
        ui.add(Label::new(what).selectable(false).truncate());
    });
    if response.clicked() {
        editor.selected = Some(at);
        response.request_focus();
    }
    if response.has_focus() {
        let pressed = |key| ui.input_mut(|i| i.consume_key(egui::Modifiers::ALT, key));
        if at > 0 && pressed(Key::ArrowUp) {
            change = Some(Change::Move(at, at - 1));
        } else if !last && pressed(Key::ArrowDown) {
            change = Some(Change::Move(at, at + 1));
        } else if ui.input_mut(|i| i.consume_key(egui::Modifiers::NONE, Key::Delete)) {
            change = Some(Change::Remove(at));
        }
    }
    if let Some(from) = response.dnd_hover_payload::<usize>() {
        let stroke = egui::Stroke::new(2.0, ctx.tokens.accent);
        // A step that comes from above lands below this one.
        let edge = if *from < at { rect.bottom() } else { rect.top() };
        ui.painter().hline(rect.x_range(), edge, stroke);
    }
    if let Some(from) = response.dnd_release_payload::<usize>()
        && *from != at
    {
        change = Some(Change::Move(*from, at));
    }
    change
}

/// A recipe file that was opened comes into the form.
pub fn take_opened(ctx: &UiCtx, editor: &mut RecipeEditor, form: &mut TrainForm) -> bool {
    let Some(path) = ctx.state.recipe_file.clone() else { return false };
    let Some(Answer::RecipeFile(recipe)) = ctx.state.asked.get(&Question::RecipeFile { path }).value() else {
        return false;
    };
    form.recipe = (**recipe).clone();
    editor.selected = None;
    editor.shown = Shown::Steps;
    ctx.send(Command::RecipeTaken);
    true
}

/// Save the steps under a name, or take those of a template.
fn templates_ui(ui: &mut Ui, ctx: &UiCtx, editor: &mut RecipeEditor, form: &mut TrainForm) {
    let none = BTreeMap::new();
    let known = match ctx.state.asked.get(&Question::RecipeTemplates) {
        Loadable::Idle => {
            ctx.send(Command::Ask(Question::RecipeTemplates));
            &none
        }
        other => match other.value() {
            Some(Answer::RecipeTemplates(known)) => known,
            _ => &none,
        },
    };
    ui.horizontal_wrapped(|ui| {
        let load = ui.add_enabled(!known.is_empty(), egui::Button::new("Use a template"));
        let load = load.on_disabled_hover_text("None is kept yet: add steps, type a name and press Keep");
        egui::Popup::menu(&load).show(|ui| {
            for (name, recipe) in known {
                ui.horizontal(|ui| {
                    let steps = crate::ui::format::counted(recipe.steps.len() as u64, "step", "steps");
                    if ui.button(format!("{name} · {steps}")).clicked() {
                        form.recipe = recipe.clone();
                        editor.selected = None;
                        editor.template_name = name.clone();
                        ui.close();
                    }
                    if icon_button(ui, ctx, Icon::Delete, &format!("Forget {name}")).clicked() {
                        ctx.send(Command::Edit(Edit::KeepRecipe { name: name.clone(), recipe: None }));
                        ui.close();
                    }
                });
            }
        });
        let edit = TextEdit::singleline(&mut editor.template_name).hint_text("Name of a template").desired_width(140.0);
        let edit = ui.add(edit);
        name_it(ui, &edit, "Name of a template");
        let named = !editor.template_name.trim().is_empty();
        let keep = ui.add_enabled(named, egui::Button::new("Keep"));
        if keep.on_hover_text("Keep these steps in the workspace under this name").clicked() {
            let recipe = Some(Box::new(form.recipe.clone()));
            ctx.send(Command::Edit(Edit::KeepRecipe { name: editor.template_name.trim().to_owned(), recipe }));
        }
        let open = ui.button("Open a file…").on_hover_text("A recipe that was saved here or written by hand");
        if open.clicked() {
            ctx.send(Command::Pick(PickFor::OpenRecipe));
        }
        let save = ui.button("Save as file…").on_hover_text("For train --recipe, or another workspace");
        if save.clicked() {
            let text = form.recipe.to_json();
            ctx.send(Command::Pick(PickFor::SaveText { suggested: "recipe.json".to_owned(), text }));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_move_to_where_they_are_dropped() {
        let steps: Vec<_> = kinds::KINDS[..3].iter().map(|kind| kind.step()).collect();
        let mut recipe = RecipeSpec { steps: steps.clone(), ..RecipeSpec::default() };
        move_step(&mut recipe, 0, 2);
        assert_eq!(recipe.steps, [steps[1].clone(), steps[2].clone(), steps[0].clone()]);
        move_step(&mut recipe, 2, 0);
        assert_eq!(recipe.steps, steps);
        move_step(&mut recipe, 7, 0);
        assert_eq!(recipe.steps, steps);
    }
}
