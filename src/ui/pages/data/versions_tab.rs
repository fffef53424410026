//! The versions of the dataset in focus, newest first, with the graph of who came from whom; what can be done with one.

use egui::containers::menu::MenuButton;
use egui::{
    Button, Frame, Id, Key, Label, Margin, Modal, RichText, ScrollArea, Sense, Stroke, TextEdit, Ui, pos2, vec2,
};

use crate::domain::branch::{Branch, name_problem};
use crate::domain::dataset::DatasetVersion;
use crate::domain::edit::Edit;
use crate::domain::history::History;
use crate::domain::ids::{BranchId, DatasetId, VersionId};
use crate::domain::request::{DataRef, DriftRequest, RestoreForm};
use crate::domain::schema::{ColumnKind, ColumnSchema};
use crate::state::command::{Command, Page, PickFor};
use crate::state::format::{ago, bytes, date_time, sentence};
use crate::ui::ctx::UiCtx;
use crate::ui::pages::parts;
use crate::ui::palette::{dialog_frame, name_it};
use crate::ui::theme::icons::{Icon, icon_button};
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::Tone;
use crate::ui::widgets::page::{section, weak};

use super::diff_view::{self, DiffView};
use super::versions_model::{VersionRow, branches_of, facts, origin, version_rows};

const LANE: f32 = 14.0;

/// Half-typed names and notes, and the comparison that is open.
#[derive(Debug, Default)]
pub struct VersionsTab {
    note: Option<(VersionId, String)>,
    dialog: Option<(Naming, String)>,
    diff: Option<DiffView>,
}

/// What a name is being typed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Naming {
    Tag(VersionId),
    Branch(DatasetId, VersionId),
    Rename(BranchId),
}

pub fn versions_tab_ui(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    tab: &mut VersionsTab,
    history: &History,
    focused: &DatasetVersion,
) {
    if let Some(diff) = &mut tab.diff {
        if diff_view::diff_ui(ui, ctx, diff, history) {
            tab.diff = None;
        }
        return;
    }
    let rows = version_rows(history, focused.dataset_id);
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let lanes = rows.iter().map(|r| r.below.len().max(r.lane + 1)).max().unwrap_or(1);
        let mut above: &[Option<VersionId>] = &[];
        for row in &rows {
            ui.push_id(row.version.id, |ui| row_ui(ui, ctx, tab, history, row, (above, lanes), focused));
            above = &row.below;
        }
        ui.add_space(space::S);
        if rows.len() == 1 {
            weak(ui, ctx, "Import a newer file under the same name to see here what changed");
        }
    });
    dialog_ui(ui, ctx, tab);
}

fn row_ui(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    tab: &mut VersionsTab,
    history: &History,
    row: &VersionRow<'_>,
    (above, lanes): (&[Option<VersionId>], usize),
    focused: &DatasetVersion,
) {
    let is_focused = row.version.id == focused.id;
    let gutter = lanes as f32 * LANE + space::S;
    let fill = if is_focused { ctx.tokens.surface } else { egui::Color32::TRANSPARENT };
    let line = Stroke::new(1.0, if is_focused { ctx.tokens.line } else { egui::Color32::TRANSPARENT });
    let margin = Margin { left: (gutter + space::S) as i8, right: 10, top: 8, bottom: 8 };
    let frame = Frame::NONE.fill(fill).stroke(line).corner_radius(space::RADIUS).inner_margin(margin);
    let shown = frame.show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = space::XS;
        title_ui(ui, ctx, tab, history, row, is_focused);
        ui.add(Label::new(RichText::new(facts(row)).size(size::DATA).color(ctx.tokens.text)).wrap());
        note_ui(ui, ctx, tab, row.version);
        for warning in &row.version.provenance.warnings {
            parts::alert(ui, ctx, Tone::Warn, warning);
        }
        if row.version.provenance.rejected > 0 {
            let n = row.version.provenance.rejected;
            let said = crate::state::format::counted(n, "row was set aside", "rows were set aside");
            parts::alert(ui, ctx, Tone::Warn, &said);
        }
        if is_focused {
            actions_ui(ui, ctx, tab, history, row.version);
        }
    });
    graph_ui(ui, ctx, row, above, shown.response.rect, is_focused);
}

