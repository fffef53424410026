//! What the checks say of splits. Rows are only added; a split that was judged is not judged again.

use rusqlite::{Connection, Row, params};

use super::records::{self, SPLIT_CHECKS};
use super::sql::{self, Fields};
use super::{StoreError, Tx, files};
use crate::domain::finding::CheckReport;
use crate::domain::ids::{DatasetId, SplitCheckId, VersionId};
use crate::domain::split_check::{JudgedSplit, SplitCheck};

macro_rules! select_split_check {
    ($rest:literal) => {
        concat!(
            "SELECT s.id, d.name || '@' || v.version AS dataset, s.judged, s.report, s.created_at_ms ",
            "FROM split_checks s JOIN dataset_versions v ON v.id = s.version_id JOIN datasets d ON d.id = v.dataset_id ",
            $rest
        )
    };
}

pub fn insert(tx: &Tx, of: &JudgedSplit, report: &CheckReport) -> Result<SplitCheck, StoreError> {
    let sql = "INSERT INTO split_checks (version_id, rows_hash, judged, passed, report, created_at_ms) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    tx.prepare_cached(sql)?.execute(params![
        of.version_id,
        of.rows_hash,
        sql::to_json("the judged split", of)?,
        report.passed,
        sql::to_json("the report on the split", report)?,
        files::now_ms(),
    ])?;
    let id = SplitCheckId(tx.last_insert_rowid());
    records::seal(tx, &SPLIT_CHECKS, id.0)?;
    get(tx, id)
}

pub fn get(conn: &Connection, id: SplitCheckId) -> Result<SplitCheck, StoreError> {
    sql::query_opt(conn, select_split_check!("WHERE s.id = ?1"), [id], from_row)?
        .ok_or_else(|| sql::not_found(SPLIT_CHECKS.noun, id))
}

/// The newest report that answers for a split, if it was ever judged.
pub fn known(conn: &Connection, of: &JudgedSplit) -> Result<Option<SplitCheck>, StoreError> {
    let sql = select_split_check!("WHERE s.version_id = ?1 AND s.rows_hash = ?2 ORDER BY s.id DESC");
    let all = sql::query_all(conn, sql, params![of.version_id, of.rows_hash], from_row)?;
    Ok(all.into_iter().find(|known| known.of.answers_for(of)))
}

/// Of one version, newest first.
pub fn of_version(conn: &Connection, version: VersionId) -> Result<Vec<SplitCheck>, StoreError> {
    sql::query_all(conn, select_split_check!("WHERE s.version_id = ?1 ORDER BY s.id DESC"), [version], from_row)
}

/// Of the versions of one dataset, newest first.
pub fn of_dataset(conn: &Connection, dataset: DatasetId) -> Result<Vec<SplitCheck>, StoreError> {
    sql::query_all(conn, select_split_check!("WHERE v.dataset_id = ?1 ORDER BY s.id DESC"), [dataset], from_row)
}

fn from_row(row: &Row<'_>) -> Result<SplitCheck, StoreError> {
    let fields = Fields::of(row, SPLIT_CHECKS.noun)?;
    Ok(SplitCheck {
        id: fields.get("id")?,
        of: fields.json("judged")?,
        dataset: fields.get("dataset")?,
        report: fields.json("report")?,
        created_at_ms: fields.get("created_at_ms")?,
    })
}
