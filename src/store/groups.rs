//! Groups: the runs of one request, and what is needed to go on with it.

use rusqlite::{Connection, Row, params};

use super::records::{self, RUN_GROUPS};
use super::sql::{self, Fields};
use super::{StoreError, Tx, files};
use crate::domain::ids::{GroupId, RunId};
use crate::domain::training::{GroupRequest, RunGroup};

pub fn insert(tx: &Tx, request: &GroupRequest) -> Result<GroupId, StoreError> {
    let text = sql::to_json("the request of the runs", request)?;
    tx.prepare_cached("INSERT INTO run_groups (kind, request, created_at_ms) VALUES (?1, ?2, ?3)")?
        .execute(params![request.kind(), text, files::now_ms()])?;
    let id = GroupId(tx.last_insert_rowid());
    records::seal(tx, &RUN_GROUPS, id.0)?;
    Ok(id)
}

/// Nothing of it is left to do. Ending twice is fine: a resumed group ends again.
pub fn end(tx: &Tx, id: GroupId) -> Result<(), StoreError> {
    records::check(tx, &RUN_GROUPS, id.0)?;
    tx.prepare_cached("UPDATE run_groups SET ended_at_ms = ?2 WHERE id = ?1")?.execute(params![id, files::now_ms()])?;
    records::seal(tx, &RUN_GROUPS, id.0)
}

/// Something of it is left to do after all.
pub fn reopen(tx: &Tx, id: GroupId) -> Result<(), StoreError> {
    records::check(tx, &RUN_GROUPS, id.0)?;
    tx.prepare_cached("UPDATE run_groups SET ended_at_ms = NULL WHERE id = ?1")?.execute(params![id])?;
    records::seal(tx, &RUN_GROUPS, id.0)
}

pub fn get(conn: &Connection, id: GroupId) -> Result<RunGroup, StoreError> {
    let sql = "SELECT id, request, created_at_ms, ended_at_ms FROM run_groups WHERE id = ?1";
    sql::query_opt(conn, sql, [id], from_row)?.ok_or_else(|| sql::not_found(RUN_GROUPS.noun, id))
}

/// Those that did not end, newest first.
pub fn open(conn: &Connection) -> Result<Vec<RunGroup>, StoreError> {
    let sql =
        "SELECT id, request, created_at_ms, ended_at_ms FROM run_groups WHERE ended_at_ms IS NULL ORDER BY id DESC";
    sql::query_all(conn, sql, [], from_row)
}

/// The runs of a group, in the order they were started.
pub fn runs(conn: &Connection, id: GroupId) -> Result<Vec<RunId>, StoreError> {
    sql::query_all(conn, "SELECT id FROM runs WHERE group_id = ?1 ORDER BY id", [id], |row| Ok(row.get(0)?))
}

fn from_row(row: &Row<'_>) -> Result<RunGroup, StoreError> {
    let fields = Fields::of(row, RUN_GROUPS.noun)?;
    Ok(RunGroup {
        id: fields.get("id")?,
        request: fields.json("request")?,
        created_at_ms: fields.get("created_at_ms")?,
        ended_at_ms: fields.get("ended_at_ms")?,
    })
}
