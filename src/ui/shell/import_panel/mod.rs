//! The import panel: the first rows of a file and every guess about it, each as a control. Enter imports, Esc leaves.

use egui::{Align, Button, Grid, Id, Key, Label, Layout, Modal, RichText, ScrollArea, TextEdit, Ui};

use crate::domain::dataset::SourceFormat;
use crate::domain::preview::ImportPreview;
use crate::domain::question::{Answer, Question};
use crate::domain::schema::Storage;
use crate::domain::words::file_name;
use crate::state::command::Command;
use crate::state::format::sentence;
use crate::state::import::{ImportPanel, Together};
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::pages::parts::{field, pick};
use crate::ui::palette::{dialog_frame, name_it};
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::page::{Primary, primary_button, section, weak};
use crate::ui::widgets::{badge::Tone, states};

mod model;

const CONTROL_WIDTH: f32 = 150.0;
const CONTROLS_WIDTH: f32 = 330.0;
/// What stands below the body.
const FOOTER: f32 = 44.0;
const CELL_WIDTH: f32 = 130.0;
const ROW_HEIGHT: f32 = 20.0;
const SHOWN_COLUMNS: usize = 60;

/// Half-typed texts; they count when their field is left.
#[derive(Debug, Default)]
pub struct Texts {
    /// Which look they belong to.
    of: Option<Question>,
    tokens: String,
    skip: String,
    source_column: String,
    date: Option<(String, String)>,
    /// What was shown before the look under way.
    last: Option<Box<ImportPreview>>,
}

pub fn import_panel_ui(ui: &Ui, ctx: &UiCtx<'_>, texts: &mut Texts) {
    let Some(panel) = ctx.state.import.as_ref().filter(|p| p.shown) else {
        *texts = Texts::default();
        return;
    };
    let question = panel.question();
    let answer = ctx.state.asked.get(&question);
    if let Loadable::Ready(Answer::Preview(preview)) = answer
        && texts.of.as_ref() != Some(&question)
    {
        texts.tokens = model::tokens_text(&preview.options.null_tokens);
        texts.skip = preview.options.skip_lines.to_string();
        texts.source_column = preview.options.source_column.clone().unwrap_or_default();
        texts.last = Some(preview.clone());
        texts.of = Some(question);
    }
    let loading = matches!(answer, Loadable::Loading { .. } | Loadable::Idle);
    let problem = if let Loadable::Failed(problem) = answer { Some(problem.clone()) } else { None };
    let mut changed = panel.clone();
    let screen = ui.ctx().content_rect();
    let modal = Modal::new(Id::unique("import panel")).backdrop_color(ctx.tokens.scrim()).frame(dialog_frame(ui, 16));
    let response = modal.show(ui.ctx(), |ui| {
        ui.set_width((screen.width() - 80.0).min(1120.0));
        let height = (screen.height() - 150.0).min(720.0);
        let top = ui.cursor().top();
        section(ui, ctx, &title(panel));
        together(ui, ctx, &mut changed);
        let preview = texts.last.take();
        match (&preview, &problem) {
            (_, Some(problem)) => {
                states::failed(ui, ctx, problem, None);
                if let Some(preview) = &preview {
                    ui.allocate_ui(egui::vec2(ui.available_width(), height - 220.0), |ui| {
                        controls(ui, ctx, preview, &mut changed, texts);
                    });
                }
            }
            (Some(preview), None) => body(ui, ctx, preview, &mut changed, texts, top + height),
            (None, None) => states::loading(ui, ctx, "the first rows"),
        }
        ui.add_space(space::S);
        footer(ui, ctx, &mut changed, preview.as_deref().filter(|_| problem.is_none()), loading);
        texts.last = preview;
    });
    if changed != *panel {
        ctx.send(Command::ChangeImport(Box::new(changed)));
    }
    if response.should_close() {
        ctx.send(Command::DismissAll);
    }
}

