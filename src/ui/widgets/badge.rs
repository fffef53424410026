//! A state in three signals at once: an icon, a word and a colour.

use egui::{Color32, Response, Sense, TextWrapMode, Ui, WidgetInfo, WidgetText, pos2, vec2};

use crate::domain::finding::Severity;
use crate::domain::run::RunStatus;
use crate::ui::ctx::UiCtx;
use crate::ui::theme::icons::{self, Icon};
use crate::ui::theme::tokens::{Tokens, size, space};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Ok,
    Warn,
    Bad,
    Info,
    Neutral,
}

impl Tone {
    pub fn color(self, tokens: &Tokens) -> Color32 {
        match self {
            Self::Ok => tokens.ok,
            Self::Warn => tokens.warn,
            Self::Bad => tokens.bad,
            Self::Info => tokens.info,
            Self::Neutral => tokens.text_weak,
        }
    }

    pub fn icon(self) -> Icon {
        match self {
            Self::Ok => Icon::Ok,
            Self::Warn => Icon::Warning,
            Self::Bad => Icon::Error,
            Self::Info => Icon::Info,
            Self::Neutral => Icon::More,
        }
    }

    pub fn of_severity(severity: Severity) -> Self {
        match severity {
            Severity::Error => Self::Bad,
            Severity::Warning => Self::Warn,
            Severity::Info => Self::Info,
        }
    }

    pub fn of_status(status: RunStatus) -> Self {
        match status {
            RunStatus::Completed => Self::Ok,
            RunStatus::Running => Self::Info,
            RunStatus::Failed => Self::Bad,
            RunStatus::Interrupted => Self::Warn,
            RunStatus::Cancelled => Self::Neutral,
        }
    }
}

/// A pill, 18 points high.
pub fn badge(ui: &mut Ui, ctx: &UiCtx<'_>, tone: Tone, word: &str) -> Response {
    let color = tone.color(ctx.tokens);
    let text = WidgetText::from(egui::RichText::new(word).size(size::DATA).color(color));
    let galley = text.into_galley(ui, Some(TextWrapMode::Truncate), ui.available_width(), egui::TextStyle::Small);
    let (icon_side, height) = (11.0, 18.0);
    let wanted = vec2(space::XS * 3.0 + icon_side + galley.size().x + 2.0, height);
    let (rect, response) = ui.allocate_exact_size(wanted, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, word));
    if ui.is_rect_visible(rect) {
        ui.painter().rect_filled(rect, height / 2.0, ctx.tokens.tint(color, 0.12));
        let middle = rect.center().y;
        let at =
            egui::Rect::from_center_size(pos2(rect.left() + 5.0 + icon_side / 2.0, middle), vec2(icon_side, icon_side));
        icons::paint(ui.painter(), tone.icon(), at, color);
        let text_at = pos2(at.right() + space::XS, middle - galley.size().y / 2.0);
        ui.painter().galley(text_at, galley, color);
    }
    response
}
