//! Datasets, their versions and profiles.

use std::path::PathBuf;

use rusqlite::{Connection, Row, params};

use super::records::{self, DATASETS, PROFILES, VERSIONS};
use super::sql::{self, Fields};
use super::{StoreError, Tx, branches, files, tags};
use crate::domain::branch::MAIN;
use crate::domain::dataset::{DatasetVersion, Origin, Provenance, ReadOptions};
use crate::domain::ids::{ContentHash, DatasetId, VersionId};
use crate::domain::profile::TableProfile;
use crate::domain::schema::Schema;

/// A version about to be stored. Both objects must be in the workspace already.
#[derive(Clone, Debug)]
pub struct NewVersion {
    /// The dataset's name; created when there is none of that name.
    pub dataset: String,
    pub rows: u64,
    pub schema: Schema,
    pub source_hash: ContentHash,
    pub table_hash: ContentHash,
    pub source_name: String,
    pub source_bytes: u64,
    pub read: ReadOptions,
    pub profile: TableProfile,
    /// With `parent: None` the version its branch leads to becomes the parent.
    pub provenance: Provenance,
}

macro_rules! select_version {
    ($rest:literal) => {
        concat!(
            "SELECT v.id, v.dataset_id, d.name AS dataset, v.version, v.rows, v.schema, v.source_hash, v.table_hash, ",
            "v.source_name, v.source_bytes, v.read_options, v.created_at_ms, v.parent_id, v.origin, v.note, v.author, v.source_path, v.source_files, ",
            "v.rejected, v.rejects_hash, v.warnings ",
            "FROM dataset_versions v JOIN datasets d ON d.id = v.dataset_id ",
            $rest
        )
    };
}

/// Stores the next version of a dataset on its branch `main`, and its profile. A hidden dataset of that name comes back;
/// when one of its versions is made of the same bytes, that version is returned and nothing is added.
pub fn insert_version(tx: &Tx, new: &NewVersion) -> Result<DatasetVersion, StoreError> {
    insert_version_on(tx, new, None)
}

/// The same on a branch, which is created where there is none; `None` is `main`.
pub fn insert_version_on(tx: &Tx, new: &NewVersion, branch: Option<&str>) -> Result<DatasetVersion, StoreError> {
    let branch = branch.filter(|name| *name != MAIN);
    let dataset_id = match dataset_by_name(tx, &new.dataset)? {
        Some((id, was_hidden)) => {
            if was_hidden {
                hide_dataset(tx, id, false)?;
                if let Some(same) = by_both_hashes(tx, id, new)? {
                    return Ok(same);
                }
            }
            id
        }
        None => insert_dataset(tx, &new.dataset)?,
    };
    let parent = match (new.provenance.parent, branch) {
        (Some(parent), _) => Some(parent),
        (None, None) => head_of(tx, dataset_id, MAIN)?,
        (None, Some(branch)) => match head_of(tx, dataset_id, branch)? {
            Some(head) => Some(head),
            None => head_of(tx, dataset_id, MAIN)?,
        },
    };
    if branch.is_some() {
        branches::hold_main(tx, dataset_id)?;
    }
    let sql = "INSERT INTO dataset_versions (dataset_id, version, rows, columns, source_hash, table_hash, source_name, \
               source_bytes, schema, read_options, created_at_ms, parent_id, origin, note, author, source_path, \
               source_files, rejected, rejects_hash, warnings) \
               VALUES (?1, (SELECT 1 + coalesce(max(version), 0) FROM dataset_versions WHERE dataset_id = ?1), \
               ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)";
    let what = format!("a version of `{}`", new.dataset);
    let from = &new.provenance;
    tx.prepare_cached(sql)?.execute(params![
        dataset_id,
        sql::int(&what, new.rows)?,
        sql::int(&what, new.schema.columns.len() as u64)?,
        new.source_hash,
        new.table_hash,
        new.source_name,
        sql::int(&what, new.source_bytes)?,
        sql::to_json(&what, &new.schema)?,
        sql::to_json(&what, &new.read)?,
        files::now_ms(),
        parent,
        from.origin.as_str(),
        from.note,
        from.author,
        from.source_path.as_ref().map(|p| p.to_string_lossy()),
        (!from.files.is_empty()).then(|| sql::to_json(&what, &from.files)).transpose()?,
        sql::int(&what, from.rejected)?,
        from.rejects_hash,
        sql::to_json(&what, &from.warnings)?,
    ])?;
    let id = VersionId(tx.last_insert_rowid());
    records::seal(tx, &VERSIONS, id.0)?;
    insert_profile(tx, id, &new.profile)?;
    match branch {
        Some(branch) => branches::advance(tx, dataset_id, branch, id)?,
        None => branches::main_moved(tx, dataset_id, id)?,
    }
    version(tx, id)
}

