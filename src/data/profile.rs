//! The profile of a table: per column what is missing, how often what occurs, and how numbers are spread.
//!
//! Numbers follow NumPy: linear quantiles, `std` with n − 1, histogram bins closed on the left and the last one on
//! both sides. One sorted copy of a column serves all of it and is freed before the next column.

use std::cmp::Ordering;

use super::table::{Cells, Dictionary, Table, format_datetime, format_number};
use crate::domain::io::{Cancelled, JobIo};
use crate::domain::profile::{ColumnProfile, Histogram, NumberSummary, TableProfile, TextLengths};
use crate::domain::schema::ColumnSchema;

/// Bins of a histogram, of equal width between the smallest and the largest finite value.
const BINS: usize = 30;
/// Most frequent values that are kept.
const TOP: usize = 20;

pub fn profile(table: &Table, io: &dyn JobIo) -> Result<TableProfile, Cancelled> {
    let n_columns = table.columns.len();
    let mut columns = Vec::with_capacity(n_columns);
    for (i, (schema, cells)) in table.iter().enumerate() {
        io.progress(&format!("Profiling {}", schema.name), Some(i as f64 / n_columns as f64))?;
        columns.push(column(schema, cells));
    }
    Ok(TableProfile { format_version: 1, rows: table.n_rows as u64, columns })
}

fn column(schema: &ColumnSchema, cells: &Cells) -> ColumnProfile {
    let mut profile = ColumnProfile {
        name: schema.name.clone(),
        kind: schema.kind,
        storage: schema.storage,
        missing: 0,
        distinct: 0,
        top: Vec::new(),
        numbers: None,
        histogram: None,
        lengths: None,
    };
    match cells {
        Cells::Float(v) => numeric(&mut profile, v.iter().copied(), v.len(), format_number),
        Cells::Int(v) => numeric(&mut profile, as_numbers(v), v.len(), |x| (x as i64).to_string()),
        Cells::DatetimeMs(v) => numeric(&mut profile, as_numbers(v), v.len(), |x| format_datetime(x as i64)),
        Cells::Boolean(v) => {
            let texts = v.iter().map(|b| b.map(|b| if b { "true" } else { "false" }));
            textual(&mut profile, &texts.collect());
        }
        Cells::Text(dictionary) => {
            textual(&mut profile, dictionary);
            profile.lengths = lengths(dictionary);
        }
    }
    profile
}

fn as_numbers(values: &[Option<i64>]) -> impl Iterator<Item = f64> + '_ {
    values.iter().map(|x| x.map_or(f64::NAN, |x| x as f64))
}

fn numeric(
    profile: &mut ColumnProfile,
    values: impl Iterator<Item = f64>,
    n_rows: usize,
    format: impl Fn(f64) -> String,
) {
    // Adding 0.0 makes −0 the same value as 0.
    let mut sorted: Vec<f64> = values.filter(|x| !x.is_nan()).map(|x| x + 0.0).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    profile.missing = (n_rows - sorted.len()) as u64;

    let runs: Vec<(u64, f64)> = sorted.chunk_by(|a, b| a == b).map(|run| (run.len() as u64, run[0])).collect();
    profile.distinct = runs.len() as u64;
    profile.top = most_frequent(runs, |a, b| a.total_cmp(b)).into_iter().map(|(n, x)| (format(x), n)).collect();

    let start = sorted.partition_point(|&x| x == f64::NEG_INFINITY);
    let end = sorted.partition_point(|&x| x < f64::INFINITY);
    let finite = &sorted[start..end];
    profile.numbers = summary(finite);
    profile.histogram = histogram(finite);
}

fn textual(profile: &mut ColumnProfile, dictionary: &Dictionary) {
    let counts = dictionary.counts();
    let present: Vec<(u64, &str)> =
        counts.iter().copied().zip(dictionary.values.iter().map(String::as_str)).filter(|(n, _)| *n > 0).collect();
    profile.missing = dictionary.codes.len() as u64 - counts.iter().sum::<u64>();
    profile.distinct = present.len() as u64;
    profile.top = most_frequent(present, |a, b| a.cmp(b)).into_iter().map(|(n, text)| (text.to_owned(), n)).collect();
}

