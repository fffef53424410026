//! The settings of one step.

use egui::{DragValue, TextEdit, Ui, vec2};

use crate::domain::dataset::DatasetVersion;
use crate::domain::recipe::{
    Aggregate, Binning, ClipRule, Columns, Combination, DatePart, FillRule, Scaling, SelectRule, StepRule, StepSpec,
    UnknownCategory, WordWeight,
};
use crate::domain::schema::{ColumnKind, ColumnSchema};
use crate::ui::ctx::UiCtx;
use crate::ui::pages::parts;
use crate::ui::palette::name_it;
use crate::ui::theme::tokens::space;

use super::kinds::{columns_word, described, fill_word, scaling_word};

/// What of a column a step can read: decides which names are offered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reads {
    Numbers,
    Texts,
    Dates,
    Any,
}

pub fn step_settings_ui(ui: &mut Ui, ctx: &UiCtx, step: &mut StepSpec, version: &DatasetVersion, target: Option<&str>) {
    parts::heading(ui, ctx, described(step).0);
    let offered: Vec<&ColumnSchema> =
        version.schema.columns.iter().filter(|c| Some(c.name.as_str()) != target).collect();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::M;
        if !matches!(step.rule, StepRule::Formula { .. }) {
            columns_ui(ui, ctx, step, &offered);
        }
        rule_ui(ui, ctx, &mut step.rule, &offered);
    });
    if can_keep(&step.rule) {
        ui.checkbox(&mut step.keep, "Keep the columns it reads")
            .on_hover_text("What is made of them stands beside them under a name of its own");
    }
}

fn can_keep(rule: &StepRule) -> bool {
    !matches!(rule, StepRule::Formula { .. } | StepRule::Select { .. } | StepRule::Drop)
}

fn reads(rule: &StepRule) -> Reads {
    match rule {
        StepRule::Scale { .. } | StepRule::Bin { .. } | StepRule::Combine { .. } | StepRule::Group { .. } => {
            Reads::Numbers
        }
        StepRule::Clip { .. } | StepRule::Select { .. } => Reads::Numbers,
        StepRule::OneHot { .. } | StepRule::Ordinal | StepRule::Frequency | StepRule::TargetMean { .. } => Reads::Texts,
        StepRule::GroupRare { .. } | StepRule::TextLength | StepRule::Words { .. } | StepRule::HashWords { .. } => {
            Reads::Texts
        }
        StepRule::DateParts { .. } => Reads::Dates,
        StepRule::Impute { .. } | StepRule::Formula { .. } | StepRule::Drop => Reads::Any,
    }
}

fn fits(column: &ColumnSchema, reads: Reads) -> bool {
    match reads {
        Reads::Any => true,
        Reads::Numbers => matches!(column.kind, ColumnKind::Numeric | ColumnKind::Boolean),
        Reads::Dates => column.kind == ColumnKind::Datetime,
        Reads::Texts => !matches!(column.kind, ColumnKind::Numeric | ColumnKind::Datetime),
    }
}

/// All of a kind, or those that are ticked.
fn columns_ui(ui: &mut Ui, ctx: &UiCtx, step: &mut StepSpec, offered: &[&ColumnSchema]) {
    let reads = reads(&step.rule);
    let all = match reads {
        Reads::Numbers => Columns::Numbers,
        Reads::Texts => Columns::Texts,
        Reads::Dates => Columns::Dates,
        Reads::Any => Columns::All,
    };
    parts::field(ui, ctx, "Columns", |ui| {
        let button =
            ui.add(egui::Button::new(columns_word(&step.columns)).truncate().min_size(vec2(120.0, space::ROW)));
        let button = button.accessible_name("Columns of the step").on_hover_text(columns_word(&step.columns));
        egui::Popup::menu(&button).close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
            egui::ScrollArea::vertical().max_height(300.0).show(ui, |ui| {
                let mut wants_all = step.columns == all;
                if ui.checkbox(&mut wants_all, columns_word(&all)).clicked() {
                    step.columns = if wants_all { all.clone() } else { Columns::Named(Vec::new()) };
                }
                ui.separator();
                for column in offered.iter().filter(|c| fits(c, reads)) {
                    let mut names = match &step.columns {
                        Columns::Named(names) => names.clone(),
                        _ => Vec::new(),
                    };
                    let mut on = names.contains(&column.name);
                    if ui.checkbox(&mut on, &column.name).clicked() {
                        if on {
                            names.push(column.name.clone())
                        } else {
                            names.retain(|n| *n != column.name)
                        };
                        step.columns = Columns::Named(names);
                    }
                }
            });
        });
    });
}

