//! The Storage page: what are the bytes spent on, what may go, and which places are watched?

mod model;
mod view;
mod watched;

pub use view::storage_ui;

/// Half-typed text and open questions.
#[derive(Debug, Default)]
pub struct StoragePage {
    search: String,
    /// The question whether to empty the bin is open.
    emptying: bool,
    /// The dataset that a new folder is for.
    dataset: String,
}