/// The values with the highest counts, highest first, ties by value.
fn most_frequent<T>(mut counted: Vec<(u64, T)>, by_value: impl Fn(&T, &T) -> Ordering) -> Vec<(u64, T)> {
    let order = |a: &(u64, T), b: &(u64, T)| b.0.cmp(&a.0).then_with(|| by_value(&a.1, &b.1));
    if counted.len() > TOP {
        counted.select_nth_unstable_by(TOP, order);
        counted.truncate(TOP);
    }
    counted.sort_unstable_by(order);
    counted
}

/// Of sorted finite values; `None` without any.
fn summary(sorted: &[f64]) -> Option<NumberSummary> {
    let (&min, &max) = (sorted.first()?, sorted.last()?);
    let n = sorted.len() as f64;
    let mut mean = sum(sorted.iter().copied()) / n;
    if !mean.is_finite() {
        mean = sum(sorted.iter().map(|x| x / n));
    }
    let squares = sum(sorted.iter().map(|x| (x - mean) * (x - mean)));
    let std = (squares / (n - 1.0)).sqrt();
    Some(NumberSummary {
        count: sorted.len() as u64,
        min,
        max,
        mean,
        std: (sorted.len() > 1 && std.is_finite()).then_some(std),
        q25: quantile(sorted, 0.25),
        median: quantile(sorted, 0.5),
        q75: quantile(sorted, 0.75),
        zeros: (sorted.partition_point(|&x| x <= 0.0) - sorted.partition_point(|&x| x < 0.0)) as u64,
    })
}

/// Neumaier's compensated sum.
fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0f64, 0.0f64);
    for x in values {
        let next = sum + x;
        lost += if sum.abs() >= x.abs() { (sum - next) + x } else { (x - next) + sum };
        sum = next;
    }
    sum + lost
}

/// NumPy's default (`linear`), interpolated as NumPy does: from the nearer side.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let position = (sorted.len() - 1) as f64 * q;
    let below = position.floor() as usize;
    let (a, b) = (sorted[below], sorted[(below + 1).min(sorted.len() - 1)]);
    let t = position - below as f64;
    let step = b - a;
    if !step.is_finite() {
        a * (1.0 - t) + b * t
    } else if t < 0.5 {
        a + step * t
    } else {
        b - step * (1.0 - t)
    }
}

fn histogram(sorted: &[f64]) -> Option<Histogram> {
    let (&min, &max) = (sorted.first()?, sorted.last()?);
    if min == max {
        // NumPy's width for a constant, so that the bin can be drawn.
        return Some(Histogram { edges: vec![min - 0.5, max + 0.5], counts: vec![sorted.len() as u64] });
    }
    let range = max - min;
    let width = if range.is_finite() { range / BINS as f64 } else { max / BINS as f64 - min / BINS as f64 };
    let mut edges: Vec<f64> = (0..=BINS).map(|i| min + i as f64 * width).collect();
    edges[BINS] = max;
    let mut below = 0;
    let mut counts = Vec::with_capacity(BINS);
    for (i, edge) in edges.iter().enumerate().skip(1) {
        let end = if i == BINS { sorted.len() } else { sorted.partition_point(|x| x < edge) };
        counts.push((end - below) as u64);
        below = end;
    }
    Some(Histogram { edges, counts })
}

