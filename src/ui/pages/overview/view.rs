//! Cards per stage, the next step, recent activity.

use egui::{Align, Layout, RichText, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo, vec2};

use crate::state::command::{Command, Page};
use crate::state::format::{ago, date_time};
use crate::state::messages::sentence;
use crate::ui::ctx::UiCtx;
use crate::ui::theme::icons::{self, Icon, focus_ring, icon};
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::badge;
use crate::ui::widgets::page::{card, main_panel, page_header, section, weak};

use super::OverviewPage;
use super::model::{NextStep, StageCard, overview_model};

const CARD_HEIGHT: f32 = 112.0;

pub fn overview_ui(ui: &mut Ui, ctx: &UiCtx<'_>, _page: &mut OverviewPage) {
    let Some(history) = ctx.state.history.value() else { return };
    let model = overview_model(ctx.state, history, ctx.now_ms);
    page_header(ui, ctx, "Overview", "Where everything stands, and what comes next", None);
    main_panel(ui, |ui| {
        let bottom = ui.max_rect().bottom();
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            // Wider than this, a name and its time are too far apart to be read as one line.
            ui.set_max_width(ui.available_width().min(1400.0));
            ui.spacing_mut().item_spacing.y = space::M;
            next_ui(ui, ctx, &model.next);
            ui.scope(|ui| cards_ui(ui, ctx, &model.cards));
            recent_ui(ui, ctx, bottom);
        });
    });
}

fn next_ui(ui: &mut Ui, ctx: &UiCtx<'_>, next: &NextStep) {
    card(ui, ctx, |ui| {
        ui.horizontal(|ui| {
            ui.set_min_height(34.0);
            icon(ui, Icon::Play, 20.0, ctx.tokens.accent);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let text = RichText::new(&next.label).font(medium(size::TEXT)).color(ctx.tokens.on_accent);
                let fill = ctx.tokens.accent;
                let button =
                    egui::Button::new(text).fill(fill).stroke(Stroke::new(1.0, fill)).min_size(vec2(0.0, 28.0));
                if !next.label.is_empty() && ui.add(button).clicked() {
                    next.commands.iter().for_each(|command| ctx.send(command.clone()));
                }
                ui.with_layout(Layout::top_down(Align::Min), |ui| {
                    ui.spacing_mut().item_spacing.y = 2.0;
                    ui.label(RichText::new("Next step").size(size::DATA).color(ctx.tokens.text_weak));
                    ui.add(egui::Label::new(RichText::new(&next.reason).color(ctx.tokens.text)).truncate());
                });
            });
        });
    });
}

/// As many columns as fit, at most three: six cards in even rows.
fn cards_ui(ui: &mut Ui, ctx: &UiCtx<'_>, cards: &[StageCard]) {
    let width = ui.available_width();
    let columns = ((width + space::M) / (240.0 + space::M)).floor().clamp(1.0, 3.0);
    let each = (width - space::M * (columns - 1.0)) / columns;
    ui.spacing_mut().item_spacing = vec2(space::M, space::M);
    for row in cards.chunks(columns as usize) {
        ui.horizontal(|ui| {
            for stage in row {
                stage_ui(ui, ctx, stage, each);
            }
        });
    }
}

fn stage_ui(ui: &mut Ui, ctx: &UiCtx<'_>, stage: &StageCard, width: f32) {
    let tokens = ctx.tokens;
    let (rect, response) = ui.allocate_exact_size(vec2(width, CARD_HEIGHT), Sense::click());
    let badge_word = stage.badge.as_ref().map_or(String::new(), |(_, word)| format!(", {word}"));
    let label = format!("{}: {} {}{badge_word}. {}", stage.page.title(), stage.number, stage.unit, stage.line);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &label));
    let line = if response.hovered() { tokens.accent } else { tokens.line };
    ui.painter().rect(rect, space::RADIUS, tokens.surface, Stroke::new(1.0, line), StrokeKind::Inside);
    focus_ring(ui, ctx, &response);
    let inner = rect.shrink(space::M);
    let mut child =
        ui.new_child(UiBuilder::new().id_salt(stage.page.title()).max_rect(inner).layout(Layout::top_down(Align::Min)));
    let ui = &mut child;
    ui.spacing_mut().item_spacing = vec2(space::S, 3.0);
    ui.horizontal(|ui| {
        ui.set_min_height(20.0);
        icon(ui, Icon::of_page(stage.page), 16.0, tokens.text_weak);
        section(ui, ctx, stage.page.title());
        if let Some((tone, word)) = &stage.badge {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| badge(ui, ctx, *tone, word));
        }
    });
    ui.add_space(space::XS);
    number_ui(ui, ctx, &stage.number, &stage.unit);
    ui.add(egui::Label::new(RichText::new(&stage.line).size(size::DATA).color(tokens.text_weak)).truncate());
    if response.clicked() {
        ctx.send(Command::GoTo(stage.page));
    }
}

/// A large number and what it counts, standing on one line.
fn number_ui(ui: &mut Ui, ctx: &UiCtx<'_>, number: &str, unit: &str) {
    let tokens = ctx.tokens;
    let number = ui.painter().layout_no_wrap(number.to_owned(), medium(size::NUMBER), tokens.text);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), number.size().y), Sense::hover());
    let words = egui::WidgetText::from(RichText::new(unit).color(tokens.text_weak));
    let room = (rect.width() - number.size().x - space::S).max(8.0);
    let unit = words.into_galley(ui, Some(egui::TextWrapMode::Truncate), room, egui::TextStyle::Body);
    let below = baseline(&number) - baseline(&unit);
    let left = rect.left() + number.size().x + space::S;
    ui.painter().galley(rect.min, number, tokens.text);
    ui.painter().galley(egui::pos2(left, rect.top() + below), unit, tokens.text_weak);
}

/// From the top of a text to the line its first letter stands on.
fn baseline(galley: &egui::Galley) -> f32 {
    galley.rows.first().and_then(|row| Some(row.pos.y + row.glyphs.first()?.pos.y)).unwrap_or(0.0)
}

/// At least eight lines, and as many as the window has room for.
fn recent_ui(ui: &mut Ui, ctx: &UiCtx<'_>, bottom: f32) {
    let Some(history) = ctx.state.history.value() else { return };
    let room = bottom - ui.cursor().top() - 64.0;
    let lines = ((room / (space::ROW + 2.0)) as usize).clamp(8, 40);
    card(ui, ctx, |ui| {
        ui.spacing_mut().item_spacing = vec2(space::S, 2.0);
        ui.horizontal(|ui| {
            section(ui, ctx, "Recent activity");
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.button("All activity").clicked() {
                    ctx.send(Command::GoTo(Page::Activity));
                }
            });
        });
        if history.events.is_empty() {
            weak(ui, ctx, "What happens here will be listed");
        }
        for event in history.events.iter().take(lines) {
            ui.horizontal(|ui| {
                ui.set_min_height(space::ROW);
                let (rect, _) = ui.allocate_exact_size(vec2(14.0, 14.0), Sense::hover());
                icons::paint(
                    ui.painter(),
                    super::super::activity::icon_of(event.event.object_kind),
                    rect,
                    ctx.tokens.text_weak,
                );
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let when = RichText::new(ago(ctx.now_ms, event.at_ms)).size(size::DATA).color(ctx.tokens.text_weak);
                    ui.label(when).on_hover_text(date_time(event.at_ms));
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                        ui.add(egui::Label::new(sentence(&event.event)).truncate());
                    });
                });
            });
        }
    });
}
