//! Every row that a finding is about. A check run keeps a few examples of them: a table may have millions.

use std::collections::BTreeMap;

use crate::data::checks::{self, Against, CheckInput, MOST_KEPT};
use crate::domain::finding::{CheckRun, Finding};
use crate::domain::ids::CheckRunId;
use crate::domain::io::{JobIo, Part};
use crate::domain::suite::{CheckSetting, Suite, catalogue};
use crate::store::{Workspace, checks as stored, datasets, suites};

use super::StageError;
use super::resolve::{Opened, open, require_present};

/// The rows (1-based, ascending, at most 10,000) that a finding of a check run is about: its rule or its check is run
/// again on the same tables. Where it does not come to the same finding, because what the check was told beside the
/// tables is not kept, the examples of the run.
pub fn finding_rows(
    workspace: &Workspace,
    check_run: CheckRunId,
    finding: &Finding,
    io: &dyn JobIo,
) -> Result<Vec<u64>, StageError> {
    let run = workspace.read(|conn| stored::get(conn, check_run))?;
    let suite = run.suite.map(|id| workspace.read(|conn| suites::get(conn, id))).transpose()?.map(|saved| saved.suite);
    let found = match &finding.rule {
        Some(rule) => of_rule(workspace, &run, suite.as_ref(), rule, io)?,
        None => of_check(workspace, &run, suite.as_ref(), finding, io)?,
    };
    Ok(found.filter(|rows| rows.len() >= finding.rows.len()).unwrap_or_else(|| finding.rows.clone()))
}

fn of_rule(
    workspace: &Workspace,
    run: &CheckRun,
    suite: Option<&Suite>,
    id: &str,
    io: &dyn JobIo,
) -> Result<Option<Vec<u64>>, StageError> {
    let rules = suite.map(|suite| suite.rules_for(run.environment)).unwrap_or_default();
    let Some(rule) = rules.iter().find(|rule| rule.id == id) else { return Ok(None) };
    let rules = std::slice::from_ref(rule);
    let preview = super::suite::preview(workspace, run.version_id, run.against, rules, io)?.pop();
    Ok(preview.and_then(|preview| preview.failing.map(|_| preview.rows)))
}

fn of_check(
    workspace: &Workspace,
    run: &CheckRun,
    suite: Option<&Suite>,
    finding: &Finding,
    io: &dyn JobIo,
) -> Result<Option<Vec<u64>>, StageError> {
    let version = workspace.read(|conn| datasets::version(conn, run.version_id))?;
    require_present(workspace, &version)?;
    let against = run.against.map(|id| workspace.read(|conn| datasets::version(conn, id))).transpose()?;
    io.progress("Reading", Some(0.0))?;
    let table = open(workspace, &version)?;
    let reference = against.as_ref().map(|v| open(workspace, v)).transpose()?;
    let profile = workspace.read(|conn| datasets::profile(conn, version.id))?;
    let settings = only(&finding.code, suite);
    let input = CheckInput {
        profile: Some(&profile),
        reference: reference.as_ref().map(Opened::table),
        target: run.target.as_deref(),
        against: Against::Earlier,
        settings: &settings,
        most_rows: MOST_KEPT,
        ..CheckInput::over(table.table())
    };
    let report = checks::run(&input, &Part { io, from: 0.1, to: 1.0 })?;
    let same = |f: &&&Finding| f.code == finding.code && f.column == finding.column;
    Ok(report.findings().iter().find(same).map(|f| f.rows.clone()))
}

/// The settings of a suite with every other check switched off.
fn only(code: &str, suite: Option<&Suite>) -> BTreeMap<String, CheckSetting> {
    let mut settings = suite.map(|suite| suite.checks.clone()).unwrap_or_default();
    for spec in catalogue().iter().filter(|spec| spec.code != code) {
        settings.entry(spec.code.to_owned()).or_default().off = true;
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::domain::request::{CheckRequest, DataRef, ImportRequest};
    use crate::domain::suite::{Bounds, Rule, Scalar, Test};
    use crate::lifecycle::{ingest, suite as saved, validate};

    #[test]
    fn a_finding_of_a_check_and_one_of_a_rule_name_all_their_rows() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::open(&folder.path().join("w")).unwrap();
        // Every third of 300 cells of `b` is missing; `a` is the row number.
        let lines = (1..=300).map(|i| if i % 3 == 0 { format!("{i},\n") } else { format!("{i},{}\n", i * 7 % 11) });
        let path = folder.path().join("t.csv");
        std::fs::write(&path, format!("a,b\n{}", lines.collect::<String>())).unwrap();
        let version = ingest::ingest(&workspace, &ImportRequest::of(&path), &Silent).unwrap().version;
        let mut suite = Suite::new();
        let bounds = Bounds { max: Some(Scalar::Whole(200)), ..Bounds::default() };
        suite.rules.push(Rule::new("a-max", Test::ColumnValuesBetween { column: "a".into(), bounds }));
        saved::save(&workspace, version.dataset_id, &suite, "").unwrap();
        let request = CheckRequest::of(DataRef::Version(version.id));
        let run = validate::check(&workspace, &request, &Silent).unwrap();
        let findings = run.report.findings();
        let rows = |code: &str, rule: Option<&str>| {
            let finding = findings.iter().find(|f| f.code == code && f.rule.as_deref() == rule).unwrap();
            assert_eq!(finding.rows.len(), 20, "{code}: examples");
            finding_rows(&workspace, run.id, finding, &Silent).unwrap()
        };
        assert_eq!(rows("MISSING_VALUES", None), (1..=100).map(|i| i * 3).collect::<Vec<u64>>());
        assert_eq!(rows("COLUMN_VALUES_BETWEEN", Some("a-max")), (201..=300).collect::<Vec<u64>>());
    }
}
