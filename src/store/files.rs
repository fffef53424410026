//! Files written so that they survive a power cut: temp file beside the target, fsync, rename, fsync of the folder.
//!
//! Also hashing while reading, and the stamp that tells whether a file changed in between.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::StoreError;
use crate::domain::ids::ContentHash;

/// The action named in errors of fsync; after one of them nothing more is written (StoreError::is_write_failure).
pub(super) const SYNC: &str = "flush to disk";

/// Bytes per read and per progress report.
pub(super) const CHUNK_BYTES: usize = 1 << 18;

/// Replaces `path` by `bytes`: after a crash the file holds either the old or the new content, whole. Keeps the
/// permissions of a file that is there.
pub fn atomic_write(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let temp = write_beside(path, bytes)?;
    temp.persist(path).map_err(|e| StoreError::io("write", path)(e.error))?;
    sync_folder(folder_of(path))
}

/// The same where nothing has the name yet. `Ok(false)`, and nothing changed, when something does; of several who try
/// at once, one creates it.
pub fn atomic_create(path: &Path, bytes: &[u8]) -> Result<bool, StoreError> {
    match write_beside(path, bytes)?.persist_noclobber(path) {
        Ok(_) => sync_folder(folder_of(path)).map(|()| true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(StoreError::io("create", path)(error.error)),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file that gets its name when it is complete; dropped before, it leaves nothing behind.
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
    temp: NamedTempFile,
}

impl Draft {
    /// For a file at `path`, whose folder must exist.
    pub fn at(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { path: path.to_owned(), temp: temp_beside(path)? })
    }

    /// Flushes the file and names it. `Ok(false)`, and nothing changed, when the name is taken and is not to be
    /// replaced.
    pub fn finish(self, replace: bool) -> Result<bool, StoreError> {
        let Self { path, temp } = self;
        sync_file(temp.as_file(), &path)?;
        if replace {
            temp.persist(&path).map_err(|e| StoreError::io("write", &path)(e.error))?;
        } else if let Err(error) = temp.persist_noclobber(&path) {
            return match error.error.kind() {
                io::ErrorKind::AlreadyExists => Ok(false),
                _ => Err(StoreError::io("create", &path)(error.error)),
            };
        }
        sync_folder(folder_of(&path)).map(|()| true)
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.temp.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.temp.flush()
    }
}

/// A flushed temp file in the folder of `path`, with the permissions that `path` has or would get.
fn write_beside(path: &Path, bytes: &[u8]) -> Result<NamedTempFile, StoreError> {
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(StoreError::io("create", folder))?;
    let mut temp = temp_beside(path)?;
    temp.write_all(bytes).map_err(StoreError::io("write", path))?;
    sync_file(temp.as_file(), path)?;
    Ok(temp)
}

fn temp_beside(path: &Path) -> Result<NamedTempFile, StoreError> {
    let folder = folder_of(path);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".modelwright-");
    // As if created by `File::create`: what the umask leaves, not the 0600 of temp files.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let temp = builder.tempfile_in(folder).map_err(StoreError::io("create a file in", folder))?;
    if let Ok(existing) = fs::metadata(path) {
        temp.as_file().set_permissions(existing.permissions()).map_err(StoreError::io("write", path))?;
    }
    Ok(temp)
}

pub(super) fn sync_file(file: &File, path: &Path) -> Result<(), StoreError> {
    file.sync_all().map_err(StoreError::io(SYNC, path))
}

/// Makes created and renamed entries of a folder durable.
#[cfg(unix)]
pub(super) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    match File::open(folder).and_then(|f| f.sync_all()) {
        // Some network file systems know no fsync for folders; there is nothing more to ask of them.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        result => result.map_err(StoreError::io(SYNC, folder)),
    }
}

