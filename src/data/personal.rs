//! Telling personal data by its form: e-mail addresses, phone numbers, IBANs and payment cards.
//!
//! Forms are conservative: a number without marks is no phone number, and a card or an IBAN must pass its checksum.
//! A column is marked when at least a fifth of its cells, and at least five, have one form; a tenth of any long numbers
//! pass a card's checksum by chance.

use crate::domain::schema::PersonalData;

/// Least share of the cells that are not missing.
const MIN_SHARE: f64 = 0.2;
const MIN_CELLS: u64 = 5;

/// Countries that use IBANs, with the length of theirs (SWIFT's registry).
const IBAN_LENGTHS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BI", 27),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DJ", 27),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FK", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LC", 32),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MN", 20),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NI", 28),
    ("NL", 18),
    ("NO", 15),
    ("OM", 23),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("RU", 33),
    ("SA", 24),
    ("SC", 31),
    ("SD", 18),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("SO", 23),
    ("ST", 25),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
    ("YE", 30),
];

/// Counts the forms over the cells of a column.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    values: u64,
    /// By [`PersonalData`] in its order.
    hits: [u64; 4],
}

impl Scan {
    /// Counts `text` as standing in `cells` cells.
    pub fn add(&mut self, text: &str, cells: u64) {
        self.values += cells;
        if let Some(kind) = kind_of(text) {
            self.hits[kind as usize] += cells;
        }
    }

    /// What the column holds, if enough of its cells do.
    pub fn verdict(&self) -> Option<PersonalData> {
        let kinds = [PersonalData::Email, PersonalData::Phone, PersonalData::Iban, PersonalData::Card];
        let (kind, hits) = kinds.into_iter().zip(self.hits).max_by_key(|(_, hits)| *hits)?;
        (hits >= MIN_CELLS && hits as f64 >= MIN_SHARE * self.values as f64).then_some(kind)
    }
}

/// The same for whole numbers, of which only cards can be told. `each` calls its argument with every distinct number and
/// its count.
pub fn of_whole_numbers(values: u64, each: impl FnOnce(&mut dyn FnMut(i64, u64))) -> Option<PersonalData> {
    let mut scan = Scan { values, ..Scan::default() };
    each(&mut |number, cells| {
        // Shorter numbers are no cards.
        if number >= 10_000_000_000_000 && is_card(number.to_string().as_bytes()) {
            scan.hits[PersonalData::Card as usize] += cells;
        }
    });
    scan.verdict()
}

/// What one cell looks like.
pub fn kind_of(text: &str) -> Option<PersonalData> {
    let text = text.trim();
    // The shortest is an e-mail address (a@b.cc), the longest one too.
    if !(6..=320).contains(&text.len()) {
        return None;
    }
    if text.contains('@') {
        return is_email(text).then_some(PersonalData::Email);
    }
    match text.as_bytes()[0] {
        b'A'..=b'Z' | b'a'..=b'z' => is_iban(text).then_some(PersonalData::Iban),
        b'0'..=b'9' | b'+' | b'(' => {
            if card_digits(text).is_some_and(|digits| is_card(&digits)) {
                Some(PersonalData::Card)
            } else {
                is_phone(text).then_some(PersonalData::Phone)
            }
        }
        _ => None,
    }
}

/// `name@host.tld`, also as `Name <name@host.tld>`.
fn is_email(text: &str) -> bool {
    let address = match text.split_once('<') {
        Some((_, rest)) => match rest.strip_suffix('>') {
            Some(address) => address,
            None => return false,
        },
        None => text.strip_prefix("mailto:").unwrap_or(text),
    };
    let Some((name, host)) = address.split_once('@') else { return false };
    let name_fits = !name.is_empty()
        && name.len() <= 64
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains("..")
        && name.chars().all(|c| c.is_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c));
    let labels: Vec<&str> = host.split('.').collect();
    let label_fits = |label: &&str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let Some(tld) = labels.last() else { return false };
    let tld_fits = tld.chars().count() >= 2 && (tld.chars().all(char::is_alphabetic) || tld.starts_with("xn--"));
    name_fits && labels.len() >= 2 && tld_fits && labels.iter().all(label_fits)
}

fn is_iban(text: &str) -> bool {
    let compact: Vec<u8> = text.bytes().filter(|b| *b != b' ').map(|b| b.to_ascii_uppercase()).collect();
    let Some(&(_, length)) = IBAN_LENGTHS.iter().find(|(country, _)| compact.starts_with(country.as_bytes())) else {
        return false;
    };
    if compact.len() != length
        || !compact.iter().all(u8::is_ascii_alphanumeric)
        || !compact[2..4].iter().all(u8::is_ascii_digit)
    {
        return false;
    }
    // ISO 7064: the first four characters at the end, letters as 10 to 35, the whole modulo 97 is 1.
    let rotated = compact[4..].iter().chain(&compact[..4]);
    let rest = rotated.fold(0u32, |rest, &b| match b {
        b'0'..=b'9' => (rest * 10 + u32::from(b - b'0')) % 97,
        _ => (rest * 100 + u32::from(b - b'A') + 10) % 97,
    });
    rest == 1
}

/// The digits of a number written without marks, or in groups with spaces or hyphens.
fn card_digits(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).collect();
    let marks = text.len() - digits.len();
    let one_mark = [b' ', b'-'].iter().any(|mark| text.bytes().all(|b| b.is_ascii_digit() || b == *mark));
    (one_mark && marks <= 4 && (14..=19).contains(&digits.len())).then_some(digits)
}

