//! One column: what both sides hold, which test fits, what it says.

use std::collections::BTreeMap;

use super::shape;
use crate::data::columns::TableRef;
use crate::data::error::LoadError;
use crate::data::table::{Cells, format_number};
use crate::domain::drift::{ColumnDrift, DriftShape, DriftTest};
use crate::domain::io::Cancelled;
use crate::domain::schema::{ColumnKind, ColumnSchema, Storage};
use crate::stats::contingency::{chi2_contingency, two_proportions_z};
use crate::stats::distance::{jensen_shannon, wasserstein_distance};
use crate::stats::ks::ks_2samp;
use crate::stats::sample::{SortedSample, paired_counts};
use crate::stats::text::{random_auc_95th_percentile, text_domain_auc_of};

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

/// One column of one table; its cells are read as often as they are asked for.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    table: TableRef<'a>,
    index: usize,
    missing: usize,
    /// Called between pieces: where cancelling arrives.
    check: &'a dyn Fn() -> Result<(), Cancelled>,
}

impl<'a> Side<'a> {
    /// `None` without a column of that name.
    pub fn of(
        table: TableRef<'a>,
        name: &str,
        check: &'a dyn Fn() -> Result<(), Cancelled>,
    ) -> Result<Option<Self>, LoadError> {
        let Some(index) = table.schema.index_of(name) else { return Ok(None) };
        let mut side = Self { table, index, missing: 0, check };
        let mut missing = 0;
        side.pieces(|cells| missing += (0..cells.len()).filter(|row| cells.is_missing(*row)).count())?;
        side.missing = missing;
        Ok(Some(side))
    }

    fn schema(&self) -> &'a ColumnSchema {
        &self.table.schema.columns[self.index]
    }

    fn pieces(&self, mut take: impl FnMut(&Cells)) -> Result<(), LoadError> {
        self.table.pieces(self.index, |_, cells| {
            (self.check)()?;
            take(cells);
            Ok(())
        })
    }

    fn is_empty(&self) -> bool {
        self.missing == self.table.n_rows()
    }

    fn missing_share(&self) -> f64 {
        let rows = self.table.n_rows();
        if rows == 0 { 0.0 } else { self.missing as f64 / rows as f64 }
    }

    fn family(&self) -> Family {
        match self.schema().storage {
            Storage::Float64 | Storage::Int64 | Storage::Boolean => Family::Numbers,
            Storage::DatetimeMs => Family::Dates,
            Storage::String => Family::Text,
        }
    }

    fn sample(&self) -> Result<SortedSample, LoadError> {
        let mut values = Vec::with_capacity(self.table.n_rows() - self.missing);
        self.pieces(|cells| {
            let numbers = (0..cells.len()).map(|row| cells.number(row));
            values.extend(numbers.filter(|x| x.is_finite()));
        })?;
        Ok(SortedSample::new(values))
    }

    /// Texts at these positions among those that are not missing, in the order asked for.
    fn texts_at(&self, at: &[usize]) -> Result<Vec<String>, LoadError> {
        let mut order: Vec<usize> = (0..at.len()).collect();
        order.sort_unstable_by_key(|i| at[*i]);
        let mut wanted = order.into_iter().peekable();
        let mut texts = vec![String::new(); at.len()];
        let mut position = 0;
        self.pieces(|cells| {
            let Cells::Text(d) = cells else { return };
            for row in (0..d.codes.len()).filter(|row| !cells.is_missing(*row)) {
                while let Some(i) = wanted.next_if(|i| at[*i] == position) {
                    texts[i] = d.get(row).unwrap_or_default().to_owned();
                }
                position += 1;
            }
        })?;
        Ok(texts)
    }
}

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

pub(super) fn compare_column(before: Side<'_>, now: Side<'_>) -> Result<ColumnDrift, LoadError> {
    let (schema, schema_now) = (before.schema(), now.schema());
    let mut drift = ColumnDrift {
        column: schema.name.clone(),
        kind: schema.kind,
        test: None,
        statistic: None,
        p_value: None,
        threshold: None,
        drifted: false,
        missing: [before.missing_share(), now.missing_share()],
        shape: DriftShape::None,
        note: None,
    };
    let (kind, kind_now) = (schema.kind.as_str(), schema_now.kind.as_str());
    if let Some(note) = empty_note(&before, &now) {
        drift.note = Some(note);
    } else if schema.kind == ColumnKind::Identifier {
        drift.note = Some("Identifiers differ by nature and are not compared".to_owned());
    } else if !comparable(&before, &now) {
        drift.drifted = true;
        drift.note = Some(format!("{kind} in the reference, {kind_now} now"));
    } else {
        if schema.kind != schema_now.kind {
            drift.note = Some(format!("{kind} in the reference, {kind_now} now; compared as {kind}"));
        }
        compare_values(&mut drift, &before, &now)?;
    }
    Ok(drift)
}

