//! The Settings page: look, workspace, about.

use std::collections::BTreeMap;

use egui::{Grid, Label, RichText, ScrollArea, Slider, TextEdit, Ui};

use crate::domain::edit::Edit;
use crate::domain::question::{Answer, Question};
use crate::domain::words::{bytes, parse_bytes};
use crate::state::command::{Command, PickFor};
use crate::state::import::AskBeforeImport;
use crate::state::loadable::Loadable;
use crate::state::settings::{Settings, ThemeChoice};
use crate::ui::ctx::UiCtx;
use crate::ui::palette::name_it;
use crate::ui::theme::tokens::space;
use crate::ui::widgets::page::{card, main_panel, page_header, section, weak};

/// The scale while the slider is dragged: applying it at once would move the slider away from the pointer.
#[derive(Debug, Default)]
pub struct SettingsPage {
    scale: Option<f32>,
    /// The memory budget as it is set, and while it is typed.
    memory: Option<(Option<u64>, String)>,
}

pub fn settings_ui(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut SettingsPage) {
    page_header(ui, ctx, "Settings", "How the window looks, where the work is kept", None);
    main_panel(ui, |ui| {
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            ui.set_max_width(ui.available_width().min(720.0));
            ui.spacing_mut().item_spacing.y = space::M;
            card(ui, ctx, |ui| look(ui, ctx, page));
            card(ui, ctx, |ui| workspace(ui, ctx));
            card(ui, ctx, |ui| memory(ui, ctx, page));
            card(ui, ctx, |ui| about(ui, ctx));
        });
    });
}

fn look(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut SettingsPage) {
    section(ui, ctx, "Look");
    let mut settings: Settings = ctx.state.settings.clone();
    Grid::new("look").num_columns(2).spacing([space::XL, space::S]).show(ui, |ui| {
        ui.label("Theme");
        ui.horizontal(|ui| {
            for (theme, name) in
                [(ThemeChoice::System, "System"), (ThemeChoice::Light, "Light"), (ThemeChoice::Dark, "Dark")]
            {
                ui.selectable_value(&mut settings.theme, theme, name);
            }
        });
        ui.end_row();
        ui.label("Text size");
        let mut percent = (page.scale.unwrap_or(settings.text_scale) * 100.0).round();
        let slider = ui
            .scope(|ui| {
                // The rail is drawn with the fill of controls, which is the card's own colour.
                ui.visuals_mut().widgets.inactive.bg_fill = ctx.tokens.line;
                ui.visuals_mut().selection.bg_fill = ctx.tokens.accent;
                ui.add(Slider::new(&mut percent, 80.0..=200.0).step_by(10.0).suffix(" %"))
            })
            .inner;
        name_it(ui, &slider, "Text size");
        if slider.changed() {
            page.scale = Some(percent / 100.0);
        }
        if !slider.dragged()
            && let Some(scale) = page.scale.take()
        {
            settings = settings.with_scale(scale);
        }
        ui.end_row();
        ui.label("Motion");
        ui.checkbox(&mut settings.animations, "Animate panels and menus");
        ui.end_row();
        ui.label("Ask before import");
        ui.horizontal(|ui| {
            for ask in AskBeforeImport::ALL {
                ui.selectable_value(&mut settings.ask_before_import, ask, ask.title());
            }
        });
        ui.end_row();
    });
    if settings != ctx.state.settings {
        ctx.send(Command::ChangeSettings(settings));
    }
}

fn workspace(ui: &mut Ui, ctx: &UiCtx<'_>) {
    section(ui, ctx, "Workspace");
    let Some(info) = ctx.state.workspace.value() else {
        weak(ui, ctx, "No workspace is open");
        return open_button(ui, ctx);
    };
    let path = info.path.display().to_string();
    ui.add(Label::new(RichText::new(&path).monospace()).truncate());
    weak(ui, ctx, "Everything is in this folder: it can be moved, copied or backed up as a whole");
    ui.horizontal_wrapped(|ui| {
        if ui.button("Copy path").clicked() {
            ctx.send(Command::Copy(path.clone()));
        }
        if ui.button("Verify every object and record").clicked() {
            ctx.send(Command::VerifyWorkspace);
        }
        open_button(ui, ctx);
    });
}

/// What a table may take in memory.
fn memory(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut SettingsPage) {
    section(ui, ctx, "Memory");
    if ctx.state.workspace.value().is_none() {
        weak(ui, ctx, "No workspace is open");
        return;
    }
    let asked = ctx.state.asked.get(&Question::MemoryBudget);
    if matches!(asked, Loadable::Idle) {
        ctx.send(Command::Ask(Question::MemoryBudget));
    }
    if let Loadable::Failed(problem) = asked {
        weak(ui, ctx, problem.to_string());
        return;
    }
    let Some(Answer::MemoryBudget { set, default }) = asked.value() else {
        weak(ui, ctx, "Reading the setting…");
        return;
    };
    let (set, default) = (*set, *default);
    weak(
        ui,
        ctx,
        "A larger table stays on disk: it is worked on column by column, and training takes a sample of its rows",
    );
    ui.horizontal(|ui| {
        let label = ui.label("For a table");
        // Until the new setting is known, what was typed stays.
        let (_, text) = match page.memory.take().filter(|(known, _)| *known == set) {
            Some(typed) => page.memory.insert(typed),
            None => page.memory.insert((set, set.map(bytes).unwrap_or_default())),
        };
        let hint = format!("{} (half of what is free)", bytes(default));
        let edit = ui.add(TextEdit::singleline(text).hint_text(hint).desired_width(220.0)).labelled_by(label.id);
        let wanted = if text.trim().is_empty() { Some(None) } else { parse_bytes(text).map(Some) };
        if edit.lost_focus()
            && let Some(wanted) = wanted
        {
            if wanted != set {
                ctx.send(Command::Edit(Edit::SetMemoryBudget { bytes: wanted }));
            } else {
                *text = set.map(bytes).unwrap_or_default();
            }
        }
        if wanted.is_none() {
            weak(ui, ctx, "Write an amount such as 500 MB or 2 GB");
        }
    });
}

fn open_button(ui: &mut Ui, ctx: &UiCtx<'_>) {
    if ui.button("Open another folder…").clicked() {
        ctx.send(Command::Pick(PickFor::OpenWorkspace));
    }
}

fn about(ui: &mut Ui, ctx: &UiCtx<'_>) {
    section(ui, ctx, "About");
    ui.label(format!("Modelwright {}", env!("CARGO_PKG_VERSION")));
    weak(
        ui,
        ctx,
        "The whole life of a tabular machine-learning model on your own computer. Works offline and sends nothing.",
    );
    let newest = ctx.state.history.value().and_then(|h| h.runs.first()).map(|r| &r.plan.environment);
    let Some(environment) = newest else { return };
    let libraries: &BTreeMap<String, String> = &environment.libraries;
    let words: Vec<String> = libraries.iter().map(|(name, version)| format!("{name} {version}")).collect();
    ui.add_space(space::XS);
    weak(ui, ctx, format!("Last trained with {}", words.join(", ")));
    let copy = format!("Modelwright {} on {}\n{}", environment.app_version, environment.os, words.join("\n"));
    if ui.button("Copy versions").clicked() {
        ctx.send(Command::Copy(copy));
    }
}
