//! Reading dates and times from text.
//!
//! A column is a datetime column when one of these formats reads every cell. ISO wins; day-first and month-first are
//! told apart only by a cell that rules one out. Times without a zone count as UTC.

use chrono::format::{Item, Parsed, StrftimeItems};
use chrono::{DateTime, NaiveDate, NaiveDateTime};

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
    /// `01-Mar-2026`
    MonthName,
    /// What the user wrote, as chrono reads it.
    Custom(Pattern),
}

impl DateFormat {
    /// What is guessed.
    pub const ALL: [Self; 5] = [Self::Iso, Self::DayFirstDots, Self::DayFirst, Self::MonthFirst, Self::MonthName];

    /// As a pattern that people know.
    pub fn pattern(&self) -> &str {
        match self {
            Self::Iso => "YYYY-MM-DD",
            Self::DayFirstDots => "DD.MM.YYYY",
            Self::DayFirst => "DD/MM/YYYY",
            Self::MonthFirst => "MM/DD/YYYY",
            Self::MonthName => "DD-Mon-YYYY",
            Self::Custom(pattern) => pattern.as_str(),
        }
    }

    /// As chrono writes it.
    pub fn chrono(&self) -> &str {
        match self {
            Self::Iso => "%Y-%m-%d",
            Self::DayFirstDots => "%d.%m.%Y",
            Self::DayFirst => "%d/%m/%Y",
            Self::MonthFirst => "%m/%d/%Y",
            Self::MonthName => "%d-%b-%Y",
            Self::Custom(pattern) => pattern.as_str(),
        }
    }

    /// The family a pattern belongs to; a pattern of its own if to none.
    pub fn of(pattern: &str) -> Self {
        Self::ALL.into_iter().find(|f| f.chrono() == pattern).unwrap_or_else(|| match pattern {
            "%Y/%m/%d" => Self::Iso,
            "%d-%m-%Y" => Self::DayFirst,
            "%m-%d-%Y" => Self::MonthFirst,
            other => Self::Custom(Pattern::new(other)),
        })
    }
}

/// A pattern as chrono writes it, small enough to be copied.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pattern {
    bytes: [u8; MAX_PATTERN],
    len: u8,
}

const MAX_PATTERN: usize = 40;

impl Pattern {
    /// [`check_pattern`] refuses what does not fit.
    fn new(pattern: &str) -> Self {
        let kept = pattern.as_bytes().get(..MAX_PATTERN).unwrap_or(pattern.as_bytes());
        let mut bytes = [0; MAX_PATTERN];
        bytes[..kept.len()].copy_from_slice(kept);
        Self { bytes, len: kept.len() as u8 }
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_str().fmt(f)
    }
}

/// A cell read as a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since 1970-01-01T00:00:00 UTC.
    pub ms: i64,
    /// Minutes east of UTC, where a zone was named.
    pub zone: Option<i64>,
    /// A fraction finer than a millisecond was cut.
    pub cut: bool,
}

/// `text` in the given format; `None` if it is none or names no real day or time.
pub fn parse(text: &str, format: DateFormat) -> Option<Moment> {
    read(text, &format)
}

/// [`parse`] for whoever keeps the format.
pub fn read(text: &str, format: &DateFormat) -> Option<Moment> {
    if let DateFormat::Custom(pattern) = format {
        return custom(text, pattern.as_str());
    }
    let bytes = text.as_bytes();
    if bytes.len() < 8 || !bytes[0].is_ascii_digit() {
        return None;
    }
    let (days, rest) = match format {
        DateFormat::Iso => iso_day(bytes)?,
        DateFormat::MonthName => named_day(bytes)?,
        _ => local_day(bytes, format)?,
    };
    let midnight = days * 86_400_000;
    let Some((separator, time)) = rest.split_first() else {
        return Some(Moment { ms: midnight, zone: None, cut: false });
    };
    if !matches!(separator, b'T' | b't' | b' ') {
        return None;
    }
    let (ms, zone, cut) = time_of_day(time)?;
    Some(Moment { ms: midnight + ms, zone, cut })
}

