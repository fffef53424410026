//! Draws the Ship page.

use egui::{Label, RichText, ScrollArea, Ui};

use crate::domain::bundle::ExportedBundle;
use crate::domain::history::History;
use crate::domain::ids::RunId;
use crate::domain::run::Run;
use crate::state::command::{Command, Page, PickFor};
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::theme::icons::{self, Icon, icon_button};
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::{Tone, badge};
use crate::ui::widgets::list::Row;
use crate::ui::widgets::page::{Primary, card, inspector_panel, list_panel, main_panel, page_header, section};
use crate::ui::widgets::states;

use super::markdown::{self, Block, Span};
use super::model::{self, Item};
use super::{ShipPage, Tab};

const TITLE: &str = "Ship";
const SUBTITLE: &str = "One file that runs anywhere ONNX or MLflow does";

pub fn ship_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut ShipPage) {
    let Some(history) = ctx.state.history.value() else {
        page_header(ui, ctx, TITLE, SUBTITLE, None);
        parts::history(ui, ctx, "bundles");
        return;
    };
    let Some(run) = model::chosen(history, &ctx.state.focus) else {
        page_header(ui, ctx, TITLE, SUBTITLE, None);
        return main_panel(ui, |ui| {
            let more = "A completed run can be exported as one verified file, or score a file of yours";
            let train = ("Train models…", Command::GoTo(Page::Train));
            states::empty(ui, ctx, Icon::Ship, "No model is ready to leave", more, Some(train));
        });
    };
    let export = Command::Pick(PickFor::ExportBundle(run.id));
    page_header(ui, ctx, TITLE, SUBTITLE, Some(Primary::new(format!("Export run {}…", run.id), export)));
    let bundle = model::shown_bundle(history, &ctx.state.focus, Some(run));
    list_panel(ui, ctx, "ship", |ui| list_ui(ui, ctx, history, bundle));
    inspector_panel(ui, ctx, "ship", |ui| inspector_ui(ui, ctx, page, bundle));
    main_panel(ui, |ui| {
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = space::S;
            card(ui, ctx, |ui| run_ui(ui, ctx, history, run));
            card(ui, ctx, |ui| contents_ui(ui, ctx, bundle));
            if let Some(bundle) = bundle {
                card(ui, ctx, |ui| bundle_ui(ui, ctx, bundle));
            }
        });
    });
}

fn list_ui(ui: &mut Ui, ctx: &UiCtx, history: &History, shown: Option<&ExportedBundle>) {
    parts::heading(ui, ctx, "Exported bundles");
    if history.bundles.is_empty() {
        return parts::note(ui, ctx, "None yet");
    }
    ScrollArea::vertical().auto_shrink([false, false]).show_rows(ui, 40.0, history.bundles.len(), |ui, range| {
        for bundle in &history.bundles[range] {
            let (tone, word) = model::verification(bundle);
            let when = format::ago(ctx.now_ms, bundle.created_at_ms);
            let subtitle = format!("run {} · {} · {when}", bundle.run_id, format::bytes(bundle.bytes));
            let selected = shown.is_some_and(|s| s.id == bundle.id);
            let row =
                Row::new(&bundle.file_name).subtitle(&subtitle).badge(tone, word).selected(selected).show(ui, ctx);
            if row.clicked() {
                ctx.send(Command::FocusRun(bundle.run_id));
                ctx.send(Command::ShowBundle(bundle.id));
            }
            row.on_hover_text(format!("{}\n{}", bundle.file_name, model::verification_words(bundle)));
        }
    });
}

fn run_ui(ui: &mut Ui, ctx: &UiCtx, history: &History, run: &Run) {
    section(ui, ctx, "Model to ship");
    let options: Vec<(RunId, String)> =
        model::candidates(history).into_iter().map(|r| (r.id, model::run_line(r))).collect();
    ui.horizontal_wrapped(|ui| {
        let width = (ui.available_width() - 120.0).clamp(160.0, 420.0);
        if let Some(Some(id)) = parts::pick(ui, "Model to ship", &options, Some(&run.id), None, width) {
            ctx.send(Command::FocusRun(id));
        }
        if ui.button("Score a file…").on_hover_text("Predict for every row of a CSV or Parquet file").clicked() {
            ctx.send(Command::Pick(PickFor::ScoreInput(run.id)));
        }
    });
    for warning in &run.warnings {
        parts::alert(ui, ctx, Tone::Warn, warning);
    }
    parts::note(ui, ctx, "Or drop a CSV or Parquet file here: it is scored with this model");
}

