//! Rows that are nearly the same, or the same too often.
//!
//! A row's form is its numbers in steps of a tenth of their deviation (finer where few numbers tell rows apart) and its texts without case, blanks and signs.
//! How many rows share a form by chance is measured on the same columns with their rows moved against each other, so
//! coarse tables are judged by what coarse tables do.

use super::context::{Column, Context};
use super::draft::{Draft, counted, number, percent, percent_against, share};
use super::rows::{FirstRows, twins};
use super::sample::is_comparable;
use super::{Outcome, Stop};
use crate::data::error::LoadError;
use crate::data::table::{Cells, MISSING_CODE};
use crate::domain::finding::Severity::{Info, Warning};
use crate::domain::schema::Storage;
use crate::stats::mix;

/// Steps per deviation.
const STEPS: [f64; 2] = [10.0, 100.0];
/// Forms there should be for each row. A normal number takes about 3.5 per step of its deviation.
const FORMS_PER_ROW: f64 = 1e4;
const FORMS_PER_STEP: f64 = 3.5;
/// Of a longer table the last rows are looked at: what was added last is what nobody has looked at yet.
const MOST_ROWS: usize = 4_000_000;
/// With fewer rows a share says nothing.
const FEWEST_ROWS: usize = 50;
/// A flood is at least this many rows, and this many times the most that chance puts together.
const FEWEST_OF_A_FLOOD: usize = 20;
const FLOOD_OVER_CHANCE: usize = 3;
const MOST_ROWS_ALIKE: f64 = 0.5;
const SEED: u64 = 29;
const MISSING: u64 = 0x6e6f_7468;

/// What the rows of a table look like from far.
pub(super) struct Forms {
    /// The row of the first one.
    first: usize,
    /// One per row.
    form: Vec<u64>,
    exact: Vec<u64>,
    by_chance: Vec<u64>,
}

impl Forms {
    pub fn of(cx: &Context) -> Result<Self, Stop> {
        let first = cx.table.n_rows().saturating_sub(MOST_ROWS);
        let n = cx.table.n_rows() - first;
        let mut forms = Self { first, form: vec![0; n], exact: vec![0; n], by_chance: vec![0; n] };
        if n < FEWEST_ROWS {
            return Err(Stop::Skipped(format!("Needs {FEWEST_ROWS} rows, there are {n}")));
        }
        let is_number = |c: &Column| matches!(c.schema.storage, Storage::Float64 | Storage::Int64);
        let numbers = cx.columns.iter().filter(|c| c.varies && is_number(c) && is_comparable(c.schema)).count();
        let wanted = (FORMS_PER_ROW * n as f64).powf(1.0 / numbers.max(1) as f64);
        let steps = (wanted / FORMS_PER_STEP).clamp(STEPS[0], STEPS[1]);
        for (place, c) in cx.columns.iter().filter(|c| c.varies && is_comparable(c.schema)).enumerate() {
            let step = step_of(cx, c, steps)?;
            // Each column by another number of rows, none of them by 0.
            let shift = (mix(place as u64 ^ SEED) % (n as u64 - 1) + 1) as usize;
            let hole = mix(MISSING);
            cx.table.pieces(c.index, |start, cells| {
                cx.io.progress("Looking at the form of rows", None)?;
                let mut add = |row: usize, form: u64, exact: u64| {
                    let Some(at) = (start + row).checked_sub(first) else { return };
                    forms.form[at] = mix(forms.form[at] ^ form);
                    forms.exact[at] = mix(forms.exact[at] ^ exact);
                    let moved = (at + shift) % n;
                    forms.by_chance[moved] = mix(forms.by_chance[moved] ^ form);
                };
                match cells {
                    Cells::Text(d) => {
                        let hashes: Vec<[u64; 2]> =
                            d.values.iter().map(|text| [letters(text), whole_text(text)]).collect();
                        for (row, code) in d.codes.iter().enumerate() {
                            let [form, exact] = if *code == MISSING_CODE { [hole; 2] } else { hashes[*code as usize] };
                            add(row, form, exact);
                        }
                    }
                    other => {
                        for row in 0..other.len() {
                            let x = other.number(row);
                            if x.is_nan() {
                                add(row, hole, hole);
                            } else {
                                add(row, ((x / step).round() as i64) as u64, x.to_bits());
                            }
                        }
                    }
                }
                Ok(())
            })?;
        }
        Ok(forms)
    }
}

/// The column's deviation in so many steps; 1 for what has none.
fn step_of(cx: &Context, c: &Column<'_>, steps: f64) -> Result<f64, LoadError> {
    let (mut n, mut mean, mut squares) = (0.0f64, 0.0f64, 0.0f64);
    cx.table.pieces(c.index, |_, cells| {
        if !matches!(cells, Cells::Float(_) | Cells::Int(_)) {
            return Ok(());
        }
        cx.io.progress("Looking at the form of rows", None)?;
        for row in 0..cells.len() {
            let x = cells.number(row);
            if x.is_finite() {
                n += 1.0;
                let off = x - mean;
                mean += off / n;
                squares += off * (x - mean);
            }
        }
        Ok(())
    })?;
    let deviation = (squares / n.max(1.0)).sqrt();
    Ok(if deviation > 0.0 && deviation.is_finite() { deviation / steps } else { 1.0 })
}

