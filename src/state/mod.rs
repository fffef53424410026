//! What the window knows, without a window: commands and messages in, changed state and effects out. No egui, no I/O,
//! no clock (the time comes in), so every behaviour is tested with literals.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::history::History;
use crate::domain::ids::{BundleId, CheckRunId, DriftId, RunId, VersionId};
use crate::domain::profile::TableProfile;

use self::command::Page;
use self::effect::{RunDetail, WorkspaceInfo};
use self::loadable::Loadable;
use self::settings::Settings;

pub mod command;
pub mod effect;
pub mod loadable;
pub mod settings;

/// All of it. Pages keep only what is theirs to draw (scroll positions, open folds, half-typed text) for themselves.
#[derive(Debug, Default)]
pub struct AppState {
    pub workspace: Loadable<WorkspaceInfo>,
    pub history: Loadable<History>,
    pub page: Page,
    pub focus: Focus,
    /// Runs ticked for comparison.
    pub compare: BTreeSet<RunId>,
    pub profiles: BTreeMap<VersionId, Loadable<TableProfile>>,
    pub run_details: BTreeMap<RunId, Loadable<RunDetail>>,
    pub settings: Settings,
}

/// What is selected, on every page alike.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Focus {
    pub version: Option<VersionId>,
    pub column: Option<String>,
    pub run: Option<RunId>,
    pub check_run: Option<CheckRunId>,
    pub drift: Option<DriftId>,
    pub bundle: Option<BundleId>,
}
