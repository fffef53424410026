//! Formulas as operators, node by node.

use super::super::graph::{Attr, Value};
use super::Stage;
use crate::domain::formula::{Binary, Function, Node, parse};
use crate::domain::recipe::Computed;

impl Stage<'_> {
    pub(super) fn formula(&mut self, column: &Computed) -> Result<(), String> {
        let formula = parse(&column.expression).map_err(|problem| format!("cannot be read: {problem}"))?;
        let value = self.node(&formula.root)?;
        let value = self.without_infinity(&value, 1);
        self.put(value, vec![column.into.clone()]);
        Ok(())
    }

    /// `[N, 1]` doubles; truth is 1 and 0.
    fn node(&mut self, node: &Node) -> Result<Value, String> {
        Ok(match node {
            Node::Number(x) => self.everywhere(*x)?,
            Node::Column(name) => self.numbers(&[name])?,
            Node::Negate(inner) => {
                let inner = self.node(inner)?;
                self.op("Neg", &[&inner])
            }
            Node::Not(inner) => {
                let inner = self.node(inner)?;
                let is_zero = self.compare("Equal", &inner, 0.0);
                self.cast_double(&is_zero)
            }
            Node::Binary(how, left, right) => {
                let (left, right) = (self.node(left)?, self.node(right)?);
                self.binary(*how, &left, &right)
            }
            Node::Call(function, arguments) => {
                let values = arguments.iter().map(|a| self.node(a)).collect::<Result<Vec<_>, _>>()?;
                self.call(*function, &values)?
            }
        })
    }

    fn binary(&mut self, how: Binary, a: &Value, b: &Value) -> Value {
        let truth = match how {
            Binary::Add => return self.op("Add", &[a, b]),
            Binary::Subtract => return self.op("Sub", &[a, b]),
            Binary::Multiply => return self.op("Mul", &[a, b]),
            Binary::Divide => {
                let ratio = self.op("Div", &[a, b]);
                let by_zero = self.compare("Equal", b, 0.0);
                let nan = self.row(vec![f64::NAN]);
                return self.op("Where", &[&by_zero, &nan, &ratio]);
            }
            Binary::Equal => self.op("Equal", &[a, b]),
            Binary::Less => self.op("Less", &[a, b]),
            Binary::LessOrEqual => self.op("LessOrEqual", &[a, b]),
            Binary::Greater => self.op("Greater", &[a, b]),
            Binary::GreaterOrEqual => self.op("GreaterOrEqual", &[a, b]),
            Binary::NotEqual => {
                let (below, above) = (self.op("Less", &[a, b]), self.op("Greater", &[a, b]));
                self.op("Or", &[&below, &above])
            }
            Binary::And | Binary::Or => {
                let (a, b) = (self.holds(a), self.holds(b));
                self.op(if how == Binary::And { "And" } else { "Or" }, &[&a, &b])
            }
        };
        self.cast_double(&truth)
    }

    fn call(&mut self, function: Function, values: &[Value]) -> Result<Value, String> {
        let simple = |stage: &mut Self, op: &str| stage.op(op, &[&values[0]]);
        Ok(match function {
            Function::Exp => simple(self, "Exp"),
            Function::Abs => simple(self, "Abs"),
            Function::Sqrt => simple(self, "Sqrt"),
            Function::Log => {
                let log = simple(self, "Log");
                let positive = self.compare("Greater", &values[0], 0.0);
                let nan = self.row(vec![f64::NAN]);
                self.op("Where", &[&positive, &log, &nan])
            }
            Function::Missing => {
                let missing = simple(self, "IsNaN");
                self.cast_double(&missing)
            }
            Function::Min | Function::Max => {
                // The first where it is smaller or missing, otherwise the second, which may be missing too.
                let comparison = if function == Function::Min { "Less" } else { "Greater" };
                let wins = self.op(comparison, &[&values[0], &values[1]]);
                let missing = self.op("IsNaN", &[&values[0]]);
                let first = self.op("Or", &[&wins, &missing]);
                self.op("Where", &[&first, &values[0], &values[1]])
            }
            Function::If => {
                let test = self.holds(&values[0]);
                self.op("Where", &[&test, &values[1], &values[2]])
            }
        })
    }

    fn compare(&mut self, op: &str, x: &Value, with: f64) -> Value {
        let with = self.row(vec![with]);
        self.op(op, &[x, &with])
    }

    /// Neither 0 nor missing.
    fn holds(&mut self, x: &Value) -> Value {
        let (below, above) = (self.compare("Less", x, 0.0), self.compare("Greater", x, 0.0));
        self.op("Or", &[&below, &above])
    }

    /// The number in every row.
    fn everywhere(&mut self, x: f64) -> Result<Value, String> {
        let like = self.like.clone().ok_or("has no input that says how many rows there are")?;
        let rows = self.op("Shape", &[&like]);
        let zero = self.g.ints(&[1], vec![0]);
        let zeros = self.op("Expand", &[&zero, &rows]);
        let table = self.g.doubles(&[1, 1], vec![x]);
        Ok(self.g.op("Gather", &[&table, &zeros], vec![("axis", Attr::Int(0))]))
    }
}
