//! Sorting rows by any number of columns.
//!
//! The first column sorts all rows, each further one the runs of rows that are still equal. At any time there are the
//! keys of one column (eight bytes per row, four for text) and the order itself (four), once more while rows are dealt
//! into buckets: about 1 GB for 60,000,000 rows.

use std::ops::Range;

use super::TableView;
use super::bits::Bits;
use super::groups;
use super::keys::{self, Keys, Rows, Values};
use crate::data::error::LoadError;
use crate::domain::io::{JobIo, Part};

/// Longer stretches are dealt into buckets first.
const LARGE: usize = 1 << 16;
const BUCKETS: usize = 512;
/// Keys looked at per bucket to find even borders.
const SAMPLES: usize = 16;
/// Rows between two looks at the watch.
const PIECE: usize = 1 << 20;

/// Sorts rows (`kept`, ascending, or all) by columns, each with whether it descends. Stable; missing cells come last
/// either way.
///
/// Errors: reading, or that it was cancelled.
pub fn sorted(
    view: &TableView,
    kept: Option<Vec<u32>>,
    columns: &[(usize, bool)],
    io: &dyn JobIo,
) -> Result<Vec<u32>, LoadError> {
    let rows = Rows { view, kept: kept.as_deref() };
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    // Where a run of equal rows begins.
    let mut starts = Bits::none(rows.len());
    if !order.is_empty() {
        starts.set(0);
    }
    for (i, &(column, descending)) in columns.iter().enumerate() {
        let share = |i: usize| i as f64 / columns.len() as f64;
        let io = Part { io, from: share(i), to: share(i + 1) };
        let keys = keys::of_column(rows, column, descending, &Part { io: &io, from: 0.0, to: 0.5 })?;
        let is_last = i + 1 == columns.len() && !keys.chunks;
        refine(&mut order, &mut starts, &keys, is_last, &Part { io: &io, from: 0.5, to: 1.0 })?;
        let mut depth = 0;
        let mut open = open(&order, &starts, &keys);
        drop(keys);
        while !open.is_none() {
            depth += 1;
            let keys = keys::chunks(rows, column, descending, depth, Some(&open), &io)?;
            refine(&mut order, &mut starts, &keys, false, &io)?;
            open = self::open(&order, &starts, &keys);
        }
    }
    if let Some(kept) = &kept {
        order.iter_mut().for_each(|position| *position = kept[*position as usize]);
    }
    Ok(order)
}

/// The positions whose texts go on and whose place is not yet sure.
fn open(order: &[u32], starts: &Bits, keys: &Keys) -> Bits {
    let mut open = Bits::none(order.len());
    if keys.chunks {
        let alone = |i: usize| starts.get(i) && (i + 1 == order.len() || starts.get(i + 1));
        for (i, position) in order.iter().enumerate() {
            if !alone(i) && keys.goes_on(*position) {
                open.set(*position as usize);
            }
        }
    }
    open
}

/// Sorts each run of equal rows by one more key, and, unless it is the last one, notes where new runs begin.
fn refine(order: &mut [u32], starts: &mut Bits, keys: &Keys, is_last: bool, io: &dyn JobIo) -> Result<(), LoadError> {
    let n = order.len();
    // Short runs are gathered into batches for two threads.
    let mut batches: Vec<Range<usize>> = Vec::new();
    let mut ends = starts.iter().skip(1).chain(std::iter::once(n));
    let (mut first, mut n_runs) = (0, 0usize);
    while first < n {
        let end = ends.next().unwrap_or(n);
        if end - first >= LARGE {
            let io = Part { io, from: 0.5 * first as f64 / n as f64, to: 0.5 * end as f64 / n as f64 };
            let present = missing_last(&mut order[first..end], &keys.missing);
            let present = &mut order[first..first + present];
            match &keys.values {
                Values::Wide(v) => deal(present, v, &io)?,
                Values::Narrow(v) => deal(present, v, &io)?,
            }
        } else if end - first > 1 {
            match batches.last_mut() {
                Some(batch) if batch.end == first && batch.len() < LARGE => batch.end = end,
                _ => batches.push(first..end),
            }
        }
        n_runs += 1;
        if n_runs.is_multiple_of(PIECE) {
            io.progress("Sorting", None)?;
        }
        first = end;
    }
    drop(ends);
    sort_short(order, starts, &batches, keys, &Part { io, from: 0.5, to: 1.0 })?;
    if !is_last {
        let mut new_starts = starts.clone();
        for i in 1..n {
            if i % PIECE == 0 {
                io.progress("Sorting", None)?;
            }
            let (a, b) = (order[i - 1], order[i]);
            let missing = |position: u32| keys.missing.get(position as usize);
            let same = missing(a) == missing(b) && (missing(a) || keys.same(a, b));
            if !same {
                new_starts.set(i);
            }
        }
        *starts = new_starts;
    }
    Ok(())
}

