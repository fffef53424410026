//! The operators we know: what each may be given, and the step it becomes.

use std::collections::HashMap;

use super::attributes::{Attributes, Fallible};
use super::compile::{Compiler, Constant, Known};
use super::program::{Arithmetic, Comparison, Each, Elem, Op, Shape, Side};
use super::proto::{ML_DOMAIN, NodeProto, data_type};
use super::tree::{FloatTrees, TreeParts};

impl Compiler {
    /// Adds one operator of the graph.
    pub(super) fn node(&mut self, node: &NodeProto) -> Fallible<()> {
        let ins: Vec<&str> = node.input.iter().map(String::as_str).collect();
        if node.output.len() != if node.op_type() == "TopK" { 2 } else { 1 } {
            return Err("it does not have one output".to_owned());
        }
        let attrs = Attributes(&node.attribute);
        match (node.domain(), node.op_type(), ins.as_slice()) {
            ("", "Concat", parts) => self.concat(node, parts, &attrs),
            ("", "Reshape", [x, to]) => self.reshape(node, x, to, &attrs),
            ("", "IsNaN" | "IsInf", [x]) => {
                attrs.only(&[])?;
                let (slot, width) = self.wide(x, Elem::F64)?;
                let op = if node.op_type() == "IsNaN" { Op::IsNan } else { Op::IsInf };
                self.push(node, op, vec![slot], Elem::Bool, Shape::Wide(width))
            }
            ("", "Or" | "And", [a, b]) => {
                attrs.only(&[])?;
                let ((a, width), (b, other)) = (self.wide(a, Elem::Bool)?, self.wide(b, Elem::Bool)?);
                same(width, other)?;
                let op = if node.op_type() == "Or" { Op::Or } else { Op::And };
                self.push(node, op, vec![a, b], Elem::Bool, Shape::Wide(width))
            }
            ("", "Where", [condition, yes, no]) => {
                attrs.only(&[])?;
                self.choose(node, condition, yes, no)
            }
            ("", "Add" | "Sub" | "Mul" | "Div", [a, b]) => {
                attrs.only(&[])?;
                let how = match node.op_type() {
                    "Add" => Arithmetic::Add,
                    "Sub" => Arithmetic::Sub,
                    "Mul" => Arithmetic::Mul,
                    _ => Arithmetic::Div,
                };
                let (left, right, inputs, width) = self.sides(a, b)?;
                let op = Op::Arithmetic(how, left, right, width);
                self.push(node, op, inputs, Elem::F64, Shape::Wide(width))
            }
            ("", "Less" | "LessOrEqual" | "Greater" | "GreaterOrEqual", [a, b]) => {
                attrs.only(&[])?;
                self.compare(node, a, b)
            }
            ("", "Abs" | "Exp" | "Floor" | "Log" | "Neg" | "Relu" | "Sqrt", [x]) => {
                attrs.only(&[])?;
                let (slot, width) = self.wide(x, Elem::F64)?;
                let each = match node.op_type() {
                    "Abs" => Each::Abs,
                    "Exp" => Each::Exp,
                    "Floor" => Each::Floor,
                    "Log" => Each::Log,
                    "Neg" => Each::Neg,
                    "Relu" => Each::Relu,
                    _ => Each::Sqrt,
                };
                self.push(node, Op::Each(each), vec![slot], Elem::F64, Shape::Wide(width))
            }
            ("", "Equal", [x, to]) => {
                attrs.only(&[])?;
                if self.value(x)?.elem == Elem::F64 {
                    return self.compare(node, x, to);
                }
                let (slot, width) = self.wide(x, Elem::I64)?;
                same(width, 1)?;
                let row = match self.constants.remove(*to) {
                    Some(Constant::I64(dims, row)) if dims == [1, row.len()] => row,
                    _ => return Err("it does not compare with a row of whole numbers".to_owned()),
                };
                let n = row.len();
                self.push(node, Op::Equal(row), vec![slot], Elem::Bool, Shape::Wide(n))
            }
            ("", "Cast", [x]) => self.cast(node, x, &attrs),
            ("", "MatMul", [x, w]) => {
                attrs.only(&[])?;
                let (slot, inner) = self.wide(x, Elem::F64)?;
                let (outer, weights) = match self.constants.remove(*w) {
                    Some(Constant::F64(dims, values)) if dims.len() == 2 && dims[0] == inner => (dims[1], values),
                    _ => return Err(format!("`{w}` is not a matrix with {inner} rows")),
                };
                let op = Op::MatMul { inner, outer, weights };
                self.push(node, op, vec![slot], Elem::F64, Shape::Wide(outer))
            }
            ("", "Sigmoid", [x]) => {
                attrs.only(&[])?;
                let (slot, width) = self.wide(x, Elem::F64)?;
                self.push(node, Op::Sigmoid, vec![slot], Elem::F64, Shape::Wide(width))
            }
            ("", "Softmax", [x]) => {
                attrs.only(&["axis"])?;
                attrs.int_is("axis", 1)?;
                let (slot, width) = self.wide(x, Elem::F64)?;
                self.push(node, Op::Softmax(width), vec![slot], Elem::F64, Shape::Wide(width))
            }
            ("", "ArgMax", [x]) => {
                attrs.only(&["axis", "keepdims"])?;
                attrs.int_is("axis", 1)?;
                attrs.int_is("keepdims", 0)?;
                let (slot, width) = self.wide(x, Elem::F64)?;
                if width == 0 {
                    return Err("nothing to choose from".to_owned());
                }
                self.push(node, Op::ArgMax(width), vec![slot], Elem::I64, Shape::Rows)
            }
            ("", "Gather", [from, at]) => self.gather(node, from, at, &attrs),
            ("", "GatherElements", [from, at]) => {
                attrs.only(&["axis"])?;
                attrs.int_is("axis", 1)?;
                let ((from, width), (at, n)) = (self.wide(from, Elem::F64)?, self.wide(at, Elem::I64)?);
                let op = Op::GatherElements(width, n);
                self.push(node, op, vec![from, at], Elem::F64, Shape::Wide(n))
            }
            ("", "TopK", [x, k]) => self.smallest(node, x, k, &attrs),
            ("", "Shape", [x]) => {
                attrs.only(&[])?;
                let known = self.value(x)?;
                if known.shape != Shape::Rows {
                    return Err(format!("`{x}` is not a column"));
                }
                self.push(node, Op::Count, vec![known.slot], Elem::I64, Shape::Count)
            }
            ("", "Expand", [x, to]) => {
                attrs.only(&[])?;
                let count = self.value(to)?;
                match (self.ints(x)?, count.shape) {
                    ((&[1], &[value]), Shape::Count) => {
                        self.push(node, Op::Expand(value), vec![count.slot], Elem::I64, Shape::Rows)
                    }
                    _ => Err("only one number can be repeated, once per row".to_owned()),
                }
            }
            (ML_DOMAIN, "LabelEncoder", [x]) => self.encode(node, x, &attrs),
            (ML_DOMAIN, "TreeEnsembleRegressor", [x]) => self.tree(node, x, &attrs),
            (domain, op, _) => Err(format!("`{domain}:{op}` with {} inputs is not known", ins.len())),
        }
    }

