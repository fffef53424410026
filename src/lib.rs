//! Modelwright: the whole life of a tabular machine-learning model on your own computer.
//!
//! The modules in reading order; each may use only what stands to its left (a test keeps it so):
//!
//! ```text
//! {domain, stats} ← {data, ml, bundle, store} ← lifecycle ← {cli, jobs ← state ← ui ← app} ← main
//! ```

pub mod domain;

pub mod stats;

pub mod bundle;
pub mod data;
pub mod ml;
pub mod store;

pub mod lifecycle;

pub mod cli;
pub mod jobs;

pub mod state;

pub mod ui;

pub mod app;
