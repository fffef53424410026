//! A check run as a document: a page for people, JSON for programs, JUnit XML for build servers.

use std::fmt::Write as _;

use crate::domain::check_request::{CheckReportFormat, CheckReportRequest};
use crate::domain::finding::{CheckResult, CheckRun, Finding, Severity};
use crate::domain::io::JobIo;
use crate::domain::request::ReportOutcome;
use crate::domain::suite::Environment;
use crate::domain::words::{counted, thousands};
use crate::store::{Workspace, checks};

use super::super::StageError;
use super::super::resolve::check_place;
use super::html::{STYLE, text};

/// Example rows that are listed.
const ROWS: usize = 10;

/// Writes the report of a check run to a file.
pub fn save(workspace: &Workspace, request: &CheckReportRequest, io: &dyn JobIo) -> Result<ReportOutcome, StageError> {
    check_place(&request.out)?;
    let run = workspace.read(|conn| checks::get(conn, request.check_run))?;
    let failed = |source| StageError::File { path: request.out.display().to_string(), source };
    let document = match request.format {
        CheckReportFormat::Html => html(&run),
        CheckReportFormat::Junit => junit(&run),
        CheckReportFormat::Json => serde_json::to_string_pretty(&run).map_err(|e| failed(e.into()))? + "\n",
    };
    io.progress("Saving", Some(0.9))?;
    super::save(&request.out, document.as_bytes()).map_err(failed)?;
    Ok(ReportOutcome { path: request.out.clone(), bytes: document.len() as u64, data: run.dataset })
}

/// One page that needs nothing else.
fn html(run: &CheckRun) -> String {
    let title = format!("Checks of {}", run.dataset);
    let mut page = String::with_capacity(16_384);
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{title}</title>\
         <style>{STYLE}.error{{color:var(--neg)}}</style></head><body>\n<h1>{title}</h1>\n\
         <p class=\"weak\">Check run {}{}</p>\n<section><div class=\"parts\">",
        run.id,
        context(run),
        title = text(&title),
    );
    let ran = run.report.checks.iter().filter(|c| c.skipped.is_none()).count() as u64;
    let verdict = if run.report.passed { "Passed" } else { "Did not pass" };
    let class = if run.report.passed { "" } else { " class=\"error\"" };
    let _ = write!(page, "<div{class}>{verdict}</div><div>{}</div>", counted(ran, "check ran", "checks ran"));
    for severity in [Severity::Error, Severity::Warning, Severity::Info] {
        let n = run.report.findings().iter().filter(|f| f.severity == severity).count() as u64;
        let (one, many) = match severity {
            Severity::Error => ("error", "errors"),
            Severity::Warning => ("warning", "warnings"),
            Severity::Info => ("information", "informations"),
        };
        let _ = write!(page, "<div>{}</div>", counted(n, one, many));
    }
    page.push_str("</div></section>\n");
    findings(&mut page, run);
    every_check(&mut page, run);
    page.push_str("</body></html>\n");
    page
}

fn context(run: &CheckRun) -> String {
    let mut told = String::new();
    if let Some(against) = &run.against_label {
        let _ = write!(told, " · against {}", text(against));
    }
    if let Some(target) = &run.target {
        let _ = write!(told, " · target {}", text(target));
    }
    if run.environment == Environment::Score {
        told.push_str(" · as a table to be scored");
    }
    told
}

fn findings(page: &mut String, run: &CheckRun) {
    let all = run.report.findings();
    if all.is_empty() {
        page.push_str("<h2>Findings</h2>\n<section>Nothing was found</section>\n");
        return;
    }
    page.push_str("<h2>Findings</h2>\n");
    for finding in all {
        let class = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warn",
            Severity::Info => "weak",
        };
        let column = finding.column.as_ref().map_or_else(String::new, |c| format!(" in {}", text(c)));
        let _ = write!(
            page,
            "<section><h3><span class=\"{class}\">{}</span> {}{column}</h3><p>{}</p>",
            finding.severity.as_str(),
            text(name(finding)),
            long(&finding.message)
        );
        let facts = facts(finding);
        if !facts.is_empty() {
            let _ = write!(page, "<p class=\"weak\">{facts}</p>");
        }
        if !finding.hint.is_empty() {
            let _ = write!(page, "<p>{}</p>", long(&finding.hint));
        }
        page.push_str("</section>\n");
    }
}

fn every_check(page: &mut String, run: &CheckRun) {
    page.push_str("<h2>Every check</h2>\n<section class=\"scroll\"><table class=\"list\"><tr><th>Check</th><th>Outcome</th><th class=\"n\">Findings</th></tr>\n");
    for check in &run.report.checks {
        let outcome = match &check.skipped {
            Some(reason) => format!("skipped: {}", long(reason)),
            None => worst(check).map_or_else(|| "held".to_owned(), |s| s.as_str().to_owned()),
        };
        let id = check.rule.as_deref().unwrap_or(&check.code);
        let _ = writeln!(
            page,
            "<tr><td>{} <span class=\"weak\">{}</span></td><td>{outcome}</td><td class=\"n\">{}</td></tr>",
            long(&check.title),
            text(id),
            check.findings.len()
        );
    }
    page.push_str("</table></section>\n");
}

fn worst(check: &CheckResult) -> Option<Severity> {
    check.findings.iter().map(|f| f.severity).max()
}

fn name(finding: &Finding) -> &str {
    finding.rule.as_deref().unwrap_or(&finding.code)
}

