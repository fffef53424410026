//! How things look: tokens, fonts, icons, and the egui style made from them.

use std::sync::Arc;

use egui::{Context, CornerRadius, FontData, FontFamily, FontId, Margin, Shadow, Stroke, Style, TextStyle, Vec2};

use self::tokens::{Tokens, size, space};
use crate::state::settings::Settings;

pub mod icons;
pub mod tokens;

/// The family of titles and emphasised words.
pub const MEDIUM: &str = "medium";

/// Once, before the first frame. egui's own fonts stay behind ours for signs they lack.
pub fn install_fonts(ctx: &Context) {
    let mut fonts = egui::FontDefinitions::default();
    let regular = FontData::from_static(include_bytes!("../../../assets/fonts/Roboto-Regular.ttf"));
    let medium = FontData::from_static(include_bytes!("../../../assets/fonts/Roboto-Medium.ttf"));
    fonts.font_data.insert("Roboto".to_owned(), Arc::new(regular));
    fonts.font_data.insert("Roboto Medium".to_owned(), Arc::new(medium));
    let mut fallback = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    // Arrows and triangles are only in egui's monospaced font.
    fallback.extend(fonts.families.get(&FontFamily::Monospace).into_iter().flatten().cloned());
    let with = |first: &str| std::iter::once(first.to_owned()).chain(fallback.iter().cloned()).collect::<Vec<_>>();
    fonts.families.insert(FontFamily::Name(MEDIUM.into()), with("Roboto Medium"));
    fonts.families.insert(FontFamily::Proportional, with("Roboto"));
    ctx.set_fonts(fonts);
}

/// Makes egui look like the tokens. Cheap, but not free: call it when the theme or the settings changed.
pub fn apply(ctx: &Context, tokens: &Tokens, settings: &Settings) {
    let theme = if tokens.dark { egui::Theme::Dark } else { egui::Theme::Light };
    ctx.set_theme(theme);
    ctx.style_mut_of(theme, |style| restyle(style, tokens, settings));
    ctx.set_zoom_factor(settings.text_scale.clamp(0.8, 2.0));
    ctx.options_mut(|options| options.zoom_with_keyboard = false);
}

pub fn medium(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(MEDIUM.into()))
}

fn restyle(style: &mut Style, tokens: &Tokens, settings: &Settings) {
    style.text_styles.insert(TextStyle::Body, FontId::proportional(size::TEXT));
    style.text_styles.insert(TextStyle::Button, FontId::proportional(size::TEXT));
    style.text_styles.insert(TextStyle::Small, FontId::proportional(size::DATA));
    style.text_styles.insert(TextStyle::Heading, medium(size::TITLE));
    style.text_styles.insert(TextStyle::Monospace, FontId::monospace(size::DATA));
    style.animation_time = if settings.animations { 0.1 } else { 0.0 };
    if !settings.animations {
        style.scroll_animation = egui::style::ScrollAnimation::none();
    }

    let spacing = &mut style.spacing;
    spacing.item_spacing = Vec2::new(space::S, space::S - 2.0);
    spacing.button_padding = Vec2::new(space::M - 2.0, space::XS);
    spacing.interact_size.y = space::ROW;
    spacing.window_margin = Margin::same(space::L as i8);
    spacing.menu_margin = Margin::same(space::XS as i8 + 2);
    spacing.combo_width = 120.0;
    spacing.tooltip_width = 360.0;
    spacing.scroll = egui::style::ScrollStyle::thin();

    let radius = CornerRadius::same(space::RADIUS);
    let visuals = &mut style.visuals;
    *visuals = if tokens.dark { egui::Visuals::dark() } else { egui::Visuals::light() };
    visuals.override_text_color = None;
    visuals.weak_text_color = Some(tokens.text_weak);
    visuals.hyperlink_color = tokens.accent;
    visuals.faint_bg_color = tokens.hover;
    visuals.extreme_bg_color = tokens.background;
    visuals.text_edit_bg_color = Some(tokens.background);
    visuals.code_bg_color = tokens.hover;
    visuals.warn_fg_color = tokens.warn;
    visuals.error_fg_color = tokens.bad;
    visuals.panel_fill = tokens.background;
    visuals.window_fill = tokens.surface;
    visuals.window_stroke = Stroke::new(1.0, tokens.line);
    visuals.window_corner_radius = radius;
    visuals.menu_corner_radius = radius;
    let shadow = Shadow { offset: [0, 4], blur: 16, spread: 0, color: tokens.shadow() };
    visuals.window_shadow = shadow;
    visuals.popup_shadow = shadow;
    visuals.selection.bg_fill = tokens.selected;
    visuals.selection.stroke = Stroke::new(1.0, tokens.accent);
    visuals.slider_trailing_fill = true;
    // A blinking cursor draws two frames a second for as long as a field has the focus.
    visuals.text_cursor.blink = false;

    let widgets = &mut visuals.widgets;
    for (widget, fill, line, text) in [
        (&mut widgets.noninteractive, tokens.surface, tokens.line, tokens.text),
        (&mut widgets.inactive, tokens.surface, tokens.line, tokens.text),
        (&mut widgets.hovered, tokens.hover, tokens.accent, tokens.text),
        (&mut widgets.active, tokens.selected, tokens.accent, tokens.text),
        (&mut widgets.open, tokens.hover, tokens.line, tokens.text),
    ] {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = Stroke::new(1.0, line);
        widget.fg_stroke = Stroke::new(1.0, text);
        widget.corner_radius = radius;
        widget.expansion = 0.0;
    }
    // Check boxes and radio buttons are outlined on the surface; a filled disc reads as ticked.
    widgets.inactive.bg_stroke = Stroke::new(1.0, tokens.tint(tokens.text_weak, 0.55));
}