/// The dot of the version and the lanes that pass it.
fn graph_ui(ui: &Ui, ctx: &UiCtx<'_>, row: &VersionRow<'_>, above: &[Option<VersionId>], rect: egui::Rect, lit: bool) {
    let x = |lane: usize| rect.left() + space::S + (lane as f32 + 0.5) * LANE;
    let dot = pos2(x(row.lane), rect.top() + 20.0);
    let color = |lane: usize| ctx.tokens.series[lane % ctx.tokens.series.len()];
    for (lane, target) in above.iter().enumerate().filter_map(|(lane, t)| t.map(|t| (lane, t))) {
        let to = if target == row.version.id { dot } else { pos2(x(lane), dot.y) };
        ui.painter().line_segment([pos2(x(lane), rect.top()), to], Stroke::new(2.0, color(lane)));
    }
    for lane in row.below.iter().enumerate().filter(|(_, t)| t.is_some()).map(|(lane, _)| lane) {
        ui.painter().line_segment([pos2(x(lane), dot.y), pos2(x(lane), rect.bottom())], Stroke::new(2.0, color(lane)));
    }
    ui.painter().circle_filled(dot, 5.0, color(row.lane));
    if !lit {
        ui.painter().circle_filled(dot, 2.5, ctx.tokens.background);
    }
}

fn title_ui(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    tab: &mut VersionsTab,
    history: &History,
    row: &VersionRow<'_>,
    is_focused: bool,
) {
    let version = row.version;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::S - 2.0;
        section(ui, ctx, &format!("v{}", version.version));
        for (name, branch) in &row.branches {
            branch_chip(ui, ctx, tab, name, *branch);
        }
        for tag in &row.tags {
            let words = RichText::new(format!("# {}", tag.name)).size(size::DATA).color(ctx.tokens.text);
            let chip = Button::new(words).small().stroke(Stroke::new(1.0, ctx.tokens.line)).corner_radius(9.0);
            let (response, _) = MenuButton::from_button(chip).ui(ui, |ui| {
                if ui.button("Remove the tag").clicked() {
                    ctx.send(Command::Edit(Edit::HideTag { tag: tag.id, hidden: true }));
                }
            });
            name_it(ui, &response, &format!("Tag {}", tag.name));
        }
        let when = ago(ctx.now_ms, version.created_at_ms);
        let said = RichText::new(format!("{} · {when}", sentence(&origin(version)))).size(size::DATA);
        let said = ui.add(Label::new(said.color(ctx.tokens.text_weak)).truncate());
        said.on_hover_text(format!("{}\nSHA-256 {}", date_time(version.created_at_ms), version.source_hash));
        if is_focused {
            weak(ui, ctx, "· shown");
        } else {
            if ui.button("Show").on_hover_text(format!("Show {}", version.label())).clicked() {
                ctx.send(Command::FocusVersion(version.id));
            }
            let (response, _) = MenuButton::new("More ▾").ui(ui, |ui| menu_ui(ui, ctx, tab, history, version));
            name_it(ui, &response, &format!("More for {}", version.label()));
        }
    });
}

/// A branch that leads here. `main` cannot be renamed or removed.
fn branch_chip(ui: &mut Ui, ctx: &UiCtx<'_>, tab: &mut VersionsTab, name: &str, branch: Option<&Branch>) {
    let words = RichText::new(name).size(size::DATA).color(ctx.tokens.accent);
    let fill = ctx.tokens.tint(ctx.tokens.accent, 0.14);
    let chip = Button::new(words).small().fill(fill).corner_radius(9.0);
    match branch.filter(|b| b.name != crate::domain::branch::MAIN) {
        None => {
            let response = ui.add(chip.sense(Sense::hover())).on_hover_text("The branch that imports move");
            name_it(ui, &response, &format!("Branch {name}"));
        }
        Some(branch) => {
            let (response, _) = MenuButton::from_button(chip).ui(ui, |ui| {
                if ui.button("Rename…").clicked() {
                    tab.dialog = Some((Naming::Rename(branch.id), branch.name.clone()));
                }
                if ui.button("Remove the branch").on_hover_text("Its versions stay").clicked() {
                    ctx.send(Command::Edit(Edit::HideBranch { branch: branch.id, hidden: true }));
                }
            });
            name_it(ui, &response, &format!("Branch {name}"));
        }
    }
}