    fn concat(&mut self, node: &NodeProto, parts: &[&str], attrs: &Attributes<'_>) -> Fallible<()> {
        attrs.only(&["axis"])?;
        attrs.int_is("axis", 1)?;
        let (mut slots, mut widths) = (Vec::new(), Vec::new());
        for part in parts {
            let (slot, width) = self.wide(part, Elem::F64)?;
            slots.push(slot);
            widths.push(width);
        }
        let total = widths.iter().try_fold(0_usize, |sum, &w| sum.checked_add(w)).ok_or("it is too wide")?;
        self.push(node, Op::Concat(widths), slots, Elem::F64, Shape::Wide(total))
    }

    /// Between `[N]` and `[N, 1]` nothing moves: the result is another name for the same numbers.
    fn reshape(&mut self, node: &NodeProto, x: &str, to: &str, attrs: &Attributes<'_>) -> Fallible<()> {
        attrs.only(&[])?;
        let known = self.value(x)?;
        let (_, to) = self.ints(to)?;
        let shape = match (known.shape, to) {
            (Shape::Rows, [-1, 1]) => Shape::Wide(1),
            (Shape::Wide(1), [-1]) => Shape::Rows,
            (from, to) => return Err(format!("{from:?} cannot become {to:?}")),
        };
        self.define(&node.output[0], Known { shape, ..known })
    }

