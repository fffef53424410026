//! Step 1: what is predicted.

use egui::Ui;

use crate::domain::task::Task;
use crate::state::command::Command;
use crate::ui::ctx::UiCtx;
use crate::ui::pages::parts;
use crate::ui::pages::train::About;
use crate::ui::pages::train::model::{self, TrainForm};
use crate::ui::theme::tokens::space;

pub fn target_ui(ui: &mut Ui, ctx: &UiCtx, form: &mut TrainForm, about: &About) {
    let version = about.version;
    let width = ((ui.available_width() - 2.0 * space::M) / 3.0).clamp(100.0, 240.0);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::M;
        parts::field(ui, ctx, "Data to learn from", |ui| {
            let options = parts::version_options(about.history.versions.iter().rev());
            if let Some(Some(picked)) = parts::pick(ui, "Data to learn from", &options, Some(&version.id), None, width)
            {
                ctx.send(Command::FocusVersion(picked));
            }
        });
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
    if let Some(task) = form.task(version) {
        let metric = crate::domain::metric::Metric::primary(task);
        let way = if metric.higher_is_better() { "higher is better" } else { "lower is better" };
        parts::note(ui, ctx, &format!("Models are ranked by {}, {way}. {}", metric.title(), metric.explanation()));
    }
    let missing = form.target.as_deref().and_then(|t| version.schema.column(t)).map_or(0, |c| c.missing);
    if missing > 0 {
        let rows = crate::ui::format::counted(missing, "row has", "rows have");
        parts::note(ui, ctx, &format!("{rows} no target and neither train nor test"));
    }
}
