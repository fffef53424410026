//! The text filter: `age > 40 and plan in ("basic", plus) and not city is missing`.
//!
//! What lives here: the words, the tree and its text form. Not here: which column has which type, and the rows (see
//! `data::view`).
//!
//! A filter keeps a row when it is true for it. Logic is three-valued, as in SQL: a comparison with a missing cell is
//! neither true nor false but unknown, and so is its `not`. So `not plan = "basic"` keeps what `plan != "basic"` keeps,
//! and rows without a plan need `or plan is missing`. Only `is missing` and `is present` always know.

mod display;
mod lex;
mod parse;

pub(in crate::domain) use lex::quoted;
pub use parse::parse;

/// How a filter is written, in the words of a help page.
pub const HELP: &str = "\
column = value, !=, <, <=, >, >=
column in (a, b, c) · column between a and b
column contains part · starts with part · ends with part (any case)
column is missing · column is present
Join with and, or, not and parentheses. Dates are written 2026-03-01 and mean the whole day.
Put names with spaces in `backticks` or \"quotes\", values with spaces in \"quotes\".
A comparison with a missing cell is not true, and neither is its not.";

/// Conditions and how they are joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// At least two.
    And(Vec<Filter>),
    /// At least two.
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Test(Condition),
}

/// Something said about one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub column: Word,
    pub test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    Compare(Comparison, Word),
    /// Equal to one of these; at least one.
    In(Vec<Word>),
    /// From the first to the second, both included.
    Between(Word, Word),
    /// Part, beginning or end of the cell as text, in any case.
    Part(Part, Word),
    Missing,
    Present,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Contains,
    StartsWith,
    EndsWith,
}

impl Part {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::StartsWith => "starts with",
            Self::EndsWith => "ends with",
        }
    }
}

/// A column's name or a value, and where it stands.
#[derive(Clone, Debug)]
pub struct Word {
    pub text: String,
    pub place: Place,
}

impl Word {
    /// A word that nobody typed.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), place: Place::default() }
    }
}

/// Two words are the same when they say the same, wherever they stand.
impl PartialEq for Word {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Word {}

/// Bytes of the filter's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub start: usize,
    pub end: usize,
}

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at character {character}: expected {expected}, found {found}")]
pub struct FilterProblem {
    pub place: Place,
    /// 1-based.
    pub character: usize,
    pub expected: String,
    pub found: String,
}

impl Filter {
    /// All conditions, in the order they are written.
    pub fn conditions(&self) -> Vec<&Condition> {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::conditions).collect(),
            Self::Not(inner) => inner.conditions(),
            Self::Test(condition) => vec![condition],
        }
    }
}

#[cfg(test)]
mod tests;
