//! Sorting one column of numbers: keys whose unsigned order is that of the values, one pass that deals them into
//! buckets by size, and a small sort per bucket.
//!
//! A full sort of a million distinct numbers costs about twice as much. Where the buckets turn out uneven (values far
//! apart), the small sorts grow and the whole is as fast as an ordinary sort.

use crate::domain::io::Cancelled;

/// Buckets are aimed at this many keys: a small sort then stays in the nearest cache.
const BUCKET: usize = 256;
/// More buckets than this make dealing slow: each needs a cache line of its own.
const MAX_BUCKETS: usize = 1 << 13;
/// Keys sorted between two looks at whether anyone still waits.
const CHECK_EVERY: usize = 1 << 22;

/// What `f64::total_cmp` orders by; −0 counts as 0.
pub fn of_float(x: f64) -> u64 {
    let bits = (x + 0.0).to_bits();
    bits ^ (((bits as i64 >> 63) as u64) | (1 << 63))
}

pub fn float(key: u64) -> f64 {
    let mask = if key >> 63 == 1 { 1 << 63 } else { u64::MAX };
    f64::from_bits(key ^ mask)
}

pub fn of_int(x: i64) -> u64 {
    (x as u64) ^ (1 << 63)
}

pub fn int(key: u64) -> i64 {
    (key ^ (1 << 63)) as i64
}

/// How far a value lies between the smallest (0) and the largest (1).
#[derive(Clone, Copy)]
pub enum Spread {
    /// Keys of floats, placed by their value.
    Floats,
    /// Keys placed as they are: whole numbers, hashes.
    Whole,
}

/// The two vectors that sorting a column takes, kept from column to column.
#[derive(Default)]
pub struct Sorter {
    /// The keys to sort.
    pub keys: Vec<u64>,
    sorted: Vec<u64>,
}

impl Sorter {
    /// The keys in order. `check` is asked now and then whether to go on.
    pub fn sort(&mut self, spread: Spread, check: &dyn Fn() -> Result<(), Cancelled>) -> Result<&[u64], Cancelled> {
        let n = self.keys.len();
        let (min, max) = self.keys.iter().fold((u64::MAX, 0), |(low, high), &k| (low.min(k), high.max(k)));
        if n <= 2 * BUCKET || min == max {
            self.keys.sort_unstable();
            return Ok(&self.keys);
        }
        let n_buckets = (n / BUCKET).next_power_of_two().min(MAX_BUCKETS);
        match spread {
            Spread::Floats => {
                let low = float(min);
                let scale = n_buckets as f64 / (float(max) - low);
                if scale.is_finite() && scale > 0.0 {
                    let last = n_buckets - 1;
                    self.deal(n_buckets, |key| (((float(key) - low) * scale) as usize).min(last), check)
                } else {
                    self.deal_whole(n_buckets, min, max, check)
                }
            }
            Spread::Whole => self.deal_whole(n_buckets, min, max, check),
        }
    }

    fn deal_whole(
        &mut self,
        n_buckets: usize,
        min: u64,
        max: u64,
        check: &dyn Fn() -> Result<(), Cancelled>,
    ) -> Result<&[u64], Cancelled> {
        // Dropping low bits leaves at most `n_buckets` numbers.
        let shift = (64 - (max - min).leading_zeros()).saturating_sub(n_buckets.trailing_zeros());
        self.deal(n_buckets, |key| ((key - min) >> shift) as usize, check)
    }

    /// `bucket` never falls when the key rises.
    fn deal(
        &mut self,
        n_buckets: usize,
        bucket: impl Fn(u64) -> usize,
        check: &dyn Fn() -> Result<(), Cancelled>,
    ) -> Result<&[u64], Cancelled> {
        let mut ends = vec![0usize; n_buckets];
        self.keys.iter().for_each(|&key| ends[bucket(key)] += 1);
        check()?;
        let mut start = 0;
        for end in &mut ends {
            start += std::mem::replace(end, start);
        }
        // Each entry now is where its bucket begins, and after dealing where it ends.
        if self.sorted.len() < self.keys.len() {
            self.sorted = Vec::new();
            self.sorted.resize(self.keys.len(), 0);
        }
        let sorted = &mut self.sorted[..self.keys.len()];
        for &key in &self.keys {
            let place = &mut ends[bucket(key)];
            sorted[*place] = key;
            *place += 1;
        }
        let (mut start, mut checked) = (0, 0);
        for &end in &ends {
            if start.max(checked) - checked >= CHECK_EVERY {
                check()?;
                checked = start;
            }
            sorted[start..end].sort_unstable();
            start = end;
        }
        Ok(sorted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::mix;

    fn check(values: impl IntoIterator<Item = f64>) {
        let values: Vec<f64> = values.into_iter().map(|x| x + 0.0).collect();
        let mut sorter = Sorter { keys: values.iter().copied().map(of_float).collect(), ..Sorter::default() };
        let sorted: Vec<f64> = sorter.sort(Spread::Floats, &|| Ok(())).unwrap().iter().copied().map(float).collect();
        let mut expected = values;
        expected.sort_unstable_by(f64::total_cmp);
        assert_eq!(sorted, expected);
    }

    #[test]
    fn keys_keep_the_order_and_come_back() {
        for x in [-1e308, -1.5, -0.0, 0.0, 1e-300, 7.25, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(float(of_float(x)), x);
        }
        assert_eq!(of_float(-0.0), of_float(0.0));
        assert!([i64::MIN, -1, 0, 1, i64::MAX].windows(2).all(|w| of_int(w[0]) < of_int(w[1])));
        assert_eq!(int(of_int(-42)), -42);
    }

    #[test]
    fn sorted_as_by_an_ordinary_sort() {
        let random = |n: u64| (0..n).map(|i| mix(i) as f64 / 1e17 - 50.0);
        check(random(20_000));
        check(random(20_000).map(|x| x.exp()));
        check(random(9_999).map(f64::round));
        check(random(3_000).chain([1e300, -1e300]));
        check(random(3_000).chain([f64::MAX, f64::MIN, f64::INFINITY]));
        check([]);
        check([3.0; 5000]);
    }

    #[test]
    fn whole_keys_over_the_full_range_are_sorted() {
        let mut sorter = Sorter { keys: (0..50_000).map(mix).chain([0, u64::MAX]).collect(), ..Sorter::default() };
        let mut expected = sorter.keys.clone();
        expected.sort_unstable();
        assert_eq!(sorter.sort(Spread::Whole, &|| Ok(())).unwrap(), expected);
        sorter.keys = (0..10_000u64).rev().collect();
        assert!(sorter.sort(Spread::Whole, &|| Ok(())).unwrap().is_sorted());
    }
}