fn rule_ui(ui: &mut Ui, ctx: &UiCtx, rule: &mut StepRule, offered: &[&ColumnSchema]) {
    match rule {
        StepRule::Impute { with, indicator } => fill_ui(ui, ctx, with, indicator),
        StepRule::Scale { method } => {
            let all = [Scaling::Standard, Scaling::Robust, Scaling::MinMax, Scaling::Quantile, Scaling::Power];
            choose(ui, ctx, "Method", &all.map(|m| (m, scaling_word(m).to_owned())), method, 240.0);
        }
        StepRule::OneHot { max_categories, unknown } => {
            whole(ui, ctx, "Most categories", max_categories, 1..=10_000);
            let words = [
                (UnknownCategory::Ignore, "none of them".to_owned()),
                (UnknownCategory::Missing, "missing".to_owned()),
            ];
            choose(ui, ctx, "An unknown category is", &words, unknown, 130.0);
        }
        StepRule::TargetMean { folds, smoothing } => {
            whole(ui, ctx, "Parts of the rows", folds, 2..=50);
            let mut own = smoothing.is_some();
            parts::field(ui, ctx, "Smoothing", |ui| {
                ui.horizontal(|ui| {
                    if ui.checkbox(&mut own, "of my own").on_hover_text("Else chosen by the spread").clicked() {
                        *smoothing = own.then_some(10.0);
                    }
                    if let Some(rows) = smoothing {
                        ui.add(DragValue::new(rows).range(0.0..=1e6).suffix(" rows"));
                    }
                });
            });
        }
        StepRule::GroupRare { min_rows, max_categories } => {
            whole(ui, ctx, "Fewest rows", min_rows, 1..=1_000_000);
            whole(ui, ctx, "Most categories", max_categories, 1..=10_000);
        }
        StepRule::Bin { method, bins } => {
            let words = [
                (Binning::Quantile, "as many rows in each".to_owned()),
                (Binning::Uniform, "of equal width".to_owned()),
            ];
            choose(ui, ctx, "Bins", &words, method, 160.0);
            whole(ui, ctx, "Number", bins, 2..=255);
        }
        StepRule::DateParts { parts: chosen, .. } => {
            several(ui, ctx, "Parts", &DatePart::ALL, chosen, DatePart::as_str)
        }
        StepRule::Words { weight, max_words } => {
            let words = [(WordWeight::Count, "counted".to_owned()), (WordWeight::TfIdf, "TF-IDF".to_owned())];
            choose(ui, ctx, "Weight", &words, weight, 100.0);
            whole(ui, ctx, "Most words", max_words, 1..=10_000);
        }
        StepRule::HashWords { columns_made } => whole(ui, ctx, "Columns made", columns_made, 2..=4096),
        StepRule::Combine { how } => {
            let all = [Combination::Product, Combination::Ratio, Combination::Sum, Combination::Difference];
            choose(ui, ctx, "How", &all.map(|c| (c, format!("a {} b", c.sign()))), how, 100.0);
        }
        StepRule::Group { by, aggregates } => {
            let by_word = offered.iter().filter(|c| c.kind != ColumnKind::Numeric);
            let options: Vec<(String, String)> = by_word.map(|c| (c.name.clone(), c.name.clone())).collect();
            choose(ui, ctx, "By", &options, by, 140.0);
            let all = [Aggregate::Mean, Aggregate::Min, Aggregate::Max, Aggregate::Count, Aggregate::Std];
            several(ui, ctx, "What", &all, aggregates, Aggregate::as_str);
        }
        StepRule::Formula { name, expression } => formula_ui(ui, ctx, name, expression),
        StepRule::Clip { limits } => clip_ui(ui, ctx, limits),
        StepRule::Select { by } => select_ui(ui, ctx, by),
        StepRule::Ordinal | StepRule::Frequency | StepRule::TextLength | StepRule::Drop => {}
    }
}

fn fill_ui(ui: &mut Ui, ctx: &UiCtx, with: &mut FillRule, indicator: &mut bool) {
    let number = match with {
        FillRule::Number(value) => *value,
        _ => 0.0,
    };
    let text = match with {
        FillRule::Text(text) => text.clone(),
        _ => "missing".to_owned(),
    };
    let all = [
        (FillRule::Median, "median".to_owned()),
        (FillRule::Mean, "mean".to_owned()),
        (FillRule::Mode, fill_word(&FillRule::Mode)),
        (FillRule::Number(number), "a number".to_owned()),
        (FillRule::Text(text), "a word".to_owned()),
    ];
    choose(ui, ctx, "Gaps become", &all, with, 120.0);
    match with {
        FillRule::Number(value) => drop(parts::field(ui, ctx, "Number", |ui| ui.add(DragValue::new(value).speed(0.1)))),
        FillRule::Text(text) => {
            parts::field(ui, ctx, "Word", |ui| ui.add(TextEdit::singleline(text).desired_width(90.0)));
        }
        _ => {}
    }
    ui.checkbox(indicator, "Add a column that says where").on_hover_text("1 where there was no value");
}

