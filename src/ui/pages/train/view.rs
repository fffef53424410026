//! Draws the Train page: the form in four steps over the leaderboard, the reasons beside.

use egui::{
    Align, Layout, Panel, ScrollArea, Sense, Stroke, TextStyle, TextWrapMode, Ui, WidgetInfo, WidgetText, pos2, vec2,
};

use crate::domain::question::{Answer, Question};
use crate::domain::training::TrainingProposal;
use crate::state::command::{Command, PickFor};
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::pages::parts;
use crate::ui::theme::icons::{self, Icon, focus_ring};
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::page::{Primary, card, inspector_panel, main_panel, page_header, section};
use crate::ui::widgets::states;

use super::model::{self, Mode, TrainForm};
use super::{About, TrainPage, board, inspector, steps};

const TITLE: &str = "Train";
const SUBTITLE: &str = "What to predict, and with what?";
/// From this width on all four steps stand side by side.
const ALL_STEPS: f32 = 1400.0;
const STEP_HEIGHT: f32 = 44.0;

pub fn train_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut TrainPage) {
    let Some(history) = ctx.state.history.value() else {
        page_header(ui, ctx, TITLE, SUBTITLE, None);
        parts::history(ui, ctx, "datasets");
        return;
    };
    let focused = ctx.state.focus.version.and_then(|id| history.version(id));
    let Some(version) = focused.or(history.versions.last()) else {
        page_header(ui, ctx, TITLE, SUBTITLE, None);
        return main_panel(ui, |ui| {
            let more = "Choose a target, and models of every family are trained and compared";
            let import = ("Import a file…", Command::Pick(PickFor::ImportFiles));
            states::empty(ui, ctx, Icon::Train, "No data to learn from yet", more, Some(import));
        });
    };
    let mut form = match page.form.take() {
        Some((id, form)) if id == version.id => form,
        _ => TrainForm::propose(version, history),
    };
    let plan = plan(ctx, &form, version.id);
    if let Some(plan) = plan {
        form.advise(plan);
    }
    if steps::recipe::take_opened(ctx, &mut page.recipe, &mut form) {
        page.step = 2;
    }
    let problems = model::problems(&form, version);
    let about = About { history, version, plan, problems: &problems };
    let command = match form.mode {
        Mode::Train => Command::Train(form.request(version)),
        Mode::Tune => Command::Tune(form.tune_request(version)),
    };
    let primary = Primary::new(model::train_label(&form), command);
    let why_not = problems.first().map(|p| p.message.clone());
    page_header(ui, ctx, TITLE, SUBTITLE, Some(primary.unless(why_not)));
    inspector_panel(ui, ctx, "train", |ui| inspector::inspector_ui(ui, ctx, &form, &about));
    main_panel(ui, |ui| {
        let height = ui.available_height();
        Panel::bottom("train board")
            .frame(egui::Frame::NONE.inner_margin(egui::Margin { left: 0, right: 0, top: 8, bottom: 0 }))
            .resizable(true)
            .default_size(height * 0.46)
            .size_range(120.0..=(height - 140.0).max(160.0))
            .show(ui, |ui| {
                board::board_ui(ui, ctx, page, &form, &about);
                ui.take_available_space();
            });
        form_ui(ui, ctx, page, &mut form, &about);
    });
    page.form = Some((version.id, form));
}

/// Asked for once per target.
fn plan<'a>(ctx: &UiCtx<'a>, form: &TrainForm, version: crate::domain::ids::VersionId) -> Option<&'a TrainingProposal> {
    let question = Question::TrainingPlan { version, target: form.target.clone()? };
    match ctx.state.asked.get(&question) {
        Loadable::Idle => {
            ctx.send(Command::Ask(question));
            None
        }
        other => match other.value() {
            Some(Answer::TrainingPlan(plan)) => Some(plan),
            _ => None,
        },
    }
}

