//! Rows unlike all others: local outlier probabilities on Gower's distance, for numbers and categories together.
//!
//! Gower's distance of two rows is the mean over the columns of: the difference by the column's range for a number,
//! 0 or 1 for a category; a column in which either is missing does not count. The work is bounded by the number of
//! distances, not by the clock, so the same table always gives the same answer.

use super::context::Context;
use super::draft::{Draft, counted, percent, percent_against, share};
use super::sample::{Sample, SampledValues};
use super::{Outcome, Stop};
use crate::data::table::MISSING_CODE;
use crate::domain::finding::Severity::{Info, Warning};
use crate::stats::outlier::local_outlier_probabilities;

/// Rows that are compared with each other, and distances times columns.
const MOST_ROWS: usize = 2_000;
const MOST_WORK: usize = 200_000_000;
/// With fewer rows there is no density.
const FEWEST_ROWS: usize = 100;
/// From this probability on a row is an outlier.
const SCORE: f64 = 0.7;
/// Deviations that count as far.
const EXTENT: f64 = 3.0;
/// Neighbours, as a share of the rows and at least.
const NEIGHBOURS: f64 = 0.01;
const FEWEST_NEIGHBOURS: usize = 5;
const DISTANCES_BETWEEN_PROGRESS: usize = 256;

pub(super) fn outlier_rows(cx: &Context, limit: f64) -> Outcome {
    let sample = cx.sample()?;
    let target = cx.input.target;
    let columns: Vec<Coordinates> = sample
        .columns
        .iter()
        .filter(|c| target != Some(c.name.as_str()))
        .filter_map(|c| Coordinates::of(&c.values))
        .collect();
    if sample.rows.len() < FEWEST_ROWS || columns.is_empty() {
        return Err(Stop::Skipped(format!("Needs {FEWEST_ROWS} rows with numbers or categories")));
    }
    let most = (MOST_WORK as f64 / columns.len() as f64).sqrt() as usize;
    let chosen = spread(&sample, most.clamp(FEWEST_ROWS, MOST_ROWS));
    let columns: Vec<Coordinates> = columns.iter().map(|c| c.at(&chosen)).collect();
    let neighbours = nearest(cx, &columns, chosen.len())?;
    let scores = local_outlier_probabilities(&neighbours, EXTENT);
    let mut odd: Vec<usize> = (0..chosen.len()).filter(|i| scores[*i] > SCORE).collect();
    let observed = share(odd.len() as u64, chosen.len() as u64);
    cx.observe(observed);
    if odd.is_empty() {
        return Ok(Vec::new());
    }
    // Three deviations of a Poisson count: a sample at the limit exceeds it every other time.
    let expected = limit * chosen.len() as f64;
    let severity = if odd.len() as f64 > expected + 3.0 * expected.sqrt() { Warning } else { Info };
    let of = if chosen.len() < cx.table.n_rows() { " of a sample" } else { "" };
    let verb = if odd.len() == 1 { "is" } else { "are" };
    let count = odd.len() as u64;
    let message = format!(
        "{} of {}{of} {verb} unlike all others ({}, limit {}): outlier score above {SCORE}",
        counted(count, "row"),
        super::draft::number(chosen.len() as u64),
        percent_against(observed, limit),
        percent(limit)
    );
    let hint = "Look at these rows: they may be errors, or cases the model will not learn from so few";
    // The worst first, whatever their place in the table.
    odd.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
    let mut rows: Vec<usize> = odd.into_iter().take(cx.input.most_rows).map(|i| sample.rows[chosen[i]]).collect();
    rows.sort_unstable();
    Ok(vec![
        Draft::new(severity, message, hint).count(count, chosen.len() as u64).rows(rows).held(observed, limit).done(),
    ])
}

/// Places in the sample, evenly spread.
fn spread(sample: &Sample, most: usize) -> Vec<usize> {
    let n = sample.rows.len();
    if n <= most { (0..n).collect() } else { (0..most).map(|i| i * n / most).collect() }
}

/// One column as numbers between which distances are taken.
enum Coordinates {
    /// By the range; missing is NaN.
    Scaled(Vec<f32>),
    /// Missing is [`MISSING_CODE`].
    Levels(Vec<u32>),
}

