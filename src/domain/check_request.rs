//! What can be asked about suites, quarantine and reports of checks, and what comes back.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::dataset::DatasetVersion;
use super::finding::CheckResult;
use super::ids::CheckRunId;
use super::request::DataRef;
use super::suite::{Environment, Suite};

/// What only the user knows about a table and its reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// The reference is what a model learns from and the table tests it: they may share nothing.
    #[serde(default)]
    pub training: bool,
    /// The column that says when.
    #[serde(default)]
    pub time: Option<String>,
    /// The column that says whose row it is: the same customer on both sides is a leak.
    #[serde(default)]
    pub group: Option<String>,
}

impl Declared {
    /// The columns that are named.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        [&self.time, &self.group].into_iter().flatten().map(String::as_str)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckRequest {
    pub data: DataRef,
    /// The table to compare with: earlier month, training part.
    pub against: Option<DataRef>,
    pub target: Option<String>,
    /// The saved one of the dataset when `None`, if it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite: Option<Box<Suite>>,
    #[serde(default)]
    pub environment: Environment,
    #[serde(default)]
    pub declared: Declared,
}

impl CheckRequest {
    /// The table alone, by the dataset's own suite.
    pub fn of(data: DataRef) -> Self {
        Self {
            data,
            against: None,
            target: None,
            suite: None,
            environment: Environment::Train,
            declared: Declared::default(),
        }
    }
}

/// How a check report is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckReportFormat {
    /// One self-contained page for people.
    Html,
    /// The check run as [`super::finding::CheckRun`].
    Json,
    /// For build servers: a test case per check and rule, failed where it has a finding of severity error.
    Junit,
}

/// Save the report of a check run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckReportRequest {
    pub check_run: CheckRunId,
    pub format: CheckReportFormat,
    pub out: PathBuf,
}

/// Part a version into the rows that hold all rules and those that do not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuarantineRequest {
    pub data: DataRef,
    /// Ids; all rules of severity error that judge rows when empty.
    #[serde(default)]
    pub rules: Vec<String>,
    /// The saved one of the dataset when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite: Option<Box<Suite>>,
    #[serde(default)]
    pub environment: Environment,
    /// The branch that leads to the rows that are kept; `main` is not moved by this.
    pub branch: String,
}

/// Part a version into these rows and the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetAsideRequest {
    pub data: DataRef,
    /// 1-based, each with the reason that is noted beside it.
    pub rows: Vec<(u64, String)>,
    /// The branch that leads to the rows that are kept; `main` is not moved by this.
    pub branch: String,
    /// What the version of the rows that are kept says of itself; how many there are where it is empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuarantineOutcome {
    /// The version that was parted.
    pub from: DatasetVersion,
    /// What holds all rules; `None` when no row breaks one, and nothing was made.
    pub kept: Option<DatasetVersion>,
    /// The rows that do not, with a column that names the rules.
    pub quarantined: Option<DatasetVersion>,
    /// Rows by the rule they break; a row may break several.
    pub by_rule: Vec<(String, u64)>,
    /// Rules that judge no single rows, or could not be judged, each with the reason.
    pub left_out: Vec<(String, String)>,
}

/// One rule on one version, as it is being edited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RulePreview {
    pub check: CheckResult,
    /// Rows that fail; `None` where the rule judges no single rows.
    pub failing: Option<u64>,
    /// The first of them, 1-based and ascending.
    pub rows: Vec<u64>,
}
