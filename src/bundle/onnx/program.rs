//! A graph after it was checked: steps over numbered slots, every constant where it is used.

use std::collections::{BTreeMap, HashMap};

use super::tree::FloatTree;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Elem {
    F64,
    F32,
    I64,
    Bool,
    Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `[N]`
    Rows,
    /// `[N, k]`
    Wide(usize),
    /// `[1]`, holding N.
    Count,
}

#[derive(Debug)]
pub(super) struct Step {
    pub op: Op,
    pub inputs: Vec<usize>,
    pub output: usize,
}

/// What a step does; constants are already inside.
#[derive(Debug)]
pub(super) enum Op {
    /// Of the widths given.
    Concat(Vec<usize>),
    IsNan,
    IsInf,
    Or,
    /// The constant where true, the input elsewhere.
    Where(Vec<f64>),
    Add(Vec<f64>),
    Sub(Vec<f64>),
    Div(Vec<f64>),
    /// The constant minus the input.
    SubFrom(Vec<f64>),
    EncodeF32(HashMap<String, f32>, f32),
    EncodeI64(HashMap<String, i64>, i64),
    F64ToF32,
    F32ToF64,
    F32ToI64,
    BoolToF64,
    Equal(Vec<i64>),
    /// Row-major `[inner, outer]`.
    MatMul {
        inner: usize,
        outer: usize,
        weights: Vec<f64>,
    },
    Sigmoid,
    Softmax(usize),
    Tree(FloatTree),
    /// Rows of a table of that width.
    GatherRows {
        width: usize,
        table: Vec<f64>,
    },
    GatherText(Vec<String>),
    /// One column of a matrix of that width.
    GatherColumn {
        width: usize,
        column: usize,
    },
    ArgMax(usize),
    Count,
    /// The number N times.
    Expand(i64),
}

#[derive(Debug)]
pub(super) struct Program {
    /// Column name and type, one per slot from 0.
    pub inputs: Vec<(String, Elem)>,
    pub steps: Vec<Step>,
    pub n_slots: usize,
    /// Numbers that all steps together make of one row.
    pub cells_per_row: usize,
    /// Name, type and slot.
    pub outputs: Vec<(String, Elem, usize)>,
    pub metadata: BTreeMap<String, String>,
}
