//! Step 3: which rows test, how often, and what makes a decision of a probability.

use egui::{DragValue, Ui, vec2};

use crate::domain::run::Sample;
use crate::domain::schema::ColumnKind;
use crate::domain::task::Task;
use crate::domain::training::CalibrationMethod;
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::pages::train::About;
use crate::ui::pages::train::model::{self, ClassBalance, SplitChoice, TrainForm};
use crate::ui::theme::tokens::space;

pub fn split_ui(ui: &mut Ui, ctx: &UiCtx, form: &mut TrainForm, about: &About) {
    kinds_ui(ui, form, about);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::M;
        column_ui(ui, ctx, form, about);
        parts::field(ui, ctx, "Test share", |ui| {
            let value = DragValue::new(&mut form.test_percent).range(0.0..=100.0).speed(0.5).suffix(" %");
            ui.add_sized(vec2(72.0, space::ROW), value).on_hover_text("Share of the rows kept aside to test on");
        });
        parts::field(ui, ctx, "Folds", |ui| {
            ui.add_sized(vec2(56.0, space::ROW), DragValue::new(&mut form.folds).range(0..=50).speed(0.05))
                .on_hover_text("k-fold cross-validation on the training rows; 0 for none");
        });
        parts::field(ui, ctx, "Repeats", |ui| {
            let enabled = form.folds > 0 && form.split != SplitChoice::Time;
            let drag = DragValue::new(&mut form.repeats).range(1..=20).speed(0.05);
            ui.add_enabled_ui(enabled, |ui| ui.add_sized(vec2(56.0, space::ROW), drag))
                .inner
                .on_hover_text("Times the folds are dealt anew: a steadier score for more time")
                .on_disabled_hover_text("Folds in the order of time are dealt in one way only");
        });
        parts::field(ui, ctx, "Seed", |ui| {
            ui.add_sized(vec2(72.0, space::ROW), DragValue::new(&mut form.seed).speed(1.0))
                .on_hover_text("The same seed draws the same rows and trains the same models");
        });
    });
    parts::note(ui, ctx, &rows_words(form, about));
    ui.add_space(space::XS);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::M;
        decisions_ui(ui, ctx, form, about);
    });
}

fn kinds_ui(ui: &mut Ui, form: &mut TrainForm, about: &About) {
    let times = !model::time_columns(&about.version.schema).is_empty();
    ui.horizontal_wrapped(|ui| {
        let choices = [
            (SplitChoice::Stratified, "Stratified", "Every class keeps its share in the train and the test rows"),
            (SplitChoice::Random, "Random", "Rows are drawn by chance"),
            (SplitChoice::Group, "By group", "Rows that belong together stay on one side: one customer, one patient"),
            (SplitChoice::Time, "By time", "The latest rows test, as in real use"),
        ];
        for (choice, word, help) in choices {
            let enabled = choice != SplitChoice::Time || times;
            let radio = egui::RadioButton::new(form.split == choice, word);
            let response = ui.add_enabled(enabled, radio).on_hover_text(help);
            if response.on_disabled_hover_text("There is no date column").clicked() {
                form.split = choice;
                form.settled = true;
            }
        }
    });
}

/// The column of a split by time or group, and that of the weights.
fn column_ui(ui: &mut Ui, ctx: &UiCtx, form: &mut TrainForm, about: &About) {
    let version = about.version;
    let options = |names: Vec<&str>| names.into_iter().map(|n| (n.to_owned(), n.to_owned())).collect::<Vec<_>>();
    match form.split {
        SplitChoice::Time => {
            let options = options(model::time_columns(&version.schema));
            parts::field(ui, ctx, "Date column", |ui| {
                if let Some(column) = parts::pick(ui, "Date column", &options, form.time_column.as_ref(), None, 130.0) {
                    form.time_column = column;
                }
            });
        }
        SplitChoice::Group => {
            let names = version.schema.names().filter(|n| Some(*n) != form.target.as_deref()).collect();
            let options = options(names);
            parts::field(ui, ctx, "Group column", |ui| {
                let picked = parts::pick(ui, "Group column", &options, form.group_column.as_ref(), None, 130.0);
                if let Some(column) = picked {
                    form.group_column = column;
                    form.settled = true;
                }
            });
        }
        SplitChoice::Random | SplitChoice::Stratified => {}
    }
    let numbers = version.schema.columns.iter().filter(|c| c.kind == ColumnKind::Numeric);
    let options = options(numbers.map(|c| c.name.as_str()).filter(|n| Some(*n) != form.target.as_deref()).collect());
    parts::field(ui, ctx, "Row weights", |ui| {
        let none = "all rows alike";
        if let Some(column) = parts::pick(ui, "Row weights", &options, form.weight.as_ref(), Some(none), 130.0) {
            form.weight = column;
            form.settled = true;
        }
    });
}

fn rows_words(form: &TrainForm, about: &About) -> String {
    let (mut train, mut test) = model::split_rows(form, about.version);
    // What does not fit the memory budget is not drawn.
    let sample = about.plan.and_then(|plan| plan.sample.as_ref());
    let of_sample = |rows: u64, sample: &Sample| (rows as f64 * sample.rows as f64 / sample.of.max(1) as f64) as u64;
    if let Some(sample) = sample {
        (train, test) = (of_sample(train, sample), of_sample(test, sample));
    }
    let mut rows = format!("About {} rows train and {} test", format::count(train), format::count(test));
    let without = about.version.rows.saturating_sub(train + test);
    if let Some(sample) = sample {
        rows += &format!(", drawn from {}: the others do not fit the memory budget", format::count(sample.of));
    } else if without > 0 {
        rows += &format!("; {} without a target are left out", format::count(without));
    }
    if let Some(plan) = about.plan {
        rows += &format!(". Proposed: {}", format::sentence(&plan.split_reason));
    }
    rows
}

fn decisions_ui(ui: &mut Ui, ctx: &UiCtx, form: &mut TrainForm, about: &About) {
    let task = form.task(about.version);
    if !task.is_some_and(Task::is_classification) {
        return;
    }
    parts::field(ui, ctx, "Class balance", |ui| {
        let options = ClassBalance::ALL.map(|(choice, word)| (choice, word.to_owned()));
        if let Some(Some(balance)) = parts::pick(ui, "Class balance", &options, Some(&form.balance), None, 170.0) {
            form.balance = balance;
        }
    });
    parts::field(ui, ctx, "Calibration", |ui| {
        let options = [
            (CalibrationMethod::Platt, "Platt (a logistic curve)".to_owned()),
            (CalibrationMethod::Isotonic, "Isotonic (any rising curve)".to_owned()),
        ];
        let none = "as the model says";
        let picked = parts::pick(ui, "Calibration", &options, form.calibration.as_ref(), Some(none), 170.0);
        if let Some(method) = picked {
            form.calibration = method;
        }
    });
    if task == Some(Task::Binary) {
        parts::field(ui, ctx, "Threshold", |ui| {
            let options = form.threshold.options();
            if let Some(Some(choice)) = parts::pick(ui, "Threshold", &options, Some(&form.threshold), None, 130.0) {
                form.threshold = choice;
            }
        });
    }
}
