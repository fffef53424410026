//! Rows and cells as hashes: equal values have equal hashes in any table of this program, however they are stored.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::draft::number;
use crate::data::builder::DictionaryBuilder;
use crate::data::columns::TableRef;
use crate::data::error::LoadError;
use crate::data::table::{Cells, Dictionary, MISSING_CODE};
use crate::domain::io::{Cancelled, JobIo};
use crate::stats::mix;

/// Rows whose hashes are sorted at once.
const ROWS_OF_A_PART: usize = 4 << 20;
/// What the different values of a column may take, in bytes, before a sample of its rows is judged.
const MOST_BYTES: usize = 256 << 20;
/// What a text costs beside its bytes.
const TEXT_OVERHEAD: usize = 64;
/// Rows of such a sample, about.
const SAMPLED_ROWS: usize = 500_000;
const SAMPLE_SEED: u64 = 11;

/// Beyond this a whole number has no exact float.
const EXACT_WHOLE: u64 = 1 << 53;

const MISSING: u64 = 0x6d69_7373_696e_6721;

/// Calls `each(row, hash)` for every cell.
pub(super) fn for_each_cell(cells: &Cells, mut each: impl FnMut(usize, u64)) {
    match cells {
        Cells::Float(values) => values.iter().enumerate().for_each(|(row, x)| each(row, float(*x))),
        Cells::Int(values) | Cells::DatetimeMs(values) => {
            values.iter().enumerate().for_each(|(row, x)| each(row, x.map_or(MISSING, whole)));
        }
        Cells::Boolean(values) => {
            let hashes = [float(0.0), float(1.0)];
            values.iter().enumerate().for_each(|(row, x)| each(row, x.map_or(MISSING, |b| hashes[usize::from(b)])));
        }
        Cells::Text(dictionary) => {
            let hashes: Vec<u64> = dictionary.values.iter().map(|value| text(value)).collect();
            let hash = |code: u32| if code == MISSING_CODE { MISSING } else { hashes[code as usize] };
            dictionary.codes.iter().enumerate().for_each(|(row, code)| each(row, hash(*code)));
        }
    }
}

pub(super) fn is_missing_hash(hash: u64) -> bool {
    hash == MISSING
}

/// One hash per row over the named columns, in the order of `names`.
pub(super) fn row_hashes(table: TableRef<'_>, names: &[&str], io: &dyn JobIo) -> Result<Vec<u64>, LoadError> {
    let mut hashes = vec![0; table.n_rows()];
    for column in names.iter().filter_map(|name| table.schema.index_of(name)) {
        table.pieces(column, |start, cells| {
            io.progress("Comparing rows", None)?;
            for_each_cell(cells, |row, hash| hashes[start + row] = mix(hashes[start + row] ^ hash));
            Ok(())
        })?;
    }
    Ok(hashes)
}

/// Gives runs of rows with equal hashes to `take`, rows ascending; runs of one row are left out. Works through the
/// hashes part by part, so that it needs little memory beside them.
pub(super) fn twins(hashes: &[u64], io: &dyn JobIo, mut take: impl FnMut(&[(u64, u32)])) -> Result<(), Cancelled> {
    let bits = (hashes.len() / ROWS_OF_A_PART).checked_ilog2().map_or(0, |log| log + 1);
    let mut part: Vec<(u64, u32)> = Vec::new();
    for at in 0..1u64 << bits {
        io.progress("Comparing rows", None)?;
        let inside = |hash: u64| bits == 0 || hash >> (64 - bits) == at;
        part.clear();
        part.extend(
            hashes.iter().enumerate().filter(|(_, hash)| inside(**hash)).map(|(row, hash)| (*hash, row as u32)),
        );
        part.sort_unstable();
        part.chunk_by(|a, b| a.0 == b.0).filter(|run| run.len() > 1).for_each(&mut take);
    }
    Ok(())
}

/// How many rows there are, and the first ones, whatever the order they come in.
pub(super) struct FirstRows {
    pub count: u64,
    rows: BTreeSet<usize>,
    most: usize,
}

impl FirstRows {
    /// Keeps at most so many.
    pub fn new(most: usize) -> Self {
        Self { count: 0, rows: BTreeSet::new(), most }
    }