/// `2026-03-01` or `2026-03-01 12:30:05` at fixed places, as milliseconds; `None` for anything else.
#[inline]
pub fn fast_iso(cell: &[u8]) -> Option<i64> {
    let (date, time) = match cell.len() {
        10 => (cell, None),
        19 if matches!(cell[10], b' ' | b'T') => (&cell[..10], Some(&cell[11..])),
        _ => return None,
    };
    if date[4] != b'-' || date[7] != b'-' {
        return None;
    }
    let mut wrong = 0;
    let mut pair = |tens: u8, ones: u8| {
        let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
        wrong |= u8::from(tens > 9) | u8::from(ones > 9);
        i64::from(tens.wrapping_mul(10).wrapping_add(ones))
    };
    let year = pair(date[0], date[1]) * 100 + pair(date[2], date[3]);
    let (month, day) = (pair(date[5], date[6]), pair(date[8], date[9]));
    let seconds = match time {
        None => 0,
        Some(time) => {
            let (hour, minute, second) = (pair(time[0], time[1]), pair(time[3], time[4]), pair(time[6], time[7]));
            if time[2] != b':' || time[5] != b':' || hour > 23 || minute > 59 || second > 59 {
                return None;
            }
            (hour * 60 + minute) * 60 + second
        }
    };
    if wrong != 0 || !(1..=12).contains(&month) || day < 1 {
        return None;
    }
    const LENGTHS: [i64; 13] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if day > LENGTHS[month as usize] + i64::from(leap && month == 2) {
        return None;
    }
    // Days of the civil calendar with years that begin in March (Hinnant, "chrono-compatible low-level date algorithms").
    let shifted = year - i64::from(month <= 2) + 400;
    let (era, of_era) = (shifted / 400, shifted % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = (era - 1) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some((days * 86_400 + seconds) * 1000)
}

/// A date with two digits for its year, such as `01.03.26`: which century is anyone's guess.
pub fn has_short_year(text: &str) -> bool {
    let bytes = text.as_bytes();
    let parts = || {
        let (_, rest) = digits(bytes, 1, 2)?;
        let (&separator, rest) = rest.split_first().filter(|(b, _)| matches!(b, b'.' | b'/' | b'-'))?;
        let (_, rest) = digits(rest, 1, 2)?;
        let (_, rest) = digits(rest.strip_prefix(&[separator])?, 2, 2)?;
        matches!(rest.first(), None | Some(b' ' | b'T')).then_some(())
    };
    parts().is_some()
}

/// Says what is wrong with a pattern.
pub fn check_pattern(pattern: &str) -> Result<(), &'static str> {
    if pattern.len() > MAX_PATTERN {
        return Err("longer than a date pattern can be");
    }
    let mut items = StrftimeItems::new(pattern);
    if items.any(|item| matches!(item, Item::Error)) {
        return Err("no date pattern such as %d.%m.%Y");
    }
    let has = |any: &[&str]| any.iter().any(|code| pattern.contains(code));
    if !has(&["%Y", "%y", "%F", "%D", "%s", "%+", "%c", "%x", "%v", "%G"]) {
        return Err("a pattern without a year");
    }
    Ok(())
}

fn custom(text: &str, pattern: &str) -> Option<Moment> {
    let moment = |ms, zone| Some(Moment { ms, zone, cut: false });
    if let Ok(time) = DateTime::parse_from_str(text, pattern) {
        return moment(time.timestamp_millis(), Some(i64::from(time.offset().local_minus_utc()) / 60));
    }
    if let Ok(time) = NaiveDateTime::parse_from_str(text, pattern) {
        return moment(time.and_utc().timestamp_millis(), None);
    }
    let mut parsed = Parsed::new();
    chrono::format::parse(&mut parsed, text, StrftimeItems::new(pattern)).ok()?;
    let date = parsed.to_naive_date().ok()?;
    let time = parsed.to_naive_time().unwrap_or_default();
    moment(date.and_time(time).and_utc().timestamp_millis(), None)
}

