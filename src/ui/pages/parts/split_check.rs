//! What the checks say of the rows a run was trained and tested on.

use egui::{Label, RichText, Ui};

use crate::domain::finding::Severity;
use crate::domain::run::Run;
use crate::domain::split_check::SplitCheck;
use crate::state::command::{Command, Page};
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::theme::icons;
use crate::ui::theme::tokens::size;
use crate::ui::widgets::badge::Tone;

/// Findings that are shown; a report of hundreds belongs on the command line.
const MOST: usize = 20;

/// One line that leads to the run's record, where the findings are. Nothing for runs from before splits were checked.
pub fn line_ui(ui: &mut Ui, ctx: &UiCtx, run: &Run) {
    let Some(check) = of(ctx, run) else { return };
    ui.horizontal_top(|ui| {
        let tone = tone(check);
        icons::icon(ui, tone.icon(), 14.0, tone.color(ctx.tokens));
        if check.alarms().is_empty() {
            ui.add(Label::new(RichText::new(check.summary()).color(ctx.tokens.text)).wrap());
        } else if ui.link(check.summary()).on_hover_text("Show what was found, in the run's record").clicked() {
            ctx.send(Command::FocusRun(run.id));
            ctx.send(Command::GoTo(Page::Runs));
        }
    });
}

/// The verdict with every error and warning below it.
pub fn findings_ui(ui: &mut Ui, ctx: &UiCtx, run: &Run) {
    let Some(check) = of(ctx, run) else { return };
    super::alert(ui, ctx, tone(check), &check.summary());
    super::note(ui, ctx, &check.extent());
    let alarms = check.alarms();
    for finding in alarms.iter().take(MOST) {
        ui.horizontal_top(|ui| {
            let tone = Tone::of_severity(finding.severity);
            icons::icon(ui, tone.icon(), 12.0, tone.color(ctx.tokens));
            let text = RichText::new(format::sentence(&finding.message)).size(size::DATA).color(ctx.tokens.text);
            ui.vertical(|ui| ui.add(Label::new(text).wrap())).response.on_hover_text(format::sentence(&finding.hint));
        });
    }
    if alarms.len() > MOST {
        super::note(ui, ctx, &format!("{} more", format::count((alarms.len() - MOST) as u64)));
    }
}

/// Whether something was found in the split that is more than worth knowing.
pub fn has_alarms(ctx: &UiCtx, run: &Run) -> bool {
    of(ctx, run).is_some_and(|check| !check.alarms().is_empty())
}

fn of<'a>(ctx: &UiCtx<'a>, run: &Run) -> Option<&'a SplitCheck> {
    let state = ctx.state;
    state.run_details.get(&run.id).and_then(Loadable::value)?.split_check.as_deref()
}

fn tone(check: &SplitCheck) -> Tone {
    match check.alarms().first().map(|finding| finding.severity) {
        Some(Severity::Error) => Tone::Bad,
        Some(_) => Tone::Warn,
        None => Tone::Ok,
    }
}
