//! Pieces that several pages share: the looks while the history is not there, pickers, facts, small tables.

use egui::{ComboBox, Label, PopupCloseBehavior, RichText, Ui, vec2};

use crate::domain::dataset::DatasetVersion;
use crate::domain::history::History;
use crate::domain::ids::VersionId;
use crate::domain::problem::Problem;
use crate::state::command::Command;
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::palette::name_it;
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::page::main_panel;
use crate::ui::widgets::states;

pub mod shapes;
pub mod split_check;
pub mod table;

/// The history, or its loading or failed look in the page's place. Not opened yet counts as loading.
pub fn history<'a>(ui: &mut Ui, ctx: &UiCtx<'a>, what: &str) -> Option<&'a History> {
    let state = ctx.state;
    if let Some(history) = state.history.value() {
        return Some(history);
    }
    match &state.history {
        Loadable::Failed(problem) => main_panel(ui, |ui| states::failed(ui, ctx, problem, Some(Command::Refresh))),
        _ => main_panel(ui, |ui| states::loading(ui, ctx, what)),
    }
    None
}

/// A label over its control.
pub fn field<R>(ui: &mut Ui, ctx: &UiCtx, label: &str, add: impl FnOnce(&mut Ui) -> R) -> R {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        ui.add(Label::new(RichText::new(label).size(size::DATA).color(ctx.tokens.text_weak)).extend());
        ui.name_inputs(label, add)
    })
    .inner
}

/// A combo box over names; answers what was newly picked, `Some(None)` for the `none` entry.
pub fn pick<T: Clone + PartialEq>(
    ui: &mut Ui,
    name: &str,
    options: &[(T, String)],
    selected: Option<&T>,
    none: Option<&str>,
    width: f32,
) -> Option<Option<T>> {
    let shown = options.iter().find(|(value, _)| Some(value) == selected).map(|(_, text)| text.as_str());
    let shown = shown.or(none).unwrap_or("Choose…").to_owned();
    let mut picked = None;
    let is_long = options.len() > SEARCHED;
    let contents = |ui: &mut Ui| {
        let sought = if is_long { search_ui(ui, name) } else { String::new() };
        if sought.is_empty()
            && let Some(none) = none
            && ui.selectable_label(selected.is_none(), none).clicked()
        {
            picked = Some(None);
        }
        let fits = |text: &str| sought.is_empty() || text.to_lowercase().contains(&sought);
        for (value, text) in options.iter().filter(|(_, text)| fits(text)) {
            if ui.selectable_label(Some(value) == selected, text).clicked() {
                picked = Some(Some(value.clone()));
            }
        }
        if is_long && picked.is_some() {
            ui.close();
        }
    };
    // A combo box grows with its text up to the room there is, so the room is what limits it.
    ui.scope(|ui| {
        ui.set_max_width(width);
        let combo = ComboBox::from_id_salt(name).selected_text(&shown).width(width).height(300.0).truncate();
        let combo = if is_long { combo.close_behavior(PopupCloseBehavior::CloseOnClickOutside) } else { combo };
        let _ = combo.show_ui(ui, contents).response.accessible_name(name);
    });
    picked
}

/// From so many options on a list has a field to search it.
const SEARCHED: usize = 12;

/// What is looked for in an open list, in lower case. The field has the keyboard when the list comes up.
fn search_ui(ui: &mut Ui, name: &str) -> String {
    let id = ui.scope_id().with(("search", name));
    let now = ui.ctx().cumulative_pass_nr();
    let (mut text, seen): (String, u64) = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let fresh = seen + 1 < now;
    if fresh {
        text.clear();
    }
    let edit = ui.add(egui::TextEdit::singleline(&mut text).hint_text("Search").desired_width(f32::INFINITY));
    name_it(ui, &edit, &format!("Search in {name}"));
    if fresh {
        edit.request_focus();
    }
    let sought = text.trim().to_lowercase();
    ui.data_mut(|data| data.insert_temp(id, (text, now)));
    sought
}

