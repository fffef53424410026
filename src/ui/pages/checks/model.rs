//! What the Checks page says: pure, from the history to ready sentences.

use crate::domain::finding::{CheckReport, CheckRun, Finding, Severity};
use crate::domain::history::History;
use crate::domain::ids::{CheckRunId, DatasetId, VersionId};
use crate::domain::request::{CheckRequest, DataRef};
use crate::state::Focus;
use crate::ui::format;
use crate::ui::widgets::badge::Tone;
use crate::ui::widgets::charts::ChartTable;

/// "12 of 14 checks hold · 1 blocks training"; those that were skipped do not count.
#[derive(Debug, PartialEq)]
pub struct Verdict {
    pub tone: Tone,
    pub word: &'static str,
    pub sentence: String,
}

pub fn verdict(report: &CheckReport) -> Verdict {
    let worst = |severity| report.checks.iter().filter(|c| worst_of(&c.findings) == Some(severity)).count();
    let (errors, warnings) = (worst(Severity::Error), worst(Severity::Warning));
    let skipped = report.checks.iter().filter(|c| c.skipped.is_some()).count();
    let ran = report.checks.len() - skipped;
    let hold = ran - errors - warnings;
    let mut parts = vec![format!("{hold} of {} hold", format::counted(ran as u64, "check", "checks"))];
    let mut part = |n: usize, one: &str, many: &str| {
        if n > 0 {
            parts.push(format!("{n} {}", if n == 1 { one } else { many }));
        }
    };
    part(errors, "blocks training", "block training");
    part(warnings, "warns", "warn");
    part(skipped, "skipped", "skipped");
    let (tone, word) = match (errors, warnings) {
        (0, 0) => (Tone::Ok, "Fit to train on"),
        (0, _) => (Tone::Warn, "Look first"),
        _ => (Tone::Bad, "Blocked"),
    };
    Verdict { tone, word, sentence: parts.join(" · ") }
}

fn worst_of(findings: &[Finding]) -> Option<Severity> {
    findings.iter().map(|f| f.severity).max()
}

/// Why checks did not run, each reason with the titles of its checks.
pub fn skipped(report: &CheckReport) -> Vec<(&str, Vec<&str>)> {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for check in &report.checks {
        let Some(reason) = check.skipped.as_deref() else { continue };
        match reasons.iter_mut().find(|(r, _)| *r == reason) {
            Some((_, titles)) => titles.push(&check.title),
            None => reasons.push((reason, vec![&check.title])),
        }
    }
    reasons
}

/// Titles of the checks that ran and found nothing to warn of.
pub fn holding(report: &CheckReport) -> Vec<&str> {
    let holds = |findings: &[Finding]| worst_of(findings).is_none_or(|s| s == Severity::Info);
    report.checks.iter().filter(|c| c.skipped.is_none() && holds(&c.findings)).map(|c| c.title.as_str()).collect()
}

/// The findings as a table for a spreadsheet.
pub fn findings_table(report: &CheckReport) -> ChartTable {
    let mut table = ChartTable::new([
        "severity", "code", "column", "message", "count", "share", "observed", "limit", "rows", "hint",
    ]);
    let number = |value: Option<f64>| value.map_or_else(String::new, |v| v.to_string());
    for f in report.findings() {
        let rows: Vec<String> = f.rows.iter().map(u64::to_string).collect();
        table.rows.push(vec![
            f.severity.as_str().to_owned(),
            f.code.clone(),
            f.column.clone().unwrap_or_default(),
            f.message.clone(),
            f.count.to_string(),
            f.share.to_string(),
            number(f.observed),
            number(f.limit),
            rows.join(" "),
            f.hint.clone(),
        ]);
    }
    table
}

/// What the form starts with for the version in focus.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Defaults {
    pub against: Option<VersionId>,
    pub target: Option<String>,
}

/// As the last check of this dataset was run; else against the version before, with the target of its last training.
/// A table that came under a name of its own, like a file per month, follows the latest one with the same columns.
pub fn defaults(history: &History, version: VersionId) -> Defaults {
    let Some(current) = history.version(version) else { return Defaults::default() };
    let same = |id: VersionId| history.version(id).is_some_and(|v| v.dataset_id == current.dataset_id);
    let like = |id: VersionId| history.version(id).is_some_and(|v| v.schema.resembles(&current.schema));
    let last_check = history.check_runs.iter().find(|c| same(c.version_id));
    let target_of = |of: &dyn Fn(VersionId) -> bool| {
        let check = history.check_runs.iter().find(|c| of(c.version_id)).and_then(|c| c.target.clone());
        check.or_else(|| history.runs.iter().find(|r| of(r.plan.version_id)).map(|r| r.plan.target.clone()))
    };
    let target = match last_check {
        Some(check) => check.target.clone(),
        None => target_of(&same).or_else(|| target_of(&like)),
    };
    let earlier = history.versions.iter().rev().find(|v| same(v.id) && v.version < current.version);
    let before = || history.versions.iter().filter(|v| v.id < version && like(v.id)).max_by_key(|v| v.id);
    let against = last_check.and_then(|c| c.against).filter(|id| *id != version && history.version(*id).is_some());
    Defaults {
        against: against.or(earlier.or_else(before).map(|v| v.id)),
        target: target.filter(|t| current.schema.column(t).is_some()),
    }
}

