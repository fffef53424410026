//! Numbers, times and names as a person reads them. Pure.

use chrono::{DateTime, Local, Utc};

use crate::domain::params::ParamValue;

pub use crate::domain::words::{counted, thousands as count};

/// A parameter of a model: a number as [`number`] writes it, or its word.
pub fn parameter(value: &ParamValue) -> String {
    match value {
        ParamValue::Number(value) => number(*value),
        ParamValue::Word(word) => word.clone(),
    }
}

/// Four significant digits without trailing zeros, thousands separated; very large and very small in scientific
/// notation.
pub fn number(value: f64) -> String {
    if value.is_nan() {
        return "—".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞".to_owned() } else { "−∞".to_owned() };
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let sign = if value < 0.0 { "−" } else { "" };
    let size = value.abs();
    if !(1e-4..1e15).contains(&size) {
        let text = format!("{size:.3e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{sign}{}e{power}", trimmed(digits));
    }
    let decimals = (3 - size.log10().floor() as i32).max(0) as usize;
    let text = format!("{size:.decimals$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), count);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// With exactly this many decimals, thousands separated, the sign of `number`.
pub fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return number(value);
    }
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
    let is_zero = text.bytes().all(|b| matches!(b, b'0' | b'.'));
    let sign = if value < 0.0 && !is_zero { "−" } else { "" };
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), count);
    fraction.map_or_else(|| format!("{sign}{whole}"), |fraction| format!("{sign}{whole}.{fraction}"))
}

/// The fewest decimals, between `least` and 6, with which numbers that differ also read differently.
pub fn decimals(values: impl IntoIterator<Item = f64>, least: usize) -> usize {
    let mut distinct: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
    distinct.push(0.0);
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    let apart = |n: &usize| distinct.windows(2).all(|w| fixed(w[0], *n) != fixed(w[1], *n));
    (least..6).find(apart).unwrap_or(6)
}

/// A sentence of the engine as it reads in the window: names in quotation marks, no number parted from its percent sign.
pub fn sentence(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open = false;
    for c in text.chars() {
        if c == '`' {
            open = !open;
            out.push(if open { '“' } else { '”' });
        } else {
            out.push(c);
        }
    }
    out.replace(" %", "\u{a0}%")
}

