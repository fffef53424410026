//! The import panel: the first rows of a file and every guess about it, each as a control. Enter imports, Esc leaves.

use egui::{Align, Button, Grid, Id, Key, Label, Layout, Modal, Rect, RichText, ScrollArea, TextEdit, Ui, vec2};

use crate::domain::dataset::{BadRows, SourceFormat};
use crate::domain::preview::{ImportPreview, PreviewColumn};
use crate::domain::question::{Answer, Question};
use crate::domain::schema::Storage;
use crate::domain::words::file_name;
use crate::state::command::Command;
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
const KIND_WIDTH: f32 = 110.0;
const DATE_WIDTH: f32 = 110.0;
/// What stands below the body.
const FOOTER: f32 = 44.0;
const CELL_WIDTH: f32 = 130.0;
const ROW_HEIGHT: f32 = 22.0;
const COLUMN_HEIGHT: f32 = 24.0;
const SHOWN_NOTES: usize = 4;

/// Half-typed texts; they count when their field is left.
#[derive(Debug, Default)]
pub struct Texts {
    /// Which look they belong to.
    of: Option<Question>,
    tokens: String,
    skip: String,
    source_column: String,
    date: Option<(String, String)>,
    /// A field was left in this frame: the Enter that ended it imports nothing.
    left: bool,
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
    texts.left = false;
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
                    let left = vec2(ui.available_width(), (top + height - FOOTER - ui.cursor().top()).max(120.0));
                    ui.allocate_ui(left, |ui| {
                        ScrollArea::vertical().id_salt("import controls").max_height(left.y).show(ui, |ui| {
                            controls(ui, ctx, preview, &mut changed, texts);
                        });
                    });
                }
            }
            (Some(preview), None) => body(ui, ctx, preview, &mut changed, texts, top + height),
            (None, None) => states::loading(ui, ctx, "the first rows"),
        }
        ui.add_space(space::S);
        footer(ui, ctx, &mut changed, preview.as_deref().filter(|_| problem.is_none()), loading, texts.left);
        texts.last = preview;
    });
    if changed != *panel {
        ctx.send(Command::ChangeImport(Box::new(changed)));
    }
    // A click beside the panel may be a slip, and must not cost what was chosen.
    let slipped = response.backdrop_response.clicked() && !panel.draft.is_empty();
    if !slipped && response.should_close() {
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
    let shown = panel.files.first().map(|f| file_name(f)).unwrap_or_default();
    weak(ui, ctx, format!("These are the first rows of {shown}; what you choose here holds for all"));
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
    bad_rows(ui, ctx, preview, panel);
    notes(ui, ctx, preview);
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
    let size = vec2(ui.available_width(), height);
    // The layout of each part is said: one inherited would put the controls side by side, and a row grows with its line.
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::TOP), |ui| {
        ui.set_max_height(height);
        ui.allocate_ui_with_layout(vec2(CONTROLS_WIDTH, height), Layout::top_down(Align::LEFT), |ui| {
            ui.set_width(CONTROLS_WIDTH);
            ScrollArea::vertical().id_salt("import controls").max_height(height).show(ui, |ui| {
                controls(ui, ctx, preview, panel, texts);
            });
        });
        ui.separator();
        ui.vertical(|ui| {
            ui.set_max_height(height);
            let below = ui.cursor().top() + height;
            columns(ui, ctx, preview, panel, texts, (height * 0.42).max(120.0));
            ui.separator();
            rows(ui, ctx, preview, below - ui.cursor().top());
        });
    });
}

/// What becomes of rows that cannot be read, with the way out where they would refuse the file.
fn bad_rows(ui: &mut Ui, ctx: &UiCtx<'_>, preview: &ImportPreview, panel: &mut ImportPanel) {
    let Some(note) = preview.bad_rows_note() else { return };
    let tone = if preview.is_refused() { Tone::Warn } else { Tone::Info };
    ui.horizontal(|ui| {
        if preview.is_refused() && ui.small_button(model::SET_ASIDE).clicked() {
            panel.draft.bad_rows = Some(BadRows::SetAside);
        }
        let text = RichText::new(model::note(&note)).size(size::DATA).color(tone.color(ctx.tokens));
        ui.add(Label::new(text).truncate());
    });
}

