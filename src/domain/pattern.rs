//! Patterns over texts: regular expressions, and SQL's LIKE.
//!
//! A pattern from a suite file is data from elsewhere: searching takes time in proportion to the text, whatever the
//! pattern, and what would grow too large is refused when it is read. Both are promises of the `regex` crate, whose
//! syntax this is: no look-around and no back references.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use regex::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;

/// Groups inside each other; more are a mistake, and would cost stack.
const MOST_DEEP: u32 = 64;
/// As many characters are a pattern at most.
const MOST_CHARACTERS: usize = 10_000;
/// What a pattern may take when it is made ready.
const MOST_BYTES: usize = 4 << 20;
/// Patterns that stay ready. To make one ready takes as long as to search some thousand texts for it, and a suite that is
/// edited asks for the same ones at every keystroke.
const MOST_READY: usize = 128;

static READY: Mutex<VecDeque<(String, Regex)>> = Mutex::new(VecDeque::new());

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
    regex: Regex,
}

impl Pattern {
    /// A regular expression; a match may be anywhere in the text unless it is anchored.
    ///
    /// Errors: the place where it stops being one, or that it would grow too large.
    pub fn regex(text: &str) -> Result<Self, PatternProblem> {
        if text.chars().nth(MOST_CHARACTERS).is_some() {
            let what = format!("longer than {MOST_CHARACTERS} characters");
            return Err(PatternProblem { character: MOST_CHARACTERS + 1, what });
        }
        Self::ready(text)
    }

    /// SQL's LIKE over the whole text: `%` stands for any text, `_` for any character, `\` takes the next one as it is.
    ///
    /// Errors: a pattern that would grow too large.
    pub fn like(text: &str) -> Result<Self, PatternProblem> {
        let mut regex = r"(?s)\A".to_owned();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '%' => regex.push_str(".*"),
                '_' => regex.push('.'),
                '\\' => regex.push_str(&regex::escape(chars.next().unwrap_or('\\').encode_utf8(&mut [0; 4]))),
                c => regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
            }
        }
        regex.push_str(r"\z");
        Self::ready(&regex)
    }

    fn ready(text: &str) -> Result<Self, PatternProblem> {
        let known = || READY.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, regex)) = known().iter().find(|(of, _)| of == text) {
            return Ok(Self { regex: regex.clone() });
        }
        let built = RegexBuilder::new(text).size_limit(MOST_BYTES).nest_limit(MOST_DEEP).build();
        let regex = built.map_err(|error| problem(text, &error))?;
        let mut known = known();
        known.truncate(MOST_READY - 1);
        known.push_front((text.to_owned(), regex.clone()));
        Ok(Self { regex })
    }

    /// Is there a match in the text?
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

