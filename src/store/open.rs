//! Opening: is the folder ours, is the history one we know, and the settings every connection runs with.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::{HISTORY_FILE, StoreError, Workspace, bin, files, locks, migrations, mount, objects};

/// How long a statement waits for another process before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The first SQLite without the WAL-reset bug, as SQLite numbers its versions (3.51.3).
const OLDEST_SQLITE: i32 = 3_051_003;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum IfAbsent {
    Create,
    Fail,
}

pub(super) fn open(root: &Path, if_absent: IfAbsent) -> Result<Workspace, StoreError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(StoreError::OldSqlite { found: rusqlite::version() });
    }
    let root = std::path::absolute(root).map_err(StoreError::io("find", root))?;
    let history = root.join(HISTORY_FILE);
    let (mut conn, holder) = if has_history(&root, &history)? {
        let conn = connect(&history, &root)?;
        (conn, make_folders(&root)?)
    } else if if_absent == IfAbsent::Create {
        let holder = make_folders(&root)?;
        create_history(&root, &history, &holder)?;
        (connect(&history, &root)?, holder)
    } else {
        return Err(StoreError::NoWorkspace { path: root });
    };
    migrations::upgrade(&mut conn, &root, migrations::STEPS)?;
    prepare_session(&conn, &holder, &root)?;
    Ok(Workspace {
        root,
        changes_at_open: conn.total_changes(),
        conn: Mutex::new(conn),
        owner: Mutex::default(),
        verified: Mutex::default(),
        suspect: AtomicBool::new(false),
        holder,
    })
}

