//! Monitor: is what the model was trained on still true?

use crate::domain::ids::VersionId;

pub mod model;
mod view;

pub use view::monitor_ui;

/// What only this page needs to remember.
#[derive(Debug, Default)]
pub struct MonitorPage {
    /// Reference and current as picked here; `None` means as proposed.
    picked: [Option<VersionId>; 2],
    filter: String,
}
