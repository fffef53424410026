//! A row of a list that can be picked: title, subtitle, a badge at the end, a right-click menu.

use egui::{Response, Sense, TextStyle, TextWrapMode, Ui, WidgetInfo, WidgetText, pos2, vec2};

use crate::ui::ctx::UiCtx;
use crate::ui::theme::icons::{self, Icon, focus_ring};
use crate::ui::theme::tokens::{size, space};

use super::badge::Tone;

/// Width of a row from which on title and badge share a line.
const NARROW: f32 = 200.0;

/// What a row shows. Build it with `Row::new("churn@2")` and the methods.
#[derive(Clone, Debug, Default)]
pub struct Row<'a> {
    title: &'a str,
    subtitle: Option<&'a str>,
    icon: Option<Icon>,
    badge: Option<(Tone, &'a str)>,
    selected: bool,
    indent: f32,
}

impl<'a> Row<'a> {
    pub fn new(title: &'a str) -> Self {
        Self { title, ..Self::default() }
    }

    pub fn subtitle(mut self, subtitle: &'a str) -> Self {
        self.subtitle = Some(subtitle);
        self
    }

    pub fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    pub fn badge(mut self, tone: Tone, word: &'a str) -> Self {
        self.badge = Some((tone, word));
        self
    }

    pub fn selected(mut self, selected: bool) -> Self {
        self.selected = selected;
        self
    }

    pub fn indent(mut self, levels: u32) -> Self {
        self.indent = levels as f32 * space::M;
        self
    }

    /// Full width; clicked by pointer, Enter or Space. Attach a menu with `response.context_menu(…)`.
    pub fn show(self, ui: &mut Ui, ctx: &UiCtx<'_>) -> Response {
        let height = if self.subtitle.is_some() { 40.0 } else { space::ROW };
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
        let label = self.accessible_label();
        response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, self.selected, &label));
        if ui.is_rect_visible(rect) {
            self.paint(ui, ctx, &response);
        }
        response
    }

    fn accessible_label(&self) -> String {
        let mut label = self.title.to_owned();
        for more in [self.subtitle, self.badge.map(|(_, word)| word)].into_iter().flatten() {
            label.push_str(", ");
            label.push_str(more);
        }
        label
    }

    fn paint(&self, ui: &Ui, ctx: &UiCtx<'_>, response: &Response) {
        let rect = response.rect;
        let tokens = ctx.tokens;
        if self.selected {
            ui.painter().rect_filled(rect, space::RADIUS, tokens.selected);
        } else if response.hovered() {
            ui.painter().rect_filled(rect, space::RADIUS, tokens.hover);
        }
        focus_ring(ui, ctx, response);
        let inner = rect.shrink2(vec2(space::S, 0.0));
        let mut left = inner.left() + self.indent;
        if let Some(icon) = self.icon {
            let at = egui::Rect::from_center_size(pos2(left + 7.0, rect.center().y), vec2(14.0, 14.0));
            icons::paint(ui.painter(), icon, at, if self.selected { tokens.accent } else { tokens.text_weak });
            left += 14.0 + space::S;
        }
        let mut right = inner.right();
        // In a narrow list the badge stands beside the subtitle, so that the title can be read.
        let below = self.subtitle.is_some() && inner.width() < NARROW;
        let badge_y = if below { rect.center().y + 9.0 } else { rect.center().y };
        if let Some((tone, word)) = self.badge {
            let color = tone.color(tokens);
            let galley = text(ui, word, size::DATA, color, inner.width() * 0.5);
            right -= galley.size().x;
            ui.painter().galley(pos2(right, badge_y - galley.size().y / 2.0), galley, color);
            right -= 11.0 + space::XS;
            let at = egui::Rect::from_center_size(pos2(right + 5.5, badge_y), vec2(11.0, 11.0));
            icons::paint(ui.painter(), tone.icon(), at, color);
            right -= space::S;
        }
        let room = (right - left).max(8.0);
        let title_room = if below { inner.right() - left } else { room };
        let title = text(ui, self.title, size::TEXT, tokens.text, title_room);
        let cut = title.elided;
        match self.subtitle {
            None => {
                ui.painter().galley(pos2(left, rect.center().y - title.size().y / 2.0), title, tokens.text);
            }
            Some(subtitle) => {
                let subtitle = text(ui, subtitle, size::DATA, tokens.text_weak, room);
                let top = rect.center().y - (title.size().y + subtitle.size().y) / 2.0;
                ui.painter().galley(pos2(left, top + title.size().y), subtitle, tokens.text_weak);
                ui.painter().galley(pos2(left, top), title, tokens.text);
            }
        }
        if cut {
            response.clone().on_hover_text(self.title);
        }
    }
}

fn text(ui: &Ui, words: &str, size: f32, color: egui::Color32, width: f32) -> std::sync::Arc<egui::Galley> {
    let words = WidgetText::from(egui::RichText::new(words).size(size).color(color));
    words.into_galley(ui, Some(TextWrapMode::Truncate), width, TextStyle::Body)
}
