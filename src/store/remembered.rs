//! How a source was read by its user's word, for the next time.

use rusqlite::{Connection, params};

use super::records::{self, REMEMBERED_READS};
use super::sql::{self, Fields};
use super::{StoreError, Tx, files};
use crate::domain::dataset::ReadDraft;

/// What is remembered about `source`; `None` for nothing.
pub fn recall(conn: &Connection, source: &str) -> Result<Option<ReadDraft>, StoreError> {
    let sql = "SELECT id, draft FROM remembered_reads WHERE source = ?1";
    let draft: Option<ReadDraft> =
        sql::query_opt(conn, sql, [source], |row| Fields::of(row, REMEMBERED_READS.noun)?.json("draft"))?;
    Ok(draft.filter(|d| !d.is_empty()))
}

/// Remembers `draft` for `source`, whatever was there. An empty one forgets: rows are never deleted.
pub fn remember(tx: &Tx, source: &str, draft: &ReadDraft) -> Result<(), StoreError> {
    if draft.is_empty() && recall(tx, source)?.is_none() {
        return Ok(());
    }
    let text = sql::to_json(&format!("the reading of {source}"), draft)?;
    let known: Option<i64> = {
        let sql = "SELECT id FROM remembered_reads WHERE source = ?1";
        sql::query_opt(tx, sql, [source], |row| Fields::of(row, REMEMBERED_READS.noun)?.get("id"))?
    };
    let id = match known {
        Some(id) => {
            records::check(tx, &REMEMBERED_READS, id)?;
            let sql = "UPDATE remembered_reads SET draft = ?2, updated_at_ms = ?3 WHERE id = ?1";
            tx.prepare_cached(sql)?.execute(params![id, text, files::now_ms()])?;
            id
        }
        None => {
            let sql = "INSERT INTO remembered_reads (source, draft, updated_at_ms) VALUES (?1, ?2, ?3) RETURNING id";
            tx.prepare_cached(sql)?.query_row(params![source, text, files::now_ms()], |row| row.get(0))?
        }
    };
    records::seal(tx, &REMEMBERED_READS, id)
}
