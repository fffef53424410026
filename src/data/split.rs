//! Which rows train and which test. Rows without a usable target are in neither part; everything is decided by the seed.

use std::collections::HashMap;

use crate::data::table::{Cells, Table};
use crate::data::target::TargetColumn;
use crate::domain::random::Shuffler;
use crate::domain::split::{SplitKind, SplitRows, SplitSpec};
use crate::domain::task::Target;
use crate::stats::mix;

const FORMAT_VERSION: u32 = 1;

#[derive(Debug, thiserror::Error, PartialEq)]
pub enum SplitError {
    #[error("The test share is {share}; it must lie between 0 and 1, for example 0.2")]
    Share { share: f64 },
    #[error("Only {rows} rows have a target; at least two are needed, one to train and one to test")]
    TooFewRows { rows: usize },
    #[error("There is no column `{column}` to split by; choose one of the dataset's columns")]
    NoColumn { column: String },
    #[error("Column `{column}` holds {holds}; a split by time needs dates or numbers")]
    NotTime { column: String, holds: &'static str },
    #[error("Column `{column}` has fewer than two different times in the rows with a target; use another split")]
    OneTime { column: String },
    #[error("Column `{column}` has the same group in all rows with a target; use another split")]
    OneGroup { column: String },
}

/// Splits the usable rows. `test_share` is rounded to whole rows; neither side is ever empty.
///
/// - Random: any row, any side.
/// - Stratified: each class (regression: each quarter of the sorted target) gives its share, and each class with two
///   rows or more is on both sides; a class with one row trains.
/// - Time: the latest rows test, rows of equal time stay together (on the side that keeps the share nearer), rows
///   without a time train.
/// - Group: whole groups, at random, until the share is as near as groups allow.
pub fn split(table: &Table, target: &TargetColumn, spec: &SplitSpec) -> Result<SplitRows, SplitError> {
    if !(spec.test_share > 0.0 && spec.test_share < 1.0) {
        return Err(SplitError::Share { share: spec.test_share });
    }
    let n = target.rows.len();
    if n < 2 {
        return Err(SplitError::TooFewRows { rows: n });
    }
    let n_test = ((n as f64 * spec.test_share).round() as usize).clamp(1, n - 1);
    let tests = match &spec.kind {
        SplitKind::Random => random(n, n_test, spec.seed),
        SplitKind::Stratified => stratified(&strata(&target.values), n_test, spec),
        SplitKind::Time { column } => latest(&times(table, target, column)?, n_test)
            .ok_or_else(|| SplitError::OneTime { column: column.clone() })?,
        SplitKind::Group { column } => whole_groups(&groups_at(table, &target.rows, column)?, n_test, spec.seed)
            .ok_or_else(|| SplitError::OneGroup { column: column.clone() })?,
    };
    let side = |test: bool| target.rows.iter().zip(&tests).filter(|(_, t)| **t == test).map(|(row, _)| *row).collect();
    Ok(SplitRows {
        format_version: FORMAT_VERSION,
        train: side(false),
        test: side(true),
        folds: Vec::new(),
        forward: false,
    })
}

/// `n` of `n_rows` rows, ascending, the same ones for the same seed; without a list of all rows. Each row has a number
/// of its own, mixed with the seed, and the smallest ones are taken.
pub fn sample_rows(n_rows: usize, n: usize, seed: u64) -> Vec<usize> {
    if n >= n_rows {
        return (0..n_rows).collect();
    }
    let number = |row: usize| mix(row as u64 ^ mix(seed));
    // A little more than enough, so that only these have to be put in order.
    let mut share = n as f64 / n_rows as f64 * 1.1 + 100.0 / n_rows as f64;
    loop {
        let most = (share.min(1.0) * u64::MAX as f64) as u64;
        let mut rows: Vec<(u64, u32)> =
            (0..n_rows).map(|row| (number(row), row as u32)).filter(|(number, _)| *number <= most).collect();
        if rows.len() >= n {
            rows.sort_unstable();
            let mut rows: Vec<usize> = rows[..n].iter().map(|(_, row)| *row as usize).collect();
            rows.sort_unstable();
            return rows;
        }
        share *= 2.0;
    }
}

/// For each usable row: does it test?
fn random(n: usize, n_test: usize, seed: u64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..n).collect();
    Shuffler::new(seed).shuffle(&mut order);
    let mut tests = vec![false; n];
    order[..n_test].iter().for_each(|&row| tests[row] = true);
    tests
}