/// Windows has no fsync for folders; NTFS journals renames.
#[cfg(not(unix))]
pub(super) fn sync_folder(_folder: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// Creates `folder` inside `parent` durably; a link in its place is refused.
pub(super) fn ensure_folder(parent: &Path, folder: &Path) -> Result<(), StoreError> {
    match fs::create_dir(folder) {
        Ok(()) => sync_folder(parent),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => require_folder(folder),
        Err(error) => Err(StoreError::io("create", folder)(error)),
    }
}

/// A real folder, not a link to one: a link could lead writes out of the workspace.
pub(super) fn require_folder(folder: &Path) -> Result<(), StoreError> {
    let meta = fs::symlink_metadata(folder).map_err(StoreError::io("read", folder))?;
    if meta.is_dir() {
        return Ok(());
    }
    Err(StoreError::not_a_workspace(
        folder,
        format!("it is {}, and a workspace keeps its files inside its folder", kind_of(&meta)),
    ))
}

/// What a directory entry is, for messages.
pub(super) fn kind_of(meta: &Metadata) -> &'static str {
    let kind = meta.file_type();
    if kind.is_dir() {
        "a folder"
    } else if kind.is_symlink() {
        "a link"
    } else if kind.is_file() {
        "a file"
    } else {
        "a pipe, socket or device"
    }
}

/// Opens a regular file, never a link or a pipe (opening a pipe would wait for a writer).
pub(super) fn open_regular(path: &Path) -> Result<File, StoreError> {
    let before = fs::symlink_metadata(path).map_err(StoreError::io("read", path))?;
    if !before.is_file() {
        return Err(StoreError::NotAFile { path: path.to_owned(), found: kind_of(&before) });
    }
    let file = File::open(path).map_err(StoreError::io("read", path))?;
    let opened = file.metadata().map_err(StoreError::io("read", path))?;
    if Stamp::of(&before) != Stamp::of(&opened) {
        return Err(StoreError::Changed { path: path.to_owned() });
    }
    Ok(file)
}

/// Identity and age of a file's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub bytes: u64,
    modified: Option<SystemTime>,
    /// Device, inode, and change time, which programs that reset the modification time cannot reset.
    #[cfg(unix)]
    inode: [i128; 4],
}

impl Stamp {
    pub fn of(meta: &Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        Self {
            bytes: meta.len(),
            modified: meta.modified().ok(),
            #[cfg(unix)]
            inode: [meta.dev().into(), meta.ino().into(), meta.ctime().into(), meta.ctime_nsec().into()],
        }
    }
}

/// Reads `from` to its end: hashes every byte, hands every chunk on, and returns hash and length.
pub(super) fn hash_while(
    from: &mut impl Read,
    from_path: &Path,
    mut chunk_read: impl FnMut(&[u8]) -> Result<(), StoreError>,
) -> Result<(ContentHash, u64), StoreError> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; CHUNK_BYTES];
    let mut total = 0;
    loop {
        let n = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(StoreError::io("read", from_path)(error)),
        };
        hasher.update(&buffer[..n]);
        total += n as u64;
        chunk_read(&buffer[..n])?;
    }
    Ok((ContentHash::from_bytes(&hasher.finalize().into()), total))
}

/// The hash of bytes that come piece by piece.
#[derive(Default)]
pub(super) struct Hasher(Sha256);

impl Hasher {
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub fn finish(self) -> ContentHash {
        ContentHash::from_bytes(&self.0.finalize().into())
    }
}

pub(super) fn hash_bytes(bytes: &[u8]) -> ContentHash {
    ContentHash::from_bytes(&Sha256::digest(bytes).into())
}

/// UTC milliseconds since 1970; a clock before that counts as 0.
pub(super) fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atomic_write_replaces_whole_files_and_leaves_no_temp_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/settings.json");
        atomic_write(&path, b"one").unwrap();
        atomic_write(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn atomic_create_leaves_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample.csv");
        assert!(atomic_create(&path, b"one").unwrap());
        assert!(!atomic_create(&path, b"two").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn hashes_as_sha256_does() {
        let (hash, bytes) = hash_while(&mut &b"abc"[..], Path::new("abc"), |_| Ok(())).unwrap();
        assert_eq!(hash.as_str(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!((bytes, hash_bytes(b"abc")), (3, hash));
    }
}
