//! One folder per page: `model.rs` prepares (pure), `view.rs` draws.

pub mod activity;
pub mod checks;
pub mod data;
pub mod monitor;
pub mod overview;
pub mod parts;
pub mod runs;
pub mod settings;
pub mod ship;
pub mod storage;
pub mod train;
pub mod welcome;

#[cfg(test)]
use crate as modelwright;
#[cfg(test)]
mod fixture;
