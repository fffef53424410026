//! Dates as numbers: year, month, day, weekday, hour, weekend, days since a reference. All in UTC.

use super::RecipeError;
use super::column::{Column, Frame};
use crate::domain::recipe::{DatePart, Dated};

const DAY_MS: f64 = 86_400_000.0;
const HOUR_MS: f64 = 3_600_000.0;

/// The parts to write for one column of dates, in columns called `joined.year` and so on.
pub(super) fn fit(
    name: &str,
    dates: &[f64],
    parts: &[DatePart],
    reference_ms: Option<i64>,
    frame: &Frame<'_>,
) -> Dated {
    let latest = dates.iter().copied().filter(|ms| !ms.is_nan()).fold(f64::NEG_INFINITY, f64::max);
    let latest = if latest.is_finite() { latest as i64 } else { 0 };
    let mut written: Vec<(DatePart, String)> = Vec::new();
    for &part in parts {
        if !written.iter().any(|(there, _)| *there == part) {
            written.push((part, frame.free_name(&format!("{name}.{}", part.as_str()))));
        }
    }
    Dated { column: name.to_owned(), parts: written, reference_ms: reference_ms.unwrap_or(latest) }
}

/// What is worth having when nobody chose: the hour only where some date has a time of day.
pub(super) fn usual_parts(dates: &[f64]) -> Vec<DatePart> {
    let timed = dates.iter().any(|ms| !ms.is_nan() && ms.rem_euclid(DAY_MS) != 0.0);
    DatePart::ALL.into_iter().filter(|part| *part != DatePart::Hour || timed).collect()
}

/// NaN for NaN. Whole numbers up to 2⁵³ are exact in doubles, and so is every operation here.
pub(super) fn part(part: DatePart, ms: f64, reference_ms: i64) -> f64 {
    let days = (ms / DAY_MS).floor();
    match part {
        DatePart::Year => civil(days).0,
        DatePart::Month => civil(days).1,
        DatePart::Day => civil(days).2,
        DatePart::Weekday => weekday(days),
        DatePart::Weekend if ms.is_nan() => ms,
        DatePart::Weekend => f64::from(u8::from(weekday(days) >= 5.0)),
        DatePart::Hour => ((ms - days * DAY_MS) / HOUR_MS).floor(),
        DatePart::Days => (ms - reference_ms as f64) / DAY_MS,
    }
}

/// 1970-01-01 was a Thursday.
fn weekday(days: f64) -> f64 {
    let shifted = days + 3.0;
    shifted - (shifted / 7.0).floor() * 7.0
}

/// Year, month and day of a day number (Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`). In
/// floating point and without branches, as a graph computes it.
fn civil(days: f64) -> (f64, f64, f64) {
    let z = days + 719_468.0;
    let era = (z / 146_097.0).floor();
    let doe = z - era * 146_097.0;
    let yoe = ((doe - (doe / 1460.0).floor() + (doe / 36_524.0).floor() - (doe / 146_096.0).floor()) / 365.0).floor();
    let doy = doe - (yoe * 365.0 + (yoe / 4.0).floor() - (yoe / 100.0).floor());
    let mp = ((doy * 5.0 + 2.0) / 153.0).floor();
    let day = doy - ((mp * 153.0 + 2.0) / 5.0).floor() + 1.0;
    let late = (mp / 10.0).floor();
    (yoe + era * 400.0 + late, mp + 3.0 - late * 12.0, day)
}

pub(super) fn apply(columns: &[Dated], frame: &mut Frame<'_>) -> Result<(), RecipeError> {
    frame.make(columns, |frame, item| {
        let dates = frame.numbers(&item.column)?;
        let numbers = |which: DatePart| dates.iter().map(|&ms| part(which, ms, item.reference_ms)).collect();
        Ok(item.parts.iter().map(|(part, into)| (into.clone(), Column::Numbers(numbers(*part)))).collect())
    })?;
    columns.iter().try_for_each(|item| frame.take(&item.column).map(drop))
}

#[cfg(test)]
mod tests {
    use chrono::{Datelike as _, Timelike as _};

    use super::*;

    #[test]
    fn every_part_is_the_calendars() {
        let mut ms = -30_000_000_000_000_i64;
        while ms < 30_000_000_000_000 {
            let time = chrono::DateTime::from_timestamp_millis(ms).unwrap();
            let found = |which| part(which, ms as f64, 0);
            assert_eq!(found(DatePart::Year), f64::from(time.year()), "{time}");
            assert_eq!(found(DatePart::Month), f64::from(time.month()), "{time}");
            assert_eq!(found(DatePart::Day), f64::from(time.day()), "{time}");
            assert_eq!(found(DatePart::Weekday), f64::from(time.weekday().num_days_from_monday()), "{time}");
            assert_eq!(found(DatePart::Hour), f64::from(time.hour()), "{time}");
            ms += 86_399_999 * 7 + 12_345;
        }
    }

    #[test]
    fn missing_dates_have_no_parts() {
        for which in DatePart::ALL {
            assert!(part(which, f64::NAN, 0).is_nan());
        }
        assert_eq!(part(DatePart::Days, DAY_MS * 2.5, 86_400_000), 1.5);
        assert_eq!(part(DatePart::Weekend, DAY_MS * 2.0, 0), 1.0);
        assert_eq!(usual_parts(&[DAY_MS, f64::NAN]).len(), 6);
        assert_eq!(usual_parts(&[DAY_MS + 1.0]).len(), 7);
    }
}
