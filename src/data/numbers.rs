//! Numbers from the bytes of a cell.
//!
//! [`fast`] reads the short plain numbers that tables consist of, eight digits at a time, and gives up on anything
//! else; [`number`] reads everything. Both round correctly: a mantissa below 2^53 and a power of ten up to 10^22 are
//! exact doubles, so one division rounds once (Clinger, "How to Read Floating Point Numbers Accurately", 1990); the
//! rest is left to `str::parse`.

use std::borrow::Cow;

use crate::domain::dataset::ReadOptions;

/// Bytes that must be readable behind every cell given to [`fast`].
pub const PADDING: usize = 64;
/// Whole numbers beyond this are not exact as 64-bit floats.
pub const MAX_EXACT: i64 = 1 << 53;

/// How numbers are punctuated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// `.` or `,`
    pub decimal: u8,
    /// Between groups of three digits.
    pub thousands: Option<char>,
}

impl Marks {
    pub const POINT: Self = Self { decimal: b'.', thousands: None };

    pub fn of(options: &ReadOptions) -> Self {
        Self { decimal: u8::try_from(options.decimal).unwrap_or(b'.'), thousands: options.thousands }
    }

    /// `text` with a decimal point and no thousands marks; `None` where a mark stands in the wrong place.
    pub fn plain<'a>(&self, text: &'a str) -> Option<Cow<'a, str>> {
        if *self == Self::POINT {
            return Some(Cow::Borrowed(text));
        }
        let decimal = char::from(self.decimal);
        let (whole, rest) = match text.find([decimal, 'e', 'E']) {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        let whole = match self.thousands {
            Some(mark) if whole.contains(mark) => Cow::Owned(ungroup(whole, mark)?),
            _ => Cow::Borrowed(whole),
        };
        if decimal != '.' && (whole.contains('.') || rest.contains('.')) {
            return None;
        }
        let rest = rest.strip_prefix(decimal).map_or(Cow::Borrowed(rest), |digits| Cow::Owned(format!(".{digits}")));
        Some(whole + rest)
    }
}

/// `1.234.567` without its marks: one to three digits, then groups of exactly three, no leading zero.
fn ungroup(whole: &str, mark: char) -> Option<String> {
    let unsigned = whole.trim_start_matches(['-', '+']);
    let mut groups = unsigned.split(mark);
    let first = groups.next().filter(|g| (1..=3).contains(&g.len()) && !g.starts_with('0') && is_digits(g))?;
    let mut plain = whole[..whole.len() - unsigned.len()].to_owned() + first;
    for group in groups {
        if group.len() != 3 || !is_digits(group) {
            return None;
        }
        plain.push_str(group);
    }
    Some(plain)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// A number as Rust and pandas both read it: decimal point, optional exponent, `inf` and `nan` in any case.
pub fn number(trimmed: &str) -> Option<f64> {
    let first = *trimmed.as_bytes().first()?;
    if first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.' | b'i' | b'I' | b'n' | b'N') {
        trimmed.parse().ok()
    } else {
        None
    }
}

/// [`number`] under other marks.
pub fn number_with(trimmed: &str, marks: Marks) -> Option<f64> {
    number(&marks.plain(trimmed)?)
}

/// A plain number of at most 16 digits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fast {
    /// No point, no leading zeros, at most 2^53, not `-0`.
    Whole(i64),
    Fraction(f64),
}

const POWERS: [f64; 17] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16];

/// Reads `bytes[at..at + len]`; `None` for all but plain numbers. At least [`PADDING`] bytes follow the cell.
#[inline]
pub fn fast(bytes: &[u8], at: usize, len: usize, decimal: u8) -> Option<Fast> {
    if len == 0 || len > 16 {
        return None;
    }
    let negative = bytes[at] == b'-';
    let (at, len) = (at + usize::from(negative), len - usize::from(negative));
    if len == 0 {
        return None;
    }
    let (mantissa, scale) =
        if len <= 8 { short(load(bytes, at), len, decimal)? } else { long(bytes, at, len, decimal)? };
    if mantissa == 0 && negative || mantissa > MAX_EXACT as u64 {
        return None;
    }
    match scale {
        None if bytes[at] == b'0' && len > 1 => None,
        None => Some(Fast::Whole(if negative { -(mantissa as i64) } else { mantissa as i64 })),
        Some(digits) => {
            let x = mantissa as f64 / POWERS[digits & 15];
            Some(Fast::Fraction(if negative { -x } else { x }))
        }
    }
}

