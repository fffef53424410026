//! One rule as a form, and at once what it would find in the table.

use egui::{TextEdit, Ui};

use crate::domain::dataset::DatasetVersion;
use crate::domain::finding::Severity;
use crate::domain::history::History;
use crate::domain::schema::Schema;
use crate::domain::suite::spec::{Field, FieldKind};
use crate::domain::suite::{Environment, RuleForm};
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::Tone;

use super::Draft;
use super::preview::rule_preview_ui;
use super::slider::{End, range, slider_ui};

/// The rule at a place of the suite, or a new one.
pub fn rule_ui(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    draft: &mut Draft,
    at: Option<usize>,
    history: &History,
    version: &DatasetVersion,
) {
    let Some(mut form) = draft.form.take() else {
        return parts::note(ui, ctx, "This rule holds values that a form cannot show: change it in the file");
    };
    let title = egui::RichText::new(form.test.title).font(medium(size::TITLE)).color(ctx.tokens.text);
    ui.add(egui::Label::new(title).wrap());
    if !form.test.help.is_empty() {
        parts::note(ui, ctx, form.test.help);
    }
    let before = form.clone();
    let room = (ui.available_height() - space::ROW - space::XL).max(space::ROW * 4.0);
    egui::ScrollArea::vertical().max_height(room).auto_shrink([false, true]).show(ui, |ui| {
        for field in form.test.fields {
            field_ui(ui, ctx, &mut form, field, version);
        }
        follow_column(draft, at, &before, &mut form);
        // Right below the limits, so that it is seen while they are dragged.
        match form.rule() {
            Err(wrong) if at.is_none() && is_blank(&form) => {
                parts::note(ui, ctx, &format!("{}: {}", wrong.field, wrong.problem));
            }
            Err(wrong) => parts::alert(ui, ctx, Tone::Warn, &format!("{}: {}", wrong.field, wrong.problem)),
            Ok(rule) => match form.problem(&rule) {
                Some(wrong) => parts::alert(ui, ctx, Tone::Warn, &format!("{}: {}", wrong.field, wrong.problem)),
                None => rule_preview_ui(ui, ctx, &mut draft.previewed, &rule, history, version),
            },
        }
        ui.add_space(space::S);
        common_ui(ui, ctx, &mut form);
        if let Some(origin) = &form.origin {
            ui.add_space(space::XS);
            parts::note(ui, ctx, &format::sentence(&format!("Where it comes from: {origin}")));
        }
    });
    buttons_ui(ui, draft, at, &before, form);
}

/// Nothing was written yet but, perhaps, the column.
fn is_blank(form: &RuleForm) -> bool {
    form.fields.iter().all(|(name, text)| *name == "column" || text.is_empty())
}

/// A new rule is called after its column, until it is given a name.
fn follow_column(draft: &Draft, at: Option<usize>, before: &RuleForm, form: &mut RuleForm) {
    let column = |form: &RuleForm| form.fields.get("column").cloned().unwrap_or_default();
    let name = |form: &RuleForm| super::model::free_id(&draft.suite, form.test.name, &column(form));
    if at.is_none() && column(before) != column(form) && form.id == name(before) {
        form.id = name(form);
    }
}

/// What was written goes into the suite as soon as it can be read.
fn buttons_ui(ui: &mut Ui, draft: &mut Draft, at: Option<usize>, before: &RuleForm, form: RuleForm) {
    let read = form.rule();
    ui.add_space(space::S);
    let Some(at) = at else { return add_ui(ui, draft, form) };
    let taken = draft.suite.rules.iter().enumerate().any(|(other, rule)| other != at && rule.id == form.id.trim());
    if form != *before
        && !taken
        && let Ok(rule) = read
    {
        draft.suite.rules[at] = rule;
    }
    draft.form = Some(form);
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
        if ui.button("Remove this rule").on_hover_text("Undo, below the list, brings it back").clicked() {
            draft.suite.rules.remove(at);
            (draft.selected, draft.form) = (None, None);
        }
        if taken {
            ui.label("Another rule has this name");
        }
    });
}

