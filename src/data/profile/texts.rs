//! Counting texts: how often which occurs and how long they are.
//!
//! A table in memory has its dictionary. The pieces of a stored one are joined into one dictionary with counts while
//! that stays small. Beyond it the texts are told apart by 64-bit hashes (two of 100,000,000 distinct texts share one
//! with a probability of 0.03 %), and the most frequent are looked up in one more reading.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};

use hashbrown::{HashMap, HashTable};

use super::Study;
use super::keys::{Sorter, Spread};
use super::numbers::{BINS, interpolated};
use super::top::{TOP, most_frequent};
use crate::data::columns::Columns;
use crate::data::error::LoadError;
use crate::data::personal::Scan;
use crate::data::table::{Cells, Dictionary};
use crate::domain::io::Cancelled;
use crate::domain::profile::{Histogram, QUANTILES, TextLengths};

/// A joined dictionary may hold this many texts and bytes.
const MAX_TEXTS: usize = 2_000_000;
const MAX_BYTES: usize = 256 << 20;
/// What a text costs beside its bytes.
const TEXT_OVERHEAD: usize = 48;

type Check<'a> = &'a dyn Fn() -> Result<(), Cancelled>;

pub fn study(
    columns: &dyn Columns,
    column: usize,
    sorter: &mut Sorter,
    study: &mut Study,
    check: Check<'_>,
) -> Result<(), LoadError> {
    within(columns, column, sorter, study, check, (MAX_TEXTS, MAX_BYTES))
}

fn within(
    columns: &dyn Columns,
    column: usize,
    sorter: &mut Sorter,
    study: &mut Study,
    check: Check<'_>,
    limits: (usize, usize),
) -> Result<(), LoadError> {
    let mut seen = Seen::default();
    let mut joined = Joined::default();
    let mut whole = false;
    columns.pieces(column, &mut |piece| {
        let Cells::Text(dictionary) = piece else { return Ok(()) };
        let counts = dictionary.counts();
        seen.missing += dictionary.codes.len() as u64 - counts.iter().sum::<u64>();
        let used = used(dictionary, &counts);
        if dictionary.codes.len() as u64 == columns.n_rows() {
            whole = true;
            let present: Vec<(u64, &str)> = used.map(|(text, n)| (n, text)).collect();
            present.iter().for_each(|(n, text)| seen.add(text, *n));
            seen.distinct = present.len() as u64;
            seen.top = owned(most_frequent(present));
        } else if joined.fits(limits) {
            used.for_each(|(text, n)| joined.add(text, n));
        }
        Ok(check()?)
    })?;
    if !whole && joined.fits(limits) {
        joined.iter().for_each(|(text, n)| seen.add(text, n));
        seen.distinct = joined.counts.len() as u64;
        seen.top = owned(most_frequent(joined.iter().map(|(text, n)| (n, text)).collect()));
    } else if !whole {
        drop(joined);
        seen.by_hashes(columns, column, sorter, check)?;
    }
    seen.tell(study);
    Ok(())
}

fn used<'a>(dictionary: &'a Dictionary, counts: &'a [u64]) -> impl Iterator<Item = (&'a str, u64)> {
    let texts = dictionary.values.iter().map(String::as_str);
    texts.zip(counts.iter().copied()).filter(|(_, n)| *n > 0)
}

fn owned(top: Vec<(u64, &str)>) -> Vec<(String, u64)> {
    top.into_iter().map(|(n, text)| (text.to_owned(), n)).collect()
}

/// What was seen so far.
#[derive(Default)]
struct Seen {
    missing: u64,
    distinct: u64,
    top: Vec<(String, u64)>,
    facts: crate::data::infer::TextFacts,
    /// Cells by their length in characters.
    lengths: BTreeMap<u64, u64>,
    personal: Scan,
}

impl Seen {
    fn add(&mut self, text: &str, cells: u64) {
        let before = self.facts.chars;
        self.facts.add(text, cells);
        *self.lengths.entry((self.facts.chars - before) / cells).or_default() += cells;
        self.personal.add(text, cells);
    }