/// The stratum of each usable row, and how many there are.
fn strata(target: &Target) -> (Vec<usize>, usize) {
    match target {
        Target::Classes { codes, n_classes } => (codes.iter().map(|&c| c as usize).collect(), *n_classes),
        Target::Values(values) => {
            let mut order: Vec<usize> = (0..values.len()).collect();
            order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
            let mut quarter = vec![0; values.len()];
            for (rank, &row) in order.iter().enumerate() {
                quarter[row] = rank * 4 / values.len();
            }
            (quarter, 4)
        }
    }
}

fn stratified((stratum, n_strata): &(Vec<usize>, usize), n_test: usize, spec: &SplitSpec) -> Vec<bool> {
    let mut members = vec![Vec::new(); *n_strata];
    for (row, &s) in stratum.iter().enumerate() {
        members[s].push(row);
    }
    let sizes: Vec<usize> = members.iter().map(Vec::len).collect();
    let quotas = quotas(&sizes, n_test, spec.test_share);
    let mut shuffler = Shuffler::new(spec.seed);
    let mut tests = vec![false; stratum.len()];
    for (mut rows, quota) in members.into_iter().zip(quotas) {
        shuffler.shuffle(&mut rows);
        rows[..quota].iter().for_each(|&row| tests[row] = true);
    }
    tests
}

/// Test rows per stratum: its exact share rounded down, the rest to the largest remainders, then at least one row of
/// two on each side.
fn quotas(sizes: &[usize], n_test: usize, share: f64) -> Vec<usize> {
    let exact: Vec<f64> = sizes.iter().map(|&size| size as f64 * share).collect();
    let mut quotas: Vec<usize> = exact.iter().map(|x| x.floor() as usize).collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by(|&a, &b| (exact[b].fract()).total_cmp(&exact[a].fract()).then(a.cmp(&b)));
    let missing = n_test.saturating_sub(quotas.iter().sum());
    for &s in order.iter().filter(|&&s| sizes[s] > 1).take(missing) {
        quotas[s] += 1;
    }
    for (quota, &size) in quotas.iter_mut().zip(sizes) {
        *quota = if size < 2 { 0 } else { (*quota).clamp(1, size - 1) };
    }
    quotas
}

/// The time of each usable row; `None` without one.
fn times(table: &Table, target: &TargetColumn, column: &str) -> Result<Vec<Option<f64>>, SplitError> {
    times_at(table, &target.rows, column)
}

/// The time of each of these rows; `None` without one.
pub fn times_at(table: &Table, rows: &[u32], column: &str) -> Result<Vec<Option<f64>>, SplitError> {
    let not_time = |holds| SplitError::NotTime { column: column.to_owned(), holds };
    let (_, cells) = table.column(column).ok_or_else(|| SplitError::NoColumn { column: column.to_owned() })?;
    match cells {
        Cells::Text(_) => return Err(not_time("text")),
        Cells::Boolean(_) => return Err(not_time("yes and no")),
        Cells::Float(_) | Cells::Int(_) | Cells::DatetimeMs(_) => {}
    }
    let time = |&row: &u32| Some(cells.number(row as usize)).filter(|t| !t.is_nan());
    Ok(rows.iter().map(time).collect())
}

/// The number of the group of each of these rows, in order of appearance. A row without a value is a group of its own.
pub fn groups_at(table: &Table, rows: &[u32], column: &str) -> Result<Vec<u32>, SplitError> {
    let (_, cells) = table.column(column).ok_or_else(|| SplitError::NoColumn { column: column.to_owned() })?;
    let mut known: HashMap<String, u32> = HashMap::new();
    let mut next = 0;
    let mut new = || {
        next += 1;
        next - 1
    };
    let group = |&row: &u32| match cells.text(row as usize) {
        Some(text) => *known.entry(text).or_insert_with(&mut new),
        None => new(),
    };
    Ok(rows.iter().map(group).collect())
}

