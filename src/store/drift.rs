//! Drift reports.

use rusqlite::{Connection, Row, params};

use super::records::{self, DRIFT_REPORTS};
use super::sql::{self, Fields};
use super::{StoreError, Tx, files};
use crate::domain::drift::{DriftReport, StoredDrift};
use crate::domain::ids::{DriftId, VersionId};

/// A drift report about to be stored.
#[derive(Clone, Debug)]
pub struct NewDrift {
    pub reference_id: VersionId,
    pub current_id: VersionId,
    pub report: DriftReport,
}

macro_rules! select_drift {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.reference_id, r.current_id, r.report, r.created_at_ms, ",
            "rd.name || '@' || rv.version AS reference, cd.name || '@' || cv.version AS current ",
            "FROM drift_reports r ",
            "JOIN dataset_versions rv ON rv.id = r.reference_id JOIN datasets rd ON rd.id = rv.dataset_id ",
            "JOIN dataset_versions cv ON cv.id = r.current_id JOIN datasets cd ON cd.id = cv.dataset_id ",
            $rest
        )
    };
}

pub fn insert(tx: &Tx, new: &NewDrift) -> Result<StoredDrift, StoreError> {
    let sql = "INSERT INTO drift_reports (reference_id, current_id, dataset_drift, drifted_share, report, created_at_ms) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    tx.prepare_cached(sql)?.execute(params![
        new.reference_id,
        new.current_id,
        new.report.dataset_drift,
        sql::finite("the drift report", new.report.drifted_share)?,
        sql::to_json("the drift report", &new.report)?,
        files::now_ms(),
    ])?;
    let id = DriftId(tx.last_insert_rowid());
    records::seal(tx, &DRIFT_REPORTS, id.0)?;
    get(tx, id)
}

pub fn get(conn: &Connection, id: DriftId) -> Result<StoredDrift, StoreError> {
    sql::query_opt(conn, select_drift!("WHERE r.id = ?1"), [id], from_row)?
        .ok_or_else(|| sql::not_found(DRIFT_REPORTS.noun, id))
}

/// Newest first.
pub fn all(conn: &Connection) -> Result<Vec<StoredDrift>, StoreError> {
    sql::query_all(conn, select_drift!("ORDER BY r.id DESC"), [], from_row)
}

fn from_row(row: &Row<'_>) -> Result<StoredDrift, StoreError> {
    let fields = Fields::of(row, DRIFT_REPORTS.noun)?;
    Ok(StoredDrift {
        id: fields.get("id")?,
        reference_id: fields.get("reference_id")?,
        current_id: fields.get("current_id")?,
        reference: fields.get("reference")?,
        current: fields.get("current")?,
        report: fields.json("report")?,
        created_at_ms: fields.get("created_at_ms")?,
    })
}