/// The note, edited where it stands: Enter keeps it, Escape leaves it as it was.
fn note_ui(ui: &mut Ui, ctx: &UiCtx<'_>, tab: &mut VersionsTab, version: &DatasetVersion) {
    let note = &version.provenance.note;
    if let Some((id, text)) = &mut tab.note
        && *id == version.id
    {
        let edit = ui.add(TextEdit::singleline(text).hint_text("Note").desired_width(ui.available_width().min(480.0)));
        name_it(ui, &edit, "Note");
        let escape = ui.input(|i| i.key_pressed(Key::Escape));
        if edit.lost_focus() || escape {
            if !escape && text != note {
                ctx.send(Command::Edit(Edit::SetNote { version: version.id, note: text.trim().to_owned() }));
            }
            tab.note = None;
        } else if !edit.has_focus() {
            edit.request_focus();
        }
        return;
    }
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        let words = if note.is_empty() { "No note" } else { note.as_str() };
        let color = if note.is_empty() { ctx.tokens.text_weak } else { ctx.tokens.text };
        ui.add(Label::new(RichText::new(words).size(size::DATA).italics().color(color)).truncate());
        if icon_button(ui, ctx, Icon::Edit, &format!("Edit the note of {}", version.label())).clicked() {
            tab.note = Some((version.id, note.clone()));
        }
    });
}

fn actions_ui(ui: &mut Ui, ctx: &UiCtx<'_>, tab: &mut VersionsTab, history: &History, version: &DatasetVersion) {
    ui.add_space(space::XS);
    ui.horizontal_wrapped(|ui| {
        if ui.button("Tag…").clicked() {
            tab.dialog = Some((Naming::Tag(version.id), String::new()));
        }
        if ui.button("Branch…").clicked() {
            tab.dialog = Some((Naming::Branch(version.dataset_id, version.id), String::new()));
        }
        if revert_button(ui, history, version) {
            ctx.send(Command::Edit(Edit::Revert { version: version.id, note: String::new() }));
        }
        MenuButton::new("Restore… ▾").ui(ui, |ui| restore_menu(ui, ctx, version));
        MenuButton::new("Compare with… ▾").ui(ui, |ui| compare_menu(ui, ctx, tab, history, version));
    });
}

fn revert_button(ui: &mut Ui, history: &History, version: &DatasetVersion) -> bool {
    let is_main = branches_of(history, version).iter().any(|(name, _)| *name == crate::domain::branch::MAIN);
    let button = ui.add_enabled(!is_main, Button::new("Revert to this"));
    let button = button.on_hover_text("Make a new version of what this one holds");
    button.on_disabled_hover_text("The branch main leads here already").clicked()
}

fn menu_ui(ui: &mut Ui, ctx: &UiCtx<'_>, tab: &mut VersionsTab, history: &History, version: &DatasetVersion) {
    ui.set_min_width(190.0);
    if ui.button("Tag…").clicked() {
        tab.dialog = Some((Naming::Tag(version.id), String::new()));
    }
    if ui.button("Branch…").clicked() {
        tab.dialog = Some((Naming::Branch(version.dataset_id, version.id), String::new()));
    }
    if revert_button(ui, history, version) {
        ctx.send(Command::Edit(Edit::Revert { version: version.id, note: String::new() }));
    }
    ui.separator();
    restore_menu(ui, ctx, version);
    ui.separator();
    compare_menu(ui, ctx, tab, history, version);
}

fn restore_menu(ui: &mut Ui, ctx: &UiCtx<'_>, version: &DatasetVersion) {
    for form in RestoreForm::ALL {
        if form == RestoreForm::Rejected && version.provenance.rejects_hash.is_none() {
            continue;
        }
        let hover = match form {
            RestoreForm::Source => format!("{}, byte for byte", bytes(version.source_bytes)),
            RestoreForm::Parquet => "The typed table".to_owned(),
            RestoreForm::Csv => "Reads back as the same table".to_owned(),
            RestoreForm::CsvSpreadsheet => "Texts that look like formulas get an apostrophe".to_owned(),
            RestoreForm::Rejected => "The rows that were set aside".to_owned(),
        };
        if ui.button(format!("Save: {}…", form.title())).on_hover_text(hover).clicked() {
            ctx.send(Command::Pick(restore_pick(version, form)));
        }
    }
}

pub fn restore_pick(version: &DatasetVersion, form: RestoreForm) -> PickFor {
    let label = format!("{}-v{}", version.dataset, version.version);
    let suggested = match form {
        RestoreForm::Source => version.source_name.clone(),
        RestoreForm::Parquet => format!("{label}.parquet"),
        RestoreForm::Csv => format!("{label}.csv"),
        RestoreForm::CsvSpreadsheet => format!("{label}-spreadsheet.csv"),
        RestoreForm::Rejected => format!("{label}-rejected.csv"),
    };
    PickFor::Restore { version: version.id, form, suggested }
}

