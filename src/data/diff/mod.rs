//! What differs between two tables of any size: columns, rows by key, distributions.
//!
//! Rows are paired by a 64-bit hash of their key and compared by a second, independent one of everything else, built
//! column by column; pairs that differ are then looked at cell by cell, which also parts keys that only share their
//! hash. Held at once: 16 bytes a row of both sides while pairing, later 8 bytes a row of one column and of the changed
//! pairs; 60,000,000 rows on each side stay below 3 GB. Equal cells: −0 is 0, missing is missing, text is exact;
//! a column that the sides store differently is compared as text. The order of rows means nothing.

mod columns;
mod hash;
mod key;
mod pair;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::columns::Columns;
use super::error::LoadError;
use crate::domain::diff::{
    ColumnDiff, DiffKey, Duplicates, KeySource, RowCounts, RowExample, SchemaChange, SchemaColumn, SchemaDiff,
};
use crate::domain::io::{Cancelled, JobIo, Part};
use crate::domain::profile::TableProfile;
use crate::domain::schema::{ColumnSchema, Schema};
use hash::Form;
use pair::{Pairing, RowHashes};

const KEY_LANE: u64 = 0xA076_1D64_78BD_642F;
const REST_LANE: u64 = 0xE703_7ED1_A0B4_28DB;

/// One of the two tables.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    pub table: &'a dyn Columns,
    pub schema: &'a Schema,
    /// Of all its rows.
    pub profile: &'a TableProfile,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish<'a> {
    /// Columns of both sides; proposed when empty.
    pub key: &'a [String],
    /// Most examples of each sort of change.
    pub limit: usize,
    /// Examples of changed rows must have changed in this column.
    pub column: Option<&'a str>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub equal: bool,
    pub schema: SchemaDiff,
    pub key: DiffKey,
    pub rows: RowCounts,
    pub duplicates: [Duplicates; 2],
    pub columns: Vec<ColumnDiff>,
    pub examples: Vec<RowExample>,
    pub notes: Vec<String>,
}

/// A column of both sides.
struct Shared<'a> {
    /// Its place in each of the tables.
    at: [usize; 2],
    schema: [&'a ColumnSchema; 2],
    form: Form,
    is_key: bool,
}

/// Compares two tables. Errors: a key or filter column that is not in both of them, reading, cancellation.
pub fn diff(left: Side<'_>, right: Side<'_>, wish: Wish<'_>, io: &dyn JobIo) -> Result<Found, LoadError> {
    let schema = schema_diff(left.schema, right.schema);
    let key = key::choose(left, right, wish.key)?;
    if let Some(column) = wish.column {
        key::require_shared(left.schema, right.schema, column)?;
    }
    let shared = shared(left.schema, right.schema, &key.columns);
    let mut notes = Vec::new();

    let whole_rows = key.source == KeySource::WholeRows;
    let hashes = hash_rows([left, right], &shared, whole_rows, &Part { io, from: 0.0, to: 0.4 })?;
    let mut pairing = pair::pair(&hashes[0], &hashes[1], wish.limit, &Part { io, from: 0.4, to: 0.55 })?;
    drop(hashes);
    if whole_rows {
        notes.push(
            "No column is unique on both sides, so whole rows were compared: a changed row counts as one removed and one added. Name the key columns to see which cells changed"
                .to_owned(),
        );
        part_pairs(&mut pairing, |_| true, wish.limit);
    }
    for (side, duplicates) in [left, right].iter().zip(pairing.duplicates) {
        if !whole_rows && duplicates.keys > 0 {
            notes.push(format!(
                "{} rows of {} share their key with others; those were paired in their order",
                crate::domain::words::thousands(duplicates.rows),
                crate::domain::words::counted(side.table.n_rows(), "row", "rows"),
            ));
        }
    }
    let found = columns::compare([left, right], &shared, pairing, wish, &Part { io, from: 0.55, to: 1.0 }, &mut notes)?;
    let same_columns = schema == SchemaDiff::default();
    let rows = found.counts;
    Ok(Found {
        equal: same_columns && rows.added + rows.removed + rows.changed == 0,
        schema,
        key,
        rows,
        duplicates: found.duplicates,
        columns: found.columns,
        examples: found.examples,
        notes,
    })
}

/// Undoes the pairs that `wrong` names: their rows are not the same one changed.
fn part_pairs(pairing: &mut Pairing, wrong: impl Fn((u32, u32)) -> bool, limit: usize) {
    let (parted, kept): (Vec<_>, Vec<_>) = pairing.changed.drain(..).partition(|&pair| wrong(pair));
    pairing.changed = kept;
    let n = parted.len() as u64;
    pairing.counts.changed -= n;
    pairing.counts.removed += n;
    pairing.counts.added += n;
    pairing.removed.extend(parted.iter().map(|p| p.0));
    pairing.added.extend(parted.iter().map(|p| p.1));
    pair::keep_first(&mut pairing.removed, limit);
    pair::keep_first(&mut pairing.added, limit);
}

