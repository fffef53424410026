//! The workspace: a folder that holds everything, and the only place with SQL.
//!
//! ```text
//! history.sqlite   what happened: datasets, checks, runs, models, bundles, drift reports, activity, settings
//! objects/ab/cdef… what it happened with: files named by the SHA-256 of their bytes, written once
//! bin/             objects of what was deleted, until the bin is emptied
//! locks/           who is alive (locks.rs)        tmp/   files being written
//! backup-v…        copies made before the history's shape changed
//! ```
//!
//! Invariants: an object is durable before a row names it, a row is durable before anyone is told; an object's bytes
//! are hashed again before they are used; records are sealed with a digest; no path is stored, so that the folder can
//! be moved. Tables, models and reports are opaque here: their meaning lives in `domain`, their making in `lifecycle`.
//!
//! Functions that write take a [`Tx`] ("part of something larger"), functions that read a `Connection`:
//!
//! ```ignore
//! let hash = workspace.put_json(&model)?;
//! workspace.write(|tx| { runs::finish(tx, id, &result)?; activity::append(tx, &event) })?;
//! ```

mod error;
mod files;
pub mod groups;
mod locks;
mod migrations;
mod mount;
mod objects;
mod open;
mod records;
mod sql;
mod sweep;
mod verify;

pub mod activity;
pub mod bin;
pub mod branches;
pub mod bundles;
pub mod catalogue;
pub mod checks;
pub mod datasets;
pub mod drift;
pub mod gates;
pub mod labels;
pub mod recent;
pub mod remembered;
pub mod runs;
pub mod settings;
pub mod sign_offs;
pub mod split_checks;
pub mod storage;
pub mod suites;
pub mod tags;
pub mod watches;

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use rusqlite::{Connection, TransactionBehavior};

pub use self::error::StoreError;
pub use self::files::{Draft, atomic_create, atomic_write};
pub use self::migrations::LATEST;
pub use self::objects::{Snapshot, Staged};
pub use self::verify::{Damage, VerifyReport};
use crate::domain::ids::ContentHash;

/// Whatever can be read from; a transaction is one, too.
pub type Reader = rusqlite::Connection;

/// An open write transaction.
pub type Tx<'a> = rusqlite::Transaction<'a>;

pub(crate) const HISTORY_FILE: &str = "history.sqlite";

/// An open workspace. Share it by reference or `Arc`; several processes may have the same one open.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
    conn: Mutex<Connection>,
    /// The thread inside `read` or `write`, to turn a deadlock into an error.
    owner: Mutex<Option<ThreadId>>,
    /// Objects that this handle hashed and found right, by what their files looked like then.
    verified: Mutex<BTreeMap<ContentHash, files::Stamp>>,
    /// Set after a failed flush: what the disk holds is unknown from then on.
    suspect: AtomicBool,
    holder: locks::Holder,
    /// Rows written while opening, of which nobody else sees any.
    changes_at_open: u64,
}

impl Workspace {
    /// Opens the workspace in `root`, creating it when the folder is absent or empty. Refuses folders and databases
    /// that are not ours and histories of a newer version, and leaves those untouched.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        open::open(root, open::IfAbsent::Create)
    }

    /// Opens the workspace in `root`; fails with [`StoreError::NoWorkspace`] when there is none.
    pub fn open_existing(root: &Path) -> Result<Self, StoreError> {
        open::open(root, open::IfAbsent::Fail)
    }

    /// The folder, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Runs queries that see one unchanging state of the history.
    pub fn read<T>(&self, f: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut conn = self.lock()?;
        let tx = conn.transaction()?;
        let value = f(&tx)?;
        tx.commit()?;
        Ok(value)
    }

    /// Runs `f` in a write transaction: all of it happens, durably, or (on any error or panic) nothing.
    pub fn write<T>(&self, f: impl FnOnce(&Tx) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.require_sound()?;
        let mut conn = self.lock()?;
        conn.pragma_update(None, "query_only", false)?;
        let result = self.noting_failures(write_in(&mut conn, |tx| {
            let value = f(tx)?;
            self.keep_what_is_needed(tx)?;
            Ok(value)
        }));
        conn.pragma_update(None, "query_only", true)?;
        result
    }

    /// Changes whenever another handle or process committed something.
    pub fn data_version(&self) -> Result<i64, StoreError> {
        Ok(self.lock()?.pragma_query_value(None, "data_version", |row| row.get(0))?)
    }

    fn lock(&self) -> Result<Guard<'_>, StoreError> {
        let me = thread::current().id();
        if *calm(&self.owner) == Some(me) {
            return Err(StoreError::Nested);
        }
        let conn = calm(&self.conn);
        *calm(&self.owner) = Some(me);
        Ok(Guard { conn, owner: &self.owner })
    }

    fn require_sound(&self) -> Result<(), StoreError> {
        if self.suspect.load(Ordering::Acquire) { Err(StoreError::Suspect) } else { Ok(()) }
    }

    /// Remembers a failed flush. Trying it again could succeed without the data being on disk.
    fn noting_failures<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if result.as_ref().is_err_and(StoreError::is_write_failure) {
            tracing::error!(workspace = %self.root.display(), "the disk failed to keep a write; no more changes");
            self.suspect.store(true, Ordering::Release);
        }
        result
    }
}

fn write_in<T>(conn: &mut Connection, f: impl FnOnce(&Tx) -> Result<T, StoreError>) -> Result<T, StoreError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = f(&tx)?;
    tx.commit()?;
    Ok(value)
}

impl Drop for Workspace {
    fn drop(&mut self) {
        let conn = self.conn.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Emptying the log looks like a change to everybody else: who only read leaves it alone, or a window would
        // look again for ever, as each of its looks is another process.
        if conn.total_changes() == self.changes_at_open {
            return;
        }
        // Best effort: whoever is still reading keeps the log, and closes it later. Not worth a wait.
        let _ = conn.busy_timeout(std::time::Duration::ZERO);
        let _ = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}

/// A panic while the lock was held is no reason to refuse: the transaction rolled back while unwinding.
fn calm<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The connection, and the note of who holds it.
struct Guard<'a> {
    conn: MutexGuard<'a, Connection>,
    owner: &'a Mutex<Option<ThreadId>>,
}

impl Deref for Guard<'_> {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        &self.conn
    }
}

impl DerefMut for Guard<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.conn
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        *calm(self.owner) = None;
    }
}
