//! Why this was proposed, and the run in focus.

use egui::{RichText, Ui};

use crate::domain::metric::Metric;
use crate::domain::run::Run;
use crate::domain::training::Role;
use crate::state::command::{Command, Page};
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::Tone;

use super::About;
use super::model::{self, TrainForm};

pub fn inspector_ui(ui: &mut Ui, ctx: &UiCtx, form: &TrainForm, about: &About) {
    let version = about.version;
    ui.label(RichText::new("Why this proposal").font(medium(size::TITLE)).color(ctx.tokens.text));
    if about.problems.is_empty() {
        parts::alert(ui, ctx, Tone::Ok, "Ready to train");
    }
    for problem in about.problems {
        parts::alert(ui, ctx, Tone::Bad, &format!("Step {}: {}", problem.step, problem.message));
    }
    if let Some(sample) = about.plan.and_then(|plan| plan.sample.as_ref()) {
        let (rows, of) = (format::count(sample.rows), format::count(sample.of));
        let told = format!("About {rows} of {of} rows are used: the others do not fit the memory budget");
        parts::alert(ui, ctx, Tone::Warn, &told);
        if ui.button("Change the memory budget").clicked() {
            ctx.send(Command::GoTo(Page::Settings));
        }
    }
    let mut facts = vec![("Data", format!("{}, {}", version.label(), format::counted(version.rows, "row", "rows")))];
    if let Ok(proposal) = form.proposal(version) {
        facts.push(("Task", format!("{}. {}", model::task_words(form.task.unwrap_or(proposal.task)), proposal.reason)));
    }
    if let Some(task) = form.task(version) {
        let metric = Metric::primary(task);
        facts.push(("Ranked by", format!("{}. {}", metric.title(), metric.explanation())));
    }
    if let Some(plan) = about.plan {
        facts.push(("Split", format::capital(&format::sentence(&plan.split_reason))));
    }
    let recipe = "For linear models, neighbours and networks: median for missing numbers, indicators for categories, \
                  numbers scaled. Trees and naive Bayes take gaps and categories as they are. Learned on training rows \
                  only, in each fold anew";
    facts.push(("Recipe", recipe.to_owned()));
    parts::facts(ui, ctx, &facts);
    let own = |run: &&Run| {
        let of = about.history.version(run.plan.version_id).map(|v| v.dataset_id);
        of == Some(version.dataset_id) && Some(&run.plan.target) == form.target.as_ref()
    };
    if let Some(run) = ctx.state.focus.run.and_then(|id| about.history.run(id)).filter(own) {
        focused_run_ui(ui, ctx, run);
    }
    ui.add_space(space::S);
    parts::heading(ui, ctx, "Left out");
    let uses = model::column_uses(form, version, about.plan);
    let out = uses.iter().filter(|c| !matches!(c.role, Role::Feature | Role::Time));
    let out: Vec<(&str, String)> = out.map(|c| (c.column.name.as_str(), format::sentence(&c.reason))).collect();
    if out.is_empty() {
        parts::note(ui, ctx, "Nothing");
    }
    parts::facts(ui, ctx, &out);
}

fn focused_run_ui(ui: &mut Ui, ctx: &UiCtx, run: &Run) {
    ui.add_space(space::S);
    parts::heading(ui, ctx, &format!("Run {} · {}", run.id, run.plan.algorithm.title()));
    if let Some(problem) = &run.problem {
        parts::alert(ui, ctx, Tone::Bad, problem);
    }
    for warning in run.warnings.iter().take(3) {
        parts::alert(ui, ctx, Tone::Warn, warning);
    }
    parts::split_check::line_ui(ui, ctx, run);
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