    pub fn add(&mut self, row: usize) {
        self.count += 1;
        if self.rows.len() < self.most || self.rows.last().is_some_and(|last| row < *last) {
            self.rows.insert(row);
            if self.rows.len() > self.most {
                self.rows.pop_last();
            }
        }
    }

    /// Ascending.
    pub fn rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.rows.iter().copied()
    }
}

/// The different values of a column with the number of their cells, in order of first appearance.
#[derive(Default)]
pub(super) struct Values {
    pub texts: Vec<String>,
    pub counts: Vec<u64>,
    /// Rows that were looked at, where there were too many different texts to keep.
    pub sampled: Option<u64>,
    bytes: usize,
}

impl Values {
    pub fn of(table: TableRef<'_>, column: usize, io: &dyn JobIo) -> Result<Self, LoadError> {
        match Self::every(table, column, 1, io)? {
            Some(values) => Ok(values),
            None => {
                let every = (table.n_rows() / SAMPLED_ROWS).max(2) as u64;
                let values = Self::every(table, column, every, io)?.unwrap_or_default();
                Ok(Self { sampled: Some(table.n_rows() as u64 / every), ..values })
            }
        }
    }

    /// All cells judged.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// What a finding adds when not all rows were looked at.
    pub fn note(&self) -> String {
        let note =
            |rows| format!("; judged on a sample of {} rows, as there are too many different texts", number(rows));
        self.sampled.map_or_else(String::new, note)
    }

    pub fn size(&self) -> usize {
        self.bytes + self.texts.len() * TEXT_OVERHEAD
    }

    /// Looks at about one row of `every`, the same ones each time. `None`: too many texts.
    fn every(table: TableRef<'_>, column: usize, every: u64, io: &dyn JobIo) -> Result<Option<Self>, LoadError> {
        let mut values = Self::default();
        let mut index: HashMap<u64, usize> = HashMap::new();
        let mut full = false;
        table.pieces(column, |start, cells| {
            io.progress("Looking at the values", None)?;
            if full {
                return Ok(());
            }
            let chosen = |row: usize| every == 1 || mix((start + row) as u64 ^ SAMPLE_SEED).is_multiple_of(every);
            let counts = Self::counts_of(cells, chosen);
            for (hash, row, count) in counts {
                let known = *index.entry(hash).or_insert(values.texts.len());
                if known == values.texts.len() {
                    let text = cells.text(row).unwrap_or_default();
                    values.bytes += text.len();
                    values.texts.push(text);
                    values.counts.push(0);
                }
                values.counts[known] += count;
            }
            full = values.size() > MOST_BYTES;
            Ok(())
        })?;
        Ok((!full).then_some(values))
    }

    /// Hash, first row and count of each value of a piece, in order of appearance.
    fn counts_of(cells: &Cells, chosen: impl Fn(usize) -> bool) -> Vec<(u64, usize, u64)> {
        let mut counts: Vec<(u64, usize, u64)> = Vec::new();
        if let Cells::Text(d) = cells {
            // By code, which needs no look-up per row.
            let mut place = vec![usize::MAX; d.values.len()];
            for (row, code) in d.codes.iter().enumerate().filter(|(row, code)| **code != MISSING_CODE && chosen(*row)) {
                let place = &mut place[*code as usize];
                if *place == usize::MAX {
                    *place = counts.len();
                    counts.push((text(&d.values[*code as usize]), row, 0));
                }
                counts[*place].2 += 1;
            }
            return counts;
        }
        let mut index: HashMap<u64, usize> = HashMap::new();
        for_each_cell(cells, |row, hash| {
            if !is_missing_hash(hash) && chosen(row) {
                let place = *index.entry(hash).or_insert(counts.len());
                if place == counts.len() {
                    counts.push((hash, row, 0));
                }
                counts[place].2 += 1;
            }
        });
        counts
    }
}