fn contents_ui(ui: &mut Ui, ctx: &UiCtx, bundle: Option<&ExportedBundle>) {
    section(ui, ctx, if bundle.is_some() { "Contents" } else { "The bundle will contain" });
    ui.spacing_mut().item_spacing.y = 2.0;
    for item in model::contents(bundle) {
        item_ui(ui, ctx, &item);
    }
}

fn item_ui(ui: &mut Ui, ctx: &UiCtx, item: &Item) {
    ui.horizontal(|ui| {
        ui.set_min_height(space::ROW - 2.0);
        let (icon, color) =
            if item.bytes.is_some() { (Icon::Ok, ctx.tokens.ok) } else { (Icon::File, ctx.tokens.text_weak) };
        icons::icon(ui, icon, 14.0, color);
        let name_width = (ui.available_width() * 0.32).clamp(100.0, 190.0);
        ui.allocate_ui(egui::vec2(name_width, 18.0), |ui| {
            ui.set_min_width(name_width);
            ui.add(Label::new(RichText::new(&item.name).color(ctx.tokens.text)).truncate());
        });
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if let Some(bytes) = item.bytes {
                ui.label(RichText::new(format::bytes(bytes)).size(size::DATA).color(ctx.tokens.text_weak));
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                ui.add(Label::new(RichText::new(item.what).size(size::DATA).color(ctx.tokens.text_weak)).truncate());
            });
        });
    });
}

fn bundle_ui(ui: &mut Ui, ctx: &UiCtx, bundle: &ExportedBundle) {
    ui.horizontal(|ui| {
        section(ui, ctx, &bundle.file_name);
        let (tone, word) = model::verification(bundle);
        badge(ui, ctx, tone, word);
    });
    parts::note(ui, ctx, &model::verification_words(bundle));
    ui.add_space(space::XS);
    let when =
        format!("{} ({})", format::ago(ctx.now_ms, bundle.created_at_ms), format::date_time(bundle.created_at_ms));
    parts::facts(
        ui,
        ctx,
        &[
            (
                "Size",
                format!(
                    "{} in {}",
                    format::bytes(bundle.bytes),
                    format::counted(bundle.files.len() as u64, "file", "files")
                ),
            ),
            ("Exported", when),
            ("SHA-256", bundle.sha256.short().to_owned()),
            ("Largest difference", model::difference(bundle.golden_max_abs_diff)),
        ],
    );
    ui.horizontal(|ui| {
        if ui.button("Copy SHA-256").on_hover_text(bundle.sha256.as_str()).clicked() {
            ctx.send(Command::Copy(bundle.sha256.as_str().to_owned()));
        }
    });
}

fn inspector_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut ShipPage, bundle: Option<&ExportedBundle>) {
    let Some(bundle) = bundle else {
        let what = "After the export the model card and the commands that run the bundle elsewhere are here";
        return parts::nothing_selected(ui, ctx, what);
    };
    ui.horizontal(|ui| {
        ui.selectable_value(&mut page.tab, Tab::Card, "Model card");
        ui.selectable_value(&mut page.tab, Tab::Commands, "Run it elsewhere");
    });
    ui.add_space(space::XS);
    match page.tab {
        Tab::Card => {
            ui.horizontal(|ui| {
                if ui.button("Copy Markdown").clicked() {
                    ctx.send(Command::Copy(bundle.card_markdown.clone()));
                }
                if ui.button("Save…").on_hover_text("Save the model card as Markdown").clicked() {
                    let (suggested, text) = ("model-card.md".to_owned(), bundle.card_markdown.clone());
                    ctx.send(Command::Pick(PickFor::SaveText { suggested, text }));
                }
            });
            ui.add_space(space::XS);
            markdown_ui(ui, ctx, &bundle.card_markdown);
        }
        Tab::Commands => commands_ui(ui, ctx, bundle),
    }
}

