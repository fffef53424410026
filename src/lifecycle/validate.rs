//! Validate: what a suite and the built-in checks say about a version, alone or against another.
//!
//! One report has both, so that one bad column hides nothing else. The report names the state of the suite it was made
//! with: a gate takes it only as long as that state is the newest.

use std::collections::BTreeMap;

use crate::data::checks::{self, CheckInput};
use crate::data::columns::TableRef;
use crate::data::rules::{self, RulesInput};
use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::dataset::DatasetVersion;
use crate::domain::finding::{CheckReport, CheckRun, Severity};
use crate::domain::io::{JobIo, Part};
use crate::domain::profile::TableProfile;
use crate::domain::request::CheckRequest;
use crate::domain::suite::{CheckSetting, Environment, SavedSuite, Suite};
use crate::store::checks::NewCheckRun;
use crate::store::{Workspace, activity, checks as stored, datasets, suites};

use super::StageError;
use super::resolve::{Opened, open, resolve};

/// What a table is judged by.
#[derive(Clone, Copy, Default)]
pub(super) struct By<'a> {
    pub suite: Option<&'a Suite>,
    pub environment: Environment,
    pub target: Option<&'a str>,
}

pub fn check(workspace: &Workspace, request: &CheckRequest, io: &dyn JobIo) -> Result<CheckRun, StageError> {
    let version = resolve(workspace, &request.data, &Part { io, from: 0.0, to: 0.2 })?;
    let against = request.against.as_ref();
    let against = against.map(|data| resolve(workspace, data, &Part { io, from: 0.2, to: 0.3 })).transpose()?;
    if let Some(target) = &request.target
        && version.schema.column(target).is_none()
    {
        return Err(StageError::usage(
            format!("{} has no column `{target}`", version.label()),
            format!("Its columns are {}", version.schema.names().collect::<Vec<_>>().join(", ")),
        ));
    }
    let saved = saved_suite(workspace, &version)?.filter(|_| request.suite.is_none());
    let by = By {
        suite: request.suite.as_deref().or(saved.as_ref().map(|s| &s.suite)),
        environment: request.environment,
        target: request.target.as_deref(),
    };
    let report = judge(workspace, &version, against.as_ref(), &by, &Part { io, from: 0.3, to: 0.98 })?;
    let new = NewCheckRun {
        version_id: version.id,
        against: against.as_ref().map(|v| v.id),
        target: request.target.clone(),
        suite: saved.as_ref().map(|s| s.id),
        environment: request.environment,
        report,
    };
    let event = NewEvent {
        action: "checked".to_owned(),
        object_kind: ObjectKind::CheckRun,
        object: version.label(),
        summary: summary(&new, against.as_ref(), saved.as_ref()),
    };
    let run = workspace.write(|tx| {
        let run = stored::insert(tx, &new)?;
        activity::append(tx, &event)?;
        Ok(run)
    })?;
    io.recorded();
    Ok(run)
}

/// The state of the suite that counts for the dataset of a version.
pub(super) fn saved_suite(workspace: &Workspace, version: &DatasetVersion) -> Result<Option<SavedSuite>, StageError> {
    Ok(workspace.read(|conn| suites::newest(conn, version.dataset_id))?)
}

/// The report on a version; nothing is stored.
pub(super) fn judge(
    workspace: &Workspace,
    version: &DatasetVersion,
    against: Option<&DatasetVersion>,
    by: &By<'_>,
    io: &dyn JobIo,
) -> Result<CheckReport, StageError> {
    io.progress("Reading", Some(0.0))?;
    let table = open(workspace, version)?;
    let reference = against.map(|v| open(workspace, v)).transpose()?;
    let profile = workspace.read(|conn| datasets::profile(conn, version.id))?;
    judge_table(table.table(), Some(&profile), reference.as_ref().map(Opened::table), by, io)
}

/// The report on a table, recorded or not.
pub(super) fn judge_table(
    table: TableRef<'_>,
    profile: Option<&TableProfile>,
    reference: Option<TableRef<'_>>,
    by: &By<'_>,
    io: &dyn JobIo,
) -> Result<CheckReport, StageError> {
    let no_settings = BTreeMap::new();
    let settings: &BTreeMap<String, CheckSetting> = by.suite.map_or(&no_settings, |suite| &suite.checks);
    let input = CheckInput { profile, reference, target: by.target, settings, ..CheckInput::over(table) };
    let mut report = checks::run(&input, &Part { io, from: 0.1, to: 0.7 })?;
    let rules = by.suite.map(|suite| suite.rules_for(by.environment)).unwrap_or_default();
    if rules.is_empty() {
        return Ok(report);
    }
    let outcomes = rules::run(&RulesInput { table, reference, profile }, &rules, &Part { io, from: 0.7, to: 1.0 })?;
    let judged = rules.iter().zip(&outcomes).map(|(rule, outcome)| rules::findings(rule, outcome));
    report.checks.extend(judged);
    Ok(CheckReport::new(report.checks))
}

/// "26 checks and 12 rules: 1 errors, 3 warnings, against churn@1"
fn summary(new: &NewCheckRun, against: Option<&DatasetVersion>, suite: Option<&SavedSuite>) -> String {
    let ran = |is_rule: bool| {
        let all = new.report.checks.iter().filter(|c| c.skipped.is_none() && c.rule.is_some() == is_rule);
        all.count()
    };
    let count = |severity| new.report.findings().iter().filter(|f| f.severity == severity).count();
    let rules = match (ran(true), suite) {
        (0, _) => String::new(),
        (n, Some(saved)) => format!(" and {n} rules of suite {}", saved.number),
        (n, None) => format!(" and {n} rules"),
    };
    format!(
        "{} checks{rules}: {} errors, {} warnings{}",
        ran(false),
        count(Severity::Error),
        count(Severity::Warning),
        against.map_or_else(String::new, |v| format!(", against {}", v.label())),
    )
}
