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
        if self.decimal == b'.' && self.thousands.is_none_or(|mark| !text.contains(mark)) {
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

/// A plain number: digits, at most 16, with a minus or not, with a mark or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plain {
    /// All digits as one number, at most 2^53.
    value: i64,
    /// No mark: 0. With a mark: one more than the digits behind it.
    scale: usize,
}

impl Plain {
    /// No mark, no leading zeros, not `-0`.
    #[inline]
    pub fn is_whole(self) -> bool {
        self.scale == 0
    }

    /// Of a whole number.
    #[inline]
    pub fn whole(self) -> i64 {
        self.value
    }

    #[inline]
    pub fn float(self) -> f64 {
        self.value as f64 / SCALES[self.scale & 31]
    }
}

/// What the digits are to be divided by.
const SCALES: [f64; 32] = {
    let mut scales = [1.0; 32];
    let mut power = 1u64;
    let mut i = 1;
    while i < 18 {
        scales[i] = power as f64;
        power *= 10;
        i += 1;
    }
    scales
};

/// Reads `bytes[at..at + len]`; `None` for all but plain numbers. At least [`PADDING`] bytes follow the cell.
#[inline(always)]
pub fn fast(bytes: &[u8], at: usize, len: usize, decimal: u8) -> Option<Plain> {
    if len.wrapping_sub(1) >= 8 {
        return medium(bytes, at, len, decimal);
    }
    // Everything that speaks against a plain number is gathered for one branch: cells of a column differ in length and
    // sign, and a processor that has to guess loses more time than the arithmetic takes.
    let word = load(bytes, at);
    let minus = u64::from(word as u8 == b'-');
    let (word, len) = (word >> (8 * minus), len - minus as usize);
    let parts = short(word, len, decimal);
    let starts_with_zero = (parts.scale == 0) & (len > 1) & (word as u8 == b'0');
    let is_wrong = (minus != 0) & (parts.digits == 0) | starts_with_zero;
    let value = (parts.digits ^ minus.wrapping_neg()).wrapping_add(minus) as i64;
    (parts.is_right & !is_wrong).then_some(Plain { value, scale: parts.scale })
}

/// [`fast`] for nine to sixteen characters.
#[inline(never)]
fn medium(bytes: &[u8], at: usize, len: usize, decimal: u8) -> Option<Plain> {
    if !(9..=16).contains(&len) {
        return None;
    }
    let minus = usize::from(bytes[at] == b'-');
    let (at, len) = (at + minus, len - minus);
    let parts = if len <= 8 { short(load(bytes, at), len, decimal) } else { long(bytes, at, len, decimal) };
    let starts_with_zero = parts.scale == 0 && bytes[at] == b'0';
    if !parts.is_right || parts.digits == 0 && minus == 1 || parts.digits > MAX_EXACT as u64 || starts_with_zero {
        return None;
    }
    let value = parts.digits as i64;
    Some(Plain { value: if minus == 1 { -value } else { value }, scale: parts.scale })
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

/// The value of eight digits, each a byte of 0 to 9, the first in the lowest.
#[inline(always)]
fn eight_digits(word: u64) -> u64 {
    let pairs = word.wrapping_mul(2561) >> 8;
    let fours = (pairs & 0x00ff_00ff_00ff_00ff).wrapping_mul(6_553_601) >> 16;
    (fours & 0x0000_ffff_0000_ffff).wrapping_mul(42_949_672_960_001) >> 32
}

/// Digits around a mark.
#[derive(Clone, Copy)]
struct Parts {
    digits: u64,
    /// As in [`Plain`].
    scale: usize,
    /// There is nothing else, at least one digit, and one mark at most.
    is_right: bool,
}

/// Up to eight characters.
#[inline(always)]
fn short(word: u64, len: usize, decimal: u8) -> Parts {
    // Digits become their values. The cell moves to the high bytes, which puts zeros before it, and its mark, the only
    // byte that may be no digit, is closed up.
    let cell = (word ^ ZEROS).wrapping_shl(64u32.wrapping_sub(8 * len as u32));
    let no_digits = ((cell & !HIGH).wrapping_add(ONES * (0x80 - 10)) | cell) & HIGH;
    let mark = (no_digits & no_digits.wrapping_neg()) >> 7;
    let has_mark = usize::from(mark != 0);
    let before = cell & mark.wrapping_sub(1);
    let after = cell & !(mark << 8).wrapping_sub(1);
    let digits = before << (8 * has_mark) | after;
    // Without a mark, its place is behind the word.
    let scale = 8 - (mark.trailing_zeros() / 8) as usize;
    let is_mark = cell & (mark << 8).wrapping_sub(mark) == mark.wrapping_mul(u64::from(decimal ^ b'0'));
    let is_right = is_mark & (no_digits == mark << 7) & (len > has_mark);
    Parts { digits: eight_digits(digits), scale, is_right }
}

/// Nine to sixteen characters: the same in two halves.
#[inline]
fn long(bytes: &[u8], at: usize, len: usize, decimal: u8) -> Parts {
    let head = len - 8;
    let (first, second) = (load(bytes, at), load(bytes, at + head));
    let (a, b) = (short(first, head, decimal), short(second, 8, decimal));
    // A mark in the second half leaves it seven digits. One alone in the first half is no number, but may begin one.
    let lone_mark = head == 1 && first as u8 == decimal;
    let (a_digits, a_scale) = if lone_mark { (0, 1) } else { (a.digits, a.scale) };
    Parts {
        digits: a_digits * if b.scale == 0 { 100_000_000 } else { 10_000_000 } + b.digits,
        scale: if a_scale == 0 { b.scale } else { a_scale + 8 },
        is_right: (a.is_right || lone_mark) && b.is_right && (a_scale == 0 || b.scale == 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quick(text: &str) -> Option<Plain> {
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
                None => continue,
                Some(plain) => {
                    assert_eq!(Some(plain.float().to_bits()), expected.map(f64::to_bits), "{text}");
                    assert_eq!(plain.is_whole().then(|| plain.whole()), text.parse().ok(), "{text}");
                }
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
            "..",
            "-0.0",
            "1-",
            "--1",
            "1234.5678.9",
            "1.2345678.9",
            "12345678-",
            "0123456789",
            "007",
            "-0",
            "1,5",
            "12345678901234567",
            "a",
            "１",
        ] {
            assert_eq!(quick(text), None, "{text}");
        }
        for (text, is_whole, x) in [
            ("0", true, 0.0),
            ("-7", true, -7.0),
            ("12345678", true, 12_345_678.0),
            ("-12345678", true, -12_345_678.0),
            ("9007199254740992", true, 9_007_199_254_740_992.0),
            ("5.", false, 5.0),
            (".5", false, 0.5),
            ("00.5", false, 0.5),
            ("-.5", false, -0.5),
            (".12345678", false, 0.123_456_78),
            ("1234567.", false, 1_234_567.0),
            ("12345678.", false, 12_345_678.0),
            (".123456789012345", false, 0.123_456_789_012_345),
        ] {
            let plain = quick(text).unwrap();
            assert_eq!((plain.is_whole(), plain.float()), (is_whole, x), "{text}");
        }
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