fn title(panel: &ImportPanel) -> String {
    match panel.files.as_slice() {
        [one] => format!("Import {}", file_name(one)),
        all => format!("Import {} files", all.len()),
    }
}

fn together(ui: &mut Ui, ctx: &UiCtx<'_>, panel: &mut ImportPanel) {
    if panel.files.len() < 2 {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        weak(ui, ctx, "How do they belong together?");
        ui.radio_value(&mut panel.together, Together::OneEach, "One dataset each");
        ui.radio_value(&mut panel.together, Together::Versions, "Versions of one, in name order");
        if let Some(pattern) = panel.pattern() {
            let text = format!("One dataset of all files {}", file_name(&pattern));
            ui.radio_value(&mut panel.together, Together::OneOfAll, text);
        }
    });
}

fn body(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    preview: &ImportPreview,
    panel: &mut ImportPanel,
    texts: &mut Texts,
    bottom: f32,
) {
    weak(ui, ctx, model::facts(preview));
    for note in preview.notes.iter().take(4) {
        ui.add(
            Label::new(RichText::new(sentence(note)).size(size::DATA).color(Tone::Info.color(ctx.tokens))).truncate(),
        );
    }
    if preview.remembered {
        ui.horizontal(|ui| {
            weak(ui, ctx, "Read as remembered for this source");
            if ui.small_button("Guess anew").clicked() {
                panel.fresh = true;
            }
        });
    }
    ui.add_space(space::S);
    let height = (bottom - FOOTER - ui.cursor().top()).max(160.0);
    let size = egui::vec2(ui.available_width(), height);
    // The layout of each part is said: one inherited would put the controls side by side, and a row grows with its line.
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::TOP), |ui| {
        ui.set_max_height(height);
        ui.allocate_ui_with_layout(egui::vec2(CONTROLS_WIDTH, height), Layout::top_down(Align::LEFT), |ui| {
            ui.set_width(CONTROLS_WIDTH);
            ScrollArea::vertical().id_salt("import controls").max_height(height).show(ui, |ui| {
                controls(ui, ctx, preview, panel, texts);
            });
        });
        ui.separator();
        ui.vertical(|ui| {
            ui.set_max_height(height);
            let columns_height = (height * 0.42).max(120.0);
            ScrollArea::both().id_salt("import columns").max_height(columns_height).show(ui, |ui| {
                columns(ui, ctx, preview, panel, texts);
            });
            ui.separator();
            rows(ui, ctx, preview, height - columns_height - space::L);
        });
    });
}

