//! A suite as it was saved, and how it would have judged earlier versions.

use serde::{Deserialize, Serialize};

use super::Suite;
use crate::domain::finding::Severity;
use crate::domain::ids::{DatasetId, SuiteId, VersionId};

/// One saved state of a dataset's suite; the newest counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedSuite {
    pub id: SuiteId,
    pub dataset_id: DatasetId,
    pub dataset: String,
    /// 1 for the first state of this dataset's suite.
    pub number: u32,
    pub suite: Suite,
    /// Why it was saved.
    pub note: String,
    pub who: String,
    pub created_at_ms: i64,
}

/// How a suite judges the versions of a dataset, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SuiteTrial {
    pub versions: Vec<VersionTrial>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionTrial {
    pub version: VersionId,
    /// The number within the dataset.
    pub number: u32,
    /// What did not hold, worst first; empty when all did.
    pub broken: Vec<BrokenRule>,
    /// Why it could not be judged: its files were deleted.
    pub problem: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BrokenRule {
    pub rule: String,
    pub severity: Severity,
    pub message: String,
    /// Cells or rows that fail.
    pub count: u64,
}

impl VersionTrial {
    /// Would a check have failed?
    pub fn fails(&self) -> bool {
        self.broken.iter().any(|rule| rule.severity == Severity::Error)
    }
}

impl SuiteTrial {
    /// "Would have failed on versions 3 and 7"
    pub fn told(&self) -> String {
        let failed: Vec<String> =
            self.versions.iter().filter(|v| v.fails()).map(|version| version.number.to_string()).collect();
        let judged = self.versions.iter().filter(|v| v.problem.is_none()).count();
        match failed.split_last() {
            None if judged == 1 => "Would have passed on the one version there is".to_owned(),
            None => format!("Would have passed on all {judged} versions"),
            Some((last, [])) => format!("Would have failed on version {last}"),
            Some((last, others)) => format!("Would have failed on versions {} and {last}", others.join(", ")),
        }
    }
}
