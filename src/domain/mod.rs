//! The product's words as plain types and rules.
//!
//! Everything above speaks in these types: what a dataset is, what a check found, what a run measured, what a fitted
//! recipe and model are made of. No I/O, clock, threads, polars, linfa, SQL or egui lives here, so every rule can be
//! tested with literals. A fitted recipe and a fitted model are numbers and names, never code: that is what makes
//! a bundle as safe to open as a CSV file.

pub mod activity;
pub mod branch;
pub mod bundle;
pub mod catalogue;
pub mod check_history;
pub mod check_request;
pub mod comparison;
pub mod dataset;
pub mod decision;
pub mod diff;
pub mod drift;
pub mod edit;
pub mod evaluation;
pub mod explore;
pub mod expression;
pub mod features;
pub mod filter;
pub mod finding;
pub mod formula;
pub mod gate;
mod grammar;
pub mod history;
pub mod ids;
pub mod io;
pub mod labels;
pub mod leakage;
pub mod matrix;
pub mod metric;
pub mod model;
pub mod params;
pub mod pattern;
pub mod personal;
pub mod preview;
pub mod problem;
pub mod profile;
pub mod profile_drift;
pub mod question;
pub mod random;
pub mod ranking;
pub mod raw;
pub mod recipe;
pub mod relations;
pub mod request;
pub mod run;
pub mod schema;
pub mod side_by_side;
pub mod sign_off;
pub mod split;
pub mod split_check;
pub mod storage;
pub mod suite;
pub mod suspects;
pub mod table;
pub mod task;
pub mod training;
pub mod tree;
pub mod tuning;
pub mod watch;
pub mod words;
