//! Sessions of labelling by hand. Every key press is a row, durable before the next; rows are only added.

use rusqlite::{Connection, Row, params};

use super::records::{self, LABEL_DRAFTS, LABEL_SESSIONS};
use super::sql::{self, Fields};
use super::{StoreError, Tx, activity, files};
use crate::domain::ids::{LabelSessionId, VersionId};
use crate::domain::labels::{Label, LabelSession, settled};

/// The session that is open on a column of a version.
pub fn open_session(conn: &Connection, version: VersionId, column: &str) -> Result<Option<LabelSession>, StoreError> {
    let sql = "SELECT id, version_id, label_column, who, created_at_ms FROM label_sessions \
               WHERE version_id = ?1 AND label_column = ?2 AND ended_at_ms IS NULL ORDER BY id DESC LIMIT 1";
    let found = sql::query_opt(conn, sql, params![version, column], from_row)?;
    found.map(|session| with_labels(conn, session)).transpose()
}

pub fn session(conn: &Connection, id: LabelSessionId) -> Result<LabelSession, StoreError> {
    let sql = "SELECT id, version_id, label_column, who, created_at_ms FROM label_sessions WHERE id = ?1";
    let found = sql::query_opt(conn, sql, [id], from_row)?.ok_or_else(|| sql::not_found(LABEL_SESSIONS.noun, id))?;
    with_labels(conn, found)
}

/// The open session of a column, started when there is none.
pub fn start(tx: &Tx, version: VersionId, column: &str) -> Result<LabelSessionId, StoreError> {
    if let Some(open) = open_session(tx, version, column)? {
        return Ok(open.id);
    }
    let sql = "INSERT INTO label_sessions (version_id, label_column, who, created_at_ms) VALUES (?1, ?2, ?3, ?4)";
    tx.prepare_cached(sql)?.execute(params![version, column, activity::account(), files::now_ms()])?;
    let id = LabelSessionId(tx.last_insert_rowid());
    records::seal(tx, &LABEL_SESSIONS, id.0)?;
    Ok(id)
}

/// Adds a label, signed with the account the program runs under.
pub fn add(tx: &Tx, session: LabelSessionId, row: u64, label: Option<&str>, note: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO label_drafts (session_id, row_number, label, note, who, created_at_ms) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let row = sql::int("a row number", row)?;
    tx.prepare_cached(sql)?.execute(params![session, row, label, note, activity::account(), files::now_ms()])?;
    records::seal(tx, &LABEL_DRAFTS, tx.last_insert_rowid())
}

/// The session became a version, or (`None`) was given up.
pub fn end(tx: &Tx, id: LabelSessionId, result: Option<VersionId>) -> Result<(), StoreError> {
    records::check(tx, &LABEL_SESSIONS, id.0)?;
    tx.prepare_cached("UPDATE label_sessions SET result_id = ?2, ended_at_ms = ?3 WHERE id = ?1")?.execute(params![
        id,
        result,
        files::now_ms()
    ])?;
    records::seal(tx, &LABEL_SESSIONS, id.0)
}

/// Opens a session again that was given up; one that became a version stays closed.
pub fn reopen(tx: &Tx, id: LabelSessionId) -> Result<(), StoreError> {
    records::check(tx, &LABEL_SESSIONS, id.0)?;
    let sql = "UPDATE label_sessions SET ended_at_ms = NULL WHERE id = ?1 AND result_id IS NULL";
    if tx.prepare_cached(sql)?.execute([id])? == 0 {
        return Err(sql::not_found("open labels", id));
    }
    records::seal(tx, &LABEL_SESSIONS, id.0)
}

fn with_labels(conn: &Connection, mut session: LabelSession) -> Result<LabelSession, StoreError> {
    let sql =
        "SELECT id, row_number, label, note, who, created_at_ms FROM label_drafts WHERE session_id = ?1 ORDER BY id";
    let drafts = sql::query_all(conn, sql, [session.id], |row| {
        let fields = Fields::of(row, LABEL_DRAFTS.noun)?;
        Ok(Label {
            row: fields.count("row_number")?,
            label: fields.get("label")?,
            note: fields.get("note")?,
            who: fields.get("who")?,
            at_ms: fields.get("created_at_ms")?,
        })
    })?;
    session.labels = settled(drafts);
    Ok(session)
}

fn from_row(row: &Row<'_>) -> Result<LabelSession, StoreError> {
    let fields = Fields::of(row, LABEL_SESSIONS.noun)?;
    Ok(LabelSession {
        id: fields.get("id")?,
        version: fields.get("version_id")?,
        column: fields.get("label_column")?,
        who: fields.get("who")?,
        created_at_ms: fields.get("created_at_ms")?,
        labels: Vec::new(),
    })
}
