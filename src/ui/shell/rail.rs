//! The rail on the left: the life of a model, top to bottom.

use egui::{Frame, Margin, Panel, Rect, Response, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::domain::finding::Severity;
use crate::state::AppState;
use crate::state::actions::page_shortcut;
use crate::state::command::{Command, Page};
use crate::ui::ctx::UiCtx;
use crate::ui::theme::icons::{self, Icon, focus_ring};
use crate::ui::theme::tokens::{size, space};

const WIDTH: f32 = 80.0;
const ITEM: f32 = 50.0;

pub fn rail_ui(ui: &mut Ui, ctx: &UiCtx<'_>) {
    let frame = Frame::NONE.fill(ctx.tokens.surface).inner_margin(Margin::symmetric(6, 6));
    Panel::left("rail").frame(frame).exact_size(WIDTH).resizable(false).show(ui, |ui| {
        let foot = ui.max_rect().bottom() - ITEM;
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            for page in Page::ALL {
                if page == Page::Settings {
                    ui.add_space((foot - ui.cursor().top()).max(space::S));
                }
                if item(ui, ctx, page).clicked() {
                    ctx.send(Command::GoTo(page));
                }
            }
        });
    });
}

fn item(ui: &mut Ui, ctx: &UiCtx<'_>, page: Page) -> Response {
    let tokens = ctx.tokens;
    let here = ctx.state.page == page;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ITEM), Sense::click());
    response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, here, page.title()));
    if here {
        ui.painter().rect_filled(rect, space::RADIUS, tokens.selected);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, space::RADIUS, tokens.hover);
    }
    focus_ring(ui, ctx, &response);
    let color = if here { tokens.accent } else { tokens.text_weak };
    let at = Rect::from_center_size(pos2(rect.center().x, rect.top() + 18.0), vec2(18.0, 18.0));
    icons::paint(ui.painter(), Icon::of_page(page), at, color);
    let text = if here { tokens.text } else { tokens.text_weak };
    let font = egui::FontId::proportional(size::DATA);
    ui.painter().text(
        pos2(rect.center().x, rect.bottom() - 11.0),
        egui::Align2::CENTER_CENTER,
        page.title(),
        font,
        text,
    );
    let alert = alert(ctx.state, page);
    if alert.is_some() {
        let dot = pos2(at.right() + 3.0, at.top());
        ui.painter().circle_filled(dot, 3.5, tokens.bad);
    }
    let keys = page_shortcut(page).text();
    let hint = alert.map_or(keys.clone(), |why| format!("{why} ({keys})"));
    response.on_hover_text(hint)
}

/// Why a page asks for attention.
fn alert(state: &AppState, page: Page) -> Option<&'static str> {
    let history = state.history.value()?;
    match page {
        Page::Checks => {
            let check = history.latest_check(state.focus.version?)?;
            let errors = check.report.checks.iter().flat_map(|c| &c.findings).any(|f| f.severity == Severity::Error);
            errors.then_some("Something blocks training")
        }
        Page::Monitor => history.drifts.first().filter(|d| d.report.dataset_drift).map(|_| "The data drifted"),
        _ => None,
    }
}
