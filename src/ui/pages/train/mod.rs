//! Train: what to predict, and with what?

use crate::domain::ids::VersionId;

pub mod model;
mod view;

pub use view::train_ui;

/// What only this page needs to remember.
#[derive(Debug, Default)]
pub struct TrainPage {
    /// The form and the version it was made for; another version gets a new proposal.
    form: Option<(VersionId, model::TrainForm)>,
    column_filter: String,
}
