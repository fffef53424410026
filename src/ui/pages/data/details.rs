//! The catalogue in the Data list: badges of a dataset, and a dialog for what people say about it.

use egui::{ComboBox, Frame, Grid, Id, Margin, Modal, RichText, TextEdit, Ui};

use crate::domain::catalogue::{CatalogueEntry, Description, Sensitivity};
use crate::domain::dataset::DatasetVersion;
use crate::domain::edit::Edit;
use crate::domain::ids::DatasetId;
use crate::domain::question::{Answer, Question};
use crate::domain::watch::{WatchKind, WatchPolicy};
use crate::state::command::Command;
use crate::state::format::{bytes, counted, middle_ellipsis};
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::palette::{dialog_frame, name_it};
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::{Tone, badge};
use crate::ui::widgets::page::{section, weak};

/// What is being typed about a dataset.
#[derive(Debug)]
pub struct Draft {
    id: DatasetId,
    said: Description,
    tags: String,
}

impl Draft {
    pub fn of(entry: &CatalogueEntry) -> Self {
        Self { id: entry.id, said: entry.said.clone(), tags: entry.said.tags.join(", ") }
    }

    fn said(&self) -> Description {
        Description { tags: self.tags.split(',').map(str::to_owned).collect(), ..self.said.clone() }.tidy()
    }
}

/// The catalogue as far as it is known; asked for on first sight.
pub fn catalogue<'a>(ctx: &UiCtx<'a>) -> &'a [CatalogueEntry] {
    let asked = ctx.state.asked.get(&Question::Catalogue);
    if matches!(asked, Loadable::Idle) {
        ctx.send(Command::Ask(Question::Catalogue));
    }
    match asked.value() {
        Some(Answer::Catalogue(entries)) => entries,
        _ => &[],
    }
}

/// Words on a dataset that its row has no room for, and the button that a changed source asks for.
pub fn marks(ui: &mut Ui, ctx: &UiCtx<'_>, entry: &CatalogueEntry, newest: &DatasetVersion) {
    let personal: Vec<String> = entry.personal.iter().map(|(column, what)| format!("{column}: {what}")).collect();
    let anything = entry.offered || entry.watched || !personal.is_empty() || !entry.deleted.is_empty();
    if !anything && entry.said.sensitivity.is_none() {
        return;
    }
    // A margin, not a space: the second line stands under the first.
    let margin = Margin { left: space::L as i8, ..Margin::ZERO };
    Frame::NONE.inner_margin(margin).show(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = egui::vec2(space::XS, space::XS);
            if let Some(sensitivity) = entry.said.sensitivity {
                let strict = matches!(sensitivity, Sensitivity::Confidential | Sensitivity::Restricted);
                badge(ui, ctx, if strict { Tone::Warn } else { Tone::Neutral }, sensitivity.as_str());
            }
            if !personal.is_empty() {
                badge(ui, ctx, Tone::Warn, "personal data").on_hover_text(personal.join("\n"));
            }
            if entry.deleted.contains(&newest.id) {
                badge(ui, ctx, Tone::Neutral, "deleted").on_hover_text("Its files were deleted; see the Storage page");
            }
            if entry.offered {
                badge(ui, ctx, Tone::Info, "source changed");
                if ui.small_button("Refresh").on_hover_text("Make a version of what the source holds now").clicked() {
                    ctx.send(Command::Collect { accept: true });
                }
            } else if entry.watched {
                badge(ui, ctx, Tone::Ok, "watched");
            }
        })
    });
}

