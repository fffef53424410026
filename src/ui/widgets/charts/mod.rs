//! Charts: one frame (title, legend, toolbar, table behind it) around lines, bars, shares and confusion matrices.
//!
//! Every chart can be read without seeing it: it carries a one-sentence summary for assistive technology and shows its
//! numbers as a table. Colours come from the tokens; no meaning hangs on colour alone.

mod bars;
mod data;
mod decimate;
mod frame;
mod heat;
mod line;
mod parallel;
mod shares;

pub use bars::{BarSeries, Histogram, histogram};
pub use data::ChartTable;
pub use decimate::Points;
pub use frame::Chart;
pub use heat::{ConfusionView, confusion};
pub use line::{LineChart, Series, SeriesStyle, line_chart};
pub use parallel::{Parallel, ParallelAxis, ParallelLine, parallel};
pub use shares::{ShareRows, ShareSeries, share_rows};
