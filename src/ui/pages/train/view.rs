//! Draws the Train page: the form in four steps, the leaderboard below, the reasons beside.

use egui::{ComboBox, DragValue, Label, RichText, ScrollArea, TextEdit, Ui, vec2};

use crate::domain::dataset::DatasetVersion;
use crate::domain::metric::Metric;
use crate::domain::params::{Algorithm, ParamKind, ParamSpec, ParamValue};
use crate::domain::run::Run;
use crate::domain::task::Task;
use crate::state::command::{Command, Page, PickFor};
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::pages::parts::table::{Cell, Column, Event, Rows, table_ui};
use crate::ui::palette::name_it;
use crate::ui::theme::icons::{self, Icon};
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::Tone;
use crate::ui::widgets::page::{Primary, card, inspector_panel, main_panel, page_header, section};
use crate::ui::widgets::states;

use super::TrainPage;
use super::model::{self, FormProblem, LeaderRow, SplitChoice, TrainForm};

const TITLE: &str = "Train";
const SUBTITLE: &str = "What to predict, and with what?";

pub fn train_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut TrainPage) {
    let Some(history) = ctx.state.history.value() else {
        page_header(ui, ctx, TITLE, SUBTITLE, None);
        parts::history(ui, ctx, "datasets");
        return;
    };
    let focused = ctx.state.focus.version.and_then(|id| history.version(id));
    let Some(version) = focused.or(history.versions.last()) else {
        page_header(ui, ctx, TITLE, SUBTITLE, None);
        return main_panel(ui, |ui| {
            let more = "Choose a target, and baseline, linear and tree models are trained and compared";
            let import = ("Import a file…", Command::Pick(PickFor::ImportFiles));
            states::empty(ui, ctx, Icon::Train, "No data to learn from yet", more, Some(import));
        });
    };
    let mut form = match page.form.take() {
        Some((id, form)) if id == version.id => form,
        _ => TrainForm::propose(version, history),
    };
    let problems = model::problems(&form, version);
    let primary = Primary::new(model::train_label(&form), Command::Train(form.request(version)));
    let why_not = problems.first().map(|p| p.message.clone());
    page_header(ui, ctx, TITLE, SUBTITLE, Some(primary.unless(why_not)));
    let rows = form.target.as_deref().map(|t| model::leaderboard(history, version, t)).unwrap_or_default();
    inspector_panel(ui, ctx, "train", |ui| inspector_ui(ui, ctx, &form, version, &problems, &rows));
    main_panel(ui, |ui| {
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            form_ui(ui, ctx, page, &mut form, version, &problems);
            ui.add_space(space::S);
            card(ui, ctx, |ui| leaderboard_ui(ui, ctx, &rows, &form, version));
        });
    });
    page.form = Some((version.id, form));
}

fn form_ui(
    ui: &mut Ui,
    ctx: &UiCtx,
    page: &mut TrainPage,
    form: &mut TrainForm,
    version: &DatasetVersion,
    problems: &[FormProblem],
) {
    let wide = ui.available_width() >= 560.0;
    if wide {
        ui.columns_const(|[left, right]| {
            card(left, ctx, |ui| target_ui(ui, ctx, form, version, problems));
            card(left, ctx, |ui| columns_ui(ui, ctx, page, form, version, problems));
            card(right, ctx, |ui| split_ui(ui, ctx, form, version, problems));
            card(right, ctx, |ui| algorithms_ui(ui, ctx, form, version, problems));
        });
    } else {
        card(ui, ctx, |ui| target_ui(ui, ctx, form, version, problems));
        card(ui, ctx, |ui| columns_ui(ui, ctx, page, form, version, problems));
        card(ui, ctx, |ui| split_ui(ui, ctx, form, version, problems));
        card(ui, ctx, |ui| algorithms_ui(ui, ctx, form, version, problems));
    }
}

/// The number and title of a step, and below what is wrong with it.
fn step_ui(ui: &mut Ui, ctx: &UiCtx, step: u8, title: &str, problems: &[FormProblem]) {
    section(ui, ctx, &format!("{step} · {title}"));
    for problem in problems.iter().filter(|p| p.step == step) {
        parts::alert(ui, ctx, Tone::Bad, &problem.message);
    }
}