/// The dialog. `draft` becomes `None` once it is closed.
pub fn details_dialog(ui: &Ui, ctx: &UiCtx<'_>, draft: &mut Option<Draft>) {
    let Some(open) = draft else { return };
    let Some(entry) = catalogue(ctx).iter().find(|e| e.id == open.id) else {
        *draft = None;
        return;
    };
    let (mut close, mut save) = (false, false);
    let modal = Modal::new(Id::unique("details")).backdrop_color(ctx.tokens.scrim()).frame(dialog_frame(ui, 16));
    let response = modal.show(ui.ctx(), |ui| {
        ui.set_width(480.0);
        section(ui, ctx, &format!("About {}", entry.name));
        form(ui, open);
        ui.separator();
        facts(ui, ctx, entry);
        ui.add_space(space::S);
        ui.horizontal(|ui| {
            save = ui.button("Save").clicked();
            close = ui.button("Cancel").clicked();
            if let Some(path) = entry.source_path.as_ref().filter(|_| !entry.watched)
                && ui.button("Watch its source").on_hover_text("Offer a new version when the file changes").clicked()
            {
                let (path, dataset) = (path.clone(), entry.name.clone());
                let policy = WatchPolicy::Offer;
                ctx.send(Command::Edit(Edit::AddWatch { kind: WatchKind::Source, path, dataset, policy }));
            }
        });
    });
    if save {
        let said = open.said();
        if said != entry.said {
            ctx.send(Command::Edit(Edit::Describe { dataset: entry.id, said }));
        }
    }
    if save || close || response.should_close() {
        *draft = None;
    }
}

fn form(ui: &mut Ui, draft: &mut Draft) {
    Grid::new("said").num_columns(2).spacing([space::L, space::S]).show(ui, |ui| {
        ui.label("Owner");
        let edit = ui.add(TextEdit::singleline(&mut draft.said.owner).desired_width(340.0));
        name_it(ui, &edit, "Owner");
        ui.end_row();
        ui.label("Description");
        let edit = ui.add(TextEdit::multiline(&mut draft.said.description).desired_rows(3).desired_width(340.0));
        name_it(ui, &edit, "Description");
        ui.end_row();
        ui.label("Tags");
        let edit = TextEdit::singleline(&mut draft.tags).hint_text("separated by commas").desired_width(340.0);
        let edit = ui.add(edit);
        name_it(ui, &edit, "Tags");
        ui.end_row();
        ui.label("Sensitivity");
        let word = |s: Option<Sensitivity>| s.map_or("not said", Sensitivity::as_str);
        let combo =
            ComboBox::from_id_salt("sensitivity").selected_text(word(draft.said.sensitivity)).show_ui(ui, |ui| {
                for choice in std::iter::once(None).chain(Sensitivity::ALL.map(Some)) {
                    ui.selectable_value(&mut draft.said.sensitivity, choice, word(choice));
                }
            });
        ui.ctx().accesskit_node_builder(combo.response.id, |node| node.set_label("Sensitivity"));
        ui.end_row();
    });
}

fn facts(ui: &mut Ui, ctx: &UiCtx<'_>, entry: &CatalogueEntry) {
    let source = entry.source_path.as_ref().map(|p| p.display().to_string()).unwrap_or_default();
    let personal: Vec<String> = entry.personal.iter().map(|(column, what)| format!("{column} ({what})")).collect();
    let used = entry.used_by;
    let used_by = [
        counted(used.runs, "run", "runs"),
        counted(used.models, "model", "models"),
        counted(used.bundles, "bundle", "bundles"),
        counted(used.drift_reports, "drift report", "drift reports"),
    ];
    let lines = [
        ("Source", middle_ellipsis(&source, 52)),
        ("Size", format!("{} · {}", bytes(entry.source_bytes), counted(entry.rows, "row", "rows"))),
        ("SHA-256", entry.hash.short().to_owned()),
        ("Personal data", if personal.is_empty() { "none found".to_owned() } else { personal.join(", ") }),
        ("Used by", used_by.join(" · ")),
    ];
    Grid::new("known").num_columns(2).spacing([space::L, 3.0]).show(ui, |ui| {
        for (name, value) in lines {
            ui.label(RichText::new(name).size(size::DATA).color(ctx.tokens.text_weak));
            ui.label(RichText::new(value).size(size::DATA));
            ui.end_row();
        }
    });
    if !entry.notes.is_empty() {
        weak(ui, ctx, format!("Notes: {}", entry.notes.join(" · ")));
    }
}
