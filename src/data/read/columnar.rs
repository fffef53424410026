//! Formats that store whole columns with types of their own: Parquet and Arrow. What their types mean to us, and the
//! two passes over their files: one to notice what a type does not tell, one to convert.

use std::collections::HashMap;

use super::fit::Fit;
use super::rows::unlike;
use super::values::{self, Value};
use super::{MAX_COLUMNS, MAX_ROWS, ReadColumn, ReadReport, SourceSpec, TableSink, clean_names};
use crate::data::error::LoadError;
use crate::data::infer::Typed;
use crate::data::kinds::KindHint;
use crate::data::table::Cells;
use crate::domain::dataset::{ColumnChoice, ReadOptions};
use crate::domain::io::{JobIo, Part};
use crate::domain::schema::Storage;
use crate::domain::words::thousands;

/// Cells that are decoded at once.
pub const CELLS_AT_ONCE: usize = 1 << 22;

/// What the cells of a foreign column mean, beyond the type they are decoded as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Meaning {
    Whole,
    Float,
    Boolean,
    Text,
    /// Text that was declared as bytes; must be UTF-8.
    Bytes,
    /// Days since 1970.
    Days,
    /// Milliseconds since 1970.
    Milliseconds,
    Timestamp,
    /// Divide by ten to this power.
    Decimal(usize),
    /// So many of them make a second.
    TimeOfDay(i64),
    Duration(i64),
    /// Lists and records, as JSON text.
    Nested,
}

impl Meaning {
    pub fn storage(self) -> Storage {
        match self {
            Self::Whole => Storage::Int64,
            Self::Float | Self::Decimal(_) | Self::Duration(_) => Storage::Float64,
            Self::Boolean => Storage::Boolean,
            Self::Days | Self::Milliseconds | Self::Timestamp => Storage::DatetimeMs,
            Self::Text | Self::Bytes | Self::TimeOfDay(_) | Self::Nested => Storage::String,
        }
    }
}

/// What the first look notices in a column.
#[derive(Clone, Debug, Default)]
pub struct Noticed {
    pub nulls: u64,
    pub beyond_exact: u64,
    pub cut_times: u64,
    pub empty_texts: u64,
    pub infinite: u64,
}

/// One file of such a format.
pub trait ColumnFile {
    /// Names and meanings, in the order of the file.
    fn columns(&self) -> Vec<(String, Meaning)>;
    fn n_rows(&self) -> u64;
    /// Looks at all cells of the first `limit` rows; returns how many rows that were.
    fn survey(&mut self, limit: u64, noticed: &mut [Noticed], io: &dyn JobIo) -> Result<u64, LoadError>;
    /// Hands on the same rows in pieces; whole numbers as text where asked for.
    fn convert(
        &mut self,
        limit: u64,
        as_text: &[bool],
        io: &dyn JobIo,
        take: &mut dyn FnMut(Vec<Cells>) -> Result<(), LoadError>,
    ) -> Result<(), LoadError>;
}

type Open<'a> = dyn Fn(&str, &std::path::Path) -> Result<Box<dyn ColumnFile>, LoadError> + 'a;

