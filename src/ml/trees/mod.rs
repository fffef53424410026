//! Our own histogram trees: columns cut into at most 255 bins, splits searched over bin counts.
//!
//! All sums are whole numbers, so a histogram got by subtraction equals the one counted, ties are settled by column and
//! cut order, and the same input gives the same tree on every machine. Cuts lie between neighbouring `f32` values because
//! that is how exported trees compare.

mod bins;
mod grow;
mod labels;

pub use bins::Binned;
pub use grow::{GrowParams, grow};
pub use labels::Labels;