fn whole_text(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

fn letters(text: &str) -> u64 {
    let kept = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
    kept.fold(0xcbf2_9ce4_8422_2325, |h: u64, c| (h ^ u64::from(u32::from(c))).wrapping_mul(0x0100_0000_01b3))
}

/// Rows of the same form that differ.
pub(super) fn near_duplicates(cx: &Context, limit: f64) -> Outcome {
    let forms = cx.forms()?;
    let mut rows = FirstRows::new(cx.input.most_rows);
    twins(&forms.form, cx.io, |run| {
        let first = forms.exact[run[0].1 as usize];
        if run.iter().any(|(_, row)| forms.exact[*row as usize] != first) {
            run[1..].iter().for_each(|(_, row)| rows.add(forms.first + *row as usize));
        }
    })?;
    let mut by_chance = 0;
    twins(&forms.by_chance, cx.io, |run| by_chance += run.len() as u64 - 1)?;
    let total = forms.form.len() as u64;
    let (observed, chance) = (share(rows.count, total), share(by_chance, total));
    cx.observe((observed - chance).max(0.0));
    if rows.count == 0 || observed - chance <= limit {
        return Ok(Vec::new());
    }
    let message = format!(
        "{} of {} are nearly the same as another one ({}, chance explains {}, limit {} more)",
        counted(rows.count, "row"),
        number(total),
        percent_against(observed, limit),
        percent(chance),
        percent(limit)
    );
    let hint = "Look for records entered twice with small changes; keep such rows in one part of a split";
    // Where most rows are alike, that is what the table is like.
    let severity = if observed > MOST_ROWS_ALIKE { Info } else { Warning };
    let draft = Draft::new(severity, message, hint).count(rows.count, total).rows(rows.rows());
    Ok(vec![draft.held(observed, limit + chance).done()])
}

/// One form that occurs far more often than any other.
pub(super) fn duplicate_flood(cx: &Context, limit: f64) -> Outcome {
    let forms = cx.forms()?;
    let mut largest: Vec<u32> = Vec::new();
    twins(&forms.form, cx.io, |run| {
        if run.len() > largest.len() {
            largest = run.iter().map(|(_, row)| *row).collect();
        }
    })?;
    let mut by_chance = 1;
    twins(&forms.by_chance, cx.io, |run| by_chance = by_chance.max(run.len()))?;
    let total = forms.form.len() as u64;
    let observed = share(largest.len() as u64, total);
    cx.observe(observed);
    if observed <= limit || largest.len() < FEWEST_OF_A_FLOOD.max(FLOOD_OVER_CHANCE * by_chance) {
        return Ok(Vec::new());
    }
    let message = format!(
        "{} of {} are one and the same but for small changes ({}, limit {}); chance puts {} together",
        counted(largest.len() as u64, "row"),
        number(total),
        percent_against(observed, limit),
        percent(limit),
        number(by_chance as u64)
    );
    let hint = "Find out where these rows come from before training: so many copies outvote all others like them";
    let mut rows: Vec<usize> = largest.iter().map(|row| forms.first + *row as usize).collect();
    rows.sort_unstable();
    let draft = Draft::new(Warning, message, hint).count(rows.len() as u64, total);
    Ok(vec![draft.rows(rows).held(observed, limit).done()])
}

#[cfg(test)]
mod tests {
    use super::letters;
    use crate::data::checks::testing::*;
    use crate::data::table::Cells;

    const N: usize = 2000;

    #[test]
    fn texts_are_compared_without_case_blanks_and_signs() {
        assert_eq!(letters("Main St. 5"), letters("main st 5"));
        assert_ne!(letters("Main St. 5"), letters("Main St. 6"));
    }

    #[test]
    fn records_entered_twice_with_small_changes_are_found() {
        let table = clean(N, 1);
        let mut rows: Vec<usize> = (0..N).collect();
        rows.extend(0..200);
        let mut table = take(&table, &rows);
        let Cells::Float(charges) = &mut table.columns[3] else { panic!("numbers") };
        (N..N + 200).for_each(|row| charges[row] += 0.001);
        let finding = only(&check(&table), "NEAR_DUPLICATES").clone();
        assert!(finding.count > 170, "{finding:?}");
        assert!(result(&check(&table), "DUPLICATE_FLOOD").findings.is_empty());
    }

    #[test]
    fn one_record_in_many_copies_is_a_flood() {
        let mut rows: Vec<usize> = (0..N).collect();
        rows.extend([17; 60]);
        let finding = only(&check(&take(&clean(N, 1), &rows)), "DUPLICATE_FLOOD").clone();
        assert_eq!((finding.count, finding.rows[0], finding.rows[1]), (61, 18, N as u64 + 1));
    }
}
