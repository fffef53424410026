//! The inner loops of histogram trees, and the team of threads that shares them: the one place with `unsafe`.
//!
//! Why here: a fit of a million rows makes some ten billion bin updates. With bounds checks each costs about twice as
//! much, and a scoped thread per split would cost more than most splits. Why it is sound: the checks are made once per
//! call instead of once per cell (`RowBins` cannot be built with a bin beyond its column, `add_rows` and `partition` look
//! at the largest row first), and a team hands every item of a slice to exactly one thread and returns only when all are
//! done. `tests` holds the same loops written safely, and compares.
#![allow(unsafe_code)]

mod team;
mod vectors;

pub use team::{Team, Watch};
pub use vectors::{Ascent, PICKED, Places, TABLE, ascend, pick, tally, wide};

/// Rows of bins, row after row, as histograms read them.
pub struct RowBins {
    n_rows: usize,
    /// Bytes from one row to the next.
    stride: usize,
    bins: Vec<u8>,
    /// Where each column's slots start, and after the last their number.
    starts: Vec<usize>,
    /// Columns with 256, 64 and 16 slots each, in this order: with the distance between columns known to the compiler, a
    /// cell costs two thirds of what it costs with a table of starts.
    runs: [usize; 3],
}

/// Rows are copied into place this many at a time, one thread each.
const COPY_ROWS: usize = 8192;
const TILE_ROWS: usize = 64;
/// How far ahead rows are fetched: about the latency of memory, in rows.
pub const AHEAD: usize = 16;
/// Slots kept for a column of each run.
const ROOM: [usize; 3] = [256, 64, 16];

/// Which run a column with so many bins belongs to. Columns must come in the order of their runs.
pub fn run_of(width: usize) -> usize {
    ROOM.iter().rposition(|&room| width <= room).unwrap_or(0)
}

impl RowBins {
    /// `columns` are equally long, hold bins below `widths` and come in the order of [`run_of`].
    pub fn new(n_rows: usize, columns: &[Vec<u8>], widths: &[usize], team: &Team) -> Self {
        assert!(columns.len() == widths.len() && columns.iter().all(|column| column.len() == n_rows));
        for (column, &width) in columns.iter().zip(widths) {
            assert!(width <= 256 && column.iter().max().is_none_or(|&largest| usize::from(largest) < width));
        }
        assert!(widths.is_sorted_by_key(|&width| run_of(width)));
        let mut starts = vec![0];
        widths.iter().for_each(|&width| starts.push(starts[starts.len() - 1] + ROOM[run_of(width)]));
        let runs = [0, 1, 2].map(|run| widths.iter().filter(|&&width| run_of(width) == run).count());
        let stride = stride(columns.len());
        let mut bins = vec![0; n_rows * stride];
        let mut parts: Vec<&mut [u8]> = bins.chunks_mut((COPY_ROWS * stride).max(1)).collect();
        team.each_mut(&mut parts, |part, rows| {
            // A few rows at a time: what is written stays in the cache until all columns are in.
            for (tile, rows) in rows.chunks_mut((TILE_ROWS * stride).max(1)).enumerate() {
                let from = part * COPY_ROWS + tile * TILE_ROWS;
                for (c, column) in columns.iter().enumerate() {
                    for (row, &bin) in rows.chunks_exact_mut(stride).zip(&column[from..]) {
                        row[c] = bin;
                    }
                }
            }
        });
        Self { n_rows, stride, bins, starts, runs }
    }

    /// Where each column's slots start in a histogram, and after the last their number.
    pub fn starts(&self) -> &[usize] {
        &self.starts
    }

    pub fn n_columns(&self) -> usize {
        self.starts.len() - 1
    }

    /// Gives the bins of a column other numbers, each its own.
    pub fn rename(&mut self, column: usize, names: &[u8; 256]) {
        let width = ROOM[self
            .runs
            .iter()
            .scan(0, |end, run| {
                *end += run;
                Some(*end)
            })
            .position(|end| column < end)
            .unwrap_or(0)];
        assert!(column < self.n_columns());
        for row in self.bins.chunks_exact_mut(self.stride) {
            let name = names[usize::from(row[column])];
            assert!(usize::from(name) < width);
            row[column] = name;
        }
    }

