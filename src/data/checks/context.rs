//! What every rule needs: the columns with their basic facts, the target, the reference.
//!
//! A table may be larger than memory: nothing here or in the rules holds a column, beside the target's codes and the
//! hashes of rows. Rules read the pieces of the columns they need.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::near::Forms;
use super::rows::{FirstRows, Values, codes_of, for_each_cell, is_missing_hash, twins};
use super::sample::{Sample, is_comparable};
use super::{CheckInput, Stop};
use crate::data::columns::TableRef;
use crate::data::error::LoadError;
use crate::data::table::{Cells, Dictionary};
use crate::domain::io::JobIo;
use crate::domain::schema::{ColumnKind, ColumnSchema, Storage};
use crate::stats::mix;

/// Whole numbers with at most this many distinct values are classes when they are the target.
const MOST_NUMBER_CLASSES: usize = 10;
/// Values of columns that are kept between rules, in bytes.
const KEPT_VALUES: usize = 128 << 20;

/// The table under check, read once.
pub(super) struct Context<'a> {
    pub table: TableRef<'a>,
    pub input: CheckInput<'a>,
    pub io: &'a dyn JobIo,
    pub columns: Vec<Column<'a>>,
    /// Rows that repeat an earlier one in every column.
    pub repeats: FirstRows,
    /// What the running rule has measured, also where it holds.
    pub observed: Cell<Option<f64>>,
    target: Option<Target<'a>>,
    values: RefCell<BTreeMap<usize, Rc<Values>>>,
    gathered: RefCell<BTreeMap<usize, Rc<Cells>>>,
    /// Missing cells of the reference's columns, in its order.
    reference_missing: OnceCell<Vec<u64>>,
    sample: OnceCell<Rc<Sample>>,
    reference_sample: OnceCell<Rc<Sample>>,
    forms: OnceCell<Rc<Forms>>,
}

/// A column with the facts one pass over its cells gives.
pub(super) struct Column<'a> {
    pub schema: &'a ColumnSchema,
    pub index: usize,
    rows: u64,
    pub missing: u64,
    /// At least two different values, missing ones apart.
    pub varies: bool,
    /// Over all cells in order: equal columns have equal hashes.
    pub hash: u64,
    pub is_target: bool,
    /// The first cell with a value.
    pub first_value: Option<String>,
    pub infinite: FirstRows,
    /// Whole numbers: smallest and largest.
    pub range: Option<(i64, i64)>,
    /// Text: some value is more than one word.
    pub has_words: bool,
    first_missing: FirstRows,
}

impl Column<'_> {
    pub fn name(&self) -> &str {
        &self.schema.name
    }

    pub fn rows(&self) -> u64 {
        self.rows
    }

    pub fn present(&self) -> u64 {
        self.rows() - self.missing
    }

    pub fn is_empty(&self) -> bool {
        self.present() == 0
    }

    /// The first ones.
    pub fn missing_rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.first_missing.rows()
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
    /// More different texts than can be classes.
    TooMany,
}

/// A column of the table beside the one of the same name in the reference.
pub(super) struct Shared<'c, 'a> {
    pub now: &'c Column<'a>,
    pub before: &'a ColumnSchema,
    /// Of the reference.
    pub index: usize,
}

impl<'a> Context<'a> {
    pub fn new(input: CheckInput<'a>, io: &'a dyn JobIo) -> Result<Self, LoadError> {
        let table = input.table;
        let mut row_hashes = vec![0; table.n_rows()];
        let mut columns = Vec::with_capacity(table.schema.columns.len());
        for index in 0..table.schema.columns.len() {
            let mut column = read_column(table, index, input.most_rows, &mut row_hashes, io)?;
            column.is_target = input.target == Some(column.schema.name.as_str());
            columns.push(column);
        }
        let mut repeats = FirstRows::new(input.most_rows);
        twins(&row_hashes, io, |run| run[1..].iter().for_each(|(_, row)| repeats.add(*row as usize)))?;
        drop(row_hashes);
        let target = columns.iter().find(|c| c.is_target);
        let target = target
            .map(|c| Ok::<_, LoadError>(Target { column: &c.schema.name, values: target_values(table, c, io)? }))
            .transpose()?;
        Ok(Self {
            table,
            input,
            io,
            columns,
            repeats,
            observed: Cell::new(None),
            target,
            values: RefCell::default(),
            gathered: RefCell::default(),
            reference_missing: OnceCell::new(),
            sample: OnceCell::new(),
            reference_sample: OnceCell::new(),
            forms: OnceCell::new(),
        })
    }

