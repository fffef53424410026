//! Formulas over columns of numbers: `log(charge) / (months + 1)`, `if(age > 30, 1, 0)`.
//!
//! Names are written as in a filter: bare, or in `backticks`. A missing number makes what is computed from it missing;
//! a comparison with one is false, as everywhere. What is not defined (the logarithm of −1, 1 ÷ 0) is missing.

mod evaluate;
mod parse;

pub use parse::parse;

/// An expression that can be evaluated over columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    pub(crate) root: Node,
}

/// A node of the expression. Truth is 1 and 0.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Number(f64),
    Column(String),
    Negate(Box<Node>),
    Not(Box<Node>),
    Binary(Binary, Box<Node>, Box<Node>),
    Call(Function, Vec<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    /// Natural.
    Log,
    Exp,
    Abs,
    Sqrt,
    /// The smaller of two; missing when one is.
    Min,
    Max,
    /// Condition, value where it holds, value elsewhere.
    If,
    /// 1 where the number is missing.
    Missing,
}

impl Function {
    pub(crate) const ALL: [Self; 8] =
        [Self::Log, Self::Exp, Self::Abs, Self::Sqrt, Self::Min, Self::Max, Self::If, Self::Missing];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Exp => "exp",
            Self::Abs => "abs",
            Self::Sqrt => "sqrt",
            Self::Min => "min",
            Self::Max => "max",
            Self::If => "if",
            Self::Missing => "missing",
        }
    }

    pub(crate) fn n_arguments(self) -> usize {
        match self {
            Self::Log | Self::Exp | Self::Abs | Self::Sqrt | Self::Missing => 1,
            Self::Min | Self::Max => 2,
            Self::If => 3,
        }
    }
}

impl Formula {
    /// The columns it reads, sorted, each once.
    pub fn columns(&self) -> Vec<&str> {
        let mut names = Vec::new();
        let mut open = vec![&self.root];
        while let Some(node) = open.pop() {
            match node {
                Node::Number(_) => {}
                Node::Column(name) => names.push(name.as_str()),
                Node::Negate(inner) | Node::Not(inner) => open.push(inner),
                Node::Binary(_, left, right) => open.extend([left.as_ref(), right.as_ref()]),
                Node::Call(_, arguments) => open.extend(arguments),
            }
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}

#[cfg(test)]
mod tests;
