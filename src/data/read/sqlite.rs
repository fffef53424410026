//! A table or view of an SQLite file.
//!
//! The file is opened read-only and as immutable: no lock is taken, no `-wal` or `-shm` appears beside it. SQL stands
//! here and not under `store` because this database is foreign data, not our history; every name in it is quoted.
//! A value has the type it was stored with, whatever its column was declared as, and a column is judged by all of them.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::gauge::Texts;
use super::rows::{Flow, RowFormat, Taker};
use super::values::Value;
use crate::data::error::LoadError;
use crate::domain::dataset::ReadOptions;

/// Longest text that is read from a foreign database.
const MAX_CELL_BYTES: usize = 64 << 20;
/// Byte 18 of the file says how it is written; 2 is a write-ahead log.
const WRITE_AHEAD_LOG: (usize, u8) = (18, 2);

pub struct Sqlite;

impl RowFormat for Sqlite {
    fn texts(&self) -> Texts {
        Texts::AsTyped
    }

    fn read(&self, path: &Path, name: &str, options: &ReadOptions, taker: &mut dyn Taker) -> Result<(), LoadError> {
        let database = Database::open(path, name)?;
        let table = database.table(options.part.as_deref())?;
        if database.logs_ahead {
            let note = "the database keeps a write-ahead log: changes that its program has not merged into the file \
                        yet are not included";
            taker.note(note.to_owned());
        }
        database.rows(&table, taker)
    }
}

/// The tables and views with columns, tables first, by name.
pub fn tables(path: &Path, name: &str) -> Result<Vec<String>, LoadError> {
    Database::open(path, name)?.tables()
}

/// The wanted table, checked; without a wish the first that has rows.
pub fn table(path: &Path, name: &str, wanted: Option<&str>) -> Result<String, LoadError> {
    Database::open(path, name)?.table(wanted)
}

struct Database<'a> {
    connection: Connection,
    name: &'a str,
    logs_ahead: bool,
}

impl<'a> Database<'a> {
    fn open(path: &Path, name: &'a str) -> Result<Self, LoadError> {
        let broken = |e: rusqlite::Error| broken(name, &e);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_with_flags(uri(path), flags).map_err(broken)?;
        for (setting, on) in [
            (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
            (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
            (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        ] {
            connection.set_db_config(setting, on).map_err(broken)?;
        }
        let mut head = Vec::new();
        let file = std::fs::File::open(path).map_err(LoadError::io(path, "opening"))?;
        std::io::Read::read_to_end(&mut std::io::Read::take(file, 100), &mut head)
            .map_err(LoadError::io(path, "reading"))?;
        let (at, log) = WRITE_AHEAD_LOG;
        Ok(Self { connection, name, logs_ahead: head.get(at) == Some(&log) })
    }

    fn tables(&self) -> Result<Vec<String>, LoadError> {
        let list = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' \
                    ESCAPE '\\' ORDER BY type, name";
        let mut statement = self.connection.prepare(list).map_err(|e| broken(self.name, &e))?;
        let names = statement.query_map([], |row| row.get(0)).map_err(|e| broken(self.name, &e))?;
        names.collect::<Result<_, _>>().map_err(|e| broken(self.name, &e))
    }

    /// The wanted table; the first that has rows without a wish.
    fn table(&self, wanted: Option<&str>) -> Result<String, LoadError> {
        let tables = self.tables()?;
        if let Some(wanted) = wanted {
            let found = tables.iter().find(|t| *t == wanted);
            let (file, part) = (self.name.to_owned(), wanted.to_owned());
            return found.cloned().ok_or(LoadError::NoPart { file, what: "table", part, present: tables });
        }
        let has_rows = |table: &&String| {
            let any = format!("SELECT 1 FROM {} LIMIT 1", quoted(table));
            self.connection.prepare(&any).and_then(|mut s| s.exists([])).unwrap_or(false)
        };
        let first = tables.iter().find(has_rows).or(tables.first());
        let hint = "choose another file";
        first.cloned().ok_or(LoadError::NoParts { file: self.name.to_owned(), what: "table", hint })
    }

    fn rows(&self, table: &str, taker: &mut dyn Taker) -> Result<(), LoadError> {
        let broken = |e: rusqlite::Error| broken(self.name, &e);
        let all = format!("SELECT * FROM {}", quoted(table));
        let mut statement = self.connection.prepare(&all).map_err(broken)?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut places = Vec::new();
        for name in &names {
            places.push(taker.column(name)?);
        }
        let mut cells = vec![Value::Empty; names.len()];
        let mut rows = statement.query([]).map_err(broken)?;
        let mut n_rows = 0u64;
        while let Some(row) = rows.next().map_err(broken)? {
            n_rows += 1;
            for (i, &place) in places.iter().enumerate() {
                cells[place] = self.cell(row.get_ref(i).map_err(broken)?, &names[i], n_rows)?;
            }
            // How many rows follow is not known without counting them; the bar moves and never arrives.
            if taker.row(&cells, 1.0 - 1.0 / (1.0 + n_rows as f64 / 1e6))? == Flow::Enough {
                break;
            }
        }
        Ok(())
    }

    fn cell(&self, value: ValueRef, column: &str, row: u64) -> Result<Value, LoadError> {
        Ok(match value {
            ValueRef::Null => Value::Missing("NULL"),
            ValueRef::Integer(i) => Value::Int(i),
            ValueRef::Real(x) => Value::Float(x),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) if bytes.len() > MAX_CELL_BYTES => {
                let claim = format!("a cell of {} bytes in column `{column}`, row {row}", bytes.len());
                return Err(LoadError::Claims { file: self.name.to_owned(), claim });
            }
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) if !text.contains('\0') => Value::Text(text.to_owned()),
                _ => {
                    let what = format!("raw bytes that are no text (row {row})");
                    let hint = "leave the column out with a view, or store it as text";
                    let (file, column) = (self.name.to_owned(), column.to_owned());
                    return Err(LoadError::ColumnType { file, column, what, hint });
                }
            },
        })
    }
}

