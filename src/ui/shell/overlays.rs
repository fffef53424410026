//! What lies over the page: the drop overlay, questions, the shortcuts sheet, the list of problems.

use std::path::{Path, PathBuf};

use egui::{Align2, Button, Grid, Id, Key, LayerId, Modal, Order, RichText, ScrollArea, TextEdit, Ui};
use egui::{text_edit::TextEditState, text_selection::CCursorRange};

use crate::domain::problem::Problem;
use crate::state::actions::{ActionGroup, Shortcut, actions};
use crate::state::checking::Stopped;
use crate::state::command::{Command, PickFor};
use crate::state::drops;
use crate::state::format::{ago, capital, counted, sentence};
use crate::ui::ctx::UiCtx;
use crate::ui::palette::{dialog_frame, name_it};
use crate::ui::theme::icons::{self, Icon, icon_button};
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::page::section;
use crate::ui::widgets::{states, toast};

/// Half-typed text of the path field.
#[derive(Debug, Default)]
pub struct Overlays {
    path: String,
    for_what: Option<PickFor>,
    /// It just came up.
    fresh: bool,
    /// Why something is done in spite of a gate.
    reason: String,
    /// What the gates said that the reason is about.
    stopped: Option<Problem>,
}

/// Files let go over the window.
pub fn drops(ui: &Ui, ctx: &UiCtx<'_>) {
    let paths: Vec<PathBuf> = ui.input(|i| i.raw.dropped_files.iter().map(|f| f.path().to_owned()).collect());
    if !paths.is_empty() {
        ctx.send(Command::DropFiles(paths));
    }
}

/// Says what will happen while files hover over the window.
pub fn drop_overlay(ui: &Ui, ctx: &UiCtx<'_>) {
    let hovered: Vec<Option<PathBuf>> = ui.input(|i| i.raw.hovered_files.iter().map(|f| f.path.clone()).collect());
    if hovered.is_empty() {
        return;
    }
    let lines = overlay_lines(ctx, &hovered);
    let tokens = ctx.tokens;
    let screen = ui.ctx().content_rect();
    let painter = ui.ctx().layer_painter(LayerId::new(Order::Foreground, Id::unique("drop overlay")));
    painter.rect_filled(screen, 0.0, tokens.scrim());
    egui::Area::new(Id::unique("drop words")).order(Order::Tooltip).anchor(Align2::CENTER_CENTER, [0.0, 0.0]).show(
        ui.ctx(),
        |ui| {
            let stroke = egui::Stroke::new(2.0, tokens.accent);
            egui::Frame::NONE.fill(tokens.surface).stroke(stroke).corner_radius(10.0).inner_margin(28.0).show(
                ui,
                |ui| {
                    ui.vertical_centered(|ui| {
                        icons::icon(ui, Icon::Download, 36.0, tokens.accent);
                        ui.add_space(space::S);
                        for (i, line) in lines.iter().enumerate() {
                            let font =
                                if i == 0 { medium(size::TITLE) } else { egui::FontId::proportional(size::TEXT) };
                            ui.add(egui::Label::new(RichText::new(line).font(font).color(tokens.text)).extend());
                        }
                    });
                },
            );
        },
    );
}

fn overlay_lines(ctx: &UiCtx<'_>, hovered: &[Option<PathBuf>]) -> Vec<String> {
    let named: Vec<&Path> = hovered.iter().flatten().map(PathBuf::as_path).collect();
    if named.is_empty() {
        return vec![drops::preview_unnamed(ctx.state)];
    }
    let mut lines: Vec<String> = named.iter().take(6).map(|path| drops::preview(ctx.state, path)).collect();
    if named.len() > 6 {
        lines.push(format!("and {}", counted(named.len() as u64 - 6, "more file", "more files")));
    }
    lines
}

/// Questions and sheets; at most one is open.
pub fn overlays_ui(ui: &Ui, ctx: &UiCtx<'_>, overlays: &mut Overlays) {
    let open = &ctx.state.open;
    if ctx.state.checking.stopped.is_none() {
        overlays.stopped = None;
    }
    if open.quit {
        quit_question(ui, ctx);
    } else if let Some(stopped) = &ctx.state.checking.stopped {
        let fresh = overlays.stopped.as_ref() != Some(&stopped.problem);
        if fresh {
            overlays.reason.clear();
            overlays.stopped = Some(stopped.problem.clone());
        }
        stopped_ui(ui, ctx, stopped, &mut overlays.reason, fresh);
    } else if open.shortcuts {
        shortcuts(ui, ctx);
    } else if open.problems {
        problems(ui, ctx);
    }
    if open.path_field != overlays.for_what {
        let suggested = open.path_field.as_ref().and_then(PickFor::suggested);
        overlays.path = suggested.map_or_else(String::new, |name| format!("~/{name}"));
        overlays.for_what.clone_from(&open.path_field);
        overlays.fresh = true;
    }
    if let Some(pick) = &open.path_field {
        path_field(ui, ctx, pick, &mut overlays.path, std::mem::take(&mut overlays.fresh));
    }
}

