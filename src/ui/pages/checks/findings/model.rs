//! What the list of findings and the inspector show: pure, from check runs to lines.

use crate::domain::check_history::CheckDiff;
use crate::domain::finding::{CheckReport, CheckRun, Finding, Severity};
use crate::domain::history::History;
use crate::ui::format;

/// What findings are put together by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupBy {
    #[default]
    Severity,
    Column,
    Check,
}

impl GroupBy {
    pub const ALL: [Self; 3] = [Self::Severity, Self::Column, Self::Check];

    pub fn title(self) -> &'static str {
        match self {
            Self::Severity => "Severity",
            Self::Column => "Column",
            Self::Check => "Check",
        }
    }
}

/// One line of the list; all are equally high, so that 500 findings cost what is on the screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Line<'a> {
    Heading(String),
    /// With its position in `CheckReport::findings`.
    Finding(usize, &'a Finding),
    /// Of the earlier run only.
    Gone(Finding),
}

/// The findings that contain `filter`, in groups, the group with the worst finding first; inside a group the worst
/// first, then by column and code.
pub fn lines<'a>(report: &'a CheckReport, by: GroupBy, filter: &str) -> Vec<Line<'a>> {
    let found: Vec<(usize, &Finding)> =
        report.findings().into_iter().enumerate().filter(|(_, f)| matches(report, f, filter)).collect();
    let mut groups: Vec<(String, Vec<(usize, &Finding)>)> = Vec::new();
    for (at, finding) in found {
        let title = group_title(report, finding, by);
        match groups.iter_mut().find(|(known, _)| *known == title) {
            Some((_, findings)) => findings.push((at, finding)),
            None => groups.push((title, vec![(at, finding)])),
        }
    }
    let lines = groups.into_iter().flat_map(|(title, findings)| {
        let heading = Line::Heading(format!("{title} · {}", findings.len()));
        std::iter::once(heading).chain(findings.into_iter().map(|(at, finding)| Line::Finding(at, finding)))
    });
    lines.collect()
}

/// The findings as they differ from an earlier run: new ones, changed ones, those that are gone, the rest.
pub fn compared<'a>(before: &CheckReport, report: &'a CheckReport, filter: &str) -> Vec<Line<'a>> {
    let diff = CheckDiff::between(before, report);
    let is_new = |finding: &Finding| diff.new.contains(finding);
    let is_changed = |finding: &Finding| diff.changed.iter().any(|changed| changed.after == *finding);
    let (mut new, mut changed, mut same) = (Vec::new(), Vec::new(), Vec::new());
    for (at, finding) in report.findings().into_iter().enumerate().filter(|(_, f)| matches(report, f, filter)) {
        let group = if is_new(finding) {
            &mut new
        } else if is_changed(finding) {
            &mut changed
        } else {
            &mut same
        };
        group.push(Line::Finding(at, finding));
    }
    let gone = diff.gone.into_iter().filter(|f| matches(before, f, filter)).map(Line::Gone).collect();
    let groups = [("New", new), ("Changed", changed), ("Gone", gone), ("As before", same)];
    let groups = groups.into_iter().filter(|(_, lines)| !lines.is_empty());
    let lines = groups
        .flat_map(|(title, lines)| std::iter::once(Line::Heading(format!("{title} · {}", lines.len()))).chain(lines));
    lines.collect()
}

fn group_title(report: &CheckReport, finding: &Finding, by: GroupBy) -> String {
    match by {
        GroupBy::Severity => match finding.severity {
            Severity::Error => "Block training".to_owned(),
            Severity::Warning => "Warnings".to_owned(),
            Severity::Info => "Worth knowing".to_owned(),
        },
        GroupBy::Column => finding.column.clone().unwrap_or_else(|| "Whole table".to_owned()),
        GroupBy::Check => check_title(report, finding).to_owned(),
    }
}

/// Whether the words of a finding contain the text, in any case.
fn matches(report: &CheckReport, finding: &Finding, filter: &str) -> bool {
    let filter = filter.trim().to_lowercase();
    let words = [
        Some(finding.code.as_str()),
        finding.column.as_deref(),
        finding.rule.as_deref(),
        Some(finding.message.as_str()),
        Some(check_title(report, finding)),
    ];
    filter.is_empty() || words.into_iter().flatten().any(|word| word.to_lowercase().contains(&filter))
}

/// The title of the check a finding came from.
pub fn check_title<'a>(report: &'a CheckReport, finding: &'a Finding) -> &'a str {
    let from = |c: &&crate::domain::finding::CheckResult| c.code == finding.code && c.rule == finding.rule;
    report.checks.iter().find(from).map_or(&finding.code, |c| &c.title)
}

/// Key and value lines of a finding's evidence.
pub fn evidence(finding: &Finding) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(column) = &finding.column {
        lines.push(("Column", column.clone()));
    }
    // What was measured is often the share itself; then its limit is one too.
    let is_share = finding.observed.is_some_and(|o| (o - finding.share).abs() < 1e-9 && finding.count > 0);
    let number = if is_share { format::percent } else { format::number };
    lines.extend(finding.observed.map(|observed| ("Observed", number(observed))));
    lines.extend(finding.limit.map(|limit| ("Limit", number(limit))));
    lines.push(("Concerned", format!("{} ({})", format::count(finding.count), format::percent(finding.share))));
    lines.extend(finding.rule.clone().map(|rule| ("Rule", rule)));
    lines.push(("Code", finding.code.clone()));
    lines
}

