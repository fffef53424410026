//! Reading dates and times from text.
//!
//! A column is a datetime column when one of these formats reads every cell. ISO wins; day-first and month-first are
//! told apart only by a cell that rules one out. Times without a zone count as UTC.

use chrono::NaiveDate;

/// A family of spellings. Each may be followed by a time: `T` or a space, `HH:MM`, optional `:SS`, fraction and zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateFormat {
    /// `2026-03-01` or `2026/03/01`
    Iso,
    /// `01.03.2026`
    DayFirstDots,
    /// `13/03/2026`
    DayFirst,
    /// `03/13/2026`
    MonthFirst,
}

impl DateFormat {
    pub const ALL: [Self; 4] = [Self::Iso, Self::DayFirstDots, Self::DayFirst, Self::MonthFirst];

    /// As a pattern that people know.
    pub fn pattern(self) -> &'static str {
        match self {
            Self::Iso => "YYYY-MM-DD",
            Self::DayFirstDots => "DD.MM.YYYY",
            Self::DayFirst => "DD/MM/YYYY",
            Self::MonthFirst => "MM/DD/YYYY",
        }
    }
}

/// A cell read as a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since 1970-01-01T00:00:00 UTC.
    pub ms: i64,
    pub has_zone: bool,
    /// A fraction finer than a millisecond was cut.
    pub cut: bool,
}

/// `text` in the given format; `None` if it is none or names no real day or time.
pub fn parse(text: &str, format: DateFormat) -> Option<Moment> {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || !bytes[0].is_ascii_digit() {
        return None;
    }
    let (days, rest) = if format == DateFormat::Iso { iso_day(bytes)? } else { local_day(bytes, format)? };
    let midnight = days * 86_400_000;
    let Some((separator, time)) = rest.split_first() else {
        return Some(Moment { ms: midnight, has_zone: false, cut: false });
    };
    if !matches!(separator, b'T' | b't' | b' ') {
        return None;
    }
    let (ms, has_zone, cut) = time_of_day(time)?;
    Some(Moment { ms: midnight + ms, has_zone, cut })
}

/// Days since 1970 and what follows the date.
fn iso_day(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (year, rest) = digits(bytes, 4, 4)?;
    let (&separator, rest) = rest.split_first().filter(|(b, _)| matches!(b, b'-' | b'/'))?;
    let (month, rest) = digits(rest, 1, 2)?;
    let rest = rest.strip_prefix(&[separator])?;
    let (day, rest) = digits(rest, 1, 2)?;
    Some((day_number(year, month, day)?, rest))
}

fn local_day(bytes: &[u8], format: DateFormat) -> Option<(i64, &[u8])> {
    let (first, rest) = digits(bytes, 1, 2)?;
    let (&separator, rest) = rest.split_first()?;
    let fits = if format == DateFormat::DayFirstDots { separator == b'.' } else { matches!(separator, b'/' | b'-') };
    let (second, rest) = digits(rest, 1, 2).filter(|_| fits)?;
    let (year, rest) = digits(rest.strip_prefix(&[separator])?, 4, 4)?;
    let (day, month) = if format == DateFormat::MonthFirst { (second, first) } else { (first, second) };
    Some((day_number(year, month, day)?, rest))
}

fn day_number(year: i64, month: i64, day: i64) -> Option<i64> {
    let date = NaiveDate::from_ymd_opt(year as i32, month as u32, day as u32)?;
    Some(date.signed_duration_since(NaiveDate::default()).num_days())
}