/// The other versions of this dataset, then the latest of each other one.
fn compare_menu(ui: &mut Ui, ctx: &UiCtx<'_>, tab: &mut VersionsTab, history: &History, version: &DatasetVersion) {
    let others: Vec<&DatasetVersion> =
        history.versions.iter().filter(|v| v.dataset_id == version.dataset_id && v.id != version.id).rev().collect();
    ScrollArea::vertical().max_height(260.0).show(ui, |ui| {
        for other in &others {
            if ui.button(format!("Compare with v{}", other.version)).clicked() {
                // The older one stands on the left.
                let (left, right) = if other.version < version.version { (*other, version) } else { (version, *other) };
                tab.diff = Some(DiffView::new(left.id, right.id));
            }
        }
        for other in latest_of_others(history, version.dataset_id) {
            if ui.button(format!("Compare with {}", other.label())).clicked() {
                tab.diff = Some(DiffView::new(other.id, version.id));
            }
        }
    });
    if let Some(before) = version.provenance.parent.filter(|id| history.version(*id).is_some()) {
        ui.separator();
        if ui.button("Drift from its parent").clicked() {
            let (reference, current) = (DataRef::Version(before), DataRef::Version(version.id));
            ctx.send(Command::CompareDrift(DriftRequest { reference, current }));
            ctx.send(Command::GoTo(Page::Monitor));
        }
    }
}

fn latest_of_others(history: &History, dataset: DatasetId) -> Vec<&DatasetVersion> {
    let others = history.versions.iter().filter(|v| v.dataset_id != dataset);
    let is_latest =
        |v: &&DatasetVersion| history.versions.iter().all(|w| w.dataset_id != v.dataset_id || w.version <= v.version);
    others.filter(is_latest).collect()
}

fn dialog_ui(ui: &Ui, ctx: &UiCtx<'_>, tab: &mut VersionsTab) {
    let Some((naming, name)) = &mut tab.dialog else { return };
    let (title, button) = match naming {
        Naming::Tag(_) => ("Tag this version", "Add the tag"),
        Naming::Branch(..) => ("New branch at this version", "Add the branch"),
        Naming::Rename(_) => ("Rename the branch", "Rename"),
    };
    let (mut close, mut done) = (false, false);
    let modal = Modal::new(Id::unique("name of a version")).backdrop_color(ctx.tokens.scrim());
    let response = modal.frame(dialog_frame(ui, 16)).show(ui.ctx(), |ui| {
        ui.set_width(320.0);
        section(ui, ctx, title);
        let edit = ui.add(TextEdit::singleline(name).hint_text("q1-report").desired_width(f32::INFINITY));
        name_it(ui, &edit, "Name");
        done = edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        if !edit.has_focus() && !done && !edit.lost_focus() {
            edit.request_focus();
        }
        let problem = name_problem(name.trim());
        if let Some(problem) = problem.filter(|_| !name.is_empty()) {
            parts::alert(ui, ctx, Tone::Warn, problem);
        }
        done &= problem.is_none();
        ui.horizontal(|ui| {
            done |= ui.add_enabled(problem.is_none(), Button::new(button)).clicked();
            close |= ui.button("Cancel").clicked();
        });
    });
    close |= response.should_close();
    if done {
        let name = name.trim().to_owned();
        ctx.send(Command::Edit(match *naming {
            Naming::Tag(version) => Edit::AddTag { version, name },
            Naming::Branch(dataset, head) => Edit::CreateBranch { dataset, name, head },
            Naming::Rename(branch) => Edit::RenameBranch { branch, name },
        }));
    }
    if done || close {
        tab.dialog = None;
    }
}

/// In the inspector: another kind makes another version.
pub fn kind_ui(ui: &mut Ui, ctx: &UiCtx<'_>, version: &DatasetVersion, column: &ColumnSchema) {
    let options: Vec<(ColumnKind, String)> =
        ColumnKind::ALL.into_iter().map(|kind| (kind, kind.as_str().to_owned())).collect();
    ui.horizontal(|ui| {
        // Under the names and the values of the facts above.
        ui.spacing_mut().item_spacing.x = space::M;
        ui.allocate_ui_with_layout(vec2(96.0, space::ROW), egui::Layout::left_to_right(egui::Align::Center), |ui| {
            ui.set_min_width(96.0);
            ui.label(RichText::new("Treat as").size(size::DATA).color(ctx.tokens.text_weak));
        });
        let width = ui.available_width().min(150.0);
        if let Some(Some(kind)) = parts::pick(ui, "Kind of the column", &options, Some(&column.kind), None, width)
            && kind != column.kind
        {
            let edit = Edit::SetKind { version: version.id, column: column.name.clone(), kind };
            ctx.send(Command::Edit(edit));
        }
    });
}
