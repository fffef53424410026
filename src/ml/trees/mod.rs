//! Our own histogram trees: columns cut into at most 255 bins, splits searched over sums per bin.
//!
//! One engine for single trees, forests and boosting. Sums are whole numbers wherever threads share them, ties are settled
//! by column and cut order and randomness comes from seeds and row numbers: the same input gives the same model on every
//! machine, whatever the number of threads. Cuts lie between neighbouring `f32` values because that is how exported trees
//! compare. Missing cells and categories are split natively.

pub mod bins;
mod block;
pub mod boost;
mod compact;
mod cuts;
mod deep;
pub mod forest;
mod grow;
mod kernel;
mod ladder;
mod lanes;
pub mod losses;
mod measure;
mod packed;
pub mod predict;
mod random;
mod runs;
mod scan;
mod split;

pub use boost::Labels;
pub use kernel::{Team, wide};
pub use scan::Splitter;
pub use split::CategoryRules;

#[cfg(test)]
pub(in crate::ml) mod testing {
    use crate::domain::features::{Block, Features};

    /// Columns of numbers.
    pub fn numbers(columns: Vec<Vec<f64>>) -> Features {
        let names = (0..columns.len()).map(|c| format!("x{c}")).collect();
        let n_rows = columns.first().map_or(0, Vec::len);
        Features { n_rows, blocks: columns.into_iter().map(Block::Numbers).collect(), names }
    }
}
