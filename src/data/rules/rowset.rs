//! Many rows in little memory.

/// Rows of a block.
const BLOCK: u32 = 1 << 16;
/// From here on a bit for each row of the block is smaller than the rows themselves.
const MOST_LISTED: usize = 4096;

/// A set of 0-based row numbers, filled in ascending order: two bytes per row, never more than a bit per row of the
/// table (the two containers of Chambi et al. 2016, arXiv:1402.6407).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowSet {
    /// Number of the block and its rows, ascending.
    blocks: Vec<(u32, Block)>,
    len: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Block {
    Listed(Vec<u16>),
    Bits(Box<[u64; BLOCK as usize / 64]>),
}

impl RowSet {
    /// Adds a row larger than all before; others are ignored.
    pub fn push(&mut self, row: u32) {
        let (number, within) = (row / BLOCK, (row % BLOCK) as u16);
        if self.blocks.last().is_none_or(|(last, _)| *last < number) {
            self.blocks.push((number, Block::Listed(Vec::new())));
        }
        let Some((last, block)) = self.blocks.last_mut() else { return };
        if *last != number {
            return;
        }
        match block {
            Block::Listed(rows) => {
                if rows.last().is_some_and(|last| *last >= within) {
                    return;
                }
                rows.push(within);
                if rows.len() > MOST_LISTED {
                    let mut bits = Box::new([0; BLOCK as usize / 64]);
                    rows.iter().for_each(|row| bits[usize::from(*row) / 64] |= 1 << (row % 64));
                    *block = Block::Bits(bits);
                }
            }
            Block::Bits(bits) => {
                let word = &mut bits[usize::from(within) / 64];
                if *word >> (within % 64) & 1 == 1 {
                    return;
                }
                *word |= 1 << (within % 64);
            }
        }
        self.len += 1;
    }

    pub fn len(&self) -> u64 {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn contains(&self, row: u32) -> bool {
        let (number, within) = (row / BLOCK, (row % BLOCK) as u16);
        let Ok(at) = self.blocks.binary_search_by_key(&number, |(number, _)| *number) else { return false };
        match &self.blocks[at].1 {
            Block::Listed(rows) => rows.binary_search(&within).is_ok(),
            Block::Bits(bits) => bits[usize::from(within) / 64] >> (within % 64) & 1 == 1,
        }
    }

    /// Ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.blocks.iter().flat_map(|(number, block)| {
            let (listed, bits) = match block {
                Block::Listed(rows) => (Some(rows.iter().map(|row| u32::from(*row))), None),
                Block::Bits(bits) => (None, Some((0..BLOCK).filter(|i| bits[*i as usize / 64] >> (i % 64) & 1 == 1))),
            };
            listed.into_iter().flatten().chain(bits.into_iter().flatten()).map(move |within| number * BLOCK + within)
        })
    }
}

impl FromIterator<u32> for RowSet {
    /// From ascending rows.
    fn from_iter<I: IntoIterator<Item = u32>>(rows: I) -> Self {
        let mut set = Self::default();
        rows.into_iter().for_each(|row| set.push(row));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_set_holds_few_and_many_rows() {
        let rows: Vec<u32> = (0..70_000).chain((100_000..900_000).step_by(777)).chain([u32::MAX]).collect();
        let set: RowSet = rows.iter().copied().collect();
        assert!(set.iter().eq(rows.iter().copied()));
        assert_eq!(set.len(), rows.len() as u64);
        assert!([0, 69_999, 100_777, u32::MAX].iter().all(|row| set.contains(*row)));
        assert!([70_000, 100_001, 5_000_000].iter().all(|row| !set.contains(*row)));
        assert!(RowSet::default().is_empty());
    }
}