/// The guesses about the file as a whole, in two columns.
fn controls(ui: &mut Ui, ctx: &UiCtx<'_>, preview: &ImportPreview, panel: &mut ImportPanel, texts: &mut Texts) {
    let (options, draft) = (&preview.options, &mut panel.draft);
    let text = options.format == SourceFormat::Delimited;
    macro_rules! choice {
        ($ui:expr, $name:expr, $options:expr, $now:expr, $field:ident) => {
            field($ui, ctx, $name, |ui| {
                if let Some(picked) = pick(ui, $name, &$options, Some(&$now), None, CONTROL_WIDTH) {
                    draft.$field = picked;
                }
            })
        };
    }
    Grid::new("import guesses").num_columns(2).spacing([space::S, space::S]).show(ui, |ui| {
        choice!(ui, "Format", model::formats(), options.format, format);
        if text || matches!(options.format, SourceFormat::Json | SourceFormat::Ndjson) {
            choice!(ui, "Encoding", model::encodings(), options.encoding, encoding);
        }
        ui.end_row();
        if text {
            choice!(ui, "Delimiter", model::delimiters(), options.delimiter, delimiter);
            choice!(ui, "Decimal mark", model::decimals(), options.decimal, decimal);
            ui.end_row();
            choice!(ui, "Thousands mark", model::thousands_marks(), model::mark(options.thousands), thousands);
            choice!(ui, "Quote", model::quotes(), options.quote, quote);
            ui.end_row();
            choice!(ui, "Comment lines", model::comments(), model::mark(options.comment), comment);
            choice!(ui, "Rows that cannot be read", model::bad_row_rules(), options.bad_rows, bad_rows);
            ui.end_row();
        }
        if options.format == SourceFormat::Ndjson {
            choice!(ui, "Rows that cannot be read", model::bad_row_rules(), options.bad_rows, bad_rows);
            ui.end_row();
        }
        if matches!(options.format, SourceFormat::Excel | SourceFormat::Sqlite) {
            let name = if options.format == SourceFormat::Excel { "Sheet" } else { "Table" };
            let parts: Vec<(String, String)> = preview.parts.iter().map(|p| (p.clone(), p.clone())).collect();
            choice!(ui, name, parts, options.part.clone().unwrap_or_default(), part);
            ui.end_row();
        }
        if text || options.format == SourceFormat::Excel {
            let mut has_header = options.has_header;
            if ui.checkbox(&mut has_header, "First row names the columns").changed() {
                draft.has_header = Some(has_header);
            }
            field(ui, ctx, "Lines to skip", |ui| {
                let edit = ui.add(TextEdit::singleline(&mut texts.skip).desired_width(CONTROL_WIDTH));
                if edit.lost_focus() {
                    draft.skip_lines = texts.skip.trim().parse().ok().or(draft.skip_lines);
                }
            });
            ui.end_row();
        }
    });
    field(ui, ctx, "Words for missing", |ui| {
        let edit = ui.add(TextEdit::singleline(&mut texts.tokens).desired_width(2.0 * CONTROL_WIDTH + space::S));
        if edit.lost_focus() && model::tokens_of(&texts.tokens) != options.null_tokens {
            draft.null_tokens = Some(model::tokens_of(&texts.tokens));
        }
    });
    let several = !matches!(options.format, SourceFormat::Excel | SourceFormat::Sqlite) && preview.parts.len() > 1;
    if several || options.source_column.is_some() {
        field(ui, ctx, "Column with each row's file", |ui| {
            let edit = TextEdit::singleline(&mut texts.source_column).hint_text("No such column");
            if ui.add(edit.desired_width(CONTROL_WIDTH)).lost_focus() {
                let name = texts.source_column.trim();
                draft.source_column = (!name.is_empty()).then(|| name.to_owned());
            }
        });
    }
    if !draft.is_empty() && ui.button("Back to the guesses").clicked() {
        *draft = Default::default();
    }
}

/// What each column will be.
fn columns(ui: &mut Ui, ctx: &UiCtx<'_>, preview: &ImportPreview, panel: &mut ImportPanel, texts: &mut Texts) {
    Grid::new("import columns").num_columns(5).spacing([space::S, 2.0]).show(ui, |ui| {
        for column in preview.columns.iter().take(SHOWN_COLUMNS) {
            let name = column.schema.name.as_str();
            ui.scope(|ui| {
                ui.set_max_width(CELL_WIDTH);
                ui.add(Label::new(RichText::new(name).strong()).truncate());
            });
            let label = format!("Storage of {name}");
            let picked = pick(ui, &label, &model::storages(), Some(&column.schema.storage), None, CELL_WIDTH);
            if let Some(picked) = picked {
                model::choose(&mut panel.draft, name, |c| c.storage = picked);
            }
            let label = format!("Kind of {name}");
            if let Some(picked) = pick(ui, &label, &model::kinds(), Some(&column.schema.kind), None, 110.0) {
                model::choose(&mut panel.draft, name, |c| c.kind = picked);
            }
            if column.schema.storage == Storage::DatetimeMs {
                date_format(ui, name, column.date_format.as_deref().unwrap_or_default(), panel, texts);
            } else {
                ui.label("");
            }
            let (text, hover) = model::fit(column);
            let tone = if column.misfits.is_empty() { ctx.tokens.text_weak } else { ctx.tokens.warn };
            let label = ui.add(Label::new(RichText::new(text).size(size::DATA).color(tone)).extend());
            if !hover.is_empty() {
                label.on_hover_text(hover);
            }
            ui.end_row();
        }
    });
    if preview.columns.len() > SHOWN_COLUMNS {
        let more = preview.columns.len() - SHOWN_COLUMNS;
        weak(ui, ctx, format!("and {more} more columns, read as guessed"));
    }
}

