//! Runs: which is better, and is it real?

use model::{Part, RunSort};

mod compare;
mod curves;
pub mod model;
mod record;
mod reproduced;
pub mod threshold;
mod view;

pub use view::runs_ui;

/// What only this page needs to remember.
#[derive(Debug, Default)]
pub struct RunsPage {
    filter: String,
    sort: RunSort,
    tab: Tab,
    part: Part,
    /// Parameters: only lines that differ.
    diff_only: bool,
    /// Curves of this class when there are several.
    class: Option<String>,
    threshold: threshold::ThresholdTab,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Tab {
    #[default]
    Metrics,
    Curves,
    Threshold,
    Parameters,
    Data,
}

impl Tab {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Metrics, "Metrics"),
        (Self::Curves, "Curves"),
        (Self::Threshold, "Threshold"),
        (Self::Parameters, "Parameters"),
        (Self::Data, "Data and split"),
    ];
}
