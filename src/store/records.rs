//! Digests of records: what lets `verify` name a row that changed behind our back.
//!
//! A digest covers the table's name and every column that is not NULL, by name, type and value. It is read back from
//! the row itself, so it says what SQLite kept, not what we meant to write. Before a row is changed its old digest is
//! checked: a damaged row is never sealed as good.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, ToSql};
use sha2::{Digest, Sha256};

use super::{StoreError, Tx};
use crate::domain::ids::ContentHash;

/// A table whose rows carry a digest.
pub(super) struct Table {
    pub name: &'static str,
    /// One row of it, for people.
    pub noun: &'static str,
    /// Ids run 1, 2, 3 …: rows are never deleted, so that a missing number is damage.
    pub numbered: bool,
    /// What the digest covers: every other column of the table. Listed, not `*`: rusqlite panics on a column name
    /// that damage made invalid.
    pub columns: &'static str,
}

pub(super) const DATASETS: Table = Table {
    name: "datasets",
    noun: "dataset",
    numbered: true,
    columns: "id, name, created_at_ms, hidden_at_ms, owner, description, tags, sensitivity",
};
pub(super) const VERSIONS: Table = Table {
    name: "dataset_versions",
    noun: "dataset version",
    numbered: true,
    columns: "id, dataset_id, version, rows, columns, source_hash, table_hash, source_name, source_bytes, schema, \
              read_options, created_at_ms, parent_id, origin, note, author, source_path, source_files, rejected, \
              rejects_hash, warnings",
};
pub(super) const BRANCHES: Table = Table {
    name: "branches",
    noun: "branch",
    numbered: true,
    columns: "id, dataset_id, name, head_id, created_at_ms, hidden_at_ms",
};
pub(super) const VERSION_TAGS: Table = Table {
    name: "version_tags",
    noun: "tag",
    numbered: true,
    columns: "id, dataset_id, name, version_id, created_at_ms, hidden_at_ms",
};
pub(super) const REMEMBERED_READS: Table = Table {
    name: "remembered_reads",
    noun: "remembered reading",
    numbered: true,
    columns: "id, source, draft, updated_at_ms",
};
pub(super) const WATCHES: Table = Table {
    name: "watches",
    noun: "watch",
    numbered: true,
    columns: "id, kind, path, dataset, policy, created_at_ms, hidden_at_ms",
};
pub(super) const WATCHED_FILES: Table = Table {
    name: "watched_files",
    noun: "watched file",
    numbered: true,
    columns: "id, watch_id, path, content_hash, bytes, modified_ms, version_id, problem, seen_at_ms",
};
pub(super) const BIN: Table = Table {
    name: "bin",
    noun: "bin entry",
    numbered: true,
    columns: "id, kind, subject_id, label, objects, state, who, created_at_ms, changed_at_ms",
};
pub(super) const LABEL_SESSIONS: Table = Table {
    name: "label_sessions",
    noun: "labelling session",
    numbered: true,
    columns: "id, version_id, label_column, who, created_at_ms, result_id, ended_at_ms",
};
pub(super) const LABEL_DRAFTS: Table = Table {
    name: "label_drafts",
    noun: "label",
    numbered: true,
    columns: "id, session_id, row_number, label, note, who, created_at_ms",
};
pub(super) const PROFILES: Table = Table {
    name: "profiles",
    noun: "profile of dataset version",
    numbered: false,
    columns: "version_id, profile, created_at_ms",
};
pub(super) const CHECK_RUNS: Table = Table {
    name: "check_runs",
    noun: "check run",
    numbered: true,
    columns: "id, version_id, against_id, target, passed, report, created_at_ms, suite_id, environment",
};
pub(super) const SUITES: Table = Table {
    name: "suites",
    noun: "suite",
    numbered: true,
    columns: "id, dataset_id, number, suite, note, who, created_at_ms",
};
pub(super) const GATES: Table = Table {
    name: "gates",
    noun: "gate",
    numbered: true,
    columns: "id, act, needs, dataset_id, who, created_at_ms, hidden_at_ms",
};
pub(super) const OVERRIDES: Table = Table {
    name: "gate_overrides",
    noun: "override",
    numbered: true,
    columns: "id, act, subject, version_id, run_id, red, reason, who, created_at_ms",
};
pub(super) const SIGN_OFFS: Table = Table {
    name: "sign_offs",
    noun: "sign-off",
    numbered: true,
    columns: "id, version_id, answers, who, created_at_ms",
};
pub(super) const SPLIT_CHECKS: Table = Table {
    name: "split_checks",
    noun: "split check",
    numbered: true,
    columns: "id, version_id, rows_hash, judged, passed, report, created_at_ms",
};
pub(super) const RUNS: Table = Table {
    name: "runs",
    noun: "run",
    numbered: true,
    columns: "id, version_id, status, algorithm, task, target, split_hash, plan, holder, problem, warnings, timings, \
              evaluation_hash, train_rows, test_rows, metrics_digest, started_at_ms, ended_at_ms, hidden_at_ms, \
              group_id, more_metrics, held_out_hash",
};
pub(super) const RUN_GROUPS: Table = Table {
    name: "run_groups",
    noun: "group of runs",
    numbered: true,
    columns: "id, kind, request, created_at_ms, ended_at_ms",
};
pub(super) const MODELS: Table = Table {
    name: "models",
    noun: "model",
    numbered: true,
    columns: "id, run_id, model_hash, created_at_ms, model_bytes",
};
pub(super) const BUNDLES: Table = Table {
    name: "bundles",
    noun: "bundle",
    numbered: true,
    columns: "id, run_id, file_name, sha256, bytes, files, golden_max_abs_diff, golden_rows, card_markdown, \
              created_at_ms",
};
pub(super) const DRIFT_REPORTS: Table = Table {
    name: "drift_reports",
    noun: "drift report",
    numbered: true,
    columns: "id, reference_id, current_id, dataset_drift, drifted_share, report, created_at_ms",
};
pub(super) const EVENTS: Table = Table {
    name: "events",
    noun: "activity entry",
    numbered: true,
    columns: "id, at_ms, who, action, object_kind, object, summary",
};
pub(super) const SETTINGS: Table =
    Table { name: "settings", noun: "setting", numbered: false, columns: "id, key, value, updated_at_ms" };

