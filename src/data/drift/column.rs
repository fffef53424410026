//! One column: what both sides hold, which test fits, what it says.

use std::collections::BTreeMap;

use super::shape;
use crate::data::table::{Cells, format_number};
use crate::domain::drift::{ColumnDrift, DriftShape, DriftTest};
use crate::domain::schema::{ColumnKind, ColumnSchema, Storage};
use crate::stats::contingency::{chi2_contingency, two_proportions_z};
use crate::stats::distance::{jensen_shannon, wasserstein_distance};
use crate::stats::ks::ks_2samp;
use crate::stats::sample::{SortedSample, paired_counts};
use crate::stats::text::{random_auc_95th_percentile, text_domain_auc};

/// Up to this many reference rows, tests of significance; above, distances.
const SMALL_REFERENCE: u64 = 1000;
/// Numbers with more distinct values than this are compared as numbers, others by the shares of their values.
const FEW_NUMBERS: usize = 5;
const P_LIMIT: f64 = 0.05;
const DISTANCE_LIMIT: f64 = 0.1;
const TEXT_AUC_LIMIT: f64 = 0.55;
/// Keeps the distance finite when the reference hardly varies.
const SMALLEST_STD: f64 = 0.001;
const TEXT_SEED: u64 = 42;

type Side<'a> = (&'a ColumnSchema, &'a Cells);

/// A test with its numbers, before they go into the column's record.
struct Verdict {
    test: DriftTest,
    statistic: f64,
    p_value: Option<f64>,
    threshold: f64,
    drifted: bool,
}

/// One value (as text) with its count in the reference and in the current table.
pub(super) type ValueCounts = Vec<(String, [u64; 2])>;

pub(super) fn compare_column(reference: Side<'_>, current: Side<'_>) -> ColumnDrift {
    let (schema, before) = reference;
    let (schema_now, now) = current;
    let mut drift = ColumnDrift {
        column: schema.name.clone(),
        kind: schema.kind,
        test: None,
        statistic: None,
        p_value: None,
        threshold: None,
        drifted: false,
        missing: [missing_share(before), missing_share(now)],
        shape: DriftShape::None,
        note: None,
    };
    let (kind, kind_now) = (schema.kind.as_str(), schema_now.kind.as_str());
    if let Some(note) = empty_note(before, now) {
        drift.note = Some(note);
    } else if schema.kind == ColumnKind::Identifier {
        drift.note = Some("Identifiers differ by nature and are not compared".to_owned());
    } else if !comparable(reference, current) {
        drift.drifted = true;
        drift.note = Some(format!("{kind} in the reference, {kind_now} now"));
    } else {
        if schema.kind != schema_now.kind {
            drift.note = Some(format!("{kind} in the reference, {kind_now} now; compared as {kind}"));
        }
        compare_values(&mut drift, before, now);
    }
    drift
}

/// Numbers with numbers, dates with dates, text with text; codes of a category also as numbers with text.
fn comparable(reference: Side<'_>, current: Side<'_>) -> bool {
    let categories = [reference, current].iter().all(|(schema, _)| schema.kind == ColumnKind::Categorical);
    family(reference.1) == family(current.1) || categories
}

fn compare_values(drift: &mut ColumnDrift, before: &Cells, now: &Cells) {
    match drift.kind {
        ColumnKind::Datetime => {
            drift.shape = shape::bins(&sample(before), &sample(now));
            drift.note = Some("Dates move forward by nature and are not compared".to_owned());
        }
        ColumnKind::Numeric if family(before) == Family::Numbers => compare_numbers(drift, before, now),
        ColumnKind::Text if family(before) == Family::Text => {
            set_verdict(drift, Some(text_verdict(&texts(before), &texts(now))));
        }
        _ => compare_counts(drift, value_counts(before, now)),
    }
}

fn compare_numbers(drift: &mut ColumnDrift, before: &Cells, now: &Cells) {
    let (before, now) = (sample(before), sample(now));
    if before.is_empty() || now.is_empty() {
        let side = if before.is_empty() { "reference" } else { "current table" };
        drift.note = Some(format!("Only infinite values in the {side}: nothing to compare"));
        return;
    }
    if let Some(counts) = paired_counts(&before, &now, FEW_NUMBERS) {
        compare_counts(drift, counts.into_iter().map(|(value, counts)| (number_text(value), counts)).collect());
        return;
    }
    drift.shape = shape::bins(&before, &now);
    set_verdict(drift, numbers_verdict(&before, &now));
}

fn compare_counts(drift: &mut ColumnDrift, counts: ValueCounts) {
    set_verdict(drift, counts_verdict(&counts));
    drift.shape = shape::values(counts);
}

fn numbers_verdict(before: &SortedSample, now: &SortedSample) -> Option<Verdict> {
    if before.len() as u64 <= SMALL_REFERENCE {
        let result = ks_2samp(before, now)?;
        return Some(Verdict {
            test: DriftTest::Ks,
            statistic: result.statistic,
            p_value: Some(result.p_value),
            threshold: P_LIMIT,
            drifted: result.p_value <= P_LIMIT,
        });
    }
    let distance = wasserstein_distance(before, now)? / before.std_population()?.max(SMALLEST_STD);
    Some(distance_verdict(DriftTest::Wasserstein, distance))
}