fn broken(name: &str, error: &rusqlite::Error) -> LoadError {
    LoadError::Broken { file: name.to_owned(), format: "an SQLite database", reason: error.to_string() }
}

/// A name as SQL takes it literally.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `file:` with everything escaped that could end the path or add a parameter.
fn uri(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    let mut uri = String::from(if text.starts_with('/') { "file:" } else { "file:/" });
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~:".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri + "?immutable=1"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::read::{load, sniff};
    use crate::data::table::Table;
    use crate::domain::io::Silent;
    use crate::domain::schema::Storage;

    fn loaded(path: &Path, part: Option<&str>) -> Result<Table, LoadError> {
        let mut options = sniff(path, "t.db")?;
        options.part = part.map(str::to_owned).or(options.part);
        Ok(load(path, "t.db", &options, &Silent)?.0)
    }

    #[test]
    fn a_table_is_typed_by_its_values() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("odd % name?.db");
        let connection = Connection::open(&path).unwrap();
        let script = "CREATE TABLE rowless (x); CREATE TABLE \"a\"\"b\" (id INTEGER, t TEXT, x REAL, m, d TEXT); \
             INSERT INTO \"a\"\"b\" VALUES (1, '007', 0.5, 1, '2026-03-01'), (2, NULL, 2, 'oops', '2026-03-02 10:00'); \
             CREATE VIEW v AS SELECT id + 1 AS n FROM \"a\"\"b\";";
        connection.execute_batch(script).unwrap();
        drop(connection);
        let table = loaded(&path, None).unwrap();
        let types: Vec<(&str, Storage)> = table.schema.columns.iter().map(|c| (c.name.as_str(), c.storage)).collect();
        use Storage as S;
        let expected = [("id", S::Int64), ("t", S::String), ("x", S::Float64), ("m", S::String), ("d", S::DatetimeMs)];
        assert_eq!(types, expected);
        assert_eq!(table.columns[1].text(0).as_deref(), Some("007"));
        assert_eq!(table.schema.columns[1].missing_tokens, [("NULL".to_owned(), 1)]);
        assert_eq!(loaded(&path, Some("v")).unwrap().columns[0].text(1).as_deref(), Some("3"));
        let message = loaded(&path, Some("w")).unwrap_err().to_string();
        assert_eq!(message, "t.db has no table `w`; it has: `a\"b`, `rowless`, `v`");
        let beside = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(beside, 1, "nothing appears beside the database");
    }

    #[test]
    fn a_broken_database_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        std::fs::write(&path, b"SQLite format 3\0rest").unwrap();
        assert!(loaded(&path, None).unwrap_err().to_string().contains("cannot be read as an SQLite database"));
    }
}
