//! Rules about what the table holds beside the reference: its size, its labels, its spellings, its distributions.

use std::collections::{BTreeMap, BTreeSet};

use super::context::{Column, Context, TargetValues};
use super::draft::{Draft, counted, listed, number, percent, percent_against, quoted, share};
use super::rows::{Values, rows_with};
use super::sample::{Sampled, SampledValues};
use super::spelling::folded;
use super::{Outcome, Stop};
use crate::domain::finding::Finding;
use crate::domain::finding::Severity::{Info, Warning};
use crate::domain::schema::{ColumnKind, Storage};
use crate::stats::association::corrected_cramers_v;
use crate::stats::ks::ks_statistic;
use crate::stats::sample::SortedSample;

/// Values listed in a message.
const LISTED: usize = 3;
/// With fewer values on a side, distances say little: more are asked for than chance would give.
const FEWEST_ROWS: usize = 30;
/// A distance counts when chance gives it in one of a million columns: Kolmogorov's `1.36 → 2.7` at that level.
const CHANCE: f64 = 2.7;

/// Rows per row of the reference.
pub(super) fn size(cx: &Context, limit: f64) -> Outcome {
    let before = cx.reference()?.n_rows() as u64;
    let now = cx.table.n_rows() as u64;
    if before == 0 {
        return Err(Stop::Skipped("The reference has no rows".to_owned()));
    }
    let ratio = share(now, before);
    cx.observe(ratio);
    if ratio >= limit {
        return Ok(Vec::new());
    }
    let message = format!(
        "The table has {} for {} of the reference ({}, at least {})",
        counted(now, "row"),
        number(before),
        percent_against(ratio, limit),
        percent(limit)
    );
    let hint = "Add rows: what is measured on so few depends on chance";
    Ok(vec![Draft::new(Warning, message, hint).count(now, before).held(ratio, limit).done()])
}

/// Classes of the target that the reference does not have: a model cannot have learned them.
pub(super) fn new_labels(cx: &Context, limit: f64) -> Outcome {
    let target = cx.target()?;
    let TargetValues::Classes(classes) = &target.values else {
        return Err(Stop::Skipped("The target is a number, not a class".to_owned()));
    };
    let reference = cx.reference()?;
    let Some(index) = reference.schema.index_of(target.column) else {
        return Err(Stop::Skipped(format!("The reference has no column `{}`", target.column)));
    };
    let before = Values::of(reference, index, cx.io)?;
    if before.sampled.is_some() || before.texts.is_empty() {
        return Err(Stop::Skipped("The reference has no classes".to_owned()));
    }
    let known: BTreeSet<&str> = before.texts.iter().map(String::as_str).collect();
    let counts = classes.counts();
    let is_new = |code: usize| counts[code] > 0 && !known.contains(classes.values[code].as_str());
    let new: Vec<usize> = (0..classes.values.len()).filter(|code| is_new(*code)).collect();
    let count: u64 = new.iter().map(|code| counts[*code]).sum();
    let total: u64 = counts.iter().sum();
    cx.observe(share(count, total));
    if count == 0 || share(count, total) <= limit {
        return Ok(Vec::new());
    }
    let message = format!(
        "`{}` has {} the reference does not have, in {} ({}, limit {}): {}",
        target.column,
        if new.len() == 1 { "1 class".to_owned() } else { format!("{} classes", new.len()) },
        counted(count, "row"),
        percent_against(share(count, total), limit),
        percent(limit),
        listed(new.iter().map(|code| classes.values[*code].as_str()), LISTED)
    );
    let rows =
        classes.codes.iter().enumerate().filter(|(_, code)| new.contains(&(**code as usize))).map(|(row, _)| row);
    let hint = "Correct misspelt labels, or train again with data that has the new class";
    let draft = Draft::new(Warning, message, hint).column(target.column).count(count, total);
    Ok(vec![draft.rows(rows).held(share(count, total), limit).done()])
}

/// Values that the reference has, in another spelling only.
pub(super) fn new_variants(cx: &Context, limit: f64) -> Outcome {
    let mut findings = Vec::new();
    let reference = cx.reference()?;
    for shared in cx.shared_columns()? {
        let c = shared.now;
        let is_text = c.schema.storage == Storage::String && shared.before.storage == Storage::String;
        if !is_text
            || cx.is_declared(c.name())
            || !matches!(c.schema.kind, ColumnKind::Categorical | ColumnKind::Boolean)
            || c.is_empty()
        {
            continue;
        }
        let before = Values::of(reference, shared.index, cx.io)?;
        let now = cx.values(c)?;
        if before.sampled.is_some() || now.sampled.is_some() {
            continue;
        }
        let known: BTreeSet<&str> = before.texts.iter().map(String::as_str).collect();
        let spelt: BTreeMap<String, &str> = before.texts.iter().map(|text| (folded(text), text.as_str())).collect();
        let unknown = now.texts.iter().map(String::as_str).filter(|text| !known.contains(text));
        let pairs: Vec<(&str, &str)> = unknown.filter_map(|text| Some((text, *spelt.get(&folded(text))?))).collect();
        cx.observe(pairs.len() as f64);
        if !pairs.is_empty() && pairs.len() as f64 > limit {
            findings.push(variants_finding(cx, c, &now, &pairs, limit)?);
        }
    }
    Ok(findings)
}

