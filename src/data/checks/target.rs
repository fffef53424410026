//! Rules about the column to predict.

use super::chance;
use super::context::Context;
use super::draft::{Draft, counted, number, percent, percent_against, quoted, share};
use super::rows::{FirstRows, row_hashes, twins};
use super::sample::is_sampled;
use super::{Outcome, Stop};
use crate::data::table::MISSING_CODE;
use crate::domain::finding::Severity::{Error, Info, Warning};
use crate::domain::schema::ColumnKind;

/// When more rows than this have a twin, the features are too coarse for a conflict to be a mistake.
const COARSE_SHARE: f64 = 0.2;

/// The rule of thumb for a linear model: ten rows for each feature.
const ROWS_PER_FEATURE: u64 = 10;

/// Classes named one by one.
const LISTED: usize = 5;

pub(super) fn missing(cx: &Context, limit: f64) -> Outcome {
    let Some(name) = cx.input.target else { return Err(Stop::Skipped("No target column given".to_owned())) };
    let Some(c) = cx.columns.iter().find(|c| c.is_target) else {
        let message = format!("There is no column `{name}` to predict");
        return Ok(vec![Draft::new(Error, message, "Choose one of the table's columns as target").done()]);
    };
    let observed = share(c.missing, c.rows());
    cx.observe(observed);
    if observed <= limit || c.is_empty() {
        return Ok(Vec::new());
    }
    let message = format!(
        "The target `{name}` is missing in {} ({}, limit {})",
        counted(c.missing, "row"),
        percent_against(observed, limit),
        percent(limit)
    );
    let hint = "Add the values; rows without them are left out of training and testing";
    let draft = Draft::new(Warning, message, hint).column(name).count(c.missing, c.rows());
    Ok(vec![draft.rows(c.missing_rows()).held(observed, limit).done()])
}

pub(super) fn constant(cx: &Context) -> Outcome {
    let target = cx.target()?;
    let Some(c) = cx.columns.iter().find(|c| c.is_target && !c.varies) else { return Ok(Vec::new()) };
    let value = c.first_value.clone().unwrap_or_default();
    let message =
        format!("The target `{}` has the single value {}; at least 2 are needed", target.column, quoted(&value));
    let hint = "Choose another target, or add rows with other values";
    Ok(vec![Draft::new(Error, message, hint).column(target.column).count(c.present(), c.rows()).held(1.0, 2.0).done()])
}

pub(super) fn imbalance(cx: &Context, limit: f64) -> Outcome {
    let (column, classes) = cx.classes()?;
    let counts = classes.counts();
    let used = || counts.iter().enumerate().filter(|(_, count)| **count > 0);
    let (Some((rarest, &few)), Some((_, &many))) = (used().min_by_key(|c| c.1), used().max_by_key(|c| c.1)) else {
        return Ok(Vec::new());
    };
    let ratio = share(few, many);
    cx.observed.set(Some(ratio));
    if ratio >= limit {
        return Ok(Vec::new());
    }
    let total: u64 = counts.iter().sum();
    let message = format!(
        "Class {} of `{column}` has {} ({}); per row of the most frequent class that is {ratio:.3}, limit {limit}",
        quoted(&classes.values[rarest]),
        counted(few, "row"),
        percent(share(few, total)),
    );
    let hint = "Split stratified and judge by average precision or F1: accuracy hides a rare class";
    let rows = classes.codes.iter().enumerate().filter(|(_, code)| **code as usize == rarest).map(|(row, _)| row);
    let draft = Draft::new(Warning, message, hint).column(column).count(few, total);
    Ok(vec![draft.rows(rows).held(ratio, limit).done()])
}