fn form_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut TrainPage, form: &mut TrainForm, about: &About) {
    if ui.available_width() >= ALL_STEPS {
        let height = ui.available_height();
        ui.columns_const(|columns: &mut [Ui; 4]| {
            for (at, ui) in columns.iter_mut().enumerate() {
                let step = at as u8 + 1;
                card(ui, ctx, |ui| {
                    section(ui, ctx, &format!("{step} · {}", model::STEPS[at]));
                    let room = (height - 2.0 * space::M - 30.0).max(80.0);
                    ScrollArea::vertical().id_salt(("step", step)).max_height(room).auto_shrink([false, false]).show(
                        ui,
                        |ui| {
                            // Columns stretch what they hold to their width, and words with it.
                            let left = Layout::top_down(Align::Min);
                            ui.with_layout(left, |ui| steps::step_ui(ui, ctx, page, form, about, step));
                        },
                    );
                });
            }
        });
        return;
    }
    stepper_ui(ui, ctx, page, form, about);
    ui.add_space(space::XS);
    let step = page.step;
    card(ui, ctx, |ui| {
        let room = (ui.available_height() - space::XS).max(60.0);
        ScrollArea::vertical().id_salt(("step", step)).max_height(room).auto_shrink([false, false]).show(ui, |ui| {
            steps::step_ui(ui, ctx, page, form, about, step);
        });
    });
}

/// The four steps in a row, each with what is chosen in it.
fn stepper_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut TrainPage, form: &TrainForm, about: &About) {
    let width = (ui.available_width() - 3.0 * space::XS) / 4.0;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        for step in 1..=4_u8 {
            let summary = model::summary(form, about.version, about.plan, step);
            let bad = about.problems.iter().any(|p| p.step == step);
            if stepper_cell(ui, ctx, step, &summary, (page.step == step, bad), width).clicked() {
                page.step = step;
            }
        }
    });
}

fn stepper_cell(
    ui: &mut Ui,
    ctx: &UiCtx,
    step: u8,
    summary: &str,
    (open, bad): (bool, bool),
    width: f32,
) -> egui::Response {
    let title = model::STEPS[usize::from(step) - 1];
    let (rect, response) = ui.allocate_exact_size(vec2(width, STEP_HEIGHT), Sense::click());
    let label = format!("Step {step}, {title}: {summary}{}", if bad { ", needs a change" } else { "" });
    response.widget_info(|| WidgetInfo::selected(egui::Role::Tab, true, open, &label));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let tokens = ctx.tokens;
    let fill = if open {
        tokens.surface
    } else if response.hovered() {
        tokens.hover
    } else {
        tokens.background
    };
    ui.painter().rect(rect, space::RADIUS, fill, Stroke::new(1.0, tokens.line), egui::StrokeKind::Inside);
    if open {
        let line = egui::Rect::from_min_max(pos2(rect.left() + 8.0, rect.bottom() - 2.0), rect.max - vec2(8.0, 0.0));
        ui.painter().rect_filled(line, 1.0, tokens.accent);
    }
    focus_ring(ui, ctx, &response);
    let inner = rect.shrink2(vec2(space::S, space::XS + 1.0));
    let mut room = inner.width();
    if bad {
        room -= 18.0;
        let at = egui::Rect::from_center_size(pos2(inner.right() - 7.0, rect.center().y), vec2(14.0, 14.0));
        icons::paint(ui.painter(), Icon::Error, at, tokens.bad);
    }
    let cut = |text: egui::RichText| {
        WidgetText::from(text).into_galley(ui, Some(TextWrapMode::Truncate), room, TextStyle::Body)
    };
    let head = cut(egui::RichText::new(format!("{step} · {title}")).font(medium(size::TEXT)).color(tokens.text));
    let color = if bad { tokens.bad } else { tokens.text_weak };
    let below = cut(egui::RichText::new(summary).size(size::DATA).color(color));
    let was_cut = below.elided || head.elided;
    ui.painter().galley(pos2(inner.left(), inner.top()), head, tokens.text);
    let y = inner.bottom() - below.size().y - 1.0;
    ui.painter().galley(pos2(inner.left(), y), below, color);
    if was_cut { response.on_hover_text(format!("{title}\n{summary}")) } else { response }
}