    fn tell(mut self, study: &mut Study) {
        self.facts.distinct = self.distinct;
        study.facts.missing = self.missing;
        study.facts.values = self.facts.values;
        study.facts.distinct = self.distinct;
        study.facts.text = self.facts;
        study.profile.top = self.top;
        study.profile.lengths = lengths(&self.lengths);
        study.personal = self.personal.verdict();
    }

    fn by_hashes(
        &mut self,
        columns: &dyn Columns,
        column: usize,
        sorter: &mut Sorter,
        check: Check<'_>,
    ) -> Result<(), LoadError> {
        // The hashes only live here, so that a fixed function, which a hostile table could aim at, is not needed.
        let hasher = RandomState::new();
        sorter.keys.clear();
        sorter.keys.reserve_exact(columns.n_rows() as usize);
        columns.pieces(column, &mut |piece| {
            let Cells::Text(dictionary) = piece else { return Ok(()) };
            for (text, n) in used(dictionary, &dictionary.counts()) {
                self.add(text, n);
                let hash = hasher.hash_one(text);
                sorter.keys.extend(std::iter::repeat_n(hash, n as usize));
            }
            Ok(check()?)
        })?;
        let hashes = sorter.sort(Spread::Whole, check)?;
        let mut counts: Vec<u64> = Vec::new();
        for run in hashes.chunk_by(|a, b| a == b) {
            self.distinct += 1;
            let n = run.len() as u64;
            if counts.len() < TOP || counts[TOP - 1] < n {
                counts.insert(counts.partition_point(|&c| c >= n), n);
                counts.truncate(TOP);
            }
        }
        // Texts above the last count are few and all kept; among those with the last count the first by value.
        let limit = counts.last().copied().unwrap_or(0);
        let ties = counts.iter().filter(|&&n| n == limit).count();
        let count = |hash: u64| -> u64 {
            let start = hashes.partition_point(|&h| h < hash);
            hashes[start..].iter().take_while(|&&h| h == hash).take(limit as usize + 1).count() as u64
        };
        let mut above: HashMap<u64, (String, u64)> = HashMap::new();
        for run in hashes.chunk_by(|a, b| a == b).filter(|run| run.len() as u64 > limit) {
            above.insert(run[0], (String::new(), run.len() as u64));
        }
        let mut tied: BTreeSet<String> = BTreeSet::new();
        columns.pieces(column, &mut |piece| {
            let Cells::Text(dictionary) = piece else { return Ok(()) };
            for (text, _) in used(dictionary, &dictionary.counts()) {
                let hash = hasher.hash_one(text);
                if let Some(entry) = above.get_mut(&hash) {
                    if entry.0.is_empty() {
                        text.clone_into(&mut entry.0);
                    }
                } else if (tied.len() < ties || tied.last().is_some_and(|last| text < last.as_str()))
                    && count(hash) == limit
                {
                    tied.insert(text.to_owned());
                    if tied.len() > ties {
                        tied.pop_last();
                    }
                }
            }
            Ok(check()?)
        })?;
        let found = above.into_values().map(|(text, n)| (n, text)).chain(tied.into_iter().map(|text| (limit, text)));
        self.top = most_frequent(found.collect()).into_iter().map(|(n, text)| (text, n)).collect();
        Ok(())
    }
}

/// Distinct texts with their counts, stored once, one after the other.
#[derive(Default)]
struct Joined {
    bytes: String,
    /// Where each text ends.
    ends: Vec<usize>,
    counts: Vec<u64>,
    index: HashTable<(u64, u32)>,
    hasher: RandomState,
}

impl Joined {
    fn fits(&self, (texts, bytes): (usize, usize)) -> bool {
        self.counts.len() <= texts && self.bytes.len() + TEXT_OVERHEAD * self.counts.len() <= bytes
    }

    fn add(&mut self, text: &str, cells: u64) {
        let hash = self.hasher.hash_one(text);
        let Self { bytes, ends, counts, index, .. } = self;
        if let Some(&(_, i)) = index.find(hash, |&(h, i)| h == hash && slice(bytes, ends, i as usize) == text) {
            counts[i as usize] += cells;
            return;
        }
        index.insert_unique(hash, (hash, counts.len() as u32), |&(hash, _)| hash);
        bytes.push_str(text);
        ends.push(bytes.len());
        counts.push(cells);
    }

    fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.counts.iter().enumerate().map(|(i, &n)| (slice(&self.bytes, &self.ends, i), n))
    }
}

fn slice<'a>(bytes: &'a str, ends: &[usize], i: usize) -> &'a str {
    &bytes[if i == 0 { 0 } else { ends[i - 1] }..ends[i]]
}

/// `None` without cells.
fn lengths(cells: &BTreeMap<u64, u64>) -> Option<TextLengths> {
    let (&min, &max) = (cells.first_key_value()?.0, cells.last_key_value()?.0);
    let n: u64 = cells.values().sum();
    let mut ends = Vec::with_capacity(cells.len());
    let mut total = 0;
    for (&length, &count) in cells {
        total += count;
        ends.push((length, total));
    }
    let at = |rank: u64| ends[ends.partition_point(|&(_, end)| end <= rank)].0 as f64;
    let quantile = |q: f64| {
        let position = (n - 1) as f64 * q;
        let below = position.floor() as u64;
        interpolated(at(below), at((below + 1).min(n - 1)), position - below as f64)
    };
    Some(TextLengths {
        min,
        mean: cells.iter().map(|(length, n)| (length * n) as f64).sum::<f64>() / n as f64,
        max,
        quantiles: QUANTILES.map(|q| (q, quantile(q))).to_vec(),
        histogram: Some(histogram(cells, min, max)),
    })
}

/// Lengths are whole: bins hold equally many of them, so that no bin is empty for want of a whole number.
fn histogram(cells: &BTreeMap<u64, u64>, min: u64, max: u64) -> Histogram {
    let width = (max - min + 1).div_ceil(BINS as u64);
    let n_bins = (max - min) / width + 1;
    let mut counts = vec![0; n_bins as usize];
    for (length, n) in cells {
        counts[((length - min) / width) as usize] += n;
    }
    Histogram { edges: (0..=n_bins).map(|i| (min + i * width) as f64 - 0.5).collect(), counts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::parquet;
    use crate::data::profile::tests::study_of;
    use crate::data::table::testing::table;
    use crate::domain::io::Silent;
    use crate::domain::profile::ColumnProfile;
    use crate::domain::schema::{ColumnKind, Storage};

    #[test]
    fn a_stored_column_tells_what_one_in_memory_does_with_and_without_a_dictionary() {
        let n = 300_000u64;
        let texts: Vec<Option<String>> =
            (0..n).map(|i| (i % 9 != 0).then(|| format!("é{}", (i * i) % 70_001))).collect();
        let cells = Cells::Text(texts.iter().map(Option::as_deref).collect());
        let memory = study_of(cells.clone());
        let table = table(vec![("x", ColumnKind::Text, cells)]);
        let file = tempfile::NamedTempFile::new().unwrap();
        parquet::write(&table, file.path(), &Silent).unwrap();
        let stored = crate::data::columns::StoredTable::open(file.path(), &table.schema).unwrap();
        for limits in [(MAX_TEXTS, MAX_BYTES), (1000, MAX_BYTES)] {
            let mut study = Study {
                facts: crate::data::builder::Facts::default(),
                profile: ColumnProfile::new("x", ColumnKind::Text, Storage::String),
                personal: None,
            };
            within(&stored, 0, &mut Sorter::default(), &mut study, &|| Ok(()), limits).unwrap();
            assert_eq!(study.facts, memory.facts);
            assert_eq!((&study.profile.top, &study.profile.lengths), (&memory.profile.top, &memory.profile.lengths));
        }
    }

    #[test]
    fn quantiles_of_lengths_are_those_of_numpy() {
        // np.quantile([1, 1, 1, 4, 9], [.01, .05, .25, .5, .75, .95, .99])
        let l = lengths(&BTreeMap::from([(1, 3), (4, 1), (9, 1)])).unwrap();
        let expected = [1.0, 1.0, 1.0, 1.0, 4.0, 8.0, 8.8];
        assert!(l.quantiles.iter().zip(expected).all(|((_, q), e)| (q - e).abs() < 1e-12), "{l:?}");
        let h = l.histogram.unwrap();
        assert_eq!((h.edges[0], h.edges[9], h.counts), (0.5, 9.5, vec![3, 0, 0, 1, 0, 0, 0, 0, 1]));
    }
}
