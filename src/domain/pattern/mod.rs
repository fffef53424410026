//! Patterns over texts: regular expressions, and SQL's LIKE.
//!
//! A pattern from a suite file is data from elsewhere: searching takes time in proportion to the text, whatever the
//! pattern (no backtracking), and what would grow too large is refused when it is read. The syntax is that of the
//! `regex` crate without its rarer corners: no look-around and no back references, as there; no `x` flag, no class
//! operators such as `&&`, and of Unicode's classes only those of `PROPERTIES`, which are told when one is asked for.

mod class;
mod parse;
mod program;
mod search;

pub use search::Matcher;

use program::Program;

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at character {character}: {what}")]
pub struct PatternProblem {
    /// 1-based.
    pub character: usize,
    pub what: String,
}

/// A pattern that can be searched for.
#[derive(Clone, Debug)]
pub struct Pattern {
    program: Program,
}

impl Pattern {
    /// A regular expression; a match may be anywhere in the text unless it is anchored.
    ///
    /// Errors: the place where it stops being one, or that it would grow too large.
    pub fn regex(text: &str) -> Result<Self, PatternProblem> {
        let node = parse::regex(text)?;
        Ok(Self { program: Program::of(&node)? })
    }

    /// SQL's LIKE over the whole text: `%` stands for any text, `_` for any character, `\` takes the next one as it is.
    ///
    /// Errors: a pattern that would grow too large.
    pub fn like(text: &str) -> Result<Self, PatternProblem> {
        Ok(Self { program: Program::of(&parse::like(text))? })
    }

    /// Searches with a memory of its own, which makes the next search faster.
    pub fn matcher(&self) -> Matcher {
        Matcher::new(self.program.clone())
    }

    /// Is there a match in the text?
    pub fn is_match(&self, text: &str) -> bool {
        self.matcher().is_match(text)
    }
}

#[cfg(test)]
mod tests;