fn target_ui(ui: &mut Ui, ctx: &UiCtx, form: &mut TrainForm, version: &DatasetVersion, problems: &[FormProblem]) {
    step_ui(ui, ctx, 1, "Target", problems);
    let width = ((ui.available_width() - space::M) / 2.0).clamp(100.0, 200.0);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::M;
        parts::field(ui, ctx, "Column to predict", |ui| {
            let options: Vec<(String, String)> = version.schema.names().map(|n| (n.to_owned(), n.to_owned())).collect();
            if let Some(target) = parts::pick(ui, "Column to predict", &options, form.target.as_ref(), None, width) {
                form.set_target(version, target);
            }
        });
        parts::field(ui, ctx, "Task", |ui| {
            let proposed = form.proposal(version).ok().map(|p| model::task_words(p.task)).unwrap_or("unknown");
            let none = format!("{proposed} (proposed)");
            let options =
                [Task::Binary, Task::Multiclass, Task::Regression].map(|t| (t, model::task_words(t).to_owned()));
            if let Some(task) = parts::pick(ui, "Task", &options, form.task.as_ref(), Some(&none), width) {
                form.set_task(version, task);
            }
        });
    });
    if let Ok(proposal) = form.proposal(version) {
        parts::note(ui, ctx, &proposal.reason);
    }
}

fn columns_ui(
    ui: &mut Ui,
    ctx: &UiCtx,
    page: &mut TrainPage,
    form: &mut TrainForm,
    version: &DatasetVersion,
    problems: &[FormProblem],
) {
    step_ui(ui, ctx, 2, "Columns", problems);
    let total = version.schema.columns.len().saturating_sub(usize::from(form.target.is_some()));
    parts::note(ui, ctx, &format!("{} of {total} columns are used", model::feature_count(form, version)));
    if version.schema.columns.len() > 12 {
        let edit = TextEdit::singleline(&mut page.column_filter).hint_text("Filter columns").desired_width(160.0);
        let edit = ui.add(edit);
        name_it(ui, &edit, "Filter columns");
    }
    let wanted = page.column_filter.to_lowercase();
    let shown: Vec<_> = version
        .schema
        .columns
        .iter()
        .filter(|c| Some(&c.name) != form.target.as_ref() && c.name.to_lowercase().contains(&wanted))
        .collect();
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical()
        .id_salt("columns")
        .max_height(216.0)
        .min_scrolled_height(216.0)
        .auto_shrink([false, true])
        .show_rows(ui, space::ROW, shown.len(), |ui, range| {
            for column in &shown[range] {
                column_row(ui, ctx, form, column, version.rows);
            }
        });
}

fn column_row(ui: &mut Ui, ctx: &UiCtx, form: &mut TrainForm, column: &crate::domain::schema::ColumnSchema, rows: u64) {
    let reason = model::left_out_by_rule(column, rows);
    let mut on = reason.is_none() && !form.exclude.contains(&column.name);
    ui.horizontal(|ui| {
        ui.set_height(space::ROW);
        let text = RichText::new(&column.name).color(if on { ctx.tokens.text } else { ctx.tokens.text_weak });
        let name = format!("Learn from {}", column.name);
        let response = ui.add_enabled(reason.is_none(), egui::Checkbox::new(&mut on, text)).accessible_name(name);
        if response.clicked() {
            if on {
                form.exclude.remove(&column.name)
            } else {
                form.exclude.insert(column.name.clone())
            };
        }
        icons::icon(ui, Icon::of_kind(column.kind), 12.0, ctx.tokens.text_weak).on_hover_text(column.kind.as_str());
        let more = match &reason {
            Some(reason) => reason.clone(),
            None if column.missing > 0 => {
                format!("{} missing", format::percent(column.missing as f64 / rows.max(1) as f64))
            }
            None => String::new(),
        };
        ui.add(Label::new(RichText::new(more).size(size::DATA).color(ctx.tokens.text_weak)).truncate());
    });
}

