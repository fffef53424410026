//! How gates stand: what each needs, held against check reports, check runs and sign-offs.

use std::cell::OnceCell;

use crate::data::columns::TableRef;
use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::dataset::DatasetVersion;
use crate::domain::finding::{CheckReport, CheckResult, Severity};
use crate::domain::gate::{Act, Gate, GateState, Need, RedGate};
use crate::domain::ids::RunId;
use crate::domain::io::JobIo;
use crate::domain::request::{CheckRequest, DataRef};
use crate::domain::split_check::SplitCheck;
use crate::domain::suite::Environment;
use crate::domain::words::counted;
use crate::lifecycle::validate::{self, By};
use crate::lifecycle::{StageError, ingest, resolve};
use crate::store::gates::NewOverride;
use crate::store::{Workspace, activity, checks, gates, runs, sign_offs, split_checks};

/// What is about to be done, and to what.
pub(super) struct Subject<'a> {
    /// As the message names it.
    pub name: String,
    pub version: Option<&'a DatasetVersion>,
    pub run: Option<RunId>,
    pub target: Option<&'a str>,
    pub environment: Environment,
    /// A file to be scored, which is no version.
    pub file: Option<&'a std::path::Path>,
    pub split: SplitOf<'a>,
}

/// Which split is judged.
#[derive(Clone, Copy)]
pub(super) enum SplitOf<'a> {
    /// That of the run, or the newest one of the version.
    Known,
    /// The rows are not split yet: what depends on it is judged later.
    NotYet,
    /// This one. All other gates were judged before.
    Made(&'a SplitCheck),
}

impl<'a> Subject<'a> {
    pub fn version(version: &'a DatasetVersion) -> Self {
        Self {
            name: version.label(),
            version: Some(version),
            run: None,
            target: None,
            environment: Environment::Train,
            file: None,
            split: SplitOf::Known,
        }
    }
}

/// Fails with what is red, or records that it is let through.
pub(super) fn pass(
    workspace: &Workspace,
    act: Act,
    subject: &Subject<'_>,
    reason: Option<&str>,
    io: &dyn JobIo,
) -> Result<(), StageError> {
    let red: Vec<GateState> =
        evaluate(workspace, act, subject, io)?.into_iter().filter(|state| !state.is_green()).collect();
    if red.is_empty() {
        return Ok(());
    }
    let Some(reason) = reason.map(str::trim) else {
        return Err(StageError::Gates { act, subject: subject.name.clone(), red, kept: None });
    };
    if reason.is_empty() {
        return Err(StageError::usage("an override needs a reason", "Say in a few words why it is right this time"));
    }
    let told: Vec<String> = red.iter().map(|state| format!("gate {}", state.gate.id)).collect();
    let event = NewEvent {
        action: "overrode".to_owned(),
        object_kind: ObjectKind::Workspace,
        object: told.join(", "),
        summary: format!("Overrode {} for {} of {}: {reason}", told.join(", "), act.title(), subject.name),
    };
    let new = NewOverride {
        act,
        subject: subject.name.clone(),
        version: subject.version.map(|v| v.id),
        run: subject.run,
        red: red
            .into_iter()
            .map(|state| RedGate { gate: state.gate.id, needs: state.gate.needs, why: state.red.unwrap_or_default() })
            .collect(),
        reason: reason.to_owned(),
    };
    workspace.write(|tx| {
        gates::override_gates(tx, &new)?;
        activity::append(tx, &event).map(drop)
    })?;
    io.recorded();
    Ok(())
}

pub(super) fn evaluate(
    workspace: &Workspace,
    act: Act,
    subject: &Subject<'_>,
    io: &dyn JobIo,
) -> Result<Vec<GateState>, StageError> {
    let dataset = subject.version.map(|v| v.dataset_id);
    let all = workspace.read(gates::all)?;
    let here = all.into_iter().filter(|g| g.act == act && g.dataset_id.is_none_or(|only| Some(only) == dataset));
    let is_now = |gate: &Gate| match subject.split {
        SplitOf::Known => true,
        SplitOf::NotYet => gate.needs != Need::Split,
        SplitOf::Made(_) => gate.needs == Need::Split,
    };
    let report = OnceCell::new();
    let mut states = Vec::new();
    for gate in here.filter(is_now) {
        let red = if gate.needs.needs_report() {
            if report.get().is_none() {
                let made = report_on(workspace, subject, io)?;
                let _ = report.set(made);
            }
            report.get().and_then(|report| missed(&gate.needs, report))
        } else {
            match (&gate.needs, subject.version) {
                (_, None) => Some("its model comes from elsewhere".to_owned()),
                (Need::SignOff, Some(version)) => unsigned(workspace, version)?,
                (Need::Split, Some(version)) => bad_split(workspace, version, act, subject)?,
                (_, Some(version)) => unchecked(workspace, version)?,
            }
        };
        states.push(GateState { gate, red });
    }
    Ok(states)
}

/// What the checks say: of a version the newest run by the present suite, made where there is none; of a file a report
/// that nobody keeps.
fn report_on(workspace: &Workspace, subject: &Subject<'_>, io: &dyn JobIo) -> Result<CheckReport, StageError> {
    if let Some(file) = subject.file {
        return file_report(workspace, file, subject, io);
    }
    let Some(version) = subject.version else { return Ok(CheckReport::new(Vec::new())) };
    let suite = validate::saved_suite(workspace, version)?.map(|s| s.id);
    let made = workspace.read(|conn| checks::of_version(conn, version.id))?;
    let fits = made.into_iter().find(|run| {
        let same_target = subject.target.is_none() || run.target.as_deref() == subject.target;
        run.suite == suite && run.environment == subject.environment && same_target
    });
    if let Some(run) = fits {
        return Ok(run.report);
    }
    let request = CheckRequest {
        target: subject.target.map(str::to_owned),
        environment: subject.environment,
        ..CheckRequest::of(DataRef::Version(version.id))
    };
    Ok(validate::check(workspace, &request, io)?.report)
}

