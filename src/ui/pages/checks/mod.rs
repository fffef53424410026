//! Checks: is this table fit to train on, and why?

use std::collections::BTreeMap;

use crate::domain::ids::{CheckRunId, DatasetId};

pub mod model;
mod view;

pub use view::checks_ui;

/// What only this page needs to remember.
#[derive(Debug, Default)]
pub struct ChecksPage {
    /// Reference and target as chosen here, per dataset; absent means as proposed.
    choices: BTreeMap<DatasetId, model::Defaults>,
    /// The finding in the inspector: its check run and position.
    selected: Option<(CheckRunId, usize)>,
}
