//! The different values of a column, as whole numbers of 64 bits that keep the order of numbers.
//!
//! A text in several pieces is known by a 64-bit hash: among 60,000,000 texts two share one with a chance of 1 in
//! 10,000. In one piece the dictionary tells exactly.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::Stop;
use super::filter::Rows;
use crate::data::error::LoadError;
use crate::data::profile::keys::{self, of_float, of_int};
use crate::data::table::{Cells, format_datetime, format_number};
use crate::domain::schema::Storage;

/// Whole numbers at most so many times as far apart as there are rows are noted in a bit each.
const SPREAD: u64 = 64;
/// Different texts beyond which a column is not counted value by value.
const MOST_TEXTS: usize = 2_000_000;

pub(super) fn text_key(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Values that occur more than once.
pub(super) enum Repeated {
    None,
    /// Whatever the dictionary counts more than once.
    Levels,
    /// A bit for each whole number from the first.
    Bits {
        first: i64,
        twice: Vec<u64>,
    },
    Keys(HashSet<u64>),
}

impl Repeated {
    pub fn has_key(&self, key: u64) -> bool {
        match self {
            Self::Keys(keys) => keys.contains(&key),
            _ => false,
        }
    }

    pub fn has_float(&self, x: f64) -> bool {
        self.has_key(of_float(x))
    }

    pub fn has_int(&self, x: i64) -> bool {
        match self {
            Self::Bits { first, twice } => {
                let at = x.wrapping_sub(*first) as u64;
                twice.get((at / 64) as usize).is_some_and(|word| word >> (at % 64) & 1 == 1)
            }
            _ => self.has_key(of_int(x)),
        }
    }
}

/// Which values of the column occur more than once among the rows.
pub(super) fn repeated(rows: &Rows<'_>, column: usize) -> Result<Repeated, LoadError> {
    if rows.table.schema.columns[column].storage == Storage::String && rows.table.n_pieces() == 1 {
        return Ok(Repeated::Levels);
    }
    if let Some((first, [seen, twice])) = bits(rows, column)? {
        drop(seen);
        let any = twice.iter().any(|word| *word != 0);
        return Ok(if any { Repeated::Bits { first, twice } } else { Repeated::None });
    }
    let keys = sorted(rows, column)?;
    let mut repeated = HashSet::new();
    keys.chunk_by(|a, b| a == b).filter(|run| run.len() > 1).for_each(|run| {
        repeated.insert(run[0]);
    });
    Ok(if repeated.is_empty() { Repeated::None } else { Repeated::Keys(repeated) })
}

/// How many different values there are.
pub(super) fn distinct(rows: &Rows<'_>, column: usize) -> Result<u64, LoadError> {
    if rows.table.schema.columns[column].storage == Storage::String && rows.table.n_pieces() == 1 {
        let mut n = 0;
        rows.pieces::<LoadError>(&[column], |piece| {
            if let Cells::Text(dictionary) = &*piece.cells[0] {
                n = dictionary.counts().iter().filter(|count| **count > 0).count() as u64;
            }
            Ok(())
        })?;
        return Ok(n);
    }
    if let Some((_, [seen, _])) = bits(rows, column)? {
        return Ok(seen.iter().map(|word| u64::from(word.count_ones())).sum());
    }
    Ok(sorted(rows, column)?.chunk_by(|a, b| a == b).count() as u64)
}

/// The first whole number, and a bit for each from there: whether it occurs, and whether more than once.
type Occurring = (i64, [Vec<u64>; 2]);

/// `None` where
/// they lie too far apart, or are no whole numbers.
fn bits(rows: &Rows<'_>, column: usize) -> Result<Option<Occurring>, LoadError> {
    if !matches!(rows.table.schema.columns[column].storage, Storage::Int64 | Storage::DatetimeMs) {
        return Ok(None);
    }
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    rows.pieces::<LoadError>(&[column], |piece| {
        if let Cells::Int(values) | Cells::DatetimeMs(values) = &*piece.cells[0] {
            for x in values.iter().flatten() {
                (first, last) = (first.min(*x), last.max(*x));
            }
        }
        Ok(())
    })?;
    if first > last {
        return Ok(Some((0, [Vec::new(), Vec::new()])));
    }
    let spread = last.abs_diff(first);
    if spread / SPREAD > rows.len() {
        return Ok(None);
    }
    let words = (spread / 64 + 1) as usize;
    let (mut seen, mut twice) = (vec![0u64; words], vec![0u64; words]);
    rows.pieces::<LoadError>(&[column], |piece| {
        if let Cells::Int(values) | Cells::DatetimeMs(values) = &*piece.cells[0] {
            for x in values.iter().flatten() {
                let at = x.abs_diff(first);
                let (word, bit) = ((at / 64) as usize, 1 << (at % 64));
                twice[word] |= seen[word] & bit;
                seen[word] |= bit;
            }
        }
        Ok(())
    })?;
    Ok(Some((first, [seen, twice])))
}

/// The keys of all cells that are there, ascending.
fn sorted(rows: &Rows<'_>, column: usize) -> Result<Vec<u64>, LoadError> {
    let mut keys = Vec::new();
    rows.pieces::<LoadError>(&[column], |piece| {
        for_each(&piece.cells[0], |_, key| keys.push(key));
        Ok(())
    })?;
    keys.sort_unstable();
    Ok(keys)
}

/// Calls `take(row, key)` for every cell that is there. Truths are 0 and 1.
pub(super) fn for_each(cells: &Cells, mut take: impl FnMut(usize, u64)) {
    match cells {
        Cells::Float(values) => {
            values.iter().enumerate().filter(|(_, x)| !x.is_nan()).for_each(|(row, x)| take(row, of_float(*x)));
        }
        Cells::Int(values) | Cells::DatetimeMs(values) => {
            values
                .iter()
                .enumerate()
                .filter_map(|(row, x)| Some((row, (*x)?)))
                .for_each(|(row, x)| take(row, of_int(x)));
        }
        Cells::Boolean(values) => {
            let present = values.iter().enumerate().filter_map(|(row, x)| Some((row, (*x)?)));
            present.for_each(|(row, x)| take(row, of_int(i64::from(x))));
        }
        Cells::Text(dictionary) => {
            let keys: Vec<u64> = dictionary.values.iter().map(|text| text_key(text)).collect();
            let codes = dictionary.codes.iter().enumerate();
            codes
                .filter_map(|(row, code)| Some((row, *keys.get(*code as usize)?)))
                .for_each(|(row, key)| take(row, key));
        }
    }
}

/// Values with the number of their cells, ascending.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Counts {
    /// Whole numbers, dates and truths.
    Ints(Vec<(i64, u64)>),
    Floats(Vec<(f64, u64)>),
    Texts(Vec<(String, u64)>),
}

