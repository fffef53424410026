//! The bin: objects of what was deleted, moved aside until someone brings them back or empties it.
//!
//! Order, so that a crash at any moment loses nothing: the intent is recorded, the files are moved, the end is
//! recorded. Every move can be repeated; the next sweep finishes what was begun. An object that is needed again
//! leaves the bin before whatever needs it is committed ([`Workspace::keep_what_is_needed`]): a job that saw an object
//! before it was deleted and names it afterwards finds it in its place.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;

use rusqlite::{Connection, Row, params};

use super::records::{self, BIN};
use super::sql::{self, Fields};
use super::{StoreError, Tx, Workspace, activity, calm, files, storage};
use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::ids::{BinId, ContentHash};
use crate::domain::storage::{BinEntry, BinState, DeletionPlan, StorageKey};

pub(super) const FOLDER: &str = "bin";

/// All entries, newest first.
pub fn all(conn: &Connection) -> Result<Vec<BinEntry>, StoreError> {
    let sql = "SELECT id, kind, subject_id, label, objects, state, who, created_at_ms FROM bin ORDER BY id DESC";
    sql::query_all(conn, sql, [], from_row)
}

/// Entries that can be brought back, newest first.
pub fn binned(conn: &Connection) -> Result<Vec<BinEntry>, StoreError> {
    let sql = "SELECT id, kind, subject_id, label, objects, state, who, created_at_ms FROM bin \
               WHERE state IN ('moving', 'binned', 'restoring') ORDER BY id DESC";
    sql::query_all(conn, sql, [], from_row)
}

pub fn get(conn: &Connection, id: BinId) -> Result<BinEntry, StoreError> {
    let sql = "SELECT id, kind, subject_id, label, objects, state, who, created_at_ms FROM bin WHERE id = ?1";
    sql::query_opt(conn, sql, [id], from_row)?.ok_or_else(|| sql::not_found(BIN.noun, id))
}

/// What is deleted: its record is all that is left.
pub fn gone(conn: &Connection) -> Result<BTreeSet<StorageKey>, StoreError> {
    let sql = "SELECT id, kind, subject_id FROM bin WHERE state IN ('moving', 'binned', 'purging', 'purged')";
    let keys = sql::query_all(conn, sql, [], |row| {
        let fields = Fields::of(row, BIN.noun)?;
        let subject: i64 = fields.get("subject_id")?;
        fields.word("kind", |kind| StorageKey::of(kind, subject))
    })?;
    Ok(keys.into_iter().filter(|key| *key != StorageKey::Unreferenced).collect())
}

fn from_row(row: &Row<'_>) -> Result<BinEntry, StoreError> {
    let fields = Fields::of(row, BIN.noun)?;
    let subject: i64 = fields.get("subject_id")?;
    Ok(BinEntry {
        id: fields.get("id")?,
        key: fields.word("kind", |kind| StorageKey::of(kind, subject))?,
        label: fields.get("label")?,
        objects: fields.json("objects")?,
        state: fields.word("state", BinState::parse)?,
        who: fields.get("who")?,
        created_at_ms: fields.get("created_at_ms")?,
    })
}

fn insert(tx: &Tx, plan: &DeletionPlan) -> Result<BinId, StoreError> {
    let now = files::now_ms();
    let sql = "INSERT INTO bin (kind, subject_id, label, objects, state, who, created_at_ms, changed_at_ms) \
               VALUES (?1, ?2, ?3, ?4, 'moving', ?5, ?6, ?6)";
    let objects = sql::to_json("the list of objects", &plan.objects)?;
    let (kind, subject) = (plan.key.kind(), plan.key.subject());
    tx.prepare_cached(sql)?.execute(params![kind, subject, plan.label, objects, activity::account(), now])?;
    let id = BinId(tx.last_insert_rowid());
    records::seal(tx, &BIN, id.0)?;
    Ok(id)
}

fn set_state(tx: &Tx, id: BinId, state: BinState) -> Result<(), StoreError> {
    records::check(tx, &BIN, id.0)?;
    tx.prepare_cached("UPDATE bin SET state = ?2, changed_at_ms = ?3 WHERE id = ?1")?.execute(params![
        id,
        state.as_str(),
        files::now_ms()
    ])?;
    records::seal(tx, &BIN, id.0)
}

fn event(action: &str, entry: &str, summary: String) -> NewEvent {
    NewEvent { action: action.to_owned(), object_kind: ObjectKind::Workspace, object: entry.to_owned(), summary }
}

