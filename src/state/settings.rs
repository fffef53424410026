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
}

impl Default for Settings {
    fn default() -> Self {
        Self { theme: ThemeChoice::System, text_scale: 1.0, animations: true, page: super::command::Page::Overview }
    }
}
