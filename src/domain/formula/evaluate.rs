//! Formulas over columns.

use super::{Binary, Formula, Function, Node};

impl Formula {
    /// One number per row; `of` gives the `n_rows` cells of a column. A column that is not there is missing everywhere.
    pub fn evaluate<'a>(&self, n_rows: usize, of: &impl Fn(&str) -> Option<&'a [f64]>) -> Vec<f64> {
        evaluate(&self.root, n_rows, of)
    }
}

fn evaluate<'a>(node: &Node, n: usize, of: &impl Fn(&str) -> Option<&'a [f64]>) -> Vec<f64> {
    match node {
        Node::Number(x) => vec![*x; n],
        Node::Column(name) => of(name).map_or_else(|| vec![f64::NAN; n], <[f64]>::to_vec),
        Node::Negate(inner) => each(evaluate(inner, n, of), |x| -x),
        Node::Not(inner) => each(evaluate(inner, n, of), |x| truth(x == 0.0)),
        Node::Binary(how, left, right) => {
            let (left, right) = (evaluate(left, n, of), evaluate(right, n, of));
            both(left, &right, binary(*how))
        }
        Node::Call(function, arguments) => {
            let mut values = arguments.iter().map(|argument| evaluate(argument, n, of));
            let mut next = || values.next().unwrap_or_else(|| vec![f64::NAN; n]);
            let first = next();
            match function {
                Function::Log => each(first, |x| if x > 0.0 { x.ln() } else { f64::NAN }),
                Function::Exp => each(first, f64::exp),
                Function::Abs => each(first, f64::abs),
                Function::Sqrt => each(first, f64::sqrt),
                Function::Missing => each(first, |x| truth(x.is_nan())),
                Function::Min => both(first, &next(), |a, b| if a.is_nan() || a < b { a } else { b }),
                Function::Max => both(first, &next(), |a, b| if a.is_nan() || a > b { a } else { b }),
                Function::If => {
                    let (yes, no) = (next(), next());
                    let chosen = first.into_iter().zip(yes).zip(no);
                    chosen.map(|((test, yes), no)| if holds(test) { yes } else { no }).collect()
                }
            }
        }
    }
}

fn binary(how: Binary) -> fn(f64, f64) -> f64 {
    match how {
        Binary::Add => |a, b| a + b,
        Binary::Subtract => |a, b| a - b,
        Binary::Multiply => |a, b| a * b,
        Binary::Divide => |a, b| if b == 0.0 { f64::NAN } else { a / b },
        Binary::Equal => |a, b| truth(a == b),
        Binary::NotEqual => |a, b| truth(!a.is_nan() && !b.is_nan() && a != b),
        Binary::Less => |a, b| truth(a < b),
        Binary::LessOrEqual => |a, b| truth(a <= b),
        Binary::Greater => |a, b| truth(a > b),
        Binary::GreaterOrEqual => |a, b| truth(a >= b),
        Binary::And => |a, b| truth(holds(a) && holds(b)),
        Binary::Or => |a, b| truth(holds(a) || holds(b)),
    }
}

/// Everything but 0 and missing is true.
fn holds(x: f64) -> bool {
    x != 0.0 && !x.is_nan()
}

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

fn each(mut values: Vec<f64>, f: impl Fn(f64) -> f64) -> Vec<f64> {
    values.iter_mut().for_each(|x| *x = f(*x));
    values
}

fn both(mut left: Vec<f64>, right: &[f64], f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    left.iter_mut().zip(right).for_each(|(a, b)| *a = f(*a, *b));
    left
}
