//! New versions without new bytes: an earlier one made the latest again, a column given another kind. Versions never
//! change, so both make one, which shares the objects of the version it is made from.

use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::branch::MAIN;
use crate::domain::dataset::{DatasetVersion, Origin, Provenance};
use crate::domain::ids::VersionId;
use crate::domain::io::Silent;
use crate::domain::profile::TableProfile;
use crate::domain::schema::ColumnKind;
use crate::store::datasets::NewVersion;
use crate::store::{Reader, StoreError, Tx, Workspace, activity, branches, datasets};

use super::{StageError, gates};

/// Makes what `id` holds the newest version of `main`, and names the version that was it.
pub fn revert(tx: &Tx, id: VersionId, note: &str) -> Result<(DatasetVersion, DatasetVersion), StoreError> {
    let old = datasets::version(tx, id)?;
    let head = datasets::head_of(tx, old.dataset_id, MAIN)?.unwrap_or(id);
    let before = datasets::version(tx, head)?;
    let note = if note.is_empty() { format!("What version {} holds", old.version) } else { note.to_owned() };
    let new = again(&old, datasets::profile(tx, id)?, Origin::Revert, head, note);
    let version = datasets::insert_version(tx, &new)?;
    let summary =
        format!("Made version {} of what version {} holds; it was {}", version.version, old.version, before.label());
    log(tx, "reverted", &version, summary)?;
    Ok((version, before))
}

/// Makes a version whose column has another kind. It goes onto the branch that led to the version; a version that no
/// branch leads to is history, and refused. Answers the new version with the kind that was; `reason` lets it past red
/// gates.
pub fn set_kind(
    workspace: &Workspace,
    id: VersionId,
    column: &str,
    kind: ColumnKind,
    reason: Option<&str>,
) -> Result<(DatasetVersion, ColumnKind), StageError> {
    let (new, branch, was) = workspace.read(|conn| other_kind(conn, id, column, kind))?;
    let told = |tx: &Tx, version: &DatasetVersion| log(tx, "changed the kind in", version, new.provenance.note.clone());
    let version = gates::take_in(workspace, new.clone(), Some(&branch), told, reason, &Silent)?;
    Ok((version, was))
}

/// The version with another kind, the branch it belongs on, and the kind that was.
fn other_kind(
    conn: &Reader,
    id: VersionId,
    column: &str,
    kind: ColumnKind,
) -> Result<(NewVersion, String, ColumnKind), StoreError> {
    let old = datasets::version(conn, id)?;
    let refused = |problem: String| StoreError::Invalid { what: format!("another kind of column `{column}`"), problem };
    let Some(at) = old.schema.index_of(column) else {
        let known = old.schema.names().collect::<Vec<_>>().join(", ");
        return Err(refused(format!("{} has no such column; it has {known}", old.label())));
    };
    let was = old.schema.columns[at].kind;
    if was == kind {
        return Err(refused(format!("it is {} already", kind.as_str())));
    }
    if let Some(problem) = unfit(&old, at, kind) {
        return Err(refused(problem));
    }
    let branch = branch_of(conn, &old)?.ok_or_else(|| {
        refused(format!("{} is an earlier version; revert to it first, then change the new one", old.label()))
    })?;
    let mut profile = datasets::profile(conn, id)?;
    if let Some(found) = profile.columns.iter_mut().find(|c| c.name == column) {
        found.kind = kind;
    }
    let note = format!("`{column}` is {} instead of {}", kind.as_str(), was.as_str());
    let mut new = again(&old, profile, Origin::Kind, id, note);
    new.schema.columns[at].kind = kind;
    Ok((new, branch, was))
}

/// Why the cells of a column cannot mean this.
fn unfit(version: &DatasetVersion, at: usize, kind: ColumnKind) -> Option<String> {
    use crate::domain::schema::Storage as S;
    let column = &version.schema.columns[at];
    let fits = match kind {
        ColumnKind::Numeric => matches!(column.storage, S::Float64 | S::Int64 | S::Boolean),
        ColumnKind::Datetime => column.storage == S::DatetimeMs,
        ColumnKind::Boolean => column.storage == S::Boolean || column.distinct <= 2,
        ColumnKind::Text => column.storage == S::String,
        ColumnKind::Categorical | ColumnKind::Identifier => true,
    };
    let hint = match kind {
        ColumnKind::Boolean => "it has more than two values",
        ColumnKind::Text => "it does not hold texts; identifier and categorical are possible",
        _ => "its cells are stored otherwise; import the file again and choose the column's type there",
    };
    (!fits).then(|| format!("{hint} ({} distinct)", column.distinct))
}

/// The branch that leads to a version, `main` first.
fn branch_of(conn: &Reader, version: &DatasetVersion) -> Result<Option<String>, StoreError> {
    if datasets::head_of(conn, version.dataset_id, MAIN)? == Some(version.id) {
        return Ok(Some(MAIN.to_owned()));
    }
    let mut all = branches::all(conn)?.into_iter();
    Ok(all.find(|b| b.dataset_id == version.dataset_id && b.head == version.id).map(|b| b.name))
}

/// An import brought bytes that are a version already: a branch other than `main` leads to that one from now on.
/// Returns what to say about it.
pub fn lead_to(
    workspace: &Workspace,
    branch: Option<&str>,
    version: &DatasetVersion,
) -> Result<Vec<String>, StageError> {
    let Some(branch) = branch.filter(|name| *name != MAIN) else { return Ok(Vec::new()) };
    let (dataset, id) = (version.dataset_id, version.id);
    if workspace.read(|conn| datasets::head_of(conn, dataset, branch))? == Some(id) {
        return Ok(Vec::new());
    }
    let said = format!("Branch {branch} leads to {} now, which holds these bytes", version.label());
    workspace.write(|tx| {
        branches::advance(tx, dataset, branch, id)?;
        log(tx, "moved a branch of", version, said.clone())
    })?;
    Ok(vec![said])
}

fn again(old: &DatasetVersion, profile: TableProfile, origin: Origin, parent: VersionId, note: String) -> NewVersion {
    NewVersion {
        dataset: old.dataset.clone(),
        rows: old.rows,
        schema: old.schema.clone(),
        source_hash: old.source_hash.clone(),
        table_hash: old.table_hash.clone(),
        source_name: old.source_name.clone(),
        source_bytes: old.source_bytes,
        read: old.read.clone(),
        profile,
        provenance: Provenance {
            parent: Some(parent),
            origin,
            note,
            author: activity::account(),
            ..old.provenance.clone()
        },
    }
}

pub(super) fn log(tx: &Tx, action: &str, version: &DatasetVersion, summary: String) -> Result<(), StoreError> {
    let event =
        NewEvent { action: action.to_owned(), object_kind: ObjectKind::Dataset, object: version.label(), summary };
    activity::append(tx, &event).map(drop)
}
