//! Who needs which object: sizes by version, run and bundle, and what stands in the way of a deletion.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use rusqlite::Connection;

use super::{StoreError, Workspace, bin, objects, sql};
use crate::domain::ids::{ContentHash, RunId, VersionId};
use crate::domain::storage::{BinEntry, DeletionPlan, ObjectSize, StorageItem, StorageKey, StorageReport};
use crate::domain::words::counted;

/// Object → bytes.
pub(super) type Sizes = BTreeMap<ContentHash, u64>;

/// Users that a message names one by one.
const NAMED: usize = 4;

/// Every object that a record names, with the owner of the record, deleted or not.
pub(super) fn references(conn: &Connection) -> Result<Vec<(StorageKey, ContentHash)>, StoreError> {
    const OF_VERSIONS: &str = "SELECT id, source_hash FROM dataset_versions \
         UNION ALL SELECT id, table_hash FROM dataset_versions \
         UNION ALL SELECT id, rejects_hash FROM dataset_versions WHERE rejects_hash IS NOT NULL \
         UNION ALL SELECT v.id, coalesce(json_extract(f.value, '$.hash'), '') FROM dataset_versions v, \
         json_each(CASE WHEN json_valid(v.source_files) THEN v.source_files ELSE '[]' END) f";
    const OF_RUNS: &str = "SELECT id, split_hash FROM runs \
         UNION ALL SELECT id, evaluation_hash FROM runs WHERE evaluation_hash IS NOT NULL \
         UNION ALL SELECT id, held_out_hash FROM runs WHERE held_out_hash IS NOT NULL \
         UNION ALL SELECT run_id, model_hash FROM models";
    const OF_BUNDLES: &str = "SELECT id, sha256 FROM bundles";
    let mut all = Vec::new();
    for (kind, sql) in [("version", OF_VERSIONS), ("run", OF_RUNS), ("bundle", OF_BUNDLES)] {
        let rows = sql::query_all(conn, sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
        // A hash that is none is damage, which `verify` reports.
        all.extend(rows.into_iter().filter_map(|(id, hash)| StorageKey::of(kind, id).zip(ContentHash::parse(&hash))));
    }
    Ok(all)
}

/// Object → who needs it and is not deleted.
fn needed(conn: &Connection) -> Result<BTreeMap<ContentHash, BTreeSet<StorageKey>>, StoreError> {
    let gone = bin::gone(conn)?;
    let mut needed: BTreeMap<ContentHash, BTreeSet<StorageKey>> = BTreeMap::new();
    for (key, hash) in references(conn)?.into_iter().filter(|(key, _)| !gone.contains(key)) {
        needed.entry(hash).or_default().insert(key);
    }
    Ok(needed)
}

/// What deleting `key` would move, and why it may not.
pub(super) fn plan(conn: &Connection, key: StorageKey, sizes: &Sizes) -> Result<DeletionPlan, StoreError> {
    let needed = needed(conn)?;
    let goes = |hash: &ContentHash| match needed.get(hash) {
        None => key == StorageKey::Unreferenced,
        Some(users) => users.len() == 1 && users.contains(&key),
    };
    let objects = sizes.iter().filter(|(hash, _)| goes(hash));
    let objects = objects.map(|(hash, &bytes)| ObjectSize { hash: hash.clone(), bytes }).collect();
    let mut refused = reasons(conn, key)?;
    if bin::gone(conn)?.contains(&key) {
        refused = vec!["it is deleted already".to_owned()];
    }
    Ok(DeletionPlan { key, label: label(conn, key)?, objects, refused })
}

fn label(conn: &Connection, key: StorageKey) -> Result<String, StoreError> {
    let found: Option<String> = match key {
        StorageKey::Version(id) => {
            let sql = "SELECT d.name || '@' || v.version FROM dataset_versions v JOIN datasets d ON d.id = v.dataset_id \
                       WHERE v.id = ?1";
            sql::query_value(conn, sql, [id])?
        }
        StorageKey::Run(id) => sql::query_value(conn, "SELECT 'run ' || id FROM runs WHERE id = ?1", [id])?,
        StorageKey::Bundle(id) => {
            let sql = "SELECT 'bundle ' || id || ' (' || file_name || ')' FROM bundles WHERE id = ?1";
            sql::query_value(conn, sql, [id])?
        }
        StorageKey::Unreferenced => Some("unreferenced objects".to_owned()),
    };
    found.ok_or_else(|| StoreError::NotFound { what: format!("{} {}", key.kind(), key.subject()) })
}

/// Who needs `key` as a whole, a sentence each.
fn reasons(conn: &Connection, key: StorageKey) -> Result<Vec<String>, StoreError> {
    const ALIVE: &str = "NOT EXISTS (SELECT 1 FROM bin b WHERE b.subject_id = x.id AND b.kind = 'KIND' \
                         AND b.state IN ('moving', 'binned', 'purging', 'purged'))";
    let users = |sql: &str, kind: &str, verb: &str, id: i64| -> Result<Option<String>, StoreError> {
        let sql = format!("{sql} AND {} ORDER BY x.id", ALIVE.replace("KIND", kind));
        let names = sql::query_all(conn, &sql, [id], |row| Ok(row.get::<_, String>(0)?))?;
        Ok(sentence(&names, verb))
    };
    let all = match key {
        StorageKey::Version(VersionId(id)) => vec![
            users(
                "SELECT 'run ' || x.id FROM runs x WHERE x.version_id = ?1 AND x.status IN ('completed', 'running')",
                "run",
                "was trained on it",
                id,
            )?,
            sentence(
                &sql::query_all(
                    conn,
                    "SELECT 'branch ' || name FROM branches WHERE head_id = ?1 AND hidden_at_ms IS NULL ORDER BY name",
                    [id],
                    |row| Ok(row.get::<_, String>(0)?),
                )?,
                "leads to it",
            ),
            sentence(
                &sql::query_all(
                    conn,
                    "SELECT 'tag ' || name FROM version_tags WHERE version_id = ?1 AND hidden_at_ms IS NULL ORDER BY name",
                    [id],
                    |row| Ok(row.get::<_, String>(0)?),
                )?,
                "names it",
            ),
            users(
                "SELECT d.name || '@' || x.version FROM dataset_versions x JOIN datasets d ON d.id = x.dataset_id \
                 WHERE x.parent_id = ?1 AND x.origin = 'labels'",
                "version",
                "was labelled from it and keeps no file of its own",
                id,
            )?,
            latest_of_several(conn, id)?,
            open_labels(conn, id)?,
        ],
        StorageKey::Run(RunId(id)) => vec![
            users("SELECT 'bundle ' || x.id FROM bundles x WHERE x.run_id = ?1", "bundle", "was exported from it", id)?,
            sql::query_value::<String>(
                conn,
                "SELECT 'it is running' FROM runs WHERE id = ?1 AND status = 'running'",
                [id],
            )?,
        ],
        StorageKey::Bundle(_) | StorageKey::Unreferenced => Vec::new(),
    };
    Ok(all.into_iter().flatten().collect())
}

/// A dataset without a recorded `main` is its latest version; the last one left may go.
fn latest_of_several(conn: &Connection, id: i64) -> Result<Option<String>, StoreError> {
    let sql = "SELECT 'it is the latest version of ' || d.name FROM dataset_versions v \
               JOIN datasets d ON d.id = v.dataset_id WHERE v.id = ?1 \
               AND NOT EXISTS (SELECT 1 FROM branches WHERE dataset_id = d.id AND name = 'main' AND hidden_at_ms IS NULL) \
               AND v.version = (SELECT max(version) FROM dataset_versions WHERE dataset_id = d.id) \
               AND EXISTS (SELECT 1 FROM dataset_versions o WHERE o.dataset_id = d.id AND o.id <> v.id \
                   AND NOT EXISTS (SELECT 1 FROM bin b WHERE b.kind = 'version' AND b.subject_id = o.id \
                       AND b.state IN ('moving', 'binned', 'purging', 'purged')))";
    sql::query_value(conn, sql, [id])
}

fn open_labels(conn: &Connection, id: i64) -> Result<Option<String>, StoreError> {
    let sql = "SELECT count(DISTINCT l.row_number) FROM label_sessions s JOIN label_drafts l ON l.session_id = s.id \
               WHERE s.version_id = ?1 AND s.ended_at_ms IS NULL";
    let n: i64 = sql::query_value(conn, sql, [id])?.unwrap_or(0);
    Ok((n > 0).then(|| format!("{} of an open session wait for it", counted(n as u64, "label", "labels"))))
}

/// "run 1, run 2 and 7 more"
fn sentence(names: &[String], verb: &str) -> Option<String> {
    let many = [("was ", "were "), ("leads ", "lead "), ("names ", "name "), ("keeps ", "keep ")];
    let plural = many.iter().fold(verb.to_owned(), |words, (one, more)| words.replace(one, more));
    let first = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => None,
        n if n > NAMED => Some(format!("{first} and {} more {plural}", n - NAMED)),
        n if n > 1 => Some(format!("{first} {plural}")),
        _ => Some(format!("{first} {verb}")),
    }
}

