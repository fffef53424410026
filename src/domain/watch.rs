//! Watched places: which files of a listing are new, whole and ours to take.
//!
//! Events of the file system are hints; what counts is a listing, compared with the one before it and with what was
//! taken already. All rules here are pure: listings come in, decisions go out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ids::WatchId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WatchKind {
    /// The file a dataset was read from.
    Source,
    /// A folder whose files each become a version.
    Folder,
}

impl WatchKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Folder => "folder",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        [Self::Source, Self::Folder].into_iter().find(|k| k.as_str() == word)
    }
}

/// What happens with something new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WatchPolicy {
    /// Tell, and wait to be asked.
    Offer,
    /// Make a version.
    Import,
    /// The files of a folder are one dataset: make a version with the rows of all of them.
    Append,
}

impl WatchPolicy {
    pub const ALL: [Self; 3] = [Self::Offer, Self::Import, Self::Append];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Offer => "offer",
            Self::Import => "import",
            Self::Append => "append",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == word)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    pub id: WatchId,
    pub kind: WatchKind,
    pub path: PathBuf,
    /// The dataset that gets the versions.
    pub dataset: String,
    pub policy: WatchPolicy,
    pub created_at_ms: i64,
}

/// A watch and how it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WatchView {
    #[serde(flatten)]
    pub watch: Watch,
    /// The file or folder is there.
    pub present: bool,
    /// Files that became versions, or already were.
    pub taken: u64,
    /// New contents that wait to be asked for.
    pub offered: u64,
    /// Files that could not be read, with the reason; tried again once they change. The latest hundred.
    pub problems: Vec<(String, String)>,
    pub n_problems: u64,
}

/// What one look at a watched place did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Collected {
    pub watch: WatchId,
    pub path: PathBuf,
    pub dataset: String,
    /// It is not there; the next look may find it.
    pub missing: bool,
    /// Files that became versions now.
    pub taken: u64,
    /// Files whose content already was a version.
    pub same: u64,
    /// Contents newly offered.
    pub offered: u64,
    /// Files that could not be read, with the reason.
    pub problems: Vec<(String, String)>,
    /// Files still being written.
    pub waiting: u64,
    /// What is no file to take, with the reason.
    pub skipped: Vec<(String, String)>,
    /// There is more than was allowed at once.
    pub more: bool,
}

/// What a directory entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    File,
    Folder,
    Link,
    /// A pipe, socket or device.
    Special,
    /// Its name is no Unicode text.
    Unnameable,
}

/// One entry of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The file's name in its folder.
    pub name: String,
    pub kind: EntryKind,
    pub bytes: u64,
    pub modified_ms: i64,
    /// 0 where the system has none.
    pub inode: u64,
}

/// What was seen of a file when it was last decided on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    pub bytes: u64,
    pub modified_ms: i64,
}

/// A listing sorted out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sorted {
    /// New or changed, and the same in two listings: by name.
    pub ready: Vec<Entry>,
    /// Seen for the first time, or still changing.
    pub waiting: Vec<String>,
    pub skipped: Vec<(String, String)>,
}

/// Decides on every entry of `now`. `before` is a listing made at least a second earlier.
pub fn sort_out(before: &[Entry], now: &[Entry], known: &BTreeMap<String, Known>) -> Sorted {
    let earlier: BTreeMap<&str, &Entry> = before.iter().map(|e| (e.name.as_str(), e)).collect();
    let mut sorted = Sorted::default();
    for entry in now {
        if let Some(reason) = reason_to_skip(entry) {
            sorted.skipped.push((entry.name.clone(), reason.to_owned()));
        } else if !is_temporary(&entry.name) && is_new(entry, known) {
            match earlier.get(entry.name.as_str()) {
                Some(same) if *same == entry => sorted.ready.push(entry.clone()),
                _ => sorted.waiting.push(entry.name.clone()),
            }
        }
    }
    sorted.ready.sort_by(|a, b| a.name.cmp(&b.name));
    sorted.waiting.sort();
    sorted.skipped.sort();
    sorted
}

/// Is there anything in the listing that was not decided on?
pub fn anything_new(now: &[Entry], known: &BTreeMap<String, Known>) -> bool {
    now.iter().any(|e| e.kind == EntryKind::File && !is_temporary(&e.name) && is_new(e, known))
}

fn is_new(entry: &Entry, known: &BTreeMap<String, Known>) -> bool {
    known.get(&entry.name) != Some(&Known { bytes: entry.bytes, modified_ms: entry.modified_ms })
}

fn reason_to_skip(entry: &Entry) -> Option<&'static str> {
    match entry.kind {
        EntryKind::File => None,
        EntryKind::Folder => Some("a folder; watch it by itself"),
        EntryKind::Link => Some("a link; links are not followed"),
        EntryKind::Special => Some("a pipe, socket or device"),
        EntryKind::Unnameable => Some("its name is no valid Unicode; rename it"),
    }
}

