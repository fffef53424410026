//! Object files: bytes under the name of their own hash, written once, never changed.
//!
//! An object is complete or absent: written to `tmp/`, flushed, renamed, folder flushed. Bytes are hashed again before
//! use (one flipped bit in a Parquet file can read back as different numbers without any error). User files are
//! copied, never moved, linked or changed.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::{NamedTempFile, TempPath};

use super::files::{self, Hasher, Stamp};
use super::{StoreError, Workspace, calm, locks};
use crate::domain::ids::ContentHash;
use crate::domain::io::JobIo;

pub(super) const FOLDER: &str = "objects";
pub(super) const TEMP_FOLDER: &str = "tmp";

/// A file as it was copied into `tmp/`: whole, unchanged while it was read, not an object yet. Gone when dropped.
#[derive(Debug)]
pub struct Staged {
    pub hash: ContentHash,
    pub bytes: u64,
    temp: NamedTempFile,
}

impl Staged {
    /// Where the copy is.
    pub fn path(&self) -> &Path {
        self.temp.path()
    }
}

/// A source file as it was copied into the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub hash: ContentHash,
    pub bytes: u64,
    /// The workspace did not hold these bytes yet.
    pub new: bool,
}

/// Bytes of a document after which it is written to a file as it comes: a forest is hundreds of megabytes of text, which
/// should not be in memory beside it.
const SINK_BYTES: usize = 1 << 20;

/// Where a document goes while it is put into words.
struct Sink<'a> {
    workspace: &'a Workspace,
    bytes: Vec<u8>,
    /// What was written before `bytes`.
    file: Option<(NamedTempFile, Hasher)>,
    /// What `Write` cannot tell.
    refused: Option<StoreError>,
}

