//! Step 4 of a search: which algorithm, how, and where to look for each parameter.

use egui::{Checkbox, DragValue, RichText, Ui, vec2};

use crate::domain::params::{Algorithm, ParamKind, SearchRange, check_space};
use crate::domain::training::TuneMethod;
use crate::ui::ctx::UiCtx;
use crate::ui::pages::parts;
use crate::ui::pages::train::About;
use crate::ui::pages::train::model::TrainForm;
use crate::ui::pages::train::model::tuning::{SpaceRow, TuneForm, method_words};
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::Tone;

use super::params::{name_ui, number_ui, value_ui};

pub fn tune_ui(ui: &mut Ui, ctx: &UiCtx, form: &mut TrainForm, about: &About) {
    let Some(task) = form.task(about.version) else {
        return parts::note(ui, ctx, "The algorithms follow from the target");
    };
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::M;
        parts::field(ui, ctx, "Algorithm", |ui| {
            let tunable = Algorithm::for_task(task).into_iter().filter(|a| !a.parameters().is_empty());
            let options: Vec<(Algorithm, String)> = tunable.map(|a| (a, a.title().to_owned())).collect();
            let picked = parts::pick(ui, "Algorithm to tune", &options, Some(&form.tune.algorithm), None, 150.0);
            if let Some(Some(algorithm)) = picked {
                form.tune.set_algorithm(algorithm);
            }
        });
        parts::field(ui, ctx, "Method", |ui| {
            let options = TuneMethod::ALL.map(|m| (m, method_words(m).0.to_owned()));
            if let Some(Some(method)) = parts::pick(ui, "Method", &options, Some(&form.tune.method), None, 90.0) {
                form.tune.method = method;
            }
        });
        parts::field(ui, ctx, "Trials", |ui| {
            let drag = DragValue::new(&mut form.tune.trials).range(0..=10_000).speed(0.2);
            ui.add_sized(vec2(64.0, space::ROW), drag).on_hover_text("Sets of parameters to try at most");
        });
        parts::field(ui, ctx, "Pruning", |ui| {
            ui.checkbox(&mut form.tune.prune, "Stop poor trials early")
                .on_hover_text("After two folds, when a trial is worse than the median of earlier ones");
        });
    });
    parts::note(ui, ctx, method_words(form.tune.method).1);
    space_ui(ui, ctx, &mut form.tune);
}

fn space_ui(ui: &mut Ui, ctx: &UiCtx, tune: &mut TuneForm) {
    let problems = check_space(tune.algorithm, &tune.space());
    let title = tune.algorithm.title();
    ui.spacing_mut().item_spacing.y = 2.0;
    for row in &mut tune.rows {
        ui.horizontal(|ui| {
            ui.set_height(space::ROW);
            let can_be_searched = row.spec.widest_range().is_some();
            ui.add_enabled(can_be_searched, Checkbox::without_text(&mut row.searched))
                .accessible_name(format!("Search {title} {}", row.spec.name));
            name_ui(ui, ctx, row.spec);
            if row.searched { range_ui(ui, ctx, title, row) } else { fixed_ui(ui, ctx, title, row) }
        });
        let problem = problems.iter().find(|p| p.name == row.spec.name);
        parts::comes_and_goes(ui, problem.is_some(), |ui| {
            problem.into_iter().for_each(|problem| parts::alert(ui, ctx, Tone::Bad, &problem.problem));
        });
    }
}

/// Room that the longer word for a logarithmic range needs.
const WORDY: f32 = 150.0;

fn fixed_ui(ui: &mut Ui, ctx: &UiCtx, title: &str, row: &mut SpaceRow) {
    let weak = |text: &str| RichText::new(text).size(size::DATA).color(ctx.tokens.text_weak);
    ui.label(weak("fixed at"));
    value_ui(ui, row.spec, &format!("{title} {}", row.spec.name), &mut row.value);
}

fn range_ui(ui: &mut Ui, ctx: &UiCtx, title: &str, row: &mut SpaceRow) {
    let weak = |text: &str| RichText::new(text).size(size::DATA).color(ctx.tokens.text_weak);
    let name = row.spec.name;
    match (&mut row.range, row.spec.kind) {
        (SearchRange::Between(search), ParamKind::Number { min, max, whole, .. }) => {
            ui.label(weak("from"));
            number_ui(ui, &format!("{title} {name} from"), &mut search.low, [min, max], whole);
            ui.label(weak("to"));
            number_ui(ui, &format!("{title} {name} to"), &mut search.high, [min, max], whole);
            // In a narrow column the longer word would push the step out of its card.
            let word = if ui.available_width() < WORDY { "log" } else { "orders of magnitude" };
            ui.checkbox(&mut search.log, weak(word))
                .on_hover_text("Draw as often between 0.01 and 0.1 as between 0.1 and 1")
                .accessible_name(format!("{title} {name} by orders of magnitude"));
        }
        (SearchRange::OneOf(chosen), ParamKind::Choice { words, .. }) => {
            for word in words {
                let mut on = chosen.iter().any(|c| c == word);
                let label = format!("{title} {name} {word}");
                if ui.checkbox(&mut on, weak(word)).accessible_name(label).clicked() {
                    // In the order of the algorithm, whatever the order of the clicks.
                    let wanted = |w: &&&str| if **w == *word { on } else { chosen.iter().any(|c| c == **w) };
                    *chosen = words.iter().filter(wanted).map(|w| (*w).to_owned()).collect();
                }
            }
        }
        _ => {}
    }
}