    /// A matrix of doubles, whose slot joins `inputs`, or a constant row.
    fn side(&mut self, name: &str, inputs: &mut Vec<usize>) -> Fallible<Side> {
        match self.constants.remove(name) {
            Some(Constant::F64(dims, row)) if dims == [1, row.len()] && !row.is_empty() => Ok(Side::Row(row)),
            Some(_) => Err(format!("`{name}` is not a row of doubles")),
            None => {
                let (slot, width) = self.wide(name, Elem::F64)?;
                inputs.push(slot);
                Ok(Side::Matrix(inputs.len() - 1, width))
            }
        }
    }

    /// Both sides of an operator, their slots, and the width of what comes out.
    fn sides(&mut self, a: &str, b: &str) -> Fallible<(Side, Side, Vec<usize>, usize)> {
        let mut inputs = Vec::new();
        let (left, right) = (self.side(a, &mut inputs)?, self.side(b, &mut inputs)?);
        if inputs.is_empty() {
            return Err("both its sides are constants".to_owned());
        }
        let width = joint(left.width(), right.width())?;
        Ok((left, right, inputs, width))
    }

    fn compare(&mut self, node: &NodeProto, a: &str, b: &str) -> Fallible<()> {
        let how = match node.op_type() {
            "Equal" => Comparison::Equal,
            "Less" => Comparison::Less,
            "LessOrEqual" => Comparison::LessOrEqual,
            "Greater" => Comparison::Greater,
            _ => Comparison::GreaterOrEqual,
        };
        let (left, right, inputs, width) = self.sides(a, b)?;
        self.push(node, Op::Compare(how, left, right, width), inputs, Elem::Bool, Shape::Wide(width))
    }

    /// `Where`: of doubles, or a constant text in the place of some.
    fn choose(&mut self, node: &NodeProto, condition: &str, yes: &str, no: &str) -> Fallible<()> {
        let (test, width) = self.wide(condition, Elem::Bool)?;
        if let Some(Constant::Text(_)) = self.constants.get(yes) {
            let text = match self.constants.remove(yes) {
                Some(Constant::Text(texts)) => texts.into_iter().next().filter(|_| width == 1),
                _ => None,
            };
            let text = text.ok_or("it does not choose between one text and a column")?;
            let (cells, other) = self.wide(no, Elem::Text)?;
            same(width, other)?;
            return self.push(node, Op::WhereText(text), vec![test, cells], Elem::Text, Shape::Wide(1));
        }
        let mut inputs = vec![test];
        let (yes, no) = (self.side(yes, &mut inputs)?, self.side(no, &mut inputs)?);
        let all = joint(width, joint(yes.width(), no.width())?)?;
        same(width, all)?;
        self.push(node, Op::Where(yes, no, all), inputs, Elem::F64, Shape::Wide(all))
    }

