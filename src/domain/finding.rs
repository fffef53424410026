//! What validation found.

use serde::{Deserialize, Serialize};

use super::ids::{CheckRunId, SuiteId, VersionId};
use super::suite::Environment;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Info,
    Warning,
    /// Fails the check run (exit code 3).
    Error,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        [Self::Info, Self::Warning, Self::Error].into_iter().find(|s| s.as_str() == word)
    }
}

/// One thing a check noticed about one column or the whole table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable, in upper snake case: `MISSING_VALUES`.
    pub code: String,
    pub severity: Severity,
    pub column: Option<String>,
    /// One sentence with its number and limit.
    pub message: String,
    /// What to do about it, in one sentence.
    pub hint: String,
    /// Cells, rows or values concerned.
    pub count: u64,
    /// `count` as a share of what could have been concerned, 0 to 1.
    pub share: f64,
    /// Up to 20 example rows, 1-based as the table shows them.
    pub rows: Vec<u64>,
    /// What was measured, and the limit it was held against, where there is one.
    pub observed: Option<f64>,
    pub limit: Option<f64>,
    /// The rule of a suite that found it, by its id; `None` for the built-in checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// Example rows that a finding names.
pub const EXAMPLE_ROWS: usize = 20;

impl Finding {
    /// Whether its rows are only the first ones of those it is about.
    pub fn has_more_rows(&self) -> bool {
        self.rows.len() >= EXAMPLE_ROWS
    }
}

/// The outcome of one check, with or without findings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    /// The code its findings carry.
    pub code: String,
    /// What it looks for, in a few words: "Missing values".
    pub title: String,
    /// `None` when it ran; otherwise why it could not ("no target column given").
    pub skipped: Option<String>,
    pub findings: Vec<Finding>,
    /// The rule of a suite, by its id; `None` for the built-in checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What was measured, also where it held: a check's history is drawn from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<f64>,
}

/// A check in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Skipped,
    /// Nothing found, or only what is worth knowing.
    Pass,
    Warn,
    Fail,
}

impl Verdict {
    /// The word used on the command line and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skipped => "SKIP",
            Self::Pass => "PASS",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
        }
    }
}

impl CheckResult {
    /// Follows from the worst finding.
    pub fn verdict(&self) -> Verdict {
        match self.findings.iter().map(|finding| finding.severity).max() {
            Some(Severity::Error) => Verdict::Fail,
            Some(Severity::Warning) => Verdict::Warn,
            _ if self.skipped.is_some() => Verdict::Skipped,
            _ => Verdict::Pass,
        }
    }
}

/// All checks of one execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckReport {
    pub format_version: u32,
    /// No finding has severity error.
    pub passed: bool,
    pub checks: Vec<CheckResult>,
}

impl CheckReport {
    pub fn new(checks: Vec<CheckResult>) -> Self {
        let passed = !checks.iter().flat_map(|c| &c.findings).any(|f| f.severity == Severity::Error);
        Self { format_version: 1, passed, checks }
    }

    /// Findings of at least this severity.
    pub fn at_least(&self, severity: Severity) -> usize {
        self.checks.iter().flat_map(|c| &c.findings).filter(|f| f.severity >= severity).count()
    }

    /// Worst first, then by column and code.
    pub fn findings(&self) -> Vec<&Finding> {
        let mut all: Vec<&Finding> = self.checks.iter().flat_map(|c| &c.findings).collect();
        all.sort_by(|a, b| {
            (b.severity, &a.column, &a.code).cmp(&(a.severity, &b.column, &b.code)).then(b.count.cmp(&a.count))
        });
        all
    }
}

/// A stored check run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckRun {
    pub id: CheckRunId,
    pub version_id: VersionId,
    /// `churn@2`
    pub dataset: String,
    pub against: Option<VersionId>,
    pub against_label: Option<String>,
    pub target: Option<String>,
    /// The saved state of the dataset's suite it ran with; `None` without one, or with one from a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite: Option<SuiteId>,
    #[serde(default)]
    pub environment: Environment,
    pub report: CheckReport,
    pub created_at_ms: i64,
}
