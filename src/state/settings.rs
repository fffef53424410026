//! What a user has set; kept in a small file of the app, not in the workspace.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThemeChoice {
    #[default]
    System,
    Light,
    Dark,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub theme: ThemeChoice,
    /// 0.8 to 2.0
    pub text_scale: f32,
    pub animations: bool,
    pub page: super::command::Page,
    pub ask_before_import: super::import::AskBeforeImport,
    /// Inner size of the window in points, as it was last closed.
    pub window: Option<[f32; 2]>,
    pub maximized: bool,
    /// Opened again at the next start.
    pub workspace: Option<std::path::PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::System,
            text_scale: 1.0,
            animations: true,
            page: super::command::Page::Overview,
            ask_before_import: super::import::AskBeforeImport::Always,
            window: None,
            maximized: false,
            workspace: None,
        }
    }
}

impl Settings {
    pub const SCALES: std::ops::RangeInclusive<f32> = 0.8..=2.0;

    /// One step of a tenth, within bounds.
    pub fn with_scale(&self, scale: f32) -> Self {
        let scale = (scale * 10.0).round() / 10.0;
        Self { text_scale: scale.clamp(*Self::SCALES.start(), *Self::SCALES.end()), ..self.clone() }
    }
}
