//! Sets of characters.

/// Zeros of Unicode's decimal digits (general category Nd, Unicode 16): nine more follow each.
const ZEROS: [u32; 64] = [
    0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0,
    0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620,
    0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0,
    0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x11F50,
    0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E950,
];

/// Names of Unicode's classes that `\p{…}` knows.
pub(super) const PROPERTIES: [&str; 11] =
    ["L", "Letter", "Lu", "Uppercase", "Ll", "Lowercase", "N", "Nd", "Alphabetic", "White_Space", "Alphanumeric"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Digit,
    Word,
    Space,
    Letter,
    Upper,
    Lower,
    Number,
}

impl Kind {
    pub fn property(name: &str) -> Option<&'static [Self]> {
        Some(match name {
            "L" | "Letter" | "Alphabetic" => &[Self::Letter],
            "Lu" | "Uppercase" => &[Self::Upper],
            "Ll" | "Lowercase" => &[Self::Lower],
            "N" => &[Self::Number],
            "Nd" => &[Self::Digit],
            "White_Space" => &[Self::Space],
            "Alphanumeric" => &[Self::Letter, Self::Number],
            _ => return None,
        })
    }

    fn has(self, c: char) -> bool {
        match self {
            Self::Digit => is_digit(c),
            Self::Word => is_word(c),
            Self::Space => c.is_whitespace(),
            Self::Letter => c.is_alphabetic(),
            Self::Upper => c.is_uppercase(),
            Self::Lower => c.is_lowercase(),
            Self::Number => c.is_numeric(),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    Range(char, char),
    /// These or, with `false`, all others.
    Kinds(&'static [Kind], bool),
    /// A set within a set.
    Set(Set),
}

/// Characters that fit at one place of a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Set {
    pub items: Vec<Item>,
    pub negated: bool,
    /// Upper and lower case are the same.
    pub any_case: bool,
}

impl Set {
    pub fn one(c: char, any_case: bool) -> Self {
        Self { items: vec![Item::Range(c, c)], negated: false, any_case }
    }

    /// All but the end of a line, unless `line_ends` belong to it.
    pub fn dot(line_ends: bool) -> Self {
        let items = if line_ends { Vec::new() } else { vec![Item::Range('\n', '\n')] };
        Self { items, negated: true, any_case: false }
    }

    pub fn has(&self, c: char) -> bool {
        let inside = |c: char| {
            self.items.iter().any(|item| match item {
                Item::Range(first, last) => *first <= c && c <= *last,
                Item::Kinds(kinds, wanted) => kinds.iter().any(|kind| kind.has(c)) == *wanted,
                Item::Set(set) => set.has(c),
            })
        };
        let found = inside(c) || (self.any_case && (c.to_lowercase().any(inside) || c.to_uppercase().any(inside)));
        found != self.negated
    }
}

/// What `\b` and `\w` take for part of a word.
pub(super) fn is_word(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || c == '_'
    } else {
        c.is_alphanumeric() && !c.is_numeric() || is_digit(c)
    }
}

fn is_digit(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_digit();
    }
    let c = c as u32;
    let at = ZEROS.partition_point(|zero| *zero <= c);
    at > 0 && c < ZEROS[at - 1] + 10
}
