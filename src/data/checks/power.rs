//! Predictive power of single columns: a score with the scale of `ppscore`, from 0 (no better than guessing) to 1.
//!
//! The small model behind it is the most frequent class, or the median, of each of up to 100 groups of the column,
//! fitted on three quarters of the rows and measured on the fourth, four times over. `ppscore` has a decision tree in
//! its place; both give the same verdict where a column decides the target or says nothing about it.

use std::collections::BTreeMap;

use super::context::Context;
use super::draft::Draft;
use super::sample::{Sample, Sampled, SampledValues};
use super::scored::FEWEST_OF_A_KIND;
use super::{Outcome, Stop};
use crate::data::table::MISSING_CODE;
use crate::domain::finding::Severity::Warning;
use crate::stats::mix;

const FOLDS: u64 = 4;
const SEED: u64 = 23;
/// With fewer rows any column can look good by chance.
const FEWEST_ROWS: usize = 100;
const MOST_GROUPS: usize = 100;
const ROWS_PER_GROUP: usize = 20;
/// More classes than this are not told apart by one column.
const MOST_CLASSES: usize = 100;
/// Beyond this power in the reference a column deserves a look whatever has changed.
const TRAIN_LIMIT: f64 = 0.7;

/// The target at the rows of a sample.
enum Answer {
    /// Codes below the number of classes; missing is [`MISSING_CODE`].
    Classes(Vec<u32>, usize),
    Numbers(Vec<f64>),
}

impl Answer {
    fn of(cx: &Context, sample: &Sample, name: &str) -> Result<Self, Stop> {
        let is_class = cx.classes().is_ok();
        let column = sample.column(name).ok_or_else(|| Stop::Skipped(format!("`{name}` has no values to compare")))?;
        let answer = match &column.values {
            SampledValues::Levels(codes, levels) => Self::Classes(codes.clone(), levels.len()),
            SampledValues::Numbers(values) if !is_class => Self::Numbers(values.clone()),
            SampledValues::Numbers(values) => {
                let mut distinct: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
                distinct.sort_by(f64::total_cmp);
                distinct.dedup();
                let code = |x: &f64| distinct.iter().position(|d| d == x).map_or(MISSING_CODE, |at| at as u32);
                Self::Classes(values.iter().map(code).collect(), distinct.len())
            }
        };
        let known = match &answer {
            Self::Classes(codes, n) => {
                if *n > MOST_CLASSES {
                    return Err(Stop::Skipped(format!("The target has more than {MOST_CLASSES} classes")));
                }
                codes.iter().filter(|code| **code != MISSING_CODE).count()
            }
            Self::Numbers(values) => values.iter().filter(|x| x.is_finite()).count(),
        };
        if known < FEWEST_ROWS {
            return Err(Stop::Skipped(format!("Needs {FEWEST_ROWS} rows with a target, there are {known}")));
        }
        Ok(answer)
    }

    /// `None` where guessing cannot be beaten: one class, a constant number.
    fn power(&self, column: &Sampled) -> Option<f64> {
        let at_most = (column.len() / ROWS_PER_GROUP).clamp(2, MOST_GROUPS);
        let (groups, n_groups) = column.groups(at_most);
        match self {
            Self::Classes(codes, n) => class_power(codes, *n, &groups, n_groups),
            Self::Numbers(values) => number_power(values, &groups, n_groups),
        }
    }
}

fn fold(row: usize) -> usize {
    (mix(row as u64 ^ SEED) % FOLDS) as usize
}