fn dialog(ui: &Ui, ctx: &UiCtx<'_>, name: &str, width: f32, add: impl FnOnce(&mut Ui)) {
    let modal = Modal::new(Id::unique(name)).backdrop_color(ctx.tokens.scrim()).frame(dialog_frame(ui, 16));
    let response = modal.show(ui.ctx(), |ui| {
        ui.set_width(width.min(ui.ctx().content_rect().width() - 64.0));
        add(ui);
    });
    if response.should_close() {
        ctx.send(Command::DismissAll);
    }
}

fn quit_question(ui: &Ui, ctx: &UiCtx<'_>) {
    dialog(ui, ctx, "quit", 380.0, |ui| {
        let jobs = ctx.state.jobs.len() as u64;
        section(ui, ctx, &counted(jobs, "job is still running", "jobs are still running"));
        ui.label(if jobs == 1 {
            "Quitting cancels it. What it already recorded stays; what is unfinished is dropped."
        } else {
            "Quitting cancels them. What they already recorded stays; what is unfinished is dropped."
        });
        ui.add_space(space::S);
        ui.horizontal(|ui| {
            if ui.button("Keep working").clicked() {
                ctx.send(Command::DismissAll);
            }
            if ui.button(if jobs == 1 { "Cancel it and quit" } else { "Cancel them and quit" }).clicked() {
                ctx.send(Command::QuitAnyway);
            }
        });
    });
}

/// A gate said no: leave it at that, look at the gates, or go on for a reason that is recorded.
fn stopped_ui(ui: &Ui, ctx: &UiCtx<'_>, stopped: &Stopped, reason: &mut String, fresh: bool) {
    let modal = Modal::new(Id::unique("stopped by a gate"));
    let modal = modal.backdrop_color(ctx.tokens.scrim()).frame(dialog_frame(ui, 16));
    let response = modal.show(ui.ctx(), |ui| {
        ui.set_width(480.0_f32.min(ui.ctx().content_rect().width() - 64.0));
        section(ui, ctx, &stopped.problem.summary);
        let height = (ui.ctx().content_rect().height() - 280.0).max(80.0);
        ScrollArea::vertical().max_height(height).show(ui, |ui| {
            for line in stopped.problem.details.lines().map(str::trim).filter(|line| !line.is_empty()) {
                ui.horizontal_top(|ui| {
                    icons::icon(ui, Icon::Warning, 14.0, ctx.tokens.bad);
                    ui.add(egui::Label::new(RichText::new(capital(&sentence(line))).color(ctx.tokens.text)).wrap());
                });
            }
        });
        let what = "Correct the data or the suite, or give the sign-off that is missing, and try again. Or go on for a \
                    reason: it is recorded with your account's name.";
        ui.add(egui::Label::new(RichText::new(what).color(ctx.tokens.text_weak)).wrap());
        ui.add_space(space::S);
        let edit = TextEdit::singleline(reason).hint_text("Why it is right this time").desired_width(f32::INFINITY);
        let edit = ui.add(edit);
        name_it(ui, &edit, "Reason to go on in spite of the gate");
        if fresh {
            edit.request_focus();
        }
        let entered = edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        ui.add_space(space::S);
        let given = !reason.trim().is_empty();
        ui.horizontal_wrapped(|ui| {
            if ui.button("Leave it").clicked() {
                ctx.send(Command::GiveUpGated);
            }
            if ui.button("Show the gates").on_hover_text("Leaves it, and shows how each gate stands").clicked() {
                ctx.send(Command::ShowGates);
            }
            let go_on = ui.add_enabled(given, Button::new("Go on in spite of it"));
            let go_on = go_on.on_disabled_hover_text("An override needs a reason");
            let go_on = go_on.on_hover_text("The reason is recorded with your account's name");
            if go_on.clicked() || entered && given {
                ctx.send(Command::OverrideGates { reason: std::mem::take(reason) });
            }
        });
    });
    if response.should_close() {
        ctx.send(Command::GiveUpGated);
    }
}