fn lengths(dictionary: &Dictionary) -> Option<TextLengths> {
    let counts = dictionary.counts();
    let used = dictionary.values.iter().zip(&counts).filter(|(_, n)| **n > 0);
    let lengths: Vec<(u64, u64)> = used.map(|(text, &n)| (text.chars().count() as u64, n)).collect();
    let cells: u64 = lengths.iter().map(|(_, n)| n).sum();
    Some(TextLengths {
        min: lengths.iter().map(|(length, _)| *length).min()?,
        mean: lengths.iter().map(|(length, n)| (length * n) as f64).sum::<f64>() / cells as f64,
        max: lengths.iter().map(|(length, _)| *length).max()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::domain::schema::{ColumnKind, Schema};

    fn profiled(cells: Cells) -> ColumnProfile {
        let schema = ColumnSchema {
            name: "x".into(),
            kind: ColumnKind::Numeric,
            storage: cells.storage(),
            missing: 0,
            distinct: 0,
            true_spellings: vec![],
            false_spellings: vec![],
            notes: vec![],
            missing_tokens: vec![],
            personal: None,
        };
        let table = Table { schema: Schema { columns: vec![schema] }, n_rows: cells.len(), columns: vec![cells] };
        profile(&table, &Silent).unwrap().columns.remove(0)
    }

    #[test]
    fn numbers_are_those_of_numpy() {
        let p = profiled(Cells::Float(vec![
            3.5,
            -1.25,
            f64::NAN,
            0.0,
            7.0,
            2.5,
            2.5,
            1e3,
            -40.0,
            f64::INFINITY,
            0.1,
            12.75,
        ]));
        let n = p.numbers.unwrap();
        assert_eq!((p.missing, p.distinct, n.count, n.zeros), (1, 10, 10, 1));
        assert_eq!((n.min, n.max, n.q25, n.median, n.q75), (-40.0, 1000.0, 0.025, 2.5, 6.125));
        assert!((n.mean - 98.71).abs() < 1e-12 && (n.std.unwrap() - 317.000042762002).abs() < 1e-10);
        let h = p.histogram.unwrap();
        assert_eq!(h.counts, [[1, 8].as_slice(), &[0; 27], &[1]].concat());
        assert_eq!((h.edges[1], h.edges[29], h.edges.len()), (-5.333333333333336, 965.3333333333333, 31));
        assert_eq!(p.top[0], ("2.5".into(), 2));
        assert_eq!(p.top[1], ("-40".into(), 1));
    }

    #[test]
    fn histogram_bins_are_closed_on_the_left_as_in_numpy() {
        let p = profiled(Cells::Float((0..100).map(|i| f64::from(i * 7 % 101) / 3.0).collect()));
        let expected = [4, 3, 3, 4, 3, 3, 4, 3, 3, 4, 3, 3, 4, 3, 3, 4, 3, 3, 4, 3, 4, 3, 3, 3, 4, 3, 3, 4, 2, 4];
        assert_eq!(p.histogram.unwrap().counts, expected);
        assert_eq!(p.top.len(), TOP);
    }

    #[test]
    fn constants_single_values_and_emptiness() {
        let p = profiled(Cells::Int(vec![Some(5), Some(5), None]));
        assert_eq!(p.histogram.unwrap(), Histogram { edges: vec![4.5, 5.5], counts: vec![2] });
        assert_eq!(profiled(Cells::Int(vec![Some(5)])).numbers.unwrap().std, None);
        let p = profiled(Cells::Float(vec![f64::NAN]));
        assert_eq!((p.numbers, p.histogram, p.distinct, p.missing), (None, None, 0, 1));
    }

    #[test]
    fn huge_numbers_stay_finite() {
        let p = profiled(Cells::Float(vec![-1.7e308, 1.7e308, 1.7e308]));
        let n = p.numbers.unwrap();
        assert!(n.mean.is_finite() && n.q25.is_finite() && n.std.is_none());
        assert_eq!(p.histogram.unwrap().counts.iter().sum::<u64>(), 3);
    }

    #[test]
    fn texts_have_lengths_and_top_values_with_ties_by_value() {
        let p = profiled(Cells::Text([Some("b"), Some("añb"), None, Some("b"), Some("a")].into_iter().collect()));
        assert_eq!(p.top, [("b".into(), 2), ("a".into(), 1), ("añb".into(), 1)]);
        assert_eq!(p.lengths, Some(TextLengths { min: 1, mean: 1.5, max: 3 }));
        assert_eq!((p.missing, p.distinct), (1, 3));
    }

    #[test]
    fn booleans_and_datetimes_show_words() {
        let p = profiled(Cells::Boolean(vec![Some(true), None, Some(true), Some(false)]));
        assert_eq!(p.top, [("true".into(), 2), ("false".into(), 1)]);
        assert_eq!(p.numbers, None);
        let p = profiled(Cells::DatetimeMs(vec![Some(0), Some(86_400_000)]));
        assert_eq!(p.top[0].0, "1970-01-01");
        assert_eq!(p.numbers.unwrap().mean, 43_200_000.0);
    }
}