/// A new rule is in the suite once it is added.
fn add_ui(ui: &mut Ui, draft: &mut Draft, form: RuleForm) {
    let read = form.rule();
    let taken = draft.suite.rules.iter().any(|rule| rule.id == form.id.trim());
    draft.form = Some(form);
    ui.horizontal(|ui| {
        let add = ui.add_enabled(read.is_ok() && !taken, egui::Button::new("Add the rule"));
        let add = match &read {
            _ if taken => add.on_disabled_hover_text("Another rule has this name"),
            Err(wrong) => add.on_disabled_hover_text(format!("{}: {}", wrong.field, wrong.problem)),
            Ok(_) => add,
        };
        if ui.button("Never mind").clicked() {
            draft.form = None;
        }
        if let Ok(rule) = read
            && add.clicked()
        {
            draft.suite.rules.push(rule);
            draft.select(super::Item::Rule(draft.suite.rules.len() - 1));
            draft.reveal = true;
        }
    });
}

fn field_ui(ui: &mut Ui, ctx: &UiCtx<'_>, form: &mut RuleForm, field: &Field, version: &DatasetVersion) {
    let width = ui.available_width() - space::S;
    let column = form.fields.get("column").cloned();
    let text = form.fields.entry(field.name).or_default();
    match field.kind {
        FieldKind::Flag => {
            let mut on = text == "true";
            if ui.checkbox(&mut on, field.title()).changed() {
                *text = if on { "true" } else { "" }.to_owned();
            }
        }
        FieldKind::Column => parts::field(ui, ctx, field.title(), |ui| {
            let options = column_options(&version.schema);
            if let Some(Some(picked)) = parts::pick(ui, field.title(), &options, Some(text), None, width) {
                *text = picked;
            }
        }),
        FieldKind::Which => parts::field(ui, ctx, field.title(), |ui| {
            let options = [("any".to_owned(), "Any of them".to_owned()), ("all".to_owned(), "All of them".to_owned())];
            let chosen = if text.is_empty() { "any".to_owned() } else { text.clone() };
            if let Some(Some(picked)) = parts::pick(ui, field.title(), &options, Some(&chosen), None, width) {
                *text = picked;
            }
        }),
        FieldKind::Columns | FieldKind::Texts | FieldKind::Scalars | FieldKind::Pairs | FieldKind::Quantiles => {
            parts::field(ui, ctx, field.title(), |ui| {
                ui.add(TextEdit::multiline(text).desired_rows(3).desired_width(width).hint_text("One a line"))
            });
        }
        FieldKind::Bound | FieldKind::Number => {
            parts::field(ui, ctx, field.title(), |ui| ui.add(TextEdit::singleline(text).desired_width(width)));
            if field.kind == FieldKind::Bound {
                let end = if field.name == "max_value" { End::High } else { End::Low };
                if let Some(range) = range(ctx, version, column.as_deref()) {
                    slider_ui(ui, ctx, field.title(), text, end, range);
                }
            }
        }
        FieldKind::Text | FieldKind::Whole | FieldKind::Length | FieldKind::Kinds => {
            parts::field(ui, ctx, field.title(), |ui| ui.add(TextEdit::singleline(text).desired_width(width)));
        }
    }
}

fn column_options(schema: &Schema) -> Vec<(String, String)> {
    schema.names().map(|name| (name.to_owned(), name.to_owned())).collect()
}

/// What every rule has.
fn common_ui(ui: &mut Ui, ctx: &UiCtx<'_>, form: &mut RuleForm) {
    let width = ui.available_width() - space::S;
    parts::field(ui, ctx, "Share that must hold", |ui| {
        ui.add(TextEdit::singleline(&mut form.mostly).desired_width(width).hint_text("all: 1"))
    });
    parts::field(ui, ctx, "Only rows where", |ui| {
        let edit = TextEdit::singleline(&mut form.only_where).desired_width(width).hint_text("plan = basic");
        ui.add(edit).on_hover_text(crate::domain::filter::HELP)
    });
    parts::field(ui, ctx, "If it is broken", |ui| {
        let options: Vec<(Severity, String)> = [
            (Severity::Error, "Error: the check fails"),
            (Severity::Warning, "Warning"),
            (Severity::Info, "Worth knowing"),
        ]
        .map(|(severity, title)| (severity, title.to_owned()))
        .to_vec();
        if let Some(Some(severity)) = parts::pick(ui, "If it is broken", &options, Some(&form.severity), None, width) {
            form.severity = severity;
        }
    });
    parts::field(ui, ctx, "Checked", |ui| {
        let options =
            [(Environment::Train, "Only to train".to_owned()), (Environment::Score, "Only to score".to_owned())];
        let none = Some("To train and to score");
        if let Some(only) = parts::pick(ui, "Checked", &options, form.only_in.as_ref(), none, width) {
            form.only_in = only;
        }
    });
    parts::field(ui, ctx, "Name", |ui| ui.add(TextEdit::singleline(&mut form.id).desired_width(width)));
}
