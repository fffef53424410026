//! The Overview page: where does everything stand, and what next?

mod model;
mod view;

pub use view::overview_ui;

/// Nothing to remember yet.
#[derive(Debug, Default)]
pub struct OverviewPage {}