#[inline]
pub fn load(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The high bit of every byte of `word` that equals `byte`.
#[inline]
fn equal(word: u64, byte: u8) -> u64 {
    let x = word ^ ONES.wrapping_mul(u64::from(byte));
    !((x & !HIGH).wrapping_add(!HIGH) | x) & HIGH
}

/// The value of eight ASCII digits, the first in the lowest byte; `None` if one is none.
#[inline]
fn eight_digits(word: u64) -> Option<u64> {
    // A digit has 3 in its high half, and still has after adding 6.
    let high_halves = 0xf0f0_f0f0_f0f0_f0f0;
    if (word & high_halves) | ((word.wrapping_add(0x0606_0606_0606_0606) & high_halves) >> 4) != 0x3333_3333_3333_3333 {
        return None;
    }
    let pairs = (word & 0x0f0f_0f0f_0f0f_0f0f).wrapping_mul(2561) >> 8;
    let fours = (pairs & 0x00ff_00ff_00ff_00ff).wrapping_mul(6_553_601) >> 16;
    Some((fours & 0x0000_ffff_0000_ffff).wrapping_mul(42_949_672_960_001) >> 32)
}

/// Up to eight characters: their digits as a number, and how many stand behind the mark if there is one.
#[inline]
fn short(word: u64, len: usize, decimal: u8) -> Option<(u64, Option<usize>)> {
    // The cell moves to the high bytes, zeros are written before it, the mark is closed up.
    let cell = word << (64 - 8 * len);
    let mark = equal(cell, decimal);
    if mark == 0 {
        let fill = if len == 8 { 0 } else { ZEROS >> (8 * len) };
        return Some((eight_digits(cell | fill)?, None));
    }
    if len == 1 || mark & (mark - 1) != 0 {
        return None;
    }
    let at = mark.trailing_zeros() & !7;
    let before = cell & ((1 << at) - 1);
    let after = if at == 56 { 0 } else { cell >> (at + 8) << (at + 8) };
    let fill = ZEROS >> (8 * (len - 1));
    Some((eight_digits(before << 8 | after | fill)?, Some(7 - (at / 8) as usize)))
}

/// Nine to sixteen characters: the same in two halves.
#[inline]
fn long(bytes: &[u8], at: usize, len: usize, decimal: u8) -> Option<(u64, Option<usize>)> {
    let head = len - 8;
    let (first, second) = (load(bytes, at), load(bytes, at + head));
    let (a, digits_a) = short(first, head, decimal).or_else(|| lone_mark(first, head, decimal))?;
    let (b, digits_b) = short(second, 8, decimal)?;
    match (digits_a, digits_b) {
        (None, None) => Some((a * 100_000_000 + b, None)),
        (Some(n), None) => Some((a * 100_000_000 + b, Some(n + 8))),
        // The mark stands in the second half, which then has seven digits.
        (None, Some(n)) => Some((a * 10_000_000 + b, Some(n))),
        (Some(_), Some(_)) => None,
    }
}

/// `.` alone is no number, but it may begin one.
fn lone_mark(word: u64, len: usize, decimal: u8) -> Option<(u64, Option<usize>)> {
    (len == 1 && word as u8 == decimal).then_some((0, Some(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quick(text: &str) -> Option<Fast> {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(text.len() + PADDING, b'7');
        fast(&bytes, 0, text.len(), b'.')
    }

    #[test]
    fn plain_numbers_are_read_as_the_standard_library_reads_them() {
        let mut random = 88172645463325252u64;
        let mut n_read = 0;
        for _ in 0..200_000 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let digits = (random % 10u64.pow(1 + (random >> 40) as u32 % 16)).to_string();
            let at = (random >> 50) as usize % (digits.len() + 1);
            let sign = if random & (1 << 30) == 0 { "-" } else { "" };
            let text = match random >> 62 {
                0 => format!("{sign}{digits}"),
                _ => format!("{sign}{}.{}", &digits[..at], &digits[at..]),
            };
            let expected: Option<f64> = text.parse().ok();
            match quick(&text) {
                Some(Fast::Whole(x)) => assert_eq!(Some(x), text.parse().ok(), "{text}"),
                Some(Fast::Fraction(x)) => assert_eq!(Some(x.to_bits()), expected.map(f64::to_bits), "{text}"),
                None => continue,
            }
            n_read += 1;
        }
        assert!(n_read > 150_000, "{n_read}");
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_slow_path() {
        for text in [
            "",
            "-",
            ".",
            "-.",
            "+1",
            "1e5",
            "nan",
            "1_0",
            "1..2",
            "1.2.3",
            "007",
            "-0",
            "1,5",
            "12345678901234567",
            "a",
            "１",
        ] {
            assert_eq!(quick(text), None, "{text}");
        }
        assert_eq!(quick("0"), Some(Fast::Whole(0)));
        assert_eq!(quick("5."), Some(Fast::Fraction(5.0)));
        assert_eq!(quick(".5"), Some(Fast::Fraction(0.5)));
        assert_eq!(quick("00.5"), Some(Fast::Fraction(0.5)));
        assert_eq!(quick(".12345678"), Some(Fast::Fraction(0.12345678)));
        assert_eq!(quick("9007199254740993"), None);
    }

    #[test]
    fn marks_are_put_right_or_refused() {
        let german = Marks { decimal: b',', thousands: Some('.') };
        let check = |text: &str, marks: Marks, expected: Option<f64>| {
            assert_eq!(number_with(text, marks), expected, "{text}");
        };
        check("1.234,5", german, Some(1234.5));
        check("-1.234.567", german, Some(-1_234_567.0));
        check("0,5", german, Some(0.5));
        check("1.5", german, None);
        check("0.123", german, None);
        check("12.34,5", german, None);
        check("1,5", Marks { decimal: b',', thousands: None }, Some(1.5));
        check("1.5", Marks { decimal: b',', thousands: None }, None);
        check("1,234.5", Marks { decimal: b'.', thousands: Some(',') }, Some(1234.5));
        check("1'234'567", Marks { decimal: b'.', thousands: Some('\'') }, Some(1_234_567.0));
        check("1 234,5e3", Marks { decimal: b',', thousands: Some(' ') }, Some(1_234_500.0));
    }
}