impl Workspace {
    /// Moves what only `key` needs into the bin. Refused, with the reasons, when something needs it.
    pub fn delete(&self, key: StorageKey) -> Result<BinEntry, StoreError> {
        let sizes = self.object_sizes()?;
        let id = self.write(|tx| {
            let plan = storage::plan(tx, key, &sizes)?;
            if !plan.refused.is_empty() {
                let what = format!("{} stays: {}", plan.label, plan.refused.join("; "));
                return Err(StoreError::Needed { what });
            }
            let id = insert(tx, &plan)?;
            let summary =
                format!("Moved {} to the bin: {} objects, {} bytes", plan.label, plan.objects.len(), plan.bytes());
            activity::append(tx, &event("deleted", &plan.label, summary))?;
            Ok(id)
        })?;
        self.move_out(id)?;
        self.read(|conn| get(conn, id))
    }

    /// What deleting these one after another would do. Changes nothing: it is done in a transaction that is taken back,
    /// so that what one deletion frees is free for the next.
    pub fn plan_deletions(&self, keys: &[StorageKey]) -> Result<Vec<DeletionPlan>, StoreError> {
        if let [key] = keys {
            return Ok(vec![self.plan_deletion(*key)?]);
        }
        let sizes = self.object_sizes()?;
        let mut plans = Vec::new();
        let rehearsed: Result<(), StoreError> = self.write(|tx| {
            for key in keys {
                let plan = storage::plan(tx, *key, &sizes)?;
                if plan.refused.is_empty() {
                    insert(tx, &plan)?;
                }
                plans.push(plan);
            }
            Err(StoreError::Needed { what: "a rehearsal".to_owned() })
        });
        match rehearsed {
            Err(error) if plans.len() < keys.len() => Err(error),
            _ => Ok(plans),
        }
    }

    /// Brings the objects of a deletion back to their places.
    pub fn restore(&self, id: BinId) -> Result<BinEntry, StoreError> {
        self.write(|tx| {
            let entry = get(tx, id)?;
            match entry.state {
                BinState::Binned | BinState::Restoring | BinState::Moving => set_state(tx, id, BinState::Restoring)?,
                BinState::Restored => return Err(invalid(&entry, "it was brought back already")),
                BinState::Purging | BinState::Purged => {
                    return Err(invalid(&entry, "the bin was emptied; import or train it again"));
                }
            }
            let summary = format!("Brought {} back from the bin", entry.label);
            activity::append(tx, &event("restored", &entry.label, summary)).map(drop)
        })?;
        self.move_back(id)?;
        self.read(|conn| get(conn, id))
    }

    /// Removes what lies in the bin for good: bytes that were freed.
    pub fn empty_bin(&self) -> Result<u64, StoreError> {
        let entries: Vec<BinEntry> = self.write(|tx| {
            let entries: Vec<_> = binned(tx)?.into_iter().filter(|e| e.state == BinState::Binned).collect();
            for entry in &entries {
                set_state(tx, entry.id, BinState::Purging)?;
            }
            if !entries.is_empty() {
                let labels: Vec<&str> = entries.iter().map(|e| e.label.as_str()).collect();
                let bytes: u64 = entries.iter().map(BinEntry::bytes).sum();
                let summary = format!("Emptied the bin: {} bytes of {}", bytes, labels.join(", "));
                activity::append(tx, &event("emptied", "bin", summary))?;
            }
            Ok(entries)
        })?;
        let mut freed = 0;
        for entry in entries {
            freed += self.remove_for_good(entry.id)?;
        }
        Ok(freed)
    }

    /// After a crash: every move that was begun is finished.
    pub(super) fn finish_moves(&self) -> Result<(), StoreError> {
        let begun = "SELECT id, state FROM bin WHERE state IN ('moving', 'restoring', 'purging')";
        let begun = self.read(|conn| {
            sql::query_all(conn, begun, [], |row| Ok((row.get::<_, BinId>(0)?, row.get::<_, String>(1)?)))
        })?;
        for (id, state) in begun {
            match BinState::parse(&state) {
                Some(BinState::Moving) => self.move_out(id)?,
                Some(BinState::Restoring) => self.move_back(id)?,
                _ => drop(self.remove_for_good(id)?),
            }
        }
        Ok(())
    }

    /// Before a write is committed: objects that its records name leave the bin.
    pub(super) fn keep_what_is_needed(&self, tx: &Tx) -> Result<(), StoreError> {
        let away = "SELECT objects FROM bin WHERE state IN ('moving', 'binned', 'purging')";
        let mut hashes = BTreeSet::new();
        for text in sql::query_all(tx, away, [], |row| Ok(row.get::<_, String>(0)?))? {
            let objects: Vec<crate::domain::storage::ObjectSize> = serde_json::from_str(&text).unwrap_or_default();
            hashes.extend(objects.into_iter().map(|o| o.hash));
        }
        if hashes.is_empty() {
            return Ok(());
        }
        let gone = gone(tx)?;
        for (key, hash) in storage::references(tx)? {
            if hashes.contains(&hash) && !gone.contains(&key) && !self.object_path(&hash).is_file() {
                self.bring_back(&hash)?;
            }
        }
        Ok(())
    }