    fn cast(&mut self, node: &NodeProto, x: &str, attrs: &Attributes<'_>) -> Fallible<()> {
        attrs.only(&["to"])?;
        let known = self.value(x)?;
        let to = i32::try_from(attrs.int("to")?).unwrap_or(0);
        let (op, elem) = match (known.elem, to) {
            (Elem::F32, data_type::DOUBLE) => (Op::F32ToF64, Elem::F64),
            (Elem::F64, data_type::FLOAT) => (Op::F64ToF32, Elem::F32),
            (Elem::F32, data_type::INT64) => (Op::F32ToI64, Elem::I64),
            (Elem::F64, data_type::INT64) => (Op::F64ToI64, Elem::I64),
            (Elem::I64, data_type::DOUBLE) => (Op::I64ToF64, Elem::F64),
            (Elem::I64, data_type::BOOL) => (Op::I64ToBool, Elem::Bool),
            (Elem::Bool, data_type::DOUBLE) => (Op::BoolToF64, Elem::F64),
            (from, to) => return Err(format!("from {from:?} to type {to} is not known")),
        };
        self.push(node, op, vec![known.slot], elem, known.shape)
    }

    fn gather(&mut self, node: &NodeProto, from: &str, at: &str, attrs: &Attributes<'_>) -> Fallible<()> {
        attrs.only(&["axis"])?;
        if let Some(constant) = self.constants.remove(from) {
            attrs.int_is("axis", 0)?;
            let (op, elem, shape) = match constant {
                Constant::Text(texts) => (Op::GatherText(texts), Elem::Text, Shape::Rows),
                Constant::F64(dims, table) if dims.len() == 2 => {
                    (Op::GatherRows { width: dims[1], table }, Elem::F64, Shape::Wide(dims[1]))
                }
                Constant::F64(dims, list) if dims.len() == 1 => {
                    let (slot, width) = self.wide(at, Elem::I64)?;
                    let op = Op::GatherCells(list);
                    return self.push(node, op, vec![slot], Elem::F64, Shape::Wide(width));
                }
                _ => return Err(format!("`{from}` is not a table")),
            };
            let index = self.rows(at, Elem::I64)?;
            return self.push(node, op, vec![index], elem, shape);
        }
        attrs.int_is("axis", 1)?;
        let (slot, width) = self.wide(from, Elem::F64)?;
        if let (&[n], columns) = self.ints(at)?
            && n > 0
        {
            let columns: Option<Vec<usize>> =
                columns.iter().map(|&c| usize::try_from(c).ok().filter(|&c| c < width)).collect();
            let columns = columns.ok_or_else(|| format!("`{at}` asks for columns beyond {width}"))?;
            let op = Op::GatherColumns { width, columns };
            return self.push(node, op, vec![slot], Elem::F64, Shape::Wide(n));
        }
        let column = match self.ints(at)? {
            (&[], &[column]) => usize::try_from(column).ok().filter(|&c| c < width),
            _ => None,
        };
        let column = column.ok_or_else(|| format!("`{at}` is not a column of {width}"))?;
        self.push(node, Op::GatherColumn { width, column }, vec![slot], Elem::F64, Shape::Rows)
    }

    fn encode(&mut self, node: &NodeProto, x: &str, attrs: &Attributes<'_>) -> Fallible<()> {
        let known = self.value(x)?;
        if known.elem != Elem::Text {
            return Err(format!("`{x}` is not text"));
        }
        let keys = attrs.texts("keys_strings")?;
        let (op, elem) = if attrs.has("values_floats") {
            attrs.only(&["keys_strings", "values_floats", "default_float"])?;
            let map = pairs(keys, &attrs.get("values_floats")?.floats)?;
            (Op::EncodeF32(map, attrs.get("default_float")?.f()), Elem::F32)
        } else if attrs.has("values_strings") {
            attrs.only(&["keys_strings", "values_strings", "default_string"])?;
            let map = pairs(keys, &attrs.texts("values_strings")?)?;
            (Op::EncodeText(map, attrs.text("default_string")?), Elem::Text)
        } else {
            attrs.only(&["keys_strings", "values_int64s", "default_int64"])?;
            let map = pairs(keys, &attrs.get("values_int64s")?.ints)?;
            (Op::EncodeI64(map, attrs.int("default_int64")?), Elem::I64)
        };
        self.push(node, op, vec![known.slot], elem, known.shape)
    }

