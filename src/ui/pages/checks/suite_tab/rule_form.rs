//! One rule as a form, and at once what it would find in the table.

use egui::{Slider, TextEdit, Ui};

use crate::domain::dataset::DatasetVersion;
use crate::domain::finding::Severity;
use crate::domain::history::History;
use crate::domain::ids::VersionId;
use crate::domain::profile::ColumnProfile;
use crate::domain::schema::Schema;
use crate::domain::suite::spec::{Field, FieldKind};
use crate::domain::suite::{Environment, Rule, RuleForm};
use crate::state::command::Command;
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::Tone;

use super::Draft;

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
            Ok(rule) => preview_ui(ui, ctx, &mut draft.previewed, &rule, history, version),
        }
        ui.add_space(space::S);
        common_ui(ui, ctx, &mut form);
        if let Some(origin) = &form.origin {
            ui.add_space(space::XS);
            parts::note(ui, ctx, &format!("Where it comes from: {origin}"));
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
                slider_ui(ui, ctx, text, field, version, column.as_deref());
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

/// A limit is dragged over the column's range, and the count of failing rows follows.
fn slider_ui(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    text: &mut String,
    field: &Field,
    version: &DatasetVersion,
    column: Option<&str>,
) {
    let Some((min, max)) = range(ctx, version, column) else { return };
    let mut value = text.trim().parse::<f64>().unwrap_or(if field.name == "max_value" { max } else { min });
    let whole = min.fract() == 0.0 && max.fract() == 0.0;
    let (low, high) = (min.min(value), max.max(value));
    let slider = Slider::new(&mut value, low..=high).show_value(false);
    let slider = if whole { slider.integer() } else { slider };
    let name = format!("{} as a slider", field.title());
    let response = ui
        .scope(|ui| {
            ui.spacing_mut().slider_width = (ui.available_width() - space::M).max(60.0);
            // The rail, which is as bright as the panel otherwise.
            ui.visuals_mut().widgets.inactive.bg_fill = ctx.tokens.line;
            ui.add(slider)
        })
        .inner;
    crate::ui::palette::name_it(ui, &response, &name);
    let changed = response.changed();
    if !response.dragged() {
        response.on_hover_text(format!("{} to {}", format::number(min), format::number(max)));
    }
    if changed {
        *text = if whole { format!("{value:.0}") } else { shortened(value, max - min) };
    }
}

/// As many digits as a drag over this range can mean.
fn shortened(value: f64, range: f64) -> String {
    let digits = (3.0 - range.abs().max(f64::MIN_POSITIVE).log10()).ceil().clamp(0.0, 12.0) as usize;
    format!("{value:.digits$}")
}

/// Smallest and largest of a column of numbers.
fn range(ctx: &UiCtx<'_>, version: &DatasetVersion, column: Option<&str>) -> Option<(f64, f64)> {
    let profile = ctx.state.profiles.get(&version.id).and_then(Loadable::value)?;
    let column: &ColumnProfile = profile.columns.iter().find(|c| Some(c.name.as_str()) == column)?;
    if column.storage == crate::domain::schema::Storage::DatetimeMs {
        return None;
    }
    let numbers = column.numbers.as_ref()?;
    (numbers.min < numbers.max).then_some((numbers.min, numbers.max))
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

/// What the rule finds in the version in focus. While a changed one is being judged, the former answer stays.
fn preview_ui(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    previewed: &mut Option<(VersionId, Rule)>,
    rule: &Rule,
    history: &History,
    version: &DatasetVersion,
) {
    let against = crate::ui::pages::checks::model::defaults(history, version.id).against;
    let now = (version.id, rule.clone());
    if previewed.as_ref() != Some(&now) {
        ctx.send(Command::PreviewRule { version: version.id, against, rule: Box::new(rule.clone()) });
        *previewed = Some(now);
    }
    ui.add_space(space::XS);
    let newer = if ctx.state.checking.is_previewing() { " · judging…" } else { "" };
    parts::heading(ui, ctx, &format!("In {}{newer}", version.label()));
    let preview = match ctx.state.checking.preview() {
        None => return parts::note(ui, ctx, "Judging…"),
        Some(Err(problem)) => return parts::small_problem(ui, ctx, problem),
        Some(Ok(preview)) => preview,
    };
    let check = &preview.check;
    if let Some(reason) = &check.skipped {
        return parts::alert(ui, ctx, Tone::Info, reason);
    }
    match check.findings.first() {
        None => parts::alert(ui, ctx, Tone::Ok, "Holds"),
        Some(finding) => {
            parts::alert(ui, ctx, Tone::of_severity(finding.severity), &format::sentence(&finding.message));
        }
    }
    let told = match preview.failing {
        Some(failing) => {
            let all = format::counted(version.rows, "row", "rows");
            Some(("Fail", format!("{} of {all}", format::count(failing))))
        }
        None => check.observed.map(|observed| ("Observed", format::number(observed))),
    };
    parts::facts(ui, ctx, told.as_slice());
    if !preview.rows.is_empty() && ui.button("Show these rows in the table").clicked() {
        ctx.send(Command::ShowFailing { version: version.id, against, rule: Box::new(rule.clone()) });
    }
}
