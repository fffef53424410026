//! Watched places, and what was seen in them: a row per file and content, so that each is taken exactly once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Row, params};

use super::records::{self, WATCHED_FILES, WATCHES};
use super::sql::{self, Fields};
use super::{StoreError, Tx, files};
use crate::domain::ids::{ContentHash, VersionId, WatchId};
use crate::domain::watch::{Known, Watch, WatchKind, WatchPolicy, WatchView};

/// Problems that a view lists one by one.
const LISTED: u32 = 100;

/// One file and content, and what became of it: a version, a problem, or (neither) an offer.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The file's name in the watched folder.
    pub path: String,
    pub content_hash: ContentHash,
    pub bytes: u64,
    pub modified_ms: i64,
    pub version: Option<VersionId>,
    pub problem: Option<String>,
}

macro_rules! select_watch {
    ($rest:literal) => {
        concat!("SELECT id, kind, path, dataset, policy, created_at_ms FROM watches ", $rest)
    };
}

/// Those that are watched now, by id.
pub fn all(conn: &Connection) -> Result<Vec<Watch>, StoreError> {
    sql::query_all(conn, select_watch!("WHERE hidden_at_ms IS NULL ORDER BY id"), [], from_row)
}

pub fn get(conn: &Connection, id: WatchId) -> Result<Watch, StoreError> {
    sql::query_opt(conn, select_watch!("WHERE id = ?1"), [id], from_row)?
        .ok_or_else(|| sql::not_found(WATCHES.noun, id))
}

/// Watches a place; one that was watched before comes back with what was seen then.
pub fn add(tx: &Tx, kind: WatchKind, path: &Path, dataset: &str, policy: WatchPolicy) -> Result<WatchId, StoreError> {
    let text = path.to_str().ok_or_else(|| StoreError::Invalid {
        what: path.display().to_string(),
        problem: "its name is not valid Unicode; rename it".to_owned(),
    })?;
    let before = "SELECT id FROM watches WHERE kind = ?1 AND path = ?2 AND dataset = ?3";
    if let Some(id) = sql::query_value::<WatchId>(tx, before, params![kind.as_str(), text, dataset])? {
        records::check(tx, &WATCHES, id.0)?;
        tx.prepare_cached("UPDATE watches SET policy = ?2, hidden_at_ms = NULL WHERE id = ?1")?
            .execute(params![id, policy.as_str()])?;
        records::seal(tx, &WATCHES, id.0)?;
        return Ok(id);
    }
    let sql = "INSERT INTO watches (kind, path, dataset, policy, created_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
    tx.prepare_cached(sql)?.execute(params![kind.as_str(), text, dataset, policy.as_str(), files::now_ms()])?;
    let id = WatchId(tx.last_insert_rowid());
    records::seal(tx, &WATCHES, id.0)?;
    Ok(id)
}

pub fn set_policy(tx: &Tx, id: WatchId, policy: WatchPolicy) -> Result<(), StoreError> {
    records::check(tx, &WATCHES, id.0)?;
    tx.prepare_cached("UPDATE watches SET policy = ?2 WHERE id = ?1")?.execute(params![id, policy.as_str()])?;
    records::seal(tx, &WATCHES, id.0)
}

/// Stops watching, or goes on; what was taken stays.
pub fn hide(tx: &Tx, id: WatchId, hidden: bool) -> Result<(), StoreError> {
    records::check(tx, &WATCHES, id.0)?;
    let hidden_at_ms = hidden.then(files::now_ms);
    tx.prepare_cached("UPDATE watches SET hidden_at_ms = ?2 WHERE id = ?1")?.execute(params![id, hidden_at_ms])?;
    records::seal(tx, &WATCHES, id.0)
}

/// What was last decided on, by file name. With `offers` those that wait to be asked for count as decided.
pub fn known(conn: &Connection, id: WatchId, offers: bool) -> Result<BTreeMap<String, Known>, StoreError> {
    // The one column beside max() is that of the row with the maximum.
    let sql = "SELECT path, bytes, modified_ms, version_id IS NULL AND problem IS NULL, max(seen_at_ms * 1000000 + id % 1000000) \
               FROM watched_files WHERE watch_id = ?1 GROUP BY path";
    let rows = sql::query_all(conn, sql, [id], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?, row.get::<_, bool>(3)?))
    })?;
    let decided = rows.into_iter().filter(|(_, _, _, offer)| offers || !offer);
    Ok(decided.map(|(path, bytes, modified_ms, _)| (path, Known { bytes: bytes.max(0) as u64, modified_ms })).collect())
}