fn trimmed(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

/// A share of 0 to 1 as `12.3 %`; shares that only round to nothing or everything say so.
pub fn percent(share: f64) -> String {
    if !share.is_finite() {
        return "—".to_owned();
    }
    let percent = share * 100.0;
    if percent > 0.0 && percent < 0.1 {
        return "< 0.1 %".to_owned();
    }
    if percent > 99.9 && percent < 100.0 {
        return "> 99.9 %".to_owned();
    }
    if (percent - percent.round()).abs() < 1e-9 { format!("{percent:.0} %") } else { format!("{percent:.1} %") }
}

pub use crate::domain::words::bytes;

/// `just now`, `3 minutes ago`, `yesterday`, and the date from a week on.
pub fn ago(now_ms: i64, at_ms: i64) -> String {
    let seconds = (now_ms - at_ms) / 1000;
    let some = |n: i64, one: &str, many: &str| format!("{} ago", counted(n as u64, one, many));
    match seconds {
        i64::MIN..=44 => "just now".to_owned(),
        45..=3_569 => some(((seconds + 30) / 60).max(1), "minute", "minutes"),
        3_570..=84_599 => some((seconds + 1800) / 3600, "hour", "hours"),
        84_600..=172_799 => "yesterday".to_owned(),
        172_800..=604_799 => some(seconds / 86_400, "day", "days"),
        _ => date(at_ms),
    }
}

/// How long something took or will take: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "—".to_owned();
    }
    if seconds < 0.0995 {
        return format!("{:.0} ms", seconds * 1000.0);
    }
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    match whole {
        0..=59 => format!("{whole} s"),
        60..=3599 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// Local date and time: `2026-03-05 14:07`.
pub fn date_time(at_ms: i64) -> String {
    local(at_ms).map_or_else(|| "—".to_owned(), |at| at.format("%Y-%m-%d %H:%M").to_string())
}

/// Local date: `2026-03-05`.
pub fn date(at_ms: i64) -> String {
    local(at_ms).map_or_else(|| "—".to_owned(), |at| at.format("%Y-%m-%d").to_string())
}

/// UTC, for values of a table: `2026-03-05 14:07:00`, the time left out at midnight.
pub fn utc(at_ms: f64) -> String {
    let Some(at) = DateTime::<Utc>::from_timestamp_millis(at_ms as i64) else { return "—".to_owned() };
    let text = at.format("%Y-%m-%d %H:%M:%S").to_string();
    text.strip_suffix(" 00:00:00").map_or(text.clone(), str::to_owned)
}

/// UTC to the millisecond, as filters read it back: `2026-03-05T14:07:00.000Z`.
pub fn exact_utc(at_ms: i64) -> String {
    let at = DateTime::<Utc>::from_timestamp_millis(at_ms).unwrap_or_default();
    at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn local(at_ms: i64) -> Option<DateTime<Local>> {
    DateTime::<Utc>::from_timestamp_millis(at_ms).map(|at| at.with_timezone(&Local))
}

/// At most `n` characters, cut in the middle: both ends of a path say more than its middle.
pub fn middle_ellipsis(text: &str, n: usize) -> String {
    let length = text.chars().count();
    if length <= n {
        return text.to_owned();
    }
    let keep = n.saturating_sub(1);
    let head = keep / 2;
    let tail = keep - head;
    let first: String = text.chars().take(head).collect();
    let last: String = text.chars().skip(length - tail).collect();
    format!("{first}…{last}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_quote_names_and_keep_numbers_with_their_sign() {
        assert_eq!(sentence("`age` has 7 gaps (7 %)"), "“age” has 7 gaps (7\u{a0}%)");
    }

    #[test]
    fn numbers_keep_four_digits_and_no_idle_zeros() {
        let cases: [(f64, &str); 11] = [
            (0.0, "0"),
            (1.0, "1"),
            (0.84217, "0.8422"),
            (-2.5, "−2.5"),
            (12.3456, "12.35"),
            (12_340.4, "12,340"),
            (0.00012345, "0.0001234"),
            (0.000012345, "1.234e-5"),
            (1e20, "1e20"),
            (100.0, "100"),
            (f64::NAN, "—"),
        ];
        for (value, expected) in cases {
            assert_eq!(number(value), expected);
        }
    }

    #[test]
    fn percents_do_not_round_to_nothing_or_everything() {
        let cases = [
            (0.0, "0 %"),
            (0.0001, "< 0.1 %"),
            (0.1234, "12.3 %"),
            (0.5, "50 %"),
            (0.99999, "> 99.9 %"),
            (1.0, "100 %"),
        ];
        for (share, expected) in cases {
            assert_eq!(percent(share), expected);
        }
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!([0, 812, 3_400, 12_000_000, 999_600].map(bytes), ["0 B", "812 B", "3.4 kB", "12 MB", "1.0 MB"]);
    }

    #[test]
    fn the_past_is_told_relative_to_now() {
        let now = 1_700_000_000_000;
        let told = |seconds: i64| ago(now, now - seconds * 1000);
        assert_eq!(told(3), "just now");
        assert_eq!(told(60), "1 minute ago");
        assert_eq!(told(185), "3 minutes ago");
        assert_eq!(told(7200), "2 hours ago");
        assert_eq!(told(90_000), "yesterday");
        assert_eq!(told(3 * 86_400), "3 days ago");
        assert!(told(30 * 86_400).starts_with("2023-10-"));
    }

    #[test]
    fn durations_use_the_unit_that_fits() {
        let cases = [(0.0123, "12 ms"), (0.42, "0.4 s"), (12.2, "12 s"), (185.0, "3 min 5 s"), (7800.0, "2 h 10 min")];
        for (seconds, expected) in cases {
            assert_eq!(duration(seconds), expected);
        }
    }

    #[test]
    fn long_text_loses_its_middle() {
        assert_eq!(middle_ellipsis("short", 10), "short");
        assert_eq!(middle_ellipsis("/home/ann/projects/churn", 11), "/home…churn");
        assert_eq!(middle_ellipsis("äöüäöü", 3), "ä…ü");
    }

    #[test]
    fn table_times_are_utc() {
        assert_eq!(utc(0.0), "1970-01-01");
        assert_eq!(utc(3_600_000.0), "1970-01-01 01:00:00");
    }
}
