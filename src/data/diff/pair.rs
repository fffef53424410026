//! Which row of the left belongs to which row of the right: a sort and merge of key hashes.
//!
//! The keys are cut into ranges that are sorted one after the other, so that beside the hashes themselves (16 bytes a
//! row) little is held at once.

use crate::domain::diff::{Duplicates, RowCounts};
use crate::domain::io::{Cancelled, JobIo};

/// About this many rows are sorted at once.
const RANGE_ROWS: u64 = 1 << 22;

/// Hashes of the rows of one side.
#[derive(Debug, Default)]
pub struct RowHashes {
    /// What rows are paired by.
    pub key: Vec<u64>,
    /// What pairs are compared by.
    pub rest: Vec<u64>,
}

/// Row numbers are 32-bit, as in views of tables.
#[derive(Debug, Default)]
pub struct Pairing {
    pub counts: RowCounts,
    pub duplicates: [Duplicates; 2],
    /// Left and right row of every pair that differs, in the order of the left.
    pub changed: Vec<(u32, u32)>,
    /// The first rows without a partner, in order.
    pub removed: Vec<u32>,
    pub added: Vec<u32>,
}

/// Pairs rows by key; of several with one key the first with the first, the second with the second …
pub fn pair(left: &RowHashes, right: &RowHashes, limit: usize, io: &dyn JobIo) -> Result<Pairing, Cancelled> {
    let total = (left.key.len() + right.key.len()) as u64;
    let ranges = total.div_ceil(RANGE_ROWS).max(1).next_power_of_two();
    let mut found = Pairing::default();
    for range in 0..ranges {
        io.progress("Pairing rows", Some(range as f64 / ranges as f64))?;
        let (a, b) = (sorted(&left.key, range, ranges), sorted(&right.key, range, ranges));
        merge(&a, &b, left, right, &mut found);
        keep_first(&mut found.removed, limit);
        keep_first(&mut found.added, limit);
    }
    found.changed.sort_unstable();
    Ok(found)
}

/// The keys of one range with their rows, by key, then row.
fn sorted(keys: &[u64], range: u64, ranges: u64) -> Vec<(u64, u32)> {
    let bits = ranges.trailing_zeros();
    let in_range = |key: u64| bits == 0 || key >> (64 - bits) == range;
    let rows = keys.iter().zip(0_u32..).filter(|(key, _)| in_range(**key));
    let mut rows: Vec<(u64, u32)> = rows.map(|(&key, row)| (key, row)).collect();
    rows.sort_unstable();
    rows
}

fn merge(a: &[(u64, u32)], b: &[(u64, u32)], left: &RowHashes, right: &RowHashes, found: &mut Pairing) {
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let key = match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) => x.0.min(y.0),
            (Some(x), None) => x.0,
            (None, Some(y)) => y.0,
            (None, None) => break,
        };
        let (rows_a, rows_b) = (run(a, i, key), run(b, j, key));
        for (side, rows) in [rows_a, rows_b].into_iter().enumerate() {
            if rows.len() > 1 {
                found.duplicates[side].keys += 1;
                found.duplicates[side].rows += rows.len() as u64;
            }
        }
        for (x, y) in rows_a.iter().zip(rows_b) {
            if left.rest[x.1 as usize] == right.rest[y.1 as usize] {
                found.counts.unchanged += 1;
            } else {
                found.counts.changed += 1;
                found.changed.push((x.1, y.1));
            }
        }
        let paired = rows_a.len().min(rows_b.len());
        found.counts.removed += (rows_a.len() - paired) as u64;
        found.counts.added += (rows_b.len() - paired) as u64;
        found.removed.extend(rows_a[paired..].iter().map(|x| x.1));
        found.added.extend(rows_b[paired..].iter().map(|y| y.1));
        i += rows_a.len();
        j += rows_b.len();
    }
}

/// The entries from `start` on that have this key.
fn run(rows: &[(u64, u32)], start: usize, key: u64) -> &[(u64, u32)] {
    let length = rows[start..].iter().take_while(|(k, _)| *k == key).count();
    &rows[start..start + length]
}

pub fn keep_first(rows: &mut Vec<u32>, limit: usize) {
    rows.sort_unstable();
    rows.truncate(limit);
    rows.shrink_to_fit();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;

    #[test]
    fn rows_are_paired_in_order_and_the_rest_is_added_or_removed() {
        let left = RowHashes { key: vec![5, 5, 9, 7, 5], rest: vec![1, 2, 3, 4, 8] };
        let right = RowHashes { key: vec![7, 5, 5, 1], rest: vec![4, 1, 6, 0] };
        let found = pair(&left, &right, 10, &Silent).unwrap();
        assert_eq!(found.counts, RowCounts { added: 1, removed: 2, changed: 1, unchanged: 2 });
        assert_eq!(found.changed, [(1, 2)]);
        assert_eq!((found.removed, found.added), (vec![2, 4], vec![3]));
        assert_eq!(found.duplicates, [Duplicates { keys: 1, rows: 3 }, Duplicates { keys: 1, rows: 2 }]);
    }

    #[test]
    fn cutting_into_ranges_changes_nothing() {
        let keys: Vec<u64> = (0..200_u64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
        let whole = sorted(&keys, 0, 1);
        let parts: Vec<(u64, u32)> = (0..8).flat_map(|range| sorted(&keys, range, 8)).collect();
        assert_eq!(whole, parts);
    }
}
