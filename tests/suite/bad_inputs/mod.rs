//! Bad inputs B01–B67: every file that has broken a table reader somewhere, made in code, imported by the real program
//! in its worker process. Each has an outcome (its table, cell by cell, or a refusal) and a message that names the
//! file, the place and the next step. Some are fine and prove that the program does not refuse too much.

mod containers;
mod damage;
mod encodings;
mod foreign;
mod nothing;
mod rows;
mod values;
mod workbooks;

use std::path::PathBuf;

use modelwright::data::parquet;
use modelwright::domain::dataset::DatasetVersion;
use modelwright::domain::schema::{ColumnSchema, Storage};
use modelwright::store::{Workspace, datasets};
use serde_json::Value;

use crate::sandbox::{Ran, Sandbox};

/// No message needs more; a cell of a megabyte must not be repeated.
const LONGEST_MESSAGE: usize = 1_500;
/// Megabytes a worker may use here: bombs must be stopped by their own limits, long before this one.
const WORKER_MEMORY_MB: &str = "1500";

/// A file that was given to `modelwright import`, and what came of it.
pub struct Import {
    sandbox: Sandbox,
    path: PathBuf,
    bytes: Vec<u8>,
    ran: Ran,
}

/// A table as it was stored.
pub struct Read {
    pub version: DatasetVersion,
    /// Row by row, as text; `None` is missing.
    pub rows: Vec<Vec<Option<String>>>,
    /// What was said about the file, and about its columns.
    pub notes: Vec<String>,
}

pub fn import(name: &str, bytes: impl AsRef<[u8]>) -> Import {
    import_with(name, bytes, &[])
}

/// The same with more flags.
pub fn import_with(name: &str, bytes: impl AsRef<[u8]>, flags: &[&str]) -> Import {
    let bytes = bytes.as_ref().to_vec();
    let sandbox = Sandbox::new();
    let path = sandbox.path(name);
    std::fs::write(&path, &bytes).unwrap();
    let mut command = sandbox.command(&["import", name, "--json"]);
    command.args(flags).env("MODELWRIGHT_WORKER_MEMORY_MB", WORKER_MEMORY_MB);
    let ran = Ran::of(&mut command);
    Import { sandbox, path, bytes, ran }
}

impl Import {
    /// The file was refused, in one readable message that names it and holds all of `words`; nothing was kept.
    #[track_caller]
    pub fn refused(&self, words: &[&str]) {
        let Ran { code, stdout, stderr } = &self.ran;
        assert_eq!(*code, 1, "refused?\n{}{}", clip(stdout), clip(stderr));
        let error = &self.ran.json()["error"];
        let said: Vec<&str> = ["summary", "details", "hint"].iter().filter_map(|part| error[*part].as_str()).collect();
        let said = said.join(" | ");
        let name = self.path.file_name().unwrap().to_str().unwrap();
        for word in words.iter().chain([&name]) {
            assert!(said.contains(word), "`{word}` is missing in: {}", clip(&said));
        }
        self.is_readable(&said);
        for folder in ["objects", "tmp"] {
            let left = std::fs::read_dir(self.sandbox.workspace().join(folder)).unwrap().count();
            assert_eq!(left, 0, "files left in {folder}");
        }
        self.source_is_untouched();
    }

    pub fn was_read(&self) -> bool {
        self.ran.code == 0
    }

    /// The file was read: its table and what was said about it.
    #[track_caller]
    pub fn read(&self) -> Read {
        let Ran { code, stdout, stderr } = &self.ran;
        assert_eq!(*code, 0, "read?\n{}{}", clip(stdout), clip(stderr));
        let said = self.ran.json();
        let workspace = Workspace::open_existing(&self.sandbox.workspace()).unwrap();
        let name = said["dataset"].as_str().unwrap();
        let version = workspace.read(|conn| datasets::find(conn, name, None)).unwrap().unwrap();
        let object = workspace.verified_object(&version.table_hash).unwrap();
        let table = parquet::open(&object, &version.schema, None).unwrap();
        assert_eq!(table.n_rows as u64, version.rows);
        let rows = (0..table.n_rows).map(|row| table.columns.iter().map(|c| c.text(row)).collect()).collect();
        let of_columns = version.schema.columns.iter().flat_map(|c| c.notes.iter().map(|n| format!("{}: {n}", c.name)));
        let notes: Vec<String> = strings(&said["warnings"]).into_iter().chain(of_columns).collect();
        notes.iter().for_each(|note| self.is_readable(note));
        self.source_is_untouched();
        Read { rows, notes, version }
    }

    #[track_caller]
    fn is_readable(&self, said: &str) {
        assert!(said.chars().count() < LONGEST_MESSAGE, "a message without end: {}", clip(said));
        let odd = |c: char| c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}');
        assert!(!said.contains(odd), "control characters in {said:?}");
        for word in ["panicked", "unwrap", "src/", "Err(", "Some("] {
            assert!(!said.contains(word), "that is for programmers: {}", clip(said));
        }
        let folder = self.sandbox.workspace().join("tmp");
        assert!(!said.contains(folder.to_str().unwrap()), "names a file of the program's own: {}", clip(said));
    }

    #[track_caller]
    fn source_is_untouched(&self) {
        assert!(std::fs::read(&self.path).unwrap() == self.bytes, "the user's file was changed");
    }
}

impl Read {
    /// The whole table, a line per row: `1|x` with `·` for missing, after the line of names.
    #[track_caller]
    pub fn is(&self, names: &[&str], rows: &[&str]) -> &Self {
        assert_eq!(self.names(), names);
        let found: Vec<String> = self.rows.iter().map(|row| line(row)).collect();
        assert_eq!(found, rows);
        self
    }

    /// The storage of each column.
    #[track_caller]
    pub fn stored_as(&self, storages: &[Storage]) -> &Self {
        let found: Vec<Storage> = self.version.schema.columns.iter().map(|c| c.storage).collect();
        assert_eq!(found, storages, "{:#?}", self.notes);
        self
    }

    /// One of the notes holds all of `words`.
    #[track_caller]
    pub fn says(&self, words: &[&str]) -> &Self {
        assert!(self.notes.iter().any(|n| words.iter().all(|w| n.contains(w))), "{words:?} in {:#?}", self.notes);
        self
    }

    pub fn names(&self) -> Vec<&str> {
        self.version.schema.names().collect()
    }

    pub fn column(&self, name: &str) -> &ColumnSchema {
        &self.version.schema.columns[self.version.schema.index_of(name).unwrap()]
    }

    /// One row in the form of [`Self::is`].
    pub fn row(&self, row: usize) -> String {
        line(&self.rows[row])
    }
}

fn line(row: &[Option<String>]) -> String {
    row.iter().map(|cell| cell.as_deref().unwrap_or("·")).collect::<Vec<_>>().join("|")
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
}

fn clip(text: &str) -> String {
    text.chars().take(2_000).collect()
}

/// Reproducible bytes that compress badly.
pub fn noise(seed: u64, n: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..n).map(|_| next()).collect()
}

#[test]
fn every_id_has_a_test() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/suite/bad_inputs");
    let source = |entry: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(entry.unwrap().path()).unwrap();
    let sources: String = std::fs::read_dir(folder).unwrap().map(source).collect();
    let missing: Vec<String> =
        (1..=67).map(|n| format!("b{n:02}")).filter(|id| !sources.contains(&format!("fn {id}_"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(!sources.contains(concat!("#[", "ignore")), "none is set aside");
}
