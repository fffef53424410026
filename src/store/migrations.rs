//! The shapes of the history, oldest first, and the way from any of them to the newest.
//!
//! A shipped migration is never edited. All missing steps run in one exclusive transaction together with the version
//! number, so that a file is either wholly old or wholly new; a copy is made before.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};

use super::{StoreError, files, sql};

/// "MdWr": marks a SQLite file as a history of ours.
pub(super) const APPLICATION_ID: i32 = 0x4D64_5772;

/// Step `i` leads from version `i` to `i + 1`.
pub(super) const STEPS: &[&str] = &[
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_data.sql"),
    include_str!("migrations/0003_learn.sql"),
    include_str!("migrations/0004_checks.sql"),
    include_str!("migrations/0005_splits.sql"),
];

/// The version this program writes.
pub const LATEST: i64 = STEPS.len() as i64;

/// Makes an empty database ours, in the newest shape.
pub(super) fn initialise(conn: &mut Connection) -> Result<(), StoreError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    for step in STEPS {
        tx.execute_batch(step)?;
    }
    tx.pragma_update(None, "user_version", LATEST)?;
    Ok(tx.commit()?)
}

/// Brings the history in `root` to the version of the last step, after a copy to `backup-vN-<ms>.sqlite`.
pub(super) fn upgrade(conn: &mut Connection, root: &Path, steps: &[&str]) -> Result<(), StoreError> {
    let from = user_version(conn)?;
    let to = steps.len() as i64;
    if from >= to {
        return Ok(());
    }
    let failed = |backup: Option<&PathBuf>, problem: String| StoreError::Migration {
        from,
        to,
        problem,
        backup: backup.map(|b| b.to_owned()),
    };
    let backup = back_up(conn, root, from).map_err(|error| failed(None, format!("no copy could be made: {error}")))?;
    apply(conn, steps).map_err(|error| failed(Some(&backup), error.to_string()))?;
    tracing::info!(from, to, backup = %backup.display(), "history upgraded");
    Ok(())
}

fn apply(conn: &mut Connection, steps: &[&str]) -> Result<(), StoreError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    // Read again: another process may have been faster.
    let done = usize::try_from(user_version(&tx)?).unwrap_or(0);
    for step in steps.iter().skip(done) {
        tx.execute_batch(step)?;
    }
    if let Some(table) = sql::query_value::<String>(&tx, "SELECT \"table\" FROM pragma_foreign_key_check", [])? {
        return Err(StoreError::damaged(format!("table {table}"), "a reference in it leads nowhere"));
    }
    tx.pragma_update(None, "user_version", steps.len().max(done) as i64)?;
    Ok(tx.commit()?)
}

fn back_up(conn: &Connection, root: &Path, version: i64) -> Result<PathBuf, StoreError> {
    let path = root.join(format!("backup-v{version}-{}.sqlite", files::now_ms()));
    let name = path.to_str().ok_or_else(|| StoreError::Invalid {
        what: path.display().to_string(),
        problem: "the folder's name is not valid Unicode; rename it".to_owned(),
    })?;
    conn.execute("VACUUM INTO ?1", [name])?;
    let file = std::fs::File::options().write(true).open(&path).map_err(StoreError::io("open", &path))?;
    files::sync_file(&file, &path)?;
    files::sync_folder(root)?;
    Ok(path)
}

pub(super) fn user_version(conn: &Connection) -> Result<i64, StoreError> {
    Ok(conn.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Triggers and views run code inside our transactions; one that no migration contains was planted.
pub(super) fn planted_code(conn: &Connection) -> Result<Option<String>, StoreError> {
    let found = sql::query_all(
        conn,
        "SELECT type || ' `' || name || '`', coalesce(sql, '') FROM sqlite_schema WHERE type IN ('trigger', 'view')",
        [],
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)),
    )?;
    Ok(found.into_iter().find(|(_, text)| !STEPS.iter().any(|step| step.contains(text.as_str()))).map(|(name, _)| name))
}

/// What should be in the schema and is not, or the other way round.
pub(super) fn schema_differences(conn: &Connection) -> Result<Vec<String>, StoreError> {
    let mut fresh = Connection::open_in_memory()?;
    initialise(&mut fresh)?;
    let expected = schema_names(&fresh)?;
    let found = schema_names(conn)?;
    let missing = expected.iter().filter(|name| !found.contains(name)).map(|name| format!("{name} is missing"));
    let extra = found.iter().filter(|name| !expected.contains(name)).map(|name| format!("{name} is not ours"));
    Ok(missing.chain(extra).collect())
}

fn schema_names(conn: &Connection) -> Result<Vec<String>, StoreError> {
    let sql =
        "SELECT type || ' `' || name || '`' FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1";
    sql::query_all(conn, sql, [], |row| Ok(row.get(0)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(folder: &Path) -> Connection {
        let mut conn = Connection::open(folder.join("history.sqlite")).unwrap();
        initialise(&mut conn).unwrap();
        conn
    }

    fn backups(folder: &Path) -> usize {
        let names = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        names.filter(|n| n.starts_with(&format!("backup-v{LATEST}-"))).count()
    }

    #[test]
    fn a_fresh_history_has_the_newest_shape() {
        let folder = tempfile::tempdir().unwrap();
        let conn = history(folder.path());
        assert_eq!(user_version(&conn).unwrap(), LATEST);
        assert_eq!(schema_differences(&conn).unwrap(), Vec::<String>::new());
        assert_eq!(planted_code(&conn).unwrap(), None);
    }

    #[test]
    fn a_failing_step_rolls_everything_back_and_keeps_the_copy() {
        let folder = tempfile::tempdir().unwrap();
        let mut conn = history(folder.path());
        let mut steps = STEPS.to_vec();
        steps.extend(["CREATE TABLE fresh (a INTEGER) STRICT;", "INSERT INTO nowhere VALUES (1);"]);
        let error = upgrade(&mut conn, folder.path(), &steps).unwrap_err();
        assert!(matches!(&error, StoreError::Migration { backup: Some(b), .. } if b.exists()), "{error}");
        assert_eq!(user_version(&conn).unwrap(), LATEST);
        assert_eq!(schema_differences(&conn).unwrap(), Vec::<String>::new());
        assert_eq!(backups(folder.path()), 1);
    }

    #[test]
    fn a_good_step_is_applied_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut conn = history(folder.path());
        let mut steps = STEPS.to_vec();
        steps.push("ALTER TABLE runs ADD COLUMN note TEXT;");
        upgrade(&mut conn, folder.path(), &steps).unwrap();
        upgrade(&mut conn, folder.path(), &steps).unwrap();
        assert_eq!(user_version(&conn).unwrap(), LATEST + 1);
        assert_eq!(backups(folder.path()), 1);
    }

    #[test]
    fn a_planted_trigger_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let conn = history(folder.path());
        conn.execute_batch("CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM models; END;").unwrap();
        assert_eq!(planted_code(&conn).unwrap().as_deref(), Some("trigger `t`"));
    }
}
