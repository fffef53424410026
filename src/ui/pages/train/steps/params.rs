//! A form for an algorithm's parameters, made from what the algorithm declares.

use egui::{ComboBox, DragValue, Label, RichText, TextEdit, Ui, vec2};

use crate::domain::params::{Algorithm, ParamDraft, ParamKind, ParamSpec, ParamValue, check_params};
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::palette::name_it;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::Tone;

const NAME: f32 = 148.0;
const CONTROL: f32 = 92.0;

/// One row per parameter: name, control, what it does; below it what is wrong with it.
pub fn params_ui(ui: &mut Ui, ctx: &UiCtx, algorithm: Algorithm, draft: &mut ParamDraft) {
    if algorithm.parameters().is_empty() {
        return parts::note(ui, ctx, "It has no parameters");
    }
    let problems = check_params(algorithm, draft).err().unwrap_or_default();
    for spec in algorithm.parameters() {
        let default = spec.default_value();
        let mut value = draft.get(spec.name).cloned().unwrap_or_else(|| default.clone());
        ui.horizontal(|ui| {
            name_ui(ui, ctx, spec);
            let name = format!("{} {}", algorithm.title(), spec.name);
            if value_ui(ui, spec, &name, &mut value) {
                if value == default {
                    draft.remove(spec.name)
                } else {
                    draft.insert(spec.name.to_owned(), value.clone())
                };
            }
            if value != default {
                let reset = ui.small_button("Reset").on_hover_text(format!("Back to {}", format::parameter(&default)));
                if reset.accessible_name(format!("Reset {name}")).clicked() {
                    draft.remove(spec.name);
                }
            }
            let help = RichText::new(format!("{} · {}", range_words(spec), format::sentence(spec.help)));
            ui.add(Label::new(help.size(size::DATA).color(ctx.tokens.text_weak)).truncate());
        });
        let problem = problems.iter().find(|p| p.name == spec.name);
        parts::comes_and_goes(ui, problem.is_some(), |ui| {
            problem.into_iter().for_each(|problem| parts::alert(ui, ctx, Tone::Bad, &problem.problem));
        });
    }
}

pub fn name_ui(ui: &mut Ui, ctx: &UiCtx, spec: &ParamSpec) {
    ui.allocate_ui(vec2(NAME, space::ROW), |ui| {
        ui.set_min_width(NAME);
        let name = RichText::new(spec.name.replace('_', " ")).size(size::DATA).color(ctx.tokens.text);
        ui.add(Label::new(name).truncate()).on_hover_text(format::sentence(spec.help));
    });
}

/// "1 to 100"; of a choice nothing, as it shows itself.
fn range_words(spec: &ParamSpec) -> String {
    match spec.kind {
        ParamKind::Number { min, max, .. } => format!("{} to {}", short(min), short(max)),
        ParamKind::Choice { words, .. } => format::counted(words.len() as u64, "choice", "choices"),
        ParamKind::Signs => "column:+ or column:-".to_owned(),
    }
}

/// A number to drag or type, a list to choose from, or a line of text; whether it changed.
pub fn value_ui(ui: &mut Ui, spec: &ParamSpec, name: &str, value: &mut ParamValue) -> bool {
    match spec.kind {
        ParamKind::Number { default, min, max, whole } => {
            let mut number = value.number().unwrap_or(default);
            let changed = number_ui(ui, name, &mut number, [min, max], whole);
            if changed {
                *value = ParamValue::Number(number);
            }
            changed
        }
        ParamKind::Signs => {
            let mut text = value.to_string();
            let edit = TextEdit::singleline(&mut text).hint_text("none").desired_width(CONTROL);
            let changed = ui.add(edit).accessible_name(name).on_hover_text(format::sentence(spec.help)).changed();
            if changed {
                *value = ParamValue::Word(text);
            }
            changed
        }
        ParamKind::Choice { words, .. } => {
            let mut chosen = value.to_string();
            let before = chosen.clone();
            let combo = ComboBox::from_id_salt(name).width(CONTROL).selected_text(chosen.clone()).show_ui(ui, |ui| {
                for word in words {
                    ui.selectable_value(&mut chosen, (*word).to_owned(), *word);
                }
            });
            name_it(ui, &combo.response, name);
            combo.response.on_hover_text(format::sentence(spec.help));
            let changed = chosen != before;
            if changed {
                *value = ParamValue::Word(chosen);
            }
            changed
        }
    }
}

/// Dragging stays within the range; what is typed is kept as it is, and told when it is outside.
pub fn number_ui(ui: &mut Ui, name: &str, number: &mut f64, [min, max]: [f64; 2], whole: bool) -> bool {
    let speed = if whole { (number.abs() / 50.0).max(0.1) } else { (number.abs() / 100.0).max(1e-4) };
    let mut drag = DragValue::new(number)
        .speed(speed)
        .custom_formatter(|n, _| short(n))
        .custom_parser(|text| text.trim().replace(',', "").parse().ok());
    if whole {
        drag = drag.max_decimals(0);
    }
    let response = ui.add_sized(vec2(CONTROL, space::ROW - 2.0), drag).accessible_name(name).on_hover_text(format!(
        "{} to {}; drag, or click and type",
        short(min),
        short(max)
    ));
    if response.dragged() {
        *number = number.clamp(min, max);
        if whole {
            *number = number.round();
        }
    }
    response.changed()
}

/// A number as short as it can be typed: `0.1`, `1e-9`, `20000`.
pub fn short(value: f64) -> String {
    let size = value.abs();
    if value != 0.0 && !(1e-4..1e7).contains(&size) { format!("{value:e}") } else { format!("{value}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_short_as_they_are_typed() {
        assert_eq!([0.1, 1e-9, 20_000.0, 1e12, 0.0].map(short), ["0.1", "1e-9", "20000", "1e12", "0"]);
    }
}
