//! Tables: reading them, typing them, looking at them, checking them, and turning them into numbers.
//!
//! polars reads and writes the stored Parquet files and serves pages of rows; computations run over [`table::Table`],
//! whose columns are plain vectors with text coded by a dictionary. That keeps every rule testable with literals, and
//! makes distinct values, one-hot encoding and set checks work on dictionary entries instead of rows.

pub mod checks;
pub mod drift;
pub mod table;
