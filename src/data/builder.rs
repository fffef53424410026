//! Putting columns together piece by piece, and what a finished column amounts to.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::infer::TextFacts;
use super::table::{Cells, Dictionary, MISSING_CODE};
use crate::domain::schema::Storage;

/// Codes texts in order of first appearance.
#[derive(Debug, Default)]
pub struct DictionaryBuilder {
    dictionary: Dictionary,
    /// Hashes of the texts with their codes: each text is stored once, and growing does not touch them.
    index: HashTable<(u64, u32)>,
    hasher: DefaultHashBuilder,
}

impl DictionaryBuilder {
    pub fn push(&mut self, cell: Option<&str>) {
        let code = cell.map_or(MISSING_CODE, |text| self.code(text));
        self.dictionary.codes.push(code);
    }

    /// Appends all cells of another dictionary; costs one look-up per distinct value.
    pub fn append(&mut self, other: &Dictionary) {
        let codes: Vec<u32> = other.values.iter().map(|text| self.code(text)).collect();
        let codes = other.codes.iter().map(|&c| codes.get(c as usize).copied().unwrap_or(MISSING_CODE));
        self.dictionary.codes.extend(codes);
    }

    /// The code of a text, a new one at first sight.
    pub fn code(&mut self, text: &str) -> u32 {
        let values = &mut self.dictionary.values;
        let hash = self.hasher.hash_one(text);
        if let Some(&(_, code)) = self.index.find(hash, |&(h, code)| h == hash && values[code as usize] == text) {
            return code;
        }
        let code = values.len() as u32;
        values.push(text.to_owned());
        self.index.insert_unique(hash, (hash, code), |&(hash, _)| hash);
        code
    }

    /// Cells so far.
    pub fn n_cells(&self) -> usize {
        self.dictionary.codes.len()
    }

    /// Distinct texts so far.
    pub fn len(&self) -> usize {
        self.dictionary.values.len()
    }

    pub fn finish(self) -> Dictionary {
        self.dictionary
    }
}

/// A column under construction.
#[derive(Debug)]
pub enum CellsBuilder {
    Float(Vec<f64>),
    Int(Vec<Option<i64>>),
    Boolean(Vec<Option<bool>>),
    DatetimeMs(Vec<Option<i64>>),
    Text(DictionaryBuilder),
}

impl CellsBuilder {
    pub fn new(storage: Storage) -> Self {
        match storage {
            Storage::Float64 => Self::Float(Vec::new()),
            Storage::Int64 => Self::Int(Vec::new()),
            Storage::Boolean => Self::Boolean(Vec::new()),
            Storage::DatetimeMs => Self::DatetimeMs(Vec::new()),
            Storage::String => Self::Text(DictionaryBuilder::default()),
        }
    }

    /// Appends cells of the same storage; anything else is ignored, which the length then shows.
    pub fn append(&mut self, cells: &Cells) {
        match (self, cells) {
            (Self::Float(all), Cells::Float(new)) => all.extend_from_slice(new),
            (Self::Int(all), Cells::Int(new)) | (Self::DatetimeMs(all), Cells::DatetimeMs(new)) => {
                all.extend_from_slice(new);
            }
            (Self::Boolean(all), Cells::Boolean(new)) => all.extend_from_slice(new),
            (Self::Text(all), Cells::Text(new)) => all.append(new),
            _ => debug_assert!(false, "pieces of one column share their storage"),
        }
    }

    pub fn finish(self) -> Cells {
        match self {
            Self::Float(v) => Cells::Float(v),
            Self::Int(v) => Cells::Int(v),
            Self::Boolean(v) => Cells::Boolean(v),
            Self::DatetimeMs(v) => Cells::DatetimeMs(v),
            Self::Text(builder) => Cells::Text(builder.finish()),
        }
    }
}

/// What decides a column's kind and fills its schema.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Facts {
    pub missing: u64,
    /// Cells that are not missing.
    pub values: u64,
    /// Distinct values, missing not counted.
    pub distinct: u64,
    /// Text only.
    pub text: TextFacts,
    /// Whole numbers and datetimes: smallest and largest.
    pub range: Option<(i64, i64)>,
}

pub fn facts(cells: &Cells) -> Facts {
    let missing = (0..cells.len()).filter(|&row| cells.is_missing(row)).count() as u64;
    let mut facts = Facts { missing, values: cells.len() as u64 - missing, ..Facts::default() };
    match cells {
        Cells::Float(v) => facts.distinct = distinct_floats(v),
        Cells::Int(v) | Cells::DatetimeMs(v) => {
            let mut present: Vec<i64> = v.iter().copied().flatten().collect();
            present.sort_unstable();
            facts.range = present.first().copied().zip(present.last().copied());
            present.dedup();
            facts.distinct = present.len() as u64;
        }
        Cells::Boolean(v) => {
            facts.distinct = [true, false].iter().filter(|&&b| v.contains(&Some(b))).count() as u64;
        }
        Cells::Text(d) => {
            for (text, count) in d.values.iter().zip(d.counts()).filter(|(_, count)| *count > 0) {
                facts.text.add(text, count);
                facts.text.distinct += 1;
            }
            facts.distinct = facts.text.distinct;
        }
    }
    facts
}

fn distinct_floats(values: &[f64]) -> u64 {
    // Adding 0.0 turns −0 into 0, which counts as the same number.
    let mut bits: Vec<u64> = values.iter().filter(|x| !x.is_nan()).map(|x| (x + 0.0).to_bits()).collect();
    bits.sort_unstable();
    bits.dedup();
    bits.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dictionaries_are_joined_in_order_of_appearance() {
        let mut builder = DictionaryBuilder::default();
        builder.append(&[Some("b"), None, Some("a")].into_iter().collect());
        builder.append(&[Some("c"), Some("b")].into_iter().collect());
        builder.push(Some("a"));
        let d = builder.finish();
        assert_eq!(d.values, ["b", "a", "c"]);
        assert_eq!(d.codes, [0, MISSING_CODE, 1, 2, 0, 1]);
    }

    #[test]
    fn facts_count_missing_and_distinct() {
        let f = facts(&Cells::Float(vec![0.0, -0.0, f64::NAN, 1.5, f64::INFINITY]));
        assert_eq!((f.missing, f.distinct), (1, 3));
        let f = facts(&Cells::Int(vec![Some(3), None, Some(-1), Some(3)]));
        assert_eq!((f.missing, f.distinct, f.range), (1, 2, Some((-1, 3))));
        let f = facts(&Cells::Text([Some("a b"), None, Some("a b"), Some("c")].into_iter().collect()));
        assert_eq!((f.missing, f.distinct, f.text.spaces, f.text.chars), (1, 2, 2, 7));
    }
}
