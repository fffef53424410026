//! The forms of a column of the contract, and of a built-in check.

use egui::{Label, RichText, TextEdit, Ui};

use crate::domain::dataset::DatasetVersion;
use crate::domain::finding::Severity;
use crate::domain::history::History;
use crate::domain::schema::ColumnKind;
use crate::domain::suite::{CheckSetting, Environment, LimitSide, LimitUnit, Order, Scalar, catalogue};
use crate::ui::ctx::UiCtx;
use crate::ui::pages::parts;
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};

use super::preview::{self, ContractPreview};
use super::slider::{End, lengths, range, slider_ui};
use super::{Draft, model};

fn title(ui: &mut Ui, ctx: &UiCtx<'_>, text: &str) {
    ui.add(Label::new(RichText::new(text).font(medium(size::TITLE)).color(ctx.tokens.text)).wrap());
}

/// What a column has to be, and below each limit how many rows of the version in focus fail it.
pub fn column_ui(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    draft: &mut Draft,
    at: usize,
    history: &History,
    version: &DatasetVersion,
) {
    let column = &mut draft.suite.contract.columns[at];
    title(ui, ctx, &format!("Schema of {}", column.name));
    let found = ContractPreview { rules: column.rules(), history, version };
    let sound = found.rules.iter().filter(|rule| rule.problems().is_empty()).cloned().collect();
    preview::ask(ctx, &mut draft.previewed, sound, history, version);
    found.whole_ui(ui, ctx);
    ui.add_space(space::XS);
    let (range, lengths) = (range(ctx, version, Some(&column.name)), lengths(ctx, version, &column.name));
    let width = ui.available_width() - space::M;
    let mut remove = false;
    egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        parts::field(ui, ctx, "Name", |ui| ui.add(TextEdit::singleline(&mut column.name).desired_width(width)));
        found.part_ui(ui, ctx, "exists");
        parts::field(ui, ctx, "Kind", |ui| {
            let options = ColumnKind::ALL.map(|kind| (kind, kind.as_str().to_owned()));
            if let Some(kind) = parts::pick(ui, "Kind", &options, column.kind.as_ref(), Some("Any"), width) {
                column.kind = kind;
            }
        });
        found.part_ui(ui, ctx, "kind");
        ui.checkbox(&mut column.optional, "May be absent");
        ui.checkbox(&mut column.not_null, "No missing cells");
        found.part_ui(ui, ctx, "not-null");
        ui.checkbox(&mut column.unique, "No value twice");
        found.part_ui(ui, ctx, "unique");
        scalar_ui(ui, ctx, ("At least", End::Low), &mut column.min, range, width);
        scalar_ui(ui, ctx, ("At most", End::High), &mut column.max, range, width);
        found.limit_ui(ui, ctx, "range");
        length_ui(ui, ctx, ("Shortest, in characters", End::Low), &mut column.min_length, lengths, width);
        length_ui(ui, ctx, ("Longest, in characters", End::High), &mut column.max_length, lengths, width);
        found.limit_ui(ui, ctx, "length");
        parts::field(ui, ctx, "Pattern", |ui| {
            let mut text = column.regex.clone().unwrap_or_default();
            let edit = TextEdit::singleline(&mut text).desired_width(width).hint_text("^[A-Z]{2}\\d+$");
            if ui.add(edit).changed() {
                column.regex = Some(text).filter(|text| !text.is_empty());
            }
        });
        found.part_ui(ui, ctx, "regex");
        parts::field(ui, ctx, "Order", |ui| {
            let options = [(Order::Increasing, "Increasing".to_owned()), (Order::Decreasing, "Decreasing".to_owned())];
            if let Some(order) = parts::pick(ui, "Order", &options, column.order.as_ref(), Some("Any"), width) {
                column.order = order;
            }
        });
        found.part_ui(ui, ctx, "order");
        values_ui(ui, ctx, &mut column.values, width);
        found.part_ui(ui, ctx, "values");
        parts::field(ui, ctx, "Needed", |ui| {
            let options = Environment::ALL.map(|e| (e, format!("Only to {}", e.as_str())));
            let none = Some("To train and to score");
            if let Some(only) = parts::pick(ui, "Needed", &options, column.only_in.as_ref(), none, width) {
                column.only_in = only;
            }
        });
        if let Some(origin) = &column.origin {
            ui.add_space(space::XS);
            parts::note(ui, ctx, &format!("Where it comes from: {origin}"));
        }
        ui.add_space(space::S);
        let button = ui.button("Remove from the schema").on_hover_text("Undo, below the list, brings it back");
        remove = button.clicked();
        ui.add_space(space::S);
        parts::heading(ui, ctx, "All columns");
        ui.checkbox(&mut draft.suite.contract.no_other_columns, "No others beside these");
        ui.checkbox(&mut draft.suite.contract.in_order, "In this order");
    });
    if remove {
        draft.suite.contract.columns.remove(at);
        draft.selected = None;
    }
}

/// A number where it reads as one, else a text: a date, say.
fn scalar(text: &str) -> Option<Scalar> {
    let text = text.trim();
    let number = || text.parse::<f64>().ok().filter(|n| n.is_finite()).map(Scalar::Number);
    match text {
        "" => None,
        _ => text.parse().ok().map(Scalar::Whole).or_else(number).or_else(|| Some(Scalar::Text(text.to_owned()))),
    }
}

