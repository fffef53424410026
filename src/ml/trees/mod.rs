//! Our own histogram trees: columns cut into at most 255 bins, splits searched over sums per bin.
//!
//! One engine for single trees, forests and boosting. Sums are whole numbers wherever threads share them, ties are settled
//! by column and cut order and randomness comes from seeds and row numbers: the same input gives the same model on every
//! machine, whatever the number of threads. Cuts lie between neighbouring `f32` values because that is how exported trees
//! compare. Missing cells and categories are split natively.

pub mod bins;
pub mod boost;
mod deep;
pub mod forest;
mod grow;
mod kernel;
pub mod losses;
mod measure;
mod packed;
pub mod predict;
mod split;

pub use boost::Labels;
pub use deep::Splitter;
pub use kernel::Team;
pub use split::CategoryRules;

#[cfg(test)]
pub(in crate::ml) mod testing {
    use crate::domain::features::{Block, Features};

    /// A linear congruential generator small enough to repeat in Python:
    /// `state = (state * 6364136223846793005 + 1442695040888963407) mod 2^64`, value = top 53 bits / 2^53.
    pub struct Lcg(pub u64);

    impl Lcg {
        pub fn next(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 11) as f64 / (1_u64 << 53) as f64
        }
    }

    /// Columns of numbers.
    pub fn numbers(columns: Vec<Vec<f64>>) -> Features {
        let names = (0..columns.len()).map(|c| format!("x{c}")).collect();
        let n_rows = columns.first().map_or(0, Vec::len);
        Features { n_rows, blocks: columns.into_iter().map(Block::Numbers).collect(), names }
    }
}
