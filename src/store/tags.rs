//! Tags: names that stay on the version they were given to.

use rusqlite::{Connection, Row, params};

use super::branches::{self, shown};
use super::records::{self, VERSION_TAGS};
use super::sql::{self, Fields};
use super::{StoreError, Tx, datasets, files};
use crate::domain::branch::{VersionTag, name_problem};
use crate::domain::ids::{DatasetId, TagId, VersionId};

macro_rules! select_tag {
    ($rest:literal) => {
        concat!("SELECT t.id, t.dataset_id, t.name, t.version_id, t.created_at_ms FROM version_tags t ", $rest)
    };
}

/// Names a version. Fails with `Invalid` when the name is no name, or belongs to a branch or tag of the dataset.
pub fn add(tx: &Tx, version: VersionId, name: &str) -> Result<VersionTag, StoreError> {
    let dataset = datasets::version(tx, version)?.dataset_id;
    check_free(tx, dataset, name)?;
    tx.prepare_cached(
        "INSERT INTO version_tags (dataset_id, name, version_id, created_at_ms) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![dataset, name, version, files::now_ms()])?;
    let id = tx.last_insert_rowid();
    records::seal(tx, &VERSION_TAGS, id)?;
    get(tx, TagId(id))
}

/// Takes a tag off, or puts it back; fails with `Invalid` when its name has been given away meanwhile.
pub fn hide(tx: &Tx, id: TagId, hidden: bool) -> Result<(), StoreError> {
    if !hidden {
        let tag = get(tx, id)?;
        check_free(tx, tag.dataset_id, &tag.name)?;
    }
    records::check(tx, &VERSION_TAGS, id.0)?;
    let at = hidden.then(files::now_ms);
    tx.prepare_cached("UPDATE version_tags SET hidden_at_ms = ?2 WHERE id = ?1")?.execute(params![id, at])?;
    records::seal(tx, &VERSION_TAGS, id.0)
}

/// One tag by its id, removed or not.
pub fn get(conn: &Connection, id: TagId) -> Result<VersionTag, StoreError> {
    sql::query_opt(conn, select_tag!("WHERE t.id = ?1"), [id], from_row)?
        .ok_or_else(|| sql::not_found(VERSION_TAGS.noun, id))
}

pub fn by_name(conn: &Connection, dataset: DatasetId, name: &str) -> Result<Option<VersionTag>, StoreError> {
    let sql = select_tag!("WHERE t.dataset_id = ?1 AND t.name = ?2 AND t.hidden_at_ms IS NULL");
    sql::query_opt(conn, sql, params![dataset, name], from_row)
}

/// Of all datasets that are not hidden, by dataset and name.
pub fn all(conn: &Connection) -> Result<Vec<VersionTag>, StoreError> {
    let sql = select_tag!(
        "JOIN datasets d ON d.id = t.dataset_id WHERE t.hidden_at_ms IS NULL AND d.hidden_at_ms IS NULL \
         ORDER BY d.name, t.name"
    );
    sql::query_all(conn, sql, [], from_row)
}

fn check_free(tx: &Tx, dataset: DatasetId, name: &str) -> Result<(), StoreError> {
    let invalid = |problem: String| StoreError::Invalid { what: format!("a tag named `{}`", shown(name)), problem };
    if let Some(problem) = name_problem(name) {
        return Err(invalid(problem.to_owned()));
    }
    if by_name(tx, dataset, name)?.is_some() {
        return Err(invalid("there is a tag of that name; remove it first, or choose another".to_owned()));
    }
    if branches::by_name(tx, dataset, name)?.is_some() {
        return Err(invalid("there is a branch of that name; choose another".to_owned()));
    }
    Ok(())
}

fn from_row(row: &Row<'_>) -> Result<VersionTag, StoreError> {
    let fields = Fields::of(row, VERSION_TAGS.noun)?;
    Ok(VersionTag {
        id: fields.get("id")?,
        dataset_id: fields.get("dataset_id")?,
        name: fields.get("name")?,
        version: fields.get("version_id")?,
        created_at_ms: fields.get("created_at_ms")?,
    })
}
