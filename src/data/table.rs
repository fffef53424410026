//! A table in memory: plain columns, text coded by a dictionary.
//!
//! What lives here: the shapes and the conversions every computation needs. Not here: files (`parquet`, `read`).

use super::builder::DictionaryBuilder;
use crate::domain::schema::{ColumnSchema, Schema, Storage};

/// The code of a missing text cell.
pub const MISSING_CODE: u32 = u32::MAX;

/// All rows of a dataset version, or of some of its columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub schema: Schema,
    /// One per schema column, each with `n_rows` cells.
    pub columns: Vec<Cells>,
    pub n_rows: usize,
}

/// The cells of one column; the variant follows the schema's `Storage`.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// Missing is NaN. Infinities are values.
    Float(Vec<f64>),
    Int(Vec<Option<i64>>),
    Boolean(Vec<Option<bool>>),
    /// Milliseconds since 1970-01-01T00:00:00 UTC.
    DatetimeMs(Vec<Option<i64>>),
    Text(Dictionary),
}

/// Text cells as codes into distinct values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dictionary {
    /// One per row; [`MISSING_CODE`] or an index into `values`.
    pub codes: Vec<u32>,
    /// Distinct, in order of first appearance.
    pub values: Vec<String>,
}

impl Dictionary {
    pub fn get(&self, row: usize) -> Option<&str> {
        self.values.get(self.codes[row] as usize).map(String::as_str)
    }

    /// Rows per value, by code.
    pub fn counts(&self) -> Vec<u64> {
        let mut counts = vec![0; self.values.len()];
        for &code in self.codes.iter().filter(|&&c| c != MISSING_CODE) {
            counts[code as usize] += 1;
        }
        counts
    }
}

impl<'a> FromIterator<Option<&'a str>> for Dictionary {
    fn from_iter<I: IntoIterator<Item = Option<&'a str>>>(cells: I) -> Self {
        let mut builder = DictionaryBuilder::default();
        cells.into_iter().for_each(|cell| builder.push(cell));
        builder.finish()
    }
}

impl Cells {
    pub fn len(&self) -> usize {
        match self {
            Self::Float(v) => v.len(),
            Self::Int(v) | Self::DatetimeMs(v) => v.len(),
            Self::Boolean(v) => v.len(),
            Self::Text(d) => d.codes.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn storage(&self) -> Storage {
        match self {
            Self::Float(_) => Storage::Float64,
            Self::Int(_) => Storage::Int64,
            Self::Boolean(_) => Storage::Boolean,
            Self::DatetimeMs(_) => Storage::DatetimeMs,
            Self::Text(_) => Storage::String,
        }
    }

    /// Memory the cells take, in bytes; texts with what keeping them costs.
    pub fn bytes(&self) -> u64 {
        let per_text = |text: &String| (text.len() + size_of::<String>() + 16) as u64;
        match self {
            Self::Float(v) => size_of_val(v.as_slice()) as u64,
            Self::Int(v) | Self::DatetimeMs(v) => size_of_val(v.as_slice()) as u64,
            Self::Boolean(v) => size_of_val(v.as_slice()) as u64,
            Self::Text(d) => size_of_val(d.codes.as_slice()) as u64 + d.values.iter().map(per_text).sum::<u64>(),
        }
    }

    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Float(v) => v[row].is_nan(),
            Self::Int(v) | Self::DatetimeMs(v) => v[row].is_none(),
            Self::Boolean(v) => v[row].is_none(),
            Self::Text(d) => d.codes[row] == MISSING_CODE,
        }
    }

    /// The cell as a number: booleans are 0 and 1, datetimes milliseconds, text and missing NaN.
    pub fn number(&self, row: usize) -> f64 {
        match self {
            Self::Float(v) => v[row],
            Self::Int(v) | Self::DatetimeMs(v) => v[row].map_or(f64::NAN, |x| x as f64),
            Self::Boolean(v) => v[row].map_or(f64::NAN, |x| if x { 1.0 } else { 0.0 }),
            Self::Text(_) => f64::NAN,
        }
    }

    /// All cells as numbers, by the rule of [`Self::number`].
    pub fn numbers(&self) -> Vec<f64> {
        (0..self.len()).map(|row| self.number(row)).collect()
    }

    /// The cell as text: floats in the shortest form that reads back equal, whole numbers without a point, booleans
    /// as `true`/`false`, datetimes as RFC 3339 in UTC. `None` is a missing cell.
    pub fn text(&self, row: usize) -> Option<String> {
        if self.is_missing(row) {
            return None;
        }
        Some(match self {
            Self::Float(v) => format_number(v[row]),
            Self::Int(v) => v[row]?.to_string(),
            Self::Boolean(v) => v[row]?.to_string(),
            Self::DatetimeMs(v) => format_datetime(v[row]?),
            Self::Text(d) => d.get(row)?.to_owned(),
        })
    }

