//! What formulas and expressions have in common: their tokens, and the climb from the weakest sign to the strongest:
//! `or`, `and`, `not`, comparisons, `+ −`, `× ÷`, the sign.
//!
//! A language says what its nodes are and what its values look like; the order, the limits and the messages are the
//! same in both.

mod lex;

pub use lex::{Token, Words};

use super::filter::{Comparison, FilterProblem, Place};

/// Parentheses and signs inside each other, and terms in a row; more are a mistake, and would cost stack.
const MAX_DEPTH: usize = 64;
const MAX_TERMS: usize = 500;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    /// By 0: missing.
    Divide,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logic {
    And,
    Or,
}

/// Where a text is being read.
pub struct Cursor<'a> {
    text: &'a str,
    tokens: Vec<(Token, Place)>,
    at: usize,
    depth: usize,
    terms: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str, words: Words) -> Result<Self, FilterProblem> {
        Ok(Self { text, tokens: lex::tokens(text, words)?, at: 0, depth: 0, terms: 0 })
    }

    pub fn token(&self) -> &Token {
        &self.tokens[self.at].0
    }

    /// The token here; the end is never passed.
    pub fn take(&mut self) -> Token {
        let taken = self.tokens[self.at].0.clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        taken
    }

    pub fn wrong(&self, expected: &str) -> FilterProblem {
        let (token, place) = &self.tokens[self.at];
        lex::problem(self.text, place.start, expected, &token.title())
    }

    /// Is the token that is `ahead` from here this sign or word?
    pub fn is(&self, ahead: usize, what: &str) -> bool {
        match self.tokens.get(self.at + ahead).map(|(token, _)| token) {
            Some(Token::Sign(sign)) => *sign == what,
            Some(Token::Bare(word)) => word.eq_ignore_ascii_case(what),
            _ => false,
        }
    }

    pub fn eats(&mut self, what: &str) -> bool {
        let here = self.is(0, what);
        if here {
            self.take();
        }
        here
    }

    fn deeper(&mut self) -> Result<(), FilterProblem> {
        if self.depth == MAX_DEPTH {
            return Err(self.wrong("at most 64 parentheses inside each other"));
        }
        self.depth += 1;
        Ok(())
    }

    /// Counts what joins two parts: a long row of them is as deep as it is long.
    pub fn joined<Node>(&mut self, node: Node) -> Result<Node, FilterProblem> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(self.wrong("at most 500 signs"));
        }
        Ok(node)
    }
}

const COMPARISONS: [(&str, Comparison); 6] = [
    ("=", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<", Comparison::Less),
    ("<=", Comparison::LessOrEqual),
    (">", Comparison::Greater),
    (">=", Comparison::GreaterOrEqual),
];

/// A language of formulas; `Self` reads one text.
pub trait Grammar<'a>: Sized {
    type Node;

    fn cursor(&mut self) -> &mut Cursor<'a>;
    fn logic(how: Logic, left: Self::Node, right: Self::Node) -> Self::Node;
    fn not(inner: Self::Node) -> Self::Node;
    fn compare(how: Comparison, left: Self::Node, right: Self::Node) -> Self::Node;
    fn arithmetic(how: Arithmetic, left: Self::Node, right: Self::Node) -> Self::Node;
    fn negate(inner: Self::Node) -> Self::Node;

    /// A value, a column or a call: whatever is no parenthesis.
    fn value(&mut self) -> Result<Self::Node, FilterProblem>;

    /// What may follow a sum beside the signs of comparison.
    fn after(&mut self, left: Self::Node) -> Result<Self::Node, FilterProblem> {
        Ok(left)
    }

    fn any_of(&mut self) -> Result<Self::Node, FilterProblem> {
        let mut left = self.all_of()?;
        while self.cursor().eats("or") {
            let right = self.all_of()?;
            left = self.cursor().joined(Self::logic(Logic::Or, left, right))?;
        }
        Ok(left)
    }

    fn all_of(&mut self) -> Result<Self::Node, FilterProblem> {
        let mut left = self.negation()?;
        while self.cursor().eats("and") {
            let right = self.negation()?;
            left = self.cursor().joined(Self::logic(Logic::And, left, right))?;
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Self::Node, FilterProblem> {
        if !self.cursor().eats("not") {
            return self.comparison();
        }
        self.cursor().deeper()?;
        let inner = self.negation()?;
        self.cursor().depth -= 1;
        Ok(Self::not(inner))
    }

    fn comparison(&mut self) -> Result<Self::Node, FilterProblem> {
        let left = self.sum()?;
        for (sign, how) in COMPARISONS {
            if self.cursor().eats(sign) {
                let right = self.sum()?;
                return self.cursor().joined(Self::compare(how, left, right));
            }
        }
        self.after(left)
    }

    fn sum(&mut self) -> Result<Self::Node, FilterProblem> {
        self.row([("+", Arithmetic::Add), ("-", Arithmetic::Subtract)], Self::product)
    }

    fn product(&mut self) -> Result<Self::Node, FilterProblem> {
        self.row([("*", Arithmetic::Multiply), ("/", Arithmetic::Divide)], Self::signed)
    }

    /// Parts with one of two signs between them, from the left.
    fn row(
        &mut self,
        signs: [(&str, Arithmetic); 2],
        part: fn(&mut Self) -> Result<Self::Node, FilterProblem>,
    ) -> Result<Self::Node, FilterProblem> {
        let mut left = part(self)?;
        while let Some((_, how)) = signs.iter().find(|(sign, _)| self.cursor().eats(sign)) {
            let right = part(self)?;
            left = self.cursor().joined(Self::arithmetic(*how, left, right))?;
        }
        Ok(left)
    }

    fn signed(&mut self) -> Result<Self::Node, FilterProblem> {
        if !self.cursor().eats("-") {
            return self.atom();
        }
        self.cursor().deeper()?;
        let inner = self.signed()?;
        self.cursor().depth -= 1;
        Ok(Self::negate(inner))
    }

    fn atom(&mut self) -> Result<Self::Node, FilterProblem> {
        if !self.cursor().eats("(") {
            return self.value();
        }
        self.cursor().deeper()?;
        let inner = self.any_of()?;
        if !self.cursor().eats(")") {
            return Err(self.cursor().wrong("`)` or a sign such as +"));
        }
        self.cursor().depth -= 1;
        Ok(inner)
    }

    /// The name of a function and its `(` were seen, not taken: its values, each read by `one`.
    fn arguments(
        &mut self,
        (name, n): (&str, usize),
        one: fn(&mut Self) -> Result<Self::Node, FilterProblem>,
    ) -> Result<Vec<Self::Node>, FilterProblem> {
        self.cursor().take();
        self.cursor().take();
        self.cursor().deeper()?;
        let mut arguments = vec![one(self)?];
        while self.cursor().eats(",") {
            arguments.push(one(self)?);
        }
        if arguments.len() != n {
            let expected = format!("{n} values for `{name}`, not {}", arguments.len());
            return Err(self.cursor().wrong(&expected));
        }
        if !self.cursor().eats(")") {
            return Err(self.cursor().wrong("`)`, `,` or a sign such as +"));
        }
        self.cursor().depth -= 1;
        Ok(arguments)
    }
}