/// `fresh`: it just came up, so whatever is typed next replaces what is suggested.
fn path_field(ui: &Ui, ctx: &UiCtx<'_>, pick: &PickFor, path: &mut String, fresh: bool) {
    dialog(ui, ctx, "path field", 520.0, |ui| {
        section(ui, ctx, pick.title());
        ui.label(
            RichText::new("There is no file dialog on this system: type or paste a path").color(ctx.tokens.text_weak),
        );
        let edit = ui.add(TextEdit::singleline(path).hint_text("/path/to/file").desired_width(f32::INFINITY));
        name_it(ui, &edit, "Path");
        let entered = edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        if fresh {
            edit.request_focus();
            let mut state = TextEditState::load(ui.ctx(), edit.id).unwrap_or_default();
            state.cursor.set_char_range(Some(CCursorRange::select_all_str(path)));
            state.store(ui.ctx(), edit.id);
        }
        ui.add_space(space::S);
        ui.horizontal(|ui| {
            let ok = !path.trim().is_empty();
            let verb = if pick.suggested().is_some() { "Save" } else { "Open" };
            if (ui.add_enabled(ok, Button::new(verb)).clicked() || entered) && ok {
                ctx.send(Command::Picked { pick: pick.clone(), paths: vec![PathBuf::from(path.trim())] });
            }
            if ui.button("Cancel").clicked() {
                ctx.send(Command::DismissAll);
            }
        });
    });
}

fn shortcuts(ui: &Ui, ctx: &UiCtx<'_>) {
    dialog(ui, ctx, "shortcuts", 620.0, |ui| {
        title_row(ui, ctx, "Keyboard shortcuts");
        let height = ui.ctx().content_rect().height() - 140.0;
        ScrollArea::vertical().max_height(height).min_scrolled_height(height).show(ui, |ui| {
            let mut all: Vec<_> = actions(ctx.state).into_iter().filter(|a| a.shortcut.is_some()).collect();
            all.sort_by_key(|a| a.group);
            let mut groups: Vec<(&str, Vec<(String, String)>)> = Vec::new();
            for action in all {
                let title = ActionGroup::title(action.group);
                let keys = action.shortcut.map(Shortcut::text).unwrap_or_default();
                match groups.last_mut().filter(|(t, _)| *t == title) {
                    Some((_, rows)) => rows.push((action.name, keys)),
                    None => groups.push((title, vec![(action.name, keys)])),
                }
            }
            let everywhere = EVERYWHERE.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
            groups.insert(1.min(groups.len()), ("Everywhere", everywhere));
            ui.spacing_mut().interact_size.y = 18.0;
            ui.columns(2, |columns| {
                for (i, (title, rows)) in groups.iter().enumerate() {
                    let ui = &mut columns[usize::from(i > 1)];
                    section(ui, ctx, title);
                    Grid::new(*title).num_columns(2).min_col_width(90.0).show(ui, |ui| {
                        for (name, keys) in rows {
                            ui.label(RichText::new(keys).monospace().color(ctx.tokens.text_weak));
                            ui.add(egui::Label::new(name).truncate());
                            ui.end_row();
                        }
                    });
                    ui.add_space(space::M);
                }
            });
        });
    });
}

const EVERYWHERE: [(&str, &str); 7] = [
    ("Search or run a command", "Ctrl+K"),
    ("Copy what is selected", "Ctrl+C"),
    ("Find on this page, in the cells of a table", "Ctrl+F"),
    ("Go to a row of a table", "Ctrl+G"),
    ("Next control, press it", "Tab, Space"),
    ("Move in a table", "Arrows, Page, Home"),
    ("Close what is open", "Esc"),
];

fn problems(ui: &Ui, ctx: &UiCtx<'_>) {
    dialog(ui, ctx, "problems", 640.0, |ui| {
        title_row(ui, ctx, "Problems of this session");
        let problems = &ctx.state.notifications.problems;
        if problems.is_empty() {
            ui.label("Nothing went wrong so far");
            return;
        }
        let height = ui.ctx().content_rect().height() - 200.0;
        ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]).show(
            ui,
            |ui| {
                for problem in problems {
                    ui.push_id(problem.id, |ui| {
                        toast::note_ui(ui, ctx, problem, &ago(ctx.now_ms, problem.at_ms));
                        ui.separator();
                    });
                }
            },
        );
        if ui.button("Clear the list").clicked() {
            ctx.send(Command::ClearProblems);
        }
    });
}

fn title_row(ui: &mut Ui, ctx: &UiCtx<'_>, title: &str) {
    ui.horizontal(|ui| {
        section(ui, ctx, title);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if icon_button(ui, ctx, Icon::Close, "Close").clicked() {
                ctx.send(Command::DismissAll);
            }
        });
    });
}

/// The whole page when no workspace could be opened.
pub fn no_workspace(ui: &mut Ui, ctx: &UiCtx<'_>, problem: &Problem) {
    let retry = ctx.state.settings.workspace.clone().map(Command::OpenWorkspace);
    states::failed(ui, ctx, problem, retry);
    ui.vertical_centered(|ui| {
        if ui.button("Open another workspace folder…").clicked() {
            ctx.send(Command::Pick(PickFor::OpenWorkspace));
        }
    });
}