/// Moves the missing ones to the end, keeping the order otherwise; returns how many are present.
fn missing_last(order: &mut [u32], missing: &Bits) -> usize {
    let absent: Vec<u32> = order.iter().copied().filter(|p| missing.get(*p as usize)).collect();
    if absent.is_empty() {
        return order.len();
    }
    let mut present = 0;
    for i in 0..order.len() {
        if !missing.get(order[i] as usize) {
            order[present] = order[i];
            present += 1;
        }
    }
    order[present..].copy_from_slice(&absent);
    present
}

/// Sorts every run of equal rows in each of some stretches.
fn sort_short(
    order: &mut [u32],
    starts: &Bits,
    batches: &[Range<usize>],
    keys: &Keys,
    io: &dyn JobIo,
) -> Result<(), LoadError> {
    let mut slices: Vec<(usize, &mut [u32])> = Vec::new();
    let (mut rest, mut rest_first) = (order, 0);
    for batch in batches {
        let (before, after) = rest.split_at_mut(batch.end - rest_first);
        slices.push((batch.start, &mut before[batch.start - rest_first..]));
        (rest, rest_first) = (after, batch.end);
    }
    groups::share(slices, io, "Sorting", |(first, slice)| {
        let mut begin = 0;
        for end in 1..=slice.len() {
            if end < slice.len() && !starts.get(first + end) {
                continue;
            }
            let run = &mut slice[begin..end];
            begin = end;
            if run.len() > 1 {
                let present = missing_last(run, &keys.missing);
                match &keys.values {
                    Values::Wide(v) => sort(&mut run[..present], v),
                    Values::Narrow(v) => sort(&mut run[..present], v),
                }
            }
        }
    })
}

/// Sorts positions that ascend where keys are equal.
fn sort<K: Ord + Copy>(order: &mut [u32], keys: &[K]) {
    let mut pairs: Vec<(K, u32)> = order.iter().map(|&position| (keys[position as usize], position)).collect();
    pairs.sort_unstable();
    order.iter_mut().zip(pairs).for_each(|(place, (_, position))| *place = position);
}

/// Sample sort: borders from a sample, rows dealt into the buckets between them, each bucket sorted by itself.
fn deal<K: Ord + Copy + Send + Sync>(order: &mut [u32], keys: &[K], io: &dyn JobIo) -> Result<(), LoadError> {
    let n = order.len();
    if n < LARGE {
        sort(order, keys);
        return Ok(());
    }
    let step = (n / (BUCKETS * SAMPLES)).max(1);
    let mut sample: Vec<K> = order.iter().step_by(step).map(|&position| keys[position as usize]).collect();
    sample.sort_unstable();
    let mut borders: Vec<K> = sample.into_iter().skip(SAMPLES / 2).step_by(SAMPLES).collect();
    borders.dedup();
    // Rows equal to a border get a bucket of their own, which is sorted as it is.
    let bucket = |position: u32| {
        let key = keys[position as usize];
        let below = borders.partition_point(|border| *border < key);
        2 * below + usize::from(borders.get(below) == Some(&key))
    };
    let n_buckets = 2 * borders.len() + 1;
    let mut counts = vec![0usize; n_buckets];
    for (i, piece) in order.chunks(PIECE).enumerate() {
        io.progress("Sorting", Some(0.3 * (i * PIECE) as f64 / n as f64))?;
        piece.iter().for_each(|&position| counts[bucket(position)] += 1);
    }
    let mut next: Vec<usize> = counts.iter().scan(0, |sum, count| Some(std::mem::replace(sum, *sum + count))).collect();
    let mut dealt = vec![0u32; n];
    for (i, piece) in order.chunks(PIECE).enumerate() {
        io.progress("Sorting", Some(0.3 + 0.3 * (i * PIECE) as f64 / n as f64))?;
        for &position in piece {
            let place = &mut next[bucket(position)];
            dealt[*place] = position;
            *place += 1;
        }
    }
    order.copy_from_slice(&dealt);
    drop(dealt);
    let mut slices = Vec::new();
    let mut rest = order;
    for (i, count) in counts.into_iter().enumerate() {
        let (slice, after) = rest.split_at_mut(count);
        rest = after;
        if count > 1 && i % 2 == 0 {
            slices.push(slice);
        }
    }
    groups::share(slices, &Part { io, from: 0.6, to: 1.0 }, "Sorting", |slice| sort(slice, keys))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::domain::random::Shuffler;

    #[test]
    fn dealing_sorts_stably_whatever_the_keys() {
        let mut random = Shuffler::new(1);
        for distinct in [1, 2, 1000, 1 << 40] {
            let keys: Vec<u64> = (0..200_000).map(|_| random.below(distinct) as u64).collect();
            let mut order: Vec<u32> = (0..200_000).filter(|i| i % 3 != 0).collect();
            let mut expected = order.clone();
            expected.sort_by_key(|&i| keys[i as usize]);
            deal(&mut order, &keys, &Silent).unwrap();
            assert!(order == expected, "{distinct}");
        }
    }

    #[test]
    fn missing_ones_move_to_the_end_in_their_order() {
        let mut order = [4, 1, 3, 0, 2];
        assert_eq!(missing_last(&mut order, &Bits::of(5, |i| i == 1 || i == 2)), 3);
        assert_eq!(order, [4, 3, 0, 1, 2]);
    }
}
