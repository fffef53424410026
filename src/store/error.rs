//! What can go wrong in the store, in words that name the file or record and the next step.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::domain::io::Cancelled;
use crate::domain::run::RunStatus;

/// Any failure of the store. Causes are part of the message, so that printing the error alone is enough.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("could not {action} {}: {error}{}", path.display(), io_hint(error))]
    Io { action: &'static str, path: PathBuf, error: io::Error },

    #[error("the history could not be read or written: {0}")]
    Sqlite(rusqlite::Error),

    #[error("another program has been writing to this workspace for more than 5 seconds; try again")]
    Busy,

    #[error("the workspace is read-only; check the permissions of its folder and of the files in it, or copy it")]
    ReadOnly,

    #[error("the disk of the workspace is full; free some space and try again")]
    DiskFull,

    #[error("there is no workspace in {}; import a file there first, or check the path", path.display())]
    NoWorkspace { path: PathBuf },

    #[error("{} is not a Modelwright workspace: {reason}", path.display())]
    NotAWorkspace { path: PathBuf, reason: String },

    #[error(
        "{} was written by a newer Modelwright (history version {found}, this one knows {known}); \
         nothing was changed, open it with the newer program", path.display()
    )]
    Newer { path: PathBuf, found: i64, known: i64 },

    #[error("SQLite {found} is too old: versions before 3.51.3 can corrupt a history that two programs use")]
    OldSqlite { found: &'static str },

    #[error("the history could not be upgraded from version {from} to {to}: {problem}; nothing was changed{}",
            backup.as_ref().map(|b| format!(", a copy is in {}", b.display())).unwrap_or_default())]
    Migration { from: i64, to: i64, problem: String, backup: Option<PathBuf> },

    #[error("there is no {what}")]
    NotFound { what: String },

    #[error("{what} is damaged: {problem}; `modelwright verify` lists everything that is")]
    Damaged { what: String, problem: String },

    #[error("{} changed while being read; wait until nothing writes to it and try again", path.display())]
    Changed { path: PathBuf },

    #[error("{} is {found}, not a file", path.display())]
    NotAFile { path: PathBuf, found: &'static str },

    #[error("{what} cannot be stored: {problem}")]
    Invalid { what: String, problem: String },

    /// Something that must stay was to be deleted.
    #[error("{what}")]
    Needed { what: String },

    #[error("there is already a dataset named `{name}`; choose another name")]
    NameTaken { name: String },

    #[error("run {run} already ended ({})", status.as_str())]
    RunEnded { run: i64, status: RunStatus },

    #[error(
        "the disk reported a failed write earlier, so this workspace takes no more changes until it is reopened; \
         check the disk and run `modelwright verify`"
    )]
    Suspect,

    #[error("the workspace was used again from within one of its own transactions")]
    Nested,

    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        let damaged = |error: E| Self::damaged(super::HISTORY_FILE, error.to_string());
        // The log's shared-memory file grows when a history is opened, even for reading.
        if error.sqlite_error().is_some_and(|e| e.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE) {
            return Self::DiskFull;
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::ReadOnly) => Self::ReadOnly,
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => damaged(error),
            _ => match error {
                // Tables are STRICT: a value of another type than asked for was not written by us.
                E::FromSqlConversionFailure(..) | E::InvalidColumnType(..) => damaged(error),
                E::IntegralValueOutOfRange(..) | E::Utf8Error(..) => damaged(error),
                other => Self::Sqlite(other),
            },
        }
    }
}

impl StoreError {
    /// For `map_err`: what was being done (an infinitive, "read") to which path.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io { action, path: path.to_owned(), error }
    }

    pub(super) fn damaged(what: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Damaged { what: what.into(), problem: problem.into() }
    }

    pub(super) fn not_a_workspace(path: &Path, reason: impl Into<String>) -> Self {
        Self::NotAWorkspace { path: path.to_owned(), reason: reason.into() }
    }

    /// Did the disk fail in a way after which nothing written since can be trusted?
    pub(super) fn is_write_failure(&self) -> bool {
        match self {
            Self::Sqlite(error) => error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure),
            Self::Io { action, error, .. } => *action == super::files::SYNC && error.kind() != io::ErrorKind::NotFound,
            _ => false,
        }
    }
}

fn io_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; free some space and try again",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; check the permissions of it and of its folder"
        }
        _ => "",
    }
}
