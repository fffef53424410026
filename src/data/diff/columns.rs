//! The second look, column by column: which cells of the changed pairs changed, what the examples hold, how the
//! distributions moved.

use std::collections::BTreeMap;

use super::hash::{self, Form};
use super::pair::Pairing;
use super::{Shared, Side, Wish, both, part_pairs};
use crate::data::builder::CellsBuilder;
use crate::data::columns::TableRef;
use crate::data::drift;
use crate::data::error::LoadError;
use crate::data::table::{Cells, Table};
use crate::domain::diff::{CellChange, ColumnDiff, Duplicates, RowChange, RowCounts, RowExample};
use crate::domain::drift::ColumnDrift;
use crate::domain::io::{JobIo, Silent};
use crate::domain::profile::ColumnProfile;
use crate::domain::schema::{ColumnSchema, Schema};
use crate::domain::words::counted;

/// Above this many rows, distributions are compared on an even sample of about as many.
const SAMPLE_ROWS: u64 = 1 << 18;
/// Most frequent values that are told.
const TOP: usize = 5;

pub struct Compared {
    pub counts: RowCounts,
    pub duplicates: [Duplicates; 2],
    pub columns: Vec<ColumnDiff>,
    pub examples: Vec<RowExample>,
}

/// What one pass over a column of one side brings.
struct Pass {
    /// One per row; empty when nobody asked.
    hashes: Vec<u64>,
    /// One per wanted row.
    texts: Vec<Option<String>>,
    sample: Cells,
}

