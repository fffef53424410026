//! Gates: evaluated before a version is trained on, a model exported, a file scored, a branch or tag moved, or a new
//! version taken in.
//!
//! A gate that cannot be judged is red. Letting something through in spite of red gates needs a reason; it is recorded
//! before it is done, so that nothing passes unseen.

use std::cell::OnceCell;

use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::branch::MAIN;
use crate::domain::dataset::DatasetVersion;
use crate::domain::edit::{Edit, EditOutcome};
use crate::domain::finding::{CheckReport, CheckResult, Severity};
use crate::domain::gate::{Act, Gate, GateBoard, GateState, Need, QUARANTINE, RedGate};
use crate::domain::ids::{BranchId, DatasetId, GateId, RunId, VersionId};
use crate::domain::io::{JobIo, Silent};
use crate::domain::request::{
    CheckRequest, DataRef, ExportRequest, JobRequest, ScoreRequest, ScoringModel, TrainRequest,
};
use crate::domain::suite::Environment;
use crate::domain::words::{counted, file_name};
use crate::store::datasets::NewVersion;
use crate::store::gates::NewOverride;
use crate::store::{StoreError, Tx, Workspace, activity, branches, checks, datasets, gates, groups, runs, sign_offs};

use super::validate::{self, By};
use super::{StageError, ingest, resolve};

/// What is about to be done, and to what.
struct Subject<'a> {
    /// As the message names it.
    name: String,
    version: Option<&'a DatasetVersion>,
    run: Option<RunId>,
    target: Option<&'a str>,
    environment: Environment,
    /// A file to be scored, which is no version.
    file: Option<&'a std::path::Path>,
}

impl<'a> Subject<'a> {
    fn version(version: &'a DatasetVersion) -> Self {
        Self {
            name: version.label(),
            version: Some(version),
            run: None,
            target: None,
            environment: Environment::Train,
            file: None,
        }
    }
}

/// Fails with [`StageError::Gates`] unless the gates before a piece of work are green, or there is a reason to go on.
pub fn guard(
    workspace: &Workspace,
    request: &JobRequest,
    reason: Option<&str>,
    io: &dyn JobIo,
) -> Result<(), StageError> {
    match request {
        JobRequest::Train(train) => before_training(workspace, train, reason, io),
        JobRequest::Tune(tune) => before_training(workspace, &tune.train, reason, io),
        JobRequest::Export(export) => before_export(workspace, export, reason, io),
        JobRequest::Score(score) => before_scoring(workspace, score, reason, io),
        _ => Ok(()),
    }
}

fn before_training(
    workspace: &Workspace,
    request: &TrainRequest,
    reason: Option<&str>,
    io: &dyn JobIo,
) -> Result<(), StageError> {
    if !any(workspace, Act::Train)? {
        return Ok(());
    }
    // Going on with a group trains on the version it began with.
    let (data, target) = match request.options.resume {
        Some(group) => {
            let begun = workspace.read(|conn| groups::get(conn, group))?.request;
            (begun.train().data.clone(), begun.target().to_owned())
        }
        None => (request.data.clone(), request.target.clone()),
    };
    let version = resolve::resolve(workspace, &data, io)?;
    let subject = Subject { target: Some(&target), ..Subject::version(&version) };
    pass(workspace, Act::Train, &subject, reason, io)
}

fn before_export(
    workspace: &Workspace,
    request: &ExportRequest,
    reason: Option<&str>,
    io: &dyn JobIo,
) -> Result<(), StageError> {
    if !any(workspace, Act::Register)? {
        return Ok(());
    }
    let run = workspace.read(|conn| runs::get(conn, request.run))?;
    let version = workspace.read(|conn| datasets::version(conn, run.plan.version_id))?;
    let subject = Subject {
        name: format!("run {} on {}", run.id, version.label()),
        run: Some(run.id),
        target: Some(&run.plan.target),
        ..Subject::version(&version)
    };
    pass(workspace, Act::Register, &subject, reason, io)
}

fn before_scoring(
    workspace: &Workspace,
    request: &ScoreRequest,
    reason: Option<&str>,
    io: &dyn JobIo,
) -> Result<(), StageError> {
    if !any(workspace, Act::Score)? {
        return Ok(());
    }
    // A bundle from elsewhere belongs to no version of this workspace.
    let id = match &request.model {
        ScoringModel::Run(id) => Some(*id),
        ScoringModel::Bundle(path) => {
            let lineage = crate::bundle::open(path)?.manifest.lineage;
            let run = workspace.read(|conn| Ok(runs::get(conn, lineage.run).ok()))?;
            run.filter(|run| run.plan.split_hash == lineage.split_hash).map(|run| run.id)
        }
    };
    let run = id.map(|id| workspace.read(|conn| runs::get(conn, id))).transpose()?;
    let version = run.as_ref().map(|run| workspace.read(|conn| datasets::version(conn, run.plan.version_id)));
    let version = version.transpose()?;
    let subject = Subject {
        name: file_name(&request.input),
        version: version.as_ref(),
        run: id,
        target: None,
        environment: Environment::Score,
        file: Some(&request.input),
    };
    pass(workspace, Act::Score, &subject, reason, io)
}

