//! From tokens to a tree. Weakest first: `or`, `and`, `not`, comparisons, `+ −`, `× ÷`, the sign.

use super::lex::{Token, problem, tokens};
use super::{Binary, Formula, Function, Node};
use crate::domain::filter::{FilterProblem, Place};

/// Parentheses and signs inside each other, and terms in a row; more are a mistake, and would cost stack.
const MAX_DEPTH: usize = 64;
const MAX_TERMS: usize = 500;

/// Reads a formula.
///
/// Errors: the place where it stops being one, and what would have fitted there.
pub fn parse(text: &str) -> Result<Formula, FilterProblem> {
    let mut parser = Parser { text, tokens: tokens(text)?, at: 0, depth: 0, terms: 0 };
    let root = parser.any_of()?;
    if *parser.token() != Token::End {
        return Err(parser.wrong("a sign such as + or the end"));
    }
    Ok(Formula { root })
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<(Token, Place)>,
    at: usize,
    depth: usize,
    terms: usize,
}

type Parsed = Result<Node, FilterProblem>;

impl Parser<'_> {
    fn token(&self) -> &Token {
        &self.tokens[self.at].0
    }

    /// The token here; the end is never passed.
    fn take(&mut self) -> Token {
        let taken = self.tokens[self.at].0.clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        taken
    }

    fn wrong(&self, expected: &str) -> FilterProblem {
        let (token, place) = &self.tokens[self.at];
        problem(self.text, place.start, expected, &token.title())
    }

    fn eats(&mut self, what: &str) -> bool {
        let here = match self.token() {
            Token::Sign(sign) => *sign == what,
            Token::Bare(word) => word.eq_ignore_ascii_case(what),
            _ => false,
        };
        if here {
            self.take();
        }
        here
    }

    fn join(&mut self, how: Binary, left: Node, right: Node) -> Parsed {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(self.wrong("at most 500 signs"));
        }
        Ok(Node::Binary(how, Box::new(left), Box::new(right)))
    }

    fn any_of(&mut self) -> Parsed {
        let mut left = self.all_of()?;
        while self.eats("or") {
            let right = self.all_of()?;
            left = self.join(Binary::Or, left, right)?;
        }
        Ok(left)
    }

    fn all_of(&mut self) -> Parsed {
        let mut left = self.negation()?;
        while self.eats("and") {
            let right = self.negation()?;
            left = self.join(Binary::And, left, right)?;
        }
        Ok(left)
    }

    fn negation(&mut self) -> Parsed {
        if !self.eats("not") {
            return self.comparison();
        }
        self.deeper()?;
        let inner = self.negation()?;
        self.depth -= 1;
        Ok(Node::Not(Box::new(inner)))
    }

    fn deeper(&mut self) -> Result<(), FilterProblem> {
        if self.depth == MAX_DEPTH {
            return Err(self.wrong("at most 64 parentheses inside each other"));
        }
        self.depth += 1;
        Ok(())
    }

    fn comparison(&mut self) -> Parsed {
        let left = self.sum()?;
        let signs = [
            ("=", Binary::Equal),
            ("!=", Binary::NotEqual),
            ("<", Binary::Less),
            ("<=", Binary::LessOrEqual),
            (">", Binary::Greater),
            (">=", Binary::GreaterOrEqual),
        ];
        for (sign, how) in signs {
            if self.eats(sign) {
                let right = self.sum()?;
                return self.join(how, left, right);
            }
        }
        Ok(left)
    }

    fn sum(&mut self) -> Parsed {
        let mut left = self.product()?;
        loop {
            let how = if self.eats("+") {
                Binary::Add
            } else if self.eats("-") {
                Binary::Subtract
            } else {
                return Ok(left);
            };
            let right = self.product()?;
            left = self.join(how, left, right)?;
        }
    }

    fn product(&mut self) -> Parsed {
        let mut left = self.signed()?;
        loop {
            let how = if self.eats("*") {
                Binary::Multiply
            } else if self.eats("/") {
                Binary::Divide
            } else {
                return Ok(left);
            };
            let right = self.signed()?;
            left = self.join(how, left, right)?;
        }
    }

    fn signed(&mut self) -> Parsed {
        if !self.eats("-") {
            return self.atom();
        }
        self.deeper()?;
        let inner = self.signed()?;
        self.depth -= 1;
        Ok(Node::Negate(Box::new(inner)))
    }

    fn atom(&mut self) -> Parsed {
        if self.eats("(") {
            self.deeper()?;
            let inner = self.any_of()?;
            if !self.eats(")") {
                return Err(self.wrong("`)` or a sign such as +"));
            }
            self.depth -= 1;
            return Ok(inner);
        }
        match self.token().clone() {
            Token::Number(x) => {
                self.take();
                Ok(Node::Number(x))
            }
            Token::Name(name) => {
                self.take();
                Ok(Node::Column(name))
            }
            Token::Bare(word) if !["and", "or", "not"].contains(&word.to_lowercase().as_str()) => {
                let called = self.tokens.get(self.at + 1).is_some_and(|(token, _)| *token == Token::Sign("("));
                if called { self.call(&word) } else { self.named(word) }
            }
            _ => Err(self.wrong("a column, a number, a function or `(`")),
        }
    }

    fn named(&mut self, word: String) -> Parsed {
        self.take();
        Ok(Node::Column(word))
    }

    fn call(&mut self, word: &str) -> Parsed {
        let function = Function::ALL.into_iter().find(|f| f.as_str().eq_ignore_ascii_case(word));
        let Some(function) = function else {
            let known: Vec<&str> = Function::ALL.iter().map(|f| f.as_str()).collect();
            return Err(self.wrong(&format!("one of the functions {}", known.join(", "))));
        };
        self.take();
        self.take();
        self.deeper()?;
        let mut arguments = vec![self.any_of()?];
        while self.eats(",") {
            arguments.push(self.any_of()?);
        }
        let n = function.n_arguments();
        if arguments.len() != n {
            return Err(self.wrong(&format!("{n} values for `{}`, not {}", function.as_str(), arguments.len())));
        }
        if !self.eats(")") {
            return Err(self.wrong("`)`, `,` or a sign such as +"));
        }
        self.depth -= 1;
        Ok(Node::Call(function, arguments))
    }
}
