//! Exported bundles.

use rusqlite::{Connection, Row, params};

use super::records::{self, BUNDLES};
use super::sql::{self, Fields};
use super::{StoreError, Tx, files};
use crate::domain::bundle::{BundleFile, ExportedBundle};
use crate::domain::ids::{BundleId, ContentHash, RunId};

/// A bundle about to be recorded. Its zip must be among the objects already.
#[derive(Clone, Debug)]
pub struct NewBundle {
    pub run_id: RunId,
    /// Without directories.
    pub file_name: String,
    pub sha256: ContentHash,
    pub bytes: u64,
    pub files: Vec<BundleFile>,
    pub golden_max_abs_diff: f64,
    pub golden_rows: u64,
    pub card_markdown: String,
}

macro_rules! select_bundle {
    ($rest:literal) => {
        concat!(
            "SELECT id, run_id, file_name, sha256, bytes, files, golden_max_abs_diff, golden_rows, card_markdown, ",
            "created_at_ms FROM bundles ",
            $rest
        )
    };
}

pub fn insert(tx: &Tx, new: &NewBundle) -> Result<ExportedBundle, StoreError> {
    let what = format!("the bundle `{}`", new.file_name);
    let sql = "INSERT INTO bundles (run_id, file_name, sha256, bytes, files, golden_max_abs_diff, golden_rows, \
               card_markdown, created_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    tx.prepare_cached(sql)?.execute(params![
        new.run_id,
        new.file_name,
        new.sha256,
        sql::int(&what, new.bytes)?,
        sql::to_json(&what, &new.files)?,
        sql::finite(&what, new.golden_max_abs_diff)?,
        sql::int(&what, new.golden_rows)?,
        new.card_markdown,
        files::now_ms(),
    ])?;
    let id = BundleId(tx.last_insert_rowid());
    records::seal(tx, &BUNDLES, id.0)?;
    get(tx, id)
}

pub fn get(conn: &Connection, id: BundleId) -> Result<ExportedBundle, StoreError> {
    sql::query_opt(conn, select_bundle!("WHERE id = ?1"), [id], from_row)?
        .ok_or_else(|| sql::not_found(BUNDLES.noun, id))
}

/// Newest first.
pub fn all(conn: &Connection) -> Result<Vec<ExportedBundle>, StoreError> {
    sql::query_all(conn, select_bundle!("ORDER BY id DESC"), [], from_row)
}

fn from_row(row: &Row<'_>) -> Result<ExportedBundle, StoreError> {
    let fields = Fields::of(row, BUNDLES.noun)?;
    Ok(ExportedBundle {
        id: fields.get("id")?,
        run_id: fields.get("run_id")?,
        file_name: fields.get("file_name")?,
        sha256: fields.get("sha256")?,
        bytes: fields.count("bytes")?,
        files: fields.json("files")?,
        golden_max_abs_diff: fields.get("golden_max_abs_diff")?,
        golden_rows: fields.count("golden_rows")?,
        card_markdown: fields.get("card_markdown")?,
        created_at_ms: fields.get("created_at_ms")?,
    })
}
