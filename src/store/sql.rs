//! Between Rust values and columns: ids, hashes, counts and JSON documents.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Params, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use crate::domain::ids::{
    BinId, BranchId, BundleId, CheckRunId, ContentHash, DatasetId, DriftId, EventId, GateId, GroupId, LabelSessionId,
    OverrideId, RunId, SignOffId, SplitCheckId, SuiteId, TagId, VersionId, WatchId,
};

macro_rules! id_column {
    ($($id:ident),*) => {$(
        impl ToSql for $id {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.0.into())
            }
        }

        impl FromSql for $id {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_i64().map(Self)
            }
        }
    )*};
}

id_column!(
    BinId,
    BranchId,
    BundleId,
    CheckRunId,
    DatasetId,
    DriftId,
    EventId,
    GateId,
    GroupId,
    LabelSessionId,
    OverrideId,
    RunId,
    SignOffId,
    SplitCheckId,
    SuiteId,
    TagId,
    VersionId,
    WatchId
);

impl ToSql for ContentHash {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for ContentHash {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::parse(value.as_str()?).ok_or_else(|| FromSqlError::Other("not 64 lower-case hex digits".into()))
    }
}

/// A row and the record it belongs to, so that whatever does not fit is reported by the record's name.
pub(super) struct Fields<'a, 's> {
    row: &'a Row<'s>,
    what: String,
}

impl<'a, 's> Fields<'a, 's> {
    /// `noun` and the row's `id` name the record: "run 12".
    pub fn of(row: &'a Row<'s>, noun: &str) -> Result<Self, StoreError> {
        let id: i64 = row.get("id")?;
        Ok(Self { row, what: format!("{noun} {id}") })
    }

    pub fn get<T: FromSql>(&self, column: &str) -> Result<T, StoreError> {
        self.row.get(column).map_err(|error| match StoreError::from(error) {
            StoreError::Damaged { problem, .. } => self.damaged(column, problem),
            other => other,
        })
    }

    /// A number that cannot be negative.
    pub fn count(&self, column: &str) -> Result<u64, StoreError> {
        let value: i64 = self.get(column)?;
        u64::try_from(value).map_err(|_| self.damaged(column, format!("{value} is negative")))
    }

    /// A word out of a closed list.
    pub fn word<T>(&self, column: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, StoreError> {
        let word: String = self.get(column)?;
        parse(&word).ok_or_else(|| self.damaged(column, format!("unknown word `{word}`")))
    }

    pub fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        let text: String = self.get(column)?;
        serde_json::from_str(&text).map_err(|error| self.damaged(column, error))
    }

    pub fn opt_json<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, StoreError> {
        match self.get::<Option<String>>(column)? {
            Some(_) => self.json(column).map(Some),
            None => Ok(None),
        }
    }

    /// For columns that came with a later migration: NULL in older rows.
    pub fn json_or_default<T: DeserializeOwned + Default>(&self, column: &str) -> Result<T, StoreError> {
        Ok(self.opt_json(column)?.unwrap_or_default())
    }

    fn damaged(&self, column: &str, problem: impl std::fmt::Display) -> StoreError {
        StoreError::damaged(&*self.what, format!("its {column} cannot be read: {problem}"))
    }
}

/// The document as text. Refuses what could not be read back, such as a NaN (JSON would turn it into `null`).
pub(super) fn to_json<T: Serialize + DeserializeOwned>(what: &str, value: &T) -> Result<String, StoreError> {
    let text = serde_json::to_string(value).and_then(|text| serde_json::from_str::<T>(&text).map(|_| text));
    text.map_err(|error| StoreError::Invalid { what: what.to_owned(), problem: error.to_string() })
}

/// SQLite's integers are signed.
pub(super) fn int(what: &str, count: u64) -> Result<i64, StoreError> {
    i64::try_from(count)
        .map_err(|_| StoreError::Invalid { what: what.to_owned(), problem: format!("{count} is too large") })
}

/// A number that SQLite would silently turn into NULL is refused.
pub(super) fn finite(what: &str, value: f64) -> Result<f64, StoreError> {
    if value.is_finite() {
        return Ok(value);
    }
    Err(StoreError::Invalid { what: what.to_owned(), problem: format!("{value} is not a finite number") })
}

/// The first row, read by `read`.
pub(super) fn query_opt<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(read).transpose()
}

/// Every row, read by `read`.
pub(super) fn query_all<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    conn.prepare_cached(sql)?.query_and_then(params, read)?.collect()
}

/// The first column of the first row, when there is one.
pub(super) fn query_value<T: FromSql>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Option<T>, StoreError> {
    Ok(conn.prepare_cached(sql)?.query_row(params, |row| row.get(0)).optional()?)
}

pub(super) fn not_found(what: &str, id: impl std::fmt::Display) -> StoreError {
    StoreError::NotFound { what: format!("{what} {id}") }
}
