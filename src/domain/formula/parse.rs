//! From text to a tree, by the [`Grammar`] that expressions have, too.

use super::{Binary, Formula, Function, Node};
use crate::domain::filter::{Comparison, FilterProblem};
use crate::domain::grammar::{Arithmetic, Cursor, Grammar, Logic, Token, Words};

/// Reads a formula.
///
/// Errors: the place where it stops being one, and what would have fitted there.
pub fn parse(text: &str) -> Result<Formula, FilterProblem> {
    let mut parser = Parser { cursor: Cursor::new(text, Words::Numbers)? };
    let root = parser.any_of()?;
    if *parser.cursor.token() != Token::End {
        return Err(parser.cursor.wrong("a sign such as + or the end"));
    }
    Ok(Formula { root })
}

struct Parser<'a> {
    cursor: Cursor<'a>,
}

fn binary(how: Binary, left: Node, right: Node) -> Node {
    Node::Binary(how, Box::new(left), Box::new(right))
}

impl<'a> Grammar<'a> for Parser<'a> {
    type Node = Node;

    fn cursor(&mut self) -> &mut Cursor<'a> {
        &mut self.cursor
    }

    fn logic(how: Logic, left: Node, right: Node) -> Node {
        binary(if how == Logic::And { Binary::And } else { Binary::Or }, left, right)
    }

    fn not(inner: Node) -> Node {
        Node::Not(Box::new(inner))
    }

    fn compare(how: Comparison, left: Node, right: Node) -> Node {
        let how = match how {
            Comparison::Equal => Binary::Equal,
            Comparison::NotEqual => Binary::NotEqual,
            Comparison::Less => Binary::Less,
            Comparison::LessOrEqual => Binary::LessOrEqual,
            Comparison::Greater => Binary::Greater,
            Comparison::GreaterOrEqual => Binary::GreaterOrEqual,
        };
        binary(how, left, right)
    }

    fn arithmetic(how: Arithmetic, left: Node, right: Node) -> Node {
        let how = match how {
            Arithmetic::Add => Binary::Add,
            Arithmetic::Subtract => Binary::Subtract,
            Arithmetic::Multiply => Binary::Multiply,
            Arithmetic::Divide => Binary::Divide,
        };
        binary(how, left, right)
    }

    fn negate(inner: Node) -> Node {
        Node::Negate(Box::new(inner))
    }

    fn value(&mut self) -> Result<Node, FilterProblem> {
        let node = match self.cursor.token().clone() {
            Token::Number(x) => Node::Number(x),
            Token::Whole(x) => Node::Number(x as f64),
            Token::Name(name) => Node::Column(name),
            Token::Bare(word) if !["and", "or", "not"].contains(&word.to_lowercase().as_str()) => {
                if self.cursor.is(1, "(") {
                    return self.call(&word);
                }
                Node::Column(word)
            }
            _ => return Err(self.cursor.wrong("a column, a number, a function or `(`")),
        };
        self.cursor.take();
        Ok(node)
    }
}

impl Parser<'_> {
    fn call(&mut self, word: &str) -> Result<Node, FilterProblem> {
        let Some(function) = Function::ALL.into_iter().find(|f| f.as_str().eq_ignore_ascii_case(word)) else {
            let known: Vec<&str> = Function::ALL.iter().map(|f| f.as_str()).collect();
            return Err(self.cursor.wrong(&format!("one of the functions {}", known.join(", "))));
        };
        let arguments = self.arguments((function.as_str(), function.n_arguments()), Self::any_of)?;
        Ok(Node::Call(function, arguments))
    }
}