fn scalar_text(value: &Scalar) -> String {
    match value {
        Scalar::Bool(value) => value.to_string(),
        Scalar::Whole(value) => value.to_string(),
        Scalar::Number(value) => value.to_string(),
        Scalar::Text(text) => text.clone(),
    }
}

/// A limit with a slider over what the column holds, where that is known.
fn scalar_ui(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    (name, end): (&str, End),
    value: &mut Option<Scalar>,
    range: Option<(f64, f64)>,
    width: f32,
) {
    parts::field(ui, ctx, name, |ui| {
        let id = ui.scope_id().with(("scalar", name));
        let stored = value.as_ref().map(scalar_text).unwrap_or_default();
        typed(ui, id, stored, width, |text| *value = scalar(text));
    });
    if let Some(range) = range {
        let before = value.as_ref().map(scalar_text).unwrap_or_default();
        let mut text = before.clone();
        slider_ui(ui, ctx, name, &mut text, end, range);
        if text != before {
            *value = scalar(&text);
        }
    }
}

fn length_ui(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    (name, end): (&str, End),
    value: &mut Option<u64>,
    range: Option<(f64, f64)>,
    width: f32,
) {
    parts::field(ui, ctx, name, |ui| {
        let id = ui.scope_id().with(("length", name));
        let stored = value.map(|n| n.to_string()).unwrap_or_default();
        typed(ui, id, stored, width, |text| *value = text.trim().parse().ok());
    });
    if let Some(range) = range {
        let before = value.map(|n| n.to_string()).unwrap_or_default();
        let mut text = before.clone();
        slider_ui(ui, ctx, name, &mut text, end, range);
        if text != before {
            *value = text.parse().ok();
        }
    }
}

/// One value a line; a text that looks like a number stays one where the others are texts.
fn values_ui(ui: &mut Ui, ctx: &UiCtx<'_>, values: &mut Option<Vec<Scalar>>, width: f32) {
    parts::field(ui, ctx, "Only these values, one a line", |ui| {
        let mut text = values.iter().flatten().map(scalar_text).collect::<Vec<_>>().join("\n");
        let texts = values.iter().flatten().any(|value| matches!(value, Scalar::Text(_)));
        if ui.add(TextEdit::multiline(&mut text).desired_rows(3).desired_width(width)).changed() {
            let read = |line: &str| if texts { Some(Scalar::Text(line.to_owned())) } else { scalar(line) };
            let list: Vec<Scalar> = text.split('\n').filter_map(read).collect();
            *values = Some(list).filter(|list| !text.is_empty() && !list.is_empty());
        }
    });
}

/// A text field that keeps what is being typed ("1." on the way to "1.5") while it has the focus.
fn typed(ui: &mut Ui, id: egui::Id, stored: String, width: f32, mut take: impl FnMut(&str)) {
    let mut text: String = ui.data(|data| data.get_temp(id)).unwrap_or(stored);
    let response = ui.add(TextEdit::singleline(&mut text).desired_width(width));
    if response.changed() {
        take(&text);
    }
    if response.has_focus() {
        ui.data_mut(|data| data.insert_temp(id, text));
    } else {
        ui.data_mut(|data| data.remove_temp::<String>(id));
    }
}

/// Limit and severity of a built-in check.
pub fn check_ui(ui: &mut Ui, ctx: &UiCtx<'_>, draft: &mut Draft, at: usize) {
    let Some(spec) = catalogue().get(at) else { return };
    title(ui, ctx, spec.title);
    parts::note(ui, ctx, spec.help);
    let width = ui.available_width() - space::M;
    let mut setting = draft.suite.checks.get(spec.code).cloned().unwrap_or_default();
    let before = setting.clone();
    let mut runs = !setting.off;
    ui.checkbox(&mut runs, "Runs");
    setting.off = !runs;
    if let Some(default) = spec.limit {
        let side = if spec.side == LimitSide::AtLeast { "At least" } else { "At most" };
        parts::field(ui, ctx, side, |ui| {
            let mut value = setting.limit.unwrap_or(default);
            let drag = egui::DragValue::new(&mut value);
            let drag = match spec.unit {
                LimitUnit::Share | LimitUnit::Score => drag.range(0.0..=1.0).speed(0.002).max_decimals(4),
                LimitUnit::Count => drag.range(0.0..=1e9).speed(1.0).max_decimals(0),
            };
            if ui.add(drag).changed() {
                setting.limit = Some(value).filter(|value| *value != default);
            }
        });
        parts::note(ui, ctx, &format!("Built in: {}", model::unit_words(spec.unit, default)));
    }
    parts::field(ui, ctx, "If it is beyond", |ui| {
        let options = [Severity::Error, Severity::Warning, Severity::Info].map(|s| (s, s.as_str().to_owned()));
        let own = format!("{} (built in)", spec.severity.as_str());
        let picked = parts::pick(ui, "If it is beyond", &options, setting.severity.as_ref(), Some(&own), width);
        if let Some(severity) = picked {
            setting.severity = severity;
        }
    });
    parts::facts(ui, ctx, &[("Code", spec.code.to_owned())]);
    if setting != CheckSetting::default() && ui.button("As built in").clicked() {
        setting = CheckSetting::default();
    }
    if setting == before {
        return;
    }
    if setting == CheckSetting::default() {
        draft.suite.checks.remove(spec.code);
    } else {
        draft.suite.checks.insert(spec.code.to_owned(), setting);
    }
}
