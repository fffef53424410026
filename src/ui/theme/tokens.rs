//! Design tokens: every colour, distance and size, light and dark side by side. Raw colours elsewhere are a lint error.

#![allow(clippy::disallowed_methods, reason = "the one place where raw colours are written")]

use egui::Color32;

/// The tokens of one theme.
#[derive(Clone, Debug, PartialEq)]
pub struct Tokens {
    pub dark: bool,
    /// Behind everything.
    pub background: Color32,
    /// Cards, panels, the header.
    pub surface: Color32,
    /// Hovered rows and buttons.
    pub hover: Color32,
    /// Selected rows; readable under `text`.
    pub selected: Color32,
    pub line: Color32,
    pub text: Color32,
    /// Secondary text, at least 4.5 : 1 on both surfaces.
    pub text_weak: Color32,
    pub accent: Color32,
    /// Text on `accent`.
    pub on_accent: Color32,
    pub ok: Color32,
    pub warn: Color32,
    pub bad: Color32,
    pub info: Color32,
    /// Colour-blind-safe order of eight (Okabe and Ito), adjusted for contrast on this theme's background.
    pub series: [Color32; 8],
    /// Reference data in drift charts; current data takes `accent`.
    pub reference: Color32,
    pub train: Color32,
    pub test: Color32,
    pub cv: Color32,
}

/// Distances in points.
pub mod space {
    pub const XS: f32 = 4.0;
    pub const S: f32 = 8.0;
    pub const M: f32 = 12.0;
    pub const L: f32 = 16.0;
    pub const XL: f32 = 24.0;
    pub const RADIUS: u8 = 6;
    /// Height of a row in tables and lists.
    pub const ROW: f32 = 24.0;
}

/// Type sizes in points.
pub mod size {
    pub const DATA: f32 = 12.0;
    pub const TEXT: f32 = 13.0;
    pub const TITLE: f32 = 15.0;
    pub const PAGE: f32 = 20.0;
    pub const NUMBER: f32 = 28.0;
}

impl Tokens {
    /// Under windows, menus and toasts.
    pub fn shadow(&self) -> Color32 {
        Color32::from_black_alpha(if self.dark { 110 } else { 40 })
    }

    /// Over the window while a modal or the drop overlay is up.
    pub fn scrim(&self) -> Color32 {
        Color32::from_black_alpha(if self.dark { 140 } else { 80 })
    }

    /// `color` at `share` of its strength over the surface: badge and alert backgrounds.
    pub fn tint(&self, color: Color32, share: f32) -> Color32 {
        let mix = |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * share).round() as u8;
        let from = self.surface;
        Color32::from_rgb(mix(from.r(), color.r()), mix(from.g(), color.g()), mix(from.b(), color.b()))
    }

    pub fn light() -> Self {
        Self {
            dark: false,
            background: Color32::from_rgb(0xf6, 0xf7, 0xf9),
            surface: Color32::from_rgb(0xff, 0xff, 0xff),
            hover: Color32::from_rgb(0xee, 0xf1, 0xf5),
            selected: Color32::from_rgb(0xdc, 0xe8, 0xfb),
            line: Color32::from_rgb(0xdd, 0xe1, 0xe7),
            text: Color32::from_rgb(0x1b, 0x22, 0x2c),
            text_weak: Color32::from_rgb(0x5a, 0x64, 0x72),
            accent: Color32::from_rgb(0x1f, 0x5f, 0xbf),
            on_accent: Color32::from_rgb(0xff, 0xff, 0xff),
            ok: Color32::from_rgb(0x1c, 0x7a, 0x46),
            warn: Color32::from_rgb(0x96, 0x5b, 0x00),
            bad: Color32::from_rgb(0xb4, 0x2a, 0x2a),
            info: Color32::from_rgb(0x2b, 0x66, 0x9c),
            series: [
                Color32::from_rgb(0x00, 0x72, 0xb2),
                Color32::from_rgb(0xd5, 0x5e, 0x00),
                Color32::from_rgb(0x00, 0x8a, 0x66),
                Color32::from_rgb(0xb8, 0x5c, 0x92),
                Color32::from_rgb(0x9c, 0x78, 0x00),
                Color32::from_rgb(0x3a, 0x8f, 0xc0),
                Color32::from_rgb(0x7a, 0x4f, 0x2c),
                Color32::from_rgb(0x5a, 0x64, 0x72),
            ],
            reference: Color32::from_rgb(0x8a, 0x93, 0xa0),
            train: Color32::from_rgb(0x00, 0x8a, 0x66),
            test: Color32::from_rgb(0xd5, 0x5e, 0x00),
            cv: Color32::from_rgb(0xb8, 0x5c, 0x92),
        }
    }

    pub fn dark() -> Self {
        Self {
            dark: true,
            background: Color32::from_rgb(0x15, 0x18, 0x1d),
            surface: Color32::from_rgb(0x1d, 0x21, 0x28),
            hover: Color32::from_rgb(0x28, 0x2e, 0x37),
            selected: Color32::from_rgb(0x24, 0x3a, 0x5c),
            line: Color32::from_rgb(0x34, 0x3b, 0x46),
            text: Color32::from_rgb(0xe6, 0xe9, 0xee),
            text_weak: Color32::from_rgb(0xa1, 0xab, 0xb8),
            accent: Color32::from_rgb(0x6f, 0xa8, 0xf5),
            on_accent: Color32::from_rgb(0x0e, 0x16, 0x22),
            ok: Color32::from_rgb(0x5c, 0xc8, 0x8c),
            warn: Color32::from_rgb(0xe8, 0xb2, 0x4d),
            bad: Color32::from_rgb(0xf2, 0x85, 0x7f),
            info: Color32::from_rgb(0x7d, 0xb9, 0xe8),
            series: [
                Color32::from_rgb(0x56, 0xb4, 0xe9),
                Color32::from_rgb(0xf0, 0x8a, 0x3c),
                Color32::from_rgb(0x2f, 0xc2, 0x94),
                Color32::from_rgb(0xd9, 0x8c, 0xb8),
                Color32::from_rgb(0xe6, 0xc2, 0x4a),
                Color32::from_rgb(0x8f, 0xa8, 0xff),
                Color32::from_rgb(0xc9, 0x9a, 0x73),
                Color32::from_rgb(0xa1, 0xab, 0xb8),
            ],
            reference: Color32::from_rgb(0x8b, 0x95, 0xa3),
            train: Color32::from_rgb(0x2f, 0xc2, 0x94),
            test: Color32::from_rgb(0xf0, 0x8a, 0x3c),
            cv: Color32::from_rgb(0xd9, 0x8c, 0xb8),
        }
    }
}
