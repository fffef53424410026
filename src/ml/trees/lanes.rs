//! Small nodes: the keys of sixteen columns are sorted side by side.
//!
//! A sorting network compares places that do not depend on the keys, so few instructions compare a place of all columns
//! at once and none of them branches (Batcher 1968; Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M).

use crate::ml::trees::kernel::{PICKED, Places, TABLE, wide};

/// Columns sorted at once.
pub const LANES: usize = PICKED;
/// Most items; with a key they fill the bits of a number that is not negative.
pub const MOST: usize = TABLE;
const ITEM_BITS: u32 = 7;

/// One place of all columns: the key above, the number of its item below. Equal keys lie in the order of their items.
pub type Place = Places;

/// Room for the keys of the columns.
pub struct Lanes {
    places: Box<[Place; MOST]>,
}

impl Default for Lanes {
    fn default() -> Self {
        Self { places: Box::new([[i16::MAX; LANES]; MOST]) }
    }
}

impl Lanes {
    /// Takes the keys of at most [`MOST`] items, in their order.
    #[inline(always)]
    fn fill(&mut self, cells: &[[u8; LANES]]) {
        for (i, (place, cells)) in self.places.iter_mut().zip(cells).enumerate() {
            for lane in 0..LANES {
                place[lane] = i16::from(cells[lane]) << ITEM_BITS | i as i16;
            }
        }
    }

    /// Takes the keys and sorts them.
    pub fn take(&mut self, cells: &[[u8; LANES]]) {
        wide(
            #[inline(always)]
            || {
                self.fill(cells);
                self.sort(cells.len());
            },
        );
    }

    /// Sorts the first `n` places of every column, ascending.
    #[inline(always)]
    fn sort(&mut self, n: usize) {
        let Some(size) = SIZES.iter().position(|&size| size >= n) else { return };
        self.places[n..SIZES[size]].fill([i16::MAX; LANES]);
        let Networks { pairs, lengths } = &NETWORK;
        for &(above, below) in &pairs[size][..lengths[size]] {
            let (above, below) = (usize::from(above) % MOST, usize::from(below) % MOST);
            let (a, b) = (self.places[above], self.places[below]);
            for lane in 0..LANES {
                self.places[above][lane] = a[lane].min(b[lane]);
                self.places[below][lane] = a[lane].max(b[lane]);
            }
        }
    }

    /// The first `n` places of all columns.
    #[inline(always)]
    pub fn places(&self, n: usize) -> &[Place] {
        &self.places[..n]
    }

    /// The key at a place of a column.
    #[inline(always)]
    pub fn key(&self, place: usize, lane: usize) -> u8 {
        parts(self.places[place % MOST][lane % LANES]).0
    }

    /// The key and the item at each of the first `n` places of a column.
    pub fn column(&self, n: usize, lane: usize) -> impl Iterator<Item = (u8, usize)> {
        let lane = lane % LANES;
        self.places[..n].iter().map(move |place| parts(place[lane]))
    }
}

#[inline(always)]
fn parts(value: i16) -> (u8, usize) {
    ((value >> ITEM_BITS) as u8, value as usize % MOST)
}

/// For so many places there is a network; fewer are filled up.
const SIZES: [usize; 10] = [4, 8, 12, 16, 24, 32, 48, 64, 96, 128];

struct Networks {
    /// Places to be put in order, by size.
    pairs: [[(u8, u8); 1471]; SIZES.len()],
    lengths: [usize; SIZES.len()],
}

static NETWORK: Networks = {
    let mut made = Networks { pairs: [[(0, 0); 1471]; SIZES.len()], lengths: [0; SIZES.len()] };
    let mut size = 0;
    while size < SIZES.len() {
        let n = SIZES[size];
        let top = n.next_power_of_two() / 2;
        let (mut p, mut at) = (top, 0);
        while p > 0 {
            let (mut q, mut r, mut d) = (top, 0, p);
            loop {
                let mut i = 0;
                while i + d < n {
                    if i & p == r {
                        made.pairs[size][at] = (i as u8, (i + d) as u8);
                        at += 1;
                    }
                    i += 1;
                }
                if q == p {
                    break;
                }
                (d, q, r) = (q - p, q / 2, p);
            }
            p /= 2;
        }
        made.lengths[size] = at;
        size += 1;
    }
    made
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::random::Shuffler;

    #[test]
    fn every_column_is_sorted_and_equal_keys_keep_their_order() {
        let mut source = Shuffler::new(11);
        for n in 1..=MOST {
            let most = [256, 2, 1, 200, 5, 256, 17, 3, 256, 9, 100, 4, 256, 30, 2, 7];
            let cells: Vec<[u8; LANES]> = (0..n).map(|_| most.map(|most| source.below(most) as u8)).collect();
            let mut lanes = Lanes::default();
            lanes.take(&cells);
            for lane in 0..LANES {
                let mut expected: Vec<(u8, usize)> = cells.iter().map(|cells| cells[lane]).zip(0..).collect();
                expected.sort_unstable();
                assert_eq!(lanes.column(n, lane).collect::<Vec<_>>(), expected, "{n} items, lane {lane}");
            }
        }
    }

    #[test]
    fn networks_are_as_short_as_batchers() {
        // Knuth, 5.3.4, table 1: merge exchange takes 5 comparisons for 4 keys, 19 for 8, 63 for 16, 191 for 32.
        let length = |n: usize| NETWORK.lengths[SIZES.iter().position(|&size| size == n).unwrap()];
        assert_eq!([4, 8, 16, 32, 64, 128].map(length), [5, 19, 63, 191, 543, 1471]);
    }
}