fn commands_ui(ui: &mut Ui, ctx: &UiCtx, bundle: &ExportedBundle) {
    for recipe in model::commands(&bundle.file_name) {
        ui.horizontal(|ui| {
            parts::heading(ui, ctx, recipe.title);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if icon_button(ui, ctx, Icon::Copy, &format!("Copy the command for {}", recipe.title)).clicked() {
                    ctx.send(Command::Copy(recipe.text.clone()));
                }
            });
        });
        code_ui(ui, ctx, &recipe.text);
        ui.add_space(space::S);
    }
}

fn code_ui(ui: &mut Ui, ctx: &UiCtx, text: &str) {
    egui::Frame::NONE.fill(ctx.tokens.hover).corner_radius(space::RADIUS).inner_margin(8).show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.add(Label::new(RichText::new(text).monospace().color(ctx.tokens.text)).wrap().selectable(true));
    });
}

/// A bar at its left, as on paper.
fn quote_ui(ui: &mut Ui, ctx: &UiCtx, spans: &[Span]) {
    let margin = egui::Margin { left: 10, right: 0, top: 2, bottom: 2 };
    let inner = egui::Frame::NONE.inner_margin(margin).show(ui, |ui| ui.add(Label::new(job(ctx, spans)).wrap()));
    let rect = inner.response.rect;
    let bar = egui::Rect::from_min_size(rect.min, egui::vec2(3.0, rect.height()));
    ui.painter().rect_filled(bar, 1.0, ctx.tokens.warn);
}

/// A model card as it reads on paper.
fn markdown_ui(ui: &mut Ui, ctx: &UiCtx, text: &str) {
    for (at, block) in markdown::parse(text).iter().enumerate() {
        match block {
            Block::Heading(level, text) => {
                ui.add_space(if *level == 1 { 0.0 } else { space::S });
                let size = if *level == 1 { size::TITLE } else { size::TEXT };
                ui.add(Label::new(RichText::new(text).font(medium(size)).color(ctx.tokens.text)).wrap());
            }
            Block::Paragraph(spans) => drop(ui.add(Label::new(job(ctx, spans)).wrap())),
            Block::Item(depth, mark, spans) => {
                ui.horizontal_top(|ui| {
                    ui.add_space(space::M * *depth as f32);
                    ui.label(RichText::new(mark).color(ctx.tokens.text_weak));
                    ui.add(Label::new(job(ctx, spans)).wrap());
                });
            }
            Block::Table { head, rows } => table_ui(ui, ctx, at, head, rows),
            Block::Code(text) => code_ui(ui, ctx, text),
            Block::Quote(spans) => quote_ui(ui, ctx, spans),
            Block::Rule => drop(ui.separator()),
        }
    }
}

fn table_ui(ui: &mut Ui, ctx: &UiCtx, at: usize, head: &[String], rows: &[Vec<Vec<Span>>]) {
    ScrollArea::horizontal().id_salt(("card table", at)).show(ui, |ui| {
        egui::Grid::new(("card grid", at)).striped(true).spacing([space::M, space::XS]).show(ui, |ui| {
            // A table of names and values has an empty head.
            if head.iter().any(|cell| !cell.is_empty()) {
                for cell in head {
                    ui.label(RichText::new(cell).font(medium(size::DATA)).color(ctx.tokens.text));
                }
                ui.end_row();
            }
            for row in rows {
                for cell in row {
                    ui.label(job(ctx, cell));
                }
                ui.end_row();
            }
        });
    });
}

fn job(ctx: &UiCtx, spans: &[Span]) -> egui::text::LayoutJob {
    let mut job = egui::text::LayoutJob::default();
    for span in spans {
        let (text, font) = match span {
            Span::Plain(text) | Span::Emphasis(text) => (text, egui::FontId::proportional(size::DATA)),
            Span::Strong(text) => (text, medium(size::DATA)),
            Span::Code(text) => (text, egui::FontId::monospace(size::DATA)),
        };
        let mut format = egui::TextFormat::simple(font, ctx.tokens.text);
        format.italics = matches!(span, Span::Emphasis(_));
        if matches!(span, Span::Code(_)) {
            format.background = ctx.tokens.hover;
        }
        job.append(text, 0.0, format);
    }
    job
}
