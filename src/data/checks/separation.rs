//! Rules about what must not be shared with the data a model was trained on: dates, identifiers, groups.
//!
//! How bad it is depends on what the reference is (see [`Against`]): rows of an earlier version come again by nature,
//! rows of the training data must not. A column that was declared as time or group is held to it; one that only looks
//! like it is noted, as a random split shares dates and identifiers of returning customers by design.

use super::context::{Column, Context, Shared};
use super::draft::{Draft, counted, number, percent, percent_against, share};
use super::rows::{FirstRows, for_each_cell, is_missing_hash};
use super::{Against, Outcome, Stop};
use crate::data::table::{Cells, format_datetime};
use crate::domain::finding::Finding;
use crate::domain::finding::Severity::{self, Info, Warning};
use crate::domain::schema::{ColumnKind, Storage};

/// When fewer rows than this lie before the end of the reference, the tables were parted by time.
const PARTED_BY_TIME: f64 = 0.2;
/// Consecutive numbers from at most this on are row numbers of their own file.
const FIRST_NUMBERS: i64 = 1;

/// The time column of both tables: the declared one, or the only one there is.
fn time_column<'c, 'a>(cx: &'c Context<'a>) -> Result<(Shared<'c, 'a>, bool), Stop> {
    let shared = cx.shared_columns()?;
    let is_time = |s: &Shared| s.now.schema.storage == Storage::DatetimeMs && s.before.storage == Storage::DatetimeMs;
    if let Some(name) = cx.input.time {
        let found = shared.into_iter().find(|s| s.now.name() == name && is_time(s));
        return Ok((found.ok_or_else(|| Stop::Skipped(format!("Both tables need dates in `{name}`")))?, true));
    }
    let mut dates: Vec<Shared> = shared.into_iter().filter(is_time).collect();
    match dates.len() {
        0 => Err(Stop::Skipped("There is no column of dates in both tables".to_owned())),
        1 => Ok((dates.remove(0), false)),
        n => Err(Stop::Skipped(format!("There are {n} columns of dates and none is declared as the time"))),
    }
}

fn moments(cells: &Cells, mut each: impl FnMut(usize, i64)) {
    if let Cells::DatetimeMs(values) = cells {
        values.iter().enumerate().filter_map(|(row, ms)| Some((row, (*ms)?))).for_each(|(row, ms)| each(row, ms));
    }
}

/// Rows that are not later than the reference's last one.
pub(super) fn date_overlap(cx: &Context, limit: f64) -> Outcome {
    let (shared, declared) = time_column(cx)?;
    let mut last = i64::MIN;
    cx.reference()?.pieces(shared.index, |_, cells| {
        cx.io.progress("Comparing dates", None)?;
        moments(cells, |_, ms| last = last.max(ms));
        Ok(())
    })?;
    let mut rows = FirstRows::new(cx.input.most_rows);
    cx.table.pieces(shared.now.index, |start, cells| {
        cx.io.progress("Comparing dates", None)?;
        moments(cells, |row, ms| {
            if ms <= last {
                rows.add(start + row);
            }
        });
        Ok(())
    })?;
    let observed = share(rows.count, shared.now.present());
    cx.observe(observed);
    if rows.count == 0 || observed <= limit {
        return Ok(Vec::new());
    }
    let message = format!(
        "{} of `{}` are not later than the reference's last, {} ({}, limit {})",
        counted(rows.count, "date"),
        shared.now.name(),
        format_datetime(last),
        percent_against(observed, limit),
        percent(limit)
    );
    let parted = cx.input.against == Against::Training && observed < PARTED_BY_TIME;
    let severity = if declared || parted { Warning } else { Info };
    let hint = if severity == Warning {
        "Split at one moment, so that the model is tested on rows later than all it learned from"
    } else {
        "Nothing to do where rows do not depend on time; otherwise declare the time column and split by it"
    };
    Ok(vec![about(shared.now, severity, message, hint, &rows, limit)])
}

/// Rows with exactly the date of a row of the reference.
pub(super) fn date_duplicates(cx: &Context, limit: f64) -> Outcome {
    let (shared, declared) = time_column(cx)?;
    let rows = rows_in_both(cx, &shared)?;
    let observed = share(rows.count, shared.now.present());
    cx.observe(observed);
    if rows.count == 0 || observed <= limit {
        return Ok(Vec::new());
    }
    let message = format!(
        "{} of `{}` also occur in the reference ({}, limit {})",
        counted(rows.count, "date"),
        shared.now.name(),
        percent_against(observed, limit),
        percent(limit)
    );
    let hint = "Keep rows of one moment in one part; nothing to do where rows do not depend on time";
    Ok(vec![about(shared.now, if declared { Warning } else { Info }, message, hint, &rows, limit)])
}

