//! Checks: is this table fit to train on, and why?

use std::collections::BTreeMap;

use crate::domain::ids::DatasetId;

mod findings;
mod gates_tab;
mod labels_tab;
pub mod model;
mod suite_tab;
mod view;

pub use view::checks_ui;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tab {
    #[default]
    Findings,
    Suite,
    Labels,
    Gates,
}

/// The branch that leads to the rows that are kept when others are set aside.
const CLEAN: &str = "clean";

/// What only this page needs to remember.
#[derive(Debug, Default)]
pub struct ChecksPage {
    /// Reference and target as chosen here, per dataset; absent means as proposed.
    choices: BTreeMap<DatasetId, model::Defaults>,
    tab: Tab,
    findings: findings::Findings,
    suite: suite_tab::SuiteTab,
    labels: labels_tab::LabelsTab,
    gates: gates_tab::GatesTab,
    /// As often the gates were asked to be shown, and were.
    gates_shown: u64,
    /// The same for the labels that look wrong.
    labels_shown: u64,
}
