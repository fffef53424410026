//! Suites: every state in which a dataset's suite was saved. Rows are only added; the newest one counts.

use rusqlite::{Connection, Row, params};

use super::records::{self, SUITES};
use super::sql::{self, Fields};
use super::{StoreError, Tx, activity, files};
use crate::domain::ids::{DatasetId, SuiteId};
use crate::domain::suite::{SavedSuite, Suite};

macro_rules! select_suite {
    ($rest:literal) => {
        concat!(
            "SELECT s.id, s.dataset_id, d.name AS dataset, s.number, s.suite, s.note, s.who, s.created_at_ms ",
            "FROM suites s JOIN datasets d ON d.id = s.dataset_id ",
            $rest
        )
    };
}

/// Saves a new state, signed with the account the program runs under.
pub fn save(tx: &Tx, dataset: DatasetId, suite: &Suite, note: &str) -> Result<SavedSuite, StoreError> {
    let sql = "INSERT INTO suites (dataset_id, number, suite, note, who, created_at_ms) \
               VALUES (?1, (SELECT 1 + coalesce(max(number), 0) FROM suites WHERE dataset_id = ?1), ?2, ?3, ?4, ?5)";
    let text = sql::to_json("the suite", suite)?;
    tx.prepare_cached(sql)?.execute(params![dataset, text, note, activity::account(), files::now_ms()])?;
    let id = SuiteId(tx.last_insert_rowid());
    records::seal(tx, &SUITES, id.0)?;
    get(tx, id)
}

pub fn get(conn: &Connection, id: SuiteId) -> Result<SavedSuite, StoreError> {
    sql::query_opt(conn, select_suite!("WHERE s.id = ?1"), [id], from_row)?
        .ok_or_else(|| sql::not_found(SUITES.noun, id))
}

/// The state that counts; `None` when the dataset has no suite.
pub fn newest(conn: &Connection, dataset: DatasetId) -> Result<Option<SavedSuite>, StoreError> {
    let sql = select_suite!("WHERE s.dataset_id = ?1 ORDER BY s.number DESC LIMIT 1");
    sql::query_opt(conn, sql, [dataset], from_row)
}

/// Every state, newest first.
pub fn states(conn: &Connection, dataset: DatasetId) -> Result<Vec<SavedSuite>, StoreError> {
    sql::query_all(conn, select_suite!("WHERE s.dataset_id = ?1 ORDER BY s.number DESC"), [dataset], from_row)
}

fn from_row(row: &Row<'_>) -> Result<SavedSuite, StoreError> {
    let fields = Fields::of(row, SUITES.noun)?;
    Ok(SavedSuite {
        id: fields.get("id")?,
        dataset_id: fields.get("dataset_id")?,
        dataset: fields.get("dataset")?,
        number: fields.get("number")?,
        suite: fields.json("suite")?,
        note: fields.get("note")?,
        who: fields.get("who")?,
        created_at_ms: fields.get("created_at_ms")?,
    })
}
