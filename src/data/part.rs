//! Some rows of some columns of a table in memory, as a table of their own: a side of a split is judged without a copy
//! of it.

use super::columns::Columns;
use super::error::LoadError;
use super::table::{Cells, Dictionary, MISSING_CODE, Table};
use crate::domain::schema::{Schema, Storage};

/// Rows whose cells are copied at once.
const PIECE_ROWS: usize = 1 << 16;
/// A code that no text of the piece has yet.
const UNSEEN: u32 = MISSING_CODE - 1;

pub struct TablePart<'a> {
    table: &'a Table,
    columns: Vec<usize>,
    rows: &'a [u32],
    pub schema: Schema,
}

impl<'a> TablePart<'a> {
    /// `rows` ascend; columns are taken by name, in the table's order.
    pub fn new(table: &'a Table, columns: &[String], rows: &'a [u32]) -> Self {
        let all = &table.schema.columns;
        let columns: Vec<usize> = (0..all.len()).filter(|at| columns.contains(&all[*at].name)).collect();
        let schema = Schema { columns: columns.iter().map(|at| all[*at].clone()).collect() };
        Self { table, columns, rows, schema }
    }
}

impl Columns for TablePart<'_> {
    fn n_rows(&self) -> u64 {
        self.rows.len() as u64
    }

    fn storages(&self) -> Vec<(String, Storage)> {
        self.schema.columns.iter().map(|c| (c.name.clone(), c.storage)).collect()
    }

    fn pieces(&self, column: usize, take: &mut dyn FnMut(&Cells) -> Result<(), LoadError>) -> Result<(), LoadError> {
        let cells = &self.table.columns[self.columns[column]];
        // A table without rows has one piece without cells, as a table in memory has.
        if self.rows.is_empty() {
            return take(&taken(cells, self.rows, &mut Vec::new()));
        }
        let mut codes = Vec::new();
        self.rows.chunks(PIECE_ROWS).try_for_each(|rows| take(&taken(cells, rows, &mut codes)))
    }
}

/// The cells of some rows; a text gets its code where it is first seen. `codes` is kept between pieces of a column.
fn taken(cells: &Cells, rows: &[u32], codes: &mut Vec<u32>) -> Cells {
    let Cells::Text(all) = cells else { return cells.take(rows.iter().map(|row| *row as usize)) };
    codes.clear();
    codes.resize(all.values.len(), UNSEEN);
    let mut part = Dictionary::default();
    for row in rows {
        let known = all.codes[*row as usize];
        if known == MISSING_CODE {
            part.codes.push(MISSING_CODE);
            continue;
        }
        let code = &mut codes[known as usize];
        if *code == UNSEEN {
            *code = part.values.len() as u32;
            part.values.push(all.values[known as usize].clone());
        }
        part.codes.push(*code);
    }
    Cells::Text(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::columns::TableRef;
    use crate::data::table::testing::{numbers, table};
    use crate::domain::schema::ColumnKind;

    #[test]
    fn a_part_has_the_cells_of_its_rows_and_no_other_texts() {
        let n = 150_000;
        let texts: Vec<Option<String>> = (0..n).map(|i| (i % 3 != 0).then(|| format!("t{}", i % 7))).collect();
        let table = table(vec![
            ("x", ColumnKind::Numeric, numbers((0..n).map(|i| i as f64))),
            ("left out", ColumnKind::Numeric, numbers((0..n).map(|i| i as f64))),
            ("t", ColumnKind::Categorical, Cells::Text(texts.iter().map(Option::as_deref).collect())),
        ]);
        let rows: Vec<u32> = (0..n as u32).filter(|row| row % 7 < 3).collect();
        let part = TablePart::new(&table, &["t".into(), "x".into()], &rows);
        assert_eq!(part.schema.names().collect::<Vec<_>>(), ["x", "t"]);
        let whole = TableRef { schema: &part.schema, columns: &part };
        for (at, of) in [(0, 0), (1, 2)] {
            let mut pieces = 0;
            let mut compare = |start: usize, piece: &Cells| {
                assert!(
                    (0..piece.len()).all(|i| { piece.text(i) == table.columns[of].text(rows[start + i] as usize) })
                );
                if let Cells::Text(d) = piece {
                    assert!(d.counts().iter().all(|count| *count > 0), "every text is of some row");
                }
                pieces += 1;
                Ok(())
            };
            whole.pieces(at, &mut compare).unwrap();
            assert_eq!(pieces, rows.len().div_ceil(PIECE_ROWS));
        }
    }
}
