//! The activity log: appended to, never changed (triggers see to it), each entry sealing the one before.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params};

use super::records::{self, EVENTS};
use super::sql::{self, Fields};
use super::{StoreError, Tx, files};
use crate::domain::activity::{Event, NewEvent, ObjectKind};
use crate::domain::ids::EventId;

/// Adds an entry, signed with the account the program runs under.
pub fn append(tx: &Tx, new: &NewEvent) -> Result<EventId, StoreError> {
    // From the counter, not from the last row: the gap left by a removed last entry must stay visible.
    let last: i64 = sql::query_value(tx, "SELECT seq FROM sqlite_sequence WHERE name = 'events'", [])?.unwrap_or(0);
    let previous: String =
        sql::query_value(tx, "SELECT digest FROM events ORDER BY id DESC LIMIT 1", [])?.unwrap_or_default();
    let (id, at_ms, who) = (last + 1, files::now_ms(), account());
    let kind = new.object_kind.as_str();
    let digest = records::digest(
        EVENTS.name,
        &previous,
        &mut [
            ("id", ValueRef::Integer(id)),
            ("at_ms", ValueRef::Integer(at_ms)),
            ("who", ValueRef::Text(who.as_bytes())),
            ("action", ValueRef::Text(new.action.as_bytes())),
            ("object_kind", ValueRef::Text(kind.as_bytes())),
            ("object", ValueRef::Text(new.object.as_bytes())),
            ("summary", ValueRef::Text(new.summary.as_bytes())),
        ],
    );
    let sql = "INSERT INTO events (id, at_ms, who, action, object_kind, object, summary, digest) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    tx.prepare_cached(sql)?.execute(params![id, at_ms, who, new.action, kind, new.object, new.summary, digest])?;
    Ok(EventId(id))
}

/// The last entries, newest first.
pub fn recent(conn: &Connection, limit: u32) -> Result<Vec<Event>, StoreError> {
    let sql = "SELECT id, at_ms, who, action, object_kind, object, summary FROM events ORDER BY id DESC LIMIT ?1";
    sql::query_all(conn, sql, [limit], from_row)
}

/// Entries whose digest does not follow from their content and their predecessor. Later entries are judged by the
/// digest that is stored, so that one change is one finding.
pub(super) fn broken_links(conn: &Connection) -> Result<Vec<EventId>, StoreError> {
    let mut previous = String::new();
    let sql = format!("SELECT digest, {} FROM events ORDER BY id", EVENTS.columns);
    let links = sql::query_all(conn, &sql, [], |row| {
        let stored: String = row.get(0)?;
        let holds = records::digest_of_row(&EVENTS, &previous, row)?.as_str() == stored;
        previous = stored;
        Ok((row.get::<_, EventId>(1)?, holds))
    })?;
    Ok(links.into_iter().filter(|(_, holds)| !holds).map(|(id, _)| id).collect())
}

/// Declared, not proved: what the environment says, else the name that belongs to the process's account.
pub fn account() -> String {
    let names = ["USER", "USERNAME", "LOGNAME"].iter().filter_map(|name| std::env::var(name).ok());
    let named = names.map(|name| name.trim().to_owned()).find(|name| !name.is_empty());
    named.or_else(account_of_this_process).unwrap_or_else(|| "unknown".to_owned())
}

/// A program started by a service or in a container has no `USER`.
#[cfg(target_os = "linux")]
fn account_of_this_process() -> Option<String> {
    let id = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").ok()?).to_string();
    let accounts = std::fs::read_to_string("/etc/passwd").ok()?;
    let line = accounts.lines().find(|line| line.split(':').nth(2) == Some(&id))?;
    line.split(':').next().map(str::to_owned)
}

#[cfg(not(target_os = "linux"))]
fn account_of_this_process() -> Option<String> {
    None
}

fn from_row(row: &Row<'_>) -> Result<Event, StoreError> {
    let fields = Fields::of(row, EVENTS.noun)?;
    Ok(Event {
        id: fields.get("id")?,
        at_ms: fields.get("at_ms")?,
        who: fields.get("who")?,
        event: NewEvent {
            action: fields.get("action")?,
            object_kind: fields.word("object_kind", ObjectKind::parse)?,
            object: fields.get("object")?,
            summary: fields.get("summary")?,
        },
    })
}