fn formula_ui(ui: &mut Ui, ctx: &UiCtx, name: &mut String, expression: &mut String) {
    parts::field(ui, ctx, "New column", |ui| {
        let edit = ui.add(TextEdit::singleline(name).desired_width(110.0));
        name_it(ui, &edit, "Name of the new column");
    });
    parts::field(ui, ctx, "Formula", |ui| {
        let hint = "log(charge) / (months + 1)";
        let edit = ui.add(TextEdit::singleline(expression).hint_text(hint).desired_width(260.0));
        name_it(ui, &edit, "Formula");
    });
    if expression.trim().is_empty() {
        return;
    }
    if let Err(error) = crate::domain::formula::parse(expression) {
        parts::alert(ui, ctx, crate::ui::widgets::badge::Tone::Bad, &error.to_string());
    }
}

fn clip_ui(ui: &mut Ui, ctx: &UiCtx, limits: &mut ClipRule) {
    let (low, high) = match limits {
        ClipRule::Quantiles(low, high) => (*low, *high),
        ClipRule::Iqr(_) => (0.01, 0.99),
    };
    let distance = match limits {
        ClipRule::Iqr(distance) => *distance,
        ClipRule::Quantiles(..) => 1.5,
    };
    let all = [
        (ClipRule::Quantiles(low, high), "at shares of the rows".to_owned()),
        (ClipRule::Iqr(distance), "beyond the quartiles".to_owned()),
    ];
    choose(ui, ctx, "Limits", &all, limits, 160.0);
    match limits {
        ClipRule::Quantiles(low, high) => {
            share(ui, ctx, "Lower", low, 0.0..=0.49);
            share(ui, ctx, "Upper", high, 0.51..=1.0);
        }
        ClipRule::Iqr(distance) => {
            parts::field(ui, ctx, "Distances between them", |ui| {
                ui.add(DragValue::new(distance).range(0.0..=100.0).speed(0.05))
            });
        }
    }
}

fn select_ui(ui: &mut Ui, ctx: &UiCtx, by: &mut SelectRule) {
    let n = match by {
        SelectRule::Correlation(n) | SelectRule::MutualInformation(n) => *n,
        _ => 20,
    };
    let mut all = vec![
        (SelectRule::Correlation(n), "largest correlation with the target".to_owned()),
        (SelectRule::MutualInformation(n), "largest mutual information".to_owned()),
        (SelectRule::Variance(0.0), "variance above".to_owned()),
    ];
    if let SelectRule::Variance(least) = by {
        all[2].0 = SelectRule::Variance(*least);
    }
    if let SelectRule::Listed(names) = by {
        all.push((SelectRule::Listed(names.clone()), names.join(", ")));
    }
    choose(ui, ctx, "Keep those with", &all, by, 230.0);
    match by {
        SelectRule::Correlation(n) | SelectRule::MutualInformation(n) => whole(ui, ctx, "How many", n, 1..=100_000),
        SelectRule::Variance(least) => {
            parts::field(ui, ctx, "Variance", |ui| ui.add(DragValue::new(least).range(0.0..=1e12).speed(0.01)));
        }
        SelectRule::Listed(_) => {}
    }
}

fn choose<T: Clone + PartialEq>(
    ui: &mut Ui,
    ctx: &UiCtx,
    label: &str,
    options: &[(T, String)],
    value: &mut T,
    width: f32,
) {
    parts::field(ui, ctx, label, |ui| {
        if let Some(Some(picked)) = parts::pick(ui, label, options, Some(value), None, width) {
            *value = picked;
        }
    });
}

fn whole<N: egui::emath::Numeric>(
    ui: &mut Ui,
    ctx: &UiCtx,
    label: &str,
    value: &mut N,
    range: std::ops::RangeInclusive<N>,
) {
    parts::field(ui, ctx, label, |ui| {
        ui.add_sized(vec2(76.0, space::ROW), DragValue::new(value).range(range).speed(0.2)).accessible_name(label);
    });
}

fn share(ui: &mut Ui, ctx: &UiCtx, label: &str, value: &mut f64, range: std::ops::RangeInclusive<f64>) {
    parts::field(ui, ctx, label, |ui| {
        ui.add_sized(vec2(70.0, space::ROW), DragValue::new(value).range(range).speed(0.001)).accessible_name(label);
    });
}

fn several<T: Copy + PartialEq>(
    ui: &mut Ui,
    ctx: &UiCtx,
    label: &str,
    all: &[T],
    chosen: &mut Vec<T>,
    word: fn(T) -> &'static str,
) {
    parts::field(ui, ctx, label, |ui| {
        ui.horizontal_wrapped(|ui| {
            for one in all {
                let mut on = chosen.contains(one);
                if ui.checkbox(&mut on, word(*one)).clicked() {
                    *chosen = all.iter().copied().filter(|o| if o == one { on } else { chosen.contains(o) }).collect();
                }
            }
        });
    });
}
