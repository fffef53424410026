//! Some of a table's rows, coded: what rules that look at all columns at once work on.
//!
//! Identifiers, dates and free text are left out: they differ from row to row by nature. Which rows are drawn depends
//! on their number only, so the same table gives the same sample.

use super::context::Column;
use crate::data::columns::TableRef;
use crate::data::error::LoadError;
use crate::data::table::{Cells, MISSING_CODE};
use crate::domain::io::JobIo;
use crate::domain::schema::{ColumnKind, ColumnSchema};
use crate::stats::boost::{Feature, MOST_BINS};
use crate::stats::groups::quantile_groups;
use crate::stats::mix;

/// Rows of a sample.
pub(super) const MOST_ROWS: usize = 20_000;
/// Cells of a sample; with many columns it has fewer rows.
const MOST_CELLS: usize = 4_000_000;
const FEWEST_ROWS: usize = 2_000;
const SEED: u64 = 19;

pub(super) struct Sample {
    /// Ascending.
    pub rows: Vec<usize>,
    pub columns: Vec<Sampled>,
}

/// One column at the sample's rows.
pub(super) struct Sampled {
    pub name: String,
    /// In the table.
    pub index: usize,
    pub values: SampledValues,
}

pub(super) enum SampledValues {
    /// Missing is NaN.
    Numbers(Vec<f64>),
    /// Codes into the levels; missing is [`MISSING_CODE`].
    Levels(Vec<u32>, Vec<String>),
}

/// Is it a column whose values can be compared between rows?
pub(super) fn is_comparable(schema: &ColumnSchema) -> bool {
    matches!(schema.kind, ColumnKind::Numeric | ColumnKind::Categorical | ColumnKind::Boolean)
}

/// Up to `most` of `n` rows, ascending.
pub(super) fn draw(n: usize, most: usize) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..n).collect();
    if n > most {
        rows.select_nth_unstable_by_key(most, |row| mix(*row as u64 ^ SEED));
        rows.truncate(most);
        rows.sort_unstable();
    }
    rows
}

impl Sample {
    /// The columns for which `keep` says yes.
    pub fn of(table: TableRef<'_>, io: &dyn JobIo, keep: impl Fn(&ColumnSchema) -> bool) -> Result<Self, LoadError> {
        Self::at_most(table, io, keep, (MOST_ROWS, MOST_CELLS))
    }

    /// The same with other limits: rows, and cells.
    pub fn at_most(
        table: TableRef<'_>,
        io: &dyn JobIo,
        keep: impl Fn(&ColumnSchema) -> bool,
        (rows, cells): (usize, usize),
    ) -> Result<Self, LoadError> {
        let kept: Vec<usize> =
            (0..table.schema.columns.len()).filter(|index| keep(&table.schema.columns[*index])).collect();
        let most = (cells / kept.len().max(1)).clamp(FEWEST_ROWS, rows);
        let rows = draw(table.n_rows(), most);
        let mut columns = Vec::with_capacity(kept.len());
        for index in kept {
            io.progress("Drawing a sample", None)?;
            let schema = &table.schema.columns[index];
            let values = coded(schema, table.gather(index, &rows)?);
            columns.push(Sampled { name: schema.name.clone(), index, values });
        }
        Ok(Self { rows, columns })
    }

    pub fn column(&self, name: &str) -> Option<&Sampled> {
        self.columns.iter().find(|column| column.name == name)
    }
}

fn coded(schema: &ColumnSchema, cells: Cells) -> SampledValues {
    match cells {
        Cells::Text(d) => SampledValues::Levels(d.codes, d.values),
        cells if schema.kind == ColumnKind::Categorical => {
            let d = cells.to_dictionary();
            SampledValues::Levels(d.codes, d.values)
        }
        cells => SampledValues::Numbers(cells.numbers()),
    }
}

impl Sampled {
    pub fn len(&self) -> usize {
        match &self.values {
            SampledValues::Numbers(x) => x.len(),
            SampledValues::Levels(codes, _) => codes.len(),
        }
    }

    pub fn is_number(&self) -> bool {
        matches!(self.values, SampledValues::Numbers(_))
    }

    /// Missing is `None`.
    pub fn level(&self, at: usize) -> Option<u32> {
        match &self.values {
            SampledValues::Levels(codes, _) => Some(codes[at]).filter(|code| *code != MISSING_CODE),
            SampledValues::Numbers(_) => None,
        }
    }

    /// Groups of rows that are alike, at most `at_most` and one for missing cells, with their number: quantiles of a
    /// number, the most frequent levels of a category (the last group holds the others).
    pub fn groups(&self, at_most: usize) -> (Vec<u32>, usize) {
        match &self.values {
            SampledValues::Numbers(x) => quantile_groups(x, at_most),
            SampledValues::Levels(codes, levels) => {
                let places = places_of(codes, levels.len(), at_most);
                let place = |code: &u32| places.get(*code as usize).copied().unwrap_or(at_most as u32);
                (codes.iter().map(place).collect(), at_most + 1)
            }
        }
    }

    /// As a model takes it.
    pub fn feature(&self) -> Feature {
        let (groups, _) = self.groups(MOST_BINS - 2);
        Feature { bins: groups.into_iter().map(|group| group as u8).collect(), ordered: self.is_number() }
    }
}

/// The place of each level by its frequency; those from `at_most - 1` on share the last one.
fn places_of(codes: &[u32], n_levels: usize, at_most: usize) -> Vec<u32> {
    let mut counts = vec![0u64; n_levels];
    codes.iter().filter(|code| **code != MISSING_CODE).for_each(|code| counts[*code as usize] += 1);
    let mut order: Vec<usize> = (0..n_levels).collect();
    order.sort_by_key(|code| (std::cmp::Reverse(counts[*code]), *code));
    let mut places = vec![0; n_levels];
    order.iter().enumerate().for_each(|(place, code)| places[*code] = place.min(at_most.max(1) - 1) as u32);
    places
}

/// Is the column part of a sample of features?
pub(super) fn is_sampled(c: &Column<'_>) -> bool {
    !c.is_target && is_comparable(c.schema)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::checks::testing::clean;
    use crate::domain::io::Silent;

    #[test]
    fn a_sample_has_the_same_rows_each_time_and_only_comparable_columns() {
        let table = clean(500, 1);
        let sample = Sample::of(TableRef::of(&table), &Silent, is_comparable).unwrap();
        assert_eq!(sample.rows.len(), 500);
        let names: Vec<&str> = sample.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["age", "charges", "score", "calls", "plan", "maker", "paperless", "churn"]);
        assert_eq!(draw(100, 10), draw(100, 10));
        assert!(draw(100, 10).is_sorted() && draw(100, 10).len() == 10);
    }

    #[test]
    fn groups_stay_within_their_number() {
        let table = clean(500, 1);
        let sample = Sample::of(TableRef::of(&table), &Silent, is_comparable).unwrap();
        for column in &sample.columns {
            let (groups, n) = column.groups(30);
            assert!(groups.iter().all(|group| (*group as usize) < n) && n <= 32, "{}", column.name);
        }
    }
}