fn problem(text: &str, error: &regex::Error) -> PatternProblem {
    if let regex::Error::CompiledTooBig(_) = error {
        let what = "its repeats would make it too large to search for; repeat less".to_owned();
        return PatternProblem { character: 1, what };
    }
    // The same parser once more, for the place.
    let (at, what) = match ParserBuilder::new().nest_limit(MOST_DEEP).build().parse(text) {
        Err(regex_syntax::Error::Parse(error)) => (error.span().start.offset, error.kind().to_string()),
        Err(regex_syntax::Error::Translate(error)) => (error.span().start.offset, error.kind().to_string()),
        _ => (0, error.to_string()),
    };
    PatternProblem { character: text[..at].chars().count() + 1, what }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(regex: &str, matching: &[&str], others: &[&str]) {
        let pattern = Pattern::regex(regex).unwrap();
        for text in matching {
            assert!(pattern.is_match(text), "{regex} should match {text:?}");
        }
        for text in others {
            assert!(!pattern.is_match(text), "{regex} should not match {text:?}");
        }
    }

    fn problem(regex: &str) -> String {
        Pattern::regex(regex).unwrap_err().to_string()
    }

    // Expectations are those of the regex crate 1.13 and, where both have the syntax, of Python's re.search.
    #[test]
    fn regular_expressions_match_as_documented() {
        check("", &["", "a"], &[]);
        check("b+", &["abc", "bb"], &["", "ac"]);
        check(r"^c1_\d{3}$", &["c1_000", "c1_123"], &["c1_12", "c1_1234", "xc1_123", "c1_12a", "c1_123\n"]);
        check("^(a|bc)*d?$", &["", "abca", "d", "bcd"], &["b", "dd", "ca"]);
        check(r"^\w+@\w+\.(com|de)$", &["a_1@b.de", "ä@ö.com"], &["a@b.org", "@b.de"]);
        check("^[^a-c]$", &["d", "-", "é"], &["a", "b", ""]);
        check("^[]a-]+$", &["]", "a-]"], &["b"]);
        check(r"^[\d\-x]+$", &["1-x"], &["y"]);
        check(r"\bcat\b", &["a cat.", "cat"], &["cats", "scat", "écat"]);
        check(r"a\Bb", &["ab"], &["a b"]);
        check("(?i)straße|ABC", &["STRAßE", "abc"], &["strase"]);
        check("a(?i:b)c", &["aBc", "abc"], &["ABc", "abC"]);
        check("a.c", &["abc", "aéc"], &["a\nc", "ac"]);
        check("(?s)a.c", &["a\nc"], &["ac"]);
        check("(?m)^b$", &["a\nb\nc"], &["ab"]);
        check("a{2,3}?b", &["aab", "aaaab"], &["ab"]);
        check("^a{2}$", &["aa"], &["a", "aaa"]);
        check("^(?P<year>\\d{4})-(?<m>\\d\\d)$", &["2026-11"], &["2026-1"]);
        check(r"\x41\u{42}\u0043", &["ABC"], &["abc"]);
        check("^[[:upper:]][[:^digit:]]$", &["Ab"], &["ab", "A1"]);
        check(r"^\p{Lu}\p{L}+$", &["Ärger"], &["ärger", "Ä1"]);
        check(r"^\d$", &["7", "٣"], &["½", "a"]);
        check(r"^\s\S$", &[" x", "\u{a0}x"], &["xx"]);
        check("x*", &["", "y"], &[]);
        check("^$", &[""], &["a"]);
        check(r"\$\.\(", &["$.("], &["$("]);
        check("(a*)*b", &["aaab", "b"], &["aaa"]);
        check("()+", &["", "x"], &[]);
    }

    #[test]
    fn like_patterns_match_the_whole_text() {
        let check = |like: &str, text: &str, expected: bool| {
            assert_eq!(Pattern::like(like).unwrap().is_match(text), expected, "{like} and {text}");
        };
        check("a%", "abc", true);
        check("a%", "bac", false);
        check("%b_", "abc\nbé", true);
        check("a_c", "ac", false);
        check(r"50\%", "50%", true);
        check(r"50\%", "500", false);
        check("a.c", "abc", false);
        check("A%", "abc", false);
    }

    #[test]
    fn what_is_no_pattern_is_told_with_its_place() {
        assert_eq!(problem("a("), "at character 2: unclosed group");
        assert_eq!(problem("ä)"), "at character 2: unopened group");
        assert_eq!(problem("*a"), "at character 1: repetition operator missing expression");
        assert!(problem("a{x}").starts_with("at character 3: "));
        assert!(problem("a(?=b)").contains("look-ahead"));
        assert!(problem(r"(a)\1").starts_with("at character 4: backreferences"));
        assert!(problem("a\\").contains("end of pattern"));
        assert!(problem(r"\p{Greece}").contains("property not found"));
    }

    #[test]
    fn patterns_are_told_apart_however_many_were_asked_for() {
        for round in 0..2 {
            for n in 0..2 * MOST_READY {
                let pattern = Pattern::regex(&format!("^x{n}$")).unwrap();
                assert!(pattern.is_match(&format!("x{n}")) && !pattern.is_match(&format!("x{}", n + 1)), "{round}");
            }
        }
        assert!(READY.lock().unwrap().len() <= MOST_READY);
    }

    #[test]
    fn bombs_are_refused_or_harmless() {
        assert!(problem("((a{1000}){1000}){1000}").contains("repeat less"));
        assert!(problem(&("(".repeat(5000) + &")".repeat(5000))).contains("nested"));
        assert!(problem(&"a".repeat(20_000)).contains("longer than"));
        // Exponential for a backtracking search.
        check("^(a+)+$", &[&"a".repeat(20_000)], &[&("a".repeat(20_000) + "b")]);
        // More states than a machine of them can have.
        check("[ab]*a[ab]{14}c", &[&("ab".repeat(3000) + "a" + &"b".repeat(14) + "c")], &[&"abba".repeat(3000)]);
    }
}
