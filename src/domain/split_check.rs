//! What the checks say of the two sides of a split: of the rows that test, against those that train.

use serde::{Deserialize, Serialize};

use super::finding::{CheckReport, Finding, Severity};
use super::ids::{ContentHash, SplitCheckId, SuiteId, VersionId};
use super::words::{counted, thousands};

/// Made once for a split, and kept with it: whoever trains on the same rows is told the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitCheck {
    pub id: SplitCheckId,
    pub of: JudgedSplit,
    /// `churn@2`
    pub dataset: String,
    /// Rows in its findings are those of the version, 1-based.
    pub report: CheckReport,
    pub created_at_ms: i64,
}

/// Everything a report on a split depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedSplit {
    pub version_id: VersionId,
    pub target: String,
    /// SHA-256 of the rows on both sides, whatever the folds.
    pub rows_hash: ContentHash,
    /// The columns that were looked at.
    pub columns: Vec<String>,
    /// The saved state of the dataset's suite whose limits were used.
    pub suite: Option<SuiteId>,
    /// Rows looked at on each side: all, but for tables that are too large to be judged while somebody waits.
    pub train_rows: u64,
    pub test_rows: u64,
}

impl JudgedSplit {
    /// Does a report on `self` answer for `other` too: the same rows in the same columns, at least as many of them?
    pub fn answers_for(&self, other: &Self) -> bool {
        let more = self.train_rows >= other.train_rows && self.test_rows >= other.test_rows;
        more && *self == Self { train_rows: self.train_rows, test_rows: self.test_rows, ..other.clone() }
    }
}

impl SplitCheck {
    pub fn count(&self, severity: Severity) -> usize {
        self.report.findings().iter().filter(|f| f.severity == severity).count()
    }

    /// Errors and warnings, worst first.
    pub fn alarms(&self) -> Vec<&Finding> {
        self.report.findings().into_iter().filter(|f| f.severity > Severity::Info).collect()
    }

    /// "Split checked: 1 error, 2 warnings"
    pub fn summary(&self) -> String {
        let told = [(Severity::Error, "error", "errors"), (Severity::Warning, "warning", "warnings")]
            .into_iter()
            .map(|(severity, one, many)| (self.count(severity) as u64, one, many))
            .filter(|(n, ..)| *n > 0)
            .map(|(n, one, many)| counted(n, one, many))
            .collect::<Vec<_>>();
        format!("Split checked: {}", if told.is_empty() { "nothing found".to_owned() } else { told.join(", ") })
    }

    /// "2,000 test rows against 8,000 training rows"
    pub fn extent(&self) -> String {
        let of = &self.of;
        format!("{} test rows against {} training rows", thousands(of.test_rows), thousands(of.train_rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_answers_for_the_same_rows_and_for_fewer_of_them() {
        let of = JudgedSplit {
            version_id: VersionId(1),
            target: "y".into(),
            rows_hash: ContentHash::from_bytes(&[7; 32]),
            columns: vec!["x".into(), "y".into()],
            suite: None,
            train_rows: 800,
            test_rows: 200,
        };
        assert!(of.answers_for(&of));
        assert!(of.answers_for(&JudgedSplit { train_rows: 80, test_rows: 20, ..of.clone() }));
        assert!(!of.answers_for(&JudgedSplit { train_rows: 801, ..of.clone() }));
        assert!(!of.answers_for(&JudgedSplit { target: "z".into(), ..of.clone() }));
        assert!(!of.answers_for(&JudgedSplit { suite: Some(SuiteId(1)), ..of.clone() }));
    }
}