impl Coordinates {
    fn of(values: &SampledValues) -> Option<Self> {
        match values {
            SampledValues::Numbers(x) => {
                let finite = || x.iter().filter(|x| x.is_finite());
                let (low, high) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
                let range = high - low;
                let scaled = |x: &f64| if x.is_finite() { ((x - low) / range) as f32 } else { f32::NAN };
                (range > 0.0 && range.is_finite()).then(|| Self::Scaled(x.iter().map(scaled).collect()))
            }
            SampledValues::Levels(codes, levels) => (levels.len() > 1).then(|| Self::Levels(codes.clone())),
        }
    }

    fn at(&self, places: &[usize]) -> Self {
        match self {
            Self::Scaled(x) => Self::Scaled(places.iter().map(|at| x[*at]).collect()),
            Self::Levels(codes) => Self::Levels(places.iter().map(|at| codes[*at]).collect()),
        }
    }

    fn has_holes(&self) -> bool {
        match self {
            Self::Scaled(x) => x.iter().any(|x| x.is_nan()),
            Self::Levels(codes) => codes.contains(&MISSING_CODE),
        }
    }

    /// Adds the distances of row `i` to all rows, and to `compared` the columns that count.
    fn add(&self, i: usize, distances: &mut [f32], compared: &mut [f32], has_holes: bool) {
        match self {
            Self::Scaled(x) => {
                let own = x[i];
                if !has_holes {
                    distances.iter_mut().zip(x).for_each(|(sum, x)| *sum += (x - own).abs());
                    return;
                }
                for ((sum, n), x) in distances.iter_mut().zip(compared).zip(x) {
                    let difference = (x - own).abs();
                    let counts = if difference.is_nan() { 0.0 } else { 1.0 };
                    *sum += if difference.is_nan() { 0.0 } else { difference };
                    *n += counts;
                }
            }
            Self::Levels(codes) => {
                let own = codes[i];
                if !has_holes {
                    distances.iter_mut().zip(codes).for_each(|(sum, code)| *sum += f32::from(u8::from(*code != own)));
                    return;
                }
                for ((sum, n), code) in distances.iter_mut().zip(compared).zip(codes) {
                    let counts = *code != MISSING_CODE && own != MISSING_CODE;
                    *sum += f32::from(u8::from(counts && *code != own));
                    *n += f32::from(u8::from(counts));
                }
            }
        }
    }
}

/// The nearest other rows of each.
fn nearest(cx: &Context, columns: &[Coordinates], n: usize) -> Result<Vec<Vec<(u32, f32)>>, Stop> {
    let k = ((n as f64 * NEIGHBOURS) as usize).max(FEWEST_NEIGHBOURS).min(n - 1);
    let holes: Vec<bool> = columns.iter().map(Coordinates::has_holes).collect();
    let always = holes.iter().filter(|has| !**has).count() as f32;
    let (mut sums, mut compared) = (vec![0.0f32; n], vec![0.0f32; n]);
    let mut keys: Vec<u64> = Vec::with_capacity(n);
    let mut all = Vec::with_capacity(n);
    for i in 0..n {
        if i % DISTANCES_BETWEEN_PROGRESS == 0 {
            cx.io.progress("Looking for outliers", None)?;
        }
        sums.fill(0.0);
        compared.fill(always);
        columns.iter().zip(&holes).for_each(|(column, holes)| column.add(i, &mut sums, &mut compared, *holes));
        // Distances are not negative, so their bits are in their order; the row breaks ties.
        let distance = |j: usize| if compared[j] > 0.0 { sums[j] / compared[j] } else { 1.0 };
        keys.clear();
        keys.extend((0..n).filter(|j| *j != i).map(|j| u64::from(distance(j).to_bits()) << 32 | j as u64));
        keys.select_nth_unstable(k - 1);
        all.push(keys[..k].iter().map(|key| (*key as u32, f32::from_bits((key >> 32) as u32))).collect());
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use crate::data::checks::CheckInput;
    use crate::data::checks::testing::*;
    use crate::data::table::Cells;

    const N: usize = 2000;

    #[test]
    fn a_row_unlike_all_others_is_found_and_named() {
        let mut table = clean(N, 1);
        for cells in &mut table.columns {
            match cells {
                Cells::Float(x) => x[700] = 1e4,
                Cells::Int(x) => x[700] = Some(5_000),
                _ => {}
            }
        }
        let finding = only(&thorough(&CheckInput::new(&table)), "OUTLIER_ROWS").clone();
        assert!(finding.rows.contains(&701), "{finding:?}");
    }
}