/// Has this content of this file been taken?
pub fn is_taken(conn: &Connection, id: WatchId, path: &str, hash: &ContentHash) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM watched_files WHERE watch_id = ?1 AND path = ?2 AND content_hash = ?3 \
               AND version_id IS NOT NULL";
    Ok(sql::query_value::<i64>(conn, sql, params![id, path, hash])?.is_some())
}

/// Records what became of a file's content. Seen again, the newer decision counts; a version is never forgotten.
pub fn record(tx: &Tx, id: WatchId, seen: &Seen) -> Result<(), StoreError> {
    let bytes = sql::int("a watched file", seen.bytes)?;
    let now = files::now_ms();
    // Not as one statement: an insertion that turns into an update would use up a number, and numbers have no gaps.
    let before = "SELECT id FROM watched_files WHERE watch_id = ?1 AND path = ?2 AND content_hash = ?3";
    let before: Option<i64> = sql::query_value(tx, before, params![id, seen.path, seen.content_hash])?;
    let row = match before {
        Some(row) => {
            records::check(tx, &WATCHED_FILES, row)?;
            let sql = "UPDATE watched_files SET bytes = ?2, modified_ms = ?3, version_id = coalesce(?4, version_id), \
                       problem = ?5, seen_at_ms = ?6 WHERE id = ?1";
            tx.prepare_cached(sql)?.execute(params![row, bytes, seen.modified_ms, seen.version, seen.problem, now])?;
            row
        }
        None => {
            let sql = "INSERT INTO watched_files (watch_id, path, content_hash, bytes, modified_ms, version_id, problem, \
                       seen_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
            tx.prepare_cached(sql)?.execute(params![
                id,
                seen.path,
                seen.content_hash,
                bytes,
                seen.modified_ms,
                seen.version,
                seen.problem,
                now
            ])?;
            tx.last_insert_rowid()
        }
    };
    records::seal(tx, &WATCHED_FILES, row)
}

/// Contents that wait to be asked for: they are no version of the dataset yet, and the newest of their file.
pub fn offered(conn: &Connection, watch: &Watch) -> Result<u64, StoreError> {
    let sql = "SELECT count(*) FROM (SELECT path, content_hash, version_id, problem, max(seen_at_ms * 1000000 + id % 1000000) \
               FROM watched_files WHERE watch_id = ?1 GROUP BY path) f \
               WHERE f.version_id IS NULL AND f.problem IS NULL AND NOT EXISTS (SELECT 1 FROM dataset_versions v \
               JOIN datasets d ON d.id = v.dataset_id WHERE d.name = ?2 AND v.source_hash = f.content_hash)";
    let n: Option<i64> = sql::query_value(conn, sql, params![watch.id, watch.dataset])?;
    Ok(n.unwrap_or(0).max(0) as u64)
}

/// How every watch stands. `present` looks whether its place is there.
pub fn views(conn: &Connection, present: impl Fn(&Watch) -> bool) -> Result<Vec<WatchView>, StoreError> {
    let mut views = Vec::new();
    for watch in all(conn)? {
        let taken = "SELECT count(*) FROM watched_files WHERE watch_id = ?1 AND version_id IS NOT NULL";
        let taken: i64 = sql::query_value(conn, taken, [watch.id])?.unwrap_or(0);
        let problems = "SELECT path, problem, count(*) OVER () FROM (SELECT path, problem, \
                        max(seen_at_ms * 1000000 + id % 1000000) AS at FROM watched_files WHERE watch_id = ?1 GROUP BY path) \
                        WHERE problem IS NOT NULL ORDER BY at DESC LIMIT ?2";
        let problems = sql::query_all(conn, problems, params![watch.id, LISTED], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
        })?;
        views.push(WatchView {
            present: present(&watch),
            taken: taken.max(0) as u64,
            offered: offered(conn, &watch)?,
            n_problems: problems.first().map_or(0, |(_, _, n)| (*n).max(0) as u64),
            problems: problems.into_iter().map(|(path, problem, _)| (path, problem)).collect(),
            watch,
        });
    }
    Ok(views)
}

fn from_row(row: &Row<'_>) -> Result<Watch, StoreError> {
    let fields = Fields::of(row, WATCHES.noun)?;
    Ok(Watch {
        id: fields.get("id")?,
        kind: fields.word("kind", WatchKind::parse)?,
        path: PathBuf::from(fields.get::<String>("path")?),
        dataset: fields.get("dataset")?,
        policy: fields.word("policy", WatchPolicy::parse)?,
        created_at_ms: fields.get("created_at_ms")?,
    })
}
