//! From tokens to a tree. Weakest first: `or`, `and`, `not`, comparisons, `+ −`, `× ÷`, the sign.

use super::lex::{Token, tokens};
use super::{Arithmetic, Expression, FUNCTIONS, Node};
use crate::domain::filter::{Comparison, FilterProblem, Part, Place};
use crate::domain::formula::problem;

/// Parentheses and signs inside each other, and terms in a row; more are a mistake, and would cost stack.
const MAX_DEPTH: usize = 64;
const MAX_TERMS: usize = 500;

/// Words that name no column unless they stand in backticks.
const WORDS: [&str; 8] = ["and", "or", "not", "in", "is", "between", "true", "false"];

/// Reads an expression.
///
/// Errors: the place where it stops being one, and what would have fitted there; one that can be neither true nor
/// false (`price * n`).
pub fn parse(text: &str) -> Result<Expression, FilterProblem> {
    let mut parser = Parser { text, tokens: tokens(text)?, at: 0, depth: 0, terms: 0 };
    let root = parser.any_of()?;
    let truth = !matches!(
        root,
        Node::Number(_) | Node::Whole(_) | Node::Text(_) | Node::Negate(_) | Node::Arithmetic(..) | Node::Call(..)
    );
    if *parser.token() != Token::End || !truth {
        return Err(parser.wrong("a comparison such as <= or =, `and`, `or`"));
    }
    Ok(Expression { root })
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

    fn is(&self, at: usize, what: &str) -> bool {
        match self.tokens.get(at).map(|(token, _)| token) {
            Some(Token::Sign(sign)) => *sign == what,
            Some(Token::Bare(word)) => word.eq_ignore_ascii_case(what),
            _ => false,
        }
    }

    fn eats(&mut self, what: &str) -> bool {
        let here = self.is(self.at, what);
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
    fn joined(&mut self, node: Node) -> Parsed {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(self.wrong("at most 500 signs"));
        }
        Ok(node)
    }

    fn any_of(&mut self) -> Parsed {
        let mut left = self.all_of()?;
        while self.eats("or") {
            let right = self.all_of()?;
            left = self.joined(Node::Or(Box::new(left), Box::new(right)))?;
        }
        Ok(left)
    }

    fn all_of(&mut self) -> Parsed {
        let mut left = self.negation()?;
        while self.eats("and") {
            let right = self.negation()?;
            left = self.joined(Node::And(Box::new(left), Box::new(right)))?;
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

    fn comparison(&mut self) -> Parsed {
        use Comparison as C;
        let left = self.sum()?;
        let signs = [
            ("=", C::Equal),
            ("!=", C::NotEqual),
            ("<", C::Less),
            ("<=", C::LessOrEqual),
            (">", C::Greater),
            (">=", C::GreaterOrEqual),
        ];
        for (sign, how) in signs {
            if self.eats(sign) {
                let right = self.sum()?;
                return self.joined(Node::Compare(how, Box::new(left), Box::new(right)));
            }
        }
        if self.eats("is") {
            return self.after_is(left);
        }
        let words = ["in", "between", "contains", "starts", "ends"];
        let negated = self.is(self.at, "not") && words.iter().any(|word| self.is(self.at + 1, word));
        if negated {
            self.take();
        }
        let node = if self.eats("in") {
            Node::In(Box::new(left), self.list()?)
        } else if self.eats("between") {
            let low = self.sum()?;
            if !self.eats("and") {
                return Err(self.wrong("`and` and the upper value"));
            }
            Node::Between(Box::new(left), Box::new(low), Box::new(self.sum()?))
        } else if self.eats("contains") {
            Node::Part(Part::Contains, Box::new(left), self.quoted()?)
        } else if self.is(self.at, "starts") || self.is(self.at, "ends") {
            let part = if self.is(self.at, "starts") { Part::StartsWith } else { Part::EndsWith };
            self.take();
            if !self.eats("with") {
                return Err(self.wrong("`with`"));
            }
            Node::Part(part, Box::new(left), self.quoted()?)
        } else {
            return Ok(left);
        };
        self.joined(if negated { Node::Not(Box::new(node)) } else { node })
    }

    /// After `is`: a state, or a value.
    fn after_is(&mut self, left: Node) -> Parsed {
        let negated = self.eats("not");
        let missing = if self.eats("missing") || self.eats("null") {
            Some(true)
        } else if self.eats("present") {
            Some(false)
        } else {
            None
        };
        let left = Box::new(left);
        let node = match missing {
            Some(missing) if missing != negated => Node::Missing(left),
            Some(_) => Node::Not(Box::new(Node::Missing(left))),
            None => {
                let how = if negated { Comparison::NotEqual } else { Comparison::Equal };
                Node::Compare(how, left, Box::new(self.sum()?))
            }
        };
        self.joined(node)
    }

    fn list(&mut self) -> Result<Vec<Node>, FilterProblem> {
        if !self.eats("(") {
            return Err(self.wrong("`(` and the values"));
        }
        let mut values = vec![self.sum()?];
        while self.eats(",") {
            values.push(self.sum()?);
        }
        if !self.eats(")") {
            return Err(self.wrong("`,` or `)`"));
        }
        Ok(values)
    }

    fn quoted(&mut self) -> Result<String, FilterProblem> {
        match self.token().clone() {
            Token::Text(text) => {
                self.take();
                Ok(text)
            }
            _ => Err(self.wrong("a text in \"quotes\"")),
        }
    }

    fn sum(&mut self) -> Parsed {
        let mut left = self.product()?;
        loop {
            let how = if self.eats("+") {
                Arithmetic::Add
            } else if self.eats("-") {
                Arithmetic::Subtract
            } else {
                return Ok(left);
            };
            let right = self.product()?;
            left = self.joined(Node::Arithmetic(how, Box::new(left), Box::new(right)))?;
        }
    }

    fn product(&mut self) -> Parsed {
        let mut left = self.signed()?;
        loop {
            let how = if self.eats("*") {
                Arithmetic::Multiply
            } else if self.eats("/") {
                Arithmetic::Divide
            } else {
                return Ok(left);
            };
            let right = self.signed()?;
            left = self.joined(Node::Arithmetic(how, Box::new(left), Box::new(right)))?;
        }
    }

    fn signed(&mut self) -> Parsed {
        if !self.eats("-") {
            return self.atom();
        }
        self.deeper()?;
        let inner = self.signed()?;
        self.depth -= 1;
        Ok(match inner {
            Node::Number(x) => Node::Number(-x),
            Node::Whole(x) => Node::Whole(-x),
            inner => Node::Negate(Box::new(inner)),
        })
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
        let node = match self.token().clone() {
            Token::Number(x) => Node::Number(x),
            Token::Whole(x) => Node::Whole(x),
            Token::Text(text) => Node::Text(text),
            Token::Name(name) => Node::Column(name),
            Token::Bare(word) if word.eq_ignore_ascii_case("true") => Node::Truth(true),
            Token::Bare(word) if word.eq_ignore_ascii_case("false") => Node::Truth(false),
            Token::Bare(word) if !WORDS.iter().any(|w| w.eq_ignore_ascii_case(&word)) => {
                if self.is(self.at + 1, "(") {
                    return self.call(&word);
                }
                Node::Column(word)
            }
            _ => return Err(self.wrong("a column, a value, a function or `(`")),
        };
        self.take();
        Ok(node)
    }

    fn call(&mut self, word: &str) -> Parsed {
        let Some((name, function, n)) = FUNCTIONS.into_iter().find(|(name, ..)| name.eq_ignore_ascii_case(word)) else {
            let known: Vec<&str> = FUNCTIONS.iter().map(|(name, ..)| *name).collect();
            return Err(self.wrong(&format!("one of the functions {}", known.join(", "))));
        };
        self.take();
        self.take();
        self.deeper()?;
        let mut arguments = vec![self.sum()?];
        while self.eats(",") {
            arguments.push(self.sum()?);
        }
        if arguments.len() != n {
            return Err(self.wrong(&format!("{n} values for `{name}`, not {}", arguments.len())));
        }
        if !self.eats(")") {
            return Err(self.wrong("`)`, `,` or a sign such as +"));
        }
        self.depth -= 1;
        self.joined(Node::Call(function, arguments))
    }
}