fn schema_diff(left: &Schema, right: &Schema) -> SchemaDiff {
    let only = |side: &Schema, other: &Schema| -> Vec<SchemaColumn> {
        let missing = side.columns.iter().filter(|c| other.column(&c.name).is_none());
        missing.map(|c| SchemaColumn { column: c.name.clone(), kind: c.kind, storage: c.storage }).collect()
    };
    let pairs = || left.columns.iter().filter_map(|a| right.column(&a.name).map(|b| (a, b)));
    let changed = pairs().filter(|(a, b)| a.kind != b.kind || a.storage != b.storage);
    let order = |side: &Schema, other: &Schema| -> Vec<String> {
        side.names().filter(|name| other.column(name).is_some()).map(str::to_owned).collect()
    };
    SchemaDiff {
        added: only(right, left),
        removed: only(left, right),
        changed: changed
            .map(|(a, b)| SchemaChange {
                column: a.name.clone(),
                kind: [a.kind, b.kind],
                storage: [a.storage, b.storage],
            })
            .collect(),
        reordered: order(left, right) != order(right, left),
    }
}

fn shared<'a>(left: &'a Schema, right: &'a Schema, key: &[String]) -> Vec<Shared<'a>> {
    let columns = left.columns.iter().enumerate().filter_map(|(at, a)| {
        let there = right.index_of(&a.name)?;
        let b = &right.columns[there];
        let form = if a.storage == b.storage { Form::Stored } else { Form::Text };
        Some(Shared { at: [at, there], schema: [a, b], form, is_key: key.contains(&a.name) })
    });
    columns.collect()
}

/// Both hashes of every row, of both sides. Without a key the two are independent hashes of the whole row.
fn hash_rows(
    sides: [Side<'_>; 2],
    shared: &[Shared<'_>],
    whole_rows: bool,
    io: &dyn JobIo,
) -> Result<[RowHashes; 2], LoadError> {
    let fresh = |side: Side<'_>, lane: u64| vec![lane; side.table.n_rows() as usize];
    let mut hashes = sides.map(|side| RowHashes { key: fresh(side, KEY_LANE), rest: fresh(side, REST_LANE) });
    for (done, column) in shared.iter().enumerate() {
        let phase = format!("Comparing rows by {}", column.schema[0].name);
        let share = done as f64 / shared.len() as f64;
        let [left, right] = &mut hashes;
        let add = |which: usize, into: &mut RowHashes, stop: &Stop| {
            let mut row = 0;
            sides[which].table.pieces(column.at[which], &mut |piece| {
                stop.check()?;
                hash::cells(piece, column.form, |cell| {
                    if whole_rows || column.is_key {
                        into.key[row] = hash::add(into.key[row], cell, KEY_LANE);
                    }
                    if whole_rows || !column.is_key {
                        into.rest[row] = hash::add(into.rest[row], cell, REST_LANE);
                    }
                    row += 1;
                });
                Ok(())
            })
        };
        both(io, &phase, share, |stop| add(0, left, stop), |stop| add(1, right, stop))?;
    }
    Ok(hashes)
}

/// Tells the two threads of [`both`] that nobody waits for them any more.
#[derive(Default)]
struct Stop(AtomicBool);

impl Stop {
    fn check(&self) -> Result<(), LoadError> {
        if self.0.load(Ordering::Relaxed) { Err(Cancelled.into()) } else { Ok(()) }
    }
}

/// Does something with the left and something with the right at the same time.
fn both<A: Send, B: Send>(
    io: &dyn JobIo,
    phase: &str,
    share: f64,
    left: impl FnOnce(&Stop) -> Result<A, LoadError> + Send,
    right: impl FnOnce(&Stop) -> Result<B, LoadError> + Send,
) -> Result<(A, B), LoadError> {
    io.progress(phase, Some(share))?;
    let stop = &Stop::default();
    let no_thread = |source| LoadError::Io { file: "a thread".to_owned(), doing: "starting", source };
    thread::scope(|scope| {
        let caller = thread::current();
        let start = |name: &str| thread::Builder::new().name(name.to_owned());
        let wake = caller.clone();
        let first = start("diff left").spawn_scoped(scope, move || {
            let result = left(stop);
            wake.unpark();
            result
        });
        let first = first.map_err(no_thread)?;
        let second = start("diff right").spawn_scoped(scope, move || {
            let result = right(stop);
            caller.unpark();
            result
        });
        let second = second.inspect_err(|_| stop.0.store(true, Ordering::Relaxed)).map_err(no_thread)?;
        let mut cancelled = Ok(());
        while !(first.is_finished() && second.is_finished()) {
            // A wake-up may come just before the thread counts as finished: then it is a matter of milliseconds.
            thread::park_timeout(Duration::from_millis(20));
            if cancelled.is_ok() {
                cancelled = io.progress(phase, Some(share));
                stop.0.store(cancelled.is_err(), Ordering::Relaxed);
            }
        }
        let finish = |joined: thread::Result<()>| joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let mut results = (None, None);
        finish(first.join().map(|r| results.0 = Some(r)));
        finish(second.join().map(|r| results.1 = Some(r)));
        cancelled?;
        match results {
            (Some(a), Some(b)) => Ok((a?, b?)),
            _ => Err(Cancelled.into()),
        }
    })
}

#[cfg(test)]
mod tests;
