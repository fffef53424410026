//! What people say about datasets, and who uses them.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::records::{self, DATASETS};
use super::sql::{self, Fields};
use super::{StoreError, Tx, bin, datasets, watches};
use crate::domain::catalogue::{CatalogueEntry, Description, Sensitivity, UsedBy};
use crate::domain::dataset::DatasetVersion;
use crate::domain::ids::DatasetId;
use crate::domain::storage::StorageKey;

/// One entry per dataset that is not hidden, by name.
pub fn all(conn: &Connection) -> Result<Vec<CatalogueEntry>, StoreError> {
    let mut by_dataset: BTreeMap<String, Vec<DatasetVersion>> = BTreeMap::new();
    for version in datasets::all(conn)? {
        by_dataset.entry(version.dataset.clone()).or_default().push(version);
    }
    let used = used_by(conn)?;
    let gone = bin::gone(conn)?;
    let watched = watches::all(conn)?;
    let mut entries = Vec::new();
    for versions in by_dataset.values() {
        let Some(id) = versions.first().map(|v| v.dataset_id) else { continue };
        let Some(mut entry) =
            CatalogueEntry::of(versions, description(conn, id)?, used.get(&id).copied().unwrap_or_default())
        else {
            continue;
        };
        entry.deleted = versions.iter().map(|v| v.id).filter(|id| gone.contains(&StorageKey::Version(*id))).collect();
        for watch in watched.iter().filter(|w| w.dataset == entry.name) {
            entry.watched = true;
            entry.offered |= watches::offered(conn, watch)? > 0;
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// What people say about a dataset.
pub fn description(conn: &Connection, id: DatasetId) -> Result<Description, StoreError> {
    let sql = "SELECT id, owner, description, tags, sensitivity FROM datasets WHERE id = ?1";
    let found = sql::query_opt(conn, sql, [id], |row| {
        let fields = Fields::of(row, DATASETS.noun)?;
        let sensitivity: Option<String> = fields.get("sensitivity")?;
        Ok(Description {
            owner: fields.get::<Option<String>>("owner")?.unwrap_or_default(),
            description: fields.get::<Option<String>>("description")?.unwrap_or_default(),
            tags: fields.json_or_default("tags")?,
            sensitivity: sensitivity.as_deref().and_then(Sensitivity::parse),
        })
    })?;
    found.ok_or_else(|| sql::not_found(DATASETS.noun, id))
}

/// Empty fields become NULL, as they were before anyone said anything.
pub fn describe(tx: &Tx, id: DatasetId, said: &Description) -> Result<(), StoreError> {
    records::check(tx, &DATASETS, id.0)?;
    let text = |s: &str| (!s.is_empty()).then(|| s.to_owned());
    let tags = (!said.tags.is_empty()).then(|| sql::to_json("the tags", &said.tags)).transpose()?;
    let sql = "UPDATE datasets SET owner = ?2, description = ?3, tags = ?4, sensitivity = ?5 WHERE id = ?1";
    tx.prepare_cached(sql)?.execute(params![
        id,
        text(&said.owner),
        text(&said.description),
        tags,
        said.sensitivity.map(Sensitivity::as_str)
    ])?;
    records::seal(tx, &DATASETS, id.0)
}

fn used_by(conn: &Connection) -> Result<BTreeMap<DatasetId, UsedBy>, StoreError> {
    let mut used: BTreeMap<DatasetId, UsedBy> = BTreeMap::new();
    let mut count = |sql: &str, field: fn(&mut UsedBy) -> &mut u64| -> Result<(), StoreError> {
        for (id, n) in sql::query_all(conn, sql, [], |row| Ok((row.get::<_, DatasetId>(0)?, row.get::<_, i64>(1)?)))? {
            *field(used.entry(id).or_default()) += n.max(0) as u64;
        }
        Ok(())
    };
    count(
        "SELECT v.dataset_id, count(*) FROM runs r JOIN dataset_versions v ON v.id = r.version_id \
         WHERE r.hidden_at_ms IS NULL GROUP BY 1",
        |u| &mut u.runs,
    )?;
    count(
        "SELECT v.dataset_id, count(*) FROM models m JOIN runs r ON r.id = m.run_id \
         JOIN dataset_versions v ON v.id = r.version_id WHERE r.hidden_at_ms IS NULL GROUP BY 1",
        |u| &mut u.models,
    )?;
    count(
        "SELECT v.dataset_id, count(*) FROM bundles b JOIN runs r ON r.id = b.run_id \
         JOIN dataset_versions v ON v.id = r.version_id GROUP BY 1",
        |u| &mut u.bundles,
    )?;
    count(
        "SELECT v.dataset_id, count(DISTINCT d.id) FROM drift_reports d JOIN dataset_versions v \
         ON v.id IN (d.reference_id, d.current_id) GROUP BY 1",
        |u| &mut u.drift_reports,
    )?;
    Ok(used)
}