/// Identifiers, and the declared group, that occur on both sides.
pub(super) fn identifiers(cx: &Context, limit: f64) -> Outcome {
    let mut findings = Vec::new();
    let declared = |s: &Shared| cx.input.group == Some(s.now.name());
    let mut looked_at = false;
    for shared in cx.shared_columns()? {
        let is_identifier = shared.now.schema.kind == ColumnKind::Identifier;
        if shared.now.is_target || shared.now.is_empty() || !(declared(&shared) || is_identifier) {
            continue;
        }
        looked_at = true;
        let rows = rows_in_both(cx, &shared)?;
        let observed = share(rows.count, shared.now.present());
        cx.observe(observed);
        if rows.count == 0 || observed <= limit {
            continue;
        }
        let verb = if rows.count == 1 { "has a value" } else { "have a value" };
        let message = format!(
            "{} of {} {verb} of `{}` that the reference has too ({}, limit {})",
            counted(rows.count, "row"),
            number(shared.now.present()),
            shared.now.name(),
            percent_against(observed, limit),
            percent(limit)
        );
        let numbered = is_row_number(shared.now);
        let strict = declared(&shared) || (cx.input.against == Against::Training && !numbered);
        let (severity, hint) = match (strict, numbered) {
            (true, _) => (Warning, "Split by this column, so that a model is not tested on whom it has learned"),
            (false, true) => (Info, "Nothing to do: the column numbers the rows of each file"),
            (false, false) => (Info, "Expected of an earlier version; before testing, split by this column"),
        };
        findings.push(about(shared.now, severity, message, hint, &rows, limit));
    }
    if !looked_at {
        return Err(Stop::Skipped("There is no identifier in both tables".to_owned()));
    }
    Ok(findings)
}

fn is_row_number(c: &Column<'_>) -> bool {
    c.range.is_some_and(|(low, high)| low <= FIRST_NUMBERS && high.abs_diff(low).checked_add(1) == Some(c.present()))
}

fn about(c: &Column<'_>, severity: Severity, message: String, hint: &str, rows: &FirstRows, limit: f64) -> Finding {
    let draft = Draft::new(severity, message, hint).column(c.name()).count(rows.count, c.present());
    draft.rows(rows.rows()).held(share(rows.count, c.present()), limit).done()
}

/// Rows whose value the reference has.
fn rows_in_both(cx: &Context, shared: &Shared<'_, '_>) -> Result<FirstRows, Stop> {
    // Sorted: half the memory of a set, which counts where there is a value per row.
    let mut before: Vec<u64> = Vec::new();
    cx.reference()?.pieces(shared.index, |_, cells| {
        cx.io.progress("Comparing values", None)?;
        for_each_cell(cells, |_, hash| {
            if !is_missing_hash(hash) {
                before.push(hash);
            }
        });
        Ok(())
    })?;
    before.sort_unstable();
    before.dedup();
    let mut rows = FirstRows::new(cx.input.most_rows);
    cx.table.pieces(shared.now.index, |start, cells| {
        cx.io.progress("Comparing values", None)?;
        for_each_cell(cells, |row, hash| {
            if before.binary_search(&hash).is_ok() {
                rows.add(start + row);
            }
        });
        Ok(())
    })?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::super::{CheckInput, run};
    use super::*;
    use crate::data::checks::testing::*;
    use crate::data::columns::TableRef;
    use crate::data::table::Table;
    use crate::domain::finding::CheckReport;
    use crate::domain::io::Silent;

    const N: usize = 2000;

    fn days(range: std::ops::Range<i64>) -> Cells {
        Cells::DatetimeMs(range.map(|day| Some(day * 86_400_000)).collect())
    }

    fn checked(table: &Table, train: &Table, time: Option<&str>, group: Option<&str>) -> CheckReport {
        let reference = Some(TableRef::of(train));
        let input = CheckInput { reference, against: Against::Training, time, group, ..CheckInput::new(table) };
        run(&input, &Silent).unwrap()
    }

    #[test]
    fn rows_before_the_end_of_the_training_data_are_found() {
        let train = with(clean(N, 1), "joined", ColumnKind::Datetime, days(0..N as i64));
        let test = with(clean(N, 2), "joined", ColumnKind::Datetime, days(1990..1990 + N as i64));
        let report = checked(&test, &train, Some("joined"), None);
        let finding = only(&report, "DATE_OVERLAP");
        assert_eq!((finding.severity, finding.count, finding.rows[0]), (Warning, 10, 1));
        assert_eq!(only(&report, "DATE_DUPLICATES").count, 10);
        let later = with(clean(N, 2), "joined", ColumnKind::Datetime, days(N as i64..2 * N as i64));
        assert!(result(&checked(&later, &train, Some("joined"), None), "DATE_OVERLAP").findings.is_empty());
    }

    #[test]
    fn dates_of_a_random_split_are_only_noted() {
        let report = checked(&clean(N, 2), &clean(N, 1), None, None);
        assert_eq!(only(&report, "DATE_OVERLAP").severity, Info);
    }

    #[test]
    fn one_entity_on_both_sides_is_found() {
        let people = |from: i64| wholes((0..N as i64).map(move |r| from + r / 4));
        let train = with(clean(N, 1), "person", ColumnKind::Numeric, people(0));
        let test = with(clean(N, 2), "person", ColumnKind::Numeric, people(490));
        let report = checked(&test, &train, None, Some("person"));
        let finding = only(&report, "INDEX_OVERLAP");
        assert_eq!((finding.severity, finding.count, finding.column.as_deref()), (Warning, 40, Some("person")));
    }

    #[test]
    fn row_numbers_on_both_sides_are_only_noted() {
        let numbered = |salt| with(clean(N, salt), "customer_id", ColumnKind::Identifier, wholes(1..=N as i64));
        let report = checked(&numbered(2), &numbered(1), None, None);
        assert_eq!(only(&report, "INDEX_OVERLAP").severity, Info);
        let shifted =
            |salt, from| with(clean(N, salt), "customer_id", ColumnKind::Identifier, wholes(from..from + N as i64));
        let report = checked(&shifted(2, 9_000), &shifted(1, 8_000), None, None);
        assert_eq!(only(&report, "INDEX_OVERLAP").severity, Warning);
        let report = check_against(&shifted(2, 9_000), &shifted(1, 8_000));
        assert_eq!(only(&report, "INDEX_OVERLAP").severity, Info);
    }
}