/// Both passes over all files. With `limit`, only the first rows.
pub fn stream(
    open: &Open,
    source: &SourceSpec,
    options: &ReadOptions,
    limit: Option<u64>,
    io: &dyn JobIo,
    sink: &mut dyn TableSink,
) -> Result<ReadReport, LoadError> {
    let limit = limit.unwrap_or(u64::MAX);
    let n_files = source.files.len().max(1) as f64;
    let share = |i: usize, from: f64| {
        let (from, step) = (from + 0.5 * i as f64 / n_files, 0.5 / n_files);
        Part { io, from, to: from + step }
    };
    let (mut columns, mut rows): (Vec<(String, Meaning)>, u64) = (Vec::new(), 0);
    let mut noticed: Vec<Noticed> = Vec::new();
    for (i, (name, path)) in source.files.iter().enumerate() {
        let mut file = open(name, path)?;
        if i == 0 {
            columns = file.columns();
            if columns.len() > MAX_COLUMNS {
                let (found, limit) = (columns.len(), MAX_COLUMNS);
                return Err(LoadError::TooManyColumns { file: name.clone(), found, limit });
            }
            noticed = vec![Noticed::default(); columns.len()];
        }
        let found = rows.saturating_add(file.n_rows().min(limit));
        if found > MAX_ROWS {
            // Before a page is touched: a file of a few bytes may claim any number of them.
            return Err(LoadError::TooManyRows { file: source.name.clone(), found, limit: MAX_ROWS });
        }
        let places = places(&columns, &file.columns(), name, &source.files[0].0)?;
        let mut here = vec![Noticed::default(); columns.len()];
        rows += file.survey(limit - rows, &mut here, &share(i, 0.0))?;
        for (place, here) in places.into_iter().zip(here) {
            noticed[place].add(&here);
        }
    }
    if rows == 0 {
        return Err(LoadError::NoRows { file: source.name.clone() });
    }
    let mut warnings = Vec::new();
    let names = clean_names(&columns.iter().map(|(n, _)| n.clone()).collect::<Vec<_>>(), &mut warnings);
    let mut outs: Vec<Out> = Vec::new();
    for ((name, (_, meaning)), noticed) in names.into_iter().zip(&columns).zip(&noticed) {
        outs.push(Out::new(name, *meaning, noticed, options));
    }
    sink.begin(&outs.iter().map(|o| (o.name.clone(), o.storage())).collect::<Vec<_>>())?;
    let mut left = rows;
    for (i, (name, path)) in source.files.iter().enumerate() {
        let mut file = open(name, path)?;
        let places = places(&columns, &file.columns(), name, &source.files[0].0)?;
        let as_text: Vec<bool> = places.iter().map(|&p| outs[p].typed.storage == Storage::String).collect();
        let wanted = left.min(file.n_rows());
        sink.begin_file(i, rows - left);
        file.convert(wanted, &as_text, &share(i, 0.5), &mut |chunk| {
            let mut ordered: Vec<Option<Cells>> = vec![None; chunk.len()];
            for (&place, cells) in places.iter().zip(chunk) {
                ordered[place] = Some(outs[place].recast(cells));
            }
            sink.rows(ordered.into_iter().flatten().collect())
        })?;
        left -= wanted;
    }
    let columns = outs.into_iter().zip(noticed).map(|(out, noticed)| out.report(&noticed, options)).collect();
    Ok(ReadReport { rows, columns, warnings, bad_rows: 0, first_bad: None })
}

/// Where the columns of a file stand in the dataset.
fn places(
    all: &[(String, Meaning)],
    here: &[(String, Meaning)],
    name: &str,
    first: &str,
) -> Result<Vec<usize>, LoadError> {
    let index: HashMap<&str, usize> = all.iter().enumerate().map(|(i, (name, _))| (name.as_str(), i)).collect();
    let here_names: HashMap<&str, usize> = here.iter().enumerate().map(|(i, (n, _))| (n.as_str(), i)).collect();
    if let Some((lacking, _)) = all.iter().find(|(n, _)| !here_names.contains_key(n.as_str())) {
        return Err(unlike(name, "lacks the column", lacking, first));
    }
    let place = |(column, meaning): &(String, Meaning)| {
        let place = *index.get(column.as_str()).ok_or_else(|| unlike(name, "has the column", column, first))?;
        if all[place].1.storage() != meaning.storage() {
            return Err(unlike(name, "has another type of column", column, first));
        }
        Ok(place)
    };
    // Two columns of one name: by position, as in the first file.
    if index.len() < all.len() {
        return Ok((0..here.len()).collect());
    }
    here.iter().map(place).collect()
}

