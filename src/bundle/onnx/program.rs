//! A graph after it was checked: steps over numbered slots, every constant where it is used.

use std::collections::{BTreeMap, HashMap};

use super::tree::FloatTrees;

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

/// One of two things an operator works on.
#[derive(Debug)]
pub(super) enum Side {
    /// The input of that number, and its width.
    Matrix(usize, usize),
    /// The same row for every row.
    Row(Vec<f64>),
}

impl Side {
    pub fn width(&self) -> usize {
        match self {
            Self::Matrix(_, width) => *width,
            Self::Row(row) => row.len(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A function of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Each {
    Abs,
    Exp,
    Floor,
    Log,
    Neg,
    Relu,
    Sqrt,
}

/// What a step does; constants are already inside.
#[derive(Debug)]
pub(super) enum Op {
    /// Of the widths given.
    Concat(Vec<usize>),
    IsNan,
    IsInf,
    Or,
    And,
    /// Where the first input holds, the first side, elsewhere the second; of that width.
    Where(Side, Side, usize),
    /// Both sides have that width, or one column for all of them.
    Arithmetic(Arithmetic, Side, Side, usize),
    Compare(Comparison, Side, Side, usize),
    Each(Each),
    EncodeF32(HashMap<String, f32>, f32),
    EncodeI64(HashMap<String, i64>, i64),
    EncodeText(HashMap<String, String>, String),
    /// The text where the first input holds, the second input elsewhere.
    WhereText(String),
    F64ToF32,
    F32ToF64,
    F32ToI64,
    F64ToI64,
    I64ToF64,
    I64ToBool,
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
    Trees(FloatTrees),
    /// Rows of a table of that width.
    GatherRows {
        width: usize,
        table: Vec<f64>,
    },
    /// Numbers of a list, by their places.
    GatherCells(Vec<f64>),
    /// Of rows of the first width, the cells at the places in rows of the second.
    GatherElements(usize, usize),
    /// The places of the smallest, `k` of each row of `width`, smallest first and the earlier of equals first.
    Smallest {
        width: usize,
        k: usize,
    },
    GatherText(Vec<String>),
    /// Some columns of a matrix of that width.
    GatherColumns {
        width: usize,
        columns: Vec<usize>,
    },
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