    /// Its rows, to be read one by one.
    #[inline(always)]
    pub fn rows(&self) -> Rows<'_> {
        Rows { bins: &self.bins, stride: self.stride, n_columns: self.n_columns() }
    }

    /// Adds what `packed` holds of each row to the slot of the row's bin, in every column: one whole-number addition per
    /// cell, so that the sums do not depend on the order of the rows. They wrap: `Packing` leaves room for all rows.
    pub fn add_rows(&self, rows: &[u32], packed: &[i64], histogram: &mut [i64]) {
        let n_columns = self.n_columns();
        assert!(packed.len() == self.n_rows && histogram.len() == self.starts[n_columns]);
        assert!(rows.iter().max().is_none_or(|&row| (row as usize) < self.n_rows));
        let (bins, stride) = (self.bins.as_ptr(), self.stride);
        for (i, &row) in rows.iter().enumerate() {
            // SAFETY: every row is below `n_rows`, so `row * stride + column` lies in `bins` and `row` in `packed`; a bin is
            // below its column's width, which is at most the column's room, and the rooms of all columns together are the
            // histogram's length. All of this was asserted, here and in `new`. Fetching ahead reads nothing.
            unsafe {
                if i + AHEAD < rows.len() {
                    let next = *rows.get_unchecked(i + AHEAD) as usize;
                    prefetch(bins.add(next.wrapping_mul(stride)));
                    prefetch(packed.as_ptr().add(next).cast());
                }
                let value = *packed.get_unchecked(row as usize);
                let cells = bins.add((row as usize).wrapping_mul(stride));
                let slots = histogram.as_mut_ptr();
                let (cells, slots) = add_run::<256>(cells, self.runs[0], value, slots);
                let (cells, slots) = add_run::<64>(cells, self.runs[1], value, slots);
                add_run::<16>(cells, self.runs[2], value, slots);
            }
        }
    }
}

/// Rows of bins one after the other: a table's, or a few of them copied to lie near each other.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    pub bins: &'a [u8],
    /// Bytes from one row to the next.
    pub stride: usize,
    pub n_columns: usize,
}

impl<'a> Rows<'a> {
    /// The bins of one row, one per column.
    #[inline(always)]
    pub fn row(self, row: usize) -> &'a [u8] {
        let from = row.wrapping_mul(self.stride);
        &self.bins[from..from.wrapping_add(self.n_columns)]
    }

    /// The bin of one row in one column.
    #[inline(always)]
    pub fn bin(self, row: usize, column: usize) -> u8 {
        self.bins[row.wrapping_mul(self.stride).wrapping_add(column)]
    }

    /// Says that a row will be read soon; any number may be given.
    #[inline(always)]
    pub fn expect(self, row: usize) {
        prefetch(self.bins.as_ptr().wrapping_add(row.wrapping_mul(self.stride)));
    }
}

/// Adds `value` to one slot of each of `n` columns; returns where the next run's cells and slots start.
///
/// # Safety
/// `cells` has `n` readable bins below `ROOM`, `slots` has `n * ROOM` writable places.
#[inline(always)]
unsafe fn add_run<const ROOM: usize>(
    mut cells: *const u8,
    n: usize,
    value: i64,
    mut slots: *mut i64,
) -> (*const u8, *mut i64) {
    // SAFETY: what the caller promised; both pointers end one past the run.
    unsafe {
        for _ in 0..n / 4 {
            for column in 0..4 {
                let slot = slots.add(column * ROOM + usize::from(*cells.add(column)));
                *slot = (*slot).wrapping_add(value);
            }
            (cells, slots) = (cells.add(4), slots.add(4 * ROOM));
        }
        for _ in 0..n % 4 {
            let slot = slots.add(usize::from(*cells));
            *slot = (*slot).wrapping_add(value);
            (cells, slots) = (cells.add(1), slots.add(ROOM));
        }
        (cells, slots)
    }
}

