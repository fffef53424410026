//! The most frequent values of a column.

use std::cmp::Ordering;

/// Most frequent values that are kept.
pub const TOP: usize = 20;

/// Collects the most frequent of values that arrive in order: the first of equally frequent ones stays.
pub struct Top {
    /// Count and key, most frequent first.
    pub kept: Vec<(u64, u64)>,
}

impl Top {
    pub fn new() -> Self {
        Self { kept: Vec::with_capacity(TOP + 1) }
    }

    pub fn offer(&mut self, key: u64, count: u64) {
        if self.kept.len() == TOP && self.kept[TOP - 1].0 >= count {
            return;
        }
        let place = self.kept.partition_point(|(n, _)| *n >= count);
        self.kept.insert(place, (count, key));
        self.kept.truncate(TOP);
    }
}

/// The values with the highest counts, highest first, ties by value.
pub fn most_frequent<T: Ord>(mut counted: Vec<(u64, T)>) -> Vec<(u64, T)> {
    let order = |a: &(u64, T), b: &(u64, T)| -> Ordering { b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)) };
    if counted.len() > TOP {
        counted.select_nth_unstable_by(TOP, order);
        counted.truncate(TOP);
    }
    counted.sort_unstable_by(order);
    counted
}
