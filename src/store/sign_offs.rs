//! Sign-offs of dataset versions. Rows are only added; the newest of a version counts.

use rusqlite::{Connection, Row, params};

use super::records::{self, SIGN_OFFS};
use super::sql::{self, Fields};
use super::{StoreError, Tx, activity, files};
use crate::domain::ids::{SignOffId, VersionId};
use crate::domain::sign_off::{Answers, SignOff};

macro_rules! select_sign_off {
    ($rest:literal) => {
        concat!(
            "SELECT s.id, s.version_id, d.name || '@' || v.version AS dataset, s.answers, s.who, s.created_at_ms ",
            "FROM sign_offs s JOIN dataset_versions v ON v.id = s.version_id JOIN datasets d ON d.id = v.dataset_id ",
            $rest
        )
    };
}

/// Signs a version off, with the account the program runs under. Fails with `Invalid` when a sentence is missing.
pub fn sign(tx: &Tx, version: VersionId, answers: &Answers) -> Result<SignOff, StoreError> {
    if let Some(problem) = answers.problem() {
        return Err(StoreError::Invalid { what: "the sign-off".to_owned(), problem });
    }
    let sql = "INSERT INTO sign_offs (version_id, answers, who, created_at_ms) VALUES (?1, ?2, ?3, ?4)";
    let text = sql::to_json("the sign-off", answers)?;
    tx.prepare_cached(sql)?.execute(params![version, text, activity::account(), files::now_ms()])?;
    let id = SignOffId(tx.last_insert_rowid());
    records::seal(tx, &SIGN_OFFS, id.0)?;
    sql::query_opt(tx, select_sign_off!("WHERE s.id = ?1"), [id], from_row)?
        .ok_or_else(|| sql::not_found(SIGN_OFFS.noun, id))
}

/// Of one version, newest first.
pub fn of_version(conn: &Connection, version: VersionId) -> Result<Vec<SignOff>, StoreError> {
    sql::query_all(conn, select_sign_off!("WHERE s.version_id = ?1 ORDER BY s.id DESC"), [version], from_row)
}

fn from_row(row: &Row<'_>) -> Result<SignOff, StoreError> {
    let fields = Fields::of(row, SIGN_OFFS.noun)?;
    Ok(SignOff {
        id: fields.get("id")?,
        version: fields.get("version_id")?,
        dataset: fields.get("dataset")?,
        answers: fields.json("answers")?,
        who: fields.get("who")?,
        created_at_ms: fields.get("created_at_ms")?,
    })
}
