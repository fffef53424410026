//! What each step of the recipe makes of the first rows.

use egui::{Label, RichText, Ui, vec2};

use crate::domain::params::Algorithm;
use crate::domain::question::{Answer, Question};
use crate::domain::recipe::{PreviewRecipe, PreviewedColumn, RecipePreview};
use crate::state::command::Command;
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::pages::train::About;
use crate::ui::pages::train::model::TrainForm;
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::Tone;
use crate::ui::widgets::states;

use super::RecipeEditor;

const ROWS: u32 = 6;
const CELL: f32 = 96.0;

pub fn preview_ui(ui: &mut Ui, ctx: &UiCtx, editor: &mut RecipeEditor, form: &TrainForm, about: &About) {
    let wanted = PreviewRecipe {
        version: about.version.id,
        target: form.target.clone().unwrap_or_default(),
        task: form.task,
        exclude: form.exclude.iter().cloned().collect(),
        recipe: form.recipe.clone(),
        algorithm: Some(if editor.trees { Algorithm::GradientBoosting } else { linear(form, about) }),
        rows: ROWS,
    };
    let mut ask = false;
    ui.horizontal_wrapped(|ui| {
        parts::note(ui, ctx, "As it reaches");
        ask |= ui.selectable_value(&mut editor.trees, false, "linear models").clicked();
        ask |= ui.selectable_value(&mut editor.trees, true, "trees").clicked();
        let stale = editor.preview.as_ref() != Some(&wanted);
        ask |= stale && ui.button("Show what the steps do now").clicked();
    });
    let elsewhere = |shown: &PreviewRecipe| shown.version != wanted.version || shown.target != wanted.target;
    if ask || editor.preview.as_ref().is_none_or(elsewhere) {
        let algorithm = Some(if editor.trees { Algorithm::GradientBoosting } else { linear(form, about) });
        editor.preview = Some(PreviewRecipe { algorithm, ..wanted });
    }
    let Some(asked) = editor.preview.clone() else { return };
    let question = Question::Recipe(asked);
    match ctx.state.asked.get(&question) {
        Loadable::Idle => {
            ctx.send(Command::Ask(question.clone()));
            states::answering(ui, ctx, "the steps", &question);
        }
        Loadable::Failed(problem) => {
            parts::alert(ui, ctx, Tone::Bad, &problem.summary);
            for more in [&problem.details, &problem.hint].into_iter().filter(|text| !text.is_empty()) {
                parts::note(ui, ctx, &format::sentence(more));
            }
            if ui.button("Try again").clicked() {
                ctx.send(Command::Ask(question));
            }
        }
        answer => match answer.value() {
            Some(Answer::Recipe(preview)) => steps_ui(ui, ctx, preview),
            _ => states::answering(ui, ctx, "the steps", &question),
        },
    }
}

fn linear(form: &TrainForm, about: &About) -> Algorithm {
    match form.task(about.version) {
        Some(crate::domain::task::Task::Regression) | None => Algorithm::Ridge,
        Some(_) => Algorithm::Logistic,
    }
}

fn steps_ui(ui: &mut Ui, ctx: &UiCtx, preview: &RecipePreview) {
    let fitted = format::counted(preview.fitted_rows, "row", "rows");
    let features = format::counted(preview.features.len() as u64, "feature", "features");
    parts::note(ui, ctx, &format!("Learned on {fitted}; {features} come out. The first {ROWS} rows:"));
    for warning in &preview.warnings {
        parts::alert(ui, ctx, Tone::Warn, warning);
    }
    // Before and after fill the width together.
    let most = (((ui.available_width() - 2.0 * CELL) / (CELL + space::S) / 2.0) as usize).clamp(2, 12);
    for (at, step) in preview.steps.iter().enumerate() {
        ui.add_space(space::XS);
        parts::heading(ui, ctx, &format!("{}  {}", at + 1, format::sentence(&step.title)));
        egui::ScrollArea::horizontal().id_salt(("preview", at)).auto_shrink([false, true]).show(ui, |ui| {
            ui.horizontal_top(|ui| {
                columns_ui(ui, ctx, "before", &changed_first(&step.before, &step.after), most);
                ui.label(RichText::new("→").font(medium(size::TITLE)).color(ctx.tokens.accent));
                columns_ui(ui, ctx, "after", &changed_first(&step.after, &step.before), most);
            });
        });
    }
}

/// Columns that are not on the other side as they are here come first: there is something to see.
fn changed_first<'a>(columns: &'a [PreviewedColumn], others: &[PreviewedColumn]) -> Vec<&'a PreviewedColumn> {
    let mut all: Vec<&PreviewedColumn> = columns.iter().collect();
    all.sort_by_key(|column| others.contains(column));
    all
}

fn columns_ui(ui: &mut Ui, ctx: &UiCtx, part: &str, columns: &[&PreviewedColumn], most: usize) {
    if columns.is_empty() {
        let words = if part == "before" { "nothing is read" } else { "nothing is left" };
        return drop(ui.label(RichText::new(words).size(size::DATA).color(ctx.tokens.text_weak)));
    }
    for column in columns.iter().take(most) {
        ui.vertical(|ui| {
            ui.set_width(CELL);
            ui.spacing_mut().item_spacing.y = 0.0;
            let name = RichText::new(&column.name).font(medium(size::DATA)).color(ctx.tokens.text);
            ui.add(Label::new(name).truncate());
            for cell in &column.cells {
                let (text, color) = match cell {
                    Some(text) => (short(text), ctx.tokens.text),
                    None => ("missing".to_owned(), ctx.tokens.text_weak),
                };
                ui.allocate_ui(vec2(CELL, 18.0), |ui| {
                    ui.add(Label::new(RichText::new(text).size(size::DATA).color(color)).truncate())
                });
            }
        });
    }
    if columns.len() > most {
        let more = columns.len() - most;
        ui.label(RichText::new(format!("and {more} more")).size(size::DATA).color(ctx.tokens.text_weak));
    }
}

/// Numbers with the digits that can be read.
fn short(cell: &str) -> String {
    match cell.parse::<f64>() {
        Ok(value) if cell.contains('.') && cell.len() > 6 => format::number(value),
        _ => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_step_changed_is_shown_first() {
        let column = |name: &str, cell: &str| PreviewedColumn { name: name.into(), cells: vec![Some(cell.into())] };
        let (before, after) = ([column("a", "1"), column("b", "2")], [column("a", "1"), column("b", "0.5")]);
        let names: Vec<&str> = changed_first(&before, &after).iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["b", "a"]);
        assert_eq!([short("0.123456789"), short("2026-01"), short("17.25")], ["0.1235", "2026-01", "17.25"]);
    }
}