fn notes(ui: &mut Ui, ctx: &UiCtx<'_>, preview: &ImportPreview) {
    let line = |ui: &mut Ui, text: &str| {
        let text = RichText::new(text).size(size::DATA).color(Tone::Info.color(ctx.tokens));
        ui.add(Label::new(text).truncate())
    };
    let notes: Vec<String> = preview.notes.iter().map(|n| model::note(n)).collect();
    // One more takes no more room than the line that counts it.
    let shown = if notes.len() > SHOWN_NOTES + 1 { SHOWN_NOTES } else { notes.len() };
    notes[..shown].iter().for_each(|note| drop(line(ui, note)));
    if shown < notes.len() {
        line(ui, &format!("and {} more", notes.len() - shown)).on_hover_text(notes[shown..].join("\n"));
    }
}

/// The guesses about the file as a whole, in two columns.
fn controls(ui: &mut Ui, ctx: &UiCtx<'_>, preview: &ImportPreview, panel: &mut ImportPanel, texts: &mut Texts) {
    // What was chosen shows at once, before the file is looked at again.
    let options = &panel.draft.clone().apply(preview.options.clone());
    let draft = &mut panel.draft;
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
            field(ui, ctx, "Lines to skip", |ui| {
                let edit = ui.add(TextEdit::singleline(&mut texts.skip).desired_width(CONTROL_WIDTH));
                if edit.lost_focus() {
                    texts.left = true;
                    match texts.skip.trim().parse::<u64>() {
                        Ok(n) if n != options.skip_lines => draft.skip_lines = Some(n),
                        Ok(_) => {}
                        Err(_) => texts.skip = options.skip_lines.to_string(),
                    }
                }
            });
            ui.end_row();
        }
    });
    if text || options.format == SourceFormat::Excel {
        let mut has_header = options.has_header;
        if ui.checkbox(&mut has_header, "First row names the columns").changed() {
            draft.has_header = Some(has_header);
        }
    }
    field(ui, ctx, "Words for missing, with commas between", |ui| {
        let edit = ui.add(TextEdit::singleline(&mut texts.tokens).desired_width(2.0 * CONTROL_WIDTH + space::S));
        if edit.lost_focus() {
            texts.left = true;
            if model::tokens_of(&texts.tokens) != options.null_tokens {
                draft.null_tokens = Some(model::tokens_of(&texts.tokens));
            }
        }
        edit.on_hover_text(&texts.tokens);
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

/// What each column will be; only those in sight are drawn.
fn columns(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    preview: &ImportPreview,
    panel: &mut ImportPanel,
    texts: &mut Texts,
    height: f32,
) {
    let (n, has_dates) = (preview.columns.len(), preview.columns.iter().any(|c| c.date_format.is_some()));
    let area = ScrollArea::both().id_salt("import columns").max_height(height);
    area.show_rows(ui, COLUMN_HEIGHT, n, |ui, range| {
        for column in &preview.columns[range] {
            ui.horizontal(|ui| {
                ui.set_height(COLUMN_HEIGHT);
                column_row(ui, ctx, column, panel, texts, has_dates);
            });
        }
    });
}

fn column_row(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    column: &PreviewColumn,
    panel: &mut ImportPanel,
    texts: &mut Texts,
    has_dates: bool,
) {
    let name = column.schema.name.as_str();
    fixed(ui, CELL_WIDTH, |ui| ui.add(Label::new(RichText::new(name).strong()).truncate()));
    let chosen = panel.draft.columns.get(name).cloned().unwrap_or_default();
    let storage = chosen.storage.unwrap_or(column.schema.storage);
    let label = format!("Storage of {name}");
    let picked = fixed(ui, CELL_WIDTH, |ui| pick(ui, &label, &model::storages(), Some(&storage), None, CELL_WIDTH));
    if let Some(picked) = picked {
        model::choose(&mut panel.draft, name, |c| {
            c.storage = picked;
            c.date_format = c.date_format.take().filter(|_| picked == Some(Storage::DatetimeMs));
        });
    }
    let label = format!("Kind of {name}");
    let kind = chosen.kind.unwrap_or(column.schema.kind);
    let picked = fixed(ui, KIND_WIDTH, |ui| pick(ui, &label, &model::kinds(), Some(&kind), None, KIND_WIDTH));
    if let Some(picked) = picked {
        model::choose(&mut panel.draft, name, |c| c.kind = picked);
    }
    if has_dates {
        fixed(ui, DATE_WIDTH, |ui| {
            if column.schema.storage == Storage::DatetimeMs {
                date_format(ui, name, column.date_format.as_deref().unwrap_or_default(), panel, texts);
            }
        });
    }
    let (text, hover) = model::fit(column);
    let tone = if column.misfits.is_empty() { ctx.tokens.text_weak } else { ctx.tokens.warn };
    let label = ui.add(Label::new(RichText::new(text).size(size::DATA).color(tone)).extend());
    if !hover.is_empty() {
        label.on_hover_text(hover);
    }
}

/// A cell of one width, whatever it holds.
fn fixed<R>(ui: &mut Ui, width: f32, add: impl FnOnce(&mut Ui) -> R) -> R {
    let room = vec2(width, COLUMN_HEIGHT);
    ui.allocate_ui_with_layout(room, Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_size(room);
        ui.set_max_width(width);
        add(ui)
    })
    .inner
}

fn date_format(ui: &mut Ui, column: &str, now: &str, panel: &mut ImportPanel, texts: &mut Texts) {
    let typing = texts.date.as_ref().is_some_and(|(name, _)| name == column);
    let mut text =
        if typing { texts.date.as_ref().map_or_else(String::new, |(_, t)| t.clone()) } else { now.to_owned() };
    let edit = ui.add(TextEdit::singleline(&mut text).desired_width(DATE_WIDTH));
    name_it(ui, &edit, &format!("Date format of {column}"));
    let edit = edit.on_hover_text("How its dates are written, such as %d.%m.%Y %H:%M");
    if edit.changed() {
        texts.date = Some((column.to_owned(), text.clone()));
    }
    texts.left |= edit.lost_focus();
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

/// The first rows under their names; only the cells in sight are drawn.
fn rows(ui: &mut Ui, ctx: &UiCtx<'_>, preview: &ImportPreview, height: f32) {
    let (n_columns, n_rows) = (preview.columns.len(), preview.rows.len());
    let cell = vec2(CELL_WIDTH + space::S, ROW_HEIGHT);
    let area = ScrollArea::both().id_salt("import rows").max_height(height).auto_shrink([false, false]);
    area.show_viewport(ui, |ui, viewport| {
        ui.set_min_size(vec2(cell.x * n_columns as f32, cell.y * (n_rows + 1) as f32));
        let corner = ui.min_rect().min;
        let in_sight = |from: f32, to: f32, size: f32, n: usize| {
            ((from / size).max(0.0) as usize).min(n)..((to / size).ceil().max(0.0) as usize).min(n)
        };
        let columns = in_sight(viewport.min.x, viewport.max.x, cell.x, n_columns);
        let put = |ui: &mut Ui, column: usize, top: f32, text: RichText| {
            let place = Rect::from_min_size(corner + vec2(column as f32 * cell.x, top), vec2(CELL_WIDTH, cell.y));
            let layout = Layout::left_to_right(Align::Center);
            ui.scope_builder(egui::UiBuilder::new().max_rect(place).layout(layout), |ui| {
                ui.add(Label::new(text.size(size::DATA)).truncate());
            });
        };
        // The names stay where they are; the row that is half below them is left out.
        let first = (viewport.min.y / cell.y).ceil().max(0.0) as usize;
        for row in first..in_sight(0.0, viewport.max.y - cell.y, cell.y, n_rows).end.max(first) {
            for column in columns.clone() {
                let text = match preview.rows[row].get(column).and_then(Option::as_deref) {
                    Some(text) => RichText::new(text).color(ctx.tokens.text),
                    None => RichText::new("–").color(ctx.tokens.text_weak),
                };
                put(ui, column, (row + 1) as f32 * cell.y, text);
            }
        }
        for column in columns {
            let name = RichText::new(&preview.columns[column].schema.name).strong();
            put(ui, column, viewport.min.y, name);
        }
    });
}

fn footer(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    panel: &mut ImportPanel,
    preview: Option<&ImportPreview>,
    loading: bool,
    left: bool,
) {
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
            // Enter on a control is that control's; at the end of the name or the note it imports.
            let free = !left && ui.memory(|m| m.focused()).is_none();
            if ready && free && ui.input(|i| i.key_pressed(Key::Enter)) {
                ctx.send(Command::ConfirmImport);
            }
        });
    });
}