    pub(super) fn check_binned(&self, hash: &ContentHash) -> Result<(), String> {
        let path = self.bin_path(hash);
        let Ok(mut file) = files::open_regular(&path) else {
            return self.check_object(hash, |_| Ok(())).map(drop).map_err(|_| "its file is missing".to_owned());
        };
        match files::hash_while(&mut file, &path, |_| Ok(())) {
            Ok((found, _)) if found == *hash => Ok(()),
            Ok((found, _)) => Err(format!("its bytes hash to {}", found.short())),
            Err(error) => Err(error.to_string()),
        }
    }

    fn bin_path(&self, hash: &ContentHash) -> PathBuf {
        self.root().join(FOLDER).join(hash.as_str())
    }

    fn move_out(&self, id: BinId) -> Result<(), StoreError> {
        let entry = self.read(|conn| get(conn, id))?;
        if entry.state != BinState::Moving {
            return Ok(());
        }
        let folder = self.root().join(FOLDER);
        files::ensure_folder(self.root(), &folder)?;
        for object in &entry.objects {
            let from = self.object_path(&object.hash);
            calm(&self.verified).remove(&object.hash);
            moved(fs::rename(&from, self.bin_path(&object.hash)), &from)?;
        }
        self.noting_failures(files::sync_folder(&folder))?;
        self.sync_shards(&entry)?;
        self.write(
            |tx| if get(tx, id)?.state == BinState::Moving { set_state(tx, id, BinState::Binned) } else { Ok(()) },
        )
    }

    fn move_back(&self, id: BinId) -> Result<(), StoreError> {
        let entry = self.read(|conn| get(conn, id))?;
        if entry.state != BinState::Restoring {
            return Ok(());
        }
        for object in &entry.objects {
            if !self.object_path(&object.hash).is_file() {
                self.bring_back(&object.hash)?;
            }
        }
        self.write(|tx| {
            if get(tx, id)?.state == BinState::Restoring { set_state(tx, id, BinState::Restored) } else { Ok(()) }
        })
    }

    fn remove_for_good(&self, id: BinId) -> Result<u64, StoreError> {
        let (entry, others) = self.read(|conn| Ok((get(conn, id)?, binned(conn)?)))?;
        if entry.state != BinState::Purging {
            return Ok(0);
        }
        let kept: BTreeSet<&ContentHash> = others.iter().flat_map(|e| &e.objects).map(|o| &o.hash).collect();
        let mut freed = 0;
        for object in entry.objects.iter().filter(|o| !kept.contains(&o.hash)) {
            let path = self.bin_path(&object.hash);
            match fs::remove_file(&path) {
                Ok(()) => freed += object.bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(StoreError::io("remove", &path)(error)),
            }
        }
        let folder = self.root().join(FOLDER);
        if folder.is_dir() {
            self.noting_failures(files::sync_folder(&folder))?;
        }
        self.write(
            |tx| {
                if get(tx, id)?.state == BinState::Purging { set_state(tx, id, BinState::Purged) } else { Ok(()) }
            },
        )?;
        Ok(freed)
    }

    fn bring_back(&self, hash: &ContentHash) -> Result<(), StoreError> {
        let (from, to) = (self.bin_path(hash), self.object_path(hash));
        let objects = self.root().join(super::objects::FOLDER);
        let shard = to.parent().unwrap_or(&objects).to_owned();
        files::ensure_folder(&objects, &shard)?;
        match fs::rename(&from, &to) {
            Ok(()) => self.noting_failures(files::sync_folder(&shard)),
            // Somebody else was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound && to.is_file() => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(StoreError::damaged(
                super::objects::object_name(hash),
                "it was deleted while it was in use, and the bin was emptied; start again",
            )),
            Err(error) => Err(StoreError::io("move", &from)(error)),
        }
    }

    fn sync_shards(&self, entry: &BinEntry) -> Result<(), StoreError> {
        let paths: Vec<PathBuf> = entry.objects.iter().map(|o| self.object_path(&o.hash)).collect();
        let shards: BTreeSet<_> = paths.iter().filter_map(|p| p.parent()).collect();
        for shard in shards.into_iter().filter(|s| s.is_dir()) {
            self.noting_failures(files::sync_folder(shard))?;
        }
        Ok(())
    }
}

/// A file that is away already was moved by whoever began this, or went for good with another entry.
fn moved(result: io::Result<()>, from: &std::path::Path) -> Result<(), StoreError> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(StoreError::io("move", from)),
    }
}

