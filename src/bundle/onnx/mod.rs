//! ONNX: recipe and model as one graph that any ONNX runtime scores, and our own reader of exactly such graphs.
//!
//! The graph takes one input per raw column, named as the column, of shape `[N]`: `double` for numbers (missing is NaN),
//! `string` for text and spelled booleans (missing is the empty string). It gives `prediction` (`string` class or
//! `double`), then one `double` output `probability_<class>` per class, all of shape `[N]`; MLflow and plain ONNX Runtime
//! users get named columns without unpacking anything. All arithmetic is in double; only the comparisons of a tree are
//! in float, because ONNX has no other, and a tree's leaves are fetched from a double table, so that its answers are exact.
//!
//! Invariant: [`OnnxModel::parse`] accepts what [`export`] writes and nothing else. A file with any other operator, attribute or
//! field is refused before a row is scored.

mod attributes;
mod calibration;
mod check;
mod compile;
mod evaluate;
mod export;
mod graph;
mod models;
mod names;
mod operators;
mod prepare;
mod program;
mod proto;
mod tree;

pub use evaluate::{OnnxModel, Scores};
pub use export::{export, size};
pub use names::output_names;