fn variants_finding(
    cx: &Context,
    c: &Column<'_>,
    now: &Values,
    pairs: &[(&str, &str)],
    limit: f64,
) -> Result<Finding, Stop> {
    let odd: BTreeSet<&str> = pairs.iter().map(|(text, _)| *text).collect();
    let counted_values = now.texts.iter().zip(&now.counts).filter(|(text, _)| odd.contains(text.as_str()));
    let count: u64 = counted_values.map(|(_, count)| count).sum();
    let shown = pairs.iter().take(LISTED).map(|(text, known)| format!("{} for {}", quoted(text), quoted(known)));
    let message = format!(
        "`{}` spells {} of the reference differently in {} (limit {limit}): {}",
        c.name(),
        counted(pairs.len() as u64, "value"),
        counted(count, "cell"),
        shown.collect::<Vec<_>>().join(", ")
    );
    let hint = "Choose the reference's spelling: a model takes the variants for new categories";
    let draft = Draft::new(Warning, message, hint).column(c.name()).count(count, now.total());
    Ok(draft.rows(rows_with(cx.table, c.index, &odd, cx.input.most_rows)?).held(pairs.len() as f64, limit).done())
}

/// How far the distribution of each feature has moved.
pub(super) fn feature_drift(cx: &Context, limit: f64) -> Outcome {
    let (now, before) = (cx.sample()?, cx.reference_sample()?);
    let mut findings = Vec::new();
    for column in now.columns.iter().filter(|column| cx.input.target != Some(column.name.as_str())) {
        if cx.is_declared(&column.name) {
            continue;
        }
        cx.io.progress("Comparing distributions", None)?;
        let Some(other) = before.column(&column.name) else { continue };
        findings.extend(drift_finding(cx, column, other, limit));
    }
    Ok(findings)
}

/// How far the distribution of the target has moved.
pub(super) fn label_drift(cx: &Context, limit: f64) -> Outcome {
    let target = cx.target()?;
    let (now, before) = (cx.sample()?, cx.reference_sample()?);
    match (now.column(target.column), before.column(target.column)) {
        (Some(now), Some(before)) => Ok(drift_finding(cx, now, before, limit).into_iter().collect()),
        _ => Err(Stop::Skipped(format!("`{}` cannot be compared with the reference", target.column))),
    }
}

fn drift_finding(cx: &Context, now: &Sampled, before: &Sampled, limit: f64) -> Option<Finding> {
    let (name, distance, [n, m]) = distance(now, before)?;
    cx.observe(distance);
    // Small samples differ by chance.
    let noise = CHANCE * ((n + m) as f64 / (n as f64 * m as f64)).sqrt();
    let beyond = distance >= limit;
    if !beyond || n.min(m) < FEWEST_ROWS {
        return None;
    }
    let severity = if distance > noise { Warning } else { Info };
    let message = format!("The distribution of `{}` has moved by {name} {distance:.3} (limit {limit})", now.name);
    let hint = "Look at both distributions: a model learned the other one and may be wrong on this one";
    let draft = Draft::new(severity, message, hint).column(&now.name).count(n as u64, now.len() as u64);
    Some(draft.held(distance, limit).done())
}

/// Kolmogorov–Smirnov statistic of numbers, Cramér's V with Bergsma's correction of categories, and the values on
/// either side.
fn distance(now: &Sampled, before: &Sampled) -> Option<(&'static str, f64, [usize; 2])> {
    match (&now.values, &before.values) {
        (SampledValues::Numbers(x), SampledValues::Numbers(y)) => {
            let (x, y) = (SortedSample::new(x.iter().copied()), SortedSample::new(y.iter().copied()));
            Some(("KS", ks_statistic(&y, &x)?, [x.len(), y.len()]))
        }
        (SampledValues::Levels(..), SampledValues::Levels(..)) => {
            let mut counts: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
            for (side, column) in [now, before].into_iter().enumerate() {
                let SampledValues::Levels(_, levels) = &column.values else { return None };
                for at in 0..column.len() {
                    if let Some(code) = column.level(at) {
                        counts.entry(&levels[code as usize]).or_default()[side] += 1;
                    }
                }
            }
            let sides = [0, 1].map(|side| counts.values().map(|c| c[side]).sum::<u64>() as usize);
            let flat: Vec<u64> = [0, 1].iter().flat_map(|side| counts.values().map(move |c| c[*side])).collect();
            Some(("Cramér's V", corrected_cramers_v(&flat, counts.len())?, sides))
        }
        _ => None,
    }
}