impl Workspace {
    /// What the workspace's bytes are for.
    pub fn storage(&self) -> Result<StorageReport, StoreError> {
        let sizes = self.object_sizes()?;
        let mut report = self.read(|conn| report(conn, &sizes))?;
        for entry in fs::read_dir(self.root()).map_err(StoreError::io("read", self.root()))?.flatten() {
            let (name, bytes) =
                (entry.file_name(), entry.metadata().map_or(0, |m| if m.is_file() { m.len() } else { 0 }));
            let name = name.to_string_lossy();
            if name.starts_with(super::HISTORY_FILE) {
                report.history_bytes += bytes;
            } else if name.starts_with("backup-v") {
                report.backup_bytes += bytes;
            }
        }
        report.temp_bytes = folder_bytes(&self.root().join(objects::TEMP_FOLDER));
        report.bin_bytes = folder_bytes(&self.root().join(bin::FOLDER));
        Ok(report)
    }

    /// What a deletion would do. Changes nothing.
    pub fn plan_deletion(&self, key: StorageKey) -> Result<DeletionPlan, StoreError> {
        let sizes = self.object_sizes()?;
        self.read(|conn| plan(conn, key, &sizes))
    }

    /// All objects on disk.
    pub(super) fn object_sizes(&self) -> Result<Sizes, StoreError> {
        let mut sizes = Sizes::new();
        let folder = self.root().join(objects::FOLDER);
        for shard in fs::read_dir(&folder).map_err(StoreError::io("read", &folder))?.flatten() {
            let name = shard.file_name().to_string_lossy().into_owned();
            if name.len() != 2 || !shard.file_type().is_ok_and(|t| t.is_dir()) {
                continue;
            }
            for entry in fs::read_dir(shard.path()).map_err(StoreError::io("read", &shard.path()))?.flatten() {
                let hash = ContentHash::parse(&format!("{name}{}", entry.file_name().to_string_lossy()));
                if let (Some(hash), Ok(meta)) = (hash, entry.metadata()) {
                    sizes.insert(hash, meta.len());
                }
            }
        }
        Ok(sizes)
    }
}