/// Weighted F1 over that of the better of the most frequent class and of guessing in proportion.
fn class_power(codes: &[u32], n_classes: usize, groups: &[u32], n_groups: usize) -> Option<f64> {
    let known: Vec<usize> = (0..codes.len()).filter(|row| codes[*row] != MISSING_CODE).collect();
    // Rows of each class by group and fold; without a fold's own rows they are its model.
    let mut counts = vec![0u32; n_groups * n_classes];
    let mut own = vec![0u32; FOLDS as usize * n_groups * n_classes];
    let mut totals = vec![0u64; n_classes];
    for &row in &known {
        let cell = groups[row] as usize * n_classes + codes[row] as usize;
        counts[cell] += 1;
        own[fold(row) * counts.len() + cell] += 1;
        totals[codes[row] as usize] += 1;
    }
    if totals.iter().filter(|n| **n >= FEWEST_OF_A_KIND).count() < 2 {
        return None;
    }
    let mut most_frequent = 0;
    (0..n_classes).for_each(|class| {
        if totals[class] > totals[most_frequent] {
            most_frequent = class;
        }
    });
    let mut says = vec![most_frequent; FOLDS as usize * n_groups];
    for (at, said) in says.iter_mut().enumerate() {
        let (held_out, group) = (at / n_groups, at % n_groups);
        let learned = |class: usize| {
            let cell = group * n_classes + class;
            counts[cell] - own[held_out * counts.len() + cell]
        };
        for class in 0..n_classes {
            if learned(class) > learned(*said) {
                *said = class;
            }
        }
    }
    let mut hits = vec![0u64; n_classes];
    let mut said = vec![0u64; n_classes];
    for &row in &known {
        let class = says[fold(row) * n_groups + groups[row] as usize];
        said[class] += 1;
        hits[class] += u64::from(class == codes[row] as usize);
    }
    let total = known.len() as f64;
    let weighted_f1 = |hits: &dyn Fn(usize) -> f64, said: &dyn Fn(usize) -> f64| -> f64 {
        let of = |class: usize| {
            let n = totals[class] as f64;
            if n + said(class) > 0.0 { n / total * 2.0 * hits(class) / (n + said(class)) } else { 0.0 }
        };
        (0..n_classes).map(of).sum()
    };
    let model = weighted_f1(&|class| hits[class] as f64, &|class| said[class] as f64);
    let frequent = |class: usize| if class == most_frequent { 1.0 } else { 0.0 };
    let constant = weighted_f1(&|class| frequent(class) * totals[class] as f64, &|class| frequent(class) * total);
    let share = |class: usize| totals[class] as f64 / total;
    let random = weighted_f1(&|class| share(class) * totals[class] as f64, &|class| totals[class] as f64);
    let base = constant.max(random);
    (base < 1.0).then(|| ((model - base) / (1.0 - base)).clamp(0.0, 1.0))
}

/// One less the mean absolute error over that of the overall median.
fn number_power(values: &[f64], groups: &[u32], n_groups: usize) -> Option<f64> {
    let median = |sorted: &[f64]| sorted.get(sorted.len() / 2).copied();
    let mut order: Vec<usize> = (0..values.len()).filter(|row| values[*row].is_finite()).collect();
    order.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut of_group: Vec<Vec<usize>> = vec![Vec::new(); n_groups];
    order.iter().for_each(|row| of_group[groups[*row] as usize].push(*row));
    let all: Vec<f64> = order.iter().map(|row| values[*row]).collect();
    let overall = median(&all)?;
    let error = |guess: f64, rows: &mut dyn Iterator<Item = usize>| rows.map(|row| (values[row] - guess).abs()).sum();
    let naive: f64 = error(overall, &mut order.iter().copied());
    let mut model: f64 = 0.0;
    for rows in &of_group {
        for held_out in 0..FOLDS as usize {
            let learned: Vec<f64> = rows.iter().filter(|row| fold(**row) != held_out).map(|row| values[*row]).collect();
            let guess = median(&learned).unwrap_or(overall);
            model += error(guess, &mut rows.iter().copied().filter(|row| fold(*row) == held_out));
        }
    }
    (naive > 0.0).then(|| (1.0 - model / naive).clamp(0.0, 1.0))
}

