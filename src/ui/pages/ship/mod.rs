//! Ship: how does a model leave here?

pub mod markdown;
pub mod model;
mod view;

pub use view::ship_ui;

/// What only this page needs to remember.
#[derive(Debug, Default)]
pub struct ShipPage {
    tab: Tab,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Tab {
    #[default]
    Card,
    Commands,
}
