//! From text to a tree, by the [`Grammar`] that formulas have, too.

use super::{Arithmetic, Expression, FUNCTIONS, Node};
use crate::domain::filter::{Comparison, FilterProblem, Part};
use crate::domain::grammar::{Cursor, Grammar, Logic, Token, Words};

/// Words that name no column unless they stand in backticks.
const WORDS: [&str; 8] = ["and", "or", "not", "in", "is", "between", "true", "false"];

/// Reads an expression.
///
/// Errors: the place where it stops being one, and what would have fitted there; one that can be neither true nor
/// false (`price * n`).
pub fn parse(text: &str) -> Result<Expression, FilterProblem> {
    let mut parser = Parser { cursor: Cursor::new(text, Words::Values)? };
    let root = parser.any_of()?;
    let truth = !matches!(
        root,
        Node::Number(_) | Node::Whole(_) | Node::Text(_) | Node::Negate(_) | Node::Arithmetic(..) | Node::Call(..)
    );
    if *parser.cursor.token() != Token::End || !truth {
        return Err(parser.cursor.wrong("a comparison such as <= or =, `and`, `or`"));
    }
    Ok(Expression { root })
}

struct Parser<'a> {
    cursor: Cursor<'a>,
}

type Parsed = Result<Node, FilterProblem>;

impl<'a> Grammar<'a> for Parser<'a> {
    type Node = Node;

    fn cursor(&mut self) -> &mut Cursor<'a> {
        &mut self.cursor
    }

    fn logic(how: Logic, left: Node, right: Node) -> Node {
        match how {
            Logic::And => Node::And(Box::new(left), Box::new(right)),
            Logic::Or => Node::Or(Box::new(left), Box::new(right)),
        }
    }

    fn not(inner: Node) -> Node {
        Node::Not(Box::new(inner))
    }

    fn compare(how: Comparison, left: Node, right: Node) -> Node {
        Node::Compare(how, Box::new(left), Box::new(right))
    }

    fn arithmetic(how: Arithmetic, left: Node, right: Node) -> Node {
        Node::Arithmetic(how, Box::new(left), Box::new(right))
    }

    fn negate(inner: Node) -> Node {
        match inner {
            Node::Number(x) => Node::Number(-x),
            Node::Whole(x) => Node::Whole(-x),
            inner => Node::Negate(Box::new(inner)),
        }
    }

    /// States, sets, ranges and parts of texts.
    fn after(&mut self, left: Node) -> Parsed {
        if self.cursor.eats("is") {
            return self.after_is(left);
        }
        let words = ["in", "between", "contains", "starts", "ends"];
        let negated = self.cursor.is(0, "not") && words.iter().any(|word| self.cursor.is(1, word));
        if negated {
            self.cursor.take();
        }
        let node = if self.cursor.eats("in") {
            Node::In(Box::new(left), self.list()?)
        } else if self.cursor.eats("between") {
            let low = self.sum()?;
            if !self.cursor.eats("and") {
                return Err(self.cursor.wrong("`and` and the upper value"));
            }
            Node::Between(Box::new(left), Box::new(low), Box::new(self.sum()?))
        } else if self.cursor.eats("contains") {
            Node::Part(Part::Contains, Box::new(left), self.quoted()?)
        } else if self.cursor.is(0, "starts") || self.cursor.is(0, "ends") {
            let part = if self.cursor.is(0, "starts") { Part::StartsWith } else { Part::EndsWith };
            self.cursor.take();
            if !self.cursor.eats("with") {
                return Err(self.cursor.wrong("`with`"));
            }
            Node::Part(part, Box::new(left), self.quoted()?)
        } else {
            return Ok(left);
        };
        self.cursor.joined(if negated { Node::Not(Box::new(node)) } else { node })
    }

    fn value(&mut self) -> Parsed {
        let node = match self.cursor.token().clone() {
            Token::Number(x) => Node::Number(x),
            Token::Whole(x) => Node::Whole(x),
            Token::Text(text) => Node::Text(text),
            Token::Name(name) => Node::Column(name),
            Token::Bare(word) if word.eq_ignore_ascii_case("true") => Node::Truth(true),
            Token::Bare(word) if word.eq_ignore_ascii_case("false") => Node::Truth(false),
            Token::Bare(word) if !WORDS.iter().any(|w| w.eq_ignore_ascii_case(&word)) => {
                if self.cursor.is(1, "(") {
                    return self.call(&word);
                }
                Node::Column(word)
            }
            _ => return Err(self.cursor.wrong("a column, a value, a function or `(`")),
        };
        self.cursor.take();
        Ok(node)
    }
}

impl Parser<'_> {
    /// After `is`: a state, or a value.
    fn after_is(&mut self, left: Node) -> Parsed {
        let negated = self.cursor.eats("not");
        let missing = if self.cursor.eats("missing") || self.cursor.eats("null") {
            Some(true)
        } else if self.cursor.eats("present") {
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
        self.cursor.joined(node)
    }

    fn list(&mut self) -> Result<Vec<Node>, FilterProblem> {
        if !self.cursor.eats("(") {
            return Err(self.cursor.wrong("`(` and the values"));
        }
        let mut values = vec![self.sum()?];
        while self.cursor.eats(",") {
            values.push(self.sum()?);
        }
        if !self.cursor.eats(")") {
            return Err(self.cursor.wrong("`,` or `)`"));
        }
        Ok(values)
    }

    fn quoted(&mut self) -> Result<String, FilterProblem> {
        match self.cursor.token().clone() {
            Token::Text(text) => {
                self.cursor.take();
                Ok(text)
            }
            _ => Err(self.cursor.wrong("a text in \"quotes\"")),
        }
    }

    fn call(&mut self, word: &str) -> Parsed {
        let Some((name, function, n)) = FUNCTIONS.into_iter().find(|(name, ..)| name.eq_ignore_ascii_case(word)) else {
            let known: Vec<&str> = FUNCTIONS.iter().map(|(name, ..)| *name).collect();
            return Err(self.cursor.wrong(&format!("one of the functions {}", known.join(", "))));
        };
        let arguments = self.arguments((name, n), Self::sum)?;
        self.cursor.joined(Node::Call(function, arguments))
    }
}