/// The version a branch of a dataset leads to; `main` without a record leads to the latest.
pub fn head_of(conn: &Connection, id: DatasetId, branch: &str) -> Result<Option<VersionId>, StoreError> {
    match branches::by_name(conn, id, branch)? {
        Some(found) => Ok(Some(found.head)),
        None if branch == MAIN => latest_of(conn, id),
        None => Ok(None),
    }
}

/// The version of a dataset with the highest number.
pub(super) fn latest_of(conn: &Connection, id: DatasetId) -> Result<Option<VersionId>, StoreError> {
    let sql = "SELECT id FROM dataset_versions WHERE dataset_id = ?1 ORDER BY version DESC LIMIT 1";
    sql::query_value(conn, sql, [id])
}

/// One version by its id, hidden or not.
pub fn version(conn: &Connection, id: VersionId) -> Result<DatasetVersion, StoreError> {
    sql::query_opt(conn, select_version!("WHERE v.id = ?1"), [id], version_from_row)?
        .ok_or_else(|| sql::not_found(VERSIONS.noun, id))
}

/// A version by name and number, that of `main` when no number is given. Hidden datasets are not found.
pub fn find(conn: &Connection, name: &str, version: Option<u32>) -> Result<Option<DatasetVersion>, StoreError> {
    if version.is_none() {
        return find_labelled(conn, name, MAIN);
    }
    let sql = select_version!(
        "WHERE d.name = ?1 AND d.hidden_at_ms IS NULL AND (?2 IS NULL OR v.version = ?2) ORDER BY v.version DESC LIMIT 1"
    );
    sql::query_opt(conn, sql, params![name, version], version_from_row)
}

/// A version by the name of a tag or branch of its dataset, tags first. Hidden datasets are not found.
pub fn find_labelled(conn: &Connection, name: &str, label: &str) -> Result<Option<DatasetVersion>, StoreError> {
    let Some((dataset, false)) = dataset_by_name(conn, name)? else { return Ok(None) };
    let id = match tags::by_name(conn, dataset, label)? {
        Some(tag) => Some(tag.version),
        None => head_of(conn, dataset, label)?,
    };
    id.map(|id| version(conn, id)).transpose()
}

/// The id of a dataset that is not hidden.
pub fn id_of(conn: &Connection, name: &str) -> Result<Option<DatasetId>, StoreError> {
    Ok(dataset_by_name(conn, name)?.filter(|(_, hidden)| !hidden).map(|(id, _)| id))
}

/// The latest version of a dataset that was read from these bytes and was not deleted.
pub fn by_source(conn: &Connection, name: &str, source: &ContentHash) -> Result<Option<DatasetVersion>, StoreError> {
    let sql = select_version!(
        "WHERE v.source_hash = ?2 AND d.name = ?1 AND d.hidden_at_ms IS NULL \
         AND NOT EXISTS (SELECT 1 FROM bin b WHERE b.kind = 'version' AND b.subject_id = v.id AND b.state <> 'restored') \
         ORDER BY v.version DESC LIMIT 1"
    );
    sql::query_opt(conn, sql, params![name, source], version_from_row)
}

/// All versions of all datasets that are not hidden, by name and version.
pub fn all(conn: &Connection) -> Result<Vec<DatasetVersion>, StoreError> {
    let sql = select_version!("WHERE d.hidden_at_ms IS NULL ORDER BY d.name, v.version");
    sql::query_all(conn, sql, [], version_from_row)
}

/// The profile of a version.
pub fn profile(conn: &Connection, id: VersionId) -> Result<TableProfile, StoreError> {
    let sql = "SELECT version_id AS id, profile FROM profiles WHERE version_id = ?1";
    sql::query_opt(conn, sql, [id], |row| Fields::of(row, PROFILES.noun)?.json("profile"))?
        .ok_or_else(|| sql::not_found(PROFILES.noun, id))
}

pub fn set_note(tx: &Tx, id: VersionId, note: &str) -> Result<(), StoreError> {
    records::check(tx, &VERSIONS, id.0)?;
    tx.prepare_cached("UPDATE dataset_versions SET note = ?2 WHERE id = ?1")?.execute(params![id, note])?;
    records::seal(tx, &VERSIONS, id.0)
}

/// Gives a dataset another name; fails with [`StoreError::NameTaken`] when one, hidden or not, has it.
pub fn rename_dataset(tx: &Tx, id: DatasetId, name: &str) -> Result<(), StoreError> {
    if dataset_by_name(tx, name)?.is_some_and(|(other, _)| other != id) {
        return Err(StoreError::NameTaken { name: name.to_owned() });
    }
    check_name(name)?;
    records::check(tx, &DATASETS, id.0)?;
    tx.prepare_cached("UPDATE datasets SET name = ?2 WHERE id = ?1")?.execute(params![id, name])?;
    records::seal(tx, &DATASETS, id.0)
}