/// Rows that never cross a cache line more than they must: a power of two up to a line, whole lines when wide.
fn stride(n_columns: usize) -> usize {
    match n_columns {
        0..=8 => n_columns.next_power_of_two(),
        9..=64 if n_columns.next_power_of_two() * 3 <= n_columns * 4 => n_columns.next_power_of_two(),
        _ => n_columns.next_multiple_of(8),
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn prefetch(at: *const u8) {
    // SAFETY: a hint; it may name any address.
    unsafe { std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(at.cast()) }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn prefetch(_at: *const u8) {}

/// Which bins go left.
pub type Lefts = [bool; 256];

/// Moves the rows whose bin goes left before the others, each side in its order; returns how many they are. `spare` is
/// room for the others.
pub fn partition(column: &[u8], rows: &mut [u32], spare: &mut Vec<u32>, lefts: &Lefts) -> usize {
    assert!(rows.iter().max().is_none_or(|&row| (row as usize) < column.len()));
    if spare.len() < rows.len() {
        spare.resize(rows.len(), 0);
    }
    // SAFETY: rows are below the column's length.
    part(rows, spare, |_, &row| lefts[usize::from(unsafe { *column.get_unchecked(row as usize) })])
}

/// Moves the items that go left before the others, each side in its order; returns how many they are. `spare` is room for
/// the others.
#[inline(always)]
pub fn part<T: Copy>(items: &mut [T], spare: &mut [T], goes_left: impl Fn(usize, &T) -> bool) -> usize {
    assert!(spare.len() >= items.len());
    let (mut left, mut right) = (0, 0);
    for i in 0..items.len() {
        // SAFETY: `left` and `right` count items seen, so neither passes `i`, and `spare` is as long as `items`. Both places
        // are written and one of them counts: no branch to mispredict.
        unsafe {
            let item = *items.get_unchecked(i);
            let goes_left = goes_left(i, &item);
            *items.get_unchecked_mut(left) = item;
            *spare.get_unchecked_mut(right) = item;
            left = left.wrapping_add(usize::from(goes_left));
            right = right.wrapping_add(usize::from(!goes_left));
        }
    }
    items[left..].copy_from_slice(&spare[..right]);
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashed(i: usize) -> u64 {
        (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29).wrapping_mul(0xBF58_476D_1CE4_E5B9)
    }

    /// `add_rows` as it would be without `unsafe`.
    fn add_rows_safely(bins: &RowBins, rows: &[u32], packed: &[i64], histogram: &mut [i64]) {
        for &row in rows {
            for (&start, &bin) in bins.starts().iter().zip(bins.rows().row(row as usize)) {
                histogram[start + usize::from(bin)] += packed[row as usize];
            }
        }
    }

    #[test]
    fn histograms_equal_their_safe_twins() {
        for n_columns in [0, 1, 3, 9, 28, 33, 70] {
            let n = 3000;
            let widths: Vec<usize> = (0..n_columns).map(|c| [256, 17, 2][c * 3 / n_columns]).collect();
            let columns: Vec<Vec<u8>> = (0..n_columns)
                .map(|c| (0..n).map(|r| (hashed(r * 71 + c) as usize % widths[c]) as u8).collect())
                .collect();
            let packed: Vec<i64> = (0..n).map(|r| hashed(r) as i64 >> 20).collect();
            let rows: Vec<u32> = (0..n as u32).filter(|&r| hashed(r as usize + 5) > 1 << 62).collect();
            let bins = RowBins::new(n, &columns, &widths, &Team::new(2));
            let (mut fast, mut safe) = (vec![0; bins.starts()[n_columns]], vec![0; bins.starts()[n_columns]]);
            bins.add_rows(&rows, &packed, &mut fast);
            add_rows_safely(&bins, &rows, &packed, &mut safe);
            assert_eq!(fast, safe, "{n_columns} columns");
        }
    }

    #[test]
    fn a_partition_is_stable_and_complete() {
        let column: Vec<u8> = (0..2000).map(|r| hashed(r) as u8).collect();
        let mut lefts = [false; 256];
        (0..256).for_each(|bin| lefts[bin] = bin % 5 < 2);
        let rows: Vec<u32> = (0..2000).filter(|r| r % 7 > 0).collect();
        let mut moved = rows.clone();
        let n_left = partition(&column, &mut moved, &mut Vec::new(), &lefts);
        let (left, right): (Vec<u32>, Vec<u32>) = rows.iter().partition(|&&r| lefts[column[r as usize] as usize]);
        assert_eq!((&moved[..n_left], &moved[n_left..]), (&left[..], &right[..]));
    }

    #[test]
    #[should_panic(expected = "assertion failed")]
    fn a_bin_beyond_its_column_is_refused() {
        RowBins::new(2, &[vec![0, 4]], &[4], &Team::new(1));
    }
}