    /// Notes what was measured; of several columns the largest.
    pub fn observe(&self, value: f64) {
        if value.is_finite() {
            self.observed.set(Some(self.observed.get().map_or(value, |most| most.max(value))));
        }
    }

    /// Columns that may become features.
    pub fn features(&self) -> impl Iterator<Item = &Column<'a>> {
        self.columns.iter().filter(|c| !c.is_target)
    }

    /// The different values of a column.
    pub fn values(&self, c: &Column<'_>) -> Result<Rc<Values>, Stop> {
        if let Some(values) = self.values.borrow().get(&c.index) {
            return Ok(values.clone());
        }
        let values = Rc::new(Values::of(self.table, c.index, self.io)?);
        let mut kept = self.values.borrow_mut();
        if kept.values().map(|v| v.size()).sum::<usize>() + values.size() <= KEPT_VALUES {
            kept.insert(c.index, values.clone());
        }
        Ok(values)
    }

    /// The cells of a column at the rows that are scored; always the same rows.
    pub fn gathered(&self, c: &Column<'_>, rows: &[usize]) -> Result<Rc<Cells>, Stop> {
        if let Some(cells) = self.gathered.borrow().get(&c.index) {
            return Ok(cells.clone());
        }
        let cells = Rc::new(self.table.gather(c.index, rows)?);
        self.gathered.borrow_mut().insert(c.index, cells.clone());
        Ok(cells)
    }

    /// Some of the table's rows, in the columns that can be compared.
    pub fn sample(&self) -> Result<Rc<Sample>, Stop> {
        kept(&self.sample, || Ok(Sample::of(self.table, self.io, is_comparable)?))
    }

    /// The same of the reference.
    pub fn reference_sample(&self) -> Result<Rc<Sample>, Stop> {
        kept(&self.reference_sample, || Ok(Sample::of(self.reference()?, self.io, is_comparable)?))
    }

    /// What the rows look like from far.
    pub fn forms(&self) -> Result<Rc<Forms>, Stop> {
        kept(&self.forms, || Forms::of(self))
    }

    pub fn reference(&self) -> Result<TableRef<'a>, Stop> {
        self.input.reference.ok_or_else(|| Stop::Skipped("No reference given".to_owned()))
    }

    /// Missing cells of the reference's columns, in its order.
    pub fn reference_missing(&self) -> Result<&[u64], Stop> {
        if self.reference_missing.get().is_none() {
            let reference = self.reference()?;
            let mut all = vec![0; reference.schema.columns.len()];
            for (column, missing) in all.iter_mut().enumerate() {
                reference.pieces(column, |_, cells| {
                    self.io.progress("Reading the reference", None)?;
                    *missing += (0..cells.len()).filter(|row| cells.is_missing(*row)).count() as u64;
                    Ok(())
                })?;
            }
            let _ = self.reference_missing.set(all);
        }
        Ok(self.reference_missing.get().map_or(&[], Vec::as_slice))
    }

    /// Columns both tables have, with the reference's side.
    pub fn shared_columns(&self) -> Result<Vec<Shared<'_, 'a>>, Stop> {
        let reference = self.reference()?;
        let pair = |now| {
            let index = reference.schema.index_of(Column::name(now))?;
            Some(Shared { now, before: &reference.schema.columns[index], index })
        };
        Ok(self.columns.iter().filter_map(pair).collect())
    }

    /// The declared time or group parts the rows: that it differs on both sides is meant.
    pub fn is_declared(&self, name: &str) -> bool {
        self.input.time == Some(name) || self.input.group == Some(name)
    }

    /// The target, when it has values.
    pub fn target(&self) -> Result<&Target<'a>, Stop> {
        let Some(name) = self.input.target else { return Err(Stop::Skipped("No target column given".to_owned())) };
        let missing = || Stop::Skipped(format!("There is no column `{name}`"));
        let target = self.target.as_ref().ok_or_else(missing)?;
        if matches!(target.values, TargetValues::TooMany) {
            return Err(Stop::Skipped(format!("The target `{name}` has too many different texts to be classes")));
        }
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
            _ => Err(Stop::Skipped("The target is a number, not a class".to_owned())),
        }
    }
}

