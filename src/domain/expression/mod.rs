//! What has to hold in every row: `start <= end`, `total == price * n`, `plan in ("basic", "pro") or age >= 18`.
//!
//! The words of a row filter ([`crate::domain::filter`]) and the arithmetic of a formula ([`crate::domain::formula`])
//! in one language: whatever a comparison has on either side may be computed, and columns are compared with columns.
//! Names are bare or in `backticks`, texts in "quotes"; dates may be bare (2026-03-01) and mean the whole day.
//!
//! Logic is three-valued as in a filter: what is said about a missing cell is unknown, and so is its `not`; only
//! `is missing` and `is present` always know. A row fails when the expression is false for it, not when it is unknown.
//! Numbers that were computed are equal when they differ by at most 1e-9 of the larger one: 0.1 × 3 is 0.3.

mod parse;

pub use parse::parse;

use super::filter::{Comparison, Part};
pub use super::grammar::Arithmetic;

/// An expression that is true, false or unknown for a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    pub root: Node,
}

/// A part of an expression: a number, a text, a time or a truth, which only the columns tell.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    Number(f64),
    /// Whole and exact.
    Whole(i64),
    /// In quotes, or a bare date.
    Text(String),
    Truth(bool),
    Column(String),
    Negate(Box<Node>),
    Arithmetic(Arithmetic, Box<Node>, Box<Node>),
    /// Named as in a formula: log, exp, abs, sqrt (one number), min, max (two); see [`FUNCTIONS`].
    Call(Function, Vec<Node>),
    Compare(Comparison, Box<Node>, Box<Node>),
    In(Box<Node>, Vec<Node>),
    /// From the first to the second, both included.
    Between(Box<Node>, Box<Node>, Box<Node>),
    /// In any case.
    Part(Part, Box<Node>, String),
    Missing(Box<Node>),
    Not(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// Natural; of 0 and below: missing.
    Log,
    Exp,
    Abs,
    Sqrt,
    Min,
    Max,
    /// Characters of a text.
    Length,
}

/// Their names, and how many values they take.
pub const FUNCTIONS: [(&str, Function, usize); 7] = [
    ("log", Function::Log, 1),
    ("exp", Function::Exp, 1),
    ("abs", Function::Abs, 1),
    ("sqrt", Function::Sqrt, 1),
    ("min", Function::Min, 2),
    ("max", Function::Max, 2),
    ("length", Function::Length, 1),
];

impl Expression {
    /// The columns it reads, sorted, each once.
    pub fn columns(&self) -> Vec<&str> {
        let mut names = Vec::new();
        let mut open = vec![&self.root];
        while let Some(node) = open.pop() {
            match node {
                Node::Number(_) | Node::Whole(_) | Node::Text(_) | Node::Truth(_) => {}
                Node::Column(name) => names.push(name.as_str()),
                Node::Negate(inner) | Node::Missing(inner) | Node::Not(inner) | Node::Part(_, inner, _) => {
                    open.push(inner);
                }
                Node::Arithmetic(_, a, b) | Node::Compare(_, a, b) | Node::And(a, b) | Node::Or(a, b) => {
                    open.extend([a.as_ref(), b.as_ref()]);
                }
                Node::Between(a, b, c) => open.extend([a.as_ref(), b.as_ref(), c.as_ref()]),
                Node::Call(_, inner) => open.extend(inner),
                Node::In(inner, values) => {
                    open.push(inner);
                    open.extend(values);
                }
            }
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}

#[cfg(test)]
mod tests;
