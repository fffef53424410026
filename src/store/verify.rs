//! Re-checks everything: the database, every record's digest, the chain of the activity log, every object's bytes.
//!
//! Digests find damage, not forgery: who can write the file can also compute digests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use rusqlite::Connection;
use serde::Serialize;

use super::records::{self, EVENTS, RUNS, SEALED, Table};
use super::{HISTORY_FILE, StoreError, Workspace, activity, bin, files, migrations, objects, runs, sql};
use crate::domain::ids::{ContentHash, RunId};
use crate::domain::io::JobIo;
use crate::domain::storage::{BinState, StorageKey};

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Nothing is damaged.
    pub ok: bool,
    /// Records and objects looked at.
    pub checked: u64,
    pub damaged: Vec<Damage>,
    /// Objects no record refers to: remains of jobs that did not finish. Not damage.
    pub unreferenced: u64,
}

/// One thing that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// `run 12`, `object ab12…`
    pub what: String,
    pub problem: String,
}

impl VerifyReport {
    fn add(&mut self, what: impl Into<String>, problem: impl Into<String>) {
        self.damaged.push(Damage { what: what.into(), problem: problem.into() });
    }

    /// Damage becomes a finding; anything else (no access, cancelled) ends the verification.
    fn note<T>(&mut self, result: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(StoreError::Damaged { what, problem }) => {
                self.add(what, problem);
                Ok(None)
            }
            Err(StoreError::Sqlite(error)) => {
                self.add(HISTORY_FILE, error.to_string());
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }
}

/// Hash → the records that refer to it.
type References = BTreeMap<ContentHash, Vec<String>>;

/// Where records refer to objects: (what to call the record, its id and the hash).
const REFERENCES: [(&str, &str); 9] = [
    ("source of dataset version", "SELECT id, source_hash FROM dataset_versions"),
    ("table of dataset version", "SELECT id, table_hash FROM dataset_versions"),
    (
        "rejected rows of dataset version",
        "SELECT id, rejects_hash FROM dataset_versions WHERE rejects_hash IS NOT NULL",
    ),
    (
        "source file of dataset version",
        // A list that is no JSON has broken its record's digest, which is reported.
        "SELECT v.id, coalesce(json_extract(f.value, '$.hash'), '') FROM dataset_versions v, \
         json_each(CASE WHEN json_valid(v.source_files) THEN v.source_files ELSE '[]' END) f",
    ),
    ("split of run", "SELECT id, split_hash FROM runs"),
    ("evaluation of run", "SELECT id, evaluation_hash FROM runs WHERE evaluation_hash IS NOT NULL"),
    ("held-out predictions of run", "SELECT id, held_out_hash FROM runs WHERE held_out_hash IS NOT NULL"),
    ("model of run", "SELECT run_id, model_hash FROM models"),
    ("file of bundle", "SELECT id, sha256 FROM bundles"),
];

impl Workspace {
    /// Checks every record and object. An unreadable part is reported as damage, not as an error.
    pub fn verify(&self, io: &dyn JobIo) -> Result<VerifyReport, StoreError> {
        let mut report = VerifyReport::default();
        io.progress("Checking the history", Some(0.0))?;
        let mut references = References::new();
        let history = self.read(|conn| check_history(conn, &mut report, &mut references, io));
        report.note(history)?;
        self.check_objects(&references, &mut report, io)?;
        self.check_bin(&mut report, io)?;
        report.ok = report.damaged.is_empty();
        Ok(report)
    }

    fn check_objects(
        &self,
        references: &References,
        report: &mut VerifyReport,
        io: &dyn JobIo,
    ) -> Result<(), StoreError> {
        let mut present = self.list_objects(report)?;
        let total: u64 = present.values().sum::<u64>().max(1);
        let mut done = 0_u64;
        for (hash, users) in references {
            present.remove(hash);
            let result = self.check_object(hash, |chunk| {
                done += chunk.len() as u64;
                Ok(io.progress("Checking objects", Some((done as f64 / total as f64).min(1.0)))?)
            });
            report.checked += 1;
            report.note(result.map_err(|error| name_users(error, users)))?;
        }
        for hash in present.keys() {
            let result = self.check_object(hash, |chunk| {
                done += chunk.len() as u64;
                Ok(io.progress("Checking objects", Some((done as f64 / total as f64).min(1.0)))?)
            });
            report.checked += 1;
            report.unreferenced += 1;
            report.note(result)?;
        }
        Ok(())
    }

