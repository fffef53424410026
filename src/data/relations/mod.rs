//! How columns hang together: Pearson's and Spearman's correlation for two numbers, Cramér's V for two categories, the
//! correlation ratio for one of each, over the rows in which both have a value.
//!
//! Rows are sampled with a seed above a limit, and the table is read a column at a time: as many columns as fit in a
//! budget are held, and the others pass by them.

mod column;
mod plot;

use super::columns::Columns;
use super::error::LoadError;
use crate::domain::io::JobIo;
use crate::domain::random::Shuffler;
use crate::domain::relations::{
    LeftOut, MAX_COLUMNS, MAX_LEVELS, Pair, RelatedColumn, Relations, Role, SAMPLE_ROWS, SEED,
};
use crate::domain::schema::{ColumnKind, ColumnSchema, Schema};
use crate::domain::words::thousands;
use crate::stats::association::{correlation_ratio, cramers_v, pearson};

use column::{Column, Number, load, ranks};
pub use plot::plot;

/// Columns held at a time may take this much.
const MAX_BYTES: u64 = 1 << 30;
/// What a held number takes per row: value, rank and place in the order.
const ROW_BYTES: u64 = 20;

/// Which rows are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// All of a table of up to 200,000 rows, a seeded sample of that size otherwise.
    Sampled,
    All,
}

/// The relations of all columns that can have some; `schema` is that of `columns`.
///
/// Errors: those of reading, or a cancelled job.
pub fn relations(columns: &dyn Columns, schema: &Schema, rows: Rows, io: &dyn JobIo) -> Result<Relations, LoadError> {
    let chosen = chosen_rows(columns.n_rows(), rows);
    let (members, left_out) = members(schema);
    let n = members.len();
    let rows_used = chosen.as_ref().map_or(columns.n_rows(), |rows| rows.len() as u64);
    let held = ((MAX_BYTES / (ROW_BYTES * rows_used.max(1))) as usize).clamp(1, n.max(1));
    let mut pairs: Vec<Pair> = Vec::with_capacity(n * n.saturating_sub(1) / 2);
    let total = (n * n.saturating_sub(1) / 2).max(1) as f64;
    for start in (0..n).step_by(held) {
        let end = n.min(start + held);
        let mut block = Vec::with_capacity(end - start);
        for (other, &(index, role)) in members.iter().enumerate().skip(start) {
            let name = &schema.columns[index].name;
            io.progress(&format!("Relating {name}"), Some(pairs.len() as f64 / total))?;
            let column = load(columns, index, role, chosen.as_deref(), io)?;
            for (i, held) in block.iter().enumerate() {
                io.progress(&format!("Relating {name}"), Some(pairs.len() as f64 / total))?;
                pairs.push(pair(((start + i) as u32, held), (other as u32, &column)));
            }
            if other < end {
                block.push(column);
            }
        }
    }
    pairs.sort_by_key(|pair| (pair.x, pair.y));
    let related = |&(index, role): &(usize, Role)| RelatedColumn { name: schema.columns[index].name.clone(), role };
    Ok(Relations {
        format_version: 1,
        rows: columns.n_rows(),
        rows_used,
        seed: SEED,
        columns: members.iter().map(related).collect(),
        left_out,
        pairs,
    })
}

/// Sorted rows of the sample; `None` for all.
fn chosen_rows(n_rows: u64, rows: Rows) -> Option<Vec<u64>> {
    if rows == Rows::All || n_rows <= SAMPLE_ROWS {
        return None;
    }
    Some(sample(n_rows, SAMPLE_ROWS))
}

/// `size` different rows below `n_rows`, sorted (Floyd's method: no list of all rows is made).
fn sample(n_rows: u64, size: u64) -> Vec<u64> {
    let mut random = Shuffler::new(SEED);
    let mut taken = std::collections::BTreeSet::new();
    for last in n_rows - size.min(n_rows)..n_rows {
        let row = random.below(last as usize + 1) as u64;
        if !taken.insert(row) {
            taken.insert(last);
        }
    }
    taken.into_iter().collect()
}