fn split_ui(ui: &mut Ui, ctx: &UiCtx, form: &mut TrainForm, version: &DatasetVersion, problems: &[FormProblem]) {
    step_ui(ui, ctx, 3, "Split", problems);
    let times = model::time_columns(&version.schema);
    ui.horizontal_wrapped(|ui| {
        let choices = [
            (SplitChoice::Stratified, "Stratified", "Every class keeps its share in the train and the test rows"),
            (SplitChoice::Random, "Random", "Rows are drawn by chance"),
            (SplitChoice::Time, "By time", "The latest rows test, as in real use"),
        ];
        for (choice, word, help) in choices {
            let enabled = choice != SplitChoice::Time || !times.is_empty();
            let radio = egui::RadioButton::new(form.split == choice, word);
            let response = ui.add_enabled(enabled, radio).on_hover_text(help);
            if response.on_disabled_hover_text("There is no date column").clicked() {
                form.split = choice;
            }
        }
    });
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::M;
        if form.split == SplitChoice::Time {
            let options: Vec<(String, String)> = times.iter().map(|t| ((*t).to_owned(), (*t).to_owned())).collect();
            parts::field(ui, ctx, "Date column", |ui| {
                if let Some(column) = parts::pick(ui, "Date column", &options, form.time_column.as_ref(), None, 130.0) {
                    form.time_column = column;
                }
            });
        }
        parts::field(ui, ctx, "Test share", |ui| {
            let value = DragValue::new(&mut form.test_percent).range(0.0..=100.0).speed(0.5).suffix(" %");
            ui.add_sized(vec2(72.0, space::ROW), value).on_hover_text("Share of the rows kept aside to test on");
        });
        parts::field(ui, ctx, "Folds", |ui| {
            ui.add_sized(vec2(56.0, space::ROW), DragValue::new(&mut form.folds).range(0..=50).speed(0.05))
                .on_hover_text("Cross-validation on the training rows; 0 for none");
        });
        parts::field(ui, ctx, "Seed", |ui| {
            ui.add_sized(vec2(72.0, space::ROW), DragValue::new(&mut form.seed).speed(1.0))
                .on_hover_text("The same seed draws the same rows");
        });
    });
    let (train, test) = model::split_rows(form, version);
    let mut rows = format!("About {} rows train and {} test", format::count(train), format::count(test));
    let without = version.rows.saturating_sub(train + test);
    if without > 0 {
        rows += &format!("; {} without a target are left out", format::count(without));
    }
    parts::note(ui, ctx, &rows);
}

fn algorithms_ui(ui: &mut Ui, ctx: &UiCtx, form: &mut TrainForm, version: &DatasetVersion, problems: &[FormProblem]) {
    step_ui(ui, ctx, 4, "Algorithms", problems);
    let Some(task) = form.task(version) else {
        return parts::note(ui, ctx, "They follow from the target");
    };
    for algorithm in Algorithm::for_task(task) {
        let mut on = form.algorithms.contains(&algorithm);
        if ui.checkbox(&mut on, algorithm.title()).on_hover_text(algorithm.about()).clicked() {
            if on {
                form.algorithms.insert(algorithm)
            } else {
                form.algorithms.remove(&algorithm)
            };
        }
        if on && !algorithm.parameters().is_empty() {
            ui.indent(algorithm.as_str(), |ui| {
                for spec in algorithm.parameters() {
                    param_row(ui, ctx, form, algorithm, spec);
                }
            });
        }
    }
}

fn param_row(ui: &mut Ui, ctx: &UiCtx, form: &mut TrainForm, algorithm: Algorithm, spec: &ParamSpec) {
    let draft = form.params.entry(algorithm).or_default();
    let default = spec.default_value();
    let mut value = draft.get(spec.name).cloned().unwrap_or_else(|| default.clone());
    ui.horizontal(|ui| {
        ui.allocate_ui(vec2(128.0, space::ROW), |ui| {
            ui.set_min_width(128.0);
            let name = RichText::new(spec.name.replace('_', " ")).size(size::DATA).color(ctx.tokens.text_weak);
            ui.label(name).on_hover_text(spec.help);
        });
        let name = format!("{} {}", algorithm.title(), spec.name);
        if param_value(ui, spec, &name, &mut value) {
            draft.insert(spec.name.to_owned(), value);
        }
        if draft.get(spec.name).is_some_and(|v| *v != default) && ui.small_button("Reset").clicked() {
            draft.remove(spec.name);
        }
    });
}