/// Looks without touching: `Ok(false)` means that a workspace may be created here.
fn has_history(root: &Path, history: &Path) -> Result<bool, StoreError> {
    match fs::metadata(root) {
        Ok(meta) if meta.is_dir() => {}
        Ok(meta) => return Err(StoreError::not_a_workspace(root, format!("it is {}", files::kind_of(&meta)))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(StoreError::io("read", root)(error)),
    }
    let present = match fs::symlink_metadata(history) {
        Ok(meta) if meta.is_file() => true,
        Ok(meta) => {
            return Err(StoreError::not_a_workspace(root, format!("its {HISTORY_FILE} is {}", files::kind_of(&meta))));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(StoreError::io("read", history)(error)),
    };
    for name in [objects::FOLDER, locks::FOLDER, objects::TEMP_FOLDER, bin::FOLDER] {
        let folder = root.join(name);
        if fs::symlink_metadata(&folder).is_ok() {
            files::require_folder(&folder)?;
        }
    }
    if !present {
        require_vacant(root)?;
    }
    Ok(present)
}

/// Nothing in the folder but what an unfinished (or concurrent) creation leaves.
fn require_vacant(root: &Path) -> Result<(), StoreError> {
    for entry in fs::read_dir(root).map_err(StoreError::io("read", root))? {
        let name = entry.map_err(StoreError::io("read", root))?.file_name();
        let name = name.to_string_lossy();
        let ours = [objects::FOLDER, locks::FOLDER, objects::TEMP_FOLDER, ".DS_Store"].contains(&&*name);
        // Another process may have finished creating it since we looked.
        if !ours && name != HISTORY_FILE && !name.starts_with("history.sqlite-") {
            return Err(StoreError::not_a_workspace(
                root,
                format!("it holds other files (`{name}`); choose an empty or a new folder"),
            ));
        }
    }
    let objects = root.join(objects::FOLDER);
    let has_objects = fs::read_dir(objects).is_ok_and(|mut entries| entries.next().is_some());
    if has_objects && !root.join(HISTORY_FILE).exists() {
        return Err(StoreError::not_a_workspace(
            root,
            format!("its {HISTORY_FILE} is missing; restore it from a backup, or choose a new folder"),
        ));
    }
    Ok(())
}

fn make_folders(root: &Path) -> Result<locks::Holder, StoreError> {
    fs::create_dir_all(root).map_err(StoreError::io("create", root))?;
    for name in [objects::FOLDER, locks::FOLDER, objects::TEMP_FOLDER] {
        files::ensure_folder(root, &root.join(name))?;
    }
    locks::Holder::register(&root.join(locks::FOLDER))
}

/// Builds the whole history aside and renames it into place: nobody ever sees half of one, and of two processes
/// that start together one finds the other's.
fn create_history(root: &Path, history: &Path, holder: &locks::Holder) -> Result<(), StoreError> {
    let temp = objects::temp_file(root, holder)?;
    let (file, path) = temp.into_parts();
    let mut conn = Connection::open_with_flags(&path, flags())?;
    migrations::initialise(&mut conn)?;
    drop(conn);
    files::sync_file(&file, &path)?;
    match path.persist_noclobber(history) {
        Ok(()) => {}
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(StoreError::io("create", history)(error.error)),
    }
    files::sync_folder(root)
}

/// No URI: a folder may be called `file:x?mode=memory`. No creation: see [`create_history`].
fn flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

/// Opens an existing history, once it is known to be ours and not newer.
fn connect(history: &Path, root: &Path) -> Result<Connection, StoreError> {
    let log = root.join(format!("{HISTORY_FILE}-wal"));
    let had_log = log.exists();
    let conn = Connection::open_with_flags(history, flags())?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    // A refused file is left as it is, with whatever log it had.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, had_log)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    require_ours(&conn, root).map_err(|error| name_history(error, history))?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;

    conn.pragma_update(None, "cell_size_check", true)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    // macOS keeps an fsync in the drive's cache unless asked for more.
    conn.pragma_update(None, "fullfsync", true)?;
    conn.pragma_update(None, "checkpoint_fullfsync", true)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    set_journal(&conn, root)?;
    Ok(conn)
}

fn require_ours(conn: &Connection, root: &Path) -> Result<(), StoreError> {
    let application: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application != migrations::APPLICATION_ID {
        let reason = format!("its {HISTORY_FILE} belongs to another program; choose another folder");
        return Err(StoreError::not_a_workspace(root, reason));
    }
    let found = migrations::user_version(conn)?;
    if found > migrations::LATEST {
        return Err(StoreError::Newer { path: root.to_owned(), found, known: migrations::LATEST });
    }
    if let Some(planted) = migrations::planted_code(conn)? {
        let reason = format!("its {HISTORY_FILE} contains {planted}, which Modelwright did not write");
        return Err(StoreError::not_a_workspace(root, reason));
    }
    Ok(())
}

/// "history.sqlite is damaged" says which one when nothing else is open yet.
fn name_history(error: StoreError, history: &Path) -> StoreError {
    match error {
        StoreError::Damaged { problem, .. } => StoreError::damaged(history.display().to_string(), problem),
        other => other,
    }
}

/// Write-ahead log where it is safe; on network drives, whose machines cannot share its memory file, a plain journal.
fn set_journal(conn: &Connection, root: &Path) -> Result<(), StoreError> {
    let wanted = match mount::network_file_system(root) {
        Some(kind) => {
            tracing::warn!(workspace = %root.display(), kind, "on a network drive: slower journal");
            "delete"
        }
        None => "wal",
    };
    let mut waited = Duration::ZERO;
    loop {
        let result = conn.pragma_update_and_check(None, "journal_mode", wanted, |row| row.get::<_, String>(0));
        let result = result.map_err(StoreError::from);
        match result {
            Ok(mode) if mode == wanted => return Ok(()),
            // Changing the mode needs the file alone for a moment and does not wait for it by itself.
            Ok(_) | Err(StoreError::Busy) if waited < BUSY_TIMEOUT => {
                let pause = Duration::from_millis(20);
                std::thread::sleep(pause);
                waited += pause;
            }
            Ok(mode) => {
                let problem = format!("its journal mode stays `{mode}` instead of `{wanted}`");
                return Err(StoreError::Invalid { what: HISTORY_FILE.to_owned(), problem });
            }
            Err(error) => return Err(error),
        }
    }
}

/// What lives as long as the connection: who we are (for `runs::start`), and read-only until `write` says otherwise.
fn prepare_session(conn: &Connection, holder: &locks::Holder, root: &Path) -> Result<(), StoreError> {
    conn.execute_batch("CREATE TEMP TABLE session (holder TEXT NOT NULL)")?;
    conn.execute("INSERT INTO temp.session (holder) VALUES (?1)", [holder.token()])?;
    conn.pragma_update(None, "query_only", true)?;
    conn.set_prepared_statement_cache_capacity(128);
    tracing::debug!(workspace = %root.display(), "opened");
    Ok(())
}
