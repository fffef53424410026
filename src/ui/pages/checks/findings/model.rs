//! What the list of findings and the inspector show: pure, from check runs to lines.

use crate::domain::check_history::CheckDiff;
use crate::domain::finding::{CheckReport, CheckRun, Finding, Severity};
use crate::domain::history::History;
use crate::domain::suite::spec::{self, Family};
use crate::domain::suite::{CheckSpec, LimitUnit, catalogue};
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
    let (number, names) = measure(finding);
    lines.extend(finding.observed.map(|observed| (names[0], number(observed))));
    lines.extend(finding.limit.map(|limit| (names[1], number(limit))));
    lines.push(("Concerned", format!("{} ({})", format::count(finding.count), format::percent(finding.share))));
    lines.extend(finding.rule.clone().map(|rule| ("Rule", rule)));
    lines.push(("Code", finding.code.clone()));
    lines
}

/// How what was measured is told: shares as percentages, what a rule about cells measures as the share that holds.
pub fn measure(finding: &Finding) -> (fn(f64) -> String, [&'static str; 2]) {
    const MEASURED: [&str; 2] = ["Observed", "Limit"];
    if finding.rule.is_some() {
        let test = spec::find(&finding.code.to_lowercase());
        let of_cells = test.is_some_and(|test| test.family == Family::Cells);
        return if of_cells { (format::percent, ["Share that holds", "At least"]) } else { (format::number, MEASURED) };
    }
    let spec = catalogue().iter().find(|spec| spec.code == finding.code);
    let is_share = match spec {
        Some(CheckSpec { limit: Some(_), unit, .. }) => *unit == LimitUnit::Share,
        // What was measured is often the share itself; a number of values is none.
        _ => {
            finding.limit.is_none_or(|limit| limit <= 1.0)
                && finding.observed.is_some_and(|o| (o - finding.share).abs() < 1e-9 && finding.count > 0)
        }
    };
    (if is_share { format::percent } else { format::number }, MEASURED)
}

/// What the same finding was in an earlier run: "1,310 (6.6 %)".
pub fn before(report: &CheckReport, finding: &Finding) -> String {
    let same = |f: &&&Finding| f.code == finding.code && f.column == finding.column && f.rule == finding.rule;
    let Some(found) = report.findings().iter().find(same).copied().cloned() else { return "not found".to_owned() };
    let concerned = format!("{} ({})", format::count(found.count), format::percent(found.share));
    let observed = found.observed.filter(|o| (o - found.share).abs() > 1e-9);
    observed.map_or(concerned.clone(), |o| format!("{} · {concerned}", measure(&found).0(o)))
}

/// The place in the list of the finding `steps` further from the one at `at`; stays at the ends.
pub fn step(lines: &[Line<'_>], at: usize, steps: isize) -> Option<usize> {
    let places: Vec<usize> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| !matches!(line, Line::Heading(_)))
        .map(|(place, _)| place)
        .collect();
    let here = places.iter().position(|place| *place == at)?;
    let to = here.saturating_add_signed(steps).min(places.len().saturating_sub(1));
    places.get(to).copied()
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
    fn numbers_are_told_in_the_unit_of_their_check() {
        let told = |code: &str, rule: Option<&str>, observed: f64, limit: f64| {
            let (observed, limit) = (Some(observed), Some(limit));
            let found = Finding { share: 1.0, observed, limit, ..finding(code, Severity::Warning, None) };
            let lines = evidence(&Finding { rule: rule.map(str::to_owned), ..found });
            (lines[0].clone(), lines[1].1.clone())
        };
        let one = |name: &'static str, a: &str, b: &str| ((name, a.to_owned()), b.to_owned());
        // One value where two are needed, in all cells.
        assert_eq!(told("CONSTANT_COLUMN", None, 1.0, 2.0), one("Observed", "1", "2"));
        assert_eq!(told("MISSING_VALUES", None, 0.069, 0.05), one("Observed", "6.9 %", "5 %"));
        assert_eq!(told("COLUMN_VALUES_BETWEEN", Some("age"), 0.27, 1.0), one("Share that holds", "27 %", "100 %"));
        assert_eq!(told("COLUMN_MEAN_BETWEEN", Some("m"), 0.27, 0.5), one("Observed", "0.27", "0.5"));
    }

    #[test]
    fn an_earlier_run_says_what_the_finding_was_then() {
        let found = finding("C", Severity::Error, Some("plan"));
        assert_eq!(before(&report(), &found), "7 (7 %)");
        assert_eq!(before(&report(), &Finding { column: None, code: "X".into(), ..found }), "not found");
    }

    #[test]
    fn arrows_go_from_finding_to_finding() {
        let report = report();
        // Heading, C, heading, B, heading, C.
        let lines = lines(&report, GroupBy::Severity, "");
        assert_eq!([step(&lines, 1, 1), step(&lines, 3, 1), step(&lines, 5, 1)], [Some(3), Some(5), Some(5)]);
        assert_eq!([step(&lines, 3, -1), step(&lines, 1, -9), step(&lines, 0, 1)], [Some(1), Some(1), None]);
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
