//! One folder per page: `model.rs` prepares (pure), `view.rs` draws.

pub mod checks;
pub mod monitor;
pub mod parts;
pub mod runs;
pub mod ship;
pub mod train;

#[cfg(test)]
use crate as modelwright;
#[cfg(test)]
mod fixture;
