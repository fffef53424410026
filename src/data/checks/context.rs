//! What every rule needs: the columns with their basic counts, the target, the reference.

use super::rows::{codes, for_each_cell, is_missing_hash};
use super::{CheckInput, Stop};
use crate::data::table::{Cells, Dictionary, Table};
use crate::domain::io::{Cancelled, JobIo};
use crate::domain::schema::{ColumnKind, ColumnSchema, Storage};
use crate::stats::mix;

/// Whole numbers with at most this many distinct values are classes when they are the target.
const MOST_NUMBER_CLASSES: usize = 10;

/// The table under check, read once.
pub(super) struct Context<'a> {
    pub table: &'a Table,
    pub input: CheckInput<'a>,
    pub io: &'a dyn JobIo,
    pub columns: Vec<Column<'a>>,
    /// One hash per row over all columns.
    pub row_hashes: Vec<u64>,
    target: Option<Target<'a>>,
}

/// A column with the counts one pass over its cells gives.
pub(super) struct Column<'a> {
    pub schema: &'a ColumnSchema,
    pub cells: &'a Cells,
    pub missing: u64,
    /// At least two different values, missing ones apart.
    pub varies: bool,
    /// Over all cells in order: equal columns have equal hashes.
    pub hash: u64,
    pub is_target: bool,
}

impl Column<'_> {
    pub fn name(&self) -> &str {
        &self.schema.name
    }

    pub fn rows(&self) -> u64 {
        self.cells.len() as u64
    }

    pub fn present(&self) -> u64 {
        self.rows() - self.missing
    }

    pub fn is_empty(&self) -> bool {
        self.present() == 0
    }

    pub fn missing_rows(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.cells.len()).filter(|row| self.cells.is_missing(*row))
    }
}

/// The column to predict, in the form its checks need.
pub(super) struct Target<'a> {
    pub column: &'a str,
    pub values: TargetValues,
}

pub(super) enum TargetValues {
    Classes(Dictionary),
    /// Missing is NaN.
    Numbers(Vec<f64>),
}

impl<'a> Context<'a> {
    pub fn new(input: CheckInput<'a>, io: &'a dyn JobIo) -> Result<Self, Cancelled> {
        let table = input.table;
        let mut row_hashes = vec![0; table.n_rows];
        let mut columns = Vec::with_capacity(table.columns.len());
        for (schema, cells) in table.iter() {
            io.progress("Reading the columns", None)?;
            let mut column = read_column(schema, cells, &mut row_hashes);
            column.is_target = input.target == Some(schema.name.as_str());
            columns.push(column);
        }
        let target =
            columns.iter().find(|c| c.is_target).map(|c| Target { column: &c.schema.name, values: target_values(c) });
        Ok(Self { table, input, io, columns, row_hashes, target })
    }

    /// Columns that may become features.
    pub fn features(&self) -> impl Iterator<Item = &Column<'a>> {
        self.columns.iter().filter(|c| !c.is_target)
    }

    pub fn reference(&self) -> Result<&'a Table, Stop> {
        self.input.reference.ok_or_else(|| Stop::Skipped("No reference given".to_owned()))
    }

    /// Columns both tables have, with the reference's side.
    pub fn shared_columns(&self) -> Result<Vec<(&Column<'a>, &'a ColumnSchema, &'a Cells)>, Stop> {
        let reference = self.reference()?;
        let pair = |c| Some((c, reference.column(Column::name(c))?));
        Ok(self.columns.iter().filter_map(pair).map(|(c, (schema, cells))| (c, schema, cells)).collect())
    }

    /// The target, when it has values.
    pub fn target(&self) -> Result<&Target<'a>, Stop> {
        let Some(name) = self.input.target else { return Err(Stop::Skipped("No target column given".to_owned())) };
        let missing = || Stop::Skipped(format!("There is no column `{name}`"));
        let target = self.target.as_ref().ok_or_else(missing)?;
        match self.columns.iter().find(|c| c.is_target) {
            Some(column) if column.is_empty() => Err(Stop::Skipped(format!("The target `{name}` has no values"))),
            _ => Ok(target),
        }
    }

    /// The target's column and classes, when it has classes.
    pub fn classes(&self) -> Result<(&'a str, &Dictionary), Stop> {
        let target = self.target()?;
        match &target.values {
            TargetValues::Classes(classes) => Ok((target.column, classes)),
            TargetValues::Numbers(_) => Err(Stop::Skipped("The target is a number, not a class".to_owned())),
        }
    }
}

fn read_column<'a>(schema: &'a ColumnSchema, cells: &'a Cells, row_hashes: &mut [u64]) -> Column<'a> {
    let (mut missing, mut varies, mut hash) = (0, false, 0);
    let mut first = None;
    for_each_cell(cells, |row, cell| {
        if is_missing_hash(cell) {
            missing += 1;
        } else {
            varies |= *first.get_or_insert(cell) != cell;
        }
        hash = mix(hash ^ cell);
        if let Some(row_hash) = row_hashes.get_mut(row) {
            *row_hash = mix(*row_hash ^ cell);
        }
    });
    Column { schema, cells, missing, varies, hash, is_target: false }
}

fn target_values(column: &Column<'_>) -> TargetValues {
    let is_number = matches!(column.cells.storage(), Storage::Float64 | Storage::Int64 | Storage::DatetimeMs)
        && matches!(column.schema.kind, ColumnKind::Numeric | ColumnKind::Datetime | ColumnKind::Identifier);
    if is_number && !has_few_whole_values(column.cells) {
        return TargetValues::Numbers(column.cells.numbers());
    }
    TargetValues::Classes(codes(column.cells))
}

fn has_few_whole_values(cells: &Cells) -> bool {
    let mut seen: Vec<f64> = Vec::new();
    for row in 0..cells.len() {
        let x = cells.number(row);
        if x.is_nan() || seen.contains(&x) {
            continue;
        }
        if x.fract() != 0.0 || seen.len() == MOST_NUMBER_CLASSES {
            return false;
        }
        seen.push(x);
    }
    true
}