/// Which columns have relations, by position, and why the others have none.
fn members(schema: &Schema) -> (Vec<(usize, Role)>, Vec<LeftOut>) {
    let (mut members, mut left_out) = (Vec::new(), Vec::new());
    for (index, column) in schema.columns.iter().enumerate() {
        match role(column) {
            Ok(_) if members.len() == MAX_COLUMNS => {
                let reason = format!("only the first {MAX_COLUMNS} columns are related");
                left_out.push(LeftOut { name: column.name.clone(), reason });
            }
            Ok(role) => members.push((index, role)),
            Err(reason) => left_out.push(LeftOut { name: column.name.clone(), reason }),
        }
    }
    (members, left_out)
}

/// What a column is to others, or why it is nothing to them.
pub fn role(column: &ColumnSchema) -> Result<Role, String> {
    match (column.kind, column.distinct) {
        (_, 0) => Err("it is empty".to_owned()),
        (_, 1) => Err("it has one value only".to_owned()),
        (ColumnKind::Identifier, _) => Err("an identifier names rows".to_owned()),
        (ColumnKind::Text, _) => Err("free text has no categories".to_owned()),
        (ColumnKind::Numeric | ColumnKind::Datetime, _) => match column.storage {
            crate::domain::schema::Storage::String => Err("it is stored as text".to_owned()),
            _ => Ok(Role::Number),
        },
        (ColumnKind::Categorical | ColumnKind::Boolean, distinct) if distinct > MAX_LEVELS as u64 => {
            Err(format!("{} values are more than {}", thousands(distinct), thousands(MAX_LEVELS as u64)))
        }
        (ColumnKind::Categorical | ColumnKind::Boolean, _) => Ok(Role::Category),
    }
}

fn pair((x, a): (u32, &Column), (y, b): (u32, &Column)) -> Pair {
    let (rows, value, spearman) = match (a, b) {
        (Column::Number(a), Column::Number(b)) => two_numbers(a, b),
        (Column::Category(a), Column::Category(b)) => {
            let columns = b.levels.len();
            let mut counts = vec![0u64; a.levels.len() * columns];
            let mut rows = 0;
            for (a, b) in a.present_with(b) {
                counts[a * columns + b] += 1;
                rows += 1;
            }
            (rows, cramers_v(&counts, columns), None)
        }
        (Column::Number(number), Column::Category(category)) | (Column::Category(category), Column::Number(number)) => {
            let both = number.values.iter().zip(&category.codes).filter(|(x, c)| !x.is_nan() && **c != column::MISSING);
            let (values, codes): (Vec<f64>, Vec<u32>) = both.unzip();
            (values.len() as u64, correlation_ratio(&values, &codes, category.levels.len()), None)
        }
    };
    Pair { x, y, rows, value, spearman }
}

fn two_numbers(a: &Number, b: &Number) -> (u64, Option<f64>, Option<f64>) {
    if a.is_complete() && b.is_complete() {
        return (a.values.len() as u64, pearson(&a.values, &b.values), pearson(&a.ranks, &b.ranks));
    }
    let both: Vec<usize> = (0..a.values.len()).filter(|&i| !a.values[i].is_nan() && !b.values[i].is_nan()).collect();
    let take = |values: &[f64]| -> Vec<f64> { both.iter().map(|&i| values[i]).collect() };
    // Where one side has no value, the other's rank counts no more.
    let ranks_a = ranks(&a.values, &a.order, |row| !b.values[row].is_nan());
    let ranks_b = ranks(&b.values, &b.order, |row| !a.values[row].is_nan());
    let linear = pearson(&take(&a.values), &take(&b.values));
    (both.len() as u64, linear, pearson(&take(&ranks_a), &take(&ranks_b)))
}

#[cfg(test)]
mod tests;
