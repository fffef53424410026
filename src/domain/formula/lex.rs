//! From text to tokens. Unlike in a filter, `-`, `*` and `/` are never part of a bare name.

use crate::domain::filter::{FilterProblem, Place, quoted};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(f64),
    /// A name, a function or a word such as `and`.
    Bare(String),
    /// In `backticks`: always a column.
    Name(String),
    /// As it is shown: `+`, `<=` …
    Sign(&'static str),
    End,
}

/// Spelled, shown. Longer ones first.
const SIGNS: [(&str, &str); 22] = [
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
];

impl Token {
    pub fn title(&self) -> String {
        match self {
            Self::Number(x) => format!("`{x}`"),
            Self::Bare(text) | Self::Name(text) => format!("`{}`", text.chars().take(40).collect::<String>()),
            Self::Sign(sign) => format!("`{sign}`"),
            Self::End => "the end".to_owned(),
        }
    }
}

/// The tokens with their places, `End` last.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, Place)>, FilterProblem> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (token, length) = if c == ',' {
            (Token::Sign(","), 1)
        } else if let Some((spelled, shown)) = SIGNS.iter().find(|(spelled, _)| rest.starts_with(spelled)) {
            (Token::Sign(shown), spelled.len())
        } else if c == '`' {
            let (name, length) = quoted(rest, '`').ok_or_else(|| problem(text, at, "a closing `", "the end"))?;
            (Token::Name(name), length)
        } else if c.is_ascii_digit() || c == '.' {
            let length = number_length(rest);
            let number = rest[..length].parse::<f64>().ok().filter(|x| x.is_finite());
            (Token::Number(number.ok_or_else(|| problem(text, at, "a number", &rest[..length]))?), length)
        } else if c.is_alphanumeric() || c == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').unwrap_or(rest.len());
            (Token::Bare(rest[..length].to_owned()), length)
        } else {
            return Err(problem(text, at, "a column, a number or a sign", &format!("`{c}`")));
        };
        found.push((token, Place { start: at, end: at + length }));
        at += length;
    }
    found.push((Token::End, Place { start: text.len(), end: text.len() }));
    Ok(found)
}

/// `12`, `1.5`, `1e-3`.
pub(in crate::domain) fn number_length(rest: &str) -> usize {
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

pub(in crate::domain) fn problem(text: &str, start: usize, expected: &str, found: &str) -> FilterProblem {
    let character = text[..start].chars().count() + 1;
    let place = Place { start, end: text.len() };
    FilterProblem { place, character, expected: expected.to_owned(), found: found.to_owned() }
}