/// `counts` in the order of the values: the first one is the "failure" of the z test.
fn counts_verdict(counts: &ValueCounts) -> Option<Verdict> {
    let totals = counts.iter().fold([0, 0], |[a, b], (_, [x, y])| [a + x, b + y]);
    if totals[0] > SMALL_REFERENCE {
        let shares = |side: usize| -> Vec<f64> { counts.iter().map(|(_, c)| c[side] as f64).collect() };
        return Some(distance_verdict(DriftTest::JensenShannon, jensen_shannon(&shares(0), &shares(1))?));
    }
    let (test, result) = if counts.len() > 2 {
        let table: Vec<Vec<u64>> = counts.iter().map(|(_, c)| c.to_vec()).collect();
        (DriftTest::ChiSquare, chi2_contingency(&table)?)
    } else {
        let first = counts.first()?.1;
        let other = |side: usize| (totals[side] - first[side], totals[side]);
        (DriftTest::ZTest, two_proportions_z(other(0), other(1))?)
    };
    Some(Verdict {
        test,
        statistic: result.statistic,
        p_value: Some(result.p_value),
        threshold: P_LIMIT,
        drifted: result.p_value < P_LIMIT,
    })
}

fn text_verdict(before: &[&str], now: &[&str]) -> Verdict {
    let auc = text_domain_auc(before, now, TEXT_SEED);
    let threshold = if before.len() as u64 > SMALL_REFERENCE {
        TEXT_AUC_LIMIT
    } else {
        // Half of the texts measure, the other half taught the classifier.
        random_auc_95th_percentile(before.len().div_ceil(2), now.len().div_ceil(2))
    };
    Verdict { test: DriftTest::DomainClassifier, statistic: auc, p_value: None, threshold, drifted: auc > threshold }
}

fn distance_verdict(test: DriftTest, distance: f64) -> Verdict {
    Verdict { test, statistic: distance, p_value: None, threshold: DISTANCE_LIMIT, drifted: distance >= DISTANCE_LIMIT }
}

fn set_verdict(drift: &mut ColumnDrift, verdict: Option<Verdict>) {
    let Some(verdict) = verdict.filter(|v| v.statistic.is_finite()) else {
        drift.note = Some("The values are too far apart to measure a distance".to_owned());
        return;
    };
    drift.test = Some(verdict.test);
    drift.statistic = Some(verdict.statistic);
    drift.p_value = verdict.p_value;
    drift.threshold = Some(verdict.threshold);
    drift.drifted = verdict.drifted;
}

/// What the cells are, whatever they mean.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Numbers,
    Dates,
    Text,
}

fn family(cells: &Cells) -> Family {
    match cells.storage() {
        Storage::Float64 | Storage::Int64 | Storage::Boolean => Family::Numbers,
        Storage::DatetimeMs => Family::Dates,
        Storage::String => Family::Text,
    }
}

fn missing_share(cells: &Cells) -> f64 {
    let missing = (0..cells.len()).filter(|row| cells.is_missing(*row)).count();
    if cells.is_empty() { 0.0 } else { missing as f64 / cells.len() as f64 }
}

fn empty_note(before: &Cells, now: &Cells) -> Option<String> {
    let empty = |cells: &Cells| (0..cells.len()).all(|row| cells.is_missing(row));
    let side = match (empty(before), empty(now)) {
        (false, false) => return None,
        (true, true) => "either table",
        (true, false) => "the reference",
        (false, true) => "the current table",
    };
    Some(format!("No values in {side}: nothing to compare"))
}

fn sample(cells: &Cells) -> SortedSample {
    match cells {
        Cells::Float(values) => SortedSample::new(values.iter().copied()),
        other => SortedSample::new((0..other.len()).map(|row| other.number(row))),
    }
}

fn texts(cells: &Cells) -> Vec<&str> {
    match cells {
        Cells::Text(d) => (0..d.codes.len()).filter_map(|row| d.get(row)).collect(),
        _ => Vec::new(),
    }
}

/// Counts per value of both sides, in the order of the values: numbers by size, texts by their letters.
fn value_counts(before: &Cells, now: &Cells) -> ValueCounts {
    if family(before) == Family::Numbers && family(now) == Family::Numbers {
        let label = |x: f64| match (before, now) {
            (Cells::Boolean(_), Cells::Boolean(_)) => (x != 0.0).to_string(),
            _ => number_text(x),
        };
        let counts = paired_counts(&sample(before), &sample(now), usize::MAX).unwrap_or_default();
        return counts.into_iter().map(|(value, counts)| (label(value), counts)).collect();
    }
    let mut joined: BTreeMap<String, [u64; 2]> = BTreeMap::new();
    for (side, cells) in [before, now].into_iter().enumerate() {
        let dictionary = cells.to_dictionary();
        for (value, count) in dictionary.values.iter().zip(dictionary.counts()).filter(|(_, count)| *count > 0) {
            joined.entry(value.clone()).or_default()[side] += count;
        }
    }
    joined.into_iter().collect()
}

/// A number as a cell shows it; `-0` shows as `0`.
fn number_text(x: f64) -> String {
    format_number(x + 0.0)
}
