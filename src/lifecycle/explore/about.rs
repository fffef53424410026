//! What the rows of each group are like, column by column.

use std::collections::BTreeMap;

use crate::data::table::{Cells, Table, format_datetime};
use crate::domain::explore::{Group, GroupColumn, Typical};

/// Sums and counts that grow a stretch of rows at a time.
pub struct About {
    columns: Vec<String>,
    sizes: Vec<u64>,
    /// Per column and group.
    seen: Vec<Vec<Seen>>,
}

#[derive(Clone, Default)]
struct Seen {
    sum: f64,
    n: u64,
    is_date: bool,
    values: BTreeMap<String, u64>,
}

impl About {
    pub fn new(columns: &[String], n_groups: usize) -> Self {
        let seen = vec![vec![Seen::default(); n_groups]; columns.len()];
        Self { columns: columns.to_vec(), sizes: vec![0; n_groups], seen }
    }

    pub fn add(&mut self, table: &Table, groups: &[u32]) {
        groups.iter().for_each(|&group| self.sizes[group as usize] += 1);
        for (column, seen) in self.columns.iter().zip(&mut self.seen) {
            let Some((_, cells)) = table.column(column) else { continue };
            for (row, &group) in groups.iter().enumerate() {
                let seen = &mut seen[group as usize];
                match cells {
                    Cells::Float(_) | Cells::Int(_) | Cells::DatetimeMs(_) => {
                        seen.is_date = matches!(cells, Cells::DatetimeMs(_));
                        let value = cells.number(row);
                        if value.is_finite() {
                            seen.sum += value;
                            seen.n += 1;
                        }
                    }
                    _ => {
                        if let Some(text) = cells.text(row) {
                            *seen.values.entry(text).or_default() += 1;
                        }
                    }
                }
            }
        }
    }

    /// In the order of their numbers from 0; `noise` is that of rows without a group.
    pub fn groups(&self, noise: Option<usize>) -> Vec<Group> {
        let typical = |seen: &Seen, size: u64| {
            // The first of the most frequent.
            let most = seen.values.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
            match most {
                Some((value, n)) => Typical::Value { value: value.clone(), share: *n as f64 / size.max(1) as f64 },
                None if seen.n > 0 && seen.is_date => Typical::Date(format_datetime((seen.sum / seen.n as f64) as i64)),
                None if seen.n > 0 => Typical::Mean(seen.sum / seen.n as f64),
                None => Typical::Missing,
            }
        };
        let group = |(at, &rows): (usize, &u64)| Group {
            number: (noise != Some(at)).then_some(at as u32 + 1),
            rows,
            columns: self
                .columns
                .iter()
                .zip(&self.seen)
                .map(|(column, seen)| GroupColumn { column: column.clone(), is: typical(&seen[at], rows) })
                .collect(),
        };
        self.sizes.iter().enumerate().map(group).collect()
    }
}
