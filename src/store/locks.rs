//! Who is alive: lock files that the operating system releases when a process dies, however it dies.
//!
//! Every open workspace holds `locks/holder-<token>.lock` from before its first write to its end, and signs the runs it
//! starts and the temp files it makes with the token. So there is no moment in which a live run looks abandoned.
//! A lock file appears under its name only once it is locked; whoever can lock it may take its owner for dead.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::StoreError;

pub(super) const FOLDER: &str = "locks";
const HOLDER: &str = "holder-";
const SUFFIX: &str = ".lock";
/// Before it is locked.
const NEW: &str = "new-";

/// The lock of one open workspace; gone when dropped.
#[derive(Debug)]
pub(super) struct Holder {
    token: String,
    path: PathBuf,
    _file: File,
}

impl Holder {
    pub fn register(locks: &Path) -> Result<Self, StoreError> {
        let (file, temp) = locked_file(locks)?;
        let name = temp.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let token = name.strip_prefix(NEW).unwrap_or(name).to_owned();
        let path = holder_path(locks, &token);
        temp.persist_noclobber(&path).map_err(|e| StoreError::io("create", &path)(e.error))?;
        Ok(Self { token, path, _file: file })
    }

    pub fn token(&self) -> &str {
        &self.token
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // A leftover is removed by the next sweep.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn locked_file(locks: &Path) -> Result<(File, tempfile::TempPath), StoreError> {
    let temp = tempfile::Builder::new()
        .prefix(NEW)
        .rand_bytes(20)
        .tempfile_in(locks)
        .map_err(StoreError::io("create a lock in", locks))?;
    let (file, path) = temp.into_parts();
    match file.try_lock() {
        Ok(()) => Ok((file, path)),
        // Without locks nobody is ever taken for dead (`is_free` says no), which loses nothing.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok((file, path)),
        Err(error) => Err(StoreError::io("lock", &path)(error.into())),
    }
}

/// Is the owner of this lock file gone? Missing counts as gone, anything doubtful as alive.
fn is_free(path: &Path) -> bool {
    match File::open(path) {
        Ok(file) => file.try_lock().is_ok(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

fn holder_path(locks: &Path, token: &str) -> PathBuf {
    locks.join(format!("{HOLDER}{token}{SUFFIX}"))
}

pub(super) fn holder_is_gone(locks: &Path, token: &str) -> bool {
    // A token is a file name's part; anything else was not written by us and owns nothing.
    !token.bytes().all(|b| b.is_ascii_alphanumeric()) || is_free(&holder_path(locks, token))
}

/// Removes lock files whose owners are gone. Call when no running run needs them as evidence.
pub(super) fn remove_free(locks: &Path) {
    let Ok(entries) = std::fs::read_dir(locks) else { return };
    for path in entries.flatten().map(|e| e.path()) {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let shown = name.ends_with(SUFFIX) && name.starts_with(HOLDER);
        // Not yet locked for an instant in a healthy process, for ever in one that died in that instant.
        let forgotten = name.starts_with(NEW) && is_older_than_an_hour(&path);
        if (shown || forgotten) && is_free(&path) {
            let _ = std::fs::remove_file(&path);
        }
    }
}

fn is_older_than_an_hour(path: &Path) -> bool {
    let age = std::fs::metadata(path).and_then(|m| m.modified()).ok().and_then(|t| t.elapsed().ok());
    age.is_some_and(|age| age.as_secs() > 3600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_is_alive_until_it_is_dropped() {
        let locks = tempfile::tempdir().unwrap();
        let holder = Holder::register(locks.path()).unwrap();
        let token = holder.token().to_owned();
        assert!(!holder_is_gone(locks.path(), &token));
        remove_free(locks.path());
        assert!(!holder_is_gone(locks.path(), &token));
        drop(holder);
        assert!(holder_is_gone(locks.path(), &token));
    }

    #[test]
    fn a_token_from_outside_is_no_path() {
        let locks = tempfile::tempdir().unwrap();
        assert!(holder_is_gone(locks.path(), "../../etc/passwd"));
    }
}