/// Names that programs give to files they are still writing, and hidden ones.
pub fn is_temporary(name: &str) -> bool {
    const SUFFIXES: [&str; 9] =
        [".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".swp", ".swx", ".filepart"];
    let lower = name.to_lowercase();
    lower.starts_with('.') || lower.ends_with('~') || SUFFIXES.iter().any(|s| lower.ends_with(s))
}

/// Milliseconds after which a file that does not end like a whole one is tried anyway: its writer has stopped.
pub const SETTLED_MS: i64 = 10_000;

/// Does the file end as a whole one does? `last` are its last bytes, at least four where it has them; `idle_ms` is the
/// time since it was last written to.
pub fn looks_whole(name: &str, bytes: u64, last: &[u8], idle_ms: i64) -> bool {
    let lower = name.to_lowercase();
    if lower.ends_with(".parquet") || lower.ends_with(".pq") {
        // Written last: a Parquet file without its footer is none.
        return (bytes >= 12 && last.ends_with(b"PAR1")) || idle_ms >= SETTLED_MS;
    }
    let text = [".csv", ".tsv", ".txt", ".ndjson", ".jsonl"].iter().any(|end| lower.ends_with(end));
    if bytes == 0 || text && !matches!(last.last(), Some(b'\n' | b'\r')) {
        return idle_ms >= SETTLED_MS;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, bytes: u64, modified_ms: i64) -> Entry {
        Entry { name: name.into(), kind: EntryKind::File, bytes, modified_ms, inode: 1 }
    }

    fn names(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|e| e.name.as_str()).collect()
    }

    #[test]
    fn a_file_is_ready_once_two_listings_agree() {
        let (growing, done) = (file("b.csv", 10, 5), file("a.csv", 7, 5));
        let known = BTreeMap::new();
        let sorted = sort_out(&[growing.clone(), done.clone()], &[file("b.csv", 20, 6), done.clone()], &known);
        assert_eq!((names(&sorted.ready), &sorted.waiting[..]), (vec!["a.csv"], &["b.csv".to_owned()][..]));
        assert_eq!(sort_out(&[], std::slice::from_ref(&done), &known).waiting, ["a.csv"]);
        let replaced = Entry { inode: 2, ..done.clone() };
        assert_eq!(sort_out(&[done], &[replaced], &known).waiting, ["a.csv"], "another file of the same size");
    }

    #[test]
    fn what_was_decided_on_is_new_only_when_it_changes() {
        let listing = [file("a.csv", 7, 5), file("b.csv", 7, 9)];
        let known = BTreeMap::from([
            ("a.csv".to_owned(), Known { bytes: 7, modified_ms: 5 }),
            ("b.csv".to_owned(), Known { bytes: 7, modified_ms: 5 }),
        ]);
        assert_eq!(names(&sort_out(&listing, &listing, &known).ready), ["b.csv"]);
        assert!(anything_new(&listing, &known) && !anything_new(&listing[..1], &known));
    }

    #[test]
    fn links_pipes_folders_and_files_under_way_are_left() {
        let of = |name: &str, kind| Entry { kind, ..file(name, 1, 1) };
        let listing = [
            of("link.csv", EntryKind::Link),
            of("pipe", EntryKind::Special),
            of("deep", EntryKind::Folder),
            file("x.csv.part", 1, 1),
            file(".hidden.csv", 1, 1),
            file("y.csv~", 1, 1),
            file("z.CRDOWNLOAD", 1, 1),
        ];
        let sorted = sort_out(&listing, &listing, &BTreeMap::new());
        assert_eq!((sorted.ready.len(), sorted.waiting.len(), sorted.skipped.len()), (0, 0, 3));
        assert!(sorted.skipped[1].1.contains("link"));
    }

    #[test]
    fn a_half_written_file_does_not_look_whole() {
        let cases: [(&str, u64, &[u8], i64, bool); 8] = [
            ("a.csv", 9, b"1,2\n", 0, true),
            ("a.csv", 9, b"1,2", 0, false),
            ("a.csv", 9, b"1,2", SETTLED_MS, true),
            ("a.parquet", 400, b"PAR1", 0, true),
            ("a.parquet", 400, b"xxxx", 0, false),
            ("a.parquet", 4, b"PAR1", 0, false),
            ("a.xlsx", 400, b"zzzz", 0, true),
            ("a.xlsx", 0, b"", 0, false),
        ];
        for (name, bytes, last, idle, expected) in cases {
            assert_eq!(looks_whole(name, bytes, last, idle), expected, "{name} {last:?} {idle}");
        }
    }
}