pub fn request(version: VersionId, choice: &Defaults) -> CheckRequest {
    CheckRequest {
        against: choice.against.map(DataRef::Version),
        target: choice.target.clone(),
        ..CheckRequest::of(DataRef::Version(version))
    }
}

/// The check run to show: the one in focus when it belongs to this version, else the version's newest.
pub fn shown<'a>(history: &'a History, focus: &Focus, version: VersionId) -> Option<&'a CheckRun> {
    let focused = focus.check_run.and_then(|id: CheckRunId| history.check_run(id));
    focused.filter(|c| c.version_id == version).or_else(|| history.latest_check(version))
}

/// The other runs of the same dataset, newest first.
pub fn earlier<'a>(history: &'a History, run: &CheckRun) -> impl Iterator<Item = &'a CheckRun> {
    let (dataset, id) = (dataset_of(history, run.version_id), run.id);
    history.check_runs.iter().filter(move |c| c.id != id && dataset_of(history, c.version_id) == dataset)
}

/// What a check run was about, for the list: "against churn@1 · target churned".
pub fn context(run: &CheckRun) -> String {
    let mut parts = Vec::new();
    if let Some(label) = &run.against_label {
        parts.push(format!("against {label}"));
    }
    if let Some(target) = &run.target {
        parts.push(format!("target {target}"));
    }
    if parts.is_empty() { "on its own".to_owned() } else { parts.join(" · ") }
}

/// The badge of a check run in the list.
pub fn list_badge(report: &CheckReport) -> (Tone, String) {
    let findings = |severity| report.checks.iter().flat_map(|c| &c.findings).filter(|f| f.severity == severity).count();
    match (findings(Severity::Error), findings(Severity::Warning)) {
        (0, 0) => (Tone::Ok, "passed".to_owned()),
        (0, n) => (Tone::Warn, format::counted(n as u64, "warning", "warnings")),
        (n, _) => (Tone::Bad, format::counted(n as u64, "error", "errors")),
    }
}

/// The dataset a version belongs to; the form's choices are kept per dataset.
pub fn dataset_of(history: &History, version: VersionId) -> Option<DatasetId> {
    history.version(version).map(|v| v.dataset_id)
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;
    use crate::domain::finding::CheckResult;

    pub fn finding(code: &str, severity: Severity, column: Option<&str>) -> Finding {
        Finding {
            code: code.into(),
            severity,
            column: column.map(str::to_owned),
            message: format!("{code} was seen"),
            hint: "Fix it".into(),
            count: 7,
            share: 0.07,
            rows: vec![1, 5],
            observed: Some(0.07),
            limit: Some(0.05),
            rule: None,
        }
    }

    pub fn check(code: &str, findings: Vec<Finding>) -> CheckResult {
        CheckResult {
            code: code.into(),
            title: format!("{code} title"),
            skipped: None,
            findings,
            rule: None,
            observed: None,
        }
    }

    pub fn report() -> CheckReport {
        let skipped = CheckResult {
            code: "D".into(),
            title: "Drift".into(),
            skipped: Some("no reference given".into()),
            findings: vec![],
            rule: None,
            observed: None,
        };
        CheckReport::new(vec![
            check("A", vec![]),
            check("B", vec![finding("B", Severity::Warning, Some("age"))]),
            check("C", vec![finding("C", Severity::Error, Some("plan")), finding("C", Severity::Info, None)]),
            skipped,
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{check, report};
    use super::*;

    #[test]
    fn the_verdict_counts_checks_by_their_worst_finding() {
        let verdict = verdict(&report());
        assert_eq!(verdict.sentence, "1 of 3 checks hold · 1 blocks training · 1 warns · 1 skipped");
        assert_eq!((verdict.tone, verdict.word), (Tone::Bad, "Blocked"));
    }

    #[test]
    fn a_clean_report_is_fit_to_train_on() {
        let verdict = verdict(&CheckReport::new(vec![check("A", vec![]), check("B", vec![])]));
        assert_eq!(verdict.sentence, "2 of 2 checks hold");
        assert_eq!(verdict.tone, Tone::Ok);
    }

    #[test]
    fn checks_that_hold_and_those_that_did_not_run_are_named() {
        let report = report();
        assert_eq!(holding(&report), ["A title"]);
        assert_eq!(skipped(&report), [("no reference given", vec!["Drift"])]);
    }

    #[test]
    fn a_file_per_month_is_checked_like_the_month_before() {
        let mut history = crate::ui::pages::fixture::history();
        let mut next = history.versions.last().unwrap().clone();
        next.id = VersionId(90);
        next.dataset_id = DatasetId(90);
        next.version = 1;
        history.versions.push(next);
        let defaults = defaults(&history, VersionId(90));
        assert_eq!(defaults.against, Some(VersionId(2)));
        assert!(defaults.target.is_some());
    }

    #[test]
    fn findings_become_csv() {
        let csv = findings_table(&report()).to_csv();
        assert_eq!(csv.lines().count(), 4);
        assert!(csv.contains("error,C,plan,C was seen,7,0.07,0.07,0.05,1 5,Fix it"));
    }
}
