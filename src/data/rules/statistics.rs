//! Tests of distributions: against the reference, against a normal one, of one column against another.

use super::column::{Column, numbers};
use super::filter::Rows;
use super::keys::Counts;
use super::{Observed, RuleOutcome, Stop};
use crate::data::table::Cells;
use crate::domain::schema::{ColumnKind, Storage};
use crate::domain::suite::Test;
use crate::stats::TestResult;
use crate::stats::association::cramers_v;
use crate::stats::contingency::{chi2_contingency, normal_two_sided};
use crate::stats::distance::wasserstein_distance;
use crate::stats::groups::quantile_groups;
use crate::stats::kolmogorov::kolmogorov_sf;
use crate::stats::ks::ks_2samp;
use crate::stats::sample::SortedSample;

/// Numbers with more different values than this are compared by groups of the reference's tenths.
const FEW_NUMBERS: usize = 20;
const GROUPS: usize = 10;
/// Different values of one column in a table of two.
const MOST_LEVELS: usize = 1000;
/// The least share of a bin of the population stability index, which has no answer for empty ones.
const LEAST_SHARE: f64 = 1e-4;

pub(super) fn judge(column: &Column<'_, '_>, test: &Test) -> Result<RuleOutcome, Stop> {
    use Test as T;
    match test {
        T::ColumnKsPValueAbove { p_value, .. } => {
            let (now, before) = both(column)?;
            above(column, ks_2samp(&before, &now), *p_value)
        }
        T::ColumnNormalKsPValueAbove { mean, std, p_value, .. } => {
            let sample = SortedSample::new(column.numbers()?);
            above(column, normal_ks(&sample, *mean, *std), *p_value)
        }
        T::ColumnWassersteinBelow { threshold, .. } => {
            let (now, before) = both(column)?;
            below(column, wasserstein_distance(&before, &now), *threshold)
        }
        T::ColumnChisquarePValueAbove { p_value, .. } => {
            above(column, chi2_contingency(&transposed(&counts(column)?)), *p_value)
        }
        T::ColumnCramersVBelow { threshold, .. } => {
            let flat: Vec<u64> = counts(column)?.into_iter().flatten().collect();
            // One value in both is as alike as can be.
            below(column, Some(cramers_v(&flat, 2).unwrap_or(0.0)), *threshold)
        }
        T::ColumnKlDivergenceBelow { threshold, .. } => below(column, kl(&counts(column)?), *threshold),
        T::ColumnPsiBelow { threshold, .. } => below(column, psi(&counts(column)?), *threshold),
        _ => Err(Stop::impossible("this is no test of a distribution")),
    }
}

fn above(column: &Column<'_, '_>, found: Option<TestResult>, limit: f64) -> Result<RuleOutcome, Stop> {
    let p_value = found.ok_or_else(|| column.no_values())?.p_value;
    Ok(RuleOutcome {
        observed: Some(Observed::Number(p_value)),
        limit: Some(limit),
        ..RuleOutcome::held_if(p_value > limit)
    })
}

fn below(column: &Column<'_, '_>, found: Option<f64>, limit: f64) -> Result<RuleOutcome, Stop> {
    let found = found.ok_or_else(|| column.no_values())?;
    Ok(RuleOutcome {
        observed: Some(Observed::Number(found)),
        limit: Some(limit),
        ..RuleOutcome::held_if(found < limit)
    })
}

fn both(column: &Column<'_, '_>) -> Result<(SortedSample, SortedSample), Stop> {
    let (rows, index) = column.reference()?;
    let now = column.numbers()?;
    Ok((SortedSample::new(now), SortedSample::new(numbers(&rows, index)?)))
}