/// Fails unless a branch or tag may lead to the version, or there is a reason to go on.
pub fn before_publishing(workspace: &Workspace, id: VersionId, reason: Option<&str>) -> Result<(), StageError> {
    if !any(workspace, Act::Publish)? {
        return Ok(());
    }
    let version = workspace.read(|conn| datasets::version(conn, id))?;
    pass(workspace, Act::Publish, &Subject::version(&version), reason, &Silent)
}

/// How the gates before this stand for a version. A check that is missing is run and recorded.
pub fn states(
    workspace: &Workspace,
    id: VersionId,
    act: Act,
    target: Option<&str>,
    io: &dyn JobIo,
) -> Result<Vec<GateState>, StageError> {
    let version = workspace.read(|conn| datasets::version(conn, id))?;
    let environment = if act == Act::Score { Environment::Score } else { Environment::Train };
    evaluate(workspace, act, &Subject { target, environment, ..Subject::version(&version) }, io)
}

/// The gates and the overrides.
pub fn board(workspace: &Workspace) -> Result<GateBoard, StageError> {
    Ok(workspace.read(|conn| Ok(GateBoard { gates: gates::all(conn)?, overrides: gates::overrides(conn)? }))?)
}

pub fn add(
    workspace: &Workspace,
    act: Act,
    needs: &Need,
    dataset: Option<DatasetId>,
) -> Result<EditOutcome, StageError> {
    let (said, id) = workspace.write(|tx| {
        let gate = gates::add(tx, act, needs, dataset)?;
        let said = sentence(&gate, "Set");
        log_gate(tx, &gate, "set", &said)?;
        Ok((said, gate.id))
    })?;
    Ok(EditOutcome { said, undo: Some(Edit::HideGate { gate: id, hidden: true }), made: None })
}

pub fn hide(workspace: &Workspace, id: GateId, hidden: bool) -> Result<EditOutcome, StageError> {
    let said = workspace.write(|tx| {
        let gate = gates::hide(tx, id, hidden)?;
        let (verb, word) = if hidden { ("removed", "Removed") } else { ("set", "Set") };
        let said = sentence(&gate, word);
        log_gate(tx, &gate, verb, &said)?;
        Ok(said)
    })?;
    Ok(EditOutcome { said, undo: Some(Edit::HideGate { gate: id, hidden: !hidden }), made: None })
}

fn sentence(gate: &Gate, verb: &str) -> String {
    format!("{verb} {}", gate.title())
}

fn log_gate(tx: &Tx, gate: &Gate, action: &str, said: &str) -> Result<(), StoreError> {
    let event = NewEvent {
        action: action.to_owned(),
        object_kind: ObjectKind::Workspace,
        object: format!("gate {}", gate.id),
        summary: said.to_owned(),
    };
    activity::append(tx, &event).map(drop)
}

fn any(workspace: &Workspace, act: Act) -> Result<bool, StageError> {
    Ok(workspace.read(gates::all)?.iter().any(|gate| gate.act == act))
}

/// Is what comes into this dataset judged before a branch leads to it?
pub(super) fn guards_commits(workspace: &Workspace, dataset: &str) -> Result<bool, StageError> {
    let id = workspace.read(|conn| datasets::id_of(conn, dataset))?;
    let all = workspace.read(gates::all)?;
    Ok(all.iter().any(|gate| gate.act == Act::Commit && gate.dataset_id.is_none_or(|only| Some(only) == id)))
}

/// Records a version that has to pass first: it waits on the branch [`QUARANTINE`] until it did, and `branch` leads to
/// it only then. The first version of a dataset has nothing to be kept from, and is only judged.
pub(super) fn commit(
    workspace: &Workspace,
    mut new: NewVersion,
    branch: Option<&str>,
    told: impl Fn(&Tx, &DatasetVersion) -> Result<(), StoreError>,
    reason: Option<&str>,
    io: &dyn JobIo,
) -> Result<DatasetVersion, StageError> {
    let wanted = branch.unwrap_or(MAIN);
    let (version, waits) = workspace.write(|tx| {
        let dataset = datasets::id_of(tx, &new.dataset)?;
        let head = match dataset {
            Some(id) => datasets::head_of(tx, id, wanted)?.or(datasets::head_of(tx, id, MAIN)?),
            None => None,
        };
        let waits = head.is_some() && wanted != QUARANTINE;
        new.provenance.parent = new.provenance.parent.or(head);
        let version = datasets::insert_version_on(tx, &new, if waits { Some(QUARANTINE) } else { branch })?;
        told(tx, &version)?;
        Ok((version, waits))
    })?;
    io.recorded();
    let kept = waits.then(|| format!("{} waits on the branch {QUARANTINE}", version.label()));
    admit(workspace, &version, kept, reason, io)?;
    if waits {
        workspace.write(|tx| let_in(tx, &version, wanted))?;
        io.recorded();
    }
    Ok(version)
}

