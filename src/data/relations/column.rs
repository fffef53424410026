//! One column over the rows that are looked at.

use hashbrown::HashMap;

use crate::data::columns::Columns;
use crate::data::error::LoadError;
use crate::data::table::Cells;
use crate::domain::io::JobIo;
use crate::domain::relations::Role;

/// The code of a missing category.
pub const MISSING: u32 = u32::MAX;

pub enum Column {
    Number(Number),
    Category(Category),
}

pub struct Number {
    /// Missing and infinite ones are NaN.
    pub values: Vec<f64>,
    /// Rows with a value, by value.
    pub order: Vec<u32>,
    /// Average ranks; NaN where there is no value.
    pub ranks: Vec<f64>,
}

pub struct Category {
    /// [`MISSING`] or a position in `levels`.
    pub codes: Vec<u32>,
    /// In order of first appearance.
    pub levels: Vec<String>,
}

impl Number {
    fn new(values: Vec<f64>) -> Self {
        let mut order: Vec<u32> = (0..values.len() as u32).filter(|&i| !values[i as usize].is_nan()).collect();
        order.sort_unstable_by(|a, b| values[*a as usize].total_cmp(&values[*b as usize]));
        let ranks = ranks(&values, &order, |_| true);
        Self { values, order, ranks }
    }

    pub fn is_complete(&self) -> bool {
        self.order.len() == self.values.len()
    }
}

impl Category {
    /// The codes of both where both have one.
    pub fn present_with<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = (usize, usize)> + 'a {
        let both = self.codes.iter().zip(&other.codes).filter(|(a, b)| **a != MISSING && **b != MISSING);
        both.map(|(a, b)| (*a as usize, *b as usize))
    }
}

/// Average ranks from 1 among the rows of `order` that `keep` holds for; NaN elsewhere.
pub fn ranks(values: &[f64], order: &[u32], keep: impl Fn(usize) -> bool) -> Vec<f64> {
    let mut ranks = vec![f64::NAN; values.len()];
    let mut kept = order.iter().map(|&row| row as usize).filter(|&row| keep(row)).peekable();
    let mut before = 0usize;
    let mut tied = Vec::new();
    while let Some(row) = kept.next() {
        tied.clear();
        tied.push(row);
        while let Some(next) = kept.next_if(|&next| values[next] == values[row]) {
            tied.push(next);
        }
        let rank = before as f64 + (tied.len() as f64 + 1.0) / 2.0;
        tied.iter().for_each(|&row| ranks[row] = rank);
        before += tied.len();
    }
    ranks
}

/// Reads a column at the sorted rows `chosen`, or at all.
pub fn load(
    columns: &dyn Columns,
    index: usize,
    role: Role,
    chosen: Option<&[u64]>,
    io: &dyn JobIo,
) -> Result<Column, LoadError> {
    let n = chosen.map_or(columns.n_rows() as usize, <[u64]>::len);
    let (mut first, mut next) = (0u64, 0usize);
    let mut pick = |piece: &Cells| -> Vec<usize> {
        let end = first + piece.len() as u64;
        let rows = match chosen {
            None => (0..piece.len()).collect(),
            Some(chosen) => {
                let start = next;
                next += chosen[next..].partition_point(|&row| row < end);
                chosen[start..next].iter().map(|&row| (row - first) as usize).collect()
            }
        };
        first = end;
        rows
    };
    match role {
        Role::Number => {
            let mut values = Vec::with_capacity(n);
            columns.pieces(index, &mut |piece| {
                io.progress("Relating columns", None)?;
                let finite = |x: f64| if x.is_finite() { x } else { f64::NAN };
                values.extend(pick(piece).into_iter().map(|row| finite(piece.number(row))));
                Ok(())
            })?;
            Ok(Column::Number(Number::new(values)))
        }
        Role::Category => {
            let mut category = Category { codes: Vec::with_capacity(n), levels: Vec::new() };
            let mut known: HashMap<String, u32> = HashMap::new();
            columns.pieces(index, &mut |piece| {
                io.progress("Relating columns", None)?;
                let rows = pick(piece);
                let mut code = |text: String| {
                    *known.entry(text).or_insert_with_key(|text| {
                        category.levels.push(text.clone());
                        category.levels.len() as u32 - 1
                    })
                };
                if let Cells::Text(dictionary) = piece {
                    let mut codes: Vec<Option<u32>> = vec![None; dictionary.values.len()];
                    category.codes.extend(rows.into_iter().map(|row| {
                        let local = dictionary.codes[row] as usize;
                        let Some(text) = dictionary.values.get(local) else { return MISSING };
                        *codes[local].get_or_insert_with(|| code(text.clone()))
                    }));
                } else {
                    category.codes.extend(rows.into_iter().map(|row| piece.text(row).map_or(MISSING, &mut code)));
                }
                Ok(())
            })?;
            Ok(Column::Category(category))
        }
    }
}