/// All of them but the events, whose digests form a chain (activity.rs).
pub(super) const SEALED: [Table; 23] = [
    DATASETS,
    VERSIONS,
    BRANCHES,
    VERSION_TAGS,
    REMEMBERED_READS,
    WATCHES,
    WATCHED_FILES,
    BIN,
    LABEL_SESSIONS,
    LABEL_DRAFTS,
    PROFILES,
    CHECK_RUNS,
    SUITES,
    GATES,
    OVERRIDES,
    SIGN_OFFS,
    SPLIT_CHECKS,
    RUNS,
    RUN_GROUPS,
    MODELS,
    BUNDLES,
    DRIFT_REPORTS,
    SETTINGS,
];

/// Computes and stores the digest of a row that was just written.
pub(super) fn seal(tx: &Tx, table: &Table, id: i64) -> Result<(), StoreError> {
    let digest = stored_and_computed(tx, table, id)?.1;
    let sql = format!("UPDATE {} SET digest = ?2 WHERE rowid = ?1", table.name);
    tx.prepare_cached(&sql)?.execute((id, digest))?;
    Ok(())
}

/// Fails with `Damaged` unless the row is as it was sealed; with `NotFound` when there is none.
pub(super) fn check(conn: &Connection, table: &Table, id: i64) -> Result<(), StoreError> {
    let (stored, computed) = stored_and_computed(conn, table, id)?;
    if stored == computed.as_str() {
        return Ok(());
    }
    Err(StoreError::damaged(format!("{} {id}", table.noun), ALTERED))
}

pub(super) const ALTERED: &str = "its content does not match its digest";

fn stored_and_computed(conn: &Connection, table: &Table, id: i64) -> Result<(String, ContentHash), StoreError> {
    let sql = format!("SELECT digest, {} FROM {} WHERE rowid = ?1", table.columns, table.name);
    super::sql::query_opt(conn, &sql, [id], |row| Ok((row.get(0)?, digest_of_row(table, "", row)?)))?
        .ok_or_else(|| super::sql::not_found(table.noun, id))
}

