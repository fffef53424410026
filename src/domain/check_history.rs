//! Check runs beside each other: what came, what went, and how a rule's number moved from version to version.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::finding::{CheckReport, CheckRun, Finding, Severity};
use super::ids::{CheckRunId, VersionId};

/// What differs between two check runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckDiff {
    /// Only in the later one, worst first.
    pub new: Vec<Finding>,
    /// Only in the earlier one.
    pub gone: Vec<Finding>,
    pub changed: Vec<ChangedFinding>,
    /// In both alike.
    pub same: u64,
}

/// The same rule or check about the same column, with another outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangedFinding {
    pub before: Finding,
    pub after: Finding,
}

type Key<'a> = (&'a str, &'a str, Option<&'a str>, usize);

impl CheckDiff {
    /// Findings are the same one by rule or code and column; of several about one column, the first by count is held
    /// against the first.
    pub fn between(before: &CheckReport, after: &CheckReport) -> Self {
        let (left, right) = (keyed(before), keyed(after));
        let mut diff = Self::default();
        for (key, finding) in &right {
            match left.get(key) {
                None => diff.new.push((*finding).clone()),
                Some(old) if alike(old, finding) => diff.same += 1,
                Some(old) => {
                    let (before, after) = ((*old).clone(), (*finding).clone());
                    diff.changed.push(ChangedFinding { before, after });
                }
            }
        }
        diff.gone = left.iter().filter(|(key, _)| !right.contains_key(*key)).map(|(_, f)| (*f).clone()).collect();
        diff.new.sort_by_key(|f| std::cmp::Reverse(f.severity));
        diff.gone.sort_by_key(|f| std::cmp::Reverse(f.severity));
        diff.changed.sort_by_key(|c| std::cmp::Reverse(c.after.severity));
        diff
    }

    pub fn is_empty(&self) -> bool {
        self.new.is_empty() && self.gone.is_empty() && self.changed.is_empty()
    }
}

fn keyed(report: &CheckReport) -> BTreeMap<Key<'_>, &Finding> {
    let mut map = BTreeMap::new();
    for finding in report.findings() {
        let (rule, column) = (finding.rule.as_deref().unwrap_or_default(), finding.column.as_deref());
        let mut nth = 0;
        while map.contains_key(&(rule, finding.code.as_str(), column, nth)) {
            nth += 1;
        }
        map.insert((rule, finding.code.as_str(), column, nth), finding);
    }
    map
}

fn alike(a: &Finding, b: &Finding) -> bool {
    a.severity == b.severity && a.count == b.count && a.message == b.message
}

/// How one rule or check came out in one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RulePoint {
    pub check_run: CheckRunId,
    pub version: VersionId,
    /// `churn@2`
    pub dataset: String,
    pub at_ms: i64,
    /// What was measured, where it is a number.
    pub observed: Option<f64>,
    /// Cells or rows that fail; 0 where it held.
    pub count: u64,
    /// The worst finding; `None` where it held.
    pub severity: Option<Severity>,
    pub skipped: bool,
}

/// A rule or check over the check runs of a dataset, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleHistory {
    pub code: String,
    /// `None` for a built-in check.
    pub rule: Option<String>,
    pub title: String,
    pub points: Vec<RulePoint>,
}

/// The histories of all rules and checks in these runs, by rule and code.
pub fn rule_histories(runs: &[CheckRun]) -> Vec<RuleHistory> {
    let mut sorted: Vec<&CheckRun> = runs.iter().collect();
    sorted.sort_by_key(|run| run.id);
    let mut all: BTreeMap<(Option<&str>, &str), RuleHistory> = BTreeMap::new();
    for run in sorted {
        for check in &run.report.checks {
            let history = all.entry((check.rule.as_deref(), &check.code)).or_insert_with(|| RuleHistory {
                code: check.code.clone(),
                rule: check.rule.clone(),
                title: check.title.clone(),
                points: Vec::new(),
            });
            let worst = check.findings.iter().max_by_key(|f| f.severity);
            history.points.push(RulePoint {
                check_run: run.id,
                version: run.version_id,
                dataset: run.dataset.clone(),
                at_ms: run.created_at_ms,
                observed: check.observed.or_else(|| worst.and_then(|f| f.observed)),
                count: check.findings.iter().map(|f| f.count).sum(),
                severity: worst.map(|f| f.severity),
                skipped: check.skipped.is_some(),
            });
        }
    }
    all.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::CheckResult;

    fn finding(code: &str, column: &str, count: u64) -> Finding {
        Finding {
            code: code.to_owned(),
            severity: Severity::Warning,
            column: Some(column.to_owned()),
            message: format!("{count} cells"),
            hint: String::new(),
            count,
            share: 0.1,
            rows: vec![],
            observed: None,
            limit: None,
            rule: None,
        }
    }

    fn report(findings: Vec<Finding>) -> CheckReport {
        let code = findings.first().map_or_else(|| "A".to_owned(), |f| f.code.clone());
        CheckReport::new(vec![CheckResult {
            code: code.clone(),
            title: code,
            skipped: None,
            findings,
            rule: None,
            observed: None,
        }])
    }

    #[test]
    fn a_diff_tells_new_gone_changed_and_same() {
        let before = report(vec![finding("A", "x", 1), finding("A", "y", 1), finding("A", "z", 1)]);
        let after = report(vec![finding("A", "y", 2), finding("A", "z", 1), finding("A", "w", 5)]);
        let diff = CheckDiff::between(&before, &after);
        let columns = |list: &[Finding]| list.iter().filter_map(|f| f.column.clone()).collect::<Vec<_>>();
        assert_eq!((columns(&diff.new), columns(&diff.gone)), (vec!["w".to_owned()], vec!["x".to_owned()]));
        assert_eq!((diff.changed[0].before.count, diff.changed[0].after.count, diff.same), (1, 2, 1));
        assert!(CheckDiff::between(&before, &before).is_empty());
    }
}