    /// The cells at these rows, in that order.
    pub fn take(&self, rows: impl Iterator<Item = usize>) -> Self {
        match self {
            Self::Float(v) => Self::Float(rows.map(|row| v[row]).collect()),
            Self::Int(v) => Self::Int(rows.map(|row| v[row]).collect()),
            Self::DatetimeMs(v) => Self::DatetimeMs(rows.map(|row| v[row]).collect()),
            Self::Boolean(v) => Self::Boolean(rows.map(|row| v[row]).collect()),
            Self::Text(d) => Self::Text(rows.map(|row| d.get(row)).collect()),
        }
    }

    /// Distinct values as a dictionary, whatever the storage; values are those of [`Self::text`].
    pub fn to_dictionary(&self) -> Dictionary {
        if let Self::Text(dictionary) = self {
            return dictionary.clone();
        }
        let cells: Vec<Option<String>> = (0..self.len()).map(|row| self.text(row)).collect();
        cells.iter().map(Option::as_deref).collect()
    }
}

impl Table {
    pub fn column(&self, name: &str) -> Option<(&ColumnSchema, &Cells)> {
        let index = self.schema.index_of(name)?;
        Some((&self.schema.columns[index], &self.columns[index]))
    }

    pub fn iter(&self) -> impl Iterator<Item = (&ColumnSchema, &Cells)> {
        self.schema.columns.iter().zip(&self.columns)
    }
}

/// The shortest text that reads back as the same number: `3`, `0.1`, `1e300`.
pub fn format_number(x: f64) -> String {
    if x != 0.0 && !(1e-5..1e16).contains(&x.abs()) { format!("{x:e}") } else { format!("{x}") }
}

/// `2026-03-01` at midnight, otherwise `2026-03-01T12:30:00Z` (with milliseconds where there are some).
pub fn format_datetime(ms: i64) -> String {
    let Some(time) = chrono::DateTime::from_timestamp_millis(ms) else { return ms.to_string() };
    let pattern = if ms.rem_euclid(86_400_000) == 0 {
        "%Y-%m-%d"
    } else if ms.rem_euclid(1000) == 0 {
        "%Y-%m-%dT%H:%M:%SZ"
    } else {
        "%Y-%m-%dT%H:%M:%S%.3fZ"
    };
    time.format(pattern).to_string()
}

/// Tables written as literals, for the tests of whatever works on them.
#[cfg(test)]
pub mod testing {
    use super::{Cells, Table};
    use crate::domain::schema::{ColumnKind, ColumnSchema, Schema};

    pub fn table(columns: Vec<(&str, ColumnKind, Cells)>) -> Table {
        let n_rows = columns.first().map_or(0, |c| c.2.len());
        let schema = columns
            .iter()
            .map(|(name, kind, cells)| ColumnSchema {
                name: (*name).to_owned(),
                kind: *kind,
                storage: cells.storage(),
                missing: 0,
                distinct: 0,
                true_spellings: Vec::new(),
                false_spellings: Vec::new(),
                notes: Vec::new(),
                missing_tokens: vec![],
                personal: None,
            })
            .collect();
        Table { schema: Schema { columns: schema }, columns: columns.into_iter().map(|c| c.2).collect(), n_rows }
    }

    pub fn numbers(values: impl IntoIterator<Item = f64>) -> Cells {
        Cells::Float(values.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dictionary_keeps_first_appearance_order_and_missing_cells() {
        let d: Dictionary = [Some("b"), None, Some("a"), Some("b")].into_iter().collect();
        assert_eq!(d.codes, [0, MISSING_CODE, 1, 0]);
        assert_eq!(d.values, ["b", "a"]);
        assert_eq!(d.counts(), [2, 1]);
        assert_eq!(d.get(1), None);
    }

    #[test]
    fn cells_print_in_the_shortest_exact_form() {
        assert_eq!(Cells::Float(vec![3.0, 0.1]).text(0).as_deref(), Some("3"));
        assert_eq!(Cells::Float(vec![3.0, 0.1]).text(1).as_deref(), Some("0.1"));
        assert_eq!(Cells::Float(vec![f64::NAN]).text(0), None);
        assert_eq!(Cells::DatetimeMs(vec![Some(1_772_323_200_000)]).text(0).as_deref(), Some("2026-03-01"));
    }
}