/// Milliseconds since midnight UTC, whether a zone was named, whether a finer fraction was cut.
fn time_of_day(bytes: &[u8]) -> Option<(i64, bool, bool)> {
    let (hour, rest) = digits(bytes, 1, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(b":")?, 2, 2)?;
    let (second, rest) = match rest.strip_prefix(b":") {
        Some(rest) => digits(rest, 2, 2)?,
        None => (0, rest),
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (fraction_ms, cut, rest) = fraction(rest)?;
    let offset_minutes = zone(rest.trim_ascii_start())?;
    let ms = ((hour * 60 + minute) * 60 + second) * 1000 + fraction_ms;
    Some((ms - offset_minutes.unwrap_or(0) * 60_000, offset_minutes.is_some(), cut))
}

fn fraction(bytes: &[u8]) -> Option<(i64, bool, &[u8])> {
    let Some((_, rest)) = bytes.split_first().filter(|(b, _)| matches!(b, b'.' | b',')) else {
        return Some((0, false, bytes));
    };
    let length = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if length == 0 || length > 12 {
        return None;
    }
    let digit = |i: usize| if i < length { i64::from(rest[i] - b'0') } else { 0 };
    let cut = rest[..length].iter().skip(3).any(|&b| b != b'0');
    Some((digit(0) * 100 + digit(1) * 10 + digit(2), cut, &rest[length..]))
}

/// Minutes east of UTC: `Some(None)` for no zone, `None` for text that is none.
fn zone(bytes: &[u8]) -> Option<Option<i64>> {
    let sign = match bytes {
        [] => return Some(None),
        b"Z" | b"z" | b"UTC" => return Some(Some(0)),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let (hours, rest) = digits(&bytes[1..], 2, 2)?;
    let (minutes, rest) = match rest.strip_prefix(b":").unwrap_or(rest) {
        [] => (0, &[][..]),
        rest => digits(rest, 2, 2)?,
    };
    (rest.is_empty() && hours <= 14 && minutes < 60).then_some(Some(sign * (hours * 60 + minutes)))
}

/// A number of `least` to `most` digits at the start, and what follows.
fn digits(bytes: &[u8], least: usize, most: usize) -> Option<(i64, &[u8])> {
    let length = bytes.iter().take(most).take_while(|b| b.is_ascii_digit()).count();
    let value = bytes[..length].iter().fold(0, |value, b| value * 10 + i64::from(b - b'0'));
    (length >= least).then(|| (value, &bytes[length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, format: DateFormat, expected: Option<i64>) {
        assert_eq!(parse(text, format).map(|m| m.ms), expected, "{text}");
    }

    #[test]
    fn iso_dates_and_times_become_utc_milliseconds() {
        use DateFormat::Iso;
        check("1970-01-01", Iso, Some(0));
        check("2026-03-01", Iso, Some(1_772_323_200_000));
        check("2026/3/1", Iso, Some(1_772_323_200_000));
        check("2026-03-01T12:30", Iso, Some(1_772_368_200_000));
        check("2026-03-01 12:30:05.25", Iso, Some(1_772_368_205_250));
        check("2026-03-01T12:30:00Z", Iso, Some(1_772_368_200_000));
        check("2026-03-01 12:30:00+05:45", Iso, Some(1_772_347_500_000));
        check("2026-03-01T12:30:00 -0100", Iso, Some(1_772_371_800_000));
        check("1969-12-31T23:59:59.999", Iso, Some(-1));
        assert!(parse("2026-03-01 12:30:05.1234567", Iso).unwrap().cut);
    }

    #[test]
    fn what_names_no_real_time_is_refused() {
        use DateFormat::Iso;
        for text in
            ["2026-02-30", "2026-13-01", "2026-03-01T25:00", "2026-03-01T12", "2026-03/01", "2026-03-01x", "20260301"]
        {
            check(text, Iso, None);
        }
        check("01.03.26", DateFormat::DayFirstDots, None);
    }

    #[test]
    fn local_dates_follow_their_format() {
        check("13/03/2026", DateFormat::DayFirst, Some(1_773_360_000_000));
        check("13/03/2026", DateFormat::MonthFirst, None);
        check("03/13/2026 00:00", DateFormat::MonthFirst, Some(1_773_360_000_000));
        check("13.3.2026", DateFormat::DayFirstDots, Some(1_773_360_000_000));
        check("13-03-2026", DateFormat::DayFirst, Some(1_773_360_000_000));
    }
}