fn report(conn: &Connection, sizes: &Sizes) -> Result<StorageReport, StoreError> {
    let needed = needed(conn)?;
    let mut of_key: BTreeMap<StorageKey, (u64, u64)> = BTreeMap::new();
    for (hash, users) in &needed {
        let bytes = sizes.get(hash).copied().unwrap_or(0);
        for key in users {
            let (own, shared) = of_key.entry(*key).or_default();
            if users.len() == 1 { *own += bytes } else { *shared += bytes }
        }
    }
    let gone = bin::gone(conn)?;
    let mut items = Vec::new();
    for key in keys(conn)? {
        let (own_bytes, shared_bytes) = of_key.get(&key).copied().unwrap_or_default();
        let deleted = gone.contains(&key);
        let needed_by = if deleted { Vec::new() } else { reasons(conn, key)? };
        items.push(StorageItem { key, label: label(conn, key)?, own_bytes, shared_bytes, needed_by, deleted });
    }
    let unreferenced = sizes.iter().filter(|(hash, _)| !needed.contains_key(*hash));
    let bin: Vec<BinEntry> = bin::binned(conn)?;
    Ok(StorageReport {
        items,
        object_bytes: sizes.values().sum(),
        n_objects: sizes.len() as u64,
        unreferenced: unreferenced.map(|(hash, &bytes)| ObjectSize { hash: hash.clone(), bytes }).collect(),
        bin,
        ..StorageReport::default()
    })
}

fn keys(conn: &Connection) -> Result<Vec<StorageKey>, StoreError> {
    let versions =
        "SELECT v.id FROM dataset_versions v JOIN datasets d ON d.id = v.dataset_id ORDER BY d.name, v.version";
    let mut keys = Vec::new();
    keys.extend(sql::query_all(conn, versions, [], |row| Ok(StorageKey::Version(row.get(0)?)))?);
    keys.extend(sql::query_all(conn, "SELECT id FROM runs ORDER BY id", [], |row| Ok(StorageKey::Run(row.get(0)?)))?);
    keys.extend(sql::query_all(conn, "SELECT id FROM bundles ORDER BY id", [], |row| {
        Ok(StorageKey::Bundle(row.get(0)?))
    })?);
    Ok(keys)
}

fn folder_bytes(folder: &std::path::Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries.flatten().filter_map(|e| e.metadata().ok()).filter(fs::Metadata::is_file).map(|m| m.len()).sum()
}