fn kept<T>(cell: &OnceCell<Rc<T>>, make: impl FnOnce() -> Result<T, Stop>) -> Result<Rc<T>, Stop> {
    if let Some(known) = cell.get() {
        return Ok(known.clone());
    }
    let made = Rc::new(make()?);
    Ok(cell.get_or_init(|| made).clone())
}

fn read_column<'a>(
    table: TableRef<'a>,
    index: usize,
    most_rows: usize,
    row_hashes: &mut [u64],
    io: &dyn JobIo,
) -> Result<Column<'a>, LoadError> {
    let mut column = Column {
        schema: &table.schema.columns[index],
        index,
        rows: table.n_rows() as u64,
        missing: 0,
        varies: false,
        hash: 0,
        is_target: false,
        first_value: None,
        infinite: FirstRows::new(most_rows),
        range: None,
        has_words: false,
        first_missing: FirstRows::new(most_rows),
    };
    let mut first = None;
    table.pieces(index, |start, cells| {
        io.progress("Reading the columns", None)?;
        for_each_cell(cells, |row, cell| {
            if is_missing_hash(cell) {
                column.first_missing.add(start + row);
            } else {
                if first.is_none() {
                    column.first_value = cells.text(row);
                }
                column.varies |= *first.get_or_insert(cell) != cell;
            }
            column.hash = mix(column.hash ^ cell);
            if let Some(row_hash) = row_hashes.get_mut(start + row) {
                *row_hash = mix(*row_hash ^ cell);
            }
        });
        match cells {
            Cells::Float(values) => {
                let infinite = values.iter().enumerate().filter(|(_, x)| x.is_infinite());
                infinite.for_each(|(row, _)| column.infinite.add(start + row));
            }
            Cells::Int(values) => {
                let wider = |(low, high): (i64, i64), x: &i64| (low.min(*x), high.max(*x));
                column.range =
                    values.iter().flatten().fold(column.range, |range, x| Some(wider(range.unwrap_or((*x, *x)), x)));
            }
            Cells::Text(d) if !column.has_words => {
                column.has_words = d.values.iter().any(|value| value.trim().contains(char::is_whitespace));
            }
            _ => {}
        }
        Ok(())
    })?;
    column.missing = column.first_missing.count;
    Ok(column)
}

fn target_values(table: TableRef<'_>, column: &Column<'_>, io: &dyn JobIo) -> Result<TargetValues, LoadError> {
    let is_number = matches!(column.schema.storage, Storage::Float64 | Storage::Int64 | Storage::DatetimeMs)
        && matches!(column.schema.kind, ColumnKind::Numeric | ColumnKind::Datetime | ColumnKind::Identifier);
    if is_number && !has_few_whole_values(table, column.index, io)? {
        let mut numbers = Vec::with_capacity(table.n_rows());
        table.pieces(column.index, |_, cells| {
            io.progress("Reading the target", None)?;
            numbers.extend((0..cells.len()).map(|row| cells.number(row)));
            Ok(())
        })?;
        return Ok(TargetValues::Numbers(numbers));
    }
    Ok(codes_of(table, column.index, io)?.map_or(TargetValues::TooMany, TargetValues::Classes))
}

fn has_few_whole_values(table: TableRef<'_>, column: usize, io: &dyn JobIo) -> Result<bool, LoadError> {
    let mut seen: Vec<f64> = Vec::new();
    let mut few = true;
    table.pieces(column, |_, cells| {
        io.progress("Reading the target", None)?;
        for row in 0..if few { cells.len() } else { 0 } {
            let x = cells.number(row);
            if x.is_nan() || seen.contains(&x) {
                continue;
            }
            if x.fract() != 0.0 || seen.len() == MOST_NUMBER_CLASSES {
                few = false;
                break;
            }
            seen.push(x);
        }
        Ok(())
    })?;
    Ok(few)
}