/// The power of every column that has one, by its name.
pub(super) fn powers(cx: &Context) -> Result<BTreeMap<String, f64>, Stop> {
    let target = cx.target()?.column;
    let sample = cx.sample()?;
    let answer = Answer::of(cx, &sample, target)?;
    let mut powers = BTreeMap::new();
    for column in sample.columns.iter().filter(|column| column.name != target) {
        cx.io.progress("Scoring each column alone", None)?;
        powers.extend(answer.power(column).map(|power| (column.name.clone(), power)));
    }
    Ok(powers)
}

/// Columns that alone say most of the target.
pub(super) fn power(cx: &Context, limit: f64) -> Outcome {
    let target = cx.target()?.column;
    let sample = cx.sample()?;
    let answer = Answer::of(cx, &sample, target)?;
    let mut findings = Vec::new();
    for column in sample.columns.iter().filter(|column| column.name != target) {
        cx.io.progress("Scoring each column alone", None)?;
        let Some(power) = answer.power(column) else { continue };
        cx.observe(power);
        if power < limit {
            continue;
        }
        let message =
            format!("`{}` alone says most of `{target}`: predictive power {power:.3} (limit {limit})", column.name);
        let hint = "Leave the column out unless it is known before the outcome";
        let draft = Draft::new(Warning, message, hint).column(&column.name);
        findings.push(draft.count(column.len() as u64, column.len() as u64).held(power, limit).done());
    }
    Ok(findings)
}

/// Columns that say more, or less, of the target than in the reference.
pub(super) fn power_change(cx: &Context, limit: f64) -> Outcome {
    let target = cx.target()?.column;
    let (now, before) = (cx.sample()?, cx.reference_sample()?);
    let (answer, answer_before) = (Answer::of(cx, &now, target)?, Answer::of(cx, &before, target)?);
    let mut findings = Vec::new();
    for column in now.columns.iter().filter(|column| column.name != target && !cx.is_declared(&column.name)) {
        cx.io.progress("Scoring each column alone", None)?;
        let Some(other) = before.column(&column.name) else { continue };
        let (Some(power), Some(power_before)) = (answer.power(column), answer_before.power(other)) else { continue };
        let change = (power - power_before).abs();
        cx.observe(change);
        let strong = power_before >= TRAIN_LIMIT;
        if change < limit && !strong {
            continue;
        }
        let (observed, held, what) = if change >= limit {
            (change, limit, format!("limit of the change {limit}"))
        } else {
            (power_before, TRAIN_LIMIT, format!("limit in the reference {TRAIN_LIMIT}"))
        };
        let message = format!(
            "`{}` says `{target}` with predictive power {power:.3}, in the reference with {power_before:.3} ({what})",
            column.name
        );
        let hint = "Find out whether the column is known before the outcome on both sides: it may leak on one";
        let draft = Draft::new(Warning, message, hint).column(&column.name);
        findings.push(draft.count(column.len() as u64, column.len() as u64).held(observed, held).done());
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_is_one_for_a_copy_and_none_for_noise() {
        let codes: Vec<u32> = (0..4000u64).map(|row| (mix(row) % 2) as u32).collect();
        assert_eq!(class_power(&codes, 2, &codes, 2), Some(1.0));
        let noise: Vec<u32> = (0..4000u64).map(|row| (mix(row ^ 99) % 8) as u32).collect();
        assert!(class_power(&codes, 2, &noise, 8).unwrap() < 0.05);
        assert_eq!(class_power(&[0; 400], 1, &noise[..400], 8), None);
    }

    #[test]
    fn power_of_a_number_is_the_share_of_the_error_that_goes() {
        let values: Vec<f64> = (0..4000u64).map(|row| (mix(row) % 100) as f64).collect();
        let halves: Vec<u32> = values.iter().map(|x| u32::from(*x >= 50.0)).collect();
        // Uniform numbers from their median are 25 away on average, within a half 12.5: the power is one half.
        assert!((number_power(&values, &halves, 2).unwrap() - 0.5).abs() < 0.02);
        assert_eq!(number_power(&[3.0; 200], &[0; 200], 1), None);
    }
}