pub(super) fn rare_classes(cx: &Context, limit: f64) -> Outcome {
    let (column, classes) = cx.classes()?;
    let counts = classes.counts();
    let rare: Vec<usize> = (0..counts.len()).filter(|c| counts[*c] > 0 && (counts[*c] as f64) < limit).collect();
    if rare.is_empty() {
        return Ok(Vec::new());
    }
    let named: Vec<String> = rare
        .iter()
        .take(LISTED)
        .map(|c| format!("{} ({})", quoted(&classes.values[*c]), counted(counts[*c], "row")))
        .collect();
    let noun = if rare.len() == 1 { "1 class has".to_owned() } else { format!("{} classes have", rare.len()) };
    let message = format!("In `{column}`, {noun} fewer than {limit} rows: {}", named.join(", "));
    let hint = "Merge these classes with others or add rows: they cannot be learned and tested at once";
    let rows = classes.codes.iter().enumerate().filter(|(_, code)| rare.contains(&(**code as usize)));
    let least = rare.iter().map(|c| counts[*c]).min().unwrap_or_default();
    let draft = Draft::new(Warning, message, hint).column(column).count(rare.len() as u64, counts.len() as u64);
    Ok(vec![draft.rows(rows.map(|(row, _)| row)).held(least as f64, limit).done()])
}

/// Rows with a target that are too few to learn from and test on.
pub(super) fn small_sample(cx: &Context, limit: f64) -> Outcome {
    let target = cx.target()?;
    let Some(c) = cx.columns.iter().find(|c| c.is_target) else { return Ok(Vec::new()) };
    cx.observed.set(Some(c.present() as f64));
    let features = cx.features().filter(|c| is_sampled(c) && c.varies).count() as u64;
    let wanted = ROWS_PER_FEATURE * features;
    if c.present() as f64 >= limit && c.present() >= wanted {
        return Ok(Vec::new());
    }
    let few = (c.present() as f64) < limit;
    let message = if few {
        format!("There are {} with a `{}`, at least {limit} are needed", counted(c.present(), "row"), target.column)
    } else {
        let columns = counted(features, "column");
        format!("There are {} for {columns}; {} would be enough", counted(c.present(), "row"), number(wanted))
    };
    let hint = "Add rows or leave columns out, and read every score with its interval: chance weighs much here";
    let draft = Draft::new(if few { Warning } else { Info }, message, hint).column(target.column);
    let held = if few { limit } else { wanted as f64 };
    Ok(vec![draft.count(c.present(), c.rows()).held(c.present() as f64, held).done()])
}

/// Rows that are equal in every feature (identifiers apart) but differ in the class.
pub(super) fn conflicting_labels(cx: &Context, limit: f64) -> Outcome {
    let (column, classes) = cx.classes()?;
    let judged: Vec<_> = cx.features().filter(|c| c.schema.kind != ColumnKind::Identifier).collect();
    let features: Vec<&str> = judged.iter().map(|c| c.name()).collect();
    if features.is_empty() {
        return Err(Stop::Skipped("There are no other columns".to_owned()));
    }
    let hashes = row_hashes(cx.table, &features, cx.io)?;
    let class = |at: &(u64, u32)| classes.codes[at.1 as usize];
    let (mut rows, mut n_twins) = (FirstRows::new(cx.input.most_rows), 0);
    let mut known: Vec<(u64, u32)> = Vec::new();
    twins(&hashes, cx.io, |run| {
        known.clear();
        known.extend(run.iter().filter(|at| class(at) != MISSING_CODE));
        if known.len() > 1 {
            n_twins += known.len() as u64;
            if known.iter().any(|at| class(at) != class(&known[0])) {
                known.iter().for_each(|(_, row)| rows.add(*row as usize));
            }
        }
    })?;
    let total = classes.codes.iter().filter(|code| **code != MISSING_CODE).count() as u64;
    let count = rows.count;
    cx.observe(share(count, total));
    if count == 0 || share(count, total) <= limit {
        return Ok(Vec::new());
    }
    let by_chance = || chance::brings(cx, &judged, count as f64 / 2.0);
    let coarse = share(n_twins, total) > COARSE_SHARE || by_chance()?;
    let severity = if coarse { Info } else { Warning };
    let message = format!(
        "{} of {} have a twin with equal features but another `{column}` ({}, limit {})",
        counted(count, "row"),
        number(total),
        percent_against(share(count, total), limit),
        percent(limit)
    );
    let hint = if coarse {
        "Nothing to correct: the features are so coarse that many rows are alike"
    } else {
        "Decide which label is right, or add the column that tells these rows apart"
    };
    let draft = Draft::new(severity, message, hint).column(column).count(count, total);
    Ok(vec![draft.rows(rows.rows()).held(share(count, total), limit).done()])
}