/// Versions as options: `churn@2 · 20,134 rows`.
pub fn version_options<'a>(versions: impl IntoIterator<Item = &'a DatasetVersion>) -> Vec<(VersionId, String)> {
    let text = |v: &DatasetVersion| format!("{} · {}", v.label(), format::counted(v.rows, "row", "rows"));
    versions.into_iter().map(|v| (v.id, text(v))).collect()
}

/// Names and values in two columns; values wrap.
pub fn facts<K: AsRef<str>>(ui: &mut Ui, ctx: &UiCtx, lines: &[(K, String)]) {
    let key_width = (ui.available_width() * 0.36).clamp(64.0, 120.0);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = space::XS;
        for (key, value) in lines {
            ui.horizontal_top(|ui| {
                ui.allocate_ui(vec2(key_width, 16.0), |ui| {
                    ui.set_min_width(key_width);
                    ui.add(Label::new(RichText::new(key.as_ref()).size(size::DATA).color(ctx.tokens.text_weak)).wrap());
                });
                ui.vertical(|ui| {
                    ui.add(Label::new(RichText::new(value).size(size::DATA).color(ctx.tokens.text)).wrap());
                });
            });
        }
    });
}

/// A small title over a part of an inspector or card.
pub fn heading(ui: &mut Ui, ctx: &UiCtx, text: &str) {
    ui.label(RichText::new(text).font(medium(size::TEXT)).color(ctx.tokens.text));
}

/// A secondary line in data size that wraps.
pub fn note(ui: &mut Ui, ctx: &UiCtx, text: &str) {
    ui.add(Label::new(RichText::new(text).size(size::DATA).color(ctx.tokens.text_weak)).wrap());
}

/// A line with the sign for what needs attention.
pub fn alert(ui: &mut Ui, ctx: &UiCtx, tone: crate::ui::widgets::badge::Tone, text: &str) {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = space::S - 2.0;
        crate::ui::theme::icons::icon(ui, tone.icon(), 14.0, tone.color(ctx.tokens));
        let text = RichText::new(format::sentence(text)).color(tone.color(ctx.tokens));
        ui.vertical(|ui| ui.add(Label::new(text).wrap()));
    });
}

/// The verdict of a page in one line, a button at its end; where there is no room the sentence goes below and wraps.
pub fn verdict(
    ui: &mut Ui,
    ctx: &UiCtx,
    (tone, word, sentence): (crate::ui::widgets::badge::Tone, &str, &str),
    button: impl FnOnce(&mut Ui),
) {
    let text = RichText::new(sentence).font(medium(size::TITLE)).color(ctx.tokens.text);
    let narrow = ui.available_width() < 520.0;
    ui.horizontal(|ui| {
        ui.set_min_height(28.0);
        crate::ui::widgets::badge::badge(ui, ctx, tone, word);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            button(ui);
            if !narrow {
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    ui.add(Label::new(text.clone()).truncate());
                });
            }
        });
    });
    if narrow {
        ui.add(Label::new(text).wrap());
    }
}

/// What stands in an inspector while nothing is selected.
pub fn nothing_selected(ui: &mut Ui, ctx: &UiCtx, what: &str) {
    ui.add_space(space::XL);
    ui.vertical_centered(|ui| note(ui, ctx, what));
}

/// What comes and goes while somebody types, as one part that is always there: otherwise all that follows would be
/// numbered anew, and the field being typed into would lose the keyboard.
pub fn comes_and_goes(ui: &mut Ui, is_there: bool, add: impl FnOnce(&mut Ui)) {
    let spacing = ui.spacing().item_spacing;
    if !is_there {
        ui.spacing_mut().item_spacing.y = 0.0;
    }
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing = spacing;
        if is_there {
            add(ui);
        }
    });
    ui.spacing_mut().item_spacing = spacing;
}

/// A problem inside a page part, in two lines.
pub fn small_problem(ui: &mut Ui, ctx: &UiCtx, problem: &Problem) {
    alert(ui, ctx, crate::ui::widgets::badge::Tone::Bad, &problem.summary);
    if !problem.hint.is_empty() {
        note(ui, ctx, &format::sentence(&problem.hint));
    }
}
