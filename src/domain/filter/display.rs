//! Back to text that reads as the same filter.

use std::fmt::{self, Display, Formatter};

use super::lex::{self, Token};
use super::{Condition, Filter, Test};

/// Words that mean something by themselves in some place; quoted wherever they are names or values.
const WORDS: [&str; 16] = [
    "and", "or", "not", "in", "between", "is", "missing", "null", "present", "contains", "starts", "ends", "with",
    "&&", "||", "",
];

fn is_bare(text: &str) -> bool {
    let one = lex::tokens(text).is_ok_and(|t| t.len() == 2 && t[0].0 == Token::Bare(text.to_owned()));
    one && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

fn name(text: &str) -> String {
    if is_bare(text) { text.to_owned() } else { format!("`{}`", text.replace('`', "``")) }
}

fn value(text: &str) -> String {
    let number = text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let plain = number || matches!(text, "true" | "false");
    if plain && is_bare(text) { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

impl Display for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut Formatter<'_>, parts: &[Filter], word: &str| {
            for (i, part) in parts.iter().enumerate() {
                if i > 0 {
                    write!(f, " {word} ")?;
                }
                // Also `and` in `or`: not needed, but nobody has to know which binds stronger.
                match part {
                    Self::And(_) | Self::Or(_) => write!(f, "({part})")?,
                    _ => write!(f, "{part}")?,
                }
            }
            Ok(())
        };
        match self {
            Self::And(parts) => joined(f, parts, "and"),
            Self::Or(parts) => joined(f, parts, "or"),
            Self::Not(inner) => match **inner {
                Self::And(_) | Self::Or(_) => write!(f, "not ({inner})"),
                _ => write!(f, "not {inner}"),
            },
            Self::Test(condition) => write!(f, "{condition}"),
        }
    }
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let column = name(&self.column.text);
        match &self.test {
            Test::Compare(operator, word) => write!(f, "{column} {} {}", operator.as_str(), value(&word.text)),
            Test::In(words) => {
                let values: Vec<String> = words.iter().map(|w| value(&w.text)).collect();
                write!(f, "{column} in ({})", values.join(", "))
            }
            Test::Between(low, high) => write!(f, "{column} between {} and {}", value(&low.text), value(&high.text)),
            Test::Part(part, word) => write!(f, "{column} {} {}", part.as_str(), value(&word.text)),
            Test::Missing => write!(f, "{column} is missing"),
            Test::Present => write!(f, "{column} is present"),
        }
    }
}
