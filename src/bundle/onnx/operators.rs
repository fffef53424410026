//! The operators we know: what each may be given, and the step it becomes.

use std::collections::HashMap;

use super::attributes::{Attributes, Fallible};
use super::compile::{Compiler, Constant, Known};
use super::program::{Elem, Op, Shape};
use super::proto::{ML_DOMAIN, NodeProto, data_type};
use super::tree::{FloatTree, TreeParts};

impl Compiler {
    /// Adds one operator of the graph.
    pub(super) fn node(&mut self, node: &NodeProto) -> Fallible<()> {
        let ins: Vec<&str> = node.input.iter().map(String::as_str).collect();
        if node.output.len() != 1 {
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
            ("", "Or", [a, b]) => {
                attrs.only(&[])?;
                let ((a, width), (b, other)) = (self.wide(a, Elem::Bool)?, self.wide(b, Elem::Bool)?);
                same(width, other)?;
                self.push(node, Op::Or, vec![a, b], Elem::Bool, Shape::Wide(width))
            }
            ("", "Where", [condition, value, x]) => {
                attrs.only(&[])?;
                let ((c, width), (x, other)) = (self.wide(condition, Elem::Bool)?, self.wide(x, Elem::F64)?);
                same(width, other)?;
                let op = Op::Where(self.doubles(value, [1, width])?);
                self.push(node, op, vec![c, x], Elem::F64, Shape::Wide(width))
            }
            ("", "Add" | "Sub" | "Div", [a, b]) => {
                attrs.only(&[])?;
                self.arithmetic(node, a, b)
            }
            ("", "Equal", [x, to]) => {
                attrs.only(&[])?;
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

    fn arithmetic(&mut self, node: &NodeProto, a: &str, b: &str) -> Fallible<()> {
        if self.constants.contains_key(a) {
            if node.op_type() != "Sub" {
                return Err("its constant must come second".to_owned());
            }
            let (slot, width) = self.wide(b, Elem::F64)?;
            let op = Op::SubFrom(self.doubles(a, [1, width])?);
            return self.push(node, op, vec![slot], Elem::F64, Shape::Wide(width));
        }
        let (slot, width) = self.wide(a, Elem::F64)?;
        let row = self.doubles(b, [1, width])?;
        let op = match node.op_type() {
            "Add" => Op::Add(row),
            "Sub" => Op::Sub(row),
            _ => Op::Div(row),
        };
        self.push(node, op, vec![slot], Elem::F64, Shape::Wide(width))
    }

    fn cast(&mut self, node: &NodeProto, x: &str, attrs: &Attributes<'_>) -> Fallible<()> {
        attrs.only(&["to"])?;
        let known = self.value(x)?;
        let to = i32::try_from(attrs.int("to")?).unwrap_or(0);
        let (op, elem) = match (known.elem, to) {
            (Elem::F32, data_type::DOUBLE) => (Op::F32ToF64, Elem::F64),
            (Elem::F64, data_type::FLOAT) => (Op::F64ToF32, Elem::F32),
            (Elem::F32, data_type::INT64) => (Op::F32ToI64, Elem::I64),
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
                _ => return Err(format!("`{from}` is not a table")),
            };
            let index = self.rows(at, Elem::I64)?;
            return self.push(node, op, vec![index], elem, shape);
        }
        attrs.int_is("axis", 1)?;
        let (slot, width) = self.wide(from, Elem::F64)?;
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
        } else {
            attrs.only(&["keys_strings", "values_int64s", "default_int64"])?;
            let map = pairs(keys, &attrs.get("values_int64s")?.ints)?;
            (Op::EncodeI64(map, attrs.int("default_int64")?), Elem::I64)
        };
        self.push(node, op, vec![known.slot], elem, known.shape)
    }

    fn tree(&mut self, node: &NodeProto, x: &str, attrs: &Attributes<'_>) -> Fallible<()> {
        let (slot, width) = self.wide(x, Elem::F32)?;
        attrs.only(&TREE_ATTRIBUTES)?;
        attrs.int_is("n_targets", 1)?;
        attrs.text_is("aggregate_function", "SUM")?;
        attrs.text_is("post_transform", "NONE")?;
        for (name, like) in [
            ("nodes_treeids", "nodes_nodeids"),
            ("nodes_missing_value_tracks_true", "nodes_nodeids"),
            ("target_ids", "target_nodeids"),
            ("target_treeids", "target_nodeids"),
        ] {
            let values = &attrs.get(name)?.ints;
            if values.len() != attrs.get(like)?.ints.len() || values.iter().any(|&v| v != 0) {
                return Err(format!("{name} are not all 0"));
            }
        }
        let ids = &attrs.get("nodes_nodeids")?.ints;
        let modes = &attrs.get("nodes_modes")?.strings;
        if ids.len() != modes.len() || ids.iter().enumerate().any(|(at, &id)| id != at as i64) {
            return Err("its nodes are not numbered in order".to_owned());
        }
        let parts = TreeParts {
            modes,
            features: &attrs.get("nodes_featureids")?.ints,
            thresholds: &attrs.get("nodes_values")?.floats,
            yes: &attrs.get("nodes_truenodeids")?.ints,
            no: &attrs.get("nodes_falsenodeids")?.ints,
            target_nodes: &attrs.get("target_nodeids")?.ints,
            target_weights: &attrs.get("target_weights")?.floats,
        };
        let tree = FloatTree::build(&parts, width)?;
        self.push(node, Op::Tree(tree), vec![slot], Elem::F32, Shape::Wide(1))
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

fn same(a: usize, b: usize) -> Fallible<()> {
    if a == b { Ok(()) } else { Err(format!("its sides have {a} and {b} columns")) }
}

fn pairs<T: Copy>(keys: Vec<String>, values: &[T]) -> Fallible<HashMap<String, T>> {
    let n = keys.len();
    let map: HashMap<String, T> = keys.into_iter().zip(values.iter().copied()).collect();
    if n == values.len() && map.len() == n { Ok(map) } else { Err("its keys and values do not pair up".to_owned()) }
}
