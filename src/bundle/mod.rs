//! Bundles: one zip with the model as ONNX, as an MLflow model and as plain JSON, its card, and the proof that it works.
//!
//! Reading order: [`onnx`] (graph out, graph in), the texts around it ([`mlmodel`], [`card`]), [`golden`] (rows with
//! known answers), [`archive`] (write and prove), [`read`] (open a stranger's file safely), [`verify`] (name the damage).
//!
//! Nothing in a bundle is ever executed or installed here; it holds numbers, names and one fixed loader file for MLflow,
//! known by its hash. What is not on the list of known files makes the whole bundle refused.

pub mod archive;
pub mod card;
mod error;
mod files;
pub mod golden;
pub mod mlmodel;
pub mod onnx;
pub mod read;
#[cfg(test)]
mod sample_models;
#[cfg(test)]
mod samples;
pub mod verify;

pub use archive::{BundleContents, WrittenBundle, write};
pub use card::{CardFacts, model_card};
pub use error::BundleError;
pub use onnx::{Scores, size as onnx_size};
pub use read::{OpenBundle, open};
pub use verify::{BundleVerify, verify};
