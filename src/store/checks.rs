//! Executions of the validation checks.

use rusqlite::{Connection, Row, params};

use super::records::{self, CHECK_RUNS};
use super::sql::{self, Fields};
use super::{StoreError, Tx, files};
use crate::domain::finding::{CheckReport, CheckRun};
use crate::domain::ids::{CheckRunId, DatasetId, SuiteId, VersionId};
use crate::domain::suite::Environment;

/// A check run about to be stored.
#[derive(Clone, Debug)]
pub struct NewCheckRun {
    pub version_id: VersionId,
    /// The reference the version was held against.
    pub against: Option<VersionId>,
    pub target: Option<String>,
    /// The saved suite it ran with.
    pub suite: Option<SuiteId>,
    pub environment: Environment,
    pub report: CheckReport,
}

macro_rules! select_check_run {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.version_id, d.name || '@' || v.version AS dataset, c.against_id, ",
            "ad.name || '@' || av.version AS against_label, c.target, c.report, c.created_at_ms, \
             c.suite_id, c.environment ",
            "FROM check_runs c ",
            "JOIN dataset_versions v ON v.id = c.version_id JOIN datasets d ON d.id = v.dataset_id ",
            "LEFT JOIN dataset_versions av ON av.id = c.against_id LEFT JOIN datasets ad ON ad.id = av.dataset_id ",
            $rest
        )
    };
}

pub fn insert(tx: &Tx, new: &NewCheckRun) -> Result<CheckRun, StoreError> {
    let sql = "INSERT INTO check_runs (version_id, against_id, target, passed, report, created_at_ms, suite_id, environment) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    tx.prepare_cached(sql)?.execute(params![
        new.version_id,
        new.against,
        new.target,
        new.report.passed,
        sql::to_json("the check report", &new.report)?,
        files::now_ms(),
        new.suite,
        new.environment.as_str(),
    ])?;
    let id = CheckRunId(tx.last_insert_rowid());
    records::seal(tx, &CHECK_RUNS, id.0)?;
    get(tx, id)
}

pub fn get(conn: &Connection, id: CheckRunId) -> Result<CheckRun, StoreError> {
    sql::query_opt(conn, select_check_run!("WHERE c.id = ?1"), [id], from_row)?
        .ok_or_else(|| sql::not_found(CHECK_RUNS.noun, id))
}

/// Newest first.
pub fn all(conn: &Connection) -> Result<Vec<CheckRun>, StoreError> {
    sql::query_all(conn, select_check_run!("ORDER BY c.id DESC"), [], from_row)
}

/// Of the versions of one dataset, newest first.
pub fn of_dataset(conn: &Connection, dataset: DatasetId) -> Result<Vec<CheckRun>, StoreError> {
    sql::query_all(conn, select_check_run!("WHERE v.dataset_id = ?1 ORDER BY c.id DESC"), [dataset], from_row)
}

/// Of one version, newest first.
pub fn of_version(conn: &Connection, version: VersionId) -> Result<Vec<CheckRun>, StoreError> {
    sql::query_all(conn, select_check_run!("WHERE c.version_id = ?1 ORDER BY c.id DESC"), [version], from_row)
}

fn from_row(row: &Row<'_>) -> Result<CheckRun, StoreError> {
    let fields = Fields::of(row, CHECK_RUNS.noun)?;
    Ok(CheckRun {
        id: fields.get("id")?,
        version_id: fields.get("version_id")?,
        dataset: fields.get("dataset")?,
        against: fields.get("against_id")?,
        against_label: fields.get("against_label")?,
        target: fields.get("target")?,
        suite: fields.get("suite_id")?,
        environment: match fields.get::<Option<String>>("environment")? {
            // Recorded before there were environments.
            None => Environment::Train,
            Some(_) => fields.word("environment", Environment::parse)?,
        },
        report: fields.json("report")?,
        created_at_ms: fields.get("created_at_ms")?,
    })
}