/// The first rows whose value is one of `odd`, at most `most` of them and those of the piece they end in.
pub(super) fn rows_with(
    table: TableRef<'_>,
    column: usize,
    odd: &BTreeSet<&str>,
    most: usize,
) -> Result<Vec<usize>, LoadError> {
    let mut rows = Vec::new();
    let hashes: HashSet<u64> = odd.iter().map(|value| text(value)).collect();
    table.pieces(column, |start, cells| {
        if rows.len() >= most {
            return Ok(());
        }
        match cells {
            Cells::Text(_) => for_each_cell(cells, |row, hash| {
                if rows.len() < most && hashes.contains(&hash) {
                    rows.push(start + row);
                }
            }),
            other => rows.extend(
                (0..other.len())
                    .filter(|row| other.text(*row).is_some_and(|text| odd.contains(text.as_str())))
                    .map(|row| start + row)
                    .take(most),
            ),
        }
        Ok(())
    })?;
    Ok(rows)
}

/// The column as codes of its values; `None` when there are too many to keep.
pub(super) fn codes_of(table: TableRef<'_>, column: usize, io: &dyn JobIo) -> Result<Option<Dictionary>, LoadError> {
    let mut all = DictionaryBuilder::default();
    let mut full = false;
    table.pieces(column, |_, cells| {
        io.progress("Reading the target", None)?;
        if !full {
            all.append(&codes(cells));
            full = all.len() * TEXT_OVERHEAD > MOST_BYTES;
        }
        Ok(())
    })?;
    Ok((!full).then(|| all.finish()))
}

/// Each cell's value as a small number, with the values' texts in order of first appearance.
fn codes(cells: &Cells) -> Dictionary {
    if let Cells::Text(dictionary) = cells {
        return dictionary.clone();
    }
    let mut index = std::collections::HashMap::new();
    let mut dictionary = Dictionary { codes: Vec::with_capacity(cells.len()), values: Vec::new() };
    for_each_cell(cells, |row, hash| {
        let code = if is_missing_hash(hash) {
            MISSING_CODE
        } else {
            *index.entry(hash).or_insert_with(|| {
                dictionary.values.push(cells.text(row).unwrap_or_default());
                dictionary.values.len() as u32 - 1
            })
        };
        dictionary.codes.push(code);
    });
    dictionary
}

fn float(x: f64) -> u64 {
    // Adding 0 makes one zero of the two.
    if x.is_nan() { MISSING } else { mix((x + 0.0).to_bits()) }
}

fn whole(x: i64) -> u64 {
    if x.unsigned_abs() <= EXACT_WHOLE { float(x as f64) } else { mix(x as u64 ^ 0x7768_6f6c_6521) }
}

/// FNV-1a, scattered.
fn text(value: &str) -> u64 {
    let fnv = value.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    mix(fnv ^ 0x7465_7874)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(cells: &Cells) -> Vec<u64> {
        let mut all = Vec::new();
        for_each_cell(cells, |_, hash| all.push(hash));
        all
    }

    #[test]
    fn equal_values_hash_alike_in_any_storage() {
        let floats = hashes(&Cells::Float(vec![0.0, 1.0, f64::NAN]));
        assert_eq!(floats, hashes(&Cells::Int(vec![Some(0), Some(1), None])));
        assert_eq!(floats, hashes(&Cells::Boolean(vec![Some(false), Some(true), None])));
        assert_eq!(hashes(&Cells::Float(vec![-0.0])), floats[..1]);
    }

    #[test]
    fn texts_hash_by_value_not_by_code() {
        let a = Cells::Text([Some("x"), Some("y"), None].into_iter().collect());
        let b = Cells::Text([Some("y"), Some("x"), None].into_iter().collect());
        let (a, b) = (hashes(&a), hashes(&b));
        assert_eq!((a[0], a[1], a[2]), (b[1], b[0], b[2]));
    }

    #[test]
    fn large_whole_numbers_stay_apart() {
        let h = hashes(&Cells::Int(vec![Some(i64::MAX), Some(i64::MAX - 1)]));
        assert_ne!(h[0], h[1]);
    }

    #[test]
    fn codes_keep_missing_cells_and_first_appearance() {
        let d = codes(&Cells::Int(vec![Some(7), None, Some(3), Some(7)]));
        assert_eq!((d.codes, d.values), (vec![0, MISSING_CODE, 1, 0], vec!["7".to_owned(), "3".to_owned()]));
    }
}