impl Noticed {
    fn add(&mut self, other: &Self) {
        self.nulls += other.nulls;
        self.beyond_exact += other.beyond_exact;
        self.cut_times += other.cut_times;
        self.empty_texts += other.empty_texts;
        self.infinite += other.infinite;
    }

    fn tokens(&self) -> Vec<(String, u64)> {
        let mut tokens = vec![("null".to_owned(), self.nulls), (String::new(), self.empty_texts)];
        tokens.retain(|(_, n)| *n > 0);
        tokens.sort_by_key(|t| std::cmp::Reverse(t.1));
        tokens
    }
}

/// A column on its way out.
struct Out {
    name: String,
    typed: Typed,
    /// The user wants another storage, or date format.
    wish: Option<Fit>,
}

impl Out {
    fn new(name: String, meaning: Meaning, noticed: &Noticed, options: &ReadOptions) -> Self {
        let typed = typed(meaning, noticed);
        let choice: Option<&ColumnChoice> = options.columns.get(&name);
        let wish = choice.and_then(|c| c.storage.filter(|s| *s != typed.storage).map(|s| Fit::new(s, c)));
        Self { name, typed, wish }
    }

    fn storage(&self) -> Storage {
        self.wish.as_ref().map_or(self.typed.storage, |w| w.storage)
    }

    fn recast(&mut self, cells: Cells) -> Cells {
        let Some(wish) = &mut self.wish else { return cells };
        let mut builder = crate::data::builder::CellsBuilder::new(wish.storage);
        for row in 0..cells.len() {
            wish.push(&mut builder, &value(&cells, row));
        }
        builder.finish()
    }

    fn report(mut self, noticed: &Noticed, options: &ReadOptions) -> ReadColumn {
        let kind = options.columns.get(&self.name).and_then(|c| c.kind);
        let (mut fitting, mut misfits) = (1.0, Vec::new());
        if let Some(wish) = self.wish {
            self.typed = wish.typed();
            (fitting, misfits) = wish.fitting();
        }
        ReadColumn { name: self.name, typed: self.typed, missing_tokens: noticed.tokens(), fitting, misfits, kind }
    }
}

fn value(cells: &Cells, row: usize) -> Value {
    if cells.is_missing(row) {
        return Value::Empty;
    }
    match cells {
        Cells::Float(v) => Value::Float(v[row]),
        Cells::Int(v) => v[row].map_or(Value::Empty, Value::Int),
        Cells::Boolean(v) => v[row].map_or(Value::Empty, Value::Bool),
        Cells::DatetimeMs(v) => v[row].map_or(Value::Empty, Value::Moment),
        Cells::Text(d) => d.get(row).map_or(Value::Empty, |t| Value::Text(t.to_owned())),
    }
}

fn typed(meaning: Meaning, noticed: &Noticed) -> Typed {
    let mut typed = values::typed_as(meaning.storage());
    let mut note = |n: u64, text: &str| {
        if n > 0 {
            typed.notes.push(text.replace('#', &thousands(n)));
        }
    };
    note(noticed.beyond_exact, "kept as text: # whole numbers beyond 2^53, where numbers are no longer exact");
    note(noticed.cut_times, "# times cut to milliseconds");
    note(noticed.empty_texts, "# empty texts count as missing");
    note(noticed.infinite, "# infinite values");
    match meaning {
        Meaning::Decimal(_) => typed.notes.push("decimals were read as 64-bit floats".into()),
        Meaning::Duration(_) => typed.notes.push("durations were read as seconds".into()),
        Meaning::TimeOfDay(_) => typed.notes.push("times of day were read as text".into()),
        Meaning::Nested => typed.notes.push("lists and records are kept as JSON text".into()),
        _ => {}
    }
    if noticed.beyond_exact > 0 {
        typed.storage = Storage::String;
        typed.hint = KindHint::Identifier;
    }
    typed
}
