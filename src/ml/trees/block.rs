//! Rows near at hand: the bins of a node's rows, copied to lie together for all the nodes below it.
//!
//! A deep tree reads each row at every level. The rows of a small node lie scattered over the table, each in a line of
//! memory of its own; copied once, they stay in the cache until the whole subtree is grown.

use crate::ml::trees::kernel::{AHEAD, Rows};
use crate::ml::trees::measure::Item;

/// How many blocks lie in each other, and their bytes: a share of the second level of cache, then of the first.
pub const N_BLOCKS: usize = 2;
const BYTES: [usize; N_BLOCKS] = [128 << 10, 8 << 10];
/// Copying fewer rows than this does not pay.
const LEAST_ROWS: usize = 64;

/// A copy of some rows.
#[derive(Default)]
pub struct Block {
    bins: Vec<u8>,
    /// Which row of the table each is.
    origins: Vec<u32>,
    stride: usize,
    n_columns: usize,
}

impl Block {
    /// Copies the rows of some items, which then count rows of the block.
    pub fn take<P>(&mut self, rows: Rows, items: &mut [Item<P>], origin: impl Fn(u32) -> u32) {
        (self.stride, self.n_columns) = (rows.stride, rows.n_columns);
        self.origins.clear();
        if self.bins.len() < items.len() * rows.stride {
            self.bins.resize(items.len() * rows.stride, 0);
        }
        for (i, into) in self.bins.chunks_exact_mut(rows.stride).enumerate().take(items.len()) {
            rows.expect(items[(i + AHEAD).min(items.len() - 1)].row as usize);
            let item = &mut items[i];
            let from = item.row as usize * rows.stride;
            let row = &rows.bins[from..from + rows.stride];
            // Eight bytes at a time instead of a call.
            let (mut parts, mut into) = (row.chunks_exact(8), into.chunks_exact_mut(8));
            for (part, into) in parts.by_ref().zip(into.by_ref()) {
                into.copy_from_slice(part);
            }
            into.into_remainder().copy_from_slice(parts.remainder());
            self.origins.push(origin(item.row));
            item.row = i as u32;
        }
    }

    pub fn rows(&self) -> Rows<'_> {
        Rows { bins: &self.bins, stride: self.stride, n_columns: self.n_columns }
    }

    pub fn origin(&self, row: u32) -> u32 {
        self.origins[row as usize]
    }
}

/// Which block a node of so many rows belongs into: 0 for none, 1 for the outer one, 2 for the inner one.
pub fn level_of(n_items: usize, stride: usize) -> usize {
    BYTES.iter().take_while(|&&bytes| bytes / stride.max(1) >= n_items.max(LEAST_ROWS)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_in_blocks_know_where_their_rows_come_from() {
        let bins: Vec<u8> = (0..40).collect();
        let table = Rows { bins: &bins, stride: 4, n_columns: 3 };
        let item = |row: u32| Item { row, weight: 1.0, payload: () };
        let mut items = [7, 2, 9, 4].map(item);
        let (mut outer, mut inner) = (Block::default(), Block::default());
        outer.take(table, &mut items, |row| row);
        assert_eq!(items.map(|item| item.row), [0, 1, 2, 3]);
        assert_eq!((outer.rows().row(2), outer.origin(2)), (&[36, 37, 38][..], 9));
        let mut some = [items[3], items[1]];
        inner.take(outer.rows(), &mut some, |row| outer.origin(row));
        assert_eq!((inner.rows().row(0), inner.origin(0), inner.origin(1)), (&[16, 17, 18][..], 4, 2));
    }

    #[test]
    fn smaller_nodes_lie_nearer_and_wide_rows_stay() {
        // 128 KiB and 8 KiB of rows of 32 bytes.
        assert_eq!([5000, 4096, 257, 256, 3].map(|n| level_of(n, 32)), [0, 1, 1, 2, 2]);
        assert_eq!([300, 200].map(|n| level_of(n, 504)), [0, 1]);
        assert_eq!(level_of(3, 4000), 0);
    }
}