impl Sink<'_> {
    fn spill(&mut self) -> Result<(), StoreError> {
        let (temp, hasher) = match &mut self.file {
            Some(file) => file,
            none => {
                self.workspace.require_sound()?;
                none.insert((temp_file(&self.workspace.root, &self.workspace.holder)?, Hasher::default()))
            }
        };
        temp.write_all(&self.bytes).map_err(StoreError::io("write", temp.path()))?;
        hasher.add(&self.bytes);
        self.bytes.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<ContentHash, StoreError> {
        if self.file.is_some() {
            self.spill()?;
        }
        let Some((temp, hasher)) = self.file else { return self.workspace.put_bytes(&self.bytes) };
        let hash = hasher.finish();
        if !self.workspace.holds(&hash)? {
            self.workspace.place(temp, &hash)?;
        }
        Ok(hash)
    }
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= SINK_BYTES
            && let Err(error) = self.spill()
        {
            let text = error.to_string();
            self.refused = Some(error);
            return Err(std::io::Error::other(text));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Workspace {
    /// Stores `bytes` durably.
    pub fn put_bytes(&self, bytes: &[u8]) -> Result<ContentHash, StoreError> {
        self.require_sound()?;
        let hash = files::hash_bytes(bytes);
        if self.holds(&hash)? {
            return Ok(hash);
        }
        let mut temp = temp_file(&self.root, &self.holder)?;
        temp.write_all(bytes).map_err(StoreError::io("write", temp.path()))?;
        self.place(temp, &hash)?;
        Ok(hash)
    }

    /// Stores a document as JSON.
    pub fn put_json<T: Serialize>(&self, value: &T) -> Result<ContentHash, StoreError> {
        let mut sink = Sink { workspace: self, bytes: Vec::new(), file: None, refused: None };
        if let Err(error) = serde_json::to_writer(&mut sink, value) {
            return Err(sink.refused.unwrap_or_else(|| StoreError::Invalid {
                what: std::any::type_name::<T>().to_owned(),
                problem: error.to_string(),
            }));
        }
        sink.finish()
    }

    /// Copies a file into the objects: [`Self::stage_file`] and [`Self::keep`].
    pub fn snapshot_file(&self, source: &Path, io: &dyn JobIo) -> Result<Snapshot, StoreError> {
        self.keep(self.stage_file(source, io)?)
    }

    /// Copies a file aside, hashing on the way, so that whatever is read afterwards cannot change. Regular files only
    /// (a link to one is followed); fails with [`StoreError::Changed`] when the file was written to meanwhile. Reports
    /// progress and stops on cancellation.
    pub fn stage_file(&self, source: &Path, io: &dyn JobIo) -> Result<Staged, StoreError> {
        self.stage_seen(source, io, &mut |_| ())
    }

    /// [`Self::stage_file`] that shows every byte to `see` on the way.
    pub fn stage_seen(&self, source: &Path, io: &dyn JobIo, see: &mut dyn FnMut(&[u8])) -> Result<Staged, StoreError> {
        self.require_sound()?;
        let real = fs::canonicalize(source).map_err(StoreError::io("read", source))?;
        let mut from = files::open_regular(&real)?;
        let stamp_of = |meta: std::io::Result<fs::Metadata>| meta.ok().map(|m| Stamp::of(&m));
        let before = stamp_of(from.metadata()).ok_or_else(|| StoreError::Changed { path: source.to_owned() })?;
        let phase = format!("Copying {}", source.file_name().unwrap_or(source.as_os_str()).to_string_lossy());
        io.progress(&phase, Some(0.0))?;

        let mut temp = temp_file(&self.root, &self.holder)?;
        let mut done = 0_u64;
        let (hash, bytes) = files::hash_while(&mut from, source, |chunk| {
            done += chunk.len() as u64;
            if done > before.bytes {
                // Growing; possibly for ever.
                return Err(StoreError::Changed { path: source.to_owned() });
            }
            temp.write_all(chunk).map_err(StoreError::io("write", temp.path()))?;
            see(chunk);
            Ok(io.progress(&phase, Some((done as f64 / before.bytes.max(1) as f64).min(1.0)))?)
        })?;
        // The open file and whatever its path leads to now: a replaced file changes only the second.
        let unchanged = stamp_of(from.metadata()).as_ref() == Some(&before)
            && stamp_of(fs::metadata(source)).as_ref() == Some(&before)
            && bytes == before.bytes;
        if !unchanged {
            return Err(StoreError::Changed { path: source.to_owned() });
        }
        Ok(Staged { hash, bytes, temp })
    }

    /// Makes a staged file an object.
    pub fn keep(&self, staged: Staged) -> Result<Snapshot, StoreError> {
        let Staged { hash, bytes, temp } = staged;
        self.require_sound()?;
        let new = !self.holds(&hash)?;
        if new {
            self.place(temp, &hash)?;
        }
        Ok(Snapshot { hash, bytes, new })
    }

    /// An empty file inside the workspace for someone else to fill by path; removed when dropped. [`Self::adopt`] it.
    pub fn temp_path(&self) -> Result<TempPath, StoreError> {
        self.require_sound()?;
        Ok(temp_file(&self.root, &self.holder)?.into_temp_path())
    }

    /// Makes a filled temp file an object.
    pub fn adopt(&self, temp: TempPath) -> Result<ContentHash, StoreError> {
        self.require_sound()?;
        files::open_regular(&temp)?;
        // For writing, because Windows flushes no file opened for reading.
        let mut file = File::options().read(true).write(true).open(&temp).map_err(StoreError::io("open", &temp))?;
        let (hash, _) = files::hash_while(&mut file, &temp, |_| Ok(()))?;
        if !self.holds(&hash)? {
            self.place(NamedTempFile::from_parts(file, temp), &hash)?;
        }
        Ok(hash)
    }

    /// The same for a file that was hashed while this process wrote it; it is not read again.
    pub fn adopt_hashed(&self, temp: TempPath, hash: &ContentHash) -> Result<(), StoreError> {
        self.require_sound()?;
        files::open_regular(&temp)?;
        let file = File::options().read(true).write(true).open(&temp).map_err(StoreError::io("open", &temp))?;
        if !self.holds(hash)? {
            self.place(NamedTempFile::from_parts(file, temp), hash)?;
        }
        Ok(())
    }

    /// Where the object is or would be. Does not look; see [`Self::verified_object`].
    pub fn object_path(&self, hash: &ContentHash) -> PathBuf {
        let (shard, name) = hash.as_str().split_at(2);
        self.root.join(FOLDER).join(shard).join(name)
    }

    /// The path of an object whose bytes are right. They are hashed once per handle, and again when the file changed.
    pub fn verified_object(&self, hash: &ContentHash) -> Result<PathBuf, StoreError> {
        let path = self.object_path(hash);
        let known = calm(&self.verified).get(hash).cloned();
        let folder_is_ours = path.parent().is_some_and(|shard| files::require_folder(shard).is_ok());
        let now = fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_file).map(|m| Stamp::of(&m));
        if !folder_is_ours || now.is_none() || now != known {
            let stamp = self.check_object(hash, |_| Ok(()))?;
            calm(&self.verified).insert(hash.clone(), stamp);
        }
        Ok(path)
    }

    /// The bytes of an object, checked.
    pub fn read_object(&self, hash: &ContentHash) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        self.check_object(hash, |chunk| {
            bytes.extend_from_slice(chunk);
            Ok(())
        })?;
        Ok(bytes)
    }

    /// A document stored by [`Self::put_json`].
    pub fn read_json<T: DeserializeOwned>(&self, hash: &ContentHash) -> Result<T, StoreError> {
        serde_json::from_slice(&self.read_object(hash)?).map_err(|error| {
            StoreError::damaged(object_name(hash), format!("it is not the expected document: {error}"))
        })
    }

    /// Copies an object's bytes to `out`, hashing on the way; returns how many. On an error what `out` got is worth
    /// nothing.
    pub fn copy_object(&self, hash: &ContentHash, out: &mut dyn Write, io: &dyn JobIo) -> Result<u64, StoreError> {
        let path = self.object_path(hash);
        let total = fs::metadata(&path).map_or(1, |m| m.len()).max(1);
        let mut done = 0;
        self.check_object(hash, |chunk| {
            out.write_all(chunk).map_err(StoreError::io("write the copy of", &path))?;
            done += chunk.len() as u64;
            Ok(io.progress("Copying", Some((done as f64 / total as f64).min(1.0)))?)
        })?;
        Ok(done)
    }

    /// Reads an object to its end, handing its chunks on, and fails with `Damaged` unless it is what its name says.
    pub(super) fn check_object(
        &self,
        hash: &ContentHash,
        chunk_read: impl FnMut(&[u8]) -> Result<(), StoreError>,
    ) -> Result<Stamp, StoreError> {
        let path = self.object_path(hash);
        let opened = path.parent().map_or(Ok(()), files::require_folder).and_then(|()| files::open_regular(&path));
        let mut file = opened.map_err(|error| match error {
            StoreError::Io { error, .. } if error.kind() == std::io::ErrorKind::NotFound => {
                StoreError::damaged(object_name(hash), "its file is missing")
            }
            StoreError::NotAFile { found, .. } => StoreError::damaged(object_name(hash), format!("it is {found}")),
            StoreError::NotAWorkspace { .. } => StoreError::damaged(object_name(hash), "its folder is a link"),
            other => other,
        })?;
        let stamp = Stamp::of(&file.metadata().map_err(StoreError::io("read", &path))?);
        let (found, _) = files::hash_while(&mut file, &path, chunk_read)?;
        if found != *hash {
            return Err(StoreError::damaged(object_name(hash), format!("its bytes hash to {}", found.short())));
        }
        Ok(stamp)
    }

    /// Is a good copy there already, durably? A damaged one counts as absent and gets replaced.
    fn holds(&self, hash: &ContentHash) -> Result<bool, StoreError> {
        match self.verified_object(hash) {
            Ok(path) => {
                // The one who renamed it there may not have flushed the folder yet.
                let synced = path.parent().map_or(Ok(()), files::sync_folder);
                self.noting_failures(synced).map(|()| true)
            }
            Err(StoreError::Damaged { .. }) => Ok(false),
            Err(other) => Err(other),
        }
    }

    pub(super) fn place(&self, temp: NamedTempFile, hash: &ContentHash) -> Result<(), StoreError> {
        let objects = self.root.join(FOLDER);
        let path = self.object_path(hash);
        let shard = path.parent().unwrap_or(&objects);
        let placed = (|| {
            files::sync_file(temp.as_file(), temp.path())?;
            files::require_folder(&objects)?;
            files::ensure_folder(&objects, shard)?;
            let file = temp.persist(&path).map_err(|e| StoreError::io("write", &path)(e.error))?;
            files::sync_folder(shard)?;
            Ok(Stamp::of(&file.metadata().map_err(StoreError::io("read", &path))?))
        })();
        let stamp = self.noting_failures(placed)?;
        calm(&self.verified).insert(hash.clone(), stamp);
        Ok(())
    }
}

pub(super) fn object_name(hash: &ContentHash) -> String {
    format!("object {hash}")
}

/// `tmp/<token>.<random>`: the token tells the sweep whose it is.
pub(super) fn temp_file(root: &Path, holder: &locks::Holder) -> Result<NamedTempFile, StoreError> {
    let folder = root.join(TEMP_FOLDER);
    files::require_folder(&folder)?;
    let prefix = format!("{}.", holder.token());
    tempfile::Builder::new()
        .prefix(&prefix)
        .rand_bytes(12)
        .tempfile_in(&folder)
        .map_err(StoreError::io("create a file in", &folder))
}
