//! All that a workspace holds, as lists: what the window shows.

use super::activity::Event;
use super::branch::{Branch, VersionTag};
use super::bundle::ExportedBundle;
use super::dataset::DatasetVersion;
use super::drift::StoredDrift;
use super::finding::CheckRun;
use super::ids::{BundleId, CheckRunId, DriftId, RunId, VersionId};
use super::run::Run;

/// Newest first, except versions: by dataset name, then version.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    pub versions: Vec<DatasetVersion>,
    pub check_runs: Vec<CheckRun>,
    pub runs: Vec<Run>,
    pub bundles: Vec<ExportedBundle>,
    pub drifts: Vec<StoredDrift>,
    pub events: Vec<Event>,
    /// Of all datasets that are shown, by dataset and name.
    pub branches: Vec<Branch>,
    pub tags: Vec<VersionTag>,
}

impl History {
    pub fn version(&self, id: VersionId) -> Option<&DatasetVersion> {
        self.versions.iter().find(|v| v.id == id)
    }

    pub fn run(&self, id: RunId) -> Option<&Run> {
        self.runs.iter().find(|r| r.id == id)
    }

    pub fn check_run(&self, id: CheckRunId) -> Option<&CheckRun> {
        self.check_runs.iter().find(|c| c.id == id)
    }

    pub fn bundle(&self, id: BundleId) -> Option<&ExportedBundle> {
        self.bundles.iter().find(|b| b.id == id)
    }

    pub fn drift(&self, id: DriftId) -> Option<&StoredDrift> {
        self.drifts.iter().find(|d| d.id == id)
    }

    /// The newest check run of a version.
    pub fn latest_check(&self, version: VersionId) -> Option<&CheckRun> {
        self.check_runs.iter().find(|c| c.version_id == version)
    }
}