/// A number to drag or a list to choose from; whether it changed.
fn param_value(ui: &mut Ui, spec: &ParamSpec, name: &str, value: &mut ParamValue) -> bool {
    match spec.kind {
        ParamKind::Number { default, min, max, whole } => {
            let mut number = value.number().unwrap_or(default);
            let speed = if whole { 0.2 } else { (default / 100.0).max(0.001) };
            let mut drag = DragValue::new(&mut number).speed(speed).range(min..=max);
            if whole {
                drag = drag.max_decimals(0);
            }
            let range = format!("{}\n{} to {}", spec.help, format::number(min), format::number(max));
            let response = ui.add_sized(vec2(80.0, space::ROW - 2.0), drag).accessible_name(name).on_hover_text(range);
            let changed = response.changed();
            if changed {
                *value = ParamValue::Number(number);
            }
            changed
        }
        ParamKind::Choice { words, .. } => {
            let mut chosen = value.to_string();
            let before = chosen.clone();
            let combo = ComboBox::from_id_salt(name).selected_text(chosen.clone()).show_ui(ui, |ui| {
                for word in words {
                    ui.selectable_value(&mut chosen, (*word).to_owned(), *word);
                }
            });
            name_it(ui, &combo.response, name);
            combo.response.on_hover_text(spec.help);
            if chosen != before {
                *value = ParamValue::Word(chosen);
                return true;
            }
            false
        }
    }
}

fn leaderboard_ui(ui: &mut Ui, ctx: &UiCtx, rows: &[LeaderRow], form: &TrainForm, version: &DatasetVersion) {
    section(ui, ctx, "Leaderboard");
    let Some(target) = &form.target else {
        return parts::note(ui, ctx, "Choose a target to see its runs");
    };
    if rows.is_empty() {
        progress_ui(ui, ctx);
        let words = format!("No run predicts {target} of {} yet. Runs appear here while they train", version.dataset);
        return parts::note(ui, ctx, &words);
    }
    progress_ui(ui, ctx);
    let metric = rows.first().map_or(Metric::RocAuc, |r| Metric::primary(r.run.plan.task));
    let way = if metric.higher_is_better() { "higher is better" } else { "lower is better" };
    parts::note(ui, ctx, &format!("{} of {target}, {way}", metric.title()));
    let columns = [
        Column::new("Status", 104.0),
        Column::new("Model", 150.0).grows(),
        Column::new("Data", 120.0),
        Column::new("Score", 124.0)
            .right()
            .help("Mean over the folds ± standard deviation; without folds, on the test rows"),
        Column::new("Train", 66.0).right().help("On the rows it learned from"),
        Column::new("Test", 66.0).right().help("On rows it never saw"),
        Column::new("Fit", 60.0).right().help("Seconds of fitting"),
    ];
    let table = Leaders { rows, focus: ctx.state.focus.run };
    match table_ui(ui, ctx, "leaderboard", &columns, &table, 320.0) {
        Some(Event::Row(row)) => ctx.send(Command::FocusRun(rows[row].run.id)),
        Some(Event::Open(row)) => {
            ctx.send(Command::FocusRun(rows[row].run.id));
            ctx.send(Command::GoTo(Page::Runs));
        }
        _ => {}
    }
}

/// The trainings under way, each with its phase and a way to stop it.
fn progress_ui(ui: &mut Ui, ctx: &UiCtx) {
    for job in ctx.state.jobs.views().filter(|job| job.title.starts_with("Train")) {
        ui.horizontal(|ui| {
            let left = job.eta_seconds.map_or_else(String::new, |s| format!(" · {} left", format::duration(s)));
            if let Some(fraction) = job.fraction {
                let bar = egui::ProgressBar::new(fraction as f32).desired_width(160.0).desired_height(8.0);
                let _ = ui.add(bar.fill(ctx.tokens.accent)).accessible_name(&job.title);
            }
            ui.label(RichText::new(format!("{} · {}{left}", job.title, job.phase)).color(ctx.tokens.text_weak));
            if job.cancellable && ui.small_button("Cancel").clicked() {
                ctx.send(Command::CancelJob(job.id));
            }
        });
    }
}