/// Counts of each value, or of each tenth of the reference's numbers: now and in the reference.
fn counts(column: &Column<'_, '_>) -> Result<Vec<[u64; 2]>, Stop> {
    let (rows, index) = column.reference()?;
    let is_number = matches!(column.schema.storage, Storage::Float64 | Storage::Int64 | Storage::DatetimeMs);
    let found = if is_number && column.schema.kind != ColumnKind::Categorical {
        let (now, before) = (SortedSample::new(column.numbers()?), SortedSample::new(numbers(&rows, index)?));
        match crate::stats::sample::paired_counts(&now, &before, FEW_NUMBERS) {
            Some(counts) => counts.into_iter().map(|(_, counts)| counts).collect(),
            None => tenths(&now, &before),
        }
    } else {
        Counts::paired(&Counts::of(column.rows, column.column)?, &Counts::of(&rows, index)?)
    };
    let total = |side: usize| found.iter().map(|counts| counts[side]).sum::<u64>();
    if total(0) == 0 || total(1) == 0 {
        return Err(column.no_values());
    }
    Ok(found)
}

/// Both samples over bins that end at the tenths of the reference; the first and last reach as far as needed.
fn tenths(now: &SortedSample, before: &SortedSample) -> Vec<[u64; 2]> {
    let mut ends: Vec<f64> =
        (1..GROUPS).map(|i| crate::data::profile::quantile(before.values(), i as f64 / GROUPS as f64)).collect();
    ends.dedup();
    ends.push(f64::INFINITY);
    let mut from = [0, 0];
    ends.iter()
        .map(|end| {
            let mut counts = [0, 0];
            for (side, sample) in [now, before].into_iter().enumerate() {
                let to = sample.values().partition_point(|x| x <= end);
                counts[side] = (to - from[side]) as u64;
                from[side] = to;
            }
            counts
        })
        .collect()
}

fn transposed(counts: &[[u64; 2]]) -> Vec<Vec<u64>> {
    [0, 1].map(|side| counts.iter().map(|counts| counts[side]).collect()).into()
}

fn shares(counts: &[[u64; 2]]) -> Vec<[f64; 2]> {
    let total = |side: usize| counts.iter().map(|counts| counts[side]).sum::<u64>() as f64;
    let totals = [total(0), total(1)];
    counts.iter().map(|[a, b]| [*a as f64 / totals[0], *b as f64 / totals[1]]).collect()
}

/// Σ p ln(p / q), as `scipy.stats.entropy(p, q)`; infinite where the reference lacks a value.
fn kl(counts: &[[u64; 2]]) -> Option<f64> {
    Some(shares(counts).iter().map(|[p, q]| if *p > 0.0 { p * (p / q).ln() } else { 0.0 }).sum())
}

/// Σ (p − q) ln(p / q) with shares of at least 0.0001 (Siddiqi 2006, with the usual floor for empty bins).
fn psi(counts: &[[u64; 2]]) -> Option<f64> {
    let floored = |x: f64| x.max(LEAST_SHARE);
    Some(shares(counts).iter().map(|[p, q]| (floored(*p) - floored(*q)) * (floored(*p) / floored(*q)).ln()).sum())
}

/// One-sample Kolmogorov–Smirnov test against a normal distribution, two-sided, as
/// `scipy.stats.kstest(x, "norm", (mean, std))` with its exact p-value.
fn normal_ks(sample: &SortedSample, mean: f64, std: f64) -> Option<TestResult> {
    let n = sample.len() as f64;
    let mut statistic = 0.0f64;
    for (i, x) in sample.values().iter().enumerate() {
        let tail = normal_two_sided((x - mean) / std) / 2.0;
        let below = if *x < mean { tail } else { 1.0 - tail };
        statistic = statistic.max((i as f64 + 1.0) / n - below).max(below - i as f64 / n);
    }
    (!sample.is_empty()).then(|| TestResult { statistic, p_value: kolmogorov_sf(sample.len() as u64, statistic) })
}

