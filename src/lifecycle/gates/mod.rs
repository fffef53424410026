//! Gates: evaluated before a version is trained on, a model exported, a file scored, a branch or tag moved, or a new
//! version taken in.
//!
//! A gate that cannot be judged is red. Letting something through in spite of red gates needs a reason; it is recorded
//! before it is done, so that nothing passes unseen.

mod evaluate;

use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::branch::MAIN;
use crate::domain::dataset::DatasetVersion;
use crate::domain::edit::{Edit, EditOutcome};
use crate::domain::gate::{Act, Gate, GateBoard, GateState, Need, QUARANTINE};
use crate::domain::ids::{BranchId, DatasetId, GateId, VersionId};
use crate::domain::io::{JobIo, Silent};
use crate::domain::request::{ExportRequest, JobRequest, ScoreRequest, ScoringModel, TrainRequest};
use crate::domain::split_check::SplitCheck;
use crate::domain::suite::Environment;
use crate::domain::words::file_name;
use crate::store::datasets::NewVersion;
use crate::store::{StoreError, Tx, Workspace, activity, branches, checks, datasets, gates, groups, runs};

use super::{StageError, resolve};
use evaluate::{SplitOf, Subject, evaluate, pass};

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
    let subject = Subject { target: Some(&target), split: SplitOf::NotYet, ..Subject::version(&version) };
    pass(workspace, Act::Train, &subject, reason, io)
}