/// Fails unless the commit gates let a version in.
pub(super) fn admit(
    workspace: &Workspace,
    version: &DatasetVersion,
    kept: Option<String>,
    reason: Option<&str>,
    io: &dyn JobIo,
) -> Result<(), StageError> {
    match pass(workspace, Act::Commit, &Subject::version(version), reason, io) {
        Err(StageError::Gates { act, subject, red, .. }) => Err(StageError::Gates { act, subject, red, kept }),
        other => other,
    }
}

/// Versions that came from watched places wait on [`QUARANTINE`]: `main` leads to those that pass. Names the others,
/// each with the reason.
pub(super) fn admit_collected(
    workspace: &Workspace,
    made: &[DatasetVersion],
) -> Result<Vec<(String, String)>, StageError> {
    let mut red = Vec::new();
    for version in made {
        match admit(workspace, version, None, None, &Silent) {
            Ok(()) => workspace.write(|tx| let_in(tx, version, MAIN))?,
            Err(error @ StageError::Gates { .. }) => {
                red.push((version.label(), format!("waits on the branch {QUARANTINE}: {error}")));
            }
            Err(other) => return Err(other),
        }
    }
    Ok(red)
}

/// Lets `wanted` lead to a version that waited, and takes [`QUARANTINE`] off it.
pub(super) fn let_in(tx: &Tx, version: &DatasetVersion, wanted: &str) -> Result<(), StoreError> {
    lead(tx, version.dataset_id, wanted, version.id)?;
    if let Some(branch) = branches::by_name(tx, version.dataset_id, QUARANTINE)?.filter(|b| b.head == version.id) {
        branches::hide(tx, branch.id, true)?;
    }
    Ok(())
}

/// Lets a branch lead to a version, `main` among them, and names where it led before.
pub(super) fn lead(
    tx: &Tx,
    dataset: DatasetId,
    name: &str,
    head: VersionId,
) -> Result<Option<(BranchId, VersionId)>, StoreError> {
    branches::hold_main(tx, dataset)?;
    match branches::by_name(tx, dataset, name)? {
        Some(branch) => {
            branches::set_head(tx, branch.id, head)?;
            Ok(Some((branch.id, branch.head)))
        }
        None => branches::create(tx, dataset, name, head).map(|_| None),
    }
}

/// Fails with what is red, or records that it is let through.
fn pass(
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

fn evaluate(
    workspace: &Workspace,
    act: Act,
    subject: &Subject<'_>,
    io: &dyn JobIo,
) -> Result<Vec<GateState>, StageError> {
    let dataset = subject.version.map(|v| v.dataset_id);
    let all = workspace.read(gates::all)?;
    let here = all.into_iter().filter(|g| g.act == act && g.dataset_id.is_none_or(|only| Some(only) == dataset));
    let report = OnceCell::new();
    let mut states = Vec::new();
    for gate in here {
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
        run.suite == suite && run.environment == subject.environment && run.target.as_deref() == subject.target
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
    let table = crate::data::columns::TableRef { schema: &glimpse.schema, columns: columns.as_ref() };
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
        Need::NoErrors => {
            let all = report.findings();
            let errors: Vec<_> = all.into_iter().filter(|f| f.severity == Severity::Error).collect();
            let first = errors.first()?;
            let column = first.column.as_ref().map_or_else(String::new, |c| format!(" in `{c}`"));
            let n = counted(errors.len() as u64, "error", "errors");
            Some(format!("it has {n}, the first {}{column}: {}", first.code, first.message))
        }
        Need::Rule(id) => match report.checks.iter().find(|c| c.rule.as_deref() == Some(id)) {
            None => Some(format!("its suite has no rule `{id}` that applies here")),
            Some(check) => unmet(check),
        },
        Need::Absent(code) => match report.checks.iter().find(|c| c.rule.is_none() && c.code == *code) {
            None => Some(format!("there is no check {code}")),
            Some(check) => unmet(check),
        },
        Need::SignOff | Need::Checked => None,
    }
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