fn date_format(ui: &mut Ui, column: &str, now: &str, panel: &mut ImportPanel, texts: &mut Texts) {
    let typing = texts.date.as_ref().is_some_and(|(name, _)| name == column);
    let mut text =
        if typing { texts.date.as_ref().map_or_else(String::new, |(_, t)| t.clone()) } else { now.to_owned() };
    let edit = ui.add(TextEdit::singleline(&mut text).desired_width(100.0));
    name_it(ui, &edit, &format!("Date format of {column}"));
    if edit.changed() {
        texts.date = Some((column.to_owned(), text.clone()));
    }
    if edit.lost_focus() && typing {
        texts.date = None;
        if text != now {
            model::choose(&mut panel.draft, column, |c| {
                c.storage = Some(Storage::DatetimeMs);
                c.date_format = (!text.trim().is_empty()).then(|| text.trim().to_owned());
            });
        }
    }
}

/// The first rows; only those in sight are drawn.
fn rows(ui: &mut Ui, ctx: &UiCtx<'_>, preview: &ImportPreview, height: f32) {
    let n = preview.columns.len().min(SHOWN_COLUMNS);
    let cell = |ui: &mut Ui, text: RichText| {
        let room = egui::vec2(CELL_WIDTH, ROW_HEIGHT);
        ui.allocate_ui_with_layout(room, Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_size(room);
            ui.add(Label::new(text.size(size::DATA)).truncate());
        });
    };
    ScrollArea::both().id_salt("import rows").max_height(height).auto_shrink([false, false]).show_rows(
        ui,
        ROW_HEIGHT,
        preview.rows.len() + 1,
        |ui, range| {
            for row in range {
                ui.horizontal(|ui| {
                    for column in 0..n {
                        let text = match row.checked_sub(1) {
                            None => RichText::new(&preview.columns[column].schema.name).strong(),
                            Some(row) => match preview.rows[row].get(column).and_then(Option::as_deref) {
                                Some(text) => RichText::new(text).color(ctx.tokens.text),
                                None => RichText::new("–").color(ctx.tokens.text_weak),
                            },
                        };
                        cell(ui, text);
                    }
                });
            }
        },
    );
}

fn footer(ui: &mut Ui, ctx: &UiCtx<'_>, panel: &mut ImportPanel, preview: Option<&ImportPreview>, loading: bool) {
    ui.horizontal(|ui| {
        if panel.files.len() == 1 || panel.together != Together::OneEach {
            let hint = panel.suggested_name();
            let edit = ui.add(TextEdit::singleline(&mut panel.name).hint_text(hint).desired_width(150.0));
            name_it(ui, &edit, "Dataset name");
        }
        let edit = ui.add(TextEdit::singleline(&mut panel.note).hint_text("Note").desired_width(200.0));
        name_it(ui, &edit, "Note");
        ui.checkbox(&mut panel.remember, "Remember for this source");
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let label = preview.map_or_else(
                || "Import".to_owned(),
                |p| model::button(p, panel.files.len(), panel.together == Together::OneOfAll),
            );
            let reason = match preview {
                None => Some("There is nothing to import yet".to_owned()),
                Some(preview) => model::refusal(preview).filter(|_| panel.files.len() == 1),
            };
            let ready = reason.is_none();
            primary_button(ui, ctx, Primary::new(label, Command::ConfirmImport).unless(reason));
            if ui.add(Button::new("Cancel")).clicked() {
                ctx.send(Command::DismissAll);
            }
            if loading {
                ui.spinner();
            }
            let typing = ui.ctx().text_edit_focused();
            if ready && !typing && ui.input(|i| i.key_pressed(Key::Enter)) {
                ctx.send(Command::ConfirmImport);
            }
        });
    });
}
