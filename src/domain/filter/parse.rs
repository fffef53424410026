//! From tokens to a tree. `or` binds weakest, then `and`, then `not`.

use super::lex::{self, Token};
use super::{Comparison, Condition, Filter, FilterProblem, Part, Place, Test, Word};

/// Parentheses and `not`s inside each other; more are a mistake, and would cost stack.
const MAX_DEPTH: usize = 64;

/// Words that join conditions and therefore name no column unless quoted.
pub const JOINING: [&str; 3] = ["and", "or", "not"];

/// Reads a filter.
///
/// Errors: the place where it stops being one, and what would have fitted there.
pub fn parse(text: &str) -> Result<Filter, FilterProblem> {
    let mut parser = Parser { text, tokens: lex::tokens(text)?, at: 0, depth: 0 };
    let filter = parser.any_of()?;
    if *parser.token() != Token::End {
        return Err(parser.wrong("`and`, `or` or the end"));
    }
    Ok(filter)
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<(Token, Place)>,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn token(&self) -> &Token {
        &self.tokens[self.at].0
    }

    /// The token here; the end is never passed.
    fn take(&mut self) -> (Token, Place) {
        let taken = self.tokens[self.at].clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        taken
    }

    fn wrong(&self, expected: &str) -> FilterProblem {
        let (token, place) = &self.tokens[self.at];
        lex::problem(self.text, *place, expected, &token.title())
    }

    fn is_word(&self, at: usize, words: &[&str]) -> bool {
        match self.tokens.get(at) {
            Some((Token::Bare(text), _)) => words.iter().any(|word| word.eq_ignore_ascii_case(text)),
            _ => false,
        }
    }

    /// Takes the word when it is here.
    fn eats(&mut self, word: &str) -> bool {
        let here = self.is_word(self.at, &[word]);
        if here {
            self.take();
        }
        here
    }

    fn any_of(&mut self) -> Result<Filter, FilterProblem> {
        let mut parts = vec![self.all_of()?];
        while self.eats("or") || self.eats("||") {
            parts.push(self.all_of()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::Or(parts) })
    }

    fn all_of(&mut self) -> Result<Filter, FilterProblem> {
        let mut parts = vec![self.one()?];
        while self.eats("and") || self.eats("&&") {
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::And(parts) })
    }

    fn one(&mut self) -> Result<Filter, FilterProblem> {
        if self.depth == MAX_DEPTH {
            return Err(self.wrong("at most 64 parentheses inside each other"));
        }
        self.depth += 1;
        let filter = if self.eats("not") {
            Filter::Not(Box::new(self.one()?))
        } else if *self.token() == Token::Open {
            self.take();
            let inner = self.any_of()?;
            if *self.token() != Token::Close {
                return Err(self.wrong("`)`, `and` or `or`"));
            }
            self.take();
            inner
        } else {
            self.condition()?
        };
        self.depth -= 1;
        Ok(filter)
    }

    fn condition(&mut self) -> Result<Filter, FilterProblem> {
        let column = match self.token() {
            Token::Bare(_) if !self.is_word(self.at, &JOINING) => self.word(),
            Token::Quoted(_) | Token::Name(_) => self.word(),
            _ => return Err(self.wrong("the name of a column")),
        };
        let negated = self.is_word(self.at, &["not"])
            && self.is_word(self.at + 1, &["in", "between", "contains", "starts", "ends"]);
        if negated {
            self.take();
        }
        let (test, also_negated) = self.test()?;
        let test = Filter::Test(Condition { column, test });
        Ok(if negated != also_negated { Filter::Not(Box::new(test)) } else { test })
    }

    /// What is said about the column, and whether the opposite is meant.
    fn test(&mut self) -> Result<(Test, bool), FilterProblem> {
        if let Token::Operator(operator) = self.token() {
            let operator = comparison(operator);
            self.take();
            return Ok((Test::Compare(operator, self.value()?), false));
        }
        if self.eats("is") {
            return self.is();
        }
        if self.eats("in") {
            return Ok((Test::In(self.list()?), false));
        }
        if self.eats("between") {
            let low = self.value()?;
            if !self.eats("and") {
                return Err(self.wrong("`and` and the upper value"));
            }
            return Ok((Test::Between(low, self.value()?), false));
        }
        if self.eats("contains") {
            return Ok((Test::Part(Part::Contains, self.value()?), false));
        }
        for (word, part) in [("starts", Part::StartsWith), ("ends", Part::EndsWith)] {
            if self.eats(word) {
                if !self.eats("with") {
                    return Err(self.wrong("`with`"));
                }
                return Ok((Test::Part(part, self.value()?), false));
            }
        }
        let spaced = matches!(self.token(), Token::Bare(_)) && matches!(self.tokens[self.at - 1].0, Token::Bare(_));
        let hint = if spaced { "; a name with spaces goes in `backticks`" } else { "" };
        Err(self.wrong(&format!("a comparison such as = or > or contains{hint}")))
    }

    /// After `is`: a state, or a value.
    fn is(&mut self) -> Result<(Test, bool), FilterProblem> {
        let negated = self.eats("not");
        if self.eats("missing") || self.eats("null") {
            return Ok((if negated { Test::Present } else { Test::Missing }, false));
        }
        if self.eats("present") {
            return Ok((if negated { Test::Missing } else { Test::Present }, false));
        }
        let operator = if negated { Comparison::NotEqual } else { Comparison::Equal };
        Ok((Test::Compare(operator, self.value()?), false))
    }

    fn list(&mut self) -> Result<Vec<Word>, FilterProblem> {
        if *self.token() != Token::Open {
            return Err(self.wrong("`(` and the values"));
        }
        self.take();
        let mut values = vec![self.value()?];
        loop {
            match self.token() {
                Token::Comma => {
                    self.take();
                    values.push(self.value()?);
                }
                Token::Close => {
                    self.take();
                    return Ok(values);
                }
                _ => return Err(self.wrong("`,` or `)`")),
            }
        }
    }

    fn value(&mut self) -> Result<Word, FilterProblem> {
        match self.token() {
            Token::Bare(_) if !self.is_word(self.at, &JOINING) => Ok(self.word()),
            Token::Quoted(_) => Ok(self.word()),
            Token::Name(_) => Err(self.wrong("a value (columns are compared with values, not with each other)")),
            _ => Err(self.wrong("a value such as 40, \"basic\" or 2026-03-01")),
        }
    }

    fn word(&mut self) -> Word {
        let (token, place) = self.take();
        let text = match token {
            Token::Bare(text) | Token::Quoted(text) | Token::Name(text) => text,
            _ => String::new(),
        };
        Word { text, place }
    }
}

fn comparison(shown: &str) -> Comparison {
    match shown {
        "!=" => Comparison::NotEqual,
        "<" => Comparison::Less,
        "<=" => Comparison::LessOrEqual,
        ">" => Comparison::Greater,
        ">=" => Comparison::GreaterOrEqual,
        _ => Comparison::Equal,
    }
}