/// Marks whole groups until about `n_test` rows test; `None` when there is only one.
fn whole_groups(groups: &[u32], n_test: usize, seed: u64) -> Option<Vec<bool>> {
    let n_groups = groups.iter().max().map_or(0, |last| *last as usize + 1);
    if n_groups < 2 {
        return None;
    }
    let mut sizes = vec![0_usize; n_groups];
    groups.iter().for_each(|&group| sizes[group as usize] += 1);
    let mut order: Vec<usize> = (0..n_groups).collect();
    Shuffler::new(seed).shuffle(&mut order);
    let mut tests = vec![false; n_groups];
    let mut taken = 0;
    for group in order {
        // Only where it brings the share nearer; one group of any size at least.
        if taken == 0 || (taken + sizes[group]).abs_diff(n_test) < taken.abs_diff(n_test) {
            let others = tests.iter().filter(|test| !**test).count();
            if others > 1 {
                tests[group] = true;
                taken += sizes[group];
            }
        }
    }
    Some(groups.iter().map(|&group| tests[group as usize]).collect())
}

/// Marks the rows at or after a cut; `None` when all dated rows share one time and none is undated.
fn latest(times: &[Option<f64>], n_test: usize) -> Option<Vec<bool>> {
    let mut dated: Vec<f64> = times.iter().flatten().copied().collect();
    dated.sort_by(|a, b| b.total_cmp(a));
    let edge = *dated.get(n_test.min(dated.len()).checked_sub(1)?)?;
    let after = dated.partition_point(|&t| t > edge);
    let with_edge = dated.partition_point(|&t| t >= edge);
    let room_to_train = with_edge < times.len();
    let excludes_edge = after > 0 && (!room_to_train || n_test - after < with_edge.saturating_sub(n_test));
    if !room_to_train && !excludes_edge {
        return None;
    }
    let tests = |t: &Option<f64>| t.is_some_and(|t| if excludes_edge { t > edge } else { t >= edge });
    Some(times.iter().map(tests).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_the_asked_size_its_seed_and_all_parts_of_the_table() {
        let rows = sample_rows(100_000, 1000, 42);
        assert_eq!((rows.len(), &rows), (1000, &sample_rows(100_000, 1000, 42)));
        assert_ne!(rows, sample_rows(100_000, 1000, 43));
        assert!(rows.windows(2).all(|pair| pair[0] < pair[1]));
        // Ten standard deviations of a fair draw around 100.
        let in_tenth = |i: usize| rows.iter().filter(|row| **row / 10_000 == i).count();
        assert!((0..10).all(|i| (5..=195).contains(&in_tenth(i))));
        assert_eq!(sample_rows(3, 5, 1), [0, 1, 2]);
    }
    use crate::data::recipe::testing::table;
    use crate::data::target;
    use crate::domain::task::Task;

    fn spec(kind: SplitKind, test_share: f64, seed: u64) -> SplitSpec {
        SplitSpec { kind, test_share, seed }
    }

    /// 1,000 rows; every 10th has no target; class c has 3 rows, d one.
    fn classes() -> (Table, TargetColumn) {
        let cells: Vec<Option<&str>> = (0..1000)
            .map(|i| match i {
                _ if i % 10 == 0 => None,
                1 | 501 | 901 => Some("c"),
                2 => Some("d"),
                _ if i % 4 == 1 => Some("b"),
                _ => Some("a"),
            })
            .collect();
        let day = Cells::Int((0..1000).map(|i| (i % 7 != 0).then_some(i / 10)).collect());
        let t = table(vec![("y", Cells::Text(cells.into_iter().collect())), ("day", day)]);
        let y = target::read(&t, "y", Task::Multiclass).unwrap();
        (t, y)
    }

    fn assert_whole(target: &TargetColumn, rows: &SplitRows) {
        let mut all: Vec<u32> = rows.train.iter().chain(&rows.test).copied().collect();
        all.sort_unstable();
        assert_eq!(all, target.rows, "disjoint and complete");
        assert!(rows.train.is_sorted() && rows.test.is_sorted());
    }

    #[test]
    fn every_kind_is_disjoint_complete_and_repeats_with_its_seed() {
        let (t, y) = classes();
        let (time, group) = (SplitKind::Time { column: "day".into() }, SplitKind::Group { column: "day".into() });
        for kind in [SplitKind::Random, SplitKind::Stratified, time, group] {
            let rows = split(&t, &y, &spec(kind.clone(), 0.2, 1)).unwrap();
            assert_whole(&y, &rows);
            assert!(rows.test.len().abs_diff(180) <= 6, "{kind:?}: {}", rows.test.len());
            assert_eq!(split(&t, &y, &spec(kind.clone(), 0.2, 1)).unwrap(), rows);
            if !matches!(kind, SplitKind::Time { .. }) {
                assert_ne!(split(&t, &y, &spec(kind, 0.2, 2)).unwrap(), rows);
            }
        }
    }

    #[test]
    fn stratified_puts_each_class_with_two_rows_on_both_sides() {
        let (t, y) = classes();
        for seed in 0..20 {
            let rows = split(&t, &y, &spec(SplitKind::Stratified, 0.2, seed)).unwrap();
            let count = |rows: &[u32], class: u32| match y.at(rows).unwrap() {
                Target::Classes { codes, .. } => codes.iter().filter(|&&c| c == class).count(),
                Target::Values(_) => 0,
            };
            assert_eq!((count(&rows.train, 2), count(&rows.test, 2)), (2, 1));
            assert_eq!((count(&rows.train, 3), count(&rows.test, 3)), (1, 0));
            let share = count(&rows.test, 1) as f64 / (count(&rows.test, 1) + count(&rows.train, 1)) as f64;
            assert!((share - 0.2).abs() < 0.01, "{share}");
        }
    }

    #[test]
    fn stratified_regression_covers_every_quarter() {
        let t = table(vec![("y", Cells::Float((0..40).map(|i| f64::from(i * i)).collect()))]);
        let y = target::read(&t, "y", Task::Regression).unwrap();
        let rows = split(&t, &y, &spec(SplitKind::Stratified, 0.2, 3)).unwrap();
        let mut per_quarter = [0; 4];
        rows.test.iter().for_each(|&row| per_quarter[row as usize / 10] += 1);
        assert_eq!(per_quarter, [2; 4]);
    }

    #[test]
    fn time_tests_on_the_latest_rows_and_keeps_ties_together() {
        let (t, y) = classes();
        let rows = split(&t, &y, &spec(SplitKind::Time { column: "day".into() }, 0.2, 0)).unwrap();
        let day = |row: &u32| t.columns[1].number(*row as usize);
        let first = rows.test.iter().map(day).fold(f64::INFINITY, f64::min);
        assert!(rows.train.iter().map(day).all(|d| d.is_nan() || d < first));
        assert!(rows.test.iter().map(day).all(|d| !d.is_nan()));
    }

    #[test]
    fn groups_stay_on_one_side() {
        let (t, y) = classes();
        let rows = split(&t, &y, &spec(SplitKind::Group { column: "day".into() }, 0.2, 4)).unwrap();
        let day = |row: &u32| t.columns[1].text(*row as usize);
        assert!(rows.test.iter().filter_map(day).all(|d| !rows.train.iter().filter_map(day).any(|other| other == d)));
        assert!(rows.test.len().abs_diff(180) < 6, "{}", rows.test.len());
        let one = table(vec![("y", Cells::Float(vec![1.0, 2.0])), ("g", Cells::Int(vec![Some(1); 2]))]);
        let y = target::read(&one, "y", Task::Regression).unwrap();
        let found = split(&one, &y, &spec(SplitKind::Group { column: "g".into() }, 0.5, 0));
        assert_eq!(found.unwrap_err(), SplitError::OneGroup { column: "g".into() });
    }

    #[test]
    fn one_time_for_all_rows_cannot_be_split() {
        let t = table(vec![
            ("y", Cells::Float(vec![1.0, 2.0, 3.0])),
            ("t", Cells::Int(vec![Some(5); 3])),
            ("s", Cells::Text([Some("x"); 3].into_iter().collect())),
        ]);
        let y = target::read(&t, "y", Task::Regression).unwrap();
        let by = |column: &str| split(&t, &y, &spec(SplitKind::Time { column: column.into() }, 0.3, 0)).unwrap_err();
        assert_eq!(by("t"), SplitError::OneTime { column: "t".into() });
        assert_eq!(by("s"), SplitError::NotTime { column: "s".into(), holds: "text" });
        assert_eq!(by("q"), SplitError::NoColumn { column: "q".into() });
        assert_eq!(split(&t, &y, &spec(SplitKind::Random, 1.0, 0)).unwrap_err(), SplitError::Share { share: 1.0 });
    }

    #[test]
    fn a_seed_means_the_same_rows_everywhere() {
        let t = table(vec![("y", Cells::Float((0..12).map(f64::from).collect()))]);
        let y = target::read(&t, "y", Task::Regression).unwrap();
        let rows = split(&t, &y, &spec(SplitKind::Random, 0.25, 42)).unwrap();
        assert_eq!(rows.test, GOLDEN_SEED_42, "a change here makes old runs irreproducible");
    }

    const GOLDEN_SEED_42: [u32; 3] = [1, 2, 7];
}