pub fn compare(
    sides: [Side<'_>; 2],
    shared: &[Shared<'_>],
    mut pairing: Pairing,
    wish: Wish<'_>,
    io: &dyn JobIo,
    notes: &mut Vec<String>,
) -> Result<Compared, LoadError> {
    part_shared_hashes(sides, shared, &mut pairing, wish.limit, io)?;
    let shown = shown_pairs(sides, shared, &pairing, wish, io)?;
    let mut examples = Examples::new(&pairing, shown, shared.iter().filter(|c| c.is_key).count());
    let rates = sides.map(|side| SAMPLE_ROWS as f64 / side.table.n_rows().max(1) as f64);
    for (side, rate) in sides.iter().zip(rates) {
        if rate < 1.0 {
            let of = counted(side.table.n_rows(), "row", "rows");
            notes.push(format!(
                "Distributions were compared on a sample of about {} of {of}",
                crate::domain::words::thousands(SAMPLE_ROWS)
            ));
        }
    }
    notes.dedup();

    let mut columns = Vec::with_capacity(shared.len());
    let keys_first = shared.iter().filter(|c| c.is_key).chain(shared.iter().filter(|c| !c.is_key));
    for (done, column) in keys_first.enumerate() {
        let phase = format!("Comparing {}", column.schema[0].name);
        let hashed = !column.is_key && !pairing.changed.is_empty();
        let (a, b) = both(
            io,
            &phase,
            done as f64 / shared.len() as f64,
            |stop| pass(sides[0], column.at[0], column.form, hashed, &examples.wanted[0], rates[0], stop),
            |stop| pass(sides[1], column.at[1], column.form, hashed, &examples.wanted[1], rates[1], stop),
        )?;
        let differ = |pair: &(u32, u32)| a.hashes[pair.0 as usize] != b.hashes[pair.1 as usize];
        let changed_cells = if hashed { pairing.changed.iter().filter(|p| differ(p)).count() as u64 } else { 0 };
        examples.take(column, [&a.texts, &b.texts]);
        let drift = drift_of(column.schema, [a.sample, b.sample], io, done as f64 / shared.len() as f64)?;
        columns.push(column_diff(sides, column, changed_cells, drift));
    }
    let order = |name: &str| sides[0].schema.index_of(name);
    columns.sort_by_key(|c| order(&c.column));
    for (which, change) in [(0, RowChange::Removed), (1, RowChange::Added)] {
        let other = sides[1 - which].schema;
        for (at, schema) in sides[which].schema.columns.iter().enumerate() {
            if other.column(&schema.name).is_some() || examples.wanted[which].is_empty() {
                continue;
            }
            let wanted = &examples.wanted[which];
            let found = pass(sides[which], at, Form::Stored, false, wanted, 0.0, &super::Stop::default())?;
            io.progress(&format!("Comparing {}", schema.name), None)?;
            examples.take_only(which, change, schema, &found.texts);
        }
    }
    Ok(Compared { counts: pairing.counts, duplicates: pairing.duplicates, columns, examples: examples.finish() })
}

/// Pairs whose keys merely have the same hash are no pairs.
fn part_shared_hashes(
    sides: [Side<'_>; 2],
    shared: &[Shared<'_>],
    pairing: &mut Pairing,
    limit: usize,
    io: &dyn JobIo,
) -> Result<(), LoadError> {
    if pairing.changed.is_empty() {
        return Ok(());
    }
    for column in shared.iter().filter(|c| c.is_key) {
        let [a, b] = hashes(sides, column, io)?;
        part_pairs(pairing, |(x, y)| a[x as usize] != b[y as usize], limit);
    }
    Ok(())
}

/// The changed pairs that are listed.
fn shown_pairs(
    sides: [Side<'_>; 2],
    shared: &[Shared<'_>],
    pairing: &Pairing,
    wish: Wish<'_>,
    io: &dyn JobIo,
) -> Result<Vec<(u32, u32)>, LoadError> {
    let column = wish.column.and_then(|name| shared.iter().find(|c| c.schema[0].name == name));
    let Some(column) = column.filter(|c| !c.is_key && !pairing.changed.is_empty()) else {
        return Ok(pairing.changed.iter().copied().take(wish.limit).collect());
    };
    let [a, b] = hashes(sides, column, io)?;
    let differ = |pair: &&(u32, u32)| a[pair.0 as usize] != b[pair.1 as usize];
    Ok(pairing.changed.iter().filter(differ).copied().take(wish.limit).collect())
}

fn hashes(sides: [Side<'_>; 2], column: &Shared<'_>, io: &dyn JobIo) -> Result<[Vec<u64>; 2], LoadError> {
    let of = |which: usize, stop: &super::Stop| {
        pass(sides[which], column.at[which], column.form, true, &[], 0.0, stop).map(|found| found.hashes)
    };
    let phase = format!("Comparing {}", column.schema[0].name);
    both(io, &phase, 0.0, |stop| of(0, stop), |stop| of(1, stop)).map(|(a, b)| [a, b])
}

fn pass(
    side: Side<'_>,
    column: usize,
    form: Form,
    hashed: bool,
    wanted: &[u32],
    rate: f64,
    stop: &super::Stop,
) -> Result<Pass, LoadError> {
    let mut hashes = Vec::with_capacity(if hashed { side.table.n_rows() as usize } else { 0 });
    let mut texts = Vec::with_capacity(wanted.len());
    let mut sample = CellsBuilder::new(side.schema.columns[column].storage);
    let mut first = 0_u64;
    side.table.pieces(column, &mut |piece| {
        stop.check()?;
        if hashed {
            hash::cells(piece, form, |cell| hashes.push(cell));
        }
        let end = first + piece.len() as u64;
        while let Some(&row) = wanted.get(texts.len()).filter(|&&row| u64::from(row) < end) {
            texts.push(hash::cell_text(piece, (u64::from(row) - first) as usize));
        }
        add_sample(&mut sample, piece, first, rate);
        first = end;
        Ok(())
    })?;
    Ok(Pass { hashes, texts, sample: sample.finish() })
}

fn add_sample(sample: &mut CellsBuilder, piece: &Cells, first: u64, rate: f64) {
    if rate >= 1.0 {
        sample.append(piece);
        return;
    }
    if rate <= 0.0 {
        return;
    }
    for row in (0..piece.len()).filter(|&row| hash::in_sample(first + row as u64, rate)) {
        match (&mut *sample, piece) {
            (CellsBuilder::Float(all), Cells::Float(v)) => all.push(v[row]),
            (CellsBuilder::Int(all), Cells::Int(v)) | (CellsBuilder::DatetimeMs(all), Cells::DatetimeMs(v)) => {
                all.push(v[row]);
            }
            (CellsBuilder::Boolean(all), Cells::Boolean(v)) => all.push(v[row]),
            (CellsBuilder::Text(all), Cells::Text(d)) => all.push(d.get(row)),
            _ => debug_assert!(false, "pieces of one column share their storage"),
        }
    }
}

/// The drift of one column, by the rules of `data::drift`.
fn drift_of(
    schema: [&ColumnSchema; 2],
    cells: [Cells; 2],
    io: &dyn JobIo,
    share: f64,
) -> Result<ColumnDrift, LoadError> {
    io.progress(&format!("Comparing the distributions of {}", schema[0].name), Some(share))?;
    let [left, right] = cells;
    let of = |schema: &ColumnSchema, cells: Cells| Table {
        n_rows: cells.len(),
        schema: Schema { columns: vec![schema.clone()] },
        columns: vec![cells],
    };
    let (left, right) = (of(schema[0], left), of(schema[1], right));
    let mut report = drift::compare(TableRef::of(&left), TableRef::of(&right), &Silent)?;
    Ok(report.columns.remove(0))
}

fn column_diff(sides: [Side<'_>; 2], column: &Shared<'_>, changed_cells: u64, drift: ColumnDrift) -> ColumnDiff {
    let name = &column.schema[0].name;
    let profiles: [Option<&ColumnProfile>; 2] = sides.map(|s| s.profile.columns.iter().find(|c| c.name == *name));
    let numbers = profiles.map(|p| p.and_then(|p| p.numbers.as_ref()));
    let rows = sides.map(|s| s.table.n_rows().max(1) as f64);
    let top = |which: usize| -> Vec<(String, f64)> {
        let top = profiles[which].map_or(&[][..], |p| &p.top);
        top.iter().take(TOP).map(|(value, count)| (value.clone(), *count as f64 / rows[which])).collect()
    };
    ColumnDiff {
        column: name.clone(),
        is_key: column.is_key,
        changed_cells,
        compared_as_text: column.form == Form::Text,
        missing: column.schema.map(|s| s.missing),
        mean: numbers.map(|n| n.map(|n| n.mean)),
        median: numbers.map(|n| n.map(|n| n.median)),
        top: [top(0), top(1)],
        drift,
    }
}

/// The listed rows, filled column by column.
struct Examples {
    rows: Vec<RowExample>,
    /// The rows whose texts are wanted, sorted, of each side.
    wanted: [Vec<u32>; 2],
    /// The place of a row among the wanted.
    places: [BTreeMap<u32, usize>; 2],
}

impl Examples {
    fn new(pairing: &Pairing, shown: Vec<(u32, u32)>, n_keys: usize) -> Self {
        let row = |change, rows: [Option<u32>; 2]| RowExample {
            change,
            rows: rows.map(|row| row.map(u64::from)),
            key: Vec::with_capacity(n_keys),
            cells: Vec::new(),
        };
        let removed = pairing.removed.iter().map(|&x| row(RowChange::Removed, [Some(x), None]));
        let added = pairing.added.iter().map(|&y| row(RowChange::Added, [None, Some(y)]));
        let changed = shown.into_iter().map(|(x, y)| row(RowChange::Changed, [Some(x), Some(y)]));
        let rows: Vec<RowExample> = removed.chain(added).chain(changed).collect();
        let wanted = [0, 1].map(|which: usize| {
            let mut wanted: Vec<u32> = rows.iter().filter_map(|r| r.rows[which].map(|x| x as u32)).collect();
            wanted.sort_unstable();
            wanted
        });
        let places = [0, 1].map(|which: usize| wanted[which].iter().copied().zip(0..).collect());
        Self { rows, wanted, places }
    }

    /// A column of both sides.
    fn take(&mut self, column: &Shared<'_>, texts: [&[Option<String>]; 2]) {
        for row in &mut self.rows {
            let [old, new] = [0, 1]
                .map(|which: usize| row.rows[which].map(|x| texts[which][self.places[which][&(x as u32)]].clone()));
            if column.is_key {
                row.key.push(old.or(new).flatten());
                continue;
            }
            let cell = |old, new| CellChange { column: column.schema[0].name.clone(), old, new };
            match (old, new) {
                (Some(old), Some(new)) if old != new => row.cells.push(cell(old, new)),
                (Some(_), Some(_)) => {}
                (old, new) => row.cells.push(cell(old.flatten(), new.flatten())),
            }
        }
    }

    /// A column of one side only; changed rows do not show it.
    fn take_only(&mut self, which: usize, change: RowChange, column: &ColumnSchema, texts: &[Option<String>]) {
        for row in self.rows.iter_mut().filter(|row| row.change == change) {
            let Some(place) = row.rows[which].and_then(|x| self.places[which].get(&(x as u32))) else { continue };
            let text = texts[*place].clone();
            let (old, new) = if which == 0 { (text, None) } else { (None, text) };
            row.cells.push(CellChange { column: column.name.clone(), old, new });
        }
    }

    fn finish(self) -> Vec<RowExample> {
        self.rows
    }
}
