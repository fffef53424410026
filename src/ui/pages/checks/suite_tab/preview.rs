//! What the rules that are being edited find in the version in focus. While changed ones are being judged, the former
//! answer stays.

use egui::{RichText, Ui};

use crate::domain::check_request::RulePreview;
use crate::domain::dataset::DatasetVersion;
use crate::domain::history::History;
use crate::domain::ids::VersionId;
use crate::domain::suite::Rule;
use crate::state::command::Command;
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::checks::model::defaults;
use crate::ui::pages::parts;
use crate::ui::theme::icons;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::Tone;

/// What was asked for last: the rules, and of which version.
pub type Previewed = Option<(VersionId, Vec<Rule>)>;

/// Asks when the rules, or the version, are others than before.
pub fn ask(ctx: &UiCtx<'_>, previewed: &mut Previewed, rules: Vec<Rule>, history: &History, version: &DatasetVersion) {
    let now = (version.id, rules);
    if previewed.as_ref() != Some(&now) {
        let against = defaults(history, version.id).against;
        ctx.send(Command::PreviewRules { version: version.id, against, rules: now.1.clone() });
        *previewed = Some(now);
    }
}

fn heading_ui(ui: &mut Ui, ctx: &UiCtx<'_>, version: &DatasetVersion) {
    let newer = if ctx.state.checking.is_previewing() { " · judging…" } else { "" };
    parts::heading(ui, ctx, &format!("In {}{newer}", version.label()));
}

/// "12 of 1,000 rows"
fn told(failing: u64, version: &DatasetVersion) -> String {
    format!("{} of {}", format::count(failing), format::counted(version.rows, "row", "rows"))
}

/// One rule: whether it holds, how many rows fail, and the way to them.
pub fn rule_preview_ui(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    previewed: &mut Previewed,
    rule: &Rule,
    history: &History,
    version: &DatasetVersion,
) {
    ask(ctx, previewed, vec![rule.clone()], history, version);
    ui.add_space(space::XS);
    heading_ui(ui, ctx, version);
    let preview = match ctx.state.checking.preview() {
        None => return parts::note(ui, ctx, "Judging…"),
        Some(Err(problem)) => return parts::small_problem(ui, ctx, problem),
        Some(Ok(previews)) => previews.first(),
    };
    let Some(preview) = preview else { return };
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
    let facts = match preview.failing {
        Some(failing) => Some(("Fail", told(failing, version))),
        None => check.observed.map(|observed| ("Observed", format::number(observed))),
    };
    parts::facts(ui, ctx, facts.as_slice());
    if !preview.rows.is_empty() && ui.button("Show these rows in the table").clicked() {
        show(ctx, rule, history, version);
    }
}

fn show(ctx: &UiCtx<'_>, rule: &Rule, history: &History, version: &DatasetVersion) {
    let against = defaults(history, version.id).against;
    ctx.send(Command::ShowFailing { version: version.id, against, rule: Box::new(rule.clone()) });
}

/// The parts of a column of the contract, each below its limits.
pub struct ContractPreview<'a> {
    pub rules: Vec<Rule>,
    pub history: &'a History,
    pub version: &'a DatasetVersion,
}

impl ContractPreview<'_> {
    /// How the column stands as a whole.
    pub fn whole_ui(&self, ui: &mut Ui, ctx: &UiCtx<'_>) {
        heading_ui(ui, ctx, self.version);
        if let Some(Err(problem)) = ctx.state.checking.preview() {
            return parts::small_problem(ui, ctx, problem);
        }
        let judged: Vec<&RulePreview> = self.rules.iter().filter_map(|rule| preview_of(ctx, rule)).collect();
        let broken = judged.iter().filter(|preview| !preview.check.findings.is_empty()).count() as u64;
        if self.rules.is_empty() {
            parts::note(ui, ctx, "Anything holds: nothing is expected of this column");
        } else if judged.len() < self.rules.len() && broken == 0 {
            parts::note(ui, ctx, "Judging…");
        } else if broken == 0 {
            parts::alert(ui, ctx, Tone::Ok, "Holds");
        } else {
            let said = format!("{} not hold", format::counted(broken, "part of it does", "parts of it do"));
            parts::alert(ui, ctx, Tone::Bad, &said);
        }
    }

    /// What one part of it finds, as in `contract:kind:age`, where it does not hold.
    pub fn part_ui(&self, ui: &mut Ui, ctx: &UiCtx<'_>, part: &str) {
        self.line_ui(ui, ctx, part, false);
    }

    /// What a part finds whose limit is dragged: also that it holds, so that nothing moves meanwhile.
    pub fn limit_ui(&self, ui: &mut Ui, ctx: &UiCtx<'_>, part: &str) {
        self.line_ui(ui, ctx, part, true);
    }

    fn line_ui(&self, ui: &mut Ui, ctx: &UiCtx<'_>, part: &str, always: bool) {
        let part = format!("contract:{part}:");
        let Some(rule) = self.rules.iter().find(|rule| rule.id.starts_with(&part)) else { return };
        if let Some(problem) = rule.problems().into_iter().next() {
            return parts::alert(ui, ctx, Tone::Warn, &format::capital(&problem.what));
        }
        let Some(preview) = preview_of(ctx, rule) else {
            if always {
                parts::note(ui, ctx, "Judging…");
            }
            return;
        };
        if let Some(reason) = &preview.check.skipped {
            return parts::note(ui, ctx, &format::capital(reason));
        }
        let finding = preview.check.findings.first();
        if finding.is_none() && !always {
            return;
        }
        let tone = finding.map_or(Tone::Ok, |finding| Tone::of_severity(finding.severity));
        let said = match (preview.failing, finding) {
            (_, None) => "Holds".to_owned(),
            (Some(failing), Some(_)) => format!("{} fail", told(failing, self.version)),
            (None, Some(finding)) => format::sentence(&finding.message),
        };
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = space::XS;
            ui.set_min_height(18.0);
            icons::icon(ui, tone.icon(), 12.0, tone.color(ctx.tokens));
            let said = RichText::new(said).size(size::DATA).color(tone.color(ctx.tokens));
            let room = if preview.rows.is_empty() { 0.0 } else { 56.0 };
            ui.scope(|ui| {
                ui.set_max_width((ui.available_width() - room).max(60.0));
                ui.add(egui::Label::new(said).wrap());
            });
            if !preview.rows.is_empty() {
                let button = ui.small_button("Show").on_hover_text("Marks these rows in the table of the Data page");
                let name = format!("Show the rows that break {}", rule.id.trim_start_matches("contract:"));
                crate::ui::palette::name_it(ui, &button, &name);
                if button.clicked() {
                    show(ctx, rule, self.history, self.version);
                }
            }
        });
    }
}

fn preview_of<'a>(ctx: &UiCtx<'a>, rule: &Rule) -> Option<&'a RulePreview> {
    let previews = ctx.state.checking.preview()?.as_ref().ok()?;
    previews.iter().find(|preview| preview.check.rule.as_deref() == Some(rule.id.as_str()))
}