/// A known issuer's first digits and length, and Luhn's checksum (ISO/IEC 7812).
fn is_card(digits: &[u8]) -> bool {
    if !(14..=19).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let first = |n: usize| digits[..n].iter().fold(0u32, |number, b| number * 10 + u32::from(b - b'0'));
    let issued = match digits.len() {
        14 => matches!(first(2), 36 | 38 | 39) || matches!(first(3), 300..=305),
        15 => matches!(first(2), 34 | 37),
        16 => {
            matches!(first(1), 4)
                || matches!(first(2), 51..=55 | 62 | 65)
                || matches!(first(3), 644..=649)
                || matches!(first(4), 2221..=2720 | 3528..=3589 | 6011)
        }
        19 => matches!(first(1), 4) || matches!(first(2), 62 | 65) || first(4) == 6011,
        _ => matches!(first(2), 62),
    };
    let luhn = digits.iter().rev().enumerate().fold(0u32, |sum, (i, b)| {
        let digit = u32::from(b - b'0') << (i % 2);
        sum + digit / 10 + digit % 10
    });
    issued && luhn.is_multiple_of(10)
}

/// International with a plus or grouped after 00; national only where groups make it one: starting with 0 or with an
/// area code in parentheses, or in North America's 3-3-4.
fn is_phone(text: &str) -> bool {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b" -./()+".contains(&b));
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if !plain || !(8..=15).contains(&digits) || text.bytes().skip(1).any(|b| b == b'+') {
        return false;
    }
    let groups: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|g| !g.is_empty()).collect();
    let lengths: Vec<usize> = groups.iter().map(|g| g.len()).collect();
    if let Some(rest) = text.strip_prefix('+') {
        // A signed number has no marks, or one point.
        let signed = groups.len() == 1 && digits < 10 || groups.len() == 2 && rest.contains('.');
        return !signed && !groups[0].starts_with('0');
    }
    let dated = lengths.starts_with(&[4, 2, 2]) || lengths.starts_with(&[2, 2, 4]);
    if dated || digits < 9 || groups.len() < 2 {
        return false;
    }
    let area = text.starts_with('(') && text.contains(')');
    let north_america = match &groups[..] {
        [a, b, c] | ["1", a, b, c] => {
            [a.len(), b.len(), c.len()] == [3, 3, 4] && [a, b].iter().all(|g| g.as_bytes()[0] >= b'2')
        }
        _ => false,
    };
    // An address of the internet protocol has points only.
    let pointed =
        groups.len() == 4 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.') && lengths.iter().all(|l| *l <= 3);
    let zero = groups[0].starts_with('0')
        && groups.len() >= 3
        && (2..=5).contains(&groups[0].len())
        && !(groups[0].starts_with("00") && groups[0].len() == 2)
        && lengths[1..].iter().all(|l| *l >= 2);
    !pointed && (north_america || zero || area)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: Option<PersonalData>, cells: &[&str]) {
        for cell in cells {
            assert_eq!(kind_of(cell), kind, "{cell}");
        }
    }

    #[test]
    fn forms_are_told() {
        let mails = ["ada@example.com", "a.b+c@sub.example.co.uk", "Ada L <ada@example.org>", "jürgen@müller.de"];
        check(Some(PersonalData::Email), &mails);
        let phones = [
            "+49 30 901820",
            "+14155552671",
            "+1 (415) 555-2671",
            "(030) 901 820 00",
            "0049 30 901820",
            "415-555-2671",
            "020 7946 0958",
            "01 23 45 67 89",
            "030/901-820-11",
        ];
        check(Some(PersonalData::Phone), &phones);
        let ibans = ["DE89370400440532013000", "GB82 WEST 1234 5698 7654 32", "fr1420041010050500013m02606"];
        check(Some(PersonalData::Iban), &ibans);
        let cards =
            ["4111111111111111", "5500 0000 0000 0004", "3782-822463-10005", "6011000990139424", "2223003122003222"];
        check(Some(PersonalData::Card), &cards);
    }

    #[test]
    fn clean_data_is_not_mistaken() {
        let clean = [
            "1234567890",
            "2026-03-01",
            "2026-03-01 12",
            "01-02-2026 10",
            "1700000000000",
            "1.234.567.890",
            "192.168.100.200",
            "+1234567.89",
            "-12.5",
            "+12345678",
            "978-3-16-148410-0",
            "123-45-6789",
            "ORD-2026-000123",
            "2024-000123",
            "00-1234-5678",
            "DE89370400440532013001",
            "4111111111111112",
            "1234567812345670",
            "a@b",
            "@home",
            "a b@c.de",
            "user@",
            "x..y@z.de",
            "12:30:45",
            "3.14159265358979",
            "DE",
            "12 345 678 901",
            "55-1234-1234-1",
        ];
        check(None, &clean);
    }

    #[test]
    fn a_column_is_marked_from_a_fifth_of_its_cells_on() {
        let scan = |hits: u64, others: u64| {
            let mut scan = Scan::default();
            scan.add("ada@example.com", hits);
            scan.add("none given", others);
            scan.verdict()
        };
        assert_eq!(scan(20, 80), Some(PersonalData::Email));
        assert_eq!(scan(19, 81), None);
        assert_eq!(scan(4, 0), None);
        assert_eq!(Scan::default().verdict(), None);
    }

    #[test]
    fn numbers_that_pass_a_checksum_by_chance_are_no_cards() {
        let each = |from: i64, step: i64| {
            move |take: &mut dyn FnMut(i64, u64)| (0..1000).for_each(|i| take(from + i * step, 1))
        };
        assert_eq!(of_whole_numbers(1000, each(4_000_000_000_000_000, 7919)), None);
        assert_eq!(of_whole_numbers(1000, each(1_700_000_000_000, 1000)), None);
        let cards = |take: &mut dyn FnMut(i64, u64)| take(4_111_111_111_111_111, 1000);
        assert_eq!(of_whole_numbers(1000, cards), Some(PersonalData::Card));
    }
}