/// What a finding's check measured on the versions of its dataset, oldest first: (version, number). Where a check has
/// been run on a version more than once, the last run counts.
pub fn course(history: &History, run: &CheckRun, finding: &Finding) -> Vec<(String, f64)> {
    let Some(dataset) = history.version(run.version_id).map(|v| v.dataset_id) else { return Vec::new() };
    let mut versions: Vec<_> = history.versions.iter().filter(|v| v.dataset_id == dataset).collect();
    versions.sort_by_key(|v| v.version);
    let measured = |v: &&crate::domain::dataset::DatasetVersion| {
        let mut runs = history.check_runs.iter().filter(|c| c.version_id == v.id);
        runs.find_map(|c| observed(&c.report, finding)).map(|value| (v.label(), value))
    };
    versions.iter().filter_map(measured).collect()
}

/// What the check that found `like` measured in another report.
fn observed(report: &CheckReport, like: &Finding) -> Option<f64> {
    let check = report.checks.iter().find(|c| c.code == like.code && c.rule == like.rule && c.skipped.is_none())?;
    let same = check.findings.iter().find(|f| f.column == like.column);
    let whole = check.observed.filter(|_| like.column.is_none() || like.rule.is_some());
    same.and_then(|f| f.observed).or(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::pages::checks::model::testing::{check, finding, report};

    fn told(lines: &[Line]) -> Vec<String> {
        let tell = |line: &Line| match line {
            Line::Heading(title) => format!("# {title}"),
            Line::Finding(at, finding) => format!("{at} {}", finding.code),
            Line::Gone(finding) => format!("gone {}", finding.code),
        };
        lines.iter().map(tell).collect()
    }

    #[test]
    fn findings_are_grouped_worst_first_and_keep_their_place() {
        let report = report();
        let by_severity = lines(&report, GroupBy::Severity, "");
        assert_eq!(
            told(&by_severity),
            ["# Block training · 1", "0 C", "# Warnings · 1", "1 B", "# Worth knowing · 1", "2 C"]
        );
        let by_column = lines(&report, GroupBy::Column, "");
        assert_eq!(told(&by_column), ["# plan · 1", "0 C", "# age · 1", "1 B", "# Whole table · 1", "2 C"]);
        let by_check = lines(&report, GroupBy::Check, "");
        assert_eq!(told(&by_check), ["# C title · 2", "0 C", "2 C", "# B title · 1", "1 B"]);
    }

    #[test]
    fn a_filter_looks_at_every_word_in_any_case() {
        let report = report();
        assert_eq!(told(&lines(&report, GroupBy::Severity, " PLAN ")), ["# Block training · 1", "0 C"]);
        assert_eq!(told(&lines(&report, GroupBy::Severity, "b title")), ["# Warnings · 1", "1 B"]);
        assert_eq!(lines(&report, GroupBy::Severity, "nothing like it"), []);
    }

    #[test]
    fn an_earlier_run_parts_the_list_into_new_changed_gone_and_the_rest() {
        let now = report();
        let mut changed = finding("B", Severity::Warning, Some("age"));
        changed.count = 3;
        let gone = finding("A", Severity::Info, Some("plan"));
        let same = finding("C", Severity::Info, None);
        let before = CheckReport::new(vec![check("A", vec![gone]), check("B", vec![changed]), check("C", vec![same])]);
        assert_eq!(
            told(&compared(&before, &now, "")),
            ["# New · 1", "0 C", "# Changed · 1", "1 B", "# Gone · 1", "gone A", "# As before · 1", "2 C"]
        );
    }

    #[test]
    fn evidence_names_what_was_measured_and_its_limit() {
        let lines = evidence(&finding("B", Severity::Warning, Some("age")));
        let expected =
            [("Column", "age"), ("Observed", "7 %"), ("Limit", "5 %"), ("Concerned", "7 (7 %)"), ("Code", "B")];
        assert_eq!(lines, expected.map(|(k, v)| (k, v.to_owned())));
    }

    #[test]
    fn the_course_has_the_last_run_of_every_version() {
        let mut history = crate::ui::pages::fixture::history();
        let versions: Vec<_> = history.versions.iter().map(|v| (v.id, v.dataset_id)).collect();
        let (first, dataset) = versions[0];
        let of_dataset = versions.iter().filter(|(_, d)| *d == dataset).count();
        let like = finding("B", Severity::Warning, Some("age"));
        let mut run = history.check_runs[0].clone();
        (run.version_id, run.report) = (first, CheckReport::new(vec![check("B", vec![like.clone()])]));
        let mut older = run.clone();
        older.report.checks[0].findings[0].observed = Some(0.5);
        history.check_runs = vec![run.clone(), older];
        assert_eq!(course(&history, &run, &like), [(history.versions[0].label(), 0.07)]);
        assert!(of_dataset >= 1);
    }
}