    /// `TopK` with both outputs: places first, then the values that stand there.
    fn smallest(&mut self, node: &NodeProto, x: &str, k: &str, attrs: &Attributes<'_>) -> Fallible<()> {
        attrs.only(&["axis", "largest", "sorted"])?;
        attrs.int_is("axis", 1)?;
        attrs.int_is("largest", 0)?;
        attrs.int_is("sorted", 1)?;
        let (slot, width) = self.wide(x, Elem::F64)?;
        let k = match self.ints(k)? {
            (&[1], &[k]) => usize::try_from(k).ok().filter(|&k| k > 0 && k <= width),
            _ => None,
        };
        let k = k.ok_or_else(|| format!("it does not ask for 1 to {width} of {width}"))?;
        let places = self.push_as(&node.output[1], Op::Smallest { width, k }, vec![slot], Elem::I64, Shape::Wide(k))?;
        let values = Op::GatherElements(width, k);
        self.push(node, values, vec![slot, places], Elem::F64, Shape::Wide(k))
    }

    fn tree(&mut self, node: &NodeProto, x: &str, attrs: &Attributes<'_>) -> Fallible<()> {
        let (slot, width) = self.wide(x, Elem::F32)?;
        attrs.only(&TREE_ATTRIBUTES)?;
        attrs.text_is("aggregate_function", "SUM")?;
        attrs.text_is("post_transform", "NONE")?;
        let parts = TreeParts {
            trees: &attrs.get("nodes_treeids")?.ints,
            ids: &attrs.get("nodes_nodeids")?.ints,
            modes: &attrs.get("nodes_modes")?.strings,
            features: &attrs.get("nodes_featureids")?.ints,
            thresholds: &attrs.get("nodes_values")?.floats,
            yes: &attrs.get("nodes_truenodeids")?.ints,
            no: &attrs.get("nodes_falsenodeids")?.ints,
            missing_yes: &attrs.get("nodes_missing_value_tracks_true")?.ints,
            targets: &attrs.get("target_ids")?.ints,
            target_trees: &attrs.get("target_treeids")?.ints,
            target_nodes: &attrs.get("target_nodeids")?.ints,
            target_weights: &attrs.get("target_weights")?.floats,
        };
        let trees = FloatTrees::build(&parts, width)?;
        let n_trees = trees.n_trees();
        attrs.int_is("n_targets", n_trees as i64)?;
        self.push(node, Op::Trees(trees), vec![slot], Elem::F32, Shape::Wide(n_trees))
    }
}

const TREE_ATTRIBUTES: [&str; 15] = [
    "aggregate_function",
    "n_targets",
    "nodes_falsenodeids",
    "nodes_featureids",
    "nodes_missing_value_tracks_true",
    "nodes_modes",
    "nodes_nodeids",
    "nodes_treeids",
    "nodes_truenodeids",
    "nodes_values",
    "post_transform",
    "target_ids",
    "target_nodeids",
    "target_treeids",
    "target_weights",
];

/// The width of what two sides make: they are equally wide, or one of them is one column for all of the other.
fn joint(a: usize, b: usize) -> Fallible<usize> {
    if a == b || a == 1 || b == 1 { Ok(a.max(b)) } else { Err(format!("its sides have {a} and {b} columns")) }
}

fn same(a: usize, b: usize) -> Fallible<()> {
    if a == b { Ok(()) } else { Err(format!("its sides have {a} and {b} columns")) }
}

fn pairs<T: Clone>(keys: Vec<String>, values: &[T]) -> Fallible<HashMap<String, T>> {
    let n = keys.len();
    let map: HashMap<String, T> = keys.into_iter().zip(values.iter().cloned()).collect();
    if n == values.len() && map.len() == n { Ok(map) } else { Err("its keys and values do not pair up".to_owned()) }
}