    /// What lies in the bin can be brought back only whole.
    fn check_bin(&self, report: &mut VerifyReport, io: &dyn JobIo) -> Result<(), StoreError> {
        let Some(entries) = report.note(self.read(bin::all))? else { return Ok(()) };
        for entry in entries.iter().filter(|e| e.state == BinState::Binned) {
            for object in &entry.objects {
                io.progress("Checking the bin", None)?;
                report.checked += 1;
                if let Err(problem) = self.check_binned(&object.hash) {
                    report
                        .add(format!("{} ({}, in the bin)", objects::object_name(&object.hash), entry.label), problem);
                }
            }
        }
        Ok(())
    }

    /// The objects on disk and their sizes in bytes. Files that are not named like objects are none of our business.
    fn list_objects(&self, report: &mut VerifyReport) -> Result<BTreeMap<ContentHash, u64>, StoreError> {
        let mut found = BTreeMap::new();
        let folder = self.root().join(objects::FOLDER);
        for shard in fs::read_dir(&folder).map_err(StoreError::io("read", &folder))? {
            let shard = shard.map_err(StoreError::io("read", &folder))?;
            let name = shard.file_name().to_string_lossy().into_owned();
            if name.len() != 2 || !name.bytes().all(|b| b.is_ascii_hexdigit()) {
                continue;
            }
            if files::require_folder(&shard.path()).is_err() {
                report.add(format!("folder objects/{name}"), "it is a link or a file, not a folder");
                continue;
            }
            for entry in fs::read_dir(shard.path()).map_err(StoreError::io("read", &shard.path()))? {
                let entry = entry.map_err(StoreError::io("read", &shard.path()))?;
                if let Some(hash) = ContentHash::parse(&format!("{name}{}", entry.file_name().to_string_lossy())) {
                    found.insert(hash, entry.metadata().map_or(0, |m| m.len()));
                }
            }
        }
        Ok(found)
    }
}

fn name_users(error: StoreError, users: &[String]) -> StoreError {
    match error {
        StoreError::Damaged { what, problem } => {
            StoreError::Damaged { what: format!("{what} ({})", users.join(", ")), problem }
        }
        other => other,
    }
}

fn check_history(
    conn: &Connection,
    report: &mut VerifyReport,
    references: &mut References,
    io: &dyn JobIo,
) -> Result<(), StoreError> {
    let structure = check_structure(conn, report);
    report.note(structure)?;
    for table in &SEALED {
        io.progress("Checking the history", None)?;
        let rows = check_digests(conn, table, report);
        report.note(rows)?;
    }
    for table in SEALED.iter().chain([&EVENTS]).filter(|table| table.numbered) {
        let gaps = check_numbers(conn, table, report);
        report.note(gaps)?;
    }
    let chain = check_events(conn, report);
    report.note(chain)?;
    let metrics = check_metrics(conn, report);
    report.note(metrics)?;
    let gone = report.note(bin::gone(conn))?.unwrap_or_default();
    for (label, sql) in REFERENCES {
        let found = collect_references(conn, label, sql, &gone, references);
        report.note(found)?;
    }
    Ok(())
}

/// What SQLite itself can tell.
fn check_structure(conn: &Connection, report: &mut VerifyReport) -> Result<(), StoreError> {
    for line in sql::query_all(conn, "PRAGMA integrity_check", [], |row| Ok(row.get::<_, String>(0)?))? {
        if line != "ok" {
            report.add(HISTORY_FILE, line);
        }
    }
    let orphans = "SELECT \"table\", coalesce(rowid, 0), parent FROM pragma_foreign_key_check";
    for (table, id, parent) in sql::query_all(conn, orphans, [], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
    })? {
        report.add(format!("{table} {id}"), format!("it refers to something missing in {parent}"));
    }
    for difference in migrations::schema_differences(conn)? {
        report.add(HISTORY_FILE, difference);
    }
    if let Some(planted) = migrations::planted_code(conn)? {
        report.add(HISTORY_FILE, format!("{planted} is not as Modelwright wrote it"));
    }
    Ok(())
}