/// The digest of a row of `SELECT digest, {columns}`.
pub(super) fn digest_of_row(table: &Table, previous: &str, row: &Row<'_>) -> Result<ContentHash, StoreError> {
    let mut fields: Vec<(&str, ValueRef<'_>)> = Vec::new();
    for (index, name) in table.columns.split(", ").enumerate() {
        fields.push((name, row.get_ref(index + 1)?));
    }
    Ok(digest(table.name, previous, &mut fields))
}

/// SHA-256 over `table`, `previous` (the digest before, in a chain) and the fields in the order of their names.
pub(super) fn digest(table: &str, previous: &str, fields: &mut [(&str, ValueRef<'_>)]) -> ContentHash {
    fields.sort_by_key(|(name, _)| *name);
    let mut hasher = Sha256::new();
    for word in ["modelwright-record-1", table, previous] {
        add(&mut hasher, b'w', word.as_bytes());
    }
    for (name, value) in fields.iter() {
        if *value == ValueRef::Null {
            continue;
        }
        add(&mut hasher, b'n', name.as_bytes());
        match value {
            ValueRef::Null => {}
            ValueRef::Integer(number) => add(&mut hasher, b'i', &number.to_le_bytes()),
            ValueRef::Real(number) => add(&mut hasher, b'r', &number.to_bits().to_le_bytes()),
            ValueRef::Text(text) => add(&mut hasher, b't', text),
            ValueRef::Blob(bytes) => add(&mut hasher, b'b', bytes),
        }
    }
    ContentHash::from_bytes(&hasher.finalize().into())
}

/// Tag and length first, so that no two lists of values give the same bytes.
fn add(hasher: &mut Sha256, tag: u8, bytes: &[u8]) {
    hasher.update([tag]);
    hasher.update((bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

/// SHA-256 over all rows of a query, in its order; empty text for no rows.
pub(super) fn digest_of_query(conn: &Connection, sql: &str, param: &dyn ToSql) -> Result<String, StoreError> {
    let mut statement = conn.prepare_cached(sql)?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query([param])?;
    let mut previous = String::new();
    while let Some(row) = rows.next()? {
        let mut fields = Vec::with_capacity(names.len());
        for (index, name) in names.iter().enumerate() {
            fields.push((name.as_str(), row.get_ref(index)?));
        }
        previous = digest("", &previous, &mut fields).as_str().to_owned();
    }
    Ok(previous)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_cover_every_column_of_every_table() {
        let mut conn = Connection::open_in_memory().unwrap();
        super::super::migrations::initialise(&mut conn).unwrap();
        for table in SEALED.iter().chain([&EVENTS]) {
            let sql = "SELECT name FROM pragma_table_info(?1) WHERE name <> 'digest' ORDER BY cid";
            let found =
                super::super::sql::query_all(&conn, sql, [table.name], |row| Ok(row.get::<_, String>(0)?)).unwrap();
            assert_eq!(table.columns.split(", ").collect::<Vec<_>>(), found, "{}", table.name);
        }
    }

    #[test]
    fn a_digest_depends_on_names_types_and_values_but_not_on_order_or_nulls() {
        let one = ("a", ValueRef::Integer(1));
        let two = ("b", ValueRef::Text(b"x"));
        let base = digest("t", "", &mut [one, two]);
        assert_eq!(base, digest("t", "", &mut [two, ("z", ValueRef::Null), one]));
        let others = [
            digest("u", "", &mut [one, two]),
            digest("t", "p", &mut [one, two]),
            digest("t", "", &mut [("a", ValueRef::Real(1.0)), two]),
            digest("t", "", &mut [("a", ValueRef::Integer(2)), two]),
            digest("t", "", &mut [one, ("b", ValueRef::Blob(b"x"))]),
            digest("t", "", &mut [one, ("c", ValueRef::Text(b"x"))]),
            digest("t", "", &mut [one]),
        ];
        assert!(others.iter().all(|other| *other != base));
    }
}