/// The gates before training that a split decides, once there is one.
pub(super) fn before_split(
    workspace: &Workspace,
    version: &DatasetVersion,
    check: &SplitCheck,
    reason: Option<&str>,
    io: &dyn JobIo,
) -> Result<(), StageError> {
    let subject = Subject { target: Some(&check.of.target), split: SplitOf::Made(check), ..Subject::version(version) };
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
        split: SplitOf::Known,
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

/// How the gates before this stand for a version; without a target for the one that was trained for or checked last. A
/// check that is missing is run and recorded.
pub fn states(
    workspace: &Workspace,
    id: VersionId,
    act: Act,
    target: Option<&str>,
    io: &dyn JobIo,
) -> Result<Vec<GateState>, StageError> {
    let version = workspace.read(|conn| datasets::version(conn, id))?;
    let environment = if act == Act::Score { Environment::Score } else { Environment::Train };
    let likely = match target {
        None if matches!(act, Act::Train | Act::Register) => likely_target(workspace, &version)?,
        _ => None,
    };
    let target = target.or(likely.as_deref());
    evaluate(workspace, act, &Subject { target, environment, ..Subject::version(&version) }, io)
}

/// What the dataset was trained for last, or checked for, and this version has.
fn likely_target(workspace: &Workspace, version: &DatasetVersion) -> Result<Option<String>, StageError> {
    let (trained, checked) = workspace.read(|conn| {
        Ok((runs::newest_target(conn, version.dataset_id)?, checks::of_dataset(conn, version.dataset_id)?))
    })?;
    let known = trained.or_else(|| checked.into_iter().find_map(|run| run.target));
    Ok(known.filter(|target| version.schema.column(target).is_some()))
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
    if !needs.fits(act) {
        return Err(StageError::usage(
            format!("{} has no split that could be checked", act.title()),
            "Set it before train, register or score",
        ));
    }
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

/// Records a new version: one that has to pass first where there are commit gates.
pub(super) fn take_in(
    workspace: &Workspace,
    new: NewVersion,
    branch: Option<&str>,
    told: impl Fn(&Tx, &DatasetVersion) -> Result<(), StoreError>,
    reason: Option<&str>,
    io: &dyn JobIo,
) -> Result<DatasetVersion, StageError> {
    if guards_commits(workspace, &new.dataset)? {
        return commit(workspace, new, branch, told, reason, io);
    }
    let version = workspace.write(|tx| {
        let version = datasets::insert_version_on(tx, &new, branch)?;
        told(tx, &version)?;
        Ok(version)
    })?;
    io.recorded();
    Ok(version)
}

/// Records a version that has to pass first: it waits on the branch [`QUARANTINE`] until it did, and `branch` leads to
/// it only then. The first version of a dataset has nothing to be kept from, and is only judged.
fn commit(
    workspace: &Workspace,
    mut new: NewVersion,
    branch: Option<&str>,
    told: impl Fn(&Tx, &DatasetVersion) -> Result<(), StoreError>,
    reason: Option<&str>,
    io: &dyn JobIo,
) -> Result<DatasetVersion, StageError> {
    let wanted = branch.unwrap_or(MAIN);
    let (version, waits, before) = workspace.write(|tx| {
        let dataset = datasets::id_of(tx, &new.dataset)?;
        let (mut head, mut before) = (None, None);
        if let Some(id) = dataset {
            head = datasets::head_of(tx, id, wanted)?.or(datasets::head_of(tx, id, MAIN)?);
            before = branches::by_name(tx, id, QUARANTINE)?.map(|branch| branch.head);
        }
        let waits = head.is_some() && wanted != QUARANTINE;
        new.provenance.parent = new.provenance.parent.or(head);
        let version = datasets::insert_version_on(tx, &new, if waits { Some(QUARANTINE) } else { branch })?;
        told(tx, &version)?;
        Ok((version, waits, before))
    })?;
    io.recorded();
    admit(workspace, &version, waits, reason, io)?;
    if waits {
        workspace.write(|tx| let_in(tx, &version, wanted, before))?;
        io.recorded();
    }
    Ok(version)
}

/// The same for bytes that are a version already: one that waits is judged again, and a branch is led to no other that
/// would not pass.
pub(super) fn commit_known(
    workspace: &Workspace,
    version: &DatasetVersion,
    branch: Option<&str>,
    reason: Option<&str>,
    io: &dyn JobIo,
) -> Result<(), StageError> {
    let wanted = branch.unwrap_or(MAIN);
    let waits = is_waiting(workspace, version)? && wanted != QUARANTINE;
    if waits || ![MAIN, QUARANTINE].contains(&wanted) {
        admit(workspace, version, waits, reason, io)?;
    }
    if waits {
        workspace.write(|tx| let_in(tx, version, wanted, None))?;
        io.recorded();
    }
    Ok(())
}

/// Was it stopped by a commit gate?
fn is_waiting(workspace: &Workspace, version: &DatasetVersion) -> Result<bool, StageError> {
    let waiting = workspace.read(|conn| branches::by_name(conn, version.dataset_id, QUARANTINE))?;
    Ok(waiting.is_some_and(|branch| branch.head == version.id))
}

/// Before a branch leads to another version that is there, or an earlier one is made the newest again: one that a
/// commit gate stopped does not come in by another door.
pub fn before_merging(workspace: &Workspace, id: VersionId, reason: Option<&str>) -> Result<(), StageError> {
    if !any(workspace, Act::Commit)? {
        return Ok(());
    }
    let version = workspace.read(|conn| datasets::version(conn, id))?;
    let waits = is_waiting(workspace, &version)?;
    admit(workspace, &version, waits, reason, &Silent)
}

/// Fails unless the commit gates let a version in.
fn admit(
    workspace: &Workspace,
    version: &DatasetVersion,
    waits: bool,
    reason: Option<&str>,
    io: &dyn JobIo,
) -> Result<(), StageError> {
    let kept = waits.then(|| format!("{} waits on the branch {QUARANTINE}", version.label()));
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
        match admit(workspace, version, true, None, &Silent) {
            Ok(()) => workspace.write(|tx| let_in(tx, version, MAIN, None))?,
            Err(error @ StageError::Gates { .. }) => {
                red.push((version.label(), format!("waits on the branch {QUARANTINE}: {error}")));
            }
            Err(other) => return Err(other),
        }
    }
    Ok(red)
}

/// Lets `wanted` lead to a version that waited; [`QUARANTINE`] goes back to what waited before it, if anything.
fn let_in(tx: &Tx, version: &DatasetVersion, wanted: &str, before: Option<VersionId>) -> Result<(), StoreError> {
    lead(tx, version.dataset_id, wanted, version.id)?;
    let waiting = branches::by_name(tx, version.dataset_id, QUARANTINE)?.filter(|b| b.head == version.id);
    match (waiting, before) {
        (Some(branch), Some(before)) => branches::set_head(tx, branch.id, before),
        (Some(branch), None) => branches::hide(tx, branch.id, true),
        (None, _) => Ok(()),
    }
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