fn check_digests(conn: &Connection, table: &Table, report: &mut VerifyReport) -> Result<(), StoreError> {
    for id in row_ids(conn, table)? {
        report.checked += 1;
        let sound = records::check(conn, table, id);
        report.note(sound)?;
    }
    Ok(())
}

fn row_ids(conn: &Connection, table: &Table) -> Result<Vec<i64>, StoreError> {
    sql::query_all(conn, &format!("SELECT rowid FROM {} ORDER BY rowid", table.name), [], |row| Ok(row.get(0)?))
}

/// Ids are given once and rows stay: every number up to the last one given must be there.
fn check_numbers(conn: &Connection, table: &Table, report: &mut VerifyReport) -> Result<(), StoreError> {
    let last = sql::query_value(conn, "SELECT seq FROM sqlite_sequence WHERE name = ?1", [table.name])?.unwrap_or(0);
    let mut next = 1;
    for id in row_ids(conn, table)?.into_iter().chain([last + 1]) {
        if next < id {
            let what = match id - next {
                1 => format!("{} {next}", table.noun),
                _ => format!("{} {next} to {}", table.noun, id - 1),
            };
            report.add(what, "it was removed");
        }
        next = next.max(id + 1);
    }
    Ok(())
}

fn check_events(conn: &Connection, report: &mut VerifyReport) -> Result<(), StoreError> {
    let count: i64 = sql::query_value(conn, "SELECT count(*) FROM events", [])?.unwrap_or(0);
    report.checked += count as u64;
    for id in activity::broken_links(conn)? {
        report.add(format!("{} {id}", EVENTS.noun), "it, or the entry before it, was changed or removed");
    }
    Ok(())
}

/// Metrics lie outside the run's own row, which has their digest; a version lies apart from its profile.
fn check_metrics(conn: &Connection, report: &mut VerifyReport) -> Result<(), StoreError> {
    let runs = sql::query_all(conn, "SELECT id, metrics_digest FROM runs ORDER BY id", [], |row| {
        Ok((row.get::<_, RunId>(0)?, row.get::<_, String>(1)?))
    })?;
    for (id, stored) in runs {
        if runs::metrics_digest(conn, id)? != stored {
            report.add(format!("{} {id}", RUNS.noun), "its metrics do not match their digest");
        }
    }
    let bare = "SELECT id FROM dataset_versions WHERE id NOT IN (SELECT version_id FROM profiles) ORDER BY id";
    for id in sql::query_all(conn, bare, [], |row| Ok(row.get::<_, i64>(0)?))? {
        report.add(format!("profile of dataset version {id}"), "it was removed");
    }
    let without_model = "SELECT id FROM runs WHERE status = 'completed' AND id NOT IN (SELECT run_id FROM models)";
    for id in sql::query_all(conn, without_model, [], |row| Ok(row.get::<_, i64>(0)?))? {
        report.add(format!("model of run {id}"), "it was removed");
    }
    Ok(())
}

fn collect_references(
    conn: &Connection,
    label: &str,
    sql: &str,
    gone: &BTreeSet<StorageKey>,
    references: &mut References,
) -> Result<(), StoreError> {
    for (id, hash) in sql::query_all(conn, sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))? {
        // What was deleted is away on purpose.
        let noun = ["version", "run", "bundle"].into_iter().find(|noun| label.ends_with(noun));
        if noun.and_then(|noun| StorageKey::of(noun, id)).is_some_and(|key| gone.contains(&key)) {
            continue;
        }
        // A hash that is none has broken its record's digest, which was reported.
        if let Some(hash) = ContentHash::parse(&hash) {
            references.entry(hash).or_default().push(format!("{label} {id}"));
        }
    }
    Ok(())
}
