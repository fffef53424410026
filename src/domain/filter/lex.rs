//! From text to tokens.

use super::{FilterProblem, Place};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A name, number, date or keyword.
    Bare(String),
    /// In 'single' or "double" quotes, which double inside.
    Quoted(String),
    /// In `backticks`: always a name.
    Name(String),
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`, as they are shown.
    Operator(&'static str),
    Open,
    Close,
    Comma,
    End,
}

impl Token {
    /// What a message calls it.
    pub fn title(&self) -> String {
        match self {
            Self::Bare(text) | Self::Quoted(text) | Self::Name(text) => {
                let short: String = text.chars().take(40).collect();
                format!("`{short}`")
            }
            Self::Operator(text) => format!("`{text}`"),
            Self::Open => "`(`".to_owned(),
            Self::Close => "`)`".to_owned(),
            Self::Comma => "`,`".to_owned(),
            Self::End => "the end".to_owned(),
        }
    }
}

const OPERATORS: [(&str, &str); 11] = [
    ("==", "="),
    ("!=", "!="),
    ("<>", "!="),
    ("<=", "<="),
    (">=", ">="),
    ("=", "="),
    ("≠", "!="),
    ("≤", "<="),
    ("≥", ">="),
    ("<", "<"),
    (">", ">"),
];

/// The tokens with their places, `End` last.
pub fn tokens(text: &str) -> Result<Vec<(Token, Place)>, FilterProblem> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let (token, length) = match c {
            c if c.is_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            '"' | '\'' | '`' => {
                let (inner, length) = quoted(rest, c).ok_or_else(|| unclosed(text, at, c))?;
                (if c == '`' { Token::Name(inner) } else { Token::Quoted(inner) }, length)
            }
            _ => match OPERATORS.iter().find(|(spelled, _)| rest.starts_with(spelled)) {
                Some((spelled, shown)) => (Token::Operator(shown), spelled.len()),
                None => {
                    let word = bare(rest);
                    (Token::Bare(word.to_owned()), word.len())
                }
            },
        };
        found.push((token, Place { start: at, end: at + length }));
        at += length;
    }
    found.push((Token::End, Place { start: text.len(), end: text.len() }));
    Ok(found)
}

/// The text between quotes, which double inside, and the length with them.
pub fn quoted(rest: &str, quote: char) -> Option<(String, usize)> {
    let mut inner = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((i, c)) = chars.next() {
        if c != quote {
            inner.push(c);
        } else if chars.peek().is_some_and(|&(_, next)| next == quote) {
            chars.next();
            inner.push(quote);
        } else {
            return Some((inner, i + 1));
        }
    }
    None
}

fn unclosed(text: &str, at: usize, quote: char) -> FilterProblem {
    problem(text, Place { start: at, end: text.len() }, &format!("a closing {quote}"), "the end")
}

/// Everything up to a space, quote, comma, parenthesis or operator: `12.5`, `2026-03-01T12:30`, `größe`.
fn bare(rest: &str) -> &str {
    let stops = |c: char| c.is_whitespace() || "()\"'`,=<>≠≤≥".contains(c);
    // `!` is a letter like any other unless `=` follows.
    let end = rest.char_indices().skip(1).find(|&(i, c)| stops(c) || rest[i..].starts_with("!="));
    &rest[..end.map_or(rest.len(), |(i, _)| i)]
}

pub fn problem(text: &str, place: Place, expected: &str, found: &str) -> FilterProblem {
    let character = text[..place.start].chars().count() + 1;
    FilterProblem { place, character, expected: expected.to_owned(), found: found.to_owned() }
}