/// Numbers with numbers, dates with dates, text with text; codes of a category also as numbers with text.
fn comparable(reference: &Side<'_>, current: &Side<'_>) -> bool {
    let categories = [reference, current].iter().all(|side| side.schema().kind == ColumnKind::Categorical);
    reference.family() == current.family() || categories
}

fn compare_values(drift: &mut ColumnDrift, before: &Side<'_>, now: &Side<'_>) -> Result<(), LoadError> {
    match drift.kind {
        ColumnKind::Datetime => {
            drift.shape = shape::bins(&before.sample()?, &now.sample()?);
            drift.note = Some("Dates move forward by nature and are not compared".to_owned());
        }
        ColumnKind::Numeric if before.family() == Family::Numbers => compare_numbers(drift, before, now)?,
        ColumnKind::Text if before.family() == Family::Text => set_verdict(drift, Some(text_verdict(before, now)?)),
        _ => compare_counts(drift, value_counts(before, now)?),
    }
    Ok(())
}

fn compare_numbers(drift: &mut ColumnDrift, before: &Side<'_>, now: &Side<'_>) -> Result<(), LoadError> {
    let (before, now) = (before.sample()?, now.sample()?);
    if before.is_empty() || now.is_empty() {
        let side = if before.is_empty() { "reference" } else { "current table" };
        drift.note = Some(format!("Only infinite values in the {side}: nothing to compare"));
        return Ok(());
    }
    if let Some(counts) = paired_counts(&before, &now, FEW_NUMBERS) {
        compare_counts(drift, counts.into_iter().map(|(value, counts)| (number_text(value), counts)).collect());
        return Ok(());
    }
    drift.shape = shape::bins(&before, &now);
    set_verdict(drift, numbers_verdict(&before, &now));
    Ok(())
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

fn text_verdict(before: &Side<'_>, now: &Side<'_>) -> Result<Verdict, LoadError> {
    let sides = [before, now];
    let sizes = sides.map(|side| side.table.n_rows() - side.missing);
    let auc = text_domain_auc_of(sizes, TEXT_SEED, |side, at| sides[side].texts_at(at))?;
    let threshold = if sizes[0] as u64 > SMALL_REFERENCE {
        TEXT_AUC_LIMIT
    } else {
        // Half of the texts measure, the other half taught the classifier.
        random_auc_95th_percentile(sizes[0].div_ceil(2), sizes[1].div_ceil(2))
    };
    let drifted = auc > threshold;
    Ok(Verdict { test: DriftTest::DomainClassifier, statistic: auc, p_value: None, threshold, drifted })
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

fn empty_note(before: &Side<'_>, now: &Side<'_>) -> Option<String> {
    let side = match (before.is_empty(), now.is_empty()) {
        (false, false) => return None,
        (true, true) => "either table",
        (true, false) => "the reference",
        (false, true) => "the current table",
    };
    Some(format!("No values in {side}: nothing to compare"))
}

/// Counts per value of both sides, in the order of the values: numbers by size, texts by their letters.
fn value_counts(before: &Side<'_>, now: &Side<'_>) -> Result<ValueCounts, LoadError> {
    if before.family() == Family::Numbers && now.family() == Family::Numbers {
        let booleans = [before, now].iter().all(|side| side.schema().storage == Storage::Boolean);
        let label = |x: f64| if booleans { (x != 0.0).to_string() } else { number_text(x) };
        let counts = paired_counts(&before.sample()?, &now.sample()?, usize::MAX).unwrap_or_default();
        return Ok(counts.into_iter().map(|(value, counts)| (label(value), counts)).collect());
    }
    let mut joined: BTreeMap<String, [u64; 2]> = BTreeMap::new();
    for (side, column) in [before, now].into_iter().enumerate() {
        column.pieces(|cells| {
            let dictionary = cells.to_dictionary();
            let counts = dictionary.counts();
            for (value, count) in dictionary.values.into_iter().zip(counts).filter(|(_, count)| *count > 0) {
                joined.entry(value).or_default()[side] += count;
            }
        })?;
    }
    Ok(joined.into_iter().collect())
}

/// A number as a cell shows it; `-0` shows as `0`.
fn number_text(x: f64) -> String {
    format_number(x + 0.0)
}