struct Leaders<'a> {
    rows: &'a [LeaderRow<'a>],
    focus: Option<crate::domain::ids::RunId>,
}

impl Rows for Leaders<'_> {
    fn count(&self) -> usize {
        self.rows.len()
    }

    fn cells(&self, row: usize) -> Vec<Cell> {
        let row = &self.rows[row];
        let run = row.run;
        let name = format!("{} · run {}", run.plan.algorithm.title(), run.id);
        vec![
            Cell::Tone(Tone::of_status(run.status), run.status.as_str().to_owned()),
            if row.best { Cell::Best(format!("{name} · best")) } else { Cell::Text(name) },
            Cell::Weak(run.plan.dataset.clone()),
            Cell::Text(row.score.clone()),
            Cell::Weak(row.train.clone()),
            Cell::Text(row.test.clone()),
            Cell::Weak(fit_time(run)),
        ]
    }

    fn selected(&self, row: usize) -> bool {
        self.focus == Some(self.rows[row].run.id)
    }
}

fn fit_time(run: &Run) -> String {
    if run.timings.fit_seconds > 0.0 { format::duration(run.timings.fit_seconds) } else { "—".to_owned() }
}

fn inspector_ui(
    ui: &mut Ui,
    ctx: &UiCtx,
    form: &TrainForm,
    version: &DatasetVersion,
    problems: &[FormProblem],
    rows: &[LeaderRow],
) {
    ui.label(RichText::new("Why this proposal").font(medium(size::TITLE)).color(ctx.tokens.text));
    if problems.is_empty() {
        parts::alert(ui, ctx, Tone::Ok, "Ready to train");
    }
    for problem in problems {
        parts::alert(ui, ctx, Tone::Bad, &format!("Step {}: {}", problem.step, problem.message));
    }
    let mut facts = vec![("Data", format!("{}, {}", version.label(), format::counted(version.rows, "row", "rows")))];
    if let Ok(proposal) = form.proposal(version) {
        facts.push(("Task", format!("{}. {}", model::task_words(form.task.unwrap_or(proposal.task)), proposal.reason)));
    }
    if let Some(task) = form.task(version) {
        let metric = Metric::primary(task);
        facts.push(("Ranked by", format!("{}. {}", metric.title(), metric.explanation())));
    }
    let recipe =
        "Median for missing numbers, indicators for categories, numbers scaled; learned on the train rows only";
    facts.push(("Recipe", recipe.to_owned()));
    parts::facts(ui, ctx, &facts);
    ui.add_space(space::S);
    parts::heading(ui, ctx, "Left out by rule");
    let out = version.schema.columns.iter().filter(|c| Some(&c.name) != form.target.as_ref());
    let out: Vec<(&str, String)> =
        out.filter_map(|c| Some((c.name.as_str(), model::left_out_by_rule(c, version.rows)?))).collect();
    if out.is_empty() {
        parts::note(ui, ctx, "Nothing");
    }
    parts::facts(ui, ctx, &out);
    if let Some(row) = rows.iter().find(|r| ctx.state.focus.run == Some(r.run.id)) {
        focused_run_ui(ui, ctx, row);
    }
}

fn focused_run_ui(ui: &mut Ui, ctx: &UiCtx, row: &LeaderRow) {
    let run = row.run;
    ui.add_space(space::S);
    parts::heading(ui, ctx, &format!("Run {} · {}", run.id, run.plan.algorithm.title()));
    if let Some(problem) = &run.problem {
        parts::alert(ui, ctx, Tone::Bad, problem);
    }
    let params: Vec<(String, String)> =
        run.plan.params.iter().map(|(name, value)| (name.replace('_', " "), format::parameter(value))).collect();
    if params.is_empty() {
        parts::note(ui, ctx, "It has no parameters");
    }
    parts::facts(ui, ctx, &params);
    if ui.button("Open in Runs").clicked() {
        ctx.send(Command::FocusRun(run.id));
        ctx.send(Command::GoTo(Page::Runs));
    }
}
