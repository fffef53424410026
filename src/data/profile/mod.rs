//! The profile of a table: per column what is missing, how often what occurs, and how numbers are spread.
//!
//! Numbers follow NumPy: linear quantiles, `std` with n − 1, histogram bins closed on the left and the last one on
//! both sides. Everything is exact. A column is put in order once ([`keys`]) and all its numbers are read off that
//! order, so a table of any size takes two vectors of 8 bytes per row for each column under way, of which there are
//! two at most.

mod alerts;
mod dates;
pub(in crate::data) mod keys;
mod numbers;
mod texts;
mod top;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

pub(in crate::data) use self::numbers::interpolated;
use super::builder::Facts;
use super::columns::Columns;
use super::error::LoadError;
use super::table::{Cells, Table, format_datetime, format_number};
use crate::domain::io::{Cancelled, JobIo};
use crate::domain::profile::{ColumnProfile, TableProfile};
use crate::domain::schema::{ColumnKind, PersonalData, Storage};

use keys::{Sorter, Spread};
use numbers::Numbers;

/// Threads that share the columns.
const THREADS: usize = 2;
/// Columns are taken one after the other when two at once would need more than this.
const MAX_BYTES: u64 = 2 << 30;

/// Everything one reading of a column tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Study {
    /// What decides the column's kind and fills its schema.
    pub facts: Facts,
    /// Its kind is a guess by storage until [`Self::with_kind`].
    pub profile: ColumnProfile,
    /// What the cells seem to say about a person.
    pub personal: Option<PersonalData>,
}

impl Study {
    /// The same for a column whose kind is known; some alerts depend on it.
    pub fn with_kind(mut self, kind: ColumnKind) -> Self {
        self.profile.kind = kind;
        self.profile.alerts = alerts::alerts(&self.profile, self.facts.missing + self.facts.values);
        self
    }
}

/// Studies all columns, in file order.
///
/// Errors: those of reading, or a cancelled job.
pub fn study(columns: &dyn Columns, io: &dyn JobIo) -> Result<Vec<Study>, LoadError> {
    let all = All { columns, storages: columns.storages(), next: AtomicUsize::new(0), stop: AtomicBool::new(false) };
    let n_columns = all.storages.len();
    let done: Mutex<Vec<Option<Result<Study, LoadError>>>> = Mutex::new((0..n_columns).map(|_| None).collect());
    let work = |check: &dyn Fn(usize) -> Result<(), Cancelled>| {
        let mut sorter = Sorter::default();
        while let Some(column) = all.take() {
            let result = all.study(column, &mut sorter, &|| check(column));
            if result.is_err() {
                all.stop.store(true, Ordering::Relaxed);
            }
            done.lock().unwrap_or_else(PoisonError::into_inner)[column] = Some(result);
        }
    };
    // Asked here once at least: the other thread may do all the work.
    io.progress("Profiling", Some(0.0))?;
    let helpers = if 2 * 16 * columns.n_rows() > MAX_BYTES { 0 } else { THREADS.min(n_columns).saturating_sub(1) };
    std::thread::scope(|scope| {
        for i in 0..helpers {
            let helper = || work(&|_| if all.stop.load(Ordering::Relaxed) { Err(Cancelled) } else { Ok(()) });
            // Without the helper the caller's thread does all of it.
            std::thread::Builder::new().name(format!("profile-{i}")).spawn_scoped(scope, helper).ok();
        }
        work(&|column| {
            if all.stop.load(Ordering::Relaxed) {
                return Err(Cancelled);
            }
            io.progress(&format!("Profiling {}", all.storages[column].0), Some(column as f64 / n_columns as f64))
        });
    });
    let mut studies = Vec::with_capacity(n_columns);
    let mut cancelled = None;
    for result in done.into_inner().unwrap_or_else(PoisonError::into_inner) {
        match result {
            Some(Ok(study)) => studies.push(study),
            // The other thread was only told to stop: the reason stands elsewhere.
            Some(Err(LoadError::Cancelled(c))) => cancelled = Some(c),
            Some(Err(error)) => return Err(error),
            None => cancelled = cancelled.or(Some(Cancelled)),
        }
    }
    cancelled.map_or(Ok(studies), |c| Err(c.into()))
}

/// The profile of a table whose kinds are known.
pub fn profile(table: &Table, io: &dyn JobIo) -> Result<TableProfile, LoadError> {
    let studies = study(table, io)?.into_iter().zip(&table.schema.columns);
    let columns = studies.map(|(study, schema)| study.with_kind(schema.kind).profile).collect();
    Ok(TableProfile { format_version: TableProfile::FORMAT_VERSION, rows: table.n_rows as u64, columns })
}

/// NumPy's default quantile of sorted values; at least one.
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    let position = (sorted.len() - 1) as f64 * q;
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    numbers::interpolated(sorted[below], sorted[above], position - below as f64)
}

struct All<'a> {
    columns: &'a dyn Columns,
    storages: Vec<(String, Storage)>,
    next: AtomicUsize,
    stop: AtomicBool,
}

