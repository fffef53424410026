//! The full record of the run in focus.

use egui::{RichText, Ui};

use crate::domain::history::History;
use crate::domain::metric::Metric;
use crate::domain::run::Run;
use crate::domain::schema::ColumnKind;
use crate::state::command::{Command, Page, PickFor};
use crate::ui::ctx::UiCtx;
use crate::ui::format::{self, count};
use crate::ui::pages::parts;
use crate::ui::pages::train::model::{metric_number, score_text, task_words};
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::{Tone, badge};

use super::model;

pub fn record_ui(ui: &mut Ui, ctx: &UiCtx, history: &History, run: &Run) {
    let title = format!("Run {} · {}", run.id, run.plan.algorithm.title());
    ui.label(RichText::new(title).font(medium(size::TITLE)).color(ctx.tokens.text));
    ui.horizontal_wrapped(|ui| {
        badge(ui, ctx, Tone::of_status(run.status), run.status.as_str());
        let metric = Metric::primary(run.plan.task);
        if run.score().is_some() {
            parts::note(ui, ctx, &format!("{} {}", metric.title(), score_text(run)));
        }
    });
    buttons_ui(ui, ctx, run);
    super::reproduced::reproduced_ui(ui, ctx, run);
    if let Some(problem) = &run.problem {
        parts::alert(ui, ctx, Tone::Bad, problem);
    }
    for warning in &run.warnings {
        parts::alert(ui, ctx, Tone::Warn, warning);
    }
    // What makes the metrics doubtful stands above them.
    let alarms = parts::split_check::has_alarms(ctx, run);
    if alarms {
        parts::split_check::findings_ui(ui, ctx, run);
    }
    let part = |ui: &mut Ui, title: &str, lines: &[(String, String)]| {
        if !lines.is_empty() {
            ui.add_space(space::XS);
            parts::heading(ui, ctx, title);
            parts::facts(ui, ctx, lines);
        }
    };
    part(ui, "Metrics on the test rows", &metrics(run));
    if !run.metrics.interval.is_empty() {
        parts::note(ui, ctx, "With 95 % confidence intervals; a dummy knows only how the target is distributed");
    }
    part(ui, "Plan", &plan(run, history));
    part(ui, "Parameters", &parameters(run));
    part(ui, "Split", &split(run));
    if !alarms {
        parts::split_check::findings_ui(ui, ctx, run);
    }
    part(ui, "Left out", &run.plan.excluded);
    part(ui, "Time", &timings(run, ctx.now_ms));
    part(ui, "Environment", &environment(run));
}

fn buttons_ui(ui: &mut Ui, ctx: &UiCtx, run: &Run) {
    ui.horizontal_wrapped(|ui| {
        let usable = model::usable(run);
        let why = "Only a completed run has a model";
        if ui.add_enabled(usable, egui::Button::new("Export…")).on_disabled_hover_text(why).clicked() {
            ctx.send(Command::Pick(PickFor::ExportBundle(run.id)));
        }
        if ui.add_enabled(usable, egui::Button::new("Score a file…")).on_disabled_hover_text(why).clicked() {
            ctx.send(Command::Pick(PickFor::ScoreInput(run.id)));
        }
        let busy = super::reproduced::is_under_way(ctx, run.id);
        let reproduce = ui.add_enabled(usable && !busy, egui::Button::new("Reproduce"));
        let help = "Train it again and say whether the same comes out, step by step";
        if reproduce
            .on_hover_text(help)
            .on_disabled_hover_text(if busy { "It is being reproduced" } else { why })
            .clicked()
        {
            ctx.send(Command::Reproduce(run.id));
        }
        if ui.button("Show data").on_hover_text(&run.plan.dataset).clicked() {
            ctx.send(Command::FocusVersion(run.plan.version_id));
            ctx.send(Command::GoTo(Page::Data));
        }
        if ui.button("Hide").on_hover_text("Hide this run; it can be undone").clicked() {
            ctx.send(Command::HideRun(run.id));
        }
    });
}

type Lines = Vec<(String, String)>;

fn metrics(run: &Run) -> Lines {
    let value = |m: &Metric| {
        let mut text = metric_number(*run.metrics.test.get(m.key())?);
        if let Some([low, high]) = run.metrics.interval.get(m.key()) {
            text += &format!(" ({} to {})", metric_number(*low), metric_number(*high));
        }
        if let Some(dummy) = run.metrics.dummy.get(m.key()) {
            text += &format!(" · dummy {}", metric_number(*dummy));
        }
        Some((m.title().to_owned(), text))
    };
    Metric::for_task(run.plan.task).iter().filter_map(value).collect()
}

fn plan(run: &Run, history: &History) -> Lines {
    let plan = &run.plan;
    let kinds = history.version(plan.version_id).map(|v| {
        let numeric = |name: &&String| v.schema.column(name).is_some_and(|c| c.kind == ColumnKind::Numeric);
        plan.features.iter().filter(numeric).count()
    });
    let features = match kinds {
        Some(n) => format!("{} ({n} numeric): {}", plan.features.len(), plan.features.join(", ")),
        None => plan.features.join(", "),
    };
    lines([
        ("Dataset", plan.dataset.clone()),
        ("Target", plan.target.clone()),
        ("Task", task_words(plan.task).to_owned()),
        ("Features", features),
    ])
}

fn parameters(run: &Run) -> Lines {
    run.plan.params.iter().map(|(name, value)| (name.replace('_', " "), format::parameter(value))).collect()
}

fn split(run: &Run) -> Lines {
    let split = &run.plan.split;
    let mut all = lines([
        ("Kind", split.kind.describe()),
        ("Train rows", count(run.train_rows)),
        ("Test rows", format!("{} ({})", count(run.test_rows), format::percent(split.test_share))),
        ("Folds", run.plan.folds.to_string()),
        ("Seed", split.seed.to_string()),
        ("Rows chosen", run.plan.split_hash.short().to_owned()),
    ]);
    if let Some(sample) = &run.plan.sampled {
        all.insert(0, ("Rows used".to_owned(), sample.describe()));
    }
    all
}

fn timings(run: &Run, now_ms: i64) -> Lines {
    let t = &run.timings;
    let mut lines = lines([(
        "Started",
        format!("{} ({})", format::ago(now_ms, run.started_at_ms), format::date_time(run.started_at_ms)),
    )]);
    if t.total_seconds > 0.0 {
        let parts = [
            ("Encode", t.encode_seconds),
            ("Fit", t.fit_seconds),
            ("Fit, processor", t.fit_cpu_seconds),
            ("Predict", t.predict_seconds),
            ("Total", t.total_seconds),
        ];
        lines.extend(parts.map(|(name, seconds)| (name.to_owned(), format::duration(seconds))));
    }
    lines
}

fn environment(run: &Run) -> Lines {
    let env = &run.plan.environment;
    let mut out = lines([
        ("Modelwright", env.app_version.clone()),
        ("System", env.os.clone()),
        ("Locale", if env.locale.is_empty() { "not recorded".to_owned() } else { env.locale.clone() }),
        ("Seed", run.plan.seed.to_string()),
        ("Processor", format!("{}, {}", env.cpu, format::counted(u64::from(env.threads), "thread", "threads"))),
    ]);
    out.extend(env.libraries.iter().map(|(name, version)| (name.clone(), version.clone())));
    out
}

fn lines<const N: usize>(lines: [(&str, String); N]) -> Lines {
    lines.map(|(name, value)| (name.to_owned(), value)).to_vec()
}
