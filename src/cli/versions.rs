//! The commands about versions: lists, branches, tags, revert, kinds, comparing, restoring.

use std::path::{Path, PathBuf};

use super::args::{BranchCommand, DiffArgs, TagCommand};
use super::report::versions as report;
use super::report::{Report, versions::Versions};
use super::{absolute, data_ref, listing, mixed_up, past_gates, work};
use crate::domain::branch::{Branch, MAIN};
use crate::domain::dataset::DatasetVersion;
use crate::domain::diff::DiffRequest;
use crate::domain::edit::Edit;
use crate::domain::ids::DatasetId;
use crate::domain::io::Silent;
use crate::domain::problem::Problem;
use crate::domain::request::{JobOutcome, JobRequest, RestoreForm, RestoreRequest};
use crate::domain::schema::ColumnKind;
use crate::lifecycle::{StageError, edit, resolve, restore};
use crate::store::{Workspace, branches, datasets, tags};

pub fn list(root: &Path, dataset: &str) -> Result<Report, Problem> {
    listing(root, |ws| {
        dataset_id(ws, dataset)?;
        Ok(report::versions(&read(ws)?, dataset))
    })
}

pub fn branch(root: &Path, command: BranchCommand) -> Result<Report, Problem> {
    match command {
        BranchCommand::List { dataset } => listing(root, |ws| Ok(report::branches(&read(ws)?, dataset.as_deref()))),
        BranchCommand::Add { data, name } => change(root, |ws| {
            let head = one(ws, &data)?;
            Ok(Edit::CreateBranch { dataset: head.dataset_id, name, head: head.id })
        }),
        BranchCommand::Move { data, name } => change(root, |ws| {
            let head = one(ws, &data)?;
            Ok(Edit::MoveBranch { branch: named(ws, head.dataset_id, &name)?.id, head: head.id })
        }),
        BranchCommand::Rename { dataset, name, new } => change(root, |ws| {
            let branch = changeable(ws, &dataset, &name)?;
            Ok(Edit::RenameBranch { branch: branch.id, name: new })
        }),
        BranchCommand::Remove { dataset, name } => change(root, |ws| {
            let branch = changeable(ws, &dataset, &name)?;
            Ok(Edit::HideBranch { branch: branch.id, hidden: true })
        }),
    }
}

pub fn tag(root: &Path, command: TagCommand) -> Result<Report, Problem> {
    match command {
        TagCommand::List { dataset } => listing(root, |ws| Ok(report::tags(&read(ws)?, dataset.as_deref()))),
        TagCommand::Add { data, name } => change(root, |ws| Ok(Edit::AddTag { version: one(ws, &data)?.id, name })),
        TagCommand::Remove { dataset, name } => change(root, |ws| {
            let id = dataset_id(ws, &dataset)?;
            let tag = ws.read(|conn| tags::by_name(conn, id, &name))?;
            let tag = tag.ok_or_else(|| StageError::usage(format!("{dataset} has no tag `{name}`"), LISTS))?;
            Ok(Edit::HideTag { tag: tag.id, hidden: true })
        }),
    }
}

pub fn note(root: &Path, data: &str, text: String) -> Result<Report, Problem> {
    change(root, |ws| Ok(Edit::SetNote { version: one(ws, data)?.id, note: text }))
}

pub fn revert(root: &Path, data: &str, note: String) -> Result<Report, Problem> {
    make(root, data, |version| Edit::Revert { version: version.id, note })
}

pub fn set_kind(root: &Path, data: &str, column: String, kind: ColumnKind) -> Result<Report, Problem> {
    make(root, data, |version| Edit::SetKind { version: version.id, column, kind })
}

pub fn diff(root: &Path, args: DiffArgs) -> Result<Report, Problem> {
    let request = DiffRequest {
        left: data_ref(&args.left)?,
        right: data_ref(&args.right)?,
        key: args.key,
        limit: args.limit,
        column: args.column,
    };
    match work(root, JobRequest::Diff(request))? {
        JobOutcome::Diffed(found) => Ok(report::diff(&found)),
        _ => Err(mixed_up()),
    }
}

pub fn restored(root: &Path, data: &str, out: &Path, form: RestoreForm, force: bool) -> Result<Report, Problem> {
    let request = RestoreRequest { data: data_ref(data)?, out: absolute(out)?, form, overwrite: force };
    match work(root, JobRequest::Restore(request))? {
        JobOutcome::Restored(outcome) => Ok(report::restore(&outcome)),
        _ => Err(mixed_up()),
    }
}

pub fn rejected(root: &Path, data: &str, out: Option<PathBuf>, limit: u64, force: bool) -> Result<Report, Problem> {
    if let Some(out) = out {
        return restored(root, data, &out, RestoreForm::Rejected, force);
    }
    listing(root, |ws| {
        let version = one(ws, data)?;
        let page = restore::rejects(ws, version.id, 0, limit)?;
        Ok(report::rejected(&version, &page))
    })
}

const LISTS: &str = "`modelwright versions D` lists branches and tags";

pub fn read(workspace: &Workspace) -> Result<Versions, StageError> {
    Ok(workspace.read(|conn| {
        Ok(Versions { versions: datasets::all(conn)?, branches: branches::all(conn)?, tags: tags::all(conn)? })
    })?)
}

/// A version that is there already; these commands import nothing.
fn one(workspace: &Workspace, data: &str) -> Result<DatasetVersion, StageError> {
    let data = crate::domain::request::DataRef::parse(data, |_| false);
    resolve::resolve(workspace, &data, &Silent)
}

fn dataset_id(workspace: &Workspace, name: &str) -> Result<DatasetId, StageError> {
    Ok(one(workspace, name)?.dataset_id)
}

fn named(workspace: &Workspace, dataset: DatasetId, name: &str) -> Result<Branch, StageError> {
    let found = workspace.read(|conn| branches::by_name(conn, dataset, name))?;
    found.ok_or_else(|| match name {
        MAIN => StageError::usage("`main` leads to the latest version", "Revert to a version to make it the latest"),
        _ => StageError::usage(format!("there is no branch `{name}`"), LISTS),
    })
}

/// A branch that may be renamed or removed.
fn changeable(workspace: &Workspace, dataset: &str, name: &str) -> Result<Branch, StageError> {
    if name == MAIN {
        return Err(StageError::usage("every dataset has its branch `main`", "Rename or remove another one"));
    }
    named(workspace, dataset_id(workspace, dataset)?, name)
}

/// An edit of the records in this process.
fn change(root: &Path, edit_of: impl FnOnce(&Workspace) -> Result<Edit, StageError>) -> Result<Report, Problem> {
    listing(root, |ws| {
        let wanted = edit_of(ws)?;
        Ok(report::edited(&edit::edit(ws, &past_gates(wanted))?))
    })
}

/// An edit that makes a version.
fn make(root: &Path, data: &str, edit_of: impl FnOnce(&DatasetVersion) -> Edit) -> Result<Report, Problem> {
    listing(root, |ws| {
        let version = one(ws, data)?;
        let said = edit::edit(ws, &past_gates(edit_of(&version)))?.said;
        let all = read(ws)?;
        let newest = all.versions.iter().filter(|v| v.dataset_id == version.dataset_id).max_by_key(|v| v.version);
        Ok(report::made(&all, newest.unwrap_or(&version), &said))
    })
}
