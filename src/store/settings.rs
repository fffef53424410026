//! Small values the workspace remembers under a key, as JSON.

use rusqlite::{Connection, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::records::{self, SETTINGS};
use super::sql::{self, Fields};
use super::{StoreError, Tx, files};

/// The value under `key`, when one was set.
pub fn get<T: DeserializeOwned>(conn: &Connection, key: &str) -> Result<Option<T>, StoreError> {
    let sql = "SELECT id, value FROM settings WHERE key = ?1";
    sql::query_opt(conn, sql, [key], |row| Fields::of(row, SETTINGS.noun)?.json("value"))
}

/// Sets the value under `key`, whatever was there.
pub fn set<T: Serialize + DeserializeOwned>(tx: &Tx, key: &str, value: &T) -> Result<(), StoreError> {
    let text = sql::to_json(&format!("the setting `{key}`"), value)?;
    let sql = "INSERT INTO settings (key, value, updated_at_ms) VALUES (?1, ?2, ?3) \
               ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at_ms = excluded.updated_at_ms \
               RETURNING id";
    let id: i64 = tx.prepare_cached(sql)?.query_row(params![key, text, files::now_ms()], |row| row.get(0))?;
    records::seal(tx, &SETTINGS, id)
}