/// Cramér's V of two columns over the rows where both have a value; numbers with many values by their tenths.
pub(super) fn pair_v(rows: &Rows<'_>, columns: [usize; 2], threshold: f64) -> Result<RuleOutcome, Stop> {
    let mut levels: [Vec<u32>; 2] = [Vec::new(), Vec::new()];
    let mut sizes = [0; 2];
    for (side, column) in columns.into_iter().enumerate() {
        (levels[side], sizes[side]) = codes(rows, column)?;
    }
    let mut table = vec![0u64; sizes[0] * sizes[1]];
    for (a, b) in levels[0].iter().zip(&levels[1]) {
        if *a != u32::MAX && *b != u32::MAX {
            table[*a as usize * sizes[1] + *b as usize] += 1;
        }
    }
    let skipped = || Stop::Outcome(RuleOutcome::skipped("One of the columns does not vary"));
    let found = cramers_v(&table, sizes[1].max(1)).ok_or_else(skipped)?;
    Ok(RuleOutcome {
        observed: Some(Observed::Number(found)),
        limit: Some(threshold),
        ..RuleOutcome::held_if(found < threshold)
    })
}

/// A code for each row, `u32::MAX` where it is missing, and how many there are.
fn codes(rows: &Rows<'_>, column: usize) -> Result<(Vec<u32>, usize), Stop> {
    let schema = &rows.table.schema.columns[column];
    let counts = Counts::of(rows, column)?;
    let is_number = matches!(schema.storage, Storage::Float64 | Storage::Int64 | Storage::DatetimeMs);
    if is_number && counts.len() > FEW_NUMBERS && schema.kind != ColumnKind::Categorical {
        let mut values: Vec<f64> = Vec::new();
        rows.pieces::<Stop>(&[column], |piece| {
            let cells = &piece.cells[0];
            values.extend((0..cells.len()).map(|row| cells.number(row)));
            Ok(())
        })?;
        let present: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
        let (groups, n) = quantile_groups(&present, GROUPS);
        let mut groups = groups.into_iter();
        let mut code = |x: &f64| if x.is_finite() { groups.next().unwrap_or(u32::MAX) } else { u32::MAX };
        return Ok((values.iter().map(&mut code).collect(), n));
    }
    if counts.len() > MOST_LEVELS {
        return Err(Stop::impossible(format!(
            "column `{}` has more than {MOST_LEVELS} different values, too many for Cramér's V",
            schema.name
        )));
    }
    let mut codes = Vec::new();
    rows.pieces::<Stop>(&[column], |piece| {
        let find = |row: usize| place(&counts, &piece.cells[0], row).map_or(u32::MAX, |at| at as u32);
        match &*piece.cells[0] {
            Cells::Text(dictionary) => {
                let levels: Vec<u32> = match &counts {
                    Counts::Texts(known) => dictionary
                        .values
                        .iter()
                        .map(|text| known.binary_search_by(|(k, _)| k.cmp(text)).map_or(u32::MAX, |at| at as u32))
                        .collect(),
                    _ => Vec::new(),
                };
                codes.extend(dictionary.codes.iter().map(|c| levels.get(*c as usize).copied().unwrap_or(u32::MAX)));
            }
            cells => codes.extend((0..cells.len()).map(find)),
        }
        Ok(())
    })?;
    Ok((codes, counts.len()))
}

fn place(counts: &Counts, cells: &Cells, row: usize) -> Option<usize> {
    match (counts, cells) {
        (Counts::Floats(known), Cells::Float(values)) => {
            known.binary_search_by(|(k, _)| k.total_cmp(&(values[row] + 0.0))).ok()
        }
        (Counts::Ints(known), Cells::Int(values) | Cells::DatetimeMs(values)) => {
            known.binary_search_by_key(&values[row]?, |(k, _)| *k).ok()
        }
        (Counts::Ints(known), Cells::Boolean(values)) => {
            known.binary_search_by_key(&i64::from(values[row]?), |(k, _)| *k).ok()
        }
        _ => None,
    }
}
