//! What lies in a watched place, and whether its files are whole.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::domain::watch::{Entry, EntryKind, Watch, WatchKind, looks_whole};
use crate::domain::words::file_name;

/// The entries of a watched place; `None` when it is not there or cannot be read.
pub fn listing(watch: &Watch) -> Option<Vec<Entry>> {
    match watch.kind {
        WatchKind::Source => {
            let meta = fs::symlink_metadata(&watch.path).ok()?;
            Some(vec![entry(file_name(&watch.path), &meta)])
        }
        WatchKind::Folder => {
            if !fs::symlink_metadata(&watch.path).ok()?.is_dir() {
                return None;
            }
            let entries = fs::read_dir(&watch.path).ok()?.flatten();
            // One that vanished in between is not there.
            let mut all: Vec<Entry> = entries
                .filter_map(|e| {
                    let meta = e.metadata().ok()?;
                    Some(match e.file_name().into_string() {
                        Ok(name) => entry(name, &meta),
                        Err(name) => {
                            Entry { kind: EntryKind::Unnameable, ..entry(name.to_string_lossy().into_owned(), &meta) }
                        }
                    })
                })
                .collect();
            all.sort_by(|a, b| a.name.cmp(&b.name));
            Some(all)
        }
    }
}

fn entry(name: String, meta: &fs::Metadata) -> Entry {
    let kind = meta.file_type();
    let kind = if kind.is_file() {
        EntryKind::File
    } else if kind.is_dir() {
        EntryKind::Folder
    } else if kind.is_symlink() {
        EntryKind::Link
    } else {
        EntryKind::Special
    };
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(meta);
    #[cfg(not(unix))]
    let inode = 0;
    Entry { name, kind, bytes: meta.len(), modified_ms: meta.modified().map_or(0, ms), inode }
}

fn ms(at: SystemTime) -> i64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}

/// Half-written files wait: most formats tell by their end.
pub fn ends_well(folder: &Path, entry: &Entry) -> bool {
    let path = folder.join(&entry.name);
    let mut last = Vec::new();
    let read = File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(entry.bytes.saturating_sub(4)))?;
        file.take(4).read_to_end(&mut last)
    });
    // One that cannot be opened now may be later; what is wrong with it for good is told by reading it.
    let idle_ms = ms(SystemTime::now()) - entry.modified_ms;
    read.is_err() || looks_whole(&entry.name, entry.bytes, &last, idle_ms)
}
