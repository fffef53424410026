//! Pairs of features that say the same.
//!
//! Numbers by Spearman's correlation, a number and a category by the correlation ratio, two categories by Cramér's V
//! with Bergsma's correction. Pairs are screened on a few thousand rows with missing ranks in the middle, and what
//! comes near the limit is measured on the whole sample over complete pairs.

use super::Outcome;
use super::context::Context;
use super::draft::Draft;
use super::sample::{Sample, Sampled, SampledValues, is_sampled};
use crate::domain::finding::Severity::Warning;
use crate::stats::association::{corrected_cramers_v, correlation_ratio, spearman};
use crate::stats::rank::average_ranks;

/// Rows times pairs of the screening.
const MOST_WORK: usize = 300_000_000;
const SCREENED_ROWS: [usize; 2] = [500, 4_000];
/// Screened pairs are measured from this far below the limit on: 500 rows tell 0.75 from 0.9.
const MARGIN: f64 = 0.15;
/// More levels than this are too many to compare with.
const MOST_LEVELS: usize = 50;
/// With fewer rows anything is alike.
const FEWEST_ROWS: usize = 100;
/// Rows in which both have a value.
const FEWEST_PAIRS: usize = 50;

/// One finding per column that follows an earlier one, with the strongest such pair.
pub(super) fn correlated(cx: &Context, limit: f64) -> Outcome {
    let sample = cx.sample()?;
    let hash = |column: &Sampled| cx.columns.iter().find(|c| c.index == column.index).map(|c| c.hash);
    let usable = |column: &&Sampled| {
        let c = cx.columns.iter().find(|c| c.index == column.index);
        c.is_some_and(|c| is_sampled(c) && c.varies) && (column.is_number() || levels_of(column) <= MOST_LEVELS)
    };
    let columns: Vec<&Sampled> = sample.columns.iter().filter(usable).collect();
    if sample.rows.len() < FEWEST_ROWS || columns.len() < 2 {
        return Ok(Vec::new());
    }
    let screen = Screen::of(&sample, &columns);
    let mut findings = Vec::new();
    for second in 1..columns.len() {
        cx.io.progress("Comparing columns with each other", None)?;
        let mut best: Option<(f64, usize, &'static str)> = None;
        for first in 0..second {
            // Equal columns are reported as such.
            if screen.alike(first, second) < limit - MARGIN || hash(columns[first]) == hash(columns[second]) {
                continue;
            }
            if let Some((strength, name)) = association(columns[first], columns[second])
                && best.is_none_or(|(most, ..)| strength > most)
            {
                best = Some((strength, first, name));
            }
        }
        let Some((strength, first, name)) = best else { continue };
        cx.observe(strength);
        if strength > limit {
            let column = &columns[second].name;
            let message = format!("`{column}` follows `{}`: {name} {strength:.3} (limit {limit})", columns[first].name);
            let hint = "One of the two is enough for most models, and easier to explain";
            let rows = sample.rows.len() as u64;
            let draft = Draft::new(Warning, message, hint).column(column).count(rows, rows);
            findings.push(draft.held(strength, limit).done());
        }
    }
    Ok(findings)
}

fn levels_of(column: &Sampled) -> usize {
    match &column.values {
        SampledValues::Levels(_, levels) => levels.len(),
        SampledValues::Numbers(_) => 0,
    }
}

/// Standardised ranks of numbers and codes of categories, at some of the sample's rows.
struct Screen {
    columns: Vec<Screened>,
}

enum Screened {
    /// Mean 0 and length 1; missing is 0.
    Ranks(Vec<f32>),
    Levels(Vec<u8>),
}

impl Screen {
    fn of(sample: &Sample, columns: &[&Sampled]) -> Self {
        let pairs = columns.len() * (columns.len() - 1) / 2;
        let most = (MOST_WORK / pairs.max(1)).clamp(SCREENED_ROWS[0], SCREENED_ROWS[1]);
        let step = sample.rows.len().div_ceil(most).max(1);
        let screened = |column: &&Sampled| match &column.values {
            SampledValues::Numbers(x) => Screened::Ranks(standardised(x.iter().step_by(step).copied().collect())),
            SampledValues::Levels(codes, levels) => {
                let code = |code: &u32| (*code).min(levels.len() as u32) as u8;
                Screened::Levels(codes.iter().step_by(step).map(code).collect())
            }
        };
        Self { columns: columns.iter().map(screened).collect() }
    }

    /// At least about how strongly they are associated.
    fn alike(&self, a: usize, b: usize) -> f64 {
        match (&self.columns[a], &self.columns[b]) {
            (Screened::Ranks(x), Screened::Ranks(y)) => f64::from(dot(x, y).abs()),
            (Screened::Ranks(x), Screened::Levels(codes)) | (Screened::Levels(codes), Screened::Ranks(x)) => {
                let mut sums = [(0.0f32, 0.0f32); MOST_LEVELS + 1];
                for (x, code) in x.iter().zip(codes) {
                    let (sum, count) = &mut sums[usize::from(*code)];
                    *sum += x;
                    *count += 1.0;
                }
                let between: f32 = sums.iter().filter(|(_, n)| *n > 0.0).map(|(sum, n)| sum * sum / n).sum();
                // Ranks of skewed numbers hide less than the numbers: the measure itself decides later.
                f64::from(between.max(0.0).sqrt())
            }
            (Screened::Levels(x), Screened::Levels(y)) => {
                let wide = MOST_LEVELS + 1;
                let mut counts = vec![0u32; wide * wide];
                x.iter().zip(y).for_each(|(a, b)| counts[usize::from(*a) * wide + usize::from(*b)] += 1);
                // The share of rows that the other column's most frequent partner explains.
                let best: u32 = counts.chunks(wide).map(|row| row.iter().max().copied().unwrap_or(0)).sum();
                let other: u32 = (0..wide).map(|j| (0..wide).map(|i| counts[i * wide + j]).max().unwrap_or(0)).sum();
                f64::from(best.max(other)) / x.len().max(1) as f64
            }
        }
    }
}

/// Four running sums, which the processor adds at once.
fn dot(x: &[f32], y: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (x8, y8) = (x.chunks_exact(8), y.chunks_exact(8));
    let rest: f32 = x8.remainder().iter().zip(y8.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in x8.zip(y8) {
        for i in 0..8 {
            sums[i] += a[i] * b[i];
        }
    }
    sums.iter().sum::<f32>() + rest
}

fn standardised(x: Vec<f64>) -> Vec<f32> {
    let present: Vec<f64> = x.iter().copied().filter(|x| x.is_finite()).collect();
    let ranks = average_ranks(&present);
    let mean = (present.len() as f64 + 1.0) / 2.0;
    let length = ranks.iter().map(|r| (r - mean) * (r - mean)).sum::<f64>().sqrt();
    let mut ranks = ranks.into_iter();
    let scaled = |x: &f64| {
        let rank = if x.is_finite() { ranks.next() } else { None };
        rank.map_or(0.0, |rank| if length > 0.0 { ((rank - mean) / length) as f32 } else { 0.0 })
    };
    x.iter().map(scaled).collect()
}

/// Over the rows in which both have a value.
fn association(a: &Sampled, b: &Sampled) -> Option<(f64, &'static str)> {
    match (&a.values, &b.values) {
        (SampledValues::Numbers(x), SampledValues::Numbers(y)) => {
            let pairs = x.iter().zip(y).filter(|(x, y)| x.is_finite() && y.is_finite());
            let (x, y): (Vec<f64>, Vec<f64>) = pairs.map(|(x, y)| (*x, *y)).unzip();
            Some((spearman(&x, &y).filter(|_| x.len() >= FEWEST_PAIRS)?.abs(), "Spearman's correlation"))
        }
        (SampledValues::Numbers(x), SampledValues::Levels(_, levels)) => {
            let rows = (0..x.len()).filter(|at| x[*at].is_finite());
            let pairs = rows.filter_map(|at| Some((x[at], b.level(at)?)));
            let (values, groups): (Vec<f64>, Vec<u32>) = pairs.unzip();
            let ratio = correlation_ratio(&values, &groups, levels.len()).filter(|_| values.len() >= FEWEST_PAIRS)?;
            Some((ratio, "correlation ratio"))
        }
        (SampledValues::Levels(..), SampledValues::Numbers(_)) => association(b, a),
        (SampledValues::Levels(_, first), SampledValues::Levels(_, second)) => {
            let mut counts = vec![0u64; first.len() * second.len()];
            for at in 0..a.len() {
                if let (Some(i), Some(j)) = (a.level(at), b.level(at)) {
                    counts[i as usize * second.len() + j as usize] += 1;
                }
            }
            let v = corrected_cramers_v(&counts, second.len())?;
            (counts.iter().sum::<u64>() >= FEWEST_PAIRS as u64).then_some((v, "Cramér's V"))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::data::checks::testing::*;
    use crate::domain::schema::ColumnKind;

    const N: usize = 2000;

    #[test]
    fn a_number_that_follows_another_is_found_through_holes_and_bends() {
        let age = |r: usize| 18.0 + 70.0 * uniform(r, 7);
        let cells = numbers((0..N).map(|r| if r % 9 == 0 { f64::NAN } else { age(r).powi(3) + normal(r, 40) }));
        let report = check(&with(clean(N, 1), "age_cubed", ColumnKind::Numeric, cells));
        let finding = only(&report, "CORRELATED_FEATURES");
        assert!(finding.message.starts_with("`age_cubed` follows `age`: Spearman's correlation 0.99"), "{finding:?}");
    }

    #[test]
    fn categories_under_other_names_are_found() {
        let table = clean(N, 1);
        let plan = table.column("plan").unwrap().1.clone();
        let cells: Vec<String> = (0..N).map(|r| format!("tariff {}", plan.text(r).unwrap())).collect();
        let report = check(&with(table, "tariff", ColumnKind::Categorical, texts(cells.iter().map(String::as_str))));
        let finding = only(&report, "CORRELATED_FEATURES");
        assert!(finding.message.contains("Cramér's V 1.000"), "{finding:?}");
    }
}
