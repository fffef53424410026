//! Tables: reading them, typing them, looking at them, checking them, and turning them into numbers.
//!
//! polars reads and writes the stored Parquet files and serves pages of rows; computations run over [`table::Table`],
//! whose columns are plain vectors with text coded by a dictionary. That keeps every rule testable with literals, and
//! makes distinct values, one-hot encoding and set checks work on dictionary entries instead of rows.

mod builder;
pub mod checks;
pub mod columns;
pub mod csv;
mod dates;
pub mod diff;
pub mod drift;
pub mod error;
mod infer;
mod kinds;
mod numbers;
pub mod parquet;
mod parquet_write;
pub mod part;
pub mod personal;
pub mod profile;
pub mod ranking;
pub mod read;
pub mod recipe;
pub mod relations;
pub mod rules;
pub mod scoring;
pub mod sink;
pub mod split;
pub mod table;
pub mod target;
mod verdict;
pub mod view;
