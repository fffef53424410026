//! Branches: names that lead to a version and move on.

use rusqlite::{Connection, Row, params};

use super::records::{self, BRANCHES};
use super::sql::{self, Fields};
use super::{StoreError, Tx, datasets, files, tags};
use crate::domain::branch::{Branch, MAIN, name_problem};
use crate::domain::ids::{BranchId, DatasetId, VersionId};

macro_rules! select_branch {
    ($rest:literal) => {
        concat!("SELECT b.id, b.dataset_id, b.name, b.head_id, b.created_at_ms FROM branches b ", $rest)
    };
}

/// A new branch of a dataset. Fails with `Invalid` when the name is no name, or belongs to a branch or tag of it.
pub fn create(tx: &Tx, dataset: DatasetId, name: &str, head: VersionId) -> Result<Branch, StoreError> {
    check_free(tx, dataset, name)?;
    insert(tx, dataset, name, head)
}

fn insert(tx: &Tx, dataset: DatasetId, name: &str, head: VersionId) -> Result<Branch, StoreError> {
    check_home(tx, dataset, head, name)?;
    tx.prepare_cached("INSERT INTO branches (dataset_id, name, head_id, created_at_ms) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![dataset, name, head, files::now_ms()])?;
    let id = tx.last_insert_rowid();
    records::seal(tx, &BRANCHES, id)?;
    get(tx, BranchId(id))
}

pub fn set_head(tx: &Tx, id: BranchId, head: VersionId) -> Result<(), StoreError> {
    let branch = get(tx, id)?;
    check_home(tx, branch.dataset_id, head, &branch.name)?;
    records::check(tx, &BRANCHES, id.0)?;
    tx.prepare_cached("UPDATE branches SET head_id = ?2 WHERE id = ?1")?.execute(params![id, head])?;
    records::seal(tx, &BRANCHES, id.0)
}

pub fn rename(tx: &Tx, id: BranchId, name: &str) -> Result<(), StoreError> {
    check_free(tx, get(tx, id)?.dataset_id, name)?;
    records::check(tx, &BRANCHES, id.0)?;
    tx.prepare_cached("UPDATE branches SET name = ?2 WHERE id = ?1")?.execute(params![id, name])?;
    records::seal(tx, &BRANCHES, id.0)
}

/// Takes a branch out of use, or puts it back; fails with `Invalid` when its name has been given away meanwhile.
pub fn hide(tx: &Tx, id: BranchId, hidden: bool) -> Result<(), StoreError> {
    if !hidden {
        let branch = get(tx, id)?;
        check_free(tx, branch.dataset_id, &branch.name)?;
    }
    records::check(tx, &BRANCHES, id.0)?;
    let at = hidden.then(files::now_ms);
    tx.prepare_cached("UPDATE branches SET hidden_at_ms = ?2 WHERE id = ?1")?.execute(params![id, at])?;
    records::seal(tx, &BRANCHES, id.0)
}

/// One branch by its id, removed or not.
pub fn get(conn: &Connection, id: BranchId) -> Result<Branch, StoreError> {
    sql::query_opt(conn, select_branch!("WHERE b.id = ?1"), [id], from_row)?
        .ok_or_else(|| sql::not_found(BRANCHES.noun, id))
}

/// The branch of that name, `main` only where it has a record.
pub fn by_name(conn: &Connection, dataset: DatasetId, name: &str) -> Result<Option<Branch>, StoreError> {
    let sql = select_branch!("WHERE b.dataset_id = ?1 AND b.name = ?2 AND b.hidden_at_ms IS NULL");
    sql::query_opt(conn, sql, params![dataset, name], from_row)
}

/// Of all datasets that are not hidden, by dataset and name.
pub fn all(conn: &Connection) -> Result<Vec<Branch>, StoreError> {
    let sql = select_branch!(
        "JOIN datasets d ON d.id = b.dataset_id WHERE b.hidden_at_ms IS NULL AND d.hidden_at_ms IS NULL \
         ORDER BY d.name, b.name"
    );
    sql::query_all(conn, sql, [], from_row)
}

/// Lets a branch lead to a version, creating it where there is none.
pub fn advance(tx: &Tx, dataset: DatasetId, name: &str, head: VersionId) -> Result<(), StoreError> {
    if let Some(branch) = by_name(tx, dataset, name)? {
        return set_head(tx, branch.id, head);
    }
    create(tx, dataset, name, head).map(drop)
}

/// Gives `main` a record where it has none, so that the next version of another branch does not move it.
pub fn hold_main(tx: &Tx, dataset: DatasetId) -> Result<(), StoreError> {
    if by_name(tx, dataset, MAIN)?.is_some() {
        return Ok(());
    }
    match datasets::latest_of(tx, dataset)? {
        Some(latest) => insert(tx, dataset, MAIN, latest).map(drop),
        None => Ok(()),
    }
}

/// A version was added to `main`.
pub fn main_moved(tx: &Tx, dataset: DatasetId, head: VersionId) -> Result<(), StoreError> {
    match by_name(tx, dataset, MAIN)? {
        Some(main) => set_head(tx, main.id, head),
        None => Ok(()),
    }
}

fn check_free(tx: &Tx, dataset: DatasetId, name: &str) -> Result<(), StoreError> {
    let invalid = |problem: String| StoreError::Invalid { what: format!("a branch named `{}`", shown(name)), problem };
    if let Some(problem) = name_problem(name) {
        return Err(invalid(problem.to_owned()));
    }
    if by_name(tx, dataset, name)?.is_some() {
        return Err(invalid("there is a branch of that name; choose another".to_owned()));
    }
    if tags::by_name(tx, dataset, name)?.is_some() {
        return Err(invalid("there is a tag of that name; choose another".to_owned()));
    }
    Ok(())
}

/// A branch leads to versions of its own dataset.
fn check_home(tx: &Tx, dataset: DatasetId, head: VersionId, name: &str) -> Result<(), StoreError> {
    let version = datasets::version(tx, head)?;
    if version.dataset_id == dataset {
        return Ok(());
    }
    let what = format!("the branch `{}`", shown(name));
    Err(StoreError::Invalid { what, problem: format!("{} is a version of another dataset", version.label()) })
}

/// A name as a message repeats it.
pub(super) fn shown(name: &str) -> String {
    name.escape_debug().take(80).collect()
}

fn from_row(row: &Row<'_>) -> Result<Branch, StoreError> {
    let fields = Fields::of(row, BRANCHES.noun)?;
    Ok(Branch {
        id: fields.get("id")?,
        dataset_id: fields.get("dataset_id")?,
        name: fields.get("name")?,
        head: fields.get("head_id")?,
        created_at_ms: fields.get("created_at_ms")?,
    })
}