fn invalid(entry: &BinEntry, problem: &str) -> StoreError {
    StoreError::Invalid { what: format!("the bin entry {} ({})", entry.id, entry.label), problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dataset::{Provenance, ReadOptions};
    use crate::domain::profile::TableProfile;
    use crate::domain::schema::Schema;
    use crate::store::datasets::{self, NewVersion};

    fn workspace() -> (tempfile::TempDir, Workspace) {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::open(&folder.path().join("w")).unwrap();
        (folder, workspace)
    }

    fn state_of(workspace: &Workspace, id: BinId) -> BinState {
        workspace.read(|conn| get(conn, id)).unwrap().state
    }

    fn version_of(hash: &ContentHash) -> NewVersion {
        NewVersion {
            dataset: "d".into(),
            rows: 0,
            schema: Schema::default(),
            source_hash: hash.clone(),
            table_hash: hash.clone(),
            source_name: "d.csv".into(),
            source_bytes: 1,
            read: ReadOptions::default(),
            profile: TableProfile { format_version: 1, rows: 0, columns: vec![] },
            provenance: Provenance::default(),
        }
    }

    #[test]
    fn objects_go_to_the_bin_and_come_back() {
        let (_folder, workspace) = workspace();
        let hash = workspace.put_bytes(b"left over").unwrap();
        let entry = workspace.delete(StorageKey::Unreferenced).unwrap();
        assert_eq!((entry.state, entry.bytes()), (BinState::Binned, 9));
        assert!(!workspace.object_path(&hash).exists() && workspace.bin_path(&hash).exists());
        // Put again while it lies in the bin: bringing back the former one changes nothing.
        workspace.put_bytes(b"left over").unwrap();
        workspace.restore(entry.id).unwrap();
        assert_eq!(workspace.read_object(&hash).unwrap(), b"left over");
        assert!(workspace.restore(entry.id).is_err(), "once");
    }

    #[test]
    fn what_was_begun_when_the_process_died_is_finished() {
        let (_folder, workspace) = workspace();
        let hash = workspace.put_bytes(b"left over").unwrap();
        let sizes = workspace.object_sizes().unwrap();
        let id = workspace.write(|tx| insert(tx, &storage::plan(tx, StorageKey::Unreferenced, &sizes)?)).unwrap();
        workspace.sweep_interrupted().unwrap();
        assert_eq!((state_of(&workspace, id), workspace.bin_path(&hash).exists()), (BinState::Binned, true));
        workspace.write(|tx| set_state(tx, id, BinState::Restoring)).unwrap();
        workspace.sweep_interrupted().unwrap();
        assert_eq!((state_of(&workspace, id), workspace.object_path(&hash).exists()), (BinState::Restored, true));
        let id = workspace.delete(StorageKey::Unreferenced).unwrap().id;
        workspace.write(|tx| set_state(tx, id, BinState::Purging)).unwrap();
        workspace.sweep_interrupted().unwrap();
        assert_eq!((state_of(&workspace, id), workspace.bin_path(&hash).exists()), (BinState::Purged, false));
    }

    #[test]
    fn an_object_that_is_needed_again_leaves_the_bin_with_the_commit() {
        let (_folder, workspace) = workspace();
        let hash = workspace.put_bytes(b"x\n1\n").unwrap();
        // Deleted between the moment a job stored it and the moment it names it.
        let entry = workspace.delete(StorageKey::Unreferenced).unwrap();
        let version = workspace.write(|tx| datasets::insert_version(tx, &version_of(&hash))).unwrap();
        assert_eq!(workspace.read_object(&hash).unwrap(), b"x\n1\n");
        assert!(workspace.plan_deletion(StorageKey::Version(version.id)).unwrap().refused.is_empty());
        workspace.restore(entry.id).unwrap();
        // And when the bin was emptied in between, nothing is committed that names a file which is gone.
        let gone = workspace.put_bytes(b"y\n").unwrap();
        let entry = workspace.delete(StorageKey::Unreferenced).unwrap();
        fs::remove_file(workspace.bin_path(&gone)).unwrap();
        assert!(workspace.write(|tx| datasets::insert_version(tx, &version_of(&gone))).is_err());
        assert_eq!(entry.state, BinState::Binned);
    }

    #[test]
    fn two_deletions_of_one_object_do_not_take_it_from_each_other() {
        let (_folder, workspace) = workspace();
        let hash = workspace.put_bytes(b"twice").unwrap();
        let first = workspace.delete(StorageKey::Unreferenced).unwrap();
        workspace.put_bytes(b"twice").unwrap();
        let second = workspace.delete(StorageKey::Unreferenced).unwrap();
        workspace.write(|tx| set_state(tx, first.id, BinState::Purging)).unwrap();
        workspace.sweep_interrupted().unwrap();
        workspace.restore(second.id).unwrap();
        assert_eq!(workspace.read_object(&hash).unwrap(), b"twice");
    }
}