fn file_report(
    workspace: &Workspace,
    file: &std::path::Path,
    subject: &Subject<'_>,
    io: &dyn JobIo,
) -> Result<CheckReport, StageError> {
    let mut glimpse = ingest::glimpse(workspace, file, io)?;
    let suite = subject.version.map(|v| validate::saved_suite(workspace, v)).transpose()?.flatten().map(|s| s.suite);
    // The training version says what the columns are: few rows of a file tell less.
    for column in &mut glimpse.schema.columns {
        let known = subject.version.and_then(|v| v.schema.column(&column.name));
        if let Some(known) = known.filter(|known| known.storage == column.storage) {
            column.kind = known.kind;
        }
    }
    let trained = subject.version.map(|v| resolve::open(workspace, v)).transpose()?;
    let columns = glimpse.stored.columns()?;
    let table = TableRef { schema: &glimpse.schema, columns: columns.as_ref() };
    let by = By { suite: suite.as_ref(), environment: subject.environment, ..By::default() };
    let reference = trained.as_ref().map(resolve::Opened::table);
    let mut report = validate::judge_table(table, Some(&glimpse.profile), reference, &by, io)?;
    // Scoring rows that were trained on is nobody's fault.
    report.checks.retain(|check| check.code != "TRAIN_TEST_OVERLAP");
    Ok(CheckReport::new(report.checks))
}

/// Why a report does not give what is needed.
fn missed(needs: &Need, report: &CheckReport) -> Option<String> {
    match needs {
        Need::NoErrors => errors(report).map(|told| format!("it has {told}")),
        Need::Rule(id) => match report.checks.iter().find(|c| c.rule.as_deref() == Some(id)) {
            None => Some(format!("its suite has no rule `{id}` that applies here")),
            Some(check) => unmet(check),
        },
        Need::Absent(code) => match report.checks.iter().find(|c| c.rule.is_none() && c.code == *code) {
            None => Some(format!("there is no check {code}")),
            Some(check) => unmet(check),
        },
        Need::SignOff | Need::Checked | Need::Split => None,
    }
}

/// "2 errors, the first TARGET_LEAKAGE in `x`: …"
fn errors(report: &CheckReport) -> Option<String> {
    let all = report.findings();
    let errors: Vec<_> = all.into_iter().filter(|f| f.severity == Severity::Error).collect();
    let first = errors.first()?;
    let column = first.column.as_ref().map_or_else(String::new, |c| format!(" in `{c}`"));
    let n = counted(errors.len() as u64, "error", "errors");
    Some(format!("{n}, the first {}{column}: {}", first.code, first.message))
}

/// Before training a version whose rows were never split has nothing against it yet: it is judged when they are.
fn bad_split(
    workspace: &Workspace,
    version: &DatasetVersion,
    act: Act,
    subject: &Subject<'_>,
) -> Result<Option<String>, StageError> {
    let known = match (subject.split, subject.run) {
        (SplitOf::Made(check), _) => Some(check.clone()),
        (_, Some(run)) => workspace.read(|conn| {
            let id = runs::get(conn, run)?.plan.context.split_check;
            id.map(|id| split_checks::get(conn, id)).transpose()
        })?,
        (_, None) => {
            let all = workspace.read(|conn| split_checks::of_version(conn, version.id))?;
            all.into_iter().find(|check| subject.target.is_none_or(|target| check.of.target == target))
        }
    };
    Ok(match (known, act) {
        (Some(check), _) => errors(&check.report).map(|told| format!("its split has {told}")),
        (None, Act::Train) => None,
        (None, _) => Some("its split was never checked".to_owned()),
    })
}

fn unmet(check: &CheckResult) -> Option<String> {
    if let Some(reason) = &check.skipped {
        return Some(format!("it could not be judged: {reason}"));
    }
    let worst = check.findings.iter().max_by_key(|f| f.severity)?;
    Some(worst.message.clone())
}

fn unsigned(workspace: &Workspace, version: &DatasetVersion) -> Result<Option<String>, StageError> {
    let signed = workspace.read(|conn| sign_offs::of_version(conn, version.id))?;
    Ok(match signed.first() {
        None => Some(format!("nobody signed {} off", version.label())),
        Some(newest) if newest.answers.is_yes() => None,
        Some(newest) => {
            let not = newest.answers.not_yes();
            let told: Vec<String> = not
                .iter()
                .map(|asked| format!("{} to {}", newest.answers.get(*asked).verdict.as_str(), asked.as_str()))
                .collect();
            Some(format!("{} answered {}", newest.who, told.join(", ")))
        }
    })
}

fn unchecked(workspace: &Workspace, version: &DatasetVersion) -> Result<Option<String>, StageError> {
    let suite = validate::saved_suite(workspace, version)?.map(|s| s.id);
    let made = workspace.read(|conn| checks::of_version(conn, version.id))?;
    if made.iter().any(|run| run.suite == suite) {
        return Ok(None);
    }
    Ok(Some(match made.first() {
        None => format!("{} was never checked", version.label()),
        Some(_) => format!("{} was last checked by an earlier state of its suite", version.label()),
    }))
}