impl Counts {
    /// Errors: more different texts than can be counted.
    pub fn of(rows: &Rows<'_>, column: usize) -> Result<Self, Stop> {
        let schema = &rows.table.schema.columns[column];
        if schema.storage == Storage::String {
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            rows.pieces::<Stop>(&[column], |piece| {
                let Cells::Text(dictionary) = &*piece.cells[0] else { return Ok(()) };
                for (text, count) in dictionary.values.iter().zip(dictionary.counts()).filter(|(_, count)| *count > 0) {
                    match counts.get_mut(text) {
                        Some(known) => *known += count,
                        None => {
                            counts.insert(text.clone(), count);
                        }
                    }
                }
                if counts.len() > MOST_TEXTS {
                    return Err(Stop::impossible(format!(
                        "column `{}` has more than {MOST_TEXTS} different texts, too many to count each",
                        schema.name
                    )));
                }
                Ok(())
            })?;
            return Ok(Self::Texts(counts.into_iter().collect()));
        }
        let keys = sorted(rows, column)?;
        let runs = keys.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u64));
        Ok(if schema.storage == Storage::Float64 {
            Self::Floats(runs.map(|(key, n)| (keys::float(key), n)).collect())
        } else {
            Self::Ints(runs.map(|(key, n)| (keys::int(key), n)).collect())
        })
    }

    /// As numbers, or as texts where one side holds texts: the shares of each value in both, in its order.
    pub fn paired(a: &Self, b: &Self) -> Vec<[u64; 2]> {
        let mut joined: BTreeMap<String, [u64; 2]> = BTreeMap::new();
        let mut numbers: BTreeMap<u64, [u64; 2]> = BTreeMap::new();
        let texts = matches!(a, Self::Texts(_)) || matches!(b, Self::Texts(_));
        for (side, counts) in [a, b].into_iter().enumerate() {
            match counts {
                Self::Texts(values) => {
                    values.iter().for_each(|(text, n)| joined.entry(text.clone()).or_default()[side] += n);
                }
                Self::Ints(values) if texts => {
                    values.iter().for_each(|(x, n)| joined.entry(x.to_string()).or_default()[side] += n);
                }
                Self::Floats(values) if texts => {
                    values.iter().for_each(|(x, n)| joined.entry(format_number(*x)).or_default()[side] += n);
                }
                Self::Ints(values) => {
                    values.iter().for_each(|(x, n)| numbers.entry(of_float(*x as f64)).or_default()[side] += n);
                }
                Self::Floats(values) => {
                    values.iter().for_each(|(x, n)| numbers.entry(of_float(*x)).or_default()[side] += n);
                }
            }
        }
        numbers.into_values().chain(joined.into_values()).collect()
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Ints(values) => values.len(),
            Self::Floats(values) => values.len(),
            Self::Texts(values) => values.len(),
        }
    }

    /// The value at `at`, as a cell of this storage is written.
    pub fn text(&self, at: usize, storage: Storage) -> String {
        match self {
            Self::Texts(values) => values[at].0.clone(),
            Self::Floats(values) => format_number(values[at].0),
            Self::Ints(values) => match storage {
                Storage::DatetimeMs => format_datetime(values[at].0),
                Storage::Boolean => (values[at].0 != 0).to_string(),
                _ => values[at].0.to_string(),
            },
        }
    }

    pub fn count(&self, at: usize) -> u64 {
        match self {
            Self::Ints(values) => values[at].1,
            Self::Floats(values) => values[at].1,
            Self::Texts(values) => values[at].1,
        }
    }
}