/// `01-Mar-2026`, `1 Mar 2026`.
fn named_day(bytes: &[u8]) -> Option<(i64, &[u8])> {
    const MONTHS: [&[u8]; 12] =
        [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    let (day, rest) = digits(bytes, 1, 2)?;
    let (&separator, rest) = rest.split_first().filter(|(b, _)| matches!(b, b'-' | b' ' | b'/'))?;
    let name = rest.get(..3)?.to_ascii_lowercase();
    let month = MONTHS.iter().position(|m| **m == name[..])? as i64 + 1;
    let (year, rest) = digits(rest[3..].strip_prefix(&[separator])?, 4, 4)?;
    Some((day_number(year, month, day)?, rest))
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

fn local_day<'a>(bytes: &'a [u8], format: &DateFormat) -> Option<(i64, &'a [u8])> {
    let (first, rest) = digits(bytes, 1, 2)?;
    let (&separator, rest) = rest.split_first()?;
    let fits = if *format == DateFormat::DayFirstDots { separator == b'.' } else { matches!(separator, b'/' | b'-') };
    let (second, rest) = digits(rest, 1, 2).filter(|_| fits)?;
    let (year, rest) = digits(rest.strip_prefix(&[separator])?, 4, 4)?;
    let (day, month) = if *format == DateFormat::MonthFirst { (second, first) } else { (first, second) };
    Some((day_number(year, month, day)?, rest))
}

fn day_number(year: i64, month: i64, day: i64) -> Option<i64> {
    let date = NaiveDate::from_ymd_opt(year as i32, month as u32, day as u32)?;
    Some(date.signed_duration_since(NaiveDate::default()).num_days())
}

/// Milliseconds since midnight UTC, the zone if one was named, whether a finer fraction was cut.
fn time_of_day(bytes: &[u8]) -> Option<(i64, Option<i64>, bool)> {
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
    Some((ms - offset_minutes.unwrap_or(0) * 60_000, offset_minutes, cut))
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
    fn fixed_places_are_read_like_any_others() {
        let mut random = 42u64;
        for _ in 0..20_000 {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let part = |shift: u32, n: u64| (random >> shift) % n;
            let date = format!("{:04}-{:02}-{:02}", part(20, 3000), part(33, 14), part(38, 33));
            let time = format!("{date}T{:02}:{:02}:{:02}", part(45, 25), part(50, 61), part(56, 61));
            for text in [date, time] {
                assert_eq!(fast_iso(text.as_bytes()), parse(&text, DateFormat::Iso).map(|m| m.ms), "{text}");
            }
        }
        assert_eq!(fast_iso(b"2026-03-0x"), None);
    }

    #[test]
    fn patterns_of_the_users_own() {
        check("20260301", DateFormat::of("%Y%m%d"), Some(1_772_323_200_000));
        check("01.03.26", DateFormat::of("%d.%m.%y"), Some(1_772_323_200_000));
        check("01.03.26 12:30", DateFormat::of("%d.%m.%y %H:%M"), Some(1_772_368_200_000));
        check("1 March 2026", DateFormat::of("%d %B %Y"), Some(1_772_323_200_000));
        check("soon", DateFormat::of("%d %B %Y"), None);
        assert_eq!(DateFormat::of("%d/%m/%Y"), DateFormat::DayFirst);
        assert!(check_pattern("%d.%m.%Y").is_ok() && check_pattern("%d.%m").is_err() && check_pattern("%Q%Y").is_err());
        assert!(has_short_year("01.03.26") && !has_short_year("01.03.2026"));
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
        check("13-Mar-2026 00:00", DateFormat::MonthName, Some(1_773_360_000_000));
        check("13-Mrz-2026", DateFormat::MonthName, None);
    }
}