/// Takes a dataset out of lists, or puts it back. Nothing is lost: runs keep referring to it.
pub fn hide_dataset(tx: &Tx, id: DatasetId, hidden: bool) -> Result<(), StoreError> {
    records::check(tx, &DATASETS, id.0)?;
    let hidden_at_ms = hidden.then(files::now_ms);
    tx.prepare_cached("UPDATE datasets SET hidden_at_ms = ?2 WHERE id = ?1")?.execute(params![id, hidden_at_ms])?;
    records::seal(tx, &DATASETS, id.0)
}

fn insert_dataset(tx: &Tx, name: &str) -> Result<DatasetId, StoreError> {
    check_name(name)?;
    tx.prepare_cached("INSERT INTO datasets (name, created_at_ms) VALUES (?1, ?2)")?
        .execute(params![name, files::now_ms()])?;
    let id = tx.last_insert_rowid();
    records::seal(tx, &DATASETS, id)?;
    Ok(DatasetId(id))
}

fn insert_profile(tx: &Tx, id: VersionId, profile: &TableProfile) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO profiles (version_id, profile, created_at_ms) VALUES (?1, ?2, ?3)")?.execute(
        params![id, sql::to_json(&format!("the profile of dataset version {id}"), profile)?, files::now_ms()],
    )?;
    records::seal(tx, &PROFILES, id.0)
}

/// The id of the dataset of that name, and whether it is hidden.
fn dataset_by_name(conn: &Connection, name: &str) -> Result<Option<(DatasetId, bool)>, StoreError> {
    let sql = "SELECT id, hidden_at_ms IS NOT NULL FROM datasets WHERE name = ?1";
    sql::query_opt(conn, sql, [name], |row| Ok((row.get(0)?, row.get(1)?)))
}

fn by_both_hashes(conn: &Connection, id: DatasetId, new: &NewVersion) -> Result<Option<DatasetVersion>, StoreError> {
    let sql = select_version!(
        "WHERE v.source_hash = ?2 AND v.dataset_id = ?1 AND v.table_hash = ?3 \
         AND NOT EXISTS (SELECT 1 FROM bin b WHERE b.kind = 'version' AND b.subject_id = v.id AND b.state <> 'restored') \
         ORDER BY v.version DESC LIMIT 1"
    );
    sql::query_opt(conn, sql, params![id, new.source_hash, new.table_hash], version_from_row)
}

fn check_name(name: &str) -> Result<(), StoreError> {
    let length = name.chars().count();
    if (1..=255).contains(&length) && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(StoreError::Invalid {
        what: format!("the dataset name `{}`", name.escape_debug().take(80).collect::<String>()),
        problem: "a name has 1 to 255 characters and no line breaks or control characters".to_owned(),
    })
}

fn version_from_row(row: &Row<'_>) -> Result<DatasetVersion, StoreError> {
    let fields = Fields::of(row, VERSIONS.noun)?;
    Ok(DatasetVersion {
        id: fields.get("id")?,
        dataset_id: fields.get("dataset_id")?,
        dataset: fields.get("dataset")?,
        version: fields.get("version")?,
        rows: fields.count("rows")?,
        schema: fields.json("schema")?,
        source_hash: fields.get("source_hash")?,
        table_hash: fields.get("table_hash")?,
        source_name: fields.get("source_name")?,
        source_bytes: fields.count("source_bytes")?,
        read: fields.json("read_options")?,
        created_at_ms: fields.get("created_at_ms")?,
        provenance: provenance(&fields)?,
    })
}

/// Versions of before these columns existed have NULL in them.
fn provenance(fields: &Fields<'_, '_>) -> Result<Provenance, StoreError> {
    let origin: Option<String> = fields.get("origin")?;
    Ok(Provenance {
        parent: fields.get("parent_id")?,
        origin: origin.as_deref().and_then(Origin::parse).unwrap_or_default(),
        note: fields.get::<Option<String>>("note")?.unwrap_or_default(),
        author: fields.get::<Option<String>>("author")?.unwrap_or_default(),
        source_path: fields.get::<Option<String>>("source_path")?.map(PathBuf::from),
        files: fields.json_or_default("source_files")?,
        rejected: fields.get::<Option<i64>>("rejected")?.map_or(0, |n| n.max(0) as u64),
        rejects_hash: fields.get("rejects_hash")?,
        warnings: fields.json_or_default("warnings")?,
    })
}