impl All<'_> {
    fn take(&self) -> Option<usize> {
        let column = self.next.fetch_add(1, Ordering::Relaxed);
        (column < self.storages.len() && !self.stop.load(Ordering::Relaxed)).then_some(column)
    }

    fn study(
        &self,
        column: usize,
        sorter: &mut Sorter,
        check: &dyn Fn() -> Result<(), Cancelled>,
    ) -> Result<Study, LoadError> {
        check()?;
        let (name, storage) = &self.storages[column];
        let kind = match storage {
            Storage::Float64 | Storage::Int64 => ColumnKind::Numeric,
            Storage::Boolean => ColumnKind::Boolean,
            Storage::DatetimeMs => ColumnKind::Datetime,
            Storage::String => ColumnKind::Text,
        };
        let mut study =
            Study { facts: Facts::default(), profile: ColumnProfile::new(name, kind, *storage), personal: None };
        match storage {
            Storage::Boolean => self.booleans(column, &mut study, check)?,
            Storage::String => texts::study(self.columns, column, sorter, &mut study, check)?,
            Storage::Float64 | Storage::Int64 | Storage::DatetimeMs => {
                self.numbers(column, *storage, sorter, &mut study, check)?;
            }
        }
        study.profile.missing = study.facts.missing;
        study.profile.distinct = study.facts.distinct;
        Ok(study.with_kind(kind))
    }

    fn booleans(
        &self,
        column: usize,
        study: &mut Study,
        check: &dyn Fn() -> Result<(), Cancelled>,
    ) -> Result<(), LoadError> {
        let (mut counts, mut missing) = ([0u64; 2], 0u64);
        self.columns.pieces(column, &mut |piece| {
            let Cells::Boolean(cells) = piece else { return Ok(()) };
            for cell in cells {
                match cell {
                    Some(value) => counts[usize::from(*value)] += 1,
                    None => missing += 1,
                }
            }
            Ok(check()?)
        })?;
        let seen = [("false", counts[0]), ("true", counts[1])].into_iter().filter(|(_, n)| *n > 0);
        let mut top: Vec<(String, u64)> = seen.map(|(word, n)| (word.to_owned(), n)).collect();
        top.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        study.facts = Facts { missing, values: counts[0] + counts[1], distinct: top.len() as u64, ..Facts::default() };
        study.profile.top = top;
        Ok(())
    }

    fn numbers(
        &self,
        column: usize,
        storage: Storage,
        sorter: &mut Sorter,
        study: &mut Study,
        check: &dyn Fn() -> Result<(), Cancelled>,
    ) -> Result<(), LoadError> {
        sorter.keys.clear();
        sorter.keys.reserve_exact(self.columns.n_rows() as usize);
        // Infinities are values, but no bucket, bin or mean is made of them: counted apart, low ones first.
        let (mut missing, mut infinite) = (0u64, [0u64; 2]);
        self.columns.pieces(column, &mut |piece| {
            match piece {
                Cells::Float(cells) => sorter.keys.extend(cells.iter().filter_map(|&x| {
                    if x.is_finite() {
                        return Some(keys::of_float(x));
                    }
                    if x.is_nan() {
                        missing += 1;
                    } else {
                        infinite[usize::from(x > 0.0)] += 1;
                    }
                    None
                })),
                Cells::Int(cells) | Cells::DatetimeMs(cells) => sorter.keys.extend(cells.iter().filter_map(|cell| {
                    missing += u64::from(cell.is_none());
                    cell.map(keys::of_int)
                })),
                Cells::Boolean(_) | Cells::Text(_) => {}
            }
            Ok(check()?)
        })?;
        let values = sorter.keys.len() as u64 + infinite[0] + infinite[1];
        study.facts = Facts { missing, values, ..Facts::default() };
        let seen = match storage {
            Storage::Float64 => {
                let seen = Numbers::new(sorter, Spread::Floats, check)?;
                seen.describe(&mut study.profile, infinite, keys::float, &|key| format_number(keys::float(key)));
                seen
            }
            _ => {
                let seen = Numbers::new(sorter, Spread::Whole, check)?;
                let format = |key| match storage {
                    Storage::DatetimeMs => format_datetime(keys::int(key)),
                    _ => keys::int(key).to_string(),
                };
                seen.describe(&mut study.profile, infinite, |key| keys::int(key) as f64, &format);
                study.facts.range = seen.range().map(|(low, high)| (keys::int(low), keys::int(high)));
                seen
            }
        };
        study.facts.distinct = study.profile.distinct;
        study.profile.infinite = infinite[0] + infinite[1];
        if storage == Storage::DatetimeMs {
            study.profile.dates = dates::summary(&seen);
        }
        if storage == Storage::Int64 {
            study.personal = super::personal::of_whole_numbers(values, |take| {
                seen.runs(|key, count| take(keys::int(key), count));
            });
        }
        Ok(())
    }
}

#[cfg(test)]
pub mod tests;