/// "12 of the cells (0.3 %) · observed 5 · limit 3 · rows 4, 9"
fn facts(finding: &Finding) -> String {
    let mut parts = Vec::new();
    if finding.count > 0 {
        parts.push(format!("{} concerned ({:.2} %)", thousands(finding.count), finding.share * 100.0));
    }
    if let Some(observed) = finding.observed {
        parts.push(format!("observed {observed}"));
    }
    if let Some(limit) = finding.limit {
        parts.push(format!("limit {limit}"));
    }
    if !finding.rows.is_empty() {
        let rows: Vec<String> = finding.rows.iter().take(ROWS).map(|row| thousands(*row)).collect();
        let more = if finding.rows.len() > ROWS { " …" } else { "" };
        parts.push(format!("rows {}{more}", rows.join(", ")));
    }
    parts.join(" · ")
}

/// Sentences are not cut as names are.
fn long(raw: &str) -> String {
    let chars: Vec<char> = raw.chars().take(1000).collect();
    chars.chunks(60).map(|part| text(&part.iter().collect::<String>())).collect()
}

/// The form that Jenkins, GitLab and GitHub's reporters read: a case per check, `failure` for findings of severity
/// error, `system-out` for the others, `skipped` where it could not run.
fn junit(run: &CheckRun) -> String {
    let checks = &run.report.checks;
    let failures = checks.iter().filter(|c| worst(c) == Some(Severity::Error)).count();
    let skipped = checks.iter().filter(|c| c.skipped.is_some()).count();
    let name = xml(&run.dataset);
    let mut doc = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"{name}\" tests=\"{}\" \
         failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">\n",
        checks.len()
    );
    for check in checks {
        let id = check.rule.as_deref().unwrap_or(&check.code);
        let class = if check.rule.is_some() { "rules" } else { "checks" };
        let _ = write!(doc, "<testcase classname=\"{name}.{class}\" name=\"{}\">", xml(id));
        if let Some(reason) = &check.skipped {
            let _ = write!(doc, "<skipped message=\"{}\"/>", xml(reason));
        }
        for finding in &check.findings {
            let message = xml(&finding.message);
            let body = xml(&[facts(finding), finding.hint.clone()].join("\n"));
            match finding.severity {
                Severity::Error => {
                    let _ =
                        write!(doc, "<failure type=\"{}\" message=\"{message}\">{body}</failure>", xml(&check.code));
                }
                _ => {
                    let _ = write!(doc, "<system-out>{}: {message}</system-out>", finding.severity.as_str());
                }
            }
        }
        doc.push_str("</testcase>\n");
    }
    doc.push_str("</testsuite>\n</testsuites>\n");
    doc
}

/// Escaped; characters that XML 1.0 cannot hold become a question mark.
fn xml(raw: &str) -> String {
    let mut safe = String::with_capacity(raw.len());
    for c in raw.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' => safe.push_str("&#10;"),
            '\t' | '\r' => safe.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => safe.push('?'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::CheckReport;
    use crate::domain::ids::{CheckRunId, VersionId};

    fn run() -> CheckRun {
        let finding = Finding {
            code: "COLUMN_VALUES_IN_SET".to_owned(),
            severity: Severity::Error,
            column: Some("plan<b>".to_owned()),
            message: "3 cells hold “<script>” & such".to_owned(),
            hint: "Add it to the set".to_owned(),
            count: 3,
            share: 0.03,
            rows: (1..=20).collect(),
            observed: Some(3.0),
            limit: None,
            rule: Some("plan-set".to_owned()),
        };
        let check = |code: &str, rule: Option<&str>, findings, skipped: Option<&str>| CheckResult {
            code: code.to_owned(),
            title: code.to_lowercase(),
            skipped: skipped.map(str::to_owned),
            findings,
            rule: rule.map(str::to_owned),
            observed: None,
        };
        CheckRun {
            id: CheckRunId(7),
            version_id: VersionId(1),
            dataset: "churn@2".to_owned(),
            against: None,
            against_label: None,
            target: Some("churned".to_owned()),
            suite: None,
            environment: Environment::Train,
            report: CheckReport::new(vec![
                check("EMPTY_TABLE", None, vec![], None),
                check("COLUMNS_NEW", None, vec![], Some("no reference given")),
                check("COLUMN_VALUES_IN_SET", Some("plan-set"), vec![finding], None),
            ]),
            created_at_ms: 0,
        }
    }

    #[test]
    fn the_page_escapes_what_comes_from_data_and_needs_nothing_else() {
        let page = html(&run());
        assert!(
            page.contains("3 cells hold “&lt;script&gt;” &amp; such") && page.contains("in plan&lt;b&gt;"),
            "{page}"
        );
        assert!(page.contains("Did not pass") && page.contains("rows 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 …"));
        assert!(!page.contains("<script") && !page.contains("src=") && !page.contains("http"));
    }

    #[test]
    fn junit_has_a_case_per_check() {
        let doc = junit(&run());
        assert!(doc.contains("tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\""), "{doc}");
        assert!(doc.contains("<testcase classname=\"churn@2.rules\" name=\"plan-set\"><failure"), "{doc}");
        assert!(
            doc.contains("<skipped message=\"no reference given\"/>") && doc.contains("“&lt;script&gt;” &amp; such")
        );
        assert_eq!(xml("a\u{0}b\u{1b}"), "a?b?");
    }
}
