//! From text to tokens. Unlike in a filter, `-`, `*` and `/` are never part of a bare name.

use crate::domain::filter::{FilterProblem, Place, quoted};

#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    Number(f64),
    Whole(i64),
    /// A name, a function or a word such as `and`.
    Bare(String),
    /// In `backticks`: always a column.
    Name(String),
    /// In quotes, or a bare date.
    Text(String),
    /// As it is shown: `+`, `<=` …
    Sign(&'static str),
    End,
}

/// Spelled, shown. Longer ones first.
const SIGNS: [(&str, &str); 23] = [
    ("==", "="),
    ("!=", "!="),
    ("<>", "!="),
    ("<=", "<="),
    (">=", ">="),
    ("&&", "and"),
    ("||", "or"),
    ("≠", "!="),
    ("≤", "<="),
    ("≥", ">="),
    ("×", "*"),
    ("÷", "/"),
    ("−", "-"),
    ("=", "="),
    ("<", "<"),
    (">", ">"),
    ("+", "+"),
    ("-", "-"),
    ("*", "*"),
    ("/", "/"),
    ("(", "("),
    (")", ")"),
    (",", ","),
];

impl Token {
    /// What a message calls it.
    pub fn title(&self) -> String {
        match self {
            Self::Number(x) => format!("`{x}`"),
            Self::Whole(x) => format!("`{x}`"),
            Self::Bare(text) | Self::Name(text) | Self::Text(text) => {
                format!("`{}`", text.chars().take(40).collect::<String>())
            }
            Self::Sign(sign) => format!("`{sign}`"),
            Self::End => "the end".to_owned(),
        }
    }
}

/// What may stand beside columns and signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    Numbers,
    /// Texts in quotes and bare dates, too.
    Values,
}

/// The tokens with their places, `End` last.
pub fn tokens(text: &str, words: Words) -> Result<Vec<(Token, Place)>, FilterProblem> {
    let (mut found, mut at) = (Vec::new(), 0);
    let takes_texts = words == Words::Values;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (token, length) = if let Some((spelled, shown)) = SIGNS.iter().find(|(s, _)| rest.starts_with(s)) {
            (Token::Sign(shown), spelled.len())
        } else if c == '`' || (takes_texts && matches!(c, '"' | '\'')) {
            let (inner, length) =
                quoted(rest, c).ok_or_else(|| problem(text, at, &format!("a closing {c}"), "the end"))?;
            (if c == '`' { Token::Name(inner) } else { Token::Text(inner) }, length)
        } else if let Some(length) = date_length(rest).filter(|_| takes_texts) {
            (Token::Text(rest[..length].to_owned()), length)
        } else if c.is_ascii_digit() || c == '.' {
            let length = number_length(rest);
            let digits = &rest[..length];
            let whole = digits.parse::<i64>().ok().map(Token::Whole);
            let number = || digits.parse::<f64>().ok().filter(|x| x.is_finite()).map(Token::Number);
            (whole.or_else(number).ok_or_else(|| problem(text, at, "a number", digits))?, length)
        } else if c.is_alphanumeric() || c == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').unwrap_or(rest.len());
            (Token::Bare(rest[..length].to_owned()), length)
        } else {
            let expected = if takes_texts { "a column, a value or a sign" } else { "a column, a number or a sign" };
            return Err(problem(text, at, expected, &format!("`{c}`")));
        };
        found.push((token, Place { start: at, end: at + length }));
        at += length;
    }
    found.push((Token::End, Place { start: text.len(), end: text.len() }));
    Ok(found)
}

/// `2026-03-01`, `2026-03-01T12:30`, `2026-03-01T12:30:05Z`: two subtractions in a row of this look mean nothing else.
fn date_length(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let fits = |at: usize, shape: &[u8]| {
        shape.iter().enumerate().all(|(i, want)| match bytes.get(at + i) {
            Some(b) if *want == b'0' => b.is_ascii_digit(),
            Some(b) => b == want,
            None => false,
        })
    };
    if !fits(0, b"0000-00-00") {
        return None;
    }
    let mut length = 10;
    if fits(10, b"T00:00") {
        length = 16;
        if fits(16, b":00") {
            length = 19;
        }
        length += usize::from(bytes.get(length) == Some(&b'Z'));
    }
    let ends = rest[length..].chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '.');
    ends.then_some(length)
}

/// `12`, `1.5`, `1e-3`.
fn number_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut at = digits(0);
    if bytes.get(at) == Some(&b'.') {
        at += 1 + digits(at + 1);
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits((at + 1 + sign).min(bytes.len()));
        if exponent > 0 {
            at += 1 + sign + exponent;
        }
    }
    at.max(1)
}

pub fn problem(text: &str, start: usize, expected: &str, found: &str) -> FilterProblem {
    let character = text[..start].chars().count() + 1;
    let place = Place { start, end: text.len() };
    FilterProblem { place, character, expected: expected.to_owned(), found: found.to_owned() }
}
